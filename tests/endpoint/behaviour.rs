//! What an endpoint does, in the words of the socket interface. Each test opens by stating it.

use finwait::call::{Bytes, Call, CallId, Family, PollEvent, ProcessCall, ShutdownHow, Sigpipe, SocketOption};
use finwait::clock::Millis;
use finwait::endpoint::protocol::Reply;
use finwait::errno::Errno;
use finwait::outcome::{OptionReading, Outcome, Reading, Value};
use std::os::unix::process::ExitStatusExt;

use super::driver::{BOUND, Endpoint, connect, done, failed, free_address, got, name, read, write, wrote};

/// Well within a test's patience, and long enough to be called a wait.
const SHORT: Millis = Millis(50);
const LONG: Millis = Millis(BOUND.as_millis() as u32);

const fn poll(events: Vec<PollEvent>) -> Call {
    Call::Poll { events, timeout: LONG }
}

fn ready(events: &[PollEvent]) -> Outcome {
    Outcome::Ok(Value::Ready {
        events: events.to_vec(),
    })
}

/// Waits until the kernel says that the socket is so.
fn until(e: &mut Endpoint, socket: &str, event: PollEvent) {
    let outcome = e.call(socket, poll(vec![event]));
    let Outcome::Ok(Value::Ready { events }) = &outcome else {
        panic!("{outcome:?}")
    };
    assert!(events.contains(&event), "{outcome:?}");
}

const SHUT_WR: Call = Call::Shutdown {
    how: ShutdownHow::Write,
};

/// A connection carries bytes; closing one end is the end of the stream at the other.
#[test]
fn bytes_then_the_end_of_the_stream() {
    let mut e = Endpoint::new();
    e.connection();
    assert_eq!(e.call("client", write("hello")), wrote(5));
    assert_eq!(e.call("server", read(1024)), got(b"hello"));
    assert_eq!(e.call("client", Call::Close), done());
    assert_eq!(e.call("server", read(1024)), got(b""));
}

/// The first socket is descriptor 3, and accept tells who connected.
#[test]
fn descriptors_begin_at_three_and_accept_names_the_peer() {
    let mut e = Endpoint::new();
    let address = e.listen("listener");
    assert_eq!(
        e.call("client", Call::Socket { family: Family::Inet }).descriptor(),
        Some(4)
    );
    assert_eq!(e.call("client", connect(address)), done());
    match e.call("listener", Call::Accept { r#as: name("server") }) {
        Outcome::Ok(Value::Descriptor {
            fd: 5,
            peer: Some(peer),
        }) => assert_eq!(peer.ip(), address.ip()),
        other => panic!("{other:?}"),
    }
}

/// A half-close ends one direction only; writing into it is EPIPE, the other direction goes on.
#[test]
fn after_a_half_close_the_other_direction_goes_on() {
    let mut e = Endpoint::new();
    e.connection();
    assert_eq!(e.call("client", SHUT_WR), done());
    assert_eq!(e.call("server", read(1024)), got(b""));
    assert_eq!(e.call("client", write("too late")), failed(Errno::EPIPE));
    assert_eq!(e.call("server", write("still here")), wrote(10));
    assert_eq!(e.call("client", read(1024)), got(b"still here"));
}

/// A blocked read holds up no other call, and an interrupt ends it with EINTR.
#[test]
fn a_blocked_read_holds_up_nothing_and_can_be_interrupted() {
    let mut e = Endpoint::new();
    e.connection();
    let blocked = e.begin("client", read(1024));
    assert_eq!(e.call("client", write("ping")), wrote(4));
    assert_eq!(e.call("server", read(1024)), got(b"ping"));
    assert!(!e.has_ended(blocked));
    assert_eq!(e.process(ProcessCall::Interrupt { target: blocked }), done());
    assert_eq!(e.end(blocked).outcome, failed(Errno::EINTR));
    // It has ended, so there is nothing to interrupt.
    assert_eq!(
        e.process(ProcessCall::Interrupt { target: blocked }),
        failed(Errno::ESRCH)
    );
    assert_eq!(
        e.process(ProcessCall::Interrupt { target: CallId(9999) }),
        failed(Errno::ESRCH)
    );
    assert_eq!(e.call("server", write("pong")), wrote(4));
    assert_eq!(e.call("client", read(1024)), got(b"pong"));
}

/// Every blocking call can be interrupted; with a receive timeout too, which makes it no longer restartable.
#[test]
fn every_blocking_call_can_be_interrupted() {
    let mut e = Endpoint::new();
    e.connection();
    let timeout = Call::SetOption {
        option: SocketOption::Rcvtimeo,
        value: i64::from(LONG.0),
    };
    assert_eq!(e.call("server", timeout), done());
    let blocking = [
        ("listener", Call::Accept { r#as: name("server2") }),
        ("client", poll(vec![PollEvent::In])),
        (
            "client",
            Call::Read {
                n: 9,
                flags: vec![],
                deadline: Some(LONG),
            },
        ),
        ("server", read(9)),
    ];
    for (socket, call) in blocking {
        let blocked = e.begin(socket, call.clone());
        assert_eq!(e.process(ProcessCall::Interrupt { target: blocked }), done());
        assert_eq!(e.end(blocked).outcome, failed(Errno::EINTR), "{call:?}");
    }
}

/// A deadline that passes leaves the socket as it was.
#[test]
fn a_read_deadline_leaves_the_socket_usable() {
    let mut e = Endpoint::new();
    e.connection();
    let call = Call::Read {
        n: 1024,
        flags: vec![],
        deadline: Some(SHORT),
    };
    assert_eq!(e.call("server", call), Outcome::DeadlineExceeded { written: 0 });
    assert_eq!(e.call("client", write("after")), wrote(5));
    let call = Call::Read {
        n: 1024,
        flags: vec![],
        deadline: Some(LONG),
    };
    assert_eq!(e.call("server", call), got(b"after"));
    let nonblock = OptionReading {
        option: SocketOption::Nonblock,
        value: Reading::Value(0),
    };
    let asked = e.call(
        "server",
        Call::GetOption {
            option: SocketOption::Nonblock,
        },
    );
    assert_eq!(
        asked,
        Outcome::Ok(Value::Options {
            readings: vec![nonblock]
        })
    );
}

/// A write deadline that passes tells how much was taken, and exactly that much can be read.
#[test]
fn a_write_deadline_tells_how_much_was_taken() {
    let mut e = Endpoint::new();
    e.connection();
    let call = Call::Write {
        data: Bytes(vec![b'x'; 1024]),
        repeat: 32 << 10,
        flags: vec![],
        deadline: Some(SHORT),
    };
    let Outcome::DeadlineExceeded { written } = e.call("client", call) else {
        panic!("32 MiB went through")
    };
    assert!(written > 0);
    assert_eq!(e.call("client", SHUT_WR), done());
    let mut taken = 0;
    loop {
        match e.call("server", read(1 << 20)) {
            Outcome::Ok(Value::Read { n: 0, .. }) => break,
            Outcome::Ok(Value::Read { n, data }) => {
                assert_eq!(data.0.len(), n.min(1024));
                taken += n;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(taken, written);
}

/// Connecting with a deadline succeeds or is refused like any other, and gives the flags back.
#[test]
fn connecting_with_a_deadline_is_connecting() {
    let mut e = Endpoint::new();
    let address = e.listen("listener");
    let nobody = free_address();
    e.call("client", Call::Socket { family: Family::Inet });
    e.call("other", Call::Socket { family: Family::Inet });
    assert_eq!(
        e.call(
            "client",
            Call::Connect {
                address,
                deadline: Some(LONG)
            }
        ),
        done()
    );
    let refused = e.call(
        "other",
        Call::Connect {
            address: nobody,
            deadline: Some(LONG),
        },
    );
    assert_eq!(refused, failed(Errno::ECONNREFUSED));
    let blocking = OptionReading {
        option: SocketOption::Nonblock,
        value: Reading::Value(0),
    };
    let asked = e.call(
        "client",
        Call::GetOption {
            option: SocketOption::Nonblock,
        },
    );
    assert_eq!(
        asked,
        Outcome::Ok(Value::Options {
            readings: vec![blocking]
        })
    );
}

/// A listener whose queue is full drops SYNs: connecting blocks, and the deadline ends the wait, not the attempt.
#[test]
fn a_connect_deadline_passes_when_the_queue_is_full() {
    let mut e = Endpoint::new();
    let address = free_address();
    e.call("listener", Call::Socket { family: Family::Inet });
    e.call("listener", Call::Bind { address });
    e.call("listener", Call::Listen { backlog: 0 });
    e.call("client", Call::Socket { family: Family::Inet });
    assert_eq!(e.call("client", connect(address)), done());
    e.call("client2", Call::Socket { family: Family::Inet });
    let dialled = Call::Connect {
        address,
        deadline: Some(SHORT),
    };
    assert_eq!(
        e.call("client2", dialled.clone()),
        Outcome::DeadlineExceeded { written: 0 }
    );
    assert_eq!(e.call("client2", dialled), failed(Errno::EALREADY));
}

/// A closed socket answers EBADF for good: its number goes to nobody else.
#[test]
fn a_closed_socket_is_ebadf_for_good() {
    let mut e = Endpoint::new();
    e.connection();
    assert_eq!(e.call("server", Call::Close), done());
    assert_eq!(e.call("client", Call::Close), done());
    let mut seen = vec![3, 4, 5];
    for (i, call) in [
        Call::Socket { family: Family::Inet },
        Call::Dup { r#as: name("copy") },
        Call::Socket { family: Family::Inet6 },
    ]
    .into_iter()
    .enumerate()
    {
        let socket = if matches!(call, Call::Dup { .. }) {
            "listener".to_owned()
        } else {
            format!("new{i}")
        };
        let fd = e.call(&socket, call).descriptor().unwrap();
        assert!(!seen.contains(&fd), "{fd} was used before");
        seen.push(fd);
    }
    for socket in ["client", "server", "never"] {
        for call in [
            read(1),
            write("x"),
            SHUT_WR,
            Call::Close,
            Call::RstClose,
            Call::SoError,
            Call::Options,
        ] {
            assert_eq!(e.call(socket, call.clone()), failed(Errno::EBADF), "{socket} {call:?}");
        }
        let call = Call::Read {
            n: 1,
            flags: vec![],
            deadline: Some(LONG),
        };
        assert_eq!(e.call(socket, call), failed(Errno::EBADF), "{socket}");
    }
    // A number that is no number is skipped by poll; one that is closed is told as such.
    assert_eq!(e.call("client", poll(vec![PollEvent::In])), ready(&[PollEvent::Nval]));
    let asked = e.call(
        "never",
        Call::Poll {
            events: vec![PollEvent::In],
            timeout: Millis(0),
        },
    );
    assert_eq!(asked, ready(&[]));
}

/// A reset in ESTABLISHED is told once; then read is the end of the stream and write is EPIPE.
#[test]
fn a_reset_is_told_once() {
    let mut e = Endpoint::new();
    e.connection();
    assert_eq!(e.call("client", Call::RstClose), done());
    until(&mut e, "server", PollEvent::Hup);
    assert_eq!(e.call("server", read(1024)), failed(Errno::ECONNRESET));
    assert_eq!(e.call("server", read(1024)), got(b""));
    assert_eq!(e.call("server", write("x")), failed(Errno::EPIPE));
}

/// SO_ERROR takes the pending error out of the socket, so that nobody else gets it.
#[test]
fn so_error_hands_the_error_out_once() {
    let mut e = Endpoint::new();
    e.connection();
    assert_eq!(e.call("client", Call::RstClose), done());
    until(&mut e, "server", PollEvent::Hup);
    let pending = |error| Outcome::Ok(Value::PendingError { error });
    assert_eq!(e.call("server", Call::SoError), pending(Some(Errno::ECONNRESET)));
    assert_eq!(e.call("server", Call::SoError), pending(None));
    assert_eq!(e.call("server", read(1024)), got(b""));
}

/// poll tells of a FIN by IN and RDHUP, and of a reset by ERR and HUP besides.
#[test]
fn poll_tells_a_fin_from_a_reset() {
    use PollEvent::{Err, Hup, In, Out, Rdhup};
    let mut e = Endpoint::new();
    let address = e.connection();
    let all = || poll(vec![In, Out, Rdhup]);
    assert_eq!(e.call("server", all()), ready(&[Out]));
    assert_eq!(e.call("client", SHUT_WR), done());
    until(&mut e, "server", In);
    assert_eq!(e.call("server", all()), ready(&[In, Out, Rdhup]));
    e.connect_to(address);
    assert_eq!(e.call("client", Call::RstClose), done());
    until(&mut e, "server", Hup);
    assert_eq!(e.call("server", all()), ready(&[In, Out, Rdhup, Err, Hup]));
}

/// At its default, SIGPIPE ends a process that writes into a reset connection.
#[test]
fn sigpipe_at_default_kills() {
    let mut e = Endpoint::new();
    e.connection();
    assert_eq!(e.call("client", SHUT_WR), done());
    assert_eq!(e.call("client", write("x")), failed(Errno::EPIPE));
    assert_eq!(
        e.process(ProcessCall::Sigpipe {
            disposition: Sigpipe::Default
        }),
        done()
    );
    e.begin("client", write("x"));
    assert_eq!(e.exit().signal(), Some(13));
}

/// The end of its standard input ends an endpoint, whatever is blocked.
#[test]
fn the_end_of_input_ends_the_endpoint() {
    let mut e = Endpoint::new();
    e.connection();
    e.begin("client", read(1));
    e.begin("listener", Call::Accept { r#as: name("server2") });
    e.hang_up();
    assert_eq!(e.exit().code(), Some(0));
}

/// What was set is what is read, but for buffers, which the kernel doubles.
#[test]
fn options_go_there_and_back() {
    let mut e = Endpoint::new();
    e.call("client", Call::Socket { family: Family::Inet });
    let mut expected = Vec::new();
    for &option in SocketOption::ALL {
        let (set, there) = match option {
            SocketOption::Linger => (7, 7),
            SocketOption::Rcvbuf | SocketOption::Sndbuf => (10_000, 20_000),
            SocketOption::Rcvtimeo | SocketOption::Sndtimeo => (1_500, 1_500),
            // In SYN-ACK retransmissions, whose times double from 1 s (secs_to_retrans).
            SocketOption::DeferAccept => (3, 3),
            SocketOption::Keepidle | SocketOption::Keepintvl | SocketOption::UserTimeout | SocketOption::Linger2 => {
                (20, 20)
            }
            SocketOption::Keepcnt | SocketOption::Syncnt => (5, 5),
            _ => (1, 1),
        };
        assert_eq!(
            e.call("client", Call::SetOption { option, value: set }),
            done(),
            "{option:?}"
        );
        expected.push(OptionReading {
            option,
            value: Reading::Value(there),
        });
    }
    assert_eq!(
        e.call("client", Call::Options),
        Outcome::Ok(Value::Options { readings: expected })
    );
    let off = Call::SetOption {
        option: SocketOption::Linger,
        value: -1,
    };
    assert_eq!(e.call("client", off), done());
    let reading = OptionReading {
        option: SocketOption::Linger,
        value: Reading::Value(-1),
    };
    let asked = e.call(
        "client",
        Call::GetOption {
            option: SocketOption::Linger,
        },
    );
    assert_eq!(
        asked,
        Outcome::Ok(Value::Options {
            readings: vec![reading]
        })
    );
}

/// A socket that was disconnected can connect again.
#[test]
fn a_disconnected_socket_can_connect_again() {
    let mut e = Endpoint::new();
    let address = e.connection();
    assert_eq!(e.call("client", Call::Disconnect), done());
    assert_eq!(e.call("server", read(1)), failed(Errno::ECONNRESET));
    assert_eq!(e.call("client", connect(address)), done());
}

/// A line that makes no sense is refused with a sentence, and the endpoint goes on.
#[test]
fn nonsense_is_refused() {
    let mut e = Endpoint::new();
    let too_large = format!(r#"{{"id":4,"socket":"client","call":"read","n":{}}}"#, (64 << 20) + 1);
    let too_long = "x".repeat((16 << 20) + 1);
    let lines = ["{", "\u{fffd}", r#"{"id":3}"#, &too_large, &too_long];
    for line in lines {
        e.say(line.as_bytes());
        e.say(b"\n");
        let Reply::Refused { why, .. } = e.reply(|reply| matches!(reply, Reply::Refused { .. })) else {
            unreachable!()
        };
        assert!(!why.is_empty() && !why.contains('\n'), "{why}");
    }
    e.say(b"\xff\xfe\0\n");
    e.reply(|reply| matches!(reply, Reply::Refused { id: None, .. }));
    e.connection();
}
