//! The sockets of an end, its endpoint's and its programs', in the order in which they came, found by name, by inode and by the kernel's
//! socket.

use std::ops::Deref;

use super::Socket;
use super::end::SockId;
use crate::call::SocketName;
use crate::hash::QuickMap;

/// The sockets that an endpoint made, and those of programs, the oldest first.
#[derive(Debug, Default)]
pub struct Sockets {
    all: Vec<Socket>,
    /// The places of the endpoint's.
    own: Vec<usize>,
    /// By both of their names.
    by_name: QuickMap<SocketName, usize>,
    by_inode: QuickMap<u64, Vec<usize>>,
    by_sock: QuickMap<SockId, Vec<usize>>,
}

impl Deref for Sockets {
    type Target = [Socket];

    fn deref(&self) -> &[Socket] {
        &self.all
    }
}

impl Sockets {
    /// Adds one.
    pub(super) fn push(&mut self, socket: Socket) {
        let place = self.all.len();
        if socket.is_endpoints() {
            self.own.push(place);
        }
        self.all.push(socket);
        self.enter(place);
    }

    /// The place of the one of that name.
    pub(super) fn place(&self, name: &SocketName) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The one of that name.
    pub(super) fn named(&self, name: &SocketName) -> Option<&Socket> {
        self.place(name).map(|place| &self.all[place])
    }

    /// The places of the endpoint's, the oldest first. Programs may have made many more.
    pub(super) fn own(&self) -> &[usize] {
        &self.own
    }

    /// The places of those with that inode, the oldest first.
    pub(super) fn of_inode(&self, inode: u64) -> &[usize] {
        self.by_inode.get(&inode).map_or(&[], Vec::as_slice)
    }

    /// Returns the entries of one socket of the kernel's, the oldest first.
    pub(super) fn of_sock(&self, sock: SockId) -> impl Iterator<Item = &Socket> {
        let places = self.by_sock.get(&sock).into_iter().flatten();
        places.map(|place| &self.all[*place])
    }

    /// Changes the one at that place.
    pub(super) fn change(&mut self, place: usize, change: impl FnOnce(&mut Socket)) {
        let Some(socket) = self.all.get_mut(place) else { return };
        let (inode, sock) = (socket.inode, socket.sock);
        change(socket);
        let (inode_now, sock_now) = (socket.inode, socket.sock);
        if let Some(inode) = inode.filter(|_| inode != inode_now) {
            leave(self.by_inode.get_mut(&inode), place);
        }
        if sock != sock_now {
            leave(self.by_sock.get_mut(&sock), place);
        }
        self.enter(place);
    }

    /// Notes that none of the endpoint's descriptors is open any more.
    pub(super) fn close_all(&mut self) {
        let own = self.all.iter_mut().filter(|socket| socket.is_endpoints());
        own.for_each(|socket| socket.open = false);
    }

    /// Takes out those that do not fit.
    pub(super) fn retain(&mut self, fits: impl Fn(&Socket) -> bool) {
        let all = std::mem::take(self).all;
        let left = all.into_iter().filter(fits);
        left.for_each(|socket| self.push(socket));
    }

    fn enter(&mut self, place: usize) {
        let socket = &self.all[place];
        for name in [Some(&socket.name), socket.called.as_ref()].into_iter().flatten() {
            if !self.by_name.contains_key(name) {
                self.by_name.insert(name.clone(), place);
            }
        }
        if let Some(inode) = socket.inode {
            join(self.by_inode.entry(inode).or_default(), place);
        }
        join(self.by_sock.entry(socket.sock).or_default(), place);
    }
}

fn join(places: &mut Vec<usize>, place: usize) {
    if let Err(at) = places.binary_search(&place) {
        places.insert(at, place);
    }
}

fn leave(places: Option<&mut Vec<usize>>, place: usize) {
    if let Some(places) = places {
        places.retain(|known| *known != place);
    }
}
