//! The effects that the screen wants outside of it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::command::{ThemeName, WriteCommand};
use crate::lab::event::LabRequest;
use crate::scenario::branch::Branch;
use crate::scenario::lesson::SideBySide;
use crate::tui::Exit;
use crate::tui::lab_spec::LabSpec;
use crate::tui::terminal::MouseUse;

/// An effect that the screen wants outside of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask the lab.
    Lab(LabRequest),
    /// Put text on the clipboard.
    Copy(String),
    /// Draw all of it anew: something else has written on the terminal.
    Redraw,
    /// Release the terminal, and stop until SIGCONT comes.
    Suspend,
    /// Run both, and hand what comes of them to [`App::compared`](super::App::compared).
    RunBoth(Branch),
    /// Make a fresh lab in place of this one, and hand its session to [`App::restart`](super::App::restart).
    Fresh(LabSpec),
    /// Keep this theme in the configuration file.
    KeepTheme(PathBuf, ThemeName),
    /// Write a file as [`Effect::Save`] does, and where that succeeds make a fresh lab in place of this one.
    SaveAndRenew(String, String, LabSpec),
    /// Make two labs for that lesson beside the one that there is, in place of any other two, and hand their sessions to
    /// [`App::open_beside`](super::App::open_beside), with the number of steps.
    Beside(Arc<SideBySide>, usize),
    /// Ask one of these two labs: 0 the left one.
    BesideLab(usize, LabRequest),
    /// End these two labs.
    EndBeside,
    /// Write a file of this name, or of one like it that is not there yet: its text.
    Save(String, String),
    /// Write that file, and say where it went; where it is there already, hand it to [`App::ask_to_replace`](super::App::ask_to_replace).
    Write(WriteCommand),
    /// Write the screen as it is to a new file.
    Screenshot,
    /// Have the terminal report the mouse, or keep it for itself.
    Mouse(MouseUse),
    /// Leave.
    Leave(Exit),
}
