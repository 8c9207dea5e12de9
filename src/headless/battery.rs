//! `finwait proxy` and `finwait http-client`

use std::env;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use super::children::{self, AT_ONCE_WITH_PROGRAMS, ChildRun};
use super::not_read;
use super::scenarios::{AllowRun, recordings};
use crate::battery::page::{self, Page, Row, RowResult};
use crate::battery::print::{BatteryReport, CaseReport};
use crate::battery::{Battery, Case, Subject, Verdict, command_line};
use crate::cli::BatteryArgs;
use crate::exit::{BAD, CANNOT, DIFFERS, ExitError, fail, print};
use crate::host::Port;
use crate::json::Versioned;
use crate::lab::{LabMode, Options};
use crate::mistake::did_you_mean;
use crate::progress::Progress;
use crate::run::RunManner;
use crate::scenario::Kernel;
use crate::stderr::complain;
use crate::text::SanitizingWriter;

/// Runs a battery as the command line has it; `backend` is the port of a proxy's backend.
pub fn run(
    battery: Battery,
    how: &BatteryArgs,
    backend: Port,
    options: &Options,
    allow_run: AllowRun,
    record: Option<&Path>,
) -> ExitCode {
    let options = match options.wanted {
        LabMode::Loopback => {
            let why = "it needs the isolated lab, and the loopback lab was asked for";
            return fail(CANNOT, why);
        }
        LabMode::Auto | LabMode::Isolated => Options {
            wanted: LabMode::Isolated,
            ..options.clone()
        },
    };
    let subject = Subject {
        command: command_line(&how.command),
        listen: options.server_port(),
        backend,
    };
    let run = Run {
        battery,
        how,
        options,
        record,
    };
    let done = match (&how.page, &how.scenario) {
        _ if how.list => return list(battery),
        (Some(page), _) if allow_run == AllowRun::No => {
            let page = page.display();
            Err(ExitError(
                BAD,
                format!("{page} names commands to run: --allow-run lets it"),
            ))
        }
        (Some(page), _) => run.page(page, &subject),
        (None, Some(name)) => run.show(name, &subject),
        (None, None) => run.subject(&subject),
    };
    done.unwrap_or_else(ExitError::end)
}

/// Prints the cases.
fn list(battery: Battery) -> ExitCode {
    print(|out| {
        for case in battery.cases() {
            writeln!(out, "{:<22}{}", case.name, case.title())?;
        }
        Ok(())
    })
}

/// A battery's run.
struct Run<'a> {
    battery: Battery,
    how: &'a BatteryArgs,
    options: Options,
    record: Option<&'a Path>,
}

/// A program in a case.
struct Cell<'a> {
    case: &'static Case,
    subject: Subject,
    /// The folder that it runs in; finwait's own where none is given.
    folder: Option<&'a Path>,
    /// The name of its recording.
    name: String,
}

impl Run<'_> {
    /// Measures one program.
    fn subject(&self, subject: &Subject) -> Result<ExitCode, ExitError> {
        let cases = self.cases()?;
        let expected = self.expected(&cases)?;
        let cell = |case: &&'static Case| Cell {
            case,
            subject: subject.clone(),
            folder: None,
            name: case.name.to_owned(),
        };
        let cases = self.measure(&cases.iter().map(cell).collect::<Vec<_>>())?;
        // Where it is so of all, the reason does not lie in a case.
        if let Some(why) = cases.first().and_then(|first| first.judged.detail.as_ref())
            && cases.iter().all(|case| case.judged.verdict == Verdict::NotMeasured)
        {
            return Err(ExitError(CANNOT, format!("no case was measured: {why}")));
        }
        let report = BatteryReport {
            battery: self.battery,
            command: subject.command.clone(),
            kernel: kernel(),
            cases,
        };
        if let Some(path) = &self.how.junit {
            let written = fs::write(path, report.junit(&expected));
            written.map_err(|error| ExitError(BAD, format!("{}: {error}", path.display())))?;
        }
        let printed = print(|out| {
            if self.how.json {
                return Versioned::new(&report).print(out);
            }
            let text = if self.how.markdown {
                report.markdown()
            } else {
                report.text()
            };
            SanitizingWriter(out).write_all(text.as_bytes())
        });
        let mut right = true;
        for case in &report.cases {
            if let Some(why) = case.complaint(&expected) {
                right = false;
                complain(&format!("finwait: {why}"));
            }
        }
        Ok(if right { printed } else { ExitCode::from(DIFFERS) })
    }

    /// Prints a case as a scenario.
    fn show(&self, name: &str, subject: &Subject) -> Result<ExitCode, ExitError> {
        let case = self.case(name)?;
        case.read(subject).map_err(|why| ExitError(BAD, why))?;
        Ok(print(|out| out.write_all(case.scenario(subject).as_bytes())))
    }

    /// Measures the programs of a page, with the ports of `ports`.
    fn page(&self, path: &Path, ports: &Subject) -> Result<ExitCode, ExitError> {
        let shown = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|error| ExitError(BAD, not_read(&shown, &error)))?;
        let mut page = Page::read(&shown, &text).map_err(|mistake| ExitError(BAD, mistake.to_string()))?;
        if page.battery != self.battery {
            let verb = page.battery.name();
            return Err(ExitError(BAD, format!("{shown} is a page of finwait {verb}")));
        }
        self.choose_rows(&mut page)?;
        let folder = path.parent().unwrap_or(Path::new("")).join(&page.folder);
        let folder = folder.canonicalize();
        let folder = folder.map_err(|error| ExitError(BAD, format!("{shown}: folder {}: {error}", page.folder)))?;
        let bin = Scratch::new()?;
        let wanted = self.cases()?;
        let mut cells = Vec::new();
        let mut rows = Vec::new();
        for row in &page.rows {
            let version = version(row, &folder).and_then(|version| build(row, &folder, &bin).map(|()| version));
            let before = cells.len();
            if version.is_ok() {
                let cases = row.measured(self.battery).into_iter();
                let cases = cases.filter(|case| wanted.iter().any(|wanted| wanted.name == case.name));
                cells.extend(cases.map(|case| Cell {
                    case,
                    subject: Subject {
                        command: bin.filled_in(&row.run),
                        ..*ports
                    },
                    folder: Some(&folder),
                    name: format!(
                        "{}-{}",
                        row.name.replace(|c: char| !c.is_ascii_alphanumeric(), "-"),
                        case.name
                    ),
                }));
            }
            rows.push(version.map(|version| (version, cells.len() - before)));
        }
        let mut reports = self.measure(&cells)?.into_iter();
        let rows: Vec<RowResult> = rows
            .into_iter()
            .map(|row| match row {
                Ok((version, cases)) => RowResult::Measured {
                    version,
                    cases: reports.by_ref().take(cases).collect(),
                },
                Err(why) => RowResult::Missing(why),
            })
            .collect();
        Ok(print(|out| {
            if self.how.json {
                return Versioned::new(&page::PageReport::of(&page, &kernel(), &rows)).print(out);
            }
            out.write_all(page::markdown(&page, &shown, &kernel(), &rows).as_bytes())
        }))
    }
}

impl Run<'_> {
    /// The case of that name.
    fn case(&self, name: &str) -> Result<&'static Case, ExitError> {
        self.battery.case(name).ok_or_else(|| {
            let names: Vec<&str> = self.battery.cases().iter().map(|case| case.name).collect();
            let near = did_you_mean(name, &names);
            let verb = self.battery.name();
            ExitError(
                BAD,
                format!("{verb} has no case {name}{near}; finwait {verb} --list lists them"),
            )
        })
    }

    /// The cases that are wanted.
    fn cases(&self) -> Result<Vec<&'static Case>, ExitError> {
        match self.how.cases.as_slice() {
            [] => Ok(self.battery.cases().iter().collect()),
            names => names.iter().map(|name| self.case(name)).collect(),
        }
    }

    /// The verdicts that are expected, of cases that are measured.
    fn expected(&self, measured: &[&'static Case]) -> Result<Vec<(&'static str, Verdict)>, ExitError> {
        let expected = self.how.expect.iter().map(|text| {
            let (name, words) = text
                .split_once('=')
                .ok_or_else(|| ExitError(BAD, format!("--expect {text} is no CASE=VERDICT, like idle=waits")))?;
            let case = self.case(name)?;
            if measured.iter().all(|measured| measured.name != case.name) {
                return Err(ExitError(
                    BAD,
                    format!("--expect names {name}, which --case leaves out"),
                ));
            }
            let verdict = Verdict::named(words).ok_or_else(|| {
                let tags: Vec<String> = Verdict::ALL.iter().map(|verdict| verdict.tag()).collect();
                let names: Vec<&str> = tags.iter().map(String::as_str).collect();
                let near = did_you_mean(words, &names);
                ExitError(
                    BAD,
                    format!("{words} is no verdict{near}; there are {}", names.join(", ")),
                )
            })?;
            Ok((case.name, verdict))
        });
        expected.collect()
    }

    /// Leaves the rows that are wanted in a page.
    fn choose_rows(&self, page: &mut Page) -> Result<(), ExitError> {
        let wanted = &self.how.rows;
        let names: Vec<&str> = page.rows.iter().map(|row| row.name.as_str()).collect();
        if let Some(unknown) = wanted.iter().find(|wanted| !names.contains(&wanted.as_str())) {
            let near = did_you_mean(unknown, &names);
            return Err(ExitError(BAD, format!("the page has no row {unknown}{near}")));
        }
        page.rows.retain(|row| wanted.is_empty() || wanted.contains(&row.name));
        Ok(())
    }

    /// Runs the cells, several at once, each as `finwait run` of its scenario: the reports in the same order.
    fn measure(&self, cells: &[Cell<'_>]) -> Result<Vec<CaseReport>, ExitError> {
        let scratch = Scratch::new()?;
        let names: Vec<&str> = cells.iter().map(|cell| cell.name.as_str()).collect();
        let records = recordings(self.record, &names).map_err(|why| ExitError(BAD, why))?;
        let mut jobs = Vec::new();
        for (nth, (cell, record)) in cells.iter().zip(records).enumerate() {
            let scenario = cell.case.read(&cell.subject).map_err(|why| ExitError(BAD, why))?;
            // A file's name is that of the scenario, and each cell has its own.
            let folder = scratch.0.join(nth.to_string());
            let file = folder.join(format!("{}.toml", cell.case.name));
            let written = fs::create_dir(&folder).and_then(|()| fs::write(&file, cell.case.scenario(&cell.subject)));
            written.map_err(|error| ExitError(DIFFERS, format!("{}: {error}", file.display())))?;
            jobs.push(ChildRun {
                scenario: file.display().to_string(),
                patience: scenario.patience(),
                options: self.options.clone(),
                manner: RunManner::TO_THE_END,
                more: vec!["--allow-run".into()],
                record,
                folder: cell.folder.map(Path::to_path_buf),
            });
        }
        let reports = children::reports(&jobs, AT_ONCE_WITH_PROGRAMS, Progress::new(self.how.json));
        let reports = reports.map_err(|error| ExitError(DIFFERS, error.to_string()))?;
        let of = |(cell, lines): (&Cell<'_>, Vec<_>)| CaseReport::of(self.battery, cell.case, &lines);
        Ok(cells.iter().zip(reports).map(of).collect())
    }
}

/// The release of the kernel that is measured.
fn kernel() -> String {
    Kernel::running().map_or_else(String::new, |kernel| kernel.to_string())
}

/// A folder that goes with its value.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Scratch, ExitError> {
        let of = |nth: u32| env::temp_dir().join(format!("finwait-{}-{nth}", std::process::id()));
        for path in (0..100).map(of) {
            // Programs may run as another user, and are started from here, whatever the umask.
            let made =
                fs::create_dir(&path).and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)));
            match made {
                Ok(()) => return Ok(Scratch(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(ExitError(DIFFERS, format!("{}: {error}", path.display()))),
            }
        }
        let folder = env::temp_dir();
        Err(ExitError(
            DIFFERS,
            format!("{}: no folder of our own could be made", folder.display()),
        ))
    }

    /// A command of a page, with the folder for what was made.
    fn filled_in(&self, command: &str) -> String {
        command.replace("{bin}", &self.0.display().to_string())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The version of a row's program: the first line that its command for that prints.
///
/// # Errors
///
/// The program is not there: what its command said.
fn version(row: &Row, folder: &Path) -> Result<String, String> {
    let (done, said) = shell(&row.version, folder)?;
    let first = said.lines().find(|line| !line.trim().is_empty());
    match (done, first) {
        (true, Some(line)) => Ok(line.trim().to_owned()),
        (_, line) => Err(line.unwrap_or("its version is not told").trim().to_owned()),
    }
}

/// Makes a row's program, where it has to be.
///
/// # Errors
///
/// The report could not be made: what its command said last.
fn build(row: &Row, folder: &Path, bin: &Scratch) -> Result<(), String> {
    let Some(build) = &row.build else { return Ok(()) };
    let (done, said) = shell(&bin.filled_in(build), folder)?;
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    match done {
        true => Ok(()),
        false => Err(format!("{build}: {}", last.unwrap_or("it failed").trim())),
    }
}

/// Runs a command of a page: did it succeed, and what did it print, errors included?
fn shell(command: &str, folder: &Path) -> Result<(bool, String), String> {
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output();
    let output = output.map_err(|error| format!("sh: {error}"))?;
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok((output.status.success(), said))
}
