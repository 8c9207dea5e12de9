//! The screen's state: input goes in and effects come out, what happened in the lab goes in and the picture changes.
//!
//! No clock, no terminal and no lab here, so that a test can play all three.

use crossterm::event::{
    Event as Input, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use super::Exit;
use super::canvas::Canvas;
use super::dialog::branch::Compare;
use super::dialog::host::{self, Change};
use super::dialog::options::Options;
use super::dialog::picker::Picker;
use super::dialog::predict::Predict;
use super::dialog::prompt::{Prompt, Wish};
use super::dialog::raw::Raw;
use super::dialog::{Dialog, forge, help, rules, segment};
use super::hit::{Action, Hits, Toward, Zone};
use super::layout::{self, LEAST, Pane};
use super::pane::diagram::Diagram;
use super::pane::log::Log;
use super::pane::{answer, buttons, guide, header, sockets, states, wire_bar};
use super::theme::Theme;
use super::tour::Tour;
use crate::call::{CallId, SocketName, SocketOption};
use crate::clock::Stamp;
use crate::command::wire::{Target, WireCommand};
use crate::command::{Command, EndCommand, Pick, ScreenCommand, parse, table};
use crate::host::Setting;
use crate::lab::event::{Event, Happening, Request};
use crate::scenario::branch::{Branch, Grown};
use crate::scenario::record::Recorder;
use crate::session::edges::Coverage;
use crate::session::transcript::What;
use crate::session::{Issued, LabKind, Refusal, Session};
use crate::side::{Ends, Side};
use crate::wire::flow::PacketNo;

/// How many typed commands are remembered.
const HISTORY: usize = 200;
/// How many lines a turn of the wheel is.
const WHEEL: i64 = 3;

/// What the screen wants done outside of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask the lab.
    Lab(Request),
    /// Put text on the clipboard.
    Copy(String),
    /// Draw all of it anew: something else has written on the terminal.
    Redraw,
    /// Run both, and hand what comes of them to [`App::grown`].
    Grow(Branch),
    /// Make a fresh lab in place of this one, and hand its session to [`App::restart`].
    Fresh(Fresh),
    /// Write a file of this name, or of one like it that is not there yet: its text.
    Save(String, String),
    /// Leave.
    Leave(Exit),
}

/// What a fresh lab must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fresh {
    /// It needs the wire.
    pub isolated: bool,
    /// It is about IPv6.
    pub ipv6: bool,
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

    /// What came of two runs that were to be compared.
    pub fn grown(&mut self, grown: Grown) {
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
    pub fn look_at(&self) -> Option<Stamp> {
        self.tour.as_ref().and_then(Tour::look_at)
    }

    /// The tour goes on as far as it can.
    pub fn go_on(&mut self, now: Stamp) -> Vec<Effect> {
        let Some(tour) = &mut self.tour else {
            return Vec::new();
        };
        let before = tour.at();
        let requests = tour.go_on(&mut self.session, &mut self.recorder, now);
        self.stale |= tour.at() != before;
        requests.into_iter().map(Effect::Lab).collect()
    }

    /// What it shows.
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// What can be pressed on the frame drawn last.
    pub const fn hits(&self) -> &Hits {
        &self.hits
    }

    /// Has anything changed since the last frame?
    pub const fn is_stale(&self) -> bool {
        self.stale
    }

    /// A clock or a countdown has moved on.
    pub const fn tick(&mut self) {
        self.stale = true;
    }

    /// Takes in what happened in the lab.
    pub fn absorb(&mut self, event: Event) -> Vec<Effect> {
        let at = event.at;
        // Quiet is no news, unless it is what a comparison waited for.
        self.stale |= event.what != Happening::Quiet || self.session.compares_when_quiet();
        let quiet = event.what == Happening::Quiet;
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

    /// Takes in what the user did.
    pub fn input(&mut self, input: &Input, now: Stamp) -> Vec<Effect> {
        match input {
            Input::Key(key) if key.kind != KeyEventKind::Release => {
                self.stale = true;
                self.status = None;
                self.key(*key, now)
            }
            Input::Mouse(mouse) => self.mouse(*mouse, now),
            Input::Paste(text) => {
                if let Some(Dialog::Prompt(prompt)) = self.dialogs.last_mut() {
                    prompt.paste(text);
                    self.stale = true;
                }
                Vec::new()
            }
            Input::Resize(..) => {
                self.stale = true;
                Vec::new()
            }
            Input::Key(_) | Input::FocusGained | Input::FocusLost => Vec::new(),
        }
    }

    fn mouse(&mut self, mouse: MouseEvent, now: Stamp) -> Vec<Effect> {
        let point = Position::new(mouse.column, mouse.row);
        let hover = |point: Option<Position>| {
            let action = point.and_then(|point| self.hits.at(point));
            // Only these look different under the pointer.
            action.filter(|action| !matches!(action, Action::LogLine(_) | Action::Back | Action::Nothing))
        };
        self.stale |= hover(self.pointer) != hover(Some(point));
        self.pointer = Some(point);
        match mouse.kind {
            MouseEventKind::Down(button) => {
                self.stale = true;
                self.status = None;
                let Some(action) = self.hits.at(point).cloned() else {
                    return Vec::new();
                };
                match button {
                    MouseButton::Left => {
                        self.mark = None;
                        self.act(action, now)
                    }
                    MouseButton::Right => {
                        if let Some(text) = action.typed() {
                            self.prompt(text);
                        }
                        Vec::new()
                    }
                    MouseButton::Middle => Vec::new(),
                }
            }
            MouseEventKind::ScrollUp => self.wheel(point, -WHEEL),
            MouseEventKind::ScrollDown => self.wheel(point, WHEEL),
            MouseEventKind::Up(_)
            | MouseEventKind::Drag(_)
            | MouseEventKind::Moved
            | MouseEventKind::ScrollLeft
            | MouseEventKind::ScrollRight => Vec::new(),
        }
    }

    fn wheel(&mut self, point: Position, lines: i64) -> Vec<Effect> {
        self.stale = true;
        match self.hits.zone_at(point) {
            Some(Zone::Sockets(side)) => {
                // Drawing clamps it to what there is.
                self.skips[side] = self.skips[side].saturating_add_signed(lines as isize);
            }
            Some(Zone::Diagram) => {
                let range = self.diagram.range();
                self.diagram.scroll.by(range, lines);
            }
            Some(Zone::Log) => self.log.scroll(lines),
            Some(Zone::Dialog) => self.turn(lines),
            None => {}
        }
        Vec::new()
    }

    /// Scrolls the dialog on top, or moves its selection.
    fn turn(&mut self, lines: i64) {
        let moved = |at: usize, count: usize| at.saturating_add_signed(lines as isize).min(count.saturating_sub(1));
        match self.dialogs.last_mut() {
            Some(Dialog::Help(skip)) => *skip = skip.saturating_add_signed(lines as isize),
            Some(Dialog::Raw(raw)) => raw.down = raw.down.saturating_add_signed(lines as isize),
            Some(Dialog::Options(options)) => options.selected = moved(options.selected, SocketOption::ALL.len()),
            Some(Dialog::Host(_, selected)) => *selected = moved(*selected, Setting::ALL.len()),
            Some(Dialog::Rules(selected)) => *selected = moved(*selected, rules::rows(&self.session)),
            Some(Dialog::Picker(picker)) => picker.selected = moved(picker.selected, picker.found().len()),
            Some(Dialog::Predict(predict)) => predict.selected = moved(predict.selected, predict.choices.len()),
            Some(Dialog::Forge(_, selected)) => *selected = moved(*selected, forge::ROWS),
            Some(Dialog::Compare(compare)) => compare.skip = compare.skip.saturating_add_signed(lines as isize),
            Some(Dialog::Segment(_, skip)) => *skip = skip.saturating_add_signed(lines as isize),
            Some(Dialog::Prompt(_)) | None => {}
        }
    }

    fn key(&mut self, key: KeyEvent, now: Stamp) -> Vec<Effect> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if control && key.code == KeyCode::Char('c') {
            return vec![Effect::Leave(Exit::Signal(signal_hook::consts::SIGINT))];
        }
        if control && key.code == KeyCode::Char('l') {
            return vec![Effect::Redraw];
        }
        match self.dialogs.last_mut() {
            Some(Dialog::Prompt(prompt)) => {
                let names: Vec<&SocketName> = socket_names(&self.session);
                match prompt.key(key, self.focus, &names, &self.history) {
                    Wish::None => Vec::new(),
                    Wish::Close => {
                        self.dialogs.pop();
                        Vec::new()
                    }
                    Wish::Run(text) => self.typed(text, now),
                }
            }
            Some(_) => self.dialog_key(key, now),
            None if control || key.modifiers.contains(KeyModifiers::ALT) => Vec::new(),
            None => self.plain_key(key, now),
        }
    }

    fn dialog_key(&mut self, key: KeyEvent, now: Stamp) -> Vec<Effect> {
        // What is typed is searched for.
        if let Some(Dialog::Picker(picker)) = self.dialogs.last_mut() {
            match key.code {
                KeyCode::Char(c) if !key.modifiers.contains(KeyModifiers::CONTROL) => {
                    picker.search.push(c);
                    return Vec::new();
                }
                KeyCode::Backspace => {
                    picker.search.pop();
                    return Vec::new();
                }
                _ => {}
            }
        }
        const PAGE: i64 = 10;
        const FAR: i64 = 1 << 20;
        let across = |app: &mut App, columns: isize| {
            if let Some(Dialog::Raw(raw)) = app.dialogs.last_mut() {
                raw.across = raw.across.saturating_add_signed(columns);
            }
        };
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') => {
                self.dialogs.pop();
            }
            KeyCode::Up | KeyCode::BackTab => self.turn(-1),
            KeyCode::Down | KeyCode::Tab => self.turn(1),
            KeyCode::PageUp => self.turn(-PAGE),
            KeyCode::PageDown | KeyCode::Char(' ') => self.turn(PAGE),
            KeyCode::Home => self.turn(-FAR),
            KeyCode::End => self.turn(FAR),
            KeyCode::Left => across(self, -8),
            KeyCode::Right => across(self, 8),
            KeyCode::Enter => {
                let row = match self.dialogs.last() {
                    Some(Dialog::Options(options)) => options.selected,
                    Some(Dialog::Picker(picker)) => picker.selected,
                    Some(Dialog::Predict(predict)) => predict.selected,
                    Some(Dialog::Host(_, selected) | Dialog::Rules(selected) | Dialog::Forge(_, selected)) => *selected,
                    _ => return Vec::new(),
                };
                return self.row(row, now);
            }
            KeyCode::Delete | KeyCode::Backspace => {
                if let Some(Dialog::Rules(row)) = self.dialogs.last()
                    && let Some(command) = rules::remove(&self.session, *row)
                {
                    return self.wire(&command);
                }
            }
            KeyCode::Char(c @ ('1' | '2')) if matches!(self.dialogs.last(), Some(Dialog::Forge(..))) => {
                if let Some(Dialog::Forge(to, _)) = self.dialogs.last_mut() {
                    *to = if c == '1' { Side::Client } else { Side::Server };
                }
            }
            KeyCode::Char(c) => {
                // The key that opened a dialog closes it.
                let open = match self.dialogs.last() {
                    Some(Dialog::Help(_)) => ScreenCommand::Help,
                    Some(Dialog::Options(_)) => ScreenCommand::OptionsDialog,
                    Some(Dialog::Host(..)) => ScreenCommand::HostSettings,
                    Some(Dialog::Raw(_)) => ScreenCommand::RawRows,
                    Some(Dialog::Rules(_)) => ScreenCommand::WireRules,
                    Some(Dialog::Forge(..)) => ScreenCommand::ForgeDialog,
                    Some(
                        Dialog::Prompt(_)
                        | Dialog::Segment(..)
                        | Dialog::Picker(_)
                        | Dialog::Predict(_)
                        | Dialog::Compare(_),
                    )
                    | None => return Vec::new(),
                };
                if table::of_screen(open).buttons.iter().any(|button| button.key == c) {
                    self.dialogs.pop();
                }
            }
            _ => {}
        }
        Vec::new()
    }

    fn plain_key(&mut self, key: KeyEvent, now: Stamp) -> Vec<Effect> {
        let in_log = self.mark == Some(Action::LogLine(None));
        match key.code {
            KeyCode::Char('1') => self.focus = Side::Client,
            KeyCode::Char('2') => self.focus = Side::Server,
            KeyCode::Char(' ') | KeyCode::Enter => {
                return match self.mark.clone() {
                    Some(action) => self.act(action, now),
                    None => Vec::new(),
                };
            }
            KeyCode::Char(c) => {
                let Some((spec, button)) = table::pressed(c) else {
                    self.status = Some(format!("{} is no key here: ? lists them", c.escape_debug()));
                    return Vec::new();
                };
                return if spec.group == table::Group::Wire {
                    match wire_bar::pressed(spec, button) {
                        Some(action) => self.act(action, now),
                        None => Vec::new(),
                    }
                } else if spec.is_screen() {
                    match parse::parse(spec.name, None) {
                        Ok(Command::Screen(command)) => self.screen(command, now),
                        Ok(Command::End(..) | Command::Wire(_)) | Err(_) => Vec::new(),
                    }
                } else {
                    self.act(Action::Press(self.focus, c), now)
                };
            }
            KeyCode::Tab => self.step(false),
            KeyCode::BackTab => self.step(true),
            KeyCode::Up if in_log => self.log.select_by(-1),
            KeyCode::Down if in_log => self.log.select_by(1),
            KeyCode::Up => self.go(Toward::Up),
            KeyCode::Down => self.go(Toward::Down),
            KeyCode::Left => self.go(Toward::Left),
            KeyCode::Right => self.go(Toward::Right),
            KeyCode::PageUp => self.log.page(-1),
            KeyCode::PageDown => self.log.page(1),
            KeyCode::Home => self.log.home(),
            KeyCode::End => self.log.end(),
            KeyCode::Esc if self.zoom.is_some() => self.zoom = None,
            KeyCode::Esc => self.mark = None,
            _ => {}
        }
        Vec::new()
    }

    /// Moves the mark in the order of drawing.
    fn step(&mut self, backwards: bool) {
        let focus = self.focus;
        let mine = |action: &Action| matches!(action, Action::Press(side, _) if *side == focus);
        self.mark = self.hits.next(self.mark.as_ref(), backwards, mine);
    }

    /// Moves the mark to the nearest in a direction.
    fn go(&mut self, toward: Toward) {
        match &self.mark {
            None => self.step(false),
            Some(mark) => match self.hits.toward(mark, toward) {
                Some(action) => self.mark = Some(action),
                // What was marked may be gone from the screen.
                None if !self.hits.all().iter().any(|hit| hit.action == *mark) => {
                    self.mark = None;
                    self.step(false);
                }
                None => {}
            },
        }
    }

    /// Does what a press does.
    fn act(&mut self, action: Action, now: Stamp) -> Vec<Effect> {
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
                match row {
                    Some(row) => self.log.select(row),
                    None => self.log.select_by(0),
                }
                Vec::new()
            }
            Action::Wire(command) => self.wire(&command),
            Action::Segment(entry) => {
                let no = match self.session.transcript.entry(entry).map(|entry| &entry.what) {
                    Some(What::Packet(passage)) => Some(passage.no),
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
            Action::Row(row) => {
                match self.dialogs.last_mut() {
                    Some(Dialog::Options(options)) => options.selected = row,
                    Some(Dialog::Picker(picker)) => picker.selected = row,
                    Some(Dialog::Predict(predict)) => predict.selected = row,
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

    /// Presses a row of the dialog on top.
    fn row(&mut self, row: usize, now: Stamp) -> Vec<Effect> {
        let (side, change) = match self.dialogs.last() {
            Some(Dialog::Options(options)) => (options.side, options.change(&self.session, row)),
            Some(Dialog::Host(side, _)) => (*side, host::change(&self.session, *side, row)),
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
                let fresh = Fresh {
                    isolated: scenario.isolated,
                    ipv6: scenario.ipv6,
                };
                self.tour = Some(Tour::new(scenario));
                return vec![Effect::Fresh(fresh)];
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
            Some(Change::Now(command)) => {
                let (effects, root) = self.command(side, &command, now);
                self.read_after(side, root);
                effects
            }
            Some(Change::Typed(text)) => {
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

    fn prompt(&mut self, text: String) {
        if matches!(self.dialogs.last(), Some(Dialog::Prompt(_))) {
            self.dialogs.pop();
        }
        self.dialogs.push(Dialog::Prompt(Prompt::new(text)));
    }

    /// Runs what was typed; a mistake leaves the prompt open.
    fn typed(&mut self, text: String, now: Stamp) -> Vec<Effect> {
        if text.trim().is_empty() {
            self.dialogs.pop();
            return Vec::new();
        }
        let command = match parse::parse(&text, Some(self.focus)) {
            Ok(command) => command,
            Err(error) => {
                if let Some(Dialog::Prompt(prompt)) = self.dialogs.last_mut() {
                    prompt.complain(error);
                }
                return Vec::new();
            }
        };
        let branches = matches!(self.dialogs.last(), Some(Dialog::Prompt(prompt)) if prompt.branches);
        self.dialogs.pop();
        if let (true, Some(tour)) = (branches, &self.tour) {
            let branch = Branch::new(tour.scenario(), tour.at(), command);
            self.dialogs.push(Dialog::Compare(Compare {
                branch: branch.clone(),
                grown: None,
                skip: 0,
            }));
            return vec![Effect::Grow(branch)];
        }
        if self.history.last() != Some(&text) {
            self.history.push(text);
            if self.history.len() > HISTORY {
                self.history.remove(0);
            }
        }
        match command {
            Command::End(side, command) => {
                let (effects, root) = self.command(side, &command, now);
                self.read_after(side, root);
                effects
            }
            Command::Wire(command) => self.wire(&command),
            Command::Screen(command) => self.screen(command, now),
        }
    }

    /// The packet on the wire that the keys act on: the one that the user chose, else the oldest that waits for them.
    fn chosen(&self) -> Option<PacketNo> {
        let held = &self.session.wire.held;
        let oldest = || held.iter().find(|(_, held)| held.due.is_none()).map(|(no, _)| *no);
        self.chosen.filter(|no| held.contains_key(no)).or_else(oldest)
    }

    /// Chooses the packet on the wire before or after the chosen one.
    fn choose(&mut self, after: bool) {
        let all: Vec<PacketNo> = self.session.wire.held.keys().copied().collect();
        let Some(chosen) = self.chosen().or(all.first().copied()) else {
            self.status = Some("nothing stands on the wire: step holds what comes".into());
            return;
        };
        let at = all.iter().position(|no| *no == chosen).unwrap_or(0);
        let to = if after {
            (at + 1).min(all.len() - 1)
        } else {
            at.saturating_sub(1)
        };
        self.chosen = Some(all[to]);
        self.diagram.show(all[to]);
    }

    /// Has the wire do something; the oldest means the chosen one.
    fn wire(&mut self, command: &WireCommand) -> Vec<Effect> {
        let mut command = command.clone();
        if let WireCommand::Deliver(target)
        | WireCommand::Drop(target)
        | WireCommand::Duplicate(target)
        | WireCommand::Delay(target, _) = &mut command
            && *target == Target::Next
            && let Some(no) = self.chosen()
        {
            *target = Target::One(no);
        }
        self.recorder.settle(&self.session);
        let before = self.session.transcript.last();
        let issued = self.session.wire(&command);
        if issued.is_ok() {
            self.recorder
                .issued(&self.session, &Command::Wire(command), None, before);
        }
        self.issue(issued).0
    }

    /// Has the session carry out a command; a refusal is shown.
    fn command(&mut self, side: Side, command: &EndCommand, now: Stamp) -> (Vec<Effect>, Option<CallId>) {
        // What came of the command before is what can be seen now.
        self.recorder.settle(&self.session);
        let before = self.session.transcript.last();
        let issued = self.session.command(side, command, now);
        if let Ok(issued) = &issued {
            let command = Command::End(side, command.clone());
            self.recorder.issued(&self.session, &command, issued.root, before);
        }
        self.issue(issued)
    }

    fn issue(&mut self, issued: Result<Issued, Refusal>) -> (Vec<Effect>, Option<CallId>) {
        match issued {
            Ok(issued) => (issued.requests.into_iter().map(Effect::Lab).collect(), issued.root),
            Err(refusal) => {
                self.status = Some(refusal.to_string());
                (Vec::new(), None)
            }
        }
    }

    fn screen(&mut self, command: ScreenCommand, now: Stamp) -> Vec<Effect> {
        let side = self.focus;
        match command {
            ScreenCommand::Quit => return vec![Effect::Leave(Exit::Quit)],
            ScreenCommand::Help => self.dialogs.push(Dialog::Help(0)),
            ScreenCommand::Prompt => self.prompt(String::new()),
            ScreenCommand::OtherEnd => self.focus = side.other(),
            ScreenCommand::HostSettings => self.dialogs.push(Dialog::Host(side, 0)),
            ScreenCommand::OptionsDialog => {
                let options = Options {
                    side,
                    socket: self.session.ends[side].current.clone(),
                    selected: 0,
                    setting: None,
                };
                let issued = self.session.look(side, options.socket.clone(), now);
                self.dialogs.push(Dialog::Options(options));
                return self.issue(issued).0;
            }
            ScreenCommand::RawRows => self.dialogs.push(Dialog::Raw(Raw {
                side,
                down: 0,
                across: 0,
            })),
            ScreenCommand::Edit => {
                let typed = self.mark.as_ref().and_then(Action::typed);
                self.prompt(typed.unwrap_or_else(|| format!("{side} ")));
            }
            ScreenCommand::More => self.pages[side] = self.pages[side].wrapping_add(1),
            ScreenCommand::Scenarios => match Picker::open() {
                Ok(picker) => self.dialogs.push(Dialog::Picker(picker)),
                Err(why) => self.status = Some(why),
            },
            ScreenCommand::TourNext
            | ScreenCommand::TourEnd
            | ScreenCommand::TourBack
            | ScreenCommand::Predict
            | ScreenCommand::Branch
            | ScreenCommand::TourLeave => return self.tour_command(command, now),
            ScreenCommand::Record => {
                if self.recorder.is_empty() {
                    self.status = Some("nothing was done yet that could be written down".into());
                } else {
                    let text = self.recorder.file(&self.session, "Recorded by hand");
                    return vec![Effect::Save("recorded".into(), text)];
                }
            }
            ScreenCommand::WireRules => self.dialogs.push(Dialog::Rules(0)),
            ScreenCommand::ForgeDialog => self.dialogs.push(Dialog::Forge(side, 0)),
            ScreenCommand::HeldBefore => self.choose(false),
            ScreenCommand::HeldAfter => self.choose(true),
            ScreenCommand::States => {
                self.states = !self.states;
                // It is to be seen.
                self.zoom = self.zoom.map(|_| Pane::Middle);
            }
            ScreenCommand::Zoom => {
                self.zoom = match self.zoom {
                    None => Some(Pane::Middle),
                    Some(Pane::Middle) => Some(Pane::End),
                    Some(Pane::End) => Some(Pane::Log),
                    Some(Pane::Log) => None,
                };
                if self.zoom.is_some() {
                    self.status = Some("z: the next pane, Esc: all of them".into());
                }
            }
            ScreenCommand::LogFilter => self.log.next_filter(),
            ScreenCommand::LogFollow => self.log.toggle_follow(),
            ScreenCommand::CopyLine => {
                if let Some(text) = self.log.selected_text(&self.session.transcript) {
                    self.status = Some(format!("copied: {text}"));
                    return vec![Effect::Copy(text)];
                }
                self.status = Some("there is no line to copy".into());
            }
        }
        Vec::new()
    }

    /// What the guide's buttons do.
    fn tour_command(&mut self, command: ScreenCommand, now: Stamp) -> Vec<Effect> {
        let Some(tour) = &mut self.tour else {
            self.status = Some("there is no guide: scenarios offers some".into());
            return Vec::new();
        };
        match command {
            ScreenCommand::TourNext => tour.next(),
            ScreenCommand::TourEnd => tour.to_the_end(),
            ScreenCommand::TourBack => {
                let to = tour.at().saturating_sub(1);
                let scenario = tour.scenario();
                let fresh = Fresh {
                    isolated: scenario.isolated,
                    ipv6: scenario.ipv6,
                };
                self.tour = Some(tour.again(to));
                return vec![Effect::Fresh(fresh)];
            }
            ScreenCommand::Branch => {
                match tour.step().and_then(|step| step.action.as_ref()) {
                    Some(action) => {
                        let mut prompt = Prompt::new(action.text.clone());
                        prompt.branches = true;
                        self.dialogs.push(Dialog::Prompt(prompt));
                    }
                    None => self.status = Some("the next step does nothing that could be changed".into()),
                }
                return Vec::new();
            }
            ScreenCommand::Predict => {
                let action = tour.step().and_then(|step| step.action.as_ref());
                let predict = action
                    .filter(|_| !tour.goes_on())
                    .and_then(|action| Predict::new(action.text.clone(), tour.expects()));
                match predict {
                    Some(predict) => self.dialogs.push(Dialog::Predict(predict)),
                    None => self.status = Some("of the next step there is nothing to predict".into()),
                }
                return Vec::new();
            }
            _ => {
                self.tour = None;
                self.status = Some("on your own now: the sockets stand as the guide left them".into());
                return Vec::new();
            }
        }
        self.go_on(now)
    }

    /// Draws all of it.
    pub fn draw(&mut self, frame: &mut Frame, now: Stamp) {
        self.stale = false;
        let screen = frame.area();
        let mut hits = std::mem::take(&mut self.hits);
        let mut canvas = Canvas::new(
            frame.buffer_mut(),
            &mut hits,
            self.theme,
            now,
            self.pointer,
            self.mark.clone(),
        );
        let reason = header::reason(&self.session);
        match layout::map(screen, self.focus, reason.is_some(), self.tour.is_some()) {
            Some(map) => {
                let map = self.zoom.map_or(map, |pane| map.zoomed(pane, self.focus));
                let reach = (!self.dialogs.is_empty()).then(|| canvas.out_of_reach());
                self.base(&mut canvas, &map, reason.as_deref());
                if let Some(reach) = reach {
                    canvas.reach(reach);
                }
                self.top(&mut canvas, screen);
            }
            None => {
                let (width, height) = LEAST;
                let text = format!(
                    "finwait needs {width}x{height}, this is {}x{}",
                    screen.width, screen.height
                );
                for (line, y) in super::canvas::wrap(&text, usize::from(screen.width))
                    .iter()
                    .zip(screen.y..screen.bottom())
                {
                    canvas.put(screen.x, y, screen.right(), line, self.theme.text());
                }
            }
        }
        let cursor = canvas.cursor;
        self.hits = hits;
        if let Some(cursor) = cursor {
            frame.set_cursor_position(cursor);
        }
    }

    /// The screen without its dialogs.
    fn base(&mut self, canvas: &mut Canvas, map: &layout::Map, reason: Option<&str>) {
        let session = &self.session;
        // What has lost its place to a zoomed pane, or has none in three columns.
        let also: &[ScreenCommand] = match (self.zoom, map.other) {
            (Some(Pane::End | Pane::Log), _) => &[ScreenCommand::Zoom, ScreenCommand::OtherEnd],
            (Some(Pane::Middle), _) | (None, None) => &[ScreenCommand::OtherEnd],
            (None, Some(_)) => &[],
        };
        header::draw(canvas, map.header, session, self.focus, also);
        if let (Some(area), Some(reason)) = (map.reason, reason) {
            let style = self.theme.strong();
            canvas.put_cut(area.x + 1, area.y, area.right(), reason, style);
        }
        if let Some(area) = map.other {
            sockets::one_line(canvas, area, session, self.focus.other());
        }
        for (side, area) in map.ends.iter() {
            let Some(area) = *area else { continue };
            let titles = sockets::title_lines(session, side);
            let wanted = layout::Wanted {
                title: titles,
                sockets: sockets::lines_wanted(session, side, area.width, canvas.now),
                answer: answer::lines_wanted(session, side, area.width),
                buttons: buttons::rows_wanted(area.width),
            };
            let column = layout::column(area, wanted);
            canvas.hits.add(area, Action::Focus(side), false);
            sockets::title(canvas, column.title, session, side, side == self.focus);
            // Another current socket comes into sight; otherwise the list stays where the wheel left it.
            let find = self.found[side] != session.ends[side].current;
            if find {
                self.found[side].clone_from(&session.ends[side].current);
            }
            self.skips[side] = sockets::draw(canvas, column.sockets, session, side, self.skips[side], find);
            if let Some(rule) = column.rule {
                answer::rule(canvas, rule, session, side);
            }
            answer::draw(canvas, column.answer, session, side);
            buttons::draw(canvas, column.buttons, side, self.pages[side]);
            let bar = match side {
                Side::Client => area.right(),
                Side::Server => area.x.saturating_sub(1),
            };
            if self.zoom.is_none() {
                canvas.bar(bar, area.y, area.bottom());
            }
        }
        self.diagram.update(&session.transcript);
        let chosen = self.chosen();
        let wanted = match self.session.lab.kind {
            LabKind::Isolated => wire_bar::rows_wanted(&self.session, map.diagram.width),
            LabKind::Loopback(_) => 0,
        };
        let (picture, bar) = layout::diagram(map.diagram, wanted);
        self.coverage.update(&self.session.transcript);
        if self.states {
            states::draw(canvas, picture, &self.session, &self.coverage);
        } else {
            self.diagram.draw(canvas, picture, &self.session, self.focus, chosen);
        }
        wire_bar::draw(canvas, bar, &self.session);
        self.log.update(&session.transcript);
        match &self.tour {
            // Zoomed, it is the log that is wanted.
            Some(tour) if self.zoom.is_none() => guide::draw(canvas, map.log, tour),
            _ => self.log.draw(canvas, map.log, &session.transcript),
        }
        header::status(canvas, map.status, self.status.as_deref());
    }

    /// The dialogs, of which only the topmost can be reached.
    fn top(&mut self, canvas: &mut Canvas, screen: Rect) {
        let count = self.dialogs.len();
        let names = socket_names(&self.session);
        for (nth, dialog) in self.dialogs.iter_mut().enumerate() {
            let reach = (nth + 1 < count).then(|| canvas.out_of_reach());
            canvas.hits.cover(screen);
            match dialog {
                Dialog::Help(skip) => *skip = (*skip).min(help::draw(canvas, screen, *skip)),
                Dialog::Prompt(prompt) => prompt.draw(canvas, screen, self.focus, &names),
                Dialog::Options(options) => options.draw(canvas, screen, &self.session),
                Dialog::Host(side, selected) => host::draw(canvas, screen, &self.session, *side, *selected),
                Dialog::Raw(raw) => raw.draw(canvas, screen, &self.session),
                Dialog::Segment(entry, skip) => {
                    *skip = (*skip).min(segment::draw(canvas, screen, &self.session, *entry, *skip));
                }
                Dialog::Compare(compare) => compare.draw(canvas, screen),
                Dialog::Picker(picker) => picker.draw(canvas, screen),
                Dialog::Predict(predict) => predict.draw(canvas, screen),
                Dialog::Rules(selected) => {
                    *selected = (*selected).min(rules::rows(&self.session).saturating_sub(1));
                    rules::draw(canvas, screen, &self.session, *selected);
                }
                Dialog::Forge(to, selected) => forge::draw(canvas, screen, &self.session, *to, *selected),
            }
            if let Some(reach) = reach {
                canvas.reach(reach);
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
