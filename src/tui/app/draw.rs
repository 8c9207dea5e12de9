//! The screen, drawn: panes by the map of areas, dialogs over them.

use super::*;
use crate::tui::hint::hint;

impl App {
    /// Draws all of it.
    pub fn draw(&mut self, frame: &mut Frame, now: MonoTime) {
        self.stale = false;
        let now = self.shown_time(now);
        let screen = frame.area();
        let theme = self.dialogs.theme().unwrap_or(self.setup.theme);
        let mut canvas = self.pointing.canvas(frame.buffer_mut(), theme, now);
        canvas.keys = &self.setup.keys;
        self.panes.asks = self.dialogs.asks_for_a_prediction();
        let map = self.panes.map(screen, &self.run);
        self.is_too_small = map.is_none();
        match map {
            Some(map) => {
                let covered = !self.dialogs.is_empty();
                let reach = covered.then(|| canvas.out_of_reach());
                let mouse = self.mouse.note(&self.setup.keys);
                let waits = self.wait.as_ref().map(|wait| wait.words(now));
                let status = self.status.as_deref().or(waits.as_deref()).or(mouse.as_deref());
                match &self.beside {
                    Some(beside) => pane::beside::draw(&mut canvas, screen, beside, status),
                    None => {
                        self.panes
                            .draw(&mut canvas, &map, &self.run, self.focus, &self.shown, status);
                    }
                }
                if let Some(reach) = reach {
                    canvas.reach(reach);
                }
                let context = Context::new(
                    &self.run.session,
                    self.focus,
                    &self.history,
                    &self.setup.keys,
                    &self.panes.programs,
                );
                let has_hint = self.beside.is_none() && !self.panes.presents;
                if has_hint {
                    // What a dialog covers, it covers.
                    pane::hint::draw_hands(&mut canvas, map.hint);
                }
                self.dialogs.draw(&mut canvas, screen, context);
                if has_hint {
                    let room = screen.width.saturating_sub(2);
                    let (session, keys) = (&self.run.session, &self.setup.keys);
                    let tour = self.run.tour.as_ref();
                    let hint = canvas.pointed().map(|action| {
                        match action {
                            Action::Item(item) => self.dialogs.hint(*item),
                            Action::Screen(_, command) => App::needs_the_path(tour, *command, keys),
                            _ => None,
                        }
                        .unwrap_or_else(|| hint(action, session, self.focus, room, keys))
                    });
                    let recording = self.run.replay.as_ref().map(|_| pane::replay_bar::keys(keys));
                    let hint = hint.as_deref().or(recording.as_deref());
                    pane::hint::draw(&mut canvas, map.hint, status, hint, covered);
                }
            }
            None => {
                let (width, height) = LEAST;
                let text = format!(
                    "finwait needs {width}x{height}, this is {}x{}",
                    screen.width, screen.height
                );
                for (line, y) in crate::text::wrap(&text, usize::from(screen.width))
                    .iter()
                    .zip(screen.y..screen.bottom())
                {
                    canvas.put(screen.x, y, screen.right(), line, theme.text());
                }
            }
        }
        canvas.lay_ground();
        if let Some(cursor) = canvas.cursor {
            frame.set_cursor_position(cursor);
        }
    }
}
