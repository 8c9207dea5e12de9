//! Whether the sentence of a call still holds: what it says of the present, beside what it says of the moment when the call returned.
//!
//! A sentence that speaks of the past alone makes no [`Claim`], and holds for good. One that says what is so ("its bytes still come")
//! makes one, which is looked at again whenever the sentence is shown.

use finwait_model::call::Sigpipe;
use finwait_model::state::State;

use super::rules::RuleId;
use super::sock::Sock;
use super::text::outcomes::Sentence;
use super::text::successes::{FinThen, Success};

/// What a sentence says of the present. It holds for as long as that is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The socket has neither an address nor a peer.
    Untouched,
    /// Nobody can connect to it: it does not listen.
    NotListening,
    /// It listens.
    Listening,
    /// It has no connection, and none is under way.
    Unconnected,
    /// The handshake is not done.
    InHandshake,
    /// Nobody has accepted the peer's end.
    PeerNotAccepted,
    /// The peer's end has not ended.
    PeerStands,
    /// The connection has not ended.
    Stands,
    /// The peer may still send: neither its FIN nor the end of the connection has come.
    PeerOpen,
    /// Nothing is there to read: no byte, FIN or error.
    NothingToRead,
    /// There are bytes to read.
    BytesToRead,
    /// What is written has not been acknowledged.
    Unacknowledged,
    /// What is written has not been acknowledged, or not been read.
    NotRead,
    /// The FIN has not left.
    FinNotSent,
    /// Its FIN is sent, and the peer's has not come.
    HasClosedFirst,
    /// Only the ACK of its FIN is missing.
    LacksLastAck,
    /// The kernel has a row of it.
    Known,
    /// The kernel has a row of it in that state.
    In(State),
    /// That is what SIGPIPE does to the process.
    Sigpipe(Sigpipe),
    /// An error waits in it.
    ErrorWaits,
    /// No error waits in it.
    NoError,
    /// No connection is in the accept queue.
    QueueEmpty,
    /// A picture of the moment, which anything that happens may change.
    Moment,
}

/// The present of the socket that a call was made on.
#[derive(Clone, Copy, Debug)]
pub struct Later<'a> {
    /// The record of the socket.
    pub sock: Option<&'a Sock>,
    /// The state in the kernel's table; none without a row.
    pub state: Option<State>,
    /// The bytes that it has to be read; for a listener, the connections not accepted.
    pub unread: u32,
    /// The bytes written and not acknowledged, with SYN and FIN.
    pub unacknowledged: u32,
    /// The record of the peer's socket.
    pub peer: Option<&'a Sock>,
    /// The bytes that the peer has to be read.
    pub peer_unread: u32,
    /// The effect of SIGPIPE on the process.
    pub sigpipe: Sigpipe,
    /// Has nothing been reported since the call returned?
    pub is_newest: bool,
}

impl Claim {
    /// Is it still so?
    pub fn holds(self, later: &Later) -> bool {
        let default = Sock::default();
        let sock = later.sock.unwrap_or(&default);
        let is_in = |states: &[State]| later.state.is_some_and(|state| states.contains(&state));
        let has_ended = sock.end.is_some() || later.state.is_none() && sock.established.is_some();
        match self {
            Claim::Untouched => sock.named.is_none() && sock.peer.is_none() && !sock.listening && !sock.connected,
            Claim::NotListening => !sock.listening && !is_in(&[State::Listen]),
            Claim::Listening => sock.listening && is_in(&[State::Listen]),
            Claim::Unconnected => later.state.is_none(),
            Claim::InHandshake => is_in(&[State::SynSent, State::SynRecv]),
            Claim::PeerNotAccepted => !has_ended && later.peer.is_none_or(|peer| peer.peer.is_none()),
            Claim::PeerStands => later.peer.is_none_or(|peer| peer.end.is_none()),
            Claim::Stands => !has_ended,
            Claim::PeerOpen => !has_ended && sock.fin.is_none(),
            Claim::NothingToRead => later.unread == 0 && sock.fin.is_none() && sock.end.is_none(),
            Claim::BytesToRead => later.unread > 0,
            Claim::Unacknowledged => later.unacknowledged > 0,
            Claim::NotRead => later.unacknowledged > 0 || later.peer_unread > 0,
            Claim::HasClosedFirst => is_in(&[State::FinWait1, State::FinWait2]),
            Claim::LacksLastAck => is_in(&[State::Closing, State::LastAck]),
            Claim::Sigpipe(disposition) => later.sigpipe == disposition,
            Claim::FinNotSent => !has_ended && sock.left.fin.is_none(),
            Claim::Known => later.state.is_some(),
            Claim::In(state) => later.state == Some(state),
            Claim::ErrorWaits => sock.has_error(),
            Claim::NoError => !sock.has_error(),
            Claim::QueueEmpty => is_in(&[State::Listen]) && later.unread == 0,
            Claim::Moment => later.is_newest,
        }
    }
}

/// What the sentence of a call that succeeded says of the present; none where it speaks of the past alone.
pub(super) fn of_success(said: &Success) -> Option<Claim> {
    Some(match said {
        Success::SocketNew => Claim::Untouched,
        Success::BindPortChosen | Success::BindDone => Claim::NotListening,
        Success::ConnectDone => Claim::PeerNotAccepted,
        Success::ConnectEarlier | Success::WriteAfterFin | Success::ReadAll => Claim::Stands,
        Success::SoErrorInHandshake => Claim::InHandshake,
        Success::SoErrorNone | Success::SoErrorReported => Claim::NoError,
        Success::OptionsDone | Success::PollUnasked | Success::PollNothing | Success::PollEvents { .. } => {
            Claim::Moment
        }
        Success::ListenAgain
        | Success::ListenLibrary
        | Success::ListenRoomForOne
        | Success::ListenRoom { .. }
        | Success::ListenRoomBySomaxconn => Claim::Listening,
        Success::ReadPeeked => Claim::BytesToRead,
        Success::ReadAfterShutdown | Success::ReadAfterBothShut => Claim::PeerOpen,
        Success::ReadBeforeError => Claim::ErrorWaits,
        Success::WriteDone => Claim::NotRead,
        Success::WriteNoRoute | Success::WriteAfterHandshake => Claim::Unacknowledged,
        Success::FinQueued { .. } | Success::FinNoRoute { .. } | Success::FinBehindData { .. } => Claim::FinNotSent,
        Success::FinSent { fin_then } => match fin_then {
            FinThen::ListeningStill => Claim::PeerOpen,
            FinThen::ResetByData | FinThen::ResetByLateData => Claim::PeerOpen,
            FinThen::KernelAlone => Claim::Known,
            FinThen::BothEnd => return None,
        },
        Success::ShutdownReadingToo | Success::ShutdownReading => Claim::PeerOpen,
        Success::ShutdownDeferred => Claim::In(State::SynRecv),
        Success::ShutdownAttempt => Claim::ErrorWaits,
        Success::CloseTimeWait | Success::CloseTimeWaitUnseen => Claim::In(State::TimeWait),
        Success::CloseFinAfterFin => Claim::In(State::LastAck),
        Success::LingerCloseRanOut { .. } | Success::LingerCloseInterrupted { .. } => Claim::Known,
        Success::RstCloseNotSent => Claim::PeerStands,
        Success::CloseFin | Success::CloseFinSentBefore => Claim::HasClosedFirst,
        Success::CloseFinQueuedBefore => Claim::FinNotSent,
        Success::CloseBothFinsSent => Claim::LacksLastAck,
        Success::DisconnectRst | Success::DisconnectRstNotSent | Success::DisconnectAttempt => Claim::ErrorWaits,
        Success::DisconnectUnsent
        | Success::DisconnectAllButOver
        | Success::DisconnectAttemptWasOver
        | Success::DisconnectListenerWasGone
        | Success::DisconnectWasOver
        | Success::DisconnectNoConnection => Claim::Unconnected,
        _ => return None,
    })
}

/// What the sentence of a rule says of the present, likewise.
pub(super) const fn of_rule(rule: RuleId) -> Option<Claim> {
    Some(match rule {
        RuleId::ReadNothing | RuleId::ReadDeadline => Claim::NothingToRead,
        RuleId::WriteNoRoom | RuleId::WriteDeadline | RuleId::WriteDeadlineHalf => Claim::Unacknowledged,
        RuleId::AcceptNothing => Claim::QueueEmpty,
        RuleId::ReadBeforeHandshake
        | RuleId::WriteBeforeHandshake
        | RuleId::ConnectUnderWay
        | RuleId::ConnectStillUnderWay
        | RuleId::ConnectInterrupted
        | RuleId::ConnectDeadline => Claim::InHandshake,
        RuleId::RefusedNoted
        | RuleId::HostUnreachableNoted
        | RuleId::NetworkUnreachableNoted
        | RuleId::ProhibitedNoted
        | RuleId::AlreadyConnected => Claim::Stands,
        RuleId::WriteUnconnected
        | RuleId::ReadUnconnected
        | RuleId::ShutdownBothUnconnected
        | RuleId::ShutdownWriteUnconnected
        | RuleId::ShutdownReadUnconnected => Claim::Unconnected,
        RuleId::WriteOnListener | RuleId::ReadOnListener | RuleId::ConnectOnListener => Claim::Listening,
        RuleId::AcceptWithoutListen => Claim::NotListening,
        RuleId::UrgentNotYet => Claim::PeerOpen,
        // What another socket, or the host, has to do with it is not looked at again.
        RuleId::AddressTaken
        | RuleId::ListenTaken
        | RuleId::NoPortToBind
        | RuleId::NoPortLeft
        | RuleId::HostUnreachable
        | RuleId::NetworkUnreachable
        | RuleId::AcceptNoNumber
        | RuleId::NoNumber
        | RuleId::WaitedOn => Claim::Moment,
        _ => return None,
    })
}

/// What the sentence of a call on the process says of the present, likewise.
pub(super) const fn of_process(said: &Sentence) -> Option<Claim> {
    match said {
        Sentence::SigpipeIgnored => Some(Claim::Sigpipe(Sigpipe::Ignore)),
        Sentence::SigpipeDefault => Some(Claim::Sigpipe(Sigpipe::Default)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::CallClass;
    use crate::sock::{CallEntry, EndCause};

    fn later(sock: &Sock, state: State) -> Later<'_> {
        Later {
            sock: Some(sock),
            state: Some(state).filter(|state| *state != State::Close),
            unread: 0,
            unacknowledged: 0,
            peer: None,
            peer_unread: 0,
            sigpipe: Sigpipe::Ignore,
            is_newest: true,
        }
    }

    /// A socket that went through these states, the last by `cause`.
    fn sock(states: &[State], cause: EndCause) -> Sock {
        let mut sock = Sock::default();
        for pair in states.windows(2) {
            sock.changed(pair[0], pair[1], cause, 1, 1);
        }
        sock
    }

    /// Each claim in a present in which it is so, and in one in which it is not any more.
    #[test]
    fn a_claim_holds_until_what_it_says_is_over() {
        use State::{Close, CloseWait, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait};
        let new = Sock::default();
        let call = CallEntry {
            class: CallClass::Listen,
            entry: 1,
        };
        let mut listening = Sock::default();
        (listening.listening, listening.named) = (true, Some(call));
        let open = sock(&[Close, SynSent, Established], EndCause::Segment);
        let mut accepted = open;
        accepted.peer = Some(CallEntry {
            class: CallClass::Accept,
            entry: 2,
        });
        let told = sock(&[Close, SynSent, Established, CloseWait], EndCause::Segment);
        let reset = sock(&[Close, SynSent, Established, Close], EndCause::Rst);
        let mut sent = sock(&[Close, SynSent, Established, FinWait1], EndCause::Segment);
        let queued = sent;
        sent.sent(finwait_wire::segment::Flags::FIN, 3);
        let waited = sock(
            &[Close, SynSent, Established, FinWait1, FinWait2, TimeWait],
            EndCause::Segment,
        );
        let mut asked = reset;
        asked.reported = Some(4);
        for (claim, so, not) in [
            (Claim::Untouched, later(&new, Close), later(&listening, Close)),
            (Claim::NotListening, later(&new, Close), later(&listening, Listen)),
            (Claim::Listening, later(&listening, Listen), later(&listening, Close)),
            (Claim::Unconnected, later(&new, Close), later(&open, SynSent)),
            (Claim::InHandshake, later(&new, SynRecv), later(&open, Established)),
            (
                Claim::PeerNotAccepted,
                Later {
                    peer: Some(&open),
                    ..later(&open, Established)
                },
                Later {
                    peer: Some(&accepted),
                    ..later(&open, Established)
                },
            ),
            (
                Claim::PeerStands,
                Later {
                    peer: Some(&open),
                    ..later(&reset, Close)
                },
                Later {
                    peer: Some(&reset),
                    ..later(&reset, Close)
                },
            ),
            (Claim::Stands, later(&open, Established), later(&reset, Close)),
            (Claim::PeerOpen, later(&sent, FinWait2), later(&waited, TimeWait)),
            (Claim::NothingToRead, later(&open, Established), later(&told, CloseWait)),
            (
                Claim::BytesToRead,
                Later {
                    unread: 1,
                    ..later(&open, Established)
                },
                later(&open, Established),
            ),
            (
                Claim::Unacknowledged,
                Later {
                    unacknowledged: 1,
                    ..later(&open, Established)
                },
                later(&open, Established),
            ),
            (
                Claim::NotRead,
                Later {
                    peer_unread: 1,
                    ..later(&open, Established)
                },
                later(&open, Established),
            ),
            (Claim::FinNotSent, later(&queued, FinWait1), later(&sent, FinWait1)),
            (Claim::HasClosedFirst, later(&sent, FinWait2), later(&waited, TimeWait)),
            (Claim::LacksLastAck, later(&told, LastAck), later(&told, Close)),
            (Claim::Known, later(&waited, TimeWait), later(&waited, Close)),
            (Claim::In(TimeWait), later(&waited, TimeWait), later(&waited, Close)),
            (Claim::ErrorWaits, later(&reset, Close), later(&asked, Close)),
            (Claim::NoError, later(&asked, Close), later(&reset, Close)),
            (
                Claim::QueueEmpty,
                later(&listening, Listen),
                Later {
                    unread: 1,
                    ..later(&listening, Listen)
                },
            ),
            (
                Claim::Sigpipe(Sigpipe::Ignore),
                later(&new, Close),
                Later {
                    sigpipe: Sigpipe::Default,
                    ..later(&new, Close)
                },
            ),
            (
                Claim::Moment,
                later(&open, Established),
                Later {
                    is_newest: false,
                    ..later(&open, Established)
                },
            ),
        ] {
            assert!(claim.holds(&so), "{claim:?} in {so:?}");
            assert!(!claim.holds(&not), "{claim:?} in {not:?}");
        }
    }
}
