//! The words on a row: the longest first, for who draws takes what fits.

use super::rows::replaced_by_syn;
use crate::call::SocketName;
use crate::clock::{MonoTime, human};
use crate::lab::event::{Death, PacketRecord, ProgramNews, StateChanged};
use crate::outcome::{Outcome, Value};
use crate::session::transcript::{EntryKind, ProgramCallEntry, ProgramEntry, besides, describe};
use crate::session::{Session, WaitingPacket};
use crate::wire::flow::Retransmission;
use crate::wire::queue::Origin;
use crate::wire::segment::{Flags, Packet, Segment};

/// Returns how long a packet has been held at `now`, or how long until it goes on.
pub(crate) fn held_words(held: &WaitingPacket, now: MonoTime) -> String {
    match held.due {
        Some(due) => format!("in {}", human(due.since(now))),
        None => human(now.since(held.since)),
    }
}

/// The result of a call, as `strace` has it after the `=`.
fn result(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ok(Value::Done | Value::Options { .. }) => "0".into(),
        Outcome::Ok(Value::Later) => outcome.brief(),
        Outcome::Ok(Value::Descriptor { fd, .. }) => fd.to_string(),
        Outcome::Ok(Value::Read { n: 0, .. }) => "0 (EOF)".into(),
        Outcome::Ok(Value::Read { n, .. } | Value::Written { n }) => n.to_string(),
        Outcome::Ok(Value::Ready { .. } | Value::PendingError { .. })
        | Outcome::Err(_)
        | Outcome::DeadlineExceeded { .. }
        | Outcome::Library(_)
        | Outcome::Unsupported(_) => outcome.brief(),
    }
}

/// A call and its return in words, the longest first; and whether it failed.
pub(crate) fn call_texts(call: Option<&EntryKind>, returned: Option<&EntryKind>) -> (Vec<String>, bool) {
    let called = match call {
        Some(EntryKind::Call { began, .. }) => Some(&began.text),
        _ => None,
    };
    let returned = match returned {
        Some(EntryKind::Ended(call)) => call.outcome().map(|outcome| (call.name, outcome)),
        _ => None,
    };
    match (called, returned) {
        (called, Some((name, outcome))) => {
            let result = result(outcome);
            let mut texts = Vec::new();
            if let Some(text) = called {
                texts.push(format!("{text} = {result}"));
            }
            texts.push(format!("{name} = {result}"));
            texts.push(format!("= {result}"));
            (texts, outcome.errno().is_some())
        }
        (Some(text), None) => {
            // A lingering close is two calls.
            let more = text.then().map_or_else(String::new, |then| format!(", {then}"));
            (vec![format!("{text} ..."), format!("{}{more} ...", text.name)], false)
        }
        (None, _) => (Vec::new(), false),
    }
}

/// The state of a socket, by its name, the longest first; of a TIME_WAIT that a new SYN replaces also what it was.
pub(crate) fn state_texts(name: &SocketName, change: &StateChanged) -> [String; 2] {
    let StateChanged { from, to, .. } = change;
    let short = format!("{name}: {}", to.short());
    match replaced_by_syn(change) {
        true => [format!("{name}: {from} -> {to}"), short],
        false => [format!("{name}: {to}"), short],
    }
}

/// The beginning or the end of a program in words, the longest first; and whether it failed.
pub(crate) fn program_texts(news: &ProgramEntry) -> (Vec<String>, bool) {
    let who = news.who();
    let name = news.name.as_deref().unwrap_or(&who);
    match &news.event.what {
        ProgramNews::Started { .. } => {
            let command = news.command.as_deref().map(|command| format!("{who} runs: {command}"));
            (command.into_iter().chain([format!("{who} runs")]).collect(), false)
        }
        ProgramNews::NotStarted { why } => {
            let texts = [format!("{name} did not start: {why}"), format!("{name} did not start")];
            (texts.into(), true)
        }
        ProgramNews::Exited { how, .. } => {
            let texts = [format!("{who} {how}"), format!("{name} {how}"), how.to_string()];
            (texts.into(), *how != Death::Exited(0))
        }
        ProgramNews::Output { .. } | ProgramNews::Flooded { .. } | ProgramNews::Gone => (Vec::new(), false),
    }
}

/// A system call of a program and what it returned in words, the longest first.
pub(crate) fn program_call_texts(call: &ProgramCallEntry) -> Vec<String> {
    let cuts = call.call.made.cuts("");
    let process = call.process.as_deref();
    let named = process
        .into_iter()
        .flat_map(|name| cuts.iter().map(move |cut| format!("{name} {cut}")));
    // Without the name only what no named one fits.
    named.chain(cuts.last().cloned()).collect()
}

/// A packet as one says it, without numbers: `FIN`, `data "hello"`.
pub(crate) fn spoken(record: &PacketRecord) -> String {
    let Packet::Tcp(segment) = &record.packet else {
        return match &record.packet {
            Packet::Icmp { .. } => "ICMP".into(),
            Packet::Udp { dns, .. } => dns.clone().unwrap_or_else(|| "UDP".into()),
            Packet::Tcp(_) | Packet::Other { .. } => "other".into(),
        };
    };
    let more = match (record.origin, record.seen.again) {
        (Origin::Forged, _) => ", forged",
        (Origin::Copy(_), _) => ", a copy",
        (Origin::Link, _) => ", from a router",
        (Origin::Host | Origin::Captured, Some(Retransmission::Retransmit { .. })) => ", sent again",
        (Origin::Host | Origin::Captured, Some(Retransmission::Probe)) => ", a probe",
        (Origin::Host | Origin::Captured, None) => "",
    };
    let has = |flag| segment.flags.has(flag);
    let mut words = Vec::new();
    for (flag, word) in [(Flags::SYN, "SYN"), (Flags::FIN, "FIN"), (Flags::RST, "RST")] {
        if has(flag) {
            words.push(word.to_owned());
        }
    }
    if segment.len > 0 {
        words.push(data(record, segment));
    }
    if has(Flags::ACK) && (words.is_empty() || has(Flags::SYN)) {
        words.push("ACK".into());
    }
    format!("{}{more}", words.join(" + "))
}

/// The payload as one says it, as far as it is known and short.
fn data(record: &PacketRecord, segment: &Segment) -> String {
    let known = segment.payload.0.escape_ascii().to_string();
    if segment.payload.0.len() == segment.len && known.len() <= 24 {
        format!("data \"{known}\"")
    } else {
        let cut = record.cut().map_or(String::new(), |cut| format!(" in {cut}"));
        format!("data, {} B{cut}", segment.len)
    }
}

/// The word in a packet's texts that says what it is: its flags, or the protocol.
pub(crate) fn word_of(packet: &Packet) -> String {
    match packet {
        Packet::Tcp(segment) => segment.flags.to_string(),
        Packet::Udp { .. } => "UDP".into(),
        Packet::Icmp { .. } => "ICMP".into(),
        Packet::Other { .. } => String::new(),
    }
}

/// A packet in words, the longest first; of one that is held, with how often it was sent and when it is sent next.
pub(crate) fn packet_texts(
    record: &PacketRecord,
    connection: u32,
    again: u32,
    fold: Option<&str>,
    session: &Session,
) -> Vec<String> {
    let more = match (again, fold, besides(record)) {
        (1.., Some(fold), _) | (0, Some(fold), None) => format!("  {fold}"),
        (0, _, Some(besides)) => format!("  {besides}"),
        (0, None, None) => String::new(),
        (n, None, _) => format!("  +{n} again"),
    };
    // The least that tells it from an ordinary one.
    let mark = match (record.origin, record.seen.again) {
        (Origin::Forged, _) => "forged ",
        (Origin::Copy(_), _) => "copy ",
        (Origin::Link, _) => "router's ",
        (Origin::Host | Origin::Captured, Some(Retransmission::Retransmit { .. })) => "again ",
        (Origin::Host | Origin::Captured, Some(Retransmission::Probe)) => "probe ",
        (Origin::Host | Origin::Captured, None) => "",
    };
    let Packet::Tcp(segment) = &record.packet else {
        let short = match &record.packet {
            Packet::Icmp { message, .. } => vec![message.clone(), "ICMP".into()],
            Packet::Udp { dns, .. } => dns.iter().cloned().chain(["UDP".into()]).collect(),
            Packet::Tcp(_) | Packet::Other { .. } => vec!["other".into()],
        };
        let mut texts = vec![
            format!("{}{more}", describe(record)),
            format!("{mark}{}", describe(record)),
        ];
        texts.extend(short.into_iter().map(|text| format!("{mark}{text}")));
        return texts;
    };
    // Beside the first connection, the port that is not the listener's tells them apart.
    let which = if connection > 1 {
        let port = if segment.source.port() == session.lab.port.0 {
            segment.destination.port()
        } else {
            segment.source.port()
        };
        format!(":{port} ")
    } else {
        String::new()
    };
    let flags = segment.flags;
    let seq = format!(" seq {}", record.seen.seq.unwrap_or(segment.seq.0));
    let ack = if flags.has(Flags::ACK) {
        format!(" ack {}", record.seen.ack.unwrap_or(segment.ack.0))
    } else {
        String::new()
    };
    let len = if segment.len > 0 {
        format!(" len {}", segment.len)
    } else {
        String::new()
    };
    let cut = record.cut().map_or(String::new(), |cut| format!(" ({cut})"));
    // Where data has no room for its length, it is still told from an acknowledgement.
    let data = if segment.len > 0 { " data" } else { "" };
    let plus = if again > 0 { format!(" +{again}") } else { String::new() };
    vec![
        format!("{which}{}{more}", describe(record)),
        format!("{which}{flags}{seq}{ack}{len}{cut}{more}"),
        format!("{which}{mark}{flags}{seq}{ack}{len}{cut}{plus}"),
        if segment.len > 0 {
            format!("{which}{mark}{flags}{seq}{len}{plus}")
        } else {
            format!("{which}{mark}{flags}{ack}{plus}")
        },
        format!("{which}{mark}{flags}{len}{plus}"),
        format!("{mark}{flags}{len}{plus}"),
        format!("{mark}{flags}{plus}"),
        format!("{flags}{data}"),
        flags.to_string(),
    ]
}
