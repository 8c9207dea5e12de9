//! A line of `strace`'s, and of finwait's own transcript: `read(4, ..., 1024) = -1 ECONNRESET (Connection reset by peer)`. What
//! counts is the call and what it returned; all that stands in its arguments is data.

use std::net::{IpAddr, SocketAddr};

use super::address::Ends;
use super::errno::named;
use super::signs::Line;
use super::{Carrier, Dialect, Facts, LineContext, Subject, WordingMatch, by_name, call_of, is_in_name};
use crate::rules::CallClass;
use finwait_model::errno::Errno;

/// A call, and what it returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StraceCall<'a> {
    name: &'a str,
    returned: StraceResult,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StraceResult {
    Nothing,
    Failed(Errno),
    /// Nothing yet, a success, or an errno that has no name here.
    Other,
}

/// The call in a line of that form; none for any other line.
pub(super) fn traced(text: &str) -> Option<StraceCall<'_>> {
    const UNFINISHED: [&str; 2] = [" <unfinished ...>", ") ..."];
    let end = UNFINISHED.iter().find_map(|end| text.strip_suffix(end));
    let (call, returned) = match end {
        Some(call) => (call, StraceResult::Other),
        None => {
            let (call, rest) = text.rsplit_once(" = ")?;
            // strace aligns the signs of equality.
            (call.trim_end().strip_suffix(')')?, returned(rest)?)
        }
    };
    let name = match call.split_once("<... ") {
        Some((_, resumed)) => resumed.split_once(" resumed>")?.0,
        None => call.split_once('(')?.0.rsplit(|c: char| !is_in_name(c)).next()?,
    };
    // "WSAGetLastError() = 10054" is a number that a program prints.
    let is_call = !name.is_empty() && !name.starts_with("WSA") && name.bytes().all(|byte| is_in_name(char::from(byte)));
    is_call.then_some(StraceCall { name, returned })
}

/// The result after the sign of equality; none when it is not what a call returns.
fn returned(rest: &str) -> Option<StraceResult> {
    let mut words = rest.split_ascii_whitespace();
    let value = words.next()?;
    let next = words.next();
    let failed = || next.and_then(by_name).map(|told| StraceResult::Failed(told.errno));
    let explained = next.is_none_or(|word| word.starts_with(['(', '<', '[', 'E']));
    let hex = value.strip_prefix("0x").unwrap_or(value);
    match value {
        "-1" => Some(failed().unwrap_or(StraceResult::Other)),
        _ if !explained => None,
        "0" => Some(StraceResult::Nothing),
        "?" => Some(StraceResult::Other),
        _ if hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => Some(StraceResult::Other),
        _ => None,
    }
}

impl StraceCall<'_> {
    /// The finding. In a log what other calls than a socket's returned is no news.
    pub(super) fn found(self, line: &Line<'_>, alone: bool) -> Option<WordingMatch> {
        const OF_TCP: [&str; 2] = [", ..., ", "<TCP"];
        const OF_SOCKETS: [&str; 4] = ["getpeername", "getsockname", "sendmmsg", "recvmmsg"];
        let text = line.text;
        let mut call = call_of(self.name);
        let subject = match self.returned {
            // "getsockopt(5, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0"
            StraceResult::Nothing if self.name == "getsockopt" => {
                let (_, told) = text.split_once("SO_ERROR, [")?;
                let told = told.split(']').next()?;
                let number = || named(told.parse().ok()?);
                call = Some(CallClass::SoError);
                Subject::Errno(by_name(told).map(|told| told.errno).or_else(number)?)
            }
            StraceResult::Failed(errno) => Subject::Errno(errno),
            // Read may be of a file.
            StraceResult::Nothing if matches!(self.name, "recv" | "recvfrom") => Subject::Eof,
            StraceResult::Nothing
                if self.name == "read" && (alone || OF_TCP.iter().any(|sign| text.contains(sign))) =>
            {
                Subject::Eof
            }
            StraceResult::Nothing | StraceResult::Other => return None,
        };
        let low = text.to_ascii_lowercase();
        let carrier = match Carrier::of(line.in_text()) {
            // Standard output and error, with nothing of a socket about them.
            Carrier::Tcp if subject == Subject::Errno(Errno::EPIPE) && is_standard(text) => Carrier::Pipe,
            carrier => carrier,
        };
        if !(alone || call.is_some() || OF_SOCKETS.contains(&self.name)) {
            return None;
        }
        let ends = match address(text) {
            Some(address) => Ends {
                addresses: vec![address],
                has_zone: text.contains("sin6_scope_id=") && !text.contains("sin6_scope_id=0"),
            },
            None => Ends::of(&low, None),
        };
        let dialect = Some(Dialect::Strace);
        let facts = Facts::of(ends.addresses.last().copied(), ends.has_zone, dialect);
        Some(WordingMatch {
            subject,
            call,
            dialect,
            addresses: ends.addresses,
            facts,
            system: None,
            hints: match subject {
                Subject::Errno(errno) => facts.hints(errno, call),
                _ => &[],
            },
            remark: carrier.remark(),
            carrier,
            context: LineContext::default(),
        })
    }
}

/// `write(1, "..", 2)`, `writev(2, ..`
fn is_standard(text: &str) -> bool {
    let begins = ["write(1, ", "write(2, ", "writev(1, ", "writev(2, "];
    begins.iter().any(|call| text.contains(call))
}

/// `sin_port=htons(80), sin_addr=inet_addr("10.0.0.2")`
fn address(text: &str) -> Option<SocketAddr> {
    let (_, rest) = text.split_once("htons(")?;
    let (port, rest) = rest.split_once(')')?;
    let ip = rest.split('"').find_map(|part| part.parse::<IpAddr>().ok())?;
    Some(SocketAddr::new(ip, port.parse().ok()?))
}
