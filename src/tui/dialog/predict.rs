//! Predictions: what will the next step return, and in which state leave the socket? All questions at once, a few answers to each.

use ratatui::layout::Rect;

use super::{Context, Dialog, DialogHelp, Reaction, moved};
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;
use crate::tui::prediction::{PredictionQuestion, RETURNS};

/// The width of a question's column.
const COLUMN: u16 = 30;

/// The questions, and what was chosen.
#[derive(Debug)]
pub struct PredictDialog {
    /// The next command.
    command: String,
    /// The questions, each with the choice that was made, by its number.
    questions: Vec<(PredictionQuestion, Option<usize>)>,
    /// The choice that the arrows have selected, counted through all questions; none before they were pressed.
    selected: Option<usize>,
}

impl PredictDialog {
    /// Returns a dialog about a step with these questions; none when there is nothing to ask.
    pub fn new(command: String, questions: Vec<PredictionQuestion>) -> Option<PredictDialog> {
        (!questions.is_empty()).then(|| PredictDialog {
            command,
            questions: questions.into_iter().map(|question| (question, None)).collect(),
            selected: None,
        })
    }

    /// The question and the choice of that number.
    fn place(&self, item: usize) -> Option<(usize, usize)> {
        let mut first = 0;
        for (nth, (question, _)) in self.questions.iter().enumerate() {
            let choices = question.choices.len();
            if item < first + choices {
                return Some((nth, item - first));
            }
            first += choices;
        }
        None
    }

    /// The first question without an answer.
    fn open(&self) -> Option<usize> {
        self.questions.iter().position(|(_, chosen)| chosen.is_none())
    }

    /// The number of the first choice of a question.
    fn first_of(&self, question: usize) -> usize {
        let before = self.questions.iter().take(question);
        before.map(|(question, _)| question.choices.len()).sum()
    }
}

impl Dialog for PredictDialog {
    /// The answer is taken down; with the last of them the dialog goes.
    fn press(&mut self, item: usize, _context: Context) -> Vec<Reaction> {
        let Some((nth, choice)) = self.place(item) else {
            return Vec::new();
        };
        let (question, chosen) = &mut self.questions[nth];
        *chosen = Some(choice);
        let predict = Reaction::Do(Action::Predict {
            about: question.about.clone(),
            picked: question.choices[choice].clone(),
        });
        self.selected = None;
        match self.open() {
            Some(_) => vec![predict],
            None => vec![Reaction::Close, predict],
        }
    }

    fn scroll(&mut self, lines: i64, _context: Context) {
        let count = self.first_of(self.questions.len());
        self.selected = Some(match self.selected {
            Some(selected) => moved(selected, lines, count),
            // The first choice of the question that is open.
            None => self.first_of(self.open().unwrap_or(0)),
        });
    }

    fn selected(&self) -> Option<usize> {
        self.selected
    }

    fn hint(&self, item: usize) -> Option<String> {
        let (question, choice) = self.place(item)?;
        let (question, _) = &self.questions[question];
        let picked = &question.choices[choice];
        Some(match question.about.as_str() {
            RETURNS => format!("predict that it returns {picked}; the next step says whether it is so"),
            about => format!("predict that the {about} will be {picked}; the next step says whether it is so"),
        })
    }

    fn asks_for_a_prediction(&self) -> bool {
        true
    }

    fn about(&self) -> DialogHelp {
        DialogHelp {
            title: "A prediction",
            keys: &[
                ("arrows", "select an answer"),
                ("Enter", "predict what is selected; the next step says whether it is so"),
            ],
        }
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, _context: Context) {
        let longest = self.questions.iter().map(|(question, _)| question.choices.len()).max();
        let rows = longest.unwrap_or(0) as u16;
        let area = layout::middle(screen, COLUMN * 2 + 12, rows + 6);
        let inside = canvas.frame(area, "what do you predict?   (Esc closes)");
        let (text, strong) = (canvas.theme.text(), canvas.theme.strong());
        canvas.put_cut(inside.x, inside.y, inside.right(), &self.command, strong);
        let ask = match (self.questions.len(), self.open()) {
            (0 | 1, _) => "Pick one answer.",
            (_, Some(0)) => "Two questions: pick one answer to each.",
            _ => "Now the other question: pick one answer.",
        };
        let last = inside.bottom().saturating_sub(1);
        canvas.put_cut(inside.x, last, inside.right(), ask, canvas.theme.dim());
        let mut item = 0;
        for ((question, chosen), nth) in self.questions.iter().zip(0..) {
            let left = inside.x + nth * COLUMN;
            let right = (left + COLUMN - 1).min(inside.right());
            let asked = match question.about.as_str() {
                RETURNS => "what will it return?".to_owned(),
                about => format!("what will be the {about}?"),
            };
            let head = crate::text::wrap(&asked, usize::from(right.saturating_sub(left)));
            for (line, y) in head.iter().take(2).zip(inside.y + 1..) {
                canvas.put_cut(left, y, right, line, strong);
            }
            for ((row, choice), y) in question.choices.iter().enumerate().zip(inside.y + 3..last) {
                let mark = if *chosen == Some(row) { "(x) " } else { "( ) " };
                canvas.put(left, y, right, &format!("{mark}{choice}"), text);
                let place = Rect::new(left, y, right.saturating_sub(left), 1);
                let action = Action::Item(item + row);
                canvas.hits.add(place, action.clone(), true);
                if self.selected == Some(item + row) || canvas.is_picked(place, &action) {
                    let style = canvas.theme.picked();
                    canvas.tint(place, style);
                }
            }
            item += question.choices.len();
        }
    }
}
