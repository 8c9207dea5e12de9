//! The packets of an end that interfaces have seen, in a capture of several: each of them sees the same packet, also where it was held between
//! them for seconds.

use finwait_wire::segment::{CapturedIp, Flags, Segment, TcpOption};
use std::collections::VecDeque;

/// The packets that are remembered.
const MOST: usize = 64;

/// The identity of a packet: no other of the end has the same, as what is sent again has another identification or timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Likeness {
    flags: Flags,
    numbers: (u32, u32),
    len: usize,
    /// The identification, where there is one (IPv6 has none; Linux gives IPv4's SYN,ACK and RST 0).
    id: Option<u16>,
    /// The value of its timestamp (RFC 7323).
    stamp: Option<u32>,
}

impl Likeness {
    /// Returns none where a packet may look like another.
    fn of(segment: &Segment, ip: &CapturedIp) -> Option<Likeness> {
        let id = ip.ip_id.filter(|id| *id != 0);
        let stamp = segment.options.iter().find_map(|option| match option {
            TcpOption::Timestamps(value, _) => Some(*value),
            _ => None,
        });
        (id.is_some() || stamp.is_some()).then_some(Likeness {
            flags: segment.flags,
            numbers: (segment.seq.0, segment.ack.0),
            len: segment.len,
            id,
            stamp,
        })
    }
}

/// The last packets of an end, each with the interfaces that have seen it.
#[derive(Clone, Debug, Default)]
pub(super) struct Sightings {
    packets: VecDeque<(Likeness, u64)>,
}

impl Sightings {
    /// Takes in a packet at an interface; returns whether it is one that another interface has seen, and this one has not.
    pub(super) fn is_seen_again(&mut self, segment: &Segment, ip: &CapturedIp, interface: u32) -> bool {
        let Some((likeness, here)) = Likeness::of(segment, ip).zip(1_u64.checked_shl(interface)) else {
            return false;
        };
        let known = self
            .packets
            .iter_mut()
            .find(|(known, seen)| *known == likeness && *seen & here == 0);
        if let Some((_, seen)) = known {
            *seen |= here;
            return true;
        }
        if self.packets.len() == MOST {
            self.packets.pop_front();
        }
        self.packets.push_back((likeness, here));
        false
    }
}
