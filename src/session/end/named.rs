//! The names of connections by their addresses, for those that outlive their descriptors.

use crate::call::SocketName;
use crate::hash::QuickMap;
use crate::socket_table::Tuple;

/// The names of an end's connections, each of the newest with these addresses.
#[derive(Debug, Default)]
pub(in crate::session) struct NamedConnections {
    names: QuickMap<Tuple, SocketName>,
    /// The addresses of each name.
    tuples: QuickMap<SocketName, Vec<Tuple>>,
}

impl NamedConnections {
    /// The name of the connection with these addresses.
    pub(in crate::session) fn get(&self, tuple: &Tuple) -> Option<&SocketName> {
        self.names.get(tuple)
    }

    /// Returns whether the connection with these addresses has a name.
    pub(in crate::session) fn has(&self, tuple: &Tuple) -> bool {
        self.names.contains_key(tuple)
    }

    /// Returns how many connections have names, and how many names there are.
    #[cfg(test)]
    pub(in crate::session) fn sizes(&self) -> [usize; 2] {
        [self.names.len(), self.tuples.len()]
    }

    /// Gives the connection with these addresses that name, whatever it was called before.
    pub(in crate::session) fn insert(&mut self, tuple: Tuple, name: SocketName) {
        if self.names.get(&tuple) == Some(&name) {
            return;
        }
        self.remove(&tuple);
        self.tuples.entry(name.clone()).or_default().push(tuple);
        self.names.insert(tuple, name);
    }

    /// Forgets the name of the connection with these addresses.
    pub(in crate::session) fn remove(&mut self, tuple: &Tuple) {
        let Some(name) = self.names.remove(tuple) else { return };
        if let Some(tuples) = self.tuples.get_mut(&name) {
            tuples.retain(|known| known != tuple);
            if tuples.is_empty() {
                self.tuples.remove(&name);
            }
        }
    }

    /// Forgets the connections of that name.
    pub(in crate::session) fn forget(&mut self, name: &SocketName) {
        for tuple in self.tuples.remove(name).into_iter().flatten() {
            self.names.remove(&tuple);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuple(port: u16) -> Tuple {
        Tuple {
            local: ([10, 0, 0, 1], port).into(),
            peer: ([10, 0, 0, 2], 8080).into(),
        }
    }

    #[test]
    fn a_name_is_forgotten_with_all_its_addresses_but_those_of_another_by_now() {
        let mut named = NamedConnections::default();
        let [a, b] = ["client", "client2"].map(|name| SocketName::new(name).unwrap());
        for (port, name) in [(1, &a), (2, &a), (3, &b), (1, &b), (1, &b)] {
            named.insert(tuple(port), name.clone());
        }
        named.forget(&a);
        assert_eq!(
            [1, 2, 3].map(|port| named.get(&tuple(port))),
            [Some(&b), None, Some(&b)]
        );
        assert!(!named.tuples.contains_key(&a));
        [1, 3].into_iter().for_each(|port| named.remove(&tuple(port)));
        assert_eq!(named.sizes(), [0, 0]);
    }
}
