//! All lines of a program: what it wrote, and its system calls where they are reported. It follows what comes while its end is in sight.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;
use std::ops::Range;

use super::{Context, Dialog, DialogHelp, Reaction, browse, plain};
use crate::command::ScreenCommand;
use crate::program::{OutputStream, ProgramNo};
use crate::tui::canvas::{Canvas, keyless_width};
use crate::tui::hit::Action;
use crate::tui::layout;
use crate::tui::pane::programs::{Line, LineKind, ProgramLines, WHY};
use crate::tui::scroll::Scroll;

/// The lines that are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum OutputFilter {
    /// All.
    #[default]
    All,
    /// The lines that it wrote, with its beginning and its end.
    Output,
    /// The program's system calls.
    Calls,
}

impl OutputFilter {
    const ALL: [OutputFilter; 3] = [OutputFilter::All, OutputFilter::Output, OutputFilter::Calls];

    const fn label(self) -> &'static str {
        match self {
            OutputFilter::All => "all",
            OutputFilter::Output => "output",
            OutputFilter::Calls => "calls",
        }
    }

    /// Are these lines among them?
    const fn has(self, kind: LineKind) -> bool {
        match self {
            OutputFilter::All => true,
            OutputFilter::Output => !matches!(kind, LineKind::Call),
            OutputFilter::Calls => matches!(kind, LineKind::Call),
        }
    }
}

/// The lines of a program.
#[derive(Debug)]
pub struct OutputDialog {
    program: ProgramNo,
    shown: OutputFilter,
    scroll: Scroll,
    /// The line that is selected.
    selected: Option<u64>,
    /// The first line that there was when it was drawn last.
    first: u64,
}

/// The lines that are shown, in their order, the first one's number being that of those that are gone.
fn rows(lines: Option<&ProgramLines>, shown: OutputFilter) -> (u64, Vec<&Line>) {
    let Some(lines) = lines else { return (0, Vec::new()) };
    let of = [&lines.wrote, &lines.calls, &lines.news].map(|lines| lines.range().filter_map(|at| lines.get(at)));
    let mut rows: Vec<&Line> = of.into_iter().flatten().filter(|line| shown.has(line.kind)).collect();
    rows.sort_by_key(|line| line.entry);
    let gone = |range: Range<u64>, kind| if shown.has(kind) { range.start } else { 0 };
    let gone = gone(lines.wrote.range(), LineKind::Wrote(OutputStream::Stdout))
        + gone(lines.calls.range(), LineKind::Call)
        + gone(lines.news.range(), LineKind::News);
    (gone, rows)
}

impl OutputDialog {
    /// Returns a dialog with the lines of that program, the last ones in sight.
    pub fn new(program: ProgramNo) -> OutputDialog {
        OutputDialog {
            program,
            shown: OutputFilter::default(),
            scroll: Scroll::default(),
            selected: None,
            first: 0,
        }
    }

    fn range(&self, context: Context) -> Range<u64> {
        let (gone, rows) = rows(context.programs.lines(self.program), self.shown);
        gone..gone + rows.len() as u64
    }

    fn show(&mut self, shown: OutputFilter) {
        (self.shown, self.selected) = (shown, None);
        self.scroll.end();
    }
}

/// The first item that is a line, behind the kinds.
const LINES: usize = OutputFilter::ALL.len();

impl Dialog for OutputDialog {
    /// Left and right go through the kinds of lines.
    fn key(&mut self, key: KeyEvent, context: Context) -> Vec<Reaction> {
        let at = OutputFilter::ALL
            .iter()
            .position(|shown| *shown == self.shown)
            .unwrap_or(0);
        match plain(key) {
            Some(KeyCode::Left) => self.show(OutputFilter::ALL[(at + 2) % 3]),
            Some(KeyCode::Right) => self.show(OutputFilter::ALL[(at + 1) % 3]),
            _ => return browse(self, key, context),
        }
        Vec::new()
    }

    /// A kind of lines is shown; a line is explained where it can be, else shown in the log.
    fn press(&mut self, item: usize, context: Context) -> Vec<Reaction> {
        if let Some(shown) = OutputFilter::ALL.get(item) {
            self.show(*shown);
            return Vec::new();
        }
        let (_, rows) = rows(context.programs.lines(self.program), self.shown);
        match rows.get(item - LINES) {
            Some(line) if line.why => vec![Reaction::Do(Action::WhyEntry(line.entry))],
            Some(line) => vec![Reaction::Close, Reaction::Do(Action::ShowEntry(line.entry))],
            None => Vec::new(),
        }
    }

    /// Selects the next line, or the one before, for one line; else scrolls.
    fn scroll(&mut self, lines: i64, context: Context) {
        let range = self.range(context);
        match (lines, range.end.checked_sub(1)) {
            (1 | -1, Some(last)) => {
                let next = self.selected.map_or(last, |at| at.saturating_add_signed(lines));
                let next = next.clamp(range.start, last.max(range.start));
                self.selected = Some(next);
                self.scroll.show(range, next);
            }
            _ => {
                self.selected = None;
                self.scroll.by(range, lines);
            }
        }
    }

    fn selected(&self) -> Option<usize> {
        let at = self.selected?.checked_sub(self.first)?;
        Some(LINES + at as usize)
    }

    fn hint(&self, item: usize) -> Option<String> {
        Some(match OutputFilter::ALL.get(item) {
            Some(OutputFilter::All) => "show all lines".into(),
            Some(OutputFilter::Output) => "show what it wrote, with its beginning and its end".into(),
            Some(OutputFilter::Calls) => "show its system calls, which --syscalls reports".into(),
            None => "why, where that is known; else this line in the log".into(),
        })
    }

    fn opener(&self) -> Option<ScreenCommand> {
        Some(ScreenCommand::ProgramOutput)
    }

    fn about(&self) -> DialogHelp {
        DialogHelp {
            title: "The lines of a program",
            keys: &[
                ("out err", "what it wrote to standard output, and to standard error"),
                ("call", "a system call on a socket, which --syscalls reports"),
                ("arrows", "select a line; left and right choose which lines are shown"),
                ("End", "follow what comes"),
            ],
        }
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, context: Context) {
        let Some(program) = context.session.programs.get(self.program) else {
            return;
        };
        // Lines are long: all of the width.
        let area = Rect {
            y: screen.y + 1,
            height: screen.height.saturating_sub(2),
            ..screen
        };
        let who = program
            .pid()
            .map_or_else(|| program.name.to_string(), |pid| format!("{} {pid}", program.name));
        let inside = canvas.frame(area, &format!("{who}: {}   (Esc closes)", program.spec.run));
        if inside.height < 2 {
            return;
        }
        let (text, strong) = (canvas.theme.text(), canvas.theme.strong());
        // How far it is, and the kinds of lines.
        let (head, body) = layout::top(inside, 1);
        let wide: u16 = OutputFilter::ALL.iter().map(|shown| keyless_width(shown.label())).sum();
        let mut x = head.right().saturating_sub(wide);
        let left_out = match program.left_out {
            0 => String::new(),
            n => format!("; {n} lines are left out, for it writes more than is read"),
        };
        let how_far = format!("{}{left_out}", program.words());
        canvas.put_cut(head.x, head.y, x.saturating_sub(1), &how_far, strong);
        for (nth, shown) in OutputFilter::ALL.into_iter().enumerate() {
            let end = canvas.button(x, head.y, head.right(), None, shown.label(), Action::Item(nth));
            if shown == self.shown {
                let selected = canvas.theme.selected();
                canvas.tint(Rect::new(x, head.y, end.saturating_sub(x), 1), selected);
            }
            x = end;
        }
        canvas.page = body.height;
        let (gone, rows) = rows(context.programs.lines(self.program), self.shown);
        let range = gone..gone + rows.len() as u64;
        self.first = gone;
        if rows.is_empty() {
            let said = match self.shown {
                OutputFilter::Calls => "no system call was reported: --syscalls has strace report them",
                OutputFilter::All | OutputFilter::Output => "it has written nothing yet",
            };
            canvas.put_cut(body.x, body.y, body.right(), said, text);
        }
        let window = self.scroll.window(range.clone(), body.height);
        for (y, at) in (body.y..body.bottom()).zip(window.clone()) {
            let nth = (at - gone) as usize;
            let Some(line) = rows.get(nth) else { continue };
            let wide = if line.why { keyless_width(WHY) + 1 } else { 0 };
            let place = Rect::new(body.x, y, body.width, 1);
            let words = Rect {
                width: place.width.saturating_sub(wide),
                ..place
            };
            line.draw(canvas, words);
            let action = Action::Item(LINES + nth);
            canvas.hits.add(place, action.clone(), false);
            if line.why {
                canvas.button(words.right() + 1, y, body.right(), None, WHY, action.clone());
            }
            if self.selected == Some(at) || canvas.is_picked(place, &action) {
                let picked = canvas.theme.picked();
                canvas.tint(place, picked);
            }
        }
        let below = range.end - window.end;
        let said = match below {
            0 => " Enter or click: why, or the line in the log ".to_owned(),
            below => format!(" {below} more lines: wheel, End "),
        };
        canvas.put(inside.x, area.bottom() - 1, area.right() - 1, &said, strong);
    }
}
