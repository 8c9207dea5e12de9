//! What a state's name alone is answered with: each situation in which a socket stands in it.

use serde::Serialize;
use std::io::{self, Write};

use super::paper::Paper;
use crate::explain::meaning::{Meaning, Settings, of_state};
use crate::explain::moves::{UsualMove, usual};
use crate::scenario::catalog;
use crate::session::moves::{ON_A_CONNECTION, label};
use crate::state::State;

/// The answer: what is the same on every host.
#[derive(Debug, Serialize)]
pub struct StateAnswer {
    /// The state, as procfs names it.
    pub state: State,
    /// The situations in which a socket stands in it.
    pub meanings: Vec<SituationMoves>,
}

/// A situation, and what the calls in it lead to.
#[derive(Debug, Serialize)]
pub struct SituationMoves {
    /// The situation.
    #[serde(flatten)]
    pub meaning: Meaning,
    /// The moves of who holds it, the other end being in the situation that usually goes with it; the scenario shows that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<UsualMove>,
}

/// Answers a state's name.
pub fn answer(state: State) -> StateAnswer {
    // The settings of the host that the name comes from are not known.
    let settings = Settings::default();
    StateAnswer {
        state,
        meanings: of_state(state)
            .map(|entry| SituationMoves {
                meaning: entry.words(&settings),
                moves: usual(entry, &ON_A_CONNECTION),
            })
            .collect(),
    }
}

impl StateAnswer {
    /// Prints it for people: one block a situation.
    pub fn print(&self, out: &mut impl Write, paper: &Paper) -> io::Result<()> {
        let count = self.meanings.len();
        match count {
            1 => writeln!(out, "{}: a state of TCP", self.state)?,
            _ => writeln!(out, "{}: a state of TCP; {count} situations", self.state)?,
        }
        for SituationMoves { meaning, moves } in &self.meanings {
            writeln!(out, "\n{}", meaning.id)?;
            paper.paragraph(out, "  ", &meaning.meaning)?;
            paper.paragraph(out, "  in short:   ", &meaning.in_short())?;
            paper.paragraph(out, "  can:        ", &meaning.can)?;
            paper.paragraph(out, "  waits for:  ", &meaning.waits_for)?;
            paper.paragraph(out, "  ended by:   ", &meaning.ends_by)?;
            for (place, usual) in moves.iter().enumerate() {
                let first = if place == 0 { "then:" } else { "" };
                let label = label(usual.act).unwrap_or_default();
                paper.paragraph(out, &format!("  {first:<12}{label:<11}"), &usual.text)?;
            }
            let run = format!("  try:        finwait run {}  ", meaning.scenario);
            let shows = catalog::entry(meaning.scenario);
            paper.paragraph(out, &run, shows.map_or("", |entry| entry.title))?;
        }
        Ok(())
    }
}
