//! The lab as another crate's tests use it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown};
use std::time::{Duration, Instant};

use finwait_lab::model::call::{Bytes, Call, WriteFlag};
use finwait_lab::model::outcome::Value;
use finwait_lab::{CallError, Errno, Error, Lab, PollEvent, Result, Segment, Setting, Side, SocketOption, State};

/// A lab with a connection.
struct Connected {
    a: finwait_lab::Socket,
    b: finwait_lab::Socket,
    listener: finwait_lab::Listener,
    lab: Lab,
}

fn connected() -> Result<Connected> {
    let lab = Lab::isolated()?;
    let listener = lab.server().listen(8080)?;
    let a = lab.client().connect(listener.addr())?;
    let b = listener.accept()?;
    Ok(Connected { a, b, listener, lab })
}

#[test]
fn a_held_fin_keeps_its_sender_in_fin_wait1() -> Result<()> {
    let Connected { a, b, lab, .. } = connected()?;
    let fin = lab.wire().hold(Segment::fin().from(lab.client()));
    a.shutdown(Shutdown::Write)?;
    assert_eq!(a.state()?, State::FinWait1);
    assert_eq!(b.state()?, State::Established);
    lab.quiet()?;
    assert_eq!(a.state()?, State::FinWait1);
    fin.next()?.deliver()?;
    assert_eq!(b.state()?, State::CloseWait);
    lab.until(|view| view.state(&a) == State::FinWait2)?;
    assert_eq!(b.read(100)?, b"");
    Ok(())
}

#[test]
fn both_ends_close_and_the_first_keeps_time_wait() -> Result<()> {
    let Connected { a, b, lab, listener } = connected()?;
    assert_eq!(listener.state()?, State::Listen);
    assert_eq!(a.peer(), Some(listener.addr()));
    assert_eq!((a.local(), a.peer()), (b.peer(), b.local()));
    a.close()?;
    assert_eq!(b.state()?, State::CloseWait);
    b.close()?;
    lab.until(|view| view.state(&a) == State::TimeWait && view.state(&b) == State::Close)?;
    assert_eq!(a.read(1).unwrap_err().errno(), Some(Errno::EBADF));
    Ok(())
}

#[test]
fn two_fins_that_cross_on_a_slow_wire_lead_both_ends_through_closing() -> Result<()> {
    let Connected { a, b, lab, .. } = connected()?;
    lab.wire().slow(Duration::from_secs(20))?;
    for end in [&a, &b] {
        end.shutdown(Shutdown::Write)?;
    }
    // What asks the lab meanwhile leaves the wire as slow as it is.
    assert_eq!([a.state()?, b.state()?], [State::FinWait1; 2]);
    assert!(lab.view().held().count() >= 2, "both are under way");
    lab.wire().flow()?;
    lab.until(|view| view.state(&a) == State::TimeWait && view.state(&b) == State::TimeWait)?;
    let closing = |line: &String| line.contains("FIN_WAIT1 -> CLOSING");
    let transcript = lab.transcript().to_string();
    let lines: Vec<String> = transcript.lines().map(str::to_owned).collect();
    assert_eq!(lines.iter().filter(|line| closing(line)).count(), 2, "{transcript}");
    Ok(())
}

#[test]
fn on_a_slow_wire_each_segment_takes_its_time() -> Result<()> {
    let lab = Lab::isolated()?;
    let takes = Duration::from_millis(50);
    lab.wire().slow(takes)?;
    let listener = lab.server().listen(8080)?;
    let began = Instant::now();
    lab.client().connect(listener.addr())?;
    assert!(began.elapsed() >= 2 * takes, "there and back: {:?}", began.elapsed());
    lab.quiet()?;
    let view = lab.view();
    let arrived = view.packets().filter(|record| !record.disposition.is_held());
    let waited: Vec<Option<Duration>> = arrived.map(|record| record.waited).collect();
    assert_eq!(waited.len(), 3, "SYN, SYN,ACK, ACK");
    assert!(waited.iter().all(|waited| *waited >= Some(takes)), "{waited:?}");
    lab.wire().flow()?;
    assert!(matches!(Lab::loopback()?.wire().slow(takes), Err(Error::NoWire)));
    Ok(())
}

#[test]
fn bytes_go_both_ways() -> Result<()> {
    let Connected { a, b, lab: _lab, .. } = connected()?;
    assert_eq!(a.write(b"hello")?, 5);
    assert_eq!(b.poll(&[PollEvent::In])?, [PollEvent::In]);
    assert_eq!(b.peek()?, b"hello");
    assert_eq!(b.read(1)?, b"h");
    assert_eq!(b.read(100)?, b"ello");
    assert_eq!(b.write("x".repeat(5000))?, 5000);
    assert_eq!(a.discard(10_000)?, 5000);
    assert!(matches!(a.read(1025), Err(CallError::Lab(_))));
    a.set_option(SocketOption::Nonblock, 1)?;
    assert_eq!(a.option(SocketOption::Nonblock)?, 1);
    assert_eq!(a.read(1).unwrap_err().errno(), Some(Errno::EAGAIN));
    Ok(())
}

/// An answer of the kernel is data, and reads as in `strace`.
#[test]
fn an_errno_is_the_kernels() -> Result<()> {
    let lab = Lab::isolated()?;
    let nobody = (lab.server().address(), 81).into();
    let error = lab.client().connect(nobody).unwrap_err();
    assert!(matches!(
        error,
        CallError::Errno {
            errno: Errno::ECONNREFUSED,
            ..
        }
    ));
    let text = format!("{error:?}");
    assert!(
        text.starts_with("connect(") && text.ends_with(" = -1 ECONNREFUSED (Connection refused)"),
        "{text}"
    );
    let trying = lab.client().connect_nonblocking(nobody)?;
    assert_eq!(trying.so_error()?, Some(Errno::ECONNREFUSED));
    assert_eq!(trying.so_error()?, None);
    lab.server().listen(80)?;
    assert_eq!(lab.server().bind(80).unwrap_err().errno(), Some(Errno::EADDRINUSE));
    Ok(())
}

#[test]
fn a_call_that_blocks_can_be_begun_waited_for_and_interrupted() -> Result<()> {
    let Connected { a, b, lab, .. } = connected()?;
    let reading = b.read_begin(10)?;
    lab.quiet()?;
    assert!(!reading.is_over());
    let began = Instant::now();
    let error = reading.wait_for(Duration::from_millis(30)).unwrap_err();
    assert!(error.is_timeout() && began.elapsed() < Duration::from_secs(5));
    let text = error.to_string();
    assert!(
        text.starts_with("waited 30 ms for read(") && text.contains("of the server to return; the last events:\n"),
        "{text}"
    );
    assert!(text.contains("client: connect("), "{text}");
    a.write(b"x")?;
    assert_eq!(reading.wait()?, b"x");
    assert!(reading.is_over());
    let reading = b.read_begin(10)?;
    reading.interrupt()?;
    assert_eq!(reading.wait().unwrap_err().errno(), Some(Errno::EINTR));
    Ok(())
}

#[test]
fn a_handshake_can_be_stopped_at_each_segment() -> Result<()> {
    let lab = Lab::isolated()?;
    let listener = lab.server().listen(8080)?;
    let wire = lab.wire();
    let (syn, syn_ack, ack) = (
        wire.hold(Segment::syn()),
        wire.hold(Segment::syn_ack()),
        wire.hold(Segment::ack()),
    );
    let connecting = lab.client().connect_begin(listener.addr())?;
    let held = syn.next()?;
    assert_eq!(connecting.socket().state()?, State::SynSent);
    held.deliver()?;
    let held = syn_ack.next()?;
    lab.until(|view| {
        view.sockets(lab.server())
            .iter()
            .any(|socket| socket.row.state == State::SynRecv)
    })?;
    held.deliver()?;
    let a = connecting.wait()?;
    assert_eq!(a.state()?, State::Established);
    ack.next()?.deliver()?;
    ack.remove()?;
    let b = listener.accept()?;
    assert_eq!(b.state()?, State::Established);
    Ok(())
}

#[test]
fn segments_are_dropped_duplicated_and_counted() -> Result<()> {
    let Connected { a, b, lab, .. } = connected()?;
    let lost = lab.wire().drop(Segment::data().from(Side::Client).times(1));
    a.write(b"once")?;
    assert_eq!(b.read(100)?, b"once");
    assert_eq!(lost.fired()?, 1);
    lost.remove()?;
    let held = lab.wire().hold(Segment::data());
    a.write(b"more")?;
    let segment = held.next()?;
    let copy = segment.duplicate()?;
    assert_ne!(segment.record().no, copy.record().no);
    segment.deliver()?;
    copy.deliver()?;
    assert_eq!(b.read(100)?, b"more");
    a.write(b"gone")?;
    held.next()?.drop()?;
    lab.wire().clear()?;
    Ok(())
}

/// A state that lasts for a moment is seen, though all is over when the test comes to look; and the condition may make calls itself.
#[test]
fn until_sees_each_state() -> Result<()> {
    let Connected { a, b, lab, .. } = connected()?;
    let mut states = Vec::new();
    lab.until(|view| {
        if states.is_empty() {
            a.close().and(b.close()).unwrap();
            lab.quiet().unwrap();
        }
        let state = view.state(&a);
        if states.last() != Some(&state) {
            states.push(state);
        }
        state == State::TimeWait
    })?;
    let all = [State::Established, State::FinWait1, State::FinWait2, State::TimeWait];
    assert_eq!(states, all);
    Ok(())
}

#[test]
fn a_wait_is_bounded_and_says_what_happened_instead() -> Result<()> {
    let lab = Lab::builder().patience(Duration::from_millis(200)).isolated()?;
    let listener = lab.server().listen(8080)?;
    let began = Instant::now();
    let error = lab.until(|view| view.state(&listener) == State::Closing).unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(10));
    let text = format!("{error:?}");
    assert!(
        text.contains("waited 200 ms for the condition at ") && text.contains("tests/api.rs:"),
        "{text}"
    );
    assert!(text.contains("server: CLOSE -> LISTEN  10.0.0.2:8080"), "{text}");
    let held = lab.wire().hold(Segment::fin());
    let text = held.next().unwrap_err().to_string();
    assert!(
        text.starts_with("waited 200 ms for a segment that the rule \"hold FIN\" holds; "),
        "{text}"
    );
    let text = listener.accept().unwrap_err().to_string();
    assert!(text.starts_with("waited 200 ms for accept"), "{text}");
    Ok(())
}

#[test]
fn settings_devices_and_processes_are_the_tests_own() -> Result<()> {
    let Connected { a, b, lab, listener } = connected()?;
    lab.client().set(Setting::TcpFinTimeout, 1)?;
    a.close()?;
    lab.until(|view| view.state(&a) == State::FinWait2)?;
    lab.until(|view| view.state(&a) == State::Close)?;
    assert_eq!(b.state()?, State::CloseWait);
    lab.server().device_down()?;
    let syn = lab.wire().hold(Segment::syn());
    let connecting = lab.client().connect_begin(listener.addr())?;
    let error = syn.next()?.deliver().unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with(" was not delivered: EIO (Input/output error)"),
        "{error}"
    );
    lab.server().device_up()?;
    assert!(!connecting.is_over());
    lab.client().kill()?;
    assert!(matches!(connecting.wait(), Err(CallError::Lab(error)) if matches!(*error, Error::EndpointDied { .. })));
    assert!(matches!(lab.client().socket(), Err(CallError::Lab(_))));
    lab.client().restart()?;
    lab.wire().clear()?;
    lab.client().connect(listener.addr())?;
    Ok(())
}

#[test]
fn ipv6_and_loopback_labs() -> Result<()> {
    let lab = Lab::builder().ipv6().isolated()?;
    let listener = lab.server().listen(8080)?;
    assert!(listener.addr().is_ipv6());
    lab.client().connect(listener.addr())?;
    let lab = Lab::loopback()?;
    // The kernel chooses the port, as the machine's other programs have theirs.
    let listener = lab.server().listen(0)?;
    let a = lab.client().connect(listener.addr())?;
    let b = listener.accept()?;
    b.close()?;
    lab.until(|view| view.state(&a) == State::CloseWait)?;
    assert!(matches!(lab.wire().hold(Segment::fin()).next(), Err(Error::NoWire)));
    assert!(lab.client().set(Setting::TcpFinTimeout, 1).is_err());
    Ok(())
}

/// Handles outlive their lab: what is asked of them then is one clear error.
#[test]
fn a_lab_that_is_gone_says_so() -> Result<()> {
    let Connected { a, lab, .. } = connected()?;
    drop(lab);
    let error = a.state().unwrap_err();
    assert!(matches!(error, Error::Gone(_)));
    assert!(
        error
            .to_string()
            .starts_with("the lab is gone: it was dropped; its last events:\n"),
        "{error}"
    );
    assert!(matches!(a.write(b"x"), Err(CallError::Lab(error)) if matches!(*error, Error::Gone(_))));
    Ok(())
}

/// Descriptors of one socket, and the calls that have no method of their own.
#[test]
fn a_socket_is_closed_with_its_last_descriptor() -> Result<()> {
    let Connected { a, b, lab, .. } = connected()?;
    let second = a.dup()?;
    a.close()?;
    assert_eq!(second.state()?, State::Established);
    let urgent = Call::Write {
        data: Bytes(b"!".to_vec()),
        repeat: 1,
        flags: vec![WriteFlag::Oob],
        deadline: None,
    };
    assert_eq!(second.call(urgent)?, Value::Written { n: 1 });
    assert_eq!(b.poll(&[PollEvent::Pri])?, [PollEvent::Pri]);
    second.disconnect()?;
    assert_eq!((second.state()?, b.state()?), (State::Close, State::Close));
    lab.quiet()
}

#[test]
fn hosts_have_the_addresses_that_the_test_wants() -> Result<()> {
    let (client, server) = (Ipv4Addr::new(192, 0, 2, 7), Ipv4Addr::new(198, 51, 100, 9));
    let lab = Lab::builder().addresses(client, server).isolated()?;
    let listener = lab.server().listen(80)?;
    assert_eq!(listener.addr(), (server, 80).into());
    let a = lab.client().connect(listener.addr())?;
    assert_eq!(a.local().map(|address| address.ip()), Some(client.into()));
    let (client, server) = (
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1),
        Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 1),
    );
    let lab = Lab::builder().addresses(client, server).isolated()?;
    lab.client().connect(lab.server().listen(80)?.addr())?;
    for (client, server, why) in [
        (
            "127.0.0.1",
            "10.0.0.2",
            "127.0.0.1 is no address of a host on a network",
        ),
        ("10.0.0.1", "10.0.0.1", "10.0.0.1 cannot be both"),
        ("10.0.0.1", "fd00::2", "10.0.0.1 and fd00::2 are of two families"),
    ] {
        let [client, server]: [IpAddr; 2] = [client, server].map(|address| address.parse().unwrap());
        let error = Lab::builder().addresses(client, server).isolated().unwrap_err();
        assert_eq!(error.to_string(), format!("the hosts' addresses: {why}"));
    }
    Ok(())
}

/// Fixtures and threads take all of it.
#[test]
fn handles_go_from_thread_to_thread() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<(Lab, finwait_lab::Host, finwait_lab::Socket, finwait_lab::Listener)>();
    shared::<(
        finwait_lab::Pending<usize>,
        finwait_lab::Hold,
        finwait_lab::HeldSegment,
        finwait_lab::View,
    )>();
    shared::<(Error, CallError, finwait_lab::Transcript)>();
}
