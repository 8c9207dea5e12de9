//! The screen, drawn: panes by the map of where things stand, dialogs over them.

use super::*;

impl App {
    /// Draws all of it.
    pub fn draw(&mut self, frame: &mut Frame, now: MonoTime) {
        self.stale = false;
        let now = self.shown_time(now);
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
        let line = reason.is_some() || self.replay.is_some();
        match layout::map(screen, self.focus, line, self.tour.is_some()) {
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
                for (line, y) in crate::text::wrap(&text, usize::from(screen.width))
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
    pub(super) fn base(&mut self, canvas: &mut Canvas, map: &layout::ScreenLayout, reason: Option<&str>) {
        let session = &self.session;
        // What has lost its place to a zoomed pane, or has none in three columns.
        let also: &[ScreenCommand] = match (self.zoom, map.other) {
            (Some(Pane::End | Pane::Log), _) => &[ScreenCommand::Zoom, ScreenCommand::OtherEnd],
            (Some(Pane::Middle), _) | (None, None) => &[ScreenCommand::OtherEnd],
            (None, Some(_)) => &[],
        };
        header::draw(canvas, map.header, session, self.focus, also);
        if let (Some(area), Some(replay)) = (map.reason, &self.replay) {
            replay_bar::draw(canvas, area, replay);
        } else if let (Some(area), Some(reason)) = (map.reason, reason) {
            let style = self.theme.strong();
            canvas.put_cut(area.x + 1, area.y, area.right(), reason, style);
        }
        if let Some(area) = map.other {
            sockets::one_line(canvas, area, session, self.focus.other());
        }
        for (side, area) in map.ends.iter() {
            let Some(area) = *area else { continue };
            let titles = sockets::title_lines(session, side);
            let wanted = layout::PreferredHeights {
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
            let (page, why) = (self.pages[side], column.rule.is_none());
            buttons::draw(canvas, column.buttons, &session.ends[side], side, page, why);
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
        let hint = self.replay.as_ref().map(|_| replay_bar::KEYS);
        header::status(canvas, map.status, self.status.as_deref().or(hint));
    }

    /// The dialogs, of which only the topmost can be reached.
    pub(super) fn top(&mut self, canvas: &mut Canvas, screen: Rect) {
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
                Dialog::Why(why) => why.draw(canvas, screen, &self.session),
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
