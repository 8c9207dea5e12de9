//! What carries the bytes that a line speaks of.

use serde::Serialize;

use super::find;
use super::table::{CARRIERS, PIPE, UDP, UNIX};

/// What carries the bytes. The same errno means something else on each, and only TCP has rules here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carrier {
    /// TCP, as far as the line tells
    Tcp,
    /// UDP, as the resolver's
    Udp,
    /// A Unix socket
    Unix,
    /// A pipe, as between two programs of a shell
    Pipe,
}

impl Carrier {
    /// What a line speaks of: the first sign of the table that stands in it, else TCP.
    pub(super) fn of(low: &str) -> Carrier {
        let sign = CARRIERS.iter().find(|(text, _)| find(low, text).is_some());
        sign.map_or(Carrier::Tcp, |(_, carrier)| *carrier)
    }

    /// What must be known of a message of it.
    pub(super) const fn remark(self) -> Option<&'static str> {
        match self {
            Carrier::Tcp => None,
            Carrier::Udp => Some(UDP),
            Carrier::Unix => Some(UNIX),
            Carrier::Pipe => Some(PIPE),
        }
    }
}
