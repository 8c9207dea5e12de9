//! A lab whose hosts leave checksums and segmentation to the wire: super-segments are on it, and all that can be done to a segment can be
//! done to them.

use std::collections::BTreeMap;
use std::time::Duration;

use finwait_lab::event::PacketRecord;
use finwait_lab::model::call::{Bytes, Call, WriteFlag};
use finwait_lab::model::outcome::Value;
use finwait_lab::wire::flow::{PacketNo, Retransmission};
use finwait_lab::wire::segment::{Flags, Packet};
use finwait_lab::{Lab, MOST_READ, PollEvent, Result, Segment, Socket};

/// The most payload of a segment at MTU 1500 with timestamps: 20 bytes of IP, or 40, and 32 of TCP are not payload.
const MSS_V4: u16 = 1448;
const MSS_V6: u16 = 1428;

struct Connected {
    a: Socket,
    b: Socket,
    lab: Lab,
}

fn connected(ipv6: bool) -> Result<Connected> {
    let builder = Lab::builder().offload();
    let lab = if ipv6 { builder.ipv6() } else { builder }.isolated()?;
    let listener = lab.server().listen(8080)?;
    let a = lab.client().connect(listener.addr())?;
    let b = listener.accept()?;
    Ok(Connected { a, b, lab })
}

/// Bytes of which no two stretches are alike.
fn pattern(len: usize) -> Vec<u8> {
    (0..len as u32 / 4 + 1).flat_map(u32::to_be_bytes).take(len).collect()
}

/// Sends all of it and reads it at the other end.
fn passes(from: &Socket, to: &Socket, sent: &[u8]) -> Result<()> {
    let writing = from.write_begin(sent)?;
    let mut came = Vec::new();
    while came.len() < sent.len() {
        came.extend(more(to, sent.len() - came.len())?);
    }
    assert!(came == sent, "other bytes came than were sent");
    assert_eq!(writing.wait()?, sent.len());
    Ok(())
}

/// The next bytes, so many at most.
fn more(to: &Socket, most: usize) -> Result<Vec<u8>> {
    let read = to.read(most.min(MOST_READ))?;
    assert!(!read.is_empty(), "the end of the stream");
    Ok(read)
}

/// The packets with data that the client's host has sent, each once, as they came.
fn data(lab: &Lab) -> Vec<PacketRecord> {
    let mut seen: BTreeMap<PacketNo, PacketRecord> = BTreeMap::new();
    for record in lab.view().packets() {
        if matches!(&record.packet, Packet::Tcp(segment) if segment.len > 0) {
            seen.entry(record.no).or_insert_with(|| record.clone());
        }
    }
    seen.into_values().collect()
}

fn len(record: &PacketRecord) -> u32 {
    match &record.packet {
        Packet::Tcp(segment) => segment.len as u32,
        _ => 0,
    }
}

/// The place of a segment's first byte, counted from the connection's first.
fn seq(record: &PacketRecord) -> u32 {
    record.seen.seq.expect("the SYN was seen")
}

#[test]
fn bulk_data_are_super_segments_over_ipv4_and_ipv6() -> Result<()> {
    for (ipv6, mss) in [(false, MSS_V4), (true, MSS_V6)] {
        let Connected { a, b, lab } = connected(ipv6)?;
        passes(&a, &b, &pattern(60_000))?;
        lab.quiet()?;
        let data = data(&lab);
        let supers: Vec<&PacketRecord> = data.iter().filter(|record| record.segments() > 1).collect();
        assert!(!supers.is_empty(), "{data:?}");
        for record in &supers {
            assert_eq!(record.segment_size.map(u16::from), Some(mss));
            let cut = record.cut().unwrap();
            assert!(cut.starts_with(&format!("{} segments of ", record.segments())), "{cut}");
        }
        // Numbers go on where the one before ended, whatever stands for how many.
        let mut next = 1;
        for record in data.iter().filter(|record| record.seen.again.is_none()) {
            assert_eq!(seq(record), next);
            next += len(record);
        }
        assert_eq!(next, 60_001);
    }
    Ok(())
}

/// Nothing of it is in a lab that did not ask for it.
#[test]
fn without_offload_each_segment_is_a_packet() -> Result<()> {
    let lab = Lab::isolated()?;
    let listener = lab.server().listen(8080)?;
    let a = lab.client().connect(listener.addr())?;
    let b = listener.accept()?;
    passes(&a, &b, &pattern(60_000))?;
    let data = data(&lab);
    assert!(
        data.iter()
            .all(|record| record.segment_size.is_none() && len(record) <= MSS_V4.into())
    );
    Ok(())
}

/// A super-segment that is held longer than its sender's timer: parts of it are sent again, and are no more than parts when it comes.
#[test]
fn a_held_super_segment_is_delivered_whole_and_what_was_sent_again_of_it_is_known() -> Result<()> {
    let Connected { a, b, lab } = connected(false)?;
    let hold = lab.wire().hold(Segment::data().from(lab.client()));
    let sent = pattern(10_000);
    let writing = a.write_begin(&sent)?;
    let first = hold.next()?;
    let whole = first.record().clone();
    assert!(whole.segments() > 1, "{whole:?}");
    let is_part = |record: &PacketRecord| {
        matches!(record.seen.again, Some(Retransmission::Retransmit { nth: 1, of: Some(no) }) if no == whole.no)
            && len(record) < len(&whole)
    };
    lab.until(|view| view.held().any(is_part))?;
    first.deliver()?;
    let mut came = Vec::new();
    while came.len() < len(&whole) as usize {
        came.extend(more(&b, sent.len() - came.len())?);
    }
    assert_eq!(came.len(), len(&whole) as usize, "no more than it brought");
    lab.wire().clear()?;
    lab.wire().flow()?;
    while came.len() < sent.len() {
        came.extend(more(&b, sent.len() - came.len())?);
    }
    assert!(came == sent);
    assert_eq!(writing.wait()?, sent.len());
    Ok(())
}

/// The rule takes the whole of it away, and its sender sends it again in parts of its own choice, each for the first time.
#[test]
fn a_dropped_super_segment_is_sent_again_in_parts_that_are_counted_each() -> Result<()> {
    let Connected { a, b, lab } = connected(false)?;
    let rule = lab.wire().drop(Segment::data().from(lab.client()).nth(1));
    let sent = pattern(14_000);
    passes(&a, &b, &sent)?;
    assert_eq!(rule.fired()?, 1);
    lab.quiet()?;
    let data = data(&lab);
    let lost = data.first().expect("data was sent");
    assert!(lost.segments() > 1, "{lost:?}");
    let mut times: BTreeMap<u32, u32> = BTreeMap::new();
    for record in &data[1..] {
        if let Some(Retransmission::Retransmit { nth, of: Some(of) }) = record.seen.again
            && of == lost.no
        {
            let before = times.insert(seq(record), nth).unwrap_or(0);
            assert_eq!(nth, before + 1, "{record:?}");
        }
    }
    assert!(!times.is_empty(), "{data:?}");
    Ok(())
}

#[test]
fn super_segments_that_come_twice_late_or_by_chance_not_at_all_leave_the_stream_as_it_was() -> Result<()> {
    let Connected { a, b, lab } = connected(false)?;
    let from = lab.client();
    let twice = lab.wire().duplicate(Segment::data().from(from).nth(1));
    let late = lab
        .wire()
        .delay(Segment::data().from(from).times(1), Duration::from_millis(30));
    lab.wire().drop(Segment::data().from(from).percent(30, 7).times(4));
    passes(&a, &b, &pattern(120_000))?;
    assert_eq!((twice.fired()?, late.fired()?), (1, 1));
    Ok(())
}

#[test]
fn urgent_data_stands_between_super_segments_at_its_place() -> Result<()> {
    let Connected { a, b, lab } = connected(false)?;
    passes(&a, &b, &pattern(20_000))?;
    let urgent = Call::Write {
        data: Bytes(b"!".to_vec()),
        repeat: 1,
        flags: vec![WriteFlag::Oob],
        deadline: None,
    };
    assert_eq!(a.call(urgent)?, Value::Written { n: 1 });
    assert_eq!(b.poll(&[PollEvent::Pri])?, [PollEvent::Pri]);
    passes(&a, &b, &pattern(20_000))?;
    lab.quiet()?;
    let data = data(&lab);
    let marked = data
        .iter()
        .find(|record| matches!(&record.packet, Packet::Tcp(segment) if segment.flags.has(Flags::URG)));
    let marked = marked.expect("URG was sent");
    assert_eq!((seq(marked), len(marked), marked.segments()), (20_001, 1, 1));
    Ok(())
}
