//! `finwait list`, `show`, `run` and `check`.

use serde::Serialize;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use super::aside::behind;
use super::children::{self, ChildRun};
use super::ci::{self, CiChoices, CiReports};

use super::not_read;
use super::output::TextOutput;
use crate::clock::human;
use crate::command::EndCommand;
use crate::exit::{BAD, CANNOT, DIED, DIFFERS, NOT_READY, PROGRAM_MISSING, fail};
use crate::export::wanted::ExportChoices;
use crate::json::{Lines, Versioned};
use crate::lab::Options;
use crate::paint::{Paint, PaintingWriter};
use crate::progress::{Progress, printed_on, while_compiling};
use crate::recording::{RecordingFile, file_in, files_in};
use crate::run::{self, RunManner};
use crate::runtime::RuntimeChoice;
use crate::scenario::catalog::{self, Entry, ListedLesson};
use crate::scenario::lesson::Shelf;
use crate::scenario::report::{Heading, ReportLine, StepReport, Summary, count};
use crate::scenario::{Group, Scenario, file};
use crate::session::lineup::FirstProgram;
use crate::session::lineup::{ProgramFailed, ProgramFailure};
use crate::side::Ends;
use crate::stderr::{complain, hide};
use crate::text::{SanitizingWriter, excerpt, harmless, width};
use crate::tui::film::DRAWER;

pub(super) mod folder;

/// The most characters of a name that are repeated.
const LONGEST_NAME: usize = 200;

/// The options of `finwait run`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOptions {
    /// JSON lines rather than text.
    pub json: bool,
    /// The way in which each is run; whether to go on after what was not as expected is for the next scenario, too.
    pub manner: RunManner,
    /// The reports for CI.
    pub ci: CiChoices,
    /// May files start programs?
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
    /// Has standard output something else than text for people?
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

/// May a file that is not finwait's own start the programs that it names?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllowRun {
    /// Yes: `--allow-run`.
    Yes,
    /// No.
    No,
}

impl AllowRun {
    /// Returns what the switch says.
    pub const fn of_switch(given: bool) -> AllowRun {
        if given { AllowRun::Yes } else { AllowRun::No }
    }
}

/// `finwait list --lessons`
pub fn lessons(output: TextOutput) -> ExitCode {
    match catalog::listed_lessons() {
        Ok(all) => output.print(|out| write_lessons(out, &all, printed_on())),
        Err(mistakes) => mistaken(&mistakes),
    }
}

fn write_lessons(out: &mut dyn Write, all: &[ListedLesson], columns: Option<usize>) -> io::Result<()> {
    let mut shelf: Option<Shelf> = None;
    for ListedLesson {
        name,
        title,
        lesson,
        runs,
    } in all
    {
        if !shelf.is_some_and(|before| before.is_with(lesson.shelf)) {
            writeln!(out, "{}", lesson.shelf.heading())?;
        }
        shelf = Some(lesson.shelf);
        let (level, minutes) = (lesson.level.name(), lesson.minutes);
        let head = format!("  {name:<32} {level:<12} {minutes:>2} min  ");
        behind(out, columns, &head, &format!("{title}{runs}"))?;
    }
    Ok(())
}

/// `finwait list`: the catalog, one of its groups, or the scenario files of a folder.
pub fn list(of: Option<&Path>, json: bool, output: TextOutput) -> ExitCode {
    let output = output.unless(json);
    let group = of.and_then(|of| Group::ALL.into_iter().find(|group| Some(group.name()) == of.to_str()));
    if let (Some(folder), None) = (of, group) {
        return list_folder(folder, json, output);
    }
    let is_listed = |of: Group| group.is_none_or(|group| group == of);
    if !json {
        let entries = catalog::by_group().into_iter().filter(|entry| is_listed(entry.group));
        let listed: Vec<ListedScenario<'_>> = entries.map(ListedScenario::of).collect();
        return output.print(|out| write_list(out, &listed, printed_on()));
    }
    match catalog::all() {
        Ok(all) => output.print(|out| {
            let all = all.iter().filter(|scenario| is_listed(scenario.group));
            let scenarios = all.map(Heading::of).collect();
            Versioned::new(Listed { scenarios }).print(out)
        }),
        Err(mistakes) => mistaken(&mistakes),
    }
}

/// Lists the scenario files of a folder, each under the path by which finwait run knows it.
fn list_folder(folder: &Path, json: bool, output: TextOutput) -> ExitCode {
    let files = match folder::files_in(folder) {
        Ok(files) => files,
        Err(why) => return fail(BAD, &why),
    };
    let mut all = Vec::new();
    let mut bad = false;
    for path in files {
        match read(&path) {
            Ok(scenario) => all.push((path, scenario)),
            Err(why) => {
                bad = true;
                complain(&why);
            }
        }
    }
    all.sort_by(|(path, a), (other, b)| (a.group, path).cmp(&(b.group, other)));
    let printed = if json {
        let scenarios = all.iter().map(|(_, scenario)| Heading::of(scenario)).collect();
        output.print(|out| Versioned::new(Listed { scenarios }).print(out))
    } else {
        let listed: Vec<ListedScenario<'_>> = all
            .iter()
            .map(|(path, scenario)| ListedScenario {
                group: scenario.group,
                name: path,
                title: &scenario.title,
                ipv6: scenario.ipv6,
                runs: String::new(),
            })
            .collect();
        output.print(|out| write_list(&mut SanitizingWriter(out), &listed, printed_on()))
    };
    if bad { ExitCode::from(BAD) } else { printed }
}

/// A line of the list.
struct ListedScenario<'a> {
    group: Group,
    name: &'a str,
    title: &'a str,
    ipv6: Option<bool>,
    runs: String,
}

impl ListedScenario<'static> {
    fn of(entry: &'static Entry) -> ListedScenario<'static> {
        ListedScenario {
            group: entry.group,
            name: entry.name,
            title: entry.title,
            ipv6: entry.ipv6,
            runs: entry.runs(),
        }
    }
}

/// Writes scenarios, which stand group by group, each group under its heading.
fn write_list(out: &mut dyn Write, all: &[ListedScenario<'_>], columns: Option<usize>) -> io::Result<()> {
    let mut group = None;
    let wide = all
        .iter()
        .map(|scenario| width(scenario.name))
        .max()
        .unwrap_or_default();
    for scenario in all {
        if group != Some(scenario.group) {
            group = Some(scenario.group);
            writeln!(out, "{}", scenario.group)?;
        }
        let text = format!("{}{}{}", scenario.title, alone(scenario.ipv6), scenario.runs);
        behind(out, columns, &format!("  {:<wide$} ", scenario.name), &text)?;
    }
    Ok(())
}

/// The IP version that a scenario is of, where it is of one alone: what follows its line.
const fn alone(ipv6: Option<bool>) -> &'static str {
    match ipv6 {
        None => "",
        Some(true) => " (IPv6 alone)",
        Some(false) => " (IPv4 alone)",
    }
}

/// `finwait show`
pub fn show(name: &str, output: TextOutput) -> ExitCode {
    if is_path(name) {
        return match text_of(name) {
            Ok(text) => output.print(|out| out.write_all(harmless(&text).as_bytes())),
            Err(why) => {
                complain(&why);
                ExitCode::from(BAD)
            }
        };
    }
    let beside = || {
        catalog::SIDE_BY_SIDE
            .iter()
            .find(|(path, _)| file::name_of(path) == name)
            .copied()
    };
    match catalog::find(name).or_else(beside) {
        Some((_, text)) => output.print(|out| out.write_all(text.as_bytes())),
        None => fail(BAD, &unknown(name)),
    }
}

/// `finwait check`
pub fn check(files: &[String]) -> ExitCode {
    let mut bad = false;
    let files = match folder::expanded(files) {
        Ok(files) => files,
        Err(why) => return fail(BAD, &why),
    };
    for path in &files {
        match read(path) {
            Ok(scenario) => {
                let steps = count(scenario.steps.len(), "step");
                let path = excerpt(path, LONGEST_NAME);
                println!(
                    "{path}: {steps}, {}{}",
                    count(scenario.expectations(), "expectation"),
                    alone(scenario.ipv6)
                );
            }
            Err(why) => {
                bad = true;
                complain(&why);
            }
        }
    }
    if bad { ExitCode::from(BAD) } else { ExitCode::SUCCESS }
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
        return one(scenario.clone(), options, &how, record);
    }
    let names: Vec<&str> = scenarios.iter().map(|(_, scenario)| scenario.name.as_str()).collect();
    let files = recordings(record, &names);
    let exports = how.exports.of_several(&names);
    match files.and_then(|files| Ok((files, exports?))) {
        Ok((files, exports)) => several(scenarios, options, &how, files, exports),
        Err(why) => fail(BAD, &why),
    }
}

/// Runs one scenario in this process.
fn one(scenario: Scenario, options: &Options, how: &RunOptions, record: Option<&Path>) -> ExitCode {
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
    if let Err(why) = how.exports.write_recorded(record.as_ref(), &DRAWER) {
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
pub(super) fn recordings(record: Option<&Path>, names: &[&str]) -> Result<Vec<Option<PathBuf>>, String> {
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
fn several(
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
        printed.print(&mut out, &Sum::Total(&total))
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

/// The output of `finwait list --json`.
#[derive(Serialize)]
struct Listed {
    scenarios: Vec<Heading>,
}

/// The last line of the JSON.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Sum<'a> {
    Total(&'a RunTotals),
}

/// The totals.
#[derive(Debug, Default, Serialize)]
struct RunTotals {
    scenarios: usize,
    held: usize,
    differ: usize,
    skipped: usize,
    left: usize,
    steps: usize,
    expectations: usize,
    took_ms: f64,
    /// The runs among `differ` in which an expectation did not hold.
    #[serde(skip)]
    not_as_expected: usize,
    /// The first that could not come to its end.
    #[serde(skip)]
    failed: Option<ProgramFailed>,
}

/// The exit status of runs: an expectation that did not hold comes before a program that failed, for that may have followed.
fn status(differs: bool, failed: Option<&ProgramFailed>) -> u8 {
    match failed.map(|failed| failed.kind) {
        _ if differs => DIFFERS,
        Some(ProgramFailure::Missing) => PROGRAM_MISSING,
        Some(ProgramFailure::NotReady) => NOT_READY,
        Some(ProgramFailure::Died) => DIED,
        None => 0,
    }
}

impl RunTotals {
    fn add(&mut self, end: &Summary) {
        self.scenarios += 1;
        self.skipped += usize::from(end.skipped.is_some());
        self.held += usize::from(end.held());
        self.differ += usize::from(end.skipped.is_none() && !end.held());
        self.steps += end.steps;
        self.expectations += end.expectations;
        self.not_as_expected += usize::from(end.differ > 0);
        if self.failed.is_none() && end.skipped.is_none() {
            self.failed.clone_from(&end.failed);
        }
    }

    fn words(&self) -> String {
        let took = human(std::time::Duration::from_secs_f64(self.took_ms / 1e3));
        let mut text = format!("{}: {} hold", count(self.scenarios, "scenario"), self.held);
        for (n, what) in [
            (self.differ, "differ"),
            (self.skipped, "skipped"),
            (self.left, "not begun"),
        ] {
            if n > 0 {
                text.push_str(&format!(", {n} {what}"));
            }
        }
        let (steps, expectations) = (count(self.steps, "step"), count(self.expectations, "expectation"));
        text.push_str(&format!("; {steps}, {expectations}, {took}"));
        text
    }
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

/// The scenario of that name, or of that file.
///
/// # Errors
///
/// No scenario has that name, or its file has mistakes: what to print about it.
pub fn load(name: &str) -> Result<Scenario, String> {
    if is_path(name) {
        return read(name);
    }
    match catalog::find(name) {
        Some((path, text)) => file::read(path, text).map_err(|mistakes| all_of(&mistakes)),
        None => Err(format!("finwait: {}", unknown(name))),
    }
}

/// The same, to be run: a file that starts programs must be allowed to, as nobody would expect it of a scenario.
///
/// # Errors
///
/// The mistakes of [`load`], or the commands that are not allowed.
pub fn load_to_run(name: &str, allow: AllowRun) -> Result<Scenario, String> {
    let scenario = load(name)?;
    let is_ours = catalog::find(name).is_some();
    let commands = scenario.commands();
    if is_ours || allow == AllowRun::Yes || commands.is_empty() {
        return Ok(scenario);
    }
    let commands: Vec<String> = commands
        .iter()
        .map(|(side, run)| format!("on the {side}'s host {}", excerpt(run, LONGEST_NAME)))
        .collect();
    Err(format!(
        "finwait: {} starts programs, which --allow-run allows: {}",
        excerpt(name, LONGEST_NAME),
        commands.join("; ")
    ))
}

/// Is it a file's path, and no scenario's name?
fn is_path(name: &str) -> bool {
    name.contains('/') || name.ends_with(file::SUFFIX)
}

/// Returns the text of a scenario's file.
fn text_of(path: &str) -> Result<String, String> {
    let shown = excerpt(path, LONGEST_NAME);
    let text = std::fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound if catalog::find(path).is_some() => format!(
            "finwait: there is no file {shown} here: that is a scenario of the catalog, which finwait show {shown} prints"
        ),
        _ => format!("finwait: {}", not_read(&shown, &error)),
    })?;
    String::from_utf8(text).map_err(|error| {
        let before = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{shown}:{line}:{column}: this is not UTF-8")
    })
}

fn read(path: &str) -> Result<Scenario, String> {
    let text = text_of(path)?;
    // The same path may be that of a scenario within the binary, which is not meant.
    let own = catalog::built_in(path).map(|_| format!("./{path}"));
    file::read(own.as_deref().unwrap_or(path), &text).map_err(|mistakes| all_of(&mistakes))
}

pub(super) fn all_of(mistakes: &[crate::scenario::mistake::Mistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn unknown(name: &str) -> String {
    // No scenario's name ends like a file's.
    if name.ends_with(".jsonl") || Path::new(name).is_file() {
        return match Path::new(name).exists() {
            true => format!(
                "{0} is a file, and scenarios are names: a file is ./{0}",
                excerpt(name, LONGEST_NAME)
            ),
            false => format!("there is no file {}", excerpt(name, LONGEST_NAME)),
        };
    }
    let near = match catalog::nearest(name).as_slice() {
        [] => String::new(),
        [only] => format!("did you mean {only}? "),
        [most @ .., last] => format!("did you mean {} or {last}? ", most.join(", ")),
    };
    let name = excerpt(name, LONGEST_NAME);
    format!("there is no scenario \"{name}\"; {near}finwait list lists them, and a file has a / or ends with .toml")
}

pub(super) fn mistaken(mistakes: &[crate::scenario::mistake::Mistake]) -> ExitCode {
    complain(&all_of(mistakes));
    ExitCode::from(BAD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::file::parsed_by;

    #[test]
    fn an_expectation_that_failed_comes_before_a_program_that_did() {
        let failed = |kind| ProgramFailed {
            kind,
            why: "the server printed nothing".into(),
        };
        assert_eq!((status(false, None), status(true, None)), (0, 1));
        for (kind, own) in [
            (ProgramFailure::Missing, 4),
            (ProgramFailure::NotReady, 5),
            (ProgramFailure::Died, 6),
        ] {
            assert_eq!(
                (status(false, Some(&failed(kind))), status(true, Some(&failed(kind)))),
                (own, 1)
            );
        }
    }

    #[test]
    fn the_lists_parse_no_scenario_and_one_that_is_run_is_the_only_one() {
        let mut out = Vec::new();
        let listed = |out: &mut Vec<u8>| {
            let all = catalog::by_group()
                .into_iter()
                .map(ListedScenario::of)
                .collect::<Vec<_>>();
            write_list(out, &all, None).unwrap();
        };
        assert_eq!(parsed_by(|| listed(&mut out)), 0);
        assert!(out.len() > catalog::ENTRIES.len() * 30);
        // What is known of a lesson of two labs stands in its file.
        let lessons = parsed_by(|| assert!(catalog::listed_lessons().unwrap().len() > 100));
        assert_eq!(lessons as usize, catalog::SIDE_BY_SIDE.len());
        assert_eq!(parsed_by(|| drop(load("half-close").unwrap())), 1);
    }
}
