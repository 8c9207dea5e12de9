//! Settings of a lab's hosts.

use crate::support::{Lab, Run};

/// Without a route there is no way: ENETUNREACH at once, nothing on the wire; with it again all is well.
fn the_default_route(run: &mut Run, lab: Lab) {
    run.succeeds(&["server listen", "client host default_route off"]);
    let elsewhere = if lab == Lab::Isolated {
        "203.0.113.1:80"
    } else {
        "[2001:db8::1]:80"
    };
    assert_eq!(run.does(&format!("client connect {elsewhere}")), "ENETUNREACH");
    assert!(run.segments().is_empty());
    assert_eq!(run.does("client connect"), "ENETUNREACH");
    run.succeeds(&["client host default_route on", "client connect"]);
    assert!(run.stand().contains("ESTABLISHED | "), "{}", run.stand());
}
in_labs!(the_default_route: Isolated Isolated6);

/// While the device is down what is written waits in the socket; the connection survives, and it arrives when it is up.
fn a_device_that_goes_down_and_up(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["client host device down"]);
    run.gives("client write \"after all\"");
    run.awaits(|line| line["kind"] == "outcome" && line["name"] == "write");
    assert_eq!(run.does("client poll timeout=0"), "OUT");
    assert_eq!(run.socket("client", "client")["tx_queue"], 9);
    assert_eq!(run.stand(), "client ESTABLISHED | listener LISTEN, server ESTABLISHED");
    run.gives("client host device up");
    assert_eq!(run.does("server poll in timeout=20000"), "IN");
    assert_eq!(run.does("server read"), "read after all");
    assert_eq!(run.socket("client", "client")["tx_queue"], 0);
}
in_labs!(a_device_that_goes_down_and_up: Isolated Isolated6);

/// What is written while the other host's device is down is on the wire and not taken.
fn the_other_device_down(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["server host device down"]);
    run.gives("client write lost");
    run.awaits(|line| line["kind"] == "packet" && line["fate"]["refused"] == 5);
    run.gives("server host device up");
    assert_eq!(run.does("server poll in timeout=20000"), "IN");
    assert_eq!(run.does("server read"), "read lost");
}
in_labs!(the_other_device_down: Isolated);

/// tcp_retries2 shortened: data that nobody acknowledges ends the connection with ETIMEDOUT.
fn unacknowledged_data_times_out(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["client host tcp_retries2 1", "server host device down"]);
    run.gives("client write lost");
    run.awaits(|line| line["kind"] == "state" && line["side"] == "client" && line["to"] == "CLOSE");
    assert!(
        run.transitions()
            .contains(&"client ESTABLISHED -> CLOSE by the retransmit timer".to_owned())
    );
    assert_eq!(run.does("client read"), "ETIMEDOUT");
    assert_eq!(run.does("client read"), "EOF");
}
in_labs!(unacknowledged_data_times_out: Isolated);

/// connect chooses its port from ip_local_port_range; when all are taken it is EADDRNOTAVAIL.
fn the_range_of_local_ports(run: &mut Run, _: Lab) {
    run.succeeds(&[
        "server listen",
        "client host ip_local_port_range 40000-40000",
        "client connect",
    ]);
    assert_eq!(run.socket("client", "client")["local"], "10.0.0.1:40000");
    assert_eq!(run.does("client connect"), "EADDRNOTAVAIL");
}
in_labs!(the_range_of_local_ports: Isolated);

/// With no number left for a descriptor accept takes nothing from the queue, and what is open goes on; the limit is the next
/// process's, too.
fn a_limit_of_descriptors(run: &mut Run, _: Lab) {
    run.succeeds(&["server listen", "server host nofile 0", "client connect"]);
    assert_eq!(run.does("server accept"), "EMFILE");
    assert!(run.stand().contains("(not accepted yet)"), "{}", run.stand());
    assert_eq!(run.does("server dup on=listener"), "EMFILE");
    run.succeeds(&["server host nofile 64", "server accept", "server host nofile 0"]);
    assert_eq!(run.does("client write hello"), "wrote 5");
    assert_eq!(run.does("server read"), "read hello");
    run.gives("server restart");
    run.settles();
    assert_eq!(run.does("server socket"), "EMFILE");
}
in_labs!(a_limit_of_descriptors: Isolated Loopback);

/// Where no higher number is to be had, a closed one's comes again, as in any program; nothing that was made is lost.
fn a_number_that_comes_again(run: &mut Run, _: Lab) {
    run.succeeds(&["client socket", "client host nofile 4", "client close", "client socket"]);
    let sockets: Vec<&str> = ["client", "client2"]
        .map(|name| run.socket("client", name)["held"].as_str().unwrap())
        .into();
    assert_eq!(sockets, ["closed", "open"], "{}", run.stand());
    assert_eq!(run.does("client socket"), "EMFILE");
}
in_labs!(a_number_that_comes_again: Isolated);

/// More than the hard limit: one sentence with both, and exit status 1.
#[test]
fn a_limit_above_the_hard_one_is_refused() {
    let mut run = Lab::Isolated.open();
    run.gives("client host nofile 2147483584");
    let (code, stderr) = run.ends();
    assert_eq!((code, stderr.lines().count()), (Some(1), 1), "{stderr}");
    assert!(stderr.contains("as the hard limit: Invalid argument"), "{stderr}");
}

/// The machine's own settings are left alone: a setting in the loopback lab is one sentence, and exit status 1.
#[test]
fn the_loopback_lab_has_no_settings() {
    let mut run = Lab::Loopback.open();
    run.gives("client host tcp_fin_timeout 5");
    let (code, stderr) = run.ends();
    assert_eq!(code, Some(1));
    assert_eq!(
        stderr,
        "finwait: line 1, in the loopback lab tcp_fin_timeout belongs to this machine, and finwait leaves it alone: use the isolated lab\n"
    );
}
