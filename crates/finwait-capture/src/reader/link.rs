//! Link types, and the IP packet in a frame of one (<https://www.tcpdump.org/linktypes.html>).

use serde::Serialize;
use std::fmt;

/// A link type, as libpcap numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct LinkType(pub u32);

const NULL: u32 = 0;
const ETHERNET: u32 = 1;
const PPP: u32 = 9;
/// What some systems write for raw IP.
const RAW_BSD: [u32; 2] = [12, 14];
const RAW: u32 = 101;
const LOOP: u32 = 108;
const LINUX_SLL: u32 = 113;
const IPV4: u32 = 228;
const IPV6: u32 = 229;
const LINUX_SLL2: u32 = 276;

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
/// 802.1Q, 802.1ad, and what was used before that.
const ETHERTYPE_VLAN: [u16; 3] = [0x8100, 0x88a8, 0x9100];
const ETHERTYPE_PPPOE: u16 = 0x8864;

impl LinkType {
    /// Can the IP packets in its frames be found?
    pub const fn is_known(self) -> bool {
        matches!(
            self.0,
            NULL | ETHERNET | PPP | 12 | 14 | RAW | LOOP | LINUX_SLL | IPV4 | IPV6 | LINUX_SLL2
        )
    }

    /// Returns the IP packet in a frame; none where there is another protocol, or the frame is too short.
    pub fn ip(self, frame: &[u8]) -> Option<&[u8]> {
        match self.0 {
            ETHERNET => after_ethertype(frame.get(12..)?),
            LINUX_SLL => after_ethertype(frame.get(14..)?),
            LINUX_SLL2 => of_ethertype(word(frame)?, frame.get(20..)?),
            // The family's number differs from system to system, and so does its byte order; IP has its own version.
            NULL | LOOP => as_ip(frame.get(4..)?),
            PPP => after_ppp(frame.strip_prefix(&[0xff, 0x03]).unwrap_or(frame)),
            RAW | IPV4 | IPV6 => as_ip(frame),
            other if RAW_BSD.contains(&other) => as_ip(frame),
            _ => None,
        }
    }
}

impl LinkType {
    /// Returns the number of the interface that a frame says it was seen on.
    pub fn interface(self, frame: &[u8]) -> Option<u32> {
        let number = frame.get(4..8).filter(|_| self.0 == LINUX_SLL2)?;
        number.first_chunk().copied().map(u32::from_be_bytes)
    }
}

impl fmt::Display for LinkType {
    /// `IEEE 802.11 (105)`, `type 195`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            NULL | LOOP => "loopback",
            ETHERNET => "Ethernet",
            PPP => "PPP",
            12 | 14 | RAW => "raw IP",
            LINUX_SLL => "Linux cooked",
            LINUX_SLL2 => "Linux cooked v2",
            IPV4 => "raw IPv4",
            IPV6 => "raw IPv6",
            105 => "IEEE 802.11",
            119 | 127 | 163 => "IEEE 802.11 with a radio header",
            187 | 201 | 254 => "Bluetooth",
            189 | 220 | 249 => "USB",
            195 | 230 => "IEEE 802.15.4",
            227 => "CAN",
            239 => "netfilter log",
            253 => "netlink",
            _ => return write!(f, "type {}", self.0),
        };
        write!(f, "{name} ({})", self.0)
    }
}

fn word(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
}

/// The IP packet behind an EtherType and any number of VLAN tags.
fn after_ethertype(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        let (kind, rest) = (word(bytes)?, &bytes[2..]);
        if !ETHERTYPE_VLAN.contains(&kind) {
            return of_ethertype(kind, rest);
        }
        bytes = rest.get(2..)?;
    }
}

fn of_ethertype(kind: u16, rest: &[u8]) -> Option<&[u8]> {
    match kind {
        ETHERTYPE_IPV4 | ETHERTYPE_IPV6 => as_ip(rest),
        ETHERTYPE_PPPOE => after_ppp(rest.get(6..)?),
        // Cooked frames have the tag behind the header.
        kind if ETHERTYPE_VLAN.contains(&kind) => after_ethertype(rest.get(2..)?),
        _ => None,
    }
}

fn after_ppp(bytes: &[u8]) -> Option<&[u8]> {
    match word(bytes)? {
        0x0021 | 0x0057 => as_ip(&bytes[2..]),
        _ => None,
    }
}

fn as_ip(bytes: &[u8]) -> Option<&[u8]> {
    matches!(bytes.first()? >> 4, 4 | 6).then_some(bytes)
}
