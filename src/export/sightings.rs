//! The packets of a run as each host's interface saw them: where one left, and where it arrived, with what can be said of it there.
//!
//! Pure, and fed with a run's inputs and entries as they come, so that a file that is written afterwards and a capture that is read while the run
//! is under way have the same.

use std::collections::HashMap;

use super::rebuilt::rebuilt;
use crate::call::{CallId, SocketName};
use crate::clock::MonoTime;
use crate::hash::QuickMap;
use crate::lab::event::{Disposition, LabEvent, PacketRecord, RawPacket, StateChanged, TransitionCause};
use crate::session::SessionInput;
use crate::session::transcript::{Entry, EntryKind, became, describe};
use crate::side::{Ends, Side};
use crate::socket_table::Tuple;
use crate::state::State;
use crate::wire::flow::PacketNo;
use crate::wire::queue::Origin;
use crate::wire::segment::{Flags, Packet};

/// The way of a packet at an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Its host sent it.
    Out,
    /// Its host was handed it.
    In,
}

/// The origin of a packet's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BytesOrigin {
    /// The kernel, or the wire that forged the packet: they are those that were on the wire.
    Wire,
    /// The decoded packet, of which headers were made again: the recording has no bytes.
    Rebuilt,
}

/// A packet at a host's interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The packet's number.
    pub no: PacketNo,
    /// The host whose interface it is.
    pub at: Side,
    /// The way that it takes there.
    pub way: Way,
    /// The time, by the recording machine's `CLOCK_MONOTONIC`.
    pub time: MonoTime,
    /// The bytes from the IP header on, as far as they were kept.
    pub bytes: Vec<u8>,
    /// Where the bytes are from.
    pub origin: BytesOrigin,
    /// The length of the packet, bytes.
    pub len: usize,
    /// What is said of it: its line in the transcript, then the state of this host's socket and what caused it.
    pub comment: Vec<String>,
}

/// A call that a host's endpoint has begun.
#[derive(Clone, Debug)]
struct Call {
    id: CallId,
    /// Whether it sends data.
    writes: bool,
    socket: Option<SocketName>,
    text: String,
}

/// A change of a socket's state that no sighting tells of so far.
#[derive(Clone, Debug)]
struct Change {
    from: State,
    to: State,
    cause: String,
    /// Did the packet that was handed over before it cause it?
    is_of_packet: bool,
}

/// Makes sightings of a run.
#[derive(Debug, Default)]
pub struct Sightings {
    /// The bytes of packets that are on the wire.
    raw: QuickMap<u64, RawPacket>,
    /// The bytes that the next packet's report has brought.
    brought: Option<RawPacket>,
    /// The time of the input that is being told of.
    now: MonoTime,
    states: HashMap<(Side, Tuple), State>,
    /// The changes of states that no packet tells of so far.
    changes: HashMap<(Side, Tuple), Vec<Change>>,
    /// The newest calls.
    calls: Ends<Vec<Call>>,
    names: HashMap<(Side, SocketName), Tuple>,
    /// What was handed to a host last, whose consequences are awaited, and its connection there.
    arrival: Option<(Sighting, Option<Tuple>)>,
    ready: Vec<Sighting>,
    /// What became of packets that had left their host before, and did not arrive.
    pub lost_later: Vec<(PacketNo, String)>,
    /// The number of packets of which nothing can be made again.
    pub left_out: u64,
}

/// The most calls that are remembered at each end.
const CALLS: usize = 32;

impl Sightings {
    /// Takes in an input, before the session does.
    pub fn takes(&mut self, input: &SessionInput) {
        self.now = input.at().unwrap_or(self.now);
        match input {
            SessionInput::Event(event) => match &event.what {
                LabEvent::Packet(record) => self.brought = record.raw.as_deref().cloned(),
                LabEvent::Quiet => self.settle(),
                _ => {}
            },
            _ => self.settle(),
        }
    }

    /// Takes in an entry of the transcript.
    pub fn tells(&mut self, entry: &Entry) {
        match &entry.what {
            EntryKind::Packet(record) => {
                self.settle();
                let raw = self.brought.take();
                self.packet(record, raw);
            }
            EntryKind::State { change, socket, .. } => self.changed(change, socket.as_ref()),
            EntryKind::Call { began, socket } => {
                let calls = &mut self.calls[began.side];
                if calls.len() == CALLS {
                    calls.remove(0);
                }
                calls.push(Call {
                    id: began.call,
                    writes: writes(&began.text.name),
                    socket: socket.clone(),
                    text: began.text.to_string(),
                });
            }
            _ => {}
        }
    }

    /// Makes ready what waits for consequences.
    pub fn settle(&mut self) {
        let Some((mut arrival, tuple)) = self.arrival.take() else {
            return;
        };
        if let Some(tuple) = tuple {
            let changes = self.changes.get_mut(&(arrival.at, tuple));
            let changes = changes.map_or_else(Vec::new, |changes| {
                let (of_packet, others) = std::mem::take(changes)
                    .into_iter()
                    .partition(|change: &Change| change.is_of_packet);
                *changes = others;
                of_packet
            });
            self.say_states(&mut arrival, tuple, &changes);
        }
        self.ready.push(arrival);
    }

    /// Takes out what is ready.
    pub fn ready(&mut self) -> std::vec::Drain<'_, Sighting> {
        self.ready.drain(..)
    }

    fn changed(&mut self, change: &StateChanged, socket: Option<&SocketName>) {
        let StateChanged {
            side,
            tuple,
            from,
            to,
            cause,
            ..
        } = change;
        let key = (*side, *tuple);
        if let Some(socket) = socket {
            self.names.insert((*side, socket.clone()), *tuple);
        }
        self.states.insert(key, *to);
        let (words, is_of_packet) = match cause {
            TransitionCause::Call(by) => {
                let call = self.calls[*side].iter().find(|call| call.id == by.call);
                let text = call.map(|call| call.text.clone());
                (text.unwrap_or_else(|| cause.words(*from)), false)
            }
            TransitionCause::Received(by) => {
                let arrival = self.arrival.as_ref();
                let is_it = arrival.is_some_and(|(arrival, _)| arrival.at == *side && arrival.no == by.packet_no);
                (cause.words(*from), is_it)
            }
            _ => (cause.words(*from), false),
        };
        let changes = self.changes.entry(key).or_default();
        changes.push(Change {
            from: *from,
            to: *to,
            cause: words,
            is_of_packet,
        });
        if changes.len() > CALLS {
            changes.remove(0);
        }
    }

    fn packet(&mut self, record: &PacketRecord, raw: Option<RawPacket>) {
        let no = record.no.0;
        let is_first = record.waited.is_none();
        let kept = self.raw.get(&no).cloned();
        let original = match record.origin {
            Origin::Copy(of) if raw.is_none() && kept.is_none() => self.raw.get(&of.0).cloned(),
            _ => None,
        };
        let raw = raw.or(kept).or(original);
        let raw = raw.map(|raw| (raw, BytesOrigin::Wire));
        let Some((raw, origin)) = raw.or_else(|| Some((rebuilt(record)?, BytesOrigin::Rebuilt))) else {
            self.left_out += u64::from(is_first);
            return;
        };
        // What was forged or copied on the wire never left a host.
        if is_first && record.origin.is_of_host() {
            let mut sighting = self.sighting(record, record.from, Way::Out, raw.bytes.clone(), raw.len, origin);
            if let Some(tuple) = tuple_at(record, Way::Out) {
                let changes = self.changes.remove(&(record.from, tuple)).unwrap_or_default();
                self.say_states(&mut sighting, tuple, &changes);
                if let Some(call) = self.write_before(record, tuple) {
                    sighting
                        .comment
                        .push(format!("the last write of its socket before it: {call}"));
                }
            }
            self.ready.push(sighting);
        }
        if matches!(record.disposition, Disposition::Delivered | Disposition::Corrupted) {
            let bytes = raw.arrived.clone().unwrap_or_else(|| raw.bytes.clone());
            let to = record.from.other();
            let sighting = self.sighting(record, to, Way::In, bytes, raw.len, origin);
            self.arrival = Some((sighting, tuple_at(record, Way::In)));
        }
        let has_arrived = matches!(record.disposition, Disposition::Delivered | Disposition::Corrupted);
        if !is_first && !has_arrived && !record.disposition.is_held() {
            self.lost_later.push((record.no, became(record)));
        }
        if record.disposition.is_held() {
            self.raw.insert(no, raw);
        } else {
            self.raw.remove(&no);
        }
    }

    fn sighting(
        &self,
        record: &PacketRecord,
        at: Side,
        way: Way,
        bytes: Vec<u8>,
        len: usize,
        origin: BytesOrigin,
    ) -> Sighting {
        let (from, to) = (record.from, record.from.other());
        let line = format!(
            "{}  {from} -> {to}  {}   {}",
            record.no,
            describe(record),
            became(record)
        );
        Sighting {
            no: record.no,
            at,
            way,
            time: self.now,
            bytes,
            origin,
            len,
            comment: vec![line],
        }
    }

    /// Adds the state of the host's socket, before and after.
    fn say_states(&self, sighting: &mut Sighting, tuple: Tuple, changes: &[Change]) {
        let side = sighting.at;
        for change in changes {
            let Change { from, to, cause, .. } = change;
            sighting
                .comment
                .push(format!("{side} {from} -> {to}, caused by {cause}"));
        }
        if changes.is_empty()
            && let Some(state) = self.states.get(&(side, tuple))
        {
            sighting.comment.push(format!("{side} {state}"));
        }
    }

    /// Returns the newest write to the socket of data that is sent for the first time.
    fn write_before(&self, record: &PacketRecord, tuple: Tuple) -> Option<&str> {
        let Packet::Tcp(segment) = &record.packet else {
            return None;
        };
        let flags = segment.flags;
        let is_first = record.seen.again.is_none();
        if segment.len == 0 || !is_first || flags.has(Flags::RST) {
            return None;
        }
        let is_its = |socket: &SocketName| {
            self.names
                .get(&(record.from, socket.clone()))
                .is_none_or(|known| *known == tuple)
        };
        let mut calls = self.calls[record.from].iter().rev();
        let call = calls.find(|call| call.writes && call.socket.as_ref().is_none_or(is_its))?;
        Some(&call.text)
    }
}

/// Does a call of that name send data, in whatever language it is?
fn writes(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["write", "send"].iter().any(|word| name.contains(word))
}

/// Returns the connection of a packet as the host at that place has it, its own end first.
fn tuple_at(record: &PacketRecord, way: Way) -> Option<Tuple> {
    let (from, to) = record.packet.connection()?;
    let is_about_sender = matches!(record.packet, Packet::Tcp(_)) == (way == Way::Out);
    Some(if is_about_sender {
        Tuple { local: from, peer: to }
    } else {
        Tuple { local: to, peer: from }
    })
}
