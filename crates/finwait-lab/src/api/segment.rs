//! The segments that a rule of the wire is about.

use std::net::SocketAddr;
use std::ops::{Bound, RangeBounds};

use finwait_model::host::Port;
use finwait_model::side::Side;
use finwait_wire::rule::{Chance, Connection, Nth, PacketKind, Rule, Sizes, Verdict};

/// The segments that a rule is about: a kind, and conditions that narrow it down.
///
/// ```
/// use finwait_lab::{Segment, Side};
/// let second_write = Segment::data().from(Side::Client).nth(2);
/// let large_ones_of_the_answer = Segment::data().from(Side::Server).after(65_536).size(1400..);
/// # let _ = (second_write, large_ones_of_the_answer);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it is the argument of hold, drop, delay and duplicate"]
pub struct Segment(Rule);

impl Segment {
    const fn of(kind: PacketKind) -> Segment {
        Segment(Rule::new(Verdict::Deliver, kind))
    }

    /// Every packet, ICMP included.
    pub const fn any() -> Segment {
        Segment::of(PacketKind::Any)
    }

    /// SYN without ACK.
    pub const fn syn() -> Segment {
        Segment::of(PacketKind::Syn)
    }

    /// SYN with ACK.
    pub const fn syn_ack() -> Segment {
        Segment::of(PacketKind::SynAck)
    }

    /// FIN, with payload or without.
    pub const fn fin() -> Segment {
        Segment::of(PacketKind::Fin)
    }

    /// RST.
    pub const fn rst() -> Segment {
        Segment::of(PacketKind::Rst)
    }

    /// Payload.
    pub const fn data() -> Segment {
        Segment::of(PacketKind::Data)
    }

    /// An acknowledgement and nothing else.
    pub const fn ack() -> Segment {
        Segment::of(PacketKind::Ack)
    }

    /// A UDP datagram.
    pub const fn udp() -> Segment {
        Segment::of(PacketKind::Udp)
    }

    /// An ICMP message.
    pub const fn icmp() -> Segment {
        Segment::of(PacketKind::Icmp)
    }

    /// Sent by this host only.
    pub fn from(mut self, host: impl Into<Side>) -> Segment {
        self.0.from = Some(host.into());
        self
    }

    /// Narrows it down to the connection between these two addresses, whichever end sends, and to ICMP errors about it.
    pub const fn between(mut self, one: SocketAddr, other: SocketAddr) -> Segment {
        self.0.on = Some(Connection {
            name: None,
            ends: (one, other),
        });
        self
    }

    /// Narrows it down to segments and datagrams with this port at either end.
    pub const fn port(mut self, port: u16) -> Segment {
        self.0.port = Some(Port(port));
        self
    }

    /// Narrows it down to segments with this sequence number, counted from the connection's SYN, which is 0.
    pub const fn seq(mut self, seq: u32) -> Segment {
        self.0.seq = Some(seq);
        self
    }

    /// Narrows it down to segments with payload, or to those without.
    pub const fn payload(mut self, payload: bool) -> Segment {
        self.0.payload = Some(payload);
        self
    }

    /// Narrows it down to segments that begin so many bytes of payload into what their sender sends on their connection, or later.
    pub const fn after(mut self, bytes: u32) -> Segment {
        self.0.after = Some(bytes);
        self
    }

    /// Narrows it down to IP packets of these lengths, in bytes with their headers: `1400..`, `..=576`. Of a super-segment, the longest
    /// packet that it is cut into counts.
    pub fn size(mut self, bytes: impl RangeBounds<u16>) -> Segment {
        self.0.size = Sizes {
            least: match bytes.start_bound() {
                Bound::Included(least) => Some(*least),
                Bound::Excluded(below) => Some(below.saturating_add(1)),
                Bound::Unbounded => None,
            },
            most: match bytes.end_bound() {
                Bound::Included(most) => Some(*most),
                Bound::Excluded(above) => Some(above.saturating_sub(1)),
                Bound::Unbounded => None,
            },
        };
        self
    }

    /// The nth of them only, from 1 on.
    pub const fn nth(mut self, n: u32) -> Segment {
        self.0.nth = Some(Nth::Only(n));
        self
    }

    /// The nth of them and all after it, from 1 on.
    pub const fn nth_on(mut self, n: u32) -> Segment {
        self.0.nth = Some(Nth::From { from: n });
        self
    }

    /// So many of them at the most, the first ones.
    pub const fn times(mut self, times: u32) -> Segment {
        self.0.times = Some(times);
        self
    }

    /// So many of a hundred, as dice have it; the same `seed` throws the same dice.
    pub const fn percent(mut self, percent: u8, seed: u32) -> Segment {
        self.0.chance = Some(Chance { percent, seed });
        self
    }

    /// The rule that does that to them.
    pub(super) const fn rule(self, verdict: Verdict) -> Rule {
        Rule { verdict, ..self.0 }
    }
}
