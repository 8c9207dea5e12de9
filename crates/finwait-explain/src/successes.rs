//! What a call that succeeded means: success says less than it seems to.

use super::error_source::{self, forbids};
use super::errors::waiting;
use super::rules::{CallClass, RuleId, WaitForbidder};
use super::sock::EndCause;
use super::{DONE, Explanation, Holder, Situation, fits, options};
use State::{Close, CloseWait, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait};
use finwait_model::call::{Call, CallKind, PollEvent, ReadFlag, ShutdownHow, WriteFlag};
use finwait_model::clock::human;
use finwait_model::errno::Errno;
use finwait_model::outcome::Value;
use finwait_model::state::State;

/// One sentence for a call that succeeded; a rule, where what it gave back is the end of a stream or an error.
pub(super) fn why(call: &Call, value: &Value, s: &Situation) -> Explanation {
    if !fits(call, value) {
        return Explanation::without_rule(DONE);
    }
    match (call, value) {
        (Call::SoError, Value::PendingError { error: Some(errno) }) => pending(call, *errno, s),
        (Call::Read { n: asked, flags, .. }, Value::Read { n: 0, .. }) if *asked > 0 => end(call, flags, s),
        _ => Explanation::without_rule(sentence(call, value, s)),
    }
}

/// One sentence for any other success.
fn sentence(call: &Call, value: &Value, s: &Situation) -> String {
    match (call, value) {
        (Call::Listen { backlog }, _) => listen(*backlog, s),
        (Call::Poll { events: asked, .. }, Value::Ready { events }) => poll(asked, events, s),
        (Call::SetOption { option, value }, _) => options::set(*option, *value),
        (Call::GetOption { .. }, Value::Options { readings }) if readings.len() == 1 => options::read(&readings[0]),
        (
            Call::Write {
                data, repeat, flags, ..
            },
            Value::Written { n },
        ) => write(call, data.0.len().saturating_mul(*repeat), *n, flags, s),
        (Call::Read { n: asked, flags, .. }, Value::Read { n, .. }) => read(call, *asked, *n, flags, s),
        (Call::Close, _) => close(s),
        (Call::RstClose | Call::LingerClose { seconds: 0 }, _) => rst_close(s),
        (Call::LingerClose { .. }, _) => linger_close(s),
        (Call::Shutdown { how }, _) => shutdown(*how, s),
        (Call::Disconnect, _) => disconnect(s),
        _ => plain(call, s).into(),
    }
}

/// The calls whose value says nothing beyond success.
fn plain(call: &Call, s: &Situation) -> &'static str {
    match call {
        Call::Socket { .. } => "A new TCP socket, neither bound nor connected; nothing is sent.",
        Call::Bind { address } if address.port() == 0 => {
            "The address is its own, with a port that the kernel chose; nothing is sent."
        }
        Call::Bind { .. } => "The address is its own; nothing is sent, and nobody can connect before listen.",
        // inet_csk_accept: whatever has come over the connection since, RST included, is for the calls on the new socket.
        Call::Accept { .. } => match s.accepted.and_then(|accepted| accepted.established) {
            Some(done) if done > s.began => {
                "The oldest finished connection left the queue: its handshake was done while accept waited."
            }
            Some(_) => "The oldest finished connection left the queue: its handshake was done before accept.",
            None => "The oldest finished connection left the queue.",
        },
        // tcp_finish_connect comes with the SYN-ACK: the last ACK may be lost, and the accept queue full.
        Call::Connect { .. } => match s.was() {
            SynSent | SynRecv | Established => "The handshake begun earlier is done; the next connect gives EISCONN.",
            _ if s.to_itself => "The socket is connected to itself: its own SYN came back, and nobody needs to accept.",
            _ if s.sock.crossed => {
                "The peer's SYN crossed ours: it has called connect, too, and nobody needs to accept."
            }
            _ => "The peer's kernel answered the SYN; its program need not have accepted yet.",
        },
        Call::Dup { .. } => "Another descriptor of the same socket: close sends nothing until the last one is closed.",
        Call::SoError => match s.is() {
            SynSent | SynRecv => "No error waits in the socket so far; the handshake is not done.",
            _ if s.sock.reported.is_some() => "No error waits in the socket: it was already reported.",
            _ => "No error waits in the socket.",
        },
        Call::Options | Call::GetOption { .. } => "The options as they stand now.",
        Call::Listen { .. }
        | Call::Poll { .. }
        | Call::SetOption { .. }
        | Call::Read { .. }
        | Call::Write { .. }
        | Call::Shutdown { .. }
        | Call::Close
        | Call::RstClose
        | Call::LingerClose { .. }
        | Call::Disconnect => DONE,
    }
}

/// A backlog of n holds n + 1 (sk_acceptq_is_full); below zero it is as large as can be, up to somaxconn.
fn listen(backlog: i32, s: &Situation) -> String {
    if s.was() == Listen {
        return "It listened already: only the length of its queue is set anew.".into();
    }
    match backlog {
        _ if s.takes_unasked => {
            "Clients can connect from now on. The library accepts by itself; in the listener's queue they stand only until then.".into()
        }
        0 => "Clients can connect from now on: 1 may wait for accept, the next one's SYN is dropped.".into(),
        1..=4095 => {
            let held = backlog + 1;
            format!("Clients can connect from now on: {held} may wait for accept, the next one's SYN is dropped.")
        }
        _ => "Clients can connect from now on: as many may wait for accept as somaxconn allows.".into(),
    }
}

fn read(call: &Call, asked: usize, n: usize, flags: &[ReadFlag], s: &Situation) -> String {
    let with = |flag| flags.contains(&flag);
    let plain = match n {
        // sock_read_iter returns before TCP is asked; recv of 0 bytes would wait for data.
        0 => "Zero bytes were asked for: this says nothing about the connection.",
        _ if with(ReadFlag::Oob) => "The urgent byte, taken past those before it.",
        _ if with(ReadFlag::Peek) => "Looked at only: the bytes stay for the next read.",
        n if n < asked && with(ReadFlag::Waitall) => {
            return format!("Fewer than asked for: {}.", cut_short(call, ShutdownHow::Read, s));
        }
        // tcp_recvmsg_locked: data first, then the FIN, then the error.
        _ => match s.was() {
            _ if s.sock.fin.is_some() => {
                "Bytes that came before the peer's FIN: they are read first, then read gives 0."
            }
            FinWait1 | FinWait2 => "We have shut our direction down, and the peer has not: its bytes still come.",
            CloseWait | LastAck | Closing | TimeWait => {
                "Bytes that came before the peer's FIN: they are read first, then read gives 0."
            }
            Close if s.sock.has_error() => "Bytes that came before the end: they are read first, then comes the error.",
            Close => "Bytes that came before the end: they are read first, then read gives 0.",
            _ if n == asked => "As many bytes as were asked for; more may be waiting.",
            _ => "What had come by now: the stream keeps the bytes' order, not the sizes of the writes.",
        },
    };
    plain.into()
}

/// What ended a call that has moved fewer bytes than it was asked to.
fn cut_short(call: &Call, direction: ShutdownHow, s: &Situation) -> String {
    let sock = &s.sock;
    let end = sock.end.filter(|_| sock.has_error());
    match end {
        Some(end) => format!("{}, and the next call reports the error", ended(end.by)),
        None if direction == ShutdownHow::Read && sock.fin.is_some() => "the peer's FIN ended the stream".into(),
        None if s.shut(direction).is_some() => "our own shutdown ended that direction".into(),
        None if s.interrupted.is_some() => "a signal ended the wait for more".into(),
        None => match forbids(call, s) {
            WaitForbidder::ThisCall => "MSG_DONTWAIT forbids waiting for more".into(),
            WaitForbidder::Nonblock => "O_NONBLOCK forbids waiting for more".into(),
            WaitForbidder::Timeout(option, after) => format!("{} ran out after {after}", option.name()),
            WaitForbidder::Any | WaitForbidder::Socket => "the wait for more was over, or not allowed".into(),
        },
    }
}

/// That something ended a connection.
fn ended(by: EndCause) -> String {
    match by {
        EndCause::Rst => "an RST ended the connection".into(),
        EndCause::Icmp(icmp) => format!("ICMP {} ended it", icmp.name()),
        EndCause::Segment => "data after our own shutdown ended the connection".into(),
        EndCause::Timer(_) => "the kernel gave up on the peer".into(),
        EndCause::Administrator => "the connection was destroyed on this host".into(),
        EndCause::Call(class) => format!("our own {} ended the connection", class.name()),
        EndCause::Death => "the end of the process ended the connection".into(),
        EndCause::Unseen(_) => "the connection ended".into(),
    }
}

/// Read gives 0, in the order in which `tcp_recvmsg_locked` looks: the peer's FIN was taken (SOCK_DONE), or the error was reported
/// before, or reading is shut down.
fn end(call: &Call, flags: &[ReadFlag], s: &Situation) -> Explanation {
    let sock = &s.sock;
    let by = |rule| Explanation::by(rule, call, s);
    let has_fin = |state| matches!(state, CloseWait | LastAck | Closing | TimeWait);
    if flags.contains(&ReadFlag::Oob) {
        return by(RuleId::NoUrgentByteAnyMore);
    }
    if sock.fin.is_some() {
        let reset = sock.end.is_some_and(|end| end.by == EndCause::Rst);
        return by(if reset { RuleId::EofFinBeforeRst } else { RuleId::EofFin });
    }
    // What dissolves a connection opens both directions again (tcp_disconnect): the error that is told then shuts nothing.
    let is_dissolved = sock.dissolved.is_some() || sock.failed.is_some();
    if sock.reported.is_some() && !is_dissolved {
        return by(RuleId::EofErrorTold);
    }
    if s.shut(ShutdownHow::Read).is_some() {
        return by(if sock.connected {
            RuleId::EofReadingShut
        } else {
            RuleId::EofUnconnected
        });
    }
    match sock.end {
        // Another call was told the error, and has not returned.
        Some(end) if !end.is_orderly() && !end.by.is_unseen() && sock.dissolved.is_none() => by(RuleId::EofErrorTold),
        _ if has_fin(s.was()) || has_fin(s.is()) => by(RuleId::EofFin),
        // Not seen, in the loopback lab; but what else shuts receiving down (tcp_done) leaves an error behind, and that would
        // have gone first.
        _ => {
            by(RuleId::EofFin).in_words("The peer had ended its direction before the connection ended: end of stream.")
        }
    }
}

fn write(call: &Call, asked: usize, n: usize, flags: &[WriteFlag], s: &Situation) -> String {
    let oob = flags.contains(&WriteFlag::Oob);
    let ended_since = s.sock.end.filter(|end| s.since_it_began(Some(end.entry)));
    let plain = match (s.was(), s.is()) {
        _ if asked == 0 => "Zero bytes: nothing is sent.",
        // do_error in tcp_sendmsg_locked: what was copied is told, and the error to the next call.
        _ if n < asked => {
            return format!(
                "Only so many fitted into the send buffer: {}.",
                cut_short(call, ShutdownHow::Write, s)
            );
        }
        _ if s.segments_seen && s.limits.no_route.is_some() => {
            "Taken into the send buffer, where it stays: this host has no route to the peer."
        }
        // The FIN is all that this side knows; a peer that closed answers data with RST (tcp_rcv_state_process).
        (CloseWait, Close)
            if s.open && ended_since.is_none_or(|end| matches!(end.by, EndCause::Rst | EndCause::Unseen(_))) =>
        {
            "Taken, but the peer had closed both directions: its RST has ended the connection."
        }
        (CloseWait, _) if ended_since.is_none() => {
            "Taken: the peer's FIN ends its own direction; if it closed both, it answers with RST."
        }
        (_, Close) if s.open => match ended_since {
            Some(end) => {
                return format!(
                    "Taken into the send buffer, but {} since: the bytes may be lost.",
                    ended(end.by)
                );
            }
            None => "Taken into the send buffer, but the connection has ended since: the bytes may be lost.",
        },
        (SynSent | SynRecv, _) => "The write waited for the handshake; the bytes are in the send buffer now.",
        _ if oob => "Taken into the send buffer, the last byte marked as urgent.",
        _ => "Taken into the send buffer: the kernel sends it, and the peer need not have read it.",
    };
    plain.into()
}

/// Has a segment left since the call began?
#[derive(Clone, Copy, PartialEq, Eq)]
enum SegmentSent {
    Yes,
    No,
    /// Segments are not seen here.
    Unknown,
}

fn sent(entry: Option<u64>, s: &Situation) -> SegmentSent {
    match s.segments_seen {
        false => SegmentSent::Unknown,
        true if s.since_it_began(entry) => SegmentSent::Yes,
        true => SegmentSent::No,
    }
}

/// That our FIN was sent, as far as it was, and what follows.
fn fin(s: &Situation, then: &str) -> String {
    match sent(s.sock.left.fin, s) {
        SegmentSent::Yes => format!("FIN sent: {then}."),
        SegmentSent::Unknown if matches!(s.is(), FinWait2 | TimeWait | Closing) => format!("FIN sent: {then}."),
        SegmentSent::Unknown => format!("FIN queued, and sent after anything unsent: {then}."),
        SegmentSent::No if s.limits.no_route.is_some() => {
            format!("The FIN is queued, but did not leave: this host has no route to the peer; {then}.")
        }
        SegmentSent::No => format!("The FIN is queued behind data that has not left yet: {then}."),
    }
}

fn shutdown(how: ShutdownHow, s: &Situation) -> String {
    let plain = match (how, s.was()) {
        (ShutdownHow::Write | ShutdownHow::Both, Established) if s.to_itself && s.is() == TimeWait => {
            "FIN sent, and come back to the socket itself: both directions are done."
        }
        // inet_shutdown: a listener has no sending direction; shutting its reading down is tcp_disconnect.
        (ShutdownHow::Write, Listen) => "Nothing happens: a listener has no direction to send in.",
        (ShutdownHow::Read | ShutdownHow::Both, Listen) => {
            "It does not listen any more, and the connections in its queue are gone."
        }
        // __inet_stream_connect, which waits, takes it, unless another call that waits is first.
        (_, SynSent) if s.under_way(CallClass::Connect).is_some() || s.since_it_began(s.sock.reported) => {
            "The attempt is given up, and nothing is sent; a call that waited gets the ECONNRESET."
        }
        (_, SynSent) => "The attempt is given up, and nothing is sent; an ECONNRESET waits for whoever asks.",
        // tcp_shutdown, since Linux 6.10: tcp_rcv_state_process sends it when the handshake is done.
        (ShutdownHow::Write | ShutdownHow::Both, SynRecv) if s.is() == SynRecv => {
            "The FIN is deferred until the handshake is done: nothing is sent, and the state stays SYN_RECV."
        }
        // tcp_rcv_state_process, FIN_WAIT: RCV_SHUTDOWN resets, whichever direction was shut down first.
        (ShutdownHow::Write, Established | SynRecv) if s.shut(ShutdownHow::Read).is_some() => {
            return fin(
                s,
                "with reading shut down before, data that still comes is answered with RST",
            );
        }
        (ShutdownHow::Write, Established | SynRecv) => {
            return fin(s, "nothing more to say, still listening for the peer's bytes");
        }
        (ShutdownHow::Write | ShutdownHow::Both, CloseWait) => {
            return fin(s, "the peer's came before, so both directions end");
        }
        (ShutdownHow::Both, Established | SynRecv) => return fin(s, "data that still comes is answered with RST"),
        (ShutdownHow::Write, FinWait1 | FinWait2 | Closing | LastAck) => {
            "The sending direction was shut down before: nothing changes."
        }
        // tcp_rcv_state_process: in FIN_WAIT, data that comes after SHUT_RD resets both sides.
        (ShutdownHow::Read | ShutdownHow::Both, FinWait1 | FinWait2) => {
            "The sending direction was shut down before; with reading shut down too, data that still comes is answered with RST."
        }
        (_, Closing | LastAck) => "Both directions were shut down before: nothing changes.",
        // RCV_SHUTDOWN only: tcp_shutdown does nothing without SEND_SHUTDOWN, and data is queued as before.
        (ShutdownHow::Read, Established | SynRecv) => {
            "Nothing is sent, the peer knows nothing: read gives 0, but for data that came or still comes."
        }
        (ShutdownHow::Read, CloseWait) => "Nothing is sent, and the peer's FIN had ended this direction already.",
        (_, TimeWait | Close) => DONE,
    };
    plain.into()
}

/// That something else holds the socket (`fput` of a descriptor that is not the last): another descriptor (dup, fork), or a call that
/// waits. A language's library may have ended the connection all the same: what it does not give back yet is no call of the kernel's.
fn held(s: &Situation) -> Option<String> {
    if s.since_it_began(s.sock.left.fin.max(s.sock.left.rst)) {
        return None;
    }
    let holder = match s.held_by.as_ref()? {
        Holder::Descriptor(name) => format!("{name}, another descriptor of it,"),
        Holder::Call(kind @ CallKind::Accept) => format!("an {kind} that waits"),
        Holder::Call(kind) => format!("a {kind} that waits"),
    };
    Some(format!("Nothing is sent: {holder} still holds the socket"))
}

fn close(s: &Situation) -> String {
    if let Some(held) = held(s) {
        return format!("{held}.");
    }
    let plain = match s.was() {
        Listen => "With its last descriptor the listener goes, and the connections in its queue with it.",
        Close if s.sock.end.is_some() => return format!("The descriptor is closed; {} already.", was_over(s)),
        Close => "The descriptor is closed; there was no connection to end.",
        SynSent => "The attempt is given up, and nothing is sent.",
        TimeWait => "Both FINs are done; TIME_WAIT stays in the kernel without the descriptor.",
        Established | SynRecv | FinWait1 | FinWait2 | CloseWait | Closing | LastAck => {
            return if s.segments_seen {
                closed(s)
            } else {
                closed_unseen(s).into()
            };
        }
    };
    plain.into()
}

/// What was over before the call.
fn was_over(s: &Situation) -> &'static str {
    match s.sock.end {
        Some(end) if end.is_of_handshake() => "the attempt to connect had failed",
        Some(end) if end.from == Listen => "the listener was gone",
        _ => "the connection was over",
    }
}

/// What a close of the last descriptor did, where segments are seen (`__tcp_close`).
fn closed(s: &Situation) -> String {
    let sock = &s.sock;
    let end = sock.end.filter(|end| s.since_it_began(Some(end.entry)));
    let fin_sent = sent(sock.left.fin, s) == SegmentSent::Yes;
    let rst_sent = sent(sock.left.rst, s) == SegmentSent::Yes;
    // Unread data comes before SO_LINGER, and that before the FIN; TCP_LINGER2 is looked at last.
    let had_fin = sock.left.fin.is_some_and(|fin| fin < s.began);
    let reason = if s.unread > 0 && had_fin {
        Some("unread bytes were discarded, and RST tells the peer so (RFC 2525, 2.17), though our FIN had gone before")
    } else if s.unread > 0 {
        Some("unread bytes were discarded, and RST tells the peer so, instead of FIN (RFC 2525, 2.17)")
    } else if sock.options.linger == Some(0) && had_fin {
        Some("SO_LINGER with 0 seconds makes close send it, though our FIN had gone before")
    } else if sock.options.linger == Some(0) {
        Some("SO_LINGER with 0 seconds makes it RST instead of FIN")
    } else if s.was() == FinWait2 && sock.options.linger2.is_some_and(|seconds| seconds < 0) {
        Some("TCP_LINGER2 below 0 leaves no orphan in FIN_WAIT2")
    } else {
        None
    };
    let plain = match (end.map(|end| end.by), fin_sent, rst_sent) {
        (Some(EndCause::Rst), true, _) => {
            // It may have forgotten the connection, or want no more of it.
            "FIN sent, and the peer's host answered with RST: the connection is gone."
        }
        (Some(EndCause::Rst), false, false) => "An RST from the peer ended the connection meanwhile.",
        (Some(by @ (EndCause::Timer(_) | EndCause::Icmp(_) | EndCause::Administrator)), ..) => {
            return format!("While close waited, {}.", ended(by));
        }
        (_, true, true) => "FIN sent, and then RST: data came that nobody will read.",
        (_, false, true) => match reason {
            Some(reason) => return format!("RST sent: {reason}."),
            None => "RST sent: the connection is gone.",
        },
        (_, false, false) if reason.is_some() && s.is() == Close => {
            "The connection is gone without a segment: the RST did not leave this host."
        }
        (_, true, false) => match (s.was(), s.is()) {
            (CloseWait, Close) => "FIN sent, and acknowledged at once: both FINs are done, and the connection is gone.",
            (CloseWait, _) => "FIN sent: the peer's came before, so only its last ACK is missing.",
            _ => "FIN sent: the kernel ends the connection alone, and answers data that still comes with RST.",
        },
        (_, false, false) => match s.was() {
            FinWait1 | Closing | LastAck if sock.left.fin.is_none() => {
                "Our FIN was queued before and has not left yet: the kernel alone goes on."
            }
            FinWait1 | FinWait2 => {
                "Our FIN was sent before; the kernel alone waits for the rest, and answers data with RST."
            }
            Closing | LastAck => "Both FINs are under way already: the kernel alone waits for the last ACK.",
            CloseWait => return fin(s, "the peer's came before, so both directions end"),
            _ => return fin(s, "the kernel ends the connection alone"),
        },
    };
    plain.into()
}

/// The same where segments are not seen: told by the states before and after.
fn closed_unseen(s: &Situation) -> &'static str {
    match (s.was(), s.is()) {
        (Established | SynRecv | FinWait1 | FinWait2 | CloseWait, Close) if s.unread > 0 => {
            "Unread bytes were discarded: RST tells the peer so, instead of FIN (RFC 2525, 2.17)."
        }
        (Established | SynRecv | FinWait1 | FinWait2 | CloseWait, Close) if s.sock.options.linger == Some(0) => {
            "An RST ended the connection instead of FINs, as SO_LINGER with 0 seconds makes it."
        }
        (Established | SynRecv | FinWait1 | FinWait2, Close) => {
            "The connection is gone: by an RST, for with FINs alone it would be in TIME_WAIT or wait for the peer."
        }
        (CloseWait, Close) => "The connection is gone: both FINs are acknowledged.",
        (_, TimeWait) => "FIN sent, and the peer's has come: both are done, and TIME_WAIT stays in the kernel.",
        (CloseWait, _) => "FIN sent: the peer's came before, so only its last ACK is missing.",
        (FinWait1 | FinWait2, _) => {
            "Our FIN was sent before; the kernel alone waits for the rest, and answers data with RST."
        }
        (Closing | LastAck, _) => "Both FINs are under way already: the kernel alone waits for the last ACK.",
        _ => "FIN sent: the kernel ends the connection alone, and answers data that still comes with RST.",
    }
}

/// tcp_disconnect sends RST only where the peer still has something to be reset (tcp_need_reset).
fn rst_close(s: &Situation) -> String {
    if let Some(held) = held(s) {
        return format!("{held}; SO_LINGER stays at 0 seconds, which makes its last close send RST.");
    }
    let had_fin = s.sock.left.fin.is_some_and(|fin| fin < s.began);
    let plain = match (s.was(), sent(s.sock.left.rst, s)) {
        (Established | SynRecv | FinWait1 | FinWait2 | CloseWait, SegmentSent::Yes) if had_fin => {
            "RST sent, though our FIN had gone before: unsent and unread bytes are discarded, and no TIME_WAIT is left."
        }
        (Established | SynRecv | FinWait1 | FinWait2 | CloseWait, SegmentSent::Yes | SegmentSent::Unknown) => {
            "RST sent instead of FIN: unsent and unread bytes are discarded, and no TIME_WAIT is left."
        }
        (Established | SynRecv | FinWait1 | FinWait2 | CloseWait, SegmentSent::No) if s.is() == Close => {
            "The connection is gone without a segment: the RST did not leave this host, so the peer knows nothing."
        }
        (Closing | LastAck, SegmentSent::Yes) => {
            "RST sent, for not all bytes had been sent: the connection is forgotten here."
        }
        (Closing | LastAck, _) if s.segments_seen && s.sock.left.fin.is_none() => {
            "Our FIN was queued before and has not left this host: the connection is forgotten here."
        }
        (Closing | LastAck, _) => {
            "Both FINs were under way already: the connection is forgotten here without the last ACK."
        }
        _ => return close(s),
    };
    plain.into()
}

/// On Linux close returns 0 whether all was acknowledged or the time ran out (sk_stream_wait_close); nothing is lost then.
fn linger_close(s: &Situation) -> String {
    if held(s).is_some() {
        return close(s);
    }
    let after = human(s.took);
    match (s.was(), s.is()) {
        (Established | SynRecv | CloseWait | FinWait1, FinWait1 | LastAck | Closing) => {
            let by = match s.interrupted {
                Some(_) => "a signal ended the wait",
                None => "SO_LINGER ran out",
            };
            format!(
                "After {after} {by}, and not all was acknowledged, our FIN included: close succeeds all the same, the kernel goes on alone."
            )
        }
        (Established | SynRecv | FinWait1, FinWait2 | TimeWait) => {
            "Everything was acknowledged, the FIN too; close did not wait for the peer's FIN.".into()
        }
        _ => close(s),
    }
}

fn disconnect(s: &Situation) -> String {
    let plain = match (s.was(), sent(s.sock.left.rst, s)) {
        // tcp_disconnect leaves ECONNRESET in our own socket too.
        (Established | SynRecv | CloseWait | FinWait1 | FinWait2, SegmentSent::Yes | SegmentSent::Unknown) => {
            "RST sent, the connection is dissolved; the socket can connect again, and an ECONNRESET waits in it."
        }
        (Established | SynRecv | CloseWait | FinWait1 | FinWait2, SegmentSent::No) => {
            "The connection is dissolved, but the RST did not leave this host; the socket can connect again, and an ECONNRESET waits in it."
        }
        (SynSent, _) => "The attempt is given up; the socket can connect again, and an ECONNRESET waits in it.",
        (Listen, _) => "It does not listen any more, and the connections in its queue are gone.",
        (Closing | LastAck, SegmentSent::Yes) => {
            "RST sent, for not all bytes had been sent; the socket can connect again."
        }
        (Closing | LastAck | TimeWait, _) => "The connection was all but over; the socket can connect again.",
        (Close, _) if s.sock.end.is_some() => {
            return capital(&format!("{} already; the socket can connect again", was_over(s)));
        }
        (Close, _) => "There was no connection to dissolve; the socket can connect.",
    };
    plain.into()
}

/// The events' meanings, the most telling first, joined to one sentence (tcp_poll).
fn poll(asked: &[PollEvent], events: &[PollEvent], s: &Situation) -> String {
    let told = |event| events.contains(&event);
    let by_fin = s.sock.fin.is_some() || matches!(s.is(), CloseWait | LastAck | Closing | TimeWait);
    let by_shutdown = s.shut(ShutdownHow::Read).is_some();
    if events.is_empty() {
        return if asked.is_empty() {
            "Nothing was asked for, and there is neither an error nor the end of both directions.".into()
        } else {
            "Nothing that was asked for has come, and there is neither an error nor the end of both directions.".into()
        };
    }
    if told(PollEvent::Nval) {
        return "The file descriptor is not open; poll says so without failing.".into();
    }
    let mut said = Vec::new();
    // __tcp_poll: sk_err, or the error queue.
    let is_queued = s.sock.queued_icmp && !s.sock.has_error();
    if told(PollEvent::Err) {
        said.push(if is_queued {
            "the ICMP error stands in the error queue, which only MSG_ERRQUEUE takes"
        } else {
            "an error waits, which SO_ERROR would take"
        });
    }
    if told(PollEvent::Hup) {
        // SHUTDOWN_MASK or CLOSE: also on a socket that never had a connection.
        said.push(if s.sock.connected {
            "both directions are over"
        } else {
            "there is no connection"
        });
    }
    if told(PollEvent::Hup) || told(PollEvent::Err) && !is_queued {
        said.push("neither read nor write would wait");
    } else {
        if told(PollEvent::Rdhup) {
            said.push(if by_fin {
                "the peer's FIN has come"
            } else {
                if by_shutdown {
                    "we shut reading down"
                } else {
                    "receiving is over, by FIN or SHUT_RD"
                }
            });
        }
        if told(PollEvent::In) {
            said.push(if s.listens() {
                "a finished connection waits for accept"
            } else if told(PollEvent::Rdhup) {
                "read gives what is left, then 0"
            } else if !by_fin && !by_shutdown {
                "there are bytes to read"
            } else if s.unread > 0 {
                "there are bytes to read, and then the end of the stream"
            } else {
                "read gives 0, the end of the stream"
            });
        }
        if told(PollEvent::Pri) {
            said.push("an urgent byte is here");
        }
        if told(PollEvent::Out) {
            said.push("there is room to write");
        }
    }
    capital(&said.join("; "))
}

/// A pending error that `SO_ERROR` took out of the socket.
fn pending(call: &Call, errno: Errno, s: &Situation) -> Explanation {
    let Some(id) = waiting(call, errno, s) else {
        return Explanation::without_rule(format!("The socket held {errno}; asking took it out."));
    };
    // What is reported once has now been reported: what follows is for the calls to come.
    let sentence = format!("{}; asking took the error out.", error_source::cause(id, s));
    Explanation::by(id, call, s).in_words(sentence)
}

/// A list of clauses as a sentence.
fn capital(clauses: &str) -> String {
    let mut chars = clauses.chars();
    match chars.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), chars.as_str()),
        None => DONE.into(),
    }
}
