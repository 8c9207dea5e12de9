//! A file of tables in TOML, and the mistakes that were found in it.

use toml::Spanned;
use toml::de::DeValue;

/// One file.
pub struct File<'a> {
    /// The folder, as messages name it.
    pub folder: &'static str,
    /// The name without `.toml`.
    pub name: &'a str,
    /// The contents.
    pub text: &'a str,
    /// The mistakes, each with its place.
    pub mistakes: Vec<String>,
}

impl File<'_> {
    /// Notes a mistake at a place of the text.
    pub fn mistake(&mut self, at: usize, what: &str) {
        let line = self.text[..at].matches('\n').count() + 1;
        self.mistakes
            .push(format!("{}/{}.toml:{line}: {what}", self.folder, self.name));
    }

    /// Returns a text under a key; an empty one where it is none.
    pub fn text<'t>(&mut self, key: &str, value: &'t Spanned<DeValue>) -> &'t str {
        self.text_that(key, value, "a text in quotes", |_| true)
    }

    /// Returns a text under a key, which no space may begin or end; an empty one where it is none.
    pub fn trimmed<'t>(&mut self, key: &str, value: &'t Spanned<DeValue>) -> &'t str {
        let wanted = "a text in quotes, without spaces around it";
        self.text_that(key, value, wanted, |text| text.trim() == text)
    }

    fn text_that<'t>(
        &mut self,
        key: &str,
        value: &'t Spanned<DeValue>,
        wanted: &str,
        is_right: impl Fn(&str) -> bool,
    ) -> &'t str {
        match value.get_ref().as_str() {
            Some(text) if !text.is_empty() && is_right(text) => text,
            _ => {
                self.mistake(value.span().start, &format!("`{key}` is to be {wanted}"));
                ""
            }
        }
    }
}
