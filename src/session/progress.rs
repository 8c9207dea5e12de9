//! A command under way: whether it is over, and what came of it. Whoever waits for one asks here, and brings the patience.

use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::awaiting::Wait;
use super::programs::{Program, ProgramState};
use super::transcript::EntryKind;
use super::{CallEnd, CommandError, FinishedCall, IssuedCommand, ProcessState, Session};
use crate::call::CallId;
use crate::clock::MonoTime;
use crate::command::{Command, EndCommand};
use crate::explain::EntryNo;
use crate::lab::event::{Death, LabRequest, RuntimeProgress};
use crate::outcome::Outcome;
use crate::program::ProgramNo;
use crate::side::Side;

/// The result of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommandResult {
    /// The command makes no call, and was carried out.
    Done,
    /// The call returned this.
    Outcome(Outcome),
    /// The call has not returned.
    Blocked,
    /// The process died under it.
    Died(Death),
    /// The command could not be carried out; one sentence.
    NotDone(String),
}

/// A command that was issued.
#[derive(Clone, Debug)]
pub struct CommandProgress {
    /// The time at which it was issued.
    pub began: MonoTime,
    /// The last entry of the transcript before it.
    pub since: EntryNo,
    /// The first call that it makes, if it makes any.
    pub root: Option<CallId>,
    end: Awaited,
}

/// The event that ends a command.
#[derive(Clone, Debug)]
enum Awaited {
    /// None: it was carried out when it was issued.
    Nothing,
    /// The end of that side's process.
    Dead(Side),
    /// The start of that side's process.
    Running(Side),
    /// The report of that end's runtime, which may have to be compiled.
    Runtime(Side),
    /// The report of a host's setting.
    Setting,
    /// The report of a change of a socket's state, if there is one.
    Change,
    /// The report of a change on the wire, if there is one.
    Wire,
    /// The return of the call `root`, and of the one that it was to interrupt.
    Return {
        side: Side,
        root: CallId,
        interrupted: Option<CallId>,
    },
    /// The start of that program, or the news that it did not start.
    Started(Option<ProgramNo>),
    /// The end of all processes of that program.
    Over(Option<ProgramNo>),
    /// The event that the command waits for.
    Event(Box<Wait>),
}

impl CommandProgress {
    /// A pause: no command is under way.
    pub fn none(session: &Session, now: MonoTime) -> CommandProgress {
        CommandProgress {
            began: now,
            since: session.transcript.last(),
            root: None,
            end: Awaited::Nothing,
        }
    }

    /// Issues a command at `now`; returns it with the requests for the lab.
    ///
    /// # Errors
    ///
    /// The session's, for a command that cannot be carried out.
    pub fn issue(
        session: &mut Session,
        command: &Command,
        now: MonoTime,
    ) -> Result<(CommandProgress, Vec<LabRequest>), CommandError> {
        let since = session.transcript.last();
        // An interrupt is over when the call that it interrupts is.
        let interrupted = match command {
            Command::End(side, EndCommand::Interrupt(id)) => session.interrupted(*side, *id),
            Command::End(..) | Command::Wire(_) | Command::Screen(_) | Command::Write(_) => None,
        };
        // Both are of before the command, which changes the newest.
        let ends = match command {
            Command::End(side, EndCommand::KillProgram(name)) => {
                let meant = session.programs.meant(*side, name.as_ref(), Program::is_alive);
                meant.ok().map(|program| program.no)
            }
            _ => None,
        };
        let IssuedCommand { requests, root } = match command {
            Command::End(side, command) => session.command(*side, command, now)?,
            Command::Wire(command) => session.wire(command)?,
            Command::Screen(_) | Command::Write(_) => IssuedCommand::default(),
        };
        let end = match command {
            Command::Screen(_) | Command::Write(_) | Command::End(_, EndCommand::Use(_)) => Awaited::Nothing,
            Command::Wire(_) => Awaited::Wire,
            Command::End(side, EndCommand::Kill) => Awaited::Dead(*side),
            Command::End(side, EndCommand::Restart) => Awaited::Running(*side),
            Command::End(side, EndCommand::Runtime(_)) => Awaited::Runtime(*side),
            Command::End(_, EndCommand::Host(..)) => Awaited::Setting,
            Command::End(_, EndCommand::Destroy(_)) => Awaited::Change,
            Command::End(_, EndCommand::Run(_) | EndCommand::RestartProgram(_)) => {
                Awaited::Started(session.programs.newest().map(|program| program.no))
            }
            Command::End(_, EndCommand::KillProgram(_)) => Awaited::Over(ends),
            // What it does is the program's business.
            Command::End(_, EndCommand::Signal(..)) => Awaited::Nothing,
            Command::End(side, EndCommand::Await(request)) => {
                Awaited::Event(Box::new(session.wait_for(*side, request, now)?))
            }
            Command::End(side, EndCommand::Call { .. } | EndCommand::Interrupt(_) | EndCommand::Sigpipe(_)) => root
                .map_or(Awaited::Nothing, |root| Awaited::Return {
                    side: *side,
                    root,
                    interrupted,
                }),
        };
        let progress = CommandProgress {
            began: now,
            since,
            root,
            end,
        };
        Ok((progress, requests))
    }

    /// Returns whether it ends with an endpoint's process or its host, not with a call that may block.
    pub const fn is_of_process(&self) -> bool {
        matches!(
            self.end,
            Awaited::Dead(_) | Awaited::Running(_) | Awaited::Setting | Awaited::Started(_) | Awaited::Over(_)
        )
    }

    /// Returns until when it waits for something that a host or a program does; none where it waits for nothing of that kind.
    pub const fn waits_until(&self) -> Option<MonoTime> {
        match &self.end {
            Awaited::Event(wait) => Some(wait.until()),
            _ => None,
        }
    }

    /// Has such a wait last until then at least.
    pub fn wait_at_least(&mut self, until: MonoTime) {
        if let Awaited::Event(wait) = &mut self.end {
            wait.at_least(until);
        }
    }

    /// Returns the program whose end it waits for.
    pub const fn exit_of(&self) -> Option<ProgramNo> {
        match &self.end {
            Awaited::Event(wait) => wait.exit_of(),
            _ => None,
        }
    }

    /// Returns whether a compiler may have to make an endpoint before it ends.
    pub const fn may_compile(&self) -> bool {
        matches!(self.end, Awaited::Runtime(_))
    }

    /// Returns the end whose call it waits for; none where it makes none.
    pub const fn caller(&self) -> Option<Side> {
        match self.end {
            Awaited::Return { side, .. } => Some(side),
            _ => None,
        }
    }

    /// Returns its result as of `now`; none while that is open.
    ///
    /// A command that may change nothing, as flow where all flows, is done when the lab is `quiet` after a change, or after `patience`.
    pub fn result(&self, session: &Session, quiet: bool, now: MonoTime, patience: Duration) -> Option<CommandResult> {
        let mut since = session.transcript.since(self.since);
        let mut is_told = |is_it: fn(&EntryKind) -> bool| {
            (quiet && since.any(|entry| is_it(&entry.what))) || now.since(self.began) >= patience
        };
        match self.end {
            Awaited::Nothing => Some(CommandResult::Done),
            Awaited::Started(no) => match &session.programs.get(no?)?.state {
                ProgramState::Starting => None,
                ProgramState::NotStarted(why) => Some(CommandResult::NotDone(why.clone())),
                ProgramState::Running { .. } | ProgramState::Exited { .. } => Some(CommandResult::Done),
            },
            Awaited::Over(no) => (!session.programs.get(no?)?.is_alive()).then_some(CommandResult::Done),
            Awaited::Event(ref wait) => wait.result(session, now),
            Awaited::Dead(side) => {
                matches!(session.ends[side].process, ProcessState::Dead { .. }).then_some(CommandResult::Done)
            }
            Awaited::Running(side) => {
                matches!(session.ends[side].process, ProcessState::Running { .. }).then_some(CommandResult::Done)
            }
            Awaited::Runtime(side) => since.find_map(|entry| match &entry.what {
                EntryKind::Runtime(change) if change.side == side => match &change.progress {
                    RuntimeProgress::Compiling => None,
                    RuntimeProgress::Ready => Some(CommandResult::Done),
                    RuntimeProgress::Failed(why) => Some(CommandResult::NotDone(why.clone())),
                },
                _ => None,
            }),
            Awaited::Setting => since.find_map(|entry| match &entry.what {
                EntryKind::Host(change) => Some(match &change.failed {
                    None => CommandResult::Done,
                    Some(why) => CommandResult::NotDone(why.clone()),
                }),
                _ => None,
            }),
            Awaited::Change => is_told(|what| matches!(what, EntryKind::State { .. })).then_some(CommandResult::Done),
            Awaited::Wire => is_told(|what| matches!(what, EntryKind::Wire { .. } | EntryKind::Packet(_)))
                .then_some(CommandResult::Done),
            Awaited::Return { side, root, .. } => Some(outcome(session, side, root, self.since)),
        }
    }

    /// Returns whether it is over as of `now`: it has a result, and no call that it made or was to interrupt is blocked.
    pub fn is_over(&self, session: &Session, quiet: bool, now: MonoTime, patience: Duration) -> bool {
        match self.end {
            Awaited::Return {
                side,
                root,
                interrupted,
            } => {
                let flies = |id| session.ends[side].pending.iter().any(|pending| pending.id == id);
                !session.busy(side, root) && !interrupted.is_some_and(flies)
            }
            _ => self.result(session, quiet, now, patience).is_some(),
        }
    }
}

/// Returns the result of the command of `side` that began with `root`, as far as the transcript after `since` has it.
pub fn outcome(session: &Session, side: Side, root: CallId, since: EntryNo) -> CommandResult {
    if session.busy(side, root) {
        return CommandResult::Blocked;
    }
    if session.was_refused(root) {
        return CommandResult::NotDone(format!("the {side} endpoint did not take it"));
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
