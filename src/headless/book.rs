//! `finwait book`: scenarios, each run in a lab of its own, as a site of pages.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::children::{self, AT_ONCE, ChildRun};
use super::scenarios::{AllowRun, all_of, folder, load_to_run, recordings};
use crate::exit::{BAD, CANNOT, DIFFERS, ExitError};
use crate::export::book::facts::RunFacts;
use crate::export::book::{Book, BookPage, FIXED_FILES, Measured, PageResult};
use crate::export::folder::NewFolder;
use crate::export::story::Story;
use crate::export::write::Overwrite;
use crate::lab::Options;
use crate::progress::Progress;
use crate::recording::Recording;
use crate::run::RunManner;
use crate::scenario::report::{ReportLine, Summary};
use crate::scenario::{Group, Scenario, catalog};
use crate::stderr::complain;
use crate::text::excerpt;
use crate::tui::film::RENDERER;

/// The most characters of a path that are repeated.
const LONGEST_PATH: usize = 400;

/// Writes the book of these scenarios in the folder `dir`; of the whole catalog where none is named. Each is recorded in the folder `record` as well,
/// where one is given.
pub fn book(
    dir: &Path,
    names: &[String],
    overwrite: Overwrite,
    options: &Options,
    allow_run: AllowRun,
    record: Option<&Path>,
) -> ExitCode {
    let written = chosen(names, allow_run).and_then(|chosen| {
        let making = BookJob {
            options,
            allow_run,
            record,
        };
        making.write(dir, chosen, names.is_empty(), overwrite)
    });
    written.unwrap_or_else(ExitError::end)
}

/// The scenarios that are asked for, each once.
fn chosen(names: &[String], allow_run: AllowRun) -> Result<Vec<Scenario>, ExitError> {
    let mistaken = |mistakes: Vec<crate::mistake::Mistake>| ExitError(BAD, all_of(&mistakes));
    let catalog = catalog::all().map_err(mistaken)?;
    if names.is_empty() {
        return Ok(catalog);
    }
    let mut chosen: Vec<Scenario> = Vec::new();
    for name in folder::expanded(names).map_err(|why| ExitError(BAD, why))? {
        let group = Group::ALL.into_iter().find(|group| group.name() == name);
        let found: Vec<Scenario> = match group {
            Some(group) => {
                let of_group = catalog.iter().filter(|scenario| scenario.group == group);
                of_group.cloned().collect()
            }
            None => {
                let loaded = load_to_run(&name, allow_run);
                vec![loaded.map_err(|why| ExitError(BAD, why.trim_start_matches("finwait: ").to_owned()))?]
            }
        };
        for scenario in found {
            if chosen.iter().all(|known| known.path != scenario.path) {
                chosen.push(scenario);
            }
        }
    }
    Ok(chosen)
}

/// The making of a book.
struct BookJob<'a> {
    options: &'a Options,
    allow_run: AllowRun,
    record: Option<&'a Path>,
}

impl BookJob<'_> {
    fn write(
        &self,
        dir: &Path,
        chosen: Vec<Scenario>,
        is_whole: bool,
        overwrite: Overwrite,
    ) -> Result<ExitCode, ExitError> {
        let failed = |why: String| ExitError(DIFFERS, why);
        let folder = NewFolder::begin(dir, overwrite).map_err(|why| ExitError(BAD, why))?;
        let mut book = Book::of(chosen, is_whole);
        let jobs = self.jobs(&book, &folder)?;
        let mut progress = Progress::new(false);
        let (mut done, mut differ) = (0, 0);
        progress.count(done, jobs.len(), "scenarios");
        children::run(
            &jobs,
            AT_ONCE,
            |_| false,
            |place, lines| {
                let result = jobs[place]
                    .record
                    .as_deref()
                    .map_or_else(|| Ok(None), |record| read(record, lines))
                    .map_err(io::Error::other)?;
                let result = match result {
                    Some((story, summary)) => {
                        let page = book.page_of(place, &story);
                        folder
                            .write(&book.pages[place].html(), &page)
                            .map_err(io::Error::other)?;
                        differ += usize::from(!summary.held());
                        PageResult::Measured(Box::new(Measured {
                            facts: RunFacts::of(&story),
                            summary,
                        }))
                    }
                    None => PageResult::Unmeasured(skipped(lines)),
                };
                book.pages[place].result = Some(result);
                done += 1;
                progress.count(done, jobs.len(), "scenarios");
                Ok(())
            },
        )
        .map_err(|error| failed(error.to_string()))?;
        drop(progress);
        let measured = book.measured().count();
        if measured == 0 {
            let why = book.pages.iter().find_map(|page| match &page.result {
                Some(PageResult::Unmeasured(why)) => Some(format!(": {why}")),
                Some(PageResult::Measured(_)) | None => None,
            });
            let why = format!("none of it can run here{}", why.unwrap_or_default());
            return Err(ExitError(CANNOT, why));
        }
        if self.record.is_none() {
            std::fs::remove_dir_all(recorded_in(&folder)).map_err(|error| failed(error.to_string()))?;
        }
        let fixed = FIXED_FILES.map(|(name, contents)| (name.to_owned(), contents.to_owned()));
        for (name, contents) in book.other_pages().into_iter().chain(fixed) {
            folder.write(&name, &contents).map_err(failed)?;
        }
        folder.put_in_place().map_err(failed)?;
        let shown = excerpt(&dir.to_string_lossy(), LONGEST_PATH);
        let index = excerpt(&dir.join("index.html").to_string_lossy(), LONGEST_PATH);
        let mut told = format!("{measured} of {} scenarios measured", book.pages.len());
        if differ > 0 {
            told.push_str(&format!(", {differ} not as expected"));
        }
        complain(&format!("finwait: wrote the book {shown} ({told}): open {index}"));
        Ok(ExitCode::from(if differ > 0 { DIFFERS } else { 0 }))
    }

    /// The runs, in the order of the book's pages.
    fn jobs(&self, book: &Book, folder: &NewFolder) -> Result<Vec<ChildRun>, ExitError> {
        let names: Vec<&str> = book.pages.iter().map(|page| page.file.as_str()).collect();
        let recorded = recorded_in(folder);
        let records = recordings(Some(self.record.unwrap_or(&recorded)), &names);
        let records = records.map_err(|why| ExitError(BAD, why))?;
        let more: Vec<String> = match self.allow_run {
            AllowRun::Yes => vec!["--allow-run".into()],
            AllowRun::No => Vec::new(),
        };
        let job = |(page, record): (&BookPage, Option<PathBuf>)| ChildRun {
            scenario: catalog::built_in(&page.scenario.path)
                .unwrap_or(&page.scenario.path)
                .to_owned(),
            patience: page.scenario.patience(),
            options: self.options.clone(),
            manner: RunManner::TO_THE_END,
            more: more.clone(),
            record,
            folder: None,
        };
        Ok(book.pages.iter().zip(records).map(job).collect())
    }
}

/// The folder of the recordings that are of no use afterwards.
fn recorded_in(folder: &NewFolder) -> PathBuf {
    folder.path().join("recordings")
}

/// The story of a run and how it ended; none of one that could not run.
fn read(record: &Path, lines: &[ReportLine]) -> Result<Option<(Story, Summary)>, String> {
    let end = lines.iter().find_map(|line| match line {
        ReportLine::End(end) => Some(end),
        ReportLine::Scenario(_) | ReportLine::Step(_) => None,
    });
    let Some(summary) = end.filter(|end| end.skipped.is_none()) else {
        return Ok(None);
    };
    let file = File::open(record).map_err(|error| format!("the recording of {}: {error}", summary.scenario))?;
    let recording = Recording::read(BufReader::new(file));
    let recording = recording.map_err(|error| format!("the recording of {}: {error}", summary.scenario))?;
    let Some(mut story) = Story::all_of(&recording, &RENDERER).pop() else {
        return Ok(None);
    };
    // Where the file was on this machine is nothing to a reader elsewhere.
    for step in story
        .steps
        .iter_mut()
        .filter(|step| catalog::built_in(&step.path).is_none())
    {
        step.path = format!("{}.toml", step.scenario);
    }
    Ok(Some((story, summary.clone())))
}

/// Why a scenario could not run, without a period.
fn skipped(lines: &[ReportLine]) -> String {
    let why = lines.iter().find_map(|line| match line {
        ReportLine::End(end) => end.skipped.clone(),
        ReportLine::Scenario(_) | ReportLine::Step(_) => None,
    });
    why.map_or_else(
        || "its run left nothing".into(),
        |why| why.trim_end_matches('.').to_owned(),
    )
}
