//! The system calls of an endpoint in another language, as `strace` prints them: read line by line, and only those on TCP sockets.
//!
//! `strace -f -yy -T` begins each line with the thread's number, writes `5<TCP:[10.0.0.1:41822->10.0.0.2:8080]>` for a descriptor,
//! and cuts a call that another thread's comes into in two: `read(5<...>, <unfinished ...>` and `<... read resumed>"hi", 9) = 2`.
//! The endpoint's own words to finwait are system calls, too: they show which calls came before which words.

use std::collections::HashMap;
use std::time::Duration;

use finwait_model::call::CallId;
use finwait_model::errno::Errno;
use finwait_model::syscall::Syscall;

/// strace's arguments.
pub const ARGUMENTS: [&str; 9] = [
    // The tracer is the endpoint's grandchild, so that the endpoint stays ours.
    "-D",
    "-f",
    "-qq",
    "-yy",
    "-T",
    "-s32",
    "-esignal=none",
    "-etrace=%network,%desc",
    "-o",
];

/// The marks of a TCP socket's descriptor (`-yy`), of either family.
const MARK: &str = "<TCP";

/// The finding in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Printed {
    /// A call on a TCP socket.
    Call(Syscall),
    /// The endpoint said a word about a call.
    Said(Word, CallId),
}

/// A word of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Word {
    /// `began`
    Began,
    /// `ended`
    Ended,
}

/// Puts calls together that were cut in two.
#[derive(Debug, Default)]
pub struct StraceReader {
    /// The beginning of a line that is not whole.
    rest: Vec<u8>,
    /// The beginnings of calls, by thread.
    unfinished: HashMap<u32, String>,
}

impl StraceReader {
    /// Takes in what strace has printed; what is whole with it, in its order.
    pub fn read(&mut self, bytes: &[u8]) -> Vec<Printed> {
        self.rest.extend_from_slice(bytes);
        let mut made = Vec::new();
        let mut taken = 0;
        while let Some(end) = self.rest[taken..].iter().position(|&byte| byte == b'\n') {
            let line = String::from_utf8_lossy(&self.rest[taken..taken + end]).into_owned();
            made.extend(self.line(&line));
            taken += end + 1;
        }
        self.rest.drain(..taken);
        made
    }

    fn line(&mut self, line: &str) -> Option<Printed> {
        let (thread, call) = line.split_once(' ')?;
        let thread = thread.parse().ok()?;
        let call = call.trim_start();
        if let Some(begun) = call.strip_suffix(" <unfinished ...>") {
            self.unfinished.insert(thread, begun.to_owned());
            return None;
        }
        match call.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>")) {
            Some((_, rest)) => printed(&format!("{}{rest}", self.unfinished.remove(&thread)?)),
            None => printed(call),
        }
    }
}

/// Parses a whole call.
fn printed(call: &str) -> Option<Printed> {
    match said(call) {
        Some((word, id)) => Some(Printed::Said(word, id)),
        None => traced(call).map(Printed::Call),
    }
}

/// A word to finwait, on standard output; strace escapes its quotes. PHP sees that it is a socket, and sends it.
fn said(call: &str) -> Option<(Word, CallId)> {
    let written = call
        .strip_prefix("write(1<")
        .or_else(|| call.strip_prefix("sendto(1<"))?;
    let (descriptor, text) = written.split_once(">, \"")?;
    let words = [
        (Word::Began, r#"{\"began\":{\"id\":"#),
        (Word::Ended, r#"{\"ended\":{\"id\":"#),
    ];
    words
        .iter()
        .filter(|_| !descriptor.contains('"'))
        .find_map(|(word, begins)| {
            let rest = text.strip_prefix(begins)?;
            let digits = rest.find(|c: char| !c.is_ascii_digit())?;
            Some((*word, CallId(rest[..digits].parse().ok()?)))
        })
}

/// A whole call, if it is about a TCP socket.
fn traced(call: &str) -> Option<Syscall> {
    let (call, took) = match call
        .rsplit_once(" <")
        .and_then(|(call, took)| Some((call, took.strip_suffix('>')?)))
    {
        Some((call, took)) => (call, took.parse::<f64>().ok()?),
        None => (call, 0.0),
    };
    // A closed descriptor has no mark any more, and its errno is what is asked for.
    let text = without_marks(call).or_else(|| call.contains(" = -1 EBADF ").then(|| call.to_owned()))?;
    let returned = text.rsplit_once(" = -1 ").map(|(_, why)| why);
    let errno = returned.and_then(|why| {
        let name = why.split_whitespace().next()?;
        Errno::NAMED
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(errno, _)| *errno)
    });
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(Syscall::parse(&line, errno, Duration::from_nanos((took * 1e9) as u64)))
}

/// The call without what `-yy` adds to descriptors; none when no TCP socket is among them. What stands in quotes is the program's.
fn without_marks(call: &str) -> Option<String> {
    let (mut text, mut marked) = (String::with_capacity(call.len()), false);
    let (mut rest, mut quoted) = (call, false);
    while let Some(c) = rest.chars().next() {
        let step = match c {
            '\\' if quoted => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            '"' => {
                quoted = !quoted;
                1
            }
            '<' if !quoted && text.ends_with(|c: char| c.is_ascii_digit()) => {
                marked |= rest.starts_with(MARK);
                // An address has a > in its arrow; a mark ends with what follows an argument.
                let end = rest.match_indices('>').map(|(at, _)| at + 1).find(|&end| {
                    let next = rest[end..].chars().next();
                    next.is_none_or(|next| matches!(next, ',' | ')' | ']' | '}' | ' '))
                });
                rest = &rest[end.unwrap_or(rest.len())..];
                continue;
            }
            c => c.len_utf8(),
        };
        text.push_str(&rest[..step]);
        rest = &rest[step..];
    }
    marked.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(printed: Vec<Printed>) -> Vec<Syscall> {
        let calls = printed.into_iter().map(|printed| match printed {
            Printed::Call(traced) => traced,
            Printed::Said(..) => panic!("{printed:?}"),
        });
        calls.collect()
    }

    fn texts(reader: &mut StraceReader, printed: &str) -> Vec<String> {
        let calls = calls(reader.read(printed.as_bytes()));
        calls.into_iter().map(|made| made.to_string()).collect()
    }

    #[test]
    fn only_calls_on_tcp_sockets_are_told() {
        let printed = "\
7 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_IP) = 7<TCP:[104033]> <0.000021>
7 read(3</etc/hosts>, \"127.0.0.1\", 4096) = 9 <0.000010>
7 write(1<UNIX-STREAM:[1->2]>, \"{\\\"began\\\":{}}\", 12) = 12 <0.000010>
7 setsockopt(7<TCP:[10.0.0.1:41822->10.0.0.2:8080]>, SOL_SOCKET, SO_KEEPALIVE, [1], 4) = 0 <0.000002>
7 read(7<TCPv6:[[::1]:1->[::1]:2]>, 0xc000, 8)  = -1 EAGAIN (Resource temporarily unavailable) <0.000004>
";
        let mut reader = StraceReader::default();
        let made = calls(reader.read(printed.as_bytes()));
        let texts: Vec<String> = made.iter().map(Syscall::to_string).collect();
        assert_eq!(
            texts,
            [
                "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_IP) = 7",
                "setsockopt(7, SOL_SOCKET, SO_KEEPALIVE, [1], 4) = 0",
                "read(7, 0xc000, 8) = -1 EAGAIN (Resource temporarily unavailable)",
            ]
        );
        assert_eq!(made[0].duration.as_nanos(), 21_000);
        assert_eq!((made[1].errno, made[2].errno), (None, Some(Errno::EAGAIN)));
    }

    #[test]
    fn a_call_that_was_cut_in_two_is_put_together() {
        let mut reader = StraceReader::default();
        assert!(
            texts(
                &mut reader,
                "7 read(5<TCP:[1.1.1.1:1->1.1.1.1:2]>,  <unfinished ...>\n8 wri"
            )
            .is_empty()
        );
        let rest = "te(5<TCP:[1.1.1.1:1->1.1.1.1:2]>, \"a\", 1) = 1 <0.1>\n7 <... read resumed>\"hi\", 9) = 2 <0.2>\n";
        assert_eq!(
            texts(&mut reader, rest),
            ["write(5, \"a\", 1) = 1", "read(5, \"hi\", 9) = 2"]
        );
        let all_in_it = "7 close(5<TCP:[1.1.1.1:1->1.1.1.1:2]> <unfinished ...>\n7 <... close resumed>) = 0 <0.1>\n";
        assert_eq!(texts(&mut reader, all_in_it), ["close(5) = 0"]);
    }

    #[test]
    fn the_endpoints_own_words_are_told_apart() {
        let line =
            "7 write(1<UNIX-STREAM:[1->2]>, \"{\\\"began\\\":{\\\"id\\\":16,\\\"at\\\":21\"..., 90) = 90 <0.1>\n";
        let mut reader = StraceReader::default();
        assert_eq!(reader.read(line.as_bytes()), [Printed::Said(Word::Began, CallId(16))]);
        assert!(
            reader
                .read(b"7 write(1<UNIX-STREAM:[1->2]>, \"{\\\"began\\\":{\\\"id\\\":x\", 9) = 9 <0.1>\n")
                .is_empty()
        );
    }

    #[test]
    fn what_a_program_writes_is_not_taken_for_a_mark() {
        let line = "7 write(5<TCP:[1]>, \"1<TCP:[x]> \\\"2<b>\", 9) = 9 <0.1>\n7 write(9</tmp/x>, \"1<TCP:[x]>\", 1) = 1 <0.1>\n";
        assert_eq!(
            texts(&mut StraceReader::default(), line),
            ["write(5, \"1<TCP:[x]> \\\"2<b>\", 9) = 9"]
        );
    }

    #[test]
    fn nonsense_is_passed_over() {
        let mut reader = StraceReader::default();
        assert!(
            texts(
                &mut reader,
                "\n \nx y\n7 \n7 <... read resumed>) = 1\n7 +++ exited with 0 +++\n7 5<\n7 \"\\\n"
            )
            .is_empty()
        );
        assert!(reader.read(&[b'7', b' ', 0xff, b'"', b'\\', 0xe2, b'\n']).is_empty());
    }

    #[test]
    fn a_word_that_was_sent_is_one_that_was_written() {
        let line = r#"sendto(1<UNIX-STREAM:[1->2]>, "{\"began\":{\"id\":16,\"at\":21"..., 90, MSG_DONTWAIT, NULL, 0) = 90 <0.1>"#;
        assert_eq!(said(line), Some((Word::Began, CallId(16))));
        assert_eq!(said(&line.replace("sendto(1<", "sendto(4<")), None);
    }
}
