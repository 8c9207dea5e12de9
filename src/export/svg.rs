//! The time-sequence diagram as a picture: two life lines whose colour is the state, and the packets between them.
//!
//! One file without anything from outside: text is text, in whatever monospaced font there is, and the reader's light or dark scheme decides the colours.

mod arrows;

use std::fmt::Write;
use std::time::Duration;

use super::colours::{COLOURS, class_of, colour_rules};
use super::story::Story;
use crate::clock::human;
use crate::diagram::told::{RowContents, ToldRow};
use crate::side::{Ends, Side};
use crate::state::State;
use crate::text::{wrap, xml_text};
use arrows::{arrows, fate};

/// The measures of a picture, in user units, as all lengths here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// The width of the picture.
    pub width: i32,
    /// The life lines, their centres.
    life_lines: Ends<i32>,
    /// The left edge of times.
    margin: i32,
    /// The columns of text at a life line, and between the two: a character is 7.3 wide.
    columns_at_line: usize,
    columns_between: usize,
    /// Whether words stand outside of the life lines, or between them.
    outside: bool,
}

impl Shape {
    /// The place of the words at a life line, and whether they stand left of it.
    const fn beside(&self, side: Side) -> (i32, bool) {
        match (side, self.outside) {
            (Side::Client, true) => (self.life_lines.client - BESIDE, true),
            (Side::Client, false) => (self.life_lines.client + BESIDE, false),
            (Side::Server, true) => (self.life_lines.server + BESIDE, false),
            (Side::Server, false) => (self.life_lines.server - BESIDE, true),
        }
    }
}

/// Words outside of the life lines, for a page or a slide.
pub(super) const WIDE: Shape = Shape {
    width: 1240,
    life_lines: Ends {
        client: 420,
        server: 820,
    },
    margin: 16,
    columns_at_line: 43,
    columns_between: 50,
    outside: true,
};

/// All words between the life lines, for a phone.
pub(super) const NARROW: Shape = Shape {
    width: 360,
    life_lines: Ends { client: 9, server: 351 },
    margin: 16,
    columns_at_line: 43,
    columns_between: 44,
    outside: false,
};

/// The width of a life line's bar.
const BAR: i32 = 10;
/// The distance of words from a life line's centre.
const BESIDE: i32 = 16;
/// The height of a line of text.
const LINE: i32 = 17;
/// The space between rows.
const GAP: i32 = 9;

/// A line of text beside a life line.
enum SideLine {
    Words(String, &'static str),
    State(State),
}

/// A row with the place that it has in the picture.
struct PlacedRow<'a> {
    row: &'a ToldRow,
    /// The height of its first line's middle.
    y: i32,
    /// The same of what stands at the life lines.
    words_at: i32,
    beside: Ends<Vec<SideLine>>,
}

/// A picture without its frame.
pub(super) struct Drawing {
    /// Its elements.
    pub elements: String,
    /// The height that they take.
    pub height: i32,
    /// The entry of each row, and where the row begins.
    pub rows: Vec<(u64, i32)>,
    /// The height at which the last row ends.
    pub bottom: i32,
}

/// Returns the picture of a story.
pub fn write(story: &Story) -> String {
    let drawing = draw(story, &story.rows, &WIDE, 120);
    let mut svg = String::new();
    head(&mut svg, story, drawing.height);
    svg.push_str(&drawing.elements);
    svg.push_str("</svg>\n");
    svg
}

/// Draws rows of a story, the first at the height `top`, the hosts' names above it and the legend below.
pub(super) fn draw(story: &Story, told: &[ToldRow], shape: &Shape, top: i32) -> Drawing {
    let mut y = top;
    let mut rows = Vec::new();
    let mut starts = Vec::new();
    for row in told {
        let beside = beside(row, shape);
        let lines = beside.client.len().max(beside.server.len()).max(1);
        starts.push((row.entry, y - LINE / 2 - GAP / 2));
        // An arrow's words stand above its line.
        let above = i32::from(matches!(row.what, RowContents::Arrow(_))) * 9;
        y += above;
        // Between the life lines, states stand below an arrow.
        let below =
            i32::from(above > 0 && !shape.outside && row.states.iter().any(|(_, state)| state.is_some())) * LINE;
        let kept = y;
        y += lines as i32 * LINE + GAP + below;
        rows.push(PlacedRow {
            row,
            y: kept,
            words_at: kept + below,
            beside,
        });
    }
    let bottom = y + 8;
    let mut svg = String::new();
    let hosts = story.hosts();
    for side in Side::BOTH {
        let (x, anchor) = match (shape.outside, side) {
            (true, _) => (shape.life_lines[side], "m "),
            (false, Side::Client) => (shape.life_lines[side] - BAR / 2, ""),
            (false, Side::Server) => (shape.life_lines[side] + BAR / 2, "e "),
        };
        text(&mut svg, x, top - 28, &format!("{anchor}b ink"), &hosts[side]);
    }
    bars(&mut svg, shape, &rows, top - 20, bottom);
    arrows(&mut svg, shape, &rows);
    for row in &rows {
        words(&mut svg, shape, row);
    }
    let height = legend(&mut svg, shape, story, bottom + 34) + 30;
    Drawing {
        elements: svg,
        height,
        rows: starts,
        bottom,
    }
}

/// The style sheet: no variables, which not every renderer knows.
fn style(svg: &mut String) {
    svg.push_str("<style>text{font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;font-size:12px}");
    svg.push_str("path{stroke-width:1.5}.l{fill:none}.heavy{stroke-width:2.5}.again{stroke-dasharray:5 3}");
    svg.push_str(".waits{stroke-dasharray:1 4;stroke-linecap:round}.b{font-weight:bold}.i{font-style:italic}");
    svg.push_str(".on{paint-order:stroke;stroke-width:3px;stroke-linejoin:round}.h{font-size:16px;font-weight:bold}.e{text-anchor:end}.m{text-anchor:middle}");
    colour_rules(svg, &COLOURS);
    svg.push_str("</style>\n");
}

/// The beginning: what it is, for eyes and for screen readers, and the two hosts.
fn head(svg: &mut String, story: &Story, height: i32) {
    let (title, measured, width) = (story.title(), story.measured(), WIDE.width);
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-labelledby=\"title description\">"
    );
    let _ = writeln!(svg, "<title id=\"title\">{}</title>", xml_text(&title));
    let _ = writeln!(svg, "<desc id=\"description\">{}</desc>", xml_text(&description(story)));
    style(svg);
    let _ = writeln!(svg, "<rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>");
    text(svg, 16, 32, "h ink", &title);
    text(svg, 16, 54, "dim", &measured);
    if !story.has_wire() {
        text(
            svg,
            16,
            72,
            "dim",
            "The loopback lab has no wire: no segments were seen.",
        );
    }
}

/// What a screen reader reads: each row in a sentence.
fn description(story: &Story) -> String {
    let mut words = format!(
        "A time-sequence diagram of two TCP ends. {}. Times are seconds since the beginning.",
        story.measured()
    );
    for row in &story.rows {
        let _ = write!(words, " At {:.3}", row.at.as_secs_f64());
        match &row.what {
            RowContents::Words { side, texts, .. } => {
                let _ = write!(words, " {side}: {}", first(texts));
            }
            RowContents::Arrow(arrow) => {
                let _ = write!(
                    words,
                    " from the {}: {}, {}",
                    arrow.from,
                    first(&arrow.texts),
                    fate(arrow)
                );
            }
            RowContents::Pause(pause) => {
                let _ = write!(words, " after a pause of {}", human(*pause));
            }
            RowContents::States => {}
        }
        for (side, state) in row.states.iter() {
            if let Some(state) = state {
                let _ = write!(words, "; the {side} is in {state}");
            }
        }
        words.push('.');
    }
    words
}

fn first(texts: &[String]) -> &str {
    texts.first().map_or("", String::as_str)
}

fn text(svg: &mut String, x: i32, y: i32, class: &str, words: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{}</text>",
        xml_text(words)
    );
}

/// The lines beside the life lines.
fn beside(row: &ToldRow, shape: &Shape) -> Ends<Vec<SideLine>> {
    let mut lines: Ends<Vec<SideLine>> = Ends::default();
    if let RowContents::Words {
        side,
        texts,
        failed,
        why,
    } = &row.what
    {
        let class = if *failed { "bad b" } else { "ink" };
        // All of it, on as many lines as that takes: there is room below.
        for line in wrap(first(texts), shape.columns_at_line).into_iter().take(4) {
            lines[*side].push(SideLine::Words(line, class));
        }
        for line in why.iter().flat_map(|why| wrap(why, shape.columns_at_line)) {
            lines[*side].push(SideLine::Words(line, "dim i"));
        }
    }
    for (side, state) in row.states.iter() {
        lines[side].extend(state.map(SideLine::State));
    }
    lines
}

/// The life lines, each a bar in the colour of the state.
fn bars(svg: &mut String, shape: &Shape, rows: &[PlacedRow], top: i32, bottom: i32) {
    for side in Side::BOTH {
        let mut from = (top, State::Close);
        let mut part = |(from, state): (i32, State), to: i32| {
            let x = shape.life_lines[side] - BAR / 2;
            let _ = writeln!(
                svg,
                "<rect class=\"{}\" x=\"{x}\" y=\"{from}\" width=\"{BAR}\" height=\"{}\"><title>{side}: {state}</title></rect>",
                class_of(state),
                to - from
            );
        };
        for row in rows {
            if let Some(state) = row.row.states[side] {
                part(from, row.y);
                from = (row.y, state);
            }
        }
        part(from, bottom);
    }
}

/// The words of a row: its time, and what stands beside the life lines.
fn words(svg: &mut String, shape: &Shape, placed: &PlacedRow) {
    let PlacedRow {
        row,
        y,
        words_at,
        beside,
    } = placed;
    if let RowContents::Pause(pause) = row.what {
        let middle = (shape.life_lines.client + shape.life_lines.server) / 2;
        text(
            svg,
            middle,
            y + 4,
            "m dim",
            &format!("\u{b7} \u{b7} \u{b7} {} \u{b7} \u{b7} \u{b7}", human(pause)),
        );
        return;
    }
    if shape.outside {
        text(svg, shape.margin, y + 4, "dim", &seconds(row.at));
    }
    for (side, lines) in beside.iter() {
        let (x, is_left) = shape.beside(side);
        let anchor = if is_left { " e" } else { "" };
        for (line, at) in lines.iter().zip(0..) {
            let y = words_at + 4 + at * LINE;
            match line {
                SideLine::Words(words, class) => text(svg, x, y, &format!("{class}{anchor}"), words),
                SideLine::State(state) => {
                    let wide = (state.name().len() as f64 * 7.3) as i32 + 12;
                    let left = if is_left { x - wide } else { x };
                    let _ = writeln!(
                        svg,
                        "<rect class=\"{}\" x=\"{left}\" y=\"{}\" width=\"{wide}\" height=\"16\" rx=\"3\"/>",
                        class_of(*state),
                        y - 12
                    );
                    text(svg, left + wide / 2, y, "m b ground", state.name());
                }
            }
        }
    }
}

fn seconds(at: Duration) -> String {
    format!("{:.3}", at.as_secs_f64())
}

/// The states that occur, each in its colour; the height of the last line.
fn legend(svg: &mut String, shape: &Shape, story: &Story, mut y: i32) -> i32 {
    let mut seen: Vec<State> = Vec::new();
    for state in story
        .rows
        .iter()
        .flat_map(|row| row.states.iter())
        .filter_map(|(_, state)| *state)
    {
        if !seen.contains(&state) {
            seen.push(state);
        }
    }
    let mut x = shape.margin;
    for state in seen {
        let wide = 17 + (state.name().len() as f64 * 7.3) as i32 + 18;
        if x + wide > shape.width {
            (x, y) = (shape.margin, y + LINE + 4);
        }
        let _ = writeln!(
            svg,
            "<rect class=\"{}\" x=\"{x}\" y=\"{}\" width=\"12\" height=\"12\"/>",
            class_of(state),
            y - 10
        );
        text(svg, x + 17, y, "ink", state.name());
        x += wide;
    }
    y
}
