//! The sentence of why: below an outcome that did not simply succeed, and in every outcome's object.

use crate::support::{Lab, finwait, output};

const HALF_CLOSED: [&str; 8] = [
    "server listen",
    "client connect",
    "server accept",
    "client write hello",
    "client close",
    "server read",
    "server read",
    "server close on=listener",
];

/// The lines of `finwait do`, below which line of the transcript each sentence of why stands.
fn whys(commands: &[&str]) -> Vec<(String, String)> {
    let output = output(finwait().args(["--lab", "loopback", "do"]).args(commands));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let below = lines.windows(2).filter_map(|pair| {
        let why = pair[1].strip_prefix("           why     ")?;
        Some((pair[0].to_owned(), why.to_owned()))
    });
    below.collect()
}

/// The end of the stream has a sentence; what simply succeeded has none.
#[test]
fn the_end_of_the_stream() {
    let whys = whys(&HALF_CLOSED);
    let [(outcome, why)] = &whys[..] else {
        panic!("{whys:#?}")
    };
    assert!(outcome.contains("read(4, \"\", 1024) = 0"), "{outcome}");
    assert!(why.ends_with("end of stream. [eof-fin]"), "{why}");
}

/// So has each failure, right below what the call returned.
#[test]
fn a_failure() {
    let whys = whys(&["client connect", "client close", "client close"]);
    let outcomes: Vec<&str> = whys
        .iter()
        .map(|(outcome, _)| outcome.rsplit_once(" = -1 ").unwrap().1.split(' ').next().unwrap())
        .collect();
    assert_eq!(outcomes, ["ECONNREFUSED", "EBADF"], "{whys:#?}");
    // Where a rule is behind it, its id follows.
    let is_sentence = |why: &str| why.split(" [").next().is_some_and(|sentence| sentence.ends_with('.'));
    assert!(whys.iter().all(|(_, why)| is_sentence(why)), "{whys:#?}");
    assert_ne!(whys[0].1, whys[1].1);
}

/// So have a deadline, and a call whose process was killed under it.
#[test]
fn what_did_not_return() {
    let whys = whys(&[
        "server listen",
        "client connect",
        "client read deadline=20",
        "client read",
        "client kill",
    ]);
    let [(deadline, _), (lost, why)] = &whys[..] else {
        panic!("{whys:#?}")
    };
    assert!(deadline.contains("deadline exceeded"), "{deadline}");
    assert!(lost.contains("never returned: killed by SIGKILL"), "{lost}");
    assert!(why.contains("process ended"), "{why}");
}

/// In JSON each outcome has it, what succeeded too.
#[test]
fn in_json() {
    let mut run = Lab::Loopback.open();
    for command in HALF_CLOSED {
        run.does(command);
    }
    let outcomes: Vec<_> = run.said.iter().filter(|line| line["kind"] == "outcome").collect();
    assert!(outcomes.len() >= HALF_CLOSED.len());
    for outcome in &outcomes {
        let why = outcome["why"].as_str().unwrap_or_else(|| panic!("{outcome}"));
        assert!(why.ends_with('.'), "{why}");
    }
    run.end();
}
