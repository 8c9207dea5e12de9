//! The segments that a step should show: `["client FIN,ACK seq 1", "server ACK", "..."]`.

use std::fmt;
use std::ops::Range;

use super::bound::Bound;
use super::observation::{ObservedPacket, PacketContent};
use crate::side::Side;

mod pattern;

pub(super) use pattern::Pattern;
pub use pattern::SegmentItem;
use pattern::{Annotation, Number, SegmentKind};

/// The segments of a step, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segments(pub Vec<SegmentItem>);

impl ObservedPacket {
    /// Returns whether it counts where a list speaks of no retransmission and no probe. Those come with time, and so do the answers to them.
    const fn counts(&self) -> bool {
        self.again.is_none() && !self.repeats
    }
}

impl Segments {
    /// Returns whether these are the segments. Retransmissions and probes, which come with time, count only where the list speaks of such.
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
        let is_one = |item: &SegmentItem| matches!(item, SegmentItem::One(pattern) if pattern.besides.iter().any(|besides| besides.is_again()));
        self.0.iter().any(is_one)
    }

    /// Returns whether it would hold of anything.
    pub fn is_empty_talk(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|item| *item == SegmentItem::Any)
    }

    /// Lists of which none holds where this one does: each of its segments from the other end in turn.
    pub fn opposites(&self) -> Vec<Segments> {
        if self.0.is_empty() {
            let any = SegmentItem::One(Pattern {
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
            if let Some(SegmentItem::One(pattern)) = items.get_mut(place) {
                // No segment has bytes of payload and none.
                pattern
                    .numbers
                    .extend([(Number::Len, Bound::exactly(0)), (Number::Len, Bound::exactly(1))]);
            }
            Segments(items)
        };
        let ones = self.0.iter().enumerate().filter(|(_, item)| **item != SegmentItem::Any);
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
                        SegmentItem::Any => reach(&mut set, at, items),
                        SegmentItem::One(pattern) if (self.is)(pattern, packet) => reach(&mut set, at + 1, items),
                        SegmentItem::One(_) => {}
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

/// Notes that `at` may come next, and what comes after it where it stands for none, too.
fn reach(set: &mut [u64], mut at: usize, items: &[SegmentItem]) {
    set[at / 64] |= 1 << (at % 64);
    while items.get(at) == Some(&SegmentItem::Any) {
        at += 1;
        set[at / 64] |= 1 << (at % 64);
    }
}

fn has(set: &[u64], at: usize) -> bool {
    set[at / 64] >> (at % 64) & 1 == 1
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
    use crate::call::Bytes;
    use crate::lab::event::Disposition;
    use crate::wire::flow::{PacketNo, Retransmission};
    use crate::wire::queue::Origin;
    use crate::wire::segment::Flags;

    fn segments(items: &[&str]) -> Segments {
        Segments(items.iter().map(|item| SegmentItem::parse(item).unwrap()).collect())
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
            assert_eq!(SegmentItem::parse(text).unwrap().to_string(), text);
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
            let (found, said) = SegmentItem::parse(text).unwrap_err();
            assert_eq!(found, at, "{text}");
            assert!(said.contains(why), "{text}: {said}");
        }
    }

    /// The definition: an item is one packet, and dots any number of them.
    fn matches(items: &[SegmentItem], seen: &[&ObservedPacket], is: fn(&Pattern, &ObservedPacket) -> bool) -> bool {
        match items.split_first() {
            None => seen.is_empty(),
            Some((SegmentItem::Any, rest)) => (0..=seen.len()).any(|skip| matches(rest, &seen[skip..], is)),
            Some((SegmentItem::One(pattern), rest)) => match seen.split_first() {
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
