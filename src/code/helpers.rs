//! The functions that programs are given: sources of their language in `assets/code`, of which a program has what it uses.

use std::collections::BTreeSet;

/// A function, and what belongs to it.
pub struct Helper {
    name: &'static str,
    text: String,
}

/// The functions of a source. A line that ends in `= name` after `mark` begins the one of that name; `@VALUE@` stands for a value,
/// and on a line of its own for a value's lines, of which there may be none.
pub fn of(source: &'static str, mark: &str, values: &[(&str, String)]) -> Vec<Helper> {
    let mut helpers: Vec<Helper> = Vec::new();
    for line in source.lines() {
        if let Some(name) = line.strip_prefix(mark).and_then(|rest| rest.strip_prefix("= ")) {
            let text = String::new();
            helpers.push(Helper { name, text });
        } else if let Some(helper) = helpers.last_mut() {
            let is_value = |(name, _): &&(&str, String)| line == format!("@{name}@");
            if let Some((_, lines)) = values.iter().find(is_value) {
                helper.text.push_str(lines);
                continue;
            }
            let with = |line: String, (name, value): &(&str, String)| line.replace(&format!("@{name}@"), value);
            helper.text.push_str(&values.iter().fold(line.to_owned(), with));
            helper.text.push('\n');
        }
    }
    for helper in &mut helpers {
        // The blank line before the next one is the source's.
        helper.text.truncate(helper.text.trim_end().len());
        helper.text.push('\n');
    }
    helpers
}

/// The texts of the helpers that a text calls, and those that they call in turn, in the source's order.
pub fn used<'a>(helpers: &'a [Helper], text: &str) -> Vec<&'a str> {
    let mut wanted: BTreeSet<usize> = BTreeSet::new();
    let mut texts = vec![text];
    while let Some(text) = texts.pop() {
        for (place, helper) in helpers.iter().enumerate() {
            if calls(text, helper.name) && wanted.insert(place) {
                texts.push(&helper.text);
            }
        }
    }
    wanted.into_iter().map(|place| helpers[place].text.as_str()).collect()
}

/// Does the text call that function? One of another module, or a declaration, is no call of it.
fn calls(text: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | ':');
    text.match_indices(&format!("{name}("))
        .any(|(at, _)| !text[..at].chars().next_back().is_some_and(part) && !text[..at].ends_with("fn "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "//= one
int one(void)
{
@LINES@
\treturn two(@N@);
}

//= two
int two(int n) { return n; }
";

    fn values(lines: &str) -> [(&'static str, String); 2] {
        [("LINES", lines.into()), ("N", "7".into())]
    }

    #[test]
    fn values_stand_in_their_lines_or_are_lines() {
        let helpers = of(SOURCE, "//", &values("\tfirst();\n\tsecond();\n"));
        let texts: Vec<&str> = helpers.iter().map(|helper| helper.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "int one(void)\n{\n\tfirst();\n\tsecond();\n\treturn two(7);\n}\n",
                "int two(int n) { return n; }\n"
            ]
        );
        let without = of(SOURCE, "//", &values(""));
        assert_eq!(without[0].text, "int one(void)\n{\n\treturn two(7);\n}\n");
    }

    #[test]
    fn a_program_has_what_it_calls_and_what_that_calls() {
        let helpers = of(SOURCE, "//", &values(""));
        assert_eq!(used(&helpers, "one();").len(), 2);
        assert_eq!(used(&helpers, "x = two(1)"), ["int two(int n) { return n; }\n"]);
        // A method of that name, a longer name, and the name alone are no calls of it.
        assert_eq!(
            used(&helpers, "a.two(); all_two(); two; c::two(); fn two()"),
            Vec::<&str>::new()
        );
    }
}
