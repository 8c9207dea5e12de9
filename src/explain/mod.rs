//! Why: one plain sentence for an outcome, from the call, what it gave back and the socket's situation, and the rule behind it.
//!
//! `rules` is the table of all rules; `errors` decides which of them a call that failed falls under, `successes` says what success
//! means; both are one match each. What has no rule falls back to the errno's own text. Every sentence was held against the kernel
//! (Linux 6.18): where books say otherwise, a comment says so and names the function that decides.

use crate::call::{Call, Order, ProcessCall, Sigpipe, WriteFlag};
use crate::errno::Errno;
use crate::outcome::{Outcome, Value};
use crate::side::Side;
use crate::state::State;

pub mod elsewhere;
mod errors;
mod options;
mod past;
pub mod prose;
pub mod rules;
mod successes;
pub mod waiting;
pub mod wording;

pub use past::Past;
use rules::{Gives, RULES};
pub use rules::{Rule, RuleId, is_told_once};

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
    /// Has an ICMP error about it come? (Known only where segments are seen.)
    pub icmp_received: bool,
    /// The bytes that it had to be read when the call was made.
    pub unread: u32,
    /// Has its host sent RST? None where segments are not seen.
    pub rst_sent: Option<bool>,
    /// What its earlier calls did to it, this one included.
    pub past: Past,
    /// Its endpoint's library accepts and reads by itself.
    pub takes_unasked: bool,
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

    /// Was its handshake under way when the call was made?
    fn shakes_hands(&self) -> bool {
        matches!(self.was(), State::SynSent | State::SynRecv)
    }

    /// Did it listen when the call was made, or does it now?
    fn listens(&self) -> bool {
        self.listening || self.was() == State::Listen
    }
}

/// Why a call gave back what it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// One plain sentence: the rule's own, or one that says more of this very case.
    pub sentence: String,
    /// The rule; none for a success that needs no explanation, and where nothing is known beyond the errno's text.
    pub rule: Option<RuleId>,
}

impl Why {
    /// A sentence without a rule.
    fn said(sentence: impl Into<String>) -> Why {
        Why {
            sentence: sentence.into(),
            rule: None,
        }
    }

    /// A rule, in words that fit this case better than its own.
    fn more(rule: RuleId, sentence: impl Into<String>) -> Why {
        Why {
            sentence: sentence.into(),
            rule: Some(rule),
        }
    }
}

impl From<RuleId> for Why {
    fn from(id: RuleId) -> Why {
        Why::more(id, id.rule().because.to_string())
    }
}

/// Why the call gave back what it did.
pub fn why(order: &Order, outcome: &Outcome, situation: &Situation) -> Why {
    match (order, outcome) {
        (_, Outcome::Unsupported(reason)) => Why::said(unsupported(reason)),
        (_, Outcome::Library(_)) => {
            Why::said("The language's library refused by itself: no errno of the kernel stands behind it.")
        }
        (_, Outcome::Ok(Value::Later)) => {
            Why::said("Noted: this language's library does it as a part of connect or listen.")
        }
        (Order::On { call, .. }, Outcome::Ok(value)) => successes::why(call, value, situation),
        (Order::On { call, .. }, Outcome::Err(errno)) => errors::why(call, *errno, situation),
        (Order::On { call, .. }, Outcome::DeadlineExceeded { written }) => deadline(call, *written, situation),
        (Order::Process(call), Outcome::Ok(_)) => Why::said(process(call)),
        (Order::Process(ProcessCall::Interrupt { .. }), Outcome::Err(Errno::ESRCH)) => {
            Why::said("That call is not blocked: it has returned already, or was never made.")
        }
        (Order::Process(_), Outcome::Err(errno)) => Why::said(errors::generic(*errno)),
        (Order::Process(_), Outcome::DeadlineExceeded { .. }) => Why::said("It was not done before the deadline."),
    }
}

/// May the call raise SIGPIPE? A write, unless MSG_NOSIGNAL forbids it.
pub fn may_raise_sigpipe(order: &Order) -> bool {
    matches!(order, Order::On { call: Call::Write { flags, .. }, .. } if !flags.contains(&WriteFlag::Nosignal))
}

/// Why a write killed its process by SIGPIPE: the kernel raises it with EPIPE and with nothing else (`sk_stream_error`), so that it is
/// what the write would have returned.
pub fn killed_by_sigpipe(order: &Order, situation: &Situation) -> Why {
    let why = why(order, &Outcome::Err(Errno::EPIPE), situation);
    Why {
        sentence: format!("The kernel sent SIGPIPE with EPIPE, and it kills. {}", why.sentence),
        ..why
    }
}

/// Why a call never returned whose process ended otherwise.
pub fn lost() -> Why {
    Why::said("Its process ended before it returned, and the kernel closed its sockets.")
}

/// Our deadline passed: nothing was taken back, the socket stays as it is.
fn deadline(call: &Call, written: usize, s: &Situation) -> Why {
    match call {
        Call::Connect { .. } if s.is() == State::SynSent => RuleId::ConnectDeadline.into(),
        Call::Connect { .. } => Why::said("The handshake was not done before the deadline."),
        Call::Read { .. } => RuleId::ReadDeadline.into(),
        Call::Write { .. } if written > 0 => Why::more(
            RuleId::WriteDeadlineHalf,
            format!("{written} bytes were taken, then the send buffer was full until the deadline."),
        ),
        Call::Write { .. } if matches!(s.is(), State::SynSent | State::SynRecv) => {
            RuleId::WriteDeadlineHandshake.into()
        }
        Call::Write { .. } => RuleId::WriteDeadline.into(),
        _ => Why::said("It was not done before the deadline; the socket is as it was."),
    }
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

/// The rule of the error that waited in the socket; none for one without a story.
fn cause(errno: Errno, s: &Situation) -> Option<RuleId> {
    let waiting = RULES
        .iter()
        .filter(|rule| rule.waits() && rule.gives == Gives::Errno(errno));
    // Where one errno has two stories.
    let mut fitting = waiting.map(|rule| rule.id).filter(|id| match id {
        RuleId::Reset => s.connected && !s.past.given_up,
        RuleId::GivenUpByUs => s.past.given_up,
        RuleId::SynGivenUp => s.was() == State::SynSent,
        RuleId::PeerGivenUp => s.was() != State::SynSent,
        _ => true,
    });
    fitting.next()
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
