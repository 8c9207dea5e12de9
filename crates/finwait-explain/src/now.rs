//! What the present of a connection means: the sentence of *now* that says what follows from what has happened.

use finwait_model::call::CallKind;
use finwait_model::side::{Ends, Side};
use finwait_model::state::State;
use finwait_wire::segment::Flags;

use super::direction::{Crossing, Direction};
use super::meaning::{ENTRIES, MeaningId};
use super::text::now::So;

/// The segments that an end has on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flying {
    /// The sender.
    pub from: Side,
    /// The bytes of its data segments.
    pub crossing: Crossing,
    /// The most telling of its segments: see [`segment_name`].
    pub segment: &'static str,
    /// Does the user decide when they go on?
    pub held: bool,
}

/// A call that has not returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The caller.
    pub by: Side,
    /// The call.
    pub kind: CallKind,
    /// The event that it waits for.
    pub awaits: &'static str,
}

/// The present of a connection: what each end's part of it means, and what is under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// The meaning of the state of each end's socket; none where an end has no part in it.
    pub ends: Ends<Option<MeaningId>>,
    /// Was the handshake done, at either end?
    pub connection: bool,
    /// The situation of each end's listener that the other end reaches, the endpoint's before a program's; none where nobody listens.
    pub listeners: Ends<Option<MeaningId>>,
    /// Does something listen on each end's host, whether the other reaches it or not?
    pub unreached: Ends<bool>,
    /// Has either host a connection, of whichever socket?
    pub others: bool,
    /// What is on the wire, of each end that has something there.
    pub flying: Vec<Flying>,
    /// Has each end had the connection, and its kernel no socket of it any more, so that it answers what comes with RST?
    pub gone: Ends<bool>,
    /// The number of the connection, where there are several.
    pub number: Option<u32>,
    /// Does an end ask for room, the peer's window being closed?
    pub probes: Ends<bool>,
    /// The bytes that have come to each end and were not read.
    pub unread: Ends<u32>,
    /// The calls that wait, the newest first.
    pub waiting: Vec<Waiting>,
    /// The cause that broke the connection off.
    pub broken: Option<Direction>,
    /// The end whose FIN had closed its direction before.
    pub closed_before: Option<Side>,
}

/// Returns the name of a segment by what it does: `RST`, `SYN`, `SYN,ACK`, `FIN`, else `ACK`.
pub const fn segment_name(flags: Flags) -> &'static str {
    if flags.has(Flags::RST) {
        "RST"
    } else if flags.has(Flags::SYN) {
        if flags.has(Flags::ACK) { "SYN,ACK" } else { "SYN" }
    } else if flags.has(Flags::FIN) {
        "FIN"
    } else {
        "ACK"
    }
}

/// Returns what is so now, in one to three sentences, the most pressing first.
pub fn so(scene: &Scene) -> Vec<String> {
    let waits = scene.waiting.first().map(|waiting| So::WaitsCall {
        by: waiting.by,
        kind: waiting.kind,
        awaits: waiting.awaits.to_owned(),
    });
    let broken = broken(scene);
    let both = Side::BOTH.into_iter().find_map(|by| pair(scene, by));
    let both = both.or_else(|| {
        broken
            .is_empty()
            .then(|| disagreement(scene).unwrap_or_else(|| nothing(scene)))
    });
    let connection = broken.into_iter().chain(both);
    // The wait of a connect says what its SYN waits for.
    let says_it = matches!(
        waits,
        Some(So::WaitsCall {
            kind: CallKind::Connect,
            ..
        })
    );
    let connection = connection.filter(|so| !(says_it && matches!(so, So::OpenSynSent { .. })));
    let of = |so: So| match scene.number {
        Some(connection) => So::WhichConnection {
            connection,
            why: so.to_string(),
        },
        None => so,
    };
    let first = wire(scene).map(of).or_else(|| queued(scene));
    let sentences = first.into_iter().chain(waits).chain(connection);
    sentences.map(|so| so.to_string()).collect()
}

/// Returns the sentence of a call that does not hold any more.
pub fn then(why: &str) -> String {
    So::Then { why: why.to_owned() }.to_string()
}

fn wire(scene: &Scene) -> Option<So> {
    let flying = scene.flying.as_slice();
    let first = flying.first()?;
    if let [one, two] = flying
        && (one.crossing.bytes, one.segment) == (0, two.segment)
        && two.crossing.bytes == 0
    {
        let segment = one.segment.to_owned();
        return Some(if one.held || two.held {
            So::WireBothHeld { segment }
        } else {
            So::WireBoth { segment }
        });
    }
    // An ACK is told of where nothing else is.
    let telling = flying
        .iter()
        .find(|flying| flying.crossing.bytes > 0 || flying.segment != "ACK");
    let Flying {
        from: by,
        crossing,
        segment,
        held,
    } = *telling.unwrap_or(first);
    let other = by.other();
    // To an RST nobody answers.
    let is_answered = held && scene.gone[other] && segment != "RST";
    Some(match (crossing.bytes, held) {
        (0, true) if is_answered => So::WireSegmentAnswered {
            by,
            segment: segment.to_owned(),
            other,
        },
        (0, false) => So::WireSegment {
            by,
            segment: segment.to_owned(),
            other,
        },
        (0, true) => So::WireSegmentHeld {
            by,
            segment: segment.to_owned(),
            other,
        },
        (bytes, held) => {
            let flying = match (segment, crossing.again()) {
                ("ACK", None) => format!("{bytes} B"),
                ("ACK", Some(times)) => format!("{bytes} B, sent {times},"),
                (more, _) => format!("{bytes} B and {more}"),
            };
            if is_answered {
                So::WireBytesAnswered { flying, other }
            } else if held {
                So::WireBytesHeld { flying, other }
            } else {
                So::WireBytes { flying, other }
            }
        }
    })
}

/// The words for bytes that wait for the other end to read.
fn queued(scene: &Scene) -> Option<So> {
    let probing = Side::BOTH.into_iter().find(|by| scene.probes[*by]);
    if let Some(by) = probing {
        return Some(So::QueueWindow { by, other: by.other() });
    }
    let other = Side::BOTH.into_iter().find(|side| scene.unread[*side] > 0)?;
    let flying = format!("{} B", scene.unread[other]);
    Some(So::QueueUnread { flying, other })
}

/// The words for a connection that was broken off; nothing where it was not.
fn broken(scene: &Scene) -> Vec<So> {
    let has_error = |by: &Side| scene.ends[*by] == Some(MeaningId::CloseError);
    let error = Side::BOTH.into_iter().find(has_error).map(|by| So::BrokenError { by });
    let cut = match scene.broken {
        Some(Direction::Torn { by }) => Some(match scene.closed_before {
            Some(closer) if closer == by => So::BrokenResetByCloser { by },
            Some(closer) => So::BrokenResetAfterClose { by: closer, other: by },
            None => So::BrokenReset,
        }),
        Some(Direction::GivenUp { by }) => Some(So::BrokenGivenUp { by }),
        _ => None,
    };
    cut.into_iter().chain(error).collect()
}

/// What the two ends' situations mean together, as `by` has it in the first place; none where the words are not of that order.
fn pair(scene: &Scene, by: Side) -> Option<So> {
    use MeaningId::{
        CloseEnded, CloseError, CloseNew, CloseWait, CloseWaitNotAccepted, Closing, ClosingOrphan, Established,
        EstablishedNotAccepted, FinWait1, FinWait1Orphan, FinWait2, FinWait2Orphan, Gone, LastAck, LastAckOrphan,
        ListenFull, SynRecvCrossed, SynRecvRequest, SynSent, TimeWait, TimeWaitHeld,
    };
    let other = by.other();
    let (here, there) = (scene.ends[by]?, scene.ends[other]);
    let is_full = scene.listeners[other] == Some(ListenFull);
    Some(match (here, there) {
        (SynSent, Some(SynSent | SynRecvCrossed)) | (SynRecvCrossed, _) => So::OpenCrossed,
        (SynSent, Some(SynRecvRequest)) => So::OpenSynAnswered { by, other },
        (SynSent, _) if is_full => So::OpenIgnored { by, other },
        (SynSent, _) => So::OpenSynSent { by },
        (Established, Some(SynRecvRequest)) if is_full => So::OpenQueueFull { by, other },
        (Established, Some(SynRecvRequest)) => So::OpenLastAck { by, other },
        (Established, Some(Established)) => So::OpenBoth,
        (Established, Some(EstablishedNotAccepted)) => So::OpenNotAccepted { other },
        (FinWait1 | FinWait1Orphan | FinWait2 | FinWait2Orphan, Some(SynRecvRequest)) => So::OpenEarlyFin { by, other },
        (SynRecvRequest, None | Some(Gone | CloseNew | CloseEnded | CloseError)) => So::OpenLeftRequest { by, other },
        (FinWait1 | FinWait1Orphan, Some(FinWait1 | FinWait1Orphan | Closing | ClosingOrphan))
        | (Closing | ClosingOrphan, Some(Closing | ClosingOrphan)) => So::CloseAtOnce,
        (FinWait1 | FinWait1Orphan, Some(CloseWait | CloseWaitNotAccepted | LastAck | LastAckOrphan)) => {
            So::CloseFinArrived { by, other }
        }
        (FinWait1 | FinWait1Orphan, Some(Established | EstablishedNotAccepted)) => So::CloseFinSent { by, other },
        (FinWait2, Some(CloseWait | CloseWaitNotAccepted)) => So::CloseHalf { by, other },
        (FinWait2Orphan, Some(CloseWait | CloseWaitNotAccepted)) => So::CloseOrphan { by, other },
        (FinWait2 | FinWait2Orphan, Some(LastAck | LastAckOrphan | Closing | ClosingOrphan)) => {
            So::CloseBothFins { by, other }
        }
        (TimeWait | TimeWaitHeld, Some(TimeWait | TimeWaitHeld)) => So::CloseTimeWaitBoth,
        (TimeWait | TimeWaitHeld, Some(LastAck | LastAckOrphan | Closing | ClosingOrphan)) => {
            So::CloseLastAck { other }
        }
        (TimeWait | TimeWaitHeld, None | Some(Gone | CloseNew | CloseEnded | CloseError)) => So::CloseTimeWait { by },
        (
            FinWait1 | FinWait1Orphan | Closing | ClosingOrphan | LastAck | LastAckOrphan,
            None | Some(Gone | CloseNew | CloseEnded | CloseError),
        ) => So::CloseFinLost { by, other },
        (here, there) if scene.connection && live(here).is_some() && there.and_then(live).is_none() => {
            So::BrokenForgotten { by, other }
        }
        _ => return None,
    })
}

/// The state of a socket that has a connection, or an attempt at one; none of any other.
fn live(id: MeaningId) -> Option<State> {
    let entry = ENTRIES.iter().find(|entry| entry.id == id)?;
    entry
        .state
        .filter(|state| !matches!(state, State::Close | State::Listen))
}

/// Both ends have the connection, in states that do not come of each other: a segment that neither sent was taken, say.
fn disagreement(scene: &Scene) -> Option<So> {
    let state = |side: Side| live(scene.ends[side]?);
    let (by, other) = (Side::Client, Side::Server);
    Some(So::BrokenDisagree {
        by,
        row: state(by)?,
        other,
        state: state(other)?,
    })
}

/// What is so where no connection is under way.
fn nothing(scene: &Scene) -> So {
    let listener = Side::BOTH.into_iter().find(|side| scene.listeners[*side].is_some());
    let unreached = Side::BOTH.into_iter().find(|side| scene.unreached[*side]);
    match listener {
        _ if scene.connection => So::NothingOver,
        Some(by) => So::NothingListening { by, other: by.other() },
        None if scene.others => So::NothingHere,
        None if let Some(by) = unreached => So::NothingUnreached { by, other: by.other() },
        None if scene.ends.client.is_none() && scene.ends.server.is_none() => So::NothingNoSocket,
        None => So::NothingNobodyListens,
    }
}
