//! The print of answers for people, in as many columns as there are.

use std::io::{self, Write};

use super::answer::{Answer, LanguageMessages, MeasuredAnswer, Remark, shown_by};
use crate::explain::counters::counter;
use crate::explain::ranking::Cause;
use crate::explain::rules::{CallClass, Rule};
use crate::explain::situation::Situation;
use crate::explain::wording::Carrier;
use crate::state::State;
use crate::text::wrap;

/// The page that is written on.
pub struct Paper {
    /// Columns.
    pub columns: usize,
    /// The number of lines read.
    pub lines: u64,
    /// Is each cause told in full?
    pub all: bool,
}

impl Paper {
    /// A paragraph, its first line after `first`, the others as far in; where that leaves no room, below it.
    pub fn paragraph(&self, out: &mut impl Write, first: &str, text: &str) -> io::Result<()> {
        const BELOW: &str = "        ";
        let (mut first, mut indent) = (first, " ".repeat(first.len()));
        if self.columns < first.len() + 24 {
            writeln!(out, "{}", first.trim_end())?;
            (first, indent) = (BELOW, BELOW.to_owned());
        }
        for (place, line) in wrap(text, self.columns - first.len()).iter().enumerate() {
            let before = if place == 0 { first } else { &indent };
            writeln!(out, "{before}{line}")?;
        }
        Ok(())
    }
}

/// All answers.
pub fn print(out: &mut impl Write, answers: &[Answer], paper: &Paper) -> io::Result<()> {
    for (place, answer) in answers.iter().enumerate() {
        if place > 0 {
            writeln!(out)?;
        }
        one(out, answer, paper)?;
    }
    Ok(())
}

fn one(out: &mut impl Write, answer: &Answer, paper: &Paper) -> io::Result<()> {
    match (answer.number, &answer.text) {
        (Some(number), Some(text)) if let (Some(system), Some(there)) = (answer.system, answer.system_number) => {
            writeln!(out, "{} ({there} on {system}, {number} on Linux): {text}", answer.name)?;
        }
        (Some(number), Some(text)) => writeln!(out, "{} ({number}): {text}", answer.name)?,
        _ => writeln!(out, "{}", answer.name)?,
    }
    if let Some(said) = said(answer, paper.lines) {
        paper.paragraph(out, "  ", &said)?;
    }
    if let (Some(system), Some(linux)) = (answer.system, answer.on_linux) {
        paper.paragraph(out, &format!("  On {system}: "), &answer.means)?;
        paper.paragraph(out, "  On Linux: ", linux)?;
    } else {
        paper.paragraph(out, "  ", &answer.means)?;
    }
    for Remark { line, text } in &answer.remarks {
        let of = if answer.lines > 1 {
            format!("  Note on line {line}:  ")
        } else {
            "  Note: ".into()
        };
        paper.paragraph(out, &of, text)?;
    }
    situations(out, answer, paper)?;
    if !answer.causes.is_empty() {
        let of = match answer.call {
            _ if answer.subject.beside().is_some() => "why the kernel would refuse it".into(),
            Some(call) if answer.other_calls => format!("why other calls return it (no case of {call} is known)"),
            Some(_) if answer.is_instead() => "why, where Linux returns something else".into(),
            Some(call) if answer.system.is_some() => format!("why {call} returns it on Linux"),
            Some(call) => format!("why {call} returns it"),
            None if answer.system.is_some() => "why the kernel returns it, on Linux".into(),
            None => "why the kernel returns it".into(),
        };
        writeln!(out, "\n{of}")?;
        let rules = answer.ranked_rules();
        let full = rules_in_full(answer, paper);
        for rule in rules.iter().take(full) {
            cause(out, rule, paper)?;
        }
        for rule in rules.iter().skip(full) {
            let calls: Vec<&str> = rule.calls.iter().map(|call| call.name()).collect();
            let calls = if rule.calls == CallClass::ON_DESCRIPTOR {
                "any call".to_owned()
            } else {
                calls.join(", ")
            };
            let brief = format!("{} ({calls}): finwait run {}", rule.brief, rule.proof);
            paper.paragraph(out, "  * ", &brief)?;
        }
    }
    let languages = MeasuredAnswer::of(answer).languages;
    if !languages.is_empty() {
        writeln!(out, "\nin other languages")?;
        for LanguageMessages { runtimes, said } in languages {
            paper.paragraph(out, &format!("  {runtimes:<22}"), said)?;
        }
    }
    if !answer.look_for.is_empty() {
        writeln!(out, "\nlook for")?;
        for look in answer.look_for {
            paper.paragraph(out, "  - ", look)?;
        }
    }
    if let Some(mistaken) = answer.mistaken_for {
        writeln!(out, "\noften mistaken for")?;
        paper.paragraph(out, "  ", mistaken)?;
    }
    if !answer.scenarios.is_empty() {
        writeln!(out, "\nsee it happen")?;
        let named = |name: &str| format!("  finwait run {name}");
        let most = if paper.all { usize::MAX } else { SCENARIOS };
        let wide = answer
            .scenarios
            .iter()
            .take(most)
            .map(|shows| named(shows.name).len())
            .max();
        for shows in answer.scenarios.iter().take(most) {
            let first = format!("{:<wide$}  ", named(shows.name), wide = wide.unwrap_or(0));
            paper.paragraph(out, &first, shows.title)?;
        }
    }
    let later = |count: usize, full: usize| count.saturating_sub(full);
    let situations = answer
        .ranked
        .iter()
        .filter(|ranked| matches!(ranked.cause, Cause::Situation(_)));
    let left = later(situations.count(), TOLD) + later(answer.causes.len(), rules_in_full(answer, paper));
    if left > 0 && !paper.all {
        writeln!(out)?;
        paper.paragraph(out, "", &format!("--all tells the other {left} causes in full."))?;
    }
    Ok(())
}

/// The number of situations that are told in full.
const TOLD: usize = 3;
/// The number of rules that are told in full: of a bare errno, which any call may have returned, the first one.
fn rules_in_full(answer: &Answer, paper: &Paper) -> usize {
    match (paper.all, answer.call) {
        (true, _) => usize::MAX,
        (false, Some(_)) => 3,
        (false, None) => 1,
    }
}

/// The number of scenarios that are listed, unless all are wanted.
const SCENARIOS: usize = 8;

/// The situations, the likeliest first; of the later ones only what each is.
fn situations(out: &mut impl Write, answer: &Answer, paper: &Paper) -> io::Result<()> {
    let situations = answer.ranked.iter().filter_map(|ranked| match ranked.cause {
        Cause::Situation(situation) => Some((ranked, situation)),
        Cause::Rule(_) => None,
    });
    for (place, (ranked, situation)) in situations.enumerate() {
        if place == 0 {
            let on = if answer.windows { ", as on Linux" } else { "" };
            writeln!(out, "\nwhat may have happened, the likeliest first{on}")?;
        }
        let first = format!("  {}. ", place + 1);
        let title = format!("{} ({})", situation.title, ranked.standing());
        // Of another carrier the lab shows nothing.
        let shown = shown_by(&ranked.cause, answer.subject);
        let shown = shown
            .first()
            .filter(|_| answer.carrier == Carrier::Tcp || situation.carriers.contains(&answer.carrier))
            .map(|entry| entry.name);
        if place < TOLD || paper.all {
            paper.paragraph(out, &first, &title)?;
            told(out, situation, shown, paper)?;
        } else {
            let see = format!("finwait explain {}", situation.id.name());
            let run = shown.map_or(format!(": {see}"), |name| format!(": finwait run {name}"));
            paper.paragraph(out, &first, &format!("{title}{run}"))?;
        }
    }
    Ok(())
}

/// What a situation is, how it is seen, and how it is fixed.
pub fn told(out: &mut impl Write, situation: &Situation, shown: Option<&str>, paper: &Paper) -> io::Result<()> {
    paper.paragraph(out, "     what:      ", situation.happened)?;
    paper.paragraph(out, "     signs:     ", &situation.signs.join("; "))?;
    paper.paragraph(out, "     check:     ", &situation.measure.join("; "))?;
    paper.paragraph(out, "     fix:       ", &situation.mend.join("; "))?;
    match (shown, situation.unshown) {
        (Some(name), _) => paper.paragraph(out, "     try:       ", &format!("finwait run {name}")),
        (None, Some(why)) => paper.paragraph(out, "     no demo:   ", why),
        (None, None) => Ok(()),
    }
}

/// Returns whose words they are, of which call, with which addresses, on which line.
fn said(answer: &Answer, lines: u64) -> Option<String> {
    let mut parts = Vec::new();
    let dialects: Vec<String> = answer.dialects.iter().map(ToString::to_string).collect();
    let words = match dialects.split_last() {
        None => None,
        Some((one, [])) => Some(format!("reported by {one}")),
        Some((last, most)) => Some(format!("reported by {} and {last}", most.join(", "))),
    };
    let call = answer.call.map(|call| call.to_string());
    let what: Vec<String> = call.into_iter().chain(words).collect();
    if !what.is_empty() {
        parts.push(what.join(", "));
    }
    if lines > 1 {
        parts.push(match answer.lines {
            1 => format!("line {}", answer.first),
            n => format!("{n} lines, the first is line {}", answer.first),
        });
    }
    if answer.addresses.is_empty()
        && let Some(port) = answer.port
    {
        parts.push(format!("port {port}"));
    }
    // They are the first line's.
    let addresses: Vec<String> = answer.addresses.iter().map(ToString::to_string).collect();
    if !addresses.is_empty() {
        parts.push(addresses.join(" -> "));
    }
    (!parts.is_empty()).then(|| format!("{}.", parts.join("; ")))
}

/// A rule, and what holds of it.
pub(super) fn cause(out: &mut impl Write, rule: &Rule, paper: &Paper) -> io::Result<()> {
    let named = |states: &[State]| states.iter().map(|state| state.name()).collect::<Vec<_>>().join(" ");
    let others: Vec<State> = State::ALL
        .into_iter()
        .filter(|state| !rule.states.contains(state))
        .collect();
    let states = match &others[..] {
        [] => "any state".to_owned(),
        [one] => format!("any state but {one}", one = one.name()),
        _ => named(rule.states),
    };
    let set_by: Vec<String> = rule.set_by.iter().map(|set_by| set_by.words()).collect();
    let calls: Vec<&str> = rule.calls.iter().map(|call| call.name()).collect();
    let calls = if rule.calls == CallClass::ON_DESCRIPTOR {
        "any call but poll".to_owned()
    } else {
        calls.join(", ")
    };
    paper.paragraph(out, "  * ", &rule.because.to_string())?;
    paper.paragraph(out, "    when:       ", &format!("{calls} in {states}"))?;
    paper.paragraph(out, "    set by:     ", &set_by.join("; or "))?;
    if !rule.decided_by.is_empty() {
        let decided: Vec<String> = rule.decided_by.iter().map(ToString::to_string).collect();
        paper.paragraph(out, "    decided by: ", &decided.join("; "))?;
    }
    if !rule.counted.is_empty() {
        let counted = rule.counted.iter().map(|name| match counter(name) {
            Some(counter) => format!("{name} ({})", counter.place()),
            None => (*name).to_owned(),
        });
        let counted: Vec<String> = counted.collect();
        paper.paragraph(out, "    counted as: ", &counted.join("; or "))?;
    }
    paper.paragraph(out, "    shown by:   ", &format!("finwait run {}", rule.proof))
}
