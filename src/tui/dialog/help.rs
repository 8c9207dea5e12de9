//! The help: made from the command table, so that it cannot say anything else than the buttons and keys.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{Context, Dialog, scrolled};
use crate::command::ScreenCommand;
use crate::command::table::{CommandGroup, TABLE};
use crate::text::wrap;
use crate::tui::canvas::Canvas;
use crate::tui::layout;

/// Keys and gestures that are no commands.
const HANDS: [(&str, &str); 11] = [
    ("1 2", "give the keys to the client, to the server"),
    (
        "Tab",
        "mark the next button; Shift-Tab the one before; arrows the nearest in a direction",
    ),
    ("Enter", "press what is marked"),
    ("Esc", "close a dialog, leave the zoom, remove the mark"),
    ("click", "press a button, pick a socket, select a line of the log"),
    ("right click", "change a button's arguments before it is pressed"),
    ("wheel", "scroll what is under the pointer"),
    ("PgUp PgDn", "scroll the log; Home and End to its ends"),
    ("Ctrl-L", "redraw the screen"),
    (
        "Ctrl-Z",
        "suspend finwait and go back to the shell; fg resumes: the endpoints and their sockets live on meanwhile",
    ),
    ("Ctrl-C", "leave"),
];

fn lines(room: usize, canvas: &Canvas) -> Vec<(String, String, Style)> {
    let (text, strong) = (canvas.theme.text(), canvas.theme.strong());
    let mut lines = Vec::new();
    let mut paragraph = |key: &str, said: &str| {
        for (nth, line) in wrap(said, room.saturating_sub(13)).into_iter().enumerate() {
            let key = if nth == 0 { key.to_owned() } else { String::new() };
            lines.push((key, line, text));
        }
    };
    for group in CommandGroup::ALL {
        paragraph("", "\u{0}");
        paragraph("\u{1}", group.title());
        for spec in TABLE.iter().filter(|spec| spec.group == group) {
            let keys: Vec<String> = spec
                .buttons
                .iter()
                .flat_map(|button| canvas.keys.keys(button))
                .map(|key| key.label().to_string())
                .collect();
            let key = if keys.is_empty() {
                ":".to_owned()
            } else {
                keys.join(" ")
            };
            paragraph(&key, &format!("{}: {}", spec.name, spec.help));
        }
    }
    paragraph("", "\u{0}");
    paragraph("\u{1}", "Mouse and keys");
    for (key, said) in HANDS {
        paragraph(key, said);
    }
    for (key, said, style) in &mut lines {
        match (key.as_str(), said.as_str()) {
            (_, "\u{0}") => said.clear(),
            ("\u{1}", _) => {
                *key = std::mem::take(said);
                *style = strong;
            }
            _ => {}
        }
    }
    lines.remove(0);
    lines
}

/// The help.
#[derive(Debug, Default)]
pub struct HelpDialog {
    /// Lines above the window.
    skip: usize,
}

impl Dialog for HelpDialog {
    fn scroll(&mut self, lines: i64, _context: Context) {
        self.skip = scrolled(self.skip, lines);
    }

    fn opener(&self) -> Option<ScreenCommand> {
        Some(ScreenCommand::Help)
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, _context: Context) {
        let area = layout::middle(screen, 86, screen.height);
        let inside = canvas.frame(area, "help: keys and the names that : takes   (Esc closes)");
        let lines = lines(usize::from(inside.width), canvas);
        let height = usize::from(inside.height);
        let most = lines.len().saturating_sub(height);
        self.skip = self.skip.min(most);
        for ((key, said, style), y) in lines.iter().skip(self.skip).take(height).zip(inside.y..) {
            let heading = said.is_empty();
            let key_style = if heading { *style } else { canvas.theme.strong() };
            canvas.put(inside.x, y, inside.right(), key, key_style);
            canvas.put_cut(inside.x + 13, y, inside.right(), said, *style);
        }
        if most > 0 {
            let text = match most - self.skip {
                0 => " the end ".to_owned(),
                n => format!(" {n} more lines: wheel, arrows, PgDn "),
            };
            let style = canvas.theme.strong();
            canvas.put(inside.x, area.bottom() - 1, area.right() - 1, &text, style);
        }
    }
}
