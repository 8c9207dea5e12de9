//! The part of the way between the ends that a packet's arrow spans.

use std::time::Duration;

use super::rows::{Row, Rows};
use crate::clock::MonoTime;
use crate::lab::event::{Disposition, PacketRecord};
use crate::roles::SegmentKind;
use crate::session::{Session, WaitingPacket};
use crate::wire::flow::PacketNo;

/// The span of an arrow, and its point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ArrowSpan {
    /// The whole way, from one lifeline to the other.
    Whole(Point),
    /// The way from its sender's lifeline to somewhere on the wire.
    Leaves(Point),
    /// The way from somewhere on the wire to the other lifeline.
    Arrives(Point),
    /// It travels: the part of its way that lies behind it, from 0 to 1.
    Travels(f64),
}

/// The point of an arrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// It arrived.
    Head,
    /// It arrived, and ends the connection: an RST.
    Reset,
    /// It is held on the wire.
    Held,
    /// It is lost.
    Lost,
    /// A copy of it was delivered, and this one was discarded.
    Discarded,
}

/// Returns the packet of a record, while it is on the wire.
pub(crate) fn still_on_wire<'a>(
    session: &'a Session,
    no: PacketNo,
    record: &PacketRecord,
) -> Option<&'a WaitingPacket> {
    session.wire.held.get(&no).filter(|_| record.waited.is_none())
}

/// The part of its way that a packet in flight has behind it at `now`, from 0 to 1.
fn travelled(held: &WaitingPacket, now: MonoTime) -> f64 {
    let whole = held.due.map_or(Duration::ZERO, |due| due.since(held.since));
    match whole.as_secs_f64() {
        0.0 => 1.0,
        whole => now.since(held.since).as_secs_f64() / whole,
    }
}

/// Returns the span of a packet's arrow on `row` at `now`; `held` is the packet, while it is on the wire.
pub(crate) fn span(
    rows: &Rows,
    row: &Row,
    no: PacketNo,
    record: &PacketRecord,
    held: Option<&WaitingPacket>,
    now: MonoTime,
) -> ArrowSpan {
    let head = if SegmentKind::of(&record.packet) == SegmentKind::Reset {
        Point::Reset
    } else {
        Point::Head
    };
    match (record.disposition, record.waited) {
        (Disposition::InFlight(_) | Disposition::Delayed(_), _) if held.is_some_and(|held| held.due.is_some()) => {
            ArrowSpan::Travels(held.map_or(0.0, |held| travelled(held, now)))
        }
        (Disposition::Held | Disposition::Delayed(_) | Disposition::InFlight(_), _) => ArrowSpan::Leaves(Point::Held),
        // Its copy has the arrow.
        (Disposition::Discarded, _) => ArrowSpan::Leaves(Point::Discarded),
        (Disposition::Dropped, None) => ArrowSpan::Leaves(Point::Lost),
        // It left on a row of its own, further up.
        (Disposition::Dropped, Some(_)) if rows.left_above(row, no) => ArrowSpan::Arrives(Point::Lost),
        (Disposition::Dropped, Some(_)) => ArrowSpan::Leaves(Point::Lost),
        (Disposition::Corrupted, Some(_)) if rows.left_above(row, no) => ArrowSpan::Arrives(Point::Lost),
        (_, Some(_)) if rows.left_above(row, no) => ArrowSpan::Arrives(head),
        (Disposition::Refused(_) | Disposition::Corrupted, _) => ArrowSpan::Whole(Point::Lost),
        (Disposition::Delivered, _) => ArrowSpan::Whole(head),
    }
}
