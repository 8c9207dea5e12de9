//! A scenario under way: which step comes next, what it asks of the lab, and when it is over.
//!
//! Like the session it reads no clock and owns nothing of the lab: whoever drives it hands over the time, sends the requests,
//! and asks again after each event.

use std::sync::Arc;
use std::time::Duration;

use super::observation::{CommandResult, LateCall, Observation, sightings, snapshots};
use super::report::{RuledOutcome, StepReport};
use super::returns::Returns;
use super::{Scenario, Step};
use crate::call::{CallId, CallKind, SocketName};
use crate::clock::MonoTime;
use crate::explain::{EntryNo, ErrorSource};
use crate::lab::event::LabRequest;
use crate::scenario::expect::{Check, Expected};
use crate::session::progress::{CommandProgress, outcome};
use crate::session::transcript::Entry;
use crate::session::{FinishedCall, Session, socket_of};
use crate::side::{Ends, Side};
use crate::state::State;

/// The time after which a call that has not returned counts as blocked.
const BLOCKED_AFTER: Duration = Duration::from_millis(100);
/// The time that the lab gets to become quiet once all that was expected is so.
const QUIET_PATIENCE: Duration = Duration::from_millis(300);

/// A scenario under way.
#[derive(Debug)]
pub struct Play {
    scenario: Arc<Scenario>,
    /// The step that comes next, or is under way.
    next: usize,
    now: Option<StepInProgress>,
    /// What was open when the last step was over: what comes of it belongs to the next step, however late that begins.
    open: OpenEnds,
}

/// The state of a scenario between two steps.
#[derive(Debug, Default)]
struct OpenEnds {
    /// The last entry of the transcript by then; none before the first step.
    since: Option<EntryNo>,
    /// The calls that had not returned.
    blocked: Vec<BlockedCall>,
}

/// A step under way.
#[derive(Debug)]
struct StepInProgress {
    /// The step's command, or the pause of a step without one.
    command: CommandProgress,
    /// The reason why the step's command was refused.
    refused: Option<String>,
    /// Calls that were blocked when it began.
    blocked: Vec<BlockedCall>,
    /// The time since which all that it expects is so.
    true_since: Option<MonoTime>,
}

#[derive(Clone, Debug)]
struct BlockedCall {
    side: Side,
    socket: SocketName,
    root: CallId,
    name: CallKind,
    /// The last entry of the transcript when it was known to be blocked.
    since: EntryNo,
}

/// The progress of a step.
#[derive(Debug)]
pub enum StepStatus {
    /// The step goes on: look again after the next event, and at that time at the latest.
    Wait(MonoTime),
    /// The step is over, with its result.
    Over(Box<StepReport>),
}

impl Play {
    /// Returns a play that begins with the first step.
    pub fn new(scenario: Arc<Scenario>) -> Play {
        Play {
            scenario,
            next: 0,
            now: None,
            open: OpenEnds::default(),
        }
    }

    /// The scenario.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The scenario, to be kept.
    pub fn shared(&self) -> Arc<Scenario> {
        Arc::clone(&self.scenario)
    }

    /// The number of the step that comes next or is under way, from 0 on; as many as there are steps when all are done.
    pub const fn next(&self) -> usize {
        self.next
    }

    /// The first call of the step that is under way, if it makes one.
    pub fn root(&self) -> Option<CallId> {
        self.now.as_ref().and_then(|under| under.command.root)
    }

    /// The last entry of the transcript before the step that is under way.
    pub fn since(&self) -> Option<EntryNo> {
        self.now.as_ref().map(|under| under.command.since)
    }

    /// Is a step under way?
    pub const fn is_under_way(&self) -> bool {
        self.now.is_some()
    }

    /// Begins the next step; what it asks of the lab.
    pub fn begin(&mut self, session: &mut Session, now: MonoTime) -> Vec<LabRequest> {
        let Some(step) = self.scenario.steps.get(self.next) else {
            return Vec::new();
        };
        let open = std::mem::take(&mut self.open);
        let mut blocked = blocked_calls(session);
        // One that was blocked when the step before was over, and has returned while the user read.
        let gone = open.blocked.into_iter();
        let gone: Vec<BlockedCall> = gone
            .filter(|call| blocked.iter().all(|now| now.root != call.root))
            .collect();
        blocked.splice(0..0, gone);
        let issued = match step.action.as_ref().map(|action| &action.command) {
            // A step that only waits has waited since the one before it was over.
            None => {
                let mut pause = CommandProgress::none(session, now);
                pause.since = open.since.unwrap_or(pause.since);
                Ok((pause, Vec::new()))
            }
            Some(command) => CommandProgress::issue(session, command, now),
        };
        let ((command, requests), refused) = match issued {
            Ok(issued) => (issued, None),
            Err(error) => (
                (CommandProgress::none(session, now), Vec::new()),
                Some(error.to_string()),
            ),
        };
        let under = StepInProgress {
            command,
            refused,
            blocked,
            true_since: None,
        };
        self.now = Some(under);
        requests
    }

    /// Is the step under way over at `now`? `quiet` says whether the lab is.
    pub fn judge(&mut self, session: &Session, quiet: bool, now: MonoTime) -> StepStatus {
        let (Some(step), Some(under)) = (self.scenario.steps.get(self.next), self.now.as_mut()) else {
            return StepStatus::Wait(now.plus(QUIET_PATIENCE));
        };
        let returned = under.returned(session, quiet, now);
        let seen = observe(session, step, under, returned.clone().unwrap_or(CommandResult::Blocked));
        let checks: Vec<Check> = step.expected.iter().map(|expected| expected.check(&seen)).collect();
        let all = checks.iter().all(|check| check.held != Some(false));
        let end = session.patience(under.command.began.plus(step.within), QUIET_PATIENCE);
        let wait = |until: MonoTime| {
            StepStatus::Wait(if until.0 <= now.0 {
                now.plus(Duration::from_millis(1))
            } else {
                until
            })
        };
        let is_over = if under.refused.is_some() {
            true
        } else if all && returned.is_some() {
            let since = *under.true_since.get_or_insert(now);
            let blocked = seen.returned == CommandResult::Blocked
                || step
                    .expected
                    .iter()
                    .any(|expected| matches!(&expected.what, Expected::Later(_, Returns::Blocked)));
            let shown = if blocked {
                under.command.began.plus(BLOCKED_AFTER)
            } else {
                now
            };
            let stood = since.plus(step.stands);
            let patience = session.patience(since.plus(QUIET_PATIENCE), QUIET_PATIENCE);
            let calm = quiet || now.0 >= patience.0;
            if now.0 < shown.0 || now.0 < stood.0 {
                return wait(MonoTime(shown.0.max(stood.0)));
            }
            if !calm {
                return wait(patience);
            }
            true
        } else {
            under.true_since = None;
            // What can come true no more need not be waited for.
            let lost = returned.is_some() && quiet && step.expected.iter().any(|expected| expected.is_lost(&seen));
            lost || now.0 >= end.0
        };
        if !is_over {
            let patience = under.command.began.plus(QUIET_PATIENCE);
            return wait(if returned.is_none() && now.0 < patience.0 {
                patience
            } else {
                end
            });
        }
        let claims = step.claimed.iter().map(|claimed| claimed.check(&seen)).collect();
        let rules = ruled(session, under.command.since);
        let took = now.since(under.command.began);
        let report = StepReport::new(&self.scenario, self.next, checks, claims, seen, rules, took);
        self.next += 1;
        self.now = None;
        self.open = OpenEnds {
            since: Some(session.transcript.last()),
            blocked: blocked_calls(session),
        };
        StepStatus::Over(Box::new(report))
    }
}

/// The calls that have not returned.
fn blocked_calls(session: &Session) -> Vec<BlockedCall> {
    let since = session.transcript.last();
    let blocked = Side::BOTH.into_iter().flat_map(|side| {
        let pending = session.ends[side].pending.iter();
        pending.filter_map(move |pending| {
            let socket = socket_of(&pending.order)?.clone();
            let root = pending.root;
            let name = pending.order.kind();
            Some(BlockedCall {
                side,
                socket,
                root,
                name,
                since,
            })
        })
    });
    blocked.collect()
}

impl StepInProgress {
    /// Returns what became of the step's command; none while that is open.
    fn returned(&self, session: &Session, quiet: bool, now: MonoTime) -> Option<CommandResult> {
        match &self.refused {
            Some(why) => Some(CommandResult::NotDone(why.clone())),
            None => self.command.result(session, quiet, now, QUIET_PATIENCE),
        }
    }
}

/// The words about how a call ended.
#[derive(Default)]
struct EndingWords {
    /// The words of the endpoint's language.
    said: Option<String>,
    /// The words of finwait: why.
    why: Option<String>,
}

/// The words about the last call that ended of the command that began with `root`, after `since`.
fn words(session: &Session, root: CallId, since: u64) -> EndingWords {
    let mut entries = session.transcript.since(since).rev();
    let is_its = |call: &&FinishedCall| session.root_of(call.call()) == Some(root);
    let last = entries.find_map(|entry| entry.finished().filter(is_its));
    last.map_or_else(EndingWords::default, |call| EndingWords {
        said: call.said().map(str::to_owned),
        why: Some(call.why.sentence.clone()),
    })
}

/// Outcomes after `since` that fall under a rule.
fn ruled(session: &Session, since: u64) -> Vec<RuledOutcome> {
    let entries = session.transcript.since(since);
    let ruled = entries.filter_map(Entry::finished).filter_map(|call| {
        Some(RuledOutcome {
            call: call.name,
            state: call.state.unwrap_or(State::Close),
            rule: call.why.rule?,
            set_by_seen: matches!(call.why.set_by, Some(ErrorSource::Found(..))),
        })
    });
    ruled.collect()
}

fn observe(session: &Session, step: &Step, under: &StepInProgress, returned: CommandResult) -> Observation {
    // Of a command that has not come to its end, the calls before its last one are not what is asked about.
    let words = |returned: &CommandResult, root: Option<CallId>, since: EntryNo| match (returned, root) {
        (CommandResult::Outcome(_) | CommandResult::Died(_), Some(root)) => words(session, root, since),
        _ => EndingWords::default(),
    };
    let later = under.blocked.iter().map(|call| {
        let returned = outcome(session, call.side, call.root, call.since);
        let EndingWords { said, why } = words(&returned, Some(call.root), call.since);
        LateCall {
            side: call.side,
            socket: session.ends[call.side].shown(&call.socket).clone(),
            returned,
            call: call.name,
            said,
            why,
        }
    });
    let later = later.collect();
    let EndingWords { said, why } = words(&returned, under.command.root, under.command.since);
    Observation {
        returned,
        said,
        why,
        later,
        sockets: Ends::from_fn(|side| snapshots(session, side)),
        segments: sightings(session, under.command.since),
        syn_patience: session.lab.syn_patience.filter(|_| step.asks_for_syn_patience()),
    }
}
