//! Carriers of the bytes that a line speaks of.

use serde::Serialize;

use super::signs::{Hit, Line, Sign};
use super::table::CARRIERS;
use super::words::remark;

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
    /// The carrier that a line with these signs speaks of: the first sign of the table that is in it, else TCP.
    pub(super) fn of(hits: &[Hit]) -> Carrier {
        sign(hits).unwrap_or(Carrier::Tcp)
    }

    /// The carrier that a message speaks of, which a path shows, too.
    pub(super) fn told(line: &Line<'_>) -> Carrier {
        let file = || of_file(line).then_some(Carrier::File);
        sign(line.in_low())
            .or_else(|| of_path(&line.low))
            .or_else(file)
            .unwrap_or(Carrier::Tcp)
    }

    /// The carrier of an errno that no file gives: a path in the line is a socket's, if anything's.
    pub(super) fn of_socket(line: &Line<'_>) -> Carrier {
        sign(line.in_low())
            .or_else(|| of_path(&line.low))
            .unwrap_or(Carrier::Tcp)
    }

    /// A remark on messages about it.
    pub(super) const fn remark(self) -> Option<&'static str> {
        match self {
            Carrier::Tcp => None,
            Carrier::Udp => Some(remark::UDP),
            Carrier::Unix => Some(remark::UNIX),
            Carrier::Pipe => Some(remark::PIPE),
            Carrier::File => Some(remark::FILE),
        }
    }
}

/// A Unix socket by its path, behind words that a socket's name follows: "connect to socket /run/dbus/socket", "connect to agent /tmp/a".
fn of_path(low: &str) -> Option<Carrier> {
    const BEFORE: [&str; 6] = [
        "socket ",
        "socket at ",
        "connect to ",
        "connecting to ",
        "connect to agent ",
        "listen on ",
    ];
    let is_path = |rest: &str| {
        let rest = rest.trim_start_matches(['\'', '"', '`']);
        // Java writes an address behind a slash, Go a URL's path.
        rest.strip_prefix('/').is_some_and(|path| {
            let path = path.split([' ', '\'', '"', ':', ',']).next().unwrap_or(path);
            path.starts_with(char::is_alphabetic) && path.contains('/')
        })
    };
    let mut places = BEFORE.iter().flat_map(|words| low.match_indices(words));
    places
        .any(|(at, words)| is_path(&low[at + words.len()..]))
        .then_some(Carrier::Unix)
}

fn sign(hits: &[Hit]) -> Option<Carrier> {
    // The pipe of "Broken pipe: ..." is none.
    let in_a_text = |of: &Hit| {
        let mut texts = hits.iter().filter(|hit| matches!(hit.sign, Sign::Text(_)));
        texts.any(|text| text.at <= of.at && of.at < text.end)
    };
    let rows = hits.iter().filter_map(|hit| match hit.sign {
        Sign::Carrier(row) if !in_a_text(hit) => Some(row),
        _ => None,
    });
    rows.min().map(|row| CARRIERS[row].1)
}

/// Does it name the file that the error is of? "open /var/lib/foo: ..." (Go), "..., open '/var/lib/foo'" (Node.js), "cannot access 'foo':
/// ..." (GNU's tools), "[Errno 107] ...: '/mnt/foo'" (Python).
fn of_file(line: &Line<'_>) -> bool {
    const QUOTES: [char; 4] = ['\'', '"', '`', '\u{2018}'];
    // Java and Netty write an address behind a slash.
    let is_path = |rest: &str| {
        let mut chars = rest.trim_start_matches(QUOTES).chars();
        chars.next() == Some('/') && chars.next().is_some_and(char::is_alphabetic)
    };
    // Each place counts: "too many open files, open '/app/x.js'".
    let before_a_file = line.in_low().iter().any(|hit| {
        let after = line.low[hit.end..].strip_prefix(' ');
        after.is_some_and(|rest| match hit.sign {
            Sign::OnFile => is_path(rest),
            Sign::Tool => rest.starts_with(QUOTES) || is_path(rest),
            _ => false,
        })
    });
    let python = || {
        let (_, last) = line.low.rsplit_once(": ")?;
        Some(last.starts_with(QUOTES) && is_path(last))
    };
    before_a_file || python() == Some(true)
}
