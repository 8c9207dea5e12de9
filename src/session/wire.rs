//! The state of the wire: its mode, its rules, and the packets on it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::Session;
use super::connections::{ConnectionNo, ConnectionView};
use crate::clock::{Millis, MonoTime};
use crate::command::Address;
use crate::command::wire::{ForgeAim, LinkCommand, Target, WireCommand};
use crate::lab::event::{Disposition, ForgedFor, PacketRecord, WireChange, WireRequest};
use crate::side::{Ends, Side};
use crate::socket_table::Tuple;
use crate::wire::flow::PacketNo;
use crate::wire::fold::{OnWire, Passage};
use crate::wire::forge::{Forge, Forgery};
use crate::wire::link::{Link, LinkChange, PathMtu};
use crate::wire::queue::{Mode, SLOW, Which};
use crate::wire::rule::{Connection, ConnectionName, Rule, RuleNo, RuleStatus};

/// A segment on the wire: held, or under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingPacket {
    /// The packet.
    pub record: PacketRecord,
    /// The time since which it is held; of one under way, when it set off.
    pub since: MonoTime,
    /// The time at which it was sent.
    pub(super) sent: MonoTime,
    /// The time at which it goes on by itself; none when the user is to decide.
    pub due: Option<MonoTime>,
    /// Has its receiver had all of it, from a copy?
    pub had: bool,
}

impl WaitingPacket {
    /// Returns whether it is under way, in slow mode.
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
    /// The mode that was asked for last, which the lab has told of or is about to; none before one was.
    asked: Option<Mode>,
    /// The time that a segment takes when slow is asked for without one: that of the last time.
    pub slow: Millis,
    /// The rules in force.
    pub rules: Vec<RuleStatus>,
    /// The link in force, in the direction of each end.
    pub link: Ends<Option<Link>>,
    /// The packets on it, by number: those that are held, and those under way.
    pub held: BTreeMap<PacketNo, WaitingPacket>,
    /// The time by which the last of those that were under way has arrived, or will; none before there was one.
    last_due: Option<MonoTime>,
}

impl Default for WireView {
    fn default() -> WireView {
        WireView {
            mode: Mode::default(),
            asked: None,
            slow: SLOW,
            rules: Vec::new(),
            link: Ends::default(),
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
            Disposition::Delivered
            | Disposition::Refused(_)
            | Disposition::Corrupted
            | Disposition::Dropped
            | Disposition::Discarded => {
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
        let sent = before.map_or(at, |before| before.sent);
        if let Some(due) = due.filter(|_| is_in_flight) {
            self.last_due = self.last_due.max(Some(due));
        }
        let record = record.clone();
        self.held.insert(
            record.no,
            WaitingPacket {
                record,
                since,
                sent,
                due,
                had,
            },
        );
    }

    /// Notes that a mode is asked for.
    pub(super) const fn asks(&mut self, order: &WireRequest) {
        if let WireRequest::Mode(mode) = order {
            self.asked = Some(*mode);
        }
    }

    /// Takes in a change.
    pub(super) fn changed(&mut self, change: &WireChange) {
        match change {
            WireChange::Mode(mode) => {
                self.mode = *mode;
                self.slow = mode.takes().unwrap_or(self.slow);
            }
            WireChange::Link(reports) => {
                self.link = Ends::from_fn(|side| reports[side].map(|report| report.link));
            }
            // Rules are reported as a whole.
            WireChange::Added(..) | WireChange::Rule(..) | WireChange::Cleared => {}
        }
    }

    /// The time by which the last of those that were under way has arrived, or will; none before there was one.
    pub(super) const fn last_due(&self) -> Option<MonoTime> {
        self.last_due
    }

    /// Is a link in force, in either direction?
    pub fn has_link(&self) -> bool {
        self.link.iter().any(|(_, link)| link.is_some())
    }

    /// Returns how long what passes takes at the most, in slow mode and on the link together; none where it is there at once. What waits
    /// for its turn at a rate takes longer.
    pub fn takes(&self) -> Option<Duration> {
        let most = |link: &Link| Duration::from(link.delay) + Duration::from(link.jitter);
        let link = self.link.iter().filter_map(|(_, link)| link.as_ref().map(most)).max();
        let slow = self.mode.takes().map(Duration::from);
        slow.map_or(link, |slow| Some(slow + link.unwrap_or_default()))
    }

    fn rule(&self, no: RuleNo) -> Result<RuleNo, String> {
        let there = self.rules.iter().any(|rule| rule.no == no);
        there.then_some(no).ok_or_else(|| match self.rules.as_slice() {
            [] => "the wire has no rules".to_owned(),
            rules => {
                let numbers: Vec<String> = rules.iter().map(|rule| rule.no.0.to_string()).collect();
                format!("there is no {no}: the rules are {}", numbers.join(", "))
            }
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

impl Session {
    /// The order that a command is, or one sentence why it can be none.
    pub(super) fn wire_order(&self, command: &WireCommand) -> Result<WireRequest, String> {
        let wire = &self.wire;
        Ok(match command {
            // Who presses the key twice wants the mode after the next, also before the lab has answered.
            WireCommand::Mode(mode) => WireRequest::Mode(mode.meant(wire.asked.unwrap_or(wire.mode), wire.slow)),
            WireCommand::Deliver(target) => WireRequest::Deliver(wire.which(*target)?),
            WireCommand::Drop(target) => WireRequest::Drop(wire.which(*target)?),
            WireCommand::Duplicate(target) => WireRequest::Duplicate(wire.which(*target)?),
            WireCommand::Delay(target, time) => WireRequest::Delay(wire.which(*target)?, *time),
            WireCommand::Rule(rule, on) => {
                let on = on.map(|name| self.named_connection(name)).transpose()?;
                let on = on.map(|connection| Connection {
                    name: connection.0,
                    ends: (connection.1.client, connection.1.server),
                });
                WireRequest::Rules(vec![Rule { on, ..*rule }])
            }
            WireCommand::Preset(preset) => WireRequest::Rules(preset.rules().to_vec()),
            WireCommand::Change(no, change) => WireRequest::Rule(wire.rule(*no)?, *change),
            WireCommand::Clear => WireRequest::ClearRules,
            WireCommand::Forge(forge, aim) => WireRequest::Forge(forge.clone(), self.forged_for(forge, *aim)?),
            WireCommand::Link(link) => WireRequest::Link(self.link_changes(link)?),
        })
    }

    /// The connection of that name, with it: the newest, where several were called so.
    fn named_connection(&self, name: ConnectionName) -> Result<(Option<ConnectionName>, Ends<SocketAddr>), String> {
        let forgotten = match name {
            ConnectionName::Number(number) if self.connections.has_forgotten(ConnectionNo(number)) => {
                Some(format!("connection {number}"))
            }
            ConnectionName::Socket(id) => {
                let socket = id
                    .name()
                    .filter(|name| self.ends.iter().any(|(_, end)| end.names.has_forgotten(name)));
                socket.map(|name| name.to_string())
            }
            ConnectionName::Number(_) => None,
        };
        if let Some(what) = forgotten {
            return Err(super::end::forgotten(&what));
        }
        let connections = self.connections();
        let is_it = |connection: &&ConnectionView| match name {
            ConnectionName::Number(number) => connection.no.0 == number,
            ConnectionName::Socket(id) => {
                let mut names = connection
                    .names
                    .iter()
                    .filter_map(|(_, name)| name.and_then(|name| name.id()));
                names.any(|known| known.connection == id.connection)
            }
        };
        let found = connections.iter().rev().find(is_it);
        found
            .map(|connection| (Some(name), connection.addresses))
            .ok_or_else(|| match connections.as_slice() {
                [] => {
                    format!("there is no connection yet that on={name} could mean; port= and nth= aim at one to come")
                }
                all => format!("no connection is called {name}: {}", listed(all)),
            })
    }

    /// The addresses of a forged packet.
    fn forged_for(&self, forge: &Forge, aim: ForgeAim) -> Result<ForgedFor, String> {
        let to = forge.to;
        let of = |ends: Ends<SocketAddr>| Tuple {
            local: ends[to],
            peer: ends[to.other()],
        };
        let current = || self.about(to);
        // Whoever connects needs no connection: only a port to come from.
        let local = || match (to, current()) {
            (Side::Server, _) => Some(self.lab.port.0),
            (Side::Client, current) => Some(current?.local.port()),
        };
        match aim {
            ForgeAim::Current => match (current(), self.connection_count()) {
                (None, 0) => Err(format!(
                    "there is no connection that a forged {} could be of: connect first, or name addresses with source= and destination=",
                    forge.what.name()
                )),
                (current, _) => Ok(ForgedFor::Connection(current)),
            },
            ForgeAim::On(name) => Ok(ForgedFor::Connection(Some(of(self.named_connection(name)?.1)))),
            ForgeAim::Port(port) => {
                let connections = self.connections();
                let has = |tuple: &Tuple| [tuple.local.port(), tuple.peer.port()].contains(&port.0);
                let mut tuples = connections
                    .iter()
                    .rev()
                    .map(|known| (known.is_over, of(known.addresses)));
                let known = current().filter(has).or_else(|| {
                    let all: Vec<_> = tuples.by_ref().filter(|(_, tuple)| has(tuple)).collect();
                    let live = all.iter().find(|(is_over, _)| !is_over).or(all.first());
                    live.map(|(_, tuple)| *tuple)
                });
                match (known, local()) {
                    (Some(tuple), _) => Ok(ForgedFor::Connection(Some(tuple))),
                    (None, Some(local)) if matches!(forge.what, Forgery::Syn | Forgery::OldSyn) => {
                        Ok(ForgedFor::Addresses(Tuple {
                            local: SocketAddr::new(self.lab.addresses[to], local),
                            peer: SocketAddr::new(self.lab.addresses[to.other()], port.0),
                        }))
                    }
                    _ => {
                        let known = match connections.as_slice() {
                            [] => "there is none".to_owned(),
                            all => listed(all),
                        };
                        Err(format!(
                            "no connection has the port {port} at either end ({known}); source=:{port} forges a packet of none"
                        ))
                    }
                }
            }
            ForgeAim::Addresses { source, destination } => {
                let at = |side: Side, address: Address| match address {
                    Address::Full(address) => Some(address),
                    Address::Port(port) => Some(SocketAddr::new(self.lab.addresses[side], port.0)),
                    Address::Default => Some(SocketAddr::new(self.lab.addresses[side], local()?)),
                };
                let local = at(to, destination).ok_or_else(|| {
                    format!(
                        "the {to} has no connection whose port a forged packet could go to: destination=:4000 names one"
                    )
                })?;
                let peer = at(to.other(), source).unwrap_or(local);
                if local.is_ipv4() != peer.is_ipv4() {
                    return Err(format!(
                        "{peer} and {local} are addresses of different families: no packet has both"
                    ));
                }
                Ok(ForgedFor::Addresses(Tuple { local, peer }))
            }
        }
    }

    /// The changes that a command for the link is, or one sentence why this lab has no such link.
    fn link_changes(&self, link: &LinkCommand) -> Result<Ends<LinkChange>, String> {
        /// The least MTU over IPv6 (RFC 8200, 5).
        const LEAST_IPV6: u16 = 1280;
        let changes = link.changes();
        for (side, change) in changes.iter() {
            let LinkChange::Set(link) = change else { continue };
            if self.lab.offload && link.corrupt != Default::default() {
                return Err("corrupt= needs checksums on the wire, and with --offload the hosts leave them to their devices: what is changed would be taken for good".into());
            }
            if let Some(PathMtu::Answers(mtu)) = link.path_mtu
                && mtu < LEAST_IPV6
                && self.lab.addresses[side].is_ipv6()
            {
                return Err(format!(
                    "over IPv6 no link has a smaller MTU than {LEAST_IPV6}, and no host believes in {mtu}"
                ));
            }
        }
        Ok(changes)
    }
}

/// Connections as a message lists them, the newest few: `1 (client, server), 2 (10.0.0.1:41000, 10.0.0.2:8080)`.
fn listed(all: &[ConnectionView]) -> String {
    const SHOWN: usize = 6;
    let one = |connection: &ConnectionView| {
        let names = Side::BOTH.map(|side| match connection.names[side] {
            Some(name) => name.to_string(),
            None => connection.addresses[side].to_string(),
        });
        format!("{} ({})", connection.no, names.join(", "))
    };
    let shown: Vec<String> = all.iter().skip(all.len().saturating_sub(SHOWN)).map(one).collect();
    let more = if all.len() > SHOWN { "..., " } else { "" };
    format!("they are {more}{}", shown.join(", "))
}
