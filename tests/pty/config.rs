//! The configuration, as a user has it: a file in a folder, read by the real binary.

use super::*;
use std::process::Command;

/// A folder for a configuration, which goes with this.
struct ConfigFolder(Folder);

impl ConfigFolder {
    fn new(name: &str) -> ConfigFolder {
        let folder = Folder::new(name);
        std::fs::create_dir_all(folder.path().join("finwait/themes")).unwrap();
        ConfigFolder(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("finwait/config.toml")
    }

    fn write(&self, text: &str) -> &ConfigFolder {
        std::fs::write(self.file(), text).unwrap();
        self
    }

    /// The screen with it, in the loopback lab, with these variables beside.
    fn screen(&self, args: &[&str], env: &[(&str, &str)]) -> Terminal {
        let folder = self.0.path().to_str().unwrap();
        let env = [&[("XDG_CONFIG_HOME", folder), ("COLORTERM", "truecolor")], env].concat();
        let mut terminal = Terminal::start_with(120, 40, &[&["--lab", "loopback"], args].concat(), &env);
        terminal.see_both_up();
        terminal
    }

    /// Runs finwait without a screen: its exit status, and what it said.
    fn run(&self, args: &[&str]) -> (Option<i32>, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_finwait"))
            .args(args)
            .env("XDG_CONFIG_HOME", self.0.path())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    }
}

/// What is under the word `finwait` in the first line.
fn ground(terminal: &Terminal) -> vt100::Color {
    terminal.screen().cell(0, 1).expect("a cell").bgcolor()
}

const DARK: vt100::Color = vt100::Color::Rgb(0x14, 0x18, 0x1d);

#[test]
fn a_button_has_the_key_that_the_file_gives_it() {
    let folder = ConfigFolder::new("keys");
    folder.write("[keys]\nlisten = \"f5\"\n\"shutdown write\" = [\"ctrl-w\", \"h\"]\n");
    let mut terminal = folder.screen(&[], &[]);
    terminal.see("F5 listen");
    terminal.see("^W shut wr");
    terminal.keys("l");
    terminal.see("l is not a key here: ? lists them");
    terminal.keys("2\x1b[15~");
    terminal.see_state(Side::Server, "LISTEN");
    terminal.keys("1c");
    terminal.see("connect = 0");
    terminal.keys("\x17");
    terminal.see_state(Side::Client, "FIN_WAIT2");
}

#[test]
fn a_broken_file_stops_the_screen_and_nothing_else() {
    let folder = ConfigFolder::new("broken");
    folder.write("theme = \"dark\"\n[keys]\nwrite = \"r\"\n");
    let said = "config.toml:3:10: \"r\" presses \"read\": give that another key, or none: \"read\" = []";
    let named = folder.0.path().to_str().unwrap();
    let mut terminal = Terminal::start_with(120, 40, &["--lab", "loopback"], &[("XDG_CONFIG_HOME", named)]);
    terminal.see("\"r\" presses \"read\"");
    assert_eq!(terminal.end().code(), Some(2));
    assert_eq!(terminal.written("\x1b[?1049h"), 0, "the screen was taken");
    let (code, check) = folder.run(&["config"]);
    assert_eq!(code, Some(2));
    assert!(check.contains(said), "{check}");
    assert_eq!(folder.run(&["explain", "EPIPE"]).0, Some(0));
    assert_eq!(folder.run(&["--lab", "loopback", "do", "server listen"]).0, Some(0));
}

#[test]
fn the_command_line_comes_before_the_environment_and_that_before_the_file() {
    let folder = ConfigFolder::new("theme");
    folder.write("theme = \"dark\"\n");
    assert_eq!(ground(&folder.screen(&[], &[])), DARK);
    assert_eq!(ground(&folder.screen(&[], &[("NO_COLOR", "1")])), vt100::Color::Default);
    let both = folder.screen(&["--theme", "projector"], &[("NO_COLOR", "1")]);
    assert_eq!(ground(&both), vt100::Color::Rgb(255, 255, 255));
    // A terminal of 256 colours, and one of sixteen.
    let indexed = folder.screen(&[], &[("COLORTERM", "")]);
    assert_eq!(ground(&indexed), vt100::Color::Idx(234));
    let sixteen = folder.screen(&[], &[("COLORTERM", ""), ("TERM", "xterm")]);
    assert_eq!(ground(&sixteen), vt100::Color::Default);
}

#[test]
fn a_theme_that_is_chosen_stays_and_the_rest_of_the_file_too() {
    let folder = ConfigFolder::new("kept");
    folder.write("# mine\nmouse = true # always\n\n[keys]\nquit = \"f10\"\n");
    let mut terminal = folder.screen(&[], &[]);
    terminal.keys("%");
    terminal.see("the screen shows the marked one");
    terminal.keys("\x1b[B");
    terminal.until("the dark ground", |terminal| ground(terminal) == DARK);
    terminal.keys("\r");
    terminal.see("theme dark, kept in ");
    terminal.keys("\x1b[21~");
    assert!(terminal.end().success());
    let text = std::fs::read_to_string(folder.file()).unwrap();
    assert_eq!(
        text,
        "# mine\nmouse = true # always\ntheme = \"dark\"\n\n[keys]\nquit = \"f10\"\n"
    );
    assert_eq!(ground(&folder.screen(&[], &[])), DARK);
}

#[test]
fn a_theme_of_the_users_own_is_one_of_the_list() {
    let folder = ConfigFolder::new("own");
    let theme = folder.0.path().join("finwait/themes/mine.toml");
    std::fs::write(&theme, "based-on = \"dark\"\nground = \"#ffffff on #000080\"\n").unwrap();
    let terminal = folder.screen(&["--theme", "mine"], &[]);
    assert_eq!(ground(&terminal), vt100::Color::Rgb(0, 0, 128));
    std::fs::write(&theme, "[state]\nopenin = \"bold\"\n").unwrap();
    let (code, said) = folder.run(&["config"]);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("mine.toml:2:1: \"openin\" is not a style of [state]"),
        "{said}"
    );
}

#[test]
fn the_template_is_a_right_configuration() {
    let folder = ConfigFolder::new("template");
    let (code, path) = folder.run(&["config", "--path"]);
    assert_eq!((code, path.trim_end()), (Some(0), folder.file().to_str().unwrap()));
    let (code, text) = folder.run(&["config"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("is not there: the defaults hold"), "{text}");
    let (_, template) = folder.run(&["config", "--print"]);
    folder.write(&template);
    let (code, text) = folder.run(&["config"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("config.toml: this is right"), "{text}");
    let (code, text) = folder.run(&["--config", "/nowhere/config.toml", "config"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("/nowhere/config.toml: No such file"), "{text}");
}

#[test]
fn the_mouse_and_slows_delay_are_those_of_the_file() {
    let folder = ConfigFolder::new("slow");
    folder.write("mouse = false\nslow-delay = \"700ms\"\nlab = \"isolated\"\n");
    let env = [("XDG_CONFIG_HOME", folder.0.path().to_str().unwrap())];
    let mut terminal = Terminal::start_with(120, 40, &[], &env);
    terminal.see_both_up();
    terminal.see("isolated lab");
    terminal.see("M takes it back");
    terminal.keys(":wire slow\r");
    terminal.see("slow: each segment takes 700 ms");
}
