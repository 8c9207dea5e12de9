//! Lines that stand beside a transcript's: why something happened, and what is so after a command.

use std::io::{self, Write};

use crate::text::{harmless, width, wrap};

/// The column that their text begins at, as that of a transcript's line does.
const INDENT: usize = 19;
/// The least room for their text; where there is less, nothing is broken.
const LEAST: usize = 20;

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

#[cfg(test)]
mod tests {
    use super::*;

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
