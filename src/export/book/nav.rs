//! The way through the book on the pages of scenarios: a bar before what the page has.

use super::paper::{attribute, text};

/// The style of the bar, beside that of the page.
const STYLE: &str = include_str!("../../../assets/book/nav.css");

/// The ways from a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageLinks {
    /// The file and the title of the page before it.
    pub previous: Option<(String, String)>,
    /// The file and the title of the page after it.
    pub next: Option<(String, String)>,
    /// Where and when it was measured; none of a page where nothing was.
    pub measured: Option<String>,
}

/// Returns a page with the bar at its beginning.
pub fn linked(page: &str, links: &PageLinks) -> String {
    let at = beginning(page);
    let (before, after) = page.split_at(at);
    [before, &bar(links), after].concat()
}

/// Returns where the contents of a page begin: behind `<body>`, which may be left out, as it is after a title then.
fn beginning(page: &str) -> usize {
    let behind = |tag: &str| {
        let begin = page.find(tag)?;
        Some(begin + page[begin..].find('>')? + 1)
    };
    behind("<body").or_else(|| behind("</title")).unwrap_or(0)
}

fn bar(links: &PageLinks) -> String {
    let mut bar = format!("\n<nav class=\"finwait-book\" aria-label=\"The book\"><style>{STYLE}</style>\n");
    if let Some((file, title)) = &links.previous {
        let (file, title) = (attribute(file), text(title));
        bar.push_str(&format!(
            "<a rel=\"prev\" href=\"{file}\"><span>Previous</span> {title}</a>\n"
        ));
    }
    bar.push_str("<a class=\"up\" rel=\"index\" href=\"index.html\">Contents</a>\n");
    if let Some((file, title)) = &links.next {
        let (file, title) = (attribute(file), text(title));
        bar.push_str(&format!(
            "<a rel=\"next\" href=\"{file}\"><span>Next</span> {title}</a>\n"
        ));
    }
    if let Some(measured) = &links.measured {
        bar.push_str(&format!("<small>{}</small>\n", text(measured)));
    }
    bar.push_str("</nav>\n");
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_stands_before_what_the_page_has() {
        let links = PageLinks {
            next: Some(("b.html".into(), "<b> & \"c\"".into())),
            ..PageLinks::default()
        };
        for (page, before) in [
            ("<title>x</title><body class=\"a\"><p>text</p>", "<body class=\"a\">"),
            ("<title>x</title>\n<h1>text</h1>", "</title>"),
        ] {
            let linked = linked(page, &links);
            let at = linked.find("<nav").unwrap();
            assert!(linked[..at].trim_end().ends_with(before), "{linked}");
            assert!(at < linked.find("text").unwrap());
            assert!(
                linked.contains("href=\"b.html\"><span>Next</span> &lt;b&gt; &amp; \"c\"</a>"),
                "{linked}"
            );
        }
    }
}
