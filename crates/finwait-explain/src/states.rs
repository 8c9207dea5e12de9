//! The reasons why the sources of a state differ: procfs, TCP_INFO, and the segments.

use finwait_model::state::State;

use super::sock::{ConnectionEnd, EndCause};
use super::text::states::{Disagreement, Ended};

/// The difference between the sources of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The reason, in one sentence.
    pub why: String,
    /// Do they always differ in that situation, so that it is nothing to look into?
    pub is_usual: bool,
}

/// Returns why sources differ; none when they agree.
///
/// `row` is procfs's state, none without a row; `info` what TCP_INFO says on the open descriptor; `segments` what they say; `end` how the
/// connection ended, as far as the record has it.
pub fn difference(
    row: Option<State>,
    info: Option<State>,
    segments: Option<State>,
    end: Option<ConnectionEnd>,
) -> Option<Difference> {
    between(row, info, segments, end).map(|why| Difference {
        why: why.to_string(),
        is_usual: is_usual(&why),
    })
}

/// Does each connection differ so that comes into that situation, by the way that the kernel keeps its sockets?
const fn is_usual(why: &Disagreement) -> bool {
    match why {
        Disagreement::Minisock { .. } | Disagreement::FinQueued { .. } => true,
        Disagreement::Gone { ended, .. } => !matches!(ended, Ended::Gone | Ended::Segment | Ended::Unseen),
        Disagreement::OtherSocket { .. }
        | Disagreement::AckNotAccepted { .. }
        | Disagreement::RstNotAccepted { .. }
        | Disagreement::FinNotAccepted { .. }
        | Disagreement::Unknown { .. } => false,
    }
}

fn between(
    row: Option<State>,
    info: Option<State>,
    segments: Option<State>,
    end: Option<ConnectionEnd>,
) -> Option<Disagreement> {
    if let (Some(row), Some(info)) = (row, info)
        && row != info
    {
        return Some(match (row, info) {
            (State::TimeWait | State::FinWait2, State::Close) => Disagreement::Minisock { row, info },
            _ => Disagreement::OtherSocket { row, info },
        });
    }
    let segments = segments.filter(|segments| row != Some(*segments))?;
    Some(match (row, segments) {
        // The end of TIME_WAIT and of a closed connection leave no segment.
        (None, State::TimeWait | State::Close | State::FinWait2) => return None,
        (None, _) => Disagreement::Gone {
            segments,
            ended: ended(end),
        },
        (Some(row @ State::SynRecv), State::Established) => Disagreement::AckNotAccepted { row, segments },
        (Some(row), State::Close) => Disagreement::RstNotAccepted { row, segments },
        (Some(row @ State::FinWait1), State::Established) | (Some(row @ State::LastAck), State::CloseWait) => {
            Disagreement::FinQueued { row, segments }
        }
        (Some(row), State::CloseWait | State::Closing | State::TimeWait) => {
            Disagreement::FinNotAccepted { row, segments }
        }
        (Some(row), _) => Disagreement::Unknown { row, segments },
    })
}

/// Returns what ended a connection, where its segments do not show it.
fn ended(end: Option<ConnectionEnd>) -> Ended {
    let Some(ConnectionEnd { by, from, .. }) = end else {
        return Ended::Gone;
    };
    match by {
        EndCause::Icmp(icmp) => Ended::Icmp { icmp },
        EndCause::Timer(kind) => Ended::Timer { timer: kind.name(from) },
        EndCause::Administrator => Ended::Administrator,
        EndCause::Call(call) => Ended::Call { call },
        EndCause::Death => Ended::Death,
        EndCause::Rst | EndCause::Segment => Ended::Segment,
        EndCause::Unseen(_) => Ended::Unseen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row's state, what TCP_INFO says, what the segments say: the reason, and whether it is usual.
    fn told(row: Option<State>, info: Option<State>, segments: Option<State>) -> Option<(String, bool)> {
        difference(row, info, segments, None).map(|difference| (difference.why, difference.is_usual))
    }

    #[test]
    fn what_is_not_taken_is_told() {
        assert_eq!(told(Some(State::Established), None, Some(State::Established)), None);
        assert_eq!(told(None, Some(State::Close), Some(State::Close)), None);
        let (why, _) = told(Some(State::Established), None, Some(State::Close)).unwrap();
        assert!(why.contains("RFC 5961"));
    }

    #[test]
    fn only_what_is_out_of_the_ordinary_is_an_alarm() {
        let (why, is_usual) = told(Some(State::TimeWait), Some(State::Close), Some(State::TimeWait)).unwrap();
        assert!(
            why.starts_with("procfs says TIME_WAIT, TCP_INFO CLOSE") && is_usual,
            "{why}"
        );
        for (row, segments, usual) in [
            (Some(State::FinWait1), State::Established, true),
            (Some(State::Established), State::Close, false),
            (Some(State::SynRecv), State::Established, false),
            (Some(State::Established), State::CloseWait, false),
            (None, State::Established, false),
        ] {
            let (why, is_usual) = told(row, None, Some(segments)).unwrap();
            assert_eq!(is_usual, usual, "{why}");
        }
    }
}
