use super::*;
use finwait_wire::segment::{Flags, Packet, SeqNo};
use proptest::prelude::*;

/// A SYN from 10.0.0.1:1000 to 10.0.0.2:80, as an IP packet.
fn syn() -> Vec<u8> {
    let builder = etherparse::PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 61).tcp(1000, 80, 7, 500);
    let mut packet = Vec::new();
    builder.syn().write(&mut packet, &[]).unwrap();
    packet
}

fn packets(file: &[u8]) -> (Vec<CapturedPacket>, CaptureFacts) {
    // A few bytes at a time, as a pipe may hand them out.
    struct Few<'a>(&'a [u8]);
    impl Read for Few<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let count = to.len().min(7).min(self.0.len());
            to[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }
    let mut reader = Reader::new(Few(file)).unwrap();
    let mut packets = Vec::new();
    while let Some(packet) = reader.packet().unwrap() {
        packets.push(packet);
    }
    (packets, reader.facts().clone())
}

type Order = fn(u32) -> [u8; 4];

const ORDERS: [Order; 2] = [u32::to_le_bytes, u32::to_be_bytes];

fn pcap(order: Order, magic: u32, link: u32, frames: &[&[u8]]) -> Vec<u8> {
    let mut file: Vec<u8> = [magic, 0x0002_0004, 0, 0, 65_535, link]
        .into_iter()
        .flat_map(order)
        .collect();
    for frame in frames {
        file.extend(
            [1_700_000_000, 123_456, frame.len() as u32, frame.len() as u32]
                .into_iter()
                .flat_map(order),
        );
        file.extend_from_slice(frame);
    }
    file
}

#[test]
fn pcap_of_either_byte_order_and_resolution_is_read() {
    for order in ORDERS {
        for (magic, nanoseconds) in [(0xa1b2_c3d4, 123_456_000), (0xa1b2_3c4d, 123_456)] {
            let (packets, facts) = packets(&pcap(order, magic, 101, &[&syn(), &syn()]));
            assert_eq!((packets.len(), facts.packets, facts.breaks_off), (2, 2, false));
            assert_eq!(packets[0].at, MonoTime(1_700_000_000_000_000_000 + nanoseconds));
            let Packet::Tcp(segment) = &packets[0].ip.packet else {
                panic!()
            };
            assert_eq!(
                (segment.flags, segment.seq, packets[0].ip.ttl),
                (Flags::SYN, SeqNo(7), Some(61))
            );
        }
    }
}

#[test]
fn each_link_type_has_its_packet_and_arp_has_none() {
    let ip = syn();
    let behind = |before: &[u8]| [before, &ip[..]].concat();
    let ethernet = [&[2; 12][..], &[8, 0]].concat();
    let vlan = [&[2; 12][..], &[0x81, 0, 0, 5, 8, 0]].concat();
    let qinq = [&[2; 12][..], &[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0]].concat();
    let pppoe = [&[2; 12][..], &[0x88, 0x64, 0x11, 0, 0, 1, 0, 42, 0, 0x21]].concat();
    let sll = [&[0; 14][..], &[8, 0]].concat();
    let sll2 = [&[8, 0][..], &[0; 18]].concat();
    for (link, frame) in [
        (1, behind(&ethernet)),
        (1, behind(&vlan)),
        (1, behind(&qinq)),
        (1, behind(&pppoe)),
        (113, behind(&sll)),
        (276, behind(&sll2)),
        (0, behind(&[2, 0, 0, 0])),
        (108, behind(&[0, 0, 0, 2])),
        (9, behind(&[0xff, 3, 0, 0x21])),
        (12, behind(&[])),
        (101, behind(&[])),
        (228, behind(&[])),
    ] {
        let (packets, _) = packets(&pcap(u32::to_le_bytes, 0xa1b2_c3d4, link, &[&frame]));
        assert!(matches!(packets[0].ip.packet, Packet::Tcp(_)), "{link}: {packets:?}");
    }
    let arp = [&[2; 12][..], &[8, 6], &[0; 28]].concat();
    let (packets, facts) = packets(&pcap(u32::to_le_bytes, 0xa1b2_c3d4, 1, &[&arp]));
    assert_eq!((packets.len(), facts.packets, facts.not_ip), (0, 1, 1));
}

/// A pcapng block of that type.
fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = body.len().next_multiple_of(4);
    let len = order(padded as u32 + 12);
    let mut block = [&order(kind)[..], &len, body].concat();
    block.resize(8 + padded, 0);
    block.extend(len);
    block
}

fn words(order: Order, words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| order(*word)).collect()
}

/// Two 16-bit numbers as they stand in a word of that byte order.
fn shorts(order: Order, first: u16, second: u16) -> Vec<u8> {
    let is_little = order(1)[0] == 1;
    let bytes = |short: u16| {
        if is_little {
            short.to_le_bytes()
        } else {
            short.to_be_bytes()
        }
    };
    [bytes(first), bytes(second)].concat()
}

fn section(order: Order) -> Vec<u8> {
    let mut body = order(0x1a2b_3c4d).to_vec();
    body.extend(shorts(order, 1, 0));
    body.extend([0xff; 8]);
    block(order, 0x0a0d_0d0a, &body)
}

fn interface(order: Order, link: u16, resolution: Option<u8>) -> Vec<u8> {
    let mut body = shorts(order, link, 0);
    body.extend(order(0));
    if let Some(resolution) = resolution {
        body.extend(shorts(order, 9, 1));
        body.extend([resolution, 0, 0, 0]);
        body.extend([0; 4]);
    }
    block(order, 1, &body)
}

fn enhanced(order: Order, interface: u32, units: u64, frame: &[u8]) -> Vec<u8> {
    let len = frame.len() as u32;
    let mut body = words(order, &[interface, (units >> 32) as u32, units as u32, len, len]);
    body.extend(frame);
    block(order, 6, &body)
}

#[test]
fn pcapng_of_several_sections_interfaces_and_kinds_of_packet_is_read() {
    let ip = syn();
    let ethernet = [&[2; 12][..], &[8, 0], &ip].concat();
    let seconds = 1_700_000_000;
    let mut file = Vec::new();
    for order in ORDERS {
        file.extend(section(order));
        file.extend(interface(order, 101, None));
        file.extend(interface(order, 1, Some(9)));
        // Units of 1/1024 s.
        file.extend(interface(order, 101, Some(0x8a)));
        file.extend(interface(order, 195, None));
        file.extend(block(order, 0x0bad, &[7; 301]));
        file.extend(enhanced(order, 0, seconds * 1_000_000 + 5, &ip));
        file.extend(enhanced(order, 1, seconds * 1_000_000_000 + 7, &ethernet));
        file.extend(enhanced(order, 2, seconds * 1024 + 512, &ip));
        file.extend(enhanced(order, 3, seconds * 1_000_000 + 8, &[0; 9]));
        let mut simple = order(ip.len() as u32).to_vec();
        simple.extend(&ip);
        file.extend(block(order, 3, &simple));
        let mut old = shorts(order, 0, 0);
        let units = seconds * 1_000_000 + 9;
        old.extend(words(
            order,
            &[(units >> 32) as u32, units as u32, ip.len() as u32, ip.len() as u32],
        ));
        old.extend(&ip);
        file.extend(block(order, 2, &old));
    }
    let (packets, facts) = packets(&file);
    let second = 1_000_000_000;
    let times: Vec<u64> = packets.iter().map(|packet| packet.at.0 - seconds * second).collect();
    // The last of a link type that is not read has a time, and the simple packet takes it over. In a file of several interfaces the
    // packets come in the order of their times.
    let each = [7, 5_000, 8_000, 9_000, second / 2];
    assert_eq!(times, each.map(|time| [time; 2]).concat());
    assert!(packets.iter().all(|packet| matches!(packet.ip.packet, Packet::Tcp(_))));
    assert_eq!((facts.packets, facts.unknown_link), (12, Some((2, LinkType(195)))));
}

#[test]
fn a_packet_that_is_cut_keeps_its_length() {
    let builder = etherparse::PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).tcp(1000, 80, 7, 500);
    let mut whole = Vec::new();
    builder.write(&mut whole, &[b'x'; 1000]).unwrap();
    for cut in [40, 41, 60, 1040] {
        let (packets, _) = packets(&pcap(u32::to_le_bytes, 0xa1b2_c3d4, 101, &[&whole[..cut]]));
        let Packet::Tcp(segment) = &packets[0].ip.packet else {
            panic!("{cut}")
        };
        assert_eq!(segment.len, 1000, "{cut}");
    }
}

#[test]
fn a_file_that_breaks_off_anywhere_is_read_as_far_as_it_goes() {
    let pcapng = [section(u32::to_le_bytes), interface(u32::to_le_bytes, 101, None)].concat();
    let packet = enhanced(u32::to_le_bytes, 0, 1, &syn());
    for (whole, header, each) in [
        (
            pcap(u32::to_le_bytes, 0xa1b2_c3d4, 101, &[&syn(), &syn()]),
            24,
            16 + syn().len(),
        ),
        ([&pcapng[..], &packet, &packet].concat(), pcapng.len(), packet.len()),
    ] {
        for end in header..=whole.len() {
            let (packets, facts) = packets(&whole[..end]);
            assert_eq!(packets.len(), (end - header) / each, "{end}");
            assert_eq!(facts.breaks_off, (end - header) % each != 0, "{end}");
        }
    }
}

#[test]
fn a_damaged_file_says_where() {
    let mut file = pcap(u32::to_le_bytes, 0xa1b2_c3d4, 101, &[&syn(), &syn()]);
    let second = 24 + 16 + syn().len();
    file[second + 8..second + 12].fill(0xff);
    let (packets, facts) = packets(&file);
    assert_eq!(packets.len(), 1);
    let why = facts.damaged.unwrap();
    assert_eq!(
        why,
        format!("the file is damaged after packet 1: at byte {second} a packet is said to have 4294967295 bytes")
    );
}

#[test]
fn what_is_no_capture_is_told_in_a_sentence() {
    for (bytes, why) in [
        (&b""[..], "the file is empty"),
        (b"hello", "this is no capture"),
        (b"\xd4\xc3\xb2\xa1\x02\x00", "the file ends inside of its header"),
    ] {
        let error = Reader::new(bytes).unwrap_err().to_string();
        assert!(error.starts_with(why), "{error}");
    }
    let error = Reader::new(&pcap(u32::to_le_bytes, 0xa1b2_c3d4, 127, &[])[..])
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("the capture's link type is IEEE 802.11 with a radio header (127)"),
        "{error}"
    );
}

#[test]
fn a_log_that_speaks_of_flags_is_no_capture() {
    for line in [
        "Flags [S] are set",
        "a > b: Flags [S]",
        "x 10.0.0.1.80 > : Flags [S], seq 1",
        "write: broken pipe",
    ] {
        assert!(!is_tcpdump_line(line.as_bytes()), "{line}");
    }
    assert!(is_tcpdump_line(
        b"IP 10.0.0.1.80 > 10.0.0.2.https: Flags [R], seq 1, win 0, length 0"
    ));
}

fn segments(text: &str) -> Vec<(u64, finwait_wire::segment::Segment)> {
    let (packets, _) = packets(text.as_bytes());
    let segment = |packet: CapturedPacket| match packet.ip.packet {
        Packet::Tcp(segment) => (packet.at.0, segment),
        other => panic!("{other:?}"),
    };
    packets.into_iter().map(segment).collect()
}

#[test]
fn a_text_may_be_quoted_wrapped_or_cut_where_it_is_pasted() {
    let whole = "\
12:00:01.000000 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 1, win 500, options [mss 1460,sackOK], length 0
12:00:01.100000 IP 10.0.0.2.80 > 10.0.0.1.40000: Flags [R.], seq 0, ack 2, win 0, length 0
";
    let expected = segments(whole);
    assert_eq!(expected.len(), 2);
    assert_eq!(expected[1].0 - expected[0].0, 100_000_000);
    let quoted = whole.replace("12:00", "> 12:00");
    let indented = whole.replace("12:00", "    12:00");
    let wrapped = whole
        .replace(", win", ",\nwin")
        .replace("ack 2", "ack\n2")
        .replace(" length", "\n  length");
    let fenced = format!("```\n$ tcpdump -n\n{whole}```\n");
    for text in [quoted, indented, wrapped, fenced] {
        assert_eq!(segments(&text), expected, "{text}");
    }
    let cut = whole.replace(", length 0", "");
    assert_eq!(segments(&cut), expected);
}

/// Sequence numbers count modulo 2^32: a segment of that length would be no longer than nothing.
#[test]
fn a_line_whose_length_no_segment_has_is_none() {
    let line = |length: u64| {
        format!("12:00:00.1 IP 10.0.0.1.9 > 10.0.0.2.80: Flags [S.], seq 1, ack 1, win 5, length {length}\n")
    };
    let tshark = |length: u64| format!("1 0.0 10.0.0.1 → 10.0.0.2 TCP 74 9 → 80 [SYN, ACK] Seq=0 Win=5 Len={length}\n");
    let range =
        |end: u64| format!("12:00:00.1 IP 10.0.0.1.9 > 10.0.0.2.80: Flags [.], seq 1:{end}, ack 1, win 5, length\n");
    for too_long in [600_000, u64::from(u32::MAX)] {
        let text = [line(too_long), tshark(too_long), range(too_long), line(20)].concat();
        let lengths: Vec<usize> = segments(&text).iter().map(|(_, segment)| segment.len).collect();
        assert_eq!(lengths, [20], "{too_long}");
    }
}

#[test]
fn hosts_in_words_get_addresses_that_no_host_has() {
    let text = "\
IP web.example.net.40000 > db.example.net.postgresql: Flags [S], seq 1, win 500, length 0
IP db.example.net.postgresql > web.example.net.40000: Flags [R.], seq 0, ack 2, win 0, length 0
";
    let (_, facts) = packets(text.as_bytes());
    let hosts: Vec<String> = facts.hosts.iter().map(|(at, host)| format!("{at} {host}")).collect();
    assert_eq!(hosts, ["0.0.0.1 web.example.net", "0.0.0.2 db.example.net"]);
    let segments = segments(text);
    assert_eq!(segments[0].1.source.to_string(), "0.0.0.1:40000");
    assert_eq!(segments[1].1.source.to_string(), "0.0.0.2:5432");
}

#[test]
fn what_tshark_prints_and_wireshark_copies_is_read() {
    let printed = "\
    1   0.000000     10.9.0.1 → 10.9.0.2     TCP 74 37756 → 8080 [SYN] Seq=0 Win=64240 Len=0 MSS=1460 WS=1024
    2   0.000031     10.9.0.2 → 10.9.0.1     TCP 74 8080 → 37756 [SYN, ACK] Seq=0 Ack=1 Win=65160 Len=0 MSS=1460
    3   0.000096     10.9.0.1 → 10.9.0.2     TCP 69 [TCP Retransmission] 37756 → 8080 [PSH, ACK] Seq=1 Ack=1 Win=64512 Len=3
";
    let copied = printed
        .replace(" → 10", "\t10")
        .replace("     TCP ", "\tTCP\t")
        .replace(" → ", " > ");
    for text in [printed, &copied] {
        let read = segments(text);
        let numbers: Vec<_> = read.iter().map(|(at, s)| (*at, s.seq.0, s.ack.0, s.len)).collect();
        assert_eq!(numbers, [(0, 0, 0, 0), (31_000, 0, 1, 0), (96_000, 1, 1, 3)], "{text}");
        assert!(read[1].1.flags.has(Flags::SYN) && read[1].1.flags.has(Flags::ACK));
        assert_eq!(read[1].1.source.to_string(), "10.9.0.2:8080");
    }
    assert!(!is_tcpdump_line(b"see [1] Seq=4 > 3"));
}

#[test]
fn tcpdumps_relative_numbers_are_made_absolute() {
    let text = "\
12:00:00.000001 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 5000, win 64240, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0
12:00:00.000002 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [S.], seq 4294967295, ack 5001, win 65160, options [mss 1460,wscale 9], length 0
12:00:00.000003 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], ack 1, win 502, length 0
12:00:00.000004 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [P.], seq 1:78, ack 1, win 502, length 77: HTTP: GET / HTTP/1.1
12:00:00.000005 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [F.], seq 1, ack 78, win 509, length 0
12:00:00.000006 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [R], seq 5078, win 0, length 0
";
    let segments = segments(text);
    let numbers: Vec<(u32, u32, usize)> = segments.iter().map(|(_, s)| (s.seq.0, s.ack.0, s.len)).collect();
    assert_eq!(
        numbers,
        [
            (5000, 0, 0),
            (4_294_967_295, 5001, 0),
            (5001, 0, 0),
            (5001, 0, 77),
            (0, 5078, 0),
            (5078, 0, 0)
        ]
    );
    assert_eq!(segments[1].0 - segments[0].0, 1000);
    assert_eq!(segments[0].1.options.len(), 4);
}

#[test]
fn the_times_of_all_of_tcpdumps_options_are_read() {
    let line = "IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], ack 1, win 502, length 0";
    let times = |stamps: &[&str]| -> Vec<u64> {
        let text: String = stamps.iter().map(|stamp| format!("{stamp}{line}\n")).collect();
        let segments = segments(&text);
        segments.iter().map(|(at, _)| at - segments[0].0).collect()
    };
    let second = 1_000_000_000;
    assert_eq!(times(&["23:59:59.5 ", "00:00:00.5 "]), [0, second]);
    assert_eq!(
        times(&["1700000000.250000 ", "1700000001.500000 "]),
        [0, second * 5 / 4]
    );
    assert_eq!(
        times(&["2024-02-29 23:59:59.0 ", "2024-03-01 00:00:00.5 "]),
        [0, second * 3 / 2]
    );
    assert_eq!(
        times(&[" 00:00:00.0 ", " 00:00:02.0 ", " 00:00:01.0 "]),
        [0, 2 * second, 3 * second]
    );
    assert_eq!(
        times(&[" 00:00:00.0 ", " 00:00:02.0 ", " 00:00:02.5 "]),
        [0, 2 * second, second * 5 / 2]
    );
    assert_eq!(times(&["", ""]), [0, 0]);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_go_on_for_ever(
        magic in prop_oneof![
            Just(vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0]),
            Just(section(u32::to_be_bytes)),
            Just([section(u32::to_le_bytes), interface(u32::to_le_bytes, 1, Some(0xff))].concat()),
            Just(b"IP 10.0.0.1.1 > 10.0.0.2.2: Flags [S], seq 1, win 1, length 0\n".to_vec()),
            Just(Vec::new())
        ],
        rest in proptest::collection::vec(any::<u8>(), 0..400)
    ) {
        let file = [magic, rest].concat();
        if let Ok(mut reader) = Reader::new(&file[..]) {
            let mut table = crate::flow::Table::default();
            let mut count = 0;
            while let Some(packet) = reader.packet().unwrap() {
                table.packet(&packet);
                count += 1;
                prop_assert!(count <= file.len());
            }
            table.end();
        }
    }
}

#[test]
fn the_comment_of_finwaits_own_capture_says_what_became_of_a_packet() {
    for (comment, fate) in [
        (
            "#7  client -> server  FIN,ACK seq 1 ack 1   held as #7\nclient FIN_WAIT1",
            Some(WireFate::Waits),
        ),
        (
            "#7  client -> server  FIN,ACK seq 1 ack 1   delayed by 200 ms as #7 by rule 1",
            Some(WireFate::Waits),
        ),
        (
            "#7  server -> client  PSH,ACK seq 1 ack 1 len 3 \"a   b\"   dropped by rule 2",
            Some(WireFate::Waits),
        ),
        (
            "#8  client -> server  ACK seq 1 ack 1   copy of #7, delivered after 2.00 s on the wire",
            Some(WireFate::Copy),
        ),
        (
            "#9  client -> server  FIN,ACK seq 1 ack 1   forged, delivered",
            Some(WireFate::Forged),
        ),
        (
            "#10  client -> server  FIN,ACK seq 1 ack 1   retransmit 1 of #7, delivered",
            Some(WireFate::Passed),
        ),
        ("seen at the firewall, dropped", None),
        ("#ticket  client -> server  dropped   dropped", None),
        ("", None),
    ] {
        assert_eq!(WireFate::of_comment(comment), fate, "{comment}");
    }
}
