//! The fields of a socket's record that each event sets, and those that it leaves alone.

use super::*;
use State::{Close, CloseWait, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait};
use finwait_model::call::{Bytes, WriteFlag};
use finwait_wire::segment::TcpOption;
use std::net::SocketAddr;

const FIN_ACK: Flags = Flags(Flags::FIN.0 | Flags::ACK.0);
const OK: Outcome = Outcome::Ok(Value::Done);

const fn err(errno: Errno) -> Outcome {
    Outcome::Err(errno)
}

fn connect() -> Call {
    Call::Connect {
        address: "10.0.0.2:8080".parse().unwrap(),
        deadline: None,
    }
}

fn read(flags: &[ReadFlag]) -> Call {
    Call::Read {
        n: 10,
        flags: flags.to_vec(),
        deadline: None,
    }
}

fn write() -> Call {
    Call::Write {
        data: Bytes(b"hello".to_vec()),
        repeat: 1,
        flags: vec![WriteFlag::Nosignal],
        deadline: None,
    }
}

const fn shutdown(how: ShutdownHow) -> Call {
    Call::Shutdown { how }
}

const fn set(option: SocketOption, value: i64) -> Call {
    Call::SetOption { option, value }
}

fn pending(errno: Errno) -> Outcome {
    Outcome::Ok(Value::PendingError { error: Some(errno) })
}

/// With one happening more.
trait With: Sized {
    fn with(self, change: impl FnOnce(&mut Self)) -> Self;
}

impl With for Sock {
    fn with(mut self, change: impl FnOnce(&mut Sock)) -> Sock {
        change(&mut self);
        self
    }
}

fn dialling() -> Sock {
    let mut sock = Sock {
        connected: true,
        ..Sock::default()
    };
    sock.changed(Close, SynSent, EndCause::Call(CallClass::Connect), 1, 2);
    sock
}

/// A client's connection, whose connect returned in entry 5.
fn connected() -> Sock {
    dialling()
        .with(|sock| sock.changed(SynSent, Established, EndCause::Segment, 3, 4))
        .with(|sock| sock.called(&connect(), &OK, None, 5))
}

/// One that an RST, entry 20, has ended.
fn reset() -> Sock {
    connected().with(|sock| sock.changed(Established, Close, EndCause::Rst, 20, 21))
}

// What the kernel takes, and what it ignores.

/// The FIN that ended it is sent again before anybody asks: it is still the first one that did.
#[test]
fn a_fin_beyond_a_gap_that_comes_again_is_still_what_ended_it() {
    let ended = connected()
        .with(|sock| sock.received(FIN_ACK, 30))
        .with(|sock| sock.changed(FinWait2, Close, EndCause::Segment, 30, 31));
    assert!(ended.ended_by_fin_beyond_a_gap());
    let again = ended.with(|sock| sock.received(FIN_ACK, 33));
    assert!(again.ended_by_fin_beyond_a_gap());
}

#[test]
fn a_segment_that_the_kernel_ignored_sets_nothing() {
    for flags in [FIN_ACK, Flags::RST, Flags::SYN] {
        let before = connected();
        let after = before.with(|sock| sock.received(flags, 30));
        // A FIN that waits behind a hole, or came beyond the window: no change of state, so it was not taken.
        assert_eq!(
            (after.fin, after.end, after.has_error()),
            (None, None, false),
            "{flags}"
        );
        let seen = |sock: Sock| Sock {
            fin_arrived: None,
            ..sock
        };
        assert_eq!(seen(after), seen(before), "{flags}");
    }
}

#[test]
fn a_fin_is_taken_with_the_change_of_state_and_has_the_entry_in_which_it_came() {
    for (from, to) in [
        (Established, CloseWait),
        (FinWait1, Closing),
        (FinWait1, TimeWait),
        (FinWait2, TimeWait),
        (SynRecv, CloseWait),
    ] {
        let taken = connected()
            .with(|sock| sock.received(FIN_ACK, 30))
            .with(|sock| sock.changed(from, to, EndCause::Segment, 33, 34));
        // What it waited for was the data in entry 33.
        assert_eq!(taken.fin, Some(30), "{from} -> {to}");
        assert!(!taken.has_error(), "{from} -> {to}: {:?}", taken.end);
        // Where no segment is seen, the change of state is all that tells.
        let unseen = connected().with(|sock| sock.changed(from, to, EndCause::Unseen(None), 34, 34));
        assert_eq!(unseen.fin, Some(34), "{from} -> {to}");
    }
    // From one state that has the FIN to another: it is the same FIN.
    let once = connected().with(|sock| sock.changed(Established, CloseWait, EndCause::Segment, 30, 31));
    let again = once.with(|sock| sock.changed(CloseWait, LastAck, EndCause::Call(CallClass::Close), 40, 41));
    assert_eq!(again.fin, Some(30));
}

#[test]
fn a_fin_after_the_end_sets_nothing() {
    let after = reset().with(|sock| sock.received(FIN_ACK, 30));
    assert_eq!((after.fin, after.end), (None, reset().end));
    assert!(after.has_error());
}

#[test]
fn the_first_end_is_the_one_that_counts() {
    let end = reset().end.unwrap();
    assert_eq!(
        (end.by, end.from, end.to, end.entry),
        (EndCause::Rst, Established, Close, 20)
    );
    let time_wait = connected()
        .with(|sock| sock.changed(FinWait2, TimeWait, EndCause::Segment, 30, 31))
        .with(|sock| sock.changed(TimeWait, Close, EndCause::Timer(TimerKind::TimeWait), 50, 50));
    assert_eq!(time_wait.end.unwrap().entry, 30);
    assert!(!time_wait.has_error());
}

#[test]
fn the_end_leaves_an_error_unless_both_fins_made_it() {
    let ends = |from, to, by| connected().with(|sock| sock.changed(from, to, by, 30, 31));
    let timer = EndCause::Timer(TimerKind::Retransmit);
    for (from, to, by, leaves) in [
        (Established, Close, EndCause::Rst, true),
        (CloseWait, Close, EndCause::Rst, true),
        (SynSent, Close, EndCause::Icmp(IcmpError::Host), true),
        (FinWait1, Close, timer, true),
        (Established, Close, EndCause::Administrator, true),
        (Established, Close, EndCause::Call(CallClass::Disconnect), true),
        (SynSent, Close, EndCause::Call(CallClass::Shutdown), true),
        // Data after SHUT_RDWR: the kernel resets the connection itself.
        (FinWait1, Close, EndCause::Segment, true),
        (FinWait2, Close, EndCause::Segment, true),
        // The peer's FIN.
        (FinWait2, TimeWait, EndCause::Segment, false),
        (Closing, TimeWait, EndCause::Segment, false),
        // The last ACK.
        (LastAck, Close, EndCause::Segment, false),
        (Established, Close, EndCause::Call(CallClass::Close), false),
        (Established, Close, EndCause::Death, false),
    ] {
        let sock = ends(from, to, by);
        assert_eq!(sock.has_error(), leaves, "{from} -> {to} by {by:?}");
        assert_eq!(sock.end.unwrap().is_by_data(), leaves && by == EndCause::Segment);
    }
}

#[test]
fn what_left_the_host_is_the_newest_of_each_kind() {
    let mut sock = dialling();
    for entry in [3, 7, 9] {
        sock.sent(Flags::SYN, entry);
    }
    sock.sent(FIN_ACK, 11);
    sock.sent(FIN_ACK, 12);
    sock.sent(Flags::RST, 13);
    sock.sent(Flags::ACK, 14);
    assert_eq!(
        sock.left,
        SentSegments {
            fin: Some(12),
            rst: Some(13),
            syns: 3
        }
    );
}

#[test]
fn an_urgent_byte_is_there_until_it_is_read() {
    let oob = read(&[ReadFlag::Oob]);
    let got = |n| {
        Outcome::Ok(Value::Read {
            n,
            data: Bytes(vec![b'!'; n]),
        })
    };
    let mut sock = connected().with(|sock| sock.received(Flags::URG, 30));
    assert_eq!((sock.urgent, sock.urgent_read), (Some(30), false));
    sock.called(&read(&[ReadFlag::Oob, ReadFlag::Peek]), &got(1), Some(Established), 31);
    sock.called(&read(&[]), &got(1), Some(Established), 32);
    assert!(!sock.urgent_read, "it was only looked at");
    sock.called(&oob, &got(1), Some(Established), 33);
    assert!(sock.urgent_read);
    sock.received(Flags::URG, 40);
    assert_eq!((sock.urgent, sock.urgent_read), (Some(40), false));
}

// ICMP.

#[test]
fn icmp_is_noted_on_a_connection_and_only_there() {
    let mut attempt = dialling();
    attempt.hears(IcmpError::Host, 30);
    assert_eq!(attempt.noted, None, "it ends an attempt instead");
    let mut over = reset();
    over.hears(IcmpError::Host, 30);
    assert_eq!(over.noted, None, "nobody is there to note it");
    let mut live = connected();
    live.hears(IcmpError::Host, 30);
    live.hears(IcmpError::Network, 31);
    assert_eq!(live.noted, Some((IcmpError::Network, 31)));
    assert!(!live.has_error(), "the connection goes on");
    // SO_ERROR takes the note; nothing of the connection's was reported by that.
    live.called(&Call::SoError, &pending(Errno::ENETUNREACH), Some(Established), 32);
    assert_eq!((live.noted, live.reported), (None, None));
}

// What is reported.

#[test]
fn the_error_is_reported_to_the_first_that_asks() {
    for (call, outcome) in [
        (read(&[]), err(Errno::ECONNRESET)),
        (write(), err(Errno::ECONNRESET)),
        (Call::SoError, pending(Errno::ECONNRESET)),
    ] {
        let asked = reset().with(|sock| sock.called(&call, &outcome, None, 30));
        assert_eq!((asked.reported, asked.has_error()), (Some(30), false), "{call:?}");
    }
    for (call, outcome) in [
        (read(&[]), err(Errno::EAGAIN)),
        (write(), err(Errno::EPIPE)),
        (read(&[]), err(Errno::EBADF)),
        (shutdown(ShutdownHow::Both), err(Errno::ENOTCONN)),
        (connect(), err(Errno::EISCONN)),
        (Call::SoError, Outcome::Ok(Value::PendingError { error: None })),
    ] {
        let asked = reset().with(|sock| sock.called(&call, &outcome, None, 30));
        assert_eq!((asked.reported, asked.has_error()), (None, true), "{call:?}");
    }
}

#[test]
fn an_epipe_that_waits_is_an_error_like_any_other() {
    let half = connected().with(|sock| sock.changed(Established, CloseWait, EndCause::Segment, 20, 21));
    let waits = half.with(|sock| sock.changed(CloseWait, Close, EndCause::Rst, 22, 23));
    assert!(waits.epipe_waits() && waits.has_error());
    // A read looks at the FIN first, and takes nothing.
    let nothing = Outcome::Ok(Value::Read {
        n: 0,
        data: Bytes::default(),
    });
    let mut sock = waits.with(|sock| sock.called(&read(&[]), &nothing, None, 24));
    assert!(sock.epipe_waits());
    sock.called(&write(), &err(Errno::EPIPE), None, 25);
    assert_eq!((sock.epipe_waits(), sock.reported), (false, Some(25)));
    // The next one's EPIPE is only what is left.
    sock.called(&write(), &err(Errno::EPIPE), None, 26);
    assert_eq!(sock.reported, Some(25));
    let by_so_error = waits.with(|sock| sock.called(&Call::SoError, &pending(Errno::EPIPE), None, 24));
    assert!(!by_so_error.epipe_waits());
    // Elsewhere an RST leaves ECONNRESET.
    assert!(!reset().epipe_waits());
}

// Shutdown.

#[test]
fn a_shutdown_ends_its_direction_and_the_first_one_counts() {
    let mut sock = connected();
    sock.called(&shutdown(ShutdownHow::Write), &OK, Some(Established), 30);
    assert_eq!((sock.sending_shut, sock.receiving_shut), (Some(30), None));
    sock.called(&shutdown(ShutdownHow::Both), &OK, Some(FinWait2), 31);
    assert_eq!((sock.sending_shut, sock.receiving_shut), (Some(30), Some(31)));
    let failed = connected().with(|sock| sock.called(&shutdown(ShutdownHow::Read), &err(Errno::EBADF), None, 30));
    assert_eq!(failed, connected());
}

#[test]
fn a_shutdown_without_a_connection_fails_and_is_noted_and_outlives_a_connect() {
    let mut sock = Sock::default();
    sock.called(&shutdown(ShutdownHow::Both), &err(Errno::ENOTCONN), None, 1);
    assert_eq!((sock.sending_shut, sock.receiving_shut), (Some(1), Some(1)));
    sock.connected = true;
    sock.changed(Close, SynSent, EndCause::Call(CallClass::Connect), 2, 3);
    sock.changed(SynSent, Established, EndCause::Segment, 4, 5);
    sock.called(&connect(), &OK, None, 6);
    assert_eq!((sock.sending_shut, sock.receiving_shut), (Some(1), Some(1)));
}

#[test]
fn a_shutdown_of_an_attempt_dissolves_it() {
    for how in [ShutdownHow::Read, ShutdownHow::Write, ShutdownHow::Both] {
        let sock = dialling()
            .with(|sock| sock.changed(SynSent, Close, EndCause::Call(CallClass::Shutdown), 30, 31))
            .with(|sock| sock.called(&shutdown(how), &OK, Some(SynSent), 32));
        assert!(!sock.connected);
        assert_eq!((sock.sending_shut, sock.receiving_shut), (None, None));
        assert_eq!(
            sock.dissolved,
            Some(CallEntry {
                class: CallClass::Shutdown,
                entry: 32
            })
        );
        assert!(sock.has_error(), "ECONNRESET waits in it");
        assert_eq!(
            sock.end.unwrap().entry,
            32,
            "the call that returned, rather than its beginning"
        );
    }
}

#[test]
fn a_listener_ends_by_a_shutdown_of_reading_and_not_of_writing() {
    let listens = || {
        let mut sock = Sock::default();
        sock.changed(Close, Listen, EndCause::Call(CallClass::Listen), 1, 2);
        sock.called(&Call::Listen { backlog: 2 }, &OK, None, 3);
        sock
    };
    let sock = listens();
    assert!(sock.listening);
    assert_eq!(sock.named.map(|made| made.class), Some(CallClass::Listen));
    let written = listens().with(|sock| sock.called(&shutdown(ShutdownHow::Write), &OK, Some(Listen), 10));
    assert_eq!(written, listens());
    let read = listens()
        .with(|sock| sock.changed(Listen, Close, EndCause::Call(CallClass::Shutdown), 10, 11))
        .with(|sock| sock.called(&shutdown(ShutdownHow::Read), &OK, Some(Listen), 12));
    assert!(!read.listening && !read.has_error());
    assert_eq!(read.stopped, Some((EndCause::Call(CallClass::Shutdown), 12)));
    assert_eq!((read.receiving_shut, read.dissolved), (None, None), "it had no peer");
    // tcp_abort leaves ECONNABORTED in a listener, too.
    let destroyed = listens().with(|sock| sock.changed(Listen, Close, EndCause::Administrator, 11, 11));
    assert!(!destroyed.listening && destroyed.has_error());
    assert_eq!(destroyed.stopped, Some((EndCause::Administrator, 11)));
    // It may listen again.
    let again = read.with(|sock| sock.called(&Call::Listen { backlog: 2 }, &OK, None, 20));
    assert!(again.listening && again.stopped.is_none());
}

// A peer that goes, and another one that comes.

#[test]
fn a_disconnect_takes_the_peer_away_and_opens_both_directions() {
    let mut sock = connected().with(|sock| {
        sock.hears(IcmpError::Host, 10);
        sock.called(&shutdown(ShutdownHow::Both), &OK, Some(Established), 11);
        sock.changed(Established, CloseWait, EndCause::Segment, 12, 13);
        sock.called(&set(SocketOption::Nonblock, 1), &OK, Some(CloseWait), 14);
    });
    sock.changed(CloseWait, Close, EndCause::Call(CallClass::Disconnect), 30, 31);
    sock.called(&Call::Disconnect, &OK, Some(CloseWait), 32);
    assert!(!sock.connected && sock.has_error());
    assert_eq!((sock.peer, sock.fin, sock.noted), (None, None, None));
    assert_eq!((sock.sending_shut, sock.receiving_shut), (None, None));
    assert_eq!(
        sock.dissolved,
        Some(CallEntry {
            class: CallClass::Disconnect,
            entry: 32
        })
    );
    let end = sock.end.unwrap();
    assert_eq!((end.by, end.entry), (EndCause::Call(CallClass::Disconnect), 32));
    assert!(sock.options.nonblock, "what was set on it stays");
    // One without a peer is not dissolved.
    let unconnected = Sock::default().with(|sock| sock.called(&Call::Disconnect, &OK, None, 1));
    assert_eq!(unconnected.dissolved, None);
    // One that failed took nothing away.
    let failed = connected().with(|sock| sock.called(&Call::Disconnect, &err(Errno::EBADF), None, 30));
    assert_eq!(failed, connected());
}

#[test]
fn a_new_attempt_begins_with_nothing_of_the_one_before_but_what_was_set() {
    let mut sock = connected().with(|sock| {
        sock.called(&set(SocketOption::Syncnt, 3), &OK, Some(Established), 6);
        sock.sent(FIN_ACK, 10);
        sock.changed(Established, CloseWait, EndCause::Segment, 12, 13);
        sock.changed(CloseWait, Close, EndCause::Rst, 14, 15);
        sock.called(&write(), &err(Errno::EPIPE), None, 16);
        sock.called(&Call::Disconnect, &OK, None, 17);
    });
    sock.connected = true;
    sock.changed(Close, SynSent, EndCause::Call(CallClass::Connect), 30, 31);
    let expected = Sock {
        connected: true,
        options: SockOptions {
            syncnt: Some(3),
            ..SockOptions::default()
        },
        ..Sock::default()
    };
    assert_eq!(sock, expected);
    sock.sent(Flags::SYN, 32);
    assert_eq!(sock.left.syns, 1, "the SYNs of this attempt");
}

/// A port that the kernel chose is given up with the connection, one that was bound is kept (`tcp_set_state`).
#[test]
fn a_bound_port_outlives_the_connection() {
    let ended = |sock: Sock| {
        sock.with(|sock| sock.changed(Established, Close, EndCause::Rst, 20, 21))
            .named
    };
    assert_eq!(ended(connected()), None);
    let bind = Call::Bind {
        address: "10.0.0.1:7000".parse().unwrap(),
    };
    let bound = Sock::default().with(|sock| {
        sock.called(&bind, &OK, None, 1);
        sock.changed(Close, SynSent, EndCause::Call(CallClass::Connect), 2, 3);
        sock.changed(SynSent, Established, EndCause::Segment, 4, 5);
    });
    let named = Some(CallEntry {
        class: CallClass::Bind,
        entry: 1,
    });
    assert_eq!(ended(bound), named);
}

#[test]
fn a_connect_that_failed_has_reported_its_error_itself() {
    let refused = dialling()
        .with(|sock| sock.called(&set(SocketOption::Nonblock, 1), &OK, None, 10))
        .with(|sock| sock.changed(SynSent, Close, EndCause::Rst, 20, 21))
        .with(|sock| sock.called(&connect(), &err(Errno::ECONNREFUSED), None, 22));
    assert!(!refused.connected && !refused.has_error());
    assert_eq!((refused.reported, refused.peer), (Some(22), None));
    assert!(refused.options.nonblock);
    // One that failed before anything was sent: there never was an error in the socket.
    let unroutable = Sock::default().with(|sock| {
        sock.connected = true;
        sock.called(&connect(), &err(Errno::ENETUNREACH), None, 1);
    });
    assert!(!unroutable.connected && !unroutable.has_error());
}

#[test]
fn a_connect_that_goes_on_has_a_peer() {
    for outcome in [
        OK,
        err(Errno::EINPROGRESS),
        err(Errno::EINTR),
        Outcome::DeadlineExceeded { written: 0 },
    ] {
        let sock = dialling().with(|sock| sock.called(&connect(), &outcome, None, 10));
        assert!(sock.connected, "{outcome:?}");
        let made = Some(CallEntry {
            class: CallClass::Connect,
            entry: 10,
        });
        assert_eq!((sock.named, sock.peer), (made, made), "{outcome:?}");
    }
    // On one that listens it must fail, and leaves no peer.
    let listener = Sock::default()
        .with(|sock| sock.called(&Call::Listen { backlog: 1 }, &OK, None, 1))
        .with(|sock| sock.connected = true)
        .with(|sock| sock.called(&connect(), &err(Errno::EISCONN), Some(Listen), 2));
    assert!(listener.listening && !listener.connected);
}

#[test]
fn the_first_call_that_gave_an_address_is_the_one() {
    let bind = Call::Bind {
        address: "10.0.0.1:0".parse().unwrap(),
    };
    let mut sock = Sock::default();
    sock.called(&bind, &err(Errno::EADDRINUSE), None, 1);
    assert_eq!(sock.named, None);
    sock.called(&bind, &OK, None, 2);
    sock.called(&connect(), &OK, None, 3);
    let class = |made: Option<CallEntry>| made.map(|made| (made.class, made.entry));
    assert_eq!(class(sock.named), Some((CallClass::Bind, 2)));
    assert_eq!(class(sock.peer), Some((CallClass::Connect, 3)));
}

// Accept.

#[test]
fn accept_inherits_the_listeners_options_but_not_those_of_the_open_file() {
    let mut listener = Sock::default();
    for (option, value) in [
        (SocketOption::Nonblock, 1),
        (SocketOption::Rcvtimeo, 300),
        (SocketOption::Linger, 0),
        (SocketOption::UserTimeout, 900),
    ] {
        listener.called(&set(option, value), &OK, None, 1);
    }
    listener.called(&Call::Listen { backlog: 2 }, &OK, None, 2);
    // The connection was in the queue: it has a past of its own, and keeps that.
    let mut accepted = Sock::default();
    accepted.changed(Close, SynRecv, EndCause::Segment, 10, 11);
    accepted.changed(SynRecv, Established, EndCause::Segment, 12, 13);
    accepted.received(FIN_ACK, 14);
    accepted.changed(Established, CloseWait, EndCause::Segment, 14, 15);
    accepted.inherit(&Sock::accepted_from(&listener), 20);
    assert_eq!(
        accepted.options,
        SockOptions {
            nonblock: false,
            rcvtimeo: 300,
            linger: Some(0),
            user_timeout: Some(900),
            ..SockOptions::default()
        }
    );
    assert_eq!((accepted.established, accepted.fin), (Some(13), Some(14)));
    assert!(accepted.connected && !accepted.listening);
    let accept = Some(CallEntry {
        class: CallClass::Accept,
        entry: 20,
    });
    assert_eq!((accepted.named, accepted.peer), (accept, accept));
}

// Options.

#[test]
fn an_option_that_is_off_forbids_nothing() {
    use SocketOption::{Linger, Nonblock, Syncnt, UserTimeout};
    let mut sock = Sock::default();
    for (option, on, off) in [(Nonblock, 1, 0), (Linger, 0, -1), (Syncnt, 2, 0), (UserTimeout, 5, 0)] {
        sock.called(&set(option, on), &OK, None, 1);
        assert_ne!(sock.options, SockOptions::default(), "{option:?}");
        sock.called(&set(option, off), &OK, None, 2);
        assert_eq!(sock.options, SockOptions::default(), "{option:?}");
    }
    sock.called(&set(Syncnt, 500), &err(Errno::EINVAL), None, 3);
    assert_eq!(sock.options, SockOptions::default());
}

/// A close with SO_LINGER sets the option before it closes: another descriptor of the socket finds it so.
#[test]
fn a_close_with_so_linger_sets_it() {
    let lingers = |call: Call| connected().with(|sock| sock.called(&call, &OK, Some(Established), 10));
    assert_eq!(lingers(Call::RstClose).options.linger, Some(0));
    assert_eq!(lingers(Call::LingerClose { seconds: 3 }).options.linger, Some(3));
    assert_eq!(lingers(Call::Close).options.linger, None);
}

/// A connect that waited returns before the disconnect that ended it: what follows is the disconnect's doing all the same.
#[test]
fn a_disconnect_is_remembered_though_the_connect_that_it_ended_returned_first() {
    let sock = dialling().with(|sock| {
        sock.changed(SynSent, Close, EndCause::Call(CallClass::Disconnect), 20, 21);
        sock.called(&connect(), &err(Errno::EPIPE), None, 22);
        sock.called(&Call::Disconnect, &OK, Some(SynSent), 23);
    });
    let disconnect = CallEntry {
        class: CallClass::Disconnect,
        entry: 23,
    };
    assert_eq!(sock.dissolved, Some(disconnect));
}

/// A segment of the peer's, with the timestamps that Linux sends.
fn from_peer(flags: Flags, seq: u32, len: usize, urgent: u16) -> Segment {
    let address = SocketAddr::from(([10, 0, 0, 2], 80));
    Segment {
        source: address,
        destination: address,
        flags,
        seq: SeqNo(seq),
        ack: SeqNo(0),
        window: 1000,
        urgent,
        options: vec![TcpOption::Timestamps(1, 1)],
        len,
        payload: Bytes::default(),
    }
}

/// `tcp_urg` counts from the beginning of the header: 20 bytes, and 12 of timestamps.
#[test]
fn an_urgent_byte_that_was_lost_is_taken_from_the_header_of_what_follows_closely() {
    const URG_ACK: Flags = Flags(Flags::URG.0 | Flags::ACK.0);
    // 2000 bytes, the last one urgent, in two segments; numbers wrap.
    let first = u32::MAX - 1500;
    let at = |place: u32| first.wrapping_add(place);
    let announced = || connected().with(|sock| sock.looks_for_urgent(&from_peer(URG_ACK, first, 1448, 2000)));
    let comes = |sock: Sock, segment: &Segment| sock.with(|sock| sock.looks_for_urgent(segment));
    assert!(!announced().is_urgent_of_a_header());

    let rest = from_peer(URG_ACK, at(1448), 552, 552);
    assert!(!comes(announced(), &rest).is_urgent_of_a_header(), "it has come");

    let ack = |place| from_peer(Flags::ACK, at(place), 0, 0);
    let lost = comes(announced(), &ack(2000));
    assert!(lost.is_urgent_of_a_header());
    assert!(comes(lost, &rest).is_urgent_of_a_header(), "too late: it was taken");
    assert!(comes(announced(), &from_peer(Flags::ACK, at(2000), 5, 0)).is_urgent_of_a_header());
    for (place, is_in_it) in [(1448, false), (1999, false), (2031, true), (2032, false)] {
        let sock = comes(announced(), &ack(place));
        assert_eq!(sock.is_urgent_of_a_header(), is_in_it, "{place}");
    }
    let next = from_peer(URG_ACK, at(2000), 1, 1);
    assert!(!comes(lost, &next).is_urgent_of_a_header(), "another one");
}
