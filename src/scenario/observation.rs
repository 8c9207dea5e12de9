//! Observations of one step: plain data, which expectations are held against, and which can be kept and read again.

use serde::{Deserialize, Serialize};
use std::ops::Range;

use crate::call::{Bytes, CallKind, SocketName};
use crate::counter::MovedCounters;
use crate::explain::EntryNo;
use crate::explain::counters::{CounterMeaning, is_shown};
use crate::hash::QuickMap;
use crate::lab::event::{Disposition, PacketRecord};
use crate::lab::syn::SynPatience;
use crate::outcome::Outcome;
use crate::program::SocketOwner;
use crate::session::transcript::{EntryKind, describe};
use crate::session::view::{HeldBy, SocketView};
use crate::session::{LabKind, Session};
use crate::side::{Ends, Side};
use crate::state::State;
use crate::wire::flow::{Direction, PacketNo, Retransmission};
use crate::wire::queue::Origin;
use crate::wire::segment::{Flags, Packet, SeqNo};

pub use crate::session::progress::CommandResult;

use super::programs::ProgramSnapshot;
use super::returns::Returns;

impl CommandResult {
    /// Returns it in the words of a scenario.
    pub fn words(&self) -> String {
        match (Returns::of(self), self) {
            (_, CommandResult::Outcome(Outcome::Library(name))) => name.clone(),
            (_, CommandResult::Outcome(Outcome::Unsupported(why))) => format!("unsupported: {why}"),
            (Some(returns), _) => returns.to_string(),
            (None, CommandResult::NotDone(why)) => format!("not done: {why}"),
            (None, _) => "nothing".into(),
        }
    }
}

/// A socket as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketSnapshot {
    /// The socket's name; none for what nobody has accepted, or that no descriptor of ours ever held.
    pub name: Option<SocketName>,
    /// The state; none when the kernel does not know it any more.
    pub state: Option<State>,
    /// The holder.
    pub held: HeldBy,
    /// Bytes (of a listener, connections) to be taken.
    pub rx: u32,
    /// Bytes not acknowledged.
    pub tx: u32,
    /// The process of a program that holds it, or held it last; none of the endpoint's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<SocketOwner>,
}

impl SocketSnapshot {
    /// Returns a socket as that view shows it.
    pub fn of(view: &SocketView<'_>) -> SocketSnapshot {
        SocketSnapshot {
            name: view.name.cloned(),
            state: match (view.row, view.held) {
                (Some(observed), _) => Some(observed.row.state),
                // An open descriptor without a row stands for a socket that is not connected.
                (None, HeldBy::Open) => Some(State::Close),
                (None, _) => None,
            },
            held: view.held,
            owner: view.owner.cloned(),
            rx: view.row.map_or(0, |observed| observed.row.rx_queue),
            tx: view.row.map_or(0, |observed| observed.row.tx_queue),
        }
    }
}

/// A packet that was on the wire in that step, and what became of it in the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedPacket {
    /// The host that sent it, or in whose name it was forged.
    pub from: Side,
    /// The contents.
    pub said: PacketContent,
    /// Whether it is sent again.
    pub again: Option<Retransmission>,
    /// Whether it only repeats an acknowledgement, because what that is of came again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeats: bool,
    /// The origin.
    pub origin: Origin,
    /// The disposition.
    #[serde(rename = "fate")]
    pub disposition: Disposition,
}

/// The contents of a packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PacketContent {
    /// A TCP segment.
    Tcp {
        /// The control bits.
        flags: Flags,
        /// The sequence number, counted from the connection's first.
        seq: u32,
        /// The acknowledgement, counted likewise; none without ACK.
        ack: Option<u32>,
        /// The window in bytes.
        window: u32,
        /// Bytes of payload.
        len: usize,
        /// The first of them.
        payload: Bytes,
    },
    /// A UDP datagram, in words.
    Udp(String),
    /// An ICMP message.
    Icmp(String),
    /// Anything else.
    Other(String),
}

/// The observation of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// The result of the step's command.
    pub returned: CommandResult,
    /// The words of the endpoint's language, where there is more than success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// The sentence that says why it returned that; none while it has not returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Calls that were blocked when the step began, and what became of them, the oldest first.
    pub later: Vec<LateCall>,
    /// The sockets of both ends.
    pub sockets: Ends<Vec<SocketSnapshot>>,
    /// The packets in the order of their first sight; none in the loopback lab, which has no wire.
    pub segments: Option<Vec<ObservedPacket>>,
    /// The kernel's counters that moved, of each host; none in the loopback lab, whose counters are the machine's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counters: Option<Ends<MovedCounters>>,
    /// The time that a connect into silence takes on this machine, where the step asks for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub syn_patience: Option<SynPatience>,
    /// The programs of the run so far, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<ProgramSnapshot>,
}

impl Observation {
    /// Has a call of this step, or of an earlier one, not returned?
    pub(super) fn is_blocked(&self) -> bool {
        let mut calls = self.later.iter().map(|call| &call.returned).chain([&self.returned]);
        calls.any(|returned| *returned == CommandResult::Blocked)
    }

    /// Returns how far a counter of an end's kernel moved; none where that is not seen.
    pub(super) fn counted(&self, side: Side, counter: &CounterMeaning) -> Option<i64> {
        let moved = &self.counters.as_ref()?[side];
        Some(i64::try_from(moved.by(counter.name)).unwrap_or(i64::MAX))
    }

    /// The counters that moved and are shown unless all are asked for: `client TCPAbortOnClose 1; server TcpEstabResets 1`; empty where
    /// there is none.
    pub fn counters_shown(&self) -> String {
        let ends = self.counters.iter().flat_map(Ends::iter);
        let shown = ends.map(|(side, moved)| (side, moved.listed(is_shown)));
        let shown: Vec<String> = shown
            .filter(|(_, listed)| !listed.is_empty())
            .map(|(side, listed)| format!("{side} {listed}"))
            .collect();
        shown.join("; ")
    }

    /// The words of the endpoints' languages: on the step's call, and on those of earlier steps.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let later = self.later.iter().filter_map(|later| later.said.as_deref());
        self.said.as_deref().into_iter().chain(later)
    }
}

/// A call of an earlier step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateCall {
    /// The end.
    pub side: Side,
    /// The socket.
    pub socket: SocketName,
    /// The result.
    pub returned: CommandResult,
    /// The call.
    pub call: CallKind,
    /// The words of the endpoint's language, where there is more than success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// The sentence that says why it returned that; none while it has not returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The sockets of an end as they are now.
pub fn snapshots(session: &Session, side: Side) -> Vec<SocketSnapshot> {
    session.sockets(side).iter().map(SocketSnapshot::of).collect()
}

/// The packets among the transcript's entries after `since`.
pub fn sightings(session: &Session, since: EntryNo) -> Option<Vec<ObservedPacket>> {
    let mut packets = seen_by(session)?;
    Sightings::after(since).extend(&mut packets, session);
    Some(packets)
}

/// The packets seen so far in this lab, before any: none at all where there is no wire to see them on.
pub(super) fn seen_by(session: &Session) -> Option<Vec<ObservedPacket>> {
    (session.lab.kind == LabKind::Isolated).then(Vec::new)
}

/// The reading of packets and counters off the transcript, which looks at each entry once.
#[derive(Clone, Debug)]
pub(super) struct Sightings {
    /// The last entry that was looked at.
    last: EntryNo,
    /// Each packet's place among those that were seen.
    places: QuickMap<PacketNo, usize>,
    /// The acknowledgements that went each way.
    acknowledged: QuickMap<Direction, Acknowledged>,
    /// The distances that counters have moved.
    pub(super) counters: Ends<MovedCounters>,
}

/// The acknowledgements that went one way.
#[derive(Clone, Copy, Debug, Default)]
struct Acknowledged {
    /// The last number; none before the first.
    last: Option<SeqNo>,
    /// The segments that have come the other way although all of them had come before, and were not answered yet.
    came_again: u32,
}

impl Sightings {
    /// Begins after that entry.
    pub(super) fn after(last: EntryNo) -> Sightings {
        Sightings {
            last,
            places: QuickMap::default(),
            acknowledged: QuickMap::default(),
            counters: Ends::default(),
        }
    }

    /// Adds the packets that are new; returns the places of those seen before of which more is known now, from the first to the last of
    /// them, and the number of entries that were read.
    pub(super) fn extend(&mut self, packets: &mut Vec<ObservedPacket>, session: &Session) -> (Range<usize>, usize) {
        let (mut changed, mut read) = (0..0, 0);
        for entry in session.transcript.since(self.last) {
            read += 1;
            self.last = entry.no;
            let record = match &entry.what {
                EntryKind::Packet(record) => record,
                EntryKind::Counters { side, moved } => {
                    self.counters[*side].extend(moved.clone());
                    continue;
                }
                _ => continue,
            };
            let new = packets.len();
            let is_new = !self.places.contains_key(&record.no);
            let repeats = self.acknowledges(record, is_new);
            match *self.places.entry(record.no).or_insert(new) {
                place if place < new => {
                    packets[place].disposition = record.disposition;
                    changed = match changed.is_empty() {
                        true => place..place + 1,
                        false => changed.start.min(place)..changed.end.max(place + 1),
                    };
                }
                _ => packets.push(ObservedPacket {
                    repeats,
                    ..sighting(record)
                }),
            }
        }
        (changed, read)
    }

    /// Takes in what a packet acknowledges, and whether it comes again to who had all of it; does it repeat an acknowledgement for that?
    fn acknowledges(&mut self, record: &PacketRecord, is_new: bool) -> bool {
        let Packet::Tcp(segment) = &record.packet else {
            return false;
        };
        let mut repeats = false;
        if is_new && segment.flags.has(Flags::ACK) && record.origin == Origin::Host {
            let way = self.acknowledged.entry(segment.way()).or_default();
            let says_no_more = segment.flags == Flags::ACK && segment.len == 0 && way.last == Some(segment.ack);
            repeats = says_no_more && way.came_again > 0;
            way.came_again -= u32::from(repeats);
            way.last = Some(segment.ack);
        }
        if record.seen.had && record.disposition == Disposition::Delivered {
            let (from, to) = segment.way();
            self.acknowledged.entry((to, from)).or_default().came_again += 1;
        }
        repeats
    }
}

fn sighting(record: &PacketRecord) -> ObservedPacket {
    ObservedPacket {
        from: record.from,
        said: match &record.packet {
            Packet::Tcp(segment) => PacketContent::Tcp {
                flags: segment.flags,
                seq: record.seen.seq.unwrap_or(segment.seq.0),
                ack: segment
                    .flags
                    .has(Flags::ACK)
                    .then(|| record.seen.ack.unwrap_or(segment.ack.0)),
                window: record.seen.window.unwrap_or(u32::from(segment.window)),
                len: segment.len,
                payload: segment.payload.clone(),
            },
            Packet::Udp { .. } => PacketContent::Udp(describe(record)),
            Packet::Icmp { message, .. } => PacketContent::Icmp(message.clone()),
            Packet::Other { what, .. } => PacketContent::Other(what.clone()),
        },
        again: record.seen.again,
        repeats: false,
        origin: record.origin,
        disposition: record.disposition,
    }
}
