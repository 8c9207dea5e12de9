//! The diagram as text, for who has no screen: the same rows, drawn on a page as high as they need.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::time::Duration;

use super::lane::Lane;
use super::{Audience, Diagram};
use crate::clock::MonoTime;
use crate::diagram::TextRow;
use crate::diagram::rows::RowKind;
use crate::session::Session;
use crate::tui::canvas::Canvas;
use crate::tui::hit::Hits;
use crate::tui::shown::Shown;
use crate::tui::theme::Theme;

/// The most rows of a page: more are drawn page by page.
const PAGE: u16 = 200;

/// Returns the session's diagram in so many columns, as it is `at` that time.
pub fn rows(session: &Session, columns: u16, at: MonoTime) -> Vec<TextRow> {
    let mut diagram = Diagram::default();
    diagram.update(session, &Shown::default());
    let range = diagram.range();
    let mut rows = Vec::new();
    let mut next = range.start;
    while next < range.end {
        let height = u16::try_from(range.end - next).unwrap_or(PAGE).min(PAGE);
        let area = Rect::new(0, 0, columns, height.max(2));
        let mut buffer = Buffer::empty(area);
        let mut hits = Hits::default();
        let mut canvas = Canvas::new(&mut buffer, &mut hits, Theme::PLAIN, at, None, None);
        let lane = Lane::of(area);
        canvas.bar(lane.left, 0, height);
        canvas.bar(lane.right, 0, height);
        diagram.rows_in(
            &mut canvas,
            &lane,
            area,
            session,
            next..next + u64::from(height),
            Audience::Reader,
        );
        for y in 0..height {
            let text: String = (0..columns).map(|x| buffer[(x, y)].symbol()).collect();
            let row = diagram.rows.get(next + u64::from(y));
            rows.push(TextRow {
                at: row.map_or(Duration::ZERO, |row| row.at),
                text: text.trim_end().to_owned(),
                packet: row.and_then(|row| match row.kind {
                    RowKind::Packet { no, .. } => Some(no),
                    _ => None,
                }),
            });
        }
        next += u64::from(height);
    }
    rows
}
