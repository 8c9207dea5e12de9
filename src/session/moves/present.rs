//! The present of one end, as far as moves look at it.

use super::super::Session;
use super::super::view::{HeldBy, SocketView};
use super::{class_of, is_plain, name_of};
use crate::call::CallKind;
use crate::clock::MonoTime;
use crate::explain::meaning::MeaningId;
use crate::explain::moves::{Follows, HeldSegment, Party, Passage, Reply, Target, Waiting, arrives};
use crate::explain::rules::CallClass;
use crate::host::{Setting, SettingValue};
use crate::lab::event::{Disposition, PacketRecord};
use crate::outcome::{Outcome, Value};
use crate::session::transcript::EntryKind;
use crate::session::{PendingCall, Socket};
use crate::side::Side;
use crate::socket_table::{TimerKind, Tuple};
use crate::state::State;
use crate::wire::flow::PacketNo;
use crate::wire::queue::{Mode, Origin};
use crate::wire::segment::{Flags, Packet, Segment};
use std::net::SocketAddr;
use std::time::Duration;

/// A timer that has less left may fire before the user presses, or before what follows has come.
const SOON: Duration = Duration::from_secs(10);

/// A socket that moves are about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    /// The facts that decide.
    pub(super) party: Party<'a>,
    /// The connection.
    pub(super) tuple: Option<Tuple>,
}

/// The present of one end.
#[derive(Debug)]
pub(super) struct KnownEnd<'a> {
    session: &'a Session,
    side: Side,
    /// The current socket, where it is open and no listener.
    pub(super) this: Option<Subject<'a>>,
    /// The other end of its connection.
    peer: Option<Subject<'a>>,
    /// The listener.
    pub(super) listener: Option<Subject<'a>>,
    /// The fate of segments.
    pub(super) wire: Passage,
    /// The end's last call that ended, and what it returned.
    pub(super) last: Option<(CallKind, Reply)>,
}

impl<'a> KnownEnd<'a> {
    pub(super) fn of(session: &'a Session, side: Side, now: MonoTime) -> KnownEnd<'a> {
        let end = &session.ends[side];
        // No call is made on a program's.
        let current = end.current().filter(|socket| socket.open && socket.is_endpoints());
        let is_listener = |socket: &&Socket| end.sock(socket).listening;
        let subject_of = |socket: &Socket| {
            let view = session.view_named(side, &socket.name)?;
            subject(session, side, &view, now)
        };
        let this = current.filter(|socket| !is_listener(socket)).and_then(subject_of);
        let peer = this
            .and_then(|this| this.tuple)
            .filter(|tuple| is_of_the_lab(session, side, tuple))
            .and_then(|tuple| of_tuple(session, side.other(), &tuple.mirrored(), now))
            .filter(|peer| !is_being_accepted(session, side.other(), peer.party.id));
        KnownEnd {
            session,
            side,
            this,
            peer,
            listener: end.listener().and_then(subject_of),
            wire: passage(session),
            last: end
                .last
                .as_ref()
                .and_then(|last| Some((last.call.name, reply(last.call.outcome()?)?))),
        }
    }

    pub(super) fn peer_party(&self) -> Option<&Party<'a>> {
        self.peer.as_ref().map(|peer| &peer.party)
    }

    /// The first `n` bytes that the current socket has to be read, where the segments that brought them are known.
    pub(super) fn unread(&self, n: usize) -> Option<Vec<u8>> {
        let this = self.this?;
        let (tuple, unread) = (this.tuple?, this.party.unread?);
        // From the newest byte back to the first that is not read.
        let mut bytes = Vec::new();
        for (record, segment) in between(self.session, tuple.peer, tuple.local) {
            if bytes.len() >= unread {
                break;
            }
            if record.disposition != Disposition::Delivered || segment.len == 0 {
                continue;
            }
            if segment.payload.0.len() != segment.len || record.seen.again.is_some() || record.origin != Origin::Host {
                return None;
            }
            bytes.splice(0..0, segment.payload.0.iter().copied());
        }
        let first = bytes.len().checked_sub(unread)?;
        Some(bytes[first..].iter().copied().take(n).collect())
    }

    /// The call that waits at this end and would be interrupted, with its connection.
    pub(super) fn blocked(&self) -> Option<(CallClass, Option<Tuple>)> {
        let end = &self.session.ends[self.side];
        let id = self.session.interrupted(self.side, None)?;
        let pending = end.pending.iter().find(|pending| pending.id == id)?;
        let class = class_of(&pending.order)?;
        // What it waits for may be on its way: a segment that is sent again.
        let may_come = self.wire != Passage::Stops
            && match class {
                CallClass::Connect => {
                    self.target_of(self.session.ends[self.side.other()].listener()?) != Some(Target::Full)
                }
                CallClass::Accept => self.shakes_hands(),
                _ => self.peer_party().is_some_and(|peer| peer.unacknowledged),
            };
        let is_sure = end.process.makes_raw_calls() && pending.text.is_some() && is_plain(&pending.order) && !may_come;
        let socket = end.socket(name_of(&pending.order)?)?;
        is_sure.then_some((class, socket.tuple))
    }

    /// Do calls that make a descriptor, or a connection, find what they need?
    fn has_room(&self) -> bool {
        let set = &self.session.ends[self.side].set_at;
        !set.contains_key(&Setting::Nofile) && !set.contains_key(&Setting::IpLocalPortRange)
    }

    /// Would connect and listen take a socket that is as good as new?
    fn begins_afresh(&self) -> bool {
        let end = &self.session.ends[self.side];
        let is_idle = end.pending.iter().all(|pending| {
            pending.looking
                || class_of(&pending.order).is_some_and(|class| {
                    matches!(
                        class,
                        CallClass::Read | CallClass::Write | CallClass::Accept | CallClass::Poll
                    )
                })
        });
        let used = end
            .current()
            .filter(|socket| socket.open || socket.fd.is_none())
            .is_none_or(|socket| {
                let sock = end.sock(socket);
                let is_new = sock.named.is_none()
                    && !sock.options.nonblock
                    && sock.receiving_shut.is_none()
                    && sock.sending_shut.is_none();
                // Else a new one is made.
                sock.connected || sock.listening || (is_new && sock.options.syncnt.is_none())
            });
        is_idle && used && self.has_room()
    }

    /// The answer that a connect by default would meet.
    pub(super) fn target(&self) -> Option<Target> {
        let other = &self.session.ends[self.side.other()];
        if !self.begins_afresh() || self.is_taken_unasked() {
            return None;
        }
        let states = || other.table.rows().iter().map(|observed| observed.row.state);
        // Requests take room, too.
        if states().any(|state| state == State::SynRecv) {
            return None;
        }
        let Some(listener) = other.listener() else {
            let is_nobody = self.side == Side::Client && states().all(|state| state != State::Listen);
            let is_starting = other.pending.iter().any(|pending| {
                matches!(
                    class_of(&pending.order),
                    Some(CallClass::Listen | CallClass::Bind | CallClass::Connect)
                )
            });
            return (is_nobody && !is_starting).then_some(Target::Nobody);
        };
        self.target_of(listener)
    }

    /// Does connect by default go to a program that listens on the other host?
    pub(super) fn meets_a_program(&self) -> bool {
        let (session, side) = (self.session, self.side.other());
        let other = &session.ends[side];
        let listener = other.reachable_listener().filter(|socket| socket.owner().is_some());
        let row = listener
            .and_then(|socket| other.row(socket))
            .map(|observed| &observed.row);
        let listens = row.is_some_and(|row| row.state == State::Listen && session.is_reached(side, &row.tuple));
        listens && self.may_connect() && self.begins_afresh()
    }

    /// Is a handshake under way, whose segments are not held?
    pub(super) fn shakes_hands(&self) -> bool {
        let ends = &self.session.ends;
        let mut rows = ends.iter().flat_map(|(_, end)| end.table.rows());
        self.wire != Passage::Stops
            && rows.any(|observed| matches!(observed.row.state, State::SynSent | State::SynRecv))
    }

    /// The answer that a connect to that listener of the other end would meet.
    fn target_of(&self, listener: &Socket) -> Option<Target> {
        let other = &self.session.ends[self.side.other()];
        let row = &other
            .row(listener)
            .filter(|observed| observed.row.state == State::Listen)?
            .row;
        let backlog = Some(row.tx_queue).filter(|_| self.session.lab.no_sock_diag.is_none());
        let waits = waiting(self.session, self.side.other(), listener);
        match (row.rx_queue, backlog) {
            (0, _) => match waits {
                None => Some(Target::Listener { accepts: false }),
                Some(Waiting::For(CallClass::Accept)) => Some(Target::Listener { accepts: true }),
                Some(_) => None,
            },
            (queued, Some(backlog)) if queued > backlog => Some(Target::Full),
            (_, Some(_)) => Some(Target::Listener { accepts: false }),
            (_, None) => None,
        }
    }

    /// The connection that accept would take out of the queue, and its situation.
    pub(super) fn oldest(&self) -> Option<(MeaningId, Tuple)> {
        let end = &self.session.ends[self.side];
        let listener = end.listener()?;
        let row = &end.row(listener)?.row;
        let views = self.session.sockets(self.side);
        let mut queued = views.iter().filter(|view| {
            view.held == HeldBy::Queued
                && view.row.is_some_and(|observed| {
                    observed.row.state != State::SynRecv && observed.row.tuple.came_through(row.tuple.local)
                })
        });
        let (Some(only), None, 1) = (queued.next(), queued.next(), row.rx_queue) else {
            return None;
        };
        Some((self.session.meaning(self.side, only)?.id, only.row?.row.tuple))
    }

    /// Has the listener something to hand out, or is there no connection yet?
    pub(super) fn expects_a_connection(&self) -> bool {
        let waits = |listener: &Subject| listener.party.waits.is_some();
        let queued = |listener: &Subject| listener.party.unread.is_some_and(|queued| queued > 0);
        self.listener
            .as_ref()
            .is_some_and(|listener| queued(listener) || (self.this.is_none() && !waits(listener)))
    }

    /// Returns whether there is no connection here, and somebody to connect to, or nobody at all.
    pub(super) fn may_connect(&self) -> bool {
        use MeaningId::{CloseEnded, CloseError, CloseNew, TimeWaitHeld};
        let end = &self.session.ends[self.side];
        let is_free = match &self.this {
            Some(this) => matches!(this.party.id, CloseNew | CloseEnded | CloseError | TimeWaitHeld),
            None => end.current().is_none_or(|socket| !socket.open),
        };
        let is_answered = self.session.ends[self.side.other()].reachable_listener().is_some();
        is_free && end.pending.is_empty() && self.listener.is_none() && (self.side == Side::Client || is_answered)
    }

    /// Would a listen by default make a listener?
    pub(super) fn can_listen(&self) -> bool {
        let end = &self.session.ends[self.side];
        let port = self.session.lab.port.0;
        let is_free = end
            .table
            .rows()
            .iter()
            .all(|observed| observed.row.tuple.local.port() != port);
        let is_connected = end
            .current()
            .and_then(|socket| end.row(socket))
            .is_some_and(|observed| observed.row.state != State::TimeWait);
        self.side == Side::Server && end.listener().is_none() && is_free && !is_connected && self.begins_afresh()
    }

    /// Does the library of an end, or a program on its host, take what comes by itself?
    pub(super) fn is_taken_unasked(&self) -> bool {
        let session = self.session;
        session.programs.run() || session.ends.iter().any(|(_, end)| end.takes_unasked)
    }
}

/// Does the connection go between the lab's hosts, from one to the other?
fn is_of_the_lab(session: &Session, side: Side, tuple: &Tuple) -> bool {
    let addresses = &session.lab.addresses;
    tuple.local.ip() == addresses[side] && tuple.peer.ip() == addresses[side.other()] && tuple.local != tuple.peer
}

/// Does an accept wait at that end while a connection in such a situation stands in the queue: is it about to take it?
fn is_being_accepted(session: &Session, side: Side, id: MeaningId) -> bool {
    let is_queued = matches!(id, MeaningId::EstablishedNotAccepted | MeaningId::CloseWaitNotAccepted);
    let mut pending = session.ends[side].pending.iter();
    is_queued && pending.any(|pending| class_of(&pending.order) == Some(CallClass::Accept))
}

/// The fate of segments that are sent now.
fn passage(session: &Session) -> Passage {
    let is_off = |value: &SettingValue| *value == SettingValue::Switch(false);
    let cut = session.ends.iter().any(|(_, end)| {
        let mut settings = end.settings.iter();
        settings.any(|(setting, value)| matches!(setting, Setting::DefaultRoute | Setting::Device) && is_off(value))
    });
    let wire = &session.wire;
    let ruled = wire.rules.iter().any(|rule| rule.on);
    let under_way = wire.held.values().any(|held| held.due.is_some());
    match wire.mode {
        _ if cut || ruled || under_way || wire.has_link() => Passage::Unsure,
        Mode::Step | Mode::StepAll => Passage::Stops,
        _ if wire.held.is_empty() => Passage::Passes,
        _ => Passage::Unsure,
    }
}

/// The call that waits on a socket, whichever descriptor it was made on.
fn waiting(session: &Session, side: Side, socket: &Socket) -> Option<Waiting> {
    let end = &session.ends[side];
    let is_on_it = |pending: &&PendingCall| {
        let on = name_of(&pending.order).and_then(|name| end.socket(name));
        !pending.looking && on.is_some_and(|on| on.sock == socket.sock)
    };
    let mut on_it = end.pending.iter().filter(is_on_it);
    let first = on_it.next()?;
    Some(match (class_of(&first.order), on_it.next()) {
        (Some(class), None) if is_plain(&first.order) => Waiting::For(class),
        _ => Waiting::Other,
    })
}

/// Returns the facts about a socket; none where its situation has no entry, or a timer is about to change it.
fn subject<'a>(session: &'a Session, side: Side, view: &SocketView<'a>, now: MonoTime) -> Option<Subject<'a>> {
    let end = &session.ends[side];
    let meaning = session.meaning(side, view)?;
    let socket = view.name.and_then(|name| end.socket(name));
    let row = view.row.map(|observed| &observed.row);
    if let Some(row) = row {
        let left = view.timer(end.table.read_at(), now);
        let is_about_to = left.is_some_and(|(kind, left)| kind != TimerKind::Retransmit && left < SOON);
        // What is sent again is held then.
        if (row.retransmits > 0 && passage(session) != Passage::Stops)
            || (is_about_to && row.state != State::TimeWait && row.state != State::SynRecv)
        {
            return None;
        }
    }
    let tuple = row.map(|row| row.tuple).or(socket.and_then(|socket| socket.tuple));
    // Connected to itself, it is both ends.
    if tuple.is_some_and(|tuple| tuple.local == tuple.peer) {
        return None;
    }
    let shares = |socket: &Socket| {
        let mut others = end
            .sockets
            .iter()
            .filter(|other| other.open && other.sock == socket.sock);
        others.any(|other| other.name != socket.name)
    };
    let party = Party {
        id: meaning.id,
        read: meaning.read,
        write: meaning.write,
        sock: view.sock,
        unread: view.unread.map(|unread| unread as usize),
        unacknowledged: row.is_some_and(|row| row.state != State::Listen && row.tx_queue > 0),
        // When it returns, nobody holds the socket, and it is closed.
        waits: socket
            .and_then(|socket| waiting(session, side, socket))
            .map(|waits| if view.open { waits } else { Waiting::Other }),
        shared: socket.is_some_and(shares),
    };
    Some(Subject { party, tuple })
}

/// The socket of the end `side` of a connection: by its row, else the newest that had these addresses.
fn view_of<'a>(session: &'a Session, side: Side, tuple: &Tuple) -> Option<SocketView<'a>> {
    let known = || {
        let end = &session.ends[side];
        let socket = end.sockets.iter().rfind(|socket| socket.tuple == Some(*tuple))?;
        session.view_named(side, &socket.name)
    };
    session.view_in_table(side, tuple).or_else(known)
}

/// The end `side` of a connection, as moves speak of it.
fn of_tuple<'a>(session: &'a Session, side: Side, tuple: &Tuple, now: MonoTime) -> Option<Subject<'a>> {
    // What its library does with one that it has not told of, nothing says.
    let view = view_of(session, side, tuple).filter(|view| view.held != HeldBy::Untold)?;
    subject(session, side, &view, now)
}

/// The situation of the end `side` of a connection; that of one of which nothing is left is [`MeaningId::Gone`].
pub(super) fn situation(session: &Session, side: Side, tuple: &Tuple) -> Option<MeaningId> {
    match view_of(session, side, tuple) {
        Some(view) => session.meaning(side, &view).map(|meaning| meaning.id),
        None => Some(MeaningId::Gone),
    }
}

/// The outcome of a call, as far as moves speak of it.
pub(super) fn reply(outcome: &Outcome) -> Option<Reply> {
    Some(match outcome {
        Outcome::Ok(Value::Done) => Reply::Done,
        Outcome::Ok(Value::Descriptor { .. }) => Reply::Descriptor,
        Outcome::Ok(Value::Read { n: 0, .. }) => Reply::Eof,
        Outcome::Ok(Value::Read { n, .. }) => Reply::Bytes(*n),
        Outcome::Ok(Value::Written { n }) => Reply::Taken(*n),
        Outcome::Err(errno) => Reply::Errno(*errno),
        _ => return None,
    })
}

/// The delivery of the oldest held segment: the end that it reaches, the segment, what follows, its connection as that end names it.
pub(super) fn delivery(session: &Session, now: MonoTime) -> Option<(Side, HeldSegment, Follows, Tuple)> {
    let no = session.next_held()?;
    let held = session.wire.held.get(&no)?;
    let record = &held.record;
    let Packet::Tcp(segment) = &record.packet else {
        return None;
    };
    let is_usual = record.origin == Origin::Host && record.seen.again.is_none() && record.seen.elsewhere.is_nowhere();
    let wire = passage(session);
    let side = record.from.other();
    let tuple = Tuple {
        local: segment.destination,
        peer: segment.source,
    };
    // What a program does with it, nothing says.
    let is_usual = is_usual && !session.programs.run();
    if !is_usual || !is_of_the_lab(session, side, &tuple) || !is_in_order(session, no, segment) {
        return None;
    }
    let listener = || {
        let end = &session.ends[side];
        let socket = end.listener()?;
        let view = session.view_named(side, &socket.name)?;
        subject(session, side, &view, now).filter(|subject| subject.party.id == MeaningId::Listen)
    };
    let opens = segment.flags.has(Flags::SYN) && !segment.flags.has(Flags::ACK);
    let mut this = if opens {
        listener()?
    } else {
        of_tuple(session, side, &tuple, now)?
    };
    if this.party.id == MeaningId::SynRecvRequest {
        // An accept that waits takes it at once.
        this.party.waits = listener()?.party.waits;
    } else if opens && of_tuple(session, side, &tuple, now).is_some() {
        return None;
    } else if opens {
        this.party.waits = None;
    }
    let held = HeldSegment {
        flags: segment.flags,
        bytes: segment.len,
        acknowledges_fin: acknowledges_fin(session, record.seen.ack, segment),
    };
    let follows = arrives(&held, side, &this.party, wire)?;
    Some((side, held, follows, tuple))
}

/// As far back as the transcript is searched for the segments of a connection.
const FAR: usize = 5_000;

/// The segments that went from one address to the other, the newest first, as far back as [`FAR`].
fn between(
    session: &Session,
    source: SocketAddr,
    destination: SocketAddr,
) -> impl Iterator<Item = (&PacketRecord, &Segment)> {
    let newest = session.transcript.entries().iter().rev().take(FAR);
    newest.filter_map(move |entry| match &entry.what {
        EntryKind::Packet(record) => match &record.packet {
            Packet::Tcp(segment) if segment.source == source && segment.destination == destination => {
                Some((record, segment))
            }
            _ => None,
        },
        _ => None,
    })
}

/// Did all that its host sent before it arrive, and nothing that it sent after it?
fn is_in_order(session: &Session, no: PacketNo, segment: &Segment) -> bool {
    for (record, earlier) in between(session, segment.source, segment.destination) {
        let is_odd = match record.disposition {
            Disposition::Dropped | Disposition::Refused(_) | Disposition::Corrupted => true,
            Disposition::Delivered => record.no > no || record.origin != Origin::Host,
            // It is on the wire, or a copy of what has arrived was taken off it.
            _ => false,
        };
        if is_odd {
            return false;
        }
        // The connection began here.
        if earlier.flags.has(Flags::SYN) && record.seen.again.is_none() {
            return true;
        }
    }
    false
}

/// Does its acknowledgement, counted from the first number, cover a FIN of the end that it goes to?
fn acknowledges_fin(session: &Session, ack: Option<u32>, segment: &Segment) -> bool {
    let mut sent = between(session, segment.destination, segment.source);
    let end = sent
        .find(|(_, sent)| sent.flags.has(Flags::FIN))
        .and_then(|(record, fin)| Some(record.seen.seq? + fin.len as u32 + 1));
    end.is_some_and(|end| ack == Some(end))
}
