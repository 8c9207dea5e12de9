//! pcapng: blocks, in sections of their own byte order, with interfaces of their own link type and resolution
//! (<https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html>).

use std::io::{self, Read};

use finwait_model::clock::MonoTime;

use super::input::Input;
use super::{Item, LARGEST, LinkType, WireFate};

/// The type of a section's header, the same in either byte order.
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
/// The first draft's packet.
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const PACKET: u32 = 6;

const ORDER: u32 = 0x1a2b_3c4d;
/// A block's type, its length before, and its length after it.
const AROUND: usize = 12;
/// The interfaces of a section that are remembered.
const INTERFACES: usize = 1 << 16;

const OPTION_END: u16 = 0;
const OPTION_COMMENT: u16 = 1;
const OPTION_RESOLUTION: u16 = 9;
const OPTION_OFFSET: u16 = 14;

/// An interface of the section.
#[derive(Clone, Copy, Debug)]
struct Interface {
    link: LinkType,
    /// The most bytes of a packet that are kept; 0 without a limit.
    snaplen: u32,
    /// The units of its times in a second.
    units: u64,
    /// Seconds to add to its times.
    offset: i64,
}

/// The section that is being read.
#[derive(Debug, Default)]
pub(super) struct Pcapng {
    big_endian: bool,
    interfaces: Vec<Interface>,
}

/// Does a file that begins so have this format?
pub(super) fn is_magic(head: &[u8]) -> bool {
    head.starts_with(&SECTION.to_be_bytes())
}

/// A block's numbers, in its section's byte order.
#[derive(Clone, Copy)]
struct Numbers<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl Numbers<'_> {
    /// Zero beyond the end.
    fn at<const N: usize>(self, at: usize) -> [u8; N] {
        let mut bytes: [u8; N] = self
            .bytes
            .get(at..)
            .and_then(|bytes| bytes.first_chunk())
            .copied()
            .unwrap_or([0; N]);
        if !self.big_endian {
            bytes.reverse();
        }
        bytes
    }

    fn short(self, at: usize) -> u16 {
        u16::from_be_bytes(self.at(at))
    }

    fn long(self, at: usize) -> u32 {
        u32::from_be_bytes(self.at(at))
    }
}

impl Pcapng {
    /// Returns whether the section has more than one interface, as far as it was read.
    pub const fn has_several(&self) -> bool {
        self.interfaces.len() > 1
    }

    pub fn item<R: Read>(&mut self, input: &mut Input<R>) -> io::Result<Item> {
        loop {
            if !input.has(AROUND)? {
                return Ok(if input.data().is_empty() {
                    Item::End
                } else {
                    Item::BreaksOff
                });
            }
            if is_magic(input.data()) {
                // Its own byte order decides, from its length on.
                let order: [u8; 4] = input.data()[8..].first_chunk().copied().unwrap_or_default();
                self.big_endian = match order {
                    order if u32::from_be_bytes(order) == ORDER => true,
                    order if u32::from_le_bytes(order) == ORDER => false,
                    _ => return Ok(damaged(input, "a section without a byte order")),
                };
                self.interfaces.clear();
            }
            let head = Numbers {
                bytes: input.data(),
                big_endian: self.big_endian,
            };
            let (kind, told) = (head.long(0), head.long(4));
            // Padded to 32 bits; some writers leave that out of the length.
            let Some(len) = told.checked_next_multiple_of(4).filter(|len| *len as usize >= AROUND) else {
                return Ok(damaged(input, &format!("a block is said to have {told} bytes")));
            };
            if !matches!(kind, INTERFACE | OLD_PACKET | SIMPLE_PACKET | PACKET) {
                if !input.skip(len.into())? {
                    return Ok(Item::BreaksOff);
                }
                continue;
            }
            if len > LARGEST {
                return Ok(damaged(input, &format!("a block is said to have {told} bytes")));
            }
            let len = len as usize;
            if !input.has(len)? {
                return Ok(Item::BreaksOff);
            }
            let block = Numbers {
                bytes: &input.data()[..len - 4],
                big_endian: self.big_endian,
            };
            if kind == INTERFACE {
                if self.interfaces.len() == INTERFACES {
                    return Ok(damaged(input, "a section has too many interfaces"));
                }
                self.interfaces.push(interface(block));
                input.consume(len);
                continue;
            }
            let Some(item) = self.packet(kind, block, len) else {
                return Ok(damaged(
                    input,
                    "a packet of an interface that is not described, or of more bytes than its block",
                ));
            };
            return Ok(item);
        }
    }

    /// The packet in a block; none where the block contradicts itself.
    fn packet(&self, kind: u32, block: Numbers<'_>, skip: usize) -> Option<Item> {
        let (number, start, time) = match kind {
            PACKET => (block.long(8), 28, Some(12)),
            OLD_PACKET => (block.short(8).into(), 28, Some(12)),
            _ => (0, 12, None),
        };
        let interface = self.interfaces.get(number as usize)?;
        let room = block.bytes.len().checked_sub(start)?;
        let len = match kind {
            SIMPLE_PACKET => {
                let limit = if interface.snaplen == 0 {
                    u32::MAX
                } else {
                    interface.snaplen
                };
                (block.long(8).min(limit) as usize).min(room)
            }
            _ => block.long(20) as usize,
        };
        (len <= room).then(|| Item::Packet {
            at: time.map(|at| interface.time(block.long(at), block.long(at + 4))),
            interface: Some(number),
            link: interface.link,
            bytes: start..start + len,
            skip,
            fate: (kind == PACKET).then(|| fate(block, start + len)).flatten(),
        })
    }
}

impl Interface {
    fn time(&self, high: u32, low: u32) -> MonoTime {
        let units = u128::from(high) << 32 | u128::from(low);
        let ns = units * 1_000_000_000 / u128::from(self.units);
        let ns = u64::try_from(ns).unwrap_or(u64::MAX);
        MonoTime(ns.saturating_add_signed(self.offset.saturating_mul(1_000_000_000)))
    }
}

/// Reads the comment behind a packet's bytes, where finwait wrote it.
fn fate(block: Numbers<'_>, bytes_end: usize) -> Option<WireFate> {
    let mut at = bytes_end.next_multiple_of(4);
    while at + 4 <= block.bytes.len() {
        let (code, len) = (block.short(at), usize::from(block.short(at + 2)));
        match code {
            OPTION_END => break,
            OPTION_COMMENT => {
                let comment = block.bytes.get(at + 4..at + 4 + len)?;
                return WireFate::of_comment(str::from_utf8(comment).ok()?);
            }
            _ => at += 4 + len.next_multiple_of(4),
        }
    }
    None
}

/// The interface that a block describes.
fn interface(block: Numbers<'_>) -> Interface {
    let mut interface = Interface {
        link: LinkType(block.short(8).into()),
        snaplen: block.long(12),
        units: 1_000_000,
        offset: 0,
    };
    let mut at = 16;
    while at + 4 <= block.bytes.len() {
        let (code, len) = (block.short(at), usize::from(block.short(at + 2)));
        match (code, len) {
            (OPTION_END, _) => break,
            (OPTION_RESOLUTION, 1) => {
                let byte = block.bytes.get(at + 4).copied().unwrap_or(6);
                let power = u32::from(byte & 0x7f);
                // A power of two where the highest bit is set; what is finer than 64 bits can hold makes no time.
                let base: u64 = if byte & 0x80 == 0 { 10 } else { 2 };
                interface.units = base.checked_pow(power).unwrap_or(1_000_000);
            }
            (OPTION_OFFSET, 8) => interface.offset = i64::from_be_bytes(block.at(at + 4)),
            _ => {}
        }
        at += 4 + len.next_multiple_of(4);
    }
    interface
}

fn damaged<R: Read>(input: &Input<R>, what: &str) -> Item {
    Item::Damaged(format!("at byte {}: {what}", input.offset()))
}
