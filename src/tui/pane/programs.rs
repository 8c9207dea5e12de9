//! The programs of an end in the place of its buttons: which there are, how far each is, its last lines, and what can be done to it.
//!
//! The lines are kept as the transcript tells of them, so that a frame costs what is in sight.

use ratatui::layout::Rect;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use super::buttons::{self, Row};
use crate::clock::{MonoTime, human};
use crate::command::spec::Button;
use crate::command::{Command, EndCommand, ScreenCommand};
use crate::explain::EntryNo;
use crate::lab::event::{Death, ProgramNews};
use crate::program::{OutputStream, ProgramNo};
use crate::session::lineup::{LineupStatus, ProgramFailure};
use crate::session::programs::{LINES_KEPT, Program, ProgramState};
use crate::session::transcript::{Entry, EntryKind};
use crate::session::{LabKind, Session};
use crate::side::{Ends, Side};
use crate::syscall::Syscall;
use crate::text::width;
use crate::tui::canvas::{Canvas, Weight, keyless_width, longest};
use crate::tui::hit::{Action, Zone};
use crate::tui::layout;
use crate::tui::scroll::Scroll;

/// What a line of a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// One that it wrote.
    Wrote(OutputStream),
    /// A system call.
    Call,
    /// The program's beginning or its end.
    News,
}

impl LineKind {
    /// Returns the word before the line.
    pub const fn tag(self) -> &'static str {
        match self {
            LineKind::Wrote(OutputStream::Stdout) => "out",
            LineKind::Wrote(OutputStream::Stderr) => "err",
            LineKind::Call => "call",
            LineKind::News => "",
        }
    }
}

/// The columns of the word before a line, with the blank after it.
pub const TAG: u16 = 5;

/// The text of a line.
#[derive(Clone, Debug)]
enum Words {
    Text(String),
    Call(Box<Syscall>),
}

/// A line of a program.
#[derive(Clone, Debug)]
pub struct Line {
    /// The entry of the transcript.
    pub entry: EntryNo,
    /// What it is.
    pub kind: LineKind,
    words: Words,
    /// Whether there is a reason to be told of.
    pub why: bool,
    /// Whether it tells of a failure.
    pub failed: bool,
}

impl Line {
    /// The program that an entry of the transcript is a line of, and the line; none for what is about no program.
    pub fn of(entry: &Entry) -> Option<(ProgramNo, Line)> {
        let (program, kind, words, failed) = match &entry.what {
            EntryKind::Program(news) => {
                let (kind, words, failed) = match &news.event.what {
                    ProgramNews::Output { stream, line } => {
                        (LineKind::Wrote(*stream), line.clone(), news.tells_of_failure())
                    }
                    // Its number stands in the title, and goes up while it writes.
                    ProgramNews::Flooded { .. } => return None,
                    ProgramNews::Started { pid } => {
                        let command = news.command.as_deref().unwrap_or_default();
                        (LineKind::News, format!("runs, pid {pid}: {command}"), false)
                    }
                    ProgramNews::NotStarted { why } => (LineKind::News, format!("did not start: {why}"), true),
                    ProgramNews::Exited { how, .. } => (LineKind::News, how.to_string(), *how != Death::Exited(0)),
                    ProgramNews::Gone => (LineKind::News, "its last process has ended".to_owned(), false),
                };
                (news.event.program, kind, Words::Text(words), failed)
            }
            EntryKind::ProgramCall(call) => {
                let made = &call.call.made;
                let words = Words::Call(Box::new(made.clone()));
                (call.call.program, LineKind::Call, words, call.has_failed())
            }
            _ => return None,
        };
        let why = entry.why().is_some();
        Some((
            program,
            Line {
                entry: entry.no,
                kind,
                words,
                why,
                failed,
            },
        ))
    }

    /// Returns the text in at most so many columns; what does not fit of a call is left out of its arguments.
    pub fn text(&self, room: usize) -> String {
        match &self.words {
            Words::Text(text) => text.clone(),
            Words::Call(made) => {
                let took = human(made.duration).replace(' ', "\u{a0}");
                longest(&made.cuts(&format!("   <{took}>")), room)
            }
        }
    }

    /// Returns the word before it and the text, in at most so many columns.
    pub fn tagged(&self, room: usize) -> String {
        match self.kind {
            LineKind::News => self.text(room),
            kind => {
                let tag = usize::from(TAG);
                format!("{:<tag$}{}", kind.tag(), self.text(room.saturating_sub(tag)))
            }
        }
    }

    /// Draws it in one line.
    pub fn draw(&self, canvas: &mut Canvas, area: Rect) {
        let (text, strong, dim, bad) = {
            let theme = canvas.theme;
            (theme.text(), theme.strong(), theme.dim(), theme.bad())
        };
        let (tag, style) = match self.kind {
            LineKind::Wrote(OutputStream::Stdout) => (dim, text),
            LineKind::Wrote(OutputStream::Stderr) => (strong, text),
            LineKind::Call => (dim, dim),
            LineKind::News => (dim, strong),
        };
        let style = if self.failed { bad } else { style };
        canvas.put(area.x, area.y, area.right(), self.kind.tag(), tag);
        let x = area.x + TAG;
        let room = usize::from(area.right().saturating_sub(x));
        canvas.put_cut(x, area.y, area.right(), &self.text(room), style);
    }
}

/// The lines of a program, of many the last.
#[derive(Debug, Default)]
pub struct Lines {
    lines: VecDeque<Line>,
    gone: u64,
}

impl Lines {
    /// The lines that there are, counted from the first that it ever had.
    pub fn range(&self) -> Range<u64> {
        self.gone..self.gone + self.lines.len() as u64
    }

    /// The line of that number.
    pub fn get(&self, at: u64) -> Option<&Line> {
        self.lines.get(at.checked_sub(self.gone)? as usize)
    }

    fn push(&mut self, line: Line) {
        if self.lines.len() == LINES_KEPT {
            self.lines.pop_front();
            self.gone += 1;
        }
        self.lines.push_back(line);
    }
}

/// The lines of a program by what they are, so that many calls push nothing out of sight that it wrote.
#[derive(Debug, Default)]
pub struct ProgramLines {
    /// What it wrote.
    pub wrote: Lines,
    /// The program's system calls.
    pub calls: Lines,
    /// The program's beginning and its end.
    pub news: Lines,
}

/// The programs of an end, as they are shown.
#[derive(Debug, Default)]
struct EndPrograms {
    /// The user's choice between them and the buttons; none while he has made none since the last one was started.
    chosen: Option<bool>,
    /// The program that the user chose; the newest where he chose none.
    selected: Option<ProgramNo>,
    /// The newest one, when it was looked last.
    newest: Option<ProgramNo>,
    scroll: Scroll,
}

/// The programs of both ends, as they are shown.
#[derive(Debug, Default)]
pub struct ProgramsPane {
    ends: Ends<EndPrograms>,
    lines: HashMap<ProgramNo, ProgramLines>,
    upto: EntryNo,
}

impl ProgramsPane {
    /// The same choices without a line, for a transcript that begins anew.
    pub fn empty(&mut self) {
        (self.lines, self.upto) = (HashMap::new(), 0);
    }

    /// Takes in what the transcript has gained. The programs of an end come into sight when one is started there.
    pub fn update(&mut self, session: &Session) {
        for entry in session.transcript.since(self.upto) {
            self.upto = entry.no;
            let Some((program, line)) = Line::of(entry) else {
                continue;
            };
            let of = self.lines.entry(program).or_default();
            match line.kind {
                LineKind::Wrote(_) => of.wrote.push(line),
                LineKind::Call => of.calls.push(line),
                LineKind::News => of.news.push(line),
            }
        }
        for side in Side::BOTH {
            let newest = session.programs.of(side).next_back().map(|program| program.no);
            let end = &mut self.ends[side];
            if end.newest != newest {
                *end = EndPrograms {
                    newest,
                    ..EndPrograms::default()
                };
            }
        }
    }

    /// Returns whether an end shows its programs in place of its buttons.
    pub fn shows(&self, session: &Session, side: Side) -> bool {
        let chosen = self.ends[side].chosen;
        chosen.unwrap_or_else(|| session.programs.ran_on(side) || waits(session, side))
    }

    /// Shows the programs of an end in place of its buttons, or the buttons again.
    pub fn toggle(&mut self, session: &Session, side: Side) {
        self.ends[side].chosen = Some(!self.shows(session, side));
    }

    /// Returns the program of an end that is shown: the one that the user chose, else the newest.
    pub fn selected<'a>(&self, session: &'a Session, side: Side) -> Option<&'a Program> {
        let newest = || session.programs.of(side).next_back();
        let chosen = self.ends[side].selected.and_then(|no| session.programs.get(no));
        chosen.or_else(newest)
    }

    /// Shows that program of an end, and its last lines.
    pub fn select(&mut self, side: Side, no: ProgramNo) {
        let end = &mut self.ends[side];
        (end.selected, end.chosen) = (Some(no), Some(true));
        end.scroll.end();
    }

    /// Shows the next program of an end, after the last the first; returns whether there is another.
    pub fn select_next(&mut self, session: &Session, side: Side) -> bool {
        let all: Vec<ProgramNo> = session.programs.of(side).map(|program| program.no).collect();
        let now = self.selected(session, side).map(|program| program.no);
        let at = all.iter().position(|no| Some(*no) == now).unwrap_or(0);
        if let Some(next) = all.get((at + 1) % all.len().max(1)) {
            self.select(side, *next);
        }
        all.len() > 1
    }

    /// Scrolls the lines of the program that an end shows.
    pub fn scroll(&mut self, session: &Session, side: Side, lines: i64) {
        let range = self.selected(session, side).map(|program| self.of(program.no).range());
        self.ends[side].scroll.by(range.unwrap_or_default(), lines);
    }

    /// Returns the lines of a program.
    pub fn lines(&self, no: ProgramNo) -> Option<&ProgramLines> {
        self.lines.get(&no)
    }

    /// Returns the newest line of an end's programs that can be explained: the number of its entry.
    pub fn explained(&self, session: &Session, side: Side) -> Option<EntryNo> {
        let all = session.programs.of(side).filter_map(|program| self.lines(program.no));
        let last = |lines: &Lines| lines.lines.iter().rev().find(|line| line.why).map(|line| line.entry);
        all.flat_map(|lines| [last(&lines.wrote), last(&lines.calls)])
            .flatten()
            .max()
    }

    fn of(&self, no: ProgramNo) -> &Lines {
        static NONE: Lines = Lines {
            lines: VecDeque::new(),
            gone: 0,
        };
        self.lines(no).map_or(&NONE, |lines| &lines.wrote)
    }

    /// Has a command that names no program mean the one that is shown, where it would mean another.
    pub fn aimed(&self, session: &Session, side: Side, command: &EndCommand) -> EndCommand {
        let Some(shown) = self.selected(session, side).filter(|_| self.shows(session, side)) else {
            return command.clone();
        };
        let means = |fits: fn(&Program) -> bool| {
            let meant = session.programs.meant(side, None, fits);
            meant.is_ok_and(|meant| meant.no == shown.no)
        };
        let name = || Some(shown.name.clone());
        match command {
            EndCommand::Signal(signal, None) if !means(Program::is_alive) => EndCommand::Signal(*signal, name()),
            EndCommand::KillProgram(None) if !means(Program::is_alive) => EndCommand::KillProgram(name()),
            EndCommand::RestartProgram(None) if !means(|_| true) => EndCommand::RestartProgram(name()),
            other => other.clone(),
        }
    }

    /// Draws the programs of an end: which there are and how far the shown one is, its last lines, its buttons. The second line leaves so
    /// many columns free for what stands beside it.
    pub fn draw(&mut self, canvas: &mut Canvas, area: Rect, session: &Session, side: Side, beside: u16) {
        canvas.hits.add(area, Action::Focus(side), false);
        canvas.hits.zone(area, Zone::Programs(side));
        let (head, rest) = layout::top(area, 1);
        let (body, foot) = layout::bottom(rest, 1);
        let free = |line: Rect| if line.y == area.y + 1 { beside } else { 0 };
        match self.selected(session, side) {
            Some(program) => {
                self.head(canvas, head, session, side, program);
                self.body(canvas, body, side, program, free);
            }
            None => {
                let (first, second) = nothing_runs(session, side, canvas.now);
                let (text, dim) = (canvas.theme.text(), canvas.theme.dim());
                canvas.put_cut(head.x + 1, head.y, head.right(), &first, text);
                let right = body.right().saturating_sub(free(body));
                canvas.put_cut(body.x + 1, body.y, right, &second, dim);
            }
        }
        self.buttons(canvas, foot, session, side);
    }

    /// Draws a tab for each program, and how far the shown one is.
    fn head(&self, canvas: &mut Canvas, area: Rect, session: &Session, side: Side, shown: &Program) {
        let wide = |program: &Program| width(program.name.as_str()) as u16 + 2;
        let mut room = (area.width / 2).saturating_sub(wide(shown));
        let mut tabs = vec![shown];
        // Those that were started last.
        for program in session.programs.of(side).rev().filter(|program| program.no != shown.no) {
            let Some(left) = room.checked_sub(wide(program)) else {
                break;
            };
            tabs.push(program);
            room = left;
        }
        tabs.sort_by_key(|program| program.no);
        let hidden = session.programs.of(side).count() - tabs.len();
        let (mut x, right) = (area.x + 1, area.right());
        let tab = |canvas: &mut Canvas, x: u16, text: &str, on: bool, action: Action| {
            let style = if on {
                canvas.theme.selected()
            } else {
                canvas.theme.text()
            };
            let end = canvas.put(x, area.y, right, text, style);
            let place = Rect::new(x, area.y, end - x, 1);
            canvas.hits.add(place, action.clone(), true);
            if canvas.is_picked(place, &action) {
                let picked = canvas.theme.picked();
                canvas.tint(place, picked);
            }
            end
        };
        for program in tabs {
            let text = format!(" {} ", program.name);
            let action = Action::Program(side, program.no);
            x = tab(canvas, x, &text, program.no == shown.no, action);
        }
        if hidden > 0 {
            let action = Action::Screen(Some(side), ScreenCommand::NextProgram);
            x = tab(canvas, x, &format!(" +{hidden} "), false, action);
        }
        let failed = match &shown.state {
            ProgramState::NotStarted(_) => true,
            ProgramState::Exited { how, .. } => *how != Death::Exited(0),
            ProgramState::Starting | ProgramState::Running { .. } => false,
        };
        let style = if failed {
            canvas.theme.bad()
        } else {
            canvas.theme.strong()
        };
        let mut words = shown.words();
        if shown.left_out > 0 {
            words.push_str(&format!(", {} lines left out", shown.left_out));
        }
        canvas.put_cut(x + 1, area.y, right, &words, style);
    }

    /// Draws the last lines, and of a program whose calls are told the last of them.
    fn body(&mut self, canvas: &mut Canvas, area: Rect, side: Side, shown: &Program, free: impl Fn(Rect) -> u16) {
        let place = |y: u16| {
            let line = Rect::new(area.x + 1, y, area.width.saturating_sub(1), 1);
            Rect {
                width: line.width.saturating_sub(free(line)),
                ..line
            }
        };
        let last = self.lines(shown.no).and_then(|lines| lines.calls.lines.back());
        let of_calls = u16::from(last.is_some() && area.height > 1);
        let (area, below) = layout::bottom(area, of_calls);
        if let Some(call) = last.filter(|_| of_calls > 0) {
            line(canvas, place(below.y), side, call);
        }
        let range = self.of(shown.no).range();
        let window = self.ends[side].scroll.window(range.clone(), area.height);
        for (y, at) in (area.y..area.bottom()).zip(window.clone()) {
            if let Some(wrote) = self.of(shown.no).get(at) {
                line(canvas, place(y), side, wrote);
            }
        }
        if window.end < range.end {
            let text = format!(" {} more v ", range.end - window.end);
            let last = place(area.bottom().saturating_sub(1));
            let strong = canvas.theme.strong();
            canvas.put_right(last.x, last.y, last.right(), &text, strong);
        }
    }

    fn buttons(&self, canvas: &mut Canvas, area: Rect, session: &Session, side: Side) {
        let room = area.width.saturating_sub(1);
        for (button, x, word) in buttons::places(Row::Program, side, room, canvas.keys) {
            // It stands in the title.
            if (button.command)(side) == Command::Screen(ScreenCommand::Programs) {
                continue;
            }
            let action = match buttons::action(button, side) {
                Action::End(side, command) => Action::End(side, self.aimed(session, side, &command)),
                other => other,
            };
            let weight = self.weight(session, side, button);
            let label = if word { button.label } else { "" };
            let x = area.x + 1 + x;
            canvas.button_that(x, area.y, area.right(), Some(button.key), label, action, weight);
        }
    }

    /// Returns whether a press would do something, and is likely.
    fn weight(&self, session: &Session, side: Side, button: &Button) -> Weight {
        let shown = self.selected(session, side);
        let isolated = session.lab.kind == LabKind::Isolated;
        let (works, likely) = match (button.command)(side) {
            Command::End(_, EndCommand::Signal(..) | EndCommand::KillProgram(_)) => {
                (shown.is_some_and(Program::is_alive), false)
            }
            Command::End(_, EndCommand::RestartProgram(_)) => {
                let over = shown.is_some_and(|shown| !shown.is_alive());
                (shown.is_some(), over)
            }
            Command::Screen(ScreenCommand::RunPrompt) => (isolated, shown.is_none()),
            Command::Screen(ScreenCommand::NextProgram) => (session.programs.of(side).count() > 1, false),
            Command::Screen(ScreenCommand::ProgramOutput) => (shown.is_some(), false),
            _ => (true, false),
        };
        match (works, likely) {
            (false, _) => Weight::Refused,
            (true, true) => Weight::Likely,
            (true, false) => Weight::Plain,
        }
    }
}

/// Was a program of the client's not started, because nothing listens on the server's host yet, or never will?
fn waits(session: &Session, side: Side) -> bool {
    side == Side::Client && !session.not_started().is_empty()
}

/// Two lines about an end where no program was started: what waits to be, and for what; else what could be.
fn nothing_runs(session: &Session, side: Side, now: MonoTime) -> (String, String) {
    if waits(session, side) {
        let waits = "waits to be started";
        let (how_far, why) = match session.lineup(now) {
            // One that is late may be ready yet.
            LineupStatus::Failed(failed) if failed.kind == ProgramFailure::NotReady => (waits, failed.why),
            LineupStatus::Failed(failed) => ("not started", failed.why),
            LineupStatus::Starting => (waits, "until the server's programs are ready".into()),
            LineupStatus::NobodyListens | LineupStatus::Ready => {
                (waits, "until something listens on the server's host".into())
            }
        };
        return (format!("{how_far}: {}", session.not_started().join("; ")), why);
    }
    let said = match session.lab.kind {
        LabKind::Isolated => "no program of your own was started here",
        LabKind::Loopback(_) => "programs run in the isolated lab only",
    };
    let like = match side {
        Side::Client => "like run curl -sS http://server:8080/",
        Side::Server => "like run nginx -p . -c nginx.conf",
    };
    (said.into(), like.into())
}

/// Draws a line, with a button where there is a reason to be told; a press shows all lines.
fn line(canvas: &mut Canvas, area: Rect, side: Side, line: &Line) {
    let wide = if line.why { keyless_width(WHY) + 1 } else { 0 };
    let text = Rect {
        width: area.width.saturating_sub(wide),
        ..area
    };
    line.draw(canvas, text);
    let action = match line.why {
        true => Action::WhyEntry(line.entry),
        false => Action::Screen(Some(side), ScreenCommand::ProgramOutput),
    };
    canvas.hits.add(text, action.clone(), false);
    if canvas.is_picked(text, &action) {
        let picked = canvas.theme.picked();
        canvas.tint(text, picked);
    }
    if line.why {
        canvas.button(text.right() + 1, area.y, area.right(), None, WHY, action);
    }
}

/// The button of a line that can be explained.
pub const WHY: &str = "why?";
