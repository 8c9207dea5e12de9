//! The addresses of a line: a connection only where it is written as one, else the one address that the error is about.

use std::net::SocketAddr;
use std::ops::Range;

use super::clauses;

/// The addresses in a line in small letters: our own address and the peer's, where they are written as a pair; else the address that is
/// nearest to the words of the error; none where it is not clear which.
pub(super) fn addresses(low: &str, sign: Option<Range<usize>>) -> Vec<SocketAddr> {
    let pair = || {
        let mut heads = low.rmatch_indices('>').map(|(at, _)| at);
        heads.find_map(|head| arrow(low[..head].strip_suffix('-')?, &low[head + 1..]))
    };
    of_go(low)
        .or_else(pair)
        .or_else(|| of_node(low))
        .or_else(|| of_nginx(low, sign.clone()))
        .unwrap_or_else(|| nearest(low, sign).into_iter().collect())
}

/// Go names the operation before the address, and a URL that was asked for or a proxy before both:
/// `Get "http://10.0.0.5:80/": dial tcp 10.0.0.7:3128: connect: connection refused`.
fn of_go(low: &str) -> Option<Vec<SocketAddr>> {
    const OPERATIONS: [&str; 7] = ["dial", "read", "write", "accept", "listen", "close", "set"];
    clauses(low).find_map(|clause| {
        // A port ends it.
        if !clause.ends_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let mut words = clause.rsplit(' ');
        let (ends, network, operation) = (words.next()?, words.next()?, words.next()?);
        let is_go = ["tcp", "udp"].iter().any(|known| network.starts_with(known))
            && OPERATIONS.iter().any(|known| operation.ends_with(known));
        let ends = ends.split("->").map(|end| end.parse().ok());
        ends.collect::<Option<Vec<_>>>()
            .filter(|ends| is_go && (1..=2).contains(&ends.len()))
    })
}

/// The two addresses on both sides of an arrow.
fn arrow(before: &str, after: &str) -> Option<Vec<SocketAddr>> {
    let outside = |c: char| !(c.is_ascii_hexdigit() || matches!(c, ':' | '.' | '[' | ']' | '%'));
    let from = before.trim_end().rsplit(outside).next()?;
    let to = after.trim_start().split(outside).next()?;
    let to = to.trim_end_matches([':', '.']);
    // strace -yy: "4<TCP:[10.0.0.1:5->10.0.0.2:80]>"
    let parse = |word: &str| word.parse().ok();
    let from = parse(from).or_else(|| parse(from.split_once('[')?.1))?;
    let to = parse(to).or_else(|| parse(to.strip_suffix(']')?))?;
    Some(vec![from, to])
}

/// Node.js names the peer first: `connect EADDRNOTAVAIL 10.0.0.2:80 - Local (10.0.0.1:41822)`; port 0 is one that was never given.
fn of_node(low: &str) -> Option<Vec<SocketAddr>> {
    let (before, after) = low.split_once(" - local (")?;
    let peer = before.rsplit(' ').next()?.parse().ok()?;
    let own: Option<SocketAddr> = after.split(')').next()?.parse().ok();
    let own = own.filter(|own| own.port() != 0);
    Some(own.into_iter().chain([peer]).collect())
}

/// nginx names its ends behind the message: `..., client: 10.0.0.1, server: 0.0.0.0:80, request: "...", upstream: "http://10.0.0.2:80/"`.
/// The server is its own configuration's, and a host or a referrer the request's: none of them is a peer.
fn of_nginx(low: &str, sign: Option<Range<usize>>) -> Option<Vec<SocketAddr>> {
    const OF_CLIENT: [&str; 5] = [
        "while sending to client",
        "while reading client",
        "client prematurely closed",
        "client closed",
        "client timed out",
    ];
    let at = low.find(", client: ").or_else(|| low.find(", server: "))?;
    let (message, ends) = low.split_at(at);
    let named = |name: &str| nearest(ends.split_once(name)?.1.split([',', ' ']).next()?, None);
    let of_client = OF_CLIENT.iter().any(|words| message.contains(words));
    let peer = if of_client || !low.contains("upstream") {
        nearest(message, sign).or_else(|| named(", client: "))
    } else {
        nearest(message, sign).or_else(|| named(", upstream: "))
    };
    Some(peer.into_iter().collect())
}

/// The address that is nearest to a place; without one the only address there is.
fn nearest(low: &str, place: Option<Range<usize>>) -> Option<SocketAddr> {
    let mut next = 0;
    let words = low.split([' ', '\t', '>', ',', '(', ')', '"', '\'', '/', '=', '#']);
    let found = words.filter_map(|word| {
        let start = next;
        next += word.len() + 1;
        // As every address begins.
        if !word.starts_with(|c: char| c.is_ascii_digit() || c == '[') {
            return None;
        }
        let address: SocketAddr = word.trim_end_matches([':', ';', '.', '-']).parse().ok()?;
        let is_any = address.ip().is_unspecified() && address.port() == 0;
        (!is_any).then_some((start..start + word.len(), address))
    });
    let found: Vec<_> = found.collect();
    let (_, address) = match &place {
        Some(place) => found.iter().min_by_key(|(at, _)| {
            let before = place.start.saturating_sub(at.end);
            before.max(at.start.saturating_sub(place.end))
        })?,
        None => found.first()?,
    };
    let only = found.iter().all(|(_, other)| other == address);
    (place.is_some() || only).then_some(*address)
}
