//! The error pane: calls that have not returned, and what the last one returned, or that it never did, as `strace` prints it, with one
//! sentence why.

use ratatui::layout::Rect;

use std::time::Duration;

use crate::call::Sigpipe;
use crate::clock::human;
use crate::command::{EndCommand, ScreenCommand, table};
use crate::explain::rules::CallClass;
use crate::matrix::Matrix;
use crate::outcome::{Outcome, Value};
use crate::session::{LastOutcome, Session};
use crate::side::Side;
use crate::text::{width, wrap, wrap_to};
use crate::tui::canvas::{Canvas, keyless_width, longest};
use crate::tui::hit::Action;

/// The line above.
pub fn rule(canvas: &mut Canvas, area: Rect, session: &Session, side: Side) {
    canvas.rule(area.x, area.y, area.right());
    let texts = match session.ends[side].pending.len() {
        0 => [" last call ".to_owned(), " last ".to_owned()],
        n => [format!(" {n} blocked, then the last call "), format!(" {n} blocked ")],
    };
    let (said, style) = match session.ends[side].sigpipe {
        Sigpipe::Ignore => ([" SIGPIPE ignored ", " no SIGPIPE "], canvas.theme.dim()),
        Sigpipe::Default => ([" SIGPIPE kills ", " SIGPIPE "], canvas.theme.strong()),
    };
    let why = session.ends[side].newest();
    let why = why.and_then(|_| table::of_screen(ScreenCommand::Why).buttons.first());
    let button = why.map_or(0, |why| usize::from(canvas.button_width(Some(why.key), why.label)) + 1);
    let right = area.right().saturating_sub(1);
    let room = usize::from(right.saturating_sub(area.x + 2)).saturating_sub(button);
    let pairs = said.iter().flat_map(|said| texts.iter().map(move |text| (text, *said)));
    let fits = pairs.into_iter().find(|(text, said)| width(text) + width(said) < room);
    let text = fits.map_or(&texts[1], |(text, _)| text);
    let x = canvas.put(area.x + 2, area.y, right, text, canvas.theme.dim());
    let x = why.map_or(x, |why| {
        let action = Action::Screen(Some(side), ScreenCommand::Why);
        let x = canvas.button(x, area.y, right, Some(why.key), why.label, action);
        canvas.put(x, area.y, right, " ", canvas.theme.dim())
    });
    if let Some((_, said)) = fits {
        canvas.put_right(x, area.y, right, said, style);
    }
}

/// Blocked calls, and the last one that returned.
pub fn draw(canvas: &mut Canvas, area: Rect, session: &Session, side: Side) {
    let end = &session.ends[side];
    let mut y = area.y;
    let room = usize::from(area.height);
    // The last answer keeps a line at least.
    let shown = if end.pending.len() < room {
        end.pending.len()
    } else {
        room.saturating_sub(2)
    };
    let label = table::of_end(&EndCommand::Interrupt(None))
        .buttons
        .first()
        .map_or("interrupt", |button| button.label);
    for pending in &end.pending[end.pending.len() - shown..] {
        let call = pending.words();
        let blocked = format!(" blocked {}", human(canvas.now.since(pending.since)));
        let button = keyless_width(label) + 1;
        let right = area.right().saturating_sub(button);
        let style = canvas.theme.strong();
        // All of it, or its name and descriptor.
        let room = usize::from(right.saturating_sub(area.x + 1)).saturating_sub(width(&blocked));
        let call = match (call.to_string(), call.first()) {
            (whole, Some(fd)) if width(&whole) > room => format!("{}({fd})", call.name),
            (whole, _) => whole,
        };
        let line = Rect::new(area.x, y, right.saturating_sub(area.x), 1);
        canvas.hits.add(line, Action::Why(pending.id), false);
        let x = canvas.put_cut(
            area.x + 1,
            y,
            right.saturating_sub(width(&blocked) as u16),
            &call,
            style,
        );
        let x = canvas.put(x, y, right, &blocked, style);
        canvas.button(
            x + 1,
            y,
            area.right(),
            None,
            label,
            Action::End(side, EndCommand::Interrupt(Some(pending.id))),
        );
        y += 1;
    }
    if shown < end.pending.len() {
        let text = format!("and {} more calls that are blocked", end.pending.len() - shown);
        canvas.put_cut(area.x + 1, y, area.right(), &text, canvas.theme.text());
        y += 1;
    }
    let rest = Rect {
        y,
        height: area.bottom().saturating_sub(y),
        ..area
    };
    match &end.last {
        Some(answer) => last(canvas, rest, answer, &why_of(session, side)),
        None if end.pending.is_empty() => {
            canvas.put_cut(rest.x + 1, rest.y, rest.right(), "no call yet", canvas.theme.dim());
        }
        None => {}
    }
}

/// Why the last call of that end returned what it did; with "Then:" before what is not so any more.
fn why_of(session: &Session, side: Side) -> String {
    session.last_why(side).map_or_else(String::new, |why| why.text())
}

/// A duration as `strace -T` has it, that no line is broken in.
fn took(time: Duration) -> String {
    format!("<{}>", human(time).replace(' ', "\u{a0}"))
}

/// The system call that an answer is about, of those behind it, with its cuts: what makes a descriptor comes first, and may be followed
/// by what moves it to a number of its own; otherwise the last one says most.
fn main_call(answer: &LastOutcome) -> Vec<String> {
    let trace = answer.trace();
    match (answer.call.outcome(), trace) {
        // The language's words come first, and what it did after them.
        _ if answer.call.text.is_some() => in_words(answer),
        (Some(Outcome::Ok(Value::Descriptor { fd, .. })), [made, _, ..]) => {
            made.cuts(&format!(" {}, moved to {fd}", took(made.duration)))
        }
        (_, [.., last]) => last.cuts(&format!(" {}", took(last.duration))),
        (_, []) => in_words(answer),
    }
}

/// Returns the number of lines that the pane would like to have.
pub fn lines_wanted(session: &Session, side: Side, width: u16) -> u16 {
    let end = &session.ends[side];
    let room = usize::from(width.saturating_sub(2));
    let last = end.last.as_ref().map_or(1, |answer| {
        let calls: usize = calls(answer).iter().map(|call| wrap(call, room).len()).sum();
        let meant = usize::from(answer.call.errno().is_some());
        calls + meant + wrap(&why_of(session, side), room).len()
    });
    (end.pending.len() + last) as u16
}

fn calls(answer: &LastOutcome) -> Vec<String> {
    let trace = answer.trace();
    if trace.is_empty() || answer.call.text.is_some() {
        // What the language says, and below it what it did.
        let own = trace.iter().map(|made| format!("| {made}"));
        in_words(answer).into_iter().take(1).chain(own).collect()
    } else {
        trace
            .iter()
            .map(|made| format!("{made} {}", took(made.duration)))
            .collect()
    }
}

/// A call in its language's words, and what the language says of it, with its cuts.
fn in_words(answer: &LastOutcome) -> Vec<String> {
    let call = answer.call.words();
    let brief = answer.call.brief();
    let result = match (answer.call.outcome(), answer.call.said()) {
        (None, _) => return call.cuts(&format!(": {brief}")),
        (Some(Outcome::Ok(_)), Some(said)) if said != brief => format!("{brief} ({said})"),
        (Some(_), Some(said)) => said.to_owned(),
        (Some(_), None) => brief.clone(),
    };
    call.cuts_returned(&result, &brief, &format!(" {}", took(answer.call.took())))
}

/// The last call that ended.
fn last(canvas: &mut Canvas, area: Rect, answer: &LastOutcome, why: &str) {
    let room = usize::from(area.width.saturating_sub(2));
    let height = usize::from(area.height);
    let mut lines = Vec::new();
    let calls = calls(answer);
    let failed = match answer.call.outcome() {
        Some(Outcome::Err(_) | Outcome::Library(_)) | None => true,
        Some(Outcome::Ok(_) | Outcome::DeadlineExceeded { .. } | Outcome::Unsupported(_)) => false,
    };
    let style = if failed {
        canvas.theme.bad()
    } else {
        canvas.theme.strong()
    };
    // The reason comes first, then the errno, then the call; where there is no room for all of it, the call is cut in its arguments.
    let of_why = wrap(why, room).len();
    let for_calls = height.saturating_sub(of_why + usize::from(failed)).max(1);
    let mut wrapped: Vec<String> = calls.iter().flat_map(|call| wrap(call, room)).collect();
    if wrapped.len() > for_calls {
        let main = main_call(answer);
        wrapped = main.first().map_or_else(Vec::new, |whole| wrap(whole, room));
        if let (Some(said), true) = (answer.call.said(), wrapped.len() > for_calls) {
            // What the language says is what one came for: rather the reason is cut than that.
            let name = answer.call.words().name;
            wrapped = wrap_to(
                &format!("{name}(..) = {said}"),
                room,
                height.saturating_sub(1).max(for_calls),
            );
        } else if wrapped.len() > for_calls {
            wrapped = vec![longest(&main, room)];
        }
    }
    lines.extend(wrapped.into_iter().map(|line| (line, style)));
    let meant = match answer.call.outcome() {
        Some(Outcome::Ok(Value::PendingError { error })) => *error,
        _ => answer.call.errno(),
    };
    if let Some(errno) = meant {
        // The system call's own line has the text too.
        let whole = format!("errno {} {}: {}", errno.0, errno.name(), errno.text());
        let short = format!("errno {} {}", errno.0, errno.name());
        let line = if width(&whole) <= room { whole } else { short };
        // Where it would push the reason out, the call's own line says it.
        let said = lines.iter().any(|(line, _)| line.contains(&errno.name()));
        if !said || lines.len() + 1 + of_why <= height {
            lines.push((line, canvas.theme.bad()));
        }
    }
    if let Some(Outcome::DeadlineExceeded { .. }) = answer.call.outcome() {
        lines.push(("deadline exceeded; the call was given up".into(), canvas.theme.strong()));
    }
    let left = height.saturating_sub(lines.len());
    let text = canvas.theme.text();
    lines.extend(wrap_to(why, room, left).into_iter().map(|line| (line, text)));
    // Where there is room left: what other languages say of the same, as it was measured.
    let failed = answer.call.errno();
    let class = CallClass::of(answer.call.name);
    let words = failed
        .zip(class)
        .map(|(errno, class)| Matrix::kept().words(class, &errno.name(), answer.call.why.rule));
    let dim = canvas.theme.dim();
    let words = words
        .into_iter()
        .flatten()
        .filter(|(_, said)| answer.call.said() != Some(*said));
    lines.extend(words.map(|(runtime, said)| (format!("{runtime}: {said}"), dim)));
    for (nth, (line, style)) in lines.into_iter().take(height).enumerate() {
        canvas.put_cut(area.x + 1, area.y + nth as u16, area.right(), &line, style);
    }
}
