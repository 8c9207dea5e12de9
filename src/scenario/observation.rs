//! Observations of one step: plain data, which expectations are held against, and which can be kept and read again.

use serde::{Deserialize, Serialize};

use crate::call::{Bytes, CallKind, SocketName};
use crate::lab::event::{Disposition, PacketRecord};
use crate::lab::syn::SynPatience;
use crate::outcome::Outcome;
use crate::session::view::HeldBy;
use crate::session::{LabKind, Session};
use crate::side::{Ends, Side};
use crate::state::State;
use crate::wire::flow::Retransmission;
use crate::wire::queue::Origin;
use crate::wire::segment::{Flags, Packet};

pub use crate::session::progress::CommandResult;

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
}

/// A packet that was on the wire in that step, and what became of it in the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedPacket {
    /// The host that sent it, or in whose name it was forged.
    pub from: Side,
    /// The contents.
    pub said: PacketContent,
    /// Is it sent again?
    pub again: Option<Retransmission>,
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
    /// The time that a connect into silence takes on this machine, where the step asks for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub syn_patience: Option<SynPatience>,
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
    let views = session.sockets(side).into_iter();
    views
        .map(|view| SocketSnapshot {
            name: view.name.cloned(),
            state: match (view.row, view.held) {
                (Some(observed), _) => Some(observed.row.state),
                // An open descriptor without a row stands for a socket that is not connected.
                (None, HeldBy::Open) => Some(State::Close),
                (None, _) => None,
            },
            held: view.held,
            rx: view.row.map_or(0, |observed| observed.row.rx_queue),
            tx: view.row.map_or(0, |observed| observed.row.tx_queue),
        })
        .collect()
}

/// The packets among the transcript's entries after `since`.
pub fn sightings(session: &Session, since: u64) -> Option<Vec<ObservedPacket>> {
    use crate::session::transcript::EntryKind;
    if let LabKind::Loopback(_) = session.lab.kind {
        return None;
    }
    let mut seen: Vec<(_, ObservedPacket)> = Vec::new();
    for entry in session.transcript.since(since) {
        let EntryKind::Packet(record) = &entry.what else {
            continue;
        };
        match seen.iter_mut().find(|(no, _)| *no == record.no) {
            Some((_, sighting)) => sighting.disposition = record.disposition,
            None => seen.push((record.no, sighting(record))),
        }
    }
    Some(seen.into_iter().map(|(_, sighting)| sighting).collect())
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
            Packet::Icmp { message, .. } => PacketContent::Icmp(message.clone()),
            Packet::Other { what, .. } => PacketContent::Other(what.clone()),
        },
        again: record.seen.again,
        origin: record.origin,
        disposition: record.disposition,
    }
}
