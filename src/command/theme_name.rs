//! The name of a theme, as it is typed and as its file is called.

use std::fmt;

/// The longest name.
const LONGEST: usize = 32;

/// The name of a theme: at most 32 small letters, digits and hyphens. Whether there is such a theme is another question.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThemeName {
    bytes: [u8; LONGEST],
    len: u8,
}

impl ThemeName {
    /// The themes that come with the program.
    pub const BUILTIN: [&str; 6] = ["terminal-16", "dark", "light", "projector", "colour-blind", "mono"];

    /// Returns a name; none for what cannot be one.
    pub fn new(text: &str) -> Option<ThemeName> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if text.is_empty() || text.len() > LONGEST || !text.bytes().all(fits) {
            return None;
        }
        let mut bytes = [0; LONGEST];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Some(ThemeName {
            bytes,
            len: text.len() as u8,
        })
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

impl fmt::Display for ThemeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ThemeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ThemeName({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_files_and_never_a_path() {
        for good in ThemeName::BUILTIN.into_iter().chain(["my-own-2", "a"]) {
            assert_eq!(ThemeName::new(good).map(|name| name.to_string()).as_deref(), Some(good));
        }
        let long = "x".repeat(33);
        for bad in ["", "..", "a/b", "A", "a b", "\u{e9}", "a.toml", &long] {
            assert_eq!(ThemeName::new(bad), None, "{bad}");
        }
    }
}
