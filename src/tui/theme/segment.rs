//! The shapes of segments: what a colour says of them, a line and its end say too.

use crate::roles::SegmentKind;

/// The head of an arrow to the right.
pub const RIGHT: &str = "▶";
/// The head of an arrow to the left.
pub const LEFT: &str = "◀";
/// The end of an RST's arrow, which goes either way.
pub const RESET: &str = "╳";
/// The end of an arrow that did not arrive.
pub const LOST: &str = "✗";
/// A segment that is held, or on its way.
pub const HELD: &str = "◆";

impl SegmentKind {
    /// Returns the key in a theme's file.
    pub const fn name(self) -> &'static str {
        match self {
            SegmentKind::Syn => "syn",
            SegmentKind::Data => "data",
            SegmentKind::Ack => "ack",
            SegmentKind::Fin => "fin",
            SegmentKind::Reset => "rst",
            SegmentKind::Other => "other",
        }
    }

    /// Returns the character of the line, heavy for FIN; dashed when it was sent before.
    pub const fn line(self, retransmitted: bool) -> &'static str {
        match (self, retransmitted) {
            (SegmentKind::Fin, false) => "━",
            (SegmentKind::Fin, true) => "╍",
            (_, false) => "─",
            (_, true) => "╌",
        }
    }

    /// Returns the end of the arrow where it is delivered.
    pub const fn head(self, to_the_right: bool) -> &'static str {
        match (self, to_the_right) {
            (SegmentKind::Reset, _) => RESET,
            (_, true) => RIGHT,
            (_, false) => LEFT,
        }
    }
}
