//! Situations: what happened in the field, beside the rules, which say what the kernel did. One table, `assets/explain/situations.toml`,
//! which `build/situations.rs` compiles; the rules of a situation say which outcomes and calls it is met with.

use serde::Serialize;

use super::ranking::{AddressKind, Clue, Likelihood, LogPattern, Makes};
use super::rules::{CallClass, RuleId, RuleOutcome};
use super::wording::Carrier;
use finwait_model::errno::Errno;
use finwait_model::side::Side;

/// A situation of the field.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Situation {
    /// The name, for the program.
    pub id: SituationId,
    /// What happened, in one clause.
    pub title: &'static str,
    /// The same in plain sentences.
    pub happened: &'static str,
    /// The rules by which the kernel gives its errno.
    #[serde(skip)]
    pub rules: &'static [RuleId],
    /// Outcomes that no rule gives, and the call where only that one has it.
    #[serde(skip)]
    pub(crate) also: &'static [(RuleOutcome, Option<CallClass>)],
    /// The carriers of the bytes.
    #[serde(skip)]
    pub carriers: &'static [Carrier],
    /// The likelihood that such a message is about it.
    pub met: Likelihood,
    /// The source of that.
    pub source: &'static str,
    /// The scenarios that show it, the nearest first.
    pub scenarios: &'static [&'static str],
    /// The reason why none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unshown: Option<&'static str>,
    /// What a person looks for.
    pub signs: &'static [&'static str],
    /// What to measure next.
    pub measure: &'static [&'static str],
    /// What mends it.
    pub mend: &'static [&'static str],
    /// What a line or a log says for it or against it.
    #[serde(skip)]
    pub(crate) clues: &'static [Clue],
}

impl SituationId {
    /// The situation's entry in the table.
    pub const fn situation(self) -> &'static Situation {
        &SITUATIONS[self as usize]
    }

    /// The name as words: `keep alive race`.
    pub fn words(self) -> String {
        self.name().replace('-', " ")
    }
}

/// The situation of that name; none where there is none.
pub fn situation_named(name: &str) -> Option<&'static Situation> {
    SITUATIONS.iter().find(|situation| situation.id.name() == name)
}

// The names that the table's clues may have.
#[allow(unused_imports)]
use super::wording::{Dialect, System};

include!(concat!(env!("OUT_DIR"), "/situations.rs"));
