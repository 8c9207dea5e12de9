//! `finwait do`: the same commands without a screen, and the transcript on standard output.

use serde::Serialize;
use std::collections::HashSet;
use std::fmt;
use std::io::{self, BufRead, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::call::CallId;
use crate::cli::TranscriptArgs;
use crate::clock::MonoTime;
use crate::command::{Command, EndCommand, parse};
use crate::json::{Lines, Versioned};
use crate::lab::event::Death;
use crate::lab::{COMPILE_PATIENCE, LocalLab as Lab, PROCESS_PATIENCE};
use crate::live::{Input, InputLine, Live, WaitOutcome};
use crate::program::{ProgramNo, SocketOwner};
use crate::progress::printed_on;
use crate::recording::Played;
use crate::session::lineup::{FirstProgram, LineupStatus, ProgramFailed, ProgramFailure};
use crate::session::programs::Program;
use crate::session::progress::{CommandProgress, CommandResult};
use crate::session::transcript::{Entry, EntryKind, Filter};
use crate::session::view::SocketView;
use crate::session::{CommandError, PendingCall, Session, SessionInput};
use crate::side::{Ends, Side};
use crate::socket_table::TimerKind;
use crate::text::{excerpt, harmless};
use aside::{aside, behind};

mod aside;
pub mod battery;
pub mod book;
pub mod children;
pub mod ci;
pub mod claims;
pub mod code;
pub mod config;
pub mod explain;
pub mod export;
pub mod man;
pub mod matrix;
pub mod open;
pub mod output;
pub mod scenarios;

/// The format of the transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text for people.
    Text,
    /// A JSON object a line.
    Json,
}

/// The sockets that are printed after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownSockets {
    /// All of an end that has few, else those that have changed since the command before, and the number of the others.
    Changed,
    /// All.
    All,
}

/// The kernel's counters that are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownCounters {
    /// The counters that tell something: what every segment moves is left out.
    Telling,
    /// All.
    All,
}

/// The segments that are printed as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownSegments {
    /// All of them.
    All,
    /// Segments that are more than plain data, or its acknowledgement, that passed at once.
    Telling,
}

/// The way in which a run is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Printing {
    /// The format of the transcript.
    pub format: Format,
    /// The sockets that are printed after a command.
    pub sockets: ShownSockets,
    /// The counters that are printed as text; JSON has all.
    pub counters: ShownCounters,
    /// The segments that are printed as text; JSON has all.
    pub segments: ShownSegments,
    /// The width of the terminal that it is printed on; none where it is printed on none.
    pub columns: Option<usize>,
}

impl Printing {
    /// Returns it in that format, with the sockets and the counters that the command line asks for.
    pub fn new(format: Format, asked: TranscriptArgs) -> Printing {
        let sockets = if asked.all_sockets {
            ShownSockets::All
        } else {
            ShownSockets::Changed
        };
        let counters = if asked.all_counters {
            ShownCounters::All
        } else {
            ShownCounters::Telling
        };
        Printing {
            format,
            sockets,
            counters,
            segments: ShownSegments::All,
            columns: printed_on(),
        }
    }

    /// Returns it with those segments.
    pub const fn with(self, segments: ShownSegments) -> Printing {
        Printing { segments, ..self }
    }
}

/// An end with no more sockets than that has all of them printed after each command.
const FEW_SOCKETS: usize = 8;

/// The end of a run of commands; the program's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// Every command could be carried out, whatever the kernel answered.
    Done,
    /// One could not: its endpoint was dead, or this lab does not have it.
    NotDone,
    /// A command was not understood.
    NotUnderstood,
}

/// A command that was not carried out; as text, its place and the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedCommand {
    /// Whether the command was understood.
    pub verdict: RunStatus,
    /// `command 2`, `line 7`.
    place: String,
    /// The beginning of its text.
    text: String,
    /// The mistake, in one sentence.
    why: String,
}

impl RefusedCommand {
    fn new(verdict: RunStatus, line: &InputLine, why: String) -> RefusedCommand {
        let text = String::from_utf8_lossy(&line.bytes);
        RefusedCommand {
            verdict,
            place: line.place.clone(),
            text: excerpt(text.trim(), LONGEST_ECHO),
            why,
        }
    }

    /// Prints it as an output of one line of JSON.
    ///
    /// # Errors
    ///
    /// The error of `out`.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        Versioned::new(ExtraLine::Refused(self)).print(out)
    }
}

impl fmt::Display for RefusedCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.place, self.why)
    }
}

/// The time that a change gets which may not come: it has come once all is quiet, for which each command waits.
const NO_PATIENCE: Duration = Duration::ZERO;

/// Says in one sentence why the file that is shown as `shown` could not be opened or read.
fn not_read(shown: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("there is no file {shown}"),
        io::ErrorKind::PermissionDenied => format!("{shown} may not be read: permission denied"),
        _ => format!("{shown}: {error}"),
    }
}

/// The longest that goes by without a look at the clock while programs are yet to be ready.
const LOOK: Duration = Duration::from_millis(100);

/// The most characters of a command that are repeated to people.
const LONGEST_ECHO: usize = 400;

/// The source of commands.
pub enum CommandSource {
    /// The command line.
    Given(std::vec::IntoIter<InputLine>),
    /// Standard input, whose thread reads a line whenever it is asked and answers with [`Input::Line`].
    Stdin(Sender<()>),
}

impl CommandSource {
    /// The commands of the command line.
    pub fn given(texts: &[String]) -> CommandSource {
        let lines: Vec<InputLine> = given(texts).collect();
        CommandSource::Given(lines.into_iter())
    }

    /// A reader: one command a line; blank lines and those that begin with `#` are skipped.
    ///
    /// # Errors
    ///
    /// No thread could be started.
    pub fn reader(mut from: impl BufRead + Send + 'static, inputs: Sender<Input>) -> io::Result<CommandSource> {
        let (ask, asked) = channel();
        thread::Builder::new().name("input".into()).spawn(move || {
            let mut count = 0;
            for () in asked {
                if inputs.send(Input::Line(next_line(&mut from, &mut count))).is_err() {
                    return;
                }
            }
        })?;
        Ok(CommandSource::Stdin(ask))
    }
}

fn next_line(from: &mut impl BufRead, count: &mut usize) -> io::Result<Option<InputLine>> {
    loop {
        let mut bytes = Vec::new();
        if from.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        *count += 1;
        let text = bytes.trim_ascii_end();
        let command = text.trim_ascii_start();
        if !command.is_empty() && !command.starts_with(b"#") {
            return Ok(Some(InputLine {
                bytes: text.to_vec(),
                place: format!("line {count}"),
            }));
        }
    }
}

/// Runs commands one after the other.
pub struct Runner<'a, W: Write> {
    live: Live<'a>,
    source: CommandSource,
    printer: Printer<W>,
    patience: Duration,
    /// The calls that were reported as blocked since the last command began.
    told_blocked: HashSet<CallId>,
}

/// Prints a session's transcript.
pub(crate) struct Printer<W: Write> {
    out: W,
    printing: Printing,
    /// The mark of the sockets that were printed last ([`Session::sockets_mark`]).
    sockets_printed: Ends<u64>,
    /// The last transcript entry that was printed.
    printed: u64,
    /// The segments that were left out since the sockets were printed.
    left_out: usize,
    /// A call whose beginning is printed only if something else comes before its outcome.
    held: Option<Entry>,
    /// The lines that are printed as JSON.
    lines: Lines,
}

/// The commands of a command line, each with its place.
fn given(texts: &[String]) -> impl Iterator<Item = InputLine> {
    texts.iter().enumerate().map(|(n, text)| InputLine {
        bytes: text.clone().into_bytes(),
        place: format!("command {}", n + 1),
    })
}

/// Reads the commands of a command line.
///
/// # Errors
///
/// [`RefusedCommand`]: the first command that is not understood.
pub fn check(texts: &[String]) -> Result<(), RefusedCommand> {
    given(texts).zip(texts).try_for_each(|(line, text)| {
        let understood = understand(text).map(drop);
        understood.map_err(|why| RefusedCommand::new(RunStatus::NotUnderstood, &line, why))
    })
}

/// Parses a command: any but those of the screen.
fn understand(text: &str) -> Result<Command, String> {
    match parse::parse(text, None) {
        Ok(command @ (Command::End(..) | Command::Wire(_))) => Ok(command),
        Ok(Command::Screen(_) | Command::Write(_)) => Err(format!(
            "column 1: {} is a command of the screen, and there is none here",
            excerpt(text.trim(), LONGEST_ECHO)
        )),
        Err(error) => Err(error.to_string()),
    }
}

impl<'a, W: Write> Runner<'a, W> {
    /// A runner of the commands of `source`, which waits at most `patience` for each.
    pub fn new(
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
    pub fn start(&mut self) -> io::Result<Result<(), String>> {
        let started = self.live.start()?;
        self.print_new()?;
        Ok(started)
    }

    /// Begins with these programs, and waits until those that can start are ready.
    ///
    /// # Errors
    ///
    /// The output cannot be written, or the lab's thread is gone. The inner error is one sentence about the program that is not ready.
    pub fn begin_with(&mut self, programs: Ends<Vec<FirstProgram>>) -> io::Result<Result<(), String>> {
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
    pub fn not_started(&self) -> Option<String> {
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
    pub fn next_command(&mut self) -> io::Result<Option<InputLine>> {
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
    pub fn run(&mut self, line: &InputLine) -> io::Result<Result<(), RefusedCommand>> {
        self.told_blocked.clear();
        let Err((verdict, why)) = self.carry_out(line)? else {
            return Ok(Ok(()));
        };
        let refused = RefusedCommand::new(verdict, line, why);
        self.print_new()?;
        if self.printer.printing.format == Format::Json {
            self.printer.print_json(&ExtraLine::Refused(&refused))?;
        }
        self.printer.out.flush()?;
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
        self.printer.out.flush()?;
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
    pub fn finish(&mut self) -> io::Result<()> {
        for side in Side::BOTH {
            let told = std::mem::take(&mut self.told_blocked);
            self.report_blocked(side, |pending| !told.contains(&pending.id))?;
            self.told_blocked.extend(told);
        }
        self.print_new()?;
        self.printer.out.flush()
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

impl<W: Write> Printer<W> {
    /// Into `out`.
    pub(crate) fn new(out: W, printing: Printing) -> Printer<W> {
        Printer {
            out,
            printing,
            sockets_printed: Ends::default(),
            lines: Lines::default(),
            printed: 0,
            left_out: 0,
            held: None,
        }
    }

    /// Prints a command that was given.
    fn command(&mut self, text: &str) -> io::Result<()> {
        match self.printing.format {
            Format::Text => {
                let text = excerpt(text.trim(), LONGEST_ECHO);
                behind(&mut self.out, self.printing.columns, "> ", &text)
            }
            Format::Json => self.print_json(&ExtraLine::Command { text: text.trim() }),
        }
    }

    /// Prints a recorded step of a run; `unsettled` says whether the sockets are still to be printed for the last command.
    fn recorded(&mut self, played: &Played, unsettled: &mut bool) -> io::Result<()> {
        match played {
            Played::Input { session, input, now } => {
                self.news(session)?;
                if let Some(text) = input.typed() {
                    if std::mem::replace(unsettled, true) {
                        self.states(session, *now)?;
                    }
                    self.command(&text)?;
                }
            }
            Played::Taken { session, input, .. } => {
                self.news(session)?;
                if let SessionInput::Over { at } = input
                    && std::mem::take(unsettled)
                {
                    self.states(session, *at)?;
                }
            }
            Played::Refused { input, why } => {
                *unsettled = false;
                let bytes = input.typed().unwrap_or_default().into_bytes();
                let line = InputLine {
                    bytes,
                    place: "in the recording".into(),
                };
                let verdict = match why {
                    CommandError::Unknown(..) => RunStatus::NotUnderstood,
                    CommandError::Impossible(_) => RunStatus::NotDone,
                };
                let refused = RefusedCommand::new(verdict, &line, why.to_string());
                match self.printing.format {
                    Format::Json => self.print_json(&ExtraLine::Refused(&refused))?,
                    Format::Text => self.aside("no", &[&refused.why])?,
                }
            }
            Played::Step(_) => {}
            Played::End { session, now, .. } => {
                self.news(session)?;
                if let Some(held) = self.held.take() {
                    self.print_text(&held)?;
                }
                if std::mem::take(unsettled) {
                    self.states(session, *now)?;
                }
                // The next run's entries are counted anew, and its sockets.
                (self.printed, self.sockets_printed) = (0, Ends::default());
            }
        }
        Ok(())
    }

    /// Prints what was added to the transcript since the last time.
    fn news(&mut self, session: &Session) -> io::Result<()> {
        let entries: Vec<Entry> = session.transcript.since(self.printed).cloned().collect();
        for entry in entries {
            self.printed = entry.no;
            match self.printing.format {
                Format::Json => self.print_json(&entry)?,
                Format::Text => {
                    // A call that returns at once is one line, as strace prints it; else its beginning is one too.
                    let own = |held: &Entry| match (&held.what, &entry.what) {
                        (EntryKind::Call { began, .. }, EntryKind::Ended(call)) => {
                            call.outcome().is_some() && began.call == call.call()
                        }
                        (EntryKind::Call { began, .. }, EntryKind::Blocked { call, .. }) => began.call == *call,
                        _ => false,
                    };
                    if let Some(held) = self.held.take().filter(|held| !own(held)) {
                        self.print_text(&held)?;
                    }
                    if matches!(entry.what, EntryKind::Call { .. }) {
                        self.held = Some(entry);
                    } else {
                        self.print_text(&entry)?;
                    }
                }
            }
        }
        self.out.flush()
    }

    fn print_text(&mut self, entry: &Entry) -> io::Result<()> {
        if let (EntryKind::Packet(record), ShownSegments::Telling) = (&entry.what, self.printing.segments)
            && record.is_plain()
        {
            self.left_out += record.segments();
            return Ok(());
        }
        let lines = match (&entry.what, self.printing.counters) {
            (EntryKind::Counters { .. }, ShownCounters::All) => entry.lines_of(Filter::Counters),
            (what, _) if !Filter::All.passes(what) => return Ok(()),
            _ => entry.lines(),
        };
        // An endpoint of the user's own may say anything.
        for line in lines {
            let line = harmless(&line);
            let head = format!("{}  {:<6}  ", entry.time(), entry.speaker());
            behind(&mut self.out, self.printing.columns, &head, &line)?;
        }
        if let Some(why) = entry.ruled_why() {
            self.aside("why", &[why])?;
        }
        Ok(())
    }

    fn aside(&mut self, word: &str, parts: &[impl AsRef<str>]) -> io::Result<()> {
        aside(&mut self.out, self.printing.columns, word, parts)
    }

    fn print_json(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.lines.print(&mut self.out, value)
    }

    /// Prints the sockets of both ends as they are now.
    fn states(&mut self, session: &Session, now: MonoTime) -> io::Result<()> {
        let printed = std::mem::replace(&mut self.sockets_printed, session.sockets_mark());
        let all = self.printing.sockets == ShownSockets::All;
        let views = Ends::from_fn(|side| {
            let end = &session.ends[side];
            if all || end.sockets.len().max(end.table.rows().len()) <= FEW_SOCKETS {
                (session.sockets(side), 0)
            } else {
                session.changed_sockets(side, printed[side])
            }
        });
        let as_before = Ends::from_fn(|side| views[side].1);
        let states = Ends::from_fn(|side| {
            let table_at = session.ends[side].table.read_at();
            let statuses = views[side].0.iter().map(|view| SocketStatus::of(view, table_at, now));
            statuses.collect::<Vec<_>>()
        });
        match self.printing.format {
            Format::Json => {
                let programs: Vec<ProgramStatus> = session.programs.all().iter().map(ProgramStatus::of).collect();
                let inside = Ends::from_fn(|side| session.inside(side));
                self.print_json(&ExtraLine::States {
                    states: &states,
                    as_before,
                    programs: &programs,
                    inside: Some(inside).filter(|inside| inside.iter().any(|(_, count)| *count > 0)),
                })
            }
            Format::Text => {
                match std::mem::take(&mut self.left_out) {
                    0 => {}
                    1 => self.aside("wire", &["a segment of plain data is not shown"])?,
                    left_out => self.aside("wire", &[format!("{left_out} segments of plain data are not shown")])?,
                }
                let of = |side| {
                    let mut sockets: Vec<String> = states[side].iter().map(SocketStatus::text).collect();
                    match session.inside(side) {
                        0 => {}
                        1 => sockets.push("a connection of the host with itself".into()),
                        inside => sockets.push(format!("{inside} connections of the host with itself")),
                    }
                    match (sockets.is_empty(), as_before[side]) {
                        (true, 0) if session.ends[side].sockets.is_empty() => "no sockets".to_owned(),
                        (true, 0) => "as before".to_owned(),
                        (true, others) => format!("{others} as before"),
                        (false, 0) => sockets.join(", "),
                        (false, others) => format!("{}, and {others} more as before", sockets.join(", ")),
                    }
                };
                let hosts = Side::BOTH.map(|side| format!("{side}: {}", of(side)));
                self.aside("now", &hosts)?;
                let ran = session.programs.all().iter();
                let mut ran: Vec<String> = ran
                    .map(|program| format!("{} {}", program.name, program.brief()))
                    .collect();
                match ran.first_mut() {
                    None => return Ok(()),
                    Some(first) => first.insert_str(0, "programs: "),
                }
                self.aside("now", &ran)
            }
        }
    }
}

/// A socket as it is after a command.
#[derive(Serialize)]
struct SocketStatus {
    socket: Option<String>,
    fd: Option<i32>,
    state: &'static str,
    held: &'static str,
    /// The process of a program that holds it, or held it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<SocketOwner>,
    local: Option<String>,
    peer: Option<String>,
    rx_queue: u32,
    tx_queue: u32,
    timer: Option<Countdown>,
    retransmits: u32,
    /// The reason why the sources of its state differ, where they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    differs: Option<String>,
}

/// A timer of the kernel that runs.
#[derive(Serialize)]
struct Countdown {
    kind: TimerKind,
    left_s: f64,
}

impl SocketStatus {
    /// A socket as it is at `now`, its host's table having been read at `table_at`.
    fn of(view: &SocketView<'_>, table_at: MonoTime, now: MonoTime) -> SocketStatus {
        SocketStatus {
            socket: view.name.map(ToString::to_string),
            fd: view.fd,
            state: view.state().name(),
            held: view.held.words(),
            owner: view.owner.cloned(),
            local: view.row.map(|observed| observed.row.tuple.local.to_string()),
            peer: view.row.map(|observed| observed.row.tuple.peer.to_string()),
            rx_queue: view.row.map_or(0, |observed| observed.row.rx_queue),
            tx_queue: view.row.map_or(0, |observed| observed.row.tx_queue),
            timer: view.timer(table_at, now).map(|(kind, left)| Countdown {
                kind,
                left_s: (left.as_secs_f64() * 1e3).round() / 1e3,
            }),
            retransmits: view.row.map_or(0, |observed| observed.row.retransmits),
            differs: view.disagreement(),
        }
    }

    fn text(&self) -> String {
        let name = match (&self.socket, &self.peer) {
            (Some(name), _) => name.clone(),
            // As in the queue of a listener: its peer tells it from others.
            (None, Some(peer)) => format!("from {peer}"),
            (None, None) => "without a name".to_owned(),
        };
        let held = if self.held == "open" {
            String::new()
        } else {
            format!(" ({})", self.held)
        };
        let owner = self
            .owner
            .as_ref()
            .map_or_else(String::new, |owner| format!(" by {owner}"));
        format!("{name} {}{owner}{held}", self.state)
    }
}

/// Lines of the JSON output that are not part of the transcript.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum ExtraLine<'a> {
    Command {
        text: &'a str,
    },
    Refused(&'a RefusedCommand),
    States {
        states: &'a Ends<Vec<SocketStatus>>,
        /// The sockets of each host's table that are not among them: they are as they were.
        as_before: Ends<usize>,
        /// The programs of the user's own, and how far each is.
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        programs: &'a [ProgramStatus<'a>],
        /// The connections of each host with itself that programs on it have, where there are any.
        #[serde(skip_serializing_if = "Option::is_none")]
        inside: Option<Ends<usize>>,
    },
}

/// A program as it is after a command.
#[derive(Serialize)]
struct ProgramStatus<'a> {
    side: Side,
    program: ProgramNo,
    name: &'a str,
    command: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    /// `runs, pid 4711`, `exited with status 56`
    now: String,
    runs: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    exited: Option<Death>,
}

impl<'a> ProgramStatus<'a> {
    fn of(program: &'a Program) -> ProgramStatus<'a> {
        ProgramStatus {
            side: program.side,
            program: program.no,
            name: program.name.as_str(),
            command: &program.spec.run,
            pid: program.pid(),
            now: program.words(),
            runs: program.is_alive(),
            exited: program.exited(),
        }
    }
}
