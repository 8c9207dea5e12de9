//! What several runs came to, and the exit status that says it.

use serde::Serialize;

use crate::clock::human;
use crate::exit::{DIED, DIFFERS, NOT_READY, PROGRAM_MISSING};
use crate::scenario::report::{Summary, count};
use crate::session::lineup::{ProgramFailed, ProgramFailure};

/// The totals.
#[derive(Debug, Default, Serialize)]
pub(super) struct RunTotals {
    pub(super) scenarios: usize,
    pub(super) held: usize,
    pub(super) differ: usize,
    pub(super) skipped: usize,
    pub(super) left: usize,
    pub(super) steps: usize,
    pub(super) expectations: usize,
    pub(super) took_ms: f64,
    /// The runs among `differ` in which an expectation did not hold.
    #[serde(skip)]
    pub(super) not_as_expected: usize,
    /// The first that could not come to its end.
    #[serde(skip)]
    pub(super) failed: Option<ProgramFailed>,
}

impl RunTotals {
    pub(super) fn add(&mut self, end: &Summary) {
        self.scenarios += 1;
        self.skipped += usize::from(end.skipped.is_some());
        self.held += usize::from(end.held());
        self.differ += usize::from(end.skipped.is_none() && !end.held());
        self.steps += end.steps;
        self.expectations += end.expectations;
        self.not_as_expected += usize::from(end.differ > 0);
        if self.failed.is_none() && end.skipped.is_none() {
            self.failed.clone_from(&end.failed);
        }
    }

    pub(super) fn words(&self) -> String {
        let took = human(std::time::Duration::from_secs_f64(self.took_ms / 1e3));
        let mut text = format!("{}: {} hold", count(self.scenarios, "scenario"), self.held);
        for (n, what) in [
            (self.differ, "differ"),
            (self.skipped, "skipped"),
            (self.left, "not begun"),
        ] {
            if n > 0 {
                text.push_str(&format!(", {n} {what}"));
            }
        }
        let (steps, expectations) = (count(self.steps, "step"), count(self.expectations, "expectation"));
        text.push_str(&format!("; {steps}, {expectations}, {took}"));
        text
    }
}

/// The exit status of runs: an expectation that did not hold comes before a program that failed, for that may have followed.
pub(super) fn status(differs: bool, failed: Option<&ProgramFailed>) -> u8 {
    match failed.map(|failed| failed.kind) {
        _ if differs => DIFFERS,
        Some(ProgramFailure::Missing) => PROGRAM_MISSING,
        Some(ProgramFailure::NotReady) => NOT_READY,
        Some(ProgramFailure::Died) => DIED,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expectation_that_failed_comes_before_a_program_that_did() {
        let failed = |kind| ProgramFailed {
            kind,
            why: "the server printed nothing".into(),
        };
        assert_eq!((status(false, None), status(true, None)), (0, 1));
        for (kind, own) in [
            (ProgramFailure::Missing, 4),
            (ProgramFailure::NotReady, 5),
            (ProgramFailure::Died, 6),
        ] {
            assert_eq!(
                (status(false, Some(&failed(kind))), status(true, Some(&failed(kind)))),
                (own, 1)
            );
        }
    }
}
