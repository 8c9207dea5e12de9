//! An end's sockets beside the rows of its host's table.

use super::*;

impl End {
    /// Takes in the host's table as it was at `at`.
    pub(in crate::session) fn observe(&mut self, rows: Vec<ObservedSocket>, at: MonoTime) {
        let table = HostTable::new(rows, at);
        let mut before = std::mem::replace(&mut self.table, table);
        for place in 0..self.table.rows().len() {
            let row = &self.table.rows()[place].row;
            let old = match row.state {
                State::Listen => before.of_inode(row.inode).map(|place| &before.rows()[place].row),
                _ => before.of_tuple(&row.tuple).map(|place| &before.rows()[place].row),
            };
            if old.is_none_or(|old| !is_alike(old, row)) {
                self.changed.note(Changed::Row(row.tuple));
            }
            let (tuple, inode) = (row.tuple, row.inode);
            before.remove(&tuple);
            self.note_holder(&tuple, inode);
        }
        for gone in before.rows() {
            if self.table.of_inode(gone.row.inode).is_none() {
                self.gone(&gone.row);
            }
        }
        self.join(self.sockets.open().collect());
    }

    /// Takes in rows of the host's table that were read one by one, and the addresses of connections that are in it no longer.
    pub(in crate::session) fn observe_singly(&mut self, rows: Vec<ObservedSocket>, gone: &[Tuple]) {
        for tuple in gone {
            if let Some(gone) = self.table.remove(tuple) {
                self.gone(&gone.row);
            }
        }
        for observed in rows {
            let SocketRow { tuple, inode, .. } = observed.row;
            self.changed.note(Changed::Row(tuple));
            self.table.put(observed);
            self.note_holder(&tuple, inode);
            self.join_inode(Some(inode));
        }
    }

    /// A row is in the table no longer: the sockets that it was of have changed.
    fn gone(&mut self, row: &SocketRow) {
        self.changed.forget(&Changed::Row(row.tuple));
        self.note_holder(&row.tuple, 0);
        let named = self.named.get(&row.tuple).and_then(|name| self.sockets.number(name));
        for no in self.sockets.of_inode(row.inode).iter().copied().chain(named) {
            self.changed.note(Changed::Socket(no));
        }
    }

    /// Notes the inode of the row with these addresses, 0 for none: without one, a program holds its socket no longer.
    pub(in crate::session) fn note_holder(&mut self, tuple: &Tuple, inode: u64) {
        let no = self.named.get(tuple).and_then(|name| self.sockets.number(name));
        let Some(no) = no else { return };
        let socket = &self.sockets[no];
        if socket.open && inode == 0 && !socket.is_endpoints() {
            self.changed.note(Changed::Socket(no));
            self.sockets.change(no, |socket| socket.open = false);
        }
    }

    /// Learns the addresses of the open sockets with that inode from the table.
    pub(in crate::session) fn join_inode(&mut self, inode: Option<u64>) {
        if let Some(inode) = inode {
            self.join(self.sockets.of_inode(inode).to_vec());
        }
    }

    /// Learns the addresses of those of these sockets that are open from the table, by their inodes: the table may come before the outcome
    /// that tells the inode, or after it.
    fn join(&mut self, sockets: Vec<SocketNo>) {
        let mut seen = HashSet::new();
        for no in sockets {
            let socket = &self.sockets[no];
            let inode = socket.inode.filter(|_| socket.open);
            let Some(row) = inode.and_then(|inode| self.table.of_inode(inode)) else {
                continue;
            };
            let tuple = self.table.rows()[row].row.tuple;
            // The first descriptor of a socket names the connection, not its dup.
            if seen.insert(tuple) && self.named.get(&tuple) != Some(&socket.name) {
                self.named.insert(tuple, socket.name.clone());
            }
            if socket.tuple == Some(tuple) {
                continue;
            }
            let mut sock = socket.sock;
            // What accept took was a connection before it had a descriptor.
            if socket.tuple.is_none()
                && self.socks.get(sock).is_just_accepted()
                && let Some(known) = self.socks.of_tuple(&tuple)
            {
                self.socks.become_one(known, sock, inode);
                sock = known;
            }
            self.sockets
                .change(no, |socket| (socket.tuple, socket.sock) = (Some(tuple), sock));
        }
    }
}

/// Are they the same but for how much of a timer is left, and for what TCP_INFO counts?
fn is_alike(a: &SocketRow, b: &SocketRow) -> bool {
    let kind = |row: &SocketRow| row.timer.map(|timer| timer.kind);
    let fields = |row: &SocketRow| {
        (
            row.state,
            row.inode,
            row.rx_queue,
            row.tx_queue,
            row.retransmits,
            kind(row),
        )
    };
    fields(a) == fields(b)
}
