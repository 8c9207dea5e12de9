//! The session, played without a kernel: commands and events go in, requests and the picture come out.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use finwait::call::{Bytes, Call, CallId, CallKind, EndpointCall, ProcessCall, ShutdownHow, SocketName};
use finwait::clock::{Millis, MonoTime};
use finwait::command::{Command, EndCommand, parse::parse};
use finwait::errno::Errno;
use finwait::explain::direction::Direction;
use finwait::explain::rules::{CallClass, SetBy};
use finwait::explain::{ErrorSource, RuleId, Sock};
use finwait::lab::event::{
    CallBegan, CallEnded, Death, Disposition, LabEvent, LabRequest, NamedCall, PacketRecord, ProcessBorn, ProcessDied,
    ReceivedPacket, RuntimeChanged, RuntimeProgress, TimedEvent, TransitionCause, WireChange, WireRequest,
};
use finwait::outcome::{Outcome, Value, ValueKind};
use finwait::runtime::Runtime;
use finwait::scenario::play::{Play as Steps, StepStatus};
use finwait::session::NextRuntime;
use finwait::session::chain::chain;
use finwait::session::connections::ConnectionNo;
use finwait::session::progress::{CommandProgress, CommandResult};
use finwait::session::transcript::{Entry, EntryKind};
use finwait::session::view::HeldBy;
use finwait::session::{CallEnd, CommandError, FinishedCall, LabKind, Session, Socket};
use finwait::side::Side;
use finwait::socket_table::{Timer, TimerKind, Tuple};
use finwait::state::State;
use finwait::wire::flow::{FlowInfo, Flows};
use finwait::wire::queue::{Mode, Origin, Wire};
use finwait::wire::segment::{Flags, IcmpError, Packet, Segment, SeqNo};

#[path = "support/lab_events.rs"]
mod lab_events;

use Side::{Client, Server};
use lab_events::{CLIENT, SERVER, born, changed, facts, row};

const LISTENS: u16 = 8080;
const DIALS: u16 = 40_001;

/// A lab that says what the test tells it to say.
struct Play {
    session: Session,
    now: u64,
    fd: i32,
    pid: u32,
    /// What the session asked of the lab and the test has not answered yet.
    asked: Vec<LabRequest>,
    flows: Flows,
    numbers: Wire,
}

/// A call as it reached the lab.
#[derive(Debug)]
struct Sent {
    side: Side,
    id: CallId,
    socket: String,
    call: Call,
}

impl Play {
    fn in_a(kind: LabKind) -> Play {
        let mut play = Play {
            session: Session::new(facts(kind), MonoTime(0)),
            now: 0,
            fd: 4,
            pid: 100,
            asked: Vec::new(),
            flows: Flows::default(),
            numbers: Wire::default(),
        };
        for side in Side::BOTH {
            play.born(side);
        }
        play
    }

    fn new() -> Play {
        Play::in_a(LabKind::Isolated)
    }

    fn happens(&mut self, what: LabEvent) {
        self.now += 1_000_000;
        let at = MonoTime(self.now);
        self.asked.extend(self.session.absorb(TimedEvent { at, what }));
    }

    fn born(&mut self, side: Side) {
        self.pid += 1;
        self.happens(born(side, self.pid));
    }

    /// The client's shutdown of writing: the entry of its return.
    fn ends_its_direction(&mut self) -> u64 {
        self.types("client shutdown write").unwrap();
        let shutdown = self.sent();
        let inode = self.socket(Client, "client").inode.unwrap();
        let by_it = TransitionCause::Call(self.named(shutdown.id));
        self.changes(Client, of_client(), inode, (State::Established, State::FinWait1), by_it);
        self.succeeds(&shutdown);
        self.session.transcript.last()
    }

    fn types(&mut self, text: &str) -> Result<Option<CallId>, CommandError> {
        let Ok(Command::End(side, command)) = parse(text, None) else {
            panic!("{text:?} is no command of an end");
        };
        self.now += 1_000_000;
        let issued = self.session.command(side, &command, MonoTime(self.now))?;
        self.asked.extend(issued.requests);
        Ok(issued.root)
    }

    fn issues(&mut self, text: &str) -> CommandProgress {
        let command = parse(text, None).unwrap();
        self.now += 1_000_000;
        let (progress, requests) = CommandProgress::issue(&mut self.session, &command, MonoTime(self.now)).unwrap();
        self.asked.extend(requests);
        progress
    }

    /// What came of it so far in a lab that is quiet.
    fn result(&self, progress: &CommandProgress) -> Option<CommandResult> {
        progress.result(&self.session, true, MonoTime(self.now), PATIENCE)
    }

    fn is_over(&self, progress: &CommandProgress) -> bool {
        progress.is_over(&self.session, true, MonoTime(self.now), PATIENCE)
    }

    fn refusal(&mut self, text: &str) -> String {
        let refusal = self.types(text).expect_err(text).to_string();
        assert!(self.asked.is_empty(), "{text:?} was refused and sent all the same");
        refusal
    }

    /// The one call that waits for its outcome.
    #[track_caller]
    fn sent(&mut self) -> Sent {
        assert_eq!(self.asked.len(), 1, "{:?}", self.asked);
        match self.asked.remove(0) {
            LabRequest::Call(side, request) => match request.order {
                EndpointCall::On { socket, call } => Sent {
                    side,
                    id: request.id,
                    socket: socket.to_string(),
                    call,
                },
                order => panic!("{order:?} is on no socket"),
            },
            request => panic!("{request:?} is no call"),
        }
    }

    fn ends(&mut self, sent: &Sent, outcome: Outcome, inode: Option<u64>) {
        self.happens(LabEvent::Ended(CallEnded {
            side: sent.side,
            call: sent.id,
            took: Duration::from_micros(11),
            outcome,
            said: None,
            trace: Vec::new(),
            inode,
        }));
    }

    fn succeeds(&mut self, sent: &Sent) {
        self.ends(sent, Outcome::Ok(Value::Done), None);
    }

    fn fails(&mut self, sent: &Sent, errno: Errno) {
        self.ends(sent, Outcome::Err(errno), None);
    }

    /// The call gives a descriptor of the socket with that inode.
    fn gives(&mut self, sent: &Sent, inode: u64) {
        self.fd += 1;
        let value = Value::Descriptor {
            fd: self.fd,
            peer: match &sent.call {
                Call::Accept { .. } => Some(of_client().local),
                _ => None,
            },
        };
        self.ends(sent, Outcome::Ok(value), Some(inode));
    }

    /// Types a command, answers the calls that it leads to with success, and says on which sockets they were made.
    #[track_caller]
    fn carries_out(&mut self, text: &str, inode: u64) -> Vec<(String, &'static str)> {
        self.types(text).unwrap();
        let mut made = Vec::new();
        while !self.asked.is_empty() {
            let sent = self.sent();
            made.push((sent.socket.clone(), sent.call.kind().name()));
            match &sent.call {
                call if call.kind().spec().returns == ValueKind::Descriptor => self.gives(&sent, inode),
                Call::Write { data, .. } => self.ends(&sent, Outcome::Ok(Value::Written { n: data.0.len() }), None),
                Call::Read { .. } => {
                    let value = Value::Read {
                        n: 0,
                        data: Bytes::default(),
                    };
                    self.ends(&sent, Outcome::Ok(value), None);
                }
                _ => self.succeeds(&sent),
            }
        }
        made
    }

    fn table(&mut self, side: Side, rows: &[(Tuple, State, u64)]) {
        let rows = rows
            .iter()
            .map(|&(tuple, state, inode)| row(tuple, state, inode))
            .collect();
        self.happens(LabEvent::Table { side, rows });
    }

    fn changes(
        &mut self,
        side: Side,
        tuple: Tuple,
        inode: u64,
        states: (State, State),
        cause: TransitionCause,
    ) -> &Entry {
        self.happens(changed(side, tuple, inode, states, cause));
        self.session.transcript.entries().back().unwrap()
    }

    /// A call with its name, as a cause has it.
    fn named(&self, call: CallId) -> NamedCall {
        let name = self.session.order_of(call).unwrap().kind();
        NamedCall { call, name }
    }

    /// The last packet that the host of that side received, as a cause; it is unseen when there was none.
    fn received(&self, side: Side) -> TransitionCause {
        let mut entries = self.session.transcript.entries().iter().rev();
        let last = entries.find_map(|entry| match &entry.what {
            EntryKind::Packet(record) if record.from != side => ReceivedPacket::of(record),
            _ => None,
        });
        last.map_or(TransitionCause::Unseen, TransitionCause::Received)
    }

    fn passes(&mut self, from: Side, packet: Packet) -> &Entry {
        self.passes_with(from, packet, Disposition::Delivered)
    }

    fn passes_with(&mut self, from: Side, packet: Packet, disposition: Disposition) -> &Entry {
        let no = self.numbers.number();
        let seen = match &packet {
            Packet::Tcp(segment) => self.flows.sent(no, segment),
            _ => FlowInfo::default(),
        };
        self.happens(LabEvent::Packet(PacketRecord {
            no,
            from,
            packet,
            segment_size: None,
            seen,
            origin: Origin::Host,
            disposition,
            rule: None,
            link: None,
            stripped: finwait::wire::link::OptionSet::NONE,
            waited: None,
            raw: None,
        }));
        self.session.transcript.entries().back().unwrap()
    }

    fn why(&self, side: Side) -> &str {
        &self.session.ends[side].last.as_ref().unwrap().call.why.sentence
    }

    fn socket(&self, side: Side, socket: &str) -> &Socket {
        self.session.ends[side]
            .socket(&named(socket))
            .unwrap_or_else(|| panic!("no {socket}"))
    }

    /// What the record tells of the kernel's socket behind that name.
    fn sock(&self, side: Side, socket: &str) -> &Sock {
        self.session.ends[side].sock(self.socket(side, socket))
    }

    fn current(&self, side: Side) -> &str {
        self.session.ends[side].current.as_ref().map_or("", SocketName::as_str)
    }

    fn names(&self, side: Side) -> Vec<&str> {
        self.session.ends[side]
            .sockets
            .iter()
            .map(|s| s.name.as_str())
            .collect()
    }

    /// Each line of the state pane: name, state, who holds it.
    fn pane(&self, side: Side) -> Vec<(String, State, HeldBy)> {
        let line = |view: finwait::session::view::SocketView| {
            let name = view.name.map_or("-".to_owned(), ToString::to_string);
            (name, view.state(), view.held)
        };
        self.session.sockets(side).into_iter().map(line).collect()
    }

    /// The server listens, with the socket of that inode.
    fn listens(&mut self, inode: u64) {
        self.types("server listen").unwrap();
        let mut listen = self.sent();
        self.gives(&listen, inode);
        for _ in ["bind", "listen"] {
            listen = self.sent();
            if listen.call.kind() == CallKind::Listen {
                let (tuple, to, inode) = listener(inode);
                self.changes(
                    Server,
                    tuple,
                    inode,
                    (State::Close, to),
                    TransitionCause::Call(self.named(listen.id)),
                );
            }
            self.succeeds(&listen);
        }
    }

    /// The changes of state of a handshake, both ends', which that connect began.
    fn shakes_hands(&mut self, inode: u64, tuple: Tuple, connect: &Sent) {
        let by = TransitionCause::Call(self.named(connect.id));
        self.changes(Client, tuple, inode, (State::Close, State::SynSent), by);
        let (of_server, done) = (tuple.mirrored(), State::Established);
        let begins = (State::Close, State::SynRecv);
        self.changes(Server, of_server, 0, begins, self.received(Server));
        self.changes(Client, tuple, inode, (State::SynSent, done), self.received(Client));
        self.changes(Server, of_server, 0, (State::SynRecv, done), self.received(Server));
    }

    /// A segment of the client's reaches the server and changes the state of its connection, whose inode is 3.
    fn server_takes(&mut self, flags: &[Flags], seq: u32, states: (State, State)) {
        self.passes(Client, segment(Client, flags, seq, 1, b""));
        self.changes(Server, of_server(), 3, states, self.received(Server));
    }

    /// The client's FIN ends its direction, and its RST then the connection.
    fn closes_and_resets(&mut self) {
        self.server_takes(&[Flags::FIN, Flags::ACK], 1, (State::Established, State::CloseWait));
        self.server_takes(&[Flags::RST], 2, (State::CloseWait, State::Close));
    }

    /// A segment of the server's reaches the client and changes the state of its connection, whose inode is 2.
    fn client_takes(&mut self, flags: &[Flags], seq: u32, states: (State, State)) {
        self.passes(Server, segment(Server, flags, seq, 1, b""));
        self.changes(Client, of_client(), 2, states, self.received(Client));
    }

    /// A listener, a connection and its accepted end: inodes 1 (listener), 2 (client), 3 (server).
    fn connected() -> Play {
        let mut play = Play::new();
        play.listens(1);
        play.carries_out("client socket", 2);
        play.types("client connect on=client").unwrap();
        let connect = play.sent();
        play.shakes_hands(2, of_client(), &connect);
        play.succeeds(&connect);
        play.table(Server, &[listener(1), (of_server(), State::Established, 0)]);
        play.carries_out("server accept", 3);
        play.table(Server, &[listener(1), (of_server(), State::Established, 3)]);
        play.table(Client, &[(of_client(), State::Established, 2)]);
        play
    }
}

fn named(name: &str) -> SocketName {
    SocketName::new(name).unwrap()
}

fn made(calls: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    calls.iter().map(|&(socket, call)| (socket.to_owned(), call)).collect()
}

fn of_client() -> Tuple {
    from_port(DIALS)
}

fn from_port(port: u16) -> Tuple {
    Tuple {
        local: SocketAddr::new(CLIENT, port),
        peer: SocketAddr::new(SERVER, LISTENS),
    }
}

fn of_server() -> Tuple {
    of_client().mirrored()
}

fn listener(inode: u64) -> (Tuple, State, u64) {
    let tuple = Tuple {
        local: SocketAddr::new(SERVER, LISTENS),
        peer: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0),
    };
    (tuple, State::Listen, inode)
}

fn segment(from: Side, flags: &[Flags], seq: u32, ack: u32, payload: &[u8]) -> Packet {
    let way = match from {
        Client => of_client(),
        Server => of_server(),
    };
    Packet::Tcp(Segment {
        source: way.local,
        destination: way.peer,
        flags: Flags(flags.iter().fold(0, |bits, flag| bits | flag.0)),
        seq: SeqNo(seq),
        ack: SeqNo(ack),
        window: 1000,
        urgent: 0,
        options: Vec::new(),
        len: payload.len(),
        payload: Bytes(payload.to_vec()),
    })
}

/// What the transcript says caused the change.
fn caused_by(entry: &Entry) -> String {
    match &entry.what {
        EntryKind::State { change, .. } => change.cause.words(change.from),
        what => panic!("{what:?} is no change"),
    }
}

fn change_of(entry: &Entry) -> Option<&str> {
    match &entry.what {
        EntryKind::State { socket, .. } => socket.as_ref().map(SocketName::as_str),
        what => panic!("{what:?} is no change"),
    }
}

// Which socket a call goes to.

#[test]
fn connect_makes_a_socket_when_there_is_none() {
    let mut play = Play::new();
    let calls = play.carries_out("client connect", 2);
    assert_eq!(calls, made(&[("client", "socket"), ("client", "connect")]));
    assert!(play.sock(Client, "client").connected);
}

#[test]
fn connect_takes_the_current_socket_while_it_is_unused() {
    let mut play = Play::new();
    play.carries_out("client socket", 2);
    assert_eq!(play.carries_out("client connect", 2), made(&[("client", "connect")]));
}

#[test]
fn connect_makes_a_new_socket_when_the_current_one_has_connected() {
    let mut play = Play::connected();
    let calls = play.carries_out("client connect", 5);
    assert_eq!(calls, made(&[("client2", "socket"), ("client2", "connect")]));
    assert_eq!(play.current(Client), "client2");
}

#[test]
fn connect_makes_a_new_socket_when_the_current_one_is_closed() {
    let mut play = Play::new();
    play.carries_out("client socket", 2);
    play.carries_out("client close", 2);
    let calls = play.carries_out("client connect", 5);
    assert_eq!(calls, made(&[("client2", "socket"), ("client2", "connect")]));
}

#[test]
fn a_refused_socket_can_connect_again_and_one_under_way_is_left_alone() {
    for (errno, next) in [
        (Errno::ECONNREFUSED, &["connect"][..]),
        (Errno::ETIMEDOUT, &["connect"]),
        (Errno::EINPROGRESS, &["socket", "connect"]),
        (Errno::EINTR, &["socket", "connect"]),
    ] {
        let mut play = Play::new();
        play.carries_out("client socket", 2);
        play.types("client connect").unwrap();
        let sent = play.sent();
        play.fails(&sent, errno);
        let calls: Vec<_> = play
            .carries_out("client connect", 5)
            .into_iter()
            .map(|(_, call)| call)
            .collect();
        assert_eq!(calls, next, "after {errno}");
    }
}

#[test]
fn reconnect_stays_with_the_current_socket_whatever_its_state() {
    let mut play = Play::connected();
    assert_eq!(play.carries_out("client reconnect", 0), made(&[("client", "connect")]));
    play.carries_out("client close", 0);
    assert_eq!(play.carries_out("client reconnect", 0), made(&[("client", "connect")]));
}

#[test]
fn connect_goes_to_the_peers_listener_and_else_to_where_it_would_be() {
    let mut play = Play::new();
    let target = |play: &mut Play, text: &str| {
        play.types(text).unwrap();
        let sent = play.sent();
        match sent.call {
            Call::Connect { address, .. } => {
                play.fails(&sent, Errno::ECONNREFUSED);
                address.to_string()
            }
            call => panic!("{call:?}"),
        }
    };
    play.carries_out("client socket", 2);
    assert_eq!(target(&mut play, "client connect"), "10.0.0.2:8080");
    play.carries_out("server listen", 1);
    let elsewhere = Tuple {
        local: "0.0.0.0:9999".parse().unwrap(),
        ..listener(1).0
    };
    play.table(Server, &[(elsewhere, State::Listen, 1)]);
    assert_eq!(target(&mut play, "client connect"), "10.0.0.2:9999");
    assert_eq!(target(&mut play, "client connect :80"), "10.0.0.2:80");
}

#[test]
fn accept_goes_to_the_newest_open_listener() {
    let mut play = Play::connected();
    assert_eq!(play.current(Server), "server");
    assert_eq!(play.carries_out("server accept", 6), made(&[("listener", "accept")]));
    play.carries_out("server socket", 7);
    play.carries_out("server listen", 7);
    assert_eq!(play.carries_out("server accept", 8), made(&[("listener2", "accept")]));
    play.carries_out("server close on=listener2", 0);
    assert_eq!(play.carries_out("server accept", 9), made(&[("listener", "accept")]));
}

#[test]
fn an_accepted_socket_becomes_the_current_one_and_a_dup_does_not() {
    let mut play = Play::connected();
    assert_eq!(play.current(Server), "server");
    play.carries_out("server dup", 3);
    assert_eq!(play.names(Server), ["listener", "server", "server-dup"]);
    assert_eq!(play.current(Server), "server");
}

#[test]
fn a_call_on_a_closed_socket_is_made_all_the_same() {
    let mut play = Play::connected();
    play.carries_out("client close", 0);
    play.types("client write").unwrap();
    let sent = play.sent();
    assert_eq!((sent.socket.as_str(), sent.call.kind().name()), ("client", "write"));
    play.fails(&sent, Errno::EBADF);
    assert!(
        play.why(Client).contains("This end closed this descriptor"),
        "{}",
        play.why(Client)
    );
}

#[test]
fn a_call_without_any_socket_is_made_all_the_same() {
    let mut play = Play::new();
    play.types("client read").unwrap();
    let sent = play.sent();
    assert_eq!(sent.call.kind().name(), "read");
    play.fails(&sent, Errno::EBADF);
    assert!(play.why(Client).contains("has no socket yet"), "{}", play.why(Client));
}

// Chains.

#[test]
fn listen_makes_and_binds_a_socket_each_call_after_the_success_of_the_one_before() {
    let mut play = Play::new();
    let root = play.types("server listen backlog=1").unwrap().unwrap();
    for call in ["socket", "bind", "listen"] {
        assert!(play.session.busy(Server, root), "before {call}");
        let sent = play.sent();
        assert_eq!((sent.socket.as_str(), sent.call.kind().name()), ("listener", call));
        if call == "socket" {
            play.gives(&sent, 1);
        } else {
            play.succeeds(&sent);
        }
    }
    assert!(play.asked.is_empty());
    assert!(!play.session.busy(Server, root));
    assert!(play.sock(Server, "listener").listening);
}

#[test]
fn a_chain_ends_with_the_first_call_that_fails() {
    let mut play = Play::new();
    let root = play.types("server listen").unwrap().unwrap();
    let socket = play.sent();
    play.gives(&socket, 1);
    let bind = play.sent();
    play.fails(&bind, Errno::EADDRINUSE);
    assert!(play.asked.is_empty(), "{:?}", play.asked);
    assert!(!play.session.busy(Server, root));
    assert!(!play.sock(Server, "listener").listening);
}

#[test]
fn a_socket_that_the_kernel_did_not_give_is_forgotten() {
    let mut play = Play::new();
    play.types("client connect").unwrap();
    let socket = play.sent();
    play.fails(&socket, Errno::EMFILE);
    assert!(play.asked.is_empty());
    assert!(play.names(Client).is_empty());
    assert_eq!(play.current(Client), "");
}

#[test]
fn a_call_that_the_endpoint_did_not_understand_is_over() {
    let mut play = Play::new();
    let root = play.types("client connect").unwrap().unwrap();
    let id = Some(play.sent().id);
    let why = "the line is too long".to_owned();
    play.happens(LabEvent::Garbled { side: Client, id, why });
    assert!(!play.session.busy(Client, root));
    assert!(play.names(Client).is_empty(), "{:?}", play.names(Client));
}

/// A write's data would fill the memory of a long run: it is kept while the call waits, and until the next command for who looks then.
#[test]
fn what_a_call_was_asked_to_do_is_forgotten_when_it_is_over() {
    let mut play = Play::connected();
    let read = play.types("client read").unwrap().unwrap();
    play.asked.clear();
    let write = play.types("client write hello").unwrap().unwrap();
    let sent = play.sent();
    play.ends(&sent, Outcome::Ok(Value::Written { n: 5 }), None);
    assert!(play.session.order_of(write).is_some());
    play.types("server so-error").unwrap();
    assert!(play.session.order_of(write).is_none());
    assert!(play.session.order_of(read).is_some(), "it waits still");
    assert_eq!(play.session.root_of(write), Some(write));
}

// Names.

#[test]
fn no_name_is_given_twice() {
    let mut play = Play::new();
    for expected in ["client", "client2", "client3"] {
        assert_eq!(play.carries_out("client socket", 9), made(&[(expected, "socket")]));
        play.carries_out("client close", 0);
    }
    play.types("client kill").unwrap();
    assert!(matches!(play.asked.remove(0), LabRequest::Kill(Client)));
    let (pid, how) = (play.pid - 1, Death::Signal(9));
    play.happens(LabEvent::Died(ProcessDied { side: Client, pid, how }));
    play.types("client restart").unwrap();
    assert!(matches!(play.asked.remove(0), LabRequest::Restart(Client)));
    play.born(Client);
    assert!(play.names(Client).is_empty());
    assert_eq!(play.carries_out("client socket", 9), made(&[("client4", "socket")]));
}

/// A socket that was made to listen, and connects, is no listener: it is shown, and answers, by another name, and the endpoint knows
/// it by its first one.
#[test]
fn a_socket_that_connects_is_not_called_a_listener() {
    let mut play = Play::new();
    play.carries_out("server bind", 1);
    play.carries_out("server connect", 1);
    let tuple = Tuple {
        local: "10.0.0.2:8080".parse().unwrap(),
        peer: "10.0.0.1:7000".parse().unwrap(),
    };
    let begins = (State::Close, State::SynSent);
    let told = play.changes(Server, tuple, 1, begins, TransitionCause::Unseen).lines();
    assert!(told[0].starts_with("server CLOSE -> SYN_SENT"), "{told:?}");
    play.table(Server, &[(tuple, State::SynSent, 1)]);
    let shown = play.session.sockets(Server);
    assert_eq!(shown[0].name.unwrap().as_str(), "server");
    for name in ["server", "listener"] {
        assert_eq!(
            play.carries_out(&format!("server so-error on={name}"), 1)[0].0,
            "listener"
        );
    }
    // Another one has neither name.
    assert_eq!(play.carries_out("server listen", 2)[0].0, "listener2");
    assert_eq!(play.carries_out("server accept", 3).len(), 1);
    assert_eq!(play.names(Server), ["listener", "listener2", "server2"]);
}

#[test]
fn a_listener_keeps_its_name() {
    let mut play = Play::new();
    play.carries_out("server listen", 1);
    let listening = Tuple {
        local: "10.0.0.2:8080".parse().unwrap(),
        peer: "0.0.0.0:0".parse().unwrap(),
    };
    let told = play
        .changes(
            Server,
            listening,
            1,
            (State::Close, State::Listen),
            TransitionCause::Unseen,
        )
        .lines();
    assert!(told[0].starts_with("server listener CLOSE -> LISTEN"), "{told:?}");
}

#[test]
fn each_end_counts_its_own_names() {
    let mut play = Play::new();
    assert_eq!(play.carries_out("server connect", 1)[0].0, "server");
    assert_eq!(play.carries_out("client socket", 2)[0].0, "client");
    assert_eq!(play.carries_out("client listen", 2)[0].0, "client");
    assert_eq!(play.carries_out("client listen", 2)[0].0, "client");
    assert_eq!(play.carries_out("server listen", 3)[0].0, "listener");
}

// What becomes of a socket.

#[test]
fn a_listener_whose_reading_is_shut_down_listens_no_more() {
    let mut play = Play::connected();
    play.carries_out("server shutdown read on=listener", 0);
    assert!(!play.sock(Server, "listener").listening);
    assert!(
        play.why(Server).contains("does not listen any more"),
        "{}",
        play.why(Server)
    );
    let mut play = Play::connected();
    play.carries_out("server shutdown write on=listener", 0);
    assert!(play.sock(Server, "listener").listening);
}

#[test]
fn a_shutdown_in_syn_sent_leaves_a_socket_for_another_attempt() {
    let mut play = Play::new();
    play.carries_out("client socket", 2);
    play.types("client connect").unwrap();
    let connect = play.sent();
    play.fails(&connect, Errno::EINPROGRESS);
    play.table(Client, &[(of_client(), State::SynSent, 2)]);
    play.types("client shutdown write").unwrap();
    let shutdown = play.sent();
    assert_eq!(
        shutdown.call,
        Call::Shutdown {
            how: ShutdownHow::Write
        }
    );
    play.table(Client, &[]);
    play.succeeds(&shutdown);
    assert!(!play.sock(Client, "client").connected);
    assert!(play.why(Client).contains("given up"), "{}", play.why(Client));
}

#[test]
fn a_listener_is_not_connected_by_an_attempt_that_must_fail() {
    let mut play = Play::connected();
    play.types("server reconnect on=listener").unwrap();
    let sent = play.sent();
    play.fails(&sent, Errno::EISCONN);
    let listener = play.sock(Server, "listener");
    assert!(listener.listening && !listener.connected);
}

#[test]
fn a_disconnected_socket_can_connect_again() {
    let mut play = Play::connected();
    play.carries_out("client disconnect", 0);
    assert_eq!(play.carries_out("client connect", 0), made(&[("client", "connect")]));
}

// Rows and names.

#[test]
fn a_row_gets_its_name_by_inode_while_a_descriptor_is_open() {
    let play = Play::connected();
    assert_eq!(
        play.pane(Server),
        [
            ("listener".to_owned(), State::Listen, HeldBy::Open),
            ("server".to_owned(), State::Established, HeldBy::Open),
        ]
    );
}

#[test]
fn an_orphan_keeps_its_name_by_its_addresses() {
    let mut play = Play::connected();
    play.table(Client, &[(of_client(), State::FinWait2, 0)]);
    play.carries_out("client close", 0);
    assert_eq!(
        play.pane(Client),
        [("client".to_owned(), State::FinWait2, HeldBy::Orphan)]
    );
    play.table(Client, &[(of_client(), State::TimeWait, 0)]);
    assert_eq!(
        play.pane(Client),
        [("client".to_owned(), State::TimeWait, HeldBy::TimeWait)]
    );
    play.table(Client, &[]);
    assert_eq!(play.pane(Client), [("client".to_owned(), State::Close, HeldBy::Closed)]);
}

#[test]
fn an_orphan_outlives_its_process_under_its_name() {
    let mut play = Play::connected();
    play.types("client restart").unwrap();
    play.asked.clear();
    play.table(Client, &[(of_client(), State::FinWait2, 0)]);
    let pid = 101;
    play.happens(LabEvent::Died(ProcessDied {
        side: Client,
        pid,
        how: Death::Signal(9),
    }));
    play.born(Client);
    assert_eq!(
        play.pane(Client),
        [("client".to_owned(), State::FinWait2, HeldBy::Orphan)]
    );
    // The calls of the new process do not go to it.
    assert_eq!(play.carries_out("client connect", 9)[0].0, "client2");
}

#[test]
fn an_open_descriptor_of_a_finished_connection_shows_its_time_wait() {
    let mut play = Play::connected();
    play.table(Client, &[(of_client(), State::TimeWait, 0)]);
    assert_eq!(
        play.pane(Client),
        [("client".to_owned(), State::TimeWait, HeldBy::TimeWait)]
    );
}

#[test]
fn a_connection_in_the_queue_has_no_name_until_it_is_accepted() {
    let mut play = Play::new();
    play.carries_out("server listen", 1);
    play.table(Server, &[listener(1), (of_server(), State::Established, 0)]);
    assert_eq!(
        play.pane(Server)[1],
        ("-".to_owned(), State::Established, HeldBy::Queued)
    );
    play.types("server accept").unwrap();
    let accept = play.sent();
    play.table(Server, &[listener(1), (of_server(), State::Established, 3)]);
    play.gives(&accept, 3);
    assert_eq!(
        play.pane(Server)[1],
        ("server".to_owned(), State::Established, HeldBy::Open)
    );
}

#[test]
fn a_socket_closed_through_one_descriptor_is_still_held_by_the_other() {
    let mut play = Play::connected();
    play.carries_out("client dup", 2);
    play.carries_out("client close", 0);
    assert_eq!(
        play.pane(Client),
        [
            ("client".to_owned(), State::Established, HeldBy::Shared),
            ("client-dup".to_owned(), State::Established, HeldBy::Open),
        ]
    );
    assert!(
        play.why(Client).contains("client-dup, another descriptor"),
        "{}",
        play.why(Client)
    );
}

#[test]
fn a_socket_is_held_by_a_call_that_waits_on_it_and_by_no_other() {
    for (waits_on, held) in [("client", true), ("client2", false)] {
        let mut play = Play::connected();
        play.carries_out("client socket", 7);
        play.types(&format!("client read on={waits_on}")).unwrap();
        let read = play.sent();
        play.happens(LabEvent::Began(CallBegan {
            side: Client,
            call: read.id,
            text: "read(...)".into(),
        }));
        play.carries_out("client close on=client", 0);
        let why = play.why(Client);
        assert_eq!(why.contains("a read that waits still holds the socket"), held, "{why}");
    }
}

/// The connection has its own past from the queue on, and what was set on the listener; also where the endpoint does not tell whose
/// connection it took, and the table has to.
#[test]
fn what_accept_takes_has_the_listeners_options_and_its_own_past() {
    for tells_peer in [true, false] {
        accept_inherits(tells_peer);
    }
}

fn accept_inherits(tells_peer: bool) {
    let mut play = Play::connected();
    for option in ["SO_RCVTIMEO 300", "O_NONBLOCK on"] {
        play.carries_out(&format!("server set-option {option} on=listener"), 0);
    }
    play.passes(Client, segment(Client, &[Flags::SYN], 9, 0, b""));
    for states in [(State::Close, State::SynRecv), (State::SynRecv, State::Established)] {
        play.changes(Server, of_server(), 0, states, play.received(Server));
    }
    let established = play.session.transcript.last();
    if tells_peer {
        play.carries_out("server accept", 9);
    } else {
        play.types("server accept").unwrap();
        let accept = play.sent();
        let given = Value::Descriptor { fd: 9, peer: None };
        play.ends(&accept, Outcome::Ok(given), Some(9));
        play.table(Server, &[listener(1), (of_server(), State::Established, 9)]);
    }
    let sock = play.sock(Server, "server2");
    assert!(sock.connected);
    assert_eq!(sock.established, Some(established));
    assert_eq!((sock.options.rcvtimeo, sock.options.nonblock), (300, false));
    assert_eq!(
        play.sock(Server, "server").options.rcvtimeo,
        0,
        "it was accepted before"
    );
    let why = play.why(Server);
    assert_eq!(why.contains("done before accept"), tells_peer, "{why}");
    // What it goes through from now on is its own, too.
    play.changes(
        Server,
        of_server(),
        9,
        (State::Established, State::Close),
        play.received(Server),
    );
    assert!(play.sock(Server, "server2").end.is_some());
}

#[test]
fn a_new_connection_with_old_addresses_is_not_the_old_one() {
    let mut play = Play::connected();
    play.carries_out("server close", 0);
    play.table(Server, &[listener(1)]);
    // The client's port is the same again.
    let entry = play.changes(
        Server,
        of_server(),
        0,
        (State::Close, State::SynRecv),
        play.received(Server),
    );
    assert_eq!(change_of(entry), None);
    play.table(Server, &[listener(1), (of_server(), State::Established, 0)]);
    assert_eq!(
        play.pane(Server)[1],
        ("server".to_owned(), State::Close, HeldBy::Closed)
    );
    assert_eq!(
        play.pane(Server)[2],
        ("-".to_owned(), State::Established, HeldBy::Queued)
    );
    play.carries_out("server accept", 9);
    play.table(Server, &[listener(1), (of_server(), State::Established, 9)]);
    assert_eq!(
        play.pane(Server)[1],
        ("server".to_owned(), State::Close, HeldBy::Closed)
    );
    assert_eq!(
        play.pane(Server)[2],
        ("server2".to_owned(), State::Established, HeldBy::Open)
    );
    let entry = play.changes(
        Server,
        of_server(),
        9,
        (State::Established, State::CloseWait),
        play.received(Server),
    );
    assert_eq!(change_of(entry), Some("server2"));
    // The second one's remains are its own, too.
    play.carries_out("server close", 0);
    play.table(Server, &[listener(1), (of_server(), State::LastAck, 0)]);
    assert_eq!(
        play.pane(Server)[1],
        ("server".to_owned(), State::Close, HeldBy::Closed)
    );
    assert_eq!(
        play.pane(Server)[2],
        ("server2".to_owned(), State::LastAck, HeldBy::Orphan)
    );
}

// Causes.

#[test]
fn a_change_names_the_call_that_caused_it() {
    let mut play = Play::connected();
    play.types("client shutdown write").unwrap();
    let id = play.sent().id;
    let entry = play.changes(
        Client,
        of_client(),
        2,
        (State::Established, State::FinWait1),
        TransitionCause::Call(play.named(id)),
    );
    assert_eq!(caused_by(entry), "shutdown");
    assert_eq!(change_of(entry), Some("client"));
    assert_eq!(entry.lines(), ["client ESTABLISHED -> FIN_WAIT1   caused by shutdown"]);
}

#[test]
fn a_change_names_the_segment_that_its_host_received_last() {
    let mut play = Play::connected();
    play.passes(Client, segment(Client, &[Flags::FIN, Flags::ACK], 1, 1, b""));
    // The other way: not received by the server.
    play.passes(Server, segment(Server, &[Flags::ACK], 1, 2, b""));
    let states = (State::Established, State::CloseWait);
    let entry = play.changes(Server, of_server(), 3, states, play.received(Server));
    assert_eq!(caused_by(entry), "the FIN,ACK received");
    let states = (State::FinWait1, State::FinWait2);
    let entry = play.changes(Client, of_client(), 2, states, play.received(Client));
    assert_eq!(caused_by(entry), "the ACK received");
}

#[test]
fn a_packet_that_was_not_taken_causes_nothing() {
    let mut play = Play::connected();
    play.passes(Client, segment(Client, &[Flags::FIN, Flags::ACK], 1, 1, b""));
    let refused = Disposition::Refused(Errno::EIO);
    play.passes_with(Client, segment(Client, &[Flags::RST], 2, 0, b""), refused);
    let states = (State::Established, State::CloseWait);
    let entry = play.changes(Server, of_server(), 3, states, play.received(Server));
    assert_eq!(caused_by(entry), "the FIN,ACK received");
}

#[test]
fn timers_deaths_the_peers_calls_and_the_unseen_are_named() {
    let mut play = Play::connected();
    let states = (State::Established, State::Close);
    let mut cause = |cause| caused_by(play.changes(Client, of_client(), 2, states, cause));
    assert_eq!(
        cause(TransitionCause::Timer(TimerKind::Retransmit)),
        "the retransmit timer"
    );
    assert_eq!(
        cause(TransitionCause::Timer(TimerKind::TimeWait)),
        "the time-wait timer"
    );
    assert_eq!(cause(TransitionCause::Death), "the end of its process");
    assert_eq!(cause(TransitionCause::Unseen), "a call, segment or timer not seen here");
    let mut play = Play::connected();
    play.types("server close").unwrap();
    let id = play.sent().id;
    let entry = play.changes(
        Client,
        of_client(),
        2,
        states,
        TransitionCause::PeerCall {
            side: Server,
            by: play.named(id),
        },
    );
    assert_eq!(caused_by(entry), "the server's close");
}

// Segments.

#[test]
fn sequence_numbers_count_from_each_sides_first() {
    let mut play = Play::connected();
    let first = u32::MAX - 1;
    let numbers = |entry: &Entry| match &entry.what {
        EntryKind::Packet(record) => (record.seen.seq, record.seen.ack),
        what => panic!("{what:?}"),
    };
    let syn = play.passes(Client, segment(Client, &[Flags::SYN], first, 0, b""));
    assert_eq!(numbers(syn).0, Some(0));
    let both = [Flags::SYN, Flags::ACK];
    let syn_ack = play.passes(Server, segment(Server, &both, 500, first.wrapping_add(1), b""));
    assert_eq!(numbers(syn_ack), (Some(0), Some(1)));
    // The numbers wrap at 2^32.
    let data = segment(Client, &[Flags::PSH, Flags::ACK], first.wrapping_add(1), 501, b"hello");
    let data = play.passes(Client, data);
    assert_eq!(numbers(data), (Some(1), Some(1)));
    assert_eq!(
        data.lines(),
        [r#"client -> server  PSH,ACK seq 1 ack 1 len 5 "hello"   delivered"#]
    );
    let more = play.passes(Client, segment(Client, &[Flags::ACK], first.wrapping_add(6), 501, b""));
    assert_eq!(numbers(more), (Some(6), Some(1)));
}

#[test]
fn a_connection_whose_beginning_was_not_seen_shows_absolute_numbers() {
    let mut play = Play::connected();
    let entry = play.passes(Client, segment(Client, &[Flags::ACK], 77, 88, b""));
    assert_eq!(entry.lines(), ["client -> server  ACK seq 77 ack 88   delivered"]);
}

#[test]
fn what_the_peer_sent_explains_what_a_call_gave() {
    let mut play = Play::connected();
    // CLOSE_WAIT, then RST: EPIPE, and never ECONNRESET.
    play.closes_and_resets();
    play.table(Server, &[listener(1)]);
    play.types("server write").unwrap();
    let write = play.sent();
    play.fails(&write, Errno::EPIPE);
    assert_eq!(
        play.why(Server),
        "After the peer's FIN an RST came: in CLOSE_WAIT that is EPIPE, not ECONNRESET."
    );
    let read = |play: &mut Play, text: &str| {
        play.carries_out(text, 0);
        play.why(Server).to_owned()
    };
    let first = read(&mut play, "server read");
    assert!(first.contains("FIN came before its RST"), "{first}");
    // The next connection on the same addresses has heard nothing of that, and the old socket nothing of the next.
    play.passes(Client, segment(Client, &[Flags::SYN], 9, 0, b""));
    for states in [(State::Close, State::SynRecv), (State::SynRecv, State::Established)] {
        play.changes(Server, of_server(), 0, states, play.received(Server));
    }
    play.carries_out("server accept", 9);
    play.passes(Client, segment(Client, &[Flags::FIN, Flags::ACK], 10, 1, b""));
    let states = (State::Established, State::CloseWait);
    play.changes(Server, of_server(), 9, states, play.received(Server));
    let second = read(&mut play, "server read on=server2");
    assert_eq!(second, "The peer has ended its direction: end of stream.");
    assert_eq!(read(&mut play, "server read on=server"), first);
}

#[test]
fn what_a_socket_did_before_explains_what_a_call_gives() {
    let broken = |play: &mut Play, text: &str| {
        play.types(text).unwrap();
        let write = play.sent();
        play.fails(&write, Errno::EPIPE);
        play.why(Client).to_owned()
    };
    let mut play = Play::connected();
    play.carries_out("client dup", 2);
    // Shut down through the other descriptor: it is the same socket.
    play.types("client shutdown write on=client-dup").unwrap();
    let shutdown = play.sent();
    let states = (State::Established, State::FinWait1);
    play.changes(
        Client,
        of_client(),
        2,
        states,
        TransitionCause::Call(play.named(shutdown.id)),
    );
    play.passes(Client, segment(Client, &[Flags::FIN, Flags::ACK], 1, 1, b""));
    play.succeeds(&shutdown);
    assert!(
        broken(&mut play, "client write on=client").contains("its own shutdown is the reason"),
        "{}",
        play.why(Client)
    );

    let mut play = Play::connected();
    let states = (State::Established, State::CloseWait);
    play.client_takes(&[Flags::FIN, Flags::ACK], 1, states);
    play.client_takes(&[Flags::RST], 2, (State::CloseWait, State::Close));
    play.table(Client, &[]);
    assert!(
        broken(&mut play, "client write").contains("CLOSE_WAIT"),
        "{}",
        play.why(Client)
    );

    let mut play = Play::connected();
    play.client_takes(&[Flags::RST], 1, (State::Established, State::Close));
    play.table(Client, &[]);
    play.types("client read").unwrap();
    let read = play.sent();
    play.fails(&read, Errno::ECONNRESET);
    assert!(
        broken(&mut play, "client write").contains("already reported"),
        "{}",
        play.why(Client)
    );
    play.carries_out("client disconnect", 0);
    assert!(
        broken(&mut play, "client write").contains("disconnect took the peer away"),
        "{}",
        play.why(Client)
    );
}

/// Each link of the chain points at the entry in which it happened.
#[test]
fn the_chain_of_an_outcome_leads_to_what_set_the_error() {
    let link = |play: &Play| {
        let call = play.session.ends[Server].last.as_ref().unwrap().call.call();
        let chain = chain(&play.session, call).unwrap();
        let Some(ErrorSource::Found(set_by, no)) = chain.set_by else {
            panic!("{:?}", chain.set_by);
        };
        let place = play.session.transcript.entry(no).unwrap().lines().join(" ");
        (chain.rule.unwrap(), set_by, place)
    };
    let mut play = Play::connected();
    play.closes_and_resets();
    // One that was not delivered, and one that met no connection any more: neither did it.
    play.passes(Client, segment(Client, &[Flags::RST], 6, 0, b""));
    play.passes_with(Client, segment(Client, &[Flags::RST], 7, 0, b""), Disposition::Dropped);
    play.table(Server, &[listener(1)]);
    play.types("server write").unwrap();
    let write = play.sent();
    play.fails(&write, Errno::EPIPE);
    let (rule, set_by, place) = link(&play);
    assert_eq!((rule, set_by), (RuleId::ResetInCloseWait, SetBy::Rst));
    assert!(place.contains("RST seq 2"), "{place}");
    play.carries_out("server read", 0);
    let (rule, set_by, place) = link(&play);
    assert_eq!((rule, set_by), (RuleId::EofFinBeforeRst, SetBy::Fin));
    assert!(place.contains("FIN,ACK"), "{place}");
    play.carries_out("server close", 0);
    let close = play.session.transcript.last();
    play.types("server read on=server").unwrap();
    let read = play.sent();
    play.fails(&read, Errno::EBADF);
    assert_eq!(link(&play).1, SetBy::OwnCall(&[CallClass::Close]));
    let closed = play.session.transcript.entry(close).unwrap().lines().join(" ");
    assert_eq!(link(&play).2, closed);
}

/// The shutdown that ended the call's own direction, not one of the other; and an error that another descriptor of the socket was told.
#[test]
fn the_chain_knows_which_call_on_the_same_socket_it_was() {
    let set_by = |play: &Play| {
        let call = play.session.ends[Client].last.as_ref().unwrap().call.call();
        match chain(&play.session, call).unwrap().set_by {
            Some(ErrorSource::Found(_, no)) => play.session.transcript.entry(no).unwrap().lines().join(" "),
            other => panic!("{other:?}"),
        }
    };
    let mut play = Play::connected();
    let writing = play.ends_its_direction();
    play.carries_out("client shutdown read", 0);
    let reading = play.session.transcript.last();
    assert_ne!(writing, reading);
    let entry = |play: &Play, no| {
        let link = chain(
            &play.session,
            play.session.ends[Client].last.as_ref().unwrap().call.call(),
        );
        matches!(link.unwrap().set_by, Some(ErrorSource::Found(_, found)) if found == no)
    };
    play.carries_out("client read", 0);
    assert!(entry(&play, reading), "{}", set_by(&play));
    play.types("client write").unwrap();
    let write = play.sent();
    play.fails(&write, Errno::EPIPE);
    assert!(entry(&play, writing), "{}", set_by(&play));

    let mut play = Play::connected();
    play.carries_out("client dup", 2);
    play.client_takes(&[Flags::RST, Flags::ACK], 1, (State::Established, State::Close));
    play.table(Client, &[]);
    play.types("client read on=client-dup").unwrap();
    let read = play.sent();
    play.fails(&read, Errno::ECONNRESET);
    let told = play.session.transcript.last();
    play.types("client write on=client").unwrap();
    let write = play.sent();
    play.fails(&write, Errno::EPIPE);
    assert!(entry(&play, told), "{}", set_by(&play));
}

/// What a library answers by itself, it knows from somewhere: the reset that an earlier read was told.
#[test]
fn the_chain_of_a_librarys_own_answer_leads_to_what_it_was_told() {
    let mut play = Play::connected();
    play.types("client read").unwrap();
    let read = play.sent();
    play.fails(&read, Errno::ECONNRESET);
    let told = play.session.transcript.last();
    play.carries_out("client so-error", 0);
    play.types("client read").unwrap();
    let again = play.sent();
    play.ends(&again, Outcome::Library("Connection reset".into()), None);
    assert_eq!(chain(&play.session, again.id).unwrap().known_from, Some(told));
    assert_eq!(chain(&play.session, read.id).unwrap().known_from, None);
}

/// The chain of a call that waits has the state in which its socket is now, and no end; when it has returned it has one.
#[test]
fn the_chain_of_a_call_that_waits() {
    let mut play = Play::connected();
    play.types("client read").unwrap();
    let read = play.sent();
    let waiting = chain(&play.session, read.id).unwrap();
    assert_eq!(
        (waiting.state, waiting.ended, waiting.rule),
        (State::Established, None, None)
    );
    play.fails(&read, Errno::ECONNRESET);
    let over = chain(&play.session, read.id).unwrap();
    assert_eq!(over.ended, Some(play.session.transcript.last()));
}

/// Did the call never return, its process having been killed by that signal?
fn killed_by(call: &FinishedCall, signal: i32) -> bool {
    matches!(&call.end, CallEnd::Lost(lost) if lost.how == Death::Signal(signal))
}

/// SIGPIPE comes with EPIPE and with nothing else: so the write that it killed the process by has that one's chain.
#[test]
fn a_write_that_killed_its_process_has_its_chain() {
    let dies = |play: &mut Play, signal: i32| {
        play.happens(LabEvent::Died(ProcessDied {
            side: Client,
            pid: 101,
            how: Death::Signal(signal),
        }));
    };
    let shut = || {
        let mut play = Play::connected();
        let shutdown = play.ends_its_direction();
        (play, shutdown)
    };
    let (mut play, shutdown) = shut();
    play.types("client read").unwrap();
    let read = play.sent();
    play.types("client write").unwrap();
    let write = play.sent();
    dies(&mut play, 13);
    let last = play.session.ends[Client].last.clone().unwrap();
    assert_eq!(last.call.call(), write.id);
    assert!(killed_by(&last.call, 13), "{last:?}");
    let why = &last.call.why.sentence;
    assert!(why.contains("Along with EPIPE the kernel sent SIGPIPE"), "{why}");
    let lost = chain(&play.session, write.id).unwrap();
    assert_eq!(lost.rule, Some(RuleId::WritingShut));
    assert_eq!(lost.set_by.unwrap().entry(), Some(shutdown));
    assert_eq!(chain(&play.session, read.id).unwrap().rule, None);

    // Of two nobody knows which; and of another signal nothing follows.
    for (commands, signal) in [(vec!["client write", "client write"], 13), (vec!["client write"], 9)] {
        let (mut play, _) = shut();
        for command in commands {
            play.types(command).unwrap();
            play.sent();
        }
        dies(&mut play, signal);
        let last = play.session.ends[Client].last.clone().unwrap();
        assert_eq!(last.call.why.rule, None);
        assert!(killed_by(&last.call, signal), "{last:?}");
    }
}

/// A button is crossed for what the language has never done: what it has, it cannot do on this socket only.
#[test]
fn a_button_is_crossed_until_its_call_works() {
    let refuses = |play: &Play| {
        let connect = parse("client connect", None).unwrap();
        match connect {
            Command::End(_, EndCommand::Call { call, .. }) => play.session.ends[Client].refuses(&call),
            other => panic!("{other:?}"),
        }
    };
    let mut play = Play::new();
    play.carries_out("client socket", 4);
    let connects = |play: &mut Play, outcome: Outcome| {
        play.types("client connect on=client").unwrap();
        let connect = play.sent();
        play.ends(&connect, outcome, None);
    };
    let unsupported = || Outcome::Unsupported("not like this".into());
    connects(&mut play, unsupported());
    assert!(refuses(&play));
    connects(&mut play, Outcome::Err(Errno::ECONNREFUSED));
    assert!(!refuses(&play), "it was made");
    connects(&mut play, unsupported());
    assert!(!refuses(&play), "it was made before");
}

/// A call of ours that ends a waiting one may return after it: it is found where it began.
#[test]
fn the_chain_finds_a_call_that_returned_later() {
    let mut play = Play::connected();
    play.types("client read").unwrap();
    let read = play.sent();
    play.types("client disconnect").unwrap();
    let disconnect = play.sent();
    play.happens(LabEvent::Began(CallBegan {
        side: Client,
        call: disconnect.id,
        text: "connect(AF_UNSPEC)".into(),
    }));
    let began = play.session.transcript.last();
    play.fails(&read, Errno::EPIPE);
    play.succeeds(&disconnect);
    let chain = chain(&play.session, read.id).unwrap();
    assert_eq!(chain.rule, Some(RuleId::DissolvedWhileWaiting));
    assert_eq!(
        chain.set_by,
        Some(ErrorSource::Found(SetBy::OwnCall(&[CallClass::Disconnect]), began))
    );
}

/// Where a kernel lets nobody dissolve a connection on which another call waits, it is that call which forbids it, and no call before it
/// that has returned.
#[test]
fn the_chain_finds_the_call_that_waits() {
    let mut play = Play::connected();
    play.types("client read").unwrap();
    let read = play.sent();
    play.happens(LabEvent::Began(CallBegan {
        side: Client,
        call: read.id,
        text: "read(4, ..., 1024)".into(),
    }));
    let began = play.session.transcript.last();
    play.types("client disconnect").unwrap();
    let disconnect = play.sent();
    play.happens(LabEvent::Began(CallBegan {
        side: Client,
        call: disconnect.id,
        text: "connect(AF_UNSPEC)".into(),
    }));
    play.fails(&disconnect, Errno::EBUSY);
    let refused = chain(&play.session, disconnect.id).unwrap();
    assert_eq!(refused.rule, Some(RuleId::WaitedOn));
    assert_eq!(refused.set_by, Some(ErrorSource::Found(SetBy::WaitingCall, began)));
}

/// A connection that is refused is gone before its row is told: the change of state tells its addresses.
#[test]
fn a_refused_connection_leaves_no_row_and_is_explained_all_the_same() {
    let mut play = Play::new();
    play.carries_out("client socket", 4);
    play.types("client connect on=client").unwrap();
    let connect = play.sent();
    let inode = play.socket(Client, "client").inode.unwrap();
    let began = TransitionCause::Call(play.named(CallId(2)));
    play.changes(Client, of_client(), inode, (State::Close, State::SynSent), began);
    play.passes(Client, segment(Client, &[Flags::SYN], 9, 0, b""));
    play.passes(Server, segment(Server, &[Flags::RST, Flags::ACK], 0, 10, b""));
    let states = (State::SynSent, State::Close);
    play.changes(Client, of_client(), inode, states, play.received(Client));
    play.fails(&connect, Errno::ECONNREFUSED);
    assert_eq!(
        play.why(Client),
        "An RST answered the SYN: usually nobody listens on that port."
    );
    assert_eq!(
        play.session.ends[Client].last.as_ref().unwrap().call.why.rule,
        Some(RuleId::Refused)
    );
}

/// As Node does: it tells of the socket when it has closed it again, and its inode cannot be learned any more.
#[test]
fn a_refusal_of_a_socket_that_was_never_told_of_is_that_of_the_connect_under_way() {
    let mut play = Play::new();
    play.types("client connect").unwrap();
    let made = play.sent();
    play.ends(&made, Outcome::Ok(Value::Later), None);
    let connect = play.sent();
    let began = TransitionCause::Call(play.named(connect.id));
    let change = play.changes(Client, of_client(), 4, (State::Close, State::SynSent), began);
    assert!(
        matches!(&change.what, EntryKind::State { socket: Some(socket), .. } if socket.as_str() == "client"),
        "{change:?}"
    );
    play.passes(Client, segment(Client, &[Flags::SYN], 9, 0, b""));
    play.passes(Server, segment(Server, &[Flags::RST, Flags::ACK], 0, 10, b""));
    let rst = play.session.transcript.last();
    let states = (State::SynSent, State::Close);
    play.changes(Client, of_client(), 4, states, play.received(Client));
    play.happens(LabEvent::Made {
        side: Client,
        socket: named("client"),
        fd: 19,
        inode: None,
    });
    play.happens(LabEvent::Gone {
        side: Client,
        socket: named("client"),
    });
    play.fails(&connect, Errno::ECONNREFUSED);
    let why = &play.session.ends[Client].last.as_ref().unwrap().call.why;
    assert_eq!(
        why.sentence,
        "An RST answered the SYN: usually nobody listens on that port."
    );
    assert_eq!(why.rule, Some(RuleId::Refused));
    assert_eq!(why.set_by, Some(ErrorSource::Found(SetBy::Rst, rst)));
}

/// Two connects to one address: which of them it is, nobody knows.
#[test]
fn a_socket_that_was_never_told_of_is_nobodys_where_two_connects_may_have_made_it() {
    let mut play = Play::new();
    for _ in 0..2 {
        play.types("client connect").unwrap();
        let made = play.sent();
        play.ends(&made, Outcome::Ok(Value::Later), None);
        play.sent();
    }
    play.changes(
        Client,
        of_client(),
        4,
        (State::Close, State::SynSent),
        TransitionCause::Unseen,
    );
    let inodes = ["client", "client2"].map(|name| play.socket(Client, name).inode);
    assert_eq!(inodes, [None, None]);
}

/// An ICMP error refuses the connection whose SYN it quotes, and no other.
#[test]
fn an_icmp_error_is_about_the_connection_that_it_quotes() {
    let refused = |quoted: Tuple| {
        let mut play = Play::new();
        play.carries_out("client socket", 4);
        play.types("client connect on=client").unwrap();
        let connect = play.sent();
        let inode = play.socket(Client, "client").inode.unwrap();
        let began = TransitionCause::Call(play.named(connect.id));
        play.changes(Client, of_client(), inode, (State::Close, State::SynSent), began);
        play.passes(Client, segment(Client, &[Flags::SYN], 9, 0, b""));
        let icmp = Packet::Icmp {
            source: SERVER,
            destination: CLIENT,
            message: "port unreachable".into(),
            about: Some((quoted.local, quoted.peer)),
            error: Some(IcmpError::Port),
        };
        let icmp = play.passes(Server, icmp).no;
        // The kernel finds the attempt that it quotes, and ends that one.
        if quoted == of_client() {
            let states = (State::SynSent, State::Close);
            play.changes(Client, of_client(), inode, states, play.received(Client));
        }
        play.fails(&connect, Errno::ECONNREFUSED);
        let chain = chain(&play.session, connect.id).unwrap();
        (chain.rule, chain.set_by, icmp)
    };
    let (rule, set_by, icmp) = refused(of_client());
    assert_eq!(rule, Some(RuleId::RefusedByIcmp));
    assert_eq!(set_by, Some(ErrorSource::Found(SetBy::Icmp, icmp)));
    let (rule, set_by, _) = refused(from_port(DIALS + 1));
    assert_eq!((rule, set_by), (None, None), "it was another's");
}

/// On a connection it is only noted: on the one that it quotes.
#[test]
fn an_icmp_error_is_noted_on_the_connection_that_it_quotes() {
    for (quoted, noted) in [(of_client(), true), (from_port(DIALS + 1), false)] {
        let mut play = Play::connected();
        let icmp = play.passes(
            Server,
            Packet::Icmp {
                source: SERVER,
                destination: CLIENT,
                message: "host unreachable".into(),
                about: Some((quoted.local, quoted.peer)),
                error: Some(IcmpError::Host),
            },
        );
        let icmp = icmp.no;
        let sock = play.sock(Client, "client");
        assert_eq!(sock.noted, noted.then_some((IcmpError::Host, icmp)));
        assert_eq!(sock.end, None);
    }
}

/// Without a wire it is not told whether an RST or an ICMP error came, and no one of them is claimed.
#[test]
fn what_nobody_saw_is_said_to_be_unseen() {
    let mut play = Play::in_a(LabKind::Loopback(None));
    play.carries_out("client socket", 4);
    play.types("client connect on=client").unwrap();
    let connect = play.sent();
    play.fails(&connect, Errno::EINPROGRESS);
    let inode = play.socket(Client, "client").inode.unwrap();
    play.changes(
        Client,
        of_client(),
        inode,
        (State::Close, State::SynSent),
        TransitionCause::Call(play.named(connect.id)),
    );
    play.changes(
        Client,
        of_client(),
        inode,
        (State::SynSent, State::Close),
        TransitionCause::Unseen,
    );
    play.types("client read").unwrap();
    let read = play.sent();
    play.fails(&read, Errno::ECONNREFUSED);
    let chain = chain(&play.session, read.id).unwrap();
    assert_eq!(chain.rule, Some(RuleId::RefusedEarlier));
    assert_eq!(
        chain.set_by.unwrap().words(),
        "an RST received or an ICMP error received, which was not seen"
    );
    play.carries_out("client socket", 5);
    play.types("client read").unwrap();
    let read = play.sent();
    play.fails(&read, Errno::ENOTCONN);
    let chain = finwait::session::chain::chain(&play.session, read.id).unwrap();
    assert_eq!(chain.set_by, Some(ErrorSource::Timeless(SetBy::Missing)));
}

#[test]
fn a_segment_that_was_not_taken_is_not_heard() {
    let rst = || segment(Client, &[Flags::RST], 2, 0, b"");
    for (disposition, taken) in [
        (Disposition::Delivered, true),
        // It came, and the kernel ignored it: out of the window, say.
        (Disposition::Delivered, false),
        (Disposition::Refused(Errno::EIO), false),
    ] {
        let mut play = Play::connected();
        play.server_takes(&[Flags::FIN, Flags::ACK], 1, (State::Established, State::CloseWait));
        play.passes_with(Client, rst(), disposition);
        if taken {
            let states = (State::CloseWait, State::Close);
            play.changes(Server, of_server(), 3, states, play.received(Server));
            play.table(Server, &[listener(1)]);
        }
        play.carries_out("server read", 0);
        assert_eq!(play.why(Server).contains("RST"), taken, "{}", play.why(Server));
    }
}

// Interrupts.

#[test]
fn an_interrupt_goes_to_the_call_that_was_begun_last() {
    let mut play = Play::connected();
    let mut read = |text: &str| {
        play.types(text).unwrap();
        play.sent().id
    };
    let (_, last) = (read("client read"), read("client read"));
    for _ in 0..2 {
        // Twice: an interrupt that has not returned yet is not what the user means.
        play.types("client interrupt").unwrap();
        let request = play.asked.remove(0);
        let LabRequest::Call(Client, request) = request else {
            panic!("{request:?}");
        };
        assert_eq!(
            request.order,
            EndpointCall::Process(ProcessCall::Interrupt { target: last })
        );
    }
}

// Commands under way.

/// How long the tests wait for a change that may not come.
const PATIENCE: Duration = Duration::from_millis(300);

#[test]
fn a_command_is_over_when_its_call_has_returned_and_an_interrupt_when_the_other_has_too() {
    let mut play = Play::connected();
    let read = play.issues("client read");
    let reading = play.sent();
    assert_eq!(play.result(&read), Some(CommandResult::Blocked));
    assert!(!play.is_over(&read));
    let interrupt = play.issues("client interrupt");
    let LabRequest::Call(side, request) = play.asked.remove(0) else {
        panic!("an interrupt is a call");
    };
    let (socket, call) = (reading.socket.clone(), reading.call.clone());
    play.succeeds(&Sent {
        side,
        id: request.id,
        socket,
        call,
    });
    let done = Some(CommandResult::Outcome(Outcome::Ok(Value::Done)));
    assert_eq!(play.result(&interrupt), done);
    assert!(!play.is_over(&interrupt), "the read has not returned");
    play.fails(&reading, Errno::EINTR);
    assert!(play.is_over(&interrupt));
    assert!(play.is_over(&read));
    let interrupted = Some(CommandResult::Outcome(Outcome::Err(Errno::EINTR)));
    assert_eq!(play.result(&read), interrupted);
}

/// The call before it succeeded: that is not what the command returned.
#[test]
fn a_command_whose_last_call_was_not_taken_is_not_done() {
    let mut play = Play::new();
    let connect = play.issues("client connect");
    let socket = play.sent();
    play.gives(&socket, 2);
    let id = Some(play.sent().id);
    let why = "the line is too long".to_owned();
    play.happens(LabEvent::Garbled { side: Client, id, why });
    assert!(play.is_over(&connect));
    let not_taken = CommandResult::NotDone("the client endpoint did not take it".into());
    assert_eq!(play.result(&connect), Some(not_taken));
}

#[test]
fn what_may_change_nothing_is_waited_for_with_patience() {
    let mut play = Play::new();
    let flow = play.issues("wire flow");
    assert_eq!(play.result(&flow), None);
    let now = MonoTime(play.now);
    let at_once = flow.result(&play.session, true, now, Duration::ZERO);
    assert_eq!(at_once, Some(CommandResult::Done));
    let late = flow.result(&play.session, false, now.plus(PATIENCE), PATIENCE);
    assert_eq!(late, Some(CommandResult::Done));
    play.happens(LabEvent::Wire(WireChange::Mode(Mode::Flow)));
    assert_eq!(play.result(&flow), Some(CommandResult::Done));
    let stirs = flow.result(&play.session, false, MonoTime(play.now), PATIENCE);
    assert_eq!(stirs, None, "the lab is not quiet");
}

// Refusals.

#[test]
fn refusals_are_one_sentence_and_send_nothing() {
    let mut play = Play::in_a(LabKind::Loopback(None));
    let mut refusals = vec![
        play.refusal("client read on=nobody"),
        play.refusal("client use next"),
        play.refusal("client use server"),
        play.refusal("client interrupt"),
        play.refusal("client host tcp_syn_retries 2"),
    ];
    assert!(refusals[0].contains("none yet"), "{}", refusals[0]);
    assert!(refusals[3].contains("nothing to interrupt"), "{}", refusals[3]);
    assert!(refusals[4].contains("isolated lab"), "{}", refusals[4]);
    play.carries_out("client socket", 2);
    refusals.push(play.refusal("client close on=server"));
    assert!(refusals[5].ends_with("it has client"), "{}", refusals[5]);
    play.types("client restart").unwrap();
    play.asked.clear();
    refusals.push(play.refusal("client connect"));
    refusals.push(play.refusal("client restart"));
    play.born(Client);
    let (pid, how) = (play.pid, Death::Signal(13));
    play.happens(LabEvent::Died(ProcessDied { side: Client, pid, how }));
    refusals.push(play.refusal("client connect"));
    refusals.push(play.refusal("client kill"));
    assert!(
        refusals[8].contains("SIGPIPE") && refusals[8].contains("restart"),
        "{}",
        refusals[8]
    );
    for refusal in &refusals {
        assert!(
            !refusal.contains(['.', '\n', '!']),
            "{refusal:?} is more than one sentence"
        );
        assert!(
            refusal.contains("client") || refusal.contains("tcp_syn_retries"),
            "{refusal:?} names nobody"
        );
    }
}

// The wire: what travels, and what is sent again of what is held.

/// An end's segment with the retransmission timer of its socket running, which has so long left.
fn retransmits_in(play: &mut Play, side: Side, tuple: Tuple, inode: u64, left: Duration) {
    let mut row = row(tuple, State::FinWait1, inode);
    row.row.timer = Some(Timer {
        kind: TimerKind::Retransmit,
        left,
    });
    play.happens(LabEvent::Table { side, rows: vec![row] });
}

#[test]
fn a_segment_under_way_is_known_with_the_time_that_it_set_off_and_the_time_that_it_arrives() {
    let mut play = Play::new();
    let takes = Millis(400);
    play.happens(LabEvent::Wire(WireChange::Mode(Mode::Slow(takes))));
    let fin = segment(Client, &[Flags::FIN, Flags::ACK], 7, 1, b"");
    play.passes_with(Client, fin, Disposition::InFlight(takes));
    let set_off = MonoTime(play.now);
    let half_way = set_off.plus(Duration::from_millis(200));
    let flights: Vec<_> = play.session.in_flight().collect();
    let [flight] = flights.as_slice() else {
        panic!("{flights:?}")
    };
    assert_eq!(
        (flight.from, flight.since, flight.due.since(set_off)),
        (Client, set_off, Duration::from(takes))
    );
    assert!((flight.progress(half_way) - 0.5).abs() < 1e-9);
    assert!(play.session.next_frame(set_off).is_some());
    assert!(play.session.next_held().is_none(), "it goes on by itself");
    // Faster from now on: the mark goes on from where it is.
    let record = flight.packet.record.clone();
    play.now = half_way.0;
    play.happens(LabEvent::Packet(PacketRecord {
        disposition: Disposition::InFlight(Millis(10)),
        waited: Some(Duration::from_millis(200)),
        ..record.clone()
    }));
    let flight = play.session.in_flight().next().unwrap();
    assert_eq!(flight.since, set_off);
    assert_eq!(flight.due.since(MonoTime(play.now)), Duration::from_millis(10));
    // Held: it does not travel any more.
    play.happens(LabEvent::Packet(PacketRecord {
        disposition: Disposition::Held,
        waited: Some(Duration::from_millis(201)),
        ..record
    }));
    assert_eq!(play.session.in_flight().count(), 0);
    assert!(play.session.next_frame(set_off).is_none());
    assert!(play.session.next_held().is_some());
}

#[test]
fn whoever_waits_does_not_count_what_a_slow_wire_takes() {
    let mut play = Play::new();
    let (takes, after) = (Millis(400), Duration::from_millis(300));
    let until = MonoTime(play.now).plus(Duration::from_millis(100));
    assert_eq!(play.session.patience(until, after), until);
    play.happens(LabEvent::Wire(WireChange::Mode(Mode::Slow(takes))));
    assert_eq!(play.session.patience(until, after), until, "nothing travels");
    let fin = segment(Client, &[Flags::FIN, Flags::ACK], 7, 1, b"");
    play.passes_with(Client, fin, Disposition::InFlight(takes));
    let due = MonoTime(play.now).plus(takes.into());
    assert_eq!(play.session.patience(until, after), due.plus(after));
    // The answer to it may be on its way a moment later.
    let record = play.session.in_flight().next().unwrap().packet.record.clone();
    play.now = due.0;
    play.happens(LabEvent::Packet(PacketRecord {
        disposition: Disposition::Delivered,
        waited: Some(takes.into()),
        ..record
    }));
    assert_eq!(play.session.patience(until, after), due.plus(after));
    // For ever it does not wait.
    play.now = until.plus(Duration::from_secs(60)).0;
    let fin = segment(Server, &[Flags::FIN, Flags::ACK], 7, 1, b"");
    play.passes_with(Server, fin, Disposition::InFlight(takes));
    assert_eq!(
        play.session.patience(until, after),
        until.plus(Duration::from_millis(3_200))
    );
}

#[test]
fn a_held_segment_tells_how_often_it_was_sent_and_when_it_is_sent_next() {
    let mut play = Play::new();
    play.happens(LabEvent::Wire(WireChange::Mode(Mode::Step)));
    let fin = || segment(Client, &[Flags::FIN, Flags::ACK], 7, 1, b"");
    let Packet::Tcp(of) = fin() else { unreachable!() };
    let tuple = Tuple {
        local: of.source,
        peer: of.destination,
    };
    for _ in 0..3 {
        play.passes_with(Client, fin(), Disposition::Held);
    }
    play.passes_with(Server, segment(Server, &[Flags::ACK], 1, 7, b""), Disposition::Held);
    retransmits_in(&mut play, Client, tuple, 100, Duration::from_millis(5_100));
    let now = MonoTime(play.now).plus(Duration::from_millis(2_000));
    let held = play.session.held_segments();
    let words: Vec<_> = held.iter().map(|held| play.session.fold_words(held, now)).collect();
    assert_eq!(words, [Some("sent 3 times, next in 3.1 s".to_owned()), None]);
    assert_eq!((held[0].times(), held[0].moot), (3, false));
    assert_eq!(play.session.next_held(), Some(held[0].no));
    let (first, copies) = (held[0].no, held[0].copies.clone());
    // One of them is delivered alone: the receiver has it.
    let copy = play.session.wire.held[&copies[0]].record.clone();
    play.happens(LabEvent::Packet(PacketRecord {
        disposition: Disposition::Delivered,
        waited: Some(Duration::from_secs(1)),
        ..copy
    }));
    let held = play.session.held_segments();
    assert_eq!((held[0].no, held[0].times(), held[0].moot), (first, 2, false));
    // With the answer on the wire, that comes first.
    play.passes_with(Server, segment(Server, &[Flags::ACK], 1, 8, b""), Disposition::Held);
    let held = play.session.held_segments();
    let moot: Vec<_> = held.iter().map(|held| held.moot).collect();
    assert_eq!(moot, [true, false, false]);
    assert_eq!(play.session.next_held(), Some(held[1].no));
}

#[test]
fn what_is_discarded_is_not_called_dropped() {
    let mut play = Play::new();
    let fin = || segment(Client, &[Flags::FIN, Flags::ACK], 7, 1, b"");
    play.passes_with(Client, fin(), Disposition::Held);
    play.passes_with(Client, fin(), Disposition::Held);
    let copy = play.session.held_segments()[0].copies[0];
    let record = play.session.wire.held[&copy].record.clone();
    play.happens(LabEvent::Packet(PacketRecord {
        disposition: Disposition::Discarded,
        waited: Some(Duration::from_millis(2_100)),
        ..record
    }));
    let line = play.session.transcript.entries().back().unwrap();
    let text = line.lines().join(" ");
    assert!(
        text.ends_with("retransmit 1 of #1, discarded after 2.1 s on the wire: the server has a copy"),
        "{text}"
    );
    assert_eq!(serde_json::to_value(line).unwrap()["fate"], "discarded");
    assert!(!play.session.wire.held.contains_key(&copy));
}

#[test]
fn the_next_mode_is_that_after_the_one_that_was_asked_for_last() {
    let mut play = Play::new();
    for _ in 0..2 {
        play.issues("wire mode");
    }
    let asked = play.asked.iter().filter_map(|request| match request {
        LabRequest::Wire(WireRequest::Mode(mode)) => Some(*mode),
        _ => None,
    });
    assert_eq!(asked.collect::<Vec<_>>(), [Mode::Slow(Millis(400)), Mode::Step]);
}

#[test]
fn a_mode_that_says_no_time_means_the_last_one() {
    let mut play = Play::new();
    let asks = |play: &mut Play, text: &str| {
        play.asked.clear();
        play.issues(text);
        match play.asked.pop() {
            Some(LabRequest::Wire(WireRequest::Mode(mode))) => {
                play.happens(LabEvent::Wire(WireChange::Mode(mode)));
                mode
            }
            other => panic!("{other:?}"),
        }
    };
    let modes = [
        "wire mode",
        "wire mode",
        "wire mode",
        "wire slow 0.7s",
        "wire step",
        "wire mode",
        "wire mode",
        "wire mode slow",
    ];
    let asked = modes.map(|text| asks(&mut play, text));
    let slow = |ms| Mode::Slow(Millis(ms));
    assert_eq!(
        asked,
        [
            slow(400),
            Mode::Step,
            Mode::Flow,
            slow(700),
            Mode::Step,
            Mode::Flow,
            slow(700),
            slow(700)
        ]
    );
    play.happens(LabEvent::Wire(WireChange::Mode(slow(500))));
    let line = play.session.transcript.entries().back().unwrap().lines().join(" ");
    assert!(
        line.contains("a SYN is sent again before its answer is there"),
        "{line}"
    );
    play.happens(LabEvent::Wire(WireChange::Mode(slow(499))));
    let line = play.session.transcript.entries().back().unwrap().lines().join(" ");
    assert_eq!(line, "slow: each segment takes 499 ms on the wire");
}

impl Play {
    /// The client's runtime has come so far.
    fn prepares(&mut self, runtime: Runtime, progress: RuntimeProgress) {
        self.happens(LabEvent::Runtime(RuntimeChanged {
            side: Client,
            runtime,
            progress,
        }));
    }

    fn born_as(&mut self, runtime: &str) {
        self.pid += 1;
        let (pid, runtime) = (self.pid, runtime.to_owned());
        self.happens(LabEvent::Born(ProcessBorn {
            side: Client,
            pid,
            runtime,
            takes_unasked: false,
            nofile: None,
        }));
    }

    fn next(&self) -> Option<String> {
        self.session.ends[Client].next.words()
    }

    /// The requests to the lab, each once.
    fn all_asked(&mut self) -> Vec<LabRequest> {
        std::mem::take(&mut self.asked)
    }
}

/// It is asked for at once, and drives the end from the next start on; the plate says so until then.
#[test]
fn a_chosen_runtime_is_the_next_processs() {
    let mut play = Play::new();
    play.types("client runtime go").unwrap();
    assert_eq!(play.all_asked(), [LabRequest::Prepare(Client, Runtime::Go)]);
    assert_eq!(play.next().as_deref(), Some("next: Go"));
    play.prepares(Runtime::Go, RuntimeProgress::Compiling);
    assert_eq!(play.next().as_deref(), Some("next: Go, compiling ..."));
    play.prepares(Runtime::Go, RuntimeProgress::Ready);
    assert_eq!(play.next().as_deref(), Some("next: Go"));
    assert!(play.session.ends[Client].process.makes_raw_calls());
    play.types("client restart").unwrap();
    assert_eq!(play.all_asked(), [LabRequest::Restart(Client)]);
    play.born_as("go");
    assert_eq!(play.next(), None);
    assert_eq!(play.session.ends[Client].runtime.as_deref(), Some("go"));
    assert!(!play.session.ends[Client].process.makes_raw_calls());
    // What drives it already is no news.
    play.types("client runtime go").unwrap();
    play.prepares(Runtime::Go, RuntimeProgress::Ready);
    assert_eq!(play.next(), None);
}

/// A restart waits for the compiler, and the old process goes on meanwhile.
#[test]
fn a_restart_waits_for_the_chosen_runtime() {
    let mut play = Play::new();
    play.types("client runtime go").unwrap();
    play.prepares(Runtime::Go, RuntimeProgress::Compiling);
    play.all_asked();
    play.types("client restart").unwrap();
    assert_eq!(play.all_asked(), []);
    play.types("client socket").unwrap();
    assert!(matches!(play.all_asked()[..], [LabRequest::Call(Client, _)]));
    play.prepares(Runtime::Go, RuntimeProgress::Ready);
    assert_eq!(play.all_asked(), [LabRequest::Restart(Client)]);
    assert!(play.session.ends[Client].sockets.is_empty());
}

/// One that is not available changes nothing, and restarts nothing: what was ready before is next again.
#[test]
fn a_runtime_that_is_not_available_leaves_the_end_as_it_is() {
    let mut play = Play::new();
    play.types("client runtime python").unwrap();
    play.prepares(Runtime::Python, RuntimeProgress::Ready);
    play.types("client runtime go").unwrap();
    play.types("client restart").unwrap();
    play.all_asked();
    play.prepares(Runtime::Go, RuntimeProgress::Failed("there is no go".into()));
    assert_eq!(play.all_asked(), []);
    let end = &play.session.ends[Client];
    assert_eq!(end.missing, Some((Runtime::Go, "there is no go".into())));
    assert_eq!(end.next, NextRuntime::Ready(Runtime::Python));
    // Word of one that was overtaken counts no more.
    play.types("client runtime c").unwrap();
    play.prepares(Runtime::Go, RuntimeProgress::Ready);
    assert_eq!(play.session.ends[Client].next.chosen(), Some(Runtime::C));
    assert_eq!(play.session.ends[Client].missing, None);
}

/// The step `client connect` of a scenario, and the SYN of its call, which takes its time on the wire.
fn step_on_a_slow_wire(expected: &str) -> (Play, Steps, PacketRecord) {
    let mut play = Play::new();
    let text = format!(
        "title = \"t\"\nsummary = \"s\"\ngroup = \"connect\"\nlab = \"isolated\"\n[[step]]\nclient = \"connect\"\n{expected}\n"
    );
    let mut steps = Steps::new(Arc::new(finwait::scenario::file::read("t.toml", &text).unwrap()));
    play.happens(LabEvent::Wire(WireChange::Mode(Mode::Slow(Millis(400)))));
    let requests = steps.begin(&mut play.session, MonoTime(play.now));
    play.asked.extend(requests);
    let socket = play.sent();
    play.gives(&socket, 100);
    let syn = segment(Client, &[Flags::SYN], 0, 0, b"");
    play.passes_with(Client, syn, Disposition::InFlight(Millis(400)));
    let record = play.session.in_flight().next().unwrap().packet.record.clone();
    (play, steps, record)
}

/// Is the step over so long after it began?
fn is_over_after(play: &mut Play, steps: &mut Steps, ms: u64) -> bool {
    let now = MonoTime(play.now).plus(Duration::from_millis(ms));
    matches!(steps.judge(&play.session, false, now), StepStatus::Over(_))
}

#[test]
fn a_step_waits_for_what_is_under_way_before_it_calls_a_call_blocked() {
    let (mut play, mut steps, _) = step_on_a_slow_wire("returns = \"blocked\"");
    for ms in [0, 101, 320, 399, 600] {
        assert!(!is_over_after(&mut play, &mut steps, ms), "{ms}");
    }
    assert!(is_over_after(&mut play, &mut steps, 701), "and a moment for the answer");
}

#[test]
fn the_time_that_a_step_gets_is_not_what_the_wire_takes() {
    let (mut play, mut steps, syn) = step_on_a_slow_wire("returns = \"ok\"\nwithin = \"100ms\"");
    for ms in [0, 101, 399, 600] {
        assert!(!is_over_after(&mut play, &mut steps, ms), "{ms}");
    }
    // Held, it is not under way any more.
    play.happens(LabEvent::Packet(PacketRecord {
        disposition: Disposition::Held,
        waited: Some(Duration::from_millis(1)),
        ..syn
    }));
    play.happens(LabEvent::Wire(WireChange::Mode(Mode::Step)));
    assert!(!is_over_after(&mut play, &mut steps, 101), "the call's thread may run");
    let now = MonoTime(play.now).plus(Duration::from_millis(101));
    assert!(matches!(steps.judge(&play.session, true, now), StepStatus::Over(_)));
}

/// Whoever drives a step asks again after each event: what has been looked at stays seen, however much there is of it.
#[test]
fn a_step_looks_once_at_each_thing_that_happens() {
    let (mut play, mut steps, _) =
        step_on_a_slow_wire("segments = [\"...\", \"client RST\"]\nstates = { client = \"CLOSE_WAIT\" }");
    let judge = |play: &Play, steps: &mut Steps| {
        let now = MonoTime(play.now);
        assert!(matches!(steps.judge(&play.session, false, now), StepStatus::Wait(_)));
        steps.work()
    };
    let before = judge(&play, &mut steps);
    let (many, entries) = (1_000, play.session.transcript.last());
    for n in 0..many {
        play.passes(Client, segment(Client, &[Flags::ACK], 1 + n, 1, b"x"));
        let seen = judge(&play, &mut steps);
        assert_eq!(judge(&play, &mut steps), seen, "nothing is new");
    }
    let after = steps.work();
    let entries = play.session.transcript.last() - entries;
    assert_eq!((after.entries - before.entries) as u64, entries);
    assert_eq!(after.looks - before.looks, many as usize);
    // The list as far as it has come, and as far as it might have.
    assert_eq!(after.packets - before.packets, 2 * many as usize);
}

/// What comes with time does not count in a list of segments that does not speak of it: a retransmission, and the answer to it.
#[test]
fn an_acknowledgement_that_is_repeated_for_a_retransmission_does_not_count() {
    let list = "segments = [\"client SYN\", \"server SYN,ACK\", \"client ACK\"]\nreturns = \"blocked\"";
    let again = &[Server, Client][..];
    for (scene, besides, is_so) in [
        ("the list", &[][..], true),
        ("what has come comes again, and is acknowledged again", again, true),
        ("an acknowledgement more, for nothing that came", &[Client][..], false),
        ("one more than came again", &[Server, Client, Client][..], false),
    ] {
        let (mut play, mut steps, syn) = step_on_a_slow_wire(list);
        play.happens(LabEvent::Packet(PacketRecord {
            disposition: Disposition::Delivered,
            waited: Some(Duration::from_millis(400)),
            ..syn
        }));
        for from in [Server, Client].iter().chain(besides) {
            let packet = match from {
                Server => segment(Server, &[Flags::SYN, Flags::ACK], 0, 1, b""),
                Client => segment(Client, &[Flags::ACK], 1, 1, b""),
            };
            play.passes(*from, packet.clone());
            if let Packet::Tcp(segment) = &packet {
                play.flows.arrived(segment);
            }
        }
        assert!(!is_over_after(&mut play, &mut steps, 0), "it is not quiet yet");
        assert_eq!(is_over_after(&mut play, &mut steps, 701), is_so, "{scene}");
    }
}

// Addresses that are used again.

impl Play {
    /// Another connection of the client with the same addresses: inodes 12 (client) and 13 (server).
    fn connects_again(&mut self) {
        self.carries_out("client socket", 12);
        self.types("client connect on=client2").unwrap();
        let connect = self.sent();
        self.shakes_hands(12, of_client(), &connect);
        self.succeeds(&connect);
        self.table(Client, &[(of_client(), State::Established, 12)]);
        self.table(Server, &[listener(1), (of_server(), State::Established, 0)]);
        self.carries_out("server accept", 13);
        self.table(Server, &[listener(1), (of_server(), State::Established, 13)]);
    }

    fn directions(&self) -> [Direction; 2] {
        let directions = self.session.directions(MonoTime(self.now)).unwrap();
        [directions.from.client.state, directions.from.server.state]
    }
}

#[test]
fn a_socket_that_is_over_shows_its_own_connection_also_when_its_addresses_are_used_again() {
    let mut play = Play::connected();
    play.carries_out("server close", 0);
    let (server, client) = (of_server(), of_client());
    play.changes(
        Server,
        server,
        3,
        (State::Established, State::FinWait1),
        TransitionCause::Unseen,
    );
    play.client_takes(&[Flags::FIN, Flags::ACK], 1, (State::Established, State::CloseWait));
    play.server_takes(&[Flags::ACK], 1, (State::FinWait1, State::FinWait2));
    play.carries_out("client close", 0);
    play.changes(
        Client,
        client,
        2,
        (State::CloseWait, State::LastAck),
        TransitionCause::Unseen,
    );
    play.server_takes(&[Flags::FIN, Flags::ACK], 1, (State::FinWait2, State::TimeWait));
    play.client_takes(&[Flags::ACK], 2, (State::LastAck, State::Close));
    play.table(Client, &[]);
    play.table(Server, &[listener(1), (server, State::TimeWait, 0)]);
    let closed = [Direction::Closed { by: Client }, Direction::Closed { by: Server }];
    assert_eq!(play.directions(), closed);
    play.connects_again();
    assert_eq!(play.session.shown_connection_no(), Some(ConnectionNo(2)));
    assert_eq!(play.directions(), [Direction::Open, Direction::Open]);
    play.types("client use client").unwrap();
    assert_eq!(play.session.shown_connection_no(), Some(ConnectionNo(1)));
    assert_eq!(play.directions(), closed);
    let so = play.session.now_lines(MonoTime(play.now)).so;
    assert!(so.iter().all(|so| !so.contains("may send")), "{so:?}");
}

#[test]
fn a_held_segment_is_of_the_connection_that_it_was_sent_in() {
    let mut play = Play::connected();
    let fin = segment(Server, &[Flags::FIN, Flags::ACK], 1, 1, b"");
    play.passes_with(Server, fin, Disposition::Held);
    let ended = (State::Established, State::Close);
    play.changes(Client, of_client(), 2, ended, TransitionCause::Destroyed);
    play.changes(Server, of_server(), 3, ended, TransitionCause::Destroyed);
    play.table(Client, &[]);
    play.table(Server, &[listener(1)]);
    play.connects_again();
    assert_eq!(play.session.shown_connection_no(), Some(ConnectionNo(2)));
    let text = play.session.delivery(MonoTime(play.now)).unwrap().text;
    assert!(text.contains("connection 1"), "{text}");
    // Nor does it lie in the other one's directions.
    let directions = play.session.directions(MonoTime(play.now)).unwrap();
    assert_eq!(directions.from.server.segments, 0);
    play.types("client use client").unwrap();
    let directions = play.session.directions(MonoTime(play.now)).unwrap();
    assert_eq!(directions.from.server.segments, 1);
}

#[test]
fn a_close_ends_no_program() {
    let mut play = Play::connected();
    play.carries_out("client close", 0);
    for state in [State::FinWait1, State::FinWait2] {
        play.table(Client, &[(of_client(), state, 0)]);
        let short = play.session.plate(Client, MonoTime(play.now)).means.short;
        assert!(!short.is_empty() && !short.contains("gone"), "{state}: {short}");
    }
}

#[test]
fn what_stays_held_without_rules_is_counted() {
    let mut play = Play::connected();
    let last = |play: &Play| play.session.transcript.entries().back().unwrap().lines();
    play.happens(LabEvent::Wire(WireChange::Cleared));
    assert_eq!(last(&play), ["all rules are removed"]);
    for (seq, words) in [(1, "1 segment stays held"), (2, "2 segments stay held")] {
        play.passes_with(Client, segment(Client, &[Flags::ACK], seq, 1, b"x"), Disposition::Held);
        play.happens(LabEvent::Wire(WireChange::Cleared));
        assert!(last(&play)[0].contains(words), "{:?}", last(&play));
    }
}
