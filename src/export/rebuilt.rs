//! Packets made again of what was decoded of them, for recordings that have no bytes: addresses, numbers, flags, window, options and the kept
//! payload are those that were on the wire; the IP id, the TTL and the padding are not known any more.

use std::net::{IpAddr, SocketAddr};

use crate::lab::event::{PacketRecord, RawPacket};
use crate::wire::segment::{Flags, Packet, Segment, TcpOption};

/// The protocol numbers of IANA.
const TCP: u8 = 6;
const UDP: u8 = 17;

/// Returns a packet like the one that the record is of; none of ICMP messages and others, whose contents are only known in words.
pub(super) fn rebuilt(record: &PacketRecord) -> Option<RawPacket> {
    let (ends, protocol, head, payload, len) = match &record.packet {
        Packet::Tcp(segment) => (
            (segment.source, segment.destination),
            TCP,
            tcp_header(segment),
            segment.payload.0.as_slice(),
            segment.len,
        ),
        Packet::Udp {
            source,
            destination,
            len,
            ..
        } => (
            (*source, *destination),
            UDP,
            udp_header(*source, *destination, *len),
            &[][..],
            *len,
        ),
        Packet::Icmp { .. } | Packet::Other { .. } => return None,
    };
    let payload = &payload[..payload.len().min(len)];
    let mut transport = head;
    let whole = transport.len() + len;
    transport.extend_from_slice(payload);
    let mut bytes = ip_header(ends.0.ip(), ends.1.ip(), protocol, whole);
    let at = bytes.len();
    // The sum is over all of the payload, which a long segment's record has not.
    if payload.len() == len && protocol == TCP {
        let sum = checksum(pseudo_header(ends.0.ip(), ends.1.ip(), protocol, whole), &transport);
        transport[16..18].copy_from_slice(&sum.to_be_bytes());
    }
    bytes.extend_from_slice(&transport);
    Some(RawPacket {
        len: at + whole,
        bytes,
        arrived: None,
    })
}

fn ip_header(source: IpAddr, destination: IpAddr, protocol: u8, len: usize) -> Vec<u8> {
    let mut header = Vec::with_capacity(40);
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let total = u16::try_from(20 + len).unwrap_or(u16::MAX);
            header.extend([0x45, 0]);
            header.extend(total.to_be_bytes());
            // No id; DF, as TCP's packets have it.
            header.extend([0, 0, 0x40, 0, 64, protocol, 0, 0]);
            header.extend(source.octets());
            header.extend(destination.octets());
            let sum = checksum(0, &header);
            header[10..12].copy_from_slice(&sum.to_be_bytes());
        }
        (source, destination) => {
            let octets = |ip: IpAddr| match ip {
                IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
                IpAddr::V6(ip) => ip.octets(),
            };
            header.extend([0x60, 0, 0, 0]);
            header.extend(u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes());
            header.extend([protocol, 64]);
            header.extend(octets(source));
            header.extend(octets(destination));
        }
    }
    header
}

fn tcp_header(segment: &Segment) -> Vec<u8> {
    let mut options = Vec::new();
    for option in &segment.options {
        match option {
            TcpOption::Mss(mss) => {
                options.extend([2, 4]);
                options.extend(mss.to_be_bytes());
            }
            TcpOption::WindowScale(shift) => options.extend([1, 3, 3, *shift]),
            TcpOption::SackPermitted => options.extend([4, 2]),
            TcpOption::Sack(blocks) => {
                options.extend([1, 1, 5, u8::try_from(2 + 8 * blocks.len()).unwrap_or(2)]);
                for (left, right) in blocks {
                    options.extend(left.to_be_bytes());
                    options.extend(right.to_be_bytes());
                }
            }
            TcpOption::Timestamps(value, echo) => {
                // What permits selective acknowledgements stands in the place of its padding.
                if options.len() % 4 == 0 {
                    options.extend([1, 1]);
                }
                options.extend([8, 10]);
                options.extend(value.to_be_bytes());
                options.extend(echo.to_be_bytes());
            }
            // Its length is not known.
            TcpOption::Other(_) => {}
        }
    }
    // They stand as Linux writes them (`tcp_options_write`).
    options.resize(options.len().next_multiple_of(4), 1);
    options.truncate(40);
    let words = (20 + options.len()) / 4;
    let mut header = Vec::with_capacity(60);
    header.extend(segment.source.port().to_be_bytes());
    header.extend(segment.destination.port().to_be_bytes());
    header.extend(segment.seq.0.to_be_bytes());
    let ack = if segment.flags.has(Flags::ACK) {
        segment.ack.0
    } else {
        0
    };
    header.extend(ack.to_be_bytes());
    header.extend(((words as u16) << 12 | segment.flags.0).to_be_bytes());
    header.extend(segment.window.to_be_bytes());
    header.extend([0, 0]);
    header.extend(segment.urgent.to_be_bytes());
    header.extend(options);
    header
}

fn udp_header(source: SocketAddr, destination: SocketAddr, len: usize) -> Vec<u8> {
    let mut header = Vec::with_capacity(8);
    header.extend(source.port().to_be_bytes());
    header.extend(destination.port().to_be_bytes());
    header.extend(u16::try_from(8 + len).unwrap_or(u16::MAX).to_be_bytes());
    // No checksum (RFC 768).
    header.extend([0, 0]);
    header
}

/// The sum of the pseudo-header of a checksum (RFC 9293, 3.1; RFC 8200, 8.1).
fn pseudo_header(source: IpAddr, destination: IpAddr, protocol: u8, len: usize) -> u32 {
    let of = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => sum(&ip.octets()),
        IpAddr::V6(ip) => sum(&ip.octets()),
    };
    of(source) + of(destination) + u32::from(protocol) + len as u32
}

/// The sum of 16-bit words, the last padded with zero.
fn sum(bytes: &[u8]) -> u32 {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
    bytes.chunks(2).map(word).sum()
}

/// The Internet checksum of `bytes` (RFC 1071), beginning with that sum.
fn checksum(begin: u32, bytes: &[u8]) -> u16 {
    let mut all = begin + sum(bytes);
    while all > 0xffff {
        all = (all & 0xffff) + (all >> 16);
    }
    !(all as u16)
}
