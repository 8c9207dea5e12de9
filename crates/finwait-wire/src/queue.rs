//! The decisions of the wire: which segments it holds, which rules are in force, and what becomes of what comes next.
//!
//! Pure: times come from outside, and no bytes move here. Segments that are due at the same time go in the order of their numbers.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

use super::flow::{FlowInfo, PacketNo};
use super::fold::{self, OnWire, Passage};
use super::link::{LinkEffect, Links, OptionSet};
use super::offload::Offload;
use super::rule::{Candidate, Rule, RuleNo, RuleStatus, Verdict};
use super::segment::Packet;
use finwait_model::clock::{Millis, MonoTime};
use finwait_model::side::Side;

/// The mode, for segments that no rule matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The segment is delivered as it comes.
    #[default]
    Flow,
    /// The segment is delivered as it comes, and takes so long on the wire.
    Slow(Millis),
    /// The segment is held until the user says so, and an ICMP message about one; UDP and the like pass.
    Step,
    /// Every packet is held until the user says so, whatever it is.
    StepAll,
}

/// The time that a segment takes in slow mode, when nobody says another: there and back is less than the 1 s after which a SYN is sent
/// again (`TCP_TIMEOUT_INIT`; RFC 6298, 2.1).
pub const SLOW: Millis = Millis(400);

impl Mode {
    /// The word for it in commands.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Flow => "flow",
            Mode::Slow(_) => "slow",
            Mode::Step => "step",
            Mode::StepAll => "step all",
        }
    }

    /// The one after it, from the fastest to the one that stands still: flow, slow, step; in slow mode a segment takes `time`.
    pub const fn next(self, time: Millis) -> Mode {
        match self {
            Mode::Flow => Mode::Slow(time),
            Mode::Slow(_) => Mode::Step,
            Mode::Step | Mode::StepAll => Mode::Flow,
        }
    }

    /// Returns how long what passes takes on the wire; none when it is there at once, or does not pass.
    pub const fn takes(self) -> Option<Millis> {
        match self {
            Mode::Slow(time) => Some(time),
            Mode::Flow | Mode::Step | Mode::StepAll => None,
        }
    }

    /// Is such a packet held until the user says so?
    pub const fn holds(self, packet: &Packet) -> bool {
        match self {
            Mode::Flow | Mode::Slow(_) => false,
            // A program's question for a name must not wait for someone who watches its connections.
            Mode::Step => packet.connection().is_some(),
            Mode::StepAll => true,
        }
    }

    /// Returns whether it holds what comes.
    pub const fn is_step(self) -> bool {
        matches!(self, Mode::Step | Mode::StepAll)
    }
}

/// The origin of a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The host's kernel sent it.
    #[default]
    Host,
    /// The user made it up.
    Forged,
    /// A copy that the wire made of another.
    Copy(PacketNo),
    /// The router at the link's end made it, about what it dropped.
    Link,
    /// A capture has it: a host sent it, and whether it arrived is not known.
    Captured,
}

impl Origin {
    /// Has a host's kernel sent it?
    pub const fn is_of_host(self) -> bool {
        matches!(self, Origin::Host | Origin::Captured)
    }
}

/// A segment on the wire: held, or under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldPacket {
    /// The number.
    pub no: PacketNo,
    /// The host that sent it.
    pub from: Side,
    /// The packet itself.
    pub bytes: Vec<u8>,
    /// The work on it that its host has left to the device.
    pub offload: Offload,
    /// The contents.
    pub packet: Packet,
    /// The relation to the packets before it.
    pub seen: FlowInfo,
    /// The origin.
    pub origin: Origin,
    /// The rule that holds it; none for the mode.
    pub rule: Option<RuleNo>,
    /// The time since which it is on the wire.
    pub since: MonoTime,
    /// How it comes to its receiver.
    pub passage: Passage,
    /// Has its receiver had all of it, from a copy?
    pub had: bool,
    /// What the link does to it, once it has it.
    pub link: Option<LinkEffect>,
    /// The options that the link has taken out of it.
    pub stripped: OptionSet,
}

impl HeldPacket {
    /// The packet as folding sees it.
    pub const fn on_wire(&self) -> OnWire<'_> {
        OnWire {
            no: self.no,
            from: self.from,
            packet: &self.packet,
            seen: &self.seen,
            origin: self.origin,
            rule: self.rule,
            passage: self.passage,
            had: self.had,
        }
    }
}

/// A choice among the held packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// The oldest.
    Next,
    /// All, the oldest first, without the retransmissions that are folded behind them.
    All,
    /// All, the oldest first, retransmissions too.
    AllCopies,
    /// The packet of that number, whatever is older: this is how segments are put out of order.
    One(PacketNo),
}

/// A change of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleChange {
    /// Switch it on.
    On,
    /// Switch it off.
    Off,
    /// Take it away.
    Remove,
}

/// The effect of another mode on what is on the wire, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModeChange {
    /// To be delivered at once.
    pub freed: Vec<PacketNo>,
    /// On the wire as before, but otherwise: held where it was under way, or the other way round.
    pub changed: Vec<PacketNo>,
}

/// The most packets that may be held on the wire; what comes then is lost, as on any queue.
pub const MOST_HELD: usize = 4096;

/// The wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wire {
    mode: Mode,
    rules: Vec<RuleStatus>,
    rules_made: u32,
    packets: u64,
    held: BTreeMap<PacketNo, HeldPacket>,
    /// The link, which has what passes.
    pub links: Links,
}

impl Wire {
    /// The number of a packet that comes now.
    pub const fn number(&mut self) -> PacketNo {
        self.packets += 1;
        PacketNo(self.packets)
    }

    /// Returns the verdict on a packet that has just been numbered, and the rule behind it: the first in force that matches, else the mode.
    ///
    /// A rule goes on holding what it holds: a copy of that is held, too, also when the rule is about so many segments only. It does not
    /// count, for it is no other segment.
    pub fn judge(&mut self, candidate: Candidate) -> (Verdict, Option<RuleNo>) {
        let holder = self.holder(candidate);
        let by_rule = self.rules.iter_mut().find_map(|rule| {
            let verdict = if rule.on && holder == Some(rule.no) {
                Verdict::Hold
            } else {
                rule.judge(candidate)?
            };
            Some((verdict, rule.no))
        });
        let (verdict, rule) = match by_rule {
            Some((verdict, rule)) => (verdict, Some(rule)),
            None if self.mode.holds(candidate.packet) => (Verdict::Hold, None),
            None => (Verdict::Deliver, None),
        };
        let stays = match verdict {
            Verdict::Hold | Verdict::Delay(_) => true,
            Verdict::Deliver | Verdict::Duplicate => self.mode.takes().is_some(),
            Verdict::Drop => false,
        };
        if stays && self.is_full() {
            (Verdict::Drop, rule)
        } else {
            (verdict, rule)
        }
    }

    /// Returns whether there is no room for more on the wire.
    pub fn is_full(&self) -> bool {
        self.held.len() >= MOST_HELD
    }

    /// The rule that holds a segment of which this one, the newest, is a copy.
    fn holder(&self, candidate: Candidate) -> Option<RuleNo> {
        let Candidate { from, packet, seen, .. } = candidate;
        seen.again?;
        let copy = OnWire {
            no: PacketNo(self.packets),
            from,
            packet,
            seen,
            origin: Origin::Host,
            rule: None,
            passage: Passage::Held,
            had: false,
        };
        let mut held = self.held.values().filter(|held| held.passage == Passage::Held);
        held.find_map(|held| held.rule.filter(|_| copy.repeats(&held.on_wire())))
    }

    /// A segment stays on the wire.
    pub fn hold(&mut self, held: HeldPacket) {
        self.held.insert(held.no, held);
    }

    /// The packets on the wire, the oldest first: those that are held, and those under way.
    pub fn held(&self) -> impl Iterator<Item = &HeldPacket> {
        self.held.values()
    }

    /// Is the wire empty?
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    fn on_wire(&self) -> Vec<OnWire<'_>> {
        self.held.values().map(HeldPacket::on_wire).collect()
    }

    /// The numbers that `which` means now, the oldest first.
    pub fn picked(&self, which: Which) -> Vec<PacketNo> {
        match which {
            Which::Next => fold::next(&self.on_wire()).into_iter().collect(),
            Which::All => {
                let on_wire = self.on_wire();
                // What is of no use goes by itself when its acknowledgement, which is among them, is delivered.
                let useful = fold::heads(&on_wire).filter(|packet| !fold::is_moot(&on_wire, packet));
                useful.map(|packet| packet.no).collect()
            }
            Which::AllCopies => self.held.keys().copied().collect(),
            Which::One(no) => self.held.contains_key(&no).then_some(no).into_iter().collect(),
        }
    }

    /// The copies that are folded behind a packet, the oldest first.
    pub fn copies(&self, no: PacketNo) -> Vec<PacketNo> {
        fold::copies(&self.on_wire(), no)
    }

    /// Takes one off the wire.
    pub fn take(&mut self, no: PacketNo) -> Option<HeldPacket> {
        self.held.remove(&no)
    }

    /// Takes in that a packet has reached its receiver: what carries the same is known to be there, and what it acknowledges is taken off
    /// the wire where it is of no use any more.
    pub fn delivered(&mut self, arrived: &OnWire) -> Vec<HeldPacket> {
        let mut spare = Vec::new();
        for held in self.held.values_mut() {
            held.had |= held.on_wire().comes_with(arrived);
            let on_wire = held.on_wire();
            if on_wire.is_spare() && on_wire.is_acknowledged_by(arrived.packet) {
                spare.push(held.no);
            }
        }
        spare.into_iter().filter_map(|no| self.held.remove(&no)).collect()
    }

    /// A second one of the same: the copy, which stays on the wire like it. None when there is no such, or no room.
    pub fn copy(&mut self, no: PacketNo, now: MonoTime) -> Option<&HeldPacket> {
        if self.is_full() {
            return None;
        }
        let original = self.held.get(&no)?.clone();
        let copy = HeldPacket {
            no: self.number(),
            origin: Origin::Copy(no),
            since: now,
            ..original
        };
        let no = copy.no;
        self.hold(copy);
        self.held.get(&no)
    }

    /// Lets one go on by itself after `time`.
    pub fn delay(&mut self, no: PacketNo, time: Millis, now: MonoTime) -> Option<&HeldPacket> {
        let held = self.held.get_mut(&no)?;
        held.passage = Passage::Delayed(now.plus(Duration::from(time)));
        Some(held)
    }

    /// The time at which the next packet is due; none when only the user delivers.
    pub fn next_due(&self) -> Option<MonoTime> {
        self.held.values().filter_map(|held| held.passage.due()).min()
    }

    /// The packet that is due first, and by `now`; of those that are due at the same time, the oldest.
    pub fn next_due_by(&self, now: MonoTime) -> Option<PacketNo> {
        let due = |held: &HeldPacket| Some((held.passage.due().filter(|due| *due <= now)?, held.no));
        self.held.values().filter_map(due).min().map(|(_, no)| no)
    }

    /// The mode for segments that no rule matches.
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Changes the mode. What a rule holds stays, and so does what the user delays; what else is on the wire goes the way of the new mode.
    pub fn set_mode(&mut self, mode: Mode, now: MonoTime) -> ModeChange {
        self.mode = mode;
        let mut change = ModeChange::default();
        let of_the_mode = |held: &&mut HeldPacket| match held.passage {
            Passage::Held => held.rule.is_none(),
            // The link has it, whatever the mode.
            Passage::Delayed(_) | Passage::OnLink(_) => false,
            Passage::InFlight(_) => true,
        };
        match mode {
            Mode::Flow => {
                let mut free: Vec<(Option<MonoTime>, PacketNo)> = self
                    .held
                    .values_mut()
                    .filter(of_the_mode)
                    .map(|held| (held.passage.due(), held.no))
                    .collect();
                // What was held is let go like `All`, the oldest first; what is under way keeps its order.
                let all = self.picked(Which::All);
                free.retain(|(due, no)| due.is_some() || all.contains(no));
                free.sort_unstable();
                change.freed = free.into_iter().map(|(_, no)| no).collect();
            }
            Mode::Slow(time) => {
                let heads = self.picked(Which::All);
                let due = now.plus(time.into());
                for held in self.held.values_mut().filter(of_the_mode) {
                    // What is under way arrives no later than if it set off now, and never later than it would have.
                    let sets_off = match held.passage {
                        Passage::InFlight(at) => due < at,
                        Passage::Held | Passage::Delayed(_) | Passage::OnLink(_) => heads.contains(&held.no),
                    };
                    if sets_off {
                        held.passage = Passage::InFlight(due);
                        change.changed.push(held.no);
                    }
                }
            }
            Mode::Step | Mode::StepAll => {
                let in_flight = |held: &&mut HeldPacket| matches!(held.passage, Passage::InFlight(_));
                for held in self.held.values_mut().filter(in_flight) {
                    held.passage = Passage::Held;
                    change.changed.push(held.no);
                }
            }
        }
        change
    }

    /// The rules, in the order in which they are asked.
    pub fn rules(&self) -> &[RuleStatus] {
        &self.rules
    }

    /// Puts a rule in force, after those that are.
    pub fn add_rule(&mut self, rule: Rule) -> RuleNo {
        self.rules_made += 1;
        let no = RuleNo(self.rules_made);
        self.rules.push(RuleStatus::new(no, rule));
        no
    }

    /// Changes a rule; false when there is none of that number.
    pub fn change_rule(&mut self, no: RuleNo, change: RuleChange) -> bool {
        let Some(place) = self.rules.iter().position(|rule| rule.no == no) else {
            return false;
        };
        match change {
            RuleChange::On => self.rules[place].on = true,
            RuleChange::Off => self.rules[place].on = false,
            RuleChange::Remove => drop(self.rules.remove(place)),
        }
        true
    }

    /// Takes all rules away.
    pub fn clear_rules(&mut self) {
        self.rules.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Retransmission;
    use crate::rule::{Chance, Nth, PacketKind};
    use crate::segment::{Flags, Segment, SeqNo};
    use finwait_model::call::Bytes;
    use proptest::prelude::*;

    /// A message about a connection, which is nobody's copy.
    fn packet() -> Packet {
        let [client, server]: [std::net::SocketAddr; 2] =
            ["10.0.0.1:1000".parse().unwrap(), "10.0.0.2:80".parse().unwrap()];
        Packet::Icmp {
            source: client.ip(),
            destination: server.ip(),
            message: "host unreachable".into(),
            about: Some((server, client)),
            error: None,
        }
    }

    #[test]
    fn step_lets_a_question_for_a_name_pass_unless_all_is_asked_for() {
        let question = || Packet::Udp {
            source: "10.0.0.1:4000".parse().unwrap(),
            destination: "10.0.0.2:53".parse().unwrap(),
            len: 29,
            dns: Some("DNS query example.org A".into()),
        };
        let echo = || Packet::Icmp {
            source: "10.0.0.1".parse().unwrap(),
            destination: "10.0.0.2".parse().unwrap(),
            message: "echo request, id 1 seq 1".into(),
            about: None,
            error: None,
        };
        for (mode, passes) in [(Mode::Step, Verdict::Deliver), (Mode::StepAll, Verdict::Hold)] {
            let mut wire = Wire::default();
            freed(&mut wire, mode);
            for packet in [question(), echo()] {
                let (_, verdict) = comes_with(&mut wire, 0, Side::Client, packet, FlowInfo::default());
                assert_eq!(verdict, passes, "{mode:?}");
            }
            assert_eq!(
                comes(&mut wire, 0).1,
                Verdict::Hold,
                "an error about a connection is held"
            );
        }
    }

    /// A packet comes: its number, and the verdict.
    fn comes(wire: &mut Wire, at: u64) -> (PacketNo, Verdict) {
        comes_with(wire, at, Side::Client, packet(), FlowInfo::default())
    }

    fn comes_with(wire: &mut Wire, at: u64, from: Side, packet: Packet, seen: FlowInfo) -> (PacketNo, Verdict) {
        let no = wire.number();
        let (verdict, rule) = wire.judge(Candidate {
            from,
            packet: &packet,
            size: 40,
            seen: &seen,
        });
        let at = MonoTime(at);
        let passage = match (verdict, wire.mode().takes()) {
            (Verdict::Delay(time), _) => Some(Passage::Delayed(at.plus(time.into()))),
            (Verdict::Hold, _) => Some(Passage::Held),
            (Verdict::Deliver | Verdict::Duplicate, Some(time)) => Some(Passage::InFlight(at.plus(time.into()))),
            _ => None,
        };
        if let Some(passage) = passage {
            wire.hold(HeldPacket {
                no,
                from,
                bytes: vec![no.0 as u8],
                offload: Offload::NONE,
                packet,
                seen,
                origin: Origin::Host,
                rule: rule.filter(|_| !passage.is_in_flight()),
                since: at,
                passage,
                had: false,
                link: None,
                stripped: OptionSet::NONE,
            });
        }
        (no, verdict)
    }

    /// The mode is set at the time nought: what is let go then.
    fn freed(wire: &mut Wire, mode: Mode) -> Vec<PacketNo> {
        wire.set_mode(mode, MonoTime(0)).freed
    }

    const SLOWLY: Mode = Mode::Slow(Millis(400));
    const MS: u64 = 1_000_000;

    fn packet_of(from: Side, seq: u32, ack: u32, len: usize) -> Packet {
        let addresses = ["10.0.0.1:1000".parse().unwrap(), "10.0.0.2:80".parse().unwrap()];
        let [source, destination] = match from {
            Side::Client => addresses,
            Side::Server => [addresses[1], addresses[0]],
        };
        Packet::Tcp(Segment {
            source,
            destination,
            flags: Flags::ACK,
            seq: SeqNo(seq),
            ack: SeqNo(ack),
            window: 500,
            urgent: 0,
            options: Vec::new(),
            len,
            payload: Bytes(vec![b'x'; len]),
        })
    }

    /// A segment that one of the ends sends, as its host's retransmission or not.
    fn sends(wire: &mut Wire, from: Side, seq: u32, ack: u32, len: usize, again: bool) -> (PacketNo, Verdict) {
        sends_at(wire, 0, from, seq, ack, len, again)
    }

    fn sends_at(
        wire: &mut Wire,
        at: u64,
        from: Side,
        seq: u32,
        ack: u32,
        len: usize,
        again: bool,
    ) -> (PacketNo, Verdict) {
        let seen = FlowInfo {
            again: again.then_some(Retransmission::Retransmit { nth: 1, of: None }),
            ..FlowInfo::default()
        };
        comes_with(wire, at, from, packet_of(from, seq, ack, len), seen)
    }

    /// The client sends five bytes; the same ones each time.
    fn data(wire: &mut Wire, again: bool) -> PacketNo {
        sends(wire, Side::Client, 100, 500, 5, again).0
    }

    /// A packet is handed on: the numbers of those that go with it.
    fn delivers(wire: &mut Wire, no: PacketNo) -> Vec<PacketNo> {
        let mut gone = wire.copies(no);
        let held = wire.take(no).unwrap();
        gone.iter().for_each(|no| drop(wire.take(*no)));
        gone.extend(wire.delivered(&held.on_wire()).iter().map(|held| held.no));
        gone
    }

    #[test]
    fn step_holds_and_flow_lets_go_of_what_step_held() {
        let mut wire = Wire::default();
        assert_eq!(comes(&mut wire, 0).1, Verdict::Deliver);
        assert!(freed(&mut wire, Mode::Step).is_empty());
        let (first, _) = comes(&mut wire, 0);
        let (second, _) = comes(&mut wire, 0);
        assert_eq!(wire.picked(Which::Next), [first]);
        assert_eq!(freed(&mut wire, Mode::Flow), [first, second]);
    }

    #[test]
    fn what_a_rule_holds_stays_when_the_mode_changes() {
        let mut wire = Wire::default();
        wire.add_rule(Rule::new(Verdict::Hold, PacketKind::Any));
        freed(&mut wire, Mode::Step);
        let (no, _) = comes(&mut wire, 0);
        for mode in [SLOWLY, Mode::Flow] {
            assert_eq!(wire.set_mode(mode, MonoTime(0)), ModeChange::default());
        }
        assert_eq!(wire.picked(Which::All), [no]);
    }

    #[test]
    fn in_slow_mode_each_takes_its_time_and_keeps_its_place() {
        let mut wire = Wire::default();
        freed(&mut wire, SLOWLY);
        let (first, verdict) = comes(&mut wire, 0);
        let (second, _) = comes(&mut wire, 0);
        assert_eq!(verdict, Verdict::Deliver);
        assert_eq!(wire.next_due(), Some(MonoTime(400 * MS)));
        assert_eq!(wire.next_due_by(MonoTime(399 * MS)), None);
        assert_eq!(wire.next_due_by(MonoTime(400 * MS)), Some(first));
        wire.take(first);
        assert_eq!(wire.next_due_by(MonoTime(400 * MS)), Some(second));
        // Faster from now on: nothing overtakes what set off before.
        assert_eq!(
            wire.set_mode(Mode::Slow(Millis(10)), MonoTime(100 * MS)).changed,
            [second]
        );
        let (third, _) = comes(&mut wire, 100 * MS);
        assert_eq!(wire.next_due(), Some(MonoTime(110 * MS)));
        assert_eq!(wire.next_due_by(MonoTime(110 * MS)), Some(second));
        // Slower: what is under way is not slowed down.
        assert_eq!(wire.set_mode(SLOWLY, MonoTime(105 * MS)), ModeChange::default());
        assert_eq!(wire.picked(Which::All), [second, third]);
    }

    #[test]
    fn what_is_under_way_goes_the_way_of_the_new_mode() {
        let under_way = || {
            let mut wire = Wire::default();
            freed(&mut wire, SLOWLY);
            let nos = [comes(&mut wire, 0).0, comes(&mut wire, 5).0];
            (wire, nos)
        };
        let (mut wire, nos) = under_way();
        assert_eq!(freed(&mut wire, Mode::Flow), nos);
        let (mut wire, nos) = under_way();
        assert_eq!(wire.set_mode(Mode::Step, MonoTime(9)).changed, nos);
        assert_eq!((wire.next_due(), wire.picked(Which::Next)), (None, vec![nos[0]]));
        // Held by the mode, they set off again with it.
        assert_eq!(wire.set_mode(SLOWLY, MonoTime(10)).changed, nos);
        assert_eq!(wire.next_due(), Some(MonoTime(400 * MS + 10)));
    }

    #[test]
    fn a_retransmission_is_folded_behind_what_it_repeats_and_goes_with_it() {
        let mut wire = Wire::default();
        freed(&mut wire, Mode::Step);
        let first = data(&mut wire, false);
        let copies = [data(&mut wire, true), data(&mut wire, true)];
        let (more, _) = sends(&mut wire, Side::Client, 100, 500, 9, true);
        let (newer, _) = sends(&mut wire, Side::Client, 105, 500, 5, false);
        assert_eq!(wire.copies(first), copies);
        assert_eq!(
            wire.picked(Which::All),
            [first, more, newer],
            "what carries more is no copy"
        );
        assert_eq!(wire.picked(Which::AllCopies).len(), 5);
        assert_eq!(wire.picked(Which::Next), [first]);
        assert_eq!(delivers(&mut wire, first), copies);
        assert_eq!(wire.picked(Which::AllCopies), [more, newer]);
    }

    /// Of a long payload only the beginning is kept.
    #[test]
    fn what_carries_other_bytes_is_no_copy() {
        let of = |len, bytes: &[u8]| {
            let mut packet = packet_of(Side::Client, 100, 500, len);
            if let Packet::Tcp(segment) = &mut packet {
                segment.payload = Bytes(bytes.to_vec());
            }
            packet
        };
        let again = FlowInfo {
            again: Some(Retransmission::Retransmit { nth: 1, of: None }),
            ..FlowInfo::default()
        };
        for (second, is_copy) in [(of(9, b"one"), true), (of(9, b"two"), false), (of(8, b"one"), false)] {
            let mut wire = Wire::default();
            freed(&mut wire, Mode::Step);
            let (first, _) = comes_with(&mut wire, 0, Side::Client, of(9, b"one"), FlowInfo::default());
            comes_with(&mut wire, 0, Side::Client, second.clone(), again);
            assert_eq!(wire.copies(first).len(), usize::from(is_copy), "{second:?}");
        }
    }

    #[test]
    fn what_has_arrived_in_a_copy_goes_with_its_acknowledgement() {
        let mut wire = Wire::default();
        freed(&mut wire, Mode::Step);
        let first = data(&mut wire, false);
        let copy = data(&mut wire, true);
        assert!(delivers(&mut wire, copy).is_empty());
        assert_eq!(wire.picked(Which::Next), [first]);
        let (answer, _) = sends(&mut wire, Side::Server, 500, 105, 0, false);
        assert_eq!(wire.picked(Which::Next), [answer]);
        assert_eq!(delivers(&mut wire, answer), [first]);
    }

    #[test]
    fn a_copy_is_delivered_alone() {
        let mut wire = Wire::default();
        freed(&mut wire, Mode::Step);
        let first = data(&mut wire, false);
        let copies = [data(&mut wire, true), data(&mut wire, true)];
        assert!(delivers(&mut wire, copies[0]).is_empty());
        assert_eq!(wire.copies(first), [copies[1]]);
    }

    #[test]
    fn what_its_receiver_has_had_comes_after_the_answer_and_goes_when_that_is_there() {
        let mut wire = Wire::default();
        freed(&mut wire, Mode::Step);
        let first = data(&mut wire, false);
        assert!(delivers(&mut wire, first).is_empty());
        // Its sender does not know yet, and sends it again, after the answer or before.
        let (again, _) = sends(&mut wire, Side::Client, 100, 500, 5, true);
        wire.held.get_mut(&again).unwrap().had = true;
        assert_eq!(wire.picked(Which::Next), [again], "its acknowledgement may be lost");
        let (answer, _) = sends(&mut wire, Side::Server, 500, 105, 0, false);
        assert_eq!(wire.picked(Which::Next), [answer]);
        assert_eq!(wire.picked(Which::All), [answer]);
        assert_eq!(delivers(&mut wire, answer), [again]);
        assert!(wire.is_empty());
    }

    /// A part of a super-segment is sent again while the whole is still held.
    #[test]
    fn a_part_that_came_with_the_whole_goes_with_the_acknowledgement() {
        let mut wire = Wire::default();
        freed(&mut wire, Mode::Step);
        let (whole, _) = sends(&mut wire, Side::Client, 100, 500, 30, false);
        let part_of = |wire: &mut Wire, seq, len| {
            let seen = FlowInfo {
                again: Some(Retransmission::Retransmit {
                    nth: 1,
                    of: Some(whole),
                }),
                ..FlowInfo::default()
            };
            comes_with(wire, 0, Side::Client, packet_of(Side::Client, seq, 500, len), seen).0
        };
        let inside = part_of(&mut wire, 110, 10);
        let beyond = part_of(&mut wire, 120, 20);
        assert!(delivers(&mut wire, whole).is_empty());
        let (answer, _) = sends(&mut wire, Side::Server, 500, 140, 0, false);
        assert_eq!(delivers(&mut wire, answer), [inside]);
        assert_eq!(wire.picked(Which::All), [beyond]);
    }

    #[test]
    fn what_has_not_arrived_stays_whatever_is_acknowledged() {
        let mut wire = Wire::default();
        freed(&mut wire, Mode::Step);
        data(&mut wire, false);
        let (answer, _) = sends(&mut wire, Side::Server, 500, 105, 0, false);
        assert!(delivers(&mut wire, answer).is_empty());
    }

    #[test]
    fn a_rule_goes_on_holding_what_is_sent_again_of_it() {
        for rule in [
            Rule {
                times: Some(1),
                ..Rule::new(Verdict::Hold, PacketKind::Data)
            },
            Rule {
                nth: Some(Nth::Only(1)),
                ..Rule::new(Verdict::Hold, PacketKind::Data)
            },
            Rule {
                chance: Some(Chance { percent: 100, seed: 1 }),
                times: Some(1),
                ..Rule::new(Verdict::Hold, PacketKind::Data)
            },
        ] {
            let mut wire = Wire::default();
            let no = wire.add_rule(rule);
            let first = data(&mut wire, false);
            let (copy, verdict) = sends(&mut wire, Side::Client, 100, 500, 5, true);
            assert_eq!(verdict, Verdict::Hold, "{rule}");
            assert_eq!(wire.copies(first), [copy], "{rule}");
            assert_eq!(wire.rules()[0].fired, 1, "it is no other segment: {rule}");
            assert_eq!(
                sends(&mut wire, Side::Client, 105, 500, 5, false).1,
                Verdict::Deliver,
                "{rule}"
            );
            // Without the rule, or without what it holds, nothing is held.
            let mut without = wire.clone();
            without.change_rule(no, RuleChange::Off);
            assert_eq!(
                sends(&mut without, Side::Client, 100, 500, 5, true).1,
                Verdict::Deliver,
                "{rule}"
            );
            delivers(&mut wire, first);
            assert_eq!(
                sends(&mut wire, Side::Client, 100, 500, 5, true).1,
                Verdict::Deliver,
                "{rule}"
            );
        }
    }

    #[test]
    fn a_copy_that_a_rule_of_its_own_holds_stands_for_itself() {
        let mut wire = Wire::default();
        wire.add_rule(Rule {
            nth: Some(Nth::Only(2)),
            ..Rule::new(Verdict::Hold, PacketKind::Data)
        });
        freed(&mut wire, Mode::Step);
        let nos = [data(&mut wire, false), data(&mut wire, true)];
        assert_eq!(wire.picked(Which::All), nos);
    }

    #[test]
    fn a_double_that_the_user_made_is_nobodys_copy() {
        let mut wire = Wire::default();
        freed(&mut wire, Mode::Step);
        let first = data(&mut wire, false);
        let double = wire.copy(first, MonoTime(0)).unwrap().no;
        let again = data(&mut wire, true);
        let double_again = wire.copy(again, MonoTime(0)).unwrap().no;
        assert_eq!(wire.picked(Which::All), [first, double, double_again]);
        assert_eq!(delivers(&mut wire, first), [again]);
        let once_more = data(&mut wire, true);
        assert_eq!(wire.picked(Which::All), [double, double_again, once_more]);
    }

    #[test]
    fn the_first_rule_that_speaks_of_a_packet_decides() {
        let mut wire = Wire::default();
        let first = wire.add_rule(Rule {
            times: Some(1),
            ..Rule::new(Verdict::Deliver, PacketKind::Any)
        });
        let second = wire.add_rule(Rule::new(Verdict::Drop, PacketKind::Any));
        assert_eq!(comes(&mut wire, 0).1, Verdict::Deliver);
        assert_eq!(comes(&mut wire, 0).1, Verdict::Drop);
        assert!(wire.change_rule(second, RuleChange::Off));
        assert_eq!(comes(&mut wire, 0).1, Verdict::Deliver);
        assert!(wire.change_rule(first, RuleChange::Remove) && !wire.change_rule(first, RuleChange::On));
    }

    #[test]
    fn a_copy_stands_beside_its_original() {
        let mut wire = Wire::default();
        freed(&mut wire, Mode::Step);
        let (no, _) = comes(&mut wire, 0);
        let copy = wire.copy(no, MonoTime(5)).unwrap().clone();
        assert_eq!((copy.origin, copy.bytes), (Origin::Copy(no), vec![1]));
        assert_eq!(wire.picked(Which::All), [no, copy.no]);
        assert!(wire.copy(PacketNo(99), MonoTime(5)).is_none());
    }

    #[test]
    fn there_is_an_end_to_what_can_stand_on_the_wire() {
        let mut wire = Wire::default();
        freed(&mut wire, Mode::Step);
        for _ in 0..MOST_HELD {
            assert_eq!(comes(&mut wire, 0).1, Verdict::Hold);
        }
        assert_eq!(comes(&mut wire, 0).1, Verdict::Drop);
        freed(&mut wire, SLOWLY);
        assert_eq!(
            comes(&mut wire, 0).1,
            Verdict::Drop,
            "what is under way stands on it, too"
        );
    }

    #[derive(Clone, Debug)]
    enum Act {
        /// An end sends one of a few segments, again or not.
        Sends(bool, u8, bool),
        Mode(u8, u8),
        Rule(u8),
        Deliver(u8),
        Next(u8),
        Drop(u8),
        Copy(u8),
        Delay(u8, u8),
        Time(u8),
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let act = prop_oneof![
            6 => any::<(bool, u8, bool)>().prop_map(|(from, seq, again)| Act::Sends(from, seq % 4, again)),
            2 => any::<(u8, u8)>().prop_map(|(mode, time)| Act::Mode(mode, time)),
            1 => (0u8..5).prop_map(Act::Rule),
            2 => any::<u8>().prop_map(Act::Deliver),
            2 => any::<u8>().prop_map(Act::Next),
            1 => any::<u8>().prop_map(Act::Drop),
            1 => any::<u8>().prop_map(Act::Copy),
            1 => any::<(u8, u8)>().prop_map(|(which, time)| Act::Delay(which, time)),
            2 => any::<u8>().prop_map(Act::Time),
        ];
        proptest::collection::vec(act, 0..120)
    }

    /// A wire on which all is accounted for.
    #[derive(Default)]
    struct Books {
        wire: Wire,
        now: u64,
        born: usize,
        ended: std::collections::BTreeMap<PacketNo, End>,
        /// The last of each side that arrived from its flight, when nobody laid hands on it.
        arrived: std::collections::BTreeMap<Side, PacketNo>,
    }

    /// The way in which a packet's time on the wire ended.
    #[derive(Clone, Debug, PartialEq, Eq)]
    enum End {
        Delivered,
        Dropped,
        Discarded,
    }

    impl Books {
        fn end(&mut self, no: PacketNo, end: End) {
            assert_eq!(self.ended.insert(no, end), None, "{no} ended twice");
        }

        /// The packet is handed on as the driver does it.
        fn deliver(&mut self, no: PacketNo, alone: bool) {
            let copies = if alone { Vec::new() } else { self.wire.copies(no) };
            let Some(held) = self.wire.take(no) else {
                assert!(self.ended.contains_key(&no), "{no} is neither on the wire nor gone");
                return;
            };
            for copy in copies {
                let copy = self.wire.take(copy).unwrap();
                assert!(copy.on_wire().repeats(&held.on_wire()) && copy.passage == Passage::Held);
                self.end(copy.no, End::Discarded);
            }
            self.end(no, End::Delivered);
            for spare in self.wire.delivered(&held.on_wire()) {
                assert!(spare.had && spare.rule.is_none() && spare.passage == Passage::Held);
                self.end(spare.no, End::Discarded);
            }
        }

        fn nth(&self, which: u8) -> Option<PacketNo> {
            let all = self.wire.picked(Which::AllCopies);
            (!all.is_empty()).then(|| all[usize::from(which) % all.len()])
        }

        fn acts(&mut self, act: Act) {
            const VERDICTS: [Verdict; 5] = [
                Verdict::Deliver,
                Verdict::Hold,
                Verdict::Drop,
                Verdict::Duplicate,
                Verdict::Delay(Millis(3)),
            ];
            let now = MonoTime(self.now);
            match act {
                Act::Sends(from, seq, again) => {
                    self.born += 1;
                    let side = if from { Side::Client } else { Side::Server };
                    let seq = u32::from(seq);
                    let (no, _) = sends_at(&mut self.wire, self.now, side, 100 + seq * 5, 100 + seq * 5, 5, again);
                    if self.wire.held.contains_key(&no) {
                        return;
                    }
                    self.end(no, End::Delivered);
                }
                Act::Mode(mode, time) => {
                    let mode = [Mode::Flow, Mode::Slow(Millis(u32::from(time))), Mode::Step][usize::from(mode % 3)];
                    let before: Vec<PacketNo> = self.wire.held.keys().copied().collect();
                    let change = self.wire.set_mode(mode, now);
                    assert!(change.freed.iter().chain(&change.changed).all(|no| before.contains(no)));
                    change.freed.into_iter().for_each(|no| self.deliver(no, false));
                    let flies = self.wire.held().any(|held| held.passage.is_in_flight());
                    assert!(
                        !flies || mode.takes().is_some(),
                        "nothing is under way but in slow mode"
                    );
                }
                Act::Rule(which) => {
                    let rule = Rule::new(VERDICTS[usize::from(which)], PacketKind::Any);
                    self.wire.add_rule(Rule { times: Some(2), ..rule });
                }
                Act::Deliver(which) => {
                    if let Some(no) = self.nth(which) {
                        self.deliver(no, which % 2 == 0);
                    }
                }
                Act::Next(which) => {
                    let which = [Which::Next, Which::All, Which::Next][usize::from(which % 3)];
                    let picked = self.wire.picked(which);
                    assert_eq!(
                        picked.is_empty(),
                        self.wire.is_empty(),
                        "something is meant while there is something"
                    );
                    picked.into_iter().for_each(|no| self.deliver(no, false));
                }
                Act::Drop(which) => {
                    if let Some(no) = self.nth(which) {
                        let mut gone = self.wire.copies(no);
                        gone.push(no);
                        for no in gone {
                            assert!(self.wire.take(no).is_some());
                            self.end(no, End::Dropped);
                        }
                    }
                }
                Act::Copy(which) => {
                    if let Some(no) = self.nth(which) {
                        assert!(self.wire.copy(no, now).is_some());
                        self.born += 1;
                    }
                }
                Act::Delay(which, time) => {
                    if let Some(no) = self.nth(which) {
                        self.wire.delay(no, Millis(u32::from(time)), now);
                    }
                }
                Act::Time(ms) => {
                    self.now += u64::from(ms) * MS;
                    let now = MonoTime(self.now);
                    while let Some(no) = self.wire.next_due_by(now) {
                        let held = &self.wire.held[&no];
                        // A copy that stood behind what the user delivered sets off only then.
                        let is_first = held.origin == Origin::Host && held.seen.again.is_none();
                        if held.passage.is_in_flight() && is_first {
                            let last = self.arrived.insert(held.from, no);
                            assert!(last < Some(no), "{no} was overtaken");
                        }
                        self.deliver(no, false);
                    }
                    assert!(self.wire.next_due().is_none_or(|due| due > now));
                }
            }
        }
    }

    proptest! {
        /// Each packet ends exactly once, whatever is done: delivered, dropped, discarded for a copy that arrived, or still on the wire; and
        /// what travels arrives in the order in which its host sent it.
        #[test]
        fn no_packet_is_lost_or_doubled(acts in acts()) {
            let mut books = Books::default();
            for act in acts {
                books.acts(act);
                prop_assert_eq!(books.born, books.ended.len() + books.wire.held().count());
                // Folded, they are the same: each once, in the fold that its copies go with.
                let on_wire = books.wire.on_wire();
                let mut folded = Vec::new();
                for fold in fold::folds(&on_wire) {
                    prop_assert_eq!(&fold.copies, &fold::copies(&on_wire, fold.head.no));
                    folded.extend([fold.head.no].into_iter().chain(fold.copies));
                }
                folded.sort_unstable();
                prop_assert_eq!(folded, books.wire.picked(Which::AllCopies));
            }
        }

        /// Of a segment that is sent over and over in step mode, one is delivered, however often it is: the rest is discarded.
        #[test]
        fn one_of_each_is_delivered(order in proptest::collection::vec(0u32..3, 1..40)) {
            let mut books = Books::default();
            books.acts(Act::Mode(2, 0));
            let mut sent = std::collections::BTreeSet::new();
            for seq in order {
                books.acts(Act::Sends(true, seq as u8, !sent.insert(seq)));
            }
            while let Some(no) = books.wire.picked(Which::Next).first() {
                books.deliver(*no, false);
            }
            let delivered = books.ended.values().filter(|end| **end == End::Delivered).count();
            prop_assert_eq!(delivered, sent.len());
            prop_assert_eq!(books.born, books.ended.len());
        }
    }
}
