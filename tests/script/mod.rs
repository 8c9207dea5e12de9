//! A scripted lab: what a session would be told, at fixed times, so that screens can be drawn without a kernel.
#![allow(dead_code)] // each user takes what it needs

use std::cell::RefCell;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use finwait::call::{Bytes, CallId, EndpointCall};
use finwait::clock::MonoTime;
use finwait::command::{Command, parse::parse};
use finwait::errno::Errno;
use finwait::host::Port;
use finwait::host::{Setting, SettingValue};
use finwait::lab::event::{
    CallBegan, CallEnded, Death, Disposition, LabEvent, LabRequest, NamedCall, ObservedSocket, PacketRecord,
    ProcessBorn, ProcessDied, ProgramCall, ProgramDeed, ProgramEvent, ProgramNews, ReceivedPacket, StateChanged,
    TimedEvent, TransitionCause, WireChange, Witness,
};
use finwait::outcome::{OptionReading, Outcome, Reading, Value};
use finwait::program::{OutputStream, ProgramNo, SocketOwner};
use finwait::recording::{Header, Recording, SCHEMA};
use finwait::scenario::{Scenario, catalog};
use finwait::session::transcript::{Entry, EntryKind};
use finwait::session::{InputTap, LabFacts, LabKind, Session, SessionInput};
use finwait::side::{Ends, Side};
use finwait::socket_table::{SocketRow, TcpInfo, Timer, TimerKind, Tuple};
use finwait::state::State;
use finwait::syscall::Syscall;
use finwait::tui::app::{App, Effect};
use finwait::tui::theme::Theme;
use finwait::wire::flow::Flows;
use finwait::wire::queue::{Mode, Origin, Wire};
use finwait::wire::segment::{Flags, Packet, Segment, SeqNo};

#[path = "../support/lab_events.rs"]
mod lab_events;

pub use lab_events::process;
use lab_events::{by_program, changed};

pub const CLIENT: &str = "10.0.0.1:41822";
pub const SERVER: &str = "10.0.0.2:8080";
const BEGAN: u64 = 1_000_000_000;

/// A screen, and the lab that we play for it.
pub struct Script {
    pub app: App,
    pub now: MonoTime,
    /// What was asked of the lab and not answered.
    pub asked: Vec<LabRequest>,
    rows: Ends<Vec<ObservedSocket>>,
    flows: Flows,
    numbers: Wire,
    /// What becomes of the next packets.
    pub disposition: Disposition,
    recorded: Recorded,
}

/// Looks at a screen in each moment of what is played.
type Watch = Box<dyn FnMut(&mut Script)>;

thread_local! {
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

/// Plays a situation, and has its screen looked at after each thing that happens.
pub fn watched(look: impl FnMut(&mut Script) + 'static, play: impl FnOnce() -> Script) -> Script {
    WATCH.set(Some(Box::new(look)));
    let script = play();
    WATCH.set(None);
    script
}

/// The recording of what was played, as text.
#[derive(Clone, Default)]
struct Recorded(Arc<Mutex<String>>);

impl Recorded {
    fn add(&self, line: &impl serde::Serialize) {
        let mut text = self.0.lock().unwrap();
        *text += &(serde_json::to_string(line).unwrap() + "\n");
    }
}

impl InputTap for Recorded {
    fn takes(&mut self, input: &SessionInput) {
        self.add(input);
    }

    fn tells(&mut self, _: &Entry) {}
}

pub fn facts(kind: LabKind) -> LabFacts {
    let loopback = matches!(kind, LabKind::Loopback(_));
    let address = |text: &str| if loopback { "127.0.0.1" } else { text }.parse().unwrap();
    let settings = if loopback {
        Vec::new()
    } else {
        vec![
            (Setting::TcpSynRetries, SettingValue::Number(6)),
            (Setting::TcpRetries2, SettingValue::Number(15)),
            (Setting::TcpFinTimeout, SettingValue::Number(60)),
            (Setting::TcpAbortOnOverflow, SettingValue::Switch(false)),
            (Setting::IpLocalPortRange, SettingValue::Ports(Port(32768), Port(60999))),
            (Setting::DefaultRoute, SettingValue::Switch(true)),
            (Setting::Device, SettingValue::Switch(true)),
        ]
    };
    LabFacts {
        kind,
        addresses: Ends {
            client: address("10.0.0.1"),
            server: address("10.0.0.2"),
        },
        offload: false,
        port: Port(8080),
        settings: Ends {
            client: settings.clone(),
            server: settings,
        },
        syn_patience: None,
        no_sock_diag: None,
        capture: None,
    }
}

impl Script {
    pub fn new(kind: LabKind) -> Script {
        Script::in_lab(facts(kind))
    }

    /// In a lab that is like that.
    pub fn in_lab(facts: LabFacts) -> Script {
        let recorded = Recorded::default();
        recorded.add(&serde_json::json!({"recording": Header {
            schema: SCHEMA,
            finwait: "0.1.0".into(),
            kernel: "6.12.0".into(),
            driven: None,
            wall: None,
            began: MonoTime(BEGAN),
            lab: facts.clone(),
        }}));
        let session = Session::new(facts, MonoTime(BEGAN)).observed_by(Box::new(recorded.clone()));
        let mut script = Script {
            app: App::new(session, Theme::COLOURED),
            now: MonoTime(BEGAN),
            asked: Vec::new(),
            rows: Ends::default(),
            flows: Flows::default(),
            numbers: Wire::default(),
            disposition: Disposition::Delivered,
            recorded,
        };
        for (side, pid) in [(Side::Client, 4711), (Side::Server, 4712)] {
            script.tell(LabEvent::Born(ProcessBorn {
                side,
                pid,
                runtime: "native".into(),
                takes_unasked: false,
                nofile: Some(1024),
            }));
        }
        script
    }

    /// The recording of all that was played, opened at its end.
    pub fn opened(mut self) -> Script {
        let text = self.recorded.0.lock().unwrap().clone();
        self.app = App::open(Recording::read(text.as_bytes()).unwrap(), Theme::COLOURED);
        self
    }

    pub fn wait(&mut self, ms: u64) -> &mut Self {
        self.now = self.now.plus(Duration::from_millis(ms));
        self
    }

    pub fn tell(&mut self, what: LabEvent) -> &mut Self {
        self.now = self.now.plus(Duration::from_micros(100));
        let effects = self.app.absorb(TimedEvent { at: self.now, what });
        self.take(effects);
        self.looked_at();
        self
    }

    fn looked_at(&mut self) {
        if let Some(mut look) = WATCH.take() {
            look(self);
            WATCH.set(Some(look));
        }
    }

    pub fn take(&mut self, effects: Vec<Effect>) {
        self.asked.extend(effects.into_iter().filter_map(|effect| match effect {
            Effect::Lab(request) => Some(request),
            Effect::Copy(_)
            | Effect::Redraw
            | Effect::KeepTheme(..)
            | Effect::Suspend
            | Effect::Fresh(_)
            | Effect::Beside(..)
            | Effect::BesideLab(..)
            | Effect::EndBeside
            | Effect::RunBoth(_)
            | Effect::Save(..)
            | Effect::Write(_)
            | Effect::Screenshot
            | Effect::SaveAndRenew(..)
            | Effect::Mouse(_)
            | Effect::Leave(_) => None,
        }));
    }

    /// Types a command into the prompt.
    pub fn run(&mut self, text: &str) -> &mut Self {
        assert!(matches!(parse(text, None), Ok(Command::End(..))), "{text}");
        self.keys(&format!(":{text}\n"))
    }

    pub fn keys(&mut self, keys: &str) -> &mut Self {
        use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
        for c in keys.chars() {
            let code = match c {
                '\n' => KeyCode::Enter,
                '\t' => KeyCode::Tab,
                '\u{1b}' => KeyCode::Esc,
                c => KeyCode::Char(c),
            };
            let effects = self
                .app
                .input(&Input::Key(KeyEvent::new(code, KeyModifiers::NONE)), self.now);
            self.take(effects);
        }
        self.looked_at();
        self
    }

    /// The call that waits for an answer: whose, and its number.
    fn next(&mut self) -> (Side, CallId, EndpointCall) {
        match self.asked.remove(0) {
            LabRequest::Call(side, request) => (side, request.id, request.order),
            other => panic!("{other:?}"),
        }
    }

    /// The endpoint begins the oldest call asked for.
    pub fn begin(&mut self, text: &str) -> (Side, CallId) {
        let (side, id, _) = self.next();
        self.tell(LabEvent::Began(CallBegan {
            side,
            call: id,
            text: text.into(),
        }));
        (side, id)
    }

    pub fn end(&mut self, (side, id): (Side, CallId), outcome: Outcome, trace: &str, inode: Option<u64>) -> &mut Self {
        let errno = outcome.errno();
        self.tell(LabEvent::Ended(CallEnded {
            side,
            call: id,
            took: Duration::from_micros(11),
            outcome,
            said: None,
            trace: vec![Syscall::parse(trace, errno, Duration::from_micros(11))],
            inode,
        }))
    }

    /// A call that returns at once.
    pub fn call(&mut self, text: &str, outcome: Outcome, inode: Option<u64>) -> &mut Self {
        let call = self.begin(text);
        let result = match &outcome {
            Outcome::Ok(Value::Descriptor { fd, .. }) => fd.to_string(),
            Outcome::Ok(Value::Written { n } | Value::Read { n, .. }) => n.to_string(),
            Outcome::Err(errno) => format!("-1 {errno}"),
            _ => "0".into(),
        };
        self.end(call, outcome, &format!("{text} = {result}"), inode)
    }

    pub fn packet(&mut self, from: Side, flags: u16, seq: u32, ack: u32, data: &str) -> &mut Self {
        let ends = [CLIENT.parse().unwrap(), SERVER.parse().unwrap()];
        let [source, destination] = if from == Side::Client { ends } else { [ends[1], ends[0]] };
        let segment = Segment {
            source,
            destination,
            flags: Flags(flags),
            seq: SeqNo(seq + 1000),
            ack: SeqNo(ack + 1000),
            window: 64240,
            urgent: 0,
            options: Vec::new(),
            len: data.len(),
            payload: Bytes(data.as_bytes().to_vec()),
        };
        let no = self.numbers.number();
        let seen = self.flows.sent(no, &segment);
        let record = PacketRecord {
            no,
            from,
            packet: Packet::Tcp(segment),
            segment_size: None,
            seen,
            origin: Origin::Host,
            disposition: self.disposition,
            rule: None,
            link: None,
            stripped: finwait::wire::link::OptionSet::NONE,
            waited: None,
            raw: None,
        };
        self.becomes(record)
    }

    /// What becomes of a packet.
    pub fn becomes(&mut self, record: PacketRecord) -> &mut Self {
        if let (Packet::Tcp(segment), Disposition::Delivered) = (&record.packet, record.disposition) {
            self.flows.arrived(segment);
        }
        self.tell(LabEvent::Packet(record))
    }

    /// What becomes of the oldest packet on the wire.
    pub fn oldest(&mut self, disposition: Disposition) -> &mut Self {
        let held = self.app.session().wire.held.values().next().expect("one is held");
        let record = PacketRecord {
            disposition,
            waited: Some(self.now.since(held.since)),
            ..held.record.clone()
        };
        self.becomes(record)
    }

    /// The wire holds what comes, or does not any more.
    pub fn mode(&mut self, mode: Mode) -> &mut Self {
        self.disposition = match mode {
            Mode::Step | Mode::StepAll => Disposition::Held,
            Mode::Slow(time) => Disposition::InFlight(time),
            Mode::Flow => Disposition::Delivered,
        };
        self.tell(LabEvent::Wire(WireChange::Mode(mode)))
    }

    pub fn state(&mut self, side: Side, from: State, to: State, inode: u64, cause: TransitionCause) -> &mut Self {
        let tuple = if to == State::Listen || from == State::Listen {
            listening()
        } else {
            tuple(side)
        };
        self.tell(changed(side, tuple, inode, (from, to), cause))
    }

    /// A call with its name, as a cause has it.
    pub fn named(&self, call: CallId) -> NamedCall {
        let name = self.app.session().order_of(call).unwrap().kind();
        NamedCall { call, name }
    }

    /// The last packet that the host of that side received, as a cause; it is unseen when there was none.
    pub fn received(&self, side: Side) -> TransitionCause {
        let mut entries = self.app.session().transcript.entries().iter().rev();
        let last = entries.find_map(|entry| match &entry.what {
            EntryKind::Packet(record) if record.from != side => ReceivedPacket::of(record),
            _ => None,
        });
        last.map_or(TransitionCause::Unseen, TransitionCause::Received)
    }

    pub fn table(&mut self, side: Side, rows: Vec<ObservedSocket>) -> &mut Self {
        self.rows[side] = rows.clone();
        self.tell(LabEvent::Table { side, rows })
    }

    /// The server listens, the client has connected, the server has accepted.
    pub fn connected(kind: LabKind) -> Script {
        use Side::{Client, Server};
        let wire = kind == LabKind::Isolated;
        let (mut s, connect) = Script::connecting(kind);
        if wire {
            s.packet(Client, 2, 0, 0, "");
            s.state(Server, State::Close, State::SynRecv, 0, s.received(Server));
            s.packet(Server, 18, 0, 1, "");
        }
        s.table(Client, vec![row(Client, State::Established, 200)]);
        s.state(Client, State::SynSent, State::Established, 200, s.received(Client));
        if wire {
            s.packet(Client, 16, 1, 1, "");
        }
        s.state(Server, State::SynRecv, State::Established, 0, s.received(Server));
        s.end(connect, done(), "connect(5, 10.0.0.2:8080) = 0", None);
        s.wait(300).run("server accept");
        let given = Value::Descriptor {
            fd: 5,
            peer: CLIENT.parse().ok(),
        };
        s.call("accept4(4)", Outcome::Ok(given), Some(300));
        s.table(Server, vec![listener(0), row(Server, State::Established, 300)]);
        s
    }

    /// The server listens, the client's connect has begun, and its SYN is about to leave.
    pub fn connecting(kind: LabKind) -> (Script, (Side, CallId)) {
        use Side::{Client, Server};
        let mut s = Script::new(kind);
        s.wait(1_000).run("server listen");
        s.call("socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)", fd(4), Some(100));
        s.call("bind(4, 10.0.0.2:8080)", done(), None);
        let listen = s.begin("listen(4, 2)");
        s.table(Server, vec![listener(0)]);
        s.state(
            Server,
            State::Close,
            State::Listen,
            100,
            TransitionCause::Call(s.named(listen.1)),
        );
        s.end(listen, done(), "listen(4, 2) = 0", None);
        s.wait(500).run("client connect");
        s.call("socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)", fd(5), Some(200));
        let connect = s.begin("connect(5, 10.0.0.2:8080)");
        s.table(Client, vec![row(Client, State::SynSent, 200)]);
        s.state(
            Client,
            State::Close,
            State::SynSent,
            200,
            TransitionCause::Call(s.named(connect.1)),
        );
        (s, connect)
    }

    /// The client wrote, and has shut its sending half.
    pub fn half_close() -> Script {
        use Side::{Client, Server};
        let mut s = Script::connected(LabKind::Isolated);
        s.wait(400).run("client shutdown write");
        let shutdown = s.begin("shutdown(5, SHUT_WR)");
        s.table(Client, vec![row(Client, State::FinWait1, 200)]);
        s.state(
            Client,
            State::Established,
            State::FinWait1,
            200,
            TransitionCause::Call(s.named(shutdown.1)),
        );
        s.packet(Client, 17, 1, 1, "");
        s.table(Server, vec![listener(0), row(Server, State::CloseWait, 300)]);
        s.state(Server, State::Established, State::CloseWait, 300, s.received(Server));
        s.end(shutdown, done(), "shutdown(5, SHUT_WR) = 0", None);
        s.packet(Server, 16, 1, 2, "");
        s.table(Client, vec![row(Client, State::FinWait2, 200)]);
        s.state(Client, State::FinWait1, State::FinWait2, 200, s.received(Client));
        s.wait(2_100).run("server write \"hello\\n\"");
        let write = s.begin("write(5, \"hello\\n\", 6)");
        s.packet(Server, 24, 1, 2, "hello\n");
        s.end(
            write,
            Outcome::Ok(Value::Written { n: 6 }),
            "write(5, \"hello\\n\", 6) = 6",
            None,
        );
        s.packet(Client, 16, 2, 7, "");
        let mut unread = row(Client, State::FinWait2, 200);
        unread.row.rx_queue = 6;
        s.table(Client, vec![unread]);
        s
    }

    /// The server closes the half-closed connection: the client is in TIME_WAIT.
    pub fn server_closes(&mut self) {
        use Side::{Client, Server};
        let s = self;
        s.wait(900).run("server close");
        let close = s.begin("close(5)");
        s.table(Server, vec![listener(0), row(Server, State::LastAck, 0)]);
        s.state(
            Server,
            State::CloseWait,
            State::LastAck,
            300,
            TransitionCause::Call(s.named(close.1)),
        );
        s.packet(Server, 17, 7, 2, "");
        let mut last = row(Client, State::TimeWait, 0);
        last.row.info = None;
        last.row.timer = Some(Timer {
            kind: TimerKind::TimeWait,
            left: Duration::from_secs(60),
        });
        s.table(Client, vec![last]);
        s.state(Client, State::FinWait2, State::TimeWait, 200, s.received(Client));
        s.packet(Client, 16, 2, 8, "");
        s.table(Server, vec![listener(0)]);
        s.state(Server, State::LastAck, State::Close, 300, s.received(Server));
        s.end(close, done(), "close(5) = 0", None);
    }

    /// The server resets the half-closed connection.
    pub fn server_resets(&mut self) {
        use Side::{Client, Server};
        let s = self;
        s.wait(900).run("server rst-close");
        let close = s.begin("close(5)");
        s.table(Server, vec![listener(0)]);
        let by_it = TransitionCause::Call(s.named(close.1));
        s.state(Server, State::CloseWait, State::Close, 300, by_it);
        s.packet(Server, 4, 7, 2, "");
        s.table(Client, Vec::new());
        s.state(Client, State::FinWait2, State::Close, 200, s.received(Client));
        s.end(close, done(), "close(5) = 0", None);
    }

    /// The half-close goes on: the client reads, the server reads the end of the stream and closes, too; the client is in TIME_WAIT.
    pub fn half_closed_to_the_end() -> Script {
        use Side::Client;
        let mut s = Script::half_close();
        let read = |data: &str| {
            Outcome::Ok(Value::Read {
                n: data.len(),
                data: Bytes(data.as_bytes().to_vec()),
            })
        };
        s.wait(300).run("client read");
        s.call("read(5, \"hello\\n\", 1024)", read("hello\n"), None);
        s.table(Client, vec![row(Client, State::FinWait2, 200)]);
        s.run("server read");
        s.call("read(5, \"\", 1024)", read(""), None);
        s.server_closes();
        s.wait(500).run("client close");
        s.call("close(5)", done(), None);
        s
    }

    /// The server sends RST while the client reads, which gets ECONNRESET.
    pub fn reset() -> Script {
        use Side::{Client, Server};
        let mut s = Script::connected(LabKind::Isolated);
        s.run("client read");
        let read = s.begin("read(5, ..., 1024)");
        s.wait(3_200).run("server rst-close");
        let close = s.begin("close(5)");
        s.state(
            Server,
            State::Established,
            State::Close,
            300,
            TransitionCause::Call(s.named(close.1)),
        );
        s.packet(Server, 20, 1, 1, "");
        s.table(Client, vec![]);
        s.table(Server, vec![listener(0)]);
        s.state(Client, State::Established, State::Close, 200, s.received(Client));
        s.end(close, done(), "close(5) = 0", None);
        let failed = Outcome::Err(Errno::ECONNRESET);
        s.end(
            read,
            failed,
            "read(5, ..., 1024) = -1 ECONNRESET (Connection reset by peer)",
            None,
        );
        s
    }

    /// The client's read is blocked, and data of it is not acknowledged.
    pub fn blocked() -> Script {
        let mut s = Script::connected(LabKind::Isolated);
        s.run("client read");
        s.begin("read(5, ..., 1024)");
        let mut waiting = row(Side::Client, State::Established, 200);
        waiting.row.tx_queue = 5;
        waiting.row.retransmits = 2;
        waiting.row.timer = Some(Timer {
            kind: TimerKind::Retransmit,
            left: Duration::from_millis(1_840),
        });
        s.table(Side::Client, vec![waiting]);
        s.wait(1_000);
        s
    }

    /// Step: both have shut down, both FINs are held on the wire, one was sent again; a SYN-ACK had stood there before.
    pub fn stepping() -> Script {
        use Side::{Client, Server};
        let mut s = Script::connected(LabKind::Isolated);
        s.wait(500).mode(Mode::Step);
        s.run("client write hello");
        let write = s.begin("write(5, \"hello\", 5)");
        s.packet(Client, 24, 1, 1, "hello");
        s.end(
            write,
            Outcome::Ok(Value::Written { n: 5 }),
            "write(5, \"hello\", 5) = 5",
            None,
        );
        s.wait(1_500).oldest(Disposition::Delivered);
        s.packet(Server, 16, 1, 6, "");
        s.run("client shutdown write");
        let shutdown = s.begin("shutdown(5, SHUT_WR)");
        s.state(
            Client,
            State::Established,
            State::FinWait1,
            200,
            TransitionCause::Call(s.named(shutdown.1)),
        );
        s.packet(Client, 17, 6, 1, "");
        s.end(shutdown, done(), "shutdown(5, SHUT_WR) = 0", None);
        s.wait(300).oldest(Disposition::Dropped);
        s.wait(20).packet(Client, 17, 6, 1, "");
        s.run("server shutdown write");
        let shutdown = s.begin("shutdown(5, SHUT_WR)");
        s.state(
            Server,
            State::Established,
            State::FinWait1,
            300,
            TransitionCause::Call(s.named(shutdown.1)),
        );
        s.packet(Server, 17, 1, 6, "");
        s.end(shutdown, done(), "shutdown(5, SHUT_WR) = 0", None);
        let mut rows = vec![row(Client, State::FinWait1, 200)];
        rows[0].row.retransmits = 1;
        s.table(Client, rows);
        s.wait(2_300);
        s
    }

    /// A tour of the half-close is about to begin, in a fresh lab.
    pub fn tour() -> Script {
        let mut s = Script::new(LabKind::Isolated);
        // The catalog is read once.
        static HALF_CLOSE: OnceLock<Arc<Scenario>> = OnceLock::new();
        let half_close = HALF_CLOSE.get_or_init(|| {
            let mut all = catalog::all().unwrap().into_iter();
            Arc::new(all.find(|scenario| scenario.name == "half-close").unwrap())
        });
        s.app.begin(Arc::clone(half_close));
        s.app.restart(Session::new(facts(LabKind::Isolated), s.now));
        for (side, pid) in [(Side::Client, 4713), (Side::Server, 4714)] {
            s.tell(LabEvent::Born(ProcessBorn {
                side,
                pid,
                runtime: "native".into(),
                takes_unasked: false,
                nofile: Some(1024),
            }));
        }
        s
    }

    /// The client was killed; the kernel closes its socket to the end.
    pub fn dead() -> Script {
        let mut s = Script::connected(LabKind::Isolated);
        s.wait(700).run("client kill");
        s.asked.clear();
        let mut orphan = row(Side::Client, State::FinWait2, 0);
        orphan.row.info = None;
        orphan.row.timer = Some(Timer {
            kind: TimerKind::TimeWait,
            left: Duration::from_millis(59_700),
        });
        s.tell(LabEvent::Died(ProcessDied {
            side: Side::Client,
            pid: 4711,
            how: Death::Signal(9),
        }));
        s.packet(Side::Client, 17, 1, 1, "");
        s.state(
            Side::Client,
            State::Established,
            State::FinWait2,
            0,
            TransitionCause::Death,
        );
        s.table(Side::Client, vec![orphan]);
        s
    }

    /// Twelve connections of the client.
    pub fn many() -> Script {
        let mut s = Script::connected(LabKind::Isolated);
        let mut rows = vec![row(Side::Client, State::Established, 200)];
        for n in 0..11_u16 {
            s.wait(10).run("client connect");
            let inode = 201 + u64::from(n);
            s.call(
                "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)",
                fd(6 + i32::from(n)),
                Some(inode),
            );
            s.call("connect(6, 10.0.0.2:8080)", done(), None);
            let mut next = row(Side::Client, State::Established, inode);
            next.row.tuple.local.set_port(41824 + 2 * n);
            next.line = next.line.replacen("1:", &format!("{}:", n + 2), 1);
            rows.push(next);
            s.table(Side::Client, rows.clone());
        }
        rows[1].row.state = State::TimeWait;
        rows[1].row.inode = 0;
        rows[1].row.info = None;
        rows[1].row.timer = Some(Timer {
            kind: TimerKind::TimeWait,
            left: Duration::from_millis(41_000),
        });
        s.table(Side::Client, rows);
        s
    }

    /// News of a program.
    pub fn program(&mut self, side: Side, no: u32, what: ProgramNews) -> &mut Self {
        let program = ProgramNo(no);
        self.tell(LabEvent::Program(ProgramEvent { side, program, what }))
    }

    /// A program is started under that number, with that process.
    pub fn starts(&mut self, command: &str, no: u32, pid: u32) -> &mut Self {
        self.run(command);
        self.asked.clear();
        let side = self.app.session().programs.get(ProgramNo(no)).unwrap().side;
        self.program(side, no, ProgramNews::Started { pid })
    }

    pub fn writes(&mut self, side: Side, no: u32, stream: OutputStream, line: &str) -> &mut Self {
        let line = line.to_owned();
        self.program(side, no, ProgramNews::Output { stream, line })
    }

    pub fn exits(&mut self, side: Side, no: u32, status: i32) -> &mut Self {
        let how = Death::Exited(status);
        self.program(side, no, ProgramNews::Exited { how, left: 0 })
    }

    pub fn owns(&mut self, side: Side, inode: u64, process: &SocketOwner) -> &mut Self {
        let owner = process.clone();
        self.tell(LabEvent::Owned { side, inode, owner })
    }

    /// strace has seen a system call of a program on that descriptor.
    pub fn calls(&mut self, side: Side, process: &SocketOwner, fd: Option<i32>, inode: u64, text: &str) -> &mut Self {
        let errno = text.contains("ECONNRESET").then_some(Errno::ECONNRESET);
        self.tell(LabEvent::ProgramCall(ProgramCall {
            side,
            program: process.program.expect("a program"),
            pid: process.pid,
            fd,
            inode: fd.map(|_| inode),
            made: Syscall::parse(text, errno, Duration::from_micros(23)),
            makes: None,
        }))
    }

    /// nginx listens on the server's host.
    pub fn nginx() -> Script {
        let mut s = Script::new(LabKind::Isolated);
        s.wait(1_000).starts("server run nginx -c ./nginx.conf", 1, 5011);
        s.owns(Side::Server, 100, &process(1, 5011, "nginx"));
        let by = by_program(1, 5011, "nginx", ProgramDeed::Listen);
        s.state(Side::Server, State::Close, State::Listen, 100, by);
        s.table(Side::Server, vec![listener(0)]);
        s
    }

    /// nginx listens, curl connects to it, and step holds its SYN.
    pub fn nginx_and_curl() -> Script {
        use Side::Client;
        let mut s = Script::nginx();
        s.mode(Mode::Step);
        s.wait(700)
            .starts("client run curl -sS http://server:8080/big", 2, 5044);
        s.owns(Client, 200, &process(2, 5044, "curl"));
        let by = by_program(2, 5044, "curl", ProgramDeed::Connect);
        s.state(Client, State::Close, State::SynSent, 200, by);
        s.table(Client, vec![row(Client, State::SynSent, 200)]);
        s.packet(Client, 2, 0, 0, "");
        s.wait(300);
        s
    }

    /// The connection of curl to nginx stands, and nginx has answered; their calls are reported.
    pub fn curl_downloads() -> Script {
        let mut s = Script::nginx_and_curl();
        s.curl_is_answered();
        s
    }

    /// The held SYN goes on, and nginx answers.
    pub fn curl_is_answered(&mut self) {
        use Side::{Client, Server};
        let (curl, worker) = (process(2, 5044, "curl"), process(1, 5012, "nginx"));
        let s = self;
        s.mode(Mode::Flow);
        s.oldest(Disposition::Delivered);
        s.state(Server, State::Close, State::SynRecv, 0, s.received(Server));
        s.packet(Server, 18, 0, 1, "");
        s.table(Client, vec![row(Client, State::Established, 200)]);
        s.state(Client, State::SynSent, State::Established, 200, s.received(Client));
        s.calls(Client, &curl, Some(5), 200, "connect(5, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr(\"10.0.0.2\")}, 16) = -1 EINPROGRESS (Operation now in progress)");
        s.packet(Client, 16, 1, 1, "");
        s.state(Server, State::SynRecv, State::Established, 0, s.received(Server));
        s.owns(Server, 300, &worker);
        s.table(Server, vec![listener(0), row(Server, State::Established, 300)]);
        s.packet(Client, 24, 1, 1, "GET /big HTTP/1.1\r\nHost: server\r\n\r\n");
        s.packet(Server, 24, 1, 37, "HTTP/1.1 200 OK\r\n");
        s.writes(Server, 1, OutputStream::Stdout, "10.0.0.1 \"GET /big HTTP/1.1\" 200");
        s.writes(Client, 2, OutputStream::Stdout, "the first line");
    }

    /// The wire resets curl's download, and curl says so in its own words.
    pub fn curl_reset() -> Script {
        let mut s = Script::curl_downloads();
        s.curl_is_reset();
        s
    }

    /// An RST meets the download.
    pub fn curl_is_reset(&mut self) {
        use Side::{Client, Server};
        let curl = process(2, 5044, "curl");
        let s = self;
        s.wait(400).packet(Server, 4, 18, 0, "");
        s.table(Client, Vec::new());
        s.state(Client, State::Established, State::Close, 200, s.received(Client));
        s.calls(
            Client,
            &curl,
            Some(5),
            200,
            "recvfrom(5, 0x5581, 102400, 0, NULL, NULL) = -1 ECONNRESET (Connection reset by peer)",
        );
        s.writes(
            Client,
            2,
            OutputStream::Stderr,
            "curl: (56) Recv failure: Connection reset by peer",
        );
        s.exits(Client, 2, 56);
        s.wait(100);
    }

    /// So many connections of a load generator to nginx, of which every tenth still stands.
    pub fn load(count: u32) -> Script {
        use Side::{Client, Server};
        let mut s = Script::nginx();
        s.starts("client run ab -n 1000 -c 100 http://server:8080/", 2, 5044);
        let (ab, worker) = (process(2, 5044, "ab"), process(1, 5012, "nginx"));
        let mut rows = Ends {
            client: Vec::new(),
            server: vec![listener(0)],
        };
        for n in 0..count {
            let at = |side| {
                let mut row = row(
                    side,
                    State::Established,
                    u64::from(1_000 + 2 * n + u32::from(side == Server)),
                );
                let port = 1_024 + (n % 60_000) as u16;
                match side {
                    Client => row.row.tuple.local.set_port(port),
                    Server => row.row.tuple.peer.set_port(port),
                }
                row
            };
            let over = n % 10 != 0;
            for (side, owner) in [(Client, &ab), (Server, &worker)] {
                let row = at(side);
                let (tuple, inode) = (row.row.tuple, row.row.inode);
                s.owns(side, inode, owner);
                let mut changes = |from, to| {
                    let (cause, witness) = (TransitionCause::Unseen, Witness::Table);
                    s.tell(LabEvent::Transition(StateChanged {
                        side,
                        tuple,
                        inode,
                        from,
                        to,
                        cause,
                        witness,
                    }));
                };
                changes(
                    State::Close,
                    if side == Client { State::SynSent } else { State::SynRecv },
                );
                changes(
                    if side == Client { State::SynSent } else { State::SynRecv },
                    State::Established,
                );
                if over {
                    changes(State::Established, State::Close);
                } else {
                    rows[side].push(row);
                }
            }
        }
        s.table(Client, rows.client);
        s.table(Server, rows.server);
        s
    }

    /// Several programs at the client: one that was reset, one that is not there, one that runs.
    pub fn several_programs() -> Script {
        let mut s = Script::curl_reset();
        s.run("client run wgett http://server:8080/");
        s.asked.clear();
        let why = "there is no program wgett on PATH; wget is there".to_owned();
        s.program(Side::Client, 3, ProgramNews::NotStarted { why });
        s.starts("client run curl -sS http://server:8080/", 4, 5071);
        s.writes(Side::Client, 4, OutputStream::Stdout, "hello");
        s.program(Side::Client, 4, ProgramNews::Flooded { left_out: 120 });
        s
    }

    /// The options of the client's socket are open.
    pub fn options() -> Script {
        let mut s = Script::connected(LabKind::Isolated);
        s.keys("1o");
        let readings = finwait::call::SocketOption::ALL
            .iter()
            .enumerate()
            .map(|(n, option)| OptionReading {
                option: *option,
                value: match n {
                    0 => Reading::Value(-1),
                    12 | 13 => Reading::Value(131_072),
                    2 => Reading::Errno(Errno::ENOPROTOOPT),
                    n => Reading::Value(i64::from(n % 2 == 1)),
                },
            })
            .collect();
        s.call("getsockopt(5)", Outcome::Ok(Value::Options { readings }), None);
        s
    }
}

/// A lesson that runs two programs, of which one is nowhere installed.
pub fn with_programs() -> Arc<Scenario> {
    let text = r#"
title   = "The length that never comes"
summary = "A server of a few lines, and a client that waits."
group   = "programs"
lab     = "isolated"

[driven.server]
run   = "python3 -u answer.py"
ready = "LISTEN 8080"
env   = { PYTHONUTF8 = "1" }

[driven.server.files]
"answer.py" = "print()"

[[step]]
client = "run no-such-client-here --url http://server:8080/"
"#;
    Arc::new(finwait::scenario::file::read("with-programs.toml", text).unwrap_or_else(|why| panic!("{why:?}")))
}

pub fn fallback() -> LabKind {
    LabKind::Loopback(Some("open /dev/net/tun: Permission denied".into()))
}

pub fn done() -> Outcome {
    Outcome::Ok(Value::Done)
}

pub fn fd(fd: i32) -> Outcome {
    Outcome::Ok(Value::Descriptor { fd, peer: None })
}

pub fn tuple(side: Side) -> Tuple {
    let tuple = Tuple {
        local: CLIENT.parse().unwrap(),
        peer: SERVER.parse().unwrap(),
    };
    match side {
        Side::Client => tuple,
        Side::Server => tuple.mirrored(),
    }
}

fn listening() -> Tuple {
    Tuple {
        local: SERVER.parse().unwrap(),
        peer: "0.0.0.0:0".parse().unwrap(),
    }
}

pub fn listener(queue: u32) -> ObservedSocket {
    ObservedSocket {
        row: SocketRow {
            tuple: listening(),
            state: State::Listen,
            rx_queue: queue,
            tx_queue: 2,
            timer: None,
            retransmits: 0,
            inode: 100,
            info: None,
        },
        line: "   0: 0200000A:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 100 1 0000000000000000 100 0 0 10 0".into(),
    }
}

pub fn row(side: Side, state: State, inode: u64) -> ObservedSocket {
    ObservedSocket {
        row: SocketRow {
            tuple: tuple(side),
            state,
            rx_queue: 0,
            tx_queue: 0,
            timer: None,
            retransmits: 0,
            inode,
            info: Some(TcpInfo {
                rtt_us: 142,
                rto_us: 204_000,
                cwnd: 10,
                unacked: 0,
                backoff: 0,
                notsent: Some(0),
            }),
        },
        line: "   1: 0100000A:A35E 0200000A:1F90 01 00000000:00000000 00:00000000 00000000     0        0 200 1 0000000000000000 20 4 30 10 -1".into(),
    }
}
