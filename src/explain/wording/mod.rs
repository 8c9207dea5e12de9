//! What a line of text says: the errno, the end of a stream, a deadline or a socket closed by ourselves, in any of the wordings of
//! `table`, and the call, the addresses and the language where the line tells them.
//!
//! Pure, and safe with any text: what comes out is made of our own words and of addresses that were parsed. Three kinds of sign are
//! looked for, the surest first: a library's own words (`read timed out` is Java's deadline, whatever errno stands beside it), then
//! an errno by number, name or text, then words that leave the errno open (`TimeoutError`).

use serde::Serialize;
use std::fmt;
use std::net::SocketAddr;
use std::sync::LazyLock;

use super::rules::CallClass;
use crate::errno::Errno;
use crate::hash::QuickMap;

mod table;

use table::{CALLS, Cue, KINDS, TEXTS, WEAK, WHOLE, WORDS, Wording};

/// The longest part of a line that is looked at, in bytes: no message is longer, and memory stays bounded.
pub const LONGEST: usize = 4096;

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// An errno of the kernel.
    Errno(Errno),
    /// The end of the stream.
    Eof,
    /// A deadline or timeout of the program.
    Deadline,
    /// A call on what the program itself has closed, caught by its library.
    Closed,
}

/// Whose wording it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// C's strerror, as it is
    C,
    /// Go
    Go,
    /// Python
    Python,
    /// Node.js
    Node,
    /// Java
    Java,
    /// Rust
    Rust,
    /// nginx
    Nginx,
    /// curl
    Curl,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Dialect::C => "C",
            Dialect::Go => "Go",
            Dialect::Python => "Python",
            Dialect::Node => "Node.js",
            Dialect::Java => "Java",
            Dialect::Rust => "Rust",
            Dialect::Nginx => "nginx",
            Dialect::Curl => "curl",
        })
    }
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// What it is about.
    pub subject: Subject,
    /// The call that failed, where it is told.
    pub call: Option<CallClass>,
    /// Whose words, where that can be told.
    pub dialect: Option<Dialect>,
    /// The addresses in it, two at the most.
    pub addresses: Vec<SocketAddr>,
    /// What must be known of this very wording, in one sentence.
    pub remark: Option<&'static str>,
}

/// What a line says; none when it has no wording that is known.
pub fn recognize(text: &str) -> Option<Found> {
    let text = plain(cut(text.trim(), LONGEST));
    let text = text.trim();
    let low = text.to_ascii_lowercase();
    let strong = longest(&low, &STRONG);
    let errno = errno(text, &low);
    let whole = || WHOLE.iter().find(|wording| wording.text == low);
    let weak = || longest(&low, &OPEN).or_else(|| kind(text)).or_else(whole);
    let subject = match (strong, errno) {
        (Some(wording), _) => (wording.subject, wording.dialect, wording.call, wording.remark),
        (None, Some((errno, dialect))) => (Subject::Errno(errno), dialect, None, None),
        (None, None) => match weak() {
            Some(wording) => (wording.subject, wording.dialect, wording.call, wording.remark),
            None if end_of_file(text) => (Subject::Eof, None, None, None),
            None => return None,
        },
    };
    let (subject, dialect, call, remark) = subject;
    let cue = cue(text, &low);
    Some(Found {
        subject,
        call: call.or(cue.as_ref().and_then(|cue| cue.call)),
        dialect: dialect
            .or(cue.and_then(|cue| cue.dialect))
            .or_else(|| by_its_looks(text)),
        addresses: addresses(text),
        remark,
    })
}

/// The wording that is nearest to a text without a known one; none when nothing is near.
pub fn nearest(text: &str) -> Option<&'static str> {
    let low = cut(text, 200).trim().to_ascii_lowercase();
    let last = low.rsplit(": ").next().unwrap_or(&low).to_owned();
    let names = Errno::NAMED.iter().map(|(_, name)| *name);
    let words = WORDS.iter().chain(WEAK).map(|wording| wording.text);
    let texts = TEXTS.iter().map(|(text, _)| *text);
    let near = |known: &str| {
        let known = known.to_ascii_lowercase();
        let to = |text: &str| strsim::normalized_damerau_levenshtein(text, &known);
        to(&low).max(to(&last))
    };
    let all = names.chain(words).chain(texts).map(|known| (near(known), known));
    let best = all.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= 0.6).then_some(best.1)
}

/// The first `most` bytes, to the end of a character.
fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Without the colours that a log may have (CSI sequences), and with blanks for all else that is no character.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' && chars.next_if_eq(&'[').is_some() {
            let is_final = |c: char| ('@'..='~').contains(&c);
            let _ = chars.find(|c| is_final(*c));
        } else {
            plain.push(if c.is_control() { ' ' } else { c });
        }
    }
    plain
}

/// Where `needle` stands in `text` as words of its own.
fn find(text: &str, needle: &str) -> Option<usize> {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let (bytes, wanted) = (text.as_bytes(), needle.as_bytes());
    let whole = |at: usize| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(at + wanted.len());
        !(is_word(wanted.first()) && is_word(before) || is_word(wanted.last()) && is_word(after))
    };
    text.match_indices(needle).map(|(at, _)| at).find(|at| whole(*at))
}

const fn is_in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The rows of a table by how their text begins: a line of a log is gone through once, word by word, and not once for each row.
struct Index<T: 'static>(QuickMap<[u8; 3], Vec<(&'static str, &'static T)>>);

static STRONG: LazyLock<Index<Wording>> = LazyLock::new(|| Index::of(WORDS.iter().map(|row| (row.text, row))));
static OPEN: LazyLock<Index<Wording>> = LazyLock::new(|| Index::of(WEAK.iter().map(|row| (row.text, row))));
static STRERROR: LazyLock<Index<Errno>> = LazyLock::new(|| Index::of(TEXTS.iter().map(|(text, errno)| (*text, errno))));

impl<T> Index<T> {
    fn of(rows: impl Iterator<Item = (&'static str, &'static T)>) -> Index<T> {
        let mut index = Index(QuickMap::default());
        for (text, row) in rows {
            if let Some(begin) = text.as_bytes().first_chunk() {
                index.0.entry(*begin).or_default().push((text, row));
            }
        }
        index
    }

    /// Each text that stands in a line as words of its own, and where.
    fn all<'a>(&'a self, low: &'a str) -> impl Iterator<Item = (usize, &'static str, &'static T)> + 'a {
        let bytes = low.as_bytes();
        let is_word = move |at: usize| bytes.get(at).is_some_and(|byte| is_in_name(char::from(*byte)));
        let begins = (0..bytes.len()).filter(move |at| is_word(*at) && !at.checked_sub(1).is_some_and(is_word));
        begins.flat_map(move |at| {
            let rest = &bytes[at..];
            let rows = rest.first_chunk().and_then(|begin| self.0.get(begin));
            let whole = move |text: &str| {
                let end = at + text.len();
                rest.starts_with(text.as_bytes()) && !(is_word(end - 1) && is_word(end))
            };
            let rows = rows.into_iter().flatten();
            rows.filter(move |(text, _)| whole(text))
                .map(move |(text, row)| (at, *text, *row))
        })
    }
}

/// The longest of the wordings in a line: it says the most.
fn longest(low: &str, index: &Index<Wording>) -> Option<&'static Wording> {
    let found = index.all(low).max_by_key(|(_, text, _)| text.len());
    found.map(|(_, _, wording)| wording)
}

/// A name from `io::ErrorKind`, as Rust's `Debug` prints it.
fn kind(text: &str) -> Option<&'static Wording> {
    KINDS.iter().find(|wording| find(text, wording.text).is_some())
}

/// An errno: by a marked number, by its name, by its text; the whole line may be the number or the name alone.
fn errno(text: &str, low: &str) -> Option<(Errno, Option<Dialect>)> {
    let whole = text.trim_start_matches('-');
    if !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return named(whole.parse().ok()?).map(|errno| (errno, None));
    }
    if let Some(found) = marked(low) {
        return Some(found);
    }
    let mut words = text.split(|c: char| !is_in_name(c));
    if let Some(errno) = words.find_map(by_name) {
        return Some((errno, None));
    }
    if let Some(errno) = by_name(&low.to_ascii_uppercase()) {
        return Some((errno, None));
    }
    // The first that is said, and of those that begin there the longest.
    let found = STRERROR.all(low);
    let (_, said, &errno) = found.min_by_key(|(at, text, _)| (*at, std::cmp::Reverse(text.len())))?;
    // strerror's own text begins with a capital; whoever writes it small has words of its own.
    let own = errno.text();
    let is_c = said.len() == text.len() && text.starts_with(own.as_str());
    Some((errno, is_c.then_some(Dialect::C)))
}

/// The errno of that number, if it has a name here.
fn named(number: i32) -> Option<Errno> {
    let errno = Errno(number);
    Errno::NAMED.iter().any(|(known, _)| *known == errno).then_some(errno)
}

fn by_name(word: &str) -> Option<Errno> {
    match word {
        "EWOULDBLOCK" => Some(Errno::EAGAIN),
        "ENOTSUP" => Some(Errno::EOPNOTSUPP),
        word => Errno::NAMED
            .iter()
            .find(|(_, name)| *name == word)
            .map(|(errno, _)| *errno),
    }
}

/// A number that is marked as an errno: `errno=104`, `os error 104`, `[Errno 104]`, `(104: `, `code: 104, kind`.
fn marked(low: &str) -> Option<(Errno, Option<Dialect>)> {
    const MARKS: &[(&str, Option<Dialect>)] = &[
        ("os error ", Some(Dialect::Rust)),
        ("[errno ", Some(Dialect::Python)),
        ("os { code: ", Some(Dialect::Rust)),
        ("errno: ", None),
        ("errno=", None),
        ("errno = ", None),
        ("errno ", None),
        ("errno:", None),
    ];
    let number = |at: usize| {
        let rest = &low[at..];
        let rest = rest.strip_prefix('-').unwrap_or(rest);
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        Some((named(rest.get(..digits)?.parse().ok()?)?, &rest[digits..]))
    };
    let marked = MARKS.iter().find_map(|(mark, dialect)| {
        let mut places = low.match_indices(mark);
        places.find_map(|(at, mark)| Some((number(at + mark.len())?.0, *dialect)))
    });
    marked.or_else(|| {
        // nginx: "recv() failed (104: Connection reset by peer)".
        let mut places = low.match_indices('(');
        places.find_map(|(at, _)| {
            let (errno, rest) = number(at + 1)?;
            rest.starts_with(": ").then_some((errno, Some(Dialect::Nginx)))
        })
    })
}

/// `EOF`, as a word that ends the line or follows a colon: elsewhere it may be anything.
fn end_of_file(text: &str) -> bool {
    find(text, "EOF").is_some_and(|at| at + 3 == text.len() || text[..at].ends_with(": "))
}

/// The call, and whose words tell it: the surest sign first.
fn cue(text: &str, low: &str) -> Option<Cue> {
    // recv() failed; readv() failed
    let called = low.match_indices("()").find_map(|(at, _)| {
        let name = low[..at].rsplit(|c: char| !is_in_name(c)).next()?;
        call_of(name)
    });
    // Node: read ECONNRESET, syscall: 'read'
    let node = || {
        let mut words = text
            .split_ascii_whitespace()
            .map(|word| word.trim_matches(['\'', ',', ':']));
        let mut before = words.next()?;
        for word in words {
            if by_name(word).is_some() && call_of(before).is_some() {
                return call_of(before);
            }
            if before == "syscall" {
                return call_of(word);
            }
            before = word;
        }
        None
    };
    if let Some(call) = called {
        let call = Some(call);
        let dialect = low.contains("() failed (").then_some(Dialect::Nginx);
        return Some(Cue { call, dialect });
    }
    if let Some(call) = node() {
        let (call, dialect) = (Some(call), Some(Dialect::Node));
        return Some(Cue { call, dialect });
    }
    // Go's "write tcp ...: write: broken pipe", C's perror("write"): the last word before a colon that is a call's name.
    let mut parts = low.rsplit(": ").skip(1);
    let colon = parts.find_map(|part| call_of(part.rsplit(|c: char| !is_in_name(c)).next()?));
    let known = CALLS.iter().find(|(text, _)| find(low, text).is_some());
    (colon.is_some() || known.is_some()).then(|| Cue {
        call: colon.or(known.and_then(|(_, cue)| cue.call)),
        dialect: known.and_then(|(_, cue)| cue.dialect),
    })
}

/// The call that has that name in C.
fn call_of(name: &str) -> Option<CallClass> {
    Some(match name {
        "read" | "readv" | "recv" | "recvfrom" | "recvmsg" => CallClass::Read,
        "write" | "writev" | "send" | "sendto" | "sendmsg" | "sendfile" => CallClass::Write,
        "connect" => CallClass::Connect,
        "accept" | "accept4" => CallClass::Accept,
        "bind" => CallClass::Bind,
        "listen" => CallClass::Listen,
        "shutdown" => CallClass::Shutdown,
        "close" => CallClass::Close,
        "poll" | "ppoll" | "select" | "epoll_wait" => CallClass::Poll,
        "setsockopt" => CallClass::SetOption,
        "getsockopt" => CallClass::GetOption,
        "socket" => CallClass::Socket,
        _ => return None,
    })
}

/// A language by what surrounds the wording.
fn by_its_looks(text: &str) -> Option<Dialect> {
    const LOOKS: &[(&str, Dialect)] = &[
        ("java.", Dialect::Java),
        ("javax.", Dialect::Java),
        ("Exception", Dialect::Java),
        ("curl: (", Dialect::Curl),
        ("Errno ", Dialect::Python),
        ("Traceback", Dialect::Python),
        ("Error: [", Dialect::Python),
    ];
    LOOKS
        .iter()
        .find(|(look, _)| text.contains(look))
        .map(|(_, dialect)| *dialect)
}

/// The addresses in a line: `10.0.0.1:41822->10.0.0.2:80`, `[::1]:80`.
fn addresses(text: &str) -> Vec<SocketAddr> {
    let words = text.split([' ', '\t', '>', ',', '(', ')', '"', '\'', '/', '=']);
    let trimmed = words.map(|word| word.trim_end_matches([':', ';', '.', '-']));
    trimmed.filter_map(|word| word.parse().ok()).take(2).collect()
}

#[cfg(test)]
mod tests;
