//! A shell on a host of a lab that runs in another process, with the names and variables that programs there have.
//!
//! The lab shows a card, a file in memory that says where its hosts are. A shell writes on it that it has entered, and is a child of the
//! process that was asked for it, which stays outside. When the lab is over, its reaper, which outlives it, reads that, writes that it is
//! over, and ends what runs on the hosts; the process outside then says so.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, waitpid};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::keeper::{self, Credentials};
use super::surroundings::{self, LabNames};
use super::{lookup, mounts};
use crate::error::{Error, Operation, Result};
use crate::os::fork::{self, Forked};
use crate::os::netns;
use crate::os::signal::SignalMask;
use finwait_model::side::{Ends, Side};
use finwait_model::text::excerpt;

/// The name of the file in memory by which a lab is found.
const NAME: &str = "finwait-lab";
/// The line on the card of a lab that a shell has entered.
const ENTERED: &str = "entered\n";
/// The line on the card of a lab that is over.
const OVER: &str = "over\n";
/// The signals that are handed on to a shell: somebody who has started it has only the process outside to send them to.
const HANDED_ON: [i32; 5] = [libc::SIGTERM, libc::SIGHUP, libc::SIGUSR1, libc::SIGUSR2, libc::SIGALRM];
/// The signals that do nothing to the process outside: Ctrl-C and Ctrl-\ are the shell's, which is in the same process group, and the
/// terminal may be set while it is another's.
const OF_THE_TERMINAL: [i32; 3] = [libc::SIGINT, libc::SIGQUIT, libc::SIGTTOU];

/// A lab's hosts, as it tells those who look for it in its process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabCard(Ends<HostCard>);

/// A host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostCard {
    /// The thread that lives in its namespace.
    pub thread: u32,
    /// The names and addresses that programs know there.
    pub names: LabNames,
}

/// A lab that runs.
#[derive(Debug)]
struct RunningLab {
    pid: u32,
    card: LabCard,
    file: PathBuf,
}

impl LabCard {
    /// Has the lab with these hosts be found as long as the file is open.
    ///
    /// # Errors
    ///
    /// [`Error::Os`] with the errno of `memfd_create(2)` or `write(2)`.
    pub fn show(hosts: Ends<HostCard>) -> Result<File> {
        let show = || {
            let mut file = File::from(memfd_create(NAME, MemfdFlags::CLOEXEC)?);
            file.write_all(&serde_json::to_vec(&LabCard(hosts))?)?;
            file.write_all(b"\n")?;
            Ok::<_, io::Error>(file)
        };
        show().during(|| "tell where the lab's hosts are".into())
    }
}

/// Has that line been written on a card?
fn says(card: &File, line: &str) -> bool {
    // Not by the place that the descriptor is at, which others share.
    let mut text = vec![0; card.metadata().map_or(0, |data| data.len() as usize)];
    let read = card.read_at(&mut text, 0).unwrap_or(0);
    let (text, line) = (&text[..read], line.as_bytes());
    text.split_inclusive(|byte| *byte == b'\n')
        .skip(1)
        .any(|other| other == line)
}

/// Writes that the lab is over on its card, and returns whether a shell has entered it.
pub fn end_of_lab(card: BorrowedFd<'_>) -> bool {
    let Ok(card) = card.try_clone_to_owned().map(File::from) else {
        return false;
    };
    let was_entered = says(&card, ENTERED);
    if was_entered {
        // Who reads it waits for what is ended after it.
        let _ = (&card).write_all(OVER.as_bytes());
    }
    was_entered
}

impl RunningLab {
    /// The labs whose processes this one may look into: the same user's, or all for root.
    fn all() -> Vec<RunningLab> {
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let mut labs: Vec<RunningLab> = pids.filter_map(RunningLab::of).collect();
        labs.sort_by_key(|lab| lab.pid);
        labs
    }

    /// The newest one of a process.
    fn of(pid: u32) -> Option<RunningLab> {
        let shown = PathBuf::from(format!("/memfd:{NAME} (deleted)"));
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.flatten();
        let paths = descriptors.map(|entry| entry.path());
        let cards = paths.filter(|path| fs::read_link(path).is_ok_and(|link| link == shown));
        let read = cards.filter_map(|file| {
            let text = fs::read_to_string(&file).ok()?;
            let card: LabCard = serde_json::from_str(text.lines().next()?).ok()?;
            // The lab's reaper has the card, too, and none of the hosts' threads.
            let lives_in = |host: &HostCard| Path::new(&format!("/proc/{pid}/task/{}", host.thread)).exists();
            let is_of_it = Side::BOTH.into_iter().all(|side| lives_in(&card.0[side]));
            is_of_it.then_some(RunningLab { pid, card, file })
        });
        read.last()
    }

    /// The command line of its process, in short.
    fn command(&self) -> String {
        let line = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        let words: Vec<_> = line.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
        excerpt(words.join(" ").trim_end(), 60)
    }
}

/// Finds the lab of that process, or the only one that runs.
fn find(pid: Option<u32>) -> Result<RunningLab> {
    let no = |why: String| Error::NoShell { why };
    if let Some(pid) = pid {
        return RunningLab::of(pid).ok_or_else(|| {
            no(format!(
                "process {pid} has no isolated lab that you may enter; without --pid, the one that runs is found"
            ))
        });
    }
    let mut labs = RunningLab::all();
    match (labs.pop(), labs.is_empty()) {
        (None, _) => Err(no(
            "no isolated lab of yours runs here: start finwait in another terminal first".into(),
        )),
        (Some(lab), true) => Ok(lab),
        (Some(last), false) => {
            labs.push(last);
            let list: Vec<String> = labs
                .iter()
                .map(|lab| format!("{} ({})", lab.pid, lab.command()))
                .collect();
            Err(no(format!(
                "several labs run, and --pid says which: {}",
                list.join(", ")
            )))
        }
    }
}

/// Runs a shell (`$SHELL`), or that command, on a host of the lab of that process, or of the only one that runs; returns its exit status,
/// which is 128 and the signal's number where one has ended it. Must be called before the program has a second thread: the process forks,
/// and the child returns only where it did not become the shell.
///
/// # Errors
///
/// - [`Error::NoShell`] where there is no such lab, or no such command.
/// - [`Error::Os`] where its namespaces were not entered.
pub fn open(side: Side, pid: Option<u32>, command: &[String]) -> Result<u8> {
    let lab = find(pid)?;
    let card = File::options()
        .read(true)
        .append(true)
        .open(&lab.file)
        .and_then(|mut card| card.write_all(ENTERED.as_bytes()).map(|()| card))
        .during(|| format!("enter the lab of process {}", lab.pid))?;
    let terminal = tcgetattr(io::stdin()).ok();
    // Before there is a shell: what comes as soon as it runs must not end the process outside.
    let mask = SignalMask::now();
    let heard = [&HANDED_ON[..], &OF_THE_TERMINAL, &[libc::SIGCHLD]].concat();
    let signals = fork::signals(&heard).during(|| "hear signals".into())?;
    match fork::fork().during(|| "fork".into())? {
        Forked::Child => {
            mask.restore();
            become_shell(side, &lab, pid, command)
        }
        Forked::Parent(shell) => {
            let status = await_shell(shell, &signals)?;
            if says(&card, OVER) {
                // A shell that is killed leaves its terminal as its line editor has it.
                if let Some(modes) = terminal {
                    let _ = tcsetattr(io::stdin(), OptionalActions::Now, &modes);
                }
                eprintln!(
                    "finwait: the lab of process {} is over, and what ran on its hosts has ended with it",
                    lab.pid
                );
            }
            Ok(status)
        }
    }
}

/// Waits for a shell's end, and hands on what signals come meanwhile; returns its exit status.
fn await_shell(shell: Pid, signals: &OwnedFd) -> Result<u8> {
    loop {
        let status = waitpid(Some(shell), WaitOptions::NOHANG | WaitOptions::UNTRACED);
        match status.map_err(io::Error::from).during(|| "wait for the shell".into())? {
            Some((_, status)) if status.stopped() => stop_with(shell, status.stopping_signal()),
            Some((_, status)) => {
                let status = status
                    .exit_status()
                    .or(status.terminating_signal().map(|signal| 128 + signal));
                return Ok(status.and_then(|status| u8::try_from(status).ok()).unwrap_or(u8::MAX));
            }
            None => {}
        }
        let _ = poll(&mut [PollFd::new(signals, PollFlags::IN)], None);
        while let Some(signal) = fork::next_signal(signals.as_fd()) {
            if HANDED_ON.contains(&signal) {
                let _ = fork::kill(shell, signal);
            }
        }
    }
}

/// Stops with a shell that suspends itself, and goes on with it. What stops a whole process group has stopped this process, too.
fn stop_with(shell: Pid, stopped_by: Option<i32>) {
    if stopped_by == Some(libc::SIGSTOP) {
        let _ = kill_process(getpid(), Signal::STOP);
        let _ = kill_process(shell, Signal::CONT);
    }
}

/// Becomes the shell; returns only where that failed.
fn become_shell(side: Side, lab: &RunningLab, pid: Option<u32>, command: &[String]) -> Result<u8> {
    let HostCard { thread, names } = &lab.card.0[side];
    let user = surroundings::user(None)?;
    let namespaces = format!("/proc/{}/task/{thread}/ns", lab.pid);
    enter(&namespaces, "user", LinkNameSpaceType::User)?;
    enter(&namespaces, "net", LinkNameSpaceType::Network)?;
    let place = mounts::free_place(None);
    own_user().during(|| "enter a user namespace".into())?;
    let named = netns::unshare(UnshareFlags::NEWNS).and_then(|()| mounts::make_private());
    let named = named
        .map_err(io::Error::from)
        .and_then(|()| mounts::names(&place, &names.hosts));
    if let Err(error) = named {
        eprintln!("finwait: the names client and server are not known here: {error}");
    }
    if let Some(user) = &user {
        Credentials::of(user)
            .take_on()
            .during(|| format!("become the user {}", user.name))?;
    }
    let env = names.environment(user.as_ref(), &[]);
    let of = |name: &str| {
        env.iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    };
    let shell = vec![of("SHELL").unwrap_or_else(|| "/bin/sh".into())];
    let words = if command.is_empty() {
        eprintln!(
            "finwait: a shell on the {side} of the lab of process {} ({}); exit ends it",
            lab.pid,
            lab.command()
        );
        &shell
    } else {
        // Who has named the lab knows which it is.
        if pid.is_none() {
            eprintln!("finwait: {side} of {} ({})", lab.pid, lab.command());
        }
        command
    };
    let Some((name, arguments)) = words.split_first() else {
        return Err(Error::NoShell {
            why: "there is no command".into(),
        });
    };
    let program = lookup::program(name, &of("PATH").unwrap_or_default()).map_err(|why| Error::NoShell { why })?;
    let error = Command::new(&program)
        .arg0(name)
        .args(arguments)
        .env_clear()
        .envs(env)
        .exec();
    Err(Error::NoShell {
        why: lookup::why_not(&program, &error),
    })
}

/// Enters a namespace, unless this process is in it.
fn enter(namespaces: &str, name: &str, kind: LinkNameSpaceType) -> Result<()> {
    let (theirs, own) = (format!("{namespaces}/{name}"), format!("/proc/self/ns/{name}"));
    let link = |path: &str| fs::read_link(Path::new(path)).during(|| format!("read {path}"));
    if link(&theirs)? == link(&own)? {
        return Ok(());
    }
    let namespace = File::open(&theirs).during(|| format!("open {theirs}"))?;
    move_into_link_name_space(namespace.as_fd(), Some(kind)).during(|| format!("enter the lab's {name} namespace"))
}

/// Has an ordinary user, who is root in the lab's user namespace, have their own number again.
fn own_user() -> io::Result<()> {
    match keeper::own_ids() {
        Some((uid, gid)) => keeper::enter_own_user(uid, gid),
        None => Ok(()),
    }
}
