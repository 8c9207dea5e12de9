//! A packet in words: what it is, and what became of it.

use crate::clock::human;
use crate::lab::event::{Disposition, PacketRecord};
use crate::wire::flow::{OtherConnection, Retransmission};
use crate::wire::link::LinkEffect;
use crate::wire::queue::Origin;
use crate::wire::segment::{Flags, Packet};

/// A packet in a few words: `SYN seq 0`, `PSH,ACK seq 1 ack 1 len 5 "hello"`, `ACK seq 1 ack 1 len 44888 (31 segments of 1448) "aa"...`.
pub fn describe(record: &PacketRecord) -> String {
    match &record.packet {
        Packet::Tcp(segment) => {
            let mut text = segment.flags.to_string();
            text.push_str(&format!(" seq {}", record.seen.seq.unwrap_or(segment.seq.0)));
            if segment.flags.has(Flags::ACK) {
                text.push_str(&format!(" ack {}", record.seen.ack.unwrap_or(segment.ack.0)));
            }
            if segment.len > 0 {
                let cut = record.cut().map_or(String::new(), |cut| format!(" ({cut})"));
                text.push_str(&format!(" len {}{cut}", segment.len));
                // A capture may have none of it.
                if !segment.payload.0.is_empty() {
                    text.push_str(&format!(" {}", segment.payload.quoted(segment.len)));
                }
            }
            text
        }
        Packet::Udp {
            source,
            destination,
            len,
            dns,
        } => {
            let dns = dns.as_ref().map_or(String::new(), |dns| format!(", {dns}"));
            format!("UDP :{} > :{} len {len}{dns}", source.port(), destination.port())
        }
        Packet::Icmp { message, .. } => format!("ICMP {message}"),
        Packet::Other { what, len } => format!("{what}, {len} bytes"),
    }
}

/// Returns what a packet is besides, if anything: `retransmit 2 of #7`, `forged`, `copy of #3`, `ack of another connection`.
pub fn besides(record: &PacketRecord) -> Option<String> {
    let which = match record.seen.elsewhere {
        OtherConnection { seq: false, ack: false } => None,
        OtherConnection { seq: true, ack: true } => Some("numbers of another connection"),
        OtherConnection { seq: true, ack: false } => Some("seq of another connection"),
        OtherConnection { seq: false, ack: true } => Some("ack of another connection"),
    };
    let which = which.map(str::to_owned);
    let stripped = (!record.stripped.is_empty()).then(|| format!("{} stripped by the link", record.stripped));
    let all: Vec<String> = [origin_words(record), which, stripped].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// Returns where a packet comes from, unless its host sends it for the first time.
fn origin_words(record: &PacketRecord) -> Option<String> {
    match (record.origin, record.seen.again) {
        (Origin::Forged, _) => Some("forged".into()),
        (Origin::Copy(no), _) => Some(match record.link {
            Some(LinkEffect::Duplicated(share)) => format!("copy of {no} by the link (duplicate {share})"),
            _ => format!("copy of {no}"),
        }),
        (Origin::Link, _) => Some("from the link's router".into()),
        (Origin::Host | Origin::Captured, Some(Retransmission::Retransmit { nth, of: Some(no) })) => {
            Some(format!("retransmit {nth} of {no}"))
        }
        (Origin::Host | Origin::Captured, Some(Retransmission::Retransmit { of: None, .. })) => {
            Some("retransmit".into())
        }
        (Origin::Host | Origin::Captured, Some(Retransmission::Probe)) => Some("probe".into()),
        (Origin::Host | Origin::Captured, None) => None,
    }
}

/// Returns what became of a packet, in words: `delivered`, `held as #7 by rule 1`, `dropped after 2.1 s on the wire`.
pub fn became(record: &PacketRecord) -> String {
    let mut text = besides(record).map_or(String::new(), |besides| format!("{besides}, "));
    text.push_str(&match record.disposition {
        Disposition::Delivered if record.origin == Origin::Captured => "captured".to_owned(),
        Disposition::Delivered => match record.link {
            Some(LinkEffect::Reordered(share)) => format!("delivered before its turn by the link (reorder {share})"),
            _ => "delivered".to_owned(),
        },
        Disposition::Refused(errno) => format!("not taken: {errno}"),
        Disposition::Corrupted => corrupted(record),
        Disposition::Held => format!("held as {}", record.no),
        Disposition::Delayed(time) => format!("delayed by {time} as {}", record.no),
        Disposition::InFlight(time) => {
            let on_link = match record.link {
                Some(LinkEffect::Reordered(share)) => format!(" on the link, before its turn (reorder {share})"),
                Some(_) => " on the link".into(),
                None => String::new(),
            };
            format!("under way for {time}{on_link} as {}", record.no)
        }
        Disposition::Dropped => match record.link {
            Some(LinkEffect::Lost(loss)) => format!("lost by the link ({loss})"),
            _ => "dropped".to_owned(),
        },
        Disposition::Discarded => "discarded".to_owned(),
    });
    match record.waited {
        Some(waited) if !record.disposition.is_held() => {
            text.push_str(&format!(" after {} on the wire", human(waited)))
        }
        // By the user's own hand: no rule did it.
        Some(_) => {}
        None => text.push_str(&record.rule.map_or(String::new(), |rule| format!(" by {rule}"))),
    }
    if record.disposition == Disposition::Discarded {
        text.push_str(&format!(": the {} has a copy", record.from.other()));
    }
    text
}

/// Says what the link did to a packet of which it changed a bit.
fn corrupted(record: &PacketRecord) -> String {
    let share = match record.link {
        Some(LinkEffect::Corrupted(share)) => format!(" (corrupt {share})"),
        _ => String::new(),
    };
    format!("corrupted by the link{share}, its checksum is wrong")
}
