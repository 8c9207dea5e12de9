//! A screen of cells as a picture and as text: every character in its own cell, in the colours that it has there.
//!
//! In the picture each run of text has the length of its cells (`textLength`), so that columns stand under each other in any font; lines of
//! boxes and blocks are drawn, and meet their neighbours.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use crate::colour::{Rgb, rgb};
use crate::text::{width, xml_text};

/// The width of a cell, in user units, as all lengths here.
const CELL_WIDTH: u32 = 9;
/// The height of a cell.
const CELL_HEIGHT: u32 = 18;
/// The distance of the line that text stands on from the top of its cell.
const BASELINE: u32 = 14;
/// The size of the font: a character of most monospaced fonts is three fifths of it wide.
const FONT_SIZE: u32 = 15;
/// The empty border around the screen.
const BORDER: u32 = 9;
/// The colours of a terminal that says nothing of its own: text, and what is under it.
const TERMINAL: (Rgb, Rgb) = ([229, 229, 229], [0, 0, 0]);

/// The look of a cell, as it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    text: Rgb,
    under: Rgb,
    bold: bool,
    italic: bool,
    underlined: bool,
    crossed_out: bool,
}

impl Look {
    fn of(cell: &Cell) -> Look {
        let of = |colour: Color, otherwise| rgb(colour).unwrap_or(otherwise);
        let (mut text, mut under) = (of(cell.fg, TERMINAL.0), of(cell.bg, TERMINAL.1));
        let is = |modifier| cell.modifier.contains(modifier);
        if is(Modifier::REVERSED) {
            (text, under) = (under, text);
        }
        if is(Modifier::DIM) {
            // Two thirds of the way from the ground.
            text = std::array::from_fn(|at| ((u16::from(text[at]) * 2 + u16::from(under[at])) / 3) as u8);
        }
        if is(Modifier::HIDDEN) {
            text = under;
        }
        Look {
            text,
            under,
            bold: is(Modifier::BOLD),
            italic: is(Modifier::ITALIC),
            underlined: is(Modifier::UNDERLINED),
            crossed_out: is(Modifier::CROSSED_OUT),
        }
    }
}

/// A character of the screen, in its place.
#[derive(Clone, Debug)]
struct PlacedCell<'a> {
    x: u32,
    /// The cells that it takes: 1, or 2.
    wide: u32,
    symbol: &'a str,
    look: Look,
}

/// The characters of a row; what a wide one covers is part of it.
fn row(buffer: &Buffer, y: u16) -> Vec<PlacedCell<'_>> {
    let area = buffer.area;
    let mut placed = Vec::new();
    let mut x = area.x;
    while x < area.right() {
        let Some(cell) = buffer.cell((x, y)) else { break };
        let symbol = if cell.symbol().is_empty() { " " } else { cell.symbol() };
        let wide = (width(symbol) as u16).clamp(1, area.right() - x);
        placed.push(PlacedCell {
            x: u32::from(x - area.x),
            wide: u32::from(wide),
            symbol,
            look: Look::of(cell),
        });
        x += wide;
    }
    placed
}

/// Returns the screen as text: a line a row, without the blanks at its end.
pub fn text(buffer: &Buffer) -> String {
    let mut lines = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let line: String = row(buffer, y).iter().map(|placed| placed.symbol).collect();
        lines.push_str(line.trim_end());
        lines.push('\n');
    }
    lines
}

/// Returns the screen as a picture; `title` says what it shows.
pub fn svg(buffer: &Buffer, title: &str) -> String {
    let area = buffer.area;
    let (columns, rows) = (u32::from(area.width), u32::from(area.height));
    let (wide, high) = (columns * CELL_WIDTH + 2 * BORDER, rows * CELL_HEIGHT + 2 * BORDER);
    let ground = ground(buffer);
    let mut svg = String::new();
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" width=\"{wide}\" height=\"{high}\" \
         role=\"img\" aria-labelledby=\"title\">\n<title id=\"title\">{}</title>\n\
         <style>text{{font-family:'DejaVu Sans Mono',ui-monospace,Menlo,Consolas,'Liberation Mono',monospace;\
         font-size:{FONT_SIZE}px;white-space:pre}}.b{{font-weight:bold}}.i{{font-style:italic}}\
         .u{{text-decoration:underline}}.s{{text-decoration:line-through}}</style>\n\
         <rect width=\"{wide}\" height=\"{high}\" fill=\"{}\"/>\n<g transform=\"translate({BORDER} {BORDER})\">\n",
        xml_text(title),
        hex(ground)
    );
    let mut drawn = String::new();
    for (y, top) in (area.top()..area.bottom()).zip((0..).step_by(CELL_HEIGHT as usize)) {
        let row = row(buffer, y);
        for run in runs(&row, |one, other| one.look.under == other.look.under) {
            if let Some(first) = run.first().filter(|first| first.look.under != ground) {
                let _ = writeln!(
                    svg,
                    "<rect x=\"{}\" y=\"{top}\" width=\"{}\" height=\"{CELL_HEIGHT}\" fill=\"{}\"/>",
                    first.x * CELL_WIDTH,
                    cells(run) * CELL_WIDTH,
                    hex(first.look.under)
                );
            }
        }
        // Words lie above the ground of all rows, for a letter may reach into the next.
        let is_shape = |placed: &PlacedCell| shape(placed.symbol).is_some();
        for run in runs(&row, |one, other| {
            one.look == other.look && one.wide == other.wide && is_shape(one) == is_shape(other)
        }) {
            if run.first().is_some_and(is_shape) {
                draw_shapes(&mut drawn, run, top);
            } else {
                draw_text(&mut drawn, run, top);
            }
        }
    }
    svg.push_str(&drawn);
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// The colour that most of the screen lies on.
fn ground(buffer: &Buffer) -> Rgb {
    let mut counts: Vec<(Rgb, usize)> = Vec::new();
    for cell in &buffer.content {
        let under = Look::of(cell).under;
        match counts.iter_mut().find(|(known, _)| *known == under) {
            Some((_, count)) => *count += 1,
            None => counts.push((under, 1)),
        }
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map_or(TERMINAL.1, |(under, _)| under)
}

/// The row in runs of neighbours that are the same in some way.
fn runs<'a, 'b>(
    row: &'a [PlacedCell<'b>],
    same: impl Fn(&PlacedCell, &PlacedCell) -> bool + 'a,
) -> impl Iterator<Item = &'a [PlacedCell<'b>]> {
    row.chunk_by(move |one, other| same(one, other))
}

fn cells(run: &[PlacedCell]) -> u32 {
    run.iter().map(|placed| placed.wide).sum()
}

fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Writes a run of text, without the blanks at its ends where they look like nothing.
fn draw_text(svg: &mut String, run: &[PlacedCell], top: u32) {
    let shows = |placed: &PlacedCell| placed.symbol != " " || placed.look.underlined || placed.look.crossed_out;
    let (Some(from), Some(to)) = (run.iter().position(shows), run.iter().rposition(shows)) else {
        return;
    };
    let run = &run[from..=to];
    let Some(first) = run.first() else { return };
    let look = first.look;
    let classes: Vec<&str> = [
        (look.bold, "b"),
        (look.italic, "i"),
        (look.underlined, "u"),
        (look.crossed_out, "s"),
    ]
    .into_iter()
    .filter_map(|(is, class)| is.then_some(class))
    .collect();
    let class = match classes.as_slice() {
        [] => String::new(),
        classes => format!(" class=\"{}\"", classes.join(" ")),
    };
    let words: String = run.iter().map(|placed| placed.symbol).collect();
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"{class} fill=\"{}\" xml:space=\"preserve\">{}</text>",
        first.x * CELL_WIDTH,
        top + BASELINE,
        cells(run) * CELL_WIDTH,
        hex(look.text),
        xml_text(&words)
    );
}

/// Draws a run of box lines and blocks, as one path.
fn draw_shapes(svg: &mut String, run: &[PlacedCell], top: u32) {
    let Some(first) = run.first() else { return };
    let mut areas = String::new();
    for placed in run {
        let left = placed.x * CELL_WIDTH;
        match shape(placed.symbol) {
            Some(Shape::Line(arms)) => line(&mut areas, left, top, arms),
            Some(Shape::Quadrants(which)) => quadrants(&mut areas, left, top, which),
            Some(Shape::Dashes) => {
                for at in [1, 5] {
                    area(&mut areas, left + at, top + CELL_HEIGHT / 2 - 1, 3, 1);
                }
            }
            None => {}
        }
    }
    let _ = writeln!(svg, "<path fill=\"{}\" d=\"{areas}\"/>", hex(first.look.text));
}

/// A character that is drawn rather than written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// The arms of a line of a box: left, right, up, down.
    Line([Stroke; 4]),
    /// The quarters that are full: upper left, upper right, lower left, lower right.
    Quadrants([bool; 4]),
    /// A broken line.
    Dashes,
}

/// The arm of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stroke {
    None,
    Light,
    Heavy,
    Double,
}

/// Returns the shape of a character; none for one that is text.
fn shape(symbol: &str) -> Option<Shape> {
    use Stroke::{Double as D, Heavy as H, Light as L, None as N};
    let lines = |arms| Some(Shape::Line(arms));
    let of = |upper_left, upper_right, lower_left, lower_right| {
        Some(Shape::Quadrants([upper_left, upper_right, lower_left, lower_right]))
    };
    let (no, full) = (false, true);
    match symbol {
        "─" => lines([L, L, N, N]),
        "│" => lines([N, N, L, L]),
        "┌" => lines([N, L, N, L]),
        "┐" => lines([L, N, N, L]),
        "└" => lines([N, L, L, N]),
        "┘" => lines([L, N, L, N]),
        "├" => lines([N, L, L, L]),
        "┤" => lines([L, N, L, L]),
        "┬" => lines([L, L, N, L]),
        "┴" => lines([L, L, L, N]),
        "┼" => lines([L, L, L, L]),
        "━" => lines([H, H, N, N]),
        "┃" => lines([N, N, H, H]),
        "┏" => lines([N, H, N, H]),
        "┓" => lines([H, N, N, H]),
        "┗" => lines([N, H, H, N]),
        "┛" => lines([H, N, H, N]),
        "═" => lines([D, D, N, N]),
        "║" => lines([N, N, D, D]),
        "╔" => lines([N, D, N, D]),
        "╗" => lines([D, N, N, D]),
        "╚" => lines([N, D, D, N]),
        "╝" => lines([D, N, D, N]),
        "╌" => Some(Shape::Dashes),
        "▀" => of(full, full, no, no),
        "▄" => of(no, no, full, full),
        "█" => of(full, full, full, full),
        "▌" => of(full, no, full, no),
        "▐" => of(no, full, no, full),
        "▖" => of(no, no, full, no),
        "▗" => of(no, no, no, full),
        "▘" => of(full, no, no, no),
        "▝" => of(no, full, no, no),
        "▙" => of(full, no, full, full),
        "▛" => of(full, full, full, no),
        "▜" => of(full, full, no, full),
        "▟" => of(no, full, full, full),
        "▚" => of(full, no, no, full),
        "▞" => of(no, full, full, no),
        _ => None,
    }
}

fn area(path: &mut String, x: u32, y: u32, wide: u32, high: u32) {
    let _ = write!(path, "M{x} {y}h{wide}v{high}h-{wide}z");
}

/// Adds the quarters of a cell that are full. A cell is an odd number of units wide: its middle is between two.
fn quadrants(path: &mut String, left: u32, top: u32, which: [bool; 4]) {
    let (half_width, half_height) = (f64::from(CELL_WIDTH) / 2.0, f64::from(CELL_HEIGHT) / 2.0);
    let places = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)];
    for (x, y) in places
        .into_iter()
        .zip(which)
        .filter_map(|(place, full)| full.then_some(place))
    {
        let (x, y) = (f64::from(left) + x * half_width, f64::from(top) + y * half_height);
        let _ = write!(path, "M{x} {y}h{half_width}v{half_height}h-{half_width}z");
    }
}

/// Adds the arms of a line, each from the middle of the cell to its edge.
fn line(path: &mut String, left: u32, top: u32, [to_left, to_right, up, down]: [Stroke; 4]) {
    // The distances of the strokes from the middle, and how thick each is.
    let strokes = |stroke: Stroke| -> (&'static [i32], u32) {
        match stroke {
            Stroke::None => (&[], 0),
            Stroke::Light => (&[0], 1),
            Stroke::Heavy => (&[-1], 3),
            Stroke::Double => (&[-2, 2], 1),
        }
    };
    let (middle_x, middle_y) = (left + CELL_WIDTH / 2, top + CELL_HEIGHT / 2);
    let moved = |at: u32, by: i32| at.saturating_add_signed(by);
    // A corner's arms reach as far as the other arm is thick.
    let reach = |one: Stroke, other: Stroke| match (one, other) {
        (Stroke::Double, _) | (_, Stroke::Double) => 2,
        (Stroke::Heavy, _) | (_, Stroke::Heavy) => 1,
        _ => 0,
    };
    for (stroke, is_left) in [(to_left, true), (to_right, false)] {
        let (places, thick) = strokes(stroke);
        let over = reach(up, down);
        for (place, by) in places.iter().zip(0..) {
            // Of the two strokes of a corner, the inner one is shorter.
            let inner = places.len() == 2 && (up == Stroke::None) != (by == 0) && (up != down);
            let over = if inner { -2 } else { over };
            let y = moved(middle_y, *place);
            if is_left {
                area(path, left, y, moved(middle_x + 1, over) - left, thick);
            } else {
                let from = moved(middle_x, -over);
                area(path, from, y, left + CELL_WIDTH - from, thick);
            }
        }
    }
    for (stroke, is_up) in [(up, true), (down, false)] {
        let (places, thick) = strokes(stroke);
        let over = reach(to_left, to_right);
        for (place, by) in places.iter().zip(0..) {
            let inner = places.len() == 2 && (to_left == Stroke::None) != (by == 0) && (to_left != to_right);
            let over = if inner { -2 } else { over };
            let x = moved(middle_x, *place);
            if is_up {
                area(path, x, top, thick, moved(middle_y + 1, over) - top);
            } else {
                let from = moved(middle_y, -over);
                area(path, x, from, thick, top + CELL_HEIGHT - from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    /// Draws one row of text in these styles.
    fn screen(parts: &[(&str, Style)]) -> Buffer {
        let columns: usize = parts.iter().map(|(text, _)| width(text)).sum();
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns as u16 + 2, 1));
        let mut x = 0;
        for (text, style) in parts {
            (x, _) = buffer.set_stringn(x, 0, text, 200, *style);
        }
        buffer
    }

    /// The texts of a picture: where each begins, its length, its words.
    fn texts(svg: &str) -> Vec<(u32, u32, String)> {
        let document = roxmltree::Document::parse(svg).unwrap();
        let number = |node: &roxmltree::Node, name| node.attribute(name).unwrap().parse().unwrap();
        document
            .descendants()
            .filter(|node| node.has_tag_name("text"))
            .map(|node| {
                (
                    number(&node, "x"),
                    number(&node, "textLength"),
                    node.text().unwrap().to_owned(),
                )
            })
            .collect()
    }

    #[test]
    fn a_wide_character_has_two_cells_and_all_else_its_own_place() {
        let plain = Style::new();
        let buffer = screen(&[("ab語 c", plain), ("<&", plain.bold())]);
        assert_eq!(text(&buffer), "ab語 c<&\n");
        let words = |x, cells, words: &str| (x * CELL_WIDTH, cells * CELL_WIDTH, words.to_owned());
        assert_eq!(
            texts(&svg(&buffer, "t")),
            [
                words(0, 2, "ab"),
                words(2, 2, "語"),
                words(5, 1, "c"),
                words(6, 2, "<&")
            ]
        );
    }

    #[test]
    fn a_cell_has_the_colours_that_a_terminal_would_show() {
        let style = Style::new().fg(Color::Rgb(1, 2, 3)).bg(Color::Indexed(231));
        let reversed = svg(&screen(&[("x", style), ("y", style.reversed())]), "t");
        assert!(
            reversed.contains("fill=\"#010203\" xml:space=\"preserve\">x<"),
            "{reversed}"
        );
        assert!(
            reversed.contains("fill=\"#ffffff\" xml:space=\"preserve\">y<"),
            "{reversed}"
        );
        let dim = svg(&screen(&[("x", Style::new().dim().underlined())]), "a & b");
        assert!(dim.contains("class=\"u\" fill=\"#989898\""), "{dim}");
        assert!(dim.contains("<title id=\"title\">a &amp; b</title>"), "{dim}");
    }

    #[test]
    fn lines_of_boxes_reach_the_edges_of_their_cells() {
        let plain = Style::new();
        for (symbol, arms) in [("─", "M0 9h5v1h-5zM4 9h5v1h-5z"), ("│", "M4 0h1v10h-1zM4 9h1v9h-1z")] {
            let svg = svg(&screen(&[(symbol, plain)]), "t");
            assert!(svg.contains(&format!("d=\"{arms}\"")), "{svg}");
        }
        assert_eq!(texts(&svg(&screen(&[("█x─", plain)]), "t")), [(9, 9, "x".to_owned())]);
    }
}
