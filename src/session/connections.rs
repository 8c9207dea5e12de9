//! Connections of a run, numbered in the order in which they came: the same number at both ends.
//!
//! A connection is a pair of addresses, from its first SYN until both ends have forgotten it; when the pair is used again, that is the
//! next one. What is about no connection, like a call on a listener or the end of a process, belongs to all of them.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::SocketAddr;
use std::ops::Bound;
use std::time::Duration;

use super::due::Due;
use super::transcript::{Entry, EntryKind};
use super::wire::WaitingPacket;
use super::{End, Session};
use crate::call::{CallId, SocketId, SocketName};
use crate::explain::EntryNo;
use crate::hash::QuickMap;
use crate::lab::event::{PacketRecord, StateChanged};
use crate::side::{Ends, Side};
use crate::socket_table::Tuple;
use crate::state::State;
use crate::wire::segment::{Flags, Packet};

/// The number of a connection, from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionNo(pub u32);

impl fmt::Display for ConnectionNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A connection as its tab shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionView<'a> {
    /// The number.
    pub no: ConnectionNo,
    /// The addresses of both ends.
    pub addresses: Ends<SocketAddr>,
    /// The names of its sockets; none at an end that has not accepted it, or never had it.
    pub names: Ends<Option<&'a SocketName>>,
    /// The states, `CLOSE` where the end does not have it, or no longer.
    pub states: Ends<State>,
    /// Whether it has begun and neither end has it any more.
    pub is_over: bool,
    /// The segments of it that were seen on the wire, each counted once; none in the loopback lab.
    pub segments: u64,
}

/// The session's record of a connection.
#[derive(Debug)]
struct Connection {
    /// The time and the entry of its beginning.
    at: Duration,
    since: EntryNo,
    addresses: Ends<SocketAddr>,
    names: Ends<Option<SocketName>>,
    states: Ends<State>,
    /// The ends that have had it in their tables.
    begun: Ends<bool>,
    /// The sequence numbers of their SYNs.
    syn: Ends<Option<u32>>,
    segments: u64,
    /// The newest entry that is about it.
    told: EntryNo,
    /// The sockets that were its, and the calls of accept that took it.
    sockets: Vec<(Side, SocketName)>,
    accepts: Vec<CallId>,
}

impl Connection {
    fn new(side: Side, tuple: Tuple, since: EntryNo, at: Duration) -> Connection {
        let mut addresses = Ends {
            client: tuple.local,
            server: tuple.local,
        };
        addresses[side.other()] = tuple.peer;
        Connection {
            at,
            since,
            addresses,
            names: Ends::default(),
            states: Ends {
                client: State::Close,
                server: State::Close,
            },
            begun: Ends::default(),
            syn: Ends::default(),
            segments: 0,
            told: since,
            sockets: Vec::new(),
            accepts: Vec::new(),
        }
    }

    /// Has that end had it, and let go of it?
    fn is_over_at(&self, side: Side) -> bool {
        self.begun[side] && matches!(self.states[side], State::Close | State::TimeWait)
    }

    fn is_over(&self) -> bool {
        (self.begun.client || self.begun.server) && self.states.iter().all(|(_, state)| *state == State::Close)
    }
}

/// The connections of a run.
#[derive(Debug, Default)]
pub(super) struct Connections {
    all: BTreeMap<ConnectionNo, Connection>,
    /// The number of connections so far.
    count: u32,
    /// Those that are to be looked at: may they be forgotten?
    pub(super) due: Due<ConnectionNo>,
    /// The connections with the same two addresses, the oldest first.
    of_pair: QuickMap<Tuple, Vec<ConnectionNo>>,
    /// The connections of a socket, each from the entry on from which it is that one's.
    of_socket: QuickMap<(Side, SocketName), Vec<(EntryNo, ConnectionNo)>>,
    /// The connections that calls of accept took.
    of_accept: HashMap<CallId, ConnectionNo>,
}

/// The two addresses in one order, whichever end names them.
fn pair(tuple: Tuple) -> Tuple {
    if tuple.local <= tuple.peer {
        tuple
    } else {
        tuple.mirrored()
    }
}

/// The first descriptor's name of the socket that a dup is of.
fn first_name(name: &SocketName) -> SocketName {
    let first = name.id().and_then(|id| SocketId { dup: None, ..id }.name());
    first.unwrap_or_else(|| name.clone())
}

impl Connections {
    fn get(&self, no: ConnectionNo) -> Option<&Connection> {
        self.all.get(&no)
    }

    fn get_mut(&mut self, no: ConnectionNo) -> Option<&mut Connection> {
        self.all.get_mut(&no)
    }

    /// The newest one with these addresses.
    pub(super) fn newest(&self, tuple: Tuple) -> Option<ConnectionNo> {
        self.of_pair.get(&pair(tuple))?.last().copied()
    }

    /// The newest one with these addresses that is in that state at an end.
    fn in_state(&self, side: Side, tuple: Tuple, state: State) -> Option<ConnectionNo> {
        let all = self.of_pair.get(&pair(tuple))?.iter().rev();
        let mut known = all.filter_map(|no| Some((*no, self.get(*no)?)));
        let is_in = |known: &Connection| known.addresses[side] == tuple.local && known.states[side] == state;
        known
            .find(|(_, known)| known.begun[side] && is_in(known))
            .map(|(no, _)| no)
    }

    fn add(&mut self, connection: Connection, tuple: Tuple) -> ConnectionNo {
        self.count += 1;
        let no = ConnectionNo(self.count);
        self.due.add(no, connection.told);
        self.all.insert(no, connection);
        self.of_pair.entry(pair(tuple)).or_default().push(no);
        no
    }

    /// Takes in a change of state, in the entry `entry`; `call` is the entry of the call that made it, `name` the socket's.
    pub(super) fn changed(
        &mut self,
        change: &StateChanged,
        name: Option<&SocketName>,
        call: Option<EntryNo>,
        entry: EntryNo,
        at: Duration,
    ) {
        let StateChanged {
            side, tuple, from, to, ..
        } = *change;
        if tuple.is_listener() || State::Listen == from || State::Listen == to {
            return;
        }
        let begins = match to {
            State::SynSent | State::SynRecv => matches!(from, State::Close | State::TimeWait),
            State::Close => false,
            _ => from == State::Close,
        };
        let before = self.in_state(side, tuple, from);
        let known = if begins {
            // The kernel keeps the pair in TIME_WAIT no longer.
            if let Some(over) = before.and_then(|no| self.get_mut(no)) {
                over.states[side] = State::Close;
            }
            self.newest(tuple).filter(|no| {
                let is_older = |known: &Connection| known.is_over_at(side) && known.addresses[side] == tuple.local;
                !self.get(*no).is_some_and(is_older)
            })
        } else {
            // The other end may have begun the next one already.
            before.or_else(|| self.newest(tuple))
        };
        let no = known.unwrap_or_else(|| self.add(Connection::new(side, tuple, entry, at), tuple));
        let Some(connection) = self.get_mut(no) else { return };
        connection.told = entry;
        // Of a connection of a host with itself, the end that began it is shown.
        if connection.addresses[side] != tuple.local {
            return;
        }
        connection.begun[side] = true;
        connection.states[side] = to;
        if let Some(name) = name {
            connection.names[side].get_or_insert_with(|| name.clone());
            self.is_of(side, name, no, call.filter(|_| begins).unwrap_or(entry));
        }
    }

    /// The socket of that name is the connection's from that entry on.
    fn is_of(&mut self, side: Side, name: &SocketName, no: ConnectionNo, since: EntryNo) {
        let socket = (side, first_name(name));
        let of = self.of_socket.entry(socket.clone()).or_default();
        if of.last().is_none_or(|(_, last)| *last != no) {
            of.push((since, no));
            if let Some(connection) = self.get_mut(no).filter(|known| !known.sockets.contains(&socket)) {
                connection.sockets.push(socket);
            }
        }
    }

    /// Takes in a packet, in the entry `entry`.
    pub(super) fn passed(&mut self, record: &PacketRecord, entry: EntryNo, at: Duration) {
        let Packet::Tcp(segment) = &record.packet else { return };
        let side = record.from;
        let tuple = Tuple {
            local: segment.source,
            peer: segment.destination,
        };
        // What was held was counted when it came.
        if let Some(waited) = record.waited {
            let sent_in = self.at(tuple, entry, Some(at.saturating_sub(waited)));
            return self.is_told(sent_in, entry);
        }
        let is_syn = segment.flags.has(Flags::SYN) && record.origin.is_of_host();
        let opens = is_syn && !segment.flags.has(Flags::ACK);
        let known = self.newest(tuple).filter(|no| {
            let same = |known: &Connection| !known.is_over_at(side) || known.syn[side] == Some(segment.seq.0);
            !opens || self.get(*no).is_some_and(same)
        });
        let no = match known {
            Some(no) => no,
            None if opens => self.add(Connection::new(side, tuple, entry, at), tuple),
            None => return,
        };
        if let Some(connection) = self.get_mut(no) {
            connection.segments += 1;
            connection.told = entry;
            if is_syn {
                connection.syn[side] = Some(segment.seq.0);
            }
        }
    }

    /// Takes in that accept took the connection with these addresses, the one that has waited longest: its socket has that name.
    pub(super) fn accepted(&mut self, side: Side, call: CallId, tuple: Tuple, name: &SocketName, entry: EntryNo) {
        let all = self.of_pair.get(&pair(tuple)).into_iter().flatten().copied();
        let mut all: Vec<ConnectionNo> = all.collect();
        let waits = all.iter().position(|no| {
            self.get(*no)
                .is_some_and(|known| known.begun[side] && known.names[side].is_none())
        });
        let no = waits.map(|place| all.swap_remove(place)).or_else(|| all.pop());
        let Some(no) = no else { return };
        if let Some(connection) = self.get_mut(no) {
            connection.names[side] = Some(name.clone());
            connection.told = entry;
            connection.accepts.push(call);
        }
        self.of_accept.insert(call, no);
        self.is_of(side, name, no, entry);
    }

    /// Notes that an entry of that number is about a connection.
    pub(super) fn is_told(&mut self, no: Option<ConnectionNo>, entry: EntryNo) {
        if let Some(connection) = no.and_then(|no| self.get_mut(no)) {
            connection.told = entry;
        }
    }

    /// Is there one of that socket?
    pub(super) fn has_of(&self, side: Side, name: &SocketName) -> bool {
        self.of_socket.contains_key(&(side, first_name(name)))
    }

    /// Returns the sizes of all that is kept.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> [usize; 4] {
        [
            self.all.len(),
            self.of_pair.len(),
            self.of_socket.len(),
            self.of_accept.len(),
        ]
    }

    /// The addresses of one, as each end has them; none once it is forgotten.
    pub(super) fn tuples(&self, no: ConnectionNo) -> impl Iterator<Item = (Side, Tuple)> {
        let addresses = self.get(no).map(|connection| connection.addresses);
        let of = |side: Side, ends: Ends<SocketAddr>| Tuple {
            local: ends[side],
            peer: ends[side.other()],
        };
        let both = addresses.map(|ends| Side::BOTH.map(|side| (side, of(side, ends))));
        both.into_iter().flatten()
    }

    /// Returns the name of the socket of one at that end, where it was told with it.
    pub(super) fn name(&self, side: Side, no: ConnectionNo) -> Option<&SocketName> {
        self.get(no)?.names[side].as_ref()
    }

    /// Returns the newest entry that is about one that is over at both ends; none of one that is not.
    pub(super) fn told_of_over(&self, no: ConnectionNo) -> Option<EntryNo> {
        let connection = self.get(no)?;
        connection.is_over().then_some(connection.told)
    }

    /// Is it one that was, and is forgotten?
    pub(super) fn has_forgotten(&self, no: ConnectionNo) -> bool {
        (1..=self.count).contains(&no.0) && self.get(no).is_none()
    }

    /// Forgets one; returns the sockets that were its. When its addresses are used again, that is another one.
    pub(super) fn forget(&mut self, no: ConnectionNo) -> Vec<(Side, SocketName)> {
        let Some(connection) = self.all.remove(&no) else {
            return Vec::new();
        };
        self.due.remove(no);
        let Ends { client, server } = connection.addresses;
        let addresses = pair(Tuple {
            local: client,
            peer: server,
        });
        if let Some(all) = self.of_pair.get_mut(&addresses) {
            all.retain(|known| *known != no);
            if all.is_empty() {
                self.of_pair.remove(&addresses);
            }
        }
        for socket in &connection.sockets {
            if let Some(of) = self.of_socket.get_mut(socket) {
                of.retain(|(_, known)| *known != no);
                if of.is_empty() {
                    self.of_socket.remove(socket);
                }
            }
        }
        for call in connection.accepts {
            self.of_accept.remove(&call);
        }
        connection.sockets
    }

    /// The newest connection with that local port at an end, whichever its local address, from that peer.
    pub(super) fn from(&self, side: Side, port: u16, peer: SocketAddr) -> Option<Tuple> {
        let mut all = self.all.values().rev();
        let found = all.find(|known| known.addresses[side].port() == port && known.addresses[side.other()] == peer);
        found.map(|known| Tuple {
            local: known.addresses[side],
            peer,
        })
    }

    /// The one with these addresses that something of that time and entry is about.
    fn at(&self, tuple: Tuple, entry: EntryNo, at: Option<Duration>) -> Option<ConnectionNo> {
        let all = self.of_pair.get(&pair(tuple))?;
        let was_there = |no: &&ConnectionNo| {
            self.get(**no).is_some_and(|known| match at {
                Some(at) => known.at <= at,
                None => known.since <= entry,
            })
        };
        all.iter().rev().find(was_there).or(all.first()).copied()
    }

    /// The one that a call on that socket is about, in an entry of that number.
    fn of_call(&self, side: Side, call: CallId, socket: Option<&SocketName>, entry: EntryNo) -> Option<ConnectionNo> {
        if let Some(no) = self.of_accept.get(&call) {
            return Some(*no);
        }
        let all = self.of_socket.get(&(side, first_name(socket?)))?;
        // What was done to a socket before it connected was done for its first connection.
        let mut newer = all.iter().rev();
        let now = newer.find(|(since, _)| *since <= entry).or(all.first());
        now.map(|(_, no)| *no)
    }
}

impl Session {
    /// The connections of the run that are kept, in the order in which they came.
    pub fn connections(&self) -> Vec<ConnectionView<'_>> {
        let all = self.connections.all.iter();
        all.map(|(no, known)| self.connection_view(*no, known)).collect()
    }

    /// The connection of that number; none where there is none yet, and once it is forgotten.
    pub fn connection(&self, no: ConnectionNo) -> Option<ConnectionView<'_>> {
        let known = self.connections.get(no)?;
        Some(self.connection_view(no, known))
    }

    /// The numbers of the connections that are kept after that one, from the first on where none is named.
    pub fn connections_after(&self, no: Option<ConnectionNo>) -> impl Iterator<Item = ConnectionNo> {
        let from = no.map_or(Bound::Unbounded, Bound::Excluded);
        let all = self.connections.all.range((from, Bound::Unbounded));
        all.map(|(no, _)| *no)
    }

    fn connection_view<'a>(&'a self, no: ConnectionNo, known: &'a Connection) -> ConnectionView<'a> {
        ConnectionView {
            no,
            addresses: known.addresses,
            names: Ends::from_fn(|side| self.name_in(side, known, no)),
            states: known.states,
            is_over: known.is_over(),
            segments: known.segments,
        }
    }

    /// The connection that the current sockets are of, which [`Session::shown_connection`] has the addresses of.
    pub fn shown_connection_no(&self) -> Option<ConnectionNo> {
        let shown = self.shown()?;
        shown.past.or_else(|| self.connection_between(shown.tuple))
    }

    /// The connection of a socket with these addresses, where another one has had them since.
    pub(super) fn past_connection_of(&self, side: Side, name: &SocketName, tuple: Tuple) -> Option<ConnectionNo> {
        let no = self.connection_of_socket(side, name)?;
        let mut older = self.connections.of_pair.get(&pair(tuple))?.iter().rev().skip(1);
        older.any(|older| *older == no).then_some(no)
    }

    /// Has a later connection with its addresses taken the place of that one at an end?
    pub(super) fn is_replaced(&self, side: Side, no: ConnectionNo, tuple: Tuple) -> bool {
        let all = self.connections.of_pair.get(&pair(tuple)).into_iter().flatten();
        let mut later = all.skip_while(|known| **known != no).skip(1);
        later.any(|later| self.connections.get(*later).is_some_and(|known| known.begun[side]))
    }

    /// The connection in which a packet that is on the wire was sent.
    pub(super) fn connection_of_waiting(&self, waiting: &WaitingPacket) -> Option<ConnectionNo> {
        let (local, peer) = waiting.record.packet.connection()?;
        let sent = waiting.sent.since(self.transcript.began());
        self.connections
            .at(Tuple { local, peer }, self.transcript.last(), Some(sent))
    }

    /// The newest connection between these two addresses, whichever end names them.
    pub fn connection_between(&self, tuple: Tuple) -> Option<ConnectionNo> {
        self.connections.newest(tuple)
    }

    /// Returns how many connections are kept: what is over, and in no entry of the transcript any more, is forgotten.
    pub fn connections_kept(&self) -> usize {
        self.connections.all.len()
    }

    /// Returns the number of connections so far, which is that of the newest.
    pub const fn connection_count(&self) -> u32 {
        self.connections.count
    }

    /// The name of its socket at that end, as it is shown.
    fn name_in<'a>(&'a self, side: Side, known: &'a Connection, no: ConnectionNo) -> Option<&'a SocketName> {
        let end: &End = &self.ends[side];
        let name = known.names[side].as_ref().or_else(|| {
            // A library tells the name after the change of state.
            let tuple = Tuple {
                local: known.addresses[side],
                peer: known.addresses[side.other()],
            };
            let is_its = known.begun[side] && self.connections.newest(tuple) == Some(no);
            end.named.get(&tuple).filter(|_| is_its)
        });
        name.map(|name| end.shown(name))
    }

    /// The connection that a socket of an end is of now; none for a listener and one that has not connected.
    pub fn connection_of_socket(&self, side: Side, name: &SocketName) -> Option<ConnectionNo> {
        let end = &self.ends[side];
        let known = |name: &SocketName| {
            let of = self.connections.of_socket.get(&(side, first_name(name)))?;
            of.last().map(|(_, no)| *no)
        };
        known(name).or_else(|| {
            let socket = end.socket(name)?;
            known(&socket.name).or_else(|| self.connections.newest(socket.tuple?))
        })
    }

    /// The connection that an entry of the transcript is about; none for what is about no connection, or about one that was never seen:
    /// a listener's calls, a process, a setting.
    pub fn connection_of(&self, entry: &Entry) -> Option<ConnectionNo> {
        let connections = &self.connections;
        match &entry.what {
            EntryKind::Call { began, socket } => connections.of_call(began.side, began.call, socket.as_ref(), entry.no),
            EntryKind::Blocked { side, call, socket, .. } => {
                connections.of_call(*side, *call, socket.as_ref(), entry.no)
            }
            EntryKind::Ended(call) => connections.of_call(call.side(), call.call(), call.socket.as_ref(), entry.no),
            EntryKind::State { change, .. } if change.tuple.is_listener() => None,
            EntryKind::State { change, .. } => connections.at(change.tuple, entry.no, None),
            EntryKind::Packet(record) => {
                // One that was held is of the connection that it was sent in.
                let sent = record.waited.map(|waited| entry.at.saturating_sub(waited));
                let (local, peer) = record.packet.connection()?;
                connections.at(Tuple { local, peer }, entry.no, sent)
            }
            EntryKind::ProgramCall(entry) => self.connection_of_socket(entry.call.side, entry.socket.as_ref()?),
            EntryKind::Syscall(_)
            | EntryKind::Wire { .. }
            | EntryKind::Born(_)
            | EntryKind::Died(_)
            | EntryKind::Host(_)
            | EntryKind::Runtime(_)
            | EntryKind::Program(_)
            | EntryKind::Counters { .. }
            | EntryKind::Reason(_)
            | EntryKind::Note { .. } => None,
        }
    }

    /// Returns whether an entry belongs into the picture of that connection: it is about it, or about none, and so about all.
    pub fn belongs(&self, entry: &Entry, no: ConnectionNo) -> bool {
        self.connection_of(entry).is_none_or(|of| of == no)
    }
}
