//! Inputs of a session: all that changes it, so that the list of them is the run.

use serde::{Deserialize, Serialize};
use std::fmt;

use super::lineup::FirstProgram;
use super::transcript::Entry;
use super::{CommandError, EntryKind, IssuedCommand, PendingCall, Session, socket_of};
use crate::call::{CallId, SocketName};
use crate::clock::MonoTime;
use crate::command::wire::WireCommand;
use crate::command::{Command, EndCommand};
use crate::lab::event::{LabRequest, TimedEvent};
use crate::side::{Ends, Side};
use crate::text::excerpt;

/// One input. [`Session::take`] is the only way by which a session changes, and the same inputs make the same session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionInput {
    /// A command for an end.
    Command {
        /// The time of the command.
        at: MonoTime,
        /// The end and its command; in a recording as it is typed.
        #[serde(rename = "text", with = "end_text")]
        command: (Side, EndCommand),
    },
    /// A command for the wire, whose view alone decides what it asks for.
    Wire {
        /// The command; in a recording as it is typed.
        #[serde(rename = "text", with = "wire_text")]
        command: WireCommand,
    },
    /// The screen reads the options of a socket.
    Look {
        /// The time of the reading.
        at: MonoTime,
        /// The end.
        side: Side,
        /// The socket; the current one where none is named.
        socket: Option<SocketName>,
    },
    /// Some calls are still blocked, which is put on record.
    Blocked {
        /// The time of the note.
        at: MonoTime,
        /// The end.
        side: Side,
        /// The calls.
        calls: Vec<CallId>,
    },
    /// The step before is over: whoever gave its command waits no longer, and looks at the sockets as they stand. It changes nothing.
    Over {
        /// The time at which the step was over.
        at: MonoTime,
    },
    /// The programs that the run begins with.
    Programs {
        /// The time at which the first of them are started.
        at: MonoTime,
        /// The programs of each host.
        programs: Ends<Vec<FirstProgram>>,
    },
    /// Something happened in the lab.
    Event(TimedEvent),
}

impl SessionInput {
    /// The time; none for a command of the wire.
    pub const fn at(&self) -> Option<MonoTime> {
        match self {
            SessionInput::Command { at, .. }
            | SessionInput::Look { at, .. }
            | SessionInput::Blocked { at, .. }
            | SessionInput::Programs { at, .. }
            | SessionInput::Over { at } => Some(*at),
            SessionInput::Wire { .. } => None,
            SessionInput::Event(event) => Some(event.at),
        }
    }

    /// The command as it is typed; none for what is not a command of the user's.
    pub fn typed(&self) -> Option<String> {
        match self {
            SessionInput::Command {
                command: (side, command),
                ..
            } => Some(Command::End(*side, command.clone()).to_string()),
            SessionInput::Wire { command } => Some(Command::Wire(command.clone()).to_string()),
            SessionInput::Look { .. }
            | SessionInput::Blocked { .. }
            | SessionInput::Over { .. }
            | SessionInput::Programs { .. }
            | SessionInput::Event(_) => None,
        }
    }
}

/// The most characters of a command that are repeated.
const LONGEST_ECHO: usize = 100;

/// Reads a command from the text of a recording.
fn parsed<E: serde::de::Error>(text: &str) -> Result<Command, E> {
    crate::command::parse::parse(text, None).map_err(|error| {
        // The column is one of the text alone.
        let error = error.to_string();
        let why = error.split_once(": ").map_or(error.as_str(), |(_, why)| why);
        E::custom(format_args!(
            "in the command \"{}\": {why}",
            excerpt(text, LONGEST_ECHO)
        ))
    })
}

/// A command of an end as text.
mod end_text {
    use super::*;
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(command: &(Side, EndCommand), serializer: S) -> Result<S::Ok, S::Error> {
        let (side, command) = command;
        serializer.collect_str(&format_args!("{side} {command}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(Side, EndCommand), D::Error> {
        match parsed(&String::deserialize(deserializer)?)? {
            Command::End(side, command) => Ok((side, command)),
            Command::Wire(_) | Command::Screen(_) | Command::Write(_) => Err(serde::de::Error::custom(
                "this must be a command of the client or the server",
            )),
        }
    }
}

/// A command of the wire as text.
mod wire_text {
    use super::*;
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(command: &WireCommand, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("wire {command}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<WireCommand, D::Error> {
        match parsed(&String::deserialize(deserializer)?)? {
            Command::Wire(command) => Ok(command),
            Command::End(..) | Command::Screen(_) | Command::Write(_) => {
                Err(serde::de::Error::custom("this must be a command of the wire"))
            }
        }
    }
}

/// An observer of all that goes into a session, and of the entries that come of it: what writes a recording.
pub trait InputTap: Send {
    /// Sees an input before the session takes it.
    fn takes(&mut self, input: &SessionInput);
    /// Sees the transcript's new entries.
    fn tells(&mut self, entry: &Entry);
}

/// The place for a session's observer.
#[derive(Default)]
pub(super) struct Tap {
    observer: Option<Box<dyn InputTap>>,
    /// The last entry that it has seen.
    seen: u64,
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.observer.is_some() { "Tap" } else { "no tap" })
    }
}

impl Session {
    /// Shows an observer all that the session takes from here on, and every entry of its transcript.
    pub fn observed_by(mut self, observer: Box<dyn InputTap>) -> Session {
        self.tap.observer = Some(observer);
        self.show_new();
        self
    }

    /// Takes one input: the requests for the lab that follow from it.
    ///
    /// # Errors
    /// A command that cannot be carried out; the session is as it was.
    pub fn take(&mut self, input: SessionInput) -> Result<IssuedCommand, CommandError> {
        if let Some(observer) = &mut self.tap.observer {
            observer.takes(&input);
        }
        self.inputs += 1;
        let issued = match input {
            SessionInput::Command {
                at,
                command: (side, command),
            } => self.take_command(side, &command, at),
            SessionInput::Wire { command } => self.take_wire_command(&command),
            SessionInput::Look { at, side, socket } => self.take_look(side, socket, at),
            SessionInput::Blocked { at, side, calls } => {
                self.take_blocked(side, &calls, at);
                Ok(IssuedCommand::default())
            }
            SessionInput::Over { .. } => Ok(IssuedCommand::default()),
            SessionInput::Programs { at, programs } => self.take_lineup(programs, at),
            SessionInput::Event(event) => {
                let at = event.at;
                let mut requests = self.take_event(event);
                if self.lineup.is_open() {
                    requests.extend(self.start_due(at));
                }
                Ok(IssuedCommand { requests, root: None })
            }
        };
        self.forget();
        self.show_new();
        issued
    }

    /// Returns how many inputs it has taken: as long as that is the same, so is all that it knows.
    pub const fn inputs(&self) -> u64 {
        self.inputs
    }

    fn show_new(&mut self) {
        if let Some(observer) = &mut self.tap.observer {
            self.transcript
                .since(self.tap.seen)
                .for_each(|entry| observer.tells(entry));
            self.tap.seen = self.transcript.last();
        }
    }

    /// Carries out a command of an end at `now`.
    ///
    /// # Errors
    ///
    /// [`CommandError`]: the session refuses the command.
    pub fn command(&mut self, side: Side, command: &EndCommand, now: MonoTime) -> Result<IssuedCommand, CommandError> {
        if !matches!(command, EndCommand::Await(_)) {
            self.last_command = self.transcript.last();
        }
        let command = (side, command.clone());
        self.take(SessionInput::Command { at: now, command })
    }

    /// Has the wire do something.
    ///
    /// # Errors
    ///
    /// [`CommandError`]: the session refuses the command.
    pub fn wire(&mut self, command: &WireCommand) -> Result<IssuedCommand, CommandError> {
        self.last_command = self.transcript.last();
        let command = command.clone();
        self.take(SessionInput::Wire { command })
    }

    /// Reads the options of a socket for the screen.
    ///
    /// # Errors
    ///
    /// [`CommandError`]: the session refuses it.
    pub fn look(
        &mut self,
        side: Side,
        socket: Option<SocketName>,
        now: MonoTime,
    ) -> Result<IssuedCommand, CommandError> {
        self.take(SessionInput::Look { at: now, side, socket })
    }

    /// Takes in what happened: the requests that follow from it.
    pub fn absorb(&mut self, event: TimedEvent) -> Vec<LabRequest> {
        // Only commands are refused.
        self.take(SessionInput::Event(event)).unwrap_or_default().requests
    }

    /// Puts on record which of those calls are still blocked at `now`: their numbers.
    pub fn note_blocked(&mut self, side: Side, which: impl Fn(&PendingCall) -> bool, now: MonoTime) -> Vec<CallId> {
        let pending = self.ends[side].pending.iter().filter(|pending| which(pending));
        let calls: Vec<CallId> = pending.map(|pending| pending.id).collect();
        if !calls.is_empty() {
            let calls = calls.clone();
            let _ = self.take(SessionInput::Blocked { at: now, side, calls });
        }
        calls
    }

    /// The step before is over.
    pub fn step_over(&mut self, now: MonoTime) {
        let _ = self.take(SessionInput::Over { at: now });
    }

    fn take_blocked(&mut self, side: Side, calls: &[CallId], now: MonoTime) {
        for pending in self.ends[side]
            .pending
            .iter()
            .filter(|pending| calls.contains(&pending.id))
        {
            let what = EntryKind::Blocked {
                side,
                call: pending.id,
                socket: socket_of(&pending.order).cloned(),
                text: pending.words(),
                waited: now.since(pending.since),
            };
            self.transcript.push(now, what);
        }
    }
}
