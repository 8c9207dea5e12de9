//! Connections of real runs: numbered in the order in which they came, the same at both ends, each with what belongs to it.

mod support;

use finwait::recording::{Recording, Replay};
use finwait::session::Session;
use finwait::session::connections::ConnectionNo;
use finwait::session::transcript::{Entry, EntryKind};
use finwait::side::Side;
use finwait::state::State;
use finwait::wire::segment::Packet;
use std::collections::HashSet;
use support::folder::Folder;
use support::{finwait, output};

/// The end of a run with these arguments, as its recording has it.
fn run(name: &str, arguments: &[&str]) -> Session {
    let own = Folder::new(name);
    let file = own.path().join(format!("{name}.jsonl"));
    let record = ["--record", file.to_str().unwrap()];
    let done = output(finwait().args(record).args(arguments));
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = std::fs::read(&file).unwrap();
    let (_, session) = Replay::new(Recording::read(text.as_slice()).unwrap());
    session
}

fn does(name: &str, lab: &str, commands: &[&str]) -> Session {
    let mut arguments = vec!["--lab", lab, "do", "--patience", "1s"];
    arguments.extend(commands);
    run(name, &arguments)
}

fn names(session: &Session) -> Vec<String> {
    let name = |name: Option<&finwait::call::SocketName>| name.map_or("-".to_owned(), |name| name.to_string());
    let connections = session.connections();
    let views = connections.iter();
    views
        .map(|view| format!("{} {} {}", view.no, name(view.names.client), name(view.names.server)))
        .collect()
}

/// The calls that belong to a connection alone, in order.
fn calls(session: &Session, no: u32) -> Vec<String> {
    let entries = session.transcript.entries().iter();
    entries
        .filter(|entry| session.connection_of(entry) == Some(ConnectionNo(no)))
        .filter_map(|entry| match &entry.what {
            EntryKind::Call { began, .. } => Some(format!("{} {}", began.side, began.text.name.as_str())),
            _ => None,
        })
        .collect()
}

const THREE: [&str; 9] = [
    "server listen backlog=5",
    "client connect",
    "client connect",
    "server accept",
    "client write one on=client",
    "client write two on=client2",
    "client connect",
    "client close on=client2",
    "server accept",
];

/// Two are accepted in their order, the third not yet; each call belongs to its own, the accept to the one that it took.
#[test]
fn connections_are_numbered_in_their_order_the_same_at_both_ends() {
    for lab in ["isolated", "loopback"] {
        let session = does("numbered", lab, &THREE);
        assert_eq!(
            names(&session),
            ["1 client server", "2 client2 server2", "3 client3 -"],
            "{lab}"
        );
        let connections = session.connections();
        for view in &connections {
            assert_ne!(view.addresses.client, view.addresses.server);
            assert_eq!(view.addresses.server.port(), connections[0].addresses.server.port());
            assert!(!view.is_over);
            assert_eq!(view.segments >= 3, lab == "isolated", "{lab}: {}", view.segments);
        }
        assert_eq!(connections[0].states[Side::Client], State::Established);
        assert_eq!(connections[1].states[Side::Client], State::FinWait2);
        assert_eq!(connections[1].states[Side::Server], State::CloseWait);
        assert_eq!(connections[2].states[Side::Server], State::Established);
        assert_eq!(
            calls(&session, 1),
            ["client socket", "client connect", "server accept4", "client write"]
        );
        assert_eq!(
            calls(&session, 2),
            [
                "client socket",
                "client connect",
                "client write",
                "client close",
                "server accept4"
            ]
        );
        assert_eq!(calls(&session, 3), ["client socket", "client connect"]);
        // The listener's own calls are of none, and so belong into every picture.
        let listens =
            |entry: &&Entry| matches!(&entry.what, EntryKind::Call { began, .. } if began.text.name == "listen");
        let listen = session.transcript.entries().iter().find(listens).unwrap();
        assert!((1..=3).all(|no| session.belongs(listen, ConnectionNo(no))));
        assert_eq!(
            session.connection_of_socket(Side::Client, &"client2".parse_name()),
            Some(ConnectionNo(2))
        );
        assert_eq!(
            session.connection_of_socket(Side::Server, &"listener".parse_name()),
            None
        );
    }
}

trait ParseName {
    fn parse_name(&self) -> finwait::call::SocketName;
}

impl ParseName for str {
    fn parse_name(&self) -> finwait::call::SocketName {
        finwait::call::SocketName::new(self).unwrap()
    }
}

/// In the picture of one connection there are segments of one pair of addresses alone, and every segment is in one picture.
#[test]
fn a_picture_of_one_connection_has_one_pair_of_addresses() {
    let session = does("pictures", "isolated", &THREE);
    let mut all = 0;
    for view in session.connections() {
        let entries = session.transcript.entries().iter();
        let shown: Vec<&Entry> = entries.filter(|entry| session.belongs(entry, view.no)).collect();
        let pairs: HashSet<_> = shown
            .iter()
            .filter_map(|entry| match &entry.what {
                EntryKind::Packet(record) => match &record.packet {
                    Packet::Tcp(segment) => Some([segment.source, segment.destination].into_iter().collect()),
                    _ => None,
                },
                _ => None,
            })
            .map(|pair: std::collections::BTreeSet<_>| pair)
            .collect();
        assert_eq!(pairs.len(), 1, "{pairs:?}");
        let packets = shown.iter().filter(|entry| matches!(entry.what, EntryKind::Packet(_)));
        assert_eq!(packets.count() as u64, view.segments);
        all += view.segments;
    }
    let packets = session.transcript.entries().iter();
    let packets = packets.filter(|entry| matches!(entry.what, EntryKind::Packet(_)));
    assert_eq!(packets.count() as u64, all);
}

/// The same pair of addresses again is the next connection, and what was of the first stays with it; a socket that was refused and
/// connects again is of two.
#[test]
fn the_same_addresses_again_are_another_connection() {
    let session = does(
        "again",
        "isolated",
        &[
            "client socket",
            "client bind :40000",
            "client connect",
            "server listen",
            "client connect",
            "server accept",
            "client write",
            "client rst-close",
            "client socket",
            "client bind :40000",
            "client connect",
            "server accept",
        ],
    );
    assert_eq!(names(&session), ["1 client -", "2 client server", "3 client2 server2"]);
    let connections = session.connections();
    let over: Vec<bool> = connections.iter().map(|view| view.is_over).collect();
    // The server's end of the second was reset by the client's, whose close made no states to keep.
    assert_eq!(over, [true, true, false]);
    assert_eq!(connections[0].addresses, connections[2].addresses);
    assert_eq!(calls(&session, 1), ["client socket", "client bind", "client connect"]);
    assert_eq!(
        calls(&session, 2)[..3],
        ["client connect", "server accept4", "client write"]
    );
    assert_eq!(
        calls(&session, 3),
        ["client socket", "client bind", "client connect", "server accept4"]
    );
    // SYN and RST.
    assert_eq!(connections[0].segments, 2);
    assert_eq!(connections[2].segments, 3);
}

/// A segment that was held belongs to the connection that sent it, also when it arrives while the pair of addresses is another one's.
#[test]
fn a_held_segment_stays_with_its_connection() {
    let session = does(
        "held",
        "isolated",
        &[
            "server listen backlog=5",
            "client socket",
            "client bind :40000",
            "client connect",
            "server accept",
            "wire hold data from=client",
            "client write",
            "client rst-close",
            "client socket",
            "client bind :40000",
            "client connect",
            "wire deliver all",
        ],
    );
    let late: Vec<Option<ConnectionNo>> = session
        .transcript
        .entries()
        .iter()
        .filter(|entry| matches!(&entry.what, EntryKind::Packet(record) if record.waited.is_some()))
        .map(|entry| session.connection_of(entry))
        .collect();
    assert!(!late.is_empty());
    assert!(late.iter().all(|no| *no == Some(ConnectionNo(1))), "{late:?}");
    assert_eq!(session.connection_count(), 2);
}

/// Runs of the catalog in which several connections are there at once, or one after the other with the same addresses: also where an
/// end still has the old one when the other begins the new one, and where a SYN of the old one comes late.
#[test]
fn the_connections_of_scenarios() {
    use State::{Close, Established, TimeWait};
    type Seen = (&'static str, State, State);
    let all: [(&str, &[Seen]); 7] = [
        (
            "listen-backlog-full",
            &[
                ("1 client server", Established, Established),
                ("2 client2 -", Established, Established),
                ("3 client3 -", Established, Established),
            ],
        ),
        (
            "new-syn-into-time-wait",
            &[
                ("1 client server", Close, Close),
                ("2 client2 -", Established, Established),
            ],
        ),
        ("old-syn-into-time-wait", &[("1 client server", Close, TimeWait)]),
        (
            "syn-meets-stale-close-wait",
            &[
                ("1 client server", Close, Close),
                ("2 client2 -", Established, Established),
            ],
        ),
        ("simultaneous-open", &[("1 client server", Established, Established)]),
        ("self-connect", &[("1 client -", Close, Close)]),
        (
            "host-rebooted",
            &[
                ("1 client server", Close, Close),
                ("2 client2 -", Established, Established),
            ],
        ),
    ];
    for (name, wanted) in all {
        let session = run(name, &["run", name]);
        let states = session
            .connections()
            .into_iter()
            .map(|view| (view.states, view.is_over));
        let seen: Vec<_> = names(&session).into_iter().zip(states).collect();
        let seen: Vec<(&str, State, State)> = seen
            .iter()
            .map(|(names, (states, is_over))| {
                assert_eq!(*is_over, states.client == Close && states.server == Close, "{name}");
                (names.as_str(), states.client, states.server)
            })
            .collect();
        assert_eq!(seen, wanted, "{name}");
    }
}

/// What is closed and gone is folded away; what only the kernel still has is not, nor is the socket to which calls go.
#[test]
fn ended_sockets_fold() {
    let session = does(
        "folds",
        "isolated",
        &[
            "server listen backlog=5",
            "client connect",
            "server accept",
            "client rst-close",
            "client connect",
            "server accept",
            "client close",
            "client connect",
        ],
    );
    let shown = |views: &[finwait::session::view::SocketView]| {
        let names = views
            .iter()
            .map(|view| view.name.map_or("-".to_owned(), |name| name.to_string()));
        names.collect::<Vec<_>>()
    };
    let folded = session.folded(Side::Client);
    assert_eq!(shown(&folded.ended), ["client"]);
    // client2 is an orphan in FIN_WAIT2.
    assert_eq!(shown(&folded.live), ["client2", "client3"]);
    assert_eq!(session.sockets(Side::Client).len(), 3);
    let folded = session.folded(Side::Server);
    // The first was reset, and its descriptor is open.
    assert_eq!(shown(&folded.ended), Vec::<String>::new());
    let session = does(
        "folds-current",
        "isolated",
        &["server listen", "client connect", "client rst-close"],
    );
    assert_eq!(shown(&session.folded(Side::Client).live), ["client"]);
}
