//! Segments in packetdrill's words.

use crate::wire::segment::{Flags, Segment, TcpOption};

/// The room that timestamps take in each segment, bytes: without them that much more data would be in it.
const TIMESTAMPS: u16 = 12;

/// A segment's numbers, as the script counts them.
#[derive(Clone, Copy, Debug)]
pub struct SegmentNumbers {
    /// The first byte.
    pub seq: u32,
    /// The next byte expected.
    pub ack: u32,
}

/// A segment that the end sends: `> P. 1:11(10) ack 1 <...>`. Its window and options are those of the kernel that runs the script.
pub fn leaves(segment: &Segment, numbers: SegmentNumbers) -> String {
    format!("> {}{} <...>", head(segment, numbers), urgent(segment))
}

/// A segment that comes: `< S. 0:0(0) ack 1 win 65160 <mss 1448>`.
pub fn comes(segment: &Segment, numbers: SegmentNumbers) -> String {
    let (head, window) = (head(segment, numbers), segment.window);
    let (urgent, options) = (urgent(segment), options(segment, numbers));
    format!("< {head} win {window}{urgent}{options}")
}

/// `P. 1:11(10) ack 1`
fn head(segment: &Segment, numbers: SegmentNumbers) -> String {
    let SegmentNumbers { seq, ack } = numbers;
    let end = seq.wrapping_add(segment.len as u32);
    let flags = flags(segment.flags);
    let range = format!("{flags} {seq}:{end}({})", segment.len);
    if segment.flags.has(Flags::ACK) {
        format!("{range} ack {ack}")
    } else {
        range
    }
}

/// `S.`, `FP.`, `R`
fn flags(flags: Flags) -> String {
    let letters = [
        (Flags::FIN, 'F'),
        (Flags::SYN, 'S'),
        (Flags::RST, 'R'),
        (Flags::PSH, 'P'),
        (Flags::URG, 'U'),
        (Flags::ECE, 'E'),
        (Flags::CWR, 'W'),
        (Flags::ACK, '.'),
    ];
    let letters: String = letters
        .iter()
        .filter(|(bit, _)| flags.has(*bit))
        .map(|(_, letter)| *letter)
        .collect();
    if letters.is_empty() { "-".into() } else { letters }
}

/// ` urg 2000`, where it points to something.
fn urgent(segment: &Segment) -> String {
    if segment.flags.has(Flags::URG) {
        format!(" urg {}", segment.urgent)
    } else {
        String::new()
    }
}

/// The options of a segment that comes, without the timestamps.
fn options(segment: &Segment, numbers: SegmentNumbers) -> String {
    let stamped = segment
        .options
        .iter()
        .any(|option| matches!(option, TcpOption::Timestamps(..)));
    let room = if stamped { TIMESTAMPS } else { 0 };
    let words: Vec<String> = segment
        .options
        .iter()
        .filter_map(|option| match option {
            TcpOption::Mss(bytes) => Some(format!("mss {}", bytes.saturating_sub(room))),
            TcpOption::WindowScale(shift) => Some(format!("nop,wscale {shift}")),
            TcpOption::SackPermitted => Some("nop,nop,sackOK".into()),
            TcpOption::Sack(blocks) => Some(sack(blocks, segment, numbers)),
            TcpOption::Timestamps(..) | TcpOption::Other(_) => None,
        })
        .collect();
    if words.is_empty() {
        String::new()
    } else {
        format!(" <{}>", words.join(","))
    }
}

/// `nop,nop,sack 11:12`: blocks of the end's own numbers, counted as the acknowledgement beside them is.
fn sack(blocks: &[(u32, u32)], segment: &Segment, numbers: SegmentNumbers) -> String {
    let first = segment.ack.0.wrapping_sub(numbers.ack);
    let blocks = blocks.iter().map(|(from, to)| {
        let (from, to) = (from.wrapping_sub(first), to.wrapping_sub(first));
        format!("{from}:{to}")
    });
    format!("nop,nop,sack {}", blocks.collect::<Vec<_>>().join(" "))
}

/// An ICMP error in packetdrill's words.
pub fn icmp(message: &str, ipv6: bool) -> Option<&'static str> {
    Some(match (message, ipv6) {
        ("network unreachable", _) => "unreachable net_unreachable",
        ("host unreachable", false) => "unreachable host_unreachable",
        ("host unreachable", true) => "unreachable address_unreachable",
        ("protocol unreachable", false) => "unreachable protocol_unreachable",
        ("port unreachable", _) => "unreachable port_unreachable",
        ("source route failed", false) => "unreachable source_route_failed",
        ("communication prohibited", false) => "unreachable packet_filtered",
        ("communication prohibited", true) => "unreachable admin_prohibited",
        _ => return None,
    })
}
