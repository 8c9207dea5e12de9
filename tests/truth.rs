//! What the transcript says of the endpoints' calls is what `strace` saw, call by call and errno by errno. What it says of states is
//! compared in `tracepoint.rs`.

use std::collections::{BTreeMap, HashSet};
use std::fs;

use serde_json::Value;

#[path = "support/strace_log.rs"]
mod strace_log;
#[path = "support/mod.rs"]
mod support;

use strace_log::{lines_by_call, strace};
use support::folder::Folder;
use support::{Lab, brief, errno, output};

/// Every call that a socket takes, those that end it last; then some of them again, on the descriptor that is closed.
const CALLS: &[&str] = &[
    "options",
    "get-option SO_LINGER",
    "set-option TCP_NODELAY on",
    "set-option SO_SNDTIMEO 20",
    "set-option SO_LINGER off",
    "poll",
    "poll in pri out rdhup hup err timeout=1",
    "so-error",
    "bind",
    "read 10 dontwait",
    "read 10 peek waitall dontwait",
    "read 10 oob",
    "read 10 deadline=5",
    "read 0",
    "write \"\\x00\\xff\\\"quoted\\\"\\n\" dontwait nosignal",
    "write ab repeat=40",
    "write a oob dontwait",
    "write late deadline=5",
    "reconnect deadline=5",
    "reconnect",
    "interrupt",
    "shutdown read",
    "read",
    "interrupt",
    "shutdown write",
    "write \"after the end\"",
    "dup",
    "shutdown both",
    "so-error",
    "disconnect",
    "linger-close 0",
    "read",
    "write",
    "poll",
    "options",
    "dup",
    "rst-close",
    "close",
];

/// How to come into each state; the client's current socket is then in it.
const STATES: &[&[&str]] = &[
    // No descriptor at all.
    &[],
    // CLOSE
    &["client socket"],
    // Bound
    &["client socket", "client bind"],
    // LISTEN
    &["client socket", "client listen"],
    // Refused
    &["client connect :1"],
    // ESTABLISHED, with and without data to read
    &["client connect", "server accept"],
    &["client connect", "server accept", "server write \"all of it\" oob"],
    // Not blocking
    &[
        "client socket",
        "client set-option O_NONBLOCK on",
        "client connect",
        "client accept",
    ],
    // FIN_WAIT2
    &["client connect", "server accept", "client shutdown write"],
    // CLOSE_WAIT
    &["client connect", "server accept", "server close"],
    // TIME_WAIT
    &[
        "client connect",
        "server accept",
        "client shutdown write",
        "server close",
    ],
    // Reset
    &["client connect", "server accept", "server rst-close"],
    // Reset in CLOSE_WAIT
    &[
        "client connect",
        "server accept",
        "server shutdown write",
        "server rst-close",
    ],
    // A queue that is full: SYN_SENT
    &[
        "server listen backlog=0",
        "client connect",
        "client connect",
        "client interrupt",
    ],
];

fn script() -> Vec<String> {
    let mut script = vec![
        "server listen backlog=20".to_owned(),
        "client sigpipe default".to_owned(),
    ];
    script.push("client sigpipe ignore".to_owned());
    for state in STATES {
        script.extend(state.iter().map(|&command| command.to_owned()));
        script.extend(CALLS.iter().map(|call| format!("client {call}")));
    }
    script.extend(["server read", "server rst-close", "server accept", "server interrupt"].map(str::to_owned));
    script
}

/// Nothing is retouched, left out or made up.
#[track_caller]
fn agrees(lab: Lab) {
    let own = Folder::new(&format!("truth-{lab:?}"));
    let log = own.path().join(format!("truth-{lab:?}"));
    let mut command = strace(&log);
    // Traced, a call takes long to begin, and what has not begun cannot be interrupted. Only what blocks waits that long.
    command
        .arg(env!("CARGO_BIN_EXE_finwait"))
        .args(lab.args())
        .args(["do", "--json", "--patience", "1000"])
        .args(script());
    let run = output(&mut command);
    // Where nothing is blocked there is nothing to interrupt; all else can be carried out.
    let complaints = String::from_utf8(run.stderr).unwrap();
    let others = complaints
        .lines()
        .find(|line| !line.ends_with(" is blocked: there is nothing to interrupt"));
    assert_eq!((run.status.code(), others), (Some(1), None));
    let text = fs::read_to_string(&log).unwrap();
    let seen = lines_by_call(&text);

    let mut told = BTreeMap::new();
    let mut errnos = HashSet::new();
    let mut begun = HashSet::new();
    for line in String::from_utf8(run.stdout).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["kind"] == "call" {
            begun.insert(line["call"].as_u64().unwrap());
        }
        if line["kind"] != "outcome" {
            continue;
        }
        let trace = line["trace"].as_array().unwrap();
        // An interrupt that finds its call over makes none.
        let too_late = line["name"] == "interrupt" && brief(&line) == "ESRCH";
        assert!(!trace.is_empty() || too_late, "{line}");
        let mut lines = Vec::new();
        for traced in trace {
            let text = traced["text"].as_str().unwrap();
            let failed = traced.get("errno").map(errno);
            if let Some(name) = &failed {
                assert!(text.contains(&format!(" = -1 {name} (")), "{traced}");
                errnos.insert(name.clone());
            } else {
                assert!(!text.contains(" = -1 "), "{traced}");
            }
            lines.push(text.to_owned());
        }
        // What failed with an errno says so in its trace, too.
        if line["outcome"].get("err").is_some() {
            let name = brief(&line);
            let in_trace = trace
                .iter()
                .any(|traced| traced.get("errno").map(errno).as_ref() == Some(&name));
            let by_so_error = lines
                .iter()
                .any(|text| text.contains("SO_ERROR") && text.contains(&name));
            assert!(in_trace || by_so_error || too_late, "{line}");
        }
        told.insert(line["call"].as_u64().unwrap(), lines);
    }
    for (id, lines) in &told {
        let seen = seen
            .get(id)
            .unwrap_or_else(|| panic!("call {id}: strace saw nothing of {lines:?}"));
        let made: Vec<_> = seen.iter().filter(|line| is_a_call(line)).collect();
        assert_eq!(
            lines.iter().filter(|line| is_a_call(line)).collect::<Vec<_>>(),
            made,
            "call {id}"
        );
    }
    for (id, lines) in &seen {
        // A call that was blocked when the run ended has no result.
        let returned = !lines.iter().any(|line| line.ends_with(" = ?"));
        assert!(begun.contains(id), "call {id} is not in the transcript: {lines:?}");
        assert_eq!(told.contains_key(id), returned, "call {id}: {lines:?}");
    }
    // So that it stays a test of something.
    assert!(begun.len() > STATES.len() * CALLS.len() && told.len() + 5 > begun.len());
    for name in [
        "EBADF",
        "ENOTCONN",
        "EPIPE",
        "EAGAIN",
        "EINVAL",
        "EISCONN",
        "ECONNREFUSED",
        "ECONNRESET",
        "EINPROGRESS",
        "EINTR",
    ] {
        assert!(errnos.contains(name), "{name} was never met: {errnos:?}");
    }
}

/// Signals are not among the calls that are traced.
fn is_a_call(line: &str) -> bool {
    !line.starts_with("tgkill(") && !line.starts_with("rt_sigaction(")
}

#[test]
fn the_transcript_is_what_strace_sees_in_the_isolated_lab() {
    agrees(Lab::Isolated);
}

#[test]
fn the_transcript_is_what_strace_sees_in_the_loopback_lab() {
    agrees(Lab::Loopback);
}

#[test]
fn the_transcript_is_what_strace_sees_of_ipv6() {
    agrees(Lab::Isolated6);
}
