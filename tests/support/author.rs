//! Writes scripts at random, one command after the other, as a seed has it: each fits what the transcript shows at that moment, so
//! that none is refused. Where a packet or a return comes a little later, the same seed may go another way: a failure prints what
//! was done.

use serde_json::Value;
use std::collections::BTreeMap;

use super::support::Run;

/// How many commands a script has, about.
const LENGTH: u64 = 25;

/// A generator of random numbers (splitmix64).
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        if of.is_empty() {
            return None;
        }
        let place = self.below(of.len() as u64);
        of.get(place as usize)
    }
}

/// The author of one script.
#[derive(Debug)]
pub struct Author {
    dice: Dice,
    left: u64,
    /// The wire was opened for the end.
    opened: bool,
    /// Options and settings are changed, too.
    with_options: bool,
}

/// The ports that a client may bind: few, so that they are used again.
const PORTS: &[&str] = &["CLIENT", "CLIENT", "OTHER", "THIRD"];

const CONNECT: &[&str] = &[
    "client socket",
    "client set-option SO_REUSEADDR on",
    "client bind :CLIENT",
    "client connect :SERVER",
];
const CONNECT_BACK: &[&str] = &[
    "server socket",
    "server set-option SO_REUSEADDR on",
    "server bind :SERVER",
    "server connect :CLIENT",
];
const LISTEN_ANEW: &[&str] = &[
    "server socket",
    "server set-option SO_REUSEADDR on",
    "server bind :SERVER",
    "server listen backlog=2",
];

/// What may be done to any socket that is open, most of it more than once so that it is done more often.
const CALLS: &[&str] = &[
    "read",
    "read",
    "read",
    "write",
    "write",
    "write x repeat=3000",
    "shutdown write",
    "shutdown write",
    "shutdown read",
    "shutdown both",
    "close",
    "close",
    "close",
    "rst-close",
    "rst-close",
    "rst-close",
    "linger-close 1",
    "disconnect",
    "dup",
    "poll in timeout=20000",
    "poll hup timeout=20000",
    "so-error",
    "accept",
];

const RULES: &[&str] = &[
    "wire step",
    "wire hold FIN",
    "wire hold SYN,ACK",
    "wire hold SYN",
    "wire hold ACK from=client",
    "wire hold ACK from=server",
    "wire hold data",
    "wire hold data times=1",
    "wire hold RST times=1",
    "wire drop FIN times=1",
    "wire drop RST times=1",
    "wire drop ACK times=1",
    "wire duplicate FIN times=1",
];

const FORGERIES: &[&str] = &[
    "rst",
    "ack",
    "syn",
    "old-syn",
    "fin",
    "data",
    "host-unreachable",
    "port-unreachable",
];

/// Options that decide how long calls wait, and what ends a connection.
const OPTIONS: &[&str] = &[
    "O_NONBLOCK on",
    "O_NONBLOCK on",
    "O_NONBLOCK off",
    "SO_RCVTIMEO 20",
    "SO_SNDTIMEO 20",
    "SO_LINGER 0",
    "SO_LINGER off",
    "TCP_LINGER2 -1",
    "TCP_SYNCNT 1",
    "TCP_USER_TIMEOUT 200",
    "SO_RCVBUF 4096",
    "SO_SNDBUF 4608",
];

const SETTINGS: &[&str] = &[
    "default_route off",
    "default_route on",
    "default_route on",
    "device up",
    "tcp_syn_retries 1",
    "tcp_retries2 1",
    "ip_local_port_range 7100-7101",
];

const NEW_SOCKETS: &[&str] = &["socket", "listen", "connect", "bind 0"];

/// What is done less often, and most of it in vain.
const MORE_CALLS: &[&str] = &[
    "read dontwait",
    "read 100 waitall",
    "read peek",
    "read oob",
    "write dontwait",
    "write x repeat=300000 dontwait",
    "write ! oob",
    "poll",
    "poll in out rdhup",
    "so-error",
    "so-error",
    "listen",
    "accept",
    "bind :CLIENT",
    "bind 0",
    "close",
    "shutdown both",
    "shutdown read",
    "disconnect",
    "reconnect",
    "read deadline=20",
    "write deadline=20",
];

impl Author {
    pub const fn new(seed: u64) -> Author {
        Author {
            dice: Dice(seed),
            left: LENGTH,
            opened: false,
            with_options: false,
        }
    }

    /// One that changes options of sockets and settings of hosts, too, so that calls fail for more reasons.
    #[allow(dead_code)] // each user takes what it needs
    pub const fn with_options(seed: u64) -> Author {
        Author {
            with_options: true,
            ..Author::new(seed)
        }
    }

    /// The next commands; none when the script is over.
    pub fn next(&mut self, run: &Run) -> Option<Vec<String>> {
        let Some(left) = self.left.checked_sub(1) else {
            return self.end(run);
        };
        self.left = left;
        loop {
            if let Some(commands) = self.attempt(run) {
                return Some(commands);
            }
        }
    }

    /// At the end what is held on the wire goes on, so that all comes to a standstill.
    fn end(&mut self, run: &Run) -> Option<Vec<String>> {
        if !std::mem::replace(&mut self.opened, true) {
            return Some(vec!["wire flow".to_owned(), "wire clear".to_owned()]);
        }
        let first = *held(run).first()?;
        Some(vec![format!("wire deliver {first}")])
    }

    /// Commands of a kind that was chosen by chance; none when there is nothing that they could be about.
    fn attempt(&mut self, run: &Run) -> Option<Vec<String>> {
        let side = *self.dice.one(&["client", "server"])?;
        let all = |commands: &[&str]| Some(commands.iter().map(|&command| command.to_owned()).collect());
        if self.with_options && self.dice.below(100) < 22 {
            return match self.dice.below(10) {
                0 => Some(vec![format!("{side} host {}", self.dice.one(SETTINGS)?)]),
                1 => Some(vec![format!("{side} {}", self.dice.one(NEW_SOCKETS)?)]),
                2..6 => {
                    let sockets = open_sockets(run, side);
                    let (name, _) = self.dice.one(&sockets)?;
                    Some(vec![format!("{side} set-option {} on={name}", self.dice.one(OPTIONS)?)])
                }
                _ => {
                    let sockets = open_sockets(run, side);
                    let (name, _) = self.dice.one(&sockets)?;
                    Some(vec![format!("{side} {} on={name}", self.dice.one(MORE_CALLS)?)])
                }
            };
        }
        match self.dice.below(100) {
            0..14 => {
                let port = self.dice.one(PORTS)?;
                let commands = CONNECT.iter().map(|command| command.replace("CLIENT", port));
                Some(commands.collect())
            }
            14..20 => all(&["server accept"]),
            20..22 => all(CONNECT_BACK),
            22..25 => all(LISTEN_ANEW),
            25..27 if side == "client" => all(&["client kill", "client restart"]),
            25..70 => {
                let sockets = open_sockets(run, side);
                let (name, _) = self.dice.one(&sockets)?;
                let call = match (self.dice.below(24), side) {
                    (0, "client") => "reconnect :SERVER",
                    _ => self.dice.one(CALLS)?,
                };
                Some(vec![format!("{side} {call} on={name}")])
            }
            70..72 => {
                let sockets = open_sockets(run, side);
                let connected: Vec<_> = sockets.into_iter().filter(|(_, state)| state != "CLOSE").collect();
                let (name, _) = self.dice.one(&connected)?;
                Some(vec![format!("{side} destroy on={name}")])
            }
            72..76 => {
                let waiting = waiting(run, side);
                let call = self.dice.one(&waiting)?;
                Some(vec![format!("{side} interrupt {call}")])
            }
            76..83 => {
                let rule = self.dice.one(RULES)?;
                all(&[rule])
            }
            83..85 => all(&["wire flow", "wire clear"]),
            85..94 => {
                let held = held(run);
                let number = self.dice.one(&held)?;
                let what = self
                    .dice
                    .one(&["deliver", "deliver", "deliver", "deliver", "drop", "duplicate"])?;
                Some(vec![format!("wire {what} {number}")])
            }
            _ => {
                run.said.iter().find(|line| line["kind"] == "packet")?;
                let forgery = self.dice.one(FORGERIES)?;
                let seq = match forgery.ends_with("unreachable") {
                    true => "",
                    false => self.dice.one(&["", "", " seq=in-window", " seq=out-of-window"])?,
                };
                Some(vec![format!("wire forge {forgery} to={side}{seq}")])
            }
        }
    }
}

/// The open sockets of an end, with their states.
fn open_sockets(run: &Run, side: &str) -> Vec<(String, String)> {
    let Some(last) = run.said.iter().rfind(|line| line["kind"] == "states") else {
        return Vec::new();
    };
    let sockets = last["states"][side].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    sockets
        .filter(|socket| socket["held"] == "open")
        .filter_map(|socket| Some((text(&socket["socket"])?, text(&socket["state"])?)))
        .collect()
}

/// The calls of an end that have not returned.
fn waiting(run: &Run, side: &str) -> Vec<u64> {
    let of = |kind: &str| -> Vec<u64> {
        let lines = run
            .said
            .iter()
            .filter(|line| line["kind"] == kind && line["side"] == side);
        lines.filter_map(|line| line["call"].as_u64()).collect()
    };
    let (ended, lost) = (of("outcome"), of("lost"));
    let mut waiting = of("blocked");
    waiting.retain(|call| !ended.contains(call) && !lost.contains(call));
    waiting.dedup();
    waiting
}

/// The numbers of the packets that are held on the wire.
pub fn held(run: &Run) -> Vec<u64> {
    let mut dispositions = BTreeMap::new();
    for line in run.said.iter().filter(|line| line["kind"] == "packet") {
        dispositions.insert(line["packet_no"].as_u64().unwrap_or_default(), line["fate"] == "held");
    }
    dispositions
        .into_iter()
        .filter(|(_, held)| *held)
        .map(|(number, _)| number)
        .collect()
}
