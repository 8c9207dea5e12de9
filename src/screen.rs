//! The screen, in a lab of its own, with the files that its run leaves.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::clock::{Millis, MonoTime};
use crate::error::{Error, Result as LabResult};
use crate::exit::{BAD, CANNOT, DIFFERS, ExitError, fail};
use crate::export::wanted::ExportChoices;
use crate::headless::scenarios::{AllowRun, load};
use crate::lab::{LabMode, LocalLab as Lab, Options};
use crate::progress::while_compiling;
use crate::recording::{RecordingFile, file_in, recorded};
use crate::run::{joined, lab_for};
use crate::runtime::RuntimeChoice;
use crate::scenario::lesson::SideBySide;
use crate::scenario::{Scenario, catalog};
use crate::session::lineup::FirstProgram;
use crate::session::{CommandError, Session};
use crate::side::Ends;
use crate::stderr::complain;
use crate::tui::inbox::Sender;
use crate::tui::lab_spec::LabSpec;
use crate::tui::setup::Setup;
use crate::tui::{self, LabSource, LiveCast, Message, Sink};

/// The files that a run leaves.
#[derive(Clone, Copy)]
pub struct RunFiles<'a> {
    /// The recording.
    pub record: Option<&'a Path>,
    /// The exports.
    pub exports: &'a ExportChoices,
    /// The film of the screen.
    pub film: Option<&'a Path>,
}

/// What the screen opens with.
pub enum Opening {
    /// Nothing: the explorer.
    Explorer,
    /// A guide through that scenario.
    Guided(Arc<Scenario>),
    /// The lessons to choose from.
    Lessons,
    /// The question whether that scenario may run its programs.
    Asked(Arc<Scenario>),
    /// That lesson of two labs.
    SideBySide(Arc<SideBySide>),
}

impl Opening {
    /// Returns the scenario that the first lab is for, and what the screen is told once it is there.
    fn parts(self) -> (Option<Arc<Scenario>>, Option<Message>) {
        match self {
            Opening::Explorer => (None, None),
            Opening::Guided(scenario) => (Some(scenario), None),
            Opening::Lessons => (None, Some(Message::Lessons)),
            Opening::Asked(scenario) => (None, Some(Message::Asks(scenario))),
            Opening::SideBySide(lesson) => (None, Some(Message::SideBySide(lesson))),
        }
    }
}

/// Opens the screen with the guide through a scenario, or with a lesson of two labs (`finwait tour NAME`).
pub fn tour(
    name: &str,
    allow_run: AllowRun,
    options: &Options,
    programs: &Ends<Vec<FirstProgram>>,
    files: RunFiles<'_>,
    setup: Setup,
) -> ExitCode {
    match catalog::side_by_side(name) {
        Some(Ok(lesson)) => {
            return open(options, Opening::SideBySide(Arc::new(lesson)), programs, files, setup);
        }
        Some(Err(mistakes)) => {
            return fail(BAD, &mistakes.first().map_or_else(String::new, ToString::to_string));
        }
        None => {}
    }
    let scenario = match load(name) {
        Ok(scenario) => Arc::new(scenario),
        Err(why) => {
            complain(&why);
            return ExitCode::from(BAD);
        }
    };
    let choices = Ends::from_fn(|side| RuntimeChoice::Runtime(scenario.driven[side]));
    match while_compiling(&choices, || lab_for(&scenario, options)) {
        // The screen shows what it runs, and asks.
        Ok(options) if allow_run == AllowRun::No && !scenario.commands().is_empty() => {
            open(&options, Opening::Asked(scenario), programs, files, setup)
        }
        Ok(options) => open(&options, Opening::Guided(scenario), programs, files, setup),
        Err(why) => fail(CANNOT, &format!("{name} cannot run here: {why}")),
    }
}

/// Opens the screen.
pub fn open(
    options: &Options,
    opening: Opening,
    programs: &Ends<Vec<FirstProgram>>,
    files: RunFiles<'_>,
    setup: Setup,
) -> ExitCode {
    opened(options, opening, programs, files, setup).unwrap_or_else(ExitError::end)
}

fn opened(
    options: &Options,
    opening: Opening,
    programs: &Ends<Vec<FirstProgram>>,
    files: RunFiles<'_>,
    setup: Setup,
) -> Result<ExitCode, ExitError> {
    check(files).map_err(|why| ExitError(BAD, why))?;
    // Asked before the lab is built: nothing is made for a screen that cannot be drawn.
    tui::can_draw().map_err(|error| ExitError(DIFFERS, error.to_string()))?;
    let (tour, then) = opening.parts();
    let (sender, inbox) = tui::inbox::channel();
    let written = WrittenFiles::create(files, &sender).map_err(|why| ExitError(BAD, why))?;
    let slow_delay = setup.slow_delay;
    let make = |fresh: LabSpec, sink: Sink| lab(fresh, sink, options, programs, &written.record, slow_delay);
    let (lab, app) = tui::first_lab(&make, tour, &sender).map_err(|error| ExitError(CANNOT, error.to_string()))?;
    let app = match written.name {
        Some(file) => app.recorded_in(file),
        None => app,
    };
    if let Some(then) = then {
        // Nobody has taken the other end yet.
        sender.send(then);
    }
    let source = LabSource {
        lab,
        make: &make,
        options,
        record: Some(&written.record),
    };
    match tui::run(app.set_up(setup), Some(source), written.film, inbox, sender) {
        Ok(exit) => Ok(ExitCode::from(exit.code())),
        Err(error) => Err(ExitError(DIFFERS, error.to_string())),
    }
}

/// Checks that the files can be written while the screen has standard output.
///
/// # Errors
///
/// One cannot: one sentence.
fn check(files: RunFiles<'_>) -> Result<(), String> {
    if files.film == Some(Path::new("-")) {
        return Err("--asciicast -: the screen is on standard output: give the name of a file".into());
    }
    if files.exports.takes_stdout() {
        return Err(
            "--pcap -: the screen is on standard output: give a file, or a named pipe (mkfifo) for a reader that follows"
                .into(),
        );
    }
    files.exports.check()
}

/// The files that are written while the screen is there.
struct WrittenFiles {
    /// The recording: kept in memory where no file is wanted, for what is exported from the screen.
    record: RecordingFile,
    /// The name of its file, where there is one.
    name: Option<String>,
    film: Option<LiveCast>,
}

impl WrittenFiles {
    /// Makes the files; what goes wrong with them later is said on the screen.
    ///
    /// # Errors
    ///
    /// One cannot be made: one sentence.
    fn create(files: RunFiles<'_>, sender: &Sender<Message>) -> Result<WrittenFiles, String> {
        let RunFiles { record, exports, film } = files;
        let tell = {
            let sender = sender.clone();
            move |why: &str| {
                sender.send(Message::Note(why.to_owned()));
            }
        };
        let path = record.map(|path| file_in(path, "explorer")).transpose()?;
        let name = path.as_ref().map(|path| path.display().to_string());
        let record = path.map(|path| RecordingFile::create(&path, Box::new(tell.clone())));
        let record = exports.follow(record.transpose()?, None, tell.clone())?;
        let film = film.map(|file| LiveCast::create(file, exports.overwrite, Box::new(tell)));
        let film = film.transpose()?;
        // What happens is kept as the exports need it, so that there need be no --record for them.
        let record = record.unwrap_or_else(|| RecordingFile::without_file(Box::new(|_: &str| {})));
        let record = record.keeping(tui::written::KEPT);
        let record = match &film {
            Some(film) => record.followed_by(Box::new(film.clone())),
            None => record,
        };
        Ok(WrittenFiles { record, name, film })
    }
}

/// Starts a lab, and a session of it that is recorded and begins with its programs.
fn lab(
    fresh: LabSpec,
    sink: Sink,
    options: &Options,
    programs: &Ends<Vec<FirstProgram>>,
    record: &RecordingFile,
    slow_delay: Millis,
) -> LabResult<(Lab, Session)> {
    let began = MonoTime::now();
    let mut options = options.clone();
    if let Some(chosen) = fresh.chosen {
        options.wanted = chosen.mode;
        options.ipv6 = chosen.ipv6;
        options.driven = options.driven.with(chosen.runtimes, &options.program)?;
    }
    if fresh.isolated {
        options.wanted = LabMode::Isolated;
    }
    options.ipv6 = fresh.ipv6.unwrap_or(options.ipv6);
    options.offload = fresh.offload.unwrap_or(options.offload);
    options.driven = options.driven.or(fresh.driven, &options.program)?;
    let (lab, facts) = Lab::start(&options, sink)?;
    let mut session = Session::new(facts, began);
    session.wire.slow = slow_delay;
    let mut session = recorded(session, Some(record).filter(|_| !fresh.unrecorded), &options);
    let first = joined(&fresh.programs, programs);
    let issued = session.line_up(first, MonoTime::now());
    let refused = |error: CommandError| Error::NotStarted { why: error.to_string() };
    issued
        .map_err(refused)?
        .requests
        .into_iter()
        .for_each(|request| lab.send(request));
    Ok((lab, session))
}
