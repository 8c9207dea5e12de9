//! Connections as their segments have shown them so far: numbers counted from the first, retransmissions recognised, and what each
//! end expects next. Pure; what a kernel really holds it knows best itself.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::net::SocketAddr;

use super::segment::{Flags, Segment, SeqNo, TcpOption};
use finwait_model::hash::QuickMap;

/// A packet's number on the wire, from 1 on; never used twice in one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PacketNo(pub u64);

impl std::fmt::Display for PacketNo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// The relation of a segment to those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowInfo {
    /// The sequence number, counted from the connection's first; none when that was not seen.
    pub seq: Option<u32>,
    /// The acknowledgement, counted likewise; none without ACK.
    pub ack: Option<u32>,
    /// The window in bytes, scaled as both SYNs agreed.
    pub window: Option<u32>,
    /// Whether it is sent again.
    pub again: Option<Retransmission>,
    /// Whether it is sent again although its receiver has had all of it. Its sender does not know.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub had: bool,
    /// The numbers that belong to another connection between the same addresses.
    #[serde(default, skip_serializing_if = "OtherConnection::is_nowhere")]
    pub elsewhere: OtherConnection,
}

/// The numbers of a segment that count from the first of another connection than the newest between its addresses: of an earlier one,
/// or of one whose SYN was made up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherConnection {
    /// The sequence number.
    pub seq: bool,
    /// The acknowledgement.
    pub ack: bool,
}

impl OtherConnection {
    /// Returns whether both are the newest connection's.
    pub const fn is_nowhere(&self) -> bool {
        !self.seq && !self.ack
    }
}

/// The way in which a segment repeats an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Retransmission {
    /// A retransmission: the `nth`, from 1 on, of what packet `of` sent first.
    Retransmit {
        /// The number of the retransmission, from 1 on.
        nth: u32,
        /// The repeated packet; none when that is long ago.
        of: Option<PacketNo>,
    },
    /// An acknowledgement of the byte before the next: a keepalive or zero-window probe (`tcp_xmit_probe_skb`).
    Probe,
}

/// Sequence space that was sent and whose acknowledgement has not arrived.
#[derive(Clone, Copy, Debug)]
struct SentRange {
    seq: SeqNo,
    end: SeqNo,
    no: PacketNo,
    again: u32,
}

/// One direction of a connection.
#[derive(Clone, Debug)]
struct HalfConnection {
    first: SeqNo,
    /// Was the SYN seen? Else `first` is only where we came in.
    synced: bool,
    /// The number after the last byte that was ever sent.
    next: SeqNo,
    /// Was FIN sent?
    finished: bool,
    /// The number after the FIN that has arrived, also a forged one.
    fin_arrived: Option<SeqNo>,
    /// Has the other side begun another connection since, which this one has not taken up?
    stale: bool,
    /// Was the peer's SYN answered, by a SYN,ACK?
    answered: bool,
    /// The oldest first.
    unacknowledged: VecDeque<SentRange>,
    /// The end of what arrived at the other end without a gap.
    arrived: SeqNo,
    /// Ranges that arrived beyond a gap.
    islands: Vec<(SeqNo, SeqNo)>,
    /// The last acknowledgement in this direction that was sent, and the last that arrived.
    ack_sent: Option<SeqNo>,
    ack_arrived: Option<SeqNo>,
    /// The window that was offered last, not scaled, and the scale that its SYN offered.
    window: u16,
    scale: Option<u8>,
}

/// The numbers that a direction of a connection has used: from its first to the one after its last.
#[derive(Clone, Copy, Debug)]
struct SeqRange {
    first: SeqNo,
    next: SeqNo,
}

impl SeqRange {
    /// The place, counted from the first; none for a number outside.
    const fn place(self, number: SeqNo) -> Option<u32> {
        let place = number.relative_to(self.first);
        if place <= self.next.relative_to(self.first) {
            Some(place)
        } else {
            None
        }
    }
}

/// The news that a segment brought to its receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FinProgress {
    /// The sender's FIN, and all that was sent before that.
    pub completes_fin: bool,
    /// Data that begins before a FIN which has come already, and goes on behind it: the FIN was made up.
    pub overruns_fin: bool,
}

/// A number, counted from the first of its connection.
#[derive(Clone, Copy)]
struct RelativeNumber {
    number: u32,
    elsewhere: bool,
}

/// The place of a number that no connection has used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum UnusedNumber {
    /// The number counts in the newest connection, from before its first number or behind its last.
    Counts,
    /// The same, but only near behind its last.
    Near,
}

/// The distance behind a connection's first number at which an RST's still counts as near: far more than a lab sends.
const NEAR: u32 = 1 << 24;

/// Connections between the same addresses before the newest that are remembered.
const EARLIER: usize = 4;
/// Islands that are remembered; beyond that the oldest go.
const ISLANDS: usize = 64;
/// Connections that are remembered.
const CONNECTIONS: usize = 4096;
/// The most of the oldest connections that are looked at for one that has ended, to be forgotten.
const LOOKED_AT: usize = 256;
/// Unacknowledged segments that are remembered, for each direction.
const UNACKNOWLEDGED: usize = 4096;

/// One direction: who sends, who receives.
pub type Direction = (SocketAddr, SocketAddr);

/// The traffic one way between two addresses.
#[derive(Debug, Default)]
struct Way {
    /// The newest connection.
    half: Option<HalfConnection>,
    /// Earlier traffic, the newest last: earlier connections, and SYNs that were made up.
    earlier: VecDeque<SeqRange>,
}

/// The traffic between two addresses, either way: found once for each segment.
#[derive(Debug, Default)]
struct Pair {
    /// The way from the lower address to the higher, and the way back.
    ways: [Way; 2],
}

/// The two addresses of a [`Pair`], the lower first, and which of its ways a direction is.
#[derive(Clone, Copy)]
struct Place {
    pair: Direction,
    way: usize,
}

impl Place {
    fn of((source, destination): Direction) -> Place {
        if source <= destination {
            Place {
                pair: (source, destination),
                way: 0,
            }
        } else {
            Place {
                pair: (destination, source),
                way: 1,
            }
        }
    }
}

impl Pair {
    /// Have both sides of the newest connection sent a FIN?
    fn has_ended(&self) -> bool {
        let has_sent_fin = |way: &Way| way.half.as_ref().is_some_and(|half| half.finished);
        self.ways.iter().all(has_sent_fin)
    }

    /// A way, and the way back.
    const fn ways(&self, way: usize) -> (&Way, &Way) {
        let [up, down] = &self.ways;
        if way == 0 { (up, down) } else { (down, up) }
    }

    const fn ways_mut(&mut self, way: usize) -> (&mut Way, &mut Way) {
        let [up, down] = &mut self.ways;
        if way == 0 { (up, down) } else { (down, up) }
    }
}

/// Every connection whose segments passed.
#[derive(Debug, Default)]
pub struct Flows {
    pairs: QuickMap<Direction, Pair>,
    /// The pairs in the order in which they were first seen.
    order: VecDeque<Direction>,
    last: Option<Direction>,
}

/// The numbers that one end of a connection would accept and has sent, for those who speak in the other's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiveState {
    /// The next byte that it has not received (RCV.NXT).
    pub next: SeqNo,
    /// The bytes from there on that it would take (RCV.WND).
    pub window: u32,
    /// The number after the last byte that it sent (SND.NXT).
    pub sent: SeqNo,
    /// The first byte that it sent and has no acknowledgement of (SND.UNA).
    pub unacknowledged: SeqNo,
    /// The first number of the other end (IRS); the end's own first number where that one has not spoken.
    pub peer_first: SeqNo,
}

/// Is `a` before `b`, as far as that is known of numbers that wrap?
pub(crate) const fn before(a: SeqNo, b: SeqNo) -> bool {
    (a.0.wrapping_sub(b.0) as i32) < 0
}

const fn later(a: SeqNo, b: SeqNo) -> SeqNo {
    if before(a, b) { b } else { a }
}

impl Segment {
    /// The length in sequence space, modulo 2^32: the payload, and one for SYN and FIN each (RFC 9293, 3.4).
    pub const fn span(&self) -> u32 {
        let flags = self.flags.has(Flags::SYN) as u32 + self.flags.has(Flags::FIN) as u32;
        (self.len as u32).wrapping_add(flags)
    }

    /// The number after its last.
    pub const fn end(&self) -> SeqNo {
        SeqNo(self.seq.0.wrapping_add(self.span()))
    }

    /// The sender and the receiver.
    pub const fn way(&self) -> Direction {
        (self.source, self.destination)
    }
}

impl HalfConnection {
    fn new(segment: &Segment) -> HalfConnection {
        let synced = segment.flags.has(Flags::SYN);
        HalfConnection {
            first: segment.seq,
            synced,
            next: segment.seq,
            finished: false,
            fin_arrived: None,
            stale: false,
            answered: false,
            unacknowledged: VecDeque::new(),
            arrived: segment.seq,
            islands: Vec::new(),
            ack_sent: None,
            ack_arrived: None,
            window: segment.window,
            scale: segment.options.iter().find_map(|option| match option {
                TcpOption::WindowScale(shift) => Some(*shift),
                _ => None,
            }),
        }
    }

    /// Records what is sent; is it something that was sent before?
    fn send(&mut self, no: PacketNo, segment: &Segment) -> Option<Retransmission> {
        let (seq, end) = (segment.seq, segment.end());
        self.finished |= segment.flags.has(Flags::FIN);
        // In a simultaneous open the SYN is sent again to acknowledge the other's: that is not for want of an answer.
        let answers = segment.flags.has(Flags::SYN) && segment.flags.has(Flags::ACK);
        if answers && !std::mem::replace(&mut self.answered, true) && seq == self.first && before(seq, self.next) {
            return None;
        }
        if segment.span() == 0 {
            let probe = segment.flags.has(Flags::ACK)
                && !segment.flags.has(Flags::RST)
                && self.next.relative_to(self.first) > 0
                && seq.0 == self.next.0.wrapping_sub(1);
            return probe.then_some(Retransmission::Probe);
        }
        if before(seq, self.next) {
            self.next = later(self.next, end);
            return Some(self.sent_again(seq, end));
        }
        self.next = end;
        self.forget_oldest(UNACKNOWLEDGED - 1);
        self.unacknowledged.push_back(SentRange { seq, end, no, again: 0 });
        None
    }

    /// Forgets the oldest of what was sent, down to `most` ranges.
    fn forget_oldest(&mut self, most: usize) {
        while self.unacknowledged.len() > most {
            self.unacknowledged.pop_front();
        }
    }

    /// Notes that what is from `seq` on is sent once more. It may be cut differently, and of a super-segment only a part is: each part is
    /// counted by itself (`tcp_retransmit_skb`, `tcp_fragment`).
    fn sent_again(&mut self, seq: SeqNo, end: SeqNo) -> Retransmission {
        let begins_there = |sent: &SentRange| !before(seq, sent.seq) && before(seq, sent.end);
        let Some(at) = self.unacknowledged.iter().position(begins_there) else {
            return Retransmission::Retransmit { nth: 1, of: None };
        };
        let whole = self.unacknowledged[at];
        let part = SentRange {
            seq,
            end: if before(end, whole.end) { end } else { whole.end },
            again: whole.again + 1,
            ..whole
        };
        self.unacknowledged[at] = part;
        if before(part.end, whole.end) {
            let seq = part.end;
            self.unacknowledged.insert(at + 1, SentRange { seq, ..whole });
        }
        if before(whole.seq, part.seq) {
            let end = part.seq;
            self.unacknowledged.insert(at, SentRange { end, ..whole });
        }
        self.forget_oldest(UNACKNOWLEDGED);
        Retransmission::Retransmit {
            nth: part.again,
            of: Some(part.no),
        }
    }

    const fn span(&self) -> SeqRange {
        SeqRange {
            first: self.first,
            next: self.next,
        }
    }

    /// Records what arrived.
    fn arrived(&mut self, segment: &Segment) -> FinProgress {
        let fin = u32::from(segment.flags.has(Flags::FIN));
        let data_end = SeqNo(segment.end().0.wrapping_sub(fin));
        let overruns_fin = self
            .fin_arrived
            .is_some_and(|end| !before(self.arrived, end) && before(segment.seq, end) && before(end, data_end));
        if segment.flags.has(Flags::FIN) {
            self.fin_arrived = Some(segment.end());
        }
        let before_it = self.arrived;
        self.arrive(segment.seq, segment.end());
        let completes_fin = self
            .fin_arrived
            .is_some_and(|end| before(before_it, end) && !before(self.arrived, end));
        FinProgress {
            completes_fin,
            overruns_fin,
        }
    }

    /// Has all of a segment arrived, with all before it or beyond a gap?
    fn has_arrived(&self, segment: &Segment) -> bool {
        let (seq, end) = (segment.seq, segment.end());
        let is_in = |(from, to): &(SeqNo, SeqNo)| !before(seq, *from) && !before(*to, end);
        !before(self.arrived, end) || self.islands.iter().any(is_in)
    }

    fn arrive(&mut self, seq: SeqNo, end: SeqNo) {
        if before(self.arrived, seq) {
            if self.islands.len() == ISLANDS {
                self.islands.remove(0);
            }
            self.islands.push((seq, end));
            return;
        }
        self.arrived = later(self.arrived, end);
        while let Some(place) = self.islands.iter().position(|(seq, _)| !before(self.arrived, *seq)) {
            let (_, end) = self.islands.swap_remove(place);
            self.arrived = later(self.arrived, end);
        }
    }
}

impl Way {
    /// The newest connection gives its place to another.
    fn retire(&mut self) {
        if let Some(half) = self.half.take().filter(|half| half.synced) {
            self.remember_span(half.span());
        }
    }

    fn remember_span(&mut self, span: SeqRange) {
        if self.earlier.len() == EARLIER {
            self.earlier.pop_front();
        }
        self.earlier.push_back(span);
    }

    /// The place of a number among those that went this way before the newest connection.
    fn place_earlier(&self, number: SeqNo) -> Option<u32> {
        self.earlier.iter().rev().find_map(|span| span.place(number))
    }

    /// Is that number one of an earlier connection, and none of the newest?
    fn is_left_over(&self, number: SeqNo) -> bool {
        let half = self.half.as_ref();
        half.is_some_and(|half| half.span().place(number).is_none()) && self.place_earlier(number).is_some()
    }

    /// Is that number none of any connection that went this way, though one did?
    fn is_new(&self, number: SeqNo) -> bool {
        let half = self.half.as_ref().filter(|half| half.synced);
        half.is_some_and(|half| half.span().place(number).is_none()) && self.place_earlier(number).is_none()
    }

    /// A number that goes this way, or acknowledges what went, counted from the first of its connection; none when that was not seen.
    fn counted(&self, number: SeqNo, beyond: UnusedNumber) -> Option<RelativeNumber> {
        let half = self.half.as_ref().filter(|half| half.synced)?;
        let elsewhere = half.stale;
        if let Some(number) = half.span().place(number) {
            return Some(RelativeNumber { number, elsewhere });
        }
        if let Some(number) = self.place_earlier(number) {
            return Some(RelativeNumber {
                number,
                elsewhere: true,
            });
        }
        let place = number.relative_to(half.first);
        let counts = match beyond {
            UnusedNumber::Counts => true,
            UnusedNumber::Near => number.0 != 0 && place < NEAR,
        };
        (!half.stale && counts).then_some(RelativeNumber {
            number: place,
            elsewhere,
        })
    }

    /// The relation that a segment this way has to those before it; `back` is what went the other way.
    fn seen(&self, back: &Way, segment: &Segment, beyond: UnusedNumber) -> FlowInfo {
        let begins = segment.flags.has(Flags::SYN) && self.is_new(segment.seq);
        let seq = if begins {
            Some(RelativeNumber {
                number: 0,
                elsewhere: true,
            })
        } else {
            self.counted(segment.seq, beyond)
        };
        let ack = segment
            .flags
            .has(Flags::ACK)
            .then(|| back.counted(segment.ack, beyond))
            .flatten();
        FlowInfo {
            seq: seq.map(|seq| seq.number),
            ack: ack.map(|ack| ack.number),
            elsewhere: OtherConnection {
                seq: seq.is_some_and(|seq| seq.elsewhere),
                ack: ack.is_some_and(|ack| ack.elsewhere),
            },
            ..FlowInfo::default()
        }
    }

    /// The connection whose numbers a segment has that its host sends. A RST answers whatever came, with the numbers that this had: they
    /// are a connection's only where that one has used them, or nearly (RFC 9293, 3.10.7.1; nought where it has none).
    fn seen_of_host(&self, back: &Way, segment: &Segment) -> FlowInfo {
        let beyond = if segment.flags.has(Flags::RST) {
            UnusedNumber::Near
        } else {
            UnusedNumber::Counts
        };
        self.seen(back, segment, beyond)
    }
}

impl Flows {
    /// A segment leaves its host.
    pub fn sent(&mut self, no: PacketNo, segment: &Segment) -> FlowInfo {
        let place = Place::of(segment.way());
        // A lone reset says nothing of a connection.
        if segment.flags.has(Flags::RST) && !self.pairs.contains_key(&place.pair) {
            return FlowInfo::default();
        }
        let syn = segment.flags.has(Flags::SYN);
        let (way, back) = self.remembered(place).ways_mut(place.way);
        // A SYN with another number begins a connection anew, which the other side does not know yet; unless both have just sent one
        // (simultaneous open).
        let numbers = way.half.as_ref().map(|half| (half.first, half.synced, half.stale));
        if let Some((first, synced, stale)) = numbers
            && syn
            && (!synced || first != segment.seq)
        {
            way.retire();
            let back = back.half.as_mut();
            if let Some(back) = back.filter(|_| !stale && !segment.flags.has(Flags::ACK)) {
                back.stale = true;
            }
        }
        // What is left of an earlier connection says nothing of this one; nor does a lone reset.
        if way.is_left_over(segment.seq) || way.half.is_none() && segment.flags.has(Flags::RST) {
            return way.seen_of_host(back, segment);
        }
        let half = way.half.get_or_insert_with(|| HalfConnection::new(segment));
        let scale = match (syn, back.half.as_ref().map(|half| half.scale)) {
            // A SYN's own window is never scaled (RFC 7323, 2.2).
            (true, _) => Some(0),
            (false, Some(Some(_))) => half.scale,
            (false, Some(None)) => Some(0),
            (false, None) => None,
        };
        let again = half.send(no, segment);
        half.window = segment.window;
        if segment.flags.has(Flags::ACK) {
            half.ack_sent = Some(half.ack_sent.map_or(segment.ack, |ack| later(ack, segment.ack)));
        }
        let had = matches!(again, Some(Retransmission::Retransmit { .. })) && half.has_arrived(segment);
        let seen = FlowInfo {
            window: scale.map(|scale| u32::from(segment.window) << scale.min(14)),
            again,
            had,
            ..way.seen_of_host(back, segment)
        };
        self.last = Some(segment.way());
        seen
    }

    /// The relation that a segment would have to those before it, without its being one of them: a forged one.
    pub fn look(&self, segment: &Segment) -> FlowInfo {
        self.ways(segment.way()).map_or_else(FlowInfo::default, |(way, back)| {
            way.seen(back, segment, UnusedNumber::Counts)
        })
    }

    /// Has more reached `receiver` from `sender` than it has sent acknowledgements of? None where nothing of that connection was seen.
    pub fn owes_acknowledgement(&self, receiver: SocketAddr, sender: SocketAddr) -> Option<bool> {
        let (way, back) = self.ways((sender, receiver))?;
        let sent = way.half.as_ref()?;
        let acknowledged = back.half.as_ref().and_then(|half| half.ack_sent);
        Some(before(acknowledged.unwrap_or(sent.first), sent.arrived))
    }

    /// A segment has reached the other host: what has come with it.
    pub fn arrived(&mut self, segment: &Segment) -> FinProgress {
        let place = Place::of(segment.way());
        let syn = segment.flags.has(Flags::SYN);
        let pair = if syn {
            self.remembered(place)
        } else if let Some(pair) = self.pairs.get_mut(&place.pair) {
            pair
        } else {
            return FinProgress::default();
        };
        let (way, back) = pair.ways_mut(place.way);
        // Only one that was made up has not been sent.
        if syn && (way.half.is_none() || way.is_new(segment.seq)) {
            way.remember_span(SeqRange {
                first: segment.seq,
                next: segment.end(),
            });
        }
        if way.is_left_over(segment.seq) {
            return FinProgress::default();
        }
        let mut came = FinProgress::default();
        let mut stale = false;
        if let Some(half) = &mut way.half {
            came = half.arrived(segment);
            stale = half.stale;
            if segment.flags.has(Flags::ACK) {
                half.ack_arrived = Some(half.ack_arrived.map_or(segment.ack, |ack| later(ack, segment.ack)));
            }
        }
        if segment.flags.has(Flags::ACK)
            && !stale
            && let Some(back) = &mut back.half
        {
            while back
                .unacknowledged
                .front()
                .is_some_and(|sent| !before(segment.ack, sent.end))
            {
                back.unacknowledged.pop_front();
            }
        }
        came
    }

    /// Does a segment acknowledge its receiver's FIN?
    pub fn acknowledges_fin(&self, segment: &Segment) -> bool {
        let back = self.ways(segment.way()).and_then(|(_, back)| back.half.as_ref());
        segment.flags.has(Flags::ACK) && back.is_some_and(|half| half.finished && half.next == segment.ack)
    }

    /// Has the FIN of a segment's sender arrived, but not all that was sent before it?
    pub fn owes_before_fin(&self, segment: &Segment) -> bool {
        let half = self.ways(segment.way()).and_then(|(way, _)| way.half.as_ref());
        half.is_some_and(|half| half.fin_arrived.is_some_and(|end| before(half.arrived, end)))
    }

    /// The numbers that the end at `local` expects from the one at `peer`; none when it has said nothing.
    pub fn expects(&self, local: SocketAddr, peer: SocketAddr) -> Option<ReceiveState> {
        let (own, theirs) = self.ways((local, peer))?;
        let own = own.half.as_ref()?;
        // What the other side says of a connection that this end does not know, or does not know any more, is not expected here.
        let theirs = theirs.half.as_ref().filter(|theirs| !own.stale && !theirs.stale);
        let scale = match theirs {
            Some(theirs) if theirs.scale.is_some() => own.scale.unwrap_or(0),
            _ => 0,
        };
        let next = match (own.ack_sent, theirs) {
            (Some(ack), Some(theirs)) => later(ack, theirs.arrived),
            (Some(ack), None) => ack,
            (None, Some(theirs)) => theirs.arrived,
            (None, None) => SeqNo(0),
        };
        Some(ReceiveState {
            next,
            window: u32::from(own.window) << scale.min(14),
            sent: own.next,
            unacknowledged: theirs.and_then(|theirs| theirs.ack_arrived).unwrap_or(own.first),
            peer_first: theirs.map_or(SeqNo(0), |theirs| theirs.first),
        })
    }

    /// Sender and receiver of the last segment.
    pub const fn last(&self) -> Option<Direction> {
        self.last
    }

    /// Returns the traffic of a way, and of the way back; none where there was none on either.
    fn ways(&self, direction: Direction) -> Option<(&Way, &Way)> {
        let place = Place::of(direction);
        Some(self.pairs.get(&place.pair)?.ways(place.way))
    }

    /// Returns the traffic between two addresses; a new pair takes the place of the oldest whose connection has ended, when there are many; of
    /// the oldest, where none of the first few has.
    fn remembered(&mut self, place: Place) -> &mut Pair {
        let Flows { pairs, order, .. } = self;
        let make = |order: &mut VecDeque<Direction>| {
            order.push_back(place.pair);
            Pair::default()
        };
        if order.len() == CONNECTIONS && !pairs.contains_key(&place.pair) {
            let has_ended = |pair: &Direction| pairs.get(pair).is_none_or(Pair::has_ended);
            if let Some(ended) = order.iter().take(LOOKED_AT).position(has_ended) {
                // What goes on is not looked at again soon.
                order.rotate_left(ended);
            }
            order.pop_front().map(|oldest| pairs.remove(&oldest));
        }
        pairs.entry(place.pair).or_insert_with(|| make(order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use finwait_model::call::Bytes;
    use proptest::prelude::*;

    fn segment(from_client: bool, flags: Flags, seq: u32, ack: u32, len: usize) -> Segment {
        let (client, server) = ("10.0.0.1:1000".parse().unwrap(), "10.0.0.2:80".parse().unwrap());
        let (source, destination) = if from_client {
            (client, server)
        } else {
            (server, client)
        };
        Segment {
            source,
            destination,
            flags,
            seq: SeqNo(seq),
            ack: SeqNo(ack),
            window: 500,
            urgent: 0,
            options: if flags.has(Flags::SYN) {
                vec![TcpOption::WindowScale(7)]
            } else {
                Vec::new()
            },
            len,
            payload: Bytes(vec![b'x'; len.min(64)]),
        }
    }

    const SYN_ACK: Flags = Flags(Flags::SYN.0 | Flags::ACK.0);
    const FIN_ACK: Flags = Flags(Flags::FIN.0 | Flags::ACK.0);

    /// A connection whose first numbers are 4294967290 and 100: the first wraps soon.
    fn connected() -> Flows {
        let mut flows = Flows::default();
        for (no, segment) in [
            segment(true, Flags::SYN, u32::MAX - 5, 0, 0),
            segment(false, SYN_ACK, 100, u32::MAX - 4, 0),
            segment(true, Flags::ACK, u32::MAX - 4, 101, 0),
        ]
        .iter()
        .enumerate()
        {
            flows.sent(PacketNo(no as u64 + 1), segment);
            flows.arrived(segment);
        }
        flows
    }

    /// A part of a range leaves two others beside it.
    #[test]
    fn what_is_sent_again_in_ever_smaller_parts_is_remembered_in_bounded_memory() {
        let mut flows = connected();
        let first = u32::MAX - 4;
        let bytes = 4 * UNACKNOWLEDGED;
        flows.sent(PacketNo(4), &segment(true, Flags::ACK, first, 101, bytes));
        for byte in (1..bytes as u32).step_by(2) {
            flows.sent(
                PacketNo(5),
                &segment(true, Flags::ACK, first.wrapping_add(byte), 101, 1),
            );
        }
        let ways = flows.pairs.values().flat_map(|pair| &pair.ways);
        let remembered = ways
            .filter_map(|way| way.half.as_ref())
            .map(|half| half.unacknowledged.len());
        assert_eq!(remembered.max(), Some(UNACKNOWLEDGED));
    }

    /// The numbers count modulo 2^32, also those of what no kernel sends.
    #[test]
    fn a_segment_of_any_length_has_its_place() {
        let fin = Flags(SYN_ACK.0 | Flags::FIN.0);
        for len in [u32::MAX as usize - 1, u32::MAX as usize, usize::MAX] {
            for flags in [Flags::ACK, SYN_ACK, FIN_ACK, fin] {
                let mut flows = connected();
                let segment = segment(true, flags, u32::MAX, 101, len);
                flows.sent(PacketNo(4), &segment);
                flows.arrived(&segment);
                assert_eq!(segment.end().0.wrapping_sub(segment.seq.0), segment.span());
            }
        }
    }

    /// As of a super-segment, or after the path's MTU has shrunk.
    #[test]
    fn each_part_of_what_is_sent_again_in_parts_is_counted_by_itself() {
        let mut flows = connected();
        let start = u32::MAX - 4;
        flows.sent(PacketNo(4), &segment(true, Flags::ACK, start, 101, 300));
        let again = |flows: &mut Flows, no, from: u32, len| {
            let seq = start.wrapping_add(from);
            let seen = flows.sent(PacketNo(no), &segment(true, Flags::ACK, seq, 101, len));
            match seen.again {
                Some(Retransmission::Retransmit { nth, of }) => (nth, of),
                other => panic!("{other:?}"),
            }
        };
        let of = Some(PacketNo(4));
        assert_eq!(again(&mut flows, 5, 0, 100), (1, of));
        assert_eq!(again(&mut flows, 6, 0, 100), (2, of));
        assert_eq!(again(&mut flows, 7, 100, 100), (1, of));
        assert_eq!(again(&mut flows, 8, 200, 100), (1, of));
        // Cut once more, and otherwise.
        assert_eq!(again(&mut flows, 9, 50, 50), (3, of));
        assert_eq!(again(&mut flows, 10, 0, 50), (3, of));
        assert_eq!(again(&mut flows, 11, 150, 100), (2, of));
        assert_eq!(again(&mut flows, 12, 200, 100), (2, of));
        flows.arrived(&segment(false, Flags::ACK, 101, start.wrapping_add(300), 0));
        assert_eq!(again(&mut flows, 13, 200, 100), (1, None));
    }

    #[test]
    fn the_oldest_of_many_pairs_of_addresses_is_forgotten_whichever_way_it_spoke() {
        let mut flows = Flows::default();
        let syn = |port: u16, reply: bool| {
            let mut syn = segment(!reply, if reply { SYN_ACK } else { Flags::SYN }, 100, 101, 0);
            if reply { &mut syn.destination } else { &mut syn.source }.set_port(port);
            syn
        };
        for port in 0..=CONNECTIONS as u16 {
            flows.sent(PacketNo(1), &syn(port, false));
            flows.sent(PacketNo(2), &syn(port, true));
        }
        assert_eq!((flows.pairs.len(), flows.order.len()), (CONNECTIONS, CONNECTIONS));
        assert_eq!(flows.look(&syn(0, false)).seq, None);
        assert_eq!(flows.look(&syn(1, false)).seq, Some(0));
    }

    #[test]
    fn connections_that_go_on_are_remembered_while_thousands_begin_and_end() {
        let mut flows = Flows::default();
        let at = |port: u16, from_client: bool, flags: Flags, seq: u32| {
            let mut segment = segment(from_client, flags, seq, 1000, 0);
            if from_client {
                &mut segment.source
            } else {
                &mut segment.destination
            }
            .set_port(port);
            segment
        };
        let living = 1..=200;
        let opens = |flows: &mut Flows, port: u16| {
            flows.sent(PacketNo(1), &at(port, true, Flags::SYN, 100));
            flows.sent(PacketNo(2), &at(port, false, SYN_ACK, 500));
        };
        living.clone().for_each(|port| opens(&mut flows, port));
        for port in 1000..1000 + 3 * CONNECTIONS as u16 {
            opens(&mut flows, port);
            flows.sent(PacketNo(3), &at(port, true, FIN_ACK, 101));
            flows.sent(PacketNo(4), &at(port, false, FIN_ACK, 501));
        }
        for port in living {
            assert_eq!(flows.look(&at(port, true, Flags::ACK, 107)).seq, Some(7), "{port}");
        }
        assert_eq!((flows.pairs.len(), flows.order.len()), (CONNECTIONS, CONNECTIONS));
    }

    #[test]
    fn numbers_are_counted_from_the_syn_and_windows_scaled_as_agreed() {
        let mut flows = connected();
        let seen = flows.sent(
            PacketNo(4),
            &segment(true, Flags::ACK, (u32::MAX - 4).wrapping_add(10), 101, 3),
        );
        assert_eq!((seen.seq, seen.ack, seen.again), (Some(11), Some(1), None));
        assert_eq!(seen.window, Some(500 << 7));
    }

    #[test]
    fn a_retransmission_is_counted_and_names_what_it_repeats() {
        let mut flows = connected();
        let data = segment(false, Flags::ACK, 101, u32::MAX - 4, 5);
        assert_eq!(flows.sent(PacketNo(4), &data).again, None);
        for nth in 1..=2 {
            let of = Some(PacketNo(4));
            assert_eq!(
                flows.sent(PacketNo(4 + u64::from(nth)), &data).again,
                Some(Retransmission::Retransmit { nth, of })
            );
        }
        flows.arrived(&segment(true, Flags::ACK, u32::MAX - 4, 106, 0));
        let fin = segment(false, FIN_ACK, 106, u32::MAX - 4, 0);
        assert_eq!(flows.sent(PacketNo(7), &fin).again, None);
        assert_eq!(
            flows.sent(PacketNo(8), &fin).again,
            Some(Retransmission::Retransmit {
                nth: 1,
                of: Some(PacketNo(7))
            })
        );
    }

    #[test]
    fn a_probe_is_told_from_an_acknowledgement() {
        let mut flows = connected();
        assert_eq!(
            flows
                .sent(PacketNo(4), &segment(false, Flags::ACK, 101, u32::MAX - 4, 0))
                .again,
            None
        );
        assert_eq!(
            flows
                .sent(PacketNo(5), &segment(false, Flags::ACK, 100, u32::MAX - 4, 0))
                .again,
            Some(Retransmission::Probe)
        );
    }

    #[test]
    fn an_end_expects_what_has_not_arrived_in_order() {
        let mut flows = connected();
        let (client, server) = ("10.0.0.1:1000".parse().unwrap(), "10.0.0.2:80".parse().unwrap());
        let second = segment(false, Flags::ACK, 106, u32::MAX - 4, 5);
        flows.sent(PacketNo(4), &segment(false, Flags::ACK, 101, u32::MAX - 4, 5));
        flows.sent(PacketNo(5), &second);
        flows.arrived(&second);
        assert_eq!(flows.expects(client, server).unwrap().next, SeqNo(101));
        flows.arrived(&segment(false, Flags::ACK, 101, u32::MAX - 4, 5));
        let expects = flows.expects(client, server).unwrap();
        assert_eq!((expects.next, expects.window), (SeqNo(111), 500 << 7));
        assert_eq!(expects.peer_first, SeqNo(100));
        assert_eq!(flows.expects(server, client).unwrap().unacknowledged, SeqNo(101));
    }

    #[test]
    fn a_connection_begins_anew_with_another_syn() {
        let mut flows = connected();
        let seen = flows.sent(PacketNo(9), &segment(true, Flags::SYN, 7_000, 0, 0));
        assert_eq!((seen.seq, seen.again), (Some(0), None));
        let again = flows.sent(PacketNo(10), &segment(true, Flags::SYN, 7_000, 0, 0)).again;
        assert_eq!(
            again,
            Some(Retransmission::Retransmit {
                nth: 1,
                of: Some(PacketNo(9))
            })
        );
    }

    /// The client's numbers and the server's, of a connection that both have closed to half: 1,000 and 9,000 are the first.
    fn half_closed() -> Flows {
        let mut flows = Flows::default();
        for (no, segment) in [
            segment(true, Flags::SYN, 1_000, 0, 0),
            segment(false, SYN_ACK, 9_000, 1_001, 0),
            segment(true, FIN_ACK, 1_001, 9_001, 0),
            segment(false, Flags::ACK, 9_001, 1_002, 0),
        ]
        .iter()
        .enumerate()
        {
            flows.sent(PacketNo(no as u64 + 1), segment);
            flows.arrived(segment);
        }
        flows
    }

    /// As `tcp_twsk_unique` has it: 65,537 after the last.
    const ANEW: u32 = 1_002 + 65_537;

    const OWN: [bool; 2] = [false, false];

    /// Both numbers, and whether each is another connection's.
    fn numbers(seen: FlowInfo) -> (Option<u32>, Option<u32>, [bool; 2]) {
        let OtherConnection { seq, ack } = seen.elsewhere;
        (seen.seq, seen.ack, [seq, ack])
    }

    /// A connect takes the place of an orphan in FIN_WAIT2: the server, in CLOSE_WAIT, knows nothing of it.
    #[test]
    fn what_answers_a_syn_with_the_numbers_of_an_earlier_connection_is_counted_from_that() {
        let mut flows = half_closed();
        let mut sends = |no: u64, segment: Segment| {
            let seen = flows.sent(PacketNo(no), &segment);
            flows.arrived(&segment);
            numbers(seen)
        };
        assert_eq!(sends(5, segment(true, Flags::SYN, ANEW, 0, 0)), (Some(0), None, OWN));
        assert_eq!(
            sends(6, segment(false, Flags::ACK, 9_001, 1_002, 0)),
            (Some(1), Some(2), [true, true])
        );
        assert_eq!(
            sends(7, segment(true, Flags::RST, 1_002, 0, 0)),
            (Some(2), None, [true, false])
        );
        assert_eq!(sends(8, segment(true, Flags::SYN, ANEW, 0, 0)), (Some(0), None, OWN));
        assert_eq!(
            sends(9, segment(false, SYN_ACK, 77, ANEW + 1, 0)),
            (Some(0), Some(1), OWN)
        );
        assert_eq!(
            sends(10, segment(true, Flags::ACK, ANEW + 1, 78, 0)),
            (Some(1), Some(1), OWN)
        );
    }

    #[test]
    fn what_an_end_expects_is_of_the_connection_that_it_knows() {
        let mut flows = half_closed();
        let (client, server) = ("10.0.0.1:1000".parse().unwrap(), "10.0.0.2:80".parse().unwrap());
        let syn = segment(true, Flags::SYN, ANEW, 0, 0);
        flows.sent(PacketNo(5), &syn);
        assert_eq!(flows.arrived(&syn), FinProgress::default());
        assert_eq!(flows.expects(server, client).unwrap().next, SeqNo(1_002));
        assert_eq!(flows.expects(client, server).unwrap().unacknowledged, SeqNo(ANEW));
    }

    /// The answer of a host that knows no such connection: RST, its number nought.
    #[test]
    fn a_refusal_has_no_number_of_a_connection() {
        let mut flows = half_closed();
        let rst = segment(false, Flags(Flags::RST.0 | Flags::ACK.0), 0, 1_002, 0);
        assert_eq!(numbers(flows.sent(PacketNo(5), &rst)), (None, Some(2), OWN));
        flows.sent(PacketNo(5), &segment(true, Flags::SYN, ANEW, 0, 0));
        let rst = segment(false, Flags(Flags::RST.0 | Flags::ACK.0), 0, ANEW + 1, 0);
        assert_eq!(numbers(flows.sent(PacketNo(6), &rst)), (None, Some(1), OWN));
    }

    #[test]
    fn syns_that_cross_begin_one_connection_anew() {
        let mut flows = half_closed();
        let mut sends = |segment: Segment| numbers(flows.sent(PacketNo(9), &segment));
        assert_eq!(sends(segment(true, Flags::SYN, ANEW, 0, 0)), (Some(0), None, OWN));
        assert_eq!(sends(segment(false, Flags::SYN, 70_000, 0, 0)), (Some(0), None, OWN));
        assert_eq!(sends(segment(true, SYN_ACK, ANEW, 70_001, 0)), (Some(0), Some(1), OWN));
        assert_eq!(
            sends(segment(false, SYN_ACK, 70_000, ANEW + 1, 0)),
            (Some(0), Some(1), OWN)
        );
    }

    #[test]
    fn a_forged_syn_is_the_first_of_its_own_connection() {
        let mut flows = half_closed();
        let syn = segment(true, Flags::SYN, 1_000_u32.wrapping_sub(100_000), 0, 0);
        assert_eq!(numbers(flows.look(&syn)), (Some(0), None, [true, false]));
        flows.arrived(&syn);
        let answer = segment(false, SYN_ACK, 60_000, syn.seq.0.wrapping_add(1), 0);
        assert_eq!(
            numbers(flows.sent(PacketNo(5), &answer)),
            (Some(0), Some(1), [false, true])
        );
    }

    #[test]
    fn what_answers_a_forged_syn_is_no_answer_to_the_one_that_comes_later() {
        let mut flows = Flows::default();
        let forged = segment(false, Flags::SYN, 90, 0, 0);
        flows.sent(PacketNo(1), &segment(true, Flags::SYN, 1_000, 0, 0));
        flows.arrived(&forged);
        flows.sent(PacketNo(2), &segment(false, SYN_ACK, 9_000, 1_001, 0));
        let answer = segment(true, Flags::ACK, 1_001, 91, 0);
        assert_eq!(
            numbers(flows.sent(PacketNo(3), &answer)),
            (Some(1), Some(1), [false, true])
        );
    }

    #[test]
    fn a_fin_has_come_when_all_before_it_has() {
        let mut flows = connected();
        let fin = segment(false, FIN_ACK, 106, u32::MAX - 4, 0);
        let data = segment(false, Flags::ACK, 101, u32::MAX - 4, 5);
        flows.sent(PacketNo(4), &data);
        flows.sent(PacketNo(5), &fin);
        assert!(!flows.arrived(&fin).completes_fin, "data is missing");
        assert!(flows.arrived(&data).completes_fin, "it fills the gap");
        assert!(!flows.arrived(&data).completes_fin, "it had come already");
    }

    #[test]
    fn data_where_a_forged_fin_stands_goes_over_it() {
        let mut flows = connected();
        let forged = segment(false, FIN_ACK, 101, u32::MAX - 4, 0);
        let data = segment(false, Flags::ACK, 101, u32::MAX - 4, 5);
        assert!(flows.arrived(&forged).completes_fin);
        flows.sent(PacketNo(4), &data);
        assert!(flows.arrived(&data).overruns_fin);
    }

    proptest! {
        #[test]
        fn no_order_of_segments_makes_it_panic(
            segments in proptest::collection::vec((any::<bool>(), 0u16..64, any::<u32>(), any::<u32>(), 0usize..3000, any::<bool>()), 0..40)
        ) {
            let mut flows = Flows::default();
            for (no, (from, flags, seq, ack, len, arrives)) in segments.into_iter().enumerate() {
                let segment = segment(from, Flags(flags), seq, ack, len);
                flows.sent(PacketNo(no as u64), &segment);
                if arrives {
                    flows.arrived(&segment);
                }
                flows.expects(segment.source, segment.destination);
            }
        }

        #[test]
        fn whatever_the_order_of_arrival_all_of_it_is_expected_next(order in Just((0u32..10).collect::<Vec<_>>()).prop_shuffle()) {
            let mut flows = connected();
            for n in order {
                flows.arrived(&segment(false, Flags::ACK, 101 + n * 5, 0, 5));
            }
            let (client, server) = ("10.0.0.1:1000".parse().unwrap(), "10.0.0.2:80".parse().unwrap());
            prop_assert_eq!(flows.expects(client, server).unwrap().next, SeqNo(151));
        }
    }
}
