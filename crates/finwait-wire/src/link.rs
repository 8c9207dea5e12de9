//! The link between the hosts: what a real path does to packets, in the terms of tc-netem(8). Pure: times come from outside, and dice from
//! a seed.
//!
//! A link is of one direction. It acts last, on what the mode, a rule or the user lets go: first a packet's size is looked at, then it may
//! be lost, then it waits for its turn at the rate, and then it takes the delay. Packets of one direction arrive in the order in which they
//! entered, with jitter too (netem lets it reorder); only [`Link::reorder`] lets one overtake.
//!
//! Dice are thrown for each packet, the same number whatever becomes of it, by its place in its direction since the link was set. So the
//! same seed has the same decisions for the nth packet of a direction: lost, doubled, changed, early, and by how much jitter. What depends
//! on time as well, the queue and so its drops, is as reproducible as the times at which the hosts send.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::fmt;
use std::num::NonZeroU16;
use std::time::Duration;

use super::rule::throw;
use finwait_model::clock::{Millis, MonoTime};
use finwait_model::side::{Ends, Side};

/// A share of packets, in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Share(u32);

impl Share {
    const ALL: u32 = 1_000_000;

    /// So many millionths, all at the most.
    pub const fn millionths(n: u32) -> Share {
        Share(if n > Share::ALL { Share::ALL } else { n })
    }

    /// So many of a hundred, all at the most.
    pub const fn percent(n: u8) -> Share {
        Share::millionths(n as u32 * 10_000)
    }

    /// Reads percent, as netem takes them: `1%`, `0.1%`, `25`; none for anything else, and for more than 100 or four decimals.
    pub fn parse(text: &str) -> Option<Share> {
        let millionths = decimal(text.strip_suffix('%').unwrap_or(text), 4)?;
        let share = u32::try_from(millionths).ok().filter(|n| *n <= Share::ALL)?;
        Some(Share(share))
    }

    const fn is_none(&self) -> bool {
        self.0 == 0
    }

    const fn takes(self, die: u64) -> bool {
        die % (Share::ALL as u64) < self.0 as u64
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 10_000, self.0 % 10_000);
        let decimals = format!("{part:04}");
        match decimals.trim_end_matches('0') {
            "" => write!(f, "{whole}%"),
            decimals => write!(f, "{whole}.{decimals}%"),
        }
    }
}

/// A decimal number times ten to the power of `places`; none with more decimals, a sign, or too many digits.
fn decimal(text: &str, places: usize) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || text.ends_with('.') || part.len() > places || !digits(whole) || !digits(part) {
        return None;
    }
    format!("{whole}{part:0<places$}").parse().ok()
}

/// A rate, in bits per second of IP packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(u64);

impl Rate {
    /// The units of tc(8), the largest first, with the zeros of each.
    const UNITS: [(&'static str, usize); 4] = [("gbit", 9), ("mbit", 6), ("kbit", 3), ("bit", 0)];
    const LEAST: u64 = 1_000;
    const MOST: u64 = 100_000_000_000;

    /// So many kilobits per second, from 1 to 100,000,000.
    pub const fn kbit(n: u32) -> Rate {
        let rate = n as u64 * 1000;
        Rate(if rate < Rate::LEAST {
            Rate::LEAST
        } else if rate > Rate::MOST {
            Rate::MOST
        } else {
            rate
        })
    }

    /// Reads a rate as tc(8) takes it: `2mbit`, `1.6mbit`, `384kbit`; none for anything else, and for less than 1kbit or more than 100gbit.
    pub fn parse(text: &str) -> Option<Rate> {
        let (unit, zeros) = Rate::UNITS.into_iter().find(|(unit, _)| text.ends_with(unit))?;
        let rate = decimal(text.strip_suffix(unit)?, zeros)?;
        (Rate::LEAST..=Rate::MOST).contains(&rate).then_some(Rate(rate))
    }

    /// The time that so many bytes take, rounded up: never faster than the rate.
    fn time(self, bytes: u32) -> Duration {
        Duration::from_nanos((u64::from(bytes) * 8 * 1_000_000_000).div_ceil(self.0))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, zeros): &(&str, usize)| self.0.is_multiple_of(10_u64.pow(*zeros as u32));
        let (unit, zeros) = Rate::UNITS.into_iter().find(fits).unwrap_or(("bit", 0));
        write!(f, "{}{unit}", self.0 / 10_u64.pow(zeros as u32))
    }
}

/// TCP options that a link takes out of SYNs, as some middleboxes do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OptionSet(u8);

impl OptionSet {
    /// None of them.
    pub const NONE: OptionSet = OptionSet(0);
    /// The maximum segment size.
    pub const MSS: OptionSet = OptionSet(1);
    /// Window scaling.
    pub const WSCALE: OptionSet = OptionSet(2);
    /// Selective acknowledgements.
    pub const SACK: OptionSet = OptionSet(4);
    /// Timestamps.
    pub const TIMESTAMPS: OptionSet = OptionSet(8);

    /// The words of options, each with its option and the kind on the wire (RFC 9293, 3.2; RFC 7323; RFC 2018).
    const WORDS: [(&'static str, OptionSet, u8); 4] = [
        ("mss", OptionSet::MSS, 2),
        ("wscale", OptionSet::WSCALE, 3),
        ("sack", OptionSet::SACK, 4),
        ("timestamps", OptionSet::TIMESTAMPS, 8),
    ];

    /// The words for them, in the order in which they are shown.
    pub const NAMES: [&'static str; 4] = ["mss", "wscale", "sack", "timestamps"];

    /// Both together.
    pub const fn and(self, other: OptionSet) -> OptionSet {
        OptionSet(self.0 | other.0)
    }

    /// Returns whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0 == 0
    }

    const fn has(self, other: OptionSet) -> bool {
        self.0 & other.0 != 0
    }

    /// Reads words with commas between: `wscale,sack`.
    ///
    /// # Errors
    ///
    /// The first word that names none.
    pub fn parse(text: &str) -> Result<OptionSet, &str> {
        text.split(',').try_fold(OptionSet::NONE, |all, word| {
            let known = OptionSet::WORDS.into_iter().find(|(name, ..)| *name == word);
            known.map(|(_, option, _)| all.and(option)).ok_or(word)
        })
    }
}

impl fmt::Display for OptionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = "";
        for (name, option, _) in OptionSet::WORDS {
            if self.has(option) {
                write!(f, "{before}{name}")?;
                before = ",";
            }
        }
        Ok(())
    }
}

/// The largest IP packet that gets through a link, bytes, and what becomes of a larger one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathMtu {
    /// The router before the link drops it and tells its sender: ICMP "fragmentation needed" (RFC 1191), "packet too big" (RFC 8201). It
    /// fragments none; of one that may be fragmented nobody is told.
    Answers(u16),
    /// The packet is dropped without a word: a black hole (RFC 2923, 2.1).
    BlackHole(u16),
}

impl PathMtu {
    /// The name and the value of the argument that asks for it; no value where there is none.
    pub fn argument(of: Option<PathMtu>) -> (&'static str, Option<String>) {
        match of {
            None => ("mtu", None),
            Some(PathMtu::Answers(bytes)) => ("mtu", Some(bytes.to_string())),
            Some(PathMtu::BlackHole(bytes)) => ("blackhole", Some(bytes.to_string())),
        }
    }
}

/// The properties of one direction of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Link {
    /// The time that each packet takes.
    pub delay: Millis,
    /// The most by which that is more or less, each value as likely.
    pub jitter: Millis,
    /// The rate at which packets enter, one after the other.
    pub rate: Option<Rate>,
    /// The most packets that wait for their turn at the rate, with the one that has it; what comes then is dropped (tail drop).
    pub limit: u32,
    /// The share that is lost.
    pub loss: Share,
    /// The share that arrives twice.
    pub duplicate: Share,
    /// The share of which one bit is changed.
    pub corrupt: Share,
    /// The share that takes no delay, and overtakes those that do.
    pub reorder: Share,
    /// The options that are taken out of SYNs.
    pub strip: OptionSet,
    /// The largest packet that gets through.
    pub path_mtu: Option<PathMtu>,
    /// The seed of the dice.
    pub seed: u32,
}

/// The most packets that wait for their turn at a rate, unless another number is given.
pub const LIMIT: u32 = 100;

impl Default for Link {
    /// A link that does nothing.
    fn default() -> Link {
        Link {
            delay: Millis(0),
            jitter: Millis(0),
            rate: None,
            limit: LIMIT,
            loss: Share(0),
            duplicate: Share(0),
            corrupt: Share(0),
            reorder: Share(0),
            strip: OptionSet::NONE,
            path_mtu: None,
            seed: 1,
        }
    }
}

impl Link {
    /// Returns whether something is of it left to dice.
    const fn is_random(&self) -> bool {
        let none = self.loss.is_none() && self.duplicate.is_none() && self.corrupt.is_none() && self.reorder.is_none();
        !none || self.jitter.0 > 0
    }
}

impl fmt::Display for Link {
    /// Returns it as it would be typed: `delay=40ms rate=2mbit limit=100 loss=1% seed=7`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |time: Millis| (time.0 > 0).then(|| format!("{}ms", time.0));
        let share = |share: Share| (!share.is_none()).then(|| share.to_string());
        let (through, bytes) = PathMtu::argument(self.path_mtu);
        let named = [
            ("delay", time(self.delay)),
            ("jitter", time(self.jitter)),
            ("rate", self.rate.map(|rate| rate.to_string())),
            ("limit", self.rate.map(|_| self.limit.to_string())),
            ("loss", share(self.loss)),
            ("duplicate", share(self.duplicate)),
            ("corrupt", share(self.corrupt)),
            ("reorder", share(self.reorder)),
            ("strip", (!self.strip.is_empty()).then(|| self.strip.to_string())),
            (through, bytes),
            ("seed", self.is_random().then(|| self.seed.to_string())),
        ];
        let mut before = "";
        for (name, value) in named {
            if let Some(value) = value {
                write!(f, "{before}{name}={value}")?;
                before = " ";
            }
        }
        Ok(())
    }
}

/// Links of a kind that people know, under one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Mobile data of the third generation: WebPageTest's "3G", 1.6 and 0.768 Mbit/s, 300 ms there and back.
    ThreeG,
    /// WebPageTest's "DSL": 1.5 and 0.384 Mbit/s, 50 ms there and back.
    Dsl,
    /// A geostationary satellite; round figures, but for the way up and down again, which takes light a quarter of a second.
    Satellite,
    /// A radio that others use as well; round figures.
    LossyWifi,
}

impl Profile {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Profile; 4] = [Profile::ThreeG, Profile::Dsl, Profile::Satellite, Profile::LossyWifi];

    /// The word for it in commands.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::ThreeG => "3g",
            Profile::Dsl => "dsl",
            Profile::Satellite => "satellite",
            Profile::LossyWifi => "lossy-wifi",
        }
    }

    /// The profile that a link in force is, in the directions that have one, whatever its seed; none where it is of no profile.
    pub fn of(links: &Ends<Option<Link>>) -> Option<Profile> {
        let is_of = |profile: &Profile| {
            let own = profile.link();
            let is_same = |(side, link): (Side, &Option<Link>)| {
                link.is_none_or(|link| {
                    let seed = own[side].seed;
                    Link { seed, ..link } == own[side]
                })
            };
            links.iter().all(is_same)
        };
        let is_there = links.iter().any(|(_, link)| link.is_some());
        Profile::ALL.into_iter().find(is_of).filter(|_| is_there)
    }

    /// The link that it is: the client's direction is up, the server's down.
    pub fn link(self) -> Ends<Link> {
        let of = |delay: u32, up: u32, down: u32, more: Link| Ends {
            client: Link {
                delay: Millis(delay),
                rate: Some(Rate::kbit(up)),
                ..more
            },
            server: Link {
                delay: Millis(delay),
                rate: Some(Rate::kbit(down)),
                ..more
            },
        };
        match self {
            Profile::ThreeG => of(150, 768, 1_600, Link::default()),
            Profile::Dsl => of(25, 384, 1_500, Link::default()),
            Profile::Satellite => of(
                300,
                2_000,
                20_000,
                Link {
                    loss: Share::millionths(1_000),
                    ..Link::default()
                },
            ),
            Profile::LossyWifi => of(
                10,
                20_000,
                20_000,
                Link {
                    jitter: Millis(10),
                    loss: Share::percent(3),
                    ..Link::default()
                },
            ),
        }
    }
}

/// The reason why a link has dropped a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// The dice, for that share.
    Chance(Share),
    /// So many wait for their turn at the rate already.
    Queue(u32),
    /// The packet is larger than the MTU, and its sender is told.
    Mtu(u16),
    /// The packet is larger than what gets through, and nobody is told.
    BlackHole(u16),
    /// The wire has no room for more (`MOST_HELD`).
    Full,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Loss::Chance(share) => write!(f, "loss {share}"),
            Loss::Queue(limit) => write!(f, "its queue of {limit} is full"),
            Loss::Mtu(bytes) => write!(f, "larger than its MTU {bytes}"),
            Loss::BlackHole(bytes) => write!(f, "black hole, larger than {bytes} bytes"),
            Loss::Full => f.write_str("the wire is full"),
        }
    }
}

/// The work of the link on a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkEffect {
    /// The packet was dropped.
    Lost(Loss),
    /// The packet takes its time on it.
    Delayed,
    /// The packet overtakes those that take the delay: that share does.
    Reordered(Share),
    /// One bit of it is changed: that share's is.
    Corrupted(Share),
    /// The packet is a copy that the link has made: of that share it makes one.
    Duplicated(Share),
}

/// The number of packets to which a link has done something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkCounts {
    /// Packets that have come to it.
    pub packets: u64,
    /// Lost by the dice.
    pub lost: u64,
    /// Dropped because the queue was full.
    pub queue_full: u64,
    /// Dropped because they were too large.
    pub too_large: u64,
    /// Changed.
    pub corrupted: u64,
    /// Doubled.
    pub duplicated: u64,
    /// Overtaking.
    pub reordered: u64,
}

impl fmt::Display for LinkCounts {
    /// Returns what it did, without what it did not: `120 packets, 2 lost, 1 corrupted`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}",
            self.packets,
            if self.packets == 1 { "packet" } else { "packets" }
        )?;
        let counts = [
            (self.lost, "lost"),
            (self.queue_full, "dropped at the full queue"),
            (self.too_large, "too large"),
            (self.corrupted, "corrupted"),
            (self.duplicated, "duplicated"),
            (self.reordered, "reordered"),
        ];
        let mut counts = counts.into_iter().filter(|(count, _)| *count > 0);
        counts.try_for_each(|(count, what)| write!(f, ", {count} {what}"))
    }
}

/// A link in force, and what it has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkReport {
    /// The link.
    pub link: Link,
    /// What it has done since it was set.
    pub counts: LinkCounts,
}

/// A change of one direction of the link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkChange {
    /// The link stays.
    #[default]
    Keep,
    /// Another link from now on, in place of what was there; it begins anew.
    Set(Link),
    /// None from now on.
    Off,
}

/// The load of a packet for a link. A super-segment is as much as the packets that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// The length of the largest of its IP packets.
    pub largest: u32,
    /// The length of all of them.
    pub bytes: u32,
    /// The number of options.
    pub packets: u32,
}

impl Load {
    /// The load of an IP packet of `len` bytes with so much payload, which is cut into segments of `segment_size` bytes of that each, if it
    /// is a super-segment.
    pub fn of(len: usize, payload: usize, segment_size: Option<NonZeroU16>) -> Load {
        let [len, payload] = [len, payload].map(|bytes| u32::try_from(bytes).unwrap_or(u32::MAX));
        let headers = len.saturating_sub(payload);
        let size = segment_size.map_or(u32::MAX, |size| u32::from(size.get()));
        let packets = payload.div_ceil(size).max(1);
        Load {
            largest: headers + payload.min(size),
            bytes: len.saturating_add(headers.saturating_mul(packets - 1)),
            packets,
        }
    }
}

/// The way of a packet over a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// The time at which it arrives.
    pub due: MonoTime,
    /// What the link does to it.
    pub effect: LinkEffect,
    /// The time at which its copy arrives, where there is one, and the share of which there is one.
    pub copy: Option<(MonoTime, Share)>,
    /// The die that says which bit is changed.
    pub die: u64,
}

/// One direction of the link in force.
#[derive(Clone, Debug, PartialEq, Eq)]
struct LinkState {
    link: Link,
    from: Side,
    counts: LinkCounts,
    /// The time from which on the next packet can be sent at the rate.
    free_at: MonoTime,
    /// The time at which the last that took the delay arrives.
    last_due: MonoTime,
    /// When those that wait for their turn have had it, and how many packets each is; the oldest first.
    queue: VecDeque<(MonoTime, u32)>,
    queued: u32,
}

/// The dice of one packet, in the order in which they are thrown.
struct Dice {
    loss: u64,
    duplicate: u64,
    corrupt: u64,
    reorder: u64,
    jitter: u64,
    bit: u64,
}

impl Dice {
    /// The dice of the nth packet of a direction.
    const fn of(seed: u32, from: Side, nth: u64) -> Dice {
        let direction = match from {
            Side::Client => 0,
            Side::Server => 1,
        };
        let mut place = ((seed as u64) << 1 | direction).wrapping_mul(0xd6e8_feb8_6659_fd93);
        place = place.wrapping_add(nth.wrapping_mul(0xa24b_aed4_963e_e407));
        let mut state = throw(&mut place);
        Dice {
            loss: throw(&mut state),
            duplicate: throw(&mut state),
            corrupt: throw(&mut state),
            reorder: throw(&mut state),
            jitter: throw(&mut state),
            bit: throw(&mut state),
        }
    }
}

impl LinkState {
    const fn new(link: Link, from: Side) -> LinkState {
        const NEVER: LinkCounts = LinkCounts {
            packets: 0,
            lost: 0,
            queue_full: 0,
            too_large: 0,
            corrupted: 0,
            duplicated: 0,
            reordered: 0,
        };
        LinkState {
            link,
            from,
            counts: NEVER,
            free_at: MonoTime(0),
            last_due: MonoTime(0),
            queue: VecDeque::new(),
            queued: 0,
        }
    }

    fn enter(&mut self, now: MonoTime, load: Load) -> Result<Crossing, Loss> {
        let dice = Dice::of(self.link.seed, self.from, self.counts.packets);
        self.counts.packets += 1;
        if let Some(PathMtu::Answers(mtu) | PathMtu::BlackHole(mtu)) = self.link.path_mtu
            && load.largest > u32::from(mtu)
        {
            self.counts.too_large += 1;
            return Err(match self.link.path_mtu {
                Some(PathMtu::Answers(_)) => Loss::Mtu(mtu),
                _ => Loss::BlackHole(mtu),
            });
        }
        if self.link.loss.takes(dice.loss) {
            self.counts.lost += 1;
            return Err(Loss::Chance(self.link.loss));
        }
        let sent = self.send(now, load).inspect_err(|_| self.counts.queue_full += 1)?;
        let Link { delay, jitter, .. } = self.link;
        let reordered = self.link.reorder.takes(dice.reorder);
        let due = self.arrive(sent, reordered, jittered(delay, jitter, dice.jitter));
        let copy = self.link.duplicate.takes(dice.duplicate);
        // Where the queue has no room for it, there is none.
        let copy = copy.then(|| self.send(now, load).ok()).flatten();
        let copy = copy.map(|sent| (self.arrive(sent, reordered, delay.into()), self.link.duplicate));
        self.counts.duplicated += u64::from(copy.is_some());
        let effect = if self.link.corrupt.takes(dice.corrupt) {
            self.counts.corrupted += 1;
            LinkEffect::Corrupted(self.link.corrupt)
        } else if reordered {
            self.counts.reordered += 1;
            LinkEffect::Reordered(self.link.reorder)
        } else {
            LinkEffect::Delayed
        };
        Ok(Crossing {
            due,
            effect,
            copy,
            die: dice.bit,
        })
    }

    /// Returns when what has been sent then arrives: not before what took the delay earlier, unless it is one that overtakes.
    fn arrive(&mut self, sent: MonoTime, reordered: bool, delay: Duration) -> MonoTime {
        if reordered {
            return sent;
        }
        self.last_due = self.last_due.max(sent.plus(delay));
        self.last_due
    }

    /// Lets a packet wait for its turn at the rate, and returns when it has been sent.
    fn send(&mut self, now: MonoTime, load: Load) -> Result<MonoTime, Loss> {
        let Some(rate) = self.link.rate else { return Ok(now) };
        while let Some((sent, packets)) = self.queue.front().copied().filter(|(sent, _)| *sent <= now) {
            debug_assert!(sent <= self.free_at);
            self.queued -= packets;
            self.queue.pop_front();
        }
        // A super-segment that is longer than the queue enters an empty one.
        if self.queued > 0 && self.queued + load.packets > self.link.limit {
            return Err(Loss::Queue(self.link.limit));
        }
        self.free_at = self.free_at.max(now).plus(rate.time(load.bytes));
        self.queue.push_back((self.free_at, load.packets));
        self.queued += load.packets;
        Ok(self.free_at)
    }
}

/// A time that is more or less by up to `jitter`, and not less than nothing.
fn jittered(delay: Millis, jitter: Millis, die: u64) -> Duration {
    let (delay, jitter) = (u64::from(delay.0) * 1000, u64::from(jitter.0) * 1000);
    let by = die % (2 * jitter + 1);
    Duration::from_micros((delay + by).saturating_sub(jitter))
}

/// Both directions of the link, as far as there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    of: Ends<Option<LinkState>>,
}

impl Links {
    /// Changes the directions; one that is set begins anew. What is under way arrives as before.
    pub fn change(&mut self, changes: Ends<LinkChange>) {
        for (from, change) in changes.iter() {
            match change {
                LinkChange::Keep => {}
                LinkChange::Set(link) => self.of[from] = Some(LinkState::new(*link, from)),
                LinkChange::Off => self.of[from] = None,
            }
        }
    }

    /// Returns whether there is a link in that host's direction.
    pub fn has(&self, from: Side) -> bool {
        self.of[from].is_some()
    }

    /// Lets a packet from that host enter, and returns how it crosses, or why it does not; none where there is no link.
    pub fn enter(&mut self, from: Side, now: MonoTime, load: Load) -> Option<Result<Crossing, Loss>> {
        Some(self.of[from].as_mut()?.enter(now, load))
    }

    /// The options that are taken out of that host's SYNs.
    pub fn strips(&self, from: Side) -> OptionSet {
        self.of[from].as_ref().map_or(OptionSet::NONE, |state| state.link.strip)
    }

    /// The links in force, and what they have done.
    pub fn report(&self) -> Ends<Option<LinkReport>> {
        Ends::from_fn(|side| {
            self.of[side].as_ref().map(|state| LinkReport {
                link: state.link,
                counts: state.counts,
            })
        })
    }
}

/// The place of what an IP packet carries, and the number of its protocol; none where it is no IP packet. IPv6's extension headers are taken
/// for what the packet carries.
fn transport(packet: &[u8]) -> Option<(usize, u8)> {
    match packet.first()? >> 4 {
        4 => {
            let is_first = u16::from_be_bytes([*packet.get(6)?, *packet.get(7)?]) & 0x1fff == 0;
            let at = usize::from(packet[0] & 15) * 4;
            (at >= 20).then_some((at, if is_first { *packet.get(9)? } else { 0 }))
        }
        6 => Some((40, *packet.get(6)?)),
        _ => None,
    }
}

/// The byte of a TCP header that says where its payload begins.
const DATA_OFFSET: usize = 12;
/// IP's number of TCP.
const TCP: u8 = 6;

/// Changes one bit of what an IP packet carries, so that its checksum is wrong; returns whether there was one to change.
///
/// Never one that says how long a TCP header is: a segment whose header is too long or too short is dropped before its checksum is
/// looked at, and counts as another error (`tcp_v4_rcv`: `TCP_MIB_INERRS` alone, without `TCP_MIB_CSUMERRORS`).
pub fn corrupt(packet: &mut [u8], die: u64) -> bool {
    let Some((at, protocol)) = transport(packet) else {
        return false;
    };
    let Some(carried) = packet.get_mut(at..).filter(|carried| !carried.is_empty()) else {
        return false;
    };
    let is_tcp = protocol == TCP && carried.len() > DATA_OFFSET + 1;
    let choice = carried.len() as u64 - u64::from(is_tcp);
    let mut byte = (die / 8 % choice) as usize;
    if is_tcp && byte >= DATA_OFFSET {
        byte += 1;
    }
    carried[byte] ^= 1 << (die % 8);
    true
}

/// Takes options out of a SYN: each of its bytes becomes the option that says nothing (NOP), and the checksum is made right again, unless
/// that is left to the device (`partial`). Returns which there were.
pub fn strip(packet: &mut [u8], which: OptionSet, partial: bool) -> OptionSet {
    const SYN: u8 = 2;
    const NOP: u8 = 1;
    let mut stripped = OptionSet::NONE;
    let Some((at, TCP)) = transport(packet) else {
        return stripped;
    };
    let Some(segment) = packet.get_mut(at..).filter(|segment| segment.len() >= 20) else {
        return stripped;
    };
    let end = usize::from(segment[DATA_OFFSET] >> 4) * 4;
    if segment[13] & SYN == 0 || end < 20 || end > segment.len() {
        return stripped;
    }
    let before = sum(&segment[20..end]);
    let mut place = 20;
    while place < end {
        let len = match segment[place] {
            0 => break,
            NOP => 1,
            _ => match segment.get(place + 1) {
                Some(len) if *len >= 2 && place + usize::from(*len) <= end => usize::from(*len),
                _ => break,
            },
        };
        let kind = segment[place];
        let found = OptionSet::WORDS
            .into_iter()
            .find(|(.., known)| *known == kind && len > 1);
        if let Some((_, option, _)) = found.filter(|(_, option, _)| which.has(*option)) {
            segment[place..place + len].fill(NOP);
            stripped = stripped.and(option);
        }
        place += len;
    }
    if !stripped.is_empty() && !partial {
        // RFC 1624, equation 3: HC' = ~(~HC + ~m + m').
        let checksum = u16::from_be_bytes([segment[16], segment[17]]);
        let sum = folded(u32::from(!checksum) + u32::from(!before) + u32::from(sum(&segment[20..end])));
        segment[16..18].copy_from_slice(&(!sum).to_be_bytes());
    }
    stripped
}

/// The one's complement sum of an even number of bytes (RFC 1071).
fn sum(bytes: &[u8]) -> u16 {
    let words = bytes
        .chunks_exact(2)
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])));
    folded(words.sum())
}

const fn folded(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::{PacketBuilder, TcpOptionElement};
    use proptest::prelude::*;

    const MS: u64 = 1_000_000;
    const PACKET: Load = Load {
        largest: 1000,
        bytes: 1000,
        packets: 1,
    };

    fn state(link: Link) -> LinkState {
        LinkState::new(link, Side::Client)
    }

    fn rate(text: &str) -> Option<Rate> {
        Some(Rate::parse(text).unwrap())
    }

    #[test]
    fn shares_and_rates_are_read_as_netem_reads_them() {
        for (text, shown) in [
            ("1%", "1%"),
            ("0.1%", "0.1%"),
            ("25", "25%"),
            ("0.0001%", "0.0001%"),
            ("100%", "100%"),
        ] {
            assert_eq!(
                Share::parse(text).map(|share| share.to_string()).as_deref(),
                Some(shown)
            );
        }
        for text in [
            "",
            "%",
            "100.1%",
            "-1%",
            "1,5%",
            ".5%",
            "5.%",
            "0.00001%",
            "1e1",
            "99999999999999999999%",
        ] {
            assert_eq!(Share::parse(text), None, "{text}");
        }
        for (text, shown) in [
            ("2mbit", "2mbit"),
            ("1.6mbit", "1600kbit"),
            ("1500bit", "1500bit"),
            ("100gbit", "100gbit"),
        ] {
            assert_eq!(Rate::parse(text).map(|rate| rate.to_string()).as_deref(), Some(shown));
        }
        for text in [
            "",
            "2",
            "mbit",
            "2mb",
            "999bit",
            "101gbit",
            "1.5bit",
            "-2mbit",
            "99999999999999999999bit",
        ] {
            assert_eq!(Rate::parse(text), None, "{text}");
        }
        assert_eq!(OptionSet::parse("sack,wscale").unwrap().to_string(), "wscale,sack");
        assert_eq!(OptionSet::parse("sack,scale"), Err("scale"));
        assert_eq!(OptionSet::WORDS.map(|(name, ..)| name), OptionSet::NAMES);
    }

    #[test]
    fn a_link_reads_as_it_is_typed() {
        let link = Link {
            delay: Millis(40),
            rate: rate("2mbit"),
            loss: Share::percent(1),
            strip: OptionSet::WSCALE.and(OptionSet::SACK),
            path_mtu: Some(PathMtu::BlackHole(1400)),
            seed: 7,
            ..Link::default()
        };
        assert_eq!(
            link.to_string(),
            "delay=40ms rate=2mbit limit=100 loss=1% strip=wscale,sack blackhole=1400 seed=7"
        );
        assert_eq!(Link::default().to_string(), "");
    }

    /// 1,000 bytes at 1 Mbit/s take 8 ms; the third waits for two others.
    #[test]
    fn a_rate_lets_one_after_the_other_enter_and_a_full_queue_drops() {
        let mut link = state(Link {
            delay: Millis(40),
            rate: rate("1mbit"),
            limit: 3,
            ..Link::default()
        });
        let due: Vec<_> = (0..5)
            .map(|_| link.enter(MonoTime(0), PACKET).map(|crossing| crossing.due.0 / MS))
            .collect();
        assert_eq!(due, [Ok(48), Ok(56), Ok(64), Err(Loss::Queue(3)), Err(Loss::Queue(3))]);
        // The first has been sent: one more has room.
        let later = MonoTime(8 * MS);
        assert_eq!(link.enter(later, PACKET).map(|crossing| crossing.due.0 / MS), Ok(72));
        assert_eq!(link.enter(later, PACKET).err(), Some(Loss::Queue(3)));
        // An idle link owes nothing, and has no rate to catch up on.
        assert_eq!(
            link.enter(MonoTime(500 * MS), PACKET)
                .map(|crossing| crossing.due.0 / MS),
            Ok(548)
        );
        assert_eq!(link.counts.queue_full, 3);
    }

    #[test]
    fn a_super_segment_is_as_much_as_its_segments() {
        assert_eq!(
            Load::of(52 + 3000, 3000, NonZeroU16::new(1448)),
            Load {
                largest: 1500,
                bytes: 3 * 52 + 3000,
                packets: 3
            }
        );
        for size in [None, NonZeroU16::new(1448)] {
            let whole = Load {
                largest: 92,
                bytes: 92,
                packets: 1,
            };
            assert_eq!(Load::of(92, 40, size), whole);
        }
    }

    #[test]
    fn a_super_segment_waits_as_long_as_its_segments_and_enters_an_empty_queue() {
        let mut link = state(Link {
            rate: rate("1mbit"),
            limit: 10,
            ..Link::default()
        });
        let long = Load {
            largest: 1000,
            bytes: 40_000,
            packets: 40,
        };
        assert_eq!(
            link.enter(MonoTime(0), long).map(|crossing| crossing.due.0 / MS),
            Ok(320)
        );
        assert_eq!(link.enter(MonoTime(0), long).err(), Some(Loss::Queue(10)));
        assert!(link.enter(MonoTime(320 * MS), long).is_ok());
    }

    #[test]
    fn what_is_too_large_is_told_of_or_not() {
        for (path_mtu, loss) in [
            (PathMtu::Answers(999), Loss::Mtu(999)),
            (PathMtu::BlackHole(999), Loss::BlackHole(999)),
        ] {
            let mut link = state(Link {
                path_mtu: Some(path_mtu),
                ..Link::default()
            });
            assert_eq!(link.enter(MonoTime(0), PACKET).err(), Some(loss));
            let fits = Load { largest: 999, ..PACKET };
            assert_eq!(
                link.enter(MonoTime(5), fits).map(|crossing| crossing.due),
                Ok(MonoTime(5))
            );
        }
    }

    #[test]
    fn what_is_reordered_overtakes_what_takes_the_delay() {
        let mut link = state(Link {
            delay: Millis(40),
            reorder: Share::percent(100),
            ..Link::default()
        });
        assert_eq!(link.enter(MonoTime(7), PACKET).unwrap().due, MonoTime(7));
        assert_eq!(link.counts.reordered, 1);
    }

    #[test]
    fn each_direction_is_set_by_itself_and_only_set_anew_begins_anew() {
        let mut links = Links::default();
        let lossy = Link {
            loss: Share::percent(100),
            ..Link::default()
        };
        links.change(Ends {
            client: LinkChange::Keep,
            server: LinkChange::Set(lossy),
        });
        assert!(links.enter(Side::Client, MonoTime(0), PACKET).is_none());
        assert!(links.enter(Side::Server, MonoTime(0), PACKET).unwrap().is_err());
        links.change(Ends {
            client: LinkChange::Set(Link::default()),
            server: LinkChange::Keep,
        });
        let counts = links.report().server.unwrap().counts;
        assert_eq!(
            (counts.packets, counts.lost, counts.to_string().as_str()),
            (1, 1, "1 packet, 1 lost")
        );
        links.change(Ends {
            client: LinkChange::Keep,
            server: LinkChange::Off,
        });
        assert!(links.report().server.is_none() && links.report().client.is_some());
    }

    #[test]
    fn ten_percent_are_about_ten_percent_of_each() {
        let all = Share::percent(10);
        let mut link = state(Link {
            loss: all,
            duplicate: all,
            corrupt: all,
            reorder: all,
            ..Link::default()
        });
        for _ in 0..10_000 {
            let _ = link.enter(MonoTime(0), PACKET);
        }
        let LinkCounts {
            lost,
            duplicated,
            corrupted,
            ..
        } = link.counts;
        for count in [lost, duplicated, corrupted] {
            assert!((800..1200).contains(&count), "{:?}", link.counts);
        }
    }

    fn link() -> impl Strategy<Value = Link> {
        let share = || prop_oneof![Just(Share(0)), (0u32..600_000).prop_map(Share)];
        let mtu = prop_oneof![
            3 => Just(None),
            1 => (900u16..1100).prop_map(|bytes| Some(PathMtu::Answers(bytes))),
            1 => (900u16..1100).prop_map(|bytes| Some(PathMtu::BlackHole(bytes))),
        ];
        (
            (0u32..100, 0u32..100),
            (prop::option::of(8u32..10_000), 1u32..20),
            (share(), share(), share(), share()),
            mtu,
            any::<u32>(),
        )
            .prop_map(
                |((delay, jitter), (kbit, limit), (loss, duplicate, corrupt, reorder), path_mtu, seed)| Link {
                    delay: Millis(delay),
                    jitter: Millis(jitter),
                    rate: kbit.map(Rate::kbit),
                    limit,
                    loss,
                    duplicate,
                    corrupt,
                    reorder,
                    path_mtu,
                    seed,
                    ..Link::default()
                },
            )
    }

    /// Packets: the time since the one before it, in microseconds, and the length.
    fn packets() -> impl Strategy<Value = Vec<(u32, u32)>> {
        prop::collection::vec((0u32..20_000, 40u32..1500), 1..60)
    }

    fn load(bytes: u32) -> Load {
        Load {
            largest: bytes,
            bytes,
            packets: 1,
        }
    }

    proptest! {
        /// The same seed, the same packets and the same times: the same in every respect. At other times, too, the same packets are lost,
        /// changed and early, where the queue does not come into it.
        #[test]
        fn a_seed_has_its_decisions(link in link(), packets in packets(), factor in 1u64..5) {
            let run = |link: Link, factor: u64| -> Vec<_> {
                let (mut state, mut now) = (state(link), 0);
                packets.iter().map(|(wait, bytes)| {
                    now += u64::from(*wait) * 1000 * factor;
                    let entered = state.enter(MonoTime(now), load(*bytes));
                    (entered, entered.map(|crossing| (crossing.effect, crossing.die, crossing.copy.is_some())))
                }).collect()
            };
            prop_assert_eq!(run(link, 1), run(link, 1));
            let unqueued = Link { rate: None, ..link };
            let decisions = |factor| run(unqueued, factor).into_iter().map(|(_, decided)| decided).collect::<Vec<_>>();
            prop_assert_eq!(decisions(1), decisions(factor));
        }

        /// Nothing is faster than the rate, whatever enters when: what has entered by the end of any stretch of time is no more than the
        /// rate lets through in it. Order is kept but where one is to overtake, and nothing takes less than delay and jitter allow.
        #[test]
        fn nothing_is_faster_than_the_rate_and_order_is_kept(link in link(), packets in packets()) {
            let steady = Link { jitter: Millis(0), duplicate: Share(0), reorder: Share(0), delay: Millis(5), ..link };
            let (mut state, mut now) = (state(steady), 0);
            let mut sent: Vec<(u64, u32)> = Vec::new();
            for (wait, bytes) in &packets {
                now += u64::from(*wait) * 1000;
                if let Ok(crossing) = state.enter(MonoTime(now), load(*bytes)) {
                    prop_assert!(crossing.due.0 >= now + 5 * MS);
                    sent.push((crossing.due.0, *bytes));
                }
                prop_assert!(state.queued <= link.limit.max(1));
                prop_assert_eq!(state.queue.len() as u32, state.queued);
            }
            prop_assert!(sent.windows(2).all(|pair| pair[0].0 <= pair[1].0), "{sent:?}");
            if let Some(rate) = steady.rate {
                for (first, (begin, _)) in sent.iter().enumerate() {
                    let mut bits = 0;
                    for (due, bytes) in &sent[first + 1..] {
                        bits += u64::from(*bytes) * 8;
                        prop_assert!(u128::from(due - begin) * u128::from(rate.0) >= u128::from(bits) * 1_000_000_000);
                    }
                }
            }
        }

        #[test]
        fn jitter_and_copies_keep_the_order(link in link(), packets in packets()) {
            let link = Link { reorder: Share(0), ..link };
            let (mut state, mut now, mut last) = (state(link), 0, MonoTime(0));
            let least = u64::from(link.delay.0.saturating_sub(link.jitter.0)) * MS;
            for (wait, bytes) in &packets {
                now += u64::from(*wait) * 1000;
                let Ok(crossing) = state.enter(MonoTime(now), load(*bytes)) else { continue };
                prop_assert!(crossing.due >= last && crossing.due.0 >= now + least);
                prop_assert!(crossing.copy.is_none_or(|(copy, _)| copy >= crossing.due));
                last = crossing.copy.map_or(crossing.due, |(copy, _)| copy);
            }
        }

        #[test]
        fn shares_and_rates_read_back_what_they_show(share in 0u32..=1_000_000, rate in 1_000u64..=100_000_000_000) {
            prop_assert_eq!(Share::parse(&Share(share).to_string()), Some(Share(share)));
            prop_assert_eq!(Rate::parse(&Rate(rate).to_string()), Some(Rate(rate)));
        }
    }

    /// A SYN with the options that Linux sends, or a segment of data.
    fn tcp(six: bool, syn: bool, payload: &[u8]) -> Vec<u8> {
        let options = [
            TcpOptionElement::MaximumSegmentSize(1460),
            TcpOptionElement::SelectiveAcknowledgementPermitted,
            TcpOptionElement::Timestamp(7, 0),
            TcpOptionElement::Noop,
            TcpOptionElement::WindowScale(7),
        ];
        let mut bytes = Vec::new();
        let ip = match six {
            true => PacketBuilder::ipv6([0xfd; 16], [0xfe; 16], 64),
            false => PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64),
        };
        let tcp = ip.tcp(1000, 80, 77, 64_240);
        let tcp = if syn { tcp.syn() } else { tcp.ack(5) };
        tcp.options(&options).unwrap().write(&mut bytes, payload).unwrap();
        bytes
    }

    /// Is the checksum of what an IP packet carries right? All ones over the pseudo header and it (RFC 9293, 3.1).
    fn is_valid(packet: &[u8]) -> bool {
        let (at, protocol) = transport(packet).unwrap();
        let addresses = if at == 40 { &packet[8..40] } else { &packet[12..20] };
        let len = ((packet.len() - at) as u16).to_be_bytes();
        let mut all = [addresses, &len, &[0, protocol], &packet[at..]].concat();
        all.resize(all.len().next_multiple_of(2), 0);
        sum(&all) == 0xffff
    }

    proptest! {
        /// One bit is another, the checksum is wrong, and the header is as long as before.
        #[test]
        fn a_changed_bit_is_found_by_the_checksum(six: bool, syn: bool, payload in prop::collection::vec(any::<u8>(), 0..200), die: u64) {
            let before = tcp(six, syn, &payload);
            let mut after = before.clone();
            prop_assert!(is_valid(&before) && corrupt(&mut after, die));
            prop_assert!(!is_valid(&after));
            let (at, _) = transport(&before).unwrap();
            let bits: u32 = before.iter().zip(&after).map(|(a, b)| (a ^ b).count_ones()).sum();
            prop_assert_eq!((bits, &before[..at], before[at + DATA_OFFSET]), (1, &after[..at], after[at + DATA_OFFSET]));
        }

        /// A SYN loses what it is to lose and nothing else, and its checksum is right; any other segment stays as it is.
        #[test]
        fn options_go_from_syns_alone(six: bool, which in 0u8..16, payload in prop::collection::vec(any::<u8>(), 0..20)) {
            use crate::segment::{Packet, TcpOption, decode};
            let which = OptionSet(which);
            let mut packet = tcp(six, true, &payload);
            prop_assert_eq!(strip(&mut packet, which, false), which);
            prop_assert!(is_valid(&packet));
            let Packet::Tcp(segment) = decode(&packet) else { panic!("it is a segment") };
            let kept = segment.options.iter().map(|option| match option {
                TcpOption::Mss(_) => OptionSet::MSS,
                TcpOption::WindowScale(_) => OptionSet::WSCALE,
                TcpOption::SackPermitted => OptionSet::SACK,
                TcpOption::Timestamps(..) => OptionSet::TIMESTAMPS,
                other => panic!("{other:?}"),
            });
            prop_assert_eq!(kept.fold(OptionSet::NONE, OptionSet::and), OptionSet(!which.0 & 15));
            let before = tcp(six, false, &payload);
            let mut data = before.clone();
            prop_assert_eq!((strip(&mut data, which, false), data), (OptionSet::NONE, before));
        }

        #[test]
        fn random_bytes_do_not_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..120), die: u64, partial: bool) {
            strip(&mut bytes, OptionSet(15), partial);
            corrupt(&mut bytes, die);
            crate::forge::too_big(&bytes, 1400);
        }
    }

    /// The device computes the checksum of what it is left to compute: only the pseudo header's sum is there.
    #[test]
    fn a_checksum_that_is_left_to_the_device_stays() {
        let mut packet = tcp(false, true, &[]);
        let before = packet[36..38].to_vec();
        assert!(!strip(&mut packet, OptionSet::WSCALE, true).is_empty());
        assert_eq!(packet[36..38], before);
    }

    #[test]
    fn a_router_answers_what_must_not_be_fragmented() {
        use crate::segment::{Packet, decode};
        let about = |packet: &[u8]| {
            crate::forge::too_big(packet, 1400).map(|bytes| match decode(&bytes) {
                Packet::Icmp { message, about, .. } => (message, about.is_some()),
                other => panic!("{other:?}"),
            })
        };
        let mut packet = tcp(false, false, &[0; 1448]);
        packet[6] |= 0x40;
        assert_eq!(about(&packet), Some(("fragmentation needed, MTU 1400".into(), true)));
        packet[6] &= !0x40;
        assert_eq!(about(&packet), None);
        let six = tcp(true, false, &[0; 1448]);
        assert_eq!(about(&six), Some(("packet too big, MTU 1400".into(), true)));
    }
}
