//! Why: one plain sentence for an outcome, from the call, what it gave back and the socket's situation.
//!
//! `errors` has the rules for calls that failed, `successes` those for calls that did not; both are one match each. Whatever
//! they do not know falls back to the errno's own text. Every sentence was held against the kernel (Linux 6.18): where books
//! say otherwise, the rule says so in a comment and names the function that decides.

use crate::call::{Call, Order, ProcessCall, Sigpipe};
use crate::errno::Errno;
use crate::outcome::{Outcome, Value};
use crate::side::Side;
use crate::state::State;

mod errors;
mod options;
mod past;
mod successes;

pub use past::Past;

/// What matters for the question why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    /// Whose call.
    pub side: Side,
    /// Is the descriptor open, after the call?
    pub open: bool,
    /// Did the endpoint ever have a descriptor by that name?
    pub known: bool,
    /// Has it a peer, or is it about to?
    pub connected: bool,
    /// Does it listen?
    pub listening: bool,
    /// Its state when the call was made; none when it was not in the table.
    pub before: Option<State>,
    /// Its state as last seen.
    pub now: Option<State>,
    /// Has the peer's FIN come? (Known only where segments are seen.)
    pub fin_received: bool,
    /// Has an RST come? (Known only where segments are seen.)
    pub rst_received: bool,
    /// The bytes that it had to be read when the call was made.
    pub unread: u32,
    /// Has its host sent RST? None where segments are not seen.
    pub rst_sent: Option<bool>,
    /// What its earlier calls did to it, this one included.
    pub past: Past,
}

impl Situation {
    /// The state when the call was made; a socket in `CLOSE` stands in no table.
    fn was(&self) -> State {
        self.before.unwrap_or(State::Close)
    }

    /// The state after it.
    fn is(&self) -> State {
        self.now.unwrap_or(State::Close)
    }

    /// Did it listen when the call was made, or does it now?
    fn listens(&self) -> bool {
        self.listening || self.was() == State::Listen
    }
}

/// One plain sentence why the call gave back what it did.
pub fn why(order: &Order, outcome: &Outcome, situation: &Situation) -> String {
    match (order, outcome) {
        (_, Outcome::Unsupported(reason)) => unsupported(reason),
        (_, Outcome::Library(_)) => {
            "The language's library refused by itself: no errno of the kernel stands behind it.".into()
        }
        (_, Outcome::Ok(Value::Later)) => {
            "Noted: this language's library does it as a part of connect or listen.".into()
        }
        (Order::On { call, .. }, Outcome::Ok(value)) => successes::why(call, value, situation),
        (Order::On { call, .. }, Outcome::Err(errno)) => errors::why(call, *errno, situation),
        (Order::On { call, .. }, Outcome::DeadlineExceeded { written }) => deadline(call, *written, situation),
        (Order::Process(call), Outcome::Ok(_)) => process(call).into(),
        (Order::Process(ProcessCall::Interrupt { .. }), Outcome::Err(Errno::ESRCH)) => {
            "That call is not blocked: it has returned already, or was never made.".into()
        }
        (Order::Process(_), Outcome::Err(errno)) => errors::generic(*errno),
        (Order::Process(_), Outcome::DeadlineExceeded { .. }) => "It was not done before the deadline.".into(),
    }
}

/// Our deadline passed: nothing was taken back, the socket stays as it is.
fn deadline(call: &Call, written: usize, s: &Situation) -> String {
    match call {
        Call::Connect { .. } if s.is() == State::SynSent => {
            "No answer to the SYN before the deadline; the kernel goes on trying in SYN_SENT."
        }
        Call::Connect { .. } => "The handshake was not done before the deadline.",
        Call::Read { .. } => "Nothing to hand out came before the deadline; the socket is as it was.",
        Call::Write { .. } if written > 0 => {
            return format!("{written} bytes were taken, then the send buffer was full until the deadline.");
        }
        Call::Write { .. } if matches!(s.is(), State::SynSent | State::SynRecv) => {
            "The handshake was not done before the deadline, so nothing was taken."
        }
        Call::Write { .. } => "The send buffer was full until the deadline: not one byte was taken.",
        _ => "It was not done before the deadline; the socket is as it was.",
    }
    .into()
}

/// The two calls for the process, when they succeed.
const fn process(call: &ProcessCall) -> &'static str {
    match call {
        ProcessCall::Interrupt { .. } => {
            "The signal is sent: a blocked call returns EINTR, or the number of bytes that it has moved so far."
        }
        ProcessCall::Sigpipe {
            disposition: Sigpipe::Ignore,
        } => "SIGPIPE is ignored from now on: a write that cannot be returns EPIPE.",
        // sk_stream_error sends the signal with every EPIPE, unless MSG_NOSIGNAL forbids it.
        ProcessCall::Sigpipe {
            disposition: Sigpipe::Default,
        } => "SIGPIPE is at its default: a write that would return EPIPE kills the process, but for MSG_NOSIGNAL.",
    }
}

/// The runtime's own words, made one sentence without anything that a terminal would act on.
fn unsupported(reason: &str) -> String {
    let plain: String = reason
        .chars()
        .map(|c| match c {
            c if c.is_control() => ' ',
            '!' => '.',
            c => c,
        })
        .collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = plain.trim_end_matches('.').replace(". ", "; ");
    match plain.as_str() {
        "" => "The runtime cannot make this call.".into(),
        plain => format!("The runtime cannot make this call: {plain}."),
    }
}

/// The error that waited in the socket, one sentence; none for one without a story.
///
/// An asynchronous error is kept in `sk_err` and handed out once, to whichever of read, write and `SO_ERROR` asks first
/// (`sock_error`). `shutdown` and, on a socket that was connected, `connect` leave it where it is.
fn cause(errno: Errno, s: &Situation) -> Option<&'static str> {
    Some(match errno {
        // tcp_reset: SYN_SENT makes it ECONNREFUSED, CLOSE_WAIT EPIPE, everything else ECONNRESET.
        Errno::ECONNREFUSED => "The connect begun earlier was answered with RST or with ICMP port unreachable.",
        Errno::EPIPE => "After the peer's FIN an RST came, which in CLOSE_WAIT is EPIPE and not ECONNRESET.",
        // tcp_disconnect leaves ECONNRESET in our own socket, both for connect(AF_UNSPEC) and for shutdown in SYN_SENT.
        Errno::ECONNRESET if !s.connected => {
            "We gave the connection up ourselves, by disconnect or by shutdown in SYN_SENT."
        }
        Errno::ECONNRESET => "An RST ended the connection.",
        // tcp_write_err, from tcp_retransmit_timer, tcp_probe_timer and tcp_keepalive_timer.
        Errno::ETIMEDOUT if s.was() == State::SynSent => "The SYN was sent again and again, and nothing came back.",
        Errno::ETIMEDOUT if s.was() == State::Close => {
            "The kernel gave up on the peer: retransmissions, keepalive or TCP_USER_TIMEOUT ran out."
        }
        Errno::ETIMEDOUT => "The kernel gave up on the peer: tcp_retries2, keepalive or TCP_USER_TIMEOUT ran out.",
        // tcp_v4_err: fatal in SYN_SENT; later only noted (sk_err_soft), and told in place of ETIMEDOUT at the end.
        // SO_ERROR hands out the note too (sk_getsockopt), while the connection lives on.
        Errno::EHOSTUNREACH | Errno::ENETUNREACH if s.is() == State::Close => {
            "The kernel gave up on the peer, and the last it heard was that the peer cannot be reached."
        }
        Errno::EHOSTUNREACH | Errno::ENETUNREACH => {
            "The peer could not be reached for a while; the connection lives while the kernel retries."
        }
        // tcp_abort (SOCK_DESTROY), which resets the peer.
        Errno::ECONNABORTED => "The socket was destroyed from outside, as ss -K does, and its peer got an RST.",
        _ => return None,
    })
}

/// A call that succeeded and of which nothing else can be said.
const DONE: &str = "The call succeeded.";

/// Is the value one that the call can return? An endpoint in another language may say anything.
const fn fits(call: &Call, value: &Value) -> bool {
    matches!(
        (call, value),
        (
            Call::Socket { .. } | Call::Accept { .. } | Call::Dup { .. },
            Value::Descriptor { .. }
        ) | (Call::Read { .. }, Value::Read { .. })
            | (Call::Write { .. }, Value::Written { .. })
            | (Call::Poll { .. }, Value::Ready { .. })
            | (Call::SoError, Value::PendingError { .. })
            | (Call::Options | Call::GetOption { .. }, Value::Options { .. })
            | (
                Call::Bind { .. }
                    | Call::Listen { .. }
                    | Call::Connect { .. }
                    | Call::Shutdown { .. }
                    | Call::Close
                    | Call::RstClose
                    | Call::LingerClose { .. }
                    | Call::Disconnect
                    | Call::SetOption { .. },
                Value::Done
            )
    )
}

#[cfg(test)]
mod tests;
