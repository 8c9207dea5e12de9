//! One line as it comes in, piece by piece. Of a long line only the part that is searched is kept.
//!
//! A line that is longer is gone through in parts, each of which begins before the last one ended, so that a message lies whole in one of
//! them. The first message counts.

use std::borrow::Cow;

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
                }
                None => {}
            }
        }
        self.head.get_or_insert_with(|| self.part[..HEAD].to_vec());
        self.part.drain(..LONGEST - OVERLAP);
    }

    /// Recognizes the first bytes of the part.
    fn says(&self, most: usize) -> Option<LineMeaning> {
        let bytes = &self.part[..most.min(self.part.len())];
        // It is quicker to see that all is well than to mend it.
        let text = str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
        let text = match self.head {
            // It may begin with the rest of a word.
            Some(_) => text.trim_start_matches(is_in_name),
            None => &text,
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
                let last = || self.says(LONGEST);
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

    /// Returns the line's beginning, as far as it was kept.
    pub(super) fn beginning(&self) -> &[u8] {
        let begin = self.head.as_deref().unwrap_or(&self.part);
        &begin[..begin.len().min(HEAD)]
    }
}
