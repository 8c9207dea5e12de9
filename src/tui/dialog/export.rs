//! The export of the run: a file's name, whose ending says the format.

use crossterm::event::{Event, KeyCode, KeyEvent};
use ratatui::layout::{Position, Rect};
use std::path::{Path, PathBuf};
use tui_input::backend::crossterm::EventHandler;
use tui_input::{Input, InputRequest};

use super::{Context, Dialog, DialogHelp, Reaction, help_about, plain};
use crate::command::{ScreenCommand, WriteCommand, Written};
use crate::export::ExportFormat;
use crate::text::wrap_to;
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;

/// The formats that are offered, in the order of Tab.
const OFFERED: [ExportFormat; 8] = [
    ExportFormat::Svg,
    ExportFormat::Html,
    ExportFormat::Markdown,
    ExportFormat::Text,
    ExportFormat::Mermaid,
    ExportFormat::Pcapng,
    ExportFormat::Asciicast,
    ExportFormat::Graphs,
];
/// The item behind the formats: it writes the file.
const WRITE: usize = OFFERED.len();

/// The name that is typed.
#[derive(Debug)]
pub struct ExportDialog {
    input: Input,
}

impl ExportDialog {
    /// Asks for a file; `name`, without an ending, is proposed.
    pub fn new(name: &str) -> ExportDialog {
        let mut dialog = ExportDialog {
            input: Input::new(name.to_owned()),
        };
        dialog.take(OFFERED[0]);
        dialog
    }

    /// The format that the name says; else one sentence.
    fn format(&self) -> Result<ExportFormat, String> {
        ExportFormat::of_file(Path::new(self.input.value()))
    }

    /// Gives the name the ending of a format, in place of the one that it has.
    fn take(&mut self, format: ExportFormat) {
        let name = self.input.value();
        let ending = self.format().ok().and_then(|format| {
            let mut endings = format.endings().iter();
            endings.find_map(|ending| name.strip_suffix(ending)?.strip_suffix('.'))
        });
        let stem = ending.unwrap_or(name).trim_end_matches('.');
        self.input = Input::new(format!("{stem}.{}", format.endings()[0]));
    }

    /// Goes to the next format, or to the last.
    fn turn(&mut self, step: usize) {
        let now = self.format().ok();
        let at = OFFERED.iter().position(|format| Some(*format) == now);
        let next = at.map_or(0, |at| (at + step) % OFFERED.len());
        self.take(OFFERED[next]);
    }

    fn write(&self) -> Vec<Reaction> {
        // A name that says no format says so below it.
        if self.format().is_err() {
            return Vec::new();
        }
        let command = WriteCommand {
            what: Written::Export,
            file: PathBuf::from(self.input.value()),
            force: false,
        };
        vec![Reaction::Close, Reaction::Do(Action::Write(command))]
    }
}

impl Dialog for ExportDialog {
    fn key(&mut self, key: KeyEvent, context: Context) -> Vec<Reaction> {
        match plain(key) {
            Some(KeyCode::Esc) => return vec![Reaction::Close],
            Some(KeyCode::Enter) => return self.write(),
            Some(KeyCode::Tab | KeyCode::Down) => self.turn(1),
            Some(KeyCode::BackTab | KeyCode::Up) => self.turn(OFFERED.len() - 1),
            Some(KeyCode::Char(_)) => {
                self.input.handle_event(&Event::Key(key));
            }
            _ if context.screen_command(key) == Some(ScreenCommand::Help) => return vec![help_about(self)],
            _ => {
                self.input.handle_event(&Event::Key(key));
            }
        }
        Vec::new()
    }

    fn press(&mut self, item: usize, _context: Context) -> Vec<Reaction> {
        match OFFERED.get(item) {
            Some(format) => {
                self.take(*format);
                Vec::new()
            }
            None if item == WRITE => self.write(),
            None => Vec::new(),
        }
    }

    fn scroll(&mut self, lines: i64, _context: Context) {
        self.turn(if lines < 0 { OFFERED.len() - 1 } else { 1 });
    }

    fn paste(&mut self, text: &str) {
        for c in text.chars().filter(|c| !c.is_control()) {
            self.input.handle(InputRequest::InsertChar(c));
        }
    }

    fn hint(&self, item: usize) -> Option<String> {
        match OFFERED.get(item) {
            Some(format) => Some(format.about().to_owned()),
            None if item == WRITE => Some("write the file; one that is there is replaced only if you say so".into()),
            None => None,
        }
    }

    fn about(&self) -> DialogHelp {
        DialogHelp {
            title: "The export of the run",
            keys: &[
                (
                    "Tab Up Down",
                    "go through the formats: each gives the name its own ending",
                ),
                (
                    "Enter",
                    "write the file; one that is there is replaced only if you say so",
                ),
                (
                    ".screen.svg",
                    "a name with this ending, or .screen.txt, gets the screen in place of the run",
                ),
            ],
        }
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, _context: Context) {
        const WIDTH: u16 = 76;
        let area = layout::middle(screen, WIDTH, 9);
        let inside = canvas.frame(
            area,
            "export the run   (Enter writes it, Tab: another format, Esc closes)",
        );
        if inside.height < 4 || inside.width < 12 {
            return;
        }
        let (text, strong, dim, bad, picked) = {
            let theme = canvas.theme;
            (theme.text(), theme.strong(), theme.dim(), theme.bad(), theme.picked())
        };
        // The name.
        let left = canvas.put(inside.x, inside.y, inside.right(), "file ", strong);
        let room = usize::from(inside.right().saturating_sub(left));
        let scroll = self.input.visual_scroll(room);
        let mut skipped = 0;
        let shown: String = self
            .input
            .value()
            .chars()
            .skip_while(|c| {
                let skip = skipped < scroll;
                skipped += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
                skip
            })
            .collect();
        canvas.put(left, inside.y, inside.right(), &shown, text);
        let cursor = self
            .input
            .visual_cursor()
            .saturating_sub(scroll)
            .min(room.saturating_sub(1));
        canvas.cursor = Some(Position::new(left + cursor as u16, inside.y));
        // The formats.
        let format = self.format();
        let (mut x, mut y) = (inside.x, inside.y + 2);
        for (nth, offered) in OFFERED.iter().enumerate() {
            let label = format!(".{}", offered.endings()[0]);
            if x + crate::tui::canvas::keyless_width(&label) > inside.right() {
                (x, y) = (inside.x, y + 1);
            }
            if y >= inside.bottom() {
                break;
            }
            let end = canvas.button(x, y, inside.right(), None, &label, Action::Item(nth));
            if format.as_ref() == Ok(offered) {
                canvas.tint(Rect::new(x, y, end.saturating_sub(x), 1), picked);
            }
            x = end + 1;
        }
        // What the name means, and the button.
        let (words, style) = match &format {
            Ok(format) => (format.about(), dim),
            Err(why) => (why.as_str(), bad),
        };
        let lines = wrap_to(words, usize::from(inside.width), 2);
        for (line, y) in lines.iter().zip(y + 1..inside.bottom().saturating_sub(1)) {
            canvas.put(inside.x, y, inside.right(), line, style);
        }
        canvas.button(
            inside.x,
            inside.bottom() - 1,
            inside.right(),
            None,
            "write the file",
            Action::Item(WRITE),
        );
    }
}
