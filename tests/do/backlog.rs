//! The listener's queue.

use crate::support::{Lab, Run};

/// A backlog of 1 holds two; the third SYN is dropped, not refused, and its connect waits in SYN_SENT.
fn a_full_queue_drops_the_syn(run: &mut Run, _: Lab) {
    run.succeeds(&["server listen backlog=1", "client connect", "client connect"]);
    let third = run.blocks("client connect");
    assert_eq!(
        run.stand(),
        "client ESTABLISHED, client2 ESTABLISHED, client3 SYN_SENT | \
listener LISTEN, (no name) ESTABLISHED (not accepted yet), (no name) ESTABLISHED (not accepted yet)"
    );
    let listener = run.socket("server", "listener");
    assert_eq!((&listener["rx_queue"], &listener["tx_queue"]), (&2.into(), &1.into()));
    assert!(
        !run.segments().iter().any(|segment| segment.starts_with("server")),
        "{:?}",
        run.segments()
    );
    // There is room again: the SYN that is sent again is answered.
    run.succeeds(&["server accept"]);
    assert_eq!(run.returned(third), "ok");
}
in_labs!(a_full_queue_drops_the_syn: Isolated);

/// The same on 127.0.0.1, where only the states tell.
fn a_full_queue_drops_the_syn_on_loopback(run: &mut Run, _: Lab) {
    run.succeeds(&["server listen backlog=1", "client connect", "client connect"]);
    let third = run.blocks("client connect");
    assert!(
        run.stand()
            .starts_with("client ESTABLISHED, client2 ESTABLISHED, client3 SYN_SENT | listener LISTEN, "),
        "{}",
        run.stand()
    );
    run.succeeds(&["server accept"]);
    assert_eq!(run.returned(third), "ok");
}
in_labs!(a_full_queue_drops_the_syn_on_loopback: Loopback);

/// A handshake that TCP_DEFER_ACCEPT keeps in SYN_RECV until its data comes, while others fill the queue; then it comes.
fn late_for_the_queue(run: &mut Run) {
    run.succeeds(&[
        "server socket",
        "server set-option TCP_DEFER_ACCEPT 60",
        "server bind",
        "server listen backlog=2",
        "client connect",
    ]);
    assert_eq!(
        run.stand(),
        "client ESTABLISHED | listener LISTEN, (no name) SYN_RECV (not accepted yet)"
    );
    for _ in 0..3 {
        run.succeeds(&["client connect", "client write early"]);
    }
    let listener = run.socket("server", "listener");
    assert_eq!(
        (&listener["rx_queue"], &listener["tx_queue"]),
        (&3.into(), &2.into()),
        "{}",
        run.transcript()
    );
    run.gives("client write late on=client");
    run.awaits(|line| line["kind"] == "outcome" && line["name"] == "write" && line["socket"] == "client");
}

/// The last step of a handshake that finds the queue full is ignored: the client's data is sent again until there is room.
fn a_full_queue_ignores_the_last_step(run: &mut Run, _: Lab) {
    late_for_the_queue(run);
    for _ in 0..3 {
        run.succeeds(&["server accept"]);
        assert_eq!(run.does("server read"), "read early");
    }
    run.gives("server accept");
    run.awaits(|line| {
        line["kind"] == "outcome" && line["name"] == "accept" && line["outcome"]["ok"]["descriptor"]["fd"] == 7
    });
    assert_eq!(run.does("server read"), "read late");
}
in_labs!(a_full_queue_ignores_the_last_step: Isolated Loopback);

/// With tcp_abort_on_overflow it is answered with RST.
fn abort_on_overflow_resets(run: &mut Run, _: Lab) {
    run.succeeds(&["server host tcp_abort_on_overflow on"]);
    late_for_the_queue(run);
    run.awaits(|line| line["kind"] == "state" && line["socket"] == "client" && line["to"] == "CLOSE");
    run.settles();
    assert!(
        run.segments().contains(&"server RST seq 1".to_owned()),
        "{:?}",
        run.segments()
    );
    assert!(
        run.transitions()
            .contains(&"client ESTABLISHED -> CLOSE by RST".to_owned()),
        "{:?}",
        run.transitions()
    );
    assert_eq!(run.does("client read on=client"), "ECONNRESET");
}
in_labs!(abort_on_overflow_resets: Isolated);
