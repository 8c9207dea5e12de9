//! What a counter's name alone, or a listing of counters, is answered with: what moves it, and the scenarios in which it moved.

use serde::Serialize;
use std::io::{self, Write};

use super::paper::Paper;
use crate::explain::counters::CounterMeaning;
use crate::explain::listing::{Concern, CounterValue, ReadCounters};
use crate::explain::rules::RULES;
use crate::measured::{MeasuredCounters, MovedIn};
use crate::scenario::catalog;

/// The most scenarios that are named.
const SHOWN: usize = 6;

/// Of the scenarios that move a counter the one that shows best why.
const TELLING: [(&str, &str); 17] = [
    ("TcpExtListenOverflows", "listen-backlog-full"),
    ("TcpExtListenDrops", "listen-backlog-full"),
    ("TcpExtTCPAbortOnData", "linger-zero"),
    ("TcpExtTCPAbortOnClose", "close-with-unread-data"),
    ("TcpExtTCPAbortOnTimeout", "peer-gone-write"),
    ("TcpExtEmbryonicRsts", "abort-on-overflow"),
    ("TcpEstabResets", "linger-zero"),
    ("TcpAttemptFails", "refused"),
    ("TcpOutRsts", "refused"),
    ("IpOutNoRoutes", "no-route"),
    ("TcpExtTCPTimeouts", "peer-gone-write"),
    ("TcpExtTCPSynRetrans", "syn-lost-timeout"),
    ("TcpRetransSegs", "peer-gone-write"),
    ("TcpExtTCPLostRetransmit", "nat-forgets-silence"),
    ("TcpExtTCPToZeroWindowAdv", "zero-window"),
    ("TcpExtTCPWinProbe", "zero-window"),
    ("TcpExtTCPChallengeACK", "rst-in-window-challenge-ack"),
];

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
    /// The counter's figure, where it was read in a text.
    #[serde(flatten)]
    reading: Option<CounterReading>,
}

/// The figure of a counter in a text.
#[derive(Clone, Copy, Debug, Serialize)]
struct CounterReading {
    /// What it tells that it moved.
    concern: Concern,
    /// The figure, the last one.
    value: u64,
    /// How far it moved since it first stood in the text; none where it stood there once.
    #[serde(skip_serializing_if = "Option::is_none")]
    moved: Option<u64>,
    /// The scenario that shows best why it moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: Option<&'static str>,
}

/// Answers a counter's name.
pub fn answer(counter: &'static CounterMeaning) -> CounterAnswer {
    let counts = RULES.iter().filter(|rule| rule.counted.contains(&counter.shown()));
    CounterAnswer {
        counter,
        rules: counts.map(|rule| rule.id.name()).collect(),
        moved_in: MeasuredCounters::kept().moved(counter.name).to_vec(),
        reading: None,
    }
}

/// The scenario that shows best why a counter moves: one that was chosen, else the first that moved it.
fn telling(name: &str) -> Option<&'static str> {
    let chosen = TELLING
        .iter()
        .find(|(counter, _)| *counter == name)
        .map(|(_, scenario)| *scenario);
    chosen.or_else(|| Some(MeasuredCounters::kept().moved(name).first()?.scenario.as_str()))
}

/// Answers counters that were read in a text and are not 0, the worst first.
pub fn answers(read: &ReadCounters) -> Vec<CounterAnswer> {
    let of = |value: CounterValue| CounterAnswer {
        reading: Some(CounterReading {
            concern: value.concern,
            value: value.value,
            moved: value.moved,
            scenario: telling(value.counter.name),
        }),
        ..answer(value.counter)
    };
    read.worst_first().into_iter().map(of).collect()
}

/// Prints counters that were read in a text: those that are no ordinary ones with what they mean.
pub fn print_read(
    answers: &[CounterAnswer],
    read: &ReadCounters,
    out: &mut impl Write,
    paper: &Paper,
) -> io::Result<()> {
    let readings = || answers.iter().filter_map(|answer| Some((answer, answer.reading?)));
    let worth = readings()
        .filter(|(_, reading)| reading.concern != Concern::Ordinary)
        .count();
    let figures = if read.read() == 1 {
        "1 figure"
    } else {
        &format!("{} figures", read.read())
    };
    let has_moved = readings().any(|(_, reading)| reading.moved.is_some());
    let since = if read.is_of_bsd() {
        "counted since boot"
    } else {
        "counted since boot (by nstat without -a: since it was last called)"
    };
    let what = match (read.read(), worth) {
        (1, 0) => ", which tells of nothing wrong".into(),
        (1, _) => ", which is worth a look; finwait explain NAME says more of it".into(),
        (_, 0) => "; none of them tells of anything wrong".into(),
        (_, 1) => "; one of them is not 0 and worth a look; finwait explain NAME says more of it".into(),
        _ => format!(
            "; {worth} of them are not 0 and worth a look, the worst first; finwait explain NAME says more of each"
        ),
    };
    paper.paragraph(out, "", &format!("counters of the kernel, {since}: {figures}{what}"))?;
    if !has_moved {
        let text = "Two listings in one text, some seconds apart, show what moves now: (nstat -az; sleep 10; nstat -az) | finwait explain";
        paper.paragraph(out, "", text)?;
    }
    if read.is_of_bsd() {
        let text = "The sentences are those of macOS or a BSD; beside each figure stands Linux's counter of the same event, and what is said of it is Linux's.";
        paper.paragraph(out, "", text)?;
    }
    let mut last = None;
    for (answer, reading) in readings().filter(|(_, reading)| reading.concern != Concern::Ordinary) {
        if last.replace(reading.concern) != Some(reading.concern) {
            writeln!(out, "\n{}", reading.concern.words())?;
        }
        let name = answer.counter.shown();
        let mut means = answer.counter.means.to_owned();
        if let Some(moved) = reading.moved {
            means = format!("(+{moved} since its first reading) {means}");
        }
        if let Some(share) = share(answer.counter.name, reading.value, read) {
            means += &format!(" {share}");
        }
        paper.paragraph(out, &format!("  {:>9}  {name}  ", reading.value), &means)?;
        if let Some(scenario) = reading.scenario {
            let run = format!("             try: finwait run {scenario}  ");
            paper.paragraph(out, &run, catalog::entry(scenario).map_or("", |entry| entry.title))?;
        }
    }
    let mut ordinary: Vec<String> = readings()
        .filter(|(_, reading)| reading.concern == Concern::Ordinary)
        .map(|(answer, reading)| format!("{} {}", answer.counter.shown(), reading.value))
        .collect();
    if !ordinary.is_empty() {
        writeln!(out)?;
        paper.paragraph(out, "ordinary: ", &ordinary.join(", "))?;
    }
    ordinary = read
        .unknown()
        .iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    if !ordinary.is_empty() {
        paper.paragraph(out, "not known here: ", &ordinary.join(", "))?;
    }
    Ok(())
}

/// How much of all that was sent it is, of segments that were sent again.
fn share(name: &str, value: u64, read: &ReadCounters) -> Option<String> {
    let of = read
        .value("TcpOutSegs")
        .filter(|of| *of > 0 && name == "TcpRetransSegs")?;
    Some(format!(
        "It is {:.2} % of {of} segments.",
        value as f64 * 100.0 / of as f64
    ))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scenario_that_is_shown_moves_the_counter() {
        for (name, scenario) in TELLING {
            let moved = MeasuredCounters::kept().moved(name);
            assert!(
                moved.iter().any(|moved| moved.scenario == scenario),
                "{name}: {scenario}"
            );
            assert!(catalog::entry(scenario).is_some(), "{scenario}");
        }
    }
}
