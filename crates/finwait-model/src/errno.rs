//! Error numbers: the kernel's answer to a call that failed. An answer, not a failure of ours.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An error number as a system call returned it, always above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Errno(pub i32);

/// The error numbers that a socket call can meet on Linux, with glibc's text for each; one table, numbers from libc.
macro_rules! errnos {
    ($($name:ident $text:literal;)*) => {
        impl Errno {
            $(
                #[doc = concat!("`", stringify!($name), "`")]
                pub const $name: Errno = Errno(libc::$name);
            )*

            /// Errnos that have a name here, in the table's order.
            pub const NAMED: &'static [(Errno, &'static str)] = &[$((Errno::$name, stringify!($name))),*];

            /// glibc's text of one that has a name here, whatever libc this program was built with.
            const fn known_text(self) -> Option<&'static str> {
                match self {
                    $(Errno::$name => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

errnos! {
    EPERM "Operation not permitted";
    ENOENT "No such file or directory";
    ESRCH "No such process";
    EINTR "Interrupted system call";
    EIO "Input/output error";
    ENXIO "No such device or address";
    E2BIG "Argument list too long";
    EBADF "Bad file descriptor";
    EAGAIN "Resource temporarily unavailable";
    ENOMEM "Cannot allocate memory";
    EACCES "Permission denied";
    EFAULT "Bad address";
    EBUSY "Device or resource busy";
    EEXIST "File exists";
    ENODEV "No such device";
    ENOTDIR "Not a directory";
    EISDIR "Is a directory";
    EINVAL "Invalid argument";
    ENFILE "Too many open files in system";
    EMFILE "Too many open files";
    ENOTTY "Inappropriate ioctl for device";
    EFBIG "File too large";
    ENOSPC "No space left on device";
    ESPIPE "Illegal seek";
    EROFS "Read-only file system";
    EPIPE "Broken pipe";
    EDOM "Numerical argument out of domain";
    ERANGE "Numerical result out of range";
    EDEADLK "Resource deadlock avoided";
    ENOSYS "Function not implemented";
    EPROTO "Protocol error";
    EOVERFLOW "Value too large for defined data type";
    EBADMSG "Bad message";
    ENOTSOCK "Socket operation on non-socket";
    EDESTADDRREQ "Destination address required";
    EMSGSIZE "Message too long";
    EPROTOTYPE "Protocol wrong type for socket";
    ENOPROTOOPT "Protocol not available";
    EPROTONOSUPPORT "Protocol not supported";
    ESOCKTNOSUPPORT "Socket type not supported";
    EOPNOTSUPP "Operation not supported";
    EPFNOSUPPORT "Protocol family not supported";
    EAFNOSUPPORT "Address family not supported by protocol";
    EADDRINUSE "Address already in use";
    EADDRNOTAVAIL "Cannot assign requested address";
    ENETDOWN "Network is down";
    ENETUNREACH "Network is unreachable";
    ENETRESET "Network dropped connection on reset";
    ECONNABORTED "Software caused connection abort";
    ECONNRESET "Connection reset by peer";
    ENOBUFS "No buffer space available";
    EISCONN "Transport endpoint is already connected";
    ENOTCONN "Transport endpoint is not connected";
    ESHUTDOWN "Cannot send after transport endpoint shutdown";
    ETOOMANYREFS "Too many references: cannot splice";
    ETIMEDOUT "Connection timed out";
    ECONNREFUSED "Connection refused";
    EHOSTDOWN "Host is down";
    EHOSTUNREACH "No route to host";
    EALREADY "Operation already in progress";
    EINPROGRESS "Operation now in progress";
    ENONET "Machine is not on the network";
    ECANCELED "Operation canceled";
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

    /// The text as glibc and `strace` have it, `Broken pipe`; libc's own (`strerror`) for one that is not in the table.
    pub fn text(self) -> String {
        match self.known_text() {
            Some(text) => text.to_owned(),
            None => self.libc_text(),
        }
    }

    /// `strerror`, whose words differ from libc to libc.
    fn libc_text(self) -> String {
        // std appends " (os error N)" to strerror's text, and has no other safe way to it.
        let text = std::io::Error::from_raw_os_error(self.0).to_string();
        match text.rfind(" (os error ") {
            Some(end) => text[..end].to_owned(),
            None => text,
        }
    }
}

impl fmt::Display for Errno {
    /// Returns the errno as `strace` prints it: `EPIPE (Broken pipe)`.
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

    /// musl has words of its own: a static build must not speak otherwise.
    #[cfg(target_env = "gnu")]
    #[test]
    fn the_texts_are_those_of_glibc() {
        for (errno, name) in Errno::NAMED {
            assert_eq!(errno.known_text(), Some(errno.libc_text().as_str()), "{name}");
        }
    }

    #[test]
    fn an_unnamed_errno_shows_its_number() {
        assert_eq!(Errno(4095).name(), "E4095");
    }
}
