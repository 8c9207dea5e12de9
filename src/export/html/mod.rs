//! A page that replays a run in a browser: one file, without anything that it would fetch.

use std::fmt::Write;

use super::story::Story;
use super::svg;

/// Returns the page of a story.
pub fn write(story: &Story) -> String {
    let mut page = String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n");
    let _ = writeln!(page, "<title>{}</title>", escaped(&story.title()));
    let _ = writeln!(
        page,
        "<h1>{}</h1>\n{}\n</html>",
        escaped(&story.title()),
        svg::write(story)
    );
    page
}

/// Returns a text as HTML shows it as it is.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
