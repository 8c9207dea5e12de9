//! The sockets of a host as `/proc/net/tcp` prints them.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

use super::{Context, Dialog, DialogHelp, Reaction, browse, plain, scrolled};
use crate::command::ScreenCommand;
use crate::side::Side;
use crate::text::width;
use crate::tui::canvas::Canvas;
use crate::tui::layout;

/// The line that procfs prints above the rows (`tcp4_seq_show`, `tcp6_seq_show`).
const HEAD4: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const HEAD6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";

/// The columns that Left and Right move by.
const ACROSS: i64 = 8;

/// The rows of an end, and how far they are scrolled.
#[derive(Debug)]
pub struct RawDialog {
    /// The end.
    side: Side,
    /// Lines above the window.
    down: usize,
    /// Columns left of the window.
    across: usize,
}

impl RawDialog {
    /// The rows of that end.
    pub const fn new(side: Side) -> RawDialog {
        RawDialog {
            side,
            down: 0,
            across: 0,
        }
    }
}

impl Dialog for RawDialog {
    fn key(&mut self, key: KeyEvent, context: Context) -> Vec<Reaction> {
        match plain(key) {
            Some(KeyCode::Left) => self.across = scrolled(self.across, -ACROSS),
            Some(KeyCode::Right) => self.across = scrolled(self.across, ACROSS),
            _ => return browse(self, key, context),
        }
        Vec::new()
    }

    fn scroll(&mut self, lines: i64, _context: Context) {
        self.down = scrolled(self.down, lines);
    }

    fn opener(&self) -> Option<ScreenCommand> {
        Some(ScreenCommand::RawRows)
    }

    fn about(&self) -> DialogHelp {
        DialogHelp {
            title: "The kernel's rows",
            keys: &[("Left Right", "show the rest of long rows")],
        }
    }

    fn draw(&mut self, canvas: &mut Canvas, screen: Rect, context: Context) {
        let session = context.session;
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
        canvas.page = height as u16;
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
