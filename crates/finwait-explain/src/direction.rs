//! The two directions of a connection: what became of each, from the record of the sockets at its ends.

use serde::{Deserialize, Serialize};
use std::fmt;

use finwait_model::side::Side;
use finwait_model::state::State;

use super::role::aborts;
use super::sock::{ConnectionEnd, EndCause, Sock};
use super::text::directions::Way;

/// An end of a connection, as far as it decides what its directions are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Half<'a> {
    /// The state in the kernel's table; none without a row.
    pub state: Option<State>,
    /// The record of the socket; none where it was never seen.
    pub sock: Option<&'a Sock>,
}

/// One direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Direction {
    /// Nothing has begun to open it.
    NotOpen,
    /// The sender has sent SYN, not acknowledged.
    Opening,
    /// The sender has answered with SYN,ACK, not acknowledged.
    Answering,
    /// The sender may send.
    Open,
    /// The sender has shut down writing before there was a connection: no FIN says so.
    Silent,
    /// The FIN is queued behind data that has not left.
    FinQueued,
    /// The FIN is sent, and not acknowledged.
    Closing,
    /// The FIN is acknowledged.
    Closed {
        /// The sender.
        by: Side,
    },
    /// An RST ended it.
    Torn {
        /// The end that sent the RST.
        by: Side,
    },
    /// Something else broke it off, which was not seen.
    Broken,
    /// A kernel gave up on the other.
    GivenUp {
        /// The end that gave up.
        by: Side,
    },
    /// An end has no such connection any more, while the other still has it.
    Gone {
        /// The end that has not.
        by: Side,
    },
    /// What became of it was not seen.
    Unknown,
}

impl Direction {
    const fn text(self) -> Way {
        match self {
            Direction::NotOpen => Way::NotOpen,
            Direction::Opening => Way::Opening,
            Direction::Answering => Way::Answering,
            Direction::Open => Way::Open,
            Direction::Silent => Way::Silent,
            Direction::FinQueued => Way::FinQueued,
            Direction::Closing => Way::Closing,
            Direction::Closed { by } => Way::Closed { by },
            Direction::Torn { by } => Way::Torn { by },
            Direction::Broken => Way::TornUnseen,
            Direction::GivenUp { by } => Way::GivenUp { by },
            Direction::Gone { by } => Way::Gone { by },
            Direction::Unknown => Way::Unknown,
        }
    }
}

impl fmt::Display for Direction {
    /// In 26 columns at most.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text().to_string())
    }
}

/// Where the bytes of a direction are, in words; the nearest to their aim first that are not the receiver's.
pub fn load(wire: (usize, usize), unacknowledged: usize, unread: usize) -> Option<String> {
    let bytes = |n: usize| match n {
        ..100_000 => format!("{n} B"),
        _ => format!("{} kB", n / 1000),
    };
    let text = match wire {
        (_, flying @ 1..) => Way::LoadWire { flying: bytes(flying) },
        (count @ 1.., _) => Way::LoadSegments { count },
        _ if unacknowledged > 0 => Way::LoadQueued {
            flying: bytes(unacknowledged),
        },
        _ if unread > 0 => Way::LoadUnread { flying: bytes(unread) },
        _ => return None,
    };
    Some(text.to_string())
}

/// Returns what became of the direction from `by` to the other end; `segments_seen` says whether there is a wire that sees them.
pub fn of(by: Side, sender: Half, receiver: Half, segments_seen: bool) -> Direction {
    use State::{
        Close, CloseWait, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait,
    };
    let ends = [(by, sender), (by.other(), receiver)];
    let cut = ends
        .into_iter()
        .filter(|(_, half)| half.state.is_none())
        .find_map(|(side, half)| half.sock?.end.and_then(|end| cut(side, &end)));
    if let Some(cut) = cut {
        return cut;
    }
    let receiver_is_gone = receiver.state.is_none() && receiver.sock.is_some_and(|sock| sock.established.is_some());
    match sender.state {
        Some(SynSent) => Direction::Opening,
        Some(SynRecv) => Direction::Answering,
        Some(Established | CloseWait) if receiver_is_gone => Direction::Gone { by: by.other() },
        Some(Established | CloseWait) if sender.sock.is_some_and(|sock| sock.sending_shut.is_some()) => {
            Direction::Silent
        }
        Some(Established | CloseWait) => Direction::Open,
        Some(FinWait1 | Closing | LastAck)
            if segments_seen && sender.sock.is_some_and(|sock| sock.left.fin.is_none()) =>
        {
            Direction::FinQueued
        }
        Some(FinWait1 | Closing | LastAck) => Direction::Closing,
        Some(FinWait2 | TimeWait) => Direction::Closed { by },
        Some(Listen | Close) => Direction::NotOpen,
        None => match sender.sock.and_then(|sock| sock.end) {
            Some(end) if end.to == TimeWait => Direction::Closed { by },
            Some(end) if matches!(end.from, FinWait2 | TimeWait) => Direction::Closed { by },
            Some(end) if end.from == LastAck && matches!(end.by, EndCause::Segment | EndCause::Unseen(_)) => {
                Direction::Closed { by }
            }
            Some(end) if end.is_of_handshake() => Direction::NotOpen,
            Some(_) => Direction::Gone { by },
            None if sender.sock.is_some_and(|sock| sock.established.is_some()) => Direction::Unknown,
            None => Direction::NotOpen,
        },
    }
}

/// What the end of one end's connection did to both directions; none where they ended in order, or were never open.
fn cut(at: Side, end: &ConnectionEnd) -> Option<Direction> {
    if end.to != State::Close || end.is_of_handshake() {
        return None;
    }
    match end.by {
        _ if end.is_by_rst() => Some(Direction::Torn { by: at.other() }),
        _ if end.is_by_data() => Some(Direction::Torn { by: at }),
        EndCause::Call(_) | EndCause::Death | EndCause::Administrator if aborts(end) => {
            Some(Direction::Torn { by: at })
        }
        EndCause::Timer(_) if end.from != State::FinWait2 => Some(Direction::GivenUp { by: at }),
        EndCause::Unseen(_) if aborts(end) => Some(Direction::Broken),
        _ => None,
    }
}
