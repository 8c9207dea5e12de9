//! The wire: under its title with the wire's buttons a diagram, of time or of states.

use ratatui::layout::Rect;

use super::diagram::Diagram;
use super::{states, wire_buttons};
use crate::command::{ScreenCommand, table};
use crate::session::Session;
use crate::session::connections::ConnectionNo;
use crate::session::edges::Coverage;
use crate::text::width;
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::layout;
use crate::tui::shown::{Shown, ShownConnection};
use crate::wire::flow::PacketNo;

/// The diagram that is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Picture {
    /// Calls and segments in the order of time.
    #[default]
    Sequence,
    /// RFC 9293's figure 5.
    States,
}

/// The parts of the wire and of the states that are in sight.
#[derive(Debug, Default)]
pub struct WirePane {
    picture: Picture,
    diagram: Diagram,
    coverage: Coverage,
    /// The packet on the wire that the user chose; the oldest is meant when it is gone.
    chosen: Option<PacketNo>,
}

impl WirePane {
    /// Forgets what was shown of another lab; the same diagram stays.
    pub fn restart(&mut self) {
        *self = WirePane {
            picture: self.picture,
            ..WirePane::default()
        };
    }

    /// Shows the other diagram.
    pub const fn turn(&mut self) {
        self.picture = match self.picture {
            Picture::Sequence => Picture::States,
            Picture::States => Picture::Sequence,
        };
    }

    /// Scrolls the diagram of time.
    pub fn scroll(&mut self, lines: i64) {
        let range = self.diagram.range();
        self.diagram.scroll.by(range, lines);
    }

    /// The packet on the wire that the keys act on: the one that the user chose, else the oldest that waits for them.
    pub fn chosen(&self, session: &Session) -> Option<PacketNo> {
        let held = &session.wire.held;
        let next = || session.next_held();
        self.chosen.filter(|no| held.contains_key(no)).or_else(next)
    }

    /// Chooses this packet on the wire; returns whether another one was chosen before, or none.
    pub fn choose(&mut self, session: &Session, no: PacketNo) -> bool {
        let chooses = session.wire.held.contains_key(&no) && self.chosen(session) != Some(no);
        if chooses {
            self.chosen = Some(no);
        }
        chooses
    }

    /// Chooses the packet on the wire so many after the chosen one, or before it, and shows it; returns whether there is any.
    pub fn choose_by(&mut self, session: &Session, delta: isize) -> bool {
        let all: Vec<PacketNo> = session.wire.held.keys().copied().collect();
        let Some(last) = all.len().checked_sub(1) else {
            return false;
        };
        let chosen = self.chosen(session);
        let at = all.iter().position(|no| Some(*no) == chosen).unwrap_or(0);
        let no = all[at.saturating_add_signed(delta).min(last)];
        self.chosen = Some(no);
        self.diagram.show(no);
        true
    }

    /// Takes in what the transcript has gained.
    pub fn update(&mut self, session: &Session, shown: &Shown) {
        self.diagram.update(session, shown);
        self.coverage.update(&session.transcript);
    }

    /// Draws the title with the buttons, and the diagram.
    pub fn draw(&mut self, canvas: &mut Canvas, area: Rect, session: &Session, shown: &Shown) {
        if area.is_empty() {
            return;
        }
        let (title, body) = layout::top(area, 1);
        match self.picture {
            Picture::States => states::draw(canvas, body, session, &self.coverage),
            Picture::Sequence => {
                let chosen = self.chosen(session);
                self.diagram.draw(canvas, body, session, chosen);
            }
        }
        self.title(canvas, title, session, shown);
    }

    /// Draws the last few arrows, with room between them.
    pub fn arrows(&self, canvas: &mut Canvas, area: Rect, session: &Session) {
        if area.height > 1 {
            self.diagram.arrows(canvas, area, session, true);
        }
    }

    /// Draws the title: the wire's buttons where there is room, what is out of sight, the other diagram, the zoom.
    fn title(&self, canvas: &mut Canvas, area: Rect, session: &Session, shown: &Shown) {
        let name = match self.picture {
            Picture::Sequence => "the wire",
            Picture::States => "the states",
        };
        let mut x = canvas.title(area, name, true);
        let mut right = area.right().saturating_sub(1);
        for command in [ScreenCommand::Zoom, ScreenCommand::States] {
            for button in table::of_screen(command).buttons {
                right = right.saturating_sub(canvas.button_width(Some(button.key), button.label));
                let action = Action::Screen(None, command);
                canvas.button(right, area.y, area.right(), Some(button.key), button.label, action);
            }
        }
        if layout::has_both_ends(area.width) {
            x = wire_buttons::line(canvas, x + 1, area.y, right, session);
        }
        x = tabs(canvas, (x + 1, right), area.y, session, shown);
        if self.picture == Picture::Sequence {
            let (above, below) = self.diagram.out_of_sight();
            let said = match (above, below) {
                (0, 0) => return,
                (above, 0) => format!(" \u{2191} {above} earlier "),
                (0, below) => format!(" \u{2193} {below} later "),
                (above, below) => format!(" \u{2191} {above} \u{2193} {below} "),
            };
            if usize::from(right.saturating_sub(x)) > width(&said) {
                canvas.put_right(x, area.y, right - 1, &said, canvas.theme.strong());
            }
        }
    }
}

/// Draws a tab for each connection where there are several, and one for all of them, from the left on: those that are there stay in their
/// places when another comes. Returns where they end.
fn tabs(canvas: &mut Canvas, (left, right): (u16, u16), y: u16, session: &Session, shown: &Shown) -> u16 {
    let count = session.connection_count();
    if count < 2 {
        return left;
    }
    let alone = shown.alone(session);
    let name = |connection: ShownConnection| match connection {
        ShownConnection::One(ConnectionNo(no)) => no.to_string(),
        ShownConnection::All | ShownConnection::Newest => "all".to_owned(),
    };
    let wide = |connection: ShownConnection| name(connection).len() as u16 + 2;
    let mut tabs = vec![ShownConnection::All];
    let mut end = left + wide(ShownConnection::All);
    for no in session.connections_after(None) {
        let tab = ShownConnection::One(no);
        end += wide(tab);
        // The one that is shown has its place, however many come before it; the key goes through those that have no room, too.
        let reserved = alone
            .filter(|alone| *alone > no)
            .map(ShownConnection::One)
            .map_or(0, wide);
        if end + reserved >= right {
            break;
        }
        tabs.push(tab);
    }
    let is_left_out = |no: &ConnectionNo| !tabs.contains(&ShownConnection::One(*no));
    let left_out = alone.filter(is_left_out).map(ShownConnection::One);
    tabs.extend(left_out);
    let mut x = left;
    for connection in tabs {
        let on = match connection {
            ShownConnection::One(no) => alone == Some(no),
            ShownConnection::All | ShownConnection::Newest => alone.is_none(),
        };
        let name = name(connection);
        let place = Rect::new(x, y, wide(connection), 1);
        if place.right() >= right {
            break;
        }
        let action = Action::ShowConnection(connection);
        let style = if on {
            canvas.theme.selected()
        } else {
            canvas.theme.button()
        };
        canvas.put(x, y, right, &format!(" {name} "), style);
        canvas.hits.add(place, action.clone(), true);
        if canvas.is_picked(place, &action) {
            let picked = canvas.theme.picked();
            canvas.tint(place, picked);
        }
        x = place.right();
    }
    x
}
