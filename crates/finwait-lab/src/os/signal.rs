//! Signals: the one that interrupts a blocked call, `SIGPIPE`, the one that ends a child with its parent, and the one that stops.

use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::process::Command;

use libc::c_int;
use rustix::process::{Pid, Signal, getpid, getppid, kill_current_process_group, set_parent_process_death_signal};
use rustix::thread::gettid;

use super::sock::SysResult;
use finwait_model::call::Sigpipe;
use finwait_model::errno::Errno;

/// The signal that interrupts a blocked call. Not `SIGURG`: the kernel sends that one for urgent data.
const INTERRUPT: c_int = libc::SIGUSR1;

/// The name.
pub const INTERRUPT_NAME: &str = "SIGUSR1";

extern "C" fn nothing(_signal: c_int) {}

/// The disposition of a signal.
struct SignalAction(libc::sigaction);

impl SignalAction {
    /// An action with that handler, with neither flags (so without `SA_RESTART`) nor masked signals.
    fn of(handler: libc::sighandler_t) -> SignalAction {
        // SAFETY: all zeros are a sigaction: default handler, empty mask, no flags.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = handler;
        SignalAction(action)
    }

    /// Puts it in force; returns what was in force before.
    fn set(&self, signal: c_int) -> SysResult<SignalAction> {
        let mut before = SignalAction::of(libc::SIG_DFL);
        // SAFETY: two live sigactions; the handler is SIG_IGN, SIG_DFL, a function that does nothing, or one that was in force before.
        match unsafe { libc::sigaction(signal, &raw const self.0, &raw mut before.0) } {
            0 => Ok(before),
            _ => Err(Errno::of(&io::Error::last_os_error())),
        }
    }

    /// Returns the signal's action in force.
    fn now(signal: c_int) -> SysResult<SignalAction> {
        let mut now = SignalAction::of(libc::SIG_DFL);
        // SAFETY: a live sigaction to write to; nothing is changed.
        match unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut now.0) } {
            0 => Ok(now),
            _ => Err(Errno::of(&io::Error::last_os_error())),
        }
    }
}

/// Sets a signal's handler.
fn handle(signal: c_int, handler: libc::sighandler_t) -> SysResult<c_int> {
    SignalAction::of(handler).set(signal).map(|_| 0)
}

/// Makes the interrupting signal end blocked calls with `EINTR`, and do nothing else.
///
/// # Errors
///
/// The errno of `sigaction(2)`, which has no reason to fail.
pub fn allow_interrupts() -> SysResult<c_int> {
    handle(INTERRUPT, nothing as extern "C" fn(c_int) as libc::sighandler_t)
}

/// Interrupts a thread of this process, whatever it is doing.
///
/// # Errors
///
/// The errno of `tgkill(2)`: `ESRCH` when the thread is gone.
pub fn interrupt(thread: Pid) -> SysResult<c_int> {
    to_thread(thread, INTERRUPT)
}

/// Sends a signal to a thread of this process.
fn to_thread(thread: Pid, signal: c_int) -> SysResult<c_int> {
    let (process, thread) = (getpid().as_raw_nonzero().get(), thread.as_raw_nonzero().get());
    // SAFETY: tgkill takes three numbers; a thread that is gone is an ESRCH.
    match unsafe { libc::syscall(libc::SYS_tgkill, process, thread, signal) } {
        0 => Ok(0),
        _ => Err(Errno::of(&io::Error::last_os_error())),
    }
}

/// Whom [`stop`] stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopTarget {
    /// Only this process: somebody has sent SIGTSTP to it.
    Us,
    /// The whole process group, as Ctrl-Z at a terminal does.
    Group,
}

/// Is SIGTSTP ignored? A parent that leaves it so wants its children not to stop.
pub fn never_stops() -> bool {
    SignalAction::now(libc::SIGTSTP).is_ok_and(|action| action.0.sa_sigaction == libc::SIG_IGN)
}

/// Stops with SIGTSTP, and returns when SIGCONT has come. It returns at once where the kernel stops nobody because no shell could
/// let him go on: in an orphaned process group (setpgid(2)).
///
/// # Errors
///
/// The errno of `sigaction(2)` or `tgkill(2)`, which have no reason to fail.
pub fn stop(whom: StopTarget) -> SysResult<()> {
    let caught = SignalAction::of(libc::SIG_IGN).set(libc::SIGTSTP)?;
    if whom == StopTarget::Group {
        // Ourselves it does not reach: we are still to stop at a known place.
        let _ = kill_current_process_group(Signal::TSTP);
    }
    SignalAction::of(libc::SIG_DFL).set(libc::SIGTSTP)?;
    // To this thread, which does not block it: the process stops before the call returns.
    let stopped = to_thread(gettid(), libc::SIGTSTP);
    caught.set(libc::SIGTSTP)?;
    stopped.map(drop)
}

/// Sets what SIGPIPE does to this process.
///
/// # Errors
///
/// The errno of `sigaction(2)`, which has no reason to fail.
pub fn set_sigpipe(disposition: Sigpipe) -> SysResult<c_int> {
    let handler = match disposition {
        Sigpipe::Ignore => libc::SIG_IGN,
        Sigpipe::Default => libc::SIG_DFL,
    };
    handle(libc::SIGPIPE, handler)
}

/// The signals that a thread blocks (`pthread_sigmask(3)`).
pub struct SignalMask(libc::sigset_t);

impl SignalMask {
    /// Returns those of this thread now.
    pub fn now() -> SignalMask {
        let mut now = MaybeUninit::uninit();
        // SAFETY: the first call fills the set, which is ours; the second, which changes nothing without a set of its own, writes to it.
        SignalMask(unsafe {
            libc::sigemptyset(now.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_SETMASK, std::ptr::null(), now.as_mut_ptr());
            now.assume_init()
        })
    }

    /// Has this thread block these, and no others.
    pub fn restore(&self) {
        // It cannot fail: the mask is one that was in force.
        // SAFETY: the set is only read.
        let _ = unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut()) };
    }
}

/// Undoes what a parent may have left to this process beside its standard streams: an ignored SIGCHLD, with which the kernel
/// reports no child's end (`wait(2)`), and blocked signals (`sigprocmask(2)`), with which no call could be interrupted.
///
/// # Errors
///
/// The errno of `sigaction(2)` or `pthread_sigmask(3)`, which have no reason to fail.
pub fn reset_inherited() -> SysResult<()> {
    handle(libc::SIGCHLD, libc::SIG_DFL)?;
    let mut none = MaybeUninit::uninit();
    // SAFETY: `sigemptyset` fills the set, which is ours; then it is only read.
    let set = unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut())
    };
    match set {
        0 => Ok(()),
        errno => Err(Errno(errno)),
    }
}

/// Lets SIGINT and SIGQUIT end this process, as they do by default. A shell without job control has what it starts in the background ignore
/// both (POSIX, 2.11), and so would a program that is sent one of them here.
///
/// # Errors
///
/// The errno of `sigaction(2)`, which has no reason to fail.
pub fn reset_interrupts() -> SysResult<()> {
    handle(libc::SIGINT, libc::SIG_DFL)?;
    handle(libc::SIGQUIT, libc::SIG_DFL).map(drop)
}

/// Has the kernel kill this process when the thread that spawned it ends.
pub fn die_with_parent_thread() {
    // It cannot fail (prctl(2)).
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
}

/// Has the kernel kill the child when its parent's thread ends: the thread that spawns it, so spawn it from one that stays.
pub fn die_with_parent(command: &mut Command) {
    let parent = getpid();
    let arm = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // The parent may have died before the line above; then no signal will come.
        if getppid() == Some(parent) {
            Ok(())
        } else {
            Err(io::Error::from_raw_os_error(libc::ESRCH))
        }
    };
    // SAFETY: between fork and exec only two raw system calls are made; no allocation, no lock.
    unsafe { command.pre_exec(arm) };
}
