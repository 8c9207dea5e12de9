//! The two directions of the connection that is shown.

use crate::clock::MonoTime;
use crate::explain::direction::{self, Crossing, Direction, Half, Queued};
use crate::explain::now::segment_name;
use crate::lab::event::PacketRecord;
use crate::session::connections::ConnectionNo;
use crate::session::view::SocketView;
use crate::session::wire::WaitingPacket;
use crate::session::{LabKind, Session};
use crate::side::{Ends, Side};
use crate::socket_table::{SocketRow, Tuple};
use crate::wire::segment::{Packet, Segment};

/// A connection, among those that have had its addresses.
#[derive(Clone, Copy, Debug)]
pub(in crate::session) struct Among {
    /// The addresses, the client's first.
    pub(in crate::session) tuple: Tuple,
    /// The number, where another connection has had these addresses since; none of the newest.
    pub(in crate::session) past: Option<ConnectionNo>,
}

impl Among {
    /// The newest one with these addresses, the client's first.
    pub(in crate::session) const fn newest(tuple: Tuple) -> Among {
        Among { tuple, past: None }
    }
}

/// One direction of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipe {
    /// The sender.
    pub from: Side,
    /// The fate.
    pub state: Direction,
    /// The bytes that the sender has written and the other end has not acknowledged, without SYN and FIN; none without a row.
    pub unacknowledged: Option<usize>,
    /// The segments on the wire that the other end has not had, those without data, too.
    pub segments: usize,
    /// The bytes on the wire that the other end has not had, those that were sent again once.
    pub flying: usize,
    /// The bytes that have come and were not read; none where nothing tells.
    pub unread: Option<usize>,
    /// The fate, in 26 columns at most.
    pub words: String,
    /// The place of its bytes, in 26 columns at most; none where there are none.
    pub load: Option<String>,
}

impl Pipe {
    /// Returns both in one line of 26 columns at most: `open, 5 B on the wire`; where that does not fit, what became of it.
    pub fn line(&self) -> String {
        let both = self.load.as_ref().map(|load| format!("{}, {load}", self.words));
        both.filter(|both| both.len() <= 26)
            .unwrap_or_else(|| self.words.clone())
    }
}

/// The two directions of the connection that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directions {
    /// The addresses, the client's first.
    pub tuple: Tuple,
    /// The pipe from each end to the other.
    pub from: Ends<Pipe>,
}

impl Session {
    /// Returns the connection that is shown, the client's address first: that of the current sockets; the client's, where both ends
    /// have one of their own. None where no current socket has a connection.
    pub fn shown_connection(&self) -> Option<Tuple> {
        self.shown().map(|shown| shown.tuple)
    }

    /// The same, with which of those that have had these addresses.
    pub(in crate::session) fn shown(&self) -> Option<Among> {
        let of = |side: Side| {
            let end = &self.ends[side];
            let socket = end.current()?;
            let row = end.row(socket).map(|observed| observed.row.tuple);
            let tuple = row.or(socket.tuple).filter(|tuple| !tuple.is_listener())?;
            Some(Among {
                tuple: seen_by(side, tuple),
                // One that has a row is the newest: the other end may have begun anew meanwhile, as after an old duplicate SYN.
                past: match row {
                    Some(_) => None,
                    None => self.past_connection_of(side, &socket.name, tuple),
                },
            })
        };
        of(Side::Client).or_else(|| of(Side::Server))
    }

    /// Returns the two directions of the connection that is shown, at `now`; none without a connection.
    pub fn directions(&self, _now: MonoTime) -> Option<Directions> {
        let shown = self.shown()?;
        let from = Ends::from_fn(|side| self.pipe(side, shown));
        Some(Directions {
            tuple: shown.tuple,
            from,
        })
    }

    fn pipe(&self, from: Side, of: Among) -> Pipe {
        let state = self.direction(from, of);
        let flying: Vec<&PacketRecord> = self.flying(from, of).collect();
        let on_wire = crossing(flying.iter().copied());
        let queued = self.row_of(from, of).map(Queued::of);
        let receiver = self.view_of(from.other(), of);
        let unread = receiver.and_then(|view| view.unread).map(|unread| unread as usize);
        let load = direction::load(
            &telling(&flying),
            &on_wire,
            queued.unwrap_or_default(),
            unread.unwrap_or(0),
        );
        Pipe {
            from,
            state,
            unacknowledged: queued.map(|queued| queued.bytes),
            segments: flying.len(),
            flying: on_wire.bytes,
            unread,
            words: state.to_string(),
            load,
        }
    }

    /// Returns the fate of the direction from that end.
    pub(super) fn direction(&self, from: Side, of: Among) -> Direction {
        let segments_seen = self.lab.kind == LabKind::Isolated;
        let (sender, receiver) = (self.half(from, of), self.half(from.other(), of));
        direction::of(from, sender, receiver, segments_seen)
    }

    /// The end of the connection, for the table of directions.
    pub(super) fn half(&self, side: Side, of: Among) -> Half<'_> {
        let end = &self.ends[side];
        if let Some(no) = self.replaced(side, of) {
            let socket = self.connections.name(side, no).and_then(|name| end.socket(name));
            return Half {
                state: None,
                sock: socket.map(|socket| end.sock(socket)),
            };
        }
        let tuple = seen_by(side, of.tuple);
        Half {
            state: self.row_of_seen(side, tuple).map(|row| row.state),
            sock: end.socks.of_tuple(&tuple).map(|id| end.socks.get(id)),
        }
    }

    /// The socket of that end of a connection.
    pub(super) fn view_of(&self, side: Side, of: Among) -> Option<SocketView<'_>> {
        if let Some(no) = self.replaced(side, of) {
            return self.view_named(side, self.connections.name(side, no)?);
        }
        let end = &self.ends[side];
        let seen = seen_by(side, of.tuple);
        // Another socket may have had these addresses before.
        let newest = || {
            let socket = end.sockets.of_sock(end.socks.of_tuple(&seen)?).next()?;
            self.view_named(side, &socket.name)
        };
        self.view_in_table(side, &seen).or_else(newest)
    }

    /// The number of the connection where a later one with its addresses has taken its place at that end, in its table, too.
    fn replaced(&self, side: Side, of: Among) -> Option<ConnectionNo> {
        of.past.filter(|no| self.is_replaced(side, *no, of.tuple))
    }

    /// Has that end had the connection, and its kernel no socket of it any more, so that it answers what comes with RST?
    pub(in crate::session) fn has_ended(&self, side: Side, of: Among) -> bool {
        let half = self.half(side, of);
        half.state.is_none() && half.sock.is_some_and(|sock| sock.end.is_some())
    }

    pub(super) fn row_of(&self, side: Side, of: Among) -> Option<&SocketRow> {
        let is_its = self.replaced(side, of).is_none();
        self.row_of_seen(side, seen_by(side, of.tuple)).filter(|_| is_its)
    }

    pub(super) fn row_of_seen(&self, side: Side, tuple: Tuple) -> Option<&SocketRow> {
        let table = &self.ends[side].table;
        table.of_tuple(&tuple).map(|place| &table.rows()[place].row)
    }

    /// The segments of a connection that an end has sent and that are on the wire, the oldest first, without copies of what has arrived.
    pub(super) fn flying(&self, from: Side, of: Among) -> impl Iterator<Item = &PacketRecord> {
        let tuple = seen_by(from, of.tuple);
        let no = of.past.or_else(|| self.connection_between(tuple));
        let is_its = move |waiting: &&WaitingPacket| match &waiting.record.packet {
            Packet::Tcp(segment) => {
                waiting.record.from == from
                    && segment.source == tuple.local
                    && segment.destination == tuple.peer
                    && self.connection_of_waiting(waiting) == no
            }
            Packet::Udp { .. } | Packet::Icmp { .. } | Packet::Other { .. } => false,
        };
        let new = self.wire.held.values().filter(|waiting| !waiting.had);
        new.filter(is_its).map(|waiting| &waiting.record)
    }
}

/// The addresses of a connection, the client's first, as that end has them.
pub(super) const fn seen_by(side: Side, tuple: Tuple) -> Tuple {
    match side {
        Side::Client => tuple,
        Side::Server => tuple.mirrored(),
    }
}

/// The bytes of segments that go one way: copies of the same bytes count once.
pub(super) fn crossing<'a>(records: impl Iterator<Item = &'a PacketRecord>) -> Crossing {
    let segments = records.filter_map(|record| match &record.packet {
        Packet::Tcp(segment) if segment.len > 0 => Some(segment),
        _ => None,
    });
    let segments: Vec<_> = segments.collect();
    let Some(first) = segments.first() else {
        return Crossing::default();
    };
    // Numbers wrap around; what was sent again may be older than the first.
    let place = |segment: &Segment| i64::from(segment.seq.relative_to(first.seq).cast_signed());
    let mut spans: Vec<(i64, i64)> = segments
        .iter()
        .map(|segment| (place(segment), place(segment) + segment.len as i64))
        .collect();
    spans.sort_unstable();
    let (mut bytes, mut upto) = (0, i64::MIN);
    for (from, to) in &spans {
        bytes += (to - from.max(&upto)).max(0);
        upto = upto.max(*to);
    }
    let begun_at = |from: i64| spans.iter().filter(|span| span.0 == from).count();
    Crossing {
        bytes: bytes as usize,
        times: spans.iter().map(|span| begun_at(span.0)).max().unwrap_or(0),
    }
}

/// The names of the segments that are no data, each once.
fn telling(flying: &[&PacketRecord]) -> Vec<&'static str> {
    let mut names = Vec::new();
    for record in flying {
        if let Packet::Tcp(segment) = &record.packet
            && (segment.len == 0 || segment_name(segment.flags) != "ACK")
            && !names.contains(&segment_name(segment.flags))
        {
            names.push(segment_name(segment.flags));
        }
    }
    names
}
