//! The words of an end's plate that depend on a timer, and those of an end without a socket.

use std::time::Duration;

use finwait_model::socket_table::TimerKind;

use super::direction::Queued;
use super::meaning::{Meaning, MeaningId};
use super::text::plates::OnPlate;

/// Returns what a socket waits for, and how long still, in 35 columns at most: the word before it takes 7 of 42.
///
/// `timer` is the one that runs, with what is left of it; `queued` are the bytes of the send queue, `unacknowledged` what its sequence numbers count: a SYN and a FIN, too.
pub fn waits(meaning: &Meaning, timer: Option<(TimerKind, Duration)>, queued: Queued, unacknowledged: u32) -> String {
    let awaits = meaning.awaits.to_owned();
    let Some((kind, left)) = timer else { return awaits };
    let left = seconds(left);
    let text = match (kind, meaning.id) {
        (TimerKind::TimeWait, MeaningId::TimeWait | MeaningId::TimeWaitHeld) => OnPlate::WaitTimeWait { left },
        (TimerKind::TimeWait, _) => OnPlate::WaitAtMost { awaits, left },
        (TimerKind::ZeroWindowProbe, _) => OnPlate::WaitProbe { left },
        (TimerKind::Keepalive, MeaningId::FinWait2Orphan) => OnPlate::WaitAtMost { awaits, left },
        (TimerKind::Keepalive, _) => OnPlate::WaitKeepalive { left },
        (
            TimerKind::Retransmit,
            MeaningId::Established
            | MeaningId::EstablishedNotAccepted
            | MeaningId::CloseWait
            | MeaningId::CloseWaitNotAccepted,
        ) if unacknowledged > 0 => match queued.sent() {
            Some(bytes) if bytes > 0 => OnPlate::WaitAcknowledgement { bytes, left },
            _ => OnPlate::WaitData { left },
        },
        (TimerKind::Retransmit, id) => {
            let segment = sent_again(id, unacknowledged).to_owned();
            OnPlate::WaitAgain { awaits, segment, left }
        }
    };
    text.to_string()
}

/// Returns a sentence about what of a send queue was not sent; none where all of it was, and where nothing tells.
pub fn unsent(queued: Queued) -> Option<String> {
    let bytes = queued.unsent.filter(|bytes| *bytes > 0)?;
    Some(format!("{}.", OnPlate::QueueUnsent { bytes }))
}

/// What the retransmission timer sends again: the oldest that was not acknowledged, of which the FIN is the last.
const fn sent_again(id: MeaningId, unacknowledged: u32) -> &'static str {
    match id {
        MeaningId::SynSent => "SYN",
        MeaningId::SynRecvRequest | MeaningId::SynRecvCrossed => "SYN,ACK",
        _ if unacknowledged > 1 => "data",
        _ => "FIN",
    }
}

/// The time that is left: `41 s`, under ten seconds `3.1 s`.
fn seconds(left: Duration) -> String {
    match left.as_secs_f64() {
        seconds @ ..9.95 => format!("{seconds:.1} s"),
        seconds => format!("{seconds:.0} s"),
    }
}

/// Returns what is said of an end whose process is not there; `how` is how it ended, none while it is starting.
pub fn process(how: Option<&dyn std::fmt::Display>) -> String {
    match how {
        Some(how) => {
            let reason = how.to_string();
            OnPlate::ProcessDead { reason }
        }
        None => OnPlate::ProcessStarting,
    }
    .to_string()
}

/// Returns what is said of a socket in the moment between a call and the reading of the table.
pub fn changing() -> String {
    OnPlate::Changing.to_string()
}

/// The reason why an end has no socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    /// Its process has made none.
    NotMade,
    /// Its process is starting.
    Starting,
    /// Its process is dead.
    Dead,
}

/// An end without a socket, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSocket {
    /// The situation, in 42 columns at most.
    pub short: String,
    /// The same in 34.
    pub brief: String,
    /// The event that it waits for, in 30.
    pub awaits: String,
}

/// Returns the words for an end without a socket.
pub fn without_socket(without: Without) -> NoSocket {
    let (short, brief, awaits) = match without {
        Without::NotMade => (OnPlate::NoSocketShort, OnPlate::NoSocketBrief, OnPlate::NoSocketAwaits),
        Without::Starting => (
            OnPlate::NoSocketStarting,
            OnPlate::NoSocketStartingBrief,
            OnPlate::NoSocketStartingAwaits,
        ),
        Without::Dead => (
            OnPlate::NoSocketDead,
            OnPlate::NoSocketDeadBrief,
            OnPlate::NoSocketDeadAwaits,
        ),
    };
    NoSocket {
        short: short.to_string(),
        brief: brief.to_string(),
        awaits: awaits.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meaning::{ENTRIES, Settings};
    use finwait_model::state::State;

    const KINDS: [TimerKind; 4] = [
        TimerKind::Retransmit,
        TimerKind::Keepalive,
        TimerKind::TimeWait,
        TimerKind::ZeroWindowProbe,
    ];

    fn fits(text: &str, room: usize) {
        assert!(
            !text.is_empty() && text.chars().count() <= room,
            "{room} columns: {text}"
        );
    }

    /// The longest that each place can come to have.
    #[test]
    fn every_text_of_a_plate_fits_its_place() {
        for entry in ENTRIES {
            let words = entry.words(&Settings::default());
            fits(&words.short, 42);
            fits(&words.brief, 34);
            fits(words.awaits, 30);
            fits(&words.can_short, 42);
            fits(&words.role.to_string(), 16);
            // In no other state has a socket a timer.
            let has_timer = |state: &State| !matches!(state, State::Close | State::Listen);
            for kind in KINDS
                .into_iter()
                .filter(|_| entry.state.as_ref().is_some_and(has_timer))
            {
                // What waits for the peer's FIN, or for 60 s, has nothing to send again; its own timer runs in these states alone.
                if kind == TimerKind::TimeWait && !matches!(entry.state, Some(State::FinWait2 | State::TimeWait)) {
                    continue;
                }
                if kind == TimerKind::Retransmit && matches!(entry.state, Some(State::FinWait2 | State::TimeWait)) {
                    continue;
                }
                // Keepalive's first probe may be two hours away, a retransmission two minutes.
                let left = Duration::from_secs(if kind == TimerKind::Keepalive { 7200 } else { 120 });
                for unsent in [None, Some(0)] {
                    let bytes = 6_291_456;
                    let queued = Queued { bytes, unsent };
                    fits(&waits(&words, Some((kind, left)), queued, bytes as u32), 35);
                }
            }
        }
        for without in [Without::NotMade, Without::Starting, Without::Dead] {
            let said = without_socket(without);
            fits(&said.short, 42);
            fits(&said.brief, 34);
            fits(&said.awaits, 30);
        }
        fits(&changing(), 42);
        fits(&process(Some(&"killed by SIGPIPE")), 42);
    }

    #[test]
    fn what_is_waited_for_counts_down() {
        let words = |name: &str| {
            let entry = ENTRIES.iter().find(|entry| entry.id.name() == name).unwrap();
            entry.words(&Settings::default())
        };
        let queued = |bytes, unsent| Queued { bytes, unsent };
        let sent = queued(5, Some(0));
        let of = |queued: Queued| {
            let timer = Some((TimerKind::Retransmit, Duration::from_millis(1200)));
            waits(&words("established"), timer, queued, queued.bytes as u32)
        };
        // What waits for room awaits no ACK.
        assert_eq!(of(queued(52_128, Some(33_304))), "ACK of 18824 B; again in 1.2 s");
        assert_eq!(of(queued(52_128, None)), "ACK of data; again in 1.2 s");
        assert_eq!(
            unsent(queued(52_128, Some(33_304))).unwrap(),
            "33304 B wait to be sent."
        );
        assert_eq!(unsent(sent), None);
        let waits = |name, kind, left| waits(&words(name), Some((kind, Duration::from_millis(left))), sent, 5);
        assert_eq!(
            waits("time-wait", TimerKind::TimeWait, 41_300),
            "60 s, then gone: 41 s left"
        );
        assert_eq!(
            waits("fin-wait2-orphan", TimerKind::TimeWait, 9_949),
            "the peer's FIN: 9.9 s left"
        );
        assert_eq!(
            waits("syn-sent", TimerKind::Retransmit, 999),
            "the SYN,ACK; SYN again in 1.0 s"
        );
        assert_eq!(
            waits("established", TimerKind::Retransmit, 204),
            "ACK of 5 B; again in 0.2 s"
        );
    }
}
