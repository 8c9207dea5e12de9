//! What the words and codes of proxies, databases and their clients hint at: the situation that the maintainers of the program would name.

use super::super::{SomethingElse, recognize, something_else};
use crate::situation::SituationId;

/// The first hint of a line.
fn hint(line: &str) -> Option<&'static str> {
    let found = recognize(line).unwrap_or_else(|| panic!("unknown: {line}"));
    found.hints.first().map(|hint| hint.name())
}

#[test]
fn a_proxy_names_the_likeliest_situation() {
    let hints = [
        ("SC--", "nobody-listens"),
        ("sC--", "dropped-by-a-firewall"),
        ("SH--", "keep-alive-race"),
        ("sH--", "own-timeout"),
        ("SD--", "server-went-away"),
        ("CD--", "client-went-away"),
        ("CR--", "health-check-that-resets"),
        ("RC--", "local-ports-exhausted"),
        ("UF,URX", "nobody-listens"),
        ("UC", "keep-alive-race"),
        ("DC", "client-went-away"),
        ("reset reason: connection termination", "keep-alive-race"),
        (
            "upstream prematurely closed connection while reading response header from upstream",
            "keep-alive-race",
        ),
        (
            "upstream timed out (110: Connection timed out) while connecting to upstream",
            "dropped-by-a-firewall",
        ),
        (
            "upstream timed out (110: Connection timed out) while reading response header from upstream",
            "own-timeout",
        ),
        (
            "recv() failed (104: Connection reset by peer) while reading response header from upstream",
            "keep-alive-race",
        ),
        (
            "10.0.0.1 - - [30/Nov/2026:06:00:00 +0000] \"GET / HTTP/2.0\" 499 0 \"-\" \"-\"",
            "client-went-away",
        ),
        ("net::ERR_EMPTY_RESPONSE", "keep-alive-race"),
    ];
    let wrong: Vec<_> = hints.into_iter().filter(|(line, id)| hint(line) != Some(id)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_database_names_the_likeliest_situation() {
    let hints = [
        ("LOG:  incomplete startup packet", "health-check-that-resets"),
        (
            "LOG:  unexpected EOF on client connection with an open transaction",
            "client-went-away",
        ),
        (
            "could not receive data from client: Connection timed out",
            "idle-connection-forgotten",
        ),
        ("server closed the connection unexpectedly", "server-went-away"),
        ("ERROR 2006 (HY000): MySQL server has gone away", "keep-alive-race"),
        (
            "The last packet successfully received from the server was 9,000 milliseconds ago.",
            "keep-alive-race",
        ),
        ("ORA-12541: TNS:no listener", "nobody-listens"),
        ("ORA-03135: connection lost contact", "idle-connection-forgotten"),
        (
            "HikariPool-1 - Failed to validate connection x (closed). Possibly consider using a shorter maxLifetime value.",
            "keep-alive-race",
        ),
        ("missed heartbeats from client, timeout: 60s", "peer-vanished"),
        (
            "SocketException: recv :: caused by :: Connection reset by peer",
            "server-went-away",
        ),
    ];
    let wrong: Vec<_> = hints.into_iter().filter(|(line, id)| hint(line) != Some(id)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Each state that HAProxy's manual has, with each pair of letters about cookies, is known or in order, and none else is a state.
#[test]
fn each_state_of_haproxy_is_known() {
    let line = |state: &str| {
        format!(
            "10.0.0.1:5 [30/Nov/2026:06:00:00.120] f b/s 0/0/1/4/9 200 9 - - {state} 1/1/0/0/0 0/0 \"GET / HTTP/1.1\""
        )
    };
    let says = |state: &str| {
        (
            recognize(&line(state)).is_some(),
            something_else(&line(state)).is_some(),
        )
    };
    let manual = "CC CD cD CH cH CQ cQ CR cR CT cT CL cL SC sC SD sD SH sH SL sL";
    for state in manual.split(' ') {
        for cookies in ["--", "NI", "VN", "ID", "DU", "ER", "OP", "UN"] {
            assert_eq!(says(&format!("{state}{cookies}")), (true, false), "{state}{cookies}");
        }
        assert_eq!(says(state), (true, false), "{state}");
    }
    for state in [
        "sQ--", "PC--", "PD--", "PH--", "PR--", "PT--", "LR--", "LH--", "IR--", "DD--", "UD--", "KD--", "RQ--",
    ] {
        assert_eq!(says(state), (false, true), "{state}");
    }
    for state in ["----", "--VN", "--", "XC--", "SC", "SCxx", "SC-", "sc--", "SC---"] {
        let is_state = state == "SC";
        assert_eq!(says(state), (is_state, false), "{state}");
    }
}

/// A code counts only in its place.
#[test]
fn a_code_elsewhere_says_nothing() {
    for line in [
        "SC-- is one of the states",
        "the flags UF and UC are explained in the manual",
        "\"GET / HTTP/1.1\" 503 XY via_upstream",
        "took 3 up to 9 seconds",
        "\"model\" 5 UT hours",
        "copied 1/2/3/4/5 0/0 of them",
        "[30/Nov/2026:06:00:00 +0000] \"GET /499 HTTP/1.1\" 200 502",
        "http 2026-11-30T06:00:00.1Z app/web/5 10.0.0.1:5 10.0.0.2:80 0.000 0.001 0.000 502 502 34 366",
    ] {
        assert_eq!((recognize(line), something_else(line)), (None, None), "{line}");
    }
}

#[test]
fn flags_of_which_one_is_a_sockets_count_as_that() {
    assert_eq!(hint("URX,UF"), Some(SituationId::NobodyListens.name()));
    assert_eq!(something_else("UH,URX"), Some(SomethingElse::Upstream));
}
