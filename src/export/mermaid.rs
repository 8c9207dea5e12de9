//! The time-sequence diagram in Mermaid's language (`sequenceDiagram`), which GitHub and GitLab draw in Markdown.

use std::fmt::Write;

use super::story::Story;
use crate::clock::human;
use crate::diagram::told::{ArrowEnd, ArrowPart, RowContents, ToldArrow};
use crate::side::Side;

/// The most characters of a diagram that Mermaid draws unless it is configured otherwise (`maxTextSize`).
pub const LONGEST: usize = 50_000;
/// The most characters of a text on an arrow or in a note.
const LONGEST_TEXT: usize = 90;

/// Returns the diagram of a story.
pub fn write(story: &Story) -> String {
    let mut text = String::from("sequenceDiagram\n");
    let hosts = story.hosts();
    for side in Side::BOTH {
        let _ = writeln!(text, "    participant {} as {}", name(side), escaped(&hosts[side]));
    }
    for row in &story.rows {
        match &row.what {
            RowContents::Words { side, texts, .. } => {
                if let Some(words) = texts.first() {
                    note(&mut text, *side, words);
                }
            }
            RowContents::Arrow(packet) => arrow(&mut text, packet),
            RowContents::Pause(pause) => {
                let _ = writeln!(
                    text,
                    "    Note over C,S: {}",
                    escaped(&format!("{} pass", human(*pause)))
                );
            }
            RowContents::States => {}
        }
        for (side, state) in row.states.iter() {
            if let Some(state) = state {
                let _ = writeln!(text, "    Note over {}: {state}", name(side));
            }
        }
    }
    text
}

const fn name(side: Side) -> &'static str {
    match side {
        Side::Client => "C",
        Side::Server => "S",
    }
}

/// Writes what is at an end's edge beside its life line.
fn note(text: &mut String, side: Side, words: &str) {
    let place = match side {
        Side::Client => "left of C",
        Side::Server => "right of S",
    };
    let _ = writeln!(text, "    Note {place}: {}", escaped(words));
}

/// Writes a packet's arrow: solid where it arrives, with a cross where it is lost, dashed and open while it is on the wire.
fn arrow(text: &mut String, packet: &ToldArrow) {
    let (from, to) = (name(packet.from), name(packet.from.other()));
    let (line, more) = match (packet.end, packet.part) {
        (ArrowEnd::Arrived, ArrowPart::Whole | ArrowPart::Leaves) => ("->>", ""),
        (ArrowEnd::Arrived, ArrowPart::Arrives) => ("->>", " (arrives)"),
        (ArrowEnd::Lost, _) => ("-x", " (lost)"),
        (ArrowEnd::Held, _) => ("--)", " (held on the wire)"),
        (ArrowEnd::UnderWay, _) => ("--)", " (under way)"),
        (ArrowEnd::Discarded, _) => ("--x", " (discarded)"),
    };
    let words = packet.texts.first().map_or("", String::as_str);
    let _ = writeln!(text, "    {from}{line}{to}: {}{}", escaped(words), escaped(more));
}

/// Returns a text as Mermaid shows it as it is: all that means something to Mermaid, Markdown or HTML by its number.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut chars = text.chars();
    for c in chars.by_ref().take(LONGEST_TEXT) {
        match c {
            c if c.is_alphanumeric() || " ,.=()/+-_:".contains(c) => escaped.push(c),
            // Nothing that would act on whoever reads it.
            c if c.is_control() => escaped.push(' '),
            c => {
                let _ = write!(escaped, "#{};", u32::from(c));
            }
        }
    }
    if chars.next().is_some() {
        escaped.push_str("...");
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_means_something_to_mermaid_is_written_by_its_number() {
        assert_eq!(escaped("a;b#c"), "a#59;b#35;c");
        assert_eq!(escaped("<script>%%"), "#60;script#62;#37;#37;");
        assert_eq!(escaped("read(3, \"x\") = 1"), "read(3, #34;x#34;) = 1");
        assert_eq!(escaped("a\nb"), "a b");
    }
}
