//! A program of the test's own on a host of the lab.

use std::fmt;
use std::time::Duration;

use super::host::Host;
use super::view::View;
use crate::error::{Error, Result};
use crate::event::{Death, LabRequest};
use finwait_model::program::{ProgramNo, ProgramSpec};
use finwait_model::state::State;

/// An unmodified program that runs on a host, beside its endpoint: nginx, curl, what is under test.
///
/// The program has the host's network and no other, knows the hosts as `client` and `server`, and may listen on any port. It ends with the
/// lab, and so do all processes that it has started; dropping this does not end it.
#[derive(Clone)]
pub struct Program {
    host: Host,
    no: ProgramNo,
    pid: u32,
    command: String,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on the {}, process {}", self.command, self.host.side(), self.pid)
    }
}

impl Program {
    /// Starts one, and waits until it runs.
    pub(super) fn start(host: &Host, spec: ProgramSpec) -> Result<Program> {
        let (remote, side) = (host.remote(), host.side());
        let no = remote.next_program();
        let command = spec.run.clone();
        remote.send(&LabRequest::Run(side, no, spec))?;
        let started = |view: &View| view.program(no)?.started.clone();
        let started = remote.wait(remote.patience, || format!("{command} to start on the {side}"), started)?;
        let pid = started.map_err(|why| Error::NoProgram { side, why })?;
        Ok(Program {
            host: host.clone(),
            no,
            pid,
            command,
        })
    }

    /// Returns the number of its first process.
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Returns the lines that it has written so far, to standard output and standard error, the oldest first; 4,096 at the most.
    pub fn output(&self) -> Vec<String> {
        let lines = |view: &View| {
            let lines = view.program(self.no)?.lines.iter();
            Some(lines.map(|line| line.to_string()).collect())
        };
        self.host.remote().look(lines).unwrap_or_default()
    }

    /// Returns how its first process has ended; none while it runs.
    pub fn ended(&self) -> Option<Death> {
        self.host.remote().look(|view| view.program(self.no)?.ended)
    }

    /// Waits until its first process has ended, for the lab's patience, and returns how.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] when it still runs then.
    pub fn wait(&self) -> Result<Death> {
        self.wait_for(self.host.remote().patience)
    }

    /// Waits until its first process has ended, for so long, and returns how.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] when it still runs then.
    pub fn wait_for(&self, time: Duration) -> Result<Death> {
        let ended = |view: &View| view.program(self.no)?.ended;
        self.host.remote().wait(time, || format!("{self:?} to end"), ended)
    }

    /// Waits until it has written a line with that text, and returns the line.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] when it has not within the lab's patience.
    pub fn wait_for_line(&self, text: &str) -> Result<String> {
        let remote = self.host.remote();
        let found = |view: &View| {
            let mut lines = view.program(self.no)?.lines.iter();
            lines.find(|line| line.contains(text)).map(|line| line.to_string())
        };
        remote.wait(remote.patience, || format!("{self:?} to write {text:?}"), found)
    }

    /// Waits until something listens on that port of its host.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] when nothing does within the lab's patience.
    pub fn wait_for_listener(&self, port: u16) -> Result<()> {
        let (remote, side) = (self.host.remote(), self.host.side());
        let listens = |view: &View| {
            let mut rows = view.sockets(side).iter().map(|observed| &observed.row);
            let found = rows.any(|row| row.state == State::Listen && row.tuple.local.port() == port);
            found.then_some(())
        };
        remote.wait(
            remote.patience,
            || format!("{self:?} to listen on port {port}"),
            listens,
        )
    }

    /// Sends its first process a signal, by its number (`libc::SIGTERM`).
    ///
    /// # Errors
    ///
    /// [`Error::Gone`] without a lab.
    pub fn signal(&self, signal: i32) -> Result<()> {
        self.host.remote().send(&LabRequest::Signal(self.no, signal))
    }

    /// Kills all of its processes, and waits until the first has ended.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] when it has not within the lab's patience.
    pub fn end(&self) -> Result<Death> {
        if self.ended().is_none() {
            self.host.remote().send(&LabRequest::EndProgram(self.no))?;
        }
        self.wait()
    }
}
