//! The book: the pages of many scenarios as a site of files, with an index that is searched, a page of errors and a page of states. What it says
//! of a run was measured in it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::html::{self, PageLink, PageLinks};
use super::story::Story;
use crate::explain::rules::RULES;
use crate::scenario::lesson::Shelf;
use crate::scenario::report::Summary;
use crate::scenario::{Group, Scenario};

pub mod errors;
pub mod facts;
pub mod index;
mod paper;
pub mod states;
pub mod unmeasured;

use facts::RunFacts;

/// The files that are the same in every book: name and contents.
pub const FIXED_FILES: [(&str, &str); 2] = [
    ("book.css", include_str!("../../../assets/book/book.css")),
    ("search.js", include_str!("../../../assets/book/search.js")),
];

/// The names that the book's own pages have.
const TAKEN: [&str; 3] = ["index", "errors", "states"];

/// A part of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chapter {
    /// Lessons that stand together.
    Lessons(Shelf),
    /// Scenarios that are no lessons, of that group.
    Others(Group),
}

impl Chapter {
    fn of(scenario: &Scenario) -> Chapter {
        match scenario.lesson {
            Some(lesson) => Chapter::Lessons(lesson.shelf),
            None => Chapter::Others(scenario.group),
        }
    }

    fn is_with(self, other: Chapter) -> bool {
        match (self, other) {
            (Chapter::Lessons(one), Chapter::Lessons(two)) => one.is_with(two),
            (Chapter::Others(one), Chapter::Others(two)) => one == two,
            (Chapter::Lessons(_), Chapter::Others(_)) | (Chapter::Others(_), Chapter::Lessons(_)) => false,
        }
    }

    /// Returns the heading.
    pub fn heading(self) -> String {
        match self {
            Chapter::Lessons(shelf) => shelf.heading().to_owned(),
            Chapter::Others(group) => group.name().to_owned(),
        }
    }
}

/// A page of the book that is about a scenario.
#[derive(Clone, Debug)]
pub struct BookPage {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The file's name without `.html`.
    pub file: String,
    /// What came of it; none as long as it has not run.
    pub result: Option<PageResult>,
}

/// What came of a scenario.
#[derive(Clone, Debug)]
pub enum PageResult {
    /// It has run.
    Measured(Box<Measured>),
    /// It could not run here, or left nothing: one sentence.
    Unmeasured(String),
}

/// A scenario that has run.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The facts of the run.
    pub facts: RunFacts,
    /// How it ended.
    pub summary: Summary,
}

impl BookPage {
    /// Returns the file: `half-close.html`.
    pub fn html(&self) -> String {
        format!("{}.html", self.file)
    }

    /// Returns what was measured; none of a scenario that has not run.
    pub fn measured(&self) -> Option<&Measured> {
        match &self.result {
            Some(PageResult::Measured(measured)) => Some(measured),
            Some(PageResult::Unmeasured(_)) | None => None,
        }
    }

    /// Returns the chapter.
    pub fn chapter(&self) -> Chapter {
        Chapter::of(&self.scenario)
    }

    /// Returns the ids of the rules that it is the proof of.
    fn proves(&self) -> impl Iterator<Item = &'static str> {
        let proved = RULES.iter().filter(|rule| rule.proof == self.scenario.name);
        proved.map(|rule| rule.id.name())
    }
}

/// A page beside another, as that links it.
struct Neighbour {
    file: String,
    words: String,
}

impl Neighbour {
    fn previous(page: &BookPage) -> Neighbour {
        Neighbour {
            file: page.html(),
            words: format!("\u{2190} {}", page.scenario.title),
        }
    }

    fn next(page: &BookPage) -> Neighbour {
        Neighbour {
            file: page.html(),
            words: format!("{} \u{2192}", page.scenario.title),
        }
    }

    fn link(&self) -> PageLink<'_> {
        PageLink {
            address: &self.file,
            words: &self.words,
        }
    }
}

/// The book.
#[derive(Clone, Debug)]
pub struct Book {
    /// The pages about scenarios, in the order in which they are read.
    pub pages: Vec<BookPage>,
    /// Whether it has the whole catalog, and so the lessons that are no scenarios as well.
    pub is_whole: bool,
}

impl Book {
    /// Returns the book of these scenarios before any of them has run: lessons in their order, then the others group by group.
    pub fn of(mut scenarios: Vec<Scenario>, is_whole: bool) -> Book {
        scenarios.sort_by(|a, b| {
            let place = |scenario: &Scenario| {
                let lesson = scenario
                    .lesson
                    .map(|lesson| (lesson.shelf, lesson.level, lesson.minutes));
                (lesson.is_none(), lesson, lesson.is_none().then_some(scenario.group))
            };
            (place(a), &a.name).cmp(&(place(b), &b.name))
        });
        let mut taken: BTreeSet<String> = TAKEN.iter().map(|name| (*name).to_owned()).collect();
        let page = |scenario: Scenario| {
            let own = file_name(&scenario.name);
            let mut file = own.clone();
            let mut nth = 2;
            while !taken.insert(file.clone()) {
                file = format!("{own}-{nth}");
                nth += 1;
            }
            BookPage {
                scenario: Arc::new(scenario),
                file,
                result: None,
            }
        };
        Book {
            pages: scenarios.into_iter().map(page).collect(),
            is_whole,
        }
    }

    /// Returns the page of a story of that page's scenario, with its way through the book.
    pub fn page_of(&self, place: usize, story: &Story) -> String {
        let contents = match facts::date(&story.header) {
            Some(date) => format!("Contents of the book, measured on {date}"),
            None => "Contents of the book".to_owned(),
        };
        let (previous, next) = self.neighbours(place);
        let links = PageLinks {
            index: Some(PageLink {
                address: "index.html",
                words: &contents,
            }),
            previous: previous.as_ref().map(Neighbour::link),
            next: next.as_ref().map(Neighbour::link),
            title: Some(&self.pages[place].scenario.title),
        };
        html::write_linked(story, &links)
    }

    /// Returns the page before that one, and the page after it.
    fn neighbours(&self, place: usize) -> (Option<Neighbour>, Option<Neighbour>) {
        let before = place.checked_sub(1).and_then(|place| self.pages.get(place));
        let after = self.pages.get(place + 1);
        (before.map(Neighbour::previous), after.map(Neighbour::next))
    }

    /// Returns the other pages, each with its file's name: of scenarios that could not run, errors, states, and the index.
    pub fn other_pages(&self) -> Vec<(String, String)> {
        let unmeasured = self
            .pages
            .iter()
            .enumerate()
            .filter_map(|(place, page)| match &page.result {
                Some(PageResult::Unmeasured(why)) => {
                    let text = unmeasured::write(self, place, page, why);
                    Some((page.html(), text))
                }
                Some(PageResult::Measured(_)) | None => None,
            });
        let mut pages: Vec<(String, String)> = unmeasured.collect();
        pages.push(("errors.html".into(), errors::write(self)));
        pages.push(("states.html".into(), states::write(self)));
        pages.push(("index.html".into(), index::write(self)));
        pages
    }

    /// Returns the pages that were measured, each with its run.
    pub fn measured(&self) -> impl Iterator<Item = (&BookPage, &Measured)> {
        self.pages.iter().filter_map(|page| Some((page, page.measured()?)))
    }

    /// Returns where and by what the book was measured: `Linux 6.18, finwait 0.1.0`; none where nothing was.
    fn measured_by(&self) -> Option<&str> {
        self.measured().next().map(|(_, run)| run.facts.by.as_str())
    }

    /// Returns where and when the book was measured, in a sentence: `Measured on 2026-11-30: Linux 6.18, finwait 0.1.0.`
    fn provenance(&self) -> String {
        let Some(by) = self.measured_by() else {
            return "Nothing was measured.".into();
        };
        let dates: BTreeSet<&str> = self
            .measured()
            .filter_map(|(_, run)| run.facts.date.as_deref())
            .collect();
        let on = match (dates.first(), dates.last()) {
            (Some(first), Some(last)) if first != last => format!(" from {first} to {last}"),
            (Some(date), _) => format!(" on {date}"),
            (None, _) => String::new(),
        };
        let lab = if self.has_wire() {
            ""
        } else {
            " It was measured in the loopback lab, which has no wire: no segments were seen."
        };
        format!("Measured{on}: {by}.{lab}")
    }

    /// Returns whether segments were seen in any of its runs.
    fn has_wire(&self) -> bool {
        self.measured().any(|(_, run)| run.facts.has_wire)
    }
}

/// Returns a name as that of a file, which is the same in an address.
fn file_name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let name: String = name.chars().map(|c| if plain(c) { c } else { '-' }).take(100).collect();
    if name.is_empty() { "scenario".into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{catalog, file};

    #[test]
    fn the_pages_stand_in_the_order_of_the_lessons() {
        let book = Book::of(catalog::all().unwrap(), true);
        let pages = book.pages.iter().map(|page| page.scenario.name.as_str());
        let lessons = catalog::listed_lessons().unwrap();
        let beside = |name: &str| {
            catalog::SIDE_BY_SIDE
                .iter()
                .any(|(path, _)| file::name_of(path) == name)
        };
        let lessons = lessons
            .iter()
            .map(|lesson| lesson.name.as_str())
            .filter(|name| !beside(name));
        assert!(pages.eq(lessons));
    }

    #[test]
    fn files_have_names_of_their_own_that_an_address_may_have() {
        let scenario = |name: &str| Scenario {
            name: name.to_owned(),
            ..catalog::entry("half-close").unwrap().read().unwrap()
        };
        let names = ["index", "a b", "a#b", "<x>", "ü"];
        let book = Book::of(names.map(scenario).into(), false);
        let files: BTreeSet<&str> = book.pages.iter().map(|page| page.file.as_str()).collect();
        assert_eq!(files, BTreeSet::from(["index-2", "a-b", "a-b-2", "-x-", "-"]));
    }
}
