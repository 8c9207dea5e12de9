//! However a test program ends, nothing of its labs stays behind: no process, no namespace.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use finwait_lab::observe::diag::Diag;
use finwait_lab::{Error, Lab, Segment, State};
use finwait_model::call::Family;
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Says that the program was started by a test of this file.
const VICTIM: &str = "FINWAIT_LAB_VICTIM";
const READY: &str = "the labs are up";
/// A second lab in another thread, as `cargo test` has.
const LABS: usize = 2;

/// The time for whatever has to happen.
const PATIENCE: Duration = Duration::from_secs(20);

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Runs `then` over a lab whose client has sent data that nobody acknowledges, and a FIN: left alone, such a connection keeps its
/// namespace for minutes.
fn with_a_lab(then: impl FnOnce(&Lab)) {
    let lab = Lab::isolated().unwrap();
    let listener = lab.server().listen(8080).unwrap();
    let a = lab.client().connect(listener.addr()).unwrap();
    listener.accept().unwrap();
    let _held = lab.wire().hold(Segment::any());
    a.write(b"data").unwrap();
    a.shutdown(Shutdown::Write).unwrap();
    assert_eq!(a.state().unwrap(), State::FinWait1);
    then(&lab);
}

/// The program that is killed, and that stays until it is.
#[test]
#[ignore = "other tests start it"]
fn victim() {
    if std::env::var_os(VICTIM).is_none() {
        return;
    }
    std::thread::scope(|scope| {
        let labs: Vec<_> = (0..LABS)
            .map(|_| {
                scope.spawn(|| {
                    with_a_lab(|_| {
                        println!("{READY}");
                        drop(std::io::stdin().read(&mut [0]));
                    })
                })
            })
            .collect();
        labs.into_iter().for_each(|lab| lab.join().unwrap());
    });
}

/// The program whose test fails.
#[test]
#[ignore = "other tests start it"]
fn failing() {
    if std::env::var_os(VICTIM).is_some() {
        with_a_lab(|_| panic!("as it must"));
    }
}

fn start(test: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(VICTIM, "1")
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The fields of `/proc/PID/stat` after the name: state, parent.
fn stat(pid: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut words = rest.split_whitespace();
    Some((words.next()?.chars().next()?, words.next()?.parse().ok()?))
}

/// A dead process that its new parent has not looked at yet is dead.
fn lives(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| !matches!(state, 'Z' | 'X'))
}

fn descendants(of: u32) -> Vec<u32> {
    let pids = fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let parents: HashMap<u32, u32> = pids.filter_map(|pid| Some((pid, stat(pid)?.1))).collect();
    let mut found = vec![of];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        found.extend(parents.iter().filter(|(_, of)| **of == parent).map(|(pid, _)| *pid));
        at += 1;
    }
    found.remove(0);
    found
}

fn name(pid: u32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let first = line.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(first).into_owned()
}

/// The processes and sockets that the labs of a program are made of.
struct Traces {
    processes: Vec<u32>,
    /// The hosts' sockets. To look at them keeps the namespaces; the connections in them must go all the same.
    hosts: Vec<Diag>,
    namespaces: Vec<PathBuf>,
}

impl Traces {
    fn of(program: &Child) -> Traces {
        let processes = descendants(program.id());
        let named = |role: &str| {
            processes
                .iter()
                .copied()
                .filter(|pid| name(*pid) == role)
                .collect::<Vec<_>>()
        };
        let endpoints = named("finwait-endpoint");
        let counts = ["finwait-lab", "finwait-endpoint", "finwait-reaper"].map(|role| named(role).len());
        assert_eq!(counts, [LABS, 2 * LABS, LABS]);
        let namespace = |pid: &u32| PathBuf::from(format!("/proc/{pid}/ns/net"));
        let sockets = |pid: &u32| {
            let namespace = fs::File::open(namespace(pid)).unwrap();
            let enter = move || {
                move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
                Diag::open().unwrap()
            };
            std::thread::spawn(enter).join().unwrap()
        };
        let hosts = endpoints.iter().map(sockets).collect();
        let links: Vec<PathBuf> = endpoints
            .iter()
            .map(|pid| fs::read_link(namespace(pid)).unwrap())
            .collect();
        assert!(!links.contains(&fs::read_link("/proc/self/ns/net").unwrap()));
        Traces {
            processes,
            hosts,
            namespaces: links,
        }
    }

    fn are_gone(mut self) {
        until("the lab's processes to end", || {
            !self.processes.iter().any(|pid| lives(*pid))
        });
        for host in &mut self.hosts {
            until("the connections to go", || {
                let mut rows = Vec::new();
                host.dump_without_info(Family::Inet, &mut rows).unwrap();
                rows.is_empty()
            });
        }
        let all = fs::read_dir("/proc").unwrap().flatten();
        let inside = all.filter_map(|process| fs::read_link(process.path().join("ns/net")).ok());
        assert_eq!(inside.filter(|link| self.namespaces.contains(link)).count(), 0);
    }
}

/// The program, once its labs are up, with what else it prints.
fn ready() -> (Child, Traces, impl Iterator<Item = String>) {
    let mut program = start("victim");
    let mut lines = BufReader::new(program.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let ready = lines.by_ref().filter(|line| line.contains(READY));
    assert_eq!(ready.take(LABS).count(), LABS);
    let traces = Traces::of(&program);
    (program, traces, lines)
}

#[test]
fn a_killed_test_program_leaves_nothing() {
    let (mut program, traces, _said) = ready();
    kill_process(Pid::from_child(&program), Signal::KILL).unwrap();
    program.wait().unwrap();
    traces.are_gone();
}

#[test]
fn a_test_program_that_ends_by_itself_leaves_nothing() {
    let (mut program, traces, said) = ready();
    drop(program.stdin.take());
    let said: Vec<String> = said.collect();
    assert!(said.iter().any(|line| line.contains("ok. 1 passed")), "{said:?}");
    assert!(program.wait().unwrap().success());
    traces.are_gone();
}

#[test]
fn a_failing_test_shows_its_labs_last_events_and_leaves_nothing() {
    let output = start("failing").wait_with_output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    let (_, events) = said
        .split_once("the lab's last events:\n")
        .unwrap_or_else(|| panic!("{said}"));
    let (_, up) = events.split_once("client: the endpoint is up, process ").unwrap();
    let endpoint: u32 = up.lines().next().unwrap().parse().unwrap();
    assert!(!lives(endpoint));
    assert!(
        events.contains("client: ESTABLISHED -> FIN_WAIT1") && events.contains("FIN,ACK"),
        "{events}"
    );
}

/// A lab whose owner dies is reported to whoever waits at once, and its endpoints die with it.
#[test]
fn a_killed_lab_is_an_error() {
    with_a_lab(|lab| {
        let own = descendants(std::process::id());
        let pid = lab.view().events().find_map(|event| match &event.what {
            finwait_lab::event::LabEvent::Born(born) => Some(born.pid),
            _ => None,
        });
        let endpoint = pid.unwrap();
        assert!(own.contains(&endpoint));
        let (_, owner) = stat(endpoint).unwrap();
        assert_eq!(name(owner), "finwait-lab");
        let began = Instant::now();
        let error = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| lab.until(|_| false));
            kill_process(Pid::from_raw(owner as i32).unwrap(), Signal::KILL).unwrap();
            waiting.join().unwrap().unwrap_err()
        });
        assert!(matches!(error, Error::Gone(_)), "{error}");
        assert!(
            error
                .to_string()
                .starts_with("the lab is gone: its process has ended; its last events:\n"),
            "{error}"
        );
        assert!(began.elapsed() < Duration::from_secs(9));
        until("the endpoint to die", || !lives(endpoint));
    });
}
