//! Captures: what they imply is what the kernel said, in every scenario of the catalog; and another program counts the same.

mod cli;
mod pcap;
#[path = "../support/mod.rs"]
mod support;

use finwait::clock::MonoTime;
use finwait::lab::event::{Disposition, LabEvent, PacketRecord, StateChanged, TimedEvent, TransitionCause};
use finwait::side::Side;
use finwait::socket_table::Tuple;
use finwait::state::State;
use finwait::wire::queue::Origin;
use finwait::wire::segment::{Flags, Packet};
use finwait_capture::flow::{Connection, End, Limits, Table};
use finwait_capture::reader::Reader;
use pcap::{Bytes, Frame};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;
use support::folder::Folder;

/// One run of a lab: what was on the wire, and how its sockets' states changed.
struct Run {
    scenario: String,
    events: Vec<TimedEvent>,
}

/// A run of every scenario of the catalog that has a wire.
static CATALOG: LazyLock<Vec<Run>> = LazyLock::new(|| {
    let own = Folder::new("captures");
    let folder = own.path().join("runs");
    let mut command = support::finwait();
    command.args(["run", "--all", "--keep-going", "--lab", "isolated", "--record"]);
    let output = support::output_within(command.arg(&folder), std::time::Duration::from_secs(300));
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{error}: {output:?}"))
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let runs = files.iter().map(|path| Run {
        scenario: path.file_stem().unwrap().to_string_lossy().into_owned(),
        events: events(&std::fs::read_to_string(path).unwrap()),
    });
    runs.collect()
});

fn events(text: &str) -> Vec<TimedEvent> {
    let lines = text.lines().filter_map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let event = line.as_object_mut().unwrap().remove("event")?;
        Some(serde_json::from_value(event).unwrap())
    });
    lines.collect()
}

impl Run {
    fn packets(&self) -> impl Iterator<Item = (MonoTime, &PacketRecord)> {
        self.events.iter().filter_map(|event| match &event.what {
            LabEvent::Packet(record) => Some((event.at, record)),
            _ => None,
        })
    }

    /// What a capture on that host has: what the host sends, when it does, and what reaches it.
    fn captured_at(&self, side: Side) -> Vec<(MonoTime, &Packet)> {
        let is_seen = |record: &PacketRecord| {
            let sent = record.from == side && record.origin == Origin::Host && record.waited.is_none();
            let arrives = record.from.other() == side && record.disposition == Disposition::Delivered;
            sent || arrives
        };
        let seen = self.packets().filter(|(_, record)| is_seen(record));
        seen.map(|(at, record)| (at, &record.packet)).collect()
    }

    /// What a capture between the hosts has: all that a host sends.
    fn captured_between(&self) -> Vec<(MonoTime, &Packet)> {
        let sent = |record: &PacketRecord| record.origin == Origin::Host && record.waited.is_none();
        let seen = self.packets().filter(|(_, record)| sent(record));
        seen.map(|(at, record)| (at, &record.packet)).collect()
    }

    /// The last change of each connection of a host's, as the kernel's tables had it.
    fn last_changes(&self, side: Side) -> BTreeMap<Tuple, (usize, &StateChanged)> {
        let mut last = BTreeMap::new();
        for (no, event) in self.events.iter().enumerate() {
            if let LabEvent::Transition(change) = &event.what
                && change.side == side
                && !change.tuple.is_listener()
            {
                last.insert(change.tuple, (no, change));
            }
        }
        last
    }
}

impl Run {
    /// Does a segment tell of a change: one that came, or one with SYN, FIN or RST that the end sends?
    fn is_on_the_wire(&self, event: usize, change: &StateChanged) -> bool {
        if let TransitionCause::Received(_) = change.cause {
            return true;
        }
        let tells = |record: &PacketRecord| match &record.packet {
            Packet::Tcp(segment) => {
                let way = Tuple {
                    local: segment.source,
                    peer: segment.destination,
                };
                let control = match change.cause {
                    // Who gives up may say so, and says it with RST.
                    TransitionCause::Timer(_) => Flags::RST,
                    _ => Flags(Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0),
                };
                way == change.tuple && segment.flags.has(control) && record.from == change.side
            }
            _ => false,
        };
        // The packet and the change that the same call made stand side by side.
        let near = &self.events[event.saturating_sub(3)..];
        near.iter()
            .any(|event| matches!(&event.what, LabEvent::Packet(record) if tells(record)))
    }
}

/// The connections of a capture, as they are read from its bytes.
fn connections(file: &[u8]) -> Vec<Connection> {
    let mut reader = Reader::new(file).unwrap();
    let limits = Limits {
        told: usize::MAX / 4,
        ..Limits::default()
    };
    let mut table = Table::new(limits);
    while let Some(packet) = reader.packet().unwrap() {
        table.packet(&packet);
    }
    let (mut connections, _) = table.end();
    connections.sort_by_key(|connection| connection.no);
    connections
}

fn written(packets: &[(MonoTime, &Packet)]) -> Vec<Bytes> {
    packets
        .iter()
        .filter_map(|(at, packet)| pcap::bytes(*at, packet))
        .collect()
}

/// Scenarios in which a listener without room ignores the ACK that has come: nothing on the wire tells, until it sends SYN,ACK again.
const FULL_QUEUE: [&str; 2] = ["connected-but-not-queued", "dial-backlog-full"];

#[test]
fn the_states_that_a_capture_implies_are_the_kernels() {
    let (mut compared, mut silent) = (0, 0);
    let mut differ = Vec::new();
    for (no, run) in CATALOG.iter().enumerate() {
        for side in Side::BOTH {
            // Each run in another frame.
            let frame = Frame::ALL[no % Frame::ALL.len()];
            let file = pcap::pcap(frame, &written(&run.captured_at(side)), 200);
            let connections = connections(&file);
            for (tuple, (event, change)) in run.last_changes(side) {
                let of = |connection: &&Connection| {
                    let end = connection.side_of(tuple.local);
                    connection.addresses[end] == tuple.local && connection.addresses[end.other()] == tuple.peer
                };
                let Some(connection) = connections.iter().rfind(of) else {
                    continue;
                };
                if !run.is_on_the_wire(event, change) {
                    silent += 1;
                    continue;
                }
                let implied = connection.state(connection.side_of(tuple.local));
                compared += 1;
                if FULL_QUEUE.contains(&&*run.scenario) && change.to == State::SynRecv {
                    continue;
                }
                if implied.unwrap_or(State::Close) != change.to {
                    differ.push(format!(
                        "{} {side} {}: kernel {} by {}, implied {implied:?}",
                        run.scenario,
                        tuple.local,
                        change.to,
                        change.cause.words(change.from)
                    ));
                }
            }
        }
    }
    assert!(
        differ.is_empty(),
        "{} of {compared}:\n{}",
        differ.len(),
        differ.join("\n")
    );
    // Timers run out and attempts are given up in silence: no capture has that.
    assert!(compared > 300 && silent < 30, "{compared} compared, {silent} silent");
}

/// What is counted of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    segments: u64,
    /// Wireshark tells the two apart by the round trip.
    sent_again: u32,
    zero_windows: u32,
    resets: u32,
}

/// tshark on the same file: the counts by the number of its stream.
fn tshark(path: &std::path::Path) -> BTreeMap<u64, Counts> {
    let fields = [
        "tcp.stream",
        "tcp.analysis.retransmission",
        "tcp.analysis.out_of_order",
        "tcp.analysis.zero_window",
        "tcp.flags.reset",
        "tcp.analysis.keep_alive",
        "tcp.len",
        "tcp.flags",
        "tcp.seq_raw",
    ];
    let mut command = std::process::Command::new("tshark");
    command.args([
        "-n",
        "-T",
        "fields",
        "-E",
        "occurrence=f",
        "-Y",
        "tcp && !icmp && !icmpv6",
    ]);
    command
        .args(fields.iter().flat_map(|field| ["-e", field]))
        .arg("-r")
        .arg(path);
    let output = support::output_within(&mut command, support::BOUND);
    assert!(output.status.success(), "tshark is needed: {output:?}");
    let mut streams: BTreeMap<u64, Counts> = BTreeMap::new();
    let mut syns = std::collections::BTreeSet::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let [stream, again, order, zero, reset, probe, len, flags, seq] = cells[..] else {
            panic!("{line:?}");
        };
        let counts = streams.entry(stream.parse().unwrap()).or_default();
        counts.segments += 1;
        // It takes one byte that is sent again for a probe,
        let is_byte = !probe.is_empty() && len == "1";
        // and the SYN,ACK of a simultaneous open for its SYN.
        let flags = u16::from_str_radix(flags.trim_start_matches("0x"), 16).unwrap() & 0x12;
        let answers = flags == 0x12 && syns.remove(&(stream.to_owned(), seq.to_owned()));
        if flags == 0x02 {
            syns.insert((stream.to_owned(), seq.to_owned()));
        }
        counts.sent_again += u32::from((!again.is_empty() || !order.is_empty() || is_byte) && !answers);
        counts.zero_windows += u32::from(!zero.is_empty());
        counts.resets += u32::from(matches!(reset, "1" | "True"));
    }
    streams
}

fn counts(connection: &Connection) -> Counts {
    let ends = Side::BOTH.map(|side| &connection.ends[side]);
    let sum = |of: fn(&End) -> u32| ends.iter().map(|end| of(end)).sum();
    Counts {
        segments: ends.iter().map(|end| end.packets).sum(),
        sent_again: sum(|end| end.retransmissions + end.out_of_order),
        zero_windows: sum(|end| end.zero_windows),
        resets: sum(|end| end.resets),
    }
}

/// A capture of the whole catalog, one run after the other, each in a network of its own.
fn whole_catalog() -> Vec<Bytes> {
    let mut packets = Vec::new();
    let mut now = 1_700_000_000_000_000_000;
    for (network, run) in CATALOG.iter().enumerate() {
        let captured = run.captured_between();
        let first = captured.first().map_or(0, |(at, _)| at.0);
        let began = now;
        for (at, packet) in captured {
            // Whole microseconds, as tcpdump prints them.
            now = began + (at.0 - first) / 1000 * 1000;
            let packet = pcap::moved(packet, u8::try_from(network + 1).unwrap());
            packets.extend(pcap::bytes(MonoTime(now), &packet));
        }
        now += 1_000_000_000;
    }
    packets
}

#[test]
fn wireshark_counts_the_same_streams_and_what_was_sent_again() {
    let file = pcap::pcap(Frame::Ethernet, &whole_catalog(), 4096);
    let own = Folder::new("catalog");
    let path = own.path().join("catalog.pcap");
    std::fs::write(&path, &file).unwrap();
    let streams = tshark(&path);
    let ours: BTreeMap<u64, Counts> = connections(&file)
        .iter()
        .map(|connection| (connection.no.0 - 1, counts(connection)))
        .collect();
    let mut differ = Vec::new();
    for no in 0..ours.len().max(streams.len()) as u64 {
        if ours.get(&no) != streams.get(&no) {
            differ.push(format!(
                "{no}: ours {:?}, tshark's {:?}",
                ours.get(&no),
                streams.get(&no)
            ));
        }
    }
    let all = |of: fn(&Counts) -> u32| ours.values().map(of).sum::<u32>();
    assert!(all(|c| c.sent_again) > 20 && all(|c| c.zero_windows) > 3 && all(|c| c.resets) > 20);
    assert!(
        differ.is_empty(),
        "{} of {}:\n{}",
        differ.len(),
        ours.len(),
        differ.join("\n")
    );
}

/// What is told of each connection, without what tcpdump's text does not have: the times of the first packets, and what a duplicate is.
fn told(file: &[u8], timed: bool) -> Vec<String> {
    let of = |connection: &Connection| {
        let ends = Side::BOTH.map(|side| {
            let end = &connection.ends[side];
            // Who still answers in the numbers of an earlier connection: an acknowledgement's own number is not in the text.
            let again = connection.reuses.map_or(end.retransmissions + end.out_of_order, |_| 0);
            let again = (again, end.resets, end.zero_windows);
            (
                connection.addresses[side],
                connection.state(side),
                end.packets,
                end.bytes,
                again,
            )
        });
        let lasted = connection.last.since(connection.began).as_micros();
        format!(
            "{} {ends:?} {:?} {}",
            connection.no,
            connection.start,
            if timed { lasted } else { 0 }
        )
    };
    connections(file).iter().map(of).collect()
}

#[test]
fn tcpdumps_text_says_the_same_as_the_file_that_it_is_of() {
    let file = pcap::pcap(Frame::Ethernet, &whole_catalog(), 4096);
    let own = Folder::new("tcpdump");
    let path = own.path().join("tcpdump.pcap");
    std::fs::write(&path, &file).unwrap();
    let mut compared = 0;
    for (options, timed) in [
        (&["-n"][..], true),
        (&["-nS"], true),
        (&["-nt"], false),
        (&["-ntt"], true),
        (&["-nttt"], true),
        (&["-ntttt"], true),
        (&["-nttttt"], true),
        (&["-nv"], true),
        (&["-nevS"], true),
        (&["-n#"], true),
    ] {
        let mut command = std::process::Command::new("tcpdump");
        command.args(options).arg("-r").arg(&path);
        let output = support::output_within(&mut command, support::BOUND);
        assert!(output.status.success(), "tcpdump is needed: {output:?}");
        let (ours, its) = (told(&file, timed), told(&output.stdout, timed));
        assert_eq!(ours.len(), its.len(), "{options:?}");
        let differ: Vec<_> = ours.iter().zip(&its).filter(|(ours, its)| ours != its).collect();
        assert!(
            differ.is_empty(),
            "{options:?}: {} of {}: {:#?}",
            differ.len(),
            ours.len(),
            &differ[..differ.len().min(4)]
        );
        compared += ours.len();
    }
    assert!(compared > 1000, "{compared}");
}
