//! The details of an end: its process, all its sockets with what the kernel says of each, all calls that wait, and the last one in full.

use ratatui::layout::Rect;

use super::{answer, sockets};
use crate::call::SocketName;
use crate::session::Session;
use crate::side::Side;
use crate::tui::canvas::Canvas;
use crate::tui::layout;

/// The part of an end's details that is in sight.
#[derive(Debug, Default)]
pub struct Details {
    /// Lines of sockets above the window.
    skip: usize,
    /// The socket that was current when it was drawn last.
    found: Option<SocketName>,
}

impl Details {
    /// Scrolls the sockets; drawing keeps them within what there is.
    pub const fn scroll(&mut self, lines: i64) {
        self.skip = self.skip.saturating_add_signed(lines as isize);
    }

    /// Draws the details of that end, sockets that are over with it or not.
    pub fn draw(&mut self, canvas: &mut Canvas, area: Rect, session: &Session, side: Side, unfolded: bool) {
        let (title, rest) = layout::top(area, sockets::title_lines(session, side));
        sockets::title(canvas, title, session, side, true);
        // The last call has what it needs, up to half of the room.
        let wanted = answer::lines_wanted(session, side, area.width)
            .min(rest.height / 2)
            .max(3);
        let (rest, last) = layout::bottom(rest, wanted);
        let (list, rule) = layout::bottom(rest, 1);
        // Another current socket comes into sight; otherwise the list stays where the wheel left it.
        let find = self.found != session.ends[side].current;
        if find {
            self.found.clone_from(&session.ends[side].current);
        }
        self.skip = sockets::draw(canvas, list, session, side, unfolded, self.skip, find);
        answer::rule(canvas, rule, session, side);
        answer::draw(canvas, last, session, side);
    }
}
