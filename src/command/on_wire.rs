//! The arguments of the wire's commands, from words to values.

use serde::Deserialize;

use super::Address;
use super::arguments::{ParsedArguments, address};
use super::complaint::{ParseError, nearest, shown};
use super::table::{DELAY_TIME, SLOWEST_MS};
use super::token::Token;
use super::wire::{ForgeAim, GivenLink, LinkCommand, ModeChoice, Preset, Target, WireCommand, WireVerb};
use crate::call::Bytes;
use crate::clock::Millis;
use crate::host::Port;
use crate::side::Side;
use crate::typed;
use crate::wire::flow::PacketNo;
use crate::wire::forge::{Forge, Forgery, SequencePlace};
use crate::wire::link::{Link, OptionSet, PathMtu, Profile, Rate, Share};
use crate::wire::queue::RuleChange;
use crate::wire::rule::{Chance, ConnectionName, Nth, PacketKind, Rule, RuleNo, Sizes, Verdict};

/// The arguments that say which segments a rule is for.
const OF_A_RULE: [&str; 13] = [
    "from", "on", "port", "seq", "payload", "after", "size", "size>", "size<", "nth", "times", "chance", "seed",
];

/// The word for a mode.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ModeWord {
    Flow,
    Slow,
    Step,
}

impl From<ModeWord> for ModeChoice {
    fn from(word: ModeWord) -> ModeChoice {
        match word {
            ModeWord::Flow => ModeChoice::Flow,
            ModeWord::Slow => ModeChoice::Slow(None),
            ModeWord::Step => ModeChoice::Step,
        }
    }
}

/// The first argument of a verdict.
enum FirstArgument {
    Target(Target),
    Kind(PacketKind),
}

impl ParsedArguments {
    /// The command of the wire that the arguments make.
    pub fn build_wire(&self, verb: WireVerb) -> Result<WireCommand, ParseError> {
        Ok(match verb {
            WireVerb::Mode => {
                let word: Option<ModeWord> = self.one_of("mode", "the mode")?;
                WireCommand::Mode(word.map_or(ModeChoice::Next, ModeChoice::from))
            }
            WireVerb::Step => WireCommand::Mode(match self.plain(0).map(Token::text).as_deref() {
                None => ModeChoice::Step,
                Some("all") => ModeChoice::StepAll,
                Some(other) => {
                    let why = format!(
                        "step holds every segment, and step all all packets; not {}",
                        shown(other)
                    );
                    return Err(self.wrong(0, &why));
                }
            }),
            WireVerb::Flow => WireCommand::Mode(ModeChoice::Flow),
            WireVerb::Slow => WireCommand::Mode(ModeChoice::Slow(self.slow()?)),
            WireVerb::Deliver => match self.verdict(Verdict::Deliver, WireCommand::Deliver)? {
                WireCommand::Deliver(Target::All) if self.copies()? => WireCommand::Deliver(Target::AllCopies),
                command => match self.named("copies") {
                    Some(token) if command != WireCommand::Deliver(Target::All) => {
                        return Err(ParseError {
                            column: token.column,
                            why: "copies= is for deliver all; a single copy is delivered by its number, like deliver 7"
                                .into(),
                            nearest: Vec::new(),
                        });
                    }
                    _ => command,
                },
            },
            WireVerb::Drop => self.verdict(Verdict::Drop, WireCommand::Drop)?,
            WireVerb::Duplicate => self.verdict(Verdict::Duplicate, WireCommand::Duplicate)?,
            WireVerb::Delay => {
                let time = self.time("ms", 0)?.unwrap_or(DELAY_TIME);
                self.verdict(Verdict::Delay(time), |target| WireCommand::Delay(target, time))?
            }
            WireVerb::Hold => match self.first()? {
                Some(FirstArgument::Target(_)) => {
                    return Err(self.wrong(0, "hold takes a kind of segment to hold from now on, like hold FIN"));
                }
                Some(FirstArgument::Kind(kind)) => self.rule(Verdict::Hold, kind)?,
                None => self.rule(Verdict::Hold, PacketKind::Any)?,
            },
            WireVerb::Preset => {
                let names = Preset::ALL.map(Preset::name);
                let token = self.required(0, "a preset", &names.join(", "))?;
                let text = token.text();
                let preset = Preset::ALL.into_iter().find(|preset| preset.name() == text);
                WireCommand::Preset(preset.ok_or_else(|| ParseError {
                    column: token.value_column,
                    why: format!("{} is not a preset; the presets are {}", shown(&text), names.join(", ")),
                    nearest: nearest(&text, &names),
                })?)
            }
            WireVerb::Rule => {
                let no = self.number("rule", "a rule's number")?;
                let no = no.ok_or_else(|| self.missing("a rule's number", "the list of rules shows it"))?;
                let change: Option<RuleChange> = self.one_of("change", "what to do to a rule")?;
                let change = change.ok_or_else(|| self.missing("what to do to it", "on, off or remove"))?;
                WireCommand::Change(RuleNo(no), change)
            }
            WireVerb::Clear => WireCommand::Clear,
            WireVerb::Forge => WireCommand::Forge(self.forgery()?, self.forge_aim()?),
            WireVerb::Link => WireCommand::Link(self.link()?),
        })
    }

    /// Returns the command of a verdict's word: for what is held on the wire, or from now on.
    fn verdict(&self, verdict: Verdict, now: impl Fn(Target) -> WireCommand) -> Result<WireCommand, ParseError> {
        let of_a_rule = OF_A_RULE.iter().find_map(|name| Some((*name, self.named(name)?)));
        Ok(match (self.first()?, of_a_rule) {
            (Some(FirstArgument::Kind(kind)), _) => self.rule(verdict, kind)?,
            (None, Some(_)) => self.rule(verdict, PacketKind::Any)?,
            (Some(FirstArgument::Target(_)), Some((name, token))) => {
                return Err(ParseError {
                    column: token.column,
                    why: format!(
                        "{name}= is for a rule, which begins with a kind of segment: {} SYN {name}=",
                        verdict.name()
                    ),
                    nearest: Vec::new(),
                });
            }
            (Some(FirstArgument::Target(target)), None) => now(target),
            (None, None) => now(Target::Next),
        })
    }

    /// Returns how slow slow is to be; none when it does not say.
    fn slow(&self) -> Result<Option<Millis>, ParseError> {
        let Some(token) = self.plain(0) else { return Ok(None) };
        let time = typed::millis(&token.text()).filter(|time| (1..=SLOWEST_MS).contains(&time.0));
        time.map(Some).ok_or_else(|| {
            token.wrong(format!(
                "the time that a segment takes is from 1 ms to {} s, like 400ms or 0.4s, not {}",
                SLOWEST_MS / 1000,
                shown(&token.text())
            ))
        })
    }

    /// Are copies to be delivered, too?
    fn copies(&self) -> Result<bool, ParseError> {
        self.yes_or_no("copies").map(Option::unwrap_or_default)
    }

    fn yes_or_no(&self, name: &str) -> Result<Option<bool>, ParseError> {
        let Some(token) = self.named(name) else { return Ok(None) };
        let text = token.text();
        let wrong = || token.wrong(format!("{name} is yes or no, not {}", shown(&text)));
        typed::switch(&text).map(Some).ok_or_else(wrong)
    }

    fn first(&self) -> Result<Option<FirstArgument>, ParseError> {
        let Some(token) = self.plain(0) else { return Ok(None) };
        let text = token.text();
        let number = text.strip_prefix('#').unwrap_or(&text);
        if let Some(kind) = kind_named(&text) {
            return Ok(Some(FirstArgument::Kind(kind)));
        }
        match (text.as_str(), number.parse()) {
            ("next", _) => Ok(Some(FirstArgument::Target(Target::Next))),
            ("all", _) => Ok(Some(FirstArgument::Target(Target::All))),
            (_, Ok(no)) => Ok(Some(FirstArgument::Target(Target::One(PacketNo(no))))),
            _ => {
                let mut valid = vec!["next", "all"];
                valid.extend(PacketKind::ALL.map(PacketKind::name));
                Err(ParseError {
                    column: token.value_column,
                    why: format!(
                        "{} is neither a segment on the wire (next, all, or its number) nor a kind of segment ({})",
                        shown(&text),
                        PacketKind::ALL.map(PacketKind::name).join(", ")
                    ),
                    nearest: nearest(&text, &valid),
                })
            }
        }
    }

    /// The command that puts a rule in force.
    fn rule(&self, verdict: Verdict, kind: PacketKind) -> Result<WireCommand, ParseError> {
        let percent = self.number::<u8>("chance", "chance, in percent,")?;
        let seed = self.number::<u32>("seed", "seed")?;
        if let (None, Some(token)) = (percent, self.named("seed")) {
            return Err(ParseError {
                column: token.column,
                why: "seed= is only for chance=, which is missing".into(),
                nearest: Vec::new(),
            });
        }
        let rule = Rule {
            from: self.side("from")?,
            port: self.port()?,
            seq: self.number("seq", "seq")?,
            payload: self.yes_or_no("payload")?,
            after: self.number("after", "after, in bytes,")?,
            size: self.sizes()?,
            nth: self.nth()?,
            times: self.number("times", "times")?,
            chance: percent.map(|percent| Chance {
                percent,
                seed: seed.unwrap_or(1),
            }),
            ..Rule::new(verdict, kind)
        };
        Ok(WireCommand::Rule(rule, self.connection()?))
    }

    /// The sizes of IP packets that a rule is about.
    fn sizes(&self) -> Result<Sizes, ParseError> {
        let exactly = self.number::<u16>("size", "size")?;
        let least = self.number::<u16>("size>", "size")?;
        let most = self.number::<u16>("size<", "size")?;
        let wrong = |token: Option<&Token>, why: &str| ParseError {
            column: token.map_or(self.end_of_text(), |token| token.column),
            why: why.into(),
            nearest: Vec::new(),
        };
        match (exactly, least, most) {
            (Some(size), None, None) => Ok(Sizes {
                least: Some(size),
                most: Some(size),
            }),
            (Some(_), ..) => Err(wrong(
                self.named("size"),
                "size= is one size, and takes no size>= or size<= beside it",
            )),
            (None, Some(least), Some(most)) if least > most => Err(wrong(
                self.named("size<"),
                "no size is that large and that small: size<= is below size>=",
            )),
            (None, least, most) => Ok(Sizes { least, most }),
        }
    }

    fn nth(&self) -> Result<Option<Nth>, ParseError> {
        let read = |token: &Token| {
            Nth::parse(&token.text()).ok_or_else(|| {
                token.wrong(format!(
                    "nth is a number from 1 to {most}, like 3, or all from there on, like 3.., not {}",
                    shown(&token.text()),
                    most = Nth::MOST
                ))
            })
        };
        self.named("nth").map(read).transpose()
    }

    /// The connection that is named.
    fn connection(&self) -> Result<Option<ConnectionName>, ParseError> {
        let read = |token: &Token| {
            ConnectionName::parse(&token.text()).ok_or_else(|| {
                token.wrong(format!(
                    "on is a connection: a socket of it, like client2 or server2, or its number, like 3; not {}",
                    shown(&token.text())
                ))
            })
        };
        self.named("on").map(read).transpose()
    }

    /// The addresses of a forged packet.
    fn forge_aim(&self) -> Result<ForgeAim, ParseError> {
        let given = ["on", "port", "source"].map(|name| Some((name, self.named(name)?)));
        let mut given = given.into_iter().flatten();
        let (first, second) = (given.next(), given.next());
        if let (Some((one, _)), Some((other, token))) = (first, second) {
            return Err(ParseError {
                column: token.column,
                why: format!("{one}= says already whose packet it is: {other}= would say it again"),
                nearest: Vec::new(),
            });
        }
        if let (Some(token), None) = (self.named("destination"), self.named("source")) {
            return Err(ParseError {
                column: token.column,
                why: "destination= goes with source=, the address that the packet claims to come from".into(),
                nearest: Vec::new(),
            });
        }
        Ok(if let Some(name) = self.connection()? {
            ForgeAim::On(name)
        } else if let Some(port) = self.port()? {
            ForgeAim::Port(port)
        } else if let Some(source) = self.named("source") {
            ForgeAim::Addresses {
                source: address(source)?,
                destination: self.named("destination").map_or(Ok(Address::Default), address)?,
            }
        } else {
            ForgeAim::Current
        })
    }

    /// The command for the link.
    fn link(&self) -> Result<LinkCommand, ParseError> {
        const GIVEN: [&str; 12] = [
            "delay",
            "jitter",
            "rate",
            "limit",
            "loss",
            "duplicate",
            "corrupt",
            "reorder",
            "strip",
            "mtu",
            "blackhole",
            "seed",
        ];
        let from = self.side("from")?;
        let first = GIVEN.iter().find_map(|name| self.named(name));
        let profile = match self.plain(0) {
            None => None,
            Some(token) => match (token.text().as_str(), first) {
                ("off" | "clear", None) => return Ok(LinkCommand::Off(from)),
                ("off" | "clear", Some(given)) => {
                    return Err(ParseError {
                        column: given.column,
                        why: "link off takes the link away, and has no properties but from=".into(),
                        nearest: Vec::new(),
                    });
                }
                (text, _) => {
                    let names = Profile::ALL.map(Profile::name);
                    let known = Profile::ALL.into_iter().find(|profile| profile.name() == text);
                    Some(known.ok_or_else(|| ParseError {
                        column: token.value_column,
                        why: format!(
                            "{} is not a profile of a link; they are {}, and off is none; or name its properties, like delay=40ms loss=1%",
                            shown(text),
                            names.join(", ")
                        ),
                        nearest: nearest(text, &names),
                    })?)
                }
            },
        };
        if profile.is_none() && first.is_none() {
            return match self.named("from") {
                None => Ok(LinkCommand::Show),
                Some(token) => Err(ParseError {
                    column: token.column,
                    why: "from= needs a link: link delay=40ms from=server, or link off from=server".into(),
                    nearest: Vec::new(),
                }),
            };
        }
        let (mtu, black_hole) = (
            self.number::<u16>("mtu", "mtu")?,
            self.number::<u16>("blackhole", "blackhole")?,
        );
        let path_mtu = match (mtu, black_hole, self.named("blackhole")) {
            (Some(_), Some(_), Some(token)) => {
                return Err(ParseError {
                    column: token.column,
                    why: "a link tells of what is too large (mtu=) or does not (blackhole=): one of them".into(),
                    nearest: Vec::new(),
                });
            }
            (Some(bytes), ..) => Some(PathMtu::Answers(bytes)),
            (None, bytes, _) => bytes.map(PathMtu::BlackHole),
        };
        let given = GivenLink {
            profile,
            from,
            delay: self.time("delay", 0)?,
            jitter: self.time("jitter", 0)?,
            rate: self.rate()?,
            limit: self.number("limit", "limit, in packets,")?,
            loss: self.share("loss")?,
            duplicate: self.share("duplicate")?,
            corrupt: self.share("corrupt")?,
            reorder: self.share("reorder")?,
            strip: self.tcp_options("strip")?,
            path_mtu,
            seed: self.number("seed", "seed")?,
        };
        let links = given.links();
        let any = |is_it: fn(&Link) -> bool| is_it(&links.client) || is_it(&links.server);
        let needs = |name: &str, why: &str| {
            self.named(name).map_or(Ok(()), |token| {
                Err(ParseError {
                    column: token.column,
                    why: why.into(),
                    nearest: Vec::new(),
                })
            })
        };
        if !any(|link| link.rate.is_some()) {
            needs("limit", "limit= is of the queue before a rate: rate=2mbit limit=100")?;
        }
        if !any(|link| link.delay.0 > 0) {
            needs(
                "reorder",
                "reorder= lets packets overtake those that take the delay: delay=40ms reorder=25%",
            )?;
        }
        Ok(LinkCommand::Set(given))
    }

    fn rate(&self) -> Result<Option<Rate>, ParseError> {
        let read = |token: &Token| {
            Rate::parse(&token.text()).ok_or_else(|| {
                token.wrong(format!(
                    "rate is from 1kbit to 100gbit, in bit, kbit, mbit or gbit a second, like 2mbit, not {}",
                    shown(&token.text())
                ))
            })
        };
        self.named("rate").map(read).transpose()
    }

    fn share(&self, name: &str) -> Result<Option<Share>, ParseError> {
        let read = |token: &Token| {
            Share::parse(&token.text()).ok_or_else(|| {
                token.wrong(format!(
                    "{name} is a share in percent, from 0% to 100%, like 1% or 0.1%, not {}",
                    shown(&token.text())
                ))
            })
        };
        self.named(name).map(read).transpose()
    }

    fn tcp_options(&self, name: &str) -> Result<Option<OptionSet>, ParseError> {
        let Some(token) = self.named(name) else { return Ok(None) };
        let text = token.text();
        OptionSet::parse(&text).map(Some).map_err(|word| ParseError {
            column: token.value_column,
            why: format!(
                "{name} is options of TCP with commas between, of {}; not {}",
                OptionSet::NAMES.join(", "),
                shown(word)
            ),
            nearest: nearest(word, &OptionSet::NAMES),
        })
    }

    fn forgery(&self) -> Result<Forge, ParseError> {
        let what: Option<Forgery> = self.one_of("what", "what to forge")?;
        let what = what.ok_or_else(|| self.missing("what to forge", &Forgery::ALL.map(Forgery::name).join(", ")))?;
        let to = self.side("to")?.ok_or_else(|| ParseError {
            column: self.end_of_text(),
            why: format!("the receiver is missing: forge {} to=client or to=server", what.name()),
            nearest: Vec::new(),
        })?;
        let place = match self.named("seq") {
            None => SequencePlace::Exact,
            Some(token) if !what.is_segment() => {
                return Err(ParseError {
                    column: token.column,
                    why: format!("{} is an ICMP error, and has no sequence number", what.name()),
                    nearest: Vec::new(),
                });
            }
            Some(token) => match token.text().as_str() {
                "exact" => SequencePlace::Exact,
                "in-window" => SequencePlace::InWindow,
                "out-of-window" => SequencePlace::OutOfWindow,
                text => SequencePlace::At(text.parse().map_err(|_| ParseError {
                    column: token.value_column,
                    why: format!(
                        "seq is exact, in-window, out-of-window or a number counted from the SYN's, not {}",
                        shown(text)
                    ),
                    nearest: nearest(text, &["exact", "in-window", "out-of-window"]),
                })?),
            },
        };
        if let Some(token) = self.named("bytes").filter(|_| what != Forgery::Data) {
            return Err(ParseError {
                column: token.column,
                why: format!("a forged {} carries no bytes: forge data bytes=... does", what.name()),
                nearest: Vec::new(),
            });
        }
        let data = self
            .named("bytes")
            .map_or(b"forged".to_vec(), |token| token.value.clone());
        // What one packet holds.
        const MOST: usize = 1400;
        if data.len() > MOST {
            let at = self.named("bytes").map_or(1, |token| token.value_column);
            return Err(ParseError {
                column: at,
                why: format!("one forged segment takes {MOST} bytes at most"),
                nearest: Vec::new(),
            });
        }
        Ok(Forge {
            what,
            to,
            place,
            data: Bytes(data),
        })
    }

    fn side(&self, name: &str) -> Result<Option<Side>, ParseError> {
        self.one_of(name, name)
    }

    fn port(&self) -> Result<Option<Port>, ParseError> {
        Ok(self.number("port", "port")?.map(Port))
    }

    fn wrong(&self, place: usize, why: &str) -> ParseError {
        let at = self
            .plain(place)
            .map_or(self.end_of_text(), |token: &Token| token.column);
        ParseError {
            column: at,
            why: why.into(),
            nearest: Vec::new(),
        }
    }
}

/// The kind that a word names, in capitals or not: `SYN`, `syn-ack`, `SYN,ACK`.
fn kind_named(text: &str) -> Option<PacketKind> {
    let text = text.replace(',', "-");
    PacketKind::ALL
        .into_iter()
        .find(|kind| kind.name().eq_ignore_ascii_case(&text))
}
