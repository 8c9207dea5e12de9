//! `finwait run`: one scenario in this process, or several, each in a process of its own.

use serde::Serialize;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use super::folder;
use super::load::{AllowRun, LONGEST_NAME, load_to_run, mistaken};
use super::totals::{RunTotals, status};
use crate::command::EndCommand;
use crate::exit::{BAD, CANNOT, DIFFERS, fail};
use crate::export::wanted::ExportChoices;
use crate::headless::children::{self, ChildRun};
use crate::headless::ci::{self, CiChoices, CiReports};
use crate::json::Lines;
use crate::lab::Options;
use crate::paint::{Paint, PaintingWriter};
use crate::progress::{Progress, while_compiling};
use crate::recording::{RecordingFile, file_in, files_in};
use crate::run::{self, RunManner};
use crate::runtime::RuntimeChoice;
use crate::scenario::report::{ReportLine, StepReport, Summary};
use crate::scenario::{Scenario, catalog};
use crate::session::lineup::FirstProgram;
use crate::side::Ends;
use crate::stderr::{complain, hide};
use crate::text::{SanitizingWriter, excerpt};
use crate::tui::film::RENDERER;

/// The options of `finwait run`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOptions {
    /// JSON lines rather than text.
    pub json: bool,
    /// The way in which each is run; whether to go on after what was not as expected is for the next scenario, too.
    pub manner: RunManner,
    /// The reports for CI.
    pub ci: CiChoices,
    /// Whether files may start programs.
    pub allow_run: AllowRun,
    /// Programs that each run begins with, beside the scenario's own.
    pub programs: Ends<Vec<FirstProgram>>,
    /// The colours of the text.
    pub paint: Paint,
    /// What each run is exported in.
    pub exports: ExportChoices,
    /// The bytes of each packet that are kept, where another number than the usual one is wanted.
    pub snaplen: Option<usize>,
}

impl RunOptions {
    /// Returns whether standard output has something else than text for people.
    const fn is_terse(&self) -> bool {
        self.json || self.ci.tap
    }

    /// The way in which each is run: JUnit has the transcripts.
    const fn manner_of_each(&self) -> RunManner {
        RunManner {
            keep_going: self.manner.keep_going,
            transcript: self.manner.transcript || self.ci.junit.is_some(),
        }
    }
}

/// `finwait run`; no names mean the whole catalog, and a folder the scenario files in it and below.
///
/// One is recorded in the file `record`, several in a folder of that name.
pub fn run(names: &[String], options: &Options, how: RunOptions, record: Option<&Path>) -> ExitCode {
    // One file of a folder is as any of them.
    let all = names.is_empty() || names.iter().any(|name| folder::is_folder(name));
    let names = match folder::expanded(names) {
        Ok(names) => names,
        Err(why) => return fail(BAD, &why),
    };
    let mut scenarios = Vec::new();
    if names.is_empty() {
        match catalog::all() {
            Ok(known) => scenarios.extend(known.into_iter().map(|scenario| (scenario.name.clone(), scenario))),
            Err(mistakes) => return mistaken(&mistakes),
        }
    }
    let mut bad = false;
    for name in &names {
        match load_to_run(name, how.allow_run) {
            Ok(scenario) => scenarios.push((name.clone(), scenario)),
            Err(why) => {
                bad = true;
                complain(&why);
                if how.ci.github {
                    ci::annotate_mistakes(&why);
                }
            }
        }
    }
    if bad {
        return ExitCode::from(BAD);
    }
    if let ([(_, scenario)], false) = (scenarios.as_slice(), all) {
        return run_one(scenario.clone(), options, &how, record);
    }
    let names: Vec<&str> = scenarios.iter().map(|(_, scenario)| scenario.name.as_str()).collect();
    let files = recordings(record, &names);
    let exports = how.exports.of_several(&names);
    match files.and_then(|files| Ok((files, exports?))) {
        Ok((files, exports)) => run_several(scenarios, options, &how, files, exports),
        Err(why) => fail(BAD, &why),
    }
}

/// Runs one scenario in this process.
fn run_one(scenario: Scenario, options: &Options, how: &RunOptions, record: Option<&Path>) -> ExitCode {
    if let Err(why) = how.exports.check() {
        return fail(BAD, &why);
    }
    let followed = recording_of(record, &scenario.name).and_then(|record| {
        how.exports
            .follow(record, Some(&scenario.name), |why| complain(&format!("finwait: {why}")))
    });
    let record = match followed {
        Ok(record) => record,
        Err(why) => return fail(BAD, &why),
    };
    // What is exported there is not to be mixed with a report.
    let stdout: Box<dyn Write> = if how.exports.takes_stdout() {
        Box::new(io::stderr())
    } else {
        Box::new(io::stdout().lock())
    };
    let mut out = PaintingWriter::new(stdout, how.paint.unless(how.is_terse()));
    let mut ci = match CiReports::begin(&how.ci, &[&scenario.name], &mut out) {
        Ok(ci) => ci,
        Err(why) => return fail(BAD, &why),
    };
    let mut report = Vec::new();
    let manner = how.manner_of_each();
    if let (Some(driven), false) = (options.driven.words(), how.is_terse()) {
        // A reader that has gone is noticed with the first line of the report.
        let _ = writeln!(SanitizingWriter(&mut out), "{}", excerpt(&driven, LONGEST_NAME));
    }
    let mut lines = Lines::default();
    // The line is taken off by the first of the report.
    let choices = Ends::from_fn(|side| RuntimeChoice::Runtime(scenario.driven[side]));
    let ended = while_compiling(&choices, || {
        let run = run::Run {
            more: &how.programs,
            manner,
            record: record.as_ref(),
        };
        run::run(&Arc::new(scenario), options, run, |line| {
            hide();
            if how.json {
                lines.print(&mut out, &line)?;
            } else if !how.ci.tap {
                tell(&mut out, &line)?;
            }
            if how.ci.is_wanted() {
                report.push(line);
            }
            out.flush()
        })
    });
    let broke_off = ended.as_ref().err().map(ToString::to_string);
    let told = ci
        .scenario(0, &report, SanitizingWriter(&mut out))
        .and_then(|()| ci.end(broke_off.as_deref(), SanitizingWriter(&mut out)))
        .and_then(|()| out.flush());
    let ended = ended.and_then(|end| told.map(|()| end));
    if let Err(why) = how.exports.write_recorded(record.as_ref(), &RENDERER) {
        return fail(DIFFERS, &why);
    }
    match ended {
        Ok(Summary {
            skipped: Some(why),
            scenario,
            failed,
            ..
        }) => {
            let own = failed.map_or(CANNOT, |failed| status(false, Some(&failed)));
            fail(own, &format!("{scenario} cannot run here: {why}"))
        }
        Ok(end) => ExitCode::from(status(end.differ > 0, end.failed.as_ref())),
        // Whoever read it has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(DIFFERS, &error.to_string()),
    }
}

/// The file that one run is recorded in; in a folder it has the scenario's name.
///
/// # Errors
///
/// The folder or the file could not be made: one sentence.
pub fn recording_of(record: Option<&Path>, scenario: &str) -> Result<Option<RecordingFile>, String> {
    let Some(path) = record else { return Ok(None) };
    let path = file_in(path, scenario)?;
    RecordingFile::create(&path, Box::new(|why| complain(&format!("finwait: {why}")))).map(Some)
}

/// The files that several runs are recorded in, one for each of `names`.
pub(in crate::headless) fn recordings(record: Option<&Path>, names: &[&str]) -> Result<Vec<Option<PathBuf>>, String> {
    match record {
        None => Ok(vec![None; names.len()]),
        Some(folder) => Ok(files_in(folder, names)?.into_iter().map(Some).collect()),
    }
}

fn tell(out: &mut impl Write, line: &ReportLine) -> io::Result<()> {
    match line {
        ReportLine::Scenario(heading) => writeln!(SanitizingWriter(out), "{}: {}", heading.name, heading.title),
        ReportLine::Step(step) => writeln!(SanitizingWriter(out), "{step}"),
        ReportLine::End(end) => writeln!(SanitizingWriter(out), "{end}"),
    }
}

/// Runs several, each in a process of its own.
fn run_several(
    scenarios: Vec<(String, Scenario)>,
    options: &Options,
    how: &RunOptions,
    records: Vec<Option<PathBuf>>,
    exports: Vec<ExportChoices>,
) -> ExitCode {
    let began = Instant::now();
    let mut total = RunTotals::default();
    let mut out = PaintingWriter::new(io::stdout().lock(), how.paint.unless(how.is_terse()));
    let names: Vec<&str> = scenarios.iter().map(|(_, scenario)| scenario.name.as_str()).collect();
    let mut ci = match CiReports::begin(&how.ci, &names, &mut out) {
        Ok(ci) => ci,
        Err(why) => return fail(BAD, &why),
    };
    let mut printed = Lines::default();
    let mut progress = Progress::new(how.is_terse());
    progress.count(0, scenarios.len(), "scenarios");
    let done = in_parallel(&scenarios, options, how, &records, &exports, |place, lines| {
        let scenario = &scenarios[place].1;
        hide();
        for line in lines {
            match line {
                line if how.json => printed.print(&mut out, line)?,
                _ if how.ci.tap => {}
                ReportLine::Step(step) if !step.held() => {
                    writeln!(SanitizingWriter(&mut out), "{}", differences(scenario, step))?
                }
                ReportLine::End(end) => writeln!(SanitizingWriter(&mut out), "{end}")?,
                ReportLine::Scenario(_) | ReportLine::Step(_) => {}
            }
            if let ReportLine::End(end) = line {
                total.add(end);
            }
        }
        ci.scenario(place, lines, SanitizingWriter(&mut out))?;
        out.flush()?;
        progress.count(total.scenarios, scenarios.len(), "scenarios");
        Ok(())
    });
    drop(progress);
    let broke_off = done.as_ref().err().map(ToString::to_string);
    let told = ci.end(broke_off.as_deref(), SanitizingWriter(&mut out));
    match done.and(told) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
        Err(error) => return fail(DIFFERS, &error.to_string()),
    }
    how.exports.say_several(&exports);
    total.left = scenarios.len() - total.scenarios;
    total.took_ms = (began.elapsed().as_secs_f64() * 1e6).round() / 1e3;
    let told = if how.json {
        printed.print(&mut out, &LastLine::Total(&total))
    } else if how.ci.tap {
        out.flush()
    } else {
        writeln!(out, "{}", total.words())
    };
    if told.is_err() {
        return ExitCode::SUCCESS;
    }
    match total {
        RunTotals { differ, .. } if differ > 0 => {
            ExitCode::from(status(total.not_as_expected > 0, total.failed.as_ref()))
        }
        RunTotals { held: 0, skipped, .. } if skipped > 0 => fail(CANNOT, "none of them can run here"),
        _ => ExitCode::SUCCESS,
    }
}

fn differences(scenario: &Scenario, step: &StepReport) -> String {
    format!("{}, step {}:\n{step}", scenario.name, step.no)
}

/// Runs each scenario in a process of its own, so that each may enter a user namespace, several at once; hands over the place and the lines of
/// each as it ends.
///
/// Without `keep_going` none is begun after one that was not as expected.
fn in_parallel(
    scenarios: &[(String, Scenario)],
    options: &Options,
    how: &RunOptions,
    records: &[Option<PathBuf>],
    exports: &[ExportChoices],
    ended: impl FnMut(usize, &[ReportLine]) -> io::Result<()>,
) -> io::Result<()> {
    let mut more: Vec<String> = Vec::new();
    more.extend((how.allow_run == AllowRun::Yes).then(|| "--allow-run".into()));
    for (side, programs) in how.programs.iter() {
        for program in programs {
            let command = EndCommand::Run(Box::new(program.spec.clone())).to_string();
            let text = command.split_once(' ').map_or("", |(_, text)| text);
            more.extend([format!("--{side}-run"), text.to_owned()]);
        }
    }
    if let Some(snaplen) = how.snaplen {
        more.push(format!("--snaplen={snaplen}"));
    }
    let job =
        |(((name, scenario), record), exports): ((&(String, Scenario), &Option<PathBuf>), &ExportChoices)| ChildRun {
            scenario: name.clone(),
            patience: scenario.patience(),
            options: options.clone(),
            manner: how.manner_of_each(),
            more: [more.clone(), exports.arguments()].concat(),
            record: record.clone(),
            folder: None,
        };
    let jobs: Vec<ChildRun> = scenarios.iter().zip(records).zip(exports).map(job).collect();
    let stops = |lines: &io::Result<Vec<ReportLine>>| {
        let held = |line: &ReportLine| matches!(line, ReportLine::End(end) if end.held() || end.skipped.is_some());
        !how.manner.keep_going && !lines.as_ref().is_ok_and(|lines| lines.iter().any(held))
    };
    children::run(&jobs, children::AT_ONCE, stops, ended)
}

/// The last line of the JSON.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum LastLine<'a> {
    Total(&'a RunTotals),
}
