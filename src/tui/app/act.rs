//! Effects of a press: on a button, a socket, a line, an item of a dialog.

use super::*;
use crate::explain::EntryNo;

impl App {
    /// Does one after the other.
    pub(super) fn act_all(&mut self, actions: Vec<Action>, now: MonoTime) -> Vec<Effect> {
        actions.into_iter().flat_map(|action| self.act(action, now)).collect()
    }

    /// Does what a press does.
    pub(super) fn act(&mut self, action: Action, now: MonoTime) -> Vec<Effect> {
        match action {
            Action::End(..) | Action::Wire(_) if self.beside.is_some() => {
                self.say("this lesson presses the buttons itself: . goes on, , goes back, ; leaves".into());
            }
            Action::End(side, command) => return self.end(side, &command, now),
            Action::Wire(command) => return self.wire(command, now),
            Action::Screen(side, command) => {
                self.focus = side.unwrap_or(self.focus);
                return self.screen(command, now);
            }
            Action::Focus(side) => self.focus = side,
            Action::LogLine(row) => self.log_line(row),
            Action::Segment(entry) => self.segment(entry),
            Action::Why(call) => self.dialogs.open(WhyDialog::new(call)),
            Action::WhyEntry(entry) => self.dialogs.open(WhyDialog::of_entry(entry)),
            Action::WhyNow => return self.why_now(now),
            Action::Program(side, no) => {
                self.focus = side;
                self.panes.programs.select(side, no);
            }
            Action::Meaning(side, of) => {
                self.focus = side;
                self.dialogs.open(StateDialog::new(side, of));
            }
            Action::Means(state) => self.dialogs.open(StateDialog::table(state)),
            Action::Details(side) => {
                self.focus = side;
                self.panes.zoom = Some(Pane::End);
            }
            Action::Item(item) => {
                let actions = self.of_dialogs(|dialogs, context| dialogs.press(item, context));
                return self.act_all(actions, now);
            }
            Action::MoreOfTheGuide => self.panes.guide.more(),
            Action::Back => self.dialogs.close(),
            Action::Typed(text, command) => return self.typed(text, command, now),
            Action::ReadOptions(side, socket) => {
                let issued = self.run.session.look(side, socket, now);
                return self.issue(issued);
            }
            Action::ShowEntry(entry) => self.show_entry(entry),
            Action::Guide(_)
            | Action::GuideAllowed(_)
            | Action::GuideInstead { .. }
            | Action::SideBySide(_)
            | Action::NewLab { .. }
                if self.is_only_shown() => {}
            Action::Guide(scenario) if !self.setup.allow_run && !scenario.commands().is_empty() => {
                let user = (self.setup.user_name)(self.setup.run_as.as_deref());
                self.dialogs.open(AllowRunDialog::new(scenario, user));
            }
            Action::Guide(scenario) | Action::GuideAllowed(scenario) => match self.run.commands() {
                // A guide's own lab has nothing that is lost.
                done @ 1.. if self.run.tour.is_none() => self.dialogs.open(QuestionDialog::leave(&scenario, done)),
                _ => return self.guide_instead(scenario, false),
            },
            Action::GuideInstead { scenario, record } => return self.guide_instead(scenario, record),
            Action::SideBySide(lesson) => return self.begin_beside(lesson),
            Action::NewLab { lab, record } => return self.new_lab(lab, record),
            Action::ShowConnection(shown) => return self.show_connection(shown, now),
            Action::Predict { about, picked } => {
                if let Some(tour) = &mut self.run.tour {
                    tour.predict(about, picked);
                }
            }
            Action::Compare(branch) => {
                self.dialogs.open(CompareDialog::new(branch.clone()));
                return vec![Effect::RunBoth(branch)];
            }
            Action::Write(command) => return vec![Effect::Write(command)],
            Action::Say(text) => self.say(text),
            Action::Nothing => {}
        }
        Vec::new()
    }

    /// Has an end do something, which has the keys then.
    fn end(&mut self, side: Side, command: &EndCommand, now: MonoTime) -> Vec<Effect> {
        self.focus = side;
        let command = self.panes.programs.aimed(&self.run.session, side, command);
        let mut effects = self.command(side, &command, now);
        if matches!(command, EndCommand::Use(_)) {
            effects.extend(self.bring_the_peer_along(side, now));
        }
        effects
    }

    /// Selects a line of the log; one that is selected already is looked into, as the selected one is where none is named.
    fn log_line(&mut self, row: Option<EntryNo>) {
        self.pointing.set_mark(Some(Action::LogLine(None)));
        let log = &mut self.panes.log;
        let again = row.is_none() || row == log.selected();
        let entry = log.selected_entry().filter(|_| again);
        match row {
            Some(row) => log.select(row),
            None => log.select_by(0),
        }
        if let Some(no) = entry {
            self.look_into(no);
        }
    }

    /// Opens what there is to say of an entry of the transcript.
    fn look_into(&mut self, no: EntryNo) {
        let Some(entry) = self.run.session.transcript.entry(no) else {
            return;
        };
        let program = match &entry.what {
            EntryKind::Ended(call) => return self.dialogs.open(WhyDialog::new(call.call())),
            EntryKind::Packet(_) => return self.dialogs.open(SegmentDialog::new(no)),
            EntryKind::State { change, .. } => return self.dialogs.open(StateDialog::table(change.to)),
            EntryKind::Program(news) => news.event.program,
            EntryKind::ProgramCall(call) => call.call.program,
            _ => return,
        };
        if entry.why().is_some() {
            self.dialogs.open(WhyDialog::of_entry(no));
        } else {
            self.dialogs.open(OutputDialog::new(program));
        }
    }

    /// Looks into a segment; one on the wire is chosen first, and looked into when it is pressed again.
    fn segment(&mut self, entry: EntryNo) {
        let session = &self.run.session;
        let no = match session.transcript.entry(entry).map(|entry| &entry.what) {
            Some(EntryKind::Packet(record)) => Some(record.no),
            _ => None,
        };
        if !no.is_some_and(|no| self.panes.wire.choose(session, no)) {
            self.dialogs.open(SegmentDialog::new(entry));
        }
    }

    /// Says why what *now* tells of is so.
    fn why_now(&mut self, now: MonoTime) -> Vec<Effect> {
        let session = &self.run.session;
        match (pane::now::call(session, now), pane::now::explained(session, now)) {
            (Some(call), _) => self.act(Action::Why(call), now),
            (None, Some(entry)) => self.act(Action::WhyEntry(entry), now),
            (None, None) => self.screen(ScreenCommand::Why, now),
        }
    }

    /// Carries out a command that was typed, and remembers its text.
    fn typed(&mut self, text: String, command: Command, now: MonoTime) -> Vec<Effect> {
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

    /// Shows a line in the log.
    fn show_entry(&mut self, entry: EntryNo) {
        self.panes.log.show(entry);
        // The guide has the log's place.
        if self.run.tour.is_some() {
            self.panes.zoom = Some(Pane::Log);
            self.status = Some("Esc goes back to the guide".into());
        }
        self.pointing.set_mark(Some(Action::LogLine(None)));
    }
}
