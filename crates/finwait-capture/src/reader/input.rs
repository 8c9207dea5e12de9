//! Bytes in a buffer of bounded size, whatever the reader hands out at a time.

use std::io::{self, Read};

/// The number of bytes that are asked for at once.
const AT_ONCE: usize = 1 << 18;

/// A reader and what of it is in memory.
#[derive(Debug)]
pub(super) struct Input<R> {
    from: R,
    buffer: Vec<u8>,
    /// The part of the buffer that is read and not used.
    start: usize,
    end: usize,
    /// The number of bytes before `start`.
    offset: u64,
}

impl<R: Read> Input<R> {
    pub fn new(from: R) -> Input<R> {
        Input {
            from,
            buffer: vec![0; AT_ONCE],
            start: 0,
            end: 0,
            offset: 0,
        }
    }

    /// Returns the number of bytes that are used up.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the bytes that are there.
    pub fn data(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Sees to it that `count` bytes are there; returns whether the input has that many. Who calls bounds the number.
    pub fn has(&mut self, count: usize) -> io::Result<bool> {
        while self.end - self.start < count {
            if !self.more(count)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads on, with room for `count` bytes; returns whether anything came.
    pub fn more(&mut self, count: usize) -> io::Result<bool> {
        if self.start > 0 && self.buffer.len() - self.start < count.max(AT_ONCE / 2) {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.buffer.len() - self.start < count {
            self.buffer.resize(self.start + count, 0);
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.end + AT_ONCE, 0);
        }
        loop {
            match self.from.read(&mut self.buffer[self.end..]) {
                Ok(read) => {
                    self.end += read;
                    return Ok(read > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Uses up bytes that are there.
    pub fn consume(&mut self, count: usize) {
        self.start += count;
        self.offset += count as u64;
    }

    /// Uses up bytes that need not be there yet; returns whether the input has that many.
    pub fn skip(&mut self, mut count: u64) -> io::Result<bool> {
        loop {
            let there = (self.end - self.start).min(usize::try_from(count).unwrap_or(usize::MAX));
            self.consume(there);
            count -= there as u64;
            if count == 0 {
                return Ok(true);
            }
            if !self.more(1)? {
                return Ok(false);
            }
        }
    }
}
