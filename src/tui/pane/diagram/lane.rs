//! The two lifelines: what stands at their edges, and the arrows between them.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::call::CallId;
use crate::command::wire::{Target, WireCommand};
use crate::side::{Ends, Side};
use crate::state::State;
use crate::text::width;
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::wire::flow::PacketNo;

/// The span of an arrow, and the character at its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArrowSpan {
    /// The whole way, from one lifeline to the other.
    Whole(char),
    /// The way from its sender's lifeline to somewhere on the wire.
    Leaves(char),
    /// The way from somewhere on the wire to the other lifeline.
    Arrives(char),
}

/// The two lifelines, and the columns for states outside them.
pub(super) struct Lane {
    area: Rect,
    pub left: u16,
    pub right: u16,
    /// The ends that have a column for states.
    pub labels: Ends<bool>,
}

impl Lane {
    pub fn of(area: Rect, focus: Side) -> Lane {
        // The widest state is 11 columns, most are 9 at the most, and the others have a short name; where two such columns leave no room,
        // only the focused end has one.
        let outside = match area.width {
            56.. => 12,
            _ => 10,
        };
        let labels = Ends::from_fn(|side| area.width >= 38 || side == focus);
        let left = area.x + if labels.client { outside } else { 1 };
        let right = area.right() - 1 - if labels.server { outside } else { 1 };
        Lane {
            area,
            left,
            right,
            labels,
        }
    }

    /// A press on a call that has returned asks why.
    pub fn asks_why(&self, canvas: &mut Canvas, y: u16, call: CallId) {
        let place = Rect::new(self.left + 1, y, self.right.saturating_sub(self.left + 1), 1);
        let action = Action::Why(call);
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

    /// An arrow with the longest text that fits: the columns of the lane that it leaves free.
    pub fn arrow(
        &self,
        canvas: &mut Canvas,
        y: u16,
        from: Side,
        texts: &[String],
        stretch: ArrowSpan,
        style: Style,
    ) -> (u16, u16) {
        let (left, right) = (self.left + 1, self.right);
        let room = usize::from(right.saturating_sub(left));
        let Some(text) = texts.iter().find(|text| width(text) + 5 <= room).or(texts.last()) else {
            return (left, right);
        };
        let text = format!(" {text} ");
        let wide = width(&text) as u16;
        // One that goes halfway takes what its text needs, and no less than half of the lane.
        let all = right.saturating_sub(left);
        let long = match stretch {
            ArrowSpan::Whole(_) => all,
            ArrowSpan::Leaves(_) | ArrowSpan::Arrives(_) => (wide + 3).max(all / 2).min(all),
        };
        let at_left = matches!(
            (from, stretch),
            (Side::Client, ArrowSpan::Whole(_) | ArrowSpan::Leaves(_)) | (Side::Server, ArrowSpan::Arrives(_))
        );
        let (start, end) = match stretch {
            ArrowSpan::Whole(_) => (left, right),
            ArrowSpan::Leaves(_) | ArrowSpan::Arrives(_) if at_left => (left, left + long),
            ArrowSpan::Leaves(_) | ArrowSpan::Arrives(_) => (right - long, right),
        };
        for x in start..end {
            canvas.put(x, y, end, "-", style);
        }
        let spare = (end - start).saturating_sub(wide + 1);
        let inset = 1 + spare.saturating_sub(2).min(1);
        let (ArrowSpan::Whole(point) | ArrowSpan::Leaves(point) | ArrowSpan::Arrives(point)) = stretch;
        let point = match (point, from) {
            ('>', Side::Server) => '<',
            (point, _) => point,
        };
        match from {
            Side::Client => {
                canvas.put(start + inset, y, end.saturating_sub(1), &text, style);
                canvas.put(end - 1, y, end, point.encode_utf8(&mut [0; 4]), style);
            }
            Side::Server => {
                canvas.put_right(start + 1, y, end.saturating_sub(inset), &text, style);
                canvas.put(start, y, end, point.encode_utf8(&mut [0; 4]), style);
            }
        }
        if let ArrowSpan::Arrives(_) = stretch {
            // Where it was held.
            let stood = if from == Side::Client { start } else { end - 1 };
            canvas.put(stood, y, stood + 1, "*", style);
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
            x = canvas.put(x, y, right, "<", strong) + 1;
        }
        let target = Target::One(no);
        for (label, command) in [
            ("deliver", WireCommand::Deliver(target)),
            ("drop", WireCommand::Drop(target)),
        ] {
            let end = canvas.button(x, y, right, None, label, Action::Wire(command));
            x = if end > x { end + 1 } else { x };
        }
        if usize::from(right.saturating_sub(x)) >= width(&since) {
            let dim = canvas.theme.dim();
            canvas.put(x, y, right, &since, dim);
        }
    }

    /// A state outside the lifeline.
    pub fn label(&self, canvas: &mut Canvas, y: u16, side: Side, state: State) {
        if !self.labels[side] {
            return;
        }
        let (left, right) = match side {
            Side::Client => (self.area.x, self.left.saturating_sub(1)),
            Side::Server => (self.right + 2, self.area.right()),
        };
        let room = usize::from(right.saturating_sub(left));
        let name = if state.name().len() <= room {
            state.name()
        } else {
            state.short()
        };
        let style = canvas.theme.state(state);
        match side {
            Side::Client => canvas.put_right(left, y, right, name, style),
            Side::Server => {
                canvas.put(left, y, right, name, style);
            }
        }
    }
}
