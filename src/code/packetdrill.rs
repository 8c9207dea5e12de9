//! A packetdrill script: the calls of one end, the segments that it sent, and those that came to it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

use super::program::{arrived, may_wait};
use super::words::{running_on, wrapped};
use super::{Given, Made, Program, Statement};
use crate::call::{Call, OptionKind, SocketName, SocketOption};
use crate::errno::Errno;
use crate::lab::event::Passage;
use crate::outcome::{Outcome, Reading, Value};
use crate::side::Side;
use crate::wire::flow::PacketNo;
use crate::wire::queue::Origin;
use crate::wire::segment::{Flags, Packet, Segment, TcpOption};

/// What follows on something else within so short a time is its consequence: it takes no time in the script.
const AT_ONCE: Duration = Duration::from_millis(35);

/// What the other end answers takes so long to come: a program that waited for what came before has returned from that by then.
const RTT: Duration = Duration::from_millis(10);

/// A line of a script.
#[derive(Debug)]
enum Line {
    /// Prose.
    Comment(String),
    /// An event without a duration, at its time.
    Event(Duration, String),
    /// A call that waits, and when it returned.
    Waits(Duration, Duration, String),
}

/// What is known of the end's sockets and segments so far.
struct Script {
    end: Side,
    numbers: HashMap<SocketName, u32>,
    closed: HashSet<u32>,
    bound: HashSet<u32>,
    next: u32,
    sent: HashSet<PacketNo>,
    /// The last segment that the end sent, which an ICMP error quotes.
    last: String,
    lines: Vec<Line>,
    /// The connection that the script follows, as a segment of the end has it: packetdrill can follow one.
    connection: Option<(SocketAddr, SocketAddr)>,
    /// A SYN has begun that connection.
    begun: bool,
    /// Another has begun: the script is over.
    over: bool,
}

/// Has the script of that end anything but comments?
pub fn has_events(program: &Program, end: Side) -> bool {
    let lines = lines(program, end);
    lines.iter().any(|line| !matches!(line, Line::Comment(_)))
}

/// The script, line by line.
fn lines(program: &Program, end: Side) -> Vec<Line> {
    let mut script = Script {
        end,
        numbers: HashMap::new(),
        closed: HashSet::new(),
        bound: HashSet::new(),
        next: 3,
        sent: HashSet::new(),
        last: "0:0(0)".into(),
        lines: Vec::new(),
        connection: None,
        begun: false,
        over: false,
    };
    for (at, statement) in program.statements.iter().enumerate() {
        if script.over {
            break;
        }
        match statement {
            Statement::Say(prose) => script.comment(prose),
            Statement::Absent {
                sysctl: Some(sysctl), ..
            } if sysctl.side == end => {
                let blanks = sysctl.assignment.contains([' ', '\t']);
                let assignment = if blanks {
                    format!("'{}'", sysctl.assignment.replace('\t', " "))
                } else {
                    sysctl.assignment.clone()
                };
                script.event(sysctl.at, format!("`sysctl -q -w {assignment}`"));
            }
            Statement::Absent { what, .. } => script.comment(&format!("Not in this script: {what}")),
            Statement::Call(Made {
                side,
                name,
                call: Call::Bind { address } | Call::Connect { address, .. },
                given,
                ..
            }) if *side == end && program.is_other_family(address) => {
                let given = given.comment();
                script.comment(&format!(
                    "Not in this script: {name} to {address} {given}: packetdrill has addresses of one family"
                ));
            }
            Statement::Call(made) if made.side == end => {
                let outcome = program.outcome(made);
                let until = script.waits(&program.statements[at..], made, outcome);
                script.call(made, outcome, until);
            }
            Statement::Packet(at, passage) => script.packet(*at, passage),
            Statement::Call(_) | Statement::Late(_) | Statement::Pause(_) => {}
        }
    }
    script.lines
}

/// The script's text.
pub fn write(program: &Program, end: Side) -> String {
    let kernel = running_on();
    let head = [
        program.title.clone(),
        String::new(),
        format!(
            "finwait's scenario {}, as its {end} made it{kernel}: what the {end} called and what it returned, what it sent, and \
             what came to it. Timestamps are left out of that, as they would be those of another run, and the room that they take \
             is taken off the MSS.",
            program.name
        ),
        String::new(),
        format!("    unshare --net packetdrill {}.pkt", program.name),
    ];
    let head: String = head.iter().map(|line| wrapped(line, "// ")).collect();
    let family = if program.ipv6 { "--ip_version=ipv6\n" } else { "" };
    format!(
        "{head}\n--tolerance_usecs=10000\n{family}\n{}",
        timed(&lines(program, end))
    )
}

/// The lines with their times: each after the one before, what follows at once at no distance.
fn timed(lines: &[Line]) -> String {
    // When something happened in the run, and whether it was a segment that came.
    let mut seen: BTreeMap<Duration, bool> = BTreeMap::new();
    for line in lines {
        match line {
            Line::Comment(_) => {}
            Line::Event(at, text) => *seen.entry(*at).or_default() |= text.starts_with('<'),
            Line::Waits(at, ended, _) => {
                for at in [at, ended] {
                    seen.entry(*at).or_default();
                }
            }
        }
    }
    let mut times: BTreeMap<Duration, Duration> = BTreeMap::new();
    let mut before: Option<(Duration, bool)> = None;
    for (at, comes) in seen {
        let (last, came) = before.unwrap_or((at, true));
        let gap = match at.saturating_sub(last) {
            gap if gap >= AT_ONCE => Duration::from_millis(gap.as_millis() as u64),
            _ if comes && !came => RTT,
            _ => Duration::ZERO,
        };
        let time = times.values().next_back().copied().unwrap_or_default() + gap;
        times.insert(at, time);
        before = Some((at, comes));
    }
    let time = |at: Duration| times.get(&at).copied().unwrap_or_default();
    let mut out = String::new();
    let mut last = Duration::ZERO;
    let mut open = Duration::ZERO;
    for line in lines {
        match line {
            Line::Comment(text) => {
                let _ = write!(out, "\n{}", wrapped(text, "// "));
            }
            Line::Event(at, text) => {
                let now = time(*at).max(last);
                let _ = writeln!(out, "{:>6} {text}", plus(now - last));
                last = now;
            }
            Line::Waits(at, ended, text) => {
                let now = time(*at).max(last);
                // Both are counted from the event before.
                let until = time(*ended).saturating_sub(last);
                let _ = writeln!(out, "{:>6}...{} {text}", plus(now - last), seconds(until));
                last = now;
                open = open.max(time(*ended));
            }
        }
    }
    if open > last {
        // A script must not end while a call waits.
        let _ = writeln!(out, "{:>6} `true`", plus(open - last + RTT));
    }
    out
}

fn plus(gap: Duration) -> String {
    format!("+{}", seconds(gap))
}

/// `0`, `0.250`
fn seconds(time: Duration) -> String {
    if time.is_zero() {
        "0".into()
    } else {
        format!("{:.3}", time.as_secs_f64())
    }
}

impl Script {
    fn comment(&mut self, text: &str) {
        self.lines.push(Line::Comment(text.to_owned()));
    }

    fn number(&mut self, socket: &SocketName) -> u32 {
        let number = self.next;
        self.next += 1;
        self.numbers.insert(socket.clone(), number);
        number
    }

    /// Until when a call waits; none when it returns at once. What follows on it begins with the call itself.
    fn waits(&self, follows: &[Statement], made: &Made, outcome: Option<&Outcome>) -> Option<Duration> {
        let ended = made.ended.filter(|_| may_wait(&made.call))?;
        let outcome = outcome?;
        // What there is room for is taken at once, whatever comes meanwhile.
        if matches!(made.call, Call::Write { .. }) && ended.saturating_sub(made.at) < AT_ONCE {
            return None;
        }
        let mut came = follows.iter().filter_map(|statement| match statement {
            Statement::Packet(at, passage) if passage.from != self.end && arrived(passage) => Some(*at),
            _ => None,
        });
        match came.rfind(|at| *at <= ended) {
            // It returned since that came, however long its process took to notice.
            Some(came) if !ends_by_a_timer(outcome) => Some(came),
            None if ended.saturating_sub(made.at) < AT_ONCE => None,
            _ => Some(ended),
        }
    }

    fn call(&mut self, made: &Made, outcome: Option<&Outcome>, until: Option<Duration>) {
        let fd = self.numbers.get(&made.socket).copied();
        let Some(outcome) = outcome else {
            return self.comment(&format!("Not in this script: {}, which never returned", made.name));
        };
        let gone = fd.is_none_or(|fd| self.closed.contains(&fd));
        if gone && !matches!(made.call, Call::Socket { .. }) {
            let given = Given::Outcome(outcome.clone()).comment();
            return self.comment(&format!(
                "Not in this script: {} {given}: packetdrill has no number for a socket that is not open",
                made.name
            ));
        }
        let fd = fd.unwrap_or_default();
        let result = match outcome {
            Outcome::Ok(Value::Read { n, .. } | Value::Written { n }) => n.to_string(),
            Outcome::Ok(Value::Ready { events }) => usize::from(!events.is_empty()).to_string(),
            Outcome::Ok(_) => "0".into(),
            Outcome::Err(errno) => format!("-1 {errno}"),
            Outcome::DeadlineExceeded { .. } | Outcome::Library(_) | Outcome::Unsupported(_) => {
                if let Call::Connect { .. } = made.call {
                    // finwait's own deadline: a connect that does not wait.
                    self.event(made.at, format!("fcntl({fd}, F_SETFL, O_RDWR|O_NONBLOCK) = 0"));
                    let result = "-1 EINPROGRESS (Operation now in progress)";
                    self.event(made.at, format!("connect({fd}, ..., ...) = {result}"));
                    return;
                }
                return self.comment(&format!(
                    "Not in this script: {}, which finwait gave up at its deadline",
                    made.name
                ));
            }
        };
        let text = match &made.call {
            Call::Socket { .. } => {
                let fd = self.number(&made.socket);
                format!("socket(..., SOCK_STREAM, IPPROTO_TCP) = {fd}")
            }
            Call::Accept { r#as } => match outcome {
                Outcome::Ok(_) => {
                    let new = self.number(r#as);
                    format!("accept({fd}, ..., ...) = {new}")
                }
                _ => format!("accept({fd}, ..., ...) = {result}"),
            },
            Call::Bind { .. } => {
                self.bound.insert(fd);
                format!("bind({fd}, ..., ...) = {result}")
            }
            Call::Listen { backlog } => {
                if self.bound.insert(fd) {
                    self.comment("Listen takes any port, and packetdrill sends to one only.");
                    self.event(made.at, format!("bind({fd}, ..., ...) = 0"));
                }
                format!("listen({fd}, {backlog}) = {result}")
            }
            Call::Connect { .. } => {
                self.bound.insert(fd);
                format!("connect({fd}, ..., ...) = {result}")
            }
            Call::Read { n, flags, .. } => match flags.as_slice() {
                [] => format!("read({fd}, ..., {n}) = {result}"),
                flags => {
                    let flags: Vec<_> = flags.iter().map(|flag| flag.name()).collect();
                    format!("recv({fd}, ..., {n}, {}) = {result}", flags.join("|"))
                }
            },
            Call::Write {
                data, repeat, flags, ..
            } => {
                let n = data.0.len().saturating_mul(*repeat);
                match flags.as_slice() {
                    [] => format!("write({fd}, ..., {n}) = {result}"),
                    flags => {
                        let flags: Vec<_> = flags.iter().map(|flag| flag.name()).collect();
                        format!("send({fd}, ..., {n}, {}) = {result}", flags.join("|"))
                    }
                }
            }
            Call::Shutdown { how } => {
                let how = how.name();
                format!("shutdown({fd}, {how}) = {result}")
            }
            Call::Close => {
                self.closed.insert(fd);
                format!("close({fd}) = {result}")
            }
            Call::RstClose => {
                self.closed.insert(fd);
                self.linger(made.at, fd, 0);
                format!("close({fd}) = {result}")
            }
            Call::LingerClose { seconds } => {
                self.closed.insert(fd);
                self.linger(made.at, fd, i64::from(*seconds));
                format!("close({fd}) = {result}")
            }
            Call::Poll { events, timeout } => {
                let Outcome::Ok(Value::Ready { events: ready }) = outcome else {
                    return self.comment("Not in this script: poll, which failed");
                };
                let names = |events: &[crate::call::PollEvent]| {
                    let names: Vec<_> = events.iter().map(|event| event.name()).collect();
                    if names.is_empty() { "0".into() } else { names.join("|") }
                };
                format!(
                    "poll([{{fd={fd}, events={}, revents={}}}], 1, {}) = {result}",
                    names(events),
                    names(ready),
                    timeout.0
                )
            }
            Call::SoError => match outcome {
                Outcome::Ok(Value::PendingError { error }) => {
                    let error = error.map_or_else(|| "0".into(), |error| error.name());
                    format!("getsockopt({fd}, SOL_SOCKET, SO_ERROR, [{error}], [4]) = 0")
                }
                _ => return self.comment("Not in this script: SO_ERROR, which could not be read"),
            },
            Call::GetOption { option } if is_number(*option) => match outcome {
                Outcome::Ok(Value::Options { readings }) => {
                    let value = match readings.as_slice() {
                        [reading] => match reading.value {
                            Reading::Value(value) => value,
                            Reading::Errno(_) => 0,
                        },
                        _ => 0,
                    };
                    let (level, name) = (option.level(), option.name());
                    format!("getsockopt({fd}, {level}, {name}, [{value}], [4]) = 0")
                }
                _ => return self.comment("Not in this script: an option that could not be read"),
            },
            Call::SetOption { option, value } => match option.kind() {
                OptionKind::Switch if *option == SocketOption::Nonblock => {
                    let flags = if *value == 0 { "O_RDWR" } else { "O_RDWR|O_NONBLOCK" };
                    format!("fcntl({fd}, F_SETFL, {flags}) = {result}")
                }
                OptionKind::Linger => {
                    self.linger(made.at, fd, *value);
                    return;
                }
                OptionKind::Timeout => {
                    return self.comment(&format!("Not in this script: {} is set, a timeval", option.name()));
                }
                OptionKind::Switch | OptionKind::Number(_) => {
                    let (level, name) = (option.level(), option.name());
                    format!("setsockopt({fd}, {level}, {name}, [{value}], 4) = {result}")
                }
            },
            Call::Disconnect => return self.comment("Not in this script: connect with AF_UNSPEC"),
            Call::Dup { .. } => return self.comment("Not in this script: dup"),
            Call::Options | Call::GetOption { .. } => return self.comment("Not in this script: options are read"),
        };
        match until {
            Some(until) => self.lines.push(Line::Waits(made.at, until, text)),
            None => self.event(made.at, text),
        }
    }

    fn linger(&mut self, at: Duration, fd: u32, seconds: i64) {
        let (on, seconds) = (u8::from(seconds >= 0), seconds.max(0));
        let linger = format!("{{onoff={on}, linger={seconds}}}");
        self.event(at, format!("setsockopt({fd}, SOL_SOCKET, SO_LINGER, {linger}, 8) = 0"));
    }

    fn event(&mut self, at: Duration, text: String) {
        self.lines.push(Line::Event(at, text));
    }

    fn packet(&mut self, at: Duration, passage: &Passage) {
        let leaves = passage.from == self.end;
        if leaves && (passage.origin != Origin::Host || !self.sent.insert(passage.no)) {
            return;
        }
        if !leaves && !arrived(passage) {
            return;
        }
        match &passage.packet {
            Packet::Tcp(segment) => {
                let way = if leaves {
                    (segment.source, segment.destination)
                } else {
                    (segment.destination, segment.source)
                };
                let is_followed = *self.connection.get_or_insert(way) == way;
                let begins = segment.flags.has(Flags::SYN) && !segment.flags.has(Flags::ACK);
                let begins = begins && passage.origin == Origin::Host && passage.seen.again.is_none();
                if begins && leaves && self.begun {
                    // Nor is the call in it that sends the SYN.
                    let connects = |line: &Line| matches!(line, Line::Event(_, text) | Line::Waits(_, _, text) if text.starts_with("connect"));
                    let connect = self.lines.iter().rposition(connects);
                    self.lines.truncate(connect.unwrap_or(self.lines.len()));
                }
                if begins && self.begun {
                    self.comment("Here another connection begins, and packetdrill follows one: the script is over.");
                    self.over = true;
                    return;
                }
                self.begun |= begins;
                if !is_followed {
                    return self.comment("Not in this script: a segment of another connection");
                }
                let seq = passage.seen.seq.unwrap_or(segment.seq.0);
                let range = format!("{seq}:{}({})", seq.wrapping_add(segment.len as u32), segment.len);
                let ack = segment
                    .flags
                    .has(Flags::ACK)
                    .then(|| format!(" ack {}", passage.seen.ack.unwrap_or(segment.ack.0)));
                let flags = flags(segment.flags);
                let ack = ack.unwrap_or_default();
                if leaves {
                    self.last.clone_from(&range);
                    self.event(at, format!("> {flags} {range}{ack} <...>"));
                } else {
                    if passage.origin != Origin::Host {
                        self.comment("Not sent by the other end's kernel:");
                    }
                    let options = options(segment);
                    self.event(at, format!("< {flags} {range}{ack} win {}{options}", segment.window));
                }
            }
            Packet::Icmp { message, .. } if !leaves => match icmp(message) {
                Some(words) => {
                    let text = format!("< icmp {words} [{}]", self.last);
                    self.event(at, text);
                }
                None => self.comment(&format!("Not in this script: ICMP {message} comes")),
            },
            Packet::Icmp { .. } | Packet::Other { .. } => {}
        }
    }
}

/// Is that what a timer ends a call with, and nothing that comes?
const fn ends_by_a_timer(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Err(Errno::ETIMEDOUT | Errno::EHOSTUNREACH | Errno::EAGAIN | Errno::EINPROGRESS)
    )
}

/// Is that an option whose value is a plain number?
const fn is_number(option: SocketOption) -> bool {
    matches!(option.kind(), OptionKind::Switch | OptionKind::Number(_)) && !matches!(option, SocketOption::Nonblock)
}

/// `S.`, `FP.`, `R`
fn flags(flags: Flags) -> String {
    let letters = [
        (Flags::FIN, 'F'),
        (Flags::SYN, 'S'),
        (Flags::RST, 'R'),
        (Flags::PSH, 'P'),
        (Flags::URG, 'U'),
        (Flags::ECE, 'E'),
        (Flags::CWR, 'W'),
        (Flags::ACK, '.'),
    ];
    let letters: String = letters
        .iter()
        .filter(|(bit, _)| flags.has(*bit))
        .map(|(_, letter)| *letter)
        .collect();
    if letters.is_empty() { "-".into() } else { letters }
}

/// What timestamps take of each segment, bytes: without them that much more data would be in it.
const TIMESTAMPS: &u16 = &12;

/// The options of a segment that comes, without the timestamps.
fn options(segment: &Segment) -> String {
    let stamped = segment
        .options
        .iter()
        .any(|option| matches!(option, TcpOption::Timestamps(..)));
    let room = if stamped { TIMESTAMPS } else { &0 };
    let words: Vec<String> = segment
        .options
        .iter()
        .filter_map(|option| match option {
            TcpOption::Mss(bytes) => Some(format!("mss {}", bytes - room.min(bytes))),
            TcpOption::WindowScale(shift) => Some(format!("nop,wscale {shift}")),
            TcpOption::SackPermitted => Some("nop,nop,sackOK".into()),
            TcpOption::Sack(_) | TcpOption::Timestamps(..) | TcpOption::Other(_) => None,
        })
        .collect();
    if words.is_empty() {
        String::new()
    } else {
        format!(" <{}>", words.join(","))
    }
}

/// An ICMP error in packetdrill's words.
fn icmp(message: &str) -> Option<&'static str> {
    Some(match message {
        "network unreachable" => "unreachable net_unreachable",
        "host unreachable" => "unreachable host_unreachable",
        "protocol unreachable" => "unreachable protocol_unreachable",
        "port unreachable" => "unreachable port_unreachable",
        "source route failed" => "unreachable source_route_failed",
        _ => return None,
    })
}
