//! Graphs of a connection as a picture: how full the queues of both ends were, and what their kernels thought of the path, over time.
//!
//! What a table said holds until the next one said otherwise: lines are steps. The client's is whole, the server's dashed.

use std::fmt::Write;
use std::time::Duration;

use super::colours::colour_rules;
use super::series::{Sample, SocketNumbers};
use super::story::Story;
use crate::clock::human;
use crate::side::Side;
use crate::text::xml_text;

/// The width of the picture, in user units, as all lengths here.
const WIDTH: f64 = 960.0;
/// The left and the right edge of each graph.
const LEFT: f64 = 90.0;
const RIGHT: f64 = 940.0;
/// The height of a graph.
const HEIGHT: f64 = 110.0;
/// The distance from the top of a graph to that of the next.
const STRIDE: f64 = 168.0;
/// The top of the first.
const TOP: f64 = 112.0;

/// The colours, light and dark.
const COLOURS: [(&str, &str, &str); 5] = [
    ("ground", "#fbfaf7", "#14181d"),
    ("ink", "#1c2126", "#dfe3e8"),
    ("dim", "#5a636d", "#9aa5b1"),
    ("client", "#1257b8", "#79b0ff"),
    ("server", "#a8430a", "#ffa34d"),
];

/// What the lines cannot tell.
const READ_AT_TIMES: &str = "the kernel's tables are read at times: what was written and acknowledged, or received and read, between two readings is in no line";

/// A quantity that is drawn.
struct Quantity {
    name: &'static str,
    unit: &'static str,
    of: fn(&SocketNumbers) -> Option<f64>,
    /// Whether there is nothing between two whole numbers.
    is_whole: bool,
}

const QUANTITIES: [Quantity; 4] = [
    Quantity {
        name: "send queue (a SYN or FIN not acknowledged counts 1)",
        unit: "bytes",
        of: |said| Some(f64::from(said.unacknowledged)),
        is_whole: true,
    },
    Quantity {
        name: "received, not read",
        unit: "bytes",
        of: |said| Some(f64::from(said.unread)),
        is_whole: true,
    },
    Quantity {
        name: "congestion window",
        unit: "segments",
        of: |said| said.cwnd.map(f64::from),
        is_whole: true,
    },
    Quantity {
        name: "smoothed round-trip time",
        unit: "ms",
        of: |said| said.rtt_us.map(|us| f64::from(us) / 1e3),
        is_whole: false,
    },
];

/// The values of a quantity at an end: the time since the beginning in seconds, and the value from then on; none where there is none.
type Line = Vec<(f64, Option<f64>)>;

/// Returns the picture of a story.
///
/// # Errors
/// The recording has no connection: one sentence.
pub fn write(story: &Story) -> Result<String, String> {
    let Some((tuple, series, others)) = story.series.busiest() else {
        return Err("no connection was made, so there is nothing to draw graphs of".into());
    };
    let began = story.header.began;
    let samples = || series.iter().flat_map(|(_, samples)| samples);
    let first = samples().map(|sample| sample.at).min().unwrap_or(began);
    // What was told last still holds at the end of the run.
    let last = samples().map(|sample| sample.at).max().unwrap_or(began);
    let (from, to) = (
        first.since(began).as_secs_f64(),
        last.max(story.ended).since(began).as_secs_f64(),
    );
    let to = if to > from { to } else { from + 0.001 };
    let line = |side: Side, quantity: &Quantity| -> Line {
        let of = |sample: &Sample| {
            let value = sample.said.as_ref().and_then(quantity.of);
            (sample.at.since(began).as_secs_f64(), value)
        };
        series[side].iter().map(of).collect()
    };
    let graphs: Vec<(&Quantity, [(Side, Line); 2])> = QUANTITIES
        .iter()
        .map(|quantity| (quantity, Side::BOTH.map(|side| (side, line(side, quantity)))))
        .filter(|(_, lines)| {
            lines
                .iter()
                .any(|(_, line)| line.iter().any(|(_, value)| value.is_some()))
        })
        .collect();
    let height = TOP + STRIDE * graphs.len() as f64;
    let mut svg = String::new();
    let more = match others {
        0 => String::new(),
        1 => "; one other connection is not drawn".to_owned(),
        others => format!("; {others} other connections are not drawn"),
    };
    let about = format!("connection {} to {}{more}", tuple.local, tuple.peer);
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-labelledby=\"title description\">"
    );
    let _ = writeln!(svg, "<title id=\"title\">{}</title>", xml_text(&story.title()));
    let _ = writeln!(
        svg,
        "<desc id=\"description\">{}</desc>",
        xml_text(&described(&about, &graphs))
    );
    style(&mut svg);
    let _ = writeln!(svg, "<rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\"/>");
    text(&mut svg, 16.0, 32.0, "h ink", &story.title());
    text(&mut svg, 16.0, 54.0, "dim", &story.measured());
    text(&mut svg, 16.0, 72.0, "dim", &about);
    text(&mut svg, 16.0, 90.0, "dim", READ_AT_TIMES);
    for (side, x) in [(Side::Client, 700.0), (Side::Server, 830.0)] {
        let _ = writeln!(svg, "<path class=\"line s-{side}\" d=\"M{x} 28h34\"/>");
        text(&mut svg, x + 42.0, 32.0, "ink", side.name());
    }
    for ((quantity, lines), nth) in graphs.iter().zip(0..) {
        graph(&mut svg, quantity, lines, (from, to), TOP + STRIDE * f64::from(nth));
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

/// What a screen reader reads: the least and the greatest value of each line.
fn described(about: &str, graphs: &[(&Quantity, [(Side, Line); 2])]) -> String {
    let mut words = format!("Graphs over time of the {about}. {READ_AT_TIMES}.");
    for (quantity, lines) in graphs {
        for (side, line) in lines {
            let values = || line.iter().filter_map(|(_, value)| *value);
            let (least, most) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
            if least.is_finite() {
                let _ = write!(
                    words,
                    " {} at the {side}: from {} to {} {}.",
                    quantity.name,
                    number(least),
                    number(most),
                    quantity.unit
                );
            }
        }
    }
    words
}

fn style(svg: &mut String) {
    svg.push_str("<style>text{font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;font-size:12px}");
    svg.push_str(
        "path{fill:none}.line{stroke-width:2}.s-server{stroke-dasharray:6 4}.axis{stroke-width:1;stroke-opacity:.35}",
    );
    svg.push_str(".h{font-size:16px;font-weight:bold}.b{font-weight:bold}.e{text-anchor:end}.m{text-anchor:middle}");
    colour_rules(svg, &COLOURS);
    svg.push_str("</style>\n");
}

fn text(svg: &mut String, x: f64, y: f64, class: &str, words: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{}</text>",
        xml_text(words)
    );
}

/// Draws a graph whose top is at `top`, of the seconds `from` to `to`.
fn graph(svg: &mut String, quantity: &Quantity, lines: &[(Side, Line); 2], (from, to): (f64, f64), top: f64) {
    let values = lines.iter().flat_map(|(_, line)| line).filter_map(|(_, value)| *value);
    let greatest = values.fold(0.0, f64::max);
    let step = match greatest {
        0.0 => 1.0,
        greatest => nice(greatest / 3.0).max(if quantity.is_whole { 1.0 } else { 0.0 }),
    };
    let most = (greatest / step).ceil().max(1.0) * step;
    let x = |at: f64| LEFT + (at - from) / (to - from) * (RIGHT - LEFT);
    let y = |value: f64| top + 20.0 + HEIGHT - value / most * HEIGHT;
    text(
        svg,
        LEFT,
        top + 8.0,
        "b ink",
        &format!("{}, {}", quantity.name, quantity.unit),
    );
    for nth in 0..=(most / step).round() as u32 {
        let value = f64::from(nth) * step;
        let _ = writeln!(
            svg,
            "<path class=\"axis s-dim\" d=\"M{LEFT} {:.1}H{RIGHT}\"/>",
            y(value)
        );
        text(svg, LEFT - 8.0, (y(value) + 4.0).round(), "e dim", &number(value));
    }
    let step = nice((to - from) / 6.0);
    let first = (from / step).ceil() as i64;
    for nth in first..=(to / step).floor() as i64 {
        let at = nth as f64 * step;
        let _ = writeln!(svg, "<path class=\"axis s-dim\" d=\"M{:.1} {:.1}v5\"/>", x(at), y(0.0));
        let time = human(Duration::from_secs_f64(at.max(0.0)));
        text(svg, x(at).round(), y(0.0) + 19.0, "m dim", &time);
    }
    for (side, line) in lines {
        let mut path = String::new();
        let mut is_down = false;
        for (nth, (at, value)) in line.iter().enumerate() {
            let until = line.get(nth + 1).map_or(to, |(next, _)| *next);
            let Some(value) = value else {
                is_down = false;
                continue;
            };
            let begin = if is_down { 'L' } else { 'M' };
            let _ = write!(path, "{begin}{:.1} {:.1}H{:.1}", x(*at), y(*value), x(until));
            is_down = true;
        }
        if !path.is_empty() {
            let _ = writeln!(
                svg,
                "<path class=\"line s-{side}\" d=\"{path}\"><title>{side}: {}</title></path>",
                quantity.name
            );
        }
    }
}

/// The least of 1, 2, 5, 10, ... that is not less: a step that people count in.
fn nice(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let of = [1.0, 2.0, 5.0].map(|times| times * power);
    of.into_iter()
        .find(|step| *step >= least * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

/// A number without the noughts behind its point.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_those_that_people_count_in() {
        for (least, step) in [
            (0.7, 1.0),
            (1.0, 1.0),
            (1.1, 2.0),
            (21.0, 50.0),
            (0.03, 0.05),
            (600.0, 1000.0),
        ] {
            assert!((nice(least) - step).abs() < 1e-9, "{least}: {}", nice(least));
        }
        assert_eq!(
            (number(0.05), number(1500.0), number(0.0)),
            ("0.05".into(), "1500".into(), "0".into())
        );
    }
}
