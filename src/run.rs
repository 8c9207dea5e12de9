//! Runs a scenario from its first step to its last in a lab of its own, recorded where that is wanted; or two with the same beginning.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crate::clock::MonoTime;
use crate::lab::{LabMode, LocalLab as Lab, Options};
use crate::live::{EventSink, Live, WaitOutcome};
use crate::recording::{RecordingFile, recorded};
use crate::scenario::Scenario;
use crate::scenario::branch::{Branch, BranchResult};
use crate::scenario::claim_status::{ClaimStatus, parts, tried};
use crate::scenario::needs::Needs;
use crate::scenario::play::{Play, StepStatus};
use crate::scenario::report::{Heading, ReportLine, StepReport, Summary, millis};
use crate::session::Session;
use crate::session::lineup::{FirstProgram, LineupStatus, ProgramFailed, ProgramFailure};
use crate::session::transcript::plain_lines;
use crate::side::Ends;

/// Returns the lab that a scenario is run in, when `options` are what the user wants.
///
/// # Errors
///
/// One sentence that says why the scenario cannot run here.
pub fn lab_for(scenario: &Scenario, options: &Options) -> Result<Options, String> {
    let wanted = match (scenario.isolated, options.wanted) {
        (true, LabMode::Loopback) => return Err("it needs the isolated lab, and the loopback lab was asked for".into()),
        (true, LabMode::Auto | LabMode::Isolated) => LabMode::Isolated,
        (false, wanted) => wanted,
    };
    let ipv6 = match (scenario.ipv6, options.ipv6) {
        (Some(false), true) => return Err("it is for IPv4 only, and IPv6 was asked for".into()),
        (alone, asked) => alone.unwrap_or(asked),
    };
    let offload = match (scenario.offload, options.offload) {
        (Some(false), true) => {
            return Err("it is about the segments as a cable carries them, and --offload shows super-segments".into());
        }
        (alone, asked) => alone.unwrap_or(asked),
    };
    if let Some(why) = scenario.missing_program() {
        return Err(why);
    }
    // The kernel is asked last: that takes a moment.
    if let Some(why) = scenario.needs.as_ref().and_then(Needs::unmet) {
        return Err(why);
    }
    let driven = options.driven.or(scenario.driven, &options.program);
    // What a step changes to is made ready here, so that no step waits for a compiler.
    for (side, runtime) in scenario.runtimes() {
        let made = options.driven.maker(side, &options.program).make(runtime);
        made.map_err(|error| error.to_string())?;
    }
    Ok(Options {
        driven: driven.map_err(|error| error.to_string())?,
        wanted,
        ipv6,
        offload,
        ..options.clone()
    })
}

/// The programs of a scenario, and more of the user's own after them.
pub fn joined(scenario: &Ends<Vec<FirstProgram>>, more: &Ends<Vec<FirstProgram>>) -> Ends<Vec<FirstProgram>> {
    Ends::from_fn(|side| scenario[side].iter().chain(&more[side]).cloned().collect())
}

/// The longest that goes by without a look at the clock while programs are yet to be ready.
const LOOK: Duration = Duration::from_millis(100);

/// Begins with these programs, and waits until those that can start are ready.
fn begin(live: &mut Live<'_>, programs: Ends<Vec<FirstProgram>>) -> io::Result<Result<(), ProgramFailed>> {
    let refused = |why: String| ProgramFailed {
        kind: ProgramFailure::Missing,
        why,
    };
    match live.session.line_up(programs, MonoTime::now()) {
        Ok(issued) => live.send(issued.requests),
        Err(why) => return Ok(Err(refused(why.to_string()))),
    }
    loop {
        match live.session.lineup(MonoTime::now()) {
            LineupStatus::Starting => {}
            LineupStatus::Ready | LineupStatus::NobodyListens => return Ok(Ok(())),
            LineupStatus::Failed(failed) => return Ok(Err(failed)),
        }
        live.take(Some(Instant::now() + LOOK))?;
    }
}

/// The extent of a run, and of its report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunManner {
    /// Go on with the next step after one that was not as expected.
    pub keep_going: bool,
    /// Put the transcript's lines into each step's report.
    pub transcript: bool,
}

impl RunManner {
    /// All steps, whatever comes of them.
    pub const TO_THE_END: RunManner = RunManner {
        keep_going: true,
        transcript: false,
    };
}

/// The way in which a scenario is run.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Programs that its run begins with, beside its own.
    pub more: &'a Ends<Vec<FirstProgram>>,
    /// The extent of the run, and of its report.
    pub manner: RunManner,
    /// The file that it is recorded in.
    pub record: Option<&'a RecordingFile>,
}

/// Runs a scenario, recorded if that is wanted, and reports each line as soon as it is known. Must be called before the program has a
/// second thread, like [`Lab::start`].
///
/// # Errors
///
/// The error of `tell`, or the lab's thread is gone. A scenario that cannot run here is none: [`Summary::skipped`] says why.
pub fn run(
    scenario: &Arc<Scenario>,
    options: &Options,
    how: Run<'_>,
    tell: impl FnMut(ReportLine) -> io::Result<()>,
) -> io::Result<Summary> {
    watched(scenario, options, how, tell, |_, _| {})
}

/// Runs a scenario as [`run`] does, with a look at the session after each step, for those who need more than the report has.
///
/// # Errors
///
/// The errors of [`run`].
pub fn watched(
    scenario: &Arc<Scenario>,
    options: &Options,
    how: Run<'_>,
    mut tell: impl FnMut(ReportLine) -> io::Result<()>,
    mut watch: impl FnMut(&Session, &StepReport),
) -> io::Result<Summary> {
    let Run { more, manner, record } = how;
    let began = MonoTime::now();
    tell(ReportLine::Scenario(Heading::of(scenario)))?;
    let mut end = Summary {
        scenario: scenario.name.clone(),
        skipped: None,
        steps: 0,
        expectations: 0,
        differ: 0,
        unseen: 0,
        left: scenario.steps.len(),
        took_ms: 0.0,
        verdict: None,
        unrecorded: None,
        failed: None,
    };
    let finish = |mut end: Summary, tell: &mut dyn FnMut(ReportLine) -> io::Result<()>| {
        end.unrecorded = record.and_then(RecordingFile::failure);
        end.took_ms = millis(MonoTime::now().since(began));
        tell(ReportLine::End(end.clone()))?;
        Ok(end)
    };
    let options = match lab_for(scenario, options) {
        Ok(options) => options,
        Err(why) => {
            end.failed = scenario.missing_program().map(|_| ProgramFailed {
                kind: ProgramFailure::Missing,
                why: why.clone(),
            });
            end.skipped = Some(why);
            return finish(end, &mut tell);
        }
    };
    let (inputs, inbox) = channel();
    let events = EventSink::new(inputs);
    let (lab, facts) = match Lab::start(&options, move |event| events.send(event)) {
        Ok(started) => started,
        Err(error) => {
            end.skipped = Some(error.to_string());
            return finish(end, &mut tell);
        }
    };
    if facts.no_sock_diag.is_some() && scenario.destroys() {
        end.skipped = Some("it destroys a connection, and this kernel has no sock_diag for TCP".into());
        return finish(end, &mut tell);
    }
    let session = recorded(Session::new(facts, began), record, &options);
    let mut live = Live::new(session, &lab, inbox);
    if let Err(why) = live.start()? {
        end.skipped = Some(why);
        return finish(end, &mut tell);
    }
    if let Err(failed) = begin(&mut live, joined(&scenario.programs, more))? {
        end.failed = Some(failed);
        return finish(end, &mut tell);
    }
    let mut play = Play::new(Arc::clone(scenario));
    let mut claimed = Vec::new();
    while play.next() < scenario.steps.len() {
        let since = live.session.transcript.last();
        let requests = play.begin(&mut live.session, MonoTime::now());
        live.send(requests);
        let mut report = loop {
            let now = MonoTime::now();
            match play.judge(&live.session, live.quiet.is_quiet(), now) {
                StepStatus::Over(report) => {
                    live.session.step_over(now);
                    break report;
                }
                StepStatus::Wait(until) => {
                    let left = until.since(now).max(Duration::from_millis(1));
                    match live.take(Some(Instant::now() + left))? {
                        WaitOutcome::Event | WaitOutcome::Nothing | WaitOutcome::Line(_) => {}
                    }
                }
            }
        };
        end.steps += 1;
        end.left -= 1;
        for check in &report.checks {
            match check.held {
                Some(held) => {
                    end.expectations += 1;
                    end.differ += usize::from(!held);
                }
                None => end.unseen += 1,
            }
        }
        if !report.claims.is_empty() {
            claimed.push(StepReport::clone(&report));
        }
        if let Some(record) = record {
            record.step(&report);
        }
        if manner.transcript {
            report.transcript = plain_lines(live.session.transcript.since(since));
        }
        watch(&live.session, &report);
        let as_expected = report.held();
        tell(ReportLine::Step(report))?;
        if !as_expected && !manner.keep_going {
            break;
        }
    }
    // Another language's answers alone are no verdict: finwait claims asks both.
    if end.left == 0 && options.driven.is_native() {
        let parts = parts(&claimed).into_iter();
        end.verdict = ClaimStatus::of_parts(parts.map(|(_, steps)| ClaimStatus::of(tried(steps), None)));
    }
    drop(live);
    drop(lab);
    finish(end, &mut tell)
}

impl Branch {
    /// Runs both, one after the other, each in a lab of its own.
    ///
    /// # Errors
    ///
    /// One sentence: the first of the two that could not be run, and why.
    pub fn run_both(&self, options: &Options) -> BranchResult {
        let both = [&self.trunk, &self.branch].map(|scenario| {
            let mut reports = Vec::new();
            let mut tell = |line: ReportLine| -> io::Result<()> {
                if let ReportLine::Step(report) = line {
                    reports.push(*report);
                }
                Ok(())
            };
            let how = Run {
                more: &Ends::default(),
                manner: RunManner::TO_THE_END,
                record: None,
            };
            let end = run(scenario, options, how, &mut tell).map_err(|error| error.to_string())?;
            match end.skipped {
                Some(why) => Err(why),
                None => Ok(reports),
            }
        });
        let [trunk, branch] = both;
        Ok([trunk?, branch?])
    }
}
