//! The log: the transcript's lines, scrolled, filtered, followed; a frame costs what is in sight, not what there is.

use ratatui::layout::Rect;
use std::collections::VecDeque;
use std::ops::Range;

use crate::call::{CallId, CallKind};
use crate::command::{ScreenCommand, table};
use crate::lab::event::{Disposition, ProgramNews};
use crate::session::transcript::{Entry, EntryKind, Filter, Transcript};
use crate::text::width;
use crate::tui::canvas::{Canvas, keyless_width, longest};
use crate::tui::hit::{Action, Zone};
use crate::tui::pane::programs::{Line, WHY};
use crate::tui::scroll::Scroll;

/// The lines of one kind: entry number and line within the entry.
#[derive(Debug, Default)]
struct LineIndex {
    lines: VecDeque<(u64, u16)>,
    gone: u64,
    /// The call that the last line says is begun.
    begun: Option<CallId>,
}

impl LineIndex {
    fn range(&self) -> Range<u64> {
        self.gone..self.gone + self.lines.len() as u64
    }

    fn get(&self, row: u64) -> Option<(u64, u16)> {
        self.lines.get(row.checked_sub(self.gone)? as usize).copied()
    }
}

/// The lines of an entry, as the log shows them: reading every option is one.
fn lines_of(entry: &Entry, room: usize) -> Vec<String> {
    if let EntryKind::Ended(call) = &entry.what
        && let ([first, _, ..], CallKind::Options) = (call.trace(), call.name)
    {
        let fd = first.args.iter().flatten().next().map_or("", String::as_str);
        let calls = call.trace().len();
        return vec![format!("getsockopt({fd}, ...) of every option, {calls} calls")];
    }
    // A program has its own name before its lines.
    if let Some((_, line)) = Line::of(entry) {
        return vec![line.tagged(room)];
    }
    entry.lines_cut(|cuts| longest(cuts, room))
}

/// The speaker in the second column: an end, the wire; of a program its name.
fn speaker(entry: &Entry) -> &str {
    let program = match &entry.what {
        EntryKind::Program(news) if !matches!(news.event.what, ProgramNews::Flooded { .. }) => news.name.as_deref(),
        EntryKind::ProgramCall(call) => call.process.as_deref(),
        _ => None,
    };
    program.unwrap_or(entry.speaker())
}

/// The log as it is shown.
#[derive(Debug, Default)]
pub struct Log {
    filter: Filter,
    indexes: [LineIndex; Filter::ALL.len()],
    upto: u64,
    scroll: Scroll,
    selected: Option<u64>,
}

impl Log {
    /// The same log without a line, for a transcript that begins anew.
    pub fn emptied(&self) -> Log {
        Log {
            filter: self.filter,
            ..Log::default()
        }
    }

    /// Takes in what the transcript has gained, and lets go of what it has lost.
    pub fn update(&mut self, transcript: &Transcript) {
        for entry in transcript.since(self.upto) {
            self.upto = entry.no;
            // What sets off is told when it arrives, or whatever else becomes of it.
            if matches!(&entry.what, EntryKind::Packet(record) if matches!(record.disposition, Disposition::InFlight(_)))
            {
                continue;
            }
            let lines = match &entry.what {
                EntryKind::Ended(_) => lines_of(entry, usize::MAX).len() as u16,
                _ => 1,
            };
            for (index, filter) in self.indexes.iter_mut().zip(Filter::ALL) {
                if filter.passes(&entry.what) {
                    // A call that returned at once is one line, as strace prints it.
                    if matches!(&entry.what, EntryKind::Ended(call) if call.outcome().is_some() && index.begun == Some(call.call()))
                    {
                        index.lines.pop_back();
                    }
                    index.begun = match &entry.what {
                        EntryKind::Call { began, .. } => Some(began.call),
                        _ => None,
                    };
                    index.lines.extend((0..lines).map(|line| (entry.no, line)));
                }
            }
        }
        let first = transcript.entries().front().map_or(0, |entry| entry.no);
        for index in &mut self.indexes {
            while index.lines.front().is_some_and(|(no, _)| *no < first) {
                index.lines.pop_front();
                index.gone += 1;
            }
        }
    }

    fn index(&self) -> &LineIndex {
        let place = Filter::ALL.iter().position(|filter| *filter == self.filter);
        &self.indexes[place.unwrap_or(0)]
    }

    /// Scrolls by lines.
    pub fn scroll(&mut self, lines: i64) {
        let range = self.index().range();
        self.scroll.by(range, lines);
    }

    /// Scrolls by pages.
    pub fn page(&mut self, pages: i64) {
        let range = self.index().range();
        self.scroll.page(range, pages);
    }

    /// Scrolls to the first line.
    pub fn home(&mut self) {
        let range = self.index().range();
        self.scroll.home(range);
    }

    /// Scrolls to the last line, and follows what comes.
    pub fn end(&mut self) {
        self.selected = None;
        self.scroll.end();
    }

    /// Shows the next kind.
    pub fn next_filter(&mut self) {
        let place = Filter::ALL.iter().position(|filter| *filter == self.filter);
        self.filter = Filter::ALL[place.map_or(0, |place| place + 1) % Filter::ALL.len()];
        // Another kind has other lines: the newest are shown, and stand still if they did.
        let follows = self.scroll.follows();
        self.end();
        if !follows {
            self.toggle_follow();
        }
    }

    /// Follows, or stops following.
    pub fn toggle_follow(&mut self) {
        let range = self.index().range();
        let on = !self.scroll.follows();
        self.scroll.follow(range, on);
    }

    /// Selects a line, and stops following, so that it stays in sight.
    pub fn select(&mut self, row: u64) {
        let range = self.index().range();
        if range.contains(&row) {
            self.selected = Some(row);
            self.scroll.show(range, row);
        }
    }

    /// The selected line.
    pub const fn selected(&self) -> Option<u64> {
        self.selected
    }

    /// The entry that the selected line is of.
    pub fn selected_entry(&self) -> Option<u64> {
        self.index().get(self.selected?).map(|(no, _)| no)
    }

    /// Selects an entry's line: of a call that has returned since, the line of its return. A kind that it is not among gives way to all.
    pub fn show(&mut self, entry: u64) {
        if !self.index().lines.iter().any(|(no, _)| *no == entry) {
            self.filter = Filter::All;
        }
        // A call that returned at once has only the line of its return, which comes next.
        let index = self.index();
        let at = index.lines.partition_point(|(no, _)| *no < entry);
        self.select(index.gone + at as u64);
    }

    /// Selects the next line, or the one before; from none, the last.
    pub fn select_by(&mut self, delta: i64) {
        let range = self.index().range();
        if let Some(last) = range.end.checked_sub(1) {
            let row = self.selected.map_or(last, |row| {
                row.saturating_add_signed(delta)
                    .clamp(range.start, last.max(range.start))
            });
            self.select(row);
        }
    }

    /// The selected line, as it is copied; the last one where none is selected.
    pub fn selected_text(&self, transcript: &Transcript) -> Option<String> {
        let row = match self.selected {
            Some(row) => row,
            None => self.index().range().end.checked_sub(1)?,
        };
        let (no, line) = self.index().get(row)?;
        let entry = transcript.entry(no)?;
        let text = entry.lines_of(self.filter).get(usize::from(line))?.clone();
        let text: String = text.chars().map(crate::text::safe).collect();
        Some(format!("{} {} {text}", entry.time().trim_start(), entry.speaker()))
    }

    /// Draws the title and the lines in sight.
    pub fn draw(&mut self, canvas: &mut Canvas, area: Rect, transcript: &Transcript) {
        if area.is_empty() {
            return;
        }
        canvas.hits.zone(area, Zone::Log);
        let body = Rect {
            y: area.y + 1,
            height: area.height - 1,
            ..area
        };
        canvas.hits.add(body, Action::LogLine(None), true);
        canvas.rule(area.x, area.y, area.right());
        let strong = canvas.theme.strong();
        let mut x = canvas.put(area.x + 2, area.y, area.right(), " log ", strong);
        for command in [
            ScreenCommand::LogFilter,
            ScreenCommand::LogFollow,
            ScreenCommand::CopyLine,
            ScreenCommand::Record,
        ] {
            // As wide whatever is chosen, so that no button moves when another is pressed.
            let on = if self.scroll.follows() { "on " } else { "off" };
            let widest = Filter::ALL
                .into_iter()
                .map(|filter| filter.name().len())
                .max()
                .unwrap_or(0);
            for button in table::of_screen(command).buttons {
                let label = match command {
                    ScreenCommand::LogFilter => format!("{}: {:<widest$}", button.label, self.filter.name()),
                    ScreenCommand::LogFollow => format!("{}: {on}", button.label),
                    _ => button.label.to_owned(),
                };
                x = canvas.button(
                    x,
                    area.y,
                    area.right(),
                    Some(button.key),
                    &label,
                    Action::Screen(None, command),
                );
                x = canvas.put(x, area.y, area.right(), " ", strong);
            }
        }
        if transcript.dropped() > 0 {
            let text = format!(" the first {} entries were dropped ", transcript.dropped());
            canvas.put(x, area.y, area.right(), &text, strong);
        }
        let range = self.index().range();
        let window = self.scroll.window(range.clone(), body.height);
        let text = canvas.theme.text();
        let room = usize::from(area.right().saturating_sub(area.x + 18));
        // Consecutive lines of one entry are put into words once.
        let mut words: Option<(u64, Vec<String>)> = None;
        for (y, row) in (body.y..).zip(window.clone()) {
            let Some((no, line)) = self.index().get(row) else {
                continue;
            };
            let Some(entry) = transcript.entry(no) else { continue };
            let explains =
                matches!(&entry.what, EntryKind::Program(_) | EntryKind::ProgramCall(_)) && entry.why().is_some();
            let wide = if explains { keyless_width(WHY) + 1 } else { 0 };
            if words.as_ref().is_none_or(|(known, _)| *known != no) {
                let lines = match &entry.what {
                    EntryKind::Counters { .. } => entry.lines_of(self.filter),
                    _ => lines_of(entry, room.saturating_sub(wide.into())),
                };
                words = Some((no, lines));
            }
            let mut x = area.x;
            if line == 0 {
                x = canvas.put(x, y, area.right(), &entry.time(), canvas.theme.dim());
                canvas.put(x + 1, y, area.x + 17, speaker(entry), text);
            }
            let said = words.as_ref().and_then(|(_, lines)| lines.get(usize::from(line)));
            let failed = match &entry.what {
                EntryKind::Ended(call) => call.errno().is_some(),
                EntryKind::Died(_) => true,
                EntryKind::Program(_) | EntryKind::ProgramCall(_) => {
                    Line::of(entry).is_some_and(|(_, line)| line.failed)
                }
                _ => false,
            };
            let style = if failed { canvas.theme.bad() } else { text };
            let said = said.map_or(String::new(), |said| match &entry.what {
                EntryKind::State { .. } if width(said) > room => entry.short_state().unwrap_or_else(|| said.clone()),
                EntryKind::Packet(_) if width(said) > room => entry.short_packet().unwrap_or_else(|| said.clone()),
                _ => said.clone(),
            });
            canvas.put_cut(area.x + 18, y, area.right().saturating_sub(wide), &said, style);
            let place = Rect::new(area.x, y, area.width, 1);
            canvas.hits.add(place, Action::LogLine(Some(row)), false);
            if explains {
                let x = area.right().saturating_sub(wide);
                canvas.button(x, y, area.right(), None, WHY, Action::WhyEntry(entry.no));
            }
            if self.selected == Some(row) {
                let style = canvas.theme.picked();
                canvas.tint(place, style);
            }
        }
        if canvas.is_picked(Rect::default(), &Action::LogLine(None)) {
            let style = canvas.theme.picked();
            canvas.tint(Rect::new(area.x + 2, area.y, 5, 1), style);
        }
        if window.end < range.end {
            let text = format!(" {} more v ", range.end - window.end);
            canvas.put_right(area.x, area.y, area.right().saturating_sub(2), &text, strong);
        }
    }
}
