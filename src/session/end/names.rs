//! The names that an end gives to its sockets.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::num::NonZeroU32;

use crate::call::{ConnectionId, SocketId, SocketName, SocketRole};

/// The names given to the sockets of an end so far, none of them twice.
#[derive(Debug, Default)]
pub(in crate::session) struct SocketNames {
    /// The greatest number of each role.
    newest: HashMap<SocketRole, u32>,
    /// Smaller numbers that are free, as the next one was to be that of the other end.
    left_out: HashSet<(SocketRole, u32)>,
    /// The numbers of sockets that are forgotten, each run of them by its first: its last.
    forgotten: BTreeMap<(SocketRole, u32), u32>,
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

    /// Gives the name of that role with that number, which is free; none for 0. Of the numbers that it passes over, those stay free that are
    /// `left_out` for a socket of the other end.
    pub(in crate::session) fn take(
        &mut self,
        role: SocketRole,
        number: u32,
        left_out: &BTreeSet<u32>,
    ) -> Option<SocketName> {
        let newest = self.newest(role);
        if number > newest {
            let passed_over = left_out.range(newest + 1..number);
            self.left_out.extend(passed_over.map(|left_out| (role, *left_out)));
            self.newest.insert(role, number);
        } else {
            self.left_out.remove(&(role, number));
        }
        let number = NonZeroU32::new(number)?;
        let connection = ConnectionId { role, number };
        SocketId { connection, dup: None }.name()
    }

    /// Notes that the socket of that name is forgotten.
    pub(in crate::session) fn forget(&mut self, name: &SocketName) {
        let Some(ConnectionId { role, number }) = name.id().map(|id| id.connection) else {
            return;
        };
        let number = number.get();
        let next = number.checked_add(1).map(|next| (role, next));
        let last = next.and_then(|next| self.forgotten.remove(&next)).unwrap_or(number);
        let mut before = self.forgotten.range_mut(..(role, number));
        match before.next_back() {
            Some(((of, _), end)) if *of == role && end.checked_add(1) == Some(number) => *end = last,
            _ => drop(self.forgotten.insert((role, number), last)),
        }
    }

    /// Returns whether the socket of that name is forgotten.
    pub(in crate::session) fn has_forgotten(&self, name: &SocketName) -> bool {
        name.id().is_some_and(|SocketId { connection, dup }| {
            let (role, number) = (connection.role, connection.number.get());
            let run = self.forgotten.range(..=(role, number)).next_back();
            let is_in_it = |((of, _), last): (&(SocketRole, u32), &u32)| *of == role && number <= *last;
            dup.is_none() && run.is_some_and(is_in_it)
        })
    }

    /// Notes that the other end's socket of that number is forgotten: here no socket will have it.
    pub(in crate::session) fn has_no_peer(&mut self, role: SocketRole, number: u32) {
        self.left_out.remove(&(role, number));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> SocketName {
        SocketName::new(text).unwrap()
    }

    #[test]
    fn numbers_that_are_forgotten_in_any_order_are_few_runs() {
        let mut names = SocketNames::default();
        let clients = [3, 1, 9, 2, 7, 8, 5].map(|number| match number {
            1 => "client".to_owned(),
            number => format!("client{number}"),
        });
        clients.iter().for_each(|client| names.forget(&name(client)));
        for other in ["listener4", "server6"] {
            names.forget(&name(other));
        }
        let forgotten = (2..11).filter(|number| names.has_forgotten(&name(&format!("client{number}"))));
        assert_eq!(forgotten.collect::<Vec<_>>(), [2, 3, 5, 7, 8, 9]);
        assert!(names.has_forgotten(&name("client")) && names.has_forgotten(&name("server6")));
        assert!(
            !["listener", "server", "client4-dup", "client3-dup"]
                .map(|other| names.has_forgotten(&name(other)))
                .contains(&true)
        );
        let runs: Vec<u32> = names.forgotten.values().copied().collect();
        assert_eq!(runs, [4, 3, 5, 9, 6]);
    }

    #[test]
    fn a_number_that_is_passed_over_is_free_while_the_other_end_has_it() {
        let mut names = SocketNames::default();
        let role = SocketRole::Server;
        names.take(role, 6, &BTreeSet::from([4, 5, 6, 7]));
        assert_eq!(
            [3, 4, 5, 6, 7].map(|number| names.is_free(role, number)),
            [false, true, true, false, true]
        );
        names.has_no_peer(role, 5);
        assert!(!names.is_free(role, 5));
        assert_eq!(names.take(role, 4, &BTreeSet::new()), Some(name("server4")));
        assert!(!names.is_free(role, 4) && names.left_out.is_empty());
    }
}
