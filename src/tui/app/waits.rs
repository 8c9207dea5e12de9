//! A wait that was asked for at the prompt: shown on the bottom line while it lasts, and told of in the log when it is over.

use super::*;
use crate::clock::human;
use crate::command::programs::AwaitRequest;
use crate::session::awaiting::Wait;
use crate::session::progress::CommandResult;

/// A wait under way.
#[derive(Debug)]
pub(super) struct WaitShown {
    /// The command that asked for it.
    command: String,
    wait: Wait,
}

impl WaitShown {
    /// Returns how far it is at `now`, in words.
    pub(super) fn words(&self, now: MonoTime) -> String {
        let (began, until) = (self.wait.began(), self.wait.until());
        format!(
            "{}: has waited {} of at most {}; Esc ends the wait",
            self.command,
            human(now.min(until).since(began)),
            human(until.since(began)),
        )
    }
}

impl App {
    /// Waits from `now` on, in place of what was waited for before.
    pub(super) fn begin_to_wait(&mut self, side: Side, request: &AwaitRequest, now: MonoTime) -> Vec<Effect> {
        let Ok(wait) = self.run.session.wait_for(side, request, now) else {
            return Vec::new();
        };
        self.wait = Some(WaitShown {
            command: Command::End(side, EndCommand::Await(request.clone())).to_string(),
            wait,
        });
        self.look_at_the_wait(now)
    }

    /// Ends the wait where what it waits for has come, or comes no more, and says so.
    pub(super) fn look_at_the_wait(&mut self, now: MonoTime) -> Vec<Effect> {
        let Some(shown) = &self.wait else {
            return Vec::new();
        };
        let waited = human(now.since(shown.wait.began()));
        let words = match shown.wait.result(&self.run.session, now) {
            None => return Vec::new(),
            Some(CommandResult::NotDone(why)) => why,
            Some(_) if now == shown.wait.began() => "it is so already".to_owned(),
            Some(_) => format!("done after {waited}"),
        };
        self.wait_is_over(&words, now)
    }

    /// Ends the wait at the user's wish.
    pub(super) fn end_the_wait(&mut self, now: MonoTime) -> Vec<Effect> {
        let waited = self.wait.as_ref().map(|shown| human(now.since(shown.wait.began())));
        self.wait_is_over(&format!("you ended the wait after {}", waited.unwrap_or_default()), now)
    }

    fn wait_is_over(&mut self, words: &str, now: MonoTime) -> Vec<Effect> {
        let Some(shown) = self.wait.take() else {
            return Vec::new();
        };
        let text = format!("{}: {words}", shown.command);
        self.say(text.clone());
        self.absorb(TimedEvent {
            at: now,
            what: LabEvent::Note(text),
        })
    }

    /// Returns until when nothing need be looked at for the wait; none without one.
    pub(super) fn wait_ends(&self) -> Option<MonoTime> {
        self.wait.as_ref().map(|shown| shown.wait.until())
    }
}
