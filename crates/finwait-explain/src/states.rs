//! The reasons why the sources of a state differ: procfs, TCP_INFO, and the segments.

use finwait_model::state::State;

use super::sock::{ConnectionEnd, EndCause};
use super::text::states::{Disagreement, Ended};

/// Returns why sources differ, in one sentence; none when they agree.
///
/// `row` is procfs's state, none without a row; `info` what TCP_INFO says on the open descriptor; `segments` what they say; `end` how the
/// connection ended, as far as the record has it.
pub fn disagreement(
    row: Option<State>,
    info: Option<State>,
    segments: Option<State>,
    end: Option<ConnectionEnd>,
) -> Option<String> {
    between(row, info, segments, end).map(|why| why.to_string())
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

    #[test]
    fn what_is_not_taken_is_told() {
        assert_eq!(
            disagreement(Some(State::Established), None, Some(State::Established), None),
            None
        );
        assert_eq!(disagreement(None, Some(State::Close), Some(State::Close), None), None);
        let told = disagreement(Some(State::TimeWait), Some(State::Close), Some(State::TimeWait), None);
        assert!(told.unwrap().starts_with("procfs says TIME_WAIT, TCP_INFO CLOSE"));
        let told = disagreement(Some(State::Established), None, Some(State::Close), None);
        assert!(told.unwrap().contains("RFC 5961"));
    }
}
