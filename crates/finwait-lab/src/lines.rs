//! The words of another program, in whole lines, however they come.

use std::borrow::Cow;

use rustix::fd::OwnedFd;
use rustix::io::Errno;

use finwait_model::text::excerpt;

/// The most bytes of a line that are kept.
const LONGEST: usize = 2000;
/// The most bytes that are read at once: the reader has other things to do, and comes back.
const MOST: usize = 256 << 10;

/// A pipe or a terminal, and the lines that come by it.
#[derive(Debug)]
pub struct LineReader {
    /// None once it has ended.
    from: Option<OwnedFd>,
    line: PartialLine,
}

impl LineReader {
    /// Reads a descriptor from now on; nothing where it cannot be read without waiting.
    pub fn of(from: Option<impl Into<OwnedFd>>) -> LineReader {
        let from = from.map(Into::into);
        LineReader {
            from: from.filter(|from| rustix::io::ioctl_fionbio(from, true).is_ok()),
            line: PartialLine::default(),
        }
    }

    /// Reads a terminal: what moves its cursor or colours its text is left out of the lines.
    pub fn of_terminal(from: OwnedFd) -> LineReader {
        let mut reader = LineReader::of(Some(from));
        reader.line.is_terminals = true;
        reader
    }

    /// The descriptor that they come by; none once it has ended.
    pub const fn from(&self) -> Option<&OwnedFd> {
        self.from.as_ref()
    }

    /// Returns the lines that have ended since the last time, harmless and not too long.
    pub fn read(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        self.take(|line| lines.push(line.text()));
        lines.retain(|line| !line.is_empty());
        lines
    }

    /// Hands over the lines that have ended since the last time, empty ones too, and returns how many bytes were read.
    pub fn take(&mut self, mut each: impl FnMut(&RawLine<'_>)) -> usize {
        let mut chunk = [0; 16 << 10];
        let mut taken = 0;
        while let Some(from) = self.from.as_ref().filter(|_| taken < MOST) {
            match rustix::io::read(from, &mut chunk) {
                Ok(n) if n > 0 => {
                    taken += n;
                    self.line.take(&chunk[..n], &mut each);
                }
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                // A terminal whose last user is gone says EIO (`n_tty_read`).
                _ => {
                    self.from = None;
                    self.line.end(&mut each);
                }
            }
        }
        taken
    }

    /// Returns all lines that are left once its process has ended: the last line, too, if it has no newline.
    pub fn last(&mut self) -> Vec<String> {
        let mut lines = self.read();
        self.line.end(&mut |line: &RawLine<'_>| lines.push(line.text()));
        lines.retain(|line| !line.is_empty());
        lines
    }

    /// Hands over a line that has not ended, once nothing more is to come.
    pub fn end(&mut self, mut each: impl FnMut(&RawLine<'_>)) {
        self.line.end(&mut each);
    }
}

/// A line as it came, without its end, and no longer than is kept.
#[derive(Debug)]
pub struct RawLine<'a> {
    bytes: &'a [u8],
    is_longer: bool,
    /// Whether it is for a terminal, with what a terminal acts on.
    is_terminals: bool,
}

impl RawLine<'_> {
    /// Returns it as it may be shown: what is no UTF-8 and what a terminal would act on is written out, blanks at its end are left out.
    pub fn text(&self) -> String {
        let mut text = String::from_utf8_lossy(self.bytes);
        if self.is_terminals {
            text = Cow::Owned(without_sequences(&text));
        }
        let mut line = excerpt(text.trim_end(), LONGEST);
        if self.is_longer {
            line.push_str("...");
        }
        line
    }
}

/// A line that has not ended yet.
///
/// A carriage return begins it anew, as on a terminal: of a progress bar that is drawn over and over, the last one is kept.
#[derive(Debug, Default)]
pub struct PartialLine {
    bytes: Vec<u8>,
    /// More of it came than is kept.
    is_longer: bool,
    /// The stream's last byte was a carriage return.
    returned: bool,
    /// Whether it is for a terminal.
    is_terminals: bool,
}

impl PartialLine {
    /// Takes in more bytes, and hands over the lines that end in them.
    pub fn take(&mut self, bytes: &[u8], each: &mut impl FnMut(&RawLine<'_>)) {
        let mut parts = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            self.add(part);
            if parts.peek().is_some() {
                self.whole(each);
            }
        }
    }

    fn add(&mut self, part: &[u8]) {
        let drawn = without_returns(part);
        if let Some(at) = drawn.iter().rposition(|byte| *byte == b'\r') {
            self.returned = true;
            self.keep(&drawn[at + 1..]);
        } else {
            self.keep(drawn);
        }
        self.returned |= drawn.len() < part.len();
    }

    fn keep(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if std::mem::take(&mut self.returned) {
            self.bytes.clear();
            self.is_longer = false;
        }
        let room = bytes.len().min(LONGEST - self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..room]);
        self.is_longer |= room < bytes.len();
    }

    /// Hands over the rest as a line, unless there is none.
    pub fn end(&mut self, each: &mut impl FnMut(&RawLine<'_>)) {
        if !self.bytes.is_empty() {
            self.whole(each);
        }
    }

    fn whole(&mut self, each: &mut impl FnMut(&RawLine<'_>)) {
        each(&RawLine {
            bytes: &self.bytes,
            is_longer: self.is_longer,
            is_terminals: self.is_terminals,
        });
        *self = PartialLine {
            bytes: std::mem::take(&mut self.bytes),
            is_terminals: self.is_terminals,
            ..PartialLine::default()
        };
        self.bytes.clear();
    }
}

/// Returns the text without escape sequences (ECMA-48) and other characters that a terminal acts on; where one moves the cursor within a
/// line, a blank stands in its place.
fn without_sequences(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            // A control sequence: parameters, and one character that says what it does.
            ('\u{1b}', Some('[')) => {
                let last = chars.by_ref().skip(1).find(|c| ('@'..='~').contains(c));
                let moves = last.is_some_and(|last| "CGHf`a".contains(last));
                if moves && plain.chars().next_back().is_some_and(|c| c != ' ') {
                    plain.push(' ');
                }
            }
            // A string, as a window's title: up to BEL or ESC \.
            ('\u{1b}', Some(']' | 'P' | 'X' | '^' | '_')) => {
                let last = chars.find(|c| matches!(c, '\u{7}' | '\u{1b}'));
                if last == Some('\u{1b}') {
                    chars.next();
                }
            }
            // Any other: `ESC ( B`, `ESC =`.
            ('\u{1b}', _) => drop(chars.find(|c| !(' '..='/').contains(c))),
            ('\t', _) => plain.push(c),
            (c, _) if c.is_control() => {}
            (c, _) => plain.push(c),
        }
    }
    plain
}

/// Returns the bytes before the carriage returns at their end.
fn without_returns(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
    &bytes[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The lines of these pieces, read one after the other.
    fn lines<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let (mut line, mut lines) = (PartialLine::default(), Vec::new());
        let mut each = |line: &RawLine<'_>| lines.push(line.text());
        for piece in pieces {
            line.take(piece, &mut each);
        }
        line.end(&mut each);
        lines
    }

    #[test]
    fn lines_are_whole_however_they_come() {
        let pieces = ["a mess", "age\nand\n\nano", "ther \u{1b}[31m\r\n", "la", "st"];
        assert_eq!(
            lines(pieces.map(str::as_bytes)),
            ["a message", "and", "", "another \\u{1b}[31m", "last"]
        );
    }

    #[test]
    fn of_a_line_that_is_drawn_over_the_last_drawing_is_kept() {
        assert_eq!(
            lines(["10%\r", "50%\r100%", "\r", "\ndone\r\r\n"].map(str::as_bytes)),
            ["100%", "done"]
        );
    }

    #[test]
    fn of_what_is_for_a_terminal_the_text_is_kept() {
        let mut line = PartialLine {
            is_terminals: true,
            ..PartialLine::default()
        };
        let mut lines = Vec::new();
        let drawn = "\u{1b}[?1h\u{1b}=\u{1b}[H\u{1b}[2J\u{1b}[mtop\u{1b}[m\u{f} - 1 user\u{1b}[K\r\n\u{1b}]0;title\u{7}\
                     a\u{1b}(B\u{1b}[5;10Hb\u{1b}P1;2q\u{1b}\\c\td\n\u{1b}[31";
        let mut each = |line: &RawLine<'_>| lines.push(line.text());
        line.take(drawn.as_bytes(), &mut each);
        line.end(&mut each);
        assert_eq!(lines, ["top - 1 user", "a bc\td", ""]);
    }

    #[test]
    fn a_line_without_end_takes_no_more_memory_than_is_kept() {
        let mut line = PartialLine::default();
        line.take(&vec![b'x'; 1 << 20], &mut |_: &RawLine<'_>| panic!("no line has ended"));
        assert!(line.bytes.len() <= LONGEST);
        let mut lengths = Vec::new();
        line.end(&mut |line: &RawLine<'_>| lengths.push(line.text().len()));
        assert_eq!(lengths, [LONGEST + 3]);
    }

    proptest! {
        #[test]
        fn where_a_line_is_cut_by_reading_makes_no_difference(
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200),
            at in any::<prop::sample::Index>(),
        ) {
            let at = at.index(bytes.len() + 1);
            let (first, second) = bytes.split_at(at);
            prop_assert_eq!(lines([first, second]), lines([bytes.as_slice()]));
        }
    }
}
