//! Dialogs that open over the screen, one file each, and their stack.
//!
//! A dialog holds what it shows, draws itself, and answers keys, presses and the wheel. It changes nothing but itself: what it wants to
//! happen it returns as [`Reaction`]s. Closing and opening is the stack's work, the rest the screen's.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use std::fmt::Debug;

use crate::call::CallId;
use crate::command::{Command, ScreenCommand};
use crate::scenario::branch::{Branch, BranchResult};
use crate::session::Session;
use crate::side::Side;
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::keys::Keymap;
use crate::tui::pane::programs::ProgramsPane;
use crate::tui::theme::Theme;

pub mod allow_run;
pub mod branch;
pub mod export;
pub mod forge;
pub mod help;
pub mod host;
pub mod lessons;
pub mod menu;
pub mod new_lab;
pub mod options;
pub mod output;
pub mod palette;
pub mod predict;
pub mod prompt;
pub mod question;
pub mod raw;
pub mod rules;
pub mod runtime;
pub mod segment;
pub mod state;
pub mod themes;
pub mod why;

use crate::tui::history::History;
use help::{HelpDialog, HelpTopic};

/// More lines than any dialog has.
const FAR: i64 = 1 << 20;

/// The parts of the screen that a dialog over it reads.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The lab, as far as it is known.
    pub session: &'a Session,
    /// The end that has the keys.
    pub focus: Side,
    /// The commands that were typed.
    pub history: &'a History,
    /// The programs of both ends, as they are shown.
    pub programs: &'a ProgramsPane,
    /// The lines that PgUp and PgDn move by: those that are visible of the dialog on top.
    pub page: u16,
    /// The keys of the buttons.
    pub keys: &'a Keymap,
}

impl<'a> Context<'a> {
    /// Returns a context of these parts.
    pub const fn new(
        session: &'a Session,
        focus: Side,
        history: &'a History,
        keys: &'a Keymap,
        programs: &'a ProgramsPane,
    ) -> Context<'a> {
        Context {
            session,
            focus,
            history,
            programs,
            page: 1,
            keys,
        }
    }

    /// Returns the command of the screen that a key presses; none where it presses another, or none.
    pub fn screen_command(&self, key: KeyEvent) -> Option<ScreenCommand> {
        let button = self.keys.pressed(key)?;
        match (button.command)(self.focus) {
            Command::Screen(command) => Some(command),
            Command::End(..) | Command::Wire(_) | Command::Write(_) => None,
        }
    }
}

/// A dialog's wish: to close, to open another, or to have the screen act.
#[derive(Debug)]
pub enum Reaction {
    /// The dialog goes.
    Close,
    /// Another opens over it.
    Open(Box<dyn Dialog>),
    /// The screen does this.
    Do(Action),
}

/// An event that a dialog may be waiting for.
#[derive(Clone, Copy, Debug)]
pub enum News<'a> {
    /// Something happened in the lab.
    Lab,
    /// A command for an end was begun by the dialog, or by what stands over it: its first call.
    Begun(Side, CallId),
    /// Both runs of a branch are over.
    Compared(&'a Branch, &'a BranchResult),
}

/// A dialog.
pub trait Dialog: Debug {
    /// Draws it over the screen, and registers the areas that can be pressed: [`Action::Item`] comes back to it.
    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, context: Context);

    /// Takes a key in: [`browse`] has those that dialogs share.
    fn key(&mut self, key: KeyEvent, context: Context) -> Vec<Reaction> {
        browse(self, key, context)
    }

    /// Takes a press in, on the item that it registered under this number.
    fn press(&mut self, _item: usize, _context: Context) -> Vec<Reaction> {
        Vec::new()
    }

    /// Moves by so many lines, down or up: what is shown, or what is selected.
    fn scroll(&mut self, _lines: i64, _context: Context) {}

    /// Takes in text that is pasted.
    fn paste(&mut self, _text: &str) {}

    /// Takes in what happened while it is open; returns what that makes it want.
    fn hear(&mut self, _news: News, _context: Context) -> Option<Action> {
        None
    }

    /// The item that Enter presses; none where there is none.
    fn selected(&self) -> Option<usize> {
        None
    }

    /// Returns the effect of a press on an item, in a few words; none for one that needs none.
    fn hint(&self, _item: usize) -> Option<String> {
        None
    }

    /// The theme in which the whole screen is drawn while it is open; none for the one that is in use.
    fn theme(&self) -> Option<Theme> {
        None
    }

    /// The command that opens it, whose key closes it again; none for one that has no such key.
    fn opener(&self) -> Option<ScreenCommand> {
        None
    }

    /// Returns whether it asks the user for a prediction, whose answer nothing on the screen may tell.
    fn asks_for_a_prediction(&self) -> bool {
        false
    }

    /// Returns what the help says first when it is opened over this dialog.
    fn about(&self) -> DialogHelp {
        DialogHelp {
            title: "This dialog",
            keys: &[],
        }
    }
}

/// The help of a dialog: what it is, and its own keys and signs with what they mean, besides those that all share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DialogHelp {
    /// The heading.
    pub title: &'static str,
    /// The keys and signs, with what they mean.
    pub keys: &'static [(&'static str, &'static str)],
}

/// The keys that dialogs share: Esc and `q` close, arrows, Tab, pages and Home and End move, Enter presses what is selected, the key of the
/// dialog's opener closes it, and that of the help opens the help about it.
pub fn browse<D: Dialog + ?Sized>(dialog: &mut D, key: KeyEvent, context: Context) -> Vec<Reaction> {
    let lines = match plain(key) {
        Some(KeyCode::Esc | KeyCode::Char('q')) => return vec![Reaction::Close],
        Some(KeyCode::Enter) => {
            let item = dialog.selected();
            return item.map_or_else(Vec::new, |item| dialog.press(item, context));
        }
        Some(KeyCode::Up | KeyCode::BackTab) => -1,
        Some(KeyCode::Down | KeyCode::Tab) => 1,
        Some(KeyCode::PageUp) => -i64::from(context.page),
        Some(KeyCode::PageDown | KeyCode::Char(' ')) => i64::from(context.page),
        Some(KeyCode::Home) => -FAR,
        Some(KeyCode::End) => FAR,
        _ => {
            return match context.screen_command(key) {
                Some(command) if dialog.opener() == Some(command) => vec![Reaction::Close],
                Some(ScreenCommand::Help) => vec![help_about(dialog)],
                _ => Vec::new(),
            };
        }
    };
    dialog.scroll(lines, context);
    Vec::new()
}

/// The help that begins with this dialog, over it.
fn help_about<D: Dialog + ?Sized>(dialog: &D) -> Reaction {
    Reaction::Open(Box::new(HelpDialog::new(HelpTopic::Dialog(dialog.about()))))
}

/// The key, unless it is another with Ctrl or Alt.
fn plain(key: KeyEvent) -> Option<KeyCode> {
    let other = key.modifiers.intersects(KeyModifiers::CONTROL.union(KeyModifiers::ALT));
    (!other).then_some(key.code)
}

/// The row of `count` that is `lines` away from row `at`, or the last in that direction.
fn moved(at: usize, lines: i64, count: usize) -> usize {
    scrolled(at, lines).min(count.saturating_sub(1))
}

/// The first line that is shown, `lines` away from line `skip`; drawing keeps it within what there is.
const fn scrolled(skip: usize, lines: i64) -> usize {
    skip.saturating_add_signed(lines as isize)
}

/// The dialogs that are open, the topmost last.
#[derive(Debug, Default)]
pub struct DialogStack {
    dialogs: Vec<Box<dyn Dialog>>,
    /// The lines of the one on top that were visible when it was drawn.
    page: u16,
}

impl DialogStack {
    /// Returns whether none is open.
    pub fn is_empty(&self) -> bool {
        self.dialogs.is_empty()
    }

    /// Returns the theme in which the one on top has the screen drawn, if it has one.
    pub fn theme(&self) -> Option<Theme> {
        self.dialogs.last().and_then(|dialog| dialog.theme())
    }

    /// Does one of them ask for a prediction?
    pub fn asks_for_a_prediction(&self) -> bool {
        self.dialogs.iter().any(|dialog| dialog.asks_for_a_prediction())
    }

    /// Returns the effect of a press on an item of the dialog on top, where that has a hint.
    pub fn hint(&self, item: usize) -> Option<String> {
        self.dialogs.last()?.hint(item)
    }

    /// Opens a dialog over all others.
    pub fn open(&mut self, dialog: impl Dialog + 'static) {
        self.dialogs.push(Box::new(dialog));
    }

    /// Closes the one on top.
    pub fn close(&mut self) {
        self.dialogs.pop();
    }

    /// Closes all of them.
    pub fn clear(&mut self) {
        self.dialogs.clear();
    }

    /// Draws them, of which only the topmost can be reached.
    pub fn draw(&mut self, canvas: &mut Canvas, screen: Rect, context: Context) {
        let count = self.dialogs.len();
        for (nth, dialog) in self.dialogs.iter_mut().enumerate() {
            let reach = (nth + 1 < count).then(|| canvas.out_of_reach());
            canvas.hits.cover(screen);
            dialog.draw(canvas, screen, context);
            if let Some(reach) = reach {
                canvas.reach(reach);
            }
        }
        self.page = canvas.page.max(1);
    }

    /// Gives a key to the one on top; returns what the screen is to do.
    pub fn key(&mut self, key: KeyEvent, context: Context) -> Vec<Action> {
        let context = Context {
            page: self.page,
            ..context
        };
        let reactions = self.dialogs.last_mut().map(|dialog| dialog.key(key, context));
        self.react(reactions)
    }

    /// Tells the one on top that an item of its own is pressed; returns what the screen is to do.
    pub fn press(&mut self, item: usize, context: Context) -> Vec<Action> {
        let reactions = self.dialogs.last_mut().map(|dialog| dialog.press(item, context));
        self.react(reactions)
    }

    /// Scrolls the one on top.
    pub fn scroll(&mut self, lines: i64, context: Context) {
        if let Some(dialog) = self.dialogs.last_mut() {
            dialog.scroll(lines, context);
        }
    }

    /// Gives pasted text to the one on top.
    pub fn paste(&mut self, text: &str) {
        if let Some(dialog) = self.dialogs.last_mut() {
            dialog.paste(text);
        }
    }

    /// Tells all of them what happened; returns what the screen is to do.
    pub fn hear(&mut self, news: News, context: Context) -> Vec<Action> {
        let dialogs = self.dialogs.iter_mut();
        dialogs.filter_map(|dialog| dialog.hear(news, context)).collect()
    }

    /// Opens and closes what the one on top wants; returns what is left for the screen.
    fn react(&mut self, reactions: Option<Vec<Reaction>>) -> Vec<Action> {
        let mut actions = Vec::new();
        for reaction in reactions.into_iter().flatten() {
            match reaction {
                Reaction::Close => self.close(),
                Reaction::Open(dialog) => self.dialogs.push(dialog),
                Reaction::Do(action) => actions.push(action),
            }
        }
        actions
    }
}
