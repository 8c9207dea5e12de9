//! The guide at reading speed: plays the catalog's scenarios that use the wire with a pause before each step, as someone does who reads
//! what the guide says, and counts those that differ for it.
//!
//! `cargo bench --bench reading -- 3.5s` plays all of them, and with names those; without a time it does nothing, for it takes minutes. A
//! timer of the kernel that runs out while one reads makes an honest difference.

use std::io;
use std::process::{Command, ExitCode};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use finwait::clock::MonoTime;
use finwait::command::Command as Asked;
use finwait::lab::{LabMode, LocalLab as Lab, Options};
use finwait::live::{EventSink, Live};
use finwait::run::lab_for;
use finwait::scenario::play::{Play, StepStatus};
use finwait::scenario::report::StepReport;
use finwait::scenario::{Scenario, catalog};
use finwait::session::Session;
use finwait::typed;

/// Set in the process that plays one scenario; there is one for each, because a lab wants to be started before any thread.
const ONE: &str = "FINWAIT_READING";
/// The number of scenarios that are played at a time: they wait most of it.
const AT_A_TIME: usize = 6;

/// Plays a scenario with pauses as far as it goes as expected: the last step's report; none where it cannot be played here.
fn play(scenario: Scenario, pause: Duration) -> io::Result<Option<StepReport>> {
    let scenario = Arc::new(scenario);
    let options = Options::native(LabMode::Isolated, false, env!("CARGO_BIN_EXE_finwait").into());
    let Ok(options) = lab_for(&scenario, &options) else {
        return Ok(None);
    };
    let (inputs, inbox) = channel();
    let events = EventSink::new(inputs);
    let started = Lab::start(&options, move |batch| events.send(batch));
    let (lab, facts) = started.map_err(io::Error::other)?;
    let mut live = Live::new(Session::new(facts, MonoTime::now()), &lab, inbox);
    live.start()?.map_err(io::Error::other)?;
    let mut play = Play::new(Arc::clone(&scenario));
    let mut last = None;
    while play.next() < scenario.steps.len() && last.as_ref().is_none_or(StepReport::held) {
        let read = Instant::now() + pause;
        while Instant::now() < read {
            live.take(Some(read))?;
        }
        let requests = play.begin(&mut live.session, MonoTime::now());
        live.send(requests);
        last = loop {
            let now = MonoTime::now();
            match play.judge(&live.session, live.quiet.is_quiet(), now) {
                StepStatus::Over(report) => {
                    live.session.step_over(now);
                    break Some(*report);
                }
                StepStatus::Wait(until) => {
                    let left = until.since(now).max(Duration::from_millis(1));
                    live.take(Some(Instant::now() + left))?;
                }
            }
        };
    }
    Ok(last)
}

/// Plays one scenario, and prints what differed.
fn one(name: &str, pause: Duration) -> ExitCode {
    let scenario = catalog::all()
        .expect("the catalog is right")
        .into_iter()
        .find(|it| it.name == name);
    match play(scenario.expect("the parent took it from the catalog"), pause) {
        Ok(None) => println!("cannot be played here"),
        Ok(Some(report)) if !report.held() => {
            let differs = report.checks.iter().filter(|check| check.held == Some(false));
            let differs: Vec<String> = differs
                .map(|check| {
                    format!(
                        "{}: expected {}, observed {}",
                        check.about, check.expected, check.observed
                    )
                })
                .collect();
            println!("step {}: {}", report.no, differs.join("; "));
            return ExitCode::FAILURE;
        }
        Ok(_) => {}
        Err(error) => {
            println!("{error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Does a scenario use the wire?
fn is_wired(scenario: &Scenario) -> bool {
    let actions = scenario.steps.iter().filter_map(|step| step.action.as_ref());
    actions
        .into_iter()
        .any(|action| matches!(action.command, Asked::Wire(_)))
}

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    if arguments.is_empty() {
        println!("reading: cargo bench --bench reading -- 3.5s plays the wire's scenarios with such pauses");
        return ExitCode::SUCCESS;
    }
    let text = arguments.remove(0);
    let pause = typed::time(&text).expect("the pause before each step, like 3.5s");
    if let Ok(name) = std::env::var(ONE) {
        return one(&name, pause);
    }
    let mut names: Vec<String> = catalog::all()
        .expect("the catalog is right")
        .into_iter()
        .filter(is_wired)
        .map(|scenario| scenario.name)
        .filter(|name| arguments.is_empty() || arguments.contains(name))
        .collect();
    let all = names.len();
    names.reverse();
    let (names, differ) = (Mutex::new(names), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let Some(name) = names.lock().expect("no panic").pop() else {
                        return;
                    };
                    let program = std::env::current_exe().expect("its own path");
                    let ran = Command::new(program)
                        .arg(&text)
                        .env(ONE, &name)
                        .output()
                        .expect("a process");
                    if !ran.status.success() {
                        let why = String::from_utf8_lossy(&ran.stdout).trim().to_owned();
                        println!("{name}: {why}");
                        differ.lock().expect("no panic").push(name);
                    }
                }
            });
        }
    });
    println!(
        "{} of {all} differ at {text} a step",
        differ.lock().expect("no panic").len()
    );
    ExitCode::SUCCESS
}
