//! The palette: everything that can be pressed or typed, found by a few letters of it.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

use super::prompt::Prompt;
use super::{Context, Dialog, DialogHelp, Reaction, browse, moved, plain};
use crate::command::complete::closeness;
use crate::command::signature::Signature;
use crate::command::spec::{Spec, Verb};
use crate::command::table::TABLE;
use crate::command::{Command, ScreenCommand};
use crate::side::Side;
use crate::tui::canvas::Canvas;
use crate::tui::hint::special;
use crate::tui::hit::Action;
use crate::tui::layout;

/// One thing that can be done.
#[derive(Clone, Debug)]
struct PaletteEntry {
    spec: &'static Spec,
    /// The key; none for what is only typed.
    key: Option<char>,
    /// The words that are typed for it, without the end.
    words: String,
    /// The effect.
    does: &'static str,
    /// The effect of a press; none where an argument is needed that only the user knows.
    command: Option<Command>,
}

/// The list, and what is searched for.
#[derive(Debug)]
pub struct PaletteDialog {
    side: Side,
    search: String,
    selected: usize,
}

impl PaletteDialog {
    /// Returns the palette of that end, the wire and the screen.
    pub const fn new(side: Side) -> PaletteDialog {
        PaletteDialog {
            side,
            search: String::new(),
            selected: 0,
        }
    }

    /// Everything that fits what is searched for, the nearest first.
    fn found(&self) -> Vec<PaletteEntry> {
        let mut found: Vec<(usize, PaletteEntry)> = TABLE
            .iter()
            .filter(|spec| spec.verb != Verb::Screen(ScreenCommand::Palette))
            .flat_map(|spec| choices(spec, self.side))
            .filter_map(|choice| {
                let names = [choice.words.as_str(), label(&choice)];
                let near = closeness(&self.search, &names, choice.does)?;
                Some((near, choice))
            })
            .collect();
        found.sort_by_key(|(near, _)| *near);
        found.into_iter().map(|(_, choice)| choice).collect()
    }

    /// The text that the prompt begins with for a choice.
    fn typed(&self, choice: &PaletteEntry) -> String {
        let before = match choice.spec.verb {
            Verb::End(_) => format!("{} ", self.side),
            Verb::Wire(_) => "wire ".to_owned(),
            Verb::Screen(_) => String::new(),
        };
        format!("{before}{} ", choice.words)
    }
}

/// The buttons of a row, or the row itself where it has none.
fn choices(spec: &'static Spec, side: Side) -> Vec<PaletteEntry> {
    let alone = || PaletteEntry {
        spec,
        key: None,
        words: spec.name.to_owned(),
        does: spec.help,
        command: match spec.verb {
            Verb::Screen(command) => Some(Command::Screen(command)),
            Verb::End(_) | Verb::Wire(_) => crate::command::parse::parse(spec.name, Some(side)).ok(),
        },
    };
    if spec.buttons.is_empty() {
        return vec![alone()];
    }
    let several = spec.buttons.len() > 1;
    let of_button = |button: &crate::command::spec::Button| {
        let command = (button.command)(side);
        let whole = match &command {
            Command::End(_, command) => command.to_string(),
            Command::Wire(command) => command.to_string(),
            Command::Screen(_) | Command::Write(_) => spec.name.to_owned(),
        };
        PaletteEntry {
            spec,
            key: Some(button.key),
            words: if several { whole } else { spec.name.to_owned() },
            does: special(&command).unwrap_or(spec.help),
            command: Some(command),
        }
    };
    spec.buttons.iter().map(of_button).collect()
}

/// The button's label.
fn label(choice: &PaletteEntry) -> &'static str {
    let mut buttons = choice.spec.buttons.iter();
    let button = buttons.find(|button| Some(button.key) == choice.key);
    button.map_or("", |button| button.label)
}

impl Dialog for PaletteDialog {
    /// Searches for what is typed; Tab has it typed in the prompt, with its arguments.
    fn key(&mut self, key: KeyEvent, context: Context) -> Vec<Reaction> {
        match plain(key) {
            Some(KeyCode::Char(c)) => {
                self.search.push(c);
                self.selected = 0;
            }
            Some(KeyCode::Backspace) => {
                self.search.pop();
                self.selected = 0;
            }
            Some(KeyCode::Tab) => {
                let found = self.found();
                let Some(choice) = found.get(self.selected) else {
                    return Vec::new();
                };
                return vec![
                    Reaction::Close,
                    Reaction::Open(Box::new(Prompt::new(self.typed(choice)))),
                ];
            }
            _ => return browse(self, key, context),
        }
        Vec::new()
    }

    fn press(&mut self, item: usize, _context: Context) -> Vec<Reaction> {
        let found = self.found();
        let Some(choice) = found.get(item) else {
            return Vec::new();
        };
        let next = match &choice.command {
            Some(command) => Reaction::Do(command.clone().into()),
            None => Reaction::Open(Box::new(Prompt::new(self.typed(choice)))),
        };
        vec![Reaction::Close, next]
    }

    fn scroll(&mut self, lines: i64, _context: Context) {
        self.selected = moved(self.selected, lines, self.found().len());
    }

    fn selected(&self) -> Option<usize> {
        Some(self.selected)
    }

    fn paste(&mut self, text: &str) {
        self.search.extend(text.chars().filter(|c| !c.is_control()));
        self.selected = 0;
    }

    fn opener(&self) -> Option<ScreenCommand> {
        Some(ScreenCommand::Palette)
    }

    fn about(&self) -> DialogHelp {
        DialogHelp {
            title: "The palette",
            keys: &[
                ("letters", "find what has them in its name, its button or its help"),
                ("Enter", "do it; what needs an argument is typed first"),
                ("Tab", "type it, with other arguments"),
            ],
        }
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, _context: Context) {
        let area = layout::middle(screen, 100, screen.height.min(24));
        let title = format!(
            "do what? for the {}   (type to search, Enter does it, Tab types it, Esc closes)",
            self.side
        );
        let inside = canvas.frame(area, &title);
        if inside.height < 3 {
            return;
        }
        let (text, strong, dim) = (canvas.theme.text(), canvas.theme.strong(), canvas.theme.dim());
        let x = canvas.put(inside.x, inside.y, inside.right(), "> ", dim);
        let end = canvas.put_cut(x, inside.y, inside.right(), &self.search, strong);
        canvas.put(end, inside.y, inside.right(), "_", strong);
        let found = self.found();
        self.selected = self.selected.min(found.len().saturating_sub(1));
        let (list, foot) = layout::bottom(
            Rect {
                y: inside.y + 1,
                height: inside.height - 1,
                ..inside
            },
            u16::from(inside.height > 4),
        );
        canvas.page = list.height;
        let height = usize::from(list.height);
        let skip = (self.selected + 1).saturating_sub(height);
        for ((row, choice), y) in found.iter().enumerate().skip(skip).take(height).zip(list.y..) {
            let key = choice.key.map(|key| canvas.keys.label_of(key)).unwrap_or_default();
            let key = if key.is_empty() {
                ":".to_owned()
            } else {
                key.to_string()
            };
            let x = canvas.put(list.x, y, list.right(), &key, strong);
            let x = canvas.put((list.x + 3).max(x + 1), y, list.right(), &choice.words, text);
            let x = (list.x + 21).max(x + 2);
            canvas.put_cut(x, y, list.right(), choice.does, dim);
            let place = Rect::new(list.x, y, list.width, 1);
            let action = Action::Item(row);
            canvas.hits.add(place, action.clone(), true);
            if row == self.selected || canvas.is_picked(place, &action) {
                let style = canvas.theme.picked();
                canvas.tint(place, style);
            }
        }
        if found.is_empty() {
            canvas.put_cut(list.x, list.y, list.right(), "nothing has these letters", text);
        }
        if let Some(choice) = found.get(self.selected) {
            let signature = Signature::of(choice.spec);
            let parts: Vec<&str> = signature.parts.iter().map(|part| part.text.as_str()).collect();
            let takes = match parts.is_empty() {
                true => "no arguments".to_owned(),
                false => format!("{} {}", choice.spec.name, parts.join(" ")),
            };
            canvas.put_cut(foot.x, foot.y, foot.right(), &takes, dim);
        }
        let hint = format!(" {} of {} ", (self.selected + 1).min(found.len()), found.len());
        canvas.put(inside.x, area.bottom() - 1, area.right() - 1, &hint, strong);
    }
}
