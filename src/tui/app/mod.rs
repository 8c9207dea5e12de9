//! The screen's state: input goes in and effects come out, what happened in the lab goes in and the picture changes.
//!
//! No clock, no terminal and no lab here, so that a test can play all three.

mod beside;
mod commands;
mod draw;
mod input;
mod replay;
mod waits;

pub use input::suspends;

use crossterm::event::{
    Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use ratatui::Frame;
use ratatui::layout::Position;

use crate::clock::MonoTime;
use crate::command::wire::{Target, WireCommand};
use crate::command::{Command, EndCommand, Pick, ScreenCommand, ThemeName, WriteCommand};
use crate::lab::LabMode;
use crate::lab::event::{LabEvent, LabRequest, TimedEvent};
use std::path::PathBuf;
use std::sync::Arc;

use crate::recording::{Recording, Replay};
use crate::runtime::Runtime;
use crate::scenario::Scenario;
use crate::scenario::branch::{Branch, BranchResult};
use crate::scenario::lesson::SideBySide;
use crate::session::lineup::FirstProgram;
use crate::session::transcript::{Entry, EntryKind};
use crate::session::view::SocketView;
use crate::session::{CommandError, IssuedCommand, Session};
use crate::side::{Ends, Side};
use crate::tui::Exit;
use crate::tui::beside::Beside;
use crate::tui::dialog::allow_run::AllowRunDialog;
use crate::tui::dialog::branch::CompareDialog;
use crate::tui::dialog::export::ExportDialog;
use crate::tui::dialog::forge::ForgeDialog;
use crate::tui::dialog::help::{HelpDialog, HelpTopic};
use crate::tui::dialog::host::HostDialog;
use crate::tui::dialog::lessons::LessonsDialog;
use crate::tui::dialog::menu::MenuDialog;
use crate::tui::dialog::new_lab::NewLabDialog;
use crate::tui::dialog::options::OptionsDialog;
use crate::tui::dialog::output::OutputDialog;
use crate::tui::dialog::palette::PaletteDialog;
use crate::tui::dialog::predict::PredictDialog;
use crate::tui::dialog::prompt::Prompt;
use crate::tui::dialog::question::QuestionDialog;
use crate::tui::dialog::raw::RawDialog;
use crate::tui::dialog::rules::RulesDialog;
use crate::tui::dialog::runtime::RuntimeDialog;
use crate::tui::dialog::segment::SegmentDialog;
use crate::tui::dialog::state::{StateDialog, StateOf};
use crate::tui::dialog::themes::ThemesDialog;
use crate::tui::dialog::why::WhyDialog;
use crate::tui::dialog::{Context, DialogStack, News};
use crate::tui::history::History;
use crate::tui::hit::{Action, ArrowDirection, Hits, Zone};
use crate::tui::keys::Keymap;
use crate::tui::lab_run::LabRun;
use crate::tui::layout::{LEAST, Pane};
use crate::tui::pane::{self, Panes};
use crate::tui::pointing::Pointing;
use crate::tui::setup::Setup;
use crate::tui::shown::{Shown, ShownConnection, describe};
use crate::tui::terminal::MouseUse;
use crate::tui::theme::Theme;
use crate::tui::tour::{Tour, TourPress};
use waits::WaitShown;

/// The number of lines that a turn of the wheel moves.
const WHEEL: i64 = 3;

/// An effect that the screen wants outside of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask the lab.
    Lab(LabRequest),
    /// Put text on the clipboard.
    Copy(String),
    /// Draw all of it anew: something else has written on the terminal.
    Redraw,
    /// Release the terminal, and stop until SIGCONT comes.
    Suspend,
    /// Run both, and hand what comes of them to [`App::compared`].
    RunBoth(Branch),
    /// Make a fresh lab in place of this one, and hand its session to [`App::restart`].
    Fresh(LabSpec),
    /// Keep this theme in the configuration file.
    KeepTheme(PathBuf, ThemeName),
    /// Write a file as [`Effect::Save`] does, and where that succeeds make a fresh lab in place of this one.
    SaveAndRenew(String, String, LabSpec),
    /// Make two labs for that lesson beside the one that there is, in place of any other two, and hand their sessions to
    /// [`App::open_beside`], with the number of steps.
    Beside(Arc<SideBySide>, usize),
    /// Ask one of these two labs: 0 the left one.
    BesideLab(usize, LabRequest),
    /// End these two labs.
    EndBeside,
    /// Write a file of this name, or of one like it that is not there yet: its text.
    Save(String, String),
    /// Write that file, and say where it went; where it is there already, hand it to [`App::ask_to_replace`].
    Write(WriteCommand),
    /// Write the screen as it is to a new file.
    Screenshot,
    /// Have the terminal report the mouse, or keep it for itself.
    Mouse(MouseUse),
    /// Leave.
    Leave(Exit),
}

/// Requirements for a fresh lab.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabSpec {
    /// The wire is needed.
    pub isolated: bool,
    /// The family that it is for: IPv6 alone, or IPv4 alone.
    pub ipv6: Option<bool>,
    /// The wire that it is for: with super-segments, or with segments as a cable carries them.
    pub offload: Option<bool>,
    /// The runtimes that it says drive the ends.
    pub driven: Ends<Runtime>,
    /// The programs that its run begins with.
    pub programs: Ends<Vec<FirstProgram>>,
    /// The user's own choice of the lab, which goes before the others.
    pub chosen: Option<ChosenLab>,
    /// Whether nothing of it goes into the recording, which is of another lab.
    pub unrecorded: bool,
}

/// A lab as the user chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChosenLab {
    /// The kind.
    pub mode: LabMode,
    /// Whether its addresses are of IPv6.
    pub ipv6: bool,
    /// What drives the ends; none for what does since the program was started.
    pub runtimes: Ends<Option<Runtime>>,
}

impl LabSpec {
    /// The requirements of a scenario.
    pub fn of(scenario: &Scenario) -> LabSpec {
        LabSpec {
            isolated: scenario.isolated,
            ipv6: scenario.ipv6,
            offload: scenario.offload,
            driven: scenario.driven,
            programs: scenario.programs.clone(),
            chosen: None,
            unrecorded: false,
        }
    }

    /// The requirements of a lab that stands beside another for a while.
    pub fn beside(scenario: &Scenario) -> LabSpec {
        LabSpec {
            unrecorded: true,
            ..LabSpec::of(scenario)
        }
    }

    /// Returns whether a compiler may have to work before the lab that the user chose can start.
    pub fn may_compile(&self) -> bool {
        let runtimes = self.chosen.iter().flat_map(|chosen| chosen.runtimes.iter());
        runtimes
            .filter_map(|(_, runtime)| *runtime)
            .any(|runtime| runtime.needs().is_some())
    }
}

/// The screen.
#[derive(Debug)]
pub struct App {
    run: LabRun,
    /// The lesson of two labs that is shown in place of the panes.
    beside: Option<Beside>,
    panes: Panes,
    dialogs: DialogStack,
    /// The commands that were typed.
    history: History,
    pointing: Pointing,
    /// The end that has the keys.
    focus: Side,
    /// The connection and the sockets that are in sight.
    shown: Shown,
    /// The file into which all runs are recorded; none without --record.
    recording: Option<String>,
    setup: Setup,
    /// The text of the bottom line, until the next key.
    status: Option<String>,
    /// The wait that was asked for at the prompt.
    wait: Option<WaitShown>,
    mouse: MouseUse,
    /// Whether the terminal is smaller than [`LEAST`], so that nothing is shown.
    is_too_small: bool,
    /// Whether the screen would look different if it were drawn.
    stale: bool,
}

impl App {
    /// The screen of a session.
    pub fn new(session: Session, theme: Theme) -> App {
        App {
            run: LabRun::new(session),
            beside: None,
            panes: Panes::default(),
            dialogs: DialogStack::default(),
            history: History::default(),
            pointing: Pointing::default(),
            focus: Side::Client,
            shown: Shown::default(),
            recording: None,
            setup: Setup::of(theme),
            status: None,
            wait: None,
            mouse: MouseUse::default(),
            is_too_small: false,
            stale: true,
        }
    }

    /// Returns the same screen as the user wants it to be.
    pub fn set_up(self, setup: Setup) -> App {
        App {
            mouse: setup.mouse,
            setup,
            ..self
        }
    }

    /// The user's wishes for the screen.
    pub const fn setup(&mut self) -> &mut Setup {
        self.stale = true;
        &mut self.setup
    }

    /// Keeps what is typed for the next run, and has what was typed in the last ones.
    pub fn keep_history(&mut self) {
        let Some(place) = History::place() else { return };
        let (history, why) = History::kept_in(place);
        self.history = history;
        if let Some(why) = why {
            self.say(why);
        }
    }

    /// Returns whose the mouse is.
    pub const fn mouse_use(&self) -> MouseUse {
        self.mouse
    }

    /// Returns the title for the terminal's window: `finwait: half-close` while a guide is on.
    pub fn title(&self) -> String {
        let guided = self.run.tour.as_ref().map(|tour| tour.scenario().name.clone());
        let of = guided.or_else(|| self.run.replay.as_ref().map(|_| "recording".to_owned()));
        of.map_or_else(|| "finwait".to_owned(), |name| format!("finwait: {name}"))
    }

    /// A fresh lab has taken the place of the one before: all that was shown of that is gone, a tour begins in it.
    pub fn restart(&mut self, session: Session) {
        self.run.restart(session);
        self.panes.restart();
        self.dialogs.clear();
        self.pointing = Pointing::default();
        self.shown = Shown::default();
        self.status = None;
        self.wait = None;
        self.stale = true;
        self.hand_the_keys();
    }

    /// The new lab that the user asked for has taken the place of the one before, without a guide.
    ///
    /// `written` is the file into which what was done was written before.
    pub fn begin_anew(&mut self, session: Session, written: Option<&str>) {
        self.run.tour = None;
        self.restart(session);
        self.status = Some(match written {
            Some(file) => format!("this is a new lab; what was done before is in {file}"),
            None => "this is a new lab".into(),
        });
    }

    /// All runs are recorded into that file.
    pub fn recorded_in(mut self, file: String) -> App {
        self.recording = Some(file);
        self
    }

    /// The recording that is shown, where no lab is.
    pub const fn replay(&self) -> Option<&Replay> {
        self.run.replay.as_ref()
    }

    /// Asks whether a file that is there is to be replaced.
    pub fn ask_to_replace(&mut self, command: WriteCommand) {
        self.dialogs.open(QuestionDialog::replace(command));
        self.stale = true;
    }

    /// The connection and the sockets that are in sight.
    pub const fn shown(&self) -> &Shown {
        &self.shown
    }

    /// The user is to be guided through that scenario, in a lab that is as it needs it.
    pub fn begin(&mut self, scenario: Arc<Scenario>) {
        self.run.guide(scenario);
    }

    /// Asks whether the user is to be guided through a scenario that runs programs.
    pub fn ask_to_run(&mut self, scenario: Arc<Scenario>, now: MonoTime) -> Vec<Effect> {
        self.stale = true;
        self.act(Action::Guide(scenario), now)
    }

    /// Lists the lessons to choose from.
    pub fn choose_lesson(&mut self, now: MonoTime) -> Vec<Effect> {
        self.stale = true;
        self.act(Action::Screen(None, ScreenCommand::Scenarios), now)
    }

    /// Two labs for a lesson are there: it begins in them, and goes on by itself as far as `steps`.
    pub fn open_beside(&mut self, lesson: Arc<SideBySide>, sessions: [Session; 2], steps: usize) {
        self.beside = Some(Beside::new(lesson, sessions, steps));
        self.dialogs.clear();
        self.pointing = Pointing::default();
        self.status = None;
        self.stale = true;
    }

    /// Shows why the two labs of a lesson are not available, in one sentence.
    pub fn refuse_beside(&mut self, why: String) {
        self.beside = None;
        self.say(why);
    }

    /// Takes in what happened in one of the two labs of a lesson, 0 the left one.
    pub fn absorb_beside(&mut self, column: usize, event: TimedEvent) -> Vec<Effect> {
        let Some(beside) = &mut self.beside else {
            return Vec::new();
        };
        let at = event.at;
        self.stale |= event.what != LabEvent::Quiet;
        let requests = beside.absorb(column, event);
        let mut effects: Vec<Effect> = requests
            .into_iter()
            .map(|request| Effect::BesideLab(column, request))
            .collect();
        effects.extend(self.go_on_beside(at));
        effects
    }

    /// The lesson of two labs goes on as far as it can.
    fn go_on_beside(&mut self, now: MonoTime) -> Vec<Effect> {
        let Some(beside) = &mut self.beside else {
            return Vec::new();
        };
        let before = (beside.at(), beside.goes_on());
        let requests = beside.go_on(now);
        self.stale |= (beside.at(), beside.goes_on()) != before;
        let asked = requests.into_iter();
        asked
            .map(|(column, request)| Effect::BesideLab(column, request))
            .collect()
    }

    /// Shows why something that the screen wanted is not available, in one sentence, and ends the tour.
    pub fn refuse(&mut self, why: String) {
        self.run.tour = None;
        self.say(why);
    }

    /// Something that the user should read.
    pub fn say(&mut self, text: String) {
        self.status = Some(text);
        self.stale = true;
    }

    /// The result of two runs that were to be compared.
    pub fn compared(&mut self, branch: &Branch, result: &BranchResult, now: MonoTime) -> Vec<Effect> {
        self.stale = true;
        self.tell_dialogs(News::Compared(branch, result), now)
    }

    /// Returns when to go on, if nothing happens before.
    pub fn look_at(&self) -> Option<MonoTime> {
        let tour = self.run.tour.as_ref().and_then(Tour::look_at);
        let beside = self.beside.as_ref().and_then(Beside::look_at);
        tour.into_iter().chain(beside).chain(self.wait_ends()).min()
    }

    /// The tour goes on as far as it can.
    pub fn go_on(&mut self, now: MonoTime) -> Vec<Effect> {
        let at = |run: &LabRun| run.tour.as_ref().map(Tour::at);
        let before = at(&self.run);
        let requests = self.run.go_on(now);
        if at(&self.run) != before {
            self.stale = true;
            self.hand_the_keys();
        }
        let requests = requests.into_iter().map(Effect::Lab);
        let mut effects: Vec<Effect> = requests.chain(self.go_on_beside(now)).collect();
        effects.extend(self.look_at_the_wait(now));
        effects
    }

    /// The end that the guide's next step is for has the keys: the step's key means that end.
    fn hand_the_keys(&mut self) {
        let tour = self.run.tour.as_ref().filter(|tour| tour.left().is_none());
        if let Some(side) = tour.and_then(Tour::next_side) {
            self.focus = side;
        }
    }

    /// The session that it shows.
    pub const fn session(&self) -> &Session {
        &self.run.session
    }

    /// The areas of the last frame that can be pressed.
    pub const fn hits(&self) -> &Hits {
        self.pointing.hits()
    }

    /// Has anything changed since the last frame?
    pub const fn is_stale(&self) -> bool {
        self.stale
    }

    /// Has the next frame drawn, though nothing has happened: a clock has moved on, or the terminal shows something else.
    pub const fn redraw(&mut self) {
        self.stale = true;
    }

    /// Takes in what happened in the lab.
    pub fn absorb(&mut self, event: TimedEvent) -> Vec<Effect> {
        // Nothing happens in a recording any more.
        if self.run.replay.is_some() {
            return Vec::new();
        }
        let at = event.at;
        // Quiet is no news, unless it is what a comparison waited for.
        self.stale |= event.what != LabEvent::Quiet || self.run.session.compares_when_quiet();
        let connections = self.run.session.connection_count();
        let mut effects: Vec<Effect> = self.run.absorb(event).into_iter().map(Effect::Lab).collect();
        self.show_the_new(connections);
        effects.extend(self.go_on(at));
        effects.extend(self.tell_dialogs(News::Lab, at));
        effects
    }

    /// Has the open dialogs do something that depends on what is under them.
    fn of_dialogs<R>(&mut self, act: impl FnOnce(&mut DialogStack, Context<'_>) -> R) -> R {
        let (session, keys) = (&self.run.session, &self.setup.keys);
        let context = Context::new(session, self.focus, &self.history, keys, &self.panes.programs);
        act(&mut self.dialogs, context)
    }

    /// Tells the open dialogs what happened, and does what they want then.
    fn tell_dialogs(&mut self, news: News, now: MonoTime) -> Vec<Effect> {
        let actions = self.of_dialogs(|dialogs, context| dialogs.hear(news, context));
        self.all(actions, now)
    }

    /// Does one after the other.
    fn all(&mut self, actions: Vec<Action>, now: MonoTime) -> Vec<Effect> {
        actions.into_iter().flat_map(|action| self.act(action, now)).collect()
    }

    /// Does what a press does.
    fn act(&mut self, action: Action, now: MonoTime) -> Vec<Effect> {
        match action {
            Action::End(..) | Action::Wire(_) if self.beside.is_some() => {
                self.say("this lesson presses the buttons itself: . goes on, , goes back, ; leaves".into());
                Vec::new()
            }
            Action::End(side, command) => {
                self.focus = side;
                let command = self.panes.programs.aimed(&self.run.session, side, &command);
                let mut effects = self.command(side, &command, now);
                if matches!(command, EndCommand::Use(_)) {
                    effects.extend(self.bring_the_peer_along(side, now));
                }
                effects
            }
            Action::Wire(command) => self.wire(command, now),
            Action::Screen(side, command) => {
                self.focus = side.unwrap_or(self.focus);
                self.screen(command, now)
            }
            Action::Focus(side) => {
                self.focus = side;
                Vec::new()
            }
            Action::LogLine(row) => {
                self.pointing.set_mark(Some(Action::LogLine(None)));
                // What is selected already is looked into.
                let log = &mut self.panes.log;
                let again = row.is_none() || row == log.selected();
                let entry = log.selected_entry().filter(|_| again);
                match row {
                    Some(row) => log.select(row),
                    None => log.select_by(0),
                }
                match entry.and_then(|no| self.run.session.transcript.entry(no)) {
                    Some(Entry {
                        what: EntryKind::Ended(call),
                        ..
                    }) => self.dialogs.open(WhyDialog::new(call.call())),
                    Some(Entry {
                        no,
                        what: EntryKind::Packet(_),
                        ..
                    }) => self.dialogs.open(SegmentDialog::new(*no)),
                    Some(
                        entry @ Entry {
                            what: EntryKind::Program(_) | EntryKind::ProgramCall(_),
                            ..
                        },
                    ) => {
                        let (no, explained) = (entry.no, entry.why().is_some());
                        let program = match &entry.what {
                            EntryKind::Program(news) => Some(news.event.program),
                            EntryKind::ProgramCall(call) => Some(call.call.program),
                            _ => None,
                        };
                        match program {
                            Some(program) if !explained => self.dialogs.open(OutputDialog::new(program)),
                            _ => self.dialogs.open(WhyDialog::of_entry(no)),
                        }
                    }
                    Some(Entry {
                        what: EntryKind::State { change, .. },
                        ..
                    }) => self.dialogs.open(StateDialog::table(change.to)),
                    _ => {}
                }
                Vec::new()
            }
            Action::Segment(entry) => {
                let session = &self.run.session;
                let no = match session.transcript.entry(entry).map(|entry| &entry.what) {
                    Some(EntryKind::Packet(record)) => Some(record.no),
                    _ => None,
                };
                // One on the wire is chosen first, and looked into when it is pressed again.
                if !no.is_some_and(|no| self.panes.wire.choose(session, no)) {
                    self.dialogs.open(SegmentDialog::new(entry));
                }
                Vec::new()
            }
            Action::Why(call) => {
                self.dialogs.open(WhyDialog::new(call));
                Vec::new()
            }
            Action::WhyEntry(entry) => {
                self.dialogs.open(WhyDialog::of_entry(entry));
                Vec::new()
            }
            Action::Program(side, no) => {
                self.focus = side;
                self.panes.programs.select(side, no);
                Vec::new()
            }
            Action::WhyNow => match (
                pane::now::call(&self.run.session, now),
                pane::now::explained(&self.run.session, now),
            ) {
                (Some(call), _) => self.act(Action::Why(call), now),
                (None, Some(entry)) => self.act(Action::WhyEntry(entry), now),
                (None, None) => self.screen(ScreenCommand::Why, now),
            },
            Action::Meaning(side, of) => {
                self.focus = side;
                self.dialogs.open(StateDialog::new(side, of));
                Vec::new()
            }
            Action::Means(state) => {
                self.dialogs.open(StateDialog::table(state));
                Vec::new()
            }
            Action::Details(side) => {
                self.focus = side;
                self.panes.zoom = Some(Pane::End);
                Vec::new()
            }
            Action::Item(item) => {
                let actions = self.of_dialogs(|dialogs, context| dialogs.press(item, context));
                self.all(actions, now)
            }
            Action::MoreOfTheGuide => {
                self.panes.guide.more();
                Vec::new()
            }
            Action::Back => {
                self.dialogs.close();
                Vec::new()
            }
            Action::Typed(text, command) => {
                if let Some(why) = self.history.remember(text) {
                    self.say(why);
                }
                match command {
                    Command::End(side, command) => self.command(side, &command, now),
                    Command::Wire(command) => self.wire(command, now),
                    Command::Screen(command) => self.screen(command, now),
                    Command::Write(command) => vec![Effect::Write(command)],
                }
            }
            Action::ReadOptions(side, socket) => {
                let issued = self.run.session.look(side, socket, now);
                self.issue(issued)
            }
            Action::ShowEntry(entry) => {
                self.panes.log.show(entry);
                // The guide has the log's place.
                if self.run.tour.is_some() {
                    self.panes.zoom = Some(Pane::Log);
                    self.status = Some("Esc goes back to the guide".into());
                }
                self.pointing.set_mark(Some(Action::LogLine(None)));
                Vec::new()
            }
            Action::Guide(_) | Action::GuideAllowed(_) | Action::GuideInstead { .. } if self.is_only_shown() => {
                Vec::new()
            }
            Action::Guide(scenario) if !self.setup.allow_run && !scenario.commands().is_empty() => {
                let user = (self.setup.user_name)(self.setup.run_as.as_deref());
                self.dialogs.open(AllowRunDialog::new(scenario, user));
                Vec::new()
            }
            Action::Guide(scenario) | Action::GuideAllowed(scenario) => match self.run.commands() {
                // A guide's own lab has nothing that is lost.
                done @ 1.. if self.run.tour.is_none() => {
                    self.dialogs.open(QuestionDialog::leave(&scenario, done));
                    Vec::new()
                }
                _ => self.guide_instead(scenario, false),
            },
            Action::GuideInstead { scenario, record } => self.guide_instead(scenario, record),
            Action::SideBySide(_) if self.is_only_shown() => Vec::new(),
            Action::SideBySide(lesson) => self.begin_beside(lesson),
            Action::NewLab { .. } if self.is_only_shown() => Vec::new(),
            Action::NewLab { lab, record } => self.new_lab(lab, record),
            Action::ShowConnection(shown) => self.show_connection(shown, now),
            Action::Predict { about, picked } => {
                if let Some(tour) = &mut self.run.tour {
                    tour.predict(about, picked);
                }
                Vec::new()
            }
            Action::Compare(branch) => {
                self.dialogs.open(CompareDialog::new(branch.clone()));
                vec![Effect::RunBoth(branch)]
            }
            Action::Write(command) => vec![Effect::Write(command)],
            Action::Say(text) => {
                self.say(text);
                Vec::new()
            }
            Action::Nothing => Vec::new(),
        }
    }
}
