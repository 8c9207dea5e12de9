//! `finwait shell`: a shell on a host of a lab that runs in another process.

use std::io::{BufRead, BufReader, Lines, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};

#[path = "support/mod.rs"]
mod support;

use support::folder::Folder;
use support::{exit, until};

const FINWAIT: &str = env!("CARGO_BIN_EXE_finwait");
/// `nobody`, whom every machine has.
const NOBODY: u32 = 65534;

/// A lab in a process of its own, which ends with its input.
struct Lab {
    process: Child,
    commands: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

/// A command line as root, or as an ordinary user who may make TUN devices.
fn by(ordinary: bool, line: &str) -> Command {
    let tun = "mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200";
    let drop = format!("setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups");
    let script = match ordinary {
        true => format!("{tun} && exec {drop} {line}"),
        false => format!("exec {line}"),
    };
    let mut command = Command::new("unshare");
    command
        .args(["-m", "sh", "-c", &script])
        .env("SHELL", "/bin/sh")
        .env_remove("SUDO_UID");
    command
}

impl Lab {
    fn new(ordinary: bool) -> Lab {
        let mut process = by(ordinary, &format!("{FINWAIT} do --lab isolated -"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut commands = process.stdin.take().unwrap();
        writeln!(commands, "server listen").unwrap();
        // It is up when it has done something.
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("LISTEN")));
        Lab {
            process,
            commands: Some(commands),
            output: lines,
        }
    }

    /// What it prints until it ends, which it does now: when all is quiet after one more command.
    fn last_lines(&mut self) -> Vec<String> {
        let mut commands = self.commands.take().unwrap();
        writeln!(commands, "wire flow").unwrap();
        drop(commands);
        self.output.by_ref().map(Result::unwrap).collect()
    }

    fn shell(&self, ordinary: bool, rest: &str) -> Output {
        shell(ordinary, &format!("server --pid {} {rest}", self.process.id()))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn shell(ordinary: bool, arguments: &str) -> Output {
    by(ordinary, &format!("{FINWAIT} shell {arguments}"))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_shell_has_the_hosts_network_and_names_and_is_its_users() {
    for ordinary in [false, true] {
        let lab = Lab::new(ordinary);
        let commands = "id -u; getent hosts client; cat /proc/net/tcp; echo $FINWAIT_PEER:$FINWAIT_PORT";
        let (stdout, stderr) = text(&lab.shell(ordinary, &format!("-- sh -c '{commands}'")));
        let lines: Vec<&str> = stdout.lines().collect();
        let uid = if ordinary { NOBODY } else { 0 };
        assert_eq!(lines.first(), Some(&uid.to_string().as_str()), "{stdout}{stderr}");
        assert!(
            lines[1].starts_with("10.0.0.1") && lines[1].contains("client"),
            "{stdout}{stderr}"
        );
        // The server's listener, on 8080 of 10.0.0.2, in the state LISTEN.
        assert!(stdout.contains("0200000A:1F90 00000000:0000 0A"), "{stdout}");
        assert_eq!(lines.last(), Some(&"10.0.0.1:8080"));
    }
}

/// The lab has started neither, and names both: the process is found in the host's network namespace. It is the one whose calls strace sees.
/// One lab runs in a pid namespace of its own, with the process that clears up after it: no `--pid` is needed.
#[test]
fn the_only_lab_is_found_without_its_process() {
    let folder = Folder::new("only-lab");
    let script = format!(
        "mkfifo commands; {{ {FINWAIT} do --lab isolated - <commands >said & }}; exec 3>commands; echo server listen >&3; \
         until grep -qs LISTEN said; do sleep 0.05; done; {FINWAIT} shell server id -u"
    );
    let output = Command::new("timeout")
        .args([
            "30",
            "unshare",
            "-m",
            "-p",
            "-f",
            "--kill-child",
            "--mount-proc",
            "sh",
            "-c",
            &script,
        ])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let (stdout, stderr) = text(&output);
    assert_eq!(stdout, "0\n", "{stderr}");
    assert!(
        stderr.starts_with("finwait: server of ") && stderr.lines().count() == 1,
        "{stderr}"
    );
}

#[test]
fn what_is_run_in_a_shell_is_told_as_the_owner_of_its_sockets() {
    for ordinary in [false, true] {
        let mut lab = Lab::new(ordinary);
        let log = std::env::temp_dir().join(format!("finwait-shell-{}-{ordinary}", std::process::id()));
        let strace = format!("strace -f -e trace=connect,close -o {}", log.display());
        // Nobody accepts: the connection is up, and curl gives up.
        let curl = format!(
            "client --pid {} -- {strace} curl -sS -m 1 http://server:8080/",
            lab.process.id()
        );
        let (_, stderr) = text(&shell(ordinary, &curl));
        assert!(stderr.contains("timed out"), "{stderr}");
        let made = std::fs::read_to_string(&log).unwrap();
        std::fs::remove_file(&log).unwrap();
        // `4711 connect(5, {sa_family=AF_INET, sin_port=htons(8080), ...) = -1 EINPROGRESS`
        let is_it = |line: &str| line.contains(" connect(") && line.contains("htons(8080)");
        let connect = made.lines().position(is_it).expect(&made);
        let line = made.lines().nth(connect).unwrap();
        let (pid, fd) = (line.split(' ').next().unwrap(), line.split(['(', ',']).nth(1).unwrap());
        let closes = made
            .lines()
            .skip(connect)
            .filter(|line| line.contains(&format!(" close({fd})")));
        assert_eq!(closes.count(), 1, "{made}");
        let lines = lab.last_lines();
        let has = |from: &str, to: &str, by: &str| {
            let change = format!("client {from} -> {to}");
            let by = format!("{by} by curl, pid {pid}");
            lines
                .iter()
                .filter(|line| line.contains(&change) && line.contains(&by))
                .count()
                == 1
        };
        assert!(has("CLOSE", "SYN_SENT", "connect"), "{pid}: {lines:#?}");
        assert!(
            has("ESTABLISHED", "FIN_WAIT1", "close or shutdown"),
            "{pid}: {lines:#?}"
        );
    }
}

#[test]
fn without_a_command_it_is_the_users_shell_and_says_where_it_is() {
    let lab = Lab::new(false);
    let output = lab.shell(false, "");
    let expected = format!(
        "finwait: a shell on the server of the lab of process {} ({FINWAIT} do --lab isolated -); exit ends it\n",
        lab.process.id()
    );
    assert_eq!(text(&output), (String::new(), expected));
    assert!(output.status.success());
}

/// A shell that is open, and the lines that it writes.
struct Open {
    process: Child,
    output: Lines<BufReader<ChildStdout>>,
}

impl Open {
    fn on(lab: &Lab, ordinary: bool, script: &str) -> Open {
        let line = format!("{FINWAIT} shell server --pid {} -- sh -c '{script}'", lab.process.id());
        let mut process = by(ordinary, &line)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap()).lines();
        Open { process, output }
    }

    fn line(&mut self) -> String {
        self.output.next().expect("the shell has ended").unwrap()
    }

    /// Its exit status, and what it has written to its standard error.
    fn end(mut self) -> (Option<i32>, String) {
        let status = exit(&mut self.process);
        assert_eq!(status.signal(), None);
        let stderr = self.process.stderr.take().unwrap();
        (status.code(), std::io::read_to_string(stderr).unwrap())
    }
}

fn signal(process: &Child, signal: Signal) {
    kill_process(Pid::from_child(process), signal).unwrap();
}

/// The processes in a network namespace.
fn inside(namespace: &PathBuf) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &u32| std::fs::read_link(format!("/proc/{pid}/ns/net")).is_ok_and(|its| its == *namespace))
        .collect()
}

/// What runs in it, also what has left the shell and its session, and what a shell has left behind that is closed: nothing of it stays,
/// and so no namespace.
#[test]
fn what_runs_in_a_shell_ends_with_its_lab_whatever_has_ended_that() {
    for (ordinary, is_killed) in [(false, true), (true, true), (false, false)] {
        let mut lab = Lab::new(ordinary);
        let mut closed = Open::on(&lab, ordinary, "setsid sleep 1000 2>&1 & echo $!");
        let left = closed.line();
        assert_eq!(exit(&mut closed.process).code(), Some(0));
        let mut open = Open::on(
            &lab,
            ordinary,
            "(setsid env -i /bin/sleep 1001 2>&1 & echo $!); echo $$; exec sleep 1002 2>&1",
        );
        let pids = [left, open.line(), open.line()];
        let namespace = std::fs::read_link(format!("/proc/{}/ns/net", pids[0])).unwrap();
        let within = inside(&namespace);
        assert!(
            pids.iter().all(|pid| within.contains(&pid.parse().unwrap())),
            "{pids:?} of {within:?}"
        );
        if is_killed {
            signal(&lab.process, Signal::KILL);
        } else {
            drop(lab.commands.take());
        }
        exit(&mut lab.process);
        until("the host to be left", || inside(&namespace).is_empty());
        let (status, said) = open.end();
        let expected = format!(
            "finwait: the lab of process {} is over, and what ran on its hosts has ended with it\n",
            lab.process.id()
        );
        assert_eq!((status, said), (Some(137), expected));
    }
}

#[test]
fn a_shells_status_and_the_signals_that_it_is_sent_are_its_own() {
    let lab = Lab::new(false);
    assert_eq!(lab.shell(false, "-- sh -c 'exit 7'").status.code(), Some(7));
    let killed = lab.shell(false, "-- sh -c 'kill -TERM $$'");
    assert_eq!((killed.status.code(), text(&killed).1), (Some(143), String::new()));
    let script = "trap \"echo heard; exit 5\" TERM; echo ready; sleep 60 >/dev/null 2>&1 & wait";
    let mut trapped = Open::on(&lab, false, script);
    assert_eq!(trapped.line(), "ready");
    signal(&trapped.process, Signal::TERM);
    assert_eq!(trapped.line(), "heard");
    assert_eq!(trapped.end(), (Some(5), String::new()));
}

/// What a shell is sent as soon as it runs is handed on, however late the process outside goes on after its fork: strace holds that up.
#[test]
fn a_signal_that_comes_at_once_is_the_shells() {
    let lab = Lab::new(false);
    let script = "trap \"echo heard; exit 5\" TERM; kill -TERM $PPID; sleep 60 >/dev/null 2>&1 & wait";
    let slow = "strace -qq -o /dev/null -e trace=clone -e inject=clone:delay_exit=500000";
    let line = format!(
        "{slow} {FINWAIT} shell server --pid {} -- sh -c '{script}'",
        lab.process.id()
    );
    let output = by(false, &line).stdin(Stdio::null()).output().unwrap();
    assert_eq!(
        (output.status.code(), text(&output)),
        (Some(5), ("heard\n".into(), String::new()))
    );
    // Ctrl-C is the shell's own, and a shell blocks no signals that its starter does not.
    let blocked = lab.shell(false, "-- sh -c 'kill -INT $PPID; grep SigBlk /proc/self/status'");
    assert_eq!(text(&blocked), ("SigBlk:\t0000000000000000\n".into(), String::new()));
}

#[test]
fn what_cannot_be_entered_is_said_in_one_sentence() {
    let own = std::process::id();
    let none = shell(false, &format!("client --pid {own}"));
    assert_eq!(none.status.code(), Some(3));
    let expected = format!(
        "finwait: process {own} has no isolated lab that you may enter; without --pid, the one that runs is found\n"
    );
    assert_eq!(text(&none).1, expected);
    let lab = Lab::new(false);
    // Another user's, whom it is not shown to.
    let foreign = lab.shell(true, "true");
    assert!(
        text(&foreign).1.contains("has no isolated lab that you may enter"),
        "{foreign:?}"
    );
    let nothing = lab.shell(false, "no-such-program-anywhere");
    assert_eq!(
        text(&nothing).1,
        "finwait: there is no program no-such-program-anywhere on PATH\n"
    );
}
