//! A session's transcript, printed: as text for people, or as JSON, a line each.

mod status;

use serde::Serialize;
use std::io::{self, Write};

use super::aside::{aside, behind};
use super::refused::{LONGEST_ECHO, RefusedCommand, RunStatus};
use crate::cli::TranscriptArgs;
use crate::clock::MonoTime;
use crate::json::{Lines, Versioned};
use crate::live::InputLine;
use crate::progress::printed_on;
use crate::recording::Played;
use crate::session::transcript::{Entry, EntryKind, Filter};
use crate::session::{CommandError, Session, SessionInput};
use crate::side::{Ends, Side};
use crate::text::{excerpt, harmless};
use status::{ProgramStatus, SocketStatus};

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
    pub(super) fn command(&mut self, text: &str) -> io::Result<()> {
        match self.printing.format {
            Format::Text => {
                let text = excerpt(text.trim(), LONGEST_ECHO);
                behind(&mut self.out, self.printing.columns, "> ", &text)
            }
            Format::Json => self.print_json(&ExtraLine::Command { text: text.trim() }),
        }
    }

    /// Prints in JSON a command that was not carried out; people read of it elsewhere.
    pub(super) fn refused(&mut self, refused: &RefusedCommand) -> io::Result<()> {
        match self.printing.format {
            Format::Json => self.print_json(&ExtraLine::Refused(refused)),
            Format::Text => Ok(()),
        }
    }

    /// Writes out what is printed.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Prints a recorded step of a run; `unsettled` says whether the sockets are still to be printed for the last command.
    pub(super) fn recorded(&mut self, played: &Played, unsettled: &mut bool) -> io::Result<()> {
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
                    Format::Json => self.refused(&refused)?,
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
    pub(super) fn news(&mut self, session: &Session) -> io::Result<()> {
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
    pub(super) fn states(&mut self, session: &Session, now: MonoTime) -> io::Result<()> {
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

/// Prints a refused command as an output of one line of JSON.
///
/// # Errors
///
/// The error of `out`.
pub(super) fn print_refused(refused: &RefusedCommand, out: &mut impl Write) -> io::Result<()> {
    Versioned::new(ExtraLine::Refused(refused)).print(out)
}
