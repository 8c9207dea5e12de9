//! A step of a scenario: what it does, and what it expects.

use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Field, Reader};
use crate::command::parse::{WIRE, parse};
use crate::command::wire::{LinkCommand, WireCommand};
use crate::command::{Command, EndCommand};
use crate::document::{Document, TomlValue};
use crate::explain::counters::{COUNTERS, CounterMeaning, counter};
use crate::mistake::{did_you_mean, quoted};
use crate::scenario::expect::{Expectation, Expected, Queue, SocketExpectation, SocketRef};
use crate::scenario::programs::ProgramRef;
use crate::scenario::returns::Returns;
use crate::scenario::segments::{SegmentItem, Segments};
use crate::scenario::{Step, StepAction, WITHIN, expect, keys};
use crate::side::Side;

/// An example of what `counters` are.
const COUNTERS_LIKE: &str = "{ client = { TCPAbortOnClose = 1 } }";
/// The keys of a step that carry a command.
const DOERS: [&str; 3] = [Side::Client.name(), Side::Server.name(), WIRE];

impl<'a> Reader<'a> {
    /// The step before the others that sets the scenario's link.
    pub(super) fn link(&mut self, value: &TomlValue<'a>, isolated: bool) -> Option<Step> {
        let action = self.command("wire link", value, isolated)?;
        if !matches!(action.command, Command::Wire(WireCommand::Link(LinkCommand::Set(_)))) {
            self.wrong(
                value.span(),
                "a scenario's link is a profile or its properties, like \"3g\" or \"delay=40ms loss=1%\"".into(),
            );
        }
        let place = action.place;
        let what = Expected::Returns(Returns::Success);
        Some(Step {
            place,
            name: None,
            say: None,
            look: None,
            action: Some(action),
            expected: vec![Expectation { place, what }],
            claimed: Vec::new(),
            part: None,
            within: WITHIN,
            stands: Duration::ZERO,
            because: None,
        })
    }

    pub(super) fn step(&mut self, value: &TomlValue<'a>, isolated: bool) -> Option<Step> {
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong(value.span(), "a step is a table, after a line [[step]]".into());
            return None;
        };
        let at = value.span();
        // What only follows from a mistake is none of its own.
        let before = self.mistakes.len();
        self.know(table, keys::STEP, "a step", &at);
        let name = self.line(table.get("name"));
        let say = self.string(table.get("say"));
        let look = self.string(table.get("look"));
        let action = self.action(table, isolated);
        let mut expected = self.expectations(table);
        if let (None, Some(action)) = (table.get("returns"), &action) {
            // A command is to succeed unless the file says otherwise.
            let place = action.place;
            let what = Expected::Returns(Returns::Success);
            expected.push(Expectation { place, what });
        }
        // A table's keys come in the order of their names: back to the file's.
        expected.sort_by_key(|expected| expected.place);
        if let (None, Some(value)) = (&action, table.get("returns"))
            && before == self.mistakes.len()
        {
            self.wrong(
                value.span(),
                "returns is what a command returns, and this step has none: client, server or wire".into(),
            );
        }
        if let (Some(StepAction { command, .. }), Some(value)) = (&action, table.get("returns")) {
            let calls = matches!(
                command,
                Command::End(
                    _,
                    EndCommand::Call { .. } | EndCommand::Interrupt(_) | EndCommand::Sigpipe(_)
                )
            );
            let says = value.get_ref().as_str();
            if !calls && says.is_some_and(|says| says.trim() != "ok") {
                self.wrong(value.span(), "this command makes no call: it returns ok".into());
            }
        }
        let mut claimed = match table.get("claim") {
            None => Vec::new(),
            Some(value) => match value.get_ref() {
                DeValue::Boolean(true) if expected.is_empty() => {
                    self.wrong(value.span(), "this step expects nothing that could be claimed".into());
                    Vec::new()
                }
                DeValue::Boolean(true) => expected.clone(),
                DeValue::Table(table) if !table.is_empty() => {
                    self.know(table, keys::EXPECTATIONS, "a claim", &value.span());
                    self.expectations(table)
                }
                _ => {
                    self.wrong(
                        value.span(),
                        "a step's claim is true, when the article expects the same, or what it expects: { returns = \"EPIPE\" }"
                            .into(),
                    );
                    Vec::new()
                }
            },
        };
        if let (Some(words), Some(value)) = (self.line(table.get("go")), table.get("go")) {
            let place = self.document.places.of(value.span().start);
            let what = Expected::Go(words);
            claimed.push(Expectation { place, what });
        }
        let part = self.line(table.get("part"));
        if let (Some(value), true, true) = (table.get("part"), claimed.is_empty(), before == self.mistakes.len()) {
            self.wrong(
                value.span(),
                "part names the part of the claim that a step tries, and this step claims nothing: claim or go".into(),
            );
        }
        let within = self.duration(table.get("within"));
        let stands = self.duration(table.get("stands"));
        for key in ["within", "stands", "because"] {
            if let Some(value) = table.get(key)
                && expected.is_empty()
                && before == self.mistakes.len()
            {
                let about = match key {
                    "because" => "why they are so",
                    _ => "how long they take or stand",
                };
                self.wrong(
                    value.span(),
                    format!("{key} is about expectations, {about}, and this step has none"),
                );
            }
        }
        let because = self.string(table.get("because"));
        if let (Some(value), None, true) = (table.get("look"), &action, expected.is_empty())
            && before == self.mistakes.len()
        {
            self.wrong(
                value.span(),
                "look is about what a step has done or waited for, and this one does neither: say".into(),
            );
        }
        if say.is_none() && action.is_none() && expected.is_empty() && before == self.mistakes.len() {
            self.wrong(
                at.clone(),
                "a step says something, does something or expects something: this one is empty".into(),
            );
        }
        Some(Step {
            place: self.document.places.of(at.start),
            name,
            say,
            look,
            action,
            expected,
            claimed,
            part,
            within: within.unwrap_or(WITHIN),
            stands: stands.unwrap_or(Duration::ZERO),
            because,
        })
    }

    pub(super) fn action(&mut self, table: &DeTable<'a>, isolated: bool) -> Option<StepAction> {
        let mut done = DOERS.iter().filter_map(|doer| Some((*doer, table.get(*doer)?)));
        let (doer, value) = done.next()?;
        for (other, value) in done {
            self.wrong(
                value.span(),
                format!("a step does one thing: {other} belongs in a step of its own, after {doer}"),
            );
        }
        let action = self.command(doer, value, isolated);
        self.has_unread_command |= action.is_none();
        action
    }

    /// The command that a value is, after the words before it.
    pub(super) fn command(&mut self, before: &str, value: &TomlValue<'a>, isolated: bool) -> Option<StepAction> {
        let command = self.parsed(Some(value), |text| {
            let prefix = before.chars().count() + 1;
            parse(&format!("{before} {text}"), None).map_err(|error| {
                let mut why = error.why.clone();
                let near: Vec<&str> = error.nearest.iter().map(String::as_str).collect();
                match near.as_slice() {
                    [] => {}
                    [only] => why.push_str(&format!("; did you mean {only}?")),
                    [most @ .., last] => why.push_str(&format!("; did you mean {} or {last}?", most.join(", "))),
                }
                (error.column.saturating_sub(prefix + 1), why)
            })
        })?;
        if let (Some(needs), false) = (command.needs_isolated(), isolated) {
            self.wrong(
                value.span(),
                format!("only the isolated lab has {needs}: lab = \"isolated\""),
            );
        }
        if let Command::End(_, command) = &command {
            let named = command.program_named();
            self.programs_named
                .extend(named.map(|name| (name.clone(), value.span())));
        }
        let text = value.get_ref().as_str().unwrap_or_default().trim();
        Some(StepAction {
            text: format!("{before} {text}"),
            command,
            place: self.document.places.of(value.span().start),
        })
    }

    pub(super) fn expectations(&mut self, table: &DeTable<'a>) -> Vec<Expectation> {
        let mut expected = Vec::new();
        let mut add = |document: &Document<'_>, span: Range<usize>, what: Expected| {
            let place = document.places.of(span.start);
            expected.push(Expectation { place, what });
        };
        if let Some(value) = table.get("returns")
            && let Some(returns) = self.parsed(Some(value), Returns::parse)
        {
            add(&self.document, value.span(), Expected::Returns(returns));
        }
        for (who, value) in self.by_socket(table.get("later"), "{ client = \"ECONNRESET\" }") {
            let (Some(who), Some(returns)) = (who, self.parsed(Some(value), Returns::parse)) else {
                continue;
            };
            add(&self.document, value.span(), Expected::Later(who, returns));
        }
        if let Some(value) = table.get("states")
            && let Some(states) = self.table(value, "{ client = \"FIN_WAIT2\", server = \"CLOSE_WAIT\" }")
        {
            for (key, value) in states {
                if key.get_ref() == "queued" {
                    if let Some(states) = self.parsed(Some(value), expect::queued) {
                        add(&self.document, value.span(), Expected::Queued(states));
                    }
                } else if let (Some(who), Some(stands)) =
                    (self.who(key), self.parsed(Some(value), SocketExpectation::parse))
                {
                    add(&self.document, value.span(), Expected::State(who, stands));
                }
            }
        }
        for (who, value) in self.by_socket(table.get("queues"), "{ server = { rx = 5 } }") {
            let (Some(who), Some(queues)) = (who, self.table(value, "{ rx = 5, tx = 0 }")) else {
                continue;
            };
            self.know(queues, keys::QUEUE, "a queue", &value.span());
            for way in Queue::ALL {
                let Some(value) = queues.get(way.name()) else { continue };
                if let Some(bound) = self.bound(value, "a queue is a number of bytes, like 5 or \">0\"") {
                    add(&self.document, value.span(), Expected::Queue(who.clone(), way, bound));
                }
            }
        }
        if let Some(value) = table.get("segments") {
            let DeValue::Array(array) = value.get_ref() else {
                self.kind(value, "a list like [\"client FIN,ACK\", \"server ACK\"]");
                return expected;
            };
            let before = self.mistakes.len();
            let items = array
                .iter()
                .filter_map(|item| self.parsed(Some(item), SegmentItem::parse));
            let segments = Segments(items.collect());
            if segments.is_empty_talk() {
                self.wrong(
                    value.span(),
                    "... alone matches whatever comes: leave segments out".into(),
                );
            }
            if before == self.mistakes.len() {
                add(&self.document, value.span(), Expected::Segments(segments));
            }
        }
        for (who, value) in self.by_program(table.get("exits")) {
            if let ProgramRef::Named(name) = &who {
                self.programs_named.push((name.clone(), value.span()));
            }
            if let Some(how) = self.death(value) {
                add(&self.document, value.span(), Expected::Exits(who, how));
            }
        }
        for (who, value) in self.by_program(table.get("says")) {
            if let ProgramRef::Named(name) = &who {
                self.programs_named.push((name.clone(), value.span()));
            }
            if let Some(text) = self.line(Some(value)) {
                add(&self.document, value.span(), Expected::Says(who, text));
            }
        }
        for (side, value) in self.by_end(table.get("counters"), COUNTERS_LIKE) {
            let Some(counters) = self.table(value, "{ TCPAbortOnClose = 1 }") else {
                continue;
            };
            for (key, value) in counters {
                let (counter, bound) = (
                    self.counter(key),
                    self.bound(value, "a counter is a number, like 1 or \">0\""),
                );
                if let (Some(side), Some(counter), Some(bound)) = (side, counter, bound) {
                    add(&self.document, value.span(), Expected::Counter(side, counter, bound));
                }
            }
        }
        if let Some(value) = table.get("gives-up")
            && let Some(wanted) = self.duration(Some(value))
        {
            add(&self.document, value.span(), Expected::SynPatience(wanted));
        }
        expected
    }

    /// The values of a table whose keys are sockets.
    pub(super) fn by_socket<'b>(
        &mut self,
        value: Field<'a, 'b>,
        like: &str,
    ) -> Vec<(Option<SocketRef>, &'b TomlValue<'a>)> {
        let Some(table) = value.and_then(|value| self.table(value, like)) else {
            return Vec::new();
        };
        table.iter().map(|(key, value)| (self.who(key), value)).collect()
    }

    /// The values of a table whose keys are ends.
    pub(super) fn by_end<'b>(&mut self, value: Field<'a, 'b>, like: &str) -> Vec<(Option<Side>, &'b TomlValue<'a>)> {
        let Some(table) = value.and_then(|value| self.table(value, like)) else {
            return Vec::new();
        };
        let mut values = Vec::new();
        for (key, value) in table {
            let side = Side::BOTH
                .into_iter()
                .find(|side| side.name() == key.get_ref().as_ref());
            if side.is_none() {
                let why = format!("a host is client or server, not {}: {like}", quoted(key.get_ref()));
                self.wrong(key.span(), why);
            }
            values.push((side, value));
        }
        values
    }

    /// A counter by its name, with or without `TcpExt`.
    pub(super) fn counter(&mut self, key: &Spanned<std::borrow::Cow<'a, str>>) -> Option<&'static CounterMeaning> {
        let name = key.get_ref().as_ref();
        let known = counter(name);
        if known.is_none() {
            let names: Vec<&str> = COUNTERS.iter().map(CounterMeaning::shown).collect();
            let near = did_you_mean(name, &names);
            let all = if near.is_empty() {
                "; docs/counters.md lists them"
            } else {
                &near
            };
            self.wrong(key.span(), format!("finwait knows no counter {}{all}", quoted(name)));
        }
        known
    }

    pub(super) fn who(&mut self, key: &Spanned<std::borrow::Cow<'a, str>>) -> Option<SocketRef> {
        match SocketRef::parse(key.get_ref()) {
            Ok(who) => Some(who),
            Err(why) => {
                self.wrong(key.span(), why);
                None
            }
        }
    }
}
