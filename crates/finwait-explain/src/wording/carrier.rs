//! Carriers of the bytes that a line speaks of.

use serde::Serialize;

use super::table::{CARRIERS, FILE, ON_FILES, PIPE, TOOLS, UDP, UNIX};
use super::{find, places};

/// The carrier of the bytes. The same errno means something else on each, and only TCP has rules here.
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
    /// A file, of whatever file system, or a device
    File,
}

impl Carrier {
    /// The carrier that a line speaks of: the first sign of the table that is in it, else TCP.
    pub(super) fn of(low: &str) -> Carrier {
        sign(low).unwrap_or(Carrier::Tcp)
    }

    /// The carrier that a message speaks of, which a path shows, too.
    pub(super) fn told(low: &str) -> Carrier {
        let file = || of_file(low).then_some(Carrier::File);
        sign(low).or_else(file).unwrap_or(Carrier::Tcp)
    }

    /// A remark on messages about it.
    pub(super) const fn remark(self) -> Option<&'static str> {
        match self {
            Carrier::Tcp => None,
            Carrier::Udp => Some(UDP),
            Carrier::Unix => Some(UNIX),
            Carrier::Pipe => Some(PIPE),
            Carrier::File => Some(FILE),
        }
    }
}

fn sign(low: &str) -> Option<Carrier> {
    let sign = CARRIERS.iter().find(|(text, _)| find(low, text).is_some());
    sign.map(|(_, carrier)| *carrier)
}

/// Does it name the file that the error is of? "open /var/lib/foo: ..." (Go), "..., open '/var/lib/foo'" (Node.js), "cannot access 'foo':
/// ..." (GNU's tools), "[Errno 107] ...: '/mnt/foo'" (Python).
fn of_file(low: &str) -> bool {
    const QUOTES: [char; 4] = ['\'', '"', '`', '\u{2018}'];
    // Each place counts: "too many open files, open '/app/x.js'".
    let after = |words: &'static str, fits: &dyn Fn(&str) -> bool| {
        let mut rests = places(low, words).map(|at| &low[at + words.len()..]);
        rests.any(|rest| rest.strip_prefix(' ').is_some_and(fits))
    };
    // Java and Netty write an address behind a slash.
    let is_path = |rest: &str| {
        let mut chars = rest.trim_start_matches(QUOTES).chars();
        chars.next() == Some('/') && chars.next().is_some_and(char::is_alphabetic)
    };
    let python = || {
        low.rsplit_once(": ")
            .is_some_and(|(_, last)| last.starts_with(QUOTES) && is_path(last))
    };
    ON_FILES.iter().any(|call| after(call, &is_path))
        || TOOLS
            .iter()
            .any(|words| after(words, &|rest| rest.starts_with(QUOTES) || is_path(rest)))
        || python()
}
