//! What the calls of the programs at both ends returned, as the segments imply it: by the rules, had the program made the call then.

use serde::Serialize;

use finwait_explain::rules::{RuleId, RuleOutcome};
use finwait_model::side::Side;
use finwait_model::state::State;
use finwait_wire::segment::IcmpError;

use crate::finding::{is_refused, is_unanswered};
use crate::flow::{Connection, Start};
use crate::reset::{Answered, ResetReason};

/// What a call returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// The call, or calls.
    pub call: &'static str,
    /// `EOF`, `ECONNRESET`, `success`
    pub gives: String,
    /// The rule; none for success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
    /// A remark, in one clause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<&'static str>,
}

impl Seen {
    fn by(call: &'static str, rule: RuleId) -> Seen {
        let gives = match rule.rule().gives {
            RuleOutcome::Errno(errno) => errno.name(),
            RuleOutcome::Eof => "EOF".into(),
            RuleOutcome::Deadline => "its deadline".into(),
        };
        Seen {
            call,
            gives,
            rule: Some(rule),
            remark: None,
        }
    }

    fn with(self, remark: &'static str) -> Seen {
        Seen {
            remark: Some(remark),
            ..self
        }
    }
}

/// Returns what the program at an end saw, in the order in which it did.
pub fn seen(connection: &Connection, side: Side) -> Vec<Seen> {
    let mut seen = Vec::new();
    let (own, peer) = (&connection.ends[side], &connection.ends[side.other()]);
    if side == Side::Client
        && connection.start == Start::Syn
        && let Some(connect) = connect(connection)
    {
        let failed = connect.rule.is_some();
        seen.push(connect);
        if failed {
            return seen;
        }
    }
    // A FIN that is answered with RST has met no socket.
    let knows = connection
        .reset
        .is_none_or(|reset| reset.by != side || reset.ack || reset.answered != Answered::Fin);
    if peer.has_delivered_fin() && knows {
        seen.push(Seen::by("read", RuleId::EofFin).with("after all data"));
    }
    let Some(reset) = connection.reset.filter(|_| !connection.reset_ignored) else {
        return seen;
    };
    if reset.by == side {
        if reset.reasons().first() == Some(&ResetReason::GaveUp) {
            seen.push(Seen::by("read, write", RuleId::PeerGivenUp));
        }
        return seen;
    }
    const CLOSED: &str = "unless it had closed its descriptor";
    match reset.rule() {
        Some(RuleId::ResetInCloseWait) => {
            seen.push(Seen::by("write", RuleId::ResetInCloseWait));
        }
        Some(RuleId::Reset) => {
            let first = Seen::by("read, write", RuleId::Reset);
            seen.push(if own.fin().is_some() {
                first.with(CLOSED)
            } else {
                first.with("whichever comes first")
            });
            seen.push(Seen::by("read", RuleId::EofErrorTold).with("after that"));
            seen.push(Seen::by("write", RuleId::ErrorTold).with("after that"));
        }
        _ => {}
    }
    seen
}

/// What connect returned; none where the capture does not say.
fn connect(connection: &Connection) -> Option<Seen> {
    if is_refused(connection) {
        return Some(Seen::by("connect", RuleId::Refused));
    }
    if let Some(icmp) = &connection.icmp
        && icmp.to == Side::Client
        && matches!(icmp.state, Some(State::SynSent | State::SynRecv))
    {
        let is_v6 = icmp.from.is_ipv6();
        return Some(Seen::by(
            "connect",
            match icmp.error? {
                IcmpError::Port => RuleId::RefusedByIcmp,
                IcmpError::Host => RuleId::HostUnreachable,
                IcmpError::Network => RuleId::NetworkUnreachable,
                IcmpError::Prohibited if is_v6 => RuleId::Prohibited,
                IcmpError::Prohibited => RuleId::HostUnreachable,
                IcmpError::Other => return None,
            },
        ));
    }
    if is_unanswered(connection) {
        return Some(Seen::by("connect", RuleId::ConnectTimedOut).with("once the last SYN has waited long enough"));
    }
    let is_connected = connection.ends.server.syns > 0;
    is_connected.then(|| Seen {
        call: "connect",
        gives: "success".into(),
        rule: None,
        remark: None,
    })
}
