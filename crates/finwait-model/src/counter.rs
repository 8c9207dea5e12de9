//! The kernel's counters (`/proc/net/netstat`, `/proc/net/snmp`, `/proc/net/snmp6`): their names, and how far they have moved.

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

/// The prefix that people leave out: `TcpExtTCPAbortOnClose` is known as `TCPAbortOnClose`.
const LEFT_OUT: &str = "TcpExt";

/// The name of a counter as nstat has it: the group and the column, `TcpExtTCPAbortOnClose`, `TcpOutRsts`, `IpOutNoRoutes`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CounterName(Arc<str>);

impl CounterName {
    /// Returns the name of a column of a group: of `TcpExt` and `TCPAbortOnClose`.
    pub fn of_column(group: &str, column: &str) -> CounterName {
        CounterName(format!("{group}{column}").into())
    }

    /// Returns a name that was written down.
    pub fn new(name: &str) -> CounterName {
        CounterName(name.into())
    }

    /// The name as nstat has it.
    pub fn nstat(&self) -> &str {
        &self.0
    }

    /// The name as it is shown: without `TcpExt`.
    pub fn shown(&self) -> &str {
        shown(&self.0)
    }

    /// Returns whether it is meant by that name, with or without `TcpExt`.
    pub fn is_called(&self, name: &str) -> bool {
        self.nstat() == name || self.shown() == name
    }
}

/// A counter's name as it is shown, of that of nstat.
pub fn shown(nstat: &str) -> &str {
    nstat.strip_prefix(LEFT_OUT).unwrap_or(nstat)
}

impl fmt::Display for CounterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.shown())
    }
}

/// The counters that moved, and how far each, in the kernel's order; in JSON an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MovedCounters(Vec<(CounterName, u64)>);

impl MovedCounters {
    /// Has none moved?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The counters, and how far each moved.
    pub fn iter(&self) -> impl Iterator<Item = (&CounterName, u64)> {
        self.0.iter().map(|(name, by)| (name, *by))
    }

    /// How far the counter of that name moved, with or without `TcpExt`; 0 where it did not.
    pub fn by(&self, name: &str) -> u64 {
        let mut all = self.iter();
        all.find(|(counter, _)| counter.is_called(name)).map_or(0, |(_, by)| by)
    }

    /// Notes that a counter moved so far, besides what it is known to have moved.
    pub fn add(&mut self, name: &CounterName, by: u64) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => *sum += by,
            None => self.0.push((name.clone(), by)),
        }
    }

    /// Adds all of `others`.
    pub fn extend(&mut self, others: MovedCounters) {
        if self.is_empty() {
            *self = others;
        } else {
            others.iter().for_each(|(name, by)| self.add(name, by));
        }
    }

    /// The counters for which `is_wanted` holds: `TCPAbortOnClose 1, TcpOutRsts 1`; empty where there is none.
    pub fn listed(&self, is_wanted: impl Fn(&CounterName) -> bool) -> String {
        let wanted = self.iter().filter(|(name, _)| is_wanted(name));
        wanted
            .map(|(name, by)| format!("{name} {by}"))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

impl FromIterator<(CounterName, u64)> for MovedCounters {
    fn from_iter<I: IntoIterator<Item = (CounterName, u64)>>(moved: I) -> MovedCounters {
        MovedCounters(moved.into_iter().collect())
    }
}

impl Serialize for MovedCounters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(name, by)| (name.nstat(), by)))
    }
}

impl<'de> Deserialize<'de> for MovedCounters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<MovedCounters, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = MovedCounters;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("counters, and how far each moved")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<MovedCounters, A::Error> {
                let mut moved = Vec::new();
                while let Some((name, by)) = map.next_entry::<String, u64>()? {
                    moved.push((CounterName::new(&name), by));
                }
                Ok(MovedCounters(moved))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_without_the_group_that_everybody_means_and_found_by_either() {
        let close = CounterName::of_column("TcpExt", "TCPAbortOnClose");
        let resets = CounterName::of_column("Tcp", "OutRsts");
        assert_eq!(
            (close.to_string(), resets.to_string()),
            ("TCPAbortOnClose".into(), "TcpOutRsts".into())
        );
        let mut moved: MovedCounters = [(close.clone(), 1), (resets, 2)].into_iter().collect();
        moved.add(&close, 2);
        assert_eq!(moved.by("TCPAbortOnClose"), 3);
        assert_eq!((moved.by("TcpExtTCPAbortOnClose"), moved.by("OutRsts")), (3, 0));
        assert_eq!(moved.listed(|_| true), "TCPAbortOnClose 3, TcpOutRsts 2");
        let json = serde_json::to_string(&moved).unwrap();
        assert_eq!(json, r#"{"TcpExtTCPAbortOnClose":3,"TcpOutRsts":2}"#);
        assert_eq!(serde_json::from_str::<MovedCounters>(&json).unwrap(), moved);
    }
}
