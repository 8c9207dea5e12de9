//! The screen.
//!
//! # Threads
//!
//! One thread, the caller's of [`run`], owns the session, the screen and the terminal; it sleeps at its [`inbox`] and draws at most once for
//! all that is queued, and what only streams at most thirty times a second. The others only send it messages, and touch nothing of its: the
//! lab's thread what happened, the input thread what crossterm's blocking `read` returns, the signal thread the signals, the watcher that
//! the terminal hung up. They block until the process ends.

use crossterm::event::Event as Input;
use signal_hook::consts::{
    SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU,
};
use signal_hook::iterator::Signals;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use crate::clock::MonoTime;
use crate::error::{Operation, Result};
use crate::lab::event::{LabEvent, LabRequest, TimedEvent};
use crate::lab::{Batch, BatchEvents, LocalLab as Lab, Options};
use crate::os::signal::StopTarget;
use crate::progress::compiling;
use crate::recording::{Recording, RecordingFile};
use crate::runtime::RuntimeChoice;
use crate::scenario::Scenario;
use crate::scenario::branch::{Branch, BranchResult};
use crate::scenario::lesson::{Column, SideBySide};
use crate::session::Session;
use crate::side::Ends;

pub mod app;
mod away;
pub mod backend;
pub mod beside;
pub mod canvas;
mod cast;
pub mod dialog;
pub mod film;
pub mod hint;
pub mod history;
pub mod hit;
pub mod inbox;
pub mod keys;
pub mod lab_run;
pub mod large;
pub mod layout;
pub mod pane;
pub mod pointing;
pub mod prediction;
pub mod scroll;
pub mod setup;
pub mod shown;
mod terminal;
pub mod theme;
pub mod tour;
pub mod tries;
pub mod written;

pub use terminal::{MouseUse, can_draw};

use app::{App, Effect, LabSpec};
use away::{JobControl, Suspension};
pub use cast::LiveCast;
use terminal::Guard;
use theme::Theme;
use written::WriteEnd;

/// The way to the screen's thread.
pub type Sender = inbox::Sender<Message>;
/// The messages to the screen's thread, which sleeps there.
pub type Inbox = inbox::Inbox<Message>;

/// A message to the screen's thread.
#[derive(Debug)]
pub enum Message {
    /// A batch of events, or what is left of it, by the lab of that turn.
    Lab(u32, BatchEvents),
    /// The result of two runs that were to be compared.
    Compared(Branch, BranchResult),
    /// The runtimes of a new lab are ready, asked for in that turn; or one sentence why not.
    Prepared(u32, Renewal, std::result::Result<(), String>),
    /// The user has chosen this lesson before the screen was there.
    SideBySide(Arc<SideBySide>),
    /// A scenario that runs programs is to be gone through, and the user to be asked first.
    Asks(Arc<Scenario>),
    /// An event of the terminal.
    Input(Input),
    /// A signal.
    Signal(i32),
    /// The terminal is gone.
    HangUp,
    /// Nothing can be read from the terminal any more.
    Deaf(io::Error),
    /// Something that the user should read.
    Note(String),
}

/// The way in which the screen was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The user wanted to.
    Quit,
    /// A signal came, or Ctrl-C was pressed.
    Signal(i32),
    /// The terminal went away.
    HangUp,
}

impl Exit {
    /// The exit code: 128 and the signal's number, as shells have it.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Quit => 0,
            Exit::Signal(number) => 128_u8.wrapping_add(number as u8),
            Exit::HangUp => 128 + SIGHUP as u8,
        }
    }
}

/// The time for which messages are taken in before a frame is drawn between them, and the least time between frames that nobody waits for.
const FRAME: Duration = Duration::from_millis(33);

/// The time for which events of a lab are taken in before a key that is pressed meanwhile is.
const SLICE: Duration = Duration::from_millis(2);

/// The signals that end the program, all of those that would without giving the terminal back.
const LAST: [i32; 11] = [
    SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGXCPU, SIGIO,
];

/// Is it what streams while nobody does anything? Of such, the screen shows the latest every [`FRAME`]; all else it shows at once.
const fn streams(what: &LabEvent) -> bool {
    matches!(
        what,
        LabEvent::Packet(_)
            | LabEvent::Table { .. }
            | LabEvent::Rows { .. }
            | LabEvent::Counters { .. }
            | LabEvent::Rules(_)
            | LabEvent::Quiet
    )
}

/// Returns how long to sleep at `now` when no message comes: for ever (none), unless something on the screen counts; then until the run's
/// clock, which began at `began`, has another whole second.
pub fn sleep(counts: bool, began: MonoTime, now: MonoTime) -> Option<Duration> {
    let past = Duration::from_nanos(u64::from(now.since(began).subsec_nanos()));
    counts.then(|| Duration::from_secs(1) - past)
}

/// Makes a lab, and its session, which began before it; what happens in it goes to the sink.
pub type MakeLab<'a> = dyn Fn(LabSpec, Sink) -> Result<(Lab, Session)> + 'a;
/// Takes in what happens in a lab.
pub type Sink = Box<dyn Fn(Batch) + Send>;

/// The source of labs behind a screen, unless it shows a recording.
pub struct LabSource<'a> {
    /// The first lab.
    pub lab: Lab,
    /// Makes others, when a tour wants a fresh one.
    pub make: &'a MakeLab<'a>,
    /// The options for runs beside it.
    pub options: &'a Options,
    /// The recording that keeps the run.
    pub record: Option<&'a RecordingFile>,
}

/// The screen of a recording.
pub fn opened(recording: Recording) -> App {
    App::open(recording, Theme::COLOURED)
}

/// Makes the first lab, and a screen of it; with a guide through that scenario. Before [`run`], and before the program has a second
/// thread (see [`Lab::start`]).
///
/// # Errors
///
/// The lab did not start.
pub fn first_lab(make: &MakeLab, tour: Option<Arc<Scenario>>, sender: &Sender) -> Result<(Lab, App)> {
    let fresh = tour.as_deref().map_or_else(LabSpec::default, LabSpec::of);
    let (lab, session) = lab_of(make, fresh, 0, sender)?;
    let mut app = App::new(session, Theme::COLOURED);
    if let Some(scenario) = tour {
        app.begin(scenario);
    }
    Ok((lab, app))
}

/// Makes a lab whose events carry the number of its turn: what an earlier one still says is not mistaken for its words.
fn lab_of(make: &MakeLab, fresh: LabSpec, turn: u32, sender: &Sender) -> Result<(Lab, Session)> {
    let events = sender.clone();
    // Events outlive nobody: a screen that is gone does not want them.
    let sink = move |batch: Batch| {
        events.stream(Message::Lab(turn, batch.into_iter()));
    };
    make(fresh, Box::new(sink))
}

/// The labs of a lesson that has two.
struct LabPair {
    /// The labs, the left one first, each with its turn.
    labs: [(u32, Lab); 2],
}

impl LabPair {
    /// Makes both; `made` counts the labs.
    fn make(make: &MakeLab, lesson: &SideBySide, made: &mut u32, sender: &Sender) -> Result<(LabPair, [Session; 2])> {
        let mut one = |column: &Column| -> Result<((u32, Lab), Session)> {
            *made += 1;
            let (lab, session) = lab_of(make, LabSpec::beside(&column.scenario), *made, sender)?;
            Ok(((*made, lab), session))
        };
        let [left, right] = &lesson.columns;
        let ((left, left_session), (right, right_session)) = (one(left)?, one(right)?);
        let pair = LabPair { labs: [left, right] };
        Ok((pair, [left_session, right_session]))
    }

    /// The column of the lab of that turn.
    fn column(&self, turn: u32) -> Option<usize> {
        self.labs.iter().position(|(of, _)| *of == turn)
    }

    fn send(&self, column: usize, request: LabRequest) {
        if let Some((_, lab)) = self.labs.get(column) {
            lab.send(request);
        }
    }
}

/// Runs the screen until it is left; without a source it is of a recording, and nothing is asked of any lab.
///
/// # Errors
///
/// [`Error::Os`](crate::lab::Error::Os) where signals cannot be caught, threads not started, or the terminal not taken.
pub fn run(
    mut app: App,
    mut source: Option<LabSource>,
    cast: Option<LiveCast>,
    inbox: Inbox,
    sender: Sender,
) -> Result<Exit> {
    if source.is_some() {
        app.keep_history();
    }
    let mut began = app.session().transcript.began();
    let mut turns = Turns::default();
    let mut beside: Option<LabPair> = None;
    // Signals are caught before the terminal is taken: none may end the program while it is raw.
    let stops = JobControl::detect();
    let caught = LAST
        .into_iter()
        .chain([SIGCONT])
        .chain(stops.caught().then_some(SIGTSTP));
    let signals = Signals::new(caught).during(|| "catch signals".into())?;
    // The theme has heard NO_COLOR, and may have been told otherwise on the command line.
    crossterm::style::force_color_output(true);
    let mut guard = Guard::enter(app.mouse_use(), cast)?;
    let (ours, is_ours) = channel();
    listen(signals, sender.clone(), is_ours)?;
    let mut away: Option<Suspension> = None;
    // When the next frame may be drawn; before that, only if somebody waits for it. When the last one was.
    let (mut drawn_next, mut awaited) = (MonoTime::default(), true);
    let mut drawn = MonoTime::default();
    // The last message was of what the user did.
    let mut answered = false;
    loop {
        let now = MonoTime::now();
        if let Some(gone) = away.take_if(|away| now >= away.back) {
            if let Err(error) = guard.take() {
                return lost("take over the terminal", error);
            }
            let _ = ours.send(());
            awaited = true;
            app.spoiled();
            let at = MonoTime::now();
            let note = gone.note(at).map(|note| {
                app.absorb(TimedEvent {
                    at,
                    what: LabEvent::Note(note),
                })
            });
            for effect in note.into_iter().flatten() {
                if let (Effect::Lab(request), Some(source)) = (effect, &source) {
                    source.lab.send(request);
                }
            }
        }
        let now = MonoTime::now();
        let draws = away.is_none() && app.is_stale();
        if draws && (awaited || now >= drawn_next) {
            let titled = guard.entitle(&app.title());
            if let Err(error) = titled.and_then(|()| guard.draw(|frame| app.draw(frame, now))) {
                return lost("draw the screen", error);
            }
            (drawn, drawn_next, awaited) = (now, now.plus(FRAME), false);
        }
        let now = MonoTime::now();
        let frame = (away.is_none() && app.is_stale()).then(|| drawn_next.since(now));
        let back = away.map(|away| away.back.since(now));
        let look = app.look_at().map(|at| at.since(now));
        let tick = sleep(app.counts_down(now), began, now);
        let moves = app.next_frame(drawn).filter(|_| away.is_none());
        let moves = moves.map(|at| at.since(now));
        let sleep = [frame, look, tick, moves, back].into_iter().flatten().min();
        // Where keys or the mouse come without a pause, the lab has its turn between two of them.
        let streamed = std::mem::take(&mut answered).then(|| inbox.try_take_streamed());
        let mut next = streamed.flatten().or_else(|| inbox.take(sleep));
        if next.is_none() {
            if [tick, moves].contains(&sleep) {
                app.tick();
            }
            for effect in app.go_on(MonoTime::now()) {
                match (effect, &source, &beside) {
                    (Effect::Lab(request), Some(source), _) => source.lab.send(request),
                    (Effect::BesideLab(column, request), _, Some(pair)) => pair.send(column, request),
                    _ => {}
                }
            }
            continue;
        }
        let since = MonoTime::now();
        while let Some(message) = next {
            answered = matches!(&message, Message::Input(_));
            let effects = match message {
                Message::Lab(of, mut batch) => {
                    let column = beside.as_ref().and_then(|pair| pair.column(of));
                    let mut effects = Vec::new();
                    while let Some(event) = batch.next() {
                        match column {
                            _ if of == turns.shown => {
                                awaited |= !streams(&event.what);
                                effects.extend(app.absorb(event));
                            }
                            Some(column) => {
                                awaited |= !streams(&event.what);
                                effects.extend(app.absorb_beside(column, event));
                            }
                            None => {}
                        }
                        // A key that is pressed meanwhile does not wait for the rest.
                        if inbox.has_sent() && MonoTime::now().since(since) >= SLICE {
                            inbox.put_back(Message::Lab(of, batch));
                            break;
                        }
                    }
                    effects
                }
                // Meant for whoever has the terminal.
                Message::Input(_) if away.is_some() => Vec::new(),
                Message::Input(input) => {
                    panic_if_asked();
                    awaited = true;
                    app.input(&input, MonoTime::now())
                }
                Message::Compared(branch, result) => {
                    awaited = true;
                    app.compared(&branch, &result, MonoTime::now())
                }
                Message::Prepared(of, _, _) if of != turns.shown => Vec::new(),
                Message::Prepared(_, renewal, Ok(())) => {
                    awaited = true;
                    if let Some(source) = &mut source
                        && let Some(start) = renew(&mut app, source, renewal, &mut turns, &sender)
                    {
                        began = start;
                    }
                    Vec::new()
                }
                Message::Prepared(_, _, Err(why)) => {
                    awaited = true;
                    app.say(why);
                    Vec::new()
                }
                Message::Asks(scenario) => {
                    awaited = true;
                    app.ask_to_run(scenario, MonoTime::now())
                }
                Message::SideBySide(lesson) => {
                    awaited = true;
                    app.begin_beside(lesson)
                }
                Message::Signal(SIGTSTP) => {
                    match stops.refused() {
                        None => away = Some(Suspension::stopped(&mut guard, StopTarget::Us)?),
                        Some(why) => app.say(why.into()),
                    }
                    Vec::new()
                }
                Message::Signal(SIGCONT) => {
                    away = Some(Suspension::go_on(away));
                    // What is pressed from here on is for us.
                    next = None;
                    continue;
                }
                Message::Signal(number) => return Ok(Exit::Signal(number)),
                Message::HangUp => return Ok(Exit::HangUp),
                Message::Deaf(error) => return lost("read from the terminal", error),
                Message::Note(text) => {
                    awaited = true;
                    app.say(text);
                    Vec::new()
                }
            };
            for effect in effects {
                match effect {
                    Effect::Lab(request) => {
                        if let Some(source) = &source {
                            source.lab.send(request);
                        }
                    }
                    Effect::Fresh(fresh) => {
                        let Some(source) = &mut source else { continue };
                        let choices = Ends::from_fn(|side| RuntimeChoice::Runtime(fresh.driven[side]));
                        if let Some(text) = compiling(&choices) {
                            app.say(text);
                            if let Err(error) = guard.draw(|frame| app.draw(frame, MonoTime::now())) {
                                return lost("draw the screen", error);
                            }
                        }
                        let renewal = Renewal {
                            lab: fresh,
                            written: None,
                        };
                        if let Some(start) = begin_renewal(&mut app, source, renewal, &mut turns, &sender)? {
                            began = start;
                        }
                    }
                    Effect::SaveAndRenew(name, text, fresh) => match save(&name, &text) {
                        Ok(file) => {
                            let Some(source) = &mut source else { continue };
                            let renewal = Renewal {
                                lab: fresh,
                                written: Some(file),
                            };
                            if let Some(start) = begin_renewal(&mut app, source, renewal, &mut turns, &sender)? {
                                began = start;
                            }
                        }
                        // Nothing is given up that is not kept.
                        Err(error) => match fresh.chosen {
                            Some(_) => app.say(format!("{error}; {STAYS}")),
                            None => app.refuse(format!("{error}; {STAYS}")),
                        },
                    },
                    Effect::Beside(lesson, steps) => {
                        let Some(source) = &source else { continue };
                        // What was there before ends first: its names and memory are free then.
                        beside = None;
                        match LabPair::make(source.make, &lesson, &mut turns.made, &sender) {
                            Ok((pair, sessions)) => {
                                beside = Some(pair);
                                app.open_beside(lesson, sessions, steps);
                            }
                            Err(error) => app.refuse_beside(error.to_string()),
                        }
                    }
                    Effect::BesideLab(column, request) => {
                        if let Some(pair) = &beside {
                            pair.send(column, request);
                        }
                    }
                    Effect::EndBeside => beside = None,
                    Effect::Grow(branch) => {
                        let Some(source) = &source else { continue };
                        let (to, options, both) = (sender.clone(), source.options.clone(), branch.clone());
                        let run = move || {
                            let result = both.grow(&options);
                            // Of a screen that is gone, nobody waits for it.
                            to.send(Message::Compared(both, result));
                        };
                        let thread = thread::Builder::new().name("branch".into()).spawn(run);
                        if let Err(error) = thread {
                            let why = format!("start a thread for the two runs: {error}");
                            sender.send(Message::Compared(branch, Err(why)));
                        }
                    }
                    Effect::Save(name, text) => app.say(match save(&name, &text) {
                        Ok(file) => format!("written: {file}; finwait run {file} runs it"),
                        Err(error) => error.to_string(),
                    }),
                    Effect::KeepTheme(file, name) => app.say(match crate::config::keep_theme(&file, name) {
                        Ok(()) => format!("theme {name}, kept in {}", file.display()),
                        Err(why) => format!("theme {name}, until finwait ends: {why}"),
                    }),
                    Effect::Write(command) => {
                        let record = source.as_ref().and_then(|source| source.record);
                        match written::write(&mut app, &command, record, guard.size(), MonoTime::now()) {
                            WriteEnd::Written(said) | WriteEnd::Failed(said) => app.say(said),
                            WriteEnd::IsThere => app.ask_to_replace(command),
                        }
                    }
                    Effect::Screenshot => {
                        let said = written::screenshot(&mut app, guard.size(), MonoTime::now());
                        app.say(said);
                    }
                    Effect::Copy(text) => {
                        if let Err(error) = guard.copy(&text) {
                            return lost("hand text to the terminal's clipboard", error);
                        }
                    }
                    Effect::Mouse(mouse) => {
                        if let Err(error) = guard.report_mouse(mouse) {
                            return lost("tell the terminal about the mouse", error);
                        }
                    }
                    Effect::Redraw => {
                        if let Err(error) = guard.take() {
                            return lost("redraw the screen", error);
                        }
                    }
                    Effect::Suspend => match stops.refused() {
                        None => away = Some(Suspension::stopped(&mut guard, StopTarget::Group)?),
                        Some(why) => {
                            app.say(why.into());
                            let _ = ours.send(());
                        }
                    },
                    Effect::Leave(exit) => return Ok(exit),
                }
            }
            next = match () {
                () if MonoTime::now().since(since) >= FRAME => None,
                // What the user did is shown before what streams behind it.
                () if answered => inbox.try_take_sent(),
                () => inbox.try_take(),
            };
        }
    }
}

/// A fresh lab that is wanted in the place of the one that runs.
#[derive(Clone, Debug)]
pub struct Renewal {
    /// Its kind.
    lab: LabSpec,
    /// The file into which what was done was written before.
    written: Option<String>,
}

/// The end of a sentence that says why there is no new lab.
const STAYS: &str = "the lab stays as it is";

/// The turns of the labs: each that is made has the next.
#[derive(Clone, Copy, Debug, Default)]
struct Turns {
    /// The number of labs that were made after the first.
    made: u32,
    /// The turn of the one that the panes show.
    shown: u32,
}

/// Renews the lab at once, or as soon as a thread has made its runtimes ready; returns when the new run began, where it has.
///
/// # Errors
///
/// [`Error::Os`](crate::lab::Error::Os) where the thread could not be started.
fn begin_renewal(
    app: &mut App,
    source: &mut LabSource,
    renewal: Renewal,
    turns: &mut Turns,
    sender: &Sender,
) -> Result<Option<MonoTime>> {
    if !renewal.lab.may_compile() {
        return Ok(renew(app, source, renewal, turns, sender));
    }
    app.say("the runtimes of the new lab are made ready, and this one goes on until then ...".into());
    prepare(source.options.clone(), renewal, turns.shown, sender.clone())?;
    Ok(None)
}

/// Puts a fresh lab in the place of the one that runs; returns when its run began. Without one, that goes on, and the screen says why;
/// the turn is the old one then.
fn renew(
    app: &mut App,
    source: &mut LabSource,
    renewal: Renewal,
    turns: &mut Turns,
    sender: &Sender,
) -> Option<MonoTime> {
    let Renewal { lab: fresh, written } = renewal;
    turns.made += 1;
    let chosen = fresh.chosen;
    match lab_of(source.make, fresh, turns.made, sender) {
        Ok((next, session)) => {
            // The old lab ends here, and its processes with it.
            source.lab = next;
            turns.shown = turns.made;
            let began = session.transcript.began();
            match chosen {
                Some(_) => app.begin_anew(session, written.as_deref()),
                None => {
                    app.restart(session);
                    if let Some(file) = written {
                        app.say(format!("what was done before is in {file}"));
                    }
                }
            }
            Some(began)
        }
        Err(error) => {
            match chosen {
                Some(_) => app.say(format!("{error}; {STAYS}")),
                None => app.refuse(error.to_string()),
            }
            None
        }
    }
}

/// Has a thread make the runtimes of a lab ready, and tell.
fn prepare(options: Options, renewal: Renewal, turn: u32, to: Sender) -> Result<()> {
    let make = move || {
        let all = renewal.lab.chosen.iter().flat_map(|chosen| chosen.runtimes.iter());
        let made: Result<()> = all
            .filter_map(|(side, runtime)| Some((side, (*runtime)?)))
            .try_for_each(|(side, runtime)| options.driven.maker(side, &options.program).make(runtime).map(drop));
        // Of a screen that is gone, nobody waits for it.
        let made = made.map_err(|error| format!("{error}; {STAYS}"));
        to.send(Message::Prepared(turn, renewal, made));
    };
    let thread = thread::Builder::new().name("runtimes".into()).spawn(make);
    thread
        .map(drop)
        .during(|| "start a thread that makes the runtimes ready".into())
}

/// The meaning of a failure at the terminal: that it is gone, or else something that the user is to know.
fn lost(operation: &str, error: io::Error) -> Result<Exit> {
    if terminal::is_gone(&error) {
        return Ok(Exit::HangUp);
    }
    Err(error).during(|| operation.into())
}

/// Writes a new file of that name in the folder where the program was started: its name. None that is there is touched.
fn save(name: &str, text: &str) -> Result<String> {
    use std::io::Write;
    let mut nth = 1;
    loop {
        let file = format!("{name}-{nth}.toml");
        match std::fs::File::create_new(&file) {
            Ok(mut out) => {
                let written = out.write_all(text.as_bytes()).and_then(|()| out.sync_all());
                if written.is_err() {
                    // Nothing that looks like a scenario stays.
                    let _ = std::fs::remove_file(&file);
                }
                return written.during(|| format!("write {file}")).map(|()| file);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && nth < 10_000 => nth += 1,
            Err(error) => return Err(error).during(|| format!("write {file}")),
        }
    }
}

/// In debug builds, panics where the environment asks for it: how else could a test see that a panic leaves the terminal clean?
fn panic_if_asked() {
    if cfg!(debug_assertions) && std::env::var_os("FINWAIT_PANIC").is_some() {
        panic!("FINWAIT_PANIC is set");
    }
}

/// Starts the threads that listen: to signals, to the terminal, and for its end. `is_ours` says when the terminal is ours again.
fn listen(mut signals: Signals, sender: Sender, is_ours: Receiver<()>) -> Result<()> {
    let start = |name: &str, body: Box<dyn FnOnce() + Send>| {
        thread::Builder::new()
            .name(name.into())
            .spawn(body)
            .map(drop)
            .during(|| format!("start the {name} thread"))
    };
    let to = sender.clone();
    start(
        "signals",
        Box::new(move || {
            for number in signals.forever() {
                if !to.send(Message::Signal(number)) {
                    return;
                }
            }
        }),
    )?;
    let to = sender.clone();
    start(
        "input",
        Box::new(move || {
            // `poll(Duration::ZERO)` never returns an event with `use-dev-tty`; a blocking read does.
            let error = loop {
                let input = match crossterm::event::read() {
                    Ok(input) => input,
                    Err(error) => break error,
                };
                let suspends = matches!(&input, Input::Key(key) if app::suspends(key));
                if suspends {
                    // What was typed behind it has come along, and is not for us.
                    while crossterm::event::poll(Duration::from_millis(1)).is_ok_and(|more| more) {
                        if let Err(error) = crossterm::event::read() {
                            to.send(Message::Deaf(error));
                            return;
                        }
                    }
                    while is_ours.try_recv().is_ok() {}
                }
                if !to.send(Message::Input(input)) || (suspends && is_ours.recv().is_err()) {
                    return;
                }
            };
            to.send(Message::Deaf(error));
        }),
    )?;
    // A terminal that is gone without SIGHUP would leave crossterm spinning.
    start(
        "watcher",
        Box::new(move || {
            use rustix::event::{PollFd, PollFlags, poll};
            let out = io::stdout();
            loop {
                let mut fds = [PollFd::from_borrowed_fd(out.as_fd(), PollFlags::empty())];
                match poll(&mut fds, None) {
                    Ok(_)
                        if fds[0]
                            .revents()
                            .intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) =>
                    {
                        break;
                    }
                    Ok(_) | Err(rustix::io::Errno::INTR) => {}
                    Err(_) => return,
                }
            }
            sender.send(Message::HangUp);
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sleeps_for_ever_unless_something_counts() {
        let began = MonoTime(5);
        let at = |ms: u64| MonoTime(5 + ms * 1_000_000);
        assert_eq!(sleep(false, began, at(1_234)), None);
        assert_eq!(sleep(true, began, at(1_234)), Some(Duration::from_millis(766)));
        assert_eq!(sleep(true, began, at(2_000)), Some(Duration::from_secs(1)));
    }

    #[test]
    fn exit_codes_are_those_of_a_shell() {
        assert_eq!(Exit::Quit.code(), 0);
        assert_eq!(Exit::Signal(SIGTERM).code(), 143);
        assert_eq!(Exit::HangUp.code(), 129);
    }
}
