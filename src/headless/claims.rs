//! `finwait claims`: what the article claims of Go, held against raw calls and, where Go is here, against Go.

use serde::Serialize;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use super::children::{self, ChildRun};
use super::output::TextOutput;
use super::scenarios::{mistaken, recordings};
use crate::exit::{BAD, CANNOT, DIFFERS, fail};
use crate::json::Versioned;
use crate::lab::Options;
use crate::progress::{Progress, while_compiling};
use crate::run::RunManner;
use crate::runtime::{Runtime, RuntimeChoice};
use crate::scenario::catalog::{self, Entry};
use crate::scenario::claim_status::{ClaimStatus, parts, tried};
use crate::scenario::expect::Check;
use crate::scenario::observation::CommandResult;
use crate::scenario::report::{ReportLine, StepReport, Summary, count};
use crate::scenario::{Kernel, Scenario};
use crate::side::Ends;

/// A claim, and what came of it.
#[derive(Serialize)]
struct Claim {
    id: String,
    scenario: String,
    claim: String,
    /// The article's words.
    expects: Option<String>,
    /// Today's words: by Go where it was asked, else the errno of raw calls.
    today: Vec<String>,
    /// The results of raw calls.
    observed: Vec<String>,
    /// Go's results and words; none where it was not asked.
    go: Option<Vec<String>>,
    /// The parts, each with its own evidence.
    parts: Vec<Part>,
    skipped: Option<String>,
    /// The verdict; none when it was not tried.
    verdict: Option<ClaimStatus>,
    kernel: Option<String>,
}

/// A part of a claim.
#[derive(Serialize)]
struct Part {
    /// None when it is the whole.
    part: Option<String>,
    verdict: Option<ClaimStatus>,
    /// The article's words about it: of the raw call, and in Go's words.
    expects: Vec<String>,
    observed: Vec<String>,
    go: Option<Vec<String>>,
    /// Today's words.
    #[serde(skip)]
    today: Vec<String>,
    /// Whether it is about calls; else about settings alone.
    #[serde(skip)]
    calls: bool,
}

/// A claim in one line.
#[derive(Serialize)]
struct Brief<'a> {
    id: &'a str,
    verdict: Option<ClaimStatus>,
    expects: Option<&'a str>,
    today: &'a [String],
}

/// The number of claims for each verdict.
#[derive(Serialize, Default, Debug, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
struct ClaimTotals {
    claims: usize,
    holds: usize,
    half: usize,
    does_not_hold: usize,
    holds_for_go_only: usize,
    not_tried: usize,
}

impl ClaimTotals {
    fn of(verdicts: impl IntoIterator<Item = Option<ClaimStatus>>) -> ClaimTotals {
        let mut total = ClaimTotals::default();
        for verdict in verdicts {
            total.claims += 1;
            *total.count_of(verdict) += 1;
        }
        total
    }

    const fn count_of(&mut self, verdict: Option<ClaimStatus>) -> &mut usize {
        match verdict {
            Some(ClaimStatus::Holds) => &mut self.holds,
            Some(ClaimStatus::Half) => &mut self.half,
            Some(ClaimStatus::DoesNotHold) => &mut self.does_not_hold,
            Some(ClaimStatus::HoldsForGoOnly) => &mut self.holds_for_go_only,
            None => &mut self.not_tried,
        }
    }

    fn line(mut self) -> String {
        let kernel = Kernel::running().map_or_else(String::new, |kernel| format!(" on Linux {kernel}"));
        let verdicts = ClaimStatus::ALL.map(Some).into_iter().chain([None]);
        let counts: Vec<String> = verdicts
            .map(|verdict| format!("{} {}", label(verdict), self.count_of(verdict)))
            .collect();
        format!("{}{kernel}: {}", count(self.claims, "claim"), counts.join(", "))
    }
}

/// A verdict's column; of a claim that was not tried as well.
const fn label(verdict: Option<ClaimStatus>) -> &'static str {
    match verdict {
        Some(verdict) => verdict.label(),
        None => "not tried",
    }
}

/// Runs the scenarios that have a claim, raw and with Go at the ends that it is about, and prints what came of them.
pub fn run(options: &Options, brief: bool, json: bool, record: Option<&Path>, output: TextOutput) -> ExitCode {
    let claiming = catalog::by_group().into_iter().filter(|entry| entry.claims);
    let claims: Vec<Scenario> = match claiming.map(Entry::read).collect() {
        Ok(claims) => claims,
        Err(mistakes) => return mistaken(&mistakes),
    };
    let mut jobs: Vec<ChildRun> = claims.iter().map(|scenario| job(scenario, options.clone())).collect();
    let go = Runtime::Go.is_here();
    if go {
        for scenario in &claims {
            // The first is compiled, the others find it.
            let made = while_compiling(&claimants(scenario), || with_go(scenario, options));
            match made {
                Ok(options) => jobs.push(job(scenario, options)),
                Err(error) => return fail(DIFFERS, &error.to_string()),
            }
        }
    }
    let names: Vec<String> = jobs
        .iter()
        .enumerate()
        .map(|(nth, job)| format!("{}{}", job.scenario, if nth < claims.len() { "" } else { "-go" }))
        .collect();
    match recordings(record, &names.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(files) => jobs.iter_mut().zip(files).for_each(|(job, file)| job.record = file),
        Err(why) => return fail(BAD, &why),
    }
    let reports = match children::reports(&jobs, children::AT_ONCE, Progress::new(json)) {
        Ok(reports) => reports,
        Err(error) => return fail(DIFFERS, &error.to_string()),
    };
    let (raw, by_go) = reports.split_at(claims.len());
    let mut rows: Vec<Claim> = claims
        .iter()
        .zip(raw)
        .enumerate()
        .map(|(nth, (scenario, raw))| row(scenario, raw, by_go.get(nth).map(Vec::as_slice)))
        .collect();
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    let printed = output.unless(json).print(|out| tell(out, &rows, go, brief, json));
    let ends = || raw.iter().filter_map(|lines| end(lines));
    if ends().any(|end| end.differ > 0) {
        ExitCode::from(DIFFERS)
    } else if ends().all(|end| end.skipped.is_some()) {
        ExitCode::from(CANNOT)
    } else {
        printed
    }
}

fn job(scenario: &Scenario, options: Options) -> ChildRun {
    ChildRun {
        scenario: scenario.name.clone(),
        patience: scenario.patience(),
        options,
        manner: RunManner::TO_THE_END,
        more: Vec::new(),
        record: None,
        folder: None,
    }
}

/// The same lab with Go at the ends whose calls the claim is about.
fn with_go(scenario: &Scenario, options: &Options) -> crate::error::Result<Options> {
    options.clone().driven_by(claimants(scenario), false)
}

/// Go at the ends whose calls the claim is about.
fn claimants(scenario: &Scenario) -> Ends<RuntimeChoice> {
    let claimants = scenario.claimants();
    Ends::from_fn(|side| match claimants.contains(&side) {
        true => RuntimeChoice::Runtime(Runtime::Go),
        false => RuntimeChoice::default(),
    })
}

fn end(lines: &[ReportLine]) -> Option<&Summary> {
    lines.iter().find_map(|line| match line {
        ReportLine::End(end) => Some(end),
        ReportLine::Scenario(_) | ReportLine::Step(_) => None,
    })
}

/// The steps of a run that was made to its end: a step that was never made was not as the article has it.
fn steps(lines: &[ReportLine]) -> Vec<&StepReport> {
    let whole = end(lines).is_some_and(|end| end.left == 0 && end.skipped.is_none());
    let steps = lines.iter().filter_map(|line| match line {
        ReportLine::Step(step) => Some(step.as_ref()),
        ReportLine::Scenario(_) | ReportLine::End(_) => None,
    });
    steps.filter(|_| whole).collect()
}

fn row(scenario: &Scenario, raw: &[ReportLine], go: Option<&[ReportLine]>) -> Claim {
    let (made, made_by_go) = (steps(raw), go.map(steps));
    let by_go = made_by_go.as_ref().map(|steps| parts(steps.iter().copied()));
    let parts: Vec<Part> = parts(made.iter().copied())
        .into_iter()
        .map(|(name, steps)| {
            let calls = steps
                .iter()
                .any(|step| step.command.is_some() || !step.observation.later.is_empty());
            let same = by_go.iter().flatten().find(|(known, _)| *known == name);
            part(
                name,
                &steps,
                same.filter(|_| calls).map(|(_, steps)| steps.as_slice()),
                calls,
            )
        })
        .collect();
    Claim {
        id: scenario.id.clone().unwrap_or_else(|| scenario.name.clone()),
        scenario: scenario.name.clone(),
        claim: scenario.claim.clone().unwrap_or_default(),
        expects: scenario.expects.clone(),
        today: distinct(parts.iter().flat_map(|part| part.today.clone())),
        observed: parts.iter().flat_map(|part| part.observed.clone()).collect(),
        go: go.map(|_| {
            parts
                .iter()
                .flat_map(|part| part.go.clone().unwrap_or_default())
                .collect()
        }),
        skipped: end(raw).and_then(|end| end.skipped.clone()),
        verdict: ClaimStatus::of_parts(parts.iter().map(|part| part.verdict)),
        parts,
        kernel: Kernel::running().map(|kernel| kernel.to_string()),
    }
}

/// Each once, in the order of their first.
fn distinct(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut all = Vec::new();
    for text in texts {
        if !all.contains(&text) {
            all.push(text);
        }
    }
    all
}

fn part(name: Option<&str>, raw: &[&StepReport], go: Option<&[&StepReport]>, calls: bool) -> Part {
    let judged = (
        tried(raw.iter().copied()),
        go.and_then(|steps| tried(steps.iter().copied())),
    );
    let observed: Vec<String> = raw.iter().flat_map(|step| observed(step)).collect();
    let go: Option<Vec<String>> = go.map(|steps| steps.iter().map(|step| said(step)).collect());
    Part {
        part: name.map(str::to_owned),
        verdict: ClaimStatus::of(judged.0, judged.1),
        expects: distinct(raw.iter().flat_map(|step| step.claims.iter().map(expected))),
        today: match (&go, judged.1) {
            // What Go says where it could be asked.
            (Some(said), Some(_)) => said.iter().map(|said| without_addresses(said).to_owned()).collect(),
            _ => observed.clone(),
        },
        observed,
        go,
        calls,
    }
}

/// The words of a `net.OpError` after its operation, network and addresses: `read tcp 10.0.0.1:5->10.0.0.2:80: read: broken pipe`.
fn without_addresses(said: &str) -> &str {
    let mut words = said.split(' ');
    match (words.next(), words.next(), said.split_once(": ")) {
        (Some(_), Some(network), Some((_, rest))) if network.starts_with("tcp") => rest,
        _ => said,
    }
}

/// The results of raw calls in a step that is claimed, and what else was claimed of it.
fn observed(step: &StepReport) -> Vec<String> {
    let claims = step.claims.iter().filter(|check| check.about != "go");
    let seen: Vec<String> = claims.map(|check| about(check, &check.observed)).collect();
    match seen.is_empty() {
        // The article gives Go's words alone.
        true => vec![said(step)],
        false => seen,
    }
}

/// The article's words on a step.
fn expected(check: &Check) -> String {
    match check.about.as_str() {
        "go" => format!("\"{}\"", check.expected),
        _ => about(check, &check.expected),
    }
}

fn about(check: &Check, text: &str) -> String {
    match check.about.as_str() {
        "returns" => text.to_owned(),
        about => format!("{about}: {text}"),
    }
}

/// The result of a step's call, or of the blocked one that returned in it, whichever is claimed; in the language's words where it has some.
fn said(step: &StepReport) -> String {
    let words = step.claims.iter().find(|check| check.about == "go");
    if let Some(words) = words.filter(|words| !words.observed.is_empty()) {
        return words.observed.clone();
    }
    let seen = &step.observation;
    let later = seen.later.iter().filter(|later| {
        let about = format!("later, {}", later.socket);
        step.claims.iter().any(|check| check.about == about)
    });
    let mut all: Vec<String> = later.map(|later| words_of(&later.returned, &later.said)).collect();
    match (all.is_empty(), step.command.is_some()) {
        (true, true) => all.push(words_of(&seen.returned, &seen.said)),
        (true, false) => all.extend(seen.later.iter().map(|later| words_of(&later.returned, &later.said))),
        (false, _) => {}
    }
    if all.is_empty() {
        // No call: what is claimed is all that there is to tell.
        all.extend(step.claims.iter().map(|check| about(check, &check.observed)));
    }
    all.join("; ")
}

fn words_of(returned: &CommandResult, said: &Option<String>) -> String {
    said.clone().unwrap_or_else(|| returned.words())
}

fn tell(out: &mut dyn io::Write, rows: &[Claim], go: bool, brief: bool, json: bool) -> io::Result<()> {
    let total = ClaimTotals::of(rows.iter().map(|row| row.verdict));
    match (json, brief) {
        (true, true) => {
            let claims: Vec<Brief<'_>> = rows.iter().map(Brief::of).collect();
            return Versioned::new(serde_json::json!({ "claims": claims, "total": total })).print(out);
        }
        (true, false) => {
            return Versioned::new(serde_json::json!({ "claims": rows })).print(out);
        }
        (false, true) => rows.iter().try_for_each(|row| in_a_line(out, row))?,
        (false, false) => rows.iter().try_for_each(|row| in_full(out, row))?,
    }
    writeln!(out, "{}", total.line())?;
    if !go {
        writeln!(out, "Go is not available: finwait doctor says what it needs")?;
    }
    Ok(())
}

impl<'a> Brief<'a> {
    fn of(row: &'a Claim) -> Brief<'a> {
        Brief {
            id: &row.id,
            verdict: row.verdict,
            expects: row.expects.as_deref(),
            today: &row.today,
        }
    }
}

fn in_a_line(out: &mut dyn io::Write, row: &Claim) -> io::Result<()> {
    let article = row.expects.as_deref().unwrap_or(&row.claim);
    write!(out, "{:<24} {:<14} {article}", row.id, label(row.verdict))?;
    match (row.verdict, &row.skipped) {
        (None, Some(why)) => writeln!(out, "; cannot run here: {why}"),
        (Some(ClaimStatus::Half | ClaimStatus::DoesNotHold), _) => writeln!(out, "; today: {}", row.today.join("; ")),
        _ => writeln!(out),
    }
}

fn in_full(out: &mut dyn io::Write, row: &Claim) -> io::Result<()> {
    writeln!(out, "{}: {}", row.id, row.claim)?;
    if let Some(expects) = &row.expects {
        writeln!(out, "    the article   {expects}")?;
    }
    if !row.today.is_empty() {
        writeln!(out, "    today         {}", row.today.join("; "))?;
    }
    for part in &row.parts {
        let indent = if let Some(name) = &part.part {
            writeln!(out, "    {}: {name}", label(part.verdict))?;
            writeln!(out, "        the article   {}", part.expects.join("; "))?;
            "        "
        } else {
            "    "
        };
        let whose = if part.calls { "raw calls" } else { "this machine" };
        writeln!(out, "{indent}{whose:<13} {}", part.observed.join("; "))?;
        if let Some(go) = &part.go {
            writeln!(out, "{indent}{:<13} {}", "Go", go.join("; "))?;
        }
    }
    let verdict = match (&row.skipped, row.verdict) {
        (Some(why), _) => format!("not tried: it cannot run here: {why}"),
        (None, Some(verdict)) => verdict.to_string(),
        (None, None) => "not tried: Go is needed, or a wire".into(),
    };
    writeln!(out, "    verdict       {verdict}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_counts_each_claim_once() {
        let total = ClaimTotals::of([
            Some(ClaimStatus::Holds),
            Some(ClaimStatus::Half),
            Some(ClaimStatus::Half),
            Some(ClaimStatus::DoesNotHold),
            Some(ClaimStatus::HoldsForGoOnly),
            None,
        ]);
        assert_eq!(
            total,
            ClaimTotals {
                claims: 6,
                holds: 1,
                half: 2,
                does_not_hold: 1,
                holds_for_go_only: 1,
                not_tried: 1,
            }
        );
        let line = total.line();
        assert!(
            line.ends_with(": holds 1, half 2, does not hold 1, for Go only 1, not tried 1"),
            "{line}"
        );
    }

    #[test]
    fn gos_words_are_told_without_the_addresses() {
        for (said, words) in [
            (
                "write tcp 10.0.0.1:44292->10.0.0.2:8080: write: broken pipe",
                "write: broken pipe",
            ),
            ("dial tcp [fd00::2]:8080: i/o timeout", "i/o timeout"),
            ("EOF", "EOF"),
            ("panic: a nil pointer", "panic: a nil pointer"),
        ] {
            assert_eq!(without_addresses(said), words);
        }
    }
}
