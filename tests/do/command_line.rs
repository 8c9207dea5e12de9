//! What is typed, what is said about it, and the exit status.

use crate::support::folder::Folder;
use crate::support::{Lab, finwait, output, output_of, without_ipv6, without_sock_diag};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

#[track_caller]
fn says(output: &Output, code: i32, stderr: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), said.as_ref()), (Some(code), stderr));
}

/// `finwait do` with those commands, in the loopback lab.
fn run(commands: &[&str]) -> Output {
    output(finwait().args(["--lab", "loopback", "do"]).args(commands))
}

/// A user who is not there is a mistake in the command line, and not a lab that is not available.
#[test]
fn programs_run_as_a_user_who_is_there() {
    says(
        &output(finwait().args(["--run-as", "nobodyx", "do", "client socket"])),
        2,
        "finwait: --run-as: there is no user nobodyx whom programs could run as\n",
    );
    says(
        &output(finwait().args(["--lab", "loopback", "--run-as", "root", "do", "client socket"])),
        2,
        "finwait: --run-as is for programs on the hosts of the isolated lab, and the loopback lab has none\n",
    );
}

/// A command that is not understood: where, and what would be right; exit status 2, and nothing was begun.
#[test]
fn commands_that_are_not_understood() {
    for (commands, why) in [
        (
            vec!["server listen", "client conect"],
            "command 2, column 8: \"conect\" is not a command; did you mean connect?",
        ),
        (
            vec!["server listen backlog=many"],
            "command 1, column 23: backlog is a number from -1 to 65535, not many",
        ),
        (
            vec!["client connect nowhere"],
            "command 1, column 16: nowhere is not an address: write it like 10.0.0.2:8080, [fd00::2]:8080 or :8080",
        ),
        (
            vec!["client connect 127.0.0.1:65536"],
            "command 1, column 16: a port is a number from 0 to 65535, not 65536",
        ),
        (
            vec!["client connect :99999"],
            "command 1, column 16: a port is a number from 0 to 65535, not 99999",
        ),
        (
            vec!["connect"],
            "command 1, column 1: connect needs an end before it: client connect or server connect",
        ),
        (
            vec!["client"],
            "command 1, column 7: a command is missing, like listen, connect, read or close",
        ),
        (
            vec![""],
            "command 1, column 1: a command is missing, like client connect or server listen",
        ),
        (
            vec!["quit"],
            "command 1, column 1: quit is a command of the screen, and there is none here",
        ),
        (
            vec!["client write \"open"],
            "command 1, column 14: this quote is not closed",
        ),
    ] {
        let output = run(&commands);
        says(&output, 2, &format!("finwait: {why}\n"));
        assert!(output.stdout.is_empty(), "{commands:?}");
    }
}

/// A socket's name can only be judged when the command's turn has come; the others before it were carried out.
#[test]
fn an_unknown_socket() {
    let output = run(&["server listen", "server close on=nobody", "server close"]);
    says(
        &output,
        2,
        "finwait: command 2, column 17: the server has no socket nobody: it has listener\n",
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("caused by listen"), "{text}");
    assert!(!text.contains("close("), "{text}");
}

/// A wrong flag is one sentence.
#[test]
fn wrong_flags() {
    for args in [
        &["--nonsense"][..],
        &["do"],
        &["do", "--patience", "soon", "client socket"],
        &["do", "--patience", "0", "client socket"],
        &["--lab", "moon", "do", "client socket"],
        &["dance"],
    ] {
        let output = output(finwait().args(args));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{args:?}: {said}");
        assert!(said.starts_with("finwait: ") && said.len() > 30, "{args:?}: {said}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
}

/// An errno is a result, not a failure: the exit status is 0.
#[test]
fn an_errno_is_a_result() {
    let output = run(&["client connect", "client write", "client close", "client close"]);
    says(&output, 0, "");
    let text = String::from_utf8(output.stdout).unwrap();
    for errno in ["ECONNREFUSED", "EPIPE", "EBADF"] {
        assert!(text.contains(errno), "{errno}: {text}");
    }
}

/// On standard input, blank lines and comments are passed over, and lines are counted as an editor does.
#[test]
fn commands_on_standard_input() {
    let script = b"# a listener\n\n  server listen  \r\n   # and a client\nclient connect\n\nclient close";
    let output = output_of(finwait().args(["--lab", "loopback", "do", "-"]), script);
    says(&output, 0, "");
    let text = String::from_utf8(output.stdout).unwrap();
    let commands: Vec<_> = text.lines().filter(|line| line.starts_with("> ")).collect();
    assert_eq!(commands, ["> server listen", "> client connect", "> client close"]);

    let script = b"# one\nserver listen\n\n  server lisen\nclient connect\n";
    let output = output_of(finwait().args(["--lab", "loopback", "do", "-"]), script);
    says(
        &output,
        2,
        "finwait: line 4, column 10: \"lisen\" is not a command; did you mean listen?\n",
    );
    // Whoever types them has the lab still.
    assert!(String::from_utf8(output.stdout).unwrap().contains("client ESTABLISHED"));
}

/// A command that is refused is an object among the others, and the next one is carried out. What was not understood decides the status.
#[test]
fn a_refused_command_in_json() {
    let script = b"server lisen\nserver close on=nobody\nclient kill\nclient socket\nserver listen\n";
    let output = output_of(finwait().args(["--lab", "loopback", "do", "-", "--json"]), script);
    assert_eq!(output.status.code(), Some(2));
    let lines: Vec<serde_json::Value> = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let refused = lines.iter().filter(|line| line["kind"] == "refused");
    let refused: Vec<[&str; 3]> = refused
        .map(|line| ["verdict", "place", "text"].map(|key| line[key].as_str().unwrap()))
        .collect();
    assert_eq!(
        refused,
        [
            ["not-understood", "line 1", "server lisen"],
            ["not-understood", "line 2", "server close on=nobody"],
            ["not-done", "line 4", "client socket"],
        ]
    );
    let listens = |line: &serde_json::Value| line["kind"] == "state" && line["to"] == "LISTEN";
    assert!(lines.iter().any(listens), "{lines:#?}");
    assert_eq!(String::from_utf8(output.stderr).unwrap().lines().count(), 3);

    // Of a command line none is begun where one is not understood.
    let output = run(&["--json", "server listen", "server lisen"]);
    let refused: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&refused["kind"], &refused["place"]),
        (&"refused".into(), &"command 2".into())
    );
    assert_eq!(output.status.code(), Some(2));
}

/// Whoever reads JSON can tell whether it is what they know how to read: by the object, or by the first of the lines and no other.
#[test]
fn json_names_its_schema() {
    for verb in [
        &["do", "--lab", "loopback", "--json", "server listen"][..],
        &["do", "--lab", "loopback", "--json", "server lisen"],
        &["run", "--lab", "loopback", "--json", "refused"],
        &["list", "--json"],
        &["explain", "--json", "EPIPE"],
        &["doctor", "--json"],
    ] {
        let output = crate::support::output(finwait().args(verb));
        let values = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<serde_json::Value>();
        let schemas: Vec<Option<u64>> = values.map(|value| value.unwrap()["schema"].as_u64()).collect();
        assert_eq!(schemas[0], Some(1), "{verb:?}");
        assert!(schemas[1..].iter().all(Option::is_none), "{verb:?}");
    }
}

/// What is blocked is told once: with its command, and at the end only if something came between.
#[test]
fn what_is_blocked_is_told_once() {
    let told = |commands: &[&str]| {
        let output = run(&[&["--patience", "500ms"], commands].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .filter(|line| line.contains("accept4(") && line.contains(" blocked for "))
            .count()
    };
    assert_eq!(told(&["server listen", "server accept"]), 1);
    assert_eq!(told(&["server listen", "server accept", "client socket"]), 2);
}

/// Nothing that is typed, named or written in a file reaches a terminal raw, and no more of it is repeated than anyone would read.
#[test]
fn what_is_repeated_is_harmless_and_short() {
    let own = Folder::new("harmless");
    let folder = own.path();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let head = "title = \"t\"\nsummary = \"s\"\ngroup = \"close\"\n[[step]]\n";
    let long = "a".repeat(1_000_000);
    let escaping = file(
        "\u{1b}[31m.toml",
        &format!("{head}client = \"write \\\"\\u001b[31m\\\"\"\n"),
    );
    let wrong = file("wrong.toml", &format!("{head}client = \"con\u{9b}31mect\"\n"));
    let lines = [
        format!("title = \"{long}\"; wrong\n"),
        format!("{head}client = \"{long}\"\n"),
        format!("{head}{long} = 1\n"),
        format!(
            "{head}client = \"connect\"\nreturns = \"{long}\"\nstates = {{ client = \"{long}\" }}\nsegments = [\"{long}\"]\nwithin = \"{long}\"\n"
        ),
    ];
    let mut calls: Vec<Vec<&str>> = vec![
        vec!["run", "\u{1b}[31m"],
        vec!["run", "\u{1b}[31m.toml"],
        vec!["check", "\u{1b}[31m"],
        vec!["show", "\u{1b}[31m"],
        vec!["code", "--language=c", "\u{1b}[31m.toml"],
        vec!["tour", "/\u{1b}[31m"],
        vec!["run", &escaping],
        vec!["check", &escaping],
        vec!["check", &wrong],
        vec!["\u{1b}[31m"],
        vec!["--lab", "\u{1b}[31m", "doctor"],
        vec!["do", "client write \"\u{1b}[31m\""],
        vec!["do", "client \u{1b}[31m"],
        vec!["explain", "\u{1b}[31mnothing\u{9b}"],
        vec!["--client-command", "\u{1b}[31m", "do", "client socket"],
    ];
    let long_files: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(n, text)| file(&format!("{n}.toml"), text))
        .collect();
    calls.extend(long_files.iter().map(|file| vec!["check", file.as_str()]));
    let arguments = [
        "a".repeat(100_000),
        "a".repeat(100_000) + "=1",
        format!("client write \"{}\"", "b".repeat(100_000)),
    ];
    calls.extend(
        arguments
            .iter()
            .flat_map(|argument| [vec!["do", argument.as_str()], vec!["run", argument.as_str()]]),
    );
    for call in &calls {
        let output = output(finwait().args(["--lab", "loopback"]).args(call));
        let said = [output.stdout, output.stderr].concat();
        let shown: String = call.join(" ").chars().take(80).collect();
        assert!(!said.is_empty(), "{shown:?}");
        let said = String::from_utf8_lossy(&said);
        assert!(
            said.chars().all(|c| c == '\n' || !c.is_control()),
            "{shown:?}: {said:?}"
        );
        assert!(said.len() < 8000, "{shown:?}: {}", said.len());
    }
    let script = [b"a".repeat(20_000_000), b"=1\n".to_vec()].concat();
    let output = output_of(finwait().args(["--lab", "loopback", "do", "-", "--json"]), &script);
    assert!(output.stderr.len() < 1000 && output.stdout.len() < 8000);
}

/// Nothing on standard input is nothing to do.
#[test]
fn nothing_on_standard_input() {
    says(&output_of(finwait().args(["--lab", "loopback", "do", "-"]), b""), 0, "");
}

/// What is not UTF-8 is told where it stands.
#[test]
fn what_is_not_text() {
    let script = b"server listen\nclient write \xc3\xa4\xff\n";
    let output = output_of(finwait().args(["--lab", "loopback", "do", "-"]), script);
    says(&output, 2, "finwait: line 2, column 15: this is not UTF-8\n");
    let output = output_of(
        finwait().args(["--lab", "loopback", "do", "-", "--json"]),
        &[0xff; 100_000],
    );
    says(&output, 2, "finwait: line 1, column 1: this is not UTF-8\n");

    use std::os::unix::ffi::OsStrExt;
    let argument = std::ffi::OsStr::from_bytes(b"client \xff");
    let output = crate::support::output(finwait().args(["--lab", "loopback", "do"]).arg(argument));
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8(output.stderr).unwrap().lines().count(), 1);
}

/// Whoever reads the transcript may stop: no panic, no complaint.
#[test]
fn a_reader_that_has_seen_enough() {
    for verb in [
        &["do", "server listen", "client connect", "client close"][..],
        &["run", "--help"],
        &["--help"],
        &["do", "--help"],
    ] {
        let mut command = finwait();
        command.args(["--lab", "loopback"]).args(verb);
        let (reading, writing) = std::io::pipe().unwrap();
        drop(reading);
        command.stdout(writing).stderr(Stdio::piped()).stdin(Stdio::null());
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said, "", "{verb:?}");
        assert!(output.status.code().is_some(), "{verb:?}: {}", output.status);
    }
}

/// A standard output that takes nothing is a failure that is told.
#[test]
fn a_full_disk() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = finwait();
    command
        .args(["--lab", "loopback", "do", "server listen"])
        .stdout(full)
        .stderr(Stdio::piped());
    let output = command.spawn().unwrap().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("No space left on device"), "{said}");
}

/// The same at every verb's end: closed descriptors are no reason to panic.
#[test]
fn closed_descriptors() {
    let path = env!("CARGO_BIN_EXE_finwait");
    for script in [
        "\"$0\" --lab loopback do 'server listen' 'client connect' >&-",
        "\"$0\" --lab loopback do 'server listen' 'client connect' <&-",
        "\"$0\" --lab loopback do - <&-",
        "\"$0\" --lab loopback do 'server listen' 'client connect' 2>&- >/dev/null",
        "\"$0\" --lab loopback do 'server lisen' 2>&-",
    ] {
        let output = output(Command::new("sh").args(["-c", script, path]));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("panic"), "{script}: {said}");
        assert!(
            output.status.code().is_some_and(|code| code < 4),
            "{script}: {}",
            output.status
        );
    }
}

/// A binary that anyone may run, in a directory of its own.
pub struct Copy(PathBuf);

impl Copy {
    pub fn new(name: &str) -> Copy {
        let directory = std::env::temp_dir().join(format!("finwait-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        let binary = directory.join("finwait");
        fs::copy(env!("CARGO_BIN_EXE_finwait"), &binary).unwrap();
        fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
        Copy(directory)
    }

    /// The directory that the binary is in.
    pub fn directory(&self) -> &Path {
        &self.0
    }

    fn binary(&self) -> PathBuf {
        self.0.join("finwait")
    }

    /// The binary, in a mount namespace of its own where `mounts` was run before; as an ordinary user.
    fn behind(&self, mounts: &str) -> Command {
        let root = rustix::process::getuid().is_root();
        let user = if root {
            "setpriv --reuid 65534 --regid 65534 --clear-groups"
        } else {
            ""
        };
        self.behind_as(mounts, user)
    }

    /// The same, as root; an ordinary user is root of a user namespace then.
    fn behind_as_root(&self, mounts: &str) -> Command {
        self.behind_as(mounts, "")
    }

    fn behind_as(&self, mounts: &str, user: &str) -> Command {
        let mut command = Command::new("unshare");
        if !rustix::process::getuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        let script = format!("set -e; {mounts}; exec {user} \"$@\"");
        command.args(["--mount", "sh", "-c", &script, "sh"]).arg(self.binary());
        command
    }

    /// An ordinary user on a machine whose `/dev/net/tun` is open to all, as distributions ship it.
    pub fn ordinary(&self) -> Command {
        if rustix::process::getuid().is_root() {
            // A device file of our own, so that the machine's stays as it is.
            self.behind("mount -t tmpfs none /dev/net; mknod -m 666 /dev/net/tun c 10 200")
        } else {
            Command::new(self.binary())
        }
    }

    /// One who may not open it.
    fn shut_out(&self) -> Command {
        if rustix::process::getuid().is_root() {
            self.behind("mount -t tmpfs none /dev/net; mknod -m 600 /dev/net/tun c 10 200")
        } else {
            self.behind("mount -t tmpfs none /dev/net")
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An ordinary user who may not open /dev/net/tun: the isolated lab is refused with status 3, and auto falls back and says why.
#[test]
fn no_isolated_lab() {
    let copy = Copy::new("no-lab");
    let output = output(copy.shut_out().args(["--lab", "isolated", "do", "server listen"]));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("/dev/net/tun"), "{said}");
    assert!(output.stdout.is_empty());

    let output = crate::support::output(copy.shut_out().args(["do", "server listen", "client connect"]));
    let (text, said) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert_eq!((output.status.code(), said.as_str()), (Some(0), ""));
    let first = text.lines().next().unwrap();
    assert!(
        first.contains("loopback lab: ") && first.contains("/dev/net/tun") && first.contains("are not available here"),
        "{first}"
    );
    assert!(text.contains("client ESTABLISHED"), "{text}");

    let output = crate::support::output(copy.shut_out().arg("doctor"));
    assert_eq!(
        output.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

/// An ordinary user has the isolated lab, through a user namespace, where the distribution's permissions stand.
#[test]
fn the_isolated_lab_of_an_ordinary_user() {
    let copy = Copy::new("lab");
    let commands = [
        "server listen",
        "client connect",
        "server accept",
        "client host tcp_fin_timeout 3",
        "client kill",
        "client restart",
        "client connect",
    ];
    let output = output(copy.ordinary().args(["--lab", "isolated", "do"]).args(commands));
    let (text, said) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert_eq!((output.status.code(), said.as_str()), (Some(0), ""), "{text}");
    assert!(
        text.contains("server ESTABLISHED -> CLOSE_WAIT   caused by the FIN,ACK received"),
        "{text}"
    );

    let output = crate::support::output(copy.ordinary().args([
        "--lab",
        "isolated",
        "--ipv6",
        "do",
        "server listen",
        "client connect",
    ]));
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let output = crate::support::output(copy.ordinary().arg("doctor"));
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

/// Without /proc there is one sentence that says so, whatever the verb.
#[test]
fn no_procfs() {
    let copy = Copy::new("no-proc");
    for (args, code) in [
        (&["--lab", "loopback", "do", "server listen"][..], 3),
        (&["--lab", "isolated", "do", "server listen"], 3),
        (&["do", "server listen"], 3),
        (&["doctor"], 2),
    ] {
        let output = output(copy.behind_as_root("mount -t tmpfs none /proc").args(args));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        if code == 3 {
            assert_eq!(said.lines().count(), 1, "{args:?}: {said}");
            assert!(
                said.starts_with("finwait: ") && said.contains("/proc"),
                "{args:?}: {said}"
            );
        } else {
            assert!(said.is_empty(), "{args:?}: {said}");
        }
    }
}

/// A kernel whose sock_diag knows no TCP: procfs alone is believed, and that is said; nothing but `destroy` is missed.
#[test]
fn no_sock_diag() {
    for lab in [Lab::Isolated, Lab::Loopback] {
        let mut finwait = finwait();
        without_sock_diag(&mut finwait);
        let mut run = lab.open_by(finwait, &["--patience", "1000"]);
        run.connects();
        assert!(
            run.transcript().contains("no sock_diag for TCP"),
            "{lab:?}: {}",
            run.transcript()
        );
        run.succeeds(&["client shutdown write"]);
        assert_eq!(
            run.stand(),
            "client FIN_WAIT2 | listener LISTEN, server CLOSE_WAIT",
            "{lab:?}"
        );
        run.succeeds(&["server close"]);
        assert_eq!(
            run.stand(),
            "client TIME_WAIT (kept by the kernel) | listener LISTEN, server CLOSE (closed)",
            "{lab:?}"
        );
        let transitions = run.transitions();
        assert!(
            transitions
                .iter()
                .any(|line| line.contains("LAST_ACK") || lab == Lab::Loopback),
            "{lab:?}: {transitions:?}"
        );
        if lab == Lab::Isolated {
            run.gives("server destroy on=listener");
            let (code, said) = run.ends();
            assert_eq!(code, Some(1), "{said}");
            assert!(said.contains("sudo modprobe tcp_diag"), "{said}");
            continue;
        }
        run.end();
    }
    let output = output(without_sock_diag(finwait().arg("doctor")));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("note  sock_diag") && said.contains("procfs alone"),
        "{said}"
    );
}

/// A kernel without IPv6: --ipv6 is refused with one sentence, in either lab, and nothing else is.
#[test]
fn no_ipv6() {
    for lab in ["auto", "isolated", "loopback"] {
        let output = output(without_ipv6(finwait().args([
            "--lab",
            lab,
            "--ipv6",
            "do",
            "server listen",
        ])));
        let why = "this kernel has none (ipv6.disable=1 on its command line, or no module ipv6)";
        says(
            &output,
            3,
            &format!("finwait: IPv6 is not available here: {why}; without --ipv6, IPv4 is used\n"),
        );
    }
    let output = output(without_ipv6(finwait().arg("doctor")));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("note  IPv6              IPv6 is not available here"),
        "{said}"
    );
    let output = crate::support::output(without_ipv6(finwait().args(["do", "server listen", "client connect"])));
    says(&output, 0, "");
    let output = crate::support::output(without_ipv6(finwait().args(["run", "address-family-ipv6"])));
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("cannot run here: IPv6 is not available here"), "{said}");
}

/// In a network namespace of its own, made ready by `script`, as root of it.
fn in_a_namespace(script: &str, args: &[&str]) -> Output {
    let mut command = Command::new("unshare");
    if !rustix::process::getuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let script = format!("set -e; {script}; exec \"$@\"");
    command.args(["--net", "sh", "-c", &script, "sh", env!("CARGO_BIN_EXE_finwait")]);
    output(command.args(args))
}

/// Where the device lo is down, or has no IPv6, the loopback lab is refused with one sentence, and doctor says so.
#[test]
fn a_loopback_device_that_cannot_be_used() {
    let down =
        "127.0.0.1 is not available: ENETUNREACH (Network is unreachable); the device lo is down: ip link set lo up";
    let listen = ["--lab", "loopback", "do", "server listen"];
    says(&in_a_namespace(":", &listen), 3, &format!("finwait: {down}\n"));
    let output = in_a_namespace(":", &["doctor"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "the isolated lab needs no lo: {said}");
    assert!(said.contains(&format!("MISS  loopback lab      {down}")), "{said}");

    let off = "ip link set lo up; echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6";
    let listen = ["--lab", "loopback", "--ipv6", "do", "server listen"];
    let why = "::1 is not available: EADDRNOTAVAIL (Cannot assign requested address); IPv6 is switched off on the device lo: \
               sysctl net.ipv6.conf.lo.disable_ipv6=0";
    says(&in_a_namespace(off, &listen), 3, &format!("finwait: {why}\n"));
    let output = in_a_namespace(off, &["doctor"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(&format!("note  IPv6              {why}")), "{said}");
    // A namespace of its own has its own IPv6.
    let listen = ["--lab", "isolated", "--ipv6", "do", "server listen", "client connect"];
    says(&in_a_namespace(off, &listen), 0, "");
}

/// Neither lab: the device lo is down, and /dev/net/tun is not there.
#[test]
fn neither_lab() {
    let output = in_a_namespace(
        "unshare --mount sh -c 'mount -t tmpfs none /dev/net; exec \"$@\"' sh \"$@\"; exit",
        &["doctor"],
    );
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
}

/// A transcript that nobody reads on stops the run, also in the middle of it.
#[test]
fn head() {
    let path = env!("CARGO_BIN_EXE_finwait");
    let script = "{ \"$0\" --lab loopback do - <\"$1\"; echo \"status $?\" >&2; } | head -n 1";
    let own = Folder::new("head");
    let file = own.path().join("head");
    fs::write(
        &file,
        "server listen\nclient connect\nserver accept\nclient write\n".repeat(200),
    )
    .unwrap();
    let output = output(Command::new("sh").args(["-c", script, path]).arg(&file));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "status 0\n");
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 1);
}

/// What is printed does not wait for the next line of standard input: a blocked call's return is told when it comes.
#[test]
fn a_return_is_told_when_it_comes() {
    let mut run = crate::support::Lab::Loopback.open_with(&["--patience", "50"]);
    run.connects();
    run.succeeds(&["client set-option SO_RCVTIMEO 400"]);
    let read = run.blocks("client read");
    // No further command is given.
    assert_eq!(run.returned(read), "EAGAIN");
    run.end();
}

/// Where there is no wire, or the wire's segments are the point, --offload is refused with one sentence.
#[test]
fn offload_is_refused_where_it_means_nothing() {
    for (args, why) in [
        (
            &["--lab", "loopback", "--offload", "do", "server listen"][..],
            "finwait: --offload is about the wire between two hosts, and the loopback lab has none\n",
        ),
        (
            &["--offload", "claims"],
            "finwait: --offload is not an option of claims, but of the screen, tour, do, run and doctor; see finwait claims --help\n",
        ),
    ] {
        let output = output(finwait().args(args));
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), why);
    }
    let help = output(finwait().args(["do", "--help"]));
    assert!(String::from_utf8_lossy(&help.stdout).contains("segmentation to the wire (TSO)"));
}

/// The help of a command lists what the command takes: one that has no lab lists no lab's options, and takes none.
#[test]
fn the_help_of_a_command_without_a_lab_has_no_options_of_one() {
    let help = |verb: &str| String::from_utf8(output(finwait().args([verb, "--help"])).stdout).unwrap();
    for verb in ["open", "list", "show", "check", "explain", "doctor"] {
        let text = help(verb);
        for option in ["--lab", "--ipv6", "--client", "--server", "--syscalls", "--record <"] {
            assert!(!text.contains(option), "{verb} {option}: {text}");
        }
        assert_eq!(text.contains("--no-mouse"), verb == "open", "{verb}");
    }
    assert!(help("do").contains("--lab") && help("run").contains("--client"));
    let output = output(finwait().args(["list", "--lab", "loopback", "--client", "go"]));
    assert_eq!(output.status.code(), Some(2));
}
