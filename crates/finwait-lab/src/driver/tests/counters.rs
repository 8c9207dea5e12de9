//! The kernel's counters: read when all is quiet, where something has happened, and not for each packet.

use super::*;
use finwait_model::counter::{CounterName, MovedCounters};
use finwait_model::errno::Errno;

/// The end of a call with that errno.
fn failed(id: u64, errno: Errno) -> Reply {
    let mut reply = ended(id);
    if let Reply::Ended { outcome, .. } = &mut reply {
        *outcome = Outcome::Err(errno);
    }
    reply
}

/// A host's kernel counts so many segments.
fn counts(play: &mut Play, side: Side, segments: u64) {
    play.core.outside.ends[side]
        .counted
        .add(&CounterName::new("TcpInSegs"), segments);
}

fn moved(segments: u64) -> MovedCounters {
    [(CounterName::new("TcpInSegs"), segments)].into_iter().collect()
}

/// The readings of counters since the last time, and what was told of them, with what came right after.
fn counted(play: &mut Play) -> (usize, Vec<(Side, MovedCounters)>) {
    let readings = std::mem::take(&mut play.core.outside.work.counters);
    let told = std::mem::take(&mut play.core.outside.told).into_iter();
    let counted = told.filter_map(|(_, what)| match what {
        LabEvent::Counters { side, moved } => Some((side, moved)),
        _ => None,
    });
    (readings, counted.collect())
}

#[test]
fn each_host_is_read_once_however_many_packets_pass() {
    let mut play = Play::connected();
    counted(&mut play);
    for _ in 0..200 {
        play.sends(Client, segment(Client, ACK, 100, 500));
    }
    counts(&mut play, Server, 200);
    while !play.core.outside.ends[Client].packets.is_empty() {
        play.turn();
    }
    assert!(play.rest());
    let (readings, told) = counted(&mut play);
    // Once when the first have passed, and once when all is quiet.
    assert!(readings <= 4, "{readings}");
    assert_eq!(told, [(Server, moved(200))]);
}

/// What was counted is told before the word that all is quiet, by which a step is over.
#[test]
fn what_was_counted_belongs_to_the_step_that_becomes_quiet() {
    let mut play = Play::connected();
    counted(&mut play);
    play.sends(Server, segment(Server, ACK, 500, 100));
    counts(&mut play, Client, 1);
    play.turn();
    assert!(play.rest());
    let told: Vec<&LabEvent> = play.core.outside.told.iter().map(|(_, what)| what).collect();
    assert!(
        matches!(
            told[told.len() - 2..],
            [LabEvent::Counters { side: Client, .. }, LabEvent::Quiet]
        ),
        "{told:?}"
    );
}

#[test]
fn where_nothing_is_counted_nothing_is_read() {
    let mut play = Play::connected();
    counted(&mut play);
    play.call(Client, 1, "client", read());
    play.says(
        Client,
        ended_with(
            1,
            Value::Read {
                n: 0,
                data: Default::default(),
            },
            &[],
        ),
    );
    play.turn();
    assert!(play.rest());
    assert_eq!(counted(&mut play), (0, Vec::new()));
    play.pass(10 * SEC);
    assert_eq!(counted(&mut play), (0, Vec::new()));
}

/// As connect without a route (IpOutNoRoutes), and a timer on a host that reaches nobody (TCPTimeouts).
#[test]
fn what_is_counted_without_a_packet_is_read_too() {
    let mut play = Play::connected();
    counted(&mut play);
    play.call(Client, 1, "client", connect());
    counts(&mut play, Client, 3);
    play.says(Client, failed(1, Errno::ENETUNREACH));
    play.turn();
    assert!(play.rest());
    assert_eq!(counted(&mut play), (1, vec![(Client, moved(3))]));
    let waits = SocketRow {
        retransmits: 1,
        ..with_timer(row(Server, State::Established, 9), TimerKind::Retransmit, 2 * SEC)
    };
    play.table(Server, [waits]);
    play.settle();
    counted(&mut play);
    counts(&mut play, Server, 5);
    play.pass(10 * SEC);
    assert_eq!(counted(&mut play).1, [(Server, moved(5))]);
}

/// Counters are the machine's there, and other programs move them.
#[test]
fn the_loopback_labs_are_left_alone() {
    let mut play = Play::loopback();
    play.call(Client, 1, "client", connect());
    play.says(Client, failed(1, Errno::ENETUNREACH));
    play.turn();
    assert!(play.rest());
    assert_eq!(counted(&mut play), (0, Vec::new()));
}
