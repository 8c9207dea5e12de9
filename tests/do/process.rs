//! The endpoints' processes: signals, death, and what the kernel does with a dead one's sockets.

use crate::support::{Lab, Run};

/// When a process is killed the kernel closes its sockets: the peer gets FIN as from a close.
fn a_killed_process_sends_fin(run: &mut Run, lab: Lab) {
    run.connects();
    run.does("client kill");
    assert!(
        run.transitions()
            .contains(&"server ESTABLISHED -> CLOSE_WAIT by FIN,ACK".to_owned())
            || !lab.is_isolated()
    );
    let first = run
        .transitions()
        .into_iter()
        .find(|line| line.starts_with("client"))
        .unwrap();
    assert!(
        first.starts_with("client ESTABLISHED -> FIN_WAIT") && first.ends_with(" by death"),
        "{first}"
    );
    let died = run.step().iter().find(|line| line["kind"] == "died").unwrap();
    assert_eq!(died["how"]["signal"], 9);
    assert_eq!(
        run.stand(),
        "client FIN_WAIT2 (orphan) | listener LISTEN, server CLOSE_WAIT"
    );
    assert_eq!(run.does("server read"), "EOF");
    // What stands of the dead process's socket stays to be seen beside the new one's.
    run.does("client restart");
    assert_eq!(
        run.stand(),
        "client FIN_WAIT2 (orphan) | listener LISTEN, server CLOSE_WAIT"
    );
    run.succeeds(&["client connect"]);
    assert!(run.stand().contains("ESTABLISHED"), "{}", run.stand());
}
in_labs!(a_killed_process_sends_fin: Isolated Loopback);

/// A killed process with unread data resets.
fn a_killed_process_with_unread_data_resets(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["server write unread"]);
    run.does("client kill");
    assert_eq!(run.does("server read"), "ECONNRESET");
}
in_labs!(a_killed_process_with_unread_data_resets: Isolated Loopback);

/// SIGPIPE at its default kills the process that writes where nobody reads; ignored, it is EPIPE.
fn sigpipe(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["client shutdown write"]);
    assert_eq!(run.does("client write"), "EPIPE");
    run.succeeds(&["client sigpipe default"]);
    assert_eq!(run.does("client write x nosignal"), "EPIPE");
    run.gives("client write");
    let place = run.awaits(|line| line["kind"] == "died");
    assert_eq!(run.said[place]["how"]["signal"], 13);
    let place = run.awaits(|line| line["kind"] == "lost");
    assert_eq!(run.said[place]["rule"], "fin-sent");
}
in_labs!(sigpipe: Isolated Loopback);

/// A blocked call that is interrupted returns EINTR; the socket is unchanged.
fn interrupts(run: &mut Run, _: Lab) {
    run.connects();
    let read = run.blocks("client read");
    assert_eq!(run.does("client interrupt"), "ok");
    assert!(!run.is_blocked(read), "an interrupt is over when the call has returned");
    assert_eq!(run.returned(read), "EINTR");
    let accept = run.blocks("server accept");
    assert_eq!(run.does("server interrupt"), "ok");
    assert!(!run.is_blocked(accept));
    assert_eq!(run.returned(accept), "EINTR");
    run.succeeds(&["server write on"]);
    assert_eq!(run.does("client read"), "read on");
}
in_labs!(interrupts: Isolated Loopback);

/// While a read is blocked other calls go on, on the same socket too.
fn a_blocked_call_holds_up_nothing(run: &mut Run, _: Lab) {
    run.connects();
    let read = run.blocks("client read");
    run.succeeds(&["client write ping"]);
    assert_eq!(run.does("server read"), "read ping");
    assert!(run.is_blocked(read));
    run.succeeds(&["server write pong"]);
    assert_eq!(run.returned(read), "read pong");
}
in_labs!(a_blocked_call_holds_up_nothing: Isolated Loopback);

/// A write that the peer does not read blocks when both buffers are full, and goes on when it does.
fn a_write_blocks_when_the_buffers_are_full(run: &mut Run, _: Lab) {
    run.connects();
    let write = run.blocks("client write x repeat=20000000");
    assert_ne!(run.socket("client", "client")["tx_queue"], 0);
    assert_ne!(run.socket("server", "server")["rx_queue"], 0);
    assert_eq!(run.does("client interrupt"), "ok");
    let wrote = run.returned(write);
    assert!(wrote.starts_with("wrote ") && wrote != "wrote 20000000", "{wrote}");
}
in_labs!(a_write_blocks_when_the_buffers_are_full: Isolated Loopback);

/// What becomes of a dead process's socket later is the work of packets and timers, and told as such.
fn after_a_death_packets_and_timers_go_on(run: &mut Run, _: Lab) {
    run.succeeds(&["client host tcp_fin_timeout 1"]);
    run.connects();
    run.does("client kill");
    run.awaits(|line| line["kind"] == "state" && line["from"] == "FIN_WAIT2" && line["side"] == "client");
    let last = crate::support::transitions(&run.said).pop().unwrap();
    assert_eq!(last, "client FIN_WAIT2 -> CLOSE by the time-wait timer");
}
in_labs!(after_a_death_packets_and_timers_go_on: Isolated);

/// In the loopback lab the segments of a dead process are not seen; its end is the cause.
fn a_death_is_the_cause_at_the_other_end(run: &mut Run, _: Lab) {
    run.connects();
    run.does("server kill");
    let seen = run.transitions();
    let client = seen.iter().find(|line| line.starts_with("client")).unwrap();
    assert_eq!(
        client,
        "client ESTABLISHED -> CLOSE_WAIT by the end of the server's process"
    );
}
in_labs!(a_death_is_the_cause_at_the_other_end: Loopback);

/// finwait as a parent starts it that has left an ignored SIGCHLD and blocked signals: the deaths of processes are seen all the same,
/// and a blocked call is interrupted.
#[test]
fn what_a_parent_has_left_of_signals_is_undone() {
    let mut command = std::process::Command::new("env");
    command
        .args(["--ignore-signal=CHLD", "--block-signal"])
        .arg(env!("CARGO_BIN_EXE_finwait"))
        .args(["do", "server listen", "client connect", "server accept"])
        .args([
            "client read",
            "client interrupt",
            "server kill",
            "server restart",
            "client socket",
        ]);
    let output = crate::support::output(&mut command);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("= -1 EINTR"), "{text}");
    assert!(text.contains("killed by SIGKILL"), "{text}");
    assert!(
        text.contains("socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 4"),
        "{text}"
    );
    assert!(output.status.success(), "{output:?}");
}
