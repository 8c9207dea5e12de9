//! The part that the two Rust endpoints share: lines of JSON, requests, and replies. docs/endpoint-protocol.md says how.
//!
//! It needs nothing but std, from Rust 1.65 on: `rustc` alone compiles it.

// Each of the two uses what it needs.
#![allow(dead_code)]

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::io::{self, BufRead, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::raw::{c_int, c_long};
use std::process::exit;
use std::sync::Mutex;
use std::time::Duration;

const VERSION: u32 = 2; // of the protocol
pub const MOST: usize = 64 << 20; // bytes in one read or write
const LONGEST_LINE: usize = 2 * MOST + (64 << 10); // the longest write in hexadecimal, and what is around it
const KEPT: usize = 1024; // of the bytes that were read, so many are told
const SHOWN: usize = 32; // of the bytes to write, so many are shown
const DEEPEST: usize = 64; // of values within values
const LONGEST_DEADLINE: i64 = u32::MAX as i64; // in milliseconds

/// The options that finwait asks for.
pub const OPTIONS: [&str; 18] = [
    "SO_LINGER",
    "SO_REUSEADDR",
    "SO_REUSEPORT",
    "TCP_NODELAY",
    "TCP_CORK",
    "SO_KEEPALIVE",
    "TCP_KEEPIDLE",
    "TCP_KEEPINTVL",
    "TCP_KEEPCNT",
    "TCP_USER_TIMEOUT",
    "TCP_SYNCNT",
    "TCP_DEFER_ACCEPT",
    "SO_RCVBUF",
    "SO_SNDBUF",
    "SO_RCVTIMEO",
    "SO_SNDTIMEO",
    "O_NONBLOCK",
    "TCP_LINGER2",
];

/// An end of a request without a call that was made.
pub enum Stop {
    /// The line makes no sense; one sentence.
    Refused(String),
    /// The library has no such call; the reason.
    Unsupported(String),
}

pub fn refuse<T>(why: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Refused(why.into()))
}

pub fn unsupported<T>(why: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Unsupported(why.into()))
}

/// The outcome of a call, in JSON, and what a programmer sees of it.
pub struct Outcome {
    json: String,
    said: Option<String>,
}

impl Outcome {
    /// Success, with a value in JSON.
    pub fn ok(value: impl AsRef<str>) -> Outcome {
        Outcome {
            json: format!(r#"{{"ok":{}}}"#, value.as_ref()),
            said: None,
        }
    }

    pub fn done() -> Outcome {
        Outcome::ok(r#""done""#)
    }

    pub fn later() -> Outcome {
        Outcome::ok(r#""later""#)
    }

    pub fn descriptor(fd: c_int, peer: Option<SocketAddr>) -> Outcome {
        let peer = peer.map_or(String::new(), |peer| format!(r#","peer":"{peer}""#));
        Outcome::ok(format!(r#"{{"descriptor":{{"fd":{fd}{peer}}}}}"#))
    }

    pub fn read(data: &[u8]) -> Outcome {
        let mut hex = String::new();
        for byte in &data[..data.len().min(KEPT)] {
            let _ = write!(hex, "{byte:02x}");
        }
        let n = data.len();
        let ok = Outcome::ok(format!(r#"{{"read":{{"n":{n},"data":"{hex}"}}}}"#));
        if n == 0 {
            ok.saying("Ok(0)")
        } else {
            ok
        }
    }

    pub fn written(n: usize) -> Outcome {
        Outcome::ok(format!(r#"{{"written":{{"n":{n}}}}}"#))
    }

    /// The error that take_error gives.
    pub fn pending(error: Option<io::Error>) -> Outcome {
        match error.as_ref().map(|error| (error, error.raw_os_error())) {
            Some((error, Some(errno))) => {
                Outcome::ok(format!(r#"{{"pending-error":{{"error":{errno}}}}}"#)).saying(format!("Some({error:?})"))
            }
            _ => Outcome::ok(r#"{"pending-error":{"error":null}}"#),
        }
    }

    pub fn readings(readings: &[(&str, i64)]) -> Outcome {
        let one = |(option, value): &(&str, i64)| format!(r#"{{"option":"{option}","value":{value}}}"#);
        let all: Vec<String> = readings.iter().map(one).collect();
        Outcome::ok(format!(r#"{{"options":{{"readings":[{}]}}}}"#, all.join(",")))
    }

    /// An error as `{:?}` prints it, in `unwrap`'s panic and `main`'s last words. One without an errno is the library's own.
    pub fn failed(error: &io::Error) -> Outcome {
        let json = match error.raw_os_error() {
            Some(errno) => format!(r#"{{"err":{errno}}}"#),
            None => format!(r#"{{"library":"{:?}"}}"#, error.kind()),
        };
        Outcome {
            json,
            said: Some(format!("{error:?}")),
        }
    }

    pub fn library(name: &str, said: impl Into<String>) -> Outcome {
        Outcome {
            json: format!(r#"{{"library":{}}}"#, quote(name)),
            said: Some(said.into()),
        }
    }

    pub fn deadline(written: usize, said: impl Into<String>) -> Outcome {
        Outcome {
            json: format!(r#"{{"deadline-exceeded":{{"written":{written}}}}}"#),
            said: Some(said.into()),
        }
    }

    pub fn of(result: io::Result<Outcome>) -> Outcome {
        result.unwrap_or_else(|error| Outcome::failed(&error))
    }

    fn saying(self, said: impl Into<String>) -> Outcome {
        Outcome {
            said: Some(said.into()),
            ..self
        }
    }
}

// --- JSON ---

enum Json {
    Null,
    Bool,
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(HashMap<String, Json>),
}

/// A place in a line; each method is None where the line is not JSON.
struct Parser<'a> {
    line: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn byte(&self) -> u8 {
        *self.line.as_bytes().get(self.at).unwrap_or(&b'\0')
    }

    fn skip_space(&mut self) {
        while matches!(self.byte(), b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
    }

    fn take(&mut self, text: &str) -> Option<()> {
        let is_there = self.line.as_bytes()[self.at..].starts_with(text.as_bytes());
        self.at += if is_there { text.len() } else { 0 };
        is_there.then_some(())
    }

    fn whole(line: &str) -> Option<Json> {
        let mut parser = Parser { line, at: 0 };
        parser.skip_space();
        let value = parser.value(DEEPEST)?;
        parser.skip_space();
        (parser.at == line.len()).then_some(value)
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        match self.byte() {
            b'"' => self.string().map(Json::Text),
            b'n' => self.take("null").map(|()| Json::Null),
            b't' => self.take("true").map(|()| Json::Bool),
            b'f' => self.take("false").map(|()| Json::Bool),
            b'[' if depth > 0 => {
                let mut list = Vec::new();
                self.members(b']', |parser| Some(list.push(parser.value(depth - 1)?)))?;
                Some(Json::List(list))
            }
            b'{' if depth > 0 => {
                let mut fields = HashMap::new();
                self.members(b'}', |parser| {
                    let key = parser.string()?;
                    parser.skip_space();
                    parser.take(":")?;
                    parser.skip_space();
                    fields.insert(key, parser.value(depth - 1)?);
                    Some(())
                })?;
                Some(Json::Object(fields))
            }
            _ => self.number().map(Json::Number),
        }
    }

    /// The values between brackets, with commas between.
    fn members(&mut self, end: u8, mut member: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.at += 1;
        self.skip_space();
        if self.byte() == end {
            self.at += 1;
            return Some(());
        }
        loop {
            self.skip_space();
            member(self)?;
            self.skip_space();
            match self.byte() {
                b',' => self.at += 1,
                byte if byte == end => break self.at += 1,
                _ => return None,
            }
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let begin = self.at;
        while self.byte().is_ascii_digit() {
            self.at += 1;
        }
        (self.at > begin).then_some(())
    }

    fn number(&mut self) -> Option<String> {
        let begin = self.at;
        let _ = self.take("-");
        if self.take("0").is_none() {
            self.digits()?;
        }
        if self.take(".").is_some() {
            self.digits()?;
        }
        if self.take("e").or_else(|| self.take("E")).is_some() {
            let _ = self.take("+").or_else(|| self.take("-"));
            self.digits()?;
        }
        Some(self.line[begin..self.at].to_owned())
    }

    fn string(&mut self) -> Option<String> {
        self.take("\"")?;
        let mut text = String::new();
        loop {
            // As far as nothing is written with an escape, all at once: a write's data is long.
            let begin = self.at;
            while !matches!(self.byte(), b'"' | b'\\' | 0..=0x1f) {
                self.at += 1;
            }
            text.push_str(&self.line[begin..self.at]);
            match self.byte() {
                b'"' => break self.at += 1,
                b'\\' => {
                    self.at += 1;
                    text.push(self.escaped()?);
                }
                _ => return None,
            }
        }
        Some(text)
    }

    fn escaped(&mut self) -> Option<char> {
        let byte = self.byte();
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => byte.into(),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let digits = self.line.get(self.at..self.at + 4)?;
                self.at += 4;
                if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                    return None;
                }
                // Half of a pair of surrogates is no character; nothing that we know needs one.
                char::from_u32(u32::from_str_radix(digits, 16).ok()?).unwrap_or('\u{fffd}')
            }
            _ => return None,
        })
    }
}

/// A text as JSON has it.
pub fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c if c < ' ' => drop(write!(quoted, "\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

// --- What a request says ---

/// A request that has an id of its own.
pub struct Request {
    pub id: u64,
    fields: HashMap<String, Json>,
    /// When the call began.
    began: Mutex<i64>,
}

impl Request {
    fn must<T>(&self, field: &str, be: &str) -> Result<T, Stop> {
        refuse(format!("the field {field} must be {be}"))
    }

    pub fn has(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }

    pub fn text(&self, field: &str) -> &str {
        match self.fields.get(field) {
            Some(Json::Text(text)) => text,
            _ => "",
        }
    }

    pub fn number(&self, field: &str, least: i64, most: i64) -> Result<i64, Stop> {
        match self.fields.get(field) {
            Some(Json::Number(digits)) => digits.parse().ok().filter(|n| (least..=most).contains(n)),
            _ => None,
        }
        .map_or_else(
            || self.must(field, &format!("a whole number from {least} to {most}")),
            Ok,
        )
    }

    pub fn word<'a>(&self, field: &str, words: &[&'a str]) -> Result<&'a str, Stop> {
        let word = words.iter().find(|word| **word == self.text(field));
        word.map_or_else(
            || self.must(field, &format!("one of {}", words.join(", "))),
            |word| Ok(*word),
        )
    }

    /// The words of a list.
    pub fn list<'a>(&self, field: &str, words: &[&'a str]) -> Result<Vec<&'a str>, Stop> {
        let known = |item: &Json| match item {
            Json::Text(text) => words.iter().find(|word| *word == text).copied(),
            _ => None,
        };
        let found = match self.fields.get(field) {
            Some(Json::List(list)) => list.iter().map(known).collect(),
            _ => None,
        };
        found.map_or_else(|| self.must(field, &format!("a list of {}", words.join(", "))), Ok)
    }

    /// The flags of a read or write; none where there is no such field.
    pub fn flags<'a>(&self, words: &[&'a str]) -> Result<Vec<&'a str>, Stop> {
        if self.has("flags") {
            self.list("flags", words)
        } else {
            Ok(Vec::new())
        }
    }

    pub fn name(&self, field: &str) -> Result<String, Stop> {
        let name = self.text(field);
        let fits = name.len() <= 24
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if fits {
            Ok(name.to_owned())
        } else {
            refuse("a socket's name is a letter, then letters, digits, - and _, at most 24 in all")
        }
    }

    pub fn is_six(&self) -> Result<bool, Stop> {
        Ok(self.word("family", &["inet", "inet6"])? == "inet6")
    }

    pub fn address(&self) -> Result<SocketAddr, Stop> {
        let text = self.text("address");
        let port = text.rsplit(':').next().unwrap_or_default();
        let address = text
            .parse()
            .ok()
            .filter(|_| port.bytes().all(|digit| digit.is_ascii_digit()));
        address.map_or_else(|| refuse("an address is like 10.0.0.2:8080 or [fd00::2]:8080"), Ok)
    }

    /// The time after which the call is given up. std takes no time that is zero.
    pub fn deadline(&self) -> Result<Option<Duration>, Stop> {
        if !self.has("deadline") {
            return Ok(None);
        }
        let ms = self.number("deadline", 0, LONGEST_DEADLINE)?;
        Ok(Some(Duration::from_millis(ms.max(1) as u64)))
    }

    pub fn option(&self) -> Result<&'static str, Stop> {
        let name = self.text("option");
        let option = OPTIONS.into_iter().find(|option| *option == name);
        option.map_or_else(|| refuse("there is no option of that name"), Ok)
    }

    /// The bytes of a write, and the beginning of them as one writes it.
    pub fn data(&self) -> Result<(Vec<u8>, String), Stop> {
        let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
        let hex = match self.fields.get("data") {
            Some(Json::Text(hex)) if hex.len() % 2 == 0 => hex.as_bytes(),
            _ => return self.must("data", "an even number of hexadecimal digits"),
        };
        let bytes: Option<Vec<u8>> = hex
            .chunks(2)
            .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
            .collect();
        let Some(once) = bytes else {
            return self.must("data", "an even number of hexadecimal digits");
        };
        let repeat = if self.has("repeat") {
            self.number("repeat", 0, MOST as i64)? as usize
        } else {
            1
        };
        if once.len() * repeat > MOST {
            let n = once.len();
            return refuse(format!(
                "a write of {n} bytes {repeat} times is too large, {MOST} is the most"
            ));
        }
        let mut text = format!("b\"{}\"", once[..once.len().min(SHOWN)].escape_ascii());
        text += if once.len() > SHOWN { "..." } else { "" };
        if repeat != 1 {
            text = format!("{text}.repeat({repeat})");
            return Ok((once.repeat(repeat), text));
        }
        Ok((once, text))
    }

    /// Tells the call, which is to be made at once.
    pub fn begin(&self, text: &str) {
        reply(&format!(
            r#"{{"began":{{"id":{},"at":{},"text":{}}}}}"#,
            self.id,
            now(),
            quote(text)
        ));
        *self.began.lock().unwrap() = now();
    }

    /// Ends the request, whatever came of it.
    pub fn end(self, result: Result<Outcome, Stop>) {
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(Stop::Unsupported(why)) => {
                self.begin(&format!("// no call for {}", self.text("call")));
                Outcome {
                    json: format!(r#"{{"unsupported":{}}}"#, quote(&why)),
                    said: None,
                }
            }
            Err(Stop::Refused(why)) => {
                land(self.id);
                return refused(Some(self.id), &why);
            }
        };
        let (id, at) = (self.id, now());
        let ns = at - *self.began.lock().unwrap();
        // Before the reply: what comes after it must not find the call in flight.
        land(id);
        let said = outcome
            .said
            .map_or(String::new(), |said| format!(r#","said":{}"#, quote(&said)));
        reply(&format!(
            r#"{{"ended":{{"id":{id},"at":{at},"ns":{ns},"outcome":{}{said}}}}}"#,
            outcome.json
        ));
    }
}

// --- Lines ---

static IN_FLIGHT: Mutex<Option<HashSet<u64>>> = Mutex::new(None);

/// Is the id new? From now on it is in flight.
fn enter(id: u64) -> bool {
    IN_FLIGHT.lock().unwrap().get_or_insert_with(HashSet::new).insert(id)
}

fn land(id: u64) {
    IN_FLIGHT.lock().unwrap().get_or_insert_with(HashSet::new).remove(&id);
}

/// CLOCK_MONOTONIC, in nanoseconds. An Instant does not tell its number.
pub fn now() -> i64 {
    #[repr(C)]
    struct Timespec(c_long, c_long);
    extern "C" {
        fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int;
    }
    let mut time = Timespec(0, 0);
    unsafe { clock_gettime(1, &mut time) };
    time.0 as i64 * 1_000_000_000 + time.1 as i64
}

/// Writes one line, whole. Nobody left to read it ends the process.
fn reply(line: &str) {
    let mut out = io::stdout().lock();
    // In one piece: standard output writes what ends with a line's end at once.
    if out
        .write_all(format!("{line}\n").as_bytes())
        .and_then(|()| out.flush())
        .is_err()
    {
        exit(0);
    }
}

pub fn made(id: u64, fd: c_int) {
    reply(&format!(r#"{{"made":{{"id":{id},"fd":{fd}}}}}"#));
}

pub fn refused(id: Option<u64>, why: &str) {
    let id = id.map_or("null".to_owned(), |id| id.to_string());
    reply(&format!(r#"{{"refused":{{"id":{id},"why":{}}}}}"#, quote(why)));
}

/// Says hello, and gives each request to `start`, until the end of the input ends the process.
pub fn serve(runtime: &str, start: impl Fn(Request)) -> ! {
    reply(&format!(
        r#"{{"hello":{{"protocol":{VERSION},"runtime":"{runtime}"}}}}"#
    ));
    let mut input = io::stdin().lock();
    loop {
        let mut line = Vec::new();
        let most = LONGEST_LINE as u64 + 1;
        let n = (&mut input).take(most).read_until(b'\n', &mut line).unwrap_or(0);
        match line.pop() {
            None => exit(0),
            Some(b'\n') => understood(line, &start),
            Some(_) if n <= LONGEST_LINE => exit(0),
            Some(_) => {
                skip_line(&mut input);
                refused(None, &format!("the line is longer than {LONGEST_LINE} bytes"));
            }
        }
    }
}

fn skip_line(input: &mut impl BufRead) {
    loop {
        let buffered = input.fill_buf().unwrap_or_default();
        let end = buffered.iter().position(|byte| *byte == b'\n');
        let n = end.map_or(buffered.len(), |end| end + 1);
        if n == 0 {
            exit(0);
        }
        input.consume(n);
        if end.is_some() {
            return;
        }
    }
}

fn understood(line: Vec<u8>, start: impl Fn(Request)) {
    let Some(json) = String::from_utf8(line).ok().and_then(|line| Parser::whole(&line)) else {
        return refused(None, "the line is not JSON");
    };
    let id = match &json {
        Json::Object(fields) => match fields.get("id") {
            Some(Json::Number(digits)) => digits.parse().ok(),
            _ => None,
        },
        _ => None,
    };
    let (Some(id), Json::Object(fields)) = (id, json) else {
        return refused(None, "the request has no id, a whole number");
    };
    if !enter(id) {
        return refused(Some(id), &format!("a call of id {id} is in flight"));
    }
    start(Request {
        id,
        fields,
        began: Mutex::new(0),
    });
}

/// No thread for the call.
pub fn no_thread(id: u64, error: &io::Error) {
    land(id);
    refused(Some(id), &format!("no thread for the call: {error}"));
}

/// The unspecified address of a family, for what was never bound.
pub fn anywhere(is_six: bool) -> SocketAddr {
    let host: IpAddr = if is_six { [0; 16].into() } else { [0; 4].into() };
    SocketAddr::new(host, 0)
}
