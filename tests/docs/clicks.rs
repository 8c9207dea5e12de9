//! The first half-close of the README, click by click: what its table says is on the screen then.

use finwait::side::Side;
use finwait::state::State;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::generated::page;
use crate::terminal::Terminal;

/// A row of the table.
#[derive(Debug, Default)]
struct Row {
    /// `1. server: `
    whose: String,
    button: String,
    /// What is code or emphasized behind it.
    seen: Vec<String>,
}

/// The rows of the README whose first cell begins with a number.
fn rows() -> Vec<Row> {
    let readme = std::fs::read_to_string(page("README.md")).unwrap();
    let mut rows = Vec::new();
    let (mut row, mut cell, mut emphasized) = (Row::default(), 0, false);
    for event in Parser::new_ext(&readme, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::TableRow) => (row, cell) = (Row::default(), 0),
            Event::End(TagEnd::TableRow) => rows.push(std::mem::take(&mut row)),
            Event::End(TagEnd::TableCell) => cell += 1,
            Event::Start(Tag::Emphasis) => emphasized = true,
            Event::End(TagEnd::Emphasis) => emphasized = false,
            Event::Text(text) if cell == 0 => row.whose.push_str(&text),
            Event::Code(code) if cell == 0 => row.button = code.to_string(),
            Event::Text(text) if emphasized => row.seen.push(text.to_string()),
            Event::Code(code) => row.seen.push(code.to_string()),
            _ => {}
        }
    }
    rows.retain(|row| row.whose.starts_with(|c: char| c.is_ascii_digit()));
    rows
}

#[test]
fn the_first_half_close_takes_eight_clicks_and_shows_what_is_said() {
    let rows = rows();
    assert_eq!(rows.len(), 8, "{rows:?}");
    let mut terminal = Terminal::start(120, 40, &["--lab", "isolated"]);
    terminal.see_both_up();
    for (nth, row) in rows.iter().enumerate() {
        let side = match row.whose.trim_start_matches(|c: char| !c.is_alphabetic()) {
            "client: " => Side::Client,
            "server: " => Side::Server,
            other => panic!("whose click is {other:?}"),
        };
        assert!(
            row.whose.starts_with(&format!("{}. ", nth + 1)) && !row.seen.is_empty(),
            "{row:?}"
        );
        terminal.press(side, &row.button);
        for text in &row.seen {
            match State::ALL.iter().find(|state| state.name() == text) {
                // A state is on a plate: its name is on buttons, too.
                Some(_) => terminal.until(text, |screen| {
                    Side::BOTH.iter().any(|side| screen.state(*side).as_ref() == Some(text))
                }),
                None => terminal.see(text),
            }
        }
    }
    terminal.keys("q");
    assert!(terminal.end().success());
}
