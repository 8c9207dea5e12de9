//! What the screen says of the present, held against another reading of the same run: the rows of the newest tables, and the segments and
//! changes of state in the transcript. Of the code that chooses the sentences nothing is used.

use finwait::call::Sigpipe;
use finwait::clock::MonoTime;
use finwait::lab::event::{Disposition, LabEvent};
use finwait::outcome::{Outcome, Value};
use finwait::recording::{Played, Recording, Replay};
use finwait::session::now::{Directions, Pipe, Plate};
use finwait::session::transcript::{Entry, EntryKind};
use finwait::session::{Session, SessionInput, Socket};
use finwait::side::Side;
use finwait::socket_table::{SocketRow, Timer, TimerKind, Tuple};
use finwait::state::State;
use finwait::wire::flow::PacketNo;
use finwait::wire::queue::Origin;
use finwait::wire::segment::{Flags, Packet, Segment};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The columns that each place of the screen has.
const WIDE: usize = 42;
const WAITS: usize = 35;
const BRIEF: usize = 34;
const PIPE: usize = 26;
const ROLE: usize = 16;

/// What the segments show of one end of a connection.
#[derive(Clone, Debug, Default)]
struct Segments {
    /// The number of its first SYN.
    first: Option<u32>,
    /// The number after its FIN, once that has left.
    fin: Option<u32>,
    /// Has an acknowledgement of its FIN come back?
    fin_acknowledged: bool,
    /// Has the peer's FIN come?
    fin_came: bool,
    /// Has an RST left it?
    rst_left: bool,
    /// Has an RST come to it?
    rst_came: bool,
    /// Has an ICMP error about it come?
    icmp: bool,
    /// The data that has come: the number of its first byte, and how many.
    data: BTreeMap<u32, usize>,
    /// The bytes that reads have returned.
    read: usize,
    /// Did data come to another connection of these addresses?
    had_another: bool,
}

/// A packet that came to the wire.
#[derive(Clone, Debug)]
struct OnWire {
    from: Side,
    segment: Segment,
    is_there: bool,
    is_held: bool,
    /// Did its host send it? What the user made up or doubled was wanted.
    is_hosts: bool,
    /// Has its receiver had it, by a copy?
    had: bool,
}

/// A run, read anew.
#[derive(Debug, Default)]
pub struct Reading {
    upto: u64,
    began: MonoTime,
    segments: HashMap<(Side, Tuple), Segments>,
    wire: BTreeMap<PacketNo, OnWire>,
    /// The newest state of each connection, by the changes that were told.
    states: HashMap<(Side, Tuple), State>,
    /// The entry with which the newest connection of these addresses began.
    births: HashMap<(Side, Tuple), u64>,
    /// The entry with which the one before it ended.
    ended: HashMap<(Side, Tuple), u64>,
    /// The end of each process.
    died: HashMap<Side, u64>,
    /// What was found to be otherwise.
    pub wrong: Vec<String>,
    /// The sentences that were held against it.
    pub held: usize,
}

fn way(segment: &Segment) -> Tuple {
    Tuple {
        local: segment.source,
        peer: segment.destination,
    }
}

impl Reading {
    /// Plays a recording, and holds all that is said at each of its moments against this reading.
    pub fn of(name: &str, recording: &[u8]) -> Reading {
        let (replay, _) = Replay::new(Recording::read(recording).unwrap());
        let mut reading = Reading::default();
        let played = replay.recording().play(|played| -> Result<(), String> {
            if let Played::Taken { session, input } = played {
                reading.take(session);
                let now = input.at().unwrap_or_default();
                let is_quiet = match input {
                    SessionInput::Over { .. } => true,
                    SessionInput::Event(event) => matches!(event.what, LabEvent::Quiet),
                    _ => false,
                };
                reading.look(name, session, now, is_quiet);
            }
            Ok(())
        });
        reading.wrong.extend(played.err());
        reading
    }

    /// Takes in what the transcript has gained.
    fn take(&mut self, session: &Session) {
        if session.transcript.began() != self.began || session.transcript.last() < self.upto {
            *self = Reading {
                began: session.transcript.began(),
                wrong: std::mem::take(&mut self.wrong),
                held: self.held,
                ..Reading::default()
            };
        }
        for entry in session.transcript.since(self.upto) {
            self.add(session, entry);
        }
        self.upto = session.transcript.last();
    }

    fn add(&mut self, session: &Session, entry: &Entry) {
        if let Some(call) = entry.finished()
            && let Some(Outcome::Ok(Value::Read { n, .. })) = call.outcome()
            && !call.words().to_string().contains("MSG_")
            && let Some(name) = &call.socket
            && let Some(tuple) = session.ends[call.side()].socket(name).and_then(|socket| socket.tuple)
        {
            self.segments.entry((call.side(), tuple)).or_default().read += n;
        }
        match &entry.what {
            EntryKind::State { change, .. } => {
                self.states.insert((change.side, change.tuple), change.to);
                if change.to == State::Close {
                    self.ended.insert((change.side, change.tuple), entry.no);
                }
                if change.from == State::Close {
                    self.births.insert((change.side, change.tuple), entry.no);
                }
            }
            EntryKind::Died(died) => {
                self.died.insert(died.side, entry.no);
            }
            EntryKind::Packet(record) => {
                if let Packet::Icmp {
                    about: Some((local, peer)),
                    ..
                } = record.packet
                {
                    let key = (record.from.other(), Tuple { local, peer });
                    self.segments.entry(key).or_default().icmp = true;
                }
                let Packet::Tcp(segment) = &record.packet else { return };
                let is_there = matches!(
                    record.disposition,
                    Disposition::Held | Disposition::Delayed(_) | Disposition::InFlight(_)
                );
                let on_wire = OnWire {
                    from: record.from,
                    segment: segment.clone(),
                    is_there,
                    is_held: record.disposition == Disposition::Held,
                    is_hosts: record.origin == Origin::Host,
                    had: record.seen.had || self.wire.get(&record.no).is_some_and(|known| known.had),
                };
                if record.disposition == Disposition::Delivered && record.origin == Origin::Host && segment.span() > 0 {
                    let is_same = |other: &&mut OnWire| {
                        let is_hosts = other.is_hosts;
                        let (other, flags) = (&other.segment, Flags::SYN.0 | Flags::FIN.0 | Flags::ACK.0);
                        is_hosts
                            && way(other) == way(segment)
                            && (other.seq, other.len) == (segment.seq, segment.len)
                            && other.flags.0 & flags == segment.flags.0 & flags
                    };
                    self.wire
                        .values_mut()
                        .filter(is_same)
                        .for_each(|other| other.had = true);
                }
                self.wire.insert(record.no, on_wire);
                if record.origin == Origin::Host && record.waited.is_none() {
                    self.left(record.from, segment);
                }
                if record.disposition == Disposition::Delivered {
                    self.came(record.from.other(), segment);
                }
            }
            _ => {}
        }
    }

    fn left(&mut self, from: Side, segment: &Segment) {
        let key = (from, way(segment));
        if segment.flags.has(Flags::SYN) && self.segments.get(&key).and_then(|known| known.first) != Some(segment.seq.0)
        {
            let new = Segments {
                first: Some(segment.seq.0),
                ..Segments::default()
            };
            self.segments.insert(key, new);
            let receiver = self
                .segments
                .entry((from.other(), way(segment).mirrored()))
                .or_default();
            // The socket of the connection before may still have what came to it.
            receiver.had_another |= !receiver.data.is_empty();
            (receiver.data, receiver.read) = (BTreeMap::new(), 0);
        }
        let known = self.segments.entry(key).or_default();
        if segment.flags.has(Flags::FIN) {
            known.fin = Some(segment.seq.0.wrapping_add(segment.len as u32).wrapping_add(1));
        }
        known.rst_left |= segment.flags.has(Flags::RST);
    }

    fn came(&mut self, to: Side, segment: &Segment) {
        let known = self.segments.entry((to, way(segment).mirrored())).or_default();
        if let Some(fin) = known.fin.filter(|_| segment.flags.has(Flags::ACK)) {
            known.fin_acknowledged |= segment.ack.0.wrapping_sub(fin) < u32::MAX / 2;
        }
        known.fin_came |= segment.flags.has(Flags::FIN);
        let is_over = self.states.get(&(to, way(segment).mirrored())) == Some(&State::Close);
        if segment.len > 0 && !is_over {
            let before = known.data.get(&segment.seq.0).copied().unwrap_or(0);
            known.data.insert(segment.seq.0, segment.len.max(before));
        }
        known.rst_came |= segment.flags.has(Flags::RST);
    }

    /// Holds all that is said now.
    fn look(&mut self, name: &str, session: &Session, now: MonoTime, is_quiet: bool) {
        let mut wrong = Vec::new();
        for side in Side::BOTH {
            let plate = session.plate(side, now);
            self.plate(session, &plate, is_quiet, &mut wrong);
        }
        // Of a connection whose addresses another has had since, the segments are no longer known here.
        let is_newest = |tuple| session.shown_connection_no() == session.connection_between(tuple);
        if let Some(directions) = session.directions(now).filter(|directions| is_newest(directions.tuple)) {
            for side in Side::BOTH {
                self.pipe(session, &directions, &directions.from[side], is_quiet, &mut wrong);
            }
        }
        self.now(session, now, is_quiet, &mut wrong);
        if !wrong.is_empty() && self.wrong.is_empty() {
            self.wrong.extend(newest(session, 30));
        }
        let at = session.transcript.last();
        self.wrong.extend(
            wrong
                .into_iter()
                .map(|wrong| format!("{name}, after entry {at}: {wrong}")),
        );
    }

    /// A plate fits, shows the newest row's state, and says no more than its socket can do.
    fn plate(&mut self, session: &Session, plate: &Plate, is_quiet: bool, wrong: &mut Vec<String>) {
        let side = plate.side;
        for (what, said, room) in [
            ("means", &plate.means.short, WIDE),
            ("can", &plate.can.short, WIDE),
            ("waits", &plate.waits.short, WAITS),
            ("brief", &plate.brief, BRIEF),
            ("role", &plate.role.to_string(), ROLE),
        ] {
            if said.chars().count() > room {
                wrong.push(format!("{side}: {what} has more than {room} columns: {said}"));
            }
        }
        let end = &session.ends[side];
        let socket = end.current();
        let row = socket.and_then(|socket| self.row_of(session, side, socket));
        // A change is told before the table that has it.
        if is_quiet && plate.state != row.map(|row| row.state) {
            wrong.push(format!("{side}: the plate says {:?}, the table {row:?}", plate.state));
        }
        self.held += 1;
        if plate.means.short.is_empty() || plate.id.is_some() && (plate.can.short.is_empty() || plate.brief.is_empty())
        {
            wrong.push(format!("{side}: the plate says nothing: {plate:?}"));
        }
        if is_quiet && plate.id.is_none() && socket.is_some() {
            wrong.push(format!(
                "{side}: all is quiet, and the plate of {row:?} says no meaning"
            ));
        }
        let can = plate.can.short.as_str();
        let (reads, writes) = (can.contains("READ"), can.contains("WRITE"));
        let state = row.map(|row| row.state);
        let is_open = match row {
            Some(row) if row.state != State::TimeWait => row.inode != 0,
            _ => socket.is_some_and(|socket| socket.open),
        };
        // What procfs says of a state is enough for that: RFC 9293, 3.10.2 and 3.10.3.
        let works = matches!(state, Some(State::Established | State::FinWait1 | State::FinWait2));
        let then_ends = can.contains(" then ") || can.contains("a write fails");
        if reads && !(is_open && (works || then_ends)) {
            wrong.push(format!("{side}: {can} - in {state:?}"));
        }
        if writes && !(is_open && matches!(state, Some(State::Established | State::CloseWait))) {
            wrong.push(format!("{side}: {can} - in {state:?}"));
        }
        // Where no row has a queue, the segments and the reads tell.
        let unread = match row.filter(|row| row.state != State::TimeWait) {
            Some(row) => Some(row.unread()),
            None if is_open => socket.and_then(|socket| self.unread(side, socket.tuple?)),
            None => Some(0),
        };
        // Bytes that are there are told of, wherever a read is.
        let speaks_of_reads = reads || can.contains("EOF");
        if let Some(unread) = unread
            && speaks_of_reads
            && !can.contains("what is queued")
            && figure(can, " B").unwrap_or(0) != unread as usize
        {
            wrong.push(format!("{side}: {can} - {unread} B are there"));
        }
        if is_quiet && can.contains("no descriptor is open") && is_open {
            wrong.push(format!("{side}: {can} - {socket:?}"));
        }
        let is_ended = |open: bool, row: Option<&SocketRow>| !open && row.is_none();
        for tab in &plate.tabs {
            let socket = tab.name.as_ref().and_then(|name| end.socket(name));
            let Some(socket) = socket.filter(|socket| socket.fd.is_some()) else {
                continue;
            };
            if is_quiet && tab.ended != is_ended(socket.open, self.row_of(session, side, socket)) {
                wrong.push(format!("{side}: the tab {tab:?} of {socket:?}"));
            }
        }
        // A role that speaks of FINs is one that they have shown.
        if is_quiet && let Some(tuple) = plate.tuple.filter(|tuple| !tuple.is_listener()) {
            let ours = self.segments.get(&(side, tuple));
            let closed = socket.and_then(|socket| socket.closed);
            let told = ours.filter(|ours| ours.first.is_some() && !self.is_reborn(side, tuple, closed));
            let role = plate.role.to_string();
            if let Some(ours) = told {
                let is_so = match role.as_str() {
                    "was told" => ours.fin_came,
                    "both at once" => ours.fin.is_some(),
                    "was reset" => ours.rst_came,
                    "sent the reset" => ours.rst_left,
                    "was refused" => ours.rst_came || ours.icmp,
                    "open" => ours.fin.is_none(),
                    _ => true,
                };
                if !is_so {
                    wrong.push(format!("{side}: {role}, but of the segments {ours:?}"));
                }
            }
        }
    }

    /// The bytes of a connection that have come to an end and that no read has returned.
    fn unread(&self, side: Side, tuple: Tuple) -> Option<u32> {
        // The data that it answered with RST was not queued.
        let known = self
            .segments
            .get(&(side, tuple))
            .filter(|known| !known.rst_left && !known.had_another)?;
        Some(known.data.values().sum::<usize>().saturating_sub(known.read) as u32)
    }

    /// Has another connection taken these addresses since?
    fn is_reborn(&self, side: Side, tuple: Tuple, closed: Option<u64>) -> bool {
        let closed = closed
            .max(self.died.get(&side).copied())
            .max(self.ended.get(&(side, tuple)).copied());
        closed.is_some_and(|closed| self.births.get(&(side, tuple)).is_some_and(|birth| *birth > closed))
    }

    /// The row of a socket: the one that its descriptor's inode has, else what its addresses have left behind.
    fn row_of<'a>(&self, session: &'a Session, side: Side, socket: &Socket) -> Option<&'a SocketRow> {
        let rows = || session.ends[side].table.rows().iter().map(|observed| &observed.row);
        let by_inode = rows().find(|row| row.inode != 0 && socket.inode == Some(row.inode));
        let by_addresses = || {
            let tuple = socket
                .tuple
                .filter(|tuple| !self.is_reborn(side, *tuple, socket.closed))?;
            // A socket that was refused may still have been held when another one took its addresses.
            let mut newer = session.ends[side].sockets.iter().rev();
            let newest = newer.find(|other| other.tuple == Some(tuple))?;
            if newest.sock != socket.sock {
                return None;
            }
            rows().find(|row| row.inode == 0 && row.tuple == tuple)
        };
        by_inode.or_else(by_addresses)
    }

    /// A direction fits, and is what the segments and the states show.
    fn pipe(
        &mut self,
        session: &Session,
        directions: &Directions,
        pipe: &Pipe,
        is_quiet: bool,
        wrong: &mut Vec<String>,
    ) {
        let from = pipe.from;
        let line = pipe.line();
        let said = pipe.words.as_str();
        for text in [&line, &pipe.words].into_iter().chain(&pipe.load) {
            if text.chars().count() > PIPE {
                wrong.push(format!("{from} ->: more than {PIPE} columns: {text}"));
            }
        }
        self.held += 1;
        let tuple = match from {
            Side::Client => directions.tuple,
            Side::Server => directions.tuple.mirrored(),
        };
        // What is on the wire.
        let there = self
            .wire
            .values()
            .filter(|on_wire| on_wire.is_there && on_wire.from == from);
        let there: Vec<&OnWire> = there.filter(|on_wire| way(&on_wire.segment) == tuple).collect();
        // What is sent again is the same, and what has come once is there.
        let there: Vec<&OnWire> = there.into_iter().filter(|on_wire| !on_wire.had).collect();
        let spans: BTreeSet<(u32, usize)> = there
            .iter()
            .map(|on_wire| (on_wire.segment.seq.0, on_wire.segment.len))
            .collect();
        let bytes: usize = spans.iter().map(|span| span.1).sum();
        if (pipe.segments, pipe.flying) != (there.len(), bytes) {
            wrong.push(format!("{from} ->: {pipe:?}, but on the wire are {there:?}"));
        }
        let load = pipe.load.as_deref().unwrap_or_default();
        if load.contains("on the wire") || load.contains("on wire") {
            let is_so = match figure(load, " B") {
                Some(said) => said == bytes,
                None => bytes >= 100_000 || bytes == 0 && !there.is_empty(),
            };
            if !is_so {
                wrong.push(format!("{from} ->: {load}, but on the wire are {bytes} B"));
            }
        }
        if !is_quiet {
            return;
        }
        // What the states of the tables allow.
        let [own, peers] =
            [(from, tuple), (from.other(), tuple.mirrored())].map(|(side, tuple)| state_in(session, side, tuple));
        let is_so = match said {
            "opening, SYN sent" => own == Some(State::SynSent),
            "opening, SYN,ACK sent" => own == Some(State::SynRecv),
            "open" | "open, writing shut down" => matches!(own, Some(State::Established | State::CloseWait)),
            "FIN sent, not acked" | "FIN waits behind data" => {
                matches!(own, Some(State::FinWait1 | State::Closing | State::LastAck))
            }
            "not open yet" | "never opened" => !matches!(
                own,
                Some(State::Established | State::CloseWait | State::FinWait1 | State::FinWait2 | State::LastAck)
            ),
            _ if said.starts_with("closed by") => {
                said.contains(from.name()) && matches!(own, None | Some(State::FinWait2 | State::TimeWait))
            }
            _ if said.starts_with("reset by") => own.is_none() || peers.is_none(),
            _ if said.starts_with("gone") || said.starts_with("given up") || said == "reset, not by either end" => {
                own.is_none() || peers.is_none()
            }
            "not known" => true,
            _ => false,
        };
        if !is_so {
            wrong.push(format!("{from} ->: {said}, but the states are {own:?}, {peers:?}"));
        }
        // What the segments show.
        let Some(ours) = self.segments.get(&(from, tuple)).filter(|ours| ours.first.is_some()) else {
            return;
        };
        let theirs = self.segments.get(&(from.other(), tuple.mirrored()));
        let is_so = match said {
            "open" | "open, writing shut down" | "FIN waits behind data" => ours.fin.is_none(),
            "FIN sent, not acked" => ours.fin.is_some(),
            _ if said.starts_with("closed by") => ours.fin.is_some() && ours.fin_acknowledged,
            _ if said.starts_with("reset by") && said.contains(from.name()) => ours.rst_left,
            _ if said.starts_with("reset by") => theirs.is_some_and(|theirs| theirs.rst_left),
            _ => true,
        };
        if !is_so {
            wrong.push(format!("{from} ->: {said}, but the segments show {ours:?}"));
        }
    }

    /// What *now* says is so.
    fn now(&mut self, session: &Session, now: MonoTime, is_quiet: bool, wrong: &mut Vec<String>) {
        let lines = session.now_lines(now);
        if let Some(what) = &lines.what
            && (what.cuts.is_empty() || session.transcript.entry(what.entry).is_none())
        {
            wrong.push(format!("what happened is in no entry: {what:?}"));
        }
        if lines.so.is_empty() {
            wrong.push("nothing is said of what is so".into());
        }
        let directions = session.directions(now);
        let states = Side::BOTH.map(|side| {
            let tuple = directions.as_ref()?.tuple;
            let tuple = if side == Side::Client { tuple } else { tuple.mirrored() };
            state_in(session, side, tuple)
        });
        for said in &lines.so {
            self.held += 1;
            // What waits, and what is on the wire, is so at any moment.
            if let Some((caller, kind)) = said.split_once("'s ").filter(|(_, rest)| rest.contains(" waits for ")) {
                let side = if caller.ends_with("client") {
                    Side::Client
                } else {
                    Side::Server
                };
                let kind = kind.split(' ').next().unwrap_or_default();
                let waits = session.ends[side]
                    .pending
                    .iter()
                    .any(|pending| pending.order.kind().name() == kind);
                if !waits && !said.contains("kernel waits") {
                    wrong.push(format!("{said} - but what waits is {:?}", session.ends[side].pending));
                }
            }
            let there: Vec<&OnWire> = self.wire.values().filter(|on_wire| on_wire.is_there).collect();
            if said.contains("held on the wire") && !there.iter().any(|on_wire| on_wire.is_held)
                || said.contains("crossing to") && there.is_empty()
            {
                wrong.push(format!("{said} - but on the wire are {there:?}"));
            }
            // What waits to be read is there.
            if let Some((bytes, side)) = said.split_once(" B have come to the ") {
                let side = if side.starts_with("client") {
                    Side::Client
                } else {
                    Side::Server
                };
                let rows = session.ends[side].table.rows().iter();
                let is_there = rows.clone().any(|observed| bytes.parse() == Ok(observed.row.unread()));
                let left = directions.as_ref().and_then(|directions| {
                    let tuple = directions.tuple;
                    self.unread(side, if side == Side::Client { tuple } else { tuple.mirrored() })
                });
                let had_another = self.segments.values().any(|known| known.had_another);
                if !is_there && !had_another && left.map(|left| left.to_string()).as_deref() != Some(bytes) {
                    wrong.push(format!(
                        "{said} - but the table is {:?}",
                        session.ends[side].table.rows()
                    ));
                }
                continue;
            }
            if said.contains("'s window is closed: it reads") {
                let probes = Side::BOTH.into_iter().any(|side| {
                    let mut rows = session.ends[side].table.rows().iter();
                    let is_probe = |timer: &Timer| timer.kind == TimerKind::ZeroWindowProbe;
                    rows.any(|observed| observed.row.timer.as_ref().is_some_and(is_probe))
                });
                if !probes {
                    wrong.push(format!("{said} - but no window is probed"));
                }
                continue;
            }
            // Of the hosts, and not of what is shown.
            let rows = |is_it: fn(&State) -> bool| {
                let mut all = Side::BOTH.into_iter().flat_map(|side| session.ends[side].table.rows());
                all.any(|observed| is_it(&observed.row.state))
            };
            let listens = rows(|state| *state == State::Listen);
            let is_otherwise = (said.contains("others of the hosts have one")
                && !rows(|state| *state != State::Listen))
                || (said.contains("There is no connection") && rows(|state| *state != State::Listen))
                || (said.contains("nobody listens") && listens)
                || (said.contains("listens: when the") && !listens);
            if is_otherwise {
                wrong.push(format!("{said} - but the tables say otherwise"));
            }
            if said.contains("others of the hosts have one") {
                continue;
            }
            if is_quiet && !is_so(said, states) {
                wrong.push(format!("{said} - but the states are {states:?}"));
            }
        }
        for side in Side::BOTH.into_iter().filter(|_| is_quiet) {
            if let Some(why) = session.last_why(side).filter(|why| why.holds) {
                self.why(session, &why.sentence, side, wrong);
            }
        }
    }

    /// The sentence of a call, shown as one that still holds.
    fn why(&mut self, session: &Session, said: &str, side: Side, wrong: &mut Vec<String>) {
        self.held += 1;
        let end = &session.ends[side];
        let socket = end
            .last
            .as_ref()
            .and_then(|last| end.socket(last.call.socket.as_ref()?));
        let row = socket.and_then(|socket| self.row_of(session, side, socket));
        let state = row.map(|row| row.state);
        use State::{Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait};
        let mut known = false;
        let in_any = |states: &[State]| state.is_some_and(|state| states.contains(&state));
        for (words, is_so) in [
            ("still come", in_any(&[Established, FinWait1, FinWait2, SynRecv])),
            ("still reads the peer", in_any(&[FinWait1, FinWait2, SynRecv, SynSent])),
            ("and the peer has not", in_any(&[FinWait1, FinWait2])),
            ("handshake is not done", in_any(&[SynSent, SynRecv])),
            ("handshake is under way", in_any(&[SynSent, SynRecv])),
            ("still under way", in_any(&[SynSent, SynRecv])),
            ("goes on with the handshake", in_any(&[SynSent, SynRecv])),
            ("Clients can connect from now on", in_any(&[Listen])),
            ("TIME_WAIT stays", in_any(&[TimeWait])),
            ("only its last ACK is missing", in_any(&[LastAck])),
            ("waits for the last ACK", in_any(&[LastAck, Closing])),
            ("finishes the connection on its own", in_any(&[FinWait1, FinWait2])),
            ("has not left", in_any(&[FinWait1, LastAck, Closing, SynRecv])),
            (
                "There is no byte, FIN or error",
                row.is_some_and(|row| row.unread() == 0) && in_any(&[Established, FinWait1, FinWait2]),
            ),
            ("the connection lives while", state.is_some()),
            ("more may be waiting", state.is_some()),
            ("the kernel goes on alone", state.is_some()),
            ("the state stays SYN_RECV", in_any(&[SynRecv])),
            ("SIGPIPE is ignored from now on", end.sigpipe == Sigpipe::Ignore),
            ("SIGPIPE is at its default", end.sigpipe == Sigpipe::Default),
            ("in the send buffer now", row.is_some_and(|row| row.tx_queue > 0)),
            (
                "where it stays: this host has no route",
                row.is_some_and(|row| row.tx_queue > 0),
            ),
            ("an ECONNRESET waits", state.is_none()),
            ("the kernel retries", state.is_some()),
            ("the kernel alone waits for the rest", in_any(&[FinWait1, FinWait2])),
            ("can connect again", state.is_none()),
            ("the socket can connect.", state.is_none()),
            (
                "A finished connection waits for accept",
                row.is_some_and(|row| row.rx_queue > 0),
            ),
            ("neither bound nor connected", state.is_none()),
            ("nobody can connect before listen", !in_any(&[Listen])),
            (
                "the bytes stay for the next read",
                row.is_some_and(|row| row.unread() > 0),
            ),
            (
                "No finished connection is in the queue",
                in_any(&[Listen]) && row.is_some_and(|row| row.rx_queue == 0),
            ),
        ] {
            if said.contains(words) && !is_so {
                wrong.push(format!("{side}: {said} - in {state:?}"));
            }
            known |= said.contains(words);
        }
        if !known
            && PRESENT.iter().any(|word| said.contains(word))
            && !REVIEWED.iter().any(|words| said.contains(words))
        {
            wrong.push(format!(
                "{side}: {said} - speaks of the present, and no claim (finwait_explain::still) is known here that it makes"
            ));
        }
    }
}

/// Words by which a sentence speaks of the present.
const PRESENT: &[&str] = &[
    " still",
    " stays",
    "from now on",
    "waits",
    "so far",
    " alone",
    " now",
    "not yet",
    "under way",
    "is gone",
    " may ",
    "can connect",
];

/// Sentences with such words that nothing can make untrue but a call, which has a sentence of its own then.
const REVIEWED: &[&str] = &[
    "What had arrived so far",
    "The options as they stand now",
    "which was still missing",
    "the connection is gone",
    "The connection is gone",
    "An RST ended the connection",
    "were under way already",
    "Another call waits",
    "The signal is sent",
    " is now ",
    "was asked to be",
    "No error waits in the socket",
    "The listener is gone",
    "may still be reached",
    "which SO_ERROR would take",
    "the bytes may be lost",
    "RLIMIT_NOFILE",
    "still holds the socket",
];

/// Does a sentence about a connection fit the states at its ends, the client's first?
fn is_so(said: &str, [client, server]: [Option<State>; 2]) -> bool {
    use State::{CloseWait, Closing, Established, FinWait1, FinWait2, LastAck, SynRecv, SynSent, TimeWait};
    let both = [client, server];
    let each = |states: &[State]| {
        both.iter()
            .all(|state| state.is_some_and(|state| states.contains(&state)))
    };
    let any = |states: &[State]| {
        both.iter()
            .any(|state| state.is_some_and(|state| states.contains(&state)))
    };
    let none = both == [None, None];
    // Each begins like that, or has it.
    for (words, is_so) in [
        ("Both have sent SYN", any(&[SynRecv, SynSent])),
        ("Both directions are open", each(&[Established])),
        ("has sent SYN", any(&[SynSent])),
        ("has closed already", any(&[FinWait1, FinWait2]) && any(&[SynRecv])),
        ("has no such attempt", any(&[SynRecv]) && both.contains(&None)),
        ("answered the", any(&[SynSent]) && any(&[SynRecv])),
        (
            "lacks the last ACK of the handshake",
            any(&[Established]) && any(&[SynRecv]),
        ),
        ("ignores the last ACK", any(&[Established]) && any(&[SynRecv])),
        ("has not accepted it", each(&[Established])),
        ("it is still ESTABLISHED", any(&[FinWait1]) && any(&[Established])),
        (
            "the ACK of it has not come back",
            any(&[FinWait1]) && any(&[CloseWait, LastAck]),
        ),
        ("One direction is closed", any(&[FinWait2]) && any(&[CloseWait])),
        ("reads no more", any(&[FinWait2]) && any(&[CloseWait])),
        ("FIN has not come to", any(&[FinWait2]) && any(&[LastAck, Closing])),
        ("Both closed at once", each(&[FinWait1, Closing])),
        (
            "only the last ACK has not come",
            any(&[TimeWait]) && any(&[LastAck, Closing]),
        ),
        ("Both wait 60 s in TIME_WAIT", each(&[TimeWait])),
        ("The client waits 60 s", client == Some(TimeWait) && server.is_none()),
        ("The server waits 60 s", server == Some(TimeWait) && client.is_none()),
        (
            "waits for the ACK of its FIN, but",
            any(&[FinWait1, Closing, LastAck]) && both.contains(&None),
        ),
        ("does not know: what it sends", both.contains(&None) && !none),
        ("do not agree", !both.contains(&None)),
        ("The connection is over", none),
        ("There is no connection", none),
        ("listens at an address that", none),
        ("listens: when the", none || any(&[TimeWait])),
        ("An RST has ended both", both.contains(&None)),
        ("had closed its direction before", both.contains(&None)),
        ("has given up", both.contains(&None)),
        ("does not know yet: the error waits", both.contains(&None)),
    ] {
        if said.contains(words) {
            return is_so;
        }
    }
    // What waits, or is on the wire, does not speak of states.
    said.contains(" waits for ") || said.contains("crossing to") || said.contains("on the wire")
}

/// The newest lines of the log.
fn newest(session: &Session, count: u64) -> impl Iterator<Item = String> {
    let since = session.transcript.last().saturating_sub(count);
    let lines = |entry: &Entry| format!("    {} {} {}", entry.no, entry.speaker(), entry.lines().join("; "));
    session.transcript.since(since).map(lines)
}

/// The number before a unit.
fn figure(said: &str, unit: &str) -> Option<usize> {
    let before = said.split(unit).next().filter(|before| before.len() < said.len())?;
    before.rsplit(' ').next()?.parse().ok()
}

/// The row of a connection.
fn state_in(session: &Session, side: Side, tuple: Tuple) -> Option<State> {
    let rows = session.ends[side].table.rows().iter();
    let mut rows = rows.filter(|observed| observed.row.tuple == tuple);
    rows.next_back().map(|observed| observed.row.state)
}
