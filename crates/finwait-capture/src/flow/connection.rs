//! One connection of a capture, of bounded size.

use serde::Serialize;
use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use finwait_model::clock::MonoTime;
use finwait_model::side::{Ends, Side};
use finwait_model::state::State;
use finwait_wire::inferred::{InferredEnd, SentChange};
use finwait_wire::segment::{Flags, IcmpError, Segment};

use super::end::{End, Place};
use crate::reader::{CapturedPacket, WireFate};
use crate::reset::{Answered, Reset};

/// A connection's number in its capture, from 1 on, in the order of first packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ConnectionNo(pub u64);

impl fmt::Display for ConnectionNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The most packets that are remembered between the two ends of finwait's wire.
const UNDER_WAY: usize = 64;

/// Where a connection begins in the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// With its SYN.
    Syn,
    /// With the answer to a SYN that is not in the capture.
    SynAck,
    /// In the middle.
    Middle,
}

/// An ICMP error about a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IcmpSeen {
    /// Whom it tells.
    pub to: Side,
    /// Who sent it.
    pub from: std::net::IpAddr,
    /// When.
    pub at: MonoTime,
    /// The message in words.
    pub message: String,
    /// The error, as TCP takes it; none for "fragmentation needed".
    pub error: Option<IcmpError>,
    /// The receiver's state.
    pub state: Option<State>,
}

/// The time in which one end had sent FIN and the other went on with data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HalfClose {
    /// Who had sent FIN.
    pub by: Side,
    /// When.
    pub from: MonoTime,
    /// When the other sent its last data, or FIN.
    pub to: MonoTime,
    /// The bytes of data that the other sent in between.
    pub bytes: u64,
}

/// What a packet is beside those before it, for the diagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// Nothing.
    None,
    /// Captured twice.
    Duplicate,
}

/// One connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The number.
    pub no: ConnectionNo,
    /// The addresses.
    pub addresses: Ends<SocketAddr>,
    /// Whether it is a guess which end is the client: no SYN is in the capture.
    pub guessed: bool,
    /// Where it begins.
    pub start: Start,
    /// The connection before it between the same addresses, and the states that its ends stood in then.
    pub reuses: Option<(ConnectionNo, Ends<Option<State>>)>,
    /// The time of the first packet.
    pub began: MonoTime,
    /// The time of the last packet.
    pub last: MonoTime,
    /// The longest pause between packets, and when it ended.
    pub pause: (Duration, MonoTime),
    /// When the handshake was over: the client's ACK, or the first data.
    pub established: Option<MonoTime>,
    /// The two ends.
    pub ends: Ends<End>,
    /// Who sent the first FIN, and when.
    pub first_fin: Option<(Side, MonoTime)>,
    /// Did each end send its FIN before the other's came?
    pub fins_crossed: bool,
    /// The half-close, where the other end went on.
    pub half_close: Option<HalfClose>,
    /// The first RST.
    pub reset: Option<Reset>,
    /// Did the end that the first RST was for send data after it: was the RST not taken?
    pub reset_ignored: bool,
    /// The first ICMP error, and how many.
    pub icmp: Option<IcmpSeen>,
    /// The ICMP errors.
    pub icmps: u32,
    /// The packets that were captured twice.
    pub duplicates: u32,
    /// The packets that finwait's wire made up.
    pub forged: u32,
    /// Is it what came of a connection after it was let go?
    pub goes_on: bool,
    /// Was it let go before it was over, because there were too many at a time?
    pub let_go: bool,
    /// The packets that left one end of finwait's wire and have not arrived at the other: who sent it, and what.
    under_way: VecDeque<(Side, Segment)>,
    /// The time from the SYN to the last ACK of the handshake, where neither was sent again.
    round_trip: Option<Duration>,
}

impl Connection {
    /// Begins a connection with a segment.
    pub(super) fn new(no: ConnectionNo, segment: &Segment, at: MonoTime) -> Connection {
        let (source, destination) = segment.way();
        let (syn, ack) = (segment.flags.has(Flags::SYN), segment.flags.has(Flags::ACK));
        let start = match (syn, ack) {
            (true, false) => Start::Syn,
            (true, true) => Start::SynAck,
            (false, _) => Start::Middle,
        };
        // Of a connection in its middle the higher port is as a rule the one that the kernel chose.
        let is_client = match start {
            Start::Syn => true,
            Start::SynAck => false,
            Start::Middle => (source.port(), source) > (destination.port(), destination),
        };
        let addresses = if is_client {
            Ends {
                client: source,
                server: destination,
            }
        } else {
            Ends {
                client: destination,
                server: source,
            }
        };
        let mut ends: Ends<End> = Ends::default();
        match start {
            Start::Syn => {}
            Start::SynAck => ends.client.state = Some(InferredEnd::in_state(State::SynSent)),
            // An RST alone says nothing of a connection.
            Start::Middle if segment.flags.has(Flags::RST) => {}
            Start::Middle => {
                for side in Side::BOTH {
                    ends[side].state = Some(InferredEnd::in_state(State::Established));
                }
            }
        }
        Connection {
            no,
            addresses,
            guessed: start == Start::Middle,
            start,
            reuses: None,
            began: at,
            last: at,
            pause: (Duration::ZERO, at),
            established: None,
            ends,
            first_fin: None,
            fins_crossed: false,
            half_close: None,
            reset: None,
            reset_ignored: false,
            icmp: None,
            icmps: 0,
            duplicates: 0,
            forged: 0,
            goes_on: false,
            let_go: false,
            under_way: VecDeque::new(),
            round_trip: None,
        }
    }

    /// The end whose address that is.
    pub fn side_of(&self, address: SocketAddr) -> Side {
        if address == self.addresses.client {
            Side::Client
        } else {
            Side::Server
        }
    }

    /// The state of an end, as the segments imply it.
    pub fn state(&self, side: Side) -> Option<State> {
        self.ends[side].state.map(InferredEnd::state)
    }

    /// Returns the states of both ends.
    pub fn states(&self) -> Ends<Option<State>> {
        Ends::from_fn(|side| self.state(side))
    }

    /// Is it over: has neither end a state that anything could still happen in?
    pub fn is_over(&self) -> bool {
        let is_over = |side: Side| matches!(self.state(side), None | Some(State::Close | State::TimeWait));
        is_over(Side::Client) && is_over(Side::Server)
    }

    /// Does a segment begin another connection between the same addresses?
    pub(super) fn is_followed_by(&self, segment: &Segment) -> bool {
        if !segment.flags.has(Flags::SYN) || segment.flags.has(Flags::ACK) {
            return false;
        }
        let end = &self.ends[self.side_of(segment.source)];
        match (end.first, end.synced) {
            (Some(first), true) => first != segment.seq,
            (Some(_), false) => true,
            // SYNs that cross (RFC 9293, figure 7), unless the other attempt has ended.
            (None, _) => self.start != Start::Syn || self.reset.is_some(),
        }
    }

    /// Takes in a segment of the connection.
    pub(super) fn passed(&mut self, packet: &CapturedPacket, segment: &Segment) -> Note {
        let CapturedPacket { at, ref ip, .. } = *packet;
        let from = self.side_of(segment.source);
        let idle = at.since(self.last);
        let sightings = &mut self.ends[from].sightings;
        let interface = packet.interface;
        let is_seen_again = interface.is_some_and(|interface| sightings.is_seen_again(segment, ip, interface));
        if packet.fate != Some(WireFate::Waits) {
            self.arrives(from, segment);
        }
        let is_copy = packet.fate == Some(WireFate::Copy);
        if is_seen_again || is_copy || self.is_duplicate(from, segment, packet, idle) {
            self.duplicates += 1;
            return Note::Duplicate;
        }
        if packet.fate == Some(WireFate::Forged) && !segment.flags.has(Flags::RST) {
            self.is_handed_forgery(from, segment);
            return Note::None;
        }
        if idle > self.pause.0 {
            self.pause = (idle, at);
        }
        let before = self.last;
        self.last = before.max(at);
        let (flags, to) = (segment.flags, from.other());
        let rst = flags.has(Flags::RST);
        if rst {
            self.is_reset((before, at), from, segment, packet);
        } else if self.reset.is_some_and(|reset| reset.by == to) && segment.len > 0 && idle > Duration::from_millis(1) {
            self.reset_ignored |= !self.ends[from].owes(&self.ends[to]);
        }
        let round_trip = self.round_trip;
        let (own, peer) = self.both_mut(from);
        own.packets += 1;
        own.syns += u32::from(flags.has(Flags::SYN));
        own.resets += u32::from(rst);
        let begins = own.first.is_none() || (flags.has(Flags::SYN) && own.first != Some(segment.seq));
        if begins && !rst {
            own.begin(segment, at);
        }
        let place = if rst {
            Place::New
        } else {
            own.sends(segment, ip.ip_id, at, peer, round_trip)
        };
        if segment.len > 0 && !matches!(place, Place::Again | Place::Copied | Place::Probe) {
            (own.has_data_last, peer.has_data_last) = (true, false);
        }
        let peer_is_closed = peer.is_closed();
        match place {
            Place::Probe if peer_is_closed => own.window_probes += 1,
            Place::Probe => own.keep_alives += 1,
            _ => {}
        }
        match place {
            Place::Probe | Place::Again => own.unanswered += 1,
            _ => {}
        }
        peer.unanswered = if rst { peer.unanswered } else { 0 };
        if segment.len > 0 && !flags.has(Flags::SYN) && peer.first.is_some() {
            let room = peer.offers(own);
            let full = peer
                .last_ack()
                .is_some_and(|ack| segment.end().0 == ack.0.wrapping_add(room));
            own.window_full += u32::from(full && room > 0);
        }
        let control = Flags(Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0);
        let challenges = |(last, _, _): (Flags, u32, MonoTime)| {
            last.has(Flags::SYN) && !last.has(Flags::ACK) || last.has(Flags::RST)
        };
        if segment.len == 0
            && !flags.has(control)
            && peer.last.is_some_and(challenges)
            && own
                .state
                .is_some_and(|end| !matches!(end.state(), State::SynSent | State::Close))
        {
            own.challenge_acks += 1;
        }
        own.acknowledges(segment, at, peer, place);
        if flags.has(Flags::ACK) && !rst {
            peer.is_acknowledged(segment.ack);
        }
        self.duplicates += u32::from(place == Place::Copied);
        let waits = packet.fate == Some(WireFate::Waits);
        self.changes(from, segment, place, waits);
        self.closes(at, from, segment, place);
        let own = &mut self.ends[from];
        own.last = Some((flags, segment.len as u32, at));
        own.last_numbers = (segment.seq, segment.ack);
        own.ip_id = ip.ip_id;
        own.interface = packet.interface;
        if !rst {
            own.ttl = own.ttl.or(ip.ttl);
        }
        self.shakes_hands(at, from, segment);
        Note::None
    }

    /// Both ends, the one that sends first.
    fn both_mut(&mut self, from: Side) -> (&mut End, &mut End) {
        let Ends { client, server } = &mut self.ends;
        match from {
            Side::Client => (client, server),
            Side::Server => (server, client),
        }
    }

    /// Returns whether it is the packet before once more, as a capture on several interfaces sees it.
    ///
    /// The identification tells it. Where there is none (IPv6, and IPv4's SYN,ACK and RST from Linux, which have 0), the same segment at
    /// once on another interface, and nothing from the other end between, is no retransmission: no timer is so short (`TCP_TIMEOUT_MIN`),
    /// and fast retransmit answers an ACK. Acknowledgements alone may repeat themselves.
    fn is_duplicate(&self, from: Side, segment: &Segment, packet: &CapturedPacket, idle: Duration) -> bool {
        const AT_ONCE: Duration = Duration::from_millis(1);
        let (ip, end, other) = (&packet.ip, &self.ends[from], &self.ends[from.other()]);
        let Some((flags, len, last)) = end.last else {
            return false;
        };
        if (flags, len) != (segment.flags, segment.len as u32) {
            return false;
        }
        let id = |id: Option<u16>| id.filter(|id| *id != 0);
        match id(ip.ip_id) {
            Some(_) => id(end.ip_id) == ip.ip_id && idle < Duration::from_millis(5),
            None => {
                let counts = len > 0 || flags.has(Flags(Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0));
                let is_last = other.last.is_none_or(|(.., other)| other <= last);
                let same = end.ip_id == ip.ip_id && end.last_numbers == (segment.seq, segment.ack);
                let elsewhere = end
                    .interface
                    .zip(packet.interface)
                    .is_some_and(|(last, this)| last != this);
                elsewhere && counts && is_last && same && idle < AT_ONCE
            }
        }
    }

    /// Takes in an RST, with what is known before it; the times are those of the packet before it, and of the RST.
    fn is_reset(&mut self, (before, at): (MonoTime, MonoTime), from: Side, segment: &Segment, packet: &CapturedPacket) {
        let forged = packet.fate == Some(WireFate::Forged);
        self.forged += u32::from(forged);
        if self.reset.is_some() {
            return;
        }
        let (own, peer) = (&self.ends[from], &self.ends[from.other()]);
        let answered = peer.last.map_or(Answered::Nothing, |(flags, len, _)| match () {
            () if flags.has(Flags::SYN) && flags.has(Flags::ACK) => Answered::SynAck,
            () if flags.has(Flags::SYN) => Answered::Syn,
            () if len > 0 => Answered::Data,
            () if flags.has(Flags::FIN) => Answered::Fin,
            () => Answered::Ack,
        });
        // What it answers has ended the pause.
        let (pause, ended) = self.pause;
        let idle = at.since(before);
        let is_answer = before == ended && idle < Duration::from_secs(1);
        let ttl = match (packet.ip.ttl, own.ttl) {
            (Some(ttl), Some(usual)) if ttl != usual => Some((ttl, usual)),
            _ => None,
        };
        self.reset = Some(Reset {
            by: from,
            at,
            ack: segment.flags.has(Flags::ACK),
            sender: self.state(from),
            receiver: self.state(from.other()),
            closed: own.fin.is_some(),
            answered,
            had_data: peer.bytes > 0,
            had_data_last: peer.has_data_last,
            had_sent: own.bytes > 0 || own.fin.is_some(),
            is_numbered_0: segment.seq.0 == 0,
            idle: if is_answer { pause } else { idle },
            unanswered: own.unanswered,
            ttl,
            forged,
        });
    }

    /// Takes in what a segment does to the states: it is sent, and as far as is known received.
    fn changes(&mut self, from: Side, segment: &Segment, place: Place, waits: bool) {
        let rst_taken = !segment.flags.has(Flags::RST) || self.takes_reset(from, segment);
        self.reset_ignored |= !rst_taken
            && self
                .reset
                .is_some_and(|reset| reset.at == self.last && reset.by == from);
        self.fins_crossed |= self.crosses(from, segment, place);
        let (own, peer) = self.both_mut(from);
        let flags = segment.flags;
        let fin_end = own.relative(segment.end()).filter(|_| flags.has(Flags::FIN));
        let ack = flags.has(Flags::ACK).then(|| peer.relative(segment.ack)).flatten();
        match InferredEnd::sent(own.state, peer.state, flags, fin_end, ack) {
            SentChange::None => {}
            SentChange::Unknown => own.state = None,
            SentChange::State(end) => own.state = Some(end),
        }
        if waits {
            if self.under_way.len() == UNDER_WAY {
                self.under_way.pop_front();
            }
            self.under_way.push_back((from, segment.clone()));
            return;
        }
        self.taken(from, segment, place, rst_taken);
    }

    /// Takes in a packet that had left its host before, and now comes to the other.
    fn arrives(&mut self, from: Side, segment: &Segment) {
        let is_it = |(side, left): &(Side, Segment)| {
            *side == from
                && (left.flags, left.seq, left.ack, left.len) == (segment.flags, segment.seq, segment.ack, segment.len)
        };
        if let Some(place) = self.under_way.iter().position(is_it) {
            self.under_way.remove(place);
            let rst_taken = !segment.flags.has(Flags::RST) || self.takes_reset(from, segment);
            self.taken(from, segment, Place::New, rst_taken);
        }
    }

    /// Takes in what a packet that no host has sent does to its receiver.
    fn is_handed_forgery(&mut self, from: Side, segment: &Segment) {
        self.forged += 1;
        let (own, peer) = self.both_mut(from);
        let ack = segment
            .flags
            .has(Flags::ACK)
            .then(|| peer.relative(segment.ack))
            .flatten();
        if let Some(end) = peer.state.filter(|_| own.expects(segment.seq)) {
            peer.state = Some(end.received(segment.flags, ack));
        }
    }

    /// Takes in what a segment does to its receiver.
    fn taken(&mut self, from: Side, segment: &Segment, place: Place, rst_taken: bool) {
        let flags = segment.flags;
        let (own, peer) = self.both_mut(from);
        let ack = flags.has(Flags::ACK).then(|| peer.relative(segment.ack)).flatten();
        // A FIN is taken when all before it has come.
        let fin = if own.takes_fin() { Flags::FIN.0 } else { 0 };
        let mut taken = Flags(flags.0 & !Flags::FIN.0 | fin);
        if flags.has(Flags::SYN) && flags.has(Flags::ACK) {
            own.answers_again = place == Place::Again && own.answers_acked;
        } else if !flags.has(Flags::RST) {
            own.answers_again = false;
        }
        peer.answers_acked |= flags.has(Flags::ACK) && peer.synced;
        // Who sends SYN,ACK again has not taken the ACK, or has no room in its accept queue (`tcp_v4_syn_recv_sock`).
        if peer.answers_again {
            taken.0 &= !Flags::ACK.0;
        }
        if let Some(end) = peer.state
            && rst_taken
        {
            peer.state = Some(end.received(taken, ack));
        }
    }

    /// Returns whether it is a FIN that was sent before the other end's came (RFC 9293, figure 13). It does not acknowledge that.
    fn crosses(&self, from: Side, segment: &Segment, place: Place) -> bool {
        let (own, peer) = (&self.ends[from], &self.ends[from.other()]);
        let is_first = segment.flags.has(Flags::FIN) && !matches!(place, Place::Again | Place::Copied);
        let fin = peer.fin().map(|(end, _)| end);
        is_first
            && own.is_in(State::CloseWait)
            && segment.flags.has(Flags::ACK)
            && fin.is_some_and(|end| end != segment.ack)
    }

    /// Does the receiver of an RST take it? Its number must be the next that is expected (RFC 5961, 3.2), and in SYN_SENT it must
    /// acknowledge the SYN (RFC 9293, 3.10.7.3).
    fn takes_reset(&self, from: Side, segment: &Segment) -> bool {
        let (own, peer) = (&self.ends[from], &self.ends[from.other()]);
        if self.state(from.other()) == Some(State::SynSent) {
            let syn = peer.first.map(|first| first.0.wrapping_add(1));
            return segment.flags.has(Flags::ACK) && syn.is_none_or(|ack| ack == segment.ack.0);
        }
        own.first.is_none() && peer.last_ack().is_none()
            || own.expects(segment.seq)
            || peer.last_ack() == Some(segment.seq)
    }

    /// Takes in what a segment says of the end of the connection.
    fn closes(&mut self, at: MonoTime, from: Side, segment: &Segment, place: Place) {
        let fin = segment.flags.has(Flags::FIN);
        if fin && self.first_fin.is_none() {
            self.first_fin = Some((from, at));
            return;
        }
        let Some((by, since)) = self.first_fin.filter(|(by, _)| *by != from) else {
            return;
        };
        if segment.flags.has(Flags::RST) || matches!(place, Place::Again | Place::Copied) {
            return;
        }
        if segment.len > 0 {
            let half = self.half_close.get_or_insert(HalfClose {
                by,
                from: since,
                to: at,
                bytes: 0,
            });
            half.bytes += segment.len as u64;
            half.to = at;
        } else if let (true, Some(half)) = (fin, &mut self.half_close) {
            half.to = at;
        }
    }

    /// Takes in the steps of the handshake.
    fn shakes_hands(&mut self, at: MonoTime, from: Side, segment: &Segment) {
        let flags = segment.flags;
        let is_last = from == Side::Client && flags.has(Flags::ACK) && !flags.has(Flags::SYN) && !flags.has(Flags::RST);
        if self.start != Start::Syn || self.established.is_some() || !is_last || !self.ends.server.synced {
            return;
        }
        self.established = Some(at);
        // That span is the same wherever the capture was taken.
        if self.ends.client.syns == 1 && self.ends.server.syns == 1 {
            self.round_trip = Some(at.since(self.began));
        }
    }

    /// Takes in an ICMP error about a segment that `to` sent.
    pub(super) fn hears(&mut self, icmp: IcmpSeen) {
        self.icmps += 1;
        self.last = self.last.max(icmp.at);
        // It ends an attempt, and is only noted on a connection (`tcp_v4_err`).
        if icmp.error.is_some() && matches!(icmp.state, Some(State::SynSent | State::SynRecv)) {
            self.ends[icmp.to].state = Some(InferredEnd::in_state(State::Close));
        }
        if self.icmp.is_none() {
            self.icmp = Some(icmp);
        }
    }

    /// The connection takes the place of an earlier one between the same addresses: the end that has not heard of it stands where it stood.
    pub(super) fn follows(&mut self, before: &Connection) {
        let old = Ends::from_fn(|side| before.state(before.side_of(self.addresses[side])));
        for side in Side::BOTH {
            self.ends[side].state = old[side].map(InferredEnd::in_state);
        }
        self.reuses = Some((before.no, old));
    }

    /// The capture is over, or the connection is not followed any more.
    pub(super) fn finish(&mut self) {
        let at = self.last;
        for side in Side::BOTH {
            self.ends[side].ends(at);
        }
    }
}
