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
use crate::command::{Command, EndCommand};
use crate::explain::ErrorSource;
use crate::lab::event::LabRequest;
use crate::scenario::expect::{Check, Expected};
use crate::session::transcript::{Entry, EntryKind};
use crate::session::{CallEnd, FinishedCall, IssuedCommand, ProcessState, Session, socket_of};
use crate::side::{Ends, Side};
use crate::state::State;

/// How long a call has not returned before it is seen to be blocked.
const BLOCKED_AFTER: Duration = Duration::from_millis(100);
/// How long the lab may take to become quiet once all that was expected is so.
const QUIET_PATIENCE: Duration = Duration::from_millis(300);

/// A scenario under way.
#[derive(Debug)]
pub struct Play {
    scenario: Arc<Scenario>,
    /// The step that comes next, or is under way.
    next: usize,
    now: Option<StepInProgress>,
}

/// A step under way.
#[derive(Debug)]
struct StepInProgress {
    began: MonoTime,
    /// The last entry of the transcript before it.
    since: u64,
    side: Option<Side>,
    root: Option<CallId>,
    refused: Option<String>,
    /// Calls that were blocked when it began.
    blocked: Vec<BlockedCall>,
    /// Since when all that it expects is so.
    true_since: Option<MonoTime>,
}

#[derive(Clone, Debug)]
struct BlockedCall {
    side: Side,
    socket: SocketName,
    root: CallId,
    name: CallKind,
}

/// Whether a step is over.
#[derive(Debug)]
pub enum StepStatus {
    /// Not yet: look again after the next event, and at that time at the latest.
    Wait(MonoTime),
    /// It is: what came of it.
    Over(Box<StepReport>),
}

impl Play {
    /// From the first step on.
    pub const fn new(scenario: Arc<Scenario>) -> Play {
        Play {
            scenario,
            next: 0,
            now: None,
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
        self.now.as_ref().and_then(|under| under.root)
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
                })
            })
        });
        let mut under = StepInProgress {
            began: now,
            since: session.transcript.last(),
            side: None,
            root: None,
            refused: None,
            blocked: blocked.collect(),
            true_since: None,
        };
        let issued = match step.action.as_ref().map(|action| &action.command) {
            None | Some(Command::Screen(_)) => Ok(IssuedCommand::default()),
            Some(Command::Wire(command)) => session.wire(command),
            Some(Command::End(side, command)) => {
                under.side = Some(*side);
                session.command(*side, command, now)
            }
        };
        let requests = match issued {
            Ok(issued) => {
                under.root = issued.root;
                issued.requests
            }
            Err(error) => {
                under.refused = Some(error.to_string());
                Vec::new()
            }
        };
        self.now = Some(under);
        requests
    }

    /// Is the step under way over at `now`? `quiet` says whether the lab is.
    pub fn judge(&mut self, session: &Session, quiet: bool, now: MonoTime) -> StepStatus {
        let (Some(step), Some(under)) = (self.scenario.steps.get(self.next), self.now.as_mut()) else {
            return StepStatus::Wait(now.plus(QUIET_PATIENCE));
        };
        let command = step.action.as_ref().map(|action| &action.command);
        let returned = under.returned(session, command, quiet, now);
        let seen = observe(session, step, under, returned.clone().unwrap_or(CommandResult::Blocked));
        let checks: Vec<Check> = step.expected.iter().map(|expected| expected.check(&seen)).collect();
        let all = checks.iter().all(|check| check.held != Some(false));
        let end = under.began.plus(step.within);
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
            let shown = if blocked { under.began.plus(BLOCKED_AFTER) } else { now };
            let stood = since.plus(step.stands);
            let calm = quiet || now.since(since) >= QUIET_PATIENCE;
            if now.0 < shown.0 || now.0 < stood.0 {
                return wait(MonoTime(shown.0.max(stood.0)));
            }
            if !calm {
                return wait(since.plus(QUIET_PATIENCE));
            }
            true
        } else {
            under.true_since = None;
            // What can come true no more need not be waited for.
            let lost = returned.is_some() && quiet && step.expected.iter().any(|expected| expected.is_lost(&seen));
            lost || now.0 >= end.0
        };
        if !is_over {
            let patience = under.began.plus(QUIET_PATIENCE);
            return wait(if returned.is_none() && now.0 < patience.0 {
                patience
            } else {
                end
            });
        }
        let claims = step.claimed.iter().map(|claimed| claimed.check(&seen)).collect();
        let rules = ruled(session, under.since);
        let took = now.since(under.began);
        let report = StepReport::new(&self.scenario, self.next, checks, claims, seen, rules, took);
        self.next += 1;
        self.now = None;
        StepStatus::Over(Box::new(report))
    }
}

impl StepInProgress {
    /// What became of the step's command; none while that is open.
    fn returned(
        &self,
        session: &Session,
        command: Option<&Command>,
        quiet: bool,
        now: MonoTime,
    ) -> Option<CommandResult> {
        if let Some(why) = &self.refused {
            return Some(CommandResult::NotDone(why.clone()));
        }
        let (side, command) = match (self.side, command) {
            (Some(side), Some(Command::End(_, command))) => (side, command),
            // What the wire does is told at once, and the lab said that it is quiet after that; but flow where all flows changes
            // nothing.
            (_, Some(Command::Wire(_))) => {
                let mut since = session.transcript.since(self.since);
                let told = since.any(|entry| matches!(entry.what, EntryKind::Wire { .. } | EntryKind::Packet(_)));
                let done = (quiet && told) || now.since(self.began) >= QUIET_PATIENCE;
                return done.then_some(CommandResult::Done);
            }
            (_, _) => return Some(CommandResult::Done),
        };
        let process = &session.ends[side].process;
        let mut since = session.transcript.since(self.since);
        match command {
            EndCommand::Kill => matches!(process, ProcessState::Dead { .. }).then_some(CommandResult::Done),
            EndCommand::Restart => matches!(process, ProcessState::Running { .. }).then_some(CommandResult::Done),
            EndCommand::Host(..) => since.find_map(|entry| match &entry.what {
                EntryKind::Host(change) => Some(match &change.failed {
                    None => CommandResult::Done,
                    Some(why) => CommandResult::NotDone(why.clone()),
                }),
                _ => None,
            }),
            // It is told as the change of state that it makes.
            EndCommand::Destroy(_) => {
                let told = since.any(|entry| matches!(entry.what, EntryKind::State { .. }));
                let done = (quiet && told) || now.since(self.began) >= QUIET_PATIENCE;
                done.then_some(CommandResult::Done)
            }
            EndCommand::Use(_) => Some(CommandResult::Done),
            EndCommand::Call { .. } | EndCommand::Interrupt(_) | EndCommand::Sigpipe(_) => match self.root {
                None => Some(CommandResult::Done),
                Some(root) => Some(outcome(session, side, root, self.since)),
            },
        }
    }
}

/// The result of the command of `side` that began with `root`, as far as the transcript after `since` tells.
pub(super) fn outcome(session: &Session, side: Side, root: CallId, since: u64) -> CommandResult {
    if session.busy(side, root) {
        return CommandResult::Blocked;
    }
    let mut entries = session.transcript.since(since).rev();
    let is_its = |call: &&FinishedCall| session.root_of(call.call()) == Some(root);
    match entries
        .find_map(|entry| entry.finished().filter(is_its))
        .map(|call| &call.end)
    {
        Some(CallEnd::Returned(ended)) => CommandResult::Outcome(ended.outcome.clone()),
        Some(CallEnd::Lost(lost)) => CommandResult::Died(lost.how),
        None => CommandResult::NotDone("its call was lost".into()),
    }
}

/// The words about how a call ended.
#[derive(Default)]
struct EndingWords {
    /// By the endpoint's language.
    said: Option<String>,
    /// By finwait: why.
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
    let words = |returned: &CommandResult, root: Option<CallId>| match (returned, root) {
        (CommandResult::Outcome(_) | CommandResult::Died(_), Some(root)) => words(session, root, under.since),
        _ => EndingWords::default(),
    };
    let later = under.blocked.iter().map(|call| {
        let returned = outcome(session, call.side, call.root, under.since);
        let EndingWords { said, why } = words(&returned, Some(call.root));
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
    let EndingWords { said, why } = words(&returned, under.root);
    Observation {
        returned,
        said,
        why,
        later,
        sockets: Ends::from_fn(|side| snapshots(session, side)),
        segments: sightings(session, under.since),
        syn_patience: session.lab.syn_patience.filter(|_| step.asks_for_syn_patience()),
    }
}
