//! The Test Anything Protocol, version 14: a test point for each scenario, with a subtest of its steps.

use std::fmt::Write as _;

use super::{ScenarioRun, in_workspace, step_title};

/// The lines of a scenario, the `no`th that is reported.
pub(super) fn scenario(no: usize, run: &ScenarioRun<'_>) -> String {
    let name = described(&run.heading.name);
    if let Some(why) = &run.end.skipped {
        return format!("ok {no} - {name} # SKIP {}\n", one_line(why));
    }
    let mut lines = format!("# Subtest: {name}\n    1..{}\n", run.heading.steps);
    for step in &run.steps {
        let ok = if step.held() { "ok" } else { "not ok" };
        let _ = writeln!(lines, "    {ok} {} - {}", step.no, described(step_title(step)));
        for (place, check) in step.differences().enumerate() {
            // A test point has one block: of several expectations, each is a list's item.
            let begin = if place == 0 {
                "      ---\n      differences:\n"
            } else {
                ""
            };
            let at = format!(
                "{}:{}:{}",
                in_workspace(&step.path),
                check.place.line,
                check.place.column
            );
            let _ = write!(
                lines,
                "{begin}        - message: {}\n          at: {}\n          expected: {}\n          got: {}\n",
                quoted(&check.about),
                quoted(&at),
                quoted(&check.expected),
                quoted(&check.observed)
            );
        }
        if !step.held() {
            if let Some(why) = &step.observation.why {
                let _ = writeln!(lines, "      why: {}", quoted(why));
            }
            lines.push_str("      ...\n");
        }
    }
    for left in run.steps.len()..run.heading.steps {
        let _ = writeln!(lines, "    ok {} # SKIP a step before it was not as expected", left + 1);
    }
    let ok = if run.end.held() { "ok" } else { "not ok" };
    let _ = writeln!(lines, "{ok} {no} - {name} # time={:.3}ms", run.end.took_ms);
    if let Some(failed) = &run.end.failed {
        let _ = write!(lines, "  ---\n  message: {}\n  ...\n", quoted(&failed.to_string()));
    }
    lines
}

/// The lines for what was not begun after so many, and for a run that broke off.
pub(super) fn end(done: usize, left: &[&str], why: Option<&str>) -> String {
    if let Some(why) = why {
        return format!("Bail out! {}\n", one_line(why));
    }
    let points = left.iter().enumerate().map(|(place, name)| {
        let no = done + place + 1;
        format!(
            "ok {no} - {} # SKIP not begun: one before it was not as expected\n",
            described(name)
        )
    });
    points.collect()
}

/// A description: what would begin a directive is escaped.
fn described(text: &str) -> String {
    one_line(text).replace('\\', "\\\\").replace('#', "\\#")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A scalar of YAML in double quotes, whose escapes are those of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_holds_no_directive_and_no_second_line() {
        assert_eq!(
            described("4 client write \"a\\n#\" # SKIP\nit"),
            "4 client write \"a\\\\n\\#\" \\# SKIP it"
        );
        assert_eq!(quoted("say \"x\"\n"), "\"say \\\"x\\\"\\n\"");
    }

    #[test]
    fn what_was_not_begun_is_skipped_and_a_run_that_breaks_off_bails_out() {
        assert_eq!(
            end(2, &["a#b"], None),
            "ok 3 - a\\#b # SKIP not begun: one before it was not as expected\n"
        );
        assert_eq!(end(2, &["a"], Some("the lab\nis gone")), "Bail out! the lab is gone\n");
    }
}
