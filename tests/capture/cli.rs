//! `finwait explain FILE` and `finwait open FILE` through the real binary.

use crate::pcap::{self, Frame};
use crate::support::folder::TemporaryFile;
use crate::support::{self};
use finwait::call::Bytes as Payload;
use finwait::clock::MonoTime;
use finwait::wire::segment::{Flags, Packet, Segment, SeqNo};
use serde_json::Value;

fn finwait(args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = support::finwait();
    let output = support::output_within(command.args(args), support::BOUND);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

const SYN_ACK: u16 = Flags::SYN.0 | Flags::ACK.0;
const FIN_ACK: u16 = Flags::FIN.0 | Flags::ACK.0;
const PSH_ACK: u16 = Flags::PSH.0 | Flags::ACK.0;

/// A segment of a connection of the client's port: who sends, flags, numbers counted from nought, length.
fn segment(port: u16, client: bool, flags: u16, seq: u32, ack: u32, len: usize) -> Packet {
    let ends = [format!("10.0.0.1:{port}"), "10.0.0.2:80".to_owned()].map(|end| end.parse().unwrap());
    let [source, destination] = if client { ends } else { [ends[1], ends[0]] };
    let (own, peer) = if client { (1000, 9000) } else { (9000, 1000) };
    Packet::Tcp(Segment {
        source,
        destination,
        flags: Flags(flags),
        seq: SeqNo(own + seq),
        ack: SeqNo(if flags & Flags::ACK.0 == 0 { 0 } else { peer + ack }),
        window: 500,
        urgent: 0,
        options: Vec::new(),
        len,
        payload: Payload(vec![b'x'; len.min(64)]),
    })
}

/// A capture of three connections: one that is reset by data after a close, one that is refused, one that is well.
fn three() -> Vec<u8> {
    let (syn, ack, rst) = (Flags::SYN.0, Flags::ACK.0, Flags::RST.0);
    let packets = [
        segment(1001, true, syn, 0, 0, 0),
        segment(1001, false, SYN_ACK, 0, 1, 0),
        segment(1001, true, ack, 1, 1, 0),
        segment(1001, false, FIN_ACK, 1, 1, 0),
        segment(1001, true, ack, 1, 2, 0),
        segment(1001, true, PSH_ACK, 1, 2, 5),
        segment(1001, false, rst, 2, 0, 0),
        segment(1002, true, syn, 0, 0, 0),
        segment(1002, false, rst | ack, 0, 1, 0),
        segment(1003, true, syn, 0, 0, 0),
        segment(1003, false, SYN_ACK, 0, 1, 0),
        segment(1003, true, ack, 1, 1, 0),
        segment(1003, true, FIN_ACK, 1, 1, 0),
        segment(1003, false, FIN_ACK, 1, 2, 0),
        segment(1003, true, ack, 2, 2, 0),
    ];
    let at = |no: usize| MonoTime(1_700_000_000_000_000_000 + no as u64 * 1_000_000);
    let packets = packets.iter().enumerate();
    let bytes: Vec<pcap::Bytes> = packets.filter_map(|(no, packet)| pcap::bytes(at(no), packet)).collect();
    pcap::pcap(Frame::Ethernet, &bytes, 4096)
}

#[test]
fn a_capture_is_explained_the_worst_connection_first() {
    let file = TemporaryFile::new("three.pcap", three());
    let (status, text, complaint) = finwait(&["explain", file.path()]);
    assert_eq!((status, &*complaint), (Some(0), ""));
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what}: {text}"));
    assert!(place("10.0.0.1:1001") < place("10.0.0.1:1002"));
    assert!(place("10.0.0.1:1002") < place("10.0.0.1:1003"));
    for what in [
        "reset by the server",
        "refused",
        "closed, the client first",
        "finwait run write-after-close",
    ] {
        place(what);
    }
    let (_, json, _) = finwait(&["explain", file.path(), "--json"]);
    let told: Value = serde_json::from_str(&json).unwrap();
    let capture = &told["capture"];
    assert_eq!(
        (&told["schema"], &capture["counted"]["connections"]),
        (&1.into(), &3.into())
    );
    let worst = &capture["connections"][0];
    assert_eq!(worst["findings"][0]["reasons"][0], "data-after-close");
    assert_eq!(worst["findings"][0]["rule"], "reset-in-close-wait");
    let gave: Vec<&Value> = worst["saw"]["client"]
        .as_array()
        .unwrap()
        .iter()
        .map(|saw| &saw["gives"])
        .collect();
    assert_eq!(gave, ["success", "EOF", "EPIPE"]);
}

#[test]
fn one_connection_is_drawn_with_the_states_of_both_ends() {
    let file = TemporaryFile::new("drawn.pcap", three());
    let (status, text, _) = finwait(&["explain", file.path(), "--connection", "1"]);
    assert_eq!(status, Some(0));
    let row = |what: &[&str]| {
        let has = |line: &&str| what.iter().all(|word| line.contains(word));
        assert!(text.lines().any(|line| has(&line)), "{what:?}: {text}");
    };
    row(&["0.000000", "SYN_SENT", "SYN seq 0"]);
    row(&["0.003000", "CLOSE_WAIT", "FIN,ACK seq 1 ack 1", "FIN_WAIT1"]);
    row(&["0.005000", "PSH,ACK seq 1 ack 2 len 5 \"xxxxx\""]);
    row(&["0.006000", "CLOSE", "RST seq 2"]);
    let (status, plain, _) = finwait(&["open", file.path(), "--connection", "3", "--plain"]);
    assert_eq!(status, Some(0));
    assert!(plain.contains("SYN_SENT -> ESTABLISHED   caused by the SYN,ACK received (inferred from the segments)"));
    assert!(plain.contains("captured") && !plain.contains("delivered"), "{plain}");
    let (status, _, complaint) = finwait(&["explain", file.path(), "--connection", "4"]);
    assert_eq!(status, Some(2));
    assert!(
        complaint.contains("no connection 4: they are numbered from 1 to 3"),
        "{complaint}"
    );
}

#[test]
fn a_long_connection_has_its_middle_left_out_unless_all_is_wanted() {
    let (ack, syn) = (Flags::ACK.0, Flags::SYN.0);
    let mut packets = vec![
        segment(1001, true, syn, 0, 0, 0),
        segment(1001, false, SYN_ACK, 0, 1, 0),
    ];
    packets.extend((0..1000).map(|no| segment(1001, true, ack, 1 + no * 10, 1, 10)));
    let bytes: Vec<pcap::Bytes> = packets
        .iter()
        .filter_map(|packet| pcap::bytes(MonoTime(1), packet))
        .collect();
    let file = TemporaryFile::new("long.pcap", pcap::pcap(Frame::Raw, &bytes, 4096));
    let (_, text, _) = finwait(&["explain", file.path(), "--connection", "1"]);
    assert!(
        text.contains("packets 201 to 802 of this connection are left out"),
        "{text}"
    );
    assert!(text.contains("seq 9991") && !text.contains("seq 5001 "));
    let (_, text, _) = finwait(&["explain", file.path(), "--connection", "1", "--all"]);
    assert!(text.contains("seq 5001 ") && !text.contains("left out"));
}

#[test]
fn standard_input_may_be_a_capture_and_a_file_may_be_a_log() {
    for args in [&["explain"][..], &["explain", "-"]] {
        let output = support::output_of(support::finwait().args(args), &three());
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("3 connections"),
            "{args:?}: {output:?}"
        );
    }
    let log = TemporaryFile::new("a.log", b"write: broken pipe\nread: connection reset by peer\n");
    let (status, text, _) = finwait(&["explain", log.path()]);
    assert_eq!(status, Some(0));
    assert!(text.contains("EPIPE") && text.contains("ECONNRESET"), "{text}");
}

#[test]
fn what_is_no_capture_gets_one_clear_sentence() {
    let whole = three();
    let cases: &[(&str, &[u8], &str)] = &[
        ("header.pcap", &whole[..10], "the file ends inside of its header"),
        ("none.pcap", &whole[..24], "the capture has no packets"),
        ("first.pcap", &whole[..30], "the file ends inside of its first packet"),
    ];
    for (name, bytes, why) in cases {
        let file = TemporaryFile::new(name, bytes);
        let (status, out, complaint) = finwait(&["explain", file.path()]);
        assert_eq!((status, &*out), (Some(2), ""), "{name}");
        assert!(
            complaint.contains(why) && complaint.trim_end().lines().count() == 1,
            "{name}: {complaint}"
        );
    }
    let mut wifi = whole.clone();
    wifi[20] = 105;
    let file = TemporaryFile::new("wifi.pcap", &wifi);
    let (status, _, complaint) = finwait(&["explain", file.path()]);
    assert_eq!(status, Some(2));
    assert!(complaint.contains("link type is IEEE 802.11 (105)"), "{complaint}");
    let (status, _, complaint) = finwait(&["explain", "/nowhere/a.pcap"]);
    assert_eq!(status, Some(2));
    assert!(complaint.contains("/nowhere/a.pcap is not there"), "{complaint}");
    let (status, _, complaint) = finwait(&["explain", "EPIPE", "--connection", "1"]);
    assert_eq!(status, Some(2));
    assert!(complaint.contains("--connection is about a capture"), "{complaint}");
    // A file that breaks off is explained as far as it goes.
    let file = TemporaryFile::new("cut.pcap", &whole[..whole.len() - 7]);
    let (status, text, _) = finwait(&["explain", file.path()]);
    assert_eq!(status, Some(0));
    assert!(text.contains("The file breaks off in packet 15"), "{text}");
}
