//! Areas that the mouse and the keyboard can reach: areas registered while drawing, the topmost (last) wins.

use ratatui::layout::{Position, Rect};
use std::sync::Arc;

use crate::call::{CallId, SocketName};
use crate::command::table::of_screen;
use crate::command::wire::WireCommand;
use crate::command::{Command, EndCommand, ScreenCommand, WriteCommand};
use crate::program::ProgramNo;
use crate::scenario::Scenario;
use crate::scenario::branch::Branch;
use crate::scenario::lesson::SideBySide;
use crate::side::Side;
use crate::state::State;
use crate::tui::dialog::state::SocketIdentity;
use crate::tui::lab_spec::ChosenLab;
use crate::tui::shown::ShownConnection;

/// The effect of a press, whether on the screen or in a dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// An end gets the keys, and does something.
    End(Side, EndCommand),
    /// Something about the wire.
    Wire(WireCommand),
    /// Something about the screen; with an end, that end gets the keys first.
    Screen(Option<Side>, ScreenCommand),
    /// An end gets the keys.
    Focus(Side),
    /// A line of the log, counted from the first that the current filter ever showed; none for the log as a whole.
    LogLine(Option<u64>),
    /// A packet of the diagram, by the number of its entry in the transcript.
    Segment(u64),
    /// Explains why a call returned what it did.
    Why(CallId),
    /// Explains what a program's line tells of, or what its system call returned, by the number of the entry.
    WhyEntry(u64),
    /// An end shows that program of its own.
    Program(Side, ProgramNo),
    /// Explains what *now* shows; where that is no call, the last call of the end that has the keys.
    WhyNow,
    /// The meaning of the state of an end's socket now.
    Meaning(Side, SocketIdentity),
    /// The meaning of a state, wherever it stands.
    Means(State),
    /// The details of an end have all of the screen.
    Details(Side),
    /// An item of the dialog on top, by the number that it gave it.
    Item(usize),
    /// The guide shows the rest of its words; after the last the first.
    MoreOfTheGuide,
    /// The dialog on top goes.
    Back,
    /// A command that was typed: it is remembered, and done.
    Typed(String, Command),
    /// The options of an end's socket are read.
    ReadOptions(Side, Option<SocketName>),
    /// The log shows that entry of the transcript.
    ShowEntry(u64),
    /// The user is guided through that scenario, in a fresh lab; asks first where that takes the place of what the user did.
    Guide(Arc<Scenario>),
    /// The same of one that runs programs, which the user has allowed.
    GuideAllowed(Arc<Scenario>),
    /// The same without a question; with `record`, what was done is written to a scenario file first.
    GuideInstead {
        /// The scenario.
        scenario: Arc<Scenario>,
        /// Whether what was done is written first.
        record: bool,
    },
    /// Two labs stand side by side, as that lesson has them.
    SideBySide(Arc<SideBySide>),
    /// A prediction of the guide's next step.
    Predict {
        /// The subject, as a check has it.
        about: String,
        /// The user's choice.
        picked: String,
    },
    /// A new lab takes the place of this one; with `record`, what was done is written to a scenario file first.
    NewLab {
        /// The kind that was chosen.
        lab: ChosenLab,
        /// Whether what was done is written first.
        record: bool,
    },
    /// The diagram shows these connections; the sockets of one that is chosen become the current ones.
    ShowConnection(ShownConnection),
    /// Both scenarios run, and are shown side by side.
    Compare(Branch),
    /// A file is written.
    Write(WriteCommand),
    /// The bottom line says this.
    Say(String),
    /// Nothing: a dialog's own ground.
    Nothing,
}

impl Action {
    /// The command that the prompt opens with, when its arguments are to be changed.
    pub fn typed(&self) -> Option<String> {
        let command = match self {
            Action::End(side, command) => Command::End(*side, command.clone()),
            Action::Wire(command) => Command::Wire(command.clone()),
            Action::Write(command) => Command::Write(command.clone()),
            Action::Screen(_, command) if !of_screen(*command).args.is_empty() => Command::Screen(*command),
            _ => return None,
        };
        Some(command.to_string())
    }
}

impl From<Command> for Action {
    fn from(command: Command) -> Action {
        match command {
            Command::End(side, command) => Action::End(side, command),
            Command::Wire(command) => Action::Wire(command),
            Command::Screen(command) => Action::Screen(None, command),
            Command::Write(command) => Action::Write(command),
        }
    }
}

/// A zone that the wheel turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// An end's list of sockets.
    Sockets(Side),
    /// An end's programs.
    Programs(Side),
    /// The diagram.
    Diagram,
    /// The log.
    Log,
    /// The guide.
    Guide,
    /// The dialog on top.
    Dialog,
}

/// A direction on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ArrowDirection {
    Left,
    Right,
    Up,
    Down,
}

/// One area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The area of the screen.
    pub area: Rect,
    /// The effect of a press, whether on the screen or in a dialog.
    pub action: Action,
    /// Does the keyboard's mark stop there?
    pub stop: bool,
}

/// All areas of the frame on the screen.
#[derive(Clone, Debug, Default)]
pub struct Hits {
    hits: Vec<Hit>,
    zones: Vec<(Rect, Zone)>,
    /// Stops before this one lie under a dialog.
    floor: usize,
}

impl Hits {
    /// Forgets all, for the next frame.
    pub fn clear(&mut self) {
        self.hits.clear();
        self.zones.clear();
        self.floor = 0;
    }

    /// Registers an area.
    pub fn add(&mut self, area: Rect, action: Action, stop: bool) {
        if !area.is_empty() {
            self.hits.push(Hit { area, action, stop });
        }
    }

    /// Registers an area for the wheel.
    pub fn zone(&mut self, area: Rect, zone: Zone) {
        self.zones.push((area, zone));
    }

    /// A dialog begins: what was registered before can no longer be reached.
    pub fn cover(&mut self, screen: Rect) {
        self.add(screen, Action::Back, false);
        self.zones.push((screen, Zone::Dialog));
        self.floor = self.hits.len();
    }

    /// All areas, the topmost last.
    pub fn all(&self) -> &[Hit] {
        &self.hits
    }

    /// The action under a point.
    pub fn at(&self, point: Position) -> Option<&Action> {
        self.hits
            .iter()
            .rev()
            .find(|hit| hit.area.contains(point))
            .map(|hit| &hit.action)
    }

    /// The zone that the wheel turns at a point.
    pub fn zone_at(&self, point: Position) -> Option<Zone> {
        self.zones
            .iter()
            .rev()
            .find(|(area, _)| area.contains(point))
            .map(|(_, zone)| *zone)
    }

    /// The stops in the order of drawing. What stands in several places is one: Tab would go round between two of its places otherwise.
    fn stops(&self) -> Vec<&Hit> {
        let mut stops: Vec<&Hit> = Vec::new();
        for hit in self.hits.iter().skip(self.floor).filter(|hit| hit.stop) {
            if !stops.iter().any(|other| other.action == hit.action) {
                stops.push(hit);
            }
        }
        stops
    }

    /// The stop after `mark`, or before it; from nowhere, the first that `begin` likes.
    pub fn next(&self, mark: Option<&Action>, backwards: bool, begin: impl Fn(&Action) -> bool) -> Option<Action> {
        let stops = self.stops();
        let count = stops.len();
        let here = mark.and_then(|mark| stops.iter().position(|hit| hit.action == *mark));
        let next = match here {
            None => stops.iter().position(|hit| begin(&hit.action)).unwrap_or(0),
            Some(here) if backwards => (here + count - 1) % count,
            Some(here) => (here + 1) % count,
        };
        stops.get(next).map(|hit| hit.action.clone())
    }

    /// The nearest stop from `mark` in a direction; none when there is none.
    pub fn toward(&self, mark: &Action, toward: ArrowDirection) -> Option<Action> {
        let stops = self.stops();
        let from = stops.iter().find(|hit| hit.action == *mark)?.area;
        let centre = |area: Rect| {
            (
                i32::from(area.x) * 2 + i32::from(area.width),
                i32::from(area.y) * 2 + i32::from(area.height),
            )
        };
        let (x, y) = centre(from);
        stops
            .into_iter()
            .filter(|hit| hit.action != *mark)
            .filter_map(|hit| {
                let (to_x, to_y) = centre(hit.area);
                let (right, down) = (to_x - x, to_y - y);
                let (along, across) = match toward {
                    ArrowDirection::Left => (-right, down.abs() * 8),
                    ArrowDirection::Right => (right, down.abs() * 8),
                    ArrowDirection::Up => (-down * 2, right.abs()),
                    ArrowDirection::Down => (down * 2, right.abs()),
                };
                (along > 0).then_some((along + across, &hit.action))
            })
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, action)| action.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits() -> Hits {
        let mut hits = Hits::default();
        hits.add(Rect::new(0, 0, 5, 1), Action::Segment(1), true);
        hits.add(Rect::new(6, 0, 5, 1), Action::Segment(2), true);
        hits.add(Rect::new(0, 1, 5, 1), Action::Segment(3), true);
        hits
    }

    #[test]
    fn the_topmost_area_wins_and_a_dialog_covers_the_rest() {
        let mut hits = hits();
        assert_eq!(hits.at(Position::new(1, 0)), Some(&Action::Segment(1)));
        hits.cover(Rect::new(0, 0, 20, 20));
        assert_eq!(hits.at(Position::new(1, 0)), Some(&Action::Back));
        assert_eq!(hits.next(None, false, |_| true), None);
    }

    #[test]
    fn tab_goes_round_and_arrows_go_to_the_nearest() {
        let hits = hits();
        let [a, b, c] = [1, 2, 3].map(Action::Segment);
        assert_eq!(hits.next(Some(&c), false, |_| true), Some(a.clone()));
        assert_eq!(hits.next(Some(&a), true, |_| true), Some(c.clone()));
        assert_eq!(hits.toward(&a, ArrowDirection::Right), Some(b.clone()));
        assert_eq!(hits.toward(&a, ArrowDirection::Down), Some(c.clone()));
        assert_eq!(hits.toward(&a, ArrowDirection::Up), None);
    }

    /// A move that is proposed has an end's button, too, which stands further down.
    #[test]
    fn tab_passes_what_stands_in_two_places_once() {
        let mut hits = hits();
        hits.add(Rect::new(0, 2, 5, 1), Action::Segment(1), true);
        hits.add(Rect::new(6, 2, 5, 1), Action::Segment(4), true);
        let mut mark = None;
        let passed: Vec<Action> = std::iter::repeat_with(|| {
            mark = hits.next(mark.as_ref(), false, |_| true);
            mark.clone().unwrap()
        })
        .take(5)
        .collect();
        assert_eq!(passed, [1, 2, 3, 4, 1].map(Action::Segment));
    }
}
