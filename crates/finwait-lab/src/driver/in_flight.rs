//! A call that has not returned: what it can do to a state by itself, and what it waits for.

use super::*;

/// A call that has not returned.
pub(super) struct InFlightCall {
    pub(super) id: CallId,
    /// Which call it is.
    pub(super) name: CallKind,
    /// The name of the socket that it is about.
    pub(super) on: Option<String>,
    /// The name of the socket that it makes.
    pub(super) makes: Option<String>,
    /// What it can do to a state by itself.
    pub(super) effect: StateEffect,
    /// Whether it closes its descriptor.
    pub(super) releases: bool,
    /// What it waits for when it blocks.
    pub(super) awaits: WaitCondition,
    /// The endpoint has announced it.
    pub(super) begun: bool,
    /// A packet has waited for it in vain.
    pub(super) lingers: bool,
}

impl InFlightCall {
    /// Its number and name, as a cause.
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

/// Does that call close the descriptor that it is made on?
pub(super) const fn releases(order: &EndpointCall) -> bool {
    matches!(
        order,
        EndpointCall::On {
            call: Call::Close | Call::RstClose | Call::LingerClose { .. },
            ..
        }
    )
}

/// The event that a blocked call waits for, as far as a table shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WaitCondition {
    /// `accept`
    Connection,
    /// `read`
    Bytes,
    /// `connect`
    Handshake,
    /// Anything else.
    Other,
}

impl WaitCondition {
    pub(super) const fn of(order: &EndpointCall) -> WaitCondition {
        match order {
            EndpointCall::On { call, .. } => match call {
                Call::Accept { .. } => WaitCondition::Connection,
                Call::Read { .. } => WaitCondition::Bytes,
                Call::Connect { .. } => WaitCondition::Handshake,
                _ => WaitCondition::Other,
            },
            EndpointCall::Process(_) => WaitCondition::Other,
        }
    }

    /// Is it there, so that the call is about to return? `row` is the socket's, none when it has none.
    pub(super) fn is_there(self, row: Option<&SocketRow>) -> bool {
        match (self, row) {
            (WaitCondition::Connection, Some(row)) => row.rx_queue > 0,
            (WaitCondition::Bytes, Some(row)) => {
                row.rx_queue > 0 || matches!(row.state, State::CloseWait | State::LastAck | State::Closing)
            }
            (WaitCondition::Handshake, Some(row)) => !matches!(row.state, State::SynSent | State::SynRecv),
            (WaitCondition::Bytes | WaitCondition::Handshake, None) => true,
            (WaitCondition::Connection, None) | (WaitCondition::Other, _) => false,
        }
    }
}

/// What a call can do to a socket's state by itself, without a packet that comes or a timer that runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StateEffect {
    /// `connect`
    Opens,
    /// `listen`
    Listens,
    /// `shutdown`, and `close` that sends FIN where it can.
    Closes,
    /// `close` that sends RST, `connect(AF_UNSPEC)`.
    Aborts,
    /// Everything else.
    None,
}

impl StateEffect {
    pub(super) const fn of(order: &EndpointCall) -> StateEffect {
        match order {
            EndpointCall::On { call, .. } => match call {
                Call::Connect { .. } => StateEffect::Opens,
                Call::Listen { .. } => StateEffect::Listens,
                Call::Shutdown { .. } | Call::Close | Call::LingerClose { .. } => StateEffect::Closes,
                Call::RstClose | Call::Disconnect => StateEffect::Aborts,
                Call::Socket { .. }
                | Call::Bind { .. }
                | Call::Accept { .. }
                | Call::Read { .. }
                | Call::Write { .. }
                | Call::Dup { .. }
                | Call::Poll { .. }
                | Call::SoError
                | Call::Options
                | Call::GetOption { .. }
                | Call::SetOption { .. } => StateEffect::None,
            },
            EndpointCall::Process(_) => StateEffect::None,
        }
    }

    /// Can it end a connection, or its half?
    pub(super) const fn ends(self) -> bool {
        matches!(self, StateEffect::Closes | StateEffect::Aborts)
    }

    /// Could it have made this change?
    pub(super) fn made(self, change: &StateChange) -> bool {
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
