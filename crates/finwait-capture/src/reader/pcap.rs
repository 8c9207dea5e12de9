//! libpcap's file: a header, and packets of a header and bytes each (`pcap-savefile(5)`).

use std::io::{self, Read};

use finwait_model::clock::MonoTime;

use super::input::Input;
use super::{Item, LARGEST, LinkType, ReadError};

/// The length of the file's header.
const HEADER: usize = 24;

/// The properties of a file, from its header.
#[derive(Debug)]
pub(super) struct Pcap {
    number: fn([u8; 4]) -> u32,
    /// Nanoseconds in a unit of the second half of a time.
    unit: u64,
    link: LinkType,
    /// The length of a packet's header.
    packet_header: usize,
}

/// The reader of a number, nanoseconds in a unit of time, and the length of a packet's header, by the magic number.
type Layout = (fn([u8; 4]) -> u32, u64, usize);

fn layout(head: &[u8]) -> Option<Layout> {
    let magic: [u8; 4] = *head.first_chunk()?;
    let orders: [fn([u8; 4]) -> u32; 2] = [u32::from_le_bytes, u32::from_be_bytes];
    orders.into_iter().find_map(|number| match number(magic) {
        0xa1b2_c3d4 => Some((number, 1000, 16)),
        0xa1b2_3c4d => Some((number, 1, 16)),
        // Kuznetzov's, with eight bytes more for each packet.
        0xa1b2_cd34 => Some((number, 1000, 24)),
        _ => None,
    })
}

/// Does a file that begins so have this format?
pub(super) fn is_magic(head: &[u8]) -> bool {
    layout(head).is_some()
}

impl Pcap {
    /// Reads the file's header.
    pub fn open<R: Read>(input: &mut Input<R>) -> Result<Pcap, ReadError> {
        let (number, unit, packet_header) =
            layout(input.data()).ok_or_else(|| ReadError::Format("this is no pcap file".into()))?;
        if !input.has(HEADER)? {
            let there = input.data().len();
            let why =
                format!("the file ends inside of its header: pcap has {HEADER} bytes of it, and {there} are there");
            return Err(ReadError::Format(why));
        }
        let network = input.data()[20..].first_chunk().copied().unwrap_or_default();
        // The bits above tell of a frame check sequence.
        let link = LinkType(number(network) & 0xffff);
        input.consume(HEADER);
        if !link.is_known() {
            return Err(ReadError::Format(unknown(link)));
        }
        Ok(Pcap {
            number,
            unit,
            link,
            packet_header,
        })
    }

    pub fn item<R: Read>(&mut self, input: &mut Input<R>) -> io::Result<Item> {
        if !input.has(self.packet_header)? {
            return Ok(if input.data().is_empty() {
                Item::End
            } else {
                Item::BreaksOff
            });
        }
        let field = |at: usize| (self.number)(input.data()[at..].first_chunk().copied().unwrap_or_default());
        let (seconds, parts, len) = (field(0), field(4), field(8));
        if len > LARGEST {
            let at = input.offset();
            return Ok(Item::Damaged(format!(
                "at byte {at} a packet is said to have {len} bytes"
            )));
        }
        let start = self.packet_header;
        let end = start + len as usize;
        if !input.has(end)? {
            return Ok(Item::BreaksOff);
        }
        let ns = u64::from(seconds) * 1_000_000_000 + u64::from(parts) * self.unit;
        Ok(Item::Packet {
            at: Some(MonoTime(ns)),
            interface: None,
            link: self.link,
            bytes: start..end,
            skip: end,
            fate: None,
        })
    }
}

/// What to say of a link type whose frames are not understood.
pub(super) fn unknown(link: LinkType) -> String {
    format!(
        "the capture's link type is {link}, and finwait reads Ethernet, Linux cooked, raw IP, loopback and PPP: capture with tcpdump -i any"
    )
}
