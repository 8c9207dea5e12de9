//! Text in columns: how wide it is, where it breaks, and what of it may go to a terminal.

use unicode_width::UnicodeWidthChar;

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

/// How many columns text takes.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.chars().map(|c| safe(c).width().unwrap_or(0)).sum()
}

/// Breaks text into lines of at most `room` columns, between words where that can be.
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let wide = width(word);
        if used > 0 && used + 1 + wide > room {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        for c in word.chars() {
            let wide = safe(c).width().unwrap_or(0);
            if used + wide > room {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += wide;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// The first lines of wrapped text; what is left out is shown by two dots.
pub fn wrap_to(text: &str, room: usize, lines: usize) -> Vec<String> {
    let mut wrapped = wrap(text, room);
    if wrapped.len() > lines {
        wrapped.truncate(lines);
        if let Some(last) = wrapped.last_mut() {
            while width(last) + 2 > room.max(2) && last.pop().is_some() {}
            last.push_str("..");
        }
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_breaks_between_words_and_long_words_break_anywhere() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), Vec::<String>::new());
        assert_eq!(wrap_to("one two three four", 7, 2), ["one two", "three.."]);
    }

    #[test]
    fn what_a_terminal_would_act_on_is_one_column_wide_and_harmless() {
        assert_eq!(
            "a\u{1b}\u{202e}\n\u{a0}b".chars().map(safe).collect::<String>(),
            "a??? b"
        );
        assert_eq!((width("\u{1b}[2J"), width("語"), width("")), (4, 2, 0));
    }
}
