//! Packets of our own making, spoken in the name of the other end, with valid checksums.

use etherparse::{IpSlice, PacketBuilder, PacketBuilderStep, TcpHeader};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

use super::flow::ReceiveState;
use super::segment::SeqNo;
use finwait_model::call::Bytes;
use finwait_model::side::Side;

/// The kind of forged packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Forgery {
    /// RST: accepted, challenged or ignored as its number has it (RFC 5961, 3.2).
    Rst,
    /// An acknowledgement that nobody sent.
    Ack,
    /// The SYN of this connection once more (RFC 5961, 4.2).
    Syn,
    /// A SYN of an earlier one, with an older number (RFC 9293, figure 8).
    OldSyn,
    /// FIN.
    Fin,
    /// Data.
    Data,
    /// ICMP: no route to the network.
    NetUnreachable,
    /// ICMP: no route to the host.
    HostUnreachable,
    /// ICMP: nobody at that port.
    PortUnreachable,
    /// ICMP: a firewall forbids it (administratively prohibited).
    Prohibited,
    /// ICMP: too large for the path; packet too big, in IPv6.
    FragNeeded,
}

impl Forgery {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Forgery; 11] = [
        Forgery::Rst,
        Forgery::Ack,
        Forgery::Syn,
        Forgery::OldSyn,
        Forgery::Fin,
        Forgery::Data,
        Forgery::NetUnreachable,
        Forgery::HostUnreachable,
        Forgery::PortUnreachable,
        Forgery::Prohibited,
        Forgery::FragNeeded,
    ];

    /// The word for it in commands.
    pub const fn name(self) -> &'static str {
        match self {
            Forgery::Rst => "rst",
            Forgery::Ack => "ack",
            Forgery::Syn => "syn",
            Forgery::OldSyn => "old-syn",
            Forgery::Fin => "fin",
            Forgery::Data => "data",
            Forgery::NetUnreachable => "net-unreachable",
            Forgery::HostUnreachable => "host-unreachable",
            Forgery::PortUnreachable => "port-unreachable",
            Forgery::Prohibited => "prohibited",
            Forgery::FragNeeded => "frag-needed",
        }
    }

    /// Returns whether it claims to be a segment, so that a sequence number can be chosen.
    pub const fn is_segment(self) -> bool {
        !matches!(
            self,
            Forgery::NetUnreachable
                | Forgery::HostUnreachable
                | Forgery::PortUnreachable
                | Forgery::Prohibited
                | Forgery::FragNeeded
        )
    }
}

/// The place in the sequence that a forged segment claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SequencePlace {
    /// The byte that the receiver expects next (RCV.NXT).
    #[default]
    Exact,
    /// The middle of the receiver's window.
    InWindow,
    /// Far beyond the receiver's window.
    OutOfWindow,
    /// The place at that number, counted from the connection's first.
    At(u32),
}

/// A packet that is to be made up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forge {
    /// The kind.
    pub what: Forgery,
    /// The end whose host receives it.
    pub to: Side,
    /// The place in the sequence.
    pub place: SequencePlace,
    /// The payload, for [`Forgery::Data`].
    pub data: Bytes,
}

/// The distance of an old SYN's number before the connection's own.
const OLDER: u32 = 100_000;
/// The distance beyond a window that counts as far.
const BEYOND: u32 = 1 << 29;
/// The window that a forged segment offers.
const WINDOW: u16 = 65_535;
/// The MTU that "fragmentation needed" names: above the least that Linux takes (`net.ipv4.route.min_pmtu` 552, IPv6's 1280).
const MTU: u32 = 1300;
const TTL: u8 = 64;

/// Makes the packet, for the end at `local`, in the name of the one at `peer`; none where the two addresses are of different
/// families.
///
/// Without anything known of the connection (`expects`), numbers count from 0: that is a stray segment.
pub fn forge(
    what: Forgery,
    place: SequencePlace,
    data: &[u8],
    local: SocketAddr,
    peer: SocketAddr,
    expects: Option<ReceiveState>,
) -> Option<Vec<u8>> {
    let known = expects.unwrap_or(ReceiveState {
        next: SeqNo(0),
        window: 0,
        sent: SeqNo(0),
        unacknowledged: SeqNo(0),
        peer_first: SeqNo(0),
    });
    let shifted = |base: SeqNo, by: u32| SeqNo(base.0.wrapping_add(by));
    let placed = match place {
        SequencePlace::Exact => known.next,
        SequencePlace::InWindow => shifted(known.next, (known.window / 2).max(1)),
        SequencePlace::OutOfWindow => shifted(known.next, known.window.wrapping_add(BEYOND)),
        SequencePlace::At(at) => shifted(known.peer_first, at),
    };
    let segment = |seq: SeqNo| TcpHeader::new(peer.port(), local.port(), seq.0, WINDOW);
    // Every segment acknowledges but the first SYN, and an RST that answers none (RFC 9293, 3.10.7.1).
    let acknowledging = |mut header: TcpHeader| {
        header.ack = expects.is_some() || what != Forgery::Rst;
        header.acknowledgment_number = known.sent.0;
        header
    };
    let header = match what {
        Forgery::Rst => TcpHeader {
            rst: true,
            ..acknowledging(segment(placed))
        },
        Forgery::Ack => acknowledging(segment(placed)),
        Forgery::Syn | Forgery::OldSyn => {
            let seq = match (what, place) {
                (_, SequencePlace::At(_) | SequencePlace::InWindow | SequencePlace::OutOfWindow) => placed,
                (Forgery::OldSyn, SequencePlace::Exact) => SeqNo(known.peer_first.0.wrapping_sub(OLDER)),
                (_, SequencePlace::Exact) => known.peer_first,
            };
            TcpHeader {
                syn: true,
                ..segment(seq)
            }
        }
        Forgery::Fin => TcpHeader {
            fin: true,
            ..acknowledging(segment(placed))
        },
        Forgery::Data => TcpHeader {
            psh: true,
            ..acknowledging(segment(placed))
        },
        Forgery::NetUnreachable
        | Forgery::HostUnreachable
        | Forgery::PortUnreachable
        | Forgery::Prohibited
        | Forgery::FragNeeded => {
            // It quotes what the receiver itself sent, at a number that it still waits for: else the kernel takes it for
            // an attack (`tcp_v4_err`, `tcp_v6_err`: between SND.UNA and SND.NXT).
            let quoted = TcpHeader::new(local.port(), peer.port(), known.unacknowledged.0, WINDOW);
            let quote = write(ip(local.ip(), peer.ip())?.tcp_header(quoted), &[]);
            return icmp(what, local.ip(), peer.ip(), MTU, &quote);
        }
    };
    let payload = if what == Forgery::Data { data } else { &[] };
    Some(write(ip(peer.ip(), local.ip())?.tcp_header(header), payload))
}

/// Makes the answer of a router to an IP packet that is larger than its MTU, in the name of the packet's receiver: "fragmentation needed",
/// or "packet too big". None where the packet may be fragmented, so that no router answers, and where it is no IP packet.
pub fn too_big(packet: &[u8], mtu: u16) -> Option<Vec<u8>> {
    /// What fits into the least packet that every host takes, with the headers before it (RFC 1812, 4.3.2.3; RFC 4443, 2.4).
    const QUOTED: [usize; 2] = [576 - 28, 1280 - 48];
    const DONT_FRAGMENT: u8 = 0x40;
    let (from, to, quoted) = match IpSlice::from_slice(packet).ok()? {
        IpSlice::Ipv4(ip) if packet.get(6)? & DONT_FRAGMENT != 0 => (
            ip.header().source_addr().into(),
            ip.header().destination_addr().into(),
            QUOTED[0],
        ),
        IpSlice::Ipv4(_) => return None,
        IpSlice::Ipv6(ip) => (
            ip.header().source_addr().into(),
            ip.header().destination_addr().into(),
            QUOTED[1],
        ),
    };
    let quote = packet.get(..quoted).unwrap_or(packet);
    icmp(Forgery::FragNeeded, from, to, mtu.into(), quote)
}

fn ip(from: IpAddr, to: IpAddr) -> Option<PacketBuilderStep<etherparse::IpHeaders>> {
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => Some(PacketBuilder::ipv4(from.octets(), to.octets(), TTL)),
        (IpAddr::V6(from), IpAddr::V6(to)) => Some(PacketBuilder::ipv6(from.octets(), to.octets(), TTL)),
        _ => None,
    }
}

fn write(step: PacketBuilderStep<TcpHeader>, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(step.size(payload.len()));
    // Writing into memory fails only where the payload is too long for a packet: it is cut before.
    let _ = step.write(&mut bytes, payload);
    bytes
}

/// An error message about `quote`, from the host at `peer` to the one at `local`; types and codes of RFC 792, 1191 and 4443.
fn icmp(what: Forgery, local: IpAddr, peer: IpAddr, mtu: u32, quote: &[u8]) -> Option<Vec<u8>> {
    let six = local.is_ipv6();
    let (kind, code, word) = match (what, six) {
        (Forgery::NetUnreachable, false) => (3, 0, 0),
        (Forgery::HostUnreachable, false) => (3, 1, 0),
        (Forgery::PortUnreachable, false) => (3, 3, 0),
        (Forgery::FragNeeded, false) => (3, 4, mtu),
        (Forgery::Prohibited, false) => (3, 13, 0),
        (Forgery::NetUnreachable, true) => (1, 0, 0),
        (Forgery::HostUnreachable, true) => (1, 3, 0),
        (Forgery::PortUnreachable, true) => (1, 4, 0),
        (Forgery::FragNeeded, true) => (2, 0, mtu),
        (Forgery::Prohibited, true) => (1, 1, 0),
        _ => return None,
    };
    let mut bytes = Vec::new();
    let step = ip(peer, local)?;
    if six {
        let _ = step.icmpv6_raw(kind, code, word.to_be_bytes()).write(&mut bytes, quote);
    } else {
        let _ = step.icmpv4_raw(kind, code, word.to_be_bytes()).write(&mut bytes, quote);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::{Flags, Packet, decode};
    use proptest::prelude::*;

    const EXPECTS: ReceiveState = ReceiveState {
        next: SeqNo(u32::MAX),
        window: 1000,
        sent: SeqNo(77),
        unacknowledged: SeqNo(70),
        peer_first: SeqNo(u32::MAX - 9),
    };

    fn ends(six: bool) -> (SocketAddr, SocketAddr) {
        if six {
            ("[fd00::1]:1000".parse().unwrap(), "[fd00::2]:80".parse().unwrap())
        } else {
            ("10.0.0.1:1000".parse().unwrap(), "10.0.0.2:80".parse().unwrap())
        }
    }

    fn made(what: Forgery, place: SequencePlace, six: bool) -> Packet {
        let (local, peer) = ends(six);
        decode(&forge(what, place, b"hi", local, peer, Some(EXPECTS)).unwrap())
    }

    #[test]
    fn a_reset_stands_where_it_was_told_to() {
        for six in [false, true] {
            let seq = |place| match made(Forgery::Rst, place, six) {
                Packet::Tcp(segment) => {
                    let (local, peer) = ends(six);
                    assert_eq!((segment.source, segment.destination), (peer, local));
                    assert!(segment.flags.has(Flags::RST) && segment.ack == SeqNo(77));
                    segment.seq
                }
                other => panic!("{other:?}"),
            };
            assert_eq!(seq(SequencePlace::Exact), SeqNo(u32::MAX));
            assert_eq!(seq(SequencePlace::InWindow), SeqNo(499));
            assert_eq!(seq(SequencePlace::OutOfWindow), SeqNo(999 + (1 << 29)));
            assert_eq!(seq(SequencePlace::At(10)), SeqNo(0));
        }
    }

    #[test]
    fn icmp_errors_say_what_they_are_and_quote_what_is_unacknowledged() {
        let words = |what, six| match made(what, SequencePlace::Exact, six) {
            Packet::Icmp { message, about, .. } => {
                assert_eq!(about, Some(ends(six)), "it quotes what the receiver sent");
                message
            }
            other => panic!("{other:?}"),
        };
        for six in [false, true] {
            assert_eq!(words(Forgery::NetUnreachable, six), "network unreachable");
            assert_eq!(words(Forgery::HostUnreachable, six), "host unreachable");
            assert_eq!(words(Forgery::PortUnreachable, six), "port unreachable");
            assert_eq!(words(Forgery::Prohibited, six), "communication prohibited");
        }
        assert_eq!(words(Forgery::FragNeeded, false), "fragmentation needed, MTU 1300");
        assert_eq!(words(Forgery::FragNeeded, true), "packet too big, MTU 1300");
        let (local, peer) = ends(false);
        let bytes = forge(
            Forgery::PortUnreachable,
            SequencePlace::Exact,
            &[],
            local,
            peer,
            Some(EXPECTS),
        )
        .unwrap();
        assert_eq!(bytes[20 + 8 + 20 + 4..][..4], 70u32.to_be_bytes());
    }

    #[test]
    fn data_carries_its_bytes_and_a_syn_acknowledges_nothing() {
        match made(Forgery::Data, SequencePlace::Exact, false) {
            Packet::Tcp(segment) => assert_eq!((segment.len, segment.payload.0.as_slice()), (2, &b"hi"[..])),
            other => panic!("{other:?}"),
        }
        match made(Forgery::OldSyn, SequencePlace::Exact, false) {
            Packet::Tcp(segment) => {
                assert_eq!(segment.flags, Flags::SYN);
                assert_eq!(segment.seq, SeqNo(u32::MAX - 9 - OLDER));
            }
            other => panic!("{other:?}"),
        }
    }

    proptest! {
        /// The one's complement sum over the pseudo header and the segment is all ones (RFC 9293, 3.1).
        #[test]
        fn checksums_are_valid(next: u32, window: u32, data in proptest::collection::vec(any::<u8>(), 0..300), six: bool) {
            let (local, peer) = ends(six);
            let expects = ReceiveState { next: SeqNo(next), window, ..EXPECTS };
            let packet = forge(Forgery::Data, SequencePlace::InWindow, &data, local, peer, Some(expects)).unwrap();
            let (pseudo, segment): (Vec<u8>, &[u8]) = if six {
                ([&packet[8..40], &((packet.len() - 40) as u32).to_be_bytes(), &[0, 0, 0, 6]].concat(), &packet[40..])
            } else {
                ([&packet[12..20], &[0, 6], &((packet.len() - 20) as u16).to_be_bytes()].concat(), &packet[20..])
            };
            let mut sum = 0u32;
            for half in [pseudo.as_slice(), segment] {
                for pair in half.chunks(2) {
                    sum += u32::from(u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)]));
                }
            }
            while sum > 0xffff {
                sum = (sum & 0xffff) + (sum >> 16);
            }
            prop_assert_eq!(sum, 0xffff);
        }
    }
}
