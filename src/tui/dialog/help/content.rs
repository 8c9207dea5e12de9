//! The contents of the help: commands from the table, states from the table of meanings, keys and signs.

use super::super::Context;
use super::HelpTopic;
use crate::command::signature::Signature;
use crate::command::spec::{Button, CommandGroup, Spec, Verb};
use crate::command::table::{self, TABLE};
use crate::command::wire::WireVerb;
use crate::command::{Command, ScreenCommand};
use crate::explain::meaning::{Settings, of_state};
use crate::side::Side;
use crate::state::State;
use crate::tui::hint::{hint, special};
use crate::tui::hit::Action;
use crate::tui::keys::Keymap;

/// Keys and gestures that are no commands.
const HANDS: [(&str, &str); 11] = [
    ("1 2", "give the keys to the client, to the server"),
    (
        "Tab",
        "mark the next button; Shift-Tab the one before; arrows the nearest in a direction",
    ),
    ("Enter", "press what is marked"),
    ("Esc", "close a dialog, leave the zoom, remove the mark"),
    ("click", "press a button, pick a socket, select a line of the log"),
    ("right click", "change a button's arguments before it is pressed"),
    ("wheel", "scroll what is under the pointer"),
    (
        "PgUp PgDn",
        "scroll the log, or a dialog, by what is visible; Home and End go to the ends",
    ),
    ("Ctrl-L", "redraw the screen"),
    (
        "Ctrl-Z",
        "suspend finwait and go back to the shell; fg resumes: the endpoints and their sockets live on meanwhile",
    ),
    ("Ctrl-C", "leave"),
];

/// Programs of the user's own, in a few words.
const PROGRAMS: [(&str, &str); 5] = [
    (
        "run",
        "any program runs on a host of the lab, unmodified: server run nginx -p . -c nginx.conf, client run curl http://server:8080/; it finds the other host as client or server, and nothing beyond the two",
    ),
    (
        "sockets",
        "a program's are named and shown like the endpoint's, with its name and pid beside them; the wire's buttons and ss -K act on them, call buttons do not",
    ),
    (
        "out err call",
        "what it wrote to standard output and standard error; its system calls, with --syscalls",
    ),
    (
        "[why?]",
        "a line or a call that tells of an error that is known: what set it, and the rule",
    ),
    (
        "end",
        "with the lab every program ends, with all its processes, daemons too",
    ),
];

/// Signs on the screen, with what they mean.
const SIGNS: [(&str, &str); 20] = [
    (
        "▌STATE▐",
        "a socket's state, as the kernel's table has it; press it for what it means now",
    ),
    ("──▶", "a segment, from the host that sent it to the one that it is for"),
    ("◆", "a segment that is on the wire now: held, delayed, or on its way"),
    ("✗", "a segment that was dropped: it never arrived"),
    ("╳", "an RST: the connection is reset"),
    ("╌╌▶", "a segment that is sent again: a retransmission"),
    ("━━▶", "a FIN: its sender will send no more data"),
    ("again", "the same bytes, or the same SYN or FIN, sent another time"),
    ("+2 again", "two more of the same, folded into one line"),
    (
        "probe",
        "a segment without news that asks for an answer: keepalive, or a closed window",
    ),
    ("forged", "a packet that you made; no host sent it"),
    ("copy", "a duplicate that the wire made"),
    (
        "seq 1 ack 6",
        "numbers counted from each side's first: SYN is 0, the first byte 1",
    ),
    (
        "rx 5 tx 3",
        "bytes that came and are not read; bytes written and not acknowledged (procfs counts SYN and FIN with them)",
    ),
    (
        "queue 1/3",
        "a listener: connections that wait for accept, and how many may (its backlog and one more)",
    ),
    (
        "! at a state",
        "procfs, TCP_INFO and the segments do not agree on it; the line below says why",
    ),
    (
        "[k×label]",
        "what cannot be done now: a call that this end's language does not have, or on a program's socket; the hint says why",
    ),
    ("out err", "what a program wrote: to standard output, to standard error"),
    (
        "2 with itself",
        "connections of a host with itself, which programs have on it and the wire does not see",
    ),
    (
        "> at a socket",
        "the current one: calls go to it unless another is named",
    ),
];

/// The effect of Enter, or of a click, on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Press {
    /// The command is typed in the prompt.
    Type(String),
    /// The state is explained in place, or no longer.
    Unfold(State),
}

/// A thing that the help explains.
#[derive(Clone, Debug)]
pub(super) struct HelpEntry {
    /// The key or the sign.
    pub(super) key: String,
    /// The label of its button; empty where it has none.
    pub(super) label: String,
    /// The effect or the meaning.
    pub(super) text: String,
    /// Further lines: the arguments, or what a state means.
    pub(super) more: Vec<(&'static str, String)>,
    pub(super) press: Option<Press>,
}

/// A part of the help.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) title: String,
    pub(super) items: Vec<HelpEntry>,
}

impl HelpEntry {
    fn plain(key: &str, text: &str) -> HelpEntry {
        HelpEntry {
            key: key.into(),
            label: String::new(),
            text: text.into(),
            more: Vec::new(),
            press: None,
        }
    }

    /// Returns whether it has each of these words, in lower case, somewhere.
    fn fits(&self, words: &[&str]) -> bool {
        let typed = match &self.press {
            Some(Press::Type(typed)) => typed.as_str(),
            _ => "",
        };
        let more: Vec<&str> = self.more.iter().map(|(_, text)| text.as_str()).collect();
        let text = format!("{} {} {} {typed} {}", self.key, self.label, self.text, more.join(" ")).to_lowercase();
        words.iter().all(|word| text.contains(word))
    }
}

/// Returns all of the help, what has the focus first; `unfolded` is the state that is explained in place.
pub(super) fn sections(topic: &HelpTopic, unfolded: Option<State>, context: Context) -> Vec<Section> {
    let plain = |keys: &[(&str, &str)]| keys.iter().map(|(key, text)| HelpEntry::plain(key, text)).collect();
    let mut sections = vec![focused(topic, unfolded, context)];
    for group in CommandGroup::ALL {
        let rows = TABLE.iter().filter(|spec| spec.group == group);
        sections.push(Section {
            title: group.title().into(),
            items: rows
                .flat_map(|spec| buttons(spec, context.focus, context.keys))
                .chain(
                    (group == CommandGroup::Program)
                        .then_some(PROGRAMS)
                        .into_iter()
                        .flat_map(|of| of.map(|(key, text)| HelpEntry::plain(key, text))),
                )
                .collect(),
        });
    }
    sections.push(Section {
        title: "Mouse and keys".into(),
        items: plain(&HANDS),
    });
    sections.push(Section {
        title: "Signs on the screen".into(),
        items: plain(&SIGNS),
    });
    sections.push(Section {
        title: "States (Enter or a click: all that one means)".into(),
        items: State::ALL
            .into_iter()
            .map(|state| state_item(state, unfolded))
            .collect(),
    });
    sections
}

/// Returns what of the help fits the text that is searched for: all of it where that is empty.
pub(super) fn found(mut sections: Vec<Section>, text: &str) -> Vec<Section> {
    let search = text.to_lowercase();
    let words: Vec<&str> = search.split_whitespace().collect();
    if words.is_empty() {
        return sections;
    }
    // What has the focus stands in its group, too.
    sections.remove(0);
    let all: Vec<HelpEntry> = sections.iter().flat_map(|section| section.items.clone()).collect();
    for section in &mut sections {
        section.items.retain(|item| item.fits(&words));
    }
    sections.retain(|section| !section.items.is_empty());
    // A key that is looked for stands before all that has its letter.
    let mut letters = text.trim().chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        let is_it = |item: &&HelpEntry| item.key.split(' ').any(|key| key == letter.to_string());
        let keys: Vec<HelpEntry> = all.iter().filter(is_it).cloned().collect();
        if !keys.is_empty() {
            let title = format!("The key {letter}");
            sections.insert(0, Section { title, items: keys });
        }
    }
    sections
}

/// The part of the screen that has the focus.
fn focused(topic: &HelpTopic, unfolded: Option<State>, context: Context) -> Section {
    match topic {
        HelpTopic::Command(command) => marked(command, context),
        HelpTopic::End(side) => Section {
            title: format!("The keys are the {side}'s: a few of its calls"),
            items: primary(*side, context.keys, |spec| matches!(spec.verb, Verb::End(_))).collect(),
        },
        HelpTopic::Programs(side) => Section {
            title: format!("The {side} shows programs of your own"),
            items: primary(*side, context.keys, |spec| spec.group == CommandGroup::Program)
                .chain(PROGRAMS.map(|(key, text)| HelpEntry::plain(key, text)))
                .collect(),
        },
        HelpTopic::Log => Section {
            title: "Marked: the log".into(),
            items: log_keys(context.keys),
        },
        HelpTopic::Diagram => Section {
            title: "Marked: the diagram".into(),
            items: diagram_keys(context.keys),
        },
        HelpTopic::State(state) => Section {
            title: format!("Marked: the state {state}"),
            items: vec![state_item(*state, unfolded)],
        },
        HelpTopic::Dialog(about) => Section {
            title: about.title.into(),
            items: about
                .keys
                .iter()
                .map(|(key, text)| HelpEntry::plain(key, text))
                .chain([
                    HelpEntry::plain(
                        "arrows",
                        "move; PgUp and PgDn by what is visible, Home and End to the ends",
                    ),
                    HelpEntry::plain("Enter", "press what is selected, as a click does"),
                    HelpEntry::plain("Esc", "close it"),
                ])
                .collect(),
        },
    }
}

/// Returns the marked button alone, and what it would do now.
fn marked(command: &Command, context: Context) -> Section {
    let spec = table::row(command.verb());
    let side = match command {
        Command::End(side, _) => *side,
        Command::Wire(_) | Command::Screen(_) | Command::Write(_) => context.focus,
    };
    let mut items = buttons(spec, side, context.keys);
    // The marked one alone, and what it would do now.
    let marked = spec
        .buttons
        .iter()
        .position(|button| (button.command)(side) == *command);
    let mut item = items.swap_remove(marked.unwrap_or(0));
    let now = hint(
        &Action::from(command.clone()),
        context.session,
        context.focus,
        u16::MAX,
        context.keys,
    );
    item.more.push(("now", now));
    Section {
        title: format!("Marked: {}", spec.name),
        items: vec![item],
    }
}

/// Returns the buttons that an end has in its pane, of those rows of the table.
fn primary(side: Side, keys: &Keymap, is_of: impl Fn(&Spec) -> bool) -> impl Iterator<Item = HelpEntry> {
    let rows = TABLE.iter().filter(move |spec| is_of(spec));
    rows.flat_map(move |spec| {
        let all = spec.buttons.iter().zip(buttons(spec, side, keys));
        all.filter(|(button, _)| button.primary).map(|(_, item)| item)
    })
}

/// A state in a line, with what it means where it is unfolded, or wanted.
fn state_item(state: State, unfolded: Option<State>) -> HelpEntry {
    let entries: Vec<_> = of_state(state).map(|entry| entry.words(&Settings::default())).collect();
    let first = entries.first().map_or_else(String::new, |entry| entry.meaning.clone());
    let mut more = Vec::new();
    if unfolded == Some(state) {
        for entry in entries {
            more.extend([
                ("means", entry.meaning),
                ("can", entry.can),
                ("waits for", entry.waits_for),
                ("ended by", entry.ends_by),
                ("see it", format!("scenario {}", entry.scenario)),
                ("", String::new()),
            ]);
        }
        more.pop();
    }
    HelpEntry {
        key: state.name().into(),
        label: String::new(),
        text: first,
        more,
        press: Some(Press::Unfold(state)),
    }
}

/// The keys of the log.
fn log_keys(keys: &Keymap) -> Vec<HelpEntry> {
    let of = |command| keys.of_screen(command);
    vec![
        HelpEntry::plain(
            "click",
            "select a line; once more: why a call returned what it did, or what is in a segment",
        ),
        HelpEntry::plain("Up Down", "select another line, while the log is marked"),
        HelpEntry::plain("PgUp PgDn", "scroll by what is visible; End follows what comes"),
        HelpEntry::plain(&of(ScreenCommand::LogFollow), "follow new lines, or stay"),
        HelpEntry::plain(&of(ScreenCommand::LogFilter), "choose which lines are shown"),
        HelpEntry::plain(
            &of(ScreenCommand::CopyLine),
            "copy the selected line to the terminal's clipboard",
        ),
    ]
}

/// The keys of the diagram.
fn diagram_keys(keys: &Keymap) -> Vec<HelpEntry> {
    let of = |command| keys.of_screen(command);
    let wire = |verb| {
        let first = table::row(Verb::Wire(verb)).buttons.first();
        first.map_or_else(String::new, |button| keys.label(button).to_string())
    };
    vec![
        HelpEntry::plain(
            "click",
            "select a held segment; any other is looked into: header, bytes, what became of it",
        ),
        HelpEntry::plain(
            &format!("{} {}", of(ScreenCommand::HeldBefore), of(ScreenCommand::HeldAfter)),
            "select the held segment before, or after",
        ),
        HelpEntry::plain(
            &format!("{} {}", wire(WireVerb::Deliver), wire(WireVerb::Drop)),
            "deliver the selected segment, or drop it",
        ),
        HelpEntry::plain(&of(ScreenCommand::States), "the state diagram in its place, and back"),
        HelpEntry::plain(&of(ScreenCommand::Zoom), "give it the whole screen"),
    ]
}

/// The keys of a button, parted by blanks; a colon, as the prompt has it, for a button without one.
fn keys_of(button: &Button, keys: &Keymap) -> String {
    let keys: Vec<String> = keys.keys(button).iter().map(|key| key.label().to_string()).collect();
    if keys.is_empty() { ":".into() } else { keys.join(" ") }
}

/// The buttons of a row, or the row itself where it has none, each with its arguments.
fn buttons(spec: &'static Spec, side: Side, keys: &Keymap) -> Vec<HelpEntry> {
    let signature = Signature::of(spec);
    let parts: Vec<&str> = signature.parts.iter().map(|part| part.text.as_str()).collect();
    let takes = (!parts.is_empty()).then(|| ("takes", format!("{} {}", spec.name, parts.join(" "))));
    let typed = |words: &str| {
        let before = match spec.verb {
            Verb::End(_) => format!("{side} "),
            Verb::Wire(_) => "wire ".into(),
            Verb::Screen(_) => String::new(),
        };
        Some(Press::Type(format!("{before}{words} ")))
    };
    if spec.buttons.is_empty() {
        return vec![HelpEntry {
            key: ":".into(),
            label: spec.name.into(),
            text: spec.help.into(),
            more: takes.into_iter().collect(),
            press: typed(spec.name),
        }];
    }
    let mut items: Vec<HelpEntry> = spec
        .buttons
        .iter()
        .map(|button| {
            let command = (button.command)(side);
            HelpEntry {
                key: keys_of(button, keys),
                label: button.label.into(),
                text: special(&command).unwrap_or(spec.help).into(),
                more: Vec::new(),
                press: typed(spec.name),
            }
        })
        .collect();
    // Once for all of them.
    if let Some(item) = items.last_mut() {
        item.more.extend(takes);
    }
    items
}
