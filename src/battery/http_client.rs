//! What an HTTP client does when its connection ends at the wrong moment, or nothing comes.

use super::observed::{Observed, StepResult};
use super::{Case, CaseVerdict, Verdict};

macro_rules! case {
    ($name:literal $short:literal $judge:expr) => {
        Case {
            name: $name,
            short: $short,
            text: include_str!(concat!("../../assets/batteries/http-client/", $name, ".toml")),
            judge: $judge,
        }
    };
}

/// The cases, in the order in which they are shown.
pub(super) const CASES: &[Case] = &[
    case!("race-rst" "race, RST first" race),
    case!("race-fin" "race, FIN first" race),
    case!("rst-before" "RST, no answer" |seen| again(seen, AnswerPart::Nothing)),
    case!("rst-within" "RST in the answer" |seen| again(seen, AnswerPart::Part)),
    case!("fin-within" "FIN in the answer" |seen| again(seen, AnswerPart::Part)),
    case!("no-continue" "no 100 Continue" no_continue),
    case!("slow-headers" "headers after 7 s" slow_headers),
];

/// How much of the answer to the first request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AnswerPart {
    /// Nothing of it.
    Nothing,
    /// The beginning of the answer.
    Part,
}

/// The first line of a request: `GET /1 HTTP/1.1`.
fn request_line<'a>(got: StepResult<'a>) -> Option<&'a [u8]> {
    match got {
        StepResult::Data(_, data) => data.split(|byte| *byte == b'\r').next(),
        _ => None,
    }
}

/// The second request crosses the end of the connection.
fn race(seen: &Observed<'_>) -> CaseVerdict {
    let asked = request_line(seen.got("asked"));
    if !seen.held("second") {
        return match asked {
            Some(_) => Verdict::NoReuse.plain(),
            None => Verdict::NotMeasured.with("it sent no second request"),
        };
    }
    match (asked, has_ended(seen)) {
        (Some(_), _) => Verdict::AsksAgain.plain(),
        (None, true) if seen.held("exit") => Verdict::TakesIt.plain(),
        (None, true) => Verdict::Fails.plain(),
        (None, false) => Verdict::Hangs.plain(),
    }
}

/// The first request meets the end of the connection.
fn again(seen: &Observed<'_>, whole: AnswerPart) -> CaseVerdict {
    let (first, asked) = (request_line(seen.got("first")), request_line(seen.got("asked")));
    let ended_well = seen.held("exit");
    match (asked, whole) {
        (Some(asked), _) if Some(asked) == first => Verdict::AsksAgain.plain(),
        // It went on with its next request: it was content, or takes a failure lightly.
        (Some(_), AnswerPart::Part) if ended_well => Verdict::TakesIt.plain(),
        (Some(_), _) => Verdict::Fails.with("and goes on with the next"),
        (None, AnswerPart::Part) if ended_well => Verdict::TakesIt.plain(),
        (None, _) if has_ended(seen) => Verdict::Fails.plain(),
        (None, _) => Verdict::Hangs.plain(),
    }
}

/// Has the client ended?
fn has_ended(seen: &Observed<'_>) -> bool {
    seen.got("exit") == StepResult::Done
}

fn no_continue(seen: &Observed<'_>) -> CaseVerdict {
    let StepResult::Data(_, head) = seen.got("first") else {
        return Verdict::NotMeasured.with("no request came");
    };
    let asks = String::from_utf8_lossy(head)
        .to_ascii_lowercase()
        .contains("100-continue");
    match seen.got("body") {
        _ if !asks => Verdict::AsksNot.plain(),
        StepResult::Data(..) => Verdict::SendsIt.with(seen.after("body")),
        StepResult::Late(_) => Verdict::Waits.plain(),
        _ => Verdict::GivesUp.with(seen.after("body")),
    }
}

fn slow_headers(seen: &Observed<'_>) -> CaseVerdict {
    match seen.got("wait") {
        StepResult::Ready([]) => Verdict::Waits.plain(),
        _ => Verdict::GivesUp.with(seen.after("wait")),
    }
}
