//! From the text of a lesson of two labs to a [`SideBySide`], or every mistake in it.

use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::{Field, Mistake, Reader, name_of, parsed};
use crate::scenario::lesson::{AlignedWords, Column, Lesson, SideBySide};
use crate::scenario::{Group, Scenario, Step, keys};
use crate::side::Ends;

/// Reads a lesson of two labs; `path` is what messages call the file.
///
/// # Errors
///
/// All mistakes in the file, each with its place.
pub fn read(path: &str, text: &str) -> Result<SideBySide, Vec<Mistake>> {
    parsed(path, text, |reader, table, whole| {
        let at = whole.start..whole.start;
        reader.know(table, keys::SIDE_BY_SIDE, "a lesson of two labs", &at);
        let title = reader.line(table.get("title"));
        let summary = reader.string(table.get("summary"));
        let lesson = reader.lesson(table.get("lesson"));
        let headings = [reader.line(table.get("left")), reader.line(table.get("right"))];
        let (mut words, mut sides) = (Vec::new(), [Vec::new(), Vec::new()]);
        for (said, steps) in reader.aligned(table.get("step")) {
            words.push(said);
            for (side, step) in sides.iter_mut().zip(steps) {
                side.push(step);
            }
        }
        let (title, summary, lesson) = (title?, summary?, lesson?);
        let [left, right] = headings;
        let [left_steps, right_steps] = sides;
        let column = |heading: String, steps| Column {
            scenario: Arc::new(scenario(path, &title, &summary, lesson, steps)),
            heading,
        };
        let columns = [column(left?, left_steps), column(right?, right_steps)];
        Some(SideBySide {
            name: name_of(path).to_owned(),
            columns,
            title,
            summary,
            lesson,
            words,
        })
    })
}

/// One column's steps as a scenario, for a lab that need not have the wire.
fn scenario(path: &str, title: &str, summary: &str, lesson: Lesson, steps: Vec<Step>) -> Scenario {
    Scenario {
        name: name_of(path).to_owned(),
        path: path.to_owned(),
        title: title.to_owned(),
        summary: summary.to_owned(),
        group: Group::Close,
        id: None,
        lesson: Some(lesson),
        isolated: false,
        ipv6: None,
        offload: None,
        driven: Ends::default(),
        programs: Ends::default(),
        needs: None,
        needed: Vec::new(),
        claim: None,
        expects: None,
        steps,
    }
}

impl<'a> Reader<'a> {
    /// The steps of both columns, with what is said of each pair.
    fn aligned(&mut self, value: Field<'a, '_>) -> Vec<(AlignedWords, [Step; 2])> {
        let Some(value) = value else { return Vec::new() };
        let DeValue::Array(array) = value.get_ref() else {
            self.wrong(value.span(), "steps are tables, each after a line [[step]]".into());
            return Vec::new();
        };
        let mut aligned = Vec::new();
        for step in array.iter() {
            let DeValue::Table(table) = step.get_ref() else {
                self.wrong(step.span(), "a step is a table, after a line [[step]]".into());
                continue;
            };
            self.know(table, keys::ALIGNED_STEP, "a step of two labs", &step.span());
            let say = self.string(table.get("say"));
            let look = self.string(table.get("look"));
            if let (Some(say), Some(look), Some(steps)) = (say, look, self.pair(table)) {
                aligned.push((AlignedWords { say, look }, steps));
            }
        }
        aligned
    }

    /// The command of the two labs: the same, or this in one and that in the other.
    fn pair(&mut self, table: &DeTable<'a>) -> Option<[Step; 2]> {
        match (table.get("both"), table.get("left"), table.get("right")) {
            (Some(both), None, None) => {
                let step = self.step(both, false)?;
                Some([step.clone(), step])
            }
            (None, Some(left), Some(right)) => {
                let (left, right) = (self.step(left, false), self.step(right, false));
                Some([left?, right?])
            }
            (both, left, right) => {
                let span = [both, left, right]
                    .into_iter()
                    .flatten()
                    .next()
                    .map(|value| value.span());
                let why = "a step of two labs has both, or left and right: one without a command waits, and says so";
                self.wrong(span.unwrap_or_default(), why.into());
                None
            }
        }
    }
}
