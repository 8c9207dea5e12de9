//! Standard error of an endpoint, in whole lines, however it comes.

use std::io::{self, Read};
use std::process::ChildStderr;

use finwait_model::text::excerpt;

/// The most bytes of a line that are kept.
const LONGEST: usize = 2000;
/// The most bytes that are read at once: the reader has other things to do, and comes back.
const MOST: usize = 256 << 10;

/// The lines that come.
#[derive(Debug)]
pub struct Complaints {
    /// None once it has ended.
    from: Option<ChildStderr>,
    line: PartialLine,
}

impl Complaints {
    /// The complaints of a child; none where its standard error cannot be read without waiting.
    pub fn of(stderr: Option<ChildStderr>) -> Complaints {
        let from = stderr.filter(|stderr| rustix::io::ioctl_fionbio(stderr, true).is_ok());
        Complaints {
            from,
            line: PartialLine::default(),
        }
    }

    /// The descriptor that they come by.
    pub const fn from(&self) -> Option<&ChildStderr> {
        self.from.as_ref()
    }

    /// The lines that have ended since the last time, harmless and not too long.
    pub fn read(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut chunk = [0; 4096];
        for _ in 0..MOST / chunk.len() {
            let Some(from) = &mut self.from else { break };
            match from.read(&mut chunk) {
                Ok(n) if n > 0 => self.line.take(&chunk[..n], &mut lines),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => {
                    self.from = None;
                    lines.extend(self.line.end());
                }
            }
        }
        lines
    }

    /// Returns all lines that are left once its process has ended: the last line, too, if it has no newline.
    pub fn last(&mut self) -> Vec<String> {
        let mut lines = self.read();
        lines.extend(self.line.end());
        lines
    }
}

/// A line that has not ended yet.
#[derive(Debug, Default)]
struct PartialLine {
    bytes: Vec<u8>,
    /// More of it came than is kept.
    longer: bool,
}

impl PartialLine {
    /// Takes in more bytes; the lines that end in them.
    fn take(&mut self, bytes: &[u8], lines: &mut Vec<String>) {
        let mut parts = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            let room = part.len().min(LONGEST - self.bytes.len());
            self.bytes.extend_from_slice(&part[..room]);
            self.longer |= room < part.len();
            if parts.peek().is_some() {
                lines.extend(self.end());
            }
        }
    }

    /// Returns the line that has ended; none where it is empty.
    fn end(&mut self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        let mut line = excerpt(text.trim_end(), LONGEST);
        if self.longer {
            line.push_str("...");
        }
        self.bytes.clear();
        self.longer = false;
        (!line.is_empty()).then_some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_however_they_come() {
        let mut line = PartialLine::default();
        let mut lines = Vec::new();
        for piece in ["a mess", "age\nand\n\nano", "ther \u{1b}[31m\r\n", "la", "st"] {
            line.take(piece.as_bytes(), &mut lines);
        }
        assert_eq!(lines, ["a message", "and", "another \\u{1b}[31m"]);
        assert_eq!(line.end().as_deref(), Some("last"));
        assert_eq!(line.end(), None);
        line.take(&vec![b'x'; 1 << 20], &mut lines);
        assert!(line.bytes.len() <= LONGEST);
        assert_eq!(line.end().map(|line| line.len()), Some(LONGEST + 3));
    }
}
