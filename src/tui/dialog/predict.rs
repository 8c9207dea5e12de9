//! Predictions: what will the next step return, and in which state leave the socket? A few answers to choose from.

use ratatui::layout::Rect;
use std::mem;

use super::{About, Context, Dialog, Reaction, moved};
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;
use crate::tui::tour::RETURNS;

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
/// States that people think of.
const STATES: [&str; 7] = [
    "ESTABLISHED",
    "FIN_WAIT2",
    "CLOSE_WAIT",
    "TIME_WAIT",
    "CLOSE",
    "LAST_ACK",
    "SYN_SENT",
];
/// The number of predictions to choose from.
const CHOICES: usize = 5;

/// The choices.
#[derive(Debug)]
pub struct PredictDialog {
    /// The next command.
    command: String,
    /// The questions, and what is expected; the first of them now.
    questions: Vec<(String, String)>,
    /// The answers to choose from, in an order that tells nothing.
    choices: Vec<String>,
    /// The prediction that is selected.
    selected: usize,
}

impl PredictDialog {
    /// Returns a dialog for a step of which these are expected; none when there is nothing to ask.
    pub fn new(command: String, questions: Vec<(String, String)>) -> Option<PredictDialog> {
        let (about, right) = questions.first()?;
        let usual: &[&str] = if about == RETURNS { &USUAL } else { &STATES };
        let mut choices: Vec<String> = usual
            .iter()
            .filter(|usual| *usual != right)
            .take(CHOICES - 1)
            .map(|usual| (*usual).to_owned())
            .collect();
        choices.push(right.clone());
        // By name: where the right one stands says nothing about it.
        choices.sort();
        Some(PredictDialog {
            command,
            questions,
            choices,
            selected: 0,
        })
    }
}

impl Dialog for PredictDialog {
    /// The answer is taken down, and the next question asked.
    fn press(&mut self, item: usize, _context: Context) -> Vec<Reaction> {
        let Some(picked) = self.choices.get(item).cloned() else {
            return Vec::new();
        };
        let (about, _) = self.questions.remove(0);
        let predict = Reaction::Do(Action::Predict { about, picked });
        let (command, questions) = (mem::take(&mut self.command), mem::take(&mut self.questions));
        match PredictDialog::new(command, questions) {
            Some(next) => {
                *self = next;
                vec![predict]
            }
            None => vec![Reaction::Close, predict],
        }
    }

    fn scroll(&mut self, lines: i64, _context: Context) {
        self.selected = moved(self.selected, lines, self.choices.len());
    }

    fn selected(&self) -> Option<usize> {
        Some(self.selected)
    }

    fn about(&self) -> About {
        About {
            title: "A prediction",
            keys: &[("Enter", "predict what is selected; the next step says whether it is so")],
        }
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, _context: Context) {
        let area = layout::middle(screen, 56, self.choices.len() as u16 + 3);
        let title = match self.questions.first() {
            Some((about, _)) if about != RETURNS => format!("what will be the {about}?   (Esc closes)"),
            _ => "what will it return?   (Esc closes)".into(),
        };
        let inside = canvas.frame(area, &title);
        let (text, strong) = (canvas.theme.text(), canvas.theme.strong());
        canvas.put_cut(inside.x, inside.y, inside.right(), &self.command, strong);
        for ((row, choice), y) in self.choices.iter().enumerate().zip(inside.y + 1..inside.bottom()) {
            canvas.put(inside.x + 1, y, inside.right(), choice, text);
            let place = Rect::new(inside.x, y, inside.width, 1);
            let action = Action::Item(row);
            canvas.hits.add(place, action.clone(), true);
            if self.selected == row || canvas.is_picked(place, &action) {
                let style = canvas.theme.picked();
                canvas.tint(place, style);
            }
        }
    }
}
