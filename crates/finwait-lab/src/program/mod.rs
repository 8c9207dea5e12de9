//! Programs of the user's own on a host: how each is started, heard, looked into, and ended.
//!
//! `surroundings` is what programs find, `shell` a shell that is opened beside them. `words` reads the command line, `lookup` finds the program, `keeper` is the process that gives it its surroundings and ends all of it,
//! `attendant` the thread that hears what it writes and what its keeper and strace say of it, `processes` who of it holds a socket.

mod attendant;
mod descriptors;
pub mod keeper;
mod lookup;
mod mounts;
pub mod processes;
pub mod shell;
pub mod surroundings;
pub mod words;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Mode, OFlags, open};
use rustix::net::{AddressFamily, SendFlags, Shutdown, SocketFlags, SocketType, send, shutdown};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use std::time::Duration;

use self::attendant::Attendant;
use self::keeper::{KeeperOrder, KeeperSpec};
use self::processes::ProgramProcesses;
use self::surroundings::Surroundings;
use crate::event::Death;
use crate::lines::LineReader;
use crate::role::Role;
use finwait_model::program::{OutputStream, ProgramNo, ProgramSpec};
use finwait_model::syscall::Syscall;

/// The most messages of programs that wait for the driver before their attendants wait for it.
pub const MOST_WAITING: usize = 64;
/// The time that a keeper gets to end its program before it is killed, which ends it too.
const END_PATIENCE: Duration = Duration::from_secs(3);

/// Something that a program has done, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramWord {
    /// The program's first process is there, which is yet to become it: the number.
    Here(u32),
    /// The program runs.
    Started,
    /// The program does not run: one sentence.
    NotStarted(String),
    /// The program wrote a line.
    Output(OutputStream, String),
    /// The program wrote more than is told: so many lines in all.
    Flooded(u64),
    /// One of its processes made a system call.
    Call(TracedCall),
    /// The program's first process has ended, and so many others go on.
    Exited(Death, u32),
    /// The last of them has ended.
    Gone,
    /// Something that the user should know.
    Note(String),
}

/// A system call of a program, as strace saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedCall {
    /// The thread that made it.
    pub thread: u32,
    /// The descriptor that it is about; none where it waits for several.
    pub fd: Option<i32>,
    /// The inode behind that.
    pub inode: Option<u64>,
    /// The descriptor of the socket that it has made, and the inode behind that.
    pub makes: Option<(i32, u64)>,
    /// The call and what it returned.
    pub made: Syscall,
}

/// The words of a program since the last time.
pub type ProgramWords = (ProgramNo, Vec<ProgramWord>);

/// A program that was just started, as its host's thread hands it over.
#[derive(Debug)]
pub struct SpawnedProgram {
    keeper: Child,
    control: OwnedFd,
    out: LineReader,
    err: LineReader,
    /// The program's name, where it has no terminal.
    without_terminal: Option<String>,
}

/// Starts a program in the calling thread's network namespace. It dies with that thread.
///
/// # Errors
///
/// One sentence, where the command line is none or its keeper did not start.
pub fn spawn(surroundings: &Surroundings, spec: &ProgramSpec) -> Result<SpawnedProgram, String> {
    let words = words::CommandLine::parse(&spec.run)?.into_words();
    spec.check()?;
    let (ours, theirs) =
        rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
            .map_err(|error| because("its control socket was not made", &error))?;
    // The kernel then says who has sent a word, by the number that we know the process by.
    rustix::net::sockopt::set_socket_passcred(&ours, true)
        .map_err(|error| because("its control socket was not made (SO_PASSCRED)", &error))?;
    let mut command = Role::Program
        .command(&surroundings.own)
        .map_err(|error| error.to_string())?;
    command
        .stdin(Stdio::from(theirs))
        // A Ctrl-C at the terminal is for finwait, which ends its programs itself.
        .process_group(0);
    let master = if spec.terminal {
        let (master, terminal) =
            terminal(surroundings).map_err(|error| because("its terminal was not made", &error))?;
        let second = terminal
            .try_clone()
            .map_err(|error| because("its terminal was not made", &error))?;
        command.stdout(Stdio::from(terminal)).stderr(Stdio::from(second));
        Some(master)
    } else {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        None
    };
    let mut keeper = command
        .spawn()
        .map_err(|error| because("its keeper did not start", &error))?;
    // What is left of the terminal's other end in the command would keep it open.
    drop(command);
    let (out, err) = match master {
        Some(master) => (LineReader::of_terminal(master), LineReader::of(None::<OwnedFd>)),
        None => (
            LineReader::of(keeper.stdout.take()),
            LineReader::of(keeper.stderr.take()),
        ),
    };
    let without_terminal = words.first().filter(|_| !spec.terminal).cloned();
    let asked = KeeperSpec {
        words,
        env: surroundings.environment(&spec.env),
        cwd: spec.cwd.clone(),
        files: spec.files.clone(),
        stdin: spec.stdin.clone().unwrap_or_default(),
        terminal: spec.terminal,
        hosts: surroundings.lab.hosts.clone(),
        user: surroundings.credentials(),
        waits: surroundings.strace.is_some(),
    };
    if let Err(error) = keeper::send_spec(ours.as_fd(), &asked) {
        let _ = keeper.kill();
        let _ = keeper.wait();
        return Err(because("its keeper did not take its orders", &error));
    }
    Ok(SpawnedProgram {
        keeper,
        control: ours,
        out,
        err,
        without_terminal,
    })
}

/// Returns in a sentence what did not come about, and why.
fn because(what: &str, error: &dyn std::fmt::Display) -> String {
    format!("{what}: {error}")
}

/// Makes a terminal of the usual size: our end and the program's.
fn terminal(surroundings: &Surroundings) -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = ptsname(&master, Vec::new())?;
    let terminal = open(&name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    let size = Winsize {
        ws_row: 24,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&terminal, size)?;
    if let Some(user) = &surroundings.user {
        let owner = Some(rustix::fs::Uid::from_raw(user.uid));
        rustix::fs::fchown(&terminal, owner, None)?;
    }
    Ok((master, terminal))
}

/// A program that runs, as the driver holds it.
#[derive(Debug)]
pub struct Program {
    keeper: Child,
    control: OwnedFd,
    attendant: Option<JoinHandle<()>>,
    /// The program's processes, once the first is there.
    pub processes: Option<ProgramProcesses>,
    /// Does strace look on?
    pub is_traced: bool,
}

impl Program {
    /// Takes over a program that was just started; its words go to `words`, and `wake` is written to when there are some.
    ///
    /// # Errors
    ///
    /// One sentence, where the thread that hears it did not start.
    pub fn adopt(
        spawned: SpawnedProgram,
        no: ProgramNo,
        surroundings: &Surroundings,
        words: SyncSender<ProgramWords>,
        wake: Arc<OwnedFd>,
    ) -> Result<Program, String> {
        let SpawnedProgram {
            keeper,
            control,
            out,
            err,
            without_terminal,
        } = spawned;
        let mut program = Program {
            keeper,
            attendant: None,
            control,
            processes: None,
            is_traced: surroundings.strace.is_some(),
        };
        let control = program
            .control
            .try_clone()
            .map_err(|error| format!("its control socket: {error}"))?;
        let attendant = Attendant::new(
            no,
            control,
            (out, err),
            without_terminal,
            surroundings.strace.clone(),
            words,
            wake,
        );
        let thread = std::thread::Builder::new()
            .name(format!("program {no}"))
            .spawn(move || attendant.attend());
        program.attendant = Some(thread.map_err(|error| format!("the thread that hears it did not start: {error}"))?);
        Ok(program)
    }

    /// The process number of its keeper.
    pub fn keeper(&self) -> u32 {
        self.keeper.id()
    }

    /// Sends its keeper an order; one that is gone has said why.
    pub fn order(&self, order: KeeperOrder) {
        if let Ok(order) = serde_json::to_vec(&order) {
            let _ = send(&self.control, &order, SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The keeper's socket ends, and all of the program with it; the attendant's, too, which is one with ours.
        let _ = shutdown(&self.control, Shutdown::Both);
        if let Ok(pidfd) = pidfd_open(Pid::from_child(&self.keeper), PidfdFlags::empty()) {
            let mut fds = [PollFd::from_borrowed_fd(pidfd.as_fd(), PollFlags::IN)];
            let most = Timespec::try_from(END_PATIENCE).ok();
            let _ = poll(&mut fds, most.as_ref());
        }
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
        if let Some(attendant) = self.attendant.take() {
            let _ = attendant.join();
        }
    }
}
