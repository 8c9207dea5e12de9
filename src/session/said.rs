//! What programs say and are seen to do: why a call failed that a line of theirs tells of, or that strace has seen, by the record of their
//! connection.

use std::net::SocketAddr;
use std::time::Duration;

use super::transcript::{EntryKind, ProgramCallEntry};
use super::{LabKind, Session, Socket};
use crate::call::{Bytes, Call, EndpointCall, SocketName, SocketRole};
use crate::clock::MonoTime;
use crate::errno::Errno;
use crate::explain::rules::CallClass;
use crate::explain::wording::{self, Carrier, Subject, WordingMatch};
use crate::explain::{self, Explanation, Situation, Sock};
use crate::lab::event::ProgramCall;
use crate::outcome::{Outcome, Value};
use crate::program::ProgramNo;
use crate::side::Side;
use crate::state::State;

impl Session {
    /// Returns why the call failed that a line of that program tells of; none where it tells of none, or nothing is known of it.
    pub(super) fn why_of_line(&self, side: Side, program: ProgramNo, line: &str) -> Option<Explanation> {
        let said = wording::recognize(line).filter(|said| said.carrier == Carrier::Tcp && !said.is_windows())?;
        let outcome = match said.subject {
            Subject::Errno(errno) => Outcome::Err(errno),
            Subject::Eof => eof(),
            _ => return None,
        };
        let socket = self.meant_by(side, program, &said);
        if said.addresses.is_empty() && !is_of_a_socket(said.subject, socket) {
            return None;
        }
        let sock = socket.map(|socket| *self.ends[side].sock(socket)).unwrap_or_default();
        let (class, outcome) = by_the_record(&said, &sock).unwrap_or((class_of(&said, &sock), outcome));
        let address = said.addresses.first().copied();
        self.why_of_a_programs(side, socket, class, address, &outcome)
    }

    /// Takes in a system call of a program.
    pub(super) fn program_calls(&mut self, at: MonoTime, call: ProgramCall) {
        let ProgramCall {
            side,
            program,
            inode,
            ref made,
            ..
        } = call;
        let end = &self.ends[side];
        let no = inode.and_then(|inode| end.sockets.of_inode(inode).first());
        let socket = no.and_then(|no| end.sockets.get(*no));
        let class = class_of_syscall(&made.name);
        let outcome = match (made.errno, made.result.as_deref()) {
            (Some(errno), _) => Some(Outcome::Err(errno)),
            (None, Some("0")) if class == Some(CallClass::Read) => Some(eof()),
            _ => None,
        };
        let why = outcome.zip(class).and_then(|(outcome, class)| {
            let tuple = socket.and_then(|socket| socket.tuple);
            let address = tuple.map(|tuple| match class {
                CallClass::Connect => tuple.peer,
                _ => tuple.local,
            });
            self.why_of_a_programs(side, socket, class, address, &outcome)
        });
        let known = self.programs.get(program);
        let entry = ProgramCallEntry {
            socket: socket.map(|socket| socket.shown().clone()),
            process: socket
                .and_then(|socket| Some(socket.owner()?.name.clone()))
                .or_else(|| known.map(|program| program.name.to_string())),
            why,
            call,
        };
        let closed = inode.filter(|_| entry.call.made.name == "close");
        let (named, pid) = (socket.map(|socket| socket.name.clone()), entry.call.pid);
        let no = self.transcript.push(at, EntryKind::ProgramCall(Box::new(entry)));
        let end = &mut self.ends[side];
        if let Some(inode) = closed {
            end.unnamed.closed(inode, pid);
        }
        if let Some(name) = named {
            end.is_told(&name, no);
            let connection = self.connection_of_socket(side, &name);
            self.connections.is_told(connection, no);
        }
    }

    /// Returns why a call of that class on a program's socket had that outcome; none where no rule says it.
    fn why_of_a_programs(
        &self,
        side: Side,
        socket: Option<&Socket>,
        class: CallClass,
        address: Option<SocketAddr>,
        outcome: &Outcome,
    ) -> Option<Explanation> {
        let sock = socket.map(|socket| *self.ends[side].sock(socket)).unwrap_or_default();
        let order = EndpointCall::On {
            socket: socket.map_or_else(
                || SocketName::from(SocketRole::from(side)),
                |socket| socket.name.clone(),
            ),
            call: self.call_of(side, class, address)?,
        };
        let why = explain::explain(&order, outcome, &self.situation_of_a_programs(side, socket, sock));
        // Without a rule it would say the errno's text once more.
        why.rule.is_some().then_some(why)
    }

    /// The socket of a program that a line is about: the one with its addresses, else the newest that has ended, else the newest.
    fn meant_by(&self, side: Side, program: ProgramNo, said: &WordingMatch) -> Option<&Socket> {
        let end = &self.ends[side];
        let is_its = |socket: &&Socket| socket.owner().is_some_and(|owner| owner.program == Some(program));
        let its = || end.sockets.iter().rev().filter(is_its);
        let has_address = |socket: &&Socket| {
            let tuple = socket.tuple;
            tuple.is_some_and(|tuple| said.addresses.iter().any(|at| *at == tuple.peer || *at == tuple.local))
        };
        its()
            .find(has_address)
            .or_else(|| its().find(|socket| end.sock(socket).end.is_some()))
            .or_else(|| its().next())
    }

    /// A call of that class, with that address where it takes one.
    fn call_of(&self, side: Side, class: CallClass, address: Option<SocketAddr>) -> Option<Call> {
        let port = self.lab.port.0;
        Some(match class {
            CallClass::Connect => Call::Connect {
                address: address.unwrap_or((self.lab.addresses[side.other()], port).into()),
                deadline: None,
            },
            CallClass::Bind => Call::Bind {
                address: address.unwrap_or((self.lab.addresses[side], port).into()),
            },
            CallClass::Read => Call::Read {
                n: 1,
                flags: Vec::new(),
                deadline: None,
            },
            CallClass::Write => Call::Write {
                data: Bytes(vec![0]),
                repeat: 1,
                flags: Vec::new(),
                deadline: None,
            },
            _ => return None,
        })
    }

    /// The facts about a socket of a program, as far as they are known without its calls.
    fn situation_of_a_programs(&self, side: Side, socket: Option<&Socket>, sock: Sock) -> Situation {
        let end = &self.ends[side];
        let state = socket.and_then(|socket| end.state_of(&socket.name));
        let rows = end.table.rows().iter().map(|observed| observed.row.state);
        Situation {
            side,
            open: true,
            known: socket.is_some(),
            closed: None,
            before: state,
            now: state,
            unread: 0,
            sock,
            to_itself: false,
            segments_seen: self.lab.kind == LabKind::Isolated,
            began: self.transcript.last(),
            took: Duration::ZERO,
            interrupted: None,
            under_way: Vec::new(),
            held_by: None,
            accepted: None,
            port_taken_by: rows.max_by_key(|state| *state == State::Listen),
            listened_at: socket
                .and_then(|socket| socket.tuple)
                .and_then(|tuple| self.listened_at(side.other(), tuple.peer)),
            limits: self.limits(side),
            lacks_family: false,
            takes_unasked: true,
        }
    }
}

/// Can a line without an address tell of a socket, that one where the program has any? Files and pipes give most errors too, and have an
/// end: of a program that has had no connection, only what nothing but a socket gives.
fn is_of_a_socket(subject: Subject, socket: Option<&Socket>) -> bool {
    match subject {
        Subject::Errno(Errno::EACCES | Errno::EPERM | Errno::EBADF | Errno::EINVAL | Errno::EAGAIN) => false,
        Subject::Errno(
            Errno::ECONNREFUSED | Errno::ENETUNREACH | Errno::EHOSTUNREACH | Errno::EADDRINUSE | Errno::EADDRNOTAVAIL,
        ) => true,
        _ => socket.is_some(),
    }
}

/// The class of the call, and its error, by the record of the socket: of a line that says no more than that a connect failed. An RST after
/// the handshake ended a connection, and refused nothing: the program had not yet asked how its connect went.
fn by_the_record(said: &WordingMatch, sock: &Sock) -> Option<(CallClass, Outcome)> {
    let end = sock.end.filter(|_| said.is_any_failed_connect())?;
    let class = match end.is_of_handshake() {
        true => CallClass::Connect,
        false => CallClass::Read,
    };
    Some((class, Outcome::Err(end.leaves()?)))
}

/// The class of the call that a line tells of: of the one that it names, else of the one that gives such an error.
fn class_of(said: &WordingMatch, sock: &Sock) -> CallClass {
    said.call.unwrap_or(match said.subject {
        Subject::Errno(Errno::ECONNREFUSED | Errno::ENETUNREACH | Errno::EHOSTUNREACH) => CallClass::Connect,
        Subject::Errno(Errno::ETIMEDOUT) if sock.established.is_none() => CallClass::Connect,
        Subject::Errno(Errno::EADDRINUSE | Errno::EADDRNOTAVAIL) => CallClass::Bind,
        Subject::Errno(Errno::EPIPE) => CallClass::Write,
        _ => CallClass::Read,
    })
}

/// The class of a system call, of those that rules are about.
fn class_of_syscall(name: &str) -> Option<CallClass> {
    Some(match name {
        "connect" => CallClass::Connect,
        "bind" => CallClass::Bind,
        "read" | "readv" | "recv" | "recvfrom" | "recvmsg" => CallClass::Read,
        "write" | "writev" | "send" | "sendto" | "sendmsg" => CallClass::Write,
        _ => return None,
    })
}

/// The end of the stream, as a read tells it.
const fn eof() -> Outcome {
    Outcome::Ok(Value::Read {
        n: 0,
        data: Bytes(Vec::new()),
    })
}
