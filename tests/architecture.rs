//! Dependencies point one way: each module of `src/` uses only those that stand below it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The modules of `src/lib.rs`, and what it has of the crates, from the lowest: each uses only those of earlier rows.
const LAYERS: &[&[&str]] = &[
    // finwait-model
    &[
        "call",
        "clock",
        "counter",
        "errno",
        "hash",
        "host",
        "outcome",
        "program",
        "side",
        "signal",
        "socket_table",
        "state",
        "syscall",
        "typed",
    ],
    &["wire"],
    &["test_folder"],
    &["colour", "json", "roles", "text", "utc"],
    &["stderr"],
    &["exit"],
    &["explain"],
    // finwait-lab
    &["endpoint", "error", "lab", "observe", "os", "runtime"],
    &["command", "progress"],
    &["mistake"],
    &["document"],
    &["session"],
    &["diagram", "live"],
    &["scenario"],
    &["recording"],
    &["run"],
    &["battery", "code", "matrix", "measured"],
    &["export"],
    &["tui"],
    &["doctor", "paint"],
    &["completion"],
    &["cli"],
    &["config"],
    &["headless"],
    &["screen"],
];

/// The modules that know no terminal.
const PURE: &[&str] = &["command", "diagram", "recording", "roles", "scenario", "session"];

/// A use of another module: who uses it, its path from the crate's root, and where that is written.
struct Use {
    by: String,
    path: String,
    place: String,
}

impl Use {
    fn of(&self) -> &str {
        self.path.split("::").next().unwrap_or_default()
    }
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

/// The paths of a line that begin at the crate's root; `up` is the `super::`s that lead there.
fn paths<'a>(line: &'a str, up: &str) -> Vec<&'a str> {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = line.split(|c| !is_path(c));
    let of_root = words.filter_map(|word| word.strip_prefix("crate::").or_else(|| word.strip_prefix(up)));
    of_root
        .map(|path| path.trim_end_matches(':'))
        .filter(|path| !path.starts_with("super"))
        .collect()
}

/// Adds what the files of a folder of `src/` use; `depth` is that of the folder's module.
fn gather(folder: &Path, depth: usize, uses: &mut Vec<Use>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            gather(&path, depth + 1, uses);
            continue;
        }
        if !name.ends_with(".rs") || (depth == 0 && ["lib.rs", "main.rs"].contains(&name)) {
            continue;
        }
        let inside = path.strip_prefix(root().join("src")).unwrap();
        let by = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        let up = "super::".repeat(if name == "mod.rs" { depth } else { depth + 1 });
        let text = fs::read_to_string(&path).unwrap();
        for (nth, line) in text.lines().enumerate() {
            let place = format!("src/{}:{}", inside.display(), nth + 1);
            let line = line.split("//").next().unwrap_or_default();
            assert!(
                !line.contains("crate::{") && !line.contains("crate::*"),
                "{place}: a line for each module that is used, so that this test can read it"
            );
            let terminal = ["ratatui::", "crossterm::"].map(|library| line.contains(library));
            assert!(
                terminal == [false; 2] || !PURE.contains(&by),
                "{place}: {by} knows no terminal"
            );
            for path in paths(line, &up) {
                let of = Use {
                    by: by.to_owned(),
                    path: path.to_owned(),
                    place: place.clone(),
                };
                // In a module within a file `super` is nearer than the root.
                if of.of() != by && (line.contains("crate::") || layer(of.of()).is_some()) {
                    uses.push(of);
                }
            }
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn uses() -> Vec<Use> {
    let mut uses = Vec::new();
    gather(&root().join("src"), 0, &mut uses);
    uses
}

#[test]
fn each_module_uses_only_those_below_it() {
    let uses = uses();
    assert!(uses.len() > 1000, "only {} uses were read", uses.len());
    let mut wrong = String::new();
    for of in &uses {
        let (Some(by), Some(used)) = (layer(&of.by), layer(of.of())) else {
            wrong += &format!(
                "{}: {} and crate::{} must both have a layer\n",
                of.place, of.by, of.path
            );
            continue;
        };
        if used >= by {
            wrong += &format!("{}: {} must not use crate::{}\n", of.place, of.by, of.path);
        }
    }
    assert!(wrong.is_empty(), "dependencies point one way:\n{wrong}");
}

#[test]
fn every_module_has_one_layer() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let modules: BTreeSet<&str> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    let all: Vec<&str> = LAYERS.iter().copied().flatten().copied().collect();
    let with_layer: BTreeSet<&str> = all.iter().copied().collect();
    assert_eq!(all.len(), with_layer.len(), "a module has two layers");
    let without: Vec<_> = modules.difference(&with_layer).collect();
    assert!(without.is_empty(), "no layer: {without:?}");
}
