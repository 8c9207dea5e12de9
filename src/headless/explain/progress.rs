//! The progress through a long log.

use rustix::fs::{FileType, fstat, seek};
use std::io;
use std::time::Duration;

use super::super::progress;

/// The time before progress is shown for the first time.
const FIRST: Duration = Duration::from_secs(1);

/// How far standard input is read.
pub struct Progress {
    line: progress::Progress,
    /// The length of standard input in bytes, where it is a file.
    all: Option<u64>,
}

impl Progress {
    /// Returns the progress of reading standard input.
    pub fn of_stdin() -> Progress {
        Progress {
            line: progress::Progress::after(FIRST),
            all: left_of_stdin(),
        }
    }

    /// Shows how much came so far.
    pub fn show(&mut self, bytes: u64, lines: u64) {
        let all = self.all;
        self.line.say(|_| told(bytes, all, lines));
    }
}

/// `finwait: read 45 of 200 MB, 412345 lines`
fn told(bytes: u64, all: Option<u64>, lines: u64) -> String {
    let mega = |bytes: u64| bytes / 1_000_000;
    let of = all.map_or(String::new(), |all| format!(" of {}", mega(all.max(bytes))));
    format!("finwait: read {}{of} MB, {lines} lines", mega(bytes))
}

/// Returns the number of bytes of standard input that are not read yet; none where it is no file.
fn left_of_stdin() -> Option<u64> {
    let stat = fstat(io::stdin()).ok()?;
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    let at = seek(io::stdin(), rustix::fs::SeekFrom::Current(0)).ok()?;
    let size = u64::try_from(stat.st_size).ok()?;
    is_file.then(|| size.saturating_sub(at))
}
