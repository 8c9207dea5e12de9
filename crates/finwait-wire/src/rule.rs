//! Rules: which segments, and what becomes of them. Pure; the same rules and the same segments give the same verdicts.

use serde::{Deserialize, Serialize};
use std::fmt;

use super::flow::FlowInfo;
use super::segment::{Flags, Packet};
use finwait_model::clock::Millis;
use finwait_model::host::Port;
use finwait_model::side::Side;

/// The decision about a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The other host has it at once.
    Deliver,
    /// Held on the wire until the user decides.
    Hold,
    /// The packet is dropped.
    Drop,
    /// The other host has it twice.
    Duplicate,
    /// The other host has it after so long; what comes later may overtake it.
    Delay(Millis),
}

impl Verdict {
    /// The word for it in commands.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Deliver => "deliver",
            Verdict::Hold => "hold",
            Verdict::Drop => "drop",
            Verdict::Duplicate => "duplicate",
            Verdict::Delay(_) => "delay",
        }
    }
}

/// The kinds of packet that a rule can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PacketKind {
    /// Every packet, whatever it is.
    #[serde(rename = "any")]
    Any,
    /// SYN without ACK.
    #[serde(rename = "SYN")]
    Syn,
    /// SYN with ACK.
    #[serde(rename = "SYN-ACK")]
    SynAck,
    /// FIN, with or without payload.
    #[serde(rename = "FIN")]
    Fin,
    /// RST.
    #[serde(rename = "RST")]
    Rst,
    /// Payload.
    #[serde(rename = "data")]
    Data,
    /// An acknowledgement and nothing else.
    #[serde(rename = "ACK")]
    Ack,
    /// An ICMP message.
    #[serde(rename = "ICMP")]
    Icmp,
}

impl PacketKind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [PacketKind; 8] = [
        PacketKind::Any,
        PacketKind::Syn,
        PacketKind::SynAck,
        PacketKind::Fin,
        PacketKind::Rst,
        PacketKind::Data,
        PacketKind::Ack,
        PacketKind::Icmp,
    ];

    /// The word for it in commands.
    pub const fn name(self) -> &'static str {
        match self {
            PacketKind::Any => "any",
            PacketKind::Syn => "SYN",
            PacketKind::SynAck => "SYN-ACK",
            PacketKind::Fin => "FIN",
            PacketKind::Rst => "RST",
            PacketKind::Data => "data",
            PacketKind::Ack => "ACK",
            PacketKind::Icmp => "ICMP",
        }
    }

    /// Is the packet of this kind?
    pub const fn is(self, packet: &Packet) -> bool {
        let segment = match packet {
            Packet::Tcp(segment) => segment,
            Packet::Icmp { .. } => return matches!(self, PacketKind::Any | PacketKind::Icmp),
            Packet::Other { .. } => return matches!(self, PacketKind::Any),
        };
        let flags = segment.flags;
        match self {
            PacketKind::Any => true,
            PacketKind::Syn => flags.has(Flags::SYN) && !flags.has(Flags::ACK),
            PacketKind::SynAck => flags.has(Flags::SYN) && flags.has(Flags::ACK),
            PacketKind::Fin => flags.has(Flags::FIN),
            PacketKind::Rst => flags.has(Flags::RST),
            PacketKind::Data => segment.len > 0,
            PacketKind::Ack => {
                flags.has(Flags::ACK)
                    && segment.len == 0
                    && !flags.has(Flags(Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0))
            }
            PacketKind::Icmp => false,
        }
    }
}

/// Some of the matching segments only, as a seeded sequence of dice has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chance {
    /// The share, in percent.
    pub percent: u8,
    /// The same seed throws the same dice.
    pub seed: u32,
}

/// A match for packets, and the decision about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The decision about them.
    pub verdict: Verdict,
    /// The kind.
    pub kind: PacketKind,
    /// Sent by this end only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Side>,
    /// Only segments with this port at either end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<Port>,
    /// Only the segments that take up this place in the sequence, counted from the connection's first number, the SYN's, which is 0; a
    /// segment that takes up none, as a pure ACK, matches with its own number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u32>,
    /// Only segments with payload, or only those without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<bool>,
    /// The nth match only, from 1 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u32>,
    /// The most times that the rule decides; without limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// A chance: the rule decides on some of them only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance: Option<Chance>,
}

impl Rule {
    /// A rule for every packet of a kind.
    pub const fn new(verdict: Verdict, kind: PacketKind) -> Rule {
        Rule {
            verdict,
            kind,
            from: None,
            port: None,
            seq: None,
            payload: None,
            nth: None,
            times: None,
            chance: None,
        }
    }

    /// Does the packet fit, apart from counts and chance?
    fn fits(&self, from: Side, packet: &Packet, seen: &FlowInfo) -> bool {
        if !self.kind.is(packet) || self.from.is_some_and(|side| side != from) {
            return false;
        }
        let segment = match packet {
            Packet::Tcp(segment) => Some(segment),
            Packet::Icmp { .. } | Packet::Other { .. } => None,
        };
        self.port.is_none_or(|port| {
            segment.is_some_and(|segment| [segment.source.port(), segment.destination.port()].contains(&port.0))
        }) && self
            .payload
            .is_none_or(|payload| segment.is_some_and(|segment| (segment.len > 0) == payload))
            && self.seq.is_none_or(|wanted| {
                let place = segment.zip(seen.seq);
                place.is_some_and(|(segment, seq)| wanted.wrapping_sub(seq) < segment.span().max(1))
            })
    }
}

impl fmt::Display for Rule {
    /// Returns the rule as it would be typed: `hold FIN from=server times=1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verdict.name(), self.kind.name())?;
        if let Verdict::Delay(time) = self.verdict {
            write!(f, " ms={}", time.0)?;
        }
        let named = [
            ("from", self.from.map(|side| side.to_string())),
            ("port", self.port.map(|port| port.to_string())),
            ("seq", self.seq.map(|n| n.to_string())),
            ("payload", self.payload.map(|yes| if yes { "yes" } else { "no" }.into())),
            ("nth", self.nth.map(|n| n.to_string())),
            ("times", self.times.map(|n| n.to_string())),
            ("chance", self.chance.map(|chance| chance.percent.to_string())),
            ("seed", self.chance.map(|chance| chance.seed.to_string())),
        ];
        named
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

/// A rule's number, from 1 on; never used twice in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleNo(pub u32);

impl fmt::Display for RuleNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule {}", self.0)
    }
}

/// A rule in force, with its counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleStatus {
    /// The number.
    pub no: RuleNo,
    /// The contents.
    pub rule: Rule,
    /// Is it switched on?
    pub on: bool,
    /// The number of packets that matched, chance and `nth` aside.
    pub fitted: u32,
    /// The number of packets that it decided on.
    pub fired: u32,
    /// The dice.
    #[serde(skip)]
    dice: u64,
}

impl RuleStatus {
    /// A rule that comes into force.
    pub fn new(no: RuleNo, rule: Rule) -> RuleStatus {
        RuleStatus {
            no,
            rule,
            on: true,
            fitted: 0,
            fired: 0,
            dice: rule.chance.map_or(0, |chance| u64::from(chance.seed)),
        }
    }

    /// Returns the decision about a packet; none when the rule does not match.
    pub fn judge(&mut self, from: Side, packet: &Packet, seen: &FlowInfo) -> Option<Verdict> {
        let spent = self.rule.times.is_some_and(|times| self.fired >= times);
        if !self.on || spent || !self.rule.fits(from, packet, seen) {
            return None;
        }
        self.fitted = self.fitted.saturating_add(1);
        if self.rule.nth.is_some_and(|nth| nth != self.fitted) {
            return None;
        }
        if let Some(chance) = self.rule.chance
            && throw(&mut self.dice) % 100 >= u64::from(chance.percent)
        {
            return None;
        }
        self.fired = self.fired.saturating_add(1);
        Some(self.rule.verdict)
    }
}

/// Splitmix64 (Steele, Lea, Flood 2014): a seeded sequence without a library.
const fn throw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::{Segment, SeqNo};
    use finwait_model::call::Bytes;

    fn packet(flags: u16, len: usize) -> Packet {
        Packet::Tcp(Segment {
            source: "10.0.0.1:1000".parse().unwrap(),
            destination: "10.0.0.2:80".parse().unwrap(),
            flags: Flags(flags),
            seq: SeqNo(0),
            ack: SeqNo(0),
            window: 0,
            urgent: 0,
            options: Vec::new(),
            len,
            payload: Bytes::default(),
        })
    }

    fn seen(seq: u32) -> FlowInfo {
        FlowInfo {
            seq: Some(seq),
            ..FlowInfo::default()
        }
    }

    fn status(rule: Rule) -> RuleStatus {
        RuleStatus::new(RuleNo(1), rule)
    }

    #[test]
    fn kinds_are_told_apart() {
        let of = |flags: Flags, len| -> Vec<&str> {
            let packet = packet(flags.0, len);
            let kinds = PacketKind::ALL.into_iter().filter(|kind| kind.is(&packet));
            kinds.map(PacketKind::name).collect()
        };
        assert_eq!(of(Flags::SYN, 0), ["any", "SYN"]);
        assert_eq!(of(Flags(Flags::SYN.0 | Flags::ACK.0), 0), ["any", "SYN-ACK"]);
        assert_eq!(of(Flags::ACK, 0), ["any", "ACK"]);
        assert_eq!(of(Flags::ACK, 5), ["any", "data"]);
        assert_eq!(of(Flags(Flags::FIN.0 | Flags::ACK.0), 3), ["any", "FIN", "data"]);
        assert_eq!(of(Flags(Flags::RST.0 | Flags::ACK.0), 0), ["any", "RST"]);
    }

    #[test]
    fn the_nth_is_decided_on_and_no_other() {
        let mut rule = status(Rule {
            nth: Some(2),
            ..Rule::new(Verdict::Drop, PacketKind::Data)
        });
        let verdicts: Vec<_> = (0..3)
            .map(|_| rule.judge(Side::Client, &packet(Flags::ACK.0, 1), &seen(1)))
            .collect();
        assert_eq!(verdicts, [None, Some(Verdict::Drop), None]);
    }

    #[test]
    fn a_rule_that_has_fired_often_enough_is_spent() {
        let mut rule = status(Rule {
            times: Some(1),
            from: Some(Side::Server),
            ..Rule::new(Verdict::Hold, PacketKind::Any)
        });
        let syn = packet(Flags::SYN.0, 0);
        assert_eq!(rule.judge(Side::Client, &syn, &seen(0)), None);
        assert_eq!(rule.judge(Side::Server, &syn, &seen(0)), Some(Verdict::Hold));
        assert_eq!(rule.judge(Side::Server, &syn, &seen(0)), None);
        assert_eq!((rule.fitted, rule.fired), (1, 1));
    }

    #[test]
    fn a_place_in_the_sequence_is_matched_by_the_segment_that_takes_it_up() {
        let of = |wanted, seq, len| {
            let rule = Rule {
                seq: Some(wanted),
                ..Rule::new(Verdict::Drop, PacketKind::Any)
            };
            rule.fits(Side::Client, &packet(Flags::ACK.0, len), &seen(seq))
        };
        assert!(of(6, 1, 10) && of(1, 1, 10) && of(10, 1, 10) && of(7, 7, 0));
        assert!(!of(11, 1, 10) && !of(0, 1, 10) && !of(6, 7, 0));
    }

    #[test]
    fn ten_percent_are_about_ten_percent_and_the_same_each_time() {
        let run = |seed| {
            let mut rule = status(Rule {
                chance: Some(Chance { percent: 10, seed }),
                ..Rule::new(Verdict::Drop, PacketKind::Any)
            });
            (0..1000)
                .filter(|_| rule.judge(Side::Client, &packet(0, 0), &seen(0)).is_some())
                .collect::<Vec<_>>()
        };
        assert!((60..140).contains(&run(1).len()), "{}", run(1).len());
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn a_rule_reads_as_it_is_typed() {
        let rule = Rule {
            from: Some(Side::Server),
            nth: Some(1),
            times: Some(1),
            ..Rule::new(Verdict::Hold, PacketKind::Fin)
        };
        assert_eq!(rule.to_string(), "hold FIN from=server nth=1 times=1");
    }
}
