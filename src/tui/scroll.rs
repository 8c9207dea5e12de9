//! A window onto a list that grows at its end and loses rows at its beginning.

use std::ops::Range;

/// The rows of a growing list that are shown. Rows are counted from the first that there ever was, so that they keep their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scroll {
    /// The first row shown; none follows the end.
    top: Option<u64>,
    /// The number of rows that were shown last.
    height: u64,
}

impl Scroll {
    /// Returns whether it follows what happens.
    pub const fn follows(&self) -> bool {
        self.top.is_none()
    }

    /// The rows to show on `height` lines, of those in `rows`.
    pub fn window(&mut self, rows: Range<u64>, height: u16) -> Range<u64> {
        self.height = u64::from(height);
        let top = self.clamped(&rows);
        top..rows.end.min(top + self.height)
    }

    fn last_top(&self, rows: &Range<u64>) -> u64 {
        rows.end.saturating_sub(self.height).max(rows.start)
    }

    fn clamped(&self, rows: &Range<u64>) -> u64 {
        let last = self.last_top(rows);
        self.top.unwrap_or(last).clamp(rows.start.min(last), last)
    }

    /// Moves by so many rows; at the end it follows again.
    pub fn by(&mut self, rows: Range<u64>, delta: i64) {
        let top = self.clamped(&rows).saturating_add_signed(delta).max(rows.start);
        self.top = (top < self.last_top(&rows)).then_some(top);
    }

    /// Moves by so many pages.
    pub fn page(&mut self, rows: Range<u64>, pages: i64) {
        let page = self.height.saturating_sub(1).max(1) as i64;
        self.by(rows, page * pages);
    }

    /// Scrolls to the first row.
    pub fn home(&mut self, rows: Range<u64>) {
        self.by(rows, i64::MIN / 2);
    }

    /// Scrolls to the last row, and follows what comes.
    pub fn end(&mut self) {
        self.top = None;
    }

    /// Stands still where it is, or follows again.
    pub fn follow(&mut self, rows: Range<u64>, on: bool) {
        self.top = (!on).then(|| self.clamped(&rows));
    }

    /// Moves just as far as it takes to show a row.
    pub fn show(&mut self, rows: Range<u64>, row: u64) {
        let top = self.clamped(&rows);
        if row < top {
            self.top = Some(row);
        } else if row >= top + self.height.max(1) {
            self.top = Some(row + 1 - self.height.max(1));
        } else {
            self.top = Some(top);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_until_it_is_scrolled_up_and_again_at_the_end() {
        let mut scroll = Scroll::default();
        assert_eq!(scroll.window(0..10, 4), 6..10);
        assert_eq!(scroll.window(0..12, 4), 8..12);
        scroll.by(0..12, -3);
        assert!(!scroll.follows());
        assert_eq!(scroll.window(0..20, 4), 5..9);
        // Rows that are gone push the window on.
        assert_eq!(scroll.window(7..20, 4), 7..11);
        scroll.by(7..20, 100);
        assert!(scroll.follows());
        assert_eq!(scroll.window(7..21, 4), 17..21);
        assert_eq!(scroll.window(0..2, 4), 0..2);
        scroll.home(0..21);
        assert_eq!(scroll.window(0..21, 4), 0..4);
    }
}
