//! The kernel's sockets (`struct sock`) at one end: several descriptors may share one, and one may have none.

use std::net::SocketAddr;

use crate::explain::Sock;
use crate::explain::rules::CallClass;
use crate::explain::sock::CallEntry;
use crate::hash::QuickMap;
use crate::session::due::Due;
use crate::socket_table::Tuple;

/// A socket of the kernel's at one end; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SockId(u64);

/// A socket's record, and what it is found by.
#[derive(Debug, Default)]
struct KnownSock {
    sock: Sock,
    inodes: Vec<u64>,
    tuples: Vec<Tuple>,
}

/// The kernel's sockets at one end, as far as the record has them.
#[derive(Debug, Default)]
pub(in crate::session) struct Socks {
    all: QuickMap<SockId, KnownSock>,
    next: u64,
    /// Those that are to be looked at: may they be forgotten?
    pub(in crate::session) due: Due<SockId>,
    /// Sockets that have or had a descriptor.
    by_inode: QuickMap<u64, SockId>,
    /// Connections, the newest that has these addresses.
    by_tuple: QuickMap<Tuple, SockId>,
    /// Older ones that are over and still in a listener's queue, the oldest first.
    queued: Vec<(Tuple, SockId)>,
}

impl Socks {
    /// Another one.
    pub(super) fn add(&mut self, sock: Sock) -> SockId {
        let id = SockId(self.next);
        self.next += 1;
        let known = KnownSock {
            sock,
            ..KnownSock::default()
        };
        self.all.insert(id, known);
        self.due.add(id, 0);
        id
    }

    /// The record of the socket.
    pub(in crate::session) fn get(&self, id: SockId) -> &Sock {
        &self.all[&id].sock
    }

    /// Changes the record of the socket.
    pub(in crate::session) fn change(&mut self, id: SockId, change: impl FnOnce(&mut Sock)) {
        if let Some(known) = self.all.get_mut(&id) {
            change(&mut known.sock);
        }
    }

    /// The newest connection with these addresses.
    pub(in crate::session) fn of_tuple(&self, tuple: &Tuple) -> Option<SockId> {
        self.by_tuple.get(tuple).copied()
    }

    /// The socket from accept, which does not say whose connection it took, is the one that was known before by its addresses.
    pub(super) fn become_one(&mut self, known: SockId, given: SockId, inode: Option<u64>) {
        let given = *self.get(given);
        if let Some(CallEntry {
            class: CallClass::Accept,
            entry,
        }) = given.peer
        {
            self.change(known, |sock| sock.inherit(&given, entry));
        }
        if let Some(inode) = inode {
            self.holds(inode, known);
        }
    }

    /// The socket whose state has changed: that of the inode, else the connection with these addresses, which may be a new one.
    pub(in crate::session) fn changed(&mut self, tuple: Tuple, inode: u64, begins: bool) -> SockId {
        let held = self.by_inode.get(&inode).copied().filter(|_| inode != 0);
        let known = held.or_else(|| self.of_tuple(&tuple).filter(|_| !begins));
        let id = known.unwrap_or_else(|| self.add(Sock::default()));
        if tuple.peer.port() != 0 {
            let older = self.by_tuple.insert(tuple, id).filter(|older| *older != id);
            if let Some(older) = older {
                self.due.add(older, 0);
                if self.get(older).is_in_a_queue() {
                    self.queued.push((tuple, older));
                }
            }
            if let Some(known) = self.all.get_mut(&id).filter(|known| !known.tuples.contains(&tuple)) {
                known.tuples.push(tuple);
            }
        }
        id
    }

    /// Returns a connection from `peer` to that local port, to any where none is given.
    pub(super) fn connection_from(&self, peer: SocketAddr, port: Option<u16>) -> Option<SockId> {
        let is_it = |tuple: &Tuple| tuple.peer == peer && port.is_none_or(|port| port == tuple.local.port());
        let mut all = self.by_tuple.iter();
        all.find(|(tuple, _)| is_it(tuple)).map(|(_, id)| *id)
    }

    /// Returns whether the socket of that inode is known.
    pub(super) fn has(&self, inode: u64) -> bool {
        self.by_inode.contains_key(&inode)
    }

    /// The inode stands for that socket.
    pub(in crate::session) fn holds(&mut self, inode: u64, sock: SockId) {
        self.by_inode.insert(inode, sock);
        if let Some(known) = self.all.get_mut(&sock).filter(|known| !known.inodes.contains(&inode)) {
            known.inodes.push(inode);
        }
    }

    /// The socket of a program that is seen for the first time: that of the inode, the connection with these addresses that waited in a
    /// queue, or a new one.
    pub(in crate::session) fn of_program(&mut self, tuple: Tuple, inode: Option<u64>, begins: bool) -> SockId {
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
    pub(super) fn take(&mut self, tuple: &Tuple) -> Option<SockId> {
        match self.queued.iter().position(|(queued, _)| queued == tuple) {
            Some(place) => Some(self.queued.remove(place).1),
            None => self.of_tuple(tuple),
        }
    }

    /// Returns the addresses of the connections of which that one is the newest; none of one that is forgotten.
    pub(in crate::session) fn tuples(&self, id: SockId) -> impl Iterator<Item = &Tuple> {
        let tuples = self.all.get(&id).into_iter().flat_map(|known| &known.tuples);
        tuples.filter(move |tuple| self.of_tuple(tuple) == Some(id))
    }

    /// Is it over, and still in a listener's queue?
    pub(in crate::session) fn is_queued(&self, id: SockId) -> bool {
        self.queued.iter().any(|(_, queued)| *queued == id)
    }

    /// Notes that it is in no queue: a program has had it.
    pub(in crate::session) fn take_out_of_the_queue(&mut self, id: SockId) {
        self.queued.retain(|(_, queued)| *queued != id);
    }

    /// Forgets the record of a socket that nothing refers to any more.
    pub(in crate::session) fn forget(&mut self, id: SockId) {
        let Some(known) = self.all.remove(&id) else { return };
        self.due.remove(id);
        for tuple in known.tuples {
            if self.by_tuple.get(&tuple) == Some(&id) {
                self.by_tuple.remove(&tuple);
            }
        }
        for inode in known.inodes {
            if self.by_inode.get(&inode) == Some(&id) {
                self.by_inode.remove(&inode);
            }
        }
        self.take_out_of_the_queue(id);
    }

    /// Returns the sizes of all that is kept.
    #[cfg(test)]
    pub(in crate::session) fn sizes(&self) -> [usize; 4] {
        let Socks {
            all,
            by_inode,
            by_tuple,
            queued,
            ..
        } = self;
        [all.len(), by_inode.len(), by_tuple.len(), queued.len()]
    }
}
