//! The lessons to choose from: "Start here", then question by question, with a search.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::collections::BTreeSet;

use super::{Context, Dialog, Reaction, browse, moved, plain};
use crate::command::Command;
use crate::scenario::expect::Expected;
use crate::scenario::lesson::{Course, Level};
use crate::scenario::report::count;
use crate::scenario::returns::Returns;
use crate::scenario::{Scenario, catalog};
use crate::text::{width, wrap};
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;

/// The width from which on the selected lesson is described beside the list, in columns.
const BESIDE: u16 = 96;
/// The width from which on each line has its lesson's level, in columns.
const WITH_LEVEL: u16 = 64;

/// The list, and what is searched for.
#[derive(Debug)]
pub struct LessonsDialog {
    /// All lessons, in their order, each with the words that a search may find it by.
    all: Vec<(Course, String)>,
    /// The text that was typed.
    search: String,
    /// The row that is selected, of those found.
    selected: usize,
}

impl LessonsDialog {
    /// Returns a dialog with all lessons of the catalog.
    ///
    /// # Errors
    ///
    /// The catalog cannot be read: its first mistake, in one sentence.
    pub fn open() -> Result<LessonsDialog, String> {
        let all = catalog::lessons().map_err(|mistakes| {
            let first = mistakes.first().map(ToString::to_string);
            first.unwrap_or_else(|| "the catalog cannot be read".into())
        })?;
        let with_words = |course: Course| {
            let words = searchable(&course);
            (course, words)
        };
        Ok(LessonsDialog {
            all: all.into_iter().map(with_words).collect(),
            search: String::new(),
            selected: 0,
        })
    }

    /// The lessons that match the search: every word of it is found in [`searchable`].
    fn found(&self) -> Vec<&Course> {
        let wanted = self.search.to_lowercase();
        let words: Vec<&str> = wanted.split_whitespace().collect();
        let fits = |text: &str| words.iter().all(|word| text.contains(word));
        let found = self.all.iter().filter(|(_, text)| fits(text));
        found.map(|(course, _)| course).collect()
    }
}

/// The words that a lesson is found by, in lower case: its title, summary, heading, level and name, and what it shows: calls, states,
/// errors.
fn searchable(course: &Course) -> String {
    let lesson = course.lesson();
    let mut text = format!(
        "{}{} {} {} {} {}",
        course.title(),
        course.runs(),
        course.summary(),
        lesson.shelf.heading(),
        lesson.level.name(),
        course.name()
    );
    for scenario in course.scenarios() {
        let id = scenario.id.as_deref().unwrap_or_default();
        text.push_str(&format!(" {id} {} {}", shows(scenario), calls(scenario)));
    }
    text.to_lowercase()
}

/// The calls that a scenario makes, in one line.
fn calls(scenario: &Scenario) -> String {
    let actions = scenario.steps.iter().filter_map(|step| step.action.as_ref());
    let calls: BTreeSet<&str> = actions
        .filter_map(|action| match &action.command {
            Command::End(_, command) => command.kind().map(|kind| kind.spec().name),
            Command::Wire(_) | Command::Screen(_) | Command::Write(_) => None,
        })
        .collect();
    calls.into_iter().collect::<Vec<_>>().join(" ")
}

impl Dialog for LessonsDialog {
    /// Searches for what is typed.
    fn key(&mut self, key: KeyEvent, context: Context) -> Vec<Reaction> {
        match plain(key) {
            Some(KeyCode::Char(c)) => self.search.push(c),
            Some(KeyCode::Backspace) => drop(self.search.pop()),
            _ => return browse(self, key, context),
        }
        self.selected = 0;
        Vec::new()
    }

    fn press(&mut self, item: usize, _context: Context) -> Vec<Reaction> {
        let begins = match self.found().get(item) {
            Some(Course::Guided(scenario, _)) => Action::Guide(scenario.clone()),
            Some(Course::SideBySide(both)) => Action::SideBySide(both.clone()),
            None => return Vec::new(),
        };
        vec![Reaction::Close, Reaction::Do(begins)]
    }

    fn scroll(&mut self, lines: i64, _context: Context) {
        self.selected = moved(self.selected, lines, self.found().len());
    }

    fn selected(&self) -> Option<usize> {
        Some(self.selected)
    }

    fn hint(&self, item: usize) -> Option<String> {
        let course = *self.found().get(item)?;
        let how = match course {
            Course::Guided(..) => "be guided through",
            Course::SideBySide(_) => "see in two labs",
        };
        Some(format!("{how}: {}, {} min", course.title(), course.lesson().minutes))
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, _context: Context) {
        let area = layout::middle(screen, 150, screen.height);
        let inside = canvas.frame(area, "lessons   (type to search, Enter begins, Esc closes)");
        if inside.height < 4 {
            return;
        }
        let (strong, dim) = (canvas.theme.strong(), canvas.theme.dim());
        let x = canvas.put(inside.x, inside.y, inside.right(), "search: ", dim);
        let end = canvas.put_cut(x, inside.y, inside.right(), &self.search, strong);
        let end = canvas.put(end, inside.y, inside.right(), "_", strong);
        if self.search.is_empty() {
            let hint = "   a title, a state, an errno, a call: EPIPE, CLOSE_WAIT, shutdown";
            canvas.put_cut(end, inside.y, inside.right(), hint, dim);
        }
        let found: Vec<Course> = self.found().into_iter().cloned().collect();
        self.selected = self.selected.min(found.len().saturating_sub(1));
        let body = Rect {
            y: inside.y + 1,
            height: inside.height - 1,
            ..inside
        };
        let (list, about) = if body.width >= BESIDE {
            let (list, about) = layout::left(body, body.width * 66 / 100);
            canvas.bar(about.x, body.y, body.bottom());
            let about = Rect {
                x: about.x + 2,
                width: about.width.saturating_sub(2),
                ..about
            };
            (list, about)
        } else {
            let (list, about) = layout::bottom(body, if body.height < 14 { 3 } else { 6 });
            canvas.rule(about.x, about.y, about.right());
            let about = Rect {
                y: about.y + 1,
                height: about.height.saturating_sub(1),
                ..about
            };
            (list, about)
        };
        let shown = self.list(canvas, list, &found);
        if let Some(course) = shown.and_then(|row| found.get(row)) {
            for ((line, style), y) in described(canvas, course, about)
                .into_iter()
                .zip(about.y..about.bottom())
            {
                canvas.put_cut(about.x, y, about.right(), &line, style);
            }
        }
        let hint = format!(" {} of {} ", found.len(), self.all.len());
        canvas.put(inside.x, area.bottom() - 1, area.right() - 1, &hint, strong);
    }
}

impl LessonsDialog {
    /// Draws the list; returns the row that is to be described: that under the pointer, or else the selected one.
    fn list(&self, canvas: &mut Canvas, list: Rect, found: &[Course]) -> Option<usize> {
        let (text, strong, dim) = (canvas.theme.text(), canvas.theme.strong(), canvas.theme.dim());
        if found.is_empty() {
            canvas.put_cut(list.x, list.y, list.right(), "no lesson has all these words", text);
            return None;
        }
        // Headings stand between the groups.
        let mut lines: Vec<Result<usize, &str>> = Vec::new();
        for (row, course) in found.iter().enumerate() {
            let shelf = course.lesson().shelf;
            if row == 0 || !found[row - 1].lesson().shelf.is_with(shelf) {
                lines.push(Err(shelf.heading()));
            }
            lines.push(Ok(row));
        }
        let height = usize::from(list.height);
        let at = lines.iter().position(|line| *line == Ok(self.selected)).unwrap_or(0);
        let skip = (at + 2).saturating_sub(height).min(lines.len().saturating_sub(height));
        let mut described = self.selected;
        for (line, y) in lines.into_iter().skip(skip).take(height).zip(list.y..) {
            match line {
                Err(heading) => {
                    canvas.put_cut(list.x, y, list.right(), heading, strong);
                }
                Ok(row) => {
                    let lesson = found[row].lesson();
                    let minutes = format!("{:>2} min ", lesson.minutes);
                    let level = if list.width >= WITH_LEVEL {
                        format!("{:<width$}", lesson.level.name(), width = LEVEL)
                    } else {
                        String::new()
                    };
                    let times = list.right().saturating_sub(minutes.len() as u16);
                    let levels = times.saturating_sub(level.len() as u16 + 1);
                    let end = levels.saturating_sub(1);
                    let x = canvas.put_cut(list.x + 2, y, end, found[row].title(), text);
                    // Whole or not at all: they stand below the list, too.
                    let runs = found[row].runs();
                    if width(&runs) <= usize::from(end.saturating_sub(x)) {
                        canvas.put(x, y, end, &runs, dim);
                    }
                    canvas.put(levels, y, times, &level, dim);
                    canvas.put(times, y, list.right(), &minutes, dim);
                    let place = Rect::new(list.x, y, list.width, 1);
                    let action = Action::Item(row);
                    canvas.hits.add(place, action.clone(), true);
                    let pointed = canvas.is_picked(place, &action);
                    if pointed {
                        described = row;
                    }
                    if row == self.selected || pointed {
                        let style = canvas.theme.picked();
                        canvas.tint(place, style);
                    }
                }
            }
        }
        Some(described)
    }
}

/// The room for a level's name.
const LEVEL: usize = {
    let (mut longest, mut n) = (0, 0);
    while n < Level::ALL.len() {
        let width = Level::ALL[n].name().len();
        longest = if width > longest { width } else { longest };
        n += 1;
    }
    longest
};

/// Returns the subject of a lesson, in lines: more of it where there is more room.
fn described(canvas: &Canvas, course: &Course, area: Rect) -> Vec<(String, Style)> {
    let (text, strong, dim) = (canvas.theme.text(), canvas.theme.strong(), canvas.theme.dim());
    let room = usize::from(area.width);
    let lesson = course.lesson();
    let takes = format!(
        "{}, {} min, {}{}",
        lesson.level.name(),
        lesson.minutes,
        count(course.steps(), "step"),
        course.runs()
    );
    let all_of_it = area.height > 8;
    let mut lines: Vec<(String, Style)> = Vec::new();
    if all_of_it {
        lines.extend(wrap(course.title(), room).into_iter().map(|line| (line, strong)));
        lines.extend(wrap(&takes, room).into_iter().map(|line| (line, dim)));
        lines.push((String::new(), text));
    }
    lines.extend(wrap(course.summary(), room).into_iter().map(|line| (line, text)));
    if !all_of_it {
        lines.truncate(usize::from(area.height.max(2)) - 1);
        lines.push((takes, dim));
        return lines;
    }
    let scenarios = course.scenarios();
    for scenario in &scenarios {
        let shown = shows(scenario);
        if !shown.is_empty() {
            lines.push((String::new(), text));
            lines.extend(
                wrap(&format!("shows {shown}"), room)
                    .into_iter()
                    .map(|line| (line, dim)),
            );
        }
    }
    lines
}

/// The states that a scenario visits and the errors that it shows, in one line.
pub fn shows(scenario: &Scenario) -> String {
    let (mut states, mut errors) = (BTreeSet::new(), BTreeSet::new());
    for expected in scenario.steps.iter().flat_map(|step| &step.expected) {
        match &expected.what {
            Expected::State(_, stands) => states.extend(stands.state.map(|state| state.name())),
            Expected::Queued(queued) => states.extend(queued.iter().map(|state| state.name())),
            Expected::Returns(returns) | Expected::Later(_, returns) => {
                let is_an_error = matches!(
                    returns,
                    Returns::Errno(_) | Returns::Eof | Returns::DeadlineExceeded | Returns::Killed(_)
                );
                errors.extend(is_an_error.then(|| returns.to_string()));
            }
            Expected::Queue(..)
            | Expected::Segments(_)
            | Expected::Counter(..)
            | Expected::SynPatience(_)
            | Expected::Exits(..)
            | Expected::Says(..)
            | Expected::Go(_) => {}
        }
    }
    let errors: Vec<&str> = errors.iter().map(String::as_str).collect();
    let states: Vec<&str> = states.into_iter().collect();
    [errors.join(" "), states.join(" ")]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
}
