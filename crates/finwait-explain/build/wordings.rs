//! The wordings in TOML, made Rust tables: a row a line, with the names of what it says checked here or by the compiler.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::file::File;
use super::texts::pascal;
use toml::de::DeTable;

/// The folder, as messages name it.
const FOLDER: &str = "assets/explain/wordings";
/// The file of the remarks.
const REMARKS: &str = "remarks";
/// The file of the languages.
const LANGUAGES: &str = "languages";
/// The file of what is something else than a socket's.
const OTHERS: &str = "others";
/// The lists that a file may have, and the tables that they are added to.
const LISTS: &[(&str, &str)] = &[
    ("strong", "STRONG"),
    ("weak", "WEAK"),
    ("whole", "WHOLE"),
    ("kinds", "KINDS"),
];
/// The lists of codes, whose capitals count, and the tables that they are added to.
const CODES: &[(&str, &str)] = &[
    ("haproxy-states", "HAPROXY_STATES"),
    ("envoy-flags", "ENVOY_FLAGS"),
    ("access-statuses", "ACCESS_STATUSES"),
    ("alb-statuses", "ALB_STATUSES"),
];
/// The lists of signs beside a wording, with the types of the tables that they are added to.
const SIGNS: &[(&str, &str, &str)] = &[
    ("others", "MORE_OTHERS", "Other"),
    ("cues", "MORE_CALLS", "(&str, Cue)"),
    ("looks", "MORE_LOOKS", "(&str, Dialect)"),
];
/// The keys of a table of `others.toml`.
const OTHER_KEYS: &[&str] = &["about", "is-error", "texts"];
/// The keys of a row.
const KEYS: &[&str] = &[
    "text", "also", "says", "call", "language", "system", "beside", "unless", "ends", "hints", "mind",
];
/// The subjects that are no errno.
const SUBJECTS: &[&str] = &[
    "eof",
    "deadline",
    "closed",
    "ended-by-peer",
    "ended-by-us",
    "destroyed",
    "unconnected",
];

/// Reads the folder, and returns the code: the languages, the remarks, and a table for each kind of list.
///
/// # Errors
///
/// All mistakes in them, each with its file, its line, what is wrong and what would be right.
pub fn compile(folder: &Path) -> Result<String, Vec<String>> {
    let mut wordings = Wordings::default();
    let mut paths: Vec<_> = match fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(error) => return Err(vec![format!("{FOLDER}: {error}")]),
    };
    paths.sort();
    for path in paths
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
    {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match fs::read_to_string(path) {
            Ok(text) => wordings.file(&name, &text),
            Err(error) => wordings.mistakes.push(format!("{FOLDER}/{name}.toml: {error}")),
        }
    }
    if wordings.mistakes.is_empty() {
        Ok(wordings.code())
    } else {
        Err(wordings.mistakes)
    }
}

/// What the files had so far.
#[derive(Default)]
struct Wordings {
    languages: String,
    shown: String,
    remarks: String,
    others: Others,
    rows: BTreeMap<&'static str, String>,
    mistakes: Vec<String>,
}

impl Wordings {
    fn file(&mut self, name: &str, text: &str) {
        let mut file = File {
            name,
            text,
            mistakes: Vec::new(),
            folder: FOLDER,
        };
        match DeTable::parse(text) {
            Ok(table) => {
                let table = table.get_ref();
                match name {
                    REMARKS => self.remarks += &file.remarks(table),
                    LANGUAGES => {
                        let (variants, shown) = file.languages(table);
                        self.languages += &variants;
                        self.shown += &shown;
                    }
                    OTHERS => self.others = file.others(table),
                    _ => {
                        for (list, rows) in file.lists(table) {
                            *self.rows.entry(list).or_default() += &rows;
                        }
                    }
                }
            }
            Err(error) => file.mistake(error.span().map_or(0, |span| span.start), error.message()),
        }
        self.mistakes.append(&mut file.mistakes);
    }

    fn code(&self) -> String {
        let mut code = format!(
            "/// The language or program whose wording it is.\n\
             #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]\n\
             pub enum Dialect {{\n{}}}\n\n\
             impl std::fmt::Display for Dialect {{\n    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{\n        \
             f.pad(match self {{\n{}        }})\n    }}\n}}\n\n\
             /// Remarks on a wording.\npub(super) mod remark {{\n{}}}\n",
            self.languages, self.shown, self.remarks
        );
        let Others {
            kinds,
            about,
            errors,
            rows,
        } = &self.others;
        let _ = write!(
            code,
            "\n/// What a line is about that is about no socket; the names stand in JSON and do not change.\n\
             #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]\n\
             #[serde(rename_all = \"kebab-case\")]\n\
             pub enum SomethingElse {{\n{kinds}}}\n\n\
             impl SomethingElse {{\n    /// What it is about, in a clause.\n    \
             pub const fn about(self) -> &'static str {{\n        match self {{\n{about}        }}\n    }}\n\n    \
             /// Are its texts errors by themselves?\n    \
             pub(super) const fn is_error(self) -> bool {{\n        match self {{\n{errors}        }}\n    }}\n}}\n\n\
             /// The rows of `{FOLDER}/{OTHERS}.toml`.\npub(super) const OTHERS: &[Other] = &[\n{rows}];\n"
        );
        let mut table = |list: &str, name: &str, of: &str| {
            let rows = self.rows.get(list).map_or("", String::as_str);
            let _ = write!(
                code,
                "\n/// The rows of `{list}` in `{FOLDER}`.\npub(super) const {name}: &[{of}] = &[\n{rows}];\n"
            );
        };
        for (list, name) in LISTS {
            table(list, name, "Wording");
        }
        for (list, name) in CODES {
            table(list, name, "Code");
        }
        for (list, name, of) in SIGNS {
            table(list, name, of);
        }
        code
    }
}

/// What `others.toml` has.
#[derive(Default)]
struct Others {
    /// The variants.
    kinds: String,
    /// The arms of a match that has a clause for each.
    about: String,
    /// The arms of a match that says whether its texts are errors.
    errors: String,
    /// The texts.
    rows: String,
}

impl File<'_> {
    fn remarks(&mut self, table: &DeTable) -> String {
        let mut code = String::new();
        for (key, value) in table {
            let key = key.get_ref();
            let text = self.text(key, value);
            if !text.ends_with('.') {
                self.mistake(
                    value.span().start,
                    &format!("`{key}` is to be one or more sentences: end it with a period"),
                );
            }
            let _ = writeln!(code, "    pub(crate) const {}: &str = {text:?};", constant(key));
        }
        code
    }

    /// The keys of a row are to be among `known`, and `needed` are to be there.
    fn has_keys(&mut self, at: usize, row: &DeTable, known: &[&str], needed: &[&str]) {
        for (key, _) in row.iter().filter(|(key, _)| !known.contains(&key.get_ref().as_ref())) {
            let what = format!("a row has no `{}`; it may have `{}`", key.get_ref(), known.join("`, `"));
            self.mistake(key.span().start, &what);
        }
        for key in needed.iter().filter(|key| !row.contains_key(**key)) {
            self.mistake(at, &format!("a row needs `{key}`"));
        }
    }

    /// The texts of a row: `text`, and those of `also`, which say the same.
    fn texts(&mut self, row: &DeTable) -> Vec<String> {
        let also = row.get("also").and_then(|also| also.get_ref().as_array());
        let texts = row.get("text").into_iter().chain(also.into_iter().flatten());
        texts.map(|text| self.text("text", text).to_owned()).collect()
    }

    /// The texts of a row, which are to be in small letters.
    fn small_texts(&mut self, at: usize, row: &DeTable) -> Vec<String> {
        let texts = self.texts(row);
        if texts.iter().any(|text| text.chars().any(char::is_uppercase)) {
            self.mistake(at, "`text` is to be in small letters: lines are compared so");
        }
        texts
    }

    /// The fields behind the text of what is something else than a socket's.
    fn other(&mut self, row: &DeTable, variant: &str) -> String {
        let unless = row.get("unless").and_then(|unless| unless.get_ref().as_array());
        let unless: Vec<&str> = unless
            .into_iter()
            .flatten()
            .map(|text| self.text("unless", text))
            .collect();
        format!("unless: &{unless:?}, what: SomethingElse::{variant}, is_error: SomethingElse::{variant}.is_error()")
    }

    /// A row of a list of signs.
    fn sign(&mut self, list: &str, at: usize, row: &DeTable, language: Option<&str>) -> String {
        let (known, needed): (&[&str], &[&str]) = match list {
            "others" => (&["text", "also", "unless", "what"], &["text", "what"]),
            "cues" => (&["text", "also", "call", "language"], &["text"]),
            _ => (&["text", "also", "language"], &["text"]),
        };
        self.has_keys(at, row, known, needed);
        let texts = match list {
            "looks" => self.texts(row),
            _ => self.small_texts(at, row),
        };
        let mut told = |key: &str| row.get(key).map(|value| self.text(key, value).to_owned());
        let own = told("language");
        let language = own
            .as_deref()
            .or(language)
            .map(|name| format!("Dialect::{}", pascal(name)));
        let rest = match list {
            "others" => {
                let what = pascal(&told("what").unwrap_or_default());
                self.other(row, &what)
            }
            "cues" => {
                let call = told("call").map(|call| format!("CallClass::{}", pascal(&call)));
                format!(
                    "Cue {{ call: {}, dialect: {}, is_general: false }}",
                    option(call),
                    option(language)
                )
            }
            _ => match language {
                Some(language) => language,
                None => {
                    self.mistake(at, "a row needs `language`, or the file does");
                    return String::new();
                }
            },
        };
        let row = |text: &String| match list {
            "others" => format!("    Other {{ text: {text:?}, {rest} }},\n"),
            _ => format!("    ({text:?}, {rest}),\n"),
        };
        texts.iter().map(row).collect()
    }

    fn languages(&mut self, table: &DeTable) -> (String, String) {
        let (mut variants, mut shown) = (String::new(), String::new());
        for (key, value) in table {
            let (key, name) = (key.get_ref(), self.text(key.get_ref(), value));
            let _ = writeln!(
                variants,
                "    /// {name}\n    #[serde(rename = {key:?})]\n    {},",
                pascal(key)
            );
            let _ = writeln!(shown, "            Dialect::{} => {name:?},", pascal(key));
        }
        (variants, shown)
    }

    fn others(&mut self, table: &DeTable) -> Others {
        let mut others = Others::default();
        for (kind, value) in table {
            let (at, kind) = (kind.span().start, kind.get_ref());
            let Some(table) = value.get_ref().as_table() else {
                self.mistake(at, &format!("`{kind}` is to be a table with `about` and `texts`"));
                continue;
            };
            let about = table.get("about").map_or("", |about| self.text("about", about));
            if about.is_empty() || about.ends_with('.') {
                self.mistake(at, &format!("`{kind}` needs `about`, a clause without a period"));
            }
            let is_error = table.get("is-error").and_then(|is| is.get_ref().as_bool());
            let is_error = is_error.unwrap_or_default();
            let variant = pascal(kind);
            let _ = writeln!(others.kinds, "    /// {about}\n    {variant},");
            let _ = writeln!(others.about, "            SomethingElse::{variant} => {about:?},");
            let _ = writeln!(others.errors, "            SomethingElse::{variant} => {is_error},");
            for key in table.keys().filter(|key| !OTHER_KEYS.contains(&key.get_ref().as_ref())) {
                let what = format!(
                    "`{kind}` has no `{}`; it may have `{}`",
                    key.get_ref(),
                    OTHER_KEYS.join("`, `")
                );
                self.mistake(key.span().start, &what);
            }
            let texts = table.get("texts").and_then(|texts| texts.get_ref().as_array());
            for row in texts.into_iter().flatten() {
                let at = row.span().start;
                let Some(fields) = row.get_ref().as_table() else {
                    self.mistake(at, "a row is to be a table: { text = \"...\" }");
                    continue;
                };
                self.has_keys(at, fields, &["text", "also", "unless"], &["text"]);
                let texts = self.small_texts(at, fields);
                let rest = self.other(fields, &variant);
                for text in texts {
                    let _ = writeln!(others.rows, "    Other {{ text: {text:?}, {rest} }},");
                }
            }
        }
        others
    }

    fn lists(&mut self, table: &DeTable) -> Vec<(&'static str, String)> {
        let language = table
            .get("language")
            .map(|value| self.text("language", value).to_owned());
        let mut lists = Vec::new();
        for (key, value) in table {
            let (at, key) = (key.span().start, key.get_ref());
            if key == "language" {
                continue;
            }
            let lists_of_rows = || LISTS.iter().chain(CODES).map(|(list, _)| *list);
            let all_lists = || lists_of_rows().chain(SIGNS.iter().map(|(list, ..)| *list));
            let Some(list) = all_lists().find(|list| list == key) else {
                let known: Vec<_> = all_lists().collect();
                self.mistake(
                    at,
                    &format!("`{key}` is no list of wordings; a file has `{}`", known.join("`, `")),
                );
                continue;
            };
            let rows = value.get_ref().as_array().into_iter().flatten();
            let rows: String = rows
                .filter_map(|row| {
                    let table = row.get_ref().as_table();
                    if table.is_none() {
                        self.mistake(
                            row.span().start,
                            "a row is to be a table: { text = \"...\", says = \"...\" }",
                        );
                    }
                    let at = row.span().start;
                    let is_sign = SIGNS.iter().any(|(sign, ..)| *sign == list);
                    table.map(|table| match is_sign {
                        true => self.sign(list, at, table, language.as_deref()),
                        false => self.row(list, at, table, language.as_deref()),
                    })
                })
                .collect();
            lists.push((list, rows));
        }
        lists
    }

    /// A row of a list of wordings or of codes.
    fn row(&mut self, list: &str, at: usize, row: &DeTable, language: Option<&str>) -> String {
        let is_code = CODES.iter().any(|(code, _)| *code == list);
        let other = row.get("what").filter(|_| is_code);
        if let Some(what) = other {
            self.has_keys(at, row, &["text", "also", "what"], &["text"]);
            let what = pascal(self.text("what", what));
            let codes = self.texts(row);
            let code =
                |text| format!("    Code {{ text: {text:?}, means: CodeMeaning::Other(SomethingElse::{what}) }},\n");
            return codes.iter().map(code).collect();
        }
        self.has_keys(at, row, KEYS, &["text", "says"]);
        let has_capitals = list == "kinds" || is_code;
        let texts = match has_capitals {
            true => self.texts(row),
            false => self.small_texts(at, row),
        };
        let mut told = |key: &str| row.get(key).map(|value| self.text(key, value).to_owned());
        let says = told("says").unwrap_or_default();
        let call = option(told("call").map(|call| format!("CallClass::{}", pascal(&call))));
        let own = told("language");
        let dialect = option(
            own.as_deref()
                .or(language)
                .map(|language| format!("Dialect::{}", pascal(language))),
        );
        let system = option(told("system").map(|system| format!("System::{}", pascal(&system))));
        let with = option(told("beside").map(|beside| format!("{beside:?}")));
        let unless = option(told("unless").map(|unless| format!("{unless:?}")));
        let remark = option(told("mind").map(|mind| format!("remark::{}", constant(&mind))));
        let ends = row
            .get("ends")
            .and_then(|ends| ends.get_ref().as_bool())
            .unwrap_or_default();
        let hints = row.get("hints").and_then(|hints| hints.get_ref().as_array());
        let hints: Vec<String> = hints
            .into_iter()
            .flatten()
            .map(|hint| format!("SituationId::{}", pascal(self.text("hints", hint))))
            .collect();
        let subject = if SUBJECTS.contains(&says.as_str()) {
            format!("Subject::{}", pascal(&says))
        } else if says.starts_with('E') {
            format!("Subject::Errno(Errno::{says})")
        } else {
            self.mistake(
                at,
                &format!("`says` is to be an errno's name or one of `{}`", SUBJECTS.join("`, `")),
            );
            return String::new();
        };
        let wording = |text: &String| {
            format!(
                "Wording {{ text: {text:?}, subject: {subject}, dialect: {dialect}, call: {call}, system: {system}, \
                 remark: {remark}, with: {with}, unless: {unless}, ends: {ends}, hints: &[{}] }}",
                hints.join(", ")
            )
        };
        let rows = texts.iter().map(|text| match is_code {
            true => format!(
                "    Code {{ text: {text:?}, means: CodeMeaning::Says({}) }},\n",
                wording(text)
            ),
            false => format!("    {},\n", wording(text)),
        });
        rows.collect()
    }
}

/// An `Option` in code.
fn option(of: Option<String>) -> String {
    of.map_or("None".to_owned(), |of| format!("Some({of})"))
}

/// The name of a constant: `own-timeout` as `OWN_TIMEOUT`.
fn constant(name: &str) -> String {
    name.replace('-', "_").to_ascii_uppercase()
}
