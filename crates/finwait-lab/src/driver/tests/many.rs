//! Many sockets on a host: what is read for each thing that happens does not grow with them, and no state is missed.

use super::*;
use finwait_model::program::{ProgramNo, ProgramSpec};

/// The addresses of the nth of many connections to the server's listener, its client's end first.
fn nth(n: u16) -> Tuple {
    Tuple {
        local: SocketAddr::new(connection().local.ip(), 20_000 + n),
        peer: connection().peer,
    }
}

/// Inode and row of the nth at the client.
fn client(n: u16, state: State) -> SocketRow {
    SocketRow {
        tuple: nth(n),
        ..row(Client, state, 1_000 + u64::from(n))
    }
}

/// A segment of the nth that the server sends.
fn from_server(n: u16, flags: Flags) -> Vec<u8> {
    let mut packet = segment(Server, flags, 500, 100);
    packet[22..24].copy_from_slice(&nth(n).local.port().to_be_bytes());
    packet
}

/// A wire, `count` connections that are ESTABLISHED, and the server's listener.
fn with_connections(count: u16) -> Play {
    let mut play = Play::wired();
    let ends = &mut play.core.outside.ends;
    ends.client.rows = (0..count).map(|n| client(n, State::Established)).collect();
    ends.server.rows = (0..count)
        .map(|n| SocketRow {
            tuple: nth(n).mirrored(),
            ..client(n, State::Established)
        })
        .collect();
    ends.server.rows.push(row(Server, State::Listen, 9));
    play.settle();
    play
}

/// The rows that were read and the times that procfs was, while each of the last hundred of so many connections gets a FIN, a call reads
/// at each, and all is quiet in between.
fn work(count: u16) -> (usize, usize) {
    let mut play = with_connections(count);
    play.core.outside.work = fake::Work::default();
    for n in count - 100..count {
        let inode = 1_000 + u64::from(n);
        play.socket(Client, &format!("client{}", n + 2), inode);
        play.next_arrival(Client, move |end| {
            end.rows[usize::from(n)] = client(n, State::CloseWait)
        });
        play.sends(Server, from_server(n, FIN_ACK));
        play.turn();
        play.rest();
        assert_eq!(play.transitions(), ["client ESTABLISHED>CLOSE_WAIT received"], "{n}");
        play.call(Client, 20_000 + u64::from(n), &format!("client{}", n + 2), read());
        play.says(Client, ended(20_000 + u64::from(n)));
        play.turn();
        play.rest();
        play.told();
    }
    let fake::Work { rows, procfs, .. } = play.core.outside.work;
    (rows, procfs)
}

#[test]
fn what_is_read_for_a_segment_and_a_call_does_not_grow_with_the_sockets() {
    let (few, whole) = work(200);
    let (many, seldom) = work(3_200);
    assert!(
        many < few * 3 / 2,
        "{many} rows among 3,200 connections, {few} among 200"
    );
    // Whole tables come with procfs, and after as many sockets as they have.
    assert!(
        (1..=10).contains(&whole) && seldom <= 1,
        "procfs read {whole} and {seldom} times"
    );
}

/// The report is as procfs shows it, once nothing has happened for a moment: also of sockets that were read alone.
#[test]
fn a_large_table_is_read_whole_when_nothing_happens_for_a_while() {
    let mut play = with_connections(500);
    play.next_arrival(Client, |end| end.rows[3] = client(3, State::CloseWait));
    play.sends(Server, from_server(3, FIN_ACK));
    play.turn();
    play.rest();
    let tables = |play: &mut Play| {
        let told = std::mem::take(&mut play.core.outside.told);
        let told = told.into_iter().filter_map(|(_, what)| match what {
            LabEvent::Table { side, rows } => Some((side, rows.len())),
            LabEvent::Rows { side, rows, gone } => Some((side, rows.len() + gone.len())),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(tables(&mut play), [(Client, 1)]);
    // Of another connection no segment has told.
    play.core.outside.ends.client.rows[4] = client(4, State::FinWait1);
    play.pass(SEC);
    let told = play.core.outside.told.iter().filter_map(|(_, what)| line(what));
    assert_eq!(
        told.collect::<Vec<_>>(),
        ["client ESTABLISHED>FIN_WAIT1 a process not seen here"]
    );
    assert_eq!(tables(&mut play), [(Client, 500)]);
}

/// A timer ends a connection without a segment, among many.
#[test]
fn a_connection_whose_timer_runs_out_is_read_then() {
    let mut play = with_connections(500);
    let rows = &mut play.core.outside.ends.client.rows;
    rows[7] = with_timer(client(7, State::TimeWait), TimerKind::TimeWait, 60 * SEC);
    play.core.request(LabRequest::Destroy(Client, nth(9)));
    play.rest();
    play.pass(SEC);
    play.told();
    let work = play.core.outside.work;
    let left = |rows: &mut Vec<SocketRow>| rows.retain(|row| row.tuple != nth(7));
    play.pass(57 * SEC);
    left(&mut play.core.outside.ends.client.rows);
    play.pass(3 * SEC);
    assert_eq!(play.told(), ["client TIME_WAIT>CLOSE timer TimeWait"]);
    let rows = play.core.outside.work.rows - work.rows;
    // Looked at alone a few times, and once with all the others.
    assert!(rows < 1_000 + 50, "{rows}");
}

/// With a listener goes its queue, of which no segment need tell.
#[test]
fn the_whole_table_is_read_after_the_close_of_a_listener() {
    let mut play = with_connections(500);
    play.socket(Server, "listener", 9);
    let queued = SocketRow {
        inode: 0,
        tuple: nth(600).mirrored(),
        ..client(600, State::Established)
    };
    play.core.outside.ends.server.rows.push(queued);
    play.call(Server, 2, "listener", Call::Listen { backlog: 1 });
    play.says(Server, ended(2));
    play.turn();
    play.pass(SEC);
    play.told();
    play.call(Server, 1, "listener", Call::Close);
    let gone = |row: &SocketRow| row.inode != 9 && row.tuple != nth(600).mirrored();
    play.core.outside.ends.server.rows.retain(gone);
    play.says(Server, closed(1));
    play.turn();
    let mut told = play.transitions();
    told.sort();
    assert_eq!(told, ["server ESTABLISHED>CLOSE call 1", "server LISTEN>CLOSE call 1"]);
}

/// A call that waits holds the listener whose descriptor is closed; it goes with the call, and no segment of its own tells.
#[test]
fn a_listener_that_goes_with_its_last_accept_is_seen_among_many() {
    let mut play = with_connections(500);
    play.socket(Server, "listener", 9);
    play.call(Server, 2, "listener", Call::Listen { backlog: 1 });
    play.says(Server, ended(2));
    play.turn();
    play.call(Server, 3, "listener", Call::Accept { r#as: name("server") });
    play.call(Server, 4, "listener", Call::Close);
    play.says(Server, closed(4));
    play.turn();
    play.pass(SEC);
    play.told();
    play.core.outside.ends.server.rows.retain(|row| row.inode != 9);
    play.says(Server, ended(3));
    play.turn();
    assert_eq!(play.transitions(), ["server LISTEN>CLOSE release 3"]);
}

/// A load generator's connections, on hosts with programs, whose tables are read ten times a second.
fn with_a_load_generator(count: u16) -> Play {
    let mut play = with_connections(count);
    for (side, no) in [(Client, 1), (Server, 2)] {
        let run = LabRequest::Run(side, ProgramNo(no), ProgramSpec::default());
        play.core.request(run);
    }
    play.pass(SEC);
    play
}

/// Who has made a call waits for what is new of its own socket, and not for what a load generator's have done.
#[test]
fn an_outcome_beside_a_load_generator_waits_for_no_table() {
    let mut play = with_a_load_generator(1_000);
    play.socket(Client, "client2", 1_000);
    (100..300).for_each(|n| play.sends(Server, from_server(n, ACK)));
    play.turn();
    play.call(Client, 1, "client2", Call::Close);
    let ends = &mut play.core.outside.ends;
    ends.client.rows[0] = SocketRow {
        inode: 0,
        ..client(0, State::FinWait1)
    };
    ends.server.rows[0].state = State::CloseWait;
    play.told();
    play.core.outside.work = fake::Work::default();
    play.says(Client, closed(1));
    play.turn();
    let fake::Work { rows, procfs, .. } = play.core.outside.work_at_outcome;
    assert!(rows <= 3 && procfs == 0, "{rows} rows, procfs {procfs} times");
    let told = play.told();
    let place = |what: &str| told.iter().position(|line| line == what);
    // Its own socket's, and its peer's, before the outcome.
    let (own, peer) = (
        place("client ESTABLISHED>FIN_WAIT1 call 1"),
        place("server ESTABLISHED>CLOSE_WAIT unseen"),
    );
    let outcome = place("client ended 1");
    assert!(
        own.is_some() && peer.is_some() && own < outcome && peer < outcome,
        "{told:#?}"
    );
}

/// What a host's programs have it read is not read again for the screen.
#[test]
fn beside_a_load_generator_each_table_is_read_ten_times_a_second() {
    for count in [1_000_u16, 2_000] {
        let mut play = with_a_load_generator(count);
        play.core.outside.work = fake::Work::default();
        let until = play.now().plus(SEC);
        let mut n = 0;
        while play.now() < until {
            for _ in 0..10 {
                n = (n + 1) % count;
                play.sends(Server, from_server(n, ACK));
            }
            play.turn();
            play.core.outside.now = play.now().plus(MS);
        }
        let tables = play.core.outside.work.rows / usize::from(count);
        assert!(
            (18..=25).contains(&tables),
            "{tables} in a second, of two hosts with {count} sockets"
        );
    }
}

/// A key's call does not wait for a table that is read for the screen only.
#[test]
fn what_is_asked_for_goes_before_a_table_is_read_for_the_screen() {
    let mut play = with_connections(1_000);
    play.sends(Server, from_server(7, ACK));
    play.turn();
    play.core.outside.now = play.now().plus(300 * MS);
    play.core.outside.work = fake::Work::default();
    play.turn_with(&Ready {
        requests: true,
        packets: EITHER,
        ..Ready::default()
    });
    assert_eq!(play.core.outside.work.rows, 0);
    play.turn_with_packets();
    assert!(play.core.outside.work.rows > 0, "the next turn reads");
}

/// Nor for packets that came before it.
#[test]
fn what_is_asked_for_goes_before_the_next_packet() {
    let mut play = with_a_load_generator(1_000);
    play.told();
    (100..150).for_each(|n| play.sends(Server, from_server(n, ACK)));
    play.core.outside.asks_after = Some(3);
    play.core.outside.now = play.now().plus(300 * MS);
    play.core.outside.work = fake::Work::default();
    play.turn();
    assert_eq!(play.told(), vec!["server ACK Delivered"; 3]);
    assert_eq!(play.core.outside.work.rows, 0, "and before a table is read");
    play.core.outside.asks_after = None;
    play.turn();
    assert_eq!(play.told().len(), 47, "the others come in the next turn");
}

/// An endpoint that was asked for nothing says nothing.
#[test]
fn nobody_is_heard_around_the_segments_of_others() {
    let mut play = with_a_load_generator(1_000);
    play.core.outside.work = fake::Work::default();
    for n in 0..10 {
        play.next_arrival(Client, move |end| {
            end.rows[usize::from(n)] = client(n, State::CloseWait)
        });
        play.sends(Server, from_server(n, FIN_ACK));
    }
    play.turn();
    assert_eq!(play.core.outside.work.heard, 0);
    play.call(Client, 1, "client2", read());
    play.sends(Server, from_server(20, FIN_ACK));
    play.turn();
    assert!(
        play.core.outside.work.heard > 0,
        "its call's announcement comes before the segment"
    );
}

/// Rows are told, and procfs is read for them, in proportion to the number that have changed.
#[test]
fn beside_a_load_generator_only_what_has_changed_is_told() {
    let mut play = with_a_load_generator(1_000);
    play.core.outside.work = fake::Work::default();
    play.core.outside.told.clear();
    let until = play.now().plus(SEC);
    let mut n = 0;
    while play.now() < until {
        n += 1;
        // Of which no segment tells.
        play.core.outside.ends.server.rows[n % 1_000].rx_queue += 1;
        play.sends(Server, from_server(7, ACK));
        play.turn();
        play.core.outside.now = play.now().plus(10 * MS);
    }
    let told = play.core.outside.told.iter().map(|(_, what)| match what {
        LabEvent::Table { rows, .. } => rows.len(),
        LabEvent::Rows { rows, gone, .. } => rows.len() + gone.len(),
        _ => 0,
    });
    let told: usize = told.sum();
    let procfs = play.core.outside.work.procfs;
    assert!(
        (n - 20..2 * 1_000 + 2 * n).contains(&told),
        "{told} told, where {n} changed"
    );
    assert!((1..=3).contains(&procfs), "procfs read {procfs} times");
    // All of it, once nothing happens any more.
    play.core.outside.told.clear();
    play.pass(SEC);
    let whole = play.core.outside.told.iter().rev().find_map(|(_, what)| match what {
        LabEvent::Table { side: Server, rows } => Some(rows.len()),
        _ => None,
    });
    assert_eq!(whole, Some(1_001));
}

/// A listener that comes or goes is told with the whole table, for others may share its address.
#[test]
fn a_listener_that_comes_beside_a_load_generator_is_told_at_once() {
    let mut play = with_a_load_generator(1_000);
    let other = SocketRow {
        inode: 11,
        ..row(Server, State::Listen, 9)
    };
    play.core.outside.ends.server.rows.push(other);
    play.core.outside.told.clear();
    play.sends(Server, from_server(7, ACK));
    play.turn();
    play.pass(200 * MS);
    let listeners = play.core.outside.told.iter().find_map(|(_, what)| match what {
        LabEvent::Table { side: Server, rows } => {
            Some(rows.iter().filter(|seen| seen.row.state == State::Listen).count())
        }
        _ => None,
    });
    assert_eq!(listeners, Some(2));
}

/// A call that sends nothing has nothing among the packets that wait.
#[test]
fn the_outcome_of_a_call_that_sends_nothing_goes_before_the_segments_of_others() {
    let mut play = with_a_load_generator(1_000);
    let family = Family::Inet;
    play.call(Client, 1, "client2000", Call::Socket { family });
    (100..300).for_each(|n| play.sends(Server, from_server(n, ACK)));
    play.told();
    play.says(Client, ended(1));
    play.turn();
    let told = play.told();
    let place = told.iter().position(|line| line == "client ended 1");
    assert!(place.is_some_and(|place| place <= 2), "{told:#?}");
}

/// Between two bursts of packets the connections that they were of are not read one by one.
#[test]
fn in_the_pauses_of_a_load_generator_little_is_read_for_the_screen() {
    let mut play = with_a_load_generator(1_000);
    play.core.outside.work = fake::Work::default();
    for round in 0..5 {
        (0..50).for_each(|n| play.sends(Server, from_server(50 * round + n, ACK)));
        play.turn();
        play.pass(6 * MS);
    }
    let alone = play.core.outside.work.alone;
    assert!(alone <= 2 * 50 + 2, "{alone}: those of one burst at most");
    play.core.outside.work = fake::Work::default();
    play.pass(200 * MS);
    let rows = play.core.outside.work.rows;
    assert!(rows >= 2 * 1_000, "{rows}: and then all of both hosts");
}
