//! The table as Markdown: one line for each thing that some runtimes say, under the event that they say it of.

use crate::call::CallKind;

use super::{Beside, Cell, Event, Matrix};

/// What the README has of it: the errors, and where a language reads or writes in its own way.
pub fn table(matrix: &Matrix) -> String {
    let mut text =
        String::from("| call, and what raw calls give | runtimes | what they say | |\n| --- | --- | --- | --- |\n");
    let telling = |event: &&Event| event.rule.is_some() || matches!(event.call, CallKind::Read | CallKind::Write);
    for event in matrix.events.iter().filter(telling) {
        let said = said(event).into_iter();
        let said = said.filter(|(cell, _)| !matches!(cell.beside, Beside::Unsupported | Beside::Elsewhere));
        for (nth, (cell, runtimes)) in said.enumerate() {
            let first = if nth == 0 { heading(event) } else { String::new() };
            let mark = match cell.beside {
                Beside::Library => "**by itself**",
                Beside::Differs => "**differs**",
                Beside::Same | Beside::Unsupported | Beside::Elsewhere => "",
            };
            text.push_str(&format!(
                "| {first} | {} | {} | {mark} |\n",
                runtimes.join(", "),
                words(cell)
            ));
        }
    }
    text
}

/// The event's call and what the kernel gives, with a rule's name where there is one.
fn heading(event: &Event) -> String {
    let rule = event.rule.as_ref().map_or(String::new(), |rule| format!(" ({rule})"));
    format!("`{}`: {}{rule}", event.call, event.gives)
}

/// Each thing that is said of an event, with the runtimes that say it, in the order of the runtimes. Who is whose peer is not
/// what tells two texts apart.
pub fn said(event: &Event) -> Vec<(&Cell, Vec<&str>)> {
    let order: Vec<&str> = event.rows.first().map_or_else(Vec::new, |row| {
        row.cells.iter().map(|cell| cell.runtime.as_str()).collect()
    });
    let mut all: Vec<(&Cell, Vec<&str>)> = Vec::new();
    for cell in event.rows.iter().flat_map(|row| &row.cells) {
        let same = |known: &&mut (&Cell, Vec<&str>)| {
            let other = known.0;
            (&other.gives, somewhere(other), other.beside) == (&cell.gives, somewhere(cell), cell.beside)
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
    all.sort_by_key(|(_, runtimes)| order.iter().position(|runtime| runtimes.first() == Some(runtime)));
    all
}

/// A text without the addresses.
fn somewhere(cell: &Cell) -> Option<String> {
    let said = cell.said.as_ref()?;
    Some(said.replace("10.0.0.1:PORT", "*").replace("10.0.0.2:8080", "*"))
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
        (None, _) => cell.gives.replace('|', "\\|"),
    }
}
