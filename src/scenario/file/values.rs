//! The values of a scenario file: texts, words, times and numbers, and what is said of one that is none.

use std::ops::Range;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::{Field, LESSON, Reader};
use crate::document::TomlValue;
use crate::mistake::{did_you_mean, quoted};
use crate::scenario::bound::Bound;
use crate::scenario::keys::Key;
use crate::typed;

/// The form of a duration.
const DURATIONS: &str = "a time is like \"500ms\" or \"2s\"";
/// The longest that a step may wait.
const LONGEST: Duration = Duration::from_secs(600);

impl<'a> Reader<'a> {
    /// Tells every key that the table does not know, and those that it lacks.
    pub(super) fn know(&mut self, table: &DeTable<'a>, known: &[Key], what: &str, at: &Range<usize>) {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        for (key, _) in table {
            if !names.contains(&key.get_ref().as_ref()) {
                let near = did_you_mean(key.get_ref(), &names);
                let all = if near.is_empty() {
                    format!("; it has {}", names.join(", "))
                } else {
                    near
                };
                self.wrong(key.span(), format!("{what} has no {}{all}", quoted(key.get_ref())));
            }
        }
        for (name, _) in known
            .iter()
            .filter(|(name, required)| *required && !table.contains_key(*name))
        {
            let like = match *name {
                "step" => "[[step]]",
                "group" => "group = \"close\"",
                "summary" => "summary = \"one or two sentences\"",
                "level" => "level = \"beginner\"",
                "minutes" => "minutes = 3",
                "lesson" => LESSON,
                "run" => "run = \"nginx -p . -c nginx.conf\"",
                "left" | "right" => "the column's heading",
                "say" => "what is about to happen in the two labs",
                "look" => "how the two labs differ once it is done",
                _ => "title = \"one line\"",
            };
            self.wrong(at.clone(), format!("{what} needs {name}: {like}"));
        }
    }

    pub(super) fn wrong(&mut self, span: Range<usize>, why: String) {
        self.mistakes.push(self.document.wrong(span, why));
    }

    /// The complaint about a value of the wrong type.
    pub(super) fn kind(&mut self, value: &TomlValue<'a>, wanted: &str) {
        self.mistakes.push(self.document.kind(value, wanted));
    }

    pub(super) fn table<'b>(&mut self, value: &'b TomlValue<'a>, like: &str) -> Option<&'b DeTable<'a>> {
        match value.get_ref() {
            DeValue::Table(table) if table.is_empty() => {
                self.wrong(value.span(), format!("this is empty; it should be like {like}"));
                None
            }
            DeValue::Table(table) => Some(table),
            _ => {
                self.kind(value, &format!("a table like {like}"));
                None
            }
        }
    }

    /// Text that says something.
    pub(super) fn string(&mut self, value: Field<'a, '_>) -> Option<String> {
        let value = value?;
        match value.get_ref() {
            DeValue::String(text) if text.trim().is_empty() => {
                self.wrong(value.span(), "this is empty".into());
                None
            }
            DeValue::String(text) => match text.chars().position(|c| c.is_control() && c != '\n') {
                None => Some(text.trim().to_owned()),
                Some(n) => {
                    self.wrong_at(value, n, "prose has no control characters".into());
                    None
                }
            },
            _ => {
                self.kind(value, "a string");
                None
            }
        }
    }

    /// Text of one line.
    pub(super) fn line(&mut self, value: Field<'a, '_>) -> Option<String> {
        let text = self.string(value)?;
        if let (true, Some(value)) = (text.contains('\n'), value) {
            self.wrong(value.span(), "this must be one line".into());
        }
        Some(text)
    }

    pub(super) fn bool(&mut self, value: Field<'a, '_>) -> Option<bool> {
        let value = value?;
        match value.get_ref() {
            DeValue::Boolean(yes) => Some(*yes),
            _ => {
                self.kind(value, "true or false");
                None
            }
        }
    }

    pub(super) fn word<T: Copy>(&mut self, value: Field<'a, '_>, what: &str, words: &[(&str, T)]) -> Option<T> {
        self.parsed(value, |text| {
            let found = words.iter().find(|(word, _)| *word == text);
            found.map(|(_, value)| *value).ok_or_else(|| {
                let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                let near = did_you_mean(text, &names);
                (
                    0,
                    format!(
                        "{text} is not {what}; there are {}{near}",
                        names.join(", "),
                        text = quoted(text)
                    ),
                )
            })
        })
    }

    /// Parses a string; a mistake in it is reported at its character.
    pub(super) fn parsed<T>(
        &mut self,
        value: Field<'a, '_>,
        read: impl Fn(&str) -> Result<T, (usize, String)>,
    ) -> Option<T> {
        let value = value?;
        let DeValue::String(text) = value.get_ref() else {
            self.kind(value, "a string");
            return None;
        };
        match read(text) {
            Ok(read) => Some(read),
            Err((n, why)) => {
                self.wrong_at(value, n, why);
                None
            }
        }
    }

    /// A mistake at the character `n` of a string.
    pub(super) fn wrong_at(&mut self, value: &TomlValue<'a>, n: usize, why: String) {
        self.mistakes.push(self.document.wrong_at(value, n, why));
    }

    pub(super) fn duration(&mut self, value: Field<'a, '_>) -> Option<Duration> {
        self.parsed(value, |text| match typed::time(text) {
            Some(time) if time <= LONGEST && !time.is_zero() => Ok(time),
            Some(_) => Err((0, format!("a step waits from 1ms to {}s", LONGEST.as_secs()))),
            None => Err((0, format!("{DURATIONS}, not {text}", text = quoted(text)))),
        })
    }

    /// A number, or what it must be; otherwise that is `like`.
    pub(super) fn bound(&mut self, value: &TomlValue<'a>, like: &str) -> Option<Bound> {
        let bound = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .ok()
                .map(Bound::exactly),
            DeValue::String(text) => Bound::parse(text),
            _ => None,
        };
        let bound = bound.filter(|bound| (0..=i64::from(u32::MAX)).contains(&bound.number));
        if bound.is_none() {
            self.wrong(value.span(), like.into());
        }
        bound
    }
}
