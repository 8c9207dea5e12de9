//! Plain data and acknowledgements: on which connections tables are read for them, and on which not.

use super::*;
use finwait_model::call::ShutdownHow;

/// The client has shut down its writing end, and the server has not answered yet: FIN_WAIT2 and CLOSE_WAIT.
fn half_closed(how: ShutdownHow) -> Play {
    let mut play = Play::connected();
    play.call(Client, 1, "client", Call::Shutdown { how });
    play.table(Client, [row(Client, State::FinWait1, 7)]);
    play.next_arrival(Server, |end| end.rows = vec![row(Server, State::CloseWait, 9)]);
    play.sends(Client, segment(Client, FIN_ACK, 100, 500));
    play.turn();
    play.says(Client, ended(1));
    play.turn();
    play.next_arrival(Client, |end| end.rows = vec![row(Client, State::FinWait2, 7)]);
    play.sends(Server, segment(Server, ACK, 500, 101));
    play.turn();
    play.rest();
    assert!(
        play.transitions()
            .contains(&"client FIN_WAIT1>FIN_WAIT2 received".to_owned())
    );
    play
}

fn readings(play: &Play) -> usize {
    play.core.outside.readings.len()
}

/// A long answer to a request whose end the client has said: each packet costs no table, however many there are.
#[test]
fn no_table_is_read_for_data_while_an_end_is_closing() {
    let mut play = half_closed(ShutdownHow::Write);
    let before = readings(&play);
    for n in 0..50 {
        play.sends(Server, with_payload(Server, ACK, 500 + n * 10, 101, 10));
        play.sends(Client, segment(Client, ACK, 101, 510 + n * 10));
    }
    play.turn_with_packets();
    assert_eq!(play.told().len(), 100);
    assert_eq!(readings(&play), before);
}

#[test]
fn whether_a_packet_can_change_a_state_is_asked_once() {
    let mut play = Play::connected();
    play.core.asked.set(0);
    for n in 0..10 {
        play.sends(Client, with_payload(Client, ACK, 100 + n, 500, 1));
    }
    play.turn_with_packets();
    assert_eq!((play.told().len(), play.core.asked.get()), (10, 10));
    // Held, it is asked again when it goes on: what it meets may be another state.
    play.core
        .request(LabRequest::Wire(WireRequest::Mode(finwait_wire::queue::Mode::Step)));
    play.sends(Client, with_payload(Client, ACK, 110, 500, 1));
    play.turn_with_packets();
    play.core.request(LabRequest::Wire(WireRequest::Deliver(Which::Next)));
    assert_eq!(play.core.asked.get(), 12);
}

/// `tcp_rcv_state_process`: data for a socket that nobody reads any more is answered by an RST, and ends it.
#[test]
fn data_that_nobody_reads_ends_the_connection_that_it_comes_to() {
    let mut play = half_closed(ShutdownHow::Both);
    play.next_arrival(Client, |end| end.rows.clear());
    play.sends(Server, with_payload(Server, ACK, 500, 101, 10));
    play.turn();
    assert_eq!(play.transitions(), ["client FIN_WAIT2>CLOSE received"]);

    // An orphan reads nothing either.
    let mut play = half_closed(ShutdownHow::Write);
    play.call(Client, 2, "client", Call::Close);
    play.table(Client, [row(Client, State::FinWait2, 0)]);
    play.says(Client, closed(2));
    play.turn();
    play.rest();
    play.told();
    play.next_arrival(Client, |end| end.rows.clear());
    play.sends(Server, with_payload(Server, ACK, 500, 101, 10));
    play.turn();
    assert_eq!(play.transitions(), ["client FIN_WAIT2>CLOSE received"]);
}

/// A second descriptor of a socket that nobody reads any more does not open it again.
#[test]
fn a_reading_end_that_is_shut_down_stays_so() {
    let mut play = half_closed(ShutdownHow::Both);
    play.core.ends.client.own(7);
    assert!(play.core.ends.client.reads_no_more(7));
    assert!(!play.core.ends.server.reads_no_more(9));
    // Another program's socket may be in any way.
    assert!(play.core.ends.server.reads_no_more(1234));
}

/// Data that a gap before the FIN was waiting for is no plain data, though its receiver is ESTABLISHED and open.
#[test]
fn data_that_fills_the_gap_before_a_fin_closes_its_receivers_half() {
    let mut play = Play::connected();
    play.core
        .request(LabRequest::Wire(WireRequest::Mode(finwait_wire::queue::Mode::Step)));
    play.call(
        Client,
        1,
        "client",
        Call::Shutdown {
            how: ShutdownHow::Write,
        },
    );
    play.table(Client, [row(Client, State::FinWait1, 7)]);
    play.sends(Client, with_payload(Client, ACK, 100, 500, 10));
    play.sends(Client, segment(Client, FIN_ACK, 110, 500));
    play.turn();
    play.says(Client, ended(1));
    play.turn();
    play.rest();
    play.told();
    let held: Vec<PacketNo> = play.core.wire.held().map(|held| held.no).collect();
    let deliver = |play: &mut Play, no| {
        play.core
            .request(LabRequest::Wire(WireRequest::Deliver(Which::One(no))));
        play.transitions()
    };
    assert_eq!(deliver(&mut play, held[1]), [""; 0]);
    play.next_arrival(Server, |end| end.rows = vec![row(Server, State::CloseWait, 9)]);
    assert_eq!(deliver(&mut play, held[0]), ["server ESTABLISHED>CLOSE_WAIT received"]);
}
