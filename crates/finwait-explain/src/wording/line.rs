//! One line as it comes in, piece by piece. Of a long line only the part that is searched is kept.
//!
//! A line that is longer is gone through in parts, each of which begins before the last one ended, so that a message lies whole in one of
//! them. The first message counts.

use std::borrow::Cow;
use std::ops::Range;

use super::signs::Line;
use super::{LONGEST, LineMeaning, SomethingElse, WordingMatch, is_in_name, plain, said, strace};

/// The number of bytes that are looked at again with the next part: more than any message has, with its call and its addresses.
const OVERLAP: usize = 1024;
/// Bytes so near to the end of a part may be cut off there.
const EDGE: usize = 256;
/// The number of bytes that are kept of a long line's beginning: a call that strace prints begins there, and its result ends the line.
const HEAD: usize = 256;

/// The progress through a line, and what was found in it so far.
#[derive(Clone, Debug, Default)]
pub struct LineScanner {
    /// Is it all there is? In a log a bare number or `EOF` may be anything.
    alone: bool,
    /// The last part, or all of it.
    part: Vec<u8>,
    /// The line's beginning, once the first part is gone.
    head: Option<Vec<u8>>,
    /// The finding; nothing after that is looked at.
    found: Option<WordingMatch>,
    /// A finding at the end of a part, which may be incomplete.
    at_edge: Option<WordingMatch>,
    /// What an earlier part is about that is no message.
    something_else: Option<SomethingElse>,
}

impl LineScanner {
    /// A line that is all there is.
    pub fn alone() -> LineScanner {
        LineScanner {
            alone: true,
            ..LineScanner::default()
        }
    }

    /// Takes in its next bytes.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.part.len() == LONGEST {
                self.turn();
            }
            let (now, later) = bytes.split_at(bytes.len().min(LONGEST - self.part.len()));
            self.part.extend_from_slice(now);
            bytes = later;
        }
    }

    /// Looks at a full part, and keeps what the next one begins with.
    fn turn(&mut self) {
        if self.found.is_none() {
            match self.says(LONGEST) {
                Some(LineMeaning::Message(found)) => {
                    let before = self.says(LONGEST - EDGE).and_then(LineMeaning::message);
                    let is_whole = before.is_some_and(|before| before.subject == found.subject);
                    if is_whole {
                        self.found = Some(found);
                    } else {
                        self.at_edge.get_or_insert(found);
                    }
                }
                Some(LineMeaning::SomethingElse(what)) => {
                    self.something_else.get_or_insert(what);
                    // The next part begins with the last of the stretches.
                    self.found = self.message_apart(LONGEST - 1);
                }
                None => {}
            }
        }
        self.head.get_or_insert_with(|| self.part[..HEAD].to_vec());
        self.part.drain(..LONGEST - OVERLAP);
    }

    /// The message in the first `most` bytes of the part of a long line that as a whole is about something else: what stands far from
    /// a message does not say that it is none.
    fn message_apart(&self, most: usize) -> Option<WordingMatch> {
        let most = most.min(self.part.len());
        // The last one is longer than half a stretch, or all there is.
        let starts = (0..most.saturating_sub(OVERLAP / 2).max(1)).step_by(OVERLAP / 2);
        starts
            .map(|start| start..(start + OVERLAP).min(self.part.len()))
            .filter(|stretch| stretch.end <= most)
            .find_map(|stretch| self.says_in(stretch)?.message())
    }

    /// Recognizes the first bytes of the part.
    fn says(&self, most: usize) -> Option<LineMeaning> {
        self.says_in(0..most.min(self.part.len()))
    }

    /// Recognizes a stretch of the part.
    fn says_in(&self, stretch: Range<usize>) -> Option<LineMeaning> {
        let cuts_a_word = stretch.start > 0 || self.head.is_some();
        let bytes = &self.part[stretch];
        // It is quicker to see that all is well than to mend it.
        let text = str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
        // It may begin with the rest of a word.
        let text = if cuts_a_word {
            text.trim_start_matches(is_in_name)
        } else {
            &text
        };
        said(text, self.alone)
    }

    /// The line is over: what it is about. What comes next is a new one.
    pub fn end(&mut self) -> Option<LineMeaning> {
        let called = self.head.as_deref().map(|head| {
            let (head, end) = (String::from_utf8_lossy(head), String::from_utf8_lossy(&self.part));
            format!("{} ... {}", plain(head.trim()), plain(end.trim()))
        });
        let found = match called.as_deref().and_then(|text| Some((strace::traced(text)?, text))) {
            // What stands in a call's arguments is data.
            Some((traced, text)) => traced.found(&Line::of(text), self.alone).map(LineMeaning::Message),
            None => {
                let last = || match self.says(LONGEST) {
                    Some(LineMeaning::SomethingElse(what)) if self.head.is_some() => {
                        let apart = self.message_apart(LONGEST).map(LineMeaning::Message);
                        Some(apart.unwrap_or(LineMeaning::SomethingElse(what)))
                    }
                    says => says,
                };
                let found = self.found.clone().map(LineMeaning::Message).or_else(last);
                let at_edge = || self.at_edge.clone().map(LineMeaning::Message);
                let earlier = || self.something_else.map(LineMeaning::SomethingElse);
                match found {
                    Some(LineMeaning::SomethingElse(_)) | None => at_edge().or_else(earlier).or(found),
                    message => message,
                }
            }
        };
        self.pass_over();
        found
    }

    /// The line is over, and not asked about.
    pub(super) fn pass_over(&mut self) {
        (self.head, self.found, self.at_edge, self.something_else) = (None, None, None, None);
        self.part.clear();
    }

    /// Returns the line as it is so far; none of one that is too long to be kept whole.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        self.head.is_none().then_some(&self.part)
    }

    /// Returns whether the line is longer than any message.
    pub const fn is_long(&self) -> bool {
        self.head.is_some()
    }

    /// Returns the line's beginning, as far as it was kept.
    pub(super) fn beginning(&self) -> &[u8] {
        let begin = self.head.as_deref().unwrap_or(&self.part);
        &begin[..begin.len().min(HEAD)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::Subject;
    use finwait_model::errno::Errno;

    const ELSEWHERE: &str = "host systemd[1]: Started session 7 of user deploy.";
    const MESSAGE: &str = "read tcp 10.0.0.1:4000->10.0.0.2:80: read: connection reset by peer";

    fn said_of(line: &str, alone: bool) -> Option<LineMeaning> {
        let mut scanner = if alone {
            LineScanner::alone()
        } else {
            LineScanner::default()
        };
        line.as_bytes().chunks(700).for_each(|bytes| scanner.push(bytes));
        scanner.end()
    }

    /// As a log is whose lines were joined, or a long JSON.
    #[test]
    fn in_a_long_line_a_message_is_found_wherever_what_is_about_something_else_stands_far_from_it() {
        let wanted = Subject::Errno(Errno::ECONNRESET);
        for before in (600..12_000).step_by(431) {
            // Longer than a part.
            for after in [3500, 4000, 9000] {
                let line = format!(
                    "{ELSEWHERE}{}{MESSAGE} {}{ELSEWHERE}",
                    ". ".repeat(before / 2),
                    ". ".repeat(after / 2 + 600)
                );
                for alone in [false, true] {
                    let found = said_of(&line, alone).and_then(LineMeaning::message);
                    assert_eq!(
                        found.map(|found| found.subject),
                        Some(wanted),
                        "{before} {after} {alone}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_line_about_something_else_is_about_that_however_long_it_is() {
        let near = format!("{ELSEWHERE} {MESSAGE}");
        for around in [0, 100, 5000] {
            let line = format!("{}{near}{}", ". ".repeat(around), " .".repeat(around));
            for alone in [false, true] {
                let said = said_of(&line, alone);
                assert!(
                    matches!(said, Some(LineMeaning::SomethingElse(_))),
                    "{around} {alone}: {said:?}"
                );
            }
        }
        // A number at the end is no errno because it stands there.
        for more in 0..600 {
            let line = format!("{ELSEWHERE}{} 104", ". ".repeat(2000 + more));
            assert_eq!(said_of(&line, true).and_then(LineMeaning::message), None, "{more}");
        }
    }
}
