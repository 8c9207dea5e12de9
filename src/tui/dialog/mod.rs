//! What opens over the screen, one file each.

pub mod help;
pub mod host;
pub mod options;
pub mod prompt;
pub mod raw;

use crate::side::Side;

/// What is open, the topmost last in the stack that the screen keeps.
#[derive(Debug)]
pub enum Dialog {
    /// The commands and keys, scrolled by so many lines.
    Help(usize),
    /// The line where commands are typed.
    Prompt(prompt::Prompt),
    /// The options of an end's current socket.
    Options(options::Options),
    /// The settings of an end's host; which row is selected.
    Host(Side, usize),
    /// An end's sockets as procfs prints them.
    Raw(raw::Raw),
}
