//! The time for which the kernel retransmits an unanswered SYN before connect is ETIMEDOUT: worked out from the settings of this machine.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

use crate::os::sysctl;
use finwait_model::clock::human;

/// The settings that say how many times an unanswered SYN is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SynPatience {
    /// `net.ipv4.tcp_syn_retries`
    pub retries: u32,
    /// `net.ipv4.tcp_syn_linear_timeouts`, of Linux 6.5 and later; 0 before.
    pub linear: u32,
}

/// TCP_TIMEOUT_INIT: how long the first SYN waits for an answer.
const FIRST: Duration = Duration::from_secs(1);
/// TCP_RTO_MAX: no wait is longer.
const LONGEST: Duration = Duration::from_secs(120);

impl SynPatience {
    /// Reads the settings of the calling thread's network namespace; none where procfs does not have them.
    pub fn here() -> Option<SynPatience> {
        let read = |name| sysctl::read(name).ok()?.parse().ok();
        Some(SynPatience {
            retries: read("net.ipv4.tcp_syn_retries")?,
            linear: read("net.ipv4.tcp_syn_linear_timeouts").unwrap_or(0),
        })
    }

    /// Returns the times after the first SYN at which the timer runs out, as `tcp_retransmit_timer` sets it and `tcp_write_timeout`
    /// looks at it. The last ends the attempt; at each other one the SYN is sent again.
    ///
    /// The first waits are equally long, one more than `linear`; each later one is twice the one before. The end comes when the SYN was
    /// sent again `retries + linear` times, or when as much time has gone as `retries` doublings make without linear waits.
    pub fn timers(self) -> Vec<Duration> {
        let longer = |wait: Duration| (wait * 2).min(LONGEST);
        let waits = std::iter::successors(Some(FIRST), |wait| Some(longer(*wait)));
        let enough: Duration = waits.take(self.retries as usize + 1).sum();
        let (mut timers, mut wait) = (vec![FIRST], FIRST);
        let mut gone = FIRST;
        for again in 1..=self.retries + self.linear {
            if again > 1 && gone >= enough {
                break;
            }
            if again > self.linear {
                wait = longer(wait);
            }
            gone += wait;
            timers.push(gone);
        }
        timers
    }

    /// The shortest time that it takes.
    pub fn at_least(self) -> Duration {
        self.timers().last().copied().unwrap_or(FIRST)
    }

    /// The longest that it takes: the kernel's timers are late by up to an eighth of the wait, never early.
    pub fn at_most(self) -> Duration {
        self.at_least() * 9 / 8
    }

    /// Returns whether it is about that long. It may be a sixth more or less.
    pub fn is_about(self, wanted: Duration) -> bool {
        self.at_most() >= wanted * 5 / 6 && self.at_least() <= wanted * 7 / 6
    }
}

impl fmt::Display for SynPatience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} to {} (tcp_syn_retries = {}, tcp_syn_linear_timeouts = {})",
            human(self.at_least()),
            human(self.at_most()),
            self.retries,
            self.linear
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_give_the_time() {
        // Held against the kernel: tests/do/connect.rs. The defaults took 134.3 s on Linux 6.18, and 130 s on 5.10.
        for (retries, linear, seconds) in [
            (6, 4, 131),
            (6, 0, 127),
            (1, 4, 3),
            (2, 4, 7),
            (3, 4, 19),
            (1, 0, 3),
            (8, 0, 127 + 120 + 120),
        ] {
            let patience = SynPatience { retries, linear };
            assert_eq!(patience.at_least(), Duration::from_secs(seconds), "{patience:?}");
        }
        let seconds = |retries, linear| -> Vec<u64> {
            let timers = SynPatience { retries, linear }.timers();
            timers.iter().map(Duration::as_secs).collect()
        };
        assert_eq!(seconds(3, 4), [1, 2, 3, 4, 5, 7, 11, 19]);
        assert_eq!(seconds(1, 0), [1, 3]);
    }

    #[test]
    fn about_three_minutes_is_neither_two_nor_six() {
        let about = |retries| SynPatience { retries, linear: 4 }.is_about(Duration::from_secs(180));
        assert!(!about(5) && !about(6) && !about(7));
        let linear = |linear| SynPatience { retries: 6, linear }.is_about(Duration::from_secs(180));
        assert!(linear(50) && !linear(0));
    }
}
