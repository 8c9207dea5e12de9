//! Pages as a Markdown parser reads them: blocks of code with the marks before them, code in the text, links, headings.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::collections::HashMap;
use std::path::PathBuf;

use crate::generated::page;

/// A page of the documentation.
pub struct Page {
    /// Its path from the root of the sources on.
    pub of: String,
    pub text: String,
    pub blocks: Vec<CodeBlock>,
    /// Code in the running text.
    pub spans: Vec<String>,
    /// Where links and pictures lead.
    pub links: Vec<String>,
    /// The anchors of its headings.
    pub anchors: Vec<String>,
}

/// A fenced block of code.
pub struct CodeBlock {
    pub language: String,
    pub text: String,
    /// The HTML comments right before it: what they say.
    pub marks: Vec<String>,
}

impl Page {
    pub fn read(of: &str) -> Page {
        let text = std::fs::read_to_string(page(of)).unwrap_or_else(|error| panic!("{of}: {error}"));
        let mut page = Page {
            of: of.to_owned(),
            blocks: Vec::new(),
            spans: Vec::new(),
            links: Vec::new(),
            anchors: Vec::new(),
            text: String::new(),
        };
        let mut marks = Vec::new();
        let mut block: Option<CodeBlock> = None;
        let mut heading: Option<String> = None;
        let mut slugs: HashMap<String, usize> = HashMap::new();
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => {}
                Event::Html(html) => marks.extend(comment(&html)),
                Event::Start(Tag::CodeBlock(kind)) => {
                    let language = match kind {
                        CodeBlockKind::Fenced(info) => info.to_string(),
                        CodeBlockKind::Indented => String::new(),
                    };
                    block = Some(CodeBlock {
                        language,
                        text: String::new(),
                        marks: std::mem::take(&mut marks),
                    });
                }
                Event::End(TagEnd::CodeBlock) => page.blocks.extend(block.take()),
                Event::Text(more) if block.is_some() => block.as_mut().unwrap().text.push_str(&more),
                other => {
                    marks.clear();
                    match other {
                        Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                        Event::End(TagEnd::Heading(_)) => {
                            let slug = slug(&heading.take().unwrap());
                            let nth = slugs.entry(slug.clone()).or_default();
                            page.anchors
                                .push(if *nth == 0 { slug } else { format!("{slug}-{nth}") });
                            *nth += 1;
                        }
                        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                            page.links.push(dest_url.to_string());
                        }
                        Event::Code(code) => {
                            if let Some(heading) = &mut heading {
                                heading.push_str(&code);
                            }
                            page.spans.push(code.to_string());
                        }
                        Event::Text(more) => {
                            if let Some(heading) = &mut heading {
                                heading.push_str(&more);
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
        page.text = text;
        page
    }
}

/// Returns what a comment says, if that line is one.
fn comment(html: &str) -> Option<String> {
    let inside = html.trim().strip_prefix("<!--")?.strip_suffix("-->")?;
    Some(inside.trim().to_owned())
}

/// Returns a heading's anchor, as GitHub and mdBook make it.
fn slug(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept
        .chars()
        .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Returns the README, and every page in `docs/` and in the folders below it.
pub fn pages() -> Vec<Page> {
    let mut found = vec!["README.md".to_owned()];
    let mut folders = vec![PathBuf::from("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(page(folder.to_str().unwrap())).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            if page(path.to_str().unwrap()).is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "md") {
                found.push(path.display().to_string());
            }
        }
    }
    found.sort();
    found.iter().map(|of| Page::read(of)).collect()
}

#[test]
fn a_mark_is_of_the_block_right_after_it() {
    let marks: Vec<usize> = Page::read("README.md")
        .blocks
        .iter()
        .map(|block| block.marks.len())
        .collect();
    assert!(marks.contains(&0) && marks.contains(&1), "{marks:?}");
    assert_eq!(
        slug("`finwait do` and `finwait doctor`".replace('`', "").as_str()),
        "finwait-do-and-finwait-doctor"
    );
    assert_eq!(
        slug("Why a call returned what it did?"),
        "why-a-call-returned-what-it-did"
    );
}
