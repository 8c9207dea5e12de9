//! Parse, dispatch, exit code.
#![deny(clippy::unwrap_used)]

use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use finwait::battery::Battery;
use finwait::cli::{Cli, NotRead, Verb};
use finwait::clock::MonoTime;
use finwait::completion::candidates;
use finwait::config;
use finwait::error::Error;
use finwait::exit::{end_at_a_panic, fail, print};
use finwait::export::wanted::ExportChoices;
use finwait::export::write::Overwrite;
use finwait::headless::ci::CiChoices;
use finwait::headless::code;
use finwait::headless::config::ConfigView;
use finwait::headless::explain::capture::CaptureOptions;
use finwait::headless::matrix::MatrixFormat;
use finwait::headless::output::TextOutput;
use finwait::headless::scenarios::{self, AllowRun, RunOptions, recording_of};
use finwait::headless::{self, CommandSource, Format, Printing, RunStatus, Runner, ShownSegments};
use finwait::lab::{LabMode, LocalLab as Lab, Options};
use finwait::live::EventSink;
use finwait::os::signal;
use finwait::paint::{Paint, PaintingWriter};
use finwait::progress::while_compiling;
use finwait::recording::{RecordingFile, file_in, recorded};
use finwait::run::{RunManner, joined, lab_for};
use finwait::runtime::RuntimeChoice;
use finwait::scenario::lesson::SideBySide;
use finwait::scenario::{Scenario, catalog};
use finwait::session::lineup::FirstProgram;
use finwait::session::{CommandError, Session};
use finwait::side::Ends;
use finwait::stderr::complain;
use finwait::tui::app::LabSpec;
use finwait::tui::film::DRAWER;
use finwait::tui::setup::Setup;
use finwait::tui::{self, LabSource, LiveCast, Message, MouseUse, Sink};

/// A command, an argument or an address that is not understood.
const NOT_UNDERSTOOD: u8 = 2;
/// The lab is not available.
const NO_LAB: u8 = 3;
/// Anything else of ours that failed.
const FAILED: u8 = 1;

fn main() -> ExitCode {
    end_at_a_panic();
    // It cannot fail; if it did, ends of processes would be seen late, as before.
    let _ = signal::reset_inherited();
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(NotRead::Mistaken(why)) => return fail(NOT_UNDERSTOOD, &why),
        Err(NotRead::Version(text)) => return print(|out| out.write_all(text.as_bytes())),
        Err(NotRead::Help { text, paged }) => {
            let output = TextOutput {
                paint: Paint::Plain,
                pages: paged,
            };
            return output.print(|out| out.write_all(text.as_bytes()));
        }
    };
    let groups = cli.groups();
    // Only the screen has a configuration: what a script does is not up to it.
    let loaded = match cli.has_a_screen().then(|| config::load(groups.config())).transpose() {
        Ok(loaded) => loaded,
        Err(why) => {
            complain(&why);
            return ExitCode::from(NOT_UNDERSTOOD);
        }
    };
    let config = loaded.as_ref().map(|loaded| loaded.config.clone()).unwrap_or_default();
    let setup = match loaded.map(|loaded| loaded.setup(groups.theme())).transpose() {
        Ok(setup) => Setup {
            mouse: MouseUse::of_switch(config.mouse && !groups.no_mouse()),
            ..setup.unwrap_or_default()
        },
        Err(why) => return fail(NOT_UNDERSTOOD, &why),
    };
    let (lab, ipv6) = (groups.lab().unwrap_or(config.lab), groups.ipv6().unwrap_or(config.ipv6));
    let programs = match groups.programs() {
        Ok(programs) => programs,
        Err(why) => return fail(NOT_UNDERSTOOD, &why),
    };
    // Without this the loopback lab would take the place of the isolated one.
    if let Some(Err(why)) = groups.run_as().map(finwait::lab::check_user) {
        return fail(NOT_UNDERSTOOD, &format!("--run-as: {why}"));
    }
    let mut options = Options {
        offload: groups.offload(),
        port: groups.port(),
        names: groups.hosts().to_vec(),
        run_as: groups.run_as().map(str::to_owned),
        trace_kernel: groups.trace_kernel(),
        ..Options::native(lab.into(), ipv6, PathBuf::from("/proc/self/exe"))
    };
    if programs.iter().any(|(_, programs)| !programs.is_empty()) {
        match options.wanted {
            LabMode::Loopback => {
                let why = "--client-run and --server-run start programs on hosts of their own, which the loopback lab does not have: use the isolated lab";
                return fail(NOT_UNDERSTOOD, why);
            }
            LabMode::Auto | LabMode::Isolated => options.wanted = LabMode::Isolated,
        }
    }
    if let (Some(_), LabMode::Loopback) = (groups.run_as(), options.wanted) {
        let why = "--run-as is for programs on the hosts of the isolated lab, and the loopback lab has none";
        return fail(NOT_UNDERSTOOD, why);
    }
    let mut options = match groups.choices() {
        Some(choices) => match while_compiling(&choices, || options.driven_by(choices.clone(), groups.syscalls())) {
            Ok(options) => options,
            Err(error) => return fail(NO_LAB, &error.to_string()),
        },
        None => options,
    };
    if groups.has_a_lab() && options.offload && options.wanted == LabMode::Loopback {
        let why = "--offload is about the wire between two hosts, and the loopback lab has none";
        return fail(NOT_UNDERSTOOD, why);
    }
    let record = groups.record();
    let allow_run = AllowRun::of_switch(groups.allow_run());
    let setup = Setup {
        allow_run: groups.allow_run(),
        run_as: groups.run_as().map(str::to_owned),
        ..setup
    };
    let exports = match groups.exports() {
        Ok(exports) => exports,
        Err(why) => return fail(NOT_UNDERSTOOD, &why),
    };
    if exports.is_none() && groups.film().is_none() && groups.force() {
        let why = "--force is about the files that exports, --pcap and --asciicast write, and none is asked for";
        return fail(NOT_UNDERSTOOD, why);
    }
    if record.is_some() || !exports.is_none() {
        options.kept = groups.kept();
    } else if groups.snaplen().is_some() {
        let why =
            "--snaplen says how much of each packet --record, --pcap and --pcapng keep, and none of them is asked for";
        return fail(NOT_UNDERSTOOD, why);
    }
    let output = TextOutput {
        paint: Paint::of(groups.paint()),
        pages: groups.pages(),
    };
    let leaves = Leaves {
        record,
        exports: &exports,
        film: groups.film(),
    };
    match &cli.verb {
        None => screen(&options, Opening::Explorer, &programs, leaves, setup),
        Some(Verb::Tour {
            scenario: Some(scenario),
            ..
        }) => tour(scenario, allow_run, &options, &programs, leaves, setup),
        Some(Verb::Tour { scenario: None, .. }) if tui::can_draw().is_ok() => {
            screen(&options, Opening::Lessons, &programs, leaves, setup)
        }
        // There is no screen to choose on.
        Some(Verb::Tour { scenario: None, .. }) => {
            let listed = scenarios::lessons(output);
            complain("finwait: finwait tour NAME, on a terminal, goes through one of these: finwait tour handshake");
            listed
        }
        Some(Verb::Do {
            commands,
            transcript,
            no_data,
            patience,
            ..
        }) => {
            let format = if transcript.json { Format::Json } else { Format::Text };
            let segments = if *no_data {
                ShownSegments::Telling
            } else {
                ShownSegments::All
            };
            let printing = Printing::new(format, *transcript).with(segments);
            run(
                &options,
                commands,
                programs,
                printing,
                (*patience).into(),
                output.paint,
                leaves,
            )
        }
        Some(Verb::List { lessons: true, .. }) => scenarios::lessons(output),
        Some(Verb::List { json, folder, .. }) => scenarios::list(folder.as_deref(), *json, output),
        Some(Verb::Show { name, .. }) => scenarios::show(name, output),
        Some(Verb::Run {
            scenarios,
            all: _,
            json,
            keep_going,
            transcript,
            junit,
            tap,
            github,
            ..
        }) => {
            let how = RunOptions {
                json: *json,
                manner: RunManner {
                    keep_going: *keep_going,
                    transcript: *transcript,
                },
                ci: CiChoices {
                    junit: junit.clone(),
                    tap: *tap,
                    github: *github,
                },
                allow_run,
                programs,
                paint: output.paint,
                exports,
                snaplen: groups.snaplen(),
            };
            scenarios::run(scenarios, &options, how, record)
        }
        Some(Verb::Check { files }) => scenarios::check(files),
        Some(Verb::Claims { brief, json, .. }) => headless::claims::run(&options, *brief, *json, record, output),
        Some(Verb::Matrix {
            scenarios,
            runtimes,
            columns,
            json,
            markdown,
            ..
        }) => {
            let form = match (*json, *markdown) {
                (true, _) => MatrixFormat::Json,
                (false, true) => MatrixFormat::Markdown,
                (false, false) => MatrixFormat::Text,
            };
            headless::matrix::run(scenarios, runtimes, columns, &options, form, record, output)
        }
        Some(Verb::Proxy { backend, how }) => {
            headless::battery::run(Battery::Proxy, how, *backend, &options, allow_run, record)
        }
        Some(Verb::HttpClient { how }) => {
            let backend = options.server_port();
            headless::battery::run(Battery::HttpClient, how, backend, &options, allow_run, record)
        }
        Some(Verb::Open {
            file,
            connection,
            plain,
            transcript,
            ..
        }) => {
            let format = match (*plain, transcript.json) {
                (_, true) => Some(Format::Json),
                (true, false) => Some(Format::Text),
                (false, false) => None,
            };
            headless::open::open(file, *connection, format, *transcript, setup, output.paint)
        }
        Some(Verb::Export {
            file, run, connection, ..
        }) => headless::export::export(file, *connection, *run, &exports),
        Some(Verb::Book {
            dir, scenarios, force, ..
        }) => headless::book::book(
            dir,
            scenarios,
            Overwrite::of_switch(*force),
            &options,
            allow_run,
            record,
        ),
        Some(Verb::Explain {
            text,
            connection,
            all,
            json,
            ..
        }) => {
            let of_capture = CaptureOptions {
                connection: *connection,
                all: *all,
            };
            headless::explain::explain(text, of_capture, *json, output)
        }
        Some(Verb::Code {
            scenario,
            language,
            end,
            ..
        }) => code::code(scenario, *language, *end, &options, record),
        Some(Verb::Doctor { json, .. }) => finwait::doctor::run(&options, *json),
        Some(Verb::Shell { host, pid, command }) => match finwait::lab::open_shell(*host, *pid, command) {
            Ok(status) => ExitCode::from(status),
            Err(error) => fail(NO_LAB, &error.to_string()),
        },
        Some(Verb::Config { print, path, file }) => {
            let view = match (*print, *path) {
                (true, _) => ConfigView::Template,
                (false, true) => ConfigView::Path,
                (false, false) => ConfigView::Check,
            };
            headless::config::config(view, file.as_deref())
        }
        Some(Verb::Man { dir }) => headless::man::write(dir),
        Some(Verb::Completions { shell }) => print(|out| out.write_all(shell.script().as_bytes())),
        Some(Verb::Complete { words }) => print(|out| {
            let mut all = candidates(&finwait::cli::tree(), words).into_iter();
            all.try_for_each(|candidate| writeln!(out, "{candidate}"))
        }),
        Some(Verb::Endpoint { .. }) => finwait::endpoint::native::run(),
    }
}

/// `finwait tour`
fn tour(
    name: &str,
    allow_run: AllowRun,
    options: &Options,
    programs: &Ends<Vec<FirstProgram>>,
    leaves: Leaves<'_>,
    setup: Setup,
) -> ExitCode {
    match catalog::side_by_side(name) {
        Some(Ok(lesson)) => {
            return screen(options, Opening::SideBySide(Arc::new(lesson)), programs, leaves, setup);
        }
        Some(Err(mistakes)) => {
            return fail(
                NOT_UNDERSTOOD,
                &mistakes.first().map_or_else(String::new, ToString::to_string),
            );
        }
        None => {}
    }
    let scenario = match scenarios::load(name) {
        Ok(scenario) => Arc::new(scenario),
        Err(why) => {
            complain(&why);
            return ExitCode::from(NOT_UNDERSTOOD);
        }
    };
    let choices = Ends::from_fn(|side| RuntimeChoice::Runtime(scenario.driven[side]));
    match while_compiling(&choices, || lab_for(&scenario, options)) {
        // The screen shows what it runs, and asks.
        Ok(options) if allow_run == AllowRun::No && !scenario.commands().is_empty() => {
            screen(&options, Opening::Asked(scenario), programs, leaves, setup)
        }
        Ok(options) => screen(&options, Opening::Guided(scenario), programs, leaves, setup),
        Err(why) => fail(NO_LAB, &format!("{name} cannot run here: {why}")),
    }
}

/// The files that a run leaves.
#[derive(Clone, Copy)]
struct Leaves<'a> {
    record: Option<&'a Path>,
    exports: &'a ExportChoices,
    /// The film of the screen.
    film: Option<&'a Path>,
}

/// What the screen opens with.
enum Opening {
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

/// The screen.
fn screen(
    options: &Options,
    opening: Opening,
    programs: &Ends<Vec<FirstProgram>>,
    leaves: Leaves<'_>,
    setup: Setup,
) -> ExitCode {
    let Leaves { record, exports, film } = leaves;
    if film == Some(Path::new("-")) {
        let why = "--asciicast -: the screen is on standard output: give the name of a file";
        return fail(NOT_UNDERSTOOD, why);
    }
    if exports.takes_stdout() {
        let why = "--pcap -: the screen is on standard output: give a file, or a named pipe (mkfifo) for a reader that follows";
        return fail(NOT_UNDERSTOOD, why);
    }
    if let Err(why) = exports.check() {
        return fail(NOT_UNDERSTOOD, &why);
    }
    // Asked before the lab is built: nothing is made for a screen that cannot be drawn.
    if let Err(error) = tui::can_draw() {
        return fail(FAILED, &error.to_string());
    }
    let (tour, then) = match opening {
        Opening::Explorer => (None, None),
        Opening::Guided(scenario) => (Some(scenario), None),
        Opening::Lessons => (None, Some(Message::Lessons)),
        Opening::Asked(scenario) => (None, Some(Message::Asks(scenario))),
        Opening::SideBySide(lesson) => (None, Some(Message::SideBySide(lesson))),
    };
    let (sender, inbox) = tui::inbox::channel();
    let to_the_screen = sender.clone();
    let mut recording = None;
    let record = match record {
        Some(path) => file_in(path, "explorer")
            .and_then(|path| {
                recording = Some(path.display().to_string());
                let tell = move |why: &str| {
                    to_the_screen.send(Message::Note(why.to_owned()));
                };
                RecordingFile::create(&path, Box::new(tell))
            })
            .map(Some),
        None => Ok(None),
    };
    let to_the_screen = sender.clone();
    let followed = record.and_then(|record| {
        exports.follow(record, None, move |why: &str| {
            to_the_screen.send(Message::Note(why.to_owned()));
        })
    });
    let record = match followed {
        Ok(record) => record,
        Err(why) => return fail(NOT_UNDERSTOOD, &why),
    };
    let film = film.map(|file| {
        let to_the_screen = sender.clone();
        let tell = move |why: &str| {
            to_the_screen.send(Message::Note(why.to_owned()));
        };
        LiveCast::create(file, exports.overwrite, Box::new(tell))
    });
    let film = match film.transpose() {
        Ok(film) => film,
        Err(why) => return fail(NOT_UNDERSTOOD, &why),
    };
    // What happens is kept as the exports need it, so that there need be no --record for them.
    let record = record.unwrap_or_else(|| RecordingFile::without_file(Box::new(|_: &str| {})));
    let record = record.keeping(tui::written::KEPT);
    let record = match &film {
        Some(film) => record.followed_by(Box::new(film.clone())),
        None => record,
    };
    let make = |fresh: LabSpec, sink: Sink| {
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
        let record = Some(&record).filter(|_| !fresh.unrecorded);
        let mut session = Session::new(facts, began);
        session.wire.slow = setup.slow_delay;
        let mut session = recorded(session, record, &options);
        let first = joined(&fresh.programs, programs);
        let issued = session.line_up(first, MonoTime::now());
        let refused = |error: CommandError| Error::NotStarted { why: error.to_string() };
        issued
            .map_err(refused)?
            .requests
            .into_iter()
            .for_each(|request| lab.send(request));
        Ok((lab, session))
    };
    let (lab, app) = match tui::first_lab(&make, tour, &sender) {
        Ok(first) => first,
        Err(error) => return fail(NO_LAB, &error.to_string()),
    };
    let app = match recording {
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
        record: Some(&record),
    };
    match tui::run(app.set_up(setup.clone()), Some(source), film, inbox, sender) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => fail(FAILED, &error.to_string()),
    }
}

/// `finwait do`
fn run(
    options: &Options,
    commands: &[String],
    programs: Ends<Vec<FirstProgram>>,
    printing: Printing,
    patience: Duration,
    paint: Paint,
    leaves: Leaves<'_>,
) -> ExitCode {
    let Leaves { record, exports, .. } = leaves;
    let is_json = printing.format == Format::Json;
    let from_stdin = commands == ["-"];
    if !from_stdin && let Err(refused) = headless::check(commands) {
        if printing.format == Format::Json {
            // The sentence below is for whoever reads no object.
            let _ = refused.print(&mut io::stdout());
        }
        return fail(NOT_UNDERSTOOD, &refused.to_string());
    }
    if let Err(why) = exports.check() {
        return fail(NOT_UNDERSTOOD, &why);
    }
    let followed = recording_of(record, "do")
        .and_then(|record| exports.follow(record, None, |why| complain(&format!("finwait: {why}"))));
    let record = match followed {
        Ok(record) => record,
        Err(why) => return fail(NOT_UNDERSTOOD, &why),
    };
    let began = MonoTime::now();
    let (inputs, inbox) = channel();
    let events = EventSink::new(inputs.clone());
    let (lab, facts) = match Lab::start(options, move |batch| events.send(batch)) {
        Ok(started) => started,
        Err(error) => return fail(NO_LAB, &error.to_string()),
    };
    let source = if from_stdin {
        CommandSource::reader(BufReader::new(io::stdin()), inputs)
    } else {
        Ok(CommandSource::given(commands))
    };
    let source = match source {
        Ok(source) => source,
        Err(error) => return fail(FAILED, &format!("start the thread that reads standard input: {error}")),
    };
    let session = recorded(Session::new(facts, began), record.as_ref(), options);
    // What is exported there is not to be mixed with a transcript.
    let stdout: Box<dyn io::Write> = if exports.takes_stdout() {
        Box::new(io::stderr())
    } else {
        Box::new(io::stdout().lock())
    };
    let mut runner = Runner::new(
        session,
        &lab,
        inbox,
        source,
        PaintingWriter::new(BufWriter::new(stdout), paint.unless(is_json)),
        printing,
        patience,
    );
    let verdict = match runner.start() {
        Ok(Ok(())) => runner.begin_with(programs).and_then(|began| {
            if let Err(why) = &began {
                complain(&format!("finwait: {why}"));
                // The commands are about what is not there; whoever types them has read it.
                if !from_stdin {
                    runner.finish()?;
                    return Ok(RunStatus::NotDone);
                }
            }
            let verdict = all(&mut runner, from_stdin)?;
            if let Some(why) = runner.not_started().filter(|_| began.is_ok()) {
                complain(&format!("finwait: {why}"));
                return Ok(verdict.max(RunStatus::NotDone));
            }
            Ok(if began.is_err() {
                verdict.max(RunStatus::NotDone)
            } else {
                verdict
            })
        }),
        Ok(Err(why)) => return fail(NO_LAB, &why),
        Err(error) => Err(error),
    };
    drop(runner);
    if let Err(why) = exports.write_recorded(record.as_ref(), &DRAWER) {
        return fail(FAILED, &why);
    }
    match verdict {
        Ok(RunStatus::Done) => ExitCode::SUCCESS,
        Ok(RunStatus::NotDone) => ExitCode::from(FAILED),
        Ok(RunStatus::NotUnderstood) => ExitCode::from(NOT_UNDERSTOOD),
        // Whoever read the transcript has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(FAILED, &format!("write to standard output: {error}")),
    }
}

/// Carries all commands out. One that is not understood ends those of a command line; whoever types them goes on.
fn all<W: Write>(runner: &mut Runner<'_, W>, typed: bool) -> io::Result<RunStatus> {
    let mut verdict = RunStatus::Done;
    while let Some(line) = runner.next_command()? {
        if let Err(refused) = runner.run(&line)? {
            complain(&format!("finwait: {refused}"));
            verdict = verdict.max(refused.verdict);
            if refused.verdict == RunStatus::NotUnderstood && !typed {
                break;
            }
        }
    }
    runner.finish()?;
    Ok(verdict)
}
