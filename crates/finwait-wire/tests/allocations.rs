//! The memory that a packet costs: the allocations for each, counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use finwait_model::side::Side;
use finwait_wire::flow::{Flows, PacketNo};
use finwait_wire::queue::Wire;
use finwait_wire::rule::Candidate;
use finwait_wire::segment::{Packet, decode};

mod stream;
use stream::packet;

/// The system's allocator, which counts for each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: all is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_packet_costs_its_options_and_the_beginning_of_its_payload_and_no_more() {
    let (mut flows, mut wire) = (Flows::default(), Wire::default());
    let mut pass = |from: Side, nth: u32| {
        let bytes = packet(from, nth);
        let before = ALLOCATIONS.with(Cell::get);
        let Packet::Tcp(segment) = decode(&bytes) else {
            panic!("it is a segment");
        };
        let no = wire.number();
        let seen = flows.sent(no, &segment);
        flows.arrived(&segment);
        let packet = Packet::Tcp(segment);
        wire.judge(Candidate {
            from,
            packet: &packet,
            size: bytes.len() as u32,
            seen: &seen,
        });
        // Without a link there is nothing to ask, to wait for or to wake up for.
        assert!(!wire.links.has(from) && wire.links.strips(from).is_empty() && wire.next_due().is_none());
        ALLOCATIONS.with(Cell::get) - before
    };
    // The connection becomes known, and its queues get their room.
    for nth in 0..8 {
        pass(Side::Client, nth);
        pass(Side::Server, nth);
    }
    for nth in 8..100 {
        assert_eq!(pass(Side::Client, nth), 2);
        assert_eq!(pass(Side::Server, nth), 1, "there is no payload");
    }
    assert_eq!(flows.last().map(|(from, _)| from.port()), Some(8080));
    assert_eq!(wire.number(), PacketNo(201));
}
