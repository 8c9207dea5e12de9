//! A host's socket table as it was last read, with ways to find a row.

use std::collections::HashSet;
use std::net::SocketAddr;

use crate::clock::MonoTime;
use crate::hash::QuickMap;
use crate::lab::event::ObservedSocket;
use crate::socket_table::{SocketRow, Tuple};
use crate::state::State;

/// A host's socket table.
#[derive(Debug, Default)]
pub struct HostTable {
    rows: Vec<ObservedSocket>,
    read_at: MonoTime,
    by_inode: QuickMap<u64, usize>,
    by_tuple: QuickMap<Tuple, usize>,
    /// Listeners by their addresses and inodes: several may share an address.
    listeners: QuickMap<(SocketAddr, u64), usize>,
    /// Connections in SYN_RECV that no program holds.
    requests: HashSet<Tuple>,
}

impl HostTable {
    /// The table as it was read at `read_at`.
    pub fn new(rows: Vec<ObservedSocket>, read_at: MonoTime) -> HostTable {
        let mut table = HostTable {
            rows,
            read_at,
            ..HostTable::default()
        };
        (0..table.rows.len()).for_each(|place| table.enter(place));
        table
    }

    /// Puts a row that was read alone in the place of the one of its socket, or behind the others.
    pub fn put(&mut self, observed: ObservedSocket) {
        let known = match observed.row.state {
            State::Listen => {
                let key = (observed.row.tuple.local, observed.row.inode);
                self.listeners.get(&key).copied()
            }
            _ => self.of_tuple(&observed.row.tuple),
        };
        let place = known.unwrap_or(self.rows.len());
        if place == self.rows.len() {
            self.rows.push(observed);
        } else {
            self.leave(place);
            self.rows[place] = observed;
        }
        self.enter(place);
    }

    /// Takes out the row of the connection with these addresses; returns it.
    pub fn remove(&mut self, tuple: &Tuple) -> Option<ObservedSocket> {
        let place = self.of_tuple(tuple)?;
        let last = self.rows.len() - 1;
        self.leave(place);
        if place != last {
            self.leave(last);
        }
        let removed = self.rows.swap_remove(place);
        if place != last {
            self.enter(place);
        }
        Some(removed)
    }

    fn enter(&mut self, place: usize) {
        let row = &self.rows[place].row;
        if row.inode != 0 {
            self.by_inode.insert(row.inode, place);
        }
        if row.state == State::Listen {
            self.listeners.insert((row.tuple.local, row.inode), place);
        } else {
            self.by_tuple.insert(row.tuple, place);
        }
        if is_request(row) {
            self.requests.insert(row.tuple);
        }
    }

    fn leave(&mut self, place: usize) {
        let row = &self.rows[place].row;
        self.by_inode.remove(&row.inode);
        if row.state == State::Listen {
            self.listeners.remove(&(row.tuple.local, row.inode));
        } else {
            self.by_tuple.remove(&row.tuple);
        }
        self.requests.remove(&row.tuple);
    }

    /// The rows, in the kernel's order until one of them is read alone.
    pub fn rows(&self) -> &[ObservedSocket] {
        &self.rows
    }

    /// Returns when it was read: countdowns count from here.
    pub const fn read_at(&self) -> MonoTime {
        self.read_at
    }

    /// The rows that listen, by address.
    pub fn listening(&self) -> impl Iterator<Item = &SocketRow> {
        self.listeners.values().map(|place| &self.rows[*place].row)
    }

    /// The place of the row that a descriptor with this inode holds.
    pub fn of_inode(&self, inode: u64) -> Option<usize> {
        self.by_inode.get(&inode).copied()
    }

    /// The place of the connection with these addresses.
    pub fn of_tuple(&self, tuple: &Tuple) -> Option<usize> {
        self.by_tuple.get(tuple).copied()
    }

    /// The places of the rows with these addresses: of one connection, or of all that listen there.
    pub fn places(&self, tuple: &Tuple) -> Vec<usize> {
        let listening = self.listeners.iter().filter(|((local, _), _)| *local == tuple.local);
        let listening = listening.filter(|_| tuple.is_listener()).map(|(_, place)| *place);
        listening.chain(self.of_tuple(tuple)).collect()
    }

    /// Could this connection be in the queue of one of the listeners?
    pub fn in_a_queue(&self, tuple: &Tuple) -> bool {
        self.listeners.keys().any(|(listener, _)| tuple.came_through(*listener))
    }

    /// Has a listener at that address a request: a connection in SYN_RECV that no program holds?
    pub fn has_request(&self, listener: SocketAddr) -> bool {
        self.requests.iter().any(|request| request.came_through(listener))
    }

    /// Does a timer still run at `now`?
    pub fn counts_down(&self, now: MonoTime) -> bool {
        let past = now.since(self.read_at);
        self.rows
            .iter()
            .any(|observed| observed.row.timer.is_some_and(|timer| timer.left > past))
    }
}

fn is_request(row: &SocketRow) -> bool {
    row.state == State::SynRecv && row.inode == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::test_lab_events::row;

    fn observed(port: u16, inode: u64, state: State) -> ObservedSocket {
        row(tuple(port), state, inode)
    }

    fn tuple(port: u16) -> Tuple {
        Tuple {
            local: ([10, 0, 0, 2], 8080).into(),
            peer: ([10, 0, 0, 1], port).into(),
        }
    }

    #[test]
    fn a_row_that_is_read_alone_is_found_as_in_a_table_that_is_read_whole() {
        let rows = vec![
            observed(0, 9, State::Listen),
            observed(1, 11, State::Established),
            observed(2, 0, State::SynRecv),
            observed(3, 13, State::Established),
        ];
        let mut table = HostTable::new(rows, MonoTime(0));
        assert!(table.has_request(tuple(1).local));
        table.put(observed(2, 0, State::Established));
        table.put(observed(2, 12, State::Established));
        table.put(observed(4, 0, State::SynRecv));
        assert_eq!(table.remove(&tuple(1)).map(|gone| gone.row.inode), Some(11));
        table.remove(&tuple(4));
        assert!(!table.has_request(tuple(1).local) && table.in_a_queue(&tuple(5)));
        let mut again = HostTable::new(table.rows().to_vec(), MonoTime(0));
        again.read_at = table.read_at();
        let places = |table: &HostTable| {
            let inodes = [9, 11, 12, 13].map(|inode| table.of_inode(inode));
            (inodes, [0, 1, 2, 3, 4].map(|port| table.of_tuple(&tuple(port))))
        };
        assert_eq!(places(&table), places(&again));
        assert_eq!(table.rows().len(), 3);
    }
}
