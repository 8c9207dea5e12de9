//! The session: what is known of both ends, and the transcript of how it came to be.
//!
//! [`Session`] is pure: commands go in and requests for the lab come out, the lab's events go in and the picture changes.
//! It reads no clock and owns no descriptor, so that a test can play any lab.

use std::collections::VecDeque;
use std::time::Duration;

use crate::call::{Call, CallId, EndpointCall, ProcessCall, Sigpipe, SocketName};
use crate::clock::MonoTime;
use crate::command::wire::WireCommand;
use crate::command::{CallRequest, EndCommand};
use crate::endpoint::protocol;
use crate::explain::{self, EntryNo, Explanation, Situation};
use crate::host::{Setting, SettingValue};
use crate::lab::event::{Death, Disposition, LabEvent, LabRequest, PacketRecord, TimedEvent};
use crate::outcome::Outcome;
use crate::side::{Ends, Side};
use crate::socket_table::Tuple;
use crate::state::State;
use crate::syscall::CallText;
use crate::wire::segment::{Flags, IcmpError, Packet};

pub mod awaiting;
pub mod chain;
pub mod connections;
mod due;
pub mod edges;
mod end;
mod events;
pub mod finished;
mod forged;
mod forgetting;
mod inferred;
mod input;
mod issued;
mod last_changes;
pub mod lineup;
pub mod moves;
pub mod now;
mod plan;
mod program_sockets;
pub mod programs;
pub mod progress;
mod rest;
mod said;
mod situation;
mod sockets;
pub mod table;
pub mod transcript;
pub mod travel;
pub mod view;
mod wire;

#[cfg(test)]
#[path = "../../tests/support/lab_events.rs"]
mod test_lab_events;

pub use crate::lab::facts::{LabFacts, LabKind};
pub use end::{End, NextRuntime, ProcessState, Socket, SocketMaker};
pub use finished::{CallEnd, FinishedCall, LastOutcome};
pub use input::{InputTap, SessionInput};
use issued::IssuedCalls;
use programs::Programs;
pub use sockets::{SocketNo, Sockets};
use transcript::{EntryKind, Transcript};
pub use wire::{WaitingPacket, WireView};

/// A command that cannot be carried out, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The command names something that is not there: the word, and one sentence.
    #[error("{1}")]
    Unknown(String, String),
    /// The command is not available now, or in this lab.
    #[error("{0}")]
    Impossible(String),
}

/// A call that has not returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingCall {
    /// The number.
    pub id: CallId,
    /// The number of the first call of its command: `connect` on no socket is `socket`, then `connect`.
    pub root: CallId,
    /// The call that was asked for.
    pub order: EndpointCall,
    /// The call in the runtime's words, once it said that it begins.
    pub text: Option<CallText>,
    /// The time at which it was asked for.
    pub since: MonoTime,
    /// The calls that its command makes next, if this one succeeds.
    then: VecDeque<EndpointCall>,
    /// The socket's state when it was made.
    state: Option<State>,
    /// The bytes that it had to be read then.
    unread: u32,
    /// The entry of its beginning; of what came last when it was asked for, until it begins.
    began: EntryNo,
    /// The signal that was sent to it.
    interrupted: Option<EntryNo>,
    /// The screen asked, not the user: its answer is not the last one.
    looking: bool,
}

impl PendingCall {
    /// Has it begun, and does the user wait for it?
    pub const fn is_blocked(&self) -> bool {
        self.text.is_some() && !self.looking
    }

    /// The call in the runtime's words; its name until it begins.
    pub fn words(&self) -> CallText {
        self.text.clone().unwrap_or_else(|| self.order.kind().name().into())
    }
}

/// The result of issuing a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IssuedCommand {
    /// The requests for the lab, in order.
    pub requests: Vec<LabRequest>,
    /// The first call of the command, when it makes calls: it is over when [`Session::busy`] says so.
    pub root: Option<CallId>,
}

/// The arrival of a packet at a host.
#[derive(Clone, Copy, Debug)]
struct PacketArrival {
    /// The flags, when it was a segment.
    flags: Option<Flags>,
    /// The error that it reports, when it was ICMP.
    icmp: Option<IcmpError>,
    /// The entry.
    entry: EntryNo,
}

/// A run: all that is known of it, and its transcript.
#[derive(Debug)]
pub struct Session {
    /// The lab.
    pub lab: LabFacts,
    /// The two ends.
    pub ends: Ends<End>,
    /// The wire between them.
    pub wire: WireView,
    /// The transcript.
    pub transcript: Transcript,
    /// The last packet that each host received, for the causes of transitions.
    received: Ends<Option<PacketArrival>>,
    /// The time at which all was quiet last: what the tables and the segments say can be compared up to then.
    quiet_at: MonoTime,
    /// The connections, numbered.
    connections: connections::Connections,
    /// The states by the segments.
    inferred: inferred::Inferred,
    /// The calls that were made.
    calls: IssuedCalls,
    /// The programs of the user's own on both hosts.
    pub programs: Programs,
    /// The last entry before the newest command that does something: what has been since is awaited, too.
    last_command: EntryNo,
    /// The newest forged segment that arrived, until it is told what became of it.
    forged: Option<EntryNo>,
    /// The programs that the run begins with.
    lineup: lineup::Lineup,
    /// The observer of all that goes in.
    tap: input::Tap,
    /// The number of inputs so far.
    inputs: u64,
}

impl Session {
    /// A run that begins at `began`, with both endpoints about to start.
    pub fn new(lab: LabFacts, began: MonoTime) -> Session {
        Session::keeping(transcript::KEPT, lab, began)
    }

    /// The same, with a transcript that keeps so many entries, and a session so much of what is over.
    pub fn keeping(entries: usize, lab: LabFacts, began: MonoTime) -> Session {
        let ends = Ends::from_fn(|side| End::new(lab.settings[side].clone(), began));
        let mut transcript = Transcript::keeping(entries, began);
        if let LabKind::Loopback(Some(why)) = &lab.kind {
            let text = format!(
                "loopback lab: {why}; segments, host settings and the kernel's counters are not available here"
            );
            transcript.push(began, EntryKind::Note { text });
        }
        if let Some(why) = &lab.no_sock_diag {
            let text = format!(
                "no sock_diag for TCP: {why}; what is known of sockets comes from procfs alone, without TCP_INFO, and destroy is not available"
            );
            transcript.push(began, EntryKind::Note { text });
        }
        Session {
            inputs: 0,
            lab,
            ends,
            wire: WireView::default(),
            transcript,
            received: Ends::default(),
            quiet_at: began,
            connections: connections::Connections::default(),
            inferred: inferred::Inferred::default(),
            calls: IssuedCalls::default(),
            programs: Programs::default(),
            last_command: 0,
            forged: None,
            lineup: lineup::Lineup::default(),
            tap: input::Tap::default(),
        }
    }

    fn take_command(&mut self, side: Side, command: &EndCommand, now: MonoTime) -> Result<IssuedCommand, CommandError> {
        let request = match command {
            EndCommand::Call { on, call } => {
                self.require_process(side)?;
                let target = on.as_ref().or(plan::current_target(&self.ends[side], call));
                if let Some(target) = target {
                    self.require_own(side, target)?;
                }
                let orders = plan::plan(&self.lab, &mut self.ends, side, on.as_ref(), call)?;
                return Ok(self.begin(side, orders, None, now));
            }
            EndCommand::Use(pick) => {
                self.ends[side].pick(side, pick)?;
                return Ok(IssuedCommand::default());
            }
            EndCommand::Interrupt(id) => {
                self.require_process(side)?;
                let target = match self.interrupted(side, *id) {
                    Some(id) => id,
                    None => {
                        return Err(CommandError::Impossible(format!(
                            "no call of the {side} is blocked: there is nothing to interrupt"
                        )));
                    }
                };
                let order = EndpointCall::Process(ProcessCall::Interrupt { target });
                return Ok(self.begin(side, [order].into(), None, now));
            }
            EndCommand::Sigpipe(disposition) => {
                self.require_process(side)?;
                let disposition = disposition.unwrap_or(match self.ends[side].sigpipe {
                    Sigpipe::Ignore => Sigpipe::Default,
                    Sigpipe::Default => Sigpipe::Ignore,
                });
                let order = EndpointCall::Process(ProcessCall::Sigpipe { disposition });
                return Ok(self.begin(side, [order].into(), None, now));
            }
            EndCommand::Kill => {
                // One that never says hello is got rid of like this, too.
                if !matches!(self.ends[side].process, ProcessState::Starting { .. }) {
                    self.require_process(side)?;
                }
                LabRequest::Kill(side)
            }
            EndCommand::Runtime(runtime) => {
                self.ends[side].choose(*runtime);
                LabRequest::Prepare(side, *runtime)
            }
            EndCommand::Restart => {
                // Nobody wants the old runtime once more before the new one.
                if let NextRuntime::Preparing { restarts, .. } = &mut self.ends[side].next {
                    *restarts = true;
                    return Ok(IssuedCommand::default());
                }
                if matches!(self.ends[side].process, ProcessState::Starting { .. }) {
                    return Err(CommandError::Impossible(format!(
                        "the {side} endpoint is starting already: kill ends it"
                    )));
                }
                self.ends[side].restart();
                LabRequest::Restart(side)
            }
            EndCommand::Destroy(on) => {
                if let LabKind::Loopback(_) = self.lab.kind {
                    return Err(CommandError::Impossible(
                        "in the loopback lab connections belong to this machine, and finwait destroys none: use the isolated lab"
                            .into(),
                    ));
                }
                if self.lab.no_sock_diag.is_some() {
                    return Err(CommandError::Impossible(
                        "only sock_diag destroys a connection, and this kernel does not have it for TCP: sudo modprobe tcp_diag"
                            .into(),
                    ));
                }
                let end = &self.ends[side];
                let name = match on {
                    Some(name) => Some(end.known(side, name)?.clone()),
                    None => end.current.clone(),
                };
                let socket = name.as_ref().and_then(|name| end.socket(name));
                let row = socket.and_then(|socket| end.row(socket));
                match row {
                    Some(observed) => LabRequest::Destroy(side, observed.row.tuple),
                    None => {
                        return Err(CommandError::Impossible(format!(
                            "the {side} has no connection there that could be destroyed"
                        )));
                    }
                }
            }
            EndCommand::Host(setting, value) => match self.lab.kind {
                LabKind::Loopback(_) if setting.is_the_hosts() => {
                    return Err(CommandError::Impossible(format!(
                        "in the loopback lab {} belongs to this machine, and finwait leaves it alone: use the isolated lab",
                        setting.name()
                    )));
                }
                LabKind::Isolated | LabKind::Loopback(_) => {
                    // Below it a device has no IPv6 at all, and loses its address (`addrconf_notify`).
                    if let (Setting::Mtu, SettingValue::Number(0..1280), true) =
                        (setting, value, self.lab.addresses[side].is_ipv6())
                    {
                        let why = "over IPv6 the MTU is 1280 at least (RFC 8200, 5): below it the host has no address";
                        return Err(CommandError::Impossible(why.into()));
                    }
                    LabRequest::Host(side, *setting, *value)
                }
            },
            EndCommand::Run(spec) => return self.run_program(side, spec),
            EndCommand::Signal(signal, program) => return self.signal_program(side, *signal, program.as_ref()),
            EndCommand::KillProgram(program) => return self.kill_program(side, program.as_ref()),
            EndCommand::RestartProgram(program) => return self.restart_program(side, program.as_ref()),
            // Who gave the command waits: `progress`.
            EndCommand::Await(request) => {
                self.wait_for(side, request, now)?;
                return Ok(IssuedCommand::default());
            }
        };
        Ok(IssuedCommand {
            requests: vec![request],
            root: None,
        })
    }

    fn take_look(
        &mut self,
        side: Side,
        socket: Option<SocketName>,
        now: MonoTime,
    ) -> Result<IssuedCommand, CommandError> {
        let command = EndCommand::Call {
            on: socket,
            call: CallRequest::Full(Call::Options),
        };
        let issued = self.take_command(side, &command, now)?;
        let pending = self.ends[side].pending.iter_mut();
        for pending in pending.filter(|pending| Some(pending.root) == issued.root) {
            pending.looking = true;
        }
        Ok(issued)
    }

    /// The call that an interrupt means: the one of that number, else the one that was begun last.
    pub fn interrupted(&self, side: Side, id: Option<CallId>) -> Option<CallId> {
        // An interrupt that has not returned yet is not blocked.
        let mut calls = self.ends[side].pending.iter().rev();
        id.or_else(|| {
            calls
                .find(|pending| socket_of(&pending.order).is_some())
                .map(|pending| pending.id)
        })
    }

    /// Has the command that began with the call `root` not come to its end?
    pub fn busy(&self, side: Side, root: CallId) -> bool {
        self.ends[side].pending.iter().any(|pending| pending.root == root)
    }

    /// The first call of the command that `call` was made for.
    pub fn root_of(&self, call: CallId) -> Option<CallId> {
        self.calls.root_of(call)
    }

    /// Did the endpoint not take a call of the command that began with `root`?
    pub fn was_refused(&self, root: CallId) -> bool {
        self.calls.was_refused(root)
    }

    /// Returns what `call` was asked to do, while it is under way or of the newest command; none once that is forgotten.
    pub fn order_of(&self, call: CallId) -> Option<&EndpointCall> {
        self.calls.order_of(call)
    }

    /// A call that has not returned, and whose it is.
    pub fn pending(&self, call: CallId) -> Option<(Side, &PendingCall)> {
        self.ends
            .iter()
            .find_map(|(side, end)| Some((side, &end.pending[end.place_of_call(call)?])))
    }

    fn require_process(&self, side: Side) -> Result<(), CommandError> {
        match &self.ends[side].process {
            ProcessState::Running { .. } => Ok(()),
            ProcessState::Starting { .. } => {
                Err(CommandError::Impossible(format!("the {side} endpoint is not up yet")))
            }
            ProcessState::Dead { how, .. } => Err(CommandError::Impossible(format!(
                "the {side} endpoint is dead ({how}): restart starts a new one"
            ))),
        }
    }

    /// Sends the first of `orders`; the others follow when it has succeeded.
    fn begin(
        &mut self,
        side: Side,
        mut orders: VecDeque<EndpointCall>,
        root: Option<CallId>,
        now: MonoTime,
    ) -> IssuedCommand {
        let Some(order) = orders.pop_front() else {
            return IssuedCommand::default();
        };
        // A call on a socket that the kernel is still making waits until it is made.
        if let Some(maker) = self.ends[side].maker(&order) {
            let root = maker.root;
            maker.then.push_back(order);
            maker.then.extend(orders);
            return IssuedCommand {
                requests: Vec::new(),
                root: Some(root),
            };
        }
        let ends = &self.ends;
        let is_pending = |id| ends.iter().any(|(_, end)| end.place_of_call(id).is_some());
        let id = self.calls.issue(root, order.clone(), is_pending);
        let root = root.unwrap_or(id);
        let end = &mut self.ends[side];
        let (mut state, mut unread) = (None, 0);
        if let EndpointCall::On { socket, call } = &order {
            state = end.state_of(socket);
            unread = end.unread(socket);
            match call {
                Call::Socket { .. } => end.add_unborn(socket.clone()),
                Call::Listen { .. } => end.listens(socket),
                Call::Connect { .. } => {
                    end.change_sock(socket, |sock| sock.connected = true);
                }
                _ => {}
            }
        }
        let end = &mut self.ends[side];
        end.pending.push(PendingCall {
            id,
            root,
            order: order.clone(),
            text: None,
            since: now,
            then: orders,
            state,
            unread,
            began: self.transcript.last(),
            interrupted: None,
            looking: false,
        });
        IssuedCommand {
            requests: vec![LabRequest::Call(side, protocol::Request { id, order })],
            root: Some(root),
        }
    }

    fn take_wire_command(&mut self, command: &WireCommand) -> Result<IssuedCommand, CommandError> {
        if let LabKind::Loopback(_) = self.lab.kind {
            return Err(CommandError::Impossible(
                "the loopback lab has no wire to hold segments on: use the isolated lab".into(),
            ));
        }
        let order = self.wire_order(command).map_err(CommandError::Impossible)?;
        self.wire.asks(&order);
        Ok(IssuedCommand {
            requests: vec![LabRequest::Wire(order)],
            root: None,
        })
    }

    /// The connection that a forged segment for `side` is of, its local end first: that of the current socket, else of the other end's.
    /// None when neither is known.
    fn about(&self, side: Side) -> Option<Tuple> {
        let tuple = |side: Side| {
            let end = &self.ends[side];
            let socket = end.current()?;
            let place = end.place(socket);
            let row = place.map(|place| end.table.rows()[place].row.tuple);
            row.or(socket.tuple).filter(|tuple| tuple.peer.port() != 0)
        };
        tuple(side).or_else(|| Some(tuple(side.other())?.mirrored()))
    }
}

/// The socket that an order is about.
pub fn socket_of(order: &EndpointCall) -> Option<&SocketName> {
    match order {
        EndpointCall::On { socket, .. } => Some(socket),
        EndpointCall::Process(_) => None,
    }
}

/// An order's call in one word: its name in the protocol.
pub fn name_of(order: &EndpointCall) -> String {
    order.kind().to_string()
}
