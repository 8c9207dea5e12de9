//! What a battery has shown of a program: as text, as JSON, as a table in Markdown.

use crate::text::{xml_attribute, xml_text};
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::{Battery, Case, CaseVerdict, Observed, Verdict};
use crate::scenario::report::ReportLine;
use crate::text::wrap;

/// What one case has shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseReport {
    /// The case's name.
    pub case: String,
    /// The scenario's title.
    pub title: String,
    /// The verdict.
    #[serde(flatten)]
    pub judged: CaseVerdict,
    /// What the verdict rests on: results of calls, states and segments.
    pub evidence: Vec<String>,
    /// The program's last words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// Did all that the scenario expects hold?
    pub held: bool,
    /// The time that it took, in ms.
    pub took_ms: f64,
}

impl Eq for CaseReport {}

impl CaseReport {
    /// The report of a case, from its run's.
    pub fn of(battery: Battery, case: &Case, lines: &[ReportLine]) -> CaseReport {
        let seen = Observed::of(lines);
        let judged = case.judge(battery, &seen);
        let title = lines.iter().find_map(|line| match line {
            ReportLine::Scenario(heading) => Some(heading.title.clone()),
            ReportLine::Step(_) | ReportLine::End(_) => None,
        });
        let end = lines.iter().find_map(|line| match line {
            ReportLine::End(end) => Some(end),
            ReportLine::Scenario(_) | ReportLine::Step(_) => None,
        });
        CaseReport {
            case: case.name.into(),
            title: title.unwrap_or_default(),
            evidence: match judged.verdict {
                Verdict::NotMeasured => Vec::new(),
                _ => seen.evidence(battery.servers_name()),
            },
            says: seen.last_words().filter(|_| battery.is_heard(judged.verdict)),
            judged,
            held: end.is_some_and(|end| end.held()),
            took_ms: end.map_or(0.0, |end| end.took_ms),
        }
    }

    /// The evidence and the program's words, in a sentence or two.
    pub fn grounds(&self) -> String {
        let mut grounds = self.evidence.join("; ");
        if let Some(says) = &self.says {
            let between = if grounds.is_empty() { "" } else { ". " };
            let _ = write!(grounds, "{between}It says: {says}");
        }
        grounds
    }
}

/// What a battery has shown of a program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatteryReport {
    /// The battery.
    pub battery: Battery,
    /// The command line.
    pub command: String,
    /// The kernel's release.
    pub kernel: String,
    /// The cases.
    pub cases: Vec<CaseReport>,
}

impl CaseReport {
    /// What is wrong with it: it was not measured, or not as expected.
    pub fn complaint(&self, expected: &[(&str, Verdict)]) -> Option<String> {
        let CaseVerdict { verdict, .. } = self.judged;
        let wanted = expected.iter().find(|(case, _)| *case == self.case);
        match wanted {
            Some((_, wanted)) if *wanted != verdict => {
                Some(format!("{}: {}, and {wanted} was expected", self.case, self.judged))
            }
            None if verdict == Verdict::NotMeasured => Some(format!("{}: {}", self.case, self.judged)),
            _ => None,
        }
    }
}

/// The columns of the text.
const COLUMNS: usize = 80;
/// The place of the verdicts.
const VERDICTS: usize = 22;

impl BatteryReport {
    /// The report for people, at most 80 columns wide.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in wrap(&format!("{} on Linux {}", self.command, self.kernel), COLUMNS) {
            let _ = writeln!(text, "{line}");
        }
        for report in &self.cases {
            let verdict = wrap(&report.judged.to_string(), COLUMNS - VERDICTS);
            for (nth, line) in verdict.iter().enumerate() {
                let name = if nth == 0 { report.case.as_str() } else { "" };
                let _ = writeln!(text, "{}{name:<VERDICTS$}{line}", if nth == 0 { "\n" } else { "" });
            }
            let says = report.says.iter().map(|says| format!("it says: {says}"));
            for line in report.evidence.iter().cloned().chain(says) {
                for line in wrap(&line, COLUMNS - VERDICTS) {
                    let _ = writeln!(text, "{:VERDICTS$}{line}", "");
                }
            }
        }
        text
    }

    /// The report as JUnit has it: a case fails where its verdict is not the expected one, or where there is none.
    pub fn junit(&self, expected: &[(&str, Verdict)]) -> String {
        let complaints: Vec<Option<String>> = self.cases.iter().map(|case| case.complaint(expected)).collect();
        let failures = complaints.iter().flatten().count();
        let name = format!("finwait {}", self.battery.name());
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"{name}\" tests=\"{}\" failures=\"{failures}\">\n",
            self.cases.len()
        );
        for (case, complaint) in self.cases.iter().zip(&complaints) {
            let seconds = case.took_ms / 1e3;
            let _ = write!(
                text,
                "  <testcase classname=\"{name}\" name=\"{}\" time=\"{seconds:.3}\">",
                xml_attribute(&case.case)
            );
            if let Some(why) = complaint {
                let _ = write!(text, "<failure message=\"{}\"/>", xml_attribute(why));
            }
            let _ = writeln!(
                text,
                "<system-out>{}: {}</system-out></testcase>",
                case.judged,
                xml_text(&case.grounds())
            );
        }
        text.push_str("</testsuite>\n");
        text
    }

    /// The report as a table.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "`{}` on Linux {}\n\n| case | verdict | seen |\n| --- | --- | --- |\n",
            escaped(&self.command),
            self.kernel
        );
        for report in &self.cases {
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                report.case,
                cell(&report.judged),
                escaped(&report.grounds())
            );
        }
        text
    }
}

/// A verdict as it stands in a cell of a table.
pub(super) fn cell(judged: &CaseVerdict) -> String {
    match &judged.detail {
        Some(detail) => format!("{} ({})", judged.verdict, escaped(detail)),
        None => judged.verdict.to_string(),
    }
}

/// A text in a table of Markdown, in which a bar ends a cell and a bracket begins a tag.
pub(super) fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}
