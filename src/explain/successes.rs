//! What a call that succeeded means: success says less than it seems to.

use super::rules::RuleId;
use super::{DONE, Situation, Why, cause, fits, options};
use crate::call::{Call, How, PollEvent, ReadFlag, WriteFlag};
use crate::errno::Errno;
use crate::outcome::Value;
use crate::state::State;
use State::{Close, CloseWait, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait};

/// One sentence for a call that succeeded; a rule, where what it gave back is the end of a stream or an error.
pub(super) fn why(call: &Call, value: &Value, s: &Situation) -> Why {
    if !fits(call, value) {
        return Why::said(DONE);
    }
    match (call, value) {
        (Call::SoError, Value::PendingError { error: Some(errno) }) => pending(*errno, s),
        (Call::Read { n: asked, flags, .. }, Value::Read { n: 0, .. }) if *asked > 0 => end(flags, s),
        _ => Why::said(sentence(call, value, s)),
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
        ) => write(data.0.len().saturating_mul(*repeat), *n, flags, s).into(),
        (Call::Read { n: asked, flags, .. }, Value::Read { n, .. }) => read(*asked, *n, flags, s).into(),
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
        Call::Accept { .. } => "The oldest finished connection left the queue: its handshake was done before accept.",
        // tcp_finish_connect comes with the SYN-ACK: the last ACK may be lost, and the accept queue full.
        Call::Connect { .. } => match s.was() {
            SynSent | SynRecv | Established => "The handshake begun earlier is done; the next connect gives EISCONN.",
            _ => "The peer's kernel answered the SYN; its program need not have accepted yet.",
        },
        Call::Shutdown { how } => shutdown(*how, s),
        Call::Close => close(s),
        Call::RstClose | Call::LingerClose { seconds: 0 } => rst_close(s),
        Call::LingerClose { .. } => linger_close(s),
        Call::Disconnect => disconnect(s),
        Call::Dup { .. } => "A second descriptor of the same socket: close sends nothing until both are closed.",
        Call::SoError => match s.is() {
            SynSent | SynRecv => "No error waits in the socket so far; the handshake is not done.",
            Close if s.connected => "No error waits in the socket: there was none, or it was told already.",
            _ => "No error waits in the socket.",
        },
        Call::Options | Call::GetOption { .. } => "The options as they stand now.",
        Call::Listen { .. } | Call::Poll { .. } | Call::SetOption { .. } | Call::Read { .. } | Call::Write { .. } => {
            DONE
        }
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

fn read(asked: usize, n: usize, flags: &[ReadFlag], s: &Situation) -> &'static str {
    let with = |flag| flags.contains(&flag);
    match n {
        // sock_read_iter returns before TCP is asked; recv of 0 bytes would wait for data.
        0 => "Zero bytes were asked for: this says nothing about the connection.",
        _ if with(ReadFlag::Oob) => "The urgent byte, taken past those before it.",
        _ if with(ReadFlag::Peek) => "Looked at only: the bytes stay for the next read.",
        n if n < asked && with(ReadFlag::Waitall) => {
            "Fewer than asked for: the end of the stream, an error, a signal or a timeout ended the wait."
        }
        // tcp_recvmsg_locked: data first, then the FIN, then the error.
        _ => match s.was() {
            FinWait1 | FinWait2 => "We have sent FIN, but the peer has not: its bytes still come.",
            CloseWait | LastAck | Closing | TimeWait => {
                "Bytes that came before the peer's FIN: they are read first, then read gives 0."
            }
            Close => "Bytes that came before the end: they are read first, then comes the error or 0.",
            _ if n == asked => "As many bytes as were asked for; more may be waiting.",
            _ => "What had come by now: the stream keeps the bytes' order, not the sizes of the writes.",
        },
    }
}

/// Read gives 0: the peer's FIN was received (SOCK_DONE), or reading is shut down, or the error was told before.
fn end(flags: &[ReadFlag], s: &Situation) -> Why {
    let by_fin = |state| matches!(state, CloseWait | LastAck | Closing | TimeWait);
    let id = match (s.was(), s.is()) {
        _ if flags.contains(&ReadFlag::Oob) => RuleId::NoUrgentByteAnyMore,
        (was, is) if by_fin(was) || by_fin(is) => RuleId::EofFin,
        _ if s.fin_received && s.rst_received => RuleId::EofFinBeforeRst,
        _ if s.fin_received => RuleId::EofFin,
        (Close, _) if !s.connected => RuleId::EofUnconnected,
        (Close, _) if s.past.error_told => RuleId::EofErrorTold,
        _ if s.past.reading_shut => RuleId::EofReadingShut,
        // Not seen, in the loopback lab; but what else shuts receiving down (tcp_done) leaves an error behind, and that would
        // have gone first.
        (Close, _) => {
            let ended = "The peer had ended its direction before the connection ended: end of stream.";
            return Why::more(RuleId::EofFin, ended);
        }
        (_, Close) => return Why::said("The connection ended while we waited: end of stream."),
        _ => return Why::said("Receiving is over, by the peer's FIN or by our own shutdown: end of stream."),
    };
    id.into()
}

fn write(asked: usize, n: usize, flags: &[WriteFlag], s: &Situation) -> &'static str {
    let oob = flags.contains(&WriteFlag::Oob);
    match (s.was(), s.is()) {
        _ if asked == 0 => "Zero bytes: nothing is sent.",
        // do_error in tcp_sendmsg_locked: what was copied is told, and the error to the next call.
        _ if n < asked && s.is() == Close && s.open => {
            "So many fitted into the send buffer; then the connection ended, by an RST or a timeout, and the next call is told the error."
        }
        _ if n < asked => "Only so many fitted into the send buffer, and waiting for more room was over or forbidden.",
        // The FIN is all that this side knows; a peer that closed answers data with RST (tcp_rcv_state_process).
        (CloseWait, Close) if s.open => {
            "Taken, but the peer had closed both directions: its RST has ended the connection."
        }
        (CloseWait, _) => "Taken: the peer's FIN ends its own direction; if it closed both, it answers with RST.",
        (SynSent | SynRecv, _) => "The write waited for the handshake; the bytes are in the send buffer now.",
        (_, Close) if s.open => {
            "Taken into the send buffer, but the connection has ended since: the bytes may be lost."
        }
        _ if oob => "Taken into the send buffer, the last byte marked as urgent.",
        _ => "Taken into the send buffer: the kernel sends it, and the peer need not have read it.",
    }
}

fn shutdown(how: How, s: &Situation) -> &'static str {
    match (how, s.was()) {
        // inet_shutdown: a listener has no sending direction; shutting its reading down is tcp_disconnect.
        (How::Write, Listen) => "Nothing happens: a listener has no direction to send in.",
        (How::Read | How::Both, Listen) => "It listens no more, and connections that nobody accepted get RST.",
        (_, SynSent) => "The attempt is given up, and nothing is sent; an ECONNRESET waits for whoever asks.",
        (How::Write, Established | SynRecv) => {
            "FIN sent, after anything unsent: nothing more to say, still listening for the peer's bytes."
        }
        (How::Write | How::Both, CloseWait) => {
            "FIN sent, after anything unsent: the peer's came before, so both directions end."
        }
        (How::Both, Established | SynRecv) => {
            "FIN sent, after anything unsent, and data that still comes is answered with RST."
        }
        (How::Write, FinWait1 | FinWait2 | Closing | LastAck) => "Our FIN was sent before: nothing changes.",
        // tcp_rcv_state_process: in FIN_WAIT, data that comes after SHUT_RD resets both sides.
        (How::Read | How::Both, FinWait1 | FinWait2) => {
            "Our FIN was sent before; with reading shut down too, data that still comes is answered with RST."
        }
        (_, Closing | LastAck) => "Both FINs are under way already: nothing changes.",
        // RCV_SHUTDOWN only: tcp_shutdown does nothing without SEND_SHUTDOWN, and data is queued as before.
        (How::Read, Established | SynRecv) => {
            "Nothing is sent, the peer knows nothing: read gives 0, but for data that came or still comes."
        }
        (How::Read, CloseWait) => "Nothing is sent, and the peer's FIN had ended this direction already.",
        (_, TimeWait | Close) => DONE,
    }
}

/// What is left after a close. Another descriptor (dup, fork) or a call that still waits keeps the socket (fput).
const HELD: &str = "Nothing is sent: another descriptor or a waiting call still holds the socket.";

/// A state in which close would have done something, had it been the last one.
fn held(s: &Situation) -> bool {
    s.was() == s.is() && matches!(s.was(), Established | CloseWait | SynSent | SynRecv)
}

fn close(s: &Situation) -> &'static str {
    match (s.was(), s.is()) {
        _ if held(s) => HELD,
        (Listen, _) => "With its last descriptor the listener goes: connections that nobody accepted get RST.",
        (Close, _) => "The descriptor is given back; there was no connection to end.",
        (SynSent, _) => "The attempt is given up, and nothing is sent.",
        // __tcp_close: unread data means RST (RFC 2525, 2.17), SO_LINGER 0 too, TCP_LINGER2 below 0 in FIN_WAIT2.
        (Established | SynRecv | FinWait1 | FinWait2 | CloseWait, Close) if s.unread > 0 => {
            "Unread bytes were thrown away: RST tells the peer so, instead of FIN (RFC 2525, 2.17)."
        }
        (Established | SynRecv | FinWait1 | FinWait2, Close) => {
            "An RST ended the connection instead of FINs, as SO_LINGER with 0 seconds makes it."
        }
        (CloseWait, Close) if s.rst_sent == Some(true) => {
            "An RST ended the connection instead of our FIN, as SO_LINGER with 0 seconds makes it."
        }
        (CloseWait, Close) if s.rst_sent == Some(false) => {
            "FIN sent, and acknowledged at once: both FINs are done, and the connection is gone."
        }
        (Established | SynRecv, _) => {
            "FIN sent: the kernel ends the connection alone, and answers data that still comes with RST."
        }
        (CloseWait, Close) => "The connection is gone: both FINs are acknowledged, or SO_LINGER 0 made it an RST.",
        (CloseWait, _) => "FIN sent: the peer's came before, so only its last ACK is missing.",
        (FinWait1 | FinWait2, _) => {
            "Our FIN was sent before; the kernel alone waits for the rest, and answers data with RST."
        }
        (Closing | LastAck, _) => "Both FINs are under way already: the kernel alone waits for the last ACK.",
        (TimeWait, _) => "Both FINs are done; TIME_WAIT stays in the kernel without the descriptor.",
    }
}

/// tcp_disconnect sends RST only where the peer still has something to be reset (tcp_need_reset).
fn rst_close(s: &Situation) -> &'static str {
    match s.was() {
        _ if held(s) => HELD,
        Established | SynRecv | FinWait1 | FinWait2 | CloseWait => {
            "RST sent instead of FIN: unsent and unread bytes are thrown away, and no TIME_WAIT is left."
        }
        Closing | LastAck => "Both FINs were under way already: the connection is forgotten here without the last ACK.",
        Listen | Close | SynSent | TimeWait => close(s),
    }
}

/// On Linux close returns 0 whether all was acknowledged or the time ran out (sk_stream_wait_close); nothing is lost then.
fn linger_close(s: &Situation) -> &'static str {
    match (s.was(), s.is()) {
        _ if held(s) => HELD,
        (Established | SynRecv | CloseWait | FinWait1, FinWait1 | LastAck | Closing) => {
            "The wait ended with bytes or FIN not acknowledged: close succeeds all the same, the kernel goes on."
        }
        (Established | SynRecv | FinWait1, FinWait2 | TimeWait) => {
            "Everything was acknowledged, the FIN too; close did not wait for the peer's FIN."
        }
        _ => close(s),
    }
}

fn disconnect(s: &Situation) -> &'static str {
    match s.was() {
        // tcp_disconnect leaves ECONNRESET in our own socket too.
        Established | SynRecv | CloseWait | FinWait1 | FinWait2 => {
            "RST sent, the connection is dissolved; the socket can connect again, and an ECONNRESET waits in it."
        }
        SynSent => "The attempt is given up; the socket can connect again, and an ECONNRESET waits in it.",
        Listen => "It listens no more, and connections that nobody accepted get RST.",
        Closing | LastAck | TimeWait => "The connection was all but over; the socket can connect again.",
        Close => "There was no connection to dissolve; the socket can connect.",
    }
}

/// The events' meanings, the most telling first, joined to one sentence (tcp_poll).
fn poll(asked: &[PollEvent], events: &[PollEvent], s: &Situation) -> String {
    let told = |event| events.contains(&event);
    let by_fin = s.fin_received || matches!(s.is(), CloseWait | LastAck | Closing | TimeWait);
    if events.is_empty() {
        return if asked.is_empty() {
            "Nothing was asked for, and there is neither an error nor the end of both directions.".into()
        } else {
            "Nothing that was asked for has come, and there is neither an error nor the end of both directions.".into()
        };
    }
    if told(PollEvent::Nval) {
        return "The number stands for no open descriptor; poll says so without failing.".into();
    }
    let mut said = Vec::new();
    if told(PollEvent::Err) {
        said.push("an error waits, which SO_ERROR would take");
    }
    if told(PollEvent::Hup) {
        // SHUTDOWN_MASK or CLOSE: also on a socket that never had a connection.
        said.push(if s.connected {
            "both directions are over"
        } else {
            "there is no connection"
        });
    }
    if told(PollEvent::Hup) || told(PollEvent::Err) {
        said.push("neither read nor write would wait");
    } else {
        if told(PollEvent::Rdhup) {
            said.push(if by_fin {
                "the peer's FIN has come"
            } else {
                if s.past.reading_shut {
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
            } else if asked.contains(&PollEvent::Rdhup) {
                "there are bytes to read"
            } else {
                "there are bytes to read, or the end of the stream"
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
fn pending(errno: Errno, s: &Situation) -> Why {
    let id = match errno {
        // sk_getsockopt hands out what was only noted, too, while the connection lives on.
        Errno::EHOSTUNREACH if s.is() != Close => Some(RuleId::HostUnreachableNoted),
        Errno::ENETUNREACH if s.is() != Close => Some(RuleId::NetworkUnreachableNoted),
        errno => cause(errno, s),
    };
    let Some(id) = id else {
        return Why::said(format!("The socket held {errno}; asking took it out."));
    };
    // What is told once has now been told: what follows is for the calls to come.
    let cause = id.rule().because.cause;
    Why::more(id, format!("{cause}; asking took the error out."))
}

/// A list of clauses as a sentence.
fn capital(clauses: &str) -> String {
    let mut chars = clauses.chars();
    match chars.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), chars.as_str()),
        None => DONE.into(),
    }
}
