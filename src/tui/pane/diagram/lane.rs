//! The two lifelines: what stands at their edges, and the arrows between them.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::command::wire::{Target, WireCommand};
use crate::diagram::span::{ArrowSpan, Point};
use crate::side::Side;
use crate::state::State;
use crate::text::width;
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::theme;
use crate::wire::flow::PacketNo;

/// Returns the character at the point of an arrow from that side.
const fn symbol(point: Point, from: Side) -> &'static str {
    match (point, from) {
        (Point::Head, Side::Client) => theme::RIGHT,
        (Point::Head, Side::Server) => theme::LEFT,
        (Point::Reset, _) => theme::RESET,
        (Point::Held, _) => theme::HELD,
        (Point::Lost, _) => theme::LOST,
        (Point::Discarded, _) => "\u{b7}",
    }
}

/// A segment on its way.
pub(super) struct Arrow<'a> {
    /// The host that sent it.
    pub from: Side,
    /// The words on it, the longest first.
    pub texts: &'a [String],
    /// The word of them that says what it is.
    pub word: &'a str,
    pub span: ArrowSpan,
    /// The character of its line.
    pub line: &'a str,
    pub style: Style,
    /// The style of that word.
    pub word_style: Style,
}

/// The two lifelines, and the columns for states outside them.
pub(super) struct Lane {
    area: Rect,
    pub left: u16,
    pub right: u16,
}

impl Lane {
    pub fn of(area: Rect) -> Lane {
        // The widest state is 11 columns; a chip has a blank on both sides.
        let outside = if area.width >= 72 { 14 } else { 12 };
        Lane {
            area,
            left: area.x + outside,
            right: (area.right() - 1).saturating_sub(outside).max(area.x + outside + 1),
        }
    }

    /// Lifelines without columns for states.
    pub fn wide(area: Rect) -> Lane {
        let outside = area.width / 20 + 1;
        Lane {
            area,
            left: area.x + outside,
            right: (area.right() - 1).saturating_sub(outside).max(area.x + outside + 1),
        }
    }

    /// A press on a call that has returned asks why.
    pub fn asks_why(&self, canvas: &mut Canvas, y: u16, action: Action) {
        let place = Rect::new(self.left + 1, y, self.right.saturating_sub(self.left + 1), 1);
        canvas.hits.add(place, action.clone(), false);
        if canvas.is_picked(place, &action) {
            let picked = canvas.theme.picked();
            canvas.tint(place, picked);
        }
    }

    /// The longest text that fits, at an end's edge.
    pub fn at_edge(&self, canvas: &mut Canvas, y: u16, side: Side, texts: &[String], style: Style) {
        let (left, right) = (self.left + 2, self.right.saturating_sub(1));
        let room = usize::from(right.saturating_sub(left));
        let Some(text) = texts.iter().find(|text| width(text) <= room).or(texts.last()) else {
            return;
        };
        match side {
            Side::Client => {
                canvas.put_cut(left, y, right, text, style);
            }
            Side::Server => {
                let x = right.saturating_sub(width(text) as u16).max(left);
                canvas.put_cut(x, y, right, text, style);
            }
        }
    }

    /// Draws an arrow with the longest text that fits; returns the columns of the lane that it leaves free.
    pub fn arrow(&self, canvas: &mut Canvas, y: u16, arrow: &Arrow) -> (u16, u16) {
        let Arrow {
            from,
            texts,
            span: stretch,
            line,
            style,
            ..
        } = *arrow;
        let (left, right) = (self.left + 1, self.right);
        let all = right.saturating_sub(left);
        let room = usize::from(all);
        let Some(text) = texts.iter().find(|text| width(text) + 6 <= room).or(texts.last()) else {
            return (left, right);
        };
        let text = format!(" {text} ");
        let wide = width(&text) as u16;
        // One that goes halfway takes what its text needs, and no less than half of the lane.
        let long = match stretch {
            ArrowSpan::Whole(_) | ArrowSpan::Travels(_) => all,
            ArrowSpan::Leaves(_) | ArrowSpan::Arrives(_) => (wide + 4).max(all / 2).min(all),
        };
        let at_left = matches!(
            (from, stretch),
            (Side::Client, ArrowSpan::Leaves(_)) | (Side::Server, ArrowSpan::Arrives(_))
        );
        let (start, end) = if at_left {
            (left, left + long)
        } else {
            (right - long, right)
        };
        // A travelling one is drawn as far as it has come.
        let (drawn_from, drawn_to) = match (stretch, from) {
            (ArrowSpan::Travels(part), from) => {
                let come = (f64::from(all.saturating_sub(1)) * part.clamp(0.0, 1.0)) as u16;
                match from {
                    Side::Client => (start, start + come + 1),
                    Side::Server => (end - come - 1, end),
                }
            }
            _ => (start, end),
        };
        for x in drawn_from..drawn_to {
            canvas.put(x, y, end, line, style);
        }
        let spare = (end - start).saturating_sub(wide + 1);
        let inset = 1 + spare.saturating_sub(2).min(1);
        let (begin, text_right) = match from {
            Side::Client => (start + inset, end.saturating_sub(1)),
            Side::Server => {
                let right = end.saturating_sub(inset);
                (right.saturating_sub(wide).max(start + 1), right)
            }
        };
        canvas.put(begin, y, text_right, &text, style);
        if let Some(at) = text.find(arrow.word).filter(|_| !arrow.word.is_empty()) {
            let x = begin + width(&text[..at]) as u16;
            canvas.put(x, y, text_right, arrow.word, arrow.word_style);
        }
        let (point, at) = match (stretch, from) {
            (ArrowSpan::Travels(_), Side::Client) => (theme::HELD, drawn_to - 1),
            (ArrowSpan::Travels(_), Side::Server) => (theme::HELD, drawn_from),
            (ArrowSpan::Whole(point) | ArrowSpan::Leaves(point) | ArrowSpan::Arrives(point), from) => {
                (symbol(point, from), if from == Side::Client { end - 1 } else { start })
            }
        };
        canvas.put(at, y, right, point, style);
        if let ArrowSpan::Arrives(_) = stretch {
            // Where it was held.
            let stood = if from == Side::Client { start } else { end - 1 };
            canvas.put(stood, y, stood + 1, theme::HELD, style);
        }
        if start > left { (left, start) } else { (end, right) }
    }

    /// The part of the lane that an arrow takes up, beside what it leaves free.
    pub const fn rest(&self, y: u16, (start, end): (u16, u16)) -> Rect {
        let left = self.left + 1;
        let (from, to) = if start == left {
            (end, self.right)
        } else {
            (left, start)
        };
        Rect::new(from, y, to.saturating_sub(from), 1)
    }

    /// The words beside a held packet: how long it has been held, and what can be done with it.
    pub fn on_wire(&self, canvas: &mut Canvas, y: u16, free: (u16, u16), since: String, no: PacketNo, selected: bool) {
        let (mut x, right) = (free.0 + 1, free.1);
        let strong = canvas.theme.strong();
        if selected && x < right {
            x = canvas.put(x, y, right, theme::LEFT, strong) + 1;
        }
        let target = Target::One(no);
        for (label, command) in [
            ("deliver", WireCommand::Deliver(target)),
            ("drop", WireCommand::Drop(target)),
        ] {
            let end = canvas.button(x, y, right, None, label, Action::Wire(command));
            // To drop it is not proposed alone, where there is no room for what is wanted more often.
            if end == x {
                break;
            }
            x = end + 1;
        }
        if usize::from(right.saturating_sub(x)) >= width(&since) {
            let dim = canvas.theme.dim();
            canvas.put(x, y, right, &since, dim);
        }
    }

    /// A state's chip outside the lifeline; a press asks what it means.
    pub fn label(&self, canvas: &mut Canvas, y: u16, side: Side, state: State) {
        let (left, right) = match side {
            Side::Client => (self.area.x, self.left.saturating_sub(1)),
            Side::Server => (self.right + 2, self.area.right()),
        };
        let room = usize::from(right.saturating_sub(left));
        let (text, style) = if state.name().len() + 2 <= room {
            (format!(" {} ", state.name()), canvas.theme.chip(state))
        } else {
            (state.name().to_owned(), canvas.theme.state(state))
        };
        let x = match side {
            Side::Client => right.saturating_sub(text.len() as u16),
            Side::Server => left,
        };
        let end = canvas.put(x, y, right, &text, style);
        let place = Rect::new(x, y, end.saturating_sub(x), 1);
        let action = Action::Means(state);
        canvas.hits.add(place, action.clone(), true);
        if canvas.is_picked(place, &action) {
            let picked = canvas.theme.picked();
            canvas.tint(place, picked);
        }
    }
}
