//! The themes to choose from. The screen shows the one that is marked at once; Enter keeps it, Esc goes back to the one before.

use ratatui::layout::Rect;

use super::{Context, Dialog, Reaction, moved};
use crate::command::{ScreenCommand, ThemeName};
use crate::roles::SegmentKind;
use crate::state::State;
use crate::text::wrap;
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;
use crate::tui::setup::Setup;
use crate::tui::theme::{HELD, Theme, ThemeChoice};

/// A theme of the list.
#[derive(Clone, Debug)]
struct Row {
    name: ThemeName,
    about: String,
    /// The look, or the mistake in its file.
    theme: Result<Theme, String>,
}

/// The themes.
#[derive(Debug)]
pub struct ThemesDialog {
    rows: Vec<Row>,
    /// The row that is marked.
    selected: usize,
}

impl ThemesDialog {
    /// Returns a list of all themes, with a mark on the one that is in use.
    pub fn new(setup: &Setup) -> ThemesDialog {
        let row = |choice: &ThemeChoice| match &choice.styles {
            Ok(styles) => Row {
                name: choice.name,
                about: styles.about.clone(),
                theme: Ok(Theme::new(styles, setup.depth)),
            },
            Err(why) => Row {
                name: choice.name,
                about: why.lines().next().unwrap_or_default().to_owned(),
                theme: Err(why.clone()),
            },
        };
        let rows: Vec<Row> = setup.themes.all().iter().map(row).collect();
        let named = |row: &Row| Some(row.name) == setup.name;
        let selected = rows
            .iter()
            .position(named)
            .or_else(|| rows.iter().position(|row| row.theme.as_ref() == Ok(&setup.theme)));
        ThemesDialog {
            rows,
            selected: selected.unwrap_or(0),
        }
    }

    /// Draws each role that has a colour of its own, in the look that is marked.
    fn sample(canvas: &mut Canvas, area: Rect) {
        let mut x = area.x;
        for state in [
            State::Close,
            State::Listen,
            State::SynSent,
            State::Established,
            State::FinWait2,
            State::CloseWait,
        ] {
            let style = canvas.theme.chip(state);
            x = canvas.put(x, area.y, area.right(), &format!(" {} ", state.name()), style) + 1;
        }
        let arrows = [
            (SegmentKind::Syn, "SYN", false),
            (SegmentKind::Data, "data", false),
            (SegmentKind::Data, "data again", true),
            (SegmentKind::Ack, "ACK", false),
            (SegmentKind::Fin, "FIN", false),
            (SegmentKind::Reset, "RST", false),
        ];
        let mut x = area.x;
        for (kind, word, again) in arrows {
            let (line, style) = (kind.line(again).repeat(2), canvas.theme.segment(kind));
            x = canvas.put(x, area.y + 1, area.right(), &line, style);
            x = canvas.put(
                x,
                area.y + 1,
                area.right(),
                &format!(" {word} "),
                canvas.theme.flags(kind),
            );
            x = canvas.put(x, area.y + 1, area.right(), &(line + kind.head(true)), style) + 1;
        }
        let (held, bad) = (canvas.theme.held(), canvas.theme.bad());
        let x = canvas.put(area.x, area.y + 2, area.right(), &format!("{HELD} held"), held) + 2;
        let x = canvas.put(x, area.y + 2, area.right(), "write = -1 EPIPE", bad) + 2;
        canvas.put(x, area.y + 2, area.right(), "in the background", canvas.theme.dim());
    }
}

impl Dialog for ThemesDialog {
    /// Marks what is pressed, and keeps what is marked.
    fn press(&mut self, item: usize, _context: Context) -> Vec<Reaction> {
        let Some(row) = self.rows.get(item) else {
            return Vec::new();
        };
        if self.selected != item {
            self.selected = item;
            return Vec::new();
        }
        match &row.theme {
            Ok(_) => vec![
                Reaction::Close,
                Reaction::Do(Action::Screen(None, ScreenCommand::UseTheme(row.name))),
            ],
            Err(why) => vec![Reaction::Do(Action::Say(
                why.lines().next().unwrap_or_default().to_owned(),
            ))],
        }
    }

    fn scroll(&mut self, lines: i64, _context: Context) {
        self.selected = moved(self.selected, lines, self.rows.len());
    }

    fn selected(&self) -> Option<usize> {
        Some(self.selected)
    }

    fn hint(&self, item: usize) -> Option<String> {
        let name = self.rows.get(item)?.name;
        Some(if item == self.selected {
            format!("keep the theme {name}")
        } else {
            format!("try the theme {name}: the screen shows it at once")
        })
    }

    fn theme(&self) -> Option<Theme> {
        self.rows.get(self.selected).and_then(|row| row.theme.clone().ok())
    }

    fn opener(&self) -> Option<ScreenCommand> {
        Some(ScreenCommand::Themes)
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, _context: Context) {
        /// The lines below the list: one that is empty, and the sample.
        const BELOW: u16 = 4;
        let area = layout::middle(screen, 80, self.rows.len() as u16 + BELOW + 2);
        let inside = canvas.frame(area, "themes   (the screen shows the marked one)");
        let (list, below) = layout::bottom(inside, BELOW.min(inside.height.saturating_sub(2)));
        let height = usize::from(list.height);
        let skip = (self.selected + 1).saturating_sub(height);
        let (text, strong, bad) = (canvas.theme.text(), canvas.theme.strong(), canvas.theme.bad());
        for ((at, row), y) in self.rows.iter().enumerate().skip(skip).take(height).zip(list.y..) {
            canvas.put(list.x, y, list.right(), row.name.as_str(), strong);
            let style = if row.theme.is_err() { bad } else { text };
            canvas.put_cut(list.x + 14, y, list.right(), &row.about, style);
            let line = Rect::new(list.x, y, list.width, 1);
            let action = Action::Item(at);
            canvas.hits.add(line, action.clone(), true);
            if at == self.selected || canvas.is_picked(line, &action) {
                let style = canvas.theme.picked();
                canvas.tint(line, style);
            }
        }
        match self.rows.get(self.selected).map(|row| &row.theme) {
            Some(Err(why)) => {
                let why = wrap(why.lines().next().unwrap_or_default(), usize::from(below.width));
                for (line, y) in why.iter().zip(below.y + 1..below.bottom()) {
                    canvas.put(below.x, y, below.right(), line, bad);
                }
            }
            _ if below.height == BELOW => {
                let sample = Rect {
                    y: below.y + 1,
                    height: below.height - 1,
                    ..below
                };
                ThemesDialog::sample(canvas, sample);
            }
            _ => {}
        }
        let hint = " click: try it; again or Enter: keep it; Esc: back ";
        canvas.put(inside.x, area.bottom() - 1, area.right() - 1, hint, strong);
    }
}
