//! The first look at a line: can it be a row, a counter or a message of the kernel at all? Most lines of a log are none, and must cost
//! next to nothing.

/// Pairs of letters, one of which is in each state's name in capitals, as a tool prints it, and in each message of the kernel about TCP.
///
/// `TA` ESTAB; `YN` SYN_SENT, SYN flooding; `AI` FIN_WAIT, TIME_WAIT; `LO` CLOSE, CLOSE_WAIT; `CK` LAST_ACK; `LI` LISTEN; `UN` UNCONN; `CP`
/// TCP, Tcp's are elsewhere; `f_` nf_conntrack; `hb` neighbour; `t_r` net_ratelimit has `_r`; `VF` VFS; `v4` IPv4: martian.
const PAIRS: [[u8; 2]; 12] = [
    *b"TA", *b"YN", *b"AI", *b"LO", *b"CK", *b"LI", *b"UN", *b"CP", *b"f_", *b"hb", *b"VF", *b"v4",
];

/// Can a line be of a table or of the kernel's log, by itself?
pub(super) fn may_be_listed(line: &[u8]) -> bool {
    begins_as_one(line) || has_pair(line)
}

/// Is one of the pairs in it? Without an early end, many bytes are looked at in one step.
fn has_pair(line: &[u8]) -> bool {
    let Some(after) = line.get(1..) else { return false };
    line.iter().zip(after).fold(false, |found, (a, b)| {
        found
            | PAIRS
                .iter()
                .fold(false, |found, [first, second]| found | ((a == first) & (b == second)))
    })
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
        Some(b'T') => starts(&["Tcp", "TW"]),
        Some(b'I') => starts(&["Ip", "Icmp"]),
        Some(b'U') => starts(&["Udp"]),
        Some(b'M') => starts(&["MPTcp"]),
        Some(b'A') => starts(&["Active "]),
        Some(b'P') => starts(&["Proto ", "PAWS", "Prune"]),
        Some(b'S') => starts(&["State "]),
        Some(b'N') => starts(&["Netid "]),
        Some(b'R') => starts(&["Recv-Q", "Ran "]),
        Some(b'C') => starts(&["COMMAND ", "Current listen"]),
        Some(b'Q') => starts(&["Quick ack"]),
        Some(b'D') => starts(&["Detected reordering"]),
        Some(b'/') => starts(&["/proc/net/"]),
        Some(b'n') => starts(&["net_ratelimit"]),
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
            assert!(!may_be_listed(line.as_bytes()), "{line}");
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
            "UNCONN",
            "CLOSED",
            "CLOSE_WAIT",
            "LAST-ACK",
            "LISTEN",
            "LISTENING",
            "CLOSING",
        ] {
            assert!(may_be_listed(format!("prefix {state} 0 0").as_bytes()), "{state}");
        }
    }
}
