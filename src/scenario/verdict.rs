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
    /// From what held of raw calls, and what of Go's where they were made ([`held`]). None when nothing of it could be seen.
    pub const fn of(raw: Option<bool>, go: Option<bool>) -> Option<Verdict> {
        Some(match (raw, go) {
            (None, None) => return None,
            (Some(true), Some(true) | None) => Verdict::Holds,
            (Some(false) | None, Some(true)) => Verdict::HoldsForGoOnly,
            // The article speaks of Go: raw calls alone do not make it right.
            (_, Some(false)) | (Some(false), None) => Verdict::DoesNotHold,
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

/// Was all observed that is claimed of each step? None when nothing of it could be seen. Where the article gives Go's words and they
/// could be heard, they decide; raw calls have none, and are judged by the rest.
pub fn held<'a>(steps: impl IntoIterator<Item = &'a [Check]>) -> Option<bool> {
    let of_step = |claims: &'a [Check]| {
        let words: Vec<&Check> = claims
            .iter()
            .filter(|check| check.about == "go" && check.held.is_some())
            .collect();
        let rest: Vec<&Check> = claims.iter().filter(|check| check.about != "go").collect();
        if words.is_empty() { rest } else { words }
    };
    let seen: Vec<bool> = steps
        .into_iter()
        .flat_map(of_step)
        .filter_map(|check| check.held)
        .collect();
    (!seen.is_empty()).then(|| seen.iter().all(|held| *held))
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
        let check = |about: &str, held| Check {
            place: Place::default(),
            about: about.into(),
            expected: "EPIPE".into(),
            observed: "EPIPE".into(),
            held,
        };
        let returns = |held| check("returns", held);
        let go = |held| check("go", held);
        assert_eq!(held([]), None);
        assert_eq!(held([[returns(None)].as_slice()]), None);
        assert_eq!(
            held([[returns(Some(true)), returns(None), go(None)].as_slice()]),
            Some(true)
        );
        assert_eq!(
            held([[returns(Some(true))].as_slice(), &[returns(Some(false))]]),
            Some(false)
        );
        // Go answers in its own words where raw calls have an errno.
        assert_eq!(held([[returns(Some(false)), go(Some(true))].as_slice()]), Some(true));
        assert_eq!(held([[returns(Some(true)), go(Some(false))].as_slice()]), Some(false));
        assert_eq!(Verdict::of(None, None), None);
        assert_eq!(Verdict::of(Some(true), None), Some(Verdict::Holds));
        assert_eq!(Verdict::of(Some(true), Some(true)), Some(Verdict::Holds));
        assert_eq!(Verdict::of(Some(false), Some(true)), Some(Verdict::HoldsForGoOnly));
        assert_eq!(Verdict::of(None, Some(true)), Some(Verdict::HoldsForGoOnly));
        assert_eq!(Verdict::of(Some(true), Some(false)), Some(Verdict::DoesNotHold));
    }
}
