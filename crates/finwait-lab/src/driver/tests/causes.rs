//! The causes of a socket's changes of state.

use super::*;
use crate::event::Death;
use finwait_model::call::ShutdownHow;

/// A cause, the scene that it is the answer to, and the transitions that are told there.
struct Case {
    scene: &'static str,
    play: fn() -> Play,
    act: fn(&mut Play),
    told: &'static [&'static str],
}

/// A server's listener with a connection that nobody has accepted.
fn listener_with_a_queue() -> Play {
    let mut play = Play::wired();
    play.socket(Server, "listener", 8);
    play.call(Server, 90, "listener", Call::Listen { backlog: 1 });
    play.says(Server, ended(90));
    play.turn();
    play.table(
        Server,
        [row(Server, State::Listen, 8), row(Server, State::Established, 0)],
    );
    play.settle();
    play
}

/// A FIN that nobody acknowledges, its descriptor closed with `SO_LINGER` 0, and a poll that holds the socket still.
fn poll_holds_a_closed_socket() -> Play {
    let mut play = Play::connected();
    let waits = with_timer(row(Client, State::FinWait1, 7), TimerKind::Retransmit, SEC);
    play.table(Client, [waits]);
    play.settle();
    play.call(Client, 1, "client", poll());
    play.call(Client, 2, "client", Call::RstClose);
    play.says(Client, closed(2));
    play.turn();
    play.told();
    play
}

/// The same socket when its FIN has been sent again three times.
fn sent_again() -> SocketRow {
    SocketRow {
        retransmits: 3,
        ..with_timer(row(Client, State::FinWait1, 7), TimerKind::Retransmit, SEC)
    }
}

#[test]
fn each_transition_has_its_cause() {
    let cases = [
        Case {
            scene: "a call of its own",
            play: Play::wired,
            act: |play| {
                play.socket(Client, "client", 7);
                play.call(Client, 1, "client", connect());
                play.table(Client, [row(Client, State::SynSent, 7)]);
                play.sends(Client, segment(Client, SYN, 100, 0));
                play.turn();
            },
            told: &["client CLOSE>SYN_SENT call 1"],
        },
        Case {
            scene: "of two calls under way, not the one on another socket",
            play: Play::connected,
            act: |play| {
                play.socket(Client, "client2", 8);
                play.call(Client, 1, "client", Call::Close);
                play.call(Client, 2, "client2", Call::Close);
                play.table(Client, [row(Client, State::FinWait1, 0)]);
                play.sends(Client, segment(Client, FIN_ACK, 100, 500));
                play.turn();
            },
            told: &["client ESTABLISHED>FIN_WAIT1 call 1"],
        },
        Case {
            scene: "of two calls under way that may end it, the one that leaves nothing standing",
            play: Play::connected,
            act: |play| {
                play.call(Client, 1, "client", Call::RstClose);
                play.call(Client, 2, "client", Call::Close);
                play.table(Client, []);
                play.sends(Client, segment(Client, RST_ACK, 100, 500));
                play.turn();
            },
            told: &["client ESTABLISHED>CLOSE call 1"],
        },
        Case {
            scene: "a packet that its host received",
            play: Play::wired,
            act: |play| {
                play.table(Server, [row(Server, State::Listen, 8)]);
                play.settle();
                play.next_arrival(Server, |end| end.rows.push(row(Server, State::SynRecv, 0)));
                play.sends(Client, segment(Client, SYN, 100, 0));
                play.turn();
            },
            told: &["server CLOSE>SYN_RECV received"],
        },
        Case {
            scene: "a packet that leads through two states in one reading",
            play: Play::connected,
            act: |play| {
                play.table(Client, [row(Client, State::FinWait1, 7)]);
                play.call(
                    Client,
                    1,
                    "client",
                    Call::Shutdown {
                        how: ShutdownHow::Write,
                    },
                );
                play.sends(Client, segment(Client, FIN_ACK, 100, 500));
                play.turn();
                play.says(Client, ended(1));
                play.turn();
                play.told();
                // The server closes: its FIN acknowledges the client's.
                play.next_arrival(Client, |end| end.rows = vec![row(Client, State::TimeWait, 0)]);
                play.sends(Server, segment(Server, FIN_ACK, 500, 101));
                play.turn();
            },
            told: &[
                "client FIN_WAIT1>FIN_WAIT2 received, from segments",
                "client FIN_WAIT2>TIME_WAIT received, from segments",
            ],
        },
        Case {
            scene: "the end of a read that held a closed descriptor's socket, when the peer's FIN ends it",
            play: Play::connected,
            act: |play| {
                play.call(Client, 1, "client", read());
                play.call(Client, 2, "client", Call::Close);
                play.says(Client, closed(2));
                play.turn();
                play.told();
                play.next_arrival(Client, |end| end.rows.clear());
                play.sends(Server, segment(Server, FIN_ACK, 500, 100));
                play.turn();
            },
            told: &[
                "client ESTABLISHED>CLOSE_WAIT received, from segments",
                "client CLOSE_WAIT>CLOSE release 1, from segments",
            ],
        },
        Case {
            scene: "the end of a read that held a closed descriptor's socket, when it is over by itself",
            play: Play::connected,
            act: |play| {
                play.call(Client, 1, "client", read());
                play.call(Client, 2, "client", Call::Close);
                play.says(Client, closed(2));
                play.turn();
                play.told();
                play.table(Client, [row(Client, State::FinWait1, 0)]);
                play.sends(Client, segment(Client, FIN_ACK, 100, 500));
                play.turn();
            },
            told: &["client ESTABLISHED>FIN_WAIT1 release 1"],
        },
        Case {
            scene: "the end of a poll that held a closed descriptor's socket, and not a timer that only sends the FIN again",
            play: poll_holds_a_closed_socket,
            act: |play| {
                play.table(Client, []);
                play.pass(2 * SEC);
            },
            told: &["client FIN_WAIT1>CLOSE release 1"],
        },
        Case {
            scene: "a timer that gives up, and not the poll that held the socket",
            play: poll_holds_a_closed_socket,
            act: |play| {
                play.table(Client, [sent_again()]);
                play.pass(SEC);
                play.table(Client, []);
                play.pass(2 * SEC);
            },
            told: &["client FIN_WAIT1>CLOSE timer Retransmit"],
        },
        Case {
            scene: "the end of the poll, and not a timer that could give up: that sends no RST",
            play: poll_holds_a_closed_socket,
            act: |play| {
                play.table(Client, [sent_again()]);
                play.pass(SEC);
                play.core.outside.now = play.now().plus(SEC);
                play.table(Client, []);
                play.sends(Client, segment(Client, RST_ACK, 101, 500));
                play.turn_with_packets();
            },
            told: &["client FIN_WAIT1>CLOSE release 1"],
        },
        Case {
            scene: "a call of the peer's, where no segment is seen",
            play: Play::loopback,
            act: |play| {
                play.connect_both();
                play.call(Client, 1, "client", Call::Close);
                play.table(Client, [row(Client, State::FinWait2, 0)]);
                play.table(Server, [row(Server, State::CloseWait, 9)]);
                play.rest();
            },
            told: &[
                "client ESTABLISHED>FIN_WAIT2 call 1",
                "server ESTABLISHED>CLOSE_WAIT peer call 1",
            ],
        },
        Case {
            scene: "a write of the peer's after both directions were shut down, where no segment is seen",
            play: Play::loopback,
            act: |play| {
                play.connect_both();
                let how = ShutdownHow::Both;
                play.call(Client, 1, "client", Call::Shutdown { how });
                play.table(Client, [row(Client, State::FinWait2, 7)]);
                play.table(Server, [row(Server, State::CloseWait, 9)]);
                play.says(Client, ended(1));
                play.rest();
                play.told();
                play.call(Server, 2, "server", write());
                play.table(Client, []);
                play.table(Server, []);
                play.rest();
            },
            told: &["client FIN_WAIT2>CLOSE peer call 2", "server CLOSE_WAIT>CLOSE unseen"],
        },
        Case {
            scene: "the peer's write, where no segment is seen, and not its close of another connection, which lingers",
            play: Play::loopback,
            act: |play| {
                play.connect_both();
                let other = SocketRow {
                    tuple: Tuple {
                        local: connection().peer,
                        peer: "10.0.0.1:41823".parse().unwrap(),
                    },
                    ..row(Server, State::FinWait1, 10)
                };
                let how = ShutdownHow::Both;
                play.socket(Server, "server2", 10);
                play.call(Client, 1, "client", Call::Shutdown { how });
                play.table(Client, [row(Client, State::FinWait2, 7)]);
                play.table(Server, [row(Server, State::CloseWait, 9), other.clone()]);
                play.says(Client, ended(1));
                play.rest();
                play.told();
                play.call(Server, 2, "server", write());
                play.call(Server, 3, "server2", Call::LingerClose { seconds: 9 });
                play.table(Client, []);
                play.table(Server, [other]);
                play.rest();
            },
            told: &["client FIN_WAIT2>CLOSE peer call 2", "server CLOSE_WAIT>CLOSE unseen"],
        },
        Case {
            scene: "a timer that ran out",
            play: Play::connected,
            act: |play| {
                let waits = with_timer(row(Client, State::TimeWait, 0), TimerKind::TimeWait, 60 * SEC);
                play.table(Client, [waits]);
                play.settle();
                play.pass(59 * SEC);
                play.table(Client, []);
                play.pass(2 * SEC);
            },
            told: &["client TIME_WAIT>CLOSE timer TimeWait"],
        },
        Case {
            scene: "the end of its process, while the kernel closes what that held",
            play: Play::connected,
            act: |play| {
                play.call(Client, 1, "client", read());
                play.core.outside.ends[Client].is_exiting = true;
                play.table(Client, [row(Client, State::FinWait1, 0)]);
                play.sends(Client, segment(Client, FIN_ACK, 100, 500));
                play.turn();
            },
            told: &["client ESTABLISHED>FIN_WAIT1 death"],
        },
        Case {
            scene: "the end of the peer's process, where no segment is seen",
            play: Play::loopback,
            act: |play| {
                play.connect_both();
                play.core.outside.ends[Client].death = Some(Death::Signal(libc::SIGKILL));
                play.table(Client, [row(Client, State::FinWait2, 0)]);
                play.table(Server, [row(Server, State::CloseWait, 9)]);
                play.turn();
            },
            told: &[
                "client ESTABLISHED>FIN_WAIT2 death",
                "server ESTABLISHED>CLOSE_WAIT peerdeath",
            ],
        },
        Case {
            scene: "the last ACK, for a shutdown that came before it",
            play: || {
                let mut play = Play::wired();
                play.table(Server, [row(Server, State::SynRecv, 9)]);
                play.settle();
                play
            },
            act: |play| {
                play.next_arrival(Server, |end| end.rows = vec![row(Server, State::FinWait1, 9)]);
                play.sends(Client, segment(Client, ACK, 101, 501));
                play.turn();
            },
            told: &[
                "server SYN_RECV>ESTABLISHED received, from segments",
                "server ESTABLISHED>FIN_WAIT1 received, from segments",
            ],
        },
        Case {
            scene: "the ACK of a SYN cookie",
            play: Play::wired,
            act: |play| {
                play.next_arrival(Server, |end| end.rows = vec![row(Server, State::Established, 0)]);
                play.sends(Client, segment(Client, ACK, 101, 501));
                play.turn();
            },
            told: &[
                "server CLOSE>SYN_RECV received, from segments",
                "server SYN_RECV>ESTABLISHED received, from segments",
            ],
        },
        Case {
            scene: "the administrator",
            play: Play::connected,
            act: |play| play.core.request(LabRequest::Destroy(Client, connection())),
            told: &["client ESTABLISHED>CLOSE destroyed"],
        },
        Case {
            scene: "a call that a library makes untold",
            play: || {
                let mut play = Play::driven(LabKind::Isolated, |process| process.hides = true);
                play.connect_both();
                play
            },
            act: |play| {
                play.table(Client, [row(Client, State::FinWait1, 0)]);
                play.sends(Client, segment(Client, FIN_ACK, 100, 500));
                play.turn();
            },
            told: &["client ESTABLISHED>FIN_WAIT1 library"],
        },
        Case {
            scene: "nothing that was seen: finwait's own endpoint makes no call untold",
            play: Play::connected,
            act: |play| {
                play.table(Client, [row(Client, State::FinWait1, 0)]);
                play.sends(Client, segment(Client, FIN_ACK, 100, 500));
                play.turn();
            },
            told: &["client ESTABLISHED>FIN_WAIT1 unseen"],
        },
        Case {
            scene: "a packet is not the cause of what happens to another connection",
            play: Play::connected,
            act: |play| {
                let tuple = Tuple {
                    local: "10.0.0.1:41823".parse().unwrap(),
                    ..connection()
                };
                let other = move |state| SocketRow {
                    tuple,
                    ..row(Client, state, 17)
                };
                play.table(Client, [row(Client, State::Established, 7), other(State::Established)]);
                play.settle();
                play.next_arrival(Client, move |end| {
                    end.rows = vec![row(Client, State::CloseWait, 7), other(State::CloseWait)];
                });
                play.sends(Server, segment(Server, FIN_ACK, 500, 100));
                play.turn();
                play.rest();
            },
            told: &[
                "client ESTABLISHED>CLOSE_WAIT received",
                "client ESTABLISHED>CLOSE_WAIT unseen",
            ],
        },
    ];
    for Case { scene, play, act, told } in cases {
        let mut play = play();
        act(&mut play);
        assert_eq!(play.transitions(), told, "{scene}");
    }
}

/// A call that another ends at once leaves a state that no table shows: the FIN that left does.
#[test]
fn a_fin_that_left_shows_the_state_before_the_one_in_the_table() {
    let mut play = Play::connected();
    play.call(
        Client,
        1,
        "client",
        Call::Shutdown {
            how: ShutdownHow::Write,
        },
    );
    play.call(Client, 2, "client", Call::RstClose);
    play.told();
    play.table(Client, []);
    play.sends(Client, segment(Client, FIN_ACK, 100, 500));
    play.turn();
    assert_eq!(
        play.transitions(),
        [
            "client ESTABLISHED>FIN_WAIT1 call 1, from segments",
            "client FIN_WAIT1>CLOSE call 2, from segments",
        ]
    );
}

/// A connect holds its socket while it waits: a close beside it cannot let it go before the handshake is over.
#[test]
fn a_syn_ack_that_meets_rst_close_under_a_waiting_connect_ends_the_handshake_first() {
    let handshake = "client SYN_SENT>ESTABLISHED received, from segments";
    for (scene, has_returned, told) in [
        (
            "the close is under way",
            false,
            "client ESTABLISHED>CLOSE call 2, from segments",
        ),
        (
            "the close has returned",
            true,
            "client ESTABLISHED>CLOSE release 1, from segments",
        ),
    ] {
        let mut play = Play::wired();
        play.socket(Client, "client", 7);
        play.call(Client, 1, "client", connect());
        play.table(Client, [row(Client, State::SynSent, 7)]);
        play.sends(Client, segment(Client, SYN, 100, 0));
        play.turn();
        play.call(Client, 2, "client", Call::RstClose);
        if has_returned {
            play.says(Client, closed(2));
        }
        play.told();
        play.next_arrival(Client, |end| end.rows.clear());
        play.sends(Server, segment(Server, SYN_ACK, 500, 101));
        play.turn();
        assert_eq!(play.transitions(), [handshake, told], "{scene}");
    }
}

/// The addresses go from a TIME_WAIT to a new connection: at one host by its connect, at the other by its SYN.
#[test]
fn a_port_that_is_used_again_ends_what_had_it_before() {
    let mut play = Play::connected();
    let waits = |side| with_timer(row(side, State::TimeWait, 0), TimerKind::TimeWait, 60 * SEC);
    play.table(Client, [waits(Client)]);
    play.table(Server, [waits(Server)]);
    play.settle();
    play.socket(Client, "client2", 8);
    play.call(Client, 1, "client2", connect());
    play.told();
    play.table(Client, [row(Client, State::SynSent, 8)]);
    play.next_arrival(Server, |end| end.rows = vec![row(Server, State::SynRecv, 0)]);
    play.sends(Client, segment(Client, SYN, 9000, 0));
    play.turn();
    assert_eq!(
        play.transitions(),
        [
            "client TIME_WAIT>CLOSE call 1",
            "client CLOSE>SYN_SENT call 1",
            "server TIME_WAIT>CLOSE received",
            "server CLOSE>SYN_RECV received",
        ]
    );
}

/// In one reading, and so in no order.
#[test]
fn what_waits_in_a_listeners_queue_goes_with_it() {
    let goes = |act: fn(&mut Play), cause: &str| {
        let mut play = listener_with_a_queue();
        act(&mut play);
        let mut told = play.transitions();
        told.sort();
        let gone = ["ESTABLISHED", "LISTEN"].map(|from| format!("server {from}>CLOSE {cause}"));
        assert_eq!(told, gone);
    };
    goes(
        |play| {
            play.call(Server, 1, "listener", Call::Close);
            play.table(Server, []);
            play.says(Server, closed(1));
            play.turn();
        },
        "call 1",
    );
    goes(
        |play| play.core.request(LabRequest::Destroy(Server, listening())),
        "destroyed",
    );
}
