//! Socket options: where each lives in the kernel, and its number to and from the form it has there.

use std::os::fd::RawFd;

use libc::{IPPROTO_TCP, SOL_SOCKET, c_int};

use super::strace;
use super::trace::{OptionLevel, Trace};
use crate::os::sock::SysResult;
use finwait_model::call::SocketOption;

/// The form of an option's value.
enum OptionForm {
    Int(OptionLevel),
    Linger,
    Timeval(OptionLevel),
    StatusFlag(c_int),
}

/// `SO_LINGER`, which closing needs too.
const LINGER: OptionLevel = OptionLevel {
    level: SOL_SOCKET,
    number: libc::SO_LINGER,
    name: "SO_LINGER",
};

/// `SO_ERROR`
const ERROR: OptionLevel = OptionLevel {
    level: SOL_SOCKET,
    number: libc::SO_ERROR,
    name: "SO_ERROR",
};

fn form(option: SocketOption) -> OptionForm {
    let int = |level, number| {
        OptionForm::Int(OptionLevel {
            level,
            number,
            name: option.name(),
        })
    };
    // strace calls the two with a `long` in their timeval so, on 64 bits too.
    let timeval = |number, name| {
        OptionForm::Timeval(OptionLevel {
            level: SOL_SOCKET,
            number,
            name,
        })
    };
    match option {
        SocketOption::Linger => OptionForm::Linger,
        SocketOption::Reuseaddr => int(SOL_SOCKET, libc::SO_REUSEADDR),
        SocketOption::Reuseport => int(SOL_SOCKET, libc::SO_REUSEPORT),
        SocketOption::Nodelay => int(IPPROTO_TCP, libc::TCP_NODELAY),
        SocketOption::Cork => int(IPPROTO_TCP, libc::TCP_CORK),
        SocketOption::Keepalive => int(SOL_SOCKET, libc::SO_KEEPALIVE),
        SocketOption::Keepidle => int(IPPROTO_TCP, libc::TCP_KEEPIDLE),
        SocketOption::Keepintvl => int(IPPROTO_TCP, libc::TCP_KEEPINTVL),
        SocketOption::Keepcnt => int(IPPROTO_TCP, libc::TCP_KEEPCNT),
        SocketOption::UserTimeout => int(IPPROTO_TCP, libc::TCP_USER_TIMEOUT),
        SocketOption::Syncnt => int(IPPROTO_TCP, libc::TCP_SYNCNT),
        SocketOption::DeferAccept => int(IPPROTO_TCP, libc::TCP_DEFER_ACCEPT),
        SocketOption::Rcvbuf => int(SOL_SOCKET, libc::SO_RCVBUF),
        SocketOption::Sndbuf => int(SOL_SOCKET, libc::SO_SNDBUF),
        SocketOption::Rcvtimeo => timeval(libc::SO_RCVTIMEO, "SO_RCVTIMEO_OLD"),
        SocketOption::Sndtimeo => timeval(libc::SO_SNDTIMEO, "SO_SNDTIMEO_OLD"),
        SocketOption::Nonblock => OptionForm::StatusFlag(libc::O_NONBLOCK),
        SocketOption::Linger2 => int(IPPROTO_TCP, libc::TCP_LINGER2),
    }
}

fn shown_int(value: c_int) -> String {
    format!("[{value}]")
}

/// Reads an option.
///
/// # Errors
///
/// The errno of `getsockopt(2)` or `fcntl(2)`.
pub fn get(sys: &mut Trace, fd: RawFd, option: SocketOption) -> SysResult<i64> {
    match form(option) {
        OptionForm::Int(place) => sys.option(fd, place, shown_int).map(i64::from),
        OptionForm::Linger => sys
            .option(fd, LINGER, strace::linger)
            .map(|linger| match linger.l_onoff {
                0 => -1,
                _ => i64::from(linger.l_linger),
            }),
        OptionForm::Timeval(place) => sys
            .option(fd, place, strace::timeval)
            .map(|time| time.tv_sec.saturating_mul(1000).saturating_add(time.tv_usec / 1000)),
        OptionForm::StatusFlag(flag) => sys.status_flags(fd).map(|flags| i64::from(flags & flag != 0)),
    }
}

/// Sets an option; makes no call for a number that the kernel's type cannot hold.
///
/// # Errors
///
/// A sentence where the kernel's type cannot hold the number. The errno of `setsockopt(2)` or `fcntl(2)` is the value.
pub fn set(sys: &mut Trace, fd: RawFd, option: SocketOption, value: i64) -> Result<SysResult<c_int>, String> {
    let int = || c_int::try_from(value).map_err(|_| format!("{value} does not fit into {}, an int", option.name()));
    Ok(match form(option) {
        OptionForm::Int(place) => {
            let value = int()?;
            sys.set_option(fd, place, value, &shown_int(value))
        }
        OptionForm::Linger => set_linger(sys, fd, int()?),
        OptionForm::Timeval(place) => {
            let time = libc::timeval {
                tv_sec: value.div_euclid(1000),
                tv_usec: value.rem_euclid(1000) * 1000,
            };
            sys.set_option(fd, place, time, &strace::timeval(time))
        }
        OptionForm::StatusFlag(flag) => sys.status_flags(fd).and_then(|flags| {
            let flags = if value == 0 { flags & !flag } else { flags | flag };
            sys.set_status_flags(fd, flags)
        }),
    })
}

const fn lingering(seconds: c_int) -> libc::linger {
    libc::linger {
        l_onoff: (seconds >= 0) as c_int,
        l_linger: if seconds > 0 { seconds } else { 0 },
    }
}

/// Sets how long `close` lingers: so many seconds, or off below zero.
///
/// # Errors
///
/// The errno of `setsockopt(2)`.
pub fn set_linger(sys: &mut Trace, fd: RawFd, seconds: c_int) -> SysResult<c_int> {
    let linger = lingering(seconds);
    sys.set_option(fd, LINGER, linger, &strace::linger(linger))
}

/// The call that [`set_linger`] makes.
pub fn linger_text(fd: RawFd, seconds: c_int) -> String {
    let linger = lingering(seconds);
    Trace::set_option_text(fd, LINGER, linger, &strace::linger(linger))
}

/// Takes the pending error out of the socket; 0 for none (`sock_error` clears `sk_err` as it reads it).
///
/// # Errors
///
/// The errno of `getsockopt(2)`.
pub fn take_error(sys: &mut Trace, fd: RawFd) -> SysResult<c_int> {
    sys.option(fd, ERROR, |error: c_int| match error {
        0 => shown_int(0),
        error => format!("[{}]", finwait_model::errno::Errno(error).name()),
    })
}
