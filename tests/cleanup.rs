//! However finwait ends, nothing of a lab stays behind: no endpoint, no namespace, no device, no listening port.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use finwait::call::Family;
use finwait::observe::diag::Diag;
use finwait::state::State;
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::thread;

#[path = "support/mod.rs"]
mod support;

use support::{Lab, Run, exit, until};

/// What a run has made.
struct Traces {
    processes: Vec<u32>,
    /// The isolated hosts' sockets. To look at them keeps the namespaces; the connections in them must go all the same, which would
    /// keep them for minutes.
    hosts: Vec<Diag>,
    namespaces: HashSet<PathBuf>,
    port: u16,
}

fn namespaces_of(pid: u32) -> HashSet<PathBuf> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    threads
        .filter_map(|thread| fs::read_link(thread.path().join("ns/net")).ok())
        .collect()
}

/// A view of the sockets in a process's network namespace.
fn sockets_of(pid: u32) -> Diag {
    let namespace = fs::File::open(format!("/proc/{pid}/ns/net")).unwrap();
    let enter = move || {
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        Diag::open().unwrap()
    };
    thread::spawn(enter).join().unwrap()
}

/// A dead process that its new parent has not looked at yet is dead.
fn lives(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        let state = stat.rsplit_once(')').map(|(_, rest)| rest.trim_start());
        !state.is_some_and(|state| state.starts_with(['Z', 'X']))
    })
}

impl Traces {
    fn of(run: &Run, lab: Lab) -> Traces {
        let processes = vec![run.endpoint("client"), run.endpoint("server")];
        assert!(processes.iter().all(|&pid| lives(pid)));
        let mut namespaces: HashSet<_> = processes
            .iter()
            .chain([&run.pid()])
            .flat_map(|&pid| namespaces_of(pid))
            .collect();
        let own = fs::read_link("/proc/self/ns/net").unwrap();
        namespaces.remove(&own);
        // Two hosts; the namespace that they were made through has no process in it.
        assert_eq!(namespaces.len() >= 2, lab.is_isolated(), "{namespaces:?}");
        let local = run.listener()["local"].as_str().unwrap();
        let port = local.rsplit_once(':').unwrap().1.parse().unwrap();
        let hosts = match lab.is_isolated() {
            true => processes.iter().map(|&pid| sockets_of(pid)).collect(),
            false => Vec::new(),
        };
        Traces {
            hosts,
            processes,
            namespaces,
            port,
        }
    }

    /// Stops the endpoints (SIGSTOP): they neither read nor end by themselves.
    fn stop(&self) {
        for &pid in &self.processes {
            kill_process(Pid::from_raw(pid as i32).unwrap(), Signal::STOP).unwrap();
        }
    }

    /// Requires that in a while none of it is left.
    fn are_gone(mut self) {
        until("the endpoints to end", || !self.processes.iter().any(|&pid| lives(pid)));
        until("the connections to end", || {
            let mut rows = Vec::new();
            // Time-wait sockets keep no namespace.
            self.hosts.iter_mut().all(|host| {
                host.dump(Family::Inet, &mut rows).unwrap();
                rows.iter()
                    .all(|row| row.inode == 0 && matches!(row.state, State::TimeWait | State::FinWait2))
            })
        });
        until("the namespaces to end", || {
            let everywhere: HashSet<PathBuf> = fs::read_dir("/proc")
                .unwrap()
                .flatten()
                .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
                .flat_map(namespaces_of)
                .collect();
            self.namespaces.is_disjoint(&everywhere)
        });
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        for namespace in &self.namespaces {
            assert!(
                !mounts.contains(namespace.to_str().unwrap()),
                "{namespace:?} is mounted"
            );
        }
        let devices = fs::read_to_string("/proc/net/dev").unwrap();
        assert!(!devices.contains("wire0"), "a device on the machine itself: {devices}");
        let listening = format!(":{:04X} ", self.port);
        // A process whose first thread is dead has its descriptors until the last one is.
        until("the port to be free", || {
            let table = fs::read_to_string("/proc/net/tcp").unwrap();
            !table
                .lines()
                .any(|line| line.contains(&listening) && line.contains(" 0A "))
        });
    }
}

/// A run with a connection, a read that is blocked at each end, and what it has made.
fn run_with_blocked_calls(lab: Lab) -> (Run, Traces) {
    // Whoever runs the tests may have them ignore signals, as a shell does with what it runs in the background.
    let mut finwait = Command::new("env");
    finwait
        .arg("--default-signal=INT,HUP,TERM")
        .arg(env!("CARGO_BIN_EXE_finwait"));
    let mut run = lab.open_by(finwait, &["--patience", "100"]);
    run.succeeds(&["server listen", "client connect", "server accept"]);
    run.blocks("client read");
    run.blocks("server read");
    run.blocks("client write x repeat=20000000");
    let traces = Traces::of(&run, lab);
    (run, traces)
}

fn ended_by(lab: Lab, signal: Signal) {
    let (mut run, traces) = run_with_blocked_calls(lab);
    kill_process(Pid::from_raw(run.pid() as i32).unwrap(), signal).unwrap();
    let status = exit(run.child());
    assert!(!status.success(), "{status}");
    traces.are_gone();
}

macro_rules! in_both_labs {
    ($($(#[$doc:meta])* $name:ident: $body:expr;)+) => {
        $(
            mod $name {
                use super::*;
                const BODY: fn(Lab) = $body;
                $(#[$doc])*
                #[test]
                fn isolated() {
                    BODY(Lab::Isolated);
                }
                $(#[$doc])*
                #[test]
                fn loopback() {
                    BODY(Lab::Loopback);
                }
            }
        )+
    };
}

in_both_labs! {
    /// The end of the commands.
    after_the_last_command: |lab| {
        let (run, traces) = run_with_blocked_calls(lab);
        run.end();
        traces.are_gone();
    };
    /// A command that is not understood.
    after_a_mistake: |lab| {
        let (mut run, traces) = run_with_blocked_calls(lab);
        run.gives("client dance");
        assert_eq!(run.ends().0, Some(2));
        traces.are_gone();
    };
    /// kill -9, which no program can prepare for.
    after_sigkill: |lab| ended_by(lab, Signal::KILL);
    /// kill
    after_sigterm: |lab| ended_by(lab, Signal::TERM);
    /// Ctrl-C
    after_sigint: |lab| ended_by(lab, Signal::INT);
    /// The terminal is closed.
    after_sighup: |lab| ended_by(lab, Signal::HUP);
    /// The end of the commands, with endpoints that are stopped and notice nothing.
    with_stopped_endpoints: |lab| {
        let (run, traces) = run_with_blocked_calls(lab);
        traces.stop();
        run.end();
        traces.are_gone();
    };
    /// kill -9, with such endpoints.
    after_sigkill_with_stopped_endpoints: |lab| {
        let (mut run, traces) = run_with_blocked_calls(lab);
        traces.stop();
        kill_process(Pid::from_raw(run.pid() as i32).unwrap(), Signal::KILL).unwrap();
        exit(run.child());
        traces.are_gone();
    };
    /// An endpoint was killed and started again: neither the old one nor the new one stays.
    after_a_restart: |lab| {
        let mut run = lab.open_with(&["--patience", "100"]);
        run.succeeds(&["server listen", "client connect"]);
        let old = Traces::of(&run, lab);
        run.does("client kill");
        run.does("client restart");
        run.does("server restart");
        run.succeeds(&["server listen", "client connect"]);
        run.blocks("client read");
        let new = Traces::of(&run, lab);
        assert!(!old.processes.iter().any(|&pid| lives(pid)));
        kill_process(Pid::from_raw(run.pid() as i32).unwrap(), Signal::KILL).unwrap();
        exit(run.child());
        new.are_gone();
    };
}

/// A client of the user's own that leaves processes behind in every way that there is, and writes their numbers into a file.
struct Forker {
    folder: PathBuf,
}

impl Forker {
    fn new(name: &str, lab: Lab) -> Forker {
        let folder = std::env::temp_dir().join(format!("finwait-forker-{name}-{lab:?}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let finwait = env!("CARGO_BIN_EXE_finwait");
        let pids = folder.join("pids");
        let script = format!(
            "sleep 1000 </dev/null >&2 & echo $! >> {pids}\n\
             nohup setsid sh -c 'echo $$ >> {pids}; exec sleep 1001' </dev/null >&2 &\n\
             (setsid sh -c 'sleep 1002 & echo $! >> {pids}' </dev/null >&2 &)\n\
             while [ \"$(wc -l < {pids})\" -lt 3 ]; do :; done\n\
             exec {finwait} endpoint --side client\n",
            pids = pids.display()
        );
        fs::write(folder.join("script"), script).unwrap();
        Forker { folder }
    }

    fn run(&self, lab: Lab) -> Run {
        let command = format!("sh {}", self.folder.join("script").display());
        lab.open_with(&["--patience", "100", "--client-command", &command])
    }

    /// What was left behind so far.
    fn left(&self) -> Vec<u32> {
        let pids = fs::read_to_string(self.folder.join("pids")).unwrap();
        pids.lines().map(|pid| pid.parse().unwrap()).collect()
    }

    #[track_caller]
    fn are_gone(&self, pids: &[u32]) {
        until("what an endpoint has started to end", || {
            !pids.iter().any(|&pid| lives(pid))
        });
    }
}

impl Drop for Forker {
    fn drop(&mut self) {
        // Only of a test that failed something is left.
        for pid in self.left().into_iter().filter(|&pid| lives(pid)) {
            let _ = kill_process(Pid::from_raw(pid as i32).unwrap(), Signal::KILL);
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

in_both_labs! {
    /// What an endpoint has started ends with it, in a session of its own and an orphan too: with the lab, ...
    what_an_endpoint_started_ends_with_the_lab: |lab| {
        let forker = Forker::new("end", lab);
        let mut run = forker.run(lab);
        run.succeeds(&["server listen", "client connect", "server accept"]);
        let (left, traces) = (forker.left(), Traces::of(&run, lab));
        assert!(left.len() == 3 && left.iter().all(|&pid| lives(pid)), "{left:?}");
        run.end();
        forker.are_gone(&left);
        traces.are_gone();
    };
    /// ... with kill -9 of finwait, ...
    what_an_endpoint_started_ends_with_sigkill: |lab| {
        let forker = Forker::new("kill", lab);
        let mut run = forker.run(lab);
        run.succeeds(&["server listen", "client connect", "server accept"]);
        let (left, traces) = (forker.left(), Traces::of(&run, lab));
        assert!(left.len() == 3 && left.iter().all(|&pid| lives(pid)), "{left:?}");
        kill_process(Pid::from_raw(run.pid() as i32).unwrap(), Signal::KILL).unwrap();
        exit(run.child());
        forker.are_gone(&left);
        traces.are_gone();
    };
    /// ... and with the endpoint, while the lab lives: the next one's are its own.
    what_an_endpoint_started_ends_with_the_endpoint: |lab| {
        let forker = Forker::new("restart", lab);
        let mut run = forker.run(lab);
        run.succeeds(&["server listen", "client connect", "server accept"]);
        let old = forker.left();
        run.does("client kill");
        forker.are_gone(&old);
        run.does("client restart");
        run.succeeds(&["client connect"]);
        let new: Vec<u32> = forker.left().into_iter().filter(|pid| !old.contains(pid)).collect();
        assert!(!new.is_empty() && new.iter().all(|&pid| lives(pid)), "{new:?}");
        run.end();
        forker.are_gone(&new);
    };
}

/// In the isolated lab also one that has nothing in its environment that tells whose it is: it would keep the host's namespace.
#[test]
fn what_keeps_a_hosts_namespace_ends() {
    let lab = Lab::Isolated;
    let forker = Forker::new("env", lab);
    let script = forker.folder.join("script");
    let text = fs::read_to_string(&script)
        .unwrap()
        .replace("setsid sh", "env -i setsid sh");
    fs::write(&script, text).unwrap();
    let mut run = forker.run(lab);
    run.succeeds(&["server listen", "client connect"]);
    let (left, traces) = (forker.left(), Traces::of(&run, lab));
    kill_process(Pid::from_raw(run.pid() as i32).unwrap(), Signal::KILL).unwrap();
    exit(run.child());
    forker.are_gone(&left);
    traces.are_gone();
}

/// A reaper that is started by hand destroys no connection of the machine: it has been handed no namespace.
#[test]
fn a_reaper_clears_no_namespace_but_those_that_it_was_handed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let output = support::output(support::finwait().arg0("finwait-reaper").arg("nobody"));
    assert_eq!(output.status.code(), Some(1));
    std::io::Write::write_all(&mut server, b"here").unwrap();
    let mut here = [0; 4];
    std::io::Read::read_exact(&mut &client, &mut here).unwrap();
}

/// What an endpoint writes to its standard error comes in whole lines, however it writes it, harmless and not too long.
#[test]
fn complaints_come_in_whole_lines() {
    let forker = Forker::new("says", Lab::Loopback);
    let script = forker.folder.join("script");
    let finwait = env!("CARGO_BIN_EXE_finwait");
    fs::write(forker.folder.join("pids"), "").unwrap();
    let text = format!(
        "printf 'half a ' >&2; sleep 0.05; printf 'line\\nand \\033[31mred\\n' >&2\n\
         head -c 100000 /dev/zero | tr '\\0' x >&2; echo >&2\n\
         printf 'no end' >&2\n\
         exec {finwait} endpoint --side client\n"
    );
    fs::write(&script, text).unwrap();
    let mut run = forker.run(Lab::Loopback);
    run.does("client kill");
    let notes = |run: &Run| {
        let notes = run.said.iter().filter(|line| line["kind"] == "note");
        let notes = notes.filter_map(|line| line["text"].as_str()?.strip_prefix("the client endpoint says: "));
        notes.map(str::to_owned).collect::<Vec<_>>()
    };
    let said = notes(&run);
    let [half, red, long, last] = &said[..] else {
        panic!("{said:#?}")
    };
    assert_eq!(
        (half.as_str(), red.as_str(), last.as_str()),
        ("half a line", "and \\u{1b}[31mred", "no end")
    );
    assert!(long.starts_with("xxx") && long.ends_with("x...") && long.len() < 3000);
    run.end();
}
