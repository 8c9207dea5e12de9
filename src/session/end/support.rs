//! The calls that the language of an endpoint supports, as far as it was asked for them.

use std::collections::HashSet;

use crate::call::{Call, CallKind, ShutdownHow};
use crate::command::CallRequest;
use crate::outcome::Outcome;

/// A call without its arguments, but for the direction that is shut down.
type PlainCall = (CallKind, Option<ShutdownHow>);

/// The calls that an endpoint has made, and those that it said its language does not support.
#[derive(Debug, Default)]
pub(super) struct CallSupport {
    made: HashSet<PlainCall>,
    refused: HashSet<PlainCall>,
}

impl CallSupport {
    /// Notes how a call went. What was made once is supported, if not on every socket.
    pub(super) fn note(&mut self, call: &Call, outcome: &Outcome) {
        let Some(call) = plain(call) else { return };
        match outcome {
            Outcome::Unsupported(_) if !self.made.contains(&call) => {
                self.refused.insert(call);
            }
            Outcome::Unsupported(_) => {}
            _ => {
                self.refused.remove(&call);
                self.made.insert(call);
            }
        }
    }

    /// Returns whether the endpoint has refused the call of that request, like `shutdown read`.
    pub(super) fn refuses(&self, request: &CallRequest) -> bool {
        let how = match request {
            CallRequest::Full(Call::Shutdown { how }) => Some(*how),
            _ => None,
        };
        self.refused.contains(&(request.kind(), how))
    }
}

/// Returns the call without its arguments; none for a call with wishes of its own, which may be what a language cannot express.
fn plain(call: &Call) -> Option<PlainCall> {
    let (wishes, how) = match call {
        Call::Read { flags, deadline, .. } => (!flags.is_empty() || deadline.is_some(), None),
        Call::Write { flags, deadline, .. } => (!flags.is_empty() || deadline.is_some(), None),
        Call::Connect { deadline, .. } => (deadline.is_some(), None),
        Call::GetOption { .. } | Call::SetOption { .. } => (true, None),
        Call::Shutdown { how } => (false, Some(*how)),
        _ => (false, None),
    };
    (!wishes).then_some((call.kind(), how))
}
