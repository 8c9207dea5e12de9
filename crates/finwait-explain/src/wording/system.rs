//! The operating system that a line is from: the same errno has another number, another text or another meaning there.

use serde::Serialize;
use std::fmt;

use super::signs::{Hit, Line, Sign};
use super::table::SYSTEMS;
use finwait_model::errno::Errno;

/// The operating system that speaks: the same name, number or text means something else on each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum System {
    /// Windows (Winsock)
    Windows,
    /// macOS
    Darwin,
    /// iOS
    Ios,
    /// macOS or a BSD, which have numbers and texts in common
    Bsd,
    /// Android
    Android,
}

impl System {
    /// The system that the words beside a message show.
    pub(super) fn of(hits: &[Hit], low: &str) -> Option<System> {
        let row = Line::first_row(hits, |sign| match sign {
            Sign::System(row) if SYSTEMS[row].1.is_empty() || low.contains(SYSTEMS[row].1) => Some(row),
            _ => None,
        });
        row.map(|row| SYSTEMS[row].2)
    }

    /// Does it have BSD's numbers?
    pub const fn has_bsd_numbers(self) -> bool {
        matches!(self, System::Darwin | System::Ios | System::Bsd)
    }

    /// The errno's number on this system.
    pub fn number(self, errno: Errno) -> Option<i32> {
        match self {
            System::Windows => number(WINSOCK, errno),
            System::Darwin | System::Ios | System::Bsd => number(BSD, errno),
            System::Android => Some(errno.0),
        }
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            System::Windows => "Windows",
            System::Darwin => "macOS",
            System::Ios => "iOS",
            System::Bsd => "macOS or BSD",
            System::Android => "Android",
        })
    }
}

fn number(table: &[(i32, Errno)], errno: Errno) -> Option<i32> {
    table
        .iter()
        .find(|(_, known)| *known == errno)
        .map(|(number, _)| *number)
}

/// Windows' errno of that number.
pub(super) fn of_windows(number: i32) -> Option<Errno> {
    WINSOCK
        .iter()
        .find(|(known, _)| *known == number)
        .map(|(_, errno)| *errno)
}

/// The errno of that number of Win32's own (winerror.h), which Python and .NET print where no Winsock error is behind it.
pub(super) fn of_win32(number: i32) -> Option<Errno> {
    Some(match number {
        64 => Errno::ECONNRESET,
        121 => Errno::ETIMEDOUT,
        1225 => Errno::ECONNREFUSED,
        1231 => Errno::ENETUNREACH,
        1232 => Errno::EHOSTUNREACH,
        1236 => Errno::ECONNABORTED,
        number => return of_windows(number),
    })
}

/// The errno that libuv (Node.js) prints on Windows as that number below zero (uv/errno.h).
pub(super) fn of_libuv(number: i32) -> Option<Errno> {
    Some(match number {
        4039 => Errno::ETIMEDOUT,
        4047 => Errno::EPIPE,
        4048 => Errno::EPERM,
        4050 => Errno::ENOTSOCK,
        4053 => Errno::ENOTCONN,
        4060 => Errno::ENOBUFS,
        4062 => Errno::ENETUNREACH,
        4063 => Errno::ENETDOWN,
        4066 => Errno::EMFILE,
        4069 => Errno::EISCONN,
        4071 => Errno::EINVAL,
        4073 => Errno::EHOSTUNREACH,
        4077 => Errno::ECONNRESET,
        4078 => Errno::ECONNREFUSED,
        4079 => Errno::ECONNABORTED,
        4083 => Errno::EBADF,
        4088 => Errno::EAGAIN,
        4090 => Errno::EADDRNOTAVAIL,
        4091 => Errno::EADDRINUSE,
        4092 => Errno::EACCES,
        _ => return None,
    })
}

/// The errno of that number on macOS and the BSDs, where it is not Linux's.
pub(super) fn of_bsd(number: i32) -> Option<Errno> {
    BSD.iter().find(|(known, _)| *known == number).map(|(_, errno)| *errno)
}

/// Windows' numbers.
pub(super) const WINSOCK: &[(i32, Errno)] = &[
    (10004, Errno::EINTR),
    (10009, Errno::EBADF),
    (10013, Errno::EACCES),
    (10014, Errno::EFAULT),
    (10022, Errno::EINVAL),
    (10024, Errno::EMFILE),
    (10035, Errno::EAGAIN),
    (10036, Errno::EINPROGRESS),
    (10037, Errno::EALREADY),
    (10038, Errno::ENOTSOCK),
    (10039, Errno::EDESTADDRREQ),
    (10040, Errno::EMSGSIZE),
    (10041, Errno::EPROTOTYPE),
    (10042, Errno::ENOPROTOOPT),
    (10043, Errno::EPROTONOSUPPORT),
    (10045, Errno::EOPNOTSUPP),
    (10047, Errno::EAFNOSUPPORT),
    (10048, Errno::EADDRINUSE),
    (10049, Errno::EADDRNOTAVAIL),
    (10050, Errno::ENETDOWN),
    (10051, Errno::ENETUNREACH),
    (10052, Errno::ENETRESET),
    (10053, Errno::ECONNABORTED),
    (10054, Errno::ECONNRESET),
    (10055, Errno::ENOBUFS),
    (10056, Errno::EISCONN),
    (10057, Errno::ENOTCONN),
    (10058, Errno::EPIPE),
    (10060, Errno::ETIMEDOUT),
    (10061, Errno::ECONNREFUSED),
    (10064, Errno::EHOSTDOWN),
    (10065, Errno::EHOSTUNREACH),
];

/// The numbers of macOS and the BSDs that are others than Linux's (sys/errno.h).
const BSD: &[(i32, Errno)] = &[
    (35, Errno::EAGAIN),
    (36, Errno::EINPROGRESS),
    (37, Errno::EALREADY),
    (38, Errno::ENOTSOCK),
    (39, Errno::EDESTADDRREQ),
    (40, Errno::EMSGSIZE),
    (41, Errno::EPROTOTYPE),
    (42, Errno::ENOPROTOOPT),
    (43, Errno::EPROTONOSUPPORT),
    (45, Errno::EOPNOTSUPP),
    (47, Errno::EAFNOSUPPORT),
    (48, Errno::EADDRINUSE),
    (49, Errno::EADDRNOTAVAIL),
    (50, Errno::ENETDOWN),
    (51, Errno::ENETUNREACH),
    (52, Errno::ENETRESET),
    (53, Errno::ECONNABORTED),
    (54, Errno::ECONNRESET),
    (55, Errno::ENOBUFS),
    (56, Errno::EISCONN),
    (57, Errno::ENOTCONN),
    (58, Errno::ESHUTDOWN),
    (60, Errno::ETIMEDOUT),
    (61, Errno::ECONNREFUSED),
    (64, Errno::EHOSTDOWN),
    (65, Errno::EHOSTUNREACH),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_stands_once() {
        for table in [WINSOCK, BSD] {
            assert!(table.is_sorted_by(|a, b| a.0 < b.0));
        }
        // Those that Linux has, too, mean something else there.
        assert!(BSD.iter().all(|(number, errno)| errno.0 != *number));
    }
}
