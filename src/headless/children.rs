//! Runs of scenarios as processes of finwait's own, several at once: a user namespace can only be entered by a process with one
//! thread, and each run has its own lab.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::lab::Options;
use crate::os::signal::die_with_parent;
use crate::progress::Progress;
use crate::run::RunManner;
use crate::scenario::report::ReportLine;
use crate::stderr::complain;

/// One run.
#[derive(Clone, Debug)]
pub struct ChildRun {
    /// The scenario's name, or its file.
    pub scenario: String,
    /// The time that it says it may take ([`Scenario::patience`](crate::scenario::Scenario::patience)).
    pub patience: Duration,
    /// The lab, and what drives the ends.
    pub options: Options,
    /// The way in which it is run.
    pub manner: RunManner,
    /// More arguments.
    pub more: Vec<String>,
    /// The file that it is recorded in.
    pub record: Option<PathBuf>,
    /// The folder that it runs in; finwait's own where none is given.
    pub folder: Option<PathBuf>,
}

/// The most runs at once, for each CPU: a run waits far longer, for timers of the kernel, than it works.
pub const AT_ONCE: usize = 12;
/// The same where they start programs, which are work, and are asked what they do within a time.
pub const AT_ONCE_WITH_PROGRAMS: usize = 3;
/// The most of them whose labs start at once, for each CPU: that is work, and what waits meanwhile should not wait for a CPU.
const STARTING: usize = 2;

/// Leaves to start a lab; each is given back by its drop.
struct StartPermits {
    left: Mutex<usize>,
    given_back: Condvar,
}

/// A leave to start a lab.
struct StartPermit<'a>(&'a StartPermits);

impl StartPermits {
    fn take(&self) -> StartPermit<'_> {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let left = self.given_back.wait_while(left, |left| *left == 0);
        *left.unwrap_or_else(PoisonError::into_inner) -= 1;
        StartPermit(self)
    }
}

impl Drop for StartPermit<'_> {
    fn drop(&mut self) {
        *self.0.left.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.given_back.notify_one();
    }
}

/// Does all of them, `at_once` for each CPU and those first that may take the longest, so that no long one is left for the end. Hands over each
/// one's place among them and its report, in the order in which they end. An error of `ended` stops it, and so does `stops` when it says so
/// of a report.
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
    let queue: Mutex<VecDeque<usize>> = Mutex::new(longest_first(jobs));
    let next = || queue.lock().ok().and_then(|mut queue| queue.pop_front());
    let stop = || queue.lock().map(|mut queue| queue.clear());
    let (sender, results) = channel();
    let cpus = thread::available_parallelism().map_or(2, usize::from);
    let starts = StartPermits {
        left: Mutex::new(cpus * STARTING),
        given_back: Condvar::new(),
    };
    thread::scope(|scope| {
        for _ in 0..(cpus * at_once).min(jobs.len()) {
            let sender = sender.clone();
            let (next, stop, stops, starts) = (&next, &stop, &stops, &starts);
            scope.spawn(move || {
                loop {
                    let start = starts.take();
                    let Some(place) = next() else { return };
                    let lines = in_child(&jobs[place], start);
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

/// The places of the jobs, those first that may take the longest.
fn longest_first(jobs: &[ChildRun]) -> VecDeque<usize> {
    let mut places: Vec<usize> = (0..jobs.len()).collect();
    places.sort_by_key(|place| Reverse(jobs[*place].patience));
    places.into()
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

/// The report of `finwait run NAME --json`, whose lab has started when its first step is over.
fn in_child(job: &ChildRun, start: StartPermit<'_>) -> io::Result<Vec<ReportLine>> {
    let mut start = Some(start);
    let name = &job.scenario;
    let mut command = Command::new(&job.options.program);
    command.args(["run", name, "--json"]).args(job.options.arguments());
    if job.manner.keep_going {
        command.arg("--keep-going");
    }
    if job.manner.transcript {
        command.arg("--transcript");
    }
    command.args(&job.more);
    if let Some(file) = &job.record {
        command.arg("--record").arg(file);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some(folder) = &job.folder {
        command.current_dir(folder);
    }
    die_with_parent(&mut command);
    let mut child = command.spawn()?;
    let mut lines = Vec::new();
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).lines() {
            let line = line?;
            lines.push(
                serde_json::from_str(&line).map_err(|error| io::Error::other(format!("{name}: {error}: {line}")))?,
            );
            if let Some(ReportLine::Step(_)) = lines.last() {
                start.take();
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::LabMode;
    use crate::scenario::{catalog, file};

    /// The waits that a scenario tells of find those that really take long, as measured.
    #[test]
    fn scenarios_that_wait_for_timers_come_first() {
        let options = Options::native(LabMode::Isolated, false, PathBuf::new());
        let all = catalog::all().unwrap();
        let job = |scenario: &crate::scenario::Scenario| ChildRun {
            scenario: scenario.name.clone(),
            patience: scenario.patience(),
            options: options.clone(),
            manner: RunManner::TO_THE_END,
            more: Vec::new(),
            record: None,
            folder: None,
        };
        let jobs: Vec<ChildRun> = all.iter().map(job).collect();
        let order = longest_first(&jobs);
        assert_eq!(order.len(), all.len());
        for name in [
            "slow-wire-deadline",
            "write-timed-out",
            "dial-backlog-full",
            "dial-timed-out",
            "syn-lost-timeout",
            "read-timed-out",
            "simultaneous-open-timeout",
            "keepalive",
            "fin-wait2-held",
            "stale-close-wait-and-firewall",
        ] {
            let place = order.iter().position(|place| jobs[*place].scenario == name).unwrap();
            assert!(place < all.len() / 3, "{name}, which takes seconds, comes {place}th");
        }
    }

    #[test]
    fn what_a_scenario_may_take_is_what_its_steps_say() {
        let read = |steps: &str| {
            let head = "title = \"t\"\nsummary = \"s\"\ngroup = \"limits\"\nlab = \"isolated\"\n";
            file::read("t.toml", &format!("{head}{steps}")).unwrap().patience()
        };
        let ms = Duration::from_millis;
        assert_eq!(read("[[step]]\nclient = \"socket\"\n"), ms(0));
        assert_eq!(
            read("[[step]]\nclient = \"socket\"\nwithin = \"8s\"\nstands = \"200ms\"\n"),
            ms(8_200)
        );
        assert_eq!(read("[[step]]\nclient = \"connect deadline=300\"\n"), ms(300));
        let slowly = "[[step]]\nwire = \"slow 400ms\"\n[[step]]\nclient = \"connect\"\n";
        assert_eq!(read(slowly), ms(1_600));
    }

    /// As many labs start at once as there are leaves, and the next as soon as one is given back.
    #[test]
    fn a_lab_starts_when_another_has_started() {
        let starts = StartPermits {
            left: Mutex::new(1),
            given_back: Condvar::new(),
        };
        let first = starts.take();
        let (sender, second) = channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                let start = starts.take();
                sender.send(()).unwrap();
                drop(start);
            });
            assert!(second.try_recv().is_err(), "the only leave is taken");
            drop(first);
            second.recv_timeout(Duration::from_secs(30)).unwrap();
        });
        assert_eq!(*starts.left.lock().unwrap(), 1);
    }
}
