//! TOML files that people write: values with their places, and mistakes that point at them.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::mistake::{Mistake, Places, in_string};

/// A value and its place.
pub type TomlValue<'a> = Spanned<DeValue<'a>>;

/// The text of a file, and what messages call it.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// The file.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
    /// The places in it.
    pub places: Places<'a>,
}

impl<'a> Document<'a> {
    /// The document with that text, which messages call `path`.
    pub const fn new(path: &'a str, text: &'a str) -> Document<'a> {
        Document {
            path,
            text,
            places: Places::new(text),
        }
    }

    /// Parses it.
    ///
    /// # Errors
    ///
    /// The first mistake in its syntax.
    pub fn parse(&self) -> Result<Spanned<DeTable<'a>>, Mistake> {
        DeTable::parse(self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            // The parser's message is a headline and what would be right.
            let why = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
            self.wrong(span, why)
        })
    }

    /// Returns a mistake at a place.
    pub fn wrong(&self, span: Range<usize>, why: String) -> Mistake {
        Mistake::new(self.path, &self.places, span.start, why)
    }

    /// Returns a mistake at the character `n` of a string.
    pub fn wrong_at(&self, value: &TomlValue<'a>, n: usize, why: String) -> Mistake {
        let span = value.span();
        let at = span.start + in_string(self.text.get(span.clone()).unwrap_or_default(), n);
        self.wrong(at..span.end, why)
    }

    /// Returns the complaint about a value of the wrong type.
    pub fn kind(&self, value: &TomlValue<'a>, wanted: &str) -> Mistake {
        let what = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.wrong(value.span(), format!("this is {what}, and must be {wanted}"))
    }

    /// Returns a string's text.
    ///
    /// # Errors
    ///
    /// It is none; `like` is what would be right.
    pub fn string<'b>(&self, value: &'b TomlValue<'a>, like: &str) -> Result<&'b str, Mistake> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text),
            _ => Err(self.kind(value, &format!("a string like {like}"))),
        }
    }

    /// Returns true or false.
    ///
    /// # Errors
    ///
    /// It is neither.
    pub fn bool(&self, value: &TomlValue<'a>) -> Result<bool, Mistake> {
        match value.get_ref() {
            DeValue::Boolean(yes) => Ok(*yes),
            _ => Err(self.kind(value, "true or false")),
        }
    }

    /// Returns a table.
    ///
    /// # Errors
    ///
    /// It is none; `head` is the line that begins it.
    pub fn table<'b>(&self, value: &'b TomlValue<'a>, head: &str) -> Result<&'b DeTable<'a>, Mistake> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => Err(self.kind(value, &format!("a table, after a line {head}"))),
        }
    }
}
