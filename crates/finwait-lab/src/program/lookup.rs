//! The file behind a program's name, and why it is not one that the kernel runs.

use rustix::fs::{Access, access};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Returns the file that a program's name stands for: itself where it has a slash, else the first on `PATH` that may be executed.
///
/// # Errors
///
/// One sentence: there is none, and which one was perhaps meant; or it may not be executed.
pub fn program(name: &str, path: &str) -> Result<PathBuf, String> {
    let whole_line = name
        .split_once(char::is_whitespace)
        .filter(|_| !Path::new(name).exists())
        .and_then(|(first, _)| self::program(first, path).ok().map(|_| first));
    if let Some(first) = whole_line {
        return Err(format!(
            "the quotes around the whole make one name of it: without them, {first} is the program and the rest its arguments"
        ));
    }
    if name.contains('/') {
        let file = Path::new(name);
        return match (file.is_dir(), file.exists()) {
            (true, _) => Err(format!("{name} is a directory, and no program")),
            (false, true) => Ok(file.to_owned()),
            (false, false) => Err(format!("there is no file {name}{}", from_here(file))),
        };
    }
    let directories = || {
        path.split(':')
            .map(|directory| if directory.is_empty() { "." } else { directory })
    };
    let files = || {
        directories()
            .map(|directory| Path::new(directory).join(name))
            .filter(|file| file.is_file())
    };
    if let Some(file) = files().find(|file| access(file, Access::EXEC_OK).is_ok()) {
        return Ok(file);
    }
    if let Some(file) = files().next() {
        return Err(format!("{} may not be executed: chmod +x", file.display()));
    }
    let nearest = nearest(name, directories());
    let hint = match nearest {
        Some(nearest) => format!("; {nearest} is there"),
        None if Path::new(name).is_file() => format!("; ./{name} is a file here"),
        None => String::new(),
    };
    Err(format!("there is no program {name} on PATH{hint}"))
}

/// Says where a relative name was looked for.
fn from_here(file: &Path) -> String {
    match std::env::current_dir() {
        Ok(here) if file.is_relative() => format!(" in {}", here.display()),
        _ => String::new(),
    }
}

/// The program on PATH whose name differs least, by a slip or two of the fingers: one in a name of four characters or more, two in one of
/// eight or more. Of a shorter name, any other is as near.
fn nearest<'a>(name: &str, directories: impl Iterator<Item = &'a str>) -> Option<String> {
    let length = name.chars().count();
    let most = (length / 4).min(2);
    if most == 0 {
        return None;
    }
    let entries = directories
        .filter_map(|directory| std::fs::read_dir(directory).ok())
        .flatten()
        .flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let far = names.map(|known| (strsim::damerau_levenshtein(name, &known), known));
    let mut near: Vec<_> = far
        .filter(|(far, known)| *far <= most && known.chars().count() >= 3)
        .collect();
    near.sort();
    near.into_iter().next().map(|(_, known)| known)
}

/// Says why a file that is there did not become the program (`execve(2)`).
pub fn why_not(file: &Path, error: &io::Error) -> String {
    let name = file.display();
    match error.raw_os_error() {
        Some(libc::EACCES) if access(file, Access::EXEC_OK).is_err() => format!("{name} may not be executed: chmod +x"),
        // The file is there: what is not is who should run it.
        Some(libc::ENOENT | libc::EACCES | libc::ENOTDIR) => match interpreter(file) {
            Some(interpreter) => format!("{name} needs {interpreter}, which its first line names: {error}"),
            None => format!("{name} needs a loader or an interpreter that is not there: {error}"),
        },
        Some(libc::ENOEXEC) => {
            format!("{name} is no program: it begins neither with #! nor as an ELF file of this machine")
        }
        _ => format!("{name} was not executed: {error}"),
    }
}

/// The interpreter that a script names in its first line.
fn interpreter(file: &Path) -> Option<String> {
    let mut line = Vec::new();
    BufReader::new(File::open(file).ok()?.take(256))
        .read_until(b'\n', &mut line)
        .ok()?;
    let text = String::from_utf8_lossy(line.strip_prefix(b"#!")?).into_owned();
    text.split_whitespace().next().map(str::to_owned)
}
