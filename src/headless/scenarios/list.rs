//! `finwait list`: the scenarios of the catalog or of a folder, and the lessons.

use serde::Serialize;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use super::folder;
use super::load::{mistaken, read};
use crate::exit::{BAD, fail};
use crate::headless::aside::behind;
use crate::headless::output::TextOutput;
use crate::json::Versioned;
use crate::progress::printed_on;
use crate::scenario::Group;
use crate::scenario::catalog::{self, Entry, ListedLesson};
use crate::scenario::lesson::Shelf;
use crate::scenario::report::Heading;
use crate::stderr::complain;
use crate::text::{SanitizingWriter, width};

/// `finwait list --lessons`
pub fn lessons(output: TextOutput) -> ExitCode {
    match catalog::listed_lessons() {
        Ok(all) => output.print(|out| write_lessons(out, &all, printed_on())),
        Err(mistakes) => mistaken(&mistakes),
    }
}

fn write_lessons(out: &mut dyn Write, all: &[ListedLesson], columns: Option<usize>) -> io::Result<()> {
    let mut shelf: Option<Shelf> = None;
    for ListedLesson {
        name,
        title,
        lesson,
        runs,
    } in all
    {
        if !shelf.is_some_and(|before| before.is_with(lesson.shelf)) {
            writeln!(out, "{}", lesson.shelf.heading())?;
        }
        shelf = Some(lesson.shelf);
        let (level, minutes) = (lesson.level.name(), lesson.minutes);
        let head = format!("  {name:<32} {level:<12} {minutes:>2} min  ");
        behind(out, columns, &head, &format!("{title}{runs}"))?;
    }
    Ok(())
}

/// `finwait list`: the catalog, one of its groups, or the scenario files of a folder.
pub fn list(of: Option<&Path>, json: bool, output: TextOutput) -> ExitCode {
    let output = output.unless(json);
    let group = of.and_then(|of| Group::ALL.into_iter().find(|group| Some(group.name()) == of.to_str()));
    if let (Some(folder), None) = (of, group) {
        return list_folder(folder, json, output);
    }
    let is_listed = |of: Group| group.is_none_or(|group| group == of);
    if !json {
        let entries = catalog::by_group().into_iter().filter(|entry| is_listed(entry.group));
        let listed: Vec<ListedScenario<'_>> = entries.map(ListedScenario::of).collect();
        return output.print(|out| write_list(out, &listed, printed_on()));
    }
    match catalog::all() {
        Ok(all) => output.print(|out| {
            let all = all.iter().filter(|scenario| is_listed(scenario.group));
            let scenarios = all.map(Heading::of).collect();
            Versioned::new(Listed { scenarios }).print(out)
        }),
        Err(mistakes) => mistaken(&mistakes),
    }
}

/// Lists the scenario files of a folder, each under the path by which finwait run knows it.
fn list_folder(folder: &Path, json: bool, output: TextOutput) -> ExitCode {
    let files = match folder::files_in(folder) {
        Ok(files) => files,
        Err(why) => return fail(BAD, &why),
    };
    let mut all = Vec::new();
    let mut bad = false;
    for path in files {
        match read(&path) {
            Ok(scenario) => all.push((path, scenario)),
            Err(why) => {
                bad = true;
                complain(&why);
            }
        }
    }
    all.sort_by(|(path, a), (other, b)| (a.group, path).cmp(&(b.group, other)));
    let printed = if json {
        let scenarios = all.iter().map(|(_, scenario)| Heading::of(scenario)).collect();
        output.print(|out| Versioned::new(Listed { scenarios }).print(out))
    } else {
        let listed: Vec<ListedScenario<'_>> = all
            .iter()
            .map(|(path, scenario)| ListedScenario {
                group: scenario.group,
                name: path,
                title: &scenario.title,
                ipv6: scenario.ipv6,
                runs: String::new(),
            })
            .collect();
        output.print(|out| write_list(&mut SanitizingWriter(out), &listed, printed_on()))
    };
    if bad { ExitCode::from(BAD) } else { printed }
}

/// The output of `finwait list --json`.
#[derive(Serialize)]
struct Listed {
    scenarios: Vec<Heading>,
}

/// A line of the list.
struct ListedScenario<'a> {
    group: Group,
    name: &'a str,
    title: &'a str,
    ipv6: Option<bool>,
    runs: String,
}

impl ListedScenario<'static> {
    fn of(entry: &'static Entry) -> ListedScenario<'static> {
        ListedScenario {
            group: entry.group,
            name: entry.name,
            title: entry.title,
            ipv6: entry.ipv6,
            runs: entry.runs(),
        }
    }
}

/// Writes scenarios, which stand group by group, each group under its heading.
fn write_list(out: &mut dyn Write, all: &[ListedScenario<'_>], columns: Option<usize>) -> io::Result<()> {
    let mut group = None;
    let wide = all
        .iter()
        .map(|scenario| width(scenario.name))
        .max()
        .unwrap_or_default();
    for scenario in all {
        if group != Some(scenario.group) {
            group = Some(scenario.group);
            writeln!(out, "{}", scenario.group)?;
        }
        let text = format!("{}{}{}", scenario.title, alone(scenario.ipv6), scenario.runs);
        behind(out, columns, &format!("  {:<wide$} ", scenario.name), &text)?;
    }
    Ok(())
}

/// The IP version that a scenario is of, where it is of one alone: what follows its line.
pub(super) const fn alone(ipv6: Option<bool>) -> &'static str {
    match ipv6 {
        None => "",
        Some(true) => " (IPv6 alone)",
        Some(false) => " (IPv4 alone)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headless::scenarios::load;
    use crate::scenario::file::parsed_by;

    #[test]
    fn the_lists_parse_no_scenario_and_one_that_is_run_is_the_only_one() {
        let mut out = Vec::new();
        let listed = |out: &mut Vec<u8>| {
            let all = catalog::by_group()
                .into_iter()
                .map(ListedScenario::of)
                .collect::<Vec<_>>();
            write_list(out, &all, None).unwrap();
        };
        assert_eq!(parsed_by(|| listed(&mut out)), 0);
        assert!(out.len() > catalog::ENTRIES.len() * 30);
        // What is known of a lesson of two labs stands in its file.
        let lessons = parsed_by(|| assert!(catalog::listed_lessons().unwrap().len() > 100));
        assert_eq!(lessons as usize, catalog::SIDE_BY_SIDE.len());
        assert_eq!(parsed_by(|| drop(load("half-close").unwrap())), 1);
    }
}
