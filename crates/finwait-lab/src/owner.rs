//! The owner of a lab's namespaces: a process with one thread when it begins, for programs that have many (a user namespace is only
//! open to a process with one, `unshare(2)`).
//!
//! Standard input and output are one socket. In: a line with a [`LabSpec`], then a line for each [`LabRequest`]. Out: a line with a
//! [`Greeting`], then a line for each [`TimedEvent`](crate::event::TimedEvent). The end of the input ends the lab: also when the
//! other process was killed.

use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::event::LabRequest;
use crate::event_queue::Batch;
use crate::facts::LabFacts;
use crate::local::{LabMode, LocalLab, Options};
use crate::role::THIS_PROGRAM;
use finwait_model::side::Ends;

/// The lab that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabSpec {
    /// The kind of lab.
    pub mode: LabMode,
    /// IPv6 rather than IPv4.
    pub ipv6: bool,
    /// Do the isolated hosts leave checksums and the cutting into segments to their devices?
    pub offload: bool,
    /// The isolated hosts' addresses; the lab's own choice when absent.
    pub addresses: Option<Ends<IpAddr>>,
}

/// The first line from the owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Greeting {
    /// The lab is there; its endpoints are coming up.
    Started(Box<LabFacts>),
    /// The isolated lab is not available, and why.
    NoIsolatedLab(String),
    /// Something else failed.
    Failed(String),
}

/// Builds the lab and serves it until its user is gone.
pub fn run() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("finwait-lab: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> io::Result<()> {
    let mut lines = BufReader::new(io::stdin()).lines();
    let Some(spec) = lines.next().transpose()? else {
        return Ok(());
    };
    let spec: LabSpec = serde_json::from_str(&spec)?;
    let output = Arc::new(Output::new(File::from(io::stdout().as_fd().try_clone_to_owned()?)));
    let sink = EventWriter(Arc::clone(&output));
    let options = Options {
        addresses: spec.addresses,
        offload: spec.offload,
        ..Options::native(spec.mode, spec.ipv6, THIS_PROGRAM.into())
    };
    let (greeting, lab) = match LocalLab::start(&options, move |batch| sink.write(batch)) {
        Ok((lab, facts)) => (Greeting::Started(Box::new(facts)), Some(lab)),
        Err(Error::NoIsolatedLab { why }) => (Greeting::NoIsolatedLab(why), None),
        // The rest of its sentence is about finwait's flags.
        Err(Error::NoIpv6 { why }) => (Greeting::Failed(format!("IPv6 is not available here: {why}")), None),
        Err(error) => (Greeting::Failed(error.to_string()), None),
    };
    output.greet(&greeting)?;
    let Some(lab) = lab else { return Ok(()) };
    for line in lines {
        lab.send(serde_json::from_str::<LabRequest>(&line?)?);
    }
    Ok(())
}

/// The lines to the lab's user.
struct Output(Mutex<OutputState>);

struct OutputState {
    socket: File,
    /// Events that came before the greeting was written; none afterwards.
    early: Option<Vec<u8>>,
    /// Whether there will be no more events.
    over: bool,
}

impl Output {
    const fn new(socket: File) -> Output {
        Output(Mutex::new(OutputState {
            socket,
            early: Some(Vec::new()),
            over: false,
        }))
    }

    fn state(&self) -> MutexGuard<'_, OutputState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the greeting, and the events that waited for it.
    fn greet(&self, greeting: &Greeting) -> io::Result<()> {
        let mut lines = serde_json::to_vec(greeting)?;
        lines.push(b'\n');
        let mut state = self.state();
        lines.extend(state.early.take().unwrap_or_default());
        state.socket.write_all(&lines)?;
        state.end();
        Ok(())
    }
}

impl OutputState {
    /// Ends the conversation, once there will be no more events: also for the loop that reads requests.
    fn end(&self) {
        if self.over && self.early.is_none() {
            let _ = rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both);
        }
    }
}

/// The lab's sink: writes events as lines. A user that is gone does not want them.
struct EventWriter(Arc<Output>);

impl EventWriter {
    fn write(&self, batch: Batch) {
        let mut lines = Vec::new();
        for event in batch {
            // Events have no maps with keys that are not text, the one thing that JSON cannot take.
            if serde_json::to_writer(&mut lines, &event).is_ok() {
                lines.push(b'\n');
            }
        }
        let mut state = self.0.state();
        match &mut state.early {
            Some(early) => early.extend(lines),
            None => drop(state.socket.write_all(&lines)),
        }
    }
}

impl Drop for EventWriter {
    /// The lab's thread is gone.
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.over = true;
        state.end();
    }
}
