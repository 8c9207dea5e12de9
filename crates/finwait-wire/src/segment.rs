//! A packet, decoded. Pure: bytes in, a description out, and never a panic whatever the bytes are.

use etherparse::err::ip::SliceError;
use etherparse::err::tcp::{HeaderError, HeaderSliceError};
use etherparse::{IpNumber, IpSlice, LaxIpSlice, TcpHeaderSlice, TcpSlice, UdpSlice};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, SocketAddr};

pub use super::icmp::IcmpError;
use super::{dns, icmp};
use finwait_model::call::Bytes;

/// A sequence number: wraps at 2^32 (RFC 9293, 3.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SeqNo(pub u32);

impl SeqNo {
    /// The distance from `base` to this number, in sequence space.
    pub const fn relative_to(self, base: SeqNo) -> u32 {
        self.0.wrapping_sub(base.0)
    }
}

/// The control bits of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Flags(pub u16);

impl Flags {
    /// FIN
    pub const FIN: Flags = Flags(1);
    /// SYN
    pub const SYN: Flags = Flags(2);
    /// RST
    pub const RST: Flags = Flags(4);
    /// PSH
    pub const PSH: Flags = Flags(8);
    /// ACK
    pub const ACK: Flags = Flags(16);
    /// URG
    pub const URG: Flags = Flags(32);
    /// ECE
    pub const ECE: Flags = Flags(64);
    /// CWR
    pub const CWR: Flags = Flags(128);

    /// Is any of `other`'s bits set?
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 != 0
    }
}

impl fmt::Display for Flags {
    /// `SYN,ACK`, `PSH,ACK`, `RST`; `none` when no bit is set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [(Flags, &str); 8] = [
            (Flags::SYN, "SYN"),
            (Flags::FIN, "FIN"),
            (Flags::RST, "RST"),
            (Flags::PSH, "PSH"),
            (Flags::URG, "URG"),
            (Flags::ECE, "ECE"),
            (Flags::CWR, "CWR"),
            (Flags::ACK, "ACK"),
        ];
        let names: Vec<_> = NAMES
            .iter()
            .filter(|(bit, _)| self.has(*bit))
            .map(|(_, name)| *name)
            .collect();
        f.pad(&if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(",")
        })
    }
}

/// A packet on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Packet {
    /// A TCP segment.
    Tcp(Segment),
    /// A UDP datagram.
    Udp {
        /// The sender.
        source: SocketAddr,
        /// Whom it is for.
        destination: SocketAddr,
        /// Bytes of payload.
        len: usize,
        /// The question of a DNS message in words: `DNS query example.org A`; none for anything else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dns: Option<String>,
    },
    /// An ICMP or ICMPv6 message; those that report an error quote the segment that drew it.
    Icmp {
        /// The sender.
        source: IpAddr,
        /// The receiver.
        destination: IpAddr,
        /// The message in words: `port unreachable`, `type 3 code 13`.
        message: String,
        /// Source and destination of the TCP segment that an error quotes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<(SocketAddr, SocketAddr)>,
        /// The error, as TCP takes it; none where it reports none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<IcmpError>,
    },
    /// Anything else, malformed ones included.
    Other {
        /// The contents in words: `SCTP`, `TCP header cut short at 12 bytes`.
        what: String,
        /// The packet's length, bytes.
        len: usize,
    },
}

impl Packet {
    /// The addresses of the connection that it is of or about, the one that sent the segment first; none where it is about none.
    pub const fn connection(&self) -> Option<(SocketAddr, SocketAddr)> {
        match self {
            Packet::Tcp(segment) => Some(segment.way()),
            Packet::Icmp { about, .. } => *about,
            Packet::Udp { .. } | Packet::Other { .. } => None,
        }
    }

    /// The ports of its sender and its receiver; none where it has none.
    pub const fn ports(&self) -> Option<[u16; 2]> {
        match self {
            Packet::Tcp(Segment {
                source, destination, ..
            })
            | Packet::Udp {
                source, destination, ..
            } => Some([source.port(), destination.port()]),
            Packet::Icmp { .. } | Packet::Other { .. } => None,
        }
    }
}

/// One TCP segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The sender.
    pub source: SocketAddr,
    /// Whom it is for.
    pub destination: SocketAddr,
    /// The control bits.
    pub flags: Flags,
    /// The sequence number of the first byte.
    pub seq: SeqNo,
    /// The next byte expected; meaningless without ACK.
    pub ack: SeqNo,
    /// The window, not scaled.
    pub window: u16,
    /// The urgent pointer; meaningless without URG.
    pub urgent: u16,
    /// The options, in order, without the padding.
    pub options: Vec<TcpOption>,
    /// Bytes of payload.
    pub len: usize,
    /// The first [`PAYLOAD_KEPT`] bytes of the payload.
    pub payload: Bytes,
}

impl Segment {
    /// The length of the TCP header, bytes: each option padded to 32 bits, as Linux sends them.
    pub fn header_len(&self) -> usize {
        20 + self
            .options
            .iter()
            .map(|option| option.len().next_multiple_of(4))
            .sum::<usize>()
    }
}

/// The most bytes of a payload that a decoded segment keeps.
pub const PAYLOAD_KEPT: usize = 64;

/// A TCP option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TcpOption {
    /// Maximum segment size, bytes.
    Mss(u16),
    /// Shift of the window.
    WindowScale(u8),
    /// Selective acknowledgements are understood.
    SackPermitted,
    /// Blocks received out of order: first byte, byte after the last.
    Sack(Vec<(u32, u32)>),
    /// Value and echo.
    Timestamps(u32, u32),
    /// Anything else, by kind.
    Other(u8),
}

impl TcpOption {
    /// Bytes, without padding; 0 where they are not known.
    const fn len(&self) -> usize {
        match self {
            TcpOption::Mss(_) => 4,
            TcpOption::WindowScale(_) => 3,
            TcpOption::SackPermitted => 2,
            TcpOption::Sack(blocks) => 2 + 8 * blocks.len(),
            TcpOption::Timestamps(..) => 10,
            TcpOption::Other(_) => 0,
        }
    }
}

/// Decodes an IPv4 or IPv6 packet. Checksums are not verified: on the wire the receiving kernel does that.
///
/// Never panics; what is malformed, fragmented, or neither TCP, UDP nor ICMP is [`Packet::Other`].
pub fn decode(packet: &[u8]) -> Packet {
    let what = match IpSlice::from_slice(packet) {
        Ok(ip) => match transport(&IpParts::of(&ip)) {
            Ok(decoded) => return decoded,
            Err(what) => what,
        },
        Err(error) => not_ip(packet, &error),
    };
    Packet::Other {
        what,
        len: packet.len(),
    }
}

/// An IP packet of a capture, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedIp {
    /// The contents.
    pub packet: Packet,
    /// The time to live, or hop limit; none where it is no IP packet.
    pub ttl: Option<u8>,
    /// The identification of an IPv4 packet.
    pub ip_id: Option<u16>,
}

/// Decodes an IPv4 or IPv6 packet that may be cut at its end, as a capture's snaplen does, or have a length of 0, as a super-segment may
/// on its way to the device: a segment's length is that which the IP header says, and else that of what is there.
///
/// Never panics; what is malformed, fragmented, or neither TCP, UDP nor ICMP is [`Packet::Other`].
pub fn decode_captured(packet: &[u8]) -> CapturedIp {
    let other = |what| CapturedIp {
        packet: Packet::Other {
            what,
            len: packet.len(),
        },
        ttl: None,
        ip_id: None,
    };
    let Ok((ip, _)) = LaxIpSlice::from_slice(packet) else {
        // It says what is wrong with it.
        let decoded = decode(packet);
        return CapturedIp {
            packet: decoded,
            ..other(String::new())
        };
    };
    // The payload's length as the header has it: 0 where that is not said.
    let (ttl, ip_id, told) = match &ip {
        LaxIpSlice::Ipv4(ip) => {
            let header = ip.header();
            let told = usize::from(header.total_len()).saturating_sub(usize::from(header.ihl()) * 4);
            (header.ttl(), Some(header.identification()), told)
        }
        LaxIpSlice::Ipv6(ip) => (ip.header().hop_limit(), None, usize::from(ip.header().payload_length())),
    };
    let payload = ip.payload();
    let (source, destination) = (ip.source_addr(), ip.destination_addr());
    let is_cut = payload.incomplete && payload.ip_number == IpNumber::TCP && !payload.fragmented;
    let decoded = if is_cut {
        match TcpHeaderSlice::from_slice(payload.payload) {
            Ok(header) => {
                let there = payload.payload.len() - header.slice().len();
                // Extension headers, which are rare, are in what is told.
                let extensions = match &ip {
                    LaxIpSlice::Ipv4(_) => 0,
                    LaxIpSlice::Ipv6(ip) => ip.extensions().slice().len(),
                };
                let len = told.saturating_sub(header.slice().len() + extensions).max(there);
                TcpSlice::from_slice(payload.payload).map_or_else(
                    |_| other(cut_short("TCP header", payload.payload.len())).packet,
                    |tcp| {
                        Packet::Tcp(Segment {
                            len,
                            ..segment(source, destination, &tcp)
                        })
                    },
                )
            }
            Err(_) => other(cut_short("TCP header", payload.payload.len())).packet,
        }
    } else {
        let parts = IpParts {
            source,
            destination,
            number: payload.ip_number,
            fragmented: payload.fragmented,
            payload: payload.payload,
        };
        transport(&parts).unwrap_or_else(|what| other(what).packet)
    };
    CapturedIp {
        packet: decoded,
        ttl: Some(ttl),
        ip_id,
    }
}

/// The parts of an IP packet that say what it carries.
struct IpParts<'a> {
    source: IpAddr,
    destination: IpAddr,
    number: IpNumber,
    fragmented: bool,
    payload: &'a [u8],
}

impl<'a> IpParts<'a> {
    fn of(ip: &IpSlice<'a>) -> IpParts<'a> {
        let payload = ip.payload();
        IpParts {
            source: ip.source_addr(),
            destination: ip.destination_addr(),
            number: payload.ip_number,
            fragmented: payload.fragmented,
            payload: payload.payload,
        }
    }
}

/// The TCP segment, UDP datagram or ICMP message that an IP packet carries, or what else it is.
fn transport(payload: &IpParts<'_>) -> Result<Packet, String> {
    let (source, destination) = (payload.source, payload.destination);
    if payload.fragmented {
        return Err(format!("fragment of {}", protocol(payload.number)));
    }
    type Quoted = fn(&[u8]) -> Option<icmp::Quoted>;
    let icmp = |words: fn([u8; 8]) -> String, error: fn([u8; 8]) -> Option<IcmpError>, quoted: Quoted| {
        let head = payload.payload.first_chunk().copied();
        let head = head.ok_or_else(|| cut_short("ICMP message", payload.payload.len()))?;
        let about = quoted(payload.payload);
        Ok(Packet::Icmp {
            source,
            destination,
            message: match about {
                Some(icmp::Quoted::Udp(from, to)) => format!("{}, about UDP {from} > {to}", words(head)),
                _ => words(head),
            },
            about: match about {
                Some(icmp::Quoted::Tcp(from, to)) => Some((from, to)),
                _ => None,
            },
            error: error(head),
        })
    };
    match payload.number {
        IpNumber::TCP => match TcpSlice::from_slice(payload.payload) {
            Ok(tcp) => Ok(Packet::Tcp(segment(source, destination, &tcp))),
            Err(HeaderSliceError::Len(_)) => Err(cut_short("TCP header", payload.payload.len())),
            Err(HeaderSliceError::Content(HeaderError::DataOffsetTooSmall { data_offset })) => {
                Err(format!("TCP header with a data offset of {data_offset}"))
            }
        },
        IpNumber::UDP => match UdpSlice::from_slice(payload.payload) {
            Ok(udp) => Ok(Packet::Udp {
                source: SocketAddr::new(source, udp.source_port()),
                destination: SocketAddr::new(destination, udp.destination_port()),
                len: udp.payload().len(),
                dns: dns::words([udp.source_port(), udp.destination_port()], udp.payload()),
            }),
            Err(_) => Err(cut_short("UDP datagram", payload.payload.len())),
        },
        IpNumber::ICMP if source.is_ipv4() => icmp(icmp::v4, icmp::error_v4, icmp::quoted_v4),
        IpNumber::IPV6_ICMP if source.is_ipv6() => icmp(icmp::v6, icmp::error_v6, icmp::quoted_v6),
        other => Err(protocol(other)),
    }
}

fn segment(source: IpAddr, destination: IpAddr, tcp: &TcpSlice<'_>) -> Segment {
    let payload = tcp.payload();
    Segment {
        source: SocketAddr::new(source, tcp.source_port()),
        destination: SocketAddr::new(destination, tcp.destination_port()),
        // The byte of the eight control bits (RFC 9293, 3.1); etherparse hands them out one by one.
        flags: Flags(tcp.header_slice().get(13).copied().unwrap_or(0).into()),
        seq: SeqNo(tcp.sequence_number()),
        ack: SeqNo(tcp.acknowledgment_number()),
        window: tcp.window_size(),
        urgent: tcp.urgent_pointer(),
        options: options(tcp.options()),
        len: payload.len(),
        payload: Bytes(payload[..payload.len().min(PAYLOAD_KEPT)].to_vec()),
    }
}

/// The options of a header, without the padding (RFC 9293, 3.1).
///
/// Read here, since etherparse's iterator ends at the first kind that it does not know. One whose length is wrong is shown by its
/// kind, and is the last: there is no knowing where the next one starts.
fn options(mut bytes: &[u8]) -> Vec<TcpOption> {
    const END: u8 = 0;
    const NOP: u8 = 1;
    // Most segments have one, the timestamps: room for four, as a vector takes by itself, would stay empty in 100,000 entries.
    let mut options = Vec::with_capacity(usize::from(!bytes.is_empty()));
    while let [kind, rest @ ..] = bytes {
        match *kind {
            END => break,
            NOP => bytes = rest,
            kind => {
                let len = rest.first().map_or(0, |len| usize::from(*len));
                let Some(value) = bytes.get(2..len) else {
                    options.push(TcpOption::Other(kind));
                    break;
                };
                options.push(option(kind, value));
                bytes = &bytes[len..];
            }
        }
    }
    options
}

/// One option (RFC 9293, 3.2; RFC 7323; RFC 2018); a known kind of an unknown length is shown by its kind only.
fn option(kind: u8, value: &[u8]) -> TcpOption {
    let number = |bytes: &[u8]| bytes.iter().fold(0, |number: u32, byte| number << 8 | u32::from(*byte));
    match (kind, value) {
        (2, &[a, b]) => TcpOption::Mss(u16::from_be_bytes([a, b])),
        (3, &[shift]) => TcpOption::WindowScale(shift),
        (4, []) => TcpOption::SackPermitted,
        (5, blocks) if !blocks.is_empty() && blocks.len() % 8 == 0 => TcpOption::Sack(
            blocks
                .chunks_exact(8)
                .map(|block| (number(&block[..4]), number(&block[4..])))
                .collect(),
        ),
        (8, times) if times.len() == 8 => TcpOption::Timestamps(number(&times[..4]), number(&times[4..])),
        _ => TcpOption::Other(kind),
    }
}

/// The fault of a packet that is no IP packet.
fn not_ip(packet: &[u8], error: &SliceError) -> String {
    match (packet.first().map(|byte| byte >> 4), error) {
        (None, _) => "empty packet".into(),
        (Some(version @ (4 | 6)), SliceError::Len(error)) => {
            format!(
                "IPv{version} packet of {} bytes cut short at {}",
                error.required_len, error.len
            )
        }
        (Some(version @ (4 | 6)), SliceError::IpHeaders(_)) => format!("malformed IPv{version} header"),
        (Some(version), _) => format!("IP version {version}"),
    }
}

fn cut_short(what: &str, len: usize) -> String {
    format!("{what} cut short at {len} bytes")
}

fn protocol(number: IpNumber) -> String {
    number
        .keyword_str()
        .map_or_else(|| format!("IP protocol {}", number.0), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::{PacketBuilder, TcpOptionElement};
    use proptest::prelude::*;

    const CLIENT: [u8; 4] = [10, 0, 0, 1];
    const SERVER: [u8; 4] = [10, 0, 0, 2];

    fn syn() -> Vec<u8> {
        let builder = PacketBuilder::ipv4(CLIENT, SERVER, 64)
            .tcp(41822, 8080, 1000, 64240)
            .syn()
            .options(&[
                TcpOptionElement::MaximumSegmentSize(1460),
                TcpOptionElement::SelectiveAcknowledgementPermitted,
                TcpOptionElement::Timestamp(7, 0),
                TcpOptionElement::Noop,
                TcpOptionElement::WindowScale(7),
            ])
            .unwrap();
        let mut packet = Vec::new();
        builder.write(&mut packet, &[]).unwrap();
        packet
    }

    fn data_v6(payload: &[u8]) -> Vec<u8> {
        let mut packet = Vec::new();
        PacketBuilder::ipv6([0xfd; 16], [0xfe; 16], 64)
            .tcp(8080, 41822, u32::MAX, 500)
            .ack(77)
            .psh()
            .write(&mut packet, payload)
            .unwrap();
        packet
    }

    fn icmp_v4(kind: u8, code: u8) -> Vec<u8> {
        let mut packet = Vec::new();
        PacketBuilder::ipv4(SERVER, CLIENT, 64)
            .icmpv4_raw(kind, code, [0, 0, 5, 120])
            .write(&mut packet, &syn())
            .unwrap();
        packet
    }

    fn tcp(packet: &[u8]) -> Segment {
        match decode(packet) {
            Packet::Tcp(segment) => segment,
            other => panic!("{other:?}"),
        }
    }

    fn other(packet: &[u8]) -> String {
        match decode(packet) {
            Packet::Other { what, len } if len == packet.len() => what,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_syn_has_its_addresses_numbers_and_options() {
        let segment = tcp(&syn());
        assert_eq!(segment.source, "10.0.0.1:41822".parse().unwrap());
        assert_eq!(segment.destination, "10.0.0.2:8080".parse().unwrap());
        assert_eq!(segment.flags, Flags::SYN);
        assert_eq!((segment.seq, segment.window, segment.len), (SeqNo(1000), 64240, 0));
        assert_eq!(
            segment.options,
            [
                TcpOption::Mss(1460),
                TcpOption::SackPermitted,
                TcpOption::Timestamps(7, 0),
                TcpOption::WindowScale(7),
            ]
        );
    }

    #[test]
    fn data_over_ipv6_has_its_length_and_the_first_bytes() {
        let sent: Vec<u8> = (0..200).collect();
        let segment = tcp(&data_v6(&sent));
        assert!(segment.source.is_ipv6());
        assert_eq!(segment.flags.to_string(), "PSH,ACK");
        assert_eq!((segment.seq, segment.ack), (SeqNo(u32::MAX), SeqNo(77)));
        assert_eq!(segment.len, 200);
        assert_eq!(segment.payload.0, sent[..PAYLOAD_KEPT]);
    }

    #[test]
    fn bytes_after_the_ip_packet_are_not_payload() {
        let mut packet = syn();
        packet.extend([0; 6]);
        assert_eq!(tcp(&packet).len, 0);
    }

    #[test]
    fn an_icmp_error_is_in_words() {
        let Packet::Icmp { source, message, .. } = decode(&icmp_v4(3, 3)) else {
            panic!("no ICMP");
        };
        assert_eq!((source, message.as_str()), (IpAddr::from(SERVER), "port unreachable"));

        let mut packet = Vec::new();
        PacketBuilder::ipv6([0xfd; 16], [0xfe; 16], 64)
            .icmpv6_raw(1, 4, [0; 4])
            .write(&mut packet, &[])
            .unwrap();
        assert!(matches!(decode(&packet), Packet::Icmp { message, .. } if message == "port unreachable"));
    }

    #[test]
    fn what_is_not_tcp_says_what_it_is() {
        let mut packet = Vec::new();
        let udp = PacketBuilder::ipv4(CLIENT, SERVER, 64).udp(53, 53);
        udp.write(&mut packet, b"?").unwrap();
        packet[9] = 253;
        assert_eq!(other(&packet), "IP protocol 253");
    }

    #[test]
    fn a_datagram_has_its_ports_and_its_length() {
        let mut packet = Vec::new();
        let udp = PacketBuilder::ipv4(CLIENT, SERVER, 64).udp(4000, 9);
        udp.write(&mut packet, b"hello").unwrap();
        assert_eq!(
            decode(&packet),
            Packet::Udp {
                source: "10.0.0.1:4000".parse().unwrap(),
                destination: "10.0.0.2:9".parse().unwrap(),
                len: 5,
                dns: None
            }
        );
        let mut cut = packet[..24].to_vec();
        cut[3] = 24;
        assert_eq!(other(&cut), "UDP datagram cut short at 4 bytes");
    }

    #[test]
    fn an_icmp_message_says_what_it_is_about() {
        let message = |quoted: &[u8], kind, code| {
            let mut packet = Vec::new();
            PacketBuilder::ipv4(SERVER, CLIENT, 64)
                .icmpv4_raw(kind, code, [0, 1, 0, 5])
                .write(&mut packet, quoted)
                .unwrap();
            match decode(&packet) {
                Packet::Icmp { message, about, .. } => (message, about.is_some()),
                other => panic!("{other:?}"),
            }
        };
        let mut datagram = Vec::new();
        let udp = PacketBuilder::ipv4(CLIENT, SERVER, 64).udp(4000, 53);
        udp.write(&mut datagram, b"?").unwrap();
        assert_eq!(
            message(&datagram, 3, 3),
            ("port unreachable, about UDP 10.0.0.1:4000 > 10.0.0.2:53".into(), false)
        );
        assert_eq!(message(&syn(), 3, 3), ("port unreachable".into(), true));
        assert_eq!(message(&[], 8, 0), ("echo request, id 1 seq 5".into(), false));
    }

    #[test]
    fn malformed_packets_say_how() {
        assert_eq!(other(&[]), "empty packet");
        assert_eq!(other(&[0x55; 40]), "IP version 5");
        let packet = syn();
        assert_eq!(
            other(&packet[..45]),
            format!("IPv4 packet of {} bytes cut short at 45", packet.len())
        );

        let mut cut = packet[..32].to_vec();
        cut[3] = 32;
        assert_eq!(other(&cut), "TCP header cut short at 12 bytes");

        let mut offset = packet.clone();
        offset[32] = 0x40;
        assert_eq!(other(&offset), "TCP header with a data offset of 4");

        let mut fragment = packet;
        fragment[6] = 0x20;
        assert_eq!(other(&fragment), "fragment of TCP");
    }

    #[test]
    fn unknown_options_do_not_hide_those_behind_them() {
        let fast_open = [34, 4, 1, 2];
        let bytes = [&[1, 1][..], &fast_open, &[3, 3, 9], &[0], &[2, 4, 1, 1]].concat();
        assert_eq!(options(&bytes), [TcpOption::Other(34), TcpOption::WindowScale(9)]);
    }

    #[test]
    fn an_option_of_a_wrong_length_is_the_last() {
        for wrong in [&[8][..], &[8, 0], &[8, 1, 3, 3, 9], &[8, 10, 0, 0]] {
            assert_eq!(options(wrong), [TcpOption::Other(8)]);
        }
        assert_eq!(
            options(&[2, 3, 0, 3, 3, 9]),
            [TcpOption::Other(2), TcpOption::WindowScale(9)]
        );
    }

    #[test]
    fn sack_blocks_are_pairs() {
        let blocks = [5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 1, 0, 0, 0, 2, 0];
        assert_eq!(options(&blocks), [TcpOption::Sack(vec![(1, 2), (256, 512)])]);
    }

    proptest! {
        #[test]
        fn random_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            decode(&bytes);
        }

        #[test]
        fn damaged_packets_do_not_panic(
            which in 0..3_usize,
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut packet = [syn(), data_v6(b"hello"), icmp_v4(3, 4)][which].clone();
            for (at, with) in damage {
                let at = at.index(packet.len());
                packet[at] = with;
            }
            decode(&packet);
            decode(&packet[..cut.index(packet.len() + 1)]);
        }
    }
}
