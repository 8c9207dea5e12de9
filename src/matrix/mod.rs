//! The words of each language for the same event: measured by running scenarios with each runtime, kept in `assets/matrix.json`.
//!
//! A runtime drives one end at a time, the other is driven by raw calls: so that what a call meets is the same for each of them,
//! and what differs is the language's own doing.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use crate::call::CallKind;
use crate::explain::RuleId;
use crate::explain::rules::CallClass;
use crate::json::Versioned;
use crate::runtime::Runtime;

pub mod markdown;
pub mod measure;

/// The scenarios that are measured where none is named: one at the least for each error that a program meets.
pub const SCENARIOS: &[&str] = &[
    "dial-refused",
    "dial-unreachable",
    "host-unreachable",
    "dial-timed-out",
    "dial-deadline",
    "dial-no-port",
    "already-connected",
    "read-eof",
    "read-deadline",
    "read-reset-blocked",
    "read-reset-after-write",
    "write-broken-pipe",
    "write-first-after-rst",
    "error-handed-out-once",
    "data-before-rst",
    "reset-before-accept",
    "half-close",
    "read-closed",
    "write-closed",
    "close-twice",
    "shutdown-unconnected",
    "not-connected",
    "user-timeout",
    "destroyed-by-the-administrator",
    "listener-closed",
    "too-many-open-files",
];

/// The table as it was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matrix {
    /// The kernel that ran it, like `6.18`.
    pub kernel: String,
    /// The runtimes, in the order of the columns.
    pub runtimes: Vec<Version>,
    /// The events.
    pub events: Vec<MatrixEvent>,
}

/// A runtime as it was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The column.
    pub runtime: Column,
    /// The version according to its tool; of a command of the user's own, the command.
    pub version: String,
}

/// An answer of the kernel to a call, for one reason, and what each runtime made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatrixEvent {
    /// The call.
    pub call: CallKind,
    /// The result of raw calls: `EPIPE`, `EOF`.
    pub gives: String,
    /// The rule by which they do, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
    /// The machine on which it was measured.
    pub rows: Vec<MatrixRow>,
}

/// A call of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatrixRow {
    /// The scenario.
    pub scenario: String,
    /// The step, from 1 on.
    pub step: usize,
    /// The command: `client write x`; for a call that returned late, the socket and the call.
    pub command: String,
    /// The words of each runtime, in the order of the columns.
    pub cells: Vec<Cell>,
}

/// The result of one runtime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The column.
    pub runtime: Column,
    /// The result of its call: `EPIPE`, `EOF`, `net.ErrClosed`; the reason where it is unsupported.
    pub gives: String,
    /// The text that its programmer sees, to the letter, but for the numbers of ports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// The relation to what raw calls give.
    pub beside: Agreement,
}

impl MatrixEvent {
    /// The results of the runtimes, in all scenarios.
    fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.rows.iter().flat_map(|row| &row.cells)
    }
}

/// The relation of a runtime's answer to that of raw calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Agreement {
    /// The same, in its own words.
    Same,
    /// Something else: the runtime behaves in its own way.
    Differs,
    /// The library failed it by itself: no system call was made, or the kernel's answer is not reported.
    Library,
    /// The language has no such call.
    Unsupported,
    /// The runtime could not make an earlier call of the scenario, and so met another situation here.
    Elsewhere,
}

/// A column of the table: one of finwait's runtimes, or a command of the user's own under a name of theirs. It is written by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Column {
    /// One of finwait's.
    Runtime(Runtime),
    /// The name of a command.
    Own(String),
}

impl Column {
    /// The name: `go`, `mine`.
    pub fn name(&self) -> &str {
        match self {
            Column::Runtime(runtime) => runtime.name(),
            Column::Own(name) => name,
        }
    }
}

impl From<String> for Column {
    fn from(name: String) -> Column {
        Runtime::named(&name).map_or(Column::Own(name), Column::Runtime)
    }
}

impl From<Column> for String {
    fn from(column: Column) -> String {
        column.name().to_owned()
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A command of the user's own that is to be measured: `mine=./endpoint --fast`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnColumn {
    /// The name of its column.
    pub name: String,
    /// The command, which speaks the endpoint protocol; `sh` reads it.
    pub command: String,
}

impl FromStr for OwnColumn {
    type Err = String;

    fn from_str(text: &str) -> Result<OwnColumn, String> {
        const LONGEST: usize = 16;
        let Some((name, command)) = text.split_once('=') else {
            return Err("it has no =: a column is NAME=COMMAND, like mine=./my-endpoint".into());
        };
        let of_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > LONGEST || !name.bytes().all(of_name) {
            return Err(format!(
                "{name:?} is no name of a column: small letters, digits and -, {LONGEST} at the most"
            ));
        }
        if Runtime::named(name).is_some() {
            return Err(format!(
                "{name} is a runtime of finwait's: --runtimes {name} has its column"
            ));
        }
        if command.trim().is_empty() {
            return Err(format!(
                "{name} has no command: a column is NAME=COMMAND, like mine=./my-endpoint"
            ));
        }
        Ok(OwnColumn {
            name: name.to_owned(),
            command: command.to_owned(),
        })
    }
}

/// The table that is committed.
const KEPT: &str = include_str!(concat!(env!("OUT_DIR"), "/matrix.json"));

impl MatrixEvent {
    /// Each thing that is said of it, with the runtimes that say it, in the order of the runtimes. Who is whose peer is not
    /// what tells two texts apart.
    pub fn said(&self) -> Vec<(&Cell, Vec<&str>)> {
        let order: Vec<&str> = self.rows.first().map_or_else(Vec::new, |row| {
            row.cells.iter().map(|cell| cell.runtime.name()).collect()
        });
        let mut all: Vec<(&Cell, Vec<&str>)> = Vec::new();
        for cell in self.rows.iter().flat_map(|row| &row.cells) {
            let same = |known: &&mut (&Cell, Vec<&str>)| {
                let other = known.0;
                (&other.gives, other.somewhere(), other.beside) == (&cell.gives, cell.somewhere(), cell.beside)
            };
            match all.iter_mut().find(same) {
                Some((_, runtimes)) => {
                    if !runtimes.contains(&cell.runtime.name()) {
                        runtimes.push(cell.runtime.name());
                    }
                }
                None => all.push((cell, vec![cell.runtime.name()])),
            }
        }
        all.sort_by_key(|(_, runtimes)| order.iter().position(|runtime| runtimes.first() == Some(runtime)));
        all
    }
}

impl Cell {
    /// The words, without the addresses.
    fn somewhere(&self) -> Option<String> {
        let said = self.said.as_ref()?;
        Some(said.replace("10.0.0.1:PORT", "*").replace("10.0.0.2:8080", "*"))
    }
}

impl Matrix {
    /// The table that is committed.
    pub fn kept() -> &'static Matrix {
        static MATRIX: OnceLock<Matrix> = OnceLock::new();
        // A test reads it: it is whole.
        MATRIX.get_or_init(|| serde_json::from_str(KEPT).unwrap_or_default())
    }

    /// Returns the table as it is committed.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(&Versioned::new(self)).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The same with only those runtimes.
    pub fn of(&self, runtimes: &[Runtime]) -> Matrix {
        let wanted = |column: &Column| matches!(column, Column::Runtime(runtime) if runtimes.contains(runtime));
        let mut matrix = self.clone();
        matrix.runtimes.retain(|version| wanted(&version.runtime));
        for row in matrix.events.iter_mut().flat_map(|event| &mut event.rows) {
            row.cells.retain(|cell| wanted(&cell.runtime));
        }
        matrix
    }

    /// The words of each runtime where a raw call gives that, `EPIPE` or `EOF`; one text each. Where the rule was measured, what the
    /// runtime gave there, whatever that is; else what it says of the same under another rule, the kernel's answer in its own words
    /// before its library's own answer. Runtimes that say the same stand together.
    pub fn words<'a>(&'a self, call: CallClass, gives: &str, rule: Option<RuleId>) -> Vec<(String, &'a str)> {
        let of_call = |event: &&MatrixEvent| CallClass::of(event.call) == Some(call) && event.gives == gives;
        let mut words: Vec<(&Column, &str)> = Vec::new();
        let mut say = |cell: &'a Cell, said: &'a str| {
            if !words.iter().any(|(runtime, _)| **runtime == cell.runtime) {
                words.push((&cell.runtime, said));
            }
        };
        let by_rule = |event: &&MatrixEvent| rule.is_some() && event.rule == rule;
        for cell in self
            .events
            .iter()
            .filter(of_call)
            .filter(by_rule)
            .flat_map(MatrixEvent::cells)
        {
            match (cell.beside, &cell.said) {
                (Agreement::Unsupported | Agreement::Elsewhere, _) => {}
                (_, Some(said)) => say(cell, said.as_str()),
                (_, None) => say(cell, cell.gives.as_str()),
            }
        }
        for beside in [Agreement::Same, Agreement::Library] {
            for cell in self.events.iter().filter(of_call).flat_map(MatrixEvent::cells) {
                if let (true, Some(said)) = (cell.beside == beside, &cell.said) {
                    say(cell, said.as_str());
                }
            }
        }
        words.sort_by_key(|(runtime, _)| self.runtimes.iter().position(|version| version.runtime == **runtime));
        let mut together: Vec<(String, &str)> = Vec::new();
        for (runtime, said) in words {
            match together.iter_mut().find(|(_, known)| *known == said) {
                Some((runtimes, _)) => runtimes.push_str(&format!(", {runtime}")),
                None => together.push((runtime.to_string(), said)),
            }
        }
        together
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::wording::{Carrier, Dialect, recognize};

    /// Every runtime, rule and call in it is known, and it is as the program would print it.
    #[test]
    fn the_kept_table_is_read_whole_and_printed_the_same() {
        let committed = include_str!("../../assets/matrix.json");
        let read: Matrix = serde_json::from_str(committed).unwrap();
        assert!(!read.events.is_empty());
        let is_ours = |version: &Version| matches!(version.runtime, Column::Runtime(_));
        assert!(read.runtimes.iter().all(is_ours), "{:?}", read.runtimes);
        assert_eq!(&read, Matrix::kept());
        assert!(read.to_json() == committed, "it is not what is committed");
    }

    /// The languages that a runtime's texts may be taken for: C's are those of any program that prints strerror.
    fn dialects(column: &Column) -> &'static [Dialect] {
        let Column::Runtime(runtime) = column else { return &[] };
        match runtime {
            Runtime::Native | Runtime::C => &[],
            Runtime::Go => &[Dialect::Go],
            Runtime::Python => &[Dialect::Python],
            Runtime::Node | Runtime::NodeHalfOpen => &[Dialect::Node],
            Runtime::Java | Runtime::JavaNio => &[Dialect::Java],
            Runtime::Rust | Runtime::RustTokio => &[Dialect::Rust],
            Runtime::Ruby => &[Dialect::Ruby],
            Runtime::Php => &[Dialect::Php],
            Runtime::Bun => &[Dialect::Bun],
            // An errno without a class of its own is said in Rust's words alone.
            Runtime::Deno => &[Dialect::Deno, Dialect::Rust],
        }
    }

    /// Every text that the languages were measured to say is known, and says what was measured: an errno and a deadline are the kernel's
    /// and the program's, whatever a library answers by itself has its own subject or a remark.
    #[test]
    fn every_text_of_the_matrix_is_known() {
        /// Values and events, not errors; and errors that are not a socket's.
        const NOT_ERRORS: &[(&str, &str)] = &[
            (
                "0",
                "what C's read and PHP's socket_recv return at the end of the stream",
            ),
            ("Ok(0)", "what Rust's read returns at the end of the stream"),
            (
                "nil",
                "what Ruby's wait_readable and wait_writable return when the time is up",
            ),
            ("end(socket)", "a handler of Bun's"),
            ("close(socket)", "a handler of Bun's"),
            ("-1", "what Java's read returns at the end of the stream"),
            ("b''", "what Python's recv returns at the end of the stream"),
            ("'end' event", "an event of Node.js"),
            ("'timeout' event", "an event of Node.js"),
            (
                "null",
                "what Node.js' read returns when it has nothing, and Deno's at the end of the stream",
            ),
            (
                "panic: runtime error: invalid memory address or nil pointer dereference",
                "Go's nil, not a socket",
            ),
            (
                "error[E0382]: borrow of moved value: `stream`",
                "Rust's compiler, which lets nobody use what was dropped",
            ),
            (
                "error[E0382]: use of moved value: `stream`",
                "Rust's compiler, which lets nobody drop it twice",
            ),
            (
                "error[E0382]: use of moved value: `socket`",
                "Rust's compiler: connect had consumed the socket",
            ),
            (
                "java.nio.channels.IllegalBlockingModeException",
                "a Selector's, which takes no blocking channel",
            ),
        ];
        /// Texts that do not tell whose they are, as strerror's do not.
        const ANYBODYS: [&str; 4] = [
            "EOF",
            "resource temporarily unavailable",
            "false, Resource temporarily unavailable",
            "TimeoutError: The operation was aborted due to timeout",
        ];
        let cells = Matrix::kept()
            .events
            .iter()
            .flat_map(|event| &event.rows)
            .flat_map(|row| &row.cells);
        let mut unmet: Vec<&str> = NOT_ERRORS.iter().map(|(text, _)| *text).collect();
        let mut wrong = Vec::new();
        for cell in cells {
            let Some(said) = cell.said.as_deref() else { continue };
            let found = recognize(said);
            if NOT_ERRORS.iter().any(|(text, _)| *text == said) {
                unmet.retain(|text| *text != said);
                assert_eq!(found, None, "{said}");
                continue;
            }
            let Some(found) = found else {
                wrong.push(format!("unknown: {said}"));
                continue;
            };
            // Whatever the kernel said is repeated as it is; Java's read says "Connection reset" again where the kernel says EOF. std has no
            // other word for a timeout that passed than the kernel's: SO_RCVTIMEO is what gives EAGAIN there.
            let is_timeout = cell.runtime == Column::Runtime(Runtime::Rust) && cell.gives == "deadline exceeded";
            let gives = found.subject.to_string();
            if cell.beside == Agreement::Same && gives != cell.gives && !(is_timeout && gives == "EAGAIN") {
                wrong.push(format!("{} and not {}: {said}", found.subject, cell.gives));
            }
            let is_its = found.dialect.map_or(
                ANYBODYS.contains(&said) || cell.runtime == Column::Runtime(Runtime::C),
                |dialect| dialects(&cell.runtime).contains(&dialect),
            );
            if !is_its {
                wrong.push(format!("{}'s is taken for {:?}'s: {said}", cell.runtime, found.dialect));
            }
            if found.carrier != Carrier::Tcp {
                wrong.push(format!("{:?}: {said}", found.carrier));
            }
        }
        wrong.sort();
        wrong.dedup();
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert_eq!(unmet, [""; 0], "stand in the matrix no more");
    }
}
