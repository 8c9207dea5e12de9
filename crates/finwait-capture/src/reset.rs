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
    /// Does it have ACK? One that answers a segment with ACK has none (RFC 9293, 3.10.7.1), one that the kernel sends by itself has.
    pub ack: bool,
    /// The sender's state before it; none where that is not known.
    pub sender: Option<State>,
    /// The receiver's state before it.
    pub receiver: Option<State>,
    /// Had the sender sent FIN?
    pub closed: bool,
    /// The last segment of the other end.
    pub answered: Answered,
    /// Had the sender had data since its own last segment with data, or since the beginning?
    pub had_data: bool,
    /// How long nothing was sent before it, or before what it answers.
    pub idle: Duration,
    /// The sender's retransmissions and probes in a row that had no answer.
    pub unanswered: u32,
    /// The RST's time to live, and that of the sender's other packets, where they differ.
    pub ttl: Option<(u8, u8)>,
}

/// A reason that an RST can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResetReason {
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
    /// A late RST: both ends had closed.
    Late,
}

impl ResetReason {
    /// Returns it in one clause, to go on from "it can be because"; `by` is who sent the RST.
    pub fn words(self, reset: &Reset) -> String {
        let (by, other) = (reset.by, reset.by.other());
        match self {
            ResetReason::Middlebox => match reset.ttl {
                Some((ttl, usual)) => format!(
                    "TTL differs, {ttl} and not {usual}: probably the {by} itself did not send it, but a firewall, a NAT or a load balancer"
                ),
                None => "a device between the ends sent it".into(),
            },
            ResetReason::Refused => {
                "nobody listens at that port, the listener's queue is full with tcp_abort_on_overflow, or a firewall rejects with RST".into()
            }
            ResetReason::Unwanted => format!(
                "the {by} does not know the connection that this answers: its socket is closed already, or it never connected (a port scan, a forged address)"
            ),
            ResetReason::GaveUp => format!(
                "the {by}'s kernel gave up: what it sent {} times had no answer (keep-alive, retransmissions, TCP_USER_TIMEOUT)",
                reset.unanswered
            ),
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
                format!("the {by} had closed, and the {other} went on sending: data for a closed socket is answered with RST (RFC 9293, 3.10.7.4)")
            }
            ResetReason::UnreadData => {
                format!("the {by} closed, or was ended, with data of the {other}'s that it had not read (RFC 2525, 2.17)")
            }
            ResetReason::Linger => format!("the {by} closed with SO_LINGER and no time, which aborts"),
            ResetReason::Late => "both ends had closed: it ends nothing".into(),
        }
    }
}

impl Reset {
    /// Returns the reasons that it can have, the likeliest first.
    pub fn reasons(&self) -> Vec<ResetReason> {
        use State::*;
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
        if self.unanswered >= GIVES_UP {
            reasons.push(ResetReason::GaveUp);
        }
        if self.ack {
            if self.had_data {
                reasons.push(ResetReason::UnreadData);
            }
            reasons.push(ResetReason::Linger);
        } else if self.closed && self.answered == Answered::Data {
            reasons.push(ResetReason::DataAfterClose);
        } else {
            reasons.push(ResetReason::Forgotten);
        }
        reasons
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
