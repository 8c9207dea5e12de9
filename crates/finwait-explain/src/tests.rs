use super::text::successes::Success;
use super::*;
use finwait_model::call::{
    Bytes, CallId, EndpointCall, Family, PollEvent, ReadFlag, ShutdownHow, SocketName, SocketOption, WriteFlag,
};
use finwait_model::clock::Millis;
use finwait_model::outcome::{OptionReading, Reading};
use finwait_model::socket_table::TimerKind;
use finwait_wire::segment::{Flags, IcmpError};
use sock::{CallEntry, ConnectionEnd, EndCause, SentSegments, SockOptions};
use std::collections::HashSet;
use std::net::{Ipv6Addr, SocketAddr};

/// The sentence.
fn why(order: &EndpointCall, outcome: &Outcome, s: &Situation) -> String {
    super::explain(order, outcome, s).sentence
}

/// The entry in which the call began: what was before it has lower numbers.
const BEGAN: EntryNo = 100;

const FIN_ACK: Flags = Flags(Flags::FIN.0 | Flags::ACK.0);

/// The state as the table shows it: a socket in CLOSE has no row.
fn shown(state: State) -> Option<State> {
    (state != State::Close).then_some(state)
}

/// A socket's history, passed to its record as the session does.
#[derive(Clone)]
struct Life {
    sock: Sock,
    state: State,
    /// The last entry.
    no: EntryNo,
    /// The lab has a wire: segments are seen.
    wired: bool,
    /// The state in which the call was made; none while it was not made.
    asked_in: Option<State>,
}

impl Life {
    fn in_a_lab(wired: bool) -> Life {
        Life {
            sock: Sock::default(),
            state: State::Close,
            no: 0,
            wired,
            asked_in: None,
        }
    }

    /// A new socket in a lab with a wire.
    fn new() -> Life {
        Life::in_a_lab(true)
    }

    /// One in the loopback lab: no segment is seen.
    fn unseen() -> Life {
        Life::in_a_lab(false)
    }

    fn next(&mut self) -> EntryNo {
        self.no += 1;
        self.no
    }

    /// A call returned.
    fn returned(mut self, call: Call, outcome: Outcome) -> Life {
        let no = self.next();
        self.sock.called(&call, &outcome, shown(self.state), no);
        self
    }

    fn succeeded(self, call: Call) -> Life {
        self.returned(call, Outcome::Ok(Value::Done))
    }

    fn failed(self, call: Call, errno: Errno) -> Life {
        self.returned(call, Outcome::Err(errno))
    }

    /// Changes the state.
    fn goes(mut self, to: State, cause: EndCause) -> Life {
        let cause = match cause {
            EndCause::Rst | EndCause::Icmp(_) | EndCause::Segment if !self.wired => EndCause::Unseen(None),
            cause => cause,
        };
        let (by, no) = (self.next(), self.next());
        self.sock.changed(self.state, to, cause, by, no);
        self.state = to;
        self
    }

    fn sends(mut self, flags: Flags) -> Life {
        let no = self.next();
        if self.wired {
            self.sock.sent(flags, no);
        }
        self
    }

    fn receives(mut self, flags: Flags) -> Life {
        let no = self.next();
        if self.wired {
            self.sock.received(flags, no);
        }
        self
    }

    fn hears(mut self, icmp: IcmpError) -> Life {
        let no = self.next();
        self.sock.hears(icmp, no);
        self
    }

    /// A connect is under way.
    fn dials(mut self) -> Life {
        self.sock.connected = true;
        self.goes(State::SynSent, EndCause::Call(CallClass::Connect))
            .sends(Flags::SYN)
    }

    fn connects(self) -> Life {
        self.dials()
            .goes(State::Established, EndCause::Segment)
            .succeeded(connect())
    }

    fn listens(self) -> Life {
        self.goes(State::Listen, EndCause::Call(CallClass::Listen))
            .succeeded(Call::Listen { backlog: 2 })
    }

    /// Our FIN leaves, by a call of that class which has not returned.
    fn ends_sending(self, by: CallClass) -> Life {
        let to = match self.state {
            State::CloseWait => State::LastAck,
            _ => State::FinWait1,
        };
        self.goes(to, EndCause::Call(by)).sends(FIN_ACK)
    }

    /// The same by a shutdown that has returned.
    fn shuts_writing(self) -> Life {
        self.ends_sending(CallClass::Shutdown)
            .succeeded(shutdown(ShutdownHow::Write))
    }

    /// The peer's FIN comes, and the kernel takes it.
    fn takes_fin(self) -> Life {
        let to = match self.state {
            State::FinWait1 => State::Closing,
            State::FinWait2 => State::TimeWait,
            _ => State::CloseWait,
        };
        self.receives(FIN_ACK).goes(to, EndCause::Segment)
    }

    /// An RST comes, and ends it.
    fn reset_by_peer(self) -> Life {
        self.receives(Flags::RST).goes(State::Close, EndCause::Rst)
    }

    /// The way to that state as a client's connection goes; CLOSE is that of one which an RST has ended.
    fn at(self, state: State) -> Life {
        match state {
            State::Listen => self.listens(),
            State::SynSent => self.dials(),
            State::SynRecv => self.dials().goes(State::SynRecv, EndCause::Segment),
            State::Established => self.connects(),
            State::CloseWait => self.connects().takes_fin(),
            State::LastAck => self.at(State::CloseWait).shuts_writing(),
            State::FinWait1 => self.connects().shuts_writing(),
            State::FinWait2 => self.at(State::FinWait1).goes(State::FinWait2, EndCause::Segment),
            State::Closing => self.at(State::FinWait1).takes_fin(),
            State::TimeWait => self.at(State::FinWait2).takes_fin(),
            State::Close => self.connects().reset_by_peer(),
        }
    }

    /// The call in question is made; what follows happens while it is under way.
    fn asked(mut self) -> Life {
        (self.asked_in, self.no) = (Some(self.state), BEGAN);
        self
    }

    /// The usual way to that state while the call is under way.
    fn comes_to(self, state: State) -> Life {
        match (self.state, state) {
            (from, to) if from == to => self,
            (State::Established, State::FinWait2) => self
                .ends_sending(CallClass::Close)
                .goes(State::FinWait2, EndCause::Segment),
            (_, State::FinWait1 | State::LastAck) => self.ends_sending(CallClass::Close),
            (State::Established, State::CloseWait) => self.takes_fin(),
            (State::LastAck | State::TimeWait, State::Close) => self.goes(State::Close, EndCause::Segment),
            (_, State::Close) => self.reset_by_peer(),
            (_, to) => self.goes(to, EndCause::Segment),
        }
    }

    /// Returns the situation when the call returns.
    fn situation(self) -> Situation {
        Situation {
            side: Side::Client,
            open: true,
            known: true,
            closed: None,
            before: shown(self.asked_in.unwrap_or(self.state)),
            now: shown(self.state),
            unread: 0,
            sock: self.sock,
            to_itself: false,
            segments_seen: self.wired,
            began: BEGAN,
            took: Duration::from_millis(250),
            interrupted: None,
            under_way: Vec::new(),
            held_by: None,
            accepted: None,
            port_taken_by: None,
            listened_at: None,
            limits: Limits::default(),
            lacks_family: false,
            takes_unasked: false,
        }
    }
}

/// A socket that was made, and nothing more.
fn fresh() -> Situation {
    Life::new().situation()
}

/// A socket with a peer, that went from one state to another while the call was under way.
fn connected(before: State, now: State) -> Situation {
    Life::new().at(before).asked().comes_to(now).situation()
}

/// The same where no segment is seen.
fn connected_unseen(before: State, now: State) -> Situation {
    Life::unseen().at(before).asked().comes_to(now).situation()
}

fn listening() -> Situation {
    Life::new().listens().situation()
}

fn after_fin_and_rst() -> Situation {
    Life::new().at(State::CloseWait).reset_by_peer().situation()
}

/// A call of ours on the same socket that has not returned.
fn under_way(class: CallClass, how: Option<ShutdownHow>) -> CallUnderWay {
    CallUnderWay {
        class,
        how,
        began: BEGAN + 1,
    }
}

fn name() -> SocketName {
    SocketName::new("client").unwrap()
}

fn on(call: Call) -> EndpointCall {
    EndpointCall::On { socket: name(), call }
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

fn shutdown(how: ShutdownHow) -> Call {
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
/// Who listens on that port elsewhere is named: IPv4 alone, or the loopback address.
#[test]
fn a_port_that_is_listened_at_elsewhere_is_told() {
    let mut refused = fresh();
    refused.sock.end = Some(ConnectionEnd {
        by: EndCause::Rst,
        from: State::SynSent,
        to: State::Close,
        entry: 3,
    });
    refused.listened_at = Some("0.0.0.0:8080".parse().unwrap());
    let sentence = fails(connect(), Errno::ECONNREFUSED, &refused);
    tells(&sentence, &["An RST answered the SYN", "0.0.0.0:8080 alone"]);
}

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
fn a_reset_is_reported_once_and_then_it_is_epipe() {
    let live = connected(State::Established, State::Close);
    tells(&fails(read(), Errno::ECONNRESET, &live), &["RST", "once", "EPIPE"]);
    for lab in [Life::new(), Life::unseen()] {
        let told = lab.at(State::Close).failed(read(), Errno::ECONNRESET).situation();
        tells(&fails(write(), Errno::EPIPE, &told), &["EPIPE", "already reported"]);
    }
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
        for s in [connected(state, state), connected_unseen(state, state)] {
            tells(&fails(write(), Errno::EPIPE, &s), &["This end has sent FIN"]);
        }
    }
}

/// A write of before may wait yet for room, and the FIN behind it.
#[test]
fn a_fin_that_has_not_left_was_not_sent() {
    let queued = Life::new()
        .at(State::Established)
        .goes(State::FinWait1, EndCause::Call(CallClass::Shutdown))
        .succeeded(shutdown(ShutdownHow::Write))
        .situation();
    let sentence = fails(write(), Errno::EPIPE, &queued);
    tells(&sentence, &["This end's shutdown"]);
    keeps_silent(&sentence, &["sent FIN"]);
}

#[test]
fn a_broken_pipe_in_close_wait_is_the_peers_rst() {
    for s in [
        connected(State::CloseWait, State::Close),
        connected_unseen(State::CloseWait, State::Close),
    ] {
        tells(&fails(write(), Errno::EPIPE, &s), &["RST", "CLOSE_WAIT", "ECONNRESET"]);
    }
    tells(
        &fails(write(), Errno::EPIPE, &after_fin_and_rst()),
        &["FIN", "RST", "CLOSE_WAIT"],
    );
}

/// Once it has been reported, it is not what waits any more.
#[test]
fn an_epipe_that_was_reported_waits_no_more() {
    let told = Life::new()
        .at(State::CloseWait)
        .reset_by_peer()
        .failed(write(), Errno::EPIPE)
        .situation();
    tells(&fails(write(), Errno::EPIPE, &told), &["already reported"]);
    // Read looks at the FIN first, reported or not.
    tells(&gives(read(), got(0), &told), &["FIN first"]);
}

#[test]
fn a_write_that_waited_while_we_shut_down_blames_the_shutdown() {
    let live = || Life::new().at(State::Established).asked();
    let returned = live().shuts_writing().situation();
    tells(
        &fails(write(), Errno::EPIPE, &returned),
        &["This end's shutdown", "waited"],
    );
    // The write may return first.
    let not_yet = Situation {
        under_way: vec![under_way(CallClass::Shutdown, Some(ShutdownHow::Both))],
        ..live().ends_sending(CallClass::Shutdown).situation()
    };
    tells(
        &fails(write(), Errno::EPIPE, &not_yet),
        &["This end's shutdown", "waited"],
    );
    let before = Life::new().at(State::FinWait1).asked().situation();
    keeps_silent(&fails(write(), Errno::EPIPE, &before), &["waited"]);
}

#[test]
fn without_seen_segments_the_past_tells_whose_doing_the_end_was() {
    let over = Life::unseen().at(State::Close);
    // Neither our shutdown nor an error told: in CLOSE with a peer, only the RST in CLOSE_WAIT is left.
    let not_told = over.clone().situation();
    tells(
        &fails(write(), Errno::EPIPE, &not_told),
        &["peer's FIN", "RST", "CLOSE_WAIT"],
    );
    tells(&gives(read(), got(0), &not_told), &["The peer had ended its direction"]);
    let told = over.failed(read(), Errno::ECONNRESET).situation();
    tells(&fails(write(), Errno::EPIPE, &told), &["already reported"]);
    tells(&gives(read(), got(0), &told), &["already reported"]);
    let ours = Life::unseen()
        .at(State::Established)
        .goes(State::FinWait1, EndCause::Call(CallClass::Shutdown))
        .succeeded(shutdown(ShutdownHow::Both))
        .situation();
    tells(&fails(write(), Errno::EPIPE, &ours), &["its own shutdown"]);
    tells(&gives(read(), got(0), &ours), &["This end"]);
}

#[test]
fn without_seen_segments_nobody_claims_that_no_rst_came() {
    for before in State::ALL {
        for now in State::ALL {
            let unseen = connected_unseen(before, now);
            for value in [got(0), got(5)] {
                keeps_silent(&gives(read(), value, &unseen), &["no RST", "no FIN"]);
            }
            keeps_silent(&fails(write(), Errno::EPIPE, &unseen), &["no RST", "no FIN"]);
        }
    }
}

#[test]
fn without_seen_segments_none_is_named_as_the_one_that_set_it() {
    let over = connected_unseen(State::Established, State::Close);
    let set_by = |call, errno: Errno| super::explain(&on(call), &Outcome::Err(errno), &over).set_by.unwrap();
    // Only one kind can have: the change of state is where it did.
    assert_eq!(
        set_by(read(), Errno::ECONNRESET),
        ErrorSource::Found(rules::SetBy::Rst, over.sock.end.unwrap().entry)
    );
    // No setting took the route away: there was none.
    let no_route = super::explain(&on(connect()), &Outcome::Err(Errno::ENETUNREACH), &fresh());
    assert_eq!(no_route.set_by, Some(ErrorSource::Timeless(rules::SetBy::Route)));
    // Either can have.
    let refused = Life::unseen()
        .dials()
        .goes(State::Close, EndCause::Unseen(None))
        .situation();
    let why = super::explain(&on(read()), &Outcome::Err(Errno::ECONNREFUSED), &refused);
    assert!(
        matches!(why.set_by, Some(ErrorSource::Unseen(any)) if any.len() == 2),
        "{why:?}"
    );
}

#[test]
fn an_unconnected_socket_reads_enotconn_and_writes_epipe() {
    tells(&fails(read(), Errno::ENOTCONN, &fresh()), &["no connection"]);
    tells(&fails(write(), Errno::EPIPE, &fresh()), &["not ENOTCONN"]);
    for (call, errno) in [(read(), Errno::ENOTCONN), (write(), Errno::EPIPE)] {
        tells(&fails(call, errno, &listening()), &["listener", "accept"]);
    }
}

#[test]
fn a_shutdown_that_fails_takes_effect_all_the_same() {
    tells(
        &fails(shutdown(ShutdownHow::Read), Errno::ENOTCONN, &fresh()),
        &["it takes effect", "read returns 0"],
    );
    // The kernel notes SHUT_WR as well, but read goes on to give ENOTCONN then.
    let write = fails(shutdown(ShutdownHow::Write), Errno::ENOTCONN, &fresh());
    tells(&write, &["it takes effect", "EPIPE"]);
    keeps_silent(&write, &["read"]);
    tells(
        &fails(shutdown(ShutdownHow::Both), Errno::ENOTCONN, &fresh()),
        &["read returns 0", "EPIPE"],
    );
    let over = fails(
        shutdown(ShutdownHow::Read),
        Errno::ENOTCONN,
        &connected(State::TimeWait, State::TimeWait),
    );
    tells(&over, &["over", "both FINs"]);
    keeps_silent(&over, &["it takes effect", "data"]);
}

#[test]
fn a_shutdown_of_what_is_over_says_what_ended_it() {
    let says = |life: Life| fails(shutdown(ShutdownHow::Write), Errno::ENOTCONN, &life.situation());
    let live = || Life::new().at(State::Established);
    tells(
        &says(live().reset_by_peer()),
        &["The connection is over", "an RST ended it"],
    );
    let by_timer = EndCause::Timer(TimerKind::Retransmit);
    tells(
        &says(live().goes(State::Close, by_timer)),
        &["gave up on the peer", "tcp_retries2"],
    );
    tells(&says(live().goes(State::Close, EndCause::Administrator)), &["ss -K"]);
    let deaf = live().shuts_writing().goes(State::FinWait2, EndCause::Segment);
    tells(
        &says(deaf.clone().goes(State::Close, EndCause::Segment)),
        &["this end's kernel reset it", "data came"],
    );
    tells(&says(deaf.takes_fin()), &["both FINs are acknowledged"]);
    let refused = Life::new().dials().reset_by_peer();
    tells(&says(refused), &["The attempt to connect failed", "an RST ended it"]);
    let unseen = says(Life::unseen().at(State::Close));
    keeps_silent(&unseen, &["RST", "FIN", "ICMP"]);
}

#[test]
fn a_disconnect_leaves_its_own_reset_behind() {
    let given_up = Life::new()
        .at(State::Established)
        .goes(State::Close, EndCause::Call(CallClass::Disconnect))
        .succeeded(Call::Disconnect)
        .situation();
    tells(&fails(read(), Errno::ECONNRESET, &given_up), &["This end's disconnect"]);
    // Without such a call nobody is blamed.
    keeps_silent(&fails(read(), Errno::ECONNRESET, &fresh()), &["his end", "disconnect"]);
    let held = Value::PendingError {
        error: Some(Errno::ECONNRESET),
    };
    tells(
        &gives(Call::SoError, held.clone(), &given_up),
        &["This end's disconnect", "took the error out"],
    );
    keeps_silent(
        &gives(Call::SoError, held, &connected(State::Close, State::Close)),
        &["his end", "disconnect"],
    );
    let attempt = Life::new()
        .dials()
        .goes(State::Close, EndCause::Call(CallClass::Shutdown))
        .succeeded(shutdown(ShutdownHow::Write))
        .situation();
    tells(
        &fails(read(), Errno::ECONNRESET, &attempt),
        &["This end's shutdown", "attempt"],
    );
    let waited = Situation {
        under_way: vec![under_way(CallClass::Disconnect, None)],
        ..Life::new()
            .at(State::Established)
            .asked()
            .goes(State::Close, EndCause::Call(CallClass::Disconnect))
            .situation()
    };
    tells(&fails(read(), Errno::EPIPE, &waited), &["disconnect", "waited"]);
}

#[test]
fn after_a_disconnect_there_is_no_peer() {
    let gone = Life::new()
        .at(State::Established)
        .goes(State::Close, EndCause::Call(CallClass::Disconnect))
        .succeeded(Call::Disconnect)
        .failed(read(), Errno::ECONNRESET)
        .situation();
    tells(
        &fails(write(), Errno::EPIPE, &gone),
        &["This end's disconnect", "peer", "not ENOTCONN"],
    );
    tells(&fails(read(), Errno::ENOTCONN, &gone), &["This end's disconnect"]);
}

#[test]
fn a_timeout_names_its_timer() {
    tells(
        &fails(connect(), Errno::ETIMEDOUT, &fresh()),
        &["SYN", "tcp_syn_retries"],
    );
    let live = Life::new().at(State::Established).asked();
    // Which timer it was, was not seen.
    tells(
        &fails(
            write(),
            Errno::ETIMEDOUT,
            &live.clone().goes(State::Close, EndCause::Unseen(None)).situation(),
        ),
        &["tcp_retries2", "keepalive", "TCP_USER_TIMEOUT"],
    );
    let probed = live
        .goes(State::Close, EndCause::Timer(TimerKind::Keepalive))
        .situation();
    let probed = fails(write(), Errno::ETIMEDOUT, &probed);
    tells(&probed, &["keepalive", "gave up"]);
    keeps_silent(&probed, &["tcp_retries2", "TCP_USER_TIMEOUT"]);
    let dialling = |life: Life| {
        let s = life
            .dials()
            .asked()
            .goes(State::Close, EndCause::Timer(TimerKind::Retransmit))
            .situation();
        fails(write(), Errno::ETIMEDOUT, &s)
    };
    tells(&dialling(Life::new()), &["SYN", "sent once"]);
    keeps_silent(&dialling(Life::unseen()), &["sent"]);
}

/// Of the limits that a timeout can mean, the one that ran out.
#[test]
fn a_timeout_names_the_one_limit_that_ran_out() {
    use SocketOption::{Syncnt, UserTimeout};
    let limits = Limits {
        syn_retries: Some(2),
        retries2: Some(5),
        ..Limits::default()
    };
    let set = |life: Life, options: &[(SocketOption, i64)]| {
        options.iter().fold(life, |life, &(option, value)| {
            life.succeeded(Call::SetOption { option, value })
        })
    };
    let by_timer = EndCause::Timer(TimerKind::Retransmit);
    let in_syn_sent = |options: &[(SocketOption, i64)], syns: u32| {
        let dials = set(Life::new(), options).asked().dials();
        let sent = (1..syns).fold(dials, |life, _| life.sends(Flags::SYN));
        let s = sent.goes(State::Close, by_timer).situation();
        fails(connect(), Errno::ETIMEDOUT, &Situation { limits, ..s })
    };
    let all = [
        "tcp_syn_retries",
        "TCP_SYNCNT",
        "TCP_USER_TIMEOUT",
        "tcp_retries2",
        "keepalive",
    ];
    #[track_caller]
    fn only(all: &[&str], sentence: &str, name: &str, value: &str) {
        tells(sentence, &[name, value]);
        for other in all.iter().filter(|other| **other != name) {
            keeps_silent(sentence, &[other]);
        }
    }
    only(&all, &in_syn_sent(&[], 3), "tcp_syn_retries", "(2)");
    only(&all, &in_syn_sent(&[(Syncnt, 1)], 2), "TCP_SYNCNT", "(1)");
    only(
        &all,
        &in_syn_sent(&[(UserTimeout, 1500)], 2),
        "TCP_USER_TIMEOUT",
        "(1500 ms)",
    );
    // As many SYNs as were allowed have been sent: the count came first.
    only(
        &all,
        &in_syn_sent(&[(UserTimeout, 60_000)], 3),
        "tcp_syn_retries",
        "(2)",
    );
    only(
        &all,
        &in_syn_sent(&[(UserTimeout, 1500), (Syncnt, 4)], 3),
        "TCP_USER_TIMEOUT",
        "(1500 ms)",
    );
    only(&all, &in_syn_sent(&[(UserTimeout, 0)], 3), "tcp_syn_retries", "(2)");

    let connected = |options: &[(SocketOption, i64)], kind| {
        let life = set(Life::new().at(State::Established), options).asked();
        let s = life.goes(State::Close, EndCause::Timer(kind)).situation();
        fails(read(), Errno::ETIMEDOUT, &Situation { limits, ..s })
    };
    only(&all, &connected(&[], TimerKind::Retransmit), "tcp_retries2", "(5)");
    only(
        &all,
        &connected(&[(UserTimeout, 900)], TimerKind::Retransmit),
        "TCP_USER_TIMEOUT",
        "(900 ms)",
    );
    only(&all, &connected(&[], TimerKind::ZeroWindowProbe), "tcp_retries2", "(5)");
    only(&all, &connected(&[], TimerKind::Keepalive), "keepalive", "not answered");
    only(
        &all,
        &connected(&[(Syncnt, 1)], TimerKind::Retransmit),
        "tcp_retries2",
        "(5)",
    );
}

#[test]
fn unreachable_after_the_handshake_ends_the_connection_only_when_the_kernel_gives_up() {
    let error = Value::PendingError {
        error: Some(Errno::EHOSTUNREACH),
    };
    let alive = Life::new().at(State::Established).hears(IcmpError::Host);
    tells(
        &gives(Call::SoError, error.clone(), &alive.clone().situation()),
        &["lives"],
    );
    let dead = alive
        .asked()
        .goes(State::Close, EndCause::Timer(TimerKind::Retransmit))
        .situation();
    let words = ["gave up", "ICMP host unreachable", "tcp_retries2"];
    tells(&gives(Call::SoError, error, &dead), &words);
    tells(&fails(read(), Errno::EHOSTUNREACH, &dead), &words);
}

#[test]
fn refusals_differ_by_what_answered() {
    let sentence = fails(connect(), Errno::ECONNREFUSED, &fresh());
    tells(&sentence, &["RST or ICMP port unreachable"]);
    let dials = || Life::new().asked().dials();
    let sentence = fails(connect(), Errno::ECONNREFUSED, &dials().reset_by_peer().situation());
    tells(&sentence, &["An RST answered the SYN"]);
    keeps_silent(&sentence, &["ICMP"]);
    let by_icmp = |icmp| dials().goes(State::Close, EndCause::Icmp(icmp)).situation();
    let sentence = fails(connect(), Errno::ECONNREFUSED, &by_icmp(IcmpError::Port));
    tells(&sentence, &["ICMP port unreachable answered the SYN"]);
    keeps_silent(&sentence, &["RST"]);
    let unseen = Life::unseen()
        .asked()
        .dials()
        .goes(State::Close, EndCause::Unseen(None));
    for s in [fresh(), unseen.situation()] {
        let unseen = super::explain(&on(connect()), &Outcome::Err(Errno::ECONNREFUSED), &s);
        assert_eq!(unseen.rule, None, "nobody saw which");
    }
    // Before a SYN leaves, it is this host's own table that knows no way.
    tells(
        &fails(connect(), Errno::ENETUNREACH, &fresh()),
        &["no route", "no SYN was sent"],
    );
    let no_way = fails(connect(), Errno::EHOSTUNREACH, &fresh());
    tells(&no_way, &["host", "no SYN was sent"]);
    keeps_silent(&no_way, &["ICMP"]);
    for (errno, icmp, words) in [
        (
            Errno::ENETUNREACH,
            IcmpError::Network,
            "ICMP network unreachable answered the SYN",
        ),
        (
            Errno::EHOSTUNREACH,
            IcmpError::Host,
            "ICMP host unreachable answered the SYN",
        ),
        (
            Errno::EACCES,
            IcmpError::Prohibited,
            "ICMP communication prohibited answered the SYN",
        ),
    ] {
        tells(&fails(connect(), errno, &by_icmp(icmp)), &[words]);
    }
    tells(&fails(connect(), Errno::EADDRNOTAVAIL, &fresh()), &["this destination"]);
}

#[test]
fn eagain_names_who_forbids_to_wait() {
    let live = connected(State::Established, State::Established);
    tells(
        &fails(read_with(&[ReadFlag::Dontwait]), Errno::EAGAIN, &live),
        &["no byte, FIN", "MSG_DONTWAIT"],
    );
    tells(&fails(read(), Errno::EAGAIN, &live), &["O_NONBLOCK", "SO_RCVTIMEO"]);
    tells(
        &fails(write_with(&[WriteFlag::Dontwait]), Errno::EAGAIN, &live),
        &["full", "does not read", "MSG_DONTWAIT"],
    );
    tells(&fails(write(), Errno::EAGAIN, &live), &["O_NONBLOCK", "SO_SNDTIMEO"]);
    let dialling = connected(State::SynSent, State::SynSent);
    tells(&fails(read(), Errno::EAGAIN, &dialling), &["handshake"]);
    tells(&fails(write(), Errno::EAGAIN, &dialling), &["handshake"]);
    // Done by now, and the call had waited for that.
    let done = connected(State::SynSent, State::Established);
    keeps_silent(&fails(read(), Errno::EAGAIN, &done), &["handshake"]);
}

/// Of those that can forbid to wait, the one that did; only a limit of the call's own direction counts.
#[test]
fn eagain_names_the_one_that_was_set() {
    let all = ["MSG_DONTWAIT", "O_NONBLOCK", "SO_RCVTIMEO", "SO_SNDTIMEO"];
    #[track_caller]
    fn only(all: &[&str], sentence: &str, name: &str) {
        tells(sentence, &[name]);
        for other in all.iter().filter(|other| **other != name) {
            keeps_silent(sentence, &[other]);
        }
    }
    let with = |options: &[(SocketOption, i64)]| {
        let life = Life::new().at(State::Established);
        let set =
            |life: Life, &(option, value): &(SocketOption, i64)| life.succeeded(Call::SetOption { option, value });
        options.iter().fold(life, set).situation()
    };
    let (nonblock, rcv, snd) = (
        (SocketOption::Nonblock, 1),
        (SocketOption::Rcvtimeo, 250),
        (SocketOption::Sndtimeo, 250),
    );
    let reads = |call, s: &Situation| fails(call, Errno::EAGAIN, s);
    only(&all, &reads(read(), &with(&[nonblock])), "O_NONBLOCK");
    only(&all, &reads(read(), &with(&[rcv])), "SO_RCVTIMEO");
    tells(&reads(read(), &with(&[rcv])), &["ran out after 250"]);
    only(&all, &reads(read(), &with(&[rcv, nonblock, snd])), "O_NONBLOCK");
    only(&all, &reads(write(), &with(&[rcv, snd])), "SO_SNDTIMEO");
    let dontwait = write_with(&[WriteFlag::Dontwait]);
    only(&all, &reads(dontwait, &with(&[nonblock, snd])), "MSG_DONTWAIT");
    only(
        &all,
        &reads(Call::Accept { r#as: name() }, &with(&[rcv, snd])),
        "SO_RCVTIMEO",
    );
    only(
        &all,
        &fails(connect(), Errno::EINPROGRESS, &with(&[rcv, snd])),
        "SO_SNDTIMEO",
    );
}

#[test]
fn a_closed_descriptor_differs_from_one_that_never_was() {
    let closed = Situation { open: false, ..fresh() };
    let never = Situation {
        known: false,
        ..closed.clone()
    };
    tells(&fails(read(), Errno::EBADF, &closed), &["This end closed"]);
    tells(&fails(read(), Errno::EBADF, &never), &["no socket yet"]);
    // poll says POLLNVAL, and never fails for that.
    let poll = Call::Poll {
        events: vec![PollEvent::In],
        timeout: Millis(0),
    };
    tells(&fails(poll, Errno::EBADF, &closed), &["The kernel answered EBADF"]);
}

#[test]
fn an_interrupted_connect_goes_on_and_an_interrupted_read_does_not() {
    tells(&fails(connect(), Errno::EINTR, &fresh()), &["goes on"]);
    tells(&fails(read(), Errno::EINTR, &fresh()), &["nothing is lost"]);
}

#[test]
fn einval_says_what_each_call_minds() {
    tells(
        &fails(Call::Accept { r#as: name() }, Errno::EINVAL, &fresh()),
        &["does not listen"],
    );
    let live = connected(State::Established, State::Established);
    tells(&fails(Call::Listen { backlog: 2 }, Errno::EINVAL, &live), &["peer"]);
    let bind = Call::Bind { address: address(1) };
    tells(&fails(bind, Errno::EINVAL, &live), &["already has an address"]);
    tells(
        &fails(read_with(&[ReadFlag::Oob]), Errno::EINVAL, &live),
        &["urgent byte"],
    );
    let set = |option| Call::SetOption { option, value: 0 };
    tells(
        &fails(set(SocketOption::Syncnt), Errno::EINVAL, &fresh()),
        &["from 1 to 127", "TCP_SYNCNT"],
    );
    tells(&fails(set(SocketOption::Keepidle), Errno::EINVAL, &fresh()), &["32767"]);
}

#[test]
fn a_connected_socket_stays_taken_after_its_connection() {
    let over = fails(connect(), Errno::EISCONN, &connected(State::Close, State::Close));
    tells(&over, &["peer once", "over"]);
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
        &fails(connect(), Errno::ECONNABORTED, &fresh()),
        &["already reported", "a new attempt"],
    );
    let told = Life::new().dials().reset_by_peer().failed(write(), Errno::ECONNREFUSED);
    tells(
        &fails(connect(), Errno::ECONNABORTED, &told.situation()),
        &["an earlier call", "a new attempt"],
    );
    let destroyed = Life::new().dials().goes(State::Close, EndCause::Administrator);
    tells(
        &fails(connect(), Errno::ECONNABORTED, &destroyed.situation()),
        &["ss -K", "a new attempt"],
    );
    tells(&fails(read(), Errno::ECONNABORTED, &fresh()), &["ss -K"]);
}

#[test]
fn an_errno_without_a_rule_shows_the_kernels_text() {
    assert_eq!(
        fails(Call::Close, Errno(4095), &fresh()),
        format!("The kernel answered {}.", Errno(4095))
    );
    tells(
        &fails(Call::Close, Errno::EIO, &fresh()),
        &["EIO", "Input/output error"],
    );
}

// Successes.

#[test]
fn a_shutdown_says_what_it_ends_and_what_goes_on() {
    let half = does(
        shutdown(ShutdownHow::Write),
        &connected(State::Established, State::FinWait1),
    );
    tells(&half, &["FIN sent", "still reads"]);
    let second = does(
        shutdown(ShutdownHow::Write),
        &connected(State::FinWait2, State::FinWait2),
    );
    tells(&second, &["before", "nothing changes"]);
    let last = does(
        shutdown(ShutdownHow::Write),
        &connected(State::CloseWait, State::LastAck),
    );
    tells(&last, &["FIN sent", "the peer's came before"]);
    // After SHUT_RD later data is still read, unless our FIN is out: then it draws an RST.
    let deaf = does(
        shutdown(ShutdownHow::Read),
        &connected(State::Established, State::Established),
    );
    tells(&deaf, &["Nothing is sent", "still comes"]);
    keeps_silent(&deaf, &["RST"]);
    let both = does(
        shutdown(ShutdownHow::Both),
        &connected(State::Established, State::FinWait1),
    );
    tells(&both, &["FIN sent", "RST"]);
    tells(
        &does(
            shutdown(ShutdownHow::Read),
            &connected(State::FinWait2, State::FinWait2),
        ),
        &["RST"],
    );
    tells(&does(shutdown(ShutdownHow::Write), &listening()), &["Nothing happens"]);
    tells(
        &does(shutdown(ShutdownHow::Read), &listening()),
        &["does not listen any more"],
    );
    let given_up = Life::new()
        .dials()
        .asked()
        .goes(State::Close, EndCause::Call(CallClass::Shutdown));
    tells(
        &does(shutdown(ShutdownHow::Write), &given_up.situation()),
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
    let deaf = Life::new()
        .at(State::Established)
        .succeeded(shutdown(ShutdownHow::Read))
        .situation();
    tells(&gives(read(), got(0), &deaf), &["This end", "end of stream"]);
    keeps_silent(&gives(read(), got(0), &deaf), &["peer"]);
    tells(&gives(read(), got(0), &after_fin_and_rst()), &["FIN first"]);
    let unconnected = Life::new()
        .failed(shutdown(ShutdownHow::Read), Errno::ENOTCONN)
        .situation();
    tells(&gives(read(), got(0), &unconnected), &["Not connected"]);
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
fn a_close_tells_fin_from_rst_by_what_left_the_host() {
    let closed = |life: Life| Situation {
        open: false,
        ..life.situation()
    };
    let by_close = EndCause::Call(CallClass::Close);
    let lingers = || {
        Life::new().at(State::Established).succeeded(Call::SetOption {
            option: SocketOption::Linger,
            value: 0,
        })
    };
    let says = |life: Life| does(Call::Close, &closed(life));
    let resets = |life: Life| life.asked().sends(Flags::RST).goes(State::Close, by_close);
    tells(
        &says(Life::new().at(State::Established).asked().comes_to(State::FinWait2)),
        &["FIN sent"],
    );
    tells(&says(resets(lingers())), &["RST sent", "SO_LINGER"]);
    let unread = Situation {
        unread: 5,
        ..closed(resets(Life::new().at(State::Established)))
    };
    tells(&does(Call::Close, &unread), &["RST", "unread bytes"]);
    keeps_silent(&does(Call::Close, &unread), &["SO_LINGER"]);
    let half = || Life::new().at(State::CloseWait);
    let acknowledged = half().asked().ends_sending(CallClass::Close);
    tells(
        &says(acknowledged.clone().goes(State::Close, EndCause::Segment)),
        &["FIN sent", "acknowledged"],
    );
    tells(&says(acknowledged.clone()), &["FIN sent", "last ACK"]);
    tells(&says(resets(lingers().takes_fin())), &["RST", "SO_LINGER"]);
    // The peer's host answered the FIN with RST: it had forgotten the connection.
    tells(&says(acknowledged.reset_by_peer()), &["FIN sent", "answered with RST"]);
    // What the host has no route for does not leave it.
    let kept = lingers().asked().goes(State::Close, by_close);
    tells(&says(kept), &["without a segment"]);

    tells(&does(Call::RstClose, &closed(resets(lingers()))), &["RST sent"]);
    let attempt = Life::new().dials().asked().goes(State::Close, by_close);
    keeps_silent(&does(Call::RstClose, &closed(attempt)), &["RST"]);
    keeps_silent(&says(Life::new()), &["FIN", "RST"]);
}

#[test]
fn a_close_is_told_by_the_states_where_no_segment_is_seen() {
    let closed = |life: Life| Situation {
        open: false,
        ..life.goes(State::Close, EndCause::Call(CallClass::Close)).situation()
    };
    let live = || Life::unseen().at(State::Established);
    let lingers = live().succeeded(Call::SetOption {
        option: SocketOption::Linger,
        value: 0,
    });
    tells(&does(Call::Close, &closed(lingers.asked())), &["RST", "SO_LINGER"]);
    let unread = Situation {
        unread: 5,
        ..closed(live().asked())
    };
    tells(&does(Call::Close, &unread), &["RST", "Unread bytes"]);
    let half = Life::unseen().at(State::CloseWait).asked();
    tells(
        &does(Call::Close, &closed(half.clone().ends_sending(CallClass::Close))),
        &["FINs are acknowledged"],
    );
    tells(
        &does(Call::Close, &half.ends_sending(CallClass::Close).situation()),
        &["FIN sent", "last ACK"],
    );
}

/// The last one that holds the socket ends it: nothing is sent before.
#[test]
fn a_close_of_what_is_still_held_sends_nothing_and_says_who_holds_it() {
    let held_by = |holder| Situation {
        open: false,
        held_by: Some(holder),
        ..connected(State::Established, State::Established)
    };
    let by_descriptor = held_by(Holder::Descriptor(SocketName::new("client-dup").unwrap()));
    let by_call = held_by(Holder::Call(CallKind::Read));
    for call in [Call::Close, Call::RstClose, Call::LingerClose { seconds: 3 }] {
        tells(
            &does(call.clone(), &by_descriptor),
            &["Nothing is sent", "client-dup", "another descriptor"],
        );
        let waits = does(call, &by_call);
        tells(&waits, &["Nothing is sent", "read that waits"]);
        keeps_silent(&waits, &["descriptor"]);
    }
    tells(&does(Call::RstClose, &by_descriptor), &["SO_LINGER", "last close"]);
}

#[test]
fn a_lingering_close_succeeds_whether_or_not_its_time_ran_out() {
    let linger = || Call::LingerClose { seconds: 1 };
    let over = connected(State::Established, State::FinWait1);
    tells(
        &does(linger(), &over),
        &[
            "before everything, its FIN included, was acknowledged",
            "goes on",
            "SO_LINGER ran out",
            "250",
        ],
    );
    let interrupted = Situation {
        interrupted: Some(BEGAN + 1),
        ..over
    };
    tells(
        &does(linger(), &interrupted),
        &["before everything, its FIN included, was acknowledged", "a signal"],
    );
    keeps_silent(&does(linger(), &interrupted), &["ran out"]);
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
    assert_eq!(poll_says(&[In], &[In], &live), "There are bytes to read.");
    let fin = connected(State::CloseWait, State::CloseWait);
    tells(&poll_says(&[In], &[In], &fin), &["0, the end of the stream"]);
    let unread = Situation {
        unread: 5,
        ..fin.clone()
    };
    tells(
        &poll_says(&[In], &[In], &unread),
        &["bytes to read, and then the end of the stream"],
    );
    tells(
        &poll_says(&usual, &[In, Out, Rdhup], &fin),
        &["peer's FIN has come", "then 0", "room to write"],
    );
    keeps_silent(&poll_says(&usual, &[In, Out, Rdhup], &live), &["has come"]);
    let deaf = Life::new()
        .at(State::Established)
        .succeeded(shutdown(ShutdownHow::Read))
        .situation();
    tells(
        &poll_says(&usual, &[In, Out, Rdhup], &deaf),
        &["This end shut reading down"],
    );
    let over = connected(State::Close, State::Close);
    tells(
        &poll_says(&usual, &[In, Out, Rdhup, Err, Hup], &over),
        &["error waits", "both directions are over"],
    );
    keeps_silent(&poll_says(&usual, &[In, Out, Rdhup, Hup], &over), &["error"]);
    tells(&poll_says(&usual, &[Out, Hup], &fresh()), &["There is no connection"]);
    tells(&poll_says(&usual, &[In], &listening()), &["waits for accept"]);
    tells(&poll_says(&[Pri], &[Pri], &live), &["urgent"]);
    tells(&poll_says(&usual, &[Nval], &fresh()), &["descriptor is not open"]);
    tells(&poll_says(&usual, &[], &live), &["Nothing"]);
}

#[test]
fn so_error_takes_the_error_out() {
    let held = |errno| Value::PendingError { error: Some(errno) };
    let refused = Life::new().dials().reset_by_peer();
    tells(
        &gives(Call::SoError, held(Errno::ECONNREFUSED), &refused.clone().situation()),
        &["An RST", "connect begun earlier", "took the error out"],
    );
    tells(
        &gives(Call::SoError, held(Errno::EPIPE), &after_fin_and_rst()),
        &["CLOSE_WAIT"],
    );
    let none = Value::PendingError { error: None };
    let told = refused.failed(write(), Errno::ECONNREFUSED).situation();
    tells(&gives(Call::SoError, none.clone(), &told), &["already reported"]);
    keeps_silent(&gives(Call::SoError, none.clone(), &fresh()), &["already"]);
    let dialling = connected(State::SynSent, State::SynSent);
    tells(&gives(Call::SoError, none, &dialling), &["handshake is not done"]);
}

/// The state that is looked at last is the one that ended it: the FIN that came in FIN_WAIT2 is no data.
#[test]
fn an_orderly_end_leaves_no_error() {
    let over = Life::new().at(State::TimeWait);
    assert!(!over.sock.has_error(), "{:?}", over.sock.end);
    let waitall = read_with(&[ReadFlag::Waitall]);
    let half = Life::new().at(State::FinWait2).asked().takes_fin().situation();
    let short = gives(waitall, got(5), &half);
    tells(&short, &["the peer's FIN ended the stream"]);
    keeps_silent(&short, &["error", "data"]);
}

#[test]
fn accept_says_when_the_handshake_was_done() {
    let accepted = |established| {
        let mut sock = Sock::default();
        sock.established = established;
        let s = Situation {
            accepted: Some(sock),
            ..listening()
        };
        gives(
            Call::Accept { r#as: name() },
            Value::Descriptor { fd: 5, peer: None },
            &s,
        )
    };
    tells(&accepted(Some(BEGAN - 1)), &["done before accept"]);
    tells(&accepted(Some(BEGAN + 1)), &["while accept waited"]);
    keeps_silent(&accepted(None), &["handshake"]);
}

#[test]
fn a_backlog_of_n_holds_one_more() {
    let listen = |backlog| does(Call::Listen { backlog }, &fresh());
    tells(&listen(2), &["3 may wait"]);
    tells(&listen(0), &["one connection may wait"]);
    tells(&listen(-1), &["somaxconn"]);
    tells(&listen(i32::MAX), &["somaxconn"]);
}

#[test]
fn an_option_says_what_it_will_do() {
    let set = |option, value| does(Call::SetOption { option, value }, &fresh());
    tells(&set(SocketOption::Linger, 0), &["SO_LINGER", "RST"]);
    keeps_silent(&set(SocketOption::Linger, 5), &["RST"]);
    tells(&set(SocketOption::Linger, 5), &["is now on, 5 s"]);
    tells(&set(SocketOption::Cork, 1), &["about 200 ms"]);
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
            &fresh(),
        ),
        &["131072 bytes", "doubles"],
    );
}

/// sk_setsockopt and do_tcp_setsockopt keep these otherwise than they are given: getsockopt gives another number.
#[test]
fn an_option_that_the_kernel_adjusts_is_not_said_to_be_what_was_asked() {
    let set = |option, value| does(Call::SetOption { option, value }, &fresh());
    for (option, value, words) in [
        (
            SocketOption::Linger2,
            200,
            "200 s, of which the kernel takes 120 s at most",
        ),
        (SocketOption::Linger2, 0, "tcp_fin_timeout"),
        (SocketOption::Linger2, -5, "keeps as -1"),
        (SocketOption::DeferAccept, 2, "2 s, and the kernel rounds up (3,"),
        (SocketOption::DeferAccept, -1, "takes as 0: accept returns"),
        (SocketOption::Sndbuf, 1, "asked to be 1 byte"),
        (SocketOption::Rcvbuf, 99_999_999, "asked to be 99999999 bytes"),
        (SocketOption::Rcvtimeo, 5, "5 ms, and the kernel rounds up"),
        (SocketOption::Sndtimeo, -1, "no time at all"),
        (SocketOption::Sndtimeo, 99_999, "to a tick"),
        (SocketOption::DeferAccept, 99_999, "rounds up"),
    ] {
        let sentence = set(option, value);
        tells(&sentence, &["was asked to be", words]);
        keeps_silent(&sentence, &["is now"]);
        is_one_plain_sentence(&sentence);
    }
    for (option, value) in [
        (SocketOption::Linger2, 120),
        (SocketOption::Linger2, -1),
        (SocketOption::DeferAccept, 1),
        (SocketOption::DeferAccept, 0),
        (SocketOption::Rcvtimeo, 2000),
        (SocketOption::Sndtimeo, 0),
    ] {
        tells(&set(option, value), &["is now"]);
    }
}

/// tcp_rcv_state_process resets on data in FIN_WAIT once reading is shut down, whichever direction was first.
#[test]
fn a_read_after_both_directions_were_shut_down_says_that_data_draws_an_rst() {
    let both = Life::new()
        .connects()
        .ends_sending(CallClass::Shutdown)
        .succeeded(shutdown(ShutdownHow::Both));
    let reading_later = Life::new().at(State::FinWait2).succeeded(shutdown(ShutdownHow::Read));
    for life in [both, reading_later] {
        let sentence = gives(read(), got(5), &life.asked().situation());
        tells(&sentence, &["both directions", "answered with RST"]);
        keeps_silent(&sentence, &["its bytes still come"]);
    }
    let half = Life::new().at(State::FinWait2).asked().situation();
    tells(&gives(read(), got(5), &half), &["its bytes still come"]);
}

/// sk_shutdown outlives a connect: read gives what is queued, else 0.
#[test]
fn a_shutdown_of_reading_without_a_connection_leaves_what_comes_to_be_read() {
    for how in [ShutdownHow::Read, ShutdownHow::Both] {
        let sentence = fails(shutdown(how), Errno::ENOTCONN, &fresh());
        tells(
            &sentence,
            &["even after a connect", "read returns 0 where nothing is queued"],
        );
    }
}

/// tcp_recv_urg leaves the byte with MSG_PEEK.
#[test]
fn an_urgent_byte_that_was_peeked_at_is_not_said_to_be_taken() {
    let one = |flags: &[ReadFlag]| {
        let s = Life::new().at(State::Established).receives(Flags::URG).asked();
        gives(read_with(flags), got(1), &s.situation())
    };
    tells(&one(&[ReadFlag::Oob]), &["taken"]);
    let peeked = one(&[ReadFlag::Oob, ReadFlag::Peek]);
    tells(&peeked, &["The urgent byte", "MSG_PEEK left it"]);
    keeps_silent(&peeked, &["taken"]);
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
    let interrupt = EndpointCall::Process(ProcessCall::Interrupt { target: CallId(3) });
    tells(
        &why(&interrupt, &Outcome::Err(Errno::ESRCH), &fresh()),
        &["not blocked"],
    );
    tells(&why(&interrupt, &Outcome::Ok(Value::Done), &fresh()), &["EINTR"]);
    let sigpipe = |disposition| EndpointCall::Process(ProcessCall::Sigpipe { disposition });
    tells(
        &why(&sigpipe(Sigpipe::Default), &Outcome::Ok(Value::Done), &fresh()),
        &["kills"],
    );
    tells(
        &why(&sigpipe(Sigpipe::Ignore), &Outcome::Ok(Value::Done), &fresh()),
        &["EPIPE"],
    );
}

#[test]
fn a_runtimes_own_words_become_one_plain_sentence() {
    let outcome = Outcome::Unsupported("no shutdown\n\u{1b}[2J here! Not at all.. ".into());
    let sentence = why(&on(Call::Close), &outcome, &fresh());
    is_one_plain_sentence(&sentence);
    tells(&sentence, &["no shutdown", "Not at all"]);
    is_one_plain_sentence(&why(&on(Call::Close), &Outcome::Unsupported(String::new()), &fresh()));
}

#[test]
fn a_value_that_does_not_fit_its_call_is_not_explained() {
    assert_eq!(gives(Call::Close, got(0), &fresh()), Success::CallDone.to_string());
    assert_eq!(gives(read(), Value::Done, &fresh()), Success::CallDone.to_string());
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

/// A link-local address without its zone.
fn link_local() -> SocketAddr {
    SocketAddr::new(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1).into(), 8080)
}

fn calls() -> Vec<Call> {
    let mut calls = vec![
        Call::Socket { family: Family::Inet },
        Call::Bind { address: address(8080) },
        Call::Bind { address: address(0) },
        Call::Accept { r#as: name() },
        connect(),
        Call::Bind { address: link_local() },
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
    calls.extend([ShutdownHow::Read, ShutdownHow::Write, ShutdownHow::Both].map(shutdown));
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

/// The table of calls says which can wait; each of those has words of its own.
#[test]
fn a_call_that_waits_has_its_words() {
    use finwait_model::call::WaitCondition;
    for call in calls() {
        let waits = call.kind().spec().waits_for != WaitCondition::Nothing;
        for state in [State::Close, State::SynSent, State::Established] {
            let awaits = waiting::waits(&call, state, 0).awaits;
            assert_eq!(
                waits,
                !awaits.starts_with("nothing in the kernel"),
                "{call:?}: {awaits}"
            );
        }
    }
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

/// The number of situations: every digit of a number with mixed bases is one choice.
const SITUATIONS: usize = 12 * 12 * 14 * (1 << 12) * 3 * 4;

/// As many situations, spread over all that there are.
fn situations(number: usize) -> Vec<Situation> {
    // Prime to the number of all, so that each choice meets each other.
    let step = (SITUATIONS / number) | 1;
    let step = (step..).step_by(2).find(|step| step % 3 != 0 && step % 7 != 0);
    let step = step.expect("one of them is prime to it");
    (0..number).map(|n| numbered(n * step % SITUATIONS)).collect()
}

fn numbered(mut n: usize) -> Situation {
    let mut choose = |choices: usize| {
        let choice = n % choices;
        n /= choices;
        choice
    };
    let state = |choice: usize| choice.checked_sub(1).map(|n| State::ALL[n]);
    let (before, now) = (state(choose(12)), state(choose(12)));
    let ends = [
        (EndCause::Rst, State::SynSent),
        (EndCause::Rst, State::Established),
        (EndCause::Rst, State::CloseWait),
        (EndCause::Icmp(IcmpError::Port), State::SynSent),
        (EndCause::Icmp(IcmpError::Prohibited), State::SynRecv),
        (EndCause::Segment, State::FinWait2),
        (EndCause::Segment, State::LastAck),
        (EndCause::Timer(TimerKind::Retransmit), State::SynSent),
        (EndCause::Timer(TimerKind::Retransmit), State::SynRecv),
        (EndCause::Timer(TimerKind::Keepalive), State::Established),
        (EndCause::Administrator, State::Established),
        (EndCause::Call(CallClass::Disconnect), State::SynSent),
        (EndCause::Unseen(None), State::Established),
    ];
    let end = choose(ends.len() + 1).checked_sub(1).map(|n| ends[n]);
    let bits = choose(1 << 12);
    let bit = |n: u32| bits & (1 << n) != 0;
    // Before the call, or while it was under way.
    let entry = if choose(3) == 0 { BEGAN + 10 } else { BEGAN - 10 };
    let left = choose(4);
    let at = |happened: bool| happened.then_some(entry);
    let by = |class, happened: bool| happened.then_some(CallEntry { class, entry });
    let mut sock = Sock::default();
    (sock.connected, sock.listening) = (bit(2), bit(3));
    (sock.fin, sock.reported) = (at(bit(4)), at(bit(5)));
    (sock.receiving_shut, sock.sending_shut) = (at(bit(6)), at(bit(7)));
    sock.dissolved = by(CallClass::Disconnect, bit(8));
    sock.noted = bit(9).then_some((IcmpError::Host, entry));
    sock.named = by(CallClass::Bind, bit(10));
    sock.peer = by(CallClass::Connect, bit(2));
    sock.stopped = bit(8).then_some((EndCause::Call(CallClass::Shutdown), entry));
    (sock.urgent, sock.urgent_read) = (at(bit(5)), bit(6));
    sock.left = SentSegments {
        fin: at(left & 1 != 0),
        rst: at(left & 2 != 0),
        syns: u32::from(bit(9)),
    };
    sock.options = SockOptions {
        nonblock: bit(8),
        linger: bit(10).then_some(0),
        user_timeout: bit(4).then_some(900),
        ..SockOptions::default()
    };
    sock.end = end.map(|(by, from)| ConnectionEnd {
        by,
        from,
        to: State::Close,
        entry,
    });
    Situation {
        open: bit(0),
        known: bit(1),
        before,
        now,
        sock,
        segments_seen: bit(11),
        under_way: if bit(10) && bit(9) {
            vec![under_way(CallClass::Disconnect, None)]
        } else {
            Vec::new()
        },
        interrupted: at(bit(9)),
        ..fresh()
    }
}

/// All the sentences for these orders and outcomes, each once, in as many situations.
fn sentences<'a>(
    orders: &[EndpointCall],
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
    let told = sentences(&orders, &errnos, situations(250).iter());
    assert!(told.len() > 100, "only {} sentences for all of them", told.len());
    told.iter().for_each(|sentence| is_one_plain_sentence(sentence));
}

#[test]
fn every_value_of_every_call_has_one_plain_sentence() {
    let orders: Vec<_> = calls().into_iter().map(on).collect();
    let values: Vec<_> = values().into_iter().map(Outcome::Ok).collect();
    let told = sentences(&orders, &values, situations(60).iter());
    assert!(told.len() > 200, "only {} sentences for all of them", told.len());
    told.iter().for_each(|sentence| is_one_plain_sentence(sentence));
}

#[test]
fn every_situation_of_the_calls_that_look_at_it_has_one_plain_sentence() {
    let mut orders: Vec<_> = [read(), write(), connect(), Call::SoError].map(on).into();
    orders.extend([ShutdownHow::Read, ShutdownHow::Write, ShutdownHow::Both].map(|how| on(shutdown(how))));
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
    let told = sentences(&orders, &outcomes, situations(12_000).iter());
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
        (shutdown(ShutdownHow::Write), &[Errno::EBADF, Errno::ENOTCONN]),
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
        let ours = rule.gives == rules::RuleOutcome::Deadline;
        assert_eq!(rule.decided_by.is_empty(), ours, "{}: who decides?", rule.id);
    }
}

/// The table says of each rule which calls it is about and what they return; what falls under it is just that.
#[test]
fn an_outcome_falls_under_a_rule_that_is_about_it() {
    use rules::{CallClass, RuleOutcome};
    let errnos = Errno::NAMED.iter().map(|&(errno, _)| errno);
    let outcomes: Vec<_> = errnos
        .clone()
        .map(Outcome::Err)
        .chain(errnos.map(|errno| Outcome::Ok(Value::PendingError { error: Some(errno) })))
        .chain([Outcome::Ok(got(0)), Outcome::Ok(got(5)), Outcome::Ok(Value::Done)])
        .chain([0, 9].map(|written| Outcome::DeadlineExceeded { written }))
        .collect();
    let situations = situations(1000);
    let mut fell = HashSet::new();
    for call in calls() {
        for outcome in &outcomes {
            let gave = match outcome {
                Outcome::Err(errno) | Outcome::Ok(Value::PendingError { error: Some(errno) }) => {
                    Some(RuleOutcome::Errno(*errno))
                }
                Outcome::Ok(Value::Read { n: 0, .. }) => Some(RuleOutcome::Eof),
                Outcome::DeadlineExceeded { .. } => Some(RuleOutcome::Deadline),
                _ => None,
            };
            let order = on(call.clone());
            for s in &situations {
                let Some(id) = super::explain(&order, outcome, s).rule else {
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

/// A FIN that waits behind data, or on a host without a route, is under way nowhere.
#[test]
fn a_close_of_what_waits_for_the_last_ack_looks_whether_its_fin_has_left() {
    let queued = Life::new()
        .at(State::CloseWait)
        .goes(State::LastAck, EndCause::Call(CallClass::Shutdown))
        .succeeded(shutdown(ShutdownHow::Write))
        .asked();
    tells(&does(Call::Close, &queued.clone().situation()), &["has not left yet"]);
    let reset = queued.goes(State::Close, EndCause::Call(CallClass::Close)).situation();
    keeps_silent(&does(Call::RstClose, &reset), &["under way"]);
    let sent = Life::new().at(State::LastAck).asked().situation();
    tells(&does(Call::Close, &sent), &["Both FINs are under way"]);
}

#[test]
fn a_shutdown_of_both_directions_is_one_sentence() {
    let sentence = does(
        shutdown(ShutdownHow::Both),
        &Life::new()
            .at(State::Established)
            .asked()
            .ends_sending(CallClass::Shutdown)
            .situation(),
    );
    tells(&sentence, &["FIN sent: data that still comes"]);
}

#[test]
fn a_shutdown_of_writing_after_one_of_reading_hears_the_peer_no_more() {
    let deaf = Life::new()
        .at(State::Established)
        .succeeded(shutdown(ShutdownHow::Read));
    let sentence = does(
        shutdown(ShutdownHow::Write),
        &deaf.asked().ends_sending(CallClass::Shutdown).situation(),
    );
    tells(&sentence, &["FIN sent", "answered with RST"]);
    keeps_silent(&sentence, &["still reads"]);
}

/// tcp_disconnect opens both directions again: what ends the stream after it is what came after it.
#[test]
fn after_a_disconnect_the_end_of_stream_is_our_own_shutdown() {
    let s = Life::new()
        .at(State::Established)
        .goes(State::Close, EndCause::Call(CallClass::Disconnect))
        .succeeded(Call::Disconnect)
        .returned(
            Call::SoError,
            Outcome::Ok(Value::PendingError {
                error: Some(Errno::ECONNRESET),
            }),
        )
        .failed(shutdown(ShutdownHow::Both), Errno::ENOTCONN)
        .situation();
    let why = super::explain(&on(read()), &Outcome::Ok(got(0)), &s);
    assert_eq!(why.rule, Some(RuleId::EofUnconnected), "{why:?}");
}

/// tcp_v4_err queues the ICMP error that ended an attempt (ip_icmp_error): the queue outlives SO_ERROR and a new connect.
#[test]
fn poll_tells_the_error_queue_from_the_pending_error() {
    use PollEvent::{Err, Hup, In, Out, Rdhup};
    let refused = Life::new().dials().goes(State::Close, EndCause::Icmp(IcmpError::Host));
    let usual = [In, Out, Rdhup];
    let waiting = poll_says(&usual, &[In, Out, Rdhup, Err, Hup], &refused.clone().situation());
    tells(&waiting, &["SO_ERROR"]);
    let told = refused.failed(connect(), Errno::EHOSTUNREACH);
    let queue = poll_says(&usual, &[Out, Err, Hup], &told.clone().situation());
    tells(&queue, &["error queue", "MSG_ERRQUEUE", "neither read nor write"]);
    keeps_silent(&queue, &["An error waits, which SO_ERROR"]);
    let again = poll_says(&usual, &[Err], &told.dials().situation());
    tells(&again, &["error queue"]);
    keeps_silent(&again, &["neither read nor write"]);
}

/// A connect gave the socket its peer besides, not its address.
#[test]
fn what_named_a_bound_socket_is_its_bind() {
    let bind = Call::Bind { address: address(7000) };
    let s = Life::new().succeeded(bind.clone()).connects().situation();
    let why = super::explain(&on(bind), &Outcome::Err(Errno::EINVAL), &s);
    assert_eq!(
        why.set_by,
        Some(ErrorSource::Found(rules::SetBy::OwnCall(&[CallClass::Bind]), 1)),
        "{why:?}"
    );
}

#[test]
fn an_attempt_that_failed_was_no_connection() {
    let refused = |end: fn(Life) -> Life| end(Life::new().dials());
    let told = refused(|life| life.reset_by_peer()).failed(read(), Errno::ECONNREFUSED);
    let s = told.clone().situation();
    keeps_silent(&fails(write(), Errno::EPIPE, &s), &["The connection"]);
    keeps_silent(&gives(read(), got(0), &s), &["ended the connection"]);
    for call in [Call::Close, Call::RstClose, Call::Disconnect] {
        keeps_silent(&does(call, &s), &["connection was over"]);
    }
    let midway = Life::new()
        .at(State::SynRecv)
        .goes(State::Close, EndCause::Icmp(IcmpError::Port))
        .situation();
    keeps_silent(&fails(read(), Errno::ECONNREFUSED, &midway), &["answered the SYN"]);
}

/// Without a wire SYN_SENT comes and goes unseen.
#[test]
fn without_seen_segments_an_attempt_is_told_from_a_connection() {
    let refused = || {
        let mut life = Life::unseen();
        life.sock.connected = true;
        life.failed(connect(), Errno::EINPROGRESS)
    };
    let error = Outcome::Ok(Value::PendingError {
        error: Some(Errno::ECONNREFUSED),
    });
    for told in [
        refused().returned(Call::SoError, error),
        refused().failed(read(), Errno::ECONNREFUSED),
    ] {
        let s = told.situation();
        let end = super::explain(&on(read()), &Outcome::Ok(got(0)), &s);
        assert_eq!(end.rule, Some(RuleId::EofErrorTold), "{end:?}");
        let broken = super::explain(&on(write()), &Outcome::Err(Errno::EPIPE), &s);
        assert_eq!(broken.rule, Some(RuleId::ErrorTold), "{broken:?}");
    }
    // The next connection has nothing of it.
    let again = Life::unseen()
        .failed(connect(), Errno::ECONNREFUSED)
        .goes(State::Established, EndCause::Unseen(None))
        .succeeded(connect())
        .takes_fin()
        .reset_by_peer()
        .situation();
    let broken = super::explain(&on(write()), &Outcome::Err(Errno::EPIPE), &again);
    assert_eq!(broken.rule, Some(RuleId::ResetInCloseWait), "{broken:?}");
}

/// Data after our own shutdown looks like the peer's RST where no segment is seen.
#[test]
fn without_seen_segments_a_reset_after_our_own_shutdown_names_no_one() {
    let s = Life::unseen()
        .at(State::Established)
        .ends_sending(CallClass::Shutdown)
        .succeeded(shutdown(ShutdownHow::Both))
        .goes(State::FinWait2, EndCause::Segment)
        .goes(State::Close, EndCause::Unseen(None))
        .situation();
    let why = super::explain(&on(read()), &Outcome::Err(Errno::ECONNRESET), &s);
    tells(&why.sentence, &["or data"]);
    assert!(matches!(why.set_by, Some(ErrorSource::Unseen(_))), "{why:?}");
}

/// A language's library sends the FIN, whatever waits in it.
#[test]
fn a_close_that_has_sent_its_fin_is_held_by_nothing() {
    let s = Situation {
        open: false,
        held_by: Some(Holder::Call(CallKind::Read)),
        ..connected(State::Established, State::FinWait1)
    };
    keeps_silent(&does(Call::Close, &s), &["Nothing is sent"]);
    let accepts = Situation {
        open: false,
        held_by: Some(Holder::Call(CallKind::Accept)),
        ..listening()
    };
    tells(&does(Call::Close, &accepts), &["an accept that waits"]);
}

/// A peer in FIN_WAIT2 that wants no data has the connection yet, and resets it.
#[test]
fn an_rst_that_answers_a_fin_says_no_more_than_that() {
    let s = Life::new().at(State::CloseWait).asked();
    let reset = s.ends_sending(CallClass::Close).reset_by_peer().situation();
    let sentence = does(Call::Close, &reset);
    tells(&sentence, &["FIN sent", "answered with RST"]);
    keeps_silent(&sentence, &["no such connection"]);
}

/// The kernel counts tcp_syn_linear_timeouts to the retries (tcp_write_timeout).
#[test]
fn a_user_timeout_that_ran_out_during_the_linear_retries_is_named() {
    let set = |option, value| Call::SetOption { option, value };
    let life = Life::new()
        .succeeded(set(SocketOption::Syncnt, 1))
        .succeeded(set(SocketOption::UserTimeout, 500))
        .dials()
        .sends(Flags::SYN)
        .goes(State::Close, EndCause::Timer(TimerKind::Retransmit));
    let s = Situation {
        limits: Limits {
            syn_linear: 4,
            ..Limits::default()
        },
        ..life.situation()
    };
    tells(&fails(connect(), Errno::ETIMEDOUT, &s), &["TCP_USER_TIMEOUT (500 ms)"]);
}

#[test]
fn a_connect_that_the_peers_crossed_waits_for_no_accept() {
    let s = Life::new()
        .asked()
        .dials()
        .goes(State::SynRecv, EndCause::Segment)
        .goes(State::Established, EndCause::Segment)
        .situation();
    keeps_silent(&does(connect(), &s), &["need not have accepted"]);
}

#[test]
fn a_write_without_a_route_does_not_leave() {
    let s = Situation {
        limits: Limits {
            no_route: Some(3),
            ..Limits::default()
        },
        ..connected(State::Established, State::Established)
    };
    tells(&gives(write(), taken(), &s), &["no route"]);
    keeps_silent(&gives(write(), taken(), &s), &["the kernel sends it"]);
}

#[test]
fn a_read_after_a_connect_that_failed_names_the_connect() {
    let s = Life::new()
        .dials()
        .reset_by_peer()
        .failed(connect(), Errno::ECONNREFUSED)
        .situation();
    let why = super::explain(&on(read()), &Outcome::Err(Errno::ENOTCONN), &s);
    tells(&why.sentence, &["This end's connect"]);
    assert!(
        why.set_by
            .is_some_and(|set_by| set_by.entry() == Some(s.sock.failed.unwrap().entry)),
        "{why:?}"
    );
}

#[test]
fn a_listen_on_a_port_that_a_connection_has_says_so() {
    let s = Situation {
        port_taken_by: Some(State::Established),
        ..fresh()
    };
    let listen = Call::Listen { backlog: 2 };
    keeps_silent(&fails(listen.clone(), Errno::EADDRINUSE, &s), &["listens"]);
    tells(&fails(listen, Errno::EADDRINUSE, &s), &["in ESTABLISHED"]);
}

#[test]
fn a_reset_after_our_own_fin_is_not_sent_instead_of_it() {
    let closed = |unread| Situation {
        open: false,
        unread,
        ..Life::new()
            .at(State::FinWait2)
            .succeeded(Call::SetOption {
                option: SocketOption::Linger,
                value: 0,
            })
            .asked()
            .sends(Flags::RST)
            .goes(State::Close, EndCause::Call(CallClass::Close))
            .situation()
    };
    for s in [closed(0), closed(5)] {
        let sentence = does(Call::Close, &s);
        tells(&sentence, &["RST sent", "this end's FIN had gone before"]);
        keeps_silent(&sentence, &["instead of FIN"]);
    }
}

#[test]
fn a_socket_that_is_connected_to_itself_has_no_peer_to_accept() {
    let s = Situation {
        to_itself: true,
        ..Life::unseen()
            .asked()
            .goes(State::Established, EndCause::Call(CallClass::Connect))
            .situation()
    };
    tells(&does(connect(), &s), &["connected to itself"]);
}

#[test]
fn a_socket_that_is_connected_to_itself_reads_its_own_fin() {
    let s = Situation {
        to_itself: true,
        ..Life::unseen()
            .at(State::Established)
            .returned(shutdown(ShutdownHow::Write), Outcome::Ok(Value::Done))
            .goes(State::TimeWait, EndCause::Call(CallClass::Shutdown))
            .asked()
            .situation()
    };
    let end = gives(read(), got(0), &s);
    tells(&end, &["its own FIN has come back"]);
    keeps_silent(&end, &["peer"]);
    for call in [read(), read_with(&[ReadFlag::Waitall])] {
        keeps_silent(&gives(call, got(2), &s), &["peer has not", "error"]);
    }
}

/// Without a wire, the call that the peer made while the connection ended tells what it sent.
#[test]
fn the_peers_call_tells_what_ended_it_where_no_segment_is_seen() {
    let after_shutdown = |peers| {
        Life::unseen()
            .at(State::Established)
            .returned(shutdown(ShutdownHow::Both), Outcome::Ok(Value::Done))
            .comes_to(State::FinWait2)
            .goes(State::Close, EndCause::Unseen(peers))
            .asked()
            .situation()
    };
    let failed = |call: Call, errno, s: &Situation| super::explain(&on(call), &Outcome::Err(errno), s);
    let found = |why: &Explanation| match why.set_by {
        Some(ErrorSource::Found(set_by, _)) => Some(set_by),
        _ => None,
    };

    let reset = after_shutdown(Some(CallClass::Close));
    let why = failed(read(), Errno::ECONNRESET, &reset);
    assert_eq!((why.rule, found(&why)), (Some(RuleId::Reset), Some(rules::SetBy::Rst)));
    keeps_silent(&why.sentence, &["data that came"]);
    let why = failed(shutdown(ShutdownHow::Write), Errno::ENOTCONN, &reset);
    assert_eq!(found(&why), Some(rules::SetBy::Rst));
    tells(&why.sentence, &["an RST ended it"]);

    let data = after_shutdown(Some(CallClass::Write));
    let why = failed(read(), Errno::ECONNRESET, &data);
    let expected = (Some(RuleId::DataAfterShutdown), Some(rules::SetBy::Data));
    assert_eq!((why.rule, found(&why)), expected);
    let why = failed(shutdown(ShutdownHow::Write), Errno::ENOTCONN, &data);
    assert_eq!(found(&why), Some(rules::SetBy::Data));
    tells(&why.sentence, &["this end's kernel reset it"]);

    let unknown = after_shutdown(None);
    let why = failed(read(), Errno::ECONNRESET, &unknown);
    assert!(
        matches!(why.set_by, Some(ErrorSource::Unseen(any)) if any.len() == 2),
        "{why:?}"
    );
    tells(&why.sentence, &["RST", "or data"]);
}

/// A direction that was shut down without a connection counts after the next connect: it is no cause while there is none.
#[test]
fn a_shutdown_without_a_connection_is_no_cause_of_what_follows() {
    let shut = |life: Life| life.failed(shutdown(ShutdownHow::Write), Errno::ENOTCONN);
    let set_by = |life: Life, errno| super::explain(&on(write()), &Outcome::Err(errno), &life.asked().situation());

    let why = set_by(shut(Life::new()), Errno::EPIPE);
    let expected = (
        Some(RuleId::WriteUnconnected),
        Some(ErrorSource::Timeless(rules::SetBy::Missing)),
    );
    assert_eq!((why.rule, why.set_by), expected);

    let dissolved = || {
        Life::new()
            .at(State::Established)
            .goes(State::Close, EndCause::Call(CallClass::Disconnect))
            .returned(Call::Disconnect, Outcome::Ok(Value::Done))
    };
    let disconnect = [CallClass::Disconnect];
    let why = set_by(shut(dissolved()), Errno::ECONNRESET);
    assert_eq!(why.rule, Some(RuleId::GivenUpByUs));
    assert!(
        matches!(why.set_by, Some(ErrorSource::Found(rules::SetBy::OwnCall(calls), _)) if calls == disconnect),
        "{why:?}"
    );
    let why = set_by(shut(dissolved().failed(read(), Errno::ECONNRESET)), Errno::EPIPE);
    assert_eq!(why.rule, Some(RuleId::WriteUnconnected));
    assert!(
        matches!(why.set_by, Some(ErrorSource::Found(rules::SetBy::OwnCall(calls), _)) if calls == disconnect),
        "{why:?}"
    );
}
