//! The areas of the screen: a stack, whose rows are fixed for a given size, so that nothing moves as things happen.
//!
//! ```text
//!  finwait  isolated lab  10.0.0.1 <-> 10.0.0.2     wire  flow  SLOW  step     Y lessons  ? help  q quit   header
//!  loopback lab: no wire to see: <why>                                                       reason, if there is one
//! ┏━ 1 CLIENT ━━━━━━━━━━━━━━━━━┓┌─ the two directions ──┐┌─ 2 SERVER ──────────────────┐     plates
//! ┃  FIN_WAIT2   closed first  ┃│  client ──────▶ server ││  CLOSE_WAIT   was told      │
//! ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛└───────────────────────┘└─────────────────────────────┘
//! ── the wire ── n deliver  d drop ────────────────────────────── v states  z zoom ──────     wire
//! ── now ───────────────────────────────────────────────────────── ! why?  P present ────     now
//! ── log ── / filter: all ───────────────────────────────────────────────────────────────     log
//! ── 1 CLIENT acts ──────────────────────────┬── 2 SERVER acts ──────────────────────────     buttons
//!  what a press would do, or what was refused, and why                                        hint
//! ```
//!
//! Where there is less width, an end's plate is a few lines, and only the end that has the keys shows its buttons. A guide takes the place of
//! the log, and what it needs of *now*. A zoomed pane has all between the header and the buttons.

use ratatui::layout::Rect;

use crate::side::Ends;

/// The least that can be drawn on.
pub const LEAST: (u16, u16) = (60, 15);
/// The width from which on both ends have their buttons, in columns.
const BOTH_ENDS: u16 = 100;
/// The size from which on a plate has its state in large letters.
const LARGE: (u16, u16) = (180, 50);

/// The areas of a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScreenLayout {
    /// The top line.
    pub header: Rect,
    /// The reason why this is only the loopback lab, or a recording's line.
    pub reason: Option<Rect>,
    /// What is so of both ends, and of the directions between them.
    pub plates: Plates,
    /// The wire with its title.
    pub wire: Rect,
    /// The newest event, with its title.
    pub now: Rect,
    /// The log with its title.
    pub log: Rect,
    /// The guide, in the place of the log and where needed of *now*.
    pub guide: Option<Rect>,
    /// The details of the end that has the keys; only when they are zoomed.
    pub details: Option<Rect>,
    /// The buttons.
    pub buttons: Rect,
    /// The bottom line.
    pub hint: Rect,
}

/// The areas of the plates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plates {
    /// A box for each end, and one for the directions between them; with the state in large letters or not.
    Boxes {
        /// The ends' boxes.
        ends: Ends<Rect>,
        /// The box of the directions.
        between: Rect,
        /// Whether the states have large letters.
        large: bool,
    },
    /// Lines over the whole width, each end's on its side.
    Lines(Rect),
}

/// A pane that can have all of the screen between the header and the buttons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// The wire: its diagram, or that of the states.
    Wire,
    /// The details of the end that has the keys.
    End,
    /// The log.
    Log,
}

impl ScreenLayout {
    /// All of the screen.
    pub const fn screen(&self) -> Rect {
        Rect {
            height: self.hint.bottom() - self.header.y,
            ..self.header
        }
    }

    /// The same screen with all between its header and its buttons given to one pane.
    pub fn zoomed(self, pane: Pane) -> ScreenLayout {
        let above = self.reason.unwrap_or(self.header);
        let body = Rect {
            y: above.bottom(),
            height: self.buttons.y - above.bottom(),
            ..self.header
        };
        // The guide keeps the line with its buttons.
        let (body, guide) = bottom(body, u16::from(self.guide.is_some()));
        let none = Rect { height: 0, ..body };
        ScreenLayout {
            plates: Plates::Lines(none),
            wire: if pane == Pane::Wire { body } else { none },
            now: none,
            log: if pane == Pane::Log { body } else { none },
            guide: self.guide.map(|_| guide),
            details: (pane == Pane::End).then_some(body),
            ..self
        }
    }
}

/// The heights of the parts at a size, in lines.
struct Heights {
    plates: u16,
    now: u16,
    log: u16,
    buttons: u16,
}

impl Heights {
    const fn of(screen: Rect) -> Heights {
        let wide = screen.width >= BOTH_ENDS;
        let (boxes, rows) = if wide { (8, 5) } else { (5, 4) };
        let (plates, now, log, buttons) = match screen.height {
            ..20 => (2, 2, 0, 3),
            // Below a size in which it can be read, the log is zoomed, or not there.
            20..24 => (5, 4, 0, rows),
            24..27 => (5, 5, 0, rows),
            27..30 => (5, 5, 3, rows),
            30..36 => (boxes, 5, 4, rows),
            // What the guide needs at least is the log's place.
            36..50 => (boxes, 6, 7, rows),
            50.. => (if wide { 9 } else { 5 }, 8, 9, rows),
        };
        let large = if is_large(screen) { 4 } else { 0 };
        Heights {
            plates: plates + large,
            now,
            log,
            buttons,
        }
    }
}

const fn is_large(screen: Rect) -> bool {
    screen.width >= LARGE.0 && screen.height >= LARGE.1
}

/// The fewest lines that a guide can be read in, its title with them.
const GUIDE: u16 = 6;

/// The places on a screen of this size, with a reason or a recording's line under the header or not, with a guide or not; none when it is too
/// small.
pub fn map(screen: Rect, reason: bool, guide: bool) -> Option<ScreenLayout> {
    if screen.width < LEAST.0 || screen.height < LEAST.1 {
        return None;
    }
    let heights = Heights::of(screen);
    let (header, rest) = top(screen, 1);
    let (reason, rest) = match reason {
        true => {
            let (line, rest) = top(rest, 1);
            (Some(line), rest)
        }
        false => (None, rest),
    };
    let (rest, hint) = bottom(rest, 1);
    let (rest, buttons) = bottom(rest, heights.buttons);
    let (plates, rest) = top(rest, heights.plates);
    let (rest, log) = bottom(rest, heights.log);
    let (wire, now) = bottom(rest, heights.now);
    let plates = if screen.width >= BOTH_ENDS && screen.height >= 30 {
        let between = (screen.width * 22 / 100).clamp(24, 44);
        let wide = (screen.width - between) / 2;
        let (client, rest) = left(plates, wide);
        let (between, server) = right(rest, wide);
        Plates::Boxes {
            ends: Ends { client, server },
            between,
            large: is_large(screen),
        }
    } else {
        Plates::Lines(plates)
    };
    let mut map = ScreenLayout {
        header,
        reason,
        plates,
        wire,
        now,
        log,
        guide: None,
        details: None,
        buttons,
        hint,
    };
    if guide {
        map.make_room_for_the_guide();
    }
    Some(map)
}

impl ScreenLayout {
    /// Gives the guide the log's place; where that is too low, also that of *now*, and then what it lacks of the wire's.
    fn make_room_for_the_guide(&mut self) {
        let mut place = self.log;
        self.log.height = 0;
        if place.height < GUIDE {
            place = Rect {
                height: self.now.height + place.height,
                ..self.now
            };
            self.now.height = 0;
        }
        let lacks = GUIDE
            .saturating_sub(place.height)
            .min(self.wire.height.saturating_sub(3));
        self.wire.height -= lacks;
        place.y -= lacks;
        place.height += lacks;
        self.guide = Some(place);
    }
}

/// Have both ends their buttons on a screen of this width?
pub const fn has_both_ends(width: u16) -> bool {
    width >= BOTH_ENDS
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
pub fn left(area: Rect, n: u16) -> (Rect, Rect) {
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

/// The rest, and the last `n` columns.
pub fn right(area: Rect, n: u16) -> (Rect, Rect) {
    left(area, area.width - n.min(area.width))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(map: &ScreenLayout) -> Vec<Rect> {
        let plates = match map.plates {
            Plates::Boxes { ends, between, .. } => vec![ends.client, between, ends.server],
            Plates::Lines(lines) => vec![lines],
        };
        [map.header, map.wire, map.now, map.log, map.buttons, map.hint]
            .into_iter()
            .chain(map.reason)
            .chain(map.guide)
            .chain(map.details)
            .chain(plates)
            .filter(|area| !area.is_empty())
            .collect()
    }

    #[test]
    fn a_zoomed_pane_has_all_between_the_header_and_the_buttons() {
        for pane in [Pane::Wire, Pane::End, Pane::Log] {
            let whole = map(Rect::new(0, 0, 80, 24), true, false).unwrap();
            let zoomed = whole.zoomed(pane);
            let body = Rect::new(0, 2, 80, 17);
            assert_eq!((zoomed.buttons, zoomed.hint), (whole.buttons, whole.hint));
            let seen: Vec<Rect> = [Some(zoomed.wire), Some(zoomed.log), zoomed.details]
                .into_iter()
                .flatten()
                .filter(|area| !area.is_empty())
                .collect();
            assert_eq!(seen, [body], "{pane:?}");
        }
    }

    #[test]
    fn at_every_size_nothing_overlaps_nothing_is_lost_and_the_buttons_stay() {
        for (width, height) in (60..=250).flat_map(|width| (15..=120).map(move |height| (width, height))) {
            let screen = Rect::new(0, 0, width, height);
            let mut buttons = Vec::new();
            for (reason, guide) in [(false, false), (true, false), (false, true), (true, true)] {
                let map = map(screen, reason, guide).unwrap();
                let parts = parts(&map);
                for (i, a) in parts.iter().enumerate() {
                    assert!(a.intersection(screen) == *a, "{width}x{height}: {a:?}");
                    assert!(parts[i + 1..].iter().all(|b| a.intersection(*b).is_empty()), "{map:?}");
                }
                let area: u32 = parts.iter().map(|area| area.area()).sum();
                assert_eq!(area, screen.area(), "{width}x{height}: {map:?}");
                assert!(map.wire.height >= 3, "{width}x{height}: {map:?}");
                assert!(
                    map.guide.is_none_or(|guide| guide.height >= 4),
                    "{width}x{height}: {map:?}"
                );
                buttons.push(map.buttons);
            }
            buttons.dedup();
            assert_eq!(buttons.len(), 1, "{width}x{height}");
        }
        assert_eq!(map(Rect::new(0, 0, 59, 40), false, false), None);
        assert_eq!(map(Rect::new(0, 0, 80, 14), false, true), None);
    }
}
