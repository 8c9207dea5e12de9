//! The plates: of each end what its state means, what it can do, what it waits for; between them the two directions.

use crate::session::Session;
use crate::side::Side;
use crate::tui::canvas::Canvas;
use crate::tui::layout::Plates;

/// Draws them.
pub fn draw(canvas: &mut Canvas, places: &Plates, _session: &Session, _focus: Side) {
    match places {
        Plates::Boxes { ends, between, .. } => {
            for (_, area) in ends.iter() {
                canvas.frame(*area, "CLIENT");
            }
            canvas.frame(*between, "the two directions");
        }
        Plates::Lines(_) => {}
    }
}
