//! Runs of scenarios as processes of finwait's own, several at once: a user namespace can only be entered by a process with one
//! thread, and each run has its own lab.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use super::exit::complain;
use super::progress::Progress;
use crate::lab::Options;
use crate::os::signal::die_with_parent;
use crate::scenario::report::ReportLine;

/// One run.
#[derive(Clone, Debug)]
pub struct ChildRun {
    /// The scenario's name, or its file.
    pub scenario: String,
    /// The time that it says it may take ([`Scenario::patience`](crate::scenario::Scenario::patience)).
    pub patience: Duration,
    /// The lab, and what drives the ends.
    pub options: Options,
    /// Go on with the next step after one that was not as expected.
    pub keep_going: bool,
    /// The file that it is recorded in.
    pub record: Option<PathBuf>,
}

/// Returns how many run at once: a run waits far longer, for timers of the kernel, than it works.
pub fn as_many() -> usize {
    thread::available_parallelism().map_or(2, usize::from) * 12
}

/// The same where most are driven by a language: that starts for longer than it waits.
pub fn as_many_of_languages() -> usize {
    as_many() / 3
}

/// Does all of them, so many at once and those first that may take the longest, so that no long one is left for the end; hands over each one's place among them and its report, in the order in which they end. An error of `ended` stops it, and so does `stops` when it says so of a report.
///
/// # Errors
///
/// The first error of `ended`, or of a process that did not start or whose report could not be read.
pub fn run(
    jobs: &[ChildRun],
    at_once: usize,
    stops: impl Fn(&io::Result<Vec<ReportLine>>) -> bool + Sync,
    mut ended: impl FnMut(usize, &[ReportLine]) -> io::Result<()>,
) -> io::Result<()> {
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|place| Reverse(jobs[*place].patience));
    let queue: Mutex<VecDeque<usize>> = Mutex::new(order.into());
    let next = || queue.lock().ok().and_then(|mut queue| queue.pop_front());
    let stop = || queue.lock().map(|mut queue| queue.clear());
    let (sender, results) = channel();
    thread::scope(|scope| {
        for _ in 0..at_once.min(jobs.len()) {
            let sender = sender.clone();
            let (next, stop, stops) = (&next, &stop, &stops);
            scope.spawn(move || {
                while let Some(place) = next() {
                    let lines = in_child(&jobs[place]);
                    if stops(&lines) {
                        let _ = stop();
                    }
                    if sender.send((place, lines)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (place, lines) in results {
            if let Err(error) = lines.and_then(|lines| ended(place, &lines)) {
                let _ = stop();
                return Err(error);
            }
        }
        Ok(())
    })
}

/// Does all of them, whatever comes of them: their reports, in the order of the jobs. How many are done is shown meanwhile.
///
/// # Errors
///
/// The first error of a process: it did not start, or its output could not be read.
pub fn reports(jobs: &[ChildRun], at_once: usize, mut progress: Progress) -> io::Result<Vec<Vec<ReportLine>>> {
    let mut done = 0;
    progress.count(done, jobs.len(), "runs");
    let mut reports = vec![Vec::new(); jobs.len()];
    run(
        jobs,
        at_once,
        |_| false,
        |place, lines| {
            reports[place] = lines.to_vec();
            done += 1;
            progress.count(done, jobs.len(), "runs");
            Ok(())
        },
    )?;
    Ok(reports)
}

/// The report of `finwait run NAME --json`.
fn in_child(job: &ChildRun) -> io::Result<Vec<ReportLine>> {
    let name = &job.scenario;
    let mut command = Command::new(&job.options.program);
    command.args(["run", name, "--json"]).args(job.options.arguments());
    if job.keep_going {
        command.arg("--keep-going");
    }
    if let Some(file) = &job.record {
        command.arg("--record").arg(file);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    die_with_parent(&mut command);
    let mut child = command.spawn()?;
    let mut lines = Vec::new();
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).lines() {
            let line = line?;
            lines.push(
                serde_json::from_str(&line).map_err(|error| io::Error::other(format!("{name}: {error}: {line}")))?,
            );
        }
    }
    let status = child.wait()?;
    for line in &lines {
        if let ReportLine::End(end) = line
            && let Some(why) = &end.unrecorded
        {
            complain(&format!("finwait: {why}"));
        }
    }
    if !lines.iter().any(|line| matches!(line, ReportLine::End(_))) {
        return Err(io::Error::other(format!("{name} did not finish: {status}")));
    }
    Ok(lines)
}
