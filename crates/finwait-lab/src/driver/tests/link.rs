//! The link: what passes takes its time, is lost, changed, doubled, too large.

use super::*;
use finwait_wire::link::{Link, LinkChange, PathMtu, Rate, Share};
use finwait_wire::queue::Mode;
use finwait_wire::rule::{PacketKind, Rule};
use finwait_wire::segment::TcpOption;

/// Both directions of the link are that from now on.
fn link(play: &mut Play, link: Link) {
    let set = LinkChange::Set(link);
    request(
        play,
        Ends {
            client: set,
            server: set,
        },
    );
}

fn request(play: &mut Play, changes: Ends<LinkChange>) {
    play.core.request(LabRequest::Wire(WireRequest::Link(changes)));
}

fn delayed(ms: u32) -> Link {
    Link {
        delay: Millis(ms),
        ..Link::default()
    }
}

/// The packets that were told of, each with the time since `began`, in milliseconds.
fn packets(play: &mut Play, began: MonoTime) -> Vec<(u128, PacketRecord)> {
    let told = std::mem::take(&mut play.core.outside.told);
    let packets = told.into_iter().filter_map(|(at, what)| match what {
        LabEvent::Packet(record) => Some((at.since(began).as_millis(), record)),
        _ => None,
    });
    packets.collect()
}

/// The dispositions alone.
fn became(play: &mut Play, began: MonoTime) -> Vec<(u128, u64, Disposition)> {
    let packets = packets(play, began).into_iter();
    packets
        .map(|(at, record)| (at, record.no.0, record.disposition))
        .collect()
}

fn data(seq: u32, len: u16) -> Vec<u8> {
    with_payload(Client, ACK, seq, 500, len)
}

/// 960 bytes and 40 of headers take 8 ms at 1 Mbit/s, one after the other, and then the delay.
#[test]
fn a_rate_and_a_delay_are_taken_in_order_and_waited_for() {
    let mut play = Play::connected();
    link(
        &mut play,
        Link {
            rate: Some(Rate::kbit(1000)),
            ..delayed(40)
        },
    );
    assert!(play.rest());
    let began = play.now();
    play.told();
    for nth in 0..3 {
        play.sends(Client, data(100 + nth * 960, 960));
    }
    play.turn();
    let waited = play.quiet_after().unwrap();
    assert!(waited >= 64 * MS && waited < 66 * MS, "{waited:?}");
    assert_eq!(
        became(&mut play, began),
        [
            (0, 1, Disposition::InFlight(Millis(48))),
            (0, 2, Disposition::InFlight(Millis(56))),
            (0, 3, Disposition::InFlight(Millis(64))),
            (48, 1, Disposition::Delivered),
            (56, 2, Disposition::Delivered),
            (64, 3, Disposition::Delivered),
        ]
    );
}

#[test]
fn what_the_link_loses_no_rule_has_dropped() {
    let mut play = Play::connected();
    let rule = Rule::new(Verdict::Deliver, PacketKind::Any);
    play.core.request(LabRequest::Wire(WireRequest::Rules(vec![rule])));
    let share = Share::percent(100);
    link(
        &mut play,
        Link {
            loss: share,
            ..Link::default()
        },
    );
    let began = play.now();
    play.sends(Client, data(100, 5));
    play.turn();
    let told = packets(&mut play, began);
    let [(0, record)] = told.as_slice() else {
        panic!("{told:?}")
    };
    let lost = Some(LinkEffect::Lost(Loss::Chance(share)));
    assert_eq!(
        (record.disposition, record.rule, record.link),
        (Disposition::Dropped, None, lost)
    );
    // One that a rule drops does not come to the link.
    play.core.request(LabRequest::Wire(WireRequest::ClearRules));
    let rule = Rule::new(Verdict::Drop, PacketKind::Any);
    play.core.request(LabRequest::Wire(WireRequest::Rules(vec![rule])));
    play.sends(Client, data(105, 5));
    play.turn();
    let told = packets(&mut play, began);
    assert_eq!(
        told.iter()
            .map(|(_, record)| (record.rule.is_some(), record.link))
            .collect::<Vec<_>>(),
        [(true, None)]
    );
    assert_eq!(play.core.wire.links.report().client.unwrap().counts.packets, 1);
}

/// In step mode the user decides, and what they deliver goes over the link.
#[test]
fn what_is_delivered_by_hand_crosses_the_link_and_the_mode_does_not_change_its_time() {
    let mut play = Play::connected();
    link(&mut play, delayed(40));
    play.core.request(LabRequest::Wire(WireRequest::Mode(Mode::Step)));
    play.sends(Client, data(100, 5));
    play.turn();
    play.pass(SEC);
    let began = play.now();
    play.told();
    play.core.request(LabRequest::Wire(WireRequest::Deliver(Which::Next)));
    play.pass(10 * MS);
    for mode in [Mode::Flow, Mode::Slow(Millis(500)), Mode::Step] {
        play.core.request(LabRequest::Wire(WireRequest::Mode(mode)));
    }
    play.pass(SEC);
    let told = packets(&mut play, began);
    let told: Vec<_> = told
        .iter()
        .map(|(at, record)| (*at, record.disposition, record.waited))
        .collect();
    assert_eq!(
        told,
        [
            (0, Disposition::InFlight(Millis(40)), Some(SEC)),
            (40, Disposition::Delivered, Some(SEC + 40 * MS))
        ]
    );
}

#[test]
fn slowness_comes_before_the_link_and_what_is_on_it_may_be_delivered_at_once() {
    let mut play = Play::connected();
    link(&mut play, delayed(40));
    play.core
        .request(LabRequest::Wire(WireRequest::Mode(Mode::Slow(Millis(100)))));
    let began = play.now();
    play.sends(Client, data(100, 5));
    play.turn();
    play.pass(110 * MS);
    play.core.request(LabRequest::Wire(WireRequest::Deliver(Which::Next)));
    play.pass(SEC);
    assert_eq!(
        became(&mut play, began),
        [
            (0, 1, Disposition::InFlight(Millis(100))),
            (100, 1, Disposition::InFlight(Millis(40))),
            (110, 1, Disposition::Delivered),
        ]
    );
}

#[test]
fn without_a_link_nothing_is_waited_for_and_what_is_on_it_still_arrives() {
    let mut play = Play::connected();
    link(&mut play, delayed(40));
    play.rest();
    assert_eq!(play.core.wakes_at(), None, "nothing is on the link");
    let began = play.now();
    play.told();
    play.sends(Client, data(100, 5));
    play.turn();
    request(
        &mut play,
        Ends {
            client: LinkChange::Off,
            server: LinkChange::Off,
        },
    );
    play.sends(Server, segment(Server, ACK, 500, 105));
    play.turn();
    play.pass(SEC);
    assert_eq!(
        became(&mut play, began),
        [
            (0, 1, Disposition::InFlight(Millis(40))),
            (0, 2, Disposition::Delivered),
            (40, 1, Disposition::Delivered),
        ]
    );
}

/// The router speaks for the receiver, and the sender's host is read around its answer.
#[test]
fn a_router_answers_what_is_too_large_and_a_black_hole_does_not() {
    let mtu = |path_mtu| Link {
        path_mtu: Some(path_mtu),
        ..Link::default()
    };
    let said = |path_mtu| {
        let mut play = Play::connected();
        link(&mut play, mtu(path_mtu));
        let began = play.now();
        play.sends(Client, data(100, 960));
        play.sends(Client, data(1060, 959));
        play.turn();
        let told = packets(&mut play, began).into_iter();
        let told = told.map(|(_, record)| {
            let what = match record.packet {
                Packet::Icmp { message, about, .. } => format!("{message} {}", about.is_some()),
                Packet::Tcp(segment) => format!("len {}", segment.len),
                other => panic!("{other:?}"),
            };
            (record.from, what, record.disposition, record.origin)
        });
        told.collect::<Vec<_>>()
    };
    let lost = (Client, "len 960".to_owned(), Disposition::Dropped, Origin::Host);
    let passed = (Client, "len 959".to_owned(), Disposition::Delivered, Origin::Host);
    let answer = (
        Server,
        "fragmentation needed, MTU 999 true".to_owned(),
        Disposition::Delivered,
        Origin::Link,
    );
    assert_eq!(said(PathMtu::Answers(999)), [lost.clone(), answer, passed.clone()]);
    assert_eq!(said(PathMtu::BlackHole(999)), [lost, passed]);
}

/// The receiving host drops it for its checksum: no socket sees it, and nothing counts as arrived.
#[test]
fn what_is_corrupted_changes_nothing_and_is_owed_still() {
    let mut play = Play::connected();
    link(
        &mut play,
        Link {
            corrupt: Share::percent(100),
            ..Link::default()
        },
    );
    let began = play.now();
    play.sends(Client, segment(Client, FIN_ACK, 100, 500));
    play.turn();
    assert_eq!(became(&mut play, began), [(0, 1, Disposition::Corrupted)]);
    let tuple = connection();
    assert_eq!(
        play.core.flows.owes_acknowledgement(tuple.peer, tuple.local),
        Some(false)
    );
}

#[test]
fn a_copy_of_the_link_is_told_apart_from_one_of_a_rule() {
    let mut play = Play::connected();
    let share = Share::percent(100);
    link(
        &mut play,
        Link {
            duplicate: share,
            ..delayed(10)
        },
    );
    let began = play.now();
    play.sends(Client, data(100, 5));
    play.turn();
    play.pass(SEC);
    let told = packets(&mut play, began);
    let told: Vec<_> = told
        .iter()
        .map(|(at, record)| (*at, record.origin, record.link.unwrap()))
        .collect();
    let copy = (Origin::Copy(PacketNo(1)), LinkEffect::Duplicated(share));
    assert_eq!(
        told,
        [
            (0, Origin::Host, LinkEffect::Delayed),
            (0, copy.0, copy.1),
            (10, Origin::Host, LinkEffect::Delayed),
            (10, copy.0, copy.1),
        ]
    );
}

/// The record has what arrives: the window is scaled as both hosts take it.
#[test]
fn an_option_that_is_stripped_is_not_on_the_wire() {
    let mut play = Play::wired();
    link(
        &mut play,
        Link {
            strip: OptionSet::WSCALE,
            ..Link::default()
        },
    );
    let mut syn = segment(Client, SYN, 100, 0);
    // A maximum segment size, then a window scale and a byte of padding.
    syn.extend([2, 4, 5, 180, 3, 3, 7, 1]);
    syn[3] += 8;
    syn[32] = 0x70;
    let began = play.now();
    play.sends(Client, syn);
    play.turn();
    let told = packets(&mut play, began);
    let [(_, record)] = told.as_slice() else {
        panic!("{told:?}")
    };
    let Packet::Tcp(segment) = &record.packet else {
        panic!("{record:?}")
    };
    assert_eq!(
        (segment.options.as_slice(), record.stripped),
        (&[TcpOption::Mss(1460)][..], OptionSet::WSCALE)
    );
}

/// Packets that are due by now and were there before go first, also when the next one is what wakes the core.
#[test]
fn nothing_overtakes_what_is_due() {
    let mut play = Play::connected();
    link(
        &mut play,
        Link {
            jitter: Millis(50),
            ..Link::default()
        },
    );
    let began = play.now();
    for nth in 0..50 {
        play.sends(Client, data(100 + nth * 5, 5));
        play.turn_with_packets();
        play.core.outside.now = play.now().plus(20 * MS);
    }
    play.pass(SEC);
    let told = became(&mut play, began).into_iter();
    let delivered: Vec<u64> = told
        .filter(|(_, _, became)| *became == Disposition::Delivered)
        .map(|(_, no, _)| no)
        .collect();
    assert_eq!(delivered, (1..=50).collect::<Vec<u64>>());
}
