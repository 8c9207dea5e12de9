//! Names of an endpoint's sockets.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A socket of an endpoint, by name: `listener`, `client`, `server`, then `client2`, ...
///
/// The name outlives the descriptor: a call on a closed socket is made on the number that it had.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct SocketName(String);

impl TryFrom<String> for SocketName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<SocketName, &'static str> {
        SocketName::new(&name).ok_or("a socket's name is a letter, then letters, digits, - and _, at most 24 in all")
    }
}

impl SocketName {
    /// A name of ASCII letters, digits, `-` and `_`, at most 24 of them, the first a letter; `None` for anything else.
    pub fn new(name: &str) -> Option<SocketName> {
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
        let rest = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        (starts && rest && name.len() <= 24).then(|| SocketName(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SocketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socket_names_are_plain_words() {
        assert!(SocketName::new("client2").is_some());
        for bad in ["", "2", "a b", "a\u{1b}", "ä", "a.b"] {
            assert!(SocketName::new(bad).is_none(), "{bad:?}");
            assert!(serde_json::from_value::<SocketName>(bad.into()).is_err(), "{bad:?}");
        }
    }
}
