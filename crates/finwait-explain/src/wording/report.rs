//! Reports and mentions: whether an error in a line was met, or is only spoken of. `write failed: broken pipe` reports one;
//! `Fix the broken pipe handling`, `if (errno == ECONNRESET)` and `a broken pipe under the sink` do not.
//!
//! A report is short, and built in clauses: the error's text is one of them (`worker 3: Broken pipe`), or stands in a line that speaks of
//! a failure or of a network, or beside an address or the error's number. Prose has the text in the middle of a sentence, code has it
//! among its own signs, and whoever writes a change, a manual or a search for a log speaks of an error that need not be there.

use std::net::IpAddr;
use std::ops::Range;

use super::call::call_of;
use super::errno::by_name;
use super::signs::{Line, Sign};
use super::{address, is_in_name, places};

/// Signs of code, anywhere in the line.
const CODE: [&str; 12] = [
    "errors.new(",
    "errno == ",
    "errno != ",
    "=== '",
    "=== \"",
    ".is(err",
    "#define",
    "printf(",
    "thenthrow(",
    "like '%",
    "retry_on",
    "retry-on",
];

/// Beginnings of lines of code that carry a bracket, or end as code does.
const STATEMENTS: [&str; 31] = [
    "if (", "if err", "if !", "if(", "} else", "} catch", "elif ", "while (", "while(", "case ", "catch ", "catch(",
    "except ", "rescue ", "raise ", "throw ", "return ", "const ", "let ", "var ", "assert", "import ", "static ",
    "public ", "def ", "fn ", "func ", "expect(", "match ", "switch ", "when(",
];

/// Beginnings of calls that write a message.
const WRITERS: [&str; 7] = [
    "log.",
    "logger.",
    "fmt.",
    "console.",
    "print(",
    "println!",
    "system.out.",
];

/// Signs of a comment, at the beginning.
const COMMENTS: [&str; 9] = ["//", "/*", "*/", "* @", "<!--", "## ", "### ", "# ", "-- "];

/// Programs that search in logs and sources, at the beginning, before what they search for.
const SEARCHES: [&str; 9] = [
    "grep ",
    "egrep ",
    "zgrep ",
    "rg ",
    "ag ",
    "git ",
    "awk ",
    "sed ",
    "journalctl ",
];

/// Words at the beginning of what is said of a change, a manual or a plan, whatever stands behind them.
const HEADS: [&str; 28] = [
    "fix:",
    "fix(",
    "feat:",
    "feat(",
    "docs:",
    "docs(",
    "doc:",
    "chore:",
    "chore(",
    "refactor:",
    "refactor(",
    "perf(",
    "perf:",
    "test(",
    "build(",
    "ci(",
    "revert ",
    "merge ",
    "changelog",
    "release ",
    "todo",
    "fixme",
    "see ",
    "closes #",
    "fixes #",
    "resolves #",
    "refs #",
    "commit ",
];

/// Verbs at the beginning of what is said of a change: it is about the error, and does not report it.
const CHANGES: [&str; 41] = [
    "fix",
    "fixes",
    "fixed",
    "add",
    "adds",
    "added",
    "handle",
    "handles",
    "ignore",
    "ignores",
    "improve",
    "improves",
    "improved",
    "rename",
    "document",
    "documents",
    "remove",
    "removes",
    "removed",
    "prevent",
    "prevents",
    "avoid",
    "avoids",
    "clarify",
    "treat",
    "describe",
    "describes",
    "explain",
    "explains",
    "mention",
    "mentions",
    "support",
    "supports",
    "don't",
    "allow",
    "allows",
    "better",
    "learn",
    "workaround",
    "simplify",
    "teach",
];

/// Words of manuals and of change logs, anywhere in the line.
const MANUALS: [&str; 38] = [
    " means ",
    " meaning ",
    " handling",
    "for example",
    "e.g.",
    "this chapter",
    "this section",
    "this page",
    "this function",
    "this option",
    "describes ",
    "documentation",
    "release notes",
    "changelog",
    "unit test",
    "a test for",
    "such as ",
    "we fixed",
    "was fixed",
    "is fixed",
    "been fixed",
    "is returned",
    "are returned",
    "be returned",
    "returns e",
    "return e",
    "returns an ",
    "is now ",
    "are now ",
    "client gets",
    "caller gets",
    "program gets",
    "process gets",
    "@throws",
    "@returns",
    "for beginners",
    "tutorial",
    "how to ",
];

/// Beginnings of words by which a line is about a failure, or a network.
const SURE: [&str; 40] = [
    "fail",
    "error",
    "exception",
    "errno",
    "socket",
    "tcp",
    "peer",
    "upstream",
    "backend",
    "couldn",
    "recv",
    "fatal",
    "warn",
    "panic",
    "disconnect",
    "handshake",
    "broker",
    "http",
    "tls",
    "ssl",
    "localhost",
    "unable",
    "listener",
    "getaddrinfo",
    "connect",
    "reconnect",
    "epoll",
    "redis",
    "mysql",
    "postgres",
    "kafka",
    "mongo",
    "amqp",
    "ssh",
    "grpc",
    "crit",
    "traceback",
    "lost connection",
    "unexpected",
    "premature",
];

/// Beginnings of words that such a line often has, and others, too: two of them count.
const LIKELY: [&str; 42] = [
    "server",
    "client",
    "remote",
    "read",
    "writ",
    "send",
    "sent",
    "host",
    "port",
    "lost",
    "timeout",
    "timed",
    "got",
    "due",
    "because",
    "cannot",
    "can't",
    "could",
    "retry",
    "retries",
    "session",
    "stream",
    "channel",
    "request",
    "response",
    "network",
    "clos",
    "terminate",
    "terminating",
    "termination",
    "abort",
    "worker",
    "process",
    "gave",
    "accept",
    "bind",
    "dial",
    "proxy",
    "packet",
    "daemon",
    "loop",
    "call",
];

/// Is the error at `place` of the line only spoken of? `is_text` says that its words are English, as strerror's are, and may be anybody's.
pub(super) fn is_mention(line: &Line<'_>, place: &Range<usize>, is_text: bool) -> bool {
    let (text, low) = (line.text.trim(), line.low.trim());
    let outside = [&line.low[..place.start], &line.low[place.end..]].concat();
    if !outside.contains(|c: char| c.is_alphanumeric()) && !low.starts_with('#') {
        return false;
    }
    if is_code(text, low) {
        return true;
    }
    let words = &line.low[place.clone()];
    let all = || places(&line.low, words).map(|at| at..at + words.len());
    if all().any(|place| has_number(&line.low, &place)) || address::is_in(low) || is_told_by_number(line) {
        return false;
    }
    let (head, bullet) = without_bullet(low);
    if begins_with_one_of(head, &HEADS)
        || begins_with_one_of(low, &COMMENTS) && !bullet
        || is_search(low, place)
        || is_entry(head)
    {
        return true;
    }
    // A value, `err="broken pipe"`, or a clause of its own behind another.
    if all().any(|place| is_clause(&line.low, &place)) {
        return false;
    }
    let first = head
        .split(|c: char| !(c.is_ascii_alphabetic() || c == '\''))
        .next()
        .unwrap_or(head);
    if CHANGES.contains(&first) && !low.contains("failed")
        || head.starts_with("if ")
        || begins_with_one_of_within(low, &MANUALS)
    {
        return true;
    }
    let is_name = by_name(&words.to_ascii_uppercase()).is_some();
    // Few words beside a name are no sentence.
    let is_sentence = || is_name && low.split_ascii_whitespace().count() > 5;
    (is_text || is_sentence()) && !is_company(low, place)
}

/// Does it ask what the error is?
pub(super) fn is_question(low: &str) -> bool {
    const ASKS: [&str; 5] = ["what is ", "what's ", "what does ", "what causes ", "why "];
    begins_with_one_of(low, &ASKS) && (low.ends_with('?') || low.contains("error") || low.contains("mean"))
}

/// Is it a line of a program?
fn is_code(text: &str, low: &str) -> bool {
    let has_brackets = || text.contains('(') && text.contains(')');
    let ends = || {
        text.contains('{')
            || text.ends_with([';', ':'])
            || text.contains(" => ")
            || text.ends_with("{}")
            || has_brackets() && text.ends_with(')')
    };
    begins_with_one_of_within(low, &CODE)
        || begins_with_one_of(low, &STATEMENTS) && ends()
        || begins_with_one_of(low, &WRITERS) && has_brackets() && !low.contains("): ")
}

/// Does it search for the words? What a program says of itself has a colon behind its name.
fn is_search(low: &str, place: &Range<usize>) -> bool {
    let command = low.trim_start_matches(['$', '#', '%', ' ']);
    let pipe = low.get(..place.start).unwrap_or_default();
    let is_quoted = pipe.ends_with(['"', '\'']);
    begins_with_one_of(command, &SEARCHES) && (is_quoted || !command.contains(": "))
        || SEARCHES.iter().any(|search| pipe.contains(&format!("| {search}")))
        || pipe.contains("grep -")
}

/// Is it an entry of a table that says what each error is: `ECONNREFUSED  Nobody listens`, `* EPIPE - ..`, `"ECONNRESET": ".."`?
fn is_entry(head: &str) -> bool {
    const AFTER: [&str; 6] = ["  ", "\t", " - ", " \u{2013} ", " \u{2014} ", "\": \""];
    let head = head.strip_prefix('"').unwrap_or(head);
    let name = head.split(|c: char| !is_in_name(c)).next().unwrap_or(head);
    by_name(&name.to_ascii_uppercase()).is_some() && begins_with_one_of(&head[name.len()..], &AFTER)
}

/// The line without the sign of a list's item, and whether it had one.
fn without_bullet(low: &str) -> (&str, bool) {
    for bullet in ["- ", "* ", "+ ", "\u{2022} "] {
        if let Some(rest) = low.strip_prefix(bullet) {
            return (rest.trim_start(), true);
        }
    }
    (low, false)
}

fn begins_with_one_of(low: &str, all: &[&str]) -> bool {
    all.iter().any(|begin| low.starts_with(begin))
}

fn begins_with_one_of_within(low: &str, all: &[&str]) -> bool {
    all.iter().any(|words| low.contains(words))
}

/// Does the error's number stand beside it: `(32)Broken pipe`, `[Errno 104]`, `broken pipe (os error 32)`, `errno=111`?
fn has_number(low: &str, place: &Range<usize>) -> bool {
    let (before, after) = (&low[..place.start], &low[place.end..]);
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let is_number = |text: &str| matches!(digits(text), 1..=5);
    let behind = after.trim_start_matches([' ', ',', ':']);
    let behind = ["(os error ", "(errno ", "(", "errno ", "errno=", "errno = "]
        .iter()
        .any(|begin| behind.strip_prefix(begin).is_some_and(is_number));
    let inside = before.trim_end_matches([' ', ':', ')', ']', '-', '\'', '"']);
    let number = inside.len() - inside.bytes().rev().take_while(u8::is_ascii_digit).count();
    let name = inside[..number].trim_end_matches([' ', '=', ':', '-']);
    let before =
        number < inside.len() && (name.ends_with(['(', '[']) || name.ends_with("errno") || name.ends_with("code"));
    behind || before
}

/// Does the line have an error's number of Windows', or a call that strace traced?
fn is_told_by_number(line: &Line<'_>) -> bool {
    line.in_low().iter().any(|hit| matches!(hit.sign, Sign::Winsock(_)))
}

/// Is it a clause of its own, behind another or as a value: `worker 3: Broken pipe`, `err="broken pipe"`, `retry (connection reset)`? What
/// only begins the line is none: `Address in use: 12 Main Street`.
fn is_clause(low: &str, place: &Range<usize>) -> bool {
    let before = low[..place.start].trim_end();
    let after = low[place.end..].trim_start();
    let ends = after.is_empty()
        || after.starts_with([',', ';', ')', ']', '}', '"', '\'', '|', '>'])
        || after.starts_with(": ") && !before.is_empty()
        || after.starts_with('(')
        || after.starts_with("- ") && !before.is_empty()
        || after
            .strip_prefix(['.', '!', ':'])
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '"', '\'', ')']));
    let is_quoted = || before.ends_with(['"', '\'', '`']) && after.starts_with(['"', '\'', '`']);
    // Words in quotes within a sentence are spoken of; as a value, or an argument, they are said.
    let is_value = || {
        let outside = before.trim_end_matches(['"', '\'', '`', '\\']).trim_end();
        outside.is_empty() || outside.ends_with([':', '=', '(', '[', '{', ',', '>'])
    };
    let begins = before.ends_with([
        ':', '=', '(', '[', '{', ',', ';', '|', '>', ')', ']', '.', '-', '\u{2014}', '\u{2013}',
    ]);
    // Some wordings begin with the colon: `: timed out`.
    let begins = begins || low[place.clone()].starts_with(':');
    // "x: broken pipe again"
    let ends = ends || before.ends_with(':') && after.split_ascii_whitespace().count() <= 2;
    ends && (begins || is_quoted() && is_value())
}

/// Does the line speak of a failure or a network beside those words?
fn is_company(low: &str, place: &Range<usize>) -> bool {
    let words = |part: &str, score: &mut usize| {
        for word in part
            .split(|c: char| !(is_in_name(c) || c == '\''))
            .flat_map(|word| word.split('_'))
        {
            if begins_with_one_of(word, &SURE) || word.ends_with("exception") || word.ends_with("error") {
                *score += 2;
            } else if begins_with_one_of(word, &LIKELY) {
                *score += 1;
            }
        }
    };
    // "write: broken pipe in CLOSE_WAIT"
    let before = low[..place.start].trim_end();
    let call = before.strip_suffix(':').and_then(|before| before.rsplit(' ').next());
    if call.is_some_and(|call| call_of(call.trim_end_matches("()")).is_some()) {
        return true;
    }
    let is_host = |word: &str| {
        let word = word.trim_matches(['(', ')', '[', ']', ',', '"', '\'']);
        let host = word
            .split_once(":/")
            .map_or(word, |(host, _)| host)
            .trim_end_matches(':');
        host.parse::<IpAddr>().is_ok()
    };
    if low.split_ascii_whitespace().any(is_host) {
        return true;
    }
    let mut score = 0;
    words(&low[..place.start], &mut score);
    words(&low[place.end..], &mut score);
    score >= 2
}

#[cfg(test)]
mod tests {
    use crate::wording::recognize;

    #[test]
    fn who_only_speaks_of_an_error_reports_none() {
        for line in [
            "The fitter found a broken pipe behind the boiler",
            "Address in use: 4 Harbour Lane",
            "Improve the text for connection refused",
            "fix(pool): treat connection reset by peer as retriable",
            "- Fixed a leak when the connection timed out in the wizard",
            "docs: what \"connection refused\" means",
            "## Broken pipe",
            "// returns EAGAIN while nothing is there",
            "if (errno == ECONNRESET) {",
            "#define ECONNREFUSED 111 /* Connection refused */",
            "case syscall.ECONNREFUSED:",
            "rescue Errno::EPIPE => e",
            "expect(error.code).toBe('ECONNREFUSED');",
            "grep -c 'Connection reset by peer' app.log",
            "kubectl logs web | grep -i \"broken pipe\" | wc -l",
            "ECONNREFUSED  Nobody listens at the address.",
            "* EPIPE - the reading end is closed",
            "\"ECONNRESET\": \"The peer reset the connection\",",
            "Reviewers asked why EPIPE is swallowed by this wrapper",
            "Permission denied: guests may not change this page",
            "SELECT id FROM log WHERE text LIKE '%Broken pipe%';",
            "java.io.IOException: Stream closed",
        ] {
            assert_eq!(recognize(line), None, "{line}");
        }
    }

    #[test]
    fn a_report_is_one_in_whatever_sentence() {
        for line in [
            "broken pipe",
            "Connection reset by peer",
            "worker 3: Broken pipe",
            "write: broken pipe in CLOSE_WAIT",
            "level=error err=\"connection refused\" took=3s",
            "giving up on 10.0.0.2:80 after connection refused",
            "lost the server because of a broken pipe",
            "(32)Broken pipe: core_output_filter: writing data to the network",
            "BrokenPipeError: [Errno 32] Broken pipe",
            "Fix me: connect: Connection refused",
            "mount.nfs: Connection refused for 10.0.0.4:/export",
            "feign.RetryableException: Connection refused (Connection refused) executing GET http://a.test/",
            "What is a broken pipe error?",
        ] {
            assert!(recognize(line).is_some(), "{line}");
        }
    }
}
