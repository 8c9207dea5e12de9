//! The Test Anything Protocol, version 14: a test point for each scenario, with a subtest of its steps.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{ScenarioRun, at, step_title};

/// The test points of a run, by the scenario's place in it: each is given out when all before it have been.
#[derive(Default)]
pub(super) struct TapPoints {
    /// The points that wait for one before them.
    waiting: BTreeMap<usize, String>,
    /// The number of those that were given out.
    told: usize,
}

impl TapPoints {
    /// Takes in the scenario at that place; returns the lines whose turn it is.
    pub(super) fn scenario(&mut self, place: usize, run: &ScenarioRun<'_>) -> String {
        self.take(place, scenario(place + 1, run))
    }

    fn take(&mut self, place: usize, point: String) -> String {
        self.waiting.insert(place, point);
        let mut lines = String::new();
        while let Some(point) = self.waiting.remove(&self.told) {
            lines.push_str(&point);
            self.told += 1;
        }
        lines
    }

    /// Returns the lines of the points that are left: of the scenarios of those `names`, those that were not taken in were not begun;
    /// where the run broke off, `why` says so in their place.
    pub(super) fn end(mut self, names: &[String], why: Option<&str>) -> String {
        let mut lines = String::new();
        for (place, name) in names.iter().enumerate().skip(self.told) {
            match self.waiting.remove(&place) {
                Some(point) => lines.push_str(&point),
                None if why.is_some() => {}
                None => {
                    let (no, name) = (place + 1, described(name));
                    let _ = writeln!(
                        lines,
                        "ok {no} - {name} # SKIP not begun: one before it was not as expected"
                    );
                }
            }
        }
        if let Some(why) = why {
            let _ = writeln!(lines, "Bail out! {}", one_line(why));
        }
        lines
    }
}

/// The lines of a scenario, whose test point has that number.
fn scenario(no: usize, run: &ScenarioRun<'_>) -> String {
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
            let at = at(&step.path, check.place);
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

    /// Scenarios end in any order, and are told in that of the plan.
    #[test]
    fn points_come_in_the_order_of_the_plan() {
        let mut points = TapPoints::default();
        assert_eq!(points.take(2, "ok 3\n".into()), "");
        assert_eq!(points.take(0, "ok 1\n".into()), "ok 1\n");
        assert_eq!(points.take(1, "ok 2\n".into()), "ok 2\nok 3\n");
    }

    #[test]
    fn what_was_not_begun_is_skipped_and_a_run_that_breaks_off_bails_out() {
        let names = ["a", "b", "c#d", "e"].map(String::from);
        let points = || {
            let mut points = TapPoints::default();
            points.take(0, "ok 1\n".into());
            points.take(3, "not ok 4\n".into());
            points
        };
        assert_eq!(
            points().end(&names, None),
            "ok 2 - b # SKIP not begun: one before it was not as expected\n\
             ok 3 - c\\#d # SKIP not begun: one before it was not as expected\n\
             not ok 4\n"
        );
        let broke_off = points().end(&names, Some("the lab\nis gone"));
        assert_eq!(broke_off, "not ok 4\nBail out! the lab is gone\n");
    }
}
