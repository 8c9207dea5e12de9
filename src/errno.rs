//! Error numbers: the kernel's answer to a call that failed. An answer, not a failure of ours.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An error number as a system call returned it, always above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Errno(pub i32);

/// The names of the error numbers that a socket call can meet on Linux; one table, numbers from libc.
macro_rules! errnos {
    ($($name:ident)*) => {
        impl Errno {
            $(
                #[doc = concat!("`", stringify!($name), "`")]
                pub const $name: Errno = Errno(libc::$name);
            )*

            /// Those that have a name here, in the table's order.
            pub const NAMED: &'static [(Errno, &'static str)] = &[$((Errno::$name, stringify!($name))),*];
        }
    };
}

errnos! {
    EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG EBADF EAGAIN ENOMEM EACCES EFAULT EBUSY EEXIST ENODEV ENOTDIR
    EISDIR EINVAL ENFILE EMFILE ENOTTY EFBIG ENOSPC ESPIPE EROFS EPIPE EDOM ERANGE EDEADLK ENOSYS EPROTO
    EOVERFLOW EBADMSG ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT
    EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED
    ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH
    EALREADY EINPROGRESS ENONET ECANCELED
}

impl Errno {
    /// The error number in an `io::Error`; `EIO` for the rare one that carries none.
    pub fn of(error: &std::io::Error) -> Errno {
        Errno(error.raw_os_error().unwrap_or(libc::EIO))
    }

    /// The symbolic name, `EPIPE`; `E<number>` for one that is not in the table.
    pub fn name(self) -> String {
        Errno::NAMED
            .iter()
            .find(|(errno, _)| *errno == self)
            .map_or_else(|| format!("E{}", self.0), |(_, name)| (*name).to_owned())
    }

    /// libc's text (`strerror`), `Broken pipe`.
    pub fn text(self) -> String {
        // std appends " (os error N)" to strerror's text, and has no other safe way to it.
        let text = std::io::Error::from_raw_os_error(self.0).to_string();
        match text.rfind(" (os error ") {
            Some(end) => text[..end].to_owned(),
            None => text,
        }
    }
}

impl fmt::Display for Errno {
    /// As `strace` prints it: `EPIPE (Broken pipe)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.text())
    }
}

impl From<rustix::io::Errno> for Errno {
    fn from(errno: rustix::io::Errno) -> Errno {
        Errno(errno.raw_os_error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_errno_prints_as_strace_prints_it() {
        assert_eq!(Errno::EPIPE.to_string(), "EPIPE (Broken pipe)");
        assert_eq!(Errno::EBADF.to_string(), "EBADF (Bad file descriptor)");
        assert_eq!(Errno::EAGAIN.to_string(), "EAGAIN (Resource temporarily unavailable)");
    }

    #[test]
    fn an_unnamed_errno_shows_its_number() {
        assert_eq!(Errno(4095).name(), "E4095");
    }
}
