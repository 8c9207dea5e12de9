//! *now*: what happened last, why, what that means now, and what to try.

use ratatui::layout::Rect;

use crate::session::Session;
use crate::side::Side;
use crate::tui::canvas::Canvas;

/// Draws it.
pub fn draw(canvas: &mut Canvas, area: Rect, _session: &Session, _focus: Side) {
    if area.is_empty() {
        return;
    }
    canvas.title(area, "now", true);
}
