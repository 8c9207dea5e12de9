//! The moves to try, and the buttons that lead on: worked out anew when something has happened, or another second has begun, not for every
//! frame.

use crate::clock::MonoTime;
use crate::command::spec::Button;
use crate::session::Session;
use crate::session::moves::Move;
use crate::side::{Ends, Side};

/// The inputs that a result was worked out from: the number of the session's inputs, the second, the end that has the keys.
type Basis = (u64, u64, Side);

/// The moves to try, and the buttons that lead on.
#[derive(Debug, Default)]
pub struct Tries {
    basis: Option<Basis>,
    /// The moves, the best first.
    pub moves: Vec<Move>,
    /// The buttons of each end that lead on.
    pub likely: Ends<Vec<&'static Button>>,
}

impl Tries {
    /// Brings it up to date.
    pub fn update(&mut self, session: &Session, focus: Side, now: MonoTime) {
        let basis = (session.inputs(), now.0 / 1_000_000_000, focus);
        if self.basis == Some(basis) {
            return;
        }
        *self = Tries {
            basis: Some(basis),
            moves: session.moves(focus, now),
            likely: Ends::from_fn(|side| session.likely(side, now)),
        };
    }
}
