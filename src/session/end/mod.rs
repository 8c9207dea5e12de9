//! One end: its process, its sockets, its host.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use super::last_changes::LastChanges;
use super::sockets::{SocketNo, Sockets};
use super::table::HostTable;
use super::{CommandError, LastOutcome, PendingCall};
use crate::call::{Call, CallId, EndpointCall, ProcessCall, Sigpipe, SocketName, SocketRole};
use crate::clock::MonoTime;
use crate::command::{CallRequest, Pick};
use crate::explain::{EntryNo, Sock};
use crate::host::{Setting, SettingValue};
use crate::lab::event::{Death, ObservedSocket};
use crate::outcome::{OptionReading, Outcome};
use crate::runtime::Runtime;
use crate::side::Side;
use crate::socket_table::{SocketRow, Tuple};
use crate::state::State;

mod named;
mod names;
mod observed;
mod outcomes;
mod process;
mod socket;
mod socks;
mod support;
mod unnamed;

use named::NamedConnections;
use names::SocketNames;
pub(super) use outcomes::Returned;
pub use process::{NextRuntime, ProcessState};
pub use socket::{Socket, SocketMaker};
pub use socks::SockId;
use socks::Socks;
use support::CallSupport;
pub(super) use unnamed::UnnamedSockets;

/// The most names of sockets in a sentence.
const NAMES_TOLD: usize = 8;

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
    /// The calls that the endpoint's language supports.
    support: CallSupport,
    /// The sockets that have changed, and rows of the table.
    pub(super) changed: LastChanges<Changed>,
    /// The sockets on which `listen` was called, and their dups.
    listened: Vec<SocketName>,
    /// The names of connections, for those that outlive their descriptors.
    pub(super) named: NamedConnections,
    /// The names that were given to sockets.
    pub(super) names: SocketNames,
    /// The kernel's sockets.
    pub(super) socks: Socks,
    /// The newest change of each setting: its entry.
    pub(super) set_at: HashMap<Setting, EntryNo>,
    /// The sockets of programs that have no name yet.
    pub(super) unnamed: UnnamedSockets,
    /// Has it been told that the host has connections with itself?
    pub(super) has_inside: bool,
    /// Have processes that were started beside the lab held sockets on its host?
    pub(super) has_others: bool,
}

/// A socket that differs from what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Changed {
    /// The one of that number among those of the endpoint and of programs.
    Socket(SocketNo),
    /// The connection or listener of that row.
    Row(Tuple),
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
            support: CallSupport::default(),
            changed: LastChanges::default(),
            listened: Vec::new(),
            named: NamedConnections::default(),
            names: SocketNames::default(),
            socks: Socks::default(),
            set_at: HashMap::new(),
            unnamed: UnnamedSockets::default(),
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
            let called = self.names.fresh(side.into());
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

    /// Changes the record of the kernel's socket behind that name, if there is one.
    pub(super) fn change_sock(&mut self, name: &SocketName, change: impl FnOnce(&mut Sock)) {
        if let Some(id) = self.socket(name).map(|socket| socket.sock) {
            self.socks.change(id, change);
        }
    }

    /// The newest open listener.
    pub fn listener(&self) -> Option<&Socket> {
        let mut newest = self.listened.iter().rev().filter_map(|name| self.socket(name));
        newest.find(|socket| socket.open && self.sock(socket).listening)
    }

    /// The newest listener that the other host reaches: the endpoint's, else a program's.
    pub fn reachable_listener(&self) -> Option<&Socket> {
        self.listener().or_else(|| {
            // From the few rows that listen: a load generator's sockets are many, and the listener stands behind all of them.
            let listening = self.table.listening().filter(|row| !row.tuple.local.ip().is_loopback());
            let sockets = listening.flat_map(|row| self.sockets.of_inode(row.inode)).copied();
            let programs = sockets.filter(|no| !self.sockets[*no].is_endpoints());
            programs.max().map(|no| &self.sockets[no])
        })
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
                    let is_same = |newest: &Socket| socket.inode.is_some() && newest.inode == socket.inode;
                    newest.is_some_and(|newest| newest.name == socket.name || is_same(newest))
                }
                // Another descriptor of the same socket holds it, or a call that still waits.
                inode => !socket.open && socket.inode == Some(inode),
            };
            is_its_own.then_some(place)
        })
    }

    /// The sockets whose row is the one at that place, the reverse of [`End::place`].
    pub(super) fn sockets_of_row(&self, row: usize) -> Vec<SocketNo> {
        let SocketRow { tuple, inode, .. } = &self.table.rows()[row].row;
        let named = self.named.get(tuple).and_then(|name| self.socket(name));
        let twins = named.and_then(|named| named.inode);
        let inodes = [Some(*inode), twins].into_iter().flatten();
        let mut sockets: Vec<SocketNo> = inodes.flat_map(|inode| self.sockets.of_inode(inode)).copied().collect();
        sockets.extend(named.and_then(|named| self.sockets.number(&named.name)));
        sockets.sort_unstable();
        sockets.dedup();
        sockets.retain(|no| self.place(&self.sockets[*no]) == Some(row));
        sockets
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

    /// The bytes that a socket has to be read.
    pub(super) fn unread(&self, name: &SocketName) -> u32 {
        let row = self.socket(name).and_then(|socket| self.row(socket));
        row.map_or(0, |observed| match observed.row.state {
            State::Listen => 0,
            _ => observed.row.unread(),
        })
    }

    /// The name of the connection in a row, given to it while a descriptor was open.
    pub fn name_of(&self, tuple: &Tuple, inode: u64) -> Option<&SocketName> {
        let mut by_inode = self.sockets.of_inode(inode).iter().map(|no| &self.sockets[*no]);
        let by_inode = by_inode.find(|socket| inode != 0 && socket.open);
        by_inode.map(|socket| &socket.name).or_else(|| self.named.get(tuple))
    }

    /// Has the socket of that row a name?
    pub(super) fn is_named(&self, row: &SocketRow) -> bool {
        !self.sockets.of_inode(row.inode).is_empty() || self.named.has(&row.tuple)
    }

    /// Has the endpoint's language said that it cannot make the call of that command, like `shutdown read`?
    pub fn refuses(&self, call: &CallRequest) -> bool {
        self.support.refuses(call)
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
    pub(super) fn add_program_socket(&mut self, socket: Socket) {
        if self.current().is_none_or(|current| !current.is_endpoints()) {
            self.current = Some(socket.name.clone());
        }
        self.put(socket);
    }

    /// Adds a socket.
    fn put(&mut self, socket: Socket) {
        let no = self.sockets.push(socket);
        self.changed.note(Changed::Socket(no));
    }

    pub(super) fn set(&mut self, name: &SocketName, change: impl FnOnce(&mut Socket)) {
        if let Some(no) = self.sockets.number(name) {
            self.changed.note(Changed::Socket(no));
            self.sockets.change(no, change);
        }
    }

    /// Forgets that the socket of that number has changed: it is forgotten.
    pub(super) fn forget_changed(&mut self, no: SocketNo) {
        self.changed.forget(&Changed::Socket(no));
    }

    /// Notes that an entry of that number names the socket of that name.
    pub(super) fn is_told(&mut self, name: &SocketName, entry: EntryNo) {
        if let Some(no) = self.sockets.number(name) {
            self.sockets.change(no, |socket| socket.told = entry);
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

    /// Notes that the connection belongs to the socket of that name, also when no descriptor holds it any more.
    pub(super) fn name_connection(&mut self, tuple: Tuple, name: &SocketName) {
        if !self.named.has(&tuple) {
            self.named.insert(tuple, name.clone());
        }
    }

    /// A connection began that no descriptor holds: it is not the one that had these addresses before.
    pub(super) fn forget_connection(&mut self, tuple: &Tuple) {
        self.named.remove(tuple);
    }

    /// Makes another socket the current one.
    pub(super) fn pick(&mut self, side: Side, pick: &Pick) -> Result<(), CommandError> {
        let name = match pick {
            Pick::Named(name) => self.known(side, name)?.clone(),
            Pick::Next => match self.sockets.after(self.current.as_ref()) {
                Some(socket) => socket.name.clone(),
                None => return Err(CommandError::Impossible(format!("the {side} has no sockets yet"))),
            },
        };
        self.current = Some(name);
        Ok(())
    }

    /// A name that the user gave, if there is such a socket.
    pub(super) fn known(&self, side: Side, name: &SocketName) -> Result<&SocketName, CommandError> {
        if let Some(socket) = self.socket(name) {
            return Ok(&socket.name);
        }
        if self.names.has_forgotten(name) {
            let why = forgotten(name.as_str());
            return Err(CommandError::Unknown(name.to_string(), why));
        }
        let named = self.sockets.iter().map(|socket| socket.shown().as_str());
        let names: Vec<&str> = named.take(NAMES_TOLD).collect();
        let more = match self.sockets.len() - names.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let why = match names.as_slice() {
            [] if self.sockets.is_empty() => format!("the {side} has no socket {name}: it has none yet"),
            [] => format!("the {side} has no socket {name}: those that it had are over"),
            names => format!("the {side} has no socket {name}: it has {}{more}", names.join(", ")),
        };
        Err(CommandError::Unknown(name.to_string(), why))
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
}

/// Says that nothing is known any more of what had that name.
pub(super) fn forgotten(name: &str) -> String {
    format!("{name} is over, and the transcript has dropped its last entry: nothing is known of it any more")
}
