//! What tcpdump and tshark print, line by line: with or without times, relative numbers or absolute (`-S`), on one line or two (`-v`), with the link
//! layer (`-e`) or an interface (`-i any`) before it.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr};

use finwait_model::call::Bytes;
use finwait_model::clock::MonoTime;
use finwait_model::hash::QuickMap;
use finwait_wire::segment::{CapturedIp, Flags, IcmpError, Packet, Segment, SeqNo, TcpOption};
use memchr::{memchr, memmem};

use super::input::Input;
use super::{CaptureFacts, CapturedPacket};

/// The most bytes of a line that are read.
const LONGEST: usize = 1 << 14;
/// The most bytes of a segment that are believed: what Linux puts together before a device cuts it (`GSO_MAX_SIZE`).
const LARGEST_SEGMENT: u64 = 8 * 65_535;
/// Hosts in words that are told apart.
const NAMES: usize = 1 << 12;
/// Conversations whose first numbers are remembered; beyond that all are forgotten.
const CONVERSATIONS: usize = 1 << 16;
/// Packets that are looked at before it is decided what their times count from.
const AHEAD: usize = 64;
/// Half a day, in nanoseconds: a clock that goes back farther has passed midnight.
const HALF_A_DAY: u64 = 12 * 3600 * 1_000_000_000;

/// What a line's time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stamp {
    /// The time of a day.
    Clock(u64),
    /// Since 1970, or a date and a time of the day.
    Absolute(u64),
}

/// A packet on a line or two.
#[derive(Debug)]
struct Line {
    stamp: Option<Stamp>,
    ip: CapturedIp,
}

/// What the first line of two has said (`-v`).
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    stamp: Option<Stamp>,
    ttl: Option<u8>,
    ip_id: Option<u16>,
}

/// The numbers of one way of a conversation.
#[derive(Clone, Copy, Debug, Default)]
struct WayNumbers {
    /// The first, from which tcpdump counts.
    first: Option<u32>,
    /// The number after the last that was sent.
    next: Option<u32>,
}

/// The text that is being read.
#[derive(Debug, Default)]
pub(super) struct Text {
    before: Option<Before>,
    /// Read, and not handed out.
    ahead: VecDeque<Line>,
    decided: bool,
    /// Do the times count from the packet before each (`-ttt`)?
    deltas: bool,
    over: bool,
    last: u64,
    days: u64,
    /// A line that goes on in the next: it was wrapped where it was pasted.
    open: Option<String>,
    /// The addresses that stand for hosts in words: of 0.0.0.0/8, which no host has.
    names: QuickMap<String, IpAddr>,
    /// The way from the lower address to the higher, and the way back.
    numbers: QuickMap<(SocketAddr, SocketAddr), [WayNumbers; 2]>,
}

/// Returns whether it is a line of tcpdump's or tshark's about TCP.
pub fn is_tcpdump_line(line: &[u8]) -> bool {
    let line = &line[..line.len().min(LONGEST)];
    let Some(at) = memmem::find(line, b"Flags [") else {
        let is_tshark = memmem::find(line, b"] Seq=").is_some();
        return is_tshark && std::str::from_utf8(line).is_ok_and(|line| of_tshark(line).is_some());
    };
    let Ok(head) = std::str::from_utf8(&line[..at]) else {
        return false;
    };
    let Some((from, to)) = addresses(head) else {
        return false;
    };
    let is_ip = head.split_ascii_whitespace().any(|word| matches!(word, "IP" | "IP6"));
    [from, to]
        .iter()
        .all(|text| endpoint(text).is_some() || is_ip && named(text).is_some())
}

/// Returns the control bits that a text names in tcpdump's letters, and nothing else: `Flags [S.]`; none of any other text.
pub fn flags_alone(text: &str) -> Option<Flags> {
    let inner = text
        .trim()
        .trim_end_matches(',')
        .strip_prefix("Flags [")?
        .strip_suffix(']')?;
    let is_letter = |letter: char| flag(letter).is_some();
    (!inner.is_empty() && inner.chars().all(is_letter)).then(|| flags(inner))
}

/// The control bit that a letter of tcpdump's stands for; none of `none`, which is no letter.
const fn flag(letter: char) -> Option<Flags> {
    Some(match letter {
        'F' => Flags::FIN,
        'S' => Flags::SYN,
        'R' => Flags::RST,
        'P' => Flags::PSH,
        '.' => Flags::ACK,
        'U' => Flags::URG,
        'E' => Flags::ECE,
        'W' => Flags::CWR,
        _ => return None,
    })
}

fn flags(letters: &str) -> Flags {
    let bits = letters.chars().filter_map(flag);
    bits.fold(Flags(0), |all, flag| Flags(all.0 | flag.0))
}

/// A line without what marks it as quoted: `> `.
fn unquoted(mut text: &str) -> &str {
    while let Some(rest) = text.strip_prefix('>') {
        text = rest.strip_prefix(' ').unwrap_or(rest);
    }
    text
}

/// Does a packet of tcpdump's go on in the next line: is its length, which each has, not there yet?
fn goes_on(text: &str) -> bool {
    text.contains("Flags [") && !text.contains("length ")
}

/// Is a line of the rest of one that was wrapped, and not one by itself?
fn is_rest(text: &str) -> bool {
    let has = |word: &str| text.contains(word);
    !text.trim().is_empty() && !has(" > ") && !has("Flags [") && !has("```") && stamp(text).is_none()
}

impl Text {
    pub fn packet<R: Read>(
        &mut self,
        input: &mut Input<R>,
        facts: &mut CaptureFacts,
    ) -> io::Result<Option<CapturedPacket>> {
        while !self.over && self.ahead.len() < if self.decided { 1 } else { AHEAD } {
            match self.line(input, facts)? {
                Some(line) => {
                    facts.packets += 1;
                    self.ahead.push_back(line);
                }
                None => self.over = true,
            }
        }
        if !self.decided {
            self.decided = true;
            self.decide(facts);
        }
        let Some(Line { stamp, ip }) = self.ahead.pop_front() else {
            return Ok(None);
        };
        let at = MonoTime(self.time(stamp));
        Ok(Some(CapturedPacket {
            at,
            interface: None,
            ip,
            fate: None,
        }))
    }

    /// Decides what the times count from. Those of `-ttt` begin at nought like those of `-ttttt`, and go back sooner or later.
    fn decide(&mut self, facts: &mut CaptureFacts) {
        let clocks: Vec<u64> = self
            .ahead
            .iter()
            .filter_map(|line| match line.stamp {
                Some(Stamp::Clock(at)) => Some(at),
                _ => None,
            })
            .collect();
        facts.timed = self.ahead.iter().any(|line| line.stamp.is_some());
        self.deltas = clocks.first() == Some(&0) && clocks.windows(2).any(|pair| pair[1] < pair[0]);
    }

    fn time(&mut self, stamp: Option<Stamp>) -> u64 {
        self.last = match stamp {
            None => self.last,
            Some(Stamp::Absolute(at)) => at,
            Some(Stamp::Clock(at)) if self.deltas => self.last.saturating_add(at),
            Some(Stamp::Clock(at)) => {
                let today = self.days.saturating_add(at);
                if today.saturating_add(HALF_A_DAY) < self.last {
                    self.days = self.days.saturating_add(2 * HALF_A_DAY);
                }
                self.days.saturating_add(at)
            }
        };
        self.last
    }

    /// The next packet; none at the end of the text.
    fn line<R: Read>(&mut self, input: &mut Input<R>, facts: &mut CaptureFacts) -> io::Result<Option<Line>> {
        loop {
            let end = loop {
                if let Some(end) = memchr(b'\n', input.data()) {
                    break Some(end);
                }
                if input.data().len() > LONGEST || !input.more(0)? {
                    break None;
                }
            };
            let there = input.data().len();
            if there == 0 {
                let open = self.open.take();
                return Ok(open.and_then(|open| self.parse(&open, facts)));
            }
            let text = String::from_utf8_lossy(&input.data()[..end.unwrap_or(there).min(LONGEST)]).into_owned();
            input.consume(end.map_or(there, |end| end + 1));
            let text = unquoted(&text);
            let Some(mut open) = self.open.take() else {
                if goes_on(text) {
                    self.open = Some(text.to_owned());
                } else if let Some(line) = self.parse(text, facts) {
                    return Ok(Some(line));
                }
                continue;
            };
            if is_rest(text) && open.len() < LONGEST {
                open.push(' ');
                open.push_str(text.trim());
                if goes_on(&open) {
                    self.open = Some(open);
                } else if let Some(line) = self.parse(&open, facts) {
                    return Ok(Some(line));
                }
                continue;
            }
            let before = self.parse(&open, facts);
            let next = match goes_on(text) {
                true => {
                    self.open = Some(text.to_owned());
                    None
                }
                false => self.parse(text, facts),
            };
            match (before, next) {
                (None, None) => {}
                (Some(line), None) | (None, Some(line)) => return Ok(Some(line)),
                (Some(line), Some(next)) => {
                    facts.packets += 1;
                    self.ahead.push_back(line);
                    return Ok(Some(next));
                }
            }
        }
    }

    fn parse(&mut self, text: &str, facts: &mut CaptureFacts) -> Option<Line> {
        let is_second = text.starts_with([' ', '\t']);
        let stamp = stamp(text);
        let before = self.before.take();
        let Some(at) = text.find("Flags [") else {
            if text.contains("] Seq=")
                && let Some((segment, seq)) = of_tshark(text)
            {
                let mut segment = segment;
                self.make_absolute(&mut segment, Some(seq));
                return Some(Line {
                    stamp,
                    ip: CapturedIp {
                        packet: Packet::Tcp(segment),
                        ttl: None,
                        ip_id: None,
                    },
                });
            }
            if let Some(icmp) = text.find(": ICMP") {
                return icmp_of(text, icmp).map(|packet| Line {
                    stamp,
                    ip: CapturedIp {
                        packet,
                        ttl: None,
                        ip_id: None,
                    },
                });
            }
            // `-v` breaks the line after the IP header.
            if text.contains("(tos ") || text.contains("hlim ") {
                self.before = Some(Before {
                    stamp,
                    ttl: after(text, "ttl ")
                        .or_else(|| after(text, "hlim "))
                        .and_then(|ttl| u8::try_from(ttl).ok()),
                    ip_id: after(text, " id ").and_then(|id| u16::try_from(id).ok()),
                });
            }
            return None;
        };
        let before = before.filter(|_| is_second).unwrap_or_default();
        let (from, to) = addresses(&text[..at])?;
        let ends = [from, to].map(|end| endpoint(end).or_else(|| self.named(end, facts)));
        let [Some(source), Some(destination)] = ends else {
            facts.named += 1;
            return None;
        };
        let (mut segment, seq) = segment(source, destination, &text[at..])?;
        self.make_absolute(&mut segment, seq);
        Some(Line {
            stamp: stamp.filter(|_| !is_second || before.stamp.is_none()).or(before.stamp),
            ip: CapturedIp {
                packet: Packet::Tcp(segment),
                ttl: before.ttl,
                ip_id: before.ip_id,
            },
        })
    }

    /// An end whose host is a word: an address stands for it, which the facts tell.
    fn named(&mut self, text: &str, facts: &mut CaptureFacts) -> Option<SocketAddr> {
        let (host, port) = named(text)?;
        let address = match self.names.get(host) {
            Some(address) => *address,
            None if self.names.len() >= NAMES => return None,
            None => {
                let address = IpAddr::from((self.names.len() as u32 + 1).to_be_bytes());
                self.names.insert(host.to_owned(), address);
                facts.hosts.push((address, host.to_owned()));
                address
            }
        };
        Some(SocketAddr::new(address, port))
    }

    /// Makes relative numbers absolute; `seq` is the segment's, where its line has one. tcpdump counts from the first numbers of a conversation, except in the segment that has them
    /// (`tcp_print`). Without `-S` they are small, with it they are near the first ones.
    fn make_absolute(&mut self, segment: &mut Segment, seq: Option<u32>) {
        let is_forward = segment.source <= segment.destination;
        let key = if is_forward {
            (segment.source, segment.destination)
        } else {
            (segment.destination, segment.source)
        };
        if self.numbers.len() >= CONVERSATIONS && !self.numbers.contains_key(&key) {
            self.numbers.clear();
        }
        let [up, down] = self.numbers.entry(key).or_default();
        let (own, other) = if is_forward { (up, down) } else { (down, up) };
        let begins = segment.flags.has(Flags::SYN);
        match seq {
            Some(seq) if begins => {
                if own.first != Some(seq) && !segment.flags.has(Flags::ACK) {
                    // Another connection, whose other numbers are not known yet; the other end may still speak in those of the one before.
                    other.first = None;
                }
                own.first = Some(seq);
                segment.seq = SeqNo(seq);
            }
            Some(seq) => segment.seq = SeqNo(absolute(seq, &mut own.first)),
            // An acknowledgement alone is printed without its own number, which is the next.
            None => segment.seq = SeqNo(own.next.or(own.first).unwrap_or(0)),
        }
        if segment.span() > 0 {
            own.next = Some(segment.end().0);
        }
        if segment.flags.has(Flags::ACK) {
            segment.ack = match other.first {
                Some(_) if !begins => SeqNo(absolute(segment.ack.0, &mut other.first)),
                _ => {
                    other.first.get_or_insert(segment.ack.0.wrapping_sub(1));
                    segment.ack
                }
            };
            other.next.get_or_insert(segment.ack.0);
        }
    }
}

/// The absolute number, by the first one of its direction, which it is where there is none.
fn absolute(number: u32, first: &mut Option<u32>) -> u32 {
    let Some(base) = *first else {
        *first = Some(number);
        return number;
    };
    let distance = |number: u32| (number as i32).unsigned_abs();
    if distance(number) < distance(number.wrapping_sub(base)) {
        base.wrapping_add(number)
    } else {
        number
    }
}

/// The two words around the last ` > ` of a line's beginning.
fn addresses(head: &str) -> Option<(&str, &str)> {
    let (from, to) = head.rsplit_once(" > ")?;
    let from = from.rsplit([' ', '\t']).next()?;
    let to = to.trim_end().strip_suffix(':')?;
    Some((from, to))
}

/// `10.0.0.1.443`, `fd00::1.https`
fn endpoint(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.rsplit_once('.')?;
    let address: IpAddr = match address {
        "localhost" => IpAddr::from([127, 0, 0, 1]),
        "ip6-localhost" => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        address => address.split('%').next()?.parse().ok()?,
    };
    Some(SocketAddr::new(address, port.parse().ok().or_else(|| service(port))?))
}

/// `db.example.net.postgresql`: a host in words, and its port.
fn named(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once('.')?;
    let is_host = host
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    let port = port.parse().ok().or_else(|| service(port))?;
    (is_host && host.bytes().any(|byte| byte.is_ascii_alphabetic())).then_some((host, port))
}

/// A packet of TCP as tshark prints it, and Wireshark's list copies it, with its number:
/// `3 0.000051 10.0.0.1 → 10.0.0.2 TCP 66 37756 → 8080 [ACK] Seq=1 Ack=1 Win=64512 Len=0`
fn of_tshark(text: &str) -> Option<(Segment, u32)> {
    let (head, numbers) = text.split_once("] Seq=")?;
    let (head, flags) = head.rsplit_once('[')?;
    let (head, to) = head.trim_end().rsplit_once(['→', '>'])?;
    let to = to.trim().parse().ok()?;
    let (head, from) = head.trim_end_matches([' ', '-']).rsplit_once([' ', '\t'])?;
    let from = from.parse().ok()?;
    let mut hosts = head
        .split_ascii_whitespace()
        .filter_map(|word| word.parse::<IpAddr>().ok());
    let (source, destination) = (hosts.next()?, hosts.next()?);
    let value = |name: &str| after(numbers, name);
    let mut known = Flags(0);
    for flag in flags.split(", ") {
        known.0 |= match flag {
            "FIN" => Flags::FIN.0,
            "SYN" => Flags::SYN.0,
            "RST" => Flags::RST.0,
            "PSH" => Flags::PSH.0,
            "ACK" => Flags::ACK.0,
            "URG" => Flags::URG.0,
            "ECE" => Flags::ECE.0,
            "CWR" => Flags::CWR.0,
            _ => 0,
        };
    }
    let segment = Segment {
        source: SocketAddr::new(source, from),
        destination: SocketAddr::new(destination, to),
        flags: known,
        seq: SeqNo(0),
        ack: SeqNo(value("Ack=").unwrap_or(0) as u32),
        // The window as it counts, which may be above what the field holds.
        window: u16::try_from(value("Win=").unwrap_or(0)).unwrap_or(u16::MAX),
        urgent: 0,
        options: Vec::new(),
        len: believed(value("Len=").unwrap_or(0))?,
        payload: Bytes::default(),
    };
    Some((segment, number(numbers)? as u32))
}

/// The ports that tcpdump names most often (`services(5)`).
fn service(name: &str) -> Option<u16> {
    Some(match name {
        "ftp" => 21,
        "ssh" => 22,
        "telnet" => 23,
        "smtp" => 25,
        "domain" => 53,
        "http" => 80,
        "pop3" => 110,
        "sunrpc" => 111,
        "imap2" => 143,
        "kerberos" => 88,
        "bgp" => 179,
        "submission" => 587,
        "imap" => 143,
        "pop3s" => 995,
        "ms-sql-s" => 1433,
        "mqtt" => 1883,
        "nfs" => 2049,
        "ms-wbt-server" => 3389,
        "webcache" => 8080,
        "https-alt" => 8443,
        "zabbix-agent" => 10050,
        "postgres" => 5432,
        "ldap" => 389,
        "https" => 443,
        "microsoft-ds" => 445,
        "ldaps" => 636,
        "imaps" => 993,
        "mysql" => 3306,
        "postgresql" => 5432,
        "amqp" => 5672,
        "redis" => 6379,
        "http-alt" => 8080,
        _ => return None,
    })
}

/// The number that follows a word.
fn after(text: &str, word: &str) -> Option<u64> {
    number(&text[text.find(word)? + word.len()..])
}

/// A segment's length, if it can be one.
fn believed(len: u64) -> Option<usize> {
    (len <= LARGEST_SEGMENT).then_some(len as usize)
}

fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text[..digits].parse().ok()
}

/// A segment, from `Flags [` on, and its number where the line has one.
fn segment(source: SocketAddr, destination: SocketAddr, text: &str) -> Option<(Segment, Option<u32>)> {
    let (letters, rest) = text.strip_prefix("Flags [")?.split_once(']')?;
    let (options, rest) = match rest.split_once("options [") {
        Some((front, after)) => {
            let (options, back) = after.split_once(']').unwrap_or((after, ""));
            (options, [front, back])
        }
        None => ("", [rest, ""]),
    };
    // What is in the payload comes after its length.
    let front = rest[0];
    let word = |name: &str| {
        after(front, name)
            .or_else(|| after(rest[1], name))
            .map(|number| number as u32)
    };
    let seq = word(", seq ");
    let told = word(", length ").map(u64::from);
    let range = seq.and_then(|seq| {
        let text = &front[front.find(", seq ")? + 6..];
        let (_, end) = text.split_once(',').unwrap_or((text, "")).0.split_once(':')?;
        Some(u64::from((number(end)? as u32).wrapping_sub(seq)))
    });
    let flags = flags(letters);
    let ack = word(", ack ");
    let segment = Segment {
        source,
        destination,
        flags,
        seq: SeqNo(0),
        ack: SeqNo(ack.unwrap_or(0)),
        window: u16::try_from(word(", win ").unwrap_or(0)).unwrap_or(u16::MAX),
        urgent: 0,
        options: options.split(',').filter_map(option).collect(),
        len: believed(told.or(range).unwrap_or(0))?,
        payload: Bytes::default(),
    };
    Some((segment, seq))
}

fn option(text: &str) -> Option<TcpOption> {
    let text = text.trim();
    let value = |name: &str| text.strip_prefix(name).and_then(number);
    if let Some(mss) = value("mss ") {
        return Some(TcpOption::Mss(u16::try_from(mss).ok()?));
    }
    if let Some(shift) = value("wscale ") {
        return Some(TcpOption::WindowScale(u8::try_from(shift).ok()?));
    }
    if let Some(times) = value("TS val ") {
        return Some(TcpOption::Timestamps(times as u32, after(text, "ecr ")? as u32));
    }
    (text == "sackOK").then_some(TcpOption::SackPermitted)
}

/// An ICMP error: whose connection it is about, the text says in part only, and so the receiver's port is left open.
fn icmp_of(text: &str, at: usize) -> Option<Packet> {
    let (from, to) = text[..at].rsplit_once(" > ")?;
    let source: IpAddr = from.rsplit([' ', '\t']).next()?.parse().ok()?;
    let destination: IpAddr = to.parse().ok()?;
    let message = &text[at + ": ICMP".len()..];
    let message = message
        .strip_prefix('6')
        .unwrap_or(message)
        .trim_start_matches([',', ' ']);
    let message = message.split(", length").next().unwrap_or(message);
    // `10.0.0.2 tcp port 8080 unreachable`, `host 10.0.0.2 unreachable - admin prohibited`
    let about = message.split(' ').find_map(|word| word.parse::<IpAddr>().ok());
    let port = after(message, "tcp port ").and_then(|port| u16::try_from(port).ok());
    let error = if !message.contains("unreachable") {
        None
    } else if message.contains("prohibited") {
        Some(IcmpError::Prohibited)
    } else if port.is_some() {
        Some(IcmpError::Port)
    } else if message.starts_with("net ") {
        Some(IcmpError::Network)
    } else if message.contains("need to frag") {
        None
    } else {
        Some(IcmpError::Host)
    };
    let peer = about.map(|about| SocketAddr::new(about, port.unwrap_or(0)));
    Some(Packet::Icmp {
        source,
        destination,
        message: message.chars().take(80).collect(),
        about: peer.map(|peer| (SocketAddr::new(destination, 0), peer)),
        error,
    })
}

/// The time at the beginning of a line.
fn stamp(text: &str) -> Option<Stamp> {
    let mut words = text.split_ascii_whitespace().peekable();
    // The packet's number (`--number`).
    words.next_if(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    let first = words.next()?;
    if let Some(at) = clock(first) {
        return Some(Stamp::Clock(at));
    }
    if let Some(day) = date(first) {
        return Some(Stamp::Absolute(day.checked_add(clock(words.next()?)?)?));
    }
    let (seconds, fraction) = first.split_once('.')?;
    let seconds: u64 = seconds.parse().ok()?;
    Some(Stamp::Absolute(
        seconds
            .checked_mul(1_000_000_000)?
            .checked_add(nanoseconds(fraction)?)?,
    ))
}

/// `12:34:56.789012`, in nanoseconds
fn clock(text: &str) -> Option<u64> {
    let (time, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = time.split(':');
    let mut part = || -> Option<u64> { parts.next()?.parse().ok() };
    let (hours, minutes, seconds) = (part()?, part()?, part()?);
    if parts.next().is_some() || minutes > 59 || seconds > 60 || hours > 9999 {
        return None;
    }
    Some((hours * 3600 + minutes * 60 + seconds) * 1_000_000_000 + nanoseconds(fraction)?)
}

/// `2024-03-01`, in nanoseconds since 1970
fn date(text: &str) -> Option<u64> {
    let mut parts = text.split('-');
    let mut part = || -> Option<u64> { parts.next()?.parse().ok() };
    let (year, month, day) = (part()?, part()?, part()?);
    if !(1970..2500).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days since 1970 in the Gregorian calendar, of a year that begins in March.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(days * 86_400 * 1_000_000_000)
}

/// The digits after a point, in nanoseconds.
fn nanoseconds(fraction: &str) -> Option<u64> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = &fraction[..fraction.len().min(9)];
    let value: u64 = digits.parse().ok()?;
    Some(value * 10u64.pow(9 - digits.len() as u32))
}
