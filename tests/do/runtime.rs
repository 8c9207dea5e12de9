//! Another runtime for an end while the lab runs: chosen now, in force from the next start on.

use serde_json::Value;
use std::path::PathBuf;

use crate::support::folder::Folder;
use crate::support::{Lab, Run, finwait, has, output_of};

/// What the runtime's lines of this step say, in order.
fn progress(run: &Run) -> Vec<String> {
    let lines = run.step().iter().filter(|line| line["kind"] == "runtime");
    lines
        .map(|line| match &line["progress"] {
            Value::String(word) => format!(
                "{} {} {word}",
                line["side"].as_str().unwrap(),
                line["runtime"].as_str().unwrap()
            ),
            failed => failed["failed"].as_str().unwrap().to_owned(),
        })
        .collect()
}

/// The runtime of the process that came up in this step.
fn born(run: &Run) -> Option<String> {
    let born = run.step().iter().rfind(|line| line["kind"] == "born")?;
    Some(born["runtime"].as_str()?.to_owned())
}

fn said(run: &Run) -> String {
    let said = |line: &&Value| line["kind"] == "outcome" && line["said"].is_string();
    let line = run.step().iter().rfind(said);
    line.map_or_else(String::new, |line| line["said"].as_str().unwrap().to_owned())
}

/// The old process goes on, with its sockets, until the end is restarted; then errors come in the other language's words, and the way
/// back is the same.
fn a_runtime_changes_with_the_next_start(run: &mut Run, _: Lab) {
    if !has("python3") {
        return;
    }
    run.connects();
    run.succeeds(&["client runtime python"]);
    assert_eq!(progress(run), ["client python ready"]);
    assert_eq!(born(run), None);
    run.succeeds(&["server write still"]);
    assert_eq!(run.does("client read"), "read still");
    assert_eq!(said(run), "");
    run.succeeds(&["client restart"]);
    assert_eq!(born(run).as_deref(), Some("python"), "{}", run.transcript());
    run.succeeds(&["client connect", "server accept", "server rst-close"]);
    assert_eq!(run.does("client read"), "ECONNRESET");
    assert!(
        said(run).starts_with("ConnectionResetError: [Errno 104]"),
        "{}",
        run.transcript()
    );
    // The next start is of the same runtime, until another one is chosen.
    run.succeeds(&["client restart"]);
    assert_eq!(born(run).as_deref(), Some("python"));
    run.succeeds(&["client runtime native", "client restart"]);
    assert_eq!(born(run).as_deref(), Some("native"));
    run.succeeds(&["client connect", "server accept", "server rst-close"]);
    assert_eq!(run.does("client read"), "ECONNRESET");
    assert_eq!(said(run), "");
}
in_labs!(a_runtime_changes_with_the_next_start: Isolated Loopback);

/// Whoever does not come up in time has no patience from the compiler: it is waited for, and told of.
#[test]
fn an_endpoint_is_compiled_once() {
    if !has("cc") {
        return;
    }
    let own = Folder::new("compiles");
    let caches = own.path();
    for told in [&["server c compiling", "server c ready"][..], &["server c ready"]] {
        let mut command = finwait();
        command.env("XDG_CACHE_HOME", caches);
        let mut run = Lab::Loopback.open_by(command, &["--patience", "300"]);
        run.succeeds(&["server runtime c"]);
        assert_eq!(progress(&run), told);
        run.succeeds(&["server restart"]);
        assert_eq!(born(&run).as_deref(), Some("c"));
        run.end();
    }
}

/// A runtime that is not installed is refused in one sentence, with its package; the end stays what it was, also when it is restarted.
#[test]
fn a_runtime_that_is_not_installed() {
    let nothing = PathBuf::from("/nonexistent");
    let mut command = finwait();
    command.env("PATH", &nothing);
    let mut run = Lab::Loopback.open_by(command, &[]);
    run.gives("client runtime go");
    run.settles();
    let why = "the runtime go needs go, which is not on PATH; Debian's and Ubuntu's package is golang-go";
    assert_eq!(progress(&run), [why]);
    run.awaits(|line| line["kind"] != "runtime" && line.to_string().contains(why));
    run.succeeds(&["client restart"]);
    assert_eq!(born(&run).as_deref(), Some("native"));
    run.connects();
    let (code, _) = run.ends();
    assert_eq!(code, Some(1));
}

/// Limits of the process and the disposition of SIGPIPE are the new process's own.
#[test]
fn sigpipe_of_another_runtime() {
    if !has("cc") {
        return;
    }
    let mut run = Lab::Isolated.open();
    run.succeeds(&["client sigpipe default", "client runtime c", "client restart"]);
    run.connects();
    run.succeeds(&["client shutdown write"]);
    // Ignored again, as a process begins: the write returns.
    assert_eq!(run.does("client write"), "EPIPE");
    assert_eq!(said(&run), "write: Broken pipe");
    run.succeeds(&["client sigpipe default"]);
    run.gives("client write");
    let place = run.awaits(|line| line["kind"] == "died" && line["how"]["signal"] != 9);
    assert_eq!(run.line(place)["how"]["signal"], 13);
    run.ends();
}

#[test]
fn a_word_that_is_no_runtime() {
    let output = output_of(finwait().args(["--lab", "loopback", "do", "client runtime cobol"]), b"");
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        error.trim(),
        "finwait: command 1, column 16: cobol is not a runtime: it is one of native, c, go, python, node, node-half-open, java, java-nio, rust, rust-tokio, ruby, php, bun, deno"
    );
}

/// A step of a scenario changes the runtime too, its endpoint made ready before the first step; a program that is in one language does
/// not follow it. A recording has the change like everything else.
#[test]
fn a_scenario_that_changes_a_runtime() {
    if !has("python3") {
        return;
    }
    let own = Folder::new("changes");
    let folder = own.path();
    let (file, record) = (folder.join("changes.toml"), folder.join("changes.jsonl"));
    let (file, record) = (file.to_str().unwrap(), record.to_str().unwrap());
    let steps = [
        "client = \"runtime python\"",
        "server = \"listen\"\nstates = { listener = \"LISTEN\" }",
        "client = \"restart\"",
        "client = \"connect\"\nreturns = \"ok\"",
        "server = \"accept\"\nreturns = \"ok\"",
        "server = \"rst-close\"",
        "client = \"read\"\nreturns = \"ECONNRESET\"",
    ];
    let head = "title = \"t\"\nsummary = \"s\"\ngroup = \"connect\"\nlab = \"any\"\n";
    std::fs::write(
        file,
        steps
            .iter()
            .fold(head.to_owned(), |text, step| text + "\n[[step]]\n" + step + "\n"),
    )
    .unwrap();
    let run = output_of(finwait().args(["--record", record, "run", file]), b"");
    let told = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{told}");
    let opened = output_of(finwait().args(["open", "--plain", record]), b"");
    let told = String::from_utf8_lossy(&opened.stdout).into_owned();
    assert!(
        told.contains("python is ready: it drives the client from its next start on"),
        "{told}"
    );
    assert!(told.contains("ConnectionResetError"), "{told}");
    let code = output_of(finwait().args(["code", file, "--language", "c"]), b"");
    let told = String::from_utf8_lossy(&code.stderr).into_owned();
    assert!(!code.status.success());
    assert!(
        told.contains("changes what drives an end (client runtime python), and a program is in one language"),
        "{told}"
    );
    // Where the runtime is missing the scenario does not begin.
    let nowhere = output_of(finwait().env("PATH", "/nonexistent").args(["run", file]), b"");
    let told = String::from_utf8_lossy(&nowhere.stdout).into_owned();
    assert!(told.contains("skipped: the runtime python needs python3"), "{told}");
}

/// Where strace looks on, it looks on at the new process too.
#[test]
fn the_system_calls_of_another_runtime() {
    if !has("python3") || !has("strace") {
        return;
    }
    let mut command = finwait();
    command.arg("--syscalls");
    let mut run = Lab::Loopback.open_by(command, &["--patience", "2000"]);
    run.succeeds(&[
        "client runtime python",
        "client restart",
        "server listen",
        "client connect",
    ]);
    run.awaits(|line| line["kind"] == "syscall" && line["side"] == "client" && line.to_string().contains("connect"));
    run.end();
}
