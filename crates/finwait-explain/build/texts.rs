//! Texts in TOML, made Rust code: each text a variant of an enum with exactly its placeholders as fields, or a constant.
//!
//! The compiler holds what a look-up at run time could not: a text that the code names and no file has, a placeholder that the code
//! does not fill or that the text lacks, and a text that nothing uses (`dead_code` is denied) do not compile.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The folder, as messages name it.
const FOLDER: &str = "assets/explain";

/// The form of a file.
pub enum Shape {
    /// A table for each subject, a sentence for each of its keys: variants of an enum of this name. A text may stand in no table, too.
    /// `[part.NAME]` has clauses.
    Sentences(&'static str),
    /// The same, of clauses.
    Clauses(&'static str),
    /// A constant of this type for each table, with these fields.
    Records {
        /// The path of the type.
        of: &'static str,
        /// The fields, all of them texts without placeholders.
        fields: &'static [(&'static str, Field)],
        /// Names of macros that give the constant, and, where that is wanted, a documentation comment, by the table's name; none where
        /// nobody asks so.
        by_name: Option<(&'static str, Option<&'static str>)>,
    },
}

/// The form of a record's field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// One or more sentences.
    Sentences,
    /// A clause.
    Clause,
    /// A clause, or nothing.
    OptionalClause,
    /// One or more sentences, or nothing.
    OptionalSentences,
    /// A list of clauses.
    Clauses,
    /// One or more sentences whose placeholders are [`FIGURES`]: a function that fills them.
    Filled,
    /// A name of `crate::ranking::Likelihood`, in small letters.
    Likelihood,
}

/// The fields of what is said of an errno.
const MEANING: &[(&str, Field)] = &[
    ("means", Field::Sentences),
    ("look-for", Field::Clauses),
    ("mistaken-for", Field::Sentences),
];

/// The files, and the form of each.
pub const FILES: &[(&str, Shape)] = &[
    ("beside", Shape::Sentences("Beside")),
    ("causes", Shape::Clauses("Case")),
    (
        "counters",
        Shape::Records {
            of: "crate::counters::Text",
            fields: &[("means", Field::Sentences), ("left-out", Field::OptionalClause)],
            by_name: Some(("counter_words", None)),
        },
    ),
    ("directions", Shape::Clauses("Way")),
    (
        "elsewhere",
        Shape::Records {
            of: "crate::elsewhere::Text",
            fields: &[MEANING[0], MEANING[1], MEANING[2], ("brief", Field::Clause)],
            by_name: None,
        },
    ),
    (
        "systems",
        Shape::Records {
            of: "crate::systems::Text",
            fields: &[
                MEANING[0],
                ("linux", Field::Sentences),
                MEANING[1],
                ("brief", Field::Clause),
            ],
            by_name: None,
        },
    ),
    (
        "errnos",
        Shape::Records {
            of: "crate::prose::Text",
            fields: MEANING,
            by_name: None,
        },
    ),
    (
        "kernel-log",
        Shape::Records {
            of: "crate::kernel_log::Text",
            fields: &[
                ("means", Field::Sentences),
                ("sees", Field::Sentences),
                ("mends", Field::Sentences),
            ],
            by_name: None,
        },
    ),
    (
        "listing",
        Shape::Records {
            of: "crate::listing::Text",
            fields: &[
                ("says", Field::Sentences),
                ("measure", Field::Clauses),
                ("mends", Field::Sentences),
            ],
            by_name: None,
        },
    ),
    (
        "meanings",
        Shape::Records {
            of: "crate::meaning::Text",
            fields: &[
                ("short", Field::Sentences),
                ("brief", Field::OptionalClause),
                ("awaits", Field::Clause),
                ("meaning", Field::Sentences),
                ("calls", Field::OptionalSentences),
                ("waits-for", Field::Filled),
                ("ends-by", Field::Filled),
            ],
            by_name: None,
        },
    ),
    ("now", Shape::Sentences("So")),
    ("moves", Shape::Clauses("MoveWords")),
    ("options", Shape::Sentences("OptionSentence")),
    ("outcomes", Shape::Sentences("Sentence")),
    ("plates", Shape::Clauses("OnPlate")),
    (
        "rules",
        Shape::Records {
            of: "crate::rules::RuleWords",
            fields: &[
                ("cause", Field::Clause),
                ("brief", Field::Clause),
                ("met", Field::Likelihood),
                ("source", Field::Clause),
            ],
            by_name: Some(("rule_words", Some("rule_doc"))),
        },
    ),
    ("rows", Shape::Sentences("RowNote")),
    ("settings", Shape::Clauses("SettingHelp")),
    ("sources", Shape::Clauses("SourceWords")),
    ("states", Shape::Clauses("Disagreement")),
    ("successes", Shape::Sentences("Success")),
    (
        "waiting",
        Shape::Records {
            of: "crate::waiting::Wait",
            fields: &[
                ("awaits", Field::Clause),
                ("ended-by", Field::Clause),
                ("signal", Field::OptionalClause),
            ],
            by_name: None,
        },
    ),
];

/// Files of other forms, which build/situations.rs and build/mentions.rs read.
const OTHERS: &[&str] = &["context", "mentions", "situations"];

/// The placeholders that stand for a value of the case: the name, the type, and the code that shows it.
///
/// A name is a type: where a sentence has two of one type, they need two names here. `{why}` is a whole sentence, with its period.
const VALUES: &[(&str, &str, &str)] = &[
    ("after", "std::time::Duration", "finwait_model::clock::human(*after)"),
    ("awaits", "String", "awaits"),
    ("by", "finwait_model::side::Side", "by"),
    ("bytes", "usize", "bytes"),
    ("call", "crate::rules::CallClass", "call"),
    ("calls", "crate::rules::CallList", "calls"),
    ("cause", "crate::error_source::Cause", "cause"),
    ("connection", "u32", "connection"),
    ("data", "String", "data"),
    ("end", "crate::moves::OtherEnd", "end"),
    ("errno", "finwait_model::errno::Errno", "errno"),
    ("error", "finwait_model::errno::Errno", "error.name()"),
    ("flying", "String", "flying"),
    ("held", "i32", "held"),
    ("icmp", "finwait_wire::segment::IcmpError", "icmp.name()"),
    ("info", "finwait_model::state::State", "info"),
    ("kind", "finwait_model::call::CallKind", "kind"),
    ("left", "String", "left"),
    ("limit", "u32", "limit"),
    ("meanings", "crate::successes::Meanings", "meanings"),
    ("most", "u64", "most"),
    ("ms", "i64", "ms"),
    ("option", "finwait_model::call::SocketOption", "option.name()"),
    ("other", "finwait_model::side::Side", "other"),
    ("peers", "finwait_model::state::State", "peers"),
    ("queued", "u64", "queued"),
    ("reason", "String", "reason"),
    ("row", "finwait_model::state::State", "row"),
    ("segment", "String", "segment"),
    ("segments", "finwait_model::state::State", "segments"),
    ("shown", "String", "shown"),
    ("socket", "finwait_model::call::SocketName", "socket"),
    ("sources", "crate::error_source::AnyOf", "sources"),
    ("state", "finwait_model::state::State", "state"),
    ("syns", "u32", "syns"),
    ("sysctl", "&'static str", "sysctl"),
    ("times", "String", "times"),
    ("timer", "&'static str", "timer"),
    ("tries", "u32", "tries"),
    ("why", "String", "why"),
];

/// The placeholders of [`Field::Filled`]: methods of `finwait_explain::meaning::Settings`, which show what a host's setting is.
const FIGURES: &[&str] = &["fin-timeout", "retries2", "syn-retries"];

/// A file's name without `.toml`, its form, and its contents.
pub struct Source {
    pub name: &'static str,
    pub shape: &'static Shape,
    pub text: String,
}

/// Reads the files.
///
/// # Errors
///
/// - A file is missing or unreadable.
/// - The folder has a TOML file that is none of [`FILES`].
pub fn read(folder: &Path) -> Result<Vec<Source>, Vec<String>> {
    let mut mistakes = Vec::new();
    let mut files = Vec::new();
    for (name, shape) in FILES {
        match fs::read_to_string(folder.join(format!("{name}.toml"))) {
            Ok(text) => files.push(Source { name, shape, text }),
            Err(error) => mistakes.push(format!("{FOLDER}/{name}.toml: {error}")),
        }
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let known = FILES.iter().map(|(name, _)| *name).chain(OTHERS.iter().copied());
        if path.extension().is_some_and(|end| end == "toml") && known.into_iter().all(|name| name != stem) {
            mistakes.push(format!(
                "{FOLDER}/{stem}.toml: no code has its texts; FILES in build/texts.rs lists those that are"
            ));
        }
    }
    if mistakes.is_empty() { Ok(files) } else { Err(mistakes) }
}

/// Returns the code for the files: a module for each.
///
/// # Errors
///
/// All mistakes in them, each with its file, its line, what is wrong and what would be right.
pub fn compile(files: &[Source]) -> Result<String, Vec<String>> {
    let (mut code, mut mistakes, mut used) = (String::new(), Vec::new(), BTreeSet::new());
    for file in files {
        let mut compiler = Compiler {
            file,
            code: String::new(),
            mistakes: Vec::new(),
            used: BTreeSet::new(),
        };
        match DeTable::parse(&file.text) {
            Ok(table) => compiler.table(table.get_ref()),
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                compiler.mistake(at, error.message());
            }
        }
        code += &format!(
            "/// `{FOLDER}/{}.toml`.\npub(crate) mod {} {{\n{}}}\n",
            file.name,
            snake(file.name),
            compiler.code
        );
        mistakes.append(&mut compiler.mistakes);
        used.append(&mut compiler.used);
    }
    let is_whole = files.len() == FILES.len();
    for (name, ..) in VALUES.iter().filter(|(name, ..)| is_whole && !used.contains(*name)) {
        mistakes.push(format!("no text has {{{name}}}, which VALUES in build/texts.rs lists"));
    }
    for name in FIGURES.iter().filter(|name| is_whole && !used.contains(**name)) {
        mistakes.push(format!("no text has {{{name}}}, which FIGURES in build/texts.rs lists"));
    }
    if mistakes.is_empty() { Ok(code) } else { Err(mistakes) }
}

/// A text, where it stands, and what its placeholders stand for.
struct Text<'a> {
    key: &'a str,
    text: &'a str,
    at: usize,
    placeholders: Vec<&'a str>,
}

/// A key, and its place.
type Key<'i> = Spanned<Cow<'i, str>>;

/// Keys and values in the order of the file.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<(&'a Key<'i>, &'a Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

struct Compiler<'a> {
    file: &'a Source,
    code: String,
    mistakes: Vec<String>,
    /// The values that placeholders of the file stand for.
    used: BTreeSet<String>,
}

impl Compiler<'_> {
    fn mistake(&mut self, at: usize, what: &str) {
        let line = self.file.text[..at].matches('\n').count() + 1;
        self.mistakes
            .push(format!("{FOLDER}/{}.toml:{line}: {what}", self.file.name));
    }

    fn table(&mut self, table: &DeTable) {
        match self.file.shape {
            Shape::Sentences(name) => self.enums(name, table, Field::Sentences),
            Shape::Clauses(name) => self.enums(name, table, Field::Clause),
            Shape::Records { of, fields, by_name } => {
                let mut names = Vec::new();
                self.records(of, fields, "", table, &mut names);
                if let Some((words, doc)) = by_name {
                    self.macros(words, *doc, &names);
                }
            }
        }
        self.header();
    }

    /// The list of placeholders at the top of the file must be that of its texts.
    fn header(&mut self) {
        let top = self.file.text.lines().take_while(|line| line.starts_with('#'));
        let listed = top.filter_map(|line| line.strip_prefix("#   ")).flat_map(|line| {
            let names = line.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
            names.map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
        });
        let listed: BTreeSet<String> = listed.collect();
        for name in listed.symmetric_difference(&self.used.clone()) {
            self.mistake(
                0,
                &if listed.contains(name) {
                    format!("the comment at the top lists {{{name}}}, which no text of the file has")
                } else {
                    format!("the comment at the top does not list {{{name}}}, which a text of the file has: add a line `#   {{{name}}}  what it is`")
                },
            );
        }
    }

    /// The enums of a file: one of its own texts, one for each part.
    fn enums(&mut self, name: &str, table: &DeTable, form: Field) {
        let mut parts = Vec::new();
        for (group, value) in in_order(table).iter().filter(|(group, _)| group.get_ref() == "part") {
            match value.get_ref().as_table() {
                Some(texts) => parts.extend(in_order(texts)),
                None => self.mistake(group.span().start, "`part` is to be tables: [part.NAME]"),
            }
        }
        let part_names: Vec<&str> = parts.iter().map(|(key, _)| key.get_ref().as_ref()).collect();
        let mut variants = Vec::new();
        for (group, value) in in_order(table).iter().filter(|(group, _)| group.get_ref() != "part") {
            let prefix = pascal(group.get_ref());
            match value.get_ref().as_table() {
                Some(texts) => variants.extend(self.texts(texts, form, &part_names).into_iter().map(|text| {
                    let place = format!("[{}] {}", group.get_ref(), text.key);
                    (format!("{prefix}{}", pascal(text.key)), place, text)
                })),
                None => {
                    let text = self.one_text(group, value, form, &part_names);
                    variants.extend(text.map(|text| (prefix, group.get_ref().to_string(), text)));
                }
            }
        }
        self.an_enum(name, &variants, &part_names);
        for (key, value) in &parts {
            let Some(texts) = value.get_ref().as_table() else {
                self.mistake(key.span().start, &format!("[part.{}] is to be a table", key.get_ref()));
                continue;
            };
            let texts = self.texts(texts, Field::Clause, &part_names);
            let variants: Vec<_> = texts
                .into_iter()
                .map(|text| (pascal(text.key), format!("[part.{}] {}", key.get_ref(), text.key), text))
                .collect();
            self.an_enum(&pascal(key.get_ref()), &variants, &part_names);
        }
    }

    /// The texts of a table, as far as they have the right form.
    fn texts<'t>(&mut self, table: &'t DeTable, form: Field, parts: &[&str]) -> Vec<Text<'t>> {
        let entries = in_order(table).into_iter();
        entries
            .filter_map(|(key, value)| self.one_text(key, value, form, parts))
            .collect()
    }

    /// A text and its placeholders; none where it has not the right form.
    fn one_text<'t>(
        &mut self,
        key: &'t Key,
        value: &'t Spanned<DeValue>,
        form: Field,
        parts: &[&str],
    ) -> Option<Text<'t>> {
        let at = key.span().start;
        let key = key.get_ref().as_ref();
        let text = self.text(key, value, form)?;
        let placeholders = self.placeholders(key, text, at, parts);
        Some(Text {
            key,
            text,
            at,
            placeholders,
        })
    }

    /// One text of that form.
    fn text<'t>(&mut self, key: &str, value: &'t Spanned<DeValue>, form: Field) -> Option<&'t str> {
        let at = value.span().start;
        let Some(text) = value.get_ref().as_str() else {
            self.mistake(at, &format!("`{key}` is to be a text in quotes"));
            return None;
        };
        let wrong = if text.is_empty() {
            "has no text"
        } else if text.trim() != text || text.contains("  ") || text.contains(char::is_control) {
            "has a space too many, or a line's end"
        } else if form == Field::Sentences && !text.ends_with('.') && !text.ends_with("{why}") {
            "is to be a sentence: end it with a period"
        } else if form == Field::Sentences
            && !text.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit() || c == '{')
        {
            "is to be a sentence: begin it with a capital"
        } else if form != Field::Sentences && text.ends_with('.') {
            "is to be a clause: the period comes with the sentence that it stands in"
        } else {
            return Some(text);
        };
        self.mistake(at, &format!("`{key}` {wrong}"));
        None
    }

    /// The placeholders of a text, each once.
    fn placeholders<'t>(&mut self, key: &str, text: &'t str, at: usize, parts: &[&str]) -> Vec<&'t str> {
        let mut names = Vec::new();
        for rest in text.split('{').skip(1) {
            let name = rest.split_once('}').map_or(rest, |(name, _)| name);
            if !parts.contains(&name) && VALUES.iter().all(|(value, ..)| *value != name) {
                let known: Vec<_> = VALUES
                    .iter()
                    .map(|(value, ..)| *value)
                    .chain(parts.iter().copied())
                    .collect();
                let what = format!(
                    "`{key}`: {{{name}}} is no placeholder; known here are {{{}}}",
                    known.join("}, {")
                );
                self.mistake(at, &what);
                continue;
            }
            if !names.contains(&name) {
                names.push(name);
            }
            self.used.insert(name.to_owned());
        }
        names
    }

    /// An enum with a variant for each text, which its fields are the placeholders of, and which shows the text.
    fn an_enum(&mut self, name: &str, variants: &[(String, String, Text)], parts: &[&str]) {
        let mut seen = BTreeSet::new();
        let (mut list, mut shows) = (String::new(), String::new());
        for (variant, place, text) in variants {
            if !seen.insert(variant) {
                self.mistake(
                    text.at,
                    &format!("{place} has the name of another text, {variant}: rename it"),
                );
            }
            let fields: Vec<String> = text.placeholders.iter().map(|name| snake(name)).collect();
            let typed = text.placeholders.iter().map(|name| {
                let value = VALUES.iter().find(|(value, ..)| value == name && !parts.contains(name));
                format!(
                    "{}: {}",
                    snake(name),
                    value.map_or_else(|| pascal(name), |(_, is, _)| (*is).to_owned())
                )
            });
            let (declared, matched) = match &fields[..] {
                [] => (String::new(), String::new()),
                _ => (
                    format!(" {{ {} }}", typed.collect::<Vec<_>>().join(", ")),
                    format!(" {{ {} }}", fields.join(", ")),
                ),
            };
            let _ = writeln!(
                list,
                "    {variant}{declared}, // {FOLDER}/{}.toml, {place}",
                self.file.name
            );
            let shown = if fields.is_empty() {
                format!("f.write_str({:?})", text.text)
            } else {
                let mut pattern = text.text.to_owned();
                let mut arguments = String::new();
                for name in &text.placeholders {
                    pattern = pattern.replace(&format!("{{{name}}}"), &format!("{{{}}}", snake(name)));
                    if let Some((_, _, shows)) = VALUES.iter().find(|(value, _, shows)| value == name && value != shows)
                    {
                        let _ = write!(arguments, ", {} = {shows}", snake(name));
                    }
                }
                format!("write!(f, {pattern:?}{arguments})")
            };
            let _ = writeln!(shows, "            {name}::{variant}{matched} => {shown},");
        }
        let _ = writeln!(
            self.code,
            "#[derive(Clone, Debug, PartialEq, Eq)]\npub(crate) enum {name} {{\n{list}}}\n\
             impl std::fmt::Display for {name} {{\n    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{\n        \
             match self {{\n{shows}        }}\n    }}\n}}"
        );
    }

    /// A constant for each table of records, and for those within it.
    fn records(
        &mut self,
        of: &str,
        fields: &[(&str, Field)],
        path: &str,
        table: &DeTable,
        names: &mut Vec<(String, String)>,
    ) {
        for (key, value) in in_order(table) {
            let at = key.span().start;
            let name = match path {
                "" => key.get_ref().to_string(),
                path => format!("{path}.{}", key.get_ref()),
            };
            let Some(record) = value.get_ref().as_table() else {
                self.mistake(at, &format!("`{name}` is to be a table"));
                continue;
            };
            if record.iter().all(|(_, value)| value.get_ref().is_table()) && record.iter().next().is_some() {
                self.records(of, fields, &name, record, names);
                continue;
            }
            let known: Vec<_> = fields.iter().map(|(field, _)| *field).collect();
            for (key, _) in in_order(record)
                .iter()
                .filter(|(key, _)| !known.contains(&key.get_ref().as_ref()))
            {
                let what = format!("[{name}] has `{}`; it may have `{}`", key.get_ref(), known.join("`, `"));
                self.mistake(key.span().start, &what);
            }
            let mut values = String::new();
            for (field, form) in fields {
                let value = match (record.get(*field), form) {
                    (None, Field::OptionalClause | Field::OptionalSentences) => "None".to_owned(),
                    (None, _) => {
                        self.mistake(at, &format!("[{name}] has no `{field}`"));
                        continue;
                    }
                    (Some(value), Field::Clauses) => self.list(field, value),
                    (Some(value), Field::Filled) => self.filled(field, value),
                    (Some(value), Field::Likelihood) => self.likelihood(field, value),
                    (Some(value), form) => {
                        let is_optional = matches!(form, Field::OptionalClause | Field::OptionalSentences);
                        let form = if *form == Field::OptionalSentences {
                            Field::Sentences
                        } else {
                            *form
                        };
                        let text = format!("{:?}", self.plain(field, value, form));
                        if is_optional { format!("Some({text})") } else { text }
                    }
                };
                let _ = write!(values, "{}: {value}, ", snake(field));
            }
            let constant = snake(&name.replace('.', "-")).to_uppercase();
            let _ = writeln!(
                self.code,
                "pub(crate) const {constant}: {of} = {of} {{ {values}}}; // {FOLDER}/{}.toml, [{name}]",
                self.file.name
            );
            if let Some(DeValue::String(cause)) = record.get(known[0]).map(Spanned::get_ref) {
                names.push((name, format!("{cause}.")));
            }
        }
    }

    /// A text without placeholders.
    fn plain<'t>(&mut self, key: &str, value: &'t Spanned<DeValue>, form: Field) -> &'t str {
        let text = self.text(key, value, form).unwrap_or_default();
        if text.contains('{') {
            self.mistake(
                value.span().start,
                &format!("`{key}` may have no placeholder: no code fills it"),
            );
        }
        text
    }

    /// A function that fills the figures of a text.
    fn filled(&mut self, key: &str, value: &Spanned<DeValue>) -> String {
        let at = value.span().start;
        let mut pattern = self.text(key, value, Field::Sentences).unwrap_or_default().to_owned();
        let mut arguments = String::new();
        for name in FIGURES {
            let place = format!("{{{name}}}");
            if pattern.contains(&place) {
                pattern = pattern.replace(&place, &format!("{{{}}}", snake(name)));
                let _ = write!(arguments, ", {0} = settings.{0}()", snake(name));
                self.used.insert((*name).to_owned());
            }
        }
        let known = |name: &str| FIGURES.iter().any(|figure| snake(figure) == name);
        for rest in pattern.split('{').skip(1) {
            let name = rest.split_once('}').map_or(rest, |(name, _)| name);
            if !known(name) {
                let what = format!(
                    "`{key}`: {{{name}}} is no figure; known here are {{{}}}",
                    FIGURES.join("}, {")
                );
                self.mistake(at, &what);
            }
        }
        if arguments.is_empty() {
            format!("|_| {pattern:?}.to_owned()")
        } else {
            format!("|settings| format!({pattern:?}{arguments})")
        }
    }

    /// The path of a likelihood.
    fn likelihood(&mut self, key: &str, value: &Spanned<DeValue>) -> String {
        const NAMES: [&str; 4] = ["most", "often", "sometimes", "rarely"];
        let name = value.get_ref().as_str().unwrap_or_default();
        if !NAMES.contains(&name) {
            let what = format!("`{key}` is to be one of \"{}\"", NAMES.join("\", \""));
            self.mistake(value.span().start, &what);
        }
        format!("crate::ranking::Likelihood::{}", pascal(name))
    }

    fn list(&mut self, key: &str, value: &Spanned<DeValue>) -> String {
        match value.get_ref().as_array() {
            Some(items) if items.iter().next().is_some() => {
                let items: Vec<_> = items
                    .iter()
                    .map(|item| format!("{:?}", self.plain(key, item, Field::Clauses)))
                    .collect();
                format!("&[{}]", items.join(", "))
            }
            _ => {
                self.mistake(
                    value.span().start,
                    &format!("`{key}` is to be a list of texts, [\"...\", \"...\"]"),
                );
                "&[]".to_owned()
            }
        }
    }

    /// Macros that give a record, and its first field as a sentence, by the table's name: an unknown name does not compile.
    fn macros(&mut self, words: &str, doc: Option<&str>, names: &[(String, String)]) {
        let (mut records, mut docs) = (String::new(), String::new());
        for (name, sentence) in names {
            let constant = snake(&name.replace('.', "-")).to_uppercase();
            let module = snake(self.file.name);
            let _ = writeln!(records, "    ({name:?}) => {{ $crate::text::{module}::{constant} }};");
            let _ = writeln!(docs, "    ({name:?}) => {{ {sentence:?} }};");
        }
        let missing = format!(
            "concat!(\"{FOLDER}/{}.toml has no table [\", $name, \"]\")",
            self.file.name
        );
        let words = (words, records, format!("compile_error!({missing})"));
        let doc = doc.map(|doc| (doc, docs, missing));
        for (name, arms, otherwise) in std::iter::once(words).chain(doc) {
            let _ = writeln!(
                self.code,
                "macro_rules! {name} {{\n{arms}    ($name:tt) => {{ {otherwise} }};\n}}\npub(crate) use {name};"
            );
        }
    }
}

/// A name's words, with a capital each: `SynSent`.
pub fn pascal(kebab: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    kebab.split('-').map(capital).collect()
}

/// A name's words, joined for a variable: `syn_sent`.
fn snake(kebab: &str) -> String {
    kebab.replace('-', "_")
}
