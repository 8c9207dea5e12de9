//! Parse, dispatch, exit code.
#![deny(clippy::unwrap_used)]

use std::path::PathBuf;
use std::process::ExitCode;

use finwait::battery::Battery;
use finwait::cli::{Cli, Groups, NotRead, Verb};
use finwait::completion::candidates;
use finwait::config::{self, Config};
use finwait::exit::{BAD, CANNOT, ExitError, end_at_a_panic, fail, print};
use finwait::export::wanted::ExportChoices;
use finwait::export::write::Overwrite;
use finwait::headless;
use finwait::headless::ci::CiChoices;
use finwait::headless::code;
use finwait::headless::commands::CommandOptions;
use finwait::headless::config::ConfigView;
use finwait::headless::explain::capture::CaptureOptions;
use finwait::headless::matrix::MatrixFormat;
use finwait::headless::output::TextOutput;
use finwait::headless::printer::{Format, Printing, ShownSegments};
use finwait::headless::scenarios::{self, AllowRun, RunOptions};
use finwait::lab::{LabMode, Options};
use finwait::os::signal;
use finwait::paint::Paint;
use finwait::progress::while_compiling;
use finwait::run::RunManner;
use finwait::screen::{self, Opening, RunFiles};
use finwait::session::lineup::FirstProgram;
use finwait::side::Ends;
use finwait::stderr::complain;
use finwait::tui::setup::Setup;
use finwait::tui::{self, MouseUse};

fn main() -> ExitCode {
    end_at_a_panic();
    // It cannot fail; if it did, ends of processes would be seen late, as before.
    let _ = signal::reset_inherited();
    match Cli::read() {
        Ok(cli) => run(&cli).unwrap_or_else(ExitError::end),
        Err(NotRead::Mistaken(why)) => fail(BAD, &why),
        Err(NotRead::Version(text)) => print(|out| out.write_all(text.as_bytes())),
        Err(NotRead::Help { text, paged }) => {
            let output = TextOutput {
                paint: Paint::Plain,
                pages: paged,
            };
            output.print(|out| out.write_all(text.as_bytes()))
        }
    }
}

/// Reads what the options say, and does what the verb says.
fn run(cli: &Cli) -> Result<ExitCode, ExitError> {
    let mistaken = |why: String| ExitError(BAD, why);
    let groups = cli.groups();
    // Only the screen has a configuration: what a script does is not up to it.
    let loaded = match cli.has_a_screen().then(|| config::load(groups.config())).transpose() {
        Ok(loaded) => loaded,
        Err(why) => {
            complain(&why);
            return Ok(ExitCode::from(BAD));
        }
    };
    let config = loaded.as_ref().map(|loaded| loaded.config.clone()).unwrap_or_default();
    let setup = loaded
        .map(|loaded| loaded.setup(groups.theme()))
        .transpose()
        .map_err(mistaken)?;
    let setup = Setup {
        mouse: MouseUse::of_switch(config.mouse && !groups.no_mouse()),
        allow_run: groups.allow_run(),
        run_as: groups.run_as().map(str::to_owned),
        ..setup.unwrap_or_default()
    };
    let programs = groups.programs().map_err(mistaken)?;
    let options = lab_options(groups, &config, &programs)?;
    let exports = groups.exports().map_err(mistaken)?;
    if exports.is_none() && groups.film().is_none() && groups.force() {
        let why = "--force is about the files that exports, --pcap and --asciicast write, and none is asked for";
        return Err(mistaken(why.into()));
    }
    let options = keeping(options, groups, &exports)?;
    Ok(dispatch(cli, options, programs, exports, setup))
}

/// Returns the lab that the options and the configuration ask for, and what drives its ends.
///
/// # Errors
///
/// Two options do not go together, or what drives an end is not available.
fn lab_options(groups: &Groups, config: &Config, programs: &Ends<Vec<FirstProgram>>) -> Result<Options, ExitError> {
    let mistaken = |why: &str| Err(ExitError(BAD, why.to_owned()));
    let (lab, ipv6) = (groups.lab().unwrap_or(config.lab), groups.ipv6().unwrap_or(config.ipv6));
    // Without this the loopback lab would take the place of the isolated one.
    if let Some(Err(why)) = groups.run_as().map(finwait::lab::check_user) {
        return mistaken(&format!("--run-as: {why}"));
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
                return mistaken(
                    "--client-run and --server-run start programs on hosts of their own, which the loopback lab does not have: use the isolated lab",
                );
            }
            LabMode::Auto | LabMode::Isolated => options.wanted = LabMode::Isolated,
        }
    }
    if let (Some(_), LabMode::Loopback) = (groups.run_as(), options.wanted) {
        return mistaken("--run-as is for programs on the hosts of the isolated lab, and the loopback lab has none");
    }
    let options = match groups.choices() {
        Some(choices) => while_compiling(&choices, || options.driven_by(choices.clone(), groups.syscalls()))
            .map_err(|error| ExitError(CANNOT, error.to_string()))?,
        None => options,
    };
    if groups.has_a_lab() && options.offload && options.wanted == LabMode::Loopback {
        return mistaken("--offload is about the wire between two hosts, and the loopback lab has none");
    }
    Ok(options)
}

/// Has the lab keep as much of each packet as what is written of it needs.
///
/// # Errors
///
/// `--snaplen` is given, and nothing is written that it is about.
fn keeping(options: Options, groups: &Groups, exports: &ExportChoices) -> Result<Options, ExitError> {
    if groups.record().is_some() || !exports.is_none() {
        return Ok(Options {
            kept: groups.kept(),
            ..options
        });
    }
    if groups.snaplen().is_some() {
        let why =
            "--snaplen says how much of each packet --record, --pcap and --pcapng keep, and none of them is asked for";
        return Err(ExitError(BAD, why.into()));
    }
    Ok(options)
}

/// Does what the verb says.
fn dispatch(
    cli: &Cli,
    options: Options,
    programs: Ends<Vec<FirstProgram>>,
    exports: ExportChoices,
    setup: Setup,
) -> ExitCode {
    let groups = cli.groups();
    let record = groups.record();
    let allow_run = AllowRun::of_switch(groups.allow_run());
    let output = TextOutput {
        paint: Paint::of(groups.paint()),
        pages: groups.pages(),
    };
    let files = RunFiles {
        record,
        exports: &exports,
        film: groups.film(),
    };
    match &cli.verb {
        None => screen::open(&options, Opening::Explorer, &programs, files, setup),
        Some(Verb::Tour {
            scenario: Some(scenario),
            ..
        }) => screen::tour(scenario, allow_run, &options, &programs, files, setup),
        Some(Verb::Tour { scenario: None, .. }) if tui::can_draw().is_ok() => {
            screen::open(&options, Opening::Lessons, &programs, files, setup)
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
            let how = CommandOptions {
                programs,
                printing: Printing::new(format, *transcript).with(segments),
                patience: (*patience).into(),
                paint: output.paint,
            };
            headless::commands::run(&options, commands, how, record, &exports)
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
            Err(error) => fail(CANNOT, &error.to_string()),
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
