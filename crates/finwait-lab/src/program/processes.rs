//! The processes of a program, or those that were started beside the lab, and the sockets that their descriptors stand for, as procfs shows them (proc_pid_fd(5)).

use rustix::process::Pid;
use std::collections::HashSet;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::descriptors::Descriptors;
use crate::os::stat;
use finwait_model::clock::MonoTime;
use finwait_model::hash::QuickMap;

/// The processes of one program, or those on a host that were started beside the lab.
#[derive(Debug)]
pub struct ProgramProcesses {
    which: Which,
    /// The processes that were there when all were last looked for, those first of which a socket was found last.
    known: Vec<KnownProcess>,
    /// The time from which on all may be looked for again.
    again_at: MonoTime,
    /// The newest process or thread of all when they were last looked for.
    newest: Option<String>,
    /// They were listed once more while that was the newest.
    is_listed: bool,
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

/// A process that is one of them.
#[derive(Debug)]
struct KnownProcess {
    pid: u32,
    descriptors: Descriptors,
    /// `/proc/PID/comm`
    name: ProcessFile,
    /// `/proc/PID/stat`
    stat: ProcessFile,
}

/// A file of procfs about a process, kept open once it was read: to read it again takes one system call in place of five.
#[derive(Debug, Default)]
struct ProcessFile(Option<File>);

/// So many times as long as it took to look for all processes, they are not looked for again.
const REST: u32 = 4;
/// The same of those beside the lab: beside a program whose sockets come and go quickly there is rarely another.
const LONG_REST: u32 = 20;
/// The number of processes whose files are kept open, those of which a socket was found last.
const KEPT_OPEN: usize = 8;
/// The longest line of those files, in bytes.
const LONGEST_LINE: usize = 2048;
/// The time for which who alone holds a listener is taken to be the same.
const SAME: Duration = Duration::from_millis(100);

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
            known: vec![KnownProcess::of(first)],
            again_at: MonoTime::default(),
            newest: None,
            is_listed: false,
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
            newest: None,
            is_listed: false,
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
        let mut found: Vec<(u64, u32, i32)> = Vec::new();
        let mut wanted: HashSet<u64> = inodes.iter().copied().collect();
        for process in &mut self.known {
            let KnownProcess { pid, descriptors, .. } = process;
            let its = inodes.iter().filter(|inode| wanted.contains(inode));
            let its: Vec<_> = its
                .filter_map(|inode| Some((*inode, *pid, descriptors.known(*inode)?)))
                .collect();
            for (inode, ..) in &its {
                wanted.remove(inode);
            }
            found.extend(its);
        }
        for look in [Descriptors::find_new, Descriptors::search] {
            for process in &mut self.known {
                if wanted.is_empty() {
                    break;
                }
                let its = look(&mut process.descriptors, &mut wanted);
                found.extend(its.into_iter().map(|(inode, fd)| (inode, process.pid, fd)));
            }
        }
        if let Some((_, pid, _)) = found.last() {
            self.is_at_it(*pid);
        }
        let mut names: QuickMap<u32, Option<String>> = QuickMap::default();
        let described = found.into_iter().filter_map(|(inode, pid, fd)| {
            let name = names.entry(pid).or_insert_with(|| self.name_of(pid)).clone()?;
            Some((inode, Descriptor { pid, name, fd }))
        });
        described.collect()
    }

    /// Returns the name of a process now; none of one that has ended.
    pub fn name_of(&mut self, pid: u32) -> Option<String> {
        self.process(pid).map_or_else(|| name(pid), KnownProcess::name)
    }

    /// Notes that a process has made a socket: who made one last makes the next one.
    fn is_at_it(&mut self, pid: u32) {
        if let Some(place) = self.known.iter().position(|process| process.pid == pid) {
            self.known[..=place].rotate_right(1);
        }
        if let Some(last) = self.known.get_mut(KEPT_OPEN) {
            (last.name, last.stat) = (ProcessFile(None), ProcessFile(None));
        }
    }

    /// Returns a descriptor that another process has of that socket.
    pub fn other_holder(&mut self, inode: u64, than: u32) -> Option<Descriptor> {
        let mut others = self.known.iter_mut().filter(|process| process.pid != than);
        others.find_map(|process| {
            let fd = process.descriptors.number_of(inode)?;
            process.descriptor(fd)
        })
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
        let known = self.known.iter_mut();
        let mut holders: Vec<(&mut KnownProcess, i32)> = known
            .filter_map(|process| {
                let fd = process.descriptors.number_of(inode)?;
                Some((process, fd))
            })
            .collect();
        let sole = match holders.as_mut_slice() {
            [(process, fd)] => process.descriptor(*fd),
            // A server's master, which has made the listener for its worker.
            [(process, fd), (other, _)] | [(other, _), (process, fd)] if parent(process.pid) == Some(other.pid) => {
                process.descriptor(*fd)
            }
            _ => None,
        };
        self.sole = Some((inode, sole.clone(), now.plus(SAME)));
        sole
    }

    /// Is that descriptor still open, with the socket with that inode behind it?
    pub fn holding(&mut self, held: &Descriptor, inode: u64) -> Holding {
        match self.process(held.pid) {
            Some(process) => process.holding(held.fd, inode),
            None => held.holding(inode),
        }
    }

    /// Notes that the socket with that inode, which was behind that descriptor, has gone.
    pub fn let_go(&mut self, held: &Descriptor, inode: u64) {
        if let Some(process) = self.process(held.pid) {
            process.descriptors.freed(held.fd, inode);
        }
    }

    fn process(&mut self, pid: u32) -> Option<&mut KnownProcess> {
        self.known.iter_mut().find(|process| process.pid == pid)
    }

    /// Looks for all processes, unless that was done just before; returns whether there are new ones.
    fn look_for_all(&mut self) -> bool {
        let began = MonoTime::now();
        if began < self.again_at {
            return false;
        }
        // Nobody comes to a program but as a new process. One that has its number may not be listed yet, so all are listed once more.
        if !matches!(self.which, Which::Beside(_)) {
            let newest = newest();
            let is_same = newest.is_some() && newest == self.newest;
            if is_same && self.is_listed {
                return false;
            }
            (self.newest, self.is_listed) = (newest, is_same);
        }
        let all = self.all();
        let now = MonoTime::now();
        let rest = match self.which {
            Which::Namespace(_) | Which::Descendants(_) => REST,
            Which::Beside(_) => LONG_REST,
        };
        self.again_at = now.plus(now.since(began) * rest);
        self.known.retain(|process| all.contains(&process.pid));
        let is_known = |pid: &u32| self.known.iter().any(|known| known.pid == *pid);
        let new: Vec<KnownProcess> = all
            .into_iter()
            .filter(|pid| !is_known(pid))
            .map(KnownProcess::of)
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
    /// Returns whether it still stands for the socket with that inode.
    pub fn holding(&self, inode: u64) -> Holding {
        KnownProcess::of(self.pid).holding(self.fd, inode)
    }
}

impl ProcessFile {
    /// Returns what is in it now; none of a process that has ended. Whoever has its number since then is read in its place.
    fn read(&mut self, pid: u32, which: &str) -> Option<Vec<u8>> {
        let mut line = [0; LONGEST_LINE];
        let mut read = |file: &File| file.read_at(&mut line, 0).ok().filter(|n| *n > 0);
        let mut length = self.0.as_ref().and_then(&mut read);
        if length.is_none() {
            self.0 = File::open(format!("/proc/{pid}/{which}")).ok();
            length = self.0.as_ref().and_then(read);
        }
        Some(line[..length?].to_vec())
    }
}

impl KnownProcess {
    fn of(pid: u32) -> KnownProcess {
        KnownProcess {
            pid,
            descriptors: Descriptors::of(pid),
            name: ProcessFile::default(),
            stat: ProcessFile::default(),
        }
    }

    fn name(&mut self) -> Option<String> {
        Some(plain_name(&self.name.read(self.pid, "comm")?))
    }

    fn holding(&mut self, number: i32, inode: u64) -> Holding {
        match self.descriptors.is_at(number, inode) {
            true => Holding::Open,
            false if self.is_ending() => Holding::Ended,
            false => Holding::Closed,
        }
    }

    /// Has the process ended, or is the kernel closing its descriptors just now (`PF_EXITING`, `include/linux/sched.h`)?
    fn is_ending(&mut self) -> bool {
        const PF_EXITING: u64 = 0x4;
        let Some(line) = self.stat.read(self.pid, "stat") else {
            return true;
        };
        let line = String::from_utf8_lossy(&line);
        let flags = || stat::after_name(&line)?.nth(6)?.parse::<u64>().ok();
        flags().is_none_or(|flags| flags & PF_EXITING != 0)
    }

    fn descriptor(&mut self, fd: i32) -> Option<Descriptor> {
        let name = self.name()?;
        Some(Descriptor {
            pid: self.pid,
            name,
            fd,
        })
    }
}

/// The name of a process or thread (`/proc/PID/comm`).
pub fn name(pid: u32) -> Option<String> {
    Some(plain_name(&fs::read(format!("/proc/{pid}/comm")).ok()?))
}

fn plain_name(comm: &[u8]) -> String {
    finwait_model::text::excerpt(String::from_utf8_lossy(comm).trim_end(), 32)
}

/// Is a process that one, or a descendant of it?
fn is_descendant(pid: u32, of: u32) -> bool {
    let ancestors = std::iter::successors(Some(pid), |pid| parent(*pid).filter(|parent| *parent > 1));
    ancestors.into_iter().any(|ancestor| ancestor == of)
}

/// The number that was given to a process or thread last (proc_loadavg(5)): while it is the same, there is no new one.
fn newest() -> Option<String> {
    let line = fs::read_to_string("/proc/loadavg").ok()?;
    Some(line.split_whitespace().last()?.to_owned())
}

fn parent(pid: u32) -> Option<u32> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat::after_name(&line)?.nth(1)?.parse().ok()
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
