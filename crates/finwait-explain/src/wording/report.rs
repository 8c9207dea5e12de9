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
use super::signs::{Hit, Line, Mention, Sign, mentions};
use super::{address, is_in_name, places};

include!(concat!(env!("OUT_DIR"), "/mentions.rs"));

/// Is the error at `place` of the line only spoken of? `is_text` says that its words are English, as strerror's are, and may be anybody's.
pub(super) fn is_mention(line: &Line<'_>, place: &Range<usize>, is_text: bool) -> bool {
    let (text, low) = (line.text.trim(), line.low.trim());
    let outside = [&line.low[..place.start], &line.low[place.end..]].concat();
    if !outside.contains(|c: char| c.is_alphanumeric()) && !low.starts_with('#') {
        return false;
    }
    let (head, bullet) = without_bullet(low);
    let spoken = mentions(low);
    if spoken.contains(&Mention::Code)
        || is_code(text, head)
        || is_member(&line.low, place)
        || is_list_of_names(line)
        || is_table(low)
        || is_defined(head, &line.low[place.clone()])
    {
        return true;
    }
    let words = &line.low[place.clone()];
    let all = || places(&line.low, words).map(|at| at..at + words.len());
    if all().any(|place| has_number(&line.low, &place)) || address::is_in(low) || is_told_by_number(line) {
        return false;
    }
    if begins_with_one_of(head, HEADS)
        || begins_with_one_of(low, COMMENTS) && !bullet
        || begins_with_one_of(head, CODE_COMMENTS)
        || spoken.contains(&Mention::Result)
        || is_search(low, place)
        || is_entry(head)
        || all().all(|place| is_asked(&line.low, &place) || is_denied(&line.low, &place))
    {
        return true;
    }
    // A value, `err="broken pipe"`, or a clause of its own behind another.
    if all().any(|place| is_clause(&line.low, &place)) {
        return false;
    }
    let head = without_hash(head);
    let first = head
        .split(|c: char| !(c.is_ascii_alphabetic() || c == '\''))
        .next()
        .unwrap_or(head);
    if CHANGES.contains(&first) && !low.contains("failed")
        || head.starts_with("if ")
        || spoken.contains(&Mention::Manual)
    {
        return true;
    }
    let is_name = by_name(&words.to_ascii_uppercase()).is_some();
    // Few words beside a name are no sentence.
    let is_sentence = || is_name && low.split_ascii_whitespace().count() > 5;
    (is_text || is_sentence()) && !is_company(low, place)
}

/// Is the sentence that it stands in a question? `Connection refused (is the server up?)` and `Permission denied: are you root?` ask
/// something else.
fn is_asked(low: &str, place: &Range<usize>) -> bool {
    let (before, after) = (&low[..place.start], &low[place.end..]);
    let after = after.trim_start_matches(['"', '\'', '`', '\u{201d}']);
    let end = after
        .find(['?', '!', ';', '(', ':', ','])
        .filter(|at| after[*at..].starts_with('?'));
    let Some(rest) = end.map(|at| &after[..at]) else {
        return false;
    };
    let is_same_sentence = !rest.contains(". ") && !rest.contains("  ");
    is_same_sentence && !before.trim_end().ends_with([':', '=', '(', '[']) && before.contains(char::is_alphanumeric)
}

/// Does the line say that there was none: `no connection refused in the last hour`?
fn is_denied(low: &str, place: &Range<usize>) -> bool {
    let before = low[..place.start].trim_end_matches([' ', '"', '\'', '`']);
    let last = before
        .rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '\''))
        .next();
    last.is_some_and(|last| DENIALS.contains(&last)) && !before.is_empty()
}

/// Are several errnos named one behind the other, as in a list of those that a program tries again after?
fn is_list_of_names(line: &Line<'_>) -> bool {
    let low = &line.low;
    let mut before: Option<&Hit> = None;
    line.in_low()
        .iter()
        .filter(|hit| matches!(hit.sign, Sign::Name))
        .any(|hit| {
            let is_next = before.is_some_and(|before| {
                let between = low.get(before.end..hit.at);
                let is_near = between.is_some_and(|between| between.len() <= NEAR && !between.contains(is_in_name));
                is_near && low[before.at..before.end] != low[hit.at..hit.end]
            });
            before = Some(hit);
            is_next
        })
}

/// The most characters between two names of a list: `", "`, `', '`, ` | `.
const NEAR: usize = 4;

/// Does it ask what the error is?
pub(super) fn is_question(low: &str) -> bool {
    const ASKS: [&str; 5] = ["what is ", "what's ", "what does ", "what causes ", "why "];
    begins_with_one_of(low, &ASKS) && (low.ends_with('?') || low.contains("error") || low.contains("mean"))
}

/// Is it a line of a program?
fn is_code(text: &str, low: &str) -> bool {
    let low = ["pub ", "pub(crate) ", "export "]
        .iter()
        .find_map(|visible| low.strip_prefix(visible))
        .unwrap_or(low);
    let has_brackets = || text.contains('(') && text.contains(')');
    let ends = || {
        text.contains('{')
            || text.ends_with([';', ':'])
            || text.contains(" => ")
            || text.ends_with("{}")
            || has_brackets() && text.ends_with(')')
    };
    begins_with_one_of(low, STATEMENTS) && ends()
        || begins_with_one_of(low, WRITERS) && has_brackets() && !low.contains("): ")
        || text.ends_with(';') && text.contains(['=', '(']) && !text.contains(": ")
        || text.ends_with('{') && text.contains('(') && !text.contains(": ")
}

/// Is it an errno's name as source code has it, a member: `constants.EPIPE`, `libc::EPIPE`? Ruby prints its classes so: `Errno::EPIPE`.
fn is_member(low: &str, place: &Range<usize>) -> bool {
    let before = &low[..place.start];
    let of = before.strip_suffix('.').or_else(|| before.strip_suffix("::"));
    let is_name = || by_name(&low[place.clone()].to_ascii_uppercase()).is_some();
    of.is_some_and(|of| of.ends_with(is_in_name) && !of.ends_with("errno")) && is_name()
}

/// Is it a row of a table of Markdown's?
fn is_table(low: &str) -> bool {
    low.len() > 1 && low.starts_with('|') && low.ends_with('|')
}

/// Is it an entry that gives an error its text or its number: `CONNECTION_REFUSED(111, "Connection refused"),`, `ECONNRESET = 104`?
fn is_defined(head: &str, words: &str) -> bool {
    let head = head.trim_start_matches(['"', '\'']);
    let key = head.split(['"', '\'', ':', '=', '(', ' ']).next().unwrap_or(head);
    let value = head[key.len()..].trim_start_matches(['"', '\'', ' ']);
    if !value.starts_with([':', '=', '(']) {
        return false;
    }
    let joined = |with: &str| key.contains(&words.replace(' ', with));
    let is_of_it = || key == words || words.contains(' ') && (joined("_") || joined("-") || joined(""));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = value
        .strip_prefix('=')
        .map(|value| value.trim().trim_end_matches([',', ';']));
    (head.ends_with(',') || number.is_some_and(is_number)) && is_of_it()
}

/// Does it search for the words? What a program says of itself has a colon behind its name.
fn is_search(low: &str, place: &Range<usize>) -> bool {
    let command = low.trim_start_matches(['$', '#', '%', ' ']);
    let pipe = low.get(..place.start).unwrap_or_default();
    let is_quoted = pipe.ends_with(['"', '\'']);
    begins_with_one_of(command, SEARCHES) && (is_quoted || !command.contains(": "))
        || SEARCHES.iter().any(|search| pipe.contains(&format!("| {search}")))
        || pipe.contains("grep -")
}

/// Is it an entry of a table that says what each error is: `ECONNREFUSED  Nobody listens`, `* EPIPE - ..`, `"ECONNRESET": ".."`, `| EPIPE |`?
fn is_entry(head: &str) -> bool {
    const AFTER: [&str; 7] = ["  ", "\t", " - ", " \u{2013} ", " \u{2014} ", "\": \"", " | "];
    let head = head.trim_start_matches(['"', '|', '`', ' ']);
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

/// The line without the short or long hash of a change, which a list of changes begins with.
fn without_hash(low: &str) -> &str {
    let is_hash = |word: &str| {
        let has = |is: fn(&u8) -> bool| word.bytes().any(|byte| is(&byte));
        (7..=40).contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_hexdigit())
            && has(u8::is_ascii_digit)
            && has(u8::is_ascii_alphabetic)
    };
    let rest = low.split_once(' ').filter(|(word, _)| is_hash(word));
    rest.map_or(low, |(_, rest)| rest.trim_start())
}

fn begins_with_one_of(low: &str, all: &[&str]) -> bool {
    all.iter().any(|begin| low.starts_with(begin))
}

/// Does the error's number stand beside it: `(32)Broken pipe`, `[Errno 104]`, `broken pipe (os error 32)`, `errno=111`?
fn has_number(low: &str, place: &Range<usize>) -> bool {
    let (before, after) = (&low[..place.start], &low[place.end..]);
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let is_number = |text: &str| matches!(digits(text), 1..=5);
    let behind = after.trim_start_matches([' ', ',', ':']);
    // Not `(12 ms)`.
    let is_alone = |text: &str| is_number(text) && text[digits(text)..].starts_with([')', ':', ',']);
    let behind = behind.strip_prefix('(').is_some_and(is_alone)
        || ["(os error ", "(errno ", "errno ", "errno=", "errno = "]
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
            if begins_with_one_of(word, FAILURES) || word.ends_with("exception") || word.ends_with("error") {
                *score += 2;
            } else if begins_with_one_of(word, LIKELY) {
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
            "Fwd: Broken pipe after the upgrade",
            "Does the gateway answer with connection reset by peer here?",
            "Err(e) if e.kind() == io::ErrorKind::BrokenPipe => break,",
            "codes: [\"EPIPE\", \"ECONNABORTED\"]",
            "EPIPE|ECONNRESET|ETIMEDOUT",
            "+  // a broken pipe ends the loop",
            "\u{2713} gives ETIMEDOUT when nobody answers (31 ms)",
            "not ok 3 - write after close gives EPIPE",
            "0c1d2e3f Skip ECONNABORTED in accept",
            "| EPIPE | the reader has gone |",
            "finished in 3 s, no connection reset by peer",
            "pattern = \".*Connection refused.*\"",
            "rc = -ECONNRESET;",
            "os.constants.errno.EPIPE",
            "on libc::ECONNABORTED go on",
            "it(\"ends with a broken pipe\", async () => {",
            "pub const GONE: &str = \"broken pipe\";",
            "| 32 | EPIPE | Broken pipe |",
            "ETIMEDOUT = 110",
            "\"net.broken-pipe\": \"Broken pipe: the reader has gone\",",
            "BROKEN_PIPE(32, \"Broken pipe\"),",
            "{job=\"web\"} |= \"broken pipe\"",
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
            "Permission denied: are you root? bind: Permission denied",
            "connect: Connection refused (is the server running?)",
            "deadbeef7 write failed: broken pipe",
            "connect ECONNREFUSED, then ETIMEDOUT",
            "write: broken pipe (32)",
            "code: 'ECONNREFUSED',",
            "\"error\": \"connection refused\",",
            "errno = ECONNRESET",
            "Errno::EPIPE in the worker",
            "Error: connect ECONNREFUSED 127.0.0.1:5432 {",
            "ECONNRESET: connection reset by peer",
        ] {
            assert!(recognize(line).is_some(), "{line}");
        }
    }
}
