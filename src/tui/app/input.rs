//! Effects of keys, mouse and wheel.

use super::*;

/// Does this key suspend the program, whatever is on the screen?
pub fn suspends(key: &KeyEvent) -> bool {
    key.kind != KeyEventKind::Release && key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('z')
}

impl App {
    /// Takes in what the user did.
    pub fn input(&mut self, input: &Input, now: MonoTime) -> Vec<Effect> {
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

    pub(super) fn mouse(&mut self, mouse: MouseEvent, now: MonoTime) -> Vec<Effect> {
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

    pub(super) fn wheel(&mut self, point: Position, lines: i64) -> Vec<Effect> {
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
    pub(super) fn turn(&mut self, lines: i64) {
        let moved = |at: usize, count: usize| at.saturating_add_signed(lines as isize).min(count.saturating_sub(1));
        match self.dialogs.last_mut() {
            Some(Dialog::Help(skip)) => *skip = skip.saturating_add_signed(lines as isize),
            Some(Dialog::Raw(raw)) => raw.down = raw.down.saturating_add_signed(lines as isize),
            Some(Dialog::Options(options)) => options.selected = moved(options.selected, SocketOption::ALL.len()),
            Some(Dialog::Host(_, selected)) => *selected = moved(*selected, host::rows(&self.session).count()),
            Some(Dialog::Rules(selected)) => *selected = moved(*selected, rules::rows(&self.session)),
            Some(Dialog::Picker(picker)) => picker.selected = moved(picker.selected, picker.found().len()),
            Some(Dialog::Predict(predict)) => predict.selected = moved(predict.selected, predict.choices.len()),
            Some(Dialog::Forge(_, selected)) => *selected = moved(*selected, forge::ROWS),
            Some(Dialog::Compare(compare)) => compare.skip = compare.skip.saturating_add_signed(lines as isize),
            Some(Dialog::Segment(_, skip)) => *skip = skip.saturating_add_signed(lines as isize),
            Some(Dialog::Why(why)) => why.turn(&self.session, lines),
            Some(Dialog::Prompt(_)) | None => {}
        }
    }

    pub(super) fn key(&mut self, key: KeyEvent, now: MonoTime) -> Vec<Effect> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let plain = !control && !key.modifiers.contains(KeyModifiers::ALT);
        if control && key.code == KeyCode::Char('c') {
            return vec![Effect::Leave(Exit::Signal(signal_hook::consts::SIGINT))];
        }
        if control && key.code == KeyCode::Char('l') {
            return vec![Effect::Redraw];
        }
        if suspends(&key) {
            return vec![Effect::Suspend];
        }
        // A terminal may send the character itself (CSI u): it is nobody's key, and nothing to type.
        if matches!(key.code, KeyCode::Char(c) if c.is_control()) {
            return Vec::new();
        }
        match self.dialogs.last_mut() {
            Some(Dialog::Prompt(prompt)) => {
                let names: Vec<&SocketName> = socket_names(&self.session);
                match prompt.key(key, self.focus, &names, &self.history) {
                    PromptPurpose::None => Vec::new(),
                    PromptPurpose::Close => {
                        self.dialogs.pop();
                        Vec::new()
                    }
                    PromptPurpose::Run(text) => self.typed(text, now),
                }
            }
            Some(_) if plain => self.dialog_key(key, now),
            None if plain => self.plain_key(key, now),
            Some(_) | None => Vec::new(),
        }
    }

    pub(super) fn dialog_key(&mut self, key: KeyEvent, now: MonoTime) -> Vec<Effect> {
        // What is typed is searched for.
        if let Some(Dialog::Picker(picker)) = self.dialogs.last_mut() {
            match key.code {
                KeyCode::Char(c) => {
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
                    Some(Dialog::Why(why)) => why.selected,
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
                    Some(Dialog::Why(_)) => ScreenCommand::Why,
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

    pub(super) fn plain_key(&mut self, key: KeyEvent, now: MonoTime) -> Vec<Effect> {
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
                let Some((_, button)) = table::pressed(c) else {
                    self.status = Some(format!("{} is not a key here: ? lists them", c.escape_debug()));
                    return Vec::new();
                };
                return self.act((button.command)(self.focus).into(), now);
            }
            KeyCode::Tab => self.step(false),
            KeyCode::BackTab => self.step(true),
            KeyCode::Up if in_log => self.log.select_by(-1),
            KeyCode::Down if in_log => self.log.select_by(1),
            KeyCode::Up => self.go(ArrowDirection::Up),
            KeyCode::Down => self.go(ArrowDirection::Down),
            KeyCode::Left => self.go(ArrowDirection::Left),
            KeyCode::Right => self.go(ArrowDirection::Right),
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
    pub(super) fn step(&mut self, backwards: bool) {
        let focus = self.focus;
        // Its first button, rather than one of its sockets or blocked calls.
        let mine = |action: &Action| match action {
            Action::End(_, EndCommand::Use(Pick::Named(_)) | EndCommand::Interrupt(Some(_))) => false,
            Action::End(side, _) => *side == focus,
            _ => false,
        };
        self.mark = self.hits.next(self.mark.as_ref(), backwards, mine);
    }

    /// Moves the mark to the nearest in a direction.
    pub(super) fn go(&mut self, toward: ArrowDirection) {
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
}
