//! `finwait claims`: what the article claims of Go, held against raw calls and, where Go is here, against Go.

use serde::Serialize;
use std::io;
use std::process::ExitCode;

use super::children::{self, Job};
use super::exit::{DIFFERS, fail, print};
use super::scenarios::mistaken;
use crate::lab::Options;
use crate::runtime::{Choice, Runtime};
use crate::scenario::expect::Check;
use crate::scenario::report::{End, Line, StepReport};
use crate::scenario::verdict::{Verdict, held};
use crate::scenario::{Kernel, Scenario, catalog};
use crate::side::Ends;

/// A row of the table of claims.
#[derive(Serialize)]
struct Claim {
    id: String,
    scenario: String,
    claim: String,
    /// What the article says.
    expects: Option<String>,
    /// What raw calls gave.
    observed: Vec<String>,
    /// What Go gave and said; none where it was not asked.
    go: Option<Vec<String>>,
    skipped: Option<String>,
    verdict: Option<Verdict>,
    kernel: Option<String>,
}

/// Runs the scenarios that have a claim, raw and with Go at the ends that it is about, and prints what came of them.
pub fn run(options: &Options, json: bool) -> ExitCode {
    let all = match catalog::all() {
        Ok(all) => all,
        Err(mistakes) => return mistaken(&mistakes),
    };
    let claims: Vec<Scenario> = all.into_iter().filter(|scenario| scenario.claim.is_some()).collect();
    let mut jobs: Vec<Job> = claims.iter().map(|scenario| job(scenario, options.clone())).collect();
    let go = Runtime::Go.is_here();
    if go {
        for scenario in &claims {
            match with_go(scenario, options) {
                Ok(options) => jobs.push(job(scenario, options)),
                Err(error) => return fail(DIFFERS, &error.to_string()),
            }
        }
    }
    let reports = match children::reports(&jobs, children::as_many()) {
        Ok(reports) => reports,
        Err(error) => return fail(DIFFERS, &error.to_string()),
    };
    let (raw, by_go) = reports.split_at(claims.len());
    let as_expected = raw.iter().all(|lines| end(lines).is_some_and(|end| end.differ == 0));
    let mut rows: Vec<Claim> = claims
        .iter()
        .zip(raw)
        .enumerate()
        .map(|(nth, (scenario, raw))| row(scenario, raw, by_go.get(nth).map(Vec::as_slice)))
        .collect();
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    let printed = print(|out| {
        if json {
            serde_json::to_writer(&mut *out, &rows)?;
            return writeln!(out);
        }
        rows.iter().try_for_each(|row| tell(out, row))?;
        if !go {
            writeln!(out, "Go is not here: finwait doctor tells what it needs")?;
        }
        Ok(())
    });
    if as_expected { printed } else { ExitCode::from(DIFFERS) }
}

fn job(scenario: &Scenario, options: Options) -> Job {
    Job {
        scenario: scenario.name.clone(),
        options,
        keep_going: true,
    }
}

/// The same lab with Go at the ends whose calls the claim is about.
fn with_go(scenario: &Scenario, options: &Options) -> crate::error::Result<Options> {
    let claimants = scenario.claimants();
    let choices = Ends::from_fn(|side| match claimants.contains(&side) {
        true => Choice::Runtime(Runtime::Go),
        false => Choice::default(),
    });
    options.clone().driven_by(choices, false)
}

fn steps(lines: &[Line]) -> impl Iterator<Item = &StepReport> {
    lines.iter().filter_map(|line| match line {
        Line::Step(step) => Some(step.as_ref()),
        Line::Scenario(_) | Line::End(_) => None,
    })
}

fn end(lines: &[Line]) -> Option<&End> {
    lines.iter().find_map(|line| match line {
        Line::End(end) => Some(end),
        Line::Scenario(_) | Line::Step(_) => None,
    })
}

fn row(scenario: &Scenario, raw: &[Line], go: Option<&[Line]>) -> Claim {
    // A step that was never made was not as the article has it.
    let whole = |lines: &[Line]| end(lines).is_some_and(|end| end.left == 0 && end.skipped.is_none());
    let judge = |lines: &[Line]| {
        if whole(lines) {
            held(steps(lines).map(|step| step.claims.as_slice()))
        } else {
            None
        }
    };
    Claim {
        id: scenario.id.clone().unwrap_or_else(|| scenario.name.clone()),
        scenario: scenario.name.clone(),
        claim: scenario.claim.clone().unwrap_or_default(),
        expects: scenario.expects.clone(),
        observed: observed(raw),
        go: go.map(said),
        skipped: end(raw).and_then(|end| end.skipped.clone()),
        verdict: Verdict::of(judge(raw), go.and_then(judge)),
        kernel: Kernel::running().map(|kernel| kernel.to_string()),
    }
}

/// What raw calls gave in the steps that are claimed, and what else was claimed of them.
fn observed(lines: &[Line]) -> Vec<String> {
    let claimed = steps(lines).filter(|step| !step.claims.is_empty());
    claimed
        .flat_map(|step| {
            let seen: Vec<String> = step
                .claims
                .iter()
                .filter(|check| check.about != "go")
                .map(told)
                .collect();
            match seen.is_empty() {
                // The article gives Go's words alone.
                true => vec![returned(step)],
                false => seen,
            }
        })
        .collect()
}

/// What Go gave there, in its words where it has some.
fn said(lines: &[Line]) -> Vec<String> {
    let claimed = steps(lines).filter(|step| !step.claims.is_empty());
    claimed.map(returned).collect()
}

/// What a step's call gave, or a blocked one that returned in it; in the language's words where it has some.
fn returned(step: &StepReport) -> String {
    let seen = &step.observation;
    let own = step.command.is_some().then_some((&seen.returned, &seen.said));
    let later = seen.later.iter().map(|later| (&later.returned, &later.said));
    let all: Vec<String> = own
        .into_iter()
        .chain(later)
        .map(|(returned, said)| said.clone().unwrap_or_else(|| returned.words()))
        .collect();
    all.join("; ")
}

fn told(check: &Check) -> String {
    match check.about.as_str() {
        "returns" => check.observed.clone(),
        about => format!("{about}: {}", check.observed),
    }
}

fn tell(out: &mut dyn io::Write, row: &Claim) -> io::Result<()> {
    writeln!(out, "{}: {}", row.id, row.claim)?;
    if let Some(expects) = &row.expects {
        writeln!(out, "    the article   {expects}")?;
    }
    writeln!(out, "    raw calls     {}", row.observed.join("; "))?;
    if let Some(go) = &row.go {
        writeln!(out, "    Go            {}", go.join("; "))?;
    }
    let verdict = match (&row.skipped, row.verdict) {
        (Some(why), _) => format!("not run here: {why}"),
        (None, Some(verdict)) => verdict.to_string(),
        (None, None) => "not to be seen here".into(),
    };
    writeln!(out, "    verdict       {verdict}")
}
