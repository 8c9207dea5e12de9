//! A writer of captures, for tests: packets as the wire decoded them, back to bytes, in any of the formats that are read.

use finwait::clock::MonoTime;
use finwait::wire::segment::{IcmpError, Packet, Segment, TcpOption};
use std::net::{IpAddr, SocketAddr};

/// How a file frames its packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    Raw,
    Ethernet,
    Vlan,
    QinQ,
    Sll,
    Sll2,
    Null,
    Loop,
}

impl Frame {
    pub const ALL: [Frame; 8] = [
        Frame::Raw,
        Frame::Ethernet,
        Frame::Vlan,
        Frame::QinQ,
        Frame::Sll,
        Frame::Sll2,
        Frame::Null,
        Frame::Loop,
    ];

    pub fn link(self) -> u32 {
        match self {
            Frame::Raw => 101,
            Frame::Ethernet | Frame::Vlan | Frame::QinQ => 1,
            Frame::Sll => 113,
            Frame::Sll2 => 276,
            Frame::Null => 0,
            Frame::Loop => 108,
        }
    }

    pub fn around(self, ip: &[u8]) -> Vec<u8> {
        let ethertype: [u8; 2] = if ip[0] >> 4 == 6 { [0x86, 0xdd] } else { [8, 0] };
        let family: u32 = if ip[0] >> 4 == 6 { 10 } else { 2 };
        let mut frame = match self {
            Frame::Raw => Vec::new(),
            Frame::Ethernet => [&[2; 12], &ethertype[..]].concat(),
            Frame::Vlan => [&[2; 12], &[0x81, 0, 0, 7][..], &ethertype].concat(),
            Frame::QinQ => [&[2; 12], &[0x88, 0xa8, 0, 7, 0x81, 0, 0, 9][..], &ethertype].concat(),
            Frame::Sll => [&[0; 14], &ethertype[..]].concat(),
            Frame::Sll2 => [&ethertype[..], &[0; 18]].concat(),
            Frame::Null => family.to_le_bytes().to_vec(),
            Frame::Loop => family.to_be_bytes().to_vec(),
        };
        frame.extend_from_slice(ip);
        frame
    }
}

/// A packet's bytes, and how many it had on the wire.
pub struct Bytes {
    pub at: MonoTime,
    pub there: Vec<u8>,
    pub len: usize,
}

/// The bytes of a packet as an IP packet; none of one that is not written.
pub fn bytes(at: MonoTime, packet: &Packet) -> Option<Bytes> {
    let (there, len) = match packet {
        Packet::Tcp(segment) => {
            let header = tcp(segment);
            let len = header.len() + segment.len;
            let payload = [&header[..], &segment.payload.0].concat();
            ip((segment.source.ip(), segment.destination.ip()), 6, &payload, len)
        }
        Packet::Icmp {
            source,
            destination,
            about,
            error,
            ..
        } => {
            let (from, to) = (*about)?;
            let v6 = source.is_ipv6();
            let (kind, code) = match ((*error)?, v6) {
                (IcmpError::Network, false) => (3, 0),
                (IcmpError::Host, false) => (3, 1),
                (IcmpError::Port, false) => (3, 3),
                (IcmpError::Prohibited, false) => (3, 13),
                (IcmpError::Network, true) => (1, 0),
                (IcmpError::Host, true) => (1, 3),
                (IcmpError::Port, true) => (1, 4),
                (IcmpError::Prohibited, true) => (1, 1),
                (IcmpError::Other, _) => return None,
            };
            let ports = [from.port().to_be_bytes(), to.port().to_be_bytes()].concat();
            let quoted = [&ports[..], &[0; 16]].concat();
            let (quoted, _) = ip((from.ip(), to.ip()), 6, &quoted, 20);
            let message = [&[kind, code, 0, 0, 0, 0, 0, 0][..], &quoted].concat();
            let protocol = if v6 { 58 } else { 1 };
            ip((*source, *destination), protocol, &message, message.len())
        }
        Packet::Udp { .. } | Packet::Other { .. } => return None,
    };
    Some(Bytes { at, there, len })
}

fn ip((source, destination): (IpAddr, IpAddr), protocol: u8, payload: &[u8], len: usize) -> (Vec<u8>, usize) {
    let mut packet = Vec::new();
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let total = (20 + len) as u16;
            packet.extend([0x45, 0]);
            packet.extend(total.to_be_bytes());
            packet.extend([0, 0, 0x40, 0, 64, protocol, 0, 0]);
            packet.extend(source.octets());
            packet.extend(destination.octets());
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            packet.extend([0x60, 0, 0, 0]);
            packet.extend((len as u16).to_be_bytes());
            packet.extend([protocol, 64]);
            packet.extend(source.octets());
            packet.extend(destination.octets());
        }
        other => panic!("{other:?}"),
    }
    let header = packet.len();
    packet.extend_from_slice(payload);
    (packet, header + len)
}

fn tcp(segment: &Segment) -> Vec<u8> {
    let mut options = Vec::new();
    for option in &segment.options {
        match option {
            TcpOption::Mss(mss) => options.extend([&[2, 4][..], &mss.to_be_bytes()].concat()),
            TcpOption::WindowScale(shift) => options.extend([3, 3, *shift, 1]),
            TcpOption::SackPermitted => options.extend([4, 2, 1, 1]),
            TcpOption::Sack(blocks) => {
                options.extend([1, 1, 5, 2 + 8 * blocks.len() as u8]);
                for (from, to) in blocks {
                    options.extend([from.to_be_bytes(), to.to_be_bytes()].concat());
                }
            }
            TcpOption::Timestamps(value, echo) => {
                options.extend([1, 1, 8, 10]);
                options.extend([value.to_be_bytes(), echo.to_be_bytes()].concat());
            }
            TcpOption::Other(_) => {}
        }
    }
    let mut header = Vec::new();
    header.extend(segment.source.port().to_be_bytes());
    header.extend(segment.destination.port().to_be_bytes());
    header.extend(segment.seq.0.to_be_bytes());
    header.extend(segment.ack.0.to_be_bytes());
    header.push((((20 + options.len()) / 4) << 4) as u8);
    header.push(segment.flags.0 as u8);
    header.extend(segment.window.to_be_bytes());
    header.extend([0, 0]);
    header.extend(segment.urgent.to_be_bytes());
    header.extend(options);
    header
}

/// A pcap file of these packets, each cut at `snaplen`.
pub fn pcap(frame: Frame, packets: &[Bytes], snaplen: usize) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_3c4d_u32, 0x0004_0002, 0, 0, snaplen as u32, frame.link()] {
        file.extend(word.to_le_bytes());
    }
    for packet in packets {
        let there = frame.around(&packet.there);
        let there = &there[..there.len().min(snaplen)];
        let seconds = packet.at.0 / 1_000_000_000;
        let nanoseconds = packet.at.0 % 1_000_000_000;
        let around = frame.around(&packet.there).len() - packet.there.len();
        for word in [seconds, nanoseconds, there.len() as u64, (packet.len + around) as u64] {
            file.extend((word as u32).to_le_bytes());
        }
        file.extend(there);
    }
    file
}

/// The same addresses in another network, so that runs do not meet.
pub fn moved(packet: &Packet, network: u8) -> Packet {
    let ip = |ip: &mut IpAddr| {
        if let IpAddr::V4(address) = ip {
            let [a, _, c, d] = address.octets();
            *ip = IpAddr::from([a, network, c, d]);
        } else if let IpAddr::V6(address) = ip {
            let mut words = address.segments();
            words[1] = network.into();
            *ip = IpAddr::from(words);
        }
    };
    let socket = |address: &mut SocketAddr| {
        let mut to = address.ip();
        ip(&mut to);
        address.set_ip(to);
    };
    let mut packet = packet.clone();
    match &mut packet {
        Packet::Tcp(segment) => {
            socket(&mut segment.source);
            socket(&mut segment.destination);
        }
        Packet::Icmp {
            source,
            destination,
            about,
            ..
        } => {
            ip(source);
            ip(destination);
            if let Some((from, to)) = about {
                socket(from);
                socket(to);
            }
        }
        Packet::Udp { .. } | Packet::Other { .. } => {}
    }
    packet
}
