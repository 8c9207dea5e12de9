//! Recordings: a run as the list of its session's inputs, a line of JSON each, which makes the same run again wherever it is opened.
//!
//! A recording is text, one JSON object a line:
//!
//! ```text
//! {"recording":{"schema":1,"finwait":"0.1.0","kernel":"6.12.0","driven":null,"began":81204,"wall":1764510000000000000,"lab":{...}}}
//! {"event":{"at":81900,"what":{"born":{...}}}}
//! {"command":{"at":90233,"text":"server listen backlog=2"}}
//! {"wire":{"text":"wire mode step"}}
//! {"step":{"scenario":"half-close","no":1,...}}
//! {"end":{"entries":41,"digest":"8f3c..."}}
//! ```
//!
//! The first line has the lab's facts; a line like it further down begins another run, in a fresh lab. Times are nanoseconds of
//! the recording machine's `CLOCK_MONOTONIC`; `wall` is what the clock on the wall said when the run began. A step is one of a scenario's,
//! as it was judged. The last line tells what the session had told by then, by its digest: whoever opens
//! the recording learns whether this finwait tells the run as that one did.

use serde::{Deserialize, Serialize};
use std::time::SystemTime;

use crate::clock::MonoTime;
use crate::scenario::report::StepReport;
use crate::session::transcript::Entry;
use crate::session::{LabFacts, Session, SessionInput};

pub mod capture;
mod read;
mod replay;
mod write;

pub use read::{Recording, RecordingError};
pub use replay::{Move, Played, Replay};
pub use write::{KeptRecording, RecordingFile, RunFollower, file_in, files_in, recorded};

/// The format's version; one that is greater is refused.
pub const SCHEMA: u32 = 1;

/// The ending of a recording's name.
pub const SUFFIX: &str = ".jsonl";

/// The beginning of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The format's version.
    pub schema: u32,
    /// The version of the finwait that recorded it.
    pub finwait: String,
    /// The release of the kernel that it ran on.
    pub kernel: String,
    /// The program that drove the ends, where that was not raw calls alone.
    pub driven: Option<String>,
    /// The time at which the run began.
    pub began: MonoTime,
    /// The wall clock's time when the run began, in nanoseconds since 1970; none where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall: Option<u64>,
    /// The lab.
    pub lab: LabFacts,
}

impl Header {
    /// Returns the beginning of a run of `session` that is under way here.
    pub fn of(session: &Session, driven: Option<String>) -> Header {
        let began = session.transcript.began();
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok();
        let now = since.and_then(|since| u64::try_from(since.as_nanos()).ok());
        let ago = u64::try_from(MonoTime::now().since(began).as_nanos()).ok();
        Header {
            schema: SCHEMA,
            finwait: env!("CARGO_PKG_VERSION").into(),
            kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
            driven,
            began,
            wall: now.zip(ago).and_then(|(now, ago)| now.checked_sub(ago)),
            lab: session.lab.clone(),
        }
    }

    /// The session as it was at the beginning of the run.
    fn session(&self) -> Session {
        Session::new(self.lab.clone(), self.began)
    }
}

/// The end of a run that was recorded to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    /// The number of entries that the transcript had.
    pub entries: u64,
    /// The digest of them, in hexadecimal.
    pub digest: String,
}

/// A line of a recording.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
enum RecordingLine {
    /// A run begins.
    Begin { recording: Box<Header> },
    /// The run is over.
    End { end: RunEnd },
    /// A step of a scenario is over, and was judged so.
    Step { step: Box<StepReport> },
    /// The session took that.
    Input(Box<SessionInput>),
}

/// The digest of a transcript: FNV-1a over its entries as JSON, which is the same on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Digest {
    entries: u64,
    hash: u64,
}

impl Digest {
    const fn new() -> Digest {
        Digest {
            entries: 0,
            hash: 0xcbf2_9ce4_8422_2325,
        }
    }

    fn add(&mut self, entry: &Entry) {
        self.entries += 1;
        // What cannot be written as JSON could not be printed either.
        for byte in serde_json::to_vec(entry).unwrap_or_default() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn end(&self) -> RunEnd {
        RunEnd {
            entries: self.entries,
            digest: format!("{:016x}", self.hash),
        }
    }
}
