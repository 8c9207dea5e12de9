//! The two directions of the connection that is shown, each a pipe: open, closing, closed by whom, reset by whom.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::explain::direction::Direction;
use crate::roles::SegmentKind;
use crate::session::Session;
use crate::session::now::Pipe;
use crate::side::Side;
use crate::text::width;
use crate::tui::canvas::Canvas;
use crate::tui::layout;
use crate::tui::theme;

/// The look of a pipe: its line, its end at the receiver, its style.
fn look(canvas: &Canvas, pipe: &Pipe) -> (&'static str, &'static str, Style) {
    let theme = canvas.theme;
    let head = if pipe.from == Side::Client {
        theme::RIGHT
    } else {
        theme::LEFT
    };
    match pipe.state {
        Direction::NotOpen | Direction::NeverOpened | Direction::Unknown => (" ", " ", theme.dim()),
        Direction::Opening | Direction::Answering => ("\u{254c}", head, theme.segment(SegmentKind::Syn)),
        Direction::Open => ("\u{2550}", head, theme.segment(SegmentKind::Data)),
        Direction::Silent => ("\u{2550}", "\u{2502}", theme.text()),
        Direction::FinQueued | Direction::Closing => ("\u{2501}", head, theme.segment(SegmentKind::Fin)),
        Direction::Closed { .. } => ("\u{2501}", "\u{2503}", theme.segment(SegmentKind::Fin)),
        Direction::Torn { .. } | Direction::Broken => ("\u{254c}", theme::RESET, theme.bad()),
        Direction::GivenUp { .. } | Direction::Gone { .. } => ("\u{254c}", theme::LOST, theme.dim()),
    }
}

/// The words where no direction is known.
const fn none(session: &Session) -> &'static str {
    match session.lab.capture {
        Some(_) => "no queues in a capture",
        None => "no connection yet",
    }
}

/// Draws a pipe between two columns.
fn pipe(canvas: &mut Canvas, (left, right): (u16, u16), y: u16, pipe: &Pipe) {
    let (line, end, style) = look(canvas, pipe);
    for x in left..right {
        canvas.put(x, y, right, line, style);
    }
    let at = if pipe.from == Side::Client {
        right.saturating_sub(1)
    } else {
        left
    };
    canvas.put(at, y, right, end, style);
    // What is on its way.
    if pipe.segments > 0 {
        canvas.put(left + (right - left) / 2, y, right, theme::HELD, canvas.theme.held());
    }
}

/// Draws both in a box.
pub fn boxed(canvas: &mut Canvas, area: Rect, session: &Session) {
    let inside = canvas.boxed(area, false);
    // Of several connections, which one.
    let shown = session.shown_connection_no().filter(|_| session.connection_count() > 1);
    let shown = shown.map(|no| format!(" connection {no} "));
    let title = shown.as_deref().unwrap_or(" the two directions ");
    canvas.put_cut(area.x + 2, area.y, area.right() - 1, title, canvas.theme.title());
    let (text, dim) = (canvas.theme.text(), canvas.theme.dim());
    let Some(directions) = session.directions(canvas.now) else {
        canvas.put_cut(inside.x, inside.y, inside.right(), none(session), dim);
        return;
    };
    let pipes = [&directions.from.client, &directions.from.server];
    // Three lines each where there is room, else two.
    let each = if inside.height >= 6 { inside.height / 2 } else { 2 };
    for (nth, of) in pipes.into_iter().enumerate() {
        let y = inside.y + each * nth as u16;
        let end = canvas.put(inside.x, y, inside.right(), "client ", dim);
        let right = inside.right().saturating_sub(7);
        pipe(canvas, (end, right), y, of);
        canvas.put(right + 1, y, inside.right(), "server", dim);
        if each >= 3 {
            canvas.put_cut(inside.x, y + 1, inside.right(), &of.words, text);
            if let Some(load) = &of.load {
                canvas.put_cut(inside.x, y + 2, inside.right(), load, text);
            }
        } else {
            canvas.put_cut(inside.x, y + 1, inside.right(), &of.line(), text);
        }
    }
}

/// Draws both in one line, each on a half.
pub fn line(canvas: &mut Canvas, area: Rect, session: &Session) {
    let dim = canvas.theme.dim();
    let Some(directions) = session.directions(canvas.now) else {
        canvas.put_cut(area.x + 1, area.y, area.right(), none(session), dim);
        return;
    };
    let (client, server) = layout::left(area, area.width / 2);
    for (half, of) in [(client, &directions.from.client), (server, &directions.from.server)] {
        let words = of.line();
        let x = canvas.put(half.x + 1, half.y, half.right(), "c ", dim);
        let end = half.right().saturating_sub(width(&words) as u16 + 5).max(x + 4);
        pipe(canvas, (x, end), half.y, of);
        let x = canvas.put(end, half.y, half.right(), " s ", dim);
        canvas.put_cut(x, half.y, half.right(), &words, canvas.theme.text());
    }
}
