//! The kernel's counters as the catalog's scenarios moved them, measured once: `assets/counters.json`, which `tests/counters.rs` makes.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::counter::CounterName;
use crate::explain::counters::is_shown;
use crate::scenario::report::StepReport;
use crate::side::Side;

/// The counters that moved when the catalog ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasuredCounters {
    /// The kernel that it ran on.
    pub kernel: String,
    /// The scenarios that moved each, by nstat's name; those that are left out unless all are asked for are not among them.
    pub moved: BTreeMap<String, Vec<MovedIn>>,
}

/// A scenario that moved a counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedIn {
    /// The scenario's name.
    pub scenario: String,
    /// The steps, in order.
    pub steps: Vec<MovedAt>,
}

/// A step that moved a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedAt {
    /// The number of the step, from 1 on.
    pub step: usize,
    /// The host.
    pub side: Side,
    /// How far.
    pub by: u64,
}

impl MeasuredCounters {
    /// The measurements that were kept.
    pub fn kept() -> &'static MeasuredCounters {
        static KEPT: OnceLock<MeasuredCounters> = OnceLock::new();
        KEPT.get_or_init(|| serde_json::from_str(include_str!("../assets/counters.json")).unwrap_or_default())
    }

    /// The scenarios that moved the counter of that name of nstat; empty where none did.
    pub fn moved(&self, name: &str) -> &[MovedIn] {
        self.moved.get(name).map_or(&[], Vec::as_slice)
    }

    /// Takes in a step that has run; the steps of a scenario come in order, one scenario after the other.
    pub fn add(&mut self, report: &StepReport) {
        for (side, moved) in report.observation.counters.iter().flat_map(|ends| ends.iter()) {
            for (name, by) in moved.iter().filter(|(name, _)| is_shown(name)) {
                self.add_one(
                    name,
                    report,
                    MovedAt {
                        step: report.no,
                        side,
                        by,
                    },
                );
            }
        }
    }

    fn add_one(&mut self, name: &CounterName, report: &StepReport, at: MovedAt) {
        let of = self.moved.entry(name.nstat().to_owned()).or_default();
        match of.last_mut().filter(|last| last.scenario == report.scenario) {
            Some(last) => last.steps.push(at),
            None => of.push(MovedIn {
                scenario: report.scenario.clone(),
                steps: vec![at],
            }),
        }
    }
}

impl MovedIn {
    /// The steps in words: `step 7 at the server, 2 in step 9 at the client`.
    pub fn steps_listed(&self) -> String {
        let steps = self.steps.iter().map(|MovedAt { step, side, by }| match by {
            1 => format!("step {step} at the {side}"),
            by => format!("step {step} at the {side}: {by}"),
        });
        steps.collect::<Vec<_>>().join(", ")
    }
}
