//! Two labs side by side: of each what was done last, how its ends stand, what the call returned and what passed the wire; below them how
//! they differ. One under the other on a narrow screen.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::call::{SocketRole, escape};
use crate::command::{Command, ScreenCommand, table};
use crate::explain::meaning::Meaning;
use crate::scenario::observation::{ObservedPacket, PacketContent, sightings};
use crate::session::view::{HeldBy, SocketView};
use crate::session::{LastOutcome, Session};
use crate::side::Side;
use crate::state::State;
use crate::text::{width, wrap};
use crate::tui::beside::Beside;
use crate::tui::canvas::{Canvas, longest};
use crate::tui::hit::Action;
use crate::tui::lab_run::LabRun;
use crate::tui::layout;

/// The buttons, those that are needed most first.
const BUTTONS: [ScreenCommand; 8] = [
    ScreenCommand::TourNext,
    ScreenCommand::TourBack,
    ScreenCommand::TourEnd,
    ScreenCommand::TourLeave,
    ScreenCommand::ToTheStart,
    ScreenCommand::Scenarios,
    ScreenCommand::Help,
    ScreenCommand::Quit,
];

/// The width from which on the columns stand side by side.
const TWO_COLUMNS: u16 = 76;
/// The width of a column from which on both ends stand in one line.
const ONE_LINE: u16 = 44;

/// Draws the lesson over the whole screen; `status` is what the bottom line says.
pub fn draw(canvas: &mut Canvas, screen: Rect, beside: &Beside, status: Option<&str>) {
    let (strong, dim, text) = (canvas.theme.strong(), canvas.theme.dim(), canvas.theme.text());
    canvas.clear(screen);
    let lesson = beside.lesson();
    let place = format!("step {} of {} ", beside.at(), beside.steps());
    let right = screen.right();
    canvas.put_cut(
        screen.x + 1,
        screen.y,
        right.saturating_sub(width(&place) as u16 + 1),
        &lesson.title,
        strong,
    );
    canvas.put_right(screen.x, screen.y, right, &place, strong);
    let mut x = screen.x + 1;
    for command in BUTTONS {
        for button in table::of_screen(command).buttons {
            let end = canvas.button(
                x,
                screen.y + 1,
                right,
                Some(button.key),
                button.label,
                Action::Screen(None, command),
            );
            x = if end > x { end + 1 } else { x };
        }
    }
    // As high as the longest of them: nothing moves from step to step.
    let room = usize::from(screen.width.saturating_sub(2));
    let of_all = lesson.words.iter().map(|words| &words.look).chain([&lesson.summary]);
    let most = of_all.map(|said| wrap(said, room).len()).max().unwrap_or(1) as u16;
    let bottom = screen.bottom().saturating_sub(1);
    let difference = bottom.saturating_sub(most);
    let body = Rect::new(
        screen.x + 1,
        screen.y + 2,
        screen.width.saturating_sub(2),
        difference.saturating_sub(screen.y + 3),
    );
    canvas.rule(screen.x, difference.saturating_sub(1), right);
    let said = match beside.at().checked_sub(1).and_then(|step| lesson.words.get(step)) {
        Some(said) if beside.held() => said.look.as_str(),
        Some(_) => "Something else came than this lesson expects: its words are not about this. Back, and once more?",
        None => lesson.summary.as_str(),
    };
    for (line, y) in wrap(said, room).iter().zip(difference..bottom) {
        canvas.put(screen.x + 1, y, right, line, strong);
    }
    for (column, area) in columns(body).into_iter().enumerate() {
        draw_column(canvas, area, beside, column);
    }
    if body.width + 2 >= TWO_COLUMNS {
        canvas.bar(body.x + body.width / 2, body.y, body.bottom());
    }
    let hint = match (status, beside.goes_on(), beside.at() == beside.steps()) {
        (Some(status), ..) => status,
        (None, true, _) => "under way ...",
        (None, false, true) => "The end: both labs are live until you leave.",
        (None, false, false) => ". goes on in both labs",
    };
    let style = if status.is_some() { text } else { dim };
    canvas.put_cut(screen.x + 1, bottom, right, hint, style);
}

/// The places of the two columns: beside each other, or the left one above.
fn columns(body: Rect) -> [Rect; 2] {
    if body.width + 2 >= TWO_COLUMNS {
        let half = body.width / 2;
        let left = Rect {
            width: half.saturating_sub(1),
            ..body
        };
        let right = Rect {
            x: body.x + half + 2,
            width: body.width.saturating_sub(half + 2),
            ..body
        };
        [left, right]
    } else {
        let half = body.height / 2;
        let above = Rect { height: half, ..body };
        let below = Rect {
            y: body.y + half,
            height: body.height - half,
            ..body
        };
        [above, below]
    }
}

/// The height of a column from which on what an end can do and waits for is said, in lines.
const WITH_MEANINGS: u16 = 24;
/// The height of a column from which on that is said in full, in lines.
const ROOMY: u16 = 30;
/// The height from which on there is a line between two segments.
const WIDE_APART: u16 = 20;
/// The height of a column below which there is only room for what cannot be left out, in lines.
const TIGHT: u16 = 10;
/// The lines that a lesson's words about a step have.
const SAID: u16 = 3;

fn draw_column(canvas: &mut Canvas, area: Rect, beside: &Beside, column: usize) {
    let (Some(run), Some(about)) = (beside.runs().get(column), beside.lesson().columns.get(column)) else {
        return;
    };
    let Some(tour) = &run.tour else { return };
    let session = &run.session;
    let (strong, text, bad) = (canvas.theme.strong(), canvas.theme.text(), canvas.theme.bad());
    let last = beside.at().checked_sub(1);
    let step = last.and_then(|step| about.scenario.steps.get(step));
    let action = step.and_then(|step| step.action.as_ref());
    let pressed = match action {
        Some(action) => action.text.as_str(),
        None if step.is_some() => "-",
        None => "not begun",
    };
    let mut rest = area;
    let mut lines = |n: u16| {
        let (these, below) = layout::top(rest, n);
        rest = below;
        these
    };
    let tight = area.height < TIGHT;
    let head = lines(1);
    let underlined = strong.add_modifier(Modifier::UNDERLINED);
    let x = canvas.put_cut(head.x, head.y, head.right(), &about.heading.to_uppercase(), underlined);
    // Where there is little room, what was done stands behind the heading.
    if tight {
        canvas.put_cut(x + 2, head.y, head.right(), pressed, text);
    } else {
        let line = lines(1);
        canvas.put_cut(line.x, line.y, line.right(), pressed, text);
    }
    let ends = Side::BOTH.map(|side| (side, standing(session, side)));
    if tight {
        let place = lines(if area.width >= ONE_LINE { 1 } else { 2 });
        for ((side, standing), nth) in ends.iter().zip(0..) {
            let wide = width(side.name()) + 1 + width(&standing.text());
            let at = match place.height {
                1 if nth == 1 => (place.right().saturating_sub(wide as u16), place.y),
                1 => (place.x, place.y),
                _ => (place.x, place.y + nth),
            };
            chip(canvas, at, place.right(), *side, standing);
        }
    }
    let line = lines(1);
    let caller = match action.map(|action| &action.command) {
        Some(Command::End(side, _)) => session.ends[*side].last.as_ref(),
        _ => None,
    };
    if let Some(answer) = caller.filter(|_| !line.is_empty()) {
        let style = if answer.call.errno().is_some() { bad } else { strong };
        let said = result(answer, usize::from(line.width));
        canvas.put_cut(line.x, line.y, line.right(), &said, style);
    }
    // What was not as expected is said in place of the lesson's words.
    let differs = last.and_then(|step| tour.done.get(step)?.differences().next());
    let (said, style) = match differs {
        Some(check) => {
            let (about, expected, observed) = (&check.about, &check.expected, &check.observed);
            (format!("{about}: expected {expected}, observed {observed}"), bad)
        }
        None => (
            step.and_then(|step| step.look.clone().or_else(|| step.say.clone()))
                .unwrap_or_default(),
            text,
        ),
    };
    let place = lines(if tight { area.height } else { SAID });
    for (line, y) in wrap(&said, usize::from(place.width))
        .iter()
        .zip(place.y..place.bottom())
    {
        canvas.put(place.x, y, place.right(), line, style);
    }
    if tight {
        return;
    }
    for (side, standing) in &ends {
        let line = lines(1);
        chip(canvas, (line.x, line.y), line.right(), *side, standing);
        if area.height < WITH_MEANINGS {
            continue;
        }
        let place = lines(if area.height < ROOMY { 3 } else { 5 });
        if let Some(meaning) = &standing.meaning {
            let room = usize::from(place.width.saturating_sub(2));
            let high = usize::from(place.height);
            let can = whole_sentences(&meaning.can, room, high * 2 / 3);
            let waits = format!("waits for: {}", meaning.waits_for);
            let waits = whole_sentences(&waits, room, high.saturating_sub(can.len()));
            for (line, y) in can.into_iter().chain(waits).zip(place.y..place.bottom()) {
                canvas.put_cut(place.x + 2, y, place.right(), &line, text);
            }
        }
    }
    lines(1);
    arrows(canvas, rest, run);
}

/// The sentences of a text that fit into so many lines, and at least as much of the first as does.
fn whole_sentences(text: &str, room: usize, lines: usize) -> Vec<String> {
    let ends = text.match_indices(". ").map(|(at, _)| at + 1).chain([text.len()]);
    let fits = ends
        .map(|end| wrap(&text[..end], room))
        .take_while(|said| said.len() <= lines);
    let mut said = fits.last().unwrap_or_else(|| wrap(text, room));
    said.truncate(lines);
    said
}

/// How an end stands.
struct Standing {
    /// The state of its socket; none where it has none.
    state: Option<State>,
    /// Who holds the socket, where that is not plain.
    held: &'static str,
    /// The state's meaning now.
    meaning: Option<Meaning>,
}

impl Standing {
    /// The words of [`chip`] after the end's name.
    fn text(&self) -> String {
        let state = self.state.map(|state| format!(" {} ", state.name()));
        let held = (!self.held.is_empty()).then(|| self.held.to_owned());
        state.into_iter().chain(held).collect::<Vec<_>>().join(" ")
    }
}

/// The standing of an end's connection, or else of what it waits with.
fn standing(session: &Session, side: Side) -> Standing {
    let all = session.sockets(side);
    let is_a_connection = |view: &&SocketView| {
        let own = view.name.is_none_or(|name| *name == SocketRole::from(side).into());
        own && view.state() != State::Listen
    };
    let Some(view) = all.iter().rfind(is_a_connection).or_else(|| all.last()) else {
        return Standing {
            state: None,
            held: "no socket",
            meaning: None,
        };
    };
    let is_there = view.row.is_some() || view.held == HeldBy::Open;
    Standing {
        state: is_there.then(|| view.state()),
        held: match view.held {
            _ if !is_there => "gone",
            HeldBy::Orphan => "no program",
            HeldBy::Queued => "not accepted yet",
            _ => "",
        },
        meaning: session.meaning(side, view).filter(|_| is_there),
    }
}

/// An end's name, its state as a chip, and who holds it.
fn chip(canvas: &mut Canvas, (x, y): (u16, u16), right: u16, side: Side, standing: &Standing) {
    let x = canvas.put(x, y, right, side.name(), canvas.theme.text()) + 1;
    let x = match standing.state {
        Some(state) => {
            let style = canvas.theme.chip(state);
            canvas.put(x, y, right, &format!(" {} ", state.name()), style) + 1
        }
        None => x,
    };
    canvas.put_cut(x, y, right, standing.held, canvas.theme.text());
}

/// A call and what it returned, as `strace` prints it, in so many columns.
fn result(answer: &LastOutcome, room: usize) -> String {
    let cuts = match answer.trace().last() {
        Some(made) => made.cuts(""),
        None => {
            let brief = answer.call.brief();
            answer.call.words().cuts_returned(&brief, &brief, "")
        }
    };
    longest(&cuts, room)
}

/// What passed the wire last.
fn arrows(canvas: &mut Canvas, area: Rect, run: &LabRun) {
    if area.is_empty() {
        return;
    }
    let dim = canvas.theme.dim();
    let Some(seen) = sightings(&run.session, 0) else {
        canvas.put_cut(area.x, area.y, area.right(), "the loopback lab has no wire to see", dim);
        return;
    };
    let apart = if area.height < WIDE_APART { 1 } else { 2 };
    let skip = seen.len().saturating_sub(usize::from(area.height.div_ceil(apart)));
    let rows = (area.y..area.bottom()).step_by(usize::from(apart));
    for (packet, y) in seen.iter().skip(skip).zip(rows) {
        let (line, style) = arrow(canvas, packet, area.width);
        canvas.put(area.x, y, area.right(), &line, style);
    }
}

/// A packet as an arrow between the ends, the client at the left.
fn arrow(canvas: &Canvas, packet: &ObservedPacket, room: u16) -> (String, Style) {
    let whole = packet.to_string();
    let from = format!("{} ", packet.from);
    let whole = whole.strip_prefix(&from).unwrap_or(&whole);
    // The numbers go first where there is no room.
    let words = match &packet.said {
        PacketContent::Tcp { flags, payload, .. } if room < ONE_LINE => match payload.0.as_slice() {
            [] => flags.to_string(),
            bytes => format!("{flags} \"{}\"", escape(bytes)),
        },
        _ => whole.to_owned(),
    };
    let line = "\u{2500}".repeat(usize::from(room).saturating_sub(width(&words) + 5));
    let style = if words.contains("RST") {
        canvas.theme.bad()
    } else {
        canvas.theme.text()
    };
    let text = match packet.from {
        Side::Client => format!("\u{2500}\u{2500} {words} {line}\u{25b6}"),
        Side::Server => format!("\u{25c0}{line} {words} \u{2500}\u{2500}"),
    };
    (text, style)
}
