//! Processes of a process with one thread: the fork, its children's ends, and signals by their numbers.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::process::Pid;

/// The process that goes on after a [`fork`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forked {
    /// The new process.
    Child,
    /// The one that forked.
    Parent(Pid),
}

/// Forks the process (`fork(2)`), which must have one thread: the child may then go on as any process.
///
/// # Errors
///
/// The errno of `fork(2)`; `EINVAL` in a process with several threads.
pub fn fork() -> io::Result<Forked> {
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads > 1 {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    // SAFETY: there is one thread, so that no lock is held by another, which the child would not have.
    let pid = unsafe { libc::fork() };
    match pid {
        0 => Ok(Forked::Child),
        pid => Pid::from_raw(pid)
            .filter(|_| pid > 0)
            .map(Forked::Parent)
            .ok_or_else(io::Error::last_os_error),
    }
}

/// Blocks SIGCHLD, and returns a descriptor that is readable when one has come (`signalfd(2)`).
///
/// # Errors
///
/// The errno of `signalfd(2)`.
pub fn child_signals() -> io::Result<OwnedFd> {
    signals(&[libc::SIGCHLD])
}

/// Blocks these signals, and returns a descriptor that is readable when one has come (`signalfd(2)`), which does not block.
///
/// # Errors
///
/// The errno of `signalfd(2)`.
pub fn signals(which: &[i32]) -> io::Result<OwnedFd> {
    let mut set = std::mem::MaybeUninit::uninit();
    // SAFETY: `sigemptyset` fills the set, which is ours; the other calls take it as it is, and numbers, of which they refuse what is none.
    let fd = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in which {
            libc::sigaddset(set.as_mut_ptr(), *signal);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
        libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: signalfd has just made the descriptor, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Returns the number of the next signal that has come to such a descriptor; none where none has.
pub fn next_signal(signals: BorrowedFd<'_>) -> Option<i32> {
    let mut info = [0; size_of::<libc::signalfd_siginfo>()];
    rustix::io::read(signals, &mut info).ok()?;
    // `ssi_signo` is the first field.
    let (number, _) = info.split_first_chunk()?;
    i32::try_from(u32::from_ne_bytes(*number)).ok()
}

/// Sends a signal by its number (`kill(2)`).
///
/// # Errors
///
/// The errno of `kill(2)`: `ESRCH` where the process is gone, `EINVAL` for a number that is none.
pub fn kill(pid: Pid, signal: i32) -> io::Result<()> {
    // SAFETY: kill takes two numbers.
    match unsafe { libc::kill(pid.as_raw_nonzero().get(), signal) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Puts a descriptor in the place of another (`dup2(2)`); the new one goes on through exec.
///
/// # Errors
///
/// The errno of `dup2(2)`.
pub fn put_in_place(fd: BorrowedFd<'_>, place: i32) -> io::Result<()> {
    // SAFETY: the places are those of the standard streams, whose descriptors nobody owns as such.
    match unsafe { libc::dup2(fd.as_raw_fd(), place) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_threads_does_not_fork() {
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let other = std::thread::spawn(move || wait.recv());
        assert_eq!(fork().unwrap_err().raw_os_error(), Some(libc::EINVAL));
        drop(release);
        assert!(other.join().unwrap().is_err());
    }
}
