//! What messages of the kernel's log about TCP are answered with.

use serde::Serialize;
use std::io::{self, Write};

use super::listing::run;
use super::paper::Paper;
use crate::explain::counters::counter;
use crate::explain::kernel_log::{KernelMessage, KernelTally, TalliedMessage};

/// A message, and what is known of it.
#[derive(Debug, Serialize)]
pub struct KernelAnswer {
    #[serde(flatten)]
    tallied: TalliedMessage,
    /// What has happened.
    means: &'static str,
    /// What the connections see of it.
    sees: &'static str,
    /// The function of the kernel that prints it.
    printed_by: &'static str,
    /// The settings that it hangs on.
    settings: &'static [&'static str],
    /// The counters that move with it.
    counters: &'static [&'static str],
    /// What mends it.
    mends: &'static str,
    /// A scenario that shows what the connections see.
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: Option<&'static str>,
}

/// Answers the messages, the most frequent first.
pub fn answers(tally: &KernelTally) -> Vec<KernelAnswer> {
    tally
        .most_first()
        .into_iter()
        .map(|(message, tallied)| of_message(message, tallied))
        .collect()
}

fn of_message(message: &KernelMessage, tallied: &TalliedMessage) -> KernelAnswer {
    KernelAnswer {
        tallied: tallied.clone(),
        means: message.text.means,
        sees: message.text.sees,
        printed_by: message.printed_by,
        settings: message.settings,
        counters: message.counters,
        mends: message.text.mends,
        scenario: message.scenario,
    }
}

impl KernelAnswer {
    /// Prints it for people.
    pub fn print(&self, out: &mut impl Write, paper: &Paper) -> io::Result<()> {
        let TalliedMessage {
            id,
            lines,
            first,
            about,
        } = &self.tallied;
        let mut head = format!("{id}: a message of the kernel");
        if paper.lines > 1 {
            head += &match lines {
                1 => format!("; line {first}"),
                lines => format!("; {lines} lines, the first is line {first}"),
            };
        }
        if !about.is_empty() {
            head += &format!("; about {}", about.join(", "));
        }
        paper.paragraph(out, "", &head)?;
        paper.paragraph(out, "  ", self.means)?;
        paper.paragraph(out, "  seen as:    ", self.sees)?;
        paper.paragraph(out, "  printed by: ", &format!("{}()", self.printed_by))?;
        if !self.settings.is_empty() {
            paper.paragraph(out, "  settings:   ", &format!("sysctl {}", self.settings.join(" ")))?;
        }
        if !self.counters.is_empty() {
            paper.paragraph(out, "  check:      ", &format!("nstat -az {}", self.counters.join(" ")))?;
            for known in self.counters.iter().filter_map(|name| counter(name)) {
                paper.paragraph(out, &format!("              {}: ", known.shown()), known.means)?;
            }
        }
        paper.paragraph(out, "  fix:        ", self.mends)?;
        self.scenario.map_or(Ok(()), |scenario| run(out, paper, scenario))
    }
}
