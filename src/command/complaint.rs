//! Mistakes in a command's text: one sentence, where it is, and what would be right.

use std::fmt;

/// A mistake in a command's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The column in which it begins, counted in characters from 1.
    pub column: usize,
    /// The mistake, and what would be right.
    pub why: String,
    /// The nearest words that would be valid there, the nearest first.
    pub nearest: Vec<String>,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.why)?;
        match self.nearest.as_slice() {
            [] => Ok(()),
            [only] => write!(f, "; did you mean {only}?"),
            [most @ .., last] => write!(f, "; did you mean {} or {last}?", most.join(", ")),
        }
    }
}

impl std::error::Error for ParseError {}

/// The beginning of a word, beyond any that could be meant: comparing takes time by the square of the length.
fn as_long_as_a_word(word: &str) -> &str {
    word.char_indices().nth(100).map_or(word, |(end, _)| &word[..end])
}

/// The words by which other tools and people call what a command of ours does.
const CALLED: [(&str, &str); 18] = [
    ("send", "write"),
    ("recv", "read"),
    ("receive", "read"),
    ("half-close", "shutdown"),
    ("halfclose", "shutdown"),
    ("fin", "shutdown"),
    ("reset", "rst-close"),
    ("rst", "rst-close"),
    ("abort", "rst-close"),
    ("getsockopt", "get-option"),
    ("setsockopt", "set-option"),
    ("select", "poll"),
    ("exit", "quit"),
    ("start", "run"),
    ("exec", "run"),
    ("wait", "await"),
    ("end-program", "kill-program"),
    ("undo", "back"),
];

/// Returns at most three of `valid` that are near to `word`, the nearest first; none that merely shares a letter or two with it.
///
/// Near is what takes at most a typing mistake in three letters (Damerau and Levenshtein's distance), what begins with the word, or has it
/// as a part between hyphens or underscores, and what other tools call so.
pub fn nearest(word: &str, valid: &[&str]) -> Vec<String> {
    let word = as_long_as_a_word(word).to_lowercase();
    if word.is_empty() {
        return Vec::new();
    }
    let mut near: Vec<(usize, &str)> = valid
        .iter()
        .filter_map(|valid| Some((distance(&word, valid)?, *valid)))
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    // A word that is nearer than the others is what was meant.
    let least = near.first().map_or(0, |(least, _)| *least);
    near.retain(|(distance, _)| *distance == least);
    near.into_iter().take(3).map(|(_, word)| word.to_owned()).collect()
}

/// Returns how far `word` is from a valid one, in typing mistakes; none where it is too far to have been meant.
fn distance(word: &str, valid: &str) -> Option<usize> {
    if CALLED.contains(&(word, valid)) {
        return Some(0);
    }
    let lower = valid.to_lowercase();
    let mistakes = |word: &str, valid: &str| {
        let bound = (word.chars().count().max(valid.chars().count()) / 3).max(1);
        let mistakes = strsim::damerau_levenshtein(word, valid);
        // Of a word of two letters one mistake leaves one.
        (mistakes <= bound && mistakes < word.chars().count().min(valid.chars().count())).then_some(mistakes)
    };
    let parts = || lower.split(['-', '_', '=']).filter(|part| part.len() > 2);
    let whole = mistakes(word, &lower);
    let begun = (word.len() > 1 && lower.starts_with(word)).then_some(1);
    let part = (word.len() > 2 && parts().any(|part| part == word)).then_some(1);
    // A part with a mistake is further than a whole word with one.
    let near_part = (word.len() > 3)
        .then(|| parts().filter_map(|part| mistakes(word, part)).min())
        .flatten();
    [whole, begun, part, near_part.map(|mistakes| mistakes + 1)]
        .into_iter()
        .flatten()
        .min()
}

/// A word in a message: escaped, and cut where it is long.
pub(crate) fn shown(word: &str) -> String {
    let mut chars = word.chars();
    let mut text: String = chars.by_ref().take(40).flat_map(char::escape_debug).collect();
    if chars.next().is_some() {
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::table::TABLE;

    fn of_commands(word: &str) -> Vec<String> {
        let names: Vec<&str> = TABLE.iter().map(|spec| spec.name).collect();
        nearest(word, &names)
    }

    #[test]
    fn what_was_mistyped_is_found() {
        for (word, meant) in [
            ("lisen", "listen"),
            ("connct", "connect"),
            ("conect", "connect"),
            ("clsoe", "close"),
            ("raed", "read"),
            ("wirte", "write"),
            ("shutdwon", "shutdown"),
            ("shut", "shutdown"),
            ("delver", "deliver"),
            ("CLOSE", "close"),
            ("linger", "linger-close"),
            ("dup2", "dup"),
            ("send", "write"),
            ("recv", "read"),
            ("half-close", "shutdown"),
            ("exit", "quit"),
            ("start", "run"),
            ("exec", "run"),
            ("wait", "await"),
            ("end-program", "kill-program"),
        ] {
            assert_eq!(of_commands(word), [meant], "{word}");
        }
        assert_eq!(nearest("NODELAY", &["SO_LINGER", "TCP_NODELAY"]), ["TCP_NODELAY"]);
        assert_eq!(nearest("halfclos", &["half-close", "full-close"]), ["half-close"]);
    }

    /// Nothing is proposed that nobody could have meant.
    #[test]
    fn what_is_far_from_everything_is_answered_by_nothing() {
        for word in [
            "",
            "foo",
            "xyzzy",
            "zzz",
            "qqqqqqqq",
            "a",
            "the quick brown fox",
            "1",
            "blub",
        ] {
            assert_eq!(of_commands(word), [""; 0], "{word}");
        }
    }
}
