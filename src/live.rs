//! A session and the lab that it is about, for owners without a screen: requests go out, events come in, one at a time.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Instant;

use crate::lab::event::LabRequest;
use crate::lab::{Batch, LocalLab as Lab, PROCESS_PATIENCE, Quiet};
use crate::session::{ProcessState, Session};

/// Inputs that its owner waits for.
#[derive(Debug)]
pub enum Input {
    /// Something happened in the lab.
    Events(Batch),
    /// A command came on standard input; none when that has ended.
    Line(io::Result<Option<InputLine>>),
    /// The lab's thread is gone.
    Gone,
}

/// A command that was read, and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputLine {
    /// The line's bytes, which are not always text.
    pub bytes: Vec<u8>,
    /// `command 2`, `line 7`: for complaints.
    pub place: String,
}

/// The lab's sink: hands on what happens, and says when there will be no more.
pub struct EventSink(Sender<Input>);

impl EventSink {
    /// Into `inputs`.
    pub const fn new(inputs: Sender<Input>) -> EventSink {
        EventSink(inputs)
    }

    /// Hands on what happened. An owner that is gone does not want it.
    pub fn send(&self, batch: Batch) {
        let _ = self.0.send(Input::Events(batch));
    }
}

impl Drop for EventSink {
    fn drop(&mut self) {
        let _ = self.0.send(Input::Gone);
    }
}

/// A session and its lab.
pub struct Live<'a> {
    /// The session.
    pub session: Session,
    lab: &'a Lab,
    inbox: Receiver<Input>,
    /// The lab said that it is quiet, and nothing has happened since.
    pub quiet: Quiet,
}

/// The input that came while waiting.
#[derive(Debug)]
pub enum WaitOutcome {
    /// Events, which the session has absorbed.
    Event,
    /// A line of standard input, or its end.
    Line(io::Result<Option<InputLine>>),
    /// No event, and the time is up.
    Nothing,
}

impl<'a> Live<'a> {
    /// Drives a lab whose events come to `inbox`.
    pub fn new(session: Session, lab: &'a Lab, inbox: Receiver<Input>) -> Self {
        Live {
            session,
            lab,
            inbox,
            quiet: Quiet::default(),
        }
    }

    /// Hands requests to the lab, which is not quiet then until it says so; without any, nothing is asked and nothing stirs.
    pub fn send(&mut self, requests: Vec<LabRequest>) {
        self.quiet.sent(requests.len());
        for request in requests {
            self.lab.send(request);
        }
    }

    /// Takes in what comes next, until `deadline` at the longest; without one, however long it takes.
    ///
    /// # Errors
    ///
    /// The lab's thread is gone.
    pub fn take(&mut self, deadline: Option<Instant>) -> io::Result<WaitOutcome> {
        let input = match deadline {
            None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(deadline) => self
                .inbox
                .recv_timeout(deadline.saturating_duration_since(Instant::now())),
        };
        match input {
            Ok(Input::Events(batch)) => {
                for event in batch {
                    self.quiet.saw(&event.what);
                    for request in self.session.absorb(event) {
                        self.lab.send(request);
                    }
                }
                Ok(WaitOutcome::Event)
            }
            Ok(Input::Line(line)) => Ok(WaitOutcome::Line(line)),
            Err(RecvTimeoutError::Timeout) => Ok(WaitOutcome::Nothing),
            Ok(Input::Gone) | Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("the lab's thread is gone")),
        }
    }

    /// The end that did not come up, once none is starting any more.
    pub fn started(&self) -> Option<Result<(), String>> {
        let ends = &self.session.ends;
        if ends
            .iter()
            .any(|(_, end)| matches!(end.process, ProcessState::Starting { .. }))
        {
            return None;
        }
        let dead = ends
            .iter()
            .find(|(_, end)| !matches!(end.process, ProcessState::Running { .. }));
        Some(dead.map_or(Ok(()), |(side, end)| Err(not_up(side, &end.process))))
    }

    /// Waits until both endpoints are up.
    ///
    /// # Errors
    ///
    /// The lab's thread is gone. The inner error is one sentence about the endpoint that is not up.
    pub fn start(&mut self) -> io::Result<Result<(), String>> {
        let deadline = Instant::now() + PROCESS_PATIENCE;
        loop {
            if let Some(started) = self.started() {
                return Ok(started);
            }
            if let WaitOutcome::Nothing = self.take(Some(deadline))? {
                let mut ends = self.session.ends.iter();
                let late = ends.find(|(_, end)| matches!(end.process, ProcessState::Starting { .. }));
                return Ok(late.map_or(Ok(()), |(side, end)| Err(not_up(side, &end.process))));
            }
        }
    }
}

fn not_up(side: crate::side::Side, process: &ProcessState) -> String {
    let why = match process {
        ProcessState::Dead { how, .. } => format!("its process is gone: {how}"),
        ProcessState::Starting { .. } | ProcessState::Running { .. } => {
            let patience = PROCESS_PATIENCE.as_secs();
            format!("it sent no hello within {patience} s")
        }
    };
    format!("the {side} endpoint did not come up: {why}")
}
