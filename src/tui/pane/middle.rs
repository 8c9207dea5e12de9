//! The middle: a diagram, of time or of states, and under it the wire's buttons.

use ratatui::layout::Rect;

use super::diagram::Diagram;
use super::{states, wire_bar};
use crate::session::edges::Coverage;
use crate::session::{LabKind, Session};
use crate::side::Side;
use crate::tui::canvas::Canvas;
use crate::tui::layout;
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
pub struct MiddlePane {
    picture: Picture,
    diagram: Diagram,
    coverage: Coverage,
    /// The packet on the wire that the user chose; the oldest is meant when it is gone.
    chosen: Option<PacketNo>,
}

impl MiddlePane {
    /// Forgets what was shown of another lab; the same diagram stays.
    pub fn restart(&mut self) {
        *self = MiddlePane {
            picture: self.picture,
            ..MiddlePane::default()
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

    /// Draws the diagram, and the wire's buttons.
    pub fn draw(&mut self, canvas: &mut Canvas, area: Rect, session: &Session, focus: Side) {
        self.diagram.update(&session.transcript);
        self.coverage.update(&session.transcript);
        let wanted = match session.lab.kind {
            LabKind::Isolated => wire_bar::rows_wanted(session, area.width),
            LabKind::Loopback(_) => 0,
        };
        let (picture, bar) = layout::diagram(area, wanted);
        match self.picture {
            Picture::States => states::draw(canvas, picture, session, &self.coverage),
            Picture::Sequence => {
                let chosen = self.chosen(session);
                self.diagram.draw(canvas, picture, session, focus, chosen);
            }
        }
        wire_bar::draw(canvas, bar, session);
    }
}
