//! The top lines: what this is, where it runs, who gets the keys; and the bottom one.

use ratatui::layout::Rect;

use crate::command::{ScreenCommand, table};
use crate::session::{LabKind, Session};
use crate::side::Side;
use crate::text::{width, wrap_to};
use crate::tui::canvas::{Canvas, button_width};
use crate::tui::hit::Action;

/// The buttons at the right, the last one first.
const BUTTONS: [ScreenCommand; 4] = [
    ScreenCommand::Quit,
    ScreenCommand::Help,
    ScreenCommand::Prompt,
    ScreenCommand::Scenarios,
];

/// The top line; `also` stands here too, where it has no other place.
pub fn draw(canvas: &mut Canvas, area: Rect, session: &Session, focus: Side, also: &[ScreenCommand]) {
    let mut right = area.right();
    for command in BUTTONS.into_iter().chain(also.iter().copied()) {
        for button in table::of_screen(command).buttons {
            let wide = button_width(Some(button.key), button.label);
            right = right.saturating_sub(wide);
            canvas.button(
                right,
                area.y,
                right + wide,
                Some(button.key),
                button.label,
                Action::Screen(None, command),
            );
            right = right.saturating_sub(1);
        }
    }
    let kind = match session.lab.kind {
        LabKind::Isolated => "isolated lab",
        LabKind::Loopback(_) => "loopback lab",
    };
    let addresses = &session.lab.addresses;
    let strong = canvas.theme.strong();
    let mut x = canvas.put(area.x + 1, area.y, right, "finwait", strong);
    // Whole words or none.
    for word in [
        kind.to_owned(),
        if addresses.client == addresses.server {
            addresses.client.to_string()
        } else {
            format!("{} <-> {}", addresses.client, addresses.server)
        },
        format!("keys: {focus}"),
    ] {
        if usize::from(right.saturating_sub(x)) >= width(&word) + 2 {
            x = canvas.put(x + 2, area.y, right, &word, canvas.theme.text());
        }
    }
}

/// Returns why this is only the loopback lab, and what is lost; none in an isolated lab, and where loopback was asked for.
pub fn reason(session: &Session) -> Option<String> {
    match &session.lab.kind {
        LabKind::Loopback(Some(why)) => Some(format!("No wire and no host settings here: {why}")),
        LabKind::Loopback(None) | LabKind::Isolated => None,
    }
}

/// The bottom line: what was refused, else what the hands can do.
pub fn status(canvas: &mut Canvas, area: Rect, text: Option<&str>) {
    match text {
        Some(text) => {
            // All of the sentence: over the log's last lines, where one line is too short for it.
            let lines = wrap_to(text, usize::from(area.width.saturating_sub(2)), 3);
            let more = (lines.len() as u16).saturating_sub(1).min(area.y);
            let area = Rect::new(area.x, area.y - more, area.width, more + 1);
            canvas.clear(area);
            let style = canvas.theme.strong();
            for (line, y) in lines.iter().zip(area.y..area.bottom()) {
                canvas.put(area.x + 1, y, area.right(), line, style);
            }
        }
        None => {
            const HINTS: [&str; 5] = [
                "click or key: press",
                "Tab, arrows, Enter: mark, press",
                "right click or E: change arguments",
                "1 2: ends",
                "PgUp PgDn: log",
            ];
            let style = canvas.theme.dim();
            let mut x = area.x + 1;
            for hint in HINTS {
                if usize::from(area.right().saturating_sub(x)) > width(hint) {
                    x = canvas.put(x, area.y, area.right(), hint, style) + 3;
                }
            }
        }
    }
}
