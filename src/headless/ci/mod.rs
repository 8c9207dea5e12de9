//! What `finwait run` says to who runs it for others: JUnit XML in a file, TAP on standard output, annotations for GitHub. Each is made of a
//! run's report, and several may be asked for at once.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use self::junit::JunitFile;
use self::tap::TapPoints;
use crate::mistake::Position;
use crate::scenario::catalog;
use crate::scenario::report::{Heading, ReportLine, StepReport, Summary};
use crate::text::SanitizingWriter;

mod github;
mod junit;
mod tap;

/// The reports that are asked for besides the text or in its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CiChoices {
    /// The file for JUnit XML.
    pub junit: Option<PathBuf>,
    /// TAP in place of the text.
    pub tap: bool,
    /// Annotations for GitHub Actions, on standard error, which it reads as well: standard output stays TAP or JSON.
    pub github: bool,
}

impl CiChoices {
    /// Returns whether any is asked for.
    pub const fn is_wanted(&self) -> bool {
        self.junit.is_some() || self.tap || self.github
    }
}

/// A scenario that has run, or could not.
struct ScenarioRun<'a> {
    heading: &'a Heading,
    steps: Vec<&'a StepReport>,
    end: &'a Summary,
}

impl<'a> ScenarioRun<'a> {
    /// The run of a whole report; none where its beginning or its end is missing.
    fn of(lines: &'a [ReportLine]) -> Option<ScenarioRun<'a>> {
        let heading = lines.iter().find_map(|line| match line {
            ReportLine::Scenario(heading) => Some(heading),
            _ => None,
        })?;
        let end = lines.iter().find_map(|line| match line {
            ReportLine::End(end) => Some(end),
            _ => None,
        })?;
        let steps = lines.iter().filter_map(|line| match line {
            ReportLine::Step(step) => Some(&**step),
            _ => None,
        });
        let steps = steps.collect();
        Some(ScenarioRun { heading, steps, end })
    }
}

/// What a step is called, without its number: its command, or else the first line that it says.
fn step_title(step: &StepReport) -> &str {
    let said = || step.say.as_deref().and_then(|say| say.lines().next());
    step.command.as_deref().or_else(said).unwrap_or("wait")
}

/// The same with its number: `1 client connect`.
fn step_name(step: &StepReport) -> String {
    format!("{} {}", step.no, step_title(step))
}

/// The reports of a run, while it goes on. Scenarios end in any order, and are reported in the order in which they were asked for.
pub struct CiReports {
    junit: Option<JunitFile>,
    tap: Option<TapPoints>,
    github: bool,
    /// The names of all, in that order.
    names: Vec<String>,
}

impl CiReports {
    /// Begins the reports of these scenarios; the plan of TAP goes to `out`.
    ///
    /// # Errors
    ///
    /// The file for JUnit could not be made: one sentence.
    pub fn begin(choices: &CiChoices, names: &[&str], out: &mut impl Write) -> Result<CiReports, String> {
        let junit = choices.junit.as_deref().map(JunitFile::create).transpose()?;
        if choices.tap {
            // A reader that has gone is noticed with the first scenario.
            let _ = writeln!(out, "TAP version 14\n1..{}", names.len());
        }
        Ok(CiReports {
            junit,
            tap: choices.tap.then(TapPoints::default),
            github: choices.github,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        })
    }

    /// Takes in the report of the scenario at that place, from its heading to its end.
    ///
    /// # Errors
    ///
    /// The error of `out`.
    pub fn scenario(&mut self, place: usize, lines: &[ReportLine], mut out: impl Write) -> io::Result<()> {
        let Some(run) = ScenarioRun::of(lines) else {
            return Ok(());
        };
        if let Some(tap) = &mut self.tap {
            out.write_all(tap.scenario(place, &run).as_bytes())?;
        }
        if self.github {
            annotate(&github::scenario(&run));
        }
        if let Some(junit) = &mut self.junit {
            junit.scenario(place, &run);
        }
        Ok(())
    }

    /// Ends the reports: those that were not reported were not begun, and where the run broke off, `why` says so.
    ///
    /// # Errors
    ///
    /// The error of `out`; or the file for JUnit could not be written.
    pub fn end(self, why: Option<&str>, mut out: impl Write) -> io::Result<()> {
        if let Some(tap) = self.tap {
            out.write_all(tap.end(&self.names, why).as_bytes())?;
        }
        if let (true, Some(why)) = (self.github, why) {
            annotate(&github::broken_off(why));
        }
        match self.junit {
            Some(junit) => junit.write(&self.names, why),
            None => Ok(()),
        }
    }
}

/// Writes lines for GitHub to standard error; that nobody hears them changes nothing.
fn annotate(lines: &str) {
    let _ = write!(SanitizingWriter(io::stderr().lock()), "{lines}");
}

/// An annotation for a mistake in a file, whose place is known from its text: `PATH:LINE:COLUMN: what is wrong`.
pub fn annotate_mistakes(text: &str) {
    annotate(&github::mistakes(text));
}

/// Returns where an expectation stands, as who reads the report finds it: `mine.toml:12:10`, or of a scenario within the binary, of which there
/// is no file, `half-close (built in, line 12; finwait show half-close)`.
fn at(path: &str, place: Position) -> String {
    match catalog::built_in(path) {
        Some(name) => format!("{name} (built in, line {}; finwait show {name})", place.line),
        None => format!("{}:{}:{}", in_workspace(path), place.line, place.column),
    }
}

/// The path as who reads the report knows it: within the folder that was checked out.
fn in_workspace(path: &str) -> String {
    let workspace = std::env::var_os("GITHUB_WORKSPACE");
    let inside = workspace.and_then(|folder| Some(Path::new(path).strip_prefix(folder).ok()?.display().to_string()));
    inside.unwrap_or_else(|| path.to_owned())
}
