//! The areas of the screen.
//!
//! Three columns, from 108 columns on:
//!
//! ```text
//! | finwait  isolated lab  10.0.0.1 <-> 10.0.0.2           ` other end  : command  ? help  q quit |  header
//! | loopback lab: no wire to see: <why>                                                           |  reason, if there is one
//! | CLIENT 10.0.0.1  pid 1 native |   CLIENT    diagram   SERVER   | SERVER 10.0.0.2  pid 2 ...   |  title
//! | > client fd 5 ESTABLISHED     |          | connect       |     | > listener fd 4 LISTEN       |  sockets
//! | --- last call --------------- |  SYN_SENT|-- SYN ------->|     | --- last call -------------- |  rule
//! | connect(5, ...) = 0           |          |<-- SYN,ACK ---|     | listen(4, 2) = 0             |  answer
//! | [c connect] [r read] ...      |          |               |     | [l listen] [a accept] ...    |  buttons
//! | --- log [/ filter: all] [F follow: on] [y copy] --------------------------------------------- |  log, its title first
//! |     0.001 client  connect(5, ...) = 0                                                         |
//! | what was refused, and why                                                                     |  status
//! ```
//!
//! Below that, the other end's column becomes one line under the header, and the diagram stands on its side of the focused column.

use ratatui::layout::Rect;

use crate::side::{Ends, Side};

/// The least that can be drawn on.
pub const LEAST: (u16, u16) = (60, 15);
/// The width from which on both ends have a column, in columns.
const THREE_COLUMNS: u16 = 108;
const NARROWEST_END: u16 = 36;
const WIDEST_END: u16 = 64;

/// The areas of a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScreenLayout {
    /// The top line.
    pub header: Rect,
    /// The reason why this is only the loopback lab.
    pub reason: Option<Rect>,
    /// The line of the end that has no column.
    pub other: Option<Rect>,
    /// The ends' columns.
    pub ends: Ends<Option<Rect>>,
    /// The diagram.
    pub diagram: Rect,
    /// The log with its title.
    pub log: Rect,
    /// The bottom line.
    pub status: Rect,
}

/// A pane that can have all of the screen's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// The diagram in the middle.
    Middle,
    /// The column of the end that has the keys.
    End,
    /// The log.
    Log,
}

impl ScreenLayout {
    /// The same screen with its body given to one pane.
    pub fn zoomed(self, pane: Pane, focus: Side) -> ScreenLayout {
        let above = self.reason.unwrap_or(self.header);
        let body = Rect {
            y: above.bottom(),
            height: self.status.y - above.bottom(),
            ..self.header
        };
        let none = Rect { height: 0, ..body };
        ScreenLayout {
            other: None,
            ends: Ends::from_fn(|side| (pane == Pane::End && side == focus).then_some(body)),
            diagram: if pane == Pane::Middle { body } else { none },
            log: if pane == Pane::Log { body } else { none },
            ..self
        }
    }
}

/// The places on a screen of this size, with a guide in the log's place or not; none when it is too small.
pub fn map(screen: Rect, focus: Side, reason: bool, guide: bool) -> Option<ScreenLayout> {
    if screen.width < LEAST.0 || screen.height < LEAST.1 {
        return None;
    }
    let (header, rest) = top(screen, 1);
    let (reason, rest) = if reason {
        let (line, rest) = top(rest, 1);
        (Some(line), rest)
    } else {
        (None, rest)
    };
    let three = screen.width >= THREE_COLUMNS;
    let (other, rest) = if three {
        (None, rest)
    } else {
        let (line, rest) = top(rest, 1);
        (Some(line), rest)
    };
    let (rest, status) = bottom(rest, 1);
    let (body, log) = bottom(rest, log_height(screen, guide));
    let (ends, diagram) = if three {
        let wide = ((body.width - 2) * 3 / 10).clamp(NARROWEST_END, WIDEST_END);
        let (client, rest) = left(body, wide);
        let (_, rest) = left(rest, 1);
        let (rest, server) = right(rest, wide);
        let (diagram, _) = right(rest, 1);
        (
            Ends {
                client: Some(client),
                server: Some(server),
            },
            diagram,
        )
    } else {
        let wide = (body.width * 48 / 100).clamp(34, WIDEST_END);
        match focus {
            Side::Client => {
                let (client, rest) = left(body, wide);
                let (_, diagram) = left(rest, 1);
                (
                    Ends {
                        client: Some(client),
                        server: None,
                    },
                    diagram,
                )
            }
            Side::Server => {
                let (rest, server) = right(body, wide);
                let (diagram, _) = right(rest, 1);
                (
                    Ends {
                        client: None,
                        server: Some(server),
                    },
                    diagram,
                )
            }
        }
    };
    Some(ScreenLayout {
        header,
        reason,
        other,
        ends,
        diagram,
        log,
        status,
    })
}

/// The areas of an end's column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnLayout {
    /// The title: whose column it is.
    pub title: Rect,
    /// The sockets.
    pub sockets: Rect,
    /// A line between them and the last call, where there is room for one.
    pub rule: Option<Rect>,
    /// Blocked calls, and the last one that returned.
    pub answer: Rect,
    /// The buttons.
    pub buttons: Rect,
}

/// The lines that the parts of a column would like to have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PreferredHeights {
    /// The title; this is given.
    pub title: u16,
    /// The sockets.
    pub sockets: u16,
    /// The last call.
    pub answer: u16,
    /// The buttons: the first of these that can be given, else what can.
    pub buttons: [u16; 2],
}

/// Divides a column.
pub fn column(area: Rect, wanted: PreferredHeights) -> ColumnLayout {
    let (titles, button_rows) = (wanted.title, wanted.buttons);
    let (title, rest) = top(area, titles);
    let tall = rest.height;
    let share = if tall < 20 { 30 } else { 42 };
    let most = (tall * share / 100).max(2);
    let rows = button_rows.into_iter().find(|rows| *rows <= most).unwrap_or(most);
    let (rest, buttons) = bottom(rest, rows);
    // A blank line before the buttons, where there is room.
    let (rest, _) = bottom(rest, u16::from(tall >= 20));
    let share = if tall < 20 { 40 } else { 25 };
    let line = u16::from(tall > 9);
    // Each has its share, and what the other leaves of its own.
    let fair = (tall * share / 100).clamp(3, 11);
    let room = rest.height.saturating_sub(line);
    let others = room.saturating_sub(fair);
    let answer = if wanted.sockets < others {
        wanted.answer.min(room - wanted.sockets).max(fair)
    } else if wanted.answer < fair {
        wanted
            .answer
            .max(room.saturating_sub(wanted.sockets))
            .clamp(3.min(fair), fair)
    } else {
        fair
    };
    let (rest, answer) = bottom(rest, answer);
    let (sockets, rule) = bottom(rest, line);
    ColumnLayout {
        title,
        sockets,
        rule: (rule.height > 0).then_some(rule),
        answer,
        buttons,
    }
}

/// Returns the height of the log, in lines; a guide in its place has more to say.
fn log_height(screen: Rect, guide: bool) -> u16 {
    if guide && screen.height >= 18 {
        (screen.height * 32 / 100).clamp(5, 16)
    } else {
        (screen.height * 22 / 100).clamp(3, 16)
    }
}

/// Divides the middle: the picture, and under it the wire's buttons; none of them where there is no wire.
pub fn diagram(area: Rect, buttons: u16) -> (Rect, Rect) {
    let most = match area.height {
        ..8 => 1,
        8..16 => 2,
        _ => 4,
    };
    bottom(area, buttons.min(most))
}

/// A dialog's box in the middle of the screen.
pub fn middle(screen: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(screen.width.saturating_sub(2));
    let height = height.min(screen.height.saturating_sub(2));
    Rect::new(
        screen.x + (screen.width - width) / 2,
        screen.y + (screen.height - height) / 2,
        width,
        height,
    )
}

/// The first `n` lines, and the rest.
pub fn top(area: Rect, n: u16) -> (Rect, Rect) {
    let n = n.min(area.height);
    (
        Rect { height: n, ..area },
        Rect {
            y: area.y + n,
            height: area.height - n,
            ..area
        },
    )
}

/// The rest, and the last `n` lines.
pub fn bottom(area: Rect, n: u16) -> (Rect, Rect) {
    let n = n.min(area.height);
    let (rest, last) = top(area, area.height - n);
    (rest, last)
}

/// The first `n` columns, and the rest.
pub fn columns(area: Rect, n: u16) -> (Rect, Rect) {
    left(area, n)
}

fn left(area: Rect, n: u16) -> (Rect, Rect) {
    let n = n.min(area.width);
    (
        Rect { width: n, ..area },
        Rect {
            x: area.x + n,
            width: area.width - n,
            ..area
        },
    )
}

fn right(area: Rect, n: u16) -> (Rect, Rect) {
    left(area, area.width - n.min(area.width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zoomed_pane_has_all_between_the_header_and_the_bottom_line() {
        for pane in [Pane::Middle, Pane::End, Pane::Log] {
            let map = map(Rect::new(0, 0, 80, 24), Side::Server, true, false)
                .unwrap()
                .zoomed(pane, Side::Server);
            let body = Rect::new(0, 2, 80, 21);
            let ends = map.ends.iter().filter_map(|(_, area)| *area);
            let seen: Vec<Rect> = ends
                .chain([map.diagram, map.log])
                .filter(|area| !area.is_empty())
                .collect();
            assert_eq!((seen, map.other), (vec![body], None), "{pane:?}");
        }
    }

    #[test]
    fn at_every_size_nothing_overlaps_and_nothing_is_lost() {
        for width in 60..=250 {
            for height in 15..=120 {
                for (focus, guide) in [(Side::Client, false), (Side::Server, true)] {
                    let screen = Rect::new(0, 0, width, height);
                    let map = map(screen, focus, true, guide).unwrap();
                    let columns: Vec<Rect> = map.ends.iter().filter_map(|(_, area)| *area).collect();
                    let parts: Vec<Rect> = [map.header, map.diagram, map.log, map.status]
                        .into_iter()
                        .chain(map.reason)
                        .chain(map.other)
                        .chain(columns.iter().copied())
                        .collect();
                    for (i, a) in parts.iter().enumerate() {
                        assert!(!a.is_empty() && a.intersection(screen) == *a, "{width}x{height}: {a:?}");
                        assert!(parts[i + 1..].iter().all(|b| a.intersection(*b).is_empty()));
                    }
                    for area in columns {
                        for (sockets, answer) in [(1, 1), (40, 40), (1, 40), (40, 1), (5, 5)] {
                            let wanted = PreferredHeights {
                                title: 1,
                                sockets,
                                answer,
                                buttons: [14, 11],
                            };
                            let column = column(area, wanted);
                            assert!(column.sockets.height >= sockets.min(2), "{width}x{height}: {column:?}");
                            assert!(column.answer.height >= 3 && column.buttons.height >= 2);
                        }
                    }
                }
            }
        }
        assert_eq!(map(Rect::new(0, 0, 59, 40), Side::Client, false, false), None);
        assert_eq!(map(Rect::new(0, 0, 80, 14), Side::Client, false, true), None);
    }
}
