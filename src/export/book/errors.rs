//! The page of errors: each answer that is not plain success, with the rules, calls and scenarios that were measured to give it.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Answer, AnsweredCall};
use super::paper::{self, OwnPage, text};
use super::{Book, BookPage};
use crate::explain::RuleId;
use crate::roles::LIFE;

/// The calls of a rule, and the pages that they are on.
#[derive(Default)]
struct RuleCalls<'a> {
    calls: BTreeSet<&'a str>,
    states: BTreeSet<crate::state::State>,
    pages: Vec<&'a BookPage>,
}

impl<'a> RuleCalls<'a> {
    fn add(&mut self, call: &'a AnsweredCall, page: &'a BookPage) {
        self.calls.insert(&call.call);
        self.states.extend(call.state);
        if self.pages.last().is_none_or(|last| last.file != page.file) {
            self.pages.push(page);
        }
    }
}

/// Returns the page.
pub fn write(book: &Book) -> String {
    let mut all: BTreeMap<Answer, BTreeMap<Option<RuleId>, RuleCalls<'_>>> = BTreeMap::new();
    for (page, run) in book.measured() {
        for call in &run.facts.answered {
            let rules = all.entry(call.answer).or_default();
            rules.entry(call.rule).or_default().add(call, page);
        }
    }
    // By name, as they are looked up; what is no errno last.
    let mut all: Vec<_> = all.into_iter().collect();
    all.sort_by_key(|(answer, _)| (!matches!(answer, Answer::Errno(_)), answer.name()));
    let mut main = String::from("<h1>Errors</h1>\n");
    main.push_str(
        "<p class=\"lead\">What a call returned where it did not simply succeed: the reasons, each a rule with the calls and the scenarios that were measured to \
         return it.</p>\n",
    );
    main.push_str(&format!("<p class=\"provenance\">{}</p>\n", text(book.provenance())));
    if all.is_empty() {
        main.push_str("<p>Every call of this book succeeded.</p>\n");
    }
    main.push_str("<nav class=\"letters\" aria-label=\"Errors\">\n<ul>\n");
    for (answer, _) in &all {
        let name = text(answer.name());
        main.push_str(&format!("<li><a href=\"#{name}\">{name}</a></li>\n"));
    }
    main.push_str("</ul>\n</nav>\n");
    for (answer, rules) in &all {
        let name = text(answer.name());
        let number = match answer {
            Answer::Errno(errno) => format!(" <span class=\"dim\">errno {}</span>", errno.0),
            Answer::Eof | Answer::Deadline => String::new(),
        };
        main.push_str(&format!(
            "<section id=\"{name}\" class=\"answer\">\n<h2><code>{name}</code> {}{number}</h2>\n",
            text(answer.words())
        ));
        for (rule, seen) in rules {
            reason(&mut main, *rule, seen);
        }
        main.push_str("</section>\n");
    }
    paper::page(OwnPage::Errors, "Errors", &main)
}

fn reason(main: &mut String, rule: Option<RuleId>, seen: &RuleCalls<'_>) {
    match rule {
        Some(id) => {
            let rule = id.rule();
            main.push_str(&format!(
                "<article id=\"rule-{id}\">\n<h3>{} <code class=\"dim\">{id}</code></h3>\n",
                text(capital(rule.brief))
            ));
            main.push_str(&format!("<p>{}</p>\n<dl class=\"facts\">\n", text(rule.because)));
        }
        None => main.push_str("<article>\n<h3>Without a rule</h3>\n<dl class=\"facts\">\n"),
    }
    let calls: Vec<String> = seen
        .calls
        .iter()
        .map(|call| format!("<code>{}</code>", text(call)))
        .collect();
    let states = LIFE.into_iter().filter(|state| seen.states.contains(state));
    let states: Vec<String> = states.map(paper::state).collect();
    let mut fact = |name: &str, value: &str| {
        if !value.is_empty() {
            main.push_str(&format!("<div><dt>{name}</dt><dd>{value}</dd></div>\n"));
        }
    };
    fact("Calls", &calls.join(" "));
    fact("In state", &states.join(" "));
    if let Some(rule) = rule.map(RuleId::rule) {
        let set_by: Vec<String> = rule.set_by.iter().map(|by| by.words()).collect();
        fact("Set by", &text(set_by.join("; or ")));
        let decided: Vec<String> = rule.decided_by.iter().map(ToString::to_string).collect();
        fact("Decided by", &text(decided.join(", ")));
    }
    fact("Measured in", &paper::scenarios(&seen.pages));
    main.push_str("</dl>\n</article>\n");
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
