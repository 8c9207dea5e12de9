//! Connections and what is told of them, in the words of tcpdump.

use crate::finding::{Finding, findings};
use crate::flow::{Connection, Limits, Start, Table, Totals};
use crate::reader::{Reader, WireFate};
use crate::reset::ResetReason;
use crate::seen::seen;
use finwait_model::side::Side;
use finwait_model::state::State;
use proptest::prelude::*;
use std::net::SocketAddr;

/// The connections of a text, in order; each line has `>` for what the client sends and `<` for what the server does, at a second, and may end
/// with the interface that saw it, `ON 1`, and what finwait's wire made of it, `FATE waits`.
fn read(lines: &[&str], limits: Limits) -> (Vec<Connection>, Totals) {
    let mut text = String::new();
    let mut interfaces = Vec::new();
    let mut fates = Vec::new();
    for line in lines {
        let (line, fate) = line.split_once(" FATE ").unwrap_or((line, ""));
        fates.push(match fate {
            "waits" => Some(WireFate::Waits),
            "passed" => Some(WireFate::Passed),
            "copy" => Some(WireFate::Copy),
            "forged" => Some(WireFate::Forged),
            _ => None,
        });
        let (at, rest) = line.split_once(' ').unwrap();
        let (way, rest) = rest.split_once(' ').unwrap();
        let (port, ttl) = (
            way[1..].parse::<u16>().unwrap_or(1000),
            if rest.contains("TTL 60") { 60 } else { 64 },
        );
        let (rest, interface) = rest
            .split_once(" ON ")
            .map_or((rest, None), |(rest, number)| (rest, number.parse().ok()));
        interfaces.push(interface);
        let id = rest.split_once(" ID ").map_or("0", |(_, id)| id);
        let [client, server] = [format!("10.0.0.1.{port}"), "10.0.0.2.80".into()];
        let (from, to) = if way.starts_with('>') {
            (client, server)
        } else {
            (server, client)
        };
        text.push_str(&format!(
            "{at} IP (tos 0x0, ttl {ttl}, id {id}, offset 0, proto TCP (6), length 40)\n"
        ));
        text.push_str(&format!("    {from} > {to}: Flags {rest}\n"));
    }
    let mut reader = Reader::new(text.as_bytes()).unwrap();
    let mut table = Table::new(limits);
    let mut interfaces = interfaces.into_iter();
    let mut fates = fates.into_iter();
    while let Some(mut packet) = reader.packet().unwrap() {
        packet.interface = interfaces.next().flatten();
        packet.fate = fates.next().flatten();
        table.packet(&packet);
    }
    let (mut connections, totals) = table.end();
    connections.sort_by_key(|connection| connection.no);
    (connections, totals)
}

fn one(lines: &[&str]) -> Connection {
    let (mut connections, _) = read(lines, Limits::default());
    assert_eq!(connections.len(), 1, "{connections:?}");
    connections.remove(0)
}

fn told(connection: &Connection) -> Vec<Finding> {
    findings(connection, connection.began, connection.last)
}

/// `connect: success`, `read: EOF`
fn saw(connection: &Connection, side: Side) -> Vec<String> {
    seen(connection, side)
        .iter()
        .map(|seen| format!("{}: {}", seen.call, seen.gives))
        .collect()
}

const HANDSHAKE: [&str; 3] = [
    "1.0 > [S], seq 100, win 500, length 0",
    "1.1 < [S.], seq 900, ack 101, win 500, length 0",
    "1.2 > [.], ack 901, win 500, length 0",
];

fn connected(more: &[&'static str]) -> Vec<&'static str> {
    HANDSHAKE.into_iter().chain(more.iter().copied()).collect()
}

fn reasons(connection: &Connection) -> Vec<ResetReason> {
    connection.reset.unwrap().reasons()
}

#[test]
fn a_refused_attempt_and_one_without_an_answer_are_told_apart() {
    let refused = one(&[
        "1.0 > [S], seq 100, win 500, length 0",
        "1.1 < [R.], seq 0, ack 101, win 0, length 0",
    ]);
    assert!(matches!(told(&refused)[0], Finding::Refused { .. }));
    assert_eq!(saw(&refused, Side::Client), ["connect: ECONNREFUSED"]);
    assert_eq!(refused.state(Side::Server), None);
    let silent = one(&[
        "1.0 > [S], seq 100, win 500, length 0",
        "2.0 > [S], seq 100, win 500, length 0",
        "4.0 > [S], seq 100, win 500, length 0",
    ]);
    let [Finding::NoAnswer { syns: 3, .. }] = told(&silent)[..] else {
        panic!("{:?}", told(&silent));
    };
}

/// A capture has one of the FINs first; the other one was sent before that arrived, as its acknowledgement tells.
#[test]
fn fins_that_cross_lead_both_ends_through_closing() {
    let mut lines = connected(&[
        "2.0 > [F.], seq 101, ack 901, win 500, length 0",
        "2.1 < [F.], seq 901, ack 101, win 500, length 0",
    ]);
    let states = |lines: &[&str]| Side::BOTH.map(|side| one(lines).state(side));
    assert_eq!(states(&lines), [Some(State::Closing); 2]);
    lines.push("2.2 > [.], ack 902, win 500, length 0");
    assert_eq!(states(&lines), [Some(State::Closing), Some(State::TimeWait)]);
    lines.push("2.3 < [.], ack 102, win 500, length 0");
    assert_eq!(states(&lines), [Some(State::TimeWait); 2]);
    // Who has had the other one acknowledges it.
    let after = connected(&[
        "2.0 > [F.], seq 101, ack 901, win 500, length 0",
        "2.1 < [F.], seq 901, ack 102, win 500, length 0",
    ]);
    assert_eq!(states(&after), [Some(State::TimeWait), Some(State::LastAck)]);
}

#[test]
fn the_reasons_of_an_rst_follow_from_what_was_before_it() {
    let unread = one(&connected(&[
        "2.0 > [P.], seq 101:106, ack 901, win 500, length 5",
        "3.0 < [R.], seq 901, ack 106, win 0, length 0",
    ]));
    assert_eq!(reasons(&unread)[..2], [ResetReason::UnreadData, ResetReason::Linger]);
    assert_eq!(
        unread.reset.unwrap().shown_by()[..2],
        ["close-with-unread-data", "linger-zero"]
    );
    assert_eq!(
        saw(&unread, Side::Client),
        [
            "connect: success",
            "read, write: ECONNRESET",
            "read: EOF",
            "write: EPIPE"
        ]
    );
    let late = one(&connected(&[
        "2.0 < [F.], seq 901, ack 101, win 500, length 0",
        "2.1 > [.], ack 902, win 500, length 0",
        "3.0 > [P.], seq 101:106, ack 902, win 500, length 5",
        "3.1 < [R], seq 902, win 0, length 0",
    ]));
    assert_eq!(reasons(&late), [ResetReason::DataAfterClose]);
    assert_eq!(
        saw(&late, Side::Client),
        ["connect: success", "read: EOF", "write: EPIPE"]
    );
    assert!(
        !told(&late)
            .iter()
            .any(|finding| matches!(finding, Finding::HalfClose { .. }))
    );
    let forgotten = one(&connected(&[
        "400.0 > [P.], seq 101:106, ack 901, win 500, length 5",
        "400.1 < [R], seq 901, win 0, length 0",
    ]));
    assert_eq!(reasons(&forgotten), [ResetReason::Forgotten, ResetReason::Middlebox]);
    assert_eq!(forgotten.reset.unwrap().shown_by()[0], "nat-forgets-rst");
    assert!(
        reasons(&forgotten)[0]
            .words(&forgotten.reset.unwrap())
            .contains("nothing had been sent for 399 s")
    );
    let between = one(&connected(&["2.0 < [R], seq 901, win 0, length 0, TTL 60"]));
    assert_eq!(reasons(&between)[0], ResetReason::Middlebox);
    let gave_up = one(&connected(&[
        "2.0 > [P.], seq 101:106, ack 901, win 500, length 5",
        "3.0 > [P.], seq 101:106, ack 901, win 500, length 5",
        "5.0 > [P.], seq 101:106, ack 901, win 500, length 5",
        "9.0 > [P.], seq 101:106, ack 901, win 500, length 5",
        "17.0 > [R.], seq 106, ack 901, win 0, length 0",
    ]));
    assert_eq!(reasons(&gave_up)[0], ResetReason::GaveUp);
    assert_eq!(
        saw(&gave_up, Side::Client),
        ["connect: success", "read, write: ETIMEDOUT"]
    );
}

#[test]
fn the_reason_of_an_rst_alone_is_not_in_the_capture_and_the_possible_ones_are_listed() {
    let alone = one(&["1.0 < [R.], seq 901, ack 101, win 0, length 0"]);
    assert!(alone.reset.unwrap().is_alone());
    assert!(reasons(&alone).len() > 3, "{:?}", reasons(&alone));
    assert!(told(&alone)[0].words().contains("not in the capture"));
    let answer = one(&["1.0 < [R.], seq 0, ack 101, win 0, length 0"]);
    assert_eq!(reasons(&answer)[0], ResetReason::Refused);
    let without_ack = one(&["1.0 < [R], seq 901, win 0, length 0"]);
    assert_eq!(
        reasons(&without_ack)[..2],
        [ResetReason::DataAfterClose, ResetReason::Forgotten]
    );
}

#[test]
fn a_server_that_has_sent_nothing_may_not_have_accepted() {
    let waiting = one(&connected(&["2.0 < [R.], seq 901, ack 101, win 500, length 0"]));
    assert_eq!(
        reasons(&waiting),
        [ResetReason::Linger, ResetReason::ListenerClosed, ResetReason::Aborted]
    );
    let full = one(&connected(&["1.3 < [R], seq 901, win 0, length 0"]));
    assert_eq!(reasons(&full)[0], ResetReason::QueueFull);
    let answered = one(&connected(&[
        "2.0 > [P.], seq 101:106, ack 901, win 500, length 5",
        "2.1 < [P.], seq 901:906, ack 106, win 500, length 5",
        "3.0 < [R.], seq 906, ack 106, win 500, length 0",
    ]));
    assert_eq!(
        reasons(&answered),
        [ResetReason::Linger, ResetReason::UnreadData, ResetReason::Aborted]
    );
}

/// RFC 9293, figure 13. A capture has one FIN before the other; the second does not acknowledge it.
#[test]
fn both_ends_that_close_at_once_come_to_time_wait() {
    let crossed = one(&connected(&[
        "2.0 > [F.], seq 101, ack 901, win 500, length 0",
        "2.1 < [F.], seq 901, ack 101, win 500, length 0",
        "2.2 < [.], ack 102, win 500, length 0",
        "2.3 > [.], ack 902, win 500, length 0",
    ]));
    let states = |connection: &Connection| Side::BOTH.map(|side| connection.state(side));
    assert_eq!(states(&crossed), [Some(State::TimeWait); 2]);
    assert!(crossed.fins_crossed);
    let in_order = one(&connected(&[
        "2.0 > [F.], seq 101, ack 901, win 500, length 0",
        "2.1 < [F.], seq 901, ack 102, win 500, length 0",
        "2.2 > [.], ack 902, win 500, length 0",
    ]));
    assert_eq!(states(&in_order), [Some(State::TimeWait), Some(State::Close)]);
    assert!(!in_order.fins_crossed);
}

/// IPv6 has no identification, and Linux's SYN,ACK over IPv4 has 0: what comes again at once was captured on another interface.
#[test]
fn what_is_captured_twice_is_told_without_identifications() {
    let twice = one(&[
        "1.0 > [S], seq 100, win 500, length 0 ON 0",
        "1.0001 > [S], seq 100, win 500, length 0 ON 1",
        "1.1 < [S.], seq 900, ack 101, win 500, length 0 ON 1",
        "1.1001 < [S.], seq 900, ack 101, win 500, length 0 ON 0",
        "1.2 > [.], ack 901, win 500, length 0",
        "2.0 > [P.], seq 101:106, ack 901, win 500, length 5 ON 0",
        "2.0001 > [P.], seq 101:106, ack 901, win 500, length 5 ON 1",
    ]);
    assert_eq!(
        (
            twice.duplicates,
            twice.ends.client.retransmissions,
            twice.ends.server.retransmissions
        ),
        (3, 0, 0)
    );
    // On one interface, or later, it was sent again.
    let copied = one(&connected(&[
        "2.0 > [P.], seq 101:106, ack 901, win 500, length 5",
        "2.0001 > [P.], seq 101:106, ack 901, win 500, length 5",
    ]));
    assert_eq!((copied.duplicates, copied.ends.client.retransmissions), (0, 1));
    let again = one(&connected(&[
        "2.0 > [P.], seq 101:106, ack 901, win 500, length 5",
        "2.2 > [P.], seq 101:106, ack 901, win 500, length 5",
    ]));
    assert_eq!((again.duplicates, again.ends.client.retransmissions), (0, 1));
}

/// A firewall, or finwait's wire, may hold a packet between two interfaces for longer than a retransmission takes.
#[test]
fn a_packet_that_comes_late_to_the_other_interface_was_not_sent_again() {
    let stamped = |id: &str, stamp: u32| format!("options [nop,nop,TS val {stamp} ecr 7], length 0{id}");
    let held = |id: &str| {
        let lines = [
            "1.0 > [S], seq 100, win 500, length 0".to_owned(),
            "1.1 < [S.], seq 900, ack 101, win 500, length 0".to_owned(),
            format!("2.0 > [F.], seq 101, ack 901, win 500, {} ON 0", stamped(id, 40)),
            format!("2.1 < [.], ack 101, win 500, {} ON 1", stamped(id, 60)),
            format!("2.2 < [.], ack 101, win 500, {} ON 0", stamped(id, 60)),
            format!("4.5 > [F.], seq 101, ack 901, win 500, {} ON 1", stamped(id, 40)),
        ];
        let connection = one(&lines.each_ref().map(String::as_str));
        let ends = &connection.ends;
        (
            connection.duplicates,
            ends.client.retransmissions,
            ends.server.duplicate_acks,
            ends.server.packets,
        )
    };
    assert_eq!(held(" ID 8"), (2, 0, 1, 2));
    assert_eq!(held(""), (2, 0, 1, 2), "IPv6 has no identification");
    // The same interface saw it: it was sent again, and the other one saw both.
    let again = one(&connected(&[
        "2.0 > [P.], seq 101:106, ack 901, win 500, options [nop,nop,TS val 40 ecr 7], length 5 ON 0",
        "2.2 > [P.], seq 101:106, ack 901, win 500, options [nop,nop,TS val 240 ecr 7], length 5 ON 0",
        "2.3 > [P.], seq 101:106, ack 901, win 500, options [nop,nop,TS val 40 ecr 7], length 5 ON 1",
        "2.4 > [P.], seq 101:106, ack 901, win 500, options [nop,nop,TS val 240 ecr 7], length 5 ON 1",
    ]));
    assert_eq!((again.duplicates, again.ends.client.retransmissions), (2, 1));
}

/// `TCP_LINGER2` below 0: FIN_WAIT2 ends at once (`tcp_rcv_state_process`).
#[test]
fn a_socket_that_was_closed_and_is_gone_is_not_said_to_be_forgotten() {
    let connection = one(&connected(&[
        "2.0 > [F.], seq 101, ack 901, win 500, length 0",
        "2.1 < [.], ack 102, win 500, length 0",
        "2.2 > [R], seq 102, win 0, length 0",
    ]));
    assert_eq!(reasons(&connection), [ResetReason::NotKept]);
}

#[test]
fn a_fin_that_meets_no_socket_is_not_read() {
    let connection = one(&[
        "1.0 < [F.], seq 901, ack 101, win 500, length 0",
        "1.1 > [R], seq 101, win 0, length 0",
    ]);
    assert!(
        saw(&connection, Side::Client).is_empty(),
        "{:?}",
        saw(&connection, Side::Client)
    );
}

#[test]
fn what_had_no_answer_by_the_end_is_said() {
    let connection = one(&connected(&[
        "2.0 > [P.], seq 101:106, ack 901, win 500, length 5",
        "3.0 > [P.], seq 101:106, ack 901, win 500, length 5",
        "5.0 > [P.], seq 101:106, ack 901, win 500, length 5",
        "9.0 > [P.], seq 101:106, ack 901, win 500, length 5",
    ]));
    let words = told(&connection)[0].words();
    assert!(words.contains("The last 3 had no answer"), "{words}");
    let answered = one(&connected(&[
        "2.0 > [P.], seq 101:106, ack 901, win 500, length 5",
        "3.0 > [P.], seq 101:106, ack 901, win 500, length 5",
        "3.1 < [.], ack 106, win 500, length 0",
    ]));
    let words = told(&answered)[0].words();
    assert_eq!(words, "The client sent 1 segment again.");
}

/// Linux counts the identifications of a connection's packets: what fills a gap was overtaken or sent again, whatever the time says.
#[test]
fn identifications_tell_what_was_overtaken_from_what_was_sent_again() {
    let lines = |fill: &'static str| {
        let mut lines = connected(&[
            "2.00 > [P.], seq 101:106, ack 901, win 500, length 5, ID 20",
            "2.01 > [P.], seq 106:111, ack 901, win 500, length 5, ID 21",
            "2.02 > [P.], seq 111:116, ack 901, win 500, length 5, ID 22",
            "2.03 > [P.], seq 116:121, ack 901, win 500, length 5, ID 23",
            "2.04 > [P.], seq 126:131, ack 901, win 500, length 5, ID 25",
        ]);
        lines.push(fill);
        let connection = one(&lines);
        let client = &connection.ends.client;
        assert_eq!(client.bytes, 30);
        (client.retransmissions, client.out_of_order, connection.duplicates)
    };
    let overtaken = lines("2.90 > [P.], seq 121:126, ack 901, win 500, length 5, ID 24");
    assert_eq!(overtaken, (0, 1, 0));
    let again = lines("2.0401 > [P.], seq 121:126, ack 901, win 500, length 5, ID 26");
    assert_eq!(again, (1, 0, 0));
    let copied = connected(&[
        "2.00 > [P.], seq 101:106, ack 901, win 500, length 5, ID 20",
        "2.01 > [P.], seq 106:111, ack 901, win 500, length 5, ID 21",
        "2.02 > [P.], seq 111:116, ack 901, win 500, length 5, ID 22",
        "2.03 > [P.], seq 116:121, ack 901, win 500, length 5, ID 23",
        "2.04 > [P.], seq 111:116, ack 901, win 500, length 5, ID 22",
    ]);
    let copied = one(&copied);
    assert_eq!((copied.ends.client.retransmissions, copied.duplicates), (0, 1));
}

#[test]
fn bytes_are_whole_with_many_gaps_at_a_time() {
    let mut lines: Vec<String> = HANDSHAKE.iter().map(|line| line.to_string()).collect();
    let mut add = |at: f64, no: u32| {
        let seq = 101 + 10 * no;
        lines.push(format!(
            "{at:.3} > [.], seq {seq}:{}, ack 901, win 500, length 10",
            seq + 10
        ));
    };
    (0..40).filter(|no| no % 2 == 1).for_each(|no| add(2.0, no));
    (0..40).filter(|no| no % 2 == 0).for_each(|no| add(2.5, no));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let connection = one(&lines);
    let client = &connection.ends.client;
    assert_eq!(
        (client.bytes, client.retransmissions, client.out_of_order),
        (400, 20, 0)
    );
}

/// RFC 5961, 3.2
#[test]
fn an_rst_whose_number_is_not_the_next_is_not_taken() {
    let connection = one(&connected(&[
        "2.0 < [R], seq 950, win 0, length 0",
        "2.1 > [.], ack 901, win 500, length 0",
        "3.0 > [P.], seq 101:106, ack 901, win 500, length 5",
    ]));
    assert_eq!(connection.state(Side::Client), Some(State::Established));
    assert!(connection.reset_ignored);
    assert_eq!(connection.ends.client.challenge_acks, 1);
    assert_eq!(saw(&connection, Side::Client), ["connect: success"]);
}

#[test]
fn a_half_close_has_its_length_and_bytes() {
    let connection = one(&connected(&[
        "2.0 > [F.], seq 101, ack 901, win 500, length 0",
        "3.0 < [P.], seq 901:1001, ack 102, win 500, length 100",
        "4.0 < [P.], seq 1001:1101, ack 102, win 500, length 100",
        "5.0 < [F.], seq 1101, ack 102, win 500, length 0",
        "5.1 > [.], ack 1102, win 500, length 0",
    ]));
    let half = connection.half_close.unwrap();
    assert_eq!(
        (half.by, half.bytes, half.to.since(half.from).as_secs()),
        (Side::Client, 200, 3)
    );
    assert_eq!(connection.first_fin.unwrap().0, Side::Client);
    assert_eq!(connection.state(Side::Client), Some(State::TimeWait));
    assert_eq!(connection.state(Side::Server), Some(State::Close));
}

#[test]
fn what_is_sent_again_is_counted_by_side_with_its_longest_chain() {
    let connection = one(&connected(&[
        "2.0 > [P.], seq 101:106, ack 901, win 500, length 5",
        "2.2 > [P.], seq 101:106, ack 901, win 500, length 5",
        "2.6 > [P.], seq 101:106, ack 901, win 500, length 5",
        "2.7 < [.], ack 106, win 500, length 0",
        "3.0 > [P.], seq 106:108, ack 901, win 500, length 2",
        "3.2 > [P.], seq 106:108, ack 901, win 500, length 2",
    ]));
    let end = &connection.ends.client;
    assert_eq!((end.retransmissions, end.longest_chain.0, end.bytes), (3, 2, 7));
    assert_eq!(end.longest_chain.1.as_millis(), 600);
    assert_eq!(connection.ends.server.retransmissions, 0);
}

#[test]
fn what_overtakes_is_no_retransmission_and_what_fills_a_gap_late_is() {
    let soon = one(&connected(&[
        "2.0 > [P.], seq 106:111, ack 901, win 500, length 5",
        "2.001 > [P.], seq 101:106, ack 901, win 500, length 5",
    ]));
    assert_eq!(
        (soon.ends.client.out_of_order, soon.ends.client.retransmissions),
        (1, 0)
    );
    let late = one(&connected(&[
        "2.0 > [P.], seq 106:111, ack 901, win 500, length 5",
        "2.1 < [.], ack 101, win 500, length 0",
        "2.3 > [P.], seq 101:106, ack 901, win 500, length 5",
    ]));
    assert_eq!(
        (late.ends.client.out_of_order, late.ends.client.retransmissions),
        (0, 1)
    );
    assert_eq!((late.ends.client.bytes, late.ends.server.duplicate_acks), (10, 1));
}

#[test]
fn a_fin_beyond_a_gap_is_taken_when_the_gap_is_filled() {
    let gap = connected(&["2.0 > [F.], seq 106, ack 901, win 500, length 0"]);
    assert_eq!(one(&gap).state(Side::Server), Some(State::Established));
    let filled: Vec<&str> = gap
        .into_iter()
        .chain(["2.5 > [P.], seq 101:106, ack 901, win 500, length 5"])
        .collect();
    assert_eq!(one(&filled).state(Side::Server), Some(State::CloseWait));
}

#[test]
fn what_was_acknowledged_and_not_captured_is_said() {
    let connection = one(&connected(&[
        "2.0 > [P.], seq 601:606, ack 901, win 500, length 5",
        "2.1 < [.], ack 606, win 500, length 0",
    ]));
    assert_eq!(connection.ends.client.missed, 500);
    assert!(
        told(&connection)
            .iter()
            .any(|finding| matches!(finding, Finding::Missed { bytes: 500, .. }))
    );
}

#[test]
fn a_zero_window_has_its_time_and_probes() {
    let connection = one(&connected(&[
        "2.0 > [P.], seq 101:106, ack 901, win 500, length 5",
        "2.1 < [.], ack 106, win 0, length 0",
        "3.1 > [.], seq 105:105, ack 901, win 500, length 0",
        "3.2 < [.], ack 106, win 0, length 0",
        "6.1 < [.], ack 106, win 500, length 0",
    ]));
    let zero = connection.ends.server.longest_zero.unwrap();
    assert_eq!(zero.to.unwrap().since(zero.from).as_secs(), 4);
    assert_eq!(
        (
            connection.ends.server.zero_windows,
            connection.ends.client.window_probes
        ),
        (2, 1)
    );
    assert_eq!(connection.ends.client.keep_alives, 0);
}

#[test]
fn the_same_addresses_with_another_first_number_are_another_connection() {
    let (connections, _) = read(
        &connected(&[
            "2.0 > [F.], seq 101, ack 901, win 500, length 0",
            "2.1 < [F.], seq 901, ack 102, win 500, length 0",
            "2.2 > [.], ack 902, win 500, length 0",
            "3.0 > [S], seq 70000, win 500, length 0",
            "3.1 < [S.], seq 80000, ack 70001, win 500, length 0",
            "3.2 > [.], ack 80001, win 500, length 0",
        ]),
        Limits::default(),
    );
    let [first, second] = &connections[..] else {
        panic!("{connections:?}")
    };
    assert_eq!(first.state(Side::Client), Some(State::TimeWait));
    let (of, states) = second.reuses.unwrap();
    assert_eq!((of, states.client), (first.no, Some(State::TimeWait)));
    assert_eq!(second.state(Side::Server), Some(State::Established));
}

#[test]
fn a_capture_that_begins_in_the_middle_invents_no_handshake() {
    let connection = one(&[
        "1.0 < [P.], seq 901:911, ack 101, win 500, length 10",
        "1.1 > [.], ack 911, win 500, length 0",
    ]);
    let client: SocketAddr = "10.0.0.1:1000".parse().unwrap();
    assert_eq!((connection.start, connection.addresses.client), (Start::Middle, client));
    assert!(connection.guessed && connection.established.is_none());
    assert!(saw(&connection, Side::Client).is_empty());
    assert!(matches!(told(&connection)[0], Finding::Middle { guessed: true }));
}

#[test]
fn memory_is_bounded_and_what_is_let_go_is_said() {
    let lines: Vec<String> = (1..=60_000u32)
        .map(|port| format!("{}.0 >{port} [S], seq {port}, win 500, length 0", port))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let (connections, totals) = read(&lines, Limits { open: 100, told: 10 });
    assert_eq!(connections.len(), 10);
    assert_eq!((totals.connections, totals.counted_only), (60_000, 59_990));
    assert!(totals.let_go > 59_000 && totals.unanswered == 60_000);
}

#[test]
fn what_comes_of_a_connection_that_was_let_go_is_no_connection_more() {
    let rounds = [
        "> [S], seq 1, win 500, length 0",
        "> [S], seq 1, win 500, length 0",
        "< [S.], seq 5, ack 2, win 500, length 0",
        "> [.], ack 6, win 500, length 0",
    ];
    let line = |(at, rest): (usize, &&str), port: u32| {
        let (way, rest) = rest.split_at(1);
        format!("{}.{port} {way}{port}{rest}", at + 1)
    };
    let lines: Vec<String> = rounds
        .iter()
        .enumerate()
        .flat_map(|round| (1..=8).map(move |port| line(round, port)))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let counted = |open| read(&lines, Limits { open, told: 10 }).1;
    let all = counted(8);
    assert_eq!((all.connections, all.parts, all.let_go, all.unanswered), (8, 0, 0, 0));
    let few = counted(4);
    assert_eq!((few.connections, few.segments, few.unanswered), (8, 32, 0), "{few:?}");
    assert!(few.let_go > 8 && few.parts > 8, "{few:?}");
}

/// Another number in its SYN: another connection.
#[test]
fn a_new_connection_with_the_addresses_of_one_that_was_let_go_counts() {
    let lines: Vec<String> = (0..20)
        .flat_map(|round| {
            (1..=8).map(move |port| {
                format!(
                    "{}.{port} >{port} [S], seq {}, win 500, length 0",
                    round + 1,
                    round * 100 + 1
                )
            })
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let counted = read(&lines, Limits { open: 4, told: 10 }).1;
    assert_eq!((counted.connections, counted.parts), (160, 0), "{counted:?}");
}

#[test]
fn of_one_that_was_let_go_nothing_is_said_that_only_the_end_would_show() {
    let lines: Vec<String> = (1..=8)
        .flat_map(|port| {
            [
                format!("{port}.0 >{port} [S], seq 1, win 500, length 0"),
                format!("{port}.1 <{port} [S.], seq 5, ack 2, win 500, length 0"),
                format!("{port}.2 >{port} [.], ack 6, win 500, length 0"),
            ]
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let (connections, _) = read(&lines, Limits { open: 4, told: 10 });
    let let_go = connections.iter().filter(|connection| connection.let_go);
    let found: Vec<_> = let_go.map(told).collect();
    assert!(
        !found.is_empty() && found.iter().all(|found| *found == [Finding::LetGo]),
        "{found:?}"
    );
}

proptest! {
    #[test]
    fn no_order_of_segments_makes_it_panic_or_counts_more_than_was_sent(
        segments in proptest::collection::vec((any::<bool>(), 0usize..9, any::<u16>(), any::<u16>(), 0u32..40, any::<bool>()), 1..60)
    ) {
        const FLAGS: [&str; 9] = ["S", "S.", ".", "P.", "F.", "R", "R.", "F", "none"];
        let mut lines = Vec::new();
        let mut sent = [0u64; 2];
        for (no, (client, flags, seq, ack, len, wraps)) in segments.iter().enumerate() {
            let way = if *client { '>' } else { '<' };
            let seq = u32::from(*seq).wrapping_sub(if *wraps { 40_000 } else { 0 });
            sent[usize::from(!client)] += u64::from(*len);
            lines.push(format!("{no}.0 {way} [{}], seq {seq}:{}, ack {ack}, win {}, length {len}", FLAGS[*flags], seq.wrapping_add(*len), ack % 3));
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let (connections, totals) = read(&lines, Limits::default());
        prop_assert_eq!(totals.segments, segments.len() as u64);
        for connection in &connections {
            let _ = findings(connection, connection.began, connection.last).iter().map(Finding::words).collect::<String>();
            for side in Side::BOTH {
                let _ = seen(connection, side);
            }
        }
        // Which end is the client, is told by who sends the first SYN.
        let bytes: u64 = connections.iter().map(|connection| connection.ends.client.bytes + connection.ends.server.bytes).sum();
        prop_assert!(bytes <= sent[0] + sent[1] + segments.len() as u64, "{} of {:?}", bytes, sent);
    }
}

/// finwait's own capture says what its wire holds: the receiver has it when it comes there, and not before.
#[test]
fn a_fin_that_is_held_is_not_taken_yet() {
    let held = connected(&["2.0 > [F.], seq 101, ack 901, win 500, length 0 ID 7 ON 0 FATE waits"]);
    let connection = one(&held);
    assert_eq!(connection.state(Side::Client), Some(State::FinWait1));
    assert_eq!(connection.state(Side::Server), Some(State::Established));
    let mut delivered = held;
    delivered.push("5.0 > [F.], seq 101, ack 901, win 500, length 0 ID 7 ON 1 FATE passed");
    let connection = one(&delivered);
    assert_eq!(connection.state(Side::Server), Some(State::CloseWait));
    assert_eq!(connection.ends.client.retransmissions, 0);
}

/// A copy that the wire made, however late, and what it forged are not sent again by their host.
#[test]
fn what_the_wire_made_is_not_sent_again() {
    let copied = one(&connected(&[
        "2.0 > [P.], seq 101:106, ack 901, win 500, length 5 ID 7 ON 0 FATE passed",
        "2.0 > [P.], seq 101:106, ack 901, win 500, length 5 ID 7 ON 1 FATE passed",
        "4.0 > [P.], seq 101:106, ack 901, win 500, length 5 ID 7 ON 1 FATE copy",
    ]));
    assert_eq!((copied.ends.client.retransmissions, copied.duplicates), (0, 2));
    let forged = one(&connected(&[
        "2.0 > [F.], seq 101, ack 901, win 500, length 0 ON 1 FATE forged",
        "3.0 > [F.], seq 101, ack 901, win 500, length 0 ID 9 ON 0 FATE passed",
    ]));
    assert_eq!((forged.forged, forged.ends.client.retransmissions), (1, 0));
    assert!(
        told(&forged).contains(&Finding::Forged { count: 1 }),
        "{:?}",
        told(&forged)
    );
}

#[test]
fn a_reset_that_was_forged_on_the_wire_has_no_other_reason() {
    let connection = one(&connected(&["2.0 < [R], seq 901, win 0, length 0 ON 1 FATE forged"]));
    assert_eq!(reasons(&connection), [ResetReason::Forged]);
    let found = told(&connection);
    assert!(matches!(found[0], Finding::Reset { forged: true, .. }), "{found:?}");
    assert!(
        found[0]
            .words()
            .starts_with("RST without ACK forged in the name of the server")
    );
    assert!(found.contains(&Finding::Forged { count: 1 }), "{found:?}");
}
