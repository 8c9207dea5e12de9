//! `finwait matrix`

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::children::{self, ChildRun};
use super::exit::{BAD, CANNOT, DIFFERS, ExitError, complain, print};
use super::progress::{Progress, while_compiling};
use super::scenarios::{load, recordings};
use crate::errno::Errno;
use crate::lab::{LabMode, Options};
use crate::matrix::measure::{Runs, matrix};
use crate::matrix::{Agreement, Matrix, SCENARIOS, markdown};
use crate::runtime::{Runtime, RuntimeChoice};
use crate::side::{Ends, Side};

/// The format of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatrixFormat {
    /// Text for people at a terminal.
    Text,
    /// JSON, as the committed table is.
    Json,
    /// Markdown, as the README has it.
    Markdown,
}

/// Measures `names`, or all that are measured where none is named, with `runtimes`, or all that are here.
pub fn run(
    names: &[String],
    runtimes: &[Runtime],
    options: &Options,
    form: MatrixFormat,
    record: Option<&Path>,
) -> ExitCode {
    let all: Vec<String> = SCENARIOS.iter().map(|name| (*name).to_owned()).collect();
    let names = if names.is_empty() { &all } else { names };
    let mut bad = false;
    for why in names.iter().filter_map(|name| check(name).err()) {
        bad = true;
        complain(&why);
    }
    if bad {
        return ExitCode::from(BAD);
    }
    match here(runtimes).and_then(|runtimes| {
        measure(
            names,
            &runtimes,
            options,
            record,
            Progress::new(form == MatrixFormat::Json),
        )
    }) {
        Ok(matrix) => print(|out| {
            let text = match form {
                MatrixFormat::Json => matrix.to_json(),
                MatrixFormat::Markdown => markdown::table(&matrix),
                MatrixFormat::Text => text(&matrix),
            };
            out.write_all(text.as_bytes())
        }),
        Err(fault) => fault.end(),
    }
}

/// Reads a scenario that is to be measured.
fn check(name: &str) -> Result<(), String> {
    let scenario = load(name)?;
    if !scenario.commands().is_empty() {
        return Err(format!(
            "finwait: {name} is about programs of its own, and the matrix varies what drives the ends"
        ));
    }
    if scenario.driven == Ends::default() {
        return Ok(());
    }
    Err(format!(
        "finwait: {name}: its file says what drives its ends (driven), and that is what the matrix varies"
    ))
}

/// The runtimes that are wanted, with their versions; those that are here, where none is named.
fn here(wanted: &[Runtime]) -> Result<Vec<(Runtime, String)>, ExitError> {
    let of_all = Runtime::ALL
        .into_iter()
        .filter(|runtime| *runtime != Runtime::Native && runtime.is_here());
    let mut wanted: Vec<Runtime> = if wanted.is_empty() {
        of_all.collect()
    } else {
        wanted.to_vec()
    };
    wanted.sort();
    wanted.dedup();
    if wanted.is_empty() {
        return Err(ExitError(
            CANNOT,
            "no runtime is available: finwait doctor says what they need".into(),
        ));
    }
    let versioned = wanted.into_iter().map(|runtime| Ok((runtime, runtime.version()?)));
    let versioned: crate::error::Result<Vec<_>> = versioned.collect();
    versioned.map_err(|error| ExitError(CANNOT, error.to_string()))
}

fn measure(
    names: &[String],
    runtimes: &[(Runtime, String)],
    options: &Options,
    record: Option<&Path>,
    progress: Progress,
) -> Result<Matrix, ExitError> {
    let cannot = |error: crate::error::Error| ExitError(CANNOT, error.to_string());
    let job = |scenario: &String, patience: Duration, options: Options| ChildRun {
        scenario: scenario.clone(),
        patience,
        options,
        keep_going: true,
        more: Vec::new(),
        record: None,
    };
    // The words of an error hold addresses: always those of the same lab.
    let raw = Options {
        wanted: LabMode::Isolated,
        ..options.clone()
    };
    let mut ways = vec![(None, raw.clone())];
    for (runtime, _) in runtimes {
        for side in Side::BOTH {
            let ends = Ends::from_fn(|end| match end == side {
                true => RuntimeChoice::Runtime(*runtime),
                false => RuntimeChoice::default(),
            });
            let options = while_compiling(&ends.clone(), || raw.clone().driven_by(ends, false)).map_err(cannot)?;
            ways.push((Some((*runtime, side)), options));
        }
    }
    let mut jobs = Vec::new();
    let mut files = Vec::new();
    for name in names {
        let scenario = load(name).map_err(|why| ExitError(BAD, why))?;
        let patience = scenario.patience();
        jobs.extend(ways.iter().map(|(_, options)| job(name, patience, options.clone())));
        // A scenario's own name: a file's is its path.
        let own = scenario.name;
        files.extend(ways.iter().map(|(by, _)| match by {
            None => own.clone(),
            Some((runtime, side)) => format!("{own}-{side}-{runtime}"),
        }));
    }
    let files = recordings(record, &files.iter().map(String::as_str).collect::<Vec<_>>());
    for (job, file) in jobs.iter_mut().zip(files.map_err(|why| ExitError(BAD, why))?) {
        job.record = file;
    }
    let reports = children::reports(&jobs, progress);
    let reports = reports.map_err(|error| ExitError(DIFFERS, error.to_string()))?;
    let mut reports = reports.into_iter();
    let mut runs = Vec::new();
    for name in names {
        let mut run = Runs {
            scenario: name.clone(),
            raw: Vec::new(),
            by: Vec::new(),
        };
        for ((by, _), lines) in ways.iter().zip(reports.by_ref()) {
            match by {
                None => run.raw = lines,
                Some((runtime, side)) => run.by.push((*runtime, *side, lines)),
            }
        }
        runs.push(run);
    }
    Ok(matrix(runtimes, &runs))
}

/// Event by event, each thing that is said on a line of its own.
fn text(matrix: &Matrix) -> String {
    let mut text = format!("Linux {}\n", matrix.kernel);
    for version in &matrix.runtimes {
        text.push_str(&format!("  {:<16}{}\n", version.runtime, version.version));
    }
    for event in &matrix.events {
        let rule = event.rule.map_or(String::new(), |rule| format!("   {rule}"));
        let named = Errno::NAMED.iter().find(|(_, name)| *name == event.gives);
        let number = named.map_or(String::new(), |(errno, _)| format!(" ({})", errno.0));
        text.push_str(&format!("\n{}: {}{number}{rule}\n", event.call, event.gives));
        let mut places: Vec<String> = event
            .rows
            .iter()
            .map(|row| format!("{} {}", row.scenario, row.step))
            .collect();
        places.dedup();
        text.push_str(&format!("  seen in {}\n", places.join(", ")));
        for (cell, runtimes) in event.said() {
            let mark = match cell.beside {
                Agreement::Same => " ",
                Agreement::Unsupported => "-",
                Agreement::Elsewhere => "~",
                Agreement::Library | Agreement::Differs => "!",
            };
            let says = match (&cell.said, cell.beside) {
                (Some(said), Agreement::Differs | Agreement::Elsewhere) => format!("{said}   ({})", cell.gives),
                (Some(said), _) => said.clone(),
                (None, Agreement::Unsupported) => format!("has no such call: {}", cell.gives),
                (None, _) => cell.gives.clone(),
            };
            text.push_str(&format!("{mark} {:<26}  {says}\n", runtimes.join(", ")));
        }
    }
    text.push_str("\n! the runtime behaves in its own way   - it has no such call   ~ nor an earlier one, and so met another situation\n");
    text
}
