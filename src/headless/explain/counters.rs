//! What a counter's name alone is answered with: what moves it, and the scenarios in which it moved.

use serde::Serialize;
use std::io::{self, Write};

use super::paper::Paper;
use crate::explain::counters::CounterMeaning;
use crate::explain::rules::RULES;
use crate::measured::{MeasuredCounters, MovedIn};
use crate::scenario::catalog;

/// The most scenarios that are named.
const SHOWN: usize = 6;

/// The answer.
#[derive(Debug, Serialize)]
pub struct CounterAnswer {
    /// The counter, and what is known of it.
    #[serde(flatten)]
    counter: &'static CounterMeaning,
    /// The rules by which it explains an error.
    rules: Vec<&'static str>,
    /// The scenarios of the catalog that moved it, and the steps, as they were measured.
    moved_in: Vec<MovedIn>,
}

/// Answers a counter's name.
pub fn answer(counter: &'static CounterMeaning) -> CounterAnswer {
    let counts = RULES.iter().filter(|rule| rule.counted.contains(&counter.shown()));
    CounterAnswer {
        counter,
        rules: counts.map(|rule| rule.id.name()).collect(),
        moved_in: MeasuredCounters::kept().moved(counter.name).to_vec(),
    }
}

impl CounterAnswer {
    /// Prints it for people.
    pub fn print(&self, out: &mut impl Write, paper: &Paper) -> io::Result<()> {
        let CounterMeaning { name, means, .. } = self.counter;
        let file = if name.starts_with("TcpExt") || name.starts_with("IpExt") {
            "netstat"
        } else if name.starts_with("Ip6") || name.starts_with("Icmp6") {
            "snmp6"
        } else {
            "snmp"
        };
        writeln!(out, "{}: a counter of the kernel", self.counter.shown())?;
        paper.paragraph(out, "  ", means)?;
        paper.paragraph(out, "  moved by:   ", &self.counter.place())?;
        paper.paragraph(out, "  read it:    ", &format!("nstat -az {name}, or /proc/net/{file}"))?;
        if let Some(why) = self.counter.left_out {
            paper.paragraph(out, "  left out:   ", &format!("{why}; --all-counters prints it"))?;
        }
        if !self.rules.is_empty() {
            paper.paragraph(out, "  rules:      ", &self.rules.join(", "))?;
        }
        if self.moved_in.is_empty() && self.counter.left_out.is_none() {
            paper.paragraph(out, "  try:        ", "no scenario of the catalog moves it")?;
        }
        for moved in self.moved_in.iter().take(SHOWN) {
            let run = format!("  try:        finwait run {}  ", moved.scenario);
            let title = catalog::entry(&moved.scenario).map_or("", |entry| entry.title);
            paper.paragraph(out, &run, &format!("{title} ({})", moved.steps_listed()))?;
        }
        match self.moved_in.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => paper.paragraph(out, "              ", &format!("and {more} more: docs/counters.md")),
        }
    }
}
