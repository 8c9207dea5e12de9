//! Opening a connection, and the ways in which it fails.

use finwait::lab::syn::SynPatience;
use serde_json::Value;

use crate::support::{Lab, Run};

/// The handshake is three segments, each with its transition; the numbers count from the connection's first.
fn the_handshake_in_segments(run: &mut Run, _: Lab) {
    run.succeeds(&["server listen backlog=2", "client connect"]);
    assert_eq!(
        run.segments(),
        [
            "client SYN seq 0",
            "server SYN,ACK seq 0 ack 1",
            "client ACK seq 1 ack 1"
        ]
    );
    assert_eq!(
        run.transitions(),
        [
            "client CLOSE -> SYN_SENT by connect",
            "server (no name) CLOSE -> SYN_RECV by SYN",
            "client SYN_SENT -> ESTABLISHED by SYN,ACK",
            "server (no name) SYN_RECV -> ESTABLISHED by ACK",
        ]
    );
    assert_eq!(
        run.stand(),
        "client ESTABLISHED | listener LISTEN, (no name) ESTABLISHED (not accepted yet)"
    );
    assert_eq!(run.does("server accept"), "ok");
    assert_eq!(run.stand(), "client ESTABLISHED | listener LISTEN, server ESTABLISHED");
    assert_eq!(run.does("client write"), "wrote 5");
    assert_eq!(run.segments()[..1], ["client PSH,ACK seq 1 ack 1 len 5"]);
    assert_eq!(run.does("server write \"hello back\""), "wrote 10");
    assert_eq!(run.segments()[..1], ["server PSH,ACK seq 1 ack 6 len 10"]);
    assert_eq!(run.does("client read"), "read hello back");
}
in_labs!(the_handshake_in_segments: Isolated Isolated6);

/// In the loopback lab states and outcomes are the same; nobody sees the segments.
fn the_handshake_without_a_wire(run: &mut Run, _: Lab) {
    run.succeeds(&["server listen backlog=2", "client connect"]);
    assert!(run.segments().is_empty());
    assert!(
        run.transitions()
            .contains(&"client CLOSE -> ESTABLISHED by connect".to_owned()),
        "{:?}",
        run.transitions()
    );
    assert_eq!(
        run.stand(),
        "client ESTABLISHED | listener LISTEN, (no name) ESTABLISHED (not accepted yet)"
    );
    run.succeeds(&["server accept", "client write"]);
    assert_eq!(run.does("server read"), "read hello");
}
in_labs!(the_handshake_without_a_wire: Loopback Loopback6);

/// A connect to a port without a listener is refused by an RST; the socket can be used again.
fn refused(run: &mut Run, lab: Lab) {
    assert_eq!(run.does("client connect"), "ECONNREFUSED");
    if lab.is_isolated() {
        assert_eq!(run.segments(), ["client SYN seq 0", "server RST,ACK ack 1"]);
        assert_eq!(
            run.transitions(),
            [
                "client CLOSE -> SYN_SENT by connect",
                "client SYN_SENT -> CLOSE by RST,ACK",
            ]
        );
    }
    run.succeeds(&["server listen", "client connect"]);
    assert!(run.stand().starts_with("client ESTABLISHED | "), "{}", run.stand());
}
in_labs!(refused: Isolated Isolated6 Loopback Loopback6);

/// A connect on a connected socket is EISCONN, and changes nothing.
fn connected_already(run: &mut Run, _: Lab) {
    run.connects();
    assert_eq!(run.does("client reconnect"), "EISCONN");
    assert!(run.segments().is_empty() && run.transitions().is_empty());
}
in_labs!(connected_already: Isolated Loopback);

/// Nobody answers: the SYN is sent again for as long as tcp_syn_retries says, then connect is ETIMEDOUT.
fn timed_out(run: &mut Run, _: Lab) {
    run.succeeds(&["client host tcp_syn_retries 1"]);
    let connect = run.blocks("client connect 203.0.113.1:80");
    assert_eq!(run.stand(), "client SYN_SENT | ");
    assert_eq!(run.returned(connect), "ETIMEDOUT");
    let end = run.awaits(|line| line["kind"] == "state" && line["to"] == "CLOSE");
    // When, is what the settings give, of a fresh host: what finwait claims says of the defaults is worked out in the same way.
    let host = SynPatience {
        retries: 1,
        linear: SynPatience::here().map_or(0, |here| if here.linear > 0 { 4 } else { 0 }),
    };
    let at = |line: &Value| line["at_s"].as_f64().unwrap();
    let sent: Vec<f64> = run
        .step()
        .iter()
        .filter(|line| line["kind"] == "packet")
        .map(at)
        .collect();
    let end = at(run.line(end));
    let timers: Vec<f64> = sent[1..].iter().chain([&end]).map(|at| at - sent[0]).collect();
    assert_eq!(timers.len(), host.timers().len(), "{timers:?}");
    for (timer, wanted) in timers.iter().zip(host.timers()) {
        let late = timer - wanted.as_secs_f64();
        assert!((-0.01..1.0).contains(&late), "{timers:?}, not {:?}", host.timers());
    }
    assert!(run.segments().iter().all(|segment| segment == "client SYN seq 0"));
    assert_eq!(
        run.transitions(),
        [
            "client CLOSE -> SYN_SENT by connect",
            "client SYN_SENT -> CLOSE by the retransmit timer",
        ]
    );
}
in_labs!(timed_out: Isolated);

/// A deadline gives the call up and leaves the socket as it is, still trying: a second connect on it is EALREADY.
fn a_deadline_gives_up_the_call_and_not_the_socket(run: &mut Run, _: Lab) {
    assert_eq!(
        run.does("client connect 203.0.113.1:80 deadline=50"),
        "deadline exceeded"
    );
    assert_eq!(run.stand(), "client SYN_SENT | ");
    run.succeeds(&["client set-option O_NONBLOCK on"]);
    assert_eq!(run.does("client reconnect 203.0.113.1:80"), "EALREADY");
    assert_eq!(run.does("client so-error"), "no error");
}
in_labs!(a_deadline_gives_up_the_call_and_not_the_socket: Isolated);

/// So do the deadlines of read and write.
fn deadlines_of_read_and_write(run: &mut Run, _: Lab) {
    run.connects();
    assert_eq!(run.does("client read deadline=50"), "deadline exceeded");
    assert_eq!(
        run.does("client write x repeat=20000000 deadline=100"),
        "deadline exceeded"
    );
    assert_eq!(run.stand(), "client ESTABLISHED | listener LISTEN, server ESTABLISHED");
    run.succeeds(&["server write in"]);
    assert_eq!(run.does("client read deadline=20000"), "read in");
}
in_labs!(deadlines_of_read_and_write: Isolated Loopback);

/// A socket that does not block says EINPROGRESS, EALREADY or EAGAIN instead; poll tells when it is done.
fn without_blocking(run: &mut Run, _: Lab) {
    run.succeeds(&[
        "server listen backlog=2",
        "client socket",
        "client set-option O_NONBLOCK on",
    ]);
    let connected = run.does("client connect");
    // On 127.0.0.1 the handshake runs inside the call, and the answer is the same.
    assert_eq!(connected, "EINPROGRESS");
    assert_eq!(run.does("client poll out timeout=20000"), "OUT");
    assert_eq!(run.does("client so-error"), "no error");
    assert_eq!(run.does("client reconnect"), "ok");
    assert_eq!(run.does("client reconnect"), "EISCONN");
    assert_eq!(run.does("client read"), "EAGAIN");
    run.succeeds(&["server set-option O_NONBLOCK on on=listener", "server accept"]);
    assert_eq!(run.does("server accept"), "EAGAIN");
    assert_eq!(run.does("server read dontwait on=server"), "EAGAIN");
}
in_labs!(without_blocking: Isolated Isolated6 Loopback Loopback6);

/// A refusal that comes while nobody waits stays in the socket, and SO_ERROR takes it out, once.
fn a_refusal_without_blocking_waits_in_the_socket(run: &mut Run, _: Lab) {
    run.succeeds(&["client socket", "client set-option O_NONBLOCK on"]);
    assert_eq!(run.does("client connect"), "EINPROGRESS");
    assert!(run.does("client poll out timeout=20000").contains("ERR"));
    assert_eq!(run.does("client so-error"), "ECONNREFUSED");
    assert_eq!(run.does("client so-error"), "no error");
}
in_labs!(a_refusal_without_blocking_waits_in_the_socket: Isolated Loopback);

/// A socket that connects to its own address meets itself: simultaneous open with one socket.
fn self_connect(run: &mut Run, lab: Lab) {
    let address = if lab.is_isolated() { "10.0.0.1" } else { "127.0.0.1" };
    run.succeeds(&["client socket", "client bind"]);
    let local = run.does("client bind");
    assert_eq!(local, "EINVAL");
    // The port that bind was given: a bound socket is in no table yet, so the port is named.
    let port = free_port();
    run.succeeds(&["client socket", &format!("client bind {address}:{port}")]);
    assert_eq!(run.does(&format!("client connect {address}:{port}")), "ok");
    let socket = run.socket("client", "client2").clone();
    assert_eq!(
        (&socket["state"], &socket["local"]),
        (&"ESTABLISHED".into(), &socket["peer"])
    );
    run.succeeds(&["client write echo"]);
    assert_eq!(run.does("client read"), "read echo");
    run.succeeds(&["client shutdown write"]);
    run.does("client read");
    let why = why(run);
    assert!(why.contains("its own FIN has come back"), "{why}");
}
in_labs!(self_connect: Isolated Loopback);

/// The sentence of the step's call.
fn why(run: &Run) -> &str {
    let outcome = run.step().iter().rev().find(|line| line["kind"] == "outcome");
    outcome.unwrap()["why"].as_str().unwrap()
}

/// A port below those that connect chooses from; spread, so that tests do not meet.
fn free_port() -> u16 {
    let candidates = 10_000 + (std::process::id() % 5_000) as u16..20_000;
    let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    candidates.clone().find(free).unwrap()
}

/// What an address that nobody has gives: EADDRNOTAVAIL from bind.
fn a_strange_address_cannot_be_bound(run: &mut Run, _: Lab) {
    run.succeeds(&["client socket"]);
    assert_eq!(run.does("client bind 203.0.113.7:0"), "EADDRNOTAVAIL");
}
in_labs!(a_strange_address_cannot_be_bound: Isolated Loopback);

/// A host without an address of the family that is asked for has no route to it, and nobody sent anything.
fn a_host_of_ipv6_has_no_route_to_ipv4(run: &mut Run, _: Lab) {
    assert_eq!(run.does("client connect 10.0.0.2:80"), "ENETUNREACH");
    assert!(
        why(run).contains("no route to that network: no SYN was sent"),
        "{}",
        why(run)
    );
    let outcome = run.step().iter().rev().find(|line| line["kind"] == "outcome").unwrap();
    assert_eq!(outcome["set_by"]["timeless"], "route", "{outcome}");
}
in_labs!(a_host_of_ipv6_has_no_route_to_ipv4: Isolated6);

/// The other way round there may be a route, and no address to send from.
fn a_host_of_ipv4_has_no_address_for_ipv6(run: &mut Run, _: Lab) {
    let errno = run.does("client connect [fd00::2]:80");
    if errno == "EADDRNOTAVAIL" {
        assert!(
            why(run).contains("an IPv6 address to connect from: no SYN was sent"),
            "{}",
            why(run)
        );
    } else {
        assert_eq!(errno, "ENETUNREACH");
    }
    run.succeeds(&["client socket"]);
    assert_eq!(run.does("client bind 203.0.113.7:0"), "EADDRNOTAVAIL");
    assert!(
        why(run).contains("No interface of this host has that address"),
        "{}",
        why(run)
    );
}
in_labs!(a_host_of_ipv4_has_no_address_for_ipv6: Isolated);
