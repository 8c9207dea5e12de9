//! A recording on the screen: it is only shown, and the keys go through its time.

use super::*;
use crate::recording::Move;

impl App {
    /// The screen of a recording, at its end.
    pub fn open(recording: Recording, theme: Theme) -> App {
        let (replay, session) = Replay::new(recording);
        let mut app = App::new(session, theme);
        let by = replay.recording().headers().next().map(|header| {
            if let Some(capture) = &header.lab.capture {
                return format!(
                    "finwait explain {} --connection {} tells of it in words",
                    capture.file, capture.connection
                );
            }
            let driven = header
                .driven
                .as_ref()
                .map_or_else(String::new, |driven| format!(", {driven}"));
            format!(
                "recorded by finwait {} on Linux {}{driven}",
                header.finwait, header.kernel
            )
        });
        app.status = replay.note().or(by);
        app.run.replay = Some(replay);
        app
    }

    /// Says that nothing can be done in a recording, where one is shown.
    pub(super) fn is_only_shown(&mut self) -> bool {
        if self.run.replay.is_some() {
            self.status = Some("this is a recording: it shows what happened, and takes no commands".into());
        }
        self.run.replay.is_some()
    }

    /// Does the clock on the screen go on by itself, at `now`?
    pub fn counts_down(&self, now: MonoTime) -> bool {
        self.run.replay.is_none() && self.beside.is_none() && (self.wait.is_some() || self.run.session.counts_down(now))
    }

    /// Returns when the next frame is to be drawn after one that was drawn at `drawn`, because something travels on the wire; none when
    /// nothing does. In a recording nothing moves.
    pub fn next_frame(&self, drawn: MonoTime) -> Option<MonoTime> {
        let session = self.run.replay.is_none().then_some(&self.run.session);
        let travels = session.and_then(|session| session.next_frame(drawn));
        travels.into_iter().chain(self.panes.flash.ends(drawn)).min()
    }

    /// The time that the screen shows, when it is `now`.
    pub(super) fn shown_time(&self, now: MonoTime) -> MonoTime {
        self.run.replay.as_ref().map_or(now, Replay::now)
    }

    /// Goes through a recording's time, and has nothing to say of it.
    pub fn go_through(&mut self, command: ScreenCommand) {
        self.travel(command);
        self.status = None;
        self.stale = true;
    }

    /// Goes through a recording's time.
    pub(super) fn travel(&mut self, command: ScreenCommand) {
        let to = match command {
            ScreenCommand::ToTheStart => Move::Start,
            ScreenCommand::TourBack => Move::Back,
            ScreenCommand::TourNext => Move::Next,
            ScreenCommand::CommandBefore => Move::CommandBack,
            ScreenCommand::NextCommand => Move::CommandNext,
            ScreenCommand::ToTheLine => match self.panes.log.selected_entry() {
                Some(entry) => Move::Entry(entry),
                None => {
                    self.status = Some("no log line is selected: click one, or mark the log with Tab".into());
                    return;
                }
            },
            _ => Move::End,
        };
        let Some(replay) = &mut self.run.replay else { return };
        let (before, last) = replay.place();
        let anew = replay.go(to, &mut self.run.session);
        let after = replay.place().0;
        if before == after {
            let end = match after {
                _ if after == last => "end",
                0 => "start",
                _ => return,
            };
            self.status = Some(format!("this is the {end} of the recording"));
        }
        if anew {
            self.panes.log = self.panes.log.emptied();
            self.panes.wire.restart();
            self.panes.programs.empty();
        }
        if command == ScreenCommand::ToTheLine {
            self.panes.log.end();
        }
    }
}
