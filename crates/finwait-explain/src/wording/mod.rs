//! Recognizes what a line of text says: the errno, the end of a stream, a deadline or a socket closed by ourselves, in any of the
//! wordings of `table`, and the call, the addresses and the language where the line has them.
//!
//! Pure, and safe with any text: what comes out is made of our own words and of addresses that were parsed. Three kinds of sign are
//! looked for, the surest first: a library's own words (`read timed out` is Java's deadline, whatever errno stands beside it), then
//! an errno by number, name or text, then words that leave the errno open (`TimeoutError`).

use serde::Serialize;
use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use super::rules::{CallClass, RuleId, RuleOutcome};
use super::situation::SituationId;
use finwait_model::errno::Errno;

mod address;
mod call;
mod carrier;
mod codes;
mod context;
mod errno;
mod facts;
mod line;
mod log;
mod report;
mod signs;
mod strace;
mod system;
mod table;
mod words;

use address::Ends;
pub(crate) use address::logged_ends;
use call::{call_of, cue};
pub use carrier::Carrier;
use codes::CodeMatch;
pub use context::LineContext;
use errno::{by_name, errno};
pub use facts::{Facts, Family, Port};
pub use line::LineScanner;
pub use log::LogScanner;
pub(crate) use report::{HEADS, PAST};
use signs::{Hit, Line, Sign};
pub use system::System;
use table::{
    ADDRESSES, AddressHint, Cue, FILES, FILTERS, LOOKS, NO_SOCKETS, SHARED, SOCKETS, SURE_LOOKS, Shape, TEXTS,
};
pub use words::{Dialect, SomethingElse};
use words::{KINDS, MORE_LOOKS, Other, STRONG, WEAK, WHOLE, Wording, remark};

/// The most bytes of a text that are looked at at once: no message is longer. `LineScanner` goes through a longer text in such parts.
pub const LONGEST: usize = 4096;

/// The subject of a message.
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
    /// A write after the peer's FIN, to which the library had ended our direction as well.
    EndedByPeer,
    /// A call on our own direction, which the program itself had ended.
    EndedByUs,
    /// A call on a connection that the library had given up: the program closed it, or an error came before.
    Destroyed,
    /// A call on a socket of which the library knows no connection.
    Unconnected,
}

impl Subject {
    /// The outcome that a rule must give to be a cause of it; of a library's own words what the kernel would have said, had it been asked.
    pub const fn gives(self) -> RuleOutcome {
        match self {
            Subject::Errno(errno) => RuleOutcome::Errno(errno),
            Subject::Eof => RuleOutcome::Eof,
            Subject::Deadline => RuleOutcome::Deadline,
            Subject::Closed => RuleOutcome::Errno(Errno::EBADF),
            Subject::EndedByPeer | Subject::EndedByUs | Subject::Destroyed | Subject::Unconnected => {
                RuleOutcome::Errno(Errno::EPIPE)
            }
        }
    }

    /// The rules that the kernel's answer falls under, of what a library says by itself; none of what the kernel said.
    pub const fn beside(self) -> Option<&'static [RuleId]> {
        Some(match self {
            Subject::Errno(_) | Subject::Eof | Subject::Deadline => return None,
            Subject::Closed => &[RuleId::DescriptorClosed],
            Subject::EndedByPeer => &[RuleId::ResetInCloseWait],
            Subject::EndedByUs => &[RuleId::FinSent, RuleId::ShutdownOver],
            Subject::Destroyed => &[RuleId::ErrorTold, RuleId::DescriptorClosed, RuleId::ShutdownOver],
            Subject::Unconnected => &[
                RuleId::WriteUnconnected,
                RuleId::ReadUnconnected,
                RuleId::ShutdownReadUnconnected,
                RuleId::ShutdownWriteUnconnected,
                RuleId::ShutdownBothUnconnected,
            ],
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Subject::Errno(errno) => return f.pad(&errno.name()),
            Subject::Eof => "EOF",
            Subject::Deadline => "deadline exceeded",
            Subject::Closed => "closed by ourselves",
            Subject::EndedByPeer => "ended by the peer",
            Subject::EndedByUs => "ended by ourselves",
            Subject::Destroyed => "destroyed",
            Subject::Unconnected => "not connected",
        })
    }
}

/// What a line is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineMeaning {
    /// A message about a socket, or what is said of it elsewhere
    Message(WordingMatch),
    /// An error that is about no socket
    SomethingElse(SomethingElse),
}

impl LineMeaning {
    /// Returns the message.
    pub fn message(self) -> Option<WordingMatch> {
        match self {
            LineMeaning::Message(found) => Some(found),
            LineMeaning::SomethingElse(_) => None,
        }
    }
}

/// The finding in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WordingMatch {
    /// The subject.
    pub subject: Subject,
    /// The call that failed, where the line names it.
    pub call: Option<CallClass>,
    /// The language or program whose words they are, where that is known.
    pub dialect: Option<Dialect>,
    /// Our own address and the peer's, where the line has them as a pair; else the one it is about, if that is clear.
    pub addresses: Vec<SocketAddr>,
    /// The facts of the address, by which some rules cannot be the cause.
    pub facts: Facts,
    /// The operating system that speaks, where the words show that it is not Linux.
    pub system: Option<System>,
    /// The situations that this very wording is printed in, the likeliest first.
    pub hints: &'static [SituationId],
    /// A remark on this very wording, in one sentence.
    pub remark: Option<&'static str>,
    /// The carrier of the bytes: what is known of TCP applies to nothing else.
    pub carrier: Carrier,
    /// What the line says beside it.
    pub context: LineContext,
}

impl WordingMatch {
    /// Does the line say only that a connect failed, so that its errno is the most frequent one, and not the one that was met?
    pub fn is_any_failed_connect(&self) -> bool {
        self.remark == Some(remark::ANY_FAILED_CONNECT)
    }

    /// Is it Windows' wording? There an errno of the same name has other causes.
    pub fn is_windows(&self) -> bool {
        self.system == Some(System::Windows)
    }
}

/// Recognizes a text by itself; none when it has no wording that is known.
pub fn recognize(text: &str) -> Option<WordingMatch> {
    said(text, true).and_then(LineMeaning::message)
}

/// Recognizes a text: alone, or a line among others, where a bare number or `EOF` may be anything.
fn said(text: &str, alone: bool) -> Option<LineMeaning> {
    let text = plain(cut(text.trim(), LONGEST));
    let line = Line::of(text.trim());
    // Most lines of a log end here. Alone a text may be a number, or a word that is too common elsewhere.
    (alone || line.may_answer()).then(|| answer(&line, alone))?
}

/// The message that counts in a line.
struct Told {
    subject: Subject,
    dialect: Option<Dialect>,
    call: Option<CallClass>,
    system: Option<System>,
    hints: &'static [SituationId],
    remark: Option<&'static str>,
    /// The place of its words in the line.
    place: Option<Range<usize>>,
    /// Are its words plain English, which may stand in any sentence?
    is_plain: bool,
}

impl Told {
    /// A message of which only the subject is known.
    const fn of(subject: Subject) -> Told {
        Told {
            subject,
            dialect: None,
            call: None,
            system: None,
            hints: &[],
            remark: None,
            place: None,
            is_plain: false,
        }
    }

    /// The message of a wording that is in the line, in small letters.
    fn by(wording: &Wording, low: &str) -> Told {
        Told {
            subject: wording.subject,
            dialect: wording.dialect,
            call: wording.call,
            system: wording.system,
            hints: wording.hints,
            remark: wording.remark,
            // In `KINDS` capitals count, which `low` has not.
            place: low
                .find(wording.text.to_ascii_lowercase().as_str())
                .map(|at| at..at + wording.text.len()),
            is_plain: false,
        }
    }

    /// Is the error only spoken of in the line? Who asks about it by itself gets an answer.
    fn is_mention(&self, line: &Line<'_>, alone: bool) -> bool {
        let place = self
            .place
            .as_ref()
            .filter(|_| !(alone && report::is_question(&line.low)));
        place.is_some_and(|place| report::is_mention(line, place, self.is_plain))
    }
}

/// Holds a line against the rules.
fn answer(line: &Line<'_>, alone: bool) -> Option<LineMeaning> {
    let (text, low) = (line.text, line.low.as_str());
    if let Some(traced) = strace::traced(text) {
        return traced.found(line, alone).map(LineMeaning::Message);
    }
    let system = System::of(line.in_low(), low);
    let told = told(line, alone, system).filter(|told| !told.is_mention(line, alone));
    if let Some(other) = other(line.in_low(), low)
        && (told.is_some() || other.is_error)
    {
        return Some(LineMeaning::SomethingElse(other.what));
    }
    let code = codes::code(line, alone);
    if let Some(other) = code.as_ref().and_then(CodeMatch::other)
        && (told.is_some() || other.is_error())
    {
        return Some(LineMeaning::SomethingElse(other));
    }
    // An errno, or words, beside a code go first.
    let code = code.filter(|_| told.is_none());
    let told = told.or_else(|| code.as_ref().and_then(CodeMatch::told));
    let told = told?;
    let subject = told.subject;
    let cue = cue(line);
    // The stream ends for whoever reads: another call that the line names is not the one that saw it.
    let fits = |call: &CallClass| subject != Subject::Eof || *call == CallClass::Read;
    let is_one_of = |errnos: &[Errno]| matches!(subject, Subject::Errno(errno) if errnos.contains(&errno));
    let of_file = !is_one_of(SOCKETS) && Carrier::told(line) == Carrier::File;
    // Whoever reads and writes may do that with a file, and a program waits in other places than in a call.
    let is_of_it = |cue: &Cue| {
        let reads = matches!(cue.call, Some(CallClass::Read | CallClass::Write));
        !cue.is_general
            || matches!(subject, Subject::Errno(errno) if fits_errno(cue.call, errno)) && !(reads && of_file)
    };
    let by_cue = cue.as_ref().filter(|cue| is_of_it(cue)).and_then(|cue| cue.call);
    let call = told.call.or(by_cue).filter(fits);
    let call = match (subject, cue.as_ref()) {
        // What fails on a listener, after it listens.
        (Subject::Errno(Errno::ECONNABORTED), Some(cue)) if cue.is_general && cue.call == Some(CallClass::Bind) => {
            Some(CallClass::Accept)
        }
        _ => call,
    };
    if !alone && call.is_none() && is_one_of(FILES) {
        return None;
    }
    let carrier = if is_one_of(SOCKETS) {
        Carrier::of_socket(line)
    } else {
        Carrier::told(line)
    };
    let is_of_a_pipeline = told.hints.first() == Some(&SituationId::SigpipeInAPipeline);
    // The errno's text with more around it, and no call of a socket's.
    let more = || {
        told.place
            .as_ref()
            .is_some_and(|place| place.len() < low.len() || told.is_plain)
    };
    let carrier = match carrier {
        Carrier::Tcp if call.is_none() && is_one_of(NO_SOCKETS) && more() => Carrier::File,
        Carrier::Tcp if call.is_none() && is_one_of(&[Errno::EACCES, Errno::EPERM]) && is_of_a_tool(low) => {
            Carrier::File
        }
        Carrier::Tcp if subject == Subject::Errno(Errno::EPIPE) && is_of_a_filter(low) => Carrier::Pipe,
        // A shell's words for a program that SIGPIPE ended.
        Carrier::Tcp if is_of_a_pipeline => Carrier::Pipe,
        // What it reads is a file, whatever that stands on.
        Carrier::Tcp if matches!(subject, Subject::Errno(_)) && is_of_a_filter(low) => Carrier::File,
        carrier => carrier,
    };
    let dialect = dialect(line, told.dialect, cue.and_then(|cue| cue.dialect));
    let Ends { addresses, has_zone } = match code {
        Some(CodeMatch { peer, .. }) => Ends {
            addresses: peer.into_iter().collect(),
            has_zone: false,
        },
        None => Ends::of(low, told.place),
    };
    let facts = match addresses.last() {
        Some(to) => Facts::of(Some(*to), has_zone, dialect),
        None => Facts {
            number: address::port_alone(low),
            ..Facts::default()
        },
    };
    let of_address = || match (subject, call, addresses.last()) {
        (Subject::Errno(errno), Some(CallClass::Connect), Some(to)) => of_address(errno, to.ip()),
        _ => None,
    };
    let is_dart = dialect == Some(Dialect::Dart) && low.contains(", port = ");
    let of_dart = is_dart.then_some(remark::DART_PORT);
    let hints = match subject {
        Subject::Errno(errno) if told.hints.is_empty() => facts.hints(errno, call),
        _ => told.hints,
    };
    let system = match (told.system, system) {
        // The numbers are those of all BSDs: the words beside them may say which.
        (Some(System::Bsd), Some(system)) if system.has_bsd_numbers() => Some(system),
        // Linux never says so: inet_csk_accept hands a connection out that was reset.
        (None, None)
            if subject == Subject::Errno(Errno::ECONNABORTED)
                && call == Some(CallClass::Accept)
                && !low.contains("103") =>
        {
            Some(System::Bsd)
        }
        (told, system) => told.or(system),
    };
    Some(LineMeaning::Message(WordingMatch {
        subject,
        call,
        dialect,
        system,
        hints,
        remark: match is_of_a_pipeline {
            true => told.remark,
            false => carrier.remark().or(told.remark).or(of_dart).or_else(of_address),
        },
        addresses,
        facts,
        carrier,
        context: LineContext::of(low),
    }))
}

/// Can that call, which only general words name, have that errno? Who says that a request could not be sent may have been refused by
/// connect.
fn fits_errno(call: Option<CallClass>, errno: Errno) -> bool {
    const OF_BIND: [Errno; 6] = [
        Errno::EADDRINUSE,
        Errno::EADDRNOTAVAIL,
        Errno::EACCES,
        Errno::EPERM,
        Errno::EINVAL,
        Errno::EAFNOSUPPORT,
    ];
    const OF_CONNECTION: [Errno; 9] = [
        Errno::ECONNRESET,
        Errno::ETIMEDOUT,
        Errno::ECONNABORTED,
        Errno::ENOTCONN,
        Errno::EAGAIN,
        Errno::EBADF,
        Errno::EINTR,
        Errno::ENOBUFS,
        Errno::EPROTOTYPE,
    ];
    match call {
        Some(CallClass::Bind) => OF_BIND.contains(&errno),
        Some(CallClass::Read) => OF_CONNECTION.contains(&errno),
        Some(CallClass::Write) => errno == Errno::EPIPE || OF_CONNECTION.contains(&errno),
        Some(CallClass::Connect | CallClass::Accept) => errno != Errno::EPIPE,
        _ => true,
    }
}

/// Is a line what a tool says of a file: its name, what it was about, the error's text, and no word of a network? `bash: ./run.sh:
/// Permission denied`
fn is_of_a_tool(low: &str) -> bool {
    let parts = clauses(low).count();
    parts == 3 && !low.contains("error") && !report::OF_NETWORK.iter().any(|word| low.contains(word))
}

/// Does a line begin with a program's name that filters what comes through pipes? `/usr/bin/sort: write failed: Broken pipe`
fn is_of_a_filter(low: &str) -> bool {
    let name = low.split(':').next().unwrap_or_default();
    FILTERS.contains(&name.rsplit('/').next().unwrap_or(name))
}

/// The message that counts in a line: a library's own words, then an errno, then what leaves it open.
fn told(line: &Line<'_>, alone: bool, system: Option<System>) -> Option<Told> {
    let low = line.low.as_str();
    let strong = longest(line, |sign| match sign {
        Sign::Strong(wording) => Some(wording),
        _ => None,
    });
    if let Some(wording) = strong {
        let told = Told::by(wording, low);
        // The number beside the words may say whose system it is: Node.js' "listen EACCES", "errno: -4092".
        let by_number = || match told.subject {
            Subject::Errno(said) => errno(line, alone, system).filter(|told| told.errno == said)?.system,
            _ => None,
        };
        let system = told.system.or_else(by_number);
        return Some(Told { system, ..told });
    }
    if let Some(told) = errno(line, alone, system) {
        let place = place(line, told.errno);
        return Some(Told {
            dialect: told.dialect,
            system: told.system,
            remark: told.remark,
            is_plain: place.as_ref().is_some_and(|place| low[place.clone()].contains(' ')),
            place,
            ..Told::of(Subject::Errno(told.errno))
        });
    }
    let weak = longest(line, |sign| match sign {
        Sign::Weak(wording) => Some(wording),
        _ => None,
    });
    if let Some(wording) = weak {
        let is_plain = wording.dialect.is_none() && wording.with.is_none();
        return Some(Told {
            is_plain,
            ..Told::by(wording, low)
        });
    }
    let whole = || WHOLE.iter().find(|wording| alone && wording.text == low);
    if let Some(wording) = kind(line).or_else(whole) {
        return Some(Told::by(wording, low));
    }
    if closed_by_address(low) {
        return Some(Told {
            dialect: Some(Dialect::Openssh),
            ..Told::of(Subject::Eof)
        });
    }
    end_of_file(line).then(|| Told::of(Subject::Eof))
}

/// Whose words they are: the message's, unless several have the same and the line shows surer whose; those beside it; by their looks.
fn dialect(line: &Line<'_>, told: Option<Dialect>, beside: Option<Dialect>) -> Option<Dialect> {
    let looks = by_its_looks(line);
    let surely = looks
        .filter(|(row, _)| *row < SURE_LOOKS.len())
        .map(|(_, dialect)| dialect);
    let is_shared = told.is_none_or(|told| SHARED.contains(&told));
    let own = told.filter(|_| !(is_shared && surely.is_some()));
    own.or(surely).or(beside).or(looks.map(|(_, dialect)| dialect))
}

/// The subject of a text that is about no socket: a name, TLS, a parser, a process; none where it may be a socket.
pub fn something_else(text: &str) -> Option<SomethingElse> {
    let text = plain(cut(text.trim(), LONGEST));
    let line = Line::of(&text);
    let other = other(line.in_low(), &line.low).map(|other| other.what);
    other.or_else(|| codes::code(&line, true)?.other())
}

fn other(hits: &[Hit], low: &str) -> Option<&'static Other> {
    hits.iter().find_map(|hit| match hit.sign {
        Sign::Other(other) if !other.unless.iter().any(|unless| low.contains(unless)) => Some(other),
        _ => None,
    })
}

/// Does a remark only say that the words are another system's?
pub fn is_of_system(remark: &str) -> bool {
    [remark::WINDOWS, remark::WINDOWS_ABORTED, remark::ELSEWHERE].contains(&remark)
}

/// How alike two texts are, of 0 to 1, so that one may be meant by the other.
const NEAR: f64 = 0.6;

/// Returns the words of an error that a text speaks of without reporting it, in the text's own letters; none where it speaks of none.
pub fn mentioned(text: &str) -> Option<String> {
    let text = plain(cut(text.trim(), LONGEST));
    let line = Line::of(text.trim());
    let told = told(&line, true, System::of(line.in_low(), &line.low))?;
    let place = told.place.clone().filter(|_| told.is_mention(&line, true))?;
    line.text.get(place).map(str::to_owned)
}

/// The wording that is nearest to a text without a known one; none when nothing is near.
pub fn nearest(text: &str) -> Option<&'static str> {
    let low = cut(text, 200).trim().to_ascii_lowercase();
    let last = low.rsplit(": ").next().unwrap_or(&low).to_owned();
    let names = Errno::NAMED.iter().map(|(_, name)| *name);
    let words = STRONG.iter().chain(WEAK).map(|wording| wording.text);
    let texts = TEXTS.iter().map(|(text, _)| *text);
    let texts_of_it = if last == low { vec![low] } else { vec![low, last] };
    let mut nearest = None;
    let mut best = NEAR;
    for known in names.chain(words).chain(texts) {
        for text in &texts_of_it {
            let lengths = [text.as_str(), known].map(|text| text.chars().count());
            // What one has more than the other has to be left out: most are too long or too short, whatever stands in them.
            if (lengths[0].min(lengths[1]) as f64) < best * lengths[0].max(lengths[1]) as f64 {
                continue;
            }
            let likeness = strsim::normalized_damerau_levenshtein(text, &known.to_ascii_lowercase());
            if likeness >= best {
                (best, nearest) = (likeness, Some(known));
            }
        }
    }
    nearest
}

/// The first `most` bytes, to the end of a character.
fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Returns `text` without the colours that a log may have (CSI sequences), and with blanks for all else that is no character, also where
/// it is written as in JSON: `\n`.
fn plain(text: &str) -> Cow<'_, str> {
    // The first byte of U+0080 to U+009F is that of some letters, too.
    let may_change = |byte: u8| matches!(byte, 0..b' ' | b'\\' | 0x7f | 0xc2);
    // Most lines have nothing of all that; without an early end, many bytes are looked at in one step.
    if !text.bytes().fold(false, |found, byte| found | may_change(byte)) {
        return text.into();
    }
    let (mut plain, mut rest) = (String::with_capacity(text.len()), text);
    loop {
        let next = rest.bytes().position(may_change).unwrap_or(rest.len());
        plain.push_str(&rest[..next]);
        let mut chars = rest[next..].chars();
        let Some(c) = chars.next() else { break };
        if c == '\u{1b}' && chars.as_str().starts_with('[') {
            let is_final = |c: char| ('@'..='~').contains(&c);
            let _ = chars.by_ref().skip(1).find(|c| is_final(*c));
        } else if c == '\\' && chars.as_str().starts_with(['n', 'r', 't']) {
            chars.next();
            plain.push_str("  ");
        } else {
            plain.push(if c.is_control() { ' ' } else { c });
        }
        rest = chars.as_str();
    }
    plain.into()
}

/// Returns where `needle` first is in `text` as words of its own.
fn find(text: &str, needle: &str) -> Option<usize> {
    places(text, needle).next()
}

/// All places where it does.
fn places<'a>(text: &'a str, needle: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let (bytes, wanted) = (text.as_bytes(), needle.as_bytes());
    let whole = move |at: usize| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(at + wanted.len());
        !(is_word(wanted.first()) && is_word(before) || is_word(wanted.last()) && is_word(after))
    };
    text.match_indices(needle)
        .map(|(at, _)| at)
        .filter(move |at| whole(*at))
}

/// The parts of a line between colons that a blank follows, the last first.
fn clauses(low: &str) -> impl Iterator<Item = &str> {
    let mut left = Some(low);
    std::iter::from_fn(move || {
        let text = left?;
        let mut colons = text.rmatch_indices(':').map(|(at, _)| at);
        let clause = colons.find_map(|at| Some((at, text[at + 1..].strip_prefix(' ')?)));
        left = clause.map(|(at, _)| &text[..at]);
        Some(clause.map_or(text, |(_, clause)| clause))
    })
}

const fn is_in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Returns where an errno's name or text is in a line.
fn place(line: &Line<'_>, errno: Errno) -> Option<Range<usize>> {
    let named = || {
        let name = errno.name().to_ascii_lowercase();
        let at = find(&line.low, &name)?;
        Some(at..at + name.len())
    };
    let is_text = |sign| matches!(sign, Sign::Text(of) if of == errno).then_some(());
    let text = line.all(is_text).next().map(|(hit, ())| hit.at..hit.end);
    text.or_else(named)
}

/// The longest of the wordings in a line: it says the most.
fn longest(line: &Line<'_>, of: impl Fn(Sign) -> Option<&'static Wording>) -> Option<&'static Wording> {
    let low = &line.low;
    let fits = |hit: &Hit, wording: &Wording| {
        let after = || low[hit.end..].trim_start().bytes().next();
        wording.with.is_none_or(|with| low.contains(with))
            && !wording.unless.is_some_and(|unless| low.contains(unless))
            && !(wording.ends && after().is_some_and(|byte| byte.is_ascii_alphanumeric()))
    };
    let found = line.all(of).filter(|(hit, wording)| fits(hit, wording));
    found
        .map(|(_, wording)| wording)
        .max_by_key(|wording| wording.text.len())
}

/// A name from `io::ErrorKind`, as Rust's `Debug` prints it.
fn kind(line: &Line<'_>) -> Option<&'static Wording> {
    let row = Line::first_row(line.in_text(), |sign| match sign {
        Sign::Kind(row) => Some(row),
        _ => None,
    });
    row.map(|row| &KINDS[row])
}

/// `EOF`, as a word that ends the line, or that a colon or a quote comes before and no word after, or as a value (`err=EOF`): elsewhere
/// it may be anything, and ends a here-document.
fn end_of_file(line: &Line<'_>) -> bool {
    let text = line.text;
    let first = line
        .in_text()
        .iter()
        .find(|hit| matches!(hit.sign, Sign::Shape(Shape::Eof)));
    first.is_some_and(|Hit { at, .. }| {
        let at = *at;
        let (before, after) = (&text[..at], text[at + 3..].trim_start());
        let is_word = |c: char| c.is_ascii_alphanumeric();
        let told = before.ends_with(": ") || before.ends_with(['"', '\'']);
        let ends = after.is_empty() || before.ends_with('=') || told && !after.starts_with(is_word);
        let is_comment = ["#", "//", "--"].iter().any(|sign| text.starts_with(sign));
        !before.is_empty() && !before.contains("<<") && !is_comment && ends
    })
}

/// OpenSSH: "Connection closed by 10.0.0.2 port 22", "Connection closed by invalid user root 10.0.0.2 port 22".
fn closed_by_address(low: &str) -> bool {
    const USERS: [&str; 2] = ["invalid user ", "authenticating user "];
    let mut parts = low.split("connection closed by ").skip(1);
    parts.any(|part| {
        let user = USERS.iter().find_map(|who| part.strip_prefix(who)?.split_once(' '));
        let who = user.map_or(part, |(_, rest)| rest).split(' ').next();
        who.is_some_and(|who| who.parse::<IpAddr>().is_ok())
    })
}

/// A language by what surrounds the wording, with its row.
fn by_its_looks(line: &Line<'_>) -> Option<(usize, Dialect)> {
    let row = Line::first_row(line.in_text(), |sign| match sign {
        Sign::Look(row) => Some(row),
        _ => None,
    });
    let (_, dialect) = SURE_LOOKS.iter().chain(LOOKS).chain(MORE_LOOKS).nth(row?)?;
    Some((row?, *dialect))
}

/// A remark where connect to that address gave that errno.
fn of_address(errno: Errno, to: IpAddr) -> Option<&'static str> {
    let is = |address| match address {
        AddressHint::Loopback6 => to.is_loopback() && to.is_ipv6(),
        AddressHint::Loopback => to.is_loopback(),
        AddressHint::Ipv6 => to.is_ipv6(),
    };
    let (_, _, remark) = ADDRESSES.iter().find(|(of, address, _)| *of == errno && is(*address))?;
    Some(*remark)
}

#[cfg(test)]
mod tests;
