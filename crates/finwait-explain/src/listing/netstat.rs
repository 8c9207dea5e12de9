//! `netstat`: that of net-tools (`tcp 1 0 10.0.0.1:80 10.0.0.2:4000 CLOSE_WAIT 33 4711 1464/app keepalive (7195.30/0/0)`), of macOS and the
//! BSDs (`tcp4 0 0 10.0.0.1.80 10.0.0.2.4000 CLOSE_WAIT`), and of Windows (`TCP 10.0.0.1:80 10.0.0.2:4000 CLOSE_WAIT 1464`).

use super::address::ListedAddress;
use super::row::{ListForm, ListedProgram, ListedSocket, ListedTimer, Owner};
use super::words::{Words, number, seconds};
use finwait_model::socket_table::TimerKind;
use finwait_model::state::State;

/// The timers, as net-tools names them.
const TIMERS: [&str; 5] = ["off", "on", "keepalive", "timewait", "probe"];

/// The row of which the word at `place` is the state; `pid_at` is how far behind it the header has the process, on BSD and macOS.
pub(super) fn row(words: &Words, place: usize, state: State, pid_at: Option<usize>) -> Option<ListedSocket> {
    let (local, peer) = (words.at(place, -2)?, words.at(place, -1)?);
    let kind = words.at(place, -3);
    let queues = || Some((words.number(place, -4)?, words.number(place, -3)?));
    let colons = || Some((ListedAddress::with_colon(local)?, ListedAddress::with_colon(peer)?));
    let dots = || Some((ListedAddress::with_dot(local)?, ListedAddress::with_dot(peer)?));
    if kind == Some("TCP") {
        let (local, peer) = colons()?;
        let mut socket = ListedSocket::new(ListForm::Windows, state, local, Some(peer));
        // Process 0 has none: so it shows a socket that no program holds any more.
        if let Some(pid) = words
            .number(place, 1)
            .and_then(|pid| u32::try_from(pid).ok())
            .filter(|pid| *pid != 0)
        {
            socket.owner = Owner::Programs(vec![ListedProgram::new(pid, None, None)]);
        }
        return Some(socket);
    }
    let proto = words.at(place, -5);
    let is_bsds = matches!(proto, Some("tcp4" | "tcp46"));
    if let Some((local, peer)) = colons().filter(|_| !is_bsds) {
        // Columns that were cut out stand alone: in a sentence two addresses may be anything.
        let is_all = place <= 2 || place == 3 && matches!(kind, Some("tcp" | "tcp6"));
        let queues = queues();
        if queues.is_none() && !(is_all && local.is_numeric() && peer.is_numeric()) {
            return None;
        }
        let mut socket = ListedSocket::new(ListForm::NetTools, state, local, Some(peer));
        if let Some((receive, send)) = queues {
            (socket.receive_queue, socket.send_queue) = (Some(receive), Some(send));
        }
        extend(&mut socket, words, place);
        return Some(socket);
    }
    let ((local, peer), (receive, send)) = (dots()?, queues()?);
    // 1.2.3.4 alone is an address, and a port with a host of numbers.
    if !(local.is_numeric() || proto.is_some_and(|proto| proto.starts_with("tcp"))) {
        return None;
    }
    let mut socket = ListedSocket::new(ListForm::Bsd, state, local, Some(peer));
    (socket.receive_queue, socket.send_queue) = (Some(receive), Some(send));
    if state == State::Listen {
        // There it is not the limit.
        socket.send_queue = None;
    }
    if let Some(word) = pid_at.and_then(|off| words.words.get(place + off)) {
        socket.owner = owner_on_macos(word);
    }
    Some(socket)
}

/// `1464`, or `app:1464`.
fn owner_on_macos(word: &str) -> Owner {
    let (name, pid) = word
        .rsplit_once(':')
        .map_or((None, word), |(name, pid)| (Some(name), pid));
    match number(pid).and_then(|pid| u32::try_from(pid).ok()) {
        None | Some(0) => Owner::NotShown,
        Some(pid) => Owner::Programs(vec![ListedProgram::new(pid, name, None)]),
    }
}

/// The row of a listener, as `netstat -Lan` of macOS and FreeBSD prints it: `tcp4 5/0/128 *.80`.
pub(super) fn listen_queue(words: &Words) -> Option<ListedSocket> {
    let [kind, queues, local, ..] = words.words[..] else {
        return None;
    };
    if !kind.starts_with("tcp") {
        return None;
    }
    let mut parts = queues.split('/').map(number);
    let (queued, _half, most) = (parts.next()??, parts.next()??, parts.next()??);
    let mut socket = ListedSocket::new(ListForm::Bsd, State::Listen, ListedAddress::with_dot(local)?, None);
    (socket.receive_queue, socket.send_queue) = (Some(queued), Some(most));
    Some(socket)
}

/// Takes in the columns of `-e`, `-p` and `-o` behind the state.
fn extend(socket: &mut ListedSocket, words: &Words, place: usize) {
    let mut inode = None;
    // -e: the user, by number or name, and the inode.
    if let (Some(user), Some(of_socket)) = (words.at(place, 1), words.number(place, 2))
        && !user.contains('/')
        && user != "-"
    {
        socket.uid = number(user).and_then(|uid| u32::try_from(uid).ok());
        inode = Some(of_socket);
    }
    let behind = words.words.get(place + 1..).unwrap_or_default();
    let timer = behind
        .windows(2)
        .position(|pair| TIMERS.contains(&pair[0]) && pair[1].starts_with('('));
    if let Some(at) = timer {
        socket.timer = timer_of(behind[at], behind[at + 1]);
    }
    let end = timer.map_or("", |at| behind[at]);
    let program = behind.iter().find_map(|word| {
        let (pid, _) = word.split_once('/')?;
        let pid = u32::try_from(number(pid)?).ok()?;
        let (_, name) = words.rest_from(word).split_once('/')?;
        let name = match end {
            "" => name,
            // It may have blanks in it, and what follows is the timer.
            _ => &name[..name.len().checked_sub(words.rest_from(end).len())?],
        };
        Some((pid, name.trim()))
    });
    socket.owner = match (program, inode) {
        (Some((pid, name)), _) => Owner::Programs(vec![ListedProgram::new(pid, Some(name), None)]),
        (None, Some(inode)) => Owner::of_inode(inode),
        (None, None) => Owner::NotShown,
    };
}

/// `keepalive` and `(7195.30/0/0)`: the time left in seconds, retransmissions, probes.
fn timer_of(name: &str, figures: &str) -> Option<ListedTimer> {
    let kind = match name {
        "on" => TimerKind::Retransmit,
        "keepalive" => TimerKind::Keepalive,
        "timewait" => TimerKind::TimeWait,
        "probe" => TimerKind::ZeroWindowProbe,
        _ => return None,
    };
    let mut figures = figures.trim_matches(['(', ')']).split('/');
    let left = figures.next().and_then(|left| seconds(left.parse().ok()?));
    let mut next = || {
        figures
            .next()
            .and_then(number)
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(0)
    };
    let (retransmits, probes) = (next(), next());
    let expired = match kind {
        TimerKind::Retransmit | TimerKind::TimeWait => retransmits,
        TimerKind::Keepalive | TimerKind::ZeroWindowProbe => probes,
    };
    Some(ListedTimer { kind, left, expired })
}
