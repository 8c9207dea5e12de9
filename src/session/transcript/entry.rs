//! An entry of the transcript: what happened, with the names that people use.

use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

use crate::call::{CallId, SocketName};
use crate::counter::MovedCounters;
use crate::errno::Errno;
use crate::explain::rules::{RuleId, RuleOutcome};
use crate::explain::{EntryNo, Explanation};
use crate::lab::event::{
    CallBegan, KernelReason, PacketRecord, ProcessBorn, ProcessDied, ProgramCall, ProgramEvent, ProgramNews,
    RuntimeChanged, SettingChanged, StateChanged, SyscallSeen, TransitionCause, WireChange,
};
use crate::outcome::Outcome;
use crate::session::FinishedCall;
use crate::side::Side;
use crate::syscall::CallText;
use crate::wire::queue::Origin;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// The number, from 1 on; never used twice.
    pub no: EntryNo,
    /// The time, counted from the beginning of the run.
    #[serde(rename = "at_s", serialize_with = "seconds")]
    pub at: Duration,
    /// The event.
    #[serde(flatten)]
    pub what: EntryKind,
}

fn seconds<S: serde::Serializer>(at: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((at.as_secs_f64() * 1e6).round() / 1e6)
}

fn micros<S: serde::Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(took.as_nanos() as f64 / 1e3)
}

/// An event, with the names that people use.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum EntryKind {
    /// A call was begun.
    Call {
        /// The call.
        #[serde(flatten)]
        began: CallBegan,
        /// The socket; none for the process.
        socket: Option<SocketName>,
    },
    /// A system call that an endpoint in another language made.
    Syscall(SyscallSeen),
    /// A call has not returned so far (reported by the headless runner).
    Blocked {
        /// The end that made it.
        side: Side,
        /// The number.
        call: CallId,
        /// The socket; none for the process.
        socket: Option<SocketName>,
        /// The call in the runtime's words.
        text: CallText,
        /// The time for which it has been waited for, in microseconds in JSON.
        #[serde(rename = "waited_us", serialize_with = "micros")]
        waited: Duration,
    },
    /// A packet came to the wire, or a held one went on or was dropped.
    Packet(PacketRecord),
    /// The wire's treatment of packets was changed.
    Wire {
        /// The change.
        change: WireChange,
    },
    /// A socket changed its state.
    State {
        /// The change.
        #[serde(flatten)]
        change: StateChanged,
        /// The socket; none when it has no name, as in the accept queue.
        socket: Option<SocketName>,
        /// The current name, where that is another one.
        #[serde(skip_serializing_if = "Option::is_none")]
        called: Option<SocketName>,
    },
    /// Counters of a host's kernel have moved since they were last read.
    Counters {
        /// The end.
        side: Side,
        /// The counters, and how far each has moved.
        moved: MovedCounters,
    },
    /// The kernel's reason for an RST, or for a packet that it dropped.
    Reason(KernelReason),
    /// An endpoint came up.
    Born(ProcessBorn),
    /// An endpoint ended.
    Died(ProcessDied),
    /// A program of the user's own started, said something, or ended.
    Program(Box<ProgramEntry>),
    /// A program made a system call on a socket, or waited for one.
    ProgramCall(Box<ProgramCallEntry>),
    /// A setting of a host was changed, or could not be.
    Host(SettingChanged),
    /// Another runtime was made ready for an end, or could not be.
    Runtime(RuntimeChanged),
    /// Something that the user should know.
    Note {
        /// One sentence.
        text: String,
    },
    /// A call is over; it says itself whether it is an `outcome`, or was `lost`.
    #[serde(untagged)]
    Ended(Arc<FinishedCall>),
}

impl EntryKind {
    /// Did it happen without a call that says it: by the user's hand on the wire, a timer of the kernel's, the end of a process?
    pub fn is_event(&self) -> bool {
        match self {
            EntryKind::Packet(record) => {
                let is_handed_on = record.waited.is_some() && !record.disposition.is_held();
                is_handed_on || matches!(record.origin, Origin::Forged)
            }
            EntryKind::State { change, .. } => {
                matches!(change.cause, TransitionCause::Timer(_) | TransitionCause::Destroyed)
            }
            // A line is one where it tells of a failure that is known.
            EntryKind::Program(entry) => match &entry.event.what {
                ProgramNews::Output { .. } => entry.tells_of_failure(),
                ProgramNews::Flooded { .. } => false,
                ProgramNews::Started { .. }
                | ProgramNews::NotStarted { .. }
                | ProgramNews::Exited { .. }
                | ProgramNews::Gone => true,
            },
            EntryKind::ProgramCall(entry) => entry.has_failed(),
            EntryKind::Born(_) | EntryKind::Died(_) | EntryKind::Host(_) | EntryKind::Runtime(_) => true,
            EntryKind::Call { .. }
            | EntryKind::Syscall(_)
            | EntryKind::Blocked { .. }
            | EntryKind::Wire { .. }
            | EntryKind::Counters { .. }
            | EntryKind::Reason(_)
            | EntryKind::Note { .. }
            | EntryKind::Ended(_) => false,
        }
    }
}

/// A system call of a program, with what people know it by.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProgramCallEntry {
    /// The call.
    #[serde(flatten)]
    pub call: ProgramCall,
    /// The socket; none where it waits for several, and of one without a name.
    pub socket: Option<SocketName>,
    /// The name of the process, or of its program; none of one that the run did not start.
    pub process: Option<String>,
    /// The reason why it failed, or met the end.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub why: Option<Explanation>,
}

impl ProgramCallEntry {
    /// Returns whether it has only found that it would have had to wait, which programs that wait for events often do.
    pub(super) fn is_usual(&self) -> bool {
        matches!(self.call.made.errno, Some(Errno::EAGAIN | Errno::EINPROGRESS))
    }

    /// Returns whether it has failed, with an error that is known.
    pub fn has_failed(&self) -> bool {
        self.call.made.errno.is_some() && self.why.is_some() && !self.is_usual()
    }
}

/// News of a program, with what people know it by.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProgramEntry {
    /// The news.
    #[serde(flatten)]
    pub event: ProgramEvent,
    /// The program's name; none of one that the run did not start.
    pub name: Option<String>,
    /// The number of its first process; none before it started, of one that did not, and where the news has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The command line, where it has just been started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The reason why the call failed that its line tells of.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub why: Option<Explanation>,
}

impl ProgramEntry {
    /// Returns the program as it is called: `curl 4711`, `curl` where it has no process yet.
    pub fn who(&self) -> String {
        let name = self.name.as_deref().unwrap_or("a program");
        let pid = match self.event.what {
            ProgramNews::Started { pid } => Some(pid),
            _ => self.pid,
        };
        pid.map_or_else(|| name.to_owned(), |pid| format!("{name} {pid}"))
    }

    /// Does its line tell of an error that is known? The end of a stream is none.
    pub fn tells_of_failure(&self) -> bool {
        let rule = self.why.as_ref().and_then(|why| why.rule);
        rule.is_some_and(|rule| matches!(rule.rule().gives, RuleOutcome::Errno(_)))
    }
}

impl Entry {
    /// The call that is over by this entry.
    pub fn finished(&self) -> Option<&FinishedCall> {
        match &self.what {
            EntryKind::Ended(call) => Some(call),
            _ => None,
        }
    }

    /// The sentence why, of a call that did not simply succeed: one that failed, waited in vain or never returned, and of a success
    /// only where a rule is behind it, as with the end of the stream.
    pub fn why(&self) -> Option<&str> {
        match &self.what {
            EntryKind::Ended(call) => {
                let plain = matches!(call.outcome(), Some(Outcome::Ok(_))) && call.why.rule.is_none();
                (!plain).then_some(&call.why.sentence)
            }
            EntryKind::Program(entry) => entry.why.as_ref().map(|why| why.sentence.as_str()),
            EntryKind::ProgramCall(entry) if !entry.is_usual() => entry.why.as_ref().map(|why| why.sentence.as_str()),
            _ => None,
        }
    }

    /// The rule behind [`Entry::why`], where one is: [`rules`](crate::explain::rules) has it.
    pub fn rule(&self) -> Option<RuleId> {
        self.why()?;
        match &self.what {
            EntryKind::Ended(call) => call.why.rule,
            EntryKind::Program(entry) => entry.why.as_ref()?.rule,
            EntryKind::ProgramCall(entry) => entry.why.as_ref()?.rule,
            _ => None,
        }
    }

    /// The sentence why, with the id of the rule behind it, by which finwait explain finds it: `the peer ... [reset]`.
    pub fn ruled_why(&self) -> Option<String> {
        let why = self.why()?;
        Some(
            self.rule()
                .map_or_else(|| why.to_owned(), |rule| format!("{why} [{rule}]")),
        )
    }
}
