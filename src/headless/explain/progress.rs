//! The progress through a long log: one line on a terminal, which is gone before the answer comes; nothing elsewhere.

use rustix::fs::{FileType, fstat, seek};
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// The time before progress is shown for the first time.
const FIRST: Duration = Duration::from_secs(1);
/// The time between two changes of the line.
const AGAIN: Duration = Duration::from_millis(200);

/// The line, where there is a terminal for it.
pub struct Progress(Option<Shown>);

struct Shown {
    /// The length of standard input in bytes, where it is a file.
    all: Option<u64>,
    next: Instant,
    /// The number of columns that are written on.
    columns: usize,
}

impl Progress {
    /// Returns the progress of reading standard input, shown on standard error.
    pub fn of_stdin() -> Progress {
        let shown = || Shown {
            all: left_of_stdin(),
            next: Instant::now() + FIRST,
            columns: 0,
        };
        Progress(io::stderr().is_terminal().then(shown))
    }

    /// Shows how much came so far.
    pub fn show(&mut self, bytes: u64, lines: u64) {
        let Some(shown) = &mut self.0 else { return };
        let now = Instant::now();
        if now >= shown.next {
            shown.next = now + AGAIN;
            shown.write(&told(bytes, shown.all, lines));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(shown) = &mut self.0 {
            shown.clear();
        }
    }
}

impl Shown {
    fn write(&mut self, text: &str) {
        let wide = self.columns.max(text.len());
        // A terminal that is gone is no reason not to answer.
        let _ = write!(io::stderr(), "\r{text:<wide$}");
        self.columns = text.len();
    }

    fn clear(&mut self) {
        if self.columns > 0 {
            self.write("");
            let _ = write!(io::stderr(), "\r");
        }
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
