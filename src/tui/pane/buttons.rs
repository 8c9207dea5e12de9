//! The buttons: every call of an end, in rows by what it is for, never greyed out, the likely ones bright, crossed once the endpoint's
//! language has said that it cannot make it, and while the socket that it would go to is a program's. Where there is no room for a word, the key alone is the button; `more` lists all with words.
//!
//! Each has its place by the size of the screen alone.

use ratatui::layout::Rect;

use super::programs::ProgramsPane;
use super::wire_buttons;
use crate::call::CallKind;
use crate::command::spec::{Button, CommandGroup, EndVerb, Spec, Verb};
use crate::command::table;
use crate::command::{Command, EndCommand, ScreenCommand};
use crate::session::{End, Session};
use crate::side::{Ends, Side};
use crate::tui::canvas::{Canvas, Weight};
use crate::tui::hit::Action;
use crate::tui::keys::Keymap;
use crate::tui::layout;

/// A row of buttons, by what they are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// Opening a connection.
    Open,
    /// Moving bytes, and asking the socket for them.
    Talk,
    /// Ending it.
    End,
    /// The socket's options, the process, the host.
    More,
    /// Programs of the user's own, which stand in the place of the others.
    Program,
}

impl Row {
    /// The buttons of the endpoint, from the top.
    const OF_THE_ENDPOINT: [Row; 4] = [Row::Open, Row::Talk, Row::End, Row::More];
    /// All of them.
    pub const ALL: [Row; 5] = [Row::Open, Row::Talk, Row::End, Row::More, Row::Program];

    /// The word before the row.
    pub const fn name(self) -> &'static str {
        match self {
            Row::Open => "open",
            Row::Talk => "talk",
            Row::End => "end",
            Row::More => "more",
            Row::Program => "your own programs",
        }
    }

    /// The row of a command that is about an end; none for one of the wire's, or the screen's.
    const fn of(spec: &Spec) -> Option<Row> {
        match (spec.verb, spec.group) {
            (Verb::End(EndVerb::Call(CallKind::Dup)), _) => Some(Row::More),
            (_, CommandGroup::Open) => Some(Row::Open),
            (_, CommandGroup::Talk | CommandGroup::Ask) => Some(Row::Talk),
            (_, CommandGroup::End) => Some(Row::End),
            (_, CommandGroup::Process) => Some(Row::More),
            (_, CommandGroup::Program) => Some(Row::Program),
            (Verb::Screen(command), _) if is_of_an_end(command) => Some(Row::More),
            (_, CommandGroup::Wire | CommandGroup::Screen) => None,
        }
    }

    /// Its buttons at an end, those first that keep their words where room is scarce: a client connects, a server listens.
    pub fn buttons(self, side: Side) -> impl Iterator<Item = &'static Button> {
        let of_it = move |primary: bool| {
            let specs = table::TABLE.iter().filter(move |spec| Row::of(spec) == Some(self));
            let connects = |spec: &&&Spec| spec.verb == Verb::End(EndVerb::Call(CallKind::Connect));
            let (first, rest): (Vec<_>, Vec<_>) = specs.partition(|spec| side == Side::Client && connects(spec));
            first
                .into_iter()
                .chain(rest)
                .flat_map(|spec: &'static &'static Spec| spec.buttons)
                .filter(move |button| button.primary == primary)
        };
        of_it(true).chain(of_it(false))
    }
}

/// Is this command of the screen about one end, and stands with its buttons?
const fn is_of_an_end(command: ScreenCommand) -> bool {
    matches!(
        command,
        ScreenCommand::OptionsDialog
            | ScreenCommand::HostSettings
            | ScreenCommand::RawRows
            | ScreenCommand::Runtimes
            | ScreenCommand::EndedSockets
            | ScreenCommand::Edit
            | ScreenCommand::Why
    )
}

/// The width of the words before the rows, in columns.
const NAMES: u16 = 7;
/// The width of the buttons that lead to more, to the other end and to the programs, where they have no words.
const BESIDE: u16 = 10;

/// The buttons of a row that have their places: each with its column from the row's beginning, and with its word or not. Those that come
/// first have their words; the others too where all of them fit.
pub(super) fn places(row: Row, side: Side, room: u16, keys: &Keymap) -> Vec<(&'static Button, u16, bool)> {
    let wide = |button: &Button, word: bool| keys.button_width(Some(button.key), if word { button.label } else { "" });
    let flow = |words: usize| {
        let mut x = 0;
        let mut placed = Vec::new();
        for (nth, button) in row.buttons(side).enumerate() {
            let word = nth < words;
            if x > 0 && word {
                x += 1;
            }
            placed.push((button, x, word));
            x += wide(button, word);
        }
        (placed, x)
    };
    let count = row.buttons(side).count();
    let (mut placed, mut width) = flow(count);
    // As many of the first as can keep their words.
    for words in (0..count).rev() {
        if width <= room {
            break;
        }
        (placed, width) = flow(words);
    }
    placed.retain(|(button, x, word)| x + wide(button, *word) <= room);
    placed
}

/// The action of a button at an end.
pub fn action(button: &Button, side: Side) -> Action {
    match (button.command)(side) {
        // That end's, whichever has the keys.
        Command::Screen(command) => Action::Screen(Some(side), command),
        command => command.into(),
    }
}

/// Draws the buttons: of both ends where there is room, else of the one that has the keys, and the wire's beside them. The `likely` ones
/// are bright. An end that shows its programs has those in the place of its buttons.
pub fn draw(
    canvas: &mut Canvas,
    area: Rect,
    session: &Session,
    focus: Side,
    likely: &Ends<Vec<&'static Button>>,
    programs: &mut ProgramsPane,
) {
    let of = |side: Side| EndButtons {
        session,
        end: &session.ends[side],
        side,
        focused: side == focus,
        likely: &likely[side],
    };
    if session.lab.capture.is_some() {
        read_only(canvas, area, focus);
        return;
    }
    if layout::has_both_ends(area.width) {
        let (client, server) = layout::left(area, area.width / 2);
        let (bar, server) = layout::left(server, 1);
        for (side, area) in [(Side::Client, client), (Side::Server, server)] {
            let (below, titled_to) = of(side).title(canvas, area);
            let mut right = area.right().saturating_sub(2);
            for button in table::of_screen(ScreenCommand::More).buttons {
                right = right.saturating_sub(canvas.button_width(Some(button.key), button.label));
                let action = action(button, side);
                canvas.button(right, area.y, area.right(), Some(button.key), button.label, action);
            }
            let shows = programs.shows(session, side);
            let left = switch(canvas, (right.saturating_sub(1), area.y), shows, true, side);
            of(side).whose(canvas, (titled_to, area.y), left);
            match shows {
                true => programs.draw(canvas, below, session, side, 0),
                false => of(side).rows(canvas, below, &Row::OF_THE_ENDPOINT, 0),
            }
        }
        canvas.put(bar.x, bar.y, bar.right(), "┬", canvas.theme.dim());
        canvas.bar(bar.x, bar.y + 1, bar.bottom());
        return;
    }
    let (of_end, of_wire) = layout::right(area, wire_buttons::width(area.width));
    let rows = [Row::Open, Row::Talk, Row::End];
    let titled = area.height > 3;
    let (below, titled_to) = if titled {
        canvas.rule(area.x, area.y, area.right());
        of(focus).title(canvas, of_end)
    } else {
        (of_end, of_end.x)
    };
    let beside = if titled { 0 } else { BESIDE };
    let shows = programs.shows(session, focus);
    match shows {
        true => programs.draw(canvas, below, session, focus, beside),
        false => of(focus).rows(canvas, below, &rows, beside),
    }
    wire_buttons::block(canvas, layout::bottom(of_wire, 3).1, session);
    let left = leading_away(canvas, of_end, focus, titled);
    if titled {
        of(focus).whose(canvas, (titled_to, area.y), left);
    }
    // The title goes on over the wire's buttons.
    let right = if titled { area.right().saturating_sub(1) } else { left };
    switch(
        canvas,
        (right, if titled { area.y } else { area.y + 1 }),
        shows,
        titled,
        focus,
    );
}

/// Draws what stands in place of the buttons where a capture is shown: it has no socket to call, no program and no wire. What leads to
/// both ends and to the rest of the screen stays where it is.
fn read_only(canvas: &mut Canvas, area: Rect, focus: Side) {
    const SAYS: &str = "read-only: in a capture there is nothing to call";
    let ends = if layout::has_both_ends(area.width) {
        let (client, server) = layout::left(area, area.width / 2);
        let (bar, server) = layout::left(server, 1);
        canvas.put(bar.x, bar.y, bar.right(), "┬", canvas.theme.dim());
        canvas.bar(bar.x, bar.y + 1, bar.bottom());
        vec![(Side::Client, client), (Side::Server, server)]
    } else {
        vec![(focus, area)]
    };
    let both = ends.len() > 1;
    for (side, area) in ends {
        canvas.hits.add(area, Action::Focus(side), false);
        let titled = both || area.height > 3;
        if titled {
            let number = if side == Side::Client { 1 } else { 2 };
            canvas.rule(area.x, area.y, area.right());
            canvas.title(
                layout::top(area, 1).0,
                &format!("{number} {}", side.name().to_uppercase()),
                side == focus,
            );
        }
        if both {
            let mut right = area.right().saturating_sub(2);
            for button in table::of_screen(ScreenCommand::More).buttons {
                right = right.saturating_sub(canvas.button_width(Some(button.key), button.label));
                canvas.button(
                    right,
                    area.y,
                    area.right(),
                    Some(button.key),
                    button.label,
                    action(button, side),
                );
            }
        } else {
            leading_away(canvas, area, focus, titled);
        }
        let y = area.y + u16::from(titled);
        canvas.put_cut(
            area.x + 1,
            y,
            area.right().saturating_sub(BESIDE),
            SAYS,
            canvas.theme.dim(),
        );
    }
}

/// Draws what shows an end's programs in place of its buttons, or the buttons again, so that it ends at a column.
fn switch(canvas: &mut Canvas, (right, y): (u16, u16), shows: bool, word: bool, side: Side) -> u16 {
    let mut left = right;
    for button in table::of_screen(ScreenCommand::Programs).buttons {
        // As wide whatever is shown.
        let label = match (word, shows) {
            (false, _) => String::new(),
            (true, true) => format!("{:<wide$}", "buttons", wide = button.label.len()),
            (true, false) => button.label.to_owned(),
        };
        left = right.saturating_sub(canvas.button_width(Some(button.key), &label));
        canvas.button(left, y, right, Some(button.key), &label, action(button, side));
    }
    left
}

/// Draws what leads to all buttons, and to the other end: in the title, or beside the second row. Returns where it begins.
fn leading_away(canvas: &mut Canvas, area: Rect, focus: Side, titled: bool) -> u16 {
    let other = focus.other();
    let y = if titled { area.y } else { area.y + 1 };
    let number = if other == Side::Client { '1' } else { '2' };
    let more = table::of_screen(ScreenCommand::More).buttons.first();
    let more = more.map(|button| (button.key, button.label, self::action(button, focus)));
    let mut right = area.right();
    for (key, label, action) in more.into_iter().chain([(number, other.name(), Action::Focus(other))]) {
        let label = if titled { label } else { "" };
        let wide = canvas.button_width(Some(key), label);
        right = right.saturating_sub(wide + u16::from(titled));
        canvas.button(right, y, right + wide, Some(key), label, action);
    }
    right
}

/// The buttons of an end.
struct EndButtons<'a> {
    session: &'a Session,
    end: &'a End,
    side: Side,
    focused: bool,
    likely: &'a [&'static Button],
}

impl EndButtons<'_> {
    /// Draws whose buttons these are; returns the area below, and the column where the title ends.
    fn title(&self, canvas: &mut Canvas, area: Rect) -> (Rect, u16) {
        canvas.hits.add(area, Action::Focus(self.side), false);
        let (title, below) = layout::top(area, 1);
        let number = if self.side == Side::Client { 1 } else { 2 };
        let name = format!("{number} {}", self.side.name().to_uppercase());
        let x = canvas.title(title, &name, self.focused);
        (below, x)
    }

    /// Says after the title, which ends there, that the keys act on this end: in whole words, or not at all.
    fn whose(&self, canvas: &mut Canvas, (x, y): (u16, u16), right: u16) {
        let words = "the keys act here ";
        if self.focused && usize::from(right.saturating_sub(x)) >= words.len() {
            canvas.put(x, y, right, words, canvas.theme.dim());
        }
    }

    /// Draws these rows; the second leaves so many columns free for what stands beside it.
    fn rows(&self, canvas: &mut Canvas, area: Rect, rows: &[Row], beside: u16) {
        canvas.hits.add(area, Action::Focus(self.side), false);
        let names = if area.width > 48 { NAMES } else { 1 };
        for (row, y) in rows.iter().zip(area.y..area.bottom()) {
            if names > 1 {
                canvas.put(area.x + 1, y, area.right(), row.name(), canvas.theme.dim());
            }
            let begin = area.x + names;
            let free = if *row == Row::Talk { beside } else { 0 };
            let room = area.right().saturating_sub(begin + free);
            for (button, x, word) in places(*row, self.side, room, canvas.keys) {
                let action = action(button, self.side);
                let weight = self.weight(button, &action);
                let label = if word { button.label } else { "" };
                canvas.button_that(begin + x, y, area.right(), Some(button.key), label, action, weight);
            }
        }
    }

    fn weight(&self, button: &Button, action: &Action) -> Weight {
        match action {
            Action::End(_, EndCommand::Call { call, .. })
                if self.end.refuses(call) || self.session.refused_target(self.side, call).is_some() =>
            {
                Weight::Refused
            }
            _ if self.likely.iter().any(|other| other.key == button.key) => Weight::Likely,
            _ => Weight::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each button of the table is in one row at most, and in one if it is about an end.
    #[test]
    fn every_button_of_an_end_is_in_a_row() {
        for spec in table::TABLE {
            for button in spec.buttons {
                let rows = Row::ALL
                    .into_iter()
                    .filter(|row| row.buttons(Side::Server).any(|other| other.key == button.key));
                let of_an_end = match spec.verb {
                    Verb::End(_) => true,
                    Verb::Screen(command) => is_of_an_end(command) || spec.group == CommandGroup::Program,
                    Verb::Wire(_) => false,
                };
                assert_eq!(rows.count(), usize::from(of_an_end), "{}", spec.name);
            }
        }
    }

    /// Where both ends have their buttons, every one has a place; where one has, all but those of the last row, which `more` lists.
    #[test]
    fn every_button_has_a_place_and_none_overlaps() {
        for (room, side) in (40..=200).flat_map(|room| Side::BOTH.map(|side| (room, side))) {
            for row in Row::ALL {
                let keys = Keymap::standard();
                let places = places(row, side, room, keys);
                let mut end = 0;
                for (button, x, word) in &places {
                    assert!(*x >= end, "{room}: {}", button.label);
                    end = x + keys.button_width(Some(button.key), if *word { button.label } else { "" });
                    assert!(end <= room);
                }
                if room >= 43 {
                    assert_eq!(places.len(), row.buttons(side).count(), "{room}: {row:?}");
                }
            }
        }
    }
}
