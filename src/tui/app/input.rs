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
                self.stale |= !self.dialogs.is_empty();
                self.dialogs.paste(text);
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
                            self.dialogs.open(Prompt::new(text));
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
            Some(Zone::Dialog) => self.dialogs.scroll(lines, context!(self)),
            None => {}
        }
        Vec::new()
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
        if !self.dialogs.is_empty() {
            let actions = self.dialogs.key(key, context!(self));
            return self.all(actions, now);
        }
        if plain { self.plain_key(key, now) } else { Vec::new() }
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
