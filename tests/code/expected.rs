//! What a program must print, from the report of a run: one rule for all scenarios, and one for each language where it differs.

use finwait::call::CallKind;
use finwait::outcome::{Outcome, Reading, Value};
use finwait::scenario::observation::CommandResult;
use finwait::scenario::report::ReportLine;
use finwait::side::Side;
use std::collections::BTreeMap;

/// A call's step and end: as what it returned is known.
pub type Place = (usize, Side);

/// What the last call of a step's command returned in the run: `blocked` first where it had to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The command's call.
    pub call: CallKind,
    /// The words of its results, in order.
    pub words: Vec<String>,
    /// In which step each of them came.
    pub steps: Vec<usize>,
    /// The socket had no descriptor, as its EBADF says.
    pub closed: bool,
}

/// By the report of `finwait run NAME --json`.
pub fn of(lines: &[ReportLine]) -> BTreeMap<Place, Expected> {
    let mut all: BTreeMap<Place, Expected> = BTreeMap::new();
    // Calls that had not returned, the oldest of each end first, as a report lists what became of them.
    let mut waiting: Vec<Place> = Vec::new();
    for line in lines {
        let ReportLine::Step(step) = line else { continue };
        let seen = &step.observation;
        let before: Vec<Place> = Side::BOTH
            .into_iter()
            .flat_map(|side| {
                waiting
                    .iter()
                    .copied()
                    .filter(move |place| place.1 == side)
                    .collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(before.len(), seen.later.len(), "{}, step {}", step.scenario, step.no);
        for (place, later) in before.iter().zip(&seen.later) {
            if let CommandResult::Outcome(outcome) = &later.returned {
                let expected = all.get_mut(place).unwrap();
                expected.words.push(word(outcome));
                expected.steps.push(step.no);
                waiting.retain(|waits| waits != place);
            }
        }
        let (Some(side), Some(call)) = (step.side, step.call) else {
            continue;
        };
        let words = match &seen.returned {
            CommandResult::Outcome(outcome) => word(outcome),
            CommandResult::Blocked => {
                waiting.push((step.no, side));
                "blocked".into()
            }
            CommandResult::Done | CommandResult::Died(_) | CommandResult::NotDone(_) => continue,
        };
        let closed = words == "-1 EBADF" || words == "POLLNVAL";
        let words = vec![words];
        let steps = vec![step.no];
        let expected = Expected {
            call,
            words,
            steps,
            closed,
        };
        all.insert((step.no, side), expected);
    }
    all
}

/// What a program prints of an outcome; `FD` is any descriptor.
fn word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ok(Value::Done | Value::Later) => "0".into(),
        Outcome::Ok(Value::Descriptor { .. }) => "FD".into(),
        Outcome::Ok(Value::Read { n, .. } | Value::Written { n }) => n.to_string(),
        Outcome::Ok(Value::Ready { events }) if events.is_empty() => "0".into(),
        Outcome::Ok(Value::Ready { events }) => events.iter().map(|event| event.name()).collect::<Vec<_>>().join("|"),
        Outcome::Ok(Value::PendingError { error }) => error.map_or_else(|| "0".into(), |error| error.name()),
        Outcome::Ok(Value::Options { readings }) => match readings[0].value {
            Reading::Value(value) => value.to_string(),
            Reading::Errno(errno) => format!("-1 {}", errno.name()),
        },
        Outcome::Err(errno) => format!("-1 {}", errno.name()),
        Outcome::DeadlineExceeded { .. } => "deadline".into(),
        Outcome::Library(name) | Outcome::Unsupported(name) => panic!("a native endpoint says {name}"),
    }
}

/// The result, as the comment beside the call must have it.
pub fn commented(word: &str) -> String {
    match word {
        "blocked" => "blocked".into(),
        "deadline" => "the deadline passed".into(),
        "FD" => "= ".into(),
        word => format!("= {word}"),
    }
}

/// What it must be in C: what the run returned.
pub fn in_c(expected: &Expected) -> Vec<String> {
    expected.words.clone()
}

/// In Python a socket object that was closed knows it: `close` does nothing, and there is no number that could be polled.
pub fn in_python(expected: &Expected) -> Vec<String> {
    match (expected.closed, expected.call) {
        (true, CallKind::Close) => vec!["0".into()],
        (true, CallKind::Poll) => vec!["-1 closed".into()],
        _ => expected.words.clone(),
    }
}

/// In Go a conn that was closed knows it, and asks no kernel.
pub fn in_go(expected: &Expected) -> Vec<String> {
    match expected.closed {
        true => vec!["-1 closed".into()],
        false => expected.words.clone(),
    }
}

/// In Rust a stream that was closed is gone.
pub fn in_rust(expected: &Expected) -> Vec<String> {
    in_go(expected)
}
