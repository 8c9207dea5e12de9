//! The presenter: for the last row of a classroom. The states in large letters, a sentence an end, the last few arrows, what is so now; no
//! numbers, and no buttons but the guide's: all keys work as ever.

use ratatui::layout::Rect;

use super::{plates, wire_buttons};
use crate::command::{ScreenCommand, table};
use crate::session::Session;
use crate::session::now::Plate;
use crate::side::Side;
use crate::text::{width, wrap_to};
use crate::tui::canvas::{Canvas, longest};
use crate::tui::hit::Action;
use crate::tui::lab_run::LabRun;
use crate::tui::large;
use crate::tui::layout;
use crate::tui::pane::wire::WirePane;

/// The guide's buttons, the one that is needed most first.
const GUIDE: [ScreenCommand; 3] = [
    ScreenCommand::TourNext,
    ScreenCommand::TourBack,
    ScreenCommand::TourLeave,
];

/// Draws it over the whole screen; `said` is something that the user should read.
pub fn draw(canvas: &mut Canvas, screen: Rect, run: &LabRun, wire: &WirePane, said: Option<&str>) {
    let session = &run.session;
    let (header, rest) = layout::top(screen, 1);
    title(canvas, header, run);
    let (rest, foot) = layout::bottom(rest, if screen.height >= 20 { 2 } else { 1 });
    let plates = Side::BOTH.map(|side| session.plate(side, canvas.now));
    let words = Side::BOTH.map(|side| plates::chip(canvas, &plates[side as usize], session, side));
    let [client, server] = [&words[0], &words[1]].map(|(text, _)| large::width(text));
    let beside = client + server + 12 <= screen.width;
    let fits = client.max(server) + 6 <= screen.width && rest.height >= if beside { 10 } else { 19 };
    let high = if fits { large::HIGH } else { 1 };
    let of_states = if beside && fits || !fits && screen.width >= 80 {
        high + 4
    } else {
        2 * (high + 3)
    };
    let (states, rest) = layout::top(rest, of_states.min(rest.height));
    let both = if beside && fits || !fits && screen.width >= 80 {
        let (client, server) = layout::left(states, states.width / 2);
        [client, server]
    } else {
        let (client, server) = layout::top(states, states.height / 2);
        [client, server]
    };
    for (side, area) in Side::BOTH.into_iter().zip(both) {
        end(
            canvas,
            area,
            session,
            &plates[side as usize],
            &words[side as usize],
            fits,
        );
    }
    let (rest, told) = layout::bottom(rest, lesson_lines(run, rest));
    let text = said.map_or_else(|| session.now_lines(canvas.now).so.join(" "), str::to_owned);
    let room = usize::from(foot.width.saturating_sub(4));
    // All that is so now, over the arrows where the foot is too low for it.
    let needed = crate::text::wrap(&text, room).len() as u16;
    let more = needed.saturating_sub(foot.height).min(rest.height);
    let (rest, _) = layout::bottom(rest, more);
    let foot = Rect::new(foot.x, foot.y - more, foot.width, foot.height + more);
    let told = Rect {
        y: told.y - more,
        ..told
    };
    wire.arrows(canvas, rest, session);
    lesson(canvas, told, run);
    let lines = wrap_to(&text, room, usize::from(foot.height));
    for (line, y) in lines.iter().zip(foot.y..) {
        let x = foot.x + foot.width.saturating_sub(width(line) as u16) / 2;
        canvas.put(x, y, foot.right(), line, canvas.theme.strong());
    }
}

/// The sentence of the guide's next step; none without a guide.
fn told(run: &LabRun) -> Option<&str> {
    run.tour.as_ref()?.step()?.say.as_deref()
}

/// Returns how many lines the guide's sentence takes, a blank one above it with them.
fn lesson_lines(run: &LabRun, area: Rect) -> u16 {
    let room = usize::from(area.width.saturating_sub(8));
    let lines = told(run).map_or(0, |text| wrap_to(text, room, 3).len() as u16 + 1);
    if area.height >= lines + 3 { lines } else { 0 }
}

fn lesson(canvas: &mut Canvas, area: Rect, run: &LabRun) {
    let room = usize::from(area.width.saturating_sub(8));
    let lines = told(run).map_or(Vec::new(), |text| wrap_to(text, room, 3));
    for (line, y) in lines.iter().zip(area.y + 1..area.bottom()) {
        let x = area.x + area.width.saturating_sub(width(line) as u16) / 2;
        canvas.put(x, y, area.right(), line, canvas.theme.text());
    }
}

/// The line at the top: what is shown, how segments pass, the guide's keys.
fn title(canvas: &mut Canvas, area: Rect, run: &LabRun) {
    let name = match &run.tour {
        Some(tour) => {
            let scenario = tour.scenario();
            let steps = scenario.steps.len();
            format!("{}   step {} of {steps}", scenario.name, (tour.at() + 1).min(steps))
        }
        None => "finwait".to_owned(),
    };
    let mut right = area.right();
    let guide = run.tour.as_ref().map_or(&[][..], |_| &GUIDE[..]);
    for command in std::iter::once(ScreenCommand::Present).chain(guide.iter().rev().copied()) {
        for button in table::of_screen(command).buttons {
            let wide = canvas.button_width(Some(button.key), button.label);
            right = right.saturating_sub(wide);
            canvas.button(
                right,
                area.y,
                right + wide,
                Some(button.key),
                button.label,
                Action::Screen(None, command),
            );
        }
    }
    let begin = if area.width >= 80 {
        wire_buttons::modes(canvas, area.y, right.saturating_sub(2), &run.session)
    } else {
        right
    };
    canvas.put_cut(
        area.x + 1,
        area.y,
        begin.saturating_sub(1),
        &name,
        canvas.theme.strong(),
    );
}

/// An end: its name, its state, what it can do.
fn end(
    canvas: &mut Canvas,
    area: Rect,
    session: &Session,
    plate: &Plate,
    (text, style): &(String, ratatui::style::Style),
    large: bool,
) {
    let right_side = plate.side == Side::Server && area.x > 0;
    let put = |canvas: &mut Canvas, y: u16, text: &str, style| {
        let inside = Rect::new(area.x + 2, y, area.width.saturating_sub(4), 1);
        let text: String = wrap_to(text, usize::from(inside.width), 1).concat();
        if right_side {
            canvas.put_right(inside.x, y, inside.right(), &text, style);
        } else {
            canvas.put(inside.x, y, inside.right(), &text, style);
        }
    };
    let name = plate.side.name().to_uppercase();
    put(canvas, area.y, &name, canvas.theme.strong());
    let mut y = area.y + 1;
    if large {
        let wide = large::width(text) + 2;
        let x = if right_side {
            area.right().saturating_sub(wide + 2)
        } else {
            area.x + 2
        };
        canvas.large_chip(x, y, area.right(), text, *style);
        y += large::HIGH;
    } else {
        put(canvas, y, &format!(" {text} "), *style);
        y += 1;
    }
    if let Some(action) = plates::meaning(session, plate.side) {
        let place = Rect::new(area.x, area.y + 1, area.width, y.saturating_sub(area.y + 1));
        canvas.hits.add(place, action, true);
    }
    if y < area.bottom()
        && let Some(last) = plate.last.as_ref().filter(|last| last.failed)
    {
        let text = longest(&last.cuts, usize::from(area.width.saturating_sub(4)));
        put(canvas, y, &text, canvas.theme.bad());
        y += 1;
    }
    if y < area.bottom() {
        let said = if plate.brief.is_empty() {
            &plate.means.short
        } else {
            &plate.brief
        };
        put(canvas, y, said, canvas.theme.text());
    }
}
