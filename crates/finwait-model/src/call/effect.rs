//! What a call waits for, and what it can do to a socket's state by itself.

use crate::socket_table::SocketRow;
use crate::state::State;

/// The event that a blocked call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitCondition {
    /// No event: the call returns at once.
    Nothing,
    /// A connection in the listener's queue (`inet_csk_wait_for_connect`).
    Connection,
    /// The end of the handshake (`inet_stream_connect`).
    Handshake,
    /// Bytes to read, or the end of the stream (`tcp_recvmsg_locked`).
    Bytes,
    /// Room in the send buffer (`sk_stream_wait_memory`).
    Room,
    /// An event that `poll` was asked for, or its timeout.
    Readiness,
    /// The peer's acknowledgement of all that was sent, where the socket lingers (`sk_stream_wait_close`).
    Acknowledgement,
}

impl WaitCondition {
    /// Is it there, as far as a table shows it, so that the call is about to return? `row` is the socket's, none when it has none.
    pub const fn is_there(self, row: Option<&SocketRow>) -> bool {
        match (self, row) {
            (WaitCondition::Connection, Some(row)) => row.rx_queue > 0,
            (WaitCondition::Bytes, Some(row)) => {
                row.rx_queue > 0 || matches!(row.state, State::CloseWait | State::LastAck | State::Closing)
            }
            (WaitCondition::Handshake, Some(row)) => !matches!(row.state, State::SynSent | State::SynRecv),
            (WaitCondition::Bytes | WaitCondition::Handshake, None) => true,
            (WaitCondition::Connection, None) => false,
            // No table shows it.
            (
                WaitCondition::Nothing
                | WaitCondition::Room
                | WaitCondition::Readiness
                | WaitCondition::Acknowledgement,
                _,
            ) => false,
        }
    }
}

/// The change that a call can make to a socket's state by itself, without a packet that comes or a timer that runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateEffect {
    /// It opens a connection: `connect`.
    Opens,
    /// It makes a listener: `listen`.
    Listens,
    /// It sends FIN where it can: `shutdown`, `close`.
    Closes,
    /// It sends RST where there is a connection: `close` with SO_LINGER at 0 seconds, `connect(AF_UNSPEC)`.
    Aborts,
    /// No change.
    None,
}

impl StateEffect {
    /// Can it end a connection, or its half?
    pub const fn ends(self) -> bool {
        matches!(self, StateEffect::Closes | StateEffect::Aborts)
    }
}
