//! The labs behind the screen: the one that it shows, a fresh one in its place, and the two of a lesson side by side.

use std::sync::Arc;
use std::thread;

use super::app::App;
use super::lab_spec::LabSpec;
use super::theme::Theme;
use super::{Message, Sender};
use crate::clock::MonoTime;
use crate::error::{Operation, Result};
use crate::lab::event::LabRequest;
use crate::lab::{Batch, LocalLab as Lab, Options};
use crate::recording::RecordingFile;
use crate::scenario::Scenario;
use crate::scenario::lesson::{Column, SideBySide};
use crate::session::Session;

/// Makes a lab, and its session, which began before it; what happens in it goes to the sink.
pub type MakeLab<'a> = dyn Fn(LabSpec, Sink) -> Result<(Lab, Session)> + 'a;
/// Takes in what happens in a lab.
pub type Sink = Box<dyn Fn(Batch) + Send>;

/// The end of a sentence that says why there is no new lab.
pub(super) const STAYS: &str = "the lab stays as it is";

/// The source of labs behind a screen, unless it shows a recording.
pub struct LabSource<'a> {
    /// The first lab.
    pub lab: Lab,
    /// Makes others, when a tour wants a fresh one.
    pub make: &'a MakeLab<'a>,
    /// The options for runs beside it.
    pub options: &'a Options,
    /// The recording that keeps the run.
    pub record: Option<&'a RecordingFile>,
}

/// Makes the first lab, and a screen of it; with a guide through that scenario. Before [`run`](super::run), and before the program has a
/// second thread (see [`Lab::start`]).
///
/// # Errors
///
/// The lab did not start.
pub fn first_lab(make: &MakeLab, tour: Option<Arc<Scenario>>, sender: &Sender) -> Result<(Lab, App)> {
    let fresh = tour.as_deref().map_or_else(LabSpec::default, LabSpec::of);
    let (lab, session) = lab_of(make, fresh, 0, sender)?;
    let mut app = App::new(session, Theme::COLOURED);
    if let Some(scenario) = tour {
        app.begin(scenario);
    }
    Ok((lab, app))
}

/// Makes a lab whose events carry the number of its turn: what an earlier one still says is not mistaken for its words.
fn lab_of(make: &MakeLab, fresh: LabSpec, turn: u32, sender: &Sender) -> Result<(Lab, Session)> {
    let events = sender.clone();
    // Events outlive nobody: a screen that is gone does not want them.
    let sink = move |batch: Batch| {
        events.stream(Message::Lab(turn, batch.into_iter()));
    };
    make(fresh, Box::new(sink))
}

/// A fresh lab that is wanted in the place of the one that runs.
#[derive(Clone, Debug)]
pub struct Renewal {
    /// The lab.
    pub(super) lab: LabSpec,
    /// The file into which what was done was written before.
    pub(super) written: Option<String>,
}

/// The labs of a lesson that has two.
struct LabPair {
    /// The labs, the left one first, each with its turn.
    labs: [(u32, Lab); 2],
}

impl LabPair {
    /// Makes both; `made` counts the labs.
    fn make(make: &MakeLab, lesson: &SideBySide, made: &mut u32, sender: &Sender) -> Result<(LabPair, [Session; 2])> {
        let mut one = |column: &Column| -> Result<((u32, Lab), Session)> {
            *made += 1;
            let (lab, session) = lab_of(make, LabSpec::beside(&column.scenario), *made, sender)?;
            Ok(((*made, lab), session))
        };
        let [left, right] = &lesson.columns;
        let ((left, left_session), (right, right_session)) = (one(left)?, one(right)?);
        let pair = LabPair { labs: [left, right] };
        Ok((pair, [left_session, right_session]))
    }
}

/// A lab whose events the screen takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LabPlace {
    /// The one that the panes show.
    Shown,
    /// The one of that column of a lesson of two labs.
    Column(usize),
}

/// All labs of a screen. Each has a turn, a number that no other lab has.
pub(super) struct Labs<'a> {
    /// Makes labs; none behind a recording.
    source: Option<LabSource<'a>>,
    /// The labs of a lesson that has two.
    beside: Option<LabPair>,
    /// The number of labs that were made after the first.
    made: u32,
    /// The turn of the lab that the panes show.
    shown: u32,
    sender: Sender,
}

impl<'a> Labs<'a> {
    pub(super) const fn new(source: Option<LabSource<'a>>, sender: Sender) -> Labs<'a> {
        Labs {
            source,
            beside: None,
            made: 0,
            shown: 0,
            sender,
        }
    }

    /// Returns whether the screen shows a lab, and not a recording.
    pub(super) const fn is_live(&self) -> bool {
        self.source.is_some()
    }

    /// Returns the options for runs beside the lab; none behind a recording.
    pub(super) fn options(&self) -> Option<&'a Options> {
        self.source.as_ref().map(|source| source.options)
    }

    /// Returns the recording that keeps the run.
    pub(super) fn record(&self) -> Option<&'a RecordingFile> {
        self.source.as_ref().and_then(|source| source.record)
    }

    /// Returns which lab has that turn; none where it is over.
    pub(super) fn place(&self, turn: u32) -> Option<LabPlace> {
        if self.is_shown(turn) {
            return Some(LabPlace::Shown);
        }
        let labs = &self.beside.as_ref()?.labs;
        let column = labs.iter().position(|(of, _)| *of == turn)?;
        Some(LabPlace::Column(column))
    }

    /// Returns whether the panes show the lab of that turn.
    pub(super) const fn is_shown(&self, turn: u32) -> bool {
        turn == self.shown
    }

    /// Sends a request to the lab that is shown.
    pub(super) fn send(&self, request: LabRequest) {
        if let Some(source) = &self.source {
            source.lab.send(request);
        }
    }

    /// Sends a request to a lab of a lesson that has two.
    pub(super) fn send_beside(&self, column: usize, request: LabRequest) {
        if let Some((_, lab)) = self.beside.as_ref().and_then(|pair| pair.labs.get(column)) {
            lab.send(request);
        }
    }

    /// Makes the labs of a lesson that has two, and shows them from the step of that number on.
    pub(super) fn open_beside(&mut self, app: &mut App, lesson: Arc<SideBySide>, steps: usize) {
        let Some(source) = &self.source else { return };
        // What was there before ends first: its names and memory are free then.
        self.beside = None;
        match LabPair::make(source.make, &lesson, &mut self.made, &self.sender) {
            Ok((pair, sessions)) => {
                self.beside = Some(pair);
                app.open_beside(lesson, sessions, steps);
            }
            Err(error) => app.refuse_beside(error.to_string()),
        }
    }

    /// Ends the labs of a lesson that has two.
    pub(super) fn end_beside(&mut self) {
        self.beside = None;
    }

    /// Renews the lab at once, or as soon as a thread has made its runtimes ready; returns when the new run began, where it has.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::lab::Error::Os) where the thread could not be started.
    pub(super) fn begin_renewal(&mut self, app: &mut App, renewal: Renewal) -> Result<Option<MonoTime>> {
        let Some(source) = &self.source else { return Ok(None) };
        if !renewal.lab.may_compile() {
            return Ok(self.renew(app, renewal));
        }
        app.say("the runtimes of the new lab are made ready, and this one goes on until then ...".into());
        prepare(source.options.clone(), renewal, self.shown, self.sender.clone())?;
        Ok(None)
    }

    /// Puts a fresh lab in the place of the one that runs; returns when its run began. Without one, that goes on, and the screen says
    /// why; the turn is the old one then.
    pub(super) fn renew(&mut self, app: &mut App, renewal: Renewal) -> Option<MonoTime> {
        let source = self.source.as_mut()?;
        let Renewal { lab: fresh, written } = renewal;
        self.made += 1;
        let chosen = fresh.chosen;
        match lab_of(source.make, fresh, self.made, &self.sender) {
            Ok((next, session)) => {
                // The old lab ends here, and its processes with it.
                source.lab = next;
                self.shown = self.made;
                let began = session.transcript.began();
                match chosen {
                    Some(_) => app.begin_anew(session, written.as_deref()),
                    None => {
                        app.restart(session);
                        if let Some(file) = written {
                            app.say(format!("what was done before is in {file}"));
                        }
                    }
                }
                Some(began)
            }
            Err(error) => {
                match chosen {
                    Some(_) => app.say(format!("{error}; {STAYS}")),
                    None => app.refuse(error.to_string()),
                }
                None
            }
        }
    }
}

/// Has a thread make the runtimes of a lab ready, and tell.
fn prepare(options: Options, renewal: Renewal, turn: u32, to: Sender) -> Result<()> {
    let make = move || {
        let all = renewal.lab.chosen.iter().flat_map(|chosen| chosen.runtimes.iter());
        let made: Result<()> = all
            .filter_map(|(side, runtime)| Some((side, (*runtime)?)))
            .try_for_each(|(side, runtime)| options.driven.maker(side, &options.program).make(runtime).map(drop));
        // Of a screen that is gone, nobody waits for it.
        let made = made.map_err(|error| format!("{error}; {STAYS}"));
        to.send(Message::Prepared(turn, renewal, made));
    };
    let thread = thread::Builder::new().name("runtimes".into()).spawn(make);
    thread
        .map(drop)
        .during(|| "start a thread that makes the runtimes ready".into())
}
