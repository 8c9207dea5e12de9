//! The state of the wire: its mode, its rules, and the packets on it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::{Millis, MonoTime};
use crate::command::wire::{Target, WireCommand};
use crate::lab::event::{Disposition, PacketRecord, WireChange, WireRequest};
use crate::wire::flow::PacketNo;
use crate::wire::fold::{OnWire, Passage};
use crate::wire::queue::{Mode, SLOW, Which};
use crate::wire::rule::{RuleNo, RuleStatus};

/// A segment on the wire: held, or under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingPacket {
    /// The packet.
    pub record: PacketRecord,
    /// The time since which it is held; of one under way, when it set off.
    pub since: MonoTime,
    /// The time at which it goes on by itself; none when the user is to decide.
    pub due: Option<MonoTime>,
    /// Has its receiver had all of it, from a copy?
    pub had: bool,
}

impl WaitingPacket {
    /// Is it under way, in slow mode?
    pub const fn is_in_flight(&self) -> bool {
        matches!(self.record.disposition, Disposition::InFlight(_))
    }

    /// The packet as folding sees it.
    pub(super) const fn on_wire(&self) -> OnWire<'_> {
        OnWire {
            passage: match self.due {
                None => Passage::Held,
                Some(due) if self.is_in_flight() => Passage::InFlight(due),
                Some(due) => Passage::Delayed(due),
            },
            // A rule that let it pass has no more to do with it.
            rule: if self.is_in_flight() { None } else { self.record.rule },
            had: self.had,
            ..self.record.on_wire()
        }
    }
}

/// The wire as far as its events show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireView {
    /// The mode, for segments that no rule matches.
    pub mode: Mode,
    /// The time that a segment takes when slow is asked for without one: that of the last time.
    pub slow: Millis,
    /// The rules in force.
    pub rules: Vec<RuleStatus>,
    /// The packets on it, by number: those that are held, and those under way.
    pub held: BTreeMap<PacketNo, WaitingPacket>,
    /// The time by which the last of those that were under way has arrived, or will; none before there was one.
    last_due: Option<MonoTime>,
}

impl Default for WireView {
    fn default() -> WireView {
        WireView {
            mode: Mode::default(),
            slow: SLOW,
            rules: Vec::new(),
            held: BTreeMap::new(),
            last_due: None,
        }
    }
}

impl WireView {
    /// Takes in what became of a packet.
    pub(super) fn passed(&mut self, at: MonoTime, record: &PacketRecord) {
        let due = match record.disposition {
            Disposition::Held => None,
            Disposition::Delayed(time) | Disposition::InFlight(time) => Some(at.plus(Duration::from(time))),
            Disposition::Delivered | Disposition::Refused(_) | Disposition::Dropped | Disposition::Discarded => {
                self.held.remove(&record.no);
                if record.disposition == Disposition::Delivered {
                    let arrived = record.on_wire();
                    for held in self.held.values_mut() {
                        held.had |= held.on_wire().comes_with(&arrived);
                    }
                }
                return;
            }
        };
        let before = self.held.get(&record.no);
        let is_in_flight = matches!(record.disposition, Disposition::InFlight(_));
        // What was held sets off now.
        let since = before.filter(|before| before.is_in_flight() || !is_in_flight);
        let since = since.map_or(at, |before| before.since);
        let had = before.map_or(record.seen.had, |before| before.had);
        if let Some(due) = due.filter(|_| is_in_flight) {
            self.last_due = self.last_due.max(Some(due));
        }
        let record = record.clone();
        self.held.insert(
            record.no,
            WaitingPacket {
                record,
                since,
                due,
                had,
            },
        );
    }

    /// Takes in a change.
    pub(super) fn changed(&mut self, change: &WireChange) {
        // Rules are reported as a whole.
        if let WireChange::Mode(mode) = change {
            self.mode = *mode;
            self.slow = mode.takes().unwrap_or(self.slow);
        }
    }

    /// The time by which the last of those that were under way has arrived, or will; none before there was one.
    pub(super) const fn last_due(&self) -> Option<MonoTime> {
        self.last_due
    }

    /// The order that a command is, or one sentence why it can be none.
    pub(super) fn order(&self, command: &WireCommand) -> Result<WireRequest, String> {
        let known = |no: RuleNo| {
            let there = self.rules.iter().any(|rule| rule.no == no);
            there.then_some(no).ok_or_else(|| match self.rules.as_slice() {
                [] => "the wire has no rules".to_owned(),
                rules => {
                    let numbers: Vec<String> = rules.iter().map(|rule| rule.no.0.to_string()).collect();
                    format!("there is no {no}: the rules are {}", numbers.join(", "))
                }
            })
        };
        Ok(match command {
            WireCommand::Mode(mode) => WireRequest::Mode(mode.meant(self.mode, self.slow)),
            WireCommand::Deliver(target) => WireRequest::Deliver(self.which(*target)?),
            WireCommand::Drop(target) => WireRequest::Drop(self.which(*target)?),
            WireCommand::Duplicate(target) => WireRequest::Duplicate(self.which(*target)?),
            WireCommand::Delay(target, time) => WireRequest::Delay(self.which(*target)?, *time),
            WireCommand::Rule(rule) => WireRequest::Rules(vec![*rule]),
            WireCommand::Preset(preset) => WireRequest::Rules(preset.rules().to_vec()),
            WireCommand::Change(no, change) => WireRequest::Rule(known(*no)?, *change),
            WireCommand::Clear => WireRequest::ClearRules,
            WireCommand::Forge(forge) => WireRequest::Forge(forge.clone(), None),
        })
    }

    fn which(&self, target: Target) -> Result<Which, String> {
        match target {
            _ if self.held.is_empty() => Err("no segment is held: step holds what comes".into()),
            Target::Next => Ok(Which::Next),
            Target::All => Ok(Which::All),
            Target::AllCopies => Ok(Which::AllCopies),
            Target::One(no) if self.held.contains_key(&no) => Ok(Which::One(no)),
            Target::One(no) => {
                let numbers: Vec<String> = self.held.keys().take(8).map(|no| no.0.to_string()).collect();
                let more = if self.held.len() > 8 { ", ..." } else { "" };
                Err(format!(
                    "{no} is not held on the wire: {}{more} are",
                    numbers.join(", ")
                ))
            }
        }
    }

    /// Does a segment on the wire count down?
    pub fn counts_down(&self) -> bool {
        !self.held.is_empty()
    }
}
