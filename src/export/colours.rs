//! The colours of pictures, light and dark, and the classes that they are drawn by.

use std::fmt::Write;

use crate::roles::{SegmentKind, StateRole};
use crate::state::State;

/// The colours of a scheme: what a class is drawn in, light and dark.
pub(super) const COLOURS: [(&str, &str, &str); 13] = [
    ("ground", "#fbfaf7", "#14181d"),
    ("ink", "#1c2126", "#dfe3e8"),
    ("dim", "#5a636d", "#9aa5b1"),
    ("bad", "#b3141c", "#ff857c"),
    ("nothing", "#5a636d", "#9aa5b1"),
    ("listen", "#1257b8", "#79b0ff"),
    ("opening", "#7a5c00", "#f2d64b"),
    ("established", "#1a6b33", "#6fd38a"),
    ("closed-first", "#a8430a", "#ffa34d"),
    ("was-told", "#6f2fb5", "#cba6ff"),
    ("syn", "#7a5c00", "#f2d64b"),
    ("fin", "#a8430a", "#ffa34d"),
    ("data", "#1a6b33", "#6fd38a"),
];

/// Returns the class of the colour of a state.
pub(super) const fn class_of(state: State) -> &'static str {
    match StateRole::of(state) {
        StateRole::Nothing => "nothing",
        StateRole::Listen => "listen",
        StateRole::Opening => "opening",
        StateRole::Established => "established",
        StateRole::ClosedFirst => "closed-first",
        StateRole::WasTold => "was-told",
    }
}

/// Returns the class of the colour of a packet.
pub(super) const fn colour_of(kind: SegmentKind) -> &'static str {
    match kind {
        SegmentKind::Syn => "syn",
        SegmentKind::Data => "data",
        SegmentKind::Ack => "dim",
        SegmentKind::Fin => "fin",
        SegmentKind::Reset => "bad",
        SegmentKind::Other => "ink",
    }
}

/// Writes the rules of these colours: the class of each, its light and its dark colour.
pub(super) fn colour_rules(svg: &mut String, all: &[(&'static str, &'static str, &'static str)]) {
    let scheme = |svg: &mut String, pick: fn(&(&'static str, &'static str, &'static str)) -> &'static str| {
        for colours in all {
            let (class, colour) = (colours.0, pick(colours));
            let _ = write!(svg, ".{class}{{fill:{colour}}}.s-{class}{{stroke:{colour}}}");
        }
    };
    scheme(svg, |colours| colours.1);
    svg.push_str("@media(prefers-color-scheme:dark){");
    scheme(svg, |colours| colours.2);
    svg.push('}');
}
