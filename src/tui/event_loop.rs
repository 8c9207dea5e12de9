//! The loop of the screen's thread: it takes in messages, draws, and carries out what the screen wants.

use signal_hook::consts::{SIGCONT, SIGTSTP};
use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::app::{App, Effect, LabSpec};
use super::away::{JobControl, Suspension};
use super::labs::{LabPlace, LabSource, Labs, Renewal, STAYS};
use super::terminal::{self, Guard};
use super::written::{self, WriteEnd};
use super::{Exit, Inbox, LiveCast, Message, Sender, listen};
use crate::clock::MonoTime;
use crate::error::{Error, Operation, Result};
use crate::lab::BatchEvents;
use crate::lab::event::{LabEvent, ProgramNews, TimedEvent};
use crate::os::signal::StopTarget;
use crate::progress::compiling;
use crate::runtime::RuntimeChoice;
use crate::scenario::branch::Branch;
use crate::side::Ends;

/// The time for which messages are taken in before a frame is drawn between them, and the least time between frames that nobody waits for.
const FRAME: Duration = Duration::from_millis(33);

/// The time for which events of a lab are taken in before a key that is pressed meanwhile is.
const SLICE: Duration = Duration::from_millis(2);

/// Returns whether it is of what streams while nobody does anything: programs may make a thousand connections a second. Of such, the
/// screen shows the latest every [`FRAME`]; all else it shows at once.
const fn streams(what: &LabEvent) -> bool {
    match what {
        LabEvent::Packet(_)
        | LabEvent::Transition(_)
        | LabEvent::Table { .. }
        | LabEvent::Rows { .. }
        | LabEvent::Owned { .. }
        | LabEvent::ProgramCall(_)
        | LabEvent::Counters { .. }
        | LabEvent::Reason(_)
        | LabEvent::Rules(_)
        | LabEvent::Quiet => true,
        LabEvent::Program(event) => matches!(event.what, ProgramNews::Output { .. }),
        _ => false,
    }
}

/// Returns how long to sleep at `now` when no message comes: for ever (none), unless something on the screen counts; then until the run's
/// clock, which began at `began`, has another whole second.
pub fn sleep(counts: bool, began: MonoTime, now: MonoTime) -> Option<Duration> {
    let past = Duration::from_nanos(u64::from(now.since(began).subsec_nanos()));
    counts.then(|| Duration::from_secs(1) - past)
}

/// Runs the screen until it is left; without a source it is of a recording, and nothing is asked of any lab.
///
/// # Errors
///
/// [`Error::Os`](crate::lab::Error::Os) where signals cannot be caught, threads not started, or the terminal not taken.
pub fn run(
    mut app: App,
    source: Option<LabSource>,
    cast: Option<LiveCast>,
    inbox: Inbox,
    sender: Sender,
) -> Result<Exit> {
    if source.is_some() {
        app.keep_history();
    }
    // Signals are caught before the terminal is taken: none may end the program while it is raw.
    let stops = JobControl::detect();
    let signals = listen::catch(stops)?;
    // The theme has heard NO_COLOR, and may have been told otherwise on the command line.
    crossterm::style::force_color_output(true);
    let guard = Guard::enter(app.mouse_use(), cast)?;
    let (ours, is_ours) = mpsc::channel();
    listen::start(signals, sender.clone(), is_ours)?;
    let mut screen = EventLoop {
        guard,
        ours,
        inbox,
        labs: Labs::new(source, sender.clone()),
        began: app.session().transcript.began(),
        app,
        sender,
        stops,
        away: None,
        frames: Frames::default(),
        answered: false,
    };
    match screen.run() {
        Left::Wanted(exit) => Ok(exit),
        Left::Failed(error) => Err(error),
    }
}

/// The reason for which the loop is left.
enum Left {
    /// The user, a signal or the terminal's end wanted it.
    Wanted(Exit),
    /// Something failed that the user is to know.
    Failed(Error),
}

/// The result of what the loop does: a value, or the reason to leave it.
type Turn<T = ()> = std::result::Result<T, Left>;

impl Left {
    /// Returns the meaning of a failure at the terminal: that it is gone, or else something that the user is to know.
    fn of_terminal(operation: &'static str) -> impl FnOnce(io::Error) -> Left {
        move |error| {
            if terminal::is_gone(&error) {
                return Left::Wanted(Exit::HangUp);
            }
            match Err::<Exit, _>(error).during(|| operation.into()) {
                Ok(exit) => Left::Wanted(exit),
                Err(error) => Left::Failed(error),
            }
        }
    }
}

impl From<Error> for Left {
    fn from(error: Error) -> Left {
        Left::Failed(error)
    }
}

/// The frames that were drawn, and when the next one may be.
#[derive(Debug)]
struct Frames {
    /// The time of the last one.
    last: MonoTime,
    /// The time from which another one may be drawn for which nobody waits.
    next: MonoTime,
    /// Somebody waits for one.
    awaited: bool,
}

impl Default for Frames {
    fn default() -> Frames {
        Frames {
            last: MonoTime::default(),
            next: MonoTime::default(),
            awaited: true,
        }
    }
}

/// A screen that runs. The fields are dropped in this order: the terminal is given back before the labs end.
struct EventLoop<'a> {
    guard: Guard,
    /// Tells the input thread that the terminal is ours again.
    ours: mpsc::Sender<()>,
    inbox: Inbox,
    labs: Labs<'a>,
    app: App,
    sender: Sender,
    stops: JobControl,
    /// The terminal is not ours.
    away: Option<Suspension>,
    /// The time at which the run began that is shown.
    began: MonoTime,
    frames: Frames,
    /// The last message was of what the user did.
    answered: bool,
}

impl EventLoop<'_> {
    fn run(&mut self) -> Left {
        loop {
            if let Err(left) = self.turn() {
                return left;
            }
        }
    }

    /// Draws what is due, and takes in the next messages.
    fn turn(&mut self) -> Turn {
        self.come_back()?;
        self.draw_if_due()?;
        match self.sleep() {
            Some(message) => self.take_all(message),
            None => self
                .app
                .go_on(MonoTime::now())
                .into_iter()
                .try_for_each(|effect| self.carry_out(effect)),
        }
    }

    /// Takes the terminal again when its time has come after a stop.
    fn come_back(&mut self) -> Turn {
        let now = MonoTime::now();
        let Some(gone) = self.away.take_if(|away| now >= away.back) else {
            return Ok(());
        };
        self.guard.take().map_err(Left::of_terminal("take over the terminal"))?;
        let _ = self.ours.send(());
        self.frames.awaited = true;
        self.app.redraw();
        let at = MonoTime::now();
        let Some(note) = gone.note(at) else { return Ok(()) };
        let effects = self.app.absorb(TimedEvent {
            at,
            what: LabEvent::Note(note),
        });
        effects.into_iter().try_for_each(|effect| self.carry_out(effect))
    }

    /// Draws a frame, where something has changed, if somebody waits for it or the last one is old enough.
    fn draw_if_due(&mut self) -> Turn {
        let now = MonoTime::now();
        if !self.has_news() || !(self.frames.awaited || now >= self.frames.next) {
            return Ok(());
        }
        let titled = self.guard.entitle(&self.app.title());
        titled
            .and_then(|()| self.guard.draw(|frame| self.app.draw(frame, now)))
            .map_err(Left::of_terminal("draw the screen"))?;
        self.frames = Frames {
            last: now,
            next: now.plus(FRAME),
            awaited: false,
        };
        Ok(())
    }

    /// Returns whether there is something to draw, and a terminal to draw it on.
    const fn has_news(&self) -> bool {
        self.away.is_none() && self.app.is_stale()
    }

    /// Waits for the next message; none when something else is due before one comes.
    fn sleep(&mut self) -> Option<Message> {
        let now = MonoTime::now();
        let frame = self.has_news().then(|| self.frames.next.since(now));
        let back = self.away.map(|away| away.back.since(now));
        let look = self.app.look_at().map(|at| at.since(now));
        let tick = sleep(self.app.counts_down(now), self.began, now);
        let moves = self.app.next_frame(self.frames.last).filter(|_| self.away.is_none());
        let moves = moves.map(|at| at.since(now));
        let most = [frame, look, tick, moves, back].into_iter().flatten().min();
        // Where keys or the mouse come without a pause, the lab has its turn between two of them.
        let streamed = std::mem::take(&mut self.answered).then(|| self.inbox.try_take_streamed());
        let next = streamed.flatten().or_else(|| self.inbox.take(most));
        if next.is_none() && [tick, moves].contains(&most) {
            self.app.redraw();
        }
        next
    }

    /// Takes in that message and those behind it, for as long as no frame is due.
    fn take_all(&mut self, first: Message) -> Turn {
        let since = MonoTime::now();
        let mut next = Some(first);
        while let Some(message) = next {
            self.answered = matches!(&message, Message::Input(_));
            let continues = matches!(&message, Message::Signal(SIGCONT));
            for effect in self.take(message, since)? {
                self.carry_out(effect)?;
            }
            next = match () {
                // What is pressed from here on is for us, once the terminal is ours.
                () if continues => None,
                () if MonoTime::now().since(since) >= FRAME => None,
                // What the user did is shown before what streams behind it.
                () if self.answered => self.inbox.try_take_sent(),
                () => self.inbox.try_take(),
            };
        }
        Ok(())
    }

    /// Takes in a message, the first of its turn having come at `since`.
    fn take(&mut self, message: Message, since: MonoTime) -> Turn<Vec<Effect>> {
        // For all that comes seldom somebody waits.
        self.frames.awaited |= match &message {
            Message::Lab(..) | Message::Signal(_) | Message::HangUp | Message::Deaf(_) => false,
            Message::Input(_) => self.away.is_none(),
            Message::Prepared(turn, ..) => self.labs.is_shown(*turn),
            Message::Compared(..) | Message::Lessons | Message::SideBySide(_) | Message::Asks(_) | Message::Note(_) => {
                true
            }
        };
        let mut effects = Vec::new();
        match message {
            Message::Lab(turn, batch) => effects = self.take_batch(turn, batch, since),
            // Meant for whoever has the terminal.
            Message::Input(_) if self.away.is_some() => {}
            Message::Input(input) => {
                panic_if_asked();
                effects = self.app.input(&input, MonoTime::now());
            }
            Message::Compared(branch, result) => effects = self.app.compared(&branch, &result, MonoTime::now()),
            Message::Prepared(turn, _, _) if !self.labs.is_shown(turn) => {}
            Message::Prepared(_, renewal, Ok(())) => {
                let began = self.labs.renew(&mut self.app, renewal);
                self.began = began.unwrap_or(self.began);
            }
            Message::Prepared(_, _, Err(why)) => self.app.say(why),
            Message::Asks(scenario) => effects = self.app.ask_to_run(scenario, MonoTime::now()),
            Message::Lessons => effects = self.app.choose_lesson(MonoTime::now()),
            Message::SideBySide(lesson) => effects = self.app.begin_beside(lesson),
            Message::Signal(SIGTSTP) => {
                self.stop(StopTarget::Us)?;
            }
            Message::Signal(SIGCONT) => self.away = Some(Suspension::go_on(self.away)),
            Message::Signal(number) => return Err(Left::Wanted(Exit::Signal(number))),
            Message::HangUp => return Err(Left::Wanted(Exit::HangUp)),
            Message::Deaf(error) => return Err(Left::of_terminal("read from the terminal")(error)),
            Message::Note(text) => self.app.say(text),
        }
        Ok(effects)
    }

    /// Takes in what happened in the lab of that turn.
    fn take_batch(&mut self, turn: u32, mut batch: BatchEvents, since: MonoTime) -> Vec<Effect> {
        let Some(place) = self.labs.place(turn) else {
            return Vec::new();
        };
        let mut effects = Vec::new();
        while let Some(event) = batch.next() {
            self.frames.awaited |= !streams(&event.what);
            effects.extend(match place {
                LabPlace::Shown => self.app.absorb(event),
                LabPlace::Column(column) => self.app.absorb_beside(column, event),
            });
            // A key that is pressed meanwhile does not wait for the rest.
            if self.inbox.has_sent() && MonoTime::now().since(since) >= SLICE {
                self.inbox.put_back(Message::Lab(turn, batch));
                break;
            }
        }
        effects
    }

    fn carry_out(&mut self, effect: Effect) -> Turn {
        match effect {
            Effect::Lab(request) => self.labs.send(request),
            Effect::BesideLab(column, request) => self.labs.send_beside(column, request),
            Effect::Fresh(fresh) => self.begin_fresh(fresh)?,
            Effect::SaveAndRenew(name, text, fresh) => self.save_and_renew(&name, &text, fresh)?,
            Effect::Beside(lesson, steps) => self.labs.open_beside(&mut self.app, lesson, steps),
            Effect::EndBeside => self.labs.end_beside(),
            Effect::RunBoth(branch) => self.run_both(branch),
            Effect::Save(name, text) => self.app.say(match written::scenario(&name, &text) {
                Ok(file) => format!("written: {file}; finwait run {file} runs it"),
                Err(error) => error.to_string(),
            }),
            Effect::KeepTheme(file, name) => {
                let kept = (self.app.setup().keep_theme)(&file, name);
                self.app.say(match kept {
                    Ok(()) => format!("theme {name}, kept in {}", file.display()),
                    Err(why) => format!("theme {name}, until finwait ends: {why}"),
                });
            }
            Effect::Write(command) => {
                let (record, size) = (self.labs.record(), self.guard.size());
                match written::write(&mut self.app, &command, record, size, MonoTime::now()) {
                    WriteEnd::Written(said) | WriteEnd::Failed(said) => self.app.say(said),
                    WriteEnd::IsThere => self.app.ask_to_replace(command),
                }
            }
            Effect::Screenshot => {
                let said = written::screenshot(&mut self.app, self.guard.size(), MonoTime::now());
                self.app.say(said);
            }
            Effect::Copy(text) => self
                .guard
                .copy(&text)
                .map_err(Left::of_terminal("hand text to the terminal's clipboard"))?,
            Effect::Mouse(mouse) => self
                .guard
                .report_mouse(mouse)
                .map_err(Left::of_terminal("tell the terminal about the mouse"))?,
            Effect::Redraw => self.guard.take().map_err(Left::of_terminal("redraw the screen"))?,
            Effect::Suspend => {
                if !self.stop(StopTarget::Group)? {
                    let _ = self.ours.send(());
                }
            }
            Effect::Leave(exit) => return Err(Left::Wanted(exit)),
        }
        Ok(())
    }

    /// Gives the terminal back and stops the program, or says why not; returns whether it stopped.
    fn stop(&mut self, whom: StopTarget) -> Result<bool> {
        if let Some(why) = self.stops.refused() {
            self.app.say(why.into());
            return Ok(false);
        }
        self.away = Some(Suspension::stopped(&mut self.guard, whom)?);
        Ok(true)
    }

    /// Begins a fresh lab in place of the one that is shown. A compiler that takes its time is told of before.
    fn begin_fresh(&mut self, fresh: LabSpec) -> Turn {
        if !self.labs.is_live() {
            return Ok(());
        }
        let choices = Ends::from_fn(|side| RuntimeChoice::Runtime(fresh.driven[side]));
        if let Some(text) = compiling(&choices) {
            self.app.say(text);
            self.guard
                .draw(|frame| self.app.draw(frame, MonoTime::now()))
                .map_err(Left::of_terminal("draw the screen"))?;
        }
        self.begin_renewal(Renewal {
            lab: fresh,
            written: None,
        })
    }

    /// Writes what was done to a file, and begins a fresh lab: nothing is given up that is not kept.
    fn save_and_renew(&mut self, name: &str, text: &str, fresh: LabSpec) -> Turn {
        match written::scenario(name, text) {
            Ok(file) => {
                return self.begin_renewal(Renewal {
                    lab: fresh,
                    written: Some(file),
                });
            }
            Err(error) => match fresh.chosen {
                Some(_) => self.app.say(format!("{error}; {STAYS}")),
                None => self.app.refuse(format!("{error}; {STAYS}")),
            },
        }
        Ok(())
    }

    fn begin_renewal(&mut self, renewal: Renewal) -> Turn {
        if let Some(began) = self.labs.begin_renewal(&mut self.app, renewal)? {
            self.began = began;
        }
        Ok(())
    }

    /// Has a thread make the two runs of a comparison.
    fn run_both(&self, branch: Branch) {
        let Some(options) = self.labs.options() else { return };
        let (to, options, both) = (self.sender.clone(), options.clone(), branch.clone());
        let run = move || {
            let result = both.run_both(&options);
            // Of a screen that is gone, nobody waits for it.
            to.send(Message::Compared(both, result));
        };
        let thread = thread::Builder::new().name("branch".into()).spawn(run);
        if let Err(error) = thread {
            let why = format!("start a thread for the two runs: {error}");
            self.sender.send(Message::Compared(branch, Err(why)));
        }
    }
}

/// In debug builds, panics where the environment asks for it: how else could a test see that a panic leaves the terminal clean?
fn panic_if_asked() {
    if cfg!(debug_assertions) && std::env::var_os("FINWAIT_PANIC").is_some() {
        panic!("FINWAIT_PANIC is set");
    }
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
}
