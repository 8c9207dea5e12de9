//! What one end of a connection has sent, as far as the capture has it.

use std::time::Duration;

use finwait_model::clock::MonoTime;
use finwait_model::state::State;
use finwait_wire::inferred::InferredEnd;
use finwait_wire::segment::{Flags, Segment, SeqNo, TcpOption};

use super::sightings::Sightings;

/// Ranges beyond a gap that are remembered.
const ISLANDS: usize = 64;
/// What is overtaken arrives so soon after the gap was seen; what fills it later has been sent again (Wireshark's bound, where the round trip
/// is not known).
const OVERTAKEN: Duration = Duration::from_millis(3);
/// The least and the most of a round trip that bound it.
const ROUND_TRIP: (Duration, Duration) = (Duration::from_micros(500), Duration::from_millis(300));
/// Packets after which identifications that have risen are taken at their word.
const RISEN: u8 = 3;

/// A range beyond a gap.
#[derive(Clone, Copy, Debug)]
struct Island {
    from: SeqNo,
    to: SeqNo,
    /// When the gap before it was seen.
    since: MonoTime,
}

/// The span of time in which an end had no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZeroWindow {
    /// When the end said so first.
    pub from: MonoTime,
    /// When it had room again; none where it had not by the end.
    pub to: Option<MonoTime>,
}

impl ZeroWindow {
    fn lasted(&self, now: MonoTime) -> Duration {
        self.to.unwrap_or(now).since(self.from)
    }
}

/// The way in which a segment stands to what its sender has sent before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing of it takes a sequence number, or it is new.
    New,
    /// Data behind a gap: something before it is not in the capture yet.
    BeyondGap,
    /// Data that fills a gap, too soon to have been sent again.
    Overtaken,
    /// Data that was sent before.
    Again,
    /// It is a packet that came before, once more: captured twice, or doubled on the way.
    Copied,
    /// An acknowledgement of the byte before the next: a keep-alive or zero-window probe.
    Probe,
}

/// One end.
#[derive(Clone, Debug, Default)]
pub struct End {
    /// The state, as the segments imply it; none where they do not.
    pub(super) state: Option<InferredEnd>,
    /// The first number, and whether the SYN that has it is in the capture.
    pub(super) first: Option<SeqNo>,
    pub(super) synced: bool,
    /// The number after the last that was sent.
    next: SeqNo,
    /// When that was sent.
    next_at: MonoTime,
    /// The end of what is in the capture without a gap, and ranges beyond.
    contiguous: SeqNo,
    islands: Vec<Island>,
    /// The highest acknowledgement that it has sent.
    ack: Option<SeqNo>,
    /// The shift that its SYN offered.
    scale: Option<u8>,
    /// The window that it offered last, unscaled.
    window: u16,
    /// The end of its FIN, and when that was sent first.
    pub(super) fin: Option<(SeqNo, MonoTime)>,
    /// Has the other end had the FIN, with all before it?
    fin_taken: bool,
    /// Was its SYN,ACK sent again after the other end had acknowledged it: has it not taken that?
    pub(super) answers_again: bool,
    /// Whether it has sent SYN,ACK.
    has_answered: bool,
    pub(super) answers_acked: bool,
    /// The packets.
    pub packets: u64,
    /// The bytes of payload, each counted once.
    pub bytes: u64,
    /// The SYNs.
    pub syns: u32,
    /// The segments that were sent again, SYN and FIN among them.
    pub retransmissions: u32,
    /// The most times that one of them was sent again, and how long that took.
    pub longest_chain: (u32, Duration),
    /// The chain that goes on: its number, its length, and when it began.
    chain: (SeqNo, u32, MonoTime),
    /// The segments that came behind a later one.
    pub out_of_order: u32,
    /// The acknowledgements that repeat the one before.
    pub duplicate_acks: u32,
    /// The keep-alive probes.
    pub keep_alives: u32,
    /// The zero-window probes.
    pub window_probes: u32,
    /// The keep-alives and probes in a row that nothing has answered.
    pub unanswered: u32,
    /// The segments that filled the other end's window to the last byte.
    pub window_full: u32,
    /// The segments that said that there is no room.
    pub zero_windows: u32,
    /// The longest time without room.
    pub longest_zero: Option<ZeroWindow>,
    zero_since: Option<MonoTime>,
    /// The acknowledgements that challenge a SYN or an RST (RFC 5961).
    pub challenge_acks: u32,
    /// The RSTs.
    pub resets: u32,
    /// The bytes that the other end acknowledged and that are not in the capture.
    pub missed: u64,
    /// The time to live of its first packets, from the SYN on.
    pub(super) ttl: Option<u8>,
    /// The identification of its last packet.
    pub(super) ip_id: Option<u16>,
    /// The highest identification.
    last_id: Option<u16>,
    /// Whether it has sent data since the other end last did.
    pub(super) has_data_last: bool,
    /// The packets in a row whose identification was a little above that before, as Linux counts them in each connection.
    ids_rise: u8,
    /// The numbers of the last segment: its own, and the one that it acknowledges.
    pub(super) last_numbers: (SeqNo, SeqNo),
    /// The interface that saw the last segment.
    pub(super) interface: Option<u32>,
    /// The last packets by interface, in a capture of several.
    pub(super) sightings: Sightings,
    /// The last segment: its flags, length and time.
    pub(super) last: Option<(Flags, u32, MonoTime)>,
}

/// Is `a` before `b`?
const fn before(a: SeqNo, b: SeqNo) -> bool {
    (a.0.wrapping_sub(b.0) as i32) < 0
}

impl End {
    /// Returns whether it is in that state, as the segments imply it.
    pub(super) fn is_in(&self, state: State) -> bool {
        self.state.is_some_and(|end| end.state() == state)
    }

    /// A number counted from the first.
    pub(super) fn relative(&self, number: SeqNo) -> Option<u32> {
        self.first.map(|first| number.relative_to(first))
    }

    /// Begins to count at a segment.
    pub(super) fn begin(&mut self, segment: &Segment, at: MonoTime) {
        let syn = segment.flags.has(Flags::SYN);
        self.first = Some(segment.seq);
        self.synced = syn;
        (self.next, self.contiguous, self.next_at) = (segment.seq, segment.seq, at);
        self.islands.clear();
        self.ids_rise = 0;
        (self.fin, self.fin_taken) = (None, false);
        if syn {
            self.scale = segment.options.iter().find_map(|option| match option {
                TcpOption::WindowScale(shift) => Some((*shift).min(14)),
                _ => None,
            });
        }
    }

    /// Returns whether anything that it has sent has no acknowledgement of `peer`'s.
    pub(super) fn owes(&self, peer: &End) -> bool {
        self.first.is_some() && peer.ack.is_none_or(|ack| before(ack, self.next))
    }

    /// The window that it offers, in bytes, by what both SYNs agreed; the bare number where they are not in the capture.
    pub(super) fn offers(&self, peer: &End) -> u32 {
        let shift = match (self.scale, peer.scale) {
            (Some(shift), Some(_)) => shift,
            _ => 0,
        };
        u32::from(self.window) << shift
    }

    /// Takes in the numbers of a segment that it sends.
    pub(super) fn sends(
        &mut self,
        segment: &Segment,
        ip_id: Option<u16>,
        at: MonoTime,
        peer: &End,
        round_trip: Option<Duration>,
    ) -> Place {
        let was_overtaken = self.was_overtaken(ip_id);
        let (seq, end) = (segment.seq, segment.end());
        let data = segment.span() > 0;
        if segment.flags.has(Flags::FIN) && self.fin.is_none() {
            self.fin = Some((end, at));
        }
        let handshake = Flags(Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0);
        let is_probe = segment.len <= 1
            && !segment.flags.has(handshake)
            && self.next.relative_to(self.first.unwrap_or(self.next)) > 0
            && seq.0 == self.next.0.wrapping_sub(1)
            && !(segment.len == 1 && self.owes(peer));
        if is_probe {
            return Place::Probe;
        }
        if !data {
            return Place::New;
        }
        // In a simultaneous open the SYN is sent again to acknowledge the other's: that is not for want of an answer.
        let answers = segment.flags.has(Flags::SYN) && segment.flags.has(Flags::ACK);
        if answers && !std::mem::replace(&mut self.has_answered, true) && before(seq, self.next) {
            return Place::New;
        }
        if !before(seq, self.next) {
            let gap = seq != self.next;
            self.bytes += segment.len as u64;
            (self.next, self.next_at) = (end, at);
            self.chain = (seq, 0, at);
            if gap {
                self.add_island(Island {
                    from: seq,
                    to: end,
                    since: at,
                });
                return Place::BeyondGap;
            }
            if self.islands.is_empty() {
                self.contiguous = end;
            } else {
                self.add_island(Island {
                    from: seq,
                    to: end,
                    since: at,
                });
            }
            return Place::New;
        }
        let gap_since = self.missing_since(seq, end);
        let since = gap_since.unwrap_or(at);
        if gap_since.is_some() {
            self.bytes += segment.len as u64;
            self.add_island(Island {
                from: seq,
                to: end,
                since,
            });
        }
        if before(self.next, end) {
            self.bytes += u64::from(end.relative_to(self.next));
            self.next = end;
            self.add_island(Island {
                from: seq,
                to: end,
                since,
            });
        }
        let (least, most) = ROUND_TRIP;
        // What is sent again for a gap comes a round trip after that was seen, at the earliest.
        let bound = round_trip.map_or(OVERTAKEN, |time| (time * 3 / 4).clamp(least, most));
        match (gap_since, was_overtaken) {
            (Some(_), Some(true)) => {
                self.out_of_order += 1;
                return Place::Overtaken;
            }
            (Some(since), None) if at.since(since) < bound => {
                self.out_of_order += 1;
                return Place::Overtaken;
            }
            (None, Some(true)) => return Place::Copied,
            _ => {}
        }
        self.retransmissions += 1;
        let (of, times, since) = self.chain;
        self.chain = if of == seq && times > 0 {
            (seq, times + 1, since)
        } else {
            (seq, 1, self.last_new(at))
        };
        let (_, times, since) = self.chain;
        if times > self.longest_chain.0 {
            self.longest_chain = (times, at.since(since));
        }
        Place::Again
    }

    /// When what is sent again was sent: with its last new data, as far as that is known.
    fn last_new(&self, at: MonoTime) -> MonoTime {
        self.next_at.min(at)
    }

    /// Was the packet sent before the last one, by its identification? None where that does not say it.
    fn was_overtaken(&mut self, ip_id: Option<u16>) -> Option<bool> {
        // How far apart the identifications of packets are that follow on one another.
        const NEAR: i16 = 1024;
        let id = ip_id.filter(|id| *id != 0)?;
        let distance = id.wrapping_sub(self.last_id.unwrap_or(id)) as i16;
        let is_known = self.ids_rise >= RISEN;
        match distance {
            1..NEAR => {
                self.ids_rise = self.ids_rise.saturating_add(1);
                self.last_id = Some(id);
                is_known.then_some(false)
            }
            distance if is_known && distance <= 0 && distance > -NEAR => Some(true),
            _ => {
                self.ids_rise = 0;
                self.last_id = Some(id);
                None
            }
        }
    }

    /// Since when is that range missing; none where any of it is in the capture.
    fn missing_since(&self, seq: SeqNo, end: SeqNo) -> Option<MonoTime> {
        let overlaps = |island: &Island| before(seq, island.to) && before(island.from, end);
        if before(seq, self.contiguous) || self.islands.iter().any(overlaps) {
            return None;
        }
        let beyond = self.islands.iter().filter(|island| !before(island.from, end));
        beyond
            .min_by_key(|island| island.from.relative_to(self.contiguous))
            .map(|island| island.since)
    }

    fn add_island(&mut self, new: Island) {
        // One that goes on where another ends makes it longer.
        if let Some(island) = self.islands.iter_mut().find(|island| island.to == new.from) {
            island.to = new.to;
        } else {
            if self.islands.len() == ISLANDS {
                // The oldest gap is taken as one that the capture will not fill.
                self.skip_gap();
            }
            self.islands.push(new);
        }
        self.join();
    }

    /// Joins the islands that are reached.
    fn join(&mut self) {
        let mut at = 0;
        while let Some(Island { from, to, .. }) = self.islands.get(at).copied() {
            if before(self.contiguous, from) {
                at += 1;
                continue;
            }
            if before(self.contiguous, to) {
                self.contiguous = to;
            }
            self.islands.swap_remove(at);
            at = 0;
        }
    }

    /// The beginning of the nearest island.
    fn nearest(&self) -> Option<SeqNo> {
        let begins = self.islands.iter().map(|island| island.from);
        begins.min_by_key(|from| from.relative_to(self.contiguous))
    }

    /// Goes over the first gap.
    fn skip_gap(&mut self) {
        if let Some(from) = self.nearest() {
            self.contiguous = from;
        }
        self.join();
    }

    /// Takes in what the other end acknowledges of it: what is not in the capture has got there all the same.
    pub(super) fn is_acknowledged(&mut self, ack: SeqNo) {
        if self.first.is_none() || !before(self.contiguous, ack) {
            return;
        }
        // Far beyond what was sent, it is none of this connection's.
        if ack.relative_to(self.contiguous) > 1 << 30 {
            return;
        }
        let mut missed = 0;
        while before(self.contiguous, ack) {
            let to = self.nearest().filter(|from| before(*from, ack)).unwrap_or(ack);
            missed += u64::from(to.relative_to(self.contiguous));
            self.contiguous = to;
            self.join();
        }
        self.missed += missed;
        if before(self.next, self.contiguous) {
            self.next = self.contiguous;
        }
    }

    /// Has the other end had all up to the FIN just now?
    pub(super) fn takes_fin(&mut self) -> bool {
        let has_come = self.fin.is_some_and(|(end, _)| !before(self.contiguous, end));
        has_come && !std::mem::replace(&mut self.fin_taken, true)
    }

    /// Returns the end of its FIN, and when that was sent first; none without one.
    pub const fn fin(&self) -> Option<(SeqNo, MonoTime)> {
        self.fin
    }

    /// Has the other end had its FIN, with all before it?
    pub const fn has_delivered_fin(&self) -> bool {
        self.fin_taken
    }

    /// Returns whether it is the number that the other end expects next, as far as the capture has it.
    pub(super) fn expects(&self, seq: SeqNo) -> bool {
        seq == self.contiguous || seq == self.next
    }

    /// The highest acknowledgement that it has sent.
    pub(super) const fn last_ack(&self) -> Option<SeqNo> {
        self.ack
    }

    /// Takes in the acknowledgement and the window of a segment that it sends.
    pub(super) fn acknowledges(&mut self, segment: &Segment, at: MonoTime, peer: &End, place: Place) {
        let control = Flags(Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0);
        if segment.flags.has(Flags::ACK) {
            let same = self.ack == Some(segment.ack);
            if same
                && segment.len == 0
                && !segment.flags.has(control)
                && segment.window == self.window
                && segment.window != 0
                && place == Place::New
                && peer.owes(self)
            {
                self.duplicate_acks += 1;
            }
            if self.ack.is_none_or(|ack| before(ack, segment.ack)) {
                self.ack = Some(segment.ack);
            }
        }
        if segment.flags.has(Flags::RST) {
            return;
        }
        self.window = segment.window;
        if segment.window == 0 && !segment.flags.has(control) {
            self.zero_windows += 1;
            self.zero_since.get_or_insert(at);
        } else if segment.window != 0 {
            self.zero_is_over(Some(at), at);
        }
    }

    /// Is its window closed?
    pub(super) const fn is_closed(&self) -> bool {
        self.zero_since.is_some()
    }

    fn zero_is_over(&mut self, to: Option<MonoTime>, now: MonoTime) {
        if let Some(from) = self.zero_since.take() {
            let zero = ZeroWindow { from, to };
            if self
                .longest_zero
                .is_none_or(|longest| longest.lasted(now) <= zero.lasted(now))
            {
                self.longest_zero = Some(zero);
            }
        }
    }

    /// The connection is over, or the capture is.
    pub(super) fn ends(&mut self, at: MonoTime) {
        self.zero_is_over(None, at);
    }
}
