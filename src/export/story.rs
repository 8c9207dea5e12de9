//! The story of a run, which every export tells: made once, by playing the recording.

use std::time::Duration;

use super::Renderer;
use super::moment::{Moment, Moments};
use super::series::Series;
use super::sightings::{BytesOrigin, Sighting, Sightings, Way};
use crate::clock::MonoTime;
use crate::diagram::TextRow;
use crate::diagram::told::{self, ToldRow};
use crate::recording::{Header, Played, Recording};
use crate::scenario::report::StepReport;
use crate::session::transcript::Entry;
use crate::session::{LabKind, Session};
use crate::side::{Ends, Side};

/// The columns of the diagram as text.
const COLUMNS: u16 = 108;

/// A command of the user's or of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryCommand {
    /// The time since the beginning of the run.
    pub at: Duration,
    /// The command, as it is typed.
    pub text: String,
    /// The reason why it was not carried out, where it was not.
    pub refused: Option<String>,
    /// The last entry of the transcript before it.
    pub before: u64,
}

/// A run, as it is told in an export.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// The facts of the run.
    pub header: Header,
    /// The commands, in order.
    pub commands: Vec<StoryCommand>,
    /// The steps of the scenario, as they were judged; none of a run that was made by hand.
    pub steps: Vec<StepReport>,
    /// The transcript.
    pub entries: Vec<Entry>,
    /// The moments that a reader steps through, with both ends after each.
    pub moments: Vec<Moment>,
    /// The number of entries before these, which are too many to be kept.
    pub entries_left_out: u64,
    /// The packets at the hosts' interfaces.
    pub sightings: Vec<Sighting>,
    /// The number of packets of which nothing can be shown.
    pub packets_left_out: u64,
    /// What the tables said of each connection in the course of the run.
    pub series: Series,
    /// The time of the run's end.
    pub ended: MonoTime,
    /// The rows of the time-sequence diagram.
    pub rows: Vec<ToldRow>,
    /// The same with two rows for a packet that waited on the wire, so that each moment has its own.
    pub rows_apart: Vec<ToldRow>,
    /// The rows of the diagram as text.
    pub text: Vec<TextRow>,
}

impl Story {
    /// Plays a recording: the story of each of its runs.
    pub fn all_of(recording: &Recording, renderer: &Renderer) -> Vec<Story> {
        Story::each_of(recording, renderer, Run::default)
    }

    /// Plays a recording for formats that do not step through it: the same without what both ends were after each moment, which takes as long as all the
    /// rest.
    pub fn all_without_moments(recording: &Recording, renderer: &Renderer) -> Vec<Story> {
        Story::each_of(recording, renderer, || Run {
            without_moments: true,
            ..Run::default()
        })
    }

    fn each_of(recording: &Recording, renderer: &Renderer, begin: fn() -> Run) -> Vec<Story> {
        let mut stories = Vec::new();
        let mut run = begin();
        // Nothing of it fails.
        let played: Result<(), std::convert::Infallible> = recording.play(|played| {
            if let Some(story) = run.takes(&played, renderer) {
                stories.push(story);
                run = begin();
            }
            Ok(())
        });
        match played {
            Ok(()) => stories,
        }
    }

    /// The story of a session as it stands, whose recording is not at hand: without what only inputs tell.
    pub fn of_session(session: &Session, renderer: &Renderer) -> Story {
        let mut run = Run::default();
        run.hears(session);
        run.ends(session, Header::of(session, None), MonoTime::now(), renderer)
    }

    /// Returns the name of the scenario; none of a run that was made by hand.
    pub fn scenario(&self) -> Option<&str> {
        self.steps.first().map(|step| step.scenario.as_str())
    }

    /// Returns whether packets are shown whose bytes the recording has not.
    pub fn is_rebuilt(&self) -> bool {
        self.sightings.iter().any(|seen| seen.origin == BytesOrigin::Rebuilt)
    }

    /// Returns whether the run had a wire.
    pub fn has_wire(&self) -> bool {
        matches!(self.header.lab.kind, LabKind::Isolated) || self.header.lab.capture.is_some()
    }

    /// Returns the heading: the scenario, or that the run was made by hand.
    pub fn title(&self) -> String {
        match self.scenario() {
            Some(name) => format!("{name}, a scenario run by finwait"),
            None => "A run of finwait".to_owned(),
        }
    }

    /// Returns the words under a host's life line: `client 10.0.0.1`.
    pub fn hosts(&self) -> Ends<String> {
        Ends::from_fn(|side: Side| format!("{side} {}", self.header.lab.addresses[side]))
    }

    /// Returns where and by what it was measured, in one line.
    pub fn measured(&self) -> String {
        let Header {
            kernel,
            finwait,
            driven,
            ..
        } = &self.header;
        let kernel = if kernel.is_empty() {
            String::new()
        } else {
            format!("Linux {kernel}, ")
        };
        let driven = driven.as_ref().map_or(String::new(), |driven| format!("; {driven}"));
        format!("{kernel}finwait {finwait}{driven}")
    }

    /// Returns the calls and lines that did not simply succeed, each with its sentence why.
    pub fn explained(&self) -> impl Iterator<Item = (&Entry, &str)> {
        self.entries.iter().filter_map(|entry| Some((entry, entry.why()?)))
    }
}

/// A run that is being played.
#[derive(Default)]
struct Run {
    commands: Vec<StoryCommand>,
    steps: Vec<StepReport>,
    entries: Vec<Entry>,
    moments: Moments,
    without_moments: bool,
    heard: u64,
    sightings: Sightings,
    seen: Vec<Sighting>,
    series: Series,
}

impl Run {
    /// Takes in what is played; the story, when a run is over.
    fn takes(&mut self, played: &Played, renderer: &Renderer) -> Option<Story> {
        match played {
            Played::Input { session, input, now } => {
                self.hears(session);
                if !self.without_moments {
                    self.moments.before(session, input, *now);
                }
                if let Some(text) = input.typed() {
                    self.moments.command(self.commands.len());
                    self.commands.push(StoryCommand {
                        at: input.at().unwrap_or(*now).since(session.transcript.began()),
                        text,
                        refused: None,
                        before: session.transcript.last(),
                    });
                }
                self.sightings.takes(input);
                self.series.takes(input);
            }
            Played::Taken { session, .. } => self.hears(session),
            Played::Refused { why, .. } => {
                if let Some(command) = self.commands.last_mut() {
                    command.refused = Some(why.to_string());
                    self.moments.refused(command.at, self.heard);
                }
            }
            Played::Step(report) => {
                self.moments.step(self.steps.len());
                self.steps.push(StepReport::clone(report));
            }
            Played::End { header, session, now } => {
                self.hears(session);
                return Some(std::mem::take(self).ends(session, Header::clone(header), *now, renderer));
            }
        }
        None
    }

    /// Takes in what the transcript has gained.
    fn hears(&mut self, session: &Session) {
        for entry in session.transcript.since(self.heard) {
            self.sightings.tells(entry);
            self.moments.tells(entry);
            self.entries.push(entry.clone());
        }
        self.heard = session.transcript.last();
        self.seen.extend(self.sightings.ready());
    }

    fn ends(mut self, session: &Session, header: Header, now: MonoTime, renderer: &Renderer) -> Story {
        self.sightings.settle();
        self.seen.extend(self.sightings.ready());
        // Where a packet left says, too, that it never arrived.
        for (no, became) in std::mem::take(&mut self.sightings.lost_later) {
            if let Some(left) = self.seen.iter_mut().find(|seen| seen.no == no && seen.way == Way::Out) {
                left.comment.insert(1, format!("later: {became}"));
            }
        }
        Story {
            header,
            commands: self.commands,
            steps: self.steps,
            moments: if self.without_moments {
                Vec::new()
            } else {
                self.moments.ends(session, now)
            },
            entries_left_out: self.entries.first().map_or(0, |entry| entry.no - 1),
            entries: self.entries,
            sightings: self.seen,
            packets_left_out: self.sightings.left_out,
            series: self.series,
            ended: now,
            rows: told::rows(session),
            rows_apart: told::rows_apart(session),
            text: (renderer.diagram)(session, COLUMNS, now),
        }
    }
}
