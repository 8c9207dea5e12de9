//! Commands carried out one after the other, each until its call has returned and both hosts are quiet.

use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use super::source::{CommandSource, understand};
use crate::call::CallId;
use crate::clock::MonoTime;
use crate::command::{Command, EndCommand};
use crate::headless::printer::{Printer, Printing};
use crate::headless::refused::{RefusedCommand, RunStatus};
use crate::lab::event::Death;
use crate::lab::{COMPILE_PATIENCE, LocalLab as Lab, PROCESS_PATIENCE};
use crate::live::{Input, InputLine, Live, WaitOutcome};
use crate::session::lineup::{FirstProgram, LineupStatus, ProgramFailed, ProgramFailure};
use crate::session::progress::{CommandProgress, CommandResult};
use crate::session::{CommandError, PendingCall, Session};
use crate::side::{Ends, Side};

/// The time that a change gets which may not come: it has come once all is quiet, for which each command waits.
const NO_PATIENCE: Duration = Duration::ZERO;

/// The longest that goes by without a look at the clock while programs are yet to be ready.
const LOOK: Duration = Duration::from_millis(100);

/// Runs commands one after the other.
pub(super) struct Runner<'a, W: Write> {
    live: Live<'a>,
    source: CommandSource,
    printer: Printer<W>,
    patience: Duration,
    /// The calls that were reported as blocked since the last command began.
    told_blocked: HashSet<CallId>,
}

impl<'a, W: Write> Runner<'a, W> {
    /// A runner of the commands of `source`, which waits at most `patience` for each.
    pub(super) fn new(
        session: Session,
        lab: &'a Lab,
        inbox: Receiver<Input>,
        source: CommandSource,
        out: W,
        printing: Printing,
        patience: Duration,
    ) -> Self {
        Runner {
            live: Live::new(session, lab, inbox),
            source,
            printer: Printer::new(out, printing),
            patience,
            told_blocked: HashSet::new(),
        }
    }

    /// Waits until both endpoints are up.
    ///
    /// # Errors
    ///
    /// The output cannot be written, or the lab's thread is gone. The inner error is one sentence about the endpoint that is not up.
    pub(super) fn start(&mut self) -> io::Result<Result<(), String>> {
        let started = self.live.start()?;
        self.print_new()?;
        Ok(started)
    }

    /// Begins with these programs, and waits until those that can start are ready.
    ///
    /// # Errors
    ///
    /// The output cannot be written, or the lab's thread is gone. The inner error is one sentence about the program that is not ready.
    pub(super) fn begin_with(&mut self, programs: Ends<Vec<FirstProgram>>) -> io::Result<Result<(), String>> {
        match self.live.session.line_up(programs, MonoTime::now()) {
            Ok(issued) => self.live.send(issued.requests),
            Err(why) => return Ok(Err(why.to_string())),
        }
        loop {
            self.print_new()?;
            match self.live.session.lineup(MonoTime::now()) {
                LineupStatus::Starting => {}
                LineupStatus::Ready | LineupStatus::NobodyListens => return Ok(Ok(())),
                LineupStatus::Failed(failed) => return Ok(Err(self.not_begun(&failed))),
            }
            self.live.take(Some(Instant::now() + LOOK))?;
        }
    }

    /// Says what has failed of the programs that it began with, what was not started because of it, and what to do instead.
    fn not_begun(&self, failed: &ProgramFailed) -> String {
        let waiting = self.live.session.not_started();
        let instead = match failed.kind {
            ProgramFailure::NotReady => {
                "; a program that need not listen is started by a command, \"server run COMMAND\", and awaited by \"server await output TEXT\""
            }
            ProgramFailure::Missing | ProgramFailure::Died => "",
        };
        let waiting = match waiting.is_empty() {
            true => String::new(),
            false => format!("; not started for that reason: {}", waiting.join(", ")),
        };
        format!("{}{waiting}{instead}", failed.why)
    }

    /// Returns, in one sentence, which of the programs that it began with were never started, because nothing listened.
    pub(super) fn not_started(&self) -> Option<String> {
        let waiting = match self.live.session.lineup(MonoTime::now()) {
            LineupStatus::NobodyListens => self.live.session.not_started(),
            LineupStatus::Ready | LineupStatus::Starting | LineupStatus::Failed(_) => Vec::new(),
        };
        let all = waiting.join(", ");
        (!waiting.is_empty()).then(|| format!("not started, because nothing listens on the server's host: {all}"))
    }

    /// The next command, none after the last. What happens until it comes is printed when it happens.
    ///
    /// # Errors
    ///
    /// The input cannot be read, or the output cannot be written.
    pub(super) fn next_command(&mut self) -> io::Result<Option<InputLine>> {
        match &mut self.source {
            CommandSource::Given(lines) => return Ok(lines.next()),
            CommandSource::Stdin(ask) => ask.send(()).map_err(|_| io::ErrorKind::BrokenPipe)?,
        }
        loop {
            match self.live.take(None)? {
                WaitOutcome::Line(line) => return line,
                WaitOutcome::Event | WaitOutcome::Nothing => self.print_new()?,
            }
        }
    }

    /// Carries out one command, and waits until its call has returned and both hosts are quiet, or patience is at its end.
    ///
    /// # Errors
    ///
    /// The output cannot be written, or the lab's thread is gone. The inner error is the command that could not be carried out; in JSON
    /// it has been printed.
    pub(super) fn run(&mut self, line: &InputLine) -> io::Result<Result<(), RefusedCommand>> {
        self.told_blocked.clear();
        let Err((verdict, why)) = self.carry_out(line)? else {
            return Ok(Ok(()));
        };
        let refused = RefusedCommand::new(verdict, line, why);
        self.print_new()?;
        self.printer.refused(&refused)?;
        self.printer.flush()?;
        Ok(Err(refused))
    }

    /// The inner error says whether the command was understood, and why it could not be carried out.
    fn carry_out(&mut self, line: &InputLine) -> io::Result<Result<(), (RunStatus, String)>> {
        let at_fault = |verdict, why: String| Ok(Err((verdict, why)));
        let understood = match std::str::from_utf8(&line.bytes) {
            Ok(text) => understand(text).map(|command| (text, command)),
            Err(error) => {
                let before = String::from_utf8_lossy(&line.bytes[..error.valid_up_to()]);
                Err(format!("column {}: this is not UTF-8", before.chars().count() + 1))
            }
        };
        let (text, command) = match understood {
            Ok(understood) => understood,
            Err(why) => return at_fault(RunStatus::NotUnderstood, why),
        };
        self.print_new()?;
        self.printer.command(text)?;
        let (progress, requests) = match CommandProgress::issue(&mut self.live.session, &command, MonoTime::now()) {
            Ok(issued) => issued,
            Err(CommandError::Unknown(word, why)) => {
                let column = text.rfind(&word).map_or(1, |at| text[..at].chars().count() + 1);
                return at_fault(RunStatus::NotUnderstood, format!("column {column}: {why}"));
            }
            Err(error @ CommandError::Impossible(_)) => return at_fault(RunStatus::NotDone, error.to_string()),
        };
        self.live.send(requests);
        if !self.wait(&progress)?
            && let Some(side) = progress.caller()
        {
            self.report_blocked(side, |pending| Some(pending.root) == progress.root)?;
        }
        let now = MonoTime::now();
        self.live.session.step_over(now);
        self.printer.states(&self.live.session, now)?;
        self.printer.flush()?;
        let result = progress.result(
            &self.live.session,
            self.live.quiet.is_quiet(),
            MonoTime::now(),
            NO_PATIENCE,
        );
        match (result, &command) {
            (Some(CommandResult::NotDone(why)), Command::End(_, EndCommand::Host(setting, _))) => at_fault(
                RunStatus::NotDone,
                format!("{} could not be set: {why}", setting.name()),
            ),
            (Some(CommandResult::NotDone(why)), _) => at_fault(RunStatus::NotDone, why),
            // A program may end as it likes; of one whose end is waited for it matters.
            _ => match progress.exit_of().and_then(|no| self.live.session.programs.get(no)) {
                Some(program) if program.exited() != Some(Death::Exited(0)) => {
                    let why = program.summary();
                    at_fault(RunStatus::NotDone, why)
                }
                _ => Ok(Ok(())),
            },
        }
    }

    /// Reports what is still blocked at the end of all commands, and was not reported with the last of them.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        for side in Side::BOTH {
            let told = std::mem::take(&mut self.told_blocked);
            self.report_blocked(side, |pending| !told.contains(&pending.id))?;
            self.told_blocked.extend(told);
        }
        self.print_new()?;
        self.printer.flush()
    }

    /// Takes events in until the command is over and all is quiet, or the time is up; returns whether it is over.
    fn wait(&mut self, progress: &CommandProgress) -> io::Result<bool> {
        let bound = if progress.may_compile() {
            COMPILE_PATIENCE
        } else if progress.is_of_process() {
            PROCESS_PATIENCE
        } else {
            self.patience
        };
        let mut until = MonoTime::now().plus(bound);
        if let Some(waits) = progress.waits_until() {
            until = waits;
        }
        let mut was_over = false;
        loop {
            self.print_new()?;
            let session = &self.live.session;
            let is_quiet = self.live.quiet.is_quiet();
            let is_over = progress.is_over(session, is_quiet, MonoTime::now(), NO_PATIENCE);
            if is_quiet && is_over {
                return Ok(true);
            }
            // What is over has only to become quiet, and nobody is more patient with that than the user.
            if is_over && !was_over {
                until = until.min(MonoTime::now().plus(self.patience));
            }
            was_over = is_over;
            let left = session.patience(until, self.patience).since(MonoTime::now());
            // A line is only asked for, and so only given, between two commands.
            if let WaitOutcome::Nothing = self.live.take(Some(Instant::now() + left))? {
                return Ok(is_over);
            }
        }
    }

    fn report_blocked(&mut self, side: Side, which: impl Fn(&PendingCall) -> bool) -> io::Result<()> {
        let told = self.live.session.note_blocked(side, which, MonoTime::now());
        self.told_blocked.extend(told);
        self.print_new()
    }

    fn print_new(&mut self) -> io::Result<()> {
        self.printer.news(&self.live.session)
    }
}
