//! The parts of the screen, one file each. A pane knows what of its subject is in sight, draws that, and decides nothing.

pub mod answer;
pub mod beside;
pub mod buttons;
pub mod diagram;
pub mod end;
pub mod guide;
pub mod header;
pub mod log;
pub mod middle;
pub mod replay_bar;
pub mod sockets;
pub mod states;
pub mod wire_bar;

use ratatui::layout::Rect;

use self::end::EndPane;
use self::log::Log;
use self::middle::MiddlePane;
use crate::command::ScreenCommand;
use crate::side::{Ends, Side};
use crate::tui::canvas::Canvas;
use crate::tui::lab_run::LabRun;
use crate::tui::layout::{self, Pane};

/// All panes, with what is in sight of each.
#[derive(Debug, Default)]
pub struct Panes {
    /// The ends' columns.
    pub ends: Ends<EndPane>,
    /// The diagram.
    pub middle: MiddlePane,
    /// The log.
    pub log: Log,
    /// The pane that has all of the screen's body; none when all have their places.
    pub zoom: Option<Pane>,
}

impl Panes {
    /// Forgets what was shown of another lab; the zoom and the choice of a diagram stay.
    pub fn restart(&mut self) {
        self.middle.restart();
        self.ends = Ends::default();
        self.log = Log::default();
    }

    /// Shows the other diagram, also where another pane is zoomed.
    pub fn turn_middle(&mut self) {
        self.middle.turn();
        self.zoom = self.zoom.map(|_| Pane::Middle);
    }

    /// Gives the body to the next pane, after the last to all of them.
    pub const fn zoom_next(&mut self) {
        self.zoom = match self.zoom {
            None => Some(Pane::Middle),
            Some(Pane::Middle) => Some(Pane::End),
            Some(Pane::End) => Some(Pane::Log),
            Some(Pane::Log) => None,
        };
    }

    /// The places of the panes on a screen of this size; none when it is too small.
    pub fn map(&self, screen: Rect, run: &LabRun, focus: Side) -> Option<layout::ScreenLayout> {
        let reason = header::reason(&run.session).is_some() || run.replay.is_some();
        let map = layout::map(screen, focus, reason, run.tour.is_some())?;
        Some(self.zoom.map_or(map, |pane| map.zoomed(pane, focus)))
    }

    /// Draws the screen without its dialogs; `focus` has the keys, and `status` is what the bottom line says.
    pub fn draw(
        &mut self,
        canvas: &mut Canvas,
        map: &layout::ScreenLayout,
        run: &LabRun,
        focus: Side,
        status: Option<&str>,
    ) {
        let session = &run.session;
        // What has lost its place to a zoomed pane, or has none in three columns.
        let also: &[ScreenCommand] = match (self.zoom, map.other) {
            (Some(Pane::End | Pane::Log), _) => &[ScreenCommand::Zoom, ScreenCommand::OtherEnd],
            (Some(Pane::Middle), _) | (None, None) => &[ScreenCommand::OtherEnd],
            (None, Some(_)) => &[],
        };
        header::draw(canvas, map.header, session, focus, also);
        if let (Some(area), Some(replay)) = (map.reason, &run.replay) {
            replay_bar::draw(canvas, area, replay);
        } else if let (Some(area), Some(reason)) = (map.reason, header::reason(session)) {
            let style = canvas.theme.strong();
            canvas.put_cut(area.x + 1, area.y, area.right(), &reason, style);
        }
        if let Some(area) = map.other {
            sockets::one_line(canvas, area, session, focus.other());
        }
        for (side, area) in map.ends.iter() {
            let Some(area) = *area else { continue };
            self.ends[side].draw(canvas, area, session, side, focus);
            let bar = match side {
                Side::Client => area.right(),
                Side::Server => area.x.saturating_sub(1),
            };
            if self.zoom.is_none() {
                canvas.bar(bar, area.y, area.bottom());
            }
        }
        self.middle.draw(canvas, map.diagram, session, focus);
        self.log.update(&session.transcript);
        match &run.tour {
            // Zoomed, it is the log that is wanted.
            Some(tour) if self.zoom.is_none() => guide::draw(canvas, map.log, tour),
            _ => self.log.draw(canvas, map.log, &session.transcript),
        }
        let hint = run.replay.as_ref().map(|_| replay_bar::KEYS);
        header::status(canvas, map.status, status.or(hint));
    }
}
