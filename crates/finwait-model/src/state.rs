//! The TCP states, as procfs and `ss` users know them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A socket's state as the kernel reports it (`include/net/tcp_states.h`).
///
/// The kernel's twelfth, `NEW_SYN_RECV`, never reaches user space: procfs and sock_diag both report it as `SYN_RECV`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Both directions are open.
    Established,
    /// A SYN was sent, nothing came back yet.
    SynSent,
    /// A SYN was received and answered, the handshake's last ACK is missing.
    SynRecv,
    /// We sent FIN, it is not acknowledged yet.
    #[serde(rename = "FIN_WAIT1")]
    FinWait1,
    /// Our FIN is acknowledged, the peer's has not come.
    #[serde(rename = "FIN_WAIT2")]
    FinWait2,
    /// Both FINs are done and we closed first: the pair of addresses is kept for 60 s.
    TimeWait,
    /// No connection.
    Close,
    /// The peer's FIN came, we have not closed.
    CloseWait,
    /// The peer's FIN came first, ours is sent and not acknowledged.
    LastAck,
    /// Waiting for connections.
    Listen,
    /// Both FINs crossed, ours is not acknowledged yet.
    Closing,
}

impl State {
    /// All of them, in the kernel's order.
    pub const ALL: [State; 11] = [
        State::Established,
        State::SynSent,
        State::SynRecv,
        State::FinWait1,
        State::FinWait2,
        State::TimeWait,
        State::Close,
        State::CloseWait,
        State::LastAck,
        State::Listen,
        State::Closing,
    ];

    /// The state for the kernel's number (`TCP_ESTABLISHED` is 1); 12 is `NEW_SYN_RECV`.
    pub const fn from_kernel(number: u8) -> Option<State> {
        Some(match number {
            1 => State::Established,
            2 => State::SynSent,
            3 | 12 => State::SynRecv,
            4 => State::FinWait1,
            5 => State::FinWait2,
            6 => State::TimeWait,
            7 => State::Close,
            8 => State::CloseWait,
            9 => State::LastAck,
            10 => State::Listen,
            11 => State::Closing,
            _ => return None,
        })
    }

    /// The name that procfs and `ss` users know.
    pub const fn name(self) -> &'static str {
        match self {
            State::Established => "ESTABLISHED",
            State::SynSent => "SYN_SENT",
            State::SynRecv => "SYN_RECV",
            State::FinWait1 => "FIN_WAIT1",
            State::FinWait2 => "FIN_WAIT2",
            State::TimeWait => "TIME_WAIT",
            State::Close => "CLOSE",
            State::CloseWait => "CLOSE_WAIT",
            State::LastAck => "LAST_ACK",
            State::Listen => "LISTEN",
            State::Closing => "CLOSING",
        }
    }

    /// A name of at most eight columns, for the edges of the diagram.
    pub const fn short(self) -> &'static str {
        match self {
            State::Established => "ESTAB",
            State::SynSent => "SYN_SENT",
            State::SynRecv => "SYN_RECV",
            State::FinWait1 => "FIN_WT1",
            State::FinWait2 => "FIN_WT2",
            State::TimeWait => "TIME_WT",
            State::Close => "CLOSE",
            State::CloseWait => "CLOSE_WT",
            State::LastAck => "LAST_ACK",
            State::Listen => "LISTEN",
            State::Closing => "CLOSING",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_numbers_are_one_to_eleven_in_order() {
        for (i, state) in State::ALL.into_iter().enumerate() {
            assert_eq!(State::from_kernel(i as u8 + 1), Some(state));
        }
        assert_eq!(State::from_kernel(0), None);
        assert_eq!(State::from_kernel(13), None);
    }

    #[test]
    fn json_names_are_the_names_on_the_screen() {
        for state in State::ALL {
            assert_eq!(
                serde_json::to_value(state).unwrap(),
                serde_json::Value::from(state.name())
            );
        }
    }
}
