//! Annotations of GitHub Actions (workflow commands): `::error file=PATH,line=LINE,col=COLUMN,title=TITLE::MESSAGE`.

use super::{ScenarioRun, at, in_workspace, step_name};
use crate::scenario::catalog;

/// The annotations of a scenario: one for each expectation that did not hold, and one where it could not run.
pub(super) fn scenario(run: &ScenarioRun<'_>) -> String {
    let mut lines = String::new();
    let name = &run.heading.name;
    for step in &run.steps {
        for check in step.differences() {
            let why = step.observation.why.iter().map(|why| format!("\nwhy: {why}"));
            let message = format!(
                "{}: expected {}, observed {}{}",
                check.about,
                check.expected,
                check.observed,
                why.collect::<String>()
            );
            let title = ("title", format!("{name}, step {}", step_name(step)));
            // Of a scenario within the binary there is no file to point at.
            lines.push_str(&match catalog::built_in(&step.path) {
                Some(_) => command(
                    "error",
                    &[title],
                    &format!("{message}\nat {}", at(&step.path, check.place)),
                ),
                None => {
                    let properties = [
                        ("file", in_workspace(&step.path)),
                        ("line", check.place.line.to_string()),
                        ("col", check.place.column.to_string()),
                        title,
                    ];
                    command("error", &properties, &message)
                }
            });
        }
    }
    let (level, why) = match (&run.end.skipped, &run.end.failed) {
        (Some(why), _) => ("warning", format!("it cannot run here: {why}")),
        (None, Some(failed)) => ("error", failed.to_string()),
        (None, None) => return lines,
    };
    let file = catalog::built_in(&run.heading.path).is_none();
    let file = file.then(|| ("file", in_workspace(&run.heading.path)));
    let properties: Vec<(&str, String)> = file.into_iter().chain([("title", name.clone())]).collect();
    lines + &command(level, &properties, &why)
}

/// The annotation of a run that broke off.
pub(super) fn broken_off(why: &str) -> String {
    command("error", &[("title", "finwait run broke off".into())], why)
}

/// The annotations of mistakes in files, each a line `PATH:LINE:COLUMN: what is wrong`; other lines quote the file.
pub(super) fn mistakes(text: &str) -> String {
    let places = text.lines().filter_map(|line| {
        let mut parts = line.splitn(4, ':');
        let (path, line, column, why) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        (is_number(line) && is_number(column)).then(|| {
            let properties = [
                ("file", in_workspace(path)),
                ("line", line.to_owned()),
                ("col", column.to_owned()),
            ];
            command("error", &properties, why.trim())
        })
    });
    places.collect()
}

/// A workflow command, escaped as the runner's own toolkit does it (`@actions/core`, command.ts).
fn command(level: &str, properties: &[(&str, String)], message: &str) -> String {
    let properties: Vec<String> = properties
        .iter()
        .map(|(key, value)| format!("{key}={}", escaped(value).replace(':', "%3A").replace(',', "%2C")))
        .collect();
    format!("::{level} {}::{}\n", properties.join(","), escaped(message))
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_property_or_the_line_is_escaped() {
        let properties = [("file", "a,b:c.toml".to_owned()), ("title", "100%\n".to_owned())];
        assert_eq!(
            command("error", &properties, "is: 1,\r\n50% of 2"),
            "::error file=a%2Cb%3Ac.toml,title=100%25%0A::is: 1,%0D%0A50%25 of 2\n"
        );
    }

    #[test]
    fn a_mistake_in_a_file_is_annotated_where_it_is() {
        let text = "t.toml:3:9: group: there is no \"x\"\n  3 | group = \"x\"\n    |         ^\nfinwait: no file";
        assert_eq!(
            mistakes(text),
            "::error file=t.toml,line=3,col=9::group: there is no \"x\"\n"
        );
    }
}
