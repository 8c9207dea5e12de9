//! Bytes on their way into or out of a socket.

use serde::{Deserialize, Serialize};

/// Bytes on their way into or out of a socket; hexadecimal in the protocol, always escaped on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut hex = String::with_capacity(self.0.len() * 2);
        for byte in &self.0 {
            hex.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
            hex.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        }
        serializer.serialize_str(&hex)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hex = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let digits: Option<Vec<u32>> = hex.chars().map(|c| c.to_digit(16)).collect();
        match digits {
            Some(digits) if digits.len() % 2 == 0 => Ok(Bytes(
                digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect(),
            )),
            _ => Err(serde::de::Error::custom(
                "bytes are an even number of hexadecimal digits",
            )),
        }
    }
}

/// The most that one read or write may ask for, bytes: 64 MiB.
pub const MOST_BYTES: usize = 64 << 20;

/// The number of bytes of a string that the transcript shows, `strace`'s default.
pub const SHOWN_BYTES: usize = 32;

impl Bytes {
    /// The bytes as `strace` shows them: quoted, escaped, cut after [`SHOWN_BYTES`]; `total` is the length that stands for.
    pub fn quoted(&self, total: usize) -> String {
        let shown = &self.0[..self.0.len().min(SHOWN_BYTES)];
        let more = if total > shown.len() { "..." } else { "" };
        format!("\"{}\"{more}", escape(shown))
    }
}

/// Bytes as C would write them in a string, so that none of them reaches a terminal raw.
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for (i, &byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            0x0b => text.push_str("\\v"),
            0x0c => text.push_str("\\f"),
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(byte as char),
            // strace writes octal, and pads it only where an octal digit follows.
            _ if matches!(bytes.get(i + 1), Some(b'0'..=b'7')) => text.push_str(&format!("\\{byte:03o}")),
            _ => text.push_str(&format!("\\{byte:o}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_never_reach_the_screen_raw() {
        assert_eq!(escape(b"\x1b[2J\0a\x001\x019\xff\"\\"), r#"\33[2J\0a\0001\19\377\"\\"#);
    }

    #[test]
    fn long_strings_are_cut_as_strace_cuts_them() {
        let bytes = Bytes(vec![b'x'; 40]);
        assert_eq!(bytes.quoted(40), format!("\"{}\"...", "x".repeat(32)));
        assert_eq!(Bytes(b"hi".to_vec()).quoted(2), "\"hi\"");
    }
}
