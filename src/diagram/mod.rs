//! The time-sequence diagram as data: `rows`, made once as the transcript gains entries, the `words` on them, and the `span` of each arrow. Pure:
//! the screen's pane, the diagram as text and the pictures are its drawers.

use std::time::Duration;

use crate::wire::flow::PacketNo;

pub(crate) mod rows;
pub(crate) mod span;
pub mod told;
pub(crate) mod words;

/// A row of the diagram, drawn as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextRow {
    /// The time since the beginning.
    pub at: Duration,
    /// The row, without blanks at its end.
    pub text: String,
    /// Whether it is the row of that packet's.
    pub packet: Option<PacketNo>,
}
