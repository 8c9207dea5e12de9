//! The wire in the user's hands: segments held, lost, doubled, put out of order, made up.

use std::thread;
use std::time::{Duration, Instant};

use finwait::state::State;

use crate::support::folder::Folder;
use crate::support::{Lab, Run, finwait, output};

/// How long a state must stand still.
const STILL: Duration = Duration::from_secs(1);

/// The states of an end's connections and listeners, read from the procfs of its endpoint's namespace.
fn procfs(run: &Run, side: &str) -> Vec<State> {
    let mut states = Vec::new();
    for file in ["tcp", "tcp6"] {
        // A host without IPv6 has no tcp6.
        let table = std::fs::read_to_string(format!("/proc/{}/net/{file}", run.endpoint(side)));
        for line in table.unwrap_or_default().lines().skip(1) {
            let number = line.split_whitespace().nth(3).unwrap();
            states.push(State::from_kernel(u8::from_str_radix(number, 16).unwrap()).unwrap());
        }
    }
    states.sort();
    states
}

/// The kernel's own table says so, and nothing else, for as long as it must stand still.
#[track_caller]
fn stands_still(run: &Run, side: &str, states: &[State]) {
    let mut states = states.to_vec();
    states.sort();
    let began = Instant::now();
    while began.elapsed() < STILL {
        assert_eq!(procfs(run, side), states, "{side} after {:?}", began.elapsed());
        thread::park_timeout(Duration::from_millis(20));
    }
}

/// A connection, accepted, and every segment from now on held.
fn connected_in_step(run: &mut Run) {
    run.connects();
    run.succeeds(&["wire step"]);
}

fn listen_stands_still(run: &mut Run, _: Lab) {
    run.succeeds(&["wire step", "server listen"]);
    run.blocks("client connect");
    // The SYN is in the air: the listener knows nothing of it.
    stands_still(run, "server", &[State::Listen]);
}
in_labs!(listen_stands_still: Isolated Isolated6);

fn syn_sent_stands_still(run: &mut Run, _: Lab) {
    run.succeeds(&["wire step", "server listen"]);
    run.blocks("client connect");
    assert_eq!(run.segments()[..1], ["client SYN seq 0"]);
    stands_still(run, "client", &[State::SynSent]);
}
in_labs!(syn_sent_stands_still: Isolated Isolated6);

fn syn_recv_stands_still(run: &mut Run, _: Lab) {
    run.succeeds(&["server listen", "wire hold SYN-ACK"]);
    run.blocks("client connect");
    stands_still(run, "server", &[State::Listen, State::SynRecv]);
    assert_eq!(procfs(run, "client"), [State::SynSent]);
}
in_labs!(syn_recv_stands_still: Isolated Isolated6);

/// One end is ESTABLISHED, the other not yet: the handshake's last ACK is in the air.
fn established_stands_still(run: &mut Run, _: Lab) {
    run.succeeds(&["server listen", "wire hold ACK from=client seq=1"]);
    assert_eq!(run.does("client connect"), "ok");
    stands_still(run, "client", &[State::Established]);
    assert_eq!(procfs(run, "server"), [State::SynRecv, State::Listen]);
}
in_labs!(established_stands_still: Isolated Isolated6);

fn fin_wait1_stands_still_on_both_ends(run: &mut Run, _: Lab) {
    connected_in_step(run);
    run.succeeds(&["client shutdown write", "server shutdown write"]);
    stands_still(run, "client", &[State::FinWait1]);
    assert_eq!(procfs(run, "server"), [State::FinWait1, State::Listen]);
}
in_labs!(fin_wait1_stands_still_on_both_ends: Isolated Isolated6);

fn fin_wait2_and_close_wait_stand_still(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["wire hold FIN from=server", "client shutdown write", "server close"]);
    // Its FIN is in the air, so the server is not in CLOSE_WAIT any more; the client does not know.
    stands_still(run, "client", &[State::FinWait2]);
    assert_eq!(procfs(run, "server"), [State::LastAck, State::Listen]);
}
in_labs!(fin_wait2_and_close_wait_stand_still: Isolated Isolated6);

fn close_wait_stands_still(run: &mut Run, _: Lab) {
    connected_in_step(run);
    run.succeeds(&["client shutdown write", "wire deliver next"]);
    stands_still(run, "server", &[State::CloseWait, State::Listen]);
    // The ACK of its FIN is in the air.
    assert_eq!(procfs(run, "client"), [State::FinWait1]);
}
in_labs!(close_wait_stands_still: Isolated Isolated6);

/// Both FINs have crossed, both ACKs are in the air.
fn closing_stands_still_on_both_ends(run: &mut Run, _: Lab) {
    connected_in_step(run);
    run.succeeds(&["client shutdown write", "server shutdown write", "wire deliver all"]);
    assert_eq!(
        run.transitions(),
        [
            "server FIN_WAIT1 -> CLOSING by FIN,ACK",
            "client FIN_WAIT1 -> CLOSING by FIN,ACK"
        ]
    );
    stands_still(run, "client", &[State::Closing]);
    assert_eq!(procfs(run, "server"), [State::Listen, State::Closing]);
    run.succeeds(&["wire flow"]);
    assert_eq!(procfs(run, "client"), [State::TimeWait]);
    assert_eq!(procfs(run, "server"), [State::TimeWait, State::Listen]);
}
in_labs!(closing_stands_still_on_both_ends: Isolated Isolated6);

fn last_ack_stands_still(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["client close", "wire hold ACK from=client", "server close"]);
    stands_still(run, "server", &[State::LastAck, State::Listen]);
    assert_eq!(procfs(run, "client"), [State::TimeWait]);
    run.succeeds(&["wire clear", "wire deliver all"]);
    assert_eq!(procfs(run, "server"), [State::Listen]);
}
in_labs!(last_ack_stands_still: Isolated Isolated6);

fn time_wait_stands_still(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["client close", "server close"]);
    stands_still(run, "client", &[State::TimeWait]);
}
in_labs!(time_wait_stands_still: Isolated Isolated6);

/// A socket in CLOSE has no row in procfs; its descriptor is open, and its peer knows nothing.
fn close_stands_still(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["wire forge rst to=client"]);
    assert_eq!(run.transitions(), ["client ESTABLISHED -> CLOSE by RST,ACK"]);
    stands_still(run, "client", &[]);
    assert_eq!(procfs(run, "server"), [State::Established, State::Listen]);
    assert_eq!(run.stand(), "client CLOSE | listener LISTEN, server ESTABLISHED");
    assert_eq!(run.does("client read"), "ECONNRESET");
}
in_labs!(close_stands_still: Isolated Isolated6);

/// RFC 9293, figure 7: both connect to each other's port, and both pass SYN_RECV.
fn simultaneous_open(run: &mut Run, lab: Lab) {
    let [client, server] = match lab {
        Lab::Isolated6 => ["[fd00::1]", "[fd00::2]"],
        _ => ["10.0.0.1", "10.0.0.2"],
    };
    run.succeeds(&[
        "wire step",
        "client socket",
        &format!("client bind {client}:7000"),
        "server socket",
        &format!("server bind {server}:7000"),
    ]);
    let first = run.blocks(&format!("client connect {server}:7000"));
    let second = run.blocks(&format!("server connect {client}:7000"));
    assert_eq!(procfs(run, "client"), [State::SynSent]);
    assert_eq!(procfs(run, "server"), [State::SynSent]);
    run.succeeds(&["wire deliver all"]);
    stands_still(run, "client", &[State::SynRecv]);
    assert_eq!(procfs(run, "server"), [State::SynRecv]);
    run.succeeds(&["wire flow"]);
    assert_eq!(run.returned(first), "ok");
    assert_eq!(run.returned(second), "ok");
    assert_eq!(procfs(run, "client"), [State::Established]);
}
in_labs!(simultaneous_open: Isolated Isolated6);

/// Segments are handed on in any order; TCP puts the bytes in theirs.
fn a_later_segment_overtakes_an_earlier_one(run: &mut Run, _: Lab) {
    connected_in_step(run);
    // Else Nagle's algorithm keeps the second back until the first is acknowledged.
    run.succeeds(&[
        "client set-option TCP_NODELAY on",
        "client write one",
        "client write two",
    ]);
    let held = held(run);
    assert_eq!(held.len(), 2);
    run.succeeds(&[&format!("wire deliver {}", held[1])]);
    assert_eq!(run.does("server read dontwait"), "EAGAIN");
    run.succeeds(&["wire deliver next"]);
    assert_eq!(run.does("server read"), "read onetwo");
}
in_labs!(a_later_segment_overtakes_an_earlier_one: Isolated Isolated6);

/// The numbers of the segments that are held on the wire, without those that the kernel has sent again meanwhile: on a busy host a step
/// may take longer than its timer of 200 ms.
fn held(run: &Run) -> Vec<u64> {
    let mut held = std::collections::BTreeSet::new();
    let packets = run.said.iter().filter(|line| line["kind"] == "packet");
    for line in packets.filter(|line| line["again"].is_null()) {
        let no = line["packet_no"].as_u64().unwrap();
        let disposition = &line["fate"];
        if disposition == "held" || disposition.get("delayed").is_some() {
            held.insert(no);
        } else {
            held.remove(&no);
        }
    }
    held.into_iter().collect()
}

/// A lost SYN is sent again after about a second, and told as what it is.
fn a_lost_syn_is_sent_again(run: &mut Run, _: Lab) {
    run.succeeds(&["server listen", "wire drop SYN nth=1"]);
    let connect = run.blocks("client connect");
    assert_eq!(run.returned(connect), "ok");
    let syns: Vec<_> = run
        .said
        .iter()
        .filter(|line| line["kind"] == "packet" && line["packet"]["tcp"]["flags"] == 2)
        .collect();
    assert_eq!(syns.len(), 2);
    assert_eq!((&syns[0]["fate"], &syns[0]["rule"]), (&"dropped".into(), &1.into()));
    assert_eq!(syns[1]["fate"], "delivered");
    assert_eq!(syns[1]["again"]["retransmit"]["nth"], 1);
    assert_eq!(syns[1]["again"]["retransmit"]["of"], syns[0]["packet_no"]);
}
in_labs!(a_lost_syn_is_sent_again: Isolated);

/// The client believes in the connection, the server does not yet; data brings the missing ACK along.
fn a_lost_final_ack(run: &mut Run, _: Lab) {
    // The SYN,ACK that the server sends again after a second would bring the ACK, too: it is let stand for as long as this takes.
    run.succeeds(&["server listen", "wire preset lose-final-ack", "wire hold SYN-ACK nth=2"]);
    assert_eq!(run.does("client connect"), "ok");
    assert_eq!(procfs(run, "server"), [State::SynRecv, State::Listen]);
    run.succeeds(&["client write"]);
    assert_eq!(procfs(run, "server"), [State::Established, State::Listen]);
}
in_labs!(a_lost_final_ack: Isolated Isolated6);

/// A duplicate FIN in TIME_WAIT is acknowledged again. The peer, which is done, answers that with RST; and an RST ends TIME_WAIT
/// on Linux (RFC 1337; `tcp_rfc1337` is off).
fn a_duplicate_fin_is_acknowledged_again(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["client close", "wire hold FIN", "server close", "wire duplicate"]);
    assert_eq!(held(run).len(), 2);
    run.succeeds(&["wire deliver next"]);
    assert_eq!(procfs(run, "client"), [State::TimeWait]);
    run.succeeds(&["wire deliver next"]);
    assert_eq!(
        run.segments(),
        [
            "server FIN,ACK seq 1 ack 2",
            "client ACK seq 2 ack 2",
            "server RST seq 2"
        ]
    );
    assert_eq!(run.transitions(), ["client TIME_WAIT -> CLOSE by RST"]);
}
in_labs!(a_duplicate_fin_is_acknowledged_again: Isolated Isolated6);

/// A delayed segment goes on by itself.
fn a_delayed_segment_arrives_by_itself(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["wire delay data ms=150 times=1", "client write"]);
    // The program waits for what goes on by itself: it has arrived.
    assert_eq!(run.does("server read dontwait"), "read hello");
    let line = run
        .said
        .iter()
        .rfind(|line| line["kind"] == "packet" && line["packet"]["tcp"]["len"] == 5);
    let waited = line.unwrap()["held_us"].as_f64().unwrap();
    assert!(waited >= 150_000.0, "{waited}");
}
in_labs!(a_delayed_segment_arrives_by_itself: Isolated Isolated6);

/// A cut cable is silence: no error, only retransmissions; mended, the next of them arrives.
fn a_cut_cable_and_a_mended_one(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["wire preset cut-cable", "client write"]);
    assert_eq!(run.does("server read dontwait"), "EAGAIN");
    run.succeeds(&["wire rule 1 off"]);
    assert_eq!(run.does("server read deadline=20000"), "read hello");
}
in_labs!(a_cut_cable_and_a_mended_one: Isolated);

/// The beginning of what is told of it.
const IGNORED: &str = "the forged RST changed no state: client is in ESTABLISHED";

/// RFC 5961, 3.2: an RST at the exact number ends the connection, one in the window is challenged, one beyond it ignored.
fn forged_resets(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["wire forge rst to=client seq=out-of-window"]);
    assert_eq!(run.segments().len(), 1, "{:?}", run.segments());
    assert!(run.transitions().is_empty());
    // What the kernel made of it is told, and no more.
    let told = &run.awaits_notes(1)[0];
    assert!(
        told.starts_with(&format!("{IGNORED}: an RST whose number is not in the window")),
        "{told}"
    );
    run.succeeds(&["wire forge rst to=client seq=in-window"]);
    assert_eq!(run.awaits_segments(2)[1], "client ACK seq 1 ack 1", "the challenge");
    assert!(run.transitions().is_empty());
    let told = &run.awaits_notes(1)[0];
    assert!(
        told.starts_with(&format!("{IGNORED}; the client's kernel counted TCPChallengeACK 1:")),
        "{told}"
    );
    run.succeeds(&["wire forge rst to=client seq=exact"]);
    assert_eq!(run.transitions(), ["client ESTABLISHED -> CLOSE by RST,ACK"]);
    assert_eq!(run.does("client write"), "ECONNRESET");
}
in_labs!(forged_resets: Isolated Isolated6);

/// Data and a FIN that the peer never sent are taken all the same.
fn forged_data_and_fin(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["wire forge data to=server bytes=\"not me\"", "wire forge fin to=server"]);
    assert_eq!(run.does("server read"), "read not me");
    assert_eq!(run.does("server read"), "EOF");
    assert_eq!(run.stand(), "client ESTABLISHED | listener LISTEN, server CLOSE_WAIT");
}
in_labs!(forged_data_and_fin: Isolated Isolated6);

/// A SYN in an established connection, its own once more or an older one's, is challenged (RFC 5961, 4.2).
fn a_forged_syn_is_challenged(run: &mut Run, what: &str) {
    run.connects();
    run.succeeds(&[&format!("wire forge {what} to=server")]);
    assert_eq!(run.awaits_segments(2)[1], "server ACK seq 1 ack 1", "the challenge");
    assert!(run.transitions().is_empty());
    assert_eq!(run.stand(), "client ESTABLISHED | listener LISTEN, server ESTABLISHED");
}

fn the_same_syn_is_challenged(run: &mut Run, _: Lab) {
    a_forged_syn_is_challenged(run, "syn");
}
in_labs!(the_same_syn_is_challenged: Isolated Isolated6);

fn an_older_syn_is_challenged(run: &mut Run, _: Lab) {
    a_forged_syn_is_challenged(run, "old-syn");
}
in_labs!(an_older_syn_is_challenged: Isolated Isolated6);

/// ICMP errors end a connection that is being opened (RFC 1122, 4.2.3.9), each with its errno.
fn icmp_ends_a_connect(run: &mut Run, _: Lab) {
    run.succeeds(&["server listen", "wire hold SYN"]);
    for (what, errno) in [
        ("net-unreachable", "ENETUNREACH"),
        ("host-unreachable", "EHOSTUNREACH"),
        ("port-unreachable", "ECONNREFUSED"),
    ] {
        let connect = run.blocks("client connect");
        run.succeeds(&[&format!("wire forge {what} to=client")]);
        assert_eq!(run.returned(connect), errno);
        run.succeeds(&["client close", "wire drop all"]);
    }
}
in_labs!(icmp_ends_a_connect: Isolated Isolated6);

/// ... and do nothing to one that is open, but for a smaller path MTU.
fn icmp_does_not_end_an_open_connection(run: &mut Run, _: Lab) {
    run.connects();
    for what in ["net-unreachable", "host-unreachable", "port-unreachable"] {
        run.succeeds(&[&format!("wire forge {what} to=client")]);
        assert!(run.transitions().is_empty());
    }
    run.succeeds(&["wire hold data times=1", "client write x repeat=1400"]);
    run.succeeds(&["wire forge frag-needed to=client"]);
    assert!(run.transitions().is_empty());
    // What was sent is cut smaller and sent again.
    let lens = run.step().iter().filter(|line| line["from"] == "client");
    let lens: Vec<u64> = lens.filter_map(|line| line["packet"]["tcp"]["len"].as_u64()).collect();
    assert!(lens.iter().all(|len| (1..1300).contains(len)), "{lens:?}");
    assert_eq!(run.does("server read 1400 waitall"), "read 1400 bytes");
}
in_labs!(icmp_does_not_end_an_open_connection: Isolated Isolated6);

/// An old duplicate SYN makes the listener answer, and the client ends it with RST (RFC 9293, figure 8).
fn an_old_syn_and_its_reset(run: &mut Run, _: Lab) {
    run.succeeds(&["server listen", "wire forge syn to=server port=4000 seq=90"]);
    assert_eq!(
        run.transitions(),
        [
            "server (no name) CLOSE -> SYN_RECV by SYN",
            "server (no name) SYN_RECV -> CLOSE by RST"
        ]
    );
}
in_labs!(an_old_syn_and_its_reset: Isolated Isolated6);

/// The loopback lab has no wire, and says so.
#[test]
fn without_a_wire_it_says_so() {
    let mut run = Lab::Loopback.open();
    run.succeeds(&["server listen"]);
    run.gives("wire step");
    let (code, stderr) = run.ends();
    assert_eq!(code, Some(1));
    assert_eq!(
        stderr,
        "finwait: line 2, the loopback lab has no wire to hold segments on: use the isolated lab\n"
    );
}

/// Nothing on it to deliver, no such rule: one sentence, and status 1.
#[test]
fn what_is_not_there_is_told() {
    for (command, why) in [
        ("wire deliver next", "line 1, no segment is held: step holds what comes"),
        ("wire rule 3 off", "line 1, the wire has no rules"),
    ] {
        let mut run = Lab::Isolated.open();
        run.gives(command);
        let (code, stderr) = run.ends();
        assert_eq!((code, stderr), (Some(1), format!("finwait: {why}\n")));
    }
}

/// Three sources of a state, and where they differ the reason: the old descriptor's TCP_INFO in TIME_WAIT, an RST that was not taken.
fn where_sources_differ_it_is_told(run: &mut Run, _: Lab) {
    run.connects();
    let differs = |run: &Run, side: &str, name: &str| run.socket(side, name)["differs"].as_str().map(str::to_owned);
    assert_eq!(differs(run, "client", "client"), None);
    run.succeeds(&["wire forge rst to=client seq=out-of-window"]);
    let told = differs(run, "client", "client").unwrap();
    assert!(
        told.starts_with("procfs says ESTABLISHED, the segments CLOSE: an RST was not accepted"),
        "{told}"
    );
    // Who still speaks is not closed.
    run.succeeds(&["client shutdown write"]);
    assert_eq!(differs(run, "client", "client"), None);
    run.succeeds(&["server close"]);
    let told = differs(run, "client", "client").unwrap();
    assert!(told.starts_with("procfs says TIME_WAIT, TCP_INFO CLOSE: "), "{told}");
    run.succeeds(&["client close"]);
    assert_eq!(differs(run, "client", "client"), None);
}
in_labs!(where_sources_differ_it_is_told: Isolated Isolated6);

/// The segments with these flags of that end that came to the wire, each with what has become of it.
fn fates(run: &Run, from: &str, flags: u64) -> Vec<String> {
    let mut fates = std::collections::BTreeMap::new();
    for line in run.said.iter().filter(|line| line["kind"] == "packet") {
        if line["from"] == from && line["packet"]["tcp"]["flags"] == flags {
            let fate = line["fate"].as_str().unwrap_or("on its way").to_owned();
            fates.insert(line["packet_no"].as_u64().unwrap(), fate);
        }
    }
    fates.into_values().collect()
}

/// Waits until that end has sent a segment with these flags again, so many times.
fn awaits_retransmission(run: &mut Run, from: &str, flags: u64, nth: u64) {
    run.awaits(|line| {
        let again = &line["again"]["retransmit"]["nth"];
        line["from"] == from && line["packet"]["tcp"]["flags"] == flags && *again == nth
    });
}

const SYN: u64 = 2;
const SYN_ACK: u64 = 18;
const FIN_ACK: u64 = 17;

/// The times for which segments were under way before they were delivered.
fn travelled(run: &Run) -> Vec<Duration> {
    let packets = run
        .said
        .iter()
        .filter(|line| line["kind"] == "packet" && line["fate"] == "delivered");
    let times = packets.filter_map(|line| line["held_us"].as_f64());
    times.map(|us| Duration::from_secs_f64(us / 1e6)).collect()
}

/// Each segment takes its time, and nothing changes before it is there.
fn a_slow_wire_takes_its_time(run: &mut Run, _: Lab) {
    run.succeeds(&["wire slow 400ms", "server listen"]);
    assert_eq!(run.does("client connect"), "ok");
    assert_eq!(
        run.transitions()[1..],
        [
            "server (no name) CLOSE -> SYN_RECV by SYN",
            "client SYN_SENT -> ESTABLISHED by SYN,ACK",
            "server (no name) SYN_RECV -> ESTABLISHED by ACK"
        ]
    );
    let times = travelled(run);
    assert_eq!(times.len(), 3, "SYN, SYN,ACK, ACK, and nothing twice");
    assert!(
        times.iter().all(|time| *time >= Duration::from_millis(400)),
        "{times:?}"
    );
    run.succeeds(&["server accept", "client close"]);
    assert_eq!(
        run.stand(),
        "client FIN_WAIT2 (orphan) | listener LISTEN, server CLOSE_WAIT"
    );
}
in_labs!(a_slow_wire_takes_its_time: Isolated Isolated6);

/// What the wire takes is not the hosts' time: `do` waits for what is under way, however short its patience.
#[test]
fn a_slow_wire_is_waited_for() {
    let mut run = Lab::Isolated.open_with(&["--patience", "50"]);
    run.succeeds(&["server listen", "wire slow 400ms"]);
    assert_eq!(run.does("client connect"), "ok");
    assert_eq!(run.does("client read"), "blocked", "nothing is under way");
    run.end();
}

/// A forged reset travels like any other segment.
fn a_forged_reset_travels(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["wire slow 150ms", "wire forge rst to=client"]);
    assert_eq!(run.transitions(), ["client ESTABLISHED -> CLOSE by RST,ACK"]);
    assert!(travelled(run).iter().any(|time| *time >= Duration::from_millis(150)));
}
in_labs!(a_forged_reset_travels: Isolated);

/// However long one reads, a handshake takes three deliveries, and the server sees one SYN.
fn a_handshake_takes_three_deliveries(run: &mut Run, _: Lab) {
    run.succeeds(&["wire step", "server listen"]);
    let connect = run.blocks("client connect");
    // The end that waits for an answer sends again.
    awaits_retransmission(run, "client", SYN, 2);
    run.succeeds(&["wire deliver next"]);
    awaits_retransmission(run, "server", SYN_ACK, 1);
    run.succeeds(&["wire deliver next"]);
    assert_eq!(run.returned(connect), "ok");
    run.succeeds(&["wire deliver next"]);
    run.awaits(|line| line["kind"] == "state" && line["side"] == "server" && line["to"] == "ESTABLISHED");
    for (from, flags) in [("client", SYN), ("server", SYN_ACK)] {
        let fates = fates(run, from, flags);
        let delivered = fates.iter().filter(|fate| *fate == "delivered").count();
        let discarded = fates.iter().filter(|fate| *fate == "discarded").count();
        assert_eq!((delivered, delivered + discarded), (1, fates.len()), "{from} {fates:?}");
    }
}
in_labs!(a_handshake_takes_three_deliveries: Isolated);

/// `times=1` means one FIN, however often it is sent: its copies are held with it, and go with it.
fn a_rule_goes_on_holding_what_is_sent_again(run: &mut Run, _: Lab) {
    run.connects();
    run.succeeds(&["wire hold FIN times=1", "client shutdown write"]);
    awaits_retransmission(run, "client", FIN_ACK, 2);
    assert_eq!(procfs(run, "server"), [State::Established, State::Listen]);
    run.succeeds(&["wire deliver"]);
    // It is acknowledged after the server's delay, which nobody waits for.
    run.awaits(|line| line["kind"] == "state" && line["to"] == "FIN_WAIT2");
    let fates = fates(run, "client", FIN_ACK);
    let count = |of: &str| fates.iter().filter(|fate| *fate == of).count();
    assert_eq!((count("delivered"), count("dropped")), (1, 0), "{fates:?}");
    assert!(count("discarded") >= 2, "{fates:?}");
}
in_labs!(a_rule_goes_on_holding_what_is_sent_again: Isolated Isolated6);

/// The options of a run whose hosts leave checksums and segmentation to the wire.
fn offloaded() -> Run {
    Lab::Isolated.open_with(&["--offload", "--patience", "1000"])
}

/// The lengths of the client's data and the sizes of the segments that they stand for, where they are super-segments.
fn supers(run: &Run) -> Vec<(u64, u64)> {
    let packets = run
        .said
        .iter()
        .filter(|line| line["kind"] == "packet" && line["from"] == "client");
    let is_first = |line: &&serde_json::Value| line["held_us"].is_null();
    packets
        .filter(is_first)
        .filter_map(|line| Some((line["packet"]["tcp"]["len"].as_u64()?, line["segment_size"].as_u64()?)))
        .collect()
}

/// A super-segment is one packet on the wire: it is held, doubled and delivered as one, and says what it stands for.
#[test]
fn a_super_segment_is_stepped_as_one() {
    let mut run = offloaded();
    run.connects();
    run.succeeds(&["wire step", "client write x repeat=10000"]);
    let supers = supers(&run);
    assert!(
        supers.iter().all(|(len, size)| *size == 1448 && len > size) && !supers.is_empty(),
        "{supers:?}"
    );
    run.succeeds(&["wire duplicate", "wire deliver all", "wire flow"]);
    assert_eq!(run.does("server read 10000 waitall"), "read 10000 bytes");
    run.end();
}

/// Forged packets have all of their checksums, and are taken; an ICMP error that names a smaller MTU makes smaller segments of what
/// follows, in super-segments as large as before.
#[test]
fn forged_packets_are_taken_beside_super_segments_and_a_smaller_mtu_makes_smaller_segments() {
    let mut run = offloaded();
    run.connects();
    run.succeeds(&["client write x repeat=9000"]);
    assert_eq!(run.does("server read 9000 waitall"), "read 9000 bytes");
    run.succeeds(&["wire hold data from=client times=1", "client write x repeat=9000"]);
    run.succeeds(&["wire forge frag-needed to=client", "wire clear", "wire flow"]);
    assert_eq!(run.does("server read 9000 waitall"), "read 9000 bytes");
    run.succeeds(&["client write x repeat=9000"]);
    // MTU 1300: 52 bytes of IP and TCP less.
    let sizes: Vec<u64> = supers(&run).iter().map(|(_, size)| *size).collect();
    assert!(sizes.contains(&1448) && sizes.last() == Some(&1248), "{sizes:?}");
    run.succeeds(&["wire forge rst to=server"]);
    assert_eq!(procfs(&run, "server"), [State::Listen]);
    run.end();
}

/// The log says what a super-segment stands for; a recording of it opens, and shows the same.
#[test]
fn a_super_segment_says_so_in_the_log_and_in_a_recording() {
    let own = Folder::new("offload");
    let path = own.path().join("offload.jsonl");
    let file = path.to_str().unwrap();
    let made = output(
        finwait()
            .args(["--lab", "isolated", "--offload", "--record", file, "do"])
            .args([
                "server listen",
                "client connect",
                "server accept",
                "client write x repeat=7240",
            ]),
    );
    let opened = output(finwait().args(["open", "--plain", file]));
    let text = |output: &std::process::Output| String::from_utf8(output.stdout.clone()).unwrap();
    assert!(made.status.success() && opened.status.success());
    for told in [text(&made), text(&opened)] {
        assert!(told.contains(" segments of 1448) \"x"), "{told}");
    }
}

/// Plain data is left out where that is asked for, and counted; what is more than that stays, and JSON has all.
#[test]
fn plain_data_is_left_out_and_counted() {
    let made = |more: &[&str]| {
        let commands = [
            "server listen",
            "client connect",
            "server accept",
            "client write hello",
            "wire step",
            "client write again",
            "wire deliver",
            "wire flow",
            "client close",
        ];
        let mut command = finwait();
        command.args(["--lab", "isolated", "do"]).args(more).args(commands);
        String::from_utf8(output(&mut command).stdout).unwrap()
    };
    let all = made(&[]);
    assert!(all.contains("len 5 \"hello\"") && !all.contains("not shown"), "{all}");
    let told = made(&["--no-data"]);
    assert!(!told.contains("len 5 \"hello\""), "{told}");
    assert!(
        told.contains("           wire    2 segments of plain data are not shown\n"),
        "{told}"
    );
    for stays in ["SYN seq 0", "len 5 \"again\"", "FIN,ACK"] {
        assert!(told.contains(stays), "{stays}: {told}");
    }
    let json = made(&["--no-data", "--json"]);
    assert!(json.contains("\"len\":5"), "{json}");
    assert!(!json.contains("not shown"), "{json}");
}
