//! The thread that attends to one program: it hears the keeper, reads what the program writes, has strace look on where that is wanted, and
//! hands all of it to the driver, in order.
//!
//! A program that writes more than anybody reads is not held up by that: its pipe is emptied all the same, and the lines are counted. For
//! how fast it is emptied there is a limit, for a program that does nothing but write would have this thread take a CPU, too.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, AsRawFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendFlags, recvmsg, send};
use rustix::pipe::{PipeFlags, pipe_with};
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use super::keeper::{KeeperOrder, KeeperWord};
use super::processes::is_traced;
use super::{ProgramWord, ProgramWords};
use crate::event::Death;
use crate::lines::{LineReader, RawLine};
use crate::os::signal::die_with_parent;
use crate::strace::{self, ProgramStraceReader};
use finwait_model::clock::MonoTime;
use finwait_model::program::{OutputStream, ProgramNo};

/// The most bytes that are read without a pause.
const MUCH: usize = 64 << 10;
/// The pause after that: so 50 MB a second at most are read of a pipe.
const BREATH: Duration = Duration::from_millis(5);
/// The time that strace gets to look on before the program is started without it.
const STRACE_PATIENCE: Duration = Duration::from_secs(5);

/// The attendant.
pub(super) struct Attendant {
    no: ProgramNo,
    control: Option<OwnedFd>,
    out: LineReader,
    err: LineReader,
    allowance: Allowance,
    /// The program's name where it has no terminal, until it has asked for one.
    without_terminal: Option<String>,
    strace: Option<PathBuf>,
    tracer: Option<Tracer>,
    words: SyncSender<ProgramWords>,
    wake: Arc<OwnedFd>,
    /// What is yet to be handed over.
    said: Vec<ProgramWord>,
    /// How far the program is.
    stage: Stage,
}

/// How far a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The program is yet to come.
    Coming,
    /// The program's first process runs.
    Running,
    /// Others of it do.
    Left,
    /// None does.
    Over,
}

/// A strace that looks on, and its output.
struct Tracer {
    child: Child,
    output: OwnedFd,
    reader: ProgramStraceReader,
}

/// The driver is gone, and nobody hears any more.
struct Unheard;

impl Attendant {
    /// Attends to a program whose keeper is at the other end of `control`.
    pub(super) fn new(
        no: ProgramNo,
        control: OwnedFd,
        (out, err): (LineReader, LineReader),
        without_terminal: Option<String>,
        strace: Option<PathBuf>,
        words: SyncSender<ProgramWords>,
        wake: Arc<OwnedFd>,
    ) -> Attendant {
        Attendant {
            no,
            control: Some(control),
            out,
            err,
            allowance: Allowance::new(MonoTime::now()),
            without_terminal,
            strace,
            tracer: None,
            words,
            wake,
            said: Vec::new(),
            stage: Stage::Coming,
        }
    }

    /// Attends until the last process of the program has ended.
    pub(super) fn attend(mut self) {
        while self.stage != Stage::Over && self.turn().is_ok() {}
        if let Some(tracer) = &mut self.tracer {
            let _ = tracer.child.kill();
            let _ = tracer.child.wait();
        }
    }

    fn turn(&mut self) -> Result<(), Unheard> {
        let (ready, control) = self.wait();
        if control {
            self.hear();
        }
        let read = if ready { self.read() } else { 0 };
        self.hand_over()?;
        if read > MUCH {
            self.breathe();
        }
        Ok(())
    }

    /// Waits until there is something to read, and returns whether there may be, and whether the keeper has said something.
    fn wait(&self) -> (bool, bool) {
        let control = self.control.as_ref();
        let mut fds: Vec<PollFd<'_>> = Vec::with_capacity(4);
        fds.extend(control.map(|control| PollFd::from_borrowed_fd(control.as_fd(), PollFlags::IN)));
        // What it writes at once is heard after the news that it runs, which may come later.
        let runs = self.stage != Stage::Coming;
        let readers = [&self.out, &self.err]
            .into_iter()
            .filter(|_| runs)
            .filter_map(LineReader::from);
        fds.extend(readers.map(|from| PollFd::from_borrowed_fd(from.as_fd(), PollFlags::IN)));
        let tracer = self
            .tracer
            .as_ref()
            .filter(|_| runs)
            .map(|tracer| tracer.output.as_fd());
        fds.extend(tracer.map(|output| PollFd::from_borrowed_fd(output, PollFlags::IN)));
        // What was left out is told when its second is over.
        let timeout = self.allowance.owes().then(|| Timespec::try_from(SECOND).ok()).flatten();
        if poll(&mut fds, timeout.as_ref()).is_err() {
            return (false, false);
        }
        let is_ready = |fd: &PollFd<'_>| !fd.revents().is_empty();
        match (control, fds.split_first()) {
            (Some(_), Some((first, rest))) => (rest.iter().any(is_ready), is_ready(first)),
            _ => (fds.iter().any(is_ready), false),
        }
    }

    /// Lets a program that writes without end write for a moment unheard; its keeper is heard.
    fn breathe(&self) {
        let Some(control) = &self.control else { return };
        let mut fds = [PollFd::from_borrowed_fd(control.as_fd(), PollFlags::IN)];
        let breath = Timespec::try_from(BREATH).ok();
        let _ = poll(&mut fds, breath.as_ref());
    }

    /// Reads what the program has written, and what strace has; returns the number of bytes of the former.
    fn read(&mut self) -> usize {
        let now = MonoTime::now();
        let Attendant {
            out,
            err,
            allowance,
            said,
            ..
        } = self;
        let mut read = 0;
        for (reader, stream) in [(out, OutputStream::Stdout), (err, OutputStream::Stderr)] {
            read += reader.take(|line| said.extend(allowance.of(line, stream, now)));
        }
        self.note_a_wish_for_a_terminal();
        if let Some(tracer) = &mut self.tracer {
            tracer.read(&mut self.said);
        }
        self.said.extend(self.allowance.left_out(now));
        read
    }

    /// Says how a program has a terminal, once it has complained that it has none.
    fn note_a_wish_for_a_terminal(&mut self) {
        let wishes = |word: &ProgramWord| matches!(word, ProgramWord::Output(_, line) if asks_for_a_terminal(line));
        if self.without_terminal.is_some()
            && self.said.iter().any(wishes)
            && let Some(name) = self.without_terminal.take()
        {
            self.said.push(ProgramWord::Note(format!(
                "{name} asks for a terminal and has none: run terminal=yes {name} ... gives it one"
            )));
        }
    }

    /// Hears the keeper.
    fn hear(&mut self) {
        let Some((word, sender)) = self.control.as_ref().and_then(next) else {
            return self.lost();
        };
        match word {
            KeeperWord::Here => {
                self.said.extend(sender.map(ProgramWord::Here));
                if let (Some(strace), Some(pid)) = (self.strace.take(), sender) {
                    self.trace(strace, pid);
                }
            }
            KeeperWord::Started => {
                self.stage = Stage::Running;
                self.said.push(ProgramWord::Started);
            }
            KeeperWord::NotStarted(why) => {
                self.stage = Stage::Over;
                self.said.push(ProgramWord::NotStarted(why));
            }
            KeeperWord::Exited(how, left) => {
                self.stage = if left == 0 { Stage::Over } else { Stage::Left };
                self.last_words(left == 0);
                self.said.push(ProgramWord::Exited(how, left));
            }
            KeeperWord::Gone => {
                self.stage = Stage::Over;
                self.last_words(true);
                self.said.push(ProgramWord::Gone);
            }
            KeeperWord::Note(note) => self.said.push(ProgramWord::Note(note)),
        }
    }

    /// The keeper is gone, and all of the program with it.
    fn lost(&mut self) {
        self.control = None;
        self.last_words(true);
        let killed = Death::Signal(libc::SIGKILL);
        self.said.push(match self.stage {
            Stage::Coming => ProgramWord::NotStarted("its keeper has ended before it".into()),
            Stage::Running => ProgramWord::Exited(killed, 0),
            Stage::Left | Stage::Over => ProgramWord::Gone,
        });
        self.stage = Stage::Over;
    }

    /// Reads what is left of the output; when `all` is over, a line without an end, too.
    fn last_words(&mut self, all: bool) {
        if all && let Some(tracer) = &mut self.tracer {
            // It ends by itself when there is nothing more to see, and writes all before.
            tracer.finish(&mut self.said);
        }
        // As much as a pipe holds at most.
        while self.read() > 0 && all {
            if self.said.len() > MOST_AT_ONCE {
                break;
            }
        }
        if all {
            let now = MonoTime::now();
            let Attendant {
                out,
                err,
                allowance,
                said,
                ..
            } = self;
            for (reader, stream) in [(out, OutputStream::Stdout), (err, OutputStream::Stderr)] {
                reader.end(|line| said.extend(allowance.of(line, stream, now)));
            }
            self.said.extend(self.allowance.rest());
        }
    }

    /// Has strace look on, and then lets the process become the program.
    fn trace(&mut self, strace: PathBuf, pid: u32) {
        match Tracer::start(strace, pid) {
            Ok(tracer) => self.tracer = Some(tracer),
            Err(why) => self
                .said
                .push(ProgramWord::Note(format!("its system calls are not seen: {why}"))),
        }
        if let (Some(control), Ok(go)) = (&self.control, serde_json::to_vec(&KeeperOrder::Go)) {
            let _ = send(control, &go, SendFlags::NOSIGNAL);
        }
    }

    fn hand_over(&mut self) -> Result<(), Unheard> {
        if self.said.is_empty() {
            return Ok(());
        }
        let said = std::mem::take(&mut self.said);
        self.words.send((self.no, said)).map_err(|_| Unheard)?;
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
        Ok(())
    }
}

/// The most lines that are handed over at once when a program has ended.
const MOST_AT_ONCE: usize = 1 << 16;

/// Does a line complain that standard input or output is no terminal, in the words of libc (`ENOTTY`), ncurses and others?
fn asks_for_a_terminal(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    let complaints = [
        "inappropriate ioctl for device",
        "not a tty",
        "not a terminal",
        "failed tty get",
        "error opening terminal",
        "must be a terminal",
        "must be run from a terminal",
        "requires a terminal",
        "no tty present",
    ];
    complaints.iter().any(|complaint| line.contains(complaint))
}

/// The keeper's next word, and the number of the process that has said it; none when it is gone.
fn next(control: &OwnedFd) -> Option<(KeeperWord, Option<u32>)> {
    let mut word = vec![0; 64 << 10];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
    loop {
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let message = recvmsg(
            control,
            &mut [IoSliceMut::new(&mut word)],
            &mut ancillary,
            RecvFlags::CMSG_CLOEXEC,
        );
        let n = match message {
            Ok(message) => message.bytes,
            Err(Errno::INTR) => continue,
            Err(_) => return None,
        };
        let sender = ancillary.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmCredentials(credentials) => {
                u32::try_from(credentials.pid.as_raw_nonzero().get()).ok()
            }
            _ => None,
        });
        if n == 0 {
            return None;
        }
        return Some((serde_json::from_slice(&word[..n]).ok()?, sender));
    }
}

impl Tracer {
    /// Starts strace on a process, and waits until it looks on.
    fn start(strace: PathBuf, pid: u32) -> Result<Tracer, String> {
        let (output, input) = pipe_with(PipeFlags::CLOEXEC).map_err(|error| format!("a pipe: {error}"))?;
        rustix::io::ioctl_fionbio(&output, true).map_err(|error| format!("a pipe: {error}"))?;
        let mut command = Command::new(strace);
        command
            .args(strace::PROGRAM_ARGUMENTS)
            .arg(format!("/proc/{}/fd/{}", std::process::id(), input.as_raw_fd()))
            .args(["-p", &pid.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        die_with_parent(&mut command);
        let mut child = command
            .spawn()
            .map_err(|error| format!("strace did not start: {error}"))?;
        let until = MonoTime::now().plus(STRACE_PATIENCE);
        while !is_traced(pid) {
            if child.try_wait().is_ok_and(|ended| ended.is_some()) {
                let said = LineReader::of(child.stderr.take()).last().join(" ");
                return Err(format!("strace has ended: {said}"));
            }
            if MonoTime::now() > until {
                let _ = child.kill();
                let _ = child.wait();
                return Err("strace does not look on".into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(Tracer {
            child,
            output,
            reader: ProgramStraceReader::default(),
        })
    }

    fn read(&mut self, said: &mut Vec<ProgramWord>) {
        let mut chunk = [0; 16 << 10];
        loop {
            match rustix::io::read(&self.output, &mut chunk) {
                Ok(n) if n > 0 => said.extend(self.reader.read(&chunk[..n]).into_iter().map(ProgramWord::Call)),
                Err(Errno::INTR) => {}
                Ok(_) | Err(_) => return,
            }
        }
    }

    /// Waits for its end, and reads what is left.
    fn finish(&mut self, said: &mut Vec<ProgramWord>) {
        let until = MonoTime::now().plus(STRACE_PATIENCE);
        while MonoTime::now() < until && self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.read(said);
            std::thread::sleep(Duration::from_millis(1));
        }
        self.read(said);
    }
}

const SECOND: Duration = Duration::from_secs(1);
/// The lines that a program may write at once.
const BURST: u32 = 1000;
/// The lines that it may write in a second beyond that.
const RATE: u32 = 200;

/// The lines that are told: so many a second; and how many were left out.
#[derive(Debug)]
struct Allowance {
    left: u32,
    since: MonoTime,
    left_out: u64,
    /// The number that was told last, and when.
    told: (u64, MonoTime),
}

impl Allowance {
    fn new(now: MonoTime) -> Allowance {
        Allowance {
            left: BURST,
            since: now,
            left_out: 0,
            told: (0, now),
        }
    }

    /// Returns the word about a line; none of an empty one, and of one that is left out.
    fn of(&mut self, line: &RawLine<'_>, stream: OutputStream, now: MonoTime) -> Option<ProgramWord> {
        if self.left == 0 {
            let more = now.since(self.since).as_millis() as u64 * u64::from(RATE) / 1000;
            if more > 0 {
                self.left = u32::try_from(more).unwrap_or(BURST).min(BURST);
                self.since = now;
            }
        }
        if self.left == 0 {
            self.left_out += 1;
            return None;
        }
        let text = line.text();
        if text.is_empty() {
            return None;
        }
        self.left -= 1;
        if self.left == 0 {
            self.since = now;
        }
        Some(ProgramWord::Output(stream, text))
    }

    /// Were lines left out of which nothing was told?
    const fn owes(&self) -> bool {
        self.left_out > self.told.0
    }

    /// Returns the word about lines that were left out, once a second.
    fn left_out(&mut self, now: MonoTime) -> Option<ProgramWord> {
        let is_due = self.told.0 == 0 || now.since(self.told.1) >= SECOND;
        self.told.1 = if is_due { now } else { self.told.1 };
        if is_due { self.rest() } else { None }
    }

    /// Returns the word about lines that were left out and not told.
    fn rest(&mut self) -> Option<ProgramWord> {
        let owes = self.owes();
        self.told.0 = self.left_out;
        owes.then_some(ProgramWord::Flooded(self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::PartialLine;

    #[test]
    fn a_flood_is_counted_and_what_comes_after_it_is_told() {
        let begin = MonoTime(1_000_000_000);
        let mut allowance = Allowance::new(begin);
        let mut told = |n: usize, now: MonoTime| {
            let mut words = Vec::new();
            PartialLine::default().take("x\n".repeat(n).as_bytes(), &mut |line: &RawLine<'_>| {
                words.extend(allowance.of(line, OutputStream::Stdout, now));
            });
            (words.len(), allowance.left_out(now))
        };
        assert_eq!(told(BURST as usize, begin), (BURST as usize, None));
        assert_eq!(told(10, begin), (0, Some(ProgramWord::Flooded(10))));
        assert_eq!(told(5, begin.plus(Duration::from_millis(1))), (0, None));
        let later = begin.plus(SECOND);
        assert_eq!(
            told(500, later),
            (
                RATE as usize,
                Some(ProgramWord::Flooded(10 + 5 + 500 - u64::from(RATE)))
            )
        );
        assert_eq!(told(1, later.plus(SECOND)), (1, None));
    }
}
