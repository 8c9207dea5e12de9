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
use crate::explain::sock::EndCause;
use crate::explain::wording::{self, Carrier, Dialect, Subject, WordingMatch};
use crate::explain::{self, Explanation, LineCause, Situation, Sock};
use crate::lab::event::ProgramCall;
use crate::outcome::{Outcome, Value};
use crate::program::ProgramNo;
use crate::side::Side;
use crate::socket_table::TimerKind;
use crate::state::State;
use crate::wire::segment::IcmpError;

impl Session {
    /// Returns why the call failed that a line of that program tells of, or what cannot be known of it. None where it tells of none, and
    /// where nothing of the program has been seen that gives such an error: files, pipes and other sockets give most of them, too.
    pub(super) fn why_of_line(&self, side: Side, program: ProgramNo, line: &str) -> Option<Explanation> {
        let said = wording::recognize(line).filter(|said| said.carrier == Carrier::Tcp && !said.is_windows())?;
        let about = || self.sockets_about(side, program, &said);
        let sock = |socket: &Socket| *self.ends[side].sock(socket);
        match said.subject {
            Subject::Errno(_) if said.is_any_failed_connect() => {
                let socket = about().find(|socket| sock(socket).end.is_some())?;
                let errno = *errors_of(&sock(socket), is_ipv6(socket)).first()?;
                self.why_of_an_end(side, socket, &said, errno)
            }
            Subject::Errno(errno @ (Errno::EADDRINUSE | Errno::EADDRNOTAVAIL)) => {
                self.why_of_an_address(side, program, &said, errno)
            }
            Subject::Errno(Errno::EACCES) if said.addresses.is_empty() => None,
            Subject::Errno(errno) => {
                let gave = |socket: &&Socket| errors_of(&sock(socket), is_ipv6(socket)).contains(&errno);
                match about().find(gave) {
                    Some(socket) => self.why_of_an_end(side, socket, &said, errno),
                    None => self.why_without_an_end(side, program, &said, errno),
                }
            }
            Subject::Eof => {
                let socket = about().find(|socket| sock(socket).fin.is_some())?;
                self.why_of_a_programs(side, Some(socket), CallClass::Read, None, &eof())
            }
            _ => None,
        }
    }

    /// The sockets of a program, the newest first.
    fn sockets_of(&self, side: Side, program: ProgramNo) -> impl Iterator<Item = &Socket> {
        let is_its = move |socket: &&Socket| socket.owner().is_some_and(|owner| owner.program == Some(program));
        self.ends[side].sockets.iter().rev().filter(is_its)
    }

    /// The sockets of a program that a line may be about, the newest first.
    fn sockets_about<'a>(
        &'a self,
        side: Side,
        program: ProgramNo,
        said: &'a WordingMatch,
    ) -> impl Iterator<Item = &'a Socket> {
        self.sockets_of(side, program)
            .filter(move |socket| is_about(said, socket))
    }

    /// Returns why a call on that socket met the error that its end has left.
    fn why_of_an_end(&self, side: Side, socket: &Socket, said: &WordingMatch, errno: Errno) -> Option<Explanation> {
        let end = self.ends[side].sock(socket).end?;
        let class = match said.call {
            _ if errno == Errno::EPIPE => CallClass::Write,
            Some(class @ (CallClass::Read | CallClass::Write)) => class,
            _ if end.is_of_handshake() => CallClass::Connect,
            _ => CallClass::Read,
        };
        let peer = socket.tuple.map(|tuple| tuple.peer);
        self.why_of_a_programs(side, Some(socket), class, peer, &Outcome::Err(errno))
    }

    /// Returns what can be said of an error that no end of the program's sockets has left.
    fn why_without_an_end(
        &self,
        side: Side,
        program: ProgramNo,
        said: &WordingMatch,
        errno: Errno,
    ) -> Option<Explanation> {
        let its = || {
            self.sockets_of(side, program)
                .map(|socket| self.ends[side].sock(socket))
        };
        match errno {
            Errno::ETIMEDOUT => {
                let may_be_the_kernels =
                    |sock: &Sock| matches!(sock.ended_by(), Some(EndCause::Timer(_) | EndCause::Unseen(_)));
                let is_its_own = its().next().is_some() && !its().any(may_be_the_kernels);
                is_its_own.then(|| explain::of_line(LineCause::OwnTimeLimit))
            }
            // Node.js says so of a FIN that came before the answer.
            Errno::ECONNRESET if matches!(said.dialect, None | Some(Dialect::Node)) => {
                if its().any(|sock| sock.end.is_some_and(|end| end.by.is_unseen() || end.is_by_rst())) {
                    return None;
                }
                let mut about = self.sockets_about(side, program, said);
                let socket = about.find(|socket| is_ended_by_peer(self.ends[side].sock(socket)))?;
                let why = self.why_of_a_programs(side, Some(socket), CallClass::Read, None, &eof())?;
                Some(explain::hang_up(why))
            }
            // No socket of a connect that found no route is in any table.
            Errno::ENETUNREACH => {
                let mut about = self.sockets_about(side, program, said);
                let is_told = said.call == Some(CallClass::Connect) && !said.addresses.is_empty();
                let is_so = self.limits(side).no_route.is_some() || is_told && about.next().is_none();
                let address = said.addresses.first().copied();
                is_so
                    .then(|| self.why_of_a_programs(side, None, CallClass::Connect, address, &Outcome::Err(errno)))
                    .flatten()
            }
            _ => None,
        }
    }

    /// Returns why an address was not to be had: a socket that gets none is in no table, so that only the line tells, or a traced call.
    fn why_of_an_address(
        &self,
        side: Side,
        program: ProgramNo,
        said: &WordingMatch,
        errno: Errno,
    ) -> Option<Explanation> {
        let by_number = |port| SocketAddr::from((self.lab.addresses[side], port));
        let address = said.addresses.first().copied().or(said.facts.number.map(by_number));
        let address = address.filter(|address| address.port() != 0);
        let by = |class| self.why_of_a_programs(side, None, class, address, &Outcome::Err(errno));
        let is_ipv4 = said.addresses.last().is_some_and(SocketAddr::is_ipv4);
        match (errno, said.call) {
            (Errno::EADDRINUSE, Some(CallClass::Connect)) => None,
            (Errno::EADDRINUSE, _) if address.is_some() => by(CallClass::Bind),
            (Errno::EADDRNOTAVAIL, Some(CallClass::Bind)) => by(CallClass::Bind),
            (Errno::EADDRNOTAVAIL, Some(CallClass::Connect)) if is_ipv4 => by(CallClass::Connect),
            _ => self.why_of_a_traced(program, errno).or_else(|| {
                Some(explain::of_line(match errno {
                    Errno::EADDRINUSE => LineCause::AddressTaken,
                    _ => LineCause::AddressMissing,
                }))
            }),
        }
    }

    /// The why of the program's newest traced call with that error, which no line of its has told yet.
    fn why_of_a_traced(&self, program: ProgramNo, errno: Errno) -> Option<Explanation> {
        let newest = self.transcript.entries().iter().rev().take(TRACED_BEFORE);
        let not_told = newest.take_while(|entry| match &entry.what {
            EntryKind::Program(said) => said.event.program != program || said.why.is_none(),
            _ => true,
        });
        let calls = not_told.filter_map(|entry| match &entry.what {
            EntryKind::ProgramCall(made) => Some(made),
            _ => None,
        });
        let mut failed = calls.filter(|made| made.call.program == program && made.call.made.errno == Some(errno));
        failed.next()?.why.clone()
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
        // A route of type unreachable, or nobody who answers ARP: which, nobody saw.
        let is_by_icmp = matches!(sock.ended_by(), Some(EndCause::Icmp(_)));
        if class == CallClass::Connect && no_way_there(outcome) && !is_by_icmp {
            return None;
        }
        let order = EndpointCall::On {
            socket: socket.map_or_else(
                || SocketName::from(SocketRole::from(side)),
                |socket| socket.name.clone(),
            ),
            call: self.call_of(side, class, address)?,
        };
        let why = explain::explain(
            &order,
            outcome,
            &self.situation_of_a_programs(side, socket, sock, &order),
        );
        // Without a rule it would say the errno's text once more.
        why.rule.is_some().then_some(why)
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
    fn situation_of_a_programs(
        &self,
        side: Side,
        socket: Option<&Socket>,
        sock: Sock,
        order: &EndpointCall,
    ) -> Situation {
        let end = &self.ends[side];
        let state = socket.and_then(|socket| end.state_of(&socket.name));
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
            port_taken_by: self.port_taken_by(side, order),
            listened_at: socket
                .and_then(|socket| socket.tuple)
                .and_then(|tuple| self.listened_at(side.other(), tuple.peer)),
            limits: self.limits(side),
            lacks_family: false,
            takes_unasked: true,
        }
    }
}

/// The entries before a line among which the traced call is looked for that it tells of.
const TRACED_BEFORE: usize = 500;

/// Is the line about that socket, by the addresses that it names? One that names none may be about any of the program's.
fn is_about(said: &WordingMatch, socket: &Socket) -> bool {
    let is = |at: &SocketAddr, of: SocketAddr| {
        at.ip().to_canonical() == of.ip().to_canonical() && (at.port() == 0 || at.port() == of.port())
    };
    let Some(tuple) = socket.tuple else {
        return said.addresses.is_empty();
    };
    let has = |at: &SocketAddr| is(at, tuple.peer) || is(at, tuple.local);
    match &said.addresses[..] {
        [] => true,
        [one, other] => is(one, tuple.local) && is(other, tuple.peer) || is(one, tuple.peer) && is(other, tuple.local),
        addresses => addresses.iter().any(has),
    }
}

fn is_ipv6(socket: &Socket) -> bool {
    let peer = socket.tuple.map(|tuple| tuple.peer.ip().to_canonical());
    peer.is_some_and(|peer| peer.is_ipv6())
}

/// The errors that the end of a socket may have given its program; none of one that goes on, or ended in order.
fn errors_of(sock: &Sock, is_ipv6: bool) -> &'static [Errno] {
    let Some(end) = sock.end else { return &[] };
    match (end.by, sock.noted) {
        (EndCause::Icmp(icmp), _) => errors_of_icmp(icmp, is_ipv6),
        // Only what the program has closed ends by it: nobody is told.
        (EndCause::Timer(TimerKind::TimeWait), _) => &[],
        // tcp_write_err: what was only noted goes first.
        (EndCause::Timer(_), Some((icmp, _))) => errors_of_icmp(icmp, is_ipv6),
        (EndCause::Timer(_), None) => &[Errno::ETIMEDOUT],
        (EndCause::Administrator, _) => &[Errno::ECONNABORTED],
        (EndCause::Rst, _) if end.from == State::SynSent => &[Errno::ECONNREFUSED],
        _ if end.from == State::CloseWait && (end.is_by_rst() || end.is_by_data()) => {
            &[Errno::EPIPE, Errno::ECONNRESET]
        }
        _ if end.is_by_rst() || end.is_by_data() => &[Errno::ECONNRESET, Errno::EPIPE],
        _ => &[],
    }
}

/// The errors that an attempt ends with at an ICMP error (`icmp_err_convert`, `icmpv6_err_convert`), the usual one first.
const fn errors_of_icmp(icmp: IcmpError, is_ipv6: bool) -> &'static [Errno] {
    match (icmp, is_ipv6) {
        (IcmpError::Network, _) => &[Errno::ENETUNREACH],
        (IcmpError::Host, _) => &[Errno::EHOSTUNREACH],
        (IcmpError::Port, _) => &[Errno::ECONNREFUSED],
        (IcmpError::Prohibited, true) => &[Errno::EACCES],
        (IcmpError::Prohibited, false) => &[Errno::EHOSTUNREACH, Errno::ENETUNREACH],
        (IcmpError::Other, _) => &[],
    }
}

/// Did the peer's FIN come before any FIN of this end's, and no error after it?
fn is_ended_by_peer(sock: &Sock) -> bool {
    let is_first = |fin| sock.left.fin.is_none_or(|own| fin < own);
    sock.fin.is_some_and(is_first) && sock.end.is_none_or(|end| end.is_orderly())
}

/// Is it an error of a connect that found no way to the host?
const fn no_way_there(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Err(Errno::EHOSTUNREACH | Errno::EACCES))
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
