//! A question with a few answers: to replace a file that is there, to leave a lab in which something was done.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;
use std::sync::Arc;

use super::{Context, Dialog, Reaction, browse, moved};
use crate::command::WriteCommand;
use crate::scenario::Scenario;
use crate::scenario::report::count;
use crate::text::{excerpt, wrap_to};
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;

/// The most characters of a file's name that are shown.
const LONGEST_NAME: usize = 300;

/// An answer.
#[derive(Debug)]
struct Answer {
    /// The word on the button.
    label: &'static str,
    /// The hint: what it does.
    does: &'static str,
    /// The action; none for the answer with which all stays as it is.
    action: Option<Action>,
}

/// A question. The last answer, which is selected first, changes nothing.
#[derive(Debug)]
pub struct QuestionDialog {
    title: &'static str,
    question: String,
    /// The most lines of the question that are shown.
    most: usize,
    answers: Vec<Answer>,
    selected: usize,
}

impl QuestionDialog {
    fn new(title: &'static str, question: String, most: usize, answers: Vec<Answer>) -> QuestionDialog {
        QuestionDialog {
            title,
            question,
            most,
            selected: answers.len().saturating_sub(1),
            answers,
        }
    }

    /// Asks whether the file of that command, which is there already, is to be replaced.
    pub fn replace(command: WriteCommand) -> QuestionDialog {
        let name = excerpt(&command.file.to_string_lossy(), LONGEST_NAME);
        let replace = Answer {
            label: "replace it",
            does: "write the file again; what it contained is lost",
            action: Some(Action::Write(WriteCommand { force: true, ..command })),
        };
        let leave = Answer {
            label: "leave it",
            does: "write nothing",
            action: None,
        };
        QuestionDialog::new(
            "replace the file?   (Esc leaves it)",
            format!("{name} is there already."),
            4,
            vec![replace, leave],
        )
    }

    /// Asks whether the lab, in which so many commands were given, goes for that lesson; or is recorded first.
    pub fn leave(scenario: &Arc<Scenario>, done: usize) -> QuestionDialog {
        let begin = |record: bool| {
            Some(Action::GuideInstead {
                scenario: Arc::clone(scenario),
                record,
            })
        };
        let answers = vec![
            Answer {
                label: "leave it",
                does: "begin the lesson in a fresh lab; the sockets of this one are closed",
                action: begin(false),
            },
            Answer {
                label: "record first",
                does: "write what was done to a scenario file, then begin the lesson",
                action: begin(true),
            },
            Answer {
                label: "stay",
                does: "stay in this lab",
                action: None,
            },
        ];
        let title = &scenario.title;
        let done = count(done, "command");
        let question =
            format!("The lesson \"{title}\" begins in a fresh lab. What was done in this one, {done}, goes with it.");
        QuestionDialog::new("leave this lab?   (Esc stays)", question, usize::MAX, answers)
    }
}

impl Dialog for QuestionDialog {
    fn press(&mut self, item: usize, _context: Context) -> Vec<Reaction> {
        let Some(answer) = self.answers.get(item) else {
            return Vec::new();
        };
        let action = answer.action.clone().map(Reaction::Do);
        [Reaction::Close].into_iter().chain(action).collect()
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
        self.selected = moved(self.selected, lines, self.answers.len());
    }

    fn selected(&self) -> Option<usize> {
        Some(self.selected)
    }

    fn hint(&self, item: usize) -> Option<String> {
        Some(self.answers.get(item)?.does.to_owned())
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, _context: Context) {
        const WIDTH: u16 = 58;
        let room = WIDTH.min(screen.width.saturating_sub(2)).saturating_sub(4);
        let lines = wrap_to(&self.question, usize::from(room), self.most);
        let area = layout::middle(screen, WIDTH, lines.len() as u16 + 4);
        let inside = canvas.frame(area, self.title);
        let text = canvas.theme.text();
        for (line, y) in lines.iter().zip(inside.y..inside.bottom()) {
            canvas.put(inside.x, y, inside.right(), line, text);
        }
        let foot = Rect {
            y: inside.bottom().saturating_sub(1),
            height: 1,
            ..inside
        };
        draw_answers(
            canvas,
            foot,
            self.answers.iter().map(|answer| answer.label),
            self.selected,
        );
    }
}

/// Draws the buttons of the answers in a line, the selected one marked; each is the item of its place.
pub(super) fn draw_answers(
    canvas: &mut Canvas,
    line: Rect,
    labels: impl IntoIterator<Item = &'static str>,
    selected: usize,
) {
    let picked = canvas.theme.picked();
    let mut x = line.x;
    for (nth, label) in labels.into_iter().enumerate() {
        let end = canvas.button(x, line.y, line.right(), None, label, Action::Item(nth));
        if selected == nth {
            canvas.tint(Rect::new(x, line.y, end.saturating_sub(x), 1), picked);
        }
        x = end + 2;
    }
}
