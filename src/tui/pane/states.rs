//! The state diagram: RFC 9293's figure 5, with both ends' current sockets on it and the edges that this run has taken.
//!
//! In a smaller place parts are left out in steps: first what is sent, then the labels and boxes, at last the lines.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::roles::LIFE;
use crate::session::Session;
use crate::session::edges::{Coverage, aborted, between, leaving, possible};
use crate::side::{Ends, Side};
use crate::state::State;
use crate::text::{width, wrap, wrap_to};
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;

mod plan;

use plan::{Node, PLANS, Plan};

/// The rows that all of them take in two columns.
const ROWS: usize = LIFE.len().div_ceil(2);

/// Explanations of the `x` in a border, the longest first.
const KEY: [&str; 3] = [
    "x: to CLOSE by RST, abort or timeout (X: seen)",
    "x: to CLOSE by RST or timeout",
    "x: RST, timeout",
];

/// The most by which rows and columns are pulled apart, where there is room.
const APART: (u16, u16) = (7, 3);

/// Draws it, as roomy as can be.
pub fn draw(canvas: &mut Canvas, area: Rect, session: &Session, coverage: &Coverage) {
    if area.width < 12 || area.height < 3 {
        return;
    }
    let middle = area.x + area.width / 2;
    let taken = middle..middle;
    let strong = canvas.theme.strong();
    let beside = usize::from(taken.start.saturating_sub(area.x + 2));
    let counts = counts(coverage);
    let count = counts.iter().position(|text| width(text) <= beside);
    let (_, body) = layout::top(area, 1);
    let current = current(session);
    let room = usize::from(body.width.saturating_sub(2));
    let last = last(coverage, room, usize::from(body.height).saturating_sub(ROWS).max(1));
    let plan = PLANS
        .into_iter()
        .find(|plan| plan.size.0 <= body.width && usize::from(plan.size.1) + last.len() <= usize::from(body.height));
    // What the title has no room for comes below, where there is.
    let mut below = last;
    let bottom = |lines: usize, below: &[String]| lines + below.len() < usize::from(body.height);
    let lines = plan.map_or(ROWS, |plan| usize::from(plan.size.1));
    if count != Some(0) && width(&counts[0]) <= room && bottom(lines, &below) {
        below.push(counts[0].clone());
    } else if let Some(count) = count {
        canvas.put(area.x + 1, area.y, taken.start, &counts[count], strong);
    }
    if plan.is_some_and(|plan| plan.boxed) {
        let beside = usize::from(area.right().saturating_sub(taken.end + 2));
        let key = |room: usize| KEY.into_iter().find(|text| width(text) <= room);
        let dim = canvas.theme.dim();
        match key(beside) {
            Some(text) => canvas.put_right(taken.end, area.y, area.right() - 1, text, dim),
            None if bottom(lines, &below) => below.extend(key(room).map(str::to_owned)),
            None => {}
        }
    }
    let below: Vec<String> = below.into_iter().take(usize::from(body.height)).collect();
    let (body, foot) = layout::bottom(body, below.len() as u16);
    match plan {
        Some(plan) => Picture::of(plan, body).draw(canvas, coverage, &current),
        None => {
            let told = count.is_some() || below.contains(&counts[0]);
            let [.., least] = &counts;
            list(canvas, body, coverage, &current, (!told).then_some(least));
        }
    }
    for (text, y) in below.iter().zip(foot.y..) {
        canvas.put(foot.x + 1, y, foot.right(), text, strong);
    }
}

/// The states of both ends' current sockets.
fn current(session: &Session) -> Ends<Option<State>> {
    Ends::from_fn(|side| session.current_view(side).map(|view| view.state()))
}

/// Returns wordings of the number of edges that were seen, the longest first.
fn counts(coverage: &Coverage) -> [String; 4] {
    let (seen, all, other) = (coverage.count(), possible(), coverage.other());
    let (long, short) = match other {
        0 => (String::new(), String::new()),
        n => (format!(", and {n} other changes"), format!(" +{n}")),
    };
    [
        format!("edges seen: {seen} of {all}{long}"),
        format!("edges seen: {seen} of {all}{short}"),
        format!("seen: {seen} of {all}{short}"),
        format!("{seen}/{all}{short}"),
    ]
}

/// The last edge with its cause: on one line if some wording is so short, else all of it if there is room for `most` lines.
fn last(coverage: &Coverage, room: usize, most: usize) -> Vec<String> {
    let Some(last) = coverage.last() else {
        return wrap_to("no socket has changed its state yet", room, most);
    };
    let words = last.words();
    let [all, .., least] = &words;
    match words[..2].iter().find(|text| width(text) <= room) {
        Some(text) => vec![text.clone()],
        None => {
            let text = words.iter().find(|text| wrap(text, room).len() <= most);
            wrap_to(text.unwrap_or(if most > 1 { all } else { least }), room, most)
        }
    }
}

/// The letters for the ends whose current socket is in a state.
fn letters(current: &Ends<Option<State>>, state: State) -> [Option<&'static str>; 2] {
    let letter = |side: Side, letter| (current[side] == Some(state)).then_some(letter);
    [letter(Side::Client, "C"), letter(Side::Server, "S")]
}

/// Draws those letters, each in a column of its own.
fn marks(canvas: &mut Canvas, (x, y): (u16, u16), letters: impl Iterator<Item = &'static str>) {
    for (x, letter) in (x..).zip(letters) {
        canvas.put(x, y, x + 1, letter, canvas.theme.picked());
    }
}

/// The states in order, with how many of the edges that leave each were seen; in as many columns as it is low.
/// And behind the last one, where the columns leave a place, what has none elsewhere.
fn list(canvas: &mut Canvas, area: Rect, coverage: &Coverage, current: &Ends<Option<State>>, also: Option<&String>) {
    let rows_of = |columns: usize| LIFE.len().div_ceil(columns);
    let fits = |columns: &usize| rows_of(*columns) <= usize::from(area.height);
    let columns = (1..=4).find(fits).unwrap_or(4);
    let rows = rows_of(columns);
    let wide = area.width / columns as u16;
    if let (Some(text), true) = (also, columns * rows > LIFE.len() && usize::from(area.height) >= rows) {
        let style = canvas.theme.strong();
        let x = area.x + wide * (columns as u16 - 1) + 4;
        canvas.put(x, area.y + rows as u16 - 1, area.right(), text, style);
    }
    for (nth, state) in LIFE.into_iter().enumerate() {
        let x = area.x + wide * (nth / rows) as u16;
        let (y, right) = (area.y + (nth % rows) as u16, x + wide);
        if y >= area.bottom() {
            continue;
        }
        let letters = letters(current, state);
        let here = letters.iter().any(Option::is_some);
        marks(canvas, (x + 1, y), letters.into_iter().flatten());
        let begin = x + 4;
        let room = usize::from(right.saturating_sub(begin));
        let name = if state.name().len() <= room {
            state.name()
        } else {
            state.short()
        };
        let style = name_style(canvas, coverage, state, here);
        let at = canvas.put(begin, y, right, name, style);
        asks(canvas, Rect::new(begin, y, at - begin, 1), state);
        let (seen, all) = (
            leaving(state).filter(|&edge| coverage.seen(edge)).count(),
            leaving(state).count(),
        );
        let counts = [
            format!("edges seen from here: {seen} of {all}"),
            format!("seen from here: {seen} of {all}"),
            format!("{seen}/{all}"),
        ];
        let begin = (x + 16).max(at + 1);
        let room = usize::from(right.saturating_sub(begin));
        if let Some(text) = counts.iter().find(|text| width(text) <= room) {
            // The name says the state, and the weight whether it is here.
            let style = if here { canvas.theme.strong() } else { style };
            canvas.put(begin, y, right, text, style);
        }
    }
}

/// Makes a state answer what it means.
fn asks(canvas: &mut Canvas, place: Rect, state: State) {
    let action = Action::Means(state);
    canvas.hits.add(place, action.clone(), true);
    if canvas.is_picked(place, &action) {
        let picked = canvas.theme.picked();
        canvas.tint(place, picked);
    }
}

/// A state's name: where a current socket stands, where a socket was, where none was.
fn name_style(canvas: &Canvas, coverage: &Coverage, state: State, here: bool) -> Style {
    if here {
        canvas.theme.state(state)
    } else if coverage.visited(state) {
        canvas.theme.text()
    } else {
        canvas.theme.dim()
    }
}

/// The weight of the line towards each side of a cell: none, light, heavy. Up, right, down, left.
type Arms = [u8; 4];

/// The character with those arms.
const fn glyph(arms: Arms) -> &'static str {
    match arms {
        [0, 1, 0, 1] => "─",
        [0, 2, 0, 2] => "━",
        [1, 0, 1, 0] => "│",
        [2, 0, 2, 0] => "┃",
        [0, 1, 1, 0] => "┌",
        [0, 2, 2, 0] => "┏",
        [0, 0, 1, 1] => "┐",
        [0, 0, 2, 2] => "┓",
        [1, 1, 0, 0] => "└",
        [2, 2, 0, 0] => "┗",
        [1, 0, 0, 1] => "┘",
        [2, 0, 0, 2] => "┛",
        // Where two ways meet, one of them may have been taken.
        [1, 0, 1, 1] => "┤",
        [2, 0, 2, 2] => "┫",
        [2, 0, 2, 1] => "┨",
        [2, 0, 1, 2] => "┩",
        [1, 1, 0, 1] => "┴",
        [2, 2, 0, 2] => "┻",
        [2, 2, 0, 1] => "┺",
        [1, 2, 0, 2] => "┷",
        _ => "+",
    }
}

/// A direction's head, its arm in the cell that it leaves, and in the one that it enters.
const WAYS: [(&str, usize, usize); 4] = [("^", 0, 2), (">", 1, 3), ("v", 2, 0), ("<", 3, 1)];

/// A plan in its place, pulled apart to fill it.
struct Picture {
    plan: &'static Plan,
    at: (u16, u16),
    spare: (u16, u16),
}

impl Picture {
    fn of(plan: &'static Plan, area: Rect) -> Picture {
        let spare = |room: u16, places: &[u16], apart: u16| room.min(apart * places.len() as u16);
        // A column is left free on both sides, so that nothing touches what stands beside.
        let spare = (
            spare((area.width - plan.size.0).saturating_sub(2), plan.columns, APART.0),
            spare(area.height - plan.size.1, plan.rows, APART.1),
        );
        Picture {
            plan,
            at: (
                area.x + (area.width - plan.size.0 - spare.0) / 2,
                area.y + (area.height - plan.size.1 - spare.1) / 2,
            ),
            spare,
        }
    }

    /// Returns where a cell of the plan is on the screen.
    fn cell(&self, (x, y): (u16, u16)) -> (u16, u16) {
        let moved = |at: u16, places: &[u16], spare: u16| {
            let count = places.len().max(1) as u16;
            let before = places.iter().filter(|place| **place < at).count() as u16;
            at + before * (spare / count) + before.min(spare % count)
        };
        (
            self.at.0 + moved(x, self.plan.columns, self.spare.0),
            self.at.1 + moved(y, self.plan.rows, self.spare.1),
        )
    }

    fn draw(&self, canvas: &mut Canvas, coverage: &Coverage, current: &Ends<Option<State>>) {
        let last = coverage.last().and_then(|taken| taken.edge);
        self.lines(canvas, coverage, last);
        for route in self.plan.routes {
            let edge = between(route.from, route.to);
            let style = self.style(canvas, coverage, edge, last);
            // On a line that is not taken, its label is still to be read.
            let style = if edge.is_some_and(|edge| coverage.seen(edge)) {
                style
            } else {
                canvas.theme.text()
            };
            for &(x, y, text) in route.labels {
                let (x, y) = self.cell((x, y));
                canvas.put(x, y, x + width(text) as u16, text, style);
            }
        }
        for place in &self.plan.places {
            if self.plan.boxed {
                self.boxed(canvas, coverage, place, current, last);
            } else {
                self.bare(canvas, coverage, place, current);
            }
        }
    }

    /// The last edge as what is selected, the taken ones bold.
    fn style(&self, canvas: &Canvas, coverage: &Coverage, edge: Option<usize>, last: Option<usize>) -> Style {
        match edge {
            Some(edge) if last == Some(edge) => canvas.theme.selected(),
            Some(edge) if coverage.seen(edge) => canvas.theme.strong(),
            _ => canvas.theme.dim(),
        }
    }

    /// The lines: first all of them, so that where two meet, each is drawn with the other's arms, and then the heads.
    fn lines(&self, canvas: &mut Canvas, coverage: &Coverage, last: Option<usize>) {
        let end = self.cell((self.plan.size.0 - 1, self.plan.size.1 - 1));
        let wide = usize::from(end.0 - self.at.0) + 1;
        let place = |(x, y): (u16, u16)| usize::from(y - self.at.1) * wide + usize::from(x - self.at.0);
        let mut arms = vec![Arms::default(); wide * (usize::from(end.1 - self.at.1) + 1)];
        let edge = |route: &plan::Route| between(route.from, route.to);
        let ways: Vec<_> = self
            .plan
            .routes
            .iter()
            .map(|route| (edge(route), self.way(route.points)))
            .collect();
        for (edge, way) in &ways {
            let weight = if edge.is_some_and(|edge| coverage.seen(edge)) {
                2
            } else {
                1
            };
            let mut before = None;
            for &(at, way) in way {
                let (_, out, _) = WAYS[way];
                if before.is_some() {
                    let arm = &mut arms[place(at)][out];
                    *arm = weight.max(*arm);
                }
                if let Some(way) = before {
                    let (_, _, into) = WAYS[way];
                    let arm = &mut arms[place(at)][into];
                    *arm = weight.max(*arm);
                }
                before = Some(way);
            }
        }
        // The taken ones over the others, and the last one over all.
        let rank =
            |edge: &Option<usize>| edge.map_or(0, |edge| u8::from(coverage.seen(edge)) + u8::from(last == Some(edge)));
        let mut ways = ways;
        ways.sort_by_key(|(edge, _)| rank(edge));
        for (edge, way) in &ways {
            let style = self.style(canvas, coverage, *edge, last);
            // The first cell is in the border that it leaves, and the last step goes into the other's.
            for (nth, &((x, y), way_out)) in way.iter().enumerate().skip(1) {
                let text = if nth + 1 == way.len() {
                    WAYS[way_out].0
                } else {
                    glyph(arms[place((x, y))])
                };
                canvas.put(x, y, x + 1, text, style);
            }
        }
    }

    /// The cells of a way, each with the direction in which it is left; without the one where it arrives.
    fn way(&self, points: &[(u16, u16)]) -> Vec<((u16, u16), usize)> {
        let mut cells = Vec::new();
        for pair in points.windows(2) {
            let ((mut x, mut y), to) = (self.cell(pair[0]), self.cell(pair[1]));
            while (x, y) != to {
                let way = match (x.cmp(&to.0), y.cmp(&to.1)) {
                    (std::cmp::Ordering::Less, _) => 1,
                    (std::cmp::Ordering::Greater, _) => 3,
                    (_, std::cmp::Ordering::Less) => 2,
                    (_, _) => 0,
                };
                cells.push(((x, y), way));
                match way {
                    0 => y -= 1,
                    1 => x += 1,
                    2 => y += 1,
                    _ => x -= 1,
                }
            }
        }
        cells
    }

    /// A state in its box: the client in the upper border, the server in the lower one, and the way to CLOSE by RST.
    fn boxed(
        &self,
        canvas: &mut Canvas,
        coverage: &Coverage,
        place: &Node,
        current: &Ends<Option<State>>,
        last: Option<usize>,
    ) {
        let (x, y) = self.cell(place.at);
        let (wide, tall) = place.size;
        let (right, bottom) = (x + wide - 1, y + tall - 1);
        let here = Side::BOTH.into_iter().any(|side| current[side] == Some(place.state));
        let weight = if here { 2 } else { 1 };
        let (border, name) = (
            if here {
                canvas.theme.strong()
            } else if coverage.visited(place.state) {
                canvas.theme.text()
            } else {
                canvas.theme.dim()
            },
            name_style(canvas, coverage, place.state, here),
        );
        for at in x..=right {
            for (row, corners) in [
                (y, [[0, 1, 1, 0], [0, 0, 1, 1]]),
                (bottom, [[1, 1, 0, 0], [1, 0, 0, 1]]),
            ] {
                let arms: Arms = match at {
                    at if at == x => corners[0],
                    at if at == right => corners[1],
                    _ => [0, 1, 0, 1],
                };
                canvas.put(at, row, at + 1, glyph(arms.map(|arm| arm * weight)), border);
            }
        }
        for row in y + 1..bottom {
            for at in [x, right] {
                canvas.put(at, row, at + 1, glyph([weight, 0, weight, 0]), border);
            }
        }
        let text = place.state.name();
        let middle = x + (wide - text.len() as u16) / 2;
        canvas.put(middle, y + (tall - 1) / 2, right, text, name);
        let picked = canvas.theme.picked();
        for (side, row) in [(Side::Client, y), (Side::Server, bottom)] {
            if current[side] == Some(place.state) {
                let text = side.name().to_uppercase();
                canvas.put(x + 1, row, right, &text, picked);
            }
        }
        if let Some(edge) = aborted(place.state) {
            let text = if coverage.seen(edge) { "X" } else { "x" };
            let style = self.style(canvas, coverage, Some(edge), last);
            canvas.put(right - 1, bottom, right, text, style);
        }
        asks(canvas, Rect::new(x, y, wide, tall), place.state);
    }

    /// A state as its name, `C` and `S` beside it.
    fn bare(&self, canvas: &mut Canvas, coverage: &Coverage, place: &Node, current: &Ends<Option<State>>) {
        let (x, y) = self.cell(place.at);
        let letters = letters(current, place.state);
        let here = letters.iter().any(Option::is_some);
        let style = name_style(canvas, coverage, place.state, here);
        let end = canvas.put(x, y, x + place.size.0, place.state.name(), style);
        asks(canvas, Rect::new(x, y, end - x, 1), place.state);
        // A letter alone stands next to the name.
        let (mut x, y) = self.cell(place.marks);
        let count = letters.iter().flatten().count() as u16;
        if place.marks.0 < place.at.0 {
            x += 2 - count;
        }
        marks(canvas, (x, y), letters.into_iter().flatten());
    }
}
