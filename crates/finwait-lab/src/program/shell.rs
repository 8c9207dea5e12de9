//! A shell on a host of a lab that runs in another process, with the names and variables that programs there have.

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::keeper::{self, Credentials};
use super::surroundings::{self, LabNames};
use super::{lookup, mounts};
use crate::error::{Error, Operation, Result};
use crate::os::netns;
use finwait_model::side::{Ends, Side};
use finwait_model::text::excerpt;

/// The name of the file in memory by which a lab is found.
const NAME: &str = "finwait-lab";

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
#[derive(Clone, Debug, PartialEq, Eq)]
struct RunningLab {
    pid: u32,
    card: LabCard,
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
            Ok::<_, io::Error>(file)
        };
        show().during(|| "tell where the lab's hosts are".into())
    }
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
        let read = cards.filter_map(|path| serde_json::from_slice(&fs::read(path).ok()?).ok());
        read.last().map(|card| RunningLab { pid, card })
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
    let labs = RunningLab::all();
    match labs.as_slice() {
        [] => Err(no(
            "no isolated lab of yours runs here: start finwait in another terminal first".into(),
        )),
        [lab] => Ok(lab.clone()),
        several => {
            let list: Vec<String> = several
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

/// Becomes a shell (`$SHELL`), or that command, on a host of the lab of that process, or of the only one that runs. Must be called before
/// the program has a second thread.
///
/// # Errors
///
/// - [`Error::NoShell`] where there is no such lab, or no such command.
/// - [`Error::Os`] where its namespaces were not entered.
pub fn open(side: Side, pid: Option<u32>, command: &[String]) -> Result<Infallible> {
    let lab = find(pid)?;
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
