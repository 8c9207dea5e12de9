//! One end: its process, its sockets, its host.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::num::NonZeroU32;

use super::latest::Latest;
use super::sockets::Sockets;
use super::table::HostTable;
use super::{CommandError, LastOutcome, PendingCall};
use crate::call::{
    Call, CallId, CallKind, ConnectionId, EndpointCall, ProcessCall, ShutdownHow, Sigpipe, SocketId, SocketName,
    SocketRole,
};
use crate::clock::MonoTime;
use crate::command::{CallRequest, Pick};
use crate::errno::Errno;
use crate::explain::Sock;
use crate::explain::rules::CallClass;
use crate::explain::sock::{CallEntry, EntryNo};
use crate::hash::QuickMap;
use crate::host::{Setting, SettingValue};
use crate::lab::event::{Death, ObservedSocket, RuntimeProgress};
use crate::outcome::{OptionReading, Outcome, Value};
use crate::program::SocketOwner;
use crate::runtime::Runtime;
use crate::side::Side;
use crate::socket_table::{SocketRow, Tuple};
use crate::state::State;

/// An endpoint's process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcessState {
    /// The process has been started and has not said hello yet.
    Starting {
        /// The process that it takes the place of, whose end is still to come.
        replaces: Option<u32>,
    },
    /// The endpoint takes calls.
    Running {
        /// The process number.
        pid: u32,
        /// The kind.
        runtime: String,
    },
    /// The process is gone.
    Dead {
        /// The process number.
        pid: u32,
        /// The way in which it ended.
        how: Death,
    },
}

impl ProcessState {
    /// Does it make the system calls that it is asked for, and nothing else?
    pub fn makes_raw_calls(&self) -> bool {
        match self {
            ProcessState::Running { runtime, .. } => {
                matches!(Runtime::named(runtime), Some(Runtime::Native | Runtime::C))
            }
            ProcessState::Starting { .. } | ProcessState::Dead { .. } => false,
        }
    }
}

/// The runtime of an end's next process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NextRuntime {
    /// The one of the process before.
    #[default]
    Same,
    /// One that is chosen, and made ready.
    Preparing {
        /// The runtime.
        runtime: Runtime,
        /// A compiler makes its endpoint just now.
        compiles: bool,
        /// The restart that was asked for meanwhile comes as soon as it is ready.
        restarts: bool,
        /// The one that is ready if this one is not available; none for the one of the process before.
        instead: Option<Runtime>,
    },
    /// This one.
    Ready(Runtime),
}

impl NextRuntime {
    /// Returns the runtime that the next process has, where it is to be another one than before.
    pub const fn chosen(self) -> Option<Runtime> {
        match self {
            NextRuntime::Same => None,
            NextRuntime::Preparing { runtime, .. } | NextRuntime::Ready(runtime) => Some(runtime),
        }
    }

    /// Returns it in words for an end's plate: `next: Go`, `next: Go, compiling ...`; none where it is the same.
    pub fn words(self) -> Option<String> {
        let name = self.chosen()?.title();
        Some(match self {
            NextRuntime::Preparing { compiles: true, .. } => format!("next: {name}, compiling ..."),
            _ => format!("next: {name}"),
        })
    }
}

/// A socket that an endpoint made, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// The name under which the endpoint knows it, never given twice at one end.
    pub name: SocketName,
    /// The other name that it has since it connects, its name having been that of a listener; never given twice, either.
    pub called: Option<SocketName>,
    /// The descriptor's number, also after it was closed; none until the kernel gave one.
    pub fd: Option<i32>,
    /// Is the descriptor open?
    pub open: bool,
    /// The socket's inode, by which its row is found while a descriptor is open.
    pub inode: Option<u64>,
    /// The addresses, once it was seen in a table: by them its row is found after the close.
    pub tuple: Option<Tuple>,
    /// The kernel's socket behind the descriptor, which other descriptors may share.
    pub sock: SockId,
    /// The call that closed the descriptor.
    pub closed: Option<EntryNo>,
    /// The state in its TCP_INFO, while its descriptor is open and its socket in no table.
    pub info: Option<State>,
    /// Whose it is.
    pub maker: SocketMaker,
}

/// Whose a socket is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketMaker {
    /// The endpoint's: it takes calls.
    Endpoint,
    /// A program's, with the process that holds it; none while it waits in the queue of the program's listener.
    Program(Option<SocketOwner>),
}

/// A socket of the kernel's at one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SockId(usize);

/// The kernel's sockets at one end, as far as the record has them.
#[derive(Debug, Default)]
pub(super) struct Socks {
    all: Vec<Sock>,
    /// Sockets that have or had a descriptor.
    by_inode: QuickMap<u64, SockId>,
    /// Connections, the newest that has these addresses.
    by_tuple: QuickMap<Tuple, SockId>,
    /// Older ones that are over and still in a listener's queue, the oldest first.
    queued: Vec<(Tuple, SockId)>,
}

impl Socks {
    /// Another one.
    fn add(&mut self, sock: Sock) -> SockId {
        self.all.push(sock);
        SockId(self.all.len() - 1)
    }

    /// The record of the socket.
    pub(super) fn get(&self, id: SockId) -> &Sock {
        &self.all[id.0]
    }

    pub(super) fn get_mut(&mut self, id: SockId) -> &mut Sock {
        &mut self.all[id.0]
    }

    /// The newest connection with these addresses.
    pub(super) fn of_tuple(&self, tuple: &Tuple) -> Option<SockId> {
        self.by_tuple.get(tuple).copied()
    }

    /// The socket from accept, which does not say whose connection it took, is the one that was known before by its addresses.
    fn become_one(&mut self, known: SockId, given: SockId, inode: Option<u64>) {
        let given = *self.get(given);
        if let Some(CallEntry {
            class: CallClass::Accept,
            entry,
        }) = given.peer
        {
            self.get_mut(known).inherit(&given, entry);
        }
        if let Some(inode) = inode {
            self.by_inode.insert(inode, known);
        }
    }

    /// The socket whose state has changed: that of the inode, else the connection with these addresses, which may be a new one.
    pub(super) fn changed(&mut self, tuple: Tuple, inode: u64, begins: bool) -> SockId {
        let held = self.by_inode.get(&inode).copied().filter(|_| inode != 0);
        let known = held.or_else(|| self.of_tuple(&tuple).filter(|_| !begins));
        let id = known.unwrap_or_else(|| self.add(Sock::default()));
        if tuple.peer.port() != 0 {
            let older = self.by_tuple.insert(tuple, id).filter(|older| *older != id);
            if let Some(older) = older.filter(|older| self.get(*older).is_in_a_queue()) {
                self.queued.push((tuple, older));
            }
        }
        id
    }

    /// The inode stands for that socket.
    pub(super) fn holds(&mut self, inode: u64, sock: SockId) {
        self.by_inode.insert(inode, sock);
    }

    /// The socket of a program that is seen for the first time: that of the inode, the connection with these addresses that waited in a
    /// queue, or a new one.
    pub(super) fn of_a_program(&mut self, tuple: Tuple, inode: Option<u64>, begins: bool) -> SockId {
        let held = inode.and_then(|inode| self.by_inode.get(&inode).copied());
        let waits = |id: &SockId| !begins && self.get(*id).end.is_none();
        let known = held.or_else(|| self.of_tuple(&tuple).filter(waits));
        let id = known.unwrap_or_else(|| self.add(Sock::default()));
        if let Some(inode) = inode {
            self.holds(inode, id);
        }
        id
    }

    /// The connection with these addresses that accept takes out of the queue: the oldest.
    fn take(&mut self, tuple: &Tuple) -> Option<SockId> {
        match self.queued.iter().position(|(queued, _)| queued == tuple) {
            Some(place) => Some(self.queued.remove(place).1),
            None => self.of_tuple(tuple),
        }
    }
}

/// One end: its process, its sockets, its host.
#[derive(Debug)]
pub struct End {
    /// The endpoint's process.
    pub process: ProcessState,
    /// The runtime of the process that said hello last, as it named itself: `native`, `go`; none before the first one did.
    pub runtime: Option<String>,
    /// The runtime of the process that is started next.
    pub next: NextRuntime,
    /// The runtime that was chosen last and is not available, and why in one sentence; none since another one was chosen.
    pub missing: Option<(Runtime, String)>,
    /// The library accepts and reads by itself.
    pub(super) takes_unasked: bool,
    /// The disposition of SIGPIPE.
    pub sigpipe: Sigpipe,
    /// The sockets that it made, the oldest first.
    pub sockets: Sockets,
    /// The one that calls go to.
    pub current: Option<SocketName>,
    /// Calls that have not returned, the oldest first.
    pub pending: Vec<PendingCall>,
    /// The last call that ended.
    pub last: Option<LastOutcome>,
    /// The host's table as it was last read.
    pub table: HostTable,
    /// The host's settings.
    pub settings: Vec<(Setting, SettingValue)>,
    /// The options of a socket as they were last read; what came instead when not one could be.
    pub options: Option<(SocketName, Result<Vec<OptionReading>, Outcome>)>,
    /// Buttons whose call the endpoint's language cannot make, as it said: the command as the button gives it.
    refused: HashSet<(CallKind, Option<ShutdownHow>)>,
    /// The sockets that have changed, and rows of the table.
    pub(super) changed: Latest<Changed>,
    /// The sockets on which `listen` was called, and their dups.
    listened: Vec<SocketName>,
    /// Calls that it has made.
    worked: HashSet<(CallKind, Option<ShutdownHow>)>,
    /// The names of connections, for those that outlive their descriptors.
    pub(super) named: QuickMap<Tuple, SocketName>,
    /// The number of sockets of each role that were named so far.
    given: HashMap<SocketRole, u32>,
    /// The numbers below that were left out, as the next one was to be that of the other end: they can still be given.
    left_out: HashSet<(SocketRole, u32)>,
    /// The number of dups of each connection so far.
    dups: HashMap<ConnectionId, u32>,
    /// The kernel's sockets.
    pub(super) socks: Socks,
    /// The newest change of each setting: its entry.
    pub(super) set_at: HashMap<Setting, EntryNo>,
    /// The processes that hold sockets of programs which have no name yet, by inode.
    pub(super) owners: QuickMap<u64, SocketOwner>,
    /// Has it been told that the host has connections with itself?
    pub(super) has_inside: bool,
    /// Have processes that were started beside the lab held sockets on its host?
    pub(super) has_others: bool,
}

/// A socket that differs from what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Changed {
    /// The one of that place among those that the endpoint made.
    Socket(usize),
    /// The connection or listener of that row.
    Row(Tuple),
}

impl Socket {
    /// One that the kernel has not made yet.
    pub(super) const fn unborn(name: SocketName, sock: SockId) -> Socket {
        Socket {
            name,
            called: None,
            fd: None,
            open: false,
            inode: None,
            tuple: None,
            sock,
            closed: None,
            info: None,
            maker: SocketMaker::Endpoint,
        }
    }

    /// The process of a program that holds it; none of the endpoint's own, and of one that nobody has accepted.
    pub const fn owner(&self) -> Option<&SocketOwner> {
        match &self.maker {
            SocketMaker::Program(owner) => owner.as_ref(),
            SocketMaker::Endpoint => None,
        }
    }

    /// Is it the endpoint's, so that calls can be made on it?
    pub fn is_endpoints(&self) -> bool {
        self.maker == SocketMaker::Endpoint
    }

    /// The current name.
    pub fn shown(&self) -> &SocketName {
        self.called.as_ref().unwrap_or(&self.name)
    }
}

impl End {
    pub(super) fn new(settings: Vec<(Setting, SettingValue)>, began: MonoTime) -> End {
        End {
            process: ProcessState::Starting { replaces: None },
            runtime: None,
            next: NextRuntime::default(),
            missing: None,
            takes_unasked: false,
            sigpipe: Sigpipe::Ignore,
            sockets: Sockets::default(),
            current: None,
            pending: Vec::new(),
            last: None,
            table: HostTable::new(Vec::new(), began),
            settings,
            options: None,
            refused: HashSet::new(),
            changed: Latest::default(),
            listened: Vec::new(),
            worked: HashSet::new(),
            named: QuickMap::default(),
            given: HashMap::new(),
            left_out: HashSet::new(),
            dups: HashMap::new(),
            socks: Socks::default(),
            set_at: HashMap::new(),
            owners: QuickMap::default(),
            has_inside: false,
            has_others: false,
        }
    }

    /// The socket of that name.
    pub fn socket(&self, name: &SocketName) -> Option<&Socket> {
        self.sockets.named(name)
    }

    /// The current name of the socket of that name.
    pub fn shown<'a>(&'a self, name: &'a SocketName) -> &'a SocketName {
        self.socket(name).map_or(name, Socket::shown)
    }

    /// Notes that the socket of the `side`'s end connects: if it has a listener's name, it gets another.
    pub(super) fn connects(&mut self, side: Side, name: &SocketName) {
        let is_misnamed = |socket: &Socket| {
            let role = socket.name.id().map(|id| id.connection.role);
            role == Some(SocketRole::Listener) && socket.called.is_none() && !self.sock(socket).listening
        };
        if self.socket(name).is_some_and(is_misnamed) {
            let called = self.fresh_name(side.into());
            self.set(name, |socket| socket.called = called);
        }
    }

    /// The socket that calls go to.
    pub fn current(&self) -> Option<&Socket> {
        self.current.as_ref().and_then(|name| self.socket(name))
    }

    /// The record of the kernel's socket behind a descriptor.
    pub fn sock(&self, socket: &Socket) -> &Sock {
        self.socks.get(socket.sock)
    }

    /// The same of the socket of that name.
    pub(super) fn sock_mut(&mut self, name: &SocketName) -> Option<&mut Sock> {
        let id = self.socket(name)?.sock;
        Some(self.socks.get_mut(id))
    }

    /// The newest open listener.
    pub fn listener(&self) -> Option<&Socket> {
        let mut newest = self.listened.iter().rev().filter_map(|name| self.socket(name));
        newest.find(|socket| socket.open && self.sock(socket).listening)
    }

    /// The row of a socket in the host's table: by inode while something holds it, by its addresses afterwards.
    ///
    /// TIME_WAIT and orphaned FIN_WAIT2 rows have inode 0 even then, so the addresses are tried in any case.
    pub fn row(&self, socket: &Socket) -> Option<&ObservedSocket> {
        self.place(socket).and_then(|place| self.table.rows().get(place))
    }

    /// The place of a socket's row.
    pub(super) fn place(&self, socket: &Socket) -> Option<usize> {
        // Its own descriptor, another one of it, or a call that waits: a listener that is closed under accept listens still.
        let held = socket.inode.and_then(|inode| self.table.of_inode(inode));
        held.or_else(|| {
            let tuple = socket.tuple?;
            let place = self.table.of_tuple(&tuple)?;
            // Another connection may have the same addresses by now.
            let is_its_own = match self.table.rows()[place].row.inode {
                // The newest one that had them left the row behind.
                0 => {
                    let newest = self.named.get(&tuple).and_then(|name| self.socket(name));
                    newest.is_some_and(|newest| newest.inode == socket.inode)
                }
                // Another descriptor of the same socket holds it, or a call that still waits.
                inode => !socket.open && socket.inode == Some(inode),
            };
            is_its_own.then_some(place)
        })
    }

    /// The places of the sockets whose row is the one at that place, the reverse of [`End::place`].
    pub(super) fn sockets_of_row(&self, row: usize) -> Vec<usize> {
        let SocketRow { tuple, inode, .. } = &self.table.rows()[row].row;
        let named = self.named.get(tuple).and_then(|name| self.socket(name));
        let twins = named.and_then(|named| named.inode);
        let inodes = [Some(*inode), twins].into_iter().flatten();
        let mut places: Vec<usize> = inodes.flat_map(|inode| self.sockets.of_inode(inode)).copied().collect();
        places.extend(named.and_then(|named| self.sockets.place(&named.name)));
        places.sort_unstable();
        places.dedup();
        places.retain(|place| self.place(&self.sockets[*place]) == Some(row));
        places
    }

    /// The place of a call among those that have not returned, whose numbers rise.
    pub(super) fn place_of_call(&self, call: CallId) -> Option<usize> {
        self.pending.binary_search_by_key(&call, |pending| pending.id).ok()
    }

    /// The call that is under way and was begun last, or else the last one that ended.
    pub fn newest(&self) -> Option<CallId> {
        let pending = self.pending.iter().rfind(|pending| !pending.looking);
        let ended = self.last.as_ref().map(|answer| answer.call.call());
        pending.map(|pending| pending.id).or(ended)
    }

    /// A socket's state in the table; none when it has no row.
    pub fn state_of(&self, name: &SocketName) -> Option<State> {
        self.row(self.socket(name)?).map(|observed| observed.row.state)
    }

    /// The name of the connection in a row, given to it while a descriptor was open.
    pub fn name_of(&self, tuple: &Tuple, inode: u64) -> Option<&SocketName> {
        let mut by_inode = self.sockets.of_inode(inode).iter().map(|place| &self.sockets[*place]);
        let by_inode = by_inode.find(|socket| inode != 0 && socket.open);
        by_inode.map(|socket| &socket.name).or_else(|| self.named.get(tuple))
    }

    /// A name of that role that was never given at this end: `client`, `client2`, ...
    pub(super) fn fresh_name(&mut self, role: SocketRole) -> Option<SocketName> {
        let number = next(self.given.entry(role).or_default())?;
        let connection = ConnectionId { role, number };
        SocketId { connection, dup: None }.name()
    }

    /// A name for another descriptor of that connection: `client-dup`, `client-dup2`, ...
    pub(super) fn fresh_dup(&mut self, connection: ConnectionId) -> Option<SocketName> {
        let dup = Some(next(self.dups.entry(connection).or_default())?);
        SocketId { connection, dup }.name()
    }

    /// Has the endpoint's language said that it cannot make the call of that command, like `shutdown read`?
    pub fn refuses(&self, call: &CallRequest) -> bool {
        let how = match call {
            CallRequest::Full(Call::Shutdown { how }) => Some(*how),
            _ => None,
        };
        self.refused.contains(&(call.kind(), how))
    }

    /// Adds a socket that the kernel has not made yet, and makes it the current one.
    pub(super) fn add_unborn(&mut self, name: SocketName) {
        let sock = self.socks.add(Sock::default());
        self.add(Socket::unborn(name, sock));
    }

    /// Adds a socket and makes it the current one.
    fn add(&mut self, socket: Socket) {
        self.current = Some(socket.name.clone());
        self.put(socket);
    }

    /// Adds a socket of a program. It is the one that is looked at unless the endpoint has one of its own.
    pub(super) fn add_a_programs(&mut self, socket: Socket) {
        if self.current().is_none_or(|current| !current.is_endpoints()) {
            self.current = Some(socket.name.clone());
        }
        self.put(socket);
    }

    /// The greatest number that a socket of that role was given.
    pub(super) fn given(&self, role: SocketRole) -> u32 {
        self.given.get(&role).copied().unwrap_or(0)
    }

    /// Returns whether no socket of that role was given that number.
    pub(super) fn is_free(&self, role: SocketRole, number: u32) -> bool {
        number > self.given(role) || self.left_out.contains(&(role, number))
    }

    /// A name of that role with that number, which is free.
    pub(super) fn take_number(&mut self, role: SocketRole, number: u32) -> Option<SocketName> {
        let given = self.given(role);
        if number > given {
            self.left_out
                .extend((given + 1..number).map(|left_out| (role, left_out)));
            self.given.insert(role, number);
        } else {
            self.left_out.remove(&(role, number));
        }
        let number = NonZeroU32::new(number)?;
        let connection = ConnectionId { role, number };
        SocketId { connection, dup: None }.name()
    }

    /// Has the socket of that row a name?
    pub(super) fn is_named(&self, row: &SocketRow) -> bool {
        !self.sockets.of_inode(row.inode).is_empty() || self.named.contains_key(&row.tuple)
    }

    /// Is a connect of the endpoint to that address under way?
    pub(super) fn is_connecting_to(&self, peer: SocketAddr) -> bool {
        self.pending.iter().any(|pending| match &pending.order {
            EndpointCall::On {
                call: Call::Connect { address, .. },
                ..
            } => *address == peer,
            _ => false,
        })
    }

    /// The newest listener that the other host reaches: the endpoint's, else a program's.
    pub fn reachable_listener(&self) -> Option<&Socket> {
        self.listener().or_else(|| {
            // From the few rows that listen: a load generator's sockets are many, and the listener stands behind all of them.
            let listening = self.table.listening().filter(|row| !row.tuple.local.ip().is_loopback());
            let places = listening.flat_map(|row| self.sockets.of_inode(row.inode)).copied();
            let programs = places.filter(|place| !self.sockets[*place].is_endpoints());
            programs.max().map(|place| &self.sockets[place])
        })
    }

    /// Notes the inode of the row with these addresses, 0 for none: without one, a program holds its socket no longer.
    pub(super) fn note_holder(&mut self, tuple: &Tuple, inode: u64) {
        let place = self.named.get(tuple).and_then(|name| self.sockets.place(name));
        let Some(place) = place else { return };
        let socket = &self.sockets[place];
        if socket.open && inode == 0 && !socket.is_endpoints() {
            self.changed.note(Changed::Socket(place));
            self.sockets.change(place, |socket| socket.open = false);
        }
    }

    /// Adds a socket.
    fn put(&mut self, socket: Socket) {
        self.changed.note(Changed::Socket(self.sockets.len()));
        self.sockets.push(socket);
    }

    pub(super) fn set(&mut self, name: &SocketName, change: impl FnOnce(&mut Socket)) {
        if let Some(place) = self.sockets.place(name) {
            self.changed.note(Changed::Socket(place));
            self.sockets.change(place, change);
        }
    }

    /// Notes that `listen` is called on that socket.
    pub(super) fn listens(&mut self, name: &SocketName) {
        if let Some(socket) = self.socket(name) {
            let name = socket.name.clone();
            self.listened.retain(|known| *known != name);
            self.listened.push(name);
        }
    }

    pub(super) fn set_setting(&mut self, setting: Setting, value: SettingValue) {
        match self.settings.iter_mut().find(|(known, _)| *known == setting) {
            Some((_, known)) => *known = value,
            None => self.settings.push((setting, value)),
        }
    }

    /// A call on that socket has made a descriptor, and may still be under way.
    pub(super) fn made(&mut self, name: &SocketName, fd: i32, inode: Option<u64>) {
        self.opened(name, fd, inode);
        self.join_inode(inode);
    }

    /// The descriptor is open, and the inode stands for its socket. None, where the library has closed it again already, takes away
    /// nothing that is known.
    fn opened(&mut self, name: &SocketName, fd: i32, inode: Option<u64>) {
        self.set(name, |socket| {
            (socket.fd, socket.open, socket.inode) = (Some(fd), true, inode.or(socket.inode));
        });
        if let (Some(inode), Some(sock)) = (inode, self.socket(name).map(|socket| socket.sock)) {
            self.socks.by_inode.insert(inode, sock);
        }
    }

    /// Takes in that the socket of that inode begins a connection. A library that makes its socket in connect may tell of it only when
    /// it has closed it again, as Node does after a refusal: then the connect under way to that address tells whose it is, where only
    /// one can be meant.
    pub(super) fn connects_unseen(&mut self, tuple: Tuple, inode: u64) {
        if inode == 0 || self.socks.by_inode.contains_key(&inode) {
            return;
        }
        let connecting = self.pending.iter().filter_map(|pending| match &pending.order {
            EndpointCall::On {
                socket,
                call: Call::Connect { address, .. },
            } if *address == tuple.peer => self.socket(socket).filter(|socket| socket.inode.is_none()),
            _ => None,
        });
        let mut connecting = connecting.map(|socket| (socket.name.clone(), socket.sock));
        let (Some((name, sock)), None) = (connecting.next(), connecting.next()) else {
            return;
        };
        self.set(&name, |socket| {
            (socket.inode, socket.tuple) = (Some(inode), Some(tuple))
        });
        self.socks.by_inode.insert(inode, sock);
        self.named.insert(tuple, name);
    }

    /// The descriptor is closed, by the call of that entry; none where the library closed it by itself.
    pub(super) fn closed(&mut self, name: &SocketName, by: Option<EntryNo>) {
        self.set(name, |socket| (socket.open, socket.closed) = (false, by));
    }

    /// Makes another socket the current one.
    pub(super) fn pick(&mut self, side: Side, pick: &Pick) -> Result<(), CommandError> {
        let name = match pick {
            Pick::Named(name) => self.known(side, name)?.clone(),
            Pick::Next => {
                let place = self
                    .sockets
                    .iter()
                    .position(|socket| Some(&socket.name) == self.current.as_ref());
                let next = place.map_or(0, |place| place + 1) % self.sockets.len().max(1);
                match self.sockets.get(next) {
                    Some(socket) => socket.name.clone(),
                    None => return Err(CommandError::Impossible(format!("the {side} has no sockets yet"))),
                }
            }
        };
        self.current = Some(name);
        Ok(())
    }

    /// The bytes that a socket has to be read.
    pub(super) fn unread(&self, name: &SocketName) -> u32 {
        let row = self.socket(name).and_then(|socket| self.row(socket));
        row.map_or(0, |observed| match observed.row.state {
            State::Listen => 0,
            _ => observed.row.unread(),
        })
    }

    /// A name that the user gave, if there is such a socket.
    pub(super) fn known(&self, side: Side, name: &SocketName) -> Result<&SocketName, CommandError> {
        if let Some(socket) = self.socket(name) {
            return Ok(&socket.name);
        }
        let named = self.sockets.iter().map(|socket| socket.shown().as_str());
        let names: Vec<&str> = named.take(NAMES_TOLD).collect();
        let more = match self.sockets.len() - names.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let why = match names.as_slice() {
            [] => format!("the {side} has no socket {name}: it has none yet"),
            names => format!("the {side} has no socket {name}: it has {}{more}", names.join(", ")),
        };
        Err(CommandError::Unknown(name.to_string(), why))
    }

    /// A new process is asked for: it knows nothing of the old one's sockets. The names of their connections are kept.
    pub(super) fn restart(&mut self) {
        let replaces = match self.process {
            ProcessState::Running { pid, .. } => Some(pid),
            ProcessState::Starting { .. } | ProcessState::Dead { .. } => None,
        };
        self.process = ProcessState::Starting { replaces };
        self.sigpipe = Sigpipe::Ignore;
        self.sockets.retain(|socket| !socket.is_endpoints());
        self.listened.clear();
        self.changed.clear();
        self.current = self.sockets.last().map(|socket| socket.name.clone());
        self.pending.clear();
        self.last = None;
        self.options = None;
        self.refused.clear();
        self.worked.clear();
    }

    /// A runtime was chosen for the next process.
    pub(super) fn choose(&mut self, runtime: Runtime) {
        let (instead, restarts) = match self.next {
            NextRuntime::Same => (None, false),
            NextRuntime::Ready(runtime) => (Some(runtime), false),
            NextRuntime::Preparing { instead, restarts, .. } => (instead, restarts),
        };
        self.missing = None;
        self.next = NextRuntime::Preparing {
            runtime,
            compiles: false,
            restarts,
            instead,
        };
    }

    /// The chosen runtime has come so far; returns whether the restart that waits for it is due.
    pub(super) fn prepared(&mut self, of: Runtime, progress: &RuntimeProgress) -> bool {
        let NextRuntime::Preparing {
            runtime,
            compiles,
            restarts,
            instead,
        } = &mut self.next
        else {
            return false;
        };
        if *runtime != of {
            return false;
        }
        let (restarts, instead) = (*restarts, *instead);
        match progress {
            RuntimeProgress::Compiling => {
                *compiles = true;
                return false;
            }
            RuntimeProgress::Ready => self.next = self.other_than_now(Some(of)),
            RuntimeProgress::Failed(why) => {
                self.missing = Some((of, why.clone()));
                self.next = self.other_than_now(instead);
            }
        }
        restarts && *progress == RuntimeProgress::Ready
    }

    fn other_than_now(&self, runtime: Option<Runtime>) -> NextRuntime {
        match runtime {
            Some(runtime) if self.runtime.as_deref() != Some(runtime.name()) => NextRuntime::Ready(runtime),
            Some(_) | None => NextRuntime::Same,
        }
    }

    /// A process has said hello: what was ready for it is no longer to come.
    pub(super) fn born(&mut self, runtime: String) {
        self.runtime = Some(runtime);
        if let NextRuntime::Ready(ready) = self.next {
            self.next = self.other_than_now(Some(ready));
        }
    }

    /// Notes that the connection belongs to the socket of that name, also when no descriptor holds it any more.
    pub(super) fn name_connection(&mut self, tuple: Tuple, name: &SocketName) {
        self.named.entry(tuple).or_insert_with(|| name.clone());
    }

    /// A connection began that no descriptor holds: it is not the one that had these addresses before.
    pub(super) fn forget_connection(&mut self, tuple: &Tuple) {
        self.named.remove(tuple);
    }

    /// The process is gone, and the calls that it had not returned from with it.
    pub(super) fn died(&mut self, pid: u32, how: Death) -> Vec<PendingCall> {
        self.process = match self.process {
            // This was the old process's end, and the new one is on its way.
            ProcessState::Starting { replaces } if replaces == Some(pid) => ProcessState::Starting { replaces: None },
            _ => ProcessState::Dead { pid, how },
        };
        self.sockets.close_all();
        (0..self.sockets.len()).for_each(|place| self.changed.note(Changed::Socket(place)));
        let lost = std::mem::take(&mut self.pending);
        for pending in &lost {
            self.give_back(&pending.order);
        }
        lost
    }

    /// The call that is making the socket that `order` is about, if it has not been made yet.
    pub(super) fn maker(&mut self, order: &EndpointCall) -> Option<&mut PendingCall> {
        let EndpointCall::On { socket, call } = order else {
            return None;
        };
        let makes = |pending: &&mut PendingCall| match &pending.order {
            EndpointCall::On {
                socket: made,
                call: Call::Socket { .. },
            } => made == socket,
            _ => false,
        };
        let is_made_here = matches!(call, Call::Socket { .. });
        self.pending.iter_mut().find(makes).filter(|_| !is_made_here)
    }

    /// Is a connect or a listen on that socket under way, or about to be?
    pub(super) fn is_spoken_for(&self, name: &SocketName) -> bool {
        let uses = |order: &EndpointCall| match order {
            EndpointCall::On { socket, call } => {
                socket == name && matches!(call, Call::Connect { .. } | Call::Listen { .. })
            }
            EndpointCall::Process(_) => false,
        };
        self.pending
            .iter()
            .any(|pending| uses(&pending.order) || pending.then.iter().any(uses))
    }

    /// A name that a call was to give to what it makes, and has not: the next one may have it.
    fn give_back(&mut self, order: &EndpointCall) {
        let EndpointCall::On { call, .. } = order else {
            return;
        };
        let Some(SocketId { connection, dup }) = call.new_name().and_then(SocketName::id) else {
            return;
        };
        let (count, number) = match dup {
            Some(dup) => (self.dups.get_mut(&connection), dup),
            None => (self.given.get_mut(&connection.role), connection.number),
        };
        if let Some(count) = count.filter(|count| **count == number.get()) {
            *count -= 1;
        }
    }

    /// The kernel's socket that accept took from a listener's queue: the connection from `peer`.
    fn accepted(&mut self, listener: &SocketName, peer: Option<SocketAddr>, entry: EntryNo) -> SockId {
        let listener = self.socket(listener);
        let inherited = listener.map_or_else(Sock::default, |socket| Sock::accepted_from(self.sock(socket)));
        let local = listener.and_then(|socket| socket.tuple).map(|tuple| tuple.local);
        let known = match (local, peer) {
            (Some(local), Some(peer)) if !local.ip().is_unspecified() => self.socks.take(&Tuple { local, peer }),
            // The listener takes connections at every address.
            (_, Some(peer)) => {
                let is_it =
                    |tuple: &Tuple| tuple.peer == peer && local.is_none_or(|local| local.port() == tuple.local.port());
                let mut all = self.socks.by_tuple.iter();
                all.find(|(tuple, _)| is_it(tuple)).map(|(_, id)| *id)
            }
            (_, None) => None,
        };
        let id = known.unwrap_or_else(|| self.socks.add(Sock::default()));
        self.socks.get_mut(id).inherit(&inherited, entry);
        id
    }

    /// Takes in the host's table as it was at `at`.
    pub(super) fn observe(&mut self, rows: Vec<ObservedSocket>, at: MonoTime) {
        let table = HostTable::new(rows, at);
        let mut before = std::mem::replace(&mut self.table, table);
        for place in 0..self.table.rows().len() {
            let row = &self.table.rows()[place].row;
            let old = match row.state {
                State::Listen => before.of_inode(row.inode).map(|place| &before.rows()[place].row),
                _ => before.of_tuple(&row.tuple).map(|place| &before.rows()[place].row),
            };
            if old.is_none_or(|old| !is_alike(old, row)) {
                self.changed.note(Changed::Row(row.tuple));
            }
            let (tuple, inode) = (row.tuple, row.inode);
            before.remove(&tuple);
            self.note_holder(&tuple, inode);
        }
        for gone in before.rows() {
            if self.table.of_inode(gone.row.inode).is_none() {
                self.gone(&gone.row);
            }
        }
        self.join(0..self.sockets.len());
    }

    /// Takes in rows of the host's table that were read one by one, and the addresses of connections that are in it no longer.
    pub(super) fn observe_singly(&mut self, rows: Vec<ObservedSocket>, gone: &[Tuple]) {
        for tuple in gone {
            if let Some(gone) = self.table.remove(tuple) {
                self.gone(&gone.row);
            }
        }
        for observed in rows {
            let SocketRow { tuple, inode, .. } = observed.row;
            self.changed.note(Changed::Row(tuple));
            self.table.put(observed);
            self.note_holder(&tuple, inode);
            self.join_inode(Some(inode));
        }
    }

    /// A row is in the table no longer: the sockets that it was of have changed.
    fn gone(&mut self, row: &SocketRow) {
        self.changed.forget(&Changed::Row(row.tuple));
        self.note_holder(&row.tuple, 0);
        let named = self.named.get(&row.tuple).and_then(|name| self.sockets.place(name));
        for place in self.sockets.of_inode(row.inode).iter().copied().chain(named) {
            self.changed.note(Changed::Socket(place));
        }
    }

    /// Learns the addresses of the open sockets with that inode from the table.
    fn join_inode(&mut self, inode: Option<u64>) {
        if let Some(inode) = inode {
            self.join(self.sockets.of_inode(inode).to_vec());
        }
    }

    /// Learns the addresses of the open sockets at these places from the table, by their inodes: the table may come before the outcome
    /// that tells the inode, or after it.
    fn join(&mut self, places: impl IntoIterator<Item = usize>) {
        let mut seen = HashSet::new();
        for place in places {
            let socket = &self.sockets[place];
            let inode = socket.inode.filter(|_| socket.open);
            let Some(row) = inode.and_then(|inode| self.table.of_inode(inode)) else {
                continue;
            };
            let tuple = self.table.rows()[row].row.tuple;
            // The first descriptor of a socket names the connection, not its dup.
            if seen.insert(tuple) && self.named.get(&tuple) != Some(&socket.name) {
                self.named.insert(tuple, socket.name.clone());
            }
            if socket.tuple == Some(tuple) {
                continue;
            }
            let mut sock = socket.sock;
            // What accept took was a connection before it had a descriptor.
            if socket.tuple.is_none()
                && self.socks.get(sock).is_just_accepted()
                && let Some(known) = self.socks.of_tuple(&tuple)
            {
                self.socks.become_one(known, sock, inode);
                sock = known;
            }
            self.sockets
                .change(place, |socket| (socket.tuple, socket.sock) = (Some(tuple), sock));
        }
    }

    /// Keeps what a returned call says of the sockets. `before` is the socket's state when the call was made, `entry` that of its
    /// outcome.
    pub(super) fn remember(
        &mut self,
        order: &EndpointCall,
        outcome: &Outcome,
        inode: Option<u64>,
        before: Option<State>,
        entry: EntryNo,
    ) {
        self.note(order, outcome, inode, before, entry);
        self.join_inode(inode);
    }

    fn note(
        &mut self,
        order: &EndpointCall,
        outcome: &Outcome,
        inode: Option<u64>,
        before: Option<State>,
        entry: EntryNo,
    ) {
        let (name, call) = match order {
            EndpointCall::On { socket, call } => (socket, call),
            EndpointCall::Process(ProcessCall::Sigpipe { disposition }) => {
                if matches!(outcome, Outcome::Ok(_)) {
                    self.sigpipe = *disposition;
                }
                return;
            }
            EndpointCall::Process(ProcessCall::Interrupt { .. }) => return,
        };
        // What has worked before can be made, if not on every socket.
        if let Some(command) = plainly(call) {
            match outcome {
                Outcome::Unsupported(_) if !self.worked.contains(&command) => {
                    self.refused.insert(command);
                }
                Outcome::Unsupported(_) => {}
                _ => {
                    self.refused.remove(&command);
                    self.worked.insert(command);
                }
            }
        }
        if let Some(sock) = self.sock_mut(name) {
            sock.called(call, outcome, before, entry);
        }
        match call {
            Call::Socket { .. } => match outcome.descriptor() {
                Some(fd) => self.opened(name, fd, inode),
                // The library makes it later; until then it has a name, and no descriptor.
                None if *outcome == Outcome::Ok(Value::Later) => {}
                None => {
                    self.sockets.retain(|socket| socket.name != *name);
                    let newest = self.sockets.iter().rfind(|socket| socket.is_endpoints());
                    self.current = newest.or(self.sockets.last()).map(|socket| socket.name.clone());
                }
            },
            Call::Accept { r#as } => match outcome {
                Outcome::Ok(Value::Descriptor { fd, peer }) => {
                    let sock = self.accepted(name, *peer, entry);
                    self.add(Socket::unborn(r#as.clone(), sock));
                    self.opened(r#as, *fd, inode);
                }
                _ => self.give_back(order),
            },
            Call::Dup { r#as } => match (outcome.descriptor(), self.socket(name).cloned()) {
                (Some(fd), Some(twin)) => {
                    // The first descriptor stays the current one: closing it is what shows that nothing is sent.
                    let mut socket = Socket::unborn(r#as.clone(), twin.sock);
                    socket.tuple = twin.tuple;
                    self.put(socket);
                    if self.listened.contains(&twin.name) {
                        self.listened.push(r#as.clone());
                    }
                    self.opened(r#as, fd, inode);
                }
                _ => self.give_back(order),
            },
            // No call of the kernel's was made: what begin() took for granted was not so.
            Call::Connect { .. } if matches!(outcome, Outcome::Library(_) | Outcome::Unsupported(_)) => {
                let had_addresses = self.socket(name).is_some_and(|socket| socket.tuple.is_some());
                if let Some(sock) = self.sock_mut(name) {
                    sock.connected &= had_addresses;
                }
            }
            // On Linux close gives the descriptor back whatever it returns, EINTR included (close(2)).
            _ if call.is_close() && outcome.errno() != Some(Errno::EBADF) => {
                self.closed(name, Some(entry));
            }
            Call::Options => {
                let read = match outcome {
                    Outcome::Ok(Value::Options { readings }) => Ok(readings.clone()),
                    refused => Err(refused.clone()),
                };
                self.options = Some((name.clone(), read));
            }
            _ => {}
        }
    }
}

/// Are they the same but for how much of a timer is left, and for what TCP_INFO counts?
fn is_alike(a: &SocketRow, b: &SocketRow) -> bool {
    let kind = |row: &SocketRow| row.timer.map(|timer| timer.kind);
    let fields = |row: &SocketRow| {
        (
            row.state,
            row.inode,
            row.rx_queue,
            row.tx_queue,
            row.retransmits,
            kind(row),
        )
    };
    fields(a) == fields(b)
}

/// The most names of sockets in a sentence.
const NAMES_TOLD: usize = 8;

/// Counts one more.
fn next(count: &mut u32) -> Option<NonZeroU32> {
    *count = count.checked_add(1)?;
    NonZeroU32::new(*count)
}

/// The call without its arguments, but for which direction is shut down; none for a call with wishes of its own, which may be what a
/// language cannot express.
fn plainly(call: &Call) -> Option<(CallKind, Option<ShutdownHow>)> {
    let (wishes, how) = match call {
        Call::Read { flags, deadline, .. } => (!flags.is_empty() || deadline.is_some(), None),
        Call::Write { flags, deadline, .. } => (!flags.is_empty() || deadline.is_some(), None),
        Call::Connect { deadline, .. } => (deadline.is_some(), None),
        Call::GetOption { .. } | Call::SetOption { .. } => (true, None),
        Call::Shutdown { how } => (false, Some(*how)),
        _ => (false, None),
    };
    (!wishes).then_some((call.kind(), how))
}
