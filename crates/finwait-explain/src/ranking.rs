//! Causes in the order in which the field meets them: situations, and rules that no situation explains. What a line and its log say for or
//! against each is a row of its table; nothing here knows a situation by name.

use serde::Serialize;
use std::cmp::{Ordering, Reverse};
use std::collections::BTreeSet;
use std::net::IpAddr;

use super::rules::{CallClass, Rule, RuleId, RuleOutcome};
use super::situation::{Context, SITUATIONS, Situation, SituationId};
use super::wording::{Carrier, Dialect, Subject, System, WordingMatch};
use finwait_model::side::Side;

/// The likelihood that a message with this outcome is about a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likelihood {
    /// Seldom
    Rarely,
    /// Now and then
    Sometimes,
    /// One of the usual causes
    Often,
    /// The usual cause
    Most,
}

impl Likelihood {
    /// Returns it in words: "the usual cause".
    pub const fn words(self) -> &'static str {
        match self {
            Likelihood::Rarely => "rare",
            Likelihood::Sometimes => "less common",
            Likelihood::Often => "common",
            Likelihood::Most => "the usual cause",
        }
    }

    /// The points that a cause begins with. A clue that makes it likelier or unlikelier is worth a step of this scale,
    /// one that makes it likely or unlikely two.
    const fn points(self) -> i32 {
        STEP * match self {
            Likelihood::Rarely => 1,
            Likelihood::Sometimes => 2,
            Likelihood::Often => 3,
            Likelihood::Most => 4,
        }
    }
}

/// One step of the scale of likelihood, in points.
const STEP: i32 = 3;
/// The points of the first hint of a wording: more than all clues together.
const HINTED: i32 = 100;

/// What a clue makes of a situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Makes {
    Likely,
    Likelier,
    Unlikelier,
    Unlikely,
    Impossible,
    /// Without any such clue it is not thought of.
    Possible,
}

/// What an address, or a pair of them, is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressKind {
    /// A loopback address.
    Loopback,
    /// `::1`.
    Ipv6Loopback,
    /// The same address at both ends.
    SameHost,
    /// A private address: RFC 1918, 6598, 4193.
    Private,
    /// An address of the Internet.
    Public,
    /// A link-local address of IPv6 without a zone.
    LinkLocal,
    /// An address of IPv4.
    Ipv4,
    /// An address of IPv6.
    Ipv6,
    /// A port that needs no privilege: 1024 and above.
    Unprivileged,
    /// Both ends' addresses, of a call that is no connect: the connection stood.
    Connection,
}

/// When and from whom the lines of a log come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogPattern {
    /// In regular intervals.
    Regular,
    /// Many within seconds.
    Bursts,
}

/// Something that a line or a log says for or against a situation: it holds where each list that is not empty has one that is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clue {
    pub words: &'static [Context],
    pub outcome: &'static [RuleOutcome],
    pub call: &'static [CallClass],
    pub side: &'static [Side],
    pub dialect: &'static [Dialect],
    pub system: &'static [System],
    pub address: &'static [AddressKind],
    pub log: &'static [LogPattern],
    pub makes: Makes,
    /// The words for it, where it is said.
    pub why: Option<&'static str>,
}

/// How often each thing was seen; few things are.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tally<T>(Vec<(T, u64)>);

impl<T> Default for Tally<T> {
    fn default() -> Tally<T> {
        Tally(Vec::new())
    }
}

impl<T: Copy + PartialEq> Tally<T> {
    fn add(&mut self, thing: T) {
        match self.0.iter_mut().find(|(known, _)| *known == thing) {
            Some((_, count)) => *count += 1,
            None => self.0.push((thing, 1)),
        }
    }

    /// Was it seen in at least a third of so many lines?
    fn has(&self, thing: T, lines: u64) -> bool {
        self.0
            .iter()
            .any(|(known, count)| *known == thing && count * 3 >= lines)
    }
}

/// The most peers, and the most intervals, that are kept of a log.
const KEPT: usize = 64;

/// The times of lines, as far as they have one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rhythm {
    first: Option<i64>,
    last: Option<i64>,
    /// The first intervals, in milliseconds.
    gaps: Vec<i64>,
}

impl Rhythm {
    fn add(&mut self, at: i64) {
        self.first.get_or_insert(at);
        if let Some(last) = self.last.replace(at)
            && self.gaps.len() < KEPT
            && at >= last
        {
            self.gaps.push(at - last);
        }
    }

    /// The usual interval in milliseconds, where most are like it: five lines at least, and 5 s from one to the next.
    fn interval(&self) -> Option<i64> {
        let mut gaps = self.gaps.clone();
        gaps.sort_unstable();
        let median = *gaps.get(gaps.len() / 2)?;
        let near = gaps
            .iter()
            .filter(|gap| (*gap - median).abs() <= (median / 10).max(1000));
        (gaps.len() >= 4 && median >= 5000 && near.count() * 5 >= gaps.len() * 4).then_some(median)
    }

    /// Do most lines come within a second of the one before?
    fn is_in_bursts(&self) -> bool {
        let short = self.gaps.iter().filter(|gap| **gap <= 1000).count();
        self.gaps.len() >= 9 && short * 5 >= self.gaps.len() * 4
    }
}

/// What speaks for one cause or another: all that the lines with the same message say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    subject: Subject,
    call: Option<CallClass>,
    carrier: Carrier,
    lines: u64,
    dialects: Tally<Dialect>,
    systems: Tally<System>,
    hints: Tally<(usize, SituationId)>,
    words: Tally<Context>,
    addresses: Tally<AddressKind>,
    sides: Tally<Side>,
    peers: BTreeSet<IpAddr>,
    rhythm: Rhythm,
}

impl Evidence {
    /// Returns the evidence of no line yet, of the message of `found`.
    pub fn of(found: &WordingMatch) -> Evidence {
        Evidence {
            subject: found.subject,
            call: found.call,
            carrier: found.carrier,
            lines: 0,
            dialects: Tally::default(),
            systems: Tally::default(),
            hints: Tally::default(),
            words: Tally::default(),
            addresses: Tally::default(),
            sides: Tally::default(),
            peers: BTreeSet::new(),
            rhythm: Rhythm::default(),
        }
    }

    /// Takes in a line.
    pub fn add(&mut self, found: &WordingMatch) {
        self.lines += 1;
        found.dialect.into_iter().for_each(|dialect| self.dialects.add(dialect));
        found.system.into_iter().for_each(|system| self.systems.add(system));
        found.hints.iter().enumerate().for_each(|hint| {
            let (place, id) = hint;
            self.hints.add((place, *id));
        });
        found.context.words().for_each(|context| self.words.add(context));
        kinds(found).into_iter().for_each(|kind| self.addresses.add(kind));
        side(found).into_iter().for_each(|side| self.sides.add(side));
        if let Some(peer) = found.addresses.last().filter(|_| self.peers.len() < KEPT) {
            self.peers.insert(peer.ip());
        }
        found.context.at().into_iter().for_each(|at| self.rhythm.add(at));
    }

    /// The pattern of the log, in words for people, where it has one.
    fn pattern(&self) -> Option<(LogPattern, String)> {
        if let Some(interval) = self.rhythm.interval() {
            return Some((LogPattern::Regular, format!("every {} s", (interval + 500) / 1000)));
        }
        let bursts = || (LogPattern::Bursts, "many within seconds".to_owned());
        self.rhythm.is_in_bursts().then(bursts)
    }

    /// What the log says of when and from whom.
    pub fn log(&self) -> LogSummary {
        LogSummary {
            peers: self.peers.len(),
            span_ms: self
                .rhythm
                .first
                .zip(self.rhythm.last)
                .map(|(first, last)| last - first),
            every_ms: self.rhythm.interval(),
        }
    }

    /// Does a clue hold?
    fn holds(&self, clue: &Clue) -> bool {
        fn any<T>(of: &[T], is: impl Fn(&T) -> bool) -> bool {
            of.is_empty() || of.iter().any(is)
        }
        let lines = self.lines;
        any(clue.outcome, |outcome| *outcome == self.subject.gives())
            && any(clue.call, |call| self.call == Some(*call))
            && any(clue.words, |words| self.words.has(*words, lines))
            && any(clue.side, |side| self.sides.has(*side, lines))
            && any(clue.dialect, |dialect| self.dialects.has(*dialect, lines))
            && any(clue.system, |system| self.systems.has(*system, lines))
            && any(clue.address, |address| self.addresses.has(*address, lines))
            && any(clue.log, |log| self.pattern().is_some_and(|(is, _)| is == *log))
    }

    /// The place of a situation among the hints of the wordings; none where it is no hint of a third of the lines.
    fn hinted(&self, id: SituationId) -> Option<usize> {
        let of = self.hints.0.iter().filter(|((_, of), _)| *of == id);
        let lines: u64 = of.clone().map(|(_, count)| count).sum();
        let first = of.map(|((place, _), _)| *place).min()?;
        (lines * 3 >= self.lines).then_some(first)
    }

    /// The points of a situation, and the reasons; none where it cannot be.
    fn points(&self, situation: &Situation) -> Option<(i32, Vec<String>)> {
        let hinted = self.hinted(situation.id);
        let mut points = situation.met.points();
        let mut why = Vec::new();
        if let Some(place) = hinted {
            points += HINTED - STEP * place as i32;
            why.push("typical of this message".to_owned());
        }
        let mut possible = hinted.is_some() || situation.clues.iter().all(|clue| clue.makes != Makes::Possible);
        for clue in situation.clues.iter().filter(|clue| self.holds(clue)) {
            match clue.makes {
                Makes::Likely => points += 2 * STEP,
                Makes::Likelier => points += STEP,
                Makes::Unlikelier => points -= STEP,
                Makes::Unlikely => points -= 2 * STEP,
                // An address is a fact; words only lead to a guess, which a hint is better than.
                Makes::Impossible if hinted.is_none() || !clue.address.is_empty() => return None,
                Makes::Impossible => {}
                Makes::Possible => possible = true,
            }
            let said = match (clue.why, self.pattern()) {
                (Some(_), Some((_, pattern))) if !clue.log.is_empty() => Some(pattern),
                (why, _) => why.map(str::to_owned),
            };
            why.extend(said.filter(|said| !why.contains(said)));
        }
        (possible && points > 0).then_some((points, why))
    }
}

/// What a log says of when and from whom lines come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LogSummary {
    /// The number of different peers, as far as they are counted (64).
    pub peers: usize,
    /// The time from the first to the last line, where they have times, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span_ms: Option<i64>,
    /// The interval, where it is regular, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_ms: Option<i64>,
}

/// A cause: what happened, or what the kernel did where no situation explains that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A situation of the field.
    Situation(&'static Situation),
    /// A rule.
    Rule(&'static Rule),
}

impl Cause {
    /// The name, for the program.
    pub const fn name(&self) -> &'static str {
        match self {
            Cause::Situation(situation) => situation.id.name(),
            Cause::Rule(rule) => rule.id.name(),
        }
    }

    /// The cause in a few words.
    pub fn brief(&self) -> String {
        match self {
            Cause::Situation(situation) => situation.id.words(),
            Cause::Rule(rule) => rule.brief.to_owned(),
        }
    }

    /// The likelihood, before anything is known of the case.
    pub const fn met(&self) -> Likelihood {
        match self {
            Cause::Situation(situation) => situation.met,
            Cause::Rule(rule) => rule.met,
        }
    }

    /// The scenarios that show it, the nearest first.
    pub fn scenarios(&self) -> Vec<&'static str> {
        match self {
            Cause::Situation(situation) => situation.scenarios.to_vec(),
            Cause::Rule(rule) => vec![rule.proof],
        }
    }
}

/// A cause at its place among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankedCause {
    /// The cause.
    pub cause: Cause,
    /// The rules that it explains: the kernel did it by one of them.
    pub rules: Vec<RuleId>,
    /// The reasons why it stands where it does, beside how often it is met: a few words each.
    pub why_here: Vec<String>,
    /// The way in which clues moved it from where its likelihood alone would put it.
    pub moved: Ordering,
}

impl RankedCause {
    /// Returns why it stands where it does: what the clues say, or its likelihood where none moved it.
    pub fn standing(&self) -> String {
        let mut words = self.why_here.clone();
        match self.moved {
            Ordering::Less => words.push("less likely here".to_owned()),
            Ordering::Greater if words.is_empty() => words.push("likelier here".to_owned()),
            Ordering::Equal if words.is_empty() => words.push(self.cause.met().words().to_owned()),
            Ordering::Greater | Ordering::Equal => {}
        }
        words.join("; ")
    }
}

impl Serialize for RankedCause {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(tag = "kind", rename_all = "kebab-case")]
        enum Of {
            Situation(&'static Situation),
            Rule {
                id: RuleId,
                title: String,
                met: Likelihood,
                source: &'static str,
                scenarios: [&'static str; 1],
            },
        }
        #[derive(Serialize)]
        struct Ranked<'a> {
            #[serde(flatten)]
            cause: Of,
            rules: &'a [RuleId],
            why_here: &'a [String],
        }
        let cause = match self.cause {
            Cause::Situation(situation) => Of::Situation(situation),
            Cause::Rule(rule) => Of::Rule {
                id: rule.id,
                title: rule.because.to_string(),
                met: rule.met,
                source: rule.source,
                scenarios: [rule.proof],
            },
        };
        Ranked {
            cause,
            rules: &self.rules,
            why_here: &self.why_here,
        }
        .serialize(serializer)
    }
}

/// Ranks the causes of a message, the likeliest first. `rules` are those that can give it, in the table's order; `other_calls` says that
/// they are for other calls than the one that failed, so that they make no situation a cause.
pub fn rank(evidence: &Evidence, rules: &[&'static Rule], other_calls: bool) -> Vec<RankedCause> {
    let gives = evidence.subject.gives();
    let mut ranked: Vec<(i32, RankedCause)> = Vec::new();
    for situation in SITUATIONS {
        let of: Vec<RuleId> = rules
            .iter()
            .map(|rule| rule.id)
            .filter(|id| situation.rules.contains(id))
            .collect();
        let by_rule = !other_calls && !of.is_empty() && situation.carriers.contains(&evidence.carrier);
        let by_outcome = situation.carriers.contains(&evidence.carrier)
            && situation.also.iter().any(|(outcome, call)| {
                *outcome == gives && (call.is_none() || evidence.call.is_none() || *call == evidence.call)
            });
        if !(by_rule || by_outcome || evidence.hinted(situation.id).is_some()) {
            continue;
        }
        if let Some((points, why_here)) = evidence.points(situation) {
            let cause = Cause::Situation(situation);
            ranked.push((
                points,
                RankedCause {
                    cause,
                    rules: of,
                    why_here,
                    moved: points.cmp(&situation.met.points()),
                },
            ));
        }
    }
    for rule in rules {
        if other_calls || !ranked.iter().any(|(_, ranked)| ranked.rules.contains(&rule.id)) {
            let cause = Cause::Rule(rule);
            let points = if other_calls { 0 } else { rule.met.points() };
            let unmoved = RankedCause {
                cause,
                rules: vec![rule.id],
                why_here: Vec::new(),
                moved: Ordering::Equal,
            };
            ranked.push((points, unmoved));
        }
    }
    ranked.sort_by_key(|(points, _)| Reverse(*points));
    ranked.into_iter().map(|(_, ranked)| ranked).collect()
}

/// What the addresses of a line are like, of the peer's where there are two.
fn kinds(found: &WordingMatch) -> Vec<AddressKind> {
    let addresses = &found.addresses;
    let is_unprivileged = found.facts.number.is_some_and(|port| port >= WELL_KNOWN);
    let Some(last) = addresses.last() else {
        return Vec::from_iter(is_unprivileged.then_some(AddressKind::Unprivileged));
    };
    let peer = last.ip().to_canonical();
    let is_private = match peer {
        IpAddr::V4(v4) => v4.is_private() || v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64,
        IpAddr::V6(v6) => v6.is_unique_local(),
    };
    let is_link_local = match peer {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    let is_other = is_private || is_link_local || peer.is_loopback() || peer.is_unspecified() || peer.is_multicast();
    let stood = addresses.len() > 1 && addresses[0].port() != 0 && found.call != Some(CallClass::Connect);
    let same = addresses.len() > 1 && addresses[0].ip().to_canonical() == peer;
    [
        (peer.is_loopback(), AddressKind::Loopback),
        (peer.is_loopback() && peer.is_ipv6(), AddressKind::Ipv6Loopback),
        (same, AddressKind::SameHost),
        (is_private, AddressKind::Private),
        (!is_other, AddressKind::Public),
        (found.facts.without_zone, AddressKind::LinkLocal),
        (peer.is_ipv4(), AddressKind::Ipv4),
        (peer.is_ipv6(), AddressKind::Ipv6),
        (is_unprivileged, AddressKind::Unprivileged),
        (stood, AddressKind::Connection),
    ]
    .into_iter()
    .filter_map(|(is, kind)| is.then_some(kind))
    .collect()
}

/// The first port of those that Linux takes for a client by itself (`ip_local_port_range`).
const EPHEMERAL: u16 = 32_768;

/// The first port that is not one of the well-known services (RFC 6335, 6: the system ports).
const WELL_KNOWN: u16 = 1024;

/// The side that speaks: by the call, by the words, by which port is a client's.
fn side(found: &WordingMatch) -> Option<Side> {
    const OF_CLIENTS: [Context; 5] = [
        Context::Upstream,
        Context::Pool,
        Context::HttpClient,
        Context::Database,
        Context::OneShot,
    ];
    match found.call {
        Some(CallClass::Connect) => return Some(Side::Client),
        Some(CallClass::Accept | CallClass::Bind | CallClass::Listen) => return Some(Side::Server),
        _ => {}
    }
    let says = |context| found.context.words().any(|says| says == context);
    if says(Context::Upstream) {
        return Some(Side::Client);
    }
    if says(Context::Server) {
        return Some(Side::Server);
    }
    // Of two ports that either may be, neither tells.
    let serves =
        |port: u16, other: u16| port < EPHEMERAL && other >= EPHEMERAL || port < WELL_KNOWN && other >= WELL_KNOWN;
    match found.addresses[..] {
        [ours, peer] if serves(peer.port(), ours.port()) => Some(Side::Client),
        [ours, peer] if serves(ours.port(), peer.port()) => Some(Side::Server),
        [peer] if peer.port() >= EPHEMERAL => Some(Side::Server),
        // Whoever talks to such a port is its client.
        [peer] if (1..WELL_KNOWN).contains(&peer.port()) => Some(Side::Client),
        _ => OF_CLIENTS.into_iter().any(says).then_some(Side::Client),
    }
}
