//! A capture as Wireshark reads it (pcapng, draft-ietf-opsawg-pcapng): an interface for each host, times in nanoseconds, and a comment for each packet.

use std::io::{self, Write};
use std::net::IpAddr;

use super::sightings::{Sighting, Sightings, Way};
use super::story::Story;
use crate::clock::MonoTime;
use crate::recording::{Header, RunFollower};
use crate::session::transcript::Entry;
use crate::session::{LabKind, SessionInput};
use crate::side::Side;

/// Returns the link type of packets that begin with their IP header: LINKTYPE_IPV4 or LINKTYPE_IPV6. tcpdump reads no file with two interfaces of
/// LINKTYPE_RAW, which is another number to it than to the file.
const fn link_type(address: IpAddr) -> u16 {
    match address {
        IpAddr::V4(_) => 228,
        IpAddr::V6(_) => 229,
    }
}

/// The codes of options.
const COMMENT: u16 = 1;
const HARDWARE: u16 = 2;
const SYSTEM: u16 = 3;
const APPLICATION: u16 = 4;
const INTERFACE_NAME: u16 = 2;
const INTERFACE_DESCRIPTION: u16 = 3;
const RESOLUTION: u16 = 9;
const PACKET_FLAGS: u16 = 2;

/// A block that is being put together.
struct Block {
    kind: u32,
    body: Vec<u8>,
}

impl Block {
    const fn new(kind: u32) -> Block {
        Block { kind, body: Vec::new() }
    }

    fn bytes(mut self, bytes: &[u8]) -> Block {
        self.body.extend_from_slice(bytes);
        self.body.resize(self.body.len().next_multiple_of(4), 0);
        self
    }

    fn option(mut self, code: u16, value: &[u8]) -> Block {
        // A longer one cannot be told of.
        let len = u16::try_from(value.len()).unwrap_or(u16::MAX);
        self.body.extend(code.to_le_bytes());
        self.body.extend(len.to_le_bytes());
        self.bytes(&value[..len.into()])
    }

    fn text(self, code: u16, text: &str) -> Block {
        let mut end = text.len().min(usize::from(u16::MAX));
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.option(code, &text.as_bytes()[..end])
    }

    /// Writes it, after the end of its options.
    fn write(self, out: &mut impl Write) -> io::Result<()> {
        let Block { kind, body } = self.option(0, &[]);
        let len = u32::try_from(12 + body.len()).map_err(io::Error::other)?.to_le_bytes();
        out.write_all(&kind.to_le_bytes())?;
        out.write_all(&len)?;
        out.write_all(&body)?;
        out.write_all(&len)
    }
}

/// Writes the beginning of a run: the section with its facts, and its two interfaces.
fn begin(out: &mut impl Write, header: &Header, comments: &[String]) -> io::Result<()> {
    let mut section = Block::new(0x0a0d_0d0a)
        .bytes(&0x1a2b_3c4d_u32.to_le_bytes())
        .bytes(&[1, 0, 0, 0])
        // The section's length is not known.
        .bytes(&u64::MAX.to_le_bytes());
    for comment in comments {
        section = section.text(COMMENT, comment);
    }
    section
        .text(HARDWARE, std::env::consts::ARCH)
        .text(SYSTEM, &format!("Linux {}", header.kernel))
        .text(APPLICATION, &format!("finwait {}", header.finwait))
        .write(out)?;
    for side in Side::BOTH {
        let address = header.lab.addresses[side];
        Block::new(1)
            .bytes(&[link_type(address).to_le_bytes(), [0, 0]].concat())
            // No limit: how much of each was kept, its block says.
            .bytes(&0_u32.to_le_bytes())
            .text(INTERFACE_NAME, side.name())
            .text(
                INTERFACE_DESCRIPTION,
                &format!("the device of the {side}'s host, {address}"),
            )
            .option(RESOLUTION, &[9])
            .write(out)?;
    }
    Ok(())
}

/// Writes a packet at an interface, with its comment.
fn packet(out: &mut impl Write, header: &Header, sighting: &Sighting) -> io::Result<()> {
    let interface: u32 = match sighting.at {
        Side::Client => 0,
        Side::Server => 1,
    };
    let direction: u32 = match sighting.way {
        Way::In => 1,
        Way::Out => 2,
    };
    let time = wall(header, sighting.time);
    let block = Block::new(6)
        .bytes(&interface.to_le_bytes())
        .bytes(&((time >> 32) as u32).to_le_bytes())
        .bytes(&(time as u32).to_le_bytes())
        .bytes(
            &u32::try_from(sighting.bytes.len())
                .map_err(io::Error::other)?
                .to_le_bytes(),
        )
        .bytes(&u32::try_from(sighting.len).map_err(io::Error::other)?.to_le_bytes())
        .bytes(&sighting.bytes);
    block
        .option(PACKET_FLAGS, &direction.to_le_bytes())
        .text(COMMENT, &sighting.comment.join("\n"))
        .write(out)
}

/// The time since 1970 in nanoseconds; since the run's beginning where the wall clock's is not known.
fn wall(header: &Header, time: MonoTime) -> u64 {
    let since = u64::try_from(time.since(header.began).as_nanos()).unwrap_or(u64::MAX);
    header.wall.unwrap_or_default().saturating_add(since)
}

/// What a section says of its run that its packets do not.
fn facts(header: &Header) -> Vec<String> {
    let mut facts = vec![format!(
        "A run of finwait {} on Linux {}. Each packet is on the interface of the host that sent it, and, where it was delivered, on that of the host that was handed it: the display filter frame.interface_id == 0 shows the client's.",
        header.finwait, header.kernel
    )];
    facts.extend(header.driven.clone());
    if header.wall.is_none() {
        facts.push("The recording does not say when it was made: times count from the run's beginning.".into());
    }
    if header.lab.offload {
        facts.push("The hosts leave checksums and segmentation to their devices (--offload): super-segments are as the host sent them, with checksums that are not filled in.".into());
    }
    facts
}

/// Writes a story's packets as a section.
///
/// # Errors
///
/// The error of `out`.
pub fn write(out: &mut impl Write, story: &Story) -> io::Result<()> {
    let mut comments = facts(&story.header);
    if let Some(scenario) = story.scenario() {
        comments.insert(0, scenario.to_owned());
    }
    if story.is_rebuilt() {
        comments.push("The recording has no packets' bytes: headers are made again of what was decoded of them, so that IP id, TTL and the checksums of cut packets are not the kernel's.".into());
    }
    match story.packets_left_out {
        0 => {}
        1 => comments.push("One packet is left out, of which the recording has nothing but words.".into()),
        n => comments.push(format!(
            "{n} packets are left out, of which the recording has nothing but words."
        )),
    }
    begin(out, &story.header, &comments)?;
    for sighting in &story.sightings {
        packet(out, &story.header, sighting)?;
    }
    Ok(())
}

/// A capture that is written while the run is under way, packet by packet.
pub struct LivePcap<W: Write + Send> {
    out: W,
    header: Option<Header>,
    sightings: Sightings,
    scenario: Option<String>,
    /// A failed write has been complained of: nothing more is written.
    is_broken: bool,
    complain: Box<dyn Fn(&str) + Send>,
}

impl<W: Write + Send> LivePcap<W> {
    /// A capture that goes to `out`; `complain` is called once, with one sentence, when that takes no more.
    pub fn new(out: W, scenario: Option<String>, complain: Box<dyn Fn(&str) + Send>) -> LivePcap<W> {
        LivePcap {
            out,
            header: None,
            sightings: Sightings::default(),
            scenario,
            is_broken: false,
            complain,
        }
    }

    fn attempt(&mut self, write: impl FnOnce(&mut W) -> io::Result<()>) {
        if self.is_broken {
            return;
        }
        if let Err(error) = write(&mut self.out).and_then(|()| self.out.flush()) {
            self.is_broken = true;
            // Whoever read it has seen enough.
            if error.kind() != io::ErrorKind::BrokenPipe {
                (self.complain)(&format!("the capture ends here, and the run goes on: {error}"));
            }
        }
    }

    fn write_ready(&mut self) {
        let Some(header) = self.header.clone() else { return };
        let ready: Vec<Sighting> = self.sightings.ready().collect();
        for sighting in ready {
            self.attempt(|out| {
                // In one write, so that a reader never sees half a packet.
                let mut block = Vec::new();
                packet(&mut block, &header, &sighting)?;
                out.write_all(&block)
            });
        }
    }
}

impl<W: Write + Send> RunFollower for LivePcap<W> {
    fn begins(&mut self, header: &Header) {
        self.sightings = Sightings::default();
        let mut comments = facts(header);
        comments.extend(self.scenario.clone());
        if matches!(header.lab.kind, LabKind::Loopback(_)) {
            comments.push("The loopback lab has no wire: there are no packets.".into());
        }
        self.attempt(|out| {
            let mut section = Vec::new();
            begin(&mut section, header, &comments)?;
            out.write_all(&section)
        });
        self.header = Some(header.clone());
    }

    fn takes(&mut self, input: &SessionInput) {
        self.sightings.takes(input);
        self.write_ready();
    }

    fn tells(&mut self, entry: &Entry) {
        self.sightings.tells(entry);
        self.write_ready();
    }

    fn ends(&mut self) {
        self.sightings.settle();
        self.write_ready();
    }
}
