//! C, Python, Go and Rust: what each call of a program prints is what it returned when the scenario was run.

use super::expected::{self, Expected, Place};
use super::support::folder::Folder;
use super::support::{finwait, has, output, text};
use super::{AT_ONCE, TURNS};
use finwait::call::CallKind;
use finwait::scenario::needs::Needs;
use finwait::scenario::report::ReportLine;
use finwait::scenario::{Scenario, catalog};
use finwait::side::Side;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

/// The scenarios that need no wire, and so can be played by any program, and no other kernel than this one.
fn scenarios() -> Vec<Scenario> {
    let all = catalog::all().unwrap().into_iter();
    let can = |scenario: &Scenario| !scenario.isolated && scenario.needs.as_ref().and_then(Needs::unmet).is_none();
    let any: Vec<Scenario> = all.filter(can).collect();
    assert!(any.len() > 40, "{}", any.len());
    any
}

/// The standard output of a command that must succeed.
fn said(command: &mut Command) -> Result<String, String> {
    let Output { status, stdout, stderr } = output(command);
    let (out, err) = (text(&stdout), text(&stderr));
    if status.success() {
        Ok(out)
    } else {
        Err(format!("{command:?}: {status}\n{out}{err}"))
    }
}

fn generated(scenario: &Scenario, language: &str) -> Result<String, String> {
    said(finwait().args(["--lab", "isolated", "code", &scenario.name, "--language", language]))
}

/// What a scenario's own run returned, each by its name.
type Observations = BTreeMap<String, Arc<OnceLock<Observed>>>;
type Observed = Result<BTreeMap<Place, Expected>, String>;

/// What the scenario's own run returned: one run for the programs of all languages.
fn observed(scenario: &Scenario) -> Observed {
    static ALL: Mutex<Observations> = Mutex::new(BTreeMap::new());
    let of_it = Arc::clone(ALL.lock().unwrap().entry(scenario.name.clone()).or_default());
    of_it.get_or_init(|| run(scenario)).clone()
}

fn run(scenario: &Scenario) -> Observed {
    let out = said(finwait().args(["--lab", "isolated", "run", &scenario.name, "--json"]))?;
    let lines: Vec<ReportLine> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    Ok(expected::of(&lines))
}

/// One line that a program printed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    place: Place,
    call: String,
    result: String,
}

fn parse(out: &str) -> Vec<Said> {
    out.lines()
        .map(|line| {
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            let [step, end, call, result] = words.as_slice() else {
                panic!("not STEP END CALL RESULT: {line:?}");
            };
            Said {
                place: (step.parse().unwrap(), side(end)),
                call: (*call).to_owned(),
                result: (*result).to_owned(),
            }
        })
        .collect()
}

fn side(end: &str) -> Side {
    let mut both = Side::BOTH.into_iter();
    both.find(|side| side.name() == end)
        .unwrap_or_else(|| panic!("no end: {end:?}"))
}

/// The calls in a program's text, in order: where, which, and the comment beside it.
fn calls(text: &str) -> Vec<(Place, String, String)> {
    let mut calls = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.trim();
        // `done(4, "client", "write", ...` and `begin(...)`.
        let Some((_, rest)) = ["done(", "begin("].iter().find_map(|verb| {
            line.split_once(verb)
                .filter(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()))
        }) else {
            continue;
        };
        let words: Vec<&str> = rest.splitn(4, ", ").collect();
        let [step, end, call, rest] = words.as_slice() else {
            panic!("{line}")
        };
        let place = (step.parse().unwrap(), side(end.trim_matches('"')));
        let beside = |line: &'_ str| {
            let mut marks = ["\t/* ", "  # ", " // "].iter();
            marks.find_map(|mark| Some(line.rsplit_once(mark)?.1.to_owned()))
        };
        // It stands at the call's end, which in Go may be some lines further on.
        let comment = beside(rest).or_else(|| lines.by_ref().find_map(beside));
        let comment = comment.unwrap_or_else(|| panic!("no comment: {line}"));
        calls.push((place, call.trim_matches('"').to_owned(), comment));
    }
    calls
}

/// What is said not to be in the program.
struct LeftOut {
    step: usize,
    /// None where it is no call.
    call: Option<(Side, String)>,
    why: String,
}

fn left_out(text: &str) -> Vec<LeftOut> {
    const MARK: &str = " not in this program: ";
    let lines = text.lines().filter_map(|line| line.split_once(MARK));
    lines
        .map(|(what, why)| {
            let what = what.trim_start_matches(['\t', '/', '*', '#', ' ']);
            let words: Vec<&str> = what.split(' ').collect();
            let (step, call) = match words.as_slice() {
                [step] => (step, None),
                [step, end, call] => (step, Some((side(end), (*call).to_owned()))),
                _ => panic!("{what}"),
            };
            LeftOut {
                step: step.parse().unwrap(),
                call,
                why: why.to_owned(),
            }
        })
        .collect()
}

/// A program must say of each step what the run returned there, and have that as its comment, too. How many were compared.
fn compare(
    text: &str,
    out: &str,
    observed: &BTreeMap<Place, Expected>,
    rule: fn(&Expected) -> Vec<String>,
    until: usize,
) -> Result<usize, String> {
    let said = parse(out);
    let calls = calls(text);
    let left_out = left_out(text);
    // What is in no program may have ended a call that waited: that is not to be expected, nor what follows.
    let late = observed.values().flat_map(|expected| expected.steps.iter().skip(1));
    let ended_by = |step: &&usize| {
        let mut left_out = left_out.iter();
        left_out.any(|left| left.call.is_none() && left.step == **step)
    };
    let until = late.filter(ended_by).copied().min().unwrap_or(until).min(until);
    let mut compared = 0;
    for (place, expected) in observed {
        let without = left_out.iter().any(|left| {
            // Of the calls of a step the last one is compared: those before it Go leaves to it.
            left.step == place.0
                && left
                    .call
                    .as_ref()
                    .is_none_or(|(side, name)| *side == place.1 && is_last(expected, name))
        });
        if without || place.0 >= until {
            continue;
        }
        let of_step: Vec<&Said> = said.iter().filter(|said| said.place == *place).collect();
        let last = of_step.last().map(|said| said.call.as_str());
        let mut results: Vec<&str> = of_step
            .iter()
            .filter(|said| Some(said.call.as_str()) == last)
            .map(|said| said.result.as_str())
            .collect();
        let mut wanted = rule(expected);
        let known = expected.steps.iter().filter(|step| **step < until).count();
        if known < expected.steps.len() {
            wanted.truncate(known);
            results.truncate(known);
        }
        let alike = |(got, wanted): (&&str, &String)| {
            *got == wanted || (wanted == "FD" && got.bytes().all(|byte| byte.is_ascii_digit()))
        };
        if results.len() != wanted.len() || !results.iter().zip(&wanted).all(alike) {
            return Err(format!(
                "step {}: the run returned {wanted:?}, the program {results:?}",
                place.0
            ));
        }
        let comment = calls
            .iter()
            .rev()
            .find(|(of, ..)| of == place)
            .map(|(.., comment)| comment);
        let commented = expected::commented(&expected.words[0]);
        if !comment.is_some_and(|comment| comment.starts_with(&commented)) {
            return Err(format!(
                "step {}: the comment is {comment:?}, not {commented:?}",
                place.0
            ));
        }
        compared += 1;
    }
    // What it says it does, and nothing else.
    let mut printed: Vec<(Place, &str)> = said.iter().map(|said| (said.place, said.call.as_str())).collect();
    let mut written: Vec<(Place, &str)> = calls.iter().map(|(place, call, _)| (*place, call.as_str())).collect();
    for list in [&mut printed, &mut written] {
        list.sort();
        list.dedup();
    }
    if printed != written {
        return Err(format!("written: {written:?}\nprinted: {printed:?}"));
    }
    Ok(compared)
}

/// Is `call` what the command leads to, and not only what it begins with?
fn is_last(expected: &Expected, call: &str) -> bool {
    // It begins with socket and bind, and ends there where bind fails.
    let ends_early = expected.call == CallKind::Listen && expected.words[0].starts_with("-1");
    ends_early || expected.call.name() == call
}

/// Carries out `one` for each scenario, several at once, and tells all that went wrong.
fn for_each(scenarios: &[Scenario], one: impl Fn(&Scenario) -> Result<usize, String> + Sync) -> usize {
    let queue = Mutex::new(scenarios.iter());
    let (compared, wrong) = (Mutex::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let _turn = TURNS.take();
                    let next = queue.lock().unwrap().next();
                    let Some(scenario) = next else { return };
                    match one(scenario) {
                        Ok(n) => *compared.lock().unwrap() += n,
                        Err(why) => wrong.lock().unwrap().push(format!("{}: {why}", scenario.name)),
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    compared.into_inner().unwrap()
}

fn file(folder: &Path, scenario: &Scenario, suffix: &str, text: &str) -> PathBuf {
    let path = folder.join(format!("{}{suffix}", scenario.name));
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn the_programs_in_c_return_what_the_scenarios_returned() {
    if !has("cc") {
        return;
    }
    let folder = Folder::new("code-c");
    let all = scenarios();
    let compared = for_each(&all, |scenario| {
        let text = generated(scenario, "c")?;
        let source = file(folder.path(), scenario, ".c", &text);
        let program = source.with_extension("");
        let mut cc = Command::new("cc");
        cc.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-pthread"]);
        said(cc.arg(&source).arg("-o").arg(&program))?;
        let out = said(&mut Command::new(&program))?;
        compare(&text, &out, &observed(scenario)?, expected::in_c, usize::MAX)
    });
    let steps: usize = all.iter().map(|scenario| scenario.steps.len()).sum();
    assert!(
        compared * 10 > steps * 9,
        "{compared} calls of {steps} steps were compared"
    );
}

#[test]
fn the_programs_in_python_return_what_the_scenarios_returned() {
    if !has("python3") {
        return;
    }
    let folder = Folder::new("code-python");
    let all = scenarios();
    let compared = for_each(&all, |scenario| {
        let text = generated(scenario, "python")?;
        let source = file(folder.path(), scenario, ".py", &text);
        let out = said(Command::new("python3").arg(&source))?;
        compare(&text, &out, &observed(scenario)?, expected::in_python, usize::MAX)
    });
    let steps: usize = all.iter().map(|scenario| scenario.steps.len()).sum();
    assert!(
        compared * 10 > steps * 9,
        "{compared} calls of {steps} steps were compared"
    );
}

#[test]
fn the_programs_in_rust_return_what_the_scenarios_returned() {
    if !has("rustc") {
        return;
    }
    let folder = Folder::new("code-rust");
    let all = scenarios();
    let compared = for_each(&all, |scenario| {
        let text = generated(scenario, "rust")?;
        let source = file(folder.path(), scenario, ".rs", &text);
        let program = source.with_extension("");
        let mut rustc = Command::new("rustc");
        rustc.args(["--edition", "2021", "-D", "warnings"]);
        said(rustc.arg(&source).arg("-o").arg(&program))?;
        let out = said(&mut Command::new(&program))?;
        compare(&text, &out, &observed(scenario)?, expected::in_rust, usize::MAX)
    });
    let steps: usize = all.iter().map(|scenario| scenario.steps.len()).sum();
    assert!(
        compared * 10 > steps * 9,
        "{compared} calls of {steps} steps were compared"
    );
}

/// All of them are packages of one module, which is built at once: to start Go's linker is what takes time.
#[test]
fn the_programs_in_go_return_what_the_scenarios_returned() {
    if !has("go") {
        return;
    }
    let folder = Folder::new("code-go");
    std::fs::write(folder.path().join("go.mod"), "module scenarios\n\ngo 1.19\n").unwrap();
    let all = scenarios();
    let texts = Mutex::new(BTreeMap::new());
    for_each(&all, |scenario| {
        let text = generated(scenario, "go")?;
        let package = folder.path().join(&scenario.name);
        std::fs::create_dir(&package).unwrap();
        std::fs::write(package.join("main.go"), &text).unwrap();
        texts.lock().unwrap().insert(scenario.name.clone(), text);
        Ok(0)
    });
    let texts = texts.into_inner().unwrap();
    let go = |args: &[&str]| {
        let mut go = Command::new("go");
        go.args(args).current_dir(folder.path()).env("GOFLAGS", "-mod=mod");
        go.env("CGO_ENABLED", "0").env("GOTOOLCHAIN", "local");
        said_slowly(&mut go)
    };
    let bin = folder.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    // Without what only a debugger reads, linking takes half the time.
    go(&["build", "-ldflags=-s -w", "-o", "bin/", "./..."]);
    go(&["vet", "./..."]);
    if has("gofmt") {
        let unformatted = said(Command::new("gofmt").arg("-l").arg(folder.path())).unwrap();
        assert_eq!(unformatted, "", "gofmt would have them otherwise");
    }
    let compared = for_each(&all, |scenario| {
        let text = &texts[&scenario.name];
        let out = said(&mut Command::new(bin.join(&scenario.name)))?;
        let observed = observed(scenario)?;
        let until = astray(text, &observed);
        if until < usize::MAX && !tells(text, until) {
            return Err(format!("its head does not tell that step {until} is left out"));
        }
        compare(text, &out, &observed, expected::in_go, until)
    });
    let steps: usize = all.iter().map(|scenario| scenario.steps.len()).sum();
    assert!(
        compared * 10 > steps * 7,
        "{compared} calls of {steps} steps were compared"
    );
}

/// From which step on a program in Go cannot be compared: one with a call that it does not make, that `Dial` or `Listen` does
/// not make for it, and that may have changed something.
fn astray(text: &str, observed: &BTreeMap<Place, Expected>) -> usize {
    let left_out = left_out(text);
    let changes = left_out.iter().filter(|left| {
        let Some((side, call)) = &left.call else { return false };
        let expected = observed.get(&(left.step, *side));
        let changes_nothing = match call.as_str() {
            "poll" | "get-option" | "options" => true,
            // It takes the error that it finds.
            "so-error" => expected.is_some_and(|expected| expected.words == ["0"]),
            _ => false,
        };
        let no_descriptor = expected.is_some_and(|expected| expected.closed);
        !changes_nothing && !no_descriptor && !left.why.starts_with("Dial or Listen does it")
    });
    changes.map(|left| left.step).min().unwrap_or(usize::MAX)
}

/// Does the head of a program say that it does without something in that step?
fn tells(text: &str, step: usize) -> bool {
    let lines = text.lines().map_while(|line| line.strip_prefix("//"));
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    let head = words.join(" ");
    let without = format!("Step {step} has a call that Go does not make");
    // Or from a step before.
    let before = (1..=step).any(|step| head.contains(&format!("Step {step} is nothing that sockets can do")));
    before || head.contains(&without)
}

/// Like [`said`], for what may take longer than any wait of ours.
fn said_slowly(command: &mut Command) -> String {
    let out = command.stdin(Stdio::null()).output().unwrap();
    assert!(
        out.status.success(),
        "{command:?}: {}{}",
        text(&out.stdout),
        text(&out.stderr)
    );
    text(&out.stdout)
}

/// The comparison itself can fail: on another errno in a comment, another result, a call that is missing.
#[test]
fn a_program_that_is_not_the_scenario_is_noticed() {
    let scenario = scenarios()
        .into_iter()
        .find(|scenario| scenario.name == "half-close")
        .unwrap();
    let observed = observed(&scenario).unwrap();
    let good = generated(&scenario, "python").unwrap();
    // What it would print, from its own comments.
    let printed = |text: &str| -> String {
        let calls = calls(text).into_iter();
        let lines = calls.map(|((step, end), call, comment)| {
            let word = comment.trim_start_matches("= ");
            let end_of_word = if word.starts_with("-1") {
                word.find(" (")
            } else {
                word.find([' ', ','])
            };
            format!("{step} {end} {call} {}\n", &word[..end_of_word.unwrap_or(word.len())])
        });
        lines.collect()
    };
    let out = printed(&good);
    let check = |text: &str, out: &str| compare(text, out, &observed, expected::in_python, usize::MAX);
    assert_eq!(check(&good, &out), Ok(observed.len()));
    let other_comment = good.replace("= -1 EPIPE (Broken pipe)", "= -1 ECONNRESET (Connection reset by peer)");
    assert!(check(&other_comment, &out).unwrap_err().contains("the comment is"));
    let other_result = out.replace("-1 EPIPE", "-1 ECONNRESET");
    assert!(check(&good, &other_result).unwrap_err().contains("the run returned"));
    let less = |text: &str, what: &str| -> String {
        let lines = text.lines().filter(|line| !line.contains(what));
        lines.map(|line| format!("{line}\n")).collect()
    };
    let without_call = less(&good, "send(b\"too late\")");
    assert!(check(&without_call, &less(&out, "5 client")).is_err());
    assert!(
        check(&good, &less(&out, "1 server bind"))
            .unwrap_err()
            .contains("written")
    );
}
