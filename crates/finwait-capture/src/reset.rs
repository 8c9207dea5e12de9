//! An RST: who sent it in which state, and which of the reasons that there are for one it can have.

use serde::Serialize;
use std::time::Duration;

use finwait_explain::rules::RuleId;
use finwait_model::clock::MonoTime;
use finwait_model::side::Side;
use finwait_model::state::State;

/// A connection that nobody has spoken in for so long may have been forgotten on the way: the shortest times of the usual ones.
const IDLE: Duration = Duration::from_secs(60);
/// Probes and retransmissions in a row after which it looks as if the sender gave up.
const GIVES_UP: u32 = 3;

/// What the other end had sent last, before an RST.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answered {
    /// Nothing that is in the capture.
    Nothing,
    /// The SYN of a connection.
    Syn,
    /// A SYN,ACK.
    SynAck,
    /// Data.
    Data,
    /// A FIN.
    Fin,
    /// An acknowledgement, or a probe.
    Ack,
}

/// An RST, with what was known then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reset {
    /// Who sent it, or in whose name it was sent.
    pub by: Side,
    /// When.
    pub at: MonoTime,
    /// Whether it has ACK. One that answers a segment with ACK has none (RFC 9293, 3.10.7.1), one that the kernel sends by itself has.
    pub ack: bool,
    /// The sender's state before it; none where that is not known.
    pub sender: Option<State>,
    /// The receiver's state before it.
    pub receiver: Option<State>,
    /// Had the sender sent FIN?
    pub closed: bool,
    /// The last segment of the other end.
    pub answered: Answered,
    /// Had the sender had data at all?
    pub had_data: bool,
    /// Had the sender had data since its own last segment with data, or since the beginning?
    pub had_data_last: bool,
    /// Had the sender sent data, or FIN?
    pub had_sent: bool,
    /// Is its number 0, as in an answer to a SYN (RFC 9293, 3.10.7.1)?
    pub is_numbered_0: bool,
    /// How long nothing was sent before it, or before what it answers.
    pub idle: Duration,
    /// The sender's retransmissions and probes in a row that had no answer.
    pub unanswered: u32,
    /// The RST's time to live, and that of the sender's other packets, where they differ.
    pub ttl: Option<(u8, u8)>,
    /// Was it forged on finwait's wire?
    pub forged: bool,
}

/// A reason that an RST can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResetReason {
    /// Forged on finwait's wire.
    Forged,
    /// A device between the ends.
    Middlebox,
    /// Nobody listens there.
    Refused,
    /// The sender of the SYN does not want the answer.
    Unwanted,
    /// The sender gave up: what it sent had no answer.
    GaveUp,
    /// The connection is not known there any more.
    Forgotten,
    /// Data came for a socket that is closed.
    DataAfterClose,
    /// The socket was closed with data that nobody had read.
    UnreadData,
    /// `SO_LINGER` with no time.
    Linger,
    /// The listener was closed before the connection was accepted.
    ListenerClosed,
    /// The listener's accept queue was full, with `tcp_abort_on_overflow`.
    QueueFull,
    /// Somebody ended the connection by force.
    Aborted,
    /// The socket was closed, and the kernel kept it no longer.
    NotKept,
    /// A late RST: both ends had closed.
    Late,
}

impl ResetReason {
    /// Returns it in one clause, to go on from "it can be because"; `by` is who sent the RST.
    pub fn words(self, reset: &Reset) -> String {
        let (by, other) = (reset.by, reset.by.other());
        match self {
            ResetReason::Forged => format!("it was forged on finwait's wire: the {by} did not send it"),
            ResetReason::Middlebox => match reset.ttl {
                Some((ttl, usual)) => format!(
                    "TTL differs, {ttl} and not {usual}: probably the {by} itself did not send it, but a firewall, a NAT or a load balancer"
                ),
                None => "a device between the ends sent it: a firewall that rejects, a proxy or a load balancer".into(),
            },
            ResetReason::Refused => "nobody listens at that port, or a firewall rejects with RST".into(),
            ResetReason::Unwanted => format!(
                "the {by} does not know the connection that this answers: its socket is closed already, or it never connected (a port scan, a forged address)"
            ),
            ResetReason::GaveUp => {
                let times = match reset.unanswered {
                    0 | 1 => String::new(),
                    count => format!(" {count} times"),
                };
                format!(
                    "the {by}'s kernel gave up: what it sent{times} had no answer (keep-alive, retransmissions, TCP_USER_TIMEOUT)"
                )
            }
            ResetReason::Forgotten => {
                let what = format!(
                    "the {by}'s host does not know the connection any more: its process or host was restarted, or a NAT or load balancer forgot it"
                );
                match reset.idle >= IDLE {
                    true => format!("{what}; nothing had been sent for {:.0} s", reset.idle.as_secs_f64()),
                    false => what,
                }
            }
            ResetReason::DataAfterClose => {
                format!(
                    "the {by} had closed, and the {other} went on sending: data for a closed socket is answered with RST (RFC 9293, 3.10.7.4)"
                )
            }
            ResetReason::UnreadData => {
                format!(
                    "the {by} closed, or was ended, with data of the {other}'s that it had not read (RFC 2525, 2.17)"
                )
            }
            ResetReason::Linger => format!("the {by} closed with SO_LINGER and no time, which aborts"),
            ResetReason::ListenerClosed => format!(
                "the {by}'s listener was closed, or its process ended, while this connection waited in the accept queue"
            ),
            ResetReason::QueueFull => {
                format!("the {by}'s accept queue was full, with tcp_abort_on_overflow")
            }
            ResetReason::Aborted => format!(
                "the {by}'s connection was ended by force: ss -K, connect with AF_UNSPEC, or a kernel short of memory (tcp_mem, tcp_max_orphans)"
            ),
            ResetReason::NotKept => format!(
                "the {by} had closed, and its kernel kept the socket no longer: FIN_WAIT2 ended by TCP_LINGER2, tcp_fin_timeout or tcp_max_orphans"
            ),
            ResetReason::Late => "both ends had closed: it ends nothing".into(),
        }
    }

    /// Returns the name of the scenario in which an RST has this reason; none where no scenario has one.
    pub fn scenario(self, reset: &Reset) -> Option<&'static str> {
        Some(match self {
            // Before the answer to a SYN it looks like the server's own.
            ResetReason::Middlebox if reset.receiver == Some(State::SynSent) => return None,
            ResetReason::Forged | ResetReason::Middlebox => "forged-rst-exact",
            ResetReason::Refused => "refused",
            ResetReason::Unwanted => "close-in-syn-sent",
            ResetReason::GaveUp => "keepalive",
            ResetReason::Forgotten if reset.idle >= IDLE => "nat-forgets-rst",
            ResetReason::Forgotten => "host-rebooted",
            ResetReason::DataAfterClose => "write-after-close",
            ResetReason::UnreadData => "close-with-unread-data",
            ResetReason::Linger => "linger-zero",
            ResetReason::ListenerClosed => "listener-closed",
            ResetReason::QueueFull => "abort-on-overflow",
            ResetReason::Aborted => "destroyed-by-the-administrator",
            ResetReason::NotKept => "fin-wait2-orphan",
            ResetReason::Late => "reset-in-time-wait",
        })
    }
}

impl Reset {
    /// Returns the reasons that it can have, the likeliest first.
    pub fn reasons(&self) -> Vec<ResetReason> {
        use State::*;
        if self.forged {
            return vec![ResetReason::Forged];
        }
        let mut reasons = Vec::new();
        if self.ttl.is_some() {
            reasons.push(ResetReason::Middlebox);
        }
        if self.receiver == Some(SynSent) && !matches!(self.sender, Some(Established)) {
            reasons.push(ResetReason::Refused);
            return reasons;
        }
        if self.sender == Some(SynSent) || (self.answered == Answered::SynAck && self.receiver == Some(SynRecv)) {
            reasons.push(ResetReason::Unwanted);
            return reasons;
        }
        let over = |state: Option<State>| matches!(state, Some(Close | TimeWait));
        if over(self.receiver) && over(self.sender) {
            reasons.push(ResetReason::Late);
            return reasons;
        }
        if self.is_alone() {
            reasons.extend(self.reasons_alone());
            return reasons;
        }
        if self.unanswered >= GIVES_UP {
            reasons.push(ResetReason::GaveUp);
        }
        // Who has sent nothing but its SYN,ACK may not have been accepted.
        let may_wait = self.by == Side::Server && !self.had_sent;
        if self.ack {
            // What came before the last answer has been read, as a rule.
            if self.had_data_last {
                reasons.push(ResetReason::UnreadData);
            }
            reasons.push(ResetReason::Linger);
            if self.had_data && !self.had_data_last {
                reasons.push(ResetReason::UnreadData);
            }
            if may_wait {
                reasons.push(ResetReason::ListenerClosed);
            }
            reasons.push(ResetReason::Aborted);
        } else if self.closed {
            reasons.push(match self.answered {
                Answered::Data => ResetReason::DataAfterClose,
                _ => ResetReason::NotKept,
            });
        } else {
            let was_quick = self.idle < Duration::from_secs(1);
            if may_wait && was_quick && self.sender.is_some() {
                reasons.extend([ResetReason::QueueFull, ResetReason::Middlebox]);
            }
            reasons.push(ResetReason::Forgotten);
            if !reasons.contains(&ResetReason::Middlebox) {
                reasons.push(ResetReason::Middlebox);
            }
        }
        reasons
    }

    /// Returns the scenarios that show the reasons that it can have, in their order.
    pub fn shown_by(&self) -> Vec<&'static str> {
        let reasons = self.reasons();
        reasons.into_iter().filter_map(|reason| reason.scenario(self)).collect()
    }

    /// Returns whether nothing is before it in the capture, so that its reason is not there either.
    pub const fn is_alone(&self) -> bool {
        self.sender.is_none() && self.receiver.is_none() && matches!(self.answered, Answered::Nothing)
    }

    /// The reasons of an RST alone, by itself.
    fn reasons_alone(&self) -> Vec<ResetReason> {
        use ResetReason::*;
        match (self.ack, self.is_numbered_0) {
            (true, true) => vec![Refused, UnreadData, Linger],
            (true, false) => vec![UnreadData, Linger, GaveUp, Middlebox, Aborted],
            (false, _) => vec![DataAfterClose, Forgotten, Middlebox],
        }
    }

    /// Returns the rule by which the receiver's calls fail, by the state that it was in (`tcp_reset`); none where none does.
    pub const fn rule(&self) -> Option<RuleId> {
        use State::*;
        match self.receiver {
            Some(SynSent) => Some(RuleId::Refused),
            Some(CloseWait) => Some(RuleId::ResetInCloseWait),
            Some(Established | FinWait1 | FinWait2 | Closing | LastAck) => Some(RuleId::Reset),
            // An embryonic connection goes back to its listener, and nobody is told; what is over is not reset.
            Some(SynRecv | TimeWait | Close | Listen) | None => None,
        }
    }
}
