//! The situations and the words of their clues in TOML, made Rust tables: `situations.toml` and `context.toml`. Names are checked here or by
//! the compiler.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::file::File;
use super::texts::pascal;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The folder, as messages name it.
const FOLDER: &str = "assets/explain";
/// The keys of a situation.
const KEYS: &[&str] = &[
    "title",
    "happened",
    "rules",
    "also",
    "carriers",
    "met",
    "source",
    "scenarios",
    "unshown",
    "signs",
    "measure",
    "mend",
    "clues",
];
/// The Rust code of a name.
type Code = fn(&str) -> String;
/// The keys of a clue that are lists, and what a name of each is in Rust.
const LISTS: &[(&str, Code)] = &[
    ("words", |name| format!("Context::{}", pascal(name))),
    ("outcome", outcome),
    ("call", |name| format!("CallClass::{}", pascal(name))),
    ("side", |name| format!("Side::{}", pascal(name))),
    ("dialect", |name| format!("Dialect::{}", pascal(name))),
    ("system", |name| format!("System::{}", pascal(name))),
    ("address", |name| format!("AddressKind::{}", pascal(name))),
    ("log", |name| format!("LogPattern::{}", pascal(name))),
];

/// Reads the two files, and returns the code: an enum of the situations, one of the words, and their tables.
///
/// # Errors
///
/// All mistakes in them, each with its file, its line, what is wrong and what would be right.
pub fn compile(folder: &Path) -> Result<String, Vec<String>> {
    let (mut code, mut mistakes) = (String::new(), Vec::new());
    for name in ["context", "situations"] {
        let text = match fs::read_to_string(folder.join(format!("{name}.toml"))) {
            Ok(text) => text,
            Err(error) => {
                mistakes.push(format!("{FOLDER}/{name}.toml: {error}"));
                continue;
            }
        };
        let mut file = File {
            name,
            text: &text,
            mistakes: Vec::new(),
            folder: FOLDER,
        };
        match DeTable::parse(&text) {
            Ok(table) if name == "context" => code += &file.contexts(table.get_ref()),
            Ok(table) => code += &file.situations(table.get_ref()),
            Err(error) => file.mistake(error.span().map_or(0, |span| span.start), error.message()),
        }
        mistakes.append(&mut file.mistakes);
    }
    if mistakes.is_empty() { Ok(code) } else { Err(mistakes) }
}

impl File<'_> {
    /// The tables of the file in its order: the name, the place, the contents.
    fn tables<'t, 'i>(&mut self, table: &'t DeTable<'i>) -> Vec<(&'t str, usize, &'t DeTable<'i>)> {
        let mut tables = Vec::new();
        for (key, value) in table {
            match value.get_ref().as_table() {
                Some(table) => tables.push((key.get_ref().as_ref(), key.span().start, table)),
                None => self.mistake(
                    key.span().start,
                    &format!("`{0}` is to be a table: [{0}]", key.get_ref()),
                ),
            }
        }
        tables.sort_by_key(|(_, at, _)| *at);
        tables
    }

    /// A clause or sentences under a key.
    fn prose(&mut self, key: &str, value: &Spanned<DeValue>, ends: bool) -> String {
        let text = self.trimmed(key, value);
        if text.ends_with('.') != ends && !text.is_empty() {
            let is = if ends {
                "sentences: end it with a period"
            } else {
                "a clause, without a period"
            };
            self.mistake(value.span().start, &format!("`{key}` is to be {is}"));
        }
        format!("{text:?}")
    }

    /// A list of texts under a key of a table; empty where there is none.
    fn list<'t>(&mut self, table: &'t DeTable, key: &str) -> Vec<&'t str> {
        let Some(value) = table.get(key) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.mistake(
                value.span().start,
                &format!("`{key}` is to be a list of texts, [\"...\", \"...\"]"),
            );
            return Vec::new();
        };
        items.iter().map(|item| self.trimmed(key, item)).collect()
    }

    fn contexts(&mut self, table: &DeTable) -> String {
        let (mut variants, mut rows) = (String::new(), String::new());
        for (name, at, table) in self.tables(table) {
            let words = self.list(table, "words");
            if words.is_empty() || words.iter().any(|word| word.chars().any(char::is_uppercase)) {
                self.mistake(at, &format!("[{name}] is to have `words`, in small letters"));
            }
            let _ = writeln!(
                variants,
                "    /// Words as in \"{}\".\n    #[serde(rename = {name:?})]\n    {},",
                words.first().unwrap_or(&""),
                pascal(name)
            );
            let _ = writeln!(rows, "    (Context::{}, &{words:?}),", pascal(name));
        }
        format!(
            "/// What else a line says, beside the error: the tables of `{FOLDER}/context.toml`.\n\
             #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]\n\
             pub enum Context {{\n{variants}}}\n\n\
             /// The words of each, in small letters.\n\
             pub(crate) const CONTEXTS: &[(Context, &[&str])] = &[\n{rows}];\n\n"
        )
    }

    fn situations(&mut self, table: &DeTable) -> String {
        let (mut variants, mut names, mut rows) = (String::new(), String::new(), String::new());
        for (name, at, table) in self.tables(table) {
            for (key, _) in table.iter().filter(|(key, _)| !KEYS.contains(&key.get_ref().as_ref())) {
                let what = format!("[{name}] has `{}`; it may have `{}`", key.get_ref(), KEYS.join("`, `"));
                self.mistake(key.span().start, &what);
            }
            let variant = pascal(name);
            let title = table.get("title").map(|value| self.trimmed("title", value).to_owned());
            let _ = writeln!(
                variants,
                "    /// {}.\n    #[serde(rename = {name:?})]\n    {variant},",
                title.unwrap_or_default()
            );
            let _ = writeln!(names, "            SituationId::{variant} => {name:?},");
            rows += &self.situation(name, at, table);
        }
        format!(
            "/// The name of a situation; the names stand in JSON and do not change.\n\
             #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]\n\
             pub enum SituationId {{\n{variants}}}\n\n\
             impl SituationId {{\n    /// The name: `keep-alive-race`.\n    pub const fn name(self) -> &'static str {{\n        \
             match self {{\n{names}        }}\n    }}\n}}\n\n\
             /// All situations, in the order of their ids.\n\
             pub const SITUATIONS: &[Situation] = &[\n{rows}];\n"
        )
    }

    fn situation(&mut self, name: &str, at: usize, table: &DeTable) -> String {
        let mut fields = format!("id: SituationId::{}", pascal(name));
        for (key, ends) in [("title", false), ("happened", true), ("source", false)] {
            match table.get(key) {
                Some(value) => {
                    let text = self.prose(key, value, ends);
                    let _ = write!(fields, ", {key}: {text}");
                }
                None => self.mistake(at, &format!("[{name}] has no `{key}`")),
            }
        }
        let unshown = table
            .get("unshown")
            .map(|value| format!("Some({})", self.prose("unshown", value, false)));
        let scenarios = self.list(table, "scenarios");
        if scenarios.is_empty() == unshown.is_none() {
            self.mistake(
                at,
                &format!("[{name}] is to have `scenarios` that show it, or `unshown`: why none does"),
            );
        }
        let _ = write!(
            fields,
            ", unshown: {}, scenarios: &{scenarios:?}",
            unshown.unwrap_or_else(|| "None".to_owned())
        );
        for key in ["signs", "measure", "mend"] {
            let items = self.list(table, key);
            if items.is_empty() {
                self.mistake(at, &format!("[{name}] has no `{key}`"));
            }
            let _ = write!(fields, ", {key}: &{items:?}");
        }
        let rules = self.list(table, "rules");
        let rules: Vec<String> = rules
            .iter()
            .map(|rule| format!("RuleId::{}", rule_variant(rule)))
            .collect();
        let also: Vec<String> = self.list(table, "also").iter().map(|also| of_no_rule(also)).collect();
        if rules.is_empty() && also.is_empty() {
            self.mistake(
                at,
                &format!("[{name}] is to have `rules` by which it happens, or `also`: outcomes of no rule"),
            );
        }
        let carriers = self.list(table, "carriers");
        let carriers = match carriers[..] {
            [] => "Carrier::Tcp".to_owned(),
            _ => listed(carriers.iter().map(|carrier| format!("Carrier::{}", pascal(carrier)))),
        };
        let met = table
            .get("met")
            .map(|value| pascal(self.trimmed("met", value)))
            .unwrap_or_default();
        if !["Most", "Often", "Sometimes", "Rarely"].contains(&met.as_str()) {
            self.mistake(
                at,
                &format!("[{name}] is to have `met`: \"most\", \"often\", \"sometimes\" or \"rarely\""),
            );
        }
        let clues = table.get("clues").and_then(|clues| clues.get_ref().as_array());
        let clues: String = clues
            .into_iter()
            .flatten()
            .map(|clue| match clue.get_ref().as_table() {
                Some(table) => self.clue(clue.span().start, table),
                None => {
                    self.mistake(
                        clue.span().start,
                        "a clue is to be a table: { words = [\"pool\"], makes = \"likely\" }",
                    );
                    String::new()
                }
            })
            .collect();
        format!(
            "    Situation {{ {fields}, rules: &[{}], also: &[{}], carriers: &[{carriers}], met: Likelihood::{met}, clues: &[{clues}] }},\n",
            rules.join(", "),
            also.join(", ")
        )
    }

    fn clue(&mut self, at: usize, table: &DeTable) -> String {
        let known = |key: &str| key == "makes" || key == "why" || LISTS.iter().any(|(list, _)| *list == key);
        for (key, _) in table.iter().filter(|(key, _)| !known(key.get_ref())) {
            let names: Vec<_> = LISTS.iter().map(|(list, _)| *list).collect();
            let what = format!(
                "a clue has no `{}`; it may have `{}`, `makes`, `why`",
                key.get_ref(),
                names.join("`, `")
            );
            self.mistake(key.span().start, &what);
        }
        let mut fields = String::new();
        for (key, written) in LISTS {
            let items = self.list(table, key).into_iter().map(written);
            let _ = write!(fields, "{key}: &[{}], ", listed(items));
        }
        let makes = table
            .get("makes")
            .map(|value| pascal(self.trimmed("makes", value)))
            .unwrap_or_default();
        if !["Likely", "Likelier", "Unlikelier", "Unlikely", "Impossible", "Possible"].contains(&makes.as_str()) {
            self.mistake(
                at,
                "a clue is to have `makes`: \"likely\", \"likelier\", \"unlikelier\", \"unlikely\", \"impossible\" or \"possible\"",
            );
        }
        let why = table.get("why").map_or("None".to_owned(), |why| {
            format!("Some({})", self.prose("why", why, false))
        });
        format!("Clue {{ {fields}makes: Makes::{makes}, why: {why} }}, ")
    }
}

fn listed(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

/// An outcome: `EPIPE`, `EOF`, `deadline`.
fn outcome(name: &str) -> String {
    match name {
        "EOF" => "RuleOutcome::Eof".to_owned(),
        "deadline" => "RuleOutcome::Deadline".to_owned(),
        errno => format!("RuleOutcome::Errno(Errno::{errno})"),
    }
}

/// An outcome of no rule, and the call where only that one has it: `EINVAL connect`.
fn of_no_rule(text: &str) -> String {
    match text.split_once(' ') {
        Some((name, call)) => format!("({}, Some(CallClass::{}))", outcome(name), pascal(call)),
        None => format!("({}, None)", outcome(text)),
    }
}

/// The variant of a rule, which is not always its name's.
fn rule_variant(name: &str) -> String {
    pascal(name).replace("AtTheEnd", "AtEnd")
}
