//! An end's column: its process, its sockets, its last call, its buttons.

use ratatui::layout::Rect;

use super::{answer, buttons, sockets};
use crate::call::SocketName;
use crate::session::Session;
use crate::side::Side;
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;

/// The part of an end that is in sight.
#[derive(Debug, Default)]
pub struct EndPane {
    /// The page of buttons.
    page: usize,
    /// Lines of sockets above the window.
    skip: usize,
    /// The socket that was current when it was drawn last.
    found: Option<SocketName>,
}

impl EndPane {
    /// Shows the next page of buttons.
    pub const fn turn_page(&mut self) {
        self.page = self.page.wrapping_add(1);
    }

    /// Scrolls the sockets; drawing keeps them within what there is.
    pub const fn scroll(&mut self, lines: i64) {
        self.skip = self.skip.saturating_add_signed(lines as isize);
    }

    /// Draws the column of that end; `focus` is the one that has the keys.
    pub fn draw(&mut self, canvas: &mut Canvas, area: Rect, session: &Session, side: Side, focus: Side) {
        let wanted = layout::PreferredHeights {
            title: sockets::title_lines(session, side),
            sockets: sockets::lines_wanted(session, side, area.width, canvas.now),
            answer: answer::lines_wanted(session, side, area.width),
            buttons: buttons::rows_wanted(area.width),
        };
        let column = layout::column(area, wanted);
        canvas.hits.add(area, Action::Focus(side), false);
        sockets::title(canvas, column.title, session, side, side == focus);
        // Another current socket comes into sight; otherwise the list stays where the wheel left it.
        let find = self.found != session.ends[side].current;
        if find {
            self.found.clone_from(&session.ends[side].current);
        }
        self.skip = sockets::draw(canvas, column.sockets, session, side, self.skip, find);
        if let Some(rule) = column.rule {
            answer::rule(canvas, rule, session, side);
        }
        answer::draw(canvas, column.answer, session, side);
        let why = column.rule.is_none();
        buttons::draw(canvas, column.buttons, &session.ends[side], side, self.page, why);
    }
}
