//! A pattern of a segment, as scenarios write it: `client SYN`, `server data seq 1 len 5 "hello" retransmit`.

use std::fmt;

use super::super::bound::Bound;
use super::super::mistake::{did_you_mean, quoted};
use super::super::observation::{ObservedPacket, PacketContent};
use crate::call::{Bytes, escape};
use crate::command::string_value;
use crate::lab::event::Disposition;
use crate::side::Side;
use crate::wire::flow::Retransmission;
use crate::wire::queue::Origin;
use crate::wire::segment::Flags;

/// An item of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SegmentItem {
    /// `...`: any number of others.
    Any,
    /// A segment like that.
    One(Pattern),
}

/// The segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The sender.
    pub from: Side,
    /// The contents.
    pub kind: SegmentKind,
    /// The sequence numbers.
    pub numbers: Vec<(Number, Bound)>,
    /// The payload.
    pub payload: Option<Bytes>,
    /// Further properties.
    pub besides: Vec<Annotation>,
}

/// The kind of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SegmentKind {
    /// `any`
    Any,
    /// `data`: with payload.
    Data,
    /// `FIN,ACK`: these control bits and no others.
    Flags(Flags),
    /// `UDP DNS query example.org A`; without words, any.
    Udp(String),
    /// `ICMP port unreachable`; without words, any.
    Icmp(String),
}

/// A number of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// The first byte's, counted from the SYN's.
    Seq,
    /// The next byte expected.
    Ack,
    /// Bytes of payload.
    Len,
    /// The window in bytes.
    Win,
}

impl Number {
    const ALL: [Number; 4] = [Number::Seq, Number::Ack, Number::Len, Number::Win];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Number::Seq => "seq",
            Number::Ack => "ack",
            Number::Len => "len",
            Number::Win => "win",
        }
    }
}

/// A further property of a segment, or what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Annotation {
    /// The other host had it.
    Delivered,
    /// Held on the wire.
    Held,
    /// Held on the wire, and delivered after its delay; or under way in slow mode.
    Delayed,
    /// The segment was dropped, by a rule, the user or the link.
    Dropped,
    /// The link changed one of its bits, and the other host dropped it.
    Corrupted,
    /// A copy that was taken off the wire unasked, for another has arrived.
    Discarded,
    /// A retransmission.
    Retransmit,
    /// A keepalive or zero-window probe.
    Probe,
    /// The user made it up.
    Forged,
    /// The wire made it.
    Copy,
}

impl Annotation {
    pub(super) const ALL: [Annotation; 10] = [
        Annotation::Delivered,
        Annotation::Held,
        Annotation::Delayed,
        Annotation::Dropped,
        Annotation::Corrupted,
        Annotation::Discarded,
        Annotation::Retransmit,
        Annotation::Probe,
        Annotation::Forged,
        Annotation::Copy,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Annotation::Delivered => "delivered",
            Annotation::Held => "held",
            Annotation::Delayed => "delayed",
            Annotation::Dropped => "dropped",
            Annotation::Corrupted => "corrupted",
            Annotation::Discarded => "discarded",
            Annotation::Retransmit => "retransmit",
            Annotation::Probe => "probe",
            Annotation::Forged => "forged",
            Annotation::Copy => "copy",
        }
    }

    pub(super) const fn is(self, seen: &ObservedPacket) -> bool {
        match self {
            Annotation::Delivered => matches!(seen.disposition, Disposition::Delivered),
            Annotation::Held => matches!(seen.disposition, Disposition::Held),
            Annotation::Delayed => matches!(seen.disposition, Disposition::Delayed(_) | Disposition::InFlight(_)),
            Annotation::Discarded => matches!(seen.disposition, Disposition::Discarded),
            Annotation::Corrupted => matches!(seen.disposition, Disposition::Corrupted),
            Annotation::Dropped => matches!(seen.disposition, Disposition::Dropped | Disposition::Refused(_)),
            Annotation::Retransmit => matches!(seen.again, Some(Retransmission::Retransmit { .. })),
            Annotation::Probe => matches!(seen.again, Some(Retransmission::Probe)),
            Annotation::Forged => matches!(seen.origin, Origin::Forged),
            Annotation::Copy => matches!(seen.origin, Origin::Copy(_)),
        }
    }

    /// Returns whether it may become such a one, whatever is still to happen to it.
    pub(super) const fn may_be(self, seen: &ObservedPacket) -> bool {
        let is_of_its_end = matches!(
            self,
            Annotation::Delivered
                | Annotation::Held
                | Annotation::Delayed
                | Annotation::Discarded
                | Annotation::Dropped
                | Annotation::Corrupted
        );
        self.is(seen) || (is_of_its_end && seen.disposition.is_held())
    }

    pub(super) const fn is_again(self) -> bool {
        matches!(self, Annotation::Retransmit | Annotation::Probe)
    }
}

const ANY: &str = "...";

const FLAGS: [(&str, Flags); 8] = [
    ("SYN", Flags::SYN),
    ("FIN", Flags::FIN),
    ("RST", Flags::RST),
    ("PSH", Flags::PSH),
    ("URG", Flags::URG),
    ("ECE", Flags::ECE),
    ("CWR", Flags::CWR),
    ("ACK", Flags::ACK),
];

impl SegmentItem {
    /// Reads one.
    ///
    /// # Errors
    ///
    /// The character where it is wrong, from 0 on, and one sentence.
    pub fn parse(text: &str) -> Result<SegmentItem, (usize, String)> {
        if text.trim() == ANY {
            return Ok(SegmentItem::Any);
        }
        let mut words = WordSplitter { text, at: 0 };
        let (at, word) = words.next().unwrap_or((0, ""));
        let from = Side::BOTH.into_iter().find(|side| side.name() == word);
        let from = from.ok_or_else(|| {
            (
                at,
                format!("a segment begins with who sent it: client or server, not {word}; ... stands for any number of them", word = quoted(word)),
            )
        })?;
        let (at, word) = words.next().unwrap_or((text.chars().count(), ""));
        let mut pattern = Pattern {
            from,
            kind: match word {
                "any" => SegmentKind::Any,
                "data" => SegmentKind::Data,
                "UDP" => SegmentKind::Udp(String::new()),
                "ICMP" => SegmentKind::Icmp(String::new()),
                _ => SegmentKind::Flags(flags(word).map_err(|why| (at, why))?),
            },
            numbers: Vec::new(),
            payload: None,
            besides: Vec::new(),
        };
        while let Some((at, word)) = words.next() {
            let number = Number::ALL.into_iter().find(|number| number.name() == word);
            let besides = Annotation::ALL.into_iter().find(|besides| besides.name() == word);
            match (number, besides, &mut pattern.kind) {
                (Some(number), _, _) => {
                    let (at, word) = words.next().unwrap_or((text.chars().count(), ""));
                    let bound = Bound::parse(word).filter(|bound| bound.number >= 0);
                    let bound = bound.ok_or_else(|| {
                        (
                            at,
                            format!("{} takes a number, not {word}", number.name(), word = quoted(word)),
                        )
                    })?;
                    pattern.numbers.push((number, bound));
                }
                (None, Some(besides), _) => pattern.besides.push(besides),
                (None, None, _) if word.starts_with('"') => {
                    let payload = string_value(word).map_err(|error| (at + error.column - 1, error.why))?;
                    pattern.payload = Some(Bytes(payload));
                }
                (None, None, SegmentKind::Icmp(message) | SegmentKind::Udp(message)) => {
                    if !message.is_empty() {
                        message.push(' ');
                    }
                    message.push_str(word);
                }
                (None, None, _) => {
                    let mut valid: Vec<&str> = Number::ALL.map(Number::name).to_vec();
                    valid.extend(Annotation::ALL.map(Annotation::name));
                    let near = did_you_mean(word, &valid);
                    return Err((
                        at,
                        format!(
                            "{word} does not describe a segment; {} and its bytes in quotes do{near}",
                            valid.join(", "),
                            word = quoted(word)
                        ),
                    ));
                }
            }
        }
        Ok(SegmentItem::One(pattern))
    }
}

/// Words of a text with their places in characters; one in quotes is one word.
struct WordSplitter<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for WordSplitter<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<(usize, &'a str)> {
        let rest = &self.text[self.at..];
        let begin = self.at + rest.find(|c: char| !c.is_whitespace())?;
        let word = &self.text[begin..];
        let (mut quoted, mut escaped) = (false, false);
        let end = word.find(|c: char| {
            let ends = c.is_whitespace() && !quoted;
            quoted ^= c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let end = end.unwrap_or(word.len());
        self.at = begin + end;
        Some((self.text[..begin].chars().count(), &word[..end]))
    }
}

fn flags(word: &str) -> Result<Flags, String> {
    let mut flags = Flags(0);
    for name in word.split(',') {
        let flag = FLAGS.into_iter().find(|(known, _)| *known == name);
        let (_, flag) = flag.ok_or_else(|| {
            let mut valid: Vec<&str> = FLAGS.iter().map(|(name, _)| *name).collect();
            valid.extend(["any", "data", "UDP", "ICMP"]);
            format!(
                "after who sent it comes what it is: its flags like SYN,ACK, or any, data, UDP, ICMP; not {word}{}",
                did_you_mean(name, &valid),
                word = quoted(word)
            )
        })?;
        flags.0 |= flag.0;
    }
    Ok(flags)
}

impl Pattern {
    /// Returns whether it is such a segment.
    pub fn is(&self, seen: &ObservedPacket) -> bool {
        self.is_sent_as(seen) && self.besides.iter().all(|besides| besides.is(seen))
    }

    /// Is it such a segment, or may it become one? What is on the wire may still have any end; all else of a packet stays as it is.
    pub(in crate::scenario) fn may_be(&self, seen: &ObservedPacket) -> bool {
        self.is_sent_as(seen) && self.besides.iter().all(|besides| besides.may_be(seen))
    }

    /// Returns whether it is what was sent so, whatever it is besides.
    pub(super) fn is_sent_as(&self, seen: &ObservedPacket) -> bool {
        let kind = match (&self.kind, &seen.said) {
            (SegmentKind::Any, _) => true,
            (SegmentKind::Data, PacketContent::Tcp { len, .. }) => *len > 0,
            (SegmentKind::Flags(flags), PacketContent::Tcp { flags: got, .. }) => got == flags,
            (SegmentKind::Icmp(words), PacketContent::Icmp(message)) => message.starts_with(words.as_str()),
            (SegmentKind::Udp(words), PacketContent::Udp(said)) => said.contains(words.as_str()),
            (SegmentKind::Data | SegmentKind::Flags(_) | SegmentKind::Udp(_) | SegmentKind::Icmp(_), _) => false,
        };
        let number = |(number, bound): &(Number, Bound)| {
            let PacketContent::Tcp {
                seq, ack, window, len, ..
            } = &seen.said
            else {
                return false;
            };
            let value = match number {
                Number::Seq => Some(i64::from(*seq)),
                Number::Ack => ack.map(i64::from),
                Number::Len => i64::try_from(*len).ok(),
                Number::Win => Some(i64::from(*window)),
            };
            value.is_some_and(|value| bound.holds(value))
        };
        let payload = self
            .payload
            .as_ref()
            .is_none_or(|wanted| matches!(&seen.said, PacketContent::Tcp { payload, .. } if payload == wanted));
        seen.from == self.from && kind && self.numbers.iter().all(number) && payload
    }
}

impl fmt::Display for SegmentItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pattern = match self {
            SegmentItem::Any => return f.write_str(ANY),
            SegmentItem::One(pattern) => pattern,
        };
        write!(f, "{} ", pattern.from)?;
        match &pattern.kind {
            SegmentKind::Any => f.write_str("any")?,
            SegmentKind::Data => f.write_str("data")?,
            SegmentKind::Flags(flags) => write!(f, "{flags}")?,
            SegmentKind::Udp(words) if words.is_empty() => f.write_str("UDP")?,
            SegmentKind::Udp(words) => write!(f, "UDP {words}")?,
            SegmentKind::Icmp(message) if message.is_empty() => f.write_str("ICMP")?,
            SegmentKind::Icmp(message) => write!(f, "ICMP {message}")?,
        }
        for (number, bound) in &pattern.numbers {
            write!(f, " {} {bound}", number.name())?;
        }
        if let Some(payload) = &pattern.payload {
            write!(f, " \"{}\"", escape(&payload.0))?;
        }
        pattern
            .besides
            .iter()
            .try_for_each(|besides| write!(f, " {}", besides.name()))
    }
}
