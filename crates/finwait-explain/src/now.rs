//! What the present of a connection means: the sentence of *now* that says what follows from what has happened.

use finwait_model::call::CallKind;
use finwait_model::side::{Ends, Side};

use super::meaning::MeaningId;
use super::text::now::So;

/// A segment on the wire, or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flying {
    /// The sender.
    pub from: Side,
    /// The bytes of all its data segments.
    pub bytes: usize,
    /// The flags of the oldest that is more than an ACK: `FIN,ACK`; none where there is only data.
    pub segment: Option<String>,
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
    pub awaits: String,
}

/// The present of a connection: what each end's part of it means, and what is under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// What the state of each end's socket means; none where an end has no part in it.
    pub ends: Ends<Option<MeaningId>>,
    /// Is the connection known to have been, at either end?
    pub connection: bool,
    /// Does an end listen?
    pub listening: Ends<bool>,
    /// The segments on the wire, of each end that has some.
    pub flying: Vec<Flying>,
    /// The calls that wait.
    pub waiting: Vec<Waiting>,
    /// Did an RST end it?
    pub reset: bool,
}

/// Returns what is so now, in one or two sentences.
pub fn so(scene: &Scene) -> String {
    let wire = scene.flying.iter().find_map(wire);
    let waits = scene.waiting.first().map(|waiting| So::WaitsCall {
        by: waiting.by,
        kind: waiting.kind,
        awaits: waiting.awaits.clone(),
    });
    let first = wire.or(waits);
    let both = Side::BOTH.into_iter().find_map(|by| pair(scene, by));
    let both = both.or_else(|| nothing(scene));
    let sentences: Vec<String> = [first, both].into_iter().flatten().map(|so| so.to_string()).collect();
    sentences.join(" ")
}

fn wire(flying: &Flying) -> Option<So> {
    let (by, other) = (flying.from, flying.from.other());
    if let Some(segment) = flying.segment.clone() {
        return Some(if flying.held {
            So::WireHeld { by, segment, other }
        } else {
            So::WireSegment { by, segment }
        });
    }
    (flying.bytes > 0).then(|| So::WireBytes {
        flying: format!("{} B", flying.bytes),
        other,
    })
}

/// What the two ends' situations mean together, as `by` has it in the first place; none where the words are not of that order.
fn pair(scene: &Scene, by: Side) -> Option<So> {
    use MeaningId::{
        CloseEnded, CloseError, CloseWait, CloseWaitNotAccepted, Closing, ClosingOrphan, Established,
        EstablishedNotAccepted, FinWait1, FinWait1Orphan, FinWait2, FinWait2Orphan, Gone, LastAck, LastAckOrphan,
        SynRecvCrossed, SynRecvRequest, SynSent, TimeWait, TimeWaitHeld,
    };
    let other = by.other();
    let (here, there) = (scene.ends[by]?, scene.ends[other]);
    Some(match (here, there) {
        (CloseError, _) => So::BrokenError { by },
        (_, Some(CloseError)) => So::BrokenError { by: other },
        (SynSent, Some(SynSent | SynRecvCrossed)) | (SynRecvCrossed, _) => So::OpenCrossed,
        (SynSent, Some(SynRecvRequest)) => So::OpenSynAnswered { by, other },
        (SynSent, _) => So::OpenSynSent { by },
        (Established, Some(SynRecvRequest)) => So::OpenLastAck { by, other },
        (Established, Some(Established)) => So::OpenBoth,
        (Established, Some(EstablishedNotAccepted)) => So::OpenNotAccepted { other },
        (FinWait1 | FinWait1Orphan, Some(FinWait1 | FinWait1Orphan | Closing | ClosingOrphan))
        | (Closing | ClosingOrphan, _) => So::CloseAtOnce,
        (FinWait1 | FinWait1Orphan, Some(CloseWait | CloseWaitNotAccepted | LastAck | LastAckOrphan)) => {
            So::CloseFinArrived { by, other }
        }
        (FinWait1 | FinWait1Orphan, Some(Established | EstablishedNotAccepted)) => So::CloseFinSent { by, other },
        (FinWait2, Some(CloseWait | CloseWaitNotAccepted)) => So::CloseHalf { by, other },
        (FinWait2Orphan, Some(CloseWait | CloseWaitNotAccepted)) => So::CloseOrphan { by, other },
        (FinWait2 | FinWait2Orphan, Some(LastAck | LastAckOrphan)) => So::CloseBothFins { by, other },
        (TimeWait | TimeWaitHeld, Some(TimeWait | TimeWaitHeld)) => So::CloseTimeWaitBoth,
        (TimeWait | TimeWaitHeld, Some(LastAck | LastAckOrphan)) => So::CloseLastAck { other },
        (TimeWait | TimeWaitHeld, _) => So::CloseTimeWait { by },
        (
            Established | CloseWait | FinWait1 | FinWait1Orphan | FinWait2 | LastAck | LastAckOrphan,
            None | Some(Gone | CloseEnded),
        ) if scene.connection => So::BrokenForgotten { by, other },
        (Gone | CloseEnded, _) if scene.reset => So::BrokenReset,
        _ => return None,
    })
}

/// What is so without a connection.
fn nothing(scene: &Scene) -> Option<So> {
    let listener = Side::BOTH.into_iter().find(|side| scene.listening[*side]);
    Some(match listener {
        _ if scene.reset => So::BrokenReset,
        _ if scene.connection => So::NothingOver,
        Some(by) => So::NothingListening { by, other: by.other() },
        None if scene.ends.client.is_none() && scene.ends.server.is_none() => So::NothingNoSocket,
        None => So::NothingNobodyListens,
    })
}
