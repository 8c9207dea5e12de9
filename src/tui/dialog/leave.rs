//! A lesson in place of a lab in which the user did something: go, keep what was done first, or stay?

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;
use std::sync::Arc;

use super::{Context, Dialog, Reaction, browse, moved};
use crate::scenario::Scenario;
use crate::scenario::report::count;
use crate::text::wrap;
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Leave { record: bool },
    Stay,
}

/// The answers, in the order of the keys.
const ITEMS: [Item; 3] = [Item::Leave { record: false }, Item::Leave { record: true }, Item::Stay];

impl Item {
    const fn label(self) -> &'static str {
        match self {
            Item::Leave { record: false } => "leave it",
            Item::Leave { record: true } => "record first",
            Item::Stay => "stay",
        }
    }
}

/// The question.
#[derive(Debug)]
pub struct LeaveDialog {
    scenario: Arc<Scenario>,
    /// The number of commands that were given in this lab.
    done: usize,
    selected: usize,
}

impl LeaveDialog {
    /// Asks whether the lab, in which so many commands were given, goes for that lesson; Enter alone stays.
    pub const fn new(scenario: Arc<Scenario>, done: usize) -> LeaveDialog {
        LeaveDialog {
            scenario,
            done,
            selected: ITEMS.len() - 1,
        }
    }
}

impl Dialog for LeaveDialog {
    fn press(&mut self, item: usize, _context: Context) -> Vec<Reaction> {
        match ITEMS.get(item) {
            Some(Item::Leave { record }) => {
                let scenario = Arc::clone(&self.scenario);
                let begin = Action::GuideInstead {
                    scenario,
                    record: *record,
                };
                vec![Reaction::Close, Reaction::Do(begin)]
            }
            Some(Item::Stay) => vec![Reaction::Close],
            None => Vec::new(),
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
        let does = match ITEMS.get(item)? {
            Item::Leave { record: false } => "begin the lesson in a fresh lab; the sockets of this one are closed",
            Item::Leave { record: true } => "write what was done to a scenario file, then begin the lesson",
            Item::Stay => "stay in this lab",
        };
        Some(does.to_owned())
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, _context: Context) {
        const WIDTH: u16 = 58;
        let title = &self.scenario.title;
        let done = count(self.done, "command");
        let question =
            format!("The lesson \"{title}\" begins in a fresh lab. What was done in this one, {done}, goes with it.");
        let room = WIDTH.min(screen.width.saturating_sub(2)).saturating_sub(4);
        let lines = wrap(&question, usize::from(room));
        let area = layout::middle(screen, WIDTH, lines.len() as u16 + 4);
        let inside = canvas.frame(area, "leave this lab?   (Esc stays)");
        let (text, picked) = (canvas.theme.text(), canvas.theme.picked());
        for (line, y) in lines.iter().zip(inside.y..inside.bottom()) {
            canvas.put(inside.x, y, inside.right(), line, text);
        }
        let (mut x, y) = (inside.x, inside.bottom().saturating_sub(1));
        for (nth, item) in ITEMS.iter().enumerate() {
            let end = canvas.button(x, y, inside.right(), None, item.label(), Action::Item(nth));
            if self.selected == nth {
                canvas.tint(Rect::new(x, y, end.saturating_sub(x), 1), picked);
            }
            x = end + 2;
        }
    }
}
