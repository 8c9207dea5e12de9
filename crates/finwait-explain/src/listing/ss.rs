//! `ss`: `CLOSE-WAIT 1 0 10.0.0.1:80 10.0.0.2:4000 users:(("app",pid=1464,fd=7)) timer:(keepalive,119min,0) uid:33 ino:4711 sk:1`, and what
//! `-i` and `-m` say below or behind it (`tcp_show_info`, `print_skmeminfo`).

use super::address::ListedAddress;
use super::row::{ListForm, ListedInfo, ListedProgram, ListedSocket, ListedTimer, Owner};
use super::words::{Words, number, time};
use finwait_model::socket_table::TimerKind;
use finwait_model::state::State;

/// What stands before the state, or in its place, of sockets that are not TCP's.
pub(super) const OTHER_KINDS: [&str; 20] = [
    "udp", "udp4", "udp6", "raw", "raw6", "u_str", "u_seq", "u_dgr", "nl", "p_raw", "p_dgr", "v_str", "v_dgr", "icmp",
    "icmp6", "sctp", "dccp", "mptcp", "xdp", "tipc",
];

/// The row of which the word at `place` is the state; none where what follows is not what ss prints.
pub(super) fn row(words: &Words, place: usize, state: State) -> Option<ListedSocket> {
    columns(words, place + 1, state)
}

/// The row whose columns begin with Recv-Q at `place`: `ss state close-wait` prints no state.
pub(super) fn columns(words: &Words, place: usize, state: State) -> Option<ListedSocket> {
    let (receive, send) = (words.number(place, 0)?, words.number(place, 1)?);
    let local = ListedAddress::with_colon(words.at(place, 2)?)?;
    let peer = words.at(place, 3).and_then(ListedAddress::with_colon);
    if peer.is_none() && !local.is_numeric() {
        return None;
    }
    let mut socket = ListedSocket::new(ListForm::Ss, state, local, peer);
    socket.receive_queue = Some(receive);
    socket.send_queue = Some(send);
    extend(&mut socket, words, place + 3);
    Some(socket)
}

/// Takes in what stands behind the addresses, or in a line below them.
pub(super) fn extend(socket: &mut ListedSocket, words: &Words, from: usize) {
    if let Some(programs) = programs(words.line) {
        socket.owner = Owner::Programs(programs);
    }
    for word in words.words.iter().skip(from) {
        if let Some(timer) = word.strip_prefix("timer:(") {
            socket.timer = timer_of(timer.trim_end_matches(')')).or(socket.timer);
        } else if let Some(uid) = word.strip_prefix("uid:") {
            socket.uid = number(uid).and_then(|uid| u32::try_from(uid).ok());
        } else if let Some(inode) = word.strip_prefix("ino:").and_then(number)
            && socket.owner == Owner::NotShown
        {
            socket.owner = Owner::of_inode(inode);
        }
    }
    info(socket, words, from);
}

/// `users:(("app",pid=1464,fd=7),("app",pid=1465,fd=7))`; older: `users:(("app",1464,7))`.
fn programs(line: &str) -> Option<Vec<ListedProgram>> {
    const MOST: usize = 8;
    let (_, rest) = line.split_once("users:((")?;
    let mut programs = Vec::new();
    for one in rest.split("),(") {
        let one = one.split("))").next().unwrap_or_default();
        // A name may have commas in it, and quotes.
        let (name, numbers) = one.strip_prefix('"')?.rsplit_once('"')?;
        let mut numbers = numbers.split(',').skip(1);
        let mut next = |key: &str| {
            let text = numbers.next()?;
            u32::try_from(number(text.strip_prefix(key).unwrap_or(text))?).ok()
        };
        let Some(pid) = next("pid=") else { break };
        if programs.len() < MOST {
            programs.push(ListedProgram::new(pid, Some(name), next("fd=")));
        }
    }
    (!programs.is_empty()).then_some(programs)
}

/// `keepalive,119min,0`
fn timer_of(text: &str) -> Option<ListedTimer> {
    let mut parts = text.split(',');
    let kind = match parts.next()? {
        "on" => TimerKind::Retransmit,
        "keepalive" => TimerKind::Keepalive,
        "timewait" => TimerKind::TimeWait,
        "persist" => TimerKind::ZeroWindowProbe,
        _ => return None,
    };
    Some(ListedTimer {
        kind,
        left: parts.next().and_then(time),
        expired: parts
            .next()
            .and_then(number)
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(0),
    })
}

/// The words of `-i` and `-m`.
fn info(socket: &mut ListedSocket, words: &Words, from: usize) {
    let mut info = socket.info.unwrap_or_default();
    let mut any = false;
    for word in words.words.iter().skip(from) {
        let Some((key, value)) = word.split_once(':') else {
            continue;
        };
        any = true;
        match key {
            // 1/3: one is not acknowledged, three were sent again in all.
            "retrans" => info.retransmitted = value.split('/').next_back().and_then(number).unwrap_or(0),
            "rwnd_limited" => {
                let time = value.split('(').next().and_then(time);
                info.window_limited_ms = time.map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
            }
            "lastrcv" => info.last_received_ms = number(value),
            "skmem" => {
                let parts = value.trim_matches(['(', ')']).split(',');
                info.dropped = parts
                    .filter_map(|part| number(part.strip_prefix('d')?))
                    .next()
                    .unwrap_or(0);
            }
            "timer" | "users" | "uid" | "ino" | "sk" | "cgroup" | "v6only" | "dev" => any = socket.info.is_some(),
            _ => {}
        }
    }
    if any && info != ListedInfo::default() {
        socket.info = Some(info);
    }
}

/// Is a line that begins with a blank what `-i`, `-m` or `-p` print below a row?
pub(super) fn is_below(line: &str) -> bool {
    const SIGNS: [&str; 9] = [
        "skmem:(", "rto:", "cwnd:", "wscale:", "users:((", "timer:(", "ino:", "lastsnd:", "cgroup:",
    ];
    SIGNS.iter().any(|sign| line.contains(sign))
}
