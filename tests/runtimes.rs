//! Ends driven by other languages: each runtime at either end of a real connection, what it says, what it really does, and the
//! measured table.

#[path = "support/generated.rs"]
mod generated;
mod support;

use finwait::matrix::{Matrix, SCENARIOS, markdown};
use finwait::runtime::Runtime;
use generated::is_generated;
use serde_json::Value;
use support::folder::Folder;
use support::turns::Turns;
use support::{Lab, Run, finwait, has, output};

/// The runtimes that are here; in CI all of them must be.
fn runtimes() -> impl Iterator<Item = Runtime> {
    let all = Runtime::ALL.into_iter().filter(|runtime| *runtime != Runtime::Native);
    all.filter(|runtime| runtime.needs().is_some_and(|(tool, _)| has(tool)))
}

/// Virtual machines that are started in numbers are slower than anyone's patience.
static TURNS: Turns = Turns::new(2);

fn open(lab: Lab, client: &str, server: &str, more: &[&str]) -> Run {
    let mut command = finwait();
    command.args(["--client", client, "--server", server]).args(more);
    lab.open_by(command, &["--patience", "2000"])
}

/// What the last command's call said in the language's own words.
fn said(run: &Run) -> String {
    let said = run
        .step()
        .iter()
        .rfind(|line| line["kind"] == "outcome" && line["said"].is_string());
    said.map_or_else(String::new, |line| line["said"].as_str().unwrap().to_owned())
}

/// The same kernel answers each of them, and each has its own words for it.
#[test]
fn a_reset_in_each_languages_words() {
    let _turn = TURNS.take();
    for runtime in runtimes() {
        let (reset, pipe) = match runtime {
            Runtime::Native => continue,
            Runtime::C => ("read: Connection reset by peer", "write: Broken pipe"),
            Runtime::Go => (": read: connection reset by peer", ": write: broken pipe"),
            Runtime::Python => (
                "ConnectionResetError: [Errno 104] Connection reset by peer",
                "BrokenPipeError: [Errno 32] Broken pipe",
            ),
            // Node's stream is destroyed by its first error: a later write makes no system call.
            Runtime::Node | Runtime::NodeHalfOpen => ("Error: read ECONNRESET", "ERR_STREAM_DESTROYED"),
            Runtime::Java => (
                "java.net.SocketException: Connection reset",
                "java.net.SocketException: Broken pipe",
            ),
            Runtime::JavaNio => (
                "java.net.SocketException: Connection reset",
                "java.io.IOException: Broken pipe",
            ),
            Runtime::Rust => (
                "Os { code: 104, kind: ConnectionReset, message: \"Connection reset by peer\" }",
                "Os { code: 32, kind: BrokenPipe, message: \"Broken pipe\" }",
            ),
            Runtime::RustTokio => (
                "Os { code: 104, kind: ConnectionReset, message: \"Connection reset by peer\" }",
                "Os { code: 32, kind: BrokenPipe, message: \"Broken pipe\" }",
            ),
            // Bun closes the socket at its first error: a later write makes no system call.
            Runtime::Bun => (
                "Error: ECONNRESET: connection reset by peer, read (code ECONNRESET, syscall read)",
                "-1",
            ),
            Runtime::Deno => (
                "ConnectionReset: Connection reset by peer (os error 104)",
                "BrokenPipe: Broken pipe (os error 32)",
            ),
            Runtime::Ruby => (
                "Connection reset by peer (Errno::ECONNRESET)",
                "Broken pipe (Errno::EPIPE)",
            ),
            Runtime::Php => (
                "Warning: socket_recv(): Unable to read from socket [104]: Connection reset by peer",
                "Warning: socket_send(): Unable to write to socket [32]: Broken pipe",
            ),
        };
        let mut run = open(Lab::Isolated, runtime.name(), "native", &[]);
        run.connects();
        assert_eq!(run.does("client write hello"), "wrote 5", "{runtime}");
        assert_eq!(run.does("server read"), "read hello", "{runtime}");
        run.succeeds(&["server rst-close"]);
        assert_eq!(run.does("client read"), "ECONNRESET", "{runtime}: {}", run.transcript());
        assert!(said(&run).contains(reset), "{runtime}: {}", said(&run));
        // EOF from the kernel; Java remembers the reset without asking it, and Node's stream is gone.
        let again = run.does("client read");
        match runtime {
            Runtime::Java | Runtime::JavaNio => {
                assert_eq!(again, "Connection reset");
                assert_eq!(said(&run), reset, "{runtime}");
            }
            Runtime::Node | Runtime::NodeHalfOpen => assert_eq!(again, "socket.destroyed"),
            Runtime::Bun => assert_eq!(again, "socket.readyState is -1"),
            Runtime::Native
            | Runtime::C
            | Runtime::Go
            | Runtime::Python
            | Runtime::Rust
            | Runtime::RustTokio
            | Runtime::Ruby
            | Runtime::Php
            | Runtime::Deno => assert_eq!(again, "EOF", "{runtime}"),
        }
        run.does("client write x");
        assert!(said(&run).contains(pipe), "{runtime}: {}", said(&run));
        run.end();
    }
}

/// The half-close works at both ends of every language; Node's default ends its own side by itself.
#[test]
fn half_a_close_in_each_language() {
    let _turn = TURNS.take();
    for runtime in runtimes() {
        for (near, far) in [("client", "server"), ("server", "client")] {
            let (client, server) = if near == "client" {
                (runtime.name(), "native")
            } else {
                ("native", runtime.name())
            };
            let mut run = open(Lab::Isolated, client, server, &[]);
            run.connects();
            run.succeeds(&[&format!("{near} shutdown write")]);
            assert_eq!(run.does(&format!("{far} read")), "EOF", "{runtime} as the {near}");
            assert_eq!(
                run.does(&format!("{far} write bye")),
                "wrote 3",
                "{runtime} as the {near}"
            );
            assert_eq!(
                run.does(&format!("{near} read")),
                "read bye",
                "{runtime} as the {near}: {}",
                run.transcript()
            );
            run.succeeds(&[&format!("{far} close")]);
            assert_eq!(
                run.does(&format!("{near} read")),
                "EOF",
                "{runtime} as the {near}: {}",
                run.transcript()
            );
            run.does(&format!("{near} close"));
            run.end();
        }
    }
}

/// A FIN that Node reads makes it send its own, unless half-open was asked for.
#[test]
fn node_ends_its_side_when_the_peer_has_ended_its_own() {
    if !has("node") {
        return;
    }
    for (runtime, expected) in [("node", "LAST_ACK"), ("node-half-open", "CLOSE_WAIT")] {
        let mut run = open(Lab::Isolated, runtime, "native", &[]);
        run.connects();
        // Its FIN is held: what it does stands still.
        run.succeeds(&["wire hold FIN from=client", "server shutdown write"]);
        assert_eq!(run.does("client read"), "EOF", "{}", run.transcript());
        run.awaits(|line| {
            let clients = line["states"]["client"].as_array();
            clients.is_some_and(|all| all.iter().any(|socket| socket["state"] == expected))
        });
        if runtime == "node" {
            // Nobody told it to: it is the library's own call that sent the FIN.
            let own = |line: &Value| line["kind"] == "state" && line["to"] == "LAST_ACK" && line["cause"] == "library";
            assert!(run.said.iter().any(own), "{}", run.transcript());
            run.does("client write late");
            assert!(said(&run).contains("ended"), "{}", said(&run));
        } else {
            assert_eq!(run.does("client write late"), "wrote 4");
        }
        run.end();
    }
}

/// A blocked connect shows its socket: the language tells its descriptor before it waits.
#[test]
fn a_dial_that_hangs_is_seen_in_syn_sent() {
    let _turn = TURNS.take();
    for runtime in runtimes() {
        let mut run = open(Lab::Isolated, runtime.name(), "native", &[]);
        run.succeeds(&["wire drop SYN"]);
        let blocked = run.blocks("client connect deadline=3000");
        assert_eq!(run.socket("client", "client")["state"], "SYN_SENT", "{runtime}");
        assert_eq!(
            run.returned(blocked),
            "deadline exceeded",
            "{runtime}: {}",
            run.transcript()
        );
        run.end();
    }
}

/// IPv6, and the loopback lab: the same languages, other addresses.
#[test]
fn other_labs() {
    let _turn = TURNS.take();
    for (lab, runtime) in [Lab::Isolated6, Lab::Loopback, Lab::Loopback6]
        .into_iter()
        .flat_map(|lab| runtimes().map(move |runtime| (lab, runtime)))
    {
        let mut run = open(lab, runtime.name(), runtime.name(), &[]);
        run.connects();
        assert_eq!(run.does("client write hello"), "wrote 5", "{runtime}");
        assert_eq!(run.does("server read"), "read hello", "{runtime} {lab:?}");
        let expected = "client ESTABLISHED | listener LISTEN, server ESTABLISHED";
        assert_eq!(run.stand(), expected, "{runtime} {lab:?}");
        run.does("server close");
        assert_eq!(run.does("client read"), "EOF", "{runtime} {lab:?}");
        run.does("client close");
        run.end();
    }
}

/// What a language cannot express says so, with its reason, and nothing happens.
#[test]
fn what_a_language_has_no_call_for_is_told() {
    let _turn = TURNS.take();
    // connect takes whatever address C and Ruby give it.
    for runtime in runtimes().filter(|runtime| ![Runtime::C, Runtime::Ruby].contains(runtime)) {
        let mut run = open(Lab::Isolated, runtime.name(), "native", &[]);
        run.connects();
        assert_eq!(run.does("client disconnect"), "unsupported", "{runtime}");
        let outcome = run.step().iter().rfind(|line| line["kind"] == "outcome").unwrap();
        assert!(
            outcome["outcome"]["unsupported"].as_str().unwrap().len() > 5,
            "{outcome}"
        );
        assert!(run.segments().is_empty());
        run.end();
    }
}

/// A library that closes a descriptor by itself is found out: after a refused dial no descriptor is left open.
#[test]
fn a_descriptor_that_a_library_closed_is_not_shown_as_open() {
    if !has("go") {
        return;
    }
    let mut run = open(Lab::Isolated, "go", "native", &[]);
    assert_eq!(run.does("client connect"), "ECONNREFUSED");
    assert_eq!(run.socket("client", "client")["held"], "closed", "{}", run.transcript());
    run.succeeds(&["server listen", "client connect"]);
    assert!(run.stand().contains("client2 ESTABLISHED"), "{}", run.stand());
    run.end();
}

/// A Go conn cannot be connected again: what Dial would make is another one, and the name stays with the one that there is.
#[test]
fn a_go_conn_is_connected_once() {
    if !has("go") {
        return;
    }
    let mut run = open(Lab::Isolated, "go", "go", &[]);
    run.connects();
    assert_eq!(run.does("client reconnect"), "unsupported");
    assert_eq!(run.does("server listen on=listener"), "unsupported");
    assert_eq!(run.stand(), "client ESTABLISHED | listener LISTEN, server ESTABLISHED");
    run.end();
}

/// The runtime's own system calls stand between its call and its answer.
#[test]
fn what_go_really_does_is_seen_by_strace() {
    if !has("go") || !has("strace") {
        return;
    }
    let mut run = open(Lab::Isolated, "go", "native", &["--syscalls"]);
    run.succeeds(&["server listen", "client connect"]);
    let calls: Vec<&str> = run
        .step()
        .iter()
        .filter(|line| line["kind"] == "syscall")
        .map(|line| line["text"].as_str().unwrap())
        .collect();
    for expected in ["SOCK_NONBLOCK", "EINPROGRESS", "SO_KEEPALIVE, [1]", "TCP_NODELAY, [1]"] {
        assert!(
            calls.iter().any(|call| call.contains(expected)),
            "{expected}: {calls:#?}"
        );
    }
    run.end();
}

/// In every language each system call stands between the call that it was made for and that call's return, however quick that was.
#[test]
fn system_calls_stand_where_they_were_made() {
    if !has("strace") {
        return;
    }
    let _turn = TURNS.take();
    for runtime in runtimes() {
        let mut run = open(Lab::Isolated, runtime.name(), "native", &["--syscalls"]);
        run.connects();
        for round in 0..10 {
            assert_eq!(run.does("client write hello"), "wrote 5");
            // A runtime's event loop makes calls of its own at any time.
            let place = |kind: &str, about: &str| {
                let is_it = |line: &Value| {
                    line["kind"] == kind
                        && line["side"] == "client"
                        && line["text"].as_str().unwrap_or("").contains(about)
                };
                let place = run.step().iter().position(is_it);
                place.unwrap_or_else(|| panic!("{runtime}: no {kind}: {:#?}", run.step()))
            };
            let (call, made, outcome) = (place("call", ""), place("syscall", "\"hello\""), place("outcome", ""));
            assert!(call < made && made < outcome, "{runtime}, {round}: {:#?}", run.step());
        }
        run.end();
    }
}

/// Node reads as soon as it is connected, without being asked.
#[test]
fn what_node_does_unasked_is_seen_by_strace() {
    if !has("node") || !has("strace") {
        return;
    }
    let mut run = open(Lab::Isolated, "node", "native", &["--syscalls"]);
    run.connects();
    run.succeeds(&["server write hello"]);
    let place = run.awaits(|line| line["kind"] == "syscall" && line["text"].as_str().unwrap().contains("\"hello\""));
    let asked = run.said[..=place]
        .iter()
        .any(|line| line["kind"] == "call" && line["text"].as_str().unwrap().contains("read"));
    assert!(!asked, "{}", run.transcript());
    assert_eq!(run.does("client read"), "read hello");
    run.end();
}

/// What a library accepts by itself is not said to wait for accept.
#[test]
fn a_connection_that_node_has_accepted_unasked_is_its_own() {
    if !has("node") {
        return;
    }
    let mut run = open(Lab::Isolated, "native", "node", &[]);
    run.succeeds(&["server listen", "client connect"]);
    support::until("Node accepts", || {
        assert_eq!(run.does("client set-option TCP_NODELAY on"), "ok");
        run.stand().contains("(accepted by the library)")
    });
    run.succeeds(&["server accept"]);
    assert_eq!(run.stand(), "client ESTABLISHED | listener LISTEN, server ESTABLISHED");
    run.end();
}

/// Which verbs take a language: those whose ends the user may choose.
#[test]
fn verbs_that_drive_the_ends_themselves_refuse_a_choice() {
    for verb in [
        &["claims"][..],
        &["matrix", "half-close"],
        &["code", "half-close", "--language", "c"],
    ] {
        let output = output(finwait().args(["--client", "c"]).args(verb));
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), stderr.lines().count()), (Some(2), 1), "{stderr}");
        assert!(stderr.contains("--client is not an option of"), "{stderr}");
    }
    // Where no end is driven, none is made ready.
    let output = output(finwait().args(["list"]).env("PATH", "/nowhere"));
    assert_eq!(output.status.code(), Some(0));
}

/// An endpoint that talks nonsense, escape sequences or about calls that nobody made: one sentence, and nothing hangs.
#[test]
fn an_endpoint_that_talks_nonsense_is_put_up_with() {
    if !has("python3") {
        return;
    }
    let hello = r#"print(r'{"hello":{"protocol":2,"runtime":"odd"}}', flush=True)"#;
    let reply = "import json,sys\nfor line in sys.stdin:\n i=json.loads(line)['id']\n";
    let said = |script: &str| {
        let script = format!("{hello}\n{reply} {script}");
        let own = Folder::new("odd");
        let folder = own.path();
        let file = folder.join("odd.py");
        std::fs::write(&file, script).unwrap();
        let mut command = finwait();
        command.args(["--client-command", &format!("python3 {}", file.display())]);
        let output = output(command.args(["do", "client connect", "client write", "--patience", "500"]));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let out = said("print('nonsense', flush=True)");
    assert!(out.contains("it sent an invalid reply"), "{out}");
    let out = said(r#"print(json.dumps({"refused": {"id": i, "why": "\x1b[2J no"}}), flush=True)"#);
    assert!(out.contains("\\u{1b}[2J no") && !out.contains('\u{1b}'), "{out}");
    let out =
        said(r#"print(json.dumps({"ended": {"id": i + 9, "at": 1, "ns": 1, "outcome": {"ok": "done"}}}), flush=True)"#);
    assert!(out.contains("which is not under way"), "{out}");
    // What can be told of it ends the call that it is about.
    let out = said(r#"print(json.dumps({"ended": {"id": i, "outcome": "what"}}), flush=True)"#);
    assert!(
        out.contains("it sent an invalid reply") && !out.contains("blocked"),
        "{out}"
    );
    let out = said("[print('x', flush=True) for _ in range(500)]");
    assert!(out.contains("killed after more than 100 invalid replies"), "{out}");
}

/// A command of the user's own that speaks the protocol is an endpoint like any other.
#[test]
fn a_command_of_the_users_own() {
    if !has("python3") {
        return;
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/runtimes/endpoint.py");
    let mut command = finwait();
    command.args(["--client-command", &format!("python3 '{file}'")]);
    let mut run = Lab::Isolated.open_by(command, &["--patience", "2000"]);
    run.connects();
    assert_eq!(run.does("client write hello"), "wrote 5");
    run.end();
    let mut command = finwait();
    command.args(["--client-command", "/no/such/program", "do", "server listen"]);
    let output = output(&mut command);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        String::from_utf8_lossy(&output.stderr)
            .contains("the client endpoint did not come up: its process is gone: exited with status 127"),
        "{output:?}"
    );
}

/// The document's own endpoint, pasted as it stands, has its column beside the others, and its own words.
#[test]
fn the_documents_endpoint_has_a_column() {
    if !has("python3") {
        return;
    }
    let document = include_str!("../docs/own-endpoint.md");
    let (_, rest) = document.split_once("```python\n").expect("the program");
    let (program, _) = rest.split_once("```\n").expect("its end");
    let own = Folder::new("mine");
    let file = own.path().join("mine.py");
    std::fs::write(&file, program).unwrap();
    let column = format!("mine=python3 {}", file.display());
    let mut command = finwait();
    command.args([
        "matrix",
        "read-reset-blocked",
        "half-close",
        "--json",
        "--languages",
        "python",
    ]);
    let output = output(command.args(["--column", &column]));
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let matrix: Matrix = serde_json::from_slice(&output.stdout).unwrap();
    let columns: Vec<&str> = matrix.runtimes.iter().map(|version| version.runtime.name()).collect();
    assert_eq!(columns, ["python", "mine"]);
    let cells = |gives: &str| -> Vec<String> {
        let events = matrix.events.iter().filter(|event| event.gives == gives);
        let all = events.flat_map(|event| event.rows.iter().flat_map(|row| &row.cells));
        let mine = all.filter(|cell| cell.runtime.name() == "mine");
        mine.map(|cell| format!("{}: {}", cell.gives, cell.said.as_deref().unwrap_or("-")))
            .collect()
    };
    assert_eq!(
        cells("ECONNRESET"),
        ["ECONNRESET: ConnectionResetError(104, 'Connection reset by peer')"]
    );
    assert_eq!(cells("EPIPE"), ["EPIPE: BrokenPipeError(32, 'Broken pipe')"]);
}

/// A column that is none, and one whose command does not run: one sentence each.
#[test]
fn a_column_that_is_not_available_is_told() {
    let said = |column: &str| {
        let output = output(finwait().args(["matrix", "half-close", "--runtimes", "c", "--column", column]));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        (output.status.code(), stderr)
    };
    for (column, why) in [
        ("mine", "it has no ="),
        ("Mine=./a", "is no name of a column"),
        ("go=./a", "go is a runtime of finwait's"),
        ("mine= ", "mine has no command"),
    ] {
        let (code, stderr) = said(column);
        assert!(code == Some(2) && stderr.contains(why), "{stderr}");
    }
    if has("cc") {
        let (code, stderr) = said("mine=/no/such/program");
        let why = "--column mine, as the client of half-close: the client endpoint did not come up";
        assert!(code == Some(3) && stderr.contains(why), "{stderr}");
    }
}

/// A missing runtime is a line of the doctor's with its package's name, and one sentence where it is asked for; never a crash.
#[test]
fn a_missing_runtime_is_told_with_its_package() {
    for (runtime, package) in [
        ("go", "golang-go"),
        ("java", "default-jdk-headless"),
        ("python", "python3"),
        ("rust", "rustc"),
        ("rust-tokio", "cargo"),
        ("php", "php-cli"),
        ("bun", "npm's package is bun"),
    ] {
        let mut command = finwait();
        command
            .args(["--client", runtime, "do", "server listen"])
            .env("PATH", "/nowhere");
        let output = output(&mut command);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), stderr.lines().count()), (Some(3), 1), "{stderr}");
        assert!(
            stderr.contains(&format!("the runtime {runtime} needs ")) && stderr.contains(package),
            "{stderr}"
        );
    }
    let output = output(finwait().args(["doctor", "--json"]).env("PATH", "/nowhere"));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let go = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["name"] == "go")
        .unwrap();
    assert_eq!(go["level"], "note");
    assert!(go["advice"].as_str().unwrap().contains("golang-go"), "{go}");
    let checks = report["checks"].as_array().unwrap();
    let deno = checks.iter().find(|check| check["name"] == "deno").unwrap();
    assert_eq!(deno["advice"], "npm install --global deno");
}

/// An endpoint is compiled once; what was made is found again by the source and the compiler's version.
#[test]
fn what_was_compiled_once_is_not_compiled_again() {
    if !has("cc") {
        return;
    }
    let own = Folder::new("cache");
    let cache = own.path();
    let made = || -> Vec<(std::path::PathBuf, std::time::SystemTime)> {
        let folders = std::fs::read_dir(cache.join("finwait")).unwrap();
        let programs = folders.map(|folder| folder.unwrap().path().join("endpoint"));
        let programs = programs.filter(|path| path.exists());
        programs
            .map(|path| (path.clone(), path.metadata().unwrap().modified().unwrap()))
            .collect()
    };
    let start = || {
        let mut command = finwait();
        command
            .args(["--client", "c", "do", "server listen"])
            .env("XDG_CACHE_HOME", cache);
        let output = output(&mut command);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    };
    start();
    let first = made();
    assert_eq!(first.len(), 1);
    start();
    assert_eq!(made(), first);
}

/// The committed table is what running the scenarios gives, for the runtimes that are here.
#[test]
fn the_committed_table_is_what_is_measured() {
    let _turn = TURNS.take();
    let here: Vec<Runtime> = runtimes().collect();
    if here.is_empty() {
        return;
    }
    let names: Vec<&str> = here.iter().map(|runtime| runtime.name()).collect();
    let mut command = finwait();
    command.args(["matrix", "--json", "--runtimes", &names.join(",")]);
    let output = support::output_within(&mut command, std::time::Duration::from_secs(600));
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let measured: Matrix = serde_json::from_slice(&output.stdout).unwrap();
    let kept = Matrix::kept().of(&here);
    for event in &measured.events {
        let same = |known: &&finwait::matrix::MatrixEvent| {
            (&known.call, &known.gives, &known.rule) == (&event.call, &event.gives, &event.rule)
        };
        let known = kept.events.iter().find(same);
        assert_eq!(
            known,
            Some(event),
            "finwait matrix --json > assets/matrix.json, if that is right"
        );
    }
    assert_eq!(measured.events.len(), kept.events.len());
}

/// The page's table is drawn from the committed one.
#[test]
fn the_page_has_the_committed_table() {
    is_generated("docs/languages.md", "matrix", &markdown::table(Matrix::kept()));
}

/// Every scenario that is measured is one of the catalog's.
#[test]
fn the_measured_scenarios_are_in_the_catalog() {
    for name in SCENARIOS {
        assert!(finwait::scenario::catalog::find(name).is_some(), "{name}");
    }
    assert!(!Matrix::kept().events.is_empty());
}

/// What an endpoint does not take is not carried out; what it read is told.
#[test]
fn a_call_that_is_not_taken_is_not_carried_out() {
    if !has("go") {
        return;
    }
    let run = |commands: &[&str]| {
        let mut command = finwait();
        command
            .args(["--lab", "loopback", "--client", "go", "do"])
            .args(commands);
        output(&mut command)
    };
    let refused = run(&["client read"]);
    assert_eq!(refused.status.code(), Some(1));
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(why.contains("the client endpoint did not take it"), "{why}");
    let read = run(&[
        "server listen",
        "client connect",
        "client set-option SO_LINGER 7",
        "client get-option SO_LINGER",
    ]);
    let text = String::from_utf8(read.stdout).unwrap();
    assert!(read.status.success() && text.contains(" = on, 7 s"), "{text}");
}

/// A file can say what drives an end; the command line's word counts more.
#[test]
fn a_scenario_says_what_drives_its_ends() {
    if !has("node") {
        return;
    }
    let own = Folder::new("driven");
    let file = own.path().join("driven.toml");
    // Node ends its own direction by itself when the other's has ended: raw calls do not, and the read would wait.
    let text = r#"
title   = "Node answers a FIN with its own"
summary = "By itself."
group   = "close"
driven  = { client = "node" }
[[step]]
server = "listen"
[[step]]
client = "connect"
[[step]]
server = "accept"
[[step]]
server = "shutdown write"
[[step]]
server  = "read"
returns = "EOF"
within  = "2s"
"#;
    std::fs::write(&file, text).unwrap();
    let run = |more: &[&str]| output(finwait().args(["run", "--lab", "loopback"]).args(more).arg(&file));
    let driven = run(&[]);
    assert!(driven.status.success(), "{}", String::from_utf8_lossy(&driven.stdout));
    let other = run(&["--client", "node-half-open"]);
    assert_eq!(
        other.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&other.stdout)
    );
    // The matrix says itself what drives an end.
    let matrix = output(finwait().arg("matrix").arg(&file));
    assert_eq!(matrix.status.code(), Some(2));
    // A program has raw calls, and this one waits for good.
    let code = output(finwait().args(["code", "--language", "python"]).arg(&file));
    let code = String::from_utf8(code.stdout).unwrap();
    assert!(code.contains("server.recv(1024))  # blocked"), "{code}");
}
