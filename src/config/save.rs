//! One value changed in a configuration file, and all else as the user wrote it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::command::ThemeName;
use crate::document::Document;

/// Writes the theme into a configuration file, which is made if it is not there: all of it or nothing, and nothing else is changed.
///
/// # Errors
///
/// It cannot be read or written, or is no TOML: one sentence.
pub fn keep_theme(path: &Path, name: ThemeName) -> Result<(), String> {
    let shown = path.to_string_lossy();
    let failed = |error: io::Error| format!("{shown}: {error}");
    // A link to a file elsewhere stays one.
    let (target, text) = match fs::canonicalize(path) {
        Ok(target) => {
            let text = fs::read_to_string(&target).map_err(failed)?;
            (target, text)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => (path.to_owned(), String::new()),
        Err(error) => return Err(failed(error)),
    };
    let text = with_theme(&shown, &text, name)?;
    write(&target, &text).map_err(failed)
}

/// Returns the text of a configuration with that theme, and nothing else changed.
///
/// # Errors
///
/// It is no TOML, or has no place for the line.
pub fn with_theme(path: &str, text: &str, name: ThemeName) -> Result<String, String> {
    let document = Document::new(path, text);
    let table = document.parse().map_err(|mistake| mistake.to_string())?;
    let table = table.get_ref();
    if let Some(value) = table.get("theme") {
        let span = value.span();
        let (before, after) = (text.get(..span.start), text.get(span.end..));
        if let (Some(before), Some(after)) = (before, after) {
            return Ok(format!("{before}\"{name}\"{after}"));
        }
    }
    let line = format!("theme = \"{name}\"\n");
    // Before the first table, or at the top, where a comment about the table does not end up about the theme.
    let places = [end_of_values(table, text), 0];
    let texts = places.map(|at| {
        let (before, after) = text.split_at(at);
        let gap = if before.is_empty() || before.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        format!("{before}{gap}{line}{after}")
    });
    let found = texts.into_iter().find(|text| {
        let document = Document::new(path, text);
        let table = document.parse();
        table.is_ok_and(|table| {
            let value = table.get_ref().get("theme").map(|value| value.get_ref());
            matches!(value, Some(DeValue::String(text)) if *text == name.as_str())
        })
    });
    found.ok_or_else(|| format!("{path}: there is no place for a line theme = \"{name}\""))
}

/// Returns the end of the line with the last value that stands before the tables.
fn end_of_values(table: &DeTable, text: &str) -> usize {
    let values = table
        .values()
        .filter(|value| !matches!(value.get_ref(), DeValue::Table(_)));
    let end = values.map(|value| value.span().end).max();
    let Some(end) = end else { return 0 };
    let rest = text.get(end..).unwrap_or_default();
    end + rest.find('\n').map_or(rest.len(), |at| at + 1)
}

/// Writes a file so that nobody sees half of it, not even after the power has failed.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = folder.join(format!(".{name}.{}", std::process::id()));
    let written = File::create(&new)
        .and_then(|mut file| {
            if let Ok(old) = fs::metadata(path) {
                file.set_permissions(old.permissions())?;
            }
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&new, path))
        .and_then(|()| File::open(folder)?.sync_all());
    if written.is_err() {
        // What is half written is of no use; that it stays changes nothing.
        let _ = fs::remove_file(&new);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_folder::Folder;

    fn with(text: &str) -> String {
        with_theme("c.toml", text, ThemeName::new("dark").unwrap()).unwrap()
    }

    #[test]
    fn only_the_theme_is_changed() {
        for (before, after) in [
            ("", "theme = \"dark\"\n"),
            (
                "# mine\ntheme = 'light' # by day\nmouse = true\n",
                "# mine\ntheme = \"dark\" # by day\nmouse = true\n",
            ),
            ("theme=\"x\"", "theme=\"dark\""),
            (
                "# mine\nmouse = false # no\n\n# keys\n[keys]\nquit = []\n",
                "# mine\nmouse = false # no\ntheme = \"dark\"\n\n# keys\n[keys]\nquit = []\n",
            ),
            ("mouse = false", "mouse = false\ntheme = \"dark\"\n"),
            (
                "# keys\n[keys]\nquit = []\n",
                "theme = \"dark\"\n# keys\n[keys]\nquit = []\n",
            ),
            ("keys.quit = []\n", "theme = \"dark\"\nkeys.quit = []\n"),
            (
                "mouse = true\r\n[keys]\r\n",
                "mouse = true\r\ntheme = \"dark\"\n[keys]\r\n",
            ),
            (
                "lab = \"\"\"\nauto\"\"\"\n",
                "lab = \"\"\"\nauto\"\"\"\ntheme = \"dark\"\n",
            ),
        ] {
            assert_eq!(with(before), after, "{before}");
        }
        assert!(with_theme("c.toml", "theme = ", ThemeName::new("dark").unwrap()).is_err());
    }

    #[test]
    fn a_file_is_made_or_changed_where_a_link_leads_and_keeps_its_mode() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let own = Folder::new("config");
        let folder = own.path();
        let made = folder.join("new/config.toml");
        let dark = ThemeName::new("dark").unwrap();
        keep_theme(&made, dark).unwrap();
        assert_eq!(fs::read_to_string(&made).unwrap(), "theme = \"dark\"\n");
        fs::set_permissions(&made, fs::Permissions::from_mode(0o600)).unwrap();
        let link = folder.join("config.toml");
        symlink(&made, &link).unwrap();
        keep_theme(&link, ThemeName::new("light").unwrap()).unwrap();
        assert_eq!(fs::read_to_string(&made).unwrap(), "theme = \"light\"\n");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&made).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.join("new")).unwrap().count(), 1);
        fs::write(&made, "theme =").unwrap();
        assert!(
            keep_theme(&made, dark).unwrap_err().contains("config.toml:1:8"),
            "{:?}",
            keep_theme(&made, dark)
        );
    }

    proptest::proptest! {
        /// Of a configuration with any lines left out or broken off, only the theme is changed, or the mistake is told.
        #[test]
        fn any_file_keeps_what_it_says(keep in proptest::collection::vec(proptest::bool::weighted(0.7), 120), cut in 0..200_usize) {
            use super::super::{read, template};
            use crate::tui::theme::Themes;
            let lines = template();
            let lines = lines.lines().zip(keep.iter().chain(std::iter::repeat(&true)));
            let mut text: String = lines.filter(|(_, keep)| **keep).map(|(line, _)| format!("{line}\n")).collect();
            let end = text.len().saturating_sub(cut);
            if cut < 60 && text.is_char_boundary(end) {
                text.truncate(end);
            }
            let (themes, dark) = (Themes::default(), ThemeName::new("dark").unwrap());
            match (read("c.toml", &text, &themes), with_theme("c.toml", &text, dark)) {
                (Ok(mut before), Ok(after)) => {
                    before.theme = Some(dark);
                    let read = read("c.toml", &after, &themes).unwrap_or_else(|mistakes| panic!("{}", mistakes[0]));
                    proptest::prop_assert_eq!(read, before, "{}", after);
                }
                (Ok(_), Err(why)) => panic!("{why}"),
                (Err(mistakes), _) => proptest::prop_assert!(!mistakes.is_empty()),
            }
        }
    }
}
