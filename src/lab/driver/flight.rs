//! A call that has not returned: what it can do to a state by itself, and what it waits for.

use super::*;

/// A call that has not returned.
pub(super) struct Flight {
    pub(super) id: CallId,
    /// The name of the socket that it is about.
    pub(super) on: Option<String>,
    /// The name of the socket that it makes.
    pub(super) makes: Option<String>,
    /// What it can do to a state by itself.
    pub(super) power: Power,
    /// What it waits for when it blocks.
    pub(super) awaits: Awaits,
    /// The endpoint has announced it.
    pub(super) begun: bool,
    /// A packet has waited for it in vain.
    pub(super) lingers: bool,
}

impl Flight {
    /// Has it closed its descriptor, with these system calls? On Linux close gives the descriptor back whatever it returns (close(2)).
    pub(super) fn closes(&self, trace: &[Traced]) -> bool {
        self.power.ends() && trace.iter().any(|traced| traced.text.starts_with("close("))
    }
}

/// The event that a blocked call waits for, as far as a table shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaits {
    /// `accept`
    Connection,
    /// `read`
    Bytes,
    /// `connect`
    Handshake,
    /// Anything else.
    Other,
}

impl Awaits {
    pub(super) const fn of(order: &Order) -> Awaits {
        match order {
            Order::On { call, .. } => match call {
                Call::Accept { .. } => Awaits::Connection,
                Call::Read { .. } => Awaits::Bytes,
                Call::Connect { .. } => Awaits::Handshake,
                _ => Awaits::Other,
            },
            Order::Process(_) => Awaits::Other,
        }
    }

    /// Is it there, so that the call is about to return? `row` is the socket's, none when it has none.
    pub(super) fn is_there(self, row: Option<&Row>) -> bool {
        match (self, row) {
            (Awaits::Connection, Some(row)) => row.rx_queue > 0,
            (Awaits::Bytes, Some(row)) => {
                row.rx_queue > 0 || matches!(row.state, State::CloseWait | State::LastAck | State::Closing)
            }
            (Awaits::Handshake, Some(row)) => !matches!(row.state, State::SynSent | State::SynRecv),
            (Awaits::Bytes | Awaits::Handshake, None) => true,
            (Awaits::Connection, None) | (Awaits::Other, _) => false,
        }
    }
}

/// What a call can do to a socket's state by itself, without a packet that comes or a timer that runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Power {
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

impl Power {
    pub(super) const fn of(order: &Order) -> Power {
        match order {
            Order::On { call, .. } => match call {
                Call::Connect { .. } => Power::Opens,
                Call::Listen { .. } => Power::Listens,
                Call::Shutdown { .. } | Call::Close | Call::LingerClose { .. } => Power::Closes,
                Call::RstClose | Call::Disconnect => Power::Aborts,
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
                | Call::SetOption { .. } => Power::None,
            },
            Order::Process(_) => Power::None,
        }
    }

    /// Can it end a connection, or its half?
    pub(super) const fn ends(self) -> bool {
        matches!(self, Power::Closes | Power::Aborts)
    }

    /// Could it have made this change?
    pub(super) fn made(self, change: &Change) -> bool {
        match self {
            Power::Opens => change.from == State::Close,
            Power::Listens => change.to == State::Listen,
            // It sends no FIN.
            Power::Aborts if matches!(change.to, State::FinWait1 | State::LastAck) => false,
            // What a closed socket does afterwards is the work of packets and timers.
            Power::Closes | Power::Aborts => match change.from {
                State::Close => false,
                State::FinWait1 | State::FinWait2 | State::Closing | State::LastAck | State::TimeWait => {
                    change.to == State::Close && change.expired.is_none()
                }
                _ => true,
            },
            Power::None => false,
        }
    }
}
