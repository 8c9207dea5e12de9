//! The index: the scenarios chapter by chapter, and the field that searches them.

use super::facts::Answer;
use super::paper::{self, OwnPage, attribute, counted, text};
use super::{Book, BookPage, Chapter, PageResult};
use crate::roles::LIFE;
use crate::scenario::catalog;
use crate::scenario::file::name_of;
use crate::scenario::lesson::Lesson;

/// Returns the index.
pub fn write(book: &Book) -> String {
    let mut main = String::from("<h1>TCP, as it was measured</h1>\n");
    let seen = if book.has_wire() {
        "what every call returned, the state of both sockets, and every segment between them"
    } else {
        "what every call returned, and the state of both sockets"
    };
    main.push_str(&format!(
        "<p class=\"lead\">Each page is a run of a scenario between two ends of a real Linux kernel: {seen}. None of it is simulated: the answers are the \
         kernel's.</p>\n"
    ));
    main.push_str(&format!("<p class=\"provenance\">{}</p>\n", text(book.provenance())));
    unmeasured(&mut main, book);
    let chapters = chapters(book);
    main.push_str(&search(book.pages.len()));
    main.push_str("<nav class=\"chapters\" aria-label=\"Chapters\">\n<ol>\n");
    for (place, (chapter, pages)) in chapters.iter().enumerate() {
        main.push_str(&format!(
            "<li><a href=\"#chapter-{}\">{}</a> <span class=\"dim\">{}</span></li>\n",
            place + 1,
            text(chapter.heading()),
            pages.len()
        ));
    }
    main.push_str("</ol>\n</nav>\n");
    for (place, (chapter, pages)) in chapters.iter().enumerate() {
        let no = place + 1;
        main.push_str(&format!(
            "<section class=\"chapter\" id=\"chapter-{no}\" aria-labelledby=\"heading-{no}\">\n<h2 id=\"heading-{no}\">{}</h2>\n<ol class=\"entries\">\n",
            text(chapter.heading())
        ));
        for page in pages {
            entry(&mut main, book, page);
        }
        main.push_str("</ol>\n");
        if book.is_whole && matches!(chapter, Chapter::Lessons(_)) {
            lessons_of_two_labs(&mut main, *chapter);
        }
        main.push_str("</section>\n");
    }
    paper::page(OwnPage::Index, "TCP, as it was measured", &main)
}

/// The chapters, each with its pages.
fn chapters(book: &Book) -> Vec<(Chapter, Vec<&BookPage>)> {
    let mut chapters: Vec<(Chapter, Vec<&BookPage>)> = Vec::new();
    for page in &book.pages {
        match chapters.last_mut() {
            Some((chapter, pages)) if chapter.is_with(page.chapter()) => pages.push(page),
            _ => chapters.push((page.chapter(), vec![page])),
        }
    }
    chapters
}

/// The field, which the script shows.
fn search(scenarios: usize) -> String {
    let count = counted(scenarios);
    format!(
        "<form id=\"search\" role=\"search\" hidden=\"hidden\">\n<label for=\"q\">Search</label>\n\
         <input id=\"q\" name=\"q\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" placeholder=\"EPIPE, FIN_WAIT2, shutdown ...\" \
         aria-describedby=\"found keys\"/>\n<output id=\"found\" for=\"q\" aria-live=\"polite\">{count}</output>\n\
         <p id=\"keys\" class=\"dim\"><kbd>/</kbd> goes to the field, <kbd>\u{2193}</kbd> to what was found, <kbd>Enter</kbd> opens the first, \
         <kbd>Esc</kbd> shows all</p>\n</form>\n"
    )
}

/// What could not run here, and why.
fn unmeasured(main: &mut String, book: &Book) {
    let mut by_reason: Vec<(&str, Vec<&BookPage>)> = Vec::new();
    for page in &book.pages {
        let Some(PageResult::Unmeasured(why)) = &page.result else {
            continue;
        };
        match by_reason.iter_mut().find(|(known, _)| known == why) {
            Some((_, pages)) => pages.push(page),
            None => by_reason.push((why, vec![page])),
        }
    }
    if by_reason.is_empty() {
        return;
    }
    let all = counted(by_reason.iter().map(|(_, pages)| pages.len()).sum());
    main.push_str(&format!(
        "<details class=\"unmeasured\">\n<summary>{all} could not run here</summary>\n<dl>\n"
    ));
    for (why, pages) in by_reason {
        main.push_str(&format!(
            "<dt>{}</dt>\n<dd>{}</dd>\n",
            text(why),
            paper::scenarios(&pages)
        ));
    }
    main.push_str("</dl>\n</details>\n");
}

fn entry(main: &mut String, book: &Book, page: &BookPage) {
    let scenario = &page.scenario;
    main.push_str(&format!(
        "<li class=\"entry\" data-find=\"{}\">\n<h3><a href=\"{}\">{}</a></h3>\n",
        attribute(&found_by(page)),
        attribute(&page.html()),
        text(&scenario.title)
    ));
    main.push_str(&format!("<p class=\"about\"><code>{}</code>", text(&scenario.name)));
    if let Some(Lesson { level, minutes, .. }) = scenario.lesson {
        main.push_str(&format!(" <span>{}, {minutes} min</span>", level.name()));
    }
    main.push_str(&format!("</p>\n<p>{}</p>\n", text(&scenario.summary)));
    match &page.result {
        Some(PageResult::Measured(run)) => {
            let states = LIFE.into_iter().filter(|state| run.facts.states.contains(state));
            let states: Vec<String> = states.map(paper::state).collect();
            let answers: Vec<String> = run.facts.answers().into_iter().map(paper::answer).collect();
            let measured = |rule: &&str| {
                let mut runs = book.measured();
                runs.any(|(_, run)| run.facts.rules().iter().any(|known| known.name() == *rule))
            };
            let rules = page.proves().filter(measured);
            let rules: Vec<String> = rules
                .map(|rule| format!("<a class=\"rule\" href=\"errors.html#rule-{rule}\">{rule}</a>"))
                .collect();
            main.push_str("<dl class=\"facts\">\n");
            let mut fact = |name: &str, all: &[String]| {
                if !all.is_empty() {
                    main.push_str(&format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", all.join(" ")));
                }
            };
            fact("States", &states);
            fact("Answers", &answers);
            fact(if rules.len() == 1 { "Rule" } else { "Rules" }, &rules);
            if let Some(claim) = &scenario.claim {
                let verdict = run
                    .summary
                    .verdict
                    .map_or("not visible here", |verdict| verdict.label());
                fact("Claim", &[format!("{} <strong>{verdict}</strong>", text(claim))]);
            }
            main.push_str("</dl>\n");
            if !run.summary.held() {
                main.push_str("<p class=\"differs\">Not all was as expected here: the page says what.</p>\n");
            }
        }
        Some(PageResult::Unmeasured(why)) => {
            main.push_str(&format!("<p class=\"unmeasured\">Not measured: {}.</p>\n", text(why)));
        }
        None => {}
    }
    main.push_str("</li>\n");
}

/// The words that an entry is found by.
fn found_by(page: &BookPage) -> String {
    let scenario = &page.scenario;
    let mut words = vec![
        scenario.title.clone(),
        scenario.name.clone(),
        scenario.summary.clone(),
        scenario.group.name().to_owned(),
        page.chapter().heading(),
    ];
    words.extend(scenario.id.clone());
    words.extend(scenario.claim.clone());
    words.extend(page.proves().map(str::to_owned));
    if let Some(run) = page.measured() {
        words.extend(run.facts.states.iter().map(|state| state.name().to_owned()));
        let named = |answer: Answer| [answer.name(), answer.words()];
        words.extend(run.facts.answers().into_iter().flat_map(named));
        words.extend(run.facts.rules().into_iter().map(|rule| rule.name().to_owned()));
        words.extend(run.facts.calls.iter().cloned());
    }
    if let Some(entry) = catalog::entry(&scenario.name) {
        words.extend(entry.programs.iter().map(|program| (*program).to_owned()));
    }
    words.join(" ").to_lowercase()
}

/// The lessons of a chapter that need two labs at once, which a page has no room for.
fn lessons_of_two_labs(main: &mut String, chapter: Chapter) {
    for (path, _) in catalog::SIDE_BY_SIDE {
        let Some(Ok(lesson)) = catalog::side_by_side(name_of(path)) else {
            continue;
        };
        if chapter.is_with(Chapter::Lessons(lesson.lesson.shelf)) {
            main.push_str(&format!(
                "<p class=\"beside\">On the screen there is also a lesson of two labs, {}: <code>finwait tour {}</code></p>\n",
                text(&lesson.title),
                text(&lesson.name)
            ));
        }
    }
}
