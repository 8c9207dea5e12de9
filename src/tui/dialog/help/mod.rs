//! The help: what has the focus first, then every command with its arguments, the keys, the signs on the screen and the states; searchable.
//!
//! Commands are read from the table and states from the table of meanings, so that it cannot say anything else than the buttons do.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::prompt::Prompt;
use super::{Context, Dialog, DialogHelp, Reaction, browse, moved, plain};
use crate::command::{Command, ScreenCommand};
use crate::side::Side;
use crate::state::State;
use crate::text::{width, wrap};
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;

mod content;

use content::{Press, found, sections};

/// The subject that the help begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelpTopic {
    /// A marked button.
    Command(Command),
    /// The buttons of the end that has the keys.
    End(Side),
    /// The programs of an end, which has the keys.
    Programs(Side),
    /// The log.
    Log,
    /// The time-sequence diagram.
    Diagram,
    /// A socket's state.
    State(State),
    /// The dialog that the help was opened over.
    Dialog(DialogHelp),
}

/// A line as it is drawn.
struct HelpLine {
    key: String,
    label: String,
    text: String,
    style: Style,
    /// The place among the items that can be pressed.
    item: Option<usize>,
}

/// The help.
#[derive(Debug)]
pub struct HelpDialog {
    topic: HelpTopic,
    search: String,
    /// `/` was pressed: each letter is searched for.
    searching: bool,
    /// The state that is explained in place.
    unfolded: Option<State>,
    /// Lines above the window.
    skip: usize,
    /// The item that Enter presses, once one was gone to.
    selected: Option<usize>,
    /// The items to press, from top to bottom, each with its line: as drawn last.
    presses: Vec<(Press, usize)>,
    /// The window's height.
    height: usize,
}

impl HelpDialog {
    /// Returns the help that begins with this.
    pub fn new(topic: HelpTopic) -> HelpDialog {
        let unfolded = match topic {
            HelpTopic::State(state) => Some(state),
            _ => None,
        };
        HelpDialog {
            topic,
            search: String::new(),
            searching: false,
            unfolded,
            skip: 0,
            selected: None,
            presses: Vec::new(),
            height: 1,
        }
    }

    /// The lines for a window so wide; what can be pressed is noted, each with its line.
    fn lines(&mut self, room: usize, canvas: &Canvas, context: Context) -> Vec<HelpLine> {
        let (text, strong, dim) = (canvas.theme.text(), canvas.theme.strong(), canvas.theme.dim());
        let columns = Columns::of(room);
        let mut lines = Vec::new();
        self.presses.clear();
        for section in found(sections(&self.topic, self.unfolded, context), &self.search) {
            if !lines.is_empty() {
                lines.push(HelpLine::blank(text));
            }
            lines.push(HelpLine {
                key: section.title,
                ..HelpLine::blank(strong)
            });
            for item in section.items {
                let place = item.press.map(|press| {
                    self.presses.push((press, lines.len()));
                    self.presses.len() - 1
                });
                let (key, label) = columns.named(&item.key, &item.label);
                for (nth, part) in wrap(&item.text, columns.room).into_iter().enumerate() {
                    let first = nth == 0;
                    lines.push(HelpLine {
                        key: if first { key.clone() } else { String::new() },
                        label: if first { label.clone() } else { String::new() },
                        text: part,
                        style: text,
                        item: place,
                    });
                }
                for (name, more) in item.more {
                    for (nth, part) in wrap(&more, columns.room).into_iter().enumerate() {
                        lines.push(HelpLine {
                            label: if nth == 0 { name.into() } else { String::new() },
                            text: part,
                            item: place,
                            ..HelpLine::blank(dim)
                        });
                    }
                }
            }
        }
        lines
    }

    /// Begins at the top again.
    fn search(&mut self, change: impl FnOnce(&mut String)) {
        change(&mut self.search);
        self.skip = 0;
        self.selected = None;
    }
}

/// The columns of keys, labels and words.
struct Columns {
    label: usize,
    text: usize,
    room: usize,
}

impl Columns {
    const fn of(room: usize) -> Columns {
        // Where it is narrow, key and label share a column.
        let (label, text) = if room >= 70 { (12, 27) } else { (0, 15) };
        let left = room.saturating_sub(text);
        Columns {
            label,
            text,
            room: if left < 12 { 12 } else { left },
        }
    }

    fn named(&self, key: &str, label: &str) -> (String, String) {
        if self.label > 0 || label.is_empty() {
            (key.to_owned(), label.to_owned())
        } else {
            (format!("{key} {label}"), String::new())
        }
    }
}

impl HelpLine {
    const fn blank(style: Style) -> HelpLine {
        HelpLine {
            key: String::new(),
            label: String::new(),
            text: String::new(),
            style,
            item: None,
        }
    }
}

impl Dialog for HelpDialog {
    /// A letter is searched for; before the first, `q` and the help's own key close it.
    fn key(&mut self, key: KeyEvent, context: Context) -> Vec<Reaction> {
        let begun = self.searching || !self.search.is_empty();
        let closes = context.screen_command(key) == Some(ScreenCommand::Help);
        match plain(key) {
            Some(KeyCode::Char('/')) if !begun => self.searching = true,
            Some(KeyCode::Char(c)) if begun || !(closes || matches!(c, 'q' | ' ')) => {
                self.search(|search| search.push(c))
            }
            Some(KeyCode::Backspace) if begun => {
                self.search.pop();
                self.search(|_| {});
                self.searching = !self.search.is_empty();
            }
            Some(KeyCode::Esc) if begun => {
                self.search(String::clear);
                self.searching = false;
            }
            Some(KeyCode::Tab | KeyCode::BackTab) => {
                let forth = key.code == KeyCode::Tab;
                let at = match self.selected {
                    // From nowhere, to the first that is in sight.
                    None => self
                        .presses
                        .iter()
                        .position(|(_, line)| *line >= self.skip)
                        .unwrap_or(0),
                    Some(at) => moved(at, if forth { 1 } else { -1 }, self.presses.len()),
                };
                self.selected = (!self.presses.is_empty()).then_some(at);
                if let Some((_, line)) = self.presses.get(at) {
                    let last = (line + 1).saturating_sub(self.height);
                    self.skip = self.skip.clamp(last, *line);
                }
            }
            _ => return browse(self, key, context),
        }
        Vec::new()
    }

    fn press(&mut self, item: usize, _context: Context) -> Vec<Reaction> {
        let Some((press, _)) = self.presses.get(item) else {
            return Vec::new();
        };
        match press {
            Press::Type(text) => vec![Reaction::Close, Reaction::Open(Box::new(Prompt::new(text.clone())))],
            Press::Unfold(state) => {
                self.unfolded = (self.unfolded != Some(*state)).then_some(*state);
                self.selected = Some(item);
                Vec::new()
            }
        }
    }

    fn scroll(&mut self, lines: i64, _context: Context) {
        self.skip = super::scrolled(self.skip, lines);
    }

    fn selected(&self) -> Option<usize> {
        self.selected
    }

    fn paste(&mut self, text: &str) {
        self.search(|search| search.extend(text.chars().filter(|c| !c.is_control())));
    }

    fn opener(&self) -> Option<ScreenCommand> {
        Some(ScreenCommand::Help)
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, context: Context) {
        let area = layout::middle(screen, 100, screen.height);
        let inside = canvas.frame(area, "help: keys, signs, states   (type to search, Esc closes)");
        if inside.height < 2 {
            return;
        }
        let (strong, dim, text) = (canvas.theme.strong(), canvas.theme.dim(), canvas.theme.text());
        let mut list = inside;
        if self.searching || !self.search.is_empty() {
            let x = canvas.put(inside.x, inside.y, inside.right(), "/ ", dim);
            let end = canvas.put_cut(x, inside.y, inside.right(), &self.search, strong);
            canvas.put(end, inside.y, inside.right(), "_", strong);
            (list.y, list.height) = (inside.y + 1, inside.height - 1);
        }
        canvas.page = list.height;
        let room = usize::from(inside.width);
        let lines = self.lines(room, canvas, context);
        let columns = Columns::of(room);
        self.height = usize::from(list.height);
        let most = lines.len().saturating_sub(self.height);
        self.skip = self.skip.min(most);
        self.selected = self.selected.filter(|at| *at < self.presses.len());
        for (line, y) in lines.iter().skip(self.skip).take(self.height).zip(list.y..) {
            let key_style = if line.text.is_empty() { line.style } else { strong };
            let words = list.x + columns.text as u16;
            let right = if line.text.is_empty() { list.right() } else { words - 1 };
            let x = canvas.put_cut(list.x, y, right, &line.key, key_style);
            let label = (list.x + columns.label as u16).max(if width(&line.key) > 0 { x + 1 } else { 0 });
            if !line.label.is_empty() {
                canvas.put(label, y, words, &line.label, text);
            }
            canvas.put_cut(words, y, list.right(), &line.text, line.style);
            if let Some(item) = line.item {
                let place = Rect::new(list.x, y, list.width, 1);
                let action = Action::Item(item);
                canvas.hits.add(place, action.clone(), false);
                if self.selected == Some(item) || canvas.is_picked(place, &action) {
                    let style = canvas.theme.picked();
                    canvas.tint(place, style);
                }
            }
        }
        if lines.is_empty() {
            canvas.put_cut(list.x, list.y, list.right(), "the help has no such word", text);
        }
        if most > 0 {
            let text = match most - self.skip {
                0 => " the end ".to_owned(),
                n => format!(" {n} more lines: wheel, arrows, PgDn "),
            };
            canvas.put(inside.x, area.bottom() - 1, area.right() - 1, &text, strong);
        }
    }
}
