//! The table as Markdown: one line for each thing that some runtimes say, under the event that they say it of.

use crate::call::CallKind;

use super::{Agreement, Cell, Matrix, MatrixEvent};

/// The part of it that `docs/languages.md` has: the errors, and where a language reads or writes in its own way.
pub fn table(matrix: &Matrix) -> String {
    let mut text =
        String::from("| call, and what raw calls give | runtimes | what they say | |\n| --- | --- | --- | --- |\n");
    let telling = |event: &&MatrixEvent| event.rule.is_some() || matches!(event.call, CallKind::Read | CallKind::Write);
    for event in matrix.events.iter().filter(telling) {
        let said = event.said().into_iter();
        let said = said.filter(|(cell, _)| !matches!(cell.beside, Agreement::Unsupported | Agreement::Elsewhere));
        for (nth, (cell, runtimes)) in said.enumerate() {
            let first = if nth == 0 { heading(event) } else { String::new() };
            let mark = match cell.beside {
                Agreement::Library => "**by itself**",
                Agreement::Differs => "**differs**",
                Agreement::Same | Agreement::Unsupported | Agreement::Elsewhere => "",
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
fn heading(event: &MatrixEvent) -> String {
    let rule = event.rule.map_or(String::new(), |rule| format!(" ({rule})"));
    format!("`{}`: {}{rule}", event.call, event.gives)
}

/// The words, or the result where there are none.
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
        (Some(said), Agreement::Differs) => format!("{said} ({})", cell.gives),
        (Some(said), _) => said,
        (None, _) => cell.gives.replace('|', "\\|"),
    }
}
