//! Orderly ends: FIN, and what stands after it.

use crate::support::{Lab, Run};

/// Whoever closes first ends in TIME_WAIT, which the kernel keeps for 60 seconds; the other's socket is gone.
fn full_close_ends_in_time_wait(run: &mut Run, _: Lab) {
    run.connects();
    assert_eq!(run.does("client close"), "ok");
    assert_eq!(
        run.stand(),
        "client FIN_WAIT2 (orphan) | listener LISTEN, server CLOSE_WAIT"
    );
    assert_eq!(run.does("server read"), "EOF");
    assert_eq!(run.does("server close"), "ok");
    assert_eq!(
        run.stand(),
        "client TIME_WAIT (kept by the kernel) | listener LISTEN, server CLOSE (closed)"
    );
    let timer = &run.socket("client", "client")["timer"];
    assert_eq!(timer["kind"], "time-wait");
    let left = timer["left_s"].as_f64().unwrap();
    assert!((50.0..=61.0).contains(&left), "{timer}");
}
in_labs!(full_close_ends_in_time_wait: Isolated Isolated6 Loopback Loopback6);

/// A full close is four segments: each FIN and its acknowledgement, each counted as one in the sequence.
fn full_close_in_segments(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["client close"]);
    assert_eq!(
        run.transitions(),
        [
            "client ESTABLISHED -> FIN_WAIT1 by close",
            "server ESTABLISHED -> CLOSE_WAIT by FIN,ACK",
            "client FIN_WAIT1 -> FIN_WAIT2 by ACK",
        ]
    );
    assert_eq!(run.segments(), ["client FIN,ACK seq 1 ack 1", "server ACK seq 1 ack 2"]);
    run.succeeds(&["server close"]);
    assert_eq!(
        run.transitions(),
        [
            "server CLOSE_WAIT -> LAST_ACK by close",
            "client FIN_WAIT2 -> TIME_WAIT by FIN,ACK",
            "server LAST_ACK -> CLOSE by ACK",
        ]
    );
    assert_eq!(run.segments(), ["server FIN,ACK seq 1 ack 2", "client ACK seq 2 ack 2"]);
}
in_labs!(full_close_in_segments: Isolated Isolated6);

/// Without a wire, what a peer's segment did is put down to the call that sent it.
fn full_close_without_a_wire(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["client close"]);
    let seen = run.transitions();
    assert!(
        seen.contains(&"server ESTABLISHED -> CLOSE_WAIT by the client's close".to_owned()),
        "{seen:?}"
    );
    let own: Vec<_> = seen.iter().filter(|line| line.starts_with("client")).collect();
    assert!(
        own[0].starts_with("client ESTABLISHED -> FIN_WAIT") && own[0].ends_with(" by close"),
        "{seen:?}"
    );
    assert!(own.last().unwrap().contains("-> FIN_WAIT2 by "), "{seen:?}");
    assert!(run.segments().is_empty());
}
in_labs!(full_close_without_a_wire: Loopback Loopback6);

/// A half-close ends one direction only: the peer may still write, and we may still read; our own write is EPIPE.
fn half_close(run: &mut Run, _: Lab) {
    run.connects();
    assert_eq!(run.does("client shutdown write"), "ok");
    assert_eq!(run.stand(), "client FIN_WAIT2 | listener LISTEN, server CLOSE_WAIT");
    assert_eq!(run.does("client write \"too late\""), "EPIPE");
    assert_eq!(run.does("server read"), "EOF");
    assert_eq!(run.does("server write \"still here\""), "wrote 10");
    assert_eq!(run.stand(), "client FIN_WAIT2 | listener LISTEN, server CLOSE_WAIT");
    assert_eq!(run.does("client read"), "read still here");
    assert_eq!(run.does("server shutdown write"), "ok");
    assert_eq!(run.does("client read"), "EOF");
    assert_eq!(
        run.stand(),
        "client TIME_WAIT (kept by the kernel) | listener LISTEN, server CLOSE"
    );
}
in_labs!(half_close: Isolated Isolated6 Loopback Loopback6);

/// A shutdown of the reading side sends nothing: a read is EOF at once, and data that comes later can still be read.
fn shutdown_of_reading_sends_nothing(run: &mut Run, _: Lab) {
    run.connects();
    assert_eq!(run.does("client shutdown read"), "ok");
    assert!(
        run.segments().is_empty() && run.transitions().is_empty(),
        "{}",
        run.transcript()
    );
    assert_eq!(run.does("client read"), "EOF");
    assert_eq!(run.does("server write late"), "wrote 4");
    assert_eq!(run.does("client read"), "read late");
    assert_eq!(run.does("client read"), "EOF");
    assert_eq!(run.stand(), "client ESTABLISHED | listener LISTEN, server ESTABLISHED");
}
in_labs!(shutdown_of_reading_sends_nothing: Isolated Loopback);

/// A shutdown of a socket that was never connected is ENOTCONN, and works all the same: the next read is EOF.
fn a_failed_shutdown_takes_effect(run: &mut Run, _: Lab) {
    run.succeeds(&["client socket"]);
    assert_eq!(run.does("client read"), "ENOTCONN");
    assert_eq!(run.does("client shutdown both"), "ENOTCONN");
    assert_eq!(run.does("client read"), "EOF");
    assert_eq!(run.does("client write"), "EPIPE");
}
in_labs!(a_failed_shutdown_takes_effect: Isolated Loopback);

/// The kernel keeps an orphan in FIN_WAIT2 for tcp_fin_timeout, then drops it; what comes for it later is answered with RST.
fn an_orphan_in_fin_wait2_is_kept_for_a_while(run: &mut Run, lab: Lab) {
    run.connects();
    if lab.is_isolated() {
        run.succeeds(&["client host tcp_fin_timeout 2"]);
    } else {
        run.succeeds(&["client set-option TCP_LINGER2 2"]);
    }
    run.succeeds(&["client close"]);
    assert_eq!(
        run.stand(),
        "client FIN_WAIT2 (orphan) | listener LISTEN, server CLOSE_WAIT"
    );
    let timer = &run.socket("client", "client")["timer"];
    assert_eq!(timer["kind"], "time-wait");
    assert!(timer["left_s"].as_f64().unwrap() <= 2.1, "{timer}");
    run.awaits(|line| line["kind"] == "state" && line["side"] == "client" && line["to"] == "CLOSE");
    assert_eq!(
        run.transitions().last().unwrap(),
        "client FIN_WAIT2 -> CLOSE by the time-wait timer"
    );
    assert_eq!(run.does("server write"), "wrote 5");
    assert_eq!(run.does("server so-error"), "EPIPE");
}
in_labs!(an_orphan_in_fin_wait2_is_kept_for_a_while: Isolated Loopback);

/// While a dup of a descriptor is open, close sends nothing; the last close does.
fn only_the_last_descriptor_closes_the_connection(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["client dup", "client close on=client"]);
    assert!(
        run.segments().is_empty() && run.transitions().is_empty(),
        "{}",
        run.transcript()
    );
    assert_eq!(run.does("client write hi on=client"), "EBADF");
    assert_eq!(run.does("client write hi on=client-dup"), "wrote 2");
    assert_eq!(run.does("server read"), "read hi");
    assert_eq!(run.does("client close on=client-dup"), "ok");
    assert_eq!(run.does("server read"), "EOF");
    assert!(run.stand().ends_with("server CLOSE_WAIT"), "{}", run.stand());
}
in_labs!(only_the_last_descriptor_closes_the_connection: Isolated Loopback);

/// A linger-close returns when what was written is acknowledged.
fn a_linger_close_waits_for_the_acknowledgement(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["client write", "client linger-close 20"]);
    assert_eq!(run.does("server read"), "read hello");
    assert_eq!(run.does("server read"), "EOF");
}
in_labs!(a_linger_close_waits_for_the_acknowledgement: Isolated Loopback);

/// The server that closes first keeps TIME_WAIT, and with it the port: SO_REUSEADDR frees it when both sockets have it set.
fn time_wait_keeps_the_port(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["server close on=server", "client close", "server close on=listener"]);
    assert!(
        run.stand().contains("server TIME_WAIT (kept by the kernel)"),
        "{}",
        run.stand()
    );
    run.succeeds(&["server socket"]);
    assert_eq!(run.does("server bind"), "EADDRINUSE");
    // Too late: the one in TIME_WAIT did not have it.
    run.succeeds(&["server set-option SO_REUSEADDR on"]);
    assert_eq!(run.does("server bind"), "EADDRINUSE");
    // What is accepted has it from its listener.
    run.succeeds(&[
        "server bind :8081",
        "server listen",
        "client connect",
        "server accept",
        "server close",
        "client close",
        "server close on=listener2",
        "server socket",
    ]);
    assert_eq!(run.does("server bind :8081"), "EADDRINUSE");
    run.succeeds(&["server set-option SO_REUSEADDR on", "server bind :8081"]);
}
in_labs!(time_wait_keeps_the_port: Isolated Isolated6);
