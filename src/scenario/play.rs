//! A scenario under way: which step comes next, what it asks of the lab, and when it is over.
//!
//! Like the session it reads no clock and owns nothing of the lab: whoever drives it hands over the time, sends the requests,
//! and asks again after each event.

use std::sync::Arc;
use std::time::Duration;

use super::observation::{CommandResult, LateCall, Observation, Sightings, seen_by, snapshots};
use super::programs::ProgramWatch;
use super::report::{RuledOutcome, StepReport};
use super::segments::{Matcher, Pattern};
use super::{Scenario, Step};
use crate::call::{CallId, CallKind, SocketName};
use crate::clock::MonoTime;
use crate::explain::{EntryNo, ErrorSource};
use crate::lab::PROCESS_PATIENCE;
use crate::lab::event::LabRequest;
use crate::scenario::expect::Expected;
use crate::session::progress::{CommandProgress, outcome};
use crate::session::transcript::Entry;
use crate::session::{FinishedCall, Session, socket_of};
use crate::side::{Ends, Side};
use crate::state::State;

/// The time that the lab gets to become quiet once all that was expected is so.
const QUIET_PATIENCE: Duration = Duration::from_millis(300);

/// A scenario under way.
#[derive(Debug)]
pub struct Play {
    scenario: Arc<Scenario>,
    /// The step that comes next, or is under way.
    next: usize,
    now: Option<StepInProgress>,
    /// The calls that were open when the last step was over: what comes of it belongs to the next step, however late that begins.
    open: OpenEnds,
    work: PlayCounts,
}

/// Counts of what was looked at so far, which grow with what happens and with nothing else: for tests and benches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlayCounts {
    /// Looks at the session, of which none saw the same as the one before.
    pub looks: usize,
    /// Entries of the transcript that were read.
    pub entries: usize,
    /// Packets that were compared with a list of segments.
    pub packets: usize,
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
    /// The observation of it so far, and what it is compared by: the reading of packets, and of each expectation of segments its list.
    seen: Observation,
    sightings: Sightings,
    programs: ProgramWatch,
    lists: Vec<Option<ListProgress>>,
    /// The moment that the observation is of.
    looked: Option<LookMark>,
    /// Is all that it expects so?
    all: bool,
}

/// The progress of a list of segments: as it is, and as far as it might be.
#[derive(Clone, Debug)]
struct ListProgress {
    so_far: Matcher,
    at_best: Matcher,
}

/// The moment of an observation: as long as it is the same, nothing new can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LookMark {
    inputs: u64,
    /// Has the step's command a result? It may also have one because its time is up.
    returned: bool,
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
            work: PlayCounts::default(),
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

    /// The work that it has been so far.
    pub const fn work(&self) -> PlayCounts {
        self.work
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
            Some(command) => CommandProgress::issue(session, command, now).map(|(mut progress, requests)| {
                progress.wait_at_least(now.plus(step.within));
                (progress, requests)
            }),
        };
        let ((command, requests), refused) = match issued {
            Ok(issued) => (issued, None),
            Err(error) => (
                (CommandProgress::none(session, now), Vec::new()),
                Some(error.to_string()),
            ),
        };
        self.now = Some(StepInProgress::new(session, step, command, refused, blocked));
        requests
    }

    /// Is the step under way over at `now`? `quiet` says whether the lab is.
    pub fn judge(&mut self, session: &Session, quiet: bool, now: MonoTime) -> StepStatus {
        let (Some(step), Some(under)) = (self.scenario.steps.get(self.next), self.now.as_mut()) else {
            return StepStatus::Wait(now.plus(QUIET_PATIENCE));
        };
        let returned = under.look(session, step, quiet, now, &mut self.work);
        let within = under.command.began.plus(step.within);
        let within = under.command.waits_until().map_or(within, |until| within.max(until));
        let end = session.patience(within, QUIET_PATIENCE);
        let wait = |until: MonoTime| {
            StepStatus::Wait(if until <= now {
                now.plus(Duration::from_millis(1))
            } else {
                until
            })
        };
        let is_over = if under.refused.is_some() {
            true
        } else if under.all && returned {
            let since = *under.true_since.get_or_insert(now);
            let stood = since.plus(step.stands);
            let patience = session.patience(since.plus(QUIET_PATIENCE), QUIET_PATIENCE);
            let calm = (quiet && !under.is_yet_to_begin(session)) || now >= patience;
            if now < stood {
                return wait(stood);
            }
            if !calm {
                return wait(patience);
            }
            true
        } else {
            under.true_since = None;
            // What can come true no more need not be waited for.
            let rests = || session.rests_until(now).is_some_and(|until| until >= end);
            let lost = returned && quiet && (under.is_lost(step) || rests());
            // Nor is a call at its wait while its thread runs, however long that takes on a busy machine.
            let works = !quiet && under.seen.returned == CommandResult::Blocked;
            let is_late = now >= end && (!works || now >= end.plus(PROCESS_PATIENCE));
            lost || is_late
        };
        if !is_over {
            let patience = under.command.began.plus(QUIET_PATIENCE);
            let next = [patience, session.shows_all_from()]
                .into_iter()
                .filter(|time| *time > now);
            return wait(next.chain([end]).min().unwrap_or(end));
        }
        let Some(StepInProgress { command, seen, .. }) = self.now.take() else {
            return StepStatus::Wait(now);
        };
        let checks = step.checks(&seen);
        let claims = step.claimed.iter().map(|claimed| claimed.check(&seen)).collect();
        let rules = ruled(session, command.since);
        let took = now.since(command.began);
        let report = StepReport::new(&self.scenario, self.next, checks, claims, seen, rules, took);
        self.next += 1;
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
    fn new(
        session: &Session,
        step: &Step,
        command: CommandProgress,
        refused: Option<String>,
        blocked: Vec<BlockedCall>,
    ) -> StepInProgress {
        let later = blocked.iter().map(|call| LateCall {
            side: call.side,
            socket: session.ends[call.side].shown(&call.socket).clone(),
            returned: CommandResult::Blocked,
            call: call.name,
            said: None,
            why: None,
        });
        let lists = step.expected.iter().map(|expected| match expected.what {
            Expected::Segments(_) => Some(ListProgress {
                so_far: Matcher::new(Pattern::is),
                at_best: Matcher::new(Pattern::may_be),
            }),
            _ => None,
        });
        StepInProgress {
            seen: Observation {
                returned: CommandResult::Blocked,
                said: None,
                why: None,
                later: later.collect(),
                sockets: Ends::default(),
                segments: seen_by(session),
                counters: None,
                syn_patience: session.lab.syn_patience.filter(|_| step.asks_for_syn_patience()),
                programs: Vec::new(),
            },
            programs: ProgramWatch::after(match step.awaits() {
                // It may have been written before this was asked.
                true => 0,
                false => command.since,
            }),
            sightings: Sightings::after(command.since),
            lists: lists.collect(),
            looked: None,
            all: false,
            command,
            refused,
            blocked,
            true_since: None,
        }
    }

    /// Returns whether something is expected that cannot come true any more, whatever happens.
    fn is_lost(&self, step: &Step) -> bool {
        let mut expected = step.expected.iter().zip(&self.lists);
        expected.any(|(expected, list)| match list {
            Some(progress) => self.seen.segments.is_some() && progress.at_best.is_stuck(),
            None => expected.is_lost(&self.seen),
        })
    }

    /// Has a call of its command not begun? Then what the lab calls quiet is the time before it: a call is blocked once it has begun and all
    /// is quiet, when its thread sleeps and nothing is on the way that could wake it.
    fn is_yet_to_begin(&self, session: &Session) -> bool {
        let mut pending = session.ends.iter().flat_map(|(_, end)| &end.pending);
        self.command.root.is_some()
            && pending.any(|pending| Some(pending.root) == self.command.root && pending.text.is_none())
    }

    /// Looks at what is new; has the step's command a result?
    fn look(&mut self, session: &Session, step: &Step, quiet: bool, now: MonoTime, work: &mut PlayCounts) -> bool {
        // A result stays.
        let mut returned =
            self.looked.is_some_and(|looked| looked.returned) && self.seen.returned != CommandResult::Blocked;
        if !returned {
            let result = match &self.refused {
                Some(why) => Some(CommandResult::NotDone(why.clone())),
                None => self.command.result(session, quiet, now, QUIET_PATIENCE),
            };
            returned = result.is_some();
            self.seen.returned = result.unwrap_or(CommandResult::Blocked);
        }
        let looked = LookMark {
            inputs: session.inputs(),
            returned,
        };
        if self.looked.replace(looked) == Some(looked) {
            return returned;
        }
        work.looks += 1;
        let ended = |returned: &CommandResult| matches!(returned, CommandResult::Outcome(_) | CommandResult::Died(_));
        // Of a command that has not come to its end, the calls before its last one are not what is asked about.
        if let (true, None, Some(root)) = (ended(&self.seen.returned), &self.seen.why, self.command.root) {
            (self.seen.said, self.seen.why) = words(session, root, self.command.since);
        }
        for (call, late) in self.blocked.iter().zip(&mut self.seen.later) {
            late.socket.clone_from(session.ends[call.side].shown(&call.socket));
            if late.returned == CommandResult::Blocked {
                late.returned = outcome(session, call.side, call.root, call.since);
                if ended(&late.returned) {
                    (late.said, late.why) = words(session, call.root, call.since);
                }
            }
        }
        self.seen.sockets = Ends::from_fn(|side| snapshots(session, side));
        self.programs.look(&mut self.seen.programs, session);
        if let Some(packets) = &mut self.seen.segments {
            let (changed, read) = self.sightings.extend(packets, session);
            work.entries += read;
            self.seen
                .counters
                .get_or_insert_default()
                .clone_from(&self.sightings.counters);
            for (expected, progress) in step.expected.iter().zip(&mut self.lists) {
                if let (Expected::Segments(list), Some(progress)) = (&expected.what, progress) {
                    work.packets += progress.so_far.see(list, packets, changed.clone());
                    work.packets += progress.at_best.see(list, packets, changed.clone());
                }
            }
        }
        self.all = step
            .expected
            .iter()
            .zip(&self.lists)
            .all(|(expected, list)| match list {
                Some(progress) => self.seen.segments.is_none() || progress.so_far.holds(),
                None => expected.holds(&self.seen) != Some(false),
            });
        returned
    }
}

/// The words about the last call that ended of the command that began with `root`, after `since`: those of the endpoint's language, and
/// those of finwait, which say why.
fn words(session: &Session, root: CallId, since: u64) -> (Option<String>, Option<String>) {
    let mut entries = session.transcript.since(since).rev();
    let is_its = |call: &&FinishedCall| session.root_of(call.call()) == Some(root);
    let last = entries.find_map(|entry| entry.finished().filter(is_its));
    last.map_or((None, None), |call| {
        (call.said().map(str::to_owned), Some(call.why.sentence.clone()))
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
