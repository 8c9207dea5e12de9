//! The writing of an export: to standard output, or to a file that is there as a whole or not at all, and never in the place of another one unless
//! that is asked for.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::text::excerpt;

/// The most characters of a path that are repeated.
const LONGEST_PATH: usize = 400;

/// The place that an export is written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Standard output: `-`.
    Stdout,
    /// A file.
    File(PathBuf),
}

impl Target {
    /// Returns the target that a path on the command line means.
    pub fn of(path: &Path) -> Target {
        if path == Path::new("-") {
            Target::Stdout
        } else {
            Target::File(path.to_owned())
        }
    }

    /// Returns it in words: `out.svg`, `standard output`.
    pub fn shown(&self) -> String {
        match self {
            Target::Stdout => "standard output".into(),
            Target::File(path) => shown(path),
        }
    }
}

/// Whether a file that is there is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// It stays.
    No,
    /// It is replaced: `--force`.
    Yes,
}

impl Overwrite {
    /// Returns what the switch says.
    pub const fn of_switch(force: bool) -> Overwrite {
        if force { Overwrite::Yes } else { Overwrite::No }
    }
}

fn shown(path: &Path) -> String {
    excerpt(&path.to_string_lossy(), LONGEST_PATH)
}

/// Looks whether a file can be written there, before there is anything to write.
///
/// # Errors
///
/// It is there and is not to be replaced, or there is no such folder: one sentence.
pub fn check(path: &Path, overwrite: Overwrite) -> Result<(), String> {
    let name = shown(path);
    // A path that ends with a slash is a folder's, there or not, to the kernel, too.
    if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(format!("{name} is the name of a folder: give the name of a file"));
    }
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => {
            return Err(format!("{name} is a folder: give the name of a file"));
        }
        Ok(meta) if meta.is_file() && overwrite == Overwrite::No => return Err(is_there(&name)),
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(format!("{name}: {error}")),
    }
    let folder = folder_of(path);
    match fs::metadata(folder) {
        Ok(meta) if meta.is_dir() => Ok(()),
        Ok(_) => Err(format!("{name}: {} is no folder", shown(folder))),
        Err(_) => Err(format!("{name}: there is no folder {}", shown(folder))),
    }
}

fn is_there(name: &str) -> String {
    format!("{name} is there already: --force replaces it, or give another name")
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Writes a file as a whole: first beside it, then onto the disk, then under its name. What is no file, as a pipe or a device, is written to as
/// it is.
///
/// # Errors
///
/// It is there and is not to be replaced, or it cannot be written: one sentence. What was there before is as it was.
pub fn whole(path: &Path, bytes: &[u8], overwrite: Overwrite) -> Result<(), String> {
    check(path, overwrite)?;
    let name = shown(path);
    let failed = |error: io::Error| format!("write {name}: {error}");
    if fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
        let file = OpenOptions::new().write(true).open(path);
        return file.and_then(|mut file| file.write_all(bytes)).map_err(failed);
    }
    // A link stays one: what it leads to is replaced.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let (beside, mut file) = temporary(path).map_err(failed)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(failed)
        .and_then(|()| match overwrite {
            Overwrite::Yes => fs::rename(&beside, path).map_err(failed),
            // Unlike a rename, this fails where a file has come there in the meantime.
            Overwrite::No => match fs::hard_link(&beside, path) {
                Ok(()) => fs::remove_file(&beside).map_err(failed),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(is_there(&name)),
                // Not every file system has hard links.
                Err(_) => fs::rename(&beside, path).map_err(failed),
            },
        });
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written?;
    // The name is on the disk once the folder is.
    let _ = File::open(folder_of(path)).and_then(|folder| folder.sync_all());
    Ok(())
}

/// A new file beside `path`: hidden, and with a name that no other export takes.
fn temporary(path: &Path) -> io::Result<(PathBuf, File)> {
    let name = path
        .file_name()
        .map_or_else(Default::default, |name| name.to_string_lossy());
    let process = std::process::id();
    for nth in 0..100 {
        let beside = path.with_file_name(format!(".{}.{process}-{nth}.tmp", excerpt(&name, 100)));
        match File::create_new(&beside) {
            Ok(file) => return Ok((beside, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_folder::Folder;

    #[test]
    fn a_file_is_there_as_a_whole_and_nothing_beside_it() {
        let folder = Folder::new("whole");
        let path = folder.path().join("a.svg");
        whole(&path, b"first", Overwrite::No).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(folder.names(), ["a.svg"]);
    }

    #[test]
    fn a_file_that_is_there_is_replaced_only_where_that_is_asked_for() {
        let folder = Folder::new("force");
        let path = folder.path().join("a.svg");
        whole(&path, b"first", Overwrite::No).unwrap();
        let why = whole(&path, b"second", Overwrite::No).unwrap_err();
        assert!(
            why.ends_with("a.svg is there already: --force replaces it, or give another name"),
            "{why}"
        );
        assert_eq!(fs::read(&path).unwrap(), b"first");
        whole(&path, b"second", Overwrite::Yes).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(folder.names(), ["a.svg"]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = Folder::new("missing");
        let why = whole(&folder.path().join("no/a.svg"), b"", Overwrite::No).unwrap_err();
        assert!(why.contains("there is no folder ") && why.ends_with("/no"), "{why}");
        let why = whole(folder.path(), b"", Overwrite::Yes).unwrap_err();
        assert!(why.ends_with(" is a folder: give the name of a file"), "{why}");
        let why = check(&folder.path().join("pictures/"), Overwrite::No).unwrap_err();
        assert!(
            why.ends_with("pictures/ is the name of a folder: give the name of a file"),
            "{why}"
        );
    }
}
