//! Socket calls on a bare descriptor number: one function, one system call.
//!
//! The numbers are bare on purpose. A `BorrowedFd` may be neither closed nor -1, and to have a call made on just such a
//! number, and the kernel say `EBADF`, is what the endpoint is for. It owns every number above 2, so nobody else's
//! descriptor can be meant.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use libc::{c_int, c_void, socklen_t};
use socket2::SockAddr;

use finwait_model::errno::Errno;

/// The kernel's answer: a value, or an error number.
pub type SysResult<T> = Result<T, Errno>;

/// Below zero, the reason is in `errno`.
fn answer<T: Default + PartialOrd>(returned: T) -> SysResult<T> {
    if returned < T::default() {
        Err(Errno::of(&io::Error::last_os_error()))
    } else {
        Ok(returned)
    }
}

/// `answer` for a number of bytes.
fn count(returned: libc::ssize_t) -> SysResult<usize> {
    answer(returned).map(isize::unsigned_abs)
}

/// Calls `socket(2)`: a stream socket of TCP, closed on exec.
///
/// # Errors
///
/// The errno of `socket(2)`.
pub fn socket(family: c_int) -> SysResult<RawFd> {
    // SAFETY: no pointers.
    answer(unsafe { libc::socket(family, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, libc::IPPROTO_TCP) })
}

/// Calls `bind(2)`.
///
/// # Errors
///
/// The errno of `bind(2)`.
pub fn bind(fd: RawFd, address: &SocketAddr) -> SysResult<c_int> {
    let address = SockAddr::from(*address);
    // SAFETY: the pointer and the length are those of one live address.
    answer(unsafe { libc::bind(fd, address.as_ptr().cast(), address.len()) })
}

/// Calls `listen(2)`.
///
/// # Errors
///
/// The errno of `listen(2)`.
pub fn listen(fd: RawFd, backlog: c_int) -> SysResult<c_int> {
    // SAFETY: no pointers.
    answer(unsafe { libc::listen(fd, backlog) })
}

/// Calls `accept4(2)`: the new descriptor, closed on exec, and the peer.
///
/// # Errors
///
/// The errno of `accept4(2)`.
pub fn accept(fd: RawFd) -> SysResult<(RawFd, SockAddr)> {
    // SAFETY: try_init hands out storage and its length, which accept4 fills in when it succeeds.
    let accepted = unsafe {
        SockAddr::try_init(
            |storage, length| match libc::accept4(fd, storage.cast(), length, libc::SOCK_CLOEXEC) {
                new if new < 0 => Err(io::Error::last_os_error()),
                new => Ok(new),
            },
        )
    };
    accepted.map_err(|error| Errno::of(&error))
}

/// Calls `connect(2)`.
///
/// # Errors
///
/// The errno of `connect(2)`.
pub fn connect(fd: RawFd, address: &SocketAddr) -> SysResult<c_int> {
    let address = SockAddr::from(*address);
    // SAFETY: the pointer and the length are those of one live address.
    answer(unsafe { libc::connect(fd, address.as_ptr().cast(), address.len()) })
}

/// Calls `connect(2)` with `AF_UNSPEC`, 16 bytes: dissolves the connection (`tcp_disconnect`).
///
/// # Errors
///
/// The errno of `connect(2)`.
pub fn disconnect(fd: RawFd) -> SysResult<c_int> {
    let nowhere = libc::sockaddr {
        sa_family: libc::AF_UNSPEC as libc::sa_family_t,
        sa_data: [0; 14],
    };
    // SAFETY: the pointer and the length are those of one live address.
    answer(unsafe { libc::connect(fd, &raw const nowhere, size_of_val(&nowhere) as socklen_t) })
}

/// Calls `read(2)`.
///
/// # Errors
///
/// The errno of `read(2)`.
pub fn read(fd: RawFd, into: &mut [u8]) -> SysResult<usize> {
    // SAFETY: the kernel writes at most the slice's length.
    count(unsafe { libc::read(fd, into.as_mut_ptr().cast(), into.len()) })
}

/// Calls `recv(2)`, which is `recvfrom` without an address.
///
/// # Errors
///
/// The errno of `recv(2)`.
pub fn recv(fd: RawFd, into: &mut [u8], flags: c_int) -> SysResult<usize> {
    // SAFETY: the kernel writes at most the slice's length.
    count(unsafe { libc::recv(fd, into.as_mut_ptr().cast(), into.len(), flags) })
}

/// Calls `write(2)`.
///
/// # Errors
///
/// The errno of `write(2)`.
pub fn write(fd: RawFd, bytes: &[u8]) -> SysResult<usize> {
    // SAFETY: the kernel reads at most the slice's length.
    count(unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) })
}

/// Calls `send(2)`, which is `sendto` without an address.
///
/// # Errors
///
/// The errno of `send(2)`.
pub fn send(fd: RawFd, bytes: &[u8], flags: c_int) -> SysResult<usize> {
    // SAFETY: the kernel reads at most the slice's length.
    count(unsafe { libc::send(fd, bytes.as_ptr().cast(), bytes.len(), flags) })
}

/// Calls `shutdown(2)`.
///
/// # Errors
///
/// The errno of `shutdown(2)`.
pub fn shutdown(fd: RawFd, how: c_int) -> SysResult<c_int> {
    // SAFETY: no pointers.
    answer(unsafe { libc::shutdown(fd, how) })
}

/// Calls `close(2)`.
///
/// # Errors
///
/// The errno of `close(2)`.
pub fn close(fd: RawFd) -> SysResult<c_int> {
    // SAFETY: no pointers; whose the number is, see the module's head.
    answer(unsafe { libc::close(fd) })
}

/// Calls `dup(2)`.
///
/// # Errors
///
/// The errno of `dup(2)`.
pub fn dup(fd: RawFd) -> SysResult<RawFd> {
    // SAFETY: no pointers.
    answer(unsafe { libc::dup(fd) })
}

/// Calls `fcntl(F_DUPFD_CLOEXEC)`: a second descriptor, numbered `least` or higher.
///
/// # Errors
///
/// The errno of `fcntl(2)`.
pub fn dup_above(fd: RawFd, least: RawFd) -> SysResult<RawFd> {
    // SAFETY: no pointers.
    answer(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, least) })
}

/// Calls `fcntl(F_GETFL)`.
///
/// # Errors
///
/// The errno of `fcntl(2)`.
pub fn status_flags(fd: RawFd) -> SysResult<c_int> {
    // SAFETY: no pointers.
    answer(unsafe { libc::fcntl(fd, libc::F_GETFL) })
}

/// Calls `fcntl(F_SETFL)`.
///
/// # Errors
///
/// The errno of `fcntl(2)`.
pub fn set_status_flags(fd: RawFd, flags: c_int) -> SysResult<c_int> {
    // SAFETY: no pointers.
    answer(unsafe { libc::fcntl(fd, libc::F_SETFL, flags) })
}

/// Calls `poll(2)` of one descriptor: how many are ready, 0 or 1, and what for.
///
/// # Errors
///
/// The errno of `poll(2)`.
pub fn poll(fd: RawFd, events: i16, timeout_ms: c_int) -> SysResult<(c_int, i16)> {
    let mut asked = libc::pollfd { fd, events, revents: 0 };
    // SAFETY: one live pollfd, and its count.
    let ready = answer(unsafe { libc::poll(&raw mut asked, 1, timeout_ms) })?;
    Ok((ready, asked.revents))
}

mod sealed {
    /// Types that any bytes may be written into.
    pub trait Plain: Copy {}
    impl Plain for libc::c_int {}
    impl Plain for libc::linger {}
    impl Plain for libc::timeval {}
}

/// A value as a socket option carries it: an `int`, a `linger`, a `timeval`.
pub trait Plain: sealed::Plain {}
impl<T: sealed::Plain> Plain for T {}

/// Calls `getsockopt(2)`.
///
/// # Errors
///
/// The errno of `getsockopt(2)`.
pub fn option<T: Plain>(fd: RawFd, level: c_int, name: c_int) -> SysResult<T> {
    // SAFETY: all zeros are a value of each of the plain types.
    let mut value: T = unsafe { std::mem::zeroed() };
    let mut length = size_of::<T>() as socklen_t;
    // SAFETY: the kernel writes at most `length` bytes, and any bytes are a value of a plain type.
    answer(unsafe { libc::getsockopt(fd, level, name, (&raw mut value).cast::<c_void>(), &raw mut length) })?;
    Ok(value)
}

/// Returns the state of an open TCP socket in its `TCP_INFO`, which begins with it (`struct tcp_info`); the kernel's number.
///
/// # Errors
///
/// The errno of `getsockopt(2)`.
pub fn info_state(socket: BorrowedFd<'_>) -> SysResult<u8> {
    let word: c_int = option(socket.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_INFO)?;
    Ok(word.to_ne_bytes()[0])
}

/// Calls `setsockopt(2)`.
///
/// # Errors
///
/// The errno of `setsockopt(2)`.
pub fn set_option<T: Plain>(fd: RawFd, level: c_int, name: c_int, value: T) -> SysResult<c_int> {
    let length = size_of::<T>() as socklen_t;
    // SAFETY: the kernel reads at most `length` bytes of the live value.
    answer(unsafe { libc::setsockopt(fd, level, name, (&raw const value).cast::<c_void>(), length) })
}
