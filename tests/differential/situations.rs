//! Each rule in at least three situations: scripts that were chosen, and differ in what the socket went through.
//!
//! A script is what `finwait do` is given, its commands separated by semicolons; what comes back since its last command falls under the
//! script's rule. `client returns` waits until no call of the client's blocks any more, and words in capitals are beginnings ([`WORDS`]).

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use finwait::explain::rules::RULES;

use super::claims::Tally;
use super::support::{Lab, Run};
use super::{CALM, carry_out, wrong_in};

/// In how many situations each rule is met.
const LEAST: usize = 3;
/// How many scripts are played at the same time.
const AT_ONCE: usize = 6;

/// How long a command's call may take, in ms; then it counts as one that blocks. More than any needs that does not.
const PATIENCE: &str = "250";

/// How often the end of a script is looked for, each time when all is quiet.
const TRIES: usize = 10;

/// Rules that this kernel has no case of.
const NOT_HERE: &[&str] = &[
    // EBUSY: since Linux 6.5 nobody is kept from dissolving a connection; 5.10 and its like do. `tests/kernels/run` meets it there.
    "waited-on",
];

/// What a script may begin with.
const WORDS: &[(&str, &str)] = &[
    // A connection.
    ("EST", "server listen; client connect; server accept"),
    // An attempt that waits for the answer to its SYN, which stands on the wire, on a socket that does not block.
    (
        "TRIES",
        "server listen; wire hold SYN; client socket; client set-option O_NONBLOCK on; client connect",
    ),
    // Both ends connect to each other; their SYNs have crossed, and the SYN,ACKs stand on the wire.
    (
        "CROSSED",
        "wire hold SYN; wire hold SYN,ACK; client socket; client bind 9000; server socket; server bind 9000; \
         client set-option O_NONBLOCK on; server set-option O_NONBLOCK on; client reconnect 9000; \
         server reconnect 9000; wire deliver all",
    ),
    // The same with a client whose connect blocks.
    (
        "CROSSING",
        "wire hold SYN; wire hold SYN,ACK; client socket; client bind 9000; server socket; server bind 9000; \
         server set-option O_NONBLOCK on; client reconnect 9000; server reconnect 9000; wire deliver all",
    ),
    // A connection with little room at both ends.
    (
        "NARROW",
        "server socket; server set-option SO_RCVBUF 4096; server set-option SO_SNDBUF 4096; server listen; \
         client socket; client set-option SO_SNDBUF 4096; client set-option SO_RCVBUF 4096; client connect; server accept",
    ),
    // What the client writes then fills its send buffer.
    (
        "FILL",
        "client write x repeat=100000 deadline=100; client write x repeat=100000 deadline=100; \
         client write x repeat=100000 deadline=100",
    ),
    // An end whose data nobody acknowledges gives up after 0.2 s.
    ("IMPATIENT", "client set-option TCP_USER_TIMEOUT 200"),
    // Keepalive that gives up after two seconds.
    (
        "KEEPALIVE",
        "client set-option TCP_KEEPIDLE 1; client set-option TCP_KEEPINTVL 1; client set-option TCP_KEEPCNT 1; \
         client set-option SO_KEEPALIVE on; wire drop any from=client",
    ),
    // Waits for the end of the client's connection, without taking its error.
    ("AWAIT_END", "client poll hup timeout=20000; client returns"),
];

/// Over IPv6.
const SIX: &str = "IPv6: ";

/// Each rule, and the scripts that show it.
const TABLE: &[(&str, &[&str])] = &[
    (
        "reset-in-close-wait",
        &[
            "EST; server close; client write; client write",
            "EST; server close; client write; client so-error",
            "EST; server shutdown write; server rst-close; client write",
            "EST; client dup; server shutdown write; wire forge rst to=client; client write nosignal on=client-dup",
            "IPv6: EST; server close; wire forge rst to=client seq=out-of-window; client write; client write",
            "NARROW; server shutdown write; FILL; client write; wire forge rst to=client",
        ],
    ),
    (
        "error-told",
        &[
            "EST; server rst-close; client read; client write",
            "EST; server close; client write; client so-error; client write",
            "EST; client destroy; client so-error; client write",
            "EST; IMPATIENT; wire drop data; client write; client read; client returns; client write",
            "NARROW; FILL; client dup; client write on=client; client write on=client-dup; server rst-close",
        ],
    ),
    (
        "fin-sent",
        &[
            "EST; client shutdown write; client write",
            "EST; server close; client shutdown write; client write",
            "EST; wire hold FIN from=client; client shutdown write; client write",
            "EST; client dup; client shutdown both; server shutdown write; client write on=client-dup",
            "EST; wire drop FIN times=1; client shutdown write; server shutdown write; client write dontwait",
            "EST; server shutdown write; wire hold FIN from=client; client shutdown both; client write",
        ],
    ),
    (
        "writing-shut",
        &[
            "EST; client host default_route off; client shutdown write; client write",
            "client socket; client shutdown write; server listen; client reconnect; client write",
            "client socket; client shutdown both; server listen; client reconnect; server accept; server close; \
             client write dontwait",
            "NARROW; FILL; client shutdown write; client write",
        ],
    ),
    (
        "shut-while-writing",
        &[
            "NARROW; FILL; client write; client shutdown write",
            "NARROW; server shutdown write; FILL; client write; client shutdown both",
            "CROSSED; client set-option O_NONBLOCK off; client write; client shutdown write; wire clear; wire deliver all",
            "NARROW; client dup; FILL; client write on=client; client shutdown write on=client-dup",
        ],
    ),
    (
        "write-unconnected",
        &[
            "client socket; client write",
            "EST; client disconnect; client so-error; client write",
            "TRIES; client shutdown write; client so-error; client write",
            "client socket; client bind 0; client dup; client write dontwait on=client-dup",
        ],
    ),
    (
        "write-on-listener",
        &[
            "server listen; server write",
            "server listen; server dup on=listener; server write on=listener-dup",
            "server listen; server set-option O_NONBLOCK on; client connect; server write nosignal on=listener",
            "IPv6: EST; server write on=listener",
        ],
    ),
    (
        "dissolved-while-waiting",
        &[
            "EST; client read; client disconnect",
            "EST; client dup; client shutdown write; client read on=client; client disconnect on=client-dup",
            "EST; server read; server write; client write; server read; server disconnect",
            "server listen; wire hold SYN; client connect; client disconnect",
        ],
    ),
    (
        "reset",
        &[
            "EST; server rst-close; client read",
            "EST; client read; server rst-close",
            "EST; client shutdown write; server rst-close; client so-error",
            "NARROW; FILL; client write; server rst-close",
            "CROSSED; wire forge rst to=client; client read",
            "IPv6: EST; client write; server close; client so-error",
            "EST; wire forge rst to=client seq=in-window; wire forge rst to=client; client dup; client read on=client-dup",
            "EST; wire hold FIN from=server; server close; client write; client write",
            "EST; server rst-close; client disconnect; client read",
        ],
    ),
    (
        "data-after-shutdown",
        &[
            "EST; client shutdown both; server write; client read",
            "EST; client shutdown both; server write; client so-error",
            "EST; client shutdown write; client shutdown read; server write; client write",
            "EST; wire hold FIN from=client; client shutdown both; server write; client read",
        ],
    ),
    (
        "connect-reset",
        &[
            "server listen; wire hold SYN; client connect; client shutdown both",
            "CROSSED; wire forge rst to=client; client reconnect 9000",
            "CROSSING; wire forge rst to=client",
            "IPv6: server listen; wire hold SYN; client connect; client dup; client shutdown write on=client-dup",
        ],
    ),
    (
        "given-up-by-us",
        &[
            "EST; client disconnect; client so-error",
            "NARROW; FILL; client write; client disconnect",
            "EST; client disconnect; client read",
            "TRIES; client shutdown both; client so-error",
            "TRIES; client disconnect; client write",
            "server listen; wire hold SYN; client connect; client disconnect; client so-error",
            "EST; server shutdown write; client disconnect; client read",
        ],
    ),
    (
        "refused",
        &[
            "client connect",
            "server listen; wire hold SYN; client connect; wire forge rst to=client",
            "client socket; client bind 0; client reconnect",
            "IPv6: client connect",
            "server listen; server close on=listener; server socket; server connect",
        ],
    ),
    (
        "refused-by-icmp",
        &[
            "server listen; wire hold SYN; client connect; wire forge port-unreachable to=client",
            "IPv6: server listen; wire hold SYN; client connect; wire forge port-unreachable to=client",
            "CROSSING; wire forge port-unreachable to=client",
            "wire hold SYN; client socket; client bind 0; client reconnect; \
             wire forge ack to=client seq=out-of-window; wire forge port-unreachable to=client",
        ],
    ),
    (
        "refused-earlier",
        &[
            "client socket; client set-option O_NONBLOCK on; client connect; client read",
            "client socket; client set-option O_NONBLOCK on; client connect; client so-error",
            "TRIES; wire forge port-unreachable to=client; client write",
            "TRIES; client dup; wire forge rst to=client; client read on=client-dup",
            "TRIES; client set-option O_NONBLOCK off; client read; wire forge port-unreachable to=client",
            "CROSSED; wire forge port-unreachable to=client; client so-error",
            "IPv6: TRIES; wire forge port-unreachable to=client; client read",
        ],
    ),
    (
        "refused-noted",
        &[
            "EST; wire hold data; client write; wire forge port-unreachable to=client; client so-error",
            "EST; wire hold FIN; client shutdown write; wire forge port-unreachable to=client; client so-error",
            "IPv6: EST; server shutdown write; wire hold data; client write; client dup; \
             wire forge port-unreachable to=client; client so-error on=client-dup",
        ],
    ),
    (
        "refused-at-the-end",
        &[
            "EST; IMPATIENT; wire drop data; client write; wire forge port-unreachable to=client; client read; client returns",
            "EST; IMPATIENT; wire drop data; client write; wire forge port-unreachable to=client; AWAIT_END; client so-error",
            "client host tcp_retries2 1; EST; wire drop data; client write; wire forge port-unreachable to=client; \
             AWAIT_END; client write",
            "IPv6: EST; IMPATIENT; wire drop FIN; client shutdown write; wire forge port-unreachable to=client; \
             client read; client returns",
        ],
    ),
    (
        "connect-timed-out",
        &[
            "wire drop SYN; client socket; client set-option TCP_SYNCNT 1; client connect; client returns",
            "wire drop SYN; client socket; IMPATIENT; client connect; client returns",
            "client host tcp_syn_retries 1; server listen; wire drop SYN; client connect; client returns",
            "IPv6: server listen; wire drop SYN; client socket; client bind 0; IMPATIENT; client reconnect; client returns",
            "TRIES; IMPATIENT; client poll hup timeout=20000; client returns; client reconnect",
        ],
    ),
    (
        "peer-given-up",
        &[
            "EST; IMPATIENT; wire drop data; client write; client read; client returns",
            "EST; KEEPALIVE; client poll hup timeout=20000; client returns; client so-error",
            "client host tcp_retries2 1; EST; wire drop data; client write; AWAIT_END; client write",
            "EST; server shutdown write; IMPATIENT; wire drop data; client write; AWAIT_END; client so-error",
            "EST; IMPATIENT; wire drop FIN; client shutdown write; client read; client returns",
            "EST; client shutdown write; KEEPALIVE; client read; client returns",
            "NARROW; IMPATIENT; FILL; client write; client returns",
        ],
    ),
    (
        "syn-given-up",
        &[
            "TRIES; IMPATIENT; client set-option O_NONBLOCK off; client read; client returns",
            "TRIES; IMPATIENT; client set-option O_NONBLOCK off; client write; client returns",
            "IPv6: TRIES; client set-option TCP_SYNCNT 1; client set-option O_NONBLOCK off; client dup; \
             client read on=client-dup; client returns",
            "TRIES; IMPATIENT; AWAIT_END; client so-error",
            "TRIES; IMPATIENT; AWAIT_END; client read",
        ],
    ),
    (
        "handshake-given-up",
        &[
            "CROSSED; IMPATIENT; client poll hup timeout=20000; client returns; client read",
            "CROSSED; client set-option TCP_SYNCNT 1; AWAIT_END; client so-error",
            "CROSSED; IMPATIENT; AWAIT_END; client reconnect 9000",
            "CROSSED; IMPATIENT; client set-option O_NONBLOCK off; client write; client returns",
        ],
    ),
    (
        "host-unreachable",
        &[
            "server listen; wire hold SYN; client connect; wire forge host-unreachable to=client",
            "IPv6: server listen; wire hold SYN; client connect; wire forge host-unreachable to=client",
            "CROSSING; wire forge host-unreachable to=client",
            "server listen; wire hold SYN; client connect; wire forge prohibited to=client",
        ],
    ),
    (
        "host-unreachable-earlier",
        &[
            "TRIES; wire forge host-unreachable to=client; client read",
            "TRIES; wire forge host-unreachable to=client; client so-error",
            "TRIES; wire forge prohibited to=client; client write",
            "IPv6: TRIES; client set-option O_NONBLOCK off; client read; wire forge host-unreachable to=client",
            "CROSSED; wire forge host-unreachable to=client; client dup; client so-error on=client-dup",
        ],
    ),
    (
        "host-unreachable-at-the-end",
        &[
            "EST; IMPATIENT; wire drop data; client write; wire forge host-unreachable to=client; client read; client returns",
            "EST; IMPATIENT; wire drop data; client write; wire forge prohibited to=client; AWAIT_END; client so-error",
            "IPv6: EST; server shutdown write; IMPATIENT; wire drop data; client write; \
             wire forge host-unreachable to=client; AWAIT_END; client write",
        ],
    ),
    (
        "host-unreachable-noted",
        &[
            "EST; wire hold data; client write; wire forge host-unreachable to=client; client so-error",
            "EST; wire hold FIN; client shutdown write; wire forge prohibited to=client; client so-error",
            "IPv6: EST; server shutdown write; wire hold data; client write; wire forge host-unreachable to=client; \
             client so-error",
        ],
    ),
    (
        "network-unreachable",
        &[
            "client host default_route off; client connect",
            "client host device down; client socket; client bind :7001; client reconnect",
            "server listen; wire hold SYN; client connect; wire forge net-unreachable to=client",
            "CROSSING; wire forge net-unreachable to=client",
            "IPv6: client host default_route off; client connect",
            "EST; server host default_route off; server socket; server connect",
        ],
    ),
    (
        "network-unreachable-earlier",
        &[
            "TRIES; wire forge net-unreachable to=client; client read",
            "TRIES; wire forge net-unreachable to=client; client so-error",
            "CROSSED; wire forge net-unreachable to=client; client write",
            "IPv6: TRIES; client set-option O_NONBLOCK off; client write; wire forge net-unreachable to=client",
        ],
    ),
    (
        "network-unreachable-at-the-end",
        &[
            "EST; IMPATIENT; wire drop data; client write; wire forge net-unreachable to=client; client read; client returns",
            "EST; IMPATIENT; wire drop FIN; client shutdown write; wire forge net-unreachable to=client; AWAIT_END; client so-error",
            "IPv6: EST; IMPATIENT; wire drop data; client write; wire forge net-unreachable to=client; AWAIT_END; client write",
        ],
    ),
    (
        "network-unreachable-noted",
        &[
            "EST; wire hold data; client write; wire forge net-unreachable to=client; client so-error",
            "EST; wire hold FIN; client shutdown both; wire forge net-unreachable to=client; client so-error",
            "IPv6: EST; server shutdown write; wire hold data; client write; wire forge net-unreachable to=client; \
             client so-error",
        ],
    ),
    (
        "destroyed",
        &[
            "EST; client destroy; client read",
            "EST; client read; client destroy",
            "TRIES; client destroy; client so-error",
            "server listen; server destroy on=listener; server so-error on=listener",
            "NARROW; FILL; client write; client destroy",
            "EST; client shutdown write; client destroy; client write",
            "CROSSED; client destroy; client read",
        ],
    ),
    (
        "attempt-dead",
        &[
            "client socket; client set-option O_NONBLOCK on; client connect; client so-error; client reconnect",
            "server listen; wire hold SYN; client connect; client destroy",
            "TRIES; wire forge host-unreachable to=client; client read; client reconnect",
            "TRIES; client destroy; client so-error; client reconnect",
            "IPv6: TRIES; client dup; wire forge port-unreachable to=client; client write on=client-dup; \
             client reconnect on=client",
        ],
    ),
    (
        "eof-fin",
        &[
            "EST; server close; client read",
            "EST; client read; server shutdown write",
            "EST; client shutdown write; server close; client read",
            "EST; client dup; server write; server close; client read; client read on=client-dup",
            "IPv6: EST; wire hold FIN; client shutdown write; server shutdown write; wire deliver all; client read",
            "EST; wire duplicate FIN; server shutdown write; client shutdown both; client read",
            "EST; client shutdown read; server close; client read",
        ],
    ),
    (
        "eof-fin-before-rst",
        &[
            "EST; server close; client write; client read",
            "EST; server shutdown write; server rst-close; client read",
            "EST; server shutdown write; client dup; wire forge rst to=client; client read on=client-dup",
            "IPv6: EST; server close; client write; client so-error; client read",
        ],
    ),
    (
        "eof-error-told",
        &[
            "EST; server rst-close; client read; client read",
            "EST; client destroy; client so-error; client read",
            "EST; IMPATIENT; wire drop data; client write; AWAIT_END; client write; client read",
            "EST; client shutdown both; server write; client so-error; client read",
            "EST; client dup; client read on=client; client read on=client-dup; server rst-close",
            "EST; client shutdown write; wire forge fin to=client seq=out-of-window; server rst-close; client read; client read",
        ],
    ),
    (
        "eof-reading-shut",
        &[
            "EST; client shutdown read; client read",
            "EST; client read; client shutdown read",
            "EST; client shutdown both; client read",
            "client socket; client shutdown read; server listen; client reconnect; client read",
            "EST; wire hold FIN from=client; client shutdown both; client dup; client read on=client-dup",
        ],
    ),
    (
        "eof-unconnected",
        &[
            "client socket; client shutdown read; client read",
            "client socket; client bind 0; client shutdown both; client read",
            "client socket; client dup; client shutdown read on=client; client read on=client-dup",
            "EST; client disconnect; client so-error; client shutdown read; client read",
        ],
    ),
    (
        "no-urgent-byte-any-more",
        &[
            "EST; wire drop data from=client seq=1449; client write x repeat=2000 oob; server shutdown read; server read oob",
            "EST; wire drop data from=client seq=1449; client write x repeat=2000 oob; \
             wire drop data from=client; wire forge fin to=server; server read oob",
            "EST; wire drop data from=client seq=1449; client write x repeat=2000 oob; \
             wire drop data from=client; wire forge fin to=server; \
             wire forge rst to=server; server dup; server read oob on=server-dup",
        ],
    ),
    (
        "read-deadline",
        &[
            "EST; client read deadline=30",
            "EST; client shutdown write; client read 100 waitall deadline=30",
            "TRIES; client set-option O_NONBLOCK off; client read deadline=30",
            "CROSSED; client set-option O_NONBLOCK off; client read deadline=30",
        ],
    ),
    (
        "connect-deadline",
        &[
            "wire hold SYN; client connect deadline=30",
            "server listen; wire drop SYN; client socket; client bind 0; client connect deadline=30",
            "IPv6: server listen; wire hold SYN,ACK; client connect deadline=30",
        ],
    ),
    (
        "write-deadline-half",
        &[
            "NARROW; client write x repeat=100000 deadline=50",
            "NARROW; server shutdown write; client write x repeat=100000 deadline=50",
            "NARROW; server dup on=server; server write x repeat=100000 deadline=50 on=server-dup",
        ],
    ),
    (
        "write-deadline",
        &[
            "NARROW; FILL; client write deadline=30",
            "NARROW; server shutdown write; FILL; client write deadline=30",
            "IPv6: NARROW; FILL; client dup; client write oob deadline=30 on=client-dup",
        ],
    ),
    (
        "write-deadline-handshake",
        &[
            "TRIES; client set-option O_NONBLOCK off; client write deadline=30",
            "CROSSED; client set-option O_NONBLOCK off; client write deadline=30",
            "IPv6: TRIES; client set-option O_NONBLOCK off; client dup; client write deadline=30 on=client-dup",
        ],
    ),
    (
        "descriptor-closed",
        &[
            "client socket; client close; client close",
            "EST; client close; client read",
            "EST; client dup; client close on=client; client write on=client",
            "EST; client rst-close; client shutdown write",
            "EST; client linger-close 1; client so-error",
            "server listen; server close; server accept on=listener",
        ],
    ),
    (
        "descriptor-never-was",
        &[
            "client read",
            "server so-error",
            "client shutdown write",
            "client close",
            "server write",
        ],
    ),
    (
        "prohibited",
        &[
            "IPv6: server listen; wire hold SYN; client connect; wire forge prohibited to=client",
            "IPv6: wire hold SYN; client socket; client bind 0; client reconnect; wire forge prohibited to=client",
            "IPv6: CROSSING; wire forge prohibited to=client",
        ],
    ),
    (
        "prohibited-earlier",
        &[
            "IPv6: TRIES; wire forge prohibited to=client; client read",
            "IPv6: TRIES; wire forge prohibited to=client; client so-error",
            "IPv6: TRIES; client set-option O_NONBLOCK off; client write; wire forge prohibited to=client",
            "IPv6: CROSSED; wire forge prohibited to=client; client read",
        ],
    ),
    (
        "prohibited-at-the-end",
        &[
            "IPv6: EST; IMPATIENT; wire drop data; client write; wire forge prohibited to=client; client read; client returns",
            "IPv6: EST; IMPATIENT; wire drop FIN; client shutdown write; wire forge prohibited to=client; AWAIT_END; client so-error",
            "IPv6: EST; server shutdown write; IMPATIENT; wire drop data; client write; wire forge prohibited to=client; \
             AWAIT_END; client write",
        ],
    ),
    (
        "prohibited-noted",
        &[
            "IPv6: EST; wire hold data; client write; wire forge prohibited to=client; client so-error",
            "IPv6: EST; wire hold FIN; client shutdown write; wire forge prohibited to=client; client so-error",
            "IPv6: EST; server shutdown write; wire hold data; client write; client dup; wire forge prohibited to=client; \
             client so-error on=client-dup",
        ],
    ),
    (
        "accept-no-number",
        &[
            "server listen; client connect; server host nofile 0; server accept",
            "server listen; server host nofile 0; server accept",
            "EST; server host nofile 0; client connect; server accept on=listener",
            "IPv6: server listen; server set-option O_NONBLOCK on; client connect; server dup on=listener; \
             server host nofile 0; server accept on=listener-dup",
        ],
    ),
    (
        "no-number",
        &[
            "client host nofile 0; client socket",
            "EST; client host nofile 0; client dup",
            "server listen; server host nofile 0; server dup on=listener",
        ],
    ),
    (
        "poll-interrupted",
        &[
            "EST; client poll in timeout=60000; client interrupt",
            "server listen; server poll in timeout=60000; server interrupt",
            "EST; client shutdown write; client poll rdhup timeout=60000; client interrupt",
        ],
    ),
    (
        "read-interrupted",
        &[
            "EST; client read; client interrupt",
            "EST; client shutdown write; client read 10 waitall; client interrupt",
            "TRIES; client set-option O_NONBLOCK off; client read; client interrupt",
            "IPv6: CROSSED; client set-option O_NONBLOCK off; client read; client interrupt",
        ],
    ),
    (
        "accept-interrupted",
        &[
            "server listen; server accept; server interrupt",
            "EST; server accept on=listener; server interrupt",
            "IPv6: server listen; server dup on=listener; server accept on=listener-dup; server interrupt",
        ],
    ),
    (
        "connect-interrupted",
        &[
            "wire hold SYN; client connect; client interrupt",
            "CROSSING; client interrupt",
            "IPv6: server listen; wire hold SYN,ACK; client socket; client bind 0; client reconnect; client interrupt",
        ],
    ),
    (
        "write-interrupted",
        &[
            "NARROW; FILL; client write; client interrupt",
            "NARROW; server shutdown write; FILL; client write; client interrupt",
            "TRIES; client set-option O_NONBLOCK off; client write; client interrupt",
            "CROSSED; client set-option O_NONBLOCK off; client dup; client write on=client-dup; client interrupt",
        ],
    ),
    (
        "read-nothing",
        &[
            "EST; client set-option O_NONBLOCK on; client read",
            "EST; client read dontwait",
            "EST; client set-option SO_RCVTIMEO 20; client read; client returns",
            "EST; client shutdown write; client read peek dontwait",
            "EST; wire hold FIN; client shutdown write; client dup; client read dontwait on=client-dup",
        ],
    ),
    (
        "write-no-room",
        &[
            "NARROW; FILL; client set-option O_NONBLOCK on; client write",
            "NARROW; FILL; client write dontwait",
            "NARROW; FILL; client set-option SO_SNDTIMEO 20; client write; client returns",
            "NARROW; server shutdown write; FILL; client write dontwait",
        ],
    ),
    (
        "accept-nothing",
        &[
            "server listen; server set-option O_NONBLOCK on; server accept",
            "server listen; server set-option SO_RCVTIMEO 20; server accept; server returns",
            "EST; server set-option O_NONBLOCK on on=listener; server accept on=listener",
            "IPv6: server listen; wire hold ACK from=client; client connect; server dup on=listener; \
             server set-option O_NONBLOCK on on=listener-dup; server accept on=listener",
        ],
    ),
    (
        "read-before-handshake",
        &[
            "TRIES; client read",
            "CROSSED; client read",
            "TRIES; client set-option O_NONBLOCK off; client set-option SO_RCVTIMEO 20; client read; client returns",
            "TRIES; client set-option O_NONBLOCK off; client dup; client read dontwait on=client-dup",
        ],
    ),
    (
        "write-before-handshake",
        &[
            "TRIES; client write",
            "CROSSED; client write",
            "TRIES; client set-option O_NONBLOCK off; client set-option SO_SNDTIMEO 20; client write; client returns",
            "TRIES; client set-option O_NONBLOCK off; client dup; client write dontwait on=client-dup",
        ],
    ),
    (
        "urgent-not-yet",
        &[
            "EST; wire drop data from=client seq=1449; client write x repeat=2000 oob; server read oob",
            "EST; server shutdown write; wire drop data from=client seq=1449; client write x repeat=2000 oob; \
             server read oob dontwait",
            "EST; wire drop data from=client seq=1449; client write x repeat=2000 oob; server read; server dup; \
             server read oob on=server-dup",
        ],
    ),
    (
        "connect-under-way",
        &[
            "server listen; client socket; client set-option O_NONBLOCK on; client connect",
            "wire hold SYN; client socket; client set-option SO_SNDTIMEO 20; client connect; client returns",
            "IPv6: client socket; client bind 0; client set-option O_NONBLOCK on; client reconnect",
            "client socket; client set-option O_NONBLOCK on; client connect; client reconnect; client reconnect",
        ],
    ),
    (
        "connect-still-under-way",
        &[
            "TRIES; client reconnect",
            "CROSSED; client reconnect 9000",
            "TRIES; client dup; client reconnect on=client-dup",
            "IPv6: wire hold SYN; client connect; client interrupt; client set-option O_NONBLOCK on; client reconnect",
        ],
    ),
    (
        "already-connected",
        &[
            "EST; client reconnect",
            "EST; server reconnect",
            "EST; client shutdown write; client reconnect",
            "EST; server close; client dup; client reconnect on=client-dup",
            "TRIES; wire clear; wire deliver all; client reconnect; client reconnect",
        ],
    ),
    (
        "connected-once",
        &[
            "EST; server rst-close; client reconnect",
            "EST; client destroy; client reconnect",
            "EST; client shutdown write; server close; client reconnect",
            "EST; client rst-close; server read; server reconnect",
            "EST; server close; client shutdown write; client reconnect",
        ],
    ),
    (
        "connect-on-listener",
        &[
            "server listen; server reconnect",
            "client listen; client dup; client reconnect on=listener-dup",
            "IPv6: EST; server set-option O_NONBLOCK on on=listener; server reconnect on=listener",
        ],
    ),
    (
        "shutdown-over",
        &[
            "EST; server rst-close; client shutdown write",
            "EST; client shutdown write; server close; client shutdown both",
            "EST; IMPATIENT; wire drop data; client write; AWAIT_END; client shutdown write",
            "TRIES; wire forge host-unreachable to=client; client shutdown read",
            "EST; client destroy; client shutdown write",
            "EST; client shutdown both; server write; client shutdown both",
            "EST; server close; client shutdown write; client shutdown write",
            "TRIES; wire forge rst to=client; client shutdown both",
            "EST; client rst-close; server poll; server shutdown both",
        ],
    ),
    (
        "read-unconnected",
        &[
            "client socket; client read",
            "EST; client disconnect; client so-error; client read",
            "TRIES; client shutdown write; client so-error; client read",
            "client socket; client bind 0; client dup; client read dontwait on=client-dup",
            "EST; wire drop data from=client seq=1449; client write x repeat=2000 oob; wire forge rst to=server; server read oob",
            "client connect; client shutdown read; client disconnect; client read",
        ],
    ),
    (
        "shutdown-both-unconnected",
        &[
            "client socket; client shutdown both",
            "EST; client disconnect; client shutdown both",
            "client socket; client bind 0; client shutdown read; client shutdown both",
        ],
    ),
    (
        "shutdown-write-unconnected",
        &[
            "client socket; client shutdown write",
            "TRIES; client disconnect; client shutdown write",
            "client connect; client dup; client shutdown write on=client-dup",
        ],
    ),
    (
        "shutdown-read-unconnected",
        &[
            "client socket; client shutdown read",
            "EST; server disconnect; server shutdown read",
            "server listen; server shutdown read on=listener; server shutdown read on=listener",
        ],
    ),
    (
        "read-on-listener",
        &[
            "server listen; server read",
            "EST; client write; server read on=listener",
            "IPv6: server listen; server dup on=listener; server read dontwait on=listener-dup",
        ],
    ),
    (
        "bind-twice",
        &[
            "client socket; client bind 0; client bind 0",
            "server listen; server bind",
            "EST; client bind 0",
            "EST; server bind 0",
            "TRIES; client dup; client bind 0 on=client-dup",
        ],
    ),
    (
        "bind-ipv4-address-on-ipv6-socket",
        &[
            "IPv6: client socket; client bind 127.0.0.1:0",
            "IPv6: client connect; client bind 10.0.0.1:7001",
            "IPv6: server socket; server dup; server bind 127.0.0.1:8080 on=listener-dup",
        ],
    ),
    (
        "link-local-without-zone",
        &[
            "IPv6: client socket; client bind [fe80::1]:0",
            "IPv6: client socket; client connect [fe80::1]:8080",
            "IPv6: server listen; client connect; client disconnect; client reconnect [fe80::2]:8080",
        ],
    ),
    (
        "option-value",
        &[
            "client socket; client set-option TCP_SYNCNT 128",
            "EST; client set-option TCP_KEEPIDLE 32768",
            "server listen; server set-option TCP_KEEPCNT 0",
            "EST; client shutdown write; client set-option TCP_USER_TIMEOUT -1",
        ],
    ),
    (
        "accept-without-listen",
        &[
            "client socket; client accept",
            "EST; client accept",
            "server listen; server accept; server destroy on=listener",
            "server listen; server shutdown read on=listener; server accept on=listener",
            "server listen; server disconnect on=listener; server accept on=listener",
            "server listen; server disconnect on=listener; server disconnect on=listener; server accept on=listener",
            "EST; server accept on=listener; server shutdown both on=listener",
        ],
    ),
    (
        "listen-connected",
        &[
            "EST; server listen on=server",
            "EST; client shutdown write; client listen on=client",
            "EST; server rst-close; client listen on=client",
            "TRIES; client listen on=client",
        ],
    ),
    (
        "connect-ipv4-address-on-ipv6-socket",
        &[
            "IPv6: client socket; client connect 127.0.0.1:8080",
            "IPv6: client socket; client bind 0; client connect 10.0.0.2:8080",
            "IPv6: server listen; client connect; client disconnect; client reconnect 127.0.0.1:8080",
        ],
    ),
    (
        "no-urgent-byte",
        &[
            "EST; server read oob",
            "EST; client write ! oob; server read oob; server read oob",
            "EST; client write ab! oob; client write cd; server read; server read; server read oob",
            "EST; client shutdown write; client read oob",
        ],
    ),
    (
        "poll-above-limit",
        &[
            "server listen; server host nofile 0; server poll",
            "EST; client host nofile 0; client poll out",
            "EST; client shutdown write; client host nofile 0; client poll in timeout=100",
        ],
    ),
    (
        "address-taken",
        &[
            "server listen; server socket; server bind",
            "EST; server close; client close; server close on=listener; server socket; server bind",
            "EST; server close on=listener; server socket; server set-option SO_REUSEADDR on; server bind",
            "client socket; client bind :7001; client socket; client bind :7001",
        ],
    ),
    (
        "listen-taken",
        &[
            "server socket; server set-option SO_REUSEADDR on; server bind; server socket; \
             server set-option SO_REUSEADDR on; server bind; server listen on=listener2; server listen on=listener",
            "client socket; client set-option SO_REUSEADDR on; client bind :7001; client socket; \
             client set-option SO_REUSEADDR on; client bind :7001; client dup; client listen on=client; \
             client listen on=client2-dup",
            "client host ip_local_port_range 40000-40000; client socket; client bind 0; client socket; client listen",
        ],
    ),
    (
        "no-port-to-bind",
        &[
            "client host ip_local_port_range 40000-40000; client socket; client bind 0; client socket; client bind 0",
            "client host ip_local_port_range 40000-40000; EST; client socket; client dup; \
             client bind 0 on=client2-dup; server socket; server bind :8081; client socket; client bind 0",
            "IPv6: client host ip_local_port_range 40000-40000; client socket; client bind :40000; client listen; \
             client socket; client bind 0",
        ],
    ),
    (
        "no-port-left",
        &[
            "client host ip_local_port_range 40000-40000; server listen; client connect; client connect",
            "IPv6: client host ip_local_port_range 40000-40000; EST; client shutdown write; client socket; \
             client set-option O_NONBLOCK on; client reconnect",
            "client host ip_local_port_range 40000-40000; EST; client rst-close; client connect; server accept; \
             server close; client socket; client dup; client reconnect on=client3-dup",
        ],
    ),
    (
        "no-such-address",
        &[
            "server socket; server bind 192.0.2.1:8080",
            "client socket; client set-option SO_REUSEADDR on; client dup; client bind 192.0.2.1:0 on=client-dup",
            "IPv6: server socket; server bind [2001:db8::1]:8080",
        ],
    ),
    (
        "other-family",
        &[
            "client socket; client bind [::1]:0",
            "client socket; client connect [::1]:8080",
            "client socket; client bind 0; client connect [::1]:8080",
        ],
    ),
];

/// The script with its words written out, as commands.
fn commands(script: &str) -> Vec<String> {
    let words: BTreeMap<&str, &str> = WORDS.iter().copied().collect();
    let each = script.split(';').map(str::trim);
    let full = each.flat_map(|command| match words.get(command) {
        Some(more) => commands(more),
        None => vec![command.to_owned()],
    });
    full.collect()
}

/// Plays one script: what is wrong with it, and with what it was told.
fn played(rule: &str, script: &str, tally: &mut Tally) -> Vec<String> {
    let (lab, script) = match script.strip_prefix(SIX) {
        Some(script) => (Lab::Isolated6, script),
        None => (Lab::Isolated, script),
    };
    let mut commands = commands(script).into_iter().peekable();
    let mut met = BTreeSet::new();
    let mut last = 0;
    let mut refused = Vec::new();
    let run = lab.open_with(&["--patience", PATIENCE]);
    let mut wrong = wrong_in(run, tally, &mut |run: &mut Run| {
        // What waits returns a little after the command that ends its wait.
        if commands.peek().is_none() {
            for _ in 0..TRIES {
                let came = run.said[last..].iter().filter(|line| line["kind"] == "outcome");
                met = came
                    .filter_map(|line| Some(line["rule"].as_str()?.to_owned()))
                    .collect();
                if met.contains(rule) {
                    break;
                }
                carry_out(run, CALM);
            }
            return None;
        }
        last = run.said.len();
        let command = commands.next()?;
        carry_out(run, &command);
        while let Some(waits) = commands.next_if(|next| next.ends_with(" returns")) {
            run.returns(waits.trim_end_matches(" returns"));
        }
        let refusals = run.said[last..].iter().filter(|line| line["kind"] == "refused");
        refused.extend(refusals.map(|line| format!("{} is refused: {}", line["text"], line["why"])));
        Some(())
    });
    wrong.extend(refused);
    if !met.contains(rule) {
        wrong.push(format!("its last command shows {met:?}, and not {rule}"));
    }
    wrong
        .into_iter()
        .map(|what| format!("{rule}: {script}\n    {what}"))
        .collect()
}

/// Every rule, in three situations at least.
#[test]
fn every_rule_in_three_situations() {
    let scripts: Vec<(&str, &str)> = TABLE
        .iter()
        .flat_map(|(rule, scripts)| scripts.iter().map(move |script| (*rule, *script)))
        .filter(|(rule, _)| std::env::var("FINWAIT_RULE").map_or(true, |only| only == *rule))
        .collect();
    let next = AtomicUsize::new(0);
    let found: Mutex<(Vec<String>, Tally)> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((rule, script)) = scripts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut tally = Tally::default();
                    let wrong = catch_unwind(AssertUnwindSafe(|| played(rule, script, &mut tally)))
                        .unwrap_or_else(|_| vec![format!("{rule}: {script}\n    it did not come to its end")]);
                    let mut found = found.lock().unwrap();
                    found.0.extend(wrong);
                    found.1.add(tally, rule);
                }
            });
        }
    });
    let (wrong, tally) = found.into_inner().unwrap();
    println!("{} scripts\n{tally}", scripts.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let rare = tally.rare(LEAST, |rule| !NOT_HERE.contains(&rule));
    assert!(rare.is_empty(), "met in fewer than {LEAST} situations: {rare:?}");
}

/// Each rule has its row, and each row its rule.
#[test]
fn the_table_is_whole() {
    let rows: Vec<&str> = TABLE.iter().map(|(rule, _)| *rule).collect();
    let here: BTreeSet<&str> = rows.iter().chain(NOT_HERE).copied().collect();
    let rules: BTreeSet<&str> = RULES.iter().map(|rule| rule.id.name()).collect();
    assert_eq!(here, rules);
    assert_eq!(rows.len() + NOT_HERE.len(), here.len(), "a rule has one row");
}
