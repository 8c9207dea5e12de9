//! All themes: those that come with the program, and the user's own files.

use std::fs;
use std::path::Path;

use super::{Styles, builtin, read};
use crate::command::{ThemeName, nearest};

/// A theme that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThemeChoice {
    /// The theme's name.
    pub name: ThemeName,
    /// The styles, or the mistake in the file.
    pub styles: Result<Styles, String>,
}

/// The themes that can be chosen, those of the program first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Themes(Vec<ThemeChoice>);

impl Default for Themes {
    /// Returns the themes of the program.
    fn default() -> Themes {
        let all = ThemeName::BUILTIN.iter().filter_map(|name| {
            Some(ThemeChoice {
                name: ThemeName::new(name)?,
                styles: Ok(builtin(name)?),
            })
        });
        Themes(all.collect())
    }
}

impl Themes {
    /// Returns the themes of the program and those in a folder, `NAME.toml`; one of the same name takes the program's place.
    pub fn with(folder: &Path) -> Themes {
        let mut themes = Themes::default();
        let files = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        let mut paths: Vec<_> = files.map(|file| file.path()).collect();
        paths.sort();
        for path in paths {
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            let is_toml = path.extension().is_some_and(|end| end == "toml");
            let Some(name) = stem.filter(|_| is_toml).and_then(ThemeName::new) else {
                continue;
            };
            let shown = path.to_string_lossy();
            let styles = fs::read_to_string(&path)
                .map_err(|error| format!("{shown}: {error}"))
                .and_then(|text| read(&shown, &text).map_err(|mistake| mistake.to_string()));
            let choice = ThemeChoice { name, styles };
            match themes.0.iter_mut().find(|other| other.name == name) {
                Some(other) => *other = choice,
                None => themes.0.push(choice),
            }
        }
        themes
    }

    /// Every theme.
    pub fn all(&self) -> &[ThemeChoice] {
        &self.0
    }

    /// The mistakes in the files of those that cannot be chosen.
    pub fn mistakes(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter_map(|choice| choice.styles.as_ref().err().map(String::as_str))
    }

    /// Returns the theme of that name.
    ///
    /// # Errors
    ///
    /// There is none, or its file has a mistake.
    pub fn find(&self, name: &str) -> Result<&Styles, String> {
        let found = self.0.iter().find(|choice| choice.name.as_str() == name);
        match found {
            Some(choice) => choice.styles.as_ref().map_err(Clone::clone),
            None => Err(self.unknown(name)),
        }
    }

    /// Returns the sentence about a name that no theme has.
    pub fn unknown(&self, name: &str) -> String {
        let names: Vec<&str> = self.0.iter().map(|choice| choice.name.as_str()).collect();
        let near = match nearest(name, &names).first() {
            Some(near) => format!("did you mean {near}? "),
            None => String::new(),
        };
        let name = crate::command::shown(name);
        format!("there is no theme \"{name}\"; {near}there are {}", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_folder::Folder;

    #[test]
    fn a_folders_themes_stand_beside_the_programs() {
        let folder = Folder::new("themes");
        let write = |name: &str, text: &str| folder.write(name, text);
        write(
            "mine.toml",
            "based-on = \"dark\"\n[state]\nopening = \"bold #ffff00\"\n",
        );
        write("light.toml", "about = \"my own light\"\n");
        write("broken.toml", "[state]\nopenin = \"bold\"\n");
        write("Not A Name.toml", "");
        write("notes.txt", "");
        let themes = Themes::with(folder.path());
        let names: Vec<String> = themes.all().iter().map(|choice| choice.name.to_string()).collect();
        assert_eq!(names[..6], ThemeName::BUILTIN);
        assert_eq!(names[6..], ["broken", "mine"]);
        assert_eq!(themes.find("light").unwrap().about, "my own light");
        let (mut mine, mut dark) = (themes.find("mine").unwrap().clone(), builtin("dark").unwrap());
        let differ = mine
            .slots()
            .into_iter()
            .zip(dark.slots())
            .filter(|(mine, dark)| mine != dark)
            .count();
        assert_eq!(differ, 1);
        let why = themes.find("broken").unwrap_err();
        assert!(
            why.contains("broken.toml:2:1: \"openin\" is not a style of [state]")
                && why.contains("did you mean opening?"),
            "{why}"
        );
        assert_eq!(
            themes.find("drak").unwrap_err(),
            "there is no theme \"drak\"; did you mean dark? there are terminal-16, dark, light, projector, colour-blind, mono, broken, mine"
        );
    }
}
