//! Recording: what a user did becomes a scenario: each command a step, what came of it its expectations.

use std::collections::HashSet;
use std::fmt::Write;

use super::observation::{CommandResult, SocketSnapshot};
use super::returns::Returns;
use crate::call::{CallId, SocketName};
use crate::command::programs::{AwaitRequest, AwaitedEvent};
use crate::command::wire::{ModeChoice, WireCommand};
use crate::command::{Command, EndCommand};
use crate::lab::event::Death;
use crate::runtime::Runtime;
use crate::session::lineup::FirstProgram;
use crate::session::progress::outcome;
use crate::session::transcript::EntryKind;
use crate::session::view::HeldBy;
use crate::session::{LabKind, Session, socket_of};
use crate::side::{Ends, Side};
use crate::state::State;

/// The most sockets of an end's programs that a step expects something of: those of a load generator are others in each run.
const MOST_OF_PROGRAMS: usize = 32;

/// The commands of a run, each with what came of it.
#[derive(Debug, Default)]
pub struct Recorder {
    done: Vec<String>,
    open: Option<Open>,
    /// Calls that were blocked when their step was over, on which socket.
    blocked: Vec<(Side, SocketName, CallId)>,
    wired: bool,
}

/// The last command, of which more may come.
#[derive(Debug)]
struct Open {
    command: Command,
    root: Option<CallId>,
    since: u64,
}

/// A text as TOML has it: a basic string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

impl Recorder {
    /// The user has given a command, which the session took; `before` is the last entry of the transcript before it.
    pub fn issued(&mut self, session: &Session, command: &Command, root: Option<CallId>, before: u64) {
        self.settle(session);
        self.wired |= command.needs_isolated().is_some();
        self.open = Some(Open {
            command: command.clone(),
            root,
            since: before,
        });
    }

    /// Nothing more comes of the last command: it is written down with what can be seen now.
    pub fn settle(&mut self, session: &Session) {
        let Some(open) = self.open.take() else { return };
        let mut text = String::from("[[step]]\n");
        // A toggle is written down as what it came to.
        let words = match open.command {
            Command::Wire(WireCommand::Mode(ModeChoice::Next | ModeChoice::Slow(None))) => {
                format!("wire {}", WireCommand::Mode(session.wire.mode.into()))
            }
            _ => open.command.to_string(),
        };
        let (who, what) = words.split_once(' ').unwrap_or((&words, ""));
        let _ = writeln!(text, "{who} = {}", quoted(what));
        if let (Command::End(side, _), Some(root)) = (&open.command, open.root) {
            let returned = outcome(session, *side, root, open.since);
            if let Some(returns) = Returns::of(&returned) {
                let _ = writeln!(text, "returns = {}", quoted(&returns.to_string()));
            }
            if returned == CommandResult::Blocked {
                let pending = session.ends[*side].pending.iter().find(|pending| pending.root == root);
                let socket = pending.and_then(|pending| socket_of(&pending.order)).cloned();
                self.blocked.extend(socket.map(|socket| (*side, socket, root)));
            }
        }
        // What was blocked before, and has returned since.
        let mut later: Vec<(SocketName, String)> = Vec::new();
        self.blocked.retain(|(side, socket, root)| {
            let is_new = open.root == Some(*root);
            if is_new || session.busy(*side, *root) {
                return true;
            }
            let returned = outcome(session, *side, *root, open.since);
            let returns = Returns::of(&returned).map(|returns| quoted(&returns.to_string()));
            // Of several on one socket, a file speaks of the oldest.
            if later.iter().all(|(known, _)| known != socket) {
                later.extend(returns.map(|returns| (socket.clone(), returns)));
            }
            false
        });
        if !later.is_empty() {
            let later: Vec<String> = later
                .iter()
                .map(|(socket, returns)| format!("{socket} = {returns}"))
                .collect();
            let _ = writeln!(text, "later = {{ {} }}", later.join(", "));
        }
        // How a program ended that was waited for.
        if let Command::End(
            side,
            EndCommand::Await(AwaitRequest {
                what: AwaitedEvent::Exit(name),
                ..
            }),
        ) = &open.command
            && let Ok(program) = session.programs.meant(*side, name.as_ref(), |_| true)
            && let Some(how) = program.exited()
        {
            let how = match how {
                Death::Exited(status) => status.to_string(),
                Death::Signal(_) => quoted(&how.to_string()),
            };
            let _ = writeln!(text, "exits = {{ \"{}\" = {how} }}", program.name);
        }
        let states = states(session);
        if !states.is_empty() {
            let _ = writeln!(text, "states = {{ {} }}", states.join(", "));
        }
        self.done.push(text);
    }

    /// The number of commands given.
    pub fn len(&self) -> usize {
        self.done.len() + usize::from(self.open.is_some())
    }

    /// Returns whether none was given.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of it as a scenario's file.
    pub fn file(&mut self, session: &Session, title: &str) -> String {
        self.settle(session);
        let lab = match session.lab.kind {
            LabKind::Isolated if self.wired || !session.programs.all().is_empty() => "isolated",
            LabKind::Isolated | LabKind::Loopback(_) => "any",
        };
        let mut text = format!(
            "title   = {}\nsummary = \"What was done by hand, with what came of it.\"\ngroup   = \"connect\"\nlab     = \"{lab}\"\n",
            quoted(title)
        );
        if session.lab.addresses[Side::Client].is_ipv6() {
            text.push_str("ipv6    = true\n");
        }
        if session.lab.offload {
            text.push_str("offload = true\n");
        }
        text.push_str(&driven(session));
        for step in &self.done {
            text.push('\n');
            text.push_str(step);
        }
        text
    }
}

/// Returns the drivers of the ends, and the programs that the run began with: nothing where that were raw calls alone. A command of the
/// user's own that speaks the endpoint protocol is no business of a file's.
fn driven(session: &Session) -> String {
    let (mut runtimes, mut commands) = (Vec::new(), String::new());
    for (side, end) in session.ends.iter() {
        let programs = session.first_programs()[side].iter().map(program);
        let mut drives: Vec<String> = programs.collect();
        let runtime = first_runtime(session, side).or(end.runtime.as_deref());
        let named = runtime.and_then(Runtime::named);
        drives.extend(
            named
                .filter(|runtime| *runtime != Runtime::Native)
                .map(|runtime| quoted(runtime.name())),
        );
        match drives.as_slice() {
            [] => {}
            [one] => runtimes.push(format!("{side} = {one}")),
            several => runtimes.push(format!("{side} = [{}]", several.join(", "))),
        }
        match (runtime, named) {
            (None, _) | (_, Some(_)) => {}
            (Some(_), None) => {
                let _ = writeln!(
                    commands,
                    "# The {side} was driven by a command of the user's own: --{side}-command."
                );
            }
        }
    }
    match runtimes.as_slice() {
        [] => commands,
        runtimes => format!(
            "driven  = {{ {} }}
{commands}",
            runtimes.join(", ")
        ),
    }
}

/// A program that the run began with, as a file has it.
fn program(program: &FirstProgram) -> String {
    let FirstProgram { spec, ready } = program;
    let table = |pairs: &[(String, String)]| {
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{} = {}", quoted(name), quoted(value)))
            .collect();
        (!pairs.is_empty()).then(|| format!("{{ {} }}", pairs.join(", ")))
    };
    let parts = [
        ("run", Some(quoted(&spec.run))),
        ("ready", ready.as_ref().map(|ready| quoted(&ready.to_string()))),
        ("env", table(&spec.env)),
        ("cwd", spec.cwd.as_ref().map(|cwd| quoted(&cwd.to_string_lossy()))),
        ("files", table(&spec.files)),
        ("stdin", spec.stdin.as_deref().map(quoted)),
        ("terminal", spec.terminal.then(|| "true".to_owned())),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter_map(|(key, value)| Some(format!("{key} = {}", value?)))
        .collect();
    format!("{{ {} }}", parts.join(", "))
}

/// The runtime that an end began with: a step of the run may have changed it. None where that is no longer in the transcript.
fn first_runtime(session: &Session, side: Side) -> Option<&str> {
    session.transcript.entries().iter().find_map(|entry| match &entry.what {
        EntryKind::Born(born) if born.side == side => Some(born.runtime.as_str()),
        _ => None,
    })
}

/// The states of the sockets that have a name, as a scenario would expect them; of an end whose programs have had many, those of its endpoint.
fn states(session: &Session) -> Vec<String> {
    let all = Ends::from_fn(|side| {
        let views = match session.program_socket_count(side) {
            ..=MOST_OF_PROGRAMS => session.sockets(side),
            _ => session.endpoint_sockets(side),
        };
        views.iter().map(SocketSnapshot::of).collect::<Vec<_>>()
    });
    let names = Ends::from_fn(|side| {
        all[side]
            .iter()
            .filter_map(|one| one.name.as_ref())
            .collect::<HashSet<_>>()
    });
    let mut states = Vec::new();
    for (side, snapshot) in all
        .iter()
        .flat_map(|(side, all)| all.iter().map(move |one| (side, one)))
    {
        let Some(name) = &snapshot.name else { continue };
        let who = if names[side.other()].contains(name) {
            format!("\"{side}:{name}\"")
        } else {
            name.to_string()
        };
        let state = snapshot.state.map_or("none", State::name);
        let orphan = if snapshot.held == HeldBy::Orphan { " orphan" } else { "" };
        states.push(format!("{who} = \"{state}{orphan}\""));
    }
    states
}
