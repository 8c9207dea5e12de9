//! JUnit XML: a suite for each scenario, a case for each step, and the run's transcript as the suite's output. The elements and attributes
//! are those that the schemas of Ant and of Jenkins both have.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{ScenarioRun, in_workspace, step_name};
use crate::scenario::catalog;
use crate::scenario::report::StepReport;
use crate::text::{xml_attribute, xml_text};
use crate::utc::timestamp;

/// The file, and what stands in it when the run is over.
pub(super) struct JunitFile {
    path: PathBuf,
    file: File,
    began: String,
    /// The suites, by the scenario's place in the run.
    suites: BTreeMap<usize, String>,
    totals: Totals,
}

/// The counts of a suite, or of all.
#[derive(Clone, Copy, Default)]
struct Totals {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    ms: f64,
}

impl Totals {
    fn add(&mut self, other: Totals) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.errors += other.errors;
        self.skipped += other.skipped;
        self.ms += other.ms;
    }

    fn attributes(&self) -> String {
        let Totals {
            tests,
            failures,
            errors,
            ..
        } = self;
        format!(
            "tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{}\"",
            seconds(self.ms)
        )
    }
}

impl JunitFile {
    /// Makes the file, empty until the run is over.
    ///
    /// # Errors
    ///
    /// The file could not be made: one sentence.
    pub(super) fn create(path: &Path) -> Result<JunitFile, String> {
        Ok(JunitFile {
            path: path.into(),
            file: File::create(path).map_err(|error| format!("--junit {}: {error}", path.display()))?,
            began: timestamp(SystemTime::now()),
            suites: BTreeMap::new(),
            totals: Totals::default(),
        })
    }

    /// Takes in the scenario at that place.
    pub(super) fn scenario(&mut self, place: usize, run: &ScenarioRun<'_>) {
        let (heading, end) = (run.heading, run.end);
        let class = format!("finwait.{}.{}", heading.group, heading.name);
        let mut totals = Totals {
            ms: end.took_ms,
            ..Totals::default()
        };
        let (mut cases, mut out) = (String::new(), String::new());
        let mut case = |name: &str, ms: f64, what: &str| {
            let (name, class, time) = (xml_attribute(name), xml_attribute(&class), seconds(ms));
            let _ = writeln!(
                cases,
                "    <testcase name=\"{name}\" classname=\"{class}\" time=\"{time}\">{what}</testcase>"
            );
        };
        for step in &run.steps {
            totals.tests += 1;
            totals.failures += usize::from(!step.held());
            case(&step_name(step), step.took_ms, &failure(step));
            let _ = writeln!(out, "{step}");
            step.transcript.iter().for_each(|line| {
                let _ = writeln!(out, "    {line}");
            });
        }
        if let Some(why) = &end.skipped {
            (totals.tests, totals.skipped) = (totals.tests + 1, totals.skipped + 1);
            case(
                &heading.name,
                0.0,
                &format!("<skipped message=\"{}\"/>", xml_attribute(why)),
            );
        }
        // A scenario whose program is missing was skipped, and has no second case.
        if let Some(failed) = end.failed.as_ref().filter(|_| end.skipped.is_none()) {
            (totals.tests, totals.errors) = (totals.tests + 1, totals.errors + 1);
            let (kind, why) = (failed.kind.name(), xml_attribute(&failed.why));
            case(
                &heading.name,
                0.0,
                &format!("<error type=\"{kind}\" message=\"{why}\"/>"),
            );
        }
        for left in run.steps.len()..run.steps.len() + end.left {
            if end.skipped.is_none() {
                (totals.tests, totals.skipped) = (totals.tests + 1, totals.skipped + 1);
                case(
                    &(left + 1).to_string(),
                    0.0,
                    "<skipped message=\"a step before it was not as expected\"/>",
                );
            }
        }
        self.suite(
            place,
            &heading.name,
            &class,
            totals,
            &cases,
            &format!("{}: {}\n{out}{end}\n", source(&heading.path), heading.title),
        );
    }

    fn suite(&mut self, place: usize, name: &str, package: &str, totals: Totals, cases: &str, out: &str) {
        let (name, package, out) = (xml_attribute(name), xml_attribute(package), xml_text(out));
        let suite = format!(
            "  <testsuite id=\"{place}\" name=\"{name}\" package=\"{package}\" hostname=\"localhost\" timestamp=\"{}\" {} skipped=\"{}\">\n    \
             <properties/>\n{cases}    <system-out>{out}</system-out>\n    <system-err/>\n  </testsuite>\n",
            self.began,
            totals.attributes(),
            totals.skipped,
        );
        self.suites.insert(place, suite);
        self.totals.add(totals);
    }

    /// Writes all of it; of the scenarios of those `names`, those that were not taken in were not begun.
    ///
    /// # Errors
    ///
    /// The file could not be written.
    pub(super) fn write(mut self, names: &[String], why: Option<&str>) -> io::Result<()> {
        for (place, name) in names.iter().enumerate() {
            if self.suites.contains_key(&place) {
                continue;
            }
            let case = format!(
                "    <testcase name=\"{0}\" classname=\"finwait.{0}\" time=\"0.000\"><skipped message=\"not begun\"/></testcase>\n",
                xml_attribute(name)
            );
            let totals = Totals {
                tests: 1,
                skipped: 1,
                ..Totals::default()
            };
            self.suite(place, name, "finwait", totals, &case, "");
        }
        if let Some(why) = why {
            let case = format!(
                "    <testcase name=\"finwait run\" classname=\"finwait\" time=\"0.000\"><error type=\"broke-off\" message=\"{}\"/></testcase>\n",
                xml_attribute(why)
            );
            let totals = Totals {
                tests: 1,
                errors: 1,
                ..Totals::default()
            };
            self.suite(names.len(), "finwait run", "finwait", totals, &case, "");
        }
        let whole = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"finwait run\" {}>\n{}</testsuites>\n",
            self.totals.attributes(),
            self.suites.into_values().collect::<String>()
        );
        let name = self.path.display().to_string();
        self.file
            .write_all(whole.as_bytes())
            .map_err(|error| io::Error::new(error.kind(), format!("--junit {name}: {error}")))
    }
}

/// The file that a scenario was read from, or where it is shown.
fn source(path: &str) -> String {
    match catalog::built_in(path) {
        Some(_) => catalog::shown(path).into_owned(),
        None => in_workspace(path),
    }
}

/// The element of a step that was not as expected; empty for one that was.
fn failure(step: &StepReport) -> String {
    let differences: Vec<String> = step
        .differences()
        .map(|check| {
            format!(
                "{}: expected {}, observed {}",
                check.about, check.expected, check.observed
            )
        })
        .collect();
    if differences.is_empty() {
        return String::new();
    }
    let message = xml_attribute(&differences.join("; "));
    format!(
        "<failure type=\"expectation\" message=\"{message}\">{}</failure>",
        xml_text(&step.to_string())
    )
}

/// Milliseconds as seconds.
fn seconds(ms: f64) -> String {
    format!("{:.3}", ms / 1e3)
}
