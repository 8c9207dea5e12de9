//! What is said to follow a move comes true: each that is offered anywhere in the catalog is pressed in a fresh lab, and a clicker who
//! presses nothing else goes on from one to the next.
//!
//! Without libtest: each lab is of a process of its own with one thread, which this program becomes when it is called with a job.

mod support;

use finwait::call::{EndpointCall, SocketName};
use finwait::clock::MonoTime;
use finwait::command::parse::parse;
use finwait::explain::meaning::ENTRIES;
use finwait::explain::moves::{Act, Follows, Reply, Way, usual};
use finwait::explain::rules::CallClass;
use finwait::explain::sock::SockOptions;
use finwait::lab::{LabMode, LocalLab as Lab, Options};
use finwait::live::{EventSink, Live};
use finwait::outcome::{Outcome, Value};
use finwait::run::lab_for;
use finwait::runtime::{Runtime, RuntimeChoice};
use finwait::scenario::play::{Play, StepStatus};
use finwait::scenario::{Scenario, catalog, file};
use finwait::session::moves::{MOST, Move, ON_A_CONNECTION, label};
use finwait::session::progress::{CommandProgress, CommandResult};
use finwait::session::transcript::EntryKind;
use finwait::session::{LabKind, ProcessState, Session};
use finwait::side::{Ends, Side};
use finwait::socket_table::Tuple;
use finwait::wire::segment::Packet;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use support::turns::Turns;

/// So many offers may not be met when the steps that led to them are played again.
const MISSED: usize = 3;
/// How long what is promised may take. It takes milliseconds, but for a wire that is slow.
const BOUND: Duration = Duration::from_secs(8);
/// The time after which to look again where nothing has happened.
const WAITS: Duration = Duration::from_millis(120);
/// So many labs at the same time: each waits far more than it works.
const AT_ONCE: usize = 8;
static TURNS: Turns = Turns::new(AT_ONCE);

/// The task of a process of one lab.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Job {
    /// Play the scenario, and tell what is offered after each step.
    Collect { scenario: String, lab: String },
    /// Play the scenario, and tell the best that is offered to that end after each step.
    Best { scenario: String, focus: Side },
    /// Play it up to that step, press that offer and see what follows.
    Press {
        scenario: String,
        lab: String,
        step: usize,
        offer: String,
    },
    /// From commands on, press what is offered, as that seed has it.
    Walk {
        begin: Vec<String>,
        lab: String,
        seed: u64,
        presses: usize,
    },
}

/// What such a process tells, a line each.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Told {
    /// An offer, after that step.
    Offer {
        step: usize,
        offer: String,
        /// The situation of the end that acts, the act, and its words, with "peer" for the other end.
        usual: String,
        seen_ms: u64,
    },
    /// The best that is offered.
    Best(Vec<String>),
    /// Nothing is offered there.
    Nothing { step: usize, present: String },
    /// An offer was pressed, and kept.
    Kept { offer: String },
    /// It was not.
    Broken { offer: String, why: String },
    /// It was not offered when the steps were played again: a retransmission, say, came at another time.
    Missed { instead: Vec<String> },
    /// The job could not be done here.
    Skipped { why: String },
}

/// An offer, with what of the present decides it: what makes two of them the same.
fn offer(session: &Session, offered: &Move) -> String {
    let follows = &offered.follows;
    let decides = match offered.act {
        // Which listener there is, or which call waits, is in what follows.
        Act::Listen | Act::Connect | Act::Accept | Act::Interrupt | Act::Restart => String::new(),
        Act::Deliver => present(session),
        // Without a wire less is known of the present, and the kernel is the same: a part is enough.
        _ if follows.peer.is_some() && session.lab.kind == LabKind::Isolated => present(session),
        _ => situation(session, offered.side),
    };
    let follows = match follows.returns {
        // How many bytes are read, and which, is no other case.
        Some(Reply::Bytes(_)) => if follows.data.is_some() { "known bytes" } else { "bytes" }.to_owned(),
        _ => format!("{} {}", offered.text, serde_json::to_string(follows).unwrap()),
    };
    format!("{decides} ▸ {} ▸ {follows}", offered.command)
}

/// The situation of an end's current socket, with what else of it decides.
fn situation(session: &Session, side: Side) -> String {
    let views = session.sockets(side);
    let Some(view) = views.iter().find(|view| view.current) else {
        return "nothing".into();
    };
    let meaning = session.meaning(side, view);
    let mut said = meaning.map_or("unknown", |meaning| meaning.id.name()).to_owned();
    if view.row.is_some_and(|observed| observed.row.unread() > 0) {
        said.push_str("+unread");
    }
    if let Some(sock) = view.sock {
        for (is_so, note) in [
            (sock.options != SockOptions::default(), "+options"),
            (sock.receiving_shut.is_some(), "+reading-shut"),
            (sock.urgent.is_some(), "+urgent"),
        ] {
            said.push_str(if is_so { note } else { "" });
        }
    }
    said
}

/// The situations of the current sockets, and whether something is held.
fn present(session: &Session) -> String {
    let held = if session.wire.held.is_empty() { "" } else { ", held" };
    let [client, server] = Side::BOTH.map(|side| situation(session, side));
    format!("{client} {server}{held}")
}

/// A lab under way.
struct Run<'a> {
    live: Live<'a>,
}

impl Run<'_> {
    fn quiet_or(&mut self, bound: Duration) {
        let deadline = Instant::now() + bound;
        while !self.live.quiet.is_quiet() && Instant::now() < deadline {
            self.live.take(Some(deadline)).unwrap();
        }
    }

    /// Plays steps; says after each which it was.
    fn plays(&mut self, scenario: &Scenario, mut after: impl FnMut(&mut Self, usize) -> bool) {
        let mut play = Play::new(std::sync::Arc::new(scenario.clone()));
        while play.next() < scenario.steps.len() {
            let requests = play.begin(&mut self.live.session, MonoTime::now());
            self.live.send(requests);
            loop {
                let now = MonoTime::now();
                match play.judge(&self.live.session, self.live.quiet.is_quiet(), now) {
                    StepStatus::Over(_) => break,
                    StepStatus::Wait(until) => {
                        let left = until.since(now).max(Duration::from_millis(1));
                        self.live.take(Some(Instant::now() + left)).unwrap();
                    }
                }
            }
            if !after(self, play.next()) {
                return;
            }
        }
    }

    /// Issues a command of no promise, and waits for its end or its wait.
    fn does(&mut self, text: &str) {
        let command = parse(text, None).unwrap();
        let (progress, requests) = CommandProgress::issue(&mut self.live.session, &command, MonoTime::now()).unwrap();
        self.live.send(requests);
        let deadline = Instant::now() + BOUND;
        while Instant::now() < deadline {
            let now = MonoTime::now();
            let quiet = self.live.quiet.is_quiet();
            if quiet && (progress.is_over(&self.live.session, quiet, now, WAITS) || self.waits()) {
                return;
            }
            self.live.take(Some(Instant::now() + WAITS)).unwrap();
        }
    }

    /// Has each call that has not returned begun? Then it waits, where all is quiet.
    fn waits(&self) -> bool {
        let mut pending = self.live.session.ends.iter().flat_map(|(_, end)| &end.pending);
        pending.all(|pending| pending.text.is_some())
    }

    /// All whose outcome is sure, at either end, and the first step of those where it is not; what is offered and what is likely are among
    /// them.
    fn offers(&self) -> Vec<Move> {
        let now = MonoTime::now();
        let session = &self.live.session;
        let ends = Side::BOTH.into_iter().flat_map(|side| {
            let connect = session.connect_to_a_program(side, now);
            session.sure_moves(side, now).into_iter().chain(connect)
        });
        let sure: Vec<Move> = session.delivery(now).into_iter().chain(ends).collect();
        for offered in &sure {
            assert!(offered.button().is_some(), "{offered:?} has no button");
            assert!(offered.text.chars().count() <= 34, "{} is long", offered.text);
        }
        for side in Side::BOTH {
            let moves = session.moves(side, now);
            assert!(moves.len() == MOST.min(sure.len()), "{moves:?} of {sure:?}");
            assert!(
                moves.iter().all(|offered| sure.contains(offered)),
                "{moves:?} of {sure:?}"
            );
            // What is offered and does not fail is bright, but for what only breaks off, or gives back.
            let bright: Vec<char> = session.likely(side, now).iter().map(|button| button.key).collect();
            for offered in moves
                .iter()
                .filter(|offered| offered.side == side && offered.act != Act::Deliver)
            {
                let leads = !offered.follows.fails() && !matches!(offered.act, Act::Reset | Act::Close | Act::Connect);
                let key = offered.button().map(|button| button.key);
                assert!(
                    !leads || key.is_some_and(|key| bright.contains(&key)),
                    "{bright:?}: {offered:?}"
                );
            }
        }
        sure
    }

    /// Waits for an offer of that kind.
    fn awaits(&mut self, deadline: Instant, is_it: impl Fn(&Self, &Move) -> bool) -> Option<Move> {
        loop {
            let found = self.offers().into_iter().find(|offered| is_it(self, offered));
            if found.is_some() || Instant::now() >= deadline {
                return found;
            }
            self.live.take(Some(Instant::now() + WAITS)).unwrap();
        }
    }

    /// Presses it, and says what did not follow.
    fn presses(&mut self, offered: &Move) -> Result<(), String> {
        let now = MonoTime::now();
        let since = self.live.session.transcript.last();
        let (progress, requests) = CommandProgress::issue(&mut self.live.session, &offered.command, now)
            .map_err(|error| format!("refused: {error}"))?;
        let pressed = Pressed {
            socket: progress.root.and_then(|root| named(&self.live.session, root)),
            progress,
            since,
            offered,
        };
        self.live.send(requests);
        let (begun, deadline) = (Instant::now(), Instant::now() + BOUND);
        loop {
            let quiet = self.live.quiet.is_quiet();
            let differs = pressed.differs(&offered.follows, &self.live.session, quiet);
            let shown = self.waits() || offered.follows.returns != Some(Reply::Waits);
            match differs {
                None if quiet && shown => break,
                Some(why) if Instant::now() >= deadline => return Err(why),
                _ => {}
            }
            let soon = Instant::now() + if quiet { WAITS } else { BOUND };
            self.live.take(Some(soon.min(deadline + WAITS))).unwrap();
            assert!(begun.elapsed() < 2 * BOUND, "{offered:?}: never quiet");
        }
        // What is kept would not be, had it been said otherwise.
        for other in others(&offered.follows) {
            if pressed.differs(&other, &self.live.session, true).is_none() {
                return Err(format!("{other:?} is kept as well"));
            }
        }
        Ok(())
    }
}

/// The socket that a command's calls are on; of accept and dup, the new one.
fn named(session: &Session, root: finwait::call::CallId) -> Option<SocketName> {
    match session.order_of(root)? {
        EndpointCall::On { socket, call } => Some(call.new_name().unwrap_or(socket).clone()),
        EndpointCall::Process(_) => None,
    }
}

/// An offer that was pressed.
struct Pressed<'a> {
    offered: &'a Move,
    progress: CommandProgress,
    socket: Option<SocketName>,
    since: u64,
}

impl Pressed<'_> {
    /// What is promised and is not so.
    fn differs(&self, follows: &Follows, session: &Session, quiet: bool) -> Option<String> {
        let side = self.offered.side;
        let result = self
            .progress
            .result(session, quiet, MonoTime::now(), Duration::from_millis(300));
        if self.offered.act == Act::Restart && !matches!(session.ends[side].process, ProcessState::Running { .. }) {
            return Some("there is no new process".into());
        }
        if let Some(promised) = follows.returns {
            let got = match &result {
                Some(CommandResult::Outcome(outcome)) => reply(outcome),
                Some(CommandResult::Blocked) => Some(Reply::Waits),
                _ => None,
            };
            if got != Some(promised) {
                return Some(format!("{promised:?}, and it returned {result:?}"));
            }
        }
        if let (Some(promised), Some(CommandResult::Outcome(Outcome::Ok(Value::Read { data, .. })))) =
            (&follows.data, &result)
            && data.0 != *promised
        {
            return Some(format!("{promised:?}, and it read {data:?}"));
        }
        if let Some((side, class, promised)) = follows.wakes {
            let ended = session
                .transcript
                .since(self.since)
                .filter_map(|entry| entry.finished());
            let mut others = ended.filter(|call| {
                call.side() == side
                    && CallClass::of(call.name) == Some(class)
                    && session.root_of(call.call()) != self.progress.root
            });
            let got = others.next().and_then(|call| reply(call.outcome()?));
            if got != Some(promised) {
                return Some(format!("a waiting {class} gives {promised:?}, and it gave {got:?}"));
            }
        }
        let tuple = self.tuple(session);
        for (side, way, is_peer) in [(side, follows.this, false), (side.other(), follows.peer, true)] {
            let Some(way) = way else { continue };
            let got = match (&self.socket, tuple) {
                (Some(name), _) if !is_peer => situation_of(session, side, name),
                (_, Some(tuple)) => session.meaning_of(side, &if is_peer { tuple.mirrored() } else { tuple }),
                _ => None,
            };
            if got != Some(way.to) {
                return Some(format!("the {side} {way:?}, and it is {got:?}"));
            }
            let passed = |state| {
                let mut entries = session.transcript.since(self.since);
                entries.any(|entry| {
                    matches!(&entry.what, EntryKind::State { change, .. } if change.side == side && change.to == state)
                })
            };
            if let Some(state) = way.through.filter(|_| session.lab.kind == LabKind::Isolated)
                && !passed(state)
            {
                return Some(format!("the {side} through {state}, and it was not"));
            }
        }
        if let Some(sends) = follows.sends.filter(|_| session.lab.kind == LabKind::Isolated) {
            let mut entries = session.transcript.since(self.since);
            let sent = entries.any(|entry| match &entry.what {
                EntryKind::Packet(record) => {
                    record.from == side
                        && matches!(&record.packet, Packet::Tcp(segment) if segment.flags.has(sends.flag()))
                }
                _ => false,
            });
            if !sent {
                return Some(format!("it sends {sends:?}, and did not"));
            }
        }
        None
    }

    /// The connection, as the end that acts names it.
    fn tuple(&self, session: &Session) -> Option<Tuple> {
        let end = &session.ends[self.offered.side];
        let socket = self.socket.as_ref().and_then(|name| end.socket(name));
        self.offered.about.or_else(|| socket?.tuple)
    }
}

fn situation_of(session: &Session, side: Side, name: &SocketName) -> Option<finwait::explain::meaning::MeaningId> {
    let name = session.ends[side].shown(name);
    let views = session.sockets(side);
    let view = views.iter().find(|view| view.name == Some(name))?;
    Some(session.meaning(side, view)?.id)
}

/// The outcome of a call, in the words of promises.
fn reply(outcome: &Outcome) -> Option<Reply> {
    Some(match outcome {
        Outcome::Ok(Value::Done) => Reply::Done,
        Outcome::Ok(Value::Descriptor { .. }) => Reply::Descriptor,
        Outcome::Ok(Value::Read { n: 0, .. }) => Reply::Eof,
        Outcome::Ok(Value::Read { n, .. }) => Reply::Bytes(*n),
        Outcome::Ok(Value::Written { n }) => Reply::Taken(*n),
        Outcome::Err(errno) => Reply::Errno(*errno),
        _ => return None,
    })
}

/// The same promise, each part said otherwise.
fn others(follows: &Follows) -> Vec<Follows> {
    use finwait::errno::Errno;
    use finwait::explain::meaning::MeaningId;
    let mut others = Vec::new();
    if follows.returns.is_some() {
        others.push(Follows {
            returns: Some(Reply::Errno(Errno::ENOSYS)),
            ..follows.clone()
        });
    }
    if follows.data.is_some() {
        others.push(Follows {
            data: Some(b"?".to_vec()),
            ..follows.clone()
        });
    }
    if let Some((side, class, _)) = follows.wakes {
        others.push(Follows {
            wakes: Some((side, class, Reply::Errno(Errno::ENOSYS))),
            ..follows.clone()
        });
    }
    let elsewhere = |way: Way| Way {
        to: if way.to == MeaningId::Listen {
            MeaningId::Gone
        } else {
            MeaningId::Listen
        },
        ..way
    };
    if let Some(way) = follows.this {
        others.push(Follows {
            this: Some(elsewhere(way)),
            ..follows.clone()
        });
    }
    if let Some(way) = follows.peer {
        others.push(Follows {
            peer: Some(elsewhere(way)),
            ..follows.clone()
        });
    }
    others
}

fn tell(told: &Told) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(told).unwrap()).unwrap();
}

fn of_the_catalog(name: &str) -> Scenario {
    let (path, text) = catalog::find(name).unwrap();
    file::read(path, text).unwrap()
}

/// Does a job in this process.
fn job(job: Job) {
    let (lab, scenario) = match &job {
        Job::Collect { scenario, lab } | Job::Press { scenario, lab, .. } => {
            (lab.as_str(), Some(of_the_catalog(scenario)))
        }
        Job::Walk { lab, .. } => (lab.as_str(), None),
        Job::Best { scenario, .. } => ("isolated", Some(of_the_catalog(scenario))),
    };
    let wanted = match lab {
        "loopback" => LabMode::Loopback,
        _ => LabMode::Isolated,
    };
    let mut options = Options::native(wanted, false, env!("CARGO_BIN_EXE_finwait").into());
    if let Some(runtime) = Runtime::named(lab) {
        let choices = Ends::from_fn(|_| RuntimeChoice::Runtime(runtime));
        options = options.driven_by(choices, false).unwrap();
    }
    if let Some(scenario) = &scenario {
        match lab_for(scenario, &options) {
            Ok(its) => options = its,
            Err(why) => return tell(&Told::Skipped { why }),
        }
    }
    let began = MonoTime::now();
    let (inputs, inbox) = channel();
    let events = EventSink::new(inputs);
    let (lab, facts) = Lab::start(&options, move |batch| events.send(batch)).unwrap();
    if facts.no_sock_diag.is_some() {
        return tell(&Told::Skipped {
            why: "no sock_diag".into(),
        });
    }
    let mut run = Run {
        live: Live::new(Session::new(facts, began), &lab, inbox),
    };
    run.live.start().unwrap().unwrap();
    run.quiet_or(BOUND);
    match job {
        Job::Collect { .. } => {
            let collect = |run: &mut Run, step: usize| {
                let offers = run.offers();
                for offered in &offers {
                    let id = situation(&run.live.session, offered.side);
                    let words = offered.text.replace(offered.side.other().name(), "peer");
                    tell(&Told::Offer {
                        step,
                        offer: offer(&run.live.session, offered),
                        usual: format!("{id} {} {words}", label(offered.act).unwrap()),
                        seen_ms: MonoTime::now().since(began).as_millis() as u64,
                    });
                }
                if offers.is_empty() {
                    let present = present(&run.live.session);
                    tell(&Told::Nothing { step, present });
                }
                true
            };
            collect(&mut run, 0);
            run.plays(&scenario.unwrap(), collect);
        }
        Job::Best { focus, .. } => {
            let best = |run: &mut Run| {
                let moves = run.live.session.moves(focus, MonoTime::now());
                let words = |offered: &Move| {
                    let key = offered.button().unwrap().key;
                    match offered.act {
                        Act::Deliver => format!("{key} {}", offered.text),
                        _ => format!("{} {key} {}", offered.side, offered.text),
                    }
                };
                tell(&Told::Best(moves.iter().map(words).collect()));
            };
            best(&mut run);
            run.plays(&scenario.unwrap(), |run, _| {
                best(run);
                true
            });
        }
        Job::Press {
            step, offer: wanted, ..
        } => {
            let press = |run: &mut Run| {
                let deadline = Instant::now() + BOUND / 4;
                let is_it = |run: &Run, offered: &Move| offer(&run.live.session, offered) == wanted;
                let found = run.awaits(deadline, is_it);
                let offer_of = |offered: &Move| offer(&run.live.session, offered);
                tell(&match found {
                    None => Told::Missed {
                        instead: run.offers().iter().map(offer_of).collect(),
                    },
                    Some(offered) => match run.presses(&offered) {
                        Ok(()) => Told::Kept { offer: wanted.clone() },
                        Err(why) => Told::Broken {
                            offer: wanted.clone(),
                            why,
                        },
                    },
                });
            };
            if step == 0 {
                press(&mut run);
            } else {
                run.plays(&scenario.unwrap(), |run, at| {
                    if at == step {
                        press(run);
                    }
                    at < step
                });
            }
        }
        Job::Walk {
            begin, seed, presses, ..
        } => {
            for text in &begin {
                run.does(text);
            }
            run.quiet_or(BOUND);
            let mut dice = seed;
            for _ in 0..presses {
                // A SYN that met a full queue is sent again after 1 s; until then, all may be open.
                run.awaits(Instant::now() + BOUND, |_, _| true);
                let offers = run.offers();
                if offers.is_empty() {
                    let present = present(&run.live.session);
                    tell(&Told::Nothing { step: 0, present });
                    break;
                }
                // splitmix64
                dice = dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut z = (dice ^ (dice >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                let offered = &offers[((z ^ (z >> 31)) % offers.len() as u64) as usize];
                let offer = offer(&run.live.session, offered);
                match run.presses(offered) {
                    Ok(()) => tell(&Told::Kept { offer }),
                    Err(why) => {
                        tell(&Told::Broken { offer, why });
                        break;
                    }
                }
            }
        }
    }
}

/// Does jobs in processes of their own, several at the same time, and hands over what each told.
fn all(jobs: &[Job]) -> Vec<Vec<Told>> {
    let told: Vec<Mutex<Vec<Told>>> = jobs.iter().map(|_| Mutex::default()).collect();
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(place) =
                    Some(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)).filter(|place| *place < jobs.len())
                {
                    *told[place].lock().unwrap() = child(&jobs[place]);
                }
            });
        }
    });
    told.into_iter().map(|told| told.into_inner().unwrap()).collect()
}

fn child(job: &Job) -> Vec<Told> {
    let _turn = TURNS.take();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--job", &serde_json::to_string(job).unwrap()])
        .stdout(Stdio::piped())
        .stdin(Stdio::null());
    finwait::os::signal::die_with_parent(&mut command);
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let told = lines
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect();
    let status = child.wait().unwrap();
    assert!(status.success(), "{job:?}: {status}");
    told
}

/// Each promise that is made after some step of the catalog comes true.
fn what_is_offered_in_the_catalog_comes_true(lab: &str) -> Vec<String> {
    let names: Vec<String> = catalog::all()
        .unwrap()
        .into_iter()
        .map(|scenario| scenario.name)
        .collect();
    let jobs: Vec<Job> = names
        .iter()
        .map(|name| Job::Collect {
            scenario: name.clone(),
            lab: lab.into(),
        })
        .collect();
    let begun = Instant::now();
    // Each promise, and where it is made soonest.
    let mut offers: BTreeMap<String, (u64, String, usize)> = BTreeMap::new();
    let mut met = BTreeSet::new();
    let (mut made, mut silent) = (0, BTreeMap::<String, BTreeSet<String>>::new());
    for (name, told) in names.iter().zip(all(&jobs)) {
        for told in told {
            match told {
                Told::Offer {
                    step,
                    offer,
                    usual,
                    seen_ms,
                } => {
                    made += 1;
                    met.insert((name.clone(), usual));
                    let place = (seen_ms, name.clone(), step);
                    let known = offers.entry(offer).or_insert_with(|| place.clone());
                    if place < *known {
                        *known = place;
                    }
                }
                Told::Nothing { step, present } => {
                    silent.entry(present).or_default().insert(format!("{name}:{step}"));
                }
                _ => {}
            }
        }
    }
    let collected = begun.elapsed();
    let jobs: Vec<Job> = offers
        .iter()
        .map(|(offer, (_, scenario, step))| Job::Press {
            scenario: scenario.clone(),
            lab: lab.into(),
            step: *step,
            offer: offer.clone(),
        })
        .collect();
    let (mut wrong, mut missed) = (Vec::new(), Vec::new());
    // What is said of a situation whichever end is in it, its scenario shows.
    for entry in ENTRIES {
        for usual in usual(entry, &ON_A_CONNECTION) {
            let said = format!("{} {} {}", entry.id, label(usual.act).unwrap(), usual.text);
            let is_shown = met.contains(&(entry.scenario.to_owned(), said.clone()));
            if lab == "isolated" && !is_shown {
                wrong.push(format!("{} does not show: {said}", entry.scenario));
            }
        }
    }
    for (job, told) in jobs.iter().zip(all(&jobs)) {
        match told.as_slice() {
            [Told::Kept { .. }] => {}
            [Told::Missed { instead }] => missed.push(format!("{job:?}: {instead:?}")),
            told => wrong.push(format!("{job:?}: {told:?}")),
        }
    }
    if missed.len() > MISSED {
        wrong.append(&mut missed);
    }
    println!(
        "{lab}: {made} promises, {} distinct, {} kept, {} not met again; collected in {collected:.1?}, {:.1?} in all",
        offers.len(),
        offers.len() - wrong.len() - missed.len(),
        missed.len(),
        begun.elapsed()
    );
    if std::env::var_os("MOVES_LIST").is_some() {
        for (offer, (_, scenario, step)) in &offers {
            println!("  {offer}  [{scenario}:{step}]");
        }
        for (present, places) in &silent {
            println!("  nothing: {present}: {places:?}");
        }
    }
    assert!(offers.len() > 50, "{}", offers.len());
    wrong
}

/// What is offered first, through a half-close, to a beginner at the client and to one at the server.
fn the_next_step_in_learning_comes_first() -> Vec<String> {
    const FIRST: [[&str; 2]; 11] = [
        ["server l LISTEN: a client can connect"; 2],
        ["client c ESTABLISHED, not accepted yet"; 2],
        ["server a a connection, ESTABLISHED"; 2],
        ["client w 5 B to the server", "server w 5 B to the client"],
        ["server w 5 B to the client"; 2],
        ["server w 5 B to the client"; 2],
        ["server w 5 B to the client"; 2],
        ["client r \"still here\""; 2],
        ["server w 5 B to the client"; 2],
        ["client r 0: the end of the stream", "server r 0: the end of the stream"],
        ["client w EPIPE", "server r 0: the end of the stream"],
    ];
    const ESTABLISHED: [[&str; 3]; 2] = [
        [
            "client w 5 B to the server",
            "client h FIN_WAIT2, server to CLOSE_WAIT",
            "client x FIN_WAIT2, server to CLOSE_WAIT",
        ],
        [
            "server w 5 B to the client",
            "server h FIN_WAIT2, client to CLOSE_WAIT",
            "server x FIN_WAIT2, client to CLOSE_WAIT",
        ],
    ];
    let jobs = Side::BOTH.map(|focus| Job::Best {
        scenario: "half-close".into(),
        focus,
    });
    let mut wrong = Vec::new();
    for (side, told) in all(&jobs).into_iter().enumerate() {
        for (step, told) in told.into_iter().enumerate() {
            let Told::Best(best) = &told else { panic!("{told:?}") };
            if best.first().map(String::as_str) != Some(FIRST[step][side]) || (step == 3 && *best != ESTABLISHED[side])
            {
                wrong.push(format!("{}, after step {step}: {best:?}", Side::BOTH[side]));
            }
        }
    }
    wrong
}

/// Whoever presses nothing but what is offered finds each promise kept, however long it goes on.
fn a_random_clicker_finds_each_promise_kept() -> Vec<String> {
    let walk = |lab: &str, begin: &[&str], seed| Job::Walk {
        begin: begin.iter().map(|text| (*text).to_owned()).collect(),
        lab: lab.into(),
        seed,
        presses: 40,
    };
    let mut jobs = Vec::new();
    for seed in 1..=4 {
        jobs.push(walk("isolated", &[], seed));
        jobs.push(walk("isolated", &["wire step"], seed));
        jobs.push(walk("loopback", &[], seed));
    }
    // Where segments take their time, what follows comes later.
    let slow = "wire slow 100ms";
    if parse(slow, None).is_ok() {
        jobs.extend((1..=4).map(|seed| walk("isolated", &[slow], seed)));
    }
    // Of what another language's library answers, less is sure.
    for runtime in ["c", "go", "python", "java", "node"] {
        jobs.push(walk(runtime, &[], 5));
        jobs.push(walk(runtime, &["server listen", "client connect", "server accept"], 6));
    }
    let (mut kept, mut wrong) = (BTreeSet::new(), Vec::new());
    let mut presses = 0;
    for (job, told) in jobs.iter().zip(all(&jobs)) {
        for told in told {
            match told {
                Told::Kept { offer } => {
                    presses += 1;
                    kept.insert(offer);
                }
                Told::Broken { .. } | Told::Missed { .. } | Told::Skipped { .. } => {
                    wrong.push(format!("{job:?}: {told:?}"))
                }
                // Nothing is sure of a library that accepts and reads by itself.
                Told::Nothing { .. } if matches!(job, Job::Walk { lab, .. } if lab == "node") => {}
                Told::Nothing { .. } => wrong.push(format!("{job:?}: {told:?}")),
                Told::Offer { .. } | Told::Best(_) => {}
            }
        }
    }
    println!(
        "{} walks: {presses} presses, {} distinct promises kept",
        jobs.len(),
        kept.len()
    );
    assert!(presses > 200, "{presses}");
    wrong
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [first, text] = args.as_slice()
        && first == "--job"
    {
        job(serde_json::from_str(text).unwrap());
        return ExitCode::SUCCESS;
    }
    let filters: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    type Check = fn() -> Vec<String>;
    let checks: [(&str, Check); 4] = [
        (
            "the_next_step_in_learning_comes_first",
            the_next_step_in_learning_comes_first,
        ),
        ("what_is_offered_in_the_catalog_comes_true", || {
            what_is_offered_in_the_catalog_comes_true("isolated")
        }),
        ("what_is_offered_without_a_wire_comes_true", || {
            what_is_offered_in_the_catalog_comes_true("loopback")
        }),
        (
            "a_random_clicker_finds_each_promise_kept",
            a_random_clicker_finds_each_promise_kept,
        ),
    ];
    let is_wanted = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()));
    let failed = std::thread::scope(|scope| {
        let under_way: Vec<_> = checks
            .into_iter()
            .filter(|(name, _)| is_wanted(name))
            .map(|(name, check)| (name, scope.spawn(check)))
            .collect();
        let mut failed = false;
        for (name, check) in under_way {
            let wrong = check.join().unwrap_or_else(|_| vec!["it panicked".into()]);
            for line in &wrong {
                println!("{line}");
            }
            failed |= !wrong.is_empty();
            println!("test {name} ... {}", if wrong.is_empty() { "ok" } else { "FAILED" });
        }
        failed
    });
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
