//! Lines, read one by one in bounded memory: the messages among them, the rows of tables, and what the first one says.

use finwait_capture::reader::flags_alone;
use memchr::memchr;
use std::io::{self, BufRead};

use super::answer::GroupedLines;
use crate::explain::listing::{ListingScanner, state_told_of};
use crate::explain::wording::{LONGEST, LineScanner, LogScanner, mentioned, nearest, something_else};

#[cfg(test)]
thread_local! {
    /// The reasons that were looked for on this thread.
    static REASONS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// The number of reasons why nothing is known that `work` looks for on this thread.
#[cfg(test)]
pub(super) fn reasons_looked_for_by(work: impl FnOnce()) -> u32 {
    let before = REASONS.get();
    work();
    REASONS.get() - before
}

/// What lines say.
pub struct Gathered {
    /// The messages.
    pub said: Messages,
    /// The tables, and the kernel's own messages.
    pub listed: ListingScanner,
}

/// The messages of lines, and what there is besides.
pub struct Messages {
    /// The messages.
    pub lines: GroupedLines,
    /// The beginning of the first line that is not empty.
    pub first: Option<String>,
}

impl Messages {
    /// The reason why there is no answer, in one sentence.
    pub fn why_unknown(&self) -> String {
        const SHOWN: usize = 60;
        #[cfg(test)]
        REASONS.set(REASONS.get() + 1);
        let Some(first) = &self.first else {
            return "there is nothing to explain: the text is empty".into();
        };
        if self.lines.lines() > 1 {
            let lines = self.lines.lines();
            let known = format!("none of the {lines} lines has a wording that finwait knows");
            let others = self.lines.something_else();
            let others = others.iter().map(|of| format!("; {}", of.clause()));
            return others.fold(known, |all, of| all + &of);
        }
        if let Some(flags) = flags_alone(first) {
            return format!(
                "{} is a segment with {flags}, in tcpdump's letters, and says no more by itself; give the whole line with its addresses, or the capture",
                first.trim().trim_end_matches(',')
            );
        }
        let shown: String = first.chars().take(SHOWN).collect();
        let dots = if shown.len() < first.len() { "..." } else { "" };
        if let Some(words) = mentioned(first) {
            return format!(
                "{shown:?}{dots} speaks of an error and reports none; finwait explain {words:?} says why it comes"
            );
        }
        if let Some(state) = state_told_of(first) {
            return format!("{shown:?}{dots} tells of {state}; finwait explain {state} says what it is");
        }
        if let Some(what) = something_else(first) {
            return format!("{shown:?}{dots} is no error of a socket; {}", what.about());
        }
        if is_errno_0(first) {
            return "errno 0 is no error: a call that fails sets another, and one that succeeds leaves it as it was"
                .into();
        }
        let instead = match nearest(first) {
            Some(near) => format!("the nearest it knows is {near:?}"),
            None => "try an errno's name, number or text".into(),
        };
        format!("{shown:?}{dots} has no wording that finwait knows; {instead}")
    }
}

/// Is a text `errno 0` alone: `errno=0`, `Errno: 0`?
fn is_errno_0(text: &str) -> bool {
    let low = text.trim().to_ascii_lowercase();
    low.strip_prefix("errno")
        .is_some_and(|rest| rest.trim_matches([' ', '=', ':', '(', ')', '[', ']']) == "0")
}

/// Gathers what lines say; `progress` gets the number of bytes and lines so far.
///
/// # Errors
///
/// The error of `from`.
pub fn gather(mut from: impl BufRead, mut progress: impl FnMut(u64, u64)) -> io::Result<Gathered> {
    let mut gathered = GroupedLines::default();
    let mut log = LogScanner::default();
    let mut listed = ListingScanner::default();
    // What is all there is says more than a line among others; a line that is longer than any message does not.
    let mut only = Some(LineScanner::alone());
    let mut first = First::default();
    let mut bytes = 0;
    let mut open = false;
    let mut is_listed = false;
    loop {
        let buffer = match from.fill_buf() {
            Ok([]) => break,
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let mut rest = buffer;
        while !rest.is_empty() {
            let end = memchr(b'\n', rest);
            let part = &rest[..end.unwrap_or(rest.len())];
            log.push(part);
            if gathered.lines() == 0
                && let Some(line) = &mut only
            {
                line.push(part);
                only = only.filter(|line| !line.is_long());
            }
            first.push(part);
            open = end.is_none();
            if !open {
                is_listed = end_line(&mut log, &mut listed, &mut gathered);
                first.end_line();
            }
            rest = &rest[end.map_or(rest.len(), |end| end + 1)..];
        }
        let taken = buffer.len();
        from.consume(taken);
        bytes += taken as u64;
        progress(bytes, gathered.lines());
    }
    if open {
        is_listed = end_line(&mut log, &mut listed, &mut gathered);
        first.end_line();
    }
    if gathered.lines() == 1
        && !is_listed
        && let Some(line) = &mut only
    {
        gathered = GroupedLines::default();
        gathered.add(line.end());
    }
    let said = Messages {
        lines: gathered,
        first: first.text,
    };
    Ok(Gathered { said, listed })
}

/// The line is over: a row of a table is no message. Returns whether it is one.
fn end_line(log: &mut LogScanner, listed: &mut ListingScanner, gathered: &mut GroupedLines) -> bool {
    let is_listed = match log.whole_line() {
        Some(line) => listed.line(line),
        None => {
            listed.pass_over();
            false
        }
    };
    if is_listed {
        log.pass_over();
        gathered.add(None);
    } else {
        gathered.add(log.end_line());
    }
    is_listed
}

/// The beginning of the first line that is not empty.
#[derive(Default)]
struct First {
    line: Vec<u8>,
    text: Option<String>,
}

impl First {
    fn push(&mut self, bytes: &[u8]) {
        if self.text.is_none() {
            let room = LONGEST - self.line.len();
            self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }

    fn end_line(&mut self) {
        if self.text.is_none() {
            let text = String::from_utf8_lossy(&self.line);
            self.text = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            self.line.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    /// However long a line is, and whatever bytes are in it.
    #[test]
    fn a_log_is_read_line_by_line_with_bounded_memory() {
        let mut log = b"\xff\xfe\x1b[31mread: connection reset by peer\x00\r\n".to_vec();
        log.extend(vec![b'x'; 3 * LONGEST]);
        log.extend(b" write: broken pipe\n\nread: connection reset by peer");
        // A small buffer, so that lines come in pieces.
        let gathered = gather(BufReader::with_capacity(7, log.as_slice()), |_, _| {}).unwrap();
        assert_eq!(gathered.said.lines.lines(), 4);
        let [reset, pipe] = gathered.said.lines.most_first()[..] else {
            panic!("{:?}", gathered.said.lines)
        };
        assert_eq!((reset.lines, reset.first), (2, 1));
        assert_eq!((pipe.lines, pipe.first), (1, 2));
        assert!(gathered.said.first.unwrap().contains("reset"));
        assert_eq!(gather(b"".as_slice(), |_, _| {}).unwrap().said.lines.lines(), 0);
    }
}
