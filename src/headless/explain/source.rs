//! What is explained: words, or the bytes of a file or of standard input.

use std::fs::File;
use std::io::{self, Cursor, IsTerminal, Read};
use std::path::Path;

use crate::explain::wording::LONGEST;
use crate::text::excerpt;
use finwait_capture::reader::format_of;

/// The most characters of a file's name that are repeated.
const LONGEST_NAME: usize = 400;

/// Bytes to explain.
pub struct Bytes {
    /// What they are from, for people: `standard input`, `a.pcap`.
    pub name: String,
    /// The reader of all of them.
    pub from: Box<dyn Read>,
    /// The first of them.
    pub head: Vec<u8>,
    /// The file, where its length can be known.
    pub file: Option<File>,
}

/// What is explained.
pub enum Source {
    /// The command line's words.
    Words,
    /// Bytes.
    Bytes(Bytes),
}

impl Source {
    /// Returns what the words of the command line name: an existing file alone, `-` for standard input, as without any word.
    ///
    /// # Errors
    /// One sentence why there is nothing to read.
    pub fn of(words: &[String]) -> Result<Source, String> {
        match words {
            [] if io::stdin().is_terminal() => {
                Err("say what to explain, as in finwait explain EPIPE, or pipe a log into it".into())
            }
            [] => Source::stdin(),
            [dash] if dash == "-" => Source::stdin(),
            [word] => Source::of_word(word),
            _ => Ok(Source::of_text(words.join(" "))),
        }
    }

    /// A text is words, unless it is lines of tcpdump's.
    fn of_text(text: String) -> Source {
        if format_of(text.as_bytes()).is_none() {
            return Source::Words;
        }
        let head = text.into_bytes();
        Source::Bytes(Bytes {
            name: "the text".into(),
            from: Box::new(Cursor::new(head.clone())),
            head,
            file: None,
        })
    }

    fn of_word(word: &str) -> Result<Source, String> {
        let path = Path::new(word);
        let name = excerpt(word, LONGEST_NAME);
        match path.metadata() {
            Ok(meta) if meta.is_dir() => match is_path(word) {
                true => Err(format!("{name} is a folder: name a capture or a log in it")),
                false => Ok(Source::Words),
            },
            Ok(_) => {
                let file = File::open(path).map_err(|error| format!("{name}: {error}"))?;
                let length = file.try_clone().ok();
                Source::read(name, file, length)
            }
            Err(_) if is_path(word) => Err(format!(
                "{name} is not there: name a capture (pcap, pcapng, tcpdump's text) or a log, or - for standard input"
            )),
            Err(_) => Ok(Source::of_text(word.to_owned())),
        }
    }

    fn stdin() -> Result<Source, String> {
        use std::os::fd::AsFd;
        let length = io::stdin().as_fd().try_clone_to_owned().ok().map(File::from);
        Source::read("standard input".into(), io::stdin(), length)
    }

    fn read(name: String, mut from: impl Read + 'static, file: Option<File>) -> Result<Source, String> {
        let mut head = Vec::new();
        let taken = from
            .by_ref()
            .take(finwait_capture::reader::HEAD as u64)
            .read_to_end(&mut head);
        taken.map_err(|error| format!("{name}: {error}"))?;
        Ok(Source::Bytes(Bytes {
            name,
            from: Box::new(Cursor::new(head.clone()).chain(from)),
            head,
            file,
        }))
    }
}

/// Does a word look like a file's path, so that nothing else can be meant?
fn is_path(word: &str) -> bool {
    const ENDINGS: [&str; 3] = [".pcap", ".pcapng", ".cap"];
    let is_short = word.len() < LONGEST && !word.contains(char::is_whitespace);
    let ends = ENDINGS.iter().any(|ending| word.ends_with(ending));
    // Not `10.0.0.1/24`, an URL, or `ENOENT/EACCES`.
    is_short && (ends || word.starts_with('/') || word.starts_with("./") || word.starts_with("../"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_looks_like_a_path_is_one_and_a_message_is_not() {
        for path in ["a.pcap", "x/y.pcapng", "./log", "/var/log/none", "../c.cap"] {
            assert!(is_path(path), "{path}");
        }
        for text in [
            "EPIPE",
            "104",
            "read: connection reset by peer",
            "http://a/b",
            "502/504",
            "/var/x: broken pipe",
        ] {
            assert!(!is_path(text), "{text}");
        }
    }
}
