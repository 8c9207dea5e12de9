//! The progress through a long log or capture.

use rustix::fs::{FileType, fstat, seek};
use std::fs::File;
use std::time::Duration;

use crate::progress;

/// The time before progress is shown for the first time.
const FIRST: Duration = Duration::from_secs(1);

/// How far the input is read.
pub struct Progress {
    line: progress::Progress,
    /// The length of the input in bytes, where it is a file.
    all: Option<u64>,
}

impl Progress {
    /// Returns the progress of reading a file, from where it is read.
    pub fn of(file: Option<&File>) -> Progress {
        Progress {
            line: progress::Progress::after(FIRST),
            all: file.and_then(left_of),
        }
    }

    /// Shows how much came so far.
    pub fn show(&mut self, bytes: u64, lines: u64) {
        let all = self.all;
        self.line.say(|_| told(bytes, all, lines, "lines"));
    }

    /// Shows how much of a capture came so far.
    pub fn show_packets(&mut self, bytes: u64, packets: u64) {
        // A look at the clock is dear beside a packet.
        if packets.is_multiple_of(4096) {
            let all = self.all;
            self.line.say(|_| told(bytes, all, packets, "packets"));
        }
    }
}

/// `finwait: read 45 of 200 MB, 412345 lines`
fn told(bytes: u64, all: Option<u64>, count: u64, what: &str) -> String {
    let mega = |bytes: u64| bytes / 1_000_000;
    let of = all.map_or(String::new(), |all| format!(" of {}", mega(all.max(bytes))));
    format!("finwait: read {}{of} MB, {count} {what}", mega(bytes))
}

/// Returns the number of bytes that are left of a file; none where its length says nothing. Its beginning has been looked at already.
fn left_of(file: &File) -> Option<u64> {
    let stat = fstat(file).ok()?;
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    let at = seek(file, rustix::fs::SeekFrom::Current(0)).ok()?;
    let size = u64::try_from(stat.st_size).ok()?;
    is_file.then(|| size.saturating_sub(at.saturating_sub(finwait_capture::reader::HEAD as u64)))
}
