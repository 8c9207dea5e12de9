//! The rows of a host's table, found by inode and by addresses.

use std::collections::HashSet;

use finwait_model::hash::QuickMap;
use finwait_model::socket_table::{SocketRow, TimerKind, Tuple};
use finwait_model::state::State;

/// The rows of a table, in the kernel's order until one of them is read anew.
#[derive(Debug, Default)]
pub struct Rows {
    all: Vec<SocketRow>,
    by_inode: QuickMap<u64, usize>,
    /// Listeners are found by their local addresses with no peer, the last of those that share one.
    by_tuple: QuickMap<Tuple, usize>,
    /// The connections that wait for an acknowledgement.
    unacknowledged: HashSet<Tuple>,
}

impl Rows {
    /// Replaces all rows by what `read` makes of them.
    ///
    /// # Errors
    ///
    /// - What `read` returns; the rows are those that it has left then.
    pub fn replace<T, E>(&mut self, read: impl FnOnce(&mut Vec<SocketRow>) -> Result<T, E>) -> Result<T, E> {
        let read = read(&mut self.all);
        let Rows {
            all,
            by_inode,
            by_tuple,
            unacknowledged,
        } = self;
        by_inode.clear();
        by_tuple.clear();
        unacknowledged.clear();
        for (place, row) in all.iter().enumerate() {
            if row.inode != 0 {
                by_inode.insert(row.inode, place);
            }
            by_tuple.insert(row.tuple, place);
            if is_unacknowledged(row) {
                unacknowledged.insert(row.tuple);
            }
        }
        read
    }

    /// Puts a row in the place of the one with its addresses.
    pub fn put(&mut self, row: SocketRow) {
        if is_unacknowledged(&row) {
            self.unacknowledged.insert(row.tuple);
        } else {
            self.unacknowledged.remove(&row.tuple);
        }
        let place = match self.by_tuple.get(&row.tuple) {
            Some(place) => *place,
            None => self.all.len(),
        };
        self.by_tuple.insert(row.tuple, place);
        if let Some(before) = self.all.get(place)
            && before.inode != row.inode
        {
            self.by_inode.remove(&before.inode);
        }
        if row.inode != 0 {
            self.by_inode.insert(row.inode, place);
        }
        if place == self.all.len() {
            self.all.push(row);
        } else {
            self.all[place] = row;
        }
    }

    /// Takes the row with these addresses out.
    pub fn remove(&mut self, tuple: &Tuple) {
        self.unacknowledged.remove(tuple);
        let Some(place) = self.by_tuple.remove(tuple) else {
            return;
        };
        let row = self.all.swap_remove(place);
        self.by_inode.remove(&row.inode);
        // The last one has taken its place.
        if let Some(moved) = self.all.get(place) {
            self.by_tuple.insert(moved.tuple, place);
            if moved.inode != 0 {
                self.by_inode.insert(moved.inode, place);
            }
        }
    }

    /// All rows.
    pub fn all(&self) -> &[SocketRow] {
        &self.all
    }

    /// The row of the socket with this inode.
    pub fn of_inode(&self, inode: u64) -> Option<&SocketRow> {
        self.by_inode.get(&inode).map(|place| &self.all[*place])
    }

    /// The row with these addresses.
    pub fn of_tuple(&self, tuple: &Tuple) -> Option<&SocketRow> {
        self.by_tuple.get(tuple).map(|place| &self.all[*place])
    }

    /// The rows of connections that wait for an acknowledgement: a retransmission timer runs, for the first time or once more. Those
    /// whose change was [under way](is_between_states) when they were read are among them.
    pub fn unacknowledged(&self) -> impl Iterator<Item = &SocketRow> {
        self.unacknowledged.iter().filter_map(|tuple| self.of_tuple(tuple))
    }
}

fn is_unacknowledged(row: &SocketRow) -> bool {
    let is_timed = row.timer.is_some_and(|timer| timer.kind == TimerKind::Retransmit);
    row.state != State::Listen && is_timed || is_between_states(row)
}

/// Was the socket read while it went from one state to the next? In these states its own SYN or FIN counts among the bytes that are not
/// acknowledged, until the acknowledgement takes it off and the state follows (`tcp_rcv_state_process`). sock_diag reads the state
/// first and the queue last (`inet_sk_diag_fill`), and takes no lock.
pub fn is_between_states(row: &SocketRow) -> bool {
    let awaits = matches!(
        row.state,
        State::SynSent | State::FinWait1 | State::Closing | State::LastAck
    );
    let is_timed = row
        .timer
        .is_some_and(|timer| matches!(timer.kind, TimerKind::Retransmit | TimerKind::ZeroWindowProbe));
    awaits && row.tx_queue == 0 && !is_timed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(port: u16, inode: u64) -> SocketRow {
        SocketRow {
            tuple: tuple(port),
            state: State::Established,
            rx_queue: 0,
            tx_queue: 0,
            timer: None,
            retransmits: 0,
            inode,
            info: None,
        }
    }

    fn tuple(port: u16) -> Tuple {
        Tuple {
            local: ([10, 0, 0, 1], port).into(),
            peer: ([10, 0, 0, 2], 8080).into(),
        }
    }

    #[test]
    fn a_row_is_found_by_inode_and_addresses_whatever_came_and_went() {
        let mut rows = Rows::default();
        let read = |all: &mut Vec<SocketRow>| {
            all.extend([row(1, 11), row(2, 0), row(3, 13)]);
            Ok::<(), ()>(())
        };
        assert_eq!(rows.replace(read), Ok(()));
        rows.put(row(4, 14));
        // Accepted.
        rows.put(row(2, 12));
        rows.remove(&tuple(1));
        // Closed.
        rows.put(row(3, 0));
        let found = |tuple: Tuple| rows.of_tuple(&tuple).map(|row| row.inode);
        assert_eq!([1, 2, 3, 4].map(tuple).map(found), [None, Some(12), Some(0), Some(14)]);
        let ports = [11, 12, 13, 14].map(|inode| rows.of_inode(inode).map(|row| row.tuple.local.port()));
        assert_eq!(ports, [None, Some(2), None, Some(4)]);
        assert_eq!(rows.all().len(), 3);
    }
}
