//! The times that the core waits, by a clock that is made up.

use super::*;

fn shutdown() -> Call {
    Call::Shutdown {
        how: finwait_model::call::ShutdownHow::Write,
    }
}

/// A packet that came between a call that ends something and the reading after it would hide a state.
#[test]
fn a_packet_waits_for_a_call_that_ends_something_where_it_goes() {
    let patience = Timing::LIVE.ending_patience;
    for (scene, call, returns_after, waits) in [
        ("a read ends nothing", read(), None, Duration::ZERO),
        ("a shutdown returns soon", shutdown(), Some(3 * MS), 3 * MS),
        (
            "a close that lingers does not",
            Call::LingerClose { seconds: 5 },
            None,
            patience,
        ),
    ] {
        let mut play = Play::connected();
        play.call(Server, 1, "server", call);
        if let Some(after) = returns_after {
            play.later(Server, after, |end| end.replies.push(Ok(ended(1))));
        }
        let began = play.now();
        play.sends(Client, segment(Client, FIN_ACK, 100, 500));
        play.turn();
        assert_eq!(play.now().since(began), waits, "{scene}");
    }
}

#[test]
fn a_call_that_lingers_is_waited_for_once() {
    let mut play = Play::connected();
    play.call(Server, 1, "server", Call::LingerClose { seconds: 5 });
    let began = play.now();
    for seq in 100..103 {
        play.sends(Client, with_payload(Client, ACK, seq, 500, 1));
    }
    play.turn();
    assert_eq!(play.now().since(began), Timing::LIVE.ending_patience);
    assert_eq!(play.told().iter().filter(|line| line.contains("Delivered")).count(), 3);
}

/// The times of the readings from now on, while nothing happens, in milliseconds.
fn readings(play: &mut Play, time: Duration) -> Vec<u128> {
    let (began, before) = (play.now(), play.core.outside.readings.len());
    play.pass(time);
    let readings = &play.core.outside.readings[before..];
    readings.iter().map(|at| at.since(began).as_millis()).collect()
}

/// A blocked call may fill a queue and then block, and no packet shows it.
#[test]
fn a_blocked_call_is_looked_at_twice_as_long_apart_each_time_and_then_no_more() {
    let mut play = Play::connected();
    play.call(Client, 1, "client", read());
    assert_eq!(readings(&mut play, 10 * SEC), [0, 1, 3, 7, 15, 31, 63, 127, 255, 511]);
}

/// The kernel's timer wheel lets long timers go off late.
#[test]
fn an_overdue_timer_is_read_for_less_and_less_often() {
    let mut play = Play::connected();
    let waits = |left| with_timer(row(Client, State::TimeWait, 0), TimerKind::TimeWait, left);
    play.table(Client, [waits(SEC)]);
    play.settle();
    play.table(Client, [waits(Duration::ZERO)]);
    let times = readings(&mut play, 4 * SEC);
    assert_eq!(times, [1000, 1010, 1030, 1070, 1150, 1310, 1630, 2270, 2910, 3550]);
    // As soon as something happens, it is read for at once again.
    play.sends(Server, segment(Server, ACK, 500, 100));
    play.turn();
    let times = readings(&mut play, 30 * MS);
    assert_eq!(times, [0, 5, 15]);
}

#[test]
fn a_stream_is_read_for_ten_times_a_second_and_ends_with_a_longer_pause() {
    let mut play = Play::connected();
    let began = play.core.outside.readings.len();
    for n in 0..1000 {
        play.sends(Client, with_payload(Client, ACK, 100 + n, 500, 1));
        play.turn();
        play.core.outside.now = play.now().plus(MS);
    }
    let read = play.core.outside.readings.len() - began;
    assert!((9..=10).contains(&read), "{read} readings in a second");
    assert_eq!(play.quiet_after(), Some(Timing::LIVE.stream_grace));
}

/// procfs showed a socket twice: its table is told, and looked at again until it is whole.
#[test]
fn a_torn_table_is_looked_at_until_it_is_whole() {
    let mut play = Play::connected();
    play.core.outside.ends[Client].is_torn = true;
    play.table(Client, [row(Client, State::CloseWait, 7)]);
    play.settle();
    assert!(readings(&mut play, 10 * SEC).len() >= 38, "at least every 256 ms");
    play.core.outside.ends[Client].is_torn = false;
    play.pass(SEC);
    assert_eq!(readings(&mut play, 10 * SEC), []);
}

#[test]
fn a_failure_is_told_once_and_the_work_goes_on() {
    let mut play = Play::connected();
    play.core.outside.ends[Server].is_unreadable = true;
    for seq in 100..103 {
        play.sends(Client, segment(Client, FIN_ACK, seq, 500));
        play.turn();
    }
    let told = play.told();
    let notes = told.iter().filter(|line| line.contains("sock_diag"));
    assert_eq!(notes.count(), 1, "{told:?}");
    assert_eq!(told.iter().filter(|line| line.contains("Delivered")).count(), 3);
}
