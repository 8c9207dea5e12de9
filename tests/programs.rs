//! Programs of the user's own in a session, played without a kernel: what they are called, which sockets are theirs, what can be asked of
//! them, and what their lines mean.

use std::net::SocketAddr;

use finwait::call::{Bytes, SocketName};
use finwait::clock::MonoTime;
use finwait::command::parse::parse;
use finwait::errno::Errno;
use finwait::host::Port;
use finwait::lab::event::{
    CallEnded, Death, Disposition, LabEvent, LabRequest, PacketRecord, ProgramCall, ProgramDeed, ProgramEvent,
    ProgramNews, ReceivedPacket, TimedEvent, TransitionCause, WireChange,
};
use finwait::outcome::{Outcome, Value};
use finwait::program::{OutputStream, ProgramNo};
use finwait::session::progress::{CommandProgress, CommandResult};
use finwait::session::transcript::{EntryKind, KEPT};
use finwait::session::view::HeldBy;
use finwait::session::{CommandError, LabKind, Session};
use finwait::side::{Ends, Side};
use finwait::socket_table::{TimerKind, Tuple};
use finwait::state::State;
use finwait::syscall::Syscall;
use finwait::wire::flow::{FlowInfo, PacketNo};
use finwait::wire::link::OptionSet;
use finwait::wire::queue::{Mode, Origin};
use finwait::wire::segment::{Flags, IcmpError, Packet, Segment, SeqNo};

#[path = "support/lab_events.rs"]
mod lab_events;

use Side::{Client, Server};
use lab_events::{CLIENT, SERVER, born, by_program, changed, facts, process, row};

/// A lab that says what the test tells it to say.
struct Play {
    session: Session,
    now: u64,
    asked: Vec<LabRequest>,
}

impl Play {
    fn in_a(kind: LabKind) -> Play {
        let session = Session::new(facts(kind), MonoTime(0));
        let mut play = Play {
            session,
            now: 0,
            asked: Vec::new(),
        };
        for side in Side::BOTH {
            play.happens(born(side, 100));
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

    fn types(&mut self, text: &str) -> Result<CommandProgress, CommandError> {
        let command = parse(text, None).unwrap_or_else(|error| panic!("{text}: {error}"));
        self.now += 1_000_000;
        let (progress, requests) = CommandProgress::issue(&mut self.session, &command, MonoTime(self.now))?;
        self.asked.extend(requests);
        Ok(progress)
    }

    fn refuses(&mut self, text: &str) -> String {
        self.types(text).map(drop).unwrap_err().to_string()
    }

    fn asked(&mut self) -> Vec<LabRequest> {
        std::mem::take(&mut self.asked)
    }

    /// A program that runs under that number, with that process.
    fn runs(&mut self, text: &str, no: u32, pid: u32) {
        self.types(text).unwrap();
        let side = self.session.programs.get(ProgramNo(no)).unwrap().side;
        self.says(side, no, ProgramNews::Started { pid });
    }

    fn says(&mut self, side: Side, no: u32, what: ProgramNews) {
        let program = ProgramNo(no);
        self.happens(LabEvent::Program(ProgramEvent { side, program, what }));
    }

    fn writes(&mut self, side: Side, no: u32, line: &str) {
        let (stream, line) = (OutputStream::Stderr, line.to_owned());
        self.says(side, no, ProgramNews::Output { stream, line });
    }

    fn exits(&mut self, side: Side, no: u32, how: Death) {
        self.says(side, no, ProgramNews::Exited { how, left: 0 });
    }

    fn owns(&mut self, side: Side, inode: u64, no: u32, pid: u32, name: &str) {
        let owner = process(no, pid, name);
        self.happens(LabEvent::Owned { side, inode, owner });
    }

    fn changes(&mut self, side: Side, tuple: Tuple, inode: u64, states: (State, State), cause: TransitionCause) {
        self.happens(changed(side, tuple, inode, states, cause));
    }

    fn table(&mut self, side: Side, rows: &[(Tuple, State, u64)]) {
        let rows = rows
            .iter()
            .map(|&(tuple, state, inode)| row(tuple, state, inode))
            .collect();
        self.happens(LabEvent::Table { side, rows });
    }

    /// nginx listens at the port of the server's host on all addresses of both families.
    fn nginx_listens(&mut self) {
        self.runs("server run nginx -c n.conf", 1, 50);
        self.owns(Server, 7, 1, 50, "nginx");
        let by = by_program(1, 50, "nginx", ProgramDeed::Listen);
        self.changes(Server, listener("[::]:8080"), 7, (State::Close, State::Listen), by);
        self.table(Server, &[(listener("[::]:8080"), State::Listen, 7)]);
    }

    /// curl connects from that port, by the program of that number, and the server's host takes it into its queue.
    fn curl_connects(&mut self, port: u16, no: u32, pid: u32) {
        let inode = u64::from(port);
        self.owns(Client, inode, no, pid, "curl");
        let (there, here) = (of_client(port).mirrored(), of_client(port));
        let by = by_program(no, pid, "curl", ProgramDeed::Connect);
        self.changes(Client, here, inode, (State::Close, State::SynSent), by);
        self.changes(Server, there, 0, (State::Close, State::SynRecv), received(Flags::SYN));
        self.changes(
            Client,
            here,
            inode,
            (State::SynSent, State::Established),
            received(Flags::SYN),
        );
        self.table(Client, &[(here, State::Established, inode)]);
        self.changes(
            Server,
            there,
            0,
            (State::SynRecv, State::Established),
            received(Flags::ACK),
        );
    }

    /// A segment of the server's host reaches that port of curl's.
    fn passes(&mut self, port: u16, flags: Flags) {
        let tuple = of_client(port);
        self.packet(Packet::Tcp(Segment {
            source: tuple.peer,
            destination: tuple.local,
            flags,
            seq: SeqNo(1),
            ack: SeqNo(0),
            window: 0,
            urgent: 0,
            options: Vec::new(),
            len: 0,
            payload: Bytes(Vec::new()),
        }));
    }

    /// A packet of the server's host is delivered.
    fn packet(&mut self, packet: Packet) {
        self.happens(LabEvent::Packet(PacketRecord {
            no: PacketNo(1),
            from: Server,
            packet,
            segment_size: None,
            seen: FlowInfo::default(),
            origin: Origin::Host,
            disposition: Disposition::Delivered,
            rule: None,
            link: None,
            stripped: OptionSet::NONE,
            waited: None,
            raw: None,
        }));
    }

    /// The server's host sends an RST, and the client's socket is reset by it.
    fn is_reset(&mut self, port: u16) {
        let tuple = of_client(port);
        self.passes(port, Flags::RST);
        self.changes(
            Client,
            tuple,
            port.into(),
            (State::Established, State::Close),
            received(Flags::RST),
        );
        self.table(Client, &[]);
    }

    /// curl's SYN leaves that port, by the program of that number, and is on its way.
    fn curl_begins(&mut self, port: u16, no: u32, pid: u32) {
        let inode = u64::from(port);
        self.owns(Client, inode, no, pid, "curl");
        let by = by_program(no, pid, "curl", ProgramDeed::Connect);
        self.changes(Client, of_client(port), inode, (State::Close, State::SynSent), by);
        self.table(Client, &[(of_client(port), State::SynSent, inode)]);
    }

    /// The server's FIN reaches that port of curl's.
    fn is_ended_by_fin(&mut self, port: u16) {
        self.passes(port, Flags(Flags::FIN.0 | Flags::ACK.0));
        let states = (State::Established, State::CloseWait);
        self.changes(Client, of_client(port), port.into(), states, received(Flags::FIN));
    }

    /// An ICMP error about the SYN from that port of curl's ends the attempt.
    fn is_answered_by_icmp(&mut self, port: u16, message: &str, error: IcmpError) {
        let tuple = of_client(port);
        self.packet(Packet::Icmp {
            source: SERVER,
            destination: CLIENT,
            message: message.into(),
            about: Some((tuple.local, tuple.peer)),
            error: Some(error),
        });
        let by = TransitionCause::Received(ReceivedPacket {
            packet_no: PacketNo(1),
            flags: None,
        });
        self.changes(Client, tuple, port.into(), (State::SynSent, State::Close), by);
        self.table(Client, &[]);
    }

    /// The rule that a line of a program falls under, and the sentence; none where nothing is said.
    fn told(&mut self, side: Side, no: u32, line: &str) -> (Option<&'static str>, String) {
        self.writes(side, no, line);
        let entry = self.session.transcript.entries().back().unwrap();
        let why = entry.why().unwrap_or_default().to_owned();
        (entry.rule().map(|rule| rule.name()), why)
    }

    /// Why the newest entry's line tells of a failure.
    fn why(&self) -> Option<String> {
        self.session.transcript.entries().back()?.why().map(str::to_owned)
    }

    fn views(&self, side: Side) -> Vec<String> {
        let views = self.session.sockets(side).into_iter();
        views
            .map(|view| {
                let name = view.name.map_or("-", SocketName::as_str);
                let owner = view.owner.map_or_else(String::new, |owner| format!(" by {owner}"));
                format!("{name} {} {}{owner}", view.state(), view.held.words())
            })
            .collect()
    }

    fn lines(&self) -> Vec<String> {
        let entries = self.session.transcript.entries().iter();
        entries.flat_map(|entry| entry.lines()).collect()
    }

    fn result(&self, progress: &CommandProgress, after_s: u64) -> Option<CommandResult> {
        let now = MonoTime(self.now + after_s * 1_000_000_000);
        progress.result(&self.session, true, now, std::time::Duration::ZERO)
    }
}

fn received(flags: Flags) -> TransitionCause {
    TransitionCause::Received(ReceivedPacket {
        packet_no: PacketNo(1),
        flags: Some(flags),
    })
}

fn of_client(port: u16) -> Tuple {
    Tuple {
        local: (CLIENT, port).into(),
        peer: (SERVER, 8080).into(),
    }
}

fn listener(at: &str) -> Tuple {
    let local: SocketAddr = at.parse().unwrap();
    let any = if local.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" };
    Tuple {
        local,
        peer: any.parse().unwrap(),
    }
}

#[test]
fn programs_are_called_by_their_commands_and_no_two_alike() {
    let mut play = Play::new();
    for command in [
        "client run curl -sS http://server:8080/",
        "server run /usr/sbin/nginx -g 'daemon off;'",
        "server run curl http://client/",
        "client run A=1 python3 -m http.server",
        "client run python3 x.py",
        "client run 'my server'",
    ] {
        play.types(command).unwrap();
    }
    let names: Vec<&str> = play
        .session
        .programs
        .all()
        .iter()
        .map(|program| program.name.as_str())
        .collect();
    assert_eq!(names, ["curl", "nginx", "curl2", "python3", "python3-2", "my"]);
    let asked = play.asked();
    let LabRequest::Run(side, no, spec) = &asked[1] else {
        panic!("{asked:?}")
    };
    assert_eq!((*side, *no), (Server, ProgramNo(2)));
    assert_eq!(spec.run, "/usr/sbin/nginx -g 'daemon off;'");
    // The name is enough, and a wrong one is told with the right ones.
    assert_eq!(
        play.refuses("client signal TERM nginx"),
        "nginx is on the server's host, not on the client's"
    );
    assert_eq!(
        play.refuses("server kill-program ngnix"),
        "the server's host has no program ngnix: it has nginx, curl2"
    );
    let mut loopback = Play::in_a(LabKind::Loopback(None));
    assert_eq!(
        loopback.refuses("client run curl"),
        "programs of your own run on a host of the isolated lab: the loopback lab has none, and no wire"
    );
}

#[test]
fn a_program_is_signalled_killed_and_started_again() {
    let mut play = Play::new();
    assert_eq!(
        play.refuses("server signal TERM"),
        "no program was started on the server's host: server run COMMAND starts one"
    );
    play.runs("server run nginx", 1, 50);
    play.asked();
    play.types("server signal HUP").unwrap();
    assert_eq!(play.asked(), [LabRequest::Signal(ProgramNo(1), libc::SIGHUP)]);
    // What still has its port is ended first, and the new one is started when it is gone.
    let again = play.types("server restart-program").unwrap();
    assert_eq!(play.asked(), [LabRequest::EndProgram(ProgramNo(1))]);
    assert_eq!(play.result(&again, 0), None);
    play.says(
        Server,
        1,
        ProgramNews::Exited {
            how: Death::Signal(9),
            left: 2,
        },
    );
    assert_eq!(play.asked(), []);
    play.says(Server, 1, ProgramNews::Gone);
    let asked = play.asked();
    assert!(matches!(&asked[..], [LabRequest::Run(Server, ProgramNo(2), spec)] if spec.run == "nginx"));
    play.says(Server, 2, ProgramNews::Started { pid: 60 });
    assert_eq!(play.result(&again, 0), Some(CommandResult::Done));
    play.exits(Server, 2, Death::Exited(1));
    assert_eq!(
        play.refuses("server signal TERM nginx2"),
        "nginx2 runs no more: it exited with status 1"
    );
    let lines = play.lines();
    assert!(lines.contains(&"nginx2 60 runs: nginx".to_owned()), "{lines:?}");
    assert!(lines.contains(&"nginx 50 was killed by SIGKILL; 2 processes of it go on".to_owned()));
}

/// Two programs of one command are told apart by the order in which they were started, in causes and beside their sockets; so are their
/// processes of other names.
#[test]
fn two_programs_of_one_command_are_told_apart() {
    let mut play = Play::new();
    play.nginx_listens();
    play.runs("client run curl http://server:8080/1", 2, 60);
    play.runs("client run curl http://server:8080/2", 3, 61);
    play.runs("client run sh one", 4, 62);
    play.runs("client run sh two", 5, 63);
    for (port, no, pid) in [(40_001, 2, 60), (40_002, 3, 61), (40_003, 4, 64), (40_004, 5, 65)] {
        play.curl_connects(port, no, pid);
    }
    let lines = play.lines();
    for (nth, who) in ["curl, pid 60", "curl2, pid 61", "curl, pid 64", "curl of sh2, pid 65"]
        .iter()
        .enumerate()
    {
        let cause = format!("connect by {who}");
        let caused: Vec<&String> = lines.iter().filter(|line| line.contains("connect by")).collect();
        assert!(caused[nth].ends_with(&cause), "{caused:?}");
    }
    assert!(
        play.views(Client)[1].ends_with("by curl2 61"),
        "{:?}",
        play.views(Client)
    );
}

/// After a signal the program is said to run still, or to have ended, and which signal was sent; of what that ended it is said once.
#[test]
fn a_signal_that_was_sent_is_told_of() {
    let mut play = Play::new();
    let words = |play: &Play| play.session.programs.get(ProgramNo(1)).unwrap().words();
    play.runs("server run nginx", 1, 50);
    assert_eq!(words(&play), "runs, pid 50");
    play.types("server signal TERM").unwrap();
    assert_eq!(words(&play), "runs, pid 50 (SIGTERM was sent)");
    play.exits(Server, 1, Death::Signal(libc::SIGTERM));
    assert_eq!(words(&play), "was killed by SIGTERM");
    assert_eq!(
        play.refuses("server signal TERM nginx"),
        "nginx runs no more: it was killed by SIGTERM"
    );
    play.runs("server run redis", 2, 60);
    play.types("server signal TERM").unwrap();
    play.exits(Server, 2, Death::Exited(0));
    let redis = play.session.programs.get(ProgramNo(2)).unwrap();
    assert_eq!(redis.words(), "exited with status 0 (SIGTERM was sent)");
}

/// The same number at both ends, by the addresses; a child has its name while it waits, and an owner once it is accepted.
#[test]
fn a_programs_sockets_have_names_and_owners_at_both_ends() {
    let mut play = Play::new();
    play.nginx_listens();
    play.runs("client run curl http://server:8080/", 2, 70);
    play.curl_connects(40_001, 2, 70);
    let there = of_client(40_001).mirrored();
    let listens = (listener("[::]:8080"), State::Listen, 7);
    play.table(Server, &[listens, (there, State::Established, 0)]);
    assert_eq!(play.views(Client), ["client ESTABLISHED open by curl 70"]);
    assert_eq!(
        play.views(Server),
        [
            "listener LISTEN open by nginx 50",
            "server ESTABLISHED not accepted yet"
        ]
    );
    // A worker accepts it.
    play.owns(Server, 9, 1, 51, "nginx");
    play.table(Server, &[listens, (there, State::Established, 9)]);
    assert_eq!(play.views(Server)[1], "server ESTABLISHED open by nginx 51");
    // It hands it on to another one.
    play.owns(Server, 9, 1, 52, "nginx");
    assert_eq!(play.views(Server)[1], "server ESTABLISHED open by nginx 52");
    play.owns(Server, 9, 1, 51, "nginx");
    // A second one that was refused has taken a number at its end: the third has the same at both.
    play.runs("client run curl http://server:8081/", 3, 71);
    play.owns(Client, 11, 3, 71, "curl");
    let refused = Tuple {
        local: (CLIENT, 40_002).into(),
        peer: (SERVER, 8081).into(),
    };
    let connects = by_program(3, 71, "curl", ProgramDeed::Connect);
    play.changes(Client, refused, 11, (State::Close, State::SynSent), connects);
    play.changes(
        Client,
        refused,
        11,
        (State::SynSent, State::Close),
        received(Flags::RST),
    );
    play.runs("client run curl http://server:8080/", 4, 72);
    play.curl_connects(40_003, 4, 72);
    let names = |side| {
        play.session
            .sockets(side)
            .iter()
            .map(|view| view.name.map(ToString::to_string))
            .collect()
    };
    let (client, server): (Vec<_>, Vec<_>) = (names(Client), names(Server));
    assert_eq!(
        client.iter().flatten().collect::<Vec<_>>(),
        ["client", "client2", "client3"]
    );
    assert_eq!(
        server.iter().flatten().collect::<Vec<_>>(),
        ["listener", "server", "server3"]
    );
    let lines = play.lines();
    assert!(
        lines.contains(&"client CLOSE -> SYN_SENT   caused by connect by curl, pid 70".to_owned()),
        "{lines:?}"
    );
    assert!(
        lines.iter().any(|line| line.starts_with("server CLOSE -> SYN_RECV")),
        "{lines:?}"
    );
}

/// A SYN comes within the 20 ms after a program has listened, before its listener is seen.
#[test]
fn a_connection_through_a_listener_that_is_not_known_yet_has_a_name() {
    let mut play = Play::new();
    play.runs("server run nginx -c n.conf", 1, 50);
    play.runs("client run curl http://server:8080/", 2, 70);
    play.curl_connects(40_001, 2, 70);
    let there = of_client(40_001).mirrored();
    play.table(Server, &[(there, State::Established, 0)]);
    assert_eq!(play.views(Server), ["server ESTABLISHED not accepted yet"]);
}

/// The endpoint has made its socket, and a program connects before it does.
#[test]
fn a_connection_of_the_endpoint_beside_a_programs_has_one_number() {
    let mut play = Play::new();
    play.nginx_listens();
    play.asked();
    play.types("client connect").unwrap();
    let asked = play.asked();
    let [LabRequest::Call(Client, request)] = &asked[..] else {
        panic!("{asked:?}")
    };
    play.happens(LabEvent::Ended(CallEnded {
        side: Client,
        call: request.id,
        took: std::time::Duration::ZERO,
        outcome: Outcome::Ok(Value::Descriptor { fd: 3, peer: None }),
        said: None,
        trace: Vec::new(),
        inode: Some(90),
    }));
    play.runs("client run curl http://server:8080/", 2, 70);
    play.curl_connects(40_001, 2, 70);
    let (here, there) = (of_client(40_002), of_client(40_002).mirrored());
    play.changes(
        Client,
        here,
        90,
        (State::Close, State::SynSent),
        TransitionCause::Unseen,
    );
    play.changes(Server, there, 0, (State::Close, State::SynRecv), received(Flags::SYN));
    let of_curl = of_client(40_001);
    play.table(
        Client,
        &[(of_curl, State::Established, 40_001), (here, State::SynSent, 90)],
    );
    let (listens, curls) = (
        (listener("[::]:8080"), State::Listen, 7),
        (of_curl.mirrored(), State::Established, 0),
    );
    play.table(Server, &[listens, curls, (there, State::SynRecv, 0)]);
    let number = |side| {
        let views = play.session.sockets(side).into_iter();
        let mut names = views.filter_map(|view| Some(view.name?.to_string()));
        names.by_ref().collect::<Vec<_>>()
    };
    assert_eq!(number(Client), ["client", "client2"]);
    assert_eq!(number(Server), ["listener", "server2", "server"]);
}

/// curl calls every connect that failed 7: which it was, the record of its socket says.
#[test]
fn an_rst_after_the_handshake_refuses_no_syn() {
    let failed = "curl: (7) Failed to connect to server port 8080 after 7 ms: Could not connect to server";
    let mut play = Play::new();
    play.nginx_listens();
    play.runs("client run curl http://server:8080/", 2, 70);
    play.curl_connects(40_001, 2, 70);
    play.is_reset(40_001);
    play.writes(Client, 2, failed);
    let why = play.why().expect("it is known");
    assert!(why.starts_with("An RST ended the connection;"), "{why}");
    // The SYN itself was answered with RST.
    play.runs("client run curl http://server:8081/", 3, 71);
    play.owns(Client, 11, 3, 71, "curl");
    let connects = by_program(3, 71, "curl", ProgramDeed::Connect);
    play.changes(Client, of_client(40_002), 11, (State::Close, State::SynSent), connects);
    let refused = (State::SynSent, State::Close);
    play.changes(Client, of_client(40_002), 11, refused, received(Flags::RST));
    play.writes(Client, 3, failed);
    assert_eq!(
        play.why().as_deref(),
        Some("An RST answered the SYN: usually nobody listens on that port.")
    );
    // Of one that was not seen nothing is said.
    play.runs("client run curl http://server:8082/", 4, 72);
    play.writes(Client, 4, failed);
    assert_eq!(play.why(), None);
}

/// The row of a connection that was reset is gone at once, and its socket stays, as one that is over.
#[test]
fn what_was_reset_does_not_vanish() {
    let mut play = Play::new();
    play.nginx_listens();
    play.runs("client run curl http://server:8080/", 2, 70);
    play.curl_connects(40_001, 2, 70);
    play.is_reset(40_001);
    let views = play.session.sockets(Client);
    assert_eq!(views.len(), 1);
    assert_eq!((views[0].held, views[0].state()), (HeldBy::Closed, State::Close));
    assert_eq!(
        play.session.folded(Client).ended.len(),
        0,
        "it is the one that is looked at"
    );
    // And it is told what the program's words are about.
    play.writes(Client, 2, "curl: (56) Recv failure: Connection reset by peer");
    let entry = play.session.transcript.entries().back().unwrap();
    assert_eq!(
        entry.lines(),
        ["curl 70: curl: (56) Recv failure: Connection reset by peer"]
    );
    let EntryKind::Program(said) = &entry.what else {
        panic!("{entry:?}")
    };
    let why = said.why.as_ref().unwrap();
    assert!(why.sentence.contains("RST"), "{}", why.sentence);
    assert!(why.set_by.is_some());
    assert!(why.sentence.len() > Errno::ECONNRESET.text().len());
    // What says nothing of a socket has no why.
    play.writes(Client, 2, "hello");
    assert_eq!(play.session.transcript.entries().back().unwrap().why(), None);
}

#[test]
fn a_line_of_a_program_without_a_connection_tells_of_none() {
    let mut play = Play::new();
    play.runs("server run cat words", 1, 50);
    let mut why = |line: &str| {
        play.writes(Server, 1, line);
        let last = play.session.transcript.entries().back().unwrap();
        last.why().map(str::to_owned)
    };
    for line in [
        "cat: /etc/shadow: Permission denied",
        "end of file",
        "Operation timed out",
        "write error: Broken pipe",
        "Bad file descriptor",
    ] {
        assert_eq!(why(line), None, "{line}");
    }
    assert!(why("bind: Address already in use").is_some());
}

/// A timeout is the kernel's only where a timer of its ended a socket of the program.
#[test]
fn a_timeout_is_the_kernels_only_where_the_kernel_gave_up() {
    let own = (
        None,
        "Likely the program's own time limit ran out: no socket of it was given up by the kernel.".to_owned(),
    );
    let mut play = Play::new();
    play.nginx_listens();
    play.runs("client run wget -T 1 http://server:8080/", 2, 70);
    let lines = [
        "Read error (Connection timed out) in headers.",
        "failed: Connection timed out.",
    ];
    assert_eq!(
        play.told(Client, 2, lines[1]),
        (None, String::new()),
        "it has no socket yet"
    );
    play.curl_begins(40_001, 2, 70);
    assert_eq!(play.told(Client, 2, lines[1]), own, "in SYN_SENT");
    play.curl_connects(40_002, 2, 70);
    for line in lines {
        assert_eq!(play.told(Client, 2, line), own, "{line}");
    }
    let closed = by_program(2, 70, "wget", ProgramDeed::Close);
    let states = (State::Established, State::FinWait1);
    play.changes(Client, of_client(40_002), 40_002, states, closed);
    assert_eq!(play.told(Client, 2, lines[0]), own, "it has closed it");
    // The kernel's own.
    let timer = TransitionCause::Timer(TimerKind::Retransmit);
    for (port, no, from, rule) in [
        (40_003, 3, State::SynSent, "connect-timed-out"),
        (40_004, 4, State::Established, "peer-given-up"),
    ] {
        play.runs("client run curl http://server:8080/", no, 70 + no);
        match from {
            State::SynSent => play.curl_begins(port, no, 70 + no),
            _ => play.curl_connects(port, no, 70 + no),
        }
        play.changes(
            Client,
            of_client(port),
            port.into(),
            (from, State::Close),
            timer.clone(),
        );
        assert_eq!(play.told(Client, no, "Connection timed out").0, Some(rule));
    }
}

/// Node.js says ECONNRESET of the peer's FIN, too: an RST is told of only where one ended a connection of that program.
#[test]
fn a_reset_is_told_only_where_an_rst_came() {
    let mut play = Play::new();
    play.nginx_listens();
    play.runs("client run node get.js", 2, 70);
    play.curl_connects(40_001, 2, 70);
    let lines = ["Error: socket hang up", "  code: 'ECONNRESET'"];
    assert_eq!(
        play.told(Client, 2, lines[1]),
        (None, String::new()),
        "nothing has ended it"
    );
    play.is_ended_by_fin(40_001);
    for line in lines {
        assert_eq!(play.told(Client, 2, line).0, Some("eof-fin"), "{line}");
    }
    assert_eq!(
        play.why().as_deref(),
        Some(
            "The peer has ended its direction: end of stream. No RST ended a connection of this program: Node.js calls such a \
             FIN ECONNRESET, too."
        )
    );
    // The kernel gives it for an RST alone.
    let line = "ConnectionResetError: [Errno 104] Connection reset by peer";
    assert_eq!(play.told(Client, 2, line), (None, String::new()));
    // With one it is one, of that program, and of the connection that the line names.
    play.curl_connects(40_002, 2, 70);
    play.is_reset(40_002);
    assert_eq!(play.told(Client, 2, lines[1]).0, Some("reset"));
    let other = "read tcp 10.0.0.1:40001->10.0.0.2:8080: read: connection reset by peer";
    assert_eq!(play.told(Client, 2, other), (None, String::new()));
    play.runs("client run curl http://server:8080/", 3, 71);
    play.curl_connects(40_003, 3, 71);
    assert_eq!(play.told(Client, 3, lines[1]), (None, String::new()));
}

/// A socket that gets no address is in no table: who has it is told where the line names it, or a traced call shows it.
#[test]
fn an_address_that_is_taken_is_told_as_far_as_the_line_tells() {
    let mut play = Play::new();
    play.nginx_listens();
    play.runs("server run python3 unix.py", 2, 60);
    let open = (
        None,
        "Another socket has that address and port, or, of a Unix socket, the path exists: the line does not say which."
            .to_owned(),
    );
    let line = "OSError: [Errno 98] Address already in use";
    assert_eq!(play.told(Server, 2, line), open);
    let named = play.told(Server, 2, "bind() to 0.0.0.0:8080 failed (98: Address already in use)");
    let listens = "Another socket, in LISTEN, has the address";
    assert!(
        named.0 == Some("address-taken") && named.1.contains(listens),
        "{named:?}"
    );
    // Nobody is seen to have that one.
    let named = play.told(Server, 2, "bind() to 0.0.0.0:9090 failed (98: Address already in use)");
    assert!(
        named.0 == Some("address-taken") && !named.1.contains(listens),
        "{named:?}"
    );
    // A traced call tells of the line after it, and of no later one.
    play.happens(LabEvent::ProgramCall(ProgramCall {
        side: Server,
        program: ProgramNo(2),
        pid: 60,
        fd: Some(3),
        inode: Some(9),
        made: Syscall::parse(
            "bind(3, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr(\"0.0.0.0\")}, 16) = -1 EADDRINUSE (Address already in use)",
            Some(Errno::EADDRINUSE),
            std::time::Duration::ZERO,
        ),
        makes: None,
    }));
    assert_eq!(play.told(Server, 2, line).0, Some("address-taken"));
    assert_eq!(play.told(Server, 2, line), open);
}

/// EADDRNOTAVAIL is bind's for a foreign address, and connect's where no port is left.
#[test]
fn an_address_that_is_not_to_be_had_may_be_a_port() {
    let mut play = Play::new();
    play.runs("client run python3 get.py", 1, 60);
    let both = play.told(Client, 1, "OSError: [Errno 99] Cannot assign requested address");
    assert!(both.0.is_none() && both.1.contains("no local port is left"), "{both:?}");
    assert!(
        both.1.contains("No interface of this host has that address"),
        "{both:?}"
    );
    let connect = "Connecting to server (server)|10.0.0.2|:8080... failed: Cannot assign requested address.";
    let why = play.told(Client, 1, connect);
    assert!(
        why.0 != Some("no-such-address") && why.1.contains("port is left"),
        "{why:?}"
    );
    let bind = "bind() to 10.0.0.9:80 failed (99: Cannot assign requested address)";
    assert_eq!(play.told(Client, 1, bind).0, Some("no-such-address"));
}

/// That a host is not reached is explained by the ICMP error that ended a socket of the program: its text alone tells nothing.
#[test]
fn an_unreachable_host_is_told_by_the_icmp_error_alone() {
    let mut play = Play::new();
    play.runs("client run python3 strerror.py", 1, 60);
    assert_eq!(play.told(Client, 1, "No route to host"), (None, String::new()));
    assert_eq!(play.told(Client, 1, "Network is unreachable"), (None, String::new()));
    for (no, message, error) in [
        (2, "host unreachable", IcmpError::Host),
        (3, "communication prohibited", IcmpError::Prohibited),
    ] {
        let port = 40_000 + no as u16;
        play.runs("client run curl http://server:8080/", no, 70 + no);
        play.curl_begins(port, no, 70 + no);
        assert_eq!(play.told(Client, no, "No route to host"), (None, String::new()));
        play.is_answered_by_icmp(port, message, error);
        for line in [
            "No route to host",
            "curl: (7) Failed to connect to server port 8080 after 7 ms: Could not connect to server",
        ] {
            let why = play.told(Client, no, line);
            assert_eq!(why.0, Some("host-unreachable"), "{line}");
            assert!(why.1.contains(message) && !why.1.contains("listens"), "{why:?}");
        }
    }
}

#[test]
fn a_connection_of_a_host_with_itself_is_folded() {
    let mut play = Play::new();
    play.nginx_listens();
    let inside = Tuple {
        local: "127.0.0.1:50000".parse().unwrap(),
        peer: "127.0.0.1:9000".parse().unwrap(),
    };
    play.owns(Server, 20, 1, 51, "nginx");
    let connects = by_program(1, 51, "nginx", ProgramDeed::Connect);
    let before = play.lines().len();
    play.changes(Server, inside, 20, (State::Close, State::Established), connects.clone());
    play.changes(
        Server,
        inside.mirrored(),
        0,
        (State::Close, State::Established),
        connects,
    );
    let listens = (listener("[::]:8080"), State::Listen, 7);
    let rows = [
        listens,
        (inside, State::Established, 20),
        (inside.mirrored(), State::Established, 0),
    ];
    play.table(Server, &rows);
    assert_eq!(play.views(Server), ["listener LISTEN open by nginx 50"]);
    assert_eq!((play.session.inside(Server), play.session.inside(Client)), (1, 0));
    // It is told once that there are such connections, so that who waits for its segments knows.
    let lines = play.lines();
    assert_eq!(lines.len(), before + 1);
    assert!(
        lines[before].starts_with("a connection of the server's host with itself"),
        "{lines:?}"
    );
    assert_eq!(play.session.connection_count(), 0);
}

#[test]
fn no_call_is_made_on_a_programs_socket() {
    let mut play = Play::new();
    play.nginx_listens();
    play.runs("client run curl http://server:8080/", 2, 70);
    play.curl_connects(40_001, 2, 70);
    play.asked();
    let why = "client is curl's (pid 70): finwait makes no calls on it; act on its segments with wire, on its program with \
               client signal, or end it with client destroy on=client";
    for call in ["client close", "client read on=client", "client shutdown write"] {
        assert_eq!(play.refuses(call), why);
    }
    assert!(
        play.refuses("server accept on=listener")
            .starts_with("listener is nginx's (pid 50):")
    );
    // It can be destroyed, and the endpoint's own calls make sockets of their own.
    play.types("client destroy on=client").unwrap();
    assert_eq!(play.asked(), [LabRequest::Destroy(Client, of_client(40_001))]);
    play.types("client connect").unwrap();
    let asked = format!("{:?}", play.asked());
    assert!(asked.contains("Socket"), "{asked}");
    let current = play.session.ends[Client].current().unwrap();
    assert_eq!(current.name.as_str(), "client2");
    play.types("client use client").unwrap();
    assert_eq!(play.session.ends[Client].current().unwrap().name.as_str(), "client");
    assert!(play.session.sure_moves(Client, MonoTime(play.now)).is_empty());
}

/// The programs' sockets stay when the endpoint is started anew, and when it dies.
#[test]
fn the_end_of_the_endpoint_is_not_that_of_a_programs_sockets() {
    let mut play = Play::new();
    play.nginx_listens();
    play.types("server restart").unwrap();
    assert_eq!(play.views(Server), ["listener LISTEN open by nginx 50"]);
}

#[test]
fn a_wait_is_over_when_it_is_so() {
    let mut play = Play::new();
    play.runs("server run nginx", 1, 50);
    let listens = play.types("server await LISTEN port=8080").unwrap();
    let other = play.types("server await LISTEN port=81").unwrap();
    let says = play.types("server await output \"READY\"").unwrap();
    let exits = play.types("server await exit").unwrap();
    assert_eq!(play.result(&listens, 0), None);
    play.table(Server, &[(listener("127.0.0.1:8080"), State::Listen, 8)]);
    assert_eq!(play.result(&listens, 0), None);
    assert_eq!(
        play.result(&listens, 6),
        Some(CommandResult::NotDone(
            "nothing on the server's host listens at port 8080 after 5.0 s; what listens at 127.0.0.1:8080 is not \
             reached from the other host; nginx runs, pid 50"
                .into()
        ))
    );
    play.table(Server, &[(listener("[::]:8080"), State::Listen, 7)]);
    assert_eq!(play.result(&listens, 0), Some(CommandResult::Done));
    assert_eq!(play.result(&other, 0), None);
    play.writes(Server, 1, "now I am ready to go");
    assert_eq!(play.result(&says, 0), Some(CommandResult::Done));
    play.exits(Server, 1, Death::Exited(3));
    assert_eq!(play.result(&exits, 0), Some(CommandResult::Done));
    // What was so already needs no waiting.
    let said = play.types("server await output ready program=nginx").unwrap();
    assert_eq!(play.result(&said, 0), Some(CommandResult::Done));
}

/// A state that came and went between two looks has come.
#[test]
fn what_is_over_again_at_once_was_there() {
    let mut play = Play::new();
    play.nginx_listens();
    play.runs("client run curl http://server:8080/", 2, 70);
    let wait = play.types("client await ESTABLISHED port=8080").unwrap();
    play.curl_connects(40_001, 2, 70);
    play.is_reset(40_001);
    assert_eq!(play.result(&wait, 0), Some(CommandResult::Done));
    let closed = play.types("client await CLOSE on=client").unwrap();
    assert_eq!(play.result(&closed, 0), Some(CommandResult::Done));
}

/// What came after the last command has been, though it is over when the wait begins; of what was before, the failure says when.
#[test]
fn a_state_that_has_passed_counts_from_the_last_command_on() {
    let mut play = Play::new();
    play.nginx_listens();
    play.runs("client run curl http://server:8080/", 2, 70);
    play.curl_connects(40_001, 2, 70);
    let there = of_client(40_001).mirrored();
    let reply = || received(Flags::ACK);
    play.changes(Server, there, 0, (State::Established, State::FinWait1), reply());
    play.changes(Server, there, 0, (State::FinWait1, State::Closing), reply());
    let listens = (listener("[::]:8080"), State::Listen, 7);
    play.table(Server, &[listens, (there, State::Closing, 0)]);
    // One wait after another looks at the same time.
    for state in ["FIN_WAIT1", "CLOSING", "FIN_WAIT1"] {
        let wait = play.types(&format!("server await {state}")).unwrap();
        assert_eq!(play.result(&wait, 0), Some(CommandResult::Done), "{state}");
    }
    play.types("wire hold FIN").unwrap();
    let wait = play.types("server await FIN_WAIT1").unwrap();
    assert_eq!(play.result(&wait, 0), None);
    let Some(CommandResult::NotDone(why)) = play.result(&wait, 6) else {
        panic!("it has come");
    };
    assert!(
        why.starts_with(
            "no socket of the server's host is in FIN_WAIT1 after 5.0 s; server is in CLOSING; server came to FIN_WAIT1 "
        ),
        "{why}"
    );
    // It is no call's, and has long been accepted.
    let why = play.refuses("server close on=server");
    assert!(
        why.starts_with("server was a program's, which has closed it: finwait"),
        "{why}"
    );
}

/// Without programs, too, what can come no more is not waited for.
#[test]
fn a_state_that_can_come_no_more_is_not_waited_for() {
    let mut play = Play::new();
    let wait = play.types("client await ESTABLISHED").unwrap();
    assert_eq!(play.result(&wait, 0), None);
    let lost = "no socket of the client's host is in ESTABLISHED any more";
    assert_eq!(play.result(&wait, 1), Some(CommandResult::NotDone(lost.into())));
    play.table(Client, &[(of_client(40_001), State::SynSent, 9)]);
    assert_eq!(play.result(&wait, 1), None);
}

/// Who listens, and whether there is a connection, is said of all sockets of the hosts, whoever made them.
#[test]
fn the_present_knows_what_programs_do() {
    let mut play = Play::new();
    let so = |play: &Play| play.session.now_lines(MonoTime(play.now)).so.concat();
    assert!(so(&play).starts_with("There is no connection:"), "{}", so(&play));
    play.runs("server run nginx -c n.conf", 1, 50);
    play.table(Server, &[(listener("127.0.0.1:8080"), State::Listen, 7)]);
    assert!(
        so(&play).starts_with("The server listens at an address that the client does not reach"),
        "{}",
        so(&play)
    );
    play.table(Server, &[(listener("[::]:8080"), State::Listen, 7)]);
    assert!(
        so(&play).starts_with("The server listens: when the client connects"),
        "{}",
        so(&play)
    );
    play.table(Server, &[(of_client(40_001).mirrored(), State::FinWait2, 0)]);
    assert!(so(&play).contains("others of the hosts have one"), "{}", so(&play));
}

/// A program listens: the other end is offered a connect to it, whose SYN reaches the host, is held, or is left to a rule.
#[test]
fn a_connect_to_a_program_is_offered() {
    let mut play = Play::new();
    let tries = |play: &Play| {
        let moves = play.session.moves(Client, MonoTime(play.now));
        let said = moves.iter().map(|of| format!("{} > {}", of.command, of.text));
        said.collect::<Vec<String>>()
    };
    play.nginx_listens();
    assert_eq!(tries(&play), ["client connect > the SYN reaches the server"]);
    play.happens(LabEvent::Wire(WireChange::Mode(Mode::Step)));
    assert_eq!(tries(&play), ["client connect > SYN_SENT, its SYN is held"]);
    play.happens(LabEvent::Wire(WireChange::Mode(Mode::Flow)));
    play.curl_connects(40_001, 2, 60);
    assert_eq!(tries(&play), Vec::<String>::new(), "there is a connection");
}

/// What listens where the other host does not reach it is offered to nobody.
#[test]
fn no_connect_to_what_is_not_reached_is_offered() {
    let mut play = Play::new();
    play.runs("server run nginx -c n.conf", 1, 50);
    play.owns(Server, 7, 1, 50, "nginx");
    let by = by_program(1, 50, "nginx", ProgramDeed::Listen);
    let inside = listener("127.0.0.1:8080");
    play.changes(Server, inside, 7, (State::Close, State::Listen), by);
    play.table(Server, &[(inside, State::Listen, 7)]);
    assert_eq!(play.session.moves(Client, MonoTime(play.now)), []);
}

#[test]
fn what_can_come_no_more_is_not_waited_for() {
    let mut play = Play::new();
    play.types("server run ngnix").unwrap();
    let exits = play.types("server await exit").unwrap();
    let why = "there is no command ngnix".to_owned();
    play.says(Server, 1, ProgramNews::NotStarted { why });
    assert_eq!(
        play.result(&exits, 0),
        Some(CommandResult::NotDone(
            "ngnix did not start: there is no command ngnix".into()
        ))
    );
    play.runs("server run nginx", 2, 50);
    let listens = play.types("server await LISTEN port=8080").unwrap();
    let says = play.types("server await output started").unwrap();
    play.writes(Server, 2, "bind() to 0.0.0.0:8080 failed (98: Address already in use)");
    assert_eq!((play.result(&listens, 0), play.result(&says, 0)), (None, None));
    play.exits(Server, 2, Death::Exited(1));
    let last = "nginx exited with status 1; its last line: bind() to 0.0.0.0:8080 failed (98: Address already in use)";
    assert_eq!(
        play.result(&listens, 0),
        Some(CommandResult::NotDone(format!(
            "nothing on the server's host listens at port 8080 any more: {last}"
        )))
    );
    assert_eq!(
        play.result(&says, 0),
        Some(CommandResult::NotDone(format!(
            "no program writes \"started\" any more: {last}"
        )))
    );
    assert_eq!(
        play.refuses("client await exit"),
        "no program was started on the client's host: client run COMMAND starts one"
    );
}

/// The client's programs wait for the server's, and for one that listens where no program does.
#[test]
fn a_run_begins_with_the_servers_programs() {
    use finwait::program::ProgramSpec;
    use finwait::session::lineup::{FirstProgram, LineupStatus, ProgramFailure, Readiness};
    let first = |run: &str, ready: Option<Readiness>| FirstProgram {
        spec: ProgramSpec {
            run: run.into(),
            ..ProgramSpec::default()
        },
        ready,
    };
    let begin = |play: &mut Play, server: Vec<FirstProgram>| {
        let client = vec![first("curl http://server/", None)];
        let issued = play
            .session
            .line_up(Ends { client, server }, MonoTime(play.now))
            .unwrap();
        play.asked.extend(issued.requests);
    };
    let started = |play: &mut Play| -> Vec<String> {
        let asked = play.asked();
        let runs = asked.into_iter().map(|asked| match asked {
            LabRequest::Run(side, _, spec) => format!("{side} {}", spec.run),
            other => panic!("{other:?}"),
        });
        runs.collect()
    };
    let mut play = Play::new();
    begin(&mut play, vec![first("nginx", None)]);
    assert_eq!(started(&mut play), ["server nginx"]);
    play.says(Server, 1, ProgramNews::Started { pid: 50 });
    assert_eq!(play.session.lineup(MonoTime(play.now)), LineupStatus::Starting);
    play.owns(Server, 7, 1, 50, "nginx");
    play.table(Server, &[(listener("[::]:8080"), State::Listen, 7)]);
    assert_eq!(started(&mut play), ["client curl http://server/"]);
    play.says(Client, 2, ProgramNews::Started { pid: 60 });
    assert_eq!(play.session.lineup(MonoTime(play.now)), LineupStatus::Ready);

    // Without a program at the server, its endpoint's listener is waited for.
    let mut play = Play::new();
    begin(&mut play, Vec::new());
    assert_eq!(started(&mut play), [""; 0]);
    assert_eq!(play.session.lineup(MonoTime(play.now)), LineupStatus::NobodyListens);
    assert_eq!(play.session.not_started(), ["curl http://server/"]);
    play.table(Server, &[(listener("10.0.0.2:8080"), State::Listen, 3)]);
    assert_eq!(started(&mut play), ["client curl http://server/"]);

    // What is said to tell it is waited for; what ends before, is not there, or takes too long is told apart.
    let says = || Some(Readiness::Says("ready".into()));
    let mut play = Play::new();
    begin(&mut play, vec![first("nginx", says())]);
    play.says(Server, 1, ProgramNews::Started { pid: 50 });
    play.table(Server, &[(listener("[::]:8080"), State::Listen, 7)]);
    assert_eq!(started(&mut play), ["server nginx"]);
    let late = MonoTime(play.now + 11_000_000_000);
    let LineupStatus::Failed(failed) = play.session.lineup(late) else {
        panic!()
    };
    assert_eq!(failed.kind, ProgramFailure::NotReady);
    assert_eq!(
        failed.why,
        "nginx has not written \"ready\" after 10 s: nginx runs, pid 50"
    );
    play.exits(Server, 1, Death::Exited(1));
    let LineupStatus::Failed(failed) = play.session.lineup(MonoTime(play.now)) else {
        panic!()
    };
    assert_eq!(
        (failed.kind, failed.why.as_str()),
        (ProgramFailure::Died, "nginx exited with status 1")
    );
    assert_eq!(started(&mut play), [""; 0]);
    let mut play = Play::new();
    begin(&mut play, vec![first("ngnix", None)]);
    let why = "there is no program ngnix on PATH".to_owned();
    play.says(Server, 1, ProgramNews::NotStarted { why });
    let LineupStatus::Failed(failed) = play.session.lineup(MonoTime(play.now)) else {
        panic!()
    };
    assert_eq!(failed.kind, ProgramFailure::Missing);
}

/// What was done by hand is written down as a scenario that does the same, its programs included.
#[test]
fn a_run_with_programs_is_recorded_as_a_scenario() {
    use finwait::program::ProgramSpec;
    use finwait::scenario::file;
    use finwait::scenario::record::Recorder;
    use finwait::session::lineup::{FirstProgram, Readiness};
    let mut play = Play::new();
    let nginx = FirstProgram {
        spec: ProgramSpec {
            run: "nginx -c \"n.conf\"".into(),
            env: vec![("LANG".into(), "C".into())],
            files: vec![("n.conf".into(), "daemon off;\n".into())],
            ..ProgramSpec::default()
        },
        ready: Some(Readiness::Listens(Some(Port(8080)))),
    };
    let programs = Ends {
        client: Vec::new(),
        server: vec![nginx.clone()],
    };
    play.session.line_up(programs.clone(), MonoTime(play.now)).unwrap();
    let mut recorder = Recorder::default();
    let record = |play: &mut Play, recorder: &mut Recorder, text: &str| {
        let before = play.session.transcript.last();
        recorder.settle(&play.session);
        play.types(text).unwrap();
        recorder.issued(&play.session, &parse(text, None).unwrap(), None, before);
    };
    record(&mut play, &mut recorder, "client run curl -sS 'http://server:8080/'");
    play.says(Client, 2, ProgramNews::Started { pid: 70 });
    record(&mut play, &mut recorder, "client await exit");
    play.exits(Client, 2, Death::Exited(56));
    let text = recorder.file(&play.session, "Recorded");
    let scenario = file::read("recorded.toml", &text).unwrap_or_else(|mistakes| panic!("{}\n{text}", mistakes[0]));
    assert_eq!(scenario.programs, programs);
    assert_eq!(
        scenario.commands(),
        [
            (Server, "nginx -c \"n.conf\""),
            (Client, "curl -sS 'http://server:8080/'")
        ]
    );
    assert!(text.contains("exits = { \"curl\" = 56 }"), "{text}");
}

/// A step expects something of a program's sockets, but not of all that a load generator has made, which are others in each run.
#[test]
fn a_recorded_step_has_the_states_of_few_sockets_of_programs() {
    use finwait::scenario::record::Recorder;
    let step = |sockets: u16| {
        let mut play = Play::new();
        play.nginx_listens();
        play.runs("client run ab http://server:8080/", 2, 70);
        for port in 40_000..40_000 + sockets {
            play.curl_connects(port, 2, 70);
        }
        let mut recorder = Recorder::default();
        play.types("server socket").unwrap();
        let socket = parse("server socket", None).unwrap();
        recorder.issued(&play.session, &socket, None, play.session.transcript.last());
        let text = recorder.file(&play.session, "Recorded");
        let states = text.lines().find(|line| line.starts_with("states"));
        states.unwrap_or(&text).to_owned()
    };
    let few = step(2);
    assert!(few.contains("client2 = \"ESTABLISHED\""), "{few}");
    let many = step(40);

    assert_eq!(many, "states = { listener2 = \"CLOSE\" }");
}

#[test]
fn what_happened_last_is_known_when_its_entry_is_not_kept_any_more() {
    let mut play = Play::new();
    play.runs("client run wrk http://server:8080/", 1, 50);
    let entry = play.session.transcript.last();
    for _ in 0..=KEPT {
        play.happens(LabEvent::Note("a packet".into()));
    }
    assert!(play.session.transcript.entry(entry).is_none());
    let what = play.session.now_lines(MonoTime(play.now)).what.unwrap();
    assert_eq!((what.side, what.entry), (Some(Client), entry));
    assert!(what.cuts[0].contains("wrk 50 runs"), "{:?}", what.cuts);
    // Until something else happens.
    play.exits(Client, 1, Death::Exited(0));
    let what = play.session.now_lines(MonoTime(play.now)).what.unwrap();
    assert!(what.cuts[0].contains("exited"), "{:?}", what.cuts);
}

#[test]
fn a_signal_is_not_explained_by_an_older_error() {
    for (how, is_explained) in [(Death::Signal(libc::SIGUSR1), false), (Death::Exited(56), true)] {
        let mut play = Play::new();
        play.nginx_listens();
        play.runs("client run curl http://server:8080/", 2, 70);
        play.curl_connects(40_001, 2, 70);
        play.is_reset(40_001);
        play.writes(Client, 2, "curl: (56) Recv failure: Connection reset by peer");
        let now = |play: &Play| play.session.now_lines(MonoTime(play.now));
        assert!(now(&play).why.is_some());
        play.exits(Client, 2, how);
        let now = now(&play);
        assert!(now.what.unwrap().cuts[0].contains(&how.verb()));
        assert_eq!(now.why.is_some(), is_explained, "{how}");
    }
}

/// The change of state is told before the host's table is read again.
#[test]
fn a_programs_new_socket_is_not_over() {
    let mut play = Play::new();
    play.nginx_listens();
    play.runs("client run curl http://server:8080/", 2, 70);
    play.owns(Client, 40_001, 2, 70, "curl");
    let connects = by_program(2, 70, "curl", ProgramDeed::Connect);
    let tuple = of_client(40_001);
    play.changes(Client, tuple, 40_001, (State::Close, State::SynSent), connects);
    let plate = |play: &Play| {
        let view = play.session.sockets(Client).remove(0);
        play.session.plate_of(Client, &view, MonoTime(play.now))
    };
    assert_eq!(play.views(Client), ["client CLOSE open by curl 70"]);
    let new = plate(&play);
    assert_eq!((new.over, new.sockets, new.id), (0, 1, None));
    assert!(!new.tabs[0].ended);
    play.table(Client, &[(tuple, State::SynSent, 40_001)]);
    assert_eq!(play.views(Client), ["client SYN_SENT open by curl 70"]);
    play.changes(
        Client,
        tuple,
        40_001,
        (State::SynSent, State::Close),
        received(Flags::RST),
    );
    play.table(Client, &[]);
    assert_eq!(play.views(Client), ["client CLOSE closed by curl 70"]);
    let over = plate(&play);
    assert_eq!((over.over, over.sockets), (1, 1));
    assert!(over.tabs[0].ended);
}
