//! What a rule's id is answered with, as `finwait do` prints it behind an errno's why.

use serde::Serialize;
use std::io::{self, Write};

use super::paper::{Paper, cause};
use crate::explain::rules::{Rule, RuleOutcome};

/// The answer.
#[derive(Debug, Serialize)]
pub struct RuleAnswer {
    /// The rule.
    #[serde(flatten)]
    rule: &'static Rule,
}

impl RuleAnswer {
    /// Answers a rule's id.
    pub const fn of(rule: &'static Rule) -> RuleAnswer {
        RuleAnswer { rule }
    }

    /// Prints it for people.
    pub fn print(&self, out: &mut impl Write, paper: &Paper) -> io::Result<()> {
        let gives = match self.rule.gives {
            RuleOutcome::Errno(errno) => errno.name(),
            RuleOutcome::Eof => "the end of the stream".into(),
            RuleOutcome::Deadline => "a deadline that passed".into(),
        };
        writeln!(out, "{}: a rule for {gives}", self.rule.id)?;
        cause(out, self.rule, paper)
    }
}
