//! Envoy's response flags: `UF,URX` behind the status in an access log, or under `response_flags`.

use std::collections::BTreeSet;

use super::{CodeMatch, CodeMeaning, CodePlace, first_address, meaning};
use crate::wording::words::ENVOY_FLAGS;

/// A status ends with a digit, and a flag begins behind it: `503 UF`.
pub(super) fn signs() -> impl Iterator<Item = (String, CodePlace)> {
    let begins = ENVOY_FLAGS.iter().filter_map(|row| row.text.get(..2));
    let begins: BTreeSet<String> = begins.map(str::to_ascii_lowercase).collect();
    let behind = begins
        .into_iter()
        .flat_map(|flag| (0..10).map(move |digit| format!("{digit} {flag}")));
    let fields = ["response_flags", "response_flag"];
    let fields = fields.map(|name| (name.to_owned(), CodePlace::EnvoyField));
    behind.map(|text| (text, CodePlace::EnvoyFlags)).chain(fields)
}

/// The flags behind the status whose last digit is at that place: `"GET / HTTP/1.1" 503 UF,URX`.
pub(super) fn behind_status(text: &str, at: usize) -> Option<CodeMatch> {
    let (before, rest) = text.split_at(at + 1);
    let request = before.trim_end_matches(|c: char| c.is_ascii_digit());
    let status = &before[request.len()..];
    // 0 where no answer was begun.
    if !request.ends_with("\" ") || !(status == "0" || status.len() == 3) {
        return None;
    }
    let word = rest.trim_start().split(' ').next()?;
    let found = flags(word)?;
    // Behind it stands the upstream's, where it has one.
    let of_client = word.starts_with('D');
    let peer = of_client.then(|| first_address(request)).flatten();
    Some(CodeMatch { peer, ..found })
}

/// The meaning of flags, of which those of a socket count first; none where one is unknown.
pub(super) fn flags(word: &str) -> Option<CodeMatch> {
    let means: Option<Vec<_>> = word.split(',').map(|flag| meaning(ENVOY_FLAGS, flag)).collect();
    let means = means?;
    let of_socket = means.iter().find(|means| matches!(means, CodeMeaning::Says(_)));
    of_socket.or(means.first()).copied().map(CodeMatch::of)
}
