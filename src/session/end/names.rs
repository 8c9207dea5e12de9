//! The names that an end gives to its sockets.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;

use crate::call::{ConnectionId, SocketId, SocketName, SocketRole};

/// The names given to the sockets of an end so far, none of them twice.
#[derive(Debug, Default)]
pub(in crate::session) struct SocketNames {
    /// The greatest number of each role.
    newest: HashMap<SocketRole, u32>,
    /// Smaller numbers that are free, as the next one was to be that of the other end.
    left_out: HashSet<(SocketRole, u32)>,
    /// The number of dups of each connection.
    dups: HashMap<ConnectionId, u32>,
}

impl SocketNames {
    /// Returns a new name of that role: `client`, `client2`, ...; none when all numbers are given.
    pub(in crate::session) fn fresh(&mut self, role: SocketRole) -> Option<SocketName> {
        let number = next(self.newest.entry(role).or_default())?;
        let connection = ConnectionId { role, number };
        SocketId { connection, dup: None }.name()
    }

    /// Returns a new name for another descriptor of that connection: `client-dup`, `client-dup2`, ...; none when all numbers are given.
    pub(in crate::session) fn fresh_dup(&mut self, connection: ConnectionId) -> Option<SocketName> {
        let dup = Some(next(self.dups.entry(connection).or_default())?);
        SocketId { connection, dup }.name()
    }

    /// Returns the greatest number that a socket of that role was given; 0 where there is none.
    pub(in crate::session) fn newest(&self, role: SocketRole) -> u32 {
        self.newest.get(&role).copied().unwrap_or(0)
    }

    /// Returns whether no socket of that role was given that number.
    pub(in crate::session) fn is_free(&self, role: SocketRole, number: u32) -> bool {
        number > self.newest(role) || self.left_out.contains(&(role, number))
    }

    /// Gives the name of that role with that number, which is free; none for 0.
    pub(in crate::session) fn take(&mut self, role: SocketRole, number: u32) -> Option<SocketName> {
        let newest = self.newest(role);
        if number > newest {
            self.left_out
                .extend((newest + 1..number).map(|left_out| (role, left_out)));
            self.newest.insert(role, number);
        } else {
            self.left_out.remove(&(role, number));
        }
        let number = NonZeroU32::new(number)?;
        let connection = ConnectionId { role, number };
        SocketId { connection, dup: None }.name()
    }

    /// Takes back a name that no socket got, if it was the newest of its kind: the next socket may have it.
    pub(super) fn give_back(&mut self, name: &SocketName) {
        let Some(SocketId { connection, dup }) = name.id() else {
            return;
        };
        let (count, number) = match dup {
            Some(dup) => (self.dups.get_mut(&connection), dup),
            None => (self.newest.get_mut(&connection.role), connection.number),
        };
        if let Some(count) = count.filter(|count| **count == number.get()) {
            *count -= 1;
        }
    }
}

/// Counts one more.
fn next(count: &mut u32) -> Option<NonZeroU32> {
    *count = count.checked_add(1)?;
    NonZeroU32::new(*count)
}
