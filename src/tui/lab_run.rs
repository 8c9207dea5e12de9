//! A lab's run: the session, what is recorded of it, and the guide through it, if there is one.

use std::sync::Arc;

use crate::clock::MonoTime;
use crate::command::wire::WireCommand;
use crate::command::{Command, EndCommand};
use crate::lab::event::{LabEvent, LabRequest, TimedEvent};
use crate::recording::Replay;
use crate::scenario::Scenario;
use crate::scenario::record::Recorder;
use crate::session::{CommandError, IssuedCommand, Session};
use crate::side::Side;
use crate::tui::tour::Tour;

/// A lab's run.
#[derive(Debug)]
pub struct LabRun {
    /// The state of the lab, as far as it is known.
    pub session: Session,
    /// The scenario that the user is guided through.
    pub tour: Option<Tour>,
    /// The recording that is shown, where no lab is.
    pub replay: Option<Replay>,
    recorder: Recorder,
}

impl LabRun {
    /// A run that begins, without a guide.
    pub fn new(session: Session) -> LabRun {
        LabRun {
            session,
            tour: None,
            replay: None,
            recorder: Recorder::default(),
        }
    }

    /// Goes on in a fresh lab, with the same guide.
    pub fn restart(&mut self, session: Session) {
        self.session = session;
        self.recorder = Recorder::default();
    }

    /// Begins a guide; a fresh lab that is as the scenario needs it comes next.
    pub fn guide(&mut self, scenario: Arc<Scenario>) {
        self.tour = Some(Tour::new(scenario));
    }

    /// Takes in what happened in the lab; returns what the session asks of it.
    pub fn absorb(&mut self, event: TimedEvent) -> Vec<LabRequest> {
        let quiet = event.what == LabEvent::Quiet;
        let requests = self.session.absorb(event);
        if let Some(tour) = &mut self.tour {
            tour.hear(quiet);
        }
        requests
    }

    /// Has the guide go on as far as it can; returns what it asks of the lab.
    pub fn go_on(&mut self, now: MonoTime) -> Vec<LabRequest> {
        match &mut self.tour {
            Some(tour) => tour.go_on(&mut self.session, &mut self.recorder, now),
            None => Vec::new(),
        }
    }

    /// Has an end carry out a command, and records it.
    ///
    /// # Errors
    ///
    /// The refusal of the session.
    pub fn command(&mut self, side: Side, command: &EndCommand, now: MonoTime) -> Result<IssuedCommand, CommandError> {
        // What came of the command before is what can be seen now.
        self.recorder.settle(&self.session);
        let before = self.session.transcript.last();
        let issued = self.session.command(side, command, now)?;
        let command = Command::End(side, command.clone());
        self.recorder.issued(&self.session, &command, issued.root, before);
        Ok(issued)
    }

    /// Has the wire carry out a command, and records it.
    ///
    /// # Errors
    ///
    /// The refusal of the session.
    pub fn wire(&mut self, command: WireCommand) -> Result<IssuedCommand, CommandError> {
        self.recorder.settle(&self.session);
        let before = self.session.transcript.last();
        let issued = self.session.wire(&command)?;
        self.recorder
            .issued(&self.session, &Command::Wire(command), None, before);
        Ok(issued)
    }

    /// Returns how many commands were given so far.
    pub fn commands(&self) -> usize {
        self.recorder.len()
    }

    /// Returns what was done so far, as a scenario's file; none when nothing was.
    pub fn record(&mut self) -> Option<String> {
        let recorded = !self.recorder.is_empty();
        recorded.then(|| self.recorder.file(&self.session, "Recorded by hand"))
    }
}
