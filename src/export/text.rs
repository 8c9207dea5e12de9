//! The time-sequence diagram as text, with the time of each row.

use std::fmt::Write;

use super::story::Story;
use crate::text::harmless;

/// Returns the diagram of a story.
pub fn diagram(story: &Story) -> String {
    let mut text = String::new();
    for row in &story.text {
        let _ = writeln!(text, "{:>9.3}  {}", row.at.as_secs_f64(), harmless(&row.text));
    }
    text
}

/// Returns a story as text: what was run, the diagram, and the errors with their reasons.
pub fn write(story: &Story) -> String {
    let mut text = format!("{}\n{}\n\n", harmless(&story.title()), harmless(&story.measured()));
    if !story.has_wire() {
        text.push_str("The loopback lab has no wire: no segments were seen.\n\n");
    }
    text.push_str(&diagram(story));
    let mut heading = "\nWhy\n";
    for (entry, why) in story.explained() {
        let line = entry.lines().into_iter().next().unwrap_or_default();
        text.push_str(std::mem::take(&mut heading));
        let _ = writeln!(
            text,
            "{}  {}: {}\n{:>9}  {}",
            entry.time(),
            entry.speaker(),
            harmless(&line),
            "",
            harmless(why)
        );
    }
    text
}
