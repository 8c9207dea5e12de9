//! The line where commands are typed, with completion, history, and mistakes pointed at.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::{Position, Rect};
use std::sync::Arc;
use tui_input::backend::crossterm::EventHandler;
use tui_input::{Input, InputRequest};

use super::{Context, Dialog, DialogHelp, Reaction, help_about};
use crate::call::SocketName;
use crate::command::ScreenCommand;
use crate::command::complete::complete;
use crate::command::parse::{ParseError, parse};
use crate::command::signature::Signature;
use crate::scenario::Scenario;
use crate::scenario::branch::Branch;
use crate::session::Session;
use crate::side::Side;
use crate::text::{width, wrap_to};
use crate::tui::canvas::{Canvas, keyless_width};
use crate::tui::history::History;
use crate::tui::hit::Action;
use crate::tui::layout;

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
    /// The text that is looked for in the history; none while nothing is.
    searched: Option<String>,
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
            searched: None,
            over: false,
            purpose: PromptPurpose::Run,
        }
    }

    /// Returns a prompt to change the arguments of a button: behind a command without any, the first is awaited.
    pub fn editing(text: &str) -> Prompt {
        let awaits = |signature: Signature| !signature.parts.is_empty() && text.ends_with(signature.spec.name);
        let blank = if Signature::typed(text).is_some_and(awaits) {
            " "
        } else {
            ""
        };
        Prompt::new(format!("{text}{blank}"))
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
            None => complete(self.input.value(), Some(context.focus), &|| {
                socket_names(context.session)
            }),
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
            (self.back + 1).min(history.len())
        } else {
            self.back.saturating_sub(1)
        };
        let text = history.back(self.back).unwrap_or(&self.draft);
        self.set(text.clone());
    }

    /// A key while something is looked for in the history; whether that was all that it is for.
    fn search_key(&mut self, key: KeyEvent, history: &History) -> bool {
        let Some(searched) = &mut self.searched else {
            return false;
        };
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('r') if control => {
                let found = history.find(searched, self.back);
                self.back = found.unwrap_or(self.back);
            }
            KeyCode::Char(c) if !control && !key.modifiers.contains(KeyModifiers::ALT) => {
                searched.push(c);
                self.back = history.find(searched, self.back.saturating_sub(1)).unwrap_or(self.back);
            }
            KeyCode::Backspace => {
                searched.pop();
                self.back = history.find(searched, 0).unwrap_or(0);
            }
            // What was there before comes back.
            KeyCode::Esc => {
                self.searched = None;
                self.back = 0;
            }
            // What was found is taken, to be changed or run; any other key then does what it does.
            _ => {
                self.searched = None;
                return matches!(key.code, KeyCode::Enter | KeyCode::Tab);
            }
        }
        let text = history.back(self.back).unwrap_or(&self.draft).clone();
        self.set(text);
        true
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
        if self.search_key(key, context.history) {
            (self.cycle, self.error) = (None, None);
            return Vec::new();
        }
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
            code if !matches!(code, KeyCode::Char(_)) && context.screen_command(key) == Some(ScreenCommand::Help) => {
                return vec![help_about(self)];
            }
            KeyCode::Char('r') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                if self.back == 0 {
                    self.draft = self.input.value().to_owned();
                }
                self.searched = Some(String::new());
                self.cycle = None;
            }
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
        if let Some(searched) = &mut self.searched {
            searched.extend(text.chars().filter(|c| !c.is_control()));
            return;
        }
        for c in text.chars().filter(|c| *c == '\n' || *c == '\t' || !c.is_control()) {
            let c = if c == '\n' || c == '\t' { ' ' } else { c };
            self.input.handle(InputRequest::InsertChar(c));
        }
        self.cycle = None;
        self.error = None;
    }

    fn about(&self) -> DialogHelp {
        DialogHelp {
            title: "The prompt",
            keys: &[
                (
                    "Tab",
                    "complete the word, or go to the next that is proposed; a few letters of it are enough",
                ),
                ("Up Down", "go through what was typed before, also in earlier runs"),
                (
                    "Ctrl-R",
                    "look for a text in what was typed before; once more for an older one",
                ),
                ("Ctrl-W", "remove the word before the cursor; Ctrl-U all before it"),
                ("[ ]", "an argument that may be left out"),
                ("( )", "what is taken without it"),
            ],
        }
    }

    /// Draws the prompt over the bottom of the screen.
    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, context: Context) {
        let (_, area) = layout::bottom(screen, 7);
        let title = match (&self.searched, &self.purpose) {
            (Some(text), _) => {
                format!("in the history: {text}_   (Ctrl-R an older one, Enter takes it, Esc leaves it)")
            }
            (None, PromptPurpose::Run) => {
                "command   (Enter runs it, Tab completes, Up, Ctrl-R: history, Esc closes)".to_owned()
            }
            (None, PromptPurpose::Branch(..)) => "what instead?   (Enter runs both, Esc closes)".to_owned(),
        };
        let inside = canvas.frame(area, &title);
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
        } else {
            let below = Rect {
                y: y + 1,
                height: inside.bottom().saturating_sub(y + 1),
                ..inside
            };
            describe(canvas, below, value, context);
        }
    }
}

/// Says below the line which arguments its command takes, the one that is being typed emphasised, and what it does; before there is a
/// command, which end one is for.
fn describe(canvas: &mut Canvas, area: Rect, typed: &str, context: Context) {
    let (text, strong, dim) = (canvas.theme.text(), canvas.theme.strong(), canvas.theme.dim());
    let Some(signature) = Signature::typed(typed) else {
        let hint = format!(
            "without client or server before it, a command is for the {}",
            context.focus
        );
        canvas.put_cut(area.x, area.y, area.right(), &hint, dim);
        return;
    };
    // The arguments on as many lines as leave one for the help; of more, those around the one that is being typed.
    let mut lines: Vec<Vec<(String, bool)>> = vec![vec![(signature.spec.name.to_owned(), false)]];
    let mut used = width(signature.spec.name);
    for part in signature.parts {
        let wide = width(&part.text) + 1;
        if used + wide > usize::from(area.width) {
            lines.push(Vec::new());
            used = 0;
        }
        used += wide;
        if let Some(line) = lines.last_mut() {
            line.push((part.text, part.typed));
        }
    }
    let rows = usize::from(area.height.saturating_sub(1)).max(1);
    let typed_at = lines
        .iter()
        .position(|line| line.iter().any(|(_, typed)| *typed))
        .unwrap_or(0);
    let skip = (typed_at + 1).saturating_sub(rows);
    let mut y = area.y;
    for line in lines.iter().skip(skip).take(rows) {
        let mut x = area.x;
        for (part, typed) in line {
            let style = if *typed { strong } else { text };
            let end = canvas.put_cut(x, y, area.right(), part, style);
            if *typed {
                let style = canvas.theme.picked();
                canvas.tint(Rect::new(x, y, end - x, 1), style);
            }
            x = end + 1;
        }
        y += 1;
    }
    if y < area.bottom() {
        let left = usize::from(area.bottom() - y);
        for (line, y) in wrap_to(signature.spec.help, usize::from(area.width), left)
            .iter()
            .zip(y..)
        {
            canvas.put(area.x, y, area.right(), line, dim);
        }
    }
}

/// All but the last word, which completion replaces.
fn before_last_word(text: &str) -> &str {
    let word = text.rsplit(char::is_whitespace).next().unwrap_or("");
    &text[..text.len() - word.len()]
}
