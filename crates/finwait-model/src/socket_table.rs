//! A row of the kernel's table of sockets, as procfs and sock_diag show it.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::time::Duration;

use crate::state::State;

/// A connection's two addresses, this host's first. A listener's peer is the unspecified address, port 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tuple {
    /// The address on the observed host.
    pub local: SocketAddr,
    /// The other one.
    pub peer: SocketAddr,
}

impl Tuple {
    /// Returns whether these are a listener's addresses.
    pub const fn is_listener(&self) -> bool {
        self.peer.port() == 0
    }

    /// Can this connection have come through a listener at that address?
    pub fn came_through(&self, listener: SocketAddr) -> bool {
        listener.port() == self.local.port() && (listener.ip() == self.local.ip() || listener.ip().is_unspecified())
    }

    /// The same connection as the other host names it.
    pub const fn mirrored(self) -> Tuple {
        Tuple {
            local: self.peer,
            peer: self.local,
        }
    }
}

/// One socket in a host's table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketRow {
    /// The addresses.
    pub tuple: Tuple,
    /// The state.
    pub state: State,
    /// Bytes received and not read; for a listener, connections not accepted.
    pub rx_queue: u32,
    /// Bytes written and not acknowledged; for a listener, the backlog (sock_diag only).
    pub tx_queue: u32,
    /// The timer that runs, if one does.
    pub timer: Option<Timer>,
    /// Timeouts in a row without an answer.
    pub retransmits: u32,
    /// The inode of the open descriptor; 0 for orphans, TIME_WAIT, and connections not accepted.
    pub inode: u64,
    /// Fields of TCP_INFO; none from procfs, nor for listeners (whose fields mean other things), request and time-wait sockets.
    pub info: Option<TcpInfo>,
}

impl SocketRow {
    /// Returns the bytes received and not read, without the FIN that the kernel counts with them (`tcp_inq` takes it off, procfs does
    /// not); for a listener, the connections not accepted.
    pub const fn unread(&self) -> u32 {
        match self.state {
            State::CloseWait | State::LastAck | State::Closing => self.rx_queue.saturating_sub(1),
            _ => self.rx_queue,
        }
    }
}

/// A timer of a socket, as it was when the table was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// The purpose.
    pub kind: TimerKind,
    /// The time until it expires, counted from the reading.
    pub left: Duration,
}

/// The purpose of a timer (`get_tcp4_sock` and `inet_csk_diag_fill` number them alike).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimerKind {
    /// 1: something sent is not acknowledged; also tail loss probe.
    Retransmit,
    /// 2: keepalive, or the wait in SYN_RECV and orphaned FIN_WAIT2.
    Keepalive,
    /// 3: TIME_WAIT's 60 s, or an orphaned FIN_WAIT2's `tcp_fin_timeout`.
    TimeWait,
    /// 4: the peer's window is closed.
    ZeroWindowProbe,
}

impl TimerKind {
    /// The timer for the kernel's number; 0, no timer, and unknown ones are none.
    pub const fn from_kernel(number: u8) -> Option<TimerKind> {
        match number {
            1 => Some(TimerKind::Retransmit),
            2 => Some(TimerKind::Keepalive),
            3 => Some(TimerKind::TimeWait),
            4 => Some(TimerKind::ZeroWindowProbe),
            _ => None,
        }
    }

    /// The name on the screen, when it runs in that state: an orphan's wait in FIN_WAIT2 is the time-wait timer, too, with
    /// `tcp_fin_timeout` for its length.
    pub const fn name(self, state: State) -> &'static str {
        match (self, state) {
            (TimerKind::TimeWait, State::FinWait2) => "fin-timeout",
            (TimerKind::TimeWait, _) => "time-wait",
            (TimerKind::Keepalive, _) => "keepalive",
            (TimerKind::Retransmit, _) => "retransmit",
            (TimerKind::ZeroWindowProbe, _) => "window probe",
        }
    }
}

/// The fields that finwait shows of `struct tcp_info` (`include/uapi/linux/tcp.h`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpInfo {
    /// Smoothed round-trip time, us.
    pub rtt_us: u32,
    /// Retransmission timeout, us.
    pub rto_us: u32,
    /// Congestion window, segments.
    pub cwnd: u32,
    /// Segments sent and not acknowledged.
    pub unacked: u32,
    /// Doublings of the timeout.
    pub backoff: u8,
    /// Bytes written and not sent (`tcpi_notsent_bytes`), a FIN that waits behind them among them; none where the kernel does not tell, and
    /// in recordings from before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notsent: Option<u32>,
}
