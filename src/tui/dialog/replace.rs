//! A file that is there already: replace it, or leave it?

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

use super::{Context, Dialog, Reaction, browse, moved};
use crate::command::WriteCommand;
use crate::text::{excerpt, wrap_to};
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;

/// The answers, in the order of the keys.
const ITEMS: [&str; 2] = ["replace it", "leave it"];
const REPLACE: usize = 0;
const LEAVE: usize = 1;

/// The most characters of a file's name that are shown.
const LONGEST_NAME: usize = 300;

/// The question.
#[derive(Debug)]
pub struct ReplaceDialog {
    command: WriteCommand,
    selected: usize,
}

impl ReplaceDialog {
    /// Asks whether the file of that command is to be replaced; Enter alone leaves it.
    pub const fn new(command: WriteCommand) -> ReplaceDialog {
        ReplaceDialog {
            command,
            selected: LEAVE,
        }
    }
}

impl Dialog for ReplaceDialog {
    fn press(&mut self, item: usize, _context: Context) -> Vec<Reaction> {
        match item {
            REPLACE => {
                let command = WriteCommand {
                    force: true,
                    ..self.command.clone()
                };
                vec![Reaction::Close, Reaction::Do(Action::Write(command))]
            }
            LEAVE => vec![Reaction::Close],
            _ => Vec::new(),
        }
    }

    /// Left and right go through the answers.
    fn key(&mut self, key: KeyEvent, context: Context) -> Vec<Reaction> {
        match key.code {
            KeyCode::Left => self.scroll(-1, context),
            KeyCode::Right => self.scroll(1, context),
            _ => return browse(self, key, context),
        }
        Vec::new()
    }

    fn scroll(&mut self, lines: i64, _context: Context) {
        self.selected = moved(self.selected, lines, ITEMS.len());
    }

    fn selected(&self) -> Option<usize> {
        Some(self.selected)
    }

    fn hint(&self, item: usize) -> Option<String> {
        let does = match item {
            REPLACE => "write the file again; what it contained is lost",
            LEAVE => "write nothing",
            _ => return None,
        };
        Some(does.to_owned())
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, _context: Context) {
        const WIDTH: u16 = 58;
        let name = excerpt(&self.command.file.to_string_lossy(), LONGEST_NAME);
        let room = WIDTH.min(screen.width.saturating_sub(2)).saturating_sub(4);
        let lines = wrap_to(&format!("{name} is there already."), usize::from(room), 4);
        let area = layout::middle(screen, WIDTH, lines.len() as u16 + 4);
        let inside = canvas.frame(area, "replace the file?   (Esc leaves it)");
        let (text, picked) = (canvas.theme.text(), canvas.theme.picked());
        for (line, y) in lines.iter().zip(inside.y..inside.bottom()) {
            canvas.put(inside.x, y, inside.right(), line, text);
        }
        let (mut x, y) = (inside.x, inside.bottom().saturating_sub(1));
        for (nth, label) in ITEMS.into_iter().enumerate() {
            let end = canvas.button(x, y, inside.right(), None, label, Action::Item(nth));
            if self.selected == nth {
                canvas.tint(Rect::new(x, y, end.saturating_sub(x), 1), picked);
            }
            x = end + 2;
        }
    }
}
