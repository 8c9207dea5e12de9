//! A lesson of two labs, which has the screen in place of the panes: how it begins, goes on and ends.

use super::*;

impl App {
    /// Begins a lesson of two labs, which stand beside the one that there is.
    pub fn begin_beside(&mut self, lesson: Arc<SideBySide>) -> Vec<Effect> {
        self.dialogs.clear();
        vec![Effect::Beside(lesson, 0)]
    }

    /// Two labs for a lesson are there: it begins in them, and goes on by itself as far as `steps`.
    pub fn open_beside(&mut self, lesson: Arc<SideBySide>, sessions: [Session; 2], steps: usize) {
        self.beside = Some(Beside::new(lesson, sessions, steps));
        self.dialogs.clear();
        self.pointing = Pointing::default();
        self.status = None;
        self.stale = true;
    }

    /// Shows why the two labs of a lesson are not available, in one sentence.
    pub fn refuse_beside(&mut self, why: String) {
        self.beside = None;
        self.say(why);
    }

    /// Takes in what happened in one of the two labs of a lesson, 0 the left one.
    pub fn absorb_beside(&mut self, column: usize, event: TimedEvent) -> Vec<Effect> {
        let Some(beside) = &mut self.beside else {
            return Vec::new();
        };
        let at = event.at;
        self.stale |= event.what != LabEvent::Quiet;
        let requests = beside.absorb(column, event);
        let mut effects: Vec<Effect> = requests
            .into_iter()
            .map(|request| Effect::BesideLab(column, request))
            .collect();
        effects.extend(self.go_on_beside(at));
        effects
    }

    /// The lesson of two labs goes on as far as it can.
    pub(super) fn go_on_beside(&mut self, now: MonoTime) -> Vec<Effect> {
        let Some(beside) = &mut self.beside else {
            return Vec::new();
        };
        let before = (beside.at(), beside.goes_on());
        let requests = beside.go_on(now);
        self.stale |= (beside.at(), beside.goes_on()) != before;
        let asked = requests.into_iter();
        asked
            .map(|(column, request)| Effect::BesideLab(column, request))
            .collect()
    }

    /// Does what a button of the lesson does; none for a command that is not about it, and goes its usual way.
    pub(super) fn beside_command(&mut self, command: ScreenCommand, now: MonoTime) -> Option<Vec<Effect>> {
        let beside = self.beside.as_mut()?;
        let again = |beside: &Beside, steps: usize| Some(vec![Effect::Beside(Arc::clone(beside.lesson()), steps)]);
        match command {
            ScreenCommand::TourNext => beside.next(),
            ScreenCommand::TourEnd => beside.to_the_end(),
            ScreenCommand::TourBack => return again(beside, beside.at().saturating_sub(1)),
            ScreenCommand::TourRejoin => return again(beside, beside.at()),
            ScreenCommand::ToTheStart => return again(beside, 0),
            ScreenCommand::TourLeave => return Some(self.leave_beside()),
            ScreenCommand::Scenarios | ScreenCommand::Help | ScreenCommand::Quit | ScreenCommand::Screenshot => {
                return None;
            }
            ScreenCommand::Export => {
                self.say("an export is of one run, and this lesson has two: ; leaves it".into());
                return Some(Vec::new());
            }
            _ => {
                self.say("this lesson presses the buttons itself: . goes on, , goes back, ; leaves".into());
                return Some(Vec::new());
            }
        }
        Some(self.go_on_beside(now))
    }

    /// Ends the lesson; the lab that was there before has the screen again.
    pub(super) fn leave_beside(&mut self) -> Vec<Effect> {
        self.beside = None;
        self.pointing = Pointing::default();
        self.say("your own lab again, as you left it".into());
        vec![Effect::EndBeside]
    }
}
