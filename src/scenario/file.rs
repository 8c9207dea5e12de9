//! From the text of a file to a [`Scenario`], or every mistake in it.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::lesson::{Lesson, Level, Shelf, Topic};
use super::needs::{Needs, Question};
use super::{Group, Kernel, Scenario, keys};
use crate::command::programs::ProgramName;
use crate::document::{Document, TomlValue};
use crate::errno::Errno;
use crate::mistake::Mistake;

/// The end of a scenario file's name.
pub const SUFFIX: &str = ".toml";

/// Reads a scenario; `path` is what messages call the file, and its last part is the scenario's name.
///
/// # Errors
///
/// All mistakes in the file, each with its place.
pub fn read(path: &str, text: &str) -> Result<Scenario, Vec<Mistake>> {
    parsed(path, text, Reader::scenario)
}

/// Reads a file by way of `read`, which notes the mistakes that it finds.
fn parsed<'a, T>(
    path: &'a str,
    text: &'a str,
    read: impl FnOnce(&mut Reader<'a>, &DeTable<'a>, Range<usize>) -> Option<T>,
) -> Result<T, Vec<Mistake>> {
    #[cfg(test)]
    PARSED.with(|parsed| parsed.set(parsed.get() + 1));
    let document = Document::new(path, text);
    let table = document.parse().map_err(|mistake| vec![mistake])?;
    let mut reader = Reader {
        path,
        document,
        mistakes: Vec::new(),
        programs_named: Vec::new(),
        has_unread_command: false,
    };
    let whole = table.span();
    match read(&mut reader, table.get_ref(), whole) {
        Some(read) if reader.mistakes.is_empty() => Ok(read),
        _ => {
            let mut mistakes = reader.mistakes;
            mistakes.sort_by_key(|mistake| mistake.place);
            Err(mistakes)
        }
    }
}

#[cfg(test)]
thread_local! {
    static PARSED: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// The number of files that `work` parses on this thread.
#[cfg(test)]
pub(crate) fn parsed_by(work: impl FnOnce()) -> u32 {
    let before = PARSED.get();
    work();
    PARSED.get() - before
}

/// The scenario's name: the file's, without folders and `.toml`.
pub fn name_of(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.strip_suffix(SUFFIX).unwrap_or(file)
}

struct Reader<'a> {
    path: &'a str,
    document: Document<'a>,
    mistakes: Vec<Mistake>,
    /// The programs that steps name, and where.
    programs_named: Vec<(ProgramName, Range<usize>)>,
    /// Whether there is a command that is not understood, which may have been to start one.
    has_unread_command: bool,
}

/// The value under a key of a table.
type Field<'a, 'b> = Option<&'b TomlValue<'a>>;

/// The longest name of a group, in characters.
const LONGEST_GROUP: usize = 60;
/// The form of a lesson.
const LESSON: &str = "{ group = \"write\", level = \"beginner\", minutes = 3 }";
/// The form of a kernel's answers.
const ANSWERS: &str = "{ disconnect-under-read = \"EPIPE\" }";

impl<'a> Reader<'a> {
    fn scenario(&mut self, table: &DeTable<'a>, whole: Range<usize>) -> Option<Scenario> {
        let at = whole.start..whole.start;
        self.know(table, keys::TOP, "a scenario", &at);
        let title = self.line(table.get("title"));
        let summary = self.string(table.get("summary"));
        let group = self.parsed(table.get("group"), |name| {
            // A heading, in a list.
            let fits =
                !name.trim().is_empty() && name.chars().count() <= LONGEST_GROUP && !name.contains(char::is_control);
            let why = || {
                (
                    0,
                    format!("a group is a line of at most {LONGEST_GROUP} characters, as \"close\" or \"our proxies\""),
                )
            };
            fits.then(|| Group::named(name)).ok_or_else(why)
        });
        let id = self.line(table.get("id"));
        let lesson = self.lesson(table.get("lesson"));
        let isolated = self.word(table.get("lab"), "a lab", &[("any", false), ("isolated", true)]);
        let ipv6 = self.bool(table.get("ipv6"));
        let offload = self.bool(table.get("offload"));
        let (driven, programs) = self.driven(table.get("driven"), isolated == Some(true));
        let (needs, needed) = self.needs(table.get("needs"));
        let claim = self.line(table.get("claim"));
        let expects = self.line(table.get("expects"));
        if let (None, Some(expects)) = (table.get("claim"), table.get("expects")) {
            self.wrong(
                expects.span(),
                "expects is what the article says, and needs claim: its wording".into(),
            );
        }
        let isolated = isolated.unwrap_or(false);
        let mut steps = Vec::new();
        steps.extend(table.get("link").and_then(|value| self.link(value, isolated)));
        if let Some(value) = table.get("step") {
            match value.get_ref() {
                DeValue::Array(array) if !array.is_empty() => {
                    for step in array.iter() {
                        steps.extend(self.step(step, isolated));
                    }
                }
                _ => self.wrong(value.span(), "steps are tables, each after a line [[step]]".into()),
            }
        }
        self.know_programs(&programs, &steps);
        if let (Some(value), true) = (table.get("claim"), steps.iter().all(|step| step.claimed.is_empty())) {
            self.wrong(
                value.span(),
                "no step says what the claim expects: claim = true, claim = { returns = \"EPIPE\" }, or go = \"broken pipe\"".into(),
            );
        }
        Some(Scenario {
            name: name_of(self.path).to_owned(),
            path: self.path.to_owned(),
            title: title?,
            summary: summary?,
            group: group?,
            id,
            lesson,
            isolated,
            ipv6,
            offload,
            driven,
            programs,
            needs,
            needed,
            claim,
            expects,
            steps,
        })
    }

    /// The place of a scenario among the lessons.
    fn lesson(&mut self, value: Field<'a, '_>) -> Option<Lesson> {
        let table = self.table(value?, LESSON)?;
        let at = value?.span();
        self.know(table, keys::LESSON, "a lesson", &at);
        let topics = Topic::ALL.map(|topic| (topic.name(), topic));
        let group = self.word(table.get("group"), "a group of lessons", &topics);
        let start = self.small(table.get("start"), "its number under \"Start here\", from 1 on");
        let level = self.word(
            table.get("level"),
            "a level",
            &Level::ALL.map(|level| (level.name(), level)),
        );
        let minutes = self.small(table.get("minutes"), "the minutes that it takes, from 1 on");
        let shelf = match (table.get("start"), table.get("group")) {
            (Some(_), None) => start.map(Shelf::Start),
            (None, Some(_)) => group.map(Shelf::Under),
            (Some(start), Some(_)) => {
                self.wrong(start.span(), "a lesson stands under one heading: start or group".into());
                None
            }
            (None, None) => {
                self.wrong(at, format!("a lesson needs start or group: {LESSON}"));
                None
            }
        };
        Some(Lesson {
            shelf: shelf?,
            level: level?,
            minutes: minutes?,
        })
    }

    /// A number from 1 to 99.
    fn small(&mut self, value: Field<'a, '_>, what: &str) -> Option<u8> {
        let value = value?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => u8::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let number = number.filter(|number| (1..=99).contains(number));
        if number.is_none() {
            self.wrong(value.span(), format!("this is {what}: a number up to 99"));
        }
        number
    }

    /// The needs of a scenario from the kernel: a version, or its answers to questions.
    fn needs(&mut self, value: Field<'a, '_>) -> (Option<Needs>, Vec<String>) {
        let program = match value.map(|value| value.get_ref()) {
            Some(DeValue::Table(table)) => table.get("program"),
            _ => None,
        };
        let programs = match program.map(|program| (program, program.get_ref())) {
            None => Vec::new(),
            Some((_, DeValue::Array(all))) => all.iter().filter_map(|one| self.line(Some(one))).collect(),
            Some((one, _)) => self.line(Some(one)).into_iter().collect(),
        };
        (self.needs_of_kernel(value), programs)
    }

    fn needs_of_kernel(&mut self, value: Field<'a, '_>) -> Option<Needs> {
        let DeValue::Table(_) = value?.get_ref() else {
            let kernel = self.parsed(value, |text| {
                Kernel::parse(text)
                    .filter(|kernel| kernel.to_string() == text)
                    .ok_or_else(|| (0, format!("a kernel is like \"6.1\", or what it gives like {ANSWERS}")))
            });
            return kernel.map(Needs::Kernel);
        };
        let table = self.table(value?, ANSWERS)?;
        self.know(table, keys::NEEDS, "needs", &value?.span());
        let mut answers = Vec::new();
        for question in Question::ALL {
            let known: Vec<(String, Errno)> = question
                .answers()
                .iter()
                .map(|answer| (answer.name(), *answer))
                .collect();
            let known: Vec<(&str, Errno)> = known.iter().map(|(name, answer)| (name.as_str(), *answer)).collect();
            let answer = self.word(table.get(question.name()), "what a kernel gives for it", &known);
            answers.extend(answer.map(|answer| (question, answer)));
        }
        (!answers.is_empty()).then_some(Needs::Answers(answers))
    }
}

pub mod beside;
mod programs;
mod steps;
#[cfg(test)]
mod tests;
mod values;
