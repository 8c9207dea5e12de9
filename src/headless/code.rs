//! `finwait code`: a scenario is run, and what it did is printed as a program.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::scenarios::{load, recording_of};
use crate::code::{Language, Program, is_seen_by, write};
use crate::exit::{BAD, CANNOT, DIFFERS, fail, print};
use crate::lab::Options;
use crate::progress::Progress;
use crate::run::{self, RunManner};
use crate::scenario::Scenario;
use crate::side::{Ends, Side};
use crate::stderr::complain;

/// Runs the scenario of that name or file, and prints its program.
pub fn code(name: &str, language: Language, end: Option<Side>, options: &Options, record: Option<&Path>) -> ExitCode {
    if end.is_some() && language != Language::Packetdrill {
        return fail(BAD, "only a packetdrill script is about one end: a program has both");
    }
    let scenario = match load(name) {
        Ok(scenario) => scenario,
        Err(why) => {
            complain(&why);
            return ExitCode::from(BAD);
        }
    };
    if let Some((side, run)) = scenario.commands().first() {
        let why = format!(
            "{name} runs programs (on the {side}'s host {run}), and a generated program makes the calls of the ends alone"
        );
        return fail(CANNOT, &why);
    }
    if let Some((side, runtime)) = scenario.runtimes().first() {
        let why =
            format!("{name} changes what drives an end ({side} runtime {runtime}), and a program is in one language");
        return fail(CANNOT, &why);
    }
    let mut program = Program::new(&scenario);
    // The program makes the calls itself, and what they return to it is what raw calls return.
    let scenario = Arc::new(Scenario {
        driven: Ends::default(),
        ..scenario
    });
    let record = match recording_of(record, &scenario.name) {
        Ok(record) => record,
        Err(why) => return fail(BAD, &why),
    };
    let (mut progress, steps, mut done) = (Progress::new(false), scenario.steps.len(), 0);
    let ended = run::watched(
        &scenario,
        options,
        run::Run {
            more: &Ends::default(),
            manner: RunManner::TO_THE_END,
            record: record.as_ref(),
        },
        |_| Ok(()),
        |session, report| {
            program.step(&scenario, session, report);
            done += 1;
            progress.count(done, steps, "steps");
        },
    );
    drop(progress);
    match ended {
        Err(error) => return fail(DIFFERS, &error.to_string()),
        Ok(end) => {
            if let Some(why) = end.skipped {
                return fail(CANNOT, &format!("{name} cannot run here: {why}"));
            }
        }
    }
    if language == Language::Packetdrill && !program.wired {
        let why = "a packetdrill script has segments, and the loopback lab has no wire to see them on";
        return fail(CANNOT, &format!("{name}: {why}"));
    }
    let end = end.unwrap_or(Side::Client);
    if language == Language::Packetdrill && !is_seen_by(&program, end) {
        let other = end.other();
        let nothing = format!("the {end} does nothing in it, and nothing comes to it");
        let why = if is_seen_by(&program, other) {
            format!("{nothing}: try --end {other}")
        } else {
            format!("{nothing}; the {other} has no segment either")
        };
        return fail(CANNOT, &format!("{name}: {why}"));
    }
    let text = write(&program, language, end);
    print(|out| out.write_all(text.as_bytes()))
}
