//! The files that the screen writes: exports of the run as it stands, and pictures of the screen itself.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::app::App;
use super::film::{self, RENDERER};
use crate::clock::MonoTime;
use crate::command::{WriteCommand, Written};
use crate::error::{Error, Operation};
use crate::export::write::{Overwrite, Target, whole};
use crate::export::{ExportFormat, screen};
use crate::recording::{KeptRecording, Recording, RecordingFile};

/// The bytes of a run that are kept for exports, as lines of a recording: those of some fifty thousand packets.
pub const KEPT: usize = 64 << 20;

/// The way in which the writing of a file ended.
#[derive(Debug, PartialEq, Eq)]
pub enum WriteEnd {
    /// It is written: where, in one sentence.
    Written(String),
    /// A file is there already, and was not to be replaced.
    IsThere,
    /// It was not written: one sentence.
    Failed(String),
}

/// Writes what a command wants, of a screen of so many columns and rows; `record` keeps the run.
pub fn write(
    app: &mut App,
    command: &WriteCommand,
    record: Option<&RecordingFile>,
    size: (u16, u16),
    now: MonoTime,
) -> WriteEnd {
    let file = &command.file;
    if !command.force && file.is_file() {
        return WriteEnd::IsThere;
    }
    let made = match command.what {
        Written::Screenshot => of_screen(app, file, size, now),
        Written::Export => exported(app, file, record, size, now),
    };
    let written = made.and_then(|(bytes, what)| {
        whole(file, &bytes, Overwrite::of_switch(command.force))?;
        Ok(format!("wrote {} ({what})", Target::File(file.clone()).shown()))
    });
    match written {
        Ok(said) => WriteEnd::Written(said),
        Err(why) => WriteEnd::Failed(why),
    }
}

/// Writes the screen to a new file, `finwait-1.svg` or the next that is free: one sentence.
pub fn screenshot(app: &mut App, size: (u16, u16), now: MonoTime) -> String {
    let svg = screen::svg(&film::cells(app, size, now), &app.title());
    let free = (1..10_000).map(|nth| format!("finwait-{nth}.svg"));
    let Some(name) = free.into_iter().find(|name| !Path::new(name).exists()) else {
        return "finwait-1.svg to finwait-9999.svg are there already: screenshot FILE chooses another name".into();
    };
    match whole(Path::new(&name), svg.as_bytes(), Overwrite::No) {
        Ok(()) => format!("wrote {name} (the screen as a picture)"),
        Err(why) => why,
    }
}

/// Writes a scenario to a new file in the folder where the program was started, `name-1.toml` or the next that is free; returns its name.
///
/// # Errors
///
/// [`Error::Os`] where it cannot be written; no part of it is left behind.
pub fn scenario(name: &str, text: &str) -> Result<String, Error> {
    let mut nth = 1;
    loop {
        let file = format!("{name}-{nth}.toml");
        match File::create_new(&file) {
            Ok(mut out) => {
                let written = out.write_all(text.as_bytes()).and_then(|()| out.sync_all());
                if written.is_err() {
                    // Nothing that looks like a scenario stays.
                    let _ = fs::remove_file(&file);
                }
                return written.during(|| format!("write {file}")).map(|()| file);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && nth < 10_000 => nth += 1,
            Err(error) => return Err(error).during(|| format!("write {file}")),
        }
    }
}

/// The contents of a picture of the screen, and what it is.
fn of_screen(app: &mut App, file: &Path, size: (u16, u16), now: MonoTime) -> Result<(Vec<u8>, &'static str), String> {
    let ending = file.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let cells = film::cells(app, size, now);
    match ending.as_deref() {
        Some("svg") => Ok((
            screen::svg(&cells, &app.title()).into_bytes(),
            ExportFormat::ScreenSvg.about(),
        )),
        Some("txt") => Ok((screen::text(&cells).into_bytes(), ExportFormat::ScreenText.about())),
        _ => Err("a picture of the screen is .svg, or .txt as text".into()),
    }
}

/// The contents of an export of the run, and what it is.
fn exported(
    app: &mut App,
    file: &Path,
    record: Option<&RecordingFile>,
    size: (u16, u16),
    now: MonoTime,
) -> Result<(Vec<u8>, &'static str), String> {
    let format = ExportFormat::of_file(file)?;
    if matches!(format, ExportFormat::ScreenSvg | ExportFormat::ScreenText) {
        return of_screen(app, file, size, now);
    }
    let made = |recording: &Recording| Ok((format.of_recording(recording, &RENDERER)?, format.about()));
    if let Some(replay) = app.replay() {
        let one = replay.recording().of_run(replay.run());
        return made(one.as_ref().unwrap_or(replay.recording()));
    }
    let kept = record.map_or(Ok(KeptRecording::Nothing), RecordingFile::kept_run)?;
    match kept {
        KeptRecording::Whole(recording) => made(&recording),
        KeptRecording::TooLong => {
            let why =
                "this run is longer than what is kept for exports: start finwait with --record, and export that file";
            Ok((format.of_session(app.session(), &RENDERER).ok_or(why)?, format.about()))
        }
        KeptRecording::Nothing => Err("there is no run to export".into()),
    }
}
