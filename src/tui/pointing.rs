//! The targets of the mouse and the keyboard: the areas of the last frame, the mouse's pointer, and the keyboard's mark.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use crate::clock::MonoTime;
use crate::tui::canvas::Canvas;
use crate::tui::hit::{Action, ArrowDirection, Hits, Zone};
use crate::tui::theme::Theme;

/// The targets of the mouse and the keyboard.
#[derive(Debug, Default)]
pub struct Pointing {
    hits: Hits,
    pointer: Option<Position>,
    mark: Option<Action>,
}

impl Pointing {
    /// The areas of the last frame that can be pressed.
    pub const fn hits(&self) -> &Hits {
        &self.hits
    }

    /// Returns what the keyboard has marked.
    pub const fn mark(&self) -> Option<&Action> {
        self.mark.as_ref()
    }

    /// Marks this, or nothing.
    pub fn set_mark(&mut self, mark: Option<Action>) {
        self.mark = mark;
    }

    /// A canvas for the next frame, whose areas take the place of the last one's.
    pub fn canvas<'a>(&'a mut self, buffer: &'a mut Buffer, theme: Theme, now: MonoTime) -> Canvas<'a> {
        Canvas::new(buffer, &mut self.hits, theme, now, self.pointer, self.mark.clone())
    }

    /// Moves the mouse's pointer; returns whether the screen looks different then.
    pub fn move_to(&mut self, point: Position) -> bool {
        let before = self.pointer.replace(point);
        self.hovered(before) != self.hovered(self.pointer)
    }

    /// Returns what looks different under the pointer at a point.
    fn hovered(&self, point: Option<Position>) -> Option<&Action> {
        let action = point.and_then(|point| self.hits.at(point));
        action.filter(|action| !matches!(action, Action::LogLine(_) | Action::Back | Action::Nothing))
    }

    /// Returns the action of a press at a point; none where nothing can be pressed.
    pub fn at(&self, point: Position) -> Option<Action> {
        self.hits.at(point).cloned()
    }

    /// Returns the zone that the wheel turns at a point.
    pub fn zone_at(&self, point: Position) -> Option<Zone> {
        self.hits.zone_at(point)
    }

    /// Moves the mark in the order of drawing; from nowhere, to the first that `begin` likes.
    pub fn step(&mut self, backwards: bool, begin: impl Fn(&Action) -> bool) {
        self.mark = self.hits.next(self.mark.as_ref(), backwards, begin);
    }

    /// Moves the mark to the nearest in a direction; from nowhere, to the first that `begin` likes.
    pub fn go(&mut self, toward: ArrowDirection, begin: impl Fn(&Action) -> bool) {
        let Some(mark) = &self.mark else {
            return self.step(false, begin);
        };
        match self.hits.toward(mark, toward) {
            Some(action) => self.mark = Some(action),
            // What was marked may be gone from the screen.
            None if !self.hits.all().iter().any(|hit| hit.action == *mark) => {
                self.mark = None;
                self.step(false, begin);
            }
            None => {}
        }
    }
}
