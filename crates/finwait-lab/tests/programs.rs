//! Programs of the user's own on the hosts of a lab, in the real kernel.

use finwait_lab::event::{
    Death, LabEvent, LabRequest, ProgramCause, ProgramDeed, ProgramNews, StateChanged, TimedEvent, TransitionCause,
};
use finwait_lab::model::program::{OutputStream, ProgramNo, ProgramSpec, SocketOwner};
use finwait_lab::{LabMode, LocalLab, Options, Side, State};
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A lab and what has happened in it.
struct Stage {
    lab: StagedLab,
    inbox: Receiver<LabEvent>,
    told: Vec<LabEvent>,
    programs: u32,
}

enum StagedLab {
    /// In this process, which is root's.
    Here(LocalLab),
    /// In a process of its own, which a test may start as it likes and kill.
    Owner { process: Child, requests: UnixStream },
}

/// The user whom an owner is started as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum User {
    Root,
    /// Root by way of sudo.
    Sudo,
    Ordinary,
    /// Root of a user namespace that may make no pid namespace.
    WithoutPidNamespaces,
}

/// `nobody`, whom every machine has.
const NOBODY: u32 = 65534;

impl User {
    fn owner(self) -> Command {
        let own = std::env::current_exe().unwrap();
        let start = format!("exec -a finwait-lab {}", own.display());
        // The machine's device may be root's alone.
        let tun = "mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200";
        let mut command = Command::new("unshare");
        match self {
            User::Root => command.args(["-m", "bash", "-c", &start]),
            User::Sudo => command
                .args(["-m", "bash", "-c", &start])
                .env("SUDO_UID", NOBODY.to_string()),
            User::Ordinary => {
                let drop = format!("setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups");
                command.args(["-m", "bash", "-c", &format!("{tun} && exec {drop} bash -c '{start}'")])
            }
            User::WithoutPidNamespaces => {
                let none = "echo 0 > /proc/sys/user/max_pid_namespaces";
                let inner = format!("unshare -Urm bash -c '{none} && {start}'");
                command.args(["-m", "bash", "-c", &format!("{tun} && exec {inner}")])
            }
        };
        command
    }
}

impl Stage {
    fn new() -> Stage {
        Stage::of(|options| options)
    }

    fn of(with: impl Fn(Options) -> Options) -> Stage {
        let options = with(Options::native(LabMode::Isolated, false, "/proc/self/exe".into()));
        let (sender, inbox) = channel();
        let sink = move |batch: finwait_lab::Batch| batch.into_iter().for_each(|event| drop(sender.send(event.what)));
        let (lab, _) = LocalLab::start(&options, sink).unwrap();
        Stage::with(StagedLab::Here(lab), inbox)
    }

    fn owned_by(user: User) -> Stage {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let out = theirs.try_clone().unwrap();
        let process = user
            .owner()
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
            .stdout(Stdio::from(std::os::fd::OwnedFd::from(out)))
            .spawn()
            .unwrap();
        let mut requests = ours.try_clone().unwrap();
        writeln!(
            requests,
            r#"{{"mode":"isolated","ipv6":false,"offload":false,"addresses":null}}"#
        )
        .unwrap();
        let mut lines = BufReader::new(ours).lines();
        let greeting = lines.next().unwrap().unwrap();
        assert!(greeting.starts_with(r#"{"started""#), "{user:?}: {greeting}");
        let (sender, inbox) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let event: TimedEvent = serde_json::from_str(&line).unwrap();
                if sender.send(event.what).is_err() {
                    return;
                }
            }
        });
        Stage::with(StagedLab::Owner { process, requests }, inbox)
    }

    fn with(lab: StagedLab, inbox: Receiver<LabEvent>) -> Stage {
        Stage {
            lab,
            inbox,
            told: Vec::new(),
            programs: 0,
        }
    }

    fn send(&mut self, request: LabRequest) {
        match &mut self.lab {
            StagedLab::Here(lab) => lab.send(request),
            StagedLab::Owner { requests, .. } => {
                let mut line = serde_json::to_vec(&request).unwrap();
                line.push(b'\n');
                requests.write_all(&line).unwrap();
            }
        }
    }

    /// Ends the lab as if its process had been killed.
    fn kill(mut self) {
        match &mut self.lab {
            StagedLab::Here(_) => panic!("it is this process"),
            StagedLab::Owner { process, .. } => {
                process.kill().unwrap();
                process.wait().unwrap();
            }
        }
    }

    fn run(&mut self, side: Side, run: &str) -> ProgramNo {
        self.run_with(
            side,
            ProgramSpec {
                run: run.into(),
                ..ProgramSpec::default()
            },
        )
    }

    fn run_with(&mut self, side: Side, spec: ProgramSpec) -> ProgramNo {
        self.programs += 1;
        let no = ProgramNo(self.programs);
        self.send(LabRequest::Run(side, no, spec));
        no
    }

    /// Waits for an event, also among those that have come, and returns what it is asked for.
    fn until<T>(&mut self, what: &str, is_it: impl Fn(&LabEvent) -> Option<T>) -> T {
        if let Some(found) = self.told.iter().find_map(&is_it) {
            return found;
        }
        let until = Instant::now() + PATIENCE;
        loop {
            match self.inbox.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(event) => {
                    let found = is_it(&event);
                    self.told.push(event);
                    if let Some(found) = found {
                        return found;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("{what} did not come; instead: {:#?}", self.lines())
                }
            }
        }
    }

    fn news<T>(&mut self, what: &str, of: ProgramNo, is_it: impl Fn(&ProgramNews) -> Option<T>) -> T {
        self.until(what, |event| match event {
            LabEvent::Program(event) if event.program == of => is_it(&event.what),
            _ => None,
        })
    }

    fn pid(&mut self, of: ProgramNo) -> u32 {
        self.news("its start", of, |news| match news {
            ProgramNews::Started { pid } => Some(*pid),
            _ => None,
        })
    }

    fn why_not(&mut self, of: ProgramNo) -> String {
        self.news("why it did not start", of, |news| match news {
            ProgramNews::NotStarted { why } => Some(why.clone()),
            _ => None,
        })
    }

    fn exit(&mut self, of: ProgramNo) -> (Death, u32) {
        self.news("its exit", of, |news| match news {
            ProgramNews::Exited { how, left } => Some((*how, *left)),
            _ => None,
        })
    }

    fn listens(&mut self, side: Side, port: u16) -> u64 {
        self.until("a listener", |event| match event {
            LabEvent::Transition(change) if change.side == side && change.to == State::Listen => {
                (change.tuple.local.port() == port).then_some(change.inode)
            }
            _ => None,
        })
    }

    fn owner(&mut self, side: Side, of: u64) -> SocketOwner {
        self.until("an owner", |event| match event {
            LabEvent::Owned { side: at, inode, owner } => (*at == side && *inode == of).then(|| owner.clone()),
            _ => None,
        })
    }

    /// The lines that it has written so far.
    fn output(&self, of: ProgramNo) -> Vec<String> {
        let lines = self.told.iter().filter_map(|event| match event {
            LabEvent::Program(event) if event.program == of => match &event.what {
                ProgramNews::Output { line, .. } => Some(line.clone()),
                _ => None,
            },
            _ => None,
        });
        lines.collect()
    }

    fn transitions(&self) -> Vec<&StateChanged> {
        let changes = self.told.iter().filter_map(|event| match event {
            LabEvent::Transition(change) => Some(change),
            _ => None,
        });
        changes.collect()
    }

    fn lines(&self) -> Vec<String> {
        let lines = self.told.iter().map(|event| {
            let line = format!("{event:?}");
            line.chars().take(200).collect()
        });
        lines.collect()
    }
}

impl Drop for StagedLab {
    fn drop(&mut self) {
        if let StagedLab::Owner { process, requests } = self {
            let _ = requests.shutdown(std::net::Shutdown::Both);
            let _ = process.wait();
        }
    }
}

/// The processes in a namespace of that kind (`pid`, `net`), or in one that these are in.
fn namespaces_of(pid: u32) -> BTreeSet<PathBuf> {
    let links = ["pid", "net", "mnt"].map(|kind| fs::read_link(format!("/proc/{pid}/ns/{kind}")));
    let own = ["pid", "net", "mnt"].map(|kind| fs::read_link(format!("/proc/self/ns/{kind}")).unwrap());
    links.into_iter().flatten().filter(|link| !own.contains(link)).collect()
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn pids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The living processes whose arguments have that word, in any namespace.
fn named(word: &str) -> Vec<u32> {
    let has_it = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0)
            .any(|argument| argument == word.as_bytes())
    };
    pids().filter(has_it).collect()
}

/// Waits until nobody is in one of these namespaces.
fn await_nobody_in(namespaces: &BTreeSet<PathBuf>) {
    assert!(!namespaces.is_empty());
    let is_in = |pid: u32| !namespaces_of(pid).is_disjoint(namespaces);
    until("the namespaces to be empty", || !pids().any(is_in));
}

/// A number of seconds that nobody else sleeps.
fn own_seconds() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    format!(
        "{}.{}",
        5000 + std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}

/// A program that starts daemons: in sessions and with environments of their own, without a parent, deaf to what asks them to go.
fn daemons(seconds: &str) -> String {
    format!(
        "sh -c '(setsid env -i /bin/sleep {seconds} &); (setsid sh -c \"trap : TERM HUP; sleep {seconds}; true\" </dev/null >/dev/null 2>&1 &); \
         sleep {seconds}; true'"
    )
}

/// Three that sleep, and two shells.
fn await_daemons(seconds: &str) {
    until("the daemons", || named(seconds).len() >= 3);
}

#[test]
fn a_program_runs_and_its_words_and_its_end_are_told() {
    let mut stage = Stage::new();
    let no = stage.run(Side::Client, "sh -c 'echo one; echo two >&2; printf three; exit 7'");
    assert!(stage.pid(no) > 1);
    assert_eq!(stage.exit(no), (Death::Exited(7), 0));
    let mut lines = stage.output(no);
    lines.sort();
    assert_eq!(lines, ["one", "three", "two"]);
    let first = stage.told.iter().find_map(|event| match event {
        LabEvent::Program(event) => Some(&event.what),
        _ => None,
    });
    assert!(matches!(first, Some(ProgramNews::Started { .. })), "{first:?}");
}

#[test]
fn a_connection_between_two_programs_is_told_with_its_owners_and_causes() {
    let mut stage = Stage::new();
    let server = stage.run(Side::Server, "python3 -u -m http.server 8080");
    let listener = stage.listens(Side::Server, 8080);
    let client = stage.run(Side::Client, "curl -sS http://server:8080/");
    assert_eq!(stage.exit(client), (Death::Exited(0), 0));
    let (server_pid, client_pid) = (stage.pid(server), stage.pid(client));
    let owner = |program, pid, name: &str| SocketOwner {
        program: Some(program),
        pid,
        name: name.into(),
    };
    assert_eq!(
        stage.owner(Side::Server, listener),
        owner(server, server_pid, "python3")
    );
    let by_program = |change: &&StateChanged| match &change.cause {
        TransitionCause::Program(ProgramCause { process, by }) => Some((change.side, process.clone(), *by)),
        _ => None,
    };
    let deeds: Vec<_> = stage.transitions().iter().filter_map(by_program).collect();
    assert_eq!(
        deeds[0],
        (Side::Server, owner(server, server_pid, "python3"), ProgramDeed::Listen)
    );
    assert_eq!(
        deeds[1],
        (Side::Client, owner(client, client_pid, "curl"), ProgramDeed::Connect)
    );
    stage.send(LabRequest::Signal(server, libc::SIGTERM));
    assert_eq!(stage.exit(server), (Death::Signal(libc::SIGTERM), 0));
    let last = stage.transitions().last().and_then(by_program);
    assert_eq!(
        last,
        Some((
            Side::Server,
            owner(server, server_pid, "python3"),
            ProgramDeed::CloseOrExit
        ))
    );
}

#[test]
fn all_of_a_program_is_ended_however_it_has_hidden() {
    for user in [User::Root, User::WithoutPidNamespaces] {
        let mut stage = Stage::owned_by(user);
        let seconds = own_seconds();
        let no = stage.run(Side::Server, &daemons(&seconds));
        stage.pid(no);
        await_daemons(&seconds);
        stage.send(LabRequest::EndProgram(no));
        assert_eq!(stage.exit(no), (Death::Signal(libc::SIGKILL), 0), "{user:?}");
        until("the daemons' end", || named(&seconds).is_empty());
        // The lab goes on.
        let no = stage.run(Side::Server, "true");
        assert_eq!(stage.exit(no), (Death::Exited(0), 0));
    }
}

#[test]
fn nothing_of_a_program_outlives_its_lab() {
    for user in [User::Root, User::Sudo, User::Ordinary, User::WithoutPidNamespaces] {
        for killed in [false, true] {
            let mut stage = Stage::owned_by(user);
            let seconds = own_seconds();
            let no = stage.run(Side::Server, &daemons(&seconds));
            let pid = stage.pid(no);
            await_daemons(&seconds);
            let namespaces = namespaces_of(pid);
            match killed {
                true => stage.kill(),
                false => drop(stage),
            }
            await_nobody_in(&namespaces);
            assert_eq!(named(&seconds), [0; 0], "{user:?}, killed: {killed}");
        }
    }
}

#[test]
fn what_a_program_leaves_behind_is_counted_and_its_end_told() {
    let mut stage = Stage::new();
    let no = stage.run(Side::Client, "sh -c '(setsid sleep 0.3 &); exit 3'");
    assert_eq!(stage.exit(no), (Death::Exited(3), 1));
    stage.news("the end of the last", no, |news| {
        (*news == ProgramNews::Gone).then_some(())
    });
}

#[test]
fn where_there_are_no_pid_namespaces_a_sentence_says_so() {
    let mut stage = Stage::owned_by(User::WithoutPidNamespaces);
    let no = stage.run(Side::Client, "echo hello");
    assert_eq!(stage.exit(no), (Death::Exited(0), 0));
    let note = stage.until("a note", |event| match event {
        LabEvent::Note(note) => Some(note.clone()),
        _ => None,
    });
    assert!(
        note.starts_with("a pid namespace is not available (") && note.ends_with("are ended one by one"),
        "{note}"
    );
    assert_eq!(stage.output(no), ["hello"]);
}

#[test]
fn a_program_runs_as_the_user_who_started_finwait_and_may_listen_on_port_80() {
    for (user, uid) in [(User::Root, 0), (User::Sudo, NOBODY), (User::Ordinary, NOBODY)] {
        let mut stage = Stage::owned_by(user);
        let id = stage.run(Side::Server, "id -u");
        assert_eq!(stage.exit(id), (Death::Exited(0), 0), "{user:?}");
        assert_eq!(stage.output(id), [uid.to_string()], "{user:?}");
        let server = stage.run(Side::Server, "python3 -u -m http.server 80");
        stage.listens(Side::Server, 80);
        let client = stage.run(
            Side::Client,
            "curl -sS -o /dev/null -w '%{http_code} %{remote_ip}\n' http://server/",
        );
        assert_eq!(stage.exit(client), (Death::Exited(0), 0), "{user:?}");
        assert_eq!(stage.output(client), ["200 10.0.0.2"], "{user:?}");
        stage.send(LabRequest::EndProgram(server));
        assert_eq!(stage.exit(server), (Death::Signal(libc::SIGKILL), 0), "{user:?}");
    }
}

#[test]
fn a_program_finds_names_variables_files_and_its_own_processes() {
    let mut stage = Stage::new();
    let no = stage.run_with(Side::Client, ProgramSpec {
        run: "sh -c 'getent hosts server client; cat conf/a; ./x; echo $FINWAIT_PEER:$FINWAIT_PORT $MINE; pwd; echo /proc/[0-9]*'".into(),
        env: vec![("MINE".into(), "yes".into())],
        files: vec![("conf/a".into(), "contents\n".into()), ("x".into(), "#!/bin/sh\necho a script\n".into())],
        ..ProgramSpec::default()
    });
    assert_eq!(stage.exit(no), (Death::Exited(0), 0));
    let output = stage.output(no);
    assert!(
        output[0].starts_with("10.0.0.2") && output[0].ends_with("server"),
        "{output:?}"
    );
    assert!(
        output[1].starts_with("10.0.0.1") && output[1].contains("client"),
        "{output:?}"
    );
    assert_eq!(output[2..5], ["contents", "a script", "10.0.0.2:8080 yes"]);
    assert!(
        output[5].starts_with('/') && !std::path::Path::new(&output[5]).join("conf").exists(),
        "{output:?}"
    );
    assert_eq!(output[6], "/proc/1 /proc/2");
}

#[test]
fn no_name_server_is_asked_for_a_name_that_nobody_has() {
    let mut stage = Stage::new();
    let no = stage.run(
        Side::Client,
        "sh -c 'grep -c nameserver /etc/resolv.conf; getent hosts nobody.example'",
    );
    assert_eq!(stage.exit(no), (Death::Exited(2), 0));
    assert_eq!(stage.output(no), ["0"]);
}

#[test]
fn a_terminal_is_one_and_its_last_line_needs_no_end() {
    let mut stage = Stage::new();
    let no = stage.run_with(
        Side::Client,
        ProgramSpec {
            run: "sh -c 'test -t 0 && test -t 1 && test -t 2 && stty size; echo ok > /dev/tty; printf last'".into(),
            terminal: true,
            ..ProgramSpec::default()
        },
    );
    assert_eq!(stage.exit(no), (Death::Exited(0), 0));
    assert_eq!(stage.output(no), ["24 80", "ok", "last"]);
    let no = stage.run(
        Side::Client,
        "sh -c 'test -t 0 || echo none; read x || echo nothing to read'",
    );
    assert_eq!(stage.exit(no), (Death::Exited(0), 0));
    assert_eq!(stage.output(no), ["none", "nothing to read"]);
}

/// The log has what a person reads on a terminal, and one who has none learns how to have one.
#[test]
fn of_a_terminal_the_text_is_told_and_who_misses_one_is_told_so() {
    let mut stage = Stage::new();
    let no = stage.run_with(
        Side::Client,
        ProgramSpec {
            run: r"printf '\033[H\033[2J\033[1;31mload\033[m\017 0.1\033[K\r\n'".into(),
            terminal: true,
            ..ProgramSpec::default()
        },
    );
    assert_eq!(stage.exit(no), (Death::Exited(0), 0));
    assert_eq!(stage.output(no), ["load 0.1"]);
    let no = stage.run(Side::Client, "sh -c 'echo top: failed tty get; exit 1'");
    assert_eq!(stage.exit(no), (Death::Exited(1), 0));
    let note = "sh asks for a terminal and has none: run terminal=yes sh ... gives it one";
    assert!(
        stage
            .told
            .iter()
            .any(|event| matches!(event, LabEvent::Note(text) if text == note)),
        "{:?}",
        stage.told
    );
}

/// A program can be given its input, whose end it sees.
#[test]
fn a_program_reads_the_text_that_it_is_given() {
    let mut stage = Stage::new();
    let long = "a line\n".repeat(9362);
    for (run, stdin, output) in [
        (
            "sh -c 'cat; echo end'",
            "one\ntwo\n".to_owned(),
            vec!["one", "two", "end"],
        ),
        ("wc -c", long, vec!["65534"]),
    ] {
        let spec = ProgramSpec {
            run: run.into(),
            stdin: Some(stdin),
            ..ProgramSpec::default()
        };
        let no = stage.run_with(Side::Client, spec);
        assert_eq!(stage.exit(no), (Death::Exited(0), 0));
        assert_eq!(stage.output(no), output);
    }
    let spec = ProgramSpec {
        run: "cat".into(),
        stdin: Some("x".repeat(65537)),
        ..ProgramSpec::default()
    };
    let no = stage.run_with(Side::Client, spec);
    assert_eq!(
        stage.why_not(no),
        "stdin has at most 65536 bytes: of a file, any number is read with COMMAND < FILE"
    );
}

#[test]
fn what_cannot_be_started_is_said_in_one_sentence() {
    let directory = std::env::temp_dir().join(format!("finwait-programs-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let script = directory.join("script");
    fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let plain = directory.join("plain");
    fs::write(&plain, "text").unwrap();
    let mut stage = Stage::new();
    let mut why = |run: &str| {
        let no = stage.run(Side::Client, run);
        stage.why_not(no)
    };
    assert_eq!(
        why("pythonn3"),
        "there is no program pythonn3 on PATH; python3 is there"
    );
    assert_eq!(
        why("no-such-program-anywhere"),
        "there is no program no-such-program-anywhere on PATH"
    );
    assert_eq!(why("nosuch"), "there is no program nosuch on PATH");
    assert_eq!(why("-x"), "there is no program -x on PATH");
    assert_eq!(why("/no/such/file"), "there is no file /no/such/file");
    assert_eq!(why("/etc"), "/etc is a directory, and no program");
    assert_eq!(
        why(""),
        "there is no command: name a program, as in nginx -p . -c nginx.conf"
    );
    assert_eq!(why("echo 'a"), "the quote ' is not closed: echo 'a");
    let plain = plain.display();
    assert_eq!(
        why(&plain.to_string()),
        format!("{plain} may not be executed: chmod +x")
    );
    let needs = why(&script.display().to_string());
    assert!(
        needs.contains("needs /no/such/interpreter, which its first line names"),
        "{needs}"
    );
    let no = stage.run_with(
        Side::Client,
        ProgramSpec {
            run: "true".into(),
            cwd: Some("/no/such/directory".into()),
            ..ProgramSpec::default()
        },
    );
    let nowhere = stage.why_not(no);
    assert!(
        nowhere.starts_with("the working directory /no/such/directory is not available: "),
        "{nowhere}"
    );
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_port_that_is_taken_is_told_in_the_programs_own_words() {
    let mut stage = Stage::new();
    stage.run(Side::Server, "python3 -u -m http.server 8080");
    stage.listens(Side::Server, 8080);
    let second = stage.run(Side::Server, "python3 -u -m http.server 8080");
    assert_eq!(stage.exit(second), (Death::Exited(1), 0));
    let words = stage.output(second);
    assert!(words.last().unwrap().contains("Address already in use"), "{words:?}");
}

#[test]
fn a_program_that_writes_without_end_is_neither_stopped_nor_kept() {
    let mut stage = Stage::new();
    let no = stage.run(Side::Server, "yes abcdefg");
    let first = stage.news("a flood", no, |news| match news {
        ProgramNews::Flooded { left_out } => Some(*left_out),
        _ => None,
    });
    // It goes on: more and more are counted.
    stage.told.clear();
    let later = stage.news("more of it", no, |news| match news {
        ProgramNews::Flooded { left_out } => Some(*left_out),
        _ => None,
    });
    assert!(later > first);
    stage.send(LabRequest::Signal(no, libc::SIGTERM));
    assert_eq!(stage.exit(no), (Death::Signal(libc::SIGTERM), 0));
    assert!(stage.output(no).len() < 2000, "{}", stage.output(no).len());
}

#[test]
fn lines_of_both_streams_come_whole_and_harmless() {
    let mut stage = Stage::new();
    let script = r#"python3 -uc 'import os, time
os.write(1, b"be"); time.sleep(0.05); os.write(1, b"gin\n"); os.write(2, b"\x1b[31mred\n"); time.sleep(0.05)
os.write(1, b" 10%\r 50%"); time.sleep(0.05); os.write(1, b"\r100%\n\xff\nend")'"#;
    let no = stage.run(Side::Client, script);
    assert_eq!(stage.exit(no), (Death::Exited(0), 0));
    let of = |stream: OutputStream| {
        let told = stage.told.iter().filter_map(move |event| match event {
            LabEvent::Program(event) => match &event.what {
                ProgramNews::Output { stream: of, line } if *of == stream => Some(line.as_str()),
                _ => None,
            },
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(of(OutputStream::Stdout), ["begin", "100%", "\u{fffd}", "end"]);
    assert_eq!(of(OutputStream::Stderr), ["\\u{1b}[31mred"]);
}

/// A server on both families that hands each connection to a child, as inetd does.
const FORKING: &str = r#"python3 -uc 'import os, socket, time
s = socket.socket(socket.AF_INET6); s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(("::", 8080)); s.listen()
while True:
    c, _ = s.accept(); time.sleep(0.3)
    if os.fork() == 0:
        s.close(); c.recv(9); c.shutdown(socket.SHUT_WR); c.recv(9); os._exit(0)
    c.close()'"#;

#[test]
fn a_child_that_takes_a_connection_over_is_its_owner_and_both_families_are_one() {
    let mut stage = Stage::new();
    let server = stage.run(Side::Server, FORKING);
    let listener = stage.listens(Side::Server, 8080);
    let master = stage.pid(server);
    assert_eq!(stage.owner(Side::Server, listener).pid, master);
    let client = stage.run(
        Side::Client,
        r#"python3 -c 'import socket, time
c = socket.create_connection(("server", 8080)); time.sleep(1); c.send(b"x"); c.recv(9); time.sleep(0.2)'"#,
    );
    let worker = stage.until("a worker", |event| match event {
        LabEvent::Owned {
            side: Side::Server,
            owner,
            ..
        } => (owner.pid != master).then_some(owner.pid),
        _ => None,
    });
    assert_eq!(stage.exit(client), (Death::Exited(0), 0));
    let shutdown = stage.until("the worker's shutdown", |event| match event {
        LabEvent::Transition(change) if change.side == Side::Server && change.to == State::FinWait1 => {
            Some(change.clone())
        }
        _ => None,
    });
    // The tuple is that of the segments, not the mapped one.
    assert!(
        shutdown.tuple.local.is_ipv4() && shutdown.tuple.peer.is_ipv4(),
        "{shutdown:?}"
    );
    let TransitionCause::Program(cause) = shutdown.cause else {
        panic!("{shutdown:?}");
    };
    assert_eq!((cause.process.pid, cause.by), (worker, ProgramDeed::Shutdown));
}

#[test]
fn a_connection_within_a_host_is_told_with_both_owners() {
    let mut stage = Stage::new();
    let server = stage.run(Side::Server, "python3 -u -m http.server --bind 127.0.0.1 8080");
    stage.listens(Side::Server, 8080);
    // Long enough for a reading: no segment of it is on the wire.
    let script =
        r#"python3 -c 'import socket, time; c = socket.create_connection(("localhost", 8080)); time.sleep(0.3)'"#;
    let client = stage.run(Side::Server, script);
    assert_eq!(stage.exit(client), (Death::Exited(0), 0));
    let connects: Vec<_> = stage
        .transitions()
        .into_iter()
        .filter(|change| change.to == State::Established)
        .collect();
    assert_eq!(connects.len(), 2, "{connects:?}");
    let by = |change: &StateChanged| match &change.cause {
        TransitionCause::Program(cause) => Some((cause.process.program?, cause.by)),
        _ => None,
    };
    assert!(
        connects
            .iter()
            .all(|change| by(change) == Some((client, ProgramDeed::Connect))),
        "{connects:?}"
    );
    // Accepted or not, when it was read first.
    let owners: BTreeSet<u32> = stage
        .told
        .iter()
        .filter_map(|event| match event {
            LabEvent::Owned { owner, .. } => Some(owner.program?.0),
            _ => None,
        })
        .collect();
    assert_eq!(owners, [server.0, client.0].into());
}

#[test]
fn a_killed_programs_connection_is_reset_or_closed_by_its_end() {
    let mut stage = Stage::new();
    stage.run(Side::Server, "python3 -u -m http.server 8080");
    stage.listens(Side::Server, 8080);
    let client = stage.run(Side::Client, r#"python3 -uc 'import socket, time; c = socket.create_connection(("server", 8080)); print("up"); time.sleep(60)'"#);
    stage.news("its word", client, |news| {
        matches!(news, ProgramNews::Output { .. }).then_some(())
    });
    let pid = stage.pid(client);
    stage.send(LabRequest::Signal(client, libc::SIGKILL));
    assert_eq!(stage.exit(client), (Death::Signal(libc::SIGKILL), 0));
    let closed = stage.until("its FIN", |event| match event {
        LabEvent::Transition(change) if change.side == Side::Client && change.to == State::FinWait1 => {
            Some(change.cause.clone())
        }
        _ => None,
    });
    let TransitionCause::Program(cause) = closed else {
        panic!("{closed:?}");
    };
    assert_eq!((cause.process.pid, cause.by), (pid, ProgramDeed::Exit));
}

#[test]
fn with_strace_each_call_is_told_before_what_it_leads_to() {
    let mut stage = Stage::of(|options| {
        options
            .driven_by(finwait_lab::model::side::Ends::default(), true)
            .unwrap()
    });
    stage.run(Side::Server, "/usr/bin/env python3 -u -m http.server 8080");
    let listener = stage.listens(Side::Server, 8080);
    let script = r#"python3 -c 'import select, socket
c = socket.socket(); c.setblocking(False); c.connect_ex(("10.0.0.2", 8080)); e = select.epoll(); e.register(c, select.EPOLLOUT)
e.poll(); c.setblocking(True); c.send(b"x"); c.shutdown(socket.SHUT_WR); c.recv(9); c.close()'"#;
    let client = stage.run(Side::Client, script);
    assert_eq!(stage.exit(client), (Death::Exited(0), 0));
    let (pid, of_client) = (stage.pid(client), Side::Client);
    let calls: Vec<(usize, &str, Option<u64>)> = stage
        .told
        .iter()
        .enumerate()
        .filter_map(|(at, event)| match event {
            LabEvent::ProgramCall(call) if call.program == client => {
                assert_eq!(call.pid, pid);
                Some((at, call.made.name.as_str(), call.inode))
            }
            _ => None,
        })
        .collect();
    let names: Vec<&str> = calls
        .iter()
        .map(|(_, name, _)| *name)
        .filter(|name| !matches!(*name, "ioctl" | "fcntl" | "epoll_ctl"))
        .collect();
    assert_eq!(
        names,
        [
            "socket",
            "connect",
            "epoll_wait",
            "sendto",
            "shutdown",
            "recvfrom",
            "close"
        ]
    );
    let inode = calls[0].2;
    assert!(inode.is_some_and(|inode| inode != listener));
    for (to, name, by) in [
        (State::SynSent, "connect", ProgramDeed::Connect),
        (State::FinWait1, "shutdown", ProgramDeed::Shutdown),
    ] {
        let (at, change) = stage
            .told
            .iter()
            .enumerate()
            .find_map(|(at, event)| match event {
                LabEvent::Transition(change) => (change.side == of_client && change.to == to).then_some((at, change)),
                _ => None,
            })
            .unwrap();
        let call = calls.iter().find(|(_, made, _)| *made == name).unwrap();
        assert!(call.0 < at, "{name} comes after {to}");
        assert_eq!((Some(change.inode), call.2), (inode, inode));
        assert!(
            matches!(&change.cause, TransitionCause::Program(cause) if cause.by == by),
            "{change:?}"
        );
    }
}

#[test]
fn a_test_runs_a_program_and_waits_for_what_it_does() {
    let lab = finwait_lab::Lab::isolated().unwrap();
    let server = lab.server().run("python3 -u -m http.server 80").unwrap();
    server.wait_for_listener(80).unwrap();
    let client = lab
        .client()
        .run("curl -sS -o /dev/null -w '%{http_code}' http://server/")
        .unwrap();
    assert_eq!(client.wait().unwrap(), Death::Exited(0));
    assert_eq!(client.output(), ["200"]);
    assert!(server.wait_for_line("GET / HTTP").unwrap().contains("10.0.0.1"));
    assert_eq!(server.ended(), None);
    server.signal(libc::SIGTERM).unwrap();
    assert_eq!(server.wait().unwrap(), Death::Signal(libc::SIGTERM));
    assert_eq!(server.end().unwrap(), Death::Signal(libc::SIGTERM));
    let error = lab.client().run("no-such-program-anywhere").unwrap_err().to_string();
    assert_eq!(
        error,
        "the program on the client did not start: there is no program no-such-program-anywhere on PATH"
    );
    let error = finwait_lab::Lab::loopback()
        .unwrap()
        .client()
        .run("true")
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("programs run on the hosts of the isolated lab, and this is the loopback lab"),
        "{error}"
    );
}
