//! The packets of the diagram: an arrow each, from the row where it left to the row where it arrived, and the words on it.

use std::collections::HashMap;
use std::fmt::Write;

use super::{BAR, PlacedRow, Shape, first, text};
use crate::clock::human;
use crate::diagram::told::{ArrowEnd, ArrowPart, RowContents, ToldArrow};
use crate::export::colours::colour_of;
use crate::roles::SegmentKind;
use crate::side::Side;
use crate::text::{width, xml_text};
use crate::wire::flow::PacketNo;

/// The arrows: one for each packet, from the row where it left to the row where it arrived.
pub(super) fn arrows(svg: &mut String, shape: &Shape, rows: &[PlacedRow]) {
    let mut left: HashMap<PacketNo, (i32, ArrowEnd)> = HashMap::new();
    // Words stand above all lines.
    let mut labels = String::new();
    for placed in rows {
        let RowContents::Arrow(arrow) = &placed.row.what else {
            continue;
        };
        let y = placed.y;
        match (arrow.part, arrow.end) {
            (ArrowPart::Leaves, ArrowEnd::Held | ArrowEnd::UnderWay) => {
                left.insert(arrow.no, (y, arrow.end));
                let arrives = rows.iter().any(|other| {
                    matches!(&other.row.what, RowContents::Arrow(of) if of.no == arrow.no && of.part == ArrowPart::Arrives)
                });
                if arrives {
                    // Its line is drawn where it ends; where it leaves it has its words.
                    label(&mut labels, shape, placed, arrow, LabelPlace::AtSender);
                } else {
                    line(svg, shape, arrow, y, y, None, 0.55);
                    label(&mut labels, shape, placed, arrow, LabelPlace::AtSender);
                }
            }
            (ArrowPart::Arrives, _) => {
                let from = left.remove(&arrow.no);
                let (start, held) = from.unwrap_or((y, ArrowEnd::UnderWay));
                let pause = (held == ArrowEnd::Held).then_some(start);
                line(svg, shape, arrow, start, y, pause, reach(arrow.end));
                label(&mut labels, shape, placed, arrow, LabelPlace::AtReceiver);
            }
            (ArrowPart::Whole | ArrowPart::Leaves, end) => {
                // It took some time, on a row of its own.
                let slant = if arrow.waited.is_some() { 8 } else { 0 };
                line(svg, shape, arrow, y, y + slant, None, reach(end));
                label(&mut labels, shape, placed, arrow, LabelPlace::Middle);
            }
        }
    }
    svg.push_str(&labels);
}

/// The part of the way to the other life line that a line goes.
const fn reach(end: ArrowEnd) -> f64 {
    match end {
        ArrowEnd::Arrived => 1.0,
        ArrowEnd::Held | ArrowEnd::UnderWay | ArrowEnd::Discarded => 0.55,
        ArrowEnd::Lost => 0.7,
    }
}

/// The place of a packet's words.
#[derive(Clone, Copy)]
enum LabelPlace {
    AtSender,
    Middle,
    AtReceiver,
}

fn label(svg: &mut String, shape: &Shape, placed: &PlacedRow, arrow: &ToldArrow, place: LabelPlace) {
    let more = match (place, arrow.waited) {
        (LabelPlace::AtReceiver | LabelPlace::Middle, Some(waited)) => format!(" after {}", human(waited)),
        _ => String::new(),
    };
    // What leaves or arrives alone has half of the way.
    let room = match place {
        LabelPlace::Middle => shape.columns_between - 4,
        LabelPlace::AtSender | LabelPlace::AtReceiver => shape.columns_between / 2 - 3,
    };
    let words = fitting(&arrow.texts, room.saturating_sub(more.len())) + &more;
    let inner = |side: Side, by: i32| match side {
        Side::Client => (shape.life_lines.client + by, ""),
        Side::Server => (shape.life_lines.server - by, " e"),
    };
    let (x, anchor) = match place {
        LabelPlace::Middle => ((shape.life_lines.client + shape.life_lines.server) / 2, " m"),
        LabelPlace::AtSender => inner(arrow.from, 14),
        LabelPlace::AtReceiver => inner(arrow.from.other(), 22),
    };
    // A cross is taller than a line.
    let above = if arrow.end == ArrowEnd::Lost { 10 } else { 6 };
    let class = if arrow.end == ArrowEnd::Lost {
        "bad"
    } else {
        colour_of(arrow.kind)
    };
    text(
        svg,
        x,
        placed.y - above,
        &format!("on s-ground {class}{anchor}"),
        &words,
    );
}

/// The longest of the texts that fits, or the last, cut.
fn fitting(texts: &[String], columns: usize) -> String {
    let fits = texts.iter().find(|text| width(text) <= columns);
    match (fits, texts.last()) {
        (Some(text), _) => text.clone(),
        (None, Some(last)) => {
            let cut: String = last.chars().take(columns.saturating_sub(3)).collect();
            format!("{cut}...")
        }
        (None, None) => String::new(),
    }
}

/// Draws a packet's line from its sender's life line at `start` towards the other, which it would reach at `end`, as far as `reach`; one that was
/// held from `pause` on waits in the middle.
fn line(svg: &mut String, shape: &Shape, arrow: &ToldArrow, start: i32, end: i32, pause: Option<i32>, reach: f64) {
    let from = shape.life_lines[arrow.from];
    let to = shape.life_lines[arrow.from.other()];
    let way = if to > from { 1 } else { -1 };
    let (from, to) = (from + way * (BAR / 2 + 1), to - way * (BAR / 2 + 2));
    let x = from + (f64::from(to - from) * reach) as i32;
    let y = if pause.is_some() {
        end
    } else {
        start + (f64::from(end - start) * reach) as i32
    };
    let colour = match arrow.end {
        ArrowEnd::Lost => "bad",
        _ => colour_of(arrow.kind),
    };
    let heavy = if arrow.kind == SegmentKind::Fin { " heavy" } else { "" };
    let again = if arrow.is_again { " again" } else { "" };
    let _ = writeln!(
        svg,
        "<g><title>{} {}: {}</title>",
        arrow.no,
        xml_text(first(&arrow.texts)),
        fate(arrow)
    );
    let class = format!("s-{colour}{heavy}{again}");
    match pause {
        Some(held) if held != end => {
            let middle = from + (to - from) / 2;
            let _ = writeln!(svg, "<path class=\"l {class}\" d=\"M{from} {held}H{middle}\"/>");
            let _ = writeln!(svg, "<path class=\"l s-{colour} waits\" d=\"M{middle} {held}V{end}\"/>");
            if (x - middle) * way > 0 {
                let _ = writeln!(svg, "<path class=\"l {class}\" d=\"M{middle} {end}H{x}\"/>");
            }
            pause_sign(svg, middle, held, colour);
        }
        _ => {
            let _ = writeln!(svg, "<path class=\"l {class}\" d=\"M{from} {start}L{x} {y}\"/>");
        }
    }
    match arrow.end {
        ArrowEnd::Arrived => {
            let back = x - way * 9;
            // The head lies along the line.
            let rise = if pause.is_some() || x == from {
                0
            } else {
                (f64::from(y - start) * 9.0 / f64::from((x - from).abs())) as i32
            };
            let base = y - rise;
            let _ = writeln!(
                svg,
                "<path class=\"{colour}\" d=\"M{x} {y}L{back} {}L{back} {}Z\"/>",
                base - 4,
                base + 4
            );
        }
        ArrowEnd::Lost => {
            let _ = writeln!(
                svg,
                "<path class=\"l s-bad heavy\" d=\"M{} {}L{} {}M{} {}L{} {}\"/>",
                x - 6,
                y - 6,
                x + 6,
                y + 6,
                x - 6,
                y + 6,
                x + 6,
                y - 6
            );
        }
        ArrowEnd::Held => pause_sign(svg, x, y, colour),
        ArrowEnd::UnderWay => {
            let _ = writeln!(svg, "<circle class=\"{colour}\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/>");
        }
        ArrowEnd::Discarded => {
            let _ = writeln!(svg, "<circle class=\"ground s-dim\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/>");
        }
    }
    svg.push_str("</g>\n");
}

/// Two upright strokes: it is held here.
fn pause_sign(svg: &mut String, x: i32, y: i32, colour: &str) {
    let _ = writeln!(
        svg,
        "<path class=\"l s-{colour} heavy\" d=\"M{} {}V{}M{} {}V{}\"/>",
        x + 3,
        y - 6,
        y + 6,
        x + 8,
        y - 6,
        y + 6
    );
}

/// Says what became of a packet on its row.
pub(super) fn fate(arrow: &ToldArrow) -> &'static str {
    match arrow.end {
        ArrowEnd::Arrived => "arrived",
        ArrowEnd::Held => "held on the wire",
        ArrowEnd::UnderWay => "under way",
        ArrowEnd::Lost => "lost",
        ArrowEnd::Discarded => "discarded",
    }
}
