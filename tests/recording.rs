//! Recordings through the real binary: what is written, what opening it shows, and what is said of damaged ones.

mod support;

use finwait::clock::MonoTime;
use finwait::command::Command;
use finwait::recording::{Move, Recording, Replay};
use finwait::scenario::catalog;
use finwait::session::{Session, SessionInput};
use finwait::side::Side;
use proptest::prelude::*;
use serde_json::Value;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command as Process, Output};
use std::sync::LazyLock;
use support::folder::{Folder, names_in};
use support::{Lab, finwait, output, output_of, text};

fn run(args: &[&str]) -> Output {
    output(finwait().args(args))
}

/// What `finwait open` prints of a recording, and says of it.
fn opened(recording: &[u8], args: &[&str]) -> (Option<i32>, String, String) {
    let output = output_of(finwait().args(["open", "-"]).args(args), recording);
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A run with a bit of everything: the wire held, a rule, a forged segment, a host's setting, options, a blocked call, a death, a
/// command that is refused.
const COMMANDS: [&str; 25] = [
    "server host tcp_syn_retries 3",
    "server listen",
    "client connect",
    "server accept",
    "client set-option TCP_NODELAY on",
    "client options",
    "wire step",
    "client write \"hello\"",
    "wire deliver",
    "wire drop all",
    "wire flow",
    "server read 1024",
    "wire drop any from=client payload=yes times=1",
    "client write \"again\"",
    "client dup",
    "client use next",
    "client sigpipe",
    "client read 1024",
    "client interrupt",
    "wire forge rst to=client seq=exact",
    "client read 1024",
    "server kill",
    "server read 10",
    "server restart",
    "server poll in",
];

/// What `do --json` printed of that run, and its recording.
static RUN: LazyLock<(String, Vec<u8>)> = LazyLock::new(|| {
    let folder = Folder::new("run");
    let file = folder.file("run.jsonl");
    let output = run(&[&["--lab", "isolated", "--record", &file, "do", "--json"], &COMMANDS[..]].concat());
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(
        said,
        "finwait: command 23, the server endpoint is dead (killed by SIGKILL): restart starts a new one\n"
    );
    (text(&output.stdout), std::fs::read(file).unwrap())
});

/// Lines of JSON, without where a refused command stood, and without the text of commands, which a recording has as finwait
/// writes them.
fn lines(printed: &str) -> Vec<Value> {
    let line = |line: &str| {
        let mut value: Value = serde_json::from_str(line).unwrap();
        if ["command", "refused"].contains(&value["kind"].as_str().unwrap()) {
            let object = value.as_object_mut().unwrap();
            object.remove("place");
            object.remove("text");
        }
        value
    };
    printed.lines().map(line).collect()
}

#[test]
fn a_recording_opens_as_the_run_was_printed() {
    let (printed, recording) = &*RUN;
    let (code, again, said) = opened(recording, &["--json"]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let (printed, again) = (lines(printed), lines(&again));
    for (was, is) in printed.iter().zip(&again) {
        assert_eq!(was, is);
    }
    assert_eq!(printed.len(), again.len());
    for kind in [
        "blocked", "wire", "host", "died", "states", "refused", "state", "packet",
    ] {
        assert!(again.iter().any(|line| line["kind"] == kind), "no {kind}");
    }
}

#[test]
fn without_a_terminal_it_opens_as_text() {
    let (code, again, said) = opened(&RUN.1, &[]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert!(again.contains("> wire forge rst to=client"), "{again}");
    assert!(again.contains("  why  "), "{again}");
    assert!(again.contains("  now     client: client ESTABLISHED"), "{again}");
    assert_eq!(opened(&RUN.1, &["--plain"]).1, again);
}

/// An ordinary user opens it on a machine without /dev/net/tun, and no process is started and no socket made.
#[test]
fn it_opens_without_privileges_and_starts_nothing() {
    let folder = Folder::new("ordinary");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let binary = folder.file("finwait");
    std::fs::copy(env!("CARGO_BIN_EXE_finwait"), &binary).unwrap();
    let log = folder.file("log");
    let traced = format!(
        "mount -t tmpfs none /dev/net; exec strace -f -o {log} -e trace=process,network,openat setpriv --reuid 65534 --regid 65534 --clear-groups \"$@\""
    );
    let mut command = Process::new("unshare");
    if !rustix::process::getuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let script = match rustix::process::getuid().is_root() {
        true => traced.clone(),
        // Root of a user namespace can be nobody else.
        false => traced.replace("setpriv --reuid 65534 --regid 65534 --clear-groups", ""),
    };
    command.args(["--mount", "sh", "-c", &script, "sh", &binary, "open", "-", "--json"]);
    let output = output_of(&mut command, &RUN.1);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    assert_eq!(lines(&text(&output.stdout)).len(), lines(&RUN.0).len());
    let log = std::fs::read_to_string(&log).unwrap();
    let ours = log.rsplit_once("execve(").map(|(_, ours)| ours).unwrap();
    assert!(ours.starts_with(&format!("\"{binary}\"")), "{ours}");
    for call in [
        "fork(",
        "clone(",
        "clone3(",
        "socket(",
        "socketpair(",
        "unshare(",
        "/dev/net/tun",
    ] {
        assert!(!ours.contains(call), "{call}:\n{ours}");
    }
}

/// What `--record` of several scenarios makes is a folder.
#[test]
fn a_folder_is_no_recording_but_may_have_some() {
    let folder = Folder::new("folder");
    let path = folder.path().to_str().unwrap();
    let said = text(&run(&["open", path]).stderr);
    assert_eq!(
        said,
        format!("finwait: {path} is a folder without a recording (.jsonl)\n")
    );
    std::fs::write(folder.file("half-close.jsonl"), "").unwrap();
    let said = text(&run(&["open", path]).stderr);
    assert_eq!(
        said,
        format!("finwait: {path} is a folder: open one of its recordings, as half-close.jsonl\n")
    );
}

/// The first of these lines, then one that is damaged, then more.
fn damaged(nth: usize, change: impl Fn(&str) -> String) -> Vec<u8> {
    let whole = text(&RUN.1);
    let line = |(place, line): (usize, &str)| {
        if place + 1 == nth {
            change(line)
        } else {
            line.to_owned()
        }
    };
    let lines: Vec<String> = whole.lines().enumerate().map(line).collect();
    (lines.join("\n") + "\n").into_bytes()
}

#[track_caller]
fn refused(recording: &[u8], wanted: &[&str]) {
    let (code, out, said) = opened(recording, &["--json"]);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    for wanted in wanted {
        assert!(said.contains(wanted), "{wanted:?} is not in {said:?}");
    }
}

#[test]
fn damage_is_told_with_its_line() {
    refused(
        b"",
        &["finwait: -: line 1: a recording begins with {\"recording\":{\"schema\":1, ...}}, and this is empty"],
    );
    refused(
        b"\x7fELF\0\0",
        &["line 1: this is no recording of finwait's: one begins with {\"recording\""],
    );
    refused(b"{\"kind\":\"born\"}\n", &["line 1: this is no recording"]);
    refused(b"{\"recording\":{\"sche", &["line 1: column "]);
    refused(
        &damaged(5, |line| line[..line.len() / 2].to_owned()),
        &["line 5: column ", "EOF while parsing"],
    );
    refused(
        &damaged(7, |_| "{\"evnt\":{}}".into()),
        &["line 7: column ", "unknown variant `evnt`, expected one of `command`"],
    );
    refused(
        &damaged(7, |_| "{\"command\":{\"at\":1,\"text\":\"client raed\"}}".into()),
        &[
            "line 7: column ",
            "in the command \"client raed\": \"raed\" is not a command; did you mean read?",
        ],
    );
    refused(
        &damaged(7, |_| "{\"command\":{\"at\":1,\"text\":\"wire step\"}}".into()),
        &["this must be a command of the client or the server"],
    );
    refused(
        &damaged(2, |_| "\u{7}\u{1b}[31m".into()),
        &["line 2: column 1: expected value"],
    );
}

#[test]
fn a_newer_schema_is_refused() {
    let newer = damaged(1, |line| {
        line.replace(
            "\"schema\":1,\"finwait\":\"",
            "\"schema\":2,\"new\":[],\"finwait\":\"9.",
        )
    });
    let here = env!("CARGO_PKG_VERSION");
    let sentence = format!(
        "line 1: this is a recording of finwait 9.{here} with schema 2, and this finwait, {here}, reads schema 1: open it with that finwait"
    );
    refused(&newer, &[&sentence]);
}

#[test]
fn one_that_breaks_off_opens_with_a_note() {
    let whole = &RUN.1;
    let last = text(whole).lines().count();
    let (code, out, said) = opened(&whole[..whole.len() - 9], &["--json"]);
    assert_eq!(code, Some(0));
    assert_eq!(lines(&out).len(), lines(&RUN.0).len());
    assert_eq!(
        said,
        format!(
            "finwait: -: the recording breaks off in line {last}, which is left out: finwait was killed, or the disk was full\n"
        )
    );
}

/// Nothing that was told is lost to kill -9.
#[test]
fn what_was_told_survives_a_kill() {
    let folder = Folder::new("kill");
    let file = folder.file("killed.jsonl");
    let mut run = Lab::Isolated.open_with(&["--record", &file]);
    run.succeeds(&["server listen", "client connect", "server accept", "client write hello"]);
    run.gives("server read");
    run.awaits(|line| line["kind"] == "outcome" && line["name"] == "read");
    let told = run.said.clone();
    run.child().kill().unwrap();
    run.child().wait().unwrap();
    let (code, out, said) = opened(&std::fs::read(&file).unwrap(), &["--json"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("the recording has no last line"), "{said}");
    let entries = |lines: Vec<Value>| {
        lines
            .into_iter()
            .filter(|line| line["no"].is_number())
            .collect::<Vec<_>>()
    };
    let (told, again) = (entries(told), entries(lines(&out)));
    assert!(told.len() > 10 && again.len() >= told.len());
    assert_eq!(told, again[..told.len()]);
}

#[test]
fn no_file_is_overwritten_and_none_is_left_empty() {
    let folder = Folder::new("overwritten");
    let file = folder.file("mine.jsonl");
    std::fs::write(&file, "mine").unwrap();
    let output = run(&["--record", &file, "--lab", "loopback", "do", "server listen"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let said =
        format!("finwait: --record {file}: it is there already, and finwait overwrites nothing: give another name\n");
    assert_eq!(text(&output.stderr), said);
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    let nowhere = folder.file("no/such/folder.jsonl");
    let output = run(&["--record", &nowhere, "--lab", "loopback", "do", "server listen"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains(&format!("write the recording {nowhere}: No such file")));
    // A scenario that does not run here begins no recording.
    let output = run(&[
        "--record",
        &folder.file("none.jsonl"),
        "--lab",
        "loopback",
        "run",
        "handshake",
    ]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert_eq!(folder.names(), ["mine.jsonl"]);
}

/// A full disk ends the recording, in one sentence, and nothing else.
#[test]
fn a_full_disk_ends_only_the_recording() {
    let args = [
        "--record",
        "/dev/full",
        "--lab",
        "loopback",
        "do",
        "server listen",
        "client connect",
        "server accept",
    ];
    let output = run(&args);
    let (out, said) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(
        said,
        "finwait: the recording /dev/full ends here, and the run goes on: No space left on device (os error 28)\n"
    );
    assert!(out.contains("server ESTABLISHED"), "{out}");
    let output = run(&["--record", "/dev/full", "--lab", "loopback", "run", "refused", "--json"]);
    let end = text(&output.stdout).lines().last().map(str::to_owned).unwrap();
    let end: Value = serde_json::from_str(&end).unwrap();
    assert!(end["unrecorded"].as_str().unwrap().contains("No space left"), "{end}");
}

#[test]
fn several_scenarios_are_recorded_in_a_folder() {
    let folder = Folder::new("several");
    let output = run(&["--record", &folder.file("both.jsonl"), "run", "refused", "handshake"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("want the name of a folder, like recordings/"));
    let into = folder.file("recordings");
    let output = run(&["--record", &into, "--lab", "isolated", "run", "refused", "handshake"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(names_in(Path::new(&into)), ["handshake.jsonl", "refused.jsonl"]);
    let output = run(&["open", &format!("{into}/refused.jsonl")]);
    assert!(
        text(&output.stdout).contains("ECONNREFUSED"),
        "{}",
        text(&output.stderr)
    );
    // Again into the same folder: nothing runs.
    let output = run(&["--record", &into, "--lab", "isolated", "run", "refused", "handshake"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("refused.jsonl is there already"));
    // One is recorded in a file of its name, too, where a folder is given.
    let output = run(&[
        "--record",
        &format!("{into}/"),
        "--lab",
        "isolated",
        "run",
        "half-close",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(names_in(Path::new(&into)).len(), 3);
}

#[test]
fn a_program_is_recorded_as_its_scenario_runs() {
    let folder = Folder::new("code");
    let file = folder.file("code.jsonl");
    let output = run(&[
        "--record",
        &file,
        "--lab",
        "isolated",
        "code",
        "refused",
        "--language",
        "c",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&run(&["open", &file]).stdout).contains("ECONNREFUSED"));
}

#[test]
fn what_has_no_lab_is_not_recorded() {
    let folder = Folder::new("list");
    for verb in [&["list"][..], &["doctor"], &["explain", "EPIPE"], &["open", "x.jsonl"]] {
        let output = run(&[&["--record", &folder.file("x.jsonl")], verb].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(
            text(&output.stderr).contains("--record is not an option of"),
            "{verb:?}"
        );
    }
    assert_eq!(folder.names(), [""; 0]);
}

/// Goes to every place of a recording and back.
fn travels(recording: Recording) {
    let (mut replay, mut session) = Replay::new(recording);
    let last = replay.place().1;
    for to in [
        Move::Start,
        Move::CommandNext,
        Move::Next,
        Move::Back,
        Move::End,
        Move::CommandBack,
        Move::Entry(3),
    ] {
        replay.go(to, &mut session);
        assert!(replay.place().0 <= last);
        let _ = (replay.elapsed(), replay.command(), replay.note());
        for entry in session.transcript.since(0) {
            let _ = (entry.lines(), entry.why());
        }
    }
}

/// All that the panes show of both ends and of the wire.
fn picture(session: &Session) -> String {
    let end = |side| {
        let end = &session.ends[side];
        let process = (&end.process, &end.current, &end.settings, &end.options);
        format!("{:?}{:?}{:?}{process:?}", session.sockets(side), end.pending, end.last)
    };
    format!("{}{}{:?}", end(Side::Client), end(Side::Server), session.wire)
}

/// Forwards step by step, and back, the same is shown at each place.
#[test]
fn back_shows_what_next_has_shown() {
    let recording = Recording::read(&RUN.1[..]).unwrap();
    let (mut replay, mut session) = Replay::new(recording);
    let end = format!("{:?}", session.transcript);
    replay.go(Move::Start, &mut session);
    assert_eq!(session.transcript.last(), 0);
    let mut shown = Vec::new();
    loop {
        shown.push((session.transcript.last(), picture(&session)));
        let before = replay.place();
        if before.0 == before.1 {
            break;
        }
        replay.go(Move::Next, &mut session);
        assert!(session.transcript.last() >= shown.last().unwrap().0);
    }
    assert_eq!(format!("{:?}", session.transcript), end);
    assert!(shown.len() > 60, "{}", shown.len());
    for was in shown.iter().rev() {
        assert_eq!(session.transcript.last(), was.0);
        assert!(picture(&session) == was.1, "at entry {}", was.0);
        replay.go(Move::Back, &mut session);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A recording whose lines are lost, doubled, moved or cut, or whose numbers are others, opens or is refused in one sentence.
    #[test]
    fn no_damage_makes_it_panic(
        changes in proptest::collection::vec((0..5_u8, any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u64>()), 1..6)
    ) {
        let whole = text(&RUN.1);
        let mut lines: Vec<String> = whole.lines().map(str::to_owned).collect();
        for (what, one, other, number) in changes {
            let (one, other) = (one.index(lines.len()), other.index(lines.len()));
            match what {
                0 => drop(lines.remove(one)),
                1 => lines.insert(other, lines[one].clone()),
                2 => lines.swap(one, other),
                3 => {
                    let at = lines[one].floor_char_boundary_here(number as usize % (lines[one].len() + 1));
                    lines[one].truncate(at);
                }
                _ => {
                    let digits: Vec<usize> = lines[one].match_indices(|c: char| c.is_ascii_digit()).map(|(at, _)| at).collect();
                    if let Some(at) = digits.get(number as usize % digits.len().max(1)) {
                        let rest = lines[one][*at..].trim_start_matches(|c: char| c.is_ascii_digit()).to_owned();
                        lines[one].truncate(*at);
                        lines[one].push_str(&number.to_string());
                        lines[one].push_str(&rest);
                    }
                }
            }
            if lines.is_empty() {
                break;
            }
        }
        match Recording::read(lines.join("\n").as_bytes()) {
            Ok(recording) => travels(recording),
            Err(error) => prop_assert_eq!(error.to_string().lines().count(), 1),
        }
    }
}

/// A cut between characters.
trait Boundary {
    fn floor_char_boundary_here(&self, at: usize) -> usize;
}

impl Boundary for String {
    fn floor_char_boundary_here(&self, at: usize) -> usize {
        (0..=at).rev().find(|at| self.is_char_boundary(*at)).unwrap_or(0)
    }
}

/// A recording can be piped on while it is written.
#[test]
fn it_can_be_written_to_a_pipe() {
    let script = "\"$0\" --lab loopback --record /dev/fd/3 do 'server listen' 3>&1 >/dev/null";
    let output = output(Process::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_finwait")]));
    std::io::stderr().write_all(&output.stderr).unwrap();
    let recording = Recording::read(&output.stdout[..]).unwrap();
    assert_eq!(recording.note(), None);
}

/// A command is recorded as text: each that a scenario gives is read back as it was.
#[test]
fn every_command_of_the_catalog_survives_its_text() {
    let mut commands = 0;
    for scenario in catalog::all().unwrap() {
        for action in scenario.steps.iter().filter_map(|step| step.action.as_ref()) {
            let input = match action.command.clone() {
                Command::End(side, command) => SessionInput::Command {
                    at: MonoTime(7),
                    command: (side, command),
                },
                Command::Wire(command) => SessionInput::Wire { command },
                Command::Screen(_) | Command::Write(_) => continue,
            };
            let line = serde_json::to_string(&input).unwrap();
            assert_eq!(serde_json::from_str::<SessionInput>(&line).unwrap(), input, "{line}");
            commands += 1;
        }
    }
    assert!(commands > 500, "{commands}");
}
