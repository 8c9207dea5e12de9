//! Counters as they are pasted: `nstat`, `netstat -s`, `/proc/net/netstat` and `/proc/net/snmp`; and which of them matter most.

use serde::Serialize;

use super::words::{Words, number};
use crate::counters::{CounterMeaning, counter};

/// The most names that no table here has of which one is kept.
const MOST_UNKNOWN: usize = 20;

/// What a counter that moved tells, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Concern {
    /// Something was dropped: a queue was full, or memory was short.
    Dropped,
    /// Connections were broken off.
    Aborted,
    /// The time for an answer ran out.
    TimedOut,
    /// Something was sent again.
    SentAgain,
    /// Worth a look.
    Notable,
    /// Moves in any traffic.
    Ordinary,
}

impl Concern {
    /// A few words.
    pub const fn words(self) -> &'static str {
        match self {
            Concern::Dropped => "dropped",
            Concern::Aborted => "broken off",
            Concern::TimedOut => "timed out",
            Concern::SentAgain => "sent again",
            Concern::Notable => "notable",
            Concern::Ordinary => "ordinary",
        }
    }
}

/// The counters that are not ordinary, the worst first. How bad one is does not hang on its figure, which grows since the host was started.
const CONCERNS: &[(Concern, &[&str])] = &[
    (
        Concern::Dropped,
        &[
            "TcpExtListenOverflows",
            "TcpExtListenDrops",
            "TcpExtTCPReqQFullDrop",
            "TcpExtTCPReqQFullDoCookies",
            "TcpExtSyncookiesSent",
            "TcpExtTCPAbortOnMemory",
            "TcpExtTCPMemoryPressures",
            "TcpExtTCPRcvQDrop",
            "TcpExtRcvPruned",
            "TcpExtTCPZeroWindowDrop",
            "TcpExtTCPBacklogDrop",
            "TcpExtOfoPruned",
            "TcpExtPruneCalled",
            "TcpExtTCPOFODrop",
            "TcpExtTCPWqueueTooBig",
            "TcpExtTCPDeferAcceptDrop",
            "TcpExtTCPTimeWaitOverflow",
            "TcpExtIPReversePathFilter",
            "TcpExtTCPMinTTLDrop",
            "IpOutNoRoutes",
            "IpExtInNoRoutes",
            "IpOutDiscards",
            "IpInDiscards",
            "IpInAddrErrors",
            "IpInHdrErrors",
            "TcpInCsumErrors",
            "TcpInErrs",
        ],
    ),
    (
        Concern::Aborted,
        &[
            "TcpExtTCPAbortOnTimeout",
            "TcpExtTCPAbortOnData",
            "TcpExtTCPAbortOnClose",
            "TcpExtTCPAbortOnLinger",
            "TcpExtTCPAbortFailed",
            "TcpExtEmbryonicRsts",
            "TcpEstabResets",
            "TcpAttemptFails",
            "TcpOutRsts",
        ],
    ),
    (
        Concern::TimedOut,
        &[
            "TcpExtTCPTimeouts",
            "TcpExtTCPSynRetrans",
            "TcpExtTCPRetransFail",
            "TcpExtTCPLossFailures",
            "TcpExtTCPSackFailures",
            "TcpExtTCPRenoFailures",
            "TcpExtTCPSpuriousRTOs",
            "TcpExtTCPMTUPFail",
        ],
    ),
    (
        Concern::SentAgain,
        &[
            "TcpRetransSegs",
            "TcpExtTCPLostRetransmit",
            "TcpExtTCPFastRetrans",
            "TcpExtTCPSlowStartRetrans",
            "TcpExtTCPLossProbes",
        ],
    ),
    (
        Concern::Notable,
        &[
            "TcpExtTCPToZeroWindowAdv",
            "TcpExtTCPWantZeroWindowAdv",
            "TcpExtTCPWinProbe",
            "TcpExtPAWSActive",
            "TcpExtPAWSEstab",
            "TcpExtTCPChallengeACK",
            "TcpExtTCPSYNChallenge",
            "TcpExtSyncookiesFailed",
            "TcpExtTCPSACKReneging",
            "TcpExtOutOfWindowIcmps",
            "TcpExtLockDroppedIcmps",
            "TcpExtTCPRcvCollapsed",
            "TcpExtTCPFastOpenActiveFail",
        ],
    ),
];

/// The sentences of net-tools' statistics.c about TCP, `#` in place of the figure, by counter. Of two sentences for one counter the second
/// is an older one.
const SENTENCES: &[(&str, &str)] = &[
    ("TcpActiveOpens", "# active connection openings"),
    ("TcpActiveOpens", "# active connections openings"),
    ("TcpActiveOpens", "# active opens"),
    ("TcpPassiveOpens", "# passive connection openings"),
    ("TcpPassiveOpens", "# passive opens"),
    ("TcpAttemptFails", "# failed connection attempts"),
    ("TcpEstabResets", "# connection resets received"),
    ("TcpCurrEstab", "# connections established"),
    ("TcpInSegs", "# segments received"),
    ("TcpOutSegs", "# segments sent out"),
    ("TcpOutSegs", "# segments send out"),
    ("TcpRetransSegs", "# segments retransmitted"),
    ("TcpRetransSegs", "# segments retransmited"),
    ("TcpInErrs", "# bad segments received"),
    ("TcpOutRsts", "# resets sent"),
    ("TcpExtSyncookiesSent", "# SYN cookies sent"),
    ("TcpExtSyncookiesRecv", "# SYN cookies received"),
    ("TcpExtSyncookiesFailed", "# invalid SYN cookies received"),
    (
        "TcpExtEmbryonicRsts",
        "# resets received for embryonic SYN_RECV sockets",
    ),
    (
        "TcpExtPruneCalled",
        "# packets pruned from receive queue because of socket buffer overrun",
    ),
    ("TcpExtRcvPruned", "# packets pruned from receive queue"),
    (
        "TcpExtOfoPruned",
        "# packets dropped from out-of-order queue because of socket buffer overrun",
    ),
    (
        "TcpExtOutOfWindowIcmps",
        "# ICMP packets dropped because they were out-of-window",
    ),
    (
        "TcpExtLockDroppedIcmps",
        "# ICMP packets dropped because socket was locked",
    ),
    ("TcpExtArpFilter", "# ARP packets filtered"),
    ("TcpExtTW", "# TCP sockets finished time wait in fast timer"),
    ("TcpExtTWRecycled", "# time wait sockets recycled by time stamp"),
    ("TcpExtTWKilled", "# TCP sockets finished time wait in slow timer"),
    (
        "TcpExtPAWSPassive",
        "# passive connections rejected because of time stamp",
    ),
    (
        "TcpExtPAWSActive",
        "# active connections rejected because of time stamp",
    ),
    (
        "TcpExtPAWSEstab",
        "# packets rejected in established connections because of timestamp",
    ),
    (
        "TcpExtPAWSEstab",
        "# packets rejects in established connections because of timestamp",
    ),
    ("TcpExtDelayedACKs", "# delayed acks sent"),
    (
        "TcpExtDelayedACKLocked",
        "# delayed acks further delayed because of locked socket",
    ),
    ("TcpExtDelayedACKLost", "Quick ack mode was activated # times"),
    (
        "TcpExtListenOverflows",
        "# times the listen queue of a socket overflowed",
    ),
    ("TcpExtListenDrops", "# SYNs to LISTEN sockets dropped"),
    ("TcpExtListenDrops", "# SYNs to LISTEN sockets ignored"),
    ("TcpExtTCPPrequeued", "# packets directly queued to recvmsg prequeue"),
    (
        "TcpExtTCPDirectCopyFromBacklog",
        "# bytes directly in process context from backlog",
    ),
    (
        "TcpExtTCPDirectCopyFromPrequeue",
        "# bytes directly received in process context from prequeue",
    ),
    ("TcpExtTCPPrequeueDropped", "# packets dropped from prequeue"),
    ("TcpExtTCPHPHits", "# packet headers predicted"),
    (
        "TcpExtTCPHPHitsToUser",
        "# packet headers predicted and directly queued to user",
    ),
    (
        "TcpExtTCPPureAcks",
        "# acknowledgments not containing data payload received",
    ),
    ("TcpExtTCPPureAcks", "# acknowledgments not containing data received"),
    ("TcpExtTCPHPAcks", "# predicted acknowledgments"),
    (
        "TcpExtTCPRenoRecovery",
        "# times recovered from packet loss due to fast retransmit",
    ),
    (
        "TcpExtTCPSackRecovery",
        "# times recovered from packet loss by selective acknowledgements",
    ),
    (
        "TcpExtTCPSackRecovery",
        "# times recovered from packet loss due to SACK data",
    ),
    ("TcpExtTCPSACKReneging", "# bad SACK blocks received"),
    ("TcpExtTCPFACKReorder", "Detected reordering # times using FACK"),
    ("TcpExtTCPSACKReorder", "Detected reordering # times using SACK"),
    ("TcpExtTCPTSReorder", "Detected reordering # times using time stamp"),
    (
        "TcpExtTCPRenoReorder",
        "Detected reordering # times using reno fast retransmit",
    ),
    (
        "TcpExtTCPFullUndo",
        "# congestion windows fully recovered without slow start",
    ),
    (
        "TcpExtTCPPartialUndo",
        "# congestion windows partially recovered using Hoe heuristic",
    ),
    (
        "TcpExtTCPDSACKUndo",
        "# congestion window recovered without slow start using DSACK",
    ),
    (
        "TcpExtTCPDSACKUndo",
        "# congestion windows recovered without slow start by DSACK",
    ),
    (
        "TcpExtTCPLossUndo",
        "# congestion windows recovered without slow start after partial ack",
    ),
    ("TcpExtTCPLoss", "# TCP data loss events"),
    ("TcpExtTCPLostRetransmit", "# retransmits lost"),
    ("TcpExtTCPRenoFailures", "# timeouts after reno fast retransmit"),
    ("TcpExtTCPSackFailures", "# timeouts after SACK recovery"),
    ("TcpExtTCPLossFailures", "# timeouts in loss state"),
    ("TcpExtTCPFastRetrans", "# fast retransmits"),
    ("TcpExtTCPForwardRetrans", "# forward retransmits"),
    ("TcpExtTCPSlowStartRetrans", "# retransmits in slow start"),
    ("TcpExtTCPTimeouts", "# other TCP timeouts"),
    ("TcpExtTCPRenoRecoveryFail", "# classic Reno fast retransmits failed"),
    ("TcpExtTCPRenoRecoveryFail", "# reno fast retransmits failed"),
    ("TcpExtTCPSackRecoveryFail", "# SACK retransmits failed"),
    (
        "TcpExtTCPSchedulerFailed",
        "# times receiver scheduled too late for direct processing",
    ),
    (
        "TcpExtTCPRcvCollapsed",
        "# packets collapsed in receive queue due to low socket buffer",
    ),
    ("TcpExtTCPDSACKOldSent", "# DSACKs sent for old packets"),
    ("TcpExtTCPDSACKOfoSent", "# DSACKs sent for out of order packets"),
    ("TcpExtTCPDSACKRecv", "# DSACKs received"),
    ("TcpExtTCPDSACKOfoRecv", "# DSACKs for out of order packets received"),
    ("TcpExtTCPAbortOnSyn", "# connections reset due to unexpected SYN"),
    ("TcpExtTCPAbortOnData", "# connections reset due to unexpected data"),
    ("TcpExtTCPAbortOnClose", "# connections reset due to early user close"),
    ("TcpExtTCPAbortOnMemory", "# connections aborted due to memory pressure"),
    ("TcpExtTCPAbortOnTimeout", "# connections aborted due to timeout"),
    (
        "TcpExtTCPAbortOnLinger",
        "# connections aborted after user close in linger timeout",
    ),
    ("TcpExtTCPAbortFailed", "# times unable to send RST due to no memory"),
    ("TcpExtTCPMemoryPressures", "TCP ran low on memory # times"),
    (
        "TcpExtTCPSockMallocOOM",
        "Ran # times out of system memory during packet sending",
    ),
    ("IpOutNoRoutes", "# dropped because of missing route"),
    ("IpOutDiscards", "# outgoing packets dropped"),
    ("IpInDiscards", "# incoming packets discarded"),
    ("IpInHdrErrors", "# with invalid headers"),
    ("IpInAddrErrors", "# with invalid addresses"),
];
/// The sentences of macOS' and the BSDs' `netstat -s` about TCP, in the singular, `#` in place of each figure, by Linux's counter of the
/// same event. The first figure counts.
const BSDS: &[(&str, &str)] = &[
    ("TcpActiveOpens", "# connection request"),
    ("TcpPassiveOpens", "# connection accept"),
    ("TcpAttemptFails", "# embryonic connection dropped"),
    ("TcpInSegs", "# packet received"),
    ("TcpOutSegs", "# packet sent"),
    ("TcpRetransSegs", "# data packet (# byte) retransmitted"),
    ("TcpInCsumErrors", "# discarded for bad checksum"),
    ("TcpExtListenOverflows", "# listen queue overflow"),
    ("TcpExtTCPTimeouts", "# retransmit timeout"),
    ("TcpExtTCPAbortOnTimeout", "# connection dropped by rexmit timeout"),
    // Linux counts all three when it gives a connection up (tcp_write_err).
    ("TcpExtTCPAbortOnTimeout", "# connection dropped by persist timeout"),
    ("TcpExtTCPAbortOnTimeout", "# connection dropped by keepalive"),
    ("TcpExtTCPWinProbe", "# window probe packet"),
    ("TcpExtTCPKeepAlive", "# keepalive probe sent"),
    ("TcpExtTCPAbortOnData", "# packet received after close"),
    ("TcpExtTCPAbortOnData", "# packet rcvd after close"),
];
/// The heading above them, which Linux writes with a capital.
const BSDS_HEADING: &str = "tcp";
/// A sentence of at least this length needs no heading above it to be net-tools'.
const UNMISTAKABLE: usize = 30;

/// The groups of counters that the files and tools name.
const GROUPS: [&str; 12] = [
    "Tcp", "TcpExt", "Ip", "IpExt", "Ip6", "Icmp", "IcmpMsg", "Icmp6", "Udp", "UdpLite", "MPTcpExt", "Sctp",
];

/// A counter that was read, and is not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterValue {
    /// The counter.
    pub counter: &'static CounterMeaning,
    /// What it tells.
    pub concern: Concern,
    /// The figure, the last one where it was read more than once.
    pub value: u64,
    /// How far it moved since it was first read; none where it was read once.
    pub moved: Option<u64>,
}

/// The counters of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadCounters {
    /// Each counter that is known, and its first and last figure.
    known: Vec<Figures>,
    /// The number of figures that were read.
    read: u64,
    /// Counters that are not 0 and that no table here has.
    unknown: Vec<(Box<str>, u64)>,
    /// The group that a heading of `netstat -s` has opened.
    group: Option<&'static str>,
    /// Were sentences of macOS' or a BSD's among them?
    of_bsd: bool,
    /// The names of a line of procfs, whose figures are in the next.
    names: Option<(&'static str, Vec<Box<str>>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Figures {
    counter: &'static CounterMeaning,
    first: u64,
    last: u64,
    readings: u64,
}

impl ReadCounters {
    /// Takes in a line; false where it has no counter.
    pub(super) fn line(&mut self, line: &str) -> bool {
        if !line.starts_with([' ', '\t']) {
            self.group = None;
        }
        let text = line.trim();
        if let Some(group) = text.strip_suffix(':').and_then(group) {
            self.group = Some(group);
            return true;
        }
        if line == "tcp:" {
            self.group = Some(BSDS_HEADING);
            return true;
        }
        if self.group == Some(BSDS_HEADING) {
            return self.of_bsds(text);
        }
        self.of_procfs(text) || self.of_json(text) || self.of_nstat(text) || self.of_sentence(text)
    }

    /// Is the next line one of `netstat -s`, by its heading?
    pub(super) const fn is_within(&self) -> bool {
        self.group.is_some() || self.names.is_some()
    }

    /// Two lines of procfs: `TcpExt: SyncookiesSent ListenDrops ..`, `TcpExt: 0 12 ..`.
    fn of_procfs(&mut self, text: &str) -> bool {
        let pending = self.names.take();
        let Some((of, rest)) = text.split_once(": ").and_then(|(of, rest)| Some((group(of)?, rest))) else {
            return false;
        };
        let figure = |word: &str| number(word.trim_start_matches('-'));
        if let Some((names_of, names)) = pending
            && names_of == of
            && rest.split_ascii_whitespace().all(|word| figure(word).is_some())
        {
            for (name, word) in names.iter().zip(rest.split_ascii_whitespace()) {
                self.figure(&format!("{of}{name}"), number(word).unwrap_or(0));
            }
            return true;
        }
        let is_name = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_uppercase()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let names: Vec<Box<str>> = rest.split_ascii_whitespace().map(Into::into).collect();
        let is_header = names.len() >= 4 && names.iter().all(|name| is_name(name));
        if is_header {
            self.names = Some((of, names));
        }
        is_header
    }

    /// `{"kernel":{"TcpExtListenOverflows":12,"TcpExtListenDrops":12}}`, as `nstat --json` prints it.
    fn of_json(&mut self, text: &str) -> bool {
        let Some(figures) = text.strip_prefix("{\"kernel\":{") else {
            return false;
        };
        let mut found = false;
        for pair in figures.split(',') {
            if let Some((name, value)) = pair.split_once(':') {
                let value = value.trim().trim_end_matches('}');
                found |= self.of_nstat(&format!("{} {value}", name.trim().trim_matches('"')));
            }
        }
        found
    }

    /// `TcpExtListenDrops  12  0.0`
    fn of_nstat(&mut self, text: &str) -> bool {
        if text == "#kernel" {
            return true;
        }
        let words = Words::of(text);
        let ([name, value] | [name, value, _]) = words.words[..] else {
            return false;
        };
        let is_rate = |rate: &str| rate.parse::<f64>().is_ok();
        let Some(value) = number(value).filter(|_| words.words.get(2).is_none_or(|rate| is_rate(rate))) else {
            return false;
        };
        let is_of_group = |of: &str| {
            let rest = name.strip_prefix(of).unwrap_or_default();
            rest.starts_with(|c: char| c.is_ascii_uppercase()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        if !GROUPS.into_iter().any(is_of_group) {
            return false;
        }
        self.figure(name, value);
        true
    }

    /// A sentence of `netstat -s`, or `TCPTimeouts: 12` for a counter that it has no sentence for.
    fn of_sentence(&mut self, text: &str) -> bool {
        let within = self.group.is_some();
        if let Some((name, value)) = text
            .split_once(": ")
            .and_then(|(name, value)| Some((name, number(value.trim())?)))
        {
            let known = match self.group {
                Some(of) => counter(&format!("{of}{name}")),
                None => counter(&format!("TcpExt{name}")),
            };
            if let Some(counter) = known {
                self.figure(counter.name, value);
            }
            return known.is_some() || within;
        }
        let digits = |word: &&str| number(word).is_some();
        let Some(value) = text.split(' ').find(digits) else {
            return within;
        };
        let sentence = text.trim_end_matches('.');
        let found = SENTENCES.iter().find(|(_, known)| {
            let (before, after) = known.split_once('#').unwrap_or_default();
            (within || known.len() >= UNMISTAKABLE)
                && sentence.strip_prefix(before).and_then(|rest| rest.strip_prefix(value)) == Some(after)
        });
        if let Some((name, _)) = found {
            self.figure(name, number(value).unwrap_or(0));
            return true;
        }
        self.of_lone_bsds(text) || within
    }

    /// A sentence of macOS' or a BSD's without its heading, which no other can be taken for.
    fn of_lone_bsds(&mut self, text: &str) -> bool {
        let begins = text.starts_with(|c: char| c.is_ascii_digit());
        let shape = if begins { shape(text) } else { return false };
        let found = BSDS
            .iter()
            .find(|(_, sentence)| sentence.len() >= UNMISTAKABLE && *sentence == shape);
        found.is_some() && self.of_bsds(text)
    }

    /// A sentence of macOS' or a BSD's. In a file of another kind `tcp:` may stand above anything: a figure begins each of them.
    fn of_bsds(&mut self, text: &str) -> bool {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let Some(value) = number(&text[..digits]).filter(|_| text[digits..].starts_with(' ')) else {
            return false;
        };
        let shape = shape(text);
        if let Some((name, _)) = BSDS.iter().find(|(_, sentence)| *sentence == shape) {
            self.of_bsd = true;
            self.figure(name, value);
        }
        true
    }

    /// Are the words macOS' or a BSD's, so that the counters are only Linux's of the same events?
    pub const fn is_of_bsd(&self) -> bool {
        self.of_bsd
    }

    fn figure(&mut self, name: &str, value: u64) {
        self.read += 1;
        let Some(counter) = counter(name) else {
            let is_new = self.unknown.iter().all(|(known, _)| **known != *name);
            if value > 0 && is_new && self.unknown.len() < MOST_UNKNOWN && name.starts_with("Tcp") && is_telling(name) {
                self.unknown.push((name.into(), value));
            }
            return;
        };
        match self
            .known
            .iter_mut()
            .find(|figures| figures.counter.name == counter.name)
        {
            Some(figures) => {
                figures.last = value;
                figures.readings += 1;
            }
            None => self.known.push(Figures {
                counter,
                first: value,
                last: value,
                readings: 1,
            }),
        }
    }

    /// Was no figure read?
    pub const fn is_empty(&self) -> bool {
        self.read == 0
    }

    /// The number of figures that were read.
    pub const fn read(&self) -> u64 {
        self.read
    }

    /// The counters that are not 0 and are shown, the worst first.
    pub fn worst_first(&self) -> Vec<CounterValue> {
        let mut values: Vec<(usize, CounterValue)> = Vec::new();
        for (order, figures) in self.known.iter().enumerate() {
            let (place, concern) = rank(figures.counter.name).unwrap_or((CONCERNS_END + order, Concern::Ordinary));
            let is_worth = figures.last > 0 && (concern != Concern::Ordinary || figures.counter.left_out.is_none());
            if is_worth {
                values.push((
                    place,
                    CounterValue {
                        counter: figures.counter,
                        concern,
                        value: figures.last,
                        moved: (figures.readings > 1).then(|| figures.last.saturating_sub(figures.first)),
                    },
                ));
            }
        }
        values.sort_by_key(|(place, _)| *place);
        values.into_iter().map(|(_, value)| value).collect()
    }

    /// The last figure of a counter, by nstat's name; none where it was not read.
    pub fn value(&self, name: &str) -> Option<u64> {
        let figures = self.known.iter().find(|figures| figures.counter.name == name)?;
        Some(figures.last)
    }

    /// Counters that are not 0, sound like a failure, and are not known here.
    pub fn unknown(&self) -> &[(Box<str>, u64)] {
        &self.unknown
    }
}

/// Behind all rows of [`CONCERNS`].
const CONCERNS_END: usize = 1000;

/// The place of a counter in [`CONCERNS`], and what it tells; none of one that is ordinary.
fn rank(name: &str) -> Option<(usize, Concern)> {
    let all = CONCERNS
        .iter()
        .flat_map(|(concern, names)| names.iter().map(move |known| (*concern, *known)));
    let mut places = all.enumerate();
    places
        .find(|(_, (_, known))| *known == name)
        .map(|(place, (concern, _))| (place, concern))
}

/// A sentence with `#` in place of each figure, and in the singular.
fn shape(text: &str) -> String {
    let words = text.split_ascii_whitespace().map(|word| {
        let (open, inner) = word.strip_prefix('(').map_or(("", word), |inner| ("(", inner));
        let (inner, close) = inner.strip_suffix(')').map_or((inner, ""), |inner| (inner, ")"));
        let inner = match number(inner) {
            Some(_) if !inner.is_empty() => "#",
            _ => inner.strip_suffix('s').unwrap_or(inner),
        };
        [open, inner, close].concat()
    });
    words.collect::<Vec<_>>().join(" ")
}

fn is_telling(name: &str) -> bool {
    ["Drop", "Fail", "Overflow", "Abort", "Loss", "OOM", "Full"]
        .iter()
        .any(|sign| name.contains(sign))
}

/// The group of that name.
fn group(name: &str) -> Option<&'static str> {
    GROUPS.into_iter().find(|of| *of == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::COUNTERS;

    #[test]
    fn each_counter_that_is_no_ordinary_one_is_known_and_stands_once() {
        let mut names: Vec<&str> = CONCERNS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        assert!(names.len() < CONCERNS_END);
        for name in &names {
            assert!(COUNTERS.iter().any(|counter| counter.name == *name), "{name}");
        }
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn sentences_of_the_bsds_are_counters_and_in_the_singular() {
        for (name, sentence) in BSDS {
            assert!(COUNTERS.iter().any(|counter| counter.name == *name), "{name}");
            assert_eq!(shape(sentence), *sentence);
        }
        assert_eq!(
            shape("262 data packets (171892 bytes) retransmitted"),
            "# data packet (# byte) retransmitted"
        );
        assert_eq!(shape("1 listen queue overflow"), "# listen queue overflow");
    }

    #[test]
    fn no_sentence_stands_twice() {
        let mut sentences: Vec<&str> = SENTENCES.iter().map(|(_, sentence)| *sentence).collect();
        sentences.sort_unstable();
        sentences.dedup();
        assert_eq!(sentences.len(), SENTENCES.len());
        assert!(sentences.iter().all(|sentence| sentence.matches('#').count() == 1));
    }
}
