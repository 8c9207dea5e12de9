//! Lines of bytes from a stream that nobody vouches for: a length at the most, any content.

use std::io::{self, BufRead};

/// A line that was read, or the end.
#[derive(Debug, PartialEq, Eq)]
pub enum ReadLine<'a> {
    /// A line, without its newline; the last one may have had none.
    Whole(&'a [u8]),
    /// A line longer than allowed, skipped.
    TooLong,
    /// The stream ended.
    End,
}

/// Reads lines.
pub struct Lines<R> {
    from: R,
    longest: usize,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// Lines of at most `longest` bytes.
    pub fn new(from: R, longest: usize) -> Lines<R> {
        Lines {
            from,
            longest,
            line: Vec::new(),
        }
    }

    /// The next line; waits for it.
    ///
    /// # Errors
    ///
    /// The error of the reader, but for [`io::ErrorKind::Interrupted`].
    pub fn next(&mut self) -> io::Result<ReadLine<'_>> {
        // A new one each time, or one long line would keep its memory for good.
        self.line = Vec::new();
        let (mut begun, mut ended, mut too_long) = (false, false, false);
        while !ended {
            let piece = match self.from.fill_buf() {
                Ok([]) if begun => break,
                Ok([]) => return Ok(ReadLine::End),
                Ok(piece) => piece,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let newline = piece.iter().position(|&byte| byte == b'\n');
            let content = &piece[..newline.unwrap_or(piece.len())];
            too_long |= self.line.len() + content.len() > self.longest;
            if !too_long {
                self.line.extend_from_slice(content);
            }
            let taken = content.len() + usize::from(newline.is_some());
            self.from.consume(taken);
            (begun, ended) = (true, newline.is_some());
        }
        Ok(if too_long {
            ReadLine::TooLong
        } else {
            ReadLine::Whole(&self.line)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    #[test]
    fn lines_come_whole_whatever_the_pieces_and_long_ones_are_skipped() {
        for capacity in 1..12 {
            let text: &[u8] = b"one\n\nfour5\n\xff\xfe\nlast";
            let mut lines = Lines::new(BufReader::with_capacity(capacity, text), 4);
            assert_eq!(lines.next().unwrap(), ReadLine::Whole(b"one"));
            assert_eq!(lines.next().unwrap(), ReadLine::Whole(b""));
            assert_eq!(lines.next().unwrap(), ReadLine::TooLong);
            assert_eq!(lines.next().unwrap(), ReadLine::Whole(b"\xff\xfe"));
            assert_eq!(lines.next().unwrap(), ReadLine::Whole(b"last"));
            assert_eq!(lines.next().unwrap(), ReadLine::End);
        }
    }
}
