//! The processes of a program, or those that were started beside the lab, and the sockets that their descriptors stand for, as procfs shows them (proc_pid_fd(5)).

use rustix::process::Pid;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::os::stat;
use finwait_model::clock::MonoTime;

/// The processes of one program, or those on a host that were started beside the lab.
#[derive(Debug)]
pub struct ProgramProcesses {
    which: Which,
    /// The processes that were there when all were last looked for, and the descriptor that was last found in each: the next is often beside it.
    known: Vec<(u32, i32)>,
    /// The time from which on all may be looked for again.
    again_at: MonoTime,
    /// A listener, who alone holds it, and until when that is taken for so.
    sole: Option<(u64, Option<Descriptor>, MonoTime)>,
}

/// Which processes belong together.
#[derive(Debug)]
enum Which {
    /// All of a pid namespace, by the name of that.
    Namespace(PathBuf),
    /// The descendants of a keeper.
    Descendants(u32),
    /// All of a network namespace, by the name of that, but the lab's own process and its descendants: `finwait shell` is none of them.
    Beside(PathBuf),
}

/// So many times as long as it took to look for all processes, they are not looked for again.
const REST: u32 = 4;
/// The same of those beside the lab: beside a program whose sockets come and go quickly there is rarely another.
const LONG_REST: u32 = 20;
/// The time for which who alone holds a listener is taken to be the same.
const SAME: Duration = Duration::from_millis(100);
/// The number of sockets that are looked for one by one; more are looked for in one pass over all descriptors.
const FEW: usize = 3;

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
    /// The descriptor is open.
    Open,
    /// The descriptor was closed, and its process lives.
    Closed,
    /// The process has ended, or is about to.
    Ended,
}

impl ProgramProcesses {
    /// The processes of the program whose first one is `first`.
    pub fn of(keeper: u32, first: u32) -> ProgramProcesses {
        let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
        let own = namespace("self");
        let its = namespace(&first.to_string()).filter(|its| Some(its) != own.as_ref());
        ProgramProcesses {
            which: its.map_or(Which::Descendants(keeper), Which::Namespace),
            known: vec![(first, 0)],
            again_at: MonoTime::default(),
            sole: None,
        }
    }

    /// The processes that were started beside the lab on the host that this thread of the lab's lives on.
    pub fn beside(thread: u32) -> ProgramProcesses {
        // Of a thread that is gone, nobody is beside it.
        let namespace = fs::read_link(format!("/proc/self/task/{thread}/ns/net")).unwrap_or_default();
        ProgramProcesses {
            which: Which::Beside(namespace),
            known: Vec::new(),
            again_at: MonoTime::default(),
            sole: None,
        }
    }

    /// Returns a descriptor for each of the sockets with these inodes that a process of the program has.
    pub fn holders(&mut self, inodes: &[u64]) -> Vec<(u64, Descriptor)> {
        let mut found = self.holders_among_known(inodes);
        if found.len() < inodes.len() && self.look_for_all() {
            let missing: Vec<u64> = inodes
                .iter()
                .copied()
                .filter(|inode| found.iter().all(|(known, _)| known != inode))
                .collect();
            found.extend(self.holders_among_known(&missing));
        }
        found
    }

    fn holders_among_known(&mut self, inodes: &[u64]) -> Vec<(u64, Descriptor)> {
        if inodes.len() <= FEW {
            return inodes
                .iter()
                .filter_map(|inode| Some((*inode, self.holder(&link(*inode))?)))
                .collect();
        }
        let wanted: HashSet<u64> = inodes.iter().copied().collect();
        let mut found = HashMap::new();
        for (pid, _) in &self.known {
            for (inode, fd) in sockets(*pid) {
                if wanted.contains(&inode) {
                    found.entry(inode).or_insert((*pid, fd));
                }
            }
        }
        let mut names = HashMap::new();
        found
            .into_iter()
            .filter_map(|(inode, (pid, fd))| {
                let name = names.entry(pid).or_insert_with(|| name(pid)).clone()?;
                Some((inode, Descriptor { pid, name, fd }))
            })
            .collect()
    }

    fn holder(&mut self, link: &str) -> Option<Descriptor> {
        let mut known = self.known.iter().enumerate();
        let (place, fd) = known.find_map(|(place, (pid, last))| Some((place, near(*pid, *last, link)?)))?;
        // Who made a socket last makes the next one.
        let (pid, _) = self.known.remove(place);
        self.known.insert(0, (pid, fd));
        described(pid, fd)
    }

    /// Returns a descriptor that another process has of that socket.
    pub fn other_holder(&mut self, inode: u64, than: u32) -> Option<Descriptor> {
        let link = link(inode);
        let mut others = self.known.iter().filter(|(pid, _)| *pid != than);
        others.find_map(|(pid, _)| described(*pid, descriptor(*pid, &link)?))
    }

    /// Returns a descriptor that the socket with that inode is behind, if one process of the program alone has such, or one beside its
    /// parent.
    pub fn sole_holder(&mut self, inode: u64) -> Option<Descriptor> {
        let now = MonoTime::now();
        if let Some((of, holder, until)) = &self.sole
            && *of == inode
            && now < *until
        {
            return holder.clone();
        }
        self.look_for_all();
        let link = link(inode);
        let holders = self
            .known
            .iter()
            .filter_map(|(pid, _)| Some((*pid, descriptor(*pid, &link)?)));
        let sole = match holders.collect::<Vec<_>>().as_slice() {
            [(pid, fd)] => described(*pid, *fd),
            // A server's master, which has made the listener for its worker.
            [(pid, fd), (other, _)] | [(other, _), (pid, fd)] if parent(*pid) == Some(*other) => described(*pid, *fd),
            _ => None,
        };
        self.sole = Some((inode, sole.clone(), now.plus(SAME)));
        sole
    }

    /// Looks for all processes, unless that was done just before; returns whether there are new ones.
    fn look_for_all(&mut self) -> bool {
        let began = MonoTime::now();
        if began < self.again_at {
            return false;
        }
        let all = self.all();
        let now = MonoTime::now();
        let rest = match self.which {
            Which::Namespace(_) | Which::Descendants(_) => REST,
            Which::Beside(_) => LONG_REST,
        };
        self.again_at = now.plus(now.since(began) * rest);
        self.known.retain(|(pid, _)| all.contains(pid));
        let is_known = |pid: &u32| self.known.iter().any(|(known, _)| known == pid);
        let new: Vec<(u32, i32)> = all
            .into_iter()
            .filter(|pid| !is_known(pid))
            .map(|pid| (pid, 0))
            .collect();
        let is_news = !new.is_empty();
        self.known.splice(0..0, new);
        is_news
    }

    fn all(&self) -> Vec<u32> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let is_in = |pid: u32, kind: &str, namespace: &Path| {
            fs::read_link(format!("/proc/{pid}/ns/{kind}")).is_ok_and(|its| its == namespace)
        };
        match &self.which {
            Which::Namespace(namespace) => pids.filter(|pid| is_in(*pid, "pid", namespace)).collect(),
            Which::Beside(namespace) => pids
                .filter(|pid| is_in(*pid, "net", namespace) && !is_descendant(*pid, std::process::id()))
                .collect(),
            Which::Descendants(keeper) => {
                let all: Vec<(u32, u32)> = pids.filter_map(|pid| Some((pid, parent(pid)?))).collect();
                let mut found = vec![*keeper];
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

/// The sockets behind a process's descriptors.
fn sockets(pid: u32) -> impl Iterator<Item = (u64, i32)> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let link = fs::read_link(entry.path()).ok()?;
        let inode = link
            .to_str()?
            .strip_prefix("socket:[")?
            .strip_suffix(']')?
            .parse()
            .ok()?;
        Some((inode, entry.file_name().to_str()?.parse().ok()?))
    })
}

/// The number of a process's descriptor with that link, those about `last` first.
fn near(pid: u32, last: i32, link: &str) -> Option<i32> {
    let is_it = |fd: &i32| fs::read_link(format!("/proc/{pid}/fd/{fd}")).is_ok_and(|found| found == Path::new(link));
    [last + 1, last]
        .into_iter()
        .find(is_it)
        .or_else(|| descriptor(pid, link))
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
pub fn name(pid: u32) -> Option<String> {
    let name = fs::read(format!("/proc/{pid}/comm")).ok()?;
    Some(finwait_model::text::excerpt(
        String::from_utf8_lossy(&name).trim_end(),
        32,
    ))
}

/// Is a process that one, or a descendant of it?
fn is_descendant(pid: u32, of: u32) -> bool {
    let ancestors = std::iter::successors(Some(pid), |pid| parent(*pid).filter(|parent| *parent > 1));
    ancestors.into_iter().any(|ancestor| ancestor == of)
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
