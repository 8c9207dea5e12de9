//! A mistake in a file: where it is, what is wrong, and what would be right.

use std::cell::Cell;
use std::fmt;

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

/// The places of a text's bytes, each counted on from the one before it: all those of a file cost about what reading it once does.
#[derive(Clone, Debug)]
pub struct Places<'a> {
    text: &'a str,
    last: Cell<Counted>,
    /// The bytes that were counted so far.
    #[cfg(test)]
    counted: Cell<usize>,
}

/// A place that was counted.
#[derive(Clone, Copy, Debug)]
struct Counted {
    byte: usize,
    /// The byte at which its line begins.
    begin: usize,
    place: Position,
}

impl<'a> Places<'a> {
    /// The places of `text`.
    pub const fn new(text: &'a str) -> Places<'a> {
        Places {
            text,
            last: Cell::new(Counted {
                byte: 0,
                begin: 0,
                place: Position { line: 1, column: 1 },
            }),
            #[cfg(test)]
            counted: Cell::new(0),
        }
    }

    /// Returns the position of a byte.
    pub fn of(&self, byte: usize) -> Position {
        self.count(byte).place
    }

    fn count(&self, byte: usize) -> Counted {
        let byte = byte.min(self.text.len());
        let Counted {
            byte: last,
            mut begin,
            mut place,
        } = self.last.get();
        let passed = self.bytes(last.min(byte)..last.max(byte));
        let newlines = passed.iter().filter(|byte| **byte == b'\n').count();
        if byte < last {
            place.line -= newlines;
        } else {
            place.line += newlines;
        }
        if newlines > 0 {
            // On another line, which is counted from its beginning.
            let before = &self.text.as_bytes()[..byte];
            begin = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            place.column = 1 + characters(self.bytes(begin..byte));
        } else if byte < last {
            place.column -= characters(passed);
        } else {
            place.column += characters(passed);
        }
        let counted = Counted { byte, begin, place };
        self.last.set(counted);
        counted
    }

    fn bytes(&self, range: std::ops::Range<usize>) -> &'a [u8] {
        #[cfg(test)]
        self.counted.set(self.counted.get() + range.len());
        &self.text.as_bytes()[range]
    }

    /// Returns the line of a byte as a message shows it, and the columns of a terminal before that byte. Nothing of a file reaches the
    /// terminal raw, and a tab is as wide below the line as in it; of a long line it is what is around the place.
    fn shown(&self, byte: usize) -> (String, usize) {
        let Counted { begin, byte, .. } = self.count(byte);
        let shown = |text: String| text.replace(|c: char| c.is_control(), " ");
        let (before, after) = (&self.text[begin..byte], &self.text[byte..]);
        let mut chars = before.chars().rev();
        let near: Vec<char> = chars.by_ref().take(AROUND).collect();
        let mut line = String::from(if chars.next().is_some() { "..." } else { "" });
        line.extend(near.into_iter().rev());
        let mut line = shown(line);
        let caret = unicode_width::UnicodeWidthStr::width(line.as_str());
        let ends = |c: &char| *c != '\n';
        let mut chars = after.chars().take_while(ends);
        let near: String = chars.by_ref().take(AROUND).collect();
        line.push_str(&shown(near.trim_end_matches('\r').to_owned()));
        line.push_str(if chars.next().is_some() { "..." } else { "" });
        (line, caret)
    }
}

/// The number of characters that begin in these bytes.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
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
    /// The offending line, as it is shown.
    line: String,
    /// The columns of a terminal before the place.
    caret: usize,
}

impl Mistake {
    /// Returns a mistake at a byte.
    pub(crate) fn new(path: &str, places: &Places<'_>, byte: usize, why: String) -> Mistake {
        let (line, caret) = places.shown(byte);
        Mistake {
            path: path.to_owned(),
            place: places.of(byte),
            why,
            line,
            caret,
        }
    }
}

impl fmt::Display for Mistake {
    /// `half-close.toml:7:11: ...`, then the line with a caret below the place.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.place;
        let path = excerpt(&self.path, LONGEST_PATH);
        writeln!(f, "{path}:{line}:{column}: {}", self.why)?;
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        let indent = " ".repeat(self.caret);
        writeln!(f, "  {number} | {}", self.line)?;
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
        let mistake = Mistake::new("x.toml", &Places::new(text), text.find('2').unwrap(), "no".into());
        assert_eq!(
            mistake.to_string(),
            "x.toml:2:7: no\n  2 |  b\u{4e2d} = 2\n    |        ^"
        );
    }

    /// The place of a byte, counted from the beginning.
    fn counted_anew(text: &str, byte: usize) -> Position {
        let before = &text[..byte];
        Position {
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
        }
    }

    proptest::proptest! {
        #[test]
        fn a_place_is_the_same_whichever_was_asked_before(text in "[a\u{e9}\n]{0,40}", bytes in proptest::collection::vec(0..90_usize, 0..20)) {
            let places = Places::new(&text);
            for byte in bytes.into_iter().filter(|byte| text.is_char_boundary(*byte)) {
                assert_eq!(places.of(byte), counted_anew(&text, byte));
            }
        }
    }

    #[test]
    fn the_places_of_a_file_cost_what_it_is_long() {
        // As many lines as bytes of one line, for both may be long.
        for text in [
            "[[step]]\nclient = \"socket\"\nreturns = \"ok\"\n".repeat(1_000),
            "{ client = 1 }, ".repeat(1_000),
        ] {
            let places = Places::new(&text);
            for step in text.match_indices("client").map(|(at, _)| at) {
                // A table's keys come in the order of their names: the later key may be asked first.
                for byte in [step + 10, step, step + 6] {
                    places.of(byte);
                }
            }
            let counted = places.counted.get();
            assert!(counted < 4 * text.len(), "{counted} bytes of {}", text.len());
        }
    }

    #[test]
    fn of_a_long_line_a_mistake_keeps_what_is_around_its_place() {
        let text = format!("{}?{}\r\nnext", "a".repeat(5_000), "b".repeat(5_000));
        let mistake = Mistake::new("x.toml", &Places::new(&text), 5_000, "no".into());
        assert_eq!(mistake.place, Position { line: 1, column: 5_001 });
        let shown = format!("...{}?{}...", "a".repeat(AROUND), "b".repeat(AROUND - 1));
        assert_eq!((mistake.line, mistake.caret), (shown, AROUND + 3));
    }
}
