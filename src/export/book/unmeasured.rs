//! The page of a scenario that could not run: why, and what it would have done.

use super::paper::{self, OwnPage, attribute, text};
use super::{Book, BookPage, Neighbour};

/// Returns the page at that place of the book.
pub fn write(book: &Book, place: usize, page: &BookPage, why: &str) -> String {
    let scenario = &page.scenario;
    let link = |neighbour: Option<Neighbour>, rel: &str| {
        neighbour.map_or_else(String::new, |Neighbour { file, words }| {
            format!("<a rel=\"{rel}\" href=\"{}\">{}</a>\n", attribute(&file), text(words))
        })
    };
    let (previous, next) = book.neighbours(place);
    let (previous, next) = (link(previous, "prev"), link(next, "next"));
    let mut main = format!("<nav class=\"way\" aria-label=\"Other runs\">\n{previous}{next}</nav>\n");
    let here = book.measured_by().map_or_else(String::new, |by| format!(" ({by})"));
    main.push_str(&format!(
        "<h1>{}</h1>\n<p>{}</p>\n<p class=\"unmeasured\"><strong>Not measured.</strong> It could not run where this book was made{}: {}.</p>\n",
        text(&scenario.title),
        text(&scenario.summary),
        text(here),
        text(why)
    ));
    main.push_str("<h2>Its steps</h2>\n<ol class=\"steps\">\n");
    for step in &scenario.steps {
        main.push_str("<li>");
        if let Some(say) = &step.say {
            main.push_str(&format!("{} ", text(say)));
        }
        if let Some(action) = &step.action {
            main.push_str(&format!("<code>{}</code>", text(&action.text)));
        }
        main.push_str("</li>\n");
    }
    main.push_str("</ol>\n");
    paper::page(OwnPage::Other, &scenario.title, &main)
}
