//! What a sentence claims, checked against the record: a segment received and taken, sent or not sent, an earlier call, a limit, an
//! order of two events.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use finwait::explain::rules::RULES;

use super::phrases::Told;
use super::record::{FIN, Pair, RST, Record, no};

/// What was checked, and in which situations ([`Record::situation`]) each rule was met.
#[derive(Default)]
pub struct Tally {
    outcomes: u64,
    claims: u64,
    rules: BTreeMap<String, Vec<String>>,
    phrases: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// How many claims were checked.
    pub const fn checked(&self) -> u64 {
        self.claims
    }

    /// Adds what a script showed, which was written for that rule: the last situation in which it met it counts, and no other.
    pub fn add(&mut self, shown: Tally, rule: &str) {
        self.outcomes += shown.outcomes;
        self.claims += shown.claims;
        for (phrase, times) in shown.phrases {
            *self.phrases.entry(phrase).or_default() += times;
        }
        let met = shown.rules.get(rule).and_then(|situations| situations.last());
        self.rules.entry(rule.to_owned()).or_default().extend(met.cloned());
    }

    /// The rules out of `those` that were met in fewer than `least` situations.
    pub fn rare(&self, least: usize, those: impl Fn(&str) -> bool) -> Vec<String> {
        let met = |name: &str| self.rules.get(name).map_or(0, |situations| different(situations));
        let names = RULES.iter().map(|rule| rule.id.name()).filter(|name| those(name));
        let rare = names.filter(|name| met(name) < least);
        rare.map(|name| format!("{name}: {}", met(name))).collect()
    }
}

fn different(situations: &[String]) -> usize {
    situations.iter().collect::<BTreeSet<_>>().len()
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} outcomes, {} claims", self.outcomes, self.claims)?;
        for (phrase, times) in &self.phrases {
            writeln!(f, "  {times:5}  {phrase}")?;
        }
        for (rule, situations) in &self.rules {
            writeln!(f, "  {:5}  {rule}", different(situations))?;
        }
        Ok(())
    }
}

/// Words that leave open what the record knows.
const VAGUE: &[&str] = &[
    "or a timeout",
    "over or forbidden",
    "O_NONBLOCK or SO_",
    "MSG_DONTWAIT, O_NONBLOCK",
    "by FIN or SHUT_RD",
    "keepalive or TCP_USER_TIMEOUT",
    "TCP_SYNCNT or TCP_USER_TIMEOUT",
    "RST or with ICMP",
    "RST or ICMP",
    "was not seen",
    "or another call",
    "or another call of this end's",
    "or never came about",
    "or the address is of another family",
    "comes the error or",
    "The kernel answered",
    "or not allowed",
    "its error was already reported, or",
    "The connection has ended since",
    "the connection ended",
];

/// Checks all that the run's outcomes claim: what is wrong.
pub fn check(record: &Record, tally: &mut Tally) -> Vec<String> {
    let mut wrong = Vec::new();
    for outcome in record.outcomes() {
        tally.outcomes += 1;
        let mut of = Claims {
            record,
            outcome,
            side: outcome["side"].as_str().unwrap_or_default(),
            pair: record.pair(outcome),
            began: record.began(outcome),
            tally,
            wrong: Vec::new(),
        };
        of.check();
        let said = &outcome["why"];
        wrong.extend(of.wrong.into_iter().map(|what| {
            format!(
                "entry {}, {} of {}, {}: {what}; said: {said}",
                no(outcome),
                outcome["name"],
                outcome["socket"],
                outcome["outcome"]
            )
        }));
    }
    wrong
}

/// The claims of one outcome.
struct Claims<'a, 'b> {
    record: &'b Record<'a>,
    outcome: &'a Value,
    side: &'a str,
    pair: Option<Pair>,
    began: u64,
    tally: &'b mut Tally,
    wrong: Vec<String>,
}

impl Claims<'_, '_> {
    fn claim(&mut self, holds: bool, what: &str) {
        self.tally.claims += 1;
        if !holds {
            self.wrong.push(what.to_owned());
        }
    }

    fn check(&mut self) {
        let sentence = self.outcome["why"].as_str().unwrap_or_default().to_owned();
        self.claim(sentence.ends_with('.'), "it is a sentence");
        for vague in VAGUE {
            self.claim(!sentence.contains(vague), &format!("{vague:?} is vague"));
        }
        self.rule();
        if let Some(pair) = self.pair.clone()
            && pair.0.rsplit_once(':').map(|(ip, _)| ip) != pair.1.rsplit_once(':').map(|(ip, _)| ip)
        {
            self.phrases(&sentence, &pair);
        } else if self.outcome["name"] == "accept" {
            // A listener has no peer: what is said of it is of the call, and of the connection that it gave.
            self.phrases(&sentence, &Pair::default());
        }
    }

    /// The outcome needs a rule where it is a failure, and its cause stands before it and is of its kind.
    fn rule(&mut self) {
        let outcome = self.outcome;
        let failed = !outcome["outcome"]["err"].is_null();
        let for_process = matches!(outcome["name"].as_str(), Some("interrupt" | "sigpipe"));
        let Some(name) = outcome["rule"].as_str() else {
            self.claim(!failed || for_process, "a failure has a rule");
            return;
        };
        let rule = RULES.iter().find(|rule| rule.id.name() == name).expect("a known rule");
        let is_self = self.pair.as_ref().is_some_and(|pair| pair.0 == pair.1);
        if !is_self {
            let state = outcome["state"].as_str().unwrap_or("CLOSE");
            self.claim(
                rule.states.iter().any(|known| known.name() == state),
                &format!("{name} is not about {state}"),
            );
        }
        let situation = self.record.situation(outcome, self.pair.as_ref());
        self.tally.rules.entry(name.to_owned()).or_default().push(situation);
        let set_by = &outcome["set_by"];
        if rule.set_by.iter().all(|set_by| set_by.happens()) && !is_self {
            self.claim(
                set_by["found"].is_array(),
                &format!("{name} has a cause in the transcript"),
            );
        }
        self.claim(set_by["unseen"].is_null() || is_self, "all is seen here");
        let Some(entry) = set_by["found"][1].as_u64() else {
            return;
        };
        let before = entry < no(outcome);
        self.claim(before, "the cause comes before its effect");
        let Some(cause) = self.record.entry(entry) else {
            self.claim(false, "the cause is an entry");
            return;
        };
        match set_by["found"][0].as_str() {
            Some(kind) => self.cause(name, kind, cause),
            None => {
                let kinds = set_by["found"][0]["own-call"].as_array().cloned().unwrap_or_default();
                self.own_call(&kinds, cause);
            }
        }
    }

    /// Did that cause happen, and was it what the kernel acted upon?
    fn cause(&mut self, rule: &str, kind: &str, cause: &Value) {
        let (record, side, until) = (self.record, self.side, no(self.outcome));
        let pair = self.pair.clone();
        let reached = Record::reached(side, cause);
        // The change of state that came of it, at once: the next one of the connection.
        let next = pair.as_ref().and_then(|pair| {
            let mut after = record.states(side, pair, no(cause), until);
            after.next().cloned()
        });
        let made = |next: &Option<Value>| {
            let no = next
                .as_ref()
                .and_then(|next| next["cause"]["received"]["packet_no"].as_u64());
            no.is_some() && no == cause["packet_no"].as_u64()
        };
        let to = next
            .as_ref()
            .map(|next| next["to"].as_str().unwrap_or_default().to_owned());
        let from = next
            .as_ref()
            .map(|next| next["from"].as_str().unwrap_or_default().to_owned());
        let errno = self.outcome["outcome"]["err"]
            .as_i64()
            .or(self.outcome["outcome"]["ok"]["pending-error"]["error"].as_i64());
        match kind {
            "rst" => {
                self.claim(reached && Record::flags(cause) & RST != 0, "an RST came");
                if let Some(pair) = &pair {
                    self.claim(Record::is_of(pair, cause), "it is of this connection");
                    self.claim(
                        made(&next) && to.as_deref() == Some("CLOSE"),
                        "the kernel took it: it ended the connection",
                    );
                    // tcp_reset
                    let said = match from.as_deref() {
                        Some("SYN_SENT") => 111,
                        Some("CLOSE_WAIT") => 32,
                        _ => 104,
                    };
                    let told = self.outcome["name"] == "shutdown" || rule == "read-unconnected" || errno == Some(said);
                    self.claim(told, &format!("an RST in {from:?} is errno {said}"));
                }
            }
            "fin" => {
                self.claim(reached && Record::flags(cause) & FIN != 0, "a FIN came");
                if let Some(pair) = &pair {
                    let born = record.born(self.outcome, side, pair);
                    let has_fin = |state: &Value| {
                        matches!(
                            state.as_str(),
                            Some("CLOSE_WAIT" | "CLOSING" | "LAST_ACK" | "TIME_WAIT")
                        )
                    };
                    let mut states = record.states(side, pair, born.saturating_sub(1), until);
                    self.claim(states.any(|line| has_fin(&line["to"])), "the kernel took it");
                    self.claim(no(cause) > born, "it is of this connection");
                    let gone = record
                        .states(side, pair, born, no(cause))
                        .any(|line| line["to"] == "CLOSE" && line["from"] != "TIME_WAIT");
                    self.claim(!gone, "the connection had not ended before it");
                }
            }
            "data" => {
                let len = cause["packet"]["tcp"]["len"].as_u64().unwrap_or(0);
                let is_fin = Record::flags(cause) & FIN != 0;
                self.claim(reached && (len > 0 || is_fin), "data came, or a FIN beyond it");
                if let Some(pair) = &pair {
                    self.claim(made(&next) && to.as_deref() == Some("CLOSE"), "it ended the connection");
                    self.claim(
                        record.left(side, pair, RST, no(cause), u64::MAX) > 0,
                        "this end's kernel sent an RST",
                    );
                }
            }
            "icmp" => {
                self.claim(reached && cause["packet"]["icmp"].is_object(), "an ICMP error came");
                if rule.ends_with("-noted") {
                    self.claim(!made(&next), "it was only noted");
                } else if pair.is_some() && !rule.ends_with("at-the-end") {
                    self.claim(made(&next) && to.as_deref() == Some("CLOSE"), "it ended the attempt");
                    let handshake = matches!(from.as_deref(), Some("SYN_SENT" | "SYN_RECV"));
                    self.claim(handshake, "it came during the handshake");
                }
            }
            "timer" => {
                let timer = cause["kind"] == "state" && !cause["cause"]["timer"].is_null() && cause["to"] == "CLOSE";
                self.claim(timer && cause["side"] == side, "a timer ended it");
            }
            "administrator" => {
                let destroyed = cause["kind"] == "state" && cause["cause"] == "destroyed" && cause["side"] == side;
                self.claim(destroyed, "it was destroyed");
            }
            "told" => {
                let outcome = &cause["outcome"];
                let told = outcome["err"].is_number() || outcome["ok"]["pending-error"]["error"].is_number();
                let under_way = cause["kind"] == "call";
                self.claim(told || under_way, "a call was told an error");
                let same = |line: &Value| self.record.socket(line);
                self.claim(
                    cause["side"] == side && same(cause) == same(self.outcome),
                    "of the same socket",
                );
            }
            "signal" => {
                let signal =
                    cause["kind"] == "call" && cause["text"].as_str().unwrap_or_default().starts_with("tgkill");
                self.claim(
                    signal && no(cause) > self.began,
                    "a signal was sent after the call began",
                );
            }
            "route" => {
                let setting = cause["setting"].as_str();
                let off = cause["value"]["switch"] == false;
                self.claim(
                    matches!(setting, Some("default_route" | "device")) && off,
                    "a setting took the route away",
                );
            }
            "limit" => self.claim(cause["setting"] == "ip_local_port_range", "the range of ports was set"),
            "process-limit" => self.claim(cause["setting"] == "nofile", "the limit of descriptors was set"),
            other => self.claim(false, &format!("{other} is no cause that stands in a transcript")),
        }
    }

    /// A call of our own: of one of these kinds, at this end, not the failing call itself.
    fn own_call(&mut self, kinds: &[Value], cause: &Value) {
        let is_call = cause["kind"] == "outcome" || cause["kind"] == "call";
        self.claim(is_call && cause["side"] == self.side, "it is a call at this end");
        self.claim(
            cause["call"] != self.outcome["call"],
            "it is not the failing call itself",
        );
        let name = cause["name"].as_str().unwrap_or_default();
        let is_one = kinds.iter().any(|kind| {
            let kind = kind.as_str().unwrap_or_default();
            name == kind || (kind == "close" && name.ends_with("close")) || cause["kind"] == "call"
        });
        self.claim(is_one, &format!("{name} is one of {kinds:?}"));
        // What the sentence says that one of our own calls did, the call that is named as the cause has done.
        let sentence = self.outcome["why"].as_str().unwrap_or_default();
        for (phrase, before) in [(" gave it ", true), ("This end's ", false), ("this end's ", false)] {
            let mut parts = sentence.splitn(2, phrase);
            let (head, tail) = (parts.next().unwrap_or_default(), parts.next());
            let said = match (tail, before) {
                (Some(_), true) => head.rsplit(' ').next(),
                (Some(tail), false) => tail.split(' ').next(),
                (None, _) => None,
            };
            let said = said.filter(|said| !matches!(*said, "FIN" | "kernel" | "direction" | "earlier"));
            if let Some(said) = said.filter(|_| cause["kind"] == "outcome") {
                let said = said.trim_end_matches(|c: char| !c.is_alphanumeric());
                let is_it = name == said || said == "close" && name.ends_with("close");
                self.claim(is_it, &format!("the sentence says {said}, the cause is {name}"));
            }
        }
        // What has failed, or found nothing to do, sets nothing.
        if cause["kind"] == "outcome" && name == "disconnect" {
            let said = cause["why"].as_str().unwrap_or_default();
            self.claim(
                !said.starts_with("There was no connection"),
                "that call found nothing to do",
            );
        }
        // What was shut down on a listener is shut down on the connections that come through it.
        let of_listener = cause["socket"]
            .as_str()
            .is_some_and(|name| name.starts_with("listener"));
        if cause["kind"] == "outcome" && name != "accept" && !(name == "shutdown" && of_listener) {
            let same = |line: &Value| self.record.socket(line);
            self.claim(same(cause) == same(self.outcome), "of the same socket");
        }
    }

    /// What the sentence says of segments, of their order, of limits and of earlier calls.
    fn phrases(&mut self, sentence: &str, pair: &Pair) {
        let told = Told {
            record: self.record,
            outcome: self.outcome,
            side: self.side,
            pair,
            born: self.record.born(self.outcome, self.side, pair),
            began: self.began,
        };
        for (phrase, holds) in told.claims(sentence) {
            *self.tally.phrases.entry(phrase).or_default() += 1;
            self.claim(holds, &format!("{phrase:?} is not so"));
        }
    }
}
