//! Programs of the user's own, in `finwait do` and `run`: the real ones, where they are installed.

use serde_json::Value;

use crate::support::folder::Folder;
use crate::support::{finwait, has, output};

/// A server of a dozen lines, which answers one request and says so.
const SERVER: &str = r#"file="server.py=import socket
listener = socket.create_server(('0.0.0.0', 8080))
while True:
    connection, peer = listener.accept()
    connection.recv(65536)
    connection.sendall(b'HTTP/1.0 200 OK\\r\\n\\r\\nhello\\n')
    connection.close()
    print('answered')
" python3 -u server.py"#;

fn server() -> String {
    SERVER.replace('\n', "\\n")
}

/// What `finwait do` prints, its complaints, and its exit status.
fn does(more: &[&str], commands: &[&str]) -> (String, String, Option<i32>) {
    let mut command = finwait();
    command.args(["--lab", "isolated"]).args(more).arg("do").args(commands);
    let output = output(&mut command);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

/// What a shell starts in the background ignores SIGINT and SIGQUIT; a program of the lab does not.
#[test]
fn a_program_can_be_interrupted_whatever_finwait_ignores() {
    for signal in ["INT", "QUIT"] {
        let finwait = finwait();
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "trap '' INT QUIT; exec \"$0\" \"$@\""]);
        command.arg(finwait.get_program());
        command.args(["--lab", "isolated", "do", "server run sleep 60"]);
        command.args([
            format!("server signal {signal}").as_str(),
            "server await exit within=10s",
        ]);
        let output = output(&mut command);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(&format!("was killed by SIG{signal}")), "{text}");
    }
}

fn are_here(programs: &[&str]) -> bool {
    let missing: Vec<&&str> = programs.iter().filter(|program| !has(program)).collect();
    if !missing.is_empty() {
        println!("skipped: {missing:?} is not installed");
    }
    missing.is_empty()
}

/// Without a wrapper and without a hello: curl and a server, their sockets by name and process at both ends, and what they wrote.
#[test]
fn a_program_runs_at_each_end() {
    if !are_here(&["curl", "python3"]) {
        return;
    }
    let (text, complaints, status) = does(
        &["--server-run", &server()],
        &[
            "client run curl -sS http://server:8080/",
            "client await exit",
            "server await output answered",
        ],
    );
    assert_eq!((complaints.as_str(), status), ("", Some(0)), "{text}");
    for line in [
        "state   server listener CLOSE -> LISTEN   caused by listen by python3, pid ",
        "state   client CLOSE -> SYN_SENT   caused by connect by curl, pid ",
        "state   server CLOSE -> SYN_RECV   caused by the SYN received",
        "state   server SYN_RECV -> ESTABLISHED   caused by the ACK received",
        "server listener LISTEN",
        ": hello",
        "exited with status 0",
    ] {
        let line = line
            .strip_prefix("server listener")
            .map_or(line, |_| "server: listener LISTEN by python3 ");
        assert!(text.contains(line), "{line}\n{text}");
    }
    // No direction is told the wrong way round, and nothing has no name.
    assert!(!text.contains("(no name)"), "{text}");
}

/// What the program says of an RST has the why of a call, with the segment that did it.
#[test]
fn a_programs_complaint_is_explained() {
    if !are_here(&["curl", "python3"]) {
        return;
    }
    let (text, complaints, status) = does(
        &["--server-run", &server()],
        &[
            "wire hold data from=server",
            "client run curl -sS http://server:8080/",
            "client await ESTABLISHED within=10s",
            "server await output answered",
            "wire forge rst to=client port=8080",
            "client await exit",
        ],
    );
    assert_eq!(status, Some(1), "{text}");
    assert!(
        complaints
            .contains("curl exited with status 56; its last line: curl: (56) Recv failure: Connection reset by peer"),
        "{complaints}"
    );
    let mut lines = text
        .lines()
        .skip_while(|line| !line.contains(": curl: (56) Recv failure"));
    assert!(lines.next().is_some(), "{text}");
    let why = lines.next().unwrap();
    assert!(why.contains("  why     ") && why.contains("RST"), "{why}");
    // The socket stays, as one that is over.
    assert!(text.contains("client CLOSE by curl "), "{text}");
}

/// Bad input: one clear sentence each.
#[test]
fn what_cannot_be_run_is_told_in_a_sentence() {
    let (_, complaints, status) = does(&["--server-run", "ngnix-is-not-here"], &["server await LISTEN"]);
    assert_eq!(status, Some(1), "{complaints}");
    assert!(complaints.contains("ngnix-is-not-here did not start: "), "{complaints}");
    let (_, complaints, status) = does(
        &[],
        &["server run sh -c 'echo sorry; exit 3'", "server await LISTEN port=80"],
    );
    assert_eq!(status, Some(1));
    assert!(
        complaints.contains(
            "nothing on the server's host listens at port 80 any more: sh exited with status 3; its last line: sorry"
        ),
        "{complaints}"
    );
    let (_, complaints, status) = does(&["--client-run", "true"], &["server socket"]);
    assert_eq!(status, Some(1));
    assert!(
        complaints.contains("not started, because nothing listens on the server's host: true"),
        "{complaints}"
    );
    let mut loopback = finwait();
    loopback.args(["--lab", "loopback", "do", "client run true"]);
    let output = output(&mut loopback);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("programs of your own run on a host of the isolated lab"));
}

/// The client's programs come when somebody listens, also where that is the endpoint.
#[test]
fn a_client_waits_for_the_endpoints_listener() {
    if !are_here(&["curl"]) {
        return;
    }
    let (text, complaints, status) = does(
        &["--client-run", "curl -sS --max-time 10 http://server:8080/"],
        &[
            // curl takes its time to start.
            "--patience=10s",
            "server listen",
            "server accept",
            "server read",
            r#"server write "HTTP/1.0 200 OK\r\n\r\nby hand\n""#,
            "server close",
            "client await exit",
        ],
    );
    assert_eq!((complaints.as_str(), status), ("", Some(0)), "{text}");
    assert!(text.contains(": by hand"), "{text}");
}

/// In JSON each has all: the program's name, its process, its command, and the owner of its sockets.
#[test]
fn json_has_programs_and_owners() {
    let mut command = finwait();
    let say = "client run sh -c 'echo hello; exit 4'";
    command.args(["--lab", "isolated", "do", "--json", say, "client await exit"]);
    let output = output(&mut command);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let news = |news: &str| {
        let mut lines = lines.iter().filter(|line| line["kind"] == "program");
        lines
            .find(|line| line["news"] == news)
            .unwrap_or_else(|| panic!("no {news}"))
    };
    let started = news("started");
    assert_eq!((&started["name"], &started["side"]), (&"sh".into(), &"client".into()));
    assert_eq!(started["command"], "sh -c 'echo hello; exit 4'");
    assert_eq!(news("output")["line"], "hello");
    assert_eq!(news("output")["pid"], started["pid"]);
    let states = lines.iter().rfind(|line| line["kind"] == "states").unwrap();
    assert_eq!(states["programs"][0]["name"], "sh");
    assert_eq!(states["programs"][0]["exited"]["exited"], 4);
}

/// No key stands twice in a line: parsers differ in which one they take.
#[test]
fn no_key_of_a_line_stands_twice() {
    let mut command = finwait();
    command.args([
        "--lab",
        "isolated",
        "do",
        "--json",
        "client run true",
        "client await exit",
    ]);
    let text = String::from_utf8(output(&mut command).stdout).unwrap();
    let started = text.lines().find(|line| line.contains(r#""news":"started""#)).unwrap();
    assert_eq!(started.matches(r#""pid":"#).count(), 1, "{started}");
}

/// A mistake in an option is one sentence that names it, before there is a lab.
#[test]
fn a_mistake_in_an_option_about_programs_is_told_at_once() {
    let (text, complaints, status) = does(&["--run-as", "no-such-user-here"], &["client socket"]);
    assert_eq!((text.as_str(), status), ("", Some(2)));
    assert_eq!(
        complaints,
        "finwait: --run-as: there is no user no-such-user-here whom programs could run as\n"
    );
    let (text, complaints, status) = does(&["--server-run", "python3 'x"], &["client socket"]);
    assert_eq!((text.as_str(), status), ("", Some(2)));
    assert_eq!(
        complaints,
        "finwait: --server-run \"python3 'x\": the quote ' is not closed: python3 'x\n"
    );
}

/// The cause comes first, and alone: what the commands miss is a consequence.
#[test]
fn what_the_run_begins_with_is_missed_before_any_command() {
    let more = ["--server-run", "nosuch-server", "--client-run", "curl http://server/"];
    let (text, complaints, status) = does(&more, &["client await exit"]);
    assert_eq!(status, Some(1), "{text}");
    assert_eq!(
        complaints,
        "finwait: nosuch-server did not start: there is no program nosuch-server on PATH; not started for that reason: \
         curl http://server/\n"
    );
    assert!(!text.contains("> client await"), "{text}");
}

/// A command line in quotes as a whole is one word to whoever reads it as a shell does.
#[test]
fn a_command_line_in_quotes_is_told_to_leave_them_out() {
    let (_, complaints, _) = does(&[], &["client run 'ls -l /tmp/x'", "client await exit"]);
    let why =
        "the quotes around the whole make one name of it: without them, ls is the program and the rest its arguments";
    assert!(complaints.contains(why), "{complaints}");
}

/// A file that starts programs says so before it does.
#[test]
fn a_file_that_runs_programs_must_be_allowed_to() {
    let own = Folder::new("allow");
    let path = own.path().join("allow.toml");
    let file = "title = \"t\"\nsummary = \"s\"\ngroup = \"programs\"\nlab = \"isolated\"\n\
                driven = { server = { run = \"sh -c 'echo up; sleep 60'\", ready = \"output up\" } }\n\
                [[step]]\nclient = \"run true\"\n[[step]]\nclient = \"await exit\"\nexits = 0\n";
    std::fs::write(&path, file).unwrap();
    let run = |more: &[&str]| {
        let mut command = finwait();
        command.arg("run").arg(&path).args(more);
        output(&mut command)
    };
    let refused = run(&[]);
    let allowed = run(&["--allow-run"]);
    assert_eq!(refused.status.code(), Some(2));
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        why.contains("starts programs, which --allow-run allows: on the server's host sh -c 'echo up; sleep 60'; on the client's host true"),
        "{why}"
    );
    assert_eq!(
        allowed.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&allowed.stdout)
    );
}

/// What a scenario names and nothing starts is told before anything runs.
#[test]
fn a_programs_wrong_name_in_a_scenario_is_told_by_check() {
    let own = Folder::new("names");
    let path = own.path().join("names.toml");
    let file = "title = \"t\"\nsummary = \"s\"\ngroup = \"programs\"\nlab = \"isolated\"\n\
                [[step]]\nclient = \"run curl http://server/\"\n[[step]]\nclient = \"run curl http://server/\"\n\
                [[step]]\nclient = \"await exit curl2\"\nexits = { crul = 7 }\n\
                [[step]]\nclient = \"signal TERM crul\"\n[[step]]\nclient = \"await output x program=curl3\"\n";
    std::fs::write(&path, file).unwrap();
    let mut command = finwait();
    let output = output(command.arg("check").arg(&path));
    let told = String::from_utf8(output.stderr).unwrap();
    let told: Vec<&str> = told
        .lines()
        .filter_map(|line| line.split_once(".toml:"))
        .map(|(_, why)| why)
        .collect();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(told.len(), 3, "{told:?}");
    for (line, name) in told.iter().zip(["crul", "crul", "curl3"]) {
        let why = format!("no program of the scenario is called {name}; did you mean curl");
        assert!(line.contains(&why), "{line}");
    }
}

/// The help of the verb that was meant, what was perhaps meant, and files where there may be files.
#[test]
fn a_wrong_word_on_the_command_line_is_answered_with_what_would_be_right() {
    let complaint = |arguments: &[&str]| {
        let mut command = finwait();
        let output = output(command.args(arguments));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let told = complaint(&["do", "--servre", "ruby"]);
    assert!(
        told.contains("'--server'") && told.ends_with("; see finwait do --help\n"),
        "{told}"
    );
    let told = complaint(&["runn"]);
    assert!(told.contains("'run'"), "{told}");
    assert!(complaint(&["run", "--junit", "half-close"]).ends_with("; see finwait run --help\n"));
    assert_eq!(
        complaint(&["show", "no-such.toml"]),
        "finwait: there is no file no-such.toml\n"
    );
    assert_eq!(
        complaint(&["check", "half-close"]),
        "finwait: there is no file half-close here: that is a scenario of the catalog, which finwait show half-close prints\n"
    );
    for (arguments, line) in [
        (&["help"][..], "Usage: finwait"),
        (&["help", "do"], "destroy, host, run, signal, kill-program"),
        (&["do", "--help"], "Commands of the wire, "),
    ] {
        let mut command = finwait();
        let output = output(command.args(arguments));
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(text.contains(line), "{text}");
    }
}

/// However long a name is, the titles stand below each other.
#[test]
fn the_list_of_scenarios_is_a_column() {
    let output = output(finwait().arg("list"));
    let text = String::from_utf8(output.stdout).unwrap();
    let titles: std::collections::BTreeSet<usize> = text
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .map(|line| {
            let name = line.find(' ').unwrap();
            name + line[name..].len() - line[name..].trim_start().len()
        })
        .collect();
    assert_eq!(titles.len(), 1, "{titles:?}");
}

/// Who waits for what a rule of their own holds back is told of the rule.
#[test]
fn a_wait_for_a_program_names_the_rule_that_holds_a_segment() {
    if !are_here(&["curl", "python3"]) {
        return;
    }
    let (_, complaints, status) = does(
        &["--server-run", &server()],
        &[
            "wire hold FIN from=server",
            "client run curl -sS http://server:8080/",
            "server await output answered",
            "client await exit within=500ms",
        ],
    );
    assert_eq!(status, Some(1));
    assert!(
        complaints.contains("; the server's FIN,ACK is held by rule 1\n"),
        "{complaints}"
    );
}
