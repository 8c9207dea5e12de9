//! The sockets of an endpoint, by name: what is known of each descriptor, and of the socket behind it.

use std::collections::{BTreeMap, BTreeSet};

use finwait_model::call::SocketName;
use finwait_model::hash::QuickMap;
use finwait_model::state::State;

/// A name's descriptor, and the socket behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct EndpointSocket {
    /// The descriptor's number, once it was reported.
    pub(super) fd: Option<i32>,
    /// The inode behind it, as it was when the descriptor was reported.
    pub(super) inode: Option<u64>,
    /// TCP_INFO's state, as last reported; `None` while the socket is in a table.
    pub(super) info: Option<State>,
    /// Whether the descriptor was closed.
    pub(super) is_closed: bool,
    /// Whether `listen` was called on it.
    pub(super) listens: bool,
}

/// All sockets of an endpoint's process; their names stay when their descriptors are closed.
#[derive(Debug, Default)]
pub(super) struct EndpointSockets {
    all: BTreeMap<SocketName, EndpointSocket>,
    /// The descriptors of each socket.
    by_inode: QuickMap<u64, Vec<SocketName>>,
    /// The sockets that may have come into a table, or left it, since they were looked at.
    suspects: BTreeSet<SocketName>,
}

impl EndpointSockets {
    /// Notes the descriptor that `name` stands for from now on.
    pub(super) fn open(&mut self, name: SocketName, fd: i32, inode: Option<u64>) {
        self.suspects.insert(name.clone());
        if let Some(inode) = inode {
            let names = self.by_inode.entry(inode).or_default();
            if !names.contains(&name) {
                names.push(name.clone());
            }
        }
        let socket = self.all.entry(name).or_default();
        (socket.fd, socket.inode, socket.is_closed) = (Some(fd), inode, false);
    }

    /// Notes that its descriptor was closed.
    pub(super) fn close(&mut self, name: SocketName) {
        self.suspects.insert(name.clone());
        self.all.entry(name).or_default().is_closed = true;
    }

    /// Notes that `listen` was called on it.
    pub(super) fn listen(&mut self, name: SocketName) {
        self.all.entry(name).or_default().listens = true;
    }

    /// The inode behind its descriptor; `None` where none is known.
    pub(super) fn inode(&self, name: &SocketName) -> Option<u64> {
        self.all.get(name)?.inode
    }

    /// Was its descriptor closed?
    pub(super) fn is_closed(&self, name: &SocketName) -> bool {
        self.all.get(name).is_some_and(|socket| socket.is_closed)
    }

    /// Was `listen` called on that socket, by this descriptor or another of the same socket?
    pub(super) fn is_listener(&self, name: &SocketName) -> bool {
        let Some(socket) = self.all.get(name) else { return false };
        let twins = socket.inode.and_then(|inode| self.by_inode.get(&inode));
        let mut twins = twins.into_iter().flatten().filter_map(|twin| self.all.get(twin));
        socket.listens || twins.any(|twin| twin.listens && twin.inode == socket.inode)
    }

    /// Each socket with its name, in the names' order.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&SocketName, &mut EndpointSocket)> {
        self.all.iter_mut()
    }

    /// Returns the socket of that name.
    pub(super) fn get_mut(&mut self, name: &SocketName) -> Option<&mut EndpointSocket> {
        self.all.get_mut(name)
    }

    /// Notes that the sockets with these inodes have come into a table or left it.
    pub(super) fn suspect(&mut self, inodes: Vec<u64>) {
        let names = inodes.iter().filter_map(|inode| self.by_inode.get(inode));
        self.suspects.extend(names.flatten().cloned());
    }

    /// The names of those that may have come into a table, or left it, since this was asked last.
    pub(super) fn suspects(&mut self) -> Vec<SocketName> {
        std::mem::take(&mut self.suspects).into_iter().collect()
    }

    /// All names.
    pub(super) fn names(&mut self) -> Vec<SocketName> {
        self.suspects.clear();
        self.all.keys().cloned().collect()
    }

    /// Forgets all: the process is gone, and a new one begins with none.
    pub(super) fn clear(&mut self) {
        *self = EndpointSockets::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> SocketName {
        SocketName::new(text).unwrap()
    }

    #[test]
    fn a_name_that_stands_for_a_new_descriptor_is_open_again() {
        let mut sockets = EndpointSockets::default();
        sockets.open(name("client"), 5, Some(7));
        sockets.close(name("client"));
        assert!(sockets.is_closed(&name("client")));
        sockets.open(name("client"), 6, None);
        assert!(!sockets.is_closed(&name("client")));
        assert_eq!(sockets.inode(&name("client")), None);
    }

    #[test]
    fn a_second_descriptor_of_a_listener_is_one_too() {
        let mut sockets = EndpointSockets::default();
        sockets.listen(name("listener"));
        for (text, inode) in [
            ("listener", Some(7)),
            ("twin", Some(7)),
            ("other", Some(8)),
            ("unknown", None),
        ] {
            sockets.open(name(text), 5, inode);
        }
        let listeners = ["listener", "twin", "other", "unknown", "nobody"].map(|text| sockets.is_listener(&name(text)));
        assert_eq!(listeners, [true, true, false, false, false]);
    }
}
