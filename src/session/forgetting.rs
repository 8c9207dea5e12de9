//! What is forgotten: a program's socket and a connection that are over, once the transcript has dropped the last entry about them.
//!
//! So what is kept is bounded by the transcript and by what is there now, however many connections a load generator has made. The sockets of
//! the endpoints, which the user drives by name, are kept, and their connections with them; so is the socket that is looked at.

use super::Session;
use super::connections::ConnectionNo;
use super::end::SockId;
use super::sockets::SocketNo;
use crate::call::ConnectionId;
use crate::explain::EntryNo;
use crate::side::Side;
use crate::socket_table::Tuple;

/// The most things of a kind that are looked at after an input: more than an input adds, and few enough that nobody waits for it.
const AT_ONCE: usize = 16;

/// What is to be done with a thing.
enum Verdict {
    /// Nothing needs it any more.
    Forget,
    /// It is looked at again once that entry is lost.
    KeepUntil(EntryNo),
}

impl Session {
    /// Forgets what is over, and what the transcript has no entry about any more.
    pub(super) fn forget(&mut self) {
        if self.transcript.dropped() == 0 {
            return;
        }
        let oldest = self.transcript.oldest();
        for _ in 0..AT_ONCE {
            let Some(no) = self.connections.due.take(oldest) else {
                break;
            };
            match self.verdict_on_connection(no) {
                Verdict::Forget => self.forget_connection(no),
                Verdict::KeepUntil(entry) => self.connections.due.add(no, entry),
            }
        }
        for side in Side::BOTH {
            for _ in 0..AT_ONCE {
                let Some(no) = self.ends[side].sockets.due.take(oldest) else {
                    break;
                };
                match self.verdict_on_socket(side, no) {
                    Verdict::Forget => self.forget_socket(side, no),
                    Verdict::KeepUntil(entry) => self.ends[side].sockets.due.add(no, entry),
                }
            }
            for _ in 0..AT_ONCE {
                let Some(id) = self.ends[side].socks.due.take(oldest) else {
                    break;
                };
                match self.is_sock_needed(side, id) {
                    false => self.ends[side].socks.forget(id),
                    true => self.ends[side].socks.due.add(id, self.transcript.last()),
                }
            }
            for _ in 0..AT_ONCE {
                let Some(inode) = self.ends[side].unnamed.due.take(oldest) else {
                    break;
                };
                if self.may_get_a_name(side, inode) {
                    self.ends[side].unnamed.due.add(inode, self.transcript.last());
                } else {
                    self.ends[side].unnamed.remove(inode);
                }
            }
        }
    }

    /// Keeps a connection until what has been told so far is lost.
    fn keep(&self) -> Verdict {
        Verdict::KeepUntil(self.transcript.last())
    }

    fn verdict_on_connection(&self, no: ConnectionNo) -> Verdict {
        let Some(told) = self.connections.told_of_over(no) else {
            return self.keep();
        };
        if told >= self.transcript.oldest() {
            return Verdict::KeepUntil(told);
        }
        let tuples: Vec<(Side, Tuple)> = self.connections.tuples(no).collect();
        let is_driven = |(side, tuple): &(Side, Tuple)| {
            let end = &self.ends[*side];
            let name = self.connections.name(*side, no).or_else(|| end.named.get(tuple));
            name.and_then(|name| end.socket(name))
                .is_some_and(|socket| socket.is_endpoints())
        };
        // What waits on the wire is told once more.
        let waits = || {
            let mut held = self.wire.held.values();
            held.any(|waiting| {
                let ends = waiting.record.packet.connection();
                ends.is_some_and(|(local, peer)| tuples.iter().any(|(_, tuple)| *tuple == Tuple { local, peer }))
            })
        };
        match tuples.iter().any(is_driven) || waits() {
            true => self.keep(),
            false => Verdict::Forget,
        }
    }

    fn forget_connection(&mut self, no: ConnectionNo) {
        let tuples: Vec<(Side, Tuple)> = self.connections.tuples(no).collect();
        // What was kept for its sake is looked at.
        for (side, name) in self.connections.forget(no) {
            let sockets = &mut self.ends[side].sockets;
            if let Some(no) = sockets.number(&name).filter(|no| !sockets[*no].is_endpoints()) {
                sockets.due.add(no, 0);
            }
        }
        for (side, tuple) in tuples {
            if self.connections.newest(tuple).is_none() {
                self.inferred.forget(side, tuple);
            }
            let socks = &mut self.ends[side].socks;
            if let Some(id) = socks.of_tuple(&tuple) {
                socks.due.add(id, 0);
            }
        }
    }

    fn verdict_on_socket(&self, side: Side, no: SocketNo) -> Verdict {
        let end = &self.ends[side];
        let Some(socket) = end.sockets.get(no) else {
            return Verdict::Forget;
        };
        let is_there = socket.open || end.place(socket).is_some();
        let is_looked_at = end.current.as_ref() == Some(&socket.name);
        if is_there || is_looked_at || self.connections.has_of(side, &socket.name) {
            return self.keep();
        }
        match socket.told >= self.transcript.oldest() {
            true => Verdict::KeepUntil(socket.told),
            false => Verdict::Forget,
        }
    }

    fn forget_socket(&mut self, side: Side, no: SocketNo) {
        let end = &mut self.ends[side];
        let Some(socket) = end.sockets.forget(no) else { return };
        end.forget_changed(no);
        end.named.forget(&socket.name);
        end.names.forget(&socket.name);
        // Its record goes with it, unless its connection is still known.
        end.socks.take_out_of_the_queue(socket.sock);
        end.socks.due.add(socket.sock, 0);
        match socket.name.id().map(|id| id.connection) {
            Some(ConnectionId { role, number }) if role == side.into() => {
                let other = side.other();
                self.ends[other].names.has_no_peer(other.into(), number.get());
            }
            _ => {}
        }
    }

    /// Is the record of a socket of the kernel's needed: for a socket with a name, a connection, or one that accept may yet take?
    fn is_sock_needed(&self, side: Side, id: SockId) -> bool {
        let end = &self.ends[side];
        let is_connections =
            |tuple: &Tuple| end.table.of_tuple(tuple).is_some() || self.connections.newest(*tuple).is_some();
        end.sockets.of_sock(id).next().is_some()
            || end.socks.tuples(id).any(is_connections)
            || end.socks.is_queued(id) && end.listener().is_some()
    }

    /// May the socket of a program of that inode, which has no name, get one?
    fn may_get_a_name(&self, side: Side, inode: u64) -> bool {
        let holder = self.ends[side].unnamed.holder(inode);
        holder.is_some_and(|holder| {
            let program = holder.program.and_then(|no| self.programs.get(no));
            program.is_none_or(|program| program.is_alive())
        })
    }
}

#[cfg(test)]
mod tests;
