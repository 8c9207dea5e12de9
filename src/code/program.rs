//! A scenario's run, whatever the language: its calls, what they returned, and what else happened.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use super::words::{comment, running_on};
use crate::call::{Call, CallId, SocketName};
use crate::errno::Errno;
use crate::lab::event::{Disposition, PacketRecord};
use crate::outcome::Outcome;
use crate::runtime::Runtime;
use crate::scenario::Scenario;
use crate::side::{Ends, Side};

/// A scenario that was run, as what a program says and does.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// The scenario's name.
    pub name: String,
    /// The scenario's title.
    pub title: String,
    /// Whether the run is over IPv6.
    pub ipv6: bool,
    /// Whether there was a wire, so that the segments were seen.
    pub wired: bool,
    /// The runtimes that drove the ends where its file says so: here raw calls do.
    pub driven: Ends<Runtime>,
    /// The statements, in order.
    pub statements: Vec<Statement>,
    /// The last entry of the transcript that was taken in.
    pub(super) seen: u64,
}

/// An item of a program: something that it says, does, or sees.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// Prose of the scenario.
    Say(String),
    /// A call.
    Call(CallRecord),
    /// A call that was blocked has returned by now.
    Late(LateReturn),
    /// A command that no program of sockets can carry out.
    Absent {
        /// The number of the step.
        step: usize,
        /// The title, in a few words.
        what: String,
        /// The end whose host, process or connection it changes; none when it is done on the wire, or shows only in the process itself.
        done_to: Option<Side>,
        /// A setting of a host, where it is one, and when it was changed.
        sysctl: Option<Sysctl>,
    },
    /// The process may have so many descriptors from now on.
    Limit {
        /// The number of the step.
        step: usize,
        /// The end; a program is both ends.
        side: Side,
        /// The numbers stay below it.
        most: u32,
    },
    /// A pause.
    Pause(Duration),
    /// A packet on the wire, whenever something became of it.
    Packet(Duration, Box<PacketRecord>),
}

/// A host's setting was changed, which a script can do for the end that it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Sysctl {
    /// The end.
    pub side: Side,
    /// `net.ipv4.tcp_syn_retries=1`
    pub assignment: String,
    /// The time at which it was changed, since the beginning of the run.
    pub at: Duration,
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRecord {
    /// The number of the step, from 1 on.
    pub step: usize,
    /// The end that makes it.
    pub side: Side,
    /// The socket.
    pub socket: SocketName,
    /// The name in the protocol.
    pub name: String,
    /// The call that was asked for.
    pub call: Call,
    /// The result in its step.
    pub given: CallResult,
    /// Whether it may wait for others of the program's calls, and so is made in a thread of its own.
    pub aside: bool,
    /// The time at which it began.
    pub at: Duration,
    /// The time at which it returned, however late; none when it never did.
    pub ended: Option<Duration>,
    /// The number that joins it and its outcome.
    pub id: CallId,
}

/// A call that returned in a later step than its own.
#[derive(Clone, Debug, PartialEq)]
pub struct LateReturn {
    /// The step of the call.
    pub step: usize,
    /// The call: its place among the statements.
    pub of: usize,
    /// The step in which it returned.
    pub came: usize,
    /// The outcome.
    pub outcome: Outcome,
}

/// The result of a call in its step.
#[derive(Clone, Debug, PartialEq)]
pub enum CallResult {
    /// The call returned.
    Outcome(Outcome),
    /// The call had not returned.
    Blocked,
}

impl Program {
    /// The program of a scenario that is about to be run.
    pub fn new(scenario: &Scenario) -> Program {
        Program {
            name: scenario.name.clone(),
            title: scenario.title.clone(),
            ipv6: scenario.ipv6 == Some(true),
            wired: false,
            driven: scenario.driven,
            statements: Vec::new(),
            seen: 0,
        }
    }

    /// The calls, in order.
    pub fn calls(&self) -> impl Iterator<Item = &CallRecord> {
        self.statements.iter().filter_map(|statement| match statement {
            Statement::Call(made) => Some(made),
            _ => None,
        })
    }

    /// The outcome of a call, however late; none when it never returned.
    pub fn outcome<'a>(&'a self, made: &'a CallRecord) -> Option<&'a Outcome> {
        if let CallResult::Outcome(outcome) = &made.given {
            return Some(outcome);
        }
        self.statements.iter().find_map(|statement| match statement {
            Statement::Late(late) if self.late(late).is_some_and(|of| of.id == made.id) => Some(&late.outcome),
            _ => None,
        })
    }

    /// The call that has returned late.
    pub fn late(&self, late: &LateReturn) -> Option<&CallRecord> {
        match self.statements.get(late.of) {
            Some(Statement::Call(made)) => Some(made),
            _ => None,
        }
    }

    /// Returns whether it was something that no program of sockets does, beside which that call returned. Then there is little to wait for.
    pub fn is_late_by_absent(&self, late: &LateReturn) -> bool {
        let mut statements = self.statements.iter();
        statements.any(|statement| matches!(statement, Statement::Absent { step, .. } if *step == late.came))
    }

    /// The first step that no program of sockets can do: from there on, what calls return may differ.
    pub fn differs(&self) -> Option<usize> {
        self.statements.iter().find_map(|statement| match statement {
            Statement::Absent { step, .. } => Some(*step),
            _ => None,
        })
    }

    /// The first limit of descriptors: in which step, and whose.
    pub fn limit(&self) -> Option<(usize, Side)> {
        self.statements.iter().find_map(|statement| match statement {
            Statement::Limit { step, side, .. } => Some((*step, *side)),
            _ => None,
        })
    }

    /// A socket's name as a variable: both ends' when both have one of that name, in words parted by `_`.
    pub fn variable(&self, side: Side, socket: &SocketName) -> String {
        let others = self.sockets().into_iter();
        let twice = others
            .filter(|(whose, _)| *whose != side)
            .any(|(_, name)| name == socket);
        let name = socket.as_str().replace('-', "_");
        if twice { format!("{side}_{name}") } else { name }
    }

    /// Every socket that a call makes or names, in order of appearance.
    pub fn sockets(&self) -> Vec<(Side, &SocketName)> {
        let mut sockets = Vec::new();
        for made in self.calls() {
            for socket in [Some(&made.socket), made.call.new_name()].into_iter().flatten() {
                if !sockets.contains(&(made.side, socket)) {
                    sockets.push((made.side, socket));
                }
            }
        }
        sockets
    }

    /// The calls before this one on its socket.
    pub fn before<'a>(&'a self, made: &'a CallRecord) -> impl Iterator<Item = &'a CallRecord> {
        let before = self.calls().take_while(|before| before.id != made.id);
        before.filter(|before| before.side == made.side && before.socket == made.socket)
    }

    /// Has the socket of this call no descriptor: was it closed by a call before, or made by none?
    pub fn is_closed(&self, made: &CallRecord) -> bool {
        self.before(made).any(|before| before.call.is_close()) || self.is_unmade(made)
    }

    /// Returns whether this is a call on a socket that none before it has made.
    pub fn is_unmade(&self, made: &CallRecord) -> bool {
        let makes = |before: &CallRecord| before.call.makes(&before.socket) == Some(&made.socket);
        let mut before = self.calls().take_while(|before| before.id != made.id);
        !matches!(made.call, Call::Socket { .. }) && !before.any(|before| before.side == made.side && makes(before))
    }

    /// Returns whether that is an address of the family that the scenario is not about.
    pub fn is_other_family(&self, address: &SocketAddr) -> bool {
        address.is_ipv6() != self.ipv6
    }

    /// Does a call name a socket that was closed, after another one was made? Then the number must not be used again.
    pub fn outlived(&self) -> bool {
        let mut closed = BTreeSet::new();
        let mut reused = BTreeSet::new();
        for made in self.calls() {
            let socket = (made.side, &made.socket);
            if reused.contains(&socket) {
                return true;
            }
            if made.call.is_close() {
                closed.insert(socket);
            } else if made.call.makes(&made.socket).is_some() {
                reused.append(&mut closed);
            }
        }
        false
    }

    /// The ports that are in use, each once.
    pub fn ports(&self) -> Vec<ProgramPort> {
        let mut ports: Vec<ProgramPort> = Vec::new();
        let mut bound = BTreeSet::new();
        // A socket that listens and was not bound has a port of the kernel's, which only the connect to it names.
        let mut chosen = None;
        for made in self.calls() {
            let socket = (made.side, &made.socket);
            let (number, first) = match &made.call {
                Call::Bind { address } if made.given.is_ok() => {
                    bound.insert(socket);
                    (address.port(), Some(made.id))
                }
                Call::Bind { address } => (address.port(), None),
                Call::Connect { address, .. } => (address.port(), chosen),
                Call::Listen { .. } if made.given.is_ok() && !bound.contains(&socket) => {
                    chosen = Some(made.id);
                    continue;
                }
                _ => continue,
            };
            if number == 0 || ports.iter().any(|port| port.number == number) {
                continue;
            }
            let variable = match ports.len() {
                0 => "port".into(),
                _ => format!("port{number}"),
            };
            ports.push(ProgramPort {
                number,
                variable,
                first: first.filter(|first| ports.iter().all(|port| port.first != Some(*first))),
            });
        }
        ports
    }

    /// The port of an address: none for 0, which leaves it to the kernel.
    pub fn port_of(&self, address: &SocketAddr) -> Option<ProgramPort> {
        self.ports().into_iter().find(|port| port.number == address.port())
    }

    /// The port that the kernel chooses in this `bind` or `listen`, if it is the first word about that port.
    pub fn chosen_by(&self, made: &CallRecord) -> Option<ProgramPort> {
        self.ports().into_iter().find(|port| port.first == Some(made.id))
    }

    /// Every error that the program has to know by name.
    pub fn errors(&self) -> Vec<Errno> {
        let met = self.calls().filter_map(|made| match &made.given {
            CallResult::Outcome(outcome) => outcome.errno(),
            CallResult::Blocked => None,
        });
        let mut errors: Vec<Errno> = NAMED.into_iter().chain(met).collect();
        errors.sort_by_key(|errno| errno.name());
        errors.dedup();
        errors
    }

    /// The port of an address as the program names it: its variable, or 0.
    pub fn port_name(&self, address: &SocketAddr) -> String {
        self.port_of(address).map_or_else(|| "0".into(), |port| port.variable)
    }

    /// The comment above the program: what it is, and how far it can be trusted.
    ///
    /// `limit` is the first limit of descriptors that the program sets, by its step, and whose it is.
    pub fn head(&self, how: &str, limit: Option<(usize, Side)>) -> Vec<String> {
        let mut head = vec![
            self.title.clone(),
            String::new(),
            format!(
                "The calls of both ends in finwait's scenario {}, in order. The comment beside each call is what it returned there{}. The program prints what it returns now: STEP END CALL RESULT.",
                self.name,
                running_on()
            ),
        ];
        for (side, runtime) in self.driven.iter() {
            if *runtime != Runtime::Native {
                head.push(String::new());
                head.push(format!(
                    "In the scenario, {runtime} drives the {side}. For this program raw calls were made instead, and the comments show what those returned."
                ));
            }
        }
        if let Some(step) = self.differs() {
            head.push(String::new());
            head.push(format!(
                "Step {step} is nothing that a program can do with sockets. It is left out, so later calls may return something else. A call that still waits after a moment counts as blocked, and the program goes on."
            ));
        }
        if let Some((step, side)) = limit {
            head.push(String::new());
            head.push(format!(
                "Step {step} limits the {side}'s descriptors. Here both ends are one process: the other end's descriptors count, too, and its calls may fail."
            ));
        }
        head.push(String::new());
        head.push(format!("    {how}"));
        head
    }
}

/// A port of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramPort {
    /// The number in the scenario.
    pub number: u16,
    /// The variable that holds its number in the program.
    pub variable: String,
    /// The `bind` or `listen` that comes first and lets the kernel choose; none when something else comes first.
    pub first: Option<CallId>,
}

impl CallResult {
    /// Did it succeed?
    pub const fn is_ok(&self) -> bool {
        matches!(self, CallResult::Outcome(Outcome::Ok(_)))
    }

    /// Returns the result as a comment has it: `= -1 EPIPE (Broken pipe)`.
    pub fn comment(&self) -> String {
        match self {
            CallResult::Blocked => "blocked".into(),
            CallResult::Outcome(outcome) => comment(outcome),
        }
    }
}

/// The errors that a program knows by name, beside those that the scenario met.
const NAMED: [Errno; 22] = [
    Errno::EACCES,
    Errno::EADDRINUSE,
    Errno::EADDRNOTAVAIL,
    Errno::EAGAIN,
    Errno::EALREADY,
    Errno::EBADF,
    Errno::ECONNABORTED,
    Errno::ECONNREFUSED,
    Errno::ECONNRESET,
    Errno::EDESTADDRREQ,
    Errno::EHOSTUNREACH,
    Errno::EINPROGRESS,
    Errno::EINTR,
    Errno::EINVAL,
    Errno::EISCONN,
    Errno::EMFILE,
    Errno::ENETUNREACH,
    Errno::ENOTCONN,
    Errno::ENOTSOCK,
    Errno::EOPNOTSUPP,
    Errno::EPIPE,
    Errno::ETIMEDOUT,
];

/// Did that packet reach the other host here?
pub fn arrived(record: &PacketRecord) -> bool {
    record.disposition == Disposition::Delivered
}
