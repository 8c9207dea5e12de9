//! The two directions of a connection: what became of each, from the record of the sockets at its ends.

use serde::{Deserialize, Serialize};
use std::fmt;

use finwait_model::side::Side;
use finwait_model::socket_table::SocketRow;
use finwait_model::state::State;

use super::role::aborts;
use super::sock::{EndCause, Sock};
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
    /// The attempt to open it has ended.
    NeverOpened,
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
    /// Nobody saw how it ended.
    Unknown,
}

impl Direction {
    const fn text(self) -> Way {
        match self {
            Direction::NotOpen => Way::NotOpen,
            Direction::NeverOpened => Way::NeverOpened,
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

/// The bytes on the wire from one end to the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crossing {
    /// The bytes, those that were sent again once.
    pub bytes: usize,
    /// How often the most of them is there.
    pub times: usize,
}

impl Crossing {
    /// Returns how often they were sent, in words: `twice`, `3 times`; none for once.
    pub(crate) fn again(&self) -> Option<String> {
        match self.times {
            0 | 1 => None,
            2 => Some("twice".to_owned()),
            times => Some(format!("{times} times")),
        }
    }
}

/// The bytes in a send queue, without SYN and FIN: those that were sent and not acknowledged, and those that wait to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queued {
    /// The bytes.
    pub bytes: usize,
    /// The number of those bytes that were not sent; none where nothing tells.
    pub unsent: Option<usize>,
}

impl Queued {
    /// Returns the bytes in that socket's queue: of `tx_queue`, which counts all that is not acknowledged, `tcpi_notsent_bytes` were not
    /// sent.
    pub fn of(row: &SocketRow) -> Queued {
        let control = match row.state {
            State::SynSent | State::SynRecv | State::FinWait1 | State::Closing | State::LastAck => 1,
            _ => 0,
        };
        let bytes = row.tx_queue.saturating_sub(control);
        // The FIN is the last to leave.
        let fin = match row.state {
            State::SynSent | State::SynRecv => 0,
            _ => control,
        };
        let unsent = |notsent: u32| notsent.saturating_sub(fin).min(bytes) as usize;
        Queued {
            bytes: bytes as usize,
            unsent: row.info.and_then(|info| info.notsent).map(unsent),
        }
    }

    /// Returns the bytes that were sent and not acknowledged; none where nothing tells.
    pub fn sent(self) -> Option<usize> {
        self.unsent.map(|unsent| self.bytes - unsent)
    }
}

/// Returns where the bytes of a direction are, in 26 columns at most: on the wire, else in the sender's queue, else in the receiver's.
///
/// `segments` are the names of those on the wire that are not data alone, `crossing` the bytes there.
pub fn load(segments: &[&str], crossing: &Crossing, queued: Queued, unread: usize) -> Option<String> {
    let bytes = |n: usize| match n {
        ..100_000 => format!("{n} B"),
        _ => format!("{} kB", n / 1000),
    };
    let flying = crossing.bytes;
    let control = segments.iter().find(|name| **name != "ACK");
    let text = match (flying, control.or(segments.first())) {
        (1.., Some(name)) if *name != "ACK" => Way::LoadWire {
            flying: format!("{}, {name}", bytes(flying)),
        },
        (1.., _) => match crossing.again() {
            None => Way::LoadWire { flying: bytes(flying) },
            Some(times) => Way::LoadWireAgain {
                flying: bytes(flying),
                times,
            },
        },
        (0, Some(name)) => Way::LoadWire {
            flying: (*name).to_owned(),
        },
        (0, None) if queued.bytes > 0 => match queued.sent() {
            None => Way::LoadUnknown {
                flying: bytes(queued.bytes),
            },
            Some(0) => Way::LoadUnsent {
                flying: bytes(queued.bytes),
            },
            Some(sent) => Way::LoadQueued { flying: bytes(sent) },
        },
        (0, None) if unread > 0 => Way::LoadUnread { flying: bytes(unread) },
        (0, None) => return None,
    };
    Some(text.to_string())
}

/// Returns what became of the direction from `by` to the other end; `segments_seen` says whether there is a wire that sees them.
pub fn of(by: Side, sender: Half, receiver: Half, segments_seen: bool) -> Direction {
    use State::{
        Close, CloseWait, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait,
    };
    let gave_up = |(at, half): (Side, Half)| {
        let end = half.sock?.end.filter(|_| half.state.is_none())?;
        let gave_up =
            matches!(end.by, EndCause::Timer(_)) && end.to == Close && !matches!(end.from, FinWait2 | TimeWait);
        (gave_up && !end.is_of_handshake()).then_some(Direction::GivenUp { by: at })
    };
    if let Some(gave_up) = [(by, sender), (by.other(), receiver)].into_iter().find_map(gave_up) {
        return gave_up;
    }
    // What its FIN had closed, an RST does not end.
    let was_closed = sender
        .sock
        .and_then(|sock| sock.end)
        .is_some_and(|end| end.from == FinWait2);
    if sender.state.is_none() && receiver.state.is_none() && !was_closed {
        let ends = [(by, sender, receiver), (by.other(), receiver, sender)];
        let cut = ends
            .into_iter()
            .filter_map(|(at, half, peer)| cut(at, half.sock?, peer.sock, segments_seen));
        // Who sent the RST is better known than that something ended it.
        if let Some(cut) = cut.reduce(|first, next| if first == Direction::Broken { next } else { first }) {
            return cut;
        }
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
            Some(end) if end.is_of_handshake() => Direction::NeverOpened,
            Some(_) => Direction::Gone { by },
            None if sender.sock.is_some_and(|sock| sock.established.is_some()) => Direction::Unknown,
            None => match receiver.sock.and_then(|sock| sock.end) {
                Some(end) if receiver.state.is_none() && end.is_of_handshake() => Direction::NeverOpened,
                _ => Direction::NotOpen,
            },
        },
    }
}

/// What the end of one end's connection did to both directions, when neither end has it any more; none where it ended in order, or was
/// never open.
fn cut(at: Side, sock: &Sock, peer: Option<&Sock>, segments_seen: bool) -> Option<Direction> {
    let end = sock
        .end
        .filter(|end| end.to == State::Close && !end.is_of_handshake())?;
    let torn = |by: Side, sender: Option<&Sock>| {
        if !segments_seen || sender.is_some_and(|sender| sender.left.rst.is_some()) {
            Direction::Torn { by }
        } else {
            Direction::Broken
        }
    };
    match end.by {
        _ if end.is_by_rst() => Some(torn(at.other(), peer)),
        _ if end.is_by_data() => Some(torn(at, Some(sock))),
        EndCause::Call(_) | EndCause::Death | EndCause::Administrator if aborts(&end) => Some(torn(at, Some(sock))),
        EndCause::Unseen(_) if aborts(&end) => Some(Direction::Broken),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::CallClass;

    fn fits(text: &str) {
        assert!(text.chars().count() <= 26, "{text}");
    }

    #[test]
    fn every_text_of_a_direction_fits_its_place() {
        for by in Side::BOTH {
            for direction in [
                Direction::NotOpen,
                Direction::NeverOpened,
                Direction::Opening,
                Direction::Answering,
                Direction::Open,
                Direction::Silent,
                Direction::FinQueued,
                Direction::Closing,
                Direction::Closed { by },
                Direction::Torn { by },
                Direction::Broken,
                Direction::GivenUp { by },
                Direction::Gone { by },
                Direction::Unknown,
            ] {
                fits(&direction.to_string());
            }
        }
        let most = 99_999_999;
        for (segments, flying, unacknowledged, unread) in [
            (&["SYN,ACK"][..], 0, 0, 0),
            (&["ACK", "FIN"], most, 0, 0),
            (&[], 99_999, 0, 0),
            (&[], 0, most, 0),
            (&[], 0, 99_999, most),
        ] {
            for times in [1, 2, 15] {
                let crossing = Crossing { bytes: flying, times };
                for unsent in [None, Some(0), Some(unacknowledged)] {
                    let queued = Queued {
                        bytes: unacknowledged,
                        unsent,
                    };
                    fits(&load(segments, &crossing, queued, unread).unwrap());
                }
            }
        }
        let queue = |bytes, unsent| load(&[], &Crossing::default(), Queued { bytes, unsent }, 0);
        assert_eq!(queue(52_128, Some(33_304)).unwrap(), "18824 B not acked");
        assert_eq!(queue(33_304, Some(33_304)).unwrap(), "33304 B wait to be sent");
        assert_eq!(queue(52_128, None).unwrap(), "52128 B not acked or sent");
        let load = |segments: &[&str], bytes, times, unacknowledged, unread| {
            let queued = Queued {
                bytes: unacknowledged,
                unsent: Some(0),
            };
            load(segments, &Crossing { bytes, times }, queued, unread)
        };
        assert_eq!(load(&["ACK"], 5, 1, 5, 0).unwrap(), "5 B on the wire");
        assert_eq!(load(&["ACK"], 5, 2, 5, 0).unwrap(), "5 B on wire, twice");
        assert_eq!(load(&["FIN"], 5, 1, 6, 0).unwrap(), "5 B, FIN on the wire");
        assert_eq!(load(&["ACK", "FIN"], 0, 0, 0, 2).unwrap(), "FIN on the wire");
        assert_eq!(load(&[], 0, 0, 0, 0), None);
    }

    /// A socket that went through these states, the last by `cause`.
    fn sock(states: &[State], cause: EndCause) -> Sock {
        let mut sock = Sock::default();
        for pair in states.windows(2) {
            sock.changed(pair[0], pair[1], cause, 1, 1);
        }
        sock
    }

    /// A half, with its row unless the state is CLOSE.
    fn half(sock: &Sock, state: State) -> Half<'_> {
        Half {
            state: Some(state).filter(|state| *state != State::Close),
            sock: Some(sock),
        }
    }

    /// A half-close, step by step: one direction closes, the other stays as it was.
    #[test]
    fn a_half_close_closes_one_direction() {
        use State::{Close, CloseWait, Established, FinWait1, FinWait2, SynSent};
        let mut closer = sock(
            &[Close, SynSent, Established, FinWait1],
            EndCause::Call(CallClass::Shutdown),
        );
        let other = sock(&[Close, SynSent, Established], EndCause::Segment);
        let both = |closer: Half, other: Half| {
            [
                of(Side::Client, closer, other, true),
                of(Side::Server, other, closer, true),
            ]
        };
        assert_eq!(
            both(half(&closer, FinWait1), half(&other, Established)),
            [Direction::FinQueued, Direction::Open]
        );
        closer.sent(finwait_wire::segment::Flags::FIN, 2);
        assert_eq!(
            both(half(&closer, FinWait1), half(&other, CloseWait)),
            [Direction::Closing, Direction::Open]
        );
        let by = Side::Client;
        assert_eq!(
            both(half(&closer, FinWait2), half(&other, CloseWait)),
            [Direction::Closed { by }, Direction::Open]
        );
        // The orphan's time has run out: the other end cannot know.
        closer.changed(
            FinWait2,
            Close,
            EndCause::Timer(finwait_model::socket_table::TimerKind::TimeWait),
            3,
            3,
        );
        assert_eq!(
            both(half(&closer, Close), half(&other, CloseWait)),
            [Direction::Closed { by }, Direction::Gone { by }]
        );
    }

    /// An RST ends both directions, once it has arrived; whose it was is told only of one that was seen to leave.
    #[test]
    fn an_rst_tears_both_directions_once_it_has_arrived() {
        use State::{Close, Established, SynSent};
        let mut closed = sock(&[Close, SynSent, Established, Close], EndCause::Call(CallClass::Close));
        closed.sent(finwait_wire::segment::Flags::RST, 2);
        let open = sock(&[Close, SynSent, Established], EndCause::Segment);
        let by = Side::Client;
        let to_it = of(Side::Server, half(&open, Established), half(&closed, Close), true);
        assert_eq!(to_it, Direction::Gone { by });
        let reset = sock(&[Close, SynSent, Established, Close], EndCause::Rst);
        for side in Side::BOTH {
            let halves = match side {
                Side::Client => [half(&closed, Close), half(&reset, Close)],
                Side::Server => [half(&reset, Close), half(&closed, Close)],
            };
            assert_eq!(of(side, halves[0], halves[1], true), Direction::Torn { by });
        }
        // Its FIN had closed one direction before: that stays so.
        let by_reset = EndCause::Call(CallClass::Close);
        let mut closer = sock(
            &[Close, SynSent, Established, State::FinWait1, State::FinWait2, Close],
            by_reset,
        );
        closer.sent(finwait_wire::segment::Flags::FIN, 2);
        closer.sent(finwait_wire::segment::Flags::RST, 3);
        let told = sock(&[Close, SynSent, Established, State::CloseWait, Close], EndCause::Rst);
        let (closer, told) = (half(&closer, Close), half(&told, Close));
        assert_eq!(of(Side::Client, closer, told, true), Direction::Closed { by });
        assert_eq!(of(Side::Server, told, closer, true), Direction::Torn { by });
        let silent = sock(&[Close, SynSent, Established, Close], EndCause::Call(CallClass::Close));
        assert_eq!(
            of(by, half(&silent, Close), half(&reset, Close), true),
            Direction::Broken
        );
        assert_eq!(
            of(by, half(&silent, Close), half(&reset, Close), false),
            Direction::Torn { by }
        );
    }
}
