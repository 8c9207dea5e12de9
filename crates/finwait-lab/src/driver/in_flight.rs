//! A call that has not returned: what it can do to a state by itself, and what it waits for.

use super::*;

/// A call that has not returned.
pub(super) struct InFlightCall {
    pub(super) id: CallId,
    /// The kind of the call.
    pub(super) name: CallKind,
    /// The name of the socket that it is about.
    pub(super) on: Option<SocketName>,
    /// The name of the socket that it makes.
    pub(super) makes: Option<SocketName>,
    /// The effect that it can have on a state by itself.
    pub(super) effect: StateEffect,
    /// Is all that the call changes by itself told by a segment: does it connect to the other host, across the wire?
    pub(super) crosses: bool,
    /// Whether it closes its descriptor.
    pub(super) releases: bool,
    /// The condition that it waits for when it blocks.
    pub(super) awaits: WaitCondition,
    /// The endpoint has announced it.
    pub(super) begun: bool,
    /// A packet has waited for it in vain.
    pub(super) lingers: bool,
}

impl InFlightCall {
    /// May it have the kernel send something?
    pub(super) const fn sends(&self) -> bool {
        matches!(
            self.effect,
            StateEffect::Opens | StateEffect::Closes | StateEffect::Aborts
        ) || matches!(self.name, CallKind::Write)
    }

    /// Returns its number and name, as a cause.
    pub(super) const fn named(&self) -> NamedCall {
        NamedCall {
            call: self.id,
            name: self.name,
        }
    }

    /// Has it closed its descriptor, with these system calls? On Linux close gives the descriptor back whatever it returns (close(2)).
    pub(super) fn closes(&self, trace: &[Syscall]) -> bool {
        self.releases && trace.iter().any(|made| made.name == "close")
    }
}

/// The changes of state that a call can make by itself.
pub(super) trait ChangesState {
    /// Could it have made this change?
    fn made(self, change: &StateChange) -> bool;
}

impl ChangesState for StateEffect {
    fn made(self, change: &StateChange) -> bool {
        match self {
            StateEffect::Opens => change.from == State::Close,
            StateEffect::Listens => change.to == State::Listen,
            // It sends no FIN.
            StateEffect::Aborts if matches!(change.to, State::FinWait1 | State::LastAck) => false,
            // What a closed socket does afterwards is the work of packets and timers.
            StateEffect::Closes | StateEffect::Aborts => match change.from {
                State::Close => false,
                State::FinWait1 | State::FinWait2 | State::Closing | State::LastAck | State::TimeWait => {
                    change.to == State::Close && change.expired.is_none()
                }
                _ => true,
            },
            StateEffect::None => false,
        }
    }
}
