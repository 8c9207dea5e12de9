//! Commands of the wire.

use std::fmt;

use super::Address;
use super::spec::Verb;
use super::table;
use crate::clock::Millis;
use crate::host::Port;
use crate::side::{Ends, Side};
use crate::wire::flow::PacketNo;
use crate::wire::forge::{Forge, Forgery, SequencePlace};
use crate::wire::link::{Link, LinkChange, OptionSet, PathMtu, Profile, Rate, Share};
use crate::wire::queue::{Mode, RuleChange};
use crate::wire::rule::{Chance, ConnectionName, PacketKind, Rule, RuleNo, Verdict};

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
    /// Puts a rule in force; with a name, for that connection.
    Rule(Rule, Option<ConnectionName>),
    /// Puts the rules of a preset in force.
    Preset(Preset),
    /// Changes a rule.
    Change(RuleNo, RuleChange),
    /// Takes all rules away.
    Clear,
    /// Makes a packet up, with those addresses.
    Forge(Forge, ForgeAim),
    /// Changes the link, or shows it.
    Link(LinkCommand),
}

/// The addresses of a forged packet, as a person gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgeAim {
    /// The addresses of the current connection.
    Current,
    /// The addresses of the connection of that name.
    On(ConnectionName),
    /// The addresses of the connection with that port at either end; of a SYN, which needs no connection, its sender's port.
    Port(Port),
    /// Two addresses, whether a connection has them or not.
    Addresses {
        /// The address that it claims to come from.
        source: Address,
        /// The address that it goes to: by default that of the current connection.
        destination: Address,
    },
}

/// A command for the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkCommand {
    /// Shows it, and what it has done.
    Show,
    /// Takes it away, in the direction of an end or in both.
    Off(Option<Side>),
    /// Sets it, in place of what is there.
    Set(GivenLink),
}

/// A link as a person gives it; what is not given is the profile's, else nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GivenLink {
    /// The profile.
    pub profile: Option<Profile>,
    /// The end whose direction it is for; none for both.
    pub from: Option<Side>,
    /// [`Link::delay`]
    pub delay: Option<Millis>,
    /// [`Link::jitter`]
    pub jitter: Option<Millis>,
    /// [`Link::rate`]
    pub rate: Option<Rate>,
    /// [`Link::limit`]
    pub limit: Option<u32>,
    /// [`Link::loss`]
    pub loss: Option<Share>,
    /// [`Link::duplicate`]
    pub duplicate: Option<Share>,
    /// [`Link::corrupt`]
    pub corrupt: Option<Share>,
    /// [`Link::reorder`]
    pub reorder: Option<Share>,
    /// [`Link::strip`]
    pub strip: Option<OptionSet>,
    /// [`Link::path_mtu`]
    pub path_mtu: Option<PathMtu>,
    /// [`Link::seed`]
    pub seed: Option<u32>,
}

impl GivenLink {
    /// The links that it is, whatever its direction.
    pub fn links(&self) -> Ends<Link> {
        let base = self.profile.map_or_else(Ends::default, Profile::link);
        Ends::from_fn(|side| {
            let base = base[side];
            Link {
                delay: self.delay.unwrap_or(base.delay),
                jitter: self.jitter.unwrap_or(base.jitter),
                rate: self.rate.or(base.rate),
                limit: self.limit.unwrap_or(base.limit),
                loss: self.loss.unwrap_or(base.loss),
                duplicate: self.duplicate.unwrap_or(base.duplicate),
                corrupt: self.corrupt.unwrap_or(base.corrupt),
                reorder: self.reorder.unwrap_or(base.reorder),
                strip: self.strip.unwrap_or(base.strip),
                path_mtu: self.path_mtu.or(base.path_mtu),
                seed: self.seed.unwrap_or(base.seed),
            }
        })
    }
}

impl LinkCommand {
    /// The changes of the directions that it asks for.
    pub fn changes(&self) -> Ends<LinkChange> {
        let is_meant = |from: Option<Side>, side| from.is_none_or(|from| from == side);
        match self {
            LinkCommand::Show => Ends::default(),
            LinkCommand::Off(from) => Ends::from_fn(|side| match is_meant(*from, side) {
                true => LinkChange::Off,
                false => LinkChange::Keep,
            }),
            LinkCommand::Set(given) => {
                let links = given.links();
                Ends::from_fn(|side| match is_meant(given.from, side) {
                    true => LinkChange::Set(links[side]),
                    false => LinkChange::Keep,
                })
            }
        }
    }
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
    /// [`Mode::StepAll`]
    StepAll,
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
            ModeChoice::StepAll => Mode::StepAll,
        }
    }
}

impl From<Mode> for ModeChoice {
    fn from(mode: Mode) -> ModeChoice {
        match mode {
            Mode::Flow => ModeChoice::Flow,
            Mode::Slow(time) => ModeChoice::Slow(Some(time)),
            Mode::Step => ModeChoice::Step,
            Mode::StepAll => ModeChoice::StepAll,
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
    /// [`WireCommand::Link`]
    Link,
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
            WireCommand::Mode(ModeChoice::Step | ModeChoice::StepAll) => WireVerb::Step,
            WireCommand::Mode(ModeChoice::Flow) => WireVerb::Flow,
            WireCommand::Mode(ModeChoice::Slow(_)) => WireVerb::Slow,
            WireCommand::Deliver(_) => WireVerb::Deliver,
            WireCommand::Drop(_) => WireVerb::Drop,
            WireCommand::Duplicate(_) => WireVerb::Duplicate,
            WireCommand::Delay(..) => WireVerb::Delay,
            WireCommand::Rule(rule, _) => match rule.verdict {
                Verdict::Deliver => WireVerb::Deliver,
                Verdict::Drop => WireVerb::Drop,
                Verdict::Duplicate => WireVerb::Duplicate,
                Verdict::Delay(_) => WireVerb::Delay,
                Verdict::Hold => WireVerb::Hold,
            },
            WireCommand::Preset(_) => WireVerb::Preset,
            WireCommand::Change(..) => WireVerb::Rule,
            WireCommand::Clear => WireVerb::Clear,
            WireCommand::Forge(..) => WireVerb::Forge,
            WireCommand::Link(_) => WireVerb::Link,
        }
    }
}

impl fmt::Display for WireCommand {
    /// Prints it as it would be typed after `wire`, defaults left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let WireCommand::Rule(rule, on) = self {
            write!(f, "{rule}")?;
            return on.map_or(Ok(()), |on| write!(f, " on={on}"));
        }
        f.write_str(table::row(Verb::Wire(self.verb())).name)?;
        match self {
            WireCommand::Mode(ModeChoice::Slow(Some(time))) => write!(f, " {}ms", time.0),
            WireCommand::Mode(ModeChoice::StepAll) => f.write_str(" all"),
            WireCommand::Mode(_) | WireCommand::Clear | WireCommand::Rule(..) => Ok(()),
            WireCommand::Link(link) => write!(f, "{link}"),
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
            WireCommand::Forge(forge, aim) => {
                write!(f, " {} to={}", forge.what.name(), forge.to)?;
                match forge.place {
                    SequencePlace::Exact => {}
                    SequencePlace::InWindow => f.write_str(" seq=in-window")?,
                    SequencePlace::OutOfWindow => f.write_str(" seq=out-of-window")?,
                    SequencePlace::At(at) => write!(f, " seq={at}")?,
                }
                write!(f, "{aim}")?;
                if forge.what == Forgery::Data {
                    write!(f, " bytes=\"{}\"", crate::call::escape(&forge.data.0))?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for ForgeAim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |address: &Address| address.to_string().trim_start().to_owned();
        match self {
            ForgeAim::Current => Ok(()),
            ForgeAim::On(name) => write!(f, " on={name}"),
            ForgeAim::Port(port) => write!(f, " port={port}"),
            ForgeAim::Addresses { source, destination } => {
                write!(f, " source={}", value(source))?;
                match destination {
                    Address::Default => Ok(()),
                    destination => write!(f, " destination={}", value(destination)),
                }
            }
        }
    }
}

impl fmt::Display for LinkCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkCommand::Show => Ok(()),
            LinkCommand::Off(from) => {
                f.write_str(" off")?;
                from.map_or(Ok(()), |from| write!(f, " from={from}"))
            }
            LinkCommand::Set(given) => write!(f, "{given}"),
        }
    }
}

impl fmt::Display for GivenLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(profile) = self.profile {
            write!(f, " {}", profile.name())?;
        }
        let time = |time: Option<Millis>| time.map(|time| format!("{}ms", time.0));
        let share = |share: Option<Share>| share.map(|share| share.to_string());
        let (through, bytes) = PathMtu::argument(self.path_mtu);
        let named = [
            ("delay", time(self.delay)),
            ("jitter", time(self.jitter)),
            ("rate", self.rate.map(|rate| rate.to_string())),
            ("limit", self.limit.map(|limit| limit.to_string())),
            ("loss", share(self.loss)),
            ("duplicate", share(self.duplicate)),
            ("corrupt", share(self.corrupt)),
            ("reorder", share(self.reorder)),
            ("strip", self.strip.map(|options| options.to_string())),
            (through, bytes),
            ("seed", self.seed.map(|seed| seed.to_string())),
            ("from", self.from.map(|side| side.to_string())),
        ];
        let mut named = named.into_iter().filter_map(|(name, value)| Some((name, value?)));
        named.try_for_each(|(name, value)| write!(f, " {name}={value}"))
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
