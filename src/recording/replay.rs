//! A recording played: the session as it was at any place of the run, forwards and back.

use std::time::Duration;

use super::{Digest, Header, Recording, RecordingLine};
use crate::clock::MonoTime;
use crate::scenario::report::StepReport;
use crate::session::{CommandError, Session, SessionInput};

/// A place to stop at: all that came of what is before it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stop {
    /// The number of lines of the recording, after its first, that have been played.
    lines: usize,
    /// The last entry of the transcript.
    entry: u64,
    /// The time of the run.
    now: MonoTime,
    /// The run, from 0 on.
    run: usize,
    /// Is a command of the user's what comes next?
    command: bool,
}

/// A move through time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Goes to the beginning.
    Start,
    /// Goes to before the last thing reported.
    Back,
    /// Goes to the next thing reported.
    Next,
    /// Goes to before the last command.
    CommandBack,
    /// Goes to before the next command.
    CommandNext,
    /// Goes to the end.
    End,
    /// Goes to where the entry of that number, of the run that is shown, has just been reported.
    Entry(u64),
}

/// A recording, and the place in it that is shown.
#[derive(Clone, Debug)]
pub struct Replay {
    recording: Recording,
    stops: Vec<Stop>,
    at: usize,
    /// Whether this finwait makes another transcript of the run than the one that recorded it.
    differs: bool,
}

/// A session that is played.
struct Player {
    session: Session,
    /// The time of the last input.
    now: MonoTime,
}

impl Player {
    /// Returns a player at the beginning of the recording.
    fn new(recording: &Recording) -> Player {
        Player {
            session: recording.first.session(),
            now: recording.first.began,
        }
    }

    const fn end<'a>(&'a self, header: &'a Header) -> Played<'a> {
        Played::End {
            header,
            session: &self.session,
            now: self.now,
        }
    }

    fn play(&mut self, line: &RecordingLine) {
        // A refusal was one then, too.
        let _ = self.try_play(line);
    }

    /// Plays a line; a command's refusal is handed back.
    fn try_play(&mut self, line: &RecordingLine) -> Result<(), CommandError> {
        match line {
            RecordingLine::Begin { recording } => {
                self.session = recording.session();
                self.now = recording.began;
            }
            RecordingLine::Input(input) => {
                self.now = self.now.max(input.at().unwrap_or_default());
                // What is asked of the lab was asked then.
                self.session.take(SessionInput::clone(input))?;
            }
            RecordingLine::Step { .. } | RecordingLine::End { .. } => {}
        }
        Ok(())
    }
}

impl Replay {
    /// The recording, and its session as it was at the end.
    pub fn new(recording: Recording) -> (Replay, Session) {
        let mut player = Player::new(&recording);
        let mut stops = Vec::new();
        let (mut run, mut told, mut digest) = (0, 0, Digest::new());
        let mut differs = false;
        // A command is taken in silence: what it leads to stands on the same step.
        let mut commanded = false;
        for (lines, line) in recording.lines.iter().enumerate() {
            let stop = Stop {
                lines,
                entry: player.session.transcript.last(),
                now: player.now,
                run,
                command: false,
            };
            for entry in player.session.transcript.since(told) {
                digest.add(entry);
            }
            told = stop.entry;
            match line {
                RecordingLine::Input(input) if input.typed().is_some() => {
                    stops.push(Stop { command: true, ..stop });
                    commanded = true;
                }
                RecordingLine::Begin { .. } => {
                    stops.push(stop);
                    (run, told, digest, commanded) = (run + 1, 0, Digest::new(), false);
                }
                RecordingLine::End { end } => differs |= *end != digest.end(),
                RecordingLine::Input(_) | RecordingLine::Step { .. } => {}
            }
            player.play(line);
            if player.session.transcript.last() > told && !matches!(line, RecordingLine::Begin { .. }) {
                if !commanded {
                    stops.push(stop);
                }
                commanded = false;
            }
        }
        stops.push(Stop {
            lines: recording.lines.len(),
            entry: player.session.transcript.last(),
            now: player.now,
            run,
            command: false,
        });
        let at = stops.len() - 1;
        let replay = Replay {
            recording,
            stops,
            at,
            differs,
        };
        (replay, player.session)
    }

    /// Returns the recording that is played.
    pub const fn recording(&self) -> &Recording {
        &self.recording
    }

    /// The place, from 0 on, and the last one.
    pub fn place(&self) -> (usize, usize) {
        (self.at, self.stops.len() - 1)
    }

    /// Returns the run that is shown, from 0 on.
    pub fn run(&self) -> usize {
        self.stop().run
    }

    /// The time of the run at this place, as the recording machine's clock had it.
    pub fn now(&self) -> MonoTime {
        self.stop().now
    }

    /// Returns how long the run had lasted by then.
    pub fn elapsed(&self) -> Duration {
        let began = self.recording.headers().nth(self.run()).map(|header| header.began);
        self.now().since(began.unwrap_or_default())
    }

    /// The last command of the user's before this place, as it is typed; none before the first of the run.
    pub fn command(&self) -> Option<String> {
        let played = &self.recording.lines[..self.stop().lines];
        let of_this_run = played
            .iter()
            .rev()
            .take_while(|line| !matches!(line, RecordingLine::Begin { .. }));
        of_this_run
            .filter_map(|line| match line {
                RecordingLine::Input(input) => input.typed(),
                RecordingLine::Begin { .. } | RecordingLine::Step { .. } | RecordingLine::End { .. } => None,
            })
            .next()
    }

    /// Returns the time of the run at the next place; none at the last.
    pub fn next_time(&self) -> Option<MonoTime> {
        self.stops.get(self.at + 1).map(|stop| stop.now)
    }

    /// Returns the command of the user's that comes next, as it is typed; none where something else does.
    pub fn next_command(&self) -> Option<String> {
        let stop = self.stop();
        match self.recording.lines.get(stop.lines) {
            Some(RecordingLine::Input(input)) if stop.command => input.typed(),
            _ => None,
        }
    }

    /// Returns what a user should know of the recording; none if it is whole and this program says the same of it.
    pub fn note(&self) -> Option<String> {
        let by = &self.recording.first.finwait;
        let differs = || {
            format!(
                "finwait {by}, which recorded this, told some of it otherwise than this one, {}",
                env!("CARGO_PKG_VERSION")
            )
        };
        let note = self.recording.note().map(str::to_owned);
        note.or_else(|| self.differs.then(differs))
    }

    /// Moves, and has `session` be as it was there. Returns whether it had to begin anew.
    pub fn go(&mut self, to: Move, session: &mut Session) -> bool {
        let last = self.stops.len() - 1;
        let is_command = |at: &usize| self.stops[*at].command;
        let to = match to {
            Move::Start => 0,
            Move::Back => self.at.saturating_sub(1),
            Move::Next => (self.at + 1).min(last),
            Move::CommandBack => (0..self.at).rev().find(is_command).unwrap_or(0),
            Move::CommandNext => (self.at + 1..last).find(is_command).unwrap_or(last),
            Move::End => last,
            Move::Entry(no) => {
                let run = self.run();
                let tells = |stop: &Stop| stop.run == run && stop.entry >= no;
                self.stops.iter().position(tells).unwrap_or(self.at)
            }
        };
        let from = std::mem::replace(&mut self.at, to);
        let (from, to) = (self.stops[from].lines, self.stops[to].lines);
        if to >= from {
            let began = self.recording.lines[from..to]
                .iter()
                .any(|line| matches!(line, RecordingLine::Begin { .. }));
            self.play(session, from, to);
            return began;
        }
        // The run that it is in begins anew.
        let played = &self.recording.lines[..to];
        let begin = played
            .iter()
            .rposition(|line| matches!(line, RecordingLine::Begin { .. }));
        *session = Player::new(&self.recording).session;
        self.play(session, begin.unwrap_or(0), to);
        true
    }

    fn play(&self, session: &mut Session, from: usize, to: usize) {
        let mut player = Player::new(&self.recording);
        std::mem::swap(&mut player.session, session);
        for line in &self.recording.lines[from..to] {
            player.play(line);
        }
        *session = player.session;
    }

    fn stop(&self) -> &Stop {
        &self.stops[self.at]
    }
}

/// An event of the playing of a recording.
#[derive(Debug)]
pub enum Played<'a> {
    /// The session is about to take that.
    Input {
        /// The session before it takes the input.
        session: &'a Session,
        /// The input that it takes.
        input: &'a SessionInput,
        /// The time of the run.
        now: MonoTime,
    },
    /// The session has taken that.
    Taken {
        /// The session after it has taken the input.
        session: &'a Session,
        /// The input that it took.
        input: &'a SessionInput,
    },
    /// A command could not be carried out.
    Refused {
        /// The command.
        input: &'a SessionInput,
        /// The reason.
        why: CommandError,
    },
    /// A step of a scenario is over, and was judged so when the run was recorded.
    Step(&'a StepReport),
    /// A run is over.
    End {
        /// The beginning of the run.
        header: &'a Header,
        /// The session at the end.
        session: &'a Session,
        /// The time of the run.
        now: MonoTime,
    },
}

impl Recording {
    /// Plays all of it, and shows each step.
    ///
    /// # Errors
    /// The first of `show`.
    pub fn play<E>(&self, mut show: impl FnMut(Played) -> Result<(), E>) -> Result<(), E> {
        let mut player = Player::new(self);
        let mut header = self.first.as_ref();
        for line in &self.lines {
            match line {
                RecordingLine::Input(input) => {
                    show(Played::Input {
                        session: &player.session,
                        input,
                        now: player.now,
                    })?;
                    let taken = player.try_play(line);
                    let session = &player.session;
                    show(match taken {
                        Ok(()) => Played::Taken { session, input },
                        Err(why) => Played::Refused { input, why },
                    })?;
                }
                RecordingLine::Begin { recording } => {
                    show(player.end(header))?;
                    header = recording;
                    player.play(line);
                }
                RecordingLine::Step { step } => show(Played::Step(step))?,
                RecordingLine::End { .. } => {}
            }
        }
        show(player.end(header))
    }
}
