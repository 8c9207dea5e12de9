//! `finwait explain` names first what a maintainer would: each line of `tests/field/ranking.tsv`, and what every situation must have.
//!
//! The columns are those of `tests/field/`: an empty cell is not checked, `-` is to be none, and of several with `|` between them any is
//! right. `other` has words of the text answer, with `;` between them, and with `!` before what must not be in it.

mod support;

use serde_json::Value;
use std::collections::BTreeSet;

use finwait::explain::situation::{SITUATIONS, situation_named};
use finwait::scenario::catalog;
use support::{finwait, output_of};

/// What is said of a text: as JSON, and for people, in words between single blanks.
fn told(input: &str) -> (Value, String) {
    let json = output_of(finwait().args(["explain", "--json"]), input.as_bytes());
    let plain = output_of(finwait().arg("explain"), input.as_bytes());
    let text = String::from_utf8(plain.stdout).unwrap();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (serde_json::from_slice(&json.stdout).unwrap_or_default(), words)
}

#[test]
fn the_first_cause_is_the_one_that_a_maintainer_would_name() {
    let samples = include_str!("field/ranking.tsv");
    let mut lines = samples.lines();
    let columns: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let cell = |name: &str| {
            let place = columns.iter().position(|column| *column == name).unwrap();
            cells.get(place).copied().unwrap_or_default()
        };
        let (told, words) = told(&cell("input").replace("\\n", "\n"));
        let answer = &told["answers"][0];
        for (column, is) in [
            ("what", &answer["name"]),
            ("call", &answer["call"]),
            ("carrier", &answer["carrier"]),
            ("first cause", &answer["ranked"][0]["id"]),
            ("first scenario", &answer["scenarios"][0]["name"]),
        ] {
            let is = is.as_str().unwrap_or("-");
            let wanted = cell(column);
            if !wanted.is_empty() && wanted.split('|').all(|wanted| wanted != is) {
                wrong.push(format!("{column}: {is}, not {wanted}: {}", cell("input")));
            }
        }
        for word in cell("other").split(';').filter(|word| !word.is_empty()) {
            let (word, wanted) = word.strip_prefix('!').map_or((word, true), |word| (word, false));
            if words.contains(word) != wanted {
                wrong.push(format!("other: {word}: {}", cell("input")));
            }
        }
        count += 1;
    }
    assert!(
        wrong.is_empty(),
        "{} of {count} lines:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(count >= 80, "{count}");
}

/// Nothing that was said before is lost: each rule that can be the cause is in the answer, and under a cause of it.
#[test]
fn every_rule_is_under_a_cause() {
    for message in [
        "ECONNRESET",
        "EPIPE",
        "read: EOF",
        "connect: connection refused",
        "i/o timeout",
        "EINVAL",
        "ENOTCONN",
    ] {
        let (told, words) = told(message);
        let answer = &told["answers"][0];
        let ids = |of: &Value, key: &str| -> BTreeSet<String> {
            let all = of.as_array().unwrap().iter();
            all.flat_map(|of| match &of[key] {
                Value::Array(ids) => ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect(),
                id => vec![id.as_str().unwrap().to_owned()],
            })
            .collect()
        };
        let causes = ids(&answer["causes"], "id");
        assert!(!causes.is_empty(), "{message}");
        assert_eq!(ids(&answer["ranked"], "rules"), causes, "{message}");
        for cause in answer["causes"].as_array().unwrap() {
            let because = cause["because"].as_str().unwrap();
            // In full, or in a line with the scenario that shows it.
            let run = format!("finwait run {}", cause["proof"].as_str().unwrap());
            assert!(words.contains(because) || words.contains(&run), "{message}: {because}");
        }
    }
}

#[test]
fn every_situation_names_its_scenarios_and_rules() {
    for situation in SITUATIONS {
        let name = situation.id.name();
        for scenario in situation.scenarios {
            assert!(
                catalog::entry(scenario).is_some(),
                "{name}: there is no scenario {scenario}"
            );
        }
        assert_eq!(situation_named(name).unwrap().id, situation.id);
        assert!(situation.id.words().len() <= 40, "{name} is too long for the overview");
        assert!(
            (20..=90).contains(&situation.title.len()),
            "{name}: {}",
            situation.title
        );
    }
    assert!(SITUATIONS.len() >= 40);
}

/// The first two causes are whole on a screen of 100 columns and 40 lines.
#[test]
fn the_first_screen_has_the_first_two_causes() {
    for message in [
        "read tcp 10.0.0.1:4000->10.0.0.2:80: read: connection reset by peer",
        "upstream prematurely closed connection while reading response header from upstream",
        "dial tcp 10.0.0.2:80: connect: connection timed out",
        "dial tcp 10.0.0.2:80: connect: no route to host",
        "dial tcp 127.0.0.1:80: connect: connection refused",
        "write: broken pipe",
    ] {
        let output = output_of(finwait().args(["explain", message]), b"");
        let text = String::from_utf8(output.stdout).unwrap();
        let second = text.lines().position(|line| line.starts_with("  3. ")).unwrap();
        assert!(second <= 40, "{message}: {second}");
    }
}

/// When lines come says what one of them does not.
#[test]
fn regular_intervals_are_told() {
    let at = |minute: u32, second: u32| {
        format!("2026-11-30T06:{minute:02}:{second:02}Z app: read: connection reset by peer\n")
    };
    let regular: String = (0..9).map(|minute| at(minute, minute % 2)).collect();
    let uneven: String = [0, 1, 9, 10, 31, 33, 52, 58, 59]
        .into_iter()
        .map(|minute| at(minute, 7))
        .collect();
    let (told_regular, words) = told(&regular);
    assert_eq!(
        told_regular["answers"][0]["log"]["every_ms"]
            .as_i64()
            .map(|ms| (ms + 1000) / 60_000),
        Some(1)
    );
    assert!(
        words.contains("every 60 s") || words.contains("every 61 s") || words.contains("every 59 s"),
        "{words}"
    );
    let (told_uneven, words) = told(&uneven);
    assert_eq!(told_uneven["answers"][0]["log"]["every_ms"], Value::Null);
    assert_eq!(told_uneven["answers"][0]["log"]["span_ms"], 59 * 60_000);
    assert!(!words.contains("every "), "{words}");
}
