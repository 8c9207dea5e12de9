//! Two labs side by side: of each what was done last, how its ends stand, what the call returned and what passed the wire; below them how
//! they differ. One under the other on a narrow screen.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::call::SocketRole;
use crate::command::{Command, ScreenCommand, table};
use crate::explain::meaning::Meaning;
use crate::session::view::{HeldBy, SocketView};
use crate::session::{LabKind, LastOutcome, Session};
use crate::side::Side;
use crate::state::State;
use crate::text::{width, wrap};
use crate::tui::beside::Beside;
use crate::tui::canvas::{Canvas, longest};
use crate::tui::hit::Action;
use crate::tui::lab_run::LabRun;
use crate::tui::layout;
use crate::tui::pane::diagram::Diagram;
use crate::tui::shown::Shown;

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
    let longest_of = |texts: &mut dyn Iterator<Item = &String>, room: usize| {
        texts.map(|said| wrap(said, room).len()).max().unwrap_or(1) as u16
    };
    let most = longest_of(
        &mut lesson.words.iter().map(|words| &words.look).chain([&lesson.summary]),
        room,
    );
    let key = canvas.keys.of_screen(ScreenCommand::TourNext).to_string();
    let next = format!(" {key} Next ");
    let beside_it = room.saturating_sub(width(&next) + 1);
    let announced = longest_of(&mut lesson.words.iter().map(|words| &words.say), beside_it);
    let bottom = screen.bottom().saturating_sub(announced);
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
    let say = lesson.words.get(beside.at()).map(|words| words.say.as_str());
    match (status, say) {
        (Some(status), _) => {
            canvas.put_cut(screen.x + 1, bottom, right, status, text);
        }
        (None, _) if beside.goes_on() => {
            canvas.put_cut(screen.x + 1, bottom, right, "under way ...", dim);
        }
        (None, None) => {
            let end = "The end: both labs are live until you leave.";
            canvas.put_cut(screen.x + 1, bottom, right, end, dim);
        }
        (None, Some(say)) => {
            let x = screen.x + 1;
            let end = canvas.put(x, bottom, right, &next, canvas.theme.button_likely());
            let place = Rect::new(x, bottom, end.saturating_sub(x), 1);
            let action = Action::Screen(None, ScreenCommand::TourNext);
            canvas.hits.add(place, action.clone(), true);
            if canvas.is_picked(place, &action) {
                let picked = canvas.theme.picked();
                canvas.tint(place, picked);
            }
            for (line, y) in wrap(say, beside_it).iter().zip(bottom..screen.bottom()) {
                canvas.put(end + 1, y, right, line, text);
            }
        }
    }
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
/// The lines for what passed the wire, where an end's meaning is said above it.
const WIRE: u16 = 10;
/// The height of a column below which there is only room for what cannot be left out, in lines.
const TIGHT: u16 = 10;
/// The lines that a lesson's words about a step have.
const SAID: u16 = 3;
/// The sign at a line that is not as it is in the other column.
const DIFFERS: &str = "\u{2260} ";

/// The facts of a column after the last step, which are compared with the other column's.
struct Facts {
    /// The command.
    pressed: String,
    /// The call and what it returned, and whether that is an error.
    result: Option<(String, bool)>,
    ends: [(Side, EndStatus); 2],
}

impl Facts {
    /// The facts of a column, its result in so many columns.
    fn of(beside: &Beside, column: usize, room: usize) -> Option<Facts> {
        let (run, about) = (beside.runs().get(column)?, beside.lesson().columns.get(column)?);
        let step = beside
            .at()
            .checked_sub(1)
            .and_then(|step| about.scenario.steps.get(step));
        let action = step.and_then(|step| step.action.as_ref());
        let pressed = match action {
            Some(action) => action.text.as_str(),
            None if step.is_some() => "-",
            None => "not begun",
        };
        let caller = match action.map(|action| &action.command) {
            Some(Command::End(side, _)) => run.session.ends[*side].last.as_ref(),
            _ => None,
        };
        Some(Facts {
            pressed: pressed.to_owned(),
            result: caller.map(|answer| (result(answer, room), answer.call.errno().is_some())),
            ends: Side::BOTH.map(|side| (side, standing(&run.session, side))),
        })
    }
}

/// Puts the sign where a line is not as in the other column; returns where the line begins.
fn marked(canvas: &mut Canvas, (x, y): (u16, u16), right: u16, differs: bool) -> u16 {
    let strong = canvas.theme.strong();
    canvas.put(x, y, right, if differs { DIFFERS } else { "  " }, strong)
}

fn draw_column(canvas: &mut Canvas, area: Rect, beside: &Beside, column: usize) {
    let (Some(run), Some(about)) = (beside.runs().get(column), beside.lesson().columns.get(column)) else {
        return;
    };
    let Some(tour) = &run.tour else { return };
    let room = usize::from(area.width).saturating_sub(width(DIFFERS));
    let (Some(facts), Some(other)) = (Facts::of(beside, column, room), Facts::of(beside, 1 - column, room)) else {
        return;
    };
    let (strong, text, bad) = (canvas.theme.strong(), canvas.theme.text(), canvas.theme.bad());
    let emphasis = |differs: bool, style: Style| match differs {
        true => style.add_modifier(Modifier::BOLD),
        false => style,
    };
    let last = beside.at().checked_sub(1);
    let step = last.and_then(|step| about.scenario.steps.get(step));
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
    let (place, x) = if tight { (head, x + 1) } else { (lines(1), area.x) };
    let differs = facts.pressed != other.pressed;
    let x = marked(canvas, (x, place.y), place.right(), differs);
    canvas.put_cut(x, place.y, place.right(), &facts.pressed, emphasis(differs, text));
    let chips = facts.ends.iter().zip(&other.ends);
    let chips: Vec<(Side, &EndStatus, bool)> = chips
        .map(|((side, here), (_, there))| (*side, here, here.text() != there.text()))
        .collect();
    if tight {
        let place = lines(if area.width >= ONE_LINE { 1 } else { 2 });
        for ((side, standing, differs), nth) in chips.iter().zip(0..) {
            let wide = width(DIFFERS) + width(side.name()) + 1 + width(&standing.text());
            let (x, y) = match place.height {
                1 if nth == 1 => (place.right().saturating_sub(wide as u16), place.y),
                1 => (place.x, place.y),
                _ => (place.x, place.y + nth),
            };
            let x = marked(canvas, (x, y), place.right(), *differs);
            chip(canvas, (x, y), place.right(), *side, standing);
        }
    }
    let line = lines(1);
    if let Some((said, failed)) = facts.result.as_ref().filter(|_| !line.is_empty()) {
        let differs = facts.result != other.result;
        let x = marked(canvas, (line.x, line.y), line.right(), differs);
        let style = if *failed { bad } else { text };
        canvas.put_cut(x, line.y, line.right(), said, emphasis(differs, style));
    }
    // What was not as expected is said in place of the lesson's words.
    let unexpected = last.and_then(|step| tour.done.get(step)?.differences().next());
    let (said, style) = match unexpected {
        Some(check) => {
            let (about, expected, observed) = (&check.about, &check.expected, &check.observed);
            (format!("{about}: expected {expected}, observed {observed}"), bad)
        }
        None => {
            let words = step.and_then(|step| step.look.as_ref().or(step.say.as_ref()));
            (words.cloned().unwrap_or_default(), text)
        }
    };
    let place = lines(if tight { area.height } else { SAID });
    for (line, y) in whole_sentences(&said, usize::from(place.width), usize::from(place.height))
        .iter()
        .zip(place.y..place.bottom())
    {
        canvas.put(place.x, y, place.right(), line, style);
    }
    if tight {
        return;
    }
    // What the wire does not need is for the words about both ends, in whole sentences.
    let above = place.bottom() - area.y;
    let each = (area.height.saturating_sub(above + WIRE + 1) / 2).saturating_sub(1);
    for (side, standing, differs) in &chips {
        let line = lines(1);
        let x = marked(canvas, (line.x, line.y), line.right(), *differs);
        chip(canvas, (x, line.y), line.right(), *side, standing);
        if area.height < WITH_MEANINGS {
            continue;
        }
        let place = lines(each);
        if let Some(meaning) = &standing.meaning {
            let room = usize::from(place.width).saturating_sub(width(DIFFERS));
            let high = usize::from(place.height);
            let waits = format!("waits for: {}", meaning.waits_for);
            let waits = whole_sentences(&waits, room, high);
            let can = whole_sentences(&meaning.can, room, high.saturating_sub(waits.len()));
            for (line, y) in can.into_iter().chain(waits).zip(place.y..place.bottom()) {
                canvas.put_cut(place.x + 2, y, place.right(), &line, text);
            }
        }
    }
    lines(1);
    arrows(canvas, rest, run);
}

/// The sentences of a text that fit into so many lines.
fn whole_sentences(text: &str, room: usize, lines: usize) -> Vec<String> {
    let ends = text.match_indices(". ").map(|(at, _)| at + 1).chain([text.len()]);
    let fits = ends
        .map(|end| wrap(&text[..end], room))
        .take_while(|said| said.len() <= lines);
    fits.last().unwrap_or_default()
}

/// How an end stands.
struct EndStatus {
    /// The state of its socket; none where it has none.
    state: Option<State>,
    /// Who holds the socket, where that is not plain.
    held: &'static str,
    /// The state's meaning now.
    meaning: Option<Meaning>,
}

impl EndStatus {
    /// The words of [`chip`] after the end's name.
    fn text(&self) -> String {
        let state = self.state.map(|state| format!(" {} ", state.name()));
        let held = (!self.held.is_empty()).then(|| self.held.to_owned());
        state.into_iter().chain(held).collect::<Vec<_>>().join(" ")
    }
}

/// The standing of an end's connection, or else of what it waits with.
fn standing(session: &Session, side: Side) -> EndStatus {
    let all = session.sockets(side);
    let is_a_connection = |view: &&SocketView| {
        let own = view.name.is_none_or(|name| *name == SocketRole::from(side).into());
        own && view.state() != State::Listen
    };
    let Some(view) = all.iter().rfind(is_a_connection).or_else(|| all.last()) else {
        return EndStatus {
            state: None,
            held: "no socket",
            meaning: None,
        };
    };
    let is_there = view.row.is_some() || view.held == HeldBy::Open;
    EndStatus {
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
fn chip(canvas: &mut Canvas, (x, y): (u16, u16), right: u16, side: Side, standing: &EndStatus) {
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

/// What passed the wire last, as the main diagram draws it.
fn arrows(canvas: &mut Canvas, area: Rect, run: &LabRun) {
    if area.is_empty() {
        return;
    }
    if run.session.lab.kind != LabKind::Isolated {
        let dim = canvas.theme.dim();
        canvas.put_cut(area.x, area.y, area.right(), "the loopback lab has no wire to see", dim);
        return;
    }
    let mut diagram = Diagram::default();
    diagram.update(&run.session, &Shown::default());
    diagram.arrows(canvas, area, &run.session, false);
}
