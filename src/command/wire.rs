//! Commands of the wire.

use std::fmt;

use super::table::{self, Verb};
use crate::clock::Millis;
use crate::side::Side;
use crate::wire::flow::PacketNo;
use crate::wire::forge::{Forge, Forgery, SequencePlace};
use crate::wire::queue::{Mode, RuleChange};
use crate::wire::rule::{Chance, PacketKind, Rule, RuleNo, Verdict};

/// A command for the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WireCommand {
    /// Lets segments pass, at once or slowly, or holds each.
    Mode(ModeChoice),
    /// Delivers what is held.
    Deliver(Target),
    /// Loses it.
    Drop(Target),
    /// Puts a copy beside it.
    Duplicate(Target),
    /// Lets it go on by itself after so long.
    Delay(Target, Millis),
    /// Puts a rule in force.
    Rule(Rule),
    /// Puts the rules of a preset in force.
    Preset(Preset),
    /// Changes a rule.
    Change(RuleNo, RuleChange),
    /// Takes all rules away.
    Clear,
    /// Makes a packet up.
    Forge(Forge),
}

/// The mode that a command asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModeChoice {
    /// The one after the present one: flow, slow, step.
    Next,
    /// [`Mode::Flow`]
    Flow,
    /// [`Mode::Slow`]; without a time, as slow as last time.
    Slow(Option<Millis>),
    /// [`Mode::Step`]
    Step,
}

impl ModeChoice {
    /// The mode that it means beside the present one, when slow was that slow last.
    pub const fn meant(self, now: Mode, slow: Millis) -> Mode {
        match self {
            ModeChoice::Next => now.next(slow),
            ModeChoice::Flow => Mode::Flow,
            ModeChoice::Slow(Some(time)) => Mode::Slow(time),
            ModeChoice::Slow(None) => Mode::Slow(slow),
            ModeChoice::Step => Mode::Step,
        }
    }
}

impl From<Mode> for ModeChoice {
    fn from(mode: Mode) -> ModeChoice {
        match mode {
            Mode::Flow => ModeChoice::Flow,
            Mode::Slow(time) => ModeChoice::Slow(Some(time)),
            Mode::Step => ModeChoice::Step,
        }
    }
}

/// The meaning of a word that is about the wire: a [`WireCommand`] without its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireVerb {
    /// [`WireCommand::Mode`]
    Mode,
    /// [`WireCommand::Mode`] that holds each segment.
    Step,
    /// [`WireCommand::Mode`] that lets them pass.
    Flow,
    /// [`WireCommand::Mode`] that lets them pass slowly.
    Slow,
    /// [`WireCommand::Deliver`], or a rule.
    Deliver,
    /// [`WireCommand::Drop`], or a rule.
    Drop,
    /// [`WireCommand::Duplicate`], or a rule.
    Duplicate,
    /// [`WireCommand::Delay`], or a rule.
    Delay,
    /// A rule that holds.
    Hold,
    /// [`WireCommand::Preset`]
    Preset,
    /// [`WireCommand::Change`]
    Rule,
    /// [`WireCommand::Clear`]
    Clear,
    /// [`WireCommand::Forge`]
    Forge,
}

/// The packets that a command is about, of those that are held on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// The oldest; on the screen, the selected one.
    #[default]
    Next,
    /// All of them, each segment once.
    All,
    /// All of them, the copies too that its host has sent of a held segment.
    AllCopies,
    /// The packet of this number.
    One(PacketNo),
}

/// Rules that are wanted often, under one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// The next SYN is lost.
    LoseSyn,
    /// The handshake's last ACK is lost.
    LoseFinalAck,
    /// Every FIN is held.
    HoldFin,
    /// Nothing from the client arrives.
    BlackHoleClient,
    /// Nothing from the server arrives.
    BlackHoleServer,
    /// Nothing arrives.
    CutCable,
    /// One packet in ten is lost.
    Lose10,
}

const fn of(from: Side, rule: Rule) -> Rule {
    Rule {
        from: Some(from),
        ..rule
    }
}

const fn once(rule: Rule) -> Rule {
    Rule { times: Some(1), ..rule }
}

impl Preset {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Preset; 7] = [
        Preset::LoseSyn,
        Preset::LoseFinalAck,
        Preset::HoldFin,
        Preset::BlackHoleClient,
        Preset::BlackHoleServer,
        Preset::CutCable,
        Preset::Lose10,
    ];

    /// The word for it in commands.
    pub const fn name(self) -> &'static str {
        match self {
            Preset::LoseSyn => "lose-syn",
            Preset::LoseFinalAck => "lose-final-ack",
            Preset::HoldFin => "hold-fin",
            Preset::BlackHoleClient => "black-hole-client",
            Preset::BlackHoleServer => "black-hole-server",
            Preset::CutCable => "cut-cable",
            Preset::Lose10 => "lose-10-percent",
        }
    }

    /// A description in a few words.
    pub const fn help(self) -> &'static str {
        match self {
            Preset::LoseSyn => "drop the next SYN",
            Preset::LoseFinalAck => "drop the handshake's last ACK",
            Preset::HoldFin => "hold every FIN",
            Preset::BlackHoleClient => "drop all that the client sends",
            Preset::BlackHoleServer => "drop all that the server sends",
            Preset::CutCable => "lose everything",
            Preset::Lose10 => "drop one in ten, the same ones each time",
        }
    }

    /// The rules that it is.
    pub const fn rules(self) -> [Rule; 1] {
        const ANY: Rule = Rule::new(Verdict::Drop, PacketKind::Any);
        [match self {
            Preset::LoseSyn => once(Rule::new(Verdict::Drop, PacketKind::Syn)),
            // The first acknowledgement from the client that takes up number 1 and carries nothing.
            Preset::LoseFinalAck => once(of(
                Side::Client,
                Rule {
                    seq: Some(1),
                    ..Rule::new(Verdict::Drop, PacketKind::Ack)
                },
            )),
            Preset::HoldFin => Rule::new(Verdict::Hold, PacketKind::Fin),
            Preset::BlackHoleClient => of(Side::Client, ANY),
            Preset::BlackHoleServer => of(Side::Server, ANY),
            Preset::CutCable => ANY,
            Preset::Lose10 => Rule {
                chance: Some(Chance { percent: 10, seed: 1 }),
                ..ANY
            },
        }]
    }
}

impl WireCommand {
    /// Returns the meaning of the word that it is typed with.
    pub const fn verb(&self) -> WireVerb {
        match self {
            WireCommand::Mode(ModeChoice::Next) => WireVerb::Mode,
            WireCommand::Mode(ModeChoice::Step) => WireVerb::Step,
            WireCommand::Mode(ModeChoice::Flow) => WireVerb::Flow,
            WireCommand::Mode(ModeChoice::Slow(_)) => WireVerb::Slow,
            WireCommand::Deliver(_) => WireVerb::Deliver,
            WireCommand::Drop(_) => WireVerb::Drop,
            WireCommand::Duplicate(_) => WireVerb::Duplicate,
            WireCommand::Delay(..) => WireVerb::Delay,
            WireCommand::Rule(rule) => match rule.verdict {
                Verdict::Deliver => WireVerb::Deliver,
                Verdict::Drop => WireVerb::Drop,
                Verdict::Duplicate => WireVerb::Duplicate,
                Verdict::Delay(_) => WireVerb::Delay,
                Verdict::Hold => WireVerb::Hold,
            },
            WireCommand::Preset(_) => WireVerb::Preset,
            WireCommand::Change(..) => WireVerb::Rule,
            WireCommand::Clear => WireVerb::Clear,
            WireCommand::Forge(_) => WireVerb::Forge,
        }
    }
}

impl fmt::Display for WireCommand {
    /// Prints it as it would be typed after `wire`, defaults left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let WireCommand::Rule(rule) = self {
            return write!(f, "{rule}");
        }
        f.write_str(table::row(Verb::Wire(self.verb())).name)?;
        match self {
            WireCommand::Mode(ModeChoice::Slow(Some(time))) => write!(f, " {}ms", time.0),
            WireCommand::Mode(_) | WireCommand::Clear | WireCommand::Rule(_) => Ok(()),
            WireCommand::Deliver(target) | WireCommand::Drop(target) | WireCommand::Duplicate(target) => {
                write!(f, "{target}")
            }
            WireCommand::Delay(target, time) => write!(f, "{target} ms={}", time.0),
            WireCommand::Preset(preset) => write!(f, " {}", preset.name()),
            WireCommand::Change(no, change) => {
                let change = match change {
                    RuleChange::On => "on",
                    RuleChange::Off => "off",
                    RuleChange::Remove => "remove",
                };
                write!(f, " {} {change}", no.0)
            }
            WireCommand::Forge(forge) => {
                write!(f, " {} to={}", forge.what.name(), forge.to)?;
                match forge.place {
                    SequencePlace::Exact => {}
                    SequencePlace::InWindow => f.write_str(" seq=in-window")?,
                    SequencePlace::OutOfWindow => f.write_str(" seq=out-of-window")?,
                    SequencePlace::At(at) => write!(f, " seq={at}")?,
                }
                if let Some(port) = forge.port {
                    write!(f, " port={port}")?;
                }
                if forge.what == Forgery::Data {
                    write!(f, " bytes=\"{}\"", crate::call::escape(&forge.data.0))?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Next => Ok(()),
            Target::All => f.write_str(" all"),
            Target::AllCopies => f.write_str(" all copies=yes"),
            Target::One(no) => write!(f, " {}", no.0),
        }
    }
}
