//! The decisions of the wire: which segments it holds, which rules are in force, and what becomes of what comes next.
//!
//! Pure: times come from outside, and no bytes move here. Segments that are due at the same time go in the order of their numbers.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

use super::flow::{FlowInfo, PacketNo};
use super::rule::{Rule, RuleNo, RuleStatus, Verdict};
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
    /// The segment is held until the user says so.
    Step,
}

impl Mode {
    /// The word for it in commands.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Flow => "flow",
            Mode::Step => "step",
        }
    }

    /// The other one.
    pub const fn other(self) -> Mode {
        match self {
            Mode::Flow => Mode::Step,
            Mode::Step => Mode::Flow,
        }
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
}

/// A segment that is held on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldPacket {
    /// The number.
    pub no: PacketNo,
    /// The host that sent it.
    pub from: Side,
    /// The packet itself.
    pub bytes: Vec<u8>,
    /// The contents.
    pub packet: Packet,
    /// The relation to the packets before it.
    pub seen: FlowInfo,
    /// The origin.
    pub origin: Origin,
    /// The rule that holds it; none for the mode.
    pub rule: Option<RuleNo>,
    /// The time since which it is held.
    pub since: MonoTime,
    /// The time at which it is delivered without the user; none when the user is to decide.
    pub due: Option<MonoTime>,
}

/// A choice among the held packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// The oldest.
    Next,
    /// All, the oldest first.
    All,
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
}

impl Wire {
    /// The number of a packet that comes now.
    pub const fn number(&mut self) -> PacketNo {
        self.packets += 1;
        PacketNo(self.packets)
    }

    /// Returns the verdict on a packet and the rule behind it: the first in force that matches, else the mode.
    pub fn judge(&mut self, from: Side, packet: &Packet, seen: &FlowInfo) -> (Verdict, Option<RuleNo>) {
        let by_rule = self
            .rules
            .iter_mut()
            .find_map(|rule| Some((rule.judge(from, packet, seen)?, rule.no)));
        let (verdict, rule) = match (by_rule, self.mode) {
            (Some((verdict, rule)), _) => (verdict, Some(rule)),
            (None, Mode::Flow) => (Verdict::Deliver, None),
            (None, Mode::Step) => (Verdict::Hold, None),
        };
        match verdict {
            Verdict::Hold | Verdict::Delay(_) if self.held.len() >= MOST_HELD => (Verdict::Drop, rule),
            verdict => (verdict, rule),
        }
    }

    /// A segment is to be held.
    pub fn hold(&mut self, held: HeldPacket) {
        self.held.insert(held.no, held);
    }

    /// The held packets, the oldest first.
    pub fn held(&self) -> impl Iterator<Item = &HeldPacket> {
        self.held.values()
    }

    /// Is none held?
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// The numbers that `which` means now, the oldest first.
    pub fn picked(&self, which: Which) -> Vec<PacketNo> {
        match which {
            // What goes on by itself is not waited for.
            Which::Next => {
                let waits = self.held.values().find(|held| held.due.is_none());
                let next = waits.or_else(|| self.held.values().next());
                next.map(|held| held.no).into_iter().collect()
            }
            Which::All => self.held.keys().copied().collect(),
            Which::One(no) => self.held.contains_key(&no).then_some(no).into_iter().collect(),
        }
    }

    /// Takes one off the wire.
    pub fn take(&mut self, no: PacketNo) -> Option<HeldPacket> {
        self.held.remove(&no)
    }

    /// A second one of the same: the copy, which is held on the wire too. None when there is no such, or no room.
    pub fn copy(&mut self, no: PacketNo, now: MonoTime) -> Option<&HeldPacket> {
        if self.held.len() >= MOST_HELD {
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
        held.due = Some(now.plus(Duration::from(time)));
        Some(held)
    }

    /// The time at which the next held packet is due; none when only the user delivers.
    pub fn next_due(&self) -> Option<MonoTime> {
        self.held.values().filter_map(|held| held.due).min()
    }

    /// Takes off what is due at `now`, the earliest first.
    pub fn due(&mut self, now: MonoTime) -> Vec<HeldPacket> {
        let mut due: Vec<(MonoTime, PacketNo)> = self
            .held
            .values()
            .filter_map(|held| Some((held.due.filter(|due| *due <= now)?, held.no)))
            .collect();
        due.sort_unstable();
        due.into_iter().filter_map(|(_, no)| self.held.remove(&no)).collect()
    }

    /// The mode for segments that no rule matches.
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Changes the mode. Flow lets go of what step had held: the numbers, the oldest first; what a rule holds stays.
    pub fn set_mode(&mut self, mode: Mode) -> Vec<PacketNo> {
        self.mode = mode;
        match mode {
            Mode::Step => Vec::new(),
            Mode::Flow => {
                let of_step = self
                    .held
                    .values()
                    .filter(|held| held.rule.is_none() && held.due.is_none());
                of_step.map(|held| held.no).collect()
            }
        }
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
    use crate::rule::PacketKind;
    use proptest::prelude::*;

    fn packet() -> Packet {
        Packet::Other {
            what: "UDP".into(),
            len: 28,
        }
    }

    /// A packet comes: its number, and whether it passed.
    fn comes(wire: &mut Wire, at: u64) -> (PacketNo, Verdict) {
        let no = wire.number();
        let (verdict, rule) = wire.judge(Side::Client, &packet(), &FlowInfo::default());
        let due = match verdict {
            Verdict::Delay(time) => Some(MonoTime(at).plus(time.into())),
            _ => None,
        };
        if matches!(verdict, Verdict::Hold | Verdict::Delay(_)) {
            wire.hold(HeldPacket {
                no,
                from: Side::Client,
                bytes: vec![no.0 as u8],
                packet: packet(),
                seen: FlowInfo::default(),
                origin: Origin::Host,
                rule,
                since: MonoTime(at),
                due,
            });
        }
        (no, verdict)
    }

    #[test]
    fn step_holds_and_flow_lets_go_of_what_step_held() {
        let mut wire = Wire::default();
        assert_eq!(comes(&mut wire, 0).1, Verdict::Deliver);
        assert!(wire.set_mode(Mode::Step).is_empty());
        let (first, _) = comes(&mut wire, 0);
        let (second, _) = comes(&mut wire, 0);
        assert_eq!(wire.picked(Which::Next), [first]);
        assert_eq!(wire.set_mode(Mode::Flow), [first, second]);
    }

    #[test]
    fn what_a_rule_holds_stays_when_the_mode_changes() {
        let mut wire = Wire::default();
        wire.add_rule(Rule::new(Verdict::Hold, PacketKind::Any));
        wire.set_mode(Mode::Step);
        let (no, _) = comes(&mut wire, 0);
        assert!(wire.set_mode(Mode::Flow).is_empty());
        assert_eq!(wire.picked(Which::All), [no]);
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
        wire.set_mode(Mode::Step);
        let (no, _) = comes(&mut wire, 0);
        let copy = wire.copy(no, MonoTime(5)).unwrap().clone();
        assert_eq!((copy.origin, copy.bytes), (Origin::Copy(no), vec![1]));
        assert_eq!(wire.picked(Which::All), [no, copy.no]);
        assert!(wire.copy(PacketNo(99), MonoTime(5)).is_none());
    }

    #[test]
    fn there_is_an_end_to_what_can_stand_on_the_wire() {
        let mut wire = Wire::default();
        wire.set_mode(Mode::Step);
        for _ in 0..MOST_HELD {
            assert_eq!(comes(&mut wire, 0).1, Verdict::Hold);
        }
        assert_eq!(comes(&mut wire, 0).1, Verdict::Drop);
    }

    #[derive(Clone, Debug)]
    enum Act {
        Comes,
        Mode(bool),
        Rule(u8),
        Deliver(u8),
        Drop(u8),
        Copy(u8),
        Delay(u8, u8),
        Time(u8),
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let act = prop_oneof![
            4 => Just(Act::Comes),
            1 => any::<bool>().prop_map(Act::Mode),
            1 => (0u8..5).prop_map(Act::Rule),
            2 => any::<u8>().prop_map(Act::Deliver),
            1 => any::<u8>().prop_map(Act::Drop),
            1 => any::<u8>().prop_map(Act::Copy),
            1 => any::<(u8, u8)>().prop_map(|(which, time)| Act::Delay(which, time)),
            2 => any::<u8>().prop_map(Act::Time),
        ];
        proptest::collection::vec(act, 0..80)
    }

    proptest! {
        /// Each packet ends exactly once, whatever is done: delivered, dropped, or still held.
        #[test]
        fn no_packet_is_lost_or_doubled(acts in acts()) {
            let mut wire = Wire::default();
            let (mut now, mut born, mut ended) = (0u64, 0usize, std::collections::BTreeSet::new());
            let verdicts = [Verdict::Deliver, Verdict::Hold, Verdict::Drop, Verdict::Duplicate, Verdict::Delay(Millis(3))];
            for act in acts {
                let nth = |which: u8, wire: &Wire| {
                    let all = wire.picked(Which::All);
                    (!all.is_empty()).then(|| all[usize::from(which) % all.len()])
                };
                match act {
                    Act::Comes => {
                        born += 1;
                        let (no, verdict) = comes(&mut wire, now);
                        if !matches!(verdict, Verdict::Hold | Verdict::Delay(_)) {
                            prop_assert!(ended.insert(no));
                        }
                    }
                    Act::Mode(step) => {
                        for no in wire.set_mode(if step { Mode::Step } else { Mode::Flow }) {
                            prop_assert!(wire.take(no).is_some() && ended.insert(no));
                        }
                    }
                    Act::Rule(which) => {
                        wire.add_rule(Rule { times: Some(2), ..Rule::new(verdicts[usize::from(which)], PacketKind::Any) });
                    }
                    Act::Deliver(which) | Act::Drop(which) => {
                        if let Some(no) = nth(which, &wire) {
                            prop_assert!(wire.take(no).is_some() && ended.insert(no));
                        }
                    }
                    Act::Copy(which) => {
                        if let Some(no) = nth(which, &wire) {
                            prop_assert!(wire.copy(no, MonoTime(now)).is_some());
                            born += 1;
                        }
                    }
                    Act::Delay(which, time) => {
                        if let Some(no) = nth(which, &wire) {
                            wire.delay(no, Millis(u32::from(time)), MonoTime(now));
                        }
                    }
                    Act::Time(ms) => {
                        now += u64::from(ms) * 1_000_000;
                        let due = wire.due(MonoTime(now));
                        let order: Vec<_> = due.iter().map(|held| (held.due, held.no)).collect();
                        prop_assert!(order.is_sorted());
                        for held in due {
                            prop_assert!(ended.insert(held.no));
                        }
                        prop_assert!(wire.next_due().is_none_or(|due| due > MonoTime(now)));
                    }
                }
                prop_assert_eq!(born, ended.len() + wire.held().count());
            }
        }
    }
}
