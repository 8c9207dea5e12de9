//! The screen's state: input goes in and effects come out, what happened in the lab goes in and the picture changes.
//!
//! No clock, no terminal and no lab here, so that a test can play all three.

mod act;
mod beside;
mod commands;
mod draw;
mod effect;
mod input;
mod replay;
mod waits;

pub use effect::Effect;
pub use input::suspends;

pub use crate::tui::lab_spec::{ChosenLab, LabSpec};

use crossterm::event::{
    Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use ratatui::Frame;
use ratatui::layout::Position;

use crate::clock::MonoTime;
use crate::command::wire::{Target, WireCommand};
use crate::command::{Command, EndCommand, Pick, ScreenCommand, ThemeName, WriteCommand};
use crate::lab::event::{LabEvent, TimedEvent};
use std::sync::Arc;

use crate::recording::{Recording, Replay};
use crate::scenario::Scenario;
use crate::scenario::branch::{Branch, BranchResult};
use crate::scenario::lesson::SideBySide;
use crate::session::transcript::EntryKind;
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
use crate::tui::dialog::state::{SocketIdentity, StateDialog};
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

    /// Returns whether anything has changed since the last frame.
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
        self.act_all(actions, now)
    }
}
