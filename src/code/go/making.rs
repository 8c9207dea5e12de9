//! The Go for a call: a method of a conn or a listener, a system call on its descriptor, or nothing.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::layout::literal;
use crate::call::{Bytes, Call, OptionKind, ReadFlag, ShutdownHow, SocketName, SocketOption, SocketRole, WriteFlag};
use crate::clock::Millis;
use crate::code::words::escaped;
use crate::code::{CallRecord, CallResult, Program, ProgramPort};
use crate::outcome::{Outcome, Value};
use crate::side::Side;

/// Go's handle of a socket.
#[derive(Clone, Debug, Default)]
enum GoSocket {
    /// Nothing that a method could be called on.
    #[default]
    Nothing,
    /// Work that is left to `Dial` or `Listen`.
    Noted(DeferredOption),
    /// A `*net.TCPConn`.
    Conn,
    /// A `*net.TCPListener`.
    Listener,
}

/// Work of `Dial` or `Listen` beside its own.
#[derive(Clone, Debug, Default)]
struct DeferredOption {
    /// The address to bind to; none without a bind.
    local: Option<String>,
    /// Options to set before that.
    settings: Vec<String>,
}

impl DeferredOption {
    /// The port to bind to, 0 being any.
    fn port(&self) -> &str {
        self.local.as_deref().unwrap_or("0")
    }

    /// The settings as further arguments.
    fn arguments(&self) -> String {
        self.settings.iter().map(|setting| format!(", {setting}")).collect()
    }
}

/// A call as Go makes it.
pub enum GoCall {
    /// An expression that is its result in words; statements before and after it.
    Does {
        /// The statements before it.
        before: Vec<String>,
        /// The expression.
        result: String,
        /// The statements after it.
        after: Vec<String>,
    },
    /// An expression that makes something, or says why not.
    Makes {
        /// The variable for what is made.
        name: String,
        /// The expression.
        call: String,
        /// Statements after it.
        after: Vec<String>,
    },
    /// Go does not make it.
    Not(Omission),
}

/// The reason why Go does not make a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Omission {
    /// `Dial` or `Listen` does what it would.
    Later,
    /// Go has no way to do it.
    Cannot(&'static str),
}

impl Omission {
    /// Returns it in words.
    pub const fn words(self) -> &'static str {
        match self {
            Omission::Later => "Dial or Listen does it",
            Omission::Cannot(why) => why,
        }
    }
}

const NO_CONN: GoCall = GoCall::Not(Omission::Cannot("net has a socket only in a conn or a listener"));
const NONBLOCK: GoCall = cannot("Go's sockets are always O_NONBLOCK, and its calls wait all the same");

const fn cannot(why: &'static str) -> GoCall {
    GoCall::Not(Omission::Cannot(why))
}

fn result(result: String) -> GoCall {
    GoCall::Does {
        before: Vec::new(),
        result,
        after: Vec::new(),
    }
}

fn makes(name: String, call: String) -> GoCall {
    let after = Vec::new();
    GoCall::Makes { name, call, after }
}

/// Finds how the calls of a program are made, in their order.
pub struct GoTranslator<'a> {
    program: &'a Program,
    sockets: HashMap<(Side, SocketName), GoSocket>,
    /// The conns and listeners that are to be declared.
    pub variables: Vec<String>,
}

impl<'a> GoTranslator<'a> {
    /// Returns a translator of a program of which nothing has been made.
    pub fn new(program: &'a Program) -> GoTranslator<'a> {
        GoTranslator {
            program,
            sockets: HashMap::new(),
            variables: Vec::new(),
        }
    }

    /// Returns the way in which the next call is made.
    pub fn making(&mut self, made: &CallRecord) -> GoCall {
        match &made.call {
            Call::Bind { address } | Call::Connect { address, .. } if self.program.is_other_family(address) => {
                return cannot("Dial and Listen make a socket of the address's own family");
            }
            Call::Disconnect => return cannot("syscall has no AF_UNSPEC address"),
            Call::Poll { .. } => return cannot("neither net nor syscall has poll"),
            Call::Options | Call::GetOption { .. } => return cannot("net has no way to read options"),
            Call::Socket { .. } => {
                self.hold(made, GoSocket::Noted(DeferredOption::default()));
                return self.later(made);
            }
            _ => {}
        }
        let key = (made.side, made.socket.clone());
        match self.sockets.get(&key).cloned().unwrap_or_default() {
            GoSocket::Nothing => NO_CONN,
            GoSocket::Noted(noted) => self.unmade(made, noted),
            GoSocket::Conn => self.on_conn(made).unwrap_or_else(|| self.on_either(made)),
            GoSocket::Listener => self.on_listener(made).unwrap_or_else(|| self.on_either(made)),
        }
    }

    /// A call on a socket that Go has not made yet.
    fn unmade(&mut self, made: &CallRecord, mut noted: DeferredOption) -> GoCall {
        let name = variable(self.program, made.side, &made.socket);
        match &made.call {
            Call::Bind { .. } if noted.local.is_some() => cannot("Dial and Listen bind once"),
            Call::Bind { address } => {
                let local = match self.program.chosen_by(made) {
                    Some(port) if listens(self.program, &port) => "0".into(),
                    Some(_) | None => self.program.port_name(address),
                };
                if is_failing_listen(self.program, made) {
                    // Another Listen is as good as another bind.
                    self.declare(&name, "TCPListener");
                    return makes(name, format!("listen({local}, 0{})", noted.arguments()));
                }
                noted.local = Some(local);
                self.hold(made, GoSocket::Noted(noted));
                self.later(made)
            }
            Call::SetOption { option, .. } if *option == SocketOption::Nonblock => NONBLOCK,
            Call::SetOption { .. } if !made.given.is_ok() => cannot("Dial and Listen would fail with it"),
            Call::SetOption { option, value } => {
                let body = format!("return {}", setting(*option, *value));
                noted.settings.push(literal("func(fd int) error", &body));
                self.hold(made, GoSocket::Noted(noted));
                self.later(made)
            }
            Call::Listen { backlog } => {
                self.declare(&name, "TCPListener");
                let holds = match made.given.is_ok() {
                    true => GoSocket::Listener,
                    false => GoSocket::Nothing,
                };
                self.hold(made, holds);
                let of_it = self.program.before(made).chain([made]);
                let chosen = of_it.filter_map(|made| self.program.chosen_by(made)).next();
                let chosen = chosen.filter(|port| listens(self.program, port));
                let after = chosen.map(|port| format!("{} = {name}.Addr().(*net.TCPAddr).Port", port.variable));
                GoCall::Makes {
                    call: format!("listen({}, {backlog}{})", noted.port(), noted.arguments()),
                    name,
                    after: after.into_iter().collect(),
                }
            }
            Call::Connect { .. } if self.is_nonblocking(made) => {
                self.hold(made, GoSocket::Nothing);
                cannot("Dial waits until the connection is there")
            }
            Call::Connect { address, deadline } => {
                self.declare(&name, "TCPConn");
                let fails = matches!(
                    made.given,
                    CallResult::Outcome(Outcome::Err(_) | Outcome::DeadlineExceeded { .. })
                );
                if !fails {
                    self.hold(made, GoSocket::Conn);
                }
                let limit = deadline.map_or_else(|| "0".into(), |ms| format!("{}*time.Millisecond", ms.0));
                let (local, port) = (noted.port(), self.program.port_name(address));
                makes(name, format!("dial({local}, {port}, {limit}{})", noted.arguments()))
            }
            _ => NO_CONN,
        }
    }

    /// A call that a conn has a method for.
    fn on_conn(&mut self, made: &CallRecord) -> Option<GoCall> {
        let name = variable(self.program, made.side, &made.socket);
        Some(match &made.call {
            Call::Read { n, flags, deadline } => {
                let call = match flags.as_slice() {
                    [] => format!("{name}.Read(make([]byte, {n}))"),
                    [ReadFlag::Waitall] => format!("io.ReadFull({name}, make([]byte, {n}))"),
                    _ => return None,
                };
                limited(&name, "SetReadDeadline", *deadline, format!("number({call})"))
            }
            Call::Write {
                data,
                repeat,
                flags,
                deadline,
            } if flags.is_empty() => {
                let call = format!("number({name}.Write({}))", bytes(data, *repeat));
                limited(&name, "SetWriteDeadline", *deadline, call)
            }
            Call::Shutdown { how: ShutdownHow::Read } => result(format!("number(0, {name}.CloseRead())")),
            Call::Shutdown {
                how: ShutdownHow::Write,
            } => result(format!("number(0, {name}.CloseWrite())")),
            Call::Dup { r#as } => {
                let copy = self.conn(made.side, r#as);
                makes(copy, format!("duplicate({name})"))
            }
            _ => return None,
        })
    }

    /// A call that a listener has a method for.
    fn on_listener(&mut self, made: &CallRecord) -> Option<GoCall> {
        let name = variable(self.program, made.side, &made.socket);
        match &made.call {
            Call::Accept { r#as } => {
                let accepted = self.conn(made.side, r#as);
                Some(makes(accepted, format!("{name}.AcceptTCP()")))
            }
            Call::Dup { .. } => Some(cannot("net can only duplicate a conn")),
            _ => None,
        }
    }

    /// A call on a conn or a listener that has no method for it, but a descriptor; or that both have.
    fn on_either(&self, made: &CallRecord) -> GoCall {
        let name = variable(self.program, made.side, &made.socket);
        let raw = |body: &str| {
            let call = literal("func(fd int) (int, error)", body);
            result(format!("number(raw({name}, {call}))"))
        };
        let plain = |call: String| raw(&format!("return 0, {call}"));
        let at = |address: &SocketAddr| format!("at({})", self.program.port_name(address));
        match &made.call {
            Call::Close => result(format!("number(0, {name}.Close())")),
            Call::RstClose => result(format!("number(0, lingerClose({name}, 0))")),
            Call::LingerClose { seconds } => result(format!("number(0, lingerClose({name}, {seconds}))")),
            Call::SoError => result(format!("pending({name})")),
            Call::SetOption { option, .. } if *option == SocketOption::Nonblock => NONBLOCK,
            Call::SetOption { option, value } => plain(setting(*option, *value)),
            Call::Bind { address } => plain(format!("syscall.Bind(fd, {})", at(address))),
            Call::Connect { address, .. } => plain(format!("syscall.Connect(fd, {})", at(address))),
            Call::Listen { backlog } => plain(format!("syscall.Listen(fd, {backlog})")),
            Call::Shutdown { how } => plain(format!("syscall.Shutdown(fd, syscall.{})", how.name())),
            Call::Accept { .. } => raw("fd, _, err := syscall.Accept(fd); return fd, err"),
            Call::Read { n, flags, .. } => match flags.as_slice() {
                [] => raw(&format!("return syscall.Read(fd, make([]byte, {n}))")),
                flags => {
                    let flags = joined(flags.iter().map(|flag: &ReadFlag| flag.name()));
                    raw(&format!(
                        "n, _, err := syscall.Recvfrom(fd, make([]byte, {n}), {flags}); return n, err"
                    ))
                }
            },
            Call::Write {
                data, repeat, flags, ..
            } => {
                let bytes = bytes(data, *repeat);
                match flags.as_slice() {
                    [] => raw(&format!("return syscall.Write(fd, {bytes})")),
                    flags => {
                        let flags = joined(flags.iter().map(|flag: &WriteFlag| flag.name()));
                        raw(&format!("return syscall.SendmsgN(fd, {bytes}, nil, nil, {flags})"))
                    }
                }
            }
            // `making` and the methods have answered these.
            Call::Socket { .. }
            | Call::Dup { .. }
            | Call::Disconnect
            | Call::Poll { .. }
            | Call::Options
            | Call::GetOption { .. } => NO_CONN,
        }
    }

    fn hold(&mut self, made: &CallRecord, holds: GoSocket) {
        self.sockets.insert((made.side, made.socket.clone()), holds);
    }

    /// The variable of a conn that a call makes.
    fn conn(&mut self, side: Side, socket: &SocketName) -> String {
        let name = variable(self.program, side, socket);
        self.declare(&name, "TCPConn");
        self.sockets.insert((side, socket.clone()), GoSocket::Conn);
        name
    }

    fn declare(&mut self, name: &str, kind: &str) {
        let line = format!("{name} *net.{kind}");
        if !self.variables.contains(&line) {
            self.variables.push(line);
        }
    }

    /// Returns whether it is ever set not to block.
    fn is_nonblocking(&self, made: &CallRecord) -> bool {
        let sets = |before: &CallRecord| {
            (before.side, &before.socket) == (made.side, &made.socket)
                && matches!(before.call, Call::SetOption { option: SocketOption::Nonblock, value } if value != 0)
        };
        self.program.calls().any(sets)
    }

    /// A call that `Dial` or `Listen` makes up for, where one of them follows.
    fn later(&self, made: &CallRecord) -> GoCall {
        let after = self.program.calls().skip_while(|after| after.id != made.id).skip(1);
        let mut of_it = after
            .filter(|after| after.side == made.side && after.socket == made.socket)
            .take_while(|after| !after.call.is_close());
        let follows = of_it.any(|after| match &after.call {
            Call::Listen { .. } => true,
            Call::Bind { .. } => is_failing_listen(self.program, after),
            Call::Connect { address, .. } => !self.program.is_other_family(address),
            _ => false,
        });
        if follows { GoCall::Not(Omission::Later) } else { NO_CONN }
    }
}

/// Does the kernel choose that port for a listener? Only a listener can say which one it got; Dial has to be told.
pub fn listens(program: &Program, port: &ProgramPort) -> bool {
    let first = program.calls().find(|made| port.first == Some(made.id));
    let Some(first) = first else { return false };
    let is_its = |made: &CallRecord| (made.side, &made.socket) == (first.side, &first.socket);
    // Until it listens, no other may need the port.
    let others = |made: &CallRecord| matches!(&made.call, Call::Bind { address } if address.port() == port.number);
    let mut decides = program
        .calls()
        .filter(|made| is_its(made) && matches!(made.call, Call::Listen { .. }) || !is_its(made) && others(made));
    decides.next().is_some_and(is_its)
}

/// Returns whether that is a `bind` which fails in `Listen`, as no other call makes it.
fn is_failing_listen(program: &Program, made: &CallRecord) -> bool {
    let binds = |made: &CallRecord| matches!(made.call, Call::Bind { .. });
    let is_bound = program.before(made).any(|before| binds(before) && before.given.is_ok());
    let role = made.socket.id().map(|id| id.connection.role);
    binds(made) && !made.given.is_ok() && !is_bound && role == Some(SocketRole::Listener)
}

/// Returns whether that is a `connect` after one that has connected the socket.
pub fn is_after_dial(program: &Program, made: &CallRecord) -> bool {
    let connects = |made: &CallRecord| matches!(made.call, Call::Connect { .. });
    connects(made)
        && program
            .before(made)
            .any(|before| connects(before) && before.given.is_ok())
}

/// Did that call leave everything as it was: as one that only looks, or one on no descriptor?
pub fn changes_nothing(program: &Program, made: &CallRecord) -> bool {
    let looks = match made.call {
        Call::Poll { .. } | Call::Options | Call::GetOption { .. } => true,
        // It takes the error that it finds.
        Call::SoError => matches!(
            made.given,
            CallResult::Outcome(Outcome::Ok(Value::PendingError { error: None }))
        ),
        _ => false,
    };
    looks || program.is_closed(made)
}

/// A socket as Go names variables.
fn variable(program: &Program, side: Side, socket: &SocketName) -> String {
    let mut name = String::new();
    for (n, word) in program.variable(side, socket).split('_').enumerate() {
        let mut chars = word.chars();
        match chars.next() {
            Some(first) if n > 0 => name.extend(first.to_uppercase().chain(chars)),
            _ => name.push_str(word),
        }
    }
    name
}

/// A call on a conn with a deadline, which is taken away again.
fn limited(name: &str, set: &str, deadline: Option<Millis>, call: String) -> GoCall {
    let Some(ms) = deadline else {
        return result(call);
    };
    GoCall::Does {
        before: vec![format!("{name}.{set}(time.Now().Add({} * time.Millisecond))", ms.0)],
        result: call,
        after: vec![format!("{name}.{set}(time.Time{{}})")],
    }
}

/// The call that sets an option.
fn setting(option: SocketOption, value: i64) -> String {
    let (level, name) = (option.level(), option.name());
    match option.kind() {
        OptionKind::Linger => {
            let on = i32::from(value >= 0);
            format!(
                "syscall.SetsockoptLinger(fd, syscall.{level}, syscall.{name}, &syscall.Linger{{Onoff: {on}, Linger: {}}})",
                value.max(0)
            )
        }
        OptionKind::Timeout => {
            format!(
                "syscall.SetsockoptTimeval(fd, syscall.{level}, syscall.{name}, &syscall.Timeval{{Sec: {}, Usec: {}}})",
                value / 1000,
                value % 1000 * 1000
            )
        }
        OptionKind::Switch | OptionKind::Number(_) => {
            // syscall's table is an old one.
            let name = match option {
                SocketOption::UserTimeout => "18 /* TCP_USER_TIMEOUT */".into(),
                SocketOption::Reuseport => "15 /* SO_REUSEPORT */".into(),
                _ => format!("syscall.{name}"),
            };
            format!("syscall.SetsockoptInt(fd, syscall.{level}, {name}, {value})")
        }
    }
}

/// Flags, joined.
fn joined<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names
        .map(|name| format!("syscall.{name}"))
        .collect::<Vec<_>>()
        .join("|")
}

/// Bytes as Go writes them.
fn bytes(data: &Bytes, repeat: usize) -> String {
    let text = format!("[]byte(\"{}\")", escaped(&data.0));
    match repeat {
        1 => text,
        _ => format!("bytes.Repeat({text}, {repeat})"),
    }
}
