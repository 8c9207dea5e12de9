//! A stream of segments between two hosts, for the test of its allocations and the bench of its time.

use etherparse::{PacketBuilder, TcpOptionElement};
use finwait_model::side::Side;

/// The client's `nth` segment of a stream, or its acknowledgement, with timestamps, as Linux sends them.
pub fn packet(from: Side, nth: u32) -> Vec<u8> {
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
