//! Lessons: a scenario's place in a course, for people who choose what to learn next.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

use super::{Scenario, catalog};

/// The part of a lesson's heading that is for learners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lesson {
    /// The heading that it stands under.
    #[serde(flatten)]
    pub shelf: Shelf,
    /// The knowledge that it takes for granted.
    pub level: Level,
    /// The time that it takes at reading speed, in minutes.
    pub minutes: u8,
}

/// A heading in the list of lessons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shelf {
    /// "Start here": the lesson's number in the order in which they are taken, from 1 on.
    Start(u8),
    /// A question that the lesson answers.
    #[serde(rename = "group")]
    Under(Topic),
}

impl Shelf {
    /// The heading.
    pub const fn heading(self) -> &'static str {
        match self {
            Shelf::Start(_) => "Start here",
            Shelf::Under(topic) => topic.question(),
        }
    }

    /// Are both under the same heading?
    pub fn is_with(self, other: Shelf) -> bool {
        match (self, other) {
            (Shelf::Start(_), Shelf::Start(_)) => true,
            (Shelf::Under(one), Shelf::Under(two)) => one == two,
            (Shelf::Start(_), Shelf::Under(_)) | (Shelf::Under(_), Shelf::Start(_)) => false,
        }
    }
}

/// The knowledge that a lesson takes for granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// None: what a socket is, at most.
    Beginner,
    /// The lessons under "Start here".
    Intermediate,
    /// The states, and how segments are acknowledged.
    Advanced,
}

impl Level {
    /// All of them, the easiest first.
    pub const ALL: [Level; 3] = [Level::Beginner, Level::Intermediate, Level::Advanced];

    /// The name, in files and on the screen.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Beginner => "beginner",
            Level::Intermediate => "intermediate",
            Level::Advanced => "advanced",
        }
    }
}

/// A question that lessons answer, under which they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // each has its text
pub enum Topic {
    Write,
    Read,
    CloseFirst,
    Shutdown,
    Reset,
    Connect,
    Open,
    Lost,
    Gone,
    Waiting,
    Sending,
    Language,
    RefusedCalls,
    Limits,
    Programs,
}

impl Topic {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Topic; 15] = [
        Topic::Write,
        Topic::Read,
        Topic::CloseFirst,
        Topic::Shutdown,
        Topic::Reset,
        Topic::Connect,
        Topic::Open,
        Topic::Lost,
        Topic::Gone,
        Topic::Waiting,
        Topic::Sending,
        Topic::Language,
        Topic::RefusedCalls,
        Topic::Limits,
        Topic::Programs,
    ];

    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Topic::Write => "write",
            Topic::Read => "read",
            Topic::CloseFirst => "close-first",
            Topic::Shutdown => "shutdown",
            Topic::Reset => "reset",
            Topic::Connect => "connect",
            Topic::Open => "open",
            Topic::Lost => "lost",
            Topic::Gone => "gone",
            Topic::Waiting => "waiting",
            Topic::Sending => "sending",
            Topic::Language => "language",
            Topic::RefusedCalls => "refused-calls",
            Topic::Limits => "limits",
            Topic::Programs => "programs",
        }
    }

    /// The question.
    pub const fn question(self) -> &'static str {
        match self {
            Topic::Write => "Why did my write fail?",
            Topic::Read => "What does my read tell me?",
            Topic::CloseFirst => "Who closes first, and what does it cost?",
            Topic::Shutdown => "What does shutdown end, and what not?",
            Topic::Reset => "Where does a reset come from?",
            Topic::Connect => "What does connect return, and when?",
            Topic::Open => "How does a connection come about?",
            Topic::Lost => "What if a segment is lost or late?",
            Topic::Gone => "What if the peer is gone?",
            Topic::Waiting => "How long does a call wait?",
            Topic::Sending => "When are my bytes sent?",
            Topic::Language => "What does my language say?",
            Topic::RefusedCalls => "Which calls does the kernel refuse?",
            Topic::Limits => "What if something runs out?",
            Topic::Programs => "What do unmodified programs do?",
        }
    }
}

/// Two labs on one screen, step for step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideBySide {
    /// The file's name without `.toml`.
    pub name: String,
    /// A title of one line.
    pub title: String,
    /// A summary of a few sentences.
    pub summary: String,
    /// The place among the lessons.
    pub lesson: Lesson,
    /// The columns, the left one first; both have as many steps.
    pub columns: [Column; 2],
    /// The words about each step of both.
    pub words: Vec<AlignedWords>,
}

/// The words about a step of two labs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlignedWords {
    /// The words about what comes next in both labs, said before it.
    pub say: String,
    /// The difference between the two once it is done.
    pub look: String,
}

/// One of the labs of a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The heading.
    pub heading: String,
    /// The steps.
    pub scenario: Arc<Scenario>,
}

/// A lesson that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Course {
    /// A scenario that the user is guided through.
    Guided(Arc<Scenario>, Lesson),
    /// Two labs.
    SideBySide(Arc<SideBySide>),
}

impl Course {
    /// A title of one line.
    pub fn title(&self) -> &str {
        match self {
            Course::Guided(scenario, _) => &scenario.title,
            Course::SideBySide(both) => &both.title,
        }
    }

    /// A summary of a few sentences.
    pub fn summary(&self) -> &str {
        match self {
            Course::Guided(scenario, _) => &scenario.summary,
            Course::SideBySide(both) => &both.summary,
        }
    }

    /// The file's name without `.toml`.
    pub fn name(&self) -> &str {
        match self {
            Course::Guided(scenario, _) => &scenario.name,
            Course::SideBySide(both) => &both.name,
        }
    }

    /// The place among the lessons.
    pub fn lesson(&self) -> Lesson {
        match self {
            Course::Guided(_, lesson) => *lesson,
            Course::SideBySide(both) => both.lesson,
        }
    }

    /// Returns the programs that it runs, to stand behind its title; nothing where it runs none.
    pub fn runs(&self) -> String {
        let entry = match self {
            Course::Guided(scenario, _) => catalog::entry(&scenario.name),
            Course::SideBySide(_) => None,
        };
        entry.map(catalog::Entry::runs).unwrap_or_default()
    }

    /// The scenarios that it plays: one, or one a column.
    pub fn scenarios(&self) -> Vec<&Arc<Scenario>> {
        match self {
            Course::Guided(scenario, _) => vec![scenario],
            Course::SideBySide(both) => both.columns.iter().map(|column| &column.scenario).collect(),
        }
    }

    /// Returns the number of steps.
    pub fn steps(&self) -> usize {
        self.scenarios().first().map_or(0, |scenario| scenario.steps.len())
    }
}
