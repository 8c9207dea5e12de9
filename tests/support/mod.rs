//! Drives the real binary: `finwait do - --json`, a command at a time, and reads what it prints, with a bound on every wait.
#![allow(dead_code, reason = "each test binary uses its part")]

use finwait::call::{Bytes, escape};
use finwait::errno::Errno;
use finwait::os::signal::die_with_parent;
use finwait::outcome::{Outcome, Value as Gave};
use finwait::wire::segment::Flags;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub mod folder;
pub mod turns;

/// How long anything may take that does happen; far more than it needs.
pub const BOUND: Duration = Duration::from_secs(60);

/// A lab, asked for by name: a test that needs it fails where it is not available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lab {
    Isolated,
    Isolated6,
    Loopback,
    Loopback6,
}

impl Lab {
    pub fn args(self) -> &'static [&'static str] {
        match self {
            Lab::Isolated => &["--lab", "isolated"],
            Lab::Isolated6 => &["--lab", "isolated", "--ipv6"],
            Lab::Loopback => &["--lab", "loopback"],
            Lab::Loopback6 => &["--lab", "loopback", "--ipv6"],
        }
    }

    pub fn is_isolated(self) -> bool {
        matches!(self, Lab::Isolated | Lab::Isolated6)
    }

    /// Starts a run, whose commands are given one by one.
    pub fn open(self) -> Run {
        self.open_with(&["--patience", "1000"])
    }

    pub fn open_with(self, more: &[&str]) -> Run {
        self.open_by(finwait(), more)
    }

    /// By a command that runs the real binary.
    pub fn open_by(self, mut finwait: Command, more: &[&str]) -> Run {
        finwait
            .args(self.args())
            .args(["do", "-", "--json", "--all-sockets"])
            .args(more);
        Run::start(finwait)
    }
}

/// Makes a test for each lab of a function that takes a run and its lab: `in_labs!(a_function: Isolated Loopback)`.
#[macro_export]
macro_rules! in_labs {
    ($name:ident: $($lab:ident)+) => {
        mod $name {
            $(
                #[test]
                #[allow(non_snake_case)]
                fn $lab() {
                    let lab = $crate::support::Lab::$lab;
                    let mut run = lab.open();
                    super::$name(&mut run, lab);
                    run.end();
                }
            )+
        }
    };
}

/// The real binary.
pub fn finwait() -> Command {
    Command::new(env!("CARGO_BIN_EXE_finwait"))
}

/// Returns what a command wrote, as text.
#[track_caller]
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs a command to its end, with a bound.
pub fn output(command: &mut Command) -> Output {
    output_of(command, b"")
}

/// What each item gives, in their order; the CPUs share them.
pub fn shared<T: Sync, R: Send>(items: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let part = items.len().div_ceil(cpus).max(1);
    std::thread::scope(|scope| {
        let parts: Vec<_> = items
            .chunks(part)
            .map(|part| scope.spawn(|| part.iter().map(&each).collect::<Vec<R>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}

/// Runs a command that takes long to its end, with a bound of its own.
pub fn output_within(command: &mut Command, bound: Duration) -> Output {
    run_to_the_end(command, b"", bound)
}

/// Runs a command to its end, with a bound; it reads `input`.
pub fn output_of(command: &mut Command, input: &[u8]) -> Output {
    run_to_the_end(command, input, BOUND)
}

fn run_to_the_end(command: &mut Command, input: &[u8], bound: Duration) -> Output {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    die_with_parent(command);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // Whoever has seen enough closes its standard input.
    thread::spawn(move || drop(stdin.write_all(&input)));
    let out = collect(child.stdout.take().unwrap());
    let err = collect(child.stderr.take().unwrap());
    let status = exit_within(&mut child, bound);
    Output {
        status,
        stdout: out.join().unwrap(),
        stderr: err.join().unwrap(),
    }
}

fn collect(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

/// Waits for a process's end, with a bound.
pub fn exit(child: &mut Child) -> ExitStatus {
    exit_within(child, BOUND)
}

fn exit_within(child: &mut Child, bound: Duration) -> ExitStatus {
    let mut status = None;
    until_within(bound, "a process to end", || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    status.unwrap()
}

/// Waits until `holds` does, with a bound.
#[track_caller]
pub fn until(what: &str, holds: impl FnMut() -> bool) {
    until_within(BOUND, what, holds);
}

#[track_caller]
fn until_within(bound: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + bound;
    while !holds() {
        assert!(Instant::now() < deadline, "waited {bound:?} for {what}");
        thread::park_timeout(Duration::from_millis(2));
    }
}

/// A run of `finwait do -`.
pub struct Run {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Value>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    /// All that it printed so far.
    pub said: Vec<Value>,
    /// Where what the last command led to begins.
    step: usize,
    /// A command was given whose end has not been waited for.
    owed: bool,
}

/// A call that had not returned when patience ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked(u64);

impl Run {
    /// Starts `command`, which is `finwait do - --json`, and waits until both endpoints are up.
    pub fn start(mut command: Command) -> Run {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        die_with_parent(&mut command);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (sender, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in out.lines() {
                let line = line.unwrap();
                let value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        let mut run = Run {
            stdin: child.stdin.take(),
            stderr: Some(collect(child.stderr.take().unwrap())),
            child,
            lines,
            said: Vec::new(),
            step: 0,
            owed: false,
        };
        for side in ["client", "server"] {
            run.awaits(|line| line["kind"] == "born" && line["side"] == side);
        }
        run.step = run.said.len();
        run
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The process number of an endpoint.
    pub fn endpoint(&self, side: &str) -> u32 {
        let born = |line: &&Value| line["kind"] == "born" && line["side"] == side;
        let line = self.said.iter().rfind(born).unwrap();
        line["pid"].as_u64().unwrap().try_into().unwrap()
    }

    /// Gives a command without waiting for anything.
    pub fn gives(&mut self, command: &str) {
        self.settles();
        self.owed = true;
        self.step = self.said.len();
        writeln!(self.stdin.as_ref().unwrap(), "{command}").unwrap();
    }

    /// Waits until the last command is over, or refused.
    #[track_caller]
    pub fn settles(&mut self) -> usize {
        if self.owed {
            self.next_line(ends_a_command)
        } else {
            self.said.len() - 1
        }
    }

    /// Gives a command, waits until it is over or patience is, and tells what its call returned in a few words.
    #[track_caller]
    pub fn does(&mut self, command: &str) -> String {
        self.gives(command);
        let end = self.settles();
        let side = command.split_whitespace().next().unwrap();
        let step = &self.said[self.step..=end];
        // A call that has not even begun when patience ends is blocked too.
        let made = |line: &&Value| (line["kind"] == "call" || line["kind"] == "blocked") && line["side"] == side;
        let Some(call) = step.iter().rfind(made).map(|line| &line["call"]) else {
            return "no call".to_owned();
        };
        let ended = |line: &&Value| line["kind"] == "outcome" && line["call"] == *call;
        match step.iter().find(ended) {
            Some(line) => brief(line),
            None => {
                let blocked = |line: &Value| line["kind"] == "blocked" && line["call"] == *call;
                assert!(step.iter().any(blocked), "{command}: neither returned nor blocked");
                "blocked".to_owned()
            }
        }
    }

    /// Gives a command whose call blocks.
    #[track_caller]
    pub fn blocks(&mut self, command: &str) -> Blocked {
        assert_eq!(self.does(command), "blocked", "{command}");
        self.last_blocked()
    }

    fn last_blocked(&self) -> Blocked {
        let line = self.step().iter().rfind(|line| line["kind"] == "blocked").unwrap();
        Blocked(line["call"].as_u64().unwrap())
    }

    /// Waits until a blocked call has returned, and tells what it returned.
    #[track_caller]
    pub fn returned(&mut self, Blocked(call): Blocked) -> String {
        let place = self.awaits(|line| line["kind"] == "outcome" && line["call"] == call);
        brief(&self.said[place])
    }

    /// Waits until no call of that end blocks any more.
    #[track_caller]
    pub fn returns(&mut self, side: &str) {
        let blocked = |line: &&Value| line["kind"] == "blocked" && line["side"] == side;
        let calls: Vec<u64> = self
            .said
            .iter()
            .filter(blocked)
            .filter_map(|line| line["call"].as_u64())
            .collect();
        for call in calls {
            self.awaits(|line| line["kind"] == "outcome" && line["call"] == call);
        }
    }

    /// Has it not returned, as far as was told?
    pub fn is_blocked(&self, Blocked(call): Blocked) -> bool {
        !self
            .said
            .iter()
            .any(|line| line["kind"] == "outcome" && line["call"] == call)
    }

    /// Gives commands, each of which succeeds, however long it takes.
    #[track_caller]
    pub fn succeeds(&mut self, commands: &[&str]) {
        for command in commands {
            let mut outcome = self.does(command);
            if outcome == "blocked" {
                // Of a command that makes several calls, the last is the one of its name.
                let name = command.split_whitespace().nth(1).unwrap();
                let (step, is_last) = (self.step, |line: &Value| {
                    line["kind"] == "outcome" && line["name"] == name
                });
                let place = match self.step().iter().position(is_last) {
                    Some(place) => step + place,
                    None => self.next_line(is_last),
                };
                outcome = brief(&self.said[place]);
            }
            assert!(
                ["ok", "no call"].contains(&outcome.as_str()) || outcome.starts_with("wrote "),
                "{command}: {outcome}\n{}",
                self.transcript()
            );
        }
    }

    /// A listener, a connection to it, accepted.
    #[track_caller]
    pub fn connects(&mut self) {
        self.succeeds(&["server listen backlog=2", "client connect", "server accept"]);
    }

    /// What was printed since the last command was given.
    pub fn step(&self) -> &[Value] {
        &self.said[self.step..]
    }

    /// The line of that place.
    pub fn line(&self, place: usize) -> &Value {
        &self.said[place]
    }

    /// Waits for a line like that, among those printed already too: its place.
    #[track_caller]
    pub fn awaits(&mut self, wanted: impl Fn(&Value) -> bool) -> usize {
        match self.said.iter().position(&wanted) {
            Some(place) => place,
            None => self.next_line(wanted),
        }
    }

    #[track_caller]
    fn next_line(&mut self, wanted: impl Fn(&Value) -> bool) -> usize {
        let deadline = Instant::now() + BOUND;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.owed &= !ends_a_command(&line);
                    self.said.push(line);
                    if wanted(&self.said[self.said.len() - 1]) {
                        return self.said.len() - 1;
                    }
                }
                Err(why) => {
                    let stderr = match why {
                        RecvTimeoutError::Disconnected => self.stderr.take().unwrap().join().unwrap(),
                        RecvTimeoutError::Timeout => Vec::new(),
                    };
                    panic!("{why}\n{}\n{}", String::from_utf8_lossy(&stderr), self.transcript());
                }
            }
        }
    }

    /// All that was printed, for failures.
    pub fn transcript(&self) -> String {
        self.said.iter().map(|line| format!("{line}\n")).collect()
    }

    /// How the sockets stood after the last command: `client FIN_WAIT2 | listener LISTEN, server CLOSE_WAIT`.
    pub fn stand(&self) -> String {
        let states = self.states();
        let of = |side: &str| {
            let sockets = states[side].as_array().unwrap().iter().map(|socket| {
                let name = socket["socket"].as_str().unwrap_or("(no name)");
                let state = socket["state"].as_str().unwrap();
                match socket["held"].as_str().unwrap() {
                    "open" => format!("{name} {state}"),
                    held => format!("{name} {state} ({held})"),
                }
            });
            sockets.collect::<Vec<_>>().join(", ")
        };
        format!("{} | {}", of("client"), of("server"))
    }

    fn states(&self) -> &Value {
        let line = self.said.iter().rfind(|line| line["kind"] == "states").unwrap();
        &line["states"]
    }

    /// A socket as it stood after the last command.
    #[track_caller]
    pub fn socket(&self, side: &str, name: &str) -> &Value {
        let sockets = self.states()[side].as_array().unwrap();
        let found = sockets.iter().find(|socket| socket["socket"] == name);
        found.unwrap_or_else(|| panic!("{side} has no {name}: {sockets:?}"))
    }

    /// The server's listener as it stood after the last command.
    #[track_caller]
    pub fn listener(&self) -> &Value {
        let sockets = self.states()["server"].as_array().unwrap();
        sockets.iter().find(|socket| socket["state"] == "LISTEN").unwrap()
    }

    /// The transitions since the last command was given, with their causes: `client ESTABLISHED -> FIN_WAIT1 by shutdown`.
    pub fn transitions(&self) -> Vec<String> {
        transitions(self.step())
    }

    /// The segments since the last command was given: `client PSH,ACK seq 1 ack 1 len 5`. None in the loopback lab.
    pub fn segments(&self) -> Vec<String> {
        self.step().iter().filter_map(segment).collect()
    }

    /// Waits until so many segments were seen since the last command was given: all of them.
    #[track_caller]
    pub fn awaits_segments(&mut self, many: usize) -> Vec<String> {
        while self.segments().len() < many {
            self.next_line(|line| line["kind"] == "packet");
        }
        self.segments()
    }

    /// Waits until the lab has told so many notes since the last command was given: all of them.
    #[track_caller]
    pub fn awaits_notes(&mut self, many: usize) -> Vec<String> {
        let notes = |run: &Run| -> Vec<String> {
            let notes = run.step().iter().filter(|line| line["kind"] == "note");
            notes
                .filter_map(|line| line["text"].as_str().map(str::to_owned))
                .collect()
        };
        while notes(self).len() < many {
            self.next_line(|line| line["kind"] == "note");
        }
        notes(self)
    }

    /// Ends standard input, and requires that the program then ends with 0.
    #[track_caller]
    pub fn end(mut self) {
        drop(self.stdin.take());
        let status = exit(&mut self.child);
        let stderr = String::from_utf8(self.stderr.take().unwrap().join().unwrap()).unwrap();
        assert!(status.success() && stderr.is_empty(), "{status}: {stderr}");
    }

    /// Ends standard input: how the program ends then, and what it said on standard error.
    pub fn ends(mut self) -> (Option<i32>, String) {
        drop(self.stdin.take());
        let status = exit(&mut self.child);
        let stderr = self.stderr.take().unwrap().join().unwrap();
        (status.code(), String::from_utf8(stderr).unwrap())
    }

    /// Closes standard input and output, and hands over the rest.
    pub fn stdin_of(&mut self) -> &mut Option<ChildStdin> {
        &mut self.stdin
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ends_a_command(line: &Value) -> bool {
    line["kind"] == "states" || line["kind"] == "refused"
}

/// What a call returned, in a few words.
pub fn brief(line: &Value) -> String {
    let outcome: Outcome = serde_json::from_value(line["outcome"].clone()).unwrap_or_else(|e| panic!("{line}: {e}"));
    match &outcome {
        Outcome::Ok(Gave::Done | Gave::Later | Gave::Descriptor { .. }) => "ok".into(),
        Outcome::Ok(Gave::Read { n: 0, .. }) => "EOF".into(),
        Outcome::Ok(Gave::Read { n, data: Bytes(data) }) if *n == data.len() => format!("read {}", escape(data)),
        Outcome::Ok(Gave::Read { n, .. }) => format!("read {n} bytes"),
        Outcome::Ok(Gave::Written { n }) => format!("wrote {n}"),
        Outcome::DeadlineExceeded { .. } => "deadline exceeded".into(),
        other => other.brief(),
    }
}

/// The name of an errno, as a transcript carries it.
pub fn errno(value: &Value) -> String {
    serde_json::from_value::<Errno>(value.clone()).unwrap().name()
}

/// The state changes among `lines`, with their causes.
pub fn transitions(lines: &[Value]) -> Vec<String> {
    let states = lines.iter().filter(|line| line["kind"] == "state");
    states
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap().to_owned();
            let (side, socket) = (text("side"), line["socket"].as_str().unwrap_or("(no name)"));
            let who = if side == socket {
                side
            } else {
                format!("{side} {socket}")
            };
            format!("{who} {} -> {} by {}", text("from"), text("to"), cause(&line["cause"]))
        })
        .collect()
}

fn cause(cause: &Value) -> String {
    let (kind, what) = match cause {
        Value::String(word) => return word.clone(),
        Value::Object(map) => map.iter().next().unwrap(),
        other => panic!("{other}"),
    };
    let flags = || {
        serde_json::from_value::<Flags>(what["flags"].clone())
            .unwrap()
            .to_string()
    };
    match kind.as_str() {
        "call" => what["name"].as_str().unwrap().to_owned(),
        "received" => flags(),
        "peer-call" => format!(
            "the {}'s {}",
            what["side"].as_str().unwrap(),
            what["name"].as_str().unwrap()
        ),
        "peer-death" => format!("the end of the {}'s process", what["side"].as_str().unwrap()),
        "timer" => format!("the {} timer", what.as_str().unwrap()),
        other => panic!("{other}: {what}"),
    }
}

/// A segment in a few words, its numbers counted from the connection's first.
pub fn segment(line: &Value) -> Option<String> {
    if line["kind"] != "packet" {
        return None;
    }
    let from = line["from"].as_str().unwrap();
    let Some(tcp) = line["packet"].get("tcp") else {
        return Some(format!("{from} {}", line["packet"]));
    };
    let flags: Flags = serde_json::from_value(tcp["flags"].clone()).unwrap();
    let number = |name: &str| match &line[name] {
        Value::Null => String::new(),
        n => format!(" {name} {n}"),
    };
    let len = match tcp["len"].as_u64().unwrap() {
        0 => String::new(),
        n => format!(" len {n}"),
    };
    Some(format!("{from} {flags}{}{}{len}", number("seq"), number("ack")))
}

/// Is that program on PATH? Where everything must be checked (`CI`), one that is not fails the test that wants it; else what cannot be
/// had is said, and passed over.
pub fn has(program: &str) -> bool {
    let here = finwait::runtime::on_path(program).is_some();
    assert!(here || std::env::var_os("CI").is_none(), "{program} is not on PATH");
    if !here {
        // Past the harness, which keeps what a test that passes prints.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {program} is not on PATH");
    }
    here
}

/// Makes a command run where the kernel knows no sock_diag: to make a socket of it fails as it does there.
pub fn without_sock_diag(command: &mut Command) -> &mut Command {
    without_sockets(
        command,
        libc::AF_NETLINK,
        Some(libc::NETLINK_SOCK_DIAG),
        libc::EPROTONOSUPPORT,
    )
}

/// Makes a command run where the kernel knows no IPv6.
pub fn without_ipv6(command: &mut Command) -> &mut Command {
    without_sockets(command, libc::AF_INET6, None, libc::EAFNOSUPPORT)
}

/// Makes a command run where no socket of that family, and of that protocol, can be made.
fn without_sockets(command: &mut Command, family: i32, protocol: Option<i32>, errno: i32) -> &mut Command {
    use std::os::unix::process::CommandExt;
    const fn step(code: u32, jf: u8, k: u32) -> libc::sock_filter {
        let code = code as u16;
        libc::sock_filter { code, jt: 0, jf, k }
    }
    // Whether a number in `struct seccomp_data` is that one; else the program goes on so many steps later.
    let is = |offset: u32, value: i32, over: u8| {
        [
            step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, offset),
            step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, over, value as u32),
        ]
    };
    let returns = |value: u32| step(libc::BPF_RET | libc::BPF_K, 0, value);
    // The call's number stands at 0, the lower halves of its arguments at 16, 24, 32.
    let protocol = protocol.map(|protocol| is(32, protocol, 1));
    let more = if protocol.is_some() { 2 } else { 0 };
    let filter: Vec<libc::sock_filter> = is(0, libc::SYS_socket as i32, 3 + more)
        .into_iter()
        .chain(is(16, family, 1 + more))
        .chain(protocol.into_iter().flatten())
        .chain([
            returns(libc::SECCOMP_RET_ERRNO | errno as u32),
            returns(libc::SECCOMP_RET_ALLOW),
        ])
        .collect();
    // SAFETY: between fork and exec only prctl is called, twice, with a program that lives as long as the closure.
    unsafe {
        command.pre_exec(move || {
            let program = libc::sock_fprog {
                len: filter.len() as u16,
                filter: filter.as_ptr().cast_mut(),
            };
            let set = libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) == 0;
            if set {
                Ok(())
            } else {
                Err(std::io::Error::last_os_error())
            }
        })
    }
}
