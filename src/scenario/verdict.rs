//! Whether a claim of the article holds: computed from a run, never written by hand.

use serde::{Deserialize, Serialize};
use std::fmt;

use super::Kernel;
use super::expect::Check;

/// Whether a claim holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All that it claims was observed.
    Holds,
    /// Of raw calls it does not hold; of Go's it does.
    HoldsForGoOnly,
    /// Something else was observed.
    DoesNotHold,
}

impl Verdict {
    /// From what was claimed of raw calls, and whether the same held for Go's, where that was tried. None when nothing of it
    /// could be seen.
    pub fn of(claims: &[Check], go: Option<bool>) -> Option<Verdict> {
        let seen: Vec<bool> = claims.iter().filter_map(|check| check.held).collect();
        if seen.is_empty() {
            return None;
        }
        Some(match (seen.iter().all(|held| *held), go) {
            (true, _) => Verdict::Holds,
            (false, Some(true)) => Verdict::HoldsForGoOnly,
            (false, Some(false) | None) => Verdict::DoesNotHold,
        })
    }

    /// In words, for the kernel that runs here.
    pub fn words(self, kernel: Option<Kernel>) -> String {
        match (self, kernel) {
            (Verdict::Holds, _) => "holds".into(),
            (Verdict::HoldsForGoOnly, _) => "holds for Go only".into(),
            (Verdict::DoesNotHold, Some(kernel)) => format!("does not hold on Linux {kernel}"),
            (Verdict::DoesNotHold, None) => "does not hold on this kernel".into(),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.words(Kernel::running()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::mistake::Place;

    #[test]
    fn a_verdict_follows_from_what_was_observed() {
        let check = |held| Check {
            place: Place::default(),
            about: "returns".into(),
            expected: "EPIPE".into(),
            observed: "EPIPE".into(),
            held,
        };
        assert_eq!(Verdict::of(&[], None), None);
        assert_eq!(Verdict::of(&[check(None)], None), None);
        assert_eq!(
            Verdict::of(&[check(Some(true)), check(None)], None),
            Some(Verdict::Holds)
        );
        let mixed = [check(Some(true)), check(Some(false))];
        assert_eq!(Verdict::of(&mixed, None), Some(Verdict::DoesNotHold));
        assert_eq!(Verdict::of(&mixed, Some(true)), Some(Verdict::HoldsForGoOnly));
    }
}
