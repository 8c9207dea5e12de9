//! The call that a line names, and whose words name it.

use super::errno::by_name;
use super::signs::{Line, Sign};
use super::table::{Cue, call_cue};
use super::{Dialect, clauses, is_in_name};
use crate::rules::CallClass;

/// The call, and whose words name it: the surest sign first.
pub(super) fn cue(line: &Line<'_>) -> Option<Cue> {
    let (text, low) = (line.text, line.low.as_str());
    // recv() failed; connect(2) for; write(5, 0x55, 8): Broken pipe; Netty's connect(..) failed: ; setsockopt(TCP_NODELAY) failed (;
    // shutdown(SHUT_WR):
    let called = low.match_indices('(').find_map(|(at, _)| {
        let inside = &low[at + 1..];
        let failed = || {
            inside.split_once(')').is_some_and(|(_, rest)| {
                const RESULTS: [&str; 4] = [" failed (", " failed:", ": ", " returned "];
                RESULTS.iter().any(|result| rest.starts_with(result))
            })
        };
        let is_call = inside.starts_with(|c: char| c == ')' || c.is_ascii_digit()) || inside.starts_with("..)");
        let name = low[..at].rsplit(|c: char| !is_in_name(c)).next()?;
        asked(name).filter(|_| is_call || failed())
    });
    // "recv returned SOCKET_ERROR", "send returned -1"; Ruby's "in `write'".
    let returned = || {
        low.match_indices(" returned ")
            .find_map(|(at, _)| asked(low[..at].rsplit(' ').next()?))
    };
    let within = || {
        let (_, rest) = low.split_once(":in ")?;
        let name = rest
            .trim_start_matches(['`', '\''])
            .split(|c: char| !is_in_name(c))
            .next()?;
        asked(name.trim_end_matches("_nonblock")).filter(|_| rest.starts_with(['`', '\'']))
    };
    let called = called.or_else(returned).or_else(within);
    // Node: read ECONNRESET, syscall: 'read'
    let node = || {
        let may = |sign| matches!(sign, Sign::Name | Sign::Syscall);
        if !line.in_text().iter().any(|hit| may(hit.sign)) {
            return None;
        }
        let mut words = text
            .split_ascii_whitespace()
            .map(|word| word.trim_matches(['\'', ',', ':']));
        let mut before = words.next()?;
        for word in words {
            if asked(before).is_some() && by_name(word).is_some() {
                return asked(before);
            }
            if before == "syscall" {
                return asked(word);
            }
            before = word;
        }
        None
    };
    let known = Line::first_row(line.in_low(), |sign| match sign {
        Sign::Call(row) => Some(row),
        _ => None,
    });
    let known = known.map(call_cue);
    let dialect = known.and_then(|cue| cue.dialect);
    if let Some(call) = called {
        let call = Some(call);
        let nginx = low.contains(") failed (").then_some(Dialect::Nginx);
        return Some(Cue {
            call,
            dialect: nginx.or(dialect),
            is_general: false,
        });
    }
    if let Some(call) = node() {
        let (call, dialect) = (Some(call), Some(Dialect::Node));
        return Some(Cue {
            call,
            dialect,
            is_general: false,
        });
    }
    // Go's "write tcp ...: write: broken pipe", C's perror("write"): the last word before a colon that is a call's name.
    // With a dot before it, it is a method of something else: JSch's "Session.connect: ...".
    let named = |part: &'_ str| -> Option<(CallClass, bool)> {
        // Android's "recvfrom failed: ECONNREFUSED".
        let part = part.strip_suffix(" failed").unwrap_or(part);
        // "nc: connectx to 192.0.2.5 port 22 (tcp) failed: Operation timed out"
        let part = part
            .split_once(" to ")
            .map_or(part, |(call, _)| if asked(call).is_some() { call } else { part });
        let name = part.rsplit(|c: char| !is_in_name(c)).next()?;
        let before = part.strip_suffix(name)?;
        // A socket is more often a thing than the call: "cannot bind the socket", Haskell's "<socket: 12>", systemd's "web.socket".
        let is_thing = name == "socket" && !before.is_empty();
        asked(name)
            .filter(|_| !is_thing)
            .map(|call| (call, before.ends_with('.')))
    };
    let colon = clauses(low).skip(1).find_map(named);
    let method = colon.filter(|(_, is_method)| *is_method).map(|(call, _)| call);
    let colon = colon.filter(|(_, is_method)| !is_method).map(|(call, _)| call);
    // Java on Windows: "Address already in use: connect", "Connection reset by peer: socket write error".
    let ending = low.rsplit_once(": ").and_then(|(before, last)| {
        let text = line
            .in_low()
            .iter()
            .any(|hit| matches!(hit.sign, Sign::Text(_)) && hit.end == before.len());
        let word = last.split([';', ',', '(']).next().filter(|_| text)?.trim_end();
        // "Cannot assign requested address: bind to ('::1', 8080)"
        let word = word.strip_suffix(" to").unwrap_or(word);
        let word = word.strip_suffix(" failed").unwrap_or(word);
        asked(
            word.strip_prefix("jvm_")
                .or_else(|| word.strip_prefix("net_"))
                .unwrap_or(word),
        )
    });
    let by_name = ending.or(colon);
    let call = by_name.or(known.and_then(|cue| cue.call)).or(method);
    (call.is_some() || known.is_some()).then_some(Cue {
        call,
        dialect,
        is_general: by_name.is_none() && known.is_some_and(|cue| cue.is_general),
    })
}

/// The call that whoever writes a message made. What getsockopt reports of a connection it took out of SO_ERROR (sk_getsockopt): so Go
/// did in "dial tcp 10.0.0.2:80: getsockopt: connection refused", and Netty does.
fn asked(name: &str) -> Option<CallClass> {
    call_of(name).map(|call| match call {
        CallClass::GetOption => CallClass::SoError,
        call => call,
    })
}

/// The call that has that name in C, on Windows, or of OpenSSL's functions.
pub(super) fn call_of(name: &str) -> Option<CallClass> {
    Some(match name {
        "read" | "readv" | "recv" | "recvfrom" | "recvmsg" | "ssl_read" | "wsarecv" => CallClass::Read,
        "write" | "writev" | "send" | "sendto" | "sendmsg" | "sendfile" | "ssl_write" | "wsasend" => CallClass::Write,
        "connect" | "connectx" | "connectex" => CallClass::Connect,
        "accept" | "accept4" => CallClass::Accept,
        "bind" => CallClass::Bind,
        "listen" => CallClass::Listen,
        "shutdown" => CallClass::Shutdown,
        "close" => CallClass::Close,
        "poll" | "ppoll" | "select" | "pselect" | "epoll_wait" | "epoll_pwait" => CallClass::Poll,
        "setsockopt" => CallClass::SetOption,
        "getsockopt" => CallClass::GetOption,
        "socket" => CallClass::Socket,
        _ => return None,
    })
}
