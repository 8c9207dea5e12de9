//! What a run showed, as the book's index and tables have it.

use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

use crate::errno::Errno;
use crate::explain::RuleId;
use crate::explain::rules::RuleOutcome;
use crate::export::story::Story;
use crate::recording::Header;
use crate::session::transcript::{Entry, EntryKind};
use crate::state::State;
use crate::utc::timestamp;

/// An answer of the kernel that is not plain success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// An errno.
    Errno(Errno),
    /// A read of 0 bytes.
    Eof,
    /// The program's own deadline passed.
    Deadline,
}

impl Answer {
    /// Returns its name, which is its anchor on the page of errors as well: `EPIPE`, `end-of-stream`.
    pub fn name(self) -> String {
        match self {
            Answer::Errno(errno) => errno.name(),
            Answer::Eof => "end-of-stream".into(),
            Answer::Deadline => "deadline".into(),
        }
    }

    /// Returns it in words: `Broken pipe`.
    pub fn words(self) -> String {
        match self {
            Answer::Errno(errno) => errno.text(),
            Answer::Eof => "a read of 0 bytes".into(),
            Answer::Deadline => "the program's own deadline passed".into(),
        }
    }

    fn given_by(rule: RuleId) -> Answer {
        match rule.rule().gives {
            RuleOutcome::Errno(errno) => Answer::Errno(errno),
            RuleOutcome::Eof => Answer::Eof,
            RuleOutcome::Deadline => Answer::Deadline,
        }
    }
}

/// A call that got such an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnsweredCall {
    /// The answer.
    pub answer: Answer,
    /// The rule that it falls under.
    pub rule: Option<RuleId>,
    /// The call's name.
    pub call: String,
    /// The socket's state at the call; none when it was in no table.
    pub state: Option<State>,
}

/// The facts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFacts {
    /// The day of the run, in UTC: `2026-11-30`; none where the recording does not say.
    pub date: Option<String>,
    /// Where and by what it was measured: `Linux 6.18, finwait 0.1.0`.
    pub by: String,
    /// Whether segments were seen: the loopback lab has no wire.
    pub has_wire: bool,
    /// The states that sockets passed through.
    pub states: BTreeSet<State>,
    /// The changes of state.
    pub changes: BTreeSet<(State, State)>,
    /// The calls that were made and returned.
    pub calls: BTreeSet<String>,
    /// The calls that did not simply succeed.
    pub answered: BTreeSet<AnsweredCall>,
}

impl RunFacts {
    /// Returns the facts that a story tells.
    pub fn of(story: &Story) -> RunFacts {
        let mut facts = RunFacts {
            date: date(&story.header),
            by: format!("Linux {}, finwait {}", story.header.kernel, story.header.finwait),
            has_wire: story.has_wire(),
            ..RunFacts::default()
        };
        for entry in &story.entries {
            facts.hear(entry);
        }
        facts
    }

    fn hear(&mut self, entry: &Entry) {
        let rule = entry.rule();
        match &entry.what {
            EntryKind::State { change, .. } => {
                self.states.extend([change.from, change.to]);
                self.changes.insert((change.from, change.to));
            }
            EntryKind::Ended(call) => {
                let name = call.name.name();
                self.calls.insert(name.to_owned());
                let answer = call.errno().map(Answer::Errno).or(rule.map(Answer::given_by));
                self.answer(answer, rule, name, call.state);
            }
            EntryKind::ProgramCall(entry) => {
                let name = &entry.call.made.name;
                self.calls.insert(name.clone());
                let errno = entry.call.made.errno.filter(|_| entry.has_failed()).map(Answer::Errno);
                self.answer(errno.or(rule.map(Answer::given_by)), rule, name, None);
            }
            _ => {}
        }
    }

    fn answer(&mut self, answer: Option<Answer>, rule: Option<RuleId>, call: &str, state: Option<State>) {
        self.answered.extend(answer.map(|answer| AnsweredCall {
            answer,
            rule,
            call: call.to_owned(),
            state,
        }));
    }

    /// Returns the answers, each once.
    pub fn answers(&self) -> BTreeSet<Answer> {
        self.answered.iter().map(|call| call.answer).collect()
    }

    /// Returns the ids of the rules, each once.
    pub fn rules(&self) -> BTreeSet<RuleId> {
        self.answered.iter().filter_map(|call| call.rule).collect()
    }
}

/// Returns the day of a run in UTC, where its recording says when it was.
pub(super) fn date(header: &Header) -> Option<String> {
    let at = timestamp(UNIX_EPOCH + Duration::from_nanos(header.wall?));
    at.split_once('T').map(|(date, _)| date.to_owned())
}
