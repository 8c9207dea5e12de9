//! Text in columns: how wide it is, where it breaks, and what of it may go to a terminal.

use std::io::{self, Write};
use unicode_width::UnicodeWidthChar;

pub use finwait_model::text::{excerpt, harmless, safe};

/// A writer of text for people: what passes it is harmless.
pub struct SanitizingWriter<W>(pub W);

impl<W: Write> Write for SanitizingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // What is written is whole characters: Rust's formatting never splits one.
        self.0.write_all(harmless(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Returns the number of columns that text takes.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.chars().map(|c| safe(c).width().unwrap_or(0)).sum()
}

/// Breaks text into lines of at most `room` columns, between words where that can be.
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let wide = width(word);
        if used > 0 && used + 1 + wide > room {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        for c in word.chars() {
            let wide = safe(c).width().unwrap_or(0);
            if used + wide > room {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += wide;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// The first lines of wrapped text; what is left out is shown by two dots.
pub fn wrap_to(text: &str, room: usize, lines: usize) -> Vec<String> {
    let mut wrapped = wrap(text, room);
    if wrapped.len() > lines {
        wrapped.truncate(lines);
        if let Some(last) = wrapped.last_mut() {
            while width(last) + 2 > room.max(2) && last.pop().is_some() {}
            last.push_str("..");
        }
    }
    wrapped
}

/// Returns a text as an attribute's value of XML.
pub fn xml_attribute(value: &str) -> String {
    xml_text(value)
        .replace('"', "&quot;")
        .replace('\n', "&#10;")
        .replace('\t', "&#9;")
}

/// Returns the text of an element of XML. What XML 1.0 has no way to write (control characters, U+FFFE) is shown as Rust escapes it.
pub fn xml_text(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '\n' | '\t' => xml.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => xml.extend(c.escape_unicode()),
            c => xml.push(c),
        }
    }
    xml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_xml_is_escaped_and_what_xml_cannot_hold_is_shown() {
        assert_eq!(
            xml_attribute("a<b & \"c\"\n\u{1b}[2J"),
            "a&lt;b &amp; &quot;c&quot;&#10;\\u{1b}[2J"
        );
        assert_eq!(xml_text("]]>"), "]]&gt;");
    }

    #[test]
    fn text_breaks_between_words_and_long_words_break_anywhere() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), Vec::<String>::new());
        assert_eq!(wrap_to("one two three four", 7, 2), ["one two", "three.."]);
    }

    #[test]
    fn what_a_terminal_would_act_on_is_written_out() {
        assert_eq!(
            harmless("a\u{1b}[31m\u{9b}\u{202e}\t語\n"),
            "a\\u{1b}[31m\\u{9b}\\u{202e}\t語\n"
        );
        assert_eq!(excerpt("ab\ncd", 4), "ab\\nc...");
        assert_eq!(excerpt("abc", 3), "abc");
        let mut out = SanitizingWriter(Vec::new());
        write!(out, "\u{1b}é").unwrap();
        assert_eq!(out.0, "\\u{1b}é".as_bytes());
    }

    #[test]
    fn what_a_terminal_would_act_on_is_one_column_wide_and_harmless() {
        assert_eq!(
            "a\u{1b}\u{202e}\n\u{a0}b".chars().map(safe).collect::<String>(),
            "a??? b"
        );
        assert_eq!((width("\u{1b}[2J"), width("語"), width("")), (4, 2, 0));
    }
}
