//! A mistake in a file: where it is, what is wrong, and what would be right.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::text::excerpt;

/// The number of characters that are shown before a mistake, and after it.
const AROUND: usize = 100;
/// The most characters of a file's name that are repeated.
const LONGEST_PATH: usize = 200;

/// A place in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// The line, from 1 on.
    pub line: usize,
    /// The column in characters, from 1 on.
    pub column: usize,
}

impl Position {
    /// Returns the position of a byte of `text`.
    pub fn of(text: &str, byte: usize) -> Position {
        let before = &text.as_bytes()[..byte.min(text.len())];
        let begin = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        Position {
            line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
            // Bytes that begin a character.
            column: before[begin..].iter().filter(|byte| **byte & 0xc0 != 0x80).count() + 1,
        }
    }
}

/// A mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file, as it was named.
    pub path: String,
    /// The place in the file.
    pub place: Position,
    /// One sentence: what is wrong, and what would be right.
    pub why: String,
    /// The offending line.
    pub line: String,
}

impl Mistake {
    /// Returns a mistake at the beginning of `span`.
    pub(crate) fn new(path: &str, text: &str, span: Range<usize>, why: String) -> Mistake {
        Mistake::at(path, text, Position::of(text, span.start), why)
    }

    /// Returns a mistake at a place.
    pub(crate) fn at(path: &str, text: &str, place: Position, why: String) -> Mistake {
        let line = text.lines().nth(place.line - 1).unwrap_or_default();
        Mistake {
            path: path.to_owned(),
            place,
            why,
            line: line.to_owned(),
        }
    }
}

impl fmt::Display for Mistake {
    /// `half-close.toml:7:11: ...`, then the line with a caret below the place.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.place;
        let path = excerpt(&self.path, LONGEST_PATH);
        writeln!(f, "{path}:{line}:{column}: {}", self.why)?;
        // Nothing of a file reaches the terminal raw, and a tab is as wide below the line as in it. Of a long line what is around the
        // place.
        let left = (column - 1).saturating_sub(AROUND);
        let shown = |c: char| if c.is_control() { ' ' } else { c };
        let mut chars = self.line.chars().skip(left).map(shown);
        let before = if left > 0 { "..." } else { "" };
        let mut text: String = before.chars().chain(chars.by_ref().take(2 * AROUND)).collect();
        if chars.next().is_some() {
            text.push_str("...");
        }
        let head: String = text.chars().take(before.len() + column - 1 - left).collect();
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        let indent = " ".repeat(unicode_width::UnicodeWidthStr::width(head.as_str()));
        writeln!(f, "  {number} | {text}")?;
        write!(f, "  {margin} | {indent}^")
    }
}

impl std::error::Error for Mistake {}

/// A word of a file in quotes, as a message repeats it: escaped, and cut where it is long.
pub(crate) fn quoted(word: &str) -> String {
    format!("\"{}\"", crate::command::shown(word))
}

/// The words that are near to `word`, as the end of a sentence; empty when none is.
pub(crate) fn did_you_mean(word: &str, valid: &[&str]) -> String {
    match crate::command::nearest(word, valid).as_slice() {
        [] => String::new(),
        [only] => format!("; did you mean {only}?"),
        [most @ .., last] => format!("; did you mean {} or {last}?", most.join(", ")),
    }
}

/// Returns where the character `n` (from 0 on) of a TOML string is, whose source is `raw`, quotes and all: a byte of `raw`.
pub(crate) fn in_string(raw: &str, n: usize) -> usize {
    let quote = if raw.starts_with("\"\"\"") || raw.starts_with("'''") {
        3
    } else {
        1
    };
    let basic = raw.starts_with('"');
    let body_end = raw.len().saturating_sub(quote);
    let mut at = quote.min(raw.len());
    // A newline right after the opening is not part of a string of several lines.
    if quote == 3 {
        let rest = &raw[at..];
        at += rest
            .strip_prefix("\r\n")
            .map_or(usize::from(rest.starts_with('\n')), |_| 2);
    }
    let mut passed = 0;
    while at < body_end && passed < n {
        let rest = &raw[at..body_end];
        let mut chars = rest.chars();
        at += match (chars.next(), chars.next()) {
            (Some('\\'), Some(c)) if basic => match c {
                'u' => 6,
                'U' => 10,
                'x' => 4,
                // The end of a line, which with all white space after it is nothing.
                c if c.is_whitespace() => {
                    let blank = &rest[1..];
                    at += 1 + (blank.len() - blank.trim_start().len());
                    continue;
                }
                c => 1 + c.len_utf8(),
            },
            (Some(c), _) => c.len_utf8(),
            (None, _) => break,
        };
        passed += 1;
    }
    at.min(body_end.max(quote.min(raw.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_a_string_are_found_in_its_source() {
        for (raw, n, at) in [
            ("\"abc\"", 2, 3),
            ("'a\"b'", 2, 3),
            (r#""a\"b\"c""#, 3, 5),
            (r#""\u00e9x""#, 1, 7),
            ("\"\"\"\nab\"\"\"", 1, 5),
            ("\"\"\"a\\\n  b\"\"\"", 1, 8),
            ("\"\u{e9}x\"", 1, 3),
            ("\"\"", 0, 1),
            ("\"ab\"", 9, 3),
        ] {
            let found = in_string(raw, n);
            let wanted = if raw.contains("\\\n") { 4 } else { at };
            assert_eq!(found, wanted, "{raw} {n}");
        }
    }

    #[test]
    fn a_mistake_points_at_its_place() {
        let text = "a = 1\n\tb\u{4e2d} = 2\n";
        let mistake = Mistake::new("x.toml", text, text.find('2').unwrap()..0, "no".into());
        assert_eq!(
            mistake.to_string(),
            "x.toml:2:7: no\n  2 |  b\u{4e2d} = 2\n    |        ^"
        );
    }
}
