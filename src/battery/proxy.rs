//! What a proxy does with the ends of its two connections, with a slow reader, and with a backend that is not there.

use super::observed::{Observed, StepResult, megabytes};
use super::{Case, CaseVerdict, Verdict};
use crate::errno::Errno;

macro_rules! case {
    ($name:literal $short:literal $judge:expr) => {
        Case {
            name: $name,
            short: $short,
            text: include_str!(concat!("../../assets/batteries/proxy/", $name, ".toml")),
            judge: $judge,
        }
    };
}

/// The cases, in the order in which they are shown.
pub(super) const CASES: &[Case] = &[
    case!("half-close-client" "client's FIN" |seen| half_close(seen, "answer")),
    case!("half-close-backend" "backend's FIN" |seen| half_close(seen, "more")),
    case!("fin-with-data" "FIN with data" fin_with_data),
    case!("rst-client" "client's RST" reset),
    case!("rst-backend" "backend's RST" reset),
    case!("slow-reader" "slow reader" slow_reader),
    case!("backend-refused" "refused" end),
    case!("backend-silent" "no answer to SYN" end),
    case!("backend-full" "full queue" full),
    case!("idle" "idle" end),
];

/// A FIN one way; `after` is what is to come the other way afterwards.
fn half_close(seen: &Observed<'_>, after: &str) -> CaseVerdict {
    let comes = matches!(seen.got(after), StepResult::Data(..));
    match seen.got("fin") {
        StepResult::Eof if comes => Verdict::PassedOn.plain(),
        StepResult::Eof => Verdict::RestLost.plain(),
        StepResult::Error(Errno::ECONNRESET) => Verdict::AsRst.plain(),
        _ if comes => Verdict::HeldBack.plain(),
        _ => Verdict::HeldBack.with("and the rest lost"),
    }
}

fn fin_with_data(seen: &Observed<'_>) -> CaseVerdict {
    match seen.got("data") {
        StepResult::Data(_, b"last words") => half_close(seen, "answer"),
        _ if seen.waits_for_a_connection("accept") => Verdict::DataLost.with("with no connection to the backend"),
        _ => Verdict::DataLost.plain(),
    }
}

fn reset(seen: &Observed<'_>) -> CaseVerdict {
    match seen.got("rst") {
        StepResult::Error(Errno::ECONNRESET) => Verdict::PassedOn.plain(),
        StepResult::Eof => Verdict::AsFin.plain(),
        _ => Verdict::HeldBack.plain(),
    }
}

/// The send queue of a proxy's socket may hold 4 MB (`tcp_wmem`), and its own buffers something: what is more than this is in its memory.
const IN_BUFFERS: usize = 8_000_000;

fn slow_reader(seen: &Observed<'_>) -> CaseVerdict {
    let (written, is_all) = match seen.got("write") {
        StepResult::Wrote(written) => (written, true),
        StepResult::Late(written) => (written, false),
        _ => return Verdict::Rst.with(seen.after("write")),
    };
    let queues = seen.queues("write");
    let read = queues.read_of(written);
    match queues.unread {
        // It has taken in more than kernels keep for it, and the last of it is on its way.
        _ if is_all && read > IN_BUFFERS => Verdict::BuffersAll.with(megabytes(read)),
        // It reads no more.
        65_537.. => Verdict::Stops.with(format!("after {}", megabytes(read))),
        _ if read > IN_BUFFERS => Verdict::BuffersAll.with(megabytes(read)),
        _ => Verdict::NotMeasured.with(format!("only {} were on their way in that time", megabytes(read))),
    }
}

/// The end of the client's connection: how, and after what time.
fn end(seen: &Observed<'_>) -> CaseVerdict {
    match seen.got("end") {
        StepResult::Eof => Verdict::Fin.with(seen.after("end")),
        StepResult::Error(_) => Verdict::Rst.with(seen.after("end")),
        StepResult::Data(..) => Verdict::Answers.with(seen.after("end")),
        _ => Verdict::Waits.plain(),
    }
}

fn full(seen: &Observed<'_>) -> CaseVerdict {
    match (seen.got("ask"), seen.got("answer")) {
        (StepResult::Data(..), StepResult::Data(..)) => Verdict::PassedOn.plain(),
        (StepResult::Data(..), _) => Verdict::RestLost.plain(),
        (_, StepResult::Error(_)) => Verdict::Rst.plain(),
        (_, StepResult::Eof) => Verdict::Fin.plain(),
        _ => Verdict::Waits.plain(),
    }
}
