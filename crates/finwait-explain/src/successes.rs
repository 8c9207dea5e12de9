//! The meaning of a call that succeeded: success says less than it seems to.

use super::error_source::{self, forbids};
use super::errors::waiting;
use super::rules::{CallClass, RuleId, WaitForbidder};
use super::sock::EndCause;
use super::text::outcomes::Sentence;
use super::text::successes::{CutShort, Ended, FinThen, Holder as HolderWords, Meaning, RstReason, Success};
use super::{Explanation, Holder, Situation, fits, options, still};
use State::{Close, CloseWait, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait};
use finwait_model::call::{Call, CallKind, PollEvent, ReadFlag, ShutdownHow, WriteFlag};
use finwait_model::errno::Errno;
use finwait_model::outcome::Value;
use finwait_model::state::State;
use std::fmt;

/// One sentence for a call that succeeded; a rule, where it returned the end of a stream or an error.
pub(super) fn why(call: &Call, value: &Value, s: &Situation) -> Explanation {
    if !fits(call, value) {
        return Explanation::without_rule(Success::CallDone);
    }
    match (call, value) {
        (Call::SoError, Value::PendingError { error: Some(errno) }) => pending(call, *errno, s),
        (Call::Read { n: asked, flags, .. }, Value::Read { n: 0, .. }) if *asked > 0 => end(call, flags, s),
        (Call::SetOption { option, value }, _) => Explanation::without_rule(options::set(*option, *value)),
        (Call::GetOption { .. }, Value::Options { readings }) if readings.len() == 1 => {
            Explanation::without_rule(options::read(&readings[0]))
        }
        _ => {
            let said = sentence(call, value, s);
            let claim = still::of_success(&said);
            Explanation::without_rule(said).claiming(claim)
        }
    }
}

/// One sentence for any other success.
fn sentence(call: &Call, value: &Value, s: &Situation) -> Success {
    match (call, value) {
        (Call::Listen { backlog }, _) => listen(*backlog, s),
        (Call::Poll { events: asked, .. }, Value::Ready { events }) => poll(asked, events, s),
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
        _ => plain(call, s),
    }
}

/// The calls whose value says nothing beyond success.
fn plain(call: &Call, s: &Situation) -> Success {
    match call {
        Call::Socket { .. } => Success::SocketNew,
        Call::Bind { address } if address.port() == 0 => Success::BindPortChosen,
        Call::Bind { .. } => Success::BindDone,
        // inet_csk_accept: whatever has come over the connection since, RST included, is for the calls on the new socket.
        Call::Accept { .. } => match s.accepted.and_then(|accepted| accepted.established) {
            Some(done) if done > s.began => Success::AcceptWhileWaiting,
            Some(_) => Success::AcceptBefore,
            None => Success::AcceptDone,
        },
        // tcp_finish_connect comes with the SYN-ACK: the last ACK may be lost, and the accept queue full.
        Call::Connect { .. } => match s.was() {
            SynSent | SynRecv | Established => Success::ConnectEarlier,
            _ if s.to_itself => Success::ConnectToItself,
            _ if s.sock.crossed => Success::ConnectCrossed,
            _ => Success::ConnectDone,
        },
        Call::Dup { .. } => Success::DupDone,
        Call::SoError => match s.is() {
            SynSent | SynRecv => Success::SoErrorInHandshake,
            _ if s.sock.reported.is_some() => Success::SoErrorReported,
            _ => Success::SoErrorNone,
        },
        Call::Options | Call::GetOption { .. } => Success::OptionsDone,
        Call::Listen { .. }
        | Call::Poll { .. }
        | Call::SetOption { .. }
        | Call::Read { .. }
        | Call::Write { .. }
        | Call::Shutdown { .. }
        | Call::Close
        | Call::RstClose
        | Call::LingerClose { .. }
        | Call::Disconnect => Success::CallDone,
    }
}

/// A backlog of n holds n + 1 (sk_acceptq_is_full); below zero it is as large as can be, up to somaxconn.
fn listen(backlog: i32, s: &Situation) -> Success {
    if s.was() == Listen {
        return Success::ListenAgain;
    }
    match backlog {
        _ if s.takes_unasked => Success::ListenLibrary,
        0 => Success::ListenRoomForOne,
        1..=4095 => Success::ListenRoom { held: backlog + 1 },
        _ => Success::ListenRoomBySomaxconn,
    }
}

fn read(call: &Call, asked: usize, n: usize, flags: &[ReadFlag], s: &Situation) -> Success {
    let with = |flag| flags.contains(&flag);
    match n {
        // sock_read_iter returns before TCP is asked; recv of 0 bytes would wait for data.
        0 => Success::ReadZero,
        _ if with(ReadFlag::Oob) && s.sock.is_urgent_of_a_header() => Success::ReadUrgentOfHeader,
        // tcp_recv_urg marks it as read, but not with MSG_PEEK.
        _ if with(ReadFlag::Oob) && with(ReadFlag::Peek) => Success::ReadUrgentPeeked,
        _ if with(ReadFlag::Oob) => Success::ReadUrgent,
        _ if with(ReadFlag::Peek) => Success::ReadPeeked,
        n if n < asked && with(ReadFlag::Waitall) => Success::ReadFewer {
            cut_short: cut_short(call, ShutdownHow::Read, s),
        },
        // tcp_recvmsg_locked: data first, then the FIN, then the error.
        _ => match s.was() {
            _ if s.to_itself && (s.sock.fin.is_some() || s.shut(ShutdownHow::Write).is_some()) => Success::ReadToItself,
            _ if s.sock.fin.is_some() => Success::ReadBeforeFin,
            // tcp_rcv_state_process, FIN_WAIT: RCV_SHUTDOWN resets.
            FinWait1 | FinWait2 if s.shut(ShutdownHow::Read).is_some() => Success::ReadAfterBothShut,
            FinWait1 | FinWait2 => Success::ReadAfterShutdown,
            CloseWait | LastAck | Closing | TimeWait => Success::ReadBeforeFin,
            Close if s.sock.has_error() => Success::ReadBeforeError,
            Close => Success::ReadBeforeEnd,
            _ if n == asked => Success::ReadAll,
            _ => Success::ReadSome,
        },
    }
}

/// Returns what ended a call that has moved fewer bytes than it was asked to.
fn cut_short(call: &Call, direction: ShutdownHow, s: &Situation) -> CutShort {
    let sock = &s.sock;
    let end = sock.end.filter(|_| sock.has_error());
    match end {
        Some(end) => CutShort::Error { ended: ended(end.by) },
        None if direction == ShutdownHow::Read && sock.fin.is_some() => CutShort::Fin,
        None if s.shut(direction).is_some() => CutShort::Shutdown,
        None if s.interrupted.is_some() => CutShort::Signal,
        None => match forbids(call, s) {
            WaitForbidder::ThisCall => CutShort::Dontwait,
            WaitForbidder::Nonblock => CutShort::Nonblock,
            WaitForbidder::Timeout(option, after) => CutShort::Timeout { option, after },
            WaitForbidder::Any | WaitForbidder::Socket => CutShort::Unknown,
        },
    }
}

/// Returns the clause on what ended a connection.
const fn ended(by: EndCause) -> Ended {
    match by {
        EndCause::Rst => Ended::Rst,
        EndCause::Icmp(icmp) => Ended::Icmp { icmp },
        EndCause::Segment => Ended::Data,
        EndCause::Timer(_) => Ended::Timer,
        EndCause::Administrator => Ended::Administrator,
        EndCause::Call(call) => Ended::Call { call },
        EndCause::Death => Ended::Death,
        EndCause::Unseen(_) => Ended::Unseen,
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
    // What dissolves a connection opens both directions again (tcp_disconnect): the error that is reported then shuts nothing.
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
        // Another call got the error, and has not returned.
        Some(end) if !end.is_orderly() && !end.by.is_unseen() && sock.dissolved.is_none() => by(RuleId::EofErrorTold),
        _ if has_fin(s.was()) || has_fin(s.is()) => by(RuleId::EofFin),
        // Not seen, in the loopback lab; but what else shuts receiving down (tcp_done) leaves an error behind, and that would
        // have gone first.
        _ => by(RuleId::EofFin).in_words(Success::ReadEndUnseen),
    }
}

fn write(call: &Call, asked: usize, n: usize, flags: &[WriteFlag], s: &Situation) -> Success {
    let oob = flags.contains(&WriteFlag::Oob);
    let ended_since = s.sock.end.filter(|end| s.since_it_began(Some(end.entry)));
    match (s.was(), s.is()) {
        _ if asked == 0 => Success::WriteZero,
        // do_error in tcp_sendmsg_locked: what was copied is reported, and the error by the next call.
        _ if n < asked => Success::WriteFewer {
            cut_short: cut_short(call, ShutdownHow::Write, s),
        },
        _ if s.segments_seen && s.limits.no_route.is_some() => Success::WriteNoRoute,
        // The FIN is all that this side knows; a peer that closed answers data with RST (tcp_rcv_state_process).
        (CloseWait, Close)
            if s.open && ended_since.is_none_or(|end| matches!(end.by, EndCause::Rst | EndCause::Unseen(_))) =>
        {
            Success::WriteAnsweredWithRst
        }
        (CloseWait, _) if ended_since.is_none() => Success::WriteAfterFin,
        (_, Close) if s.open => match ended_since {
            Some(end) => Success::WriteEndedBy { ended: ended(end.by) },
            None => Success::WriteEnded,
        },
        (SynSent | SynRecv, _) => Success::WriteAfterHandshake,
        _ if oob => Success::WriteUrgent,
        _ => Success::WriteDone,
    }
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

/// Returns whether our FIN was sent, as far as that is known, and what follows.
fn fin(s: &Situation, fin_then: FinThen) -> Success {
    match sent(s.sock.left.fin, s) {
        SegmentSent::Yes => Success::FinSent { fin_then },
        SegmentSent::Unknown if matches!(s.is(), FinWait2 | TimeWait | Closing) => Success::FinSent { fin_then },
        SegmentSent::Unknown => Success::FinQueued { fin_then },
        SegmentSent::No if s.limits.no_route.is_some() => Success::FinNoRoute { fin_then },
        SegmentSent::No => Success::FinBehindData { fin_then },
    }
}

fn shutdown(how: ShutdownHow, s: &Situation) -> Success {
    match (how, s.was()) {
        (ShutdownHow::Write | ShutdownHow::Both, Established) if s.to_itself && s.is() == TimeWait => {
            Success::ShutdownToItself
        }
        // inet_shutdown: a listener has no sending direction; shutting its reading down is tcp_disconnect.
        (ShutdownHow::Write, Listen) => Success::ShutdownListenerWrite,
        (ShutdownHow::Read | ShutdownHow::Both, Listen) => Success::ShutdownListener,
        // __inet_stream_connect, which waits, takes it, unless another call that waits is first.
        (_, SynSent) if s.under_way(CallClass::Connect).is_some() || s.since_it_began(s.sock.reported) => {
            Success::ShutdownAttemptWaitedFor
        }
        (_, SynSent) => Success::ShutdownAttempt,
        // tcp_shutdown, since Linux 6.10: tcp_rcv_state_process sends it when the handshake is done.
        (ShutdownHow::Write | ShutdownHow::Both, SynRecv) if s.is() == SynRecv => Success::ShutdownDeferred,
        // tcp_rcv_state_process, FIN_WAIT: RCV_SHUTDOWN resets, whichever direction was shut down first.
        (ShutdownHow::Write, Established | SynRecv) if s.shut(ShutdownHow::Read).is_some() => {
            fin(s, FinThen::ResetByLateData)
        }
        (ShutdownHow::Write, Established | SynRecv) => fin(s, FinThen::ListeningStill),
        (ShutdownHow::Write | ShutdownHow::Both, CloseWait) => fin(s, FinThen::BothEnd),
        (ShutdownHow::Both, Established | SynRecv) => fin(s, FinThen::ResetByData),
        (ShutdownHow::Write, FinWait1 | FinWait2 | Closing | LastAck) => Success::ShutdownAgain,
        // tcp_rcv_state_process: in FIN_WAIT, data that comes after SHUT_RD resets both sides.
        (ShutdownHow::Read | ShutdownHow::Both, FinWait1 | FinWait2) => Success::ShutdownReadingToo,
        (_, Closing | LastAck) => Success::ShutdownBothAgain,
        // RCV_SHUTDOWN only: tcp_shutdown does nothing without SEND_SHUTDOWN, and data is queued as before.
        (ShutdownHow::Read, Established | SynRecv) => Success::ShutdownReading,
        (ShutdownHow::Read, CloseWait) => Success::ShutdownReadingAfterFin,
        (_, TimeWait | Close) => Success::CallDone,
    }
}

/// Returns what else holds the socket (`fput` of a descriptor that is not the last): another descriptor (dup, fork), or a call that waits.
/// A language's library may have ended the connection all the same: a call that it has not returned from is none of the kernel's.
fn held(s: &Situation) -> Option<HolderWords> {
    if s.since_it_began(s.sock.left.fin.max(s.sock.left.rst)) {
        return None;
    }
    Some(match s.held_by.as_ref()? {
        Holder::Descriptor(name) => HolderWords::Descriptor { socket: name.clone() },
        Holder::Call(CallKind::Accept) => HolderWords::Accept,
        Holder::Call(kind) => HolderWords::Call { kind: *kind },
    })
}

fn close(s: &Situation) -> Success {
    if let Some(holder) = held(s) {
        return Success::CloseHeld { holder };
    }
    match s.was() {
        Listen => Success::CloseListener,
        Close if s.sock.end.is_some() => match was_over(s) {
            WasOver::Attempt => Success::CloseAttemptWasOver,
            WasOver::Listener => Success::CloseListenerWasGone,
            WasOver::Connection => Success::CloseWasOver,
        },
        Close => Success::CloseNoConnection,
        SynSent => Success::CloseAttempt,
        TimeWait => Success::CloseTimeWait,
        Established | SynRecv | FinWait1 | FinWait2 | CloseWait | Closing | LastAck => {
            if s.segments_seen {
                closed(s)
            } else {
                closed_unseen(s)
            }
        }
    }
}

/// The thing that was over before the call.
enum WasOver {
    Attempt,
    Listener,
    Connection,
}

fn was_over(s: &Situation) -> WasOver {
    match s.sock.end {
        Some(end) if end.is_of_handshake() => WasOver::Attempt,
        Some(end) if end.from == Listen => WasOver::Listener,
        _ => WasOver::Connection,
    }
}

/// Returns what a close of the last descriptor did, where segments are seen (`__tcp_close`).
fn closed(s: &Situation) -> Success {
    let sock = &s.sock;
    let end = sock.end.filter(|end| s.since_it_began(Some(end.entry)));
    let fin_sent = sent(sock.left.fin, s) == SegmentSent::Yes;
    let rst_sent = sent(sock.left.rst, s) == SegmentSent::Yes;
    // Unread data comes before SO_LINGER, and that before the FIN; TCP_LINGER2 is looked at last.
    let had_fin = sock.left.fin.is_some_and(|fin| fin < s.began);
    let reason = if s.unread > 0 && had_fin {
        Some(RstReason::UnreadAfterFin)
    } else if s.unread > 0 {
        Some(RstReason::Unread)
    } else if sock.options.linger == Some(0) && had_fin {
        Some(RstReason::LingerAfterFin)
    } else if sock.options.linger == Some(0) {
        Some(RstReason::Linger)
    } else if s.was() == FinWait2 && sock.options.linger2.is_some_and(|seconds| seconds < 0) {
        Some(RstReason::Linger2)
    } else {
        None
    };
    match (end.map(|end| end.by), fin_sent, rst_sent) {
        (Some(EndCause::Rst), true, _) => {
            // The peer may have forgotten the connection, or have aborted it.
            Success::CloseFinAnsweredWithRst
        }
        (Some(EndCause::Rst), false, false) => Success::CloseRstMeanwhile,
        (Some(by @ (EndCause::Timer(_) | EndCause::Icmp(_) | EndCause::Administrator)), ..) => {
            Success::CloseEndedMeanwhile { ended: ended(by) }
        }
        (_, true, true) => Success::CloseFinThenRst,
        (_, false, true) => match reason {
            Some(rst_reason) => Success::CloseRstBecause { rst_reason },
            None => Success::CloseRst,
        },
        (_, false, false) if reason.is_some() && s.is() == Close => Success::CloseRstNotSent,
        (_, true, false) => match (s.was(), s.is()) {
            (CloseWait, Close) => Success::CloseFinAcknowledged,
            (CloseWait, _) => Success::CloseFinAfterFin,
            _ => Success::CloseFin,
        },
        (_, false, false) => match s.was() {
            FinWait1 | Closing | LastAck if sock.left.fin.is_none() => Success::CloseFinQueuedBefore,
            FinWait1 | FinWait2 => Success::CloseFinSentBefore,
            Closing | LastAck => Success::CloseBothFinsSent,
            CloseWait => fin(s, FinThen::BothEnd),
            _ => fin(s, FinThen::KernelAlone),
        },
    }
}

/// The same where segments are not seen: inferred from the states before and after.
fn closed_unseen(s: &Situation) -> Success {
    match (s.was(), s.is()) {
        (Established | SynRecv | FinWait1 | FinWait2 | CloseWait, Close) if s.unread > 0 => Success::CloseUnreadUnseen,
        (Established | SynRecv | FinWait1 | FinWait2 | CloseWait, Close) if s.sock.options.linger == Some(0) => {
            Success::CloseLingerUnseen
        }
        (Established | SynRecv | FinWait1 | FinWait2, Close) => Success::CloseRstUnseen,
        (CloseWait, Close) => Success::CloseFinsUnseen,
        (_, TimeWait) => Success::CloseTimeWaitUnseen,
        (CloseWait, _) => Success::CloseFinAfterFin,
        (FinWait1 | FinWait2, _) => Success::CloseFinSentBefore,
        (Closing | LastAck, _) => Success::CloseBothFinsSent,
        _ => Success::CloseFin,
    }
}

/// tcp_disconnect sends RST only where the peer still has something to be reset (tcp_need_reset).
fn rst_close(s: &Situation) -> Success {
    if let Some(holder) = held(s) {
        return Success::RstCloseHeld { holder };
    }
    let had_fin = s.sock.left.fin.is_some_and(|fin| fin < s.began);
    match (s.was(), sent(s.sock.left.rst, s)) {
        (Established | SynRecv | FinWait1 | FinWait2 | CloseWait, SegmentSent::Yes) if had_fin => {
            Success::RstCloseAfterFin
        }
        (Established | SynRecv | FinWait1 | FinWait2 | CloseWait, SegmentSent::Yes | SegmentSent::Unknown) => {
            Success::RstCloseDone
        }
        (Established | SynRecv | FinWait1 | FinWait2 | CloseWait, SegmentSent::No) if s.is() == Close => {
            Success::RstCloseNotSent
        }
        (Closing | LastAck, SegmentSent::Yes) => Success::RstCloseUnsent,
        (Closing | LastAck, _) if s.segments_seen && s.sock.left.fin.is_none() => Success::RstCloseFinQueued,
        (Closing | LastAck, _) => Success::RstCloseBothFinsSent,
        _ => close(s),
    }
}

/// Explains a close with SO_LINGER: on Linux it returns 0 whether all was acknowledged or the time ran out (`sk_stream_wait_close`);
/// nothing is lost then.
fn linger_close(s: &Situation) -> Success {
    if held(s).is_some() {
        return close(s);
    }
    match (s.was(), s.is()) {
        (Established | SynRecv | CloseWait | FinWait1, FinWait1 | LastAck | Closing) => {
            let after = s.took;
            match s.interrupted {
                Some(_) => Success::LingerCloseInterrupted { after },
                None => Success::LingerCloseRanOut { after },
            }
        }
        (Established | SynRecv | FinWait1, FinWait2 | TimeWait) => Success::LingerCloseAcknowledged,
        _ => close(s),
    }
}

fn disconnect(s: &Situation) -> Success {
    match (s.was(), sent(s.sock.left.rst, s)) {
        // tcp_disconnect leaves ECONNRESET in our own socket too.
        (Established | SynRecv | CloseWait | FinWait1 | FinWait2, SegmentSent::Yes | SegmentSent::Unknown) => {
            Success::DisconnectRst
        }
        (Established | SynRecv | CloseWait | FinWait1 | FinWait2, SegmentSent::No) => Success::DisconnectRstNotSent,
        (SynSent, _) => Success::DisconnectAttempt,
        (Listen, _) => Success::DisconnectListener,
        (Closing | LastAck, SegmentSent::Yes) => Success::DisconnectUnsent,
        (Closing | LastAck | TimeWait, _) => Success::DisconnectAllButOver,
        (Close, _) if s.sock.end.is_some() => match was_over(s) {
            WasOver::Attempt => Success::DisconnectAttemptWasOver,
            WasOver::Listener => Success::DisconnectListenerWasGone,
            WasOver::Connection => Success::DisconnectWasOver,
        },
        (Close, _) => Success::DisconnectNoConnection,
    }
}

/// Events' meanings, the most telling first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meanings(Vec<Meaning>);

impl fmt::Display for Meanings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        let all = all.join("; ");
        let mut chars = all.chars();
        let first = chars
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .collect::<String>();
        write!(f, "{first}{}", chars.as_str())
    }
}

/// The meanings of the events, joined to one sentence (tcp_poll).
fn poll(asked: &[PollEvent], events: &[PollEvent], s: &Situation) -> Success {
    let told = |event| events.contains(&event);
    let by_fin = s.sock.fin.is_some() || matches!(s.is(), CloseWait | LastAck | Closing | TimeWait);
    let by_shutdown = s.shut(ShutdownHow::Read).is_some();
    if events.is_empty() {
        return if asked.is_empty() {
            Success::PollUnasked
        } else {
            Success::PollNothing
        };
    }
    if told(PollEvent::Nval) {
        return Success::PollClosed;
    }
    let mut meanings = Vec::new();
    // __tcp_poll: sk_err, or the error queue.
    let is_queued = s.sock.queued_icmp && !s.sock.has_error();
    if told(PollEvent::Err) {
        meanings.push(if is_queued {
            Meaning::ErrorQueued
        } else {
            Meaning::Error
        });
    }
    if told(PollEvent::Hup) {
        // SHUTDOWN_MASK or CLOSE: also on a socket that never had a connection.
        meanings.push(if s.sock.connected {
            Meaning::BothOver
        } else {
            Meaning::NoConnection
        });
    }
    if told(PollEvent::Hup) || told(PollEvent::Err) && !is_queued {
        meanings.push(Meaning::NoWait);
    } else {
        if told(PollEvent::Rdhup) {
            meanings.push(if by_fin {
                Meaning::Fin
            } else if by_shutdown {
                Meaning::ReadingShut
            } else {
                Meaning::ReceivingOver
            });
        }
        if told(PollEvent::In) {
            meanings.push(if s.listens() {
                Meaning::Connection
            } else if told(PollEvent::Rdhup) {
                Meaning::LeftThenEnd
            } else if !by_fin && !by_shutdown {
                Meaning::Bytes
            } else if s.unread > 0 {
                Meaning::BytesThenEnd
            } else {
                Meaning::End
            });
        }
        if told(PollEvent::Pri) {
            meanings.push(if s.sock.is_urgent_of_a_header() {
                Meaning::UrgentOfHeader
            } else {
                Meaning::Urgent
            });
        }
        if told(PollEvent::Out) {
            meanings.push(Meaning::Room);
        }
    }
    if meanings.is_empty() {
        return Success::CallDone;
    }
    Success::PollEvents {
        meanings: Meanings(meanings),
    }
}

/// A pending error that `SO_ERROR` took out of the socket.
fn pending(call: &Call, errno: Errno, s: &Situation) -> Explanation {
    let Some(id) = waiting(call, errno, s) else {
        return Explanation::without_rule(Success::SoErrorTaken { errno });
    };
    // What is reported once has now been reported: what follows is for the calls to come.
    let cause = error_source::cause(id, s);
    Explanation::by(id, call, s).in_words(Sentence::RuleAsked { cause })
}
