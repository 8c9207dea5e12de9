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

/// Returns at most three of `valid` that are near to `word`, the nearest first.
pub fn nearest(word: &str, valid: &[&str]) -> Vec<String> {
    let word = as_long_as_a_word(word);
    let mut near: Vec<(f64, &str)> = valid
        .iter()
        .map(|valid| {
            let start = if !word.is_empty() && valid.starts_with(word) {
                0.3
            } else {
                0.0
            };
            (strsim::jaro_winkler(word, valid) + start, *valid)
        })
        .filter(|(score, _)| *score > 0.8)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    // A word that is much nearer than the others is what was meant.
    let enough = near.first().map_or(0.0, |(best, _)| best - 0.08);
    near.retain(|(score, _)| *score >= enough);
    near.into_iter().take(3).map(|(_, word)| word.to_owned()).collect()
}

/// [`nearest`], or else the one that is the least far: something to begin from.
pub fn nearest_or_best(word: &str, valid: &[&str]) -> Vec<String> {
    let near = nearest(word, valid);
    if !near.is_empty() {
        return near;
    }
    let word = as_long_as_a_word(word);
    let score = |valid: &str| strsim::jaro_winkler(word, valid);
    let best = valid.iter().max_by(|a, b| score(a).total_cmp(&score(b)));
    best.map(|best| (*best).to_owned()).into_iter().collect()
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
