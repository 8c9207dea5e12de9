//! The keeper of a program: a process between finwait and a program of the user's own, that gives it its surroundings and ends all of it.
//!
//! The keeper makes a pid namespace and a mount namespace (and, for an ordinary user, a user namespace in which that user has their own
//! number), and forks. The child is process 1 there: it mounts, starts the program as process 2, reaps what the program leaves to it, and
//! reports. When it ends, the kernel ends every process of the namespace, wherever it has gone (`zap_pid_ns_processes`); it ends with the
//! keeper (`PR_SET_PDEATHSIG`), and that with finwait, kill -9 included.
//!
//! Where pid namespaces are not available, the keeper does the same as a subreaper (`PR_SET_CHILD_SUBREAPER`): what loses its parent
//! becomes its child, and at the end of the control socket it kills its descendants until there are none.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{
    Pid, WaitOptions, WaitStatus, set_child_subreaper, set_parent_process_death_signal, wait, waitpid,
};
use rustix::thread::{Gid, Uid, UnshareFlags, set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use super::{lookup, mounts};
use crate::event::Death;
use crate::os::fork::{self, Forked, fork};
use crate::os::{netns, signal, stat};
use finwait_model::call::Sigpipe;
use finwait_model::program::LONGEST_STDIN;

/// A program, and what it is to find.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeeperSpec {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// The environment, whole.
    pub env: Vec<(String, String)>,
    /// The working directory; finwait's own where none is given, the directory of the files where there are some.
    pub cwd: Option<PathBuf>,
    /// Files in a directory of their own: name and contents.
    pub files: Vec<(String, String)>,
    /// The text that its standard input has; empty where there is none.
    #[serde(default)]
    pub stdin: String,
    /// Are its standard streams a terminal?
    pub terminal: bool,
    /// The text of `/etc/hosts`.
    pub hosts: String,
    /// The user whom it runs as; who the keeper is when absent.
    pub user: Option<Credentials>,
    /// Whether it waits for [`KeeperOrder::Go`] before it becomes the program.
    pub waits: bool,
}

/// The numbers of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The user.
    pub uid: u32,
    /// The primary group.
    pub gid: u32,
    /// All groups.
    pub groups: Vec<u32>,
}

/// A word of the keeper's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeeperWord {
    /// The process that is to become the program is there: it says so itself.
    Here,
    /// The process has become the program.
    Started,
    /// The process could not become the program: one sentence.
    NotStarted(String),
    /// The program's first process has ended, and so many others go on.
    Exited(Death, u32),
    /// The last of them has ended.
    Gone,
    /// Something that is not as it should be: one sentence.
    Note(String),
}

/// An order to the keeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeeperOrder {
    /// Become the program.
    Go,
    /// Send the first process a signal.
    Signal(i32),
    /// End all processes.
    End,
}

/// The longest part of a spec that is sent at once.
const PART: usize = 32 << 10;
/// The longest word or order.
const LONGEST: usize = 64 << 10;
/// The pause between two passes over processes that are to end.
const PAUSE: Duration = Duration::from_millis(2);
/// The most such passes.
const ROUNDS: usize = 500;
/// The beginning of a note.
const NO_NAMES: &str = "the names client and server are not known to the program";
/// The exit status of a process that did not become the program.
const NO_PROGRAM: i32 = 127;

/// Sends a spec, which the keeper reads as its first message.
///
/// # Errors
///
/// The errno of `send(2)`: `EPIPE` where the keeper is gone.
pub fn send_spec(control: BorrowedFd<'_>, spec: &KeeperSpec) -> io::Result<()> {
    let text = serde_json::to_vec(spec)?;
    send(control, &text.len().to_ne_bytes(), SendFlags::NOSIGNAL)?;
    for part in text.chunks(PART) {
        send(control, part, SendFlags::NOSIGNAL)?;
    }
    Ok(())
}

/// Reads it; none where finwait is gone.
fn receive_spec(control: BorrowedFd<'_>) -> Option<KeeperSpec> {
    let mut length = [0; size_of::<usize>()];
    let (_, n) = recv(control, &mut length[..], RecvFlags::empty()).ok()?;
    let length = usize::from_ne_bytes(length.get(..n)?.try_into().ok()?);
    let (mut text, mut part) = (Vec::new(), vec![0; PART]);
    while text.len() < length {
        let (_, n) = recv(control, &mut part[..], RecvFlags::empty())
            .ok()
            .filter(|(_, n)| *n > 0)?;
        text.extend_from_slice(&part[..n]);
    }
    serde_json::from_slice(&text).ok()
}

/// Keeps the program that standard input asks for, until it has ended, or finwait has.
pub fn run() -> ExitCode {
    // Where the parent has died already, the end of standard input says so.
    signal::die_with_parent_thread();
    let Ok(control) = io::stdin().as_fd().try_clone_to_owned() else {
        return ExitCode::FAILURE;
    };
    let Some(spec) = receive_spec(control.as_fd()) else {
        return ExitCode::FAILURE;
    };
    let mut notes = Vec::new();
    if let Some((uid, gid)) = own_ids()
        && let Err(error) = enter_own_user(uid, gid)
    {
        notes.push(format!(
            "the program runs as root of finwait's user namespace, for one of its own is not available: {error}"
        ));
    }
    let mounts = netns::unshare(UnshareFlags::NEWNS);
    if let Err(error) = mounts {
        notes.push(format!("{NO_NAMES}: a mount namespace is not available: {error}"));
    }
    let pids = netns::unshare(UnshareFlags::NEWPID);
    signal::die_with_parent_thread();
    let forked = pids.map_err(io::Error::from).and_then(|()| fork());
    let contained = match forked {
        Ok(Forked::Parent(first)) => return await_end(first),
        Ok(Forked::Child) => {
            signal::die_with_parent_thread();
            true
        }
        Err(error) => {
            notes.push(format!(
                "a pid namespace is not available ({error}): the program's processes are ended one by one"
            ));
            // Its descendants would outlive it: the end of the control socket is what ends it, and it them.
            let _ = set_parent_process_death_signal(None);
            let _ = set_child_subreaper(Some(rustix::process::getpid()));
            false
        }
    };
    let keeper = Keeper {
        control,
        spec,
        contained,
    };
    for note in notes {
        keeper.say(&KeeperWord::Note(note));
    }
    keeper.keep(mounts.is_ok())
}

/// The parent of the pid namespace's first process, which has nothing to do but to outlive it.
fn await_end(first: Pid) -> ExitCode {
    // What the program writes, and what is said to it, is no concern of this process: its descriptors would keep them open.
    let_go_of_streams();
    while matches!(waitpid(Some(first), WaitOptions::empty()), Err(Errno::INTR)) {}
    ExitCode::SUCCESS
}

/// Puts `/dev/null` in the place of the calling process's standard streams.
fn let_go_of_streams() {
    if let Ok(null) = fs::File::options().read(true).write(true).open("/dev/null") {
        for place in 0..3 {
            let _ = fork::put_in_place(null.as_fd(), place);
        }
    }
}

/// The numbers of the user and the group that finwait's user namespace was made by, where it has no more than those two: they are root in
/// it.
pub fn own_ids() -> Option<(u32, u32)> {
    let outer = |path: &str| {
        let map = fs::read_to_string(path).ok()?;
        let mut numbers = map.split_whitespace().map(|number| number.parse::<u32>().ok());
        match (numbers.next()??, numbers.next()??, numbers.next()??, numbers.next()) {
            (0, outer, 1, None) => Some(outer),
            _ => None,
        }
    };
    Some((outer("/proc/self/uid_map")?, outer("/proc/self/gid_map")?))
}

/// Enters a user namespace in which root of this one has these numbers.
pub(super) fn enter_own_user(uid: u32, gid: u32) -> io::Result<()> {
    netns::unshare(UnshareFlags::NEWUSER)?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{uid} 0 1"))?;
    fs::write("/proc/self/gid_map", format!("{gid} 0 1"))
}

/// Process 1 of the program's pid namespace, or the subreaper in its place.
struct Keeper {
    control: OwnedFd,
    spec: KeeperSpec,
    /// Does the kernel end all of the program with this process?
    contained: bool,
}

/// The program as its keeper sees it.
struct Kept {
    /// The first process, until it has been reaped.
    first: Option<Pid>,
    /// The pipe by which it says why it did not become the program; none once that is known.
    status: Option<OwnedFd>,
    /// The pipe that it waits on.
    go: Option<OwnedFd>,
    /// The way in which the first process ended, before it was known whether it had become the program.
    ended: Option<Death>,
}

impl Keeper {
    fn say(&self, word: &KeeperWord) {
        if let Ok(mut word) = serde_json::to_vec(word) {
            word.truncate(LONGEST);
            let _ = send(&self.control, &word, SendFlags::NOSIGNAL);
        }
    }

    fn keep(self, mounts: bool) -> ExitCode {
        let directory = match self.surroundings(mounts) {
            Ok(directory) => directory,
            Err(why) => {
                self.say(&KeeperWord::NotStarted(why));
                return ExitCode::FAILURE;
            }
        };
        match self.start(directory.as_deref()) {
            Ok((kept, children)) => self.attend(kept, &children),
            Err(error) => {
                self.say(&KeeperWord::NotStarted(format!("its process was not made: {error}")));
                ExitCode::FAILURE
            }
        }
    }

    fn start(&self, directory: Option<&Path>) -> io::Result<(Kept, OwnedFd)> {
        let children = fork::child_signals()?;
        let (status, told) = pipe_with(PipeFlags::CLOEXEC)?;
        let (go, going) = pipe_with(PipeFlags::CLOEXEC)?;
        match fork()? {
            Forked::Parent(first) => {
                let kept = Kept {
                    first: Some(first),
                    status: Some(status),
                    go: self.spec.waits.then_some(going),
                    ended: None,
                };
                // Nobody here holds the program's output open but the program.
                let_go_of_streams();
                Ok((kept, children))
            }
            Forked::Child => {
                drop((status, going, children));
                self.say(&KeeperWord::Here);
                if self.spec.waits {
                    let _ = rustix::io::read(&go, &mut [0; 1]);
                }
                let why = self.become_program(directory);
                let _ = rustix::io::write(&told, why.as_bytes());
                std::process::exit(NO_PROGRAM);
            }
        }
    }

    /// Attends to the program until its last process has ended.
    fn attend(&self, mut kept: Kept, children: &OwnedFd) -> ExitCode {
        loop {
            let mut fds = vec![
                PollFd::from_borrowed_fd(self.control.as_fd(), PollFlags::IN),
                PollFd::from_borrowed_fd(children.as_fd(), PollFlags::IN),
            ];
            fds.extend(
                kept.status
                    .as_ref()
                    .map(|status| PollFd::from_borrowed_fd(status.as_fd(), PollFlags::IN)),
            );
            match poll(&mut fds, None) {
                Err(Errno::INTR) => continue,
                Err(_) => return self.leave(),
                Ok(_) => {}
            }
            let [ordered, died, told] =
                [0, 1, 2].map(|place| fds.get(place).is_some_and(|fd| !fd.revents().is_empty()));
            drop(fds);
            if told && let Some(status) = kept.status.take() {
                let mut why = vec![0; LONGEST / 2];
                let n = rustix::io::read(&status, &mut why).unwrap_or(0);
                if n > 0 {
                    let why = String::from_utf8_lossy(&why[..n]).into_owned();
                    self.say(&KeeperWord::NotStarted(why));
                    return self.leave();
                }
                self.say(&KeeperWord::Started);
            }
            if died {
                while rustix::io::read(children, &mut [0; 128]).is_ok() {}
            }
            // A child's end is heard of once its words are, for it has said them before.
            if (died || told) && self.reap(&mut kept) {
                return ExitCode::SUCCESS;
            }
            if ordered {
                match self.order() {
                    None => return self.leave(),
                    Some(KeeperOrder::Go) => kept.go = None,
                    Some(KeeperOrder::Signal(number)) => {
                        if let Some(first) = kept.first
                            && let Err(error) = fork::kill(first, number)
                        {
                            self.say(&KeeperWord::Note(format!("signal {number} was not sent: {error}")));
                        }
                    }
                    Some(KeeperOrder::End) => self.end_all(),
                }
            }
        }
    }

    /// The next order; none where finwait is gone.
    fn order(&self) -> Option<KeeperOrder> {
        let mut word = vec![0; LONGEST];
        let (_, n) = recv(&self.control, &mut word[..], RecvFlags::empty())
            .ok()
            .filter(|(_, n)| *n > 0)?;
        serde_json::from_slice(&word[..n]).ok()
    }

    /// Ends, and with it all of the program.
    fn leave(&self) -> ExitCode {
        if !self.contained {
            for _ in 0..ROUNDS {
                let left = self.others();
                if left.is_empty() {
                    break;
                }
                kill_all(&left);
                while matches!(wait(WaitOptions::NOHANG), Ok(Some(_))) {}
                std::thread::sleep(PAUSE);
            }
        }
        ExitCode::SUCCESS
    }

    /// Kills all other processes, those that come meanwhile too; each is reaped as any.
    fn end_all(&self) {
        for _ in 0..ROUNDS {
            let left = self.others();
            if left.is_empty() {
                break;
            }
            kill_all(&left);
            std::thread::sleep(PAUSE);
        }
    }

    /// Reaps what has ended, and reports it; returns whether nothing is left.
    fn reap(&self, kept: &mut Kept) -> bool {
        let nothing_left = loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if Some(pid) == kept.first => {
                    kept.first = None;
                    kept.ended = Some(death(status));
                }
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        // Whether it had become the program is known when the pipe has said so.
        if kept.status.is_some() {
            return false;
        }
        let told = kept.ended.take().map(|how| {
            let left = if nothing_left { 0 } else { self.others().len() };
            self.say(&KeeperWord::Exited(how, u32::try_from(left).unwrap_or(u32::MAX)));
            left
        });
        if nothing_left && told != Some(0) {
            self.say(&KeeperWord::Gone);
        }
        nothing_left
    }

    /// The processes of the program that have not ended.
    fn others(&self) -> Vec<Pid> {
        let own = rustix::process::getpid();
        let all = processes().filter(|process| process.state != 'Z');
        if self.contained {
            return all.map(|process| process.pid).filter(|pid| *pid != own).collect();
        }
        let all: Vec<ProcessLine> = all.collect();
        let mut found = vec![own];
        let mut next = 0;
        while let Some(parent) = found.get(next).copied() {
            found.extend(
                all.iter()
                    .filter(|process| process.parent == parent.as_raw_nonzero().get())
                    .map(|child| child.pid),
            );
            next += 1;
        }
        found.split_off(1)
    }

    /// Makes the mounts that the program is to find; returns the directory of its files, where it has some.
    fn surroundings(&self, mounts: bool) -> Result<Option<PathBuf>, String> {
        let spec = &self.spec;
        if !mounts {
            return match spec.files.is_empty() {
                true => Ok(None),
                false => Err("its files have no place: a mount namespace is not available".into()),
            };
        }
        let note = |what: &str, error: Errno| self.say(&KeeperWord::Note(format!("{what}: {error}")));
        if let Err(error) = mounts::make_private() {
            note(
                "the program's mounts are the machine's: they could not be made private",
                error,
            );
            return Ok(None);
        }
        if self.contained
            && let Err(error) = mounts::proc()
        {
            note("/proc shows the program the machine's processes, not its own", error);
        }
        let place = mounts::free_place(spec.cwd.as_deref());
        if let Err(error) = mounts::names(&place, &spec.hosts) {
            self.say(&KeeperWord::Note(format!("{NO_NAMES}: {error}")));
        }
        if spec.files.is_empty() {
            return Ok(None);
        }
        let written = mounts::tmpfs(&place)
            .map_err(io::Error::from)
            .and_then(|()| self.write_files(&place));
        written.map_err(|error| format!("its files were not written: {error}"))?;
        Ok(Some(place))
    }

    fn write_files(&self, place: &Path) -> io::Result<()> {
        let own = |path: &Path| match &self.spec.user {
            Some(user) => chown(path, Some(user.uid), Some(user.gid)),
            None => Ok(()),
        };
        own(place)?;
        for (name, contents) in &self.spec.files {
            let mut path = place.to_owned();
            let mut parts = Path::new(name).components().peekable();
            while let Some(part) = parts.next() {
                let std::path::Component::Normal(part) = part else {
                    return Err(io::Error::other(format!(
                        "the name {name:?} leads out of their directory"
                    )));
                };
                path.push(part);
                if parts.peek().is_some() && !path.is_dir() {
                    fs::create_dir(&path)?;
                    own(&path)?;
                }
            }
            fs::write(&path, contents)?;
            if contents.starts_with("#!") {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
            }
            own(&path)?;
        }
        Ok(())
    }

    /// Becomes the program; returns why not, in a sentence.
    fn become_program(&self, directory: Option<&Path>) -> String {
        let spec = &self.spec;
        let prepared = self.prepare();
        if let Err(error) = prepared {
            return format!("its surroundings could not be made: {error}");
        }
        let cwd = match (directory, &spec.cwd) {
            (Some(directory), Some(cwd)) => Some(directory.join(cwd)),
            (Some(directory), None) => Some(directory.to_owned()),
            (None, cwd) => cwd.clone(),
        };
        if let Some(cwd) = &cwd
            && let Err(error) = std::env::set_current_dir(cwd)
        {
            return format!("the working directory {} is not available: {error}", cwd.display());
        }
        let mut env = spec.env.clone();
        if cwd.is_some()
            && let Ok(cwd) = std::env::current_dir()
        {
            env.retain(|(name, _)| name != "PWD");
            env.push(("PWD".into(), cwd.to_string_lossy().into_owned()));
        }
        let Some((name, arguments)) = spec.words.split_first() else {
            return "there is no command".into();
        };
        let path = env.iter().find(|(name, _)| name == "PATH").map_or("", |(_, path)| path);
        let program = match lookup::program(name, path) {
            Ok(program) => program,
            Err(why) => return why,
        };
        let error = Command::new(&program)
            .arg0(name)
            .args(arguments)
            .env_clear()
            .envs(env)
            .exec();
        lookup::why_not(&program, &error)
    }

    /// A session, standard streams, signals and a user of its own.
    fn prepare(&self) -> io::Result<()> {
        rustix::process::setsid()?;
        if self.spec.terminal {
            rustix::process::ioctl_tiocsctty(io::stdout())?;
            fork::put_in_place(io::stdout().as_fd(), 0)?;
        } else if self.spec.stdin.is_empty() {
            fork::put_in_place(fs::File::open("/dev/null")?.as_fd(), 0)?;
        } else {
            fork::put_in_place(pipe_of(&self.spec.stdin)?.as_fd(), 0)?;
        }
        let reset =
            |result: crate::os::sock::SysResult<()>| result.map_err(|errno| io::Error::from_raw_os_error(errno.0));
        reset(signal::reset_inherited())?;
        reset(signal::reset_interrupts())?;
        reset(signal::set_sigpipe(Sigpipe::Default).map(drop))?;
        self.spec.user.as_ref().map_or(Ok(()), Credentials::take_on)
    }
}

impl Credentials {
    /// Has the process, which must have one thread, be that user's from here on.
    ///
    /// # Errors
    ///
    /// The errno of `setgroups(2)` or `setresuid(2)`: `EPERM` for who is not root.
    pub(super) fn take_on(&self) -> io::Result<()> {
        let groups: Vec<Gid> = self.groups.iter().map(|group| Gid::from_raw(*group)).collect();
        let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
        set_thread_groups(&groups)?;
        set_thread_res_gid(gid, gid, gid)?;
        set_thread_res_uid(uid, uid, uid)?;
        Ok(())
    }
}

/// Returns the end to read of a pipe that has this text in it, and then ends.
fn pipe_of(text: &str) -> io::Result<OwnedFd> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    // A user with many pipes gets small ones (`pipe-user-pages-soft`).
    let _ = rustix::pipe::fcntl_setpipe_size(&write, LONGEST_STDIN);
    rustix::io::ioctl_fionbio(&write, true)?;
    match rustix::io::write(&write, text.as_bytes())? {
        n if n == text.len() => Ok(read),
        n => Err(io::Error::other(format!(
            "only {n} bytes of its input have room in a pipe"
        ))),
    }
}

fn death(status: WaitStatus) -> Death {
    match status.terminating_signal() {
        Some(signal) => Death::Signal(signal),
        None => Death::Exited(status.exit_status().unwrap_or(0)),
    }
}

fn kill_all(pids: &[Pid]) {
    for pid in pids {
        // One that has ended meanwhile is what was wanted.
        let _ = fork::kill(*pid, libc::SIGKILL);
    }
}

/// A process in its own line of procfs.
struct ProcessLine {
    pid: Pid,
    state: char,
    parent: i32,
}

/// The processes that /proc shows.
fn processes() -> impl Iterator<Item = ProcessLine> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        let line = fs::read_to_string(entry.path().join("stat")).ok()?;
        let mut fields = stat::after_name(&line)?;
        Some(ProcessLine {
            pid,
            state: fields.next()?.chars().next()?,
            parent: fields.next()?.parse().ok()?,
        })
    })
}
