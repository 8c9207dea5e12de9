//! The parts of the screen, one file each. A pane knows what of its subject is in sight, draws that, and decides nothing.

pub mod answer;
pub mod beside;
pub mod buttons;
pub mod details;
pub mod diagram;
pub mod flash;
pub mod guide;
pub mod header;
pub mod hint;
pub mod log;
pub mod now;
pub mod pipes;
pub mod plates;
pub mod presenter;
pub mod programs;
pub mod replay_bar;
pub mod sockets;
pub mod states;
pub mod wire;
pub mod wire_buttons;

use ratatui::layout::Rect;

use self::details::Details;
use self::flash::Flash;
use self::log::Log;
use self::programs::ProgramsPane;
use self::wire::WirePane;
use crate::command::{ScreenCommand, table};
use crate::side::{Ends, Side};
use crate::tui::canvas::Canvas;
use crate::tui::hit::Action;
use crate::tui::lab_run::LabRun;
use crate::tui::layout::{self, Pane};
use crate::tui::shown::Shown;
use crate::tui::tour::Tour;
use crate::tui::tries::Tries;

/// All panes, with what is in sight of each.
#[derive(Debug, Default)]
pub struct Panes {
    /// The ends' details.
    pub details: Ends<Details>,
    /// The wire's diagrams.
    pub wire: WirePane,
    /// The log.
    pub log: Log,
    /// The programs of both ends.
    pub programs: ProgramsPane,
    /// The pane that has all between the header and the buttons; none when all have their places.
    pub zoom: Option<Pane>,
    tries: Tries,
    /// The states that have just changed.
    pub flash: Flash,
    /// Whether the dialog that asks for a prediction is open: nothing may tell the answer.
    pub asks: bool,
    /// The guide.
    pub guide: guide::Guide,
    /// Whether the presenter has the whole screen.
    pub presents: bool,
}

impl Panes {
    /// Forgets what was shown of another lab; the zoom and the choice of a diagram stay.
    pub fn restart(&mut self) {
        self.wire.restart();
        self.details = Ends::default();
        self.tries = Tries::default();
        self.flash = Flash::default();
        self.guide = guide::Guide::default();
        self.log = Log::default();
        self.programs = ProgramsPane::default();
    }

    /// Shows the other diagram, also where another pane is zoomed.
    pub fn turn_wire(&mut self) {
        self.wire.turn();
        self.zoom = self.zoom.map(|_| Pane::Wire);
    }

    /// Zooms the next pane, after the last none.
    pub const fn zoom_next(&mut self) {
        self.zoom = match self.zoom {
            None => Some(Pane::Wire),
            Some(Pane::Wire) => Some(Pane::End),
            Some(Pane::End) => Some(Pane::Log),
            Some(Pane::Log) => None,
        };
    }

    /// The places of the panes on a screen of this size; none when it is too small.
    pub fn map(&self, screen: Rect, run: &LabRun) -> Option<layout::ScreenLayout> {
        let reason = header::reason(&run.session).is_some() || run.replay.is_some();
        let map = layout::map(screen, reason, run.tour.is_some())?;
        Some(self.zoom.map_or(map, |pane| map.zoomed(pane)))
    }

    #[allow(clippy::too_many_arguments)] // the whole screen
    /// Draws the screen without its dialogs; `focus` has the keys, `said` is something that the user should read, which the presenter shows.
    pub fn draw(
        &mut self,
        canvas: &mut Canvas,
        map: &layout::ScreenLayout,
        run: &LabRun,
        focus: Side,
        shown: &Shown,
        said: Option<&str>,
    ) {
        let session = &run.session;
        self.wire.update(session, shown);
        self.log.update(&session.transcript);
        self.programs.update(session);
        // In a recording time stands still.
        if run.replay.is_none() {
            self.flash.update(session, canvas.now);
        }
        if self.presents {
            presenter::draw(canvas, map.screen(), run, &self.wire, said);
            return;
        }
        self.tries.update(session, focus, canvas.now);
        header::draw(canvas, map.header, session);
        if let (Some(area), Some(replay)) = (map.reason, &run.replay) {
            replay_bar::draw(canvas, area, replay);
        } else if let (Some(area), Some(reason)) = (map.reason, header::reason(session)) {
            let style = canvas.theme.strong();
            canvas.put_cut(area.x + 1, area.y, area.right(), &reason, style);
        }
        let flash = Ends::from_fn(|side| self.flash.is_on(side, canvas.now));
        plates::draw(canvas, &map.plates, session, focus, &shown.unfolded, flash);
        self.wire.draw(canvas, map.wire, session, shown);
        // A recording takes no commands.
        let moves = if run.replay.is_none() {
            &self.tries.moves[..]
        } else {
            &[]
        };
        let predicted = run.tour.as_ref().is_some_and(Tour::has_prediction);
        now::draw(canvas, map.now, session, moves, !self.asks && !predicted);
        if let Some(area) = map.details {
            self.details[focus].draw(canvas, area, session, focus, shown.unfolded[focus]);
        }
        self.log.draw(canvas, map.log, &session.transcript);
        if let Some(pane @ (Pane::End | Pane::Log)) = self.zoom {
            // Where the wire's title is not, and its button.
            let title = if pane == Pane::Log { Some(map.log) } else { map.details };
            for (area, button) in title.into_iter().zip(table::of_screen(ScreenCommand::Zoom).buttons) {
                let wide = canvas.button_width(Some(button.key), button.label);
                let x = area.right().saturating_sub(wide + 1);
                let action = Action::Screen(None, ScreenCommand::Zoom);
                canvas.button(x, area.y, area.right(), Some(button.key), button.label, action);
            }
        }
        if let (Some(area), Some(tour)) = (map.guide, &run.tour) {
            self.guide.draw(canvas, area, tour, session);
        }
        let likely = &self.tries.likely;
        buttons::draw(canvas, map.buttons, session, focus, likely, &mut self.programs);
    }
}
