//! The time that a packet of a stream takes before and after the kernel has it: decoded, found in its flow, judged, arrived.
//!
//! `cargo bench -p finwait-wire` prints the least time of many rounds, which a busy machine changes least.

use std::time::Instant;

use finwait_model::side::Side;
use finwait_wire::flow::Flows;
use finwait_wire::queue::Wire;
use finwait_wire::rule::Candidate;
use finwait_wire::segment::{Packet, decode};

#[path = "../tests/stream/mod.rs"]
mod stream;
use stream::packet;

fn main() {
    const SEGMENTS: u32 = 2_000;
    const ROUNDS: usize = 200;
    let packets: Vec<(Side, Vec<u8>)> = (0..SEGMENTS)
        .flat_map(|nth| Side::BOTH.map(|from| (from, packet(from, nth))))
        .collect();
    let round = || {
        let (mut flows, mut wire) = (Flows::default(), Wire::default());
        let began = Instant::now();
        for (from, bytes) in &packets {
            let packet = decode(bytes);
            let Packet::Tcp(segment) = &packet else { continue };
            let no = wire.number();
            let seen = flows.sent(no, segment);
            std::hint::black_box(wire.judge(Candidate {
                from: *from,
                packet: &packet,
                size: bytes.len() as u32,
                seen: &seen,
            }));
            std::hint::black_box(flows.arrived(segment));
        }
        began.elapsed().as_nanos() / packets.len() as u128
    };
    let least = (0..ROUNDS).map(|_| round()).min().unwrap_or_default();
    println!("{least} ns a packet");
}
