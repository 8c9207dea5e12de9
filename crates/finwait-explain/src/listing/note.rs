//! A row in words: what its state means, given who holds it, and what its queues, its timer and its owner say.

use std::time::Duration;

use super::row::{ListedSocket, ListedTimer, Owner};
use crate::meaning::{self, Holder, Meaning, MeaningId, Present, Settings};
use crate::text::rows::RowNote;
use finwait_model::clock::human;
use finwait_model::socket_table::TimerKind;
use finwait_model::state::State;

/// A quiet time that is worth a word.
const SILENT: Duration = Duration::from_secs(60);

/// Returns the situations that a socket can be in: one where the row says who holds it, else those of all holders. `may_be_queued` says that
/// other rows show an accept queue that it may wait in.
pub fn meanings(socket: &ListedSocket, may_be_queued: bool) -> Vec<Meaning> {
    let settings = Settings::default();
    let small = |queue: Option<u64>| queue.map(|queue| u32::try_from(queue).unwrap_or(u32::MAX));
    let mut found: Vec<Meaning> = Vec::new();
    for holder in holders(socket, may_be_queued) {
        let present = Present {
            state: socket.state,
            holder: *holder,
            sock: None,
            // What the queues hold is said by the notes.
            unread: if socket.state == State::Listen {
                small(socket.receive_queue)
            } else {
                Some(0)
            },
            unacknowledged: 0,
            answered: false,
            backlog: small(socket.accept_limit()),
        };
        if let Some(meaning) = meaning::of(&present, &settings)
            && found.iter().all(|known| known.id != meaning.id)
        {
            found.push(meaning);
        }
    }
    found
}

/// Returns the names of those situations.
pub fn situations(socket: &ListedSocket) -> Vec<MeaningId> {
    meanings(socket, false).iter().map(|meaning| meaning.id).collect()
}

/// The holders that a socket can have, by its row; the usual one first.
fn holders(socket: &ListedSocket, may_be_queued: bool) -> &'static [Holder] {
    let queued = matches!(socket.state, State::Established | State::CloseWait);
    match (socket.state, &socket.owner) {
        (State::TimeWait, _) => &[Holder::Kernel],
        (State::SynRecv, _) => &[Holder::Listener],
        // The kernel keeps none of these for itself, whatever a damaged row says of the inode.
        (State::Listen | State::SynSent | State::Close, _) => &[Holder::Descriptor],
        _ if socket.is_nobodys() && queued => &[Holder::Listener],
        (State::CloseWait, _) if may_be_queued => &[Holder::Listener, Holder::Descriptor],
        _ if socket.is_nobodys() => &[Holder::Kernel],
        (State::FinWait1 | State::Closing | State::LastAck, Owner::NotShown) => &[Holder::Kernel, Holder::Descriptor],
        (State::FinWait2, Owner::NotShown) => &[Holder::Descriptor, Holder::Kernel],
        _ => &[Holder::Descriptor],
    }
}

/// Returns the sentences about a row, beside what its state means.
pub fn notes(socket: &ListedSocket) -> Vec<String> {
    let mut notes = Vec::new();
    queues(socket, &mut notes);
    if let Some(timer) = socket.timer {
        notes.extend(of_timer(timer, socket));
    }
    if let Some(info) = socket.info {
        let times = |count: u64| {
            if count == 1 {
                "Once".to_owned()
            } else {
                format!("{count} times")
            }
        };
        if info.retransmitted > 0 {
            notes.push(RowNote::InfoRetransmitted {
                times: times(info.retransmitted),
            });
        }
        if info.window_limited_ms > 0 {
            notes.push(RowNote::InfoWindowClosed {
                left: human(Duration::from_millis(info.window_limited_ms)),
            });
        }
        if info.dropped > 0 {
            notes.push(RowNote::InfoDropped {
                times: times(info.dropped),
            });
        }
        let silent = info
            .last_received_ms
            .map(Duration::from_millis)
            .filter(|silent| *silent >= SILENT);
        if let Some(silent) =
            silent.filter(|_| matches!(socket.state, State::Established | State::CloseWait | State::FinWait2))
        {
            notes.push(RowNote::InfoSilent { left: human(silent) });
        }
    }
    let orphans = matches!(
        socket.state,
        State::FinWait1 | State::FinWait2 | State::Closing | State::LastAck
    );
    match &socket.owner {
        Owner::Nobody if orphans => notes.push(RowNote::OwnerNobody),
        Owner::NotShown if !matches!(socket.state, State::TimeWait | State::SynRecv) && !socket.form.is_elsewhere() => {
            notes.push(RowNote::OwnerNotShown);
        }
        _ => {}
    }
    notes.iter().map(ToString::to_string).collect()
}

fn queues(socket: &ListedSocket, notes: &mut Vec<RowNote>) {
    if socket.state == State::Listen {
        let Some(queued) = socket.receive_queue else { return };
        notes.push(match socket.accept_limit() {
            Some(most) if queued > most => RowNote::AcceptFull { queued, most },
            Some(most) if queued == most => RowNote::AcceptLast { queued, most },
            Some(most) => RowNote::AcceptRoom { queued, most },
            // Windows and BSD do not count them there.
            None if socket.form.is_elsewhere() => return,
            None => RowNote::AcceptLimitUnknown { queued },
        });
        return;
    }
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    if socket.unread() > 0 {
        notes.push(RowNote::QueueUnread {
            bytes: size(socket.unread()),
        });
    }
    if socket.state == State::CloseWait && !socket.form.is_elsewhere() {
        match socket.receive_queue {
            Some(0) if socket.owner.is_held() || socket.owner == Owner::NotShown => notes.push(RowNote::FinRead),
            Some(1..) => notes.push(RowNote::FinUnread),
            _ => {}
        }
    }
    if socket.unacknowledged() > 0 {
        notes.push(RowNote::QueueUnacknowledged {
            bytes: size(socket.unacknowledged()),
        });
    }
}

fn of_timer(timer: ListedTimer, socket: &ListedSocket) -> Vec<RowNote> {
    let ListedTimer { kind, left, expired } = timer;
    let left = left.map(human);
    let times = if expired == 1 {
        "once".to_owned()
    } else {
        format!("{expired} times")
    };
    // Of an orphan whose tcp_fin_timeout is above a minute, the keepalive timer comes first (tcp_close).
    let is_orphan = socket.state == State::FinWait2 && socket.is_nobodys();
    let mut notes = vec![match (kind, left) {
        (TimerKind::TimeWait | TimerKind::Keepalive, Some(left)) if is_orphan => RowNote::TimerFinTimeoutLeft { left },
        (TimerKind::TimeWait | TimerKind::Keepalive, None) if is_orphan => RowNote::TimerFinTimeout,
        (TimerKind::Retransmit, Some(left)) => RowNote::TimerRetransmitLeft { left },
        (TimerKind::Retransmit, None) => RowNote::TimerRetransmit,
        (TimerKind::Keepalive, Some(left)) => RowNote::TimerKeepaliveLeft { left },
        (TimerKind::Keepalive, None) => RowNote::TimerKeepalive,
        (TimerKind::TimeWait, Some(left)) => RowNote::TimerTimeWaitLeft { left },
        (TimerKind::TimeWait, None) => RowNote::TimerTimeWait,
        (TimerKind::ZeroWindowProbe, Some(left)) => RowNote::TimerPersistLeft { left },
        (TimerKind::ZeroWindowProbe, None) => RowNote::TimerPersist,
    }];
    if expired > 0 {
        notes.extend(match kind {
            TimerKind::Retransmit => Some(RowNote::TimerRetransmitted { times }),
            TimerKind::Keepalive => Some(RowNote::TimerUnanswered { times }),
            TimerKind::ZeroWindowProbe => Some(RowNote::TimerProbed { times }),
            TimerKind::TimeWait => None,
        });
    }
    notes
}
