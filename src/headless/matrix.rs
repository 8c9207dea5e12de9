//! `finwait matrix`

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::children::{self, ChildRun};
use super::output::TextOutput;
use super::scenarios::{load, recordings};
use crate::errno::Errno;
use crate::exit::{BAD, CANNOT, DIFFERS, ExitError};
use crate::lab::{LabMode, Options};
use crate::matrix::measure::{Runs, matrix};
use crate::matrix::{Agreement, Column, Matrix, OwnColumn, SCENARIOS, markdown};
use crate::progress::{Progress, while_compiling};
use crate::run::RunManner;
use crate::runtime::{Runtime, RuntimeChoice};
use crate::scenario::report::ReportLine;
use crate::side::{Ends, Side};
use crate::stderr::complain;
use crate::text::{width, wrap};

/// The format of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatrixFormat {
    /// Text for people at a terminal.
    Text,
    /// JSON, as the committed table is.
    Json,
    /// Markdown, as `docs/languages.md` has it.
    Markdown,
}

/// Measures `names`, or all that are measured where none is named, with `runtimes`, or all that are here, and with the user's `own`
/// commands.
pub fn run(
    names: &[String],
    runtimes: &[Runtime],
    own: &[OwnColumn],
    options: &Options,
    form: MatrixFormat,
    record: Option<&Path>,
    output: TextOutput,
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
    match here(runtimes, own).and_then(|drivers| {
        measure(
            names,
            &drivers,
            options,
            record,
            Progress::new(form == MatrixFormat::Json),
        )
    }) {
        Ok(matrix) => output.unless(form != MatrixFormat::Text).print(|out| {
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

/// What has a column, and what drives an end for it.
struct Driver {
    column: Column,
    version: String,
    choice: RuntimeChoice,
}

/// The runtimes that are wanted, those that are here where none is named; then the user's own commands.
fn here(wanted: &[Runtime], own: &[OwnColumn]) -> Result<Vec<Driver>, ExitError> {
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
    if wanted.is_empty() && own.is_empty() {
        return Err(ExitError(
            CANNOT,
            "no runtime is available: finwait doctor says what they need".into(),
        ));
    }
    let mut drivers = Vec::new();
    for runtime in wanted {
        drivers.push(Driver {
            column: Column::Runtime(runtime),
            version: runtime
                .version()
                .map_err(|error| ExitError(CANNOT, error.to_string()))?,
            choice: RuntimeChoice::Runtime(runtime),
        });
    }
    for OwnColumn { name, command } in own {
        let column = Column::Own(name.clone());
        if drivers.iter().any(|driver| driver.column == column) {
            return Err(ExitError(BAD, format!("finwait: --column {name} stands twice")));
        }
        drivers.push(Driver {
            column,
            version: command.clone(),
            choice: RuntimeChoice::Command(command.clone()),
        });
    }
    Ok(drivers)
}

fn measure(
    names: &[String],
    drivers: &[Driver],
    options: &Options,
    record: Option<&Path>,
    progress: Progress,
) -> Result<Matrix, ExitError> {
    let cannot = |error: crate::error::Error| ExitError(CANNOT, error.to_string());
    let job = |scenario: &String, patience: Duration, options: Options| ChildRun {
        scenario: scenario.clone(),
        patience,
        options,
        manner: RunManner::TO_THE_END,
        more: Vec::new(),
        record: None,
        folder: None,
    };
    // The words of an error hold addresses: always those of the same lab.
    let raw = Options {
        wanted: LabMode::Isolated,
        ..options.clone()
    };
    let mut ways = vec![(None, raw.clone())];
    for driver in drivers {
        for side in Side::BOTH {
            let ends = Ends::from_fn(|end| match end == side {
                true => driver.choice.clone(),
                false => RuntimeChoice::default(),
            });
            let options = while_compiling(&ends.clone(), || raw.clone().driven_by(ends, false)).map_err(cannot)?;
            ways.push((Some((&driver.column, side)), options));
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
            Some((column, side)) => format!("{own}-{side}-{column}"),
        }));
    }
    let files = recordings(record, &files.iter().map(String::as_str).collect::<Vec<_>>());
    for (job, file) in jobs.iter_mut().zip(files.map_err(|why| ExitError(BAD, why))?) {
        job.record = file;
    }
    let reports = children::reports(&jobs, children::AT_ONCE, progress);
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
                Some((column, side)) => {
                    if let (Column::Own(_), Some(why)) = (column, not_run(&lines)) {
                        return Err(ExitError(
                            CANNOT,
                            format!("--column {column}, as the {side} of {name}: {why}"),
                        ));
                    }
                    run.by.push(((*column).clone(), *side, lines));
                }
            }
        }
        runs.push(run);
    }
    let columns: Vec<(Column, String)> = drivers
        .iter()
        .map(|driver| (driver.column.clone(), driver.version.clone()))
        .collect();
    Ok(matrix(&columns, &runs))
}

/// The reason why a scenario was not run; none where it was.
fn not_run(lines: &[ReportLine]) -> Option<&str> {
    lines.iter().find_map(|line| match line {
        ReportLine::End(end) => end.skipped.as_deref(),
        ReportLine::Scenario(_) | ReportLine::Step(_) => None,
    })
}

/// Who says it, and what beside it or, where the names are too long, below.
fn line(mark: &str, who: &str, says: &str) -> String {
    const ROOM: usize = 80;
    /// Where the words begin.
    const COLUMN: usize = 30;
    let indent = " ".repeat(COLUMN);
    let says = wrap(says, ROOM - COLUMN).join(&format!("\n{indent}"));
    if width(who) < COLUMN - 3 {
        return format!("{mark} {who:<width$}{says}\n", width = COLUMN - 2);
    }
    let who = wrap(who, ROOM - 2).join("\n  ");
    format!("{mark} {who}\n{indent}{says}\n")
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
        let places = wrap(&format!("seen in {}", places.join(", ")), 78).join("\n    ");
        text.push_str(&format!("  {places}\n"));
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
            text.push_str(&line(mark, &runtimes.join(", "), &says));
        }
    }
    text.push_str("\n! the runtime behaves in its own way   - it has no such call\n~ it has no such call as an earlier one, and so met another situation\n");
    text
}
