//! The words of an end's plate that depend on a timer, and those of an end without a socket.

use std::time::Duration;

use finwait_model::socket_table::TimerKind;

use super::meaning::{Meaning, MeaningId};
use super::text::plates::OnPlate;

/// Returns what a socket waits for, and how long still, in 46 columns at most.
///
/// `timer` is the one that runs, with what is left of it; `unacknowledged` counts the bytes written and not acknowledged.
pub fn waits(meaning: &Meaning, timer: Option<(TimerKind, Duration)>, unacknowledged: u32) -> String {
    let awaits = meaning.awaits.to_owned();
    let Some((kind, left)) = timer else { return awaits };
    let left = seconds(left);
    let text = match (kind, meaning.id) {
        (TimerKind::TimeWait, MeaningId::TimeWait | MeaningId::TimeWaitHeld) => OnPlate::WaitTimeWait { left },
        (TimerKind::TimeWait, _) => OnPlate::WaitAtMost { awaits, left },
        (TimerKind::ZeroWindowProbe, _) => OnPlate::WaitProbe { left },
        (TimerKind::Keepalive, MeaningId::FinWait2Orphan) => OnPlate::WaitAtMost { awaits, left },
        (TimerKind::Keepalive, MeaningId::Established | MeaningId::FinWait2 | MeaningId::CloseWait) => {
            OnPlate::WaitKeepalive { awaits, left }
        }
        (TimerKind::Retransmit, MeaningId::Established | MeaningId::EstablishedNotAccepted | MeaningId::CloseWait)
            if unacknowledged > 0 =>
        {
            let bytes = unacknowledged as usize;
            OnPlate::WaitAcknowledgement { bytes, left }
        }
        (TimerKind::Retransmit | TimerKind::Keepalive, _) => OnPlate::WaitAgain { awaits, left },
    };
    text.to_string()
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
    /// What it is, in 46 columns at most.
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
