//! Programs of the user's own on both hosts: which there are, how far each is, and what it wrote.

use std::collections::VecDeque;

use super::transcript::{EntryKind, ProgramEntry};
use super::{CommandError, IssuedCommand, LabKind, Session};
use crate::clock::MonoTime;
use crate::command::programs::ProgramName;
use crate::lab::event::{Death, LabRequest, ProgramEvent, ProgramNews};
use crate::program::{OutputStream, ProgramNo, ProgramSpec, SocketOwner};
use crate::side::Side;
use crate::signal::Signal;

/// The most lines of a program that are kept.
pub const LINES_KEPT: usize = 1000;

/// A program of the user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The number.
    pub no: ProgramNo,
    /// The host that it runs on.
    pub side: Side,
    /// The name, which no other program of the run has.
    pub name: ProgramName,
    /// The command line, and what was given along.
    pub spec: ProgramSpec,
    /// The stage that it has reached.
    pub state: ProgramState,
    /// The lines that it wrote, the newest last; of more than [`LINES_KEPT`] lines the last ones.
    pub lines: VecDeque<OutputLine>,
    /// The signal that was sent to it last.
    pub signalled: Option<Signal>,
    /// The lines that the lab left out, because it wrote more than is read.
    pub left_out: u64,
    /// The program that it takes the place of, and whose end it waits for.
    after: Option<ProgramNo>,
}

/// A line that a program wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputLine {
    /// The stream.
    pub stream: OutputStream,
    /// The line, without control characters.
    pub text: String,
}

/// The stage that a program has reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramState {
    /// The program was asked for.
    Starting,
    /// The program's first process runs.
    Running {
        /// The process number.
        pid: u32,
    },
    /// The program did not start: one sentence.
    NotStarted(String),
    /// The program's first process has ended.
    Exited {
        /// The process number; none of one whose start was not told.
        pid: Option<u32>,
        /// The way in which it ended.
        how: Death,
        /// The processes of it that go on.
        left: u32,
    },
}

impl Program {
    /// Does a process of it run, or is one about to?
    pub const fn is_alive(&self) -> bool {
        match &self.state {
            ProgramState::Starting | ProgramState::Running { .. } => true,
            ProgramState::Exited { left, .. } => *left > 0,
            ProgramState::NotStarted(_) => false,
        }
    }

    /// The end of its first process; none while it runs, and of one that did not start.
    pub const fn exited(&self) -> Option<Death> {
        match &self.state {
            ProgramState::Exited { how, .. } => Some(*how),
            _ => None,
        }
    }

    /// The number of its first process, also when that has ended.
    pub const fn pid(&self) -> Option<u32> {
        match &self.state {
            ProgramState::Running { pid } => Some(*pid),
            ProgramState::Exited { pid, .. } => *pid,
            ProgramState::Starting | ProgramState::NotStarted(_) => None,
        }
    }

    /// Returns whether it has written a line with that text in it, upper and lower case being the same.
    pub fn has_said(&self, text: &str) -> bool {
        self.lines.iter().any(|line| contains(&line.text, text))
    }

    /// Returns how far it is, in words: `runs, pid 4711`, `runs, pid 4711 (SIGTERM was sent)`, `exited with status 56`.
    pub fn words(&self) -> String {
        let sent = match (&self.state, self.signalled) {
            (_, None) => String::new(),
            // That tells of it; and no program ends on the others.
            (ProgramState::Exited { how, .. }, Some(signal))
                if *how == Death::Signal(signal.0) || [libc::SIGSTOP, libc::SIGCONT].contains(&signal.0) =>
            {
                String::new()
            }
            (_, Some(signal)) => format!(" ({signal} was sent)"),
        };
        match &self.state {
            ProgramState::Starting => format!("is starting{sent}"),
            ProgramState::Running { pid } => format!("runs, pid {pid}{sent}"),
            ProgramState::NotStarted(why) => format!("did not start: {why}"),
            ProgramState::Exited { how, left: 0, .. } => format!("{}{sent}", how.verb()),
            ProgramState::Exited { how, left: 1, .. } => format!("{}{sent}, and one process of it goes on", how.verb()),
            ProgramState::Exited { how, left, .. } => {
                format!("{}{sent}, and {left} processes of it go on", how.verb())
            }
        }
    }

    /// Returns the same without the reason why it did not start, which stands in the transcript.
    pub fn brief(&self) -> String {
        match &self.state {
            ProgramState::NotStarted(_) => "did not start".into(),
            _ => self.words(),
        }
    }

    /// Returns the name, how far it is, and the last line that it wrote: `curl exited with status 56; its last line: curl: (56) ...`.
    pub fn summary(&self) -> String {
        let last = self.last_line();
        let last = last.map_or_else(String::new, |line| format!("; its last line: {line}"));
        format!("{} {}{last}", self.name, self.words())
    }

    /// Returns the last line that it wrote, to stand behind a sentence about it; none where it wrote nothing.
    pub fn last_line(&self) -> Option<&str> {
        let said = |line: &&OutputLine| !line.text.trim().is_empty();
        self.lines.iter().rev().find(said).map(|line| line.text.as_str())
    }
}

/// Does a line have that text in it, upper and lower case being the same?
pub fn contains(line: &str, text: &str) -> bool {
    line.to_lowercase().contains(&text.to_lowercase())
}

/// The programs of both hosts, in the order in which they were asked for.
#[derive(Debug, Default)]
pub struct Programs {
    all: Vec<Program>,
}

impl Programs {
    /// Returns those of both hosts, the oldest first.
    pub fn all(&self) -> &[Program] {
        &self.all
    }

    /// Returns those of a host, the oldest first.
    pub fn of(&self, side: Side) -> impl DoubleEndedIterator<Item = &Program> {
        self.all.iter().filter(move |program| program.side == side)
    }

    /// The program of that number.
    pub fn get(&self, no: ProgramNo) -> Option<&Program> {
        self.all.get((no.0 as usize).checked_sub(1)?)
    }

    fn get_mut(&mut self, no: ProgramNo) -> Option<&mut Program> {
        self.all.get_mut((no.0 as usize).checked_sub(1)?)
    }

    /// The program of that name.
    pub fn named(&self, name: &ProgramName) -> Option<&Program> {
        self.all.iter().find(|program| program.name == *name)
    }

    /// Names a process so that it is told from those of an earlier program of the same command: `curl2` of the second curl that was
    /// started, `curl of sh2` of a process of its.
    pub(super) fn tell_apart(&self, process: &mut SocketOwner) {
        let Some(program) = process.program.and_then(|no| self.get(no)) else {
            return;
        };
        let of_command = ProgramName::of_command(&program.spec.run);
        if program.name == of_command {
            return;
        }
        process.name = match of_command.as_str().starts_with(&process.name) {
            true => program.name.to_string(),
            false => format!("{} of {}", process.name, program.name),
        };
    }

    /// Does one run on that host, or has one?
    pub fn ran_on(&self, side: Side) -> bool {
        self.of(side).next().is_some()
    }

    /// Does one run on either host?
    pub fn run(&self) -> bool {
        self.all.iter().any(Program::is_alive)
    }

    /// The one that was asked for last.
    pub fn newest(&self) -> Option<&Program> {
        self.all.last()
    }

    /// Puts a program on record: its number.
    fn add(&mut self, side: Side, spec: ProgramSpec, after: Option<ProgramNo>) -> ProgramNo {
        let of_command = ProgramName::of_command(&spec.run);
        let names = (0..).map(|others| of_command.after(others));
        let free = |name: &ProgramName| self.named(name).is_none();
        let name = names.into_iter().find(free).unwrap_or(of_command);
        let no = ProgramNo(self.all.len() as u32 + 1);
        self.all.push(Program {
            no,
            side,
            name,
            spec,
            state: ProgramState::Starting,
            lines: VecDeque::new(),
            signalled: None,
            left_out: 0,
            after,
        });
        no
    }

    /// The one of a host that a command means: the one that is named, or the newest that `fits`.
    ///
    /// # Errors
    ///
    /// There is none: one sentence.
    pub fn meant(
        &self,
        side: Side,
        name: Option<&ProgramName>,
        fits: fn(&Program) -> bool,
    ) -> Result<&Program, CommandError> {
        let Some(name) = name else {
            let newest = self.of(side).rev().find(|program| fits(program));
            return newest.ok_or_else(|| {
                let why = match self.of(side).next_back() {
                    None => format!("no program was started on the {side}'s host: {side} run COMMAND starts one"),
                    Some(last) => format!("no program runs on the {side}'s host: {} {}", last.name, last.words()),
                };
                CommandError::Impossible(why)
            });
        };
        match self.named(name) {
            Some(program) if program.side == side => Ok(program),
            Some(program) => Err(CommandError::Impossible(format!(
                "{name} is on the {}'s host, not on the {side}'s",
                program.side
            ))),
            None => {
                let names: Vec<&str> = self.of(side).map(|program| program.name.as_str()).collect();
                let has = match names.as_slice() {
                    [] => "no program was started there".into(),
                    names => format!("it has {}", names.join(", ")),
                };
                Err(CommandError::Unknown(
                    name.to_string(),
                    format!("the {side}'s host has no program {name}: {has}"),
                ))
            }
        }
    }
}

impl Session {
    /// Has a program started on that host.
    pub(super) fn run_program(&mut self, side: Side, spec: &ProgramSpec) -> Result<IssuedCommand, CommandError> {
        if let LabKind::Loopback(_) = self.lab.kind {
            return Err(CommandError::Impossible(
                "programs of your own run on a host of the isolated lab: the loopback lab has none, and no wire".into(),
            ));
        }
        let no = self.programs.add(side, spec.clone(), None);
        Ok(requests([LabRequest::Run(side, no, spec.clone())]))
    }

    pub(super) fn signal_program(
        &mut self,
        side: Side,
        signal: Signal,
        name: Option<&ProgramName>,
    ) -> Result<IssuedCommand, CommandError> {
        let no = self.living(side, name)?.no;
        if let Some(program) = self.programs.get_mut(no) {
            program.signalled = Some(signal);
        }
        Ok(requests([LabRequest::Signal(no, signal.0)]))
    }

    pub(super) fn kill_program(&self, side: Side, name: Option<&ProgramName>) -> Result<IssuedCommand, CommandError> {
        let program = self.living(side, name)?;
        Ok(requests([LabRequest::EndProgram(program.no)]))
    }

    /// The program that is named, or the newest, if it runs.
    fn living(&self, side: Side, name: Option<&ProgramName>) -> Result<&Program, CommandError> {
        let program = self.programs.meant(side, name, Program::is_alive)?;
        if program.is_alive() {
            return Ok(program);
        }
        let (name, words) = (&program.name, program.words());
        Err(CommandError::Impossible(format!("{name} runs no more: it {words}")))
    }

    pub(super) fn restart_program(
        &mut self,
        side: Side,
        name: Option<&ProgramName>,
    ) -> Result<IssuedCommand, CommandError> {
        let program = self.programs.meant(side, name, |_| true)?;
        let (no, spec, runs) = (program.no, program.spec.clone(), program.is_alive());
        let again = self.programs.add(side, spec.clone(), runs.then_some(no));
        // What runs still has its port: the new one waits for its end.
        Ok(requests([match runs {
            true => LabRequest::EndProgram(no),
            false => LabRequest::Run(side, again, spec),
        }]))
    }

    /// Takes in news of a program; what follows from it.
    pub(super) fn program_news(&mut self, at: MonoTime, event: ProgramEvent) -> Vec<LabRequest> {
        let why = match &event.what {
            ProgramNews::Output { line, .. } => self.why_of_line(event.side, event.program, line),
            _ => None,
        };
        if let Some(program) = self.programs.get_mut(event.program) {
            match &event.what {
                ProgramNews::Started { pid } => program.state = ProgramState::Running { pid: *pid },
                ProgramNews::NotStarted { why } => program.state = ProgramState::NotStarted(why.clone()),
                ProgramNews::Output { stream, line } => {
                    if program.lines.len() == LINES_KEPT {
                        program.lines.pop_front();
                    }
                    program.lines.push_back(OutputLine {
                        stream: *stream,
                        text: line.clone(),
                    });
                }
                ProgramNews::Flooded { left_out } => program.left_out = *left_out,
                ProgramNews::Exited { how, left } => {
                    program.state = ProgramState::Exited {
                        pid: program.pid(),
                        how: *how,
                        left: *left,
                    };
                }
                ProgramNews::Gone => {
                    if let ProgramState::Exited { left, .. } = &mut program.state {
                        *left = 0;
                    }
                }
            }
        }
        let program = self.programs.get(event.program);
        let entry = ProgramEntry {
            name: program.map(|program| program.name.to_string()),
            pid: program
                .and_then(Program::pid)
                .filter(|_| !matches!(event.what, ProgramNews::Started { .. })),
            command: matches!(event.what, ProgramNews::Started { .. })
                .then(|| program.map(|program| program.spec.run.clone()))
                .flatten(),
            why,
            event,
        };
        let over = program.filter(|program| !program.is_alive()).map(|program| program.no);
        self.transcript.push(at, EntryKind::Program(Box::new(entry)));
        let waits = |program: &&mut Program| program.after.is_some() && program.after == over;
        let next = self.programs.all.iter_mut().find(waits);
        next.map(|program| {
            program.after = None;
            LabRequest::Run(program.side, program.no, program.spec.clone())
        })
        .into_iter()
        .collect()
    }
}

fn requests<const N: usize>(requests: [LabRequest; N]) -> IssuedCommand {
    IssuedCommand {
        requests: requests.into(),
        root: None,
    }
}
