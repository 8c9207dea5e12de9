//! From runs' reports to the table.

use super::{Agreement, Cell, Column, Matrix, MatrixEvent, MatrixRow, Version};
use crate::call::CallKind;
use crate::explain::RuleId;
use crate::explain::rules::RuleOutcome;
use crate::outcome::{Outcome, Value};
use crate::scenario::Kernel;
use crate::scenario::observation::CommandResult;
use crate::scenario::report::{ReportLine, RuledOutcome, StepReport};
use crate::side::Side;

/// The reports of one scenario.
#[derive(Clone, Debug)]
pub struct Runs {
    /// The scenario.
    pub scenario: String,
    /// Both ends driven by raw calls.
    pub raw: Vec<ReportLine>,
    /// The runs of each column, once at either end.
    pub by: Vec<(Column, Side, Vec<ReportLine>)>,
}

/// A call and what it gave.
struct MeasuredCall<'a> {
    /// The call: its step, and its socket where it is a call of an earlier one.
    key: (usize, Option<&'a str>),
    side: Side,
    call: CallKind,
    command: String,
    returned: &'a CommandResult,
    said: Option<&'a str>,
    rule: Option<RuleId>,
}

/// The calls of a run.
fn calls(lines: &[ReportLine]) -> Vec<MeasuredCall<'_>> {
    let steps = lines.iter().filter_map(|line| match line {
        ReportLine::Step(step) => Some(step.as_ref()),
        ReportLine::Scenario(_) | ReportLine::End(_) => None,
    });
    steps.flat_map(of_step).collect()
}

fn of_step(step: &StepReport) -> Vec<MeasuredCall<'_>> {
    let seen = &step.observation;
    let mut calls = Vec::new();
    if let (Some(command), Some(side), Some(call), CommandResult::Outcome(_) | CommandResult::Blocked) =
        (&step.command, step.side, step.call, &seen.returned)
    {
        calls.push(MeasuredCall {
            key: (step.no, None),
            side,
            call,
            command: command.clone(),
            returned: &seen.returned,
            said: seen.said.as_deref(),
            rule: None,
        });
    }
    for later in &seen.later {
        calls.push(MeasuredCall {
            key: (step.no, Some(later.socket.as_str())),
            side: later.side,
            call: later.call,
            command: format!("{} {}, blocked before", later.side, later.call),
            returned: &later.returned,
            said: later.said.as_deref(),
            rule: None,
        });
    }
    for call in &mut calls {
        let of_it = |ruled: &&RuledOutcome| ruled.call == call.call && is_given(ruled.rule.rule().gives, call.returned);
        call.rule = step.rules.iter().find(of_it).map(|ruled| ruled.rule);
    }
    calls
}

/// Returns whether it is what a rule gives.
fn is_given(gives: RuleOutcome, returned: &CommandResult) -> bool {
    match (gives, returned) {
        (RuleOutcome::Errno(errno), CommandResult::Outcome(Outcome::Err(got))) => errno == *got,
        (RuleOutcome::Errno(errno), CommandResult::Outcome(Outcome::Ok(Value::PendingError { error }))) => {
            Some(errno) == *error
        }
        (RuleOutcome::Eof, CommandResult::Outcome(Outcome::Ok(Value::Read { n, .. }))) => *n == 0,
        (RuleOutcome::Deadline, CommandResult::Outcome(Outcome::DeadlineExceeded { .. })) => true,
        _ => false,
    }
}

/// The result of a call, in a word or two, without what differs from run to run.
fn gives(returned: &CommandResult) -> String {
    match returned {
        CommandResult::Outcome(outcome) => match outcome {
            Outcome::Ok(Value::Done | Value::Later | Value::Descriptor { .. } | Value::Options { .. }) => "ok".into(),
            Outcome::DeadlineExceeded { .. } => "deadline exceeded".into(),
            Outcome::Unsupported(why) => why.clone(),
            Outcome::Ok(_) | Outcome::Err(_) | Outcome::Library(_) => outcome.brief(),
        },
        CommandResult::Blocked => "blocked".into(),
        CommandResult::Done | CommandResult::Died(_) | CommandResult::NotDone(_) => returned.words(),
    }
}

/// Returns whether it is plain success, of which there is nothing to say.
fn is_plain(returned: &CommandResult) -> bool {
    match returned {
        CommandResult::Outcome(Outcome::Ok(Value::Read { n, .. })) => *n > 0,
        CommandResult::Outcome(Outcome::Ok(Value::PendingError { error })) => error.is_none(),
        CommandResult::Outcome(Outcome::Ok(_)) | CommandResult::Done | CommandResult::Blocked => true,
        CommandResult::Outcome(_) | CommandResult::Died(_) | CommandResult::NotDone(_) => false,
    }
}

/// The relation of a runtime's answer to that of raw calls.
fn beside(raw: &CommandResult, got: &CommandResult) -> Agreement {
    match got {
        CommandResult::Outcome(Outcome::Unsupported(_)) => Agreement::Unsupported,
        CommandResult::Outcome(Outcome::Library(_)) => Agreement::Library,
        _ if is_plain(raw) && is_plain(got) => {
            let blocked = |returned: &CommandResult| *returned == CommandResult::Blocked;
            if blocked(raw) == blocked(got) {
                Agreement::Same
            } else {
                Agreement::Differs
            }
        }
        _ if gives(raw) == gives(got) => Agreement::Same,
        _ => Agreement::Differs,
    }
}

/// A text without the numbers that the kernel chose: the ports of the hosts' own sockets, and descriptors are none of the event's.
pub fn plain(said: &str) -> String {
    let mut text = said.to_owned();
    for address in ["10.0.0.1", "[fd00::1]"] {
        let mut from = 0;
        while let Some(at) = text[from..].find(&format!("{address}:")) {
            let begin = from + at + address.len() + 1;
            let digits = text[begin..].bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 {
                text.replace_range(begin..begin + digits, "PORT");
            }
            from = begin;
        }
    }
    text
}

/// The table of those runs, for these columns.
pub fn matrix(runtimes: &[(Column, String)], runs: &[Runs]) -> Matrix {
    let mut events: Vec<MatrixEvent> = Vec::new();
    for run in runs {
        for raw in calls(&run.raw) {
            let cells = runtimes.iter().map(|(runtime, _)| {
                let lines = run.by.iter().find(|(by, side, _)| by == runtime && *side == raw.side);
                let own = lines.map(|(_, _, lines)| calls(lines)).unwrap_or_default();
                let got = own.iter().find(|call| call.key == raw.key);
                let lacks = |call: &&MeasuredCall| {
                    call.side == raw.side && matches!(call.returned, CommandResult::Outcome(Outcome::Unsupported(_)))
                };
                let lost = own.iter().find(lacks).is_some_and(|call| call.key.0 < raw.key.0);
                let beside = |got: &CommandResult| match beside(raw.returned, got) {
                    Agreement::Differs if lost => Agreement::Elsewhere,
                    beside => beside,
                };
                match got {
                    Some(call) => Cell {
                        runtime: runtime.clone(),
                        gives: gives(call.returned),
                        said: call.said.map(plain),
                        beside: beside(call.returned),
                    },
                    // What was blocked in raw calls had returned before, or was never made.
                    None => Cell {
                        runtime: runtime.clone(),
                        gives: "no such call was under way".into(),
                        said: None,
                        beside: if lost { Agreement::Elsewhere } else { Agreement::Differs },
                    },
                }
            });
            let cells: Vec<Cell> = cells.collect();
            let dull = cells.iter().all(|cell| {
                matches!(
                    cell.beside,
                    Agreement::Same | Agreement::Unsupported | Agreement::Elsewhere
                )
            });
            if is_plain(raw.returned) && dull {
                continue;
            }
            let row = MatrixRow {
                scenario: run.scenario.clone(),
                step: raw.key.0,
                command: raw.command.clone(),
                cells,
            };
            let (call, gives, rule) = (raw.call, gives(raw.returned), raw.rule);
            let known = events
                .iter_mut()
                .find(|event| event.call == call && event.gives == gives && event.rule == rule);
            match known {
                Some(event) => event.rows.push(row),
                None => events.push(MatrixEvent {
                    call,
                    gives,
                    rule,
                    rows: vec![row],
                }),
            }
        }
    }
    let order = |event: &MatrixEvent| (event.call.name(), event.gives.clone(), event.rule.map(RuleId::name));
    events.sort_by_key(order);
    Matrix {
        kernel: Kernel::running().map_or_else(String::new, |kernel| kernel.to_string()),
        runtimes: runtimes
            .iter()
            .map(|(runtime, version)| Version {
                runtime: runtime.clone(),
                version: version.clone(),
            })
            .collect(),
        events,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errno::Errno;

    #[test]
    fn the_kernels_choice_of_ports_is_no_part_of_a_text() {
        let said = "write tcp 10.0.0.1:41822->10.0.0.2:8080: write: broken pipe";
        assert_eq!(
            plain(said),
            "write tcp 10.0.0.1:PORT->10.0.0.2:8080: write: broken pipe"
        );
        assert_eq!(
            plain("read tcp [fd00::1]:9->[fd00::2]:8080"),
            "read tcp [fd00::1]:PORT->[fd00::2]:8080"
        );
        assert_eq!(plain("10.0.0.1: 5"), "10.0.0.1: 5");
    }

    #[test]
    fn what_a_runtime_does_in_its_own_way_is_told_apart_from_its_own_words() {
        let err = |errno| CommandResult::Outcome(Outcome::Err(errno));
        let ok = |value| CommandResult::Outcome(Outcome::Ok(value));
        let eof = ok(Value::Read {
            n: 0,
            data: Default::default(),
        });
        assert_eq!(beside(&err(Errno::EPIPE), &err(Errno::EPIPE)), Agreement::Same);
        assert_eq!(beside(&eof, &err(Errno::ECONNRESET)), Agreement::Differs);
        assert_eq!(beside(&ok(Value::Done), &CommandResult::Blocked), Agreement::Differs);
        assert_eq!(
            beside(&ok(Value::Descriptor { fd: 3, peer: None }), &ok(Value::Later)),
            Agreement::Same
        );
        assert_eq!(
            beside(
                &err(Errno::EBADF),
                &CommandResult::Outcome(Outcome::Library("net.ErrClosed".into()))
            ),
            Agreement::Library
        );
    }
}
