//! From the text of a file to a [`Scenario`], or every mistake in it.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::bound::Bound;
use super::expect::{self, Expectation, Expected, Queue, SocketExpectation, SocketRef};
use super::keys::{self, Key};
use super::lesson::{Lesson, Level, Shelf, Topic};
use super::needs::{Needs, Question};
use super::programs::{self, ProgramRef};
use super::returns::Returns;
use super::segments::{Item, Segments};
use super::{Group, Kernel, Scenario, Step, StepAction, WITHIN};
use crate::command::parse::{WIRE, parse};
use crate::command::programs::ProgramName;
use crate::command::wire::{LinkCommand, WireCommand};
use crate::command::{Command, EndCommand};
use crate::document::{Document, TomlValue};
use crate::errno::Errno;
use crate::explain::counters::{COUNTERS, CounterMeaning, counter};
use crate::lab::CommandLine;
use crate::lab::event::Death;
use crate::mistake::{Mistake, did_you_mean, quoted};
use crate::program::ProgramSpec;
use crate::runtime::Runtime;
use crate::session::lineup::{FirstProgram, Readiness};
use crate::side::{Ends, Side};
use crate::typed;

/// The end of a scenario file's name.
pub const SUFFIX: &str = ".toml";

/// Reads a scenario; `path` is what messages call the file, and its last part is the scenario's name.
///
/// # Errors
///
/// All mistakes in the file, each with its place.
pub fn read(path: &str, text: &str) -> Result<Scenario, Vec<Mistake>> {
    parsed(path, text, Reader::scenario)
}

/// Reads a file by way of `read`, which notes the mistakes that it finds.
fn parsed<'a, T>(
    path: &'a str,
    text: &'a str,
    read: impl FnOnce(&mut Reader<'a>, &DeTable<'a>, Range<usize>) -> Option<T>,
) -> Result<T, Vec<Mistake>> {
    #[cfg(test)]
    PARSED.with(|parsed| parsed.set(parsed.get() + 1));
    let document = Document::new(path, text);
    let table = document.parse().map_err(|mistake| vec![mistake])?;
    let mut reader = Reader {
        path,
        document,
        mistakes: Vec::new(),
        programs_named: Vec::new(),
        has_unread_command: false,
    };
    let whole = table.span();
    match read(&mut reader, table.get_ref(), whole) {
        Some(read) if reader.mistakes.is_empty() => Ok(read),
        _ => {
            let mut mistakes = reader.mistakes;
            mistakes.sort_by_key(|mistake| mistake.place);
            Err(mistakes)
        }
    }
}

#[cfg(test)]
thread_local! {
    static PARSED: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// The number of files that `work` parses on this thread.
#[cfg(test)]
pub(crate) fn parsed_by(work: impl FnOnce()) -> u32 {
    let before = PARSED.get();
    work();
    PARSED.get() - before
}

/// The scenario's name: the file's, without folders and `.toml`.
pub fn name_of(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.strip_suffix(SUFFIX).unwrap_or(file)
}

struct Reader<'a> {
    path: &'a str,
    document: Document<'a>,
    mistakes: Vec<Mistake>,
    /// The programs that steps name, and where.
    programs_named: Vec<(ProgramName, Range<usize>)>,
    /// Is there a command that is not understood, which may have been to start one?
    has_unread_command: bool,
}

/// The value under a key of a table.
type Field<'a, 'b> = Option<&'b TomlValue<'a>>;

/// The form of a duration.
const DURATIONS: &str = "a time is like \"500ms\" or \"2s\"";
/// The form of a lesson.
const LESSON: &str = "{ group = \"write\", level = \"beginner\", minutes = 3 }";
/// The form of a kernel's answers.
const ANSWERS: &str = "{ disconnect-under-read = \"EPIPE\" }";
/// The longest that a step may wait.
const LONGEST: Duration = Duration::from_secs(600);

impl<'a> Reader<'a> {
    fn scenario(&mut self, table: &DeTable<'a>, whole: Range<usize>) -> Option<Scenario> {
        let at = whole.start..whole.start;
        self.know(table, keys::TOP, "a scenario", &at);
        let title = self.line(table.get("title"));
        let summary = self.string(table.get("summary"));
        let group = self.word(
            table.get("group"),
            "a group",
            &Group::ALL.map(|group| (group.name(), group)),
        );
        let id = self.line(table.get("id"));
        let lesson = self.lesson(table.get("lesson"));
        let isolated = self.word(table.get("lab"), "a lab", &[("any", false), ("isolated", true)]);
        let ipv6 = self.bool(table.get("ipv6"));
        let offload = self.bool(table.get("offload"));
        let (driven, programs) = self.driven(table.get("driven"), isolated == Some(true));
        let (needs, needed) = self.needs(table.get("needs"));
        let claim = self.line(table.get("claim"));
        let expects = self.line(table.get("expects"));
        if let (None, Some(expects)) = (table.get("claim"), table.get("expects")) {
            self.wrong(
                expects.span(),
                "expects is what the article says, and needs claim: its wording".into(),
            );
        }
        let isolated = isolated.unwrap_or(false);
        let mut steps = Vec::new();
        steps.extend(table.get("link").and_then(|value| self.link(value, isolated)));
        if let Some(value) = table.get("step") {
            match value.get_ref() {
                DeValue::Array(array) if !array.is_empty() => {
                    for step in array.iter() {
                        steps.extend(self.step(step, isolated));
                    }
                }
                _ => self.wrong(value.span(), "steps are tables, each after a line [[step]]".into()),
            }
        }
        self.know_programs(&programs, &steps);
        if let (Some(value), true) = (table.get("claim"), steps.iter().all(|step| step.claimed.is_empty())) {
            self.wrong(
                value.span(),
                "no step says what the claim expects: claim = true, claim = { returns = \"EPIPE\" }, or go = \"broken pipe\"".into(),
            );
        }
        Some(Scenario {
            name: name_of(self.path).to_owned(),
            path: self.path.to_owned(),
            title: title?,
            summary: summary?,
            group: group?,
            id,
            lesson,
            isolated,
            ipv6,
            offload,
            driven,
            programs,
            needs,
            needed,
            claim,
            expects,
            steps,
        })
    }

    /// The place of a scenario among the lessons.
    fn lesson(&mut self, value: Field<'a, '_>) -> Option<Lesson> {
        let table = self.table(value?, LESSON)?;
        let at = value?.span();
        self.know(table, keys::LESSON, "a lesson", &at);
        let topics = Topic::ALL.map(|topic| (topic.name(), topic));
        let group = self.word(table.get("group"), "a group of lessons", &topics);
        let start = self.small(table.get("start"), "its number under \"Start here\", from 1 on");
        let level = self.word(
            table.get("level"),
            "a level",
            &Level::ALL.map(|level| (level.name(), level)),
        );
        let minutes = self.small(table.get("minutes"), "the minutes that it takes, from 1 on");
        let shelf = match (table.get("start"), table.get("group")) {
            (Some(_), None) => start.map(Shelf::Start),
            (None, Some(_)) => group.map(Shelf::Under),
            (Some(start), Some(_)) => {
                self.wrong(start.span(), "a lesson stands under one heading: start or group".into());
                None
            }
            (None, None) => {
                self.wrong(at, format!("a lesson needs start or group: {LESSON}"));
                None
            }
        };
        Some(Lesson {
            shelf: shelf?,
            level: level?,
            minutes: minutes?,
        })
    }

    /// A number from 1 to 99.
    fn small(&mut self, value: Field<'a, '_>, what: &str) -> Option<u8> {
        let value = value?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => u8::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let number = number.filter(|number| (1..=99).contains(number));
        if number.is_none() {
            self.wrong(value.span(), format!("this is {what}: a number up to 99"));
        }
        number
    }

    /// The needs of a scenario from the kernel: a version, or its answers to questions.
    fn needs(&mut self, value: Field<'a, '_>) -> (Option<Needs>, Vec<String>) {
        let program = match value.map(|value| value.get_ref()) {
            Some(DeValue::Table(table)) => table.get("program"),
            _ => None,
        };
        let programs = match program.map(|program| (program, program.get_ref())) {
            None => Vec::new(),
            Some((_, DeValue::Array(all))) => all.iter().filter_map(|one| self.line(Some(one))).collect(),
            Some((one, _)) => self.line(Some(one)).into_iter().collect(),
        };
        (self.needs_of_kernel(value), programs)
    }

    fn needs_of_kernel(&mut self, value: Field<'a, '_>) -> Option<Needs> {
        let DeValue::Table(_) = value?.get_ref() else {
            let kernel = self.parsed(value, |text| {
                Kernel::parse(text)
                    .filter(|kernel| kernel.to_string() == text)
                    .ok_or_else(|| (0, format!("a kernel is like \"6.1\", or what it gives like {ANSWERS}")))
            });
            return kernel.map(Needs::Kernel);
        };
        let table = self.table(value?, ANSWERS)?;
        self.know(table, keys::NEEDS, "needs", &value?.span());
        let mut answers = Vec::new();
        for question in Question::ALL {
            let known: Vec<(String, Errno)> = question
                .answers()
                .iter()
                .map(|answer| (answer.name(), *answer))
                .collect();
            let known: Vec<(&str, Errno)> = known.iter().map(|(name, answer)| (name.as_str(), *answer)).collect();
            let answer = self.word(table.get(question.name()), "what a kernel gives for it", &known);
            answers.extend(answer.map(|answer| (question, answer)));
        }
        (!answers.is_empty()).then_some(Needs::Answers(answers))
    }

    /// The runtimes that drive the ends, raw calls where nothing is said, and the programs that run beside them.
    fn driven(&mut self, value: Field<'a, '_>, isolated: bool) -> (Ends<Runtime>, Ends<Vec<FirstProgram>>) {
        let mut both = (Ends::default(), Ends::<Vec<FirstProgram>>::default());
        let Some(value) = value else { return both };
        let Some(table) = self.table(value, "driven = { client = \"go\" }") else {
            return both;
        };
        self.know(table, keys::DRIVEN, "driven", &value.span());
        for side in Side::BOTH {
            let all = match table.get(side.name()).map(|value| (value, value.get_ref())) {
                None => continue,
                Some((_, DeValue::Array(all))) => all.iter().collect(),
                Some((value, _)) => vec![value],
            };
            for value in all {
                match value.get_ref() {
                    DeValue::Table(table) => {
                        let program = self.program(table, &value.span());
                        if !isolated {
                            self.wrong(
                                value.span(),
                                "only the isolated lab runs programs of your own: lab = \"isolated\"".into(),
                            );
                        }
                        both.1[side].extend(program);
                    }
                    _ => {
                        let runtimes = Runtime::ALL.map(|runtime| (runtime.name(), runtime));
                        let named = self.word(Some(value), "a language", &runtimes);
                        both.0[side] = named.unwrap_or_default();
                    }
                }
            }
        }
        both
    }

    /// A program that the run begins with.
    fn program(&mut self, table: &DeTable<'a>, at: &Range<usize>) -> Option<FirstProgram> {
        self.know(table, keys::PROGRAM, "a program", at);
        let run = self.line(table.get("run"));
        if let (Some(text), Some(value)) = (&run, table.get("run"))
            && let Err(why) = CommandLine::parse(text)
        {
            self.wrong(value.span(), why);
        }
        let ready = self.parsed(table.get("ready"), |text| {
            Readiness::parse(text).map_err(|why| (0, why))
        });
        let env = self.pairs(table.get("env"), "{ LANG = \"C\" }");
        let cwd = self.line(table.get("cwd")).map(PathBuf::from);
        let files = self.pairs(table.get("files"), "{ \"nginx.conf\" = \"...\" }");
        let terminal = self.bool(table.get("terminal")).unwrap_or(false);
        // As it stands: its blanks and line ends are the program's.
        let stdin = table.get("stdin").and_then(|value| match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            _ => {
                self.kind(value, "a string");
                None
            }
        });
        let spec = ProgramSpec {
            run: run?,
            env,
            cwd,
            files,
            stdin,
            terminal,
        };
        for (checked, key) in [(spec.check_stdin(), "stdin"), (spec.check_cwd(), "cwd")] {
            if let (Err(why), Some(value)) = (checked, table.get(key)) {
                self.wrong(value.span(), why);
            }
        }
        Some(FirstProgram { spec, ready })
    }

    /// A table of texts, in the order of the file.
    fn pairs(&mut self, value: Field<'a, '_>, like: &str) -> Vec<(String, String)> {
        let Some(table) = value.and_then(|value| self.table(value, like)) else {
            return Vec::new();
        };
        let mut pairs = Vec::new();
        for (key, value) in table {
            match value.get_ref() {
                DeValue::String(text) => pairs.push((key.get_ref().to_string(), text.to_string())),
                _ => self.kind(value, "a string"),
            }
        }
        pairs
    }

    /// The programs that an expectation is about: all of them, or those that a table names.
    fn by_program<'b>(&mut self, value: Field<'a, 'b>) -> Vec<(ProgramRef, &'b TomlValue<'a>)> {
        match value.map(|value| (value, value.get_ref())) {
            None => Vec::new(),
            Some((_, DeValue::Table(table))) => {
                let mut all = Vec::new();
                for (key, value) in table {
                    match ProgramRef::parse(key.get_ref()) {
                        Ok(who) => all.push((who, value)),
                        Err(why) => self.wrong(key.span(), why),
                    }
                }
                all
            }
            Some((value, _)) => vec![(ProgramRef::Any, value)],
        }
    }

    /// The end of a program: a status, or a signal.
    fn death(&mut self, value: &TomlValue<'a>) -> Option<Death> {
        match value.get_ref() {
            DeValue::Integer(number) => {
                let status = u8::from_str_radix(number.as_str(), number.radix());
                if status.is_err() {
                    self.wrong(value.span(), "a program exits with a number from 0 to 255".into());
                }
                status.ok().map(|status| Death::Exited(status.into()))
            }
            _ => self.parsed(Some(value), |text| programs::death(text).map_err(|why| (0, why))),
        }
    }

    /// The step before the others that sets the scenario's link.
    fn link(&mut self, value: &TomlValue<'a>, isolated: bool) -> Option<Step> {
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

    /// Notes programs that are named and that nothing starts.
    fn know_programs(&mut self, first: &Ends<Vec<FirstProgram>>, steps: &[Step]) {
        // What only follows from a mistake is none of its own.
        if self.has_unread_command {
            return;
        }
        let first = first
            .iter()
            .flat_map(|(_, programs)| programs.iter().map(|program| &program.spec));
        let commands = || steps.iter().filter_map(|step| step.action.as_ref());
        let run = commands().filter_map(|action| match &action.command {
            Command::End(_, EndCommand::Run(spec)) => Some(&**spec),
            _ => None,
        });
        let started: Vec<ProgramName> = first
            .chain(run)
            .map(|spec| ProgramName::of_command(&spec.run))
            .collect();
        let is_again = |action: &&StepAction| matches!(action.command, Command::End(_, EndCommand::RestartProgram(_)));
        // One that is started again has the next name of its command; which one it is, the run will show.
        let most = started.len() + commands().filter(is_again).count();
        let mut known: Vec<ProgramName> = Vec::new();
        for name in &started {
            let same = started.iter().filter(|other| *other == name).count();
            let many = same + most - started.len();
            known.extend((0..many).map(|others| name.after(others)));
        }
        known.sort();
        known.dedup();
        for (name, span) in std::mem::take(&mut self.programs_named) {
            if known.contains(&name) {
                continue;
            }
            let names: Vec<&str> = known.iter().map(ProgramName::as_str).collect();
            let near = did_you_mean(name.as_str(), &names);
            let why = match started.is_empty() {
                true => format!("no program is called {name}: the scenario runs none"),
                false => format!("no program of the scenario is called {name}{near}"),
            };
            self.wrong(span, why);
        }
    }

    fn step(&mut self, value: &TomlValue<'a>, isolated: bool) -> Option<Step> {
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

    fn action(&mut self, table: &DeTable<'a>, isolated: bool) -> Option<StepAction> {
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
    fn command(&mut self, before: &str, value: &TomlValue<'a>, isolated: bool) -> Option<StepAction> {
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

    fn expectations(&mut self, table: &DeTable<'a>) -> Vec<Expectation> {
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
            let items = array.iter().filter_map(|item| self.parsed(Some(item), Item::parse));
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
    fn by_socket<'b>(&mut self, value: Field<'a, 'b>, like: &str) -> Vec<(Option<SocketRef>, &'b TomlValue<'a>)> {
        let Some(table) = value.and_then(|value| self.table(value, like)) else {
            return Vec::new();
        };
        table.iter().map(|(key, value)| (self.who(key), value)).collect()
    }

    /// The values of a table whose keys are ends.
    fn by_end<'b>(&mut self, value: Field<'a, 'b>, like: &str) -> Vec<(Option<Side>, &'b TomlValue<'a>)> {
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
    fn counter(&mut self, key: &Spanned<std::borrow::Cow<'a, str>>) -> Option<&'static CounterMeaning> {
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

    fn who(&mut self, key: &Spanned<std::borrow::Cow<'a, str>>) -> Option<SocketRef> {
        match SocketRef::parse(key.get_ref()) {
            Ok(who) => Some(who),
            Err(why) => {
                self.wrong(key.span(), why);
                None
            }
        }
    }

    /// Tells every key that the table does not know, and those that it lacks.
    fn know(&mut self, table: &DeTable<'a>, known: &[Key], what: &str, at: &Range<usize>) {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        for (key, _) in table {
            if !names.contains(&key.get_ref().as_ref()) {
                let near = did_you_mean(key.get_ref(), &names);
                let all = if near.is_empty() {
                    format!("; it has {}", names.join(", "))
                } else {
                    near
                };
                self.wrong(key.span(), format!("{what} has no {}{all}", quoted(key.get_ref())));
            }
        }
        for (name, _) in known
            .iter()
            .filter(|(name, required)| *required && !table.contains_key(*name))
        {
            let like = match *name {
                "step" => "[[step]]",
                "group" => "group = \"close\"",
                "summary" => "summary = \"one or two sentences\"",
                "level" => "level = \"beginner\"",
                "minutes" => "minutes = 3",
                "lesson" => LESSON,
                "run" => "run = \"nginx -c ./nginx.conf\"",
                "left" | "right" => "the column's heading",
                "say" => "what is about to happen in the two labs",
                "look" => "how the two labs differ once it is done",
                _ => "title = \"one line\"",
            };
            self.wrong(at.clone(), format!("{what} needs {name}: {like}"));
        }
    }

    fn wrong(&mut self, span: Range<usize>, why: String) {
        self.mistakes.push(self.document.wrong(span, why));
    }

    /// The complaint about a value of the wrong type.
    fn kind(&mut self, value: &TomlValue<'a>, wanted: &str) {
        self.mistakes.push(self.document.kind(value, wanted));
    }

    fn table<'b>(&mut self, value: &'b TomlValue<'a>, like: &str) -> Option<&'b DeTable<'a>> {
        match value.get_ref() {
            DeValue::Table(table) if table.is_empty() => {
                self.wrong(value.span(), format!("this is empty; it should be like {like}"));
                None
            }
            DeValue::Table(table) => Some(table),
            _ => {
                self.kind(value, &format!("a table like {like}"));
                None
            }
        }
    }

    /// Text that says something.
    fn string(&mut self, value: Field<'a, '_>) -> Option<String> {
        let value = value?;
        match value.get_ref() {
            DeValue::String(text) if text.trim().is_empty() => {
                self.wrong(value.span(), "this is empty".into());
                None
            }
            DeValue::String(text) => match text.chars().position(|c| c.is_control() && c != '\n') {
                None => Some(text.trim().to_owned()),
                Some(n) => {
                    self.wrong_at(value, n, "prose has no control characters".into());
                    None
                }
            },
            _ => {
                self.kind(value, "a string");
                None
            }
        }
    }

    /// Text of one line.
    fn line(&mut self, value: Field<'a, '_>) -> Option<String> {
        let text = self.string(value)?;
        if let (true, Some(value)) = (text.contains('\n'), value) {
            self.wrong(value.span(), "this must be one line".into());
        }
        Some(text)
    }

    fn bool(&mut self, value: Field<'a, '_>) -> Option<bool> {
        let value = value?;
        match value.get_ref() {
            DeValue::Boolean(yes) => Some(*yes),
            _ => {
                self.kind(value, "true or false");
                None
            }
        }
    }

    fn word<T: Copy>(&mut self, value: Field<'a, '_>, what: &str, words: &[(&str, T)]) -> Option<T> {
        self.parsed(value, |text| {
            let found = words.iter().find(|(word, _)| *word == text);
            found.map(|(_, value)| *value).ok_or_else(|| {
                let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                let near = did_you_mean(text, &names);
                (
                    0,
                    format!(
                        "{text} is not {what}; there are {}{near}",
                        names.join(", "),
                        text = quoted(text)
                    ),
                )
            })
        })
    }

    /// Parses a string; a mistake in it is reported at its character.
    fn parsed<T>(&mut self, value: Field<'a, '_>, read: impl Fn(&str) -> Result<T, (usize, String)>) -> Option<T> {
        let value = value?;
        let DeValue::String(text) = value.get_ref() else {
            self.kind(value, "a string");
            return None;
        };
        match read(text) {
            Ok(read) => Some(read),
            Err((n, why)) => {
                self.wrong_at(value, n, why);
                None
            }
        }
    }

    /// A mistake at the character `n` of a string.
    fn wrong_at(&mut self, value: &TomlValue<'a>, n: usize, why: String) {
        self.mistakes.push(self.document.wrong_at(value, n, why));
    }

    fn duration(&mut self, value: Field<'a, '_>) -> Option<Duration> {
        self.parsed(value, |text| match typed::time(text) {
            Some(time) if time <= LONGEST && !time.is_zero() => Ok(time),
            Some(_) => Err((0, format!("a step waits from 1ms to {}s", LONGEST.as_secs()))),
            None => Err((0, format!("{DURATIONS}, not {text}", text = quoted(text)))),
        })
    }

    /// A number, or what it must be; otherwise that is `like`.
    fn bound(&mut self, value: &TomlValue<'a>, like: &str) -> Option<Bound> {
        let bound = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .ok()
                .map(Bound::exactly),
            DeValue::String(text) => Bound::parse(text),
            _ => None,
        };
        let bound = bound.filter(|bound| (0..=i64::from(u32::MAX)).contains(&bound.number));
        if bound.is_none() {
            self.wrong(value.span(), like.into());
        }
        bound
    }
}

/// An example of what `counters` are.
const COUNTERS_LIKE: &str = "{ client = { TCPAbortOnClose = 1 } }";
/// The keys of a step that carry a command.
const DOERS: [&str; 3] = [Side::Client.name(), Side::Server.name(), WIRE];

pub mod beside;
#[cfg(test)]
mod tests;
