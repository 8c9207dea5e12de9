//! The excerpts of the README: what it shows of an answer is in the answer.

use crate::markdown::Page;
use crate::support::{finwait, output};

/// The words of a text, between single blanks: where its lines are broken is the terminal's affair.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_readme_shows_what_explain_says() {
    let readme = Page::read("README.md").text;
    let (_, shown) = readme.split_once("The first begins like this:\n\n```text\n").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    let (_, message) = readme.split_once("finwait explain \"").unwrap();
    let (message, _) = message.split_once('"').unwrap();
    let told = output(finwait().args(["explain", message]));
    let told = words(&String::from_utf8_lossy(&told.stdout));
    let mut rest = told.as_str();
    // What is left out is an ellipsis.
    for part in shown.split("\n...\n") {
        let part = words(part);
        let at = rest
            .find(&part)
            .unwrap_or_else(|| panic!("not in the answer: {part}\n{told}"));
        rest = &rest[at + part.len()..];
    }
}
