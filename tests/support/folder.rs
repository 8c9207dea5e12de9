//! Folders for the files of a test.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, process};

/// A temporary folder of one test, removed when it is dropped.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes an empty folder. No two have the same path, whatever their names.
    pub fn new(name: &str) -> Folder {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let no = MADE.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("finwait-{}-{no}-{name}", process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Returns the path of a file in it, as an argument of a command.
    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file, and makes the folders that it is in; returns its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        self.file(name)
    }

    /// Returns the text of a file.
    #[track_caller]
    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Returns the names of its files and folders, also of hidden ones, in alphabetical order.
    pub fn names(&self) -> Vec<String> {
        names_in(&self.0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A file in a temporary folder of its own.
pub struct TemporaryFile {
    path: String,
    _folder: Folder,
}

impl TemporaryFile {
    pub fn new(name: &str, content: impl AsRef<[u8]>) -> TemporaryFile {
        let folder = Folder::new("file");
        TemporaryFile {
            path: folder.write(name, content),
            _folder: folder,
        }
    }

    pub fn path(&self) -> &str {
        &self.path
    }
}

/// Returns the names of the files and folders in `folder`, in alphabetical order.
pub fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
