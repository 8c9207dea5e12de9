//! A call that is over: how it ended, and what the session knows of it besides.

use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

use crate::call::{CallId, CallKind, SocketName};
use crate::errno::Errno;
use crate::explain::{EntryNo, Explanation};
use crate::lab::event::{CallEnded, Death};
use crate::outcome::Outcome;
use crate::side::Side;
use crate::state::State;
use crate::syscall::{CallText, Syscall};

/// A call that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FinishedCall {
    /// The end of the call.
    #[serde(flatten)]
    pub end: CallEnd,
    /// The socket; none for the process.
    pub socket: Option<SocketName>,
    /// The kind of call.
    pub name: CallKind,
    /// The call in the runtime's words, where no trace has it; of one that was lost, its name where it had not begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<CallText>,
    /// The socket's state when the call was made; none when it was in no table, as a socket in CLOSE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// The reason why it ended so, the rule that it falls under, and what set the error.
    #[serde(flatten)]
    pub why: Explanation,
}

/// The end of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind")]
pub enum CallEnd {
    /// The call returned.
    #[serde(rename = "outcome")]
    Returned(CallEnded),
    /// The call never returned: its process ended.
    #[serde(rename = "lost")]
    Lost(CallLost),
}

/// A call that never returned, because its process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CallLost {
    /// The end that made it.
    pub side: Side,
    /// The number.
    pub call: CallId,
    /// The way in which the process ended.
    pub how: Death,
    /// The time for which it had been waited for.
    #[serde(skip)]
    pub waited: Duration,
}

impl FinishedCall {
    /// Returns the end that made the call.
    pub const fn side(&self) -> Side {
        match &self.end {
            CallEnd::Returned(ended) => ended.side,
            CallEnd::Lost(lost) => lost.side,
        }
    }

    /// Returns the call's number.
    pub const fn call(&self) -> CallId {
        match &self.end {
            CallEnd::Returned(ended) => ended.call,
            CallEnd::Lost(lost) => lost.call,
        }
    }

    /// The outcome, if it returned.
    pub const fn outcome(&self) -> Option<&Outcome> {
        match &self.end {
            CallEnd::Returned(ended) => Some(&ended.outcome),
            CallEnd::Lost(_) => None,
        }
    }

    /// The call in the runtime's words; its name where a trace has it.
    pub fn words(&self) -> CallText {
        self.text.clone().unwrap_or_else(|| self.name.name().into())
    }

    /// The errno, when it failed.
    pub fn errno(&self) -> Option<Errno> {
        self.outcome().and_then(Outcome::errno)
    }

    /// The text that a programmer of the endpoint's language sees.
    pub fn said(&self) -> Option<&str> {
        match &self.end {
            CallEnd::Returned(ended) => ended.said.as_deref(),
            CallEnd::Lost(_) => None,
        }
    }

    /// Returns how long it took, or had been waited for.
    pub const fn took(&self) -> Duration {
        match &self.end {
            CallEnd::Returned(ended) => ended.took,
            CallEnd::Lost(lost) => lost.waited,
        }
    }

    /// The system calls that the endpoint reported.
    pub fn trace(&self) -> &[Syscall] {
        match &self.end {
            CallEnd::Returned(ended) => &ended.trace,
            CallEnd::Lost(_) => &[],
        }
    }

    /// One to three words for narrow places.
    pub fn brief(&self) -> String {
        match &self.end {
            CallEnd::Returned(ended) => ended.outcome.brief(),
            CallEnd::Lost(lost) => lost.how.to_string(),
        }
    }
}

/// The last call that ended: what the error pane shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastOutcome {
    /// The call, as the transcript has it.
    pub call: Arc<FinishedCall>,
    /// The entry of its end.
    pub entry: EntryNo,
    /// The system calls that `strace` saw, where the endpoint reports none.
    pub(super) seen: Vec<Syscall>,
}

impl LastOutcome {
    /// The system calls behind it.
    pub fn trace(&self) -> &[Syscall] {
        match self.call.trace() {
            [] => &self.seen,
            trace => trace,
        }
    }
}
