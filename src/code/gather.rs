//! The gathering of a program: step by step, from what the session's transcript has gained.

use std::time::Duration;

use super::program::{CallRecord, CallResult, LateReturn, Program, Statement, Sysctl};
use super::words::safe;
use crate::call::{Call, CallId, EndpointCall};
use crate::command::{Command, EndCommand};
use crate::host::{Setting, SettingValue};
use crate::lab::event::ProcessDied;
use crate::lab::facts::LabFacts;
use crate::outcome::Outcome;
use crate::scenario::Scenario;
use crate::scenario::report::StepReport;
use crate::session::transcript::EntryKind;
use crate::session::{LabKind, Session, name_of};
use crate::side::Side;

impl Program {
    /// Takes in a step that is over.
    pub fn step(&mut self, scenario: &Scenario, session: &Session, report: &StepReport) {
        let lab = &session.lab;
        self.wired = lab.kind == LabKind::Isolated;
        self.ipv6 = lab.addresses[Side::Client].is_ipv6();
        self.statements.extend(report.say.clone().map(Statement::Say));
        let step = report.no;
        let action = step.checked_sub(1).and_then(|place| scenario.steps.get(place));
        let command = action.and_then(|step| Some(&step.action.as_ref()?.command));
        match command {
            None if report.took_ms >= PAUSE.as_secs_f64() * 1e3 => {
                // Rounded up, so that two runs make one program.
                let tenths = (report.took_ms / 1e2).ceil() as u64;
                self.statements
                    .push(Statement::Pause(Duration::from_millis(tenths * 100)));
            }
            None => {}
            Some(Command::End(side, EndCommand::Host(Setting::Nofile, SettingValue::Number(most)))) => {
                let (side, most) = (*side, *most);
                self.statements.push(Statement::Limit { step, side, most });
            }
            Some(command) => {
                if let Some((what, done_to)) = absent(command) {
                    let first = session.transcript.since(self.seen).next();
                    let sysctl = sysctl(command, first.map_or(Duration::ZERO, |entry| entry.at));
                    self.statements.push(Statement::Absent {
                        step,
                        what,
                        done_to,
                        sysctl,
                    });
                }
            }
        }
        for entry in session.transcript.since(self.seen) {
            match &entry.what {
                EntryKind::Call { began, .. } => {
                    let order = session.order_of(began.call);
                    self.began(lab, step, began.side, began.call, order, entry.at)
                }
                EntryKind::Ended(call) => {
                    if let Some(outcome) = call.outcome() {
                        self.ended(step, call.call(), outcome, entry.at);
                    }
                }
                EntryKind::Packet(record) => {
                    let record = Box::new(record.clone());
                    self.statements.push(Statement::Packet(entry.at, record));
                }
                EntryKind::Died(ProcessDied { side, how, .. }) => {
                    // The call under way has killed it, and would kill the program.
                    let under_way = |statement: &Statement| {
                        matches!(statement, Statement::Call(made)
                            if made.step == step && made.side == *side && made.ended.is_none())
                    };
                    if let Some(place) = self.statements.iter().rposition(under_way) {
                        let Statement::Call(made) = self.statements.remove(place) else {
                            continue;
                        };
                        let what = format!("the {side}'s {}, after which its process is {how}", made.name);
                        self.leave_out(step, what, *side);
                    }
                }
                EntryKind::Syscall(_)
                | EntryKind::ProgramCall(_)
                | EntryKind::Blocked { .. }
                | EntryKind::Wire { .. }
                | EntryKind::State { .. }
                | EntryKind::Born(_)
                | EntryKind::Host(_)
                | EntryKind::Runtime(_)
                | EntryKind::Program(_)
                | EntryKind::Counters { .. }
                | EntryKind::Reason(_)
                | EntryKind::Note { .. } => {}
            }
        }
        self.statements.extend(report.look.clone().map(Statement::Say));
        self.seen = session.transcript.last();
    }

    fn began(
        &mut self,
        lab: &LabFacts,
        step: usize,
        side: Side,
        id: CallId,
        order: Option<&EndpointCall>,
        at: Duration,
    ) {
        let Some(order @ EndpointCall::On { socket, call }) = order else {
            // What is asked of the process was noted as absent already.
            return;
        };
        if let Call::Bind { address } | Call::Connect { address, .. } = call {
            let ip = address.ip();
            if !(ip.is_loopback() || ip.is_unspecified() || Side::BOTH.iter().any(|side| lab.addresses[*side] == ip)) {
                let what = format!(
                    "the {side}'s {} to {address}, which is not this machine",
                    name_of(order)
                );
                self.leave_out(step, what, side);
                return;
            }
        }
        let aside = !self.is_aside(step);
        self.statements.push(Statement::Call(CallRecord {
            step,
            side,
            socket: socket.clone(),
            name: name_of(order),
            call: call.clone(),
            given: CallResult::Blocked,
            aside,
            at,
            ended: None,
            id,
        }));
    }

    /// A call of that end's that no program of sockets can make, or none like this one.
    fn leave_out(&mut self, step: usize, what: String, side: Side) {
        let (done_to, sysctl) = (Some(side), None);
        self.statements.push(Statement::Absent {
            step,
            what,
            done_to,
            sysctl,
        });
    }

    /// Is a call of that step made aside already? One of each step can be: it is known by the step's number.
    fn is_aside(&self, step: usize) -> bool {
        self.calls().any(|made| made.step == step && made.aside)
    }

    fn ended(&mut self, step: usize, call: CallId, outcome: &Outcome, at: Duration) {
        let differs = self.differs().is_some();
        let place = self
            .statements
            .iter()
            .position(|statement| matches!(statement, Statement::Call(made) if made.id == call));
        let Some(of) = place else { return };
        let Some(Statement::Call(made)) = self.statements.get_mut(of) else {
            return;
        };
        made.ended = Some(at);
        if made.step == step {
            made.given = CallResult::Outcome(outcome.clone());
            made.aside &= differs && made.call.may_block() && !made.call.has_deadline();
        } else {
            let late = LateReturn {
                step: made.step,
                of,
                came: step,
                outcome: outcome.clone(),
            };
            self.statements.push(Statement::Late(late));
        }
    }
}

/// A step without a command that took less was no pause.
const PAUSE: Duration = Duration::from_millis(200);

/// The part of a command that no program of sockets can carry out, and whose host, process or connection it changes; none when it leads
/// to calls, or to nothing.
fn absent(command: &Command) -> Option<(String, Option<Side>)> {
    let (side, command) = match command {
        Command::Wire(command) => return Some((format!("on the wire: {}", safe(&command.to_string())), None)),
        Command::Screen(_) | Command::Write(_) => return None,
        Command::End(side, command) => (*side, command),
    };
    let what = match command {
        EndCommand::Call { .. } | EndCommand::Use(_) => return None,
        // Whether it kills is seen when it does.
        EndCommand::Sigpipe(_) => return Some((format!("in the {side}'s process only: {command}"), None)),
        EndCommand::Interrupt(_) => format!("a signal interrupts the {side}'s call"),
        EndCommand::Kill => format!("the {side}'s process is killed"),
        EndCommand::Runtime(_) => format!("from its next start on another language drives the {side}: {command}"),
        EndCommand::Restart => format!("the {side}'s process is restarted"),
        EndCommand::Destroy(_) => format!("the administrator destroys the {side}'s connection"),
        EndCommand::Host(..)
        | EndCommand::Run(_)
        | EndCommand::Signal(..)
        | EndCommand::KillProgram(_)
        | EndCommand::RestartProgram(_)
        | EndCommand::Await(_) => format!("on the {side}'s host: {command}"),
    };
    Some((what, Some(side)))
}

/// The setting that a command changes, where it is a sysctl.
fn sysctl(command: &Command, at: Duration) -> Option<Sysctl> {
    let Command::End(side, EndCommand::Host(setting, value)) = command else {
        return None;
    };
    let assignment = format!("{}={}", setting.sysctl()?, value.to_sysctl());
    let side = *side;
    Some(Sysctl { side, assignment, at })
}
