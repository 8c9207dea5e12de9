//! Signals: the one that interrupts a blocked call, `SIGPIPE`, and the one that ends a child with its parent.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use libc::c_int;
use rustix::process::{Pid, Signal, getpid, getppid, set_parent_process_death_signal};

use super::sock::Answer;
use crate::call::Sigpipe;
use crate::errno::Errno;

/// The signal that interrupts a blocked call. Not `SIGURG`: the kernel sends that one for urgent data.
const INTERRUPT: c_int = libc::SIGUSR1;

/// Its name.
pub const INTERRUPT_NAME: &str = "SIGUSR1";

extern "C" fn nothing(_signal: c_int) {}

/// Sets a signal's handler, with neither flags (so without `SA_RESTART`) nor masked signals.
fn handle(signal: c_int, handler: libc::sighandler_t) -> Answer<c_int> {
    // SAFETY: all zeros are a sigaction: default handler, empty mask, no flags.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler;
    // SAFETY: a live sigaction, whose handler is SIG_IGN, SIG_DFL or a function that does nothing.
    match unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) } {
        0 => Ok(0),
        _ => Err(Errno::of(&io::Error::last_os_error())),
    }
}

/// Makes the interrupting signal end blocked calls with `EINTR`, and do nothing else.
pub fn allow_interrupts() -> Answer<c_int> {
    handle(INTERRUPT, nothing as extern "C" fn(c_int) as libc::sighandler_t)
}

/// Interrupts a thread of this process, whatever it is doing.
pub fn interrupt(thread: Pid) -> Answer<c_int> {
    let (process, thread) = (getpid().as_raw_nonzero().get(), thread.as_raw_nonzero().get());
    // SAFETY: tgkill takes three numbers; a thread that is gone is an ESRCH.
    match unsafe { libc::syscall(libc::SYS_tgkill, process, thread, INTERRUPT) } {
        0 => Ok(0),
        _ => Err(Errno::of(&io::Error::last_os_error())),
    }
}

/// Sets what SIGPIPE does to this process.
pub fn set_sigpipe(disposition: Sigpipe) -> Answer<c_int> {
    let handler = match disposition {
        Sigpipe::Ignore => libc::SIG_IGN,
        Sigpipe::Default => libc::SIG_DFL,
    };
    handle(libc::SIGPIPE, handler)
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
