//! One connection of a capture as a recording: its packets, and the changes of state that they imply. No kernel was asked.

use std::collections::VecDeque;
use std::net::SocketAddr;

use finwait_capture::flow::Connection;
use finwait_capture::reader::CapturedPacket;

use super::{Header, Recording, RecordingLine, SCHEMA};
use crate::clock::MonoTime;
use crate::host::Port;
use crate::lab::event::{
    Disposition, LabEvent, PacketRecord, ReceivedPacket, StateChanged, TimedEvent, TransitionCause, Witness,
};
use crate::lab::facts::{CapturedConnection, LabFacts, LabKind};
use crate::session::SessionInput;
use crate::side::{Ends, Side};
use crate::socket_table::Tuple;
use crate::state::State;
use crate::wire::flow::{Flows, PacketNo};
use crate::wire::link::OptionSet;
use crate::wire::queue::Origin;
use crate::wire::segment::Packet;

/// A packet of the connection, and the states after it.
#[derive(Clone, Debug)]
struct KeptPacket {
    at: MonoTime,
    record: PacketRecord,
    states: Ends<Option<State>>,
}

/// The packets of one connection: all, or the first and the last.
#[derive(Debug)]
pub struct Kept {
    most: usize,
    first: Vec<KeptPacket>,
    last: VecDeque<KeptPacket>,
    /// The packets of the connection, each counted once.
    count: u64,
    /// The packets that the capture has had twice so far.
    duplicates: u32,
    flows: Flows,
    addresses: Option<Ends<SocketAddr>>,
    /// The states before the first packet that is kept of the last ones.
    between: Ends<Option<State>>,
}

impl Kept {
    /// Keeps so many packets at the beginning, and as many at the end.
    pub fn new(most: usize) -> Kept {
        Kept {
            most,
            first: Vec::new(),
            last: VecDeque::new(),
            count: 0,
            duplicates: 0,
            flows: Flows::default(),
            addresses: None,
            between: Ends::default(),
        }
    }

    /// Takes in the connection's next packet. One that is a second time in the capture, as another interface saw it, is left out: it was not
    /// sent again.
    pub fn add(&mut self, packet: CapturedPacket, connection: &Connection) {
        if std::mem::replace(&mut self.duplicates, connection.duplicates) < connection.duplicates {
            return;
        }
        self.count += 1;
        let no = PacketNo(self.count);
        self.addresses = Some(connection.addresses);
        let from = match packet.ip.packet.connection() {
            // An ICMP error goes to who sent what it quotes.
            Some((sender, peer)) if !matches!(packet.ip.packet, Packet::Tcp(_)) => {
                let to = if sender.port() == 0 {
                    connection.side_of(peer).other()
                } else {
                    connection.side_of(sender)
                };
                to.other()
            }
            Some((sender, _)) => connection.side_of(sender),
            None => return,
        };
        let seen = match &packet.ip.packet {
            Packet::Tcp(segment) => {
                let seen = self.flows.sent(no, segment);
                self.flows.arrived(segment);
                seen
            }
            _ => Default::default(),
        };
        let record = PacketRecord {
            no,
            from,
            packet: packet.ip.packet,
            segment_size: None,
            seen,
            origin: Origin::Captured,
            disposition: Disposition::Delivered,
            rule: None,
            link: None,
            stripped: OptionSet::NONE,
            waited: None,
            raw: None,
        };
        let kept = KeptPacket {
            at: packet.at,
            record,
            states: connection.states(),
        };
        if self.first.len() < self.most {
            self.first.push(kept);
            return;
        }
        if self.last.len() == self.most
            && let Some(left_out) = self.last.pop_front()
        {
            self.between = left_out.states;
        }
        self.last.push_back(kept);
    }

    /// Returns the last packet before those that are left out, and how many these are; none where all are there.
    pub fn left_out(&self) -> Option<(PacketNo, u64)> {
        let kept = (self.first.len() + self.last.len()) as u64;
        let last = self.first.last()?.record.no;
        (kept < self.count).then(|| (last, self.count - kept))
    }

    /// Returns the connection as a recording; none where it has no packet.
    pub fn recording(&self, file: &str, connection: u64) -> Option<Recording> {
        let addresses = self.addresses?;
        let began = self.first.first()?.at;
        let lab = LabFacts {
            kind: LabKind::Isolated,
            addresses: Ends::from_fn(|side| addresses[side].ip()),
            offload: false,
            port: Port(addresses.server.port()),
            settings: Ends::default(),
            syn_patience: None,
            no_sock_diag: None,
            capture: Some(CapturedConnection {
                file: file.to_owned(),
                connection,
                addresses,
            }),
        };
        let mut lines = Vec::new();
        let mut event = |at, what| {
            lines.push(RecordingLine::Input(Box::new(SessionInput::Event(TimedEvent {
                at,
                what,
            }))))
        };
        let mut states: Ends<Option<State>> = Ends::default();
        let left_out = self.left_out();
        for kept in self.first.iter().chain(&self.last) {
            event(kept.at, LabEvent::Packet(kept.record.clone()));
            let mut order = [kept.record.from, kept.record.from.other()];
            // Who is reset is told of first where both are: it is the other end's news.
            if kept.states[order[0]] == states[order[0]] {
                order.reverse();
            }
            for side in order {
                let (before, after) = (states[side], kept.states[side]);
                if let Some(change) = change(&kept.record, side, addresses, before, after) {
                    event(kept.at, LabEvent::Transition(change));
                }
            }
            event(kept.at, LabEvent::Quiet);
            states = kept.states;
            if left_out.is_some_and(|(last, _)| last == kept.record.no)
                && let Some((_, count)) = left_out
            {
                states = self.between;
                let text =
                    format!("{count} packets are left out here: finwait explain FILE --connection {connection} --all");
                event(kept.at, LabEvent::Note(text));
            }
        }
        let header = Header {
            schema: SCHEMA,
            finwait: env!("CARGO_PKG_VERSION").into(),
            kernel: String::new(),
            driven: None,
            wall: None,
            began,
            lab,
        };
        Some(Recording::made(header, lines))
    }
}

/// The change of state of an end by a packet; none where there is none.
fn change(
    record: &PacketRecord,
    side: Side,
    addresses: Ends<SocketAddr>,
    before: Option<State>,
    after: Option<State>,
) -> Option<StateChanged> {
    let after = after?;
    let from = before.unwrap_or(State::Close);
    if from == after {
        return None;
    }
    let packet = ReceivedPacket::of(record)?;
    Some(StateChanged {
        side,
        tuple: Tuple {
            local: addresses[side],
            peer: addresses[side.other()],
        },
        inode: 0,
        from,
        to: after,
        cause: if record.from == side {
            TransitionCause::Sent(packet)
        } else {
            TransitionCause::Received(packet)
        },
        witness: Witness::Segments,
    })
}
