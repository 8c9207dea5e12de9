//! The top line: what this is, where it runs, how segments pass on the wire, and the way to everything else.

use ratatui::layout::Rect;

use super::wire_buttons;
use crate::command::{ScreenCommand, table};
use crate::lab::facts::CapturedConnection;
use crate::session::{LabKind, Session};
use crate::text::{harmless, width};
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::wire::link::Profile;

/// The buttons at the right, the last one first.
const BUTTONS: [ScreenCommand; 5] = [
    ScreenCommand::Quit,
    ScreenCommand::Help,
    ScreenCommand::Prompt,
    ScreenCommand::Scenarios,
    ScreenCommand::NewLab,
];

/// The width from which on the buttons have their words, in columns.
const WORDS: u16 = 110;

/// Draws the top line.
pub fn draw(canvas: &mut Canvas, area: Rect, session: &Session) {
    let mut right = area.right();
    let words = area.width >= WORDS;
    for command in BUTTONS {
        for button in table::of_screen(command).buttons {
            let label = if words { button.label } else { "" };
            let wide = canvas.button_width(Some(button.key), label);
            right = right.saturating_sub(wide);
            let action = Action::Screen(None, command);
            canvas.button(right, area.y, right + wide, Some(button.key), label, action);
        }
    }
    right = wire_buttons::modes(canvas, area.y, right.saturating_sub(1), session);
    let kind = match (&session.lab.capture, &session.lab.kind) {
        (Some(capture), _) => return of_capture(canvas, area, right, capture),
        (None, LabKind::Isolated) if session.lab.offload => "isolated lab with offload",
        (None, LabKind::Isolated) => "isolated lab",
        (None, LabKind::Loopback(_)) => "loopback lab",
    };
    let addresses = &session.lab.addresses;
    let strong = canvas.theme.strong();
    let mut x = canvas.put(area.x + 1, area.y, right, "finwait", strong);
    // Whole words or none.
    let room = |x: u16, word: &str| usize::from(right.saturating_sub(x)) >= width(word) + 3;
    let between = match addresses.client == addresses.server {
        true => addresses.client.to_string(),
        false => format!("{} \u{21c4} {}", addresses.client, addresses.server),
    };
    // What is out of the ordinary comes before what every lab has.
    let link = link(session).into_iter().find(|link| room(x, link)).unwrap_or_default();
    let reserved = match link.is_empty() {
        true => 0,
        false => width(&link) as u16 + 2,
    };
    let mut put = |x: &mut u16, word: &str| *x = canvas.put(*x + 2, area.y, right, word, canvas.theme.text());
    if room(x + reserved, kind) {
        put(&mut x, kind);
    }
    if !link.is_empty() {
        put(&mut x, &link);
    }
    if room(x, &between) {
        put(&mut x, &between);
    }
}

/// The link in force in words, the longest form first: `link 3g from server`, `3g from server`, `3g`, `link`; none without one.
fn link(session: &Session) -> Vec<String> {
    let links = &session.wire.link;
    let from = match (links.client, links.server) {
        (None, None) => return Vec::new(),
        (Some(_), Some(_)) => "",
        (Some(_), None) => " from client",
        (None, Some(_)) => " from server",
    };
    let named = Profile::of(links).map(Profile::name).into_iter();
    let named = named.flat_map(|name| [format!("link {name}{from}"), format!("{name}{from}"), name.to_owned()]);
    named.chain([format!("link{from}"), "link".to_owned()]).collect()
}

/// Says that a capture is shown: of which file, and which connection.
fn of_capture(canvas: &mut Canvas, area: Rect, right: u16, capture: &CapturedConnection) {
    let strong = canvas.theme.strong();
    let mut x = canvas.put(area.x + 1, area.y, right, "finwait", strong);
    let addresses = &capture.addresses;
    for word in [
        "capture, no kernel asked".to_owned(),
        format!("connection {} of {}", capture.connection, harmless(&capture.file)),
        format!("{} \u{21c4} {}", addresses.client, addresses.server),
    ] {
        if usize::from(right.saturating_sub(x)) >= width(&word) + 3 {
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
