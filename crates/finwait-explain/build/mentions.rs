//! The words that tell a report from a mention, in TOML, made Rust tables: a list a key.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::file::File;
use toml::de::DeTable;

/// The folder, as messages name it.
const FOLDER: &str = "assets/explain";
/// The file's name.
const MENTIONS: &str = "mentions";
/// The lists that the file has, and the tables that they are made.
const LISTS: &[(&str, &str)] = &[
    ("code", "CODE"),
    ("statements", "STATEMENTS"),
    ("writers", "WRITERS"),
    ("comments", "COMMENTS"),
    ("code-comments", "CODE_COMMENTS"),
    ("searches", "SEARCHES"),
    ("heads", "HEADS"),
    ("changes", "CHANGES"),
    ("manuals", "MANUALS"),
    ("past", "PAST"),
    ("results", "RESULTS"),
    ("denials", "DENIALS"),
    ("failures", "FAILURES"),
    ("likely", "LIKELY"),
    ("of-network", "OF_NETWORK"),
];

/// Reads the file of a folder, and returns the code: a table for each list.
///
/// # Errors
///
/// All mistakes in it, each with its line, what is wrong and what would be right.
pub fn compile(folder: &Path) -> Result<String, Vec<String>> {
    let path = folder.join(MENTIONS).with_extension("toml");
    let text = fs::read_to_string(path).map_err(|error| vec![format!("{FOLDER}/{MENTIONS}.toml: {error}")])?;
    let mut file = File {
        folder: FOLDER,
        name: MENTIONS,
        text: &text,
        mistakes: Vec::new(),
    };
    let mut code = String::new();
    match DeTable::parse(&text) {
        Ok(table) => {
            let table = table.get_ref();
            for (list, name) in LISTS {
                let texts = file.mentions(table, list);
                let _ = writeln!(
                    code,
                    "/// The texts of `{list}` in `{FOLDER}/{MENTIONS}.toml`.\n\
                     pub(crate) const {name}: &[&str] = &{texts:?};\n"
                );
            }
            let is_unknown = |key: &str| LISTS.iter().all(|(list, _)| *list != key);
            for (key, _) in table.iter().filter(|(key, _)| is_unknown(key.get_ref())) {
                let known: Vec<_> = LISTS.iter().map(|(list, _)| *list).collect();
                let what = format!("`{}` is no list; the file has `{}`", key.get_ref(), known.join("`, `"));
                file.mistake(key.span().start, &what);
            }
        }
        Err(error) => file.mistake(error.span().map_or(0, |span| span.start), error.message()),
    }
    if file.mistakes.is_empty() {
        Ok(code)
    } else {
        Err(file.mistakes)
    }
}

impl File<'_> {
    /// The texts of a list, in small letters, each once.
    fn mentions(&mut self, table: &DeTable, list: &str) -> Vec<String> {
        let Some(rows) = table.get(list).and_then(|rows| rows.get_ref().as_array()) else {
            self.mistake(0, &format!("`{list}` is to be a list of texts"));
            return Vec::new();
        };
        let mut texts: Vec<String> = Vec::new();
        for row in rows {
            let at = row.span().start;
            let text = self.text(list, row).to_owned();
            if text.chars().any(char::is_uppercase) {
                self.mistake(
                    at,
                    &format!("`{text}` is to be in small letters: lines are compared so"),
                );
            }
            if texts.contains(&text) {
                self.mistake(at, &format!("`{text}` is in `{list}` twice"));
            }
            texts.push(text);
        }
        texts
    }
}
