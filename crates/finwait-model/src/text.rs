//! Text from outside: what of it may go to a terminal.

/// A character that may stand on the screen in place of `c`: no controls, nothing that changes the direction of text.
pub fn safe(c: char) -> char {
    match c {
        ' '..='~' => c,
        // A blank that lines are not broken at.
        '\u{a0}' => ' ',
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => '?',
        c if c.is_control() => '?',
        c => c,
    }
}

/// Text as it may go to a terminal that is not ours: what one would act on is written out, as `\u{1b}`; lines and tabs stay.
pub fn harmless(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    for c in text.chars() {
        if safe(c) == c || matches!(c, '\n' | '\t' | '\u{a0}') {
            harmless.push(c);
        } else {
            harmless.extend(c.escape_unicode());
        }
    }
    harmless
}

/// The first characters of a text from outside, harmless and on one line; what is left out is shown by three dots.
pub fn excerpt(text: &str, most: usize) -> String {
    let mut chars = text.chars();
    let first: String = chars.by_ref().take(most).collect();
    let mut excerpt = harmless(&first).replace('\n', "\\n");
    if chars.next().is_some() {
        excerpt.push_str("...");
    }
    excerpt
}
