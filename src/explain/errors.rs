//! Which rule a call that failed falls under.

use super::rules::{CallClass, Forbids, RuleId};
use super::{Situation, Why, cause, options};
use crate::call::{Call, How, ReadFlag, WriteFlag};
use crate::errno::Errno;
use crate::state::State;

/// One sentence for a call that failed, and its rule.
pub(super) fn why(call: &Call, errno: Errno, s: &Situation) -> Why {
    let Some(id) = rule(call, errno, s) else {
        return Why::said(match (call, errno) {
            // Nobody saw which, in the loopback lab: so no rule has it.
            (Call::Connect { .. }, Errno::ECONNREFUSED) => {
                "The SYN was answered with RST or ICMP port unreachable: as a rule nobody listens on that port.".into()
            }
            _ => generic(errno),
        });
    };
    match (id, call) {
        (RuleId::OptionValue, Call::SetOption { option, .. }) => Why::more(id, options::refused(*option)),
        _ => Why::more(id, id.rule().because.where_forbidden_by(forbids(call))),
    }
}

/// What is true of any errno: its name and libc's text.
pub(super) fn generic(errno: Errno) -> String {
    format!("The kernel answered {errno}.")
}

/// The rules' match, the errnos that any call can meet first; none where nothing is known beyond the errno's text.
fn rule(call: &Call, errno: Errno, s: &Situation) -> Option<RuleId> {
    use Call::{Accept, Bind, Connect, Disconnect, Listen, Poll, Read, SetOption, Shutdown, Write};
    Some(match (errno, call) {
        // The descriptor.
        (Errno::EBADF, call) if !CallClass::any_is(CallClass::ON_DESCRIPTOR, call.kind()) => return None,
        (Errno::EBADF, _) if !s.known => RuleId::DescriptorNeverWas,
        (Errno::EBADF, _) if !s.open => RuleId::DescriptorClosed,

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
        (Errno::EAGAIN, Read { .. }) if s.shakes_hands() => RuleId::ReadBeforeHandshake,
        (Errno::EAGAIN, Read { .. }) => RuleId::ReadNothing,
        (Errno::EAGAIN, Write { .. }) if s.shakes_hands() => RuleId::WriteBeforeHandshake,
        (Errno::EAGAIN, Write { .. }) => RuleId::WriteNoRoom,
        (Errno::EINPROGRESS, Connect { .. }) => RuleId::ConnectUnderWay,
        (Errno::EALREADY, Connect { .. }) => RuleId::ConnectStillUnderWay,

        // Wrong time for the call.
        (Errno::EISCONN, Connect { .. }) if s.listens() => RuleId::ConnectOnListener,
        (Errno::EISCONN, Connect { .. }) if matches!(s.was(), State::Close | State::TimeWait) => RuleId::ConnectedOnce,
        (Errno::EISCONN, Connect { .. }) => RuleId::AlreadyConnected,
        (Errno::ENOTCONN, Read { .. }) if s.listens() => RuleId::ReadOnListener,
        (Errno::ENOTCONN, Read { .. }) => RuleId::ReadUnconnected,
        (Errno::ENOTCONN, Shutdown { .. }) if s.connected => RuleId::ShutdownOver,
        (Errno::ENOTCONN, Shutdown { how: How::Read }) => RuleId::ShutdownReadUnconnected,
        (Errno::ENOTCONN, Shutdown { how: How::Write }) => RuleId::ShutdownWriteUnconnected,
        (Errno::ENOTCONN, Shutdown { how: How::Both }) => RuleId::ShutdownBothUnconnected,
        (Errno::EINVAL, Bind { .. }) if s.before.is_some() || s.connected => RuleId::BindTwice,
        (Errno::EINVAL, Bind { .. }) => RuleId::BindTwiceOrFamily,
        (Errno::EINVAL, Listen { .. }) => RuleId::ListenConnected,
        (Errno::EINVAL, Accept { .. }) => RuleId::AcceptWithoutListen,
        // On an IPv4 socket it would be a blackhole route, which no scenario shows.
        (Errno::EINVAL, Connect { address, .. }) if address.is_ipv4() => RuleId::ConnectOtherFamily6,
        (Errno::EINVAL, Read { flags, .. }) if flags.contains(&ReadFlag::Oob) => RuleId::NoUrgentByte,
        (Errno::EINVAL, SetOption { .. }) => RuleId::OptionValue,

        (Errno::EBUSY, Shutdown { .. } | Disconnect) => RuleId::WaitedOn,

        // The address.
        (Errno::EADDRINUSE, Bind { address }) if address.port() == 0 => RuleId::NoPortToBind,
        (Errno::EADDRINUSE, Bind { .. }) => RuleId::AddressTaken,
        (Errno::EADDRINUSE, Listen { .. }) => RuleId::ListenTaken,
        (Errno::EADDRNOTAVAIL, Bind { .. }) => RuleId::NoSuchAddress,
        (Errno::EADDRNOTAVAIL, Connect { .. }) => RuleId::NoPortLeft,
        (Errno::EAFNOSUPPORT, Bind { .. } | Connect { .. }) => RuleId::OtherFamily,

        // The network, while connecting.
        (Errno::ENETUNREACH, Connect { .. }) => RuleId::NetworkUnreachable,
        (Errno::EHOSTUNREACH, Connect { .. }) => RuleId::HostUnreachable,
        (Errno::EACCES, Connect { .. }) => RuleId::Prohibited,
        (Errno::ECONNREFUSED, Connect { .. }) if s.rst_received => RuleId::Refused,
        (Errno::ECONNREFUSED, Connect { .. }) if s.icmp_received => RuleId::RefusedByIcmp,
        (Errno::ETIMEDOUT, Connect { .. }) => RuleId::ConnectTimedOut,
        (Errno::ECONNRESET, Connect { .. }) => RuleId::ConnectReset,
        (Errno::ECONNABORTED, Connect { .. }) => RuleId::AttemptDead,

        // The end of a connection.
        (Errno::EPIPE, Read { .. } | Connect { .. }) => RuleId::DissolvedWhileWaiting,
        (Errno::EPIPE, Write { .. }) => return broken_pipe(s),
        (_, Read { .. } | Write { .. }) => return cause(errno, s),
        _ => return None,
    })
}

/// Who forbids the call to wait, where it may not: its own MSG_DONTWAIT, or what was set on the socket.
fn forbids(call: &Call) -> Forbids {
    let own = match call {
        Call::Read { flags, .. } => flags.contains(&ReadFlag::Dontwait),
        Call::Write { flags, .. } => flags.contains(&WriteFlag::Dontwait),
        _ => false,
    };
    if own { Forbids::ThisCall } else { Forbids::Socket }
}

/// `EPIPE`: tcp_sendmsg_locked looks at our own shutdown and at the waiting error, and an error other than EPIPE goes first
/// (sk_stream_error). So EPIPE means our own FIN, an error told before, an RST in CLOSE_WAIT, or no peer at all.
fn broken_pipe(s: &Situation) -> Option<RuleId> {
    use State::{
        Close, CloseWait, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait,
    };
    Some(match (s.was(), s.is()) {
        (Listen, _) => RuleId::WriteOnListener,
        _ if s.listening => RuleId::WriteOnListener,
        (FinWait1 | FinWait2 | Closing | LastAck | TimeWait, _) => RuleId::FinSent,
        // The call waited for room or for the handshake.
        (Established | CloseWait | SynSent | SynRecv, FinWait1 | FinWait2 | Closing | LastAck | TimeWait) => {
            RuleId::ShutWhileWriting
        }
        _ if s.connected && s.past.writing_shut => RuleId::WritingShut,
        (CloseWait, _) => RuleId::ResetInCloseWait,
        (Close, _) if !s.connected => RuleId::WriteUnconnected,
        (Close, _) if s.past.error_told => RuleId::ErrorTold,
        // What else shuts sending down (tcp_done) leaves an error behind, and that would have gone first.
        (Close, _) => RuleId::ResetInCloseWait,
        // Several things at once: two calls waited, say, and the other one was told the error.
        _ => return None,
    })
}
