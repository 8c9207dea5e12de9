//! Segments that take their time, and what is sent again of one that is held.

use super::*;
use finwait_wire::queue::Mode;
use finwait_wire::rule::{PacketKind, Rule};

const SLOW: Millis = Millis(400);

fn mode(play: &mut Play, mode: Mode) {
    play.core.request(LabRequest::Wire(WireRequest::Mode(mode)));
}

/// The lines that were told, each with the time since `began`.
fn timed(play: &mut Play, began: MonoTime) -> Vec<(u128, String)> {
    let told = std::mem::take(&mut play.core.outside.told);
    let lines = told
        .iter()
        .filter_map(|(at, what)| Some((at.since(began).as_millis(), line(what)?)));
    lines.collect()
}

fn says(told: &[(u128, String)]) -> Vec<(u128, &str)> {
    told.iter().map(|(at, line)| (*at, line.as_str())).collect()
}

#[test]
fn each_arrives_after_its_time_in_order_and_changes_nothing_before() {
    let mut play = Play::connected();
    mode(&mut play, Mode::Slow(SLOW));
    let began = play.now();
    play.sends(Client, with_payload(Client, ACK, 100, 500, 5));
    play.turn();
    play.pass(100 * MS);
    play.sends(Client, segment(Client, FIN_ACK, 105, 500));
    play.turn();
    play.next_arrival(Server, |_| {});
    play.next_arrival(Server, |end| end.rows = vec![row(Server, State::CloseWait, 9)]);
    play.pass(SEC);
    let told = timed(&mut play, began);
    assert_eq!(
        says(&told),
        [
            (0, "client ACK InFlight(Millis(400))"),
            (100, "client FIN,ACK InFlight(Millis(400))"),
            (400, "client ACK Delivered"),
            (500, "client FIN,ACK Delivered"),
            (500, "server ESTABLISHED>CLOSE_WAIT received"),
        ]
    );
}

#[test]
fn a_segment_under_way_is_waited_for_and_a_still_wire_wakes_nobody() {
    let mut play = Play::connected();
    mode(&mut play, Mode::Slow(SLOW));
    assert!(play.rest());
    assert_eq!(play.core.wakes_at(), None, "nothing travels");
    play.sends(Client, segment(Client, ACK, 100, 500));
    play.turn();
    let waited = play.quiet_after().unwrap();
    assert!(waited >= 400 * MS && waited < 402 * MS, "{waited:?}");
}

#[test]
fn rules_come_before_slowness() {
    for (verdict, told) in [
        (
            Verdict::Deliver,
            &[(0, "client ACK InFlight(Millis(400))"), (400, "client ACK Delivered")][..],
        ),
        (Verdict::Hold, &[(0, "client ACK Held")]),
        (Verdict::Drop, &[(0, "client ACK Dropped")]),
        (
            Verdict::Delay(Millis(50)),
            &[(0, "client ACK Delayed(Millis(50))"), (50, "client ACK Delivered")],
        ),
        (
            Verdict::Duplicate,
            &[
                (0, "client ACK InFlight(Millis(400))"),
                (0, "client ACK InFlight(Millis(400))"),
                (400, "client ACK Delivered"),
                (400, "client ACK Delivered"),
            ],
        ),
    ] {
        let mut play = Play::connected();
        let rule = Rule::new(verdict, PacketKind::Any);
        play.core.request(LabRequest::Wire(WireRequest::Rules(vec![rule])));
        mode(&mut play, Mode::Slow(SLOW));
        let began = play.now();
        play.sends(Client, segment(Client, ACK, 100, 500));
        play.turn();
        play.pass(SEC);
        assert_eq!(says(&timed(&mut play, began)), told, "{verdict:?}");
    }
}

/// A rule that lets a segment pass has no more to do with it: step holds it, and flow lets it go.
#[test]
fn what_a_rule_lets_pass_goes_the_way_of_the_mode() {
    let mut play = Play::connected();
    let rule = Rule::new(Verdict::Deliver, PacketKind::Any);
    play.core.request(LabRequest::Wire(WireRequest::Rules(vec![rule])));
    mode(&mut play, Mode::Slow(SLOW));
    play.sends(Client, segment(Client, ACK, 100, 500));
    play.turn();
    mode(&mut play, Mode::Step);
    play.told();
    mode(&mut play, Mode::Flow);
    assert_eq!(play.told(), ["client ACK Delivered"]);
}

#[test]
fn what_is_forged_travels_too() {
    let mut play = Play::connected();
    play.sends(Client, segment(Client, ACK, 100, 500));
    play.sends(Server, segment(Server, ACK, 500, 100));
    play.turn();
    mode(&mut play, Mode::Slow(SLOW));
    play.told();
    let forge = Forge {
        what: finwait_wire::forge::Forgery::Rst,
        to: Client,
        place: finwait_wire::forge::SequencePlace::Exact,
        data: Bytes(Vec::new()),
    };
    let began = play.now();
    play.core
        .request(LabRequest::Wire(WireRequest::Forge(forge, ForgedFor::Connection(None))));
    play.next_arrival(Client, |end| end.rows = Vec::new());
    play.pass(SEC);
    let told = timed(&mut play, began);
    assert_eq!(
        says(&told)[..2],
        [
            (0, "server RST,ACK InFlight(Millis(400))"),
            (400, "server RST,ACK Delivered")
        ]
    );
}

/// Two segments are under way for 100 ms; then something is done.
fn meanwhile(order: WireRequest) -> Vec<(u128, String)> {
    let mut play = Play::connected();
    mode(&mut play, Mode::Slow(SLOW));
    let began = play.now();
    play.sends(Client, with_payload(Client, ACK, 100, 500, 5));
    play.sends(Client, segment(Client, FIN_ACK, 105, 500));
    play.turn();
    play.pass(100 * MS);
    timed(&mut play, began);
    play.core.request(LabRequest::Wire(order));
    play.pass(SEC);
    timed(&mut play, began)
}

#[test]
fn one_under_way_is_in_the_users_hands_like_one_that_is_held() {
    let second = Which::One(PacketNo(2));
    for (order, told) in [
        (
            WireRequest::Deliver(second),
            &[(100, "client FIN,ACK Delivered"), (400, "client ACK Delivered")][..],
        ),
        (
            WireRequest::Drop(Which::Next),
            &[(100, "client ACK Dropped"), (400, "client FIN,ACK Delivered")],
        ),
        (
            WireRequest::Duplicate(second),
            &[
                (100, "client FIN,ACK InFlight(Millis(300))"),
                (400, "client ACK Delivered"),
                (400, "client FIN,ACK Delivered"),
                (400, "client FIN,ACK Delivered"),
            ],
        ),
        (
            WireRequest::Mode(Mode::Flow),
            &[(100, "client ACK Delivered"), (100, "client FIN,ACK Delivered")],
        ),
        (
            WireRequest::Mode(Mode::Step),
            &[(100, "client ACK Held"), (100, "client FIN,ACK Held")],
        ),
        (
            WireRequest::Mode(Mode::Slow(Millis(20))),
            &[
                (100, "client ACK InFlight(Millis(20))"),
                (100, "client FIN,ACK InFlight(Millis(20))"),
                (120, "client ACK Delivered"),
                (120, "client FIN,ACK Delivered"),
            ],
        ),
    ] {
        let name = format!("{order:?}");
        assert_eq!(says(&meanwhile(order)), told, "{name}");
    }
}

#[test]
fn of_a_segment_that_was_held_long_one_is_delivered() {
    let mut play = Play::connected();
    mode(&mut play, Mode::Step);
    for _ in 0..3 {
        play.sends(Client, segment(Client, FIN_ACK, 100, 500));
        play.turn();
    }
    play.told();
    play.next_arrival(Server, |end| end.rows = vec![row(Server, State::CloseWait, 9)]);
    play.core.request(LabRequest::Wire(WireRequest::Deliver(Which::Next)));
    assert_eq!(
        play.told(),
        [
            "client FIN,ACK Discarded",
            "client FIN,ACK Discarded",
            "client FIN,ACK Delivered",
            "server ESTABLISHED>CLOSE_WAIT received",
        ]
    );
    // It is sent again, for its sender does not know: the answer comes first, and then there is nothing to deliver.
    play.sends(Client, segment(Client, FIN_ACK, 100, 500));
    play.sends(Server, segment(Server, ACK, 500, 101));
    play.turn();
    play.told();
    play.core.request(LabRequest::Wire(WireRequest::Deliver(Which::Next)));
    assert_eq!(play.told(), ["client FIN,ACK Discarded", "server ACK Delivered"]);
    assert!(play.core.wire.is_empty());
}

#[test]
fn copies_are_in_the_users_hands_each() {
    let all = [1, 2, 3].map(PacketNo);
    for (order, delivered, left) in [
        (WireRequest::Deliver(Which::One(all[1])), 1, &[all[0], all[2]][..]),
        (WireRequest::Deliver(Which::AllCopies), 3, &[]),
        (WireRequest::Deliver(Which::All), 1, &[]),
        (WireRequest::Mode(Mode::Flow), 1, &[]),
        (WireRequest::Drop(Which::One(all[1])), 0, &[all[0], all[2]]),
        (WireRequest::Drop(Which::Next), 0, &[]),
        (WireRequest::Drop(Which::All), 0, &[]),
    ] {
        let mut play = Play::connected();
        mode(&mut play, Mode::Step);
        for _ in all {
            play.sends(Client, segment(Client, FIN_ACK, 100, 500));
            play.turn();
        }
        play.told();
        let name = format!("{order:?}");
        let drops = matches!(order, WireRequest::Drop(_));
        play.core.request(LabRequest::Wire(order));
        let told = play.told();
        let count = |what: &str| told.iter().filter(|line| line.ends_with(what)).count();
        assert_eq!(count("Delivered"), delivered, "{name}");
        assert_eq!(count("Dropped"), if drops { 3 - left.len() } else { 0 }, "{name}");
        let still: Vec<PacketNo> = play.core.wire.held().map(|held| held.no).collect();
        assert_eq!(still, left, "{name}");
    }
}

#[test]
fn a_rule_goes_on_holding_what_is_sent_again() {
    let mut play = Play::connected();
    let rule = Rule {
        times: Some(1),
        ..Rule::new(Verdict::Hold, PacketKind::Fin)
    };
    play.core.request(LabRequest::Wire(WireRequest::Rules(vec![rule])));
    for _ in 0..3 {
        play.sends(Client, segment(Client, FIN_ACK, 100, 500));
        play.turn();
    }
    assert_eq!(play.told(), ["client FIN,ACK Held"; 3]);
}
