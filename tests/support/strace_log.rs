//! What `strace` wrote down, sorted by the orders that endpoints carried out.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};

/// Everything that a call can be made of, and what would betray a hidden one.
const TRACED: &str = "trace=network,read,write,openat,close,dup,poll,ppoll,fcntl,ioctl";

/// `strace` of a program that is still to be named, into `log`. Without strace the test fails.
pub fn strace(log: &Path) -> Command {
    let there = Command::new("strace").arg("-V").stdout(Stdio::null()).status();
    assert!(
        there.is_ok_and(|status| status.success()),
        "this test needs strace: install it (apt install strace)"
    );
    let mut strace = Command::new("strace");
    // -a 1: no padding before the equals sign.
    strace
        .args(["-f", "-a", "1", "-e", TRACED, "-e", "signal=none", "-o"])
        .arg(log);
    strace
}

/// The lines of each call's thread, by the id that the thread's first reply names.
pub fn lines_by_call(log: &str) -> HashMap<u64, Vec<String>> {
    let mut threads: HashMap<&str, Vec<String>> = HashMap::new();
    let mut unfinished: HashMap<&str, String> = HashMap::new();
    for line in log.lines() {
        let (thread, text) = line.split_once(' ').unwrap();
        let text = text.trim_start();
        let whole = if let Some(start) = text.strip_suffix(" <unfinished ...>") {
            unfinished.insert(thread, start.to_owned());
            continue;
        } else if text.starts_with("<... ") {
            let (_, rest) = text.split_once(" resumed>").unwrap();
            unfinished.remove(thread).unwrap() + rest
        } else {
            text.to_owned()
        };
        threads.entry(thread).or_default().push(whole);
    }
    let mut calls = HashMap::new();
    for lines in threads.into_values() {
        let began = r#"write(1, "{\"began\":{\"id\":"#;
        let Some(id) = lines.iter().find_map(|line| line.strip_prefix(began)) else {
            only_reads_orders(&lines);
            continue;
        };
        let digits = id.chars().take_while(char::is_ascii_digit).collect::<String>();
        // The replies themselves are no part of what the order did, nor is the exit.
        let own = |line: &String| !line.starts_with("write(1, ") && !line.starts_with("+++");
        calls.insert(
            digits.parse().unwrap(),
            lines
                .into_iter()
                .filter(own)
                .map(|line| as_seen_by_the_caller(&line))
                .collect(),
        );
    }
    calls
}

/// Requires that an endpoint's main thread does nothing once it said hello but read orders.
fn only_reads_orders(lines: &[String]) {
    let hello = lines
        .iter()
        .position(|line| line.starts_with(r#"write(1, "{\"hello\":"#));
    // A thread that says neither is none of an endpoint's.
    let Some(hello) = hello else { return };
    for line in &lines[hello + 1..] {
        assert!(
            line.starts_with("read(0, ") || line.starts_with("+++"),
            "main thread: {line}"
        );
    }
}

/// strace looks from inside the kernel: it prints addresses, and restart codes that the caller gets as `EINTR`.
fn as_seen_by_the_caller(line: &str) -> String {
    const RESTARTS: [&str; 2] = [
        "? ERESTARTSYS (To be restarted if SA_RESTART is set)",
        "? ERESTART_RESTARTBLOCK (Interrupted by signal)",
    ];
    let mut words: Vec<String> = Vec::new();
    for word in line.split(", ") {
        let hex = word
            .strip_prefix("0x")
            .is_some_and(|rest| rest.len() > 8 && rest.chars().all(|c| c.is_ascii_hexdigit()));
        words.push(if hex { "...".into() } else { word.into() });
    }
    RESTARTS.iter().fold(words.join(", "), |line, code| {
        line.replace(code, "-1 EINTR (Interrupted system call)")
    })
}
