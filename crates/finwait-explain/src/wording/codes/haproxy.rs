//! HAProxy's state of a session at its end (its manual's "Session state at disconnection"): `SC--` in an HTTP log, `SC` in a TCP log, between
//! the captured cookies and the counters. The first letter says who ended it, the second when; what follows is about cookies.

use super::{CodeMatch, CodePlace, first_address, meaning};
use crate::wording::words::HAPROXY_STATES;

/// The counters end with the number of retries, and the queues follow: `1/1/0/0/3 0/0`.
pub(super) fn signs() -> impl Iterator<Item = (String, CodePlace)> {
    // A plus sign stands before them where the request went to another server in the end.
    let retries = (0..10).flat_map(|retries| ["/", "/+"].map(|before| format!("{before}{retries} ")));
    let counters = retries.flat_map(|text| (0..10).map(move |queue| format!("{text}{queue}")));
    let fields = ["termination_state", "termination_code", "term_state"];
    let fields = fields.map(|name| (name.to_owned(), CodePlace::HaproxyField));
    counters.map(|text| (text, CodePlace::HaproxyCounters)).chain(fields)
}

/// The name in place of a server's where the backend has none that is up.
const NO_SERVER: &str = "<NOSRV>";

/// The state before the counters, whose last slash is at that place.
pub(super) fn before_counters(text: &str, at: usize) -> Option<CodeMatch> {
    let before = &text[..at];
    let (before, counters) = before.rsplit_once(' ')?;
    let queues = text[at..].split(' ').nth(1)?;
    let is_log = are_numbers(counters, 4) && are_numbers(queues, 2);
    let word = before.rsplit(' ').next()?;
    // No server was left to connect to.
    let found = match before.contains(NO_SERVER) && word.starts_with("SC") {
        true => meaning(HAPROXY_STATES, NO_SERVER).map(CodeMatch::of),
        false => state(word),
    };
    let found = found.filter(|_| is_log)?;
    // The server's address is not in the line.
    let of_client = word.starts_with(['C', 'c']);
    let peer = of_client.then(|| first_address(before)).flatten();
    Some(CodeMatch { peer, ..found })
}

/// Are they so many numbers, with slashes between?
fn are_numbers(text: &str, count: usize) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split('/').count() == count && text.split('/').all(is_number)
}

/// The state's meaning; none of an end that is in order.
pub(super) fn state(word: &str) -> Option<CodeMatch> {
    const PROVIDED: &str = "-NIDVEOU";
    const DONE: &str = "-NIUPRD";
    let (state, cookies) = word.split_at_checked(2)?;
    let mut cookies = cookies.chars();
    let is_state = match (cookies.next(), cookies.next(), cookies.next()) {
        (None, ..) => true,
        (Some(provided), Some(done), None) => PROVIDED.contains(provided) && DONE.contains(done),
        _ => false,
    };
    let means = meaning(HAPROXY_STATES, state).filter(|_| is_state)?;
    Some(CodeMatch::of(means))
}
