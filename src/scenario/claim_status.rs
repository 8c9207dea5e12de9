//! The verdict on a claim of the article: computed from a run, part by part, never written by hand.

use serde::{Deserialize, Serialize};
use std::fmt;

use super::Kernel;
use super::expect::Check;
use super::report::StepReport;
use crate::outcome::Outcome;
use crate::scenario::observation::CommandResult;

/// The verdict on a claim, or on a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimStatus {
    /// The claim holds: all of it was observed.
    Holds,
    /// One part of it was observed, of another part the opposite; or raw calls do as claimed and Go says something else.
    Half,
    /// The claim holds for Go's calls, and not for raw ones.
    HoldsForGoOnly,
    /// Something else was observed.
    DoesNotHold,
}

impl ClaimStatus {
    /// All of them, in the order in which they are counted.
    pub const ALL: [ClaimStatus; 4] = [
        ClaimStatus::Holds,
        ClaimStatus::Half,
        ClaimStatus::DoesNotHold,
        ClaimStatus::HoldsForGoOnly,
    ];

    /// Judges one part, from what held of raw calls, and what of Go's where they were made (`held`). None when nothing of it could
    /// be seen.
    pub const fn of(raw: Option<bool>, go: Option<bool>) -> Option<ClaimStatus> {
        Some(match (raw, go) {
            (None, None) => return None,
            (Some(true), Some(true) | None) => ClaimStatus::Holds,
            (Some(false) | None, Some(true)) => ClaimStatus::HoldsForGoOnly,
            // The errno is as claimed, its words are not.
            (Some(true), Some(false)) => ClaimStatus::Half,
            (None, Some(false)) | (Some(false), Some(false) | None) => ClaimStatus::DoesNotHold,
        })
    }

    /// Judges a whole claim by its parts; none while a part that was not tried could change it.
    pub fn of_parts(parts: impl IntoIterator<Item = Option<ClaimStatus>>) -> Option<ClaimStatus> {
        let parts: Vec<Option<ClaimStatus>> = parts.into_iter().collect();
        let any = |wanted: ClaimStatus| parts.contains(&Some(wanted));
        let some_holds = any(ClaimStatus::Holds) || any(ClaimStatus::HoldsForGoOnly);
        if any(ClaimStatus::Half) || (some_holds && any(ClaimStatus::DoesNotHold)) {
            return Some(ClaimStatus::Half);
        }
        if parts.is_empty() || parts.contains(&None) {
            return None;
        }
        Some(if any(ClaimStatus::DoesNotHold) {
            ClaimStatus::DoesNotHold
        } else if any(ClaimStatus::HoldsForGoOnly) {
            ClaimStatus::HoldsForGoOnly
        } else {
            ClaimStatus::Holds
        })
    }

    /// Returns the verdict in one or two words, for a column.
    pub const fn label(self) -> &'static str {
        match self {
            ClaimStatus::Holds => "holds",
            ClaimStatus::Half => "half",
            ClaimStatus::HoldsForGoOnly => "for Go only",
            ClaimStatus::DoesNotHold => "does not hold",
        }
    }

    /// Returns the verdict in words, for the kernel that runs here.
    pub fn words(self, kernel: Option<Kernel>) -> String {
        match (self, kernel) {
            (ClaimStatus::Holds, _) => "holds".into(),
            (ClaimStatus::Half, _) => "half holds".into(),
            (ClaimStatus::HoldsForGoOnly, _) => "holds for Go only".into(),
            (ClaimStatus::DoesNotHold, Some(kernel)) => format!("does not hold on Linux {kernel}"),
            (ClaimStatus::DoesNotHold, None) => "does not hold on this kernel".into(),
        }
    }
}

impl fmt::Display for ClaimStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.words(Kernel::running()))
    }
}

/// The parts of a claim that `steps` try, in the order of their first step: each with its name, none for the claim as a whole, and
/// its steps.
pub fn parts<'a>(steps: impl IntoIterator<Item = &'a StepReport>) -> Vec<(Option<&'a str>, Vec<&'a StepReport>)> {
    let mut parts: Vec<(Option<&str>, Vec<&StepReport>)> = Vec::new();
    for step in steps.into_iter().filter(|step| !step.claims.is_empty()) {
        let name = step.part.as_deref();
        match parts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, steps)) => steps.push(step),
            None => parts.push((name, vec![step])),
        }
    }
    parts
}

/// Tells whether all was observed that is claimed of the steps; none when nothing of it could be seen. A call that a language does
/// not have was not tried.
pub fn tried<'a>(steps: impl IntoIterator<Item = &'a StepReport>) -> Option<bool> {
    let made = |step: &&StepReport| {
        !matches!(
            step.observation.returned,
            CommandResult::Outcome(Outcome::Unsupported(_))
        )
    };
    held(steps.into_iter().filter(made).map(|step| step.claims.as_slice()))
}

/// Tells whether all was observed that is claimed of each step; none when nothing of it could be seen. Where the article gives Go's
/// words and they could be heard, they decide; raw calls have none, and are judged by the rest.
fn held<'a>(steps: impl IntoIterator<Item = &'a [Check]>) -> Option<bool> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::mistake::Position;

    fn check(about: &str, held: Option<bool>) -> Check {
        Check {
            place: Position::default(),
            about: about.into(),
            expected: "EPIPE".into(),
            observed: "EPIPE".into(),
            held,
        }
    }

    fn step(part: Option<&str>, returned: &serde_json::Value, claims: &[Check]) -> StepReport {
        serde_json::from_value(serde_json::json!({
            "scenario": "", "path": "", "no": 1, "line": 1, "say": null, "command": null, "checks": [], "claims": claims,
            "part": part, "because": null, "took_ms": 1.0,
            "observation": { "returned": returned, "later": [], "sockets": {"client": [], "server": []}, "segments": null },
        }))
        .unwrap()
    }

    #[test]
    fn what_was_observed_decides() {
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
    }

    #[test]
    fn a_part_is_judged_by_raw_calls_and_by_go() {
        for (raw, go, verdict) in [
            (None, None, None),
            (Some(true), None, Some(ClaimStatus::Holds)),
            (Some(true), Some(true), Some(ClaimStatus::Holds)),
            (Some(false), Some(true), Some(ClaimStatus::HoldsForGoOnly)),
            (None, Some(true), Some(ClaimStatus::HoldsForGoOnly)),
            (Some(true), Some(false), Some(ClaimStatus::Half)),
            (Some(false), Some(false), Some(ClaimStatus::DoesNotHold)),
            (Some(false), None, Some(ClaimStatus::DoesNotHold)),
            (None, Some(false), Some(ClaimStatus::DoesNotHold)),
        ] {
            assert_eq!(ClaimStatus::of(raw, go), verdict, "{raw:?} {go:?}");
        }
    }

    #[test]
    fn a_claim_is_judged_by_its_parts() {
        use ClaimStatus::{DoesNotHold, Half, Holds, HoldsForGoOnly};
        let of = |parts: &[Option<ClaimStatus>]| ClaimStatus::of_parts(parts.iter().copied());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[Some(Holds), Some(Holds)]), Some(Holds));
        assert_eq!(of(&[Some(Holds), Some(HoldsForGoOnly)]), Some(HoldsForGoOnly));
        assert_eq!(of(&[Some(DoesNotHold), Some(DoesNotHold)]), Some(DoesNotHold));
        assert_eq!(of(&[Some(Holds), Some(DoesNotHold)]), Some(Half));
        assert_eq!(of(&[Some(HoldsForGoOnly), Some(DoesNotHold)]), Some(Half));
        assert_eq!(of(&[Some(Half), Some(Holds)]), Some(Half));
        // A part that was not tried leaves it open, unless the others are at odds already.
        assert_eq!(of(&[Some(Holds), None]), None);
        assert_eq!(of(&[Some(DoesNotHold), None]), None);
        assert_eq!(of(&[Some(Holds), None, Some(DoesNotHold)]), Some(Half));
    }

    #[test]
    fn steps_of_one_name_are_one_part_and_what_a_language_lacks_is_not_tried() {
        let ok = serde_json::json!({"outcome": {"ok": "done"}});
        let lacks = serde_json::json!({"outcome": {"unsupported": "no such call"}});
        let steps = [
            step(Some("first"), &ok, &[check("returns", Some(true))]),
            step(None, &ok, &[]),
            step(Some("second"), &ok, &[check("returns", Some(false))]),
            step(Some("first"), &lacks, &[check("returns", Some(false))]),
        ];
        let parts = parts(&steps);
        assert_eq!(
            parts
                .iter()
                .map(|(name, steps)| (*name, steps.len()))
                .collect::<Vec<_>>(),
            [(Some("first"), 2), (Some("second"), 1)]
        );
        let judged: Vec<Option<bool>> = parts.iter().map(|(_, steps)| tried(steps.iter().copied())).collect();
        assert_eq!(judged, [Some(true), Some(false)]);
        assert_eq!(tried([&steps[3]]), None);
    }
}
