//! `finwait open`: a recorded run, shown again.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use super::exit::{BAD, DIFFERS, complain, fail};
use super::{Format, Printer, Printing};
use crate::recording::{Recording, Replay};
use crate::text::excerpt;
use crate::tui::{self, setup::Setup};

/// The most characters of a file's name that are repeated.
const LONGEST_NAME: usize = 400;

/// Opens the recording of that file, `-` for standard input: on the screen; as text or JSON where that is asked for, or where there
/// is no terminal to show it on.
pub fn open(file: &str, format: Option<Format>, all_sockets: bool, all_counters: bool, setup: Setup) -> ExitCode {
    let shown = excerpt(file, LONGEST_NAME);
    let read = match file {
        "-" => Recording::read(io::stdin().lock()),
        _ if Path::new(file).is_dir() => {
            let why = match recordings_in(Path::new(file)) {
                Some(names) => format!("is a folder: open one of its recordings, as {names}"),
                None => "is a folder without a recording (.jsonl)".into(),
            };
            return fail(BAD, &format!("{shown} {why}"));
        }
        _ => match File::open(file) {
            Ok(file) => Recording::read(BufReader::new(file)),
            Err(error) => return fail(BAD, &format!("{shown}: {error}")),
        },
    };
    let recording = match read {
        Ok(recording) => recording,
        Err(error) => return fail(BAD, &format!("{shown}: {error}")),
    };
    let format = format.or_else(|| (!io::stdout().is_terminal()).then_some(Format::Text));
    match format {
        Some(format) => print(recording, Printing::new(format, all_sockets, all_counters), &shown),
        None => screen(recording, setup),
    }
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
    let left = tui::can_draw().and_then(|()| tui::run(tui::opened(recording).set_up(setup), None, inbox, sender));
    match left {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => fail(DIFFERS, &error.to_string()),
    }
}

/// Prints what finwait do would have printed of the run.
fn print(recording: Recording, printing: Printing, file: &str) -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
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
