//! An endpoint's process: born on a host's thread, spoken to over a socketpair, watched through a pidfd.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, Resource, Rlimit, Signal, WaitIdOptions, prlimit};
use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::event::Death;
use super::lines::LineReader;
use super::strace::{self, Printed};
use super::tree::{self, Mark};
use crate::endpoint::protocol::{Reply, Request};
use crate::error::{Error, Operation, Result};
use crate::os::signal::die_with_parent;
use crate::os::sock::info_state;
use crate::os::stat;
use crate::role::Role;
use crate::runtime::Launch;
use crate::runtime::cache::SILENT;
use finwait_model::call::CallId;
use finwait_model::side::Side;
use finwait_model::state::State;

/// A process that was just spawned, as its host's thread hands it over.
#[derive(Debug)]
pub struct SpawnedProcess {
    child: Child,
    control: OwnedFd,
    pidfd: OwnedFd,
    syscalls: Option<StracePipe>,
    hides: bool,
    mark: Option<Mark>,
}

/// strace's output for an endpoint.
#[derive(Debug)]
struct StracePipe {
    output: OwnedFd,
    /// strace opens it by its name in procfs when it starts; kept open, the output never ends before the process.
    input: OwnedFd,
    reader: strace::StraceReader,
}

/// Starts an endpoint in the calling thread's network namespace. It dies with that thread; with a mark, what it starts can be found.
///
/// # Errors
///
/// [`Error::NoEndpoint`] where the program did not start; [`Error::Os`] where its socket or pipe was not made.
pub fn spawn(launch: &Launch, side: Side, mark: Option<Mark>) -> Result<SpawnedProcess> {
    let no = |why: &dyn std::fmt::Display| Error::NoEndpoint {
        side,
        why: why.to_string(),
    };
    let (ours, theirs) = rustix::net::socketpair(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None,
    )
    .during(|| "make a socketpair".into())?;
    // The endpoint reads and writes its end blocking: any language can.
    rustix::io::ioctl_fionbio(&theirs, false).during(|| "make the endpoint's control socket blocking".into())?;
    let out = theirs.try_clone().map_err(|error| no(&error))?;
    let syscalls = launch.strace.is_some().then(StracePipe::new).transpose()?;
    let mut command = match (&launch.strace, &syscalls) {
        (Some(strace), Some(syscalls)) => {
            let mut command = Command::new(strace);
            // By its name among our descriptors: one that the endpoint inherited would take a number from its sockets.
            let input = format!("/proc/{}/fd/{}", std::process::id(), syscalls.input.as_raw_fd());
            command.args(strace::ARGUMENTS).arg(input).arg(&launch.program);
            command
        }
        _ => Command::new(&launch.program),
    };
    if launch.strace.is_none() {
        command.arg0(Role::Endpoint.name());
    }
    command
        .args(&launch.arguments)
        .stdin(Stdio::from(theirs))
        .stdout(Stdio::from(out))
        .stderr(Stdio::piped())
        // A Ctrl-C at the terminal is for finwait, which ends its endpoints itself.
        .process_group(0);
    if let Some(mark) = &mark {
        command.env(tree::VARIABLE, mark.word()).envs(SILENT);
    }
    // finwait's own endpoint sees to that itself (`Role::Endpoint`): without work between fork and exec, no page table is copied (`vfork(2)`).
    if mark.is_some() {
        die_with_parent(&mut command);
    }
    let child = command
        .spawn()
        .map_err(|error| no(&format!("{}: {error}", command.get_program().display())))?;
    let pid = Pid::from_child(&child);
    let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty()).during(|| "open the endpoint's pidfd".into())?;
    Ok(SpawnedProcess {
        child,
        control: ours,
        pidfd,
        syscalls,
        hides: launch.hides,
        mark,
    })
}

/// A living endpoint, and what it has said.
#[derive(Debug)]
pub struct Process {
    child: Child,
    complaints: LineReader,
    control: OwnedFd,
    pidfd: OwnedFd,
    inbox: Vec<u8>,
    outbox: VecDeque<u8>,
    syscalls: Option<StracePipe>,
    hides: bool,
    /// The number of its lines that made no sense.
    invalid_replies: usize,
    /// We sent it SIGKILL.
    killed: bool,
    /// The mark in the environment of the processes that it started; none of finwait's own endpoint, which starts none.
    mark: Option<Mark>,
}

/// The descriptors of a process that are ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessReadiness {
    /// A reply has come, or it takes more requests.
    pub words: bool,
    /// The process has ended.
    pub end: bool,
    /// Standard error has something.
    pub complaints: bool,
    /// strace has printed calls of its.
    pub syscalls: bool,
}

impl ProcessReadiness {
    /// Everything.
    pub const ALL: ProcessReadiness = ProcessReadiness {
        words: true,
        end: true,
        complaints: true,
        syscalls: true,
    };
}

impl StracePipe {
    fn new() -> Result<StracePipe> {
        let (output, input) =
            pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).during(|| "make a pipe for strace's output".into())?;
        let reader = strace::StraceReader::default();
        Ok(StracePipe { output, input, reader })
    }

    fn read(&mut self) -> Vec<Printed> {
        let mut chunk = [0; 16 << 10];
        let mut made = Vec::new();
        loop {
            match rustix::io::read(&self.output, &mut chunk) {
                Ok(n) if n > 0 => made.extend(self.reader.read(&chunk[..n])),
                Err(Errno::INTR) => {}
                Ok(_) | Err(_) => return made,
            }
        }
    }
}

/// A line of an endpoint that is no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtocolError {
    /// The call that it was about, where that much could be read.
    pub about: Option<CallId>,
    /// One sentence.
    pub why: String,
}

impl ProtocolError {
    fn of(line: &[u8], error: &str) -> ProtocolError {
        let shown: String = String::from_utf8_lossy(line)
            .chars()
            .take(80)
            .flat_map(char::escape_debug)
            .collect();
        let value: Option<serde_json::Value> = serde_json::from_slice(line).ok();
        let word = value.as_ref().and_then(|value| value.as_object()?.values().next());
        ProtocolError {
            about: word.and_then(|word| word.get("id")?.as_u64()).map(CallId),
            why: format!("it sent an invalid reply ({error}): {shown}"),
        }
    }
}

/// The number of invalid replies after which the endpoint is killed.
const MOST_INVALID_REPLIES: usize = 100;
/// The longest line of an endpoint, in bytes.
const LONGEST_LINE: usize = 1 << 20;

impl Process {
    /// Takes over a process that was just spawned.
    pub fn adopt(spawned: SpawnedProcess) -> Process {
        let SpawnedProcess {
            mut child,
            control,
            pidfd,
            syscalls,
            hides,
            mark,
        } = spawned;
        let complaints = LineReader::of(child.stderr.take());
        Process {
            child,
            complaints,
            control,
            pidfd,
            inbox: Vec::new(),
            outbox: VecDeque::new(),
            syscalls,
            hides,
            invalid_replies: 0,
            killed: false,
            mark,
        }
    }

    /// The process number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// May its library make and close descriptors without a word ([`Launch::hides`])?
    pub const fn hides(&self) -> bool {
        self.hides
    }

    /// The descriptor of the protocol.
    pub fn control(&self) -> BorrowedFd<'_> {
        self.control.as_fd()
    }

    /// The descriptor that becomes readable at its end.
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// The descriptor of its standard error.
    pub fn stderr(&self) -> Option<BorrowedFd<'_>> {
        self.complaints.from().map(AsFd::as_fd)
    }

    /// The descriptor of strace's output, where system calls are seen.
    pub fn syscalls(&self) -> Option<BorrowedFd<'_>> {
        self.syscalls.as_ref().map(|syscalls| syscalls.output.as_fd())
    }

    /// The system calls on TCP sockets that it made since the last time, where they are seen, and its words among them.
    pub fn syscalls_seen(&mut self) -> Vec<Printed> {
        self.syscalls.as_mut().map(StracePipe::read).unwrap_or_default()
    }

    /// Waits so long for a word of it, or its end.
    pub fn wait(&self, time: Duration) {
        let time = Timespec::try_from(time).ok();
        let mut fds = [self.control(), self.pidfd()].map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
        let _ = poll(&mut fds, time.as_ref());
    }

    /// Queues a request, and writes what the socket takes.
    ///
    /// # Errors
    ///
    /// [`Error::Garbled`] for a request that JSON cannot hold. A dead endpoint is none: its pidfd reports that.
    pub fn send(&mut self, request: &Request) -> Result<()> {
        let line = serde_json::to_vec(request).map_err(|error| Error::Garbled {
            what: "a request".into(),
            why: error.to_string(),
        })?;
        self.outbox.extend(line);
        self.outbox.push_back(b'\n');
        self.flush();
        Ok(())
    }

    /// Writes what the socket takes of what is queued.
    pub fn flush(&mut self) {
        while !self.outbox.is_empty() {
            let (first, _) = self.outbox.as_slices();
            match rustix::net::send(&self.control, first, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
                Ok(n) => drop(self.outbox.drain(..n)),
                Err(Errno::INTR) => {}
                // The death of an endpoint is reported by its pidfd.
                Err(_) => return,
            }
        }
    }

    /// Reads what it has said so far. A line that is not a reply is an error of its own.
    pub fn hear(&mut self) -> Vec<std::result::Result<Reply, ProtocolError>> {
        let mut chunk = [0; 16 << 10];
        let mut silent = false;
        loop {
            match rustix::net::recv(&self.control, &mut chunk, RecvFlags::DONTWAIT) {
                Ok((0, _)) => {
                    silent = true;
                    break;
                }
                Ok((n, _)) => {
                    self.inbox.extend_from_slice(&chunk[..n]);
                    // A stream gives all that it has: what it said since is heard the next time.
                    if n < chunk.len() {
                        break;
                    }
                }
                Err(Errno::INTR) => {}
                Err(_) => break,
            }
        }
        let mut replies = Vec::new();
        let mut taken = 0;
        while let Some(end) = self.inbox[taken..].iter().position(|&byte| byte == b'\n') {
            let line = &self.inbox[taken..taken + end];
            replies.push(serde_json::from_slice(line).map_err(|error| ProtocolError::of(line, &error.to_string())));
            taken += end + 1;
        }
        self.inbox.drain(..taken);
        if self.inbox.len() > LONGEST_LINE {
            self.inbox.clear();
            replies.push(Err(ProtocolError {
                about: None,
                why: format!("it sent a line of more than {LONGEST_LINE} bytes"),
            }));
        }
        self.invalid_replies += replies.iter().filter(|reply| reply.is_err()).count();
        // One that cannot be spoken with any more would leave its calls blocked for ever.
        if silent && !self.killed {
            self.give_up("killed: it has closed its control socket", &mut replies);
        } else if self.invalid_replies > MOST_INVALID_REPLIES && !self.killed {
            self.give_up("killed after more than 100 invalid replies", &mut replies);
        }
        replies
    }

    fn give_up(&mut self, why: &str, replies: &mut Vec<std::result::Result<Reply, ProtocolError>>) {
        let is_over = rustix::process::waitid(
            rustix::process::WaitId::PidFd(self.pidfd.as_fd()),
            WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT,
        );
        // Its death says more.
        if matches!(is_over, Ok(None)) && !self.is_exiting() {
            self.kill();
            replies.push(Err(ProtocolError {
                about: None,
                why: why.into(),
            }));
        }
    }

    /// The lines that it has written to its standard error since the last time.
    pub fn complaints(&mut self) -> Vec<String> {
        self.complaints.read()
    }

    /// Returns the rest of them, after its end.
    pub fn last_complaints(&mut self) -> Vec<String> {
        self.complaints.last()
    }

    /// Ends the processes that it started: they would hold its sockets, and its host's namespace. strace ends by itself, and has its last
    /// words to say.
    fn end_the_rest(&self) {
        if let Some(mark) = &self.mark {
            mark.end_all(self.syscalls.is_some().then_some("strace"));
        }
    }

    /// The numbers of its descriptors stay below that (`RLIMIT_NOFILE`, the soft limit); those that are open stay open.
    ///
    /// # Errors
    ///
    /// [`Error::Os`] with the errno of `prlimit(2)`: `EPERM` above the hard limit.
    pub fn limit_descriptors(&self, most: u32) -> Result<()> {
        let hard = self.descriptor_limits().and_then(|(_, hard)| hard);
        let limit = Rlimit {
            current: Some(most.into()),
            maximum: hard.map(u64::from),
        };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Nofile, limit)
            .map(drop)
            .during(|| match hard {
                Some(hard) => format!("limit the endpoint's descriptors to {most}, with {hard} as the hard limit"),
                None => format!("limit the endpoint's descriptors to {most}"),
            })
    }

    /// The soft limit of the numbers of its descriptors; none where it cannot be read, or there is none.
    pub fn descriptor_limit(&self) -> Option<u32> {
        self.descriptor_limits()?.0
    }

    /// The soft and the hard limit; none is `unlimited`.
    fn descriptor_limits(&self) -> Option<(Option<u32>, Option<u32>)> {
        let mut limits = String::with_capacity(4096);
        File::open(format!("/proc/{}/limits", self.pid()))
            .and_then(|mut file| file.read_to_string(&mut limits))
            .ok()?;
        let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
        let mut words = line.split_whitespace().map(|word| word.parse().ok());
        Some((words.next()?, words.next()?))
    }

    /// Sends SIGKILL.
    pub fn kill(&mut self) {
        self.killed = true;
        // ESRCH: it is dead already, which is what was wanted.
        let _ = rustix::process::pidfd_send_signal(&self.pidfd, Signal::KILL);
    }

    /// Returns whether it is on its way out, so that the kernel is closing its descriptors.
    pub fn is_exiting(&self) -> bool {
        /// `PF_EXITING`, `include/linux/sched.h`.
        const PF_EXITING: u64 = 0x4;
        let flags = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).ok()?;
            stat::after_name(&stat)?.nth(6)?.parse::<u64>().ok()
        };
        self.killed || flags().is_none_or(|flags| flags & PF_EXITING != 0)
    }

    /// Does one of its threads run, or is it about to: in line for a CPU, in an uninterruptible sleep, or stopped for a moment by who
    /// traces it (`R`, `D` and `t` of proc_pid_stat(5))?
    pub fn is_working(&self) -> bool {
        let works = |task: std::io::Result<std::fs::DirEntry>| {
            let stat = std::fs::read(task.ok()?.path().join("stat")).ok()?;
            let stat = String::from_utf8_lossy(&stat);
            Some(matches!(stat::after_name(&stat)?.next()?, "R" | "D" | "t"))
        };
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid()));
        tasks.is_ok_and(|mut tasks| tasks.any(|task| works(task) == Some(true)))
    }

    /// Returns how it ended; none while it runs.
    pub fn reap(&mut self) -> Option<Death> {
        let status = self.child.try_wait().ok()??;
        self.end_the_rest();
        Some(match (status.code(), status.signal()) {
            (_, Some(signal)) => Death::Signal(signal),
            (code, None) => Death::Exited(code.unwrap_or(0)),
        })
    }

    /// The state in the TCP_INFO of a socket that one of its descriptors holds; none where it is not available (`ptrace` may be
    /// forbidden), or the number stands for another socket by now.
    ///
    /// Only to be asked of a socket that is in no table, and so is CLOSE: a second descriptor of it, for a moment, keeps nothing from
    /// ending.
    pub fn info_state(&self, fd: i32, inode: u64) -> Option<State> {
        if self.inode(fd) != Some(inode) {
            return None;
        }
        let socket = rustix::process::pidfd_getfd(&self.pidfd, fd, PidfdGetfdFlags::empty()).ok()?;
        State::from_kernel(info_state(socket.as_fd()).ok()?)
    }

    /// The inode behind one of its descriptors.
    pub fn inode(&self, fd: i32) -> Option<u64> {
        let link = std::fs::read_link(format!("/proc/{}/fd/{fd}", self.pid())).ok()?;
        link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        let _ = self.child.wait();
        self.end_the_rest();
    }
}
