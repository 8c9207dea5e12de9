//! Codes in the logs of proxies, which say in a few letters or a number how a session ended: each has a table in `assets/explain/wordings/`,
//! and a reader here that knows where in a line it stands.

use std::net::SocketAddr;

use super::signs::{Line, Sign};
use super::words::Code;
use super::{SomethingElse, Told, Wording, is_in_name};

mod access;
mod envoy;
mod haproxy;

/// The meaning of a code.
#[derive(Clone, Copy, Debug)]
pub(super) enum CodeMeaning {
    /// A code that says what a wording says.
    Says(Wording),
    /// A code about no socket: what it is about.
    Other(SomethingElse),
}

/// The places where codes stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CodePlace {
    /// HAProxy's counters, with the state of the session before them.
    HaproxyCounters,
    /// HAProxy's state under a name, as in a log in JSON.
    HaproxyField,
    /// Envoy's flags behind the status.
    EnvoyFlags,
    /// Envoy's flags under a name.
    EnvoyField,
    /// The status in an access log.
    AccessStatus,
    /// The status in the log of AWS' load balancer.
    AlbStatus,
}

/// A code in a line.
pub(super) struct CodeMatch {
    pub(super) means: &'static CodeMeaning,
    /// The peer of the connection that it is about; none where the line does not name it.
    pub(super) peer: Option<SocketAddr>,
}

impl CodeMatch {
    /// A code of a connection whose peer is not told.
    fn of(means: &'static CodeMeaning) -> CodeMatch {
        CodeMatch { means, peer: None }
    }

    /// The message that it is.
    pub(super) fn told(&self) -> Option<Told> {
        match self.means {
            CodeMeaning::Says(wording) => Some(Told::by(wording, "")),
            CodeMeaning::Other(_) => None,
        }
    }

    /// What it is about, if that is no socket.
    pub(super) fn other(&self) -> Option<SomethingElse> {
        match self.means {
            CodeMeaning::Says(_) => None,
            CodeMeaning::Other(what) => Some(*what),
        }
    }
}

/// The texts by which the places are found, in small letters.
pub(super) fn signs() -> impl Iterator<Item = (String, CodePlace)> {
    haproxy::signs().chain(envoy::signs()).chain(access::signs())
}

/// The code in a line; where it is all there is, the line may be the code.
pub(super) fn code(line: &Line<'_>, alone: bool) -> Option<CodeMatch> {
    let text = line.text;
    let places = line.in_text().iter().filter_map(|hit| match hit.sign {
        Sign::Code(place) => Some((hit, place)),
        _ => None,
    });
    let mut found = places.filter_map(|(hit, place)| match place {
        CodePlace::HaproxyCounters => haproxy::before_counters(text, hit.at),
        CodePlace::HaproxyField => haproxy::state(value(text, hit.end)?),
        CodePlace::EnvoyFlags => envoy::behind_status(text, hit.at),
        CodePlace::EnvoyField => envoy::flags(value(text, hit.end)?),
        CodePlace::AccessStatus => access::status(text, hit.at),
        CodePlace::AlbStatus => access::alb_status(text, hit.at),
    });
    let whole = || envoy::flags(text).or_else(|| haproxy::state(text));
    found.next().or_else(|| alone.then(whole)?)
}

/// The meaning of a code in its table.
fn meaning(table: &'static [Code], code: &str) -> Option<&'static CodeMeaning> {
    let row = table.iter().find(|row| row.text == code)?;
    Some(&row.means)
}

/// The value behind a name: `":"UC"`, `=UC`, `: UC`.
fn value(text: &str, name_ends: usize) -> Option<&str> {
    let rest = text[name_ends..].trim_start_matches(['"', '\'', ':', '=', ' ']);
    let is_value = |c: char| is_in_name(c) || matches!(c, ',' | '-');
    rest.split(|c: char| !is_value(c)).next()
}

/// The address of the client, which such logs name first.
fn first_address(text: &str) -> Option<SocketAddr> {
    text.split_ascii_whitespace().find_map(|word| word.parse().ok())
}
