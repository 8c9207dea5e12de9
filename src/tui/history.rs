//! The history of the prompt: the commands that were typed, kept across runs in a file of the user's.
//!
//! Each command is appended in one write, so that programs that run at the same time do not tear each other's lines; a file that has grown
//! long is replaced by its newest lines when it is read. What fails is said in one sentence, once, and the history goes on without a file.

use etcetera::BaseStrategy;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The number of typed commands that are remembered.
const REMEMBERED: usize = 200;
/// The longest file that is not shortened, in bytes; of a longer one, the end is read.
const LONGEST: u64 = 64 << 10;

/// The commands that were typed, the oldest first.
#[derive(Debug, Default)]
pub struct History {
    commands: Vec<String>,
    /// The file; none where the commands are remembered for this run only.
    file: Option<PathBuf>,
}

impl History {
    /// Returns the place of the user's history: `finwait/history` in `$XDG_STATE_HOME`, else in `~/.local/state`; none without a home.
    pub fn place() -> Option<PathBuf> {
        let strategy = etcetera::choose_base_strategy().ok()?;
        Some(strategy.state_dir()?.join("finwait").join("history"))
    }

    /// Reads the history that is kept in a file, and goes on keeping it there; and a sentence where that cannot be done.
    pub fn kept_in(file: PathBuf) -> (History, Option<String>) {
        match read(&file) {
            Ok(commands) => {
                let file = Some(file);
                (History { commands, file }, None)
            }
            Err(error) => (History::default(), Some(why(&file, &error))),
        }
    }

    /// Adds a command, unless it was the last one, too; returns a sentence where it could not be kept, after which none is.
    pub fn remember(&mut self, text: String) -> Option<String> {
        if self.commands.last() == Some(&text) {
            return None;
        }
        let kept = self.file.as_deref().map_or(Ok(()), |file| append(file, &text));
        self.commands.push(text);
        if self.commands.len() > REMEMBERED {
            self.commands.remove(0);
        }
        let error = kept.err()?;
        let file = self.file.take()?;
        Some(why(&file, &error))
    }

    /// Returns the command that was typed so many before the next; none before the first.
    pub fn back(&self, nth: usize) -> Option<&String> {
        self.commands.get(self.commands.len().checked_sub(nth)?)
    }

    /// Returns the number of commands.
    pub const fn len(&self) -> usize {
        self.commands.len()
    }

    /// Returns whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// Returns how many before the next the newest one with this text in it was typed, of those before the `after`th; none where there is
    /// none.
    pub fn find(&self, text: &str, after: usize) -> Option<usize> {
        let older = after + 1..=self.commands.len();
        older
            .into_iter()
            .find(|nth| self.back(*nth).is_some_and(|command| command.contains(text)))
    }
}

fn why(file: &Path, error: &io::Error) -> String {
    format!(
        "the commands that you type are not kept for the next time: {}: {error}",
        file.display()
    )
}

/// The newest lines of a file; a longer one is replaced by them.
fn read(path: &Path) -> io::Result<Vec<String>> {
    // Nothing but a file is waited for, or read to no end.
    let mut options = OpenOptions::new();
    let mut file = match options.read(true).custom_flags(libc::O_NONBLOCK).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let from = about.len().saturating_sub(LONGEST);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // The first line may be the end of one.
    let lines = text.lines().skip(usize::from(from > 0));
    let usable = |line: &&str| !line.trim().is_empty() && !line.chars().any(char::is_control);
    let lines: Vec<String> = lines.filter(usable).map(str::to_owned).collect();
    let newest = lines[lines.len().saturating_sub(REMEMBERED)..].to_vec();
    if from > 0 || lines.len() > 2 * REMEMBERED {
        // That it stays long is no reason not to have read it.
        let _ = replace(path, &newest);
    }
    Ok(newest)
}

/// Puts a file of just these lines in the place of another, whole or not at all.
fn replace(path: &Path, lines: &[String]) -> io::Result<()> {
    let unfinished = path.with_extension(std::process::id().to_string());
    let mut file = private().create_new(true).write(true).open(&unfinished)?;
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let replaced = file
        .write_all(text.as_bytes())
        .and_then(|()| fs::rename(&unfinished, path));
    if replaced.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    replaced
}

/// Adds a line, in one write.
fn append(path: &Path, line: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut file: File = private()
        .create(true)
        .append(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    let line = format!("{}\n", line.replace(char::is_control, " "));
    let written = file.write(line.as_bytes())?;
    if written < line.len() {
        return Err(io::Error::other("there is no room for all of a line"));
    }
    Ok(())
}

/// A file that nobody else reads: what is typed into sockets may be private.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_folder::Folder;
    use std::os::unix::fs::PermissionsExt;

    /// Returns the file in a folder that is not there yet, within one that is the test's own.
    fn place(own: &Folder) -> PathBuf {
        own.path().join("state").join("history")
    }

    fn kept(file: &Path) -> Vec<String> {
        let (history, why) = History::kept_in(file.to_owned());
        assert_eq!(why, None);
        history.commands
    }

    #[test]
    fn what_was_typed_is_there_the_next_time_and_nobody_elses() {
        let own = Folder::new("kept");
        let file = place(&own);
        let (mut one, why) = History::kept_in(file.clone());
        assert_eq!((one.len(), why), (0, None));
        // Two at the same time.
        let (mut other, _) = History::kept_in(file.clone());
        for text in ["client connect", "client connect", "client write \"a\u{e9}\""] {
            assert_eq!(one.remember(text.into()), None);
        }
        assert_eq!(other.remember("server accept".into()), None);
        assert_eq!(
            kept(&file),
            ["client connect", "client write \"a\u{e9}\"", "server accept"]
        );
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_long_file_is_shortened_to_its_newest_lines() {
        for lines in [3 * REMEMBERED, 20_000] {
            let own = Folder::new(&format!("long-{lines}"));
            let file = place(&own);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            let text: String = (0..lines).map(|n| format!("client write {n}\n")).collect();
            fs::write(&file, text).unwrap();
            let newest = kept(&file);
            assert_eq!(newest.len(), REMEMBERED);
            assert_eq!(newest.last(), Some(&format!("client write {}", lines - 1)));
            assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), REMEMBERED);
            assert_eq!(kept(&file), newest);
        }
    }

    #[test]
    fn lines_that_are_no_commands_are_passed_over() {
        let own = Folder::new("garbled");
        let file = place(&own);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, b"client close\n\n  \n\x1b[2J\nserver read\xff\nclient read").unwrap();
        assert_eq!(kept(&file), ["client close", "server read\u{fffd}", "client read"]);
    }

    /// A folder in its place, a file in its folder's place: one sentence, and what is typed is remembered all the same.
    #[test]
    fn a_place_that_cannot_be_used_is_said_once() {
        let own = Folder::new("unusable");
        let file = place(&own);
        fs::create_dir_all(&file).unwrap();
        let (mut history, why) = History::kept_in(file.clone());
        let why = why.expect("a sentence");
        assert!(
            why.starts_with("the commands that you type are not kept for the next time: "),
            "{why}"
        );
        assert_eq!(history.remember("client read".into()), None);
        assert_eq!(history.back(1).unwrap(), "client read");
        let file = PathBuf::from("/dev/null/finwait/history");
        let (mut history, why) = History::kept_in(file.clone());
        assert!(why.is_some());
        let mut unwritable = History {
            file: Some(file),
            ..History::default()
        };
        assert!(unwritable.remember("client read".into()).is_some());
        assert_eq!(unwritable.remember("client close".into()), None);
        assert_eq!((unwritable.len(), history.remember("x".into())), (2, None));
    }

    #[test]
    fn the_newest_that_has_a_text_is_found_then_older_ones() {
        let mut history = History::default();
        for text in ["client read", "client write", "server read", "client close"] {
            history.remember(text.into());
        }
        assert_eq!(history.find("read", 0), Some(2));
        assert_eq!(history.find("read", 2), Some(4));
        assert_eq!(history.find("read", 4), None);
        assert_eq!(history.find("nothing", 0), None);
    }
}
