//! The table as Markdown: one line for each thing that some runtimes say, under the event that they say it of.

use super::{Beside, Cell, Event, Matrix};

/// All of it, as the README has it.
pub fn table(matrix: &Matrix) -> String {
    let mut text =
        String::from("| call, and what raw calls give | runtimes | what they say | |\n| --- | --- | --- | --- |\n");
    for event in &matrix.events {
        for (nth, (cell, runtimes)) in said(event).into_iter().enumerate() {
            let first = if nth == 0 { heading(event) } else { String::new() };
            let (says, mark) = match cell.beside {
                Beside::Unsupported => (cell.gives.clone(), "no such call"),
                Beside::Library => (words(cell), "**by itself**"),
                Beside::Differs => (words(cell), "**differs**"),
                Beside::Same => (words(cell), ""),
            };
            text.push_str(&format!("| {first} | {} | {says} | {mark} |\n", runtimes.join(", ")));
        }
    }
    text
}

/// The event's call and what the kernel gives, with a rule's name where there is one.
fn heading(event: &Event) -> String {
    let rule = event.rule.as_ref().map_or(String::new(), |rule| format!(" ({rule})"));
    format!("`{}`: {}{rule}", event.call, event.gives)
}

/// Each thing that is said of an event, with the runtimes that say it, the first's place deciding.
pub fn said(event: &Event) -> Vec<(&Cell, Vec<&str>)> {
    let mut all: Vec<(&Cell, Vec<&str>)> = Vec::new();
    for cell in event.rows.iter().flat_map(|row| &row.cells) {
        let same = |known: &&mut (&Cell, Vec<&str>)| {
            let other = known.0;
            (&other.gives, &other.said, other.beside) == (&cell.gives, &cell.said, cell.beside)
        };
        match all.iter_mut().find(same) {
            Some((_, runtimes)) => {
                if !runtimes.contains(&cell.runtime.as_str()) {
                    runtimes.push(&cell.runtime);
                }
            }
            None => all.push((cell, vec![&cell.runtime])),
        }
    }
    all
}

/// What is said, or what is given where nothing is said.
fn words(cell: &Cell) -> String {
    let said = cell.said.as_ref().map(|said| {
        // A bar ends a cell, and two backticks hold one.
        let safe = said.replace('|', "\\|");
        if safe.contains('`') {
            format!("`` {safe} ``")
        } else {
            format!("`{safe}`")
        }
    });
    match (said, cell.beside) {
        (Some(said), Beside::Differs) => format!("{said} ({})", cell.gives),
        (Some(said), _) => said,
        (None, _) => cell.gives.clone(),
    }
}
