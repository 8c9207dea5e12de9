//! A report in Markdown, as GitHub shows it: what was done and what came of it, the diagram, the errors and why, the counters.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::story::{Story, StoryCommand};
use super::text;
use crate::counter::MovedCounters;
use crate::explain::RuleId;
use crate::explain::counters::is_shown;
use crate::lab::event::ProgramNews;
use crate::scenario::report::StepReport;
use crate::session::transcript::{Entry, EntryKind, became, describe};
use crate::side::{Ends, Side};

/// Returns the report of a story.
pub fn write(story: &Story) -> String {
    let mut report = String::new();
    let _ = writeln!(report, "# {}\n", escaped(&story.title()));
    facts(&mut report, story);
    if story.steps.is_empty() {
        commands(&mut report, story);
    } else {
        steps(&mut report, &story.steps);
    }
    report.push_str("\n## Diagram\n\n");
    if !story.has_wire() {
        report.push_str("The loopback lab has no wire: no segments were seen.\n\n");
    }
    code(&mut report, &text::diagram(story));
    errors(&mut report, story);
    output(&mut report, story);
    counters(&mut report, story);
    report
}

fn facts(report: &mut String, story: &Story) {
    let lab = &story.header.lab;
    let _ = writeln!(report, "| | |\n| --- | --- |");
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(report, "| {name} | {} |", escaped(value));
    };
    row("kernel", &story.header.kernel);
    row("finwait", &story.header.finwait);
    if let Some(driven) = &story.header.driven {
        row("driven by", driven);
    }
    for side in Side::BOTH {
        row(side.name(), &lab.addresses[side].to_string());
    }
    if lab.offload {
        row("offload", "checksums and segmentation are left to the devices");
    }
    report.push('\n');
}

/// The steps of a scenario: what was expected, and what was observed.
fn steps(report: &mut String, steps: &[StepReport]) {
    report.push_str("## Steps\n\n| | step | about | expected | observed |\n| --- | --- | --- | --- | --- |\n");
    for step in steps {
        let what = match (&step.command, &step.say) {
            (Some(command), _) => command.as_str(),
            (None, Some(say)) => say.lines().next().unwrap_or_default(),
            (None, None) => "wait",
        };
        let what = escaped(what);
        if step.checks.is_empty() {
            let returned = escaped(&step.observation.returned.words());
            let _ = writeln!(report, "| {} | {what} | | | {returned} |", step.no);
        }
        for (check, nth) in step.checks.iter().zip(0..) {
            let held = match check.held {
                Some(true) => "",
                Some(false) => "**differs:** ",
                None => "not visible here: ",
            };
            let (no, what) = if nth == 0 {
                (step.no.to_string(), what.as_str())
            } else {
                (String::new(), "")
            };
            let _ = writeln!(
                report,
                "| {no} | {what} | {} | {} | {held}{} |",
                escaped(&check.about),
                escaped(&check.expected),
                escaped(&check.observed)
            );
        }
        for claim in &step.claims {
            let held = match claim.held {
                Some(true) => "so it is",
                Some(false) => "it is not so",
                None => "not visible here",
            };
            let _ = writeln!(
                report,
                "| | | the article: {} | {} | {}: {held} |",
                escaped(&claim.about),
                escaped(&claim.expected),
                escaped(&claim.observed)
            );
        }
    }
}

/// The commands of a run that was made by hand, each with what its calls returned.
fn commands(report: &mut String, story: &Story) {
    if story.commands.is_empty() {
        return;
    }
    report.push_str("## Commands\n\n| s | command | what came of it |\n| --- | --- | --- |\n");
    for (nth, command) in story.commands.iter().enumerate() {
        let until = story.commands.get(nth + 1).map_or(u64::MAX, |next| next.before);
        let _ = writeln!(
            report,
            "| {:.3} | {} | {} |",
            command.at.as_secs_f64(),
            escaped(&command.text),
            outcome(story, command, until)
        );
    }
}

/// What came of a command: its refusal, or the ends of calls and changes of states until the next one.
fn outcome(story: &Story, command: &StoryCommand, until: u64) -> String {
    if let Some(why) = &command.refused {
        return format!("not carried out: {}", escaped(why));
    }
    let its = story
        .entries
        .iter()
        .filter(|entry| entry.no > command.before && entry.no <= until);
    let lines: Vec<String> = its
        .filter_map(|entry| match &entry.what {
            EntryKind::Ended(_) | EntryKind::Host(_) | EntryKind::Wire { .. } | EntryKind::Blocked { .. } => {
                Some(format!("{}: {}", entry.speaker(), entry.lines().join("; ")))
            }
            EntryKind::State { .. } => entry.short_state(),
            _ => None,
        })
        .map(|line| escaped(&line))
        .collect();
    lines.join("<br>")
}

/// The errors, each with its reason, the rule behind it, what set it, and the scenario that shows it.
fn errors(report: &mut String, story: &Story) {
    let mut heading = "\n## Errors explained\n";
    let mut told: BTreeSet<&'static str> = BTreeSet::new();
    for (entry, why) in story.explained() {
        report.push_str(std::mem::take(&mut heading));
        let line = entry.lines().into_iter().next().unwrap_or_default();
        let _ = writeln!(
            report,
            "\n- **{}** at {:.3} s: {}\n  {}",
            entry.speaker(),
            entry.at.as_secs_f64(),
            escaped(&line),
            escaped(why)
        );
        if let Some(cause) = cause(story, entry) {
            let _ = writeln!(report, "  Set by: {}.", escaped(&cause));
        }
        if let Some(rule) = rule_of(entry) {
            let rule_row = rule.rule();
            if told.insert(rule.name()) {
                let by: Vec<String> = rule_row.decided_by.iter().map(ToString::to_string).collect();
                let _ = writeln!(
                    report,
                    "  The rule {}: {}; decided by {}. The scenario {} shows it.",
                    escaped(rule.name()),
                    escaped(rule_row.brief),
                    escaped(&by.join(", ")),
                    escaped(rule_row.proof)
                );
            } else {
                let _ = writeln!(report, "  The rule {}, as above.", escaped(rule.name()));
            }
        }
    }
}

fn rule_of(entry: &Entry) -> Option<RuleId> {
    match &entry.what {
        EntryKind::Ended(call) => call.why.rule,
        EntryKind::Program(news) => news.why.as_ref()?.rule,
        EntryKind::ProgramCall(call) => call.why.as_ref()?.rule,
        _ => None,
    }
}

/// Returns what set an error, by its entry.
fn cause(story: &Story, entry: &Entry) -> Option<String> {
    let why = match &entry.what {
        EntryKind::Ended(call) => &call.why,
        EntryKind::Program(news) => news.why.as_ref()?,
        EntryKind::ProgramCall(call) => call.why.as_ref()?,
        _ => return None,
    };
    let no = why.set_by?.entry()?;
    let place = story.entries.binary_search_by_key(&no, |entry| entry.no).ok()?;
    let by = story.entries.get(place)?;
    let words = match &by.what {
        EntryKind::Packet(record) => format!(
            "{} from the {}, {}, {}",
            record.no,
            record.from,
            describe(record),
            became(record)
        ),
        _ => format!("{}: {}", by.speaker(), by.lines().join("; ")),
    };
    Some(format!("{words}, at {:.3} s", by.at.as_secs_f64()))
}

/// What programs of the user's own wrote, and how they ended.
fn output(report: &mut String, story: &Story) {
    let mut lines = String::new();
    for entry in &story.entries {
        if let EntryKind::Program(news) = &entry.what
            && !matches!(news.event.what, ProgramNews::Gone)
        {
            let _ = writeln!(lines, "{}  {}", entry.time(), entry.lines().join(" "));
        }
    }
    if !lines.is_empty() {
        report.push_str("\n## Programs\n\n");
        code(report, &lines);
    }
}

/// What both kernels have counted over the whole run.
fn counters(report: &mut String, story: &Story) {
    let mut moved: Ends<MovedCounters> = Ends::default();
    for entry in &story.entries {
        if let EntryKind::Counters { side, moved: more } = &entry.what {
            more.iter().for_each(|(name, by)| moved[*side].add(name, by));
        }
    }
    let mut heading = "\n## Counters\n\n| host | counter | moved by |\n| --- | --- | --- |\n";
    for (side, moved) in moved.iter() {
        for (name, by) in moved.iter().filter(|(name, _)| is_shown(name)) {
            report.push_str(std::mem::take(&mut heading));
            let _ = writeln!(report, "| {side} | {} | {by} |", escaped(&name.to_string()));
        }
    }
}

/// Writes a block of code; its fence is longer than any in it.
fn code(report: &mut String, text: &str) {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat((longest + 1).max(3));
    let _ = writeln!(report, "{fence}text\n{}\n{fence}", text.trim_end_matches('\n'));
}

/// Returns a text as Markdown shows it as it is, on one line and in a table's cell.
pub(super) fn escaped(text: &str) -> String {
    const MEANS_SOMETHING: &str = "\\`*_{}[]<>#|~&!$@:";
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' | '\r' => escaped.push(' '),
            c if c.is_control() => escaped.extend(c.escape_unicode().flat_map(|c| {
                let escape = if MEANS_SOMETHING.contains(c) { Some('\\') } else { None };
                escape.into_iter().chain([c])
            })),
            // A colon makes an address a link only where slashes follow; everywhere else it is one.
            c if MEANS_SOMETHING.contains(c) => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped.replace("www.", "www\\.").replace("\\: ", ": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_to_markdown_is_text() {
        assert_eq!(escaped("a|b"), "a\\|b");
        assert_eq!(escaped("<script>"), "\\<script\\>");
        assert_eq!(escaped("http://x www.x"), "http\\://x www\\.x");
        assert_eq!(escaped("read: one\ntwo"), "read: one two");
    }

    #[test]
    fn a_fence_is_longer_than_those_in_it() {
        let mut report = String::new();
        code(&mut report, "a ```` b\n");
        assert_eq!(report, "`````text\na ```` b\n`````\n");
    }
}
