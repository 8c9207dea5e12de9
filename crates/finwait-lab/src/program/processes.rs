//! The processes of a program, and the sockets that their descriptors stand for, as procfs shows them (proc_pid_fd(5)).

use rustix::process::Pid;
use std::fs;
use std::path::{Path, PathBuf};

use crate::os::stat;

/// The processes of one program.
#[derive(Debug)]
pub struct ProgramProcesses {
    keeper: u32,
    /// The name of its pid namespace; none where it has none of its own.
    namespace: Option<PathBuf>,
    /// Those that were there when all were last looked for.
    known: Vec<u32>,
}

/// A descriptor of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// The process.
    pub pid: u32,
    /// The name of the process (`/proc/PID/comm`).
    pub name: String,
    /// The number.
    pub fd: i32,
}

/// What became of a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// It is open.
    Open,
    /// It was closed, and its process lives.
    Closed,
    /// Its process has ended, or is about to.
    Ended,
}

impl ProgramProcesses {
    /// Those of the program whose first process is `first`.
    pub fn of(keeper: u32, first: u32) -> ProgramProcesses {
        let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
        let own = namespace("self");
        ProgramProcesses {
            keeper,
            namespace: namespace(&first.to_string()).filter(|its| Some(its) != own.as_ref()),
            known: vec![first],
        }
    }

    /// Returns a descriptor that the socket with that inode is behind; none where no process of the program has one.
    pub fn holder(&mut self, inode: u64) -> Option<Descriptor> {
        let link = link(inode);
        // Who made a socket last makes the next one.
        if let Some(place) = self.known.iter().position(|pid| descriptor(*pid, &link).is_some()) {
            let pid = self.known.remove(place);
            self.known.insert(0, pid);
            return described(pid, descriptor(pid, &link)?);
        }
        let all = self.all();
        let before = std::mem::replace(&mut self.known, all);
        let new = self.known.iter().copied().filter(|pid| !before.contains(pid));
        let mut found = new.filter_map(|pid| Some((pid, descriptor(pid, &link)?)));
        let (pid, fd) = found.next()?;
        described(pid, fd)
    }

    /// Returns a descriptor that the socket with that inode is behind, if one process of the program alone has such.
    pub fn sole_holder(&mut self, inode: u64) -> Option<Descriptor> {
        let link = link(inode);
        self.known = self.all();
        let mut holders = self
            .known
            .iter()
            .filter_map(|pid| Some((*pid, descriptor(*pid, &link)?)));
        match (holders.next(), holders.next()) {
            (Some((pid, fd)), None) => described(pid, fd),
            _ => None,
        }
    }

    fn all(&self) -> Vec<u32> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        match &self.namespace {
            Some(namespace) => {
                let is_in = |pid: &u32| fs::read_link(format!("/proc/{pid}/ns/pid")).is_ok_and(|its| its == *namespace);
                pids.filter(is_in).collect()
            }
            None => {
                let all: Vec<(u32, u32)> = pids.filter_map(|pid| Some((pid, parent(pid)?))).collect();
                let mut found = vec![self.keeper];
                let mut next = 0;
                while let Some(of) = found.get(next).copied() {
                    found.extend(all.iter().filter(|(_, parent)| *parent == of).map(|(pid, _)| *pid));
                    next += 1;
                }
                found.split_off(1)
            }
        }
    }
}

impl Descriptor {
    /// Does it still stand for the socket with that inode?
    pub fn holding(&self, inode: u64) -> Holding {
        let path = format!("/proc/{}/fd/{}", self.pid, self.fd);
        match fs::read_link(path) {
            Ok(found) if found == Path::new(&link(inode)) => Holding::Open,
            _ if is_ending(self.pid) => Holding::Ended,
            _ => Holding::Closed,
        }
    }
}

fn link(inode: u64) -> String {
    format!("socket:[{inode}]")
}

/// The number of a process's descriptor with that link, the highest first: a socket that nobody knows yet is new.
fn descriptor(pid: u32, link: &str) -> Option<i32> {
    let directory = format!("/proc/{pid}/fd");
    let entries = fs::read_dir(&directory).ok()?.flatten();
    let mut numbers: Vec<i32> = entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    let is_it = |fd: &i32| fs::read_link(format!("{directory}/{fd}")).is_ok_and(|found| found == Path::new(link));
    numbers.into_iter().find(is_it)
}

fn described(pid: u32, fd: i32) -> Option<Descriptor> {
    let name = name(pid)?;
    Some(Descriptor { pid, name, fd })
}

/// The name of a process or thread (`/proc/PID/comm`).
fn name(pid: u32) -> Option<String> {
    let name = fs::read(format!("/proc/{pid}/comm")).ok()?;
    Some(finwait_model::text::excerpt(
        String::from_utf8_lossy(&name).trim_end(),
        32,
    ))
}

fn parent(pid: u32) -> Option<u32> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat::after_name(&line)?.nth(1)?.parse().ok()
}

/// Has a process ended, or is the kernel closing its descriptors just now (`PF_EXITING`, `include/linux/sched.h`)?
fn is_ending(pid: u32) -> bool {
    const PF_EXITING: u64 = 0x4;
    let Ok(line) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return true;
    };
    let flags = || stat::after_name(&line)?.nth(6)?.parse::<u64>().ok();
    flags().is_none_or(|flags| flags & PF_EXITING != 0)
}

/// Returns the process that a thread is one of (`Tgid` of proc_pid_status(5)), and its name; none of one that has ended.
pub fn process_of(thread: u32) -> Option<(u32, String)> {
    let status = fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Tgid:"))?;
    let pid = line.trim().parse().ok()?;
    Some((pid, name(pid)?))
}

/// Is another process tracing this one (`TracerPid` of proc_pid_status(5))?
pub fn is_traced(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
    line.is_some_and(|number| number.trim() != "0") || Pid::from_raw(pid as i32).is_none()
}
