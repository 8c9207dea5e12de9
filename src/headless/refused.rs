//! Commands that are not carried out.

use serde::Serialize;
use std::fmt;

use crate::live::InputLine;
use crate::text::excerpt;

/// The most characters of a command that are repeated to people.
pub(super) const LONGEST_ECHO: usize = 400;

/// The end of a run of commands; the program's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// Every command could be carried out, whatever the kernel answered.
    Done,
    /// One could not: its endpoint was dead, or this lab does not have it.
    NotDone,
    /// A command was not understood.
    NotUnderstood,
}

/// A command that was not carried out; as text, its place and the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedCommand {
    /// Whether the command was understood.
    pub verdict: RunStatus,
    /// `command 2`, `line 7`.
    place: String,
    /// The beginning of its text.
    text: String,
    /// The mistake, in one sentence.
    pub(super) why: String,
}

impl RefusedCommand {
    pub(super) fn new(verdict: RunStatus, line: &InputLine, why: String) -> RefusedCommand {
        let text = String::from_utf8_lossy(&line.bytes);
        RefusedCommand {
            verdict,
            place: line.place.clone(),
            text: excerpt(text.trim(), LONGEST_ECHO),
            why,
        }
    }
}

impl fmt::Display for RefusedCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.place, self.why)
    }
}
