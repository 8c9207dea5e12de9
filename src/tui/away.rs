//! Stopped, and back again.
//!
//! Ctrl-Z and SIGTSTP stop all threads, the screen's and the lab's; the endpoints are process groups of their own, and go on: their sockets
//! live, a call that blocks may return, the kernel's timers run. What they send waits in the hosts' devices until finwait goes on. The
//! input thread reads nothing between Ctrl-Z and the moment when the terminal is ours again: what is typed there is the shell's.

use std::io;
use std::time::Duration;

use super::terminal::{self, Guard};
use crate::clock::{MonoTime, human};
use crate::error::{Operation, Result};
use crate::os::job::Job;
use crate::os::signal::{self, StopTarget};

/// The time for which the screen waits for the SIGCONT that resumes us, and in the background for a signal that ends us, before it takes
/// the terminal again. A user who comes back by `fg` does not wait for it.
const GRACE: Duration = Duration::from_millis(100);

/// The terminal is not ours: we are about to stop, or go on again.
#[derive(Clone, Copy, Debug)]
pub struct Suspension {
    /// The time at which we stopped; none when it was not our doing (SIGSTOP).
    since: Option<MonoTime>,
    /// SIGCONT has come.
    continued: bool,
    /// The time at which to take the terminal.
    pub back: MonoTime,
}

impl Suspension {
    /// Gives the terminal back and stops; returns when we are to go on.
    pub fn stopped(guard: &mut Guard, whom: StopTarget) -> Result<Suspension> {
        guard.give_back();
        let since = MonoTime::now();
        signal::stop(whom)
            .map_err(|error| io::Error::from_raw_os_error(error.0))
            .during(|| "stop finwait".into())?;
        Ok(Suspension {
            since: Some(since),
            continued: false,
            back: MonoTime::now().plus(GRACE),
        })
    }

    /// SIGCONT came.
    pub fn go_on(before: Option<Suspension>) -> Suspension {
        let now = MonoTime::now();
        Suspension {
            since: before.and_then(|away| away.since),
            continued: true,
            // `kill %1` continues a stopped job, too, so that it can end: first of all it gets the chance.
            back: if terminal::in_front() { now } else { now.plus(GRACE) },
        }
    }

    /// Returns the log's note on it at `now`; none when nothing has resumed us, so that we had not stopped.
    pub fn note(self, now: MonoTime) -> Option<String> {
        self.continued.then(|| match self.since {
            Some(since) => format!(
                "stopped for {}; the sockets went on, what they did is shown now",
                human(now.since(since))
            ),
            None => "SIGCONT: if finwait was stopped, the sockets went on, what they did is shown now".into(),
        })
    }
}

/// Whether the program can be stopped, as it was when it started.
#[derive(Clone, Copy, Debug)]
pub struct JobControl {
    ignored: bool,
}

impl JobControl {
    /// Detects it, before SIGTSTP is caught.
    pub fn detect() -> JobControl {
        JobControl {
            ignored: signal::never_stops(),
        }
    }

    /// Is SIGTSTP to be caught?
    pub const fn caught(self) -> bool {
        !self.ignored
    }

    /// Returns the reason why it cannot be stopped; none when it can.
    pub fn refused(self) -> Option<&'static str> {
        if self.ignored {
            Some("finwait does not stop: it was started with SIGTSTP ignored")
        } else if !has_shell() {
            Some("finwait does not stop: no shell with job control started it, so nothing could resume it")
        } else {
            None
        }
    }
}

/// Whether a shell could resume us. Without one the kernel does not stop a process group (an orphaned one, setpgid(2)).
fn has_shell() -> bool {
    let Some(own) = Job::own() else { return false };
    let mut ancestor = own;
    while let Some(parent) = ancestor.parent() {
        if parent.group != own.group {
            return parent.session == own.session;
        }
        ancestor = parent;
    }
    false
}
