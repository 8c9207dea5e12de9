//! The sockets of a host as `/proc/net/tcp` prints them.

use ratatui::layout::Rect;

use crate::session::Session;
use crate::side::Side;
use crate::text::width;
use crate::tui::canvas::Canvas;
use crate::tui::layout;

/// The line that procfs prints above the rows (`tcp4_seq_show`, `tcp6_seq_show`).
const HEAD4: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const HEAD6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";

/// The rows of an end, and how far they are scrolled.
#[derive(Clone, Copy, Debug)]
pub struct RawDialog {
    /// The end.
    pub side: Side,
    /// Lines above the window.
    pub down: usize,
    /// Columns left of the window.
    pub across: usize,
}

impl RawDialog {
    /// Draws the rows; keeps the scrolling within what there is.
    pub fn draw(&mut self, canvas: &mut Canvas, screen: Rect, session: &Session) {
        let table = session.ends[self.side].table.rows();
        let six = session.lab.addresses[self.side].is_ipv6();
        let head = if six { HEAD6 } else { HEAD4 };
        let longest = table
            .iter()
            .map(|observed| width(observed.line.trim_end()))
            .chain([width(head)])
            .max()
            .unwrap_or(0);
        let area = layout::middle(
            screen,
            (longest as u16).saturating_add(4).max(40),
            (table.len() as u16).saturating_add(3).max(5),
        );
        let file = if six { "/proc/net/tcp6" } else { "/proc/net/tcp" };
        let inside = canvas.frame(area, &format!("{file} of the {}   (Esc closes)", self.side));
        let height = usize::from(inside.height).saturating_sub(1);
        let room = usize::from(inside.width);
        self.down = self.down.min(table.len().saturating_sub(height));
        self.across = self.across.min(longest.saturating_sub(room));
        let shown = |line: &str| -> String { line.chars().skip(self.across).take(room).collect() };
        let (strong, text) = (canvas.theme.strong(), canvas.theme.text());
        canvas.put(inside.x, inside.y, inside.right(), &shown(head), strong);
        for (observed, y) in table.iter().skip(self.down).take(height).zip(inside.y + 1..) {
            canvas.put(inside.x, y, inside.right(), &shown(observed.line.trim_end()), text);
        }
        if table.is_empty() && inside.height > 1 {
            canvas.put(inside.x, inside.y + 1, inside.right(), "no rows", text);
        }
        let mut hints = Vec::new();
        if longest > room {
            hints.push("Left, Right");
        }
        if table.len() > height {
            hints.push("Up, Down, wheel");
        }
        if !hints.is_empty() && area.height > 2 {
            let text = format!(" more: {} ", hints.join(", "));
            canvas.put(inside.x, area.bottom() - 1, area.right() - 1, &text, strong);
        }
    }
}
