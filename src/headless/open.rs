//! `finwait open`: a recorded run, shown again.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use finwait_capture::reader::format_of;

use super::explain::capture::connection_of;
use super::explain::source::Source;
use super::not_read;
use super::printer::{Format, Printer, Printing};
use crate::cli::TranscriptArgs;
use crate::exit::{BAD, DIFFERS, fail};
use crate::paint::{Paint, PaintingWriter};
use crate::recording::{Recording, Replay};
use crate::stderr::complain;
use crate::text::excerpt;
use crate::tui::{self, setup::Setup};

/// The most characters of a file's name that are repeated.
const LONGEST_NAME: usize = 400;

/// Opens the recording of that file, `-` for standard input: on the screen; as text or JSON where that is asked for, or where there
/// is no terminal to show it on.
pub fn open(
    file: &str,
    connection: Option<u64>,
    format: Option<Format>,
    transcript: TranscriptArgs,
    setup: Setup,
    paint: Paint,
) -> ExitCode {
    let shown = excerpt(file, LONGEST_NAME);
    match recording_in(file, connection) {
        Ok(recording) => show(recording, format, transcript, &shown, setup, paint),
        Err(why) => fail(BAD, &why),
    }
}

/// Reads the recording of that file, `-` for standard input, or makes one of a connection of the capture in it.
///
/// # Errors
///
/// The file is neither, or cannot be read: one sentence.
pub(super) fn recording_in(file: &str, connection: Option<u64>) -> Result<Recording, String> {
    let shown = excerpt(file, LONGEST_NAME);
    if let Some(recording) = capture(file, &shown, connection)? {
        return Ok(recording);
    }
    let read = match file {
        "-" => Recording::read(io::stdin().lock()),
        _ if Path::new(file).is_dir() => {
            let why = match recordings_in(Path::new(file)) {
                Some(names) => format!("is a folder: open one of its recordings, as {names}"),
                None => "is a folder without a recording (.jsonl)".into(),
            };
            return Err(format!("{shown} {why}"));
        }
        _ => match File::open(file) {
            Ok(file) => Recording::read(BufReader::new(file)),
            Err(error) => return Err(not_read(&shown, &error)),
        },
    };
    read.map_err(|error| format!("{shown}: {error}"))
}

fn show(
    recording: Recording,
    format: Option<Format>,
    transcript: TranscriptArgs,
    shown: &str,
    setup: Setup,
    paint: Paint,
) -> ExitCode {
    let format = format.or_else(|| (!io::stdout().is_terminal()).then_some(Format::Text));
    match format {
        Some(format) => {
            let paint = paint.unless(format == Format::Json);
            print(recording, Printing::new(format, transcript), shown, paint)
        }
        None => screen(recording, setup),
    }
}

/// A connection of the capture in a file as a recording; none where the file is no capture.
fn capture(file: &str, shown: &str, connection: Option<u64>) -> Result<Option<Recording>, String> {
    // A recording may come through a pipe, which is read once.
    let is_file = Path::new(file).metadata().is_ok_and(|meta| meta.is_file());
    if !is_file {
        return match connection {
            None => Ok(None),
            Some(_) => Err(format!(
                "{shown}: --connection is about a capture in a file, which is read twice, and this is no file"
            )),
        };
    }
    let words = [file.to_owned()];
    let bytes = || match Source::of(&words)? {
        Source::Bytes(bytes) => Ok(bytes),
        Source::Words => Err(format!("{shown} is not there")),
    };
    if format_of(&bytes()?.head).is_none() {
        return match connection {
            None => Ok(None),
            Some(_) => Err(format!("{shown}: --connection is about a capture, and this is none")),
        };
    }
    let (kept, view) = connection_of(shown, bytes, connection)?;
    Ok(kept.recording(shown, view.connection.0))
}

/// The names of a few recordings in a folder; none when it has none.
fn recordings_in(folder: &Path) -> Option<String> {
    const NAMED: usize = 3;
    let files = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let mut names: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .filter_map(|path| Some(excerpt(&path.file_name()?.to_string_lossy(), LONGEST_NAME)))
        .collect();
    names.sort();
    names.truncate(NAMED);
    (!names.is_empty()).then(|| names.join(", "))
}

fn screen(recording: Recording, setup: Setup) -> ExitCode {
    let (sender, inbox) = tui::inbox::channel();
    let left = tui::can_draw().and_then(|()| tui::run(tui::opened(recording).set_up(setup), None, None, inbox, sender));
    match left {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => fail(DIFFERS, &error.to_string()),
    }
}

/// Prints what finwait do would have printed of the run.
fn print(recording: Recording, printing: Printing, file: &str, paint: Paint) -> ExitCode {
    let mut out = PaintingWriter::new(BufWriter::new(io::stdout().lock()), paint);
    let printed = transcript(&recording, printing, &mut out).and_then(|()| out.flush());
    match printed {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
        Err(error) => return fail(DIFFERS, &format!("write to standard output: {error}")),
    }
    if let Some(note) = Replay::new(recording).0.note() {
        complain(&format!("finwait: {file}: {note}"));
    }
    ExitCode::SUCCESS
}

/// Writes the recording as the transcript of its commands: each with what came of it, and the sockets as they stood then.
fn transcript(recording: &Recording, printing: Printing, out: &mut impl Write) -> io::Result<()> {
    let mut printer = Printer::new(&mut *out, printing);
    let mut unsettled = false;
    recording.play(|played| printer.recorded(&played, &mut unsettled))
}
