//! Points in time: `CLOCK_MONOTONIC`, which all processes on the machine share, so that an endpoint's times compare with ours.

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// A point in time: nanoseconds of `CLOCK_MONOTONIC`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MonoTime(pub u64);

impl MonoTime {
    /// Returns the time now.
    pub fn now() -> MonoTime {
        let t = clock_gettime(ClockId::Monotonic);
        MonoTime(t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64)
    }

    /// The time from `earlier` to this point; zero when it lies the other way round.
    pub fn since(self, earlier: MonoTime) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// Returns this point, `later` on, or the last that there is.
    pub fn plus(self, later: Duration) -> MonoTime {
        let later = u64::try_from(later.as_nanos()).unwrap_or(u64::MAX);
        MonoTime(self.0.saturating_add(later))
    }
}

/// A number of milliseconds, the unit of every time that a user types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u32);

impl From<Millis> for Duration {
    fn from(ms: Millis) -> Duration {
        Duration::from_millis(u64::from(ms.0))
    }
}

impl Millis {
    /// Returns it as a user types it, in the larger unit where that is exact: `500ms`, `5s`.
    pub fn typed(self) -> String {
        match self.0 {
            ms if ms > 0 && ms.is_multiple_of(1000) => format!("{}s", ms / 1000),
            ms => format!("{ms}ms"),
        }
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

/// A duration for people, three digits at the most: `11 us`, `2.1 ms`, `40 s`.
pub fn human(d: Duration) -> String {
    let us = d.as_secs_f64() * 1e6;
    match us {
        ..1e3 => format!("{us:.0} us"),
        1e3..10e3 => format!("{:.1} ms", us / 1e3),
        10e3..1e6 => format!("{:.0} ms", us / 1e3),
        1e6..10e6 => format!("{:.1} s", us / 1e6),
        _ => format!("{:.0} s", us / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_typed_in_the_larger_unit_where_that_is_exact() {
        let typed = |ms: u32| Millis(ms).typed();
        assert_eq!(
            [0, 1, 500, 1000, 1500, 30_000].map(typed),
            ["0ms", "1ms", "500ms", "1s", "1500ms", "30s"]
        );
    }

    #[test]
    fn durations_are_short_at_every_size() {
        let of = |us: u64| human(Duration::from_micros(us));
        assert_eq!(of(11), "11 us");
        assert_eq!(of(2_140), "2.1 ms");
        assert_eq!(of(203_000), "203 ms");
        assert_eq!(of(2_140_000), "2.1 s");
        assert_eq!(of(60_000_000), "60 s");
    }
}
