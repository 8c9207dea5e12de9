//! The film of the screen while it is used: what the terminal is drawn, with the times of it, and a marker at each command.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use crate::export::asciicast::{Cast, CastHeader};
use crate::export::write::{Overwrite, check};
use crate::recording::{Header, RunFollower};
use crate::session::SessionInput;
use crate::session::transcript::Entry;
use crate::text::excerpt;

/// The most characters of a path that are repeated.
const LONGEST_PATH: usize = 400;

/// A film that is being made. Once a write fails nothing more is written, and the screen goes on.
#[derive(Clone)]
pub struct LiveCast(Arc<Mutex<Film>>);

struct Film {
    /// The file, until the first frame says how large the screen is.
    file: Option<File>,
    cast: Option<Cast<File>>,
    shown: String,
    began: Instant,
    size: (u16, u16),
    /// What is written now, where that is part of the film.
    frame: Option<Vec<u8>>,
    complain: Box<dyn Fn(&str) + Send>,
}

impl std::fmt::Debug for LiveCast {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LiveCast")
    }
}

impl LiveCast {
    /// A film in a new file; `complain` is called once, with one sentence, when it can no longer be written.
    ///
    /// # Errors
    /// The file cannot be made, or is there already: one sentence.
    pub fn create(path: &Path, overwrite: Overwrite, complain: Box<dyn Fn(&str) + Send>) -> Result<LiveCast, String> {
        let shown = excerpt(&path.to_string_lossy(), LONGEST_PATH);
        check(path, overwrite).map_err(|why| format!("--asciicast: {why}"))?;
        let mut options = OpenOptions::new();
        options.write(true);
        if !path.metadata().is_ok_and(|meta| !meta.is_file()) {
            match overwrite {
                Overwrite::No => options.create_new(true),
                Overwrite::Yes => options.create(true).truncate(true),
            };
        }
        let file = options.open(path);
        let file = file.map_err(|error| format!("--asciicast: write {shown}: {error}"))?;
        Ok(LiveCast(Arc::new(Mutex::new(Film {
            file: Some(file),
            cast: None,
            shown,
            began: Instant::now(),
            size: (0, 0),
            frame: None,
            complain,
        }))))
    }

    fn with(&self, act: impl FnOnce(&mut Film)) {
        if let Ok(mut film) = self.0.lock() {
            act(&mut film);
        }
    }

    /// What is written from here on is part of the film, on a screen of that size.
    pub(super) fn begins(&self, size: (u16, u16)) {
        self.with(|film| film.begins(size));
    }

    /// Takes in what was written.
    pub(super) fn sees(&self, bytes: &[u8]) {
        self.with(|film| {
            if let Some(frame) = &mut film.frame {
                frame.extend_from_slice(bytes);
            }
        });
    }

    /// What is written from here on is no part of the film.
    pub(super) fn ends(&self) {
        self.with(|film| {
            if let Some(frame) = film.frame.take().filter(|frame| !frame.is_empty()) {
                film.add(|cast, at| cast.output(at, &frame));
            }
        });
    }
}

impl Film {
    fn begins(&mut self, size: (u16, u16)) {
        self.frame = Some(Vec::new());
        if let Some(file) = self.file.take() {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            let header = CastHeader {
                size,
                term: std::env::var("TERM").ok(),
                timestamp: now.ok().map(|now| now.as_secs()),
                title: "finwait".into(),
            };
            (self.began, self.size) = (Instant::now(), size);
            match Cast::begin(file, &header) {
                Ok(cast) => self.cast = Some(cast),
                Err(error) => self.failed(&error),
            }
        } else if size != self.size {
            self.size = size;
            self.add(|cast, at| cast.resize(at, size));
        }
    }

    fn add(&mut self, add: impl FnOnce(&mut Cast<File>, Duration) -> std::io::Result<()>) {
        let at = self.began.elapsed();
        if let Some(cast) = &mut self.cast
            && let Err(error) = add(cast, at)
        {
            self.failed(&error);
        }
    }

    fn failed(&mut self, error: &std::io::Error) {
        self.cast = None;
        (self.complain)(&format!(
            "the film {} ends here, and the screen goes on: {error}",
            self.shown
        ));
    }
}

impl RunFollower for LiveCast {
    fn begins(&mut self, _header: &Header) {}

    fn takes(&mut self, input: &SessionInput) {
        if let Some(command) = input.typed() {
            self.with(|film| film.add(|cast, at| cast.mark(at, &command)));
        }
    }

    fn tells(&mut self, _entry: &Entry) {}

    fn ends(&mut self) {}
}
