//! A comparison of two runs: the same steps twice, with one of them changed.

use std::sync::Arc;

use super::mistake::Position;
use super::report::StepReport;
use super::{Scenario, StepAction};
use crate::command::Command;
use crate::side::Side;

/// Two scenarios with the same beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The step as the file has it.
    pub trunk: Arc<Scenario>,
    /// The scenario with one step changed.
    pub branch: Arc<Scenario>,
    /// The number of that step, from 0 on.
    pub at: usize,
}

/// The reports of both, step by step; the error is one sentence.
pub type BranchResult = Result<[Vec<StepReport>; 2], String>;

impl Branch {
    /// The scenario with `command` in place of the command of step `at`. From there on nothing is expected of it.
    pub fn new(trunk: Arc<Scenario>, at: usize, command: Command) -> Branch {
        let mut branch = Scenario::clone(&trunk);
        for (nth, step) in branch.steps.iter_mut().enumerate().skip(at) {
            step.expected.clear();
            step.claimed.clear();
            step.stands = std::time::Duration::ZERO;
            if nth == at {
                step.say = None;
                step.look = None;
                step.action = Some(StepAction {
                    text: command.to_string(),
                    command: command.clone(),
                    place: Position::default(),
                });
            }
        }
        Branch {
            trunk,
            branch: Arc::new(branch),
            at,
        }
    }
}

/// A step's report in lines: what was done, what it returned, what passed the wire, how the sockets stand.
pub fn lines(report: &StepReport) -> Vec<String> {
    let seen = &report.observation;
    let command = report.command.as_deref().unwrap_or("wait");
    let mut lines = vec![format!("{} {command} = {}", report.no, seen.returned.words())];
    for later in &seen.later {
        lines.push(format!("  {}: {}", later.socket, later.returned.words()));
    }
    lines.extend(seen.segments.iter().flatten().map(|segment| format!("  {segment}")));
    let states: Vec<String> = Side::BOTH
        .into_iter()
        .flat_map(|side| &seen.sockets[side])
        .filter_map(|snapshot| {
            let name = snapshot.name.as_ref()?;
            Some(format!(
                "{name} {}",
                snapshot.state.map_or("none", |state| state.name())
            ))
        })
        .collect();
    lines.push(format!("  {}", states.join(", ")));
    lines
}
