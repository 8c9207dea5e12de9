//! Every key, on the main screen and in every dialog: none ends the program, or takes a socket away, unless that is its job.

use super::support::folder::Folder;
use std::collections::BTreeSet;

use finwait::command::ScreenCommand;
use finwait::command::spec::{CommandGroup, Spec};
use finwait::command::table::{TABLE, of_screen};
use finwait::side::Side;

use super::terminal::{Half, Terminal};
use super::{connected_in, started};

/// Esc as the kitty protocol sends it: what comes behind it is not taken for a key with Alt.
const ESC: &str = "\x1b[27u";
/// A key of the kitty protocol that is nobody's: the play key. It ends what is not yet a whole key, as [`ESC`] does.
const PLAY: &str = "\x1b[57428u";
/// Ctrl-L.
const REDRAW: &str = "\x0c";

/// What is written when the terminal is taken over: the alternate screen.
pub const BACK: &str = "\x1b[?1049h";

/// Each key of the table that quits nothing, with its row.
fn table_keys() -> Vec<(&'static Spec, char)> {
    TABLE
        .iter()
        .filter(|spec| spec.name != of_screen(ScreenCommand::Quit).name)
        .flat_map(|spec| spec.buttons.iter().map(|button| (*spec, button.key)))
        .collect()
}

/// What else a keyboard and a terminal send. Ctrl-C, which quits, Ctrl-Z and Esc have tests of their own.
fn other_keys() -> Vec<String> {
    let own = ['\x03', '\x1a', '\x1b', '\r'];
    let controls = (0..0x20_u8).map(char::from).filter(|key| !own.contains(key));
    let mut keys: Vec<String> = controls.map(String::from).collect();
    keys.push("\x7f".into());
    // With Alt; these two begin other sequences.
    let alt = ('!'..='~').filter(|key| !['O', '['].contains(key));
    keys.extend(alt.map(|key| format!("\x1b{key}")));
    keys.extend(
        ('A'..='D')
            .chain('P'..='S')
            .chain(['F', 'H'])
            .map(|key| format!("\x1bO{key}")),
    );
    keys.extend(
        ('A'..='F')
            .chain(['H', 'Z', 'P', 'Q', 'R', 'S'])
            .map(|key| format!("\x1b[{key}")),
    );
    // With Shift, Alt and Control.
    keys.extend((2..=8).flat_map(|with| ["A", "B", "C", "D", "H", "F"].map(|key| format!("\x1b[1;{with}{key}"))));
    // Home to F20, and numbers that no key has.
    keys.extend((0..=40).map(|number| format!("\x1b[{number}~")));
    keys.extend((2..=8).map(|with| format!("\x1b[5;{with}~")));
    let rest = [
        // Characters of more than one byte, and bytes that are none.
        "\u{e9}",
        "\u{20ac}",
        "\u{1f600}",
        "\u{202e}",
        // A paste, focus that comes and goes.
        "\x1b[200~q\nquit\r\x03\x1a\x1b[201~",
        "\x1b[I",
        "\x1b[O",
        // Answers that nobody asked for: the cursor's place, the terminal's kind, its keyboard's.
        "\x1b[1;1R",
        "\x1b[?62;22c",
        "\x1b[?1u",
        // Control characters and keys by number.
        "\x1b[7u",
        "\x1b[97;5u",
        "\x1b[57428u",
        "\x1b[113;6u",
        "\x1b[27;5;113~",
        // Mouse reports of all kinds, also beside the screen.
        "\x1b[<35;3;3M",
        "\x1b[<35;9999;9999M",
        "\x1b[<64;3;3M",
        "\x1b[<99;3;3m",
        "\x1b[<0;0;0M",
        "\x1b[32;0;0M",
        "\x1b[M\x20\x20\x20",
        "\x1b[M###",
        "\x1b[67;3;3M",
        // What makes no sense.
        "\x1b[;;;~",
        "\x1b[99999999999~",
        "\x1b[<M",
        "\x1b[?25h",
        "\x1b[1;2;3;4;5x",
    ];
    keys.extend(rest.map(String::from));
    keys
}

/// The processes of both endpoints, the client's first.
pub fn endpoints(terminal: &Terminal) -> Vec<i32> {
    Side::BOTH
        .into_iter()
        .filter_map(|side| terminal.endpoint(side))
        .collect()
}

/// The sockets that both endpoints hold, by their inodes.
pub fn sockets(terminal: &mut Terminal) -> BTreeSet<String> {
    terminal.until("both ends' processes", |terminal| endpoints(terminal).len() == 2);
    let of = |pid| std::fs::read_dir(format!("/proc/{pid}/fd")).expect("the endpoint lives");
    let links = endpoints(terminal)
        .into_iter()
        .flat_map(of)
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    let names = links.map(|link| link.to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("socket:")).collect()
}

/// Something else writes on the terminal; these keys are pressed, then Ctrl-L, and all is drawn anew.
#[track_caller]
fn redraws_after(terminal: &mut Terminal, keys: &str) {
    terminal.scribble();
    terminal.keys(&format!("{keys}{ESC}{ESC}{ESC}{REDRAW}"));
    terminal.wait(&format!("a screen drawn anew after {keys:?}"), |lines| {
        let text = lines.join("\n");
        !text.contains(Terminal::SCRIBBLE) && text.contains("CLIENT") && text.contains("SERVER")
    });
}

#[test]
fn control_l_draws_the_screen_anew() {
    let mut terminal = started("isolated");
    redraws_after(&mut terminal, "");
    assert_eq!(
        terminal.written("\x1b[6n"),
        0,
        "it asked the terminal where the cursor is"
    );
}

#[test]
fn no_other_key_than_those_of_the_table_does_a_thing_to_the_lab() {
    let mut terminal = super::connected("isolated");
    let before = sockets(&mut terminal);
    for key in other_keys() {
        redraws_after(&mut terminal, &key);
    }
    terminal.keys("\x1b");
    redraws_after(&mut terminal, "");
    assert_eq!(sockets(&mut terminal), before);
    terminal.keys("q");
    assert!(terminal.end().success());
}

#[test]
fn every_key_of_the_table_leaves_finwait_alive() {
    let folder = Folder::new("keys");
    let mut terminal = connected_in(folder.path());
    let before = sockets(&mut terminal);
    // First what takes no socket away.
    let ends = |spec: &Spec| matches!(spec.group, CommandGroup::End | CommandGroup::Process);
    let (ending, other): (Vec<_>, Vec<_>) = table_keys().into_iter().partition(|(spec, _)| ends(spec));
    assert!(other.len() > 40, "{}", other.len());
    for (spec, key) in other {
        redraws_after(&mut terminal, &key.to_string());
        assert!(before.is_subset(&sockets(&mut terminal)), "{}", spec.name);
    }
    for (_, key) in ending {
        redraws_after(&mut terminal, &key.to_string());
    }
    terminal.keys("q");
    assert!(terminal.end().success());
}

/// What is seen of the prompt.
const PROMPT: &str = "Enter runs it";

/// All keys but Esc and Ctrl-C.
fn all_keys() -> Vec<String> {
    let of_the_table = table_keys().into_iter().map(|(_, key)| key.to_string());
    other_keys()
        .into_iter()
        .chain(of_the_table)
        .chain(["q".into()])
        .collect()
}

/// A test for each dialog: its name, the key that opens it, and what is seen of it then.
macro_rules! dialogs {
    ($($name:ident $open:literal $seen:expr;)*) => {
        /// What opens each dialog, and what is seen of it then.
        const DIALOGS: &[(&str, &str)] = &[$(($open, $seen)),*];

        mod every_key_leaves_finwait_alive_in {
            use super::*;

            $(
                #[test]
                fn $name() {
                    every_key_leaves_finwait_alive(|_| $open.into(), $seen);
                }
            )*

            /// It is looked into by a click.
            #[test]
            fn a_packet() {
                every_key_leaves_finwait_alive(|terminal| terminal.press_on(" SYN seq 0 ", Half::Left), "one packet");
            }

            /// So is a state.
            #[test]
            fn a_state() {
                every_key_leaves_finwait_alive(
                    |terminal| terminal.press_on(" ESTABLISHED ", Half::Left),
                    "ESTABLISHED of the client",
                );
            }
        }
    };
}

dialogs! {
    help "?" "help: keys";
    the_prompt ":" PROMPT;
    the_prompt_with_a_call "E" PROMPT;
    options "o" "options of";
    host_settings "t" "'s host 10.0.0.";
    raw_rows "T" "sl  local_address";
    why "!" "why?   (Esc";
    rules "W" "the wire's rules";
    forge "f" "forge a packet to";
    lessons "Y" "type to search";
    themes "%" "the screen shows the marked one";
    the_menu "m" " can do   (Enter presses, Esc closes)";
    the_runtimes "G" "what drives the ";
    a_new_lab "+" "a new lab?";
}

fn every_key_leaves_finwait_alive(opening: impl FnOnce(&mut Terminal) -> String, seen: &str) {
    let mut terminal = super::connected("isolated");
    let before = sockets(&mut terminal);
    let open = opening(&mut terminal);
    terminal.keys(&open);
    terminal.see(seen);
    redraws_after(&mut terminal, "");
    for key in all_keys() {
        redraws_after(&mut terminal, &format!("{open}{key}"));
    }
    assert!(before.is_subset(&sockets(&mut terminal)), "{open}");
    terminal.keys("q");
    assert!(terminal.end().success());
}

/// The dialogs that only a guide has: a prediction, a step to change, and what comes of the change.
#[test]
fn every_key_in_the_guides_dialogs_leaves_finwait_alive() {
    let mut terminal = super::guided_to_the_half_close();
    let before = sockets(&mut terminal);
    for (open, seen) in [("#", "what will it return?"), ("&", "what instead?")] {
        terminal.keys(open);
        terminal.see(seen);
        redraws_after(&mut terminal, "");
        for key in all_keys() {
            redraws_after(&mut terminal, &format!("{open}{key}"));
        }
        assert!(before.is_subset(&sockets(&mut terminal)), "{open}");
    }
    // Each comparison runs both ways, so one has to stay open for all the keys.
    terminal.keys("&\r");
    terminal.see("step 4 changed");
    terminal.see("as it is");
    for key in all_keys().into_iter().filter(|key| key != "q") {
        terminal.scribble();
        terminal.keys(&format!("{key}{PLAY}{PLAY}{PLAY}{REDRAW}"));
        // The help is about it, and lies over it.
        terminal.wait(&format!("something drawn anew after {key:?}"), |lines| {
            let text = lines.join("\n");
            !text.contains(Terminal::SCRIBBLE) && (text.contains("step 4 changed") || text.contains("help: keys"))
        });
        if terminal.lines().join("\n").contains("help: keys") {
            terminal.keys(ESC);
        }
        terminal.wait(&format!("the comparison drawn anew after {key:?}"), |lines| {
            let text = lines.join("\n");
            !text.contains(Terminal::SCRIBBLE) && text.contains("step 4 changed")
        });
    }
    terminal.keys("q");
    terminal.wait("the guide again", |lines| {
        let text = lines.join("\n");
        text.contains("step 4 of 10") && !text.contains("step 4 changed")
    });
    assert!(before.is_subset(&sockets(&mut terminal)));
    terminal.keys("q");
    assert!(terminal.end().success());
}

/// Nothing would bring it back from there: the terminal's program is no shell's job.
#[test]
fn control_z_without_a_shell_does_not_stop() {
    let mut terminal = super::connected("isolated");
    let before = sockets(&mut terminal);
    // The prompt lies over the line that says it.
    let others = DIALOGS.iter().filter(|(_, seen)| *seen != PROMPT);
    for (open, seen) in others.chain([&("", "")]) {
        terminal.keys(open);
        terminal.see(seen);
        terminal.keys("\x1a");
        terminal.see("finwait does not stop: no shell");
        assert!(terminal.lines().iter().any(|line| line.contains(seen)), "{seen}");
        redraws_after(&mut terminal, "");
    }
    let drawn = terminal.written(BACK);
    let pid = rustix::process::Pid::from_raw(terminal.pid()).expect("a process");
    rustix::process::kill_process(pid, rustix::process::Signal::TSTP).expect("it is ours");
    terminal.see("finwait does not stop: no shell");
    assert_eq!(terminal.written(BACK), drawn, "the terminal was not given away");
    assert_eq!(sockets(&mut terminal), before);
}
