//! Retransmissions folded: of what is held on the wire, which packets are copies of an earlier one, and which is meant next. Pure, and the
//! same for the wire itself and for whoever sees it by its events.

use super::flow::{FlowInfo, PacketNo, Retransmission, before};
use super::queue::Origin;
use super::rule::RuleNo;
use super::segment::{Flags, Packet, Segment};
use finwait_model::clock::MonoTime;
use finwait_model::side::Side;

/// How a packet on the wire comes to its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// When the user says so.
    Held,
    /// By itself at that time: a rule or the user delays it.
    Delayed(MonoTime),
    /// By itself at that time: it is under way, in slow mode.
    InFlight(MonoTime),
    /// By itself at that time: the link has it.
    OnLink(MonoTime),
}

impl Passage {
    /// The time at which it is delivered without the user; none when the user is to decide.
    pub const fn due(self) -> Option<MonoTime> {
        match self {
            Passage::Held => None,
            Passage::Delayed(due) | Passage::InFlight(due) | Passage::OnLink(due) => Some(due),
        }
    }

    /// Returns whether it is under way, in slow mode or on the link.
    pub const fn is_in_flight(self) -> bool {
        matches!(self, Passage::InFlight(_) | Passage::OnLink(_))
    }
}

/// A packet on the wire, as folding sees it.
#[derive(Clone, Copy, Debug)]
pub struct OnWire<'a> {
    /// The number.
    pub no: PacketNo,
    /// The host that sent it.
    pub from: Side,
    /// The contents.
    pub packet: &'a Packet,
    /// The relation to the packets before it.
    pub seen: &'a FlowInfo,
    /// The origin.
    pub origin: Origin,
    /// The rule that holds it; none for the mode.
    pub rule: Option<RuleNo>,
    /// How it comes to its receiver.
    pub passage: Passage,
    /// Has its receiver had all of it, from a copy?
    pub had: bool,
}

/// The control bits that tell segments apart; a retransmission may differ in the others (`tcp_retransmit_skb`, RFC 3168, 6.1.1).
const TELLING: Flags = Flags(Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0 | Flags::ACK.0 | Flags::URG.0);

/// Do two segments carry the same: the same connection, numbers, control bits and payload?
fn is_same(a: &Segment, b: &Segment) -> bool {
    a.way() == b.way()
        && (a.seq, a.len) == (b.seq, b.len)
        && a.flags.0 & TELLING.0 == b.flags.0 & TELLING.0
        && a.payload == b.payload
}

impl OnWire<'_> {
    const fn segment(&self) -> Option<&Segment> {
        match self.packet {
            Packet::Tcp(segment) => Some(segment),
            Packet::Udp { .. } | Packet::Icmp { .. } | Packet::Other { .. } => None,
        }
    }

    /// Returns whether it is a copy of that one, which its host sent before it: a retransmission that carries the same, neither more nor less.
    ///
    /// A packet that the user made up or doubled is nobody's copy, and has none: it was wanted.
    pub fn repeats(&self, first: &OnWire) -> bool {
        let again = match (self.seen.again, first.seen.again) {
            (Some(Retransmission::Retransmit { .. }), _) => true,
            // A probe looks like an acknowledgement from before the last byte.
            (Some(Retransmission::Probe), of) => of == Some(Retransmission::Probe),
            (None, _) => false,
        };
        let both = self.segment().zip(first.segment());
        again
            && first.no < self.no
            && (first.from, first.origin, self.origin) == (self.from, Origin::Host, Origin::Host)
            && both.is_some_and(|(copy, first)| is_same(copy, first))
    }

    /// Do both carry the same, whichever was sent first?
    pub fn is_twin_of(&self, other: &OnWire) -> bool {
        self.repeats(other) || other.repeats(self)
    }

    /// Is its receiver to have all of it when that one has arrived: its twin, or what it sends again a part of?
    pub fn comes_with(&self, arrived: &OnWire) -> bool {
        let is_of =
            matches!(self.seen.again, Some(Retransmission::Retransmit { of: Some(no), .. }) if no == arrived.no);
        let is_part = || {
            self.segment().zip(arrived.segment()).is_some_and(|(part, whole)| {
                part.way() == whole.way() && !before(part.seq, whole.seq) && !before(whole.end(), part.end())
            })
        };
        self.is_twin_of(arrived) || is_of && is_part()
    }

    /// Returns whether it stands behind that one, folded: a held copy of what has not been let go. One that a rule of its own holds does not.
    fn stands_behind(&self, first: &OnWire) -> bool {
        let by_the_same = self.rule.is_none() || (self.rule == first.rule && !first.passage.is_in_flight());
        self.passage == Passage::Held && by_the_same && self.repeats(first)
    }

    /// Does that segment, which goes the other way, acknowledge all of it?
    pub fn is_acknowledged_by(&self, other: &Packet) -> bool {
        let (Some(segment), Packet::Tcp(ack)) = (self.segment(), other) else {
            return false;
        };
        ack.flags.has(Flags::ACK)
            && ack.way() == (segment.destination, segment.source)
            && segment.span() > 0
            && !before(ack.ack, segment.end())
    }

    /// May it be taken off the wire unasked once its acknowledgement has arrived? Its receiver has had all of it, and no rule holds it.
    pub fn is_spare(&self) -> bool {
        self.had && self.passage == Passage::Held && self.rule.is_none() && self.origin == Origin::Host
    }
}

/// The packet that one is folded behind: the oldest that it is a copy of; none when it stands for itself.
fn head<'a, 'b>(on_wire: &'a [OnWire<'b>], of: &OnWire) -> Option<&'a OnWire<'b>> {
    // Most are no copies, whatever else there is.
    if of.passage != Passage::Held || of.seen.again.is_none() {
        return None;
    }
    on_wire.iter().find(|first| of.stands_behind(first))
}

/// The packets that stand for themselves, the oldest first.
pub fn heads<'a, 'b>(on_wire: &'a [OnWire<'b>]) -> impl Iterator<Item = &'a OnWire<'b>> + Clone {
    on_wire.iter().filter(|packet| head(on_wire, packet).is_none())
}

/// A packet that stands for itself, with the copies that are folded behind it, the oldest first.
#[derive(Clone, Debug)]
pub struct Fold<'a, 'b> {
    /// The packet.
    pub head: &'a OnWire<'b>,
    /// The copies.
    pub copies: Vec<PacketNo>,
}

/// All packets, the oldest first, copies folded.
pub fn folds<'a, 'b>(on_wire: &'a [OnWire<'b>]) -> Vec<Fold<'a, 'b>> {
    let mut folds: Vec<Fold> = Vec::with_capacity(on_wire.len());
    for packet in on_wire {
        match head(on_wire, packet).map(|head| head.no) {
            None => folds.push(Fold {
                head: packet,
                copies: Vec::new(),
            }),
            // What it repeats is older, and so among them.
            Some(no) => {
                if let Ok(place) = folds.binary_search_by_key(&no, |fold| fold.head.no) {
                    folds[place].copies.push(packet.no);
                }
            }
        }
    }
    folds
}

/// The copies that are folded behind a packet, the oldest first; none for one that is a copy itself.
pub fn copies(on_wire: &[OnWire], of: PacketNo) -> Vec<PacketNo> {
    let is_behind = |copy: &&OnWire| head(on_wire, copy).is_some_and(|head| head.no == of);
    on_wire.iter().filter(is_behind).map(|copy| copy.no).collect()
}

/// Is a packet of no use to its sender any more? Its receiver has had it, and has said so in a segment that is on the wire, too, and that
/// no rule holds there.
pub fn is_moot(on_wire: &[OnWire], packet: &OnWire) -> bool {
    let answers = |other: &OnWire| {
        (other.passage != Passage::Held || other.rule.is_none()) && packet.is_acknowledged_by(other.packet)
    };
    packet.is_spare() && on_wire.iter().any(answers)
}

/// The packet that is meant without a number: the oldest that the user is to decide on, and that is of use to its sender; else the oldest.
pub fn next(on_wire: &[OnWire]) -> Option<PacketNo> {
    let heads = heads(on_wire);
    let mut held = heads.clone().filter(|packet| packet.passage == Passage::Held);
    let useful = held.clone().find(|packet| !is_moot(on_wire, packet));
    let next = useful.or_else(|| held.next()).or_else(|| heads.clone().next());
    next.map(|packet| packet.no)
}
