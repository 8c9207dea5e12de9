//! Folders of scenario files.

use std::fs;
use std::io;
use std::path::Path;

use crate::scenario::file::SUFFIX;
use crate::text::excerpt;

/// The most characters of a path that are repeated.
const LONGEST_PATH: usize = 200;

/// Is that name a folder's path? As with files, a path has a `/`.
pub(super) fn is_folder(name: &str) -> bool {
    name.contains('/') && Path::new(name).is_dir()
}

/// Returns the names, in place of each folder the paths of the files in it.
///
/// # Errors
///
/// A folder cannot be read, or has none: one sentence.
pub(in crate::headless) fn expanded(names: &[String]) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    for name in names {
        match is_folder(name) {
            true => all.extend(files_in(Path::new(name))?),
            false => all.push(name.clone()),
        }
    }
    Ok(all)
}

/// Returns the paths of the files that end in `.toml`, in the folder and in the folders below it, in the order of the names. What begins with a dot
/// is left out, and folders that are links are not followed.
///
/// # Errors
///
/// A folder cannot be read, or there is no such file: one sentence.
pub(super) fn files_in(folder: &Path) -> Result<Vec<String>, String> {
    let shown = excerpt(&folder.to_string_lossy(), LONGEST_PATH);
    let mut files = Vec::new();
    match find(folder, &mut files) {
        Ok(()) if files.is_empty() => Err(format!(
            "{shown} is a folder without a scenario: no file in it, or below it, ends in {SUFFIX}"
        )),
        Ok(()) => Ok(files),
        Err(error) => Err(format!("{shown}: {error}")),
    }
}

fn find(folder: &Path, files: &mut Vec<String>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            find(&path, files)?;
        } else if let Some(text) = path.to_str().filter(|text| text.ends_with(SUFFIX)) {
            // It is a path to whoever reads it, too.
            let is_path = text.contains('/');
            files.push(if is_path { text.to_owned() } else { format!("./{text}") });
        }
    }
    Ok(())
}
