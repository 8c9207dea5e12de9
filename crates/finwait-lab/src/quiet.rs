//! Quiet: what every owner of a lab waits for, whichever way its events come to it.

use std::time::Duration;

use crate::event::LabEvent;

/// The time that an endpoint gets to come up, and a killed one to go.
pub const PROCESS_PATIENCE: Duration = Duration::from_secs(10);
/// The longest that a compiler may take to make an endpoint, on a machine that is busy with other things.
pub const COMPILE_PATIENCE: Duration = Duration::from_secs(300);

/// Has the lab said that it is quiet, and has nothing happened since?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quiet(bool);

impl Quiet {
    /// Takes in an event, in the order in which they happened.
    pub fn saw(&mut self, what: &LabEvent) {
        // What was counted says only what has happened before.
        if !matches!(what, LabEvent::Counters { .. } | LabEvent::Reason(_)) {
            self.0 = *what == LabEvent::Quiet;
        }
    }

    /// So many requests were sent, whose consequences are yet to come; without any, nothing stirs.
    pub const fn sent(&mut self, requests: usize) {
        self.0 = requests == 0;
    }

    /// Returns whether it is quiet.
    pub const fn is_quiet(self) -> bool {
        self.0
    }
}
