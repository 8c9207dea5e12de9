//! The sockets of programs that have no name yet: nobody has seen them in the host's table.

use crate::hash::QuickMap;
use crate::program::SocketOwner;
use crate::session::due::Due;

/// A socket that a process of a program holds.
#[derive(Debug)]
struct UnnamedSocket {
    owner: SocketOwner,
    /// That process was seen to close it.
    is_closed: bool,
}

/// The sockets of programs that have no name yet, by inode.
#[derive(Debug, Default)]
pub(in crate::session) struct UnnamedSockets {
    all: QuickMap<u64, UnnamedSocket>,
    /// Those that are to be looked at: may they be forgotten?
    pub(in crate::session) due: Due<u64>,
}

impl UnnamedSockets {
    /// Notes the process that holds the socket of that inode.
    pub(in crate::session) fn insert(&mut self, inode: u64, owner: SocketOwner) {
        let is_closed = false;
        if self.all.insert(inode, UnnamedSocket { owner, is_closed }).is_none() {
            self.due.add(inode, 0);
        }
    }

    /// Takes out the process that holds the socket of that inode.
    pub(in crate::session) fn remove(&mut self, inode: u64) -> Option<SocketOwner> {
        self.due.remove(inode);
        self.all.remove(&inode).map(|unnamed| unnamed.owner)
    }

    /// Notes that a process has closed a descriptor of the socket of that inode.
    pub(in crate::session) fn closed(&mut self, inode: u64, pid: u32) {
        if let Some(unnamed) = self.all.get_mut(&inode) {
            unnamed.is_closed |= unnamed.owner.pid == pid;
        }
    }

    /// Returns whether there is one of that inode.
    pub(in crate::session) fn has(&self, inode: u64) -> bool {
        self.all.contains_key(&inode)
    }

    /// Returns the process that holds the socket of that inode; none once that was seen to close it.
    pub(in crate::session) fn holder(&self, inode: u64) -> Option<&SocketOwner> {
        let unnamed = self.all.get(&inode)?;
        (!unnamed.is_closed).then_some(&unnamed.owner)
    }

    /// Returns how many there are.
    #[cfg(test)]
    pub(in crate::session) fn len(&self) -> usize {
        self.all.len()
    }

    /// Returns whether there is none.
    pub(in crate::session) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}
