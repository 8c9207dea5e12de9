//! Asks an endpoint process and waits for what it says, with a bound.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use finwait::call::{Bytes, Call, CallId, EndpointCall, Family, ProcessCall, SocketName};
use finwait::endpoint::protocol::{Reply, Request};
use finwait::errno::Errno;
use finwait::os::signal::die_with_parent;
use finwait::outcome::{Outcome, Value};
use finwait::runtime::{EndpointRuntimes, RuntimeChoice};
use finwait::side::{Ends, Side};
use finwait::syscall::Syscall;

/// How long anything may take that does happen; far more than it needs.
pub const BOUND: Duration = Duration::from_secs(20);

/// An `Ended`, without its times.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    pub outcome: Outcome,
    pub trace: Vec<Syscall>,
}

/// A running endpoint.
pub struct Endpoint {
    child: Child,
    control: UnixStream,
    replies: Receiver<String>,
    kept: VecDeque<Reply>,
    last: u64,
}

pub fn name(name: &str) -> SocketName {
    SocketName::new(name).unwrap()
}

impl Endpoint {
    /// `finwait endpoint`
    pub fn new() -> Endpoint {
        Endpoint::under(Command::new(env!("CARGO_BIN_EXE_finwait")))
    }

    /// `finwait endpoint`, started by `command`.
    pub fn under(mut command: Command) -> Endpoint {
        command.arg("endpoint");
        let mut endpoint = Endpoint::started(command);
        assert_eq!(endpoint.hello(), "native");
        endpoint
    }

    /// What finwait starts for that choice.
    pub fn of(choice: &RuntimeChoice) -> Endpoint {
        let program = Path::new(env!("CARGO_BIN_EXE_finwait"));
        let choices = Ends {
            client: choice.clone(),
            server: RuntimeChoice::default(),
        };
        let driven = EndpointRuntimes::by(choices, false, program).unwrap();
        let launch = driven.launch(Side::Client);
        let mut command = Command::new(&launch.program);
        command.args(&launch.arguments);
        Endpoint::started(command)
    }

    /// The endpoint that `command` starts, as it is in production: one socket pair for both directions.
    fn started(mut command: Command) -> Endpoint {
        let (control, theirs) = UnixStream::pair().unwrap();
        let theirs = OwnedFd::from(theirs);
        command
            .stdin(Stdio::from(theirs.try_clone().unwrap()))
            .stdout(Stdio::from(theirs));
        die_with_parent(&mut command);
        let child = command.spawn().unwrap();
        drop(command);
        let (sender, replies) = channel();
        let lines = BufReader::new(control.try_clone().unwrap());
        thread::spawn(move || forward(lines, &sender));
        Endpoint {
            child,
            control,
            replies,
            kept: VecDeque::new(),
            last: 0,
        }
    }

    /// The name that it has for itself, which is the first that it says.
    pub fn hello(&mut self) -> String {
        match self.reply(|_| true) {
            Reply::Hello { protocol, runtime, .. } => {
                assert_eq!(protocol, finwait::endpoint::protocol::VERSION);
                runtime
            }
            other => panic!("before the hello: {other:?}"),
        }
    }

    /// The first reply that `wanted` takes; the others are kept.
    pub fn reply(&mut self, wanted: impl Fn(&Reply) -> bool) -> Reply {
        if let Some(place) = self.kept.iter().position(&wanted) {
            return self.kept.remove(place).unwrap();
        }
        let until = Instant::now() + BOUND;
        loop {
            match self
                .replies
                .recv_timeout(until.saturating_duration_since(Instant::now()))
            {
                Ok(line) => match understood(&line) {
                    reply if wanted(&reply) => return reply,
                    reply => self.kept.push_back(reply),
                },
                Err(RecvTimeoutError::Timeout) => panic!("no such reply; there were {:?}", self.kept),
                Err(RecvTimeoutError::Disconnected) => panic!("the endpoint is gone; there were {:?}", self.kept),
            }
        }
    }

    /// Sends bytes as they are.
    pub fn say(&mut self, bytes: &[u8]) {
        self.control.write_all(bytes).unwrap();
    }

    fn order(&mut self, order: EndpointCall) -> CallId {
        self.last += 1;
        let id = CallId(self.last);
        let mut line = serde_json::to_vec(&Request { id, order }).unwrap();
        line.push(b'\n');
        self.say(&line);
        id
    }

    /// Has the call begun, without waiting for its end.
    pub fn begin(&mut self, socket: &str, call: Call) -> CallId {
        let wanted = self.order(EndpointCall::On {
            socket: name(socket),
            call,
        });
        self.reply(|reply| matches!(reply, Reply::Began { id, .. } if *id == wanted));
        wanted
    }

    /// Waits until a call has ended.
    pub fn end(&mut self, wanted: CallId) -> Ended {
        match self.reply(|reply| matches!(reply, Reply::Ended { id, .. } if *id == wanted)) {
            Reply::Ended { outcome, trace, .. } => Ended { outcome, trace },
            other => unreachable!("{other:?}"),
        }
    }

    /// Makes a call and waits for its end.
    pub fn ended(&mut self, socket: &str, call: Call) -> Ended {
        let id = self.begin(socket, call);
        self.end(id)
    }

    /// Makes a call.
    pub fn call(&mut self, socket: &str, call: Call) -> Outcome {
        self.ended(socket, call).outcome
    }

    /// Makes a call for the process.
    pub fn process(&mut self, call: ProcessCall) -> Outcome {
        let id = self.order(EndpointCall::Process(call));
        self.end(id).outcome
    }

    /// Is the call over, as far as was heard?
    pub fn has_ended(&mut self, wanted: CallId) -> bool {
        self.has(|reply| matches!(reply, Reply::Ended { id, .. } if *id == wanted))
    }

    /// Was there such a reply, as far as was heard?
    pub fn has(&mut self, wanted: impl Fn(&Reply) -> bool) -> bool {
        self.kept.extend(self.replies.try_iter().map(|line| understood(&line)));
        self.kept.iter().any(wanted)
    }

    /// A listener of that name, with backlog 8, on a port that nobody uses.
    pub fn listen(&mut self, socket: &str) -> SocketAddr {
        let address = free_address();
        self.call(socket, Call::Socket { family: Family::Inet })
            .descriptor()
            .unwrap();
        assert_eq!(self.call(socket, Call::Bind { address }), done());
        assert_eq!(self.call(socket, Call::Listen { backlog: 8 }), done());
        address
    }

    /// A connection from `client` to `server` through `listener`.
    pub fn connection(&mut self) -> SocketAddr {
        let address = self.listen("listener");
        self.connect_to(address);
        address
    }

    /// A connection from `client` to `server` through the `listener` of that address.
    pub fn connect_to(&mut self, address: SocketAddr) {
        self.call("client", Call::Socket { family: Family::Inet })
            .descriptor()
            .unwrap();
        assert_eq!(self.call("client", connect(address)), done());
        let accepted = self.call("listener", Call::Accept { r#as: name("server") });
        assert!(accepted.descriptor().is_some(), "{accepted:?}");
    }

    /// Ends the control socket's stream to the endpoint.
    pub fn hang_up(&mut self) {
        self.control.shutdown(Shutdown::Write).unwrap();
    }

    /// Waits until the process has ended.
    pub fn exit(&mut self) -> ExitStatus {
        // The reader ends when the process's side of the socket pair is closed.
        let until = Instant::now() + BOUND;
        while self
            .replies
            .recv_timeout(until.saturating_duration_since(Instant::now()))
            .is_ok()
        {}
        assert!(Instant::now() < until, "the endpoint goes on");
        self.child.wait().unwrap()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        let _ = self.control.shutdown(Shutdown::Both);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn forward(lines: impl BufRead, to: &Sender<String>) {
    for line in lines.lines() {
        let Ok(line) = line else { return };
        if to.send(line).is_err() {
            return;
        }
    }
}

/// A reply; one about a call begins with the call's id, by which finwait finds it in what `strace` prints.
fn understood(line: &str) -> Reply {
    let reply = serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
    let (word, body) = line.split_once(':').unwrap();
    assert!(word == r#"{"hello""# || body.starts_with(r#"{"id":"#), "{line}");
    reply
}

/// An address that nobody is bound to, its port below the ephemeral ones.
pub fn free_address() -> SocketAddr {
    free_address_of(Ipv4Addr::LOCALHOST.into())
}

/// The same, of that host.
pub fn free_address_of(host: IpAddr) -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = (std::process::id() % 500) as u16 * 20;
    loop {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        let address = SocketAddr::from((host, port));
        // Not std's listener, which binds over TIME_WAIT as an endpoint does not.
        let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None).unwrap();
        if socket.bind(&address.into()).is_ok() {
            return address;
        }
    }
}

pub const fn done() -> Outcome {
    Outcome::Ok(Value::Done)
}

pub const fn failed(errno: Errno) -> Outcome {
    Outcome::Err(errno)
}

pub fn got(bytes: &[u8]) -> Outcome {
    Outcome::Ok(Value::Read {
        n: bytes.len(),
        data: Bytes(bytes.to_vec()),
    })
}

pub const fn wrote(n: usize) -> Outcome {
    Outcome::Ok(Value::Written { n })
}

pub const fn connect(address: SocketAddr) -> Call {
    Call::Connect {
        address,
        deadline: None,
    }
}

pub const fn read(n: usize) -> Call {
    Call::Read {
        n,
        flags: Vec::new(),
        deadline: None,
    }
}

pub fn write(text: &str) -> Call {
    Call::Write {
        data: Bytes(text.into()),
        repeat: 1,
        flags: Vec::new(),
        deadline: None,
    }
}
