//! The status that a proxy itself gave, in a line of an access log: nginx's 499, 502 and 504, and those of AWS' load balancer.

use super::{CodeMatch, CodePlace, meaning};
use crate::wording::words::{ACCESS_STATUSES, ALB_STATUSES};

pub(super) fn signs() -> impl Iterator<Item = (String, CodePlace)> {
    let access = ACCESS_STATUSES
        .iter()
        .map(|row| (format!("\" {} ", row.text), CodePlace::AccessStatus));
    // The target gave none.
    let alb = ALB_STATUSES
        .iter()
        .map(|row| (format!(" {} - ", row.text), CodePlace::AlbStatus));
    access.chain(alb)
}

/// The status behind a request, whose closing quote is at that place: `[30/Nov/2026:06:00:00 +0000] "GET / HTTP/1.1" 502 157 "-"`.
pub(super) fn status(text: &str, at: usize) -> Option<CodeMatch> {
    let (before, rest) = text.split_at(at);
    let (_, version) = before.rsplit_once(" HTTP/")?;
    let is_version = matches!(version, "1.0" | "1.1" | "2" | "2.0" | "3" | "3.0");
    let (code, rest) = rest[2..].split_once(' ')?;
    let size = rest.split(' ').next()?;
    let is_size = size == "-" || !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_digit());
    // The time stands in brackets before the request.
    let is_line = before.contains("] \"") && is_version && is_size;
    meaning(ACCESS_STATUSES, code).filter(|_| is_line).map(CodeMatch::of)
}

/// The status of the load balancer, with a blank before it at that place: `http 2026-11-30T06:00:00.1Z app/web/50dc 10.0.0.7:4000 10.0.0.2:80
/// 0.000 0.001 -1 502 - 34 366 "GET http://..."`.
pub(super) fn alb_status(text: &str, at: usize) -> Option<CodeMatch> {
    const TYPES: [&str; 6] = ["http", "https", "h2", "grpcs", "ws", "wss"];
    const BEFORE: usize = 8;
    const CLIENT_CLOSED: &str = "460";
    let (before, rest) = text.split_at(at);
    let fields: Vec<_> = before.split(' ').collect();
    let [kind, _, balancer, client, target, ..] = fields[..] else {
        return None;
    };
    let is_log = TYPES.contains(&kind) && balancer.starts_with("app/") && fields.len() == BEFORE;
    let code = rest.trim_start().split(' ').next()?;
    let means = meaning(ALB_STATUSES, code).filter(|_| is_log)?;
    let peer = if code == CLIENT_CLOSED { client } else { target };
    let peer = peer.parse().ok();
    Some(CodeMatch {
        peer,
        ..CodeMatch::of(means)
    })
}
