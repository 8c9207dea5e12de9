//! The line where commands are typed, with completion, history, and mistakes pointed at.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::{Position, Rect};
use std::sync::Arc;
use tui_input::backend::crossterm::EventHandler;
use tui_input::{Input, InputRequest};

use super::{Context, Dialog, Reaction};
use crate::call::SocketName;
use crate::command::complete::complete;
use crate::command::parse::{ParseError, parse};
use crate::scenario::Scenario;
use crate::scenario::branch::Branch;
use crate::session::Session;
use crate::side::Side;
use crate::text::wrap_to;
use crate::tui::canvas::{Canvas, keyless_width};
use crate::tui::hit::Action;
use crate::tui::layout;

/// The number of typed commands that are remembered.
const REMEMBERED: usize = 200;

/// The commands that were typed, the oldest first.
#[derive(Debug, Default)]
pub struct History(Vec<String>);

impl History {
    /// Adds a command, unless it was the last one, too.
    pub fn remember(&mut self, text: String) {
        if self.0.last() != Some(&text) {
            self.0.push(text);
            if self.0.len() > REMEMBERED {
                self.0.remove(0);
            }
        }
    }

    /// The command that was typed so many before the next.
    fn back(&self, nth: usize) -> Option<&String> {
        self.0.get(self.0.len().checked_sub(nth)?)
    }
}

/// The purpose of the typed command.
#[derive(Debug)]
enum PromptPurpose {
    /// Runs it.
    Run,
    /// Puts it in the place of that step of the scenario, and runs both.
    Branch(Arc<Scenario>, usize),
}

/// A line being typed.
#[derive(Debug)]
pub struct Prompt {
    input: Input,
    /// The completions that Tab goes through: the text before the word, the words, and which one stands there.
    cycle: Option<(String, Vec<String>, usize)>,
    error: Option<ParseError>,
    /// The number of steps back in the history, and what was typed before going there.
    back: usize,
    draft: String,
    /// The last word is there to be typed over.
    over: bool,
    purpose: PromptPurpose,
}

impl Prompt {
    /// Returns a prompt with text to begin from, the cursor at its end.
    pub fn new(text: String) -> Prompt {
        Prompt {
            input: Input::new(text),
            cycle: None,
            error: None,
            back: 0,
            draft: String::new(),
            over: false,
            purpose: PromptPurpose::Run,
        }
    }

    /// Returns a prompt with text whose last word the first character typed takes the place of.
    pub fn replacing_last(text: String) -> Prompt {
        Prompt {
            over: true,
            ..Prompt::new(text)
        }
    }

    /// Returns a prompt with a command to take the place of that step of a scenario.
    pub fn branching(scenario: Arc<Scenario>, step: usize, text: String) -> Prompt {
        Prompt {
            purpose: PromptPurpose::Branch(scenario, step),
            ..Prompt::new(text)
        }
    }

    fn set(&mut self, text: String) {
        self.input = Input::new(text);
    }

    fn candidates(&self, context: Context) -> Vec<String> {
        match &self.cycle {
            Some((_, words, _)) => words.clone(),
            None => complete(self.input.value(), Some(context.focus), &socket_names(context.session)),
        }
    }

    fn tab(&mut self, context: Context, backwards: bool) {
        let (before, words, at) = match self.cycle.take() {
            Some((before, words, at)) => {
                let step = if backwards { words.len() - 1 } else { 1 };
                let at = (at + step) % words.len();
                (before, words, at)
            }
            None => {
                let words = self.candidates(context);
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

    fn recall(&mut self, history: &History, older: bool) {
        if self.back == 0 {
            self.draft = self.input.value().to_owned();
        }
        self.back = if older {
            (self.back + 1).min(history.0.len())
        } else {
            self.back.saturating_sub(1)
        };
        let text = history.back(self.back).unwrap_or(&self.draft);
        self.set(text.clone());
    }

    /// The command that was typed goes where it is wanted; a mistake leaves the prompt open, and is pointed at.
    fn enter(&mut self, context: Context) -> Vec<Reaction> {
        let text = self.input.value().to_owned();
        if text.trim().is_empty() {
            return vec![Reaction::Close];
        }
        let command = match parse(&text, Some(context.focus)) {
            Ok(command) => command,
            Err(error) => {
                self.error = Some(error);
                return Vec::new();
            }
        };
        let action = match &self.purpose {
            PromptPurpose::Run => Action::Typed(text, command),
            PromptPurpose::Branch(scenario, step) => Action::Compare(Branch::new(Arc::clone(scenario), *step, command)),
        };
        vec![Reaction::Close, Reaction::Do(action)]
    }
}

/// The names that the prompt proposes: those of both ends.
fn socket_names(session: &Session) -> Vec<&SocketName> {
    let mut names: Vec<&SocketName> = Side::BOTH
        .into_iter()
        .flat_map(|side| session.ends[side].sockets.iter().map(|socket| &socket.name))
        .collect();
    names.sort();
    names.dedup();
    names
}

impl Dialog for Prompt {
    fn key(&mut self, key: KeyEvent, context: Context) -> Vec<Reaction> {
        let over = std::mem::take(&mut self.over);
        let types = matches!(key.code, KeyCode::Char(_)) && !key.modifiers.contains(KeyModifiers::CONTROL);
        if over && (types || key.code == KeyCode::Backspace) {
            let before = before_last_word(self.input.value()).to_owned();
            self.set(before);
            if key.code == KeyCode::Backspace {
                return Vec::new();
            }
        }
        match key.code {
            KeyCode::Esc => return vec![Reaction::Close],
            KeyCode::Enter => return self.enter(context),
            KeyCode::Tab => self.tab(context, false),
            KeyCode::BackTab => self.tab(context, true),
            KeyCode::Up | KeyCode::Down => {
                self.recall(context.history, key.code == KeyCode::Up);
                self.cycle = None;
            }
            _ => {
                self.input.handle_event(&Event::Key(key));
                self.cycle = None;
            }
        }
        self.error = None;
        Vec::new()
    }

    /// A word that is proposed is taken.
    fn press(&mut self, item: usize, context: Context) -> Vec<Reaction> {
        let words = self.candidates(context);
        let before = match &self.cycle {
            Some((before, ..)) => before.clone(),
            None => before_last_word(self.input.value()).to_owned(),
        };
        if let Some(word) = words.get(item) {
            let blank = if word.ends_with('=') { "" } else { " " };
            self.set(format!("{before}{word}{blank}"));
        }
        self.cycle = None;
        self.error = None;
        Vec::new()
    }

    /// Pastes `text` on one line, and nothing raw.
    fn paste(&mut self, text: &str) {
        for c in text.chars().filter(|c| *c == '\n' || *c == '\t' || !c.is_control()) {
            let c = if c == '\n' || c == '\t' { ' ' } else { c };
            self.input.handle(InputRequest::InsertChar(c));
        }
        self.cycle = None;
        self.error = None;
    }

    /// Draws the prompt over the bottom of the screen.
    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, context: Context) {
        let (_, area) = layout::bottom(screen, 6);
        let title = match self.purpose {
            PromptPurpose::Run => "command   (Enter runs it, Tab completes, Up is history, Esc closes)",
            PromptPurpose::Branch(..) => "what instead?   (Enter runs both, Esc closes)",
        };
        let inside = canvas.frame(area, title);
        if inside.height < 3 || inside.width < 8 {
            return;
        }
        let (text, strong, dim) = (canvas.theme.text(), canvas.theme.strong(), canvas.theme.dim());
        // What could stand here.
        let words = self.candidates(context);
        let mut x = inside.x;
        for (nth, word) in words.iter().enumerate() {
            let wide = keyless_width(word);
            if x + wide + 4 > inside.right() {
                canvas.put(x, inside.y, inside.right(), &format!("+{}", words.len() - nth), dim);
                break;
            }
            let at = self.cycle.as_ref().is_some_and(|(_, _, at)| *at == nth);
            let place = Rect::new(x, inside.y, wide, 1);
            let action = Action::Item(nth);
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
            let hint = format!(
                "without client or server before it, a command is for the {}",
                context.focus
            );
            canvas.put_cut(inside.x, y + 2, inside.right(), &hint, dim);
        }
    }
}

/// All but the last word, which completion replaces.
fn before_last_word(text: &str) -> &str {
    let word = text.rsplit(char::is_whitespace).next().unwrap_or("");
    &text[..text.len() - word.len()]
}
