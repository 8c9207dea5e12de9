//! System calls in `strace`'s words, so that a trace can be compared with `strace`'s line by line.
//!
//! An address of memory, which `strace` prints, is replaced by [`HIDDEN`].

use std::net::SocketAddr;
use std::os::fd::RawFd;

use libc::c_int;

use finwait_model::call::{Bytes, Family, PollEvent, ReadFlag, SHOWN_BYTES, ShutdownHow, WriteFlag};

/// A buffer whose content says nothing: the call has not returned, or it failed.
pub const HIDDEN: &str = "...";

/// The C constant of a family.
pub const fn family(family: Family) -> c_int {
    match family {
        Family::Inet => libc::AF_INET,
        Family::Inet6 => libc::AF_INET6,
    }
}

/// The C constant of a direction.
pub const fn how(how: ShutdownHow) -> c_int {
    match how {
        ShutdownHow::Read => libc::SHUT_RD,
        ShutdownHow::Write => libc::SHUT_WR,
        ShutdownHow::Both => libc::SHUT_RDWR,
    }
}

/// The C constant of an event.
const fn event(event: PollEvent) -> i16 {
    match event {
        PollEvent::In => libc::POLLIN,
        PollEvent::Pri => libc::POLLPRI,
        PollEvent::Out => libc::POLLOUT,
        PollEvent::Err => libc::POLLERR,
        PollEvent::Hup => libc::POLLHUP,
        PollEvent::Nval => libc::POLLNVAL,
        PollEvent::Rdhup => libc::POLLRDHUP,
    }
}

/// The bits of a set of events.
pub fn event_bits(events: &[PollEvent]) -> i16 {
    events.iter().fold(0, |bits, e| bits | event(*e))
}

/// The events of a set of bits, in the order in which they are shown.
pub fn events(bits: i16) -> Vec<PollEvent> {
    PollEvent::ALL.into_iter().filter(|e| bits & event(*e) != 0).collect()
}

/// The bits of a read's flags.
pub fn read_bits(flags: &[ReadFlag]) -> c_int {
    let bit = |flag: &ReadFlag| match flag {
        ReadFlag::Peek => libc::MSG_PEEK,
        ReadFlag::Waitall => libc::MSG_WAITALL,
        ReadFlag::Dontwait => libc::MSG_DONTWAIT,
        ReadFlag::Oob => libc::MSG_OOB,
    };
    flags.iter().fold(0, |bits, flag| bits | bit(flag))
}

/// The bits of a write's flags.
pub fn write_bits(flags: &[WriteFlag]) -> c_int {
    let bit = |flag: &WriteFlag| match flag {
        WriteFlag::Nosignal => libc::MSG_NOSIGNAL,
        WriteFlag::Oob => libc::MSG_OOB,
        WriteFlag::Dontwait => libc::MSG_DONTWAIT,
    };
    flags.iter().fold(0, |bits, flag| bits | bit(flag))
}

/// Names joined by `|`, the lowest bit first as `strace` has it; `0` for none.
fn joined(mut named: Vec<(c_int, &'static str)>) -> String {
    named.sort_unstable();
    let names: Vec<_> = named.into_iter().map(|(_, name)| name).collect();
    if names.is_empty() { "0".into() } else { names.join("|") }
}

/// A `recv` or `send`'s flags.
pub fn message_flags(bits: c_int) -> String {
    let all = [
        (libc::MSG_OOB, "MSG_OOB"),
        (libc::MSG_PEEK, "MSG_PEEK"),
        (libc::MSG_DONTWAIT, "MSG_DONTWAIT"),
        (libc::MSG_WAITALL, "MSG_WAITALL"),
        (libc::MSG_NOSIGNAL, "MSG_NOSIGNAL"),
    ];
    joined(all.into_iter().filter(|(bit, _)| bits & bit != 0).collect())
}

/// A descriptor's status flags; a socket is always open for both directions.
pub fn status_flags(bits: c_int) -> String {
    let nonblock = (bits & libc::O_NONBLOCK != 0).then_some("|O_NONBLOCK");
    format!("O_RDWR{}", nonblock.unwrap_or_default())
}

fn event_names(bits: i16) -> String {
    joined(
        events(bits)
            .into_iter()
            .map(|e| (c_int::from(event(e)), e.name()))
            .collect(),
    )
}

/// `poll`'s call.
pub fn poll(fd: RawFd, events: i16, timeout_ms: c_int) -> String {
    // The kernel does not look at the events of a negative number, and strace does not print them.
    if fd < 0 {
        return format!("poll([{{fd={fd}}}], 1, {timeout_ms})");
    }
    format!("poll([{{fd={fd}, events={}}}], 1, {timeout_ms})", event_names(events))
}

/// `poll`'s result.
pub fn polled(fd: RawFd, ready: c_int, events: i16) -> String {
    match ready {
        0 => "0 (Timeout)".into(),
        n => format!("{n} ([{{fd={fd}, revents={}}}])", event_names(events)),
    }
}

/// A socket address.
pub fn address(address: &SocketAddr) -> String {
    match address {
        SocketAddr::V4(v4) => {
            format!(
                "{{sa_family=AF_INET, sin_port=htons({}), sin_addr=inet_addr(\"{}\")}}",
                v4.port(),
                v4.ip()
            )
        }
        SocketAddr::V6(v6) => format!(
            "{{sa_family=AF_INET6, sin6_port=htons({}), sin6_flowinfo=htonl({}), inet_pton(AF_INET6, \"{}\", &sin6_addr), sin6_scope_id={}}}",
            v6.port(),
            v6.flowinfo(),
            v6.ip(),
            v6.scope_id()
        ),
    }
}

/// The length of an address in the kernel's form.
pub const fn address_length(address: &SocketAddr) -> usize {
    match address {
        SocketAddr::V4(_) => size_of::<libc::sockaddr_in>(),
        SocketAddr::V6(_) => size_of::<libc::sockaddr_in6>(),
    }
}

/// The address of `connect` that dissolves a connection.
pub const NOWHERE: &str = r#"{sa_family=AF_UNSPEC, sa_data="\0\0\0\0\0\0\0\0\0\0\0\0\0\0"}"#;

/// A buffer's beginning, quoted.
pub fn bytes(buffer: &[u8]) -> String {
    Bytes(buffer[..buffer.len().min(SHOWN_BYTES)].to_vec()).quoted(buffer.len())
}

/// A `linger`.
pub fn linger(value: libc::linger) -> String {
    format!("{{l_onoff={}, l_linger={}}}", value.l_onoff, value.l_linger)
}

/// A `timeval` in a socket option, which `strace` prints as the bytes that it is.
pub fn timeval(value: libc::timeval) -> String {
    bytes(&[value.tv_sec.to_ne_bytes(), value.tv_usec.to_ne_bytes()].concat())
}
