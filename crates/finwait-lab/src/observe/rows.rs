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

/// The rows of a table before it was read anew.
#[derive(Debug)]
pub struct PreviousRows {
    all: Vec<SocketRow>,
    by_tuple: QuickMap<Tuple, usize>,
}

impl PreviousRows {
    /// Compares them with the rows now, `are_alike` saying which count as the same: returns those that differ, as they were and as they are, one
    /// of which is none where a row came or went. None of all where a listener came or went, or several share an address: which one a row was
    /// its addresses do not tell.
    pub fn compared<'a>(
        &'a self,
        now: &'a Rows,
        are_alike: impl Fn(&SocketRow, &SocketRow) -> bool,
    ) -> Option<Vec<(Option<&'a SocketRow>, Option<&'a SocketRow>)>> {
        let is_ambiguous = self.by_tuple.len() != self.all.len() || now.by_tuple.len() != now.all.len();
        let before = |row: &SocketRow| Some(&self.all[*self.by_tuple.get(&row.tuple)?]);
        let listens = |row: &&SocketRow| row.state == State::Listen;
        let listeners = |rows: &[SocketRow]| rows.iter().filter(listens).count();
        let is_same = |row: &SocketRow| before(row).is_some_and(|before| before.inode == row.inode && listens(&before));
        let same = now.all.iter().filter(listens).all(is_same) && listeners(&self.all) == listeners(&now.all);
        if is_ambiguous || !same {
            return None;
        }
        let new = now.all.iter().filter_map(|row| match before(row) {
            Some(before) if are_alike(before, row) => None,
            before => Some((before, Some(row))),
        });
        let gone = self.all.iter().filter(|row| !now.by_tuple.contains_key(&row.tuple));
        Some(new.chain(gone.map(|row| (Some(row), None))).collect())
    }
}

impl Rows {
    /// Replaces all rows by what `read` makes of them.
    ///
    /// # Errors
    ///
    /// - What `read` returns; the rows are those that it has left then.
    pub fn replace<T, E>(&mut self, read: impl FnOnce(&mut Vec<SocketRow>) -> Result<T, E>) -> Result<T, E> {
        let read = read(&mut self.all);
        self.index();
        read
    }

    /// The same; also returns the rows before, by their addresses.
    ///
    /// # Errors
    ///
    /// - What `read` returns.
    pub fn exchange<T, E>(
        &mut self,
        read: impl FnOnce(&mut Vec<SocketRow>) -> Result<T, E>,
    ) -> Result<(T, PreviousRows), E> {
        let room = Vec::with_capacity(self.all.len());
        let all = std::mem::replace(&mut self.all, room);
        let by_tuple = std::mem::take(&mut self.by_tuple);
        let read = self.replace(read);
        Ok((read?, PreviousRows { all, by_tuple }))
    }

    fn index(&mut self) {
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
