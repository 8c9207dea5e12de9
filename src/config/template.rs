//! A configuration with every setting and every key, as who says nothing has them.

use super::Config;
use super::file::LABS;
use crate::clock::Millis;
use crate::command::ThemeName;
use crate::command::spec::CommandGroup;
use crate::command::table::TABLE;
use crate::tui::keys::{name, standard};
use crate::tui::theme::DEFAULT;

/// Returns the text of a configuration that says what holds anyway.
pub fn template() -> String {
    let Config {
        mouse,
        lab,
        ipv6,
        slow_delay: Millis(delay),
        ..
    } = Config::default();
    let lab = LABS
        .iter()
        .find(|(_, choice)| *choice == lab)
        .map_or("", |(word, _)| *word);
    let labs = LABS.map(|(word, _)| word).join(", ");
    let themes = ThemeName::BUILTIN.join(", ");
    let mut text = format!(
        r#"# The configuration of finwait's screen. Each value here is what holds where the file does not say it: keep the lines that you change.
# What the command line says comes first, then the environment (NO_COLOR), then this file.

# The colours: {themes};
# or NAME for your own, themes/NAME.toml beside this file. On the screen, : theme chooses one, and shows it at once.
theme = "{DEFAULT}"

# Whether a click presses buttons; without it, the terminal selects text.
mouse = {mouse}

# Where the two ends live: {labs}.
lab = "{lab}"

# Whether they talk IPv6.
ipv6 = {ipv6}

# How long a segment is on its way where the wire is slow.
slow-delay = "{delay}ms"

# The keys of the buttons, by the commands that they press: a key, or a list of keys, the first of which is shown; [] for none. A key is
# like "w", "W", "ctrl-p", "alt-w", "f5" or "insert".
[keys]
"#
    );
    for group in CommandGroup::ALL {
        text.push_str(&format!("# {}\n", group.title()));
        for spec in TABLE.iter().filter(|spec| spec.group == group) {
            for button in spec.buttons {
                let keys: Vec<String> = standard(button).iter().map(|key| quote(&key.to_string())).collect();
                let keys = match keys.as_slice() {
                    [key] => key.clone(),
                    keys => format!("[{}]", keys.join(", ")),
                };
                text.push_str(&format!("{} = {keys}\n", bare(&name(spec, button))));
            }
        }
    }
    text
}

/// Returns a key of TOML, in quotes where it needs them.
fn bare(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.bytes().all(plain) {
        name.to_owned()
    } else {
        quote(name)
    }
}

/// Returns a string of TOML.
fn quote(text: &str) -> String {
    if text.contains(['"', '\\']) {
        format!("'{text}'")
    } else {
        format!("\"{text}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::super::file::{SETTINGS, read};
    use super::*;
    use crate::tui::keys::buttons;
    use crate::tui::theme::Themes;

    #[test]
    fn the_template_says_what_holds_anyway() {
        let text = template();
        let config =
            read("template.toml", &text, &Themes::default()).unwrap_or_else(|mistakes| panic!("{}", mistakes[0]));
        let default = Config {
            theme: ThemeName::new(DEFAULT),
            ..Config::default()
        };
        assert_eq!(config, default);
    }

    #[test]
    fn the_template_has_every_setting_and_every_key() {
        let text = template();
        let document = crate::document::Document::new("template.toml", &text);
        let table = document.parse().unwrap();
        for setting in SETTINGS {
            assert!(table.get_ref().contains_key(setting), "{setting}");
        }
        let keys = document.table(&table.get_ref()["keys"], "[keys]").unwrap();
        assert_eq!(keys.len(), buttons().count());
        let longest = text.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(140), "{longest:?}");
    }
}
