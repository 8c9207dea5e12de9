//! The contents of the state pane: each socket of an end with what the kernel says of it now.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

use super::end::Changed;
use super::{LabFacts, LabKind, Session, Socket, SocketNo};
use crate::call::SocketName;
use crate::clock::MonoTime;
use crate::explain::meaning::{self, Holder, Meaning, MeaningId, Present};
use crate::explain::sock::ConnectionEnd;
use crate::explain::{Sock, states};
use crate::host::{Setting, SettingValue};
use crate::lab::event::ObservedSocket;
use crate::program::SocketOwner;
use crate::side::{Ends, Side};
use crate::socket_table::{SocketRow, TimerKind, Tuple};
use crate::state::State;

/// A socket as the state pane shows it.
#[derive(Clone, Copy, Debug)]
pub struct SocketView<'a> {
    /// The name; none for a connection that was not accepted, or that no descriptor of ours ever held.
    pub name: Option<&'a SocketName>,
    /// The descriptor's number, open or not; none when the endpoint holds no descriptor by that name now.
    pub fd: Option<i32>,
    /// Is the descriptor open?
    pub open: bool,
    /// Do calls go to it?
    pub current: bool,
    /// The holder of the socket.
    pub held: HeldBy,
    /// The process of a program that holds it, or held it last; none of the endpoint's own, and of one that nobody has accepted.
    pub owner: Option<&'a SocketOwner>,
    /// The socket's row in the host's table.
    pub row: Option<&'a ObservedSocket>,
    /// The state in the TCP_INFO of its open descriptor, where its socket is in no table.
    pub info: Option<State>,
    /// The state as its segments alone would have it; none where they are not seen.
    pub segments: Option<State>,
    /// The end of its connection, where it has ended.
    pub end: Option<ConnectionEnd>,
    /// The record of the kernel's socket; none of one that was never seen to begin.
    pub sock: Option<&'a Sock>,
    /// The bytes that it has to be read; for a listener, the connections not accepted; none where nothing tells.
    pub unread: Option<u32>,
    /// Has a listener answered a SYN, and not had the last ACK?
    pub answered: bool,
}

/// The sockets of an end, those that are over apart.
#[derive(Clone, Debug, Default)]
pub struct Folded<'a> {
    /// The sockets of which there still is something: a descriptor, or a row in the kernel's table; and the current one, to which calls go.
    pub live: Vec<SocketView<'a>>,
    /// The sockets that the program has closed and the kernel has forgotten.
    pub ended: Vec<SocketView<'a>>,
    /// The number of such that finwait has forgotten, too: the transcript has no entry about them any more.
    pub forgotten: usize,
}

/// Some of an end's sockets.
#[derive(Clone, Debug, Default)]
pub(crate) struct FewSockets<'a> {
    /// Those.
    pub(crate) views: Vec<SocketView<'a>>,
    /// How many there are, with those that are forgotten.
    pub(crate) count: usize,
    /// The number of them that are over.
    pub(crate) over: usize,
}

/// The holder of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldBy {
    /// The endpoint, by an open descriptor.
    Open,
    /// Nobody: the program closed it, and the kernel has forgotten it.
    Closed,
    /// Another descriptor of the same socket, or a call that still waits: this name's is closed, the connection stands.
    Shared,
    /// The kernel alone: the program has closed it, the connection goes on to its end.
    Orphan,
    /// The kernel, to keep the pair of addresses from being used again: the row is a time-wait socket of its own, also while a
    /// descriptor of the old one, which is CLOSE by now, is open (`tcp_time_wait`).
    TimeWait,
    /// The endpoint, by a descriptor that it has not reported: some libraries accept by themselves.
    Untold,
    /// The listener's queue: the handshake is done or under way, nobody has accepted it.
    Queued,
}

impl HeldBy {
    /// Returns it in a word or two, for the screen.
    pub const fn words(self) -> &'static str {
        match self {
            HeldBy::Open => "open",
            HeldBy::Closed => "closed",
            HeldBy::Shared => "held elsewhere",
            HeldBy::Orphan => "orphan",
            HeldBy::TimeWait => "kept by the kernel",
            HeldBy::Untold => "accepted by the library",
            HeldBy::Queued => "not accepted yet",
        }
    }
}

impl SocketView<'_> {
    /// The state; `CLOSE` when it is not in the table.
    pub fn state(&self) -> State {
        self.row.map_or(State::Close, |observed| observed.row.state)
    }

    /// Returns why the sources of its state differ, in one sentence; none when they agree.
    pub fn disagreement(&self) -> Option<String> {
        self.difference().map(|difference| difference.why)
    }

    /// Returns the same where they differ as they always do then: of a time-wait socket, say.
    pub fn note(&self) -> Option<String> {
        self.difference()
            .filter(|difference| difference.is_usual)
            .map(|difference| difference.why)
    }

    /// Returns the same where that is out of the ordinary.
    pub fn alarm(&self) -> Option<String> {
        self.difference()
            .filter(|difference| !difference.is_usual)
            .map(|difference| difference.why)
    }

    fn difference(&self) -> Option<states::Difference> {
        let row = self.row.map(|observed| observed.row.state);
        states::difference(row, self.info, self.segments, self.end)
    }

    /// Is it a program's, and has it not come into a table yet?
    const fn is_new(&self) -> bool {
        self.owner.is_some() && self.open && self.row.is_none()
    }

    /// The holder, for the table of meanings.
    fn holder(&self) -> Holder {
        match self.held {
            // Its close has taken effect, and has not returned.
            HeldBy::Open if self.row.is_some_and(|observed| observed.row.inode == 0) => Holder::Kernel,
            HeldBy::Open => Holder::Descriptor,
            HeldBy::Closed => Holder::Nobody,
            HeldBy::Shared => Holder::Other,
            HeldBy::TimeWait if self.open => Holder::KernelBesideDescriptor,
            // A library connects before it tells of the descriptor: an orphan has no inode.
            HeldBy::Orphan if self.row.is_some_and(|observed| observed.row.inode != 0) => Holder::Library,
            HeldBy::TimeWait | HeldBy::Orphan => Holder::Kernel,
            HeldBy::Untold => Holder::Library,
            HeldBy::Queued => Holder::Listener,
        }
    }

    /// Returns the facts about it that the table of meanings asks for.
    fn present(&self, lab: &LabFacts) -> Present<'_> {
        let row = self.row.map(|observed| &observed.row);
        Present {
            state: self.state(),
            holder: self.holder(),
            sock: self.sock,
            unread: self.unread,
            answered: self.answered,
            unacknowledged: row.map_or(0, |row| row.tx_queue),
            backlog: row.map(|row| row.tx_queue).filter(|_| lab.no_sock_diag.is_none()),
        }
    }

    /// The timer that runs, with what is left of it at `now` when the table was read at `read`.
    pub fn timer(&self, read: MonoTime, now: MonoTime) -> Option<(TimerKind, Duration)> {
        let timer = self.row?.row.timer?;
        Some((timer.kind, timer.left.saturating_sub(now.since(read))))
    }
}

impl Session {
    /// The sockets of an end: first those that the endpoint and programs made, then those that only the kernel holds. Connections of a host
    /// with itself that programs have are not among them ([`Session::inside`]).
    pub fn sockets(&self, side: Side) -> Vec<SocketView<'_>> {
        let end = &self.ends[side];
        let rows = end.table.rows();
        let mut shown = vec![false; rows.len()];
        let mut views: Vec<SocketView> = end
            .sockets
            .iter()
            .map(|socket| {
                let place = end.place(socket);
                if let Some(place) = place {
                    shown[place] = true;
                }
                self.view(side, socket, place)
            })
            .collect();
        let folds = self.programs.ran_on(side);
        let nobodys = rows
            .iter()
            .zip(shown)
            .filter(|(observed, shown)| !(*shown || folds && self.is_inside(side, &observed.row.tuple)))
            .map(|(observed, _)| observed);
        views.extend(nobodys.map(|observed| self.nobodys_view(side, observed)));
        views
    }

    /// The sockets of an end that its endpoint made, as [`Session::sockets`] has them, without a look at the others.
    pub fn endpoint_sockets(&self, side: Side) -> Vec<SocketView<'_>> {
        let end = &self.ends[side];
        let own = end.sockets.own().iter().map(|at| &end.sockets[*at]);
        own.map(|socket| self.view(side, socket, end.place(socket))).collect()
    }

    /// Returns how many sockets of programs an end has had.
    pub fn program_socket_count(&self, side: Side) -> usize {
        let sockets = &self.ends[side].sockets;
        sockets.len() - sockets.own().len()
    }

    /// The socket of an end that calls go to, as [`Session::sockets`] has it, without a look at the others.
    pub fn current_view(&self, side: Side) -> Option<SocketView<'_>> {
        let end = &self.ends[side];
        let socket = end.current()?;
        Some(self.view(side, socket, end.place(socket)))
    }

    /// The socket of that name, without a look at the others; none where the end has had none of that name.
    pub fn view_named(&self, side: Side, name: &SocketName) -> Option<SocketView<'_>> {
        let end = &self.ends[side];
        let socket = end.socket(name)?;
        Some(self.view(side, socket, end.place(socket)))
    }

    /// The first of an end's sockets whose row has these addresses, as that end has them, without a look at the others.
    pub(super) fn view_in_table(&self, side: Side, tuple: &Tuple) -> Option<SocketView<'_>> {
        let end = &self.ends[side];
        let rows = end.table.rows();
        let of_row = |place: usize| end.sockets_of_row(place).into_iter().map(move |socket| (socket, place));
        let named = end.table.places(tuple).into_iter().flat_map(of_row).min();
        if let Some((socket, place)) = named {
            return Some(self.view(side, &end.sockets[socket], Some(place)));
        }
        let place = end.table.places(tuple).into_iter().min()?;
        let folds = self.programs.ran_on(side) && self.is_inside(side, tuple);
        (!folds).then(|| self.nobodys_view(side, &rows[place]))
    }

    /// The sockets of an end in a few tabs: the first `most` of those that are over and of the others, and the current one; and how many there
    /// are of both.
    pub(crate) fn few_sockets(&self, side: Side, most: usize) -> FewSockets<'_> {
        let end = &self.ends[side];
        let rows = end.table.rows();
        let mut few = FewSockets::default();
        // By the rows, and not by all sockets that ever were: a load generator leaves many behind.
        let own = end.sockets.own().iter().map(|at| (*at, end.place(&end.sockets[*at])));
        let of_row = |row: usize| end.sockets_of_row(row).into_iter().map(move |at| (at, Some(row)));
        let new = end.sockets.open().filter(|at| end.place(&end.sockets[*at]).is_none());
        let with_row = (0..rows.len()).flat_map(of_row);
        let mut there: Vec<(SocketNo, Option<usize>)> = own.chain(with_row).chain(new.map(|at| (at, None))).collect();
        there.sort_unstable();
        there.dedup_by_key(|(at, _)| *at);
        let mut shown = vec![false; rows.len()];
        for row in there.iter().filter_map(|(_, row)| *row) {
            shown[row] = true;
        }
        // A program's socket that is in the table no longer is over; a new one has not come there yet.
        let ended = end.sockets.len() - there.len();
        let is_ended = |at: &SocketNo| there.binary_search_by_key(at, |(at, _)| *at).is_err();
        let mut first: Vec<SocketNo> = end.sockets.numbers().filter(is_ended).take(most).collect();
        let current = end.current.as_ref().and_then(|name| end.sockets.number(name));
        first.extend(current.filter(|at| is_ended(at) && !first.contains(at)));
        few.over = ended - first.len() + end.sockets.forgotten();
        few.count = few.over;
        there.extend(first.into_iter().map(|at| (at, None)));
        there.sort_unstable();
        let mut taken = [0, 0];
        for (at, place) in there {
            let socket = &end.sockets[at];
            let is_over = held(socket, place.map(|place| &rows[place])) == HeldBy::Closed;
            few.count += 1;
            few.over += usize::from(is_over);
            let taken = &mut taken[usize::from(is_over)];
            *taken += 1;
            if *taken <= most || current == Some(at) {
                few.views.push(self.view(side, socket, place));
            }
        }
        let folds = self.programs.ran_on(side);
        for (observed, _) in rows.iter().zip(shown).filter(|(_, shown)| !shown) {
            if folds && self.is_inside(side, &observed.row.tuple) {
                continue;
            }
            few.count += 1;
            taken[0] += 1;
            if taken[0] <= most {
                few.views.push(self.nobodys_view(side, observed));
            }
        }
        few
    }

    /// The mark of the present at both ends, for [`Session::changed_sockets`].
    pub fn sockets_mark(&self) -> Ends<u64> {
        Ends::from_fn(|side| self.ends[side].changed.mark())
    }

    /// The sockets of an end that have changed since that mark, in the order of [`Session::sockets`], and how many others its host's
    /// table has.
    pub fn changed_sockets(&self, side: Side, mark: u64) -> (Vec<SocketView<'_>>, usize) {
        let end = &self.ends[side];
        let rows = end.table.rows();
        let (mut sockets, mut nobodys) = (BTreeSet::new(), BTreeSet::new());
        for changed in end.changed.since(mark) {
            match changed {
                Changed::Socket(no) => drop(sockets.insert(no)),
                Changed::Row(tuple) => {
                    for place in end.table.places(&tuple) {
                        let its = end.sockets_of_row(place);
                        if its.is_empty() {
                            nobodys.insert(place);
                        }
                        sockets.extend(its);
                    }
                }
            }
        }
        let named = sockets.iter().filter_map(|no| end.sockets.get(*no));
        let named: Vec<(&Socket, Option<usize>)> = named.map(|socket| (socket, end.place(socket))).collect();
        let shown: BTreeSet<usize> = named.iter().filter_map(|(_, place)| *place).collect();
        let others = rows.len() - shown.union(&nobodys).count();
        let named = named.into_iter().map(|(socket, place)| self.view(side, socket, place));
        let folds = self.programs.ran_on(side);
        let nobodys = nobodys.iter().map(|place| &rows[*place]);
        let nobodys = nobodys.filter(|observed| !(folds && self.is_inside(side, &observed.row.tuple)));
        let nobodys = nobodys.map(|observed| self.nobodys_view(side, observed));
        (named.chain(nobodys).collect(), others)
    }

    /// A socket that the endpoint made, its row being at that place.
    fn view<'a>(&'a self, side: Side, socket: &'a Socket, place: Option<usize>) -> SocketView<'a> {
        let end = &self.ends[side];
        let row = place.map(|place| &end.table.rows()[place]);
        let listens = row.filter(|observed| observed.row.state == State::Listen);
        SocketView {
            name: Some(socket.shown()),
            fd: socket.fd,
            open: socket.open,
            current: end.current.as_ref() == Some(&socket.name),
            held: held(socket, row),
            owner: socket.owner(),
            row,
            info: socket.info.filter(|_| socket.open),
            segments: row
                .map(|observed| observed.row.tuple)
                .or(socket.tuple.filter(|_| socket.open))
                .and_then(|tuple| self.inferred.state(side, &tuple, self.quiet_at)),
            end: end.sock(socket).end,
            sock: Some(end.sock(socket)),
            answered: listens.is_some_and(|observed| end.table.has_request(observed.row.tuple.local)),
            unread: self.unread(side, socket, row.map(|observed| &observed.row)),
        }
    }

    /// A socket that no descriptor of ours holds.
    fn nobodys_view<'a>(&'a self, side: Side, observed: &'a ObservedSocket) -> SocketView<'a> {
        let end = &self.ends[side];
        let tuple = &observed.row.tuple;
        let name = end.named.get(tuple).map(|name| end.shown(name));
        SocketView {
            name,
            fd: None,
            open: false,
            current: false,
            held: if observed.row.state == State::TimeWait {
                HeldBy::TimeWait
            } else if observed.row.inode != 0 && name.is_none() {
                HeldBy::Untold
            } else if name.is_none() && end.table.in_a_queue(tuple) {
                HeldBy::Queued
            } else {
                HeldBy::Orphan
            },
            owner: None,
            row: Some(observed),
            info: None,
            segments: self.inferred.state(side, tuple, self.quiet_at),
            end: None,
            sock: end.socks.of_tuple(tuple).map(|id| end.socks.get(id)),
            unread: Some(observed.row.unread()),
            answered: false,
        }
    }

    /// The bytes that a socket has to be read. The row tells, but for that of TIME_WAIT, which has no queue: the old socket keeps its own,
    /// as it does in CLOSE, where no row is, while a descriptor is open (`tcp_time_wait`, `tcp_reset`).
    fn unread(&self, side: Side, socket: &Socket, row: Option<&SocketRow>) -> Option<u32> {
        match row {
            Some(row) if row.state != State::TimeWait => Some(row.unread()),
            _ if !socket.open => Some(0),
            _ => {
                let end = &self.ends[side];
                let addresses = &self.lab.addresses;
                let crosses_the_wire = socket.tuple.is_some_and(|tuple| {
                    tuple.local.ip() == addresses[side] && tuple.peer.ip() == addresses[side.other()]
                });
                // A library and a program read when they like.
                let reads_are_seen = socket.is_endpoints() && end.process.makes_raw_calls();
                let seen = self.lab.kind == LabKind::Isolated && crosses_the_wire && reads_are_seen;
                end.sock(socket).left_unread(seen)
            }
        }
    }

    /// The sockets of an end, those that are over apart.
    pub fn folded(&self, side: Side) -> Folded<'_> {
        let is_over = |view: &SocketView| view.held == HeldBy::Closed && !view.current;
        let (ended, live) = self.sockets(side).into_iter().partition(is_over);
        let forgotten = self.ends[side].sockets.forgotten();
        Folded { live, ended, forgotten }
    }

    /// The situation of one of the sockets now, without its words; none in the moment between a call and the reading of the table.
    pub fn meaning_id(&self, view: &SocketView) -> Option<MeaningId> {
        if view.is_new() {
            return None;
        }
        meaning::situation(&view.present(&self.lab))
    }

    /// Returns the meaning of the state of one of that end's sockets now; none in the moment between a call and the reading of the table.
    pub fn meaning(&self, side: Side, view: &SocketView) -> Option<Meaning> {
        let number = |setting: Setting| {
            let mut settings = self.ends[side].settings.iter();
            match settings.find(|(known, _)| *known == setting) {
                Some((_, SettingValue::Number(number))) => Some(*number),
                _ => None,
            }
        };
        let set = |option: Option<i64>| option.and_then(|value| u32::try_from(value).ok());
        let options = view.sock.map(|sock| sock.options).unwrap_or_default();
        let settings = meaning::Settings {
            // TCP_LINGER2 and TCP_SYNCNT go before the host's.
            fin_timeout: set(options.linger2).or_else(|| number(Setting::TcpFinTimeout)),
            syn_retries: set(options.syncnt).or_else(|| number(Setting::TcpSynRetries)),
            retries2: number(Setting::TcpRetries2),
        };
        if view.is_new() {
            return None;
        }
        meaning::of(&view.present(&self.lab), &settings)
    }

    /// Is there something to compare that was not there when all was quiet last?
    pub fn compares_when_quiet(&self) -> bool {
        self.inferred.newest() > self.quiet_at
    }

    /// Does anything on the screen count at `now`, so that it must be drawn again without an event?
    pub fn counts_down(&self, now: MonoTime) -> bool {
        self.wire.counts_down()
            || self
                .ends
                .iter()
                .any(|(_, end)| !end.pending.is_empty() || end.table.counts_down(now))
    }
}

fn held(socket: &Socket, row: Option<&ObservedSocket>) -> HeldBy {
    match row.map(|observed| observed.row.state) {
        Some(State::TimeWait) => HeldBy::TimeWait,
        // A descriptor of a program is known by the row alone, and by the change of state that comes before it.
        None if !socket.is_endpoints() && !socket.open => HeldBy::Closed,
        // Only what was accepted is closed: it was so before anyone saw who held it.
        Some(State::SynRecv | State::Established | State::CloseWait)
            if !socket.is_endpoints() && socket.inode.is_none() =>
        {
            HeldBy::Queued
        }
        Some(_) if !socket.is_endpoints() && !socket.open => HeldBy::Orphan,
        _ if socket.open || socket.fd.is_none() => HeldBy::Open,
        Some(_) if row.is_some_and(|observed| observed.row.inode != 0) => HeldBy::Shared,
        Some(_) => HeldBy::Orphan,
        None => HeldBy::Closed,
    }
}
