//! The glossary's types are those of the code, where it says.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// The source files of the program and of its crates.
fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            sources(&path, text);
        } else if path.extension().is_some_and(|end| end == "rs") {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

/// The names that the code defines: of types, modules, functions and variants.
fn defined() -> HashSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    sources(&root.join("src"), &mut text);
    sources(&root.join("crates"), &mut text);
    let name = |word: &str| -> String { word.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let mut names = HashSet::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let first = words.clone().next().unwrap_or_default();
        // A variant stands alone on its line's beginning.
        if first.starts_with(|c: char| c.is_uppercase()) {
            names.insert(name(first));
        }
        while let Some(word) = words.next() {
            if ["struct", "enum", "trait", "type", "mod", "fn"].contains(&word) {
                names.insert(words.next().map_or_else(String::new, name));
            }
        }
    }
    names
}

#[test]
fn every_type_of_the_glossary_is_defined() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/glossary.md");
    let glossary = fs::read_to_string(path).unwrap();
    let defined = defined();
    let mut found = 0;
    let mut unknown = Vec::new();
    for line in glossary.lines().filter(|line| line.starts_with("| ")) {
        let types = line.trim_end_matches(" |").rsplit('|').next().unwrap();
        for path in types.split('`').skip(1).step_by(2) {
            found += 1;
            if !defined.contains(path.rsplit("::").next().unwrap()) {
                unknown.push(path);
            }
        }
    }
    assert!(unknown.is_empty(), "not in the code: {unknown:?}");
    assert!(found > 100, "{found}");
}
