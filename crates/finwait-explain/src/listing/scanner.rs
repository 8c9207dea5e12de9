//! A text line by line: which lines are rows, counters or messages of the kernel. What stands above a row may say how to read it.

use super::counters::ReadCounters;
use super::look::Look;
use super::row::{ListForm, ListedSocket};
use super::table::SocketTable;
use super::words::{Words, number, state, state_in_german};
use super::{lsof, netstat, procfs, ss};
use crate::kernel_log::KernelTally;
use crate::meaning::state_named;
use crate::wording::{HEADS, PAST};
use finwait_model::state::State;

/// Verbs behind a state's name in a sentence about it.
const VERBS: [&str; 7] = ["is", "lasts", "means", "was", "has", "comes", "follows"];
/// The first lines of a text are looked at closely, whatever they begin with: what somebody pastes is short.
const CLOSELY: u64 = 32;

/// The tables and messages in a text, as far as it came in.
#[derive(Clone, Debug, Default)]
pub struct ListingScanner {
    table: SocketTable,
    counters: ReadCounters,
    kernel: KernelTally,
    lines: u64,
    /// The last row, as long as lines below it may add to it.
    row: Option<(u64, ListedSocket)>,
    /// The place of the process behind the state, by the header of macOS.
    pid_at: Option<usize>,
    /// The state of all rows, where `ss state close-wait` was asked for and the header has no state.
    of_state: Option<State>,
    /// Has the header no state?
    without_state: bool,
    /// Was the line before a row, or a header?
    within: bool,
}

impl ListingScanner {
    /// Takes in the next line, if it is a row, a counter, or a message of the kernel; false where it is none.
    pub fn line(&mut self, line: &[u8]) -> bool {
        self.lines += 1;
        let closely = self.within || self.lines <= CLOSELY || self.counters.is_within();
        let look = if closely { Some(Look::CLOSE) } else { Look::at(line) };
        let taken = look.is_some_and(|look| self.text(String::from_utf8_lossy(line).trim_end(), look));
        self.within = taken;
        taken
    }

    /// Passes over a line, which is too long to be a row.
    pub fn pass_over(&mut self) {
        self.lines += 1;
        self.within = false;
    }

    fn text(&mut self, text: &str, look: Look) -> bool {
        if text.starts_with([' ', '\t']) && self.row.is_some() && ss::is_below(text) {
            let words = Words::of(text);
            if let Some((_, socket)) = &mut self.row
                && socket.form == ListForm::Ss
            {
                ss::extend(socket, &words, 0);
                return true;
            }
        }
        let words = Words::of(text);
        let socket = if look.has_state { self.socket(&words) } else { None };
        let is_kernels = |kernel: &mut KernelTally| look.is_kernels && kernel.line(text, self.lines);
        if socket.is_none() && (is_kernels(&mut self.kernel) || look.begins && self.counters.line(text)) {
            self.flush();
            return true;
        }
        if let Some(found) = socket.or_else(|| self.found(&words)) {
            self.flush();
            match found {
                Found::Row(socket) => self.row = Some((self.lines, *socket)),
                Found::Other => self.table.add_other(),
                Found::Counts(counts) => counts
                    .into_iter()
                    .for_each(|(state, rows)| self.table.add_count(state, rows)),
                Found::Header => {}
            }
            return true;
        }
        false
    }

    /// What else a line of a table is.
    fn found(&mut self, words: &Words) -> Option<Found> {
        if let Some((state, rows)) = count(words) {
            return Some(Found::Counts(vec![(state, rows)]));
        }
        if let Some(counts) = summary(words) {
            return Some(Found::Counts(counts));
        }
        if self.header(words) {
            return Some(Found::Header);
        }
        netstat::listen_queue(words)
            .map(Box::new)
            .map(Found::Row)
            .or_else(|| procfs::row(words).map(Box::new).map(Found::Row))
            .or_else(|| self.within_table(words))
    }

    /// The row whose state stands in the line.
    fn socket(&self, words: &Words) -> Option<Found> {
        for (place, word) in words.words.iter().enumerate() {
            if word.starts_with('(') {
                if let Some(socket) = lsof::row(words, place) {
                    return Some(Found::Row(Box::new(socket)));
                }
                continue;
            }
            let Some(state) = state(word).or_else(|| state_of_windows(words, word)) else {
                continue;
            };
            let before = place.checked_sub(1).map(|before| words.words[before]);
            if before.is_some_and(|kind| ss::OTHER_KINDS.contains(&kind)) && words.number(place, 1).is_some() {
                return Some(Found::Other);
            }
            if let Some(socket) =
                ss::row(words, place, state).or_else(|| netstat::row(words, place, state, self.pid_at))
            {
                let is_udp = words.words[..place]
                    .iter()
                    .any(|kind| matches!(*kind, "udp" | "udp4" | "udp6" | "udp46"));
                return Some(if is_udp {
                    Found::Other
                } else {
                    Found::Row(Box::new(socket))
                });
            }
        }
        None
    }

    /// What is a row only among rows: `ss state close-wait` prints no state, and UDP has none.
    fn within_table(&self, words: &Words) -> Option<Found> {
        let first = words.words.first()?;
        if self.without_state
            && let Some(state) = self.of_state
        {
            let place = usize::from(*first == "tcp");
            if let Some(socket) = ss::columns(words, place, state) {
                return Some(Found::Row(Box::new(socket)));
            }
        }
        let is_other =
            ss::OTHER_KINDS.contains(first) || matches!(*first, "udp46" | "unix" | "udplite" | "UDP" | "UDPv6");
        (self.within && is_other && words.words.len() >= 3).then_some(Found::Other)
    }

    /// Takes in a header; false where the line is none.
    fn header(&mut self, words: &Words) -> bool {
        let list = &words.words[..];
        let has = |word: &str| list.contains(&word);
        let is_header = match list {
            ["Active", "Internet" | "UNIX" | "LAN" | "Multipath" | "Connections", ..] | ["Current", "listen", ..] => {
                true
            }
            ["Proto", ..] => has("Recv-Q") || has("Local") || has("Listen"),
            ["State", "Recv-Q", ..] | ["Netid", ..] | ["Recv-Q", "Send-Q", ..] => true,
            ["COMMAND", "PID", ..] | ["Listen", "Local", "Address"] => true,
            ["sl", "local_address", ..] => true,
            _ => false,
        };
        if is_header {
            self.without_state = has("Recv-Q") && !has("State") && !has("(state)");
            // `rhiwat shiwat pid epid state`, or `process:pid`, stand behind `(state)`.
            let state = list.iter().position(|word| *word == "(state)");
            let pid = list.iter().position(|word| matches!(*word, "pid" | "process:pid"));
            self.pid_at = state.zip(pid).and_then(|(state, pid)| pid.checked_sub(state));
            return true;
        }
        // The command itself, with a prompt in front of it.
        if let Some(at) = list
            .windows(2)
            .position(|pair| pair[0] == "state" && state_named(pair[1]).is_some())
            && list[..at].iter().any(|word| *word == "ss" || word.ends_with("/ss"))
        {
            self.of_state = state_named(list[at + 1]);
            return true;
        }
        false
    }

    /// The last row is complete.
    fn flush(&mut self) {
        if let Some((line, socket)) = self.row.take() {
            self.table.add(line, socket);
        }
    }

    /// The text is over: its sockets, its counters, and the kernel's messages.
    pub fn end(mut self) -> (SocketTable, ReadCounters, KernelTally) {
        self.flush();
        (self.table, self.counters, self.kernel)
    }

    /// The number of lines.
    pub const fn lines(&self) -> u64 {
        self.lines
    }
}

/// The state that a row of a localized Windows has.
fn state_of_windows(words: &Words, word: &str) -> Option<State> {
    (words.words.first() == Some(&"TCP")).then(|| state_in_german(word))?
}

/// What a line of a table is.
enum Found {
    Row(Box<ListedSocket>),
    Other,
    Counts(Vec<(State, u64)>),
    Header,
}

/// How many sockets are in a state, as `sort | uniq -c` or `awk` print it: `312 CLOSE_WAIT`, `CLOSE_WAIT 312`, `CLOSE_WAIT: 312`.
fn count(words: &Words) -> Option<(State, u64)> {
    let [a, b] = words.words[..] else { return None };
    let name = |word: &str| state(word.trim_end_matches([':', '=']));
    let is_count = |state: &State| *state != State::Close;
    match (number(a), number(b)) {
        (Some(rows), None) => Some((name(b).filter(is_count)?, rows)),
        (None, Some(rows)) => Some((name(a).filter(is_count)?, rows)),
        _ => None,
    }
}

/// The counts of `ss -s` (`TCP: 312 (estab 5, closed 300, orphaned 2, timewait 290)`) and `/proc/net/sockstat` (`TCP: inuse 27 orphan 1 tw 9
/// alloc 30 mem 3`), by state; none where a line is neither.
fn summary(words: &Words) -> Option<Vec<(State, u64)>> {
    let of = |name: &str| {
        let at = words
            .words
            .iter()
            .position(|word| word.trim_start_matches('(') == name)?;
        number(words.at(at, 1)?.trim_end_matches([',', ')']))
    };
    if words.words.first() != Some(&"TCP:") {
        return None;
    }
    let is_ss = of("estab").is_some() && of("timewait").is_some();
    let is_sockstat = of("inuse").is_some() && of("alloc").is_some();
    let names = [
        ("estab", State::Established),
        ("synrecv", State::SynRecv),
        ("timewait", State::TimeWait),
        ("tw", State::TimeWait),
    ];
    let counts = names.into_iter().filter_map(|(name, state)| Some((state, of(name)?)));
    (is_ss || is_sockstat).then(|| counts.collect())
}

/// Returns the state that a text of a few words is about: `state CLOSE-WAIT`, `connections stuck in close_wait`. None where it names none
/// or more than one, where the word may be an ordinary one, or where the text only tells of it.
pub fn state_within(text: &str) -> Option<State> {
    state_named_in(text).filter(|_| !is_told(text))
}

/// Returns the state that a text tells of without asking for it: `TIME_WAIT lasts for a minute.`
pub fn state_told_of(text: &str) -> Option<State> {
    state_named_in(text).filter(|_| is_told(text))
}

/// Is a text a sentence that tells of a state: one of the past, a whole one, or one whose subject is the state?
fn is_told(text: &str) -> bool {
    const WORDS: usize = 4;
    let low = text.trim().to_ascii_lowercase();
    let mut words = low.split_ascii_whitespace();
    let subject = words.next().is_some_and(|word| state_named(word).is_some());
    let verb = words.next();
    let is_sentence = low.split_ascii_whitespace().count() >= WORDS;
    let is_subject = || subject && verb.is_some_and(|verb| VERBS.contains(&verb));
    let is_change = || HEADS.iter().any(|head| low.starts_with(head));
    is_sentence && (low.ends_with('.') || is_change() || is_subject() || PAST.iter().any(|past| low.contains(past)))
}

/// The state that is named in a text.
fn state_named_in(text: &str) -> Option<State> {
    const BESIDE: [&str; 8] = [
        "state",
        "socket",
        "connection",
        "tcp",
        "netstat",
        "grep",
        "stuck",
        "port",
    ];
    let edge = |c: char| !c.is_ascii_alphanumeric();
    let mut found = None;
    let is_one_word = !text.trim().contains(char::is_whitespace);
    let low = text.to_ascii_lowercase();
    let is_of_sockets = is_one_word || BESIDE.iter().any(|word| low.contains(word));
    for word in text.split_ascii_whitespace() {
        let word = word.trim_matches(edge);
        let is_name = word.contains(['_', '-']) || word.bytes().all(|byte| byte.is_ascii_uppercase());
        // A ticket is CLOSED, too, and so is what TCP is only a part of.
        let is_sure = word.contains(['_', '-']) || is_of_sockets && (is_one_word || is_named_so(&low, word));
        let Some(state) = state_named(word).filter(|_| is_name && is_sure) else {
            continue;
        };
        if found.is_some_and(|known| known != state) {
            return None;
        }
        found = Some(state);
    }
    found
}

/// Does a state's word stand where a state does: behind `state`, `in`, `stuck`, `grep`, at the beginning or the end of the text?
fn is_named_so(low: &str, word: &str) -> bool {
    const BEFORE: [&str; 9] = ["state", "states", "in", "stuck", "grep", "is", "are", "to", "from"];
    let word = word.to_ascii_lowercase();
    let mut words = low
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
        .filter(|word| !word.is_empty());
    let mut before = None;
    words.by_ref().any(|next| {
        let is = next == word && before.is_none_or(|before| BEFORE.contains(&before));
        before = Some(next);
        is
    }) || before == Some(word.as_str())
}
