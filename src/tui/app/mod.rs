//! The screen's state: input goes in and effects come out, what happened in the lab goes in and the picture changes.
//!
//! No clock, no terminal and no lab here, so that a test can play all three.

mod commands;
mod draw;
mod input;
mod replay;

pub use input::suspends;

use crossterm::event::{
    Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use crate::call::{CallId, SocketName, SocketOption};
use crate::clock::MonoTime;
use crate::command::wire::{Target, WireCommand};
use crate::command::{Command, EndCommand, Pick, ScreenCommand, parse, table};
use crate::lab::event::{LabEvent, LabRequest, TimedEvent};
use std::sync::Arc;

use crate::recording::{Recording, Replay};
use crate::runtime::Runtime;
use crate::scenario::branch::{Branch, BranchResult};
use crate::scenario::record::Recorder;
use crate::scenario::{Scenario, catalog, file};
use crate::session::edges::Coverage;
use crate::session::transcript::{Entry, EntryKind};
use crate::session::{CommandError, IssuedCommand, LabKind, Session};
use crate::side::{Ends, Side};
use crate::tui::Exit;
use crate::tui::canvas::Canvas;
use crate::tui::dialog::branch::CompareDialog;
use crate::tui::dialog::host::{self, HostChange};
use crate::tui::dialog::options::OptionsDialog;
use crate::tui::dialog::picker::Picker;
use crate::tui::dialog::predict::PredictDialog;
use crate::tui::dialog::prompt::{Prompt, PromptPurpose};
use crate::tui::dialog::raw::RawDialog;
use crate::tui::dialog::why::{LinkTarget, WhyDialog};
use crate::tui::dialog::{Dialog, forge, help, rules, segment};
use crate::tui::hit::{Action, ArrowDirection, Hits, Zone};
use crate::tui::layout::{self, LEAST, Pane};
use crate::tui::pane::diagram::Diagram;
use crate::tui::pane::log::Log;
use crate::tui::pane::{answer, buttons, guide, header, replay_bar, sockets, states, wire_bar};
use crate::tui::theme::Theme;
use crate::tui::tour::Tour;
use crate::wire::flow::PacketNo;

/// How many typed commands are remembered.
const HISTORY: usize = 200;
/// How many lines a turn of the wheel is.
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
    /// Give the terminal back, and stop until we are told to go on.
    Suspend,
    /// Run both, and hand what comes of them to [`App::grown`].
    Grow(Branch),
    /// Make a fresh lab in place of this one, and hand its session to [`App::restart`].
    Fresh(LabSpec),
    /// Write a file of this name, or of one like it that is not there yet: its text.
    Save(String, String),
    /// Leave.
    Leave(Exit),
}

/// Requirements for a fresh lab.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LabSpec {
    /// Whether it needs the wire.
    pub isolated: bool,
    /// The family that it is for: IPv6 alone, or IPv4 alone.
    pub ipv6: Option<bool>,
    /// What it says drives the ends.
    pub driven: Ends<Runtime>,
}

impl LabSpec {
    /// The requirements of a scenario.
    pub const fn of(scenario: &Scenario) -> LabSpec {
        LabSpec {
            isolated: scenario.isolated,
            ipv6: scenario.ipv6,
            driven: scenario.driven,
        }
    }
}

/// The screen.
#[derive(Debug)]
pub struct App {
    session: Session,
    theme: Theme,
    focus: Side,
    mark: Option<Action>,
    pointer: Option<Position>,
    hits: Hits,
    pages: Ends<usize>,
    skips: Ends<usize>,
    found: Ends<Option<SocketName>>,
    log: Log,
    diagram: Diagram,
    /// The packet on the wire that the user chose; the oldest is meant when it is gone.
    chosen: Option<PacketNo>,
    coverage: Coverage,
    /// The scenario that the user is guided through.
    tour: Option<Tour>,
    recorder: Recorder,
    /// The recording that is shown, where no lab is.
    replay: Option<Replay>,
    /// Does the state diagram stand in the middle?
    states: bool,
    zoom: Option<Pane>,
    dialogs: Vec<Dialog>,
    history: Vec<String>,
    status: Option<String>,
    stale: bool,
}

impl App {
    /// The screen of a session.
    pub fn new(session: Session, theme: Theme) -> App {
        App {
            session,
            theme,
            focus: Side::Client,
            mark: None,
            pointer: None,
            hits: Hits::default(),
            pages: Ends::default(),
            skips: Ends::default(),
            found: Ends::default(),
            log: Log::default(),
            diagram: Diagram::default(),
            chosen: None,
            coverage: Coverage::default(),
            tour: None,
            recorder: Recorder::default(),
            replay: None,
            states: false,
            zoom: None,
            dialogs: Vec::new(),
            history: Vec::new(),
            status: None,
            stale: true,
        }
    }

    /// A fresh lab has taken the place of the one before: all that was shown of that is gone, a tour begins in it.
    pub fn restart(&mut self, session: Session) {
        let fresh = App::new(session, self.theme);
        let old = std::mem::replace(self, fresh);
        self.focus = old.focus;
        self.states = old.states;
        self.zoom = old.zoom;
        self.history = old.history;
        self.tour = old.tour;
    }

    /// The user is to be guided through that scenario, in a lab that is as it needs it.
    pub fn begin(&mut self, scenario: Arc<Scenario>) {
        self.tour = Some(Tour::new(scenario));
    }

    /// Something that the screen wanted could not be had; one sentence.
    pub fn refuse(&mut self, why: String) {
        self.tour = None;
        self.say(why);
    }

    /// Something that the user should read.
    pub fn say(&mut self, text: String) {
        self.status = Some(text);
        self.stale = true;
    }

    /// The result of two runs that were to be compared.
    pub fn grown(&mut self, grown: BranchResult) {
        let waiting = self.dialogs.iter_mut().rev().find_map(|dialog| match dialog {
            Dialog::Compare(compare) if compare.grown.is_none() => Some(compare),
            _ => None,
        });
        if let Some(compare) = waiting {
            compare.grown = Some(grown);
            self.stale = true;
        }
    }

    /// When to go on, if nothing happens before.
    pub fn look_at(&self) -> Option<MonoTime> {
        self.tour.as_ref().and_then(Tour::look_at)
    }

    /// The tour goes on as far as it can.
    pub fn go_on(&mut self, now: MonoTime) -> Vec<Effect> {
        let Some(tour) = &mut self.tour else {
            return Vec::new();
        };
        let before = tour.at();
        let requests = tour.go_on(&mut self.session, &mut self.recorder, now);
        self.stale |= tour.at() != before;
        requests.into_iter().map(Effect::Lab).collect()
    }

    /// The session that it shows.
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// The areas of the last frame that can be pressed.
    pub const fn hits(&self) -> &Hits {
        &self.hits
    }

    /// Has anything changed since the last frame?
    pub const fn is_stale(&self) -> bool {
        self.stale
    }

    /// The terminal shows something else, or nothing any more.
    pub const fn spoiled(&mut self) {
        self.stale = true;
    }

    /// A clock or a countdown has moved on.
    pub const fn tick(&mut self) {
        self.stale = true;
    }

    /// Takes in what happened in the lab.
    pub fn absorb(&mut self, event: TimedEvent) -> Vec<Effect> {
        // Nothing happens in a recording any more.
        if self.replay.is_some() {
            return Vec::new();
        }
        let at = event.at;
        // Quiet is no news, unless it is what a comparison waited for.
        self.stale |= event.what != LabEvent::Quiet || self.session.compares_when_quiet();
        let quiet = event.what == LabEvent::Quiet;
        let mut effects: Vec<Effect> = self.session.absorb(event).into_iter().map(Effect::Lab).collect();
        if let Some(tour) = &mut self.tour {
            tour.hear(quiet);
            effects.extend(self.go_on(at));
        }
        // Options that were set are read again.
        let mut reads = Vec::new();
        for dialog in &mut self.dialogs {
            if let Dialog::Options(options) = dialog
                && options
                    .setting
                    .is_some_and(|root| !self.session.busy(options.side, root))
            {
                options.setting = None;
                reads.push((options.side, options.socket.clone()));
            }
        }
        for (side, socket) in reads {
            let issued = self.session.look(side, socket, at);
            effects.extend(self.issue(issued).0);
        }
        effects
    }

    /// Does what a press does.
    fn act(&mut self, action: Action, now: MonoTime) -> Vec<Effect> {
        match action {
            Action::Press(side, key) => {
                self.focus = side;
                let Some((spec, button)) = table::pressed(key) else {
                    return Vec::new();
                };
                match parse::parse(&format!("{side} {} {}", spec.name, button.preset), Some(side)) {
                    Ok(Command::End(side, command)) => self.command(side, &command, now).0,
                    Ok(Command::Screen(command)) => self.screen(command, now),
                    Ok(Command::Wire(command)) => self.wire(&command),
                    Err(error) => {
                        self.status = Some(error.to_string());
                        Vec::new()
                    }
                }
            }
            Action::Screen(side, command) => {
                self.focus = side.unwrap_or(self.focus);
                self.screen(command, now)
            }
            Action::Focus(side) => {
                self.focus = side;
                Vec::new()
            }
            Action::Pick(side, name) => {
                self.focus = side;
                self.command(side, &EndCommand::Use(Pick::Named(name)), now).0
            }
            Action::Interrupt(side, id) => {
                self.focus = side;
                self.command(side, &EndCommand::Interrupt(Some(id)), now).0
            }
            Action::LogLine(row) => {
                self.mark = Some(Action::LogLine(None));
                // What is selected already is looked into.
                let again = row.is_none() || row == self.log.selected();
                let entry = self.log.selected_entry().filter(|_| again);
                match row {
                    Some(row) => self.log.select(row),
                    None => self.log.select_by(0),
                }
                match entry.and_then(|no| self.session.transcript.entry(no)) {
                    Some(Entry {
                        what: EntryKind::Outcome { call, .. } | EntryKind::Lost { call, .. },
                        ..
                    }) => self.dialogs.push(Dialog::Why(WhyDialog::new(*call))),
                    Some(Entry {
                        no,
                        what: EntryKind::Packet(_),
                        ..
                    }) => self.dialogs.push(Dialog::Segment(*no, 0)),
                    _ => {}
                }
                Vec::new()
            }
            Action::Wire(command) => self.wire(&command),
            Action::Segment(entry) => {
                let no = match self.session.transcript.entry(entry).map(|entry| &entry.what) {
                    Some(EntryKind::Packet(record)) => Some(record.no),
                    _ => None,
                };
                // One on the wire is chosen first, and looked into when it is pressed again.
                let held = no.filter(|no| self.session.wire.held.contains_key(no));
                if held.is_some() && held != self.chosen() {
                    self.chosen = held;
                } else {
                    self.dialogs.push(Dialog::Segment(entry, 0));
                }
                Vec::new()
            }
            Action::Why(call) => {
                self.dialogs.push(Dialog::Why(WhyDialog::new(call)));
                Vec::new()
            }
            Action::Row(row) => {
                match self.dialogs.last_mut() {
                    Some(Dialog::Options(options)) => options.selected = row,
                    Some(Dialog::Picker(picker)) => picker.selected = row,
                    Some(Dialog::Predict(predict)) => predict.selected = row,
                    Some(Dialog::Why(why)) => why.selected = row,
                    Some(Dialog::Host(_, selected) | Dialog::Rules(selected) | Dialog::Forge(_, selected)) => {
                        *selected = row;
                    }
                    _ => {}
                }
                self.row(row, now)
            }
            Action::Candidate(nth) => {
                let names = socket_names(&self.session);
                if let Some(Dialog::Prompt(prompt)) = self.dialogs.last_mut() {
                    prompt.take(nth, self.focus, &names);
                }
                Vec::new()
            }
            Action::Back => {
                self.dialogs.pop();
                Vec::new()
            }
            Action::Nothing => Vec::new(),
        }
    }

    /// The user is to be guided through that scenario of the catalog, in a fresh lab.
    fn guide_through(&mut self, name: &str) -> Vec<Effect> {
        let read = catalog::find(name).and_then(|(path, text)| file::read(path, text).ok());
        match read {
            Some(scenario) => {
                self.dialogs.clear();
                self.guide(Arc::new(scenario))
            }
            None => {
                self.say(format!("there is no scenario {name}"));
                Vec::new()
            }
        }
    }

    fn guide(&mut self, scenario: Arc<Scenario>) -> Vec<Effect> {
        if self.is_only_shown() {
            return Vec::new();
        }
        let fresh = LabSpec::of(&scenario);
        self.begin(scenario);
        vec![Effect::Fresh(fresh)]
    }

    /// Presses a row of the dialog on top.
    fn row(&mut self, row: usize, now: MonoTime) -> Vec<Effect> {
        let (side, change) = match self.dialogs.last() {
            Some(Dialog::Options(options)) => (options.side, options.change(&self.session, row)),
            Some(Dialog::Host(side, _)) => (*side, host::change(&self.session, *side, row)),
            Some(Dialog::Why(why)) => {
                match why.leads_to(&self.session, row) {
                    Some(LinkTarget::Entry(entry)) => {
                        self.dialogs.pop();
                        self.log.show(entry);
                        self.mark = Some(Action::LogLine(None));
                    }
                    Some(LinkTarget::Scenario(name)) => return self.guide_through(name),
                    None => {}
                }
                return Vec::new();
            }
            Some(Dialog::Rules(_)) => {
                return match rules::press(&self.session, row) {
                    Some(command) => self.wire(&command),
                    None => Vec::new(),
                };
            }
            Some(Dialog::Picker(picker)) => {
                let Some(scenario) = picker.scenario(row) else {
                    return Vec::new();
                };
                self.dialogs.pop();
                return self.guide(scenario);
            }
            Some(Dialog::Predict(predict)) => {
                let answer = predict.clone().answer(row);
                self.dialogs.pop();
                if let (Some(tour), Some((about, picked, next))) = (&mut self.tour, answer) {
                    tour.predict(about, picked);
                    self.dialogs.extend(next.map(Dialog::Predict));
                }
                return Vec::new();
            }
            Some(Dialog::Forge(to, _)) => {
                let command = forge::choice(row, *to);
                self.dialogs.pop();
                return match command {
                    Some(command) => self.wire(&command),
                    None => Vec::new(),
                };
            }
            Some(Dialog::Help(_) | Dialog::Raw(_) | Dialog::Prompt(_) | Dialog::Segment(..) | Dialog::Compare(_))
            | None => return Vec::new(),
        };
        match change {
            None => Vec::new(),
            Some(HostChange::Now(command)) => {
                let (effects, root) = self.command(side, &command, now);
                self.read_after(side, root);
                effects
            }
            Some(HostChange::Typed(text)) => {
                // The old value is there to be typed over.
                self.dialogs.push(Dialog::Prompt(Prompt::replacing_last(text)));
                Vec::new()
            }
        }
    }

    /// The options, if they are shown, are read again once this command is over.
    fn read_after(&mut self, side: Side, root: Option<CallId>) {
        for dialog in &mut self.dialogs {
            if let Dialog::Options(options) = dialog
                && options.side == side
                && root.is_some()
            {
                options.setting = root;
            }
        }
    }
}

/// The names that the prompt proposes: those of both ends.
fn socket_names(session: &Session) -> Vec<&SocketName> {
    let mut names: Vec<&SocketName> = Side::BOTH
        .into_iter()
        .flat_map(|side| session.ends[side].sockets.iter().map(|socket| &socket.name))
        .collect();
    names.sort();
    names.dedup();
    names
}
