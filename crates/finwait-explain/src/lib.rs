//! Explanations: one plain sentence for an outcome, from the call, what it returned and the socket's situation, and the rule behind it.
//!
//! The words are in `assets/explain/`, and are compiled in: `text`. `rules` is the table of all rules; `errors` decides which of them a
//! call that failed falls under, `successes` says what success means; both are one match each. What has no rule falls back to the errno's
//! own text. Every sentence was held against the kernel (Linux 6.18): where books say otherwise, a comment says so and names the function
//! that decides.
#![deny(clippy::unwrap_used)]
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![deny(unsafe_code)]

use serde::Serialize;
use std::fmt;
use std::time::Duration;

use finwait_model::call::{Call, CallKind, EndpointCall, ProcessCall, ShutdownHow, Sigpipe, SocketName, WriteFlag};
use finwait_model::errno::Errno;
use finwait_model::outcome::{Outcome, Value};
use finwait_model::side::Side;
use finwait_model::state::State;

pub mod counters;
pub mod direction;
pub mod elsewhere;
mod error_source;
mod errors;
pub mod kernel_log;
pub mod listing;
pub mod meaning;
pub mod moves;
pub mod now;
mod options;
pub mod plate;
pub mod prose;
pub mod ranking;
pub mod role;
pub mod rules;
pub mod settings;
pub mod situation;
pub mod sock;
pub mod states;
pub mod still;
mod successes;
pub mod systems;
mod text;
pub mod waiting;
pub mod wording;

pub use error_source::ErrorSource;
use rules::CallClass;
pub use rules::{Rule, RuleId, is_told_once};
pub use sock::{EntryNo, Sock};
pub use still::Claim;
use text::outcomes::Sentence;

/// The facts that decide why. The socket is given as it was when the call returned, before the call's own effect on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    /// The end that made the call.
    pub side: Side,
    /// Is the descriptor open, after the call?
    pub open: bool,
    /// Did the endpoint ever have a descriptor by that name?
    pub known: bool,
    /// The call that closed the descriptor, if one did.
    pub closed: Option<EntryNo>,
    /// The state when the call was made; none when it was not in the table.
    pub before: Option<State>,
    /// The state as last seen.
    pub now: Option<State>,
    /// The bytes that it had to be read when the call was made.
    pub unread: u32,
    /// The record of the socket.
    pub sock: Sock,
    /// Is it connected to itself: has the peer its own address and port?
    pub to_itself: bool,
    /// Are its segments seen: is there a wire, and do they pass over it?
    pub segments_seen: bool,
    /// The entry of the call's beginning.
    pub began: EntryNo,
    /// The time that it took.
    pub took: Duration,
    /// The signal that was sent to the call.
    pub interrupted: Option<EntryNo>,
    /// Other calls on it that have not returned.
    pub under_way: Vec<CallUnderWay>,
    /// Another holder of the socket: another descriptor, or a call that waits.
    pub held_by: Option<Holder>,
    /// The connection that `accept` took out of the queue.
    pub accepted: Option<Sock>,
    /// The state of another socket at its end that has the port which was asked for.
    pub port_taken_by: Option<State>,
    /// The address that is listened at on the port that `connect` asks for, where only another one is.
    pub listened_at: Option<std::net::SocketAddr>,
    /// The host's and the process's limits.
    pub limits: Limits,
    /// Does `connect` ask for an address of a family of which its host has none?
    pub lacks_family: bool,
    /// The endpoint's library accepts and reads by itself.
    pub takes_unasked: bool,
}

/// A call that has not returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallUnderWay {
    /// The class of the call.
    pub class: CallClass,
    /// The direction that it shuts down, if it does.
    pub how: Option<ShutdownHow>,
    /// The entry of its beginning.
    pub began: EntryNo,
}

/// The holder of a socket whose descriptor was closed (`fput`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Another descriptor, by name.
    Descriptor(SocketName),
    /// A call that waits.
    Call(CallKind),
}

/// The host's and the process's limits, and the entries of the changes that set them; none where they are as they were at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The entry that took the route away: `default_route = off`, or `device = down`.
    pub no_route: Option<EntryNo>,
    /// `ip_local_port_range`.
    pub port_range: Option<EntryNo>,
    /// `nofile`.
    pub nofile: Option<EntryNo>,
    /// `tcp_syn_linear_timeouts`, of Linux 6.5 and later; 0 before.
    pub syn_linear: u32,
    /// `tcp_syn_retries`.
    pub syn_retries: Option<u32>,
    /// `tcp_retries2`.
    pub retries2: Option<u32>,
}

impl Situation {
    /// The state when the call was made; a socket in `CLOSE` is in no table.
    fn was(&self) -> State {
        self.before.unwrap_or(State::Close)
    }

    /// The state after it.
    fn is(&self) -> State {
        self.now.unwrap_or(State::Close)
    }

    /// Was its handshake still under way when the call returned?
    fn shakes_hands_still(&self) -> bool {
        matches!(self.is(), State::SynSent | State::SynRecv)
    }

    /// Did it listen when the call was made, or does it now?
    fn listens(&self) -> bool {
        self.sock.listening || self.was() == State::Listen
    }

    /// Did that happen since the call began?
    fn since_it_began(&self, entry: Option<EntryNo>) -> bool {
        entry.is_some_and(|entry| entry > self.began)
    }

    /// Another call of that class on the socket, which has not returned.
    fn under_way(&self, class: CallClass) -> Option<&CallUnderWay> {
        self.under_way.iter().find(|call| call.class == class)
    }

    /// Our own shutdown of that direction: one that returned, else one under way.
    fn shut(&self, direction: ShutdownHow) -> Option<EntryNo> {
        let returned = match direction {
            ShutdownHow::Read => self.sock.receiving_shut,
            ShutdownHow::Write => self.sock.sending_shut,
            ShutdownHow::Both => None,
        };
        returned.or_else(|| {
            let shuts = |call: &&CallUnderWay| call.how == Some(direction) || call.how == Some(ShutdownHow::Both);
            self.under_way.iter().find(shuts).map(|call| call.began)
        })
    }
}

/// The reason why a call returned what it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// One plain sentence: the rule's own, or one that says more of this very case.
    #[serde(rename = "why")]
    pub sentence: String,
    /// The rule; none for a success that needs no explanation, and where nothing is known beyond the errno's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
    /// The setter of the error, or of the end, and the number of its entry; none without a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_by: Option<ErrorSource>,
    /// What the sentence says of the present; none where it speaks of the past alone.
    #[serde(skip)]
    pub claim: Option<Claim>,
}

impl Explanation {
    /// A sentence without a rule, which speaks of the past alone.
    fn without_rule(sentence: impl fmt::Display) -> Explanation {
        Explanation {
            sentence: sentence.to_string(),
            rule: None,
            set_by: None,
            claim: None,
        }
    }

    /// The same of one that claims something of the present.
    fn claiming(self, claim: Option<Claim>) -> Explanation {
        Explanation { claim, ..self }
    }

    /// A rule, in the words that fit this case, and what set the error.
    fn by(rule: RuleId, call: &Call, s: &Situation) -> Explanation {
        Explanation {
            sentence: error_source::sentence(rule, call, s),
            rule: Some(rule),
            set_by: Some(ErrorSource::find(rule, call, s)),
            claim: still::of_rule(rule),
        }
    }

    /// The same in other words.
    fn in_words(self, sentence: impl fmt::Display) -> Explanation {
        Explanation {
            sentence: sentence.to_string(),
            ..self
        }
    }
}

/// Explains why the call returned what it did.
pub fn explain(order: &EndpointCall, outcome: &Outcome, situation: &Situation) -> Explanation {
    match (order, outcome) {
        (_, Outcome::Unsupported(reason)) => Explanation::without_rule(unsupported(reason)),
        (_, Outcome::Library(_)) => Explanation::without_rule(Sentence::LibraryRefused),
        (_, Outcome::Ok(Value::Later)) => Explanation::without_rule(Sentence::LibraryLater),
        (EndpointCall::On { call, .. }, Outcome::Ok(value)) => successes::why(call, value, situation),
        (EndpointCall::On { call, .. }, Outcome::Err(errno)) => errors::why(call, *errno, situation),
        (EndpointCall::On { call, .. }, Outcome::DeadlineExceeded { written }) => deadline(call, *written, situation),
        (EndpointCall::Process(call), Outcome::Ok(_)) => {
            let said = process(call);
            let claim = still::of_process(&said);
            Explanation::without_rule(said).claiming(claim)
        }
        (EndpointCall::Process(ProcessCall::Interrupt { .. }), Outcome::Err(Errno::ESRCH)) => {
            Explanation::without_rule(Sentence::InterruptNotBlocked)
        }
        (EndpointCall::Process(_), Outcome::Err(errno)) => {
            Explanation::without_rule(Sentence::ErrorAnswered { errno: *errno })
        }
        (EndpointCall::Process(_), Outcome::DeadlineExceeded { .. }) => {
            Explanation::without_rule(Sentence::DeadlineProcess)
        }
    }
}

/// May the call raise SIGPIPE? A write, unless MSG_NOSIGNAL forbids it.
pub fn may_raise_sigpipe(order: &EndpointCall) -> bool {
    matches!(order, EndpointCall::On { call: Call::Write { flags, .. }, .. } if !flags.contains(&WriteFlag::Nosignal))
}

/// Explains why a write killed its process by SIGPIPE: the kernel raises it with EPIPE and with nothing else (`sk_stream_error`), so that
/// the explanation is that of what the write would have returned.
pub fn killed_by_sigpipe(order: &EndpointCall, situation: &Situation) -> Explanation {
    let why = explain(order, &Outcome::Err(Errno::EPIPE), situation);
    let sentence = Sentence::SigpipeKilled {
        why: why.sentence.clone(),
    };
    why.in_words(sentence)
}

/// The cause that a line of a program leaves open, where nothing that was seen decides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineCause {
    /// A timeout, of a program of which the kernel has given up no socket.
    OwnTimeLimit,
    /// An address that is taken: of a TCP socket, or a path.
    AddressTaken,
    /// An address that is not to be had: of the host, or a port for a connect.
    AddressMissing,
}

/// Says what can be known of a line of a program: it falls under no rule.
pub fn of_line(cause: LineCause) -> Explanation {
    Explanation::without_rule(match cause {
        LineCause::OwnTimeLimit => Sentence::ProgramOwnTimeLimit,
        LineCause::AddressTaken => Sentence::ProgramAddressTaken,
        LineCause::AddressMissing => Sentence::ProgramAddressMissing,
    })
}

/// Explains why a program told of a reset where the peer's FIN ended the connection, by the explanation of that end.
pub fn hang_up(why: Explanation) -> Explanation {
    let sentence = Sentence::ProgramHangUp {
        why: why.sentence.clone(),
    };
    why.in_words(sentence)
}

/// Explains why a call never returned whose process ended otherwise.
pub fn lost() -> Explanation {
    Explanation::without_rule(Sentence::ProcessLost)
}

/// Our deadline passed: nothing was taken back, the socket stays as it is.
fn deadline(call: &Call, written: usize, s: &Situation) -> Explanation {
    let by = |rule| Explanation::by(rule, call, s);
    match call {
        Call::Connect { .. } if s.is() == State::SynSent => by(RuleId::ConnectDeadline),
        Call::Connect { .. } => Explanation::without_rule(Sentence::DeadlineHandshake),
        Call::Read { .. } => by(RuleId::ReadDeadline),
        Call::Write { .. } if written > 0 => {
            by(RuleId::WriteDeadlineHalf).in_words(Sentence::DeadlineWriteHalf { bytes: written })
        }
        Call::Write { .. } if matches!(s.is(), State::SynSent | State::SynRecv) => by(RuleId::WriteDeadlineHandshake),
        Call::Write { .. } => by(RuleId::WriteDeadline),
        _ => Explanation::without_rule(Sentence::DeadlineUnchanged),
    }
}

/// The two calls for the process, when they succeed.
const fn process(call: &ProcessCall) -> Sentence {
    match call {
        ProcessCall::Interrupt { .. } => Sentence::InterruptSent,
        ProcessCall::Sigpipe {
            disposition: Sigpipe::Ignore,
        } => Sentence::SigpipeIgnored,
        // sk_stream_error sends the signal with every EPIPE, unless MSG_NOSIGNAL forbids it.
        ProcessCall::Sigpipe {
            disposition: Sigpipe::Default,
        } => Sentence::SigpipeDefault,
    }
}

/// The runtime's own words, made one sentence without anything that a terminal would act on.
fn unsupported(reason: &str) -> Sentence {
    let plain: String = reason
        .chars()
        .map(|c| match c {
            c if c.is_control() => ' ',
            '!' => '.',
            c => c,
        })
        .collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let reason = plain.trim_end_matches('.').replace(". ", "; ");
    if reason.is_empty() {
        Sentence::LibraryUnsupported
    } else {
        Sentence::LibraryUnsupportedBecause { reason }
    }
}

/// Is the value one that the call can return? An endpoint in another language may say anything.
fn fits(call: &Call, value: &Value) -> bool {
    value.kind() == call.kind().spec().returns
}

#[cfg(test)]
mod tests;
