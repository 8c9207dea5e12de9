//! The exports that are wanted of a run: which formats, and where each goes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::pcapng::LivePcap;
use super::story::Story;
use super::write::{Overwrite, Target, check, whole};
use super::{AskedLook, ExportFormat, Renderer};
use crate::recording::{Recording, RecordingFile};
use crate::stderr::complain;
use crate::text::excerpt;

/// The most characters of a path that are repeated.
const LONGEST_PATH: usize = 400;

/// The exports that are wanted, and the capture that is written meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportChoices {
    /// Each format with its place.
    pub files: Vec<(ExportFormat, Target)>,
    /// The place of the capture that is written while the run is under way.
    pub pcap: Option<Target>,
    /// Whether files that are there are replaced.
    pub overwrite: Overwrite,
    /// The look of the screen in films and pictures of it.
    pub look: AskedLook,
}

impl ExportChoices {
    /// Nothing.
    pub const NONE: ExportChoices = ExportChoices {
        files: Vec::new(),
        pcap: None,
        overwrite: Overwrite::No,
        look: AskedLook {
            size: None,
            theme: None,
        },
    };

    /// Returns whether nothing is wanted.
    pub fn is_none(&self) -> bool {
        self.files.is_empty() && self.pcap.is_none()
    }

    /// Each option with its place: `--svg`.
    fn targets(&self) -> impl Iterator<Item = (&'static str, &Target)> {
        let files = self.files.iter().map(|(format, target)| (format.name(), target));
        files.chain(self.pcap.iter().map(|target| ("pcap", target)))
    }

    /// Does one of them go to standard output?
    pub fn takes_stdout(&self) -> bool {
        self.targets().any(|(_, target)| *target == Target::Stdout)
    }

    /// Looks whether all of them can be written, before there is anything to write.
    ///
    /// # Errors
    ///
    /// The first that cannot: one sentence.
    pub fn check(&self) -> Result<(), String> {
        if !self.files.iter().any(|(format, _)| format.is_of_the_screen()) {
            let about = match (self.look.size, self.look.theme) {
                (None, None) => None,
                (Some(_), None) => Some("--screen-size is"),
                (None, Some(_)) => Some("--screen-theme is"),
                (Some(_), Some(_)) => Some("--screen-size and --screen-theme are"),
            };
            if let Some(about) = about {
                return Err(format!(
                    "{about} about --screen and --asciicast, and neither is asked for"
                ));
            }
        }
        let to_stdout: Vec<&str> = self
            .targets()
            .filter(|(_, target)| **target == Target::Stdout)
            .map(|(name, _)| name)
            .collect();
        if let [first, second, ..] = to_stdout.as_slice() {
            return Err(format!(
                "--{first} and --{second} cannot both go to standard output: give one of them the name of a file"
            ));
        }
        let mut files: Vec<(&str, &PathBuf)> = Vec::new();
        for (name, target) in self.targets() {
            let Target::File(path) = target else { continue };
            if let Some((other, _)) = files.iter().find(|(_, known)| *known == path) {
                return Err(format!(
                    "two of the exports, {other} and {name}, are for the same file, {}: give each another name",
                    target.shown()
                ));
            }
            // Its option may be that of the format, or --export: the file is what names it.
            check(path, self.overwrite)?;
            files.push((name, path));
        }
        Ok(())
    }

    /// Returns the exports of one of several runs: files of its name in the folders that the options name, which are made here.
    ///
    /// # Errors
    ///
    /// One goes to standard output, or a folder cannot be made.
    pub fn of_several(&self, names: &[&str]) -> Result<Vec<ExportChoices>, String> {
        let mut all = vec![
            ExportChoices {
                files: Vec::new(),
                pcap: None,
                overwrite: self.overwrite,
                look: self.look,
            };
            names.len()
        ];
        let mut add = |ending: &str, target: &Target, put: &mut dyn FnMut(&mut ExportChoices, Target)| {
            let Target::File(folder) = target else {
                return Err(String::from(
                    "several scenarios are exported in a file each, and so not to standard output: give the name of a folder, like pictures/",
                ));
            };
            let shown = target.shown();
            if folder.extension().is_some_and(|end| end.to_string_lossy() == ending) || folder.is_file() {
                return Err(format!(
                    "{shown}: several scenarios are exported in a file each: give the name of a folder, like pictures/"
                ));
            }
            std::fs::create_dir_all(folder).map_err(|error| format!("make the folder {shown}: {error}"))?;
            let mut taken: Vec<String> = Vec::new();
            for (name, choices) in names.iter().zip(&mut all) {
                let mut own = (*name).to_owned();
                // The same scenario may be run twice.
                let mut nth = 2;
                while taken.contains(&own) {
                    own = format!("{name}-{nth}");
                    nth += 1;
                }
                put(choices, Target::File(folder.join(format!("{own}.{ending}"))));
                taken.push(own);
            }
            Ok(())
        };
        for (format, target) in &self.files {
            add(format.endings()[0], target, &mut |choices, target| {
                choices.files.push((*format, target));
            })?;
        }
        if let Some(target) = &self.pcap {
            // Its own ending, for --pcapng may have the same folder.
            add("live.pcapng", target, &mut |choices, target| {
                choices.pcap = Some(target)
            })?;
        }
        all.iter().try_for_each(ExportChoices::check)?;
        Ok(all)
    }

    /// Says where the exports of several runs went, whose choices `each` are: how many of them are there.
    pub fn say_several(&self, each: &[ExportChoices]) {
        for (place, (name, folder)) in self.targets().enumerate() {
            let files = each.iter().filter_map(|choices| choices.targets().nth(place));
            let written = files.filter(|(_, target)| matches!(target, Target::File(path) if path.exists()));
            let count = written.count();
            complain(&format!(
                "finwait: wrote {count} {} in {} ({name})",
                if count == 1 { "file" } else { "files" },
                folder.shown()
            ));
        }
    }

    /// The arguments by which another finwait makes the same exports.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments: Vec<String> = Vec::new();
        for (name, target) in self.targets() {
            let path = match target {
                Target::Stdout => "-".into(),
                Target::File(path) => path.to_string_lossy().into_owned(),
            };
            arguments.push(format!("--{name}={path}"));
        }
        let AskedLook { size, theme } = self.look;
        arguments.extend(size.map(|(columns, rows)| format!("--screen-size={columns}x{rows}")));
        arguments.extend(theme.map(|theme| format!("--screen-theme={theme}")));
        if self.overwrite == Overwrite::Yes && !arguments.is_empty() {
            arguments.push("--force".into());
        }
        arguments
    }

    /// Has a run followed as these want it: `record` is the file that it is recorded in, if there is one.
    ///
    /// # Errors
    ///
    /// The capture's file cannot be made: one sentence.
    pub fn follow(
        &self,
        record: Option<RecordingFile>,
        scenario: Option<&str>,
        complain: impl Fn(&str) + Send + Clone + 'static,
    ) -> Result<Option<RecordingFile>, String> {
        if self.is_none() {
            return Ok(record);
        }
        let mut record = record.unwrap_or_else(|| RecordingFile::without_file(Box::new(complain.clone())));
        if !self.files.is_empty() {
            record = record.with_copy()?;
        }
        if let Some(target) = &self.pcap {
            let out: Box<dyn Write + Send> = match target {
                Target::Stdout => Box::new(io::stdout()),
                Target::File(path) => Box::new(capture_file(path, self.overwrite)?),
            };
            let scenario = scenario.map(str::to_owned);
            record = record.followed_by(Box::new(LivePcap::new(out, scenario, Box::new(complain))));
        }
        Ok(Some(record))
    }

    /// Writes the exports of what was recorded, and says where each went. A run does not come again: one that cannot be made or written
    /// takes no other with it.
    ///
    /// # Errors
    ///
    /// The first that cannot be made or written: one sentence. All others are there, and what else failed is said.
    pub fn write_recorded(&self, record: Option<&RecordingFile>, renderer: &Renderer) -> Result<(), String> {
        let Some(record) = record else { return Ok(()) };
        let mut failed = Vec::new();
        if !self.files.is_empty()
            && let Some(recording) = record.read_back()?
        {
            for (format, target, made) in self.made(&recording, renderer) {
                failed.extend(made.and_then(|bytes| self.put(format, target, &bytes)).err());
            }
        }
        match &self.pcap {
            Some(Target::File(_)) => said("capture", self.pcap.as_ref()),
            Some(Target::Stdout) | None => {}
        }
        let mut failed = failed.into_iter();
        let first = failed.next();
        failed.for_each(|why| complain(&format!("finwait: {why}")));
        first.map_or(Ok(()), Err)
    }

    /// Writes the exports of a recording, or of one of its runs, and says where each went.
    ///
    /// # Errors
    ///
    /// There is no such run, or an export cannot be made or written: one sentence.
    pub fn write(&self, recording: &Recording, run: Option<usize>, renderer: &Renderer) -> Result<(), String> {
        let Some(run) = run else {
            return self.write_all(recording, renderer);
        };
        let Some(one) = run.checked_sub(1).and_then(|run| recording.of_run(run)) else {
            let runs = match recording.headers().count() {
                1 => "one run".to_owned(),
                count => format!("{count} runs, from 1 to {count}"),
            };
            return Err(format!("--run {run}: the recording has {runs}"));
        };
        self.write_all(&one, renderer)
    }

    fn write_all(&self, recording: &Recording, renderer: &Renderer) -> Result<(), String> {
        // All are made before the first is written: a format that cannot tell of them leaves nothing half done.
        let made = self
            .made(recording, renderer)
            .map(|(format, target, made)| Ok((format, target, made?)))
            .collect::<Result<Vec<_>, String>>()?;
        made.iter()
            .try_for_each(|(format, target, bytes)| self.put(*format, target, bytes))
    }

    /// Makes each export of a recording, or says in one sentence why its format cannot tell of it.
    fn made<'a>(
        &'a self,
        recording: &'a Recording,
        renderer: &Renderer,
    ) -> impl Iterator<Item = (ExportFormat, &'a Target, Result<Vec<u8>, String>)> + 'a {
        let renderer = Renderer {
            look: self.look.or(renderer.look),
            ..*renderer
        };
        let has_page = self.files.iter().any(|(format, _)| *format == ExportFormat::Html);
        let stories = if has_page {
            Story::all_of(recording, &renderer)
        } else {
            Story::all_without_moments(recording, &renderer)
        };
        self.files
            .iter()
            .map(move |(format, target)| (*format, target, format.export(recording, &stories, &renderer)))
    }

    /// Writes an export, and says where it went.
    fn put(&self, format: ExportFormat, target: &Target, bytes: &[u8]) -> Result<(), String> {
        match target {
            Target::Stdout => {
                let mut out = io::stdout().lock();
                match out.write_all(bytes).and_then(|()| out.flush()) {
                    Ok(()) => {}
                    // Whoever read it has seen enough.
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                    Err(error) => return Err(format!("write to standard output: {error}")),
                }
            }
            Target::File(path) => {
                whole(path, bytes, self.overwrite)?;
                said(format.name(), Some(target));
            }
        }
        if format == ExportFormat::Mermaid && bytes.len() > super::mermaid::LONGEST {
            complain(&format!(
                "finwait: the Mermaid diagram has {} bytes, and Mermaid draws {} unless maxTextSize says more",
                bytes.len(),
                super::mermaid::LONGEST
            ));
        }
        Ok(())
    }
}

/// Says where an export went.
fn said(what: &str, target: Option<&Target>) {
    if let Some(target) = target {
        complain(&format!("finwait: wrote {} ({what})", target.shown()));
    }
}

/// Opens the file of a capture that grows while it is read.
fn capture_file(path: &Path, overwrite: Overwrite) -> Result<File, String> {
    let shown = excerpt(&path.to_string_lossy(), LONGEST_PATH);
    check(path, overwrite)?;
    let is_special = path.metadata().is_ok_and(|meta| !meta.is_file());
    let mut options = OpenOptions::new();
    options.write(true);
    match (is_special, overwrite) {
        (true, _) => {}
        (false, Overwrite::No) => {
            options.create_new(true);
        }
        (false, Overwrite::Yes) => {
            options.create(true).truncate(true);
        }
    }
    options.open(path).map_err(|error| format!("write {shown}: {error}"))
}
