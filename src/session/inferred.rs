//! The state of each end of each connection as the segments alone would have it (`wire::inferred`), to be held against what the kernel
//! says. Pure.

use crate::clock::MonoTime;
use crate::hash::QuickMap;
use crate::lab::event::{Disposition, PacketRecord};
use crate::side::Side;
use crate::socket_table::Tuple;
use crate::state::State;
use crate::wire::inferred::{InferredEnd, SentChange};
use crate::wire::segment::{Flags, Packet, Segment};

/// The state of one end according to the segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct InferredState {
    end: InferredEnd,
    /// The time of its last change.
    since: MonoTime,
}

/// The states of all ends according to the segments.
#[derive(Debug, Default)]
pub struct Inferred {
    known: QuickMap<(Side, Tuple), InferredState>,
    newest: MonoTime,
}

/// The most ends that are remembered; beyond that all are forgotten. The session forgets those of connections that it forgets long before.
const MOST: usize = 1 << 18;

impl Inferred {
    /// Takes in what became of a packet.
    pub fn passed(&mut self, at: MonoTime, record: &PacketRecord) {
        let Packet::Tcp(segment) = &record.packet else { return };
        let way = Tuple {
            local: segment.source,
            peer: segment.destination,
        };
        // It leaves once, whatever becomes of it; a forged one never left.
        if record.origin.is_of_host() && record.waited.is_none() {
            self.sent(at, (record.from, way), segment, (record.seen.seq, record.seen.ack));
        }
        if record.disposition == Disposition::Delivered {
            self.received(at, (record.from.other(), way.mirrored()), segment, record.seen.ack);
        }
    }

    fn sent(&mut self, at: MonoTime, whose: (Side, Tuple), segment: &Segment, (seq, ack): (Option<u32>, Option<u32>)) {
        let end_of = |whose: (Side, Tuple)| self.known.get(&whose).map(|known| known.end);
        let (side, way) = whose;
        let (before, peer) = (end_of(whose), end_of((side.other(), way.mirrored())));
        let fin_end = seq
            .filter(|_| segment.flags.has(Flags::FIN))
            .map(|seq| seq.wrapping_add(segment.span()));
        match InferredEnd::sent(before, peer, segment.flags, fin_end, ack) {
            SentChange::None => {}
            SentChange::Unknown => {
                self.known.remove(&whose);
            }
            SentChange::State(end) => self.put(at, whose, end),
        }
    }

    fn received(&mut self, at: MonoTime, whose: (Side, Tuple), segment: &Segment, ack: Option<u32>) {
        let Some(InferredState { end, .. }) = self.known.get(&whose).copied() else {
            return;
        };
        let next = end.received(segment.flags, ack);
        if next != end {
            self.put(at, whose, next);
        }
    }

    fn put(&mut self, at: MonoTime, whose: (Side, Tuple), end: InferredEnd) {
        self.newest = at;
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.known.insert(whose, InferredState { end, since: at });
    }

    /// Returns how many ends are remembered.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Forgets the state of an end.
    pub fn forget(&mut self, side: Side, tuple: Tuple) {
        self.known.remove(&(side, tuple));
    }

    /// Returns when a state changed last.
    pub const fn newest(&self) -> MonoTime {
        self.newest
    }

    /// Returns the state of an end by the segments, if it is no newer than `quiet`: in between, a table may not have been read yet.
    pub fn state(&self, side: Side, tuple: &Tuple, quiet: MonoTime) -> Option<State> {
        let known = self.known.get(&(side, *tuple))?;
        (known.since <= quiet).then_some(known.end.state())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Bytes;
    use crate::wire::flow::{Flows, PacketNo};
    use crate::wire::queue::Origin;
    use crate::wire::segment::SeqNo;

    struct Play {
        inferred: Inferred,
        flows: Flows,
        no: u64,
    }

    const ACK: Flags = Flags::ACK;
    const SYN_ACK: Flags = Flags(Flags::SYN.0 | Flags::ACK.0);
    const FIN_ACK: Flags = Flags(Flags::FIN.0 | Flags::ACK.0);

    impl Play {
        fn passes(&mut self, from: Side, flags: Flags, seq: u32, ack: u32, disposition: Disposition) {
            let tuple = tuple(from);
            let segment = Segment {
                source: tuple.local,
                destination: tuple.peer,
                flags,
                seq: SeqNo(seq),
                ack: SeqNo(ack),
                window: 1000,
                urgent: 0,
                options: Vec::new(),
                len: 0,
                payload: Bytes::default(),
            };
            self.no += 1;
            let seen = self.flows.sent(PacketNo(self.no), &segment);
            let record = PacketRecord {
                no: PacketNo(self.no),
                from,
                packet: Packet::Tcp(segment),
                segment_size: None,
                seen,
                origin: Origin::Host,
                disposition,
                rule: None,
                link: None,
                stripped: crate::wire::link::OptionSet::NONE,
                waited: None,
                raw: None,
            };
            self.inferred.passed(MonoTime(self.no), &record);
        }

        fn states(&self) -> [Option<State>; 2] {
            Side::BOTH.map(|side| self.inferred.state(side, &tuple(side), MonoTime(u64::MAX)))
        }

        fn connected() -> Play {
            let mut play = Play {
                inferred: Inferred::default(),
                flows: Flows::default(),
                no: 0,
            };
            play.passes(Side::Client, Flags::SYN, 0, 0, Disposition::Delivered);
            play.passes(Side::Server, SYN_ACK, 0, 1, Disposition::Delivered);
            play.passes(Side::Client, ACK, 1, 1, Disposition::Delivered);
            play
        }
    }

    fn tuple(side: Side) -> Tuple {
        let tuple = Tuple {
            local: "10.0.0.1:1000".parse().unwrap(),
            peer: "10.0.0.2:80".parse().unwrap(),
        };
        match side {
            Side::Client => tuple,
            Side::Server => tuple.mirrored(),
        }
    }

    #[test]
    fn a_connection_is_followed_from_its_first_segment_to_its_last() {
        use State::*;
        let mut play = Play::connected();
        assert_eq!(play.states(), [Some(Established), Some(Established)]);
        play.passes(Side::Client, FIN_ACK, 1, 1, Disposition::Delivered);
        assert_eq!(play.states(), [Some(FinWait1), Some(CloseWait)]);
        play.passes(Side::Server, ACK, 1, 2, Disposition::Delivered);
        assert_eq!(play.states(), [Some(FinWait2), Some(CloseWait)]);
        play.passes(Side::Server, FIN_ACK, 1, 2, Disposition::Delivered);
        assert_eq!(play.states(), [Some(TimeWait), Some(LastAck)]);
        play.passes(Side::Client, ACK, 2, 2, Disposition::Delivered);
        assert_eq!(play.states(), [Some(TimeWait), Some(Close)]);
    }

    /// A connect takes the addresses of an orphan in FIN_WAIT2: the peer answers in the old connection's numbers, and learns by RST.
    #[test]
    fn an_rst_from_syn_sent_ends_the_other_end_only() {
        let mut play = Play::connected();
        play.passes(Side::Client, FIN_ACK, 1, 1, Disposition::Delivered);
        play.passes(Side::Server, ACK, 1, 2, Disposition::Delivered);
        play.passes(Side::Client, Flags::SYN, 65_539, 0, Disposition::Delivered);
        play.passes(Side::Server, ACK, 1, 2, Disposition::Delivered);
        play.passes(Side::Client, Flags::RST, 2, 0, Disposition::Delivered);
        assert_eq!(play.states(), [Some(State::SynSent), Some(State::Close)]);
    }

    #[test]
    fn fins_that_cross_lead_through_closing() {
        use State::*;
        let mut play = Play::connected();
        play.passes(Side::Client, FIN_ACK, 1, 1, Disposition::Delivered);
        // Sent before the other had arrived, which it does not acknowledge.
        play.passes(Side::Server, FIN_ACK, 1, 1, Disposition::Delivered);
        assert_eq!(play.states(), [Some(Closing), Some(Closing)]);
        play.passes(Side::Client, ACK, 2, 2, Disposition::Delivered);
        play.passes(Side::Server, ACK, 2, 2, Disposition::Delivered);
        assert_eq!(play.states(), [Some(TimeWait), Some(TimeWait)]);
    }

    #[test]
    fn a_held_segment_has_left_and_not_arrived() {
        let mut play = Play::connected();
        play.passes(Side::Client, FIN_ACK, 1, 1, Disposition::Held);
        assert_eq!(play.states(), [Some(State::FinWait1), Some(State::Established)]);
    }
}
