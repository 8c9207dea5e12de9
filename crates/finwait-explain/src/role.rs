//! The part that a socket has in its connection: who closed, who was told, who was reset.

use serde::{Deserialize, Serialize};
use std::fmt;

use finwait_model::state::State;

use super::meaning::MeaningId;
use super::rules::CallClass;
use super::sock::{ConnectionEnd, EndCause, Sock};
use super::text::plates::OnPlate;

/// The part that a socket has in its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It has no connection.
    Nothing,
    /// It takes connections.
    Listening,
    /// Its handshake is under way.
    Opening,
    /// Neither end has closed.
    Open,
    /// It has closed before the peer had.
    ClosedFirst,
    /// The peer has closed before it had.
    WasTold,
    /// Both have closed before either had the other's FIN.
    BothAtOnce,
    /// An RST from the peer ended its connection.
    WasReset,
    /// It ended its connection by RST.
    SentReset,
    /// Its attempt was answered with RST, or with ICMP.
    WasRefused,
    /// Its kernel gave up on the peer.
    GaveUp,
    /// Something else broke it off.
    Broken,
    /// Its connection is over, and both directions ended in order.
    Over,
}

impl Role {
    const fn text(self) -> OnPlate {
        match self {
            Role::Nothing => OnPlate::RoleNothing,
            Role::Listening => OnPlate::RoleListening,
            Role::Opening => OnPlate::RoleOpening,
            Role::Open => OnPlate::RoleOpen,
            Role::ClosedFirst => OnPlate::RoleClosedFirst,
            Role::WasTold => OnPlate::RoleWasTold,
            Role::BothAtOnce => OnPlate::RoleBothAtOnce,
            Role::WasReset => OnPlate::RoleWasReset,
            Role::SentReset => OnPlate::RoleSentReset,
            Role::WasRefused => OnPlate::RoleWasRefused,
            Role::GaveUp => OnPlate::RoleGaveUp,
            Role::Broken => OnPlate::RoleBroken,
            Role::Over => OnPlate::RoleOver,
        }
    }
}

impl fmt::Display for Role {
    /// In 16 columns at most.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text().to_string())
    }
}

/// Returns the role of a socket in that situation.
pub fn of(id: MeaningId, sock: Option<&Sock>) -> Role {
    use MeaningId::{
        CloseEnded, CloseError, CloseNew, CloseWait, CloseWaitNotAccepted, Closing, ClosingOrphan, Established,
        EstablishedNotAccepted, FinWait1, FinWait1Orphan, FinWait2, FinWait2Orphan, Gone, LastAck, LastAckOrphan,
        Listen, ListenFull, ListenQueued, SynRecvCrossed, SynRecvRequest, SynSent, TimeWait, TimeWaitHeld,
    };
    let end = sock.and_then(|sock| sock.end);
    let has_sent_rst = sock.is_some_and(|sock| sock.left.rst.is_some());
    match id {
        // Its attempt has failed, and it is as good as new.
        CloseNew if sock.is_some_and(|sock| sock.failed.is_some()) => {
            end.map_or(Role::Nothing, |end| ended(&end, false))
        }
        CloseNew => Role::Nothing,
        Listen | ListenQueued | ListenFull => Role::Listening,
        SynSent | SynRecvRequest | SynRecvCrossed => Role::Opening,
        Established | EstablishedNotAccepted => Role::Open,
        FinWait1 | FinWait1Orphan | FinWait2 | FinWait2Orphan => Role::ClosedFirst,
        CloseWait | CloseWaitNotAccepted | LastAck | LastAckOrphan => Role::WasTold,
        Closing | ClosingOrphan => Role::BothAtOnce,
        TimeWait | TimeWaitHeld if end.is_some_and(|end| end.from == State::Closing) => Role::BothAtOnce,
        TimeWait | TimeWaitHeld => Role::ClosedFirst,
        CloseEnded | CloseError | Gone => end.map_or(Role::Over, |end| ended(&end, has_sent_rst)),
    }
}

impl Role {
    /// Returns the role in the light of both ends' states: who has sent FIN while the peer's was under way was not the first.
    pub const fn beside(self, own: Option<State>, peers: Option<State>) -> Role {
        use State::{Closing, FinWait1};
        match (self, own, peers) {
            (Role::ClosedFirst, Some(FinWait1), Some(FinWait1 | Closing)) => Role::BothAtOnce,
            (role, ..) => role,
        }
    }
}

/// What is left to a socket whose connection has ended like that.
fn ended(end: &ConnectionEnd, has_sent_rst: bool) -> Role {
    let is_attempt = end.is_of_handshake();
    match end.by {
        EndCause::Rst | EndCause::Icmp(_) if end.from == State::SynSent => Role::WasRefused,
        EndCause::Rst => Role::WasReset,
        _ if end.is_by_rst() => Role::WasReset,
        _ if end.is_by_data() => Role::SentReset,
        EndCause::Timer(_) if end.from != State::FinWait2 => Role::GaveUp,
        EndCause::Administrator | EndCause::Icmp(_) => Role::Broken,
        EndCause::Call(CallClass::Close | CallClass::Disconnect) | EndCause::Death if aborts(end) => {
            // The RST may have been kept back by the host, or not be seen.
            if has_sent_rst { Role::SentReset } else { Role::Broken }
        }
        EndCause::Call(_) | EndCause::Unseen(_) if is_attempt => Role::Nothing,
        _ => Role::Over,
    }
}

/// Did its own end go at once, from a state in which FINs would have taken longer?
pub(crate) const fn aborts(end: &ConnectionEnd) -> bool {
    use State::{CloseWait, Established, FinWait1, FinWait2, SynRecv};
    matches!(
        (end.from, end.to),
        (SynRecv | Established | CloseWait | FinWait1 | FinWait2, State::Close)
    )
}
