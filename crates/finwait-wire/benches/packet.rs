//! What a packet of a stream costs before and after the kernel has it: decoded, found in its flow, judged, arrived.
//!
//! `cargo bench -p finwait-wire` prints the least time of many rounds, which a busy machine changes least.

use std::time::Instant;

use etherparse::{PacketBuilder, TcpOptionElement};
use finwait_model::side::Side;
use finwait_wire::flow::Flows;
use finwait_wire::queue::Wire;
use finwait_wire::segment::{Packet, decode};

/// The client's `nth` segment of a stream, or its acknowledgement, with timestamps, as Linux sends them.
fn packet(from: Side, nth: u32) -> Vec<u8> {
    let (client, server) = ([10, 0, 0, 1], [10, 0, 0, 2]);
    let times = [
        TcpOptionElement::Noop,
        TcpOptionElement::Noop,
        TcpOptionElement::Timestamp(nth, nth),
    ];
    let begin = nth * 1448;
    let (builder, payload) = match from {
        Side::Client => (
            PacketBuilder::ipv4(client, server, 64)
                .tcp(41822, 8080, begin, 64_240)
                .ack(1),
            vec![b'x'; 1448],
        ),
        Side::Server => (
            PacketBuilder::ipv4(server, client, 64)
                .tcp(8080, 41822, 1, 64_240)
                .ack(begin + 1448),
            Vec::new(),
        ),
    };
    let mut packet = Vec::new();
    let builder = builder.options(&times).expect("they fit");
    builder.write(&mut packet, &payload).expect("memory");
    packet
}

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
            std::hint::black_box(wire.judge(*from, &packet, &seen));
            std::hint::black_box(flows.arrived(segment));
        }
        began.elapsed().as_nanos() / packets.len() as u128
    };
    let least = (0..ROUNDS).map(|_| round()).min().unwrap_or_default();
    println!("{least} ns a packet");
}
