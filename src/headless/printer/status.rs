//! The sockets and programs as they are after a command.

use serde::Serialize;

use crate::clock::MonoTime;
use crate::lab::event::Death;
use crate::program::{ProgramNo, SocketOwner};
use crate::session::programs::Program;
use crate::session::view::SocketView;
use crate::side::Side;
use crate::socket_table::TimerKind;

/// A socket as it is after a command.
#[derive(Serialize)]
pub(super) struct SocketStatus {
    socket: Option<String>,
    fd: Option<i32>,
    state: &'static str,
    held: &'static str,
    /// The process of a program that holds it, or held it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<SocketOwner>,
    local: Option<String>,
    peer: Option<String>,
    rx_queue: u32,
    tx_queue: u32,
    timer: Option<Countdown>,
    retransmits: u32,
    /// The reason why the sources of its state differ, where they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    differs: Option<String>,
}

/// A timer of the kernel that runs.
#[derive(Serialize)]
struct Countdown {
    kind: TimerKind,
    left_s: f64,
}

impl SocketStatus {
    /// A socket as it is at `now`, its host's table having been read at `table_at`.
    pub(super) fn of(view: &SocketView<'_>, table_at: MonoTime, now: MonoTime) -> SocketStatus {
        SocketStatus {
            socket: view.name.map(ToString::to_string),
            fd: view.fd,
            state: view.state().name(),
            held: view.held.words(),
            owner: view.owner.cloned(),
            local: view.row.map(|observed| observed.row.tuple.local.to_string()),
            peer: view.row.map(|observed| observed.row.tuple.peer.to_string()),
            rx_queue: view.row.map_or(0, |observed| observed.row.rx_queue),
            tx_queue: view.row.map_or(0, |observed| observed.row.tx_queue),
            timer: view.timer(table_at, now).map(|(kind, left)| Countdown {
                kind,
                left_s: (left.as_secs_f64() * 1e3).round() / 1e3,
            }),
            retransmits: view.row.map_or(0, |observed| observed.row.retransmits),
            differs: view.disagreement(),
        }
    }

    pub(super) fn text(&self) -> String {
        let name = match (&self.socket, &self.peer) {
            (Some(name), _) => name.clone(),
            // As in the queue of a listener: its peer tells it from others.
            (None, Some(peer)) => format!("from {peer}"),
            (None, None) => "without a name".to_owned(),
        };
        let held = if self.held == "open" {
            String::new()
        } else {
            format!(" ({})", self.held)
        };
        let owner = self
            .owner
            .as_ref()
            .map_or_else(String::new, |owner| format!(" by {owner}"));
        format!("{name} {}{owner}{held}", self.state)
    }
}

/// A program as it is after a command.
#[derive(Serialize)]
pub(super) struct ProgramStatus<'a> {
    side: Side,
    program: ProgramNo,
    name: &'a str,
    command: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    /// `runs, pid 4711`, `exited with status 56`
    now: String,
    runs: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    exited: Option<Death>,
}

impl<'a> ProgramStatus<'a> {
    pub(super) fn of(program: &'a Program) -> ProgramStatus<'a> {
        ProgramStatus {
            side: program.side,
            program: program.no,
            name: program.name.as_str(),
            command: &program.spec.run,
            pid: program.pid(),
            now: program.words(),
            runs: program.is_alive(),
            exited: program.exited(),
        }
    }
}
