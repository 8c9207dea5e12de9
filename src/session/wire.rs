//! The state of the wire: its mode, its rules, and the packets that it holds.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::MonoTime;
use crate::command::wire::{Target, WireCommand};
use crate::lab::event::{Disposition, PacketRecord, WireChange, WireRequest};
use crate::wire::flow::PacketNo;
use crate::wire::queue::{Mode, Which};
use crate::wire::rule::{RuleNo, RuleStatus};

/// A segment that is held on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingPacket {
    /// The packet.
    pub record: PacketRecord,
    /// The time since which it is held.
    pub since: MonoTime,
    /// The time at which it goes on by itself; none when the user is to decide.
    pub due: Option<MonoTime>,
}

/// The wire as far as its events show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WireView {
    /// The mode, for segments that no rule matches.
    pub mode: Mode,
    /// The rules in force.
    pub rules: Vec<RuleStatus>,
    /// The packets that are held on it, by number.
    pub held: BTreeMap<PacketNo, WaitingPacket>,
}

impl WireView {
    /// Takes in what became of a packet.
    pub(super) fn passed(&mut self, at: MonoTime, record: &PacketRecord) {
        let due = match record.disposition {
            Disposition::Held => None,
            Disposition::Delayed(time) => Some(at.plus(Duration::from(time))),
            Disposition::Delivered | Disposition::Refused(_) | Disposition::Dropped => {
                self.held.remove(&record.no);
                return;
            }
        };
        let since = self.held.get(&record.no).map_or(at, |held| held.since);
        let record = record.clone();
        self.held.insert(record.no, WaitingPacket { record, since, due });
    }

    /// Takes in a change.
    pub(super) const fn changed(&mut self, change: &WireChange) {
        // Rules are reported as a whole.
        if let WireChange::Mode(mode) = change {
            self.mode = *mode;
        }
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
            WireCommand::Mode(mode) => WireRequest::Mode(mode.unwrap_or(self.mode.other())),
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
