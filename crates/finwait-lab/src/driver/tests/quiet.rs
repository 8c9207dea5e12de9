//! The times when all is quiet, and when not.

use super::*;
use finwait_wire::queue::Mode;
use finwait_wire::rule::{PacketKind, Rule};

/// A side's socket with a retransmission timer that has run out so many times.
fn unanswered(side: Side, retransmits: u32) -> SocketRow {
    SocketRow {
        retransmits,
        ..with_timer(row(side, State::SynSent, 7), TimerKind::Retransmit, 3_600 * SEC)
    }
}

/// Returns how long a call is waited for that does not return although it could: looks of 1, 2, 4, 8 and 16 ms, before one of 32.
fn returning() -> Duration {
    let Timing {
        grace,
        first_look,
        return_patience,
        ..
    } = Timing::LIVE;
    grace + return_patience - first_look
}

#[test]
fn quiet_comes_a_moment_after_the_last_packet() {
    let mut play = Play::connected();
    play.sends(Client, segment(Client, ACK, 100, 500));
    play.turn();
    assert_eq!(play.quiet_after(), Some(Timing::LIVE.grace));
}

/// Until something happens again; that the tables are looked at meanwhile is nothing.
#[test]
fn quiet_is_told_once() {
    let mut play = Play::connected();
    play.call(Client, 1, "client", read());
    play.pass(10 * SEC);
    let quiets = |play: &Play| {
        let told = play.core.outside.told.iter();
        told.filter(|(_, what)| *what == LabEvent::Quiet).count()
    };
    assert_eq!(quiets(&play), 1);
    play.sends(Server, segment(Server, ACK, 500, 100));
    play.turn();
    play.pass(10 * SEC);
    assert_eq!(quiets(&play), 2);
}

/// Where no packet is seen, that a socket has timed out tells that no answer is on its way.
#[test]
fn without_a_wire_a_socket_is_waited_for_until_its_first_retransmission() {
    for (scene, state, retransmits, is_quiet) in [
        ("nothing came back yet", State::SynSent, 0, false),
        ("it was sent again, and is stuck", State::SynSent, 1, true),
        ("it was sent again twice", State::SynSent, 2, true),
        ("a listener's timers are its own", State::Listen, 0, true),
    ] {
        let mut play = Play::loopback();
        play.socket(Client, "client", 7);
        let row = SocketRow {
            state,
            ..unanswered(Client, retransmits)
        };
        play.table(Client, [row]);
        play.core.request(LabRequest::Wire(WireRequest::ClearRules));
        play.call(Client, 1, "client", connect());
        assert_eq!(play.rest(), is_quiet, "{scene}");
    }
}

/// sock_diag may read the state, the acknowledgement may come, and sock_diag read the rest: the next reading shows the next state.
#[test]
fn a_socket_that_was_read_between_two_states_is_read_again_before_all_is_quiet() {
    for kind in [LabKind::Loopback(None), LabKind::Isolated] {
        for (state, next) in [
            (State::SynSent, State::Established),
            (State::FinWait1, State::FinWait2),
            (State::Closing, State::TimeWait),
            (State::LastAck, State::Close),
        ] {
            let mut play = Play::new(kind.clone());
            play.socket(Client, "client", 7);
            play.table(Client, [row(Client, state, 7)]);
            play.core.request(LabRequest::Wire(WireRequest::ClearRules));
            play.call(Client, 1, "client", read());
            play.pass(10 * MS);
            let is_quiet = |play: &Play| play.core.outside.told.iter().any(|(_, what)| *what == LabEvent::Quiet);
            assert!(!is_quiet(&play), "{state}");
            match next {
                State::Close => play.table(Client, []),
                next => play.table(Client, [row(Client, next, 7)]),
            }
            assert!(play.rest(), "{state}");
            let told = play.transitions();
            assert!(
                told.iter()
                    .any(|line| line.starts_with(&format!("client {state}>{next}"))),
                "{told:?}"
            );
        }
    }
}

/// On the wire it is seen whether the other host has anything to answer.
#[test]
fn a_socket_is_waited_for_while_the_other_host_owes_it_an_acknowledgement() {
    let data = || with_payload(Client, ACK, 101, 501, 1);
    let lose = || WireRequest::Rules(vec![Rule::new(Verdict::Drop, PacketKind::Any)]);
    let (established, closed) = (Some(State::Established), None);
    for (scene, rule, server, packets, is_quiet) in [
        (
            "a SYN is answered at once",
            None,
            Some(State::Listen),
            vec![segment(Client, SYN, 100, 0)],
            true,
        ),
        ("data has arrived", None, established, vec![data()], false),
        (
            "data has arrived where the connection is not known",
            None,
            closed,
            vec![data()],
            true,
        ),
        (
            "data has arrived where nobody has confirmed the handshake",
            None,
            Some(State::SynRecv),
            vec![data()],
            true,
        ),
        ("data is lost", Some(lose()), established, vec![data()], true),
    ] {
        let mut play = Play::wired();
        if let Some(rule) = rule {
            play.core.request(LabRequest::Wire(rule));
        }
        let waits = SocketRow {
            state: State::Established,
            ..unanswered(Client, 0)
        };
        play.table(Client, [waits]);
        match server {
            Some(state) => play.table(Server, [row(Server, state, 9)]),
            None => play.table(Server, []),
        }
        packets.into_iter().for_each(|packet| play.sends(Client, packet));
        play.turn();
        assert_eq!(play.rest(), is_quiet, "{scene}");
        // With its acknowledgement it owes none, whatever becomes of that.
        play.sends(Server, segment(Server, ACK, 501, 102));
        play.turn();
        assert!(play.rest(), "{scene}, and acknowledged");
    }
}

/// A segment that was sent again while it was held is acknowledged like any other once it has arrived, also after a delay.
#[test]
fn a_socket_that_has_timed_out_is_waited_for_when_its_segment_has_arrived() {
    let mut play = Play::wired();
    let waits = SocketRow {
        state: State::Established,
        ..unanswered(Client, 3)
    };
    play.table(Client, [waits]);
    play.table(Server, [row(Server, State::Established, 9)]);
    play.sends(Client, with_payload(Client, ACK, 101, 501, 1));
    play.turn();
    assert!(!play.rest(), "its acknowledgement is on its way");
    play.sends(Server, segment(Server, ACK, 501, 102));
    play.turn();
    assert!(play.rest(), "it has come");
}

#[test]
fn a_socket_whose_segments_stand_on_the_wire_waits_for_the_user() {
    let mut play = Play::wired();
    play.core.request(LabRequest::Wire(WireRequest::Mode(Mode::Step)));
    play.table(Client, [unanswered(Client, 0)]);
    play.sends(Client, segment(Client, SYN, 100, 0));
    play.turn();
    assert!(play.rest(), "its segment is held");
    play.core.request(LabRequest::Wire(WireRequest::Drop(Which::All)));
    assert!(play.rest(), "it is lost, and only a timer goes on with it");
}

/// A call is blocked when its thread sleeps: before that it has not come to its wait, or is about to return.
#[test]
fn a_call_whose_thread_runs_is_waited_for() {
    let mut play = Play::connected();
    play.ask(Client, 1, "client", read());
    assert!(!play.rest(), "it was asked for, and has not begun");
    play.core.outside.ends[Client].is_working = true;
    play.says(Client, began(1));
    play.turn();
    assert!(!play.rest(), "it has begun, and runs");
    play.core.outside.ends[Client].is_working = false;
    assert!(play.rest(), "it sleeps");
}

/// A thread that is gone has had its last word, which may still be in the socket when the tables have been read.
#[test]
fn a_word_that_was_said_is_heard_before_all_is_quiet() {
    let mut play = Play::connected();
    play.call(Client, 1, "client", read());
    let before = play.core.outside.told.len();
    play.says(Client, ended(1));
    // The pause is over, and nothing was ready by then.
    assert!(play.rest());
    let told: Vec<&LabEvent> = play.core.outside.told[before..].iter().map(|(_, what)| what).collect();
    assert!(
        matches!(told[..], [LabEvent::Ended(_), .., LabEvent::Quiet]),
        "{told:?}"
    );
}

#[test]
fn what_goes_on_by_itself_is_waited_for() {
    let mut play = Play::connected();
    play.core.request(LabRequest::Wire(WireRequest::Mode(Mode::Step)));
    play.sends(Client, segment(Client, ACK, 100, 500));
    play.turn();
    let delay = WireRequest::Delay(Which::Next, Millis(300));
    play.core.request(LabRequest::Wire(delay));
    let waited = play.quiet_after().unwrap();
    assert!(waited >= 300 * MS && waited < 302 * MS, "{waited:?}");
    assert!(play.told().contains(&"client ACK Delivered".to_owned()));
}

#[test]
fn a_call_that_is_about_to_return_is_waited_for() {
    let ready = SocketRow {
        rx_queue: 1,
        ..row(Client, State::Established, 7)
    };
    let at_the_end = row(Client, State::CloseWait, 7);
    for (scene, call, row, is_returning) in [
        (
            "read, and nothing has come",
            read(),
            row(Client, State::Established, 7),
            false,
        ),
        ("read, and bytes are there", read(), ready.clone(), true),
        ("read, and the end of the stream is there", read(), at_the_end, true),
        (
            "accept, and a connection is there",
            Call::Accept { r#as: name("new") },
            ready.clone(),
            true,
        ),
        (
            "connect, and no answer has come",
            connect(),
            unanswered(Client, 1),
            false,
        ),
        (
            "connect, and the handshake is over",
            connect(),
            row(Client, State::Established, 7),
            true,
        ),
        ("a write, for which no table tells", Call::SoError, ready, false),
    ] {
        let mut play = Play::connected();
        play.call(Client, 1, "client", call);
        play.table(Client, [row]);
        let waits = if is_returning { returning() } else { Timing::LIVE.grace };
        assert_eq!(play.quiet_after(), Some(waits), "{scene}");
    }
}

#[test]
fn a_call_that_returns_ends_the_wait_for_it() {
    let mut play = Play::connected();
    play.call(Client, 1, "client", read());
    play.table(
        Client,
        [SocketRow {
            rx_queue: 1,
            ..row(Client, State::Established, 7)
        }],
    );
    play.pass(3 * MS);
    play.table(Client, [row(Client, State::Established, 7)]);
    play.says(Client, ended(1));
    play.turn();
    assert_eq!(play.quiet_after(), Some(Timing::LIVE.grace));
}

/// No word tells that a library has taken what nobody asked it to take: it is looked for.
#[test]
fn what_a_library_is_about_to_take_is_looked_for_until_it_is_gone() {
    let mut play = Play::driven(LabKind::Isolated, |process| process.takes_unasked = true);
    play.connect_both();
    let holds = |rx_queue| SocketRow {
        rx_queue,
        ..row(Client, State::Established, 7)
    };
    play.table(Client, [holds(5)]);
    play.sends(Server, with_payload(Server, ACK, 500, 100, 5));
    play.turn();
    assert_eq!(play.quiet_after(), Some(returning()));
    let readings = |play: &mut Play| {
        let before = play.core.outside.readings.len();
        play.pass(10 * SEC);
        play.core.outside.readings.len() - before
    };
    assert!(readings(&mut play) >= 38, "at least every 256 ms");
    play.table(Client, [holds(0)]);
    play.pass(SEC);
    assert_eq!(readings(&mut play), 0, "nothing is looked for any more");
}
