//! The link between the hosts and what the kernels make of it; rules that aim at a part of what passes; UDP and ICMP on the wire.

use std::fs;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use finwait_lab::event::{Disposition, PacketRecord};
use finwait_lab::model::clock::Millis;
use finwait_lab::wire::link::{LinkEffect, Loss, OptionSet, PathMtu, Rate, Share};
use finwait_lab::wire::queue::Origin;
use finwait_lab::wire::segment::{Flags, Packet, TcpOption};
use finwait_lab::{Lab, Link, Result, Segment, Setting, Side, Socket, State};

struct Connected {
    a: Socket,
    b: Socket,
    lab: Lab,
}

fn connect(lab: Lab) -> Result<Connected> {
    let listener = lab.server().listen(8080)?;
    let a = lab.client().connect(listener.addr())?;
    let b = listener.accept()?;
    Ok(Connected { a, b, lab })
}

fn connected() -> Result<Connected> {
    connect(Lab::isolated()?)
}

/// Each family's lab, one after the other.
fn in_both_families(test: impl Fn(Lab) -> Result<()>) -> Result<()> {
    test(Lab::isolated()?)?;
    test(Lab::builder().ipv6().isolated()?)
}

/// Reads so many bytes.
fn read(from: &Socket, bytes: usize) -> Result<Vec<u8>> {
    let mut came = Vec::new();
    while came.len() < bytes {
        came.extend(from.read((bytes - came.len()).min(finwait_lab::MOST_READ))?);
    }
    Ok(came)
}

/// The process number of an end's endpoint.
fn pid(lab: &Lab, side: Side) -> u32 {
    let transcript = lab.transcript().to_string();
    let said = format!("{side}: the endpoint is up, process ");
    let line = transcript.lines().find_map(|line| line.split_once(&said)).unwrap();
    line.1.trim().parse().unwrap()
}

/// A counter of a host, from a file below its `/proc/net` that has a line of names and a line of numbers for each protocol, or a line for
/// each counter.
fn counter(lab: &Lab, side: Side, file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{}/net/{file}", pid(lab, side))).unwrap();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or("");
        if first == name {
            return words.next().unwrap().parse().unwrap();
        }
        if !first.ends_with(':') {
            continue;
        }
        let values = lines.next().unwrap().split_whitespace().skip(1);
        let protocol = first.trim_end_matches(':');
        let found = words.zip(values).find(|(word, _)| format!("{protocol}{word}") == name);
        if let Some((_, value)) = found {
            return value.parse().unwrap();
        }
    }
    panic!("no {name} in {file}");
}

/// The packets that a host sent, as they came to the wire.
fn sent(lab: &Lab, from: Side) -> Vec<PacketRecord> {
    let view = lab.view();
    let mut seen = std::collections::BTreeSet::new();
    let new = view
        .packets()
        .filter(|record| record.from == from && seen.insert(record.no));
    new.cloned().collect()
}

const fn len(record: &PacketRecord) -> usize {
    match &record.packet {
        Packet::Tcp(segment) => segment.len,
        _ => 0,
    }
}

/// The receiving kernel finds the checksum wrong, counts it, and drops the segment; TCP sends it again.
#[test]
fn what_the_link_corrupts_the_kernel_drops_for_its_checksum() -> Result<()> {
    in_both_families(|lab| {
        let Connected { a, b, lab } = connect(lab)?;
        // Of the client's packets from here on the first is changed and the second is not.
        let seed = (1..200).find(|seed| changes(*seed) == [true, false, false]).unwrap();
        let link = Link {
            corrupt: Share::percent(50),
            seed,
            ..Link::default()
        };
        lab.wire().link_from(Side::Client, link)?;
        a.write(b"hello")?;
        assert_eq!(read(&b, 5)?, b"hello");
        assert_eq!(counter(&lab, Side::Server, "snmp", "TcpInCsumErrors"), 1);
        let data: Vec<_> = sent(&lab, Side::Client)
            .into_iter()
            .filter(|record| len(record) > 0)
            .collect();
        let became: Vec<_> = data.iter().map(|record| record.disposition).collect();
        assert_eq!(became, [Disposition::Corrupted, Disposition::Delivered]);
        assert_eq!((a.state()?, b.state()?), (State::Established, State::Established));
        Ok(())
    })
}

/// Which of the first three packets of the client a link with that seed corrupts.
fn changes(seed: u32) -> [bool; 3] {
    use finwait_lab::model::clock::MonoTime;
    use finwait_lab::model::side::Ends;
    use finwait_lab::wire::link::{LinkChange, Links, Load};
    let mut links = Links::default();
    links.change(Ends {
        client: LinkChange::Set(Link {
            corrupt: Share::percent(50),
            seed,
            ..Link::default()
        }),
        server: LinkChange::Keep,
    });
    [0; 3].map(|_| {
        let crossing = links.enter(Side::Client, MonoTime(0), Load::of(60, 0, None));
        matches!(crossing, Some(Ok(crossing)) if matches!(crossing.effect, LinkEffect::Corrupted(_)))
    })
}

/// The dice are the nth packet's: the same script in two labs loses the same packets.
#[test]
fn the_same_seed_loses_the_same_packets() -> Result<()> {
    let run = |seed| -> Result<Vec<bool>> {
        let Connected { a, b, lab } = connected()?;
        lab.wire().link_from(
            Side::Client,
            Link {
                loss: Share::percent(25),
                seed,
                ..Link::default()
            },
        )?;
        let before = sent(&lab, Side::Client).len();
        for _ in 0..8 {
            a.write(b"x")?;
            assert_eq!(read(&b, 1)?, b"x");
            lab.quiet()?;
        }
        let all = sent(&lab, Side::Client);
        // No rule had a hand in it.
        assert!(all.iter().all(|record| record.rule.is_none()));
        let lost = |record: &PacketRecord| record.link == Some(LinkEffect::Lost(Loss::Chance(Share::percent(25))));
        Ok(all[before..].iter().map(lost).collect())
    };
    let first = run(3)?;
    assert!(first.contains(&true) && first.contains(&false), "{first:?}");
    assert_eq!(run(3)?, first);
    Ok(())
}

/// 40 KB at 4 Mbit/s take 80 ms and more, and arrive in order.
#[test]
fn nothing_is_faster_than_the_rate_and_the_queue_drops_what_it_has_no_room_for() -> Result<()> {
    let Connected { a, b, lab } = connected()?;
    let link = Link {
        rate: Some(Rate::kbit(4_000)),
        ..Link::default()
    };
    lab.wire().link_from(Side::Client, link)?;
    let bytes: Vec<u8> = (0..40_000_u32).map(|n| (n / 7) as u8).collect();
    let began = Instant::now();
    let writing = a.write_begin(&bytes)?;
    assert!(read(&b, bytes.len())? == bytes);
    assert!(began.elapsed() >= Duration::from_millis(80), "{:?}", began.elapsed());
    writing.wait()?;
    // A queue of one: of the segments that come at once, all but the first are dropped, and sent again.
    lab.wire().link_from(Side::Client, Link { limit: 1, ..link })?;
    let writing = a.write_begin(&bytes[..10_000])?;
    assert!(read(&b, 10_000)? == bytes[..10_000]);
    writing.wait()?;
    let full = |record: &PacketRecord| record.link == Some(LinkEffect::Lost(Loss::Queue(1)));
    assert!(sent(&lab, Side::Client).iter().any(full));
    Ok(())
}

/// The sender's kernel takes the router's word, cuts what it has sent, and everything arrives.
#[test]
fn a_router_that_answers_is_believed() -> Result<()> {
    in_both_families(|lab| {
        let Connected { a, b, lab } = connect(lab)?;
        lab.wire().link(Link {
            path_mtu: Some(PathMtu::Answers(1400)),
            ..Link::default()
        })?;
        a.write([b'x'; 3000])?;
        assert_eq!(read(&b, 3000)?.len(), 3000);
        let ipv6 = lab.client().address().is_ipv6();
        let (file, name) = if ipv6 {
            ("snmp6", "Icmp6InPktTooBigs")
        } else {
            ("snmp", "IcmpInDestUnreachs")
        };
        assert!(counter(&lab, Side::Client, file, name) > 0);
        let answers = sent(&lab, Side::Server);
        assert!(answers.iter().any(|record| record.origin == Origin::Link));
        let large = |record: &PacketRecord| record.link == Some(LinkEffect::Lost(Loss::Mtu(1400)));
        let largest = 1400 - if ipv6 { 72 } else { 52 };
        for record in sent(&lab, Side::Client) {
            assert_eq!(large(&record), len(&record) > largest, "{record:?}");
        }
        Ok(())
    })
}

#[test]
fn a_black_hole_is_silent_and_a_smaller_mtu_of_the_host_helps() -> Result<()> {
    in_both_families(|lab| {
        let Connected { a, b, lab } = connect(lab)?;
        lab.wire().link(Link {
            path_mtu: Some(PathMtu::BlackHole(1400)),
            ..Link::default()
        })?;
        a.write([b'x'; 1400])?;
        lab.quiet()?;
        let into_the_hole = |record: &PacketRecord| record.link == Some(LinkEffect::Lost(Loss::BlackHole(1400)));
        assert!(sent(&lab, Side::Client).iter().any(into_the_hole));
        assert!(
            sent(&lab, Side::Server)
                .iter()
                .all(|record| record.origin == Origin::Host)
        );
        lab.client().set(Setting::Mtu, 1400)?;
        assert_eq!(read(&b, 1400)?.len(), 1400);
        Ok(())
    })
}

#[test]
fn a_host_sends_what_its_mtu_allows_and_says_so() -> Result<()> {
    let lab = Lab::isolated()?;
    lab.client().set(Setting::Mtu, 1000)?;
    let Connected { a, b, lab } = connect(lab)?;
    a.write([b'x'; 3000])?;
    assert_eq!(read(&b, 3000)?.len(), 3000);
    let sent = sent(&lab, Side::Client);
    let Packet::Tcp(syn) = &sent[0].packet else {
        panic!("{:?}", sent[0])
    };
    assert_eq!(syn.options.first(), Some(&TcpOption::Mss(960)));
    assert_eq!(sent.iter().map(len).max(), Some(948));
    Ok(())
}

#[test]
fn without_the_option_in_both_syns_no_window_is_scaled() -> Result<()> {
    let lab = Lab::isolated()?;
    let strip = OptionSet::WSCALE.and(OptionSet::TIMESTAMPS);
    lab.wire().link_from(
        Side::Client,
        Link {
            strip,
            ..Link::default()
        },
    )?;
    let Connected { a, b, lab } = connect(lab)?;
    let syn = sent(&lab, Side::Client).remove(0);
    assert_eq!(syn.stripped, strip);
    // The server answers what it has seen: neither option.
    let Packet::Tcp(answer) = &sent(&lab, Side::Server)[0].packet else {
        panic!("it is a segment");
    };
    assert!(answer.flags.has(Flags::SYN));
    let is_stripped = |option: &TcpOption| matches!(option, TcpOption::WindowScale(_) | TcpOption::Timestamps(..));
    assert!(!answer.options.iter().any(is_stripped), "{:?}", answer.options);
    a.write(b"hello")?;
    assert_eq!(b.read(100)?, b"hello");
    assert!(
        sent(&lab, Side::Server)
            .iter()
            .all(|record| record.seen.window <= Some(65_535))
    );
    assert_eq!(
        counter(&lab, Side::Server, "snmp", "TcpInCsumErrors"),
        0,
        "the checksum is right again"
    );
    Ok(())
}

#[test]
fn with_offload_a_stripped_syn_is_whole_and_a_super_segment_is_as_large_as_its_segments() -> Result<()> {
    let lab = Lab::builder().offload().isolated()?;
    lab.wire().link(Link {
        strip: OptionSet::WSCALE,
        path_mtu: Some(PathMtu::BlackHole(1500)),
        ..Link::default()
    })?;
    let Connected { a, b, lab } = connect(lab)?;
    let bytes = vec![b'x'; 100_000];
    let writing = a.write_begin(&bytes)?;
    assert!(read(&b, bytes.len())? == bytes);
    writing.wait()?;
    let sent = sent(&lab, Side::Client);
    assert!(
        sent.iter().any(|record| record.segments() > 1),
        "there are super-segments"
    );
    assert!(
        sent.iter()
            .all(|record| !matches!(record.link, Some(LinkEffect::Lost(_))))
    );
    Ok(())
}

#[test]
fn a_delay_is_waited_for_and_the_lab_is_quiet_after_it() -> Result<()> {
    let Connected { a, b, lab } = connected()?;
    lab.wire().link(Link {
        delay: Millis(50),
        ..Link::default()
    })?;
    let began = Instant::now();
    a.write(b"hello")?;
    assert_eq!(b.read(100)?, b"hello");
    assert!(began.elapsed() >= Duration::from_millis(50));
    lab.quiet()?;
    assert!(began.elapsed() >= Duration::from_millis(100), "there and back");
    lab.wire().no_link()?;
    a.write(b"more")?;
    assert_eq!(b.read(100)?, b"more");
    Ok(())
}

#[test]
fn a_rule_decides_on_one_connection_from_a_place_on_and_on_sizes() -> Result<()> {
    let lab = Lab::isolated()?;
    let listener = lab.server().listen(8080)?;
    let (a, other) = (
        lab.client().connect(listener.addr())?,
        lab.client().connect(listener.addr())?,
    );
    let (b, peer) = (listener.accept()?, listener.accept()?);
    let (local, remote) = (a.local().unwrap(), a.peer().unwrap());
    let held = lab.wire().hold(Segment::data().between(remote, local).after(5));
    let large = lab.wire().drop(Segment::any().size(1000..).times(1));
    other.write([b'y'; 20])?;
    assert_eq!(read(&peer, 20)?.len(), 20, "it is on another connection");
    a.write(b"hello")?;
    assert_eq!(b.read(100)?, b"hello", "its first five bytes");
    a.write(b"world")?;
    held.next()?.deliver()?;
    assert_eq!(b.read(100)?, b"world");
    other.write([b'y'; 1200])?;
    assert_eq!(read(&peer, 1200)?.len(), 1200);
    assert_eq!(large.fired()?, 1);
    Ok(())
}

/// Runs a command in an end's network namespace.
fn inside(lab: &Lab, side: Side, script: &str) -> Output {
    let pid = pid(lab, side).to_string();
    let mut enter = Command::new("nsenter");
    enter.args(["--target", &pid, "--net"]);
    if !rustix::process::geteuid().is_root() {
        enter.args(["--user", "--preserve-credentials"]);
    }
    enter.args(["bash", "-c", script]).output().unwrap()
}

/// UDP is what it is, and so is the error that it draws; a rule can hold it.
#[test]
fn a_datagram_and_the_error_about_it_pass_the_wire_and_a_rule_can_hold_it() -> Result<()> {
    let lab = Lab::isolated()?;
    let send = format!("echo -n hello > /dev/udp/{}/9", lab.server().address());
    let output = inside(&lab, Side::Client, &send);
    assert!(output.status.success(), "{output:?}");
    let is_udp = |record: &&PacketRecord| matches!(record.packet, Packet::Udp { len: 5, .. });
    let is_error = |record: &&PacketRecord| matches!(&record.packet, Packet::Icmp { message, about: None, .. } if message.starts_with("port unreachable, about UDP"));
    lab.until(|view| view.packets().any(|record| is_udp(&record)) && view.packets().any(|record| is_error(&record)))?;
    let held = lab.wire().hold(Segment::udp().port(9));
    // A process beside the lab does not wait for the rule; a call of the lab's does.
    lab.server().listen(8080)?;
    assert!(inside(&lab, Side::Client, &send).status.success());
    held.next()?.deliver()?;
    Ok(())
}
