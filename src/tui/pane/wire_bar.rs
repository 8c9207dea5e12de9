//! The wire's buttons, under the diagram: how segments pass, and what becomes of those that it holds.

use ratatui::layout::Rect;

use crate::clock::human;
use crate::command::ScreenCommand;
use crate::command::table::{self, Button, CommandGroup};
use crate::session::Session;
use crate::side::Side;
use crate::tui::canvas::{Canvas, button_width};
use crate::tui::hit::Action;
use crate::wire::queue::Mode;

/// Screen commands that are about the wire, and stand with its buttons.
const OF_THE_WIRE: [ScreenCommand; 4] = [
    ScreenCommand::ForgeDialog,
    ScreenCommand::WireRules,
    ScreenCommand::HeldBefore,
    ScreenCommand::HeldAfter,
];

/// A button, its label, and what it does.
struct Item {
    button: &'static Button,
    label: String,
    action: Action,
}

/// The buttons, the few that come first where there is no room for all in front; while nothing is held, those only.
fn items(session: &Session) -> Vec<Item> {
    let mode = session.wire.mode;
    let wire = table::TABLE.iter().filter(|spec| spec.group == CommandGroup::Wire);
    let buttons = wire.flat_map(|spec| spec.buttons.iter().map(move |button| (*spec, button)));
    let wire = buttons.map(|(spec, button)| Item {
        button,
        label: match (spec.name, mode, session.wire.held.len()) {
            ("mode", Mode::Flow, 0) => "step: off".to_owned(),
            ("mode", Mode::Flow, n) => format!("step: off, {n} held"),
            ("mode", Mode::Slow(time), 0) => format!("slow: {}", human(time.into())),
            ("mode", Mode::Slow(time), n) => format!("slow: {}, {n} on it", human(time.into())),
            ("mode", Mode::Step, n) => format!("step: ON, {n} held"),
            _ => button.label.to_owned(),
        },
        action: action(button),
    });
    let screen = OF_THE_WIRE.into_iter().flat_map(|command| {
        let spec = table::of_screen(command);
        spec.buttons.iter().map(move |button| Item {
            button,
            label: button.label.to_owned(),
            action: action(button),
        })
    });
    let mut items: Vec<Item> = wire.chain(screen).collect();
    items.sort_by_key(|item| !item.button.primary);
    items.retain(|item| item.button.primary || !session.wire.held.is_empty());
    items
}

/// The action of a button that is about neither end.
fn action(button: &Button) -> Action {
    (button.command)(Side::Client).into()
}

/// Returns the number of lines that the buttons would like to have.
pub fn rows_wanted(session: &Session, width: u16) -> u16 {
    let (mut x, mut rows) = (0, 1);
    for item in items(session) {
        let wide = button_width(Some(item.button.key), &item.label);
        if x > 0 && x + wide > width {
            (x, rows) = (0, rows + 1);
        }
        x += wide + 1;
    }
    rows
}

/// Draws as many of the buttons as there is room for.
pub fn draw(canvas: &mut Canvas, area: Rect, session: &Session) {
    let right = area.right();
    let (mut x, mut y) = (area.x, area.y);
    for item in items(session) {
        let wide = button_width(Some(item.button.key), &item.label);
        if x > area.x && x + wide > right {
            (x, y) = (area.x, y + 1);
        }
        if y >= area.bottom() {
            return;
        }
        x = canvas.button(x, y, right, Some(item.button.key), &item.label, item.action) + 1;
    }
}
