//! The packets on the wire for whoever shows them: what stands for itself, what is folded behind it, what moves, and when to look again.

use std::time::Duration;

use super::Session;
use super::wire::WaitingPacket;
use crate::clock::{MonoTime, human};
use crate::side::Side;
use crate::socket_table::{TimerKind, Tuple};
use crate::wire::flow::PacketNo;
use crate::wire::fold::{self, OnWire, Passage};
use crate::wire::segment::Packet;

/// The time between two frames while something travels: thirty a second.
pub const MOVING: Duration = Duration::from_nanos(1_000_000_000 / 30 + 1);

/// The most round trips on a slow wire that whoever waits for a command is patient with, beside its own patience.
const ROUND_TRIPS: u32 = 4;

/// A segment under way, in slow mode.
#[derive(Clone, Copy, Debug)]
pub struct InFlight<'a> {
    /// The number.
    pub no: PacketNo,
    /// The host that sent it, or in whose name it was forged.
    pub from: Side,
    /// The time at which it set off.
    pub since: MonoTime,
    /// The time at which it arrives.
    pub due: MonoTime,
    /// The packet.
    pub packet: &'a WaitingPacket,
}

impl InFlight<'_> {
    /// The part of the way that is behind it at `now`, from 0 to 1.
    pub fn progress(&self, now: MonoTime) -> f64 {
        let whole = self.due.since(self.since).as_secs_f64();
        if whole > 0.0 {
            (now.since(self.since).as_secs_f64() / whole).min(1.0)
        } else {
            1.0
        }
    }
}

/// A segment that is held on the wire, or delayed, with the copies that its host has sent of it since.
#[derive(Clone, Debug)]
pub struct HeldSegment<'a> {
    /// The number.
    pub no: PacketNo,
    /// The packet.
    pub packet: &'a WaitingPacket,
    /// The copies that are held behind it, the oldest first.
    pub copies: Vec<PacketNo>,
    /// Is it of no use to its sender: has its receiver had it, and is the answer on the wire?
    pub moot: bool,
}

impl HeldSegment<'_> {
    /// The number of times that its host has sent it: once, and each copy that is held.
    pub const fn times(&self) -> usize {
        1 + self.copies.len()
    }
}

impl Session {
    fn on_wire(&self) -> Vec<OnWire<'_>> {
        self.wire.held.values().map(WaitingPacket::on_wire).collect()
    }

    /// The segments under way, in slow mode, the oldest first.
    pub fn in_flight(&self) -> impl Iterator<Item = InFlight<'_>> {
        self.wire.held.iter().filter_map(|(no, packet)| {
            let due = packet.due.filter(|_| packet.is_in_flight())?;
            Some(InFlight {
                no: *no,
                from: packet.record.from,
                since: packet.since,
                due,
                packet,
            })
        })
    }

    /// Returns when the next frame is to be drawn after one that was drawn at `drawn`, because something travels; none when nothing does.
    pub fn next_frame(&self, drawn: MonoTime) -> Option<MonoTime> {
        // What should have arrived moves no more: its arrival is an event.
        let travels = self.in_flight().any(|flight| flight.due > drawn);
        travels.then(|| drawn.plus(MOVING))
    }

    /// The segments that are held on the wire or delayed, each with its copies, the oldest first.
    pub fn held_segments(&self) -> Vec<HeldSegment<'_>> {
        let on_wire = self.on_wire();
        let folds = fold::folds(&on_wire).into_iter();
        let held = folds
            .filter(|fold| !fold.head.passage.is_in_flight())
            .filter_map(|fold| {
                Some(HeldSegment {
                    no: fold.head.no,
                    packet: self.wire.held.get(&fold.head.no)?,
                    copies: fold.copies,
                    moot: fold::is_moot(&on_wire, fold.head),
                })
            });
        held.collect()
    }

    /// The packet that deliver and drop mean without a number, if it waits for the user; none when all goes on by itself.
    pub fn next_held(&self) -> Option<PacketNo> {
        let on_wire = self.on_wire();
        let next = fold::next(&on_wire)?;
        let waits = |packet: &&OnWire| packet.no == next && packet.passage == Passage::Held;
        on_wire.iter().find(waits).map(|packet| packet.no)
    }

    /// Returns how long it is at `now` until its host sends that segment again, by the retransmission timer in the host's table; none when
    /// no such timer runs, or it is for an older segment.
    pub fn sent_again_in(&self, no: PacketNo, now: MonoTime) -> Option<Duration> {
        let held = self.wire.held.get(&no)?;
        let Packet::Tcp(segment) = &held.record.packet else {
            return None;
        };
        let is_older = |other: &&WaitingPacket| match &other.record.packet {
            Packet::Tcp(other) => {
                other.way() == segment.way()
                    && other.span() > 0
                    && other.seq != segment.seq
                    && other.seq.relative_to(segment.seq) > u32::MAX / 2
            }
            Packet::Udp { .. } | Packet::Icmp { .. } | Packet::Other { .. } => false,
        };
        if segment.span() == 0 || self.wire.held.values().any(|other| is_older(&other)) {
            return None;
        }
        let tuple = Tuple {
            local: segment.source,
            peer: segment.destination,
        };
        let table = &self.ends[held.record.from].table;
        let timer = table.rows()[table.of_tuple(&tuple)?].row.timer?;
        let runs = timer.kind == TimerKind::Retransmit;
        runs.then(|| timer.left.saturating_sub(now.since(table.read_at())))
    }

    /// A held segment's copies in words: `sent 5 times, next in 3.1 s`; none when it was sent once and no timer runs for it.
    pub fn fold_words(&self, held: &HeldSegment, now: MonoTime) -> Option<String> {
        let times = (held.times() > 1).then(|| format!("sent {} times", held.times()));
        let next = self.sent_again_in(held.no, now);
        let next = next.map(|left| match &times {
            Some(_) => format!("next in {}", human(left)),
            None => format!("sent again in {}", human(left)),
        });
        let words: Vec<String> = times.into_iter().chain(next).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// The time until which whoever would wait until `until` waits while segments are under way: until so long `after` the last has
    /// arrived, and a few round trips longer at most. What the wire takes is not the hosts' time.
    pub fn patience(&self, until: MonoTime, after: Duration) -> MonoTime {
        let (Some(time), Some(arrived)) = (self.wire.takes(), self.wire.last_due()) else {
            return until;
        };
        let most = until.plus(2 * ROUND_TRIPS * time);
        until.max(arrived.plus(after).min(most))
    }
}
