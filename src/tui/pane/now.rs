//! *now*: what happened last, why, what is so now, and what to try. The first two are of the moment when it happened, the others are read
//! from the present at each drawing.

use ratatui::layout::Rect;

use crate::call::CallId;
use crate::clock::MonoTime;
use crate::command::{Command, ScreenCommand, table};
use crate::explain::EntryNo;
use crate::explain::rules::CallClass;
use crate::matrix::Matrix;
use crate::session::Session;
use crate::session::moves::Move;
use crate::session::now::{NowLines, NowReason};
use crate::session::transcript::EntryKind;
use crate::side::Side;
use crate::text::{width, wrap_to};
use crate::tui::canvas::{Canvas, longest};
use crate::tui::hit::Action;
use crate::tui::layout;

/// The column in which the sentences begin.
const NAMES: u16 = 9;

/// Draws it, with `moves` to try; what follows each is kept back where `promises` is false.
pub fn draw(canvas: &mut Canvas, area: Rect, session: &Session, moves: &[Move], promises: bool) {
    if area.is_empty() {
        return;
    }
    let now = session.now_lines(canvas.now);
    let body = if area.height > 3 {
        let (title_line, body) = layout::top(area, 1);
        title(canvas, title_line);
        body
    } else {
        area
    };
    let tries = if body.height >= 6 { 2 } else { 1 };
    let (body, below) = layout::bottom(body, tries);
    let (first, rest) = layout::top(body, 1);
    if session.lab.capture.is_some() {
        let text = "A capture: what was sent, and the states that it implies. The calls behind it are not in it.";
        canvas.put_cut(first.x + 1, first.y, first.right(), text, canvas.theme.text());
        return;
    }
    what(
        canvas,
        if body.is_empty() {
            Rect { height: 0, ..below }
        } else {
            first
        },
        &now,
    );
    sentences(canvas, rest, session, &now);
    attempt(canvas, below, moves, promises);
}

/// Returns the call that *now* shows at `now`; none where it shows something else.
pub fn call(session: &Session, now: MonoTime) -> Option<CallId> {
    let what = session.now_lines(now).what?;
    match &session.transcript.entry(what.entry)?.what {
        EntryKind::Ended(call) => Some(call.call()),
        _ => None,
    }
}

/// Returns the entry of a program's line or call that *now* shows and that can be explained; none where it shows something else.
pub fn explained(session: &Session, now: MonoTime) -> Option<EntryNo> {
    let entry = session.transcript.entry(session.now_lines(now).what?.entry)?;
    let is_programs = matches!(entry.what, EntryKind::Program(_) | EntryKind::ProgramCall(_));
    (is_programs && entry.why().is_some()).then_some(entry.no)
}

fn title(canvas: &mut Canvas, area: Rect) {
    canvas.title(area, "now", true);
    let mut right = area.right().saturating_sub(1);
    for command in [ScreenCommand::Present, ScreenCommand::CopyLine, ScreenCommand::Why] {
        for button in table::of_screen(command).buttons {
            right = right.saturating_sub(canvas.button_width(Some(button.key), button.label));
            let action = match command {
                ScreenCommand::Why => Action::WhyNow,
                _ => Action::Screen(None, command),
            };
            canvas.button(right, area.y, area.right(), Some(button.key), button.label, action);
        }
    }
}

/// The event, with the end that it happened at.
fn what(canvas: &mut Canvas, area: Rect, now: &NowLines) {
    if area.is_empty() {
        return;
    }
    let Some(what) = &now.what else {
        canvas.put_cut(
            area.x + 1,
            area.y,
            area.right(),
            "Nothing has happened yet.",
            canvas.theme.dim(),
        );
        return;
    };
    let name = what.side.map_or("WIRE".to_owned(), |side| side.name().to_uppercase());
    let x = canvas.put(area.x + 1, area.y, area.right(), &name, canvas.theme.strong());
    let x = x.max(area.x + NAMES);
    let style = if what.failed {
        canvas.theme.bad()
    } else {
        canvas.theme.strong()
    };
    let errno = what
        .errno
        .map(|errno| format!("   errno {}: {}", errno.0, errno.text()));
    let room = usize::from(area.right().saturating_sub(x));
    let cut = longest(&what.cuts, room);
    let whole = errno
        .map(|errno| format!("{cut}{errno}"))
        .filter(|whole| width(whole) <= room);
    canvas.put_cut(x, area.y, area.right(), whole.as_ref().unwrap_or(&cut), style);
    let place = Rect { height: 1, ..area };
    let action = Action::ShowEntry(what.entry);
    canvas.hits.add(place, action.clone(), false);
    if canvas.is_picked(place, &action) {
        let picked = canvas.theme.picked();
        canvas.tint(place, picked);
    }
}

/// Why it happened, and what is so now; where there is one line for both, why an error came, else what is so.
fn sentences(canvas: &mut Canvas, area: Rect, session: &Session, now: &NowLines) {
    let room = usize::from(area.width.saturating_sub(NAMES + 1));
    let height = usize::from(area.height);
    let failed = now.what.as_ref().is_some_and(|what| what.failed);
    // Of the moment when it happened; what of it is not so any more is introduced with "Then:".
    let why = now.why.as_ref().map(NowReason::text).unwrap_or_default();
    let mut lines: Vec<(&str, String)> = Vec::new();
    let mut say = |name: &'static str, text: &str, most: usize| {
        for (nth, line) in wrap_to(text, room, most).into_iter().take(most).enumerate() {
            lines.push((if nth == 0 { name } else { "" }, line));
        }
    };
    // Whole sentences, the most pressing first, as many as there is room for.
    let fits = |count: &usize| crate::text::wrap(&now.so[..*count].join(" "), room).len() <= height;
    let so = now.so[..(1..=now.so.len()).rev().find(fits).unwrap_or(now.so.len().min(1))].join(" ");
    let (of_why, of_so) = (crate::text::wrap(&why, room).len(), crate::text::wrap(&so, room).len());
    // What matters more is said whole: why an error came, else what is so now. The other gets what is left, and is left out rather than cut
    // short.
    let (first, second) = if failed { (of_why, of_so) } else { (of_so, of_why) };
    let first = first.min(height);
    let second = if first + second <= height { second } else { 0 };
    let (of_why, of_so) = if failed { (first, second) } else { (second, first) };
    say("why", &why, of_why);
    say("so", &so, of_so);
    // Where there is room left: what other languages say of the same, as it was measured.
    if let Some((runtime, said)) = now.what.as_ref().and_then(|what| elsewhere(session, what.side)) {
        let said = format!("{runtime} says: {said}");
        if lines.len() < height && width(&said) <= room {
            lines.push(("", said));
        }
    }
    for ((name, line), y) in lines.iter().zip(area.y..area.bottom()) {
        canvas.put(area.x + 1, y, area.x + NAMES, name, canvas.theme.dim());
        canvas.put_cut(area.x + NAMES, y, area.right(), line, canvas.theme.text());
    }
}

/// What another language says of the error of that end's last call.
fn elsewhere(session: &Session, side: Option<Side>) -> Option<(String, String)> {
    let call = &session.ends[side?].last.as_ref()?.call;
    let (errno, class) = (call.errno()?, CallClass::of(call.name)?);
    let words = Matrix::kept().words(class, &errno.name(), call.why.rule);
    let (runtime, said) = words.into_iter().find(|(_, said)| call.said() != Some(*said))?;
    Some((runtime.to_string(), said.to_owned()))
}

/// What to try, each with what follows unless that is kept back: as many as there is room for.
fn attempt(canvas: &mut Canvas, area: Rect, moves: &[Move], promises: bool) {
    if moves.is_empty() || area.is_empty() {
        return;
    }
    canvas.put(area.x + 1, area.y, area.x + NAMES, "try", canvas.theme.dim());
    let (mut x, mut y, right) = (area.x + NAMES, area.y, area.right());
    for of in moves {
        let Some(button) = of.button() else { continue };
        let end = match &of.command {
            Command::End(Side::Client, _) => "1 ",
            Command::End(Side::Server, _) => "2 ",
            _ => "",
        };
        let label = format!(" {end}{} {} ", canvas.key_of(button), button.label);
        let follows = if promises {
            format!(" \u{25b8} {}", of.text)
        } else {
            String::new()
        };
        let wide = (width(&label) + width(&follows)) as u16;
        if x + wide > right && x > area.x + NAMES {
            (x, y) = (area.x + NAMES, y + 1);
        }
        if y >= area.bottom() {
            return;
        }
        let place = Rect::new(x, y, (width(&label) as u16).min(right.saturating_sub(x)), 1);
        let action = Action::from(of.command.clone());
        canvas.put(x, y, right, &label, canvas.theme.button_likely());
        canvas.hits.add(place, action.clone(), true);
        if canvas.is_picked(place, &action) {
            let picked = canvas.theme.picked();
            canvas.tint(place, picked);
        }
        x = canvas.put_cut(place.right(), y, right, &follows, canvas.theme.text()) + 3;
    }
}
