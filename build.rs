//! Makes the index of the catalog from the scenario files under `assets/scenarios/`: each file, and what lists and answers show of it, so
//! that none of them reads a file that was not asked for. A test holds it against the files as they are read. Packs the matrix, too, and finds
//! out which commit is built.
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use toml::de::{DeTable, DeValue};

#[path = "src/cli/commit.rs"]
mod commit;

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut files = Vec::new();
    find(&root.join("assets/scenarios"), &mut files)?;
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        let path = file.strip_prefix(&root).unwrap_or(&file);
        let name = path.file_stem().unwrap_or_default();
        match entry(&fs::read_to_string(&file)?) {
            Ok(entry) => list.push_str(&format!(
                "Entry {{ name: {name:?}, path: {path:?}, text: include_str!({file:?}), {entry} }},\n"
            )),
            Err(why) => println!("cargo::error={}: {why}", path.display()),
        }
    }
    list.push_str("]\n");
    version(&root);
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("scenarios.rs"), list)?;
    let matrix = root.join("assets/matrix.json");
    println!("cargo:rerun-if-changed={}", matrix.display());
    // Half of it is the indentation: no string has an end of line in it.
    let dense: String = fs::read_to_string(matrix)?.lines().map(str::trim_start).collect();
    fs::write(out.join("matrix.json"), dense)
}

/// The version, with the commit and its date where they are known: `0.1.0 (abc1234 2026-11-30)`. Whoever builds without git names both in the
/// environment. A debug build says that it is one: it is of files that change, and would be built anew at each commit.
fn version(root: &Path) {
    println!("cargo:rerun-if-env-changed=FINWAIT_COMMIT");
    println!("cargo:rerun-if-env-changed=FINWAIT_COMMIT_DATE");
    let given = env::var("FINWAIT_COMMIT").ok().filter(|commit| !commit.is_empty());
    let of = match (given, env::var("PROFILE").as_deref()) {
        (Some(commit), _) => Some(match env::var("FINWAIT_COMMIT_DATE") {
            Ok(date) if !date.is_empty() => format!("{commit} {date}"),
            _ => commit,
        }),
        (None, Ok("debug")) => Some("debug build".into()),
        (None, _) => {
            for file in commit::changes_with(root) {
                println!("cargo:rerun-if-changed={}", file.display());
            }
            commit::commit_of(root)
        }
    };
    let of = of.map(|of| format!(" ({of})")).unwrap_or_default();
    println!("cargo:rustc-env=FINWAIT_VERSION={}{of}", env!("CARGO_PKG_VERSION"));
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo:rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if path.extension().is_some_and(|end| end == "toml") {
            files.push(path);
        }
    }
    Ok(())
}

/// The fields of an `Entry` that are in a file, as code; else what the file lacks. What else may be wrong in it is found when it is read.
fn entry(text: &str) -> Result<String, String> {
    let table = DeTable::parse(text).map_err(|error| error.to_string())?;
    let table = table.get_ref();
    let needed = |key| string(table, key).ok_or_else(|| format!("a scenario needs {key}"));
    let (title, group) = (needed("title")?, variant(needed("group")?));
    let ipv6 = match table.get("ipv6").map(|value| value.get_ref()) {
        Some(DeValue::Boolean(only)) => Some(*only),
        _ => None,
    };
    let lesson = match table.get("lesson").map(|value| value.get_ref()) {
        Some(DeValue::Table(table)) => Some(lesson(table)?),
        _ => None,
    };
    let lesson = lesson.map_or_else(|| "None".into(), |lesson| format!("Some({lesson})"));
    let claims = table.contains_key("claim");
    let programs = match table.get("needs").map(|value| value.get_ref()) {
        Some(DeValue::Table(needs)) => match needs.get("program").map(|value| value.get_ref()) {
            Some(DeValue::Array(all)) => all.iter().filter_map(|one| one.get_ref().as_str()).collect(),
            Some(one) => one.as_str().into_iter().collect(),
            None => Vec::new(),
        },
        _ => Vec::new(),
    };
    let mut outcomes = Vec::new();
    if let Some(DeValue::Array(steps)) = table.get("step").map(|value| value.get_ref()) {
        for step in steps.iter() {
            if let DeValue::Table(step) = step.get_ref() {
                outcomes_of(step, &mut outcomes);
            }
        }
    }
    Ok(format!(
        "title: {title:?}, group: Group::{group}, lesson: {lesson}, ipv6: {ipv6:?}, claims: {claims}, programs: &{programs:?}, outcomes: &[{}]",
        outcomes.join(", ")
    ))
}

/// A `Lesson`.
fn lesson(table: &DeTable<'_>) -> Result<String, String> {
    let number = |key| match table.get(key).map(|value| value.get_ref()) {
        Some(DeValue::Integer(number)) => Some(number.as_str().to_owned()),
        _ => None,
    };
    let shelf = match (number("start"), string(table, "group")) {
        (Some(place), _) => format!("Start({place})"),
        (None, Some(group)) => format!("Under(Topic::{})", variant(group)),
        (None, None) => return Err("a lesson needs start or group".into()),
    };
    let level = variant(string(table, "level").ok_or("a lesson needs level")?);
    let minutes = number("minutes").ok_or("a lesson needs minutes")?;
    Ok(format!(
        "Lesson {{ shelf: Shelf::{shelf}, level: Level::{level}, minutes: {minutes} }}"
    ))
}

/// The `ExpectedOutcome`s of a step.
fn outcomes_of(step: &DeTable<'_>, outcomes: &mut Vec<String>) {
    let ends = ["client", "server"];
    let command = ends.iter().find_map(|end| string(step, end)?.split_whitespace().next());
    if let (Some(command), Some(returns)) = (command, string(step, "returns")) {
        outcomes.push(format!("ExpectedOutcome {{ of: Some({command:?}), is: {returns:?} }}"));
    }
    // Which call an earlier step made is not looked up.
    if let Some(DeValue::Table(later)) = step.get("later").map(|value| value.get_ref()) {
        for (end, _) in later {
            if let Some(returns) = string(later, end.get_ref()) {
                outcomes.push(format!("ExpectedOutcome {{ of: None, is: {returns:?} }}"));
            }
        }
    }
}

fn string<'a>(table: &'a DeTable<'_>, key: &str) -> Option<&'a str> {
    table.get(key)?.get_ref().as_str().map(str::trim)
}

/// The variant of an enum that serde names in kebab-case: `CloseFirst` for `close-first`.
fn variant(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    });
    words.collect()
}
