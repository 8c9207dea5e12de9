//! The paper that the book's pages are written on: the template, and what stands on several of them. Well-formed as XML, too.

use std::fmt::Display;

use super::BookPage;
use super::facts::Answer;
use crate::export::colours::class_of;
use crate::state::State;
use crate::text::{xml_attribute, xml_text};

const TEMPLATE: &str = include_str!("../../../assets/book/page.html");

/// A page of the book's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OwnPage {
    Index,
    Errors,
    States,
    /// One in a scenario's place.
    Other,
}

/// Returns a page; `main` is its contents, as HTML.
pub(super) fn page(own: OwnPage, title: &str, main: &str) -> String {
    let link = |of: OwnPage, file: &str, words: &str| {
        let here = if of == own { " aria-current=\"page\"" } else { "" };
        format!("<a href=\"{file}\"{here}>{words}</a>")
    };
    let links = [
        link(OwnPage::Index, "index.html", "Contents"),
        link(OwnPage::Errors, "errors.html", "Errors"),
        link(OwnPage::States, "states.html", "States"),
    ];
    let script = match own {
        OwnPage::Index => "<script src=\"search.js\" defer=\"defer\"></script>\n",
        OwnPage::Errors | OwnPage::States | OwnPage::Other => "",
    };
    // Once each, the contents last: a text with braces in it is never taken for a place.
    let (before, rest) = TEMPLATE.split_once("{{title}}").unwrap_or((TEMPLATE, ""));
    let (head, rest) = rest.split_once("{{script}}").unwrap_or((rest, ""));
    let (top, rest) = rest.split_once("{{links}}").unwrap_or((rest, ""));
    let (middle, end) = rest.split_once("{{main}}").unwrap_or((rest, ""));
    [
        before,
        &xml_text(title),
        head,
        script,
        top,
        &links.join("\n"),
        middle,
        main,
        end,
    ]
    .concat()
}

/// Returns a text as HTML shows it.
pub(super) fn text(text: impl Display) -> String {
    xml_text(&text.to_string())
}

/// Returns a text as the value of an attribute.
pub(super) fn attribute(value: &str) -> String {
    xml_attribute(value)
}

/// Returns the link to a state's part of the page of states.
pub(super) fn state(state: State) -> String {
    let role = class_of(state);
    format!("<a class=\"state {role}\" href=\"states.html#{state}\">{state}</a>")
}

/// Returns the link to an answer's part of the page of errors.
pub(super) fn answer(answer: Answer) -> String {
    let name = text(answer.name());
    format!("<a class=\"errno\" href=\"errors.html#{name}\">{name}</a>")
}

/// Returns links to scenarios, as names where there are many.
pub(super) fn scenarios(pages: &[&BookPage]) -> String {
    /// More than these are folded away.
    const MANY: usize = 12;
    let link = |page: &&BookPage| {
        let (file, title) = (attribute(&page.html()), attribute(&page.scenario.title));
        format!(
            "<li><a href=\"{file}\" title=\"{title}\">{}</a></li>",
            text(&page.scenario.name)
        )
    };
    let list: String = pages.iter().map(link).collect();
    let list = format!("<ul class=\"names\">{list}</ul>");
    let count = counted(pages.len());
    if pages.len() > MANY {
        format!("<details><summary>{count}</summary>{list}</details>")
    } else {
        list
    }
}

/// Returns a number of scenarios in words.
pub(super) fn counted(scenarios: usize) -> String {
    crate::scenario::report::count(scenarios, "scenario")
}
