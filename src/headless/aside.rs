//! Lines for a terminal, which are broken between words, and those that stand beside a transcript's: why something happened, and what is so
//! after a command.

use std::io::{self, Write};

use crate::text::{harmless, width, wrap};

/// The column that their text begins at, as that of a transcript's line does.
const INDENT: usize = 19;
/// The least room for their text; where there is less, nothing is broken.
const LEAST: usize = 16;

/// Writes `parts`, with `; ` between them, beside the transcript under `word`.
///
/// On a terminal of so many `columns` that is one line where it fits, else a line or more for each part.
pub fn aside(out: &mut dyn Write, columns: Option<usize>, word: &str, parts: &[impl AsRef<str>]) -> io::Result<()> {
    let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
    let whole = harmless(&parts.join("; "));
    let room = columns.and_then(|columns| columns.checked_sub(INDENT));
    let room = room.filter(|room| *room >= LEAST && width(&whole) > *room);
    let lines = match room {
        None => vec![whole],
        Some(room) => {
            let last = parts.len().saturating_sub(1);
            let ended = parts.iter().enumerate().map(|(nth, part)| {
                let end = if nth < last { ";" } else { "" };
                harmless(&format!("{part}{end}"))
            });
            ended.flat_map(|part| wrap(&part, room)).collect()
        }
    };
    for (nth, line) in lines.iter().enumerate() {
        let word = if nth == 0 { word } else { "" };
        writeln!(out, "{:>9}  {word:<6}  {line}", "")?;
    }
    Ok(())
}

/// Writes `text` behind `head`. On a terminal of so many `columns` what does not fit goes on below, in the column that it began in; elsewhere
/// it is one line.
pub fn behind(out: &mut dyn Write, columns: Option<usize>, head: &str, text: &str) -> io::Result<()> {
    let indent = width(head);
    let room = columns.and_then(|columns| columns.checked_sub(indent));
    let room = room.filter(|room| *room >= LEAST && width(text) > *room);
    let Some(room) = room else {
        return writeln!(out, "{head}{text}");
    };
    for (nth, line) in broken(text, room).iter().enumerate() {
        match nth {
            0 => writeln!(out, "{head}{line}")?,
            _ => writeln!(out, "{:indent$}{line}", "")?,
        }
    }
    Ok(())
}

/// Breaks a text between words, as [`wrap`] does, with the blanks within a line as they are: they may be of what was written or read.
fn broken(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        if !line.trim().is_empty() && width(&line) + width(word.trim_end()) > room {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        line.push_str(word);
        if width(line.trim_end()) > room {
            let mut parts = wrap(&line, room);
            line = parts.pop().unwrap_or_default();
            if word.ends_with(' ') {
                line.push(' ');
            }
            lines.append(&mut parts);
        }
    }
    if !line.trim().is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_goes_on_in_its_column_and_loses_no_blank_within_a_line() {
        let lines = |columns, text: &str| {
            let mut out = Vec::new();
            behind(&mut out, columns, "  half-close  ", text).unwrap();
            String::from_utf8(out).unwrap()
        };
        let text = "one end closes its half, and the other still writes  a  word";
        assert_eq!(
            lines(Some(50), text),
            "  half-close  one end closes its half, and the\n              other still writes  a  word\n"
        );
        for columns in [None, Some(74), Some(20)] {
            assert_eq!(lines(columns, text), format!("  half-close  {text}\n"), "{columns:?}");
        }
        let long = "x".repeat(45);
        assert_eq!(
            lines(Some(44), &format!("a {long} b")),
            format!(
                "  half-close  a\n{0:14}{1}\n{0:14}{2} b\n",
                "",
                &long[..30],
                &long[30..]
            )
        );
    }

    const PARTS: [&str; 2] = [
        "client: client TIME_WAIT by curl 29814 (kept by the kernel)",
        "server: listener LISTEN by python3 29753, server CLOSE by python3 29753 (closed)",
    ];

    fn written(columns: Option<usize>) -> String {
        let mut out = Vec::new();
        aside(&mut out, columns, "now", &PARTS).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_terminal_breaks_between_words_each_host_on_its_own() {
        let wanted = "           now     client: client TIME_WAIT by curl 29814 (kept by the kernel);
                   server: listener LISTEN by python3 29753, server CLOSE by
                   python3 29753 (closed)\n";
        assert_eq!(written(Some(80)), wanted);
    }

    #[test]
    fn elsewhere_and_where_there_is_room_it_is_one_line() {
        let whole = format!("           now     {}; {}\n", PARTS[0], PARTS[1]);
        for columns in [None, Some(200), Some(30)] {
            assert_eq!(written(columns), whole, "{columns:?}");
        }
    }
}
