//! The screen.
//!
//! # Threads
//!
//! One thread, the caller's of [`run`], owns the session, the screen and the terminal; it sleeps at its [`inbox`] and draws at most once for
//! all that is queued, and what only streams at most thirty times a second. The others only send it messages, and touch nothing of its: the
//! lab's thread what happened, the input thread what crossterm's blocking `read` returns, the signal thread the signals, the watcher that
//! the terminal hung up. They block until the process ends.

use crossterm::event::Event as Input;
use signal_hook::consts::SIGHUP;
use std::io;
use std::sync::Arc;

use crate::lab::BatchEvents;
use crate::recording::Recording;
use crate::scenario::Scenario;
use crate::scenario::branch::{Branch, BranchResult};
use crate::scenario::lesson::SideBySide;

pub mod app;
mod away;
pub mod backend;
pub mod beside;
pub mod canvas;
mod cast;
pub mod dialog;
mod event_loop;
pub mod film;
pub mod hint;
pub mod history;
pub mod hit;
pub mod inbox;
pub mod keys;
pub mod lab_run;
pub mod lab_spec;
mod labs;
pub mod large;
pub mod layout;
mod listen;
pub mod pane;
pub mod pointing;
pub mod prediction;
pub mod scroll;
pub mod setup;
pub mod shown;
mod terminal;
pub mod theme;
pub mod tour;
pub mod tries;
pub mod written;

pub use cast::LiveCast;
pub use event_loop::{run, sleep};
pub use labs::{LabSource, MakeLab, Renewal, Sink, first_lab};
pub use terminal::{MouseUse, can_draw};

use app::App;
use theme::Theme;

/// The way to the screen's thread.
pub type Sender = inbox::Sender<Message>;
/// The messages to the screen's thread, which sleeps there.
pub type Inbox = inbox::Inbox<Message>;

/// A message to the screen's thread.
#[derive(Debug)]
pub enum Message {
    /// A batch of events, or what is left of it, by the lab of that turn.
    Lab(u32, BatchEvents),
    /// The result of two runs that were to be compared.
    Compared(Branch, BranchResult),
    /// The runtimes of a new lab are ready, asked for in that turn; or one sentence why not.
    Prepared(u32, Renewal, std::result::Result<(), String>),
    /// The user wants to choose a lesson.
    Lessons,
    /// The user has chosen this lesson before the screen was there.
    SideBySide(Arc<SideBySide>),
    /// A scenario that runs programs is to be gone through, and the user to be asked first.
    Asks(Arc<Scenario>),
    /// An event of the terminal.
    Input(Input),
    /// A signal.
    Signal(i32),
    /// The terminal is gone.
    HangUp,
    /// Nothing can be read from the terminal any more.
    Deaf(io::Error),
    /// Something that the user should read.
    Note(String),
}

/// The way in which the screen was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The user wanted to.
    Quit,
    /// A signal came, or Ctrl-C was pressed.
    Signal(i32),
    /// The terminal went away.
    HangUp,
}

impl Exit {
    /// The exit code: 128 and the signal's number, as shells have it.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Quit => 0,
            Exit::Signal(number) => 128_u8.wrapping_add(number as u8),
            Exit::HangUp => 128 + SIGHUP as u8,
        }
    }
}

/// The screen of a recording.
pub fn opened(recording: Recording) -> App {
    App::open(recording, Theme::COLOURED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use signal_hook::consts::SIGTERM;

    #[test]
    fn exit_codes_are_those_of_a_shell() {
        assert_eq!(Exit::Quit.code(), 0);
        assert_eq!(Exit::Signal(SIGTERM).code(), 143);
        assert_eq!(Exit::HangUp.code(), 129);
    }
}
