//! Which state has just changed: its chip stands out for a moment.

use std::time::Duration;

use crate::clock::MonoTime;
use crate::session::Session;
use crate::side::{Ends, Side};
use crate::state::State;

/// How long a chip stands out after its state has changed.
const FLASH: Duration = Duration::from_millis(300);

/// The states that were drawn last, and until when those that have changed stand out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flash {
    drawn: Ends<Option<State>>,
    until: Ends<Option<MonoTime>>,
}

impl Flash {
    /// Compares the current sockets' states with those that were drawn last.
    pub fn update(&mut self, session: &Session, now: MonoTime) {
        for side in Side::BOTH {
            let end = &session.ends[side];
            let state = end
                .current()
                .and_then(|socket| end.row(socket))
                .map(|observed| observed.row.state);
            if state != self.drawn[side] {
                // The first is no change.
                let changed = self.drawn[side].is_some() && state.is_some();
                self.until[side] = changed.then(|| now.plus(FLASH));
                self.drawn[side] = state;
            }
        }
    }

    /// Does the chip of that end stand out at `now`?
    pub fn is_on(&self, side: Side, now: MonoTime) -> bool {
        self.until[side].is_some_and(|until| now < until)
    }

    /// Returns when the next chip stands out no more, of those that did at the time `drawn`; none where none does.
    pub fn ends(&self, drawn: MonoTime) -> Option<MonoTime> {
        self.until
            .iter()
            .filter_map(|(_, until)| *until)
            .filter(|until| *until > drawn)
            .min()
    }
}
