//! The segments that a step should show: `["client FIN,ACK seq 1", "server ACK", "..."]`.

use std::fmt;
use std::ops::Range;

use super::bound::Bound;
use super::mistake::{did_you_mean, quoted};
use super::observation::{ObservedPacket, PacketContent};
use crate::call::{Bytes, escape};
use crate::command::string_value;
use crate::lab::event::Disposition;
use crate::side::Side;
use crate::wire::flow::Retransmission;
use crate::wire::queue::Origin;
use crate::wire::segment::Flags;

/// The segments of a step, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segments(pub Vec<Item>);

/// An item of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
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

    const fn name(self) -> &'static str {
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
    const ALL: [Annotation; 10] = [
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

    const fn name(self) -> &'static str {
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

    const fn is(self, seen: &ObservedPacket) -> bool {
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

    /// May it become such a one, whatever is still to happen to it?
    const fn may_be(self, seen: &ObservedPacket) -> bool {
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

    const fn is_again(self) -> bool {
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

impl Item {
    /// Reads one.
    ///
    /// # Errors
    ///
    /// The character where it is wrong, from 0 on, and one sentence.
    pub fn parse(text: &str) -> Result<Item, (usize, String)> {
        if text.trim() == ANY {
            return Ok(Item::Any);
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
        Ok(Item::One(pattern))
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
    /// Is it such a segment?
    pub fn is(&self, seen: &ObservedPacket) -> bool {
        self.is_sent_as(seen) && self.besides.iter().all(|besides| besides.is(seen))
    }

    /// Is it such a segment, or may it become one? What is on the wire may still have any end; all else of a packet stays as it is.
    pub(super) fn may_be(&self, seen: &ObservedPacket) -> bool {
        self.is_sent_as(seen) && self.besides.iter().all(|besides| besides.may_be(seen))
    }

    /// Is it what was sent so, whatever it is besides?
    fn is_sent_as(&self, seen: &ObservedPacket) -> bool {
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

impl ObservedPacket {
    /// Does it count where a list speaks of no retransmission and no probe? Those come with time, and so do the answers to them.
    const fn counts(&self) -> bool {
        self.again.is_none() && !self.repeats
    }
}

impl Segments {
    /// Are these the segments? Retransmissions and probes, which come with time, count only where the list speaks of such.
    pub fn holds(&self, seen: &[ObservedPacket]) -> bool {
        let mut matcher = Matcher::new(Pattern::is);
        matcher.see(self, seen, 0..0);
        matcher.holds()
    }

    /// Can these not become the segments any more, whatever comes after them?
    pub fn is_lost(&self, seen: &[ObservedPacket]) -> bool {
        let mut matcher = Matcher::new(Pattern::may_be);
        matcher.see(self, seen, 0..0);
        matcher.is_stuck()
    }

    /// The segments that count.
    pub fn counted<'a>(&self, seen: &'a [ObservedPacket]) -> impl Iterator<Item = &'a ObservedPacket> {
        let again = self.asks_for_repetitions();
        seen.iter().filter(move |seen| again || seen.counts())
    }

    /// Does the list speak of retransmissions or probes?
    fn asks_for_repetitions(&self) -> bool {
        let is_one = |item: &Item| matches!(item, Item::One(pattern) if pattern.besides.iter().any(|besides| besides.is_again()));
        self.0.iter().any(is_one)
    }

    /// Would it hold of anything?
    pub fn is_empty_talk(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|item| *item == Item::Any)
    }

    /// Lists of which none holds where this one does: each of its segments from the other end in turn.
    pub fn opposites(&self) -> Vec<Segments> {
        if self.0.is_empty() {
            let any = Item::One(Pattern {
                from: Side::Client,
                kind: SegmentKind::Any,
                numbers: Vec::new(),
                payload: None,
                besides: Vec::new(),
            });
            return vec![Segments(vec![any])];
        }
        let flipped = |place: usize| {
            let mut items = self.0.clone();
            if let Some(Item::One(pattern)) = items.get_mut(place) {
                // No segment has bytes of payload and none.
                pattern
                    .numbers
                    .extend([(Number::Len, Bound::exactly(0)), (Number::Len, Bound::exactly(1))]);
            }
            Segments(items)
        };
        let ones = self.0.iter().enumerate().filter(|(_, item)| **item != Item::Any);
        ones.map(|(place, _)| flipped(place)).collect()
    }
}

/// The way that a list has been matched so far: with each packet it goes on from where it was. A packet that has changed since is gone
/// through again, and those after it only as far as that makes a difference.
#[derive(Clone, Debug)]
pub(super) struct Matcher {
    /// Is a packet what a pattern says?
    is: fn(&Pattern, &ObservedPacket) -> bool,
    /// For each packet, the items of the list that may come next: one bit each, `words` words of them. The first are those before any
    /// packet.
    next: Vec<u64>,
    words: usize,
    /// Is the last bit of the last packet set?
    holds: bool,
}

impl Matcher {
    /// Begins before the first packet; `is` tells whether a packet is what a pattern says.
    pub(super) const fn new(is: fn(&Pattern, &ObservedPacket) -> bool) -> Matcher {
        Matcher {
            is,
            next: Vec::new(),
            words: 0,
            holds: false,
        }
    }

    /// Takes in the packets that are new since the last time, and those that have `changed` since; returns how many it went through.
    pub(super) fn see(&mut self, list: &Segments, packets: &[ObservedPacket], changed: Range<usize>) -> usize {
        let mut passed = 0;
        let items = &list.0;
        self.words = items.len() / 64 + 1;
        if self.next.is_empty() {
            let mut first = vec![0; self.words];
            reach(&mut first, 0, items);
            self.next = first;
        }
        let again = list.asks_for_repetitions();
        let known = self.next.len() / self.words - 1;
        let mut set = vec![0; self.words];
        let mut place = if changed.is_empty() {
            known
        } else {
            changed.start.min(known)
        };
        while let Some(packet) = packets.get(place) {
            passed += 1;
            let before = &self.next[place * self.words..][..self.words];
            if again || packet.counts() {
                set.fill(0);
                for (at, item) in items.iter().enumerate() {
                    match item {
                        _ if !has(before, at) => {}
                        Item::Any => reach(&mut set, at, items),
                        Item::One(pattern) if (self.is)(pattern, packet) => reach(&mut set, at + 1, items),
                        Item::One(_) => {}
                    }
                }
            } else {
                set.copy_from_slice(before);
            }
            place += 1;
            match self.next.get_mut(place * self.words..(place + 1) * self.words) {
                // From here on all is as it was.
                Some(after) if place >= changed.end && after == set => place = known,
                Some(after) => after.copy_from_slice(&set),
                None => self.next.extend_from_slice(&set),
            }
        }
        let last = &self.next[self.next.len() - self.words..];
        self.holds = has(last, items.len());
        passed
    }

    /// Are the packets so far the whole list?
    pub(super) const fn holds(&self) -> bool {
        self.holds
    }

    /// Can no further packet make them the list?
    pub(super) fn is_stuck(&self) -> bool {
        let last = &self.next[self.next.len() - self.words..];
        last.iter().all(|word| *word == 0)
    }
}

fn has(set: &[u64], at: usize) -> bool {
    set[at / 64] >> (at % 64) & 1 == 1
}

/// Notes that `at` may come next, and what comes after it where it stands for none, too.
fn reach(set: &mut [u64], mut at: usize, items: &[Item]) {
    set[at / 64] |= 1 << (at % 64);
    while items.get(at) == Some(&Item::Any) {
        at += 1;
        set[at / 64] |= 1 << (at % 64);
    }
}

impl fmt::Display for Segments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&listed(&items))
    }
}

/// Several in one line; `none` for none.
pub fn listed(items: &[String]) -> String {
    match items {
        [] => "none".into(),
        items => items.join("; "),
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pattern = match self {
            Item::Any => return f.write_str(ANY),
            Item::One(pattern) => pattern,
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

impl fmt::Display for ObservedPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.from)?;
        match &self.said {
            PacketContent::Tcp {
                flags,
                seq,
                ack,
                len,
                payload,
                ..
            } => {
                write!(f, "{flags} seq {seq}")?;
                ack.map_or(Ok(()), |ack| write!(f, " ack {ack}"))?;
                if *len > 0 {
                    write!(f, " len {len} {}", payload.quoted(*len))?;
                }
            }
            PacketContent::Udp(said) => f.write_str(said)?,
            PacketContent::Icmp(message) => write!(f, "ICMP {message}")?,
            PacketContent::Other(what) => f.write_str(what)?,
        }
        let mut besides = Annotation::ALL.iter().filter(|besides| besides.is(self));
        besides.try_for_each(|besides| match besides {
            Annotation::Delivered => Ok(()),
            besides => write!(f, " {}", besides.name()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::flow::PacketNo;

    fn segments(items: &[&str]) -> Segments {
        Segments(items.iter().map(|item| Item::parse(item).unwrap()).collect())
    }

    fn seen(from: Side, flags: u16, seq: u32, payload: &[u8]) -> ObservedPacket {
        ObservedPacket {
            from,
            said: PacketContent::Tcp {
                flags: Flags(flags),
                seq,
                ack: (flags & 16 != 0).then_some(1),
                window: 65_535,
                len: payload.len(),
                payload: Bytes(payload.to_vec()),
            },
            again: None,
            repeats: false,
            origin: Origin::Host,
            disposition: Disposition::Delivered,
        }
    }

    #[test]
    fn what_is_read_is_written_alike() {
        for text in [
            "...",
            "client SYN",
            "server SYN,ACK seq 0 ack 1 held",
            r#"client PSH,ACK len 5 "a b\"c" retransmit dropped"#,
            "server ICMP port unreachable forged",
            "server any win 0",
            "client data len >=1000",
        ] {
            assert_eq!(Item::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn lists_are_exact_and_in_order_but_for_dots_and_retransmissions() {
        let mut again = seen(Side::Client, 2, 0, b"");
        again.again = Some(Retransmission::Retransmit {
            nth: 1,
            of: Some(PacketNo(1)),
        });
        let all = [
            seen(Side::Client, 2, 0, b""),
            again,
            seen(Side::Server, 18, 0, b""),
            seen(Side::Client, 24, 1, b"hello"),
        ];
        for (items, holds) in [
            (
                &["client SYN", "server SYN,ACK", "client PSH,ACK seq 1 len 5"][..],
                true,
            ),
            (
                &[
                    "client SYN",
                    "client SYN retransmit",
                    "server any",
                    "client data \"hello\"",
                ],
                true,
            ),
            (&["client SYN", "server SYN,ACK", "client data \"hell\""], false),
            (&["server SYN,ACK", "client SYN", "client data"], false),
            (&["client SYN", "..."], true),
            (&["...", "client data"], true),
            (&["...", "server SYN,ACK ack 1", "..."], true),
            (&["...", "server SYN,ACK ack 2", "..."], false),
            (&["client SYN", "server SYN,ACK"], false),
            (&[], false),
        ] {
            let segments = segments(items);
            assert_eq!(segments.holds(&all), holds, "{items:?}");
            assert!(
                !holds || segments.opposites().iter().all(|other| !other.holds(&all)),
                "{items:?}"
            );
        }
        assert!(segments(&[]).holds(&all[1..2]), "a retransmission does not count");
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (text, at, why) in [
            ("SYN", 0, "begins with who sent it"),
            ("client SYM", 7, "did you mean SYN?"),
            ("client SYN hold", 11, "did you mean held?"),
            ("client SYN seq one", 15, "seq takes a number, not \"one\""),
            ("client", 6, "what it is"),
        ] {
            let (found, said) = Item::parse(text).unwrap_err();
            assert_eq!(found, at, "{text}");
            assert!(said.contains(why), "{text}: {said}");
        }
    }

    /// The definition: an item is one packet, and dots any number of them.
    fn matches(items: &[Item], seen: &[&ObservedPacket], is: fn(&Pattern, &ObservedPacket) -> bool) -> bool {
        match items.split_first() {
            None => seen.is_empty(),
            Some((Item::Any, rest)) => (0..=seen.len()).any(|skip| matches(rest, &seen[skip..], is)),
            Some((Item::One(pattern), rest)) => match seen.split_first() {
                Some((first, others)) => is(pattern, first) && matches(rest, others, is),
                None => false,
            },
        }
    }

    /// One of few packets and of few items, so that they often match.
    fn packet(kind: u8) -> ObservedPacket {
        let mut packet = seen(Side::Client, if kind & 1 == 0 { 16 } else { 17 }, 0, b"");
        packet.again = (kind & 6 == 6).then_some(Retransmission::Probe);
        packet.disposition = if kind & 8 == 0 {
            Disposition::Held
        } else {
            Disposition::Delivered
        };
        packet
    }

    const ITEMS: [&str; 6] = [
        "...",
        "client any",
        "client ACK",
        "client FIN,ACK",
        "client any held",
        "client ACK delivered",
    ];

    proptest::proptest! {
        /// Whenever a list is asked, it says of the packets by then what it would say of them all at once, and is given up only when no
        /// packet that could follow would help.
        #[test]
        fn a_list_goes_on_from_where_it_was(
            items in proptest::collection::vec(0..6_usize, 0..6),
            packets in proptest::collection::vec((0..16_u8, 0..3_usize, proptest::bool::ANY), 0..12),
        ) {
            let items: Vec<&str> = items.into_iter().map(|item| ITEMS[item]).collect();
            let list = segments(&items);
            let mut matcher = Matcher::new(Pattern::is);
            let mut all: Vec<ObservedPacket> = Vec::new();
            let mut changed = 0..0;
            for (kind, back, asked) in packets {
                all.push(packet(kind));
                // One of the last packets that are held goes on.
                let place = all.len().saturating_sub(back + 1);
                if back > 0 && all[place].disposition == Disposition::Held {
                    all[place].disposition = Disposition::Delivered;
                    changed = if changed.is_empty() { place..place + 1 } else { changed.start.min(place)..changed.end.max(place + 1) };
                }
                if !asked {
                    continue;
                }
                matcher.see(&list, &all, std::mem::replace(&mut changed, 0..0));
                let counted: Vec<&ObservedPacket> = list.counted(&all).collect();
                proptest::prop_assert_eq!(matcher.holds(), matches(&list.0, &counted, Pattern::is));
                let may_follow = |more: u8| {
                    let more: Vec<ObservedPacket> = [16, 17].into_iter().flat_map(|flags| {
                        [Disposition::Held, Disposition::Delivered].map(|disposition| ObservedPacket { disposition, ..seen(Side::Client, flags, 0, b"") })
                    }).cycle().skip(usize::from(more % 4)).take(usize::from(more / 4)).collect();
                    let with = counted.iter().copied().chain(&more).collect::<Vec<_>>();
                    matches(&list.0, &with, Pattern::may_be)
                };
                if list.is_lost(&all) {
                    proptest::prop_assert!(!(0..24).any(may_follow), "{items:?} {all:?}");
                } else {
                    // Dots in place of what is left: then there is a way on.
                    let is_prefix = (0..=list.0.len()).any(|n| {
                        matches(&list.0[..n], &counted, Pattern::may_be)
                    });
                    proptest::prop_assert!(is_prefix, "{items:?} {all:?}");
                }
            }
        }
    }

    /// A list that is asked after each packet goes through each once, and through one that has changed once more.
    #[test]
    fn a_list_costs_what_is_new() {
        let list = segments(&["...", "client FIN,ACK delivered", "..."]);
        let mut matcher = Matcher::new(Pattern::is);
        let (mut all, mut passed) = (Vec::new(), 0);
        for _ in 0..1_000 {
            all.push(packet(0));
            passed += matcher.see(&list, &all, 0..0);
        }
        for place in 0..1_000 {
            all[place].disposition = Disposition::Delivered;
            passed += matcher.see(&list, &all, place..place + 1);
        }
        assert_eq!(passed, 2_000);
    }
}
