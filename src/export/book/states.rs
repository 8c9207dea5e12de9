//! The page of states: what each means for the socket that is in it, where it leads, and the scenarios that were measured to pass through it.

use std::collections::BTreeMap;

use super::paper::{self, OwnPage, counted, text};
use super::{Book, BookPage};
use crate::explain::meaning::{Meaning, Settings, of_state};
use crate::roles::LIFE;
use crate::state::State;

/// Returns the page.
pub fn write(book: &Book) -> String {
    let mut main = String::from("<h1>States</h1>\n");
    main.push_str(
        "<p class=\"lead\">The eleven states of a TCP socket, by the names of the kernel: what each means for who holds the socket, and where it was measured.</p>\n",
    );
    main.push_str(&format!("<p class=\"provenance\">{}</p>\n", text(book.provenance())));
    main.push_str("<nav class=\"letters\" aria-label=\"States\">\n<ul>\n");
    for state in LIFE {
        main.push_str(&format!(
            "<li>{}</li>\n",
            paper::state(state).replace("states.html#", "#")
        ));
    }
    main.push_str("</ul>\n</nav>\n");
    for state in LIFE {
        section(&mut main, book, state);
    }
    paper::page(OwnPage::States, "States", &main)
}

fn section(main: &mut String, book: &Book, state: State) {
    main.push_str(&format!(
        "<section id=\"{state}\" class=\"answer\">\n<h2><code>{state}</code></h2>\n"
    ));
    // The settings of the reader's host are not known.
    let settings = Settings::default();
    for entry in of_state(state) {
        situation(main, book, &entry.words(&settings));
    }
    main.push_str("<article>\n<h3>As measured</h3>\n");
    let pages: Vec<&BookPage> = book
        .measured()
        .filter(|(_, run)| run.facts.states.contains(&state))
        .map(|(page, _)| page)
        .collect();
    if pages.is_empty() {
        main.push_str("<p>No scenario of this book passes through it.</p>\n</article>\n</section>\n");
        return;
    }
    let mut changes: BTreeMap<(State, State), usize> = BTreeMap::new();
    for (_, run) in book.measured() {
        for change in &run.facts.changes {
            *changes.entry(*change).or_default() += 1;
        }
    }
    // The most travelled way first.
    let ways = |pick: fn(&(State, State), State) -> Option<State>| {
        let mut ways: Vec<(usize, State)> = changes
            .iter()
            .filter_map(|(change, count)| Some((*count, pick(change, state)?)))
            .collect();
        ways.sort_by_key(|(count, other)| (std::cmp::Reverse(*count), *other));
        let shown = |(place, (count, other)): (usize, &(usize, State))| {
            let count = if place == 0 { counted(*count) } else { count.to_string() };
            format!("{} <span class=\"dim\">in {count}</span>", paper::state(*other))
        };
        ways.iter().enumerate().map(shown).collect::<Vec<_>>().join(", ")
    };
    let from = ways(|(from, to), state| (*to == state).then_some(*from));
    let to = ways(|(from, to), state| (*from == state).then_some(*to));
    main.push_str("<dl class=\"facts\">\n");
    for (name, value) in [
        ("Comes from", from),
        ("Leads to", to),
        ("Measured in", paper::scenarios(&pages)),
    ] {
        if !value.is_empty() {
            main.push_str(&format!("<div><dt>{name}</dt><dd>{value}</dd></div>\n"));
        }
    }
    main.push_str("</dl>\n</article>\n</section>\n");
}

/// A situation in which a socket stands in the state.
fn situation(main: &mut String, book: &Book, meaning: &Meaning) {
    main.push_str(&format!(
        "<article>\n<h3>{} <code class=\"dim\">{}</code></h3>\n<p>{}</p>\n<dl class=\"facts\">\n",
        text(meaning.short.trim_end_matches('.')),
        text(meaning.id),
        text(&meaning.meaning)
    ));
    for (name, value) in [
        ("Can", &meaning.can),
        ("Waits for", &meaning.waits_for),
        ("Ended by", &meaning.ends_by),
    ] {
        main.push_str(&format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", text(value)));
    }
    if let Some(page) = book.pages.iter().find(|page| page.scenario.name == meaning.scenario) {
        main.push_str(&format!(
            "<div><dt>Shown in</dt><dd>{}</dd></div>\n",
            paper::scenarios(&[page])
        ));
    }
    main.push_str("</dl>\n</article>\n");
}
