//! Whatever the bytes on the wire are, decoding them does not panic, and what comes out agrees with what went in.
#![no_main]

use finwait::wire::segment::{PAYLOAD_KEPT, Packet, decode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|packet: &[u8]| match decode(packet) {
    Packet::Tcp(segment) => {
        assert!(segment.len < packet.len());
        assert_eq!(segment.payload.0.len(), segment.len.min(PAYLOAD_KEPT));
        assert!(segment.options.len() <= 40);
    }
    Packet::Icmp { message, .. } => assert!(!message.is_empty()),
    Packet::Other { what, len } => assert!(!what.is_empty() && len == packet.len()),
});
