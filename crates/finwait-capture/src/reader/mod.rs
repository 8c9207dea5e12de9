//! Captures, a packet at a time: what format it is, and the IP packets in it.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fmt;
use std::io::{self, Read};

use finwait_model::clock::MonoTime;
use finwait_wire::segment::CapturedIp;
use serde::Serialize;

use input::Input;
use pcap::Pcap;
use pcapng::Pcapng;
use text::Text;

mod input;
mod link;
mod pcap;
mod pcapng;
mod text;

pub use link::LinkType;
pub use text::{flags_alone, is_tcpdump_line};

/// The most bytes of a packet, or of a block that has one, that are believed.
const LARGEST: u32 = 16 << 20;
/// The most packets that are read ahead in a file of several interfaces.
const AHEAD: usize = 8192;
/// The number of bytes that tell the format.
const MAGIC: usize = 4;
/// The number of bytes that are looked at for tcpdump's text.
pub const HEAD: usize = 1 << 14;
/// The number of lines that are looked at for tcpdump's text.
const HEAD_LINES: usize = 40;

/// The format of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// libpcap's file, of any byte order and resolution.
    Pcap,
    /// The next generation's.
    Pcapng,
    /// What tcpdump prints.
    Tcpdump,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Format::Pcap => "pcap",
            Format::Pcapng => "pcapng",
            Format::Tcpdump => "tcpdump's text",
        })
    }
}

/// Returns the format of what begins with these bytes, the first [`HEAD`] or all that there are; none where it is no capture.
pub fn format_of(head: &[u8]) -> Option<Format> {
    if pcapng::is_magic(head) {
        return Some(Format::Pcapng);
    }
    if pcap::is_magic(head) {
        return Some(Format::Pcap);
    }
    let mut lines = head[..head.len().min(HEAD)]
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
        .take(HEAD_LINES);
    lines.any(is_tcpdump_line).then_some(Format::Tcpdump)
}

/// A packet of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedPacket {
    /// The time at which it was captured, since 1970 or whenever the text begins to count; that of the packet before where the file has none.
    pub at: MonoTime,
    /// The interface that saw it, counted as the file does; none where the file does not tell several apart.
    pub interface: Option<u32>,
    /// The packet.
    pub ip: CapturedIp,
    /// The fate on the wire, as finwait's own capture tells it.
    pub fate: Option<WireFate>,
}

/// The fate of a packet on finwait's wire, as the comment of its own pcapng tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireFate {
    /// Sent by its host, and handed to the other.
    Passed,
    /// Sent by its host, and not handed to the other: held, delayed, under way, or lost.
    Waits,
    /// A copy that the wire made.
    Copy,
    /// Made up on the wire: no host sent it.
    Forged,
}

impl WireFate {
    /// Reads a packet's comment: `#7  client -> server  FIN,ACK seq 1 ack 1   held as #7`. None of one of another program.
    fn of_comment(comment: &str) -> Option<WireFate> {
        const WAITS: [&str; 6] = [
            "held as #",
            "delayed by ",
            "under way for ",
            "lost by ",
            "dropped",
            "discarded",
        ];
        let line = comment.lines().next()?;
        let (number, rest) = line.strip_prefix('#')?.split_once("  ")?;
        let is_ours = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let is_way = rest.starts_with("client -> server  ") || rest.starts_with("server -> client  ");
        let (_, became) = rest.rsplit_once("   ").filter(|_| is_ours && is_way)?;
        Some(if became.starts_with("forged") {
            WireFate::Forged
        } else if became.starts_with("copy of #") {
            WireFate::Copy
        } else if WAITS.iter().any(|words| became.contains(words)) {
            WireFate::Waits
        } else {
            WireFate::Passed
        })
    }
}

/// The reason why a capture cannot be read, or no further.
#[derive(Debug)]
pub enum ReadError {
    /// The reader's own error.
    Io(io::Error),
    /// The bytes are no capture, or a damaged one: one sentence.
    Format(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io(error) => error.fmt(f),
            ReadError::Format(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ReadError {}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> ReadError {
        ReadError::Io(error)
    }
}

/// The facts about a capture that are known once it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CaptureFacts {
    /// The packets of any kind.
    pub packets: u64,
    /// The packets that carry no IP, such as ARP.
    #[serde(skip_serializing_if = "is_none")]
    pub not_ip: u64,
    /// The packets of interfaces whose link type is not known, and that type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_link: Option<(u64, LinkType)>,
    /// Is the last packet, or line, cut off where the file ends?
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub breaks_off: bool,
    /// The packets before the end of what could be read, and why that is no further: one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damaged: Option<String>,
    /// Do the packets have times?
    pub timed: bool,
    /// The lines of tcpdump's text about TCP that name hosts or ports that are not numbers.
    #[serde(skip_serializing_if = "is_none")]
    pub named: u64,
    /// The hosts that a text names in words, each with the address of 0.0.0.0/8 that stands for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<(std::net::IpAddr, String)>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
const fn is_none(count: &u64) -> bool {
    *count == 0
}

/// A capture that is being read.
#[derive(Debug)]
pub struct Reader<R> {
    input: Input<R>,
    kind: Kind,
    facts: CaptureFacts,
    last: MonoTime,
    /// Packets that were read ahead, to hand them out in the order of their times.
    ahead: BinaryHeap<Ahead>,
}

/// A packet that was read ahead: the greatest is the earliest.
#[derive(Debug, PartialEq, Eq)]
struct Ahead {
    /// Its place in the file.
    no: u64,
    packet: CapturedPacket,
}

impl Ord for Ahead {
    fn cmp(&self, other: &Ahead) -> Ordering {
        (other.packet.at, other.no).cmp(&(self.packet.at, self.no))
    }
}

impl PartialOrd for Ahead {
    fn partial_cmp(&self, other: &Ahead) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[derive(Debug)]
enum Kind {
    Pcap(Pcap),
    Pcapng(Pcapng),
    Text(Text),
}

/// The next thing in a file.
enum Item {
    /// A packet's bytes stand at the beginning of the input, `skip` in all with what is around them.
    Packet {
        at: Option<MonoTime>,
        /// Which of the file's interfaces saw it, where it has several.
        interface: Option<u32>,
        link: LinkType,
        /// The place of the packet's bytes.
        bytes: std::ops::Range<usize>,
        skip: usize,
        /// The fate on finwait's wire, as its comment tells it.
        fate: Option<WireFate>,
    },
    /// The file is over.
    End,
    /// The file ends inside of a packet.
    BreaksOff,
    /// From here on nothing can be read: one sentence.
    Damaged(String),
}

impl<R: Read> Reader<R> {
    /// Begins to read a capture.
    ///
    /// # Errors
    /// - The bytes are no capture, or one of a link type that is not known.
    /// - The error of `from`.
    pub fn new(from: R) -> Result<Reader<R>, ReadError> {
        let mut input = Input::new(from);
        input.has(MAGIC)?;
        let kind = if pcapng::is_magic(input.data()) {
            Kind::Pcapng(Pcapng::default())
        } else if pcap::is_magic(input.data()) {
            Kind::Pcap(Pcap::open(&mut input)?)
        } else {
            while input.data().len() < HEAD && input.more(HEAD)? {}
            match format_of(input.data()) {
                Some(_) => Kind::Text(Text::default()),
                None if input.data().is_empty() => {
                    return Err(ReadError::Format(
                        "the file is empty: a capture has at least a header".into(),
                    ));
                }
                None => {
                    let why = "this is no capture: one is a pcap or pcapng file, or the text that tcpdump prints";
                    return Err(ReadError::Format(why.into()));
                }
            }
        };
        let facts = CaptureFacts {
            timed: true,
            ..CaptureFacts::default()
        };
        Ok(Reader {
            input,
            kind,
            facts,
            last: MonoTime(0),
            ahead: BinaryHeap::new(),
        })
    }

    /// Returns the format.
    pub const fn format(&self) -> Format {
        match self.kind {
            Kind::Pcap(_) => Format::Pcap,
            Kind::Pcapng(_) => Format::Pcapng,
            Kind::Text(_) => Format::Tcpdump,
        }
    }

    /// Returns what is known of the capture so far.
    pub const fn facts(&self) -> &CaptureFacts {
        &self.facts
    }

    /// Returns how many bytes have been read.
    pub const fn bytes(&self) -> u64 {
        self.input.offset()
    }

    /// Returns the next IP packet; none at the end, also where the rest is damaged or cut off, which the facts say.
    ///
    /// The packets of a file of several interfaces come in the order of their times as far as `AHEAD` packets show it: each interface is
    /// written in batches.
    ///
    /// # Errors
    /// The reader's own.
    pub fn packet(&mut self) -> io::Result<Option<CapturedPacket>> {
        while self.ahead.len() < AHEAD
            && let Some(packet) = self.next()?
        {
            let has_several = matches!(&self.kind, Kind::Pcapng(pcapng) if pcapng.has_several());
            if !has_several && self.ahead.is_empty() {
                return Ok(Some(packet));
            }
            let no = self.facts.packets;
            self.ahead.push(Ahead { no, packet });
        }
        Ok(self.ahead.pop().map(|ahead| ahead.packet))
    }

    /// The next IP packet of the file.
    fn next(&mut self) -> io::Result<Option<CapturedPacket>> {
        if self.facts.breaks_off || self.facts.damaged.is_some() {
            return Ok(None);
        }
        loop {
            let item = match &mut self.kind {
                Kind::Pcap(pcap) => pcap.item(&mut self.input)?,
                Kind::Pcapng(pcapng) => pcapng.item(&mut self.input)?,
                Kind::Text(text) => return text.packet(&mut self.input, &mut self.facts),
            };
            let (at, interface, link, bytes, skip, fate) = match item {
                Item::Packet {
                    at,
                    interface,
                    link,
                    bytes,
                    skip,
                    fate,
                } => (at, interface, link, bytes, skip, fate),
                Item::End => return Ok(None),
                Item::BreaksOff => {
                    self.facts.breaks_off = true;
                    return Ok(None);
                }
                Item::Damaged(why) => {
                    let packets = self.facts.packets;
                    self.facts.damaged = Some(format!("the file is damaged after packet {packets}: {why}"));
                    return Ok(None);
                }
            };
            self.facts.packets += 1;
            self.last = at.unwrap_or(self.last);
            let known = link.is_known();
            let frame = &self.input.data()[bytes];
            let interface = link.interface(frame).or(interface);
            let ip = link.ip(frame).map(finwait_wire::segment::decode_captured);
            self.input.consume(skip);
            match ip {
                Some(ip) => {
                    return Ok(Some(CapturedPacket {
                        at: self.last,
                        interface,
                        ip,
                        fate,
                    }));
                }
                None if known => self.facts.not_ip += 1,
                None => self.facts.unknown_link.get_or_insert((0, link)).0 += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests;
