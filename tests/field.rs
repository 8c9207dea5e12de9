//! Lines from the field: what `finwait explain` says of each. `tests/field/*.tsv` has the samples, a line each, and its head names the
//! columns: the input and what is right; an empty cell is not checked, `-` is to be none.
//!
//! `what` is an answer's name (`ECONNRESET`, `EOF`, `deadline exceeded`); or, of an input that is no message, a key of the JSON and a text
//! that is in it: `states:CLOSE_WAIT`, `listing:accept-queue-full`, `something_else:name`. `first cause` and `first scenario` may name
//! several, any of which is right: `keep-alive-race|unread-data-at-close`. `other` has words of the text answer, with `;` between them,
//! and with `!` before what must not be in it.

mod support;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

use finwait::headless::explain::{ExplainResult, explained};
use support::{finwait, output_of, shared};

/// The width of the text answers: so wide that no sentence is broken.
const WIDE: usize = 4000;
/// The names of the columns, as a file's head has them.
const COLUMNS: [&str; 9] = [
    "input",
    "what",
    "call",
    "carrier",
    "system",
    "language",
    "first cause",
    "first scenario",
    "other",
];
/// The keys of what a line can be.
const KINDS: [&str; 7] = [
    "answers",
    "states",
    "counters",
    "listing",
    "kernel",
    "capture",
    "something_else",
];

/// A line of a file.
struct Sample {
    place: String,
    cells: Vec<String>,
}

impl Sample {
    /// The text of a column; empty where it is not checked.
    fn cell(&self, name: &str) -> &str {
        let place = COLUMNS.iter().position(|column| *column == name).unwrap();
        self.cells.get(place).map_or("", |cell| cell.trim())
    }

    /// The input. `\n` in it is the end of a line.
    fn input(&self) -> String {
        self.cells[0].replace("\\n", "\n")
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/field")
}

/// The files with samples, in the order of their names.
fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "tsv"));
    files.sort();
    files
}

fn samples(path: &Path) -> Vec<Sample> {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines().enumerate();
    let name = path.file_name().unwrap().to_string_lossy();
    let (_, head) = lines.next().unwrap_or_else(|| panic!("{name} is empty"));
    assert_eq!(head.split('\t').collect::<Vec<_>>(), COLUMNS, "the columns of {name}");
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with("# "));
    let sample = |(number, line): (usize, &str)| Sample {
        place: format!("{name}:{}", number + 1),
        cells: line.split('\t').map(str::to_owned).collect(),
    };
    let samples: Vec<Sample> = lines.map(sample).collect();
    for Sample { place, cells } in &samples {
        assert!(cells.len() <= COLUMNS.len(), "{place} has {} columns", cells.len());
    }
    samples
}

/// What is said of a text, as JSON; null where there is no answer.
fn told(text: &str) -> Value {
    let ExplainResult { printed, .. } = explained(text, true, WIDE);
    if printed.is_empty() {
        return Value::Null;
    }
    serde_json::from_str(&printed).unwrap()
}

/// Each column of a sample that is not as it should be.
fn mistakes(sample: &Sample) -> Vec<String> {
    let input = sample.input();
    let told = told(&input);
    let answer = &told["answers"][0];
    let mut wrong = Vec::new();
    let mut check = |column: &str, is: &Value| {
        let wanted = sample.cell(column);
        let is = match is {
            Value::Null => "-",
            Value::String(is) => is,
            other => panic!("{column} is {other}"),
        };
        let names = |wanted: &str| match column {
            // By its name in JSON, or as it is shown: `node`, `Node.js`.
            "language" => plain(wanted) == plain(is),
            _ => wanted == is,
        };
        if !wanted.is_empty() && !wanted.split('|').any(names) {
            wrong.push(format!("{column}: {is}, not {wanted}"));
        }
    };
    match sample.cell("what").split_once(':') {
        Some((key, text)) if KINDS.contains(&key) => {
            if !told[key].to_string().contains(text) {
                wrong.push(format!("what: no {text} in {key}: {told}"));
            }
        }
        _ => {
            check("what", &answer["name"]);
            check("call", &answer["call"]);
            check("carrier", &answer["carrier"]);
            check("system", &answer["system"]);
            check("language", &answer["dialects"][0]);
            check("first cause", &answer["ranked"][0]["id"]);
            check("first scenario", &answer["scenarios"][0]["name"]);
        }
    }
    let words = sample.cell("other");
    if !words.is_empty() && words != "-" {
        let ExplainResult { printed, unknown } = explained(&input, false, WIDE);
        let text = format!("{printed}{}", unknown.unwrap_or_default());
        for word in words.split(';').map(str::trim) {
            match word.strip_prefix('!') {
                Some(word) if text.contains(word) => wrong.push(format!("other: {word:?} is in\n{text}")),
                None if !text.contains(word) => wrong.push(format!("other: {word:?} is not in\n{text}")),
                _ => {}
            }
        }
    }
    wrong
}

/// The steps of likelihood as they are shown, the least first.
const STEPS: [&str; 4] = ["rare", "less common", "common", "the usual cause"];

/// The list's promise is "the likeliest first": a step is shown only where nothing but it decided the place.
#[test]
fn the_likelihoods_that_are_shown_never_rise_down_the_list() {
    let mut wrong = Vec::new();
    let mut shown = 0;
    for sample in files().iter().flat_map(|path| samples(path)) {
        let ExplainResult { printed, .. } = explained(&sample.input(), false, WIDE);
        let mut least = STEPS.len();
        for line in printed.lines() {
            let number = line.trim_start().split_once(". ").map(|(number, _)| number);
            let Some(place) = number.and_then(|number| number.parse::<usize>().ok()) else {
                continue;
            };
            if place == 1 {
                least = STEPS.len();
            }
            if STEPS.iter().any(|step| line.contains(&format!("({step};"))) {
                wrong.push(format!("{}: a step beside what moved it: {line}", sample.place));
            }
            let step = STEPS.iter().position(|step| line.contains(&format!("({step})")));
            if let Some(step) = step {
                shown += 1;
                if step > least {
                    wrong.push(format!("{}: likelier than one above: {line}", sample.place));
                }
                least = step;
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(shown > 100, "{shown}");
}

/// A language's name without what JSON and the text have different.
fn plain(language: &str) -> String {
    let small = language.to_lowercase();
    let small = small.strip_suffix(".js").unwrap_or(&small);
    small.trim_start_matches('.').replace("dotnet", "net")
}

/// All that is wrong, at once.
#[test]
fn each_line_is_answered_as_it_should_be() {
    let all: Vec<Sample> = files().iter().flat_map(|path| samples(path)).collect();
    let count = all.len();
    let wrong = shared(&all, |sample| {
        let told = |mistake: String| format!("{} {}\n    {mistake}", sample.place, sample.cells[0]);
        mistakes(sample).into_iter().map(told).collect::<Vec<_>>()
    });
    let wrong = wrong.concat();
    assert!(count > 0);
    assert!(
        wrong.is_empty(),
        "{} mistakes in {count} samples:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The program says of a whole file what the library says of its lines one by one: nothing is answered that no line is about, and what a
/// line is about in whatever company is answered.
#[test]
fn the_program_answers_a_whole_file() {
    for path in files() {
        let samples = samples(&path);
        let one_line = |sample: &&Sample| !sample.cells[0].contains("\\n");
        let inputs: Vec<String> = samples.iter().filter(one_line).map(Sample::input).collect();
        let log = inputs.join("\n");
        let output = output_of(finwait().args(["explain", "--json"]), log.as_bytes());
        let name = path.file_name().unwrap().to_string_lossy();
        let error = String::from_utf8_lossy(&output.stderr);
        let all: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|why| panic!("{name}: {why}: {error}"));
        let names = |told: &Value| -> Vec<String> {
            let answers = told["answers"].as_array().into_iter().flatten();
            answers
                .map(|answer| answer["name"].as_str().unwrap().to_owned())
                .collect()
        };
        let alone: Vec<String> = inputs.iter().flat_map(|input| names(&told(input))).collect();
        for name_of_answer in names(&all) {
            assert!(
                alone.contains(&name_of_answer),
                "{name}: no line by itself is {name_of_answer}"
            );
        }
    }
}

/// Precision before recall: what has nothing to do with sockets is not answered, neither alone nor as a line of a log.
#[test]
fn what_is_unrelated_is_not_answered() {
    let text = fs::read_to_string(folder().join("unrelated.txt")).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    assert!(lines.len() >= 200, "{} lines", lines.len());
    let about = |text: &str| -> Vec<&str> {
        let told = told(text);
        let kinds = KINDS.into_iter().filter(|kind| *kind != "something_else");
        kinds
            .filter(|kind| match &told[*kind] {
                Value::Null => false,
                // What is said to be a file's is not said to be a socket's.
                Value::Array(all) => !all.iter().all(|answer| answer["carrier"] == "file"),
                _ => true,
            })
            .collect()
    };
    let mut wrong = Vec::new();
    for line in &lines {
        // Among other lines, where a bare word may be anything; alone, if it is more than a word.
        let alone = if line.contains(' ') { about(line) } else { Vec::new() };
        for kind in alone.into_iter().chain(about(&format!("\n{line}\n"))) {
            wrong.push(format!("{kind}: {line}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} answers to {} lines:\n{}",
        wrong.len(),
        lines.len(),
        wrong.join("\n")
    );
    let output = output_of(finwait().args(["explain", "--json"]), text.as_bytes());
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let answers = &told["answers"];
    assert!(answers.as_array().is_none_or(Vec::is_empty), "{answers}");
}
