//! The system calls of an endpoint in another language, or of a program, as `strace` prints them: read line by line, and only those on TCP
//! sockets.
//!
//! `strace -f -yy -T` begins each line with the thread's number, writes `5<TCP:[10.0.0.1:41822->10.0.0.2:8080]>` for a descriptor,
//! and cuts a call that another thread's comes into in two: `read(5<...>, <unfinished ...>` and `<... read resumed>"hi", 9) = 2`.
//! The endpoint's own words to finwait are system calls, too: they show which calls came before which words.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::program::TracedCall;
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

/// strace's arguments when it looks on at a program, by `-p`: its marks of sockets are their inodes.
pub const PROGRAM_ARGUMENTS: [&str; 8] = [
    "-f",
    "-qq",
    "-y",
    "-T",
    "-s32",
    "-esignal=none",
    "-etrace=%network,%desc",
    "-o",
];

/// The calls by which a program waits for its sockets.
const WAITS: [&str; 7] = [
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "poll",
    "ppoll",
    "select",
    "pselect6",
];

/// The marks of a TCP socket's descriptor (`-yy`), of either family.
const MARK: &str = "TCP";

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
struct WholeCalls {
    /// The beginning of a line that is not whole.
    rest: Vec<u8>,
    /// The beginnings of calls, by thread.
    unfinished: HashMap<u32, String>,
}

impl WholeCalls {
    /// Takes in what strace has printed, and hands over what is whole with it, with its thread.
    fn read(&mut self, bytes: &[u8], mut each: impl FnMut(u32, &str)) {
        self.rest.extend_from_slice(bytes);
        let rest = std::mem::take(&mut self.rest);
        let mut taken = 0;
        while let Some(end) = rest[taken..].iter().position(|&byte| byte == b'\n') {
            let line = String::from_utf8_lossy(&rest[taken..taken + end]);
            self.line(&line, &mut each);
            taken += end + 1;
        }
        self.rest = rest;
        self.rest.drain(..taken);
    }

    fn line(&mut self, line: &str, each: &mut impl FnMut(u32, &str)) -> Option<()> {
        let (thread, call) = line.split_once(' ')?;
        let thread = thread.parse().ok()?;
        let call = call.trim_start();
        // A thread that has ended finishes nothing.
        if call.starts_with("+++ ") {
            self.unfinished.remove(&thread);
        }
        if let Some(begun) = call.strip_suffix(" <unfinished ...>") {
            self.unfinished.insert(thread, begun.to_owned());
            return None;
        }
        match call.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>")) {
            Some((_, rest)) => each(thread, &format!("{}{rest}", self.unfinished.remove(&thread)?)),
            None => each(thread, call),
        }
        Some(())
    }
}

/// Reads the calls of an endpoint, and its words among them.
#[derive(Debug, Default)]
pub struct StraceReader {
    calls: WholeCalls,
}

impl StraceReader {
    /// Takes in what strace has printed; what is whole with it, in its order.
    pub fn read(&mut self, bytes: &[u8]) -> Vec<Printed> {
        let mut made = Vec::new();
        self.calls.read(bytes, |_, call| made.extend(printed(call)));
        made
    }
}

/// Reads the calls of a program's processes on TCP sockets, and those by which they wait for such.
#[derive(Debug, Default)]
pub struct ProgramStraceReader {
    calls: WholeCalls,
    /// The TCP sockets that were seen to be made.
    sockets: KnownSockets,
}

/// The inodes of TCP sockets, those that are called upon among so many others that were made since at least.
#[derive(Debug, Default)]
struct KnownSockets {
    recent: HashSet<u64>,
    older: HashSet<u64>,
}

/// The number of sockets that are made, or called upon again, before what was not is forgotten.
const MOST_RECENT: usize = 1 << 16;

impl KnownSockets {
    fn insert(&mut self, inode: u64) {
        if self.recent.len() >= MOST_RECENT {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(inode);
    }

    /// Returns whether it is one; it is called upon.
    fn has(&mut self, inode: u64) -> bool {
        if self.recent.contains(&inode) {
            return true;
        }
        let is_one = self.older.remove(&inode);
        if is_one {
            self.insert(inode);
        }
        is_one
    }

    fn is_empty(&self) -> bool {
        self.recent.is_empty() && self.older.is_empty()
    }
}

impl ProgramStraceReader {
    /// Takes in what strace has printed; the calls that are whole with it, in their order.
    pub fn read(&mut self, bytes: &[u8]) -> Vec<TracedCall> {
        let ProgramStraceReader { calls, sockets } = self;
        let mut made = Vec::new();
        calls.read(bytes, |thread, call| made.extend(program_call(thread, call, sockets)));
        made
    }
}

/// A call of a program's, if it is about a TCP socket, or waits for one.
fn program_call(thread: u32, call: &str, sockets: &mut KnownSockets) -> Option<TracedCall> {
    let mut marks = Vec::new();
    let line = without_marks(call, |fd, mark| {
        let inode = mark.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
        marks.extend(inode.and_then(|inode| Some((fd?, inode.parse::<u64>().ok()?))));
    });
    let made = parsed(&line)?;
    let makes_one = match made.name.as_str() {
        "socket" => {
            let arguments = made.args.as_deref().unwrap_or(&[]);
            matches!(arguments, [family, kind, ..] if family.starts_with("AF_INET") && kind.starts_with("SOCK_STREAM"))
        }
        "accept" | "accept4" => marks.first().is_some_and(|(_, listener)| sockets.has(*listener)),
        _ => false,
    };
    let makes = marks.last().filter(|_| makes_one && made.errno.is_none()).copied();
    if let Some((_, inode)) = makes {
        sockets.insert(inode);
    }
    let about = match made.name.as_str() {
        // The socket that it makes.
        "socket" => marks.last(),
        _ => marks.iter().find(|(_, inode)| sockets.has(*inode)),
    };
    let about = about.copied().filter(|(_, inode)| sockets.has(*inode));
    // An epoll descriptor does not say what it waits for.
    let waits = WAITS.contains(&made.name.as_str());
    let is_told = match about {
        Some(_) => true,
        None => waits && made.name.starts_with("epoll") && !sockets.is_empty(),
    };
    is_told.then(|| TracedCall {
        thread,
        fd: about.map(|(fd, _)| fd),
        inode: about.map(|(_, inode)| inode),
        makes,
        made,
    })
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
    let mut is_about_one = false;
    let text = without_marks(call, |_, mark| is_about_one |= mark.starts_with(MARK));
    // A closed descriptor has no mark any more, and its errno is what is asked for.
    (is_about_one || call.contains(" = -1 EBADF "))
        .then(|| parsed(&text))
        .flatten()
}

/// Reads a call, with the time that it took behind it.
fn parsed(call: &str) -> Option<Syscall> {
    let (text, took) = match call
        .rsplit_once(" <")
        .and_then(|(call, took)| Some((call, took.strip_suffix('>')?)))
    {
        Some((call, took)) => (call, took.parse::<f64>().ok()?),
        None => (call, 0.0),
    };
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

/// The call without what `-y` adds to descriptors, which is handed to `each` with the descriptor. What stands in quotes is the program's.
fn without_marks(call: &str, mut each: impl FnMut(Option<i32>, &str)) -> String {
    let mut text = String::with_capacity(call.len());
    let (mut rest, mut quoted) = (call, false);
    while let Some(c) = rest.chars().next() {
        let step = match c {
            '\\' if quoted => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            '"' => {
                quoted = !quoted;
                1
            }
            '<' if !quoted && text.ends_with(|c: char| c.is_ascii_digit()) => {
                // An address has a > in its arrow; a mark ends with what follows an argument.
                let end = rest.match_indices('>').map(|(at, _)| at + 1).find(|&end| {
                    let next = rest[end..].chars().next();
                    next.is_none_or(|next| matches!(next, ',' | ')' | ']' | '}' | ' '))
                });
                let end = end.unwrap_or(rest.len());
                let digits = text.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
                each(text[digits..].parse().ok(), rest[1..end].trim_end_matches('>'));
                rest = &rest[end..];
                continue;
            }
            c => c.len_utf8(),
        };
        text.push_str(&rest[..step]);
        rest = &rest[step..];
    }
    text
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

    /// A listener that is called upon is known, however many sockets it has made; what is not is forgotten.
    #[test]
    fn what_is_known_of_a_programs_sockets_does_not_grow_with_them() {
        let mut reader = ProgramStraceReader::default();
        let mut told = |line: String| reader.read(line.as_bytes()).len();
        told("7 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 4<socket:[1]> <0.1>\n".into());
        let accept = |inode: usize| format!("7 accept(4<socket:[1]>, NULL, NULL) = 6<socket:[{inode}]> <0.1>\n");
        for inode in 10..10 + 3 * MOST_RECENT {
            assert_eq!(told(accept(inode)), 1, "{inode}");
        }
        assert_eq!(told("7 close(6<socket:[10]>) = 0 <0.1>\n".into()), 0);
        let KnownSockets { recent, older } = &reader.sockets;
        assert!(recent.len() + older.len() <= 2 * MOST_RECENT);
    }

    #[test]
    fn of_a_program_the_calls_on_its_tcp_sockets_are_told_and_what_it_waits_in() {
        let printed = "\
7 socket(AF_UNIX, SOCK_STREAM, 0)         = 3<socket:[99]> <0.1>
7 epoll_wait(5<anon_inode:[eventpoll]>, [], 8, 0) = 0 <0.1>
7 socket(AF_INET6, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 4<socket:[100]> <0.000021>
7 listen(4<socket:[100]>, 128)       = 0 <0.1>
7 read(3<socket:[99]>, \"\", 8) = 0 <0.1>
8 accept4(4<socket:[100]>, {sa_family=AF_INET, sin_port=htons(1)}, [16], SOCK_CLOEXEC) = 6<socket:[101]> <0.1>
8 poll([{fd=3<socket:[99]>, events=POLLIN}, {fd=6<socket:[101]>, events=POLLIN}], 2, 10) = 1 ([{fd=6, revents=POLLIN}]) <0.1>
8 epoll_wait(5<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=4, u64=4}}], 8, -1) = 1 <0.1>
8 write(6<socket:[101]>, \"7<socket:[100]>\", 9) = -1 EPIPE (Broken pipe) <0.1>
8 close(6<socket:[101]>) = 0 <0.1>
";
        let mut reader = ProgramStraceReader::default();
        let told = reader.read(printed.as_bytes()).into_iter();
        let told: Vec<_> = told
            .map(|call| (call.thread, call.made.name, call.fd, call.inode))
            .collect();
        let of = |thread, name: &str, socket: Option<(i32, u64)>| {
            (
                thread,
                name.to_owned(),
                socket.map(|(fd, _)| fd),
                socket.map(|(_, inode)| inode),
            )
        };
        let expected = [
            of(7, "socket", Some((4, 100))),
            of(7, "listen", Some((4, 100))),
            of(8, "accept4", Some((4, 100))),
            of(8, "poll", Some((6, 101))),
            of(8, "epoll_wait", None),
            of(8, "write", Some((6, 101))),
            of(8, "close", Some((6, 101))),
        ];
        assert_eq!(told, expected);
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
