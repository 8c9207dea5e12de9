//! Whatever the bytes on the wire are, decoding them does not panic, and what comes out agrees with what went in; and no more does the link
//! that changes them.
#![no_main]

use finwait::wire::forge::too_big;
use finwait::wire::link::{OptionSet, corrupt, strip};
use finwait::wire::segment::{PAYLOAD_KEPT, Packet, TcpOption, decode};
use libfuzzer_sys::fuzz_target;

/// A link takes options out of a SYN, changes a bit, and its router answers: packets as long as before, without what was taken out.
fn cross(packet: &[u8]) {
    let mut stripped = packet.to_vec();
    let which = OptionSet::WSCALE.and(OptionSet::SACK);
    if strip(&mut stripped, which, false) == which
        && let Packet::Tcp(segment) = decode(&stripped)
    {
        let is_gone = |option: &TcpOption| !matches!(option, TcpOption::WindowScale(_) | TcpOption::SackPermitted);
        assert!(segment.options.iter().all(is_gone));
    }
    let mut corrupted = packet.to_vec();
    let die = packet
        .iter()
        .fold(0, |die: u64, byte| die.wrapping_mul(31) + u64::from(*byte));
    let changed = corrupt(&mut corrupted, die);
    let bits: u32 = packet.iter().zip(&corrupted).map(|(a, b)| (a ^ b).count_ones()).sum();
    assert_eq!(bits, u32::from(changed));
    if let Some(answer) = too_big(packet, 1400) {
        assert!(matches!(decode(&answer), Packet::Icmp { .. }));
    }
}

fuzz_target!(|packet: &[u8]| {
    cross(packet);
    look(packet);
});

fn look(packet: &[u8]) {
    match decode(packet) {
        Packet::Tcp(segment) => {
            assert!(segment.len < packet.len());
            assert_eq!(segment.payload.0.len(), segment.len.min(PAYLOAD_KEPT));
            assert!(segment.options.len() <= 40);
        }
        Packet::Udp { len, dns, .. } => {
            assert!(len < packet.len());
            assert!(dns.is_none_or(|dns| dns.starts_with("DNS ") && dns.is_ascii()));
        }
        Packet::Icmp { message, .. } => assert!(!message.is_empty()),
        Packet::Other { what, len } => assert!(!what.is_empty() && len == packet.len()),
    }
}
