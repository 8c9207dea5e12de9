//! RST: who hears of it, as what, and how often.

use crate::support::{Lab, Run};

/// An RST in ESTABLISHED is told once, to whichever call comes first; after it a read is EOF and a write EPIPE.
fn an_rst_is_told_once(run: &mut Run, lab: Lab) {
    run.connects();
    assert_eq!(run.does("server rst-close"), "ok");
    assert_eq!(run.stand(), "client CLOSE | listener LISTEN, server CLOSE (closed)");
    if lab.is_isolated() {
        assert_eq!(run.segments(), ["server RST,ACK seq 1 ack 1"]);
        assert_eq!(
            run.transitions(),
            [
                "server ESTABLISHED -> CLOSE by rst-close",
                "client ESTABLISHED -> CLOSE by RST,ACK",
            ]
        );
    } else {
        let mut seen = run.transitions();
        seen.sort();
        assert_eq!(
            seen,
            [
                "client ESTABLISHED -> CLOSE by the server's rst-close",
                "server ESTABLISHED -> CLOSE by rst-close",
            ]
        );
    }
    assert_eq!(run.does("client read"), "ECONNRESET");
    assert_eq!(run.does("client read"), "EOF");
    assert_eq!(run.does("client write"), "EPIPE");
    assert_eq!(run.does("client so-error"), "no error");
}
in_labs!(an_rst_is_told_once: Isolated Isolated6 Loopback Loopback6);

/// A write may be the call that is told, too; so may SO_ERROR.
fn the_first_call_is_told_whichever_it_is(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["server rst-close"]);
    assert_eq!(run.does("client write"), "ECONNRESET");
    assert_eq!(run.does("client write"), "EPIPE");
    assert_eq!(run.does("client read"), "EOF");
    run.succeeds(&["client connect", "server accept", "server rst-close"]);
    assert_eq!(run.does("client so-error"), "ECONNRESET");
    assert_eq!(run.does("client so-error"), "no error");
    assert_eq!(run.does("client read"), "EOF");
}
in_labs!(the_first_call_is_told_whichever_it_is: Isolated Loopback);

/// Data that came before the RST can still be read; then comes the error.
fn data_before_the_rst_can_be_read(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["server write last", "server rst-close"]);
    assert_eq!(run.does("client read"), "read last");
    assert_eq!(run.does("client read"), "ECONNRESET");
    assert_eq!(run.does("client read"), "EOF");
}
in_labs!(data_before_the_rst_can_be_read: Isolated Loopback);

/// An RST in CLOSE_WAIT is never ECONNRESET: the FIN came first, so a read is EOF and a write EPIPE.
fn an_rst_after_the_fin_is_a_broken_pipe(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["server shutdown write"]);
    assert_eq!(run.stand(), "client CLOSE_WAIT | listener LISTEN, server FIN_WAIT2");
    run.succeeds(&["server rst-close"]);
    assert_eq!(run.stand(), "client CLOSE | listener LISTEN, server CLOSE (closed)");
    assert_eq!(run.does("client read"), "EOF");
    assert_eq!(run.does("client write"), "EPIPE");
}
in_labs!(an_rst_after_the_fin_is_a_broken_pipe: Isolated Loopback);

/// A connection that was reset in the queue is accepted all the same; its first read is ECONNRESET.
fn an_rst_before_accept(run: &mut Run, _: Lab) {
    run.succeeds(&["server listen backlog=2", "client connect", "client rst-close"]);
    assert_eq!(run.does("server accept"), "ok");
    assert_eq!(run.does("server read"), "ECONNRESET");
    assert_eq!(run.does("server read"), "EOF");
}
in_labs!(an_rst_before_accept: Isolated Loopback);

/// A close that throws data away which nobody read sends RST rather than FIN.
fn close_with_unread_data_resets(run: &mut Run, lab: Lab) {
    run.connects();
    run.succeeds(&["client write", "server close"]);
    if lab.is_isolated() {
        assert_eq!(run.segments(), ["server RST,ACK seq 1 ack 6"]);
    }
    assert_eq!(run.stand(), "client CLOSE | listener LISTEN, server CLOSE (closed)");
    assert_eq!(run.does("client read"), "ECONNRESET");
}
in_labs!(close_with_unread_data_resets: Isolated Loopback);

/// A write to an end that has closed is taken; the RST which answers it makes the next one EPIPE.
fn the_second_write_to_a_closed_end_is_a_broken_pipe(run: &mut Run, lab: Lab) {
    run.connects();
    run.succeeds(&["server close"]);
    assert_eq!(run.does("client write"), "wrote 5");
    if lab.is_isolated() {
        assert_eq!(run.segments(), ["client PSH,ACK seq 1 ack 2 len 5", "server RST seq 2"]);
        assert!(
            run.transitions()
                .contains(&"client CLOSE_WAIT -> CLOSE by RST".to_owned()),
            "{:?}",
            run.transitions()
        );
    }
    assert_eq!(run.does("client write"), "EPIPE");
}
in_labs!(the_second_write_to_a_closed_end_is_a_broken_pipe: Isolated Loopback);

/// Dissolving a connection resets the peer and keeps the socket, which can connect again.
fn a_disconnected_socket_can_connect_again(run: &mut Run, _: Lab) {
    run.connects();
    assert_eq!(run.does("client disconnect"), "ok");
    assert_eq!(run.does("server read"), "ECONNRESET");
    assert_eq!(run.does("client connect"), "ok");
    assert!(run.stand().starts_with("client ESTABLISHED | "), "{}", run.stand());
}
in_labs!(a_disconnected_socket_can_connect_again: Isolated Loopback);

/// A blocked read is woken by an RST with ECONNRESET, and by a FIN with the end of the stream.
fn a_blocked_read_is_woken(run: &mut Run, _: Lab) {
    run.connects();
    let read = run.blocks("client read");
    run.succeeds(&["server rst-close"]);
    assert_eq!(run.returned(read), "ECONNRESET");
    run.succeeds(&["client connect", "server accept"]);
    let read = run.blocks("client read");
    run.succeeds(&["server shutdown write"]);
    assert_eq!(run.returned(read), "EOF");
}
in_labs!(a_blocked_read_is_woken: Isolated Loopback);

/// No segment is seen, but the peer's call that the end came with tells what it sent.
fn what_ended_it_is_told_by_the_peers_call(run: &mut Run, _: Lab) {
    let ends = [
        (
            "client shutdown both",
            "server write x",
            "data",
            "this end's kernel reset it",
        ),
        ("client shutdown both", "server rst-close", "rst", "an RST ended it"),
        (
            "client shutdown write",
            "server close",
            "fin",
            "both FINs are acknowledged",
        ),
    ];
    run.succeeds(&["server listen"]);
    for (shutdown, end, set_by, words) in ends {
        run.succeeds(&["client connect", "server accept", shutdown, end]);
        assert_eq!(run.does("client shutdown write"), "ENOTCONN");
        let outcome = run.step().iter().rev().find(|line| line["kind"] == "outcome").unwrap();
        assert_eq!(outcome["set_by"]["found"][0], set_by, "{outcome}");
        let why = outcome["why"].as_str().unwrap();
        assert!(why.contains(words), "{why}");
    }
}
in_labs!(what_ended_it_is_told_by_the_peers_call: Loopback);
