//! Rules: which segments, and what becomes of them. Pure; the same rules and the same segments give the same verdicts.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::SocketAddr;

use super::flow::FlowInfo;
use super::segment::{Flags, Packet};
use finwait_model::call::{SocketId, SocketName};
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
    /// A UDP datagram.
    #[serde(rename = "UDP")]
    Udp,
    /// An ICMP message.
    #[serde(rename = "ICMP")]
    Icmp,
}

impl PacketKind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [PacketKind; 9] = [
        PacketKind::Any,
        PacketKind::Syn,
        PacketKind::SynAck,
        PacketKind::Fin,
        PacketKind::Rst,
        PacketKind::Data,
        PacketKind::Ack,
        PacketKind::Udp,
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
            PacketKind::Udp => "UDP",
            PacketKind::Icmp => "ICMP",
        }
    }

    /// Is the packet of this kind?
    pub const fn is(self, packet: &Packet) -> bool {
        let segment = match packet {
            Packet::Tcp(segment) => segment,
            Packet::Udp { .. } => return matches!(self, PacketKind::Any | PacketKind::Udp),
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
            PacketKind::Udp | PacketKind::Icmp => false,
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

/// The way in which a connection is named: a socket of either of its ends, or its number in the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum ConnectionName {
    /// A socket of it: `client2`, `server2`.
    Socket(SocketId),
    /// The number, from 1 on.
    Number(u32),
}

impl ConnectionName {
    /// Reads one: `client2`, `3`; none for any other text.
    pub fn parse(text: &str) -> Option<ConnectionName> {
        match text.parse::<u32>() {
            Ok(number) => (number > 0 && !text.starts_with(['0', '+'])).then_some(ConnectionName::Number(number)),
            Err(_) => SocketName::new(text)?.id().map(ConnectionName::Socket),
        }
    }
}

impl TryFrom<String> for ConnectionName {
    type Error = &'static str;

    fn try_from(text: String) -> Result<ConnectionName, &'static str> {
        ConnectionName::parse(&text).ok_or("a connection is named by a socket of it, like client2, or by its number")
    }
}

impl From<ConnectionName> for String {
    fn from(name: ConnectionName) -> String {
        name.to_string()
    }
}

impl fmt::Display for ConnectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectionName::Socket(id) => id.fmt(f),
            ConnectionName::Number(number) => number.fmt(f),
        }
    }
}

/// The connection that a rule is about: all that passes between its two addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// The way in which it was named; none where its addresses were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ConnectionName>,
    /// The addresses of its ends, in any order.
    pub ends: (SocketAddr, SocketAddr),
}

impl Connection {
    fn has(&self, packet: &Packet) -> bool {
        let (one, other) = self.ends;
        packet
            .connection()
            .is_some_and(|ends| ends == (one, other) || ends == (other, one))
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => name.fmt(f),
            None => write!(f, "{}-{}", self.ends.0, self.ends.1),
        }
    }
}

/// The matches, by their number from 1 on, that a rule decides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Nth {
    /// One packet only: `3`.
    Only(u32),
    /// A packet and all after it: `3..`.
    From {
        /// The first of them.
        from: u32,
    },
}

impl Nth {
    /// The largest number.
    pub const MOST: u32 = 1_000_000;

    /// Reads `3` or `3..`; none for anything else, and for a number below 1 or above [`Nth::MOST`].
    pub fn parse(text: &str) -> Option<Nth> {
        let (digits, all_after) = text.strip_suffix("..").map_or((text, false), |digits| (digits, true));
        let n = digits.parse().ok().filter(|n| (1..=Nth::MOST).contains(n))?;
        Some(if all_after { Nth::From { from: n } } else { Nth::Only(n) })
    }

    const fn is(self, n: u32) -> bool {
        match self {
            Nth::Only(only) => n == only,
            Nth::From { from } => n >= from,
        }
    }
}

impl fmt::Display for Nth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Nth::Only(n) => n.fmt(f),
            Nth::From { from } => write!(f, "{from}.."),
        }
    }
}

/// Sizes of IP packets, in bytes, both ends included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// The smallest; none for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<u16>,
    /// The largest; none for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<u16>,
}

impl Sizes {
    /// Every size.
    pub const ANY: Sizes = Sizes {
        least: None,
        most: None,
    };

    /// Returns whether it is every size.
    pub const fn is_any(&self) -> bool {
        self.least.is_none() && self.most.is_none()
    }

    fn has(&self, size: u32) -> bool {
        self.least.is_none_or(|least| u32::from(least) <= size) && self.most.is_none_or(|most| size <= u32::from(most))
    }
}

/// A packet as a rule sees it.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The host that sent it.
    pub from: Side,
    /// The contents.
    pub packet: &'a Packet,
    /// The length of the IP packet in bytes; of a super-segment, that of the longest that it is cut into.
    pub size: u32,
    /// The relation to the packets before it.
    pub seen: &'a FlowInfo,
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
    /// Only what passes on this connection, ICMP errors about it included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Connection>,
    /// Only segments and datagrams with this port at either end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<Port>,
    /// Only the segments that take up this place in the sequence, counted from the connection's first number, the SYN's, which is 0; a
    /// segment that takes up none, as a pure ACK, matches with its own number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u32>,
    /// Only segments with payload, or only those without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<bool>,
    /// Only segments that begin so many bytes of payload into what their sender sends on their connection, or later. By their place, so that
    /// what is sent again is decided on as it was the first time; a place is known up to 4 GiB, where the numbers wrap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u32>,
    /// Only packets of these sizes.
    #[serde(default, skip_serializing_if = "Sizes::is_any")]
    pub size: Sizes,
    /// The nth match only, from 1 on, or all from the nth on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<Nth>,
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
            on: None,
            port: None,
            seq: None,
            payload: None,
            after: None,
            size: Sizes::ANY,
            nth: None,
            times: None,
            chance: None,
        }
    }

    /// Does the packet fit, apart from counts and chance?
    fn fits(&self, candidate: Candidate) -> bool {
        let Candidate {
            from,
            packet,
            size,
            seen,
        } = candidate;
        if !self.kind.is(packet) || self.from.is_some_and(|side| side != from) {
            return false;
        }
        let segment = match packet {
            Packet::Tcp(segment) => Some(segment),
            Packet::Udp { .. } | Packet::Icmp { .. } | Packet::Other { .. } => None,
        };
        let place = segment.zip(seen.seq);
        self.port
            .is_none_or(|port| packet.ports().is_some_and(|ports| ports.contains(&port.0)))
            && self.on.is_none_or(|on| on.has(packet))
            && self.size.has(size)
            && self
                .payload
                .is_none_or(|payload| segment.is_some_and(|segment| (segment.len > 0) == payload))
            && self.seq.is_none_or(|wanted| {
                place.is_some_and(|(segment, seq)| wanted.wrapping_sub(seq) < segment.span().max(1))
            })
            // The SYN takes up number 0, the first byte of payload number 1.
            && self.after.is_none_or(|after| place.is_some_and(|(_, seq)| seq > after))
    }
}

impl fmt::Display for Rule {
    /// Returns the rule as it would be typed: `hold FIN from=server times=1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verdict.name(), self.kind.name())?;
        if let Verdict::Delay(time) = self.verdict {
            write!(f, " ms={}", time.0)?;
        }
        let (exactly, least, most) = match self.size {
            Sizes {
                least: Some(least),
                most: Some(most),
            } if least == most => (Some(least.to_string()), None, None),
            Sizes { least, most } => (None, least.map(|n| n.to_string()), most.map(|n| n.to_string())),
        };
        let named = [
            ("from=", self.from.map(|side| side.to_string())),
            ("port=", self.port.map(|port| port.to_string())),
            ("seq=", self.seq.map(|n| n.to_string())),
            (
                "payload=",
                self.payload.map(|yes| if yes { "yes" } else { "no" }.into()),
            ),
            ("after=", self.after.map(|n| n.to_string())),
            ("size=", exactly),
            ("size>=", least),
            ("size<=", most),
            ("nth=", self.nth.map(|nth| nth.to_string())),
            ("times=", self.times.map(|n| n.to_string())),
            ("chance=", self.chance.map(|chance| chance.percent.to_string())),
            ("seed=", self.chance.map(|chance| chance.seed.to_string())),
            ("on=", self.on.map(|on| on.to_string())),
        ];
        named
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .try_for_each(|(name, value)| write!(f, " {name}{value}"))
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
    /// Whether it is switched on.
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
    pub fn judge(&mut self, candidate: Candidate) -> Option<Verdict> {
        let spent = self.rule.times.is_some_and(|times| self.fired >= times);
        if !self.on || spent || !self.rule.fits(candidate) {
            return None;
        }
        self.fitted = self.fitted.saturating_add(1);
        if self.rule.nth.is_some_and(|nth| !nth.is(self.fitted)) {
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
pub(crate) const fn throw(state: &mut u64) -> u64 {
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

    const fn candidate<'a>(from: Side, packet: &'a Packet, seen: &'a FlowInfo) -> Candidate<'a> {
        Candidate {
            from,
            packet,
            size: 40,
            seen,
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
            nth: Some(Nth::Only(2)),
            ..Rule::new(Verdict::Drop, PacketKind::Data)
        });
        let verdicts: Vec<_> = (0..3)
            .map(|_| rule.judge(candidate(Side::Client, &packet(Flags::ACK.0, 1), &seen(1))))
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
        assert_eq!(rule.judge(candidate(Side::Client, &syn, &seen(0))), None);
        assert_eq!(rule.judge(candidate(Side::Server, &syn, &seen(0))), Some(Verdict::Hold));
        assert_eq!(rule.judge(candidate(Side::Server, &syn, &seen(0))), None);
        assert_eq!((rule.fitted, rule.fired), (1, 1));
    }

    #[test]
    fn a_place_in_the_sequence_is_matched_by_the_segment_that_takes_it_up() {
        let of = |wanted, seq, len| {
            let rule = Rule {
                seq: Some(wanted),
                ..Rule::new(Verdict::Drop, PacketKind::Any)
            };
            rule.fits(candidate(Side::Client, &packet(Flags::ACK.0, len), &seen(seq)))
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
                .filter(|_| rule.judge(candidate(Side::Client, &packet(0, 0), &seen(0))).is_some())
                .collect::<Vec<_>>()
        };
        assert!((60..140).contains(&run(1).len()), "{}", run(1).len());
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn from_the_nth_on_all_are_decided_on() {
        let mut rule = status(Rule {
            nth: Nth::parse("3.."),
            times: Some(2),
            ..Rule::new(Verdict::Drop, PacketKind::Data)
        });
        let fired: Vec<bool> = (0..6)
            .map(|_| {
                rule.judge(candidate(Side::Client, &packet(Flags::ACK.0, 1), &seen(1)))
                    .is_some()
            })
            .collect();
        assert_eq!(fired, [false, false, true, true, false, false]);
    }

    /// What a recording from before has is still read.
    #[test]
    fn a_number_alone_is_the_nth_only() {
        for (nth, json) in [(Nth::Only(3), "3"), (Nth::From { from: 3 }, "{\"from\":3}")] {
            assert_eq!(serde_json::to_string(&nth).unwrap(), json);
            assert_eq!(serde_json::from_str::<Nth>(json).unwrap(), nth);
        }
    }

    #[test]
    fn a_connection_is_named_by_a_socket_or_a_number() {
        for name in ["client2", "server", "server2-dup", "3"] {
            let parsed = ConnectionName::parse(name).unwrap();
            assert_eq!(parsed.to_string(), name);
            let json = serde_json::to_string(&parsed).unwrap();
            assert_eq!(serde_json::from_str::<ConnectionName>(&json).unwrap(), parsed);
        }
        for name in ["", "0", "03", "+3", "-1", "somebody", "3 "] {
            assert_eq!(ConnectionName::parse(name), None, "{name}");
        }
    }

    #[test]
    fn an_icmp_error_is_of_the_connection_that_it_is_about() {
        let ends = ("10.0.0.1:1000".parse().unwrap(), "10.0.0.2:80".parse().unwrap());
        let rule = Rule {
            on: Some(Connection {
                name: Some(ConnectionName::Number(1)),
                ends,
            }),
            ..Rule::new(Verdict::Drop, PacketKind::Any)
        };
        let icmp = |about| Packet::Icmp {
            source: ends.1.ip(),
            destination: ends.0.ip(),
            message: "port unreachable".into(),
            about,
            error: None,
        };
        let fits = |about| rule.fits(candidate(Side::Server, &icmp(about), &FlowInfo::default()));
        assert!(fits(Some(ends)) && fits(Some((ends.1, ends.0))) && !fits(None));
    }

    use proptest::prelude::*;

    /// A rule and a packet out of few values, so that both fit often.
    #[derive(Clone, Debug)]
    struct Case {
        rule: Rule,
        packets: Vec<(Side, Packet, u32, FlowInfo)>,
    }

    fn case() -> impl Strategy<Value = Case> {
        let side = || prop_oneof![Just(Side::Client), Just(Side::Server)];
        let flags = || prop::sample::select(vec![2u16, 18, 16, 17, 4, 24]);
        let address = |host: u8, port: u16| SocketAddr::from(([10, 0, 0, host], port));
        let connection = move |which: u16| (address(1, 1000 + which), address(2, 80));
        let one = (side(), flags(), 0usize..4, 0u32..6, 0u32..6, 0u16..2, any::<bool>());
        let packet = one.prop_map(move |(from, bits, len, size, seq, which, is_udp)| {
            let (client, server) = connection(which);
            let (source, destination) = if from == Side::Client {
                (client, server)
            } else {
                (server, client)
            };
            let packet = if is_udp {
                Packet::Udp {
                    source,
                    destination,
                    len,
                    dns: None,
                }
            } else {
                let Packet::Tcp(segment) = packet(bits, len) else {
                    unreachable!()
                };
                Packet::Tcp(Segment {
                    source,
                    destination,
                    ..segment
                })
            };
            (from, packet, size, seen(seq))
        });
        let bound = || prop::option::of(0u16..6);
        let rule = (
            (prop::sample::select(PacketKind::ALL.to_vec()), prop::option::of(side())),
            (
                prop::option::of(0u16..2),
                prop::option::of(prop::sample::select(vec![80u16, 1000, 1001, 9])),
            ),
            (
                prop::option::of(0u32..6),
                prop::option::of(any::<bool>()),
                prop::option::of(0u32..6),
            ),
            (bound(), bound()),
            prop::option::of((1u32..5, any::<bool>())),
            prop::option::of(1u32..4),
        );
        let rule = rule.prop_map(
            move |((kind, from), (on, port), (seq, payload, after), (least, most), nth, times)| Rule {
                from,
                on: on.map(|which| Connection {
                    name: Some(ConnectionName::Number(u32::from(which) + 1)),
                    // Named from the other end.
                    ends: (connection(which).1, connection(which).0),
                }),
                port: port.map(Port),
                seq,
                payload,
                after,
                size: Sizes { least, most },
                nth: nth.map(|(n, on)| if on { Nth::From { from: n } } else { Nth::Only(n) }),
                times,
                ..Rule::new(Verdict::Drop, kind)
            },
        );
        (rule, prop::collection::vec(packet, 1..30)).prop_map(|(rule, packets)| Case { rule, packets })
    }

    /// The definition of a match, one condition after the other.
    fn is_meant(rule: &Rule, from: Side, packet: &Packet, size: u32, seq: u32) -> bool {
        let (tcp, ends) = match packet {
            Packet::Tcp(segment) => (Some(segment), (segment.source, segment.destination)),
            Packet::Udp {
                source, destination, ..
            } => (None, (*source, *destination)),
            _ => unreachable!(),
        };
        let conditions = [
            rule.kind.is(packet),
            rule.from.is_none() || rule.from == Some(from),
            match (rule.on, tcp) {
                (None, _) => true,
                (Some(on), Some(_)) => {
                    let mut wanted = [on.ends.0, on.ends.1];
                    let mut got = [ends.0, ends.1];
                    wanted.sort_unstable();
                    got.sort_unstable();
                    wanted == got
                }
                (Some(_), None) => false,
            },
            rule.port.is_none() || [ends.0.port(), ends.1.port()].contains(&rule.port.unwrap().0),
            rule.size.least.is_none() || size >= u32::from(rule.size.least.unwrap()),
            rule.size.most.is_none() || size <= u32::from(rule.size.most.unwrap()),
            match (rule.payload, tcp) {
                (None, _) => true,
                (Some(wanted), Some(segment)) => wanted == (segment.len > 0),
                (Some(_), None) => false,
            },
            match (rule.seq, tcp) {
                (None, _) => true,
                (Some(wanted), Some(segment)) => (seq..seq + segment.span().max(1)).contains(&wanted),
                (Some(_), None) => false,
            },
            // So many bytes of payload come before it: the numbers from 1 up to its own.
            match (rule.after, tcp) {
                (None, _) => true,
                (Some(after), Some(_)) => (1..seq).count() as u32 >= after && seq > 0,
                (Some(_), None) => false,
            },
        ];
        conditions.iter().all(|holds| *holds)
    }

    proptest! {
        /// A rule decides on the packets that its definition means, by their count, as often as it may.
        #[test]
        fn a_rule_decides_on_what_its_definition_means(case in case()) {
            let mut rule = status(case.rule);
            let (mut fitted, mut fired) = (0, 0);
            for (from, packet, size, seen) in &case.packets {
                let spent = case.rule.times.is_some_and(|times| fired == times);
                let mut wanted = !spent && is_meant(&case.rule, *from, packet, *size, seen.seq.unwrap());
                if wanted {
                    fitted += 1;
                    wanted = match case.rule.nth {
                        None => true,
                        Some(Nth::Only(n)) => fitted == n,
                        Some(Nth::From { from }) => (from..).contains(&fitted),
                    };
                }
                fired += u32::from(wanted);
                let candidate = Candidate { from: *from, packet, size: *size, seen };
                prop_assert_eq!(rule.judge(candidate).is_some(), wanted, "{} {:?}", case.rule, packet);
            }
            prop_assert_eq!((rule.fitted, rule.fired), (fitted, fired));
        }
    }

    #[test]
    fn a_rule_names_all_that_it_aims_at() {
        let sizes = |least, most| Rule {
            size: Sizes { least, most },
            ..Rule::new(Verdict::Drop, PacketKind::Any)
        };
        let rule = Rule {
            on: Some(Connection {
                name: ConnectionName::parse("server2"),
                ends: ("10.0.0.1:1".parse().unwrap(), "10.0.0.2:2".parse().unwrap()),
            }),
            after: Some(65_536),
            nth: Nth::parse("3.."),
            ..sizes(Some(1400), None)
        };
        assert_eq!(rule.to_string(), "drop any after=65536 size>=1400 nth=3.. on=server2");
        assert_eq!(sizes(Some(52), Some(52)).to_string(), "drop any size=52");
        assert_eq!(sizes(Some(52), Some(60)).to_string(), "drop any size>=52 size<=60");
    }

    #[test]
    fn a_rule_reads_as_it_is_typed() {
        let rule = Rule {
            from: Some(Side::Server),
            nth: Some(Nth::Only(1)),
            times: Some(1),
            ..Rule::new(Verdict::Hold, PacketKind::Fin)
        };
        assert_eq!(rule.to_string(), "hold FIN from=server nth=1 times=1");
    }
}
