//! Each link leads to a file that is there, and to a heading that it has.

use std::path::{Component, Path, PathBuf};

use crate::generated::page;
use crate::markdown::{Page, pages};

/// The path without `..`, as a reader follows it: a page that is a link to another file is where it is read.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(plain.pop(), "{} leaves the sources", path.display()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// What is wrong with a page's links.
fn broken(of: &Page) -> Vec<String> {
    let mut wrong = Vec::new();
    let folder = Path::new(&of.of).parent().unwrap();
    for link in of.links.iter().filter(|link| !link.contains("://")) {
        let (file, anchor) = link
            .split_once('#')
            .map_or((link.as_str(), None), |(file, anchor)| (file, Some(anchor)));
        let target = if file.is_empty() {
            PathBuf::from(&of.of)
        } else {
            plain(&folder.join(file))
        };
        let target = target.to_str().unwrap();
        if !page(target).exists() {
            wrong.push(format!("{}: {link} is no file", of.of));
        } else if of.of.starts_with("docs/") && !target.starts_with("docs/") {
            wrong.push(format!("{}: {link} is not in the book", of.of));
        } else if let Some(anchor) = anchor
            && !Page::read(target).anchors.iter().any(|known| known == anchor)
        {
            wrong.push(format!("{}: {target} has no heading #{anchor}", of.of));
        }
    }
    wrong
}

#[test]
fn each_link_leads_to_a_file_and_a_heading_that_are_there() {
    let mut pages = pages();
    pages.extend(["ARCHITECTURE.md", "CHANGELOG.md"].map(Page::read));
    let wrong: Vec<String> = pages.iter().flat_map(broken).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let links: usize = pages.iter().map(|page| page.links.len()).sum();
    assert!(links > 200, "{links}");
}

#[test]
fn each_page_is_in_the_book_once() {
    let summary = Page::read("docs/SUMMARY.md");
    for page in pages() {
        let Some(of) = page.of.strip_prefix("docs/") else {
            continue;
        };
        let times = summary.links.iter().filter(|link| link.as_str() == of).count();
        assert_eq!(times, usize::from(of != "SUMMARY.md"), "{of} in docs/SUMMARY.md");
    }
}

#[test]
fn the_readme_is_short() {
    let lines = Page::read("README.md").text.lines().count();
    assert!(
        lines <= 150,
        "{lines} lines: what is not for a first look belongs in docs/"
    );
}
