//! The programs that a scenario begins with and those that it names: what starts them, how they end, and that something starts them.

use std::ops::Range;
use std::path::PathBuf;

use toml::de::{DeTable, DeValue};

use super::{Field, Reader};
use crate::command::programs::ProgramName;
use crate::command::{Command, EndCommand};
use crate::document::TomlValue;
use crate::lab::CommandLine;
use crate::lab::event::Death;
use crate::mistake::did_you_mean;
use crate::program::ProgramSpec;
use crate::runtime::Runtime;
use crate::scenario::programs::ProgramRef;
use crate::scenario::{Step, StepAction, keys, programs};
use crate::session::lineup::{FirstProgram, Readiness};
use crate::side::{Ends, Side};

impl<'a> Reader<'a> {
    /// The runtimes that drive the ends, raw calls where nothing is said, and the programs that run beside them.
    pub(super) fn driven(&mut self, value: Field<'a, '_>, isolated: bool) -> (Ends<Runtime>, Ends<Vec<FirstProgram>>) {
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
    pub(super) fn program(&mut self, table: &DeTable<'a>, at: &Range<usize>) -> Option<FirstProgram> {
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
    pub(super) fn pairs(&mut self, value: Field<'a, '_>, like: &str) -> Vec<(String, String)> {
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
    pub(super) fn by_program<'b>(&mut self, value: Field<'a, 'b>) -> Vec<(ProgramRef, &'b TomlValue<'a>)> {
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
    pub(super) fn death(&mut self, value: &TomlValue<'a>) -> Option<Death> {
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

    /// Notes programs that are named and that nothing starts.
    pub(super) fn know_programs(&mut self, first: &Ends<Vec<FirstProgram>>, steps: &[Step]) {
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
}
