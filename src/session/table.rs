//! A host's socket table as it was last read, with ways to find a row.

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::clock::MonoTime;
use crate::lab::event::ObservedSocket;
use crate::socket_table::Tuple;
use crate::state::State;

/// A host's socket table.
#[derive(Debug, Default)]
pub struct HostTable {
    rows: Vec<ObservedSocket>,
    read_at: MonoTime,
    by_inode: HashMap<u64, usize>,
    by_tuple: HashMap<Tuple, usize>,
    listeners: Vec<SocketAddr>,
}

impl HostTable {
    /// The table as it was read at `read_at`.
    pub fn new(rows: Vec<ObservedSocket>, read_at: MonoTime) -> HostTable {
        let of =
            |keep: fn(&ObservedSocket) -> bool| rows.iter().enumerate().filter(move |(_, observed)| keep(observed));
        HostTable {
            by_inode: of(|observed| observed.row.inode != 0)
                .map(|(place, o)| (o.row.inode, place))
                .collect(),
            by_tuple: of(|observed| observed.row.state != State::Listen)
                .map(|(place, o)| (o.row.tuple, place))
                .collect(),
            listeners: of(|observed| observed.row.state == State::Listen)
                .map(|(_, o)| o.row.tuple.local)
                .collect(),
            rows,
            read_at,
        }
    }

    /// The rows, in the kernel's order.
    pub fn rows(&self) -> &[ObservedSocket] {
        &self.rows
    }

    /// Returns when it was read: countdowns count from here.
    pub const fn read_at(&self) -> MonoTime {
        self.read_at
    }

    /// The place of the row that a descriptor with this inode holds.
    pub fn of_inode(&self, inode: u64) -> Option<usize> {
        self.by_inode.get(&inode).copied()
    }

    /// The place of the connection with these addresses.
    pub fn of_tuple(&self, tuple: &Tuple) -> Option<usize> {
        self.by_tuple.get(tuple).copied()
    }

    /// Could this connection be in the queue of one of the listeners?
    pub fn in_a_queue(&self, tuple: &Tuple) -> bool {
        self.listeners.iter().any(|listener| tuple.came_through(*listener))
    }

    /// Does a timer still run at `now`?
    pub fn counts_down(&self, now: MonoTime) -> bool {
        let past = now.since(self.read_at);
        self.rows
            .iter()
            .any(|observed| observed.row.timer.is_some_and(|timer| timer.left > past))
    }
}
