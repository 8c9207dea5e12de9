//! The screen, drawn: panes by the map of areas, dialogs over them.

use super::*;

impl App {
    /// Draws all of it.
    pub fn draw(&mut self, frame: &mut Frame, now: MonoTime) {
        self.stale = false;
        let now = self.shown_time(now);
        let screen = frame.area();
        let pointed = self.pointing.pointed();
        let room = screen.width.saturating_sub(2);
        let hint =
            pointed.map(|action| crate::tui::hint::hint(action, &self.run.session, self.focus, room, &self.setup.keys));
        let theme = self.dialogs.theme().unwrap_or(self.setup.theme);
        let mut canvas = self.pointing.canvas(frame.buffer_mut(), theme, now);
        canvas.keys = &self.setup.keys;
        match self.panes.map(screen, &self.run) {
            Some(map) => {
                let reach = (!self.dialogs.is_empty()).then(|| canvas.out_of_reach());
                let mouse = self.mouse.note(&self.setup.keys);
                let status = self.status.as_deref().or(mouse.as_deref());
                match &self.beside {
                    Some(beside) => pane::beside::draw(&mut canvas, screen, beside, status),
                    None => {
                        let (run, hint) = (&self.run, hint.as_deref());
                        self.panes
                            .draw(&mut canvas, &map, run, self.focus, &self.shown, status, hint);
                    }
                }
                if let Some(reach) = reach {
                    canvas.reach(reach);
                }
                let context = Context::new(&self.run.session, self.focus, &self.history, &self.setup.keys);
                self.dialogs.draw(&mut canvas, screen, context);
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
