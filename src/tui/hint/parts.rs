//! The parts of a hint, and its longest form that fits.

use crate::command::spec::Button;
use crate::text::width;
use crate::tui::keys::Keymap;

/// The parts of a hint, of which those are left out that there is no room for.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    /// The button, or what else is pressed.
    pub(super) name: Option<Name>,
    /// The effect.
    pub(super) does: String,
    /// The arguments that can be changed before it is pressed.
    pub(super) takes: Option<String>,
    /// The outcome that it would have now.
    pub(super) now: Option<String>,
}

/// The name of what is pressed.
#[derive(Clone, Debug)]
pub(super) enum Name {
    /// A button, by its key and its label: `w write`.
    Button(&'static Button),
    /// Anything else.
    Text(String),
}

impl Parts {
    pub(super) fn does(text: impl Into<String>) -> Parts {
        Parts {
            does: text.into(),
            ..Parts::default()
        }
    }

    pub(super) fn now(self, now: impl Into<String>) -> Parts {
        Parts {
            now: Some(now.into()),
            ..self
        }
    }

    /// The longest of its forms that fits.
    pub(super) fn fit(&self, room: usize, keys: &Keymap) -> String {
        let clauses = clauses(&self.does);
        let (takes, now) = (self.takes.as_deref(), self.now.as_deref());
        let whole = self.does.as_str();
        let first = clauses.first().copied().unwrap_or(whole);
        let last = clauses.last().copied().unwrap_or(whole);
        let forms = [
            (whole, takes, now),
            (first, takes, now),
            (whole, None, now),
            (first, None, now),
            (last, None, now),
            (first, None, None),
        ];
        let mut texts = forms
            .into_iter()
            .map(|(does, takes, now)| self.line(keys, does, takes, now));
        if let Some(text) = texts.find(|text| width(text) <= room) {
            return text;
        }
        let shorter = clauses.iter().map(|does| self.line(keys, does, None, None));
        shorter
            .into_iter()
            .find(|text| width(text) <= room)
            .unwrap_or_else(|| cut(&self.line(keys, last, None, None), room))
    }

    fn line(&self, keys: &Keymap, does: &str, takes: Option<&str>, now: Option<&str>) -> String {
        let mut line = String::new();
        match &self.name {
            Some(Name::Text(name)) => line.push_str(&format!("{name}: ")),
            Some(Name::Button(button)) => {
                let key = keys.label(button);
                let blank = if key.is_empty() { "" } else { " " };
                line.push_str(&format!("{key}{blank}{}: ", button.label));
            }
            None => {}
        }
        line.push_str(does);
        if let Some(takes) = takes {
            line.push_str("; right click: ");
            line.push_str(takes);
        }
        if let Some(now) = now {
            if !line.ends_with(['.', '?']) {
                line.push('.');
            }
            line.push(' ');
            line.push_str(now);
        }
        line
    }
}

/// The beginnings of a text that end where a clause does, the longest first: before `; `, then `: `, ` (` or `, `.
fn clauses(text: &str) -> Vec<&str> {
    let mut ends: Vec<usize> = ["; ", ". ", ": ", " (", ", "]
        .iter()
        .flat_map(|mark| text.match_indices(mark).map(|(at, _)| at))
        .filter(|at| *at > 0)
        // A list within parentheses is one thing.
        .filter(|at| text[..*at].matches('(').count() == text[..*at].matches(')').count())
        .collect();
    ends.sort_unstable();
    ends.dedup();
    let main = text.find("; ");
    let mut begins: Vec<&str> = ends.iter().rev().map(|end| &text[..*end]).collect();
    // The first form to be tried is the main clause.
    if let Some(main) = main {
        begins.retain(|begin| begin.len() <= main);
    } else {
        begins.insert(0, text);
    }
    begins
}

/// The words of a text that fit, with two dots for the rest.
fn cut(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut line = String::new();
    for word in text.split(' ') {
        let blank = usize::from(!line.is_empty());
        if width(&line) + blank + width(word) + 2 > room {
            break;
        }
        if blank == 1 {
            line.push(' ');
        }
        line.push_str(word);
    }
    line + ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_a_clause_ends() {
        let parts = Parts {
            name: Some(Name::Text("w write".into())),
            does: "write bytes, by default \"hello\"; repeat=n writes them n times in one call".into(),
            takes: Some("bytes, flags".into()),
            now: Some("In CLOSE_WAIT: allowed.".into()),
        };
        for (room, line) in [
            (
                140,
                "w write: write bytes, by default \"hello\"; repeat=n writes them n times in one call; right click: bytes, flags. In CLOSE_WAIT: allowed.",
            ),
            (
                120,
                "w write: write bytes, by default \"hello\"; right click: bytes, flags. In CLOSE_WAIT: allowed.",
            ),
            (
                80,
                "w write: write bytes, by default \"hello\". In CLOSE_WAIT: allowed.",
            ),
            (60, "w write: write bytes. In CLOSE_WAIT: allowed."),
            (40, "w write: write bytes, by default \"hello\""),
            (22, "w write: write bytes"),
            (14, "w write:.."),
        ] {
            assert_eq!(parts.fit(room, Keymap::standard()), line);
        }
    }

    #[test]
    fn what_stands_in_parentheses_is_not_cut() {
        assert_eq!(clauses("a (b, c) d, e"), ["a (b, c) d, e", "a (b, c) d", "a"]);
        assert_eq!(clauses("a: b; c, d"), ["a: b", "a"]);
        assert_eq!(clauses("alone"), ["alone"]);
    }
}
