//! Measured pages: programs, each with its command and its version, and the Markdown page of what the battery's cases show of them.

use std::fmt::Write;
use std::ops::Range;

use serde::Serialize;
use toml::de::{DeTable, DeValue};

use super::print::{CaseReport, cell, escaped};
use super::{Battery, Case, Verdict};
use crate::document::{Document, TomlValue};
use crate::mistake::{Mistake, did_you_mean};

/// A page's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The battery.
    pub battery: Battery,
    /// The page's heading.
    pub title: String,
    /// Markdown that stands before the table.
    pub about: String,
    /// The folder of its programs, as seen from the file.
    pub folder: String,
    /// The programs.
    pub rows: Vec<Row>,
}

/// A program of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The name.
    pub name: String,
    /// A command for `sh` whose first line of output is the version; it fails where the program is not installed.
    pub version: String,
    /// A command for `sh` that makes the program, in the page's folder; `{bin}` is where to.
    pub build: Option<String>,
    /// The command that is measured.
    pub run: String,
    /// The cases; none where all of the battery's are meant.
    pub cases: Vec<&'static Case>,
    /// Files of the folder that the program consists of.
    pub files: Vec<String>,
}

impl Row {
    /// The cases that are measured of it.
    pub fn measured(&self, battery: Battery) -> Vec<&'static Case> {
        match self.cases.as_slice() {
            [] => battery.cases().iter().collect(),
            cases => cases.to_vec(),
        }
    }
}

/// What was measured of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowResult {
    /// The program's version, and a report for each of its cases.
    Measured {
        /// The version's line.
        version: String,
        /// The reports, in the order of its cases.
        cases: Vec<CaseReport>,
    },
    /// The program is not installed, or was not made: one sentence.
    Missing(String),
}

/// A page as JSON has it.
#[derive(Clone, Debug, Serialize)]
pub struct PageReport<'a> {
    battery: Battery,
    kernel: &'a str,
    rows: Vec<RowReport<'a>>,
}

/// A row as JSON has it.
#[derive(Clone, Debug, Serialize)]
struct RowReport<'a> {
    name: &'a str,
    run: &'a str,
    version: Option<&'a str>,
    missing: Option<&'a str>,
    cases: &'a [CaseReport],
}

impl<'a> PageReport<'a> {
    /// The report of a page, whose rows these are.
    pub fn of(page: &'a Page, kernel: &'a str, rows: &'a [RowResult]) -> PageReport<'a> {
        let row = |(row, result): (&'a Row, &'a RowResult)| {
            let (version, missing, cases) = match result {
                RowResult::Measured { version, cases } => (Some(version.as_str()), None, cases.as_slice()),
                RowResult::Missing(why) => (None, Some(why.as_str()), [].as_slice()),
            };
            RowReport {
                name: &row.name,
                run: &row.run,
                version,
                missing,
                cases,
            }
        };
        PageReport {
            battery: page.battery,
            kernel,
            rows: page.rows.iter().zip(rows).map(row).collect(),
        }
    }
}

/// The words of a cell of a row that is not installed.
pub const NOT_INSTALLED: &str = "not installed";

const TOP: [&str; 5] = ["battery", "title", "about", "folder", "row"];
const ROW: [&str; 6] = ["name", "version", "build", "run", "cases", "files"];

impl Page {
    /// Reads a page's file, which messages call `path`.
    ///
    /// # Errors
    ///
    /// The first mistake in it.
    pub fn read(path: &str, text: &str) -> Result<Page, Mistake> {
        let document = Document::new(path, text);
        let table = document.parse()?;
        let reader = Reader { document };
        let whole = table.span();
        let table = table.get_ref();
        reader.know(table, &TOP, "a page")?;
        let named = reader.needed(table, "battery", &whole)?;
        let battery = Battery::ALL.into_iter().find(|battery| battery.name() == named.0);
        let battery = battery.ok_or_else(|| {
            let names = Battery::ALL.map(Battery::name).join(" or ");
            reader.document.wrong(named.1, format!("a battery is {names}"))
        })?;
        let rows = match table.get("row").map(|value| (value, value.get_ref())) {
            Some((_, DeValue::Array(rows))) => rows.iter().map(|row| reader.row(row, battery)).collect(),
            Some((value, _)) => Err(reader.document.kind(value, "tables, each after a line [[row]]")),
            None => Err(reader
                .document
                .wrong(whole.start..whole.start, "a page has rows: [[row]]".into())),
        };
        Ok(Page {
            battery,
            title: reader.needed(table, "title", &whole)?.0,
            about: reader.needed(table, "about", &whole)?.0,
            folder: reader.needed(table, "folder", &whole)?.0,
            rows: rows?,
        })
    }
}

struct Reader<'a> {
    document: Document<'a>,
}

impl<'a> Reader<'a> {
    fn row(&self, value: &TomlValue<'a>, battery: Battery) -> Result<Row, Mistake> {
        let table = self.document.table(value, "[[row]]")?;
        self.know(table, &ROW, "a row")?;
        let at = value.span();
        let mut cases = Vec::new();
        for (name, span) in self.list(table.get("cases"))? {
            cases.push(battery.case(&name).ok_or_else(|| {
                let names: Vec<&str> = battery.cases().iter().map(|case| case.name).collect();
                let near = did_you_mean(&name, &names);
                self.document.wrong(
                    span,
                    format!("{battery} has no case {name}{near}", battery = battery.name()),
                )
            })?);
        }
        Ok(Row {
            name: self.needed(table, "name", &at)?.0,
            version: self.needed(table, "version", &at)?.0,
            build: self.text(table, "build")?.map(|(text, _)| text),
            run: self.needed(table, "run", &at)?.0,
            cases,
            files: self
                .list(table.get("files"))?
                .into_iter()
                .map(|(file, _)| file)
                .collect(),
        })
    }

    fn know(&self, table: &DeTable<'a>, known: &[&str], what: &str) -> Result<(), Mistake> {
        let unknown = table.iter().find(|(key, _)| !known.contains(&key.get_ref().as_ref()));
        match unknown {
            None => Ok(()),
            Some((key, _)) => {
                let near = did_you_mean(key.get_ref(), known);
                let why = format!("{what} has no {}; it has {}{near}", key.get_ref(), known.join(", "));
                Err(self.document.wrong(key.span(), why))
            }
        }
    }

    fn text(&self, table: &DeTable<'a>, key: &str) -> Result<Option<(String, Range<usize>)>, Mistake> {
        let Some(value) = table.get(key) else { return Ok(None) };
        let text = self.document.string(value, &format!("{key} = \"...\""))?;
        Ok(Some((text.trim().to_owned(), value.span())))
    }

    fn needed(&self, table: &DeTable<'a>, key: &str, at: &Range<usize>) -> Result<(String, Range<usize>), Mistake> {
        let missing = || {
            self.document
                .wrong(at.start..at.start, format!("{key} is missing: {key} = \"...\""))
        };
        self.text(table, key)?.ok_or_else(missing)
    }

    fn list(&self, value: Option<&TomlValue<'a>>) -> Result<Vec<(String, Range<usize>)>, Mistake> {
        let Some(value) = value else { return Ok(Vec::new()) };
        let DeValue::Array(items) = value.get_ref() else {
            return Err(self.document.kind(value, "a list of strings"));
        };
        let item = |item: &TomlValue<'a>| Ok((self.document.string(item, "\"...\"")?.to_owned(), item.span()));
        items.iter().map(item).collect()
    }
}

/// The page in Markdown: `file` is the page's file as the command line has it, `kernel` the release that was measured on.
pub fn markdown(page: &Page, file: &str, kernel: &str, rows: &[RowResult]) -> String {
    let verb = page.battery.name();
    let cases = page.battery.cases();
    let mut text = format!(
        "<!-- made by finwait {verb} --allow-run --page {file} -->\n# {}\n\n{}\n\n",
        page.title, page.about
    );
    let _ = writeln!(text, "Measured on Linux {kernel}.\n");
    let heads: Vec<&str> = cases.iter().map(|case| case.short).collect();
    let _ = writeln!(
        text,
        "| | {} |\n|{}",
        heads.join(" | "),
        " --- |".repeat(cases.len() + 1)
    );
    for (row, result) in page.rows.iter().zip(rows) {
        let cells = cases.iter().map(|case| match result {
            RowResult::Missing(_) => NOT_INSTALLED.to_owned(),
            RowResult::Measured { cases, .. } => {
                let of_it = cases.iter().find(|report| report.case == case.name);
                of_it.map_or_else(String::new, |report| cell(&report.judged))
            }
        });
        let cells: Vec<String> = cells.collect();
        let _ = writeln!(text, "| {} | {} |", row.name, cells.join(" | "));
    }
    text.push_str("\nWhat the words stand for:\n\n");
    for verdict in Verdict::ALL.iter().filter(|verdict| is_used(**verdict, rows)) {
        let _ = writeln!(text, "- **{verdict}**: {}.", verdict.meaning());
    }
    text.push_str("\n## The cases\n\n");
    for case in cases {
        let _ = writeln!(text, "- **{}** (`{}`): {}", case.short, case.name, case.summary());
    }
    text.push_str("\n## The programs\n");
    for (row, result) in page.rows.iter().zip(rows) {
        let _ = write!(text, "\n### {}\n\n", row.name);
        for file in &row.files {
            let _ = write!(text, "[{file}](measured/{}/{file}), ", page.folder);
        }
        if let Some(build) = &row.build {
            let _ = write!(text, "made by `{build}`, ");
        }
        let _ = writeln!(text, "run as `{}`", row.run);
        match result {
            RowResult::Missing(why) => {
                let _ = writeln!(text, "\nNot installed where this was measured: {}.", escaped(why));
            }
            RowResult::Measured { version, cases } => {
                let _ = writeln!(text, "\n{}\n", escaped(version));
                for report in cases {
                    let _ = writeln!(
                        text,
                        "- `{}`: **{}**. {}",
                        report.case,
                        report.judged,
                        escaped(&report.grounds())
                    );
                }
            }
        }
    }
    text
}

fn is_used(verdict: Verdict, rows: &[RowResult]) -> bool {
    rows.iter().any(|row| match row {
        RowResult::Measured { cases, .. } => cases.iter().any(|case| case.judged.verdict == verdict),
        RowResult::Missing(_) => false,
    })
}

/// The cells of a page's table: of each row and case the words, without what stands in brackets after them.
pub fn cells(markdown: &str, battery: Battery) -> Vec<(String, &'static str, String)> {
    let mut cells = Vec::new();
    let table = markdown
        .lines()
        .skip_while(|line| !line.starts_with("| --- |") && !line.starts_with("| |"));
    for line in table.skip(2).take_while(|line| line.starts_with("| ")) {
        let mut columns = line.trim_matches('|').split(" | ").map(str::trim);
        let row = columns.next().unwrap_or_default();
        for (case, cell) in battery.cases().iter().zip(columns) {
            let words = cell.split(" (").next().unwrap_or_default();
            cells.push((row.to_owned(), case.name, words.to_owned()));
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::battery::CaseVerdict;

    const FILE: &str = "battery = \"proxy\"\ntitle = \"Proxies\"\nabout = \"About.\"\nfolder = \"proxies\"\n\
                        [[row]]\nname = \"a\"\nversion = \"a -v\"\nrun = \"a\"\n\
                        [[row]]\nname = \"b\"\nversion = \"b -v\"\nrun = \"b\"\ncases = [\"idle\"]\n";

    #[test]
    fn a_page_says_what_was_measured_and_what_is_not_installed() {
        let page = Page::read("p.toml", FILE).unwrap();
        let report = |case: &'static Case| CaseReport {
            case: case.name.into(),
            title: "t".into(),
            judged: CaseVerdict {
                verdict: Verdict::Fin,
                detail: Some("after 3.0 s".into()),
            },
            evidence: vec!["client read: EOF".into()],
            says: Some("a|b".into()),
            held: false,
            took_ms: 1.0,
        };
        let measured = page.rows[1].measured(page.battery);
        let rows = [
            RowResult::Missing("there is no a".into()),
            RowResult::Measured {
                version: "b 1.0".into(),
                cases: measured.into_iter().map(report).collect(),
            },
        ];
        let text = markdown(&page, "p.toml", "6.1", &rows);
        let cells = cells(&text, page.battery);
        let of = |row: &str, case: &str| {
            let mut cells = cells.iter();
            cells
                .find(|cell| cell.0 == row && cell.1 == case)
                .map(|cell| cell.2.as_str())
        };
        assert_eq!(cells.len(), 2 * page.battery.cases().len());
        assert_eq!(of("a", "idle"), Some(NOT_INSTALLED));
        assert_eq!(of("b", "idle"), Some("FIN"));
        assert_eq!(of("b", "rst-client"), Some(""));
        assert!(text.contains("FIN (after 3.0 s)") && text.contains("a\\|b"), "{text}");
    }

    #[test]
    fn a_mistake_in_a_page_is_told_where_it_is() {
        for (from, to, why) in [
            ("\"proxy\"", "\"prxy\"", "1:11: a battery is proxy or http-client"),
            (
                "\"idle\"",
                "\"idlee\"",
                "13:10: proxy has no case idlee; did you mean idle?",
            ),
            ("run = \"b\"", "command = \"b\"", "12:1: a row has no command"),
            ("title = \"Proxies\"\n", "", "1:1: title is missing"),
        ] {
            let mistake = Page::read("p.toml", &FILE.replace(from, to)).unwrap_err().to_string();
            assert!(mistake.contains(why), "{mistake}");
        }
    }
}
