//! The connection that a script is about, and how its numbers count.

use std::net::SocketAddr;

use super::segment::SegmentNumbers;
use crate::lab::event::PacketRecord;
use crate::side::Side;
use crate::wire::flow::FlowInfo;
use crate::wire::queue::Origin;
use crate::wire::segment::{Flags, Segment};

/// The connection that a script is about.
pub struct Connection {
    /// The addresses, as a segment of the end has them.
    pub way: (SocketAddr, SocketAddr),
    /// A SYN has begun it.
    pub begun: bool,
    /// Something of it has come from the other end.
    answered: bool,
    /// The end's first number that was not acknowledged, which an ICMP error quotes: the kernel believes no other.
    pub unacknowledged: u32,
    /// The number of the other end's SYN, from which packetdrill counts. It may not be 0 where the SYN was forged.
    first: u32,
    /// Whether the SYN belongs to another connection than the last one of its addresses: it was forged.
    elsewhere: bool,
}

impl Connection {
    /// No segment of it was seen yet.
    pub const fn new(way: (SocketAddr, SocketAddr)) -> Connection {
        Connection {
            way,
            begun: false,
            answered: false,
            unacknowledged: 0,
            first: 0,
            elsewhere: false,
        }
    }

    /// Does that segment begin another connection?
    pub fn is_another(&self, record: &PacketRecord, segment: &Segment, leaves: bool) -> bool {
        let is_syn = is_syn(segment) && record.origin == Origin::Host && self.begun;
        let is_new = record.seen.again.is_none();
        if leaves || self.way != (segment.destination, segment.source) {
            return is_syn && is_new;
        }
        // The other end's SYN may be on its way just then: a simultaneous open.
        let crosses = !self.answered;
        let is_first = |seq| seq == self.first && record.seen.elsewhere.seq == self.elsewhere;
        let other_number = record.seen.seq.is_some_and(|seq| !is_first(seq));
        is_syn && !crosses && (is_new || other_number)
    }

    /// Takes in a segment of the connection.
    pub fn takes(&mut self, record: &PacketRecord, segment: &Segment, leaves: bool) -> SegmentNumbers {
        let mut numbers = SegmentNumbers {
            seq: record.seen.seq.unwrap_or(segment.seq.0),
            ack: record.seen.ack.unwrap_or(segment.ack.0),
        };
        if is_syn(segment) && !leaves && !self.answered {
            self.first = numbers.seq;
            self.elsewhere = record.seen.elsewhere.seq;
        }
        self.begun |= is_syn(segment);
        self.answered |= !leaves;
        if leaves {
            numbers.ack = numbers.ack.wrapping_sub(self.first);
        } else {
            numbers.seq = numbers.seq.wrapping_sub(self.first);
            self.acknowledge(record);
        }
        numbers
    }

    fn acknowledge(&mut self, record: &PacketRecord) {
        let Some(ack) = record.seen.ack.filter(|_| record.origin == Origin::Host) else {
            return;
        };
        if is_from(ack, self.unacknowledged) {
            self.unacknowledged = ack;
        }
    }

    /// Is what came up to `end` acknowledged by what the end sends next, before anything comes from `seq` again?
    pub fn takes_at_once(
        &self,
        (seq, end): (u32, u32),
        mut next: impl Iterator<Item = (Side, FlowInfo)>,
        side: Side,
    ) -> bool {
        let count = |number: Option<u32>| number.map(|number| number.wrapping_sub(self.first));
        let says = next.find_map(|(from, seen)| {
            if from == side {
                count(seen.ack).filter(|ack| is_from(*ack, end)).map(|_| true)
            } else {
                count(seen.seq).filter(|again| *again == seq).map(|_| false)
            }
        });
        says == Some(true)
    }
}

/// Is a number that one or one after it?
const fn is_from(number: u32, from: u32) -> bool {
    number.wrapping_sub(from) < 1 << 31
}

/// Returns whether it begins a connection.
pub fn is_syn(segment: &Segment) -> bool {
    segment.flags.has(Flags::SYN) && !segment.flags.has(Flags::ACK)
}
