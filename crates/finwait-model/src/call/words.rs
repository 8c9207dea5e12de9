//! The small words of calls: families, directions, flags and events, each with its name in C.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// The address family of a new socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// `AF_INET`
    Inet,
    /// `AF_INET6`
    Inet6,
}

impl Family {
    /// The family of an address.
    pub const fn of(address: &SocketAddr) -> Family {
        match address {
            SocketAddr::V4(_) => Family::Inet,
            SocketAddr::V6(_) => Family::Inet6,
        }
    }

    /// The C name.
    pub const fn name(self) -> &'static str {
        match self {
            Family::Inet => "AF_INET",
            Family::Inet6 => "AF_INET6",
        }
    }
}

/// Flags of a read (`recv(2)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadFlag {
    /// `MSG_PEEK`: look, do not take.
    Peek,
    /// `MSG_WAITALL`: block until all n bytes are there.
    Waitall,
    /// `MSG_DONTWAIT`: `EAGAIN` rather than block.
    Dontwait,
    /// `MSG_OOB`: the urgent byte.
    Oob,
}

impl ReadFlag {
    /// The C name.
    pub const fn name(self) -> &'static str {
        match self {
            ReadFlag::Peek => "MSG_PEEK",
            ReadFlag::Waitall => "MSG_WAITALL",
            ReadFlag::Dontwait => "MSG_DONTWAIT",
            ReadFlag::Oob => "MSG_OOB",
        }
    }
}

/// Flags of a write (`send(2)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WriteFlag {
    /// `MSG_NOSIGNAL`: no SIGPIPE, whatever its disposition.
    Nosignal,
    /// `MSG_OOB`: the last byte is urgent.
    Oob,
    /// `MSG_DONTWAIT`: `EAGAIN` rather than block.
    Dontwait,
}

impl WriteFlag {
    /// The C name.
    pub const fn name(self) -> &'static str {
        match self {
            WriteFlag::Nosignal => "MSG_NOSIGNAL",
            WriteFlag::Oob => "MSG_OOB",
            WriteFlag::Dontwait => "MSG_DONTWAIT",
        }
    }
}

/// The direction that `shutdown` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShutdownHow {
    /// `SHUT_RD`
    Read,
    /// `SHUT_WR`: sends FIN, the half-close.
    Write,
    /// `SHUT_RDWR`
    Both,
}

impl ShutdownHow {
    /// The C name.
    pub const fn name(self) -> &'static str {
        match self {
            ShutdownHow::Read => "SHUT_RD",
            ShutdownHow::Write => "SHUT_WR",
            ShutdownHow::Both => "SHUT_RDWR",
        }
    }
}

/// Events that `poll(2)` can be asked for, or reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PollEvent {
    /// `POLLIN`
    In,
    /// `POLLOUT`
    Out,
    /// `POLLRDHUP`: the peer will send no more.
    Rdhup,
    /// `POLLHUP`: both directions have ended; reported without being asked for.
    Hup,
    /// `POLLERR`: an error waits; reported without being asked for.
    Err,
    /// `POLLNVAL`: not an open descriptor; reported without being asked for.
    Nval,
    /// `POLLPRI`: an urgent byte is there.
    Pri,
}

impl PollEvent {
    /// All of them, in the order in which they are shown.
    pub const ALL: [PollEvent; 7] = [
        PollEvent::In,
        PollEvent::Pri,
        PollEvent::Out,
        PollEvent::Rdhup,
        PollEvent::Err,
        PollEvent::Hup,
        PollEvent::Nval,
    ];

    /// The C name.
    pub const fn name(self) -> &'static str {
        match self {
            PollEvent::In => "POLLIN",
            PollEvent::Out => "POLLOUT",
            PollEvent::Rdhup => "POLLRDHUP",
            PollEvent::Hup => "POLLHUP",
            PollEvent::Err => "POLLERR",
            PollEvent::Nval => "POLLNVAL",
            PollEvent::Pri => "POLLPRI",
        }
    }
}
