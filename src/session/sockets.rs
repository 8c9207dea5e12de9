//! The sockets of an end, its endpoint's and its programs', in the order in which they came, found by name, by inode and by the kernel's
//! socket.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, Index};

use super::Socket;
use super::due::Due;
use super::end::SockId;
use crate::call::SocketName;
use crate::hash::QuickMap;

/// The number of a socket among all that an end has had, in the order in which they came; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketNo(u64);

/// The sockets that an endpoint made, and those of programs, the oldest first.
#[derive(Debug, Default)]
pub struct Sockets {
    all: BTreeMap<SocketNo, Socket>,
    next: u64,
    /// The endpoint's.
    own: Vec<SocketNo>,
    /// Those that a descriptor is open of, and the listeners among them.
    open: BTreeSet<SocketNo>,
    listening: BTreeSet<SocketNo>,
    /// By both of their names.
    by_name: QuickMap<SocketName, SocketNo>,
    by_inode: QuickMap<u64, Vec<SocketNo>>,
    by_sock: QuickMap<SockId, Vec<SocketNo>>,
    /// The programs' that are to be looked at: may they be forgotten?
    pub(super) due: Due<SocketNo>,
    /// The number of programs' that were forgotten.
    forgotten: usize,
}

impl Index<SocketNo> for Sockets {
    type Output = Socket;

    fn index(&self, no: SocketNo) -> &Socket {
        &self.all[&no]
    }
}

impl Sockets {
    /// Adds one; returns its number.
    pub(super) fn push(&mut self, socket: Socket) -> SocketNo {
        let no = SocketNo(self.next);
        self.next += 1;
        match socket.is_endpoints() {
            true => self.own.push(no),
            false => self.due.add(no, 0),
        }
        self.all.insert(no, socket);
        self.enter(no);
        no
    }

    /// Returns those that are kept, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Socket> {
        self.all.values()
    }

    /// Returns the numbers of those that are kept, the oldest first.
    pub(super) fn numbers(&self) -> impl DoubleEndedIterator<Item = SocketNo> {
        self.all.keys().copied()
    }

    /// Returns how many are kept.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Returns whether there has been none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.forgotten == 0
    }

    /// Returns how many programs' sockets were over, and are forgotten.
    pub const fn forgotten(&self) -> usize {
        self.forgotten
    }

    /// The one of that number; none once it is forgotten.
    pub(super) fn get(&self, no: SocketNo) -> Option<&Socket> {
        self.all.get(&no)
    }

    /// The newest that is kept.
    pub fn last(&self) -> Option<&Socket> {
        self.all.last_key_value().map(|(_, socket)| socket)
    }

    /// The one that came after the one of that name; after the last, and where there is none of that name, the first.
    pub(super) fn after(&self, name: Option<&SocketName>) -> Option<&Socket> {
        let newer = |no| self.all.range((Bound::Excluded(no), Bound::Unbounded)).next();
        let next = name.and_then(|name| self.number(name)).and_then(newer);
        next.or(self.all.first_key_value()).map(|(_, socket)| socket)
    }

    /// The number of the one of that name.
    pub(super) fn number(&self, name: &SocketName) -> Option<SocketNo> {
        self.by_name.get(name).copied()
    }

    /// The one of that name.
    pub(super) fn named(&self, name: &SocketName) -> Option<&Socket> {
        self.number(name).map(|no| &self[no])
    }

    /// The endpoint's, the oldest first. Programs may have made many more.
    pub(super) fn own(&self) -> &[SocketNo] {
        &self.own
    }

    /// Those that a descriptor is open of, the oldest first.
    pub(super) fn open(&self) -> impl Iterator<Item = SocketNo> {
        self.open.iter().copied()
    }

    /// The listeners that a descriptor is open of, the oldest first.
    pub(super) fn listening(&self) -> impl Iterator<Item = &Socket> {
        self.listening.iter().map(|no| &self[*no])
    }

    /// Those with that inode, the oldest first.
    pub(super) fn of_inode(&self, inode: u64) -> &[SocketNo] {
        self.by_inode.get(&inode).map_or(&[], Vec::as_slice)
    }

    /// Returns the entries of one socket of the kernel's, the oldest first.
    pub(super) fn of_sock(&self, sock: SockId) -> impl Iterator<Item = &Socket> {
        let numbers = self.by_sock.get(&sock).into_iter().flatten();
        numbers.map(|no| &self[*no])
    }

    /// Changes the one of that number.
    pub(super) fn change(&mut self, no: SocketNo, change: impl FnOnce(&mut Socket)) {
        let Some(socket) = self.all.get_mut(&no) else { return };
        let (inode, sock) = (socket.inode, socket.sock);
        change(socket);
        let (inode_now, sock_now) = (socket.inode, socket.sock);
        if let Some(inode) = inode.filter(|_| inode != inode_now) {
            leave(&mut self.by_inode, &inode, no);
        }
        if sock != sock_now {
            leave(&mut self.by_sock, &sock, no);
        }
        self.enter(no);
    }

    /// Notes that none of the endpoint's descriptors is open any more.
    pub(super) fn close_all(&mut self) {
        for no in self.own.clone() {
            self.change(no, |socket| socket.open = false);
        }
    }

    /// Takes out those that do not fit.
    pub(super) fn retain(&mut self, fits: impl Fn(&Socket) -> bool) {
        let others = self.all.iter().filter(|(_, socket)| !fits(socket));
        let others: Vec<SocketNo> = others.map(|(no, _)| *no).collect();
        for no in others {
            self.take_out(no);
        }
    }

    /// Forgets one of a program's; returns it.
    pub(super) fn forget(&mut self, no: SocketNo) -> Option<Socket> {
        let socket = self.take_out(no)?;
        self.forgotten += 1;
        Some(socket)
    }

    fn take_out(&mut self, no: SocketNo) -> Option<Socket> {
        let socket = self.all.remove(&no)?;
        self.due.remove(no);
        if socket.is_endpoints() {
            self.own.retain(|own| *own != no);
        }
        self.open.remove(&no);
        self.listening.remove(&no);
        for name in [Some(&socket.name), socket.called.as_ref()].into_iter().flatten() {
            if self.by_name.get(name) == Some(&no) {
                self.by_name.remove(name);
            }
        }
        if let Some(inode) = socket.inode {
            leave(&mut self.by_inode, &inode, no);
        }
        leave(&mut self.by_sock, &socket.sock, no);
        Some(socket)
    }

    fn enter(&mut self, no: SocketNo) {
        let socket = &self.all[&no];
        for name in [Some(&socket.name), socket.called.as_ref()].into_iter().flatten() {
            if !self.by_name.contains_key(name) {
                self.by_name.insert(name.clone(), no);
            }
        }
        if let Some(inode) = socket.inode {
            join(self.by_inode.entry(inode).or_default(), no);
        }
        join(self.by_sock.entry(socket.sock).or_default(), no);
        put(&mut self.open, no, socket.open);
        let listens = socket.tuple.is_some_and(|tuple| tuple.is_listener());
        put(&mut self.listening, no, socket.open && listens);
    }
}

fn put(set: &mut BTreeSet<SocketNo>, no: SocketNo, belongs: bool) {
    match belongs {
        true => set.insert(no),
        false => set.remove(&no),
    };
}

fn join(numbers: &mut Vec<SocketNo>, no: SocketNo) {
    if let Err(at) = numbers.binary_search(&no) {
        numbers.insert(at, no);
    }
}

fn leave<K: Eq + std::hash::Hash>(of: &mut QuickMap<K, Vec<SocketNo>>, key: &K, no: SocketNo) {
    if let Some(numbers) = of.get_mut(key) {
        numbers.retain(|known| *known != no);
        if numbers.is_empty() {
            of.remove(key);
        }
    }
}
