//! Effects of keys, mouse and wheel.

use super::*;

/// Does this key suspend the program, whatever is on the screen?
pub fn suspends(key: &KeyEvent) -> bool {
    key.kind != KeyEventKind::Release && key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('z')
}

impl App {
    /// Takes in what the user did.
    pub fn input(&mut self, input: &Input, now: MonoTime) -> Vec<Effect> {
        if let Input::Resize(width, height) = input {
            self.is_too_small = *width < LEAST.0 || *height < LEAST.1;
        }
        match input {
            // Nobody presses what is not on the screen.
            Input::Mouse(_) | Input::Paste(_) if self.is_too_small => Vec::new(),
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
            // All of it, also where the size is what it was: the terminal may have cut what stood there meanwhile.
            Input::Resize(..) => {
                self.stale = true;
                vec![Effect::Redraw]
            }
            Input::Key(_) | Input::FocusGained | Input::FocusLost => Vec::new(),
        }
    }

    pub(super) fn mouse(&mut self, mouse: MouseEvent, now: MonoTime) -> Vec<Effect> {
        let point = Position::new(mouse.column, mouse.row);
        self.stale |= self.pointing.move_to(point);
        match mouse.kind {
            MouseEventKind::Down(button) => {
                self.stale = true;
                self.status = None;
                let Some(action) = self.pointing.at(point) else {
                    return Vec::new();
                };
                match button {
                    MouseButton::Left => {
                        self.pointing.set_mark(None);
                        self.act(action, now)
                    }
                    MouseButton::Right => {
                        if let Some(text) = action.typed() {
                            self.dialogs.open(Prompt::editing(&text));
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
        match self.pointing.zone_at(point) {
            Some(Zone::Sockets(side)) => self.panes.details[side].scroll(lines),
            Some(Zone::Programs(side)) => self.panes.programs.scroll(&self.run.session, side, lines.signum()),
            Some(Zone::Diagram) => self.panes.wire.scroll(lines),
            Some(Zone::Log) => self.panes.log.scroll(lines),
            Some(Zone::Guide) => self.panes.guide.scroll(lines),
            Some(Zone::Dialog) => {
                self.of_dialogs(|dialogs, context| dialogs.scroll(lines, context));
            }
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
        if self.is_too_small {
            // What it would do, nobody sees.
            let quits = |button: &crate::command::spec::Button| {
                (button.command)(self.focus) == Command::Screen(ScreenCommand::Quit)
            };
            return match self.setup.keys.pressed(key).filter(|button| quits(button)) {
                Some(_) => self.act(Action::Screen(None, ScreenCommand::Quit), now),
                None => Vec::new(),
            };
        }
        // A picture of a dialog is taken without leaving it; a character may be meant for the dialog.
        if !matches!(key.code, KeyCode::Char(_) if plain)
            && let Some(button) = self.setup.keys.pressed(key)
            && (button.command)(self.focus) == Command::Screen(ScreenCommand::Screenshot)
        {
            return vec![Effect::Screenshot];
        }
        if !self.dialogs.is_empty() {
            let actions = self.of_dialogs(|dialogs, context| dialogs.key(key, context));
            return self.act_all(actions, now);
        }
        if self.beside.is_some() && key.code == KeyCode::Esc && plain {
            return self.leave_beside();
        }
        if let Some(button) = self.setup.keys.pressed(key) {
            return self.act((button.command)(self.focus).into(), now);
        }
        match key.code {
            _ if !plain => Vec::new(),
            KeyCode::Char(c @ ('1' | '2')) if self.beside.is_some() => {
                let of = |command| self.setup.keys.of_screen(command);
                let (next, back) = (of(ScreenCommand::TourNext), of(ScreenCommand::TourBack));
                let leave = of(ScreenCommand::TourLeave);
                self.say(format!(
                    "{c} is not a key here: {next} goes on, {back} goes back, {leave} leaves"
                ));
                Vec::new()
            }
            _ => self.plain_key(key, now),
        }
    }

    pub(super) fn plain_key(&mut self, key: KeyEvent, now: MonoTime) -> Vec<Effect> {
        let in_log = self.pointing.mark() == Some(&Action::LogLine(None));
        // The first button of the end that has the keys, rather than one of its sockets or blocked calls.
        let focus = self.focus;
        let first = |action: &Action| match action {
            Action::End(_, EndCommand::Use(Pick::Named(_)) | EndCommand::Interrupt(Some(_))) => false,
            Action::End(side, _) => *side == focus,
            _ => false,
        };
        match key.code {
            KeyCode::Char('1') => self.focus = Side::Client,
            KeyCode::Char('2') => self.focus = Side::Server,
            KeyCode::Char(' ') | KeyCode::Enter => {
                return match self.pointing.mark().cloned() {
                    Some(action) => self.act(action, now),
                    None => Vec::new(),
                };
            }
            KeyCode::Char(c) => {
                let help = self.setup.keys.of_screen(ScreenCommand::Help);
                self.status = Some(format!("{} is not a key here: {help} lists them", c.escape_debug()));
            }
            KeyCode::Tab => self.pointing.step(false, first),
            KeyCode::BackTab => self.pointing.step(true, first),
            KeyCode::Up if in_log => self.panes.log.select_by(-1),
            KeyCode::Down if in_log => self.panes.log.select_by(1),
            KeyCode::Up => self.pointing.go(ArrowDirection::Up, first),
            KeyCode::Down => self.pointing.go(ArrowDirection::Down, first),
            KeyCode::Left => self.pointing.go(ArrowDirection::Left, first),
            KeyCode::Right => self.pointing.go(ArrowDirection::Right, first),
            KeyCode::PageUp => self.panes.log.page(-1),
            KeyCode::PageDown => self.panes.log.page(1),
            KeyCode::Home => self.panes.log.home(),
            KeyCode::End => self.panes.log.end(),
            KeyCode::Esc if self.wait.is_some() => return self.end_the_wait(now),
            KeyCode::Esc if self.panes.presents => self.panes.presents = false,
            KeyCode::Esc if self.panes.zoom.is_some() => self.panes.zoom = None,
            KeyCode::Esc => self.pointing.set_mark(None),
            _ => {}
        }
        Vec::new()
    }
}
