//! The wire's buttons: how segments pass, and what becomes of those that it holds. They stand in the wire's title where that is wide enough,
//! else in a block beside the end's; always in the same places, whether anything is held or not.

use ratatui::layout::Rect;

use crate::command::Command;
use crate::command::ScreenCommand;
use crate::command::spec::{Button, CommandGroup, Verb};
use crate::command::table;
use crate::command::wire::{ModeChoice, WireCommand, WireVerb};
use crate::session::{LabKind, Session};
use crate::side::Side;
use crate::tui::canvas::{Canvas, Weight};
use crate::tui::hit::Action;
use crate::wire::queue::{Mode, SLOW};

/// Screen commands that are about the wire, and stand with its buttons.
const OF_THE_WIRE: [ScreenCommand; 4] = [
    ScreenCommand::ForgeDialog,
    ScreenCommand::WireRules,
    ScreenCommand::HeldBefore,
    ScreenCommand::HeldAfter,
];

/// The buttons but for that of the mode, those with words first.
fn buttons() -> impl Iterator<Item = &'static Button> {
    let of_it = |primary: bool| {
        let wire = table::TABLE
            .iter()
            .filter(|spec| spec.group == CommandGroup::Wire && spec.verb != Verb::Wire(WireVerb::Mode))
            .copied();
        let screen = OF_THE_WIRE.into_iter().map(table::of_screen);
        wire.chain(screen)
            .flat_map(|spec| spec.buttons)
            .filter(move |button| button.primary == primary)
    };
    of_it(true).chain(of_it(false))
}

/// All of them, that of the mode first.
pub fn all() -> impl Iterator<Item = &'static Button> {
    let mode = table::row(Verb::Wire(WireVerb::Mode)).buttons.iter();
    mode.chain(buttons())
}

/// The action of a button that is about neither end.
fn action(button: &Button) -> Action {
    (button.command)(Side::Client).into()
}

/// Is it likely to be wanted: does the wire hold something that it acts on?
fn weight(button: &Button, session: &Session) -> Weight {
    match (button.command)(Side::Client) {
        Command::Wire(WireCommand::Deliver(_) | WireCommand::Drop(_))
            if !session.wire.held.is_empty() && button.primary =>
        {
            Weight::Likely
        }
        _ => Weight::Plain,
    }
}

/// The width of the block beside an end's buttons on a screen of this width, in columns.
pub const fn width(screen: u16) -> u16 {
    if screen >= 80 { 29 } else { 16 }
}

/// Draws them in one line, from `x` on; returns where they end.
pub fn line(canvas: &mut Canvas, mut x: u16, y: u16, right: u16, session: &Session) -> u16 {
    if session.lab.kind != LabKind::Isolated || session.lab.capture.is_some() {
        return x;
    }
    for button in buttons() {
        let label = if button.primary { button.label } else { "" };
        x = canvas.button_that(
            x,
            y,
            right,
            Some(button.key),
            label,
            action(button),
            weight(button, session),
        );
        x += u16::from(button.primary);
    }
    x
}

/// The line of the block in which a button stands; none where the block has no room for it.
fn line_of(button: &Button, roomy: bool) -> Option<usize> {
    match (button.command)(Side::Client) {
        Command::Wire(WireCommand::Deliver(_) | WireCommand::Drop(_)) if button.primary || roomy => Some(0),
        Command::Wire(WireCommand::Deliver(_) | WireCommand::Drop(_)) => Some(1),
        Command::Screen(ScreenCommand::ForgeDialog) => Some(1),
        Command::Wire(_) if roomy => Some(1),
        Command::Screen(ScreenCommand::HeldBefore | ScreenCommand::HeldAfter) if !roomy => None,
        _ => Some(2),
    }
}

/// Draws them in a block of three lines.
pub fn block(canvas: &mut Canvas, area: Rect, session: &Session) {
    if session.lab.kind != LabKind::Isolated || session.lab.capture.is_some() {
        canvas.put_right(area.x, area.y, area.right() - 1, "no wire here", canvas.theme.dim());
        return;
    }
    canvas.bar(area.x, area.y, area.bottom());
    let roomy = area.width > 20;
    for (nth, y) in (area.y..area.bottom()).enumerate() {
        let mut x = area.x + 1;
        for button in buttons().filter(|button| line_of(button, roomy) == Some(nth)) {
            // Of the first line, a narrow block has room for one word.
            let first = x == area.x + 1;
            let word = button.primary && (roomy || first);
            let label = if word { button.label } else { "" };
            x = canvas.button_that(
                x,
                y,
                area.right(),
                Some(button.key),
                label,
                action(button),
                weight(button, session),
            );
            x += u16::from(word && roomy);
        }
    }
}

/// Draws the wire's modes, the one in force filled and in capitals; so that they end at `right`; before them the number
/// of rules in force, where there are any. Returns where they begin.
pub fn modes(canvas: &mut Canvas, y: u16, right: u16, session: &Session) -> u16 {
    if session.lab.kind != LabKind::Isolated || session.lab.capture.is_some() {
        return right;
    }
    let now = session.wire.mode;
    let slow = match now {
        Mode::Slow(time) => Mode::Slow(time),
        Mode::Flow | Mode::Step | Mode::StepAll => Mode::Slow(SLOW),
    };
    let step = if now.is_step() { now } else { Mode::Step };
    let modes = [Mode::Flow, slow, step];
    let name = |mode: Mode| match mode {
        mode if mode != now => mode.name().to_owned(),
        // In its place whatever the time: the time stands where the word would be.
        Mode::Slow(time) if time != SLOW => format!("{:.1}s", f64::from(time.0) / 1000.0).chars().take(4).collect(),
        // In the place of the word alone.
        Mode::StepAll => "ALL".to_owned(),
        mode => mode.name().to_uppercase(),
    };
    let room = |mode: Mode| match mode {
        Mode::StepAll => Mode::Step.name().len(),
        mode => mode.name().len(),
    };
    let wide: u16 = modes.iter().map(|mode| room(*mode) as u16 + 2).sum();
    let key = table::row(Verb::Wire(WireVerb::Mode)).buttons.first();
    let wire = key.map_or(0, |button| canvas.button_width(Some(button.key), "wire"));
    let begin = right.saturating_sub(wide + wire);
    let mut x = begin;
    if let Some(button) = key {
        x = canvas.button(x, y, right, Some(button.key), "wire", action(button));
    }
    for mode in modes {
        let on = mode == now;
        let name = format!("{:<width$}", name(mode), width = room(mode));
        let choice = match mode {
            Mode::Flow => ModeChoice::Flow,
            Mode::Slow(_) => ModeChoice::Slow(None),
            Mode::Step | Mode::StepAll => ModeChoice::Step,
        };
        let action = Action::Wire(WireCommand::Mode(choice));
        let area = Rect::new(x, y, name.len() as u16 + 2, 1);
        let style = if on {
            canvas.theme.button_likely()
        } else {
            canvas.theme.button()
        };
        canvas.put(x, y, right, &format!(" {name} "), style);
        if canvas.is_picked(area, &action) {
            let picked = canvas.theme.picked();
            canvas.tint(area, picked);
        }
        canvas.hits.add(area, action, true);
        x = area.right();
    }
    rules(canvas, y, begin, session)
}

/// The columns before the modes from which on there is room for a word about the rules beside the program's name.
const ROOM_FOR_RULES: u16 = 26;

/// Draws how many rules the wire has in force, so that it ends at `right`, in every mode and at every size: what they do, the mode does not show.
/// Returns where it begins.
fn rules(canvas: &mut Canvas, y: u16, right: u16, session: &Session) -> u16 {
    let in_force = session.wire.rules.iter().filter(|rule| rule.on);
    let label = match in_force.count() {
        0 => return right,
        count if right < ROOM_FOR_RULES => count.to_string(),
        1 => "1 rule".to_owned(),
        count => format!("{count} rules"),
    };
    let mut begin = right;
    for button in table::of_screen(ScreenCommand::WireRules).buttons {
        begin = right.saturating_sub(canvas.button_width(Some(button.key), &label));
        canvas.button_that(
            begin,
            y,
            right,
            Some(button.key),
            &label,
            action(button),
            Weight::Likely,
        );
    }
    begin
}
