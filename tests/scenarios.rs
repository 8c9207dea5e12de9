//! Scenarios through the real binary: the whole catalog, what is said about bad files, and that each expectation can fail.

#[path = "support/present.rs"]
mod present;
mod support;

use finwait::call::{CallId, CallKind, SocketName};
use finwait::clock::MonoTime;
use finwait::errno::Errno;
use finwait::explain::meaning::{ENTRIES, Meaning, MeaningId, ReadReply, Settings, WriteReply};
use finwait::explain::rules::{CallClass, RULES, Rule};
use finwait::explain::{RuleId, is_told_once};
use finwait::lab::Quiet;
use finwait::lab::event::LabEvent;
use finwait::outcome::{Outcome, Value as OutcomeValue};
use finwait::recording::{Played, Recording, Replay};
use finwait::scenario::claim_status::ClaimStatus;
use finwait::scenario::expect::{Expectation, Expected};
use finwait::scenario::observation::{
    CommandResult, Observation, ObservedPacket, SocketSnapshot, sightings, snapshots,
};
use finwait::scenario::report::{ReportLine, StepReport, Summary};
use finwait::scenario::{catalog, file};
use finwait::session::transcript::{Entry, EntryKind};
use finwait::session::view::SocketView;
use finwait::session::{FinishedCall, Session, SessionInput};
use finwait::side::{Ends, Side};
use finwait::socket_table::TimerKind;
use finwait::state::State;
use present::Reading;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Output;
use std::sync::LazyLock;
use std::time::Duration;
use support::folder::{Folder, TemporaryFile};
use support::turns::Turns;
use support::{finwait, text};

fn run(args: &[&str]) -> Output {
    support::output_within(finwait().args(args), std::time::Duration::from_secs(300))
}

/// The same with the whole catalog, which is played by many processes at the same time.
fn run_all(args: &[&str]) -> Output {
    static TURNS: Turns = Turns::new(1);
    let _turn = TURNS.take();
    run(args)
}

const HEAD: &str = "title = \"t\"\nsummary = \"s\"\ngroup = \"close\"\n";

/// One run of the whole catalog, for all tests that look at it.
static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let own = Folder::new("recordings");
    let recordings = own.path().join("recordings");
    let folder = recordings.to_str().unwrap();
    let args = ["--lab", "isolated", "--record", folder];
    let output = run_all(&[&args[..], &["run", "--all", "--keep-going", "--json"]].concat());
    let out = text(&output.stdout);
    let lines: Vec<&str> = out.lines().collect();
    let (total, lines) = lines.split_last().expect("a line with the total");
    Catalog {
        total: serde_json::from_str(total).unwrap(),
        lines: lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect(),
        recordings: read_all(&recordings),
        output,
    }
});

/// The recordings in a folder, by their scenario's name.
fn read_all(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    files.map(|path| (name(&path), std::fs::read(&path).unwrap())).collect()
}

struct Catalog {
    /// The recording of each scenario that ran.
    recordings: BTreeMap<String, Vec<u8>>,
    output: Output,
    lines: Vec<ReportLine>,
    total: Value,
}

impl Catalog {
    fn steps(&self) -> impl Iterator<Item = &StepReport> + Clone {
        self.lines.iter().filter_map(|line| match line {
            ReportLine::Step(step) => Some(step.as_ref()),
            ReportLine::Scenario(_) | ReportLine::End(_) => None,
        })
    }
}

/// The rules that their scenarios do not show, what falls under a rule in a state or by a call that it does not speak of, and what set it
/// where nothing that the rule names is found in the transcript.
fn unproved<'a>(rules: &[Rule], steps: impl Iterator<Item = &'a StepReport> + Clone) -> Vec<String> {
    let mut wrong = Vec::new();
    for rule in rules {
        let ruled = steps
            .clone()
            .flat_map(|step| step.rules.iter().map(move |ruled| (&step.scenario, ruled)));
        let of_it = ruled.filter(|(_, ruled)| ruled.rule == rule.id);
        let mut proved = false;
        for (scenario, ruled) in of_it {
            proved |= scenario == rule.proof;
            let happens = rule.set_by.iter().all(|set_by| set_by.happens());
            if happens && !ruled.set_by_seen {
                wrong.push(format!(
                    "{}: nothing that set it in {scenario}, {}",
                    rule.id, ruled.call
                ));
            }
            if !CallClass::any_is(rule.calls, ruled.call) {
                wrong.push(format!("{} of {}: {scenario}", rule.id, ruled.call));
            }
            if !rule.states.contains(&ruled.state) {
                wrong.push(format!("{} in {}: {scenario}, {}", rule.id, ruled.state, ruled.call));
            }
        }
        if !proved {
            wrong.push(format!("{} is not shown by {}", rule.id, rule.proof));
        }
    }
    wrong
}

/// A rule is what a scenario has shown: each names one, in which an outcome really falls under it, in a state that it speaks of.
#[test]
fn every_rule_is_proved_by_its_scenario() {
    let skipped = |rule: &Rule| {
        CATALOG
            .lines
            .iter()
            .any(|line| matches!(line, ReportLine::End(end) if end.scenario == rule.proof && end.skipped.is_some()))
    };
    for rule in RULES {
        assert!(
            catalog::find(rule.proof).is_some(),
            "{}: no scenario {}",
            rule.id,
            rule.proof
        );
    }
    let wrong: Vec<String> = RULES
        .iter()
        .filter(|rule| !skipped(rule))
        .flat_map(|rule| unproved(std::slice::from_ref(rule), CATALOG.steps()))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Without its scenario a rule is not proved; an outcome in a state that its rule does not speak of is noticed, and one that nothing
/// of what the rule names has set.
#[test]
fn a_rule_without_its_proof_is_noticed() {
    let (_, text) = catalog::find("read-eof").unwrap();
    let scenario = file::read("read-eof.toml", text).unwrap();
    let rule = RULES.iter().find(|rule| rule.proof == scenario.name).unwrap();
    let proof = |call: &str, state: &str, seen: bool| -> StepReport {
        let observation = serde_json::json!({
            "returned": "done", "later": [], "sockets": {"client": [], "server": []}, "segments": null,
        });
        serde_json::from_value(serde_json::json!({
            "scenario": scenario.name, "path": "", "no": 1, "line": 1, "say": null, "command": null, "checks": [], "claims": [],
            "because": null, "took_ms": 1.0, "observation": observation,
            "rules": [{"call": call, "state": state, "rule": rule.id, "set_by_seen": seen}],
        }))
        .unwrap()
    };
    let rules = std::slice::from_ref(rule);
    let wrong = |step: StepReport| unproved(rules, [step].iter());
    assert_eq!(wrong(proof("read", "CLOSE_WAIT", true)), [""; 0]);
    assert_eq!(unproved(rules, [].iter()), ["eof-fin is not shown by read-eof"]);
    assert_eq!(
        wrong(proof("read", "LISTEN", true)),
        ["eof-fin in LISTEN: read-eof, read"]
    );
    assert_eq!(
        wrong(proof("write", "CLOSE_WAIT", true)),
        ["eof-fin of write: read-eof"]
    );
    assert_eq!(
        wrong(proof("read", "CLOSE_WAIT", false)),
        ["eof-fin: nothing that set it in read-eof, read"]
    );
}

/// What the table of meanings says while a recording is played.
#[derive(Default)]
struct Told {
    /// The situations that a socket was in when a step was over.
    reached: BTreeSet<MeaningId>,
    /// Sockets without an entry, and calls that did not do what their socket's entry says.
    wrong: Vec<String>,
    /// The reads and writes that were held against an entry.
    held: usize,
}

/// The meaning of each socket with a name, of both ends.
fn meanings(session: &Session) -> BTreeMap<(Side, SocketName), Meaning> {
    let named = |side| {
        let views = session.sockets(side).into_iter();
        views.filter_map(move |view| {
            let meaning = session.meaning(side, &view)?;
            Some(((side, view.name?.clone()), meaning))
        })
    };
    Side::BOTH.into_iter().flat_map(named).collect()
}

/// Does a read or write that ended like that do what was said of its socket before? `after` is what is said of it now: what has happened
/// since decides, too.
fn keeps(call: CallKind, outcome: &Outcome, before: &Meaning, after: Option<&Meaning>) -> bool {
    let moved = after.is_none_or(|after| after.id != before.id);
    let errno = outcome.errno();
    // Our own deadline ends what waits; the socket stays as it is.
    let late = matches!(outcome, Outcome::DeadlineExceeded { .. });
    let passes = errno.is_none() || matches!(errno, Some(Errno::EAGAIN | Errno::EINTR | Errno::EMFILE));
    let bytes = match outcome {
        Outcome::Ok(OutcomeValue::Read { n, .. }) => Some(*n),
        _ => None,
    };
    match call {
        CallKind::Read => match before.read {
            ReadReply::Works => (passes && bytes != Some(0)) || moved,
            ReadReply::Eof => bytes.is_some(),
            ReadReply::Waits => errno == Some(Errno::EAGAIN) || late || moved,
            ReadReply::NotConnected => errno == Some(Errno::ENOTCONN),
            ReadReply::Error => bytes.is_some_and(|n| n > 0) || errno.is_some_and(is_told_once),
            ReadReply::None => errno == Some(Errno::EBADF),
        },
        _ => match before.write {
            WriteReply::Works => passes || moved,
            WriteReply::Waits => errno == Some(Errno::EAGAIN) || late || moved,
            WriteReply::BrokenPipe => errno == Some(Errno::EPIPE),
            WriteReply::Error => errno.is_some_and(|errno| is_told_once(errno) || errno == Errno::EPIPE),
            WriteReply::None => errno == Some(Errno::EBADF),
        },
    }
}

impl Told {
    fn by(name: &str, recording: &[u8]) -> Told {
        let mut told = Told::default();
        let (replay, _) = Replay::new(Recording::read(recording).unwrap());
        // What was said of the sockets when each call was made that has not returned.
        let mut made: BTreeMap<CallId, BTreeMap<(Side, SocketName), Meaning>> = BTreeMap::new();
        let mut before = BTreeMap::new();
        let mut last = 0;
        let played = replay.recording().play(|played| -> Result<(), String> {
            match played {
                Played::Input { session, input, .. } if input.typed().is_some() => before = meanings(session),
                Played::Taken { session, input } => {
                    for entry in session.transcript.since(last) {
                        last = entry.no;
                        // Urgent bytes are read beside the stream.
                        if let EntryKind::Call { began, .. } = &entry.what
                            && !began.text.to_string().contains("MSG_OOB")
                        {
                            made.insert(began.call, before.clone());
                        }
                        if let Some(call) = entry.finished() {
                            told.hold(name, call, made.remove(&call.call()), &meanings(session));
                        }
                    }
                    if let SessionInput::Over { .. } = input {
                        told.look(name, session);
                    }
                }
                _ => {}
            }
            Ok(())
        });
        told.wrong.extend(played.err());
        told
    }

    /// Each socket has an entry when a step is over.
    fn look(&mut self, name: &str, session: &Session) {
        for side in Side::BOTH {
            for view in session.sockets(side) {
                match session.meaning(side, &view) {
                    Some(meaning) => {
                        self.reached.insert(meaning.id);
                        self.time(name, &view, &meaning);
                    }
                    None => self.wrong.push(format!("{name}: nothing is said of {view:?}")),
                }
            }
        }
    }

    /// The timer that runs is the one that is told of.
    fn time(&mut self, name: &str, view: &SocketView, meaning: &Meaning) {
        let Some(row) = view.row.map(|observed| &observed.row) else {
            return;
        };
        let first_seconds = || {
            meaning
                .waits_for
                .split(|c: char| !c.is_ascii_digit())
                .find_map(|n| n.parse().ok())
        };
        let is_so = match (meaning.id, row.timer) {
            (MeaningId::TimeWait | MeaningId::TimeWaitHeld | MeaningId::FinWait2Orphan, timer) => {
                // On a slow machine 3.5 retransmission timeouts are longer than one second.
                let most = first_seconds().map(|seconds| Duration::from_secs(seconds).max(Duration::from_secs(5)));
                timer.is_some_and(|timer| timer.kind == TimerKind::TimeWait && Some(timer.left) <= most)
            }
            (_, Some(timer)) if meaning.waits_for.contains("no limit") => {
                row.tx_queue > 0 || timer.kind == TimerKind::Keepalive
            }
            _ => true,
        };
        if !is_so {
            self.wrong.push(format!(
                "{name}: {}, and the timer is {:?}",
                meaning.waits_for, row.timer
            ));
        }
    }

    /// A read or write does what its socket's entry says.
    fn hold(
        &mut self,
        name: &str,
        call: &FinishedCall,
        before: Option<BTreeMap<(Side, SocketName), Meaning>>,
        after: &BTreeMap<(Side, SocketName), Meaning>,
    ) {
        let (Some(socket), Some(outcome)) = (&call.socket, call.outcome()) else {
            return;
        };
        if !matches!(call.name, CallKind::Read | CallKind::Write) {
            return;
        }
        let key = (call.side(), socket.clone());
        let Some(before) = before.as_ref().and_then(|before| before.get(&key)) else {
            return;
        };
        self.held += 1;
        if !keeps(call.name, outcome, before, after.get(&key)) {
            let (after, call) = (after.get(&key), &call.name);
            self.wrong.push(format!(
                "{name}: {call} gave {outcome:?}, before {before:?}, after {after:?}"
            ));
        }
    }
}

/// What a state means is what scenarios show: whatever socket they have has one entry, each entry is met in the scenario that it names,
/// and reads and writes do what is said of them.
#[test]
fn every_meaning_is_proved_by_its_scenario() {
    let told: BTreeMap<&str, Told> = CATALOG
        .recordings
        .iter()
        .map(|(name, recording)| (name.as_str(), Told::by(name, recording)))
        .collect();
    let mut wrong: Vec<String> = told.values().flat_map(|told| told.wrong.clone()).collect();
    for entry in ENTRIES {
        let met: Vec<&&str> = told
            .iter()
            .filter(|(_, told)| told.reached.contains(&entry.id))
            .map(|(name, _)| name)
            .collect();
        assert!(
            catalog::find(entry.scenario).is_some(),
            "{}: no scenario {}",
            entry.id,
            entry.scenario
        );
        if told.contains_key(entry.scenario) && !met.contains(&&entry.scenario) {
            wrong.push(format!("{} is not met in {}, but in {met:?}", entry.id, entry.scenario));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let held: usize = told.values().map(|told| told.held).sum();
    assert!(held > 100, "{held}");
}

/// What the screen says of the present is so, at each moment of each scenario: on the plates, of the directions, and in the lines of *now*.
#[test]
fn what_is_said_of_the_present_is_so() {
    let readings = CATALOG.recordings.iter();
    let readings = readings.map(|(name, recording)| Reading::of(name, recording));
    let (mut wrong, mut held) = (Vec::new(), 0);
    for reading in readings {
        held += reading.held;
        wrong.extend(reading.wrong);
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(held > 10_000, "{held}");
}

/// A call that does otherwise than is said of its socket is noticed, unless the situation has changed meanwhile.
#[test]
fn a_meaning_that_is_not_so_is_noticed() {
    let entry = |id| {
        ENTRIES
            .iter()
            .find(|entry| entry.id == id)
            .unwrap()
            .words(&Settings::default())
    };
    let read = |n| {
        let data = finwait::call::Bytes(vec![b'x'; n]);
        Outcome::Ok(OutcomeValue::Read { n, data })
    };
    let written = Outcome::Ok(OutcomeValue::Written { n: 1 });
    let failed = Outcome::Err;
    use CallKind::{Read, Write};
    use MeaningId::{CloseError, CloseNew, CloseWait, Established, FinWait2};
    for (id, call, outcome, kept) in [
        (CloseWait, Write, written.clone(), true),
        (CloseWait, Write, failed(Errno::EPIPE), false),
        (CloseWait, Read, read(0), true),
        (CloseWait, Read, failed(Errno::EAGAIN), false),
        (FinWait2, Write, failed(Errno::EPIPE), true),
        (FinWait2, Write, written.clone(), false),
        (FinWait2, Read, read(1), true),
        (FinWait2, Read, read(0), false),
        (Established, Read, failed(Errno::ECONNRESET), false),
        (CloseNew, Read, read(0), false),
        (CloseError, Read, read(0), false),
        (CloseError, Write, written, false),
    ] {
        let said = entry(id);
        assert_eq!(
            keeps(call, &outcome, &said, Some(&said)),
            kept,
            "{id} {call} {outcome:?}"
        );
    }
    let (before, after) = (entry(FinWait2), entry(MeaningId::TimeWaitHeld));
    assert!(keeps(Read, &read(0), &before, Some(&after)));
}

/// Every scenario of the catalog holds; and every expectation of it, turned round, is noticed.
#[test]
fn the_catalog_holds_and_each_of_its_expectations_can_fail() {
    let Catalog {
        output, lines, total, ..
    } = &*CATALOG;
    let differ: Vec<String> = lines
        .iter()
        .filter_map(|line| match line {
            ReportLine::Step(step) if !step.held() => Some(format!("{}, step {}:\n{step}", step.scenario, step.no)),
            _ => None,
        })
        .collect();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}\n{}",
        differ.join("\n"),
        text(&output.stderr)
    );
    let all = catalog::all().unwrap();
    assert_eq!(total["kind"], "total");
    assert_eq!(total["scenarios"], all.len());
    let steps: Vec<&StepReport> = CATALOG.steps().collect();
    let mut flipped = 0;
    for scenario in &all {
        if total["skipped"] != 0 && !steps.iter().any(|step| step.scenario == scenario.name) {
            continue;
        }
        for (place, step) in scenario.steps.iter().enumerate() {
            let report = steps
                .iter()
                .find(|report| report.scenario == scenario.name && report.no == place + 1)
                .unwrap_or_else(|| panic!("{} has no step {}", scenario.name, place + 1));
            for expected in &step.expected {
                let check = expected.check(&report.observation);
                assert_eq!(check.held, Some(true), "{}: {check:?}", scenario.path);
                let opposites = expected.opposites();
                assert!(!opposites.is_empty(), "{}: {check:?}", scenario.path);
                for opposite in opposites {
                    let check = opposite.check(&report.observation);
                    assert_eq!(check.held, Some(false), "{}: {check:?}", scenario.path);
                    flipped += 1;
                }
            }
        }
    }
    assert!(flipped >= all.iter().map(|scenario| scenario.expectations()).sum::<usize>());
}

/// What a step's report has that its recording must have, too.
#[derive(Debug, PartialEq)]
struct Step {
    sockets: Ends<Vec<SocketSnapshot>>,
    segments: Option<Vec<ObservedPacket>>,
    rules: Vec<(CallKind, State, RuleId)>,
}

impl Step {
    fn of(report: &StepReport) -> Step {
        let rules = report.rules.iter().map(|ruled| (ruled.call, ruled.state, ruled.rule));
        Step {
            sockets: report.observation.sockets.clone(),
            segments: report.observation.segments.clone(),
            rules: rules.collect(),
        }
    }

    fn played(session: &Session, since: u64) -> Step {
        let ruled = |entry: &Entry| {
            let call = entry.finished()?;
            Some((call.name, call.state.unwrap_or(State::Close), call.why.rule?))
        };
        Step {
            sockets: Ends::from_fn(|side| snapshots(session, side)),
            segments: sightings(session, since),
            rules: session.transcript.since(since).filter_map(ruled).collect(),
        }
    }
}

/// What differs between the reports of a scenario's steps and its recording, opened again: its transcript as a whole, and for each step
/// the sockets' states, the segments, the rules and the whys.
fn unlike(steps: &[&StepReport], recording: &[u8]) -> Vec<String> {
    let recording = match Recording::read(recording) {
        Ok(recording) => recording,
        Err(error) => return vec![error.to_string()],
    };
    let (replay, _) = Replay::new(recording);
    let mut wrong = Vec::from_iter(replay.note());
    let mut reports = steps.iter();
    let mut since = None;
    let played = replay.recording().play(|played| -> Result<(), String> {
        match played {
            Played::Input { session, input, .. } if input.typed().is_some() => {
                since.get_or_insert(session.transcript.last());
            }
            Played::Taken {
                session,
                input: SessionInput::Over { .. },
            } => {
                let report = reports.next().ok_or("a step more than was reported")?;
                let began = since.replace(session.transcript.last()).unwrap_or(0);
                let (was, is) = (Step::of(report), Step::played(session, began));
                if was != is {
                    wrong.push(format!("step {}: reported {was:?}, opened {is:?}", report.no));
                }
                let seen = &report.observation;
                for why in seen
                    .why
                    .iter()
                    .chain(seen.later.iter().filter_map(|later| later.why.as_ref()))
                {
                    let says = |entry: &Entry| entry.finished().is_some_and(|call| call.why.sentence == *why);
                    if !session.transcript.since(began).any(says) {
                        wrong.push(format!("step {}: nothing says {why:?}", report.no));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    });
    wrong.extend(played.err());
    wrong.extend(reports.next().map(|report| format!("step {} is missing", report.no)));
    wrong
}

/// The steps that were reported of a scenario.
fn steps_of(name: &str) -> Vec<&StepReport> {
    CATALOG.steps().filter(|step| step.scenario == name).collect()
}

/// A run travels in its recording: opened again, each scenario tells the same transcript, states, segments and whys as its run did.
#[test]
fn each_scenario_opens_again_as_it_ran() {
    let ran = CATALOG.lines.iter().filter_map(|line| match line {
        ReportLine::End(end) if end.skipped.is_none() => Some(&end.scenario),
        _ => None,
    });
    let mut opened = 0;
    for name in ran {
        let recording = CATALOG
            .recordings
            .get(name)
            .unwrap_or_else(|| panic!("{name} is not recorded"));
        let wrong = unlike(&steps_of(name), recording);
        assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
        opened += 1;
    }
    assert!(opened > 50, "{opened}");
}

/// The recorded runs of the catalog, by the scenarios' names.
fn recordings() -> impl Iterator<Item = (&'static String, Recording)> {
    let recordings = CATALOG.recordings.iter();
    recordings.map(|(name, recording)| (name, Recording::read(recording.as_slice()).unwrap()))
}

/// Takes in whether a lab is quiet, as who drives it does.
fn listen(quiet: &mut Quiet, input: &SessionInput) {
    match input {
        SessionInput::Event(event) => quiet.saw(&event.what),
        SessionInput::Command { .. }
        | SessionInput::Wire { .. }
        | SessionInput::Look { .. }
        | SessionInput::Programs { .. } => quiet.sent(1),
        SessionInput::Blocked { .. } | SessionInput::Over { .. } => {}
    }
}

/// A step that differs is over at once where nothing can happen any more: in no run of the catalog does anything happen then.
#[test]
fn nothing_happens_in_a_lab_that_rests() {
    let (mut rested, mut wrong) = (0, Vec::new());
    for (name, recording) in recordings() {
        let mut quiet = Quiet::default();
        let played = recording.play(|played| -> Result<(), String> {
            if let Played::Input { session, input, .. } = played {
                if let (SessionInput::Event(event), true) = (input, quiet.is_quiet())
                    && let Some(until) = session.rests_until(MonoTime(event.at.0 - 1))
                {
                    rested += 1;
                    if until > event.at && event.what != LabEvent::Quiet {
                        wrong.push(format!("{name}: {event:?}"));
                    }
                }
                listen(&mut quiet, input);
            }
            Ok(())
        });
        played.unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rested > 20, "{rested} events came after a rest, at the time of a timer");
}

/// What a step says of the sockets and the segments, as a step of the recorded scenario sees them just now.
fn present_of(session: &Session, since: u64) -> Observation {
    let is_blocked = session.ends.iter().any(|(_, end)| !end.pending.is_empty());
    Observation {
        returned: if is_blocked {
            CommandResult::Blocked
        } else {
            CommandResult::Done
        },
        said: None,
        why: None,
        later: Vec::new(),
        sockets: Ends::from_fn(|side| snapshots(session, side)),
        segments: sightings(session, since),
        counters: None,
        syn_patience: None,
        programs: Vec::new(),
    }
}

/// An expectation that is given up must not come true: at each moment of each step, those of all steps of its scenario are asked.
#[test]
fn what_is_given_up_does_not_come_true() {
    let (mut given_up, mut wrong) = (0, Vec::new());
    for (name, recording) in recordings() {
        let (path, text) = catalog::find(name).unwrap();
        let scenario = file::read(path, text).unwrap();
        let asks = |what: &Expected| {
            !matches!(
                what,
                Expected::Returns(_) | Expected::Later(..) | Expected::SynPatience(_)
            )
        };
        let all: Vec<&Expectation> = scenario.steps.iter().flat_map(|step| &step.expected).collect();
        let all: Vec<&Expectation> = all.into_iter().filter(|expected| asks(&expected.what)).collect();
        let mut lost = vec![false; all.len()];
        let (mut quiet, mut since) = (Quiet::default(), 0);
        let played = recording.play(|played| -> Result<(), String> {
            let Played::Taken { session, input } = played else {
                return Ok(());
            };
            listen(&mut quiet, input);
            if let SessionInput::Over { .. } = input {
                lost.fill(false);
                since = session.transcript.last();
            }
            let seen = present_of(session, since);
            for (expected, lost) in all.iter().zip(&mut lost) {
                let holds = expected.holds(&seen) == Some(true);
                if *lost && holds {
                    wrong.push(format!("{name}: {expected:?} at {}", session.transcript.last()));
                }
                let is_lost = quiet.is_quiet() && expected.is_lost(&seen);
                given_up += usize::from(is_lost && !*lost);
                *lost |= is_lost;
            }
            Ok(())
        });
        played.unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(given_up > 300, "{given_up}");
}

/// Every line of a recording counts: without one, the run is told otherwise, and that is noticed.
#[test]
fn a_recording_without_one_of_its_lines_is_noticed() {
    let name = "half-close";
    let whole = text(&CATALOG.recordings[name]);
    let lines: Vec<&str> = whole.lines().collect();
    let told = |line: &str| {
        ["began", "ended", "packet", "transition", "born"]
            .iter()
            .any(|what| line.contains(&format!("\"{what}\":{{")))
    };
    let mut left_out = 0;
    for (place, line) in lines.iter().enumerate().skip(1) {
        if told(line) || line.starts_with("{\"command\"") {
            let mut rest = lines.clone();
            rest.remove(place);
            let wrong = unlike(&steps_of(name), (rest.join("\n") + "\n").as_bytes());
            assert!(!wrong.is_empty(), "nobody misses line {}: {line}", place + 1);
            left_out += 1;
        }
    }
    assert!(left_out > 20, "{left_out}");
}

/// What can be run without a wire holds there, too; the rest is skipped, and reported.
#[test]
fn the_catalog_in_the_loopback_lab() {
    let own = Folder::new("loopback");
    let recordings = own.path().join("recordings");
    let folder = recordings.to_str().unwrap();
    let args = ["--lab", "loopback", "--record", folder];
    let output = run_all(&[&args[..], &["run", "--all", "--keep-going"]].concat());
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{out}");
    // What a state means is said without a wire, too.
    let recordings = read_all(&recordings);
    assert!(!recordings.is_empty());
    let told = recordings.iter().map(|(name, recording)| Told::by(name, recording));
    let wrong: Vec<String> = told.flat_map(|told| told.wrong).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        out.contains("handshake                    skipped: it needs the isolated lab"),
        "{out}"
    );
}

/// Is a scenario skipped for what this machine is, a kernel that answers otherwise or a program that is not installed? The latter is told.
fn is_usual(why: &str) -> bool {
    let lacks_program = why.ends_with("not installed");
    if lacks_program {
        println!("skipped: {why}");
    }
    lacks_program || why.starts_with("it needs a kernel that returns ")
}

/// Over IPv6 all of it holds but what is of IPv4 alone, which is skipped, and reported.
#[test]
fn the_catalog_over_ipv6() {
    let output = run_all(&["--lab", "isolated", "--ipv6", "run", "--all", "--keep-going"]);
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{out}");
    let mut of_ipv4: Vec<&str> = Vec::new();
    for (name, why) in out.lines().filter_map(|line| line.split_once(" skipped: ")) {
        match why {
            "it is for IPv4 only, and IPv6 was asked for" => of_ipv4.push(name.trim()),
            // As it would be over IPv4.
            why => assert!(is_usual(why), "{name}: {why}"),
        }
    }
    of_ipv4.sort_unstable();
    assert_eq!(
        of_ipv4,
        [
            "address-family",
            "dual-stack-listener",
            "firewall-rejects",
            "foreign-address"
        ],
        "{out}"
    );
}

/// With super-segments on the wire all of it holds: no scenario is about the size of a segment.
#[test]
fn the_catalog_with_offload() {
    let output = run_all(&["--lab", "isolated", "--offload", "run", "--all", "--keep-going"]);
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{out}");
    for (name, why) in out.lines().filter_map(|line| line.split_once(" skipped: ")) {
        assert!(is_usual(why), "{name}: {why}");
    }
}

/// A scenario that is about segments as a cable carries them is skipped with super-segments; one that is about these has them unasked.
#[test]
fn a_scenario_says_which_wire_it_is_for() {
    let step = "[[step]]\nclient = \"socket\"\nreturns = \"ok\"\n";
    let bulk = "[[step]]\nserver = \"listen\"\n[[step]]\nclient = \"connect\"\n[[step]]\nserver = \"accept\"\n\
                [[step]]\nclient = \"write x repeat=10000\"\n[[step]]\nserver = \"read 10000 waitall\"\n";
    let cable = TemporaryFile::new(
        "cable.toml",
        format!("{HEAD}lab = \"isolated\"\noffload = false\n{step}"),
    );
    let supers = TemporaryFile::new(
        "supers.toml",
        format!("{HEAD}lab = \"isolated\"\noffload = true\n{bulk}"),
    );
    let output = run(&["run", cable.path()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let refused = run(&["--offload", "run", cable.path()]);
    assert_eq!(refused.status.code(), Some(3));
    let why = "cannot run here: it is about the segments as a cable carries them, and --offload shows super-segments";
    assert!(text(&refused.stderr).contains(why), "{}", text(&refused.stderr));

    let own = Folder::new("supers");
    let record = own.path().join("supers.jsonl");
    let output = run(&["--record", record.to_str().unwrap(), "run", supers.path()]);
    let recorded = std::fs::read_to_string(&record).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert!(recorded.contains("\"segment_size\":1448"), "{recorded}");
}

/// The runner itself notices, and says what it expected, what it observed, and where it stands in the file.
#[test]
fn a_difference_is_told_with_its_place() {
    let steps = "[[step]]\nclient = \"connect\"\nreturns = \"ok\"\nwithin = \"500ms\"\nbecause = \"It should.\"\n\
                 [[step]]\nclient = \"so-error\"\nreturns = \"no error\"\n";
    let file = TemporaryFile::new("differs.toml", format!("{HEAD}{steps}"));
    let output = run(&["run", file.path()]);
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{out}");
    let place = format!("{}:6:11: returns: expected ok, observed ECONNREFUSED", file.path());
    assert!(out.contains(&place) && out.contains("It should."), "{out}");
    assert!(out.contains("1 differ, 1 step left"), "{out}");
    // What differs has its reason beside it, in the report and in its object.
    let reason = "why: ";
    let why = out.lines().find_map(|line| line.trim_start().strip_prefix(reason));
    let why = why.unwrap_or_else(|| panic!("{out}"));
    let json = text(&run(&["run", file.path(), "--json"]).stdout);
    let observed: Vec<ReportLine> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let Some(ReportLine::Step(step)) = observed.get(1) else {
        panic!("{json}")
    };
    assert_eq!(step.observation.why.as_deref(), Some(why), "{json}");
    assert!(why.contains("RST") && why.ends_with('.'), "{why}");
    let output = run(&["run", file.path(), "--keep-going"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stdout).contains("2 steps, 2 expectations, 1 differ"),
        "{}",
        text(&output.stdout)
    );
}

/// A state that does not come is waited for as long as the file says; a call that does not return, too.
#[test]
fn what_does_not_come_true_is_bounded() {
    let steps = "[[step]]\nserver = \"listen\"\nstates = { listener = \"ESTABLISHED\" }\nwithin = \"200ms\"\n\
                 [[step]]\nserver = \"accept\"\nreturns = \"ok\"\nwithin = \"200ms\"\n\
                 [[step]]\nsay = \"Nothing is blocked on the client's.\"\nlater = { client = \"ok\" }\n";
    let file = TemporaryFile::new("bounded.toml", format!("{HEAD}{steps}"));
    let output = run(&["--lab", "loopback", "run", file.path(), "--keep-going", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let out = text(&output.stdout);
    let lines: Vec<ReportLine> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let observed: Vec<String> = lines
        .iter()
        .filter_map(|line| match line {
            ReportLine::Step(step) => Some(
                step.differences()
                    .map(|check| check.observed.clone())
                    .collect::<Vec<_>>(),
            ),
            ReportLine::Scenario(_) | ReportLine::End(_) => None,
        })
        .flatten()
        .collect();
    assert_eq!(
        observed,
        ["LISTEN", "blocked", "no call of an earlier step was blocked"]
    );
    let Some(ReportLine::End(Summary { took_ms, .. })) = lines.last() else {
        panic!("{out}")
    };
    assert!(*took_ms < 5000.0, "{took_ms}");
}

/// A socket that was closed and is gone has no state any more: none is waited for.
#[test]
fn what_cannot_come_true_any_more_is_not_waited_for() {
    let steps = "[[step]]\nclient = \"socket\"\n\
                 [[step]]\nclient = \"close\"\nstates = { client = \"CLOSE\" }\nwithin = \"50s\"\n";
    let file = TemporaryFile::new("gone.toml", format!("{HEAD}{steps}"));
    let out = text(&run(&["--lab", "loopback", "run", file.path(), "--json"]).stdout);
    let lines: Vec<ReportLine> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let Some(ReportLine::End(Summary { differ, took_ms, .. })) = lines.last() else {
        panic!("{out}")
    };
    assert!(*differ == 1 && *took_ms < 25_000.0, "{out}");
}

/// A command that cannot be carried out is a difference, not the end of the program.
#[test]
fn what_cannot_be_done_is_a_difference() {
    let steps = "[[step]]\nclient = \"close on=client7\"\n";
    let file = TemporaryFile::new("impossible.toml", format!("{HEAD}{steps}"));
    let output = run(&["--lab", "loopback", "run", file.path()]);
    assert_eq!(output.status.code(), Some(1));
    let out = text(&output.stdout);
    assert!(
        out.contains("not done: the client has no socket client7: it has none yet"),
        "{out}"
    );
}

#[test]
fn exit_codes_and_what_is_said() {
    let bad = TemporaryFile::new("bad.toml", format!("{HEAD}[[step]]\nclient = \"conect\"\n"));
    let new = TemporaryFile::new(
        "new.toml",
        format!("{HEAD}needs = \"99.0\"\n[[step]]\nclient = \"socket\"\n"),
    );
    for (args, code, said) in [
        (
            &["run", "half-clse"][..],
            2,
            "there is no scenario \"half-clse\"; did you mean half-close?",
        ),
        (&["show", "half-clse"], 2, "did you mean half-close?"),
        (&["run", "/nowhere.toml"], 2, "there is no file /nowhere.toml"),
        (
            &["run", bad.path()],
            2,
            "bad.toml:5:11: \"conect\" is not a command; did you mean connect?\n  5 | client = \"conect\"\n    |           ^",
        ),
        (&["run", "half-close", bad.path()], 2, "bad.toml:5:11"),
        (&["check", bad.path()], 2, "bad.toml:5:11"),
        (
            &["--lab", "loopback", "run", "handshake"],
            3,
            "handshake cannot run here: it needs the isolated lab",
        ),
        (
            &["--ipv6", "run", "address-family"],
            3,
            "address-family cannot run here: it is for IPv4 only, and IPv6 was asked for",
        ),
        (&["run", new.path()], 3, "it needs Linux 99.0, and this is"),
        (
            &["--lab", "loopback", "run", "handshake", "full-close"],
            3,
            "none of them can run here",
        ),
        (&["run"], 2, "NAME|PATH"),
    ] {
        let output = run(args);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
        assert!(stderr.contains(said), "{args:?}: {stderr}");
    }
    let output = run(&["check", new.path()]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("new.toml: 1 step, 1 expectation"));
}

/// What is listed can be shown, and what is shown is a scenario.
#[test]
fn listed_and_shown() {
    let output = run(&["list", "--json"]);
    let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(listed["schema"], 1);
    let listed = listed["scenarios"].as_array().unwrap();
    assert_eq!(listed.len(), catalog::ENTRIES.len());
    let plain = text(&run(&["list"]).stdout);
    for scenario in listed {
        let name = scenario["name"].as_str().unwrap();
        assert!(plain.contains(name), "{name}");
    }
    let shown = text(&run(&["show", "half-close"]).stdout);
    assert_eq!(file::read("half-close.toml", &shown).unwrap().name, "half-close");
}

/// Verdicts are computed, part by part, from raw calls and from Go's: some of the article's claims hold for Go only, some in part,
/// some do not hold on Linux.
#[test]
fn claims() {
    let brief = std::thread::spawn(|| run_all(&["claims", "--brief"]));
    let output = run_all(&["claims", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap();
    let of = |id: &str| {
        let rows = rows["claims"].as_array().unwrap();
        rows.iter().find(|row| row["id"] == id).unwrap().clone()
    };
    let parts = |id: &str| -> Vec<(String, String)> {
        let row = of(id);
        let parts = row["parts"].as_array().unwrap().iter();
        parts
            .map(|part| {
                let word = |key: &str| part[key].as_str().unwrap_or("none").to_owned();
                (word("part"), word("verdict"))
            })
            .collect()
    };
    let has = |id: &str, part: &str, verdict: &str| {
        assert!(
            parts(id).iter().any(|(name, is)| name.contains(part) && is == verdict),
            "{id}, {part}: {verdict}; {:?}",
            parts(id)
        );
    };
    assert_eq!(of("read-eof")["verdict"], "holds");
    assert_eq!(of("read-eof")["observed"][0], "EOF");
    assert_eq!(of("read-reset-after-write")["verdict"], "does-not-hold");
    for half in [
        "write-broken-pipe",
        "sum-3",
        "dial-timed-out",
        "dial-backlog-full",
        "shutdown-unconnected",
    ] {
        assert_eq!(of(half)["verdict"], "half", "{half}");
    }
    has("write-broken-pipe", "CLOSE_WAIT", "holds");
    has("write-broken-pipe", "first call after it", "does-not-hold");
    has("write-broken-pipe", "reported it", "holds");
    has("dial-backlog-full", "one more waits", "holds");
    has("dial-backlog-full", "as the backlog says", "does-not-hold");
    has("dial-timed-out", "fails with", "holds");
    has("dial-timed-out", "3 minutes", "does-not-hold");
    let patience = finwait::lab::syn::SynPatience::here().unwrap().to_string();
    let observed = of("dial-timed-out")["observed"].to_string();
    assert!(observed.contains(&patience), "{observed}, not {patience}");
    if support::has("go") {
        let go = |id: &str| of(id)["go"].to_string();
        assert_eq!(of("read-closed")["verdict"], "holds-for-go-only");
        for (id, words) in [
            ("read-closed", ": use of closed network connection"),
            ("write-broken-pipe", ": write: broken pipe"),
            ("write-broken-pipe", ": write: connection reset by peer"),
            ("write-closed", ": write: broken pipe"),
            (
                "shutdown-unconnected",
                ": shutdown: transport endpoint is not connected",
            ),
            ("shutdown-unconnected", ": use of closed network connection"),
            // A conn that was never connected, and not a nil one.
            (
                "read-unconnected",
                "read tcp 0.0.0.0:0: read: transport endpoint is not connected",
            ),
        ] {
            assert!(go(id).contains(words), "{id}: {words}; {}", go(id));
        }
        assert_eq!(of("write-closed")["verdict"], "half");
        assert_eq!(of("read-unconnected")["verdict"], "does-not-hold");
        // The errno is as claimed, the words are not; a second close is neither.
        has("shutdown-unconnected", "has ended", "half");
        has("shutdown-unconnected", "closing many times", "does-not-hold");
        has("write-closed", "after Close", "holds-for-go-only");
        has("write-closed", "CloseWrite", "does-not-hold");
        assert_eq!(of("read-reset-after-write")["go"][0], "EOF");
        assert_eq!(of("write-timed-out")["verdict"], "holds");
    }

    // In brief it is a line for each of them, and their number.
    let total = |verdict: &Value| {
        let rows = rows["claims"].as_array().unwrap().iter();
        rows.filter(|row| row["verdict"] == *verdict).count()
    };
    let brief = text(&brief.join().unwrap().stdout);
    let mut lines: Vec<&str> = brief.lines().collect();
    if !support::has("go") {
        assert!(lines.pop().unwrap().starts_with("Go is not available"));
    }
    let last = lines.pop().unwrap();
    assert_eq!(lines.len(), rows["claims"].as_array().unwrap().len(), "{brief}");
    for (verdict, name) in [("holds", "holds"), ("half", "half"), ("does-not-hold", "does not hold")] {
        let count = total(&verdict.into());
        assert!(last.contains(&format!("{name} {count}")), "{last}");
        let like = lines.iter().filter(|line| line[25..].starts_with(&format!("{name} ")));
        assert_eq!(like.count(), count, "{brief}");
    }
}

/// A verdict follows from what the file claims and the kernel did: turned round, claim by claim, it becomes another one.
#[test]
fn a_verdict_can_fail() {
    let verdict = |name: &str, change: Option<(&str, &str)>| {
        let (_, known) = catalog::find("write-broken-pipe").unwrap();
        let (from, to) = change.unwrap_or(("", ""));
        assert!(known.contains(from), "{from}");
        let file = TemporaryFile::new(&format!("{name}.toml"), known.replace(from, to));
        let output = run(&["run", file.path(), "--json"]);
        let last = text(&output.stdout).lines().last().unwrap().to_owned();
        match serde_json::from_str(&last).unwrap() {
            ReportLine::End(end) => end.verdict,
            ReportLine::Scenario(_) | ReportLine::Step(_) => panic!("{last}"),
        }
    };
    assert_eq!(verdict("as-it-is", None), Some(ClaimStatus::Half));
    let of_the_first_write = (
        "claim   = { returns = \"EPIPE\" }",
        "claim   = { returns = \"ECONNRESET\" }",
    );
    assert_eq!(verdict("all-true", Some(of_the_first_write)), Some(ClaimStatus::Holds));
    let of_the_others = ("claim   = true", "claim   = { returns = \"ENOTCONN\" }");
    assert_eq!(
        verdict("none-true", Some(of_the_others)),
        Some(ClaimStatus::DoesNotHold)
    );
}

/// The schema for editors knows the keys that the program knows.
#[test]
fn the_schema_has_the_programs_keys() {
    use finwait::scenario::keys;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/scenarios/schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let step = &schema["$defs"]["step"];
    for (table, keys) in [
        (&schema, keys::TOP),
        (step, keys::STEP),
        (&schema["$defs"]["expectations"], keys::EXPECTATIONS),
        (&schema["$defs"]["queue"], keys::QUEUE),
        (&schema["properties"]["driven"], keys::DRIVEN),
        (&schema["$defs"]["lesson"], keys::LESSON),
        (&schema["$defs"]["needs"], keys::NEEDS),
        (&schema["$defs"]["program"], keys::PROGRAM),
    ] {
        let mut known: Vec<&str> = table["properties"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let mut wanted: Vec<&str> = keys.iter().map(|(key, _)| *key).collect();
        known.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(known, wanted);
        let required = table["required"].as_array().cloned().unwrap_or_default();
        let required: Vec<&str> = required.iter().filter_map(Value::as_str).collect();
        let wanted: Vec<&str> = keys
            .iter()
            .filter(|(_, required)| *required)
            .map(|(key, _)| *key)
            .collect();
        assert_eq!(required, wanted);
        assert_eq!(table["additionalProperties"], false);
    }
    let runtimes = finwait::runtime::Runtime::ALL.map(finwait::runtime::Runtime::name);
    assert_eq!(schema["$defs"]["runtime"]["enum"], serde_json::json!(runtimes));
    let topics = finwait::scenario::lesson::Topic::ALL.map(finwait::scenario::lesson::Topic::name);
    let lesson = &schema["$defs"]["lesson"]["properties"];
    assert_eq!(lesson["group"]["enum"], serde_json::json!(topics));
    let levels = finwait::scenario::lesson::Level::ALL.map(finwait::scenario::lesson::Level::name);
    assert_eq!(lesson["level"]["enum"], serde_json::json!(levels));
    let questions = finwait::scenario::needs::Question::ALL;
    assert_eq!(keys::NEEDS.len(), questions.len() + 1);
    for question in questions {
        let answers: Vec<String> = question.answers().iter().map(|answer| answer.name()).collect();
        let known = &schema["$defs"]["needs"]["properties"][question.name()]["enum"];
        assert_eq!(known, &serde_json::json!(answers));
    }
}

/// The annotated example of the format's description is a scenario, and it holds.
#[test]
fn the_example_of_the_description_holds() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scenario-format.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (_, rest) = readme.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let file = TemporaryFile::new("example.toml", example);
    let output = run(&["--lab", "isolated", "run", "--allow-run", file.path()]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    let scenario = file::read(file.path(), example).unwrap();
    let keys = |keys: &[finwait::scenario::keys::Key]| keys.iter().map(|(key, _)| *key).collect::<Vec<_>>();
    for key in [keys(finwait::scenario::keys::TOP), keys(finwait::scenario::keys::STEP)].concat() {
        assert!(example.contains(key), "the example does not show {key}");
        assert!(
            readme.contains(&format!("`{key}`")),
            "the description does not name {key}"
        );
    }
    assert!(scenario.isolated);
}
