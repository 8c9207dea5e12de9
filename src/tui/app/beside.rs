//! Effects of keys and buttons while a lesson of two labs has the screen.

use super::*;

impl App {
    /// Begins a lesson of two labs, which stand beside the one that there is.
    pub fn begin_beside(&mut self, lesson: Arc<SideBySide>) -> Vec<Effect> {
        self.dialogs.clear();
        vec![Effect::Beside(lesson, 0)]
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
