//! The line where commands are typed, with completion, history, and mistakes pointed at.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::{Position, Rect};
use tui_input::backend::crossterm::EventHandler;
use tui_input::{Input, InputRequest};

use crate::call::SocketName;
use crate::command::complete::complete;
use crate::command::parse::ParseError;
use crate::side::Side;
use crate::text::wrap_to;
use crate::tui::canvas::{Canvas, button_width};
use crate::tui::hit::Action;
use crate::tui::layout;

/// A wish of the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromptPurpose {
    /// Only to be drawn again.
    None,
    /// To be closed.
    Close,
    /// To run this.
    Run(String),
}

/// A line being typed.
#[derive(Debug)]
pub struct Prompt {
    input: Input,
    /// The completions that Tab goes through: the text before the word, the words, and which one stands there.
    cycle: Option<(String, Vec<String>, usize)>,
    error: Option<ParseError>,
    /// How far back in the history, and what was typed before going there.
    back: usize,
    draft: String,
    /// The last word is there to be typed over.
    over: bool,
    /// Whether the text takes the place of the tour's next step.
    pub branches: bool,
}

impl Prompt {
    /// With text to begin from, the cursor at its end.
    pub fn new(text: String) -> Prompt {
        Prompt {
            input: Input::new(text),
            cycle: None,
            error: None,
            back: 0,
            draft: String::new(),
            over: false,
            branches: false,
        }
    }

    /// With text whose last word the first character typed takes the place of.
    pub fn replacing_last(text: String) -> Prompt {
        Prompt {
            over: true,
            ..Prompt::new(text)
        }
    }

    /// Shows what was wrong with what was typed.
    pub fn complain(&mut self, error: ParseError) {
        self.error = Some(error);
    }

    fn set(&mut self, text: String) {
        self.input = Input::new(text);
    }

    fn candidates(&self, side: Side, sockets: &[&SocketName]) -> Vec<String> {
        match &self.cycle {
            Some((_, words, _)) => words.clone(),
            None => complete(self.input.value(), Some(side), sockets),
        }
    }

    /// Takes a word that is proposed.
    pub fn take(&mut self, nth: usize, side: Side, sockets: &[&SocketName]) {
        let words = self.candidates(side, sockets);
        let before = match &self.cycle {
            Some((before, ..)) => before.clone(),
            None => before_last_word(self.input.value()).to_owned(),
        };
        if let Some(word) = words.get(nth) {
            let blank = if word.ends_with('=') { "" } else { " " };
            self.set(format!("{before}{word}{blank}"));
        }
        self.cycle = None;
        self.error = None;
    }

    fn tab(&mut self, side: Side, sockets: &[&SocketName], backwards: bool) {
        let (before, words, at) = match self.cycle.take() {
            Some((before, words, at)) => {
                let step = if backwards { words.len() - 1 } else { 1 };
                let at = (at + step) % words.len();
                (before, words, at)
            }
            None => {
                let words = self.candidates(side, sockets);
                let last = words.len().saturating_sub(1);
                let before = before_last_word(self.input.value()).to_owned();
                (before, words, if backwards { last } else { 0 })
            }
        };
        match words.as_slice() {
            [] => {}
            [only] => {
                let blank = if only.ends_with('=') { "" } else { " " };
                self.set(format!("{before}{only}{blank}"));
            }
            _ => {
                self.set(format!("{before}{}", words[at]));
                self.cycle = Some((before, words, at));
            }
        }
    }

    fn recall(&mut self, history: &[String], older: bool) {
        if self.back == 0 {
            self.draft = self.input.value().to_owned();
        }
        self.back = if older {
            (self.back + 1).min(history.len())
        } else {
            self.back.saturating_sub(1)
        };
        let text = match self.back {
            0 => self.draft.clone(),
            back => history[history.len() - back].clone(),
        };
        self.set(text);
    }

    /// A key.
    pub fn key(&mut self, key: KeyEvent, side: Side, sockets: &[&SocketName], history: &[String]) -> PromptPurpose {
        let over = std::mem::take(&mut self.over);
        let types = matches!(key.code, KeyCode::Char(_)) && !key.modifiers.contains(KeyModifiers::CONTROL);
        if over && (types || key.code == KeyCode::Backspace) {
            let before = before_last_word(self.input.value()).to_owned();
            self.set(before);
            if key.code == KeyCode::Backspace {
                return PromptPurpose::None;
            }
        }
        match key.code {
            KeyCode::Esc => return PromptPurpose::Close,
            KeyCode::Enter => return PromptPurpose::Run(self.input.value().to_owned()),
            KeyCode::Tab => self.tab(side, sockets, false),
            KeyCode::BackTab => self.tab(side, sockets, true),
            KeyCode::Up | KeyCode::Down => {
                self.recall(history, key.code == KeyCode::Up);
                self.cycle = None;
            }
            _ => {
                self.input.handle_event(&Event::Key(key));
                self.cycle = None;
            }
        }
        self.error = None;
        PromptPurpose::None
    }

    /// Pasted text: on one line, and nothing raw.
    pub fn paste(&mut self, text: &str) {
        for c in text.chars().filter(|c| *c == '\n' || *c == '\t' || !c.is_control()) {
            let c = if c == '\n' || c == '\t' { ' ' } else { c };
            self.input.handle(InputRequest::InsertChar(c));
        }
        self.cycle = None;
        self.error = None;
    }

    /// Draws the prompt over the bottom of the screen.
    pub fn draw(&self, canvas: &mut Canvas, screen: Rect, side: Side, sockets: &[&SocketName]) {
        let (_, area) = layout::bottom(screen, 6);
        let inside = canvas.frame(
            area,
            if self.branches {
                "what instead?   (Enter runs both, Esc closes)"
            } else {
                "command   (Enter runs it, Tab completes, Up is history, Esc closes)"
            },
        );
        if inside.height < 3 || inside.width < 8 {
            return;
        }
        let (text, strong, dim) = (canvas.theme.text(), canvas.theme.strong(), canvas.theme.dim());
        // What could stand here.
        let words = self.candidates(side, sockets);
        let mut x = inside.x;
        for (nth, word) in words.iter().enumerate() {
            let wide = button_width(None, word);
            if x + wide + 4 > inside.right() {
                canvas.put(x, inside.y, inside.right(), &format!("+{}", words.len() - nth), dim);
                break;
            }
            let at = self.cycle.as_ref().is_some_and(|(_, _, at)| *at == nth);
            let place = Rect::new(x, inside.y, wide, 1);
            let action = Action::Candidate(nth);
            canvas.put(x + 1, inside.y, inside.right(), word, if at { strong } else { text });
            canvas.hits.add(place, action.clone(), false);
            if at || canvas.is_picked(place, &action) {
                let style = canvas.theme.picked();
                canvas.tint(place, style);
            }
            x += wide;
        }
        // The line itself.
        let y = inside.y + 1;
        let left = canvas.put(inside.x, y, inside.right(), ": ", strong);
        let room = usize::from(inside.right().saturating_sub(left));
        let scroll = self.input.visual_scroll(room);
        let value = self.input.value();
        let mut skipped = 0;
        let shown: String = value
            .chars()
            .skip_while(|c| {
                let skip = skipped < scroll;
                skipped += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
                skip
            })
            .collect();
        let end = canvas.put(left, y, inside.right(), &shown, text);
        if self.over {
            let last = value.len() - before_last_word(value).len();
            let style = canvas.theme.picked();
            canvas.tint(
                Rect::new(end.saturating_sub(last as u16).max(left), y, last as u16, 1),
                style,
            );
        }
        let cursor = self
            .input
            .visual_cursor()
            .saturating_sub(scroll)
            .min(room.saturating_sub(1));
        canvas.cursor = Some(Position::new(left + cursor as u16, y));
        // What was wrong, and where.
        let place = |column: usize| -> usize {
            value
                .chars()
                .take(column.saturating_sub(1))
                .map(|c| unicode_width::UnicodeWidthChar::width(c).unwrap_or(0))
                .sum()
        };
        if let Some(error) = &self.error {
            let at = place(error.column).saturating_sub(scroll).min(room.saturating_sub(1)) as u16;
            let bad = canvas.theme.bad();
            canvas.put(left + at, y + 1, inside.right(), "^", bad);
            let mut said = error.why.clone();
            if !error.nearest.is_empty() {
                said = format!("{said}; did you mean {}?", error.nearest.join(" or "));
            }
            // Beside the caret or under it, wherever there is more room.
            let room = usize::from(inside.width);
            if inside.height > 3 {
                for (line, y) in wrap_to(&said, room, usize::from(inside.height) - 3).iter().zip(y + 2..) {
                    canvas.put(inside.x, y, inside.right(), line, bad);
                }
            }
        } else if inside.height > 3 {
            let hint = format!("without client or server before it, a command is for the {side}");
            canvas.put_cut(inside.x, y + 2, inside.right(), &hint, dim);
        }
    }
}

/// All but the last word, which completion replaces.
fn before_last_word(text: &str) -> &str {
    let word = text.rsplit(char::is_whitespace).next().unwrap_or("");
    &text[..text.len() - word.len()]
}
