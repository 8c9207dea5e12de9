//! The choice of the rule that a failed call falls under.

use super::rules::{CallClass, RuleId};
use super::sock::EndCause;
use super::text::outcomes::Sentence;
use super::{Explanation, Situation};
use finwait_model::call::{Call, ReadFlag, ShutdownHow};
use finwait_model::errno::Errno;
use finwait_model::state::State;
use std::net::SocketAddr;

/// One sentence for a call that failed, its rule, and what set the error.
pub(super) fn why(call: &Call, errno: Errno, s: &Situation) -> Explanation {
    match rule(call, errno, s) {
        Some(id) => Explanation::by(id, call, s),
        None => Explanation::without_rule(match (call, errno) {
            // Nobody saw which, in the loopback lab: so no rule has it.
            (Call::Connect { .. }, Errno::ECONNREFUSED) => Sentence::ErrorRefused,
            _ => Sentence::ErrorAnswered { errno },
        }),
    }
}

/// The rules' match, the errnos that any call can meet first; none where nothing is known beyond the errno's text.
fn rule(call: &Call, errno: Errno, s: &Situation) -> Option<RuleId> {
    use Call::{Accept, Bind, Connect, Disconnect, Listen, Poll, Read, SetOption, Shutdown, Write};
    Some(match (errno, call) {
        // The descriptor.
        (Errno::EBADF, call) if !CallClass::any_is(CallClass::ON_DESCRIPTOR, call.kind()) => return None,
        (Errno::EBADF, _) if !s.known => RuleId::DescriptorNeverWas,
        // Of one that is open for all that is known, a close has given the descriptor back and still waits.
        (Errno::EBADF, _) if !s.open || s.under_way(CallClass::Close).is_some() => RuleId::DescriptorClosed,

        // The process's limit.
        (Errno::EINVAL, Poll { .. }) => RuleId::PollAboveLimit,
        (Errno::EMFILE, Accept { .. }) => RuleId::AcceptNoNumber,
        (Errno::EMFILE, Call::Socket { .. } | Call::Dup { .. } | Connect { .. } | Listen { .. }) => RuleId::NoNumber,

        // A signal.
        (Errno::EINTR, Connect { .. }) => RuleId::ConnectInterrupted,
        (Errno::EINTR, Accept { .. }) => RuleId::AcceptInterrupted,
        (Errno::EINTR, Read { .. }) => RuleId::ReadInterrupted,
        (Errno::EINTR, Write { .. }) => RuleId::WriteInterrupted,
        (Errno::EINTR, Poll { .. }) => RuleId::PollInterrupted,

        // Not now.
        (Errno::EAGAIN, Accept { .. }) => RuleId::AcceptNothing,
        (Errno::EAGAIN, Read { flags, .. }) if flags.contains(&ReadFlag::Oob) => RuleId::UrgentNotYet,
        (Errno::EAGAIN, Read { .. }) if s.shakes_hands_still() => RuleId::ReadBeforeHandshake,
        (Errno::EAGAIN, Read { .. }) => RuleId::ReadNothing,
        (Errno::EAGAIN, Write { .. }) if s.shakes_hands_still() => RuleId::WriteBeforeHandshake,
        (Errno::EAGAIN, Write { .. }) => RuleId::WriteNoRoom,
        (Errno::EINPROGRESS, Connect { .. }) => RuleId::ConnectUnderWay,
        (Errno::EALREADY, Connect { .. }) => RuleId::ConnectStillUnderWay,

        // Wrong time for the call.
        (Errno::EISCONN, Connect { .. }) if s.listens() => RuleId::ConnectOnListener,
        (Errno::EISCONN, Connect { .. }) if matches!(s.was(), State::Close | State::TimeWait) => RuleId::ConnectedOnce,
        (Errno::EISCONN, Connect { .. }) => RuleId::AlreadyConnected,
        (Errno::ENOTCONN, Read { .. }) if s.listens() => RuleId::ReadOnListener,
        (Errno::ENOTCONN, Read { .. }) => RuleId::ReadUnconnected,
        (Errno::ENOTCONN, Shutdown { .. }) if s.sock.connected && s.sock.dissolved.is_none() => RuleId::ShutdownOver,
        (Errno::ENOTCONN, Shutdown { how: ShutdownHow::Read }) => RuleId::ShutdownReadUnconnected,
        (
            Errno::ENOTCONN,
            Shutdown {
                how: ShutdownHow::Write,
            },
        ) => RuleId::ShutdownWriteUnconnected,
        (Errno::ENOTCONN, Shutdown { how: ShutdownHow::Both }) => RuleId::ShutdownBothUnconnected,
        (Errno::EINVAL, Bind { .. }) if s.before.is_some() || s.sock.named.is_some() => RuleId::BindTwice,
        (Errno::EINVAL, Bind { address } | Connect { address, .. }) if lacks_zone(address) => {
            RuleId::LinkLocalWithoutZone
        }
        (Errno::EINVAL, Bind { .. }) => RuleId::BindOtherFamily6,
        (Errno::EINVAL, Listen { .. }) => RuleId::ListenConnected,
        (Errno::EINVAL, Accept { .. }) => RuleId::AcceptWithoutListen,
        // On an IPv4 socket it would be a blackhole route, or a shutdown under an attempt that was given up; no scenario shows either.
        (Errno::EINVAL, Connect { address, .. })
            if address.is_ipv4() && s.sock.sending_shut.or(s.sock.receiving_shut).is_none() =>
        {
            RuleId::ConnectOtherFamily6
        }
        (Errno::EINVAL, Read { flags, .. }) if flags.contains(&ReadFlag::Oob) => RuleId::NoUrgentByte,
        (Errno::EINVAL, SetOption { .. }) => RuleId::OptionValue,

        (Errno::EBUSY, Shutdown { .. } | Disconnect) => RuleId::WaitedOn,

        // The address.
        (Errno::EADDRINUSE, Bind { address }) if address.port() == 0 => RuleId::NoPortToBind,
        (Errno::EADDRINUSE, Bind { .. }) => RuleId::AddressTaken,
        (Errno::EADDRINUSE, Listen { .. }) => RuleId::ListenTaken,
        (Errno::EADDRNOTAVAIL, Bind { .. }) => RuleId::NoSuchAddress,
        (Errno::EADDRNOTAVAIL, Connect { .. }) if s.lacks_family => RuleId::NoSuchAddress,
        (Errno::EADDRNOTAVAIL, Connect { .. }) => RuleId::NoPortLeft,
        (Errno::EAFNOSUPPORT, Bind { .. } | Connect { .. }) => RuleId::OtherFamily,

        // The network, while connecting.
        (Errno::ENETUNREACH, Connect { .. }) => RuleId::NetworkUnreachable,
        (Errno::EHOSTUNREACH, Connect { .. }) => RuleId::HostUnreachable,
        (Errno::EACCES, Connect { .. }) => RuleId::Prohibited,
        // tcp_reset: in any other state than SYN_SENT an RST is another error.
        (Errno::ECONNREFUSED, Connect { .. }) => match s.sock.end.map(|end| (end.by, end.from)) {
            Some((EndCause::Rst, State::SynSent)) => RuleId::Refused,
            Some((EndCause::Icmp(_), _)) => RuleId::RefusedByIcmp,
            _ => return None,
        },
        (Errno::ETIMEDOUT, Connect { .. }) if ended_in(s, State::SynRecv) => RuleId::HandshakeGivenUp,
        (Errno::ETIMEDOUT, Connect { .. }) => RuleId::ConnectTimedOut,
        (Errno::ECONNRESET, Connect { .. }) => RuleId::ConnectReset,
        (Errno::ECONNABORTED, Connect { .. }) => RuleId::AttemptDead,

        // The end of a connection.
        (Errno::EPIPE, Read { .. } | Connect { .. }) if was_dissolved_meanwhile(s) => RuleId::DissolvedWhileWaiting,
        // The RST's error, that a disconnect has left behind: no scenario shows a read that gets it.
        (Errno::EPIPE, Read { .. } | Connect { .. }) => return None,
        (Errno::EPIPE, Write { .. }) => return broken_pipe(s),
        (_, Read { .. } | Write { .. }) => return waiting(call, errno, s),
        _ => return None,
    })
}

/// Was the connection dissolved while the call waited? Where it was before, what waits since is the RST's error, which a disconnect leaves in
/// the socket.
fn was_dissolved_meanwhile(s: &Situation) -> bool {
    let before = s.sock.dissolved.filter(|made| !s.since_it_began(Some(made.entry)));
    before.is_none() || !s.sock.epipe_waits()
}

/// Did the connection, or the attempt at one, end in that state?
fn ended_in(s: &Situation, state: State) -> bool {
    s.sock.end.is_some_and(|end| end.from == state)
}

/// The rule of an error that waited in the socket (`sk_err`), or was noted in it (`sk_err_soft`); none for one without a story.
pub(super) fn waiting(call: &Call, errno: Errno, s: &Situation) -> Option<RuleId> {
    /// The origin of an error of the network.
    enum ErrorContext {
        /// An attempt that it ended.
        Attempt,
        /// A connection that goes on.
        Noted,
        /// A connection on which the kernel has given up.
        AtEnd,
    }
    let is_attempt = s.sock.established.is_none() && matches!(s.was(), State::Close | State::SynSent | State::SynRecv);
    let heard = match s.sock.end {
        Some(end)
            if matches!(end.by, EndCause::Icmp(_) | EndCause::Rst | EndCause::Unseen(_)) && end.is_of_handshake() =>
        {
            ErrorContext::Attempt
        }
        Some(_) => ErrorContext::AtEnd,
        // Its end came too soon to be seen, as in the loopback lab.
        None if is_attempt => ErrorContext::Attempt,
        // Only SO_ERROR hands out what is only noted (sk_getsockopt).
        None if matches!(call, Call::SoError) => ErrorContext::Noted,
        None => ErrorContext::AtEnd,
    };
    Some(match (errno, heard) {
        (Errno::ECONNREFUSED, ErrorContext::Attempt) => RuleId::RefusedEarlier,
        (Errno::ECONNREFUSED, ErrorContext::Noted) => RuleId::RefusedNoted,
        (Errno::ECONNREFUSED, ErrorContext::AtEnd) => RuleId::RefusedAtEnd,
        (Errno::EHOSTUNREACH, ErrorContext::Attempt) => RuleId::HostUnreachableEarlier,
        (Errno::EHOSTUNREACH, ErrorContext::Noted) => RuleId::HostUnreachableNoted,
        (Errno::EHOSTUNREACH, ErrorContext::AtEnd) => RuleId::HostUnreachableAtEnd,
        (Errno::ENETUNREACH, ErrorContext::Attempt) => RuleId::NetworkUnreachableEarlier,
        (Errno::ENETUNREACH, ErrorContext::Noted) => RuleId::NetworkUnreachableNoted,
        (Errno::ENETUNREACH, ErrorContext::AtEnd) => RuleId::NetworkUnreachableAtEnd,
        (Errno::EACCES, ErrorContext::Attempt) => RuleId::ProhibitedEarlier,
        (Errno::EACCES, ErrorContext::Noted) => RuleId::ProhibitedNoted,
        (Errno::EACCES, ErrorContext::AtEnd) => RuleId::ProhibitedAtEnd,
        (Errno::ECONNRESET, _) => match s.sock.end {
            Some(end) if end.is_by_data() => RuleId::DataAfterShutdown,
            Some(end) if matches!(end.by, EndCause::Call(_)) => RuleId::GivenUpByUs,
            _ => RuleId::Reset,
        },
        (Errno::EPIPE, _) => RuleId::ResetInCloseWait,
        (Errno::ETIMEDOUT, _) if ended_in(s, State::SynSent) => RuleId::SynGivenUp,
        (Errno::ETIMEDOUT, _) if ended_in(s, State::SynRecv) => RuleId::HandshakeGivenUp,
        (Errno::ETIMEDOUT, _) => RuleId::PeerGivenUp,
        (Errno::ECONNABORTED, _) => RuleId::Destroyed,
        _ => return None,
    })
}

/// `EPIPE`: the order in which `sk_stream_wait_connect` and `tcp_sendmsg_locked` look. First the error that waits, which is EPIPE
/// itself after an RST in CLOSE_WAIT (`tcp_reset`); then whether there is a connection to write on.
fn broken_pipe(s: &Situation) -> Option<RuleId> {
    let sock = &s.sock;
    if sock.epipe_waits() {
        return Some(RuleId::ResetInCloseWait);
    }
    if s.listens() {
        return Some(RuleId::WriteOnListener);
    }
    // It waited for room or for the handshake when that came.
    let waited_for = |entry: u64| s.since_it_began(Some(entry));
    if let Some(dissolved) = sock.dissolved.map(|made| made.entry).or_else(|| {
        let disconnect = s.under_way(CallClass::Disconnect);
        disconnect.map(|call| call.began)
    }) {
        return Some(if waited_for(dissolved) {
            RuleId::DissolvedWhileWaiting
        } else {
            RuleId::WriteUnconnected
        });
    }
    if let Some(shut) = s.shut(ShutdownHow::Write).filter(|_| sock.connected) {
        return Some(if waited_for(shut) {
            RuleId::ShutWhileWriting
        } else if sock.left.fin.is_some() || !s.segments_seen && is_fin_sent(s.was()) {
            RuleId::FinSent
        } else {
            RuleId::WritingShut
        });
    }
    if sock.reported.is_some() && (sock.end.is_some() || sock.connected) {
        return Some(RuleId::ErrorTold);
    }
    if !sock.connected {
        return Some(RuleId::WriteUnconnected);
    }
    match sock.end {
        // Several things at once: two calls waited, and the other one got the error.
        Some(end) if !end.is_orderly() && !end.by.is_unseen() => (!s.under_way.is_empty()).then_some(RuleId::ErrorTold),
        // What else shuts sending down (tcp_done) leaves an error behind, and that would have gone first.
        Some(end) if end.by.is_unseen() => Some(RuleId::ResetInCloseWait),
        None if s.was() == State::CloseWait || !s.segments_seen => Some(RuleId::ResetInCloseWait),
        _ => None,
    }
}

/// Is it a link-local address (RFC 4291, 2.5.6) that names no interface?
const fn lacks_zone(address: &SocketAddr) -> bool {
    match address {
        SocketAddr::V6(address) => address.ip().is_unicast_link_local() && address.scope_id() == 0,
        SocketAddr::V4(_) => false,
    }
}

/// Has our FIN been acknowledged, or crossed the peer's: it was sent then, though no segment was seen?
const fn is_fin_sent(state: State) -> bool {
    matches!(
        state,
        State::FinWait2 | State::Closing | State::TimeWait | State::FinWait1 | State::LastAck
    )
}
