//! The first look at a line: can it be a row, a counter or a message of the kernel at all? Most lines of a log are none, and must cost
//! next to nothing.

use super::words::state;

/// Pairs of letters, one of which is in each state's name in capitals, as a tool prints it: `TA` ESTAB, `YN` SYN_SENT, `AI` FIN_WAIT and
/// TIME_WAIT, `LO` CLOSE, CLOSE_WAIT, `CK` LAST_ACK, `LI` LISTEN. UNCONN, which TCP's sockets hardly are, is seen among other rows.
const OF_STATES: [[u8; 2]; 6] = [*b"TA", *b"YN", *b"AI", *b"LO", *b"CK", *b"LI"];
/// The end of `kernel:`, which a system's log has before each message of the kernel; without it a message begins the line, or its time does.
const OF_KERNEL: [u8; 2] = *b"l:";
/// Words that decide it: one of them is in each message of the kernel.
const KERNEL_WORDS: [&str; 11] = [
    "TCP: ",
    "TCP(",
    "PROTO=TCP",
    "SYN flooding",
    "conntrack: table full",
    "table overflow",
    "file-max",
    "martian source",
    "suppressed",
    "socket memory",
    "MD5",
];

/// What a line can be, by a first look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// A row with a state's name in it, or a count of a state.
    pub(super) has_state: bool,
    /// A message of the kernel.
    pub(super) is_kernels: bool,
    /// A header, a row of procfs or a counter: it begins as one.
    pub(super) begins: bool,
}

impl Look {
    /// Everything: the line has to be read.
    pub(super) const CLOSE: Look = Look {
        has_state: true,
        is_kernels: true,
        begins: true,
    };

    /// Looks at a line that stands by itself; none where it can be nothing of all that.
    pub(super) fn at(line: &[u8]) -> Option<Look> {
        let (state_pair, kernel_pair) = pairs(line);
        let begins = begins_as_one(line);
        let is_stamped = is_stamped(line);
        if !(state_pair | kernel_pair | begins | is_stamped) {
            return None;
        }
        // Capitals may stand for anything: the words decide.
        let text = String::from_utf8_lossy(line);
        let look = Look {
            has_state: state_pair && has_state(&text),
            is_kernels: (kernel_pair || is_stamped || begins) && KERNEL_WORDS.iter().any(|word| text.contains(word)),
            begins,
        };
        (look.has_state || look.is_kernels || begins).then_some(look)
    }
}

/// The number of pairs that are looked at in one step.
const STEP: usize = 16;

/// Is one of the pairs in it, of states and of the kernel's messages? Without an early end, many bytes are looked at in one step; the last
/// step goes over some of them again.
fn pairs(line: &[u8]) -> (bool, bool) {
    const BLOCK: usize = STEP + 1;
    let mut found = [0; STEP];
    match line.last_chunk::<BLOCK>() {
        Some(last) => {
            let mut rest = line;
            while let Some(block) = rest.first_chunk::<BLOCK>() {
                mark(block, &mut found);
                rest = &rest[STEP..];
            }
            mark(last, &mut found);
        }
        None => {
            let mut block = [0; BLOCK];
            block[..line.len()].copy_from_slice(line);
            mark(&block, &mut found);
        }
    }
    let found = found.iter().fold(0, |all, found| all | found);
    (found & 1 != 0, found & 2 != 0)
}

/// Marks where a pair of a state (1) or of the kernel (2) begins.
fn mark(block: &[u8; STEP + 1], found: &mut [u8; STEP]) {
    let is = |pair: &[u8; 2], a: u8, b: u8| u8::from(a == pair[0]) & u8::from(b == pair[1]);
    for (place, found) in found.iter_mut().enumerate() {
        let (a, b) = (block[place], block[place + 1]);
        *found |= OF_STATES.iter().fold(0, |found, pair| found | is(pair, a, b)) | (is(&OF_KERNEL, a, b) << 1);
    }
}

/// Is a state's name among its words?
fn has_state(text: &str) -> bool {
    text.split_ascii_whitespace().any(|word| {
        let word = word.strip_prefix('(').unwrap_or(word).trim_end_matches([')', ':', '=']);
        word.starts_with(|c: char| c.is_ascii_uppercase()) && state(word).is_some()
    })
}

/// Does it begin with the kernel's time: `[   12.345678] `?
fn is_stamped(line: &[u8]) -> bool {
    let Some(inner) = line.strip_prefix(b"[") else {
        return false;
    };
    let end = inner.iter().take(20).position(|byte| *byte == b']').unwrap_or(0);
    end > 0
        && inner[..end]
            .iter()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'.'))
}

/// Does it begin as a header, a row of procfs, a counter or a sentence of `netstat -s` does?
fn begins_as_one(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    let starts = |words: &[&str]| words.iter().any(|word| line.starts_with(word.as_bytes()));
    match line.first() {
        // `0: 0100007F:0050`, `2238 times the listen queue ..`
        Some(b'0'..=b'9') => {
            let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let rest = &line[digits..];
            rest.starts_with(b": ")
                || rest.first() == Some(&b' ') && rest.get(1).is_some_and(|byte| !byte.is_ascii_digit())
        }
        Some(b't') => starts(&["tcp"]),
        Some(b'T') => starts(&["Tcp", "TCP", "TW"]),
        Some(b'I') => starts(&["Ip", "IPv4: martian", "Icmp"]),
        Some(b'V') => starts(&["VFS: file-max"]),
        Some(b'O') => starts(&["Out of socket memory"]),
        Some(b'U') => starts(&["Udp"]),
        Some(b'M') => starts(&["MPTcp"]),
        Some(b'A') => starts(&["Active "]),
        Some(b'P') => starts(&["Proto ", "PAWS", "Prune", "Possible SYN"]),
        Some(b'p') => starts(&["possible SYN"]),
        Some(b'i') => starts(&["ip_conntrack"]),
        Some(b'S') => starts(&["State "]),
        Some(b'N') => starts(&["Netid ", "Neighbour table"]),
        Some(b'R') => starts(&["Recv-Q", "Ran "]),
        Some(b'C') => starts(&["COMMAND ", "Current listen"]),
        Some(b'Q') => starts(&["Quick ack"]),
        Some(b'D') => starts(&["Detected reordering"]),
        Some(b'/') => starts(&["/proc/net/"]),
        Some(b'n') => starts(&["net_ratelimit", "nf_conntrack", "neighbour: "]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_lines_of_a_log_are_passed_over_at_the_first_look() {
        for line in [
            "",
            "x",
            "10.0.0.9 - - [01/Jan/2026:00:00:00 +0000] \"GET /index.html HTTP/1.1\" 200 512 \"-\" \"curl/8.5.0\"",
            "2026-01-01T00:00:00.000Z INFO request done id=4711 status=200 took=12ms",
            "{\"level\":\"info\",\"ts\":1767225600,\"msg\":\"served\",\"path\":\"/a/b\"}",
            "Jan  1 00:00:00 web1 sshd[411]: Accepted publickey for root from 10.0.0.9 port 50000 ssh2",
        ] {
            assert_eq!(Look::at(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn each_state_is_seen_at_the_first_look() {
        for state in [
            "ESTAB",
            "ESTABLISHED",
            "SYN-SENT",
            "SYN_RECV",
            "FIN-WAIT-1",
            "FIN_WAIT2",
            "TIME-WAIT",
            "CLOSED",
            "CLOSE_WAIT",
            "LAST-ACK",
            "LISTEN",
            "LISTENING",
            "CLOSING",
        ] {
            for row in [
                format!("prefix {state} 0 0"),
                format!("x ({state})"),
                format!("12 {state}:"),
            ] {
                assert!(Look::at(row.as_bytes()).is_some_and(|look| look.has_state), "{row}");
            }
        }
    }

    /// Capitals are looked at twice, and no more.
    #[test]
    fn capitals_alone_make_no_row() {
        for line in [
            "2026-01-01 LOG: statement: SELECT TABLE_NAME FROM T WHERE STATUS = 'START' LIMIT 1",
            "web-1 INFO TCP connection from 10.0.0.1:80 took 3 ms",
            "2026-01-01 [app] CLIENT CLOSED_BY_USER",
        ] {
            assert_eq!(Look::at(line.as_bytes()), None, "{line}");
        }
    }
}
