//! `lsof -i`: `app 1464 www 7u IPv4 4711 0t0 TCP 10.0.0.1:80->10.0.0.2:4000 (CLOSE_WAIT)`.

use super::address::ListedAddress;
use super::row::{ListForm, ListedProgram, ListedSocket, Owner};
use super::words::{Words, number, state};

/// The row in a line whose word at `place` is in parentheses; none where they have no state, or what stands before is something else.
pub(super) fn row(words: &Words, place: usize) -> Option<ListedSocket> {
    let inner = words.words.get(place)?.strip_prefix('(')?;
    // With -Tqs: (CLOSE_WAIT QR=0 QS=0)
    let with_queues = words.at(place, 1).is_some_and(|word| word.starts_with("QR="));
    let name = inner.strip_suffix(')').or(with_queues.then_some(inner))?;
    let state = state(name)?;
    let tcp = place.checked_sub(2).filter(|tcp| words.words[*tcp] == "TCP")?;
    let (local, peer) = match words.words[place - 1].split_once("->") {
        Some((local, peer)) => (
            ListedAddress::with_colon(local)?,
            Some(ListedAddress::with_colon(peer)?),
        ),
        None => (ListedAddress::with_colon(words.words[place - 1])?, None),
    };
    let mut socket = ListedSocket::new(ListForm::Lsof, state, local, peer);
    if with_queues {
        for word in &words.words[place + 1..] {
            let word = word.trim_end_matches(')');
            if let Some(receive) = word.strip_prefix("QR=").and_then(number) {
                socket.receive_queue = Some(receive);
            } else if let Some(send) = word.strip_prefix("QS=").and_then(number) {
                socket.send_queue = Some(send);
            }
        }
    }
    // Before the node: size, device, type, descriptor, user, process; a thread's columns may stand before the user.
    let columns = tcp.checked_sub(6).map(|pid| &words.words[..=pid]);
    let pid = columns.and_then(|columns| columns.iter().rposition(|word| number(word).is_some()));
    socket.owner = Owner::Somebody;
    if let Some((place, pid)) = pid.and_then(|at| Some((at, u32::try_from(number(words.words[at])?).ok()?))) {
        let fd = words.words[tcp - 4].trim_end_matches(|c: char| !c.is_ascii_digit());
        let fd = number(fd).and_then(|fd| u32::try_from(fd).ok());
        let name = place.checked_sub(1).map(|name| words.words[name]);
        socket.owner = Owner::Programs(vec![ListedProgram::new(pid, name, fd)]);
    }
    Some(socket)
}
