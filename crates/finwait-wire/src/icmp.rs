//! ICMP messages in words, and which segment or datagram an error quotes.

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The words for an ICMPv4 message, from its first eight bytes (RFC 792, 1122, 1191, 1812).
pub(super) fn v4(head: [u8; 8]) -> String {
    let [kind, code, _, _, rest @ ..] = head;
    let [_, _, mtu @ ..] = rest;
    let words = match (kind, code) {
        (0, 0) => return echo("reply", rest),
        (3, 0) => "network unreachable",
        (3, 1) => "host unreachable",
        (3, 2) => "protocol unreachable",
        (3, 3) => "port unreachable",
        (3, 4) => return format!("fragmentation needed, MTU {}", u16::from_be_bytes(mtu)),
        (3, 5) => "source route failed",
        (3, 6) => "network unknown",
        (3, 7) => "host unknown",
        (3, 9) => "network prohibited",
        (3, 10) => "host prohibited",
        (3, 13) => "communication prohibited",
        (4, 0) => "source quench",
        (5, _) => "redirect",
        (8, 0) => return echo("request", rest),
        (11, 0) => "time to live exceeded",
        (11, 1) => "reassembly time exceeded",
        (12, _) => "parameter problem",
        _ => return numbers(kind, code),
    };
    words.to_owned()
}

/// The words for an ICMPv6 message, from its first eight bytes (RFC 4443, 4861, 2710, 3810).
pub(super) fn v6(head: [u8; 8]) -> String {
    let [kind, code, _, _, mtu @ ..] = head;
    let words = match (kind, code) {
        (1, 0) => "network unreachable",
        (1, 1) => "communication prohibited",
        (1, 2) => "beyond scope of source address",
        (1, 3) => "host unreachable",
        (1, 4) => "port unreachable",
        (1, 5) => "source address failed policy",
        (1, 6) => "route rejected",
        (2, _) => return format!("packet too big, MTU {}", u32::from_be_bytes(mtu)),
        (3, 0) => "hop limit exceeded",
        (3, 1) => "reassembly time exceeded",
        (4, _) => "parameter problem",
        (128, 0) => return echo("request", mtu),
        (129, 0) => return echo("reply", mtu),
        (130, _) => "multicast listener query",
        (131 | 143, _) => "multicast listener report",
        (132, _) => "multicast listener done",
        (133, _) => "router solicitation",
        (134, _) => "router advertisement",
        (135, _) => "neighbor solicitation",
        (136, _) => "neighbor advertisement",
        (137, _) => "redirect",
        _ => return numbers(kind, code),
    };
    words.to_owned()
}

/// An ICMP error that ends an attempt to connect and is noted on a connection, as `icmp_err_convert` and `icmpv6_err_convert` sort them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IcmpError {
    /// No route to the network: ENETUNREACH.
    Network,
    /// No way to the host: EHOSTUNREACH.
    Host,
    /// Nobody at that port: ECONNREFUSED.
    Port,
    /// A firewall forbids it: EHOSTUNREACH, over IPv6 EACCES.
    Prohibited,
    /// Any other: a protocol that is not spoken, a time to live that is over.
    Other,
}

impl IcmpError {
    /// The words for it, as in "ICMP ... answered the SYN".
    pub const fn name(self) -> &'static str {
        match self {
            IcmpError::Network => "network unreachable",
            IcmpError::Host => "host unreachable",
            IcmpError::Port => "port unreachable",
            IcmpError::Prohibited => "communication prohibited",
            IcmpError::Other => "error",
        }
    }
}

/// The error in an ICMPv4 message of that type and code; none where the message is none, or TCP does not take it for one.
pub(super) const fn error_v4([kind, code, ..]: [u8; 8]) -> Option<IcmpError> {
    Some(match (kind, code) {
        // What the path's MTU is, is no error.
        (3, 4) => return None,
        (3, 0 | 6 | 11) => IcmpError::Network,
        (3, 1 | 5 | 7 | 8 | 12) => IcmpError::Host,
        (3, 3) => IcmpError::Port,
        (3, 9 | 10 | 13 | 14 | 15) => IcmpError::Prohibited,
        (3 | 11 | 12, _) => IcmpError::Other,
        _ => return None,
    })
}

/// The error in an ICMPv6 message of that type and code; none where the message is none, or TCP does not take it for one.
pub(super) const fn error_v6([kind, code, ..]: [u8; 8]) -> Option<IcmpError> {
    Some(match (kind, code) {
        (1, 0) => IcmpError::Network,
        (1, 2 | 3) => IcmpError::Host,
        (1, 4) => IcmpError::Port,
        (1, 1 | 5 | 6) => IcmpError::Prohibited,
        (1 | 3 | 4, _) => IcmpError::Other,
        _ => return None,
    })
}

/// The beginning of a packet that an error quotes: its sender and its receiver.
#[derive(Clone, Copy)]
pub(super) enum Quoted {
    Tcp(SocketAddr, SocketAddr),
    Udp(SocketAddr, SocketAddr),
}

/// IP's numbers of TCP and UDP.
const TCP: u8 = 6;
const UDP: u8 = 17;
/// The offset of the quoted packet, in bytes.
const QUOTED: usize = 8;

/// The segment or datagram that an ICMPv4 error quotes (RFC 792: its IP header and eight bytes more).
pub(super) fn quoted_v4(message: &[u8]) -> Option<Quoted> {
    let is_error = matches!(message.first()?, 3 | 4 | 5 | 11 | 12);
    let packet = message.get(QUOTED..).filter(|_| is_error)?;
    let header = packet.first_chunk::<20>()?;
    let [.., a, b, c, d, e, f, g, h] = *header;
    let (source, destination) = (Ipv4Addr::new(a, b, c, d), Ipv4Addr::new(e, f, g, h));
    ends(
        header[9],
        source.into(),
        destination.into(),
        packet.get(usize::from(header[0] & 15) * 4..)?,
    )
}

/// The segment or datagram that an ICMPv6 error quotes; one behind extension headers is not looked for.
pub(super) fn quoted_v6(message: &[u8]) -> Option<Quoted> {
    let packet = message.get(QUOTED..).filter(|_| message[0] < 128)?;
    let (header, segment) = packet.split_first_chunk::<40>()?;
    let address = |from: usize| Some(Ipv6Addr::from(*header.get(from..)?.first_chunk::<16>()?));
    let (source, destination) = (address(8)?, address(24)?);
    ends(header[6], source.into(), destination.into(), segment)
}

/// The addresses with the ports that a segment or datagram begins with.
fn ends(protocol: u8, source: IpAddr, destination: IpAddr, bytes: &[u8]) -> Option<Quoted> {
    let [a, b, c, d] = *bytes.first_chunk()?;
    let from = SocketAddr::new(source, u16::from_be_bytes([a, b]));
    let to = SocketAddr::new(destination, u16::from_be_bytes([c, d]));
    match protocol {
        TCP => Some(Quoted::Tcp(from, to)),
        UDP => Some(Quoted::Udp(from, to)),
        _ => None,
    }
}

/// An echo in words, with the numbers that tell it from others (RFC 792; RFC 4443, 4.1).
fn echo(what: &str, numbers: [u8; 4]) -> String {
    let [a, b, c, d] = numbers;
    let (id, seq) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    format!("echo {what}, id {id} seq {seq}")
}

fn numbers(kind: u8, code: u8) -> String {
    format!("type {kind} code {code}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_about_a_segment_are_in_words() {
        assert_eq!(v4([3, 3, 0, 0, 0, 0, 0, 0]), "port unreachable");
        assert_eq!(v4([3, 4, 0, 0, 0, 0, 5, 120]), "fragmentation needed, MTU 1400");
        assert_eq!(v6([2, 0, 0, 0, 0, 0, 5, 0]), "packet too big, MTU 1280");
    }

    #[test]
    fn messages_without_a_name_show_their_numbers() {
        assert_eq!(v4([3, 14, 0, 0, 0, 0, 0, 0]), "type 3 code 14");
        assert_eq!(v6([200, 1, 0, 0, 0, 0, 0, 0]), "type 200 code 1");
    }
}
