//! The reasons why a call returned what it did, or waits, link by link: the call, the state in which it was made, what set the error, the
//! rule. Each link has its entry in the transcript, where there is one.

use super::transcript::{Entry, EntryKind, Filter, Transcript};
use super::{FinishedCall, Session, socket_of};
use crate::call::{CallClass, CallId, ConnectionId, SocketName};
use crate::explain::{EntryNo, ErrorSource, RuleId};
use crate::outcome::{Outcome, Value};
use crate::side::Side;
use crate::state::State;

/// The chain of one call; the numbers are those of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The entry of the call's beginning; none when that entry was dropped.
    pub call: Option<EntryNo>,
    /// The socket's state then; of a call that is under way, its state now.
    pub state: State,
    /// The entry in which it came to that state; none when it was in it from its beginning.
    pub since: Option<EntryNo>,
    /// The setter of the error; none without a rule.
    pub set_by: Option<ErrorSource>,
    /// The entry of its return, or of the report that it never will; none while it is under way.
    pub ended: Option<EntryNo>,
    /// The rule.
    pub rule: Option<RuleId>,
    /// The entry of what the kernel counted when it happened: when the error was set, else of the call; none where it has counted nothing
    /// that is shown, and where other calls came between.
    pub counted: Option<EntryNo>,
    /// The last outcome on the same socket from which a language's library may know what it answered by itself: an error, or an end of one
    /// direction or both.
    pub known_from: Option<EntryNo>,
}

/// The chain of that call; none when its entries were dropped.
pub fn chain(session: &Session, call: CallId) -> Option<Chain> {
    let transcript = &session.transcript;
    let is_it = |entry: &&Entry| entry.finished().is_some_and(|finished| finished.call() == call);
    let ended = transcript.entries().iter().rev().find(is_it);
    let ChainCall {
        of,
        state,
        rule,
        set_by,
    } = match ended {
        Some(entry) => ChainCall::of_entry(entry)?,
        None => ChainCall::of_pending(session, call)?,
    };
    // A call that is under way is after everything.
    let end_no = ended.map_or(u64::MAX, |entry| entry.no);
    let mut began = before(transcript, end_no);
    let began = began.find(|entry| matches!(&entry.what, EntryKind::Call { began, .. } if began.call == call));
    let began = began.map(|entry| entry.no);
    let state = state.unwrap_or(State::Close);
    // What is waited for is a matter of the state that it is in now.
    let then = began.filter(|_| ended.is_some()).unwrap_or(end_no);
    let mut changes = before(transcript, then).filter_map(|entry| Some((entry.no, of.changed_to(entry)?)));
    let since = changes.next().filter(|(_, to)| *to == state).map(|(no, _)| no);
    let outcome = ended.and_then(Entry::finished).and_then(FinishedCall::outcome);
    let by_library = matches!(outcome, Some(Outcome::Library(_)));
    Some(Chain {
        call: began,
        state,
        since,
        set_by,
        ended: ended.map(|entry| entry.no),
        rule,
        counted: ended.and_then(|_| counted(transcript, of.side, set_by.and_then(ErrorSource::entry).or(began)?)),
        known_from: by_library
            .then(|| before(transcript, end_no).find(|entry| of.has_told(entry)))
            .flatten()
            .map(|entry| entry.no),
    })
}

/// The call that a chain is of, and what is known of how it ended.
struct ChainCall<'a> {
    of: ChainSocket<'a>,
    /// The socket's state when it was made; of one that is under way, its state now.
    state: Option<State>,
    rule: Option<RuleId>,
    set_by: Option<ErrorSource>,
}

impl<'a> ChainCall<'a> {
    fn of_entry(entry: &'a Entry) -> Option<ChainCall<'a>> {
        entry.finished().map(|call| ChainCall {
            of: ChainSocket {
                side: call.side(),
                socket: call.socket.as_ref(),
            },
            state: call.state,
            rule: call.why.rule,
            set_by: call.why.set_by,
        })
    }

    fn of_pending(session: &'a Session, call: CallId) -> Option<ChainCall<'a>> {
        let (side, pending) = session.pending(call)?;
        let socket = socket_of(&pending.order);
        Some(ChainCall {
            of: ChainSocket { side, socket },
            state: socket.and_then(|name| session.ends[side].state_of(name)),
            rule: None,
            set_by: None,
        })
    }
}

/// The entry of the counters of that end which were read after `since`, a call or an event, and before any other call began.
fn counted(transcript: &Transcript, side: Side, since: EntryNo) -> Option<EntryNo> {
    let mut after = transcript.since(since);
    let of_it = after.find(|entry| match &entry.what {
        EntryKind::Call { .. } => true,
        EntryKind::Counters { side: counted, .. } => *counted == side,
        _ => false,
    });
    of_it
        .filter(|entry| Filter::All.passes(&entry.what) && matches!(entry.what, EntryKind::Counters { .. }))
        .map(|entry| entry.no)
}

/// The entries before `no`, the newest first.
fn before(transcript: &Transcript, no: EntryNo) -> impl Iterator<Item = &Entry> {
    transcript
        .entries()
        .iter()
        .rev()
        .skip_while(move |entry| entry.no >= no)
}

/// The socket that a chain is about.
#[derive(Clone, Copy)]
struct ChainSocket<'a> {
    side: Side,
    socket: Option<&'a SocketName>,
}

impl ChainSocket<'_> {
    /// The state that it changed to, where that is a change of its state.
    fn changed_to(&self, entry: &Entry) -> Option<State> {
        match &entry.what {
            EntryKind::State { change, socket, .. }
                if change.side == self.side && connection(socket.as_ref()) == connection(self.socket) =>
            {
                Some(change.to)
            }
            _ => None,
        }
    }

    /// Returns whether that is an outcome on the same socket that failed, met the end, or ended something.
    fn has_told(&self, entry: &Entry) -> bool {
        let is_same = |call: &&FinishedCall| {
            call.side() == self.side && connection(call.socket.as_ref()) == connection(self.socket)
        };
        let Some(call) = entry.finished().filter(is_same) else {
            return false;
        };
        match call.outcome() {
            Some(Outcome::Err(_) | Outcome::Ok(Value::Read { n: 0, .. })) => true,
            Some(Outcome::Ok(_)) => matches!(CallClass::of(call.name), Some(CallClass::Close | CallClass::Shutdown)),
            Some(Outcome::DeadlineExceeded { .. } | Outcome::Library(_) | Outcome::Unsupported(_)) | None => false,
        }
    }
}

/// The connection that a descriptor is of.
fn connection(socket: Option<&SocketName>) -> Option<ConnectionId> {
    socket.and_then(SocketName::id).map(|id| id.connection)
}
