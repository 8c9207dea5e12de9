//! The answer of `finwait explain`: all that the tables know of a subject and a call, and the scenarios that show it, ranked.

use serde::Serialize;
use std::cmp::Reverse;
use std::net::SocketAddr;

use crate::explain::elsewhere;
use crate::explain::ranking::{Cause, Evidence, LogSummary, RankedCause, rank};
use crate::explain::rules::{CallClass, RULES, Rule, RuleOutcome};
use crate::explain::systems::{self, OnLinux, OnSystem};
use crate::explain::wording::{self, Carrier, Dialect, LineMeaning, SomethingElse, Subject, System, WordingMatch};
use crate::matrix::Matrix;
use crate::scenario::catalog::{self, Entry};
use crate::scenario::returns::Returns;

/// The most scenarios that are named, beside those that prove a cause.
const OTHERS: usize = 5;
/// The number of causes of which more than the nearest scenario is named.
const IN_FULL: usize = 3;

/// Lines that say the same, and where they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The meaning of the lines, as found in the first.
    pub found: WordingMatch,
    /// The languages or programs whose words they are, each once.
    pub dialects: Vec<Dialect>,
    /// Remarks on their wordings, each once.
    pub remarks: Vec<Remark>,
    /// The number of lines.
    pub lines: u64,
    /// The number of the first, from 1 on.
    pub first: u64,
    /// What the lines say for one cause or another.
    #[serde(skip)]
    pub evidence: Evidence,
}

impl ElseFinding {
    /// What it says of the lines, as a clause: `line 5 is about resolving a name: no connection was tried`.
    pub fn clause(&self) -> String {
        let about = self.about.strip_prefix("it is ").unwrap_or(self.about);
        match self.lines {
            1 => format!("line {} is {about}", self.first),
            lines => format!("{lines} lines (the first is line {}) are {about}", self.first),
        }
    }
}

/// A remark on a wording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// The first line that has it.
    pub line: u64,
    /// One sentence.
    pub text: &'static str,
}

impl Remark {
    /// Returns whether it only says that the words are another system's.
    fn is_of_system(&self) -> bool {
        wording::is_of_system(self.text)
    }
}

impl Finding {
    /// Takes in a line more.
    fn add(&mut self, found: &WordingMatch, line: u64) {
        self.lines += 1;
        self.found.facts = self.found.facts.shared(found.facts);
        self.evidence.add(found);
        if let Some(dialect) = found.dialect.filter(|dialect| !self.dialects.contains(dialect)) {
            self.dialects.push(dialect);
        }
        let known = |text: &&str| self.remarks.iter().any(|remark| remark.text == *text);
        if let Some(text) = found.remark.filter(|text| !known(text)) {
            self.remarks.push(Remark { line, text });
        }
    }
}

/// Lines, gathered by what they say: as many as there are subjects and calls, however many lines come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupedLines {
    said: Vec<Finding>,
    something_else: Vec<ElseFinding>,
    lines: u64,
}

/// Lines that are about no socket, of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ElseFinding {
    /// The kind.
    pub kind: SomethingElse,
    /// What it is about, in a clause.
    pub about: &'static str,
    /// The number of lines.
    pub lines: u64,
    /// The number of the first, from 1 on.
    pub first: u64,
}

impl GroupedLines {
    /// Takes in the next line's finding.
    pub fn add(&mut self, found: Option<LineMeaning>) {
        self.lines += 1;
        match found {
            Some(LineMeaning::Message(found)) => self.add_message(found),
            Some(LineMeaning::SomethingElse(kind)) => self.add_something_else(kind),
            None => {}
        }
    }

    fn add_something_else(&mut self, kind: SomethingElse) {
        match self.something_else.iter_mut().find(|of| of.kind == kind) {
            Some(of) => of.lines += 1,
            None => self.something_else.push(ElseFinding {
                kind,
                about: kind.about(),
                lines: 1,
                first: self.lines,
            }),
        }
    }

    fn add_message(&mut self, found: WordingMatch) {
        let same = |said: &&mut Finding| {
            let of = |found: &WordingMatch| (found.subject, found.call, found.carrier, found.system);
            of(&said.found) == of(&found)
        };
        match self.said.iter_mut().find(same) {
            Some(said) => said.add(&found, self.lines),
            None => {
                let mut said = Finding {
                    found: found.clone(),
                    dialects: Vec::new(),
                    remarks: Vec::new(),
                    lines: 0,
                    first: self.lines,
                    evidence: Evidence::of(&found),
                };
                said.add(&found, self.lines);
                self.said.push(said);
            }
        }
    }

    /// Returns the findings: first those of the most lines; of as many lines, the one that was found first.
    pub fn most_first(&self) -> Vec<&Finding> {
        let mut said: Vec<&Finding> = self.said.iter().collect();
        said.sort_by_key(|said| (Reverse(said.lines), said.first));
        said
    }

    /// Returns what the lines are about that is no socket: first that of the most lines.
    pub fn something_else(&self) -> Vec<ElseFinding> {
        let mut all = self.something_else.clone();
        all.sort_by_key(|of| (Reverse(of.lines), of.first));
        all
    }

    /// The number of lines with a known message.
    pub fn saying(&self) -> u64 {
        self.said.iter().map(|said| said.lines).sum()
    }

    /// The number of lines.
    pub const fn lines(&self) -> u64 {
        self.lines
    }
}

/// A scenario that shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScenarioRef {
    /// The name, for `finwait run`.
    pub name: &'static str,
    /// The title.
    pub title: &'static str,
    /// Whether it proves one of the causes. Else the errno occurs in it.
    pub proves: bool,
}

/// Everything that is known about one message.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// The subject of the answer.
    #[serde(skip)]
    pub subject: Subject,
    /// `EPIPE`, `EOF`, `deadline exceeded`, `closed by ourselves`.
    pub name: String,
    /// The number, of an errno.
    pub number: Option<i32>,
    /// libc's text, of an errno.
    pub text: Option<String>,
    /// The call, where the text names it.
    pub call: Option<CallClass>,
    /// The languages or programs whose words they are.
    pub dialects: Vec<Dialect>,
    /// Whether it is Windows' wording. What is said is of Linux.
    pub windows: bool,
    /// The system that speaks, where the words show that it is not Linux.
    pub system: Option<System>,
    /// The errno's number there, where it is not Linux's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_number: Option<i32>,
    /// What Linux would say in the same case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_linux: Option<&'static str>,
    /// The addresses in the first line.
    pub addresses: Vec<SocketAddr>,
    /// The port in the first line, by itself or in an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The number of lines that say it.
    pub lines: u64,
    /// The number of the first.
    pub first: u64,
    /// Remarks on the wordings.
    pub remarks: Vec<Remark>,
    /// The carrier of the bytes: what is known of TCP is said of TCP only.
    pub carrier: Carrier,
    /// The meaning.
    pub means: String,
    /// The causes, the likeliest first: situations, and rules that none of them explains.
    pub ranked: Vec<RankedCause>,
    /// When and from whom the lines came, of more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<LogSummary>,
    /// The reasons: the rules for that call, or for all calls where the call is not known.
    pub causes: Vec<&'static Rule>,
    /// The call is known, but no rule is for it: the causes are those for other calls.
    pub other_calls: bool,
    /// Things to look for.
    pub look_for: &'static [&'static str],
    /// Errors that it is mistaken for.
    pub mistaken_for: Option<&'static str>,
    /// The scenarios, the proofs first.
    pub scenarios: Vec<ScenarioRef>,
    /// The likeliest cause on the system that speaks, in a few words.
    #[serde(skip)]
    pub brief: Option<&'static str>,
}

impl Answer {
    /// Are the causes those of what Linux says in the place of another system's errno?
    pub fn is_instead(&self) -> bool {
        let gives = self.subject.gives();
        self.on_linux.is_some() && self.causes.iter().any(|rule| rule.gives != gives)
    }
}

impl Answer {
    /// The rules in the order of the causes: those that a situation explains stand where it does.
    pub fn ranked_rules(&self) -> Vec<&'static Rule> {
        let place = |rule: &Rule| self.ranked.iter().position(|ranked| ranked.rules.contains(&rule.id));
        let mut rules = self.causes.clone();
        rules.sort_by_key(|rule| (Reverse(rule.met), place(rule)));
        rules
    }

    /// The first cause.
    pub fn first_cause(&self) -> Option<&Cause> {
        self.ranked.first().map(|ranked| &ranked.cause)
    }
}

/// Answers what was found.
pub fn answer(said: &Finding) -> Answer {
    let WordingMatch {
        subject,
        call,
        carrier,
        system,
        facts,
        ..
    } = said.found;
    let on_system = match (subject, system, carrier) {
        (Subject::Errno(errno), Some(system), Carrier::Tcp) => systems::of(system, errno, call),
        _ => None,
    };
    let instead = match on_system {
        Some(OnSystem {
            on_linux: OnLinux::Instead { rules, scenario },
            ..
        }) => Some((rules, scenario)),
        _ => None,
    };
    let of_all = || {
        let rules = if carrier == Carrier::Tcp { RULES } else { &[] };
        rules.iter().filter(move |rule| match (instead, subject.beside()) {
            (Some((instead, _)), _) => instead.contains(&rule.id),
            (None, Some(beside)) => beside.contains(&rule.id),
            (None, None) => rule.gives == subject.gives(),
        })
    };
    let of_call = |rule: &&Rule| instead.is_some() || call.is_none_or(|call| rule.calls.contains(&call));
    let mut causes: Vec<&Rule> = of_all().filter(of_call).collect();
    // What the address shows cannot be.
    let before = causes.len();
    causes.retain(|rule| facts.allow(rule.id, call));
    let is_none_left = before > 0 && causes.is_empty();
    let other_calls = before == 0 && of_all().next().is_some();
    if other_calls {
        causes.extend(of_all());
    }
    if let Some((order, _)) = instead {
        causes.sort_by_key(|rule| order.iter().position(|id| *id == rule.id));
    }
    let (number, text) = match subject {
        Subject::Errno(errno) => (Some(errno.0), Some(errno.text())),
        _ => (None, None),
    };
    let prose = elsewhere::of(subject, carrier);
    let ranked = rank(&said.evidence, &causes, other_calls);
    Answer {
        subject,
        name: subject.to_string(),
        number,
        text,
        call,
        dialects: said.dialects.clone(),
        windows: said.found.is_windows(),
        system,
        system_number: match (subject, system) {
            (Subject::Errno(errno), Some(system)) => system.number(errno).filter(|number| *number != errno.0),
            _ => None,
        },
        on_linux: on_system.map(|on| on.linux),
        addresses: said.found.addresses.clone(),
        port: facts.number,
        lines: said.lines,
        first: said.first,
        // What the system means by it says more than that it is another system's.
        remarks: match on_system {
            Some(_) => said
                .remarks
                .iter()
                .filter(|remark| !remark.is_of_system())
                .copied()
                .collect(),
            None => said.remarks.clone(),
        },
        carrier,
        means: on_system.map(|on| on.means.to_owned()).unwrap_or_else(|| {
            prose.map_or_else(
                || {
                    match carrier {
                Carrier::Tcp => {
                    "An errno of the kernel that finwait knows no rule for: no scenario shows it on a TCP socket here."
                        .into()
                }
                Carrier::Udp | Carrier::Unix | Carrier::Pipe | Carrier::File => {
                    "finwait knows TCP: for what it means here there is only its text.".into()
                }
            }
                },
                |prose| match causes.is_empty() && carrier == Carrier::Tcp {
                    true if is_none_left => {
                        let address = "The rules that finwait knows for it do not apply to this address.";
                        format!("{} {address}", prose.means)
                    }
                    true => format!("{} No scenario can show it here.", prose.means),
                    false => prose.means.to_owned(),
                },
            )
        }),
        scenarios: match carrier {
            Carrier::Tcp => match instead {
                Some((_, first)) => instead_of_it(first, &causes),
                None => scenarios(subject, call, &ranked, &causes),
            },
            Carrier::Udp | Carrier::Unix | Carrier::Pipe | Carrier::File => of_carrier(&ranked, carrier, subject),
        },
        ranked,
        log: (said.lines > 1).then(|| said.evidence.log()),
        causes,
        other_calls,
        look_for: match on_system {
            Some(on) => on.look_for,
            None => prose.map_or(&[], |prose| prose.look_for),
        },
        // It tells Linux's errnos apart.
        mistaken_for: prose.map(|prose| prose.mistaken_for).filter(|_| on_system.is_none()),
        brief: on_system.map(|on| on.brief),
    }
}

/// The scenarios of the situations that are met on another carrier than TCP, too.
fn of_carrier(ranked: &[RankedCause], carrier: Carrier, subject: Subject) -> Vec<ScenarioRef> {
    let of_it = ranked.iter().filter(|ranked| match ranked.cause {
        Cause::Situation(situation) => situation.carriers.contains(&carrier),
        Cause::Rule(_) => false,
    });
    let entries = of_it.flat_map(|ranked| shown_by(&ranked.cause, subject));
    let shown = entries.map(|entry| ScenarioRef {
        name: entry.name,
        title: entry.title,
        proves: true,
    });
    shown.collect()
}

/// The scenarios that show what Linux says in the place of another system's errno: the one that shows it best, then the proofs.
fn instead_of_it(first: Option<&str>, causes: &[&Rule]) -> Vec<ScenarioRef> {
    let mut shown: Vec<ScenarioRef> = Vec::new();
    let proofs = causes.iter().map(|rule| rule.proof);
    for entry in first.into_iter().chain(proofs).filter_map(catalog::entry) {
        let (name, title) = (entry.name, entry.title);
        if !shown.iter().any(|shows| shows.name == name) {
            let proves = causes.iter().any(|rule| rule.proof == name);
            shown.push(ScenarioRef { name, title, proves });
        }
    }
    shown
}

/// The scenarios that show it: the nearest of each cause in their order, the others of the first causes, the rules' proofs, then those in
/// which it occurs, in that call first.
fn scenarios(subject: Subject, call: Option<CallClass>, ranked: &[RankedCause], causes: &[&Rule]) -> Vec<ScenarioRef> {
    let mut shown: Vec<ScenarioRef> = Vec::new();
    let show = |shown: &mut Vec<ScenarioRef>, entry: &Entry, proves| {
        let (name, title) = (entry.name, entry.title);
        if !shown.iter().any(|shows| shows.name == name) {
            shown.push(ScenarioRef { name, title, proves });
        }
    };
    let of_causes: Vec<_> = ranked.iter().map(|ranked| shown_by(&ranked.cause, subject)).collect();
    let nearest = of_causes.iter().filter_map(|of| of.first());
    // One that comes to the outcome, but by another call, shows another message.
    let shows = outcome(subject);
    let by_another_call =
        |entry: &&&Entry| call.is_some() && entry.expects(&shows, None) && !entry.expects(&shows, call);
    let further = of_causes
        .iter()
        .take(IN_FULL)
        .flatten()
        .filter(|entry| !by_another_call(entry));
    let proofs = causes.iter().filter_map(|rule| catalog::entry(rule.proof));
    for entry in nearest.chain(further).copied().chain(proofs) {
        show(&mut shown, entry, true);
    }
    let proofs = shown.len();
    // Where else the errno occurs a library would say something else; and nothing else can be the cause of what no rule can be.
    let others = if subject.beside().is_some() || ranked.is_empty() || causes.is_empty() {
        0
    } else {
        OTHERS
    };
    let outcome = outcome(subject);
    let all = catalog::by_group();
    for wanted in [call, None] {
        for entry in all.iter().filter(|entry| entry.expects(&outcome, wanted)) {
            if shown.len() < proofs + others {
                show(&mut shown, entry, false);
            }
        }
    }
    shown
}

/// The outcome that a scenario expects where it shows the subject.
const fn outcome(subject: Subject) -> Returns {
    match subject.gives() {
        RuleOutcome::Errno(errno) => Returns::Errno(errno),
        RuleOutcome::Eof => Returns::Eof,
        RuleOutcome::Deadline => Returns::DeadlineExceeded,
    }
}

/// The scenarios that show a cause: first one in which it leads to the subject, if the nearest does not. What a program that a scenario runs
/// returns is not known, so such a one stays the first; and one that tries a claim of the article shows it beside others.
pub fn shown_by(cause: &Cause, subject: Subject) -> Vec<&'static Entry> {
    let outcome = outcome(subject);
    let mut shown: Vec<&Entry> = cause.scenarios().into_iter().filter_map(catalog::entry).collect();
    let leads = |entry: &&Entry| entry.expects(&outcome, None);
    let stays = shown
        .first()
        .is_none_or(|first| leads(first) || !first.programs.is_empty());
    if let Some(place) = shown
        .iter()
        .position(|entry| leads(entry) && !entry.claims)
        .filter(|_| !stays)
    {
        let nearest = shown.remove(place);
        shown.insert(0, nearest);
    }
    shown
}

/// An answer, and what each language says of the same, as it was measured.
#[derive(Serialize)]
pub struct MeasuredAnswer<'a> {
    /// The answer.
    #[serde(flatten)]
    pub answer: &'a Answer,
    /// The messages of each language on the same call and outcome.
    pub languages: Vec<LanguageMessages<'a>>,
}

/// The words of languages.
#[derive(Serialize)]
pub struct LanguageMessages<'a> {
    /// The place among them.
    pub runtimes: String,
    /// The wording.
    pub said: &'a str,
}

impl<'a> MeasuredAnswer<'a> {
    /// Looks it up in the matrix.
    pub fn of(answer: &'a Answer) -> MeasuredAnswer<'a> {
        let gives = match answer.subject.gives() {
            RuleOutcome::Errno(errno) => errno.name(),
            RuleOutcome::Eof | RuleOutcome::Deadline => answer.name.clone(),
        };
        let rule = match (answer.subject.beside(), answer.causes.first()) {
            (Some(_), Some(rule)) => Some(rule.id),
            _ => None,
        };
        // Without a call, that of the causes which languages speak of: they come with those that are met most often first.
        let of_causes = answer.causes.iter().flat_map(|rule| rule.calls);
        // They were measured with TCP.
        let told = answer.call.iter().filter(|_| answer.carrier == Carrier::Tcp);
        let words = told
            .chain(of_causes)
            .map(|call| Matrix::kept().words(*call, &gives, rule))
            .find(|words| !words.is_empty());
        let words = words.into_iter().flatten();
        MeasuredAnswer {
            answer,
            languages: words
                .map(|(runtimes, said)| LanguageMessages { runtimes, said })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::wording::recognize;

    #[test]
    fn lines_that_say_the_same_are_one_answer_and_most_lines_come_first() {
        let mut gathered = GroupedLines::default();
        for line in [
            "nothing",
            "accept: Too many open files",
            "write: broken pipe",
            "read tcp [::1]:4->[::1]:80: read: connection reset by peer",
            "recv() failed (104: Connection reset by peer)",
            "wsarecv: An existing connection was forcibly closed by the remote host.",
        ] {
            gathered.add(recognize(line).map(LineMeaning::Message));
        }
        let said: Vec<_> = gathered
            .most_first()
            .iter()
            .map(|said| (said.lines, said.first))
            .collect();
        assert_eq!(said, [(2, 4), (1, 2), (1, 3), (1, 6)]);
        assert_eq!((gathered.lines(), gathered.saying()), (6, 5));
        let [reset, .., windows] = gathered.most_first()[..] else {
            panic!("{gathered:?}")
        };
        assert_eq!(reset.dialects, [Dialect::Go, Dialect::Nginx]);
        // On Windows the same has other causes.
        assert_eq!(windows.found.subject, reset.found.subject);
        assert_eq!((reset.remarks.len(), windows.remarks.len()), (0, 1));
    }

    #[test]
    fn an_answer_parses_no_scenario() {
        let mut gathered = GroupedLines::default();
        for text in ["ECONNRESET", "EPIPE", "read: EOF", "i/o timeout"] {
            gathered.add(recognize(text).map(LineMeaning::Message));
        }
        let parsed = crate::scenario::file::parsed_by(|| {
            for said in gathered.most_first() {
                assert!(answer(said).scenarios.len() > 3);
            }
        });
        assert_eq!(parsed, 0);
    }
}
