//! The book, built as a reader has it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::generated::page;
use crate::support::{has, output};

/// The values of an attribute of a page's elements.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let begin = format!(" {attribute}=\"");
    let parts = html.split(begin.as_str()).skip(1);
    parts
        .filter_map(|part| part.split_once('"').map(|(value, _)| value))
        .collect()
}

fn html_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            html_files(&path, found);
        } else if path.extension().is_some_and(|end| end == "html") {
            found.push(path);
        }
    }
}

#[test]
fn the_book_builds_without_a_warning_and_its_links_lead_somewhere() {
    if !has("mdbook") {
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("book-{}", std::process::id()));
    let built = output(
        Command::new("mdbook")
            .args(["build", "--dest-dir"])
            .arg(&folder)
            .arg(page("")),
    );
    let said = String::from_utf8_lossy(&built.stderr).into_owned();
    assert!(built.status.success(), "{said}");
    assert!(!said.contains("WARN") && !said.contains("ERROR"), "{said}");
    let mut files = Vec::new();
    html_files(&folder, &mut files);
    let pages: HashMap<PathBuf, String> = files
        .into_iter()
        .map(|file| (file.clone(), fs::read_to_string(file).unwrap()))
        .collect();
    assert!(pages.len() > 80, "{}", pages.len());
    let mut wrong = HashSet::new();
    let mut followed = 0;
    for (file, html) in &pages {
        // The page that a server shows for one that is missing, whose links begin at the server's root.
        if file.ends_with("404.html") {
            continue;
        }
        for link in values(html, "href").into_iter().chain(values(html, "src")) {
            if link.contains("://") || link.starts_with("data:") || link.is_empty() {
                continue;
            }
            let (to, anchor) = link
                .split_once('#')
                .map_or((link, None), |(to, anchor)| (to, Some(anchor)));
            let target = if to.is_empty() {
                file.clone()
            } else {
                file.parent().unwrap().join(to)
            };
            let Ok(target) = target.canonicalize() else {
                wrong.insert(format!("{}: {link} is no file", file.display()));
                continue;
            };
            followed += 1;
            if let Some(anchor) = anchor.filter(|anchor| !anchor.is_empty())
                && let Some(html) = pages.get(&target)
                && !values(html, "id").contains(&anchor)
            {
                wrong.insert(format!("{}: {link} is no place of that page", file.display()));
            }
        }
    }
    let _ = fs::remove_dir_all(&folder);
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(followed > 1000, "{followed}");
}
