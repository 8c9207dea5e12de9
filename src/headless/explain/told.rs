//! All that `finwait explain` says of a text: answers of each kind, as one object for programs and one text for people.

use serde::{Serialize, Serializer};
use std::io::{self, Write};

use super::answer::{Answer, ElseFinding, MeasuredAnswer, answer};
use super::counters::{self, CounterAnswer};
use super::gather::Messages;
use super::kernel::{self, KernelAnswer};
use super::listing::{self, ListingAnswer, NamedFinding};
use super::overview::overview;
use super::paper::{Paper, print};
use super::rules::RuleAnswer;
use super::situations::{self, SituationAnswer};
use super::states::{self, StateAnswer};
use crate::explain::counters::{COUNTERS, counter_named};
use crate::explain::listing::{FindingId, ListingScanner, ReadCounters, state_within};
use crate::explain::meaning::{state_named, states_cut_off};
use crate::explain::rules::{RULES, rule_named};
use crate::explain::situation::{SITUATIONS, situation_named};

/// The answers, and a key of the object for each kind that there is.
#[derive(Default, Serialize)]
pub struct ExplainOutput {
    /// Messages, the most frequent first.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "measured")]
    answers: Vec<Answer>,
    /// The state whose name it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    states: Vec<StateAnswer>,
    /// The text, where it can be the beginning of several states' names.
    #[serde(skip)]
    ambiguous: Option<String>,
    /// The situation whose name it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    situations: Vec<SituationAnswer>,
    /// The rule whose id it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<RuleAnswer>,
    /// The finding over rows whose name it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<NamedFinding>,
    /// The messages of the kernel's log.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kernel: Vec<KernelAnswer>,
    /// The rows of socket tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    listing: Option<ListingAnswer>,
    /// The counters that have moved, or the one whose name it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    counters: Vec<CounterAnswer>,
    /// What lines are about that is no socket.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    something_else: Vec<ElseFinding>,
    /// All counters that were read.
    #[serde(skip)]
    read: ReadCounters,
    /// The number of lines that were read, and of those with a message.
    #[serde(skip)]
    lines: (u64, u64),
}

fn measured<S: Serializer>(answers: &[Answer], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(answers.iter().map(MeasuredAnswer::of))
}

impl ExplainOutput {
    /// Answers a text that is a name alone: a state's, a counter's, a situation's, or a rule's id, which
    /// may stand in brackets as finwait do prints it. In a message it is what stands beside an error.
    pub fn of_name(text: &str) -> Option<ExplainOutput> {
        let name = text.trim();
        let id = name
            .strip_prefix('[')
            .and_then(|id| id.strip_suffix(']'))
            .unwrap_or(name);
        let mut states: Vec<_> = state_named(name).into_iter().collect();
        if states.is_empty() {
            states.extend(states_cut_off(name));
        }
        let told = ExplainOutput {
            ambiguous: (states.len() > 1).then(|| name.to_owned()),
            states: states.into_iter().map(states::answer).collect(),
            counters: counter_named(name).map(counters::answer).into_iter().collect(),
            situations: situation_named(name).map(situations::answer).into_iter().collect(),
            rules: rule_named(id).map(RuleAnswer::of).into_iter().collect(),
            ..ExplainOutput::default()
        };
        (!told.is_empty()).then_some(told)
    }

    /// Answers a name that is written in other letters or with other characters between its words: `accept queue full`,
    /// `tcpext listen overflows`. What it says as a message goes before.
    pub fn of_similar_name(text: &str) -> Option<ExplainOutput> {
        const LONGEST: usize = 60;
        let plain = |name: &str| {
            let letters = name.chars().filter(char::is_ascii_alphanumeric);
            letters.map(|c| c.to_ascii_lowercase()).collect::<String>()
        };
        let wanted = plain(text);
        if text.len() > LONGEST || wanted.is_empty() {
            return None;
        }
        let is_it = |name: &str| plain(name) == wanted;
        let told = ExplainOutput {
            counters: COUNTERS
                .iter()
                .find(|counter| is_it(counter.name) || is_it(counter.shown()))
                .map(counters::answer)
                .into_iter()
                .collect(),
            situations: SITUATIONS
                .iter()
                .find(|situation| is_it(situation.id.name()))
                .map(situations::answer)
                .into_iter()
                .collect(),
            rules: RULES
                .iter()
                .find(|rule| is_it(rule.id.name()))
                .map(RuleAnswer::of)
                .into_iter()
                .collect(),
            ..ExplainOutput::default()
        };
        if !told.is_empty() {
            return Some(told);
        }
        let finding = FindingId::ALL.iter().find(|id| is_it(id.name()))?;
        Some(ExplainOutput {
            findings: vec![listing::named(*finding)],
            ..told
        })
    }

    /// Answers lines.
    pub fn of_lines(said: &Messages, listed: ListingScanner) -> ExplainOutput {
        let Messages { lines, first } = said;
        let (table, read, kernel) = listed.end();
        let mut told = ExplainOutput {
            answers: lines.most_first().into_iter().map(answer).collect(),
            kernel: kernel::answers(&kernel),
            listing: listing::answer(&table),
            counters: counters::answers(&read),
            something_else: lines.something_else(),
            read,
            lines: (lines.lines(), lines.saying()),
            ..ExplainOutput::default()
        };
        if told.is_empty() && lines.lines() == 1 {
            // In one line the name may stand among other words.
            let named = first.as_deref().and_then(state_within);
            told.states.extend(named.map(states::answer));
        }
        told
    }

    /// Returns whether there is no answer. To say what it is not about is none.
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
            && self.states.is_empty()
            && self.situations.is_empty()
            && self.rules.is_empty()
            && self.findings.is_empty()
            && self.kernel.is_empty()
            && self.listing.is_none()
            && self.counters.is_empty()
            && self.read.is_empty()
    }

    /// Returns whether there is nothing to say for a program either.
    pub fn is_silent(&self) -> bool {
        self.is_empty() && self.something_else.is_empty()
    }

    /// Prints it for people, with a blank line between its parts.
    ///
    /// # Errors
    ///
    /// The error of `out`.
    pub fn print(&self, out: &mut impl Write, columns: usize, all: bool) -> io::Result<()> {
        let (lines, saying) = self.lines;
        let paper = Paper {
            columns,
            lines: lines.max(1),
            all,
        };
        let mut is_first = true;
        let mut part = |out: &mut dyn Write| match std::mem::take(&mut is_first) {
            true => Ok(()),
            false => writeln!(out),
        };
        if !self.answers.is_empty() {
            part(out)?;
            if self.answers.len() > 1 {
                overview(out, &self.answers, saying, &paper)?;
            }
            print(out, &self.answers, &paper)?;
        }
        if let Some(name) = &self.ambiguous {
            part(out)?;
            let names: Vec<String> = self.states.iter().map(|answer| answer.state.to_string()).collect();
            let said = format!(
                "is no state by itself: it is {}, cut off as in a narrow column.",
                names.join(" or ")
            );
            paper.paragraph(out, &format!("{name} "), &said)?;
        }
        for state in &self.states {
            part(out)?;
            state.print(out, &paper)?;
        }
        for situation in &self.situations {
            part(out)?;
            situation.print(out, &paper)?;
        }
        for rule in &self.rules {
            part(out)?;
            rule.print(out, &paper)?;
        }
        for finding in &self.findings {
            part(out)?;
            finding.print(out, &paper)?;
        }
        for answer in &self.kernel {
            part(out)?;
            answer.print(out, &paper)?;
        }
        if let Some(listing) = &self.listing {
            part(out)?;
            listing.print(out, &paper)?;
        }
        if !self.read.is_empty() {
            part(out)?;
            counters::print_read(&self.counters, &self.read, out, &paper)?;
        } else {
            for counter in &self.counters {
                part(out)?;
                counter.print(out, &paper)?;
            }
        }
        for of in self.something_else.iter().filter(|_| !self.is_empty()) {
            part(out)?;
            paper.paragraph(out, "Not a socket: ", &format!("{}.", of.clause()))?;
        }
        Ok(())
    }
}
