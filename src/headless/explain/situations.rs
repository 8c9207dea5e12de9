//! What a situation's name alone is answered with.

use serde::Serialize;
use std::io::{self, Write};

use super::paper::{Paper, told};
use crate::explain::rules::RuleId;
use crate::explain::situation::Situation;

/// The answer.
#[derive(Debug, Serialize)]
pub struct SituationAnswer {
    /// The situation.
    #[serde(flatten)]
    situation: &'static Situation,
    /// The rules by which the kernel gives its errno.
    rules: &'static [RuleId],
}

/// Answers a situation's name.
pub const fn answer(situation: &'static Situation) -> SituationAnswer {
    SituationAnswer {
        situation,
        rules: situation.rules,
    }
}

impl SituationAnswer {
    /// Prints it for people.
    pub fn print(&self, out: &mut impl Write, paper: &Paper) -> io::Result<()> {
        let situation = self.situation;
        writeln!(out, "{}: a situation", situation.id.name())?;
        paper.paragraph(out, "  ", &format!("{}.", situation.title))?;
        told(out, situation, situation.scenarios.first().copied(), paper)?;
        let met = format!("{} ({})", situation.met.words(), situation.source);
        paper.paragraph(out, "     met:       ", &met)?;
        for (place, rule) in self.rules.iter().enumerate() {
            let first = if place == 0 {
                "     gives:     "
            } else {
                "                "
            };
            paper.paragraph(out, first, &rule.rule().because.to_string())?;
        }
        Ok(())
    }
}
