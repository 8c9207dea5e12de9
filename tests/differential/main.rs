//! What finwait says of why, held against the record of the same run and the kernel's counters, in scripts that no one chose.
//!
//! `author` writes a script at random, as its seed has it. `record` reads the transcript again by itself: which segments came and left,
//! and which the kernel was seen to act upon. `claims` checks what each outcome's sentence and its cause claim against that. Nothing of
//! finwait's own reasoning is used.
//!
//! `present` holds what the screen says of the present (plates, directions, *now*) against the newest rows and the transcript, at each
//! entry of the same runs.
//!
//! `situations` plays scripts that were chosen, so that each rule is met in at least three situations; `phrases` is what a sentence's
//! words claim.
//!
//! `FINWAIT_SCRIPTS=1-1000 cargo test --test differential at_random` runs at length.

#[path = "../support/mod.rs"]
#[macro_use]
mod support;
#[path = "../support/author.rs"]
mod author;
#[path = "../support/present.rs"]
mod present;

mod claims;
mod phrases;
mod record;
mod situations;

use author::Author;
use claims::{Tally, check};
use present::Reading;
use record::Record;
use serde_json::Value;
use support::folder::Folder;
use support::{Lab, Run};

/// What every script begins with.
const LISTEN: &[&str] = &["server bind :SERVER", "server listen backlog=2"];
/// Waits until all is quiet.
const CALM: &str = "server host tcp_abort_on_overflow off";
/// The ports of a script.
const WORDS: [(&str, &str); 4] = [
    ("SERVER", "8080"),
    ("CLIENT", "7001"),
    ("OTHER", "7002"),
    ("THIRD", "7003"),
];

/// Gives a command, and waits until it is over or patience is.
fn carry_out(run: &mut Run, command: &str) {
    run.gives(command);
    run.settles();
}

/// Plays `next` until it has nothing more to do, and returns all that was printed, with the RSTs that each host's kernel says it has sent.
fn play(mut run: Run, next: &mut dyn FnMut(&mut Run) -> Option<()>) -> (Vec<Value>, [Option<u64>; 2]) {
    while next(&mut run).is_some() {}
    carry_out(&mut run, CALM);
    let resets = ["client", "server"].map(|side| resets_sent(run.endpoint(side)));
    let said = std::mem::take(&mut run.said);
    (said, resets)
}

/// The RSTs that the kernel counts as sent in the network namespace of a process (`TcpOutRsts`).
fn resets_sent(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/net/snmp")).ok()?;
    let mut lines = text.lines().filter(|line| line.starts_with("Tcp:"));
    let (names, values) = (lines.next()?, lines.next()?);
    let place = names.split(' ').position(|name| name == "OutRsts")?;
    values.split(' ').nth(place)?.parse().ok()
}

/// Plays a script and checks it: what is wrong, with the transcript.
fn wrong_in(run: Run, tally: &mut Tally, next: &mut dyn FnMut(&mut Run) -> Option<()>) -> Vec<String> {
    let (said, resets) = play(run, next);
    let record = Record::of(&said);
    let mut wrong = check(&record, tally);
    for (side, counted) in ["client", "server"].iter().zip(resets) {
        let seen = record.resets_left(side);
        // Without a route the kernel counts what it could not send.
        let counted = counted.filter(|_| !record.commands().contains("default_route off"));
        if let Some(counted) = counted.filter(|counted| *counted != seen) {
            wrong.push(format!(
                "{side}: {seen} RSTs were seen to leave, its kernel counts {counted}"
            ));
        }
    }
    if !wrong.is_empty() {
        wrong.push(record.commands());
        wrong.push(record.kept());
    }
    wrong
}

/// Scripts at random: the first few seeds; as many as `FINWAIT_SCRIPTS=FIRST-LAST` says, when that is set.
#[test]
fn at_random() {
    let said = std::env::var("FINWAIT_SCRIPTS").unwrap_or_else(|_| "1-24".to_owned());
    let (first, last) = said.split_once('-').unwrap();
    let seeds: std::ops::RangeInclusive<u64> = first.parse().unwrap()..=last.parse().unwrap();
    let mut tally = Tally::default();
    let (mut wrong, mut held) = (Vec::new(), 0);
    let own = Folder::new("at-random");
    let folder = own.path();
    for seed in seeds {
        let lab = if seed % 4 == 0 { Lab::Isolated6 } else { Lab::Isolated };
        let recording = folder.join(format!("{seed}.jsonl"));
        let mut author = Author::with_options(seed);
        let mut listens = Some(LISTEN);
        let run = lab.open_with(&["--patience", "30", "--record", recording.to_str().unwrap()]);
        let found = wrong_in(run, &mut tally, &mut |run| {
            let commands = match listens.take() {
                Some(commands) => commands.iter().map(|&command| command.to_owned()).collect(),
                None => author.next(run)?,
            };
            let with = |text: String, (word, port): &(&str, &str)| text.replace(word, port);
            let commands = commands.into_iter().map(|command| WORDS.iter().fold(command, with));
            commands.for_each(|command| carry_out(run, &command));
            Some(())
        });
        wrong.extend(found.into_iter().map(|what| format!("seed {seed}: {what}")));
        let reading = Reading::of(&format!("seed {seed}"), &std::fs::read(&recording).unwrap());
        held += reading.held;
        wrong.extend(reading.wrong);
    }
    println!("{tally}");
    println!("{held} sentences of the present held");
    assert!(held > 1000, "{held}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tally.checked() > 0);
}
