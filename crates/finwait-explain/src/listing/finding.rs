//! The findings over a table of sockets: which of them a row is a part of, how urgent so many of them are. Words are in
//! `assets/explain/listing.toml`.

use serde::{Deserialize, Serialize};
use std::fmt;

use super::Text;
use super::row::ListedSocket;
use crate::text::listing;
use finwait_model::socket_table::TimerKind;
use finwait_model::state::State;

/// So many sockets of a kind that usually passes are no accident.
const MANY: u64 = 10;
/// So many that hold a port each come near to all of them: `ip_local_port_range` has 28232 by default.
const NEARLY_ALL_PORTS: u64 = 20_000;
/// Sockets in TIME_WAIT that are worth a word.
const MANY_TIME_WAITS: u64 = 1000;
/// Unread bytes that are no longer a segment or two under way.
const MUCH: u64 = 16 << 10;

/// How urgent a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Urgency {
    /// Connections fail or stand still by it, or will soon.
    Failing,
    /// Worth a look.
    Suspect,
    /// Ordinary, as far as these rows show.
    Ordinary,
}

macro_rules! findings {
    ($($id:ident $name:literal: $scenario:literal, $text:ident;)*) => {
        /// A kind of finding, the worst first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum FindingId {
            $(
                #[doc = concat!("`", $name, "`")]
                #[serde(rename = $name)]
                $id,
            )*
        }

        impl FindingId {
            /// All of them.
            pub const ALL: &[FindingId] = &[$(FindingId::$id),*];

            /// The name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(FindingId::$id => $name,)*
                }
            }

            /// The scenario that shows it.
            pub const fn scenario(self) -> &'static str {
                match self {
                    $(FindingId::$id => $scenario,)*
                }
            }

            /// The words: what it is, what to measure, what mends it.
            pub const fn text(self) -> Text {
                match self {
                    $(FindingId::$id => listing::$text,)*
                }
            }
        }
    };
}

findings! {
    AcceptQueueFull "accept-queue-full": "listen-backlog-full", ACCEPT_QUEUE_FULL;
    CloseWaitLikelyNotAccepted "close-wait-likely-not-accepted": "close-under-connect", CLOSE_WAIT_LIKELY_NOT_ACCEPTED;
    CloseWait "close-wait": "close-wait-leak", CLOSE_WAIT;
    SynSent "syn-sent": "syn-lost-timeout", SYN_SENT;
    ZeroWindow "zero-window": "zero-window", ZERO_WINDOW;
    Retransmitting "retransmitting": "peer-gone-write", RETRANSMITTING;
    Unread "unread": "zero-window", UNREAD;
    FinWait2Held "fin-wait2-held": "fin-wait2-held", FIN_WAIT2_HELD;
    CloseWaitNotAccepted "close-wait-not-accepted": "close-under-connect", CLOSE_WAIT_NOT_ACCEPTED;
    NotAccepted "not-accepted": "reset-before-accept", NOT_ACCEPTED;
    SynRecv "syn-recv": "final-ack-held", SYN_RECV;
    FinWait1 "fin-wait1": "fin-not-acknowledged", FIN_WAIT1;
    FinWait2 "fin-wait2": "fin-wait2-held", FIN_WAIT2;
    FinWait2Orphan "fin-wait2-orphan": "fin-wait2-orphan", FIN_WAIT2_ORPHAN;
    LastAck "last-ack": "last-ack-lost", LAST_ACK;
    Closing "closing": "simultaneous-close-orphans", CLOSING;
    TimeWaitToPeer "time-wait-to-peer": "no-local-port", TIME_WAIT_TO_PEER;
    AcceptQueueFilling "accept-queue-filling": "reset-before-accept", ACCEPT_QUEUE_FILLING;
    Unacknowledged "unacknowledged": "zero-window", UNACKNOWLEDGED;
    TimeWaitHere "time-wait-here": "full-close", TIME_WAIT_HERE;
}

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What the sockets of a finding have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shared {
    /// The program that holds them; where it is not shown, the service.
    Program,
    /// The peer's address.
    Peer,
    /// The address on this host.
    Local,
}

impl FindingId {
    /// What its sockets have in common.
    pub(super) const fn shared(self) -> Shared {
        match self {
            FindingId::AcceptQueueFull
            | FindingId::AcceptQueueFilling
            | FindingId::SynRecv
            | FindingId::NotAccepted
            | FindingId::CloseWaitNotAccepted
            | FindingId::CloseWaitLikelyNotAccepted
            | FindingId::TimeWaitHere => Shared::Local,
            FindingId::SynSent | FindingId::TimeWaitToPeer => Shared::Peer,
            FindingId::CloseWait
            | FindingId::ZeroWindow
            | FindingId::Retransmitting
            | FindingId::Unread
            | FindingId::FinWait2Held
            | FindingId::FinWait1
            | FindingId::FinWait2
            | FindingId::FinWait2Orphan
            | FindingId::LastAck
            | FindingId::Closing
            | FindingId::Unacknowledged => Shared::Program,
        }
    }

    /// How urgent so many rows are, with so many bytes in the queue of them that it is about.
    pub fn urgency(self, rows: u64, bytes: u64) -> Urgency {
        use Urgency::{Failing, Ordinary, Suspect};
        let from = |many: u64, then: Urgency, else_: Urgency| if rows >= many { then } else { else_ };
        match self {
            FindingId::AcceptQueueFull | FindingId::ZeroWindow | FindingId::Retransmitting => Failing,
            FindingId::CloseWait
            | FindingId::FinWait2Held
            | FindingId::SynSent
            | FindingId::CloseWaitNotAccepted
            | FindingId::CloseWaitLikelyNotAccepted => from(MANY, Failing, Suspect),
            FindingId::SynRecv => from(10 * MANY, Failing, from(MANY, Suspect, Ordinary)),
            FindingId::Unread if bytes >= MUCH => Failing,
            FindingId::Unread | FindingId::NotAccepted | FindingId::AcceptQueueFilling => Suspect,
            FindingId::TimeWaitToPeer => from(NEARLY_ALL_PORTS, Failing, from(MANY_TIME_WAITS, Suspect, Ordinary)),
            FindingId::FinWait1 | FindingId::FinWait2 | FindingId::FinWait2Orphan | FindingId::LastAck => {
                from(MANY, Suspect, Ordinary)
            }
            FindingId::Closing | FindingId::Unacknowledged | FindingId::TimeWaitHere => {
                from(MANY_TIME_WAITS, Suspect, Ordinary)
            }
        }
    }
}

/// Returns the findings that a socket is a part of, each with the bytes or connections that it adds.
pub(super) fn of(socket: &ListedSocket) -> impl Iterator<Item = (FindingId, u64)> {
    let mut found = [None; 3];
    let mut places = found.iter_mut();
    let mut find = |id: FindingId, bytes: u64| {
        if let Some(place) = places.next() {
            *place = Some((id, bytes));
        }
    };
    let queued = socket.receive_queue.unwrap_or(0);
    let nobodys = socket.is_nobodys();
    match socket.state {
        State::Listen if socket.is_queue_full() => find(FindingId::AcceptQueueFull, queued),
        State::Listen if queued > 0 => find(FindingId::AcceptQueueFilling, queued),
        State::CloseWait if nobodys => find(FindingId::CloseWaitNotAccepted, 0),
        State::CloseWait => find(FindingId::CloseWait, 0),
        State::Established if nobodys => find(FindingId::NotAccepted, 0),
        State::FinWait1 => find(FindingId::FinWait1, 0),
        State::FinWait2 if nobodys => find(FindingId::FinWait2Orphan, 0),
        State::FinWait2 if socket.owner.is_held() => find(FindingId::FinWait2Held, 0),
        State::FinWait2 => find(FindingId::FinWait2, 0),
        State::TimeWait if is_client(socket) => find(FindingId::TimeWaitToPeer, 0),
        State::TimeWait => find(FindingId::TimeWaitHere, 0),
        State::SynSent => find(FindingId::SynSent, 0),
        State::SynRecv => find(FindingId::SynRecv, 0),
        State::LastAck => find(FindingId::LastAck, 0),
        State::Closing => find(FindingId::Closing, 0),
        State::Listen | State::Established | State::Close => {}
    }
    if socket.unread() > 0 && !(nobodys && socket.state == State::Established) {
        find(FindingId::Unread, socket.unread());
    }
    let unacknowledged = socket.unacknowledged();
    // In the handshake the state says it, and Send-Q is the SYN.
    let is_open = !matches!(socket.state, State::SynSent | State::SynRecv | State::Listen);
    let sends_again = socket
        .timer
        .is_some_and(|timer| timer.kind == TimerKind::Retransmit && timer.expired > 0);
    if socket.has_timer(TimerKind::ZeroWindowProbe) {
        find(FindingId::ZeroWindow, unacknowledged);
    } else if is_open && sends_again {
        find(FindingId::Retransmitting, unacknowledged);
    } else if is_open && unacknowledged > 0 {
        find(FindingId::Unacknowledged, unacknowledged);
    }
    found.into_iter().flatten()
}

/// Is the end that was listed the client, by the ports: a server's is named, or below those that clients are given?
pub(super) fn is_client(socket: &ListedSocket) -> bool {
    use super::address::ListedPort::{Any, Name, Number};
    let Some(peer) = &socket.peer else { return false };
    match (&socket.local.port, &peer.port) {
        (Name(_) | Any, _) => false,
        (Number(_), Name(_)) => true,
        (Number(_), Any) => false,
        (Number(local), Number(peer)) => peer < local,
    }
}
