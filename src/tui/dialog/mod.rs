//! Dialogs that open over the screen, one file each.

pub mod branch;
pub mod forge;
pub mod help;
pub mod host;
pub mod options;
pub mod picker;
pub mod predict;
pub mod prompt;
pub mod raw;
pub mod rules;
pub mod segment;
pub mod why;

use crate::side::Side;

/// A dialog that is open, the topmost last in the stack that the screen keeps.
#[derive(Debug)]
pub enum Dialog {
    /// The commands and keys, scrolled by so many lines.
    Help(usize),
    /// The line where commands are typed.
    Prompt(prompt::Prompt),
    /// The options of an end's current socket.
    Options(options::OptionsDialog),
    /// The settings of an end's host; which row is selected.
    Host(Side, usize),
    /// An end's sockets as procfs prints them.
    Raw(raw::RawDialog),
    /// One packet: the number of its entry in the transcript, scrolled by so many lines.
    Segment(u64, usize),
    /// Why an outcome came about.
    Why(why::WhyDialog),
    /// The scenarios.
    Picker(picker::Picker),
    /// Two runs side by side.
    Compare(branch::CompareDialog),
    /// A prediction of the tour's next step.
    Predict(predict::PredictDialog),
    /// The wire's rules; which row is selected.
    Rules(usize),
    /// Packets to make up for an end; which row is selected.
    Forge(Side, usize),
}
