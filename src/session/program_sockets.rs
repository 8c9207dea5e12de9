//! The sockets of programs: which there are, by the host's table and by the descriptors of their processes, and the names that they get.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::num::NonZeroU32;

use super::end::{Changed, SocketMaker};
use super::plan::current_target;
use super::transcript::EntryKind;
use super::view::HeldBy;
use super::{CommandError, LabKind, Session, Socket};
use crate::call::{ConnectionId, SocketId, SocketName, SocketRole};
use crate::clock::MonoTime;
use crate::command::CallRequest;
use crate::lab::event::StateChanged;
use crate::program::SocketOwner;
use crate::side::Side;
use crate::socket_table::{SocketRow, Tuple};
use crate::state::State;

impl Session {
    /// Takes in which process holds the socket of that inode.
    pub(super) fn owned(&mut self, side: Side, inode: u64, owner: SocketOwner) {
        let end = &mut self.ends[side];
        end.has_others |= owner.program.is_none();
        let known = end.sockets.of_inode(inode).first().copied();
        match known {
            Some(no) => {
                if let SocketMaker::Program(_) = end.sockets[no].maker {
                    end.changed.note(Changed::Socket(no));
                    end.sockets
                        .change(no, |socket| socket.maker = SocketMaker::Program(Some(owner)));
                }
            }
            None => {
                end.unnamed.insert(inode, owner);
                let row = end.table.of_inode(inode).map(|place| &end.table.rows()[place].row);
                if let Some((tuple, state)) = row.map(|row| (row.tuple, row.state)) {
                    self.adopt(side, inode, tuple, state);
                }
            }
        }
    }

    /// Gives names to the sockets of programs that stand in the host's table by now: in the rows with these inodes, where they are named.
    pub(super) fn adopt_rows(&mut self, side: Side, among: Option<Vec<u64>>) {
        let end = &self.ends[side];
        if end.unnamed.is_empty() {
            return;
        }
        let rows = end.table.rows();
        let mut found: Vec<(u64, Tuple, State)> = match among {
            Some(inodes) => {
                let places = inodes.into_iter().filter_map(|inode| end.table.of_inode(inode));
                places.map(|place| &rows[place].row).map(of_row).collect()
            }
            None => rows.iter().map(|observed| of_row(&observed.row)).collect(),
        };
        found.retain(|(inode, ..)| end.unnamed.has(*inode));
        found.sort_unstable_by_key(|(inode, ..)| *inode);
        for (inode, tuple, state) in found {
            self.adopt(side, inode, tuple, state);
        }
    }

    /// Gives a name to the socket of a program with that inode, which is seen with these addresses and in that state; to no other.
    fn adopt(&mut self, side: Side, inode: u64, tuple: Tuple, state: State) {
        let Some(owner) = self.ends[side].unnamed.remove(inode) else {
            return;
        };
        if self.is_inside(side, &tuple) {
            return;
        }
        let end = &mut self.ends[side];
        // It waited in the queue of a program's listener, and had a name there.
        let queued = end.named.get(&tuple).and_then(|name| end.sockets.number(name));
        let queued = queued.filter(|no| {
            let socket = &end.sockets[*no];
            socket.inode.is_none() && socket.maker == SocketMaker::Program(None)
        });
        if let Some(no) = queued {
            end.changed.note(Changed::Socket(no));
            end.sockets.change(no, |socket| {
                (socket.inode, socket.open) = (Some(inode), true);
                socket.maker = SocketMaker::Program(Some(owner));
            });
            let sock = end.sockets[no].sock;
            end.socks.holds(inode, sock);
            return;
        }
        self.name_program_socket(side, tuple, state, Some((inode, owner)));
    }

    /// Adds a socket of a program, under a name of its own.
    fn name_program_socket(
        &mut self,
        side: Side,
        tuple: Tuple,
        state: State,
        held: Option<(u64, SocketOwner)>,
    ) -> Option<SocketName> {
        let name = match state {
            State::Listen => self.ends[side].names.fresh(SocketRole::Listener)?,
            _ => self.name_of_pair(side, tuple)?,
        };
        let end = &mut self.ends[side];
        let (inode, owner) = held.unzip();
        let begins = matches!(state, State::SynSent | State::SynRecv) && inode.is_none();
        let sock = end.socks.of_program(tuple, inode, begins);
        end.socks.change(sock, |record| match state {
            State::Listen => record.listening = true,
            _ => record.connected = true,
        });
        let mut socket = Socket::unborn(name.clone(), sock);
        socket.maker = SocketMaker::Program(owner);
        (socket.inode, socket.open, socket.tuple) = (inode, inode.is_some(), Some(tuple));
        end.named.insert(tuple, name.clone());
        end.add_program_socket(socket);
        Some(name)
    }

    /// A name for a connection at this end: with the number that it has at the other end, where that is free here, else with the next that
    /// is free at both.
    fn name_of_pair(&mut self, side: Side, tuple: Tuple) -> Option<SocketName> {
        let there = self.ends[side.other()].named.get(&tuple.mirrored());
        let there = there.and_then(|name| Some(name.id()?.connection.number.get()));
        let given = self.ends.iter().map(|(side, end)| end.names.newest(side.into())).max();
        let next = given.unwrap_or(0).checked_add(1)?;
        let is_free = |number: &u32| self.ends[side].names.is_free(side.into(), *number);
        let number = there.filter(is_free).unwrap_or(next);
        let peers = &self.ends[side.other()].names;
        let passed_over = self.ends[side].names.newest(side.into()) + 1..number;
        let with_peer = passed_over.filter(|number| {
            let peer = name_of(side.other().into(), *number);
            peer.is_some_and(|peer| !peers.has_forgotten(&peer))
        });
        let with_peer: BTreeSet<u32> = with_peer.collect();
        let names = &mut self.ends[side].names;
        names.take(side.into(), number, &with_peer)
    }

    /// Takes in a change of state of a socket that is not the endpoint's; is it one that nobody needs to hear of: of a connection of the
    /// host with itself?
    pub(super) fn meet_program_socket(&mut self, at: MonoTime, change: &StateChanged) -> bool {
        let StateChanged {
            side,
            tuple,
            inode,
            from,
            to,
            ..
        } = *change;
        if !self.programs.ran_on(side) && !self.ends[side].has_others {
            return false;
        }
        let end = &self.ends[side];
        let is_known = !end.sockets.of_inode(inode).is_empty() || end.is_connecting_to(tuple.peer);
        if self.is_inside(side, &tuple) && (inode == 0 || !is_known) && !end.named.has(&tuple) {
            self.note_inside(at, side);
            return true;
        }
        if inode != 0 {
            self.adopt(side, inode, tuple, to);
        } else if from == State::Close && matches!(to, State::SynRecv | State::Established | State::CloseWait) {
            // In the queue of a program's listener; in that of the endpoint's it has no name before accept gives it one.
            // A listener that is not known yet is no endpoint's: a program's, which has listened since the last look.
            let listener = self.listener_of(side, &tuple);
            if listener.is_none_or(|listener| listener.owner().is_some()) {
                self.name_program_socket(side, tuple, to, None);
            }
        }
        false
    }

    /// Returns the process that a connection of that host waits for, to be accepted; none where the listener is not a program's.
    pub fn acceptor(&self, side: Side, tuple: &Tuple) -> Option<&SocketOwner> {
        self.listener_of(side, tuple)?.owner()
    }

    /// Returns the listener that a connection of that host came through.
    fn listener_of(&self, side: Side, tuple: &Tuple) -> Option<&Socket> {
        let through = |listener: &Tuple| tuple.came_through(listener.local);
        let mut listeners = self.ends[side].sockets.listening();
        listeners.find(|socket| socket.tuple.as_ref().is_some_and(through))
    }

    /// Tells once that connections of that host with itself are not seen on the wire.
    fn note_inside(&mut self, at: MonoTime, side: Side) {
        if std::mem::replace(&mut self.ends[side].has_inside, true) {
            return;
        }
        let text = format!(
            "a connection of the {side}'s host with itself: it goes over the host's own loopback device, not over the wire, \
             and is not shown"
        );
        self.transcript.push(at, EntryKind::Note { text });
    }

    /// Returns whether these are the addresses of a connection of the host with itself, which does not come to the wire.
    pub(super) fn is_inside(&self, side: Side, tuple: &Tuple) -> bool {
        let own = self.lab.addresses[side];
        let is_own = |ip: IpAddr| ip.is_loopback() || ip == own;
        self.lab.kind == LabKind::Isolated
            && !tuple.is_listener()
            && is_own(tuple.local.ip())
            && is_own(tuple.peer.ip())
    }

    /// Does a SYN from the other host to the lab's address reach that listener? One at `[::]` takes IPv4, too.
    pub(super) fn is_reached(&self, side: Side, listener: &Tuple) -> bool {
        let (at, own) = (listener.local.ip(), self.lab.addresses[side]);
        match at.is_unspecified() {
            true => at.is_ipv6() || own.is_ipv4(),
            false => at == own || (at.is_loopback() && own.is_loopback()),
        }
    }

    /// The number of the connections of a host with itself that programs on it have.
    pub fn inside(&self, side: Side) -> usize {
        if !self.programs.ran_on(side) {
            return 0;
        }
        let end = &self.ends[side];
        let rows = end.table.rows().iter().map(|observed| &observed.row);
        let inside = rows.filter(|row| self.is_inside(side, &row.tuple) && !end.is_named(row));
        // Each stands there with both of its ends.
        inside.count().div_ceil(2)
    }

    /// The process that holds a socket of a program; none of the endpoint's, and of one that nobody has accepted.
    pub fn owner_of(&self, side: Side, name: &SocketName) -> Option<&SocketOwner> {
        self.ends[side].socket(name)?.owner()
    }

    /// Returns the socket that a call without a socket's name would go to and be refused on, for it is a program's; none where it would not be.
    pub fn refused_target(&self, side: Side, request: &CallRequest) -> Option<&Socket> {
        let end = &self.ends[side];
        let target = end.socket(current_target(end, request)?)?;
        (!target.is_endpoints()).then_some(target)
    }

    /// Refuses a call on a socket of a program's.
    pub(super) fn require_own(&self, side: Side, name: &SocketName) -> Result<(), CommandError> {
        let Some(socket) = self.ends[side].socket(name) else {
            return Ok(());
        };
        let shown = socket.shown().clone();
        let whose = match &socket.maker {
            SocketMaker::Endpoint => return Ok(()),
            SocketMaker::Program(Some(owner)) => {
                format!("{shown} is {}'s (pid {})", owner.name, owner.pid)
            }
            SocketMaker::Program(None) => {
                let view = self.view_named(side, &shown);
                match view.is_some_and(|view| view.held == HeldBy::Queued) {
                    true => format!("{shown} waits for a program to accept it"),
                    false => format!("{shown} was a program's, which has closed it"),
                }
            }
        };
        Err(CommandError::Impossible(format!(
            "{whose}: finwait makes no calls on it; act on its segments with wire, on its program with {side} signal, or end it with {side} destroy on={shown}"
        )))
    }
}

/// The first name of that role with that number.
fn name_of(role: SocketRole, number: u32) -> Option<SocketName> {
    let number = NonZeroU32::new(number)?;
    let connection = ConnectionId { role, number };
    SocketId { connection, dup: None }.name()
}

/// The inode, the addresses and the state in a row.
const fn of_row(row: &SocketRow) -> (u64, Tuple, State) {
    (row.inode, row.tuple, row.state)
}
