//! The signs in a line: which texts of the tables stand in it, and where. One pass finds all of them, however many texts there are; what
//! the rules ask about a line is answered from them.
//!
//! An automaton (Aho-Corasick) was measured beside this: no faster to go through a line with, and 1 ms to 20 ms to build, where this takes
//! less than 0.1 ms. An answer for one message would have paid for it.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::codes::{self, CodePlace};
use super::is_in_name;
use super::report::{CODE, MANUALS, RESULTS};
use super::system::WINSOCK;
use super::table::{
    CALLS, CARRIERS, HEADLINE, LOOKS, MARKS, ON_FILES, SHAPES, SURE_LOOKS, SYSTEMS, Shape, TEXTS, TOOLS, UNDERSCORED,
};
use super::words::{KINDS, MORE_CALLS, MORE_LOOKS, MORE_OTHERS, OTHERS, Other, STRONG, WEAK, Wording};
use crate::situation::{CONTEXTS, Context};
use finwait_model::errno::Errno;
use finwait_model::hash::QuickMap;

/// A text of a table that is in a line. A number is the row's place in its table, whose first row counts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sign {
    /// A row of `STRONG`.
    Strong(&'static Wording),
    /// A row of `WEAK`.
    Weak(&'static Wording),
    /// A row of `KINDS`.
    Kind(usize),
    /// A row of `TEXTS`.
    Text(Errno),
    /// An errno's name in any case, or the beginning of Windows' name for one.
    Name,
    /// A number of Windows'.
    Winsock(i32),
    /// A row of `MARKS`.
    Mark(usize),
    /// A row of `SHAPES`.
    Shape(Shape),
    /// A row of `OTHERS`.
    Other(&'static Other),
    /// A row of `SYSTEMS`.
    System(usize),
    /// A row of `CARRIERS`.
    Carrier(usize),
    /// A row of `CALLS`.
    Call(usize),
    /// A row of `ON_FILES`.
    OnFile,
    /// A row of `TOOLS`.
    Tool,
    /// A row of `SURE_LOOKS` or, after those, of `LOOKS`.
    Look(usize),
    /// A place where a proxy's code may stand.
    Code(CodePlace),
    /// Words by which a line is written in another form: `HEADLINE`, `UNDERSCORED`.
    Form,
    /// The key under which Node.js prints the call's name.
    Syscall,
    /// A word of what the line says beside its message; in an index of its own.
    Context(Context),
    /// Words by which an error is only spoken of; in an index of their own.
    Mention(Mention),
}

/// The part of a line by which an error in it is only spoken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mention {
    /// A sign of code.
    Code,
    /// The end of a test's line.
    Result,
    /// Words of a manual, or of a list of changes.
    Manual,
}

impl Sign {
    /// Can a line say something because of it? Without any such sign it says nothing that is known.
    const fn may_answer(self) -> bool {
        match self {
            Sign::Strong(_)
            | Sign::Weak(_)
            | Sign::Kind(_)
            | Sign::Text(_)
            | Sign::Name
            | Sign::Winsock(_)
            | Sign::Mark(_)
            | Sign::Shape(_) => true,
            Sign::Other(other) => other.is_error,
            Sign::System(_)
            | Sign::Carrier(_)
            | Sign::Call(_)
            | Sign::OnFile
            | Sign::Tool
            | Sign::Look(_)
            | Sign::Code(_)
            | Sign::Form
            | Sign::Syscall
            | Sign::Context(_)
            | Sign::Mention(_) => false,
        }
    }
}

/// A sign at a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    /// The place where its text begins.
    pub(super) at: usize,
    /// The place where its text ends.
    pub(super) end: usize,
    pub(super) sign: Sign,
}

/// A line, and the signs in it.
pub(super) struct Line<'a> {
    /// The line.
    pub(super) text: &'a str,
    /// The same in small letters, and in the form that the tables are about.
    pub(super) low: String,
    /// The signs, place by place.
    in_text: Vec<Hit>,
    /// The signs in `low`, where it has another form than `text`.
    in_low: Option<Vec<Hit>>,
}

impl<'a> Line<'a> {
    /// Finds the signs in a line.
    pub(super) fn of(text: &'a str) -> Line<'a> {
        let mut low = String::with_capacity(text.len() + PADDING.len());
        low.push_str(text);
        low.make_ascii_lowercase();
        let in_text = signs(&mut low, Some(text));
        let mut in_low = None;
        if in_text.iter().any(|hit| matches!(hit.sign, Sign::Form)) {
            low = low.replace(HEADLINE, "''");
            if low.contains(UNDERSCORED) {
                low = low.replace('_', " ");
            }
            in_low = Some(signs(&mut low, None));
        }
        Line {
            text,
            low,
            in_text,
            in_low,
        }
    }

    /// Can it say something that is known?
    pub(super) fn may_answer(&self) -> bool {
        self.in_text
            .iter()
            .chain(self.in_low())
            .any(|hit| hit.sign.may_answer())
            || codes::code(self, false).is_some()
    }

    /// The signs in the line as it is: also those whose capitals count.
    pub(super) fn in_text(&self) -> &[Hit] {
        &self.in_text
    }

    /// The signs in small letters.
    pub(super) fn in_low(&self) -> &[Hit] {
        self.in_low.as_deref().unwrap_or(&self.in_text)
    }

    /// Returns what `of` makes of the signs in small letters, with their places.
    pub(super) fn all<'b, T: 'b>(
        &'b self,
        of: impl Fn(Sign) -> Option<T> + 'b,
    ) -> impl Iterator<Item = (&'b Hit, T)> + 'b {
        self.in_low().iter().filter_map(move |hit| Some((hit, of(hit.sign)?)))
    }

    /// The first of a table's rows that is among `hits`.
    pub(super) fn first_row(hits: &[Hit], row: impl Fn(Sign) -> Option<usize>) -> Option<usize> {
        hits.iter().filter_map(|hit| row(hit.sign)).min()
    }

    /// Is an errno's name in it, in any case?
    pub(super) fn has_name(&self) -> bool {
        self.in_low().iter().any(|hit| matches!(hit.sign, Sign::Name))
    }
}

/// The signs in a line in small letters.
fn signs(low: &mut String, text: Option<&str>) -> Vec<Hit> {
    let length = low.len();
    low.push_str(PADDING);
    let hits = INDEX.hits(low, text);
    low.truncate(length);
    hits
}

/// The words of `CONTEXTS` in a line in small letters, each as often as it is there. Not in `INDEX`: ordinary lines have such words, too.
pub(super) fn contexts(low: &str) -> impl Iterator<Item = Context> {
    let padded = [low, PADDING].concat();
    let hits = CONTEXT_INDEX.hits(&padded, None);
    hits.into_iter().filter_map(|hit| match hit.sign {
        Sign::Context(context) => Some(context),
        _ => None,
    })
}

/// Returns the parts of a line in small letters by which an error in it is only spoken of. Looked for where there is an error only.
pub(super) fn mentions(low: &str) -> Vec<Mention> {
    let padded = [low, PADDING].concat();
    let hits = MENTION_INDEX.hits(&padded, None);
    let mention = |hit: Hit| match hit.sign {
        Sign::Mention(mention) => Some(mention),
        _ => None,
    };
    hits.into_iter().filter_map(mention).collect()
}

/// The part of a text's surroundings that decides whether it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bounds {
    /// Counts as words of its own.
    Words,
    /// Counts at the beginning of a word.
    Begins,
    /// Counts wherever it stands.
    None,
}

/// A text that is looked for.
#[derive(Debug)]
struct Row {
    text: Cow<'static, str>,
    bounds: Bounds,
    /// Do its capitals count? Else it is in small letters.
    cased: bool,
    sign: Sign,
}

impl Row {
    /// A text in small letters, as words of its own.
    fn words(text: &'static str, sign: Sign) -> Row {
        Row {
            text: Cow::Borrowed(text),
            bounds: Bounds::Words,
            cased: false,
            sign,
        }
    }

    /// A text in small letters, wherever it stands.
    fn anywhere(text: &'static str, sign: Sign) -> Row {
        Row {
            bounds: Bounds::None,
            ..Row::words(text, sign)
        }
    }

    /// Does it count only where a word begins?
    fn begins_a_word(&self) -> bool {
        self.bounds != Bounds::None && self.text.starts_with(is_in_name)
    }

    /// Does the text count at that place, where it stands but for its capitals? `text` is the line with its capitals.
    fn counts_at(&self, at: usize, low: &str, text: Option<&str>) -> bool {
        let (line, wanted) = (low.as_bytes(), self.text.as_bytes());
        let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| IS_IN_NAME[usize::from(*byte)]);
        let begins = || !(is_word(wanted.first()) && is_word(at.checked_sub(1).and_then(|at| line.get(at))));
        let ends = || !(is_word(wanted.last()) && is_word(line.get(at + wanted.len())));
        let has_capitals = || text.is_some_and(|text| text.as_bytes()[at..].starts_with(wanted));
        let stands = match self.bounds {
            Bounds::Words => begins() && ends(),
            Bounds::Begins => begins(),
            Bounds::None => true,
        };
        stands && (!self.cased || has_capitals())
    }
}

/// All texts that are looked for: those of the tables, and the names of errnos.
fn rows() -> impl Iterator<Item = Row> {
    let strong = STRONG.iter().map(|row| Row::words(row.text, Sign::Strong(row)));
    let weak = WEAK.iter().map(|row| Row::words(row.text, Sign::Weak(row)));
    let kinds = KINDS.iter().enumerate().map(|(n, row)| Row {
        cased: true,
        ..Row::words(row.text, Sign::Kind(n))
    });
    let texts = TEXTS.iter().map(|(text, errno)| Row::words(text, Sign::Text(*errno)));
    let names = Errno::NAMED.iter().map(|(_, name)| *name);
    let names = names.chain(["EWOULDBLOCK", "ENOTSUP"]).map(|name| Row {
        text: name.to_ascii_lowercase().into(),
        ..Row::words("", Sign::Name)
    });
    let windows = Row {
        bounds: Bounds::Begins,
        ..Row::words("wsae", Sign::Name)
    };
    let winsock = WINSOCK.iter().map(|(number, _)| Row {
        text: number.to_string().into(),
        ..Row::words("", Sign::Winsock(*number))
    });
    let marks = MARKS
        .iter()
        .enumerate()
        .map(|(n, (text, _))| Row::anywhere(text, Sign::Mark(n)));
    let shapes = SHAPES.iter().map(|(text, shape)| {
        let sign = Sign::Shape(*shape);
        match shape {
            Shape::Numbered | Shape::ClosedBy => Row::anywhere(text, sign),
            Shape::Traced => Row::words(text, sign),
            Shape::Eof => Row {
                cased: true,
                ..Row::words(text, sign)
            },
        }
    });
    let others = OTHERS
        .iter()
        .chain(MORE_OTHERS)
        .map(|row| Row::words(row.text, Sign::Other(row)));
    let systems = SYSTEMS
        .iter()
        .enumerate()
        .map(|(n, (text, ..))| Row::words(text, Sign::System(n)));
    let carriers = CARRIERS
        .iter()
        .enumerate()
        .map(|(n, (text, _))| Row::words(text, Sign::Carrier(n)));
    let calls = MORE_CALLS
        .iter()
        .chain(CALLS)
        .enumerate()
        .map(|(n, (text, _))| Row::words(text, Sign::Call(n)));
    let on_files = ON_FILES.iter().map(|text| Row::words(text, Sign::OnFile));
    let tools = TOOLS.iter().map(|text| Row::words(text, Sign::Tool));
    let looks = SURE_LOOKS
        .iter()
        .chain(LOOKS)
        .chain(MORE_LOOKS)
        .enumerate()
        .map(|(n, (text, _))| Row {
            cased: true,
            ..Row::anywhere(text, Sign::Look(n))
        });
    let codes = codes::signs().map(|(text, place)| Row {
        text: text.into(),
        ..Row::anywhere("", Sign::Code(place))
    });
    let forms = [HEADLINE, UNDERSCORED].map(|text| Row::anywhere(text, Sign::Form));
    strong
        .chain(weak)
        .chain(kinds)
        .chain(texts)
        .chain(names)
        .chain([windows])
        .chain(winsock)
        .chain(marks)
        .chain(shapes)
        .chain(others)
        .chain(systems)
        .chain(carriers)
        .chain(calls)
        .chain(on_files)
        .chain(tools)
        .chain(looks)
        .chain(codes)
        .chain(forms)
        .chain([Row::words("syscall", Sign::Syscall)])
}

/// The number of bytes that a text is found by: the first, in small letters.
const WINDOW: usize = 4;
/// No byte of any text, so often that the last window begins with the line's last byte.
const PADDING: &str = "\0\0\0";

type Window = [u8; WINDOW];

/// The texts by how they begin.
struct TextIndex {
    /// The beginnings of all texts.
    all: Filter,
    /// The beginnings of those that need not begin a word.
    within: Filter,
    /// The texts of each beginning, in the order of the alphabet.
    texts: QuickMap<Window, Vec<Text>>,
    rows: Vec<Row>,
}

/// A text, beside those of the same beginning.
#[derive(Clone, Copy, Debug)]
struct Text {
    /// The number of bytes that it has in common with the text before it.
    common: usize,
    row: usize,
}

static INDEX: LazyLock<TextIndex> = LazyLock::new(|| TextIndex::of(rows()));
static CONTEXT_INDEX: LazyLock<TextIndex> = LazyLock::new(|| {
    let rows = CONTEXTS.iter().flat_map(|(context, words)| {
        words.iter().map(|text| Row {
            bounds: Bounds::Begins,
            ..Row::words(text, Sign::Context(*context))
        })
    });
    TextIndex::of(rows)
});

static MENTION_INDEX: LazyLock<TextIndex> = LazyLock::new(|| {
    let lists = [
        (CODE, Mention::Code),
        (RESULTS, Mention::Result),
        (MANUALS, Mention::Manual),
    ];
    let rows = lists.into_iter().flat_map(|(texts, mention)| {
        texts
            .iter()
            .map(move |text| Row::anywhere(text, Sign::Mention(mention)))
    });
    TextIndex::of(rows)
});

impl TextIndex {
    fn of(rows: impl Iterator<Item = Row>) -> TextIndex {
        let rows: Vec<Row> = rows.collect();
        let mut index = TextIndex {
            all: Filter::default(),
            within: Filter::default(),
            texts: QuickMap::default(),
            rows: Vec::new(),
        };
        let low: Vec<String> = rows.iter().map(|row| row.text.to_ascii_lowercase()).collect();
        let mut sorted: Vec<usize> = (0..rows.len()).collect();
        sorted.sort_by(|a, b| low[*a].cmp(&low[*b]));
        for row in sorted {
            for window in windows_of(&rows[row], &low[row]) {
                index.all.add(window);
                if !rows[row].begins_a_word() {
                    index.within.add(window);
                }
                let texts = index.texts.entry(window).or_default();
                let common = texts.last().map_or(0, |before| {
                    let pairs = low[before.row].bytes().zip(low[row].bytes());
                    pairs.take_while(|(a, b)| a == b).count()
                });
                texts.push(Text { common, row });
            }
        }
        TextIndex { rows, ..index }
    }

    /// Each sign in a line, given in small letters and padded; of those whose capitals count, where `text` is the line as it is.
    fn hits(&self, low: &str, text: Option<&str>) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut filter = &self.all;
        for (at, window) in low.as_bytes().windows(WINDOW).enumerate() {
            let Some(window) = window.first_chunk() else { continue };
            if filter.has(*window)
                && let Some(texts) = self.texts.get(window)
            {
                self.at(texts, at, low, text, &mut hits);
            }
            filter = if IS_IN_NAME[usize::from(window[0])] {
                &self.within
            } else {
                &self.all
            };
        }
        hits
    }

    /// Adds the signs at a place of a line, of the texts that begin as it does there.
    fn at(&self, texts: &[Text], at: usize, low: &str, text: Option<&str>, hits: &mut Vec<Hit>) {
        let rest = &low.as_bytes()[at..];
        // The number of bytes which the line has in common with the text before.
        let mut same = 0;
        for Text { common, row } in texts {
            // With more in common than that, it differs from the line where the one before does; with less, where it differs from that.
            if *common <= same {
                let row = &self.rows[*row];
                let wanted = row.text.as_bytes();
                let pairs = wanted[*common..].iter().zip(&rest[*common..]);
                same = *common
                    + pairs
                        .take_while(|(wanted, byte)| wanted.eq_ignore_ascii_case(byte))
                        .count();
                if same == wanted.len() && row.counts_at(at, low, text) {
                    let (end, sign) = (at + wanted.len(), row.sign);
                    hits.push(Hit { at, end, sign });
                }
            }
        }
    }
}

/// The bytes that may be in a name.
const IS_IN_NAME: [bool; 256] = {
    let mut is = [false; 256];
    let mut byte = 0;
    while byte < is.len() {
        is[byte] = is_in_name(byte as u8 as char);
        byte += 1;
    }
    is
};

/// The number of bits of a filter: 8 kB, which stay in the processor's first cache.
const FILTER: usize = 1 << 16;

/// A bit for each beginning, by its hash: most places of most lines are passed over with one look at it.
struct Filter(Box<[u64; FILTER / 64]>);

impl Default for Filter {
    fn default() -> Filter {
        Filter(Box::new([0; FILTER / 64]))
    }
}

impl Filter {
    fn add(&mut self, window: Window) {
        let (word, bit) = Filter::place_of(window);
        self.0[word] |= bit;
    }

    fn has(&self, window: Window) -> bool {
        let (word, bit) = Filter::place_of(window);
        self.0[word] & bit != 0
    }

    /// The word, and the bit in it.
    const fn place_of(window: Window) -> (usize, u64) {
        let hash = u32::from_le_bytes(window).wrapping_mul(0x9e37_79b1) >> 16;
        (hash as usize / 64, 1 << (hash % 64))
    }
}

/// The beginnings that a text is found by: its own; of a shorter text with each byte that may follow.
fn windows_of(row: &Row, low: &str) -> Vec<Window> {
    if let Some(window) = low.as_bytes().first_chunk() {
        return vec![*window];
    }
    let may_follow = |byte: &u8| row.bounds != Bounds::Words || !is_in_name(char::from(*byte));
    let after = (0..=u8::MAX).filter(may_follow);
    after
        .filter_map(|byte| [low.as_bytes(), &[byte]].concat().try_into().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_found_at_the_beginning_in_the_middle_and_at_the_end() {
        let mut texts = 0;
        for (n, row) in rows().enumerate() {
            let text: &str = &row.text;
            for (before, after) in [("", ""), ("", " x"), ("x ", ""), ("x (", ") x")] {
                let line = format!("{before}{text}{after}");
                let hits = signs(&mut line.to_ascii_lowercase(), Some(&line));
                let found = |hit: &&Hit| (hit.at, hit.end) == (before.len(), before.len() + text.len());
                let count = hits.iter().filter(found).count();
                assert!(count >= 1, "row {n}: {line:?}");
            }
            texts += 1;
        }
        assert!(texts > 600, "{texts}");
    }

    #[test]
    fn every_text_of_a_mention_is_found() {
        let lists = [
            (CODE, Mention::Code),
            (RESULTS, Mention::Result),
            (MANUALS, Mention::Manual),
        ];
        for (texts, mention) in lists {
            for text in texts {
                for line in [text.to_string(), format!("x{text}x")] {
                    assert!(mentions(&line).contains(&mention), "{line:?}");
                }
            }
        }
    }

    #[test]
    fn a_text_within_a_word_is_none() {
        for line in ["default", "theof", "eofx", "preconnection refused"] {
            assert!(!Line::of(line).may_answer(), "{line}");
        }
        for line in ["efault", "read: EOF", "(connection refused)", "WSAEFAULT"] {
            assert!(Line::of(line).may_answer(), "{line}");
        }
    }

    #[test]
    fn an_ordinary_line_does_not_reach_the_rules() {
        let lines = [
            "10.0.0.7 - - [30/Nov/2026:06:00:00 +0000] \"GET /static/js/app.js HTTP/1.1\" 200 5123 \"-\" \"Mozilla/5.0\"",
            "INFO  [main] o.s.b.w.embedded.tomcat.TomcatWebServer : Tomcat started on port(s): 8080 (http) with default context path",
            "level=info msg=\"connection from 10.0.0.7:4000 accepted\" took=12ms",
            "user logged in, session closed in an orderly way; reading the next request, no error",
        ];
        let reach = lines.iter().filter(|line| Line::of(line).may_answer());
        assert_eq!(reach.count(), 0);
    }
}
