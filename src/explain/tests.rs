use super::*;
use crate::call::{Bytes, CallId, Family, How, Order, PollEvent, ReadFlag, SocketName, SocketOption, WriteFlag};
use crate::clock::Millis;
use crate::outcome::{OptionReading, Reading};
use std::collections::HashSet;
use std::net::SocketAddr;

/// The sentence.
fn why(order: &Order, outcome: &Outcome, s: &Situation) -> String {
    super::why(order, outcome, s).sentence
}

const FRESH: Situation = Situation {
    side: Side::Client,
    open: true,
    known: true,
    connected: false,
    listening: false,
    before: None,
    now: None,
    fin_received: false,
    rst_received: false,
    icmp_received: false,
    unread: 0,
    rst_sent: Some(false),
    past: Past::NONE,
    takes_unasked: false,
};

/// A socket with a peer, that went from one state to another.
fn connected(before: State, now: State) -> Situation {
    let seen = |state| (state != State::Close).then_some(state);
    Situation {
        connected: true,
        before: seen(before),
        now: seen(now),
        ..FRESH
    }
}

fn listening() -> Situation {
    Situation {
        listening: true,
        before: Some(State::Listen),
        now: Some(State::Listen),
        ..FRESH
    }
}

/// A connection that is over, after such a past.
fn after(past: Past) -> Situation {
    Situation {
        past,
        ..connected(State::Close, State::Close)
    }
}

fn after_fin_and_rst() -> Situation {
    Situation {
        fin_received: true,
        rst_received: true,
        ..connected(State::Close, State::Close)
    }
}

fn name() -> SocketName {
    SocketName::new("client").unwrap()
}

fn on(call: Call) -> Order {
    Order::On { socket: name(), call }
}

fn fails(call: Call, errno: Errno, s: &Situation) -> String {
    why(&on(call), &Outcome::Err(errno), s)
}

fn gives(call: Call, value: Value, s: &Situation) -> String {
    why(&on(call), &Outcome::Ok(value), s)
}

fn does(call: Call, s: &Situation) -> String {
    gives(call, Value::Done, s)
}

fn read_with(flags: &[ReadFlag]) -> Call {
    Call::Read {
        n: 1024,
        flags: flags.to_vec(),
        deadline: None,
    }
}

fn read() -> Call {
    read_with(&[])
}

fn write_with(flags: &[WriteFlag]) -> Call {
    Call::Write {
        data: Bytes(b"hello".to_vec()),
        repeat: 1,
        flags: flags.to_vec(),
        deadline: None,
    }
}

fn write() -> Call {
    write_with(&[])
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 2], port))
}

fn connect() -> Call {
    Call::Connect {
        address: address(8080),
        deadline: None,
    }
}

fn shutdown(how: How) -> Call {
    Call::Shutdown { how }
}

fn got(n: usize) -> Value {
    Value::Read {
        n,
        data: Bytes(vec![b'x'; n]),
    }
}

fn taken() -> Value {
    Value::Written { n: 5 }
}

fn poll_says(asked: &[PollEvent], events: &[PollEvent], s: &Situation) -> String {
    let call = Call::Poll {
        events: asked.to_vec(),
        timeout: Millis(0),
    };
    gives(
        call,
        Value::Ready {
            events: events.to_vec(),
        },
        s,
    )
}

#[track_caller]
fn tells(sentence: &str, words: &[&str]) {
    for word in words {
        assert!(sentence.contains(word), "{word:?} is not told in {sentence:?}");
    }
}

#[track_caller]
fn keeps_silent(sentence: &str, words: &[&str]) {
    for word in words {
        assert!(!sentence.contains(word), "{word:?} is told in {sentence:?}");
    }
}

// Errors.

#[test]
fn a_reset_is_told_once_and_then_it_is_epipe() {
    let live = connected(State::Established, State::Close);
    tells(&fails(read(), Errno::ECONNRESET, &live), &["RST", "once", "EPIPE"]);
    let told = after(Past {
        error_told: true,
        ..Past::NONE
    });
    tells(&fails(write(), Errno::EPIPE, &told), &["EPIPE", "told already"]);
}

#[test]
fn a_broken_pipe_is_our_own_doing_after_shutdown() {
    for state in [
        State::FinWait1,
        State::FinWait2,
        State::Closing,
        State::LastAck,
        State::TimeWait,
    ] {
        tells(
            &fails(write(), Errno::EPIPE, &connected(state, state)),
            &["We have sent FIN"],
        );
    }
}

#[test]
fn a_broken_pipe_in_close_wait_is_the_peers_rst() {
    tells(
        &fails(write(), Errno::EPIPE, &connected(State::CloseWait, State::Close)),
        &["RST", "CLOSE_WAIT", "ECONNRESET"],
    );
    tells(
        &fails(write(), Errno::EPIPE, &after_fin_and_rst()),
        &["FIN", "RST", "CLOSE_WAIT"],
    );
}

#[test]
fn a_write_that_waited_while_we_shut_down_blames_the_shutdown() {
    tells(
        &fails(write(), Errno::EPIPE, &connected(State::Established, State::FinWait1)),
        &["Our own shutdown", "waited"],
    );
}

#[test]
fn without_seen_segments_the_past_tells_whose_doing_the_end_was() {
    let over = connected(State::Close, State::Close);
    // Neither our shutdown nor an error told: in CLOSE with a peer, only the RST in CLOSE_WAIT is left.
    tells(
        &fails(write(), Errno::EPIPE, &over),
        &["peer's FIN", "RST", "CLOSE_WAIT"],
    );
    tells(&gives(read(), got(0), &over), &["The peer had ended its direction"]);
    let told = after(Past {
        error_told: true,
        ..Past::NONE
    });
    tells(&fails(write(), Errno::EPIPE, &told), &["told already"]);
    tells(&gives(read(), got(0), &told), &["told already"]);
    let ours = after(Past {
        writing_shut: true,
        reading_shut: true,
        ..Past::NONE
    });
    tells(&fails(write(), Errno::EPIPE, &ours), &["ourselves"]);
    tells(&gives(read(), got(0), &ours), &["ourselves"]);
}

#[test]
fn without_seen_segments_nobody_claims_that_no_rst_came() {
    for before in State::ALL {
        for now in State::ALL {
            let unseen = connected(before, now);
            for value in [got(0), got(5)] {
                keeps_silent(&gives(read(), value, &unseen), &["no RST", "no FIN"]);
            }
            keeps_silent(&fails(write(), Errno::EPIPE, &unseen), &["no RST", "no FIN"]);
        }
    }
}

#[test]
fn each_call_leaves_its_mark_on_the_past() {
    let ok = Outcome::Ok(Value::Done);
    let err = Outcome::Err;
    let with = |call: Call, outcome: &Outcome, before, connected| Past::NONE.and(&call, outcome, before, connected);
    let half = with(shutdown(How::Write), &ok, Some(State::Established), true);
    assert!(half.writing_shut && !half.reading_shut);
    let noted = with(shutdown(How::Both), &err(Errno::ENOTCONN), None, false);
    assert!(noted.writing_shut && noted.reading_shut);
    // On a connection that is over it changes nothing that could be seen.
    assert_eq!(with(shutdown(How::Both), &err(Errno::ENOTCONN), None, true), Past::NONE);
    assert_eq!(with(shutdown(How::Write), &ok, Some(State::Listen), false), Past::NONE);
    // A connect begun in vain is given up by shutdown, and so says ECONNRESET to who asks.
    let given_up = Past {
        given_up: true,
        ..Past::NONE
    };
    assert_eq!(with(shutdown(How::Write), &ok, Some(State::SynSent), true), given_up);
    assert!(with(read(), &err(Errno::ECONNRESET), None, true).error_told);
    assert!(!with(read(), &err(Errno::EAGAIN), None, true).error_told);
    assert!(!with(write(), &err(Errno::EPIPE), None, true).error_told);
    let taken = Value::PendingError {
        error: Some(Errno::EPIPE),
    };
    assert!(with(Call::SoError, &Outcome::Ok(taken), None, true).error_told);
    let all = Past {
        reading_shut: true,
        writing_shut: true,
        error_told: true,
        given_up: true,
    };
    assert_eq!(all.and(&Call::Disconnect, &ok, None, true), given_up);
    assert_eq!(all.and(&connect(), &err(Errno::ECONNREFUSED), None, true), Past::NONE);
    // What a shutdown before it noted outlives the connect.
    let again = all.and(&connect(), &ok, None, true);
    assert!(again.writing_shut && again.reading_shut && !again.error_told && !again.given_up);
}

#[test]
fn an_unconnected_socket_reads_enotconn_and_writes_epipe() {
    tells(&fails(read(), Errno::ENOTCONN, &FRESH), &["no connection"]);
    tells(&fails(write(), Errno::EPIPE, &FRESH), &["not ENOTCONN"]);
    for (call, errno) in [(read(), Errno::ENOTCONN), (write(), Errno::EPIPE)] {
        tells(&fails(call, errno, &listening()), &["listener", "accept"]);
    }
}

#[test]
fn a_shutdown_that_fails_takes_effect_all_the_same() {
    tells(
        &fails(shutdown(How::Read), Errno::ENOTCONN, &FRESH),
        &["all the same", "read gives 0"],
    );
    // The kernel notes SHUT_WR as well, but read goes on to give ENOTCONN then.
    let write = fails(shutdown(How::Write), Errno::ENOTCONN, &FRESH);
    tells(&write, &["all the same", "EPIPE"]);
    keeps_silent(&write, &["read"]);
    tells(
        &fails(shutdown(How::Both), Errno::ENOTCONN, &FRESH),
        &["read gives 0", "EPIPE"],
    );
    let over = fails(
        shutdown(How::Read),
        Errno::ENOTCONN,
        &connected(State::TimeWait, State::TimeWait),
    );
    tells(&over, &["over"]);
    keeps_silent(&over, &["all the same"]);
}

#[test]
fn a_disconnect_leaves_its_own_reset_behind() {
    let given_up = Situation {
        past: Past {
            given_up: true,
            ..Past::NONE
        },
        ..FRESH
    };
    tells(
        &fails(read(), Errno::ECONNRESET, &given_up),
        &["ourselves", "disconnect"],
    );
    // Without such a call nobody is blamed.
    keeps_silent(&fails(read(), Errno::ECONNRESET, &FRESH), &["ourselves"]);
    let held = Value::PendingError {
        error: Some(Errno::ECONNRESET),
    };
    tells(
        &gives(Call::SoError, held.clone(), &given_up),
        &["ourselves", "took the error out"],
    );
    keeps_silent(
        &gives(Call::SoError, held, &connected(State::Close, State::Close)),
        &["ourselves"],
    );
    tells(
        &fails(read(), Errno::EPIPE, &connected(State::Established, State::Close)),
        &["disconnect", "waited"],
    );
}

#[test]
fn a_timeout_names_its_timer() {
    tells(&fails(connect(), Errno::ETIMEDOUT, &FRESH), &["SYN", "tcp_syn_retries"]);
    let live = connected(State::Established, State::Close);
    tells(
        &fails(write(), Errno::ETIMEDOUT, &live),
        &["tcp_retries2", "keepalive", "TCP_USER_TIMEOUT"],
    );
    let dialling = connected(State::SynSent, State::Close);
    tells(&fails(write(), Errno::ETIMEDOUT, &dialling), &["SYN"]);
}

#[test]
fn unreachable_after_the_handshake_ends_the_connection_only_when_the_kernel_gives_up() {
    let error = Value::PendingError {
        error: Some(Errno::EHOSTUNREACH),
    };
    let alive = connected(State::Established, State::Established);
    tells(&gives(Call::SoError, error.clone(), &alive), &["lives"]);
    let dead = connected(State::Established, State::Close);
    tells(&gives(Call::SoError, error, &dead), &["gave up"]);
    tells(&fails(read(), Errno::EHOSTUNREACH, &dead), &["gave up"]);
}

#[test]
fn refusals_differ_by_what_answered() {
    let sentence = fails(connect(), Errno::ECONNREFUSED, &FRESH);
    tells(&sentence, &["RST or ICMP port unreachable"]);
    let seen = Situation {
        rst_received: true,
        ..FRESH
    };
    let sentence = fails(connect(), Errno::ECONNREFUSED, &seen);
    tells(&sentence, &["An RST answered the SYN"]);
    keeps_silent(&sentence, &["ICMP"]);
    let seen = Situation {
        icmp_received: true,
        ..FRESH
    };
    let sentence = fails(connect(), Errno::ECONNREFUSED, &seen);
    tells(&sentence, &["ICMP port unreachable answered the SYN"]);
    keeps_silent(&sentence, &["RST"]);
    let unseen = super::why(&on(connect()), &Outcome::Err(Errno::ECONNREFUSED), &FRESH);
    assert_eq!(unseen.rule, None, "nobody saw which");
    tells(&fails(connect(), Errno::ENETUNREACH, &FRESH), &["no route"]);
    tells(&fails(connect(), Errno::EHOSTUNREACH, &FRESH), &["host", "ICMP"]);
    tells(&fails(connect(), Errno::EADDRNOTAVAIL, &FRESH), &["this destination"]);
}

#[test]
fn eagain_names_who_forbids_to_wait() {
    let live = connected(State::Established, State::Established);
    tells(
        &fails(read_with(&[ReadFlag::Dontwait]), Errno::EAGAIN, &live),
        &["no FIN", "MSG_DONTWAIT"],
    );
    tells(&fails(read(), Errno::EAGAIN, &live), &["O_NONBLOCK", "SO_RCVTIMEO"]);
    tells(
        &fails(write_with(&[WriteFlag::Dontwait]), Errno::EAGAIN, &live),
        &["full", "does not read", "MSG_DONTWAIT"],
    );
    tells(&fails(write(), Errno::EAGAIN, &live), &["SO_SNDTIMEO"]);
    let dialling = connected(State::SynSent, State::SynSent);
    tells(&fails(read(), Errno::EAGAIN, &dialling), &["handshake"]);
    tells(&fails(write(), Errno::EAGAIN, &dialling), &["handshake"]);
}

#[test]
fn a_closed_descriptor_differs_from_one_that_never_was() {
    let closed = Situation { open: false, ..FRESH };
    let never = Situation { known: false, ..closed };
    tells(&fails(read(), Errno::EBADF, &closed), &["We closed"]);
    tells(&fails(read(), Errno::EBADF, &never), &["ever made"]);
    // poll says POLLNVAL, and never fails for that.
    let poll = Call::Poll {
        events: vec![PollEvent::In],
        timeout: Millis(0),
    };
    tells(&fails(poll, Errno::EBADF, &closed), &["The kernel answered EBADF"]);
}

#[test]
fn an_interrupted_connect_goes_on_and_an_interrupted_read_does_not() {
    tells(&fails(connect(), Errno::EINTR, &FRESH), &["goes on"]);
    tells(&fails(read(), Errno::EINTR, &FRESH), &["nothing is lost"]);
}

#[test]
fn einval_says_what_each_call_minds() {
    tells(
        &fails(Call::Accept { r#as: name() }, Errno::EINVAL, &FRESH),
        &["does not listen"],
    );
    let live = connected(State::Established, State::Established);
    tells(&fails(Call::Listen { backlog: 2 }, Errno::EINVAL, &live), &["peer"]);
    let bind = Call::Bind { address: address(1) };
    tells(&fails(bind, Errno::EINVAL, &live), &["address already"]);
    tells(
        &fails(read_with(&[ReadFlag::Oob]), Errno::EINVAL, &live),
        &["urgent byte"],
    );
    let set = |option| Call::SetOption { option, value: 0 };
    tells(
        &fails(set(SocketOption::Syncnt), Errno::EINVAL, &FRESH),
        &["from 1 to 127", "TCP_SYNCNT"],
    );
    tells(&fails(set(SocketOption::Keepidle), Errno::EINVAL, &FRESH), &["32767"]);
}

#[test]
fn a_connected_socket_stays_taken_after_its_connection() {
    let over = fails(connect(), Errno::EISCONN, &connected(State::Close, State::Close));
    tells(&over, &["connected once", "over"]);
    let live = fails(
        connect(),
        Errno::EISCONN,
        &connected(State::Established, State::Established),
    );
    keeps_silent(&live, &["over"]);
    tells(&fails(connect(), Errno::EISCONN, &listening()), &["listening"]);
}

#[test]
fn a_failed_attempt_is_told_once_more_to_connect() {
    tells(
        &fails(connect(), Errno::ECONNABORTED, &FRESH),
        &["told already", "anew"],
    );
    tells(&fails(read(), Errno::ECONNABORTED, &FRESH), &["ss -K"]);
}

#[test]
fn an_errno_without_a_rule_shows_the_kernels_text() {
    assert_eq!(
        fails(Call::Close, Errno(4095), &FRESH),
        format!("The kernel answered {}.", Errno(4095))
    );
    tells(&fails(Call::Close, Errno::EIO, &FRESH), &["EIO", "Input/output error"]);
}

// Successes.

#[test]
fn a_shutdown_says_what_it_ends_and_what_goes_on() {
    let half = does(shutdown(How::Write), &connected(State::Established, State::FinWait1));
    tells(&half, &["FIN sent", "still listening"]);
    let second = does(shutdown(How::Write), &connected(State::FinWait2, State::FinWait2));
    tells(&second, &["before", "nothing changes"]);
    let last = does(shutdown(How::Write), &connected(State::CloseWait, State::LastAck));
    tells(&last, &["FIN sent", "the peer's came before"]);
    // After SHUT_RD later data is still read, unless our FIN is out: then it draws an RST.
    let deaf = does(shutdown(How::Read), &connected(State::Established, State::Established));
    tells(&deaf, &["Nothing is sent", "still comes"]);
    keeps_silent(&deaf, &["RST"]);
    let both = does(shutdown(How::Both), &connected(State::Established, State::FinWait1));
    tells(&both, &["FIN sent", "RST"]);
    tells(
        &does(shutdown(How::Read), &connected(State::FinWait2, State::FinWait2)),
        &["RST"],
    );
    tells(&does(shutdown(How::Write), &listening()), &["Nothing happens"]);
    tells(&does(shutdown(How::Read), &listening()), &["listens no more"]);
    tells(
        &does(shutdown(How::Write), &connected(State::SynSent, State::Close)),
        &["given up"],
    );
}

#[test]
fn a_write_into_close_wait_may_still_draw_an_rst() {
    let hopeful = gives(write(), taken(), &connected(State::CloseWait, State::CloseWait));
    tells(&hopeful, &["if it closed both", "answers with RST"]);
    let doomed = gives(write(), taken(), &connected(State::CloseWait, State::Close));
    tells(&doomed, &["its RST has ended"]);
    keeps_silent(
        &gives(write(), taken(), &connected(State::Established, State::Established)),
        &["RST"],
    );
}

#[test]
fn a_write_that_is_cut_short_says_so() {
    let live = connected(State::Established, State::Established);
    tells(&gives(write(), Value::Written { n: 3 }, &live), &["Only so many"]);
    keeps_silent(&gives(write(), taken(), &live), &["Only so many"]);
}

#[test]
fn reading_zero_bytes_is_the_end_of_the_stream_and_says_by_whom() {
    let ended = gives(read(), got(0), &connected(State::Established, State::CloseWait));
    tells(&ended, &["The peer has ended its direction", "end of stream"]);
    // SHUT_RD leaves the state as it is.
    let deaf = Situation {
        past: Past {
            reading_shut: true,
            ..Past::NONE
        },
        ..connected(State::Established, State::Established)
    };
    tells(&gives(read(), got(0), &deaf), &["ourselves", "end of stream"]);
    keeps_silent(&gives(read(), got(0), &deaf), &["peer"]);
    tells(&gives(read(), got(0), &after_fin_and_rst()), &["FIN first"]);
    tells(&gives(read(), got(0), &FRESH), &["Not connected"]);
}

#[test]
fn reading_no_bytes_on_purpose_is_not_the_end_of_the_stream() {
    let none = Call::Read {
        n: 0,
        flags: vec![],
        deadline: None,
    };
    let live = connected(State::Established, State::Established);
    keeps_silent(&gives(none, got(0), &live), &["end of stream"]);
}

#[test]
fn bytes_are_read_before_the_end_is_told() {
    tells(
        &gives(read(), got(5), &connected(State::CloseWait, State::CloseWait)),
        &["before the peer's FIN", "then read gives 0"],
    );
    tells(
        &gives(read(), got(5), &connected(State::Close, State::Close)),
        &["read first"],
    );
    tells(
        &gives(read(), got(5), &connected(State::FinWait2, State::FinWait2)),
        &["the peer has not"],
    );
}

#[test]
fn a_close_tells_fin_from_rst_by_what_is_left() {
    let closed = |before, now| Situation {
        open: false,
        ..connected(before, now)
    };
    tells(
        &does(Call::Close, &closed(State::Established, State::FinWait2)),
        &["FIN sent"],
    );
    tells(
        &does(Call::Close, &closed(State::Established, State::Close)),
        &["RST", "SO_LINGER"],
    );
    let unread = Situation {
        unread: 5,
        ..closed(State::Established, State::Close)
    };
    tells(&does(Call::Close, &unread), &["RST", "Unread bytes"]);
    let before = |rst_sent| Situation {
        rst_sent,
        ..closed(State::CloseWait, State::Close)
    };
    tells(&does(Call::Close, &before(Some(false))), &["FIN sent", "acknowledged"]);
    tells(&does(Call::Close, &before(Some(true))), &["RST", "SO_LINGER"]);
    tells(
        &does(Call::Close, &closed(State::CloseWait, State::LastAck)),
        &["FIN sent", "last ACK"],
    );
    tells(
        &does(Call::RstClose, &closed(State::Established, State::Close)),
        &["RST sent"],
    );
    keeps_silent(&does(Call::RstClose, &closed(State::SynSent, State::Close)), &["RST"]);
    for call in [Call::Close, Call::RstClose, Call::LingerClose { seconds: 3 }] {
        tells(
            &does(call, &closed(State::Established, State::Established)),
            &["Nothing is sent", "another descriptor"],
        );
    }
    keeps_silent(&does(Call::Close, &Situation { open: false, ..FRESH }), &["FIN", "RST"]);
}

#[test]
fn a_lingering_close_succeeds_whether_or_not_its_time_ran_out() {
    let linger = || Call::LingerClose { seconds: 1 };
    tells(
        &does(linger(), &connected(State::Established, State::FinWait1)),
        &["not acknowledged", "goes on"],
    );
    tells(
        &does(linger(), &connected(State::Established, State::FinWait2)),
        &["Everything was acknowledged"],
    );
    assert_eq!(
        does(
            Call::LingerClose { seconds: 0 },
            &connected(State::Established, State::Close)
        ),
        does(Call::RstClose, &connected(State::Established, State::Close)),
    );
}

#[test]
fn poll_says_what_each_event_means() {
    use PollEvent::{Err, Hup, In, Nval, Out, Pri, Rdhup};
    let live = connected(State::Established, State::Established);
    let usual = [In, Out, Rdhup];
    assert_eq!(poll_says(&usual, &[Out], &live), "There is room to write.");
    tells(&poll_says(&usual, &[In, Out], &live), &["There are bytes to read;"]);
    // Not asked for RDHUP, IN may be the end of the stream.
    tells(&poll_says(&[In], &[In], &live), &["or the end of the stream"]);
    let fin = connected(State::CloseWait, State::CloseWait);
    tells(
        &poll_says(&usual, &[In, Out, Rdhup], &fin),
        &["peer's FIN has come", "then 0", "room to write"],
    );
    keeps_silent(&poll_says(&usual, &[In, Out, Rdhup], &live), &["has come"]);
    let deaf = Situation {
        past: Past {
            reading_shut: true,
            ..Past::NONE
        },
        ..live
    };
    tells(&poll_says(&usual, &[In, Out, Rdhup], &deaf), &["We shut reading down"]);
    let over = connected(State::Close, State::Close);
    tells(
        &poll_says(&usual, &[In, Out, Rdhup, Err, Hup], &over),
        &["error waits", "both directions are over"],
    );
    keeps_silent(&poll_says(&usual, &[In, Out, Rdhup, Hup], &over), &["error"]);
    tells(&poll_says(&usual, &[Out, Hup], &FRESH), &["There is no connection"]);
    tells(&poll_says(&usual, &[In], &listening()), &["waits for accept"]);
    tells(&poll_says(&[Pri], &[Pri], &live), &["urgent"]);
    tells(&poll_says(&usual, &[Nval], &FRESH), &["no open descriptor"]);
    tells(&poll_says(&usual, &[], &live), &["Nothing"]);
}

#[test]
fn so_error_takes_the_error_out() {
    let held = |errno| Value::PendingError { error: Some(errno) };
    let over = connected(State::Close, State::Close);
    tells(
        &gives(Call::SoError, held(Errno::ECONNREFUSED), &over),
        &["connect begun earlier", "took the error out"],
    );
    tells(&gives(Call::SoError, held(Errno::EPIPE), &over), &["CLOSE_WAIT"]);
    let none = Value::PendingError { error: None };
    tells(&gives(Call::SoError, none.clone(), &over), &["told already"]);
    let dialling = connected(State::SynSent, State::SynSent);
    tells(&gives(Call::SoError, none, &dialling), &["handshake is not done"]);
}

#[test]
fn a_backlog_of_n_holds_one_more() {
    let listen = |backlog| does(Call::Listen { backlog }, &FRESH);
    tells(&listen(2), &["3 may wait"]);
    tells(&listen(0), &["1 may wait"]);
    tells(&listen(-1), &["somaxconn"]);
    tells(&listen(i32::MAX), &["somaxconn"]);
}

#[test]
fn an_option_says_what_it_will_do() {
    let set = |option, value| does(Call::SetOption { option, value }, &FRESH);
    tells(&set(SocketOption::Linger, 0), &["SO_LINGER", "RST"]);
    keeps_silent(&set(SocketOption::Linger, 5), &["RST"]);
    tells(&set(SocketOption::Nonblock, 1), &["EAGAIN", "EINPROGRESS"]);
    let reading = OptionReading {
        option: SocketOption::Rcvbuf,
        value: Reading::Value(131_072),
    };
    let get = Call::GetOption {
        option: SocketOption::Rcvbuf,
    };
    tells(
        &gives(
            get,
            Value::Options {
                readings: vec![reading],
            },
            &FRESH,
        ),
        &["131072 bytes", "doubles"],
    );
}

#[test]
fn a_deadline_is_ours_and_the_kernel_goes_on() {
    let passed = |call, written, s: &Situation| why(&on(call), &Outcome::DeadlineExceeded { written }, s);
    tells(
        &passed(connect(), 0, &connected(State::Close, State::SynSent)),
        &["goes on trying", "SYN_SENT"],
    );
    tells(
        &passed(write(), 70_000, &connected(State::Established, State::Established)),
        &["70000 bytes were taken"],
    );
    tells(
        &passed(write(), 0, &connected(State::Established, State::Established)),
        &["not one byte"],
    );
}

#[test]
fn the_process_calls_are_explained_too() {
    let interrupt = Order::Process(ProcessCall::Interrupt { target: CallId(3) });
    tells(&why(&interrupt, &Outcome::Err(Errno::ESRCH), &FRESH), &["not blocked"]);
    tells(&why(&interrupt, &Outcome::Ok(Value::Done), &FRESH), &["EINTR"]);
    let sigpipe = |disposition| Order::Process(ProcessCall::Sigpipe { disposition });
    tells(
        &why(&sigpipe(Sigpipe::Default), &Outcome::Ok(Value::Done), &FRESH),
        &["kills"],
    );
    tells(
        &why(&sigpipe(Sigpipe::Ignore), &Outcome::Ok(Value::Done), &FRESH),
        &["EPIPE"],
    );
}

#[test]
fn a_runtimes_own_words_become_one_plain_sentence() {
    let outcome = Outcome::Unsupported("no shutdown\n\u{1b}[2J here! Not at all.. ".into());
    let sentence = why(&on(Call::Close), &outcome, &FRESH);
    is_one_plain_sentence(&sentence);
    tells(&sentence, &["no shutdown", "Not at all"]);
    is_one_plain_sentence(&why(&on(Call::Close), &Outcome::Unsupported(String::new()), &FRESH));
}

#[test]
fn a_value_that_does_not_fit_its_call_is_not_explained() {
    assert_eq!(gives(Call::Close, got(0), &FRESH), DONE);
    assert_eq!(gives(read(), Value::Done, &FRESH), DONE);
}

// Every combination.

#[track_caller]
fn is_one_plain_sentence(sentence: &str) {
    let body = sentence
        .strip_suffix('.')
        .unwrap_or_else(|| panic!("no period: {sentence:?}"));
    assert!(!body.is_empty(), "empty");
    assert!(!body.ends_with(['.', ' ', ';', ':']), "{sentence:?}");
    for bad in [". ", "! ", "? ", "  "] {
        assert!(!body.contains(bad), "{bad:?} in {sentence:?}");
    }
    assert!(!body.contains('!'), "{sentence:?}");
    assert!(sentence.chars().all(|c| !c.is_control()), "{sentence:?}");
    assert!(
        sentence.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit()),
        "{sentence:?}"
    );
    assert!(sentence.len() <= 140, "{} columns: {sentence:?}", sentence.len());
}

fn calls() -> Vec<Call> {
    let mut calls = vec![
        Call::Socket { family: Family::Inet },
        Call::Bind { address: address(8080) },
        Call::Bind { address: address(0) },
        Call::Accept { r#as: name() },
        connect(),
        read(),
        write(),
        Call::Close,
        Call::RstClose,
        Call::LingerClose { seconds: 0 },
        Call::LingerClose { seconds: 5 },
        Call::Disconnect,
        Call::Dup { r#as: name() },
        Call::SoError,
        Call::Options,
    ];
    calls.extend([-1, 0, 2, i32::MAX].map(|backlog| Call::Listen { backlog }));
    calls.extend([How::Read, How::Write, How::Both].map(shutdown));
    calls.extend([ReadFlag::Peek, ReadFlag::Waitall, ReadFlag::Dontwait, ReadFlag::Oob].map(|flag| read_with(&[flag])));
    calls.extend([WriteFlag::Nosignal, WriteFlag::Oob, WriteFlag::Dontwait].map(|flag| write_with(&[flag])));
    calls.push(Call::Poll {
        events: PollEvent::ALL.to_vec(),
        timeout: Millis(0),
    });
    for &option in SocketOption::ALL {
        calls.push(Call::GetOption { option });
        calls.extend([-1, 0, 1].map(|value| Call::SetOption { option, value }));
    }
    calls
}

fn values() -> Vec<Value> {
    let mut values = vec![
        Value::Done,
        Value::Descriptor { fd: 5, peer: None },
        got(0),
        got(5),
        got(1024),
        taken(),
        Value::Written { n: 0 },
        Value::PendingError { error: None },
        Value::Options { readings: vec![] },
    ];
    // Every set of events.
    values.extend((0..1 << PollEvent::ALL.len()).map(|set: u32| {
        Value::Ready {
            events: PollEvent::ALL
                .into_iter()
                .enumerate()
                .filter(|(bit, _)| set & (1 << bit) != 0)
                .map(|(_, e)| e)
                .collect(),
        }
    }));
    values.extend(
        Errno::NAMED
            .iter()
            .map(|&(errno, _)| Value::PendingError { error: Some(errno) }),
    );
    for &option in SocketOption::ALL {
        values.extend(
            [
                Reading::Value(-1),
                Reading::Value(0),
                Reading::Value(1),
                Reading::Errno(Errno::ENOPROTOOPT),
            ]
            .map(|value| Value::Options {
                readings: vec![OptionReading { option, value }],
            }),
        );
    }
    values
}

fn situations() -> Vec<Situation> {
    let states: Vec<Option<State>> = std::iter::once(None).chain(State::ALL.map(Some)).collect();
    let mut all = Vec::new();
    for &before in &states {
        for &now in &states {
            for bits in 0..2048_u32 {
                let bit = |n: u32| bits & (1 << n) != 0;
                all.push(Situation {
                    side: Side::Client,
                    open: bit(0),
                    known: bit(1),
                    connected: bit(2),
                    listening: bit(3),
                    before,
                    now,
                    fin_received: bit(4),
                    rst_received: bit(5),
                    icmp_received: bit(9),
                    unread: 0,
                    rst_sent: Some(false),
                    past: Past {
                        reading_shut: bit(6),
                        writing_shut: bit(7),
                        error_told: bit(8),
                        given_up: bit(10),
                    },
                    takes_unasked: false,
                });
            }
        }
    }
    all
}

/// All the sentences for these orders and outcomes, each once, in as many situations.
fn sentences<'a>(
    orders: &[Order],
    outcomes: &[Outcome],
    situations: impl Iterator<Item = &'a Situation> + Clone,
) -> HashSet<String> {
    let mut told = HashSet::new();
    for order in orders {
        for outcome in outcomes {
            told.extend(situations.clone().map(|s| why(order, outcome, s)));
        }
    }
    told
}

#[test]
fn every_errno_of_every_call_has_one_plain_sentence() {
    let orders: Vec<_> = calls().into_iter().map(on).collect();
    let errnos: Vec<_> = Errno::NAMED.iter().map(|&(errno, _)| Outcome::Err(errno)).collect();
    let told = sentences(&orders, &errnos, situations().iter().step_by(1511));
    assert!(told.len() > 100, "only {} sentences for all of them", told.len());
    told.iter().for_each(|sentence| is_one_plain_sentence(sentence));
}

#[test]
fn every_value_of_every_call_has_one_plain_sentence() {
    let orders: Vec<_> = calls().into_iter().map(on).collect();
    let values: Vec<_> = values().into_iter().map(Outcome::Ok).collect();
    let told = sentences(&orders, &values, situations().iter().step_by(7001));
    assert!(told.len() > 200, "only {} sentences for all of them", told.len());
    told.iter().for_each(|sentence| is_one_plain_sentence(sentence));
}

#[test]
fn every_situation_of_the_calls_that_look_at_it_has_one_plain_sentence() {
    let mut orders: Vec<_> = [read(), write(), connect(), Call::SoError].map(on).into();
    orders.extend([How::Read, How::Write, How::Both].map(|how| on(shutdown(how))));
    orders.extend(
        [
            Call::Close,
            Call::RstClose,
            Call::LingerClose { seconds: 5 },
            Call::Disconnect,
        ]
        .map(on),
    );
    let outcomes = [
        Outcome::Ok(Value::Done),
        Outcome::Ok(got(0)),
        Outcome::Ok(got(5)),
        Outcome::Ok(taken()),
        Outcome::Err(Errno::EPIPE),
        Outcome::Err(Errno::ECONNRESET),
        Outcome::DeadlineExceeded { written: 0 },
    ];
    let told = sentences(&orders, &outcomes, situations().iter().step_by(5));
    assert!(told.len() > 60, "only {} sentences for all of them", told.len());
    told.iter().for_each(|sentence| is_one_plain_sentence(sentence));
}

#[test]
fn the_errnos_that_a_user_meets_have_more_than_their_text() {
    let met: &[(Call, &[Errno])] = &[
        (
            read(),
            &[
                Errno::EAGAIN,
                Errno::EBADF,
                Errno::ECONNABORTED,
                Errno::ECONNREFUSED,
                Errno::ECONNRESET,
                Errno::EHOSTUNREACH,
                Errno::EINTR,
                Errno::ENETUNREACH,
                Errno::ENOTCONN,
                Errno::EPIPE,
                Errno::ETIMEDOUT,
            ],
        ),
        (
            write(),
            &[
                Errno::EAGAIN,
                Errno::EBADF,
                Errno::ECONNABORTED,
                Errno::ECONNREFUSED,
                Errno::ECONNRESET,
                Errno::EHOSTUNREACH,
                Errno::EINTR,
                Errno::ENETUNREACH,
                Errno::EPIPE,
                Errno::ETIMEDOUT,
            ],
        ),
        (
            connect(),
            &[
                Errno::EADDRNOTAVAIL,
                Errno::EAFNOSUPPORT,
                Errno::EALREADY,
                Errno::EBADF,
                Errno::ECONNABORTED,
                Errno::ECONNREFUSED,
                Errno::ECONNRESET,
                Errno::EHOSTUNREACH,
                Errno::EINPROGRESS,
                Errno::EINTR,
                Errno::EINVAL,
                Errno::EISCONN,
                Errno::ENETUNREACH,
                Errno::ETIMEDOUT,
            ],
        ),
        (
            Call::Bind { address: address(80) },
            &[
                Errno::EADDRINUSE,
                Errno::EADDRNOTAVAIL,
                Errno::EAFNOSUPPORT,
                Errno::EBADF,
                Errno::EINVAL,
            ],
        ),
        (
            Call::Listen { backlog: 2 },
            &[Errno::EADDRINUSE, Errno::EBADF, Errno::EINVAL],
        ),
        (
            Call::Accept { r#as: name() },
            &[Errno::EAGAIN, Errno::EBADF, Errno::EINTR, Errno::EINVAL],
        ),
        (shutdown(How::Write), &[Errno::EBADF, Errno::ENOTCONN]),
        (
            Call::SetOption {
                option: SocketOption::Cork,
                value: 1,
            },
            &[Errno::EBADF, Errno::EINVAL],
        ),
    ];
    for (call, errnos) in met {
        for &errno in *errnos {
            // A descriptor that is open cannot be EBADF.
            let open = errno != Errno::EBADF;
            let s = Situation {
                open,
                ..connected(State::CloseWait, State::Close)
            };
            keeps_silent(&fails(call.clone(), errno, &s), &["The kernel answered"]);
        }
    }
}

// The table.

#[test]
fn a_rule_is_found_by_its_id_and_has_all_that_is_said_about_it() {
    let mut names = HashSet::new();
    for rule in rules::RULES {
        assert_eq!(rule.id.rule(), rule);
        assert!(names.insert(rule.id.name()), "{} twice", rule.id);
        assert_eq!(serde_json::to_value(rule.id).unwrap(), rule.id.name());
        is_one_plain_sentence(&rule.because.to_string());
        assert!(!rule.calls.is_empty(), "{}: no call", rule.id);
        assert!(!rule.states.is_empty(), "{}: no state", rule.id);
        assert!(!rule.set_by.is_empty(), "{}: set by nothing", rule.id);
        // The program's own deadline is all that neither the kernel nor an RFC decides.
        let ours = rule.gives == rules::Gives::Deadline;
        assert_eq!(rule.decided_by.is_empty(), ours, "{}: who decides?", rule.id);
    }
}

/// The table says of each rule which calls it is about and what they give back; what falls under it is just that.
#[test]
fn an_outcome_falls_under_a_rule_that_is_about_it() {
    use rules::{CallClass, Gives};
    let errnos = Errno::NAMED.iter().map(|&(errno, _)| errno);
    let outcomes: Vec<_> = errnos
        .clone()
        .map(Outcome::Err)
        .chain(errnos.map(|errno| Outcome::Ok(Value::PendingError { error: Some(errno) })))
        .chain([Outcome::Ok(got(0)), Outcome::Ok(got(5)), Outcome::Ok(Value::Done)])
        .chain([0, 9].map(|written| Outcome::DeadlineExceeded { written }))
        .collect();
    let situations = situations();
    let mut fell = HashSet::new();
    for call in calls() {
        for outcome in &outcomes {
            let gave = match outcome {
                Outcome::Err(errno) | Outcome::Ok(Value::PendingError { error: Some(errno) }) => {
                    Some(Gives::Errno(*errno))
                }
                Outcome::Ok(Value::Read { n: 0, .. }) => Some(Gives::Eof),
                Outcome::DeadlineExceeded { .. } => Some(Gives::Deadline),
                _ => None,
            };
            let order = on(call.clone());
            for s in situations.iter().step_by(311) {
                let Some(id) = super::why(&order, outcome, s).rule else {
                    continue;
                };
                let rule = id.rule();
                assert_eq!(Some(rule.gives), gave, "{id}: {call:?}");
                assert!(CallClass::any_is(rule.calls, call.kind()), "{id}: {call:?}");
                fell.insert(id);
            }
        }
    }
    let never: Vec<_> = rules::RULES.iter().filter(|rule| !fell.contains(&rule.id)).collect();
    assert!(never.is_empty(), "nothing falls under {never:?}");
}
