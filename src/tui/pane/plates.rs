//! The plates: of each end what its state means, what it can do, what it waits for and what its last call returned; between them the two
//! directions of the connection.
//!
//! All of it is asked anew at each drawing, so that it is true of what is on the screen.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{pipes, sockets};
use crate::clock::human;
use crate::command::{EndCommand, Pick, ScreenCommand, table};
use crate::session::now::{Plate, Tab};
use crate::session::{ProcessState, Session};
use crate::side::{Ends, Side};
use crate::state::State;
use crate::text::width;
use crate::tui::canvas::{Canvas, keyless_width, longest};
use crate::tui::dialog::state::SocketIdentity;
use crate::tui::hit::{Action, Zone};
use crate::tui::large;
use crate::tui::layout::{self, Plates};

/// Draws them; `focus` has the keys, and the chips that `flash` have just changed.
pub fn draw(
    canvas: &mut Canvas,
    places: &Plates,
    session: &Session,
    focus: Side,
    unfolded: &Ends<bool>,
    flash: Ends<bool>,
) {
    match places {
        Plates::Boxes { ends, between, large } => {
            for (side, area) in ends.iter() {
                let plate = session.plate(side, canvas.now);
                End {
                    session,
                    plate: &plate,
                    side,
                    focused: side == focus,
                    unfolded: unfolded[side],
                    flash: flash[side],
                }
                .boxed(canvas, *area, *large);
            }
            pipes::boxed(canvas, *between, session);
        }
        Plates::Lines(area) if area.is_empty() => {}
        Plates::Lines(area) => {
            let plates = Side::BOTH.map(|side| session.plate(side, canvas.now));
            for (plate, side) in plates.iter().zip(Side::BOTH) {
                let end = End {
                    session,
                    plate,
                    side,
                    focused: side == focus,
                    unfolded: unfolded[side],
                    flash: flash[side],
                };
                if area.height < 5 {
                    let y = area.y + u16::from(side == Side::Server);
                    end.line(canvas, Rect { y, height: 1, ..*area });
                } else {
                    let (client, server) = layout::left(*area, area.width / 2);
                    end.lines(canvas, if side == Side::Client { client } else { server });
                }
            }
            if area.height >= 5 {
                pipes::line(canvas, layout::bottom(*area, 1).1, session);
            }
        }
    }
}

/// The words for the state of an end, and the state whose look they have; none for a process that is dead.
fn words(plate: &Plate, process: &ProcessState) -> (String, Option<State>) {
    match (plate.state, process) {
        (Some(state), _) => (state.name().to_owned(), Some(state)),
        (None, ProcessState::Dead { .. }) => ("dead".into(), None),
        // No row of the kernel's: that is what CLOSE is.
        (None, _) if plate.name.is_some() => (State::Close.name().to_owned(), Some(State::Close)),
        (None, _) => ("no socket".into(), Some(State::Close)),
    }
}

/// Returns the words on the chip of an end's state, and its look.
pub fn chip(canvas: &Canvas, plate: &Plate, session: &Session, side: Side) -> (String, Style) {
    let (text, state) = words(plate, &session.ends[side].process);
    (text, state.map_or(canvas.theme.bad(), |state| canvas.theme.chip(state)))
}

/// Returns the question what the state of an end's socket means; none without a socket.
pub fn meaning(session: &Session, side: Side) -> Option<Action> {
    let view = session.current_view(side)?;
    Some(Action::Meaning(side, SocketIdentity::view(&view)?))
}

/// An end, as its plate is drawn.
struct End<'a> {
    session: &'a Session,
    plate: &'a Plate,
    side: Side,
    focused: bool,
    /// Whether sockets that are over have a tab each.
    unfolded: bool,
    /// Whether its state has just changed.
    flash: bool,
}

impl End<'_> {
    /// `1 CLIENT`
    fn name(&self) -> String {
        let number = if self.side == Side::Client { 1 } else { 2 };
        format!("{number} {}", self.side.name().to_uppercase())
    }

    /// What the end has in its connection; how that is known, in a capture.
    fn role(&self) -> String {
        match self.session.lab.capture {
            Some(_) => "by the segments".into(),
            None => self.plate.role.to_string(),
        }
    }

    fn process(&self) -> &ProcessState {
        &self.session.ends[self.side].process
    }

    /// The words on its chip, and its look.
    fn chip(&self, canvas: &Canvas) -> (String, Style) {
        let (text, style) = chip(canvas, self.plate, self.session, self.side);
        let state = self.plate.state.filter(|_| self.flash);
        (text, state.map_or(style, |state| canvas.theme.flash(state)))
    }

    fn meaning(&self) -> Option<Action> {
        meaning(self.session, self.side)
    }

    /// Draws the chip from `x` on, or so that it ends at `x`; returns its columns.
    fn draw_chip(&self, canvas: &mut Canvas, x: u16, y: u16, right: u16) -> u16 {
        let (text, style) = self.chip(canvas);
        let end = canvas.chip(x, y, right, &text, style);
        let place = Rect::new(x, y, end.saturating_sub(x), 1);
        self.press(canvas, place, self.meaning());
        match &self.plate.alarm {
            Some(_) => canvas.put(end, y, right, "!", canvas.theme.bad()),
            None => end,
        }
    }

    /// Makes an area do something when it is pressed.
    fn press(&self, canvas: &mut Canvas, place: Rect, action: Option<Action>) {
        let Some(action) = action else { return };
        canvas.hits.add(place, action.clone(), true);
        if canvas.is_picked(place, &action) {
            let picked = canvas.theme.picked();
            canvas.tint(place, picked);
        }
    }

    /// What is blocked, with a clock and a way to end it; whether anything is.
    fn blocked(&self, canvas: &mut Canvas, area: Rect) -> bool {
        let Some(blocked) = self.plate.blocked.last() else {
            return false;
        };
        let label = table::of_end(&EndCommand::Interrupt(None))
            .buttons
            .first()
            .map_or("interrupt", |button| button.label);
        let more = match self.plate.blocked.len() {
            1 => String::new(),
            n => format!(" +{}", n - 1),
        };
        let clock = format!(" {}{more}", human(blocked.waited));
        let button = keyless_width(label) + 1;
        let right = area.right().saturating_sub(button);
        let style = canvas.theme.strong();
        let x = canvas.put(area.x, area.y, right, "blocked ", style);
        let room = usize::from(right.saturating_sub(x)).saturating_sub(width(&clock));
        let call = match (blocked.call.to_string(), blocked.call.first()) {
            (whole, Some(fd)) if width(&whole) > room => format!("{}({fd})", blocked.call.name),
            (whole, _) => whole,
        };
        let x = canvas.put_cut(x, area.y, right.saturating_sub(width(&clock) as u16), &call, style);
        let x = canvas.put(x, area.y, right, &clock, style);
        self.press(
            canvas,
            Rect::new(area.x, area.y, x.saturating_sub(area.x), 1),
            Some(Action::Why(blocked.id)),
        );
        let action = Action::End(self.side, EndCommand::Interrupt(Some(blocked.id)));
        // It stands still while the time before it grows.
        canvas.button(right + 1, area.y, area.right(), None, label, action);
        true
    }

    /// What is blocked; else what the end waits for.
    fn waits(&self, canvas: &mut Canvas, area: Rect) {
        let awaited = &self.plate.waits.short;
        if self.blocked(canvas, area) || awaited.is_empty() {
            return;
        }
        // The time is what must not be cut: it stands last, and alone where there is room for no more.
        let all = usize::from(area.width);
        let time = || awaited.rsplit_once("; ").map(|(_, time)| time);
        let awaited = match width(awaited) > all {
            true => time().unwrap_or(awaited),
            false => awaited,
        };
        let room = all.saturating_sub(width(awaited));
        let fits = |word: &&str| word.len() <= room;
        let word = ["waits for ", "awaits ", "for "]
            .into_iter()
            .find(fits)
            .unwrap_or_default();
        let x = canvas.put(area.x, area.y, area.right(), word, canvas.theme.dim());
        canvas.put_cut(x, area.y, area.right(), awaited, canvas.theme.text());
    }

    /// How the process died, with the way to start another; whether it did.
    fn dead(&self, canvas: &mut Canvas, area: Rect) -> bool {
        let ProcessState::Dead { how, .. } = self.process() else {
            return false;
        };
        let restart = table::of_end(&EndCommand::Restart).buttons.first();
        let wide = restart.map_or(0, |button| canvas.button_width(Some(button.key), button.label) + 1);
        let bad = canvas.theme.bad();
        let right = area.right().saturating_sub(wide);
        let x = canvas.put_cut(area.x, area.y, right, &format!("its process is dead: {how}"), bad);
        if let Some(button) = restart {
            let action = Action::End(self.side, EndCommand::Restart);
            canvas.button(x + 1, area.y, area.right(), Some(button.key), button.label, action);
        }
        true
    }

    /// The outcome of the end's last call.
    fn last(&self, canvas: &mut Canvas, area: Rect, label: &str) {
        let Some(last) = &self.plate.last else { return };
        let dim = canvas.theme.dim();
        let x = canvas.put(area.x, area.y, area.right(), label, dim);
        let style = if last.failed {
            canvas.theme.bad()
        } else {
            canvas.theme.text()
        };
        let text = longest(&last.cuts, usize::from(area.right().saturating_sub(x)));
        let x = canvas.put_cut(x, area.y, area.right(), &text, style);
        let call = self.session.ends[self.side]
            .last
            .as_ref()
            .map(|last| Action::Why(last.call.call()));
        self.press(canvas, Rect::new(area.x, area.y, x.saturating_sub(area.x), 1), call);
    }

    /// Draws the plate as a box.
    fn boxed(&self, canvas: &mut Canvas, area: Rect, in_large: bool) {
        canvas.hits.add(area, Action::Focus(self.side), false);
        canvas.hits.zone(area, Zone::Sockets(self.side));
        let inside = canvas.boxed(area, self.focused);
        let title = if self.focused {
            canvas.theme.selected()
        } else {
            canvas.theme.title()
        };
        let x = canvas.put(
            area.x + 2,
            area.y,
            area.right() - 1,
            &format!(" {} ", self.name()),
            title,
        );
        self.place(
            canvas,
            Rect::new(x + 1, area.y, (area.right() - 1).saturating_sub(x + 1), 1),
        );
        self.tabs(
            canvas,
            Rect::new(area.x + 2, area.bottom() - 1, area.width.saturating_sub(4), 1),
        );
        let (text, dim) = (canvas.theme.text(), canvas.theme.dim());
        let (mut y, right) = (inside.y, inside.right());
        if in_large {
            let (text, style) = self.chip(canvas);
            let end = canvas.large_chip(inside.x, y, right, &text, style);
            let place = Rect::new(inside.x, y, end.saturating_sub(inside.x), large::HIGH);
            self.press(canvas, place, self.meaning());
            canvas.put(end + 2, y + 1, right, &self.role(), canvas.theme.strong());
            if self.plate.alarm.is_some() {
                canvas.put(end + 2, y + 2, right, "!", canvas.theme.bad());
            }
            y += large::HIGH - 1;
        }
        let line = |y: u16| Rect::new(inside.x, y, inside.width, 1);
        if !in_large {
            let x = self.draw_chip(canvas, inside.x, y, right);
            canvas.put(x + 2, y, right, &self.role(), text);
        }
        y += 1;
        if !self.dead(canvas, line(y)) {
            canvas.put_cut(inside.x, y, right, &self.plate.means.short, text);
        }
        canvas.put_cut(inside.x, y + 1, right, &self.plate.can.short, text);
        self.waits(canvas, line(y + 2));
        y += 3;
        if y < inside.bottom() {
            self.last(canvas, line(y), "last  ");
        }
        if y + 1 < inside.bottom() {
            self.numbers(canvas, line(y + 1));
        }
        if y + 2 < inside.bottom()
            && let Some(note) = self.plate.beside.first().or(self.plate.note.as_ref())
        {
            canvas.put_cut(inside.x, y + 2, right, note, dim);
        }
    }

    /// Is the socket a program's, also where none of its processes holds it?
    fn is_a_programs(&self) -> bool {
        let name = self.plate.name.as_ref();
        let socket = name.and_then(|name| self.session.ends[self.side].socket(name));
        socket.is_some_and(|socket| !socket.is_endpoints())
    }

    /// Where the socket is: runtime, descriptor, port.
    fn place(&self, canvas: &mut Canvas, area: Rect) {
        let mut words = Vec::new();
        let acceptor = || self.session.acceptor(self.side, self.plate.tuple.as_ref()?);
        match (&self.plate.owner, self.process()) {
            // A program's, whatever drives the endpoint.
            (Some(owner), _) => words.push(owner.to_string()),
            (None, _) if self.is_a_programs() => {
                words.extend(acceptor().map(|owner| format!("queued for {owner}")));
            }
            // No process is in a capture.
            (None, _) if self.session.lab.capture.is_some() => {}
            (None, ProcessState::Starting { .. }) => words.push("starting".to_owned()),
            (None, ProcessState::Running { runtime, .. }) => words.push(runtime.to_string()),
            (None, ProcessState::Dead { .. }) => {}
        }
        // Another one drives this end from its next start on.
        words.extend(
            self.session.ends[self.side]
                .next
                .words()
                .filter(|_| self.plate.owner.is_none() && !self.is_a_programs()),
        );
        words.extend(self.plate.fd.map(|fd| format!("fd {fd}")));
        words.extend(self.plate.tuple.map(|tuple| format!(":{}", tuple.local.port())));
        // Whole words or none.
        while !words.is_empty() {
            let text = format!(" {} ", words.join(" \u{b7} "));
            if width(&text) < usize::from(area.width) {
                canvas.put_right(area.x, area.y, area.right() - 1, &text, canvas.theme.text());
                return;
            }
            words.pop();
        }
    }

    /// The end's sockets, where there are several; those that are over are one.
    fn tabs(&self, canvas: &mut Canvas, area: Rect) {
        let tabs = &self.plate.tabs;
        let inside = match self.session.inside(self.side) {
            0 => String::new(),
            n => format!(" {n} with itself "),
        };
        if self.plate.sockets < 2 && inside.is_empty() {
            return;
        }
        // Where they are not all of one, whose each is.
        let first = tabs
            .first()
            .and_then(|tab| tab.owner.as_ref())
            .map(|owner| owner.program);
        let is_mixed = tabs
            .iter()
            .any(|tab| tab.owner.as_ref().map(|owner| owner.program) != first);
        let label = |tab: &Tab| match &tab.owner {
            Some(owner) if is_mixed => {
                let program = owner.program.and_then(|no| self.session.programs.get(no));
                let name = program.map_or(owner.name.as_str(), |program| program.name.as_str());
                format!("{} {name}", tab.label)
            }
            _ => tab.label.clone(),
        };
        let folded = |tab: &&Tab| !self.unfolded && tab.ended && !tab.current;
        let is_over_itself = tabs.iter().any(|tab| tab.ended && tab.current);
        let over = match self.plate.over - usize::from(is_over_itself) {
            0 => String::new(),
            _ if self.unfolded => " fold the ended ".to_owned(),
            n => format!(" {n} ended "),
        };
        let right = area.right();
        let mut x = area.x;
        // Those without a tab among them.
        let candidates = match self.unfolded {
            true => self.plate.sockets,
            false => self.plate.sockets - self.plate.over + usize::from(is_over_itself),
        };
        let mut drawn = 0;
        let wide = |tab: &Tab| width(&label(tab)) as u16 + 2;
        // The current one has its place, however many come before it.
        let mut current = tabs.iter().find(|tab| tab.current).map_or(0, wide);
        for tab in tabs.iter().filter(|tab| !folded(tab)) {
            let text = format!(" {} ", label(tab));
            if tab.current {
                current = 0;
            }
            let reserve = width(&over) as u16 + width(&inside) as u16 + 6 + current;
            if x + width(&text) as u16 + reserve > right && !tab.current {
                continue;
            }
            drawn += 1;
            let style = if tab.current {
                canvas.theme.selected()
            } else {
                canvas.theme.text()
            };
            let begin = x;
            x = canvas.put_cut(x, area.y, right, &text, style);
            let action = tab
                .name
                .clone()
                .map(|name| Action::End(self.side, EndCommand::Use(Pick::Named(name))));
            self.press(canvas, Rect::new(begin, area.y, x - begin, 1), action);
        }
        let left = candidates - drawn;
        let others = (left > 0).then(|| (format!(" +{left} "), Action::Details(self.side)));
        let ended = Action::Screen(Some(self.side), ScreenCommand::EndedSockets);
        let ended = (!over.is_empty()).then_some((over, ended));
        let inside = (!inside.is_empty()).then_some((inside, Action::Details(self.side)));
        for (text, action) in [others, ended, inside].into_iter().flatten() {
            let begin = x;
            x = canvas.put(x, area.y, right, &text, canvas.theme.dim());
            let place = Rect::new(begin, area.y, x.saturating_sub(begin), 1);
            self.press(canvas, place, Some(action));
        }
    }

    /// The kernel's numbers in a quiet line; a press shows all of them. Where the sources of the state differ as they should not, that.
    fn numbers(&self, canvas: &mut Canvas, area: Rect) {
        if let Some(alarm) = &self.plate.alarm {
            canvas.put_cut(area.x, area.y, area.right(), &format!("! {alarm}"), canvas.theme.bad());
            self.press(canvas, area, self.meaning());
            return;
        }
        let Some(view) = self.session.current_view(self.side) else {
            return;
        };
        let read = self.session.ends[self.side].table.read_at();
        let mut line = String::new();
        for word in sockets::numbers(&view, read, canvas.now) {
            let blank = if line.is_empty() { "" } else { "  " };
            if width(&line) + blank.len() + width(&word) > usize::from(area.width) {
                break;
            }
            line.push_str(blank);
            line.push_str(&word);
        }
        let x = canvas.put(area.x, area.y, area.right(), &line, canvas.theme.dim());
        self.press(
            canvas,
            Rect::new(area.x, area.y, x.saturating_sub(area.x), 1),
            Some(Action::Details(self.side)),
        );
    }

    /// Draws the plate as a few lines on its side of the screen.
    fn lines(&self, canvas: &mut Canvas, area: Rect) {
        canvas.hits.add(area, Action::Focus(self.side), false);
        self.head(canvas, Rect { height: 1, ..area });
        let line = |nth: u16| Rect::new(area.x + 3, area.y + nth, area.width.saturating_sub(4), 1);
        if !self.dead(canvas, line(1)) {
            canvas.put_cut(
                line(1).x,
                line(1).y,
                line(1).right(),
                &self.plate.brief,
                canvas.theme.text(),
            );
        }
        self.waits(canvas, line(2));
        self.last(canvas, line(3), "last ");
    }

    /// Draws the end's name and its chip, and returns the column after them.
    fn name_and_chip(&self, canvas: &mut Canvas, area: Rect) -> u16 {
        let name = format!(" {} ", self.name());
        let style = if self.focused {
            canvas.theme.selected()
        } else {
            canvas.theme.strong()
        };
        let x = canvas.put(area.x, area.y, area.right(), &name, style);
        self.draw_chip(canvas, x + 1, area.y, area.right())
    }

    /// `1 CLIENT`, the chip, what else there is room for.
    fn head(&self, canvas: &mut Canvas, area: Rect) -> u16 {
        let x = self.name_and_chip(canvas, area);
        let role = self.role();
        let room = usize::from(area.right().saturating_sub(x + 1));
        let more = self.plate.sockets - self.plate.over;
        let others = if more > 1 {
            format!("  {more} sockets")
        } else {
            String::new()
        };
        let both = format!("{role}{others}");
        let text = if width(&both) < room { both } else { role };
        canvas.put_cut(x + 1, area.y, area.right(), &text, canvas.theme.text())
    }

    /// Draws the plate as one line.
    fn line(&self, canvas: &mut Canvas, area: Rect) {
        canvas.hits.add(area, Action::Focus(self.side), false);
        let x = self.name_and_chip(canvas, area);
        let rest = Rect::new(x + 1, area.y, area.right().saturating_sub(x + 1), 1);
        if !self.dead(canvas, rest) && !self.blocked(canvas, rest) {
            canvas.put_cut(rest.x, rest.y, rest.right(), &self.plate.brief, canvas.theme.text());
        }
    }
}
