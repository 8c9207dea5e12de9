//! The writing of a folder: made beside its place and renamed, so that it is there as a whole or not at all, and never in the place of what is there
//! already unless that is asked for.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::write::Overwrite;
use crate::text::excerpt;

/// The most characters of a path that are repeated.
const LONGEST_PATH: usize = 400;

/// A folder in the making, which is gone with its value unless it was put in its place.
#[derive(Debug)]
pub struct NewFolder {
    /// The place that it is for.
    place: PathBuf,
    /// The folder that its files are written to meanwhile.
    path: PathBuf,
    overwrite: Overwrite,
    /// Whether it is still there to be put in its place, or to be removed.
    making: Arc<Mutex<FolderStatus>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FolderStatus {
    UnderWay,
    /// It is in its place, or was removed.
    Over,
    /// A signal ends the program.
    Interrupted,
}

fn shown(path: &Path) -> String {
    excerpt(&path.to_string_lossy(), LONGEST_PATH)
}

/// Looks whether a folder can be put there, and returns the place that is meant: where `place` is a link, what it leads to.
fn check(place: &Path, overwrite: Overwrite) -> Result<PathBuf, String> {
    let name = shown(place);
    let failed = |error: io::Error| format!("{name}: {error}");
    match fs::metadata(place) {
        Ok(meta) if !meta.is_dir() => return Err(format!("{name} is a file: give the name of a folder")),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(place).is_err() => {
            let Some(own) = place.file_name() else {
                return Err(format!("{name} is no name of a folder: give one, like book"));
            };
            let above = place.parent().filter(|above| !above.as_os_str().is_empty());
            let above = above.unwrap_or(Path::new("."));
            return match fs::canonicalize(above) {
                Ok(above) if above.is_dir() => Ok(above.join(own)),
                Ok(above) => Err(format!("{name}: {} is no folder", shown(&above))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    Err(format!("{name}: there is no folder {}", shown(above)))
                }
                Err(error) => Err(failed(error)),
            };
        }
        Err(error) => return Err(failed(error)),
    }
    let real = fs::canonicalize(place).map_err(failed)?;
    if std::env::current_dir().is_ok_and(|here| here.starts_with(&real)) {
        return Err(format!(
            "{name} is the folder that finwait runs in, or one above it: give the name of a folder in it, like book"
        ));
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(&real).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let own = shown(Path::new(&entry.file_name()));
        // What has been put in order by hand has folders; what finwait writes has none.
        if overwrite == Overwrite::Yes && entry.file_type().map_err(failed)?.is_dir() {
            return Err(format!(
                "{name} has a folder in it, {own}, and --force replaces only files: give another name"
            ));
        }
        names.push(own);
    }
    names.sort();
    match (overwrite, names.as_slice()) {
        (Overwrite::Yes, _) | (Overwrite::No, []) => Ok(real),
        (Overwrite::No, [one]) => Err(format!(
            "{name} is there already and has {one} in it: --force replaces the folder and all that is in it, or give another name"
        )),
        (Overwrite::No, [first, ..]) => Err(format!(
            "{name} is there already and has {} files in it, {first} among them: --force replaces the folder and all that is in it, or give \
             another name",
            names.len()
        )),
    }
}

impl NewFolder {
    /// Begins a folder for that place, hidden beside it. SIGINT, SIGTERM and SIGHUP remove it from now on before they end the program.
    ///
    /// # Errors
    ///
    /// The place is taken and is not to be replaced, or nothing can be written beside it: one sentence.
    pub fn begin(place: &Path, overwrite: Overwrite) -> Result<NewFolder, String> {
        let real = check(place, overwrite)?;
        let own = real.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = real.with_file_name(format!(".{own}.finwait-{}", std::process::id()));
        fs::create_dir(&path).map_err(|error| format!("write {}: {error}", shown(place)))?;
        let folder = NewFolder {
            place: real,
            path,
            overwrite,
            making: Arc::new(Mutex::new(FolderStatus::UnderWay)),
        };
        folder
            .removed_by_signals()
            .map_err(|error| format!("wait for signals: {error}"))?;
        Ok(folder)
    }

    /// Returns the folder that the files are to be written to.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file in it.
    ///
    /// # Errors
    ///
    /// It cannot be written: one sentence.
    pub fn write(&self, name: &str, contents: &str) -> Result<(), String> {
        fs::write(self.path.join(name), contents).map_err(|error| format!("write {name}: {error}"))
    }

    /// Puts it in its place.
    ///
    /// # Errors
    ///
    /// The place is taken by now, or cannot be written: one sentence. What was there is as it was.
    pub fn put_in_place(self) -> Result<(), String> {
        let mut making = lock(&self.making);
        if *making != FolderStatus::UnderWay {
            return Err("it was interrupted".into());
        }
        let name = shown(&self.place);
        // Unlike with files, the kernel lets no folder take the place of one that has something in it.
        let is_there = self.place.exists();
        let put = match self.overwrite {
            Overwrite::Yes if is_there => exchanged(&self.path, &self.place),
            Overwrite::Yes | Overwrite::No => fs::rename(&self.path, &self.place),
        };
        put.map_err(|error| format!("write {name}: {error}"))?;
        *making = FolderStatus::Over;
        drop(making);
        // What was there before stands beside it now.
        remove(&self.path).map_err(|error| format!("{name} is there, but what was there before is left: {error}"))
    }

    /// Has the signals that people end programs with remove the folder first.
    fn removed_by_signals(&self) -> io::Result<()> {
        let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
        let (making, path) = (Arc::clone(&self.making), self.path.clone());
        thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                let mut making = lock(&making);
                if *making == FolderStatus::UnderWay {
                    *making = FolderStatus::Interrupted;
                    let _ = remove(&path);
                }
                // It ends here, and so do the processes that it started.
                let _ = emulate_default_handler(signal);
            }
        })?;
        Ok(())
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        let mut making = lock(&self.making);
        match *making {
            FolderStatus::UnderWay => {
                *making = FolderStatus::Over;
                let _ = remove(&self.path);
            }
            FolderStatus::Over => {}
            // What failed, failed because the folder is gone: the signal has the last word.
            FolderStatus::Interrupted => {
                drop(making);
                loop {
                    thread::park();
                }
            }
        }
    }
}

fn lock(making: &Mutex<FolderStatus>) -> MutexGuard<'_, FolderStatus> {
    making.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Exchanges two folders, at once where the file system can.
fn exchanged(new: &Path, place: &Path) -> io::Result<()> {
    match renameat_with(CWD, new, CWD, place, RenameFlags::EXCHANGE) {
        Ok(()) => return Ok(()),
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {}
        Err(error) => return Err(error.into()),
    }
    let mut aside = new.as_os_str().to_owned();
    aside.push("-before");
    let aside = PathBuf::from(aside);
    fs::rename(place, &aside)?;
    match fs::rename(new, place) {
        Ok(()) => fs::rename(&aside, new),
        Err(error) => fs::rename(&aside, place).and(Err(error)),
    }
}

/// Removes a folder and all in it, also where a process that is ending still writes there.
fn remove(path: &Path) -> io::Result<()> {
    /// Each look finds what came since the one before; nothing comes once the folder is gone.
    const LOOKS: usize = 100;
    let mut removed = Ok(());
    for _ in 0..LOOKS {
        removed = match fs::remove_dir_all(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            removed => removed,
        };
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_folder::{Folder, names_in};

    #[test]
    fn a_folder_is_there_as_a_whole_or_not_at_all() {
        let within = Folder::new("whole");
        let place = within.path().join("book");
        let folder = NewFolder::begin(&place, Overwrite::No).unwrap();
        folder.write("a.html", "a").unwrap();
        assert!(!place.exists());
        drop(folder);
        assert!(within.names().is_empty());
        let folder = NewFolder::begin(&place, Overwrite::No).unwrap();
        folder.write("a.html", "a").unwrap();
        folder.put_in_place().unwrap();
        assert_eq!(
            (within.names(), names_in(&within.path().join("book"))),
            (vec!["book".into()], vec!["a.html".into()])
        );
    }

    #[test]
    fn an_empty_folder_is_taken_and_another_only_with_force() {
        let within = Folder::new("force");
        let place = within.path().join("book");
        fs::create_dir(&place).unwrap();
        NewFolder::begin(&place, Overwrite::No).unwrap().put_in_place().unwrap();
        fs::write(place.join("mine.txt"), "mine").unwrap();
        let why = NewFolder::begin(&place, Overwrite::No).unwrap_err();
        assert!(why.contains("has mine.txt in it: --force replaces"), "{why}");
        let folder = NewFolder::begin(&place, Overwrite::Yes).unwrap();
        folder.write("a.html", "a").unwrap();
        folder.put_in_place().unwrap();
        assert_eq!(
            (within.names(), names_in(&within.path().join("book"))),
            (vec!["book".into()], vec!["a.html".into()])
        );
    }

    #[test]
    fn what_came_there_meanwhile_stays() {
        let within = Folder::new("meanwhile");
        let place = within.path().join("book");
        let folder = NewFolder::begin(&place, Overwrite::No).unwrap();
        fs::create_dir(&place).unwrap();
        fs::write(place.join("mine.txt"), "mine").unwrap();
        folder.put_in_place().unwrap_err();
        assert_eq!(
            (within.names(), names_in(&within.path().join("book"))),
            (vec!["book".into()], vec!["mine.txt".into()])
        );
    }

    #[test]
    fn no_folder_of_folders_is_replaced_and_none_that_we_are_in() {
        let within = Folder::new("deep");
        fs::create_dir_all(within.path().join("home/photos")).unwrap();
        let why = NewFolder::begin(&within.path().join("home"), Overwrite::Yes).unwrap_err();
        assert!(why.contains("has a folder in it, photos"), "{why}");
        for here in [".", "..", "/"] {
            let why = NewFolder::begin(Path::new(here), Overwrite::Yes).unwrap_err();
            assert!(why.contains("is the folder that finwait runs in"), "{why}");
        }
        let why = NewFolder::begin(&within.path().join("no/book"), Overwrite::No).unwrap_err();
        assert!(why.contains("there is no folder ") && why.ends_with("/no"), "{why}");
        fs::write(within.path().join("file"), "").unwrap();
        let why = NewFolder::begin(&within.path().join("file"), Overwrite::Yes).unwrap_err();
        assert!(why.ends_with("is a file: give the name of a folder"), "{why}");
    }

    #[test]
    fn a_file_system_without_an_exchange_is_served_too() {
        let within = Folder::new("exchange");
        let (new, place) = (within.path().join("new"), within.path().join("place"));
        for path in [&new, &place] {
            fs::create_dir(path).unwrap();
            fs::write(path.join(path.file_name().unwrap()), "").unwrap();
        }
        exchanged(&new, &place).unwrap();
        assert_eq!(
            (
                names_in(&within.path().join("new")),
                names_in(&within.path().join("place"))
            ),
            (vec!["place".into()], vec!["new".into()])
        );
    }
}
