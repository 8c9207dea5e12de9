//! Signals by their names.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A signal that a process is sent, or that ended one (signal(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signal(pub i32);

/// The signals that have a name here, without its SIG.
const NAMED: [(&str, i32); 20] = [
    ("TERM", libc::SIGTERM),
    ("KILL", libc::SIGKILL),
    ("HUP", libc::SIGHUP),
    ("INT", libc::SIGINT),
    ("QUIT", libc::SIGQUIT),
    ("USR1", libc::SIGUSR1),
    ("USR2", libc::SIGUSR2),
    ("STOP", libc::SIGSTOP),
    ("CONT", libc::SIGCONT),
    ("ABRT", libc::SIGABRT),
    ("ALRM", libc::SIGALRM),
    ("PIPE", libc::SIGPIPE),
    ("CHLD", libc::SIGCHLD),
    ("TSTP", libc::SIGTSTP),
    ("TTIN", libc::SIGTTIN),
    ("TTOU", libc::SIGTTOU),
    ("SEGV", libc::SIGSEGV),
    ("BUS", libc::SIGBUS),
    ("WINCH", libc::SIGWINCH),
    ("XCPU", libc::SIGXCPU),
];

/// The greatest number of a signal (`_NSIG`).
const LAST: i32 = 64;

impl Signal {
    /// Reads `TERM`, `SIGTERM`, `term` or `15`; none for anything else.
    pub fn named(text: &str) -> Option<Signal> {
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        let named = NAMED.iter().find(|(known, _)| *known == name);
        let number = || text.parse().ok().filter(|number| (1..=LAST).contains(number));
        named.map(|(_, number)| *number).or_else(number).map(Signal)
    }

    /// The names that can be given, without their SIG.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMED.iter().map(|(name, _)| *name)
    }

    /// Returns its name without SIG; none for one that has a number alone, like those for real time.
    pub fn name(self) -> Option<&'static str> {
        let named = NAMED.iter().find(|(_, number)| *number == self.0);
        named.map(|(name, _)| *name)
    }
}

impl fmt::Display for Signal {
    /// Prints `SIGTERM`, or `signal 34`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "SIG{name}"),
            None => write!(f, "signal {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_taken_by_its_name_or_its_number() {
        for text in ["TERM", "SIGTERM", "term", "15"] {
            assert_eq!(Signal::named(text), Some(Signal(libc::SIGTERM)), "{text}");
        }
        for text in ["", "SIG", "TREM", "0", "65", "-9"] {
            assert_eq!(Signal::named(text), None, "{text}");
        }
        assert_eq!(Signal(libc::SIGHUP).to_string(), "SIGHUP");
        assert_eq!(Signal(40).to_string(), "signal 40");
        for name in Signal::names() {
            assert_eq!(Signal::named(name).and_then(Signal::name), Some(name));
        }
    }
}
