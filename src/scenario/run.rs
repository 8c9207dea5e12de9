//! Runs a scenario from its first step to its last in a lab of its own.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use super::Scenario;
use super::needs::Needs;
use super::play::{Judgement, Play};
use super::report::{End, Heading, Line, StepReport, millis};
use super::verdict::{Verdict, parts, tried};
use crate::clock::Stamp;
use crate::lab::{Lab, Options, Wanted};
use crate::live::{Came, Events, Live};
use crate::session::Session;

/// The lab that a scenario is run in, when `options` are what the user wants; or why it cannot run here, in one sentence.
pub fn lab_for(scenario: &Scenario, options: &Options) -> Result<Options, String> {
    let wanted = match (scenario.isolated, options.wanted) {
        (true, Wanted::Loopback) => return Err("it needs the isolated lab, and the loopback lab was asked for".into()),
        (true, Wanted::Auto | Wanted::Isolated) => Wanted::Isolated,
        (false, wanted) => wanted,
    };
    let ipv6 = match (scenario.ipv6, options.ipv6) {
        (Some(false), true) => return Err("it is for IPv4 only, and IPv6 was asked for".into()),
        (alone, asked) => alone.unwrap_or(asked),
    };
    // The kernel is asked last: that takes a moment.
    if let Some(why) = scenario.needs.as_ref().and_then(Needs::unmet) {
        return Err(why);
    }
    let driven = options.driven.or(scenario.driven, &options.program);
    Ok(Options {
        driven: driven.map_err(|error| error.to_string())?,
        wanted,
        ipv6,
        ..options.clone()
    })
}

/// Runs a scenario, and tells each line of its report as soon as it is known. Must be called before the program has a second
/// thread, like [`Lab::start`].
pub fn run(
    scenario: &Arc<Scenario>,
    options: &Options,
    keep_going: bool,
    tell: impl FnMut(Line) -> io::Result<()>,
) -> io::Result<End> {
    watched(scenario, options, keep_going, tell, |_, _| {})
}

/// The same, with a look at the session after each step, for those who need more than the report has.
pub fn watched(
    scenario: &Arc<Scenario>,
    options: &Options,
    keep_going: bool,
    mut tell: impl FnMut(Line) -> io::Result<()>,
    mut watch: impl FnMut(&Session, &StepReport),
) -> io::Result<End> {
    let began = Stamp::now();
    tell(Line::Scenario(Heading::of(scenario)))?;
    let mut end = End {
        scenario: scenario.name.clone(),
        skipped: None,
        steps: 0,
        expectations: 0,
        differ: 0,
        unseen: 0,
        left: scenario.steps.len(),
        took_ms: 0.0,
        verdict: None,
    };
    let finish = |mut end: End, tell: &mut dyn FnMut(Line) -> io::Result<()>| {
        end.took_ms = millis(Stamp::now().since(began));
        tell(Line::End(end.clone()))?;
        Ok(end)
    };
    let options = match lab_for(scenario, options) {
        Ok(options) => options,
        Err(why) => {
            end.skipped = Some(why);
            return finish(end, &mut tell);
        }
    };
    let (inputs, inbox) = channel();
    let events = Events::new(inputs);
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
    let mut live = Live::new(Session::new(facts, began), &lab, inbox);
    if let Err(why) = live.start()? {
        end.skipped = Some(why);
        return finish(end, &mut tell);
    }
    let mut play = Play::new(Arc::clone(scenario));
    let mut claimed = Vec::new();
    while play.next() < scenario.steps.len() {
        let requests = play.begin(&mut live.session, Stamp::now());
        live.send(requests);
        let report = loop {
            let now = Stamp::now();
            match play.judge(&live.session, live.quiet, now) {
                Judgement::Over(report) => break report,
                Judgement::Wait(until) => {
                    let left = until.since(now).max(Duration::from_millis(1));
                    match live.take(Some(Instant::now() + left))? {
                        Came::Event | Came::Nothing | Came::Line(_) => {}
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
        watch(&live.session, &report);
        let as_expected = report.held();
        tell(Line::Step(report))?;
        if !as_expected && !keep_going {
            break;
        }
    }
    // Another language's answers alone are no verdict: finwait claims asks both.
    if end.left == 0 && options.driven.is_native() {
        let parts = parts(&claimed).into_iter();
        end.verdict = Verdict::of_parts(parts.map(|(_, steps)| Verdict::of(tried(steps), None)));
    }
    drop(live);
    drop(lab);
    finish(end, &mut tell)
}
