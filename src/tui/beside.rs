//! A lesson of two labs: each with its own session and its own tour, which go on step for step.

use std::sync::Arc;

use super::lab_run::LabRun;
use super::tour::Tour;
use crate::clock::MonoTime;
use crate::lab::event::{LabRequest, TimedEvent};
use crate::scenario::lesson::SideBySide;
use crate::session::Session;

/// A lesson of two labs under way.
#[derive(Debug)]
pub struct Beside {
    lesson: Arc<SideBySide>,
    /// The labs' runs, the left one first.
    runs: [LabRun; 2],
    /// The steps that both are to have done.
    target: usize,
    /// The steps that the user wants.
    wanted: usize,
}

impl Beside {
    /// A lesson in two fresh labs, the left one first, which goes on by itself as far as `steps`.
    pub fn new(lesson: Arc<SideBySide>, sessions: [Session; 2], steps: usize) -> Beside {
        let mut runs = sessions.map(LabRun::new);
        for (run, column) in runs.iter_mut().zip(&lesson.columns) {
            run.guide(Arc::clone(&column.scenario));
        }
        Beside {
            lesson,
            runs,
            target: 0,
            wanted: steps,
        }
    }

    /// The lesson.
    pub const fn lesson(&self) -> &Arc<SideBySide> {
        &self.lesson
    }

    /// The labs' runs, the left one first.
    pub const fn runs(&self) -> &[LabRun; 2] {
        &self.runs
    }

    /// Returns the number of steps that both have done.
    pub fn at(&self) -> usize {
        self.tours().map(|tour| tour.done.len()).min().unwrap_or(0)
    }

    /// Returns the number of steps.
    pub fn steps(&self) -> usize {
        self.lesson.words.len()
    }

    /// Is a step under way, or one wanted?
    pub fn goes_on(&self) -> bool {
        self.at() < self.target || self.target < self.wanted
    }

    /// Did every step go as expected in both labs so far?
    pub fn held(&self) -> bool {
        self.tours().flat_map(|tour| &tour.done).all(|report| report.held())
    }

    /// One step further, in both labs.
    pub fn next(&mut self) {
        self.wanted = (self.at() + 1).max(self.target).min(self.steps());
    }

    /// To the end.
    pub fn to_the_end(&mut self) {
        self.wanted = self.steps();
    }

    fn tours(&self) -> impl Iterator<Item = &Tour> {
        self.runs.iter().filter_map(|run| run.tour.as_ref())
    }

    /// Takes in what happened in the lab of a column, 0 the left one; returns what its session asks of it.
    pub fn absorb(&mut self, column: usize, event: TimedEvent) -> Vec<LabRequest> {
        self.runs.get_mut(column).map_or_else(Vec::new, |run| run.absorb(event))
    }

    /// Goes on as far as both labs can, the next step when both are over with the one before; returns what it asks of them, with the
    /// number of the column.
    pub fn go_on(&mut self, now: MonoTime) -> Vec<(usize, LabRequest)> {
        let mut requests = Vec::new();
        loop {
            for (column, run) in self.runs.iter_mut().enumerate() {
                requests.extend(run.go_on(now).into_iter().map(|request| (column, request)));
            }
            if self.at() < self.target {
                return requests;
            }
            // What was not as expected is to be seen before anything else happens.
            if self.target >= self.wanted || !self.held() {
                self.wanted = self.target;
                return requests;
            }
            self.target += 1;
            for run in &mut self.runs {
                if let Some(tour) = &mut run.tour {
                    tour.until(self.target);
                }
            }
        }
    }

    /// Returns when to look again, if nothing happens before.
    pub fn look_at(&self) -> Option<MonoTime> {
        self.tours().filter_map(Tour::look_at).min()
    }
}
