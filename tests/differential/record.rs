//! A transcript, read anew: each connection's segments and changes of state, and the calls on it. Of finwait's own code nothing is used
//! but the names of flags.

use serde_json::Value;
use std::collections::HashMap;

/// FIN, in a segment's flags.
pub const FIN: u64 = 0x01;
/// SYN.
pub const SYN: u64 = 0x02;
/// RST.
pub const RST: u64 = 0x04;

/// URG.
pub const URG: u64 = 0x20;

/// A connection as one host sees it: its own address, then the peer's.
pub type Pair = (String, String);

/// One run.
pub struct Record<'a> {
    /// All that was printed, in order.
    said: &'a [Value],
    /// The connections that a socket's name stood for, and from which entry on.
    named: HashMap<(String, String), Vec<(u64, Pair)>>,
    /// The first names of sockets that are called otherwise since they connect.
    called: HashMap<(String, String), String>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn pair(local: &Value, peer: &Value) -> Option<Pair> {
    let (local, peer) = (local.as_str()?, peer.as_str()?);
    (!peer.ends_with(":0")).then(|| (local.to_owned(), peer.to_owned()))
}

/// The number of an entry; 0 for a line that is none.
pub fn no(line: &Value) -> u64 {
    line["no"].as_u64().unwrap_or(0)
}

/// The name of the socket's first descriptor, which the others were made from.
fn base(name: &str) -> &str {
    name.split("-dup").next().unwrap_or(name)
}

impl<'a> Record<'a> {
    pub fn of(said: &'a [Value]) -> Record<'a> {
        let mut named: HashMap<_, Vec<(u64, Pair)>> = HashMap::new();
        let mut last = 0;
        let mut called = HashMap::new();
        for line in said.iter().filter(|line| line["called"].is_string()) {
            called.insert((text(&line["side"]), text(&line["called"])), text(&line["socket"]));
        }
        // What accept gave has its name in the line of states that follows.
        let mut accepted: HashMap<String, Vec<(u64, Pair)>> = HashMap::new();
        for line in said {
            last = last.max(no(line));
            let mut name = |side: &str, socket: &str, from: u64, pair: Pair| {
                let key = (side.to_owned(), base(socket).to_owned());
                let first = called.get(&key).cloned().unwrap_or(key.1);
                let known = named.entry((side.to_owned(), first)).or_default();
                if known.last().is_none_or(|(_, newest)| *newest != pair) {
                    known.push((from, pair));
                }
            };
            match line["kind"].as_str() {
                Some("state") => {
                    if let (Some(socket), Some(pair)) = (
                        line["socket"].as_str(),
                        pair(&line["tuple"]["local"], &line["tuple"]["peer"]),
                    ) {
                        name(&text(&line["side"]), socket, no(line), pair);
                    }
                }
                Some("outcome") if line["name"] == "accept" => {
                    let side = text(&line["side"]);
                    let peer = line["outcome"]["ok"]["descriptor"]["peer"].as_str();
                    if let Some(peer) = peer {
                        accepted
                            .entry(side)
                            .or_default()
                            .push((no(line), (String::new(), peer.to_owned())));
                    }
                }
                Some("states") => {
                    for side in ["client", "server"] {
                        for row in line["states"][side].as_array().into_iter().flatten() {
                            if let (Some(socket), Some(pair)) =
                                (row["socket"].as_str(), pair(&row["local"], &row["peer"]))
                            {
                                let waiting = accepted.entry(side.to_owned()).or_default();
                                let place = waiting.iter().position(|(_, (_, peer))| *peer == pair.1);
                                let from = place.map_or(last, |place| waiting.remove(place).0);
                                name(side, socket, from, pair);
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        Record { said, named, called }
    }

    /// The socket of an entry, by the first name of its first descriptor; none for the process.
    pub fn socket(&self, line: &Value) -> Option<String> {
        let name = base(line["socket"].as_str()?).to_owned();
        let key = (text(&line["side"]), name);
        Some(self.called.get(&key).cloned().unwrap_or(key.1))
    }

    /// All entries.
    pub fn entries(&self) -> impl Iterator<Item = &'a Value> + Clone {
        self.said.iter().filter(|line| no(line) > 0)
    }

    /// The entry of that number.
    pub fn entry(&self, number: u64) -> Option<&'a Value> {
        self.entries().find(|line| no(line) == number)
    }

    /// The entries after `after` and before `before`.
    pub fn between(&self, after: u64, before: u64) -> impl Iterator<Item = &'a Value> + Clone {
        self.entries().filter(move |line| no(line) > after && no(line) < before)
    }

    /// The outcomes.
    pub fn outcomes(&self) -> impl Iterator<Item = &'a Value> {
        self.entries().filter(|line| line["kind"] == "outcome")
    }

    /// The entry in which a call began; that of its outcome where it was told with it.
    pub fn began(&self, outcome: &Value) -> u64 {
        let began = self
            .entries()
            .find(|line| line["kind"] == "call" && line["call"] == outcome["call"]);
        began.map_or_else(|| no(outcome), no)
    }

    /// The connection that the socket of an outcome stood for then; none when the record does not tell.
    pub fn pair(&self, outcome: &Value) -> Option<Pair> {
        let key = (text(&outcome["side"]), self.socket(outcome)?);
        let known = self.named.get(&key)?;
        known
            .iter()
            .rfind(|(from, _)| *from < no(outcome))
            .map(|(_, pair)| pair.clone())
    }

    /// The changes of state of a connection at one host, between two entries.
    pub fn states(&self, side: &'a str, pair: &'a Pair, after: u64, before: u64) -> impl Iterator<Item = &'a Value> {
        self.between(after, before).filter(move |line| {
            line["kind"] == "state"
                && line["side"] == side
                && line["tuple"]["local"] == pair.0.as_str()
                && line["tuple"]["peer"] == pair.1.as_str()
        })
    }

    /// Where the connection of an outcome's socket began: the entry of its first change of state. Another one may have the same
    /// addresses by now.
    pub fn born(&self, outcome: &Value, side: &'a str, pair: &'a Pair) -> u64 {
        let name = self.socket(outcome).unwrap_or_default();
        let known = self.named.get(&(text(&outcome["side"]), name.clone()));
        let known = known.and_then(|known| known.iter().rfind(|(from, of)| *from < no(outcome) && of == pair));
        let known = known.map_or(0, |(from, _)| *from);
        let births = self.states(side, pair, 0, no(outcome)).filter(|line| {
            // One that was queued when it began has no name then.
            let is_its = |socket: &str| {
                self.called
                    .get(&(side.to_owned(), socket.to_owned()))
                    .map_or(socket, String::as_str)
                    == name
            };
            line["from"] == "CLOSE" && line["socket"].as_str().map_or(no(line) <= known, is_its)
        });
        births.last().map_or(0, no)
    }

    /// The calls on the socket of an outcome that have begun before it and return after it.
    pub fn waits_beside(&self, outcome: &'a Value) -> Vec<u64> {
        let (until, socket) = (no(outcome), self.socket(outcome));
        let of = |line: &&Value| line["side"] == outcome["side"] && self.socket(line) == socket;
        let begun = self.between(0, until).filter(of).filter(|line| line["kind"] == "call");
        let waits = begun.filter(|line| line["call"] != outcome["call"]);
        let returned = |call: &Value| {
            let mut before = self.between(0, until);
            before.any(|line| line["kind"] == "outcome" && line["call"] == *call)
        };
        waits
            .filter(|line| !returned(&line["call"]))
            .filter_map(|line| line["call"].as_u64())
            .collect()
    }

    /// What the next call that asks the socket of an outcome for an error was given: 0 for none; none where no such call came before
    /// something else could change that.
    pub fn next_error(&self, outcome: &'a Value) -> Option<u64> {
        let socket = self.socket(outcome);
        if !self.waits_beside(outcome).is_empty() {
            return None;
        }
        let side = &outcome["side"];
        for line in self.between(no(outcome), u64::MAX) {
            let here = line["side"] == *side;
            match line["kind"].as_str() {
                // What comes from the peer may leave another error.
                Some("packet") if line["from"] != *side => return None,
                Some("state") if here => return None,
                Some("outcome") if here && self.socket(line) == socket => {
                    let given = &line["outcome"];
                    return match line["name"].as_str()? {
                        "read" | "write" => match given["err"].as_u64() {
                            Some(11 | 4 | 9) => None,
                            Some(errno) => Some(errno),
                            None if given["ok"]["read"]["n"] == 0 => Some(0),
                            None => None,
                        },
                        "so-error" => Some(given["ok"]["pending-error"]["error"].as_u64().unwrap_or(0)),
                        "poll" | "dup" | "options" | "get-option" | "set-option" | "bind" => continue,
                        _ => None,
                    };
                }
                _ => {}
            }
        }
        None
    }

    /// Did accept give the socket of an outcome its peer?
    pub fn accepted(&self, outcome: &'a Value, side: &str, pair: &Pair) -> bool {
        let mut before = self.between(0, no(outcome));
        before.any(|line| {
            line["name"] == "accept"
                && line["side"] == side
                && line["outcome"]["ok"]["descriptor"]["peer"] == pair.1.as_str()
        })
    }

    /// The connection's row in the kernel's table as it was last printed before the call of an outcome, or first after it.
    pub fn row(&self, outcome: &Value, side: &str, pair: &Pair, after: bool) -> Option<&'a Value> {
        let call =
            |line: &&Value| line["call"] == outcome["call"] && (line["kind"] == "call" || line["kind"] == "outcome");
        let first = self.said.iter().position(|line| call(&line))?;
        let last = self.said.iter().rposition(|line| call(&line))?;
        let is_table = |line: &&Value| line["kind"] == "states";
        let table = match after {
            true => self.said[last..].iter().find(is_table)?,
            false => self.said[..first].iter().rfind(is_table)?,
        };
        let mut rows = table["states"][side].as_array()?.iter();
        rows.find(|row| row["local"] == pair.0.as_str() && row["peer"] == pair.1.as_str())
    }

    /// What an outcome's socket went through: the states of its connection with what made each, the calls on it, through which
    /// descriptor it is asked now, and whether the call waited.
    pub fn situation(&self, outcome: &'a Value, pair: Option<&Pair>) -> String {
        let (side, name) = (outcome["side"].as_str().unwrap_or_default(), self.socket(outcome));
        let earlier = self.between(0, no(outcome)).filter(|line| line["side"] == side);
        let went = earlier.filter_map(|line| match line["kind"].as_str()? {
            "outcome" if self.socket(line) == name => {
                let how = match &line["outcome"] {
                    Value::Object(how) => how.keys().next().cloned().unwrap_or_default(),
                    how => how.to_string(),
                };
                Some(format!("{} {how}", text(&line["name"])))
            }
            "state"
                if pair.is_some_and(|pair| {
                    line["tuple"]["local"] == pair.0.as_str() && line["tuple"]["peer"] == pair.1.as_str()
                }) =>
            {
                let by = match &line["cause"] {
                    Value::Object(by) => by.keys().next().cloned().unwrap_or_default(),
                    by => by.to_string(),
                };
                Some(format!("{} by {by}", text(&line["to"])))
            }
            _ => None,
        });
        let went: Vec<String> = went.collect();
        let waited = self
            .said
            .iter()
            .any(|line| line["kind"] == "blocked" && line["call"] == outcome["call"]);
        let is_six = |line: &Value| line["trace"].to_string().contains("AF_INET6");
        let family = if self.entries().any(is_six) { 6 } else { 4 };
        format!(
            "{}: {} of {side} {}, {}IPv{family}",
            went.join(", "),
            text(&outcome["name"]),
            text(&outcome["socket"]),
            if waited { "waited, " } else { "" }
        )
    }

    /// The segments with one of these flags that left the host on that connection, between two entries.
    pub fn left(&self, side: &'a str, pair: &'a Pair, flags: u64, after: u64, before: u64) -> usize {
        let sent = self.between(after, before).filter(|line| {
            let segment = &line["packet"]["tcp"];
            line["kind"] == "packet"
                && line["from"] == side
                && line["origin"] == "host"
                && line["held_us"].is_null()
                && segment["source"] == pair.0.as_str()
                && segment["destination"] == pair.1.as_str()
                && segment["flags"].as_u64().unwrap_or(0) & flags != 0
        });
        sent.count()
    }

    /// Is that a packet which reached the host?
    pub fn reached(side: &str, line: &Value) -> bool {
        line["kind"] == "packet" && line["from"] != side && line["fate"] == "delivered"
    }

    /// Is it a segment of that connection?
    pub fn is_of(pair: &Pair, line: &Value) -> bool {
        let segment = &line["packet"]["tcp"];
        segment["source"] == pair.1.as_str() && segment["destination"] == pair.0.as_str()
    }

    /// The flags of a packet that is a segment.
    pub fn flags(line: &Value) -> u64 {
        line["packet"]["tcp"]["flags"].as_u64().unwrap_or(0)
    }

    /// The RSTs that left a host, all told.
    pub fn resets_left(&self, side: &str) -> u64 {
        let left = self.entries().filter(|line| {
            line["kind"] == "packet"
                && line["from"] == side
                && line["origin"] == "host"
                && line["held_us"].is_null()
                && Record::flags(line) & RST != 0
        });
        left.count() as u64
    }

    /// Where the transcript was written, for failures.
    pub fn kept(&self) -> String {
        let path = std::env::temp_dir().join(format!(
            "finwait-differential-{}-{}",
            std::process::id(),
            self.said.len()
        ));
        let lines: String = self.said.iter().map(|line| format!("{line}\n")).collect();
        match std::fs::write(&path, lines) {
            Ok(()) => format!("the transcript: {}", path.display()),
            Err(why) => format!("the transcript could not be written: {why}"),
        }
    }

    /// The commands of the run, for failures.
    pub fn commands(&self) -> String {
        let commands = self.said.iter().filter(|line| line["kind"] == "command");
        let commands: Vec<String> = commands.map(|line| format!("{:?}", text(&line["text"]))).collect();
        format!("do {}", commands.join(" "))
    }
}
