//! `finwait export`: a recording in the formats that people show each other.

use std::process::ExitCode;

use super::open::recording_in;
use crate::exit::{BAD, fail};
use crate::export::wanted::ExportChoices;
use crate::stderr::complain;
use crate::text::excerpt;
use crate::tui::film::RENDERER;

/// The most characters of a file's name that are repeated.
const LONGEST_NAME: usize = 400;

/// Exports the recording of that file, `-` for standard input, or one of its runs.
pub fn export(file: &str, connection: Option<u64>, run: Option<usize>, choices: &ExportChoices) -> ExitCode {
    if choices.files.is_empty() {
        let why = "export makes nothing unless it is told what: finwait export run.jsonl run.html, or .pcapng .svg .txt .md .mmd .cast .graphs.svg .screen.svg";
        return fail(BAD, why);
    }
    if let Err(why) = choices.check() {
        return fail(BAD, &why);
    }
    let recording = match recording_in(file, connection) {
        Ok(recording) => recording,
        Err(why) => return fail(BAD, &why),
    };
    let shown = excerpt(file, LONGEST_NAME);
    if let Some(note) = recording.note() {
        complain(&format!("finwait: {shown}: {note}"));
    }
    match choices.write(&recording, run, &RENDERER) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => fail(BAD, &format!("{shown}: {why}")),
    }
}
