//! The writing of a recording: each line in one write, before the session takes the input, so that a crash loses nothing that was printed.

use serde::Serialize;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::{Digest, Header, Recording, RecordingLine, SUFFIX};
use crate::lab::Options;
use crate::scenario::report::StepReport;
use crate::session::transcript::Entry;
use crate::session::{InputTap, Session, SessionInput};
use crate::text::excerpt;

/// The most characters of a path that are repeated.
const LONGEST_PATH: usize = 400;

/// A follower of a run while it is under way: what writes something else than a recording of it.
pub trait RunFollower: Send {
    /// Sees that a run begins, in a fresh lab.
    fn begins(&mut self, header: &Header);
    /// Sees an input before the session takes it.
    fn takes(&mut self, input: &SessionInput);
    /// Sees the transcript's new entries.
    fn tells(&mut self, entry: &Entry);
    /// Sees that the run is over.
    fn ends(&mut self);
}

/// A recording that is being written. Once a write fails nothing more is written, and what runs goes on.
#[derive(Clone)]
pub struct RecordingFile(Arc<Mutex<Output>>);

impl fmt::Debug for RecordingFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordingFile")
    }
}

struct Output {
    path: PathBuf,
    /// The file of the user's; none where the run is kept for exports alone.
    file: Option<File>,
    /// Whether it was made here. Then it goes again if nothing is written.
    ours: bool,
    /// The same again for exports, in memory.
    copy: Option<File>,
    /// The run under way, in memory, for exports while it is.
    kept: Option<KeptRun>,
    /// What else follows the run.
    followers: Vec<Box<dyn RunFollower>>,
    /// The number of runs that have begun.
    runs: usize,
    /// The digest of the entries of the run under way.
    digest: Digest,
    failed: Option<String>,
    complain: Box<dyn Fn(&str) + Send>,
}

/// A run that is kept in memory, up to a number of bytes; one that needs more is given up as a whole.
struct KeptRun {
    /// The lines of the run, or none of them.
    lines: Vec<u8>,
    most: usize,
    is_over: bool,
}

impl KeptRun {
    /// Begins with another run.
    fn restart(&mut self) {
        self.lines.clear();
        self.is_over = false;
    }

    fn add(&mut self, line: &impl Serialize) {
        if self.is_over {
            return;
        }
        // What cannot be written as JSON makes the run one that is not kept.
        let written = serde_json::to_writer(&mut self.lines, line);
        self.lines.push(b'\n');
        if written.is_err() || self.lines.len() > self.most {
            self.is_over = true;
            self.lines = Vec::new();
        }
    }
}

/// The run that a screen keeps in memory.
#[derive(Debug)]
pub enum KeptRecording {
    /// All of it so far.
    Whole(Box<Recording>),
    /// It was longer than what is kept.
    TooLong,
    /// No run has begun, or none is kept.
    Nothing,
}

impl RecordingFile {
    /// A new file; one that is there is not overwritten. `complain` is called once, with one sentence, when it can no longer be written.
    ///
    /// # Errors
    /// One sentence why there can be no such file.
    pub fn create(path: &Path, complain: Box<dyn Fn(&str) + Send>) -> Result<RecordingFile, String> {
        let shown = excerpt(&path.to_string_lossy(), LONGEST_PATH);
        let (file, ours) = match File::create_new(path) {
            Ok(file) => (file, true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let meta = std::fs::metadata(path).map_err(|error| format!("write the recording {shown}: {error}"))?;
                if meta.is_file() || meta.is_dir() {
                    let what = if meta.is_dir() { "a folder" } else { "there already" };
                    return Err(format!(
                        "--record {shown}: it is {what}, and finwait overwrites nothing: give another name"
                    ));
                }
                // A pipe or a device, which is written to rather than made.
                let file = OpenOptions::new().write(true).open(path);
                (
                    file.map_err(|error| format!("write the recording {shown}: {error}"))?,
                    false,
                )
            }
            Err(error) => return Err(format!("write the recording {shown}: {error}")),
        };
        Ok(RecordingFile::of(path.to_owned(), Some(file), ours, complain))
    }

    /// A recording without a file of the user's, for what follows a run or is exported from it.
    pub fn without_file(complain: Box<dyn Fn(&str) + Send>) -> RecordingFile {
        RecordingFile::of(PathBuf::new(), None, false, complain)
    }

    fn of(path: PathBuf, file: Option<File>, ours: bool, complain: Box<dyn Fn(&str) + Send>) -> RecordingFile {
        RecordingFile(Arc::new(Mutex::new(Output {
            path,
            file,
            ours,
            copy: None,
            kept: None,
            followers: Vec::new(),
            runs: 0,
            digest: Digest::new(),
            failed: None,
            complain,
        })))
    }

    /// The same, with a copy in memory that [`RecordingFile::read_back`] reads.
    ///
    /// # Errors
    /// The kernel has no such memory (`memfd_create(2)`).
    pub fn with_copy(self) -> Result<RecordingFile, String> {
        let memory = rustix::fs::memfd_create("finwait-recording", rustix::fs::MemfdFlags::CLOEXEC);
        let memory = memory.map_err(|error| format!("memory for the exports: {error}"))?;
        if let Ok(mut output) = self.0.lock() {
            output.copy = Some(memory.into());
        }
        Ok(self)
    }

    /// The same, with the run under way in memory, up to `most` bytes, for [`RecordingFile::kept_run`].
    pub fn keeping(self, most: usize) -> RecordingFile {
        if let Ok(mut output) = self.0.lock() {
            output.kept = Some(KeptRun {
                lines: Vec::new(),
                most,
                is_over: false,
            });
        }
        self
    }

    /// Reads the run under way from memory.
    ///
    /// # Errors
    /// It cannot be read: one sentence.
    pub fn kept_run(&self) -> Result<KeptRecording, String> {
        let output = self.0.lock().map_err(|_| "the recording was given up".to_owned())?;
        match &output.kept {
            Some(kept) if kept.is_over => Ok(KeptRecording::TooLong),
            Some(kept) if !kept.lines.is_empty() => {
                let read = Recording::read(kept.lines.as_slice());
                let read = read.map_err(|error| format!("read the run that is kept: {error}"));
                read.map(|recording| KeptRecording::Whole(Box::new(recording)))
            }
            _ => Ok(KeptRecording::Nothing),
        }
    }

    /// The same, with someone else who follows the run.
    pub fn followed_by(self, follower: Box<dyn RunFollower>) -> RecordingFile {
        if let Ok(mut output) = self.0.lock() {
            output.followers.push(follower);
        }
        self
    }

    /// Writes down how a step of a scenario was judged.
    pub fn step(&self, report: &StepReport) {
        if let Ok(mut output) = self.0.lock() {
            let step = Box::new(report.clone());
            output.write(&RecordingLine::Step { step });
        }
    }

    /// Reads what was recorded so far from the copy; none without one, or before a run has begun.
    ///
    /// # Errors
    /// The copy cannot be read: one sentence.
    pub fn read_back(&self) -> Result<Option<Recording>, String> {
        let mut output = self.0.lock().map_err(|_| "the recording was given up".to_owned())?;
        if output.runs == 0 {
            return Ok(None);
        }
        let Some(copy) = &mut output.copy else { return Ok(None) };
        let read = copy.rewind().map_err(|error| error.to_string());
        let read = read.and_then(|()| Recording::read(BufReader::new(&mut *copy)).map_err(|error| error.to_string()));
        // What comes is written where the last line ended.
        let end = copy.seek(SeekFrom::End(0)).map(drop).map_err(|error| error.to_string());
        read.and_then(|recording| end.map(|()| Some(recording)))
            .map_err(|why| format!("read the copy of the recording: {why}"))
    }

    /// Returns why it is not whole, in one sentence; none while all could be written.
    pub fn failure(&self) -> Option<String> {
        self.0.lock().map_or(None, |output| output.failed.clone())
    }

    /// Writes down that a run begins, and from here on all that `session` takes.
    fn observe(&self, session: Session, driven: Option<String>) -> Session {
        let recording = Box::new(Header::of(&session, driven));
        let run = self.0.lock().map_or(0, |mut output| {
            if output.runs > 0 {
                // The one before it is over, though its session may still be there.
                output.end();
            }
            for follower in &mut output.followers {
                follower.begins(&recording);
            }
            if let Some(kept) = &mut output.kept {
                kept.restart();
            }
            output.write(&RecordingLine::Begin { recording });
            output.runs += 1;
            output.runs
        });
        session.observed_by(Box::new(RunTap {
            file: self.clone(),
            run,
        }))
    }
}

impl Output {
    /// Returns whether there is anything that lines are written to.
    const fn is_written(&self) -> bool {
        self.file.is_some() || self.copy.is_some()
    }

    fn write(&mut self, line: &impl Serialize) {
        if let Some(kept) = &mut self.kept {
            kept.add(line);
        }
        if self.failed.is_some() || !self.is_written() {
            return;
        }
        let written = serde_json::to_vec(line).map_err(io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            let mut files = self.file.iter_mut().chain(&mut self.copy);
            files.try_for_each(|file| file.write_all(&line))
        });
        if let Err(error) = written {
            let path = excerpt(&self.path.to_string_lossy(), LONGEST_PATH);
            let why = format!("the recording {path} ends here, and the run goes on: {error}");
            (self.complain)(&why);
            self.failed = Some(why);
        }
    }

    fn end(&mut self) {
        let digest = std::mem::replace(&mut self.digest, Digest::new());
        // Nobody compares what is only kept.
        if self.is_written() {
            self.write(&RecordingLine::End { end: digest.end() });
        }
        for follower in &mut self.followers {
            follower.ends();
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.ours && self.runs == 0 {
            // Nothing that looks like a recording stays.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The file for a run of `name`: the path itself, or in a folder one of that name.
///
/// # Errors
/// The folder cannot be made.
pub fn file_in(path: &Path, name: &str) -> Result<PathBuf, String> {
    let is_folder = path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/");
    match is_folder {
        true => Ok(files_in(path, &[name])?.remove(0)),
        false => Ok(path.to_owned()),
    }
}

/// The files for runs of `names` in a folder, which is made here; none of them is there yet.
///
/// # Errors
/// The folder cannot be made, or has such a file.
pub fn files_in(folder: &Path, names: &[&str]) -> Result<Vec<PathBuf>, String> {
    let shown = excerpt(&folder.to_string_lossy(), LONGEST_PATH);
    if shown.ends_with(SUFFIX) {
        return Err(format!(
            "--record {shown}: several scenarios are recorded in a file each, and so want the name of a folder, like recordings/"
        ));
    }
    std::fs::create_dir_all(folder).map_err(|error| format!("make the folder {shown} for the recordings: {error}"))?;
    let mut files: Vec<PathBuf> = Vec::new();
    for name in names {
        let mut file = folder.join(format!("{name}{SUFFIX}"));
        if file.exists() {
            return Err(format!(
                "--record {shown}: {name}{SUFFIX} is there already, and finwait overwrites nothing: give another folder"
            ));
        }
        // The same scenario may be run twice.
        let mut nth = 2;
        while files.contains(&file) {
            file = folder.join(format!("{name}-{nth}{SUFFIX}"));
            nth += 1;
        }
        files.push(file);
    }
    Ok(files)
}

/// The session, recorded where that is wanted, in the lab that `options` asked for.
pub fn recorded(session: Session, record: Option<&RecordingFile>, options: &Options) -> Session {
    match record {
        Some(record) => record.observe(session, options.driven.words()),
        None => session,
    }
}

/// The observer of one run.
struct RunTap {
    file: RecordingFile,
    /// The run, from 1 on.
    run: usize,
}

impl RunTap {
    /// The file, while this is the run that is recorded.
    fn output(&self) -> Option<MutexGuard<'_, Output>> {
        self.file.0.lock().ok().filter(|output| output.runs == self.run)
    }
}

impl InputTap for RunTap {
    fn takes(&mut self, input: &SessionInput) {
        if let Some(mut output) = self.output() {
            output.write(input);
            for follower in &mut output.followers {
                follower.takes(input);
            }
        }
    }

    fn tells(&mut self, entry: &Entry) {
        if let Some(mut output) = self.output() {
            if output.is_written() {
                output.digest.add(entry);
            }
            for follower in &mut output.followers {
                follower.tells(entry);
            }
        }
    }
}

impl Drop for RunTap {
    fn drop(&mut self) {
        // A session that a panic took away has not come to its end.
        if let Some(mut output) = self.output().filter(|_| !std::thread::panicking()) {
            output.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::MonoTime;
    use crate::host::Port;
    use crate::lab::event::{LabEvent, TimedEvent};
    use crate::lab::facts::{LabFacts, LabKind};
    use crate::side::Ends;

    fn session() -> Session {
        let lab = LabFacts {
            kind: LabKind::Isolated,
            addresses: Ends::from_fn(|_| std::net::IpAddr::from([10, 0, 0, 1])),
            offload: false,
            port: Port(8080),
            settings: Ends::default(),
            syn_patience: None,
            no_sock_diag: None,
            capture: None,
        };
        Session::new(lab, MonoTime(1))
    }

    fn hears(session: &mut Session, note: &str) {
        session.absorb(TimedEvent {
            at: MonoTime(2),
            what: LabEvent::Note(note.to_owned()),
        });
    }

    #[test]
    fn the_run_under_way_is_kept_and_one_that_is_too_long_is_given_up_as_a_whole() {
        let file = RecordingFile::without_file(Box::new(|_| {})).keeping(4000);
        assert!(matches!(file.kept_run(), Ok(KeptRecording::Nothing)));
        let of = |note: &str| {
            let mut run = file.observe(session(), None);
            hears(&mut run, note);
            let Ok(KeptRecording::Whole(kept)) = file.kept_run() else {
                panic!("{:?}", file.kept_run());
            };
            (run, kept)
        };
        let (mut first, kept) = of("the first");
        assert!(format!("{kept:?}").contains("the first"));
        (0..100).for_each(|_| hears(&mut first, "and more of what fills it up to the brim"));
        assert!(matches!(file.kept_run(), Ok(KeptRecording::TooLong)));
        // A fresh lab is another run.
        let (_second, kept) = of("the second");
        assert!(!format!("{kept:?}").contains("the first"));
        assert_eq!(kept.headers().count(), 1);
        hears(&mut first, "late news of the first");
        let Ok(KeptRecording::Whole(kept)) = file.kept_run() else {
            panic!("{:?}", file.kept_run());
        };
        assert!(!format!("{kept:?}").contains("late news"));
    }
}
