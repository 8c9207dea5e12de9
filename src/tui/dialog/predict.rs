//! What will the next step give back? A few outcomes to choose from.

use ratatui::layout::Rect;

use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;

/// Outcomes that people think of.
const USUAL: [&str; 8] = [
    "ok",
    "EPIPE",
    "ECONNRESET",
    "EOF",
    "blocked",
    "ETIMEDOUT",
    "ECONNREFUSED",
    "EAGAIN",
];
/// How many there are to choose from.
const CHOICES: usize = 5;

/// What there is to choose from.
#[derive(Clone, Debug)]
pub struct Predict {
    /// What is about to be done.
    pub command: String,
    /// The outcomes, in an order that tells nothing.
    pub choices: Vec<String>,
    /// Which is selected.
    pub selected: usize,
}

impl Predict {
    /// For a step that is expected to give `right`.
    pub fn new(command: String, right: &str) -> Predict {
        let mut choices: Vec<String> = USUAL
            .iter()
            .filter(|usual| **usual != right)
            .take(CHOICES - 1)
            .map(|usual| (*usual).to_owned())
            .collect();
        choices.push(right.to_owned());
        // By name: where the right one stands says nothing about it.
        choices.sort();
        Predict {
            command,
            choices,
            selected: 0,
        }
    }

    /// Draws the choice.
    pub fn draw(&self, canvas: &mut Canvas, screen: Rect) {
        let area = layout::middle(screen, 56, self.choices.len() as u16 + 3);
        let inside = canvas.frame(area, "what will it give back?   (Esc closes)");
        let (text, strong) = (canvas.theme.text(), canvas.theme.strong());
        canvas.put_cut(inside.x, inside.y, inside.right(), &self.command, strong);
        for ((row, choice), y) in self.choices.iter().enumerate().zip(inside.y + 1..inside.bottom()) {
            canvas.put(inside.x + 1, y, inside.right(), choice, text);
            let place = Rect::new(inside.x, y, inside.width, 1);
            let action = Action::Row(row);
            canvas.hits.add(place, action.clone(), true);
            if self.selected == row || canvas.is_picked(place, &action) {
                let style = canvas.theme.picked();
                canvas.tint(place, style);
            }
        }
    }
}
