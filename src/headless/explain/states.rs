//! What a state's name alone is answered with: each situation in which a socket stands in it.

use serde::Serialize;
use std::io::{self, Write};

use super::paper::Paper;
use crate::explain::meaning::{Meaning, Settings, of_state};
use crate::scenario::catalog;
use crate::state::State;

/// The answer: what is the same on every host.
#[derive(Debug, Serialize)]
pub struct StateAnswer {
    /// The state, as procfs names it.
    pub state: State,
    /// The situations in which a socket stands in it.
    pub meanings: Vec<Meaning>,
}

/// Answers a state's name.
pub fn answer(state: State) -> StateAnswer {
    // The settings of the host that the name comes from are not known.
    let settings = Settings::default();
    StateAnswer {
        state,
        meanings: of_state(state).map(|entry| entry.words(&settings)).collect(),
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
        let all = catalog::all().unwrap_or_default();
        for meaning in &self.meanings {
            writeln!(out, "\n{}", meaning.id)?;
            paper.paragraph(out, "  ", &meaning.meaning)?;
            paper.paragraph(out, "  in short:   ", &meaning.in_short())?;
            paper.paragraph(out, "  can:        ", &meaning.can)?;
            paper.paragraph(out, "  waits for:  ", &meaning.waits_for)?;
            paper.paragraph(out, "  ended by:   ", &meaning.ends_by)?;
            let run = format!("  try:        finwait run {}  ", meaning.scenario);
            let shows = all.iter().find(|scenario| scenario.name == meaning.scenario);
            paper.paragraph(out, &run, shows.map_or("", |scenario| &scenario.title))?;
        }
        Ok(())
    }
}
