//! Many sockets at one end, and descriptors that are no more.

use crate::support::{Lab, Run};

/// Each connection has its own name; a call goes to the current socket, or to the one named.
fn many_sockets(run: &mut Run, _: Lab) {
    run.succeeds(&["server listen backlog=9"]);
    for _ in 0..3 {
        run.succeeds(&["client connect", "server accept"]);
    }
    assert_eq!(
        run.stand(),
        "client ESTABLISHED, client2 ESTABLISHED, client3 ESTABLISHED | \
listener LISTEN, server ESTABLISHED, server2 ESTABLISHED, server3 ESTABLISHED"
    );
    run.succeeds(&[
        "client write third",
        "client write first on=client",
        "client use client2",
        "client write second",
    ]);
    assert_eq!(run.does("server read on=server"), "read first");
    assert_eq!(run.does("server read on=server2"), "read second");
    assert_eq!(run.does("server read"), "read third");
    run.succeeds(&["client use next", "client close"]);
    assert_eq!(run.does("server read"), "EOF");
    assert!(
        run.stand().contains("client2 ESTABLISHED, client3 FIN_WAIT2 (orphan)"),
        "{}",
        run.stand()
    );
}
in_labs!(many_sockets: Isolated Loopback);

/// A call on a closed descriptor is really made, and is EBADF, whatever call it is.
fn a_closed_descriptor(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["client close"]);
    for call in [
        "read",
        "write",
        "close",
        "shutdown both",
        "rst-close",
        "so-error",
        "dup",
        "reconnect",
        "options",
        "listen on=client",
    ] {
        assert_eq!(run.does(&format!("client {call}")), "EBADF", "{call}");
    }
    assert!(run.does("client poll").contains("NVAL"));
    // The number is not given to the next socket, or the closed name would mean that one.
    run.succeeds(&["client connect"]);
    assert_ne!(
        run.socket("client", "client")["fd"],
        run.socket("client", "client2")["fd"]
    );
    assert_eq!(run.does("client read on=client"), "EBADF");
}
in_labs!(a_closed_descriptor: Isolated Loopback);

/// A call on a socket that never was is made on descriptor -1.
fn no_socket_at_all(run: &mut Run, _: Lab) {
    assert_eq!(run.does("client read"), "EBADF");
    let call = run.step().iter().find(|line| line["kind"] == "call").unwrap();
    assert_eq!(call["text"], "read(-1, ..., 1024)");
}
in_labs!(no_socket_at_all: Isolated Loopback);

/// What recv's flags mean: peek leaves the data, waitall waits for all of it, oob is the urgent byte.
fn flags_of_read_and_write(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["client write abcdef"]);
    assert_eq!(run.does("server read 3 peek"), "read abc");
    assert_eq!(run.does("server read 3"), "read abc");
    let all = run.blocks("server read 6 waitall");
    run.succeeds(&["client write ghi"]);
    assert_eq!(run.returned(all), "read defghi");
    run.succeeds(&["client write \"!\" oob"]);
    assert_eq!(run.does("server poll pri timeout=20000"), "PRI");
    assert_eq!(run.does("server read 1 oob"), "read !");
}
in_labs!(flags_of_read_and_write: Isolated Loopback);

/// Every option can be read, and what is set is what is read.
fn options(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["client set-option TCP_NODELAY on", "client set-option SO_LINGER 3"]);
    assert_eq!(run.does("client options"), "ok");
    let outcome = run.step().iter().rfind(|line| line["kind"] == "outcome").unwrap();
    let readings = outcome["outcome"]["ok"]["options"]["readings"].as_array().unwrap();
    assert_eq!(readings.len(), finwait::call::SocketOption::ALL.len());
    let value = |name: &str| &readings.iter().find(|reading| reading["option"] == name).unwrap()["value"];
    assert_eq!((value("TCP_NODELAY"), value("SO_LINGER")), (&1.into(), &3.into()));
}
in_labs!(options: Isolated Isolated6 Loopback Loopback6);
