//! The addresses of a line: a connection only where it is written as one, else the one address that the error is about.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::ops::Range;

use super::clauses;

/// The ends that a line names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ends {
    /// Our own address and the peer's, where they are written as a pair; else the address that is nearest to the words of the error; none
    /// where it is not clear which.
    pub(super) addresses: Vec<SocketAddr>,
    /// Has the last one a zone (`%eth0`)?
    pub(super) has_zone: bool,
}

impl Ends {
    /// The ends in a line in small letters, whose message is at that place.
    pub(super) fn of(low: &str, sign: Option<Range<usize>>) -> Ends {
        let ends = of_go(low)
            .or_else(|| arrow(low))
            .or_else(|| of_node(low))
            .or_else(|| of_nginx(low, sign.clone()))
            .or_else(|| pair(low))
            .or_else(|| of_fields(low))
            .unwrap_or_else(|| nearest(low, sign).into_iter().collect());
        let has_zone = ends.last().is_some_and(|end| end.has_zone);
        let addresses = ends.into_iter().map(|end| end.address).collect();
        Ends { addresses, has_zone }
    }
}

/// Is an address with its port in a line in small letters?
pub(super) fn is_in(low: &str) -> bool {
    !all(low).is_empty()
}

/// An address as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct End {
    address: SocketAddr,
    has_zone: bool,
}

impl End {
    /// Parses an address with its port: `10.0.0.1:80`, `[::1]:80`, `::1:80`, `[fe80::1%eth0]:80`, `fe80::1%eth0:80`.
    fn parse(word: &str) -> Option<End> {
        let begins = |c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '[');
        if !word.starts_with(begins) || !word.contains(':') {
            return None;
        }
        let (host, port) = word.rsplit_once(':')?;
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && !(port.len() > 1 && port.starts_with('0'));
        let port: u16 = port.parse().ok().filter(|_| is_port)?;
        let (host, zone) = match inner.unwrap_or(host).split_once('%') {
            Some((host, zone)) => (host, Some(zone)),
            None => (inner.unwrap_or(host), None),
        };
        let ip: IpAddr = host.parse().ok()?;
        // Without brackets the last group of an address may be taken for a port: `::1` is none, and neither is `2001:db8::1:2`.
        let is_clear =
            inner.is_some() || ip.is_ipv4() || zone.is_some() || ip.is_loopback() || ip.is_unspecified() || port > 9;
        let whole = inner.is_none() && ip.is_unspecified() && port > 0 && word.parse::<Ipv6Addr>().is_ok();
        (is_clear && !whole).then_some(End {
            address: SocketAddr::new(ip, port),
            has_zone: zone.is_some_and(|zone| !zone.is_empty()),
        })
    }

    /// Does it stand for no address at all?
    fn is_nothing(&self) -> bool {
        self.address.ip().is_unspecified() && self.address.port() == 0
    }
}

/// Go names the operation before the address, and a URL that was asked for or a proxy before both:
/// `Get "http://10.0.0.5:80/": dial tcp 10.0.0.7:3128: connect: connection refused`.
fn of_go(low: &str) -> Option<Vec<End>> {
    const OPERATIONS: [&str; 7] = ["dial", "read", "write", "accept", "listen", "close", "set"];
    clauses(low).find_map(|clause| {
        // A port ends it.
        if !clause.ends_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let mut words = clause.rsplit(' ');
        let (ends, network, operation) = (words.next()?, words.next()?, words.next()?);
        let is_go = ["tcp", "udp"].iter().any(|known| network.starts_with(known))
            && OPERATIONS.iter().any(|known| operation.ends_with(known));
        let ends = ends.split("->").map(End::parse);
        ends.collect::<Option<Vec<_>>>()
            .filter(|ends| is_go && (1..=2).contains(&ends.len()))
    })
}

/// The two addresses on both sides of an arrow: `10.0.0.1:5 -> 10.0.0.2:80`, Netty's `/10.0.0.1:5 => /10.0.0.2:80`.
fn arrow(low: &str) -> Option<Vec<End>> {
    let mut heads = low.rmatch_indices('>').map(|(at, _)| at);
    heads.find_map(|head| {
        let before = low[..head].strip_suffix(['-', '='])?.trim_end_matches(['-', '=', '<']);
        arrow_between(before, &low[head + 1..])
    })
}

fn arrow_between(before: &str, after: &str) -> Option<Vec<End>> {
    let in_zone = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let outside = |c: char| !(in_zone(c) || matches!(c, ':' | '.' | '[' | ']' | '%'));
    let from = before.trim_end().rsplit(outside).next()?;
    let to = after.trim_start().trim_start_matches('/').split(outside).next()?;
    let to = to.trim_end_matches([':', '.']);
    // strace -yy: "4<TCP:[10.0.0.1:5->10.0.0.2:80]>"
    let from = End::parse(from).or_else(|| End::parse(from.split_once('[')?.1))?;
    let to = End::parse(to).or_else(|| End::parse(to.strip_suffix(']')?))?;
    Some(vec![from, to])
}

/// Node.js names the peer first: `connect EADDRNOTAVAIL 10.0.0.2:80 - Local (10.0.0.1:41822)`; port 0 is one that was never given.
fn of_node(low: &str) -> Option<Vec<End>> {
    let (before, after) = low.split_once(" - local (")?;
    let peer = End::parse(before.rsplit(' ').next()?)?;
    let own = End::parse(after.split(')').next()?)?;
    let own = Some(own).filter(|own| own.address.port() != 0);
    Some(own.into_iter().chain([peer]).collect())
}

/// nginx names its ends behind the message: `..., client: 10.0.0.1, server: 0.0.0.0:80, request: "...", upstream: "http://10.0.0.2:80/"`.
/// The server is its own configuration's, and a host or a referrer the request's: none of them is a peer.
fn of_nginx(low: &str, sign: Option<Range<usize>>) -> Option<Vec<End>> {
    const OF_CLIENT: [&str; 5] = [
        "while sending to client",
        "while reading client",
        "client prematurely closed",
        "client closed",
        "client timed out",
    ];
    let at = low.find(", client: ").or_else(|| low.find(", server: "))?;
    let (message, ends) = low.split_at(at);
    let named = |name: &str| nearest(ends.split_once(name)?.1.split([',', ' ']).next()?, None);
    let of_client = OF_CLIENT.iter().any(|words| message.contains(words));
    let peer = if of_client || !low.contains("upstream") {
        nearest(message, sign).or_else(|| named(", client: "))
    } else {
        nearest(message, sign).or_else(|| named(", upstream: "))
    };
    Some(peer.into_iter().collect())
}

/// Two addresses that the words between or before them make a pair: `L:/10.0.0.1:5 - R:/10.0.0.2:80`, `from 10.0.0.1:5 to 10.0.0.2:80`,
/// `local=10.0.0.1:5 remote=10.0.0.2:80`.
fn pair(low: &str) -> Option<Vec<End>> {
    const BETWEEN: [&str; 6] = ["to", "-r:", "!r:", "to:", ",to:", ">"];
    const OWN: [&str; 6] = [
        "local",
        "laddr",
        "localaddress",
        "local address",
        "localaddr",
        "local_addr",
    ];
    const PEER: [&str; 7] = [
        "remote",
        "raddr",
        "peer",
        "remoteaddress",
        "remote address",
        "remoteaddr",
        "remote_addr",
    ];
    let found = all(low);
    let named = |at: &Range<usize>, names: &[&str]| {
        let before = low[..at.start].trim_end_matches([' ', '=', ':', '/', '"', '\'', '(', '[', '<']);
        names.iter().any(|name| before.ends_with(name))
    };
    let mut pairs = found.iter().zip(found.iter().skip(1));
    pairs.find_map(|((one, first), (other, second))| {
        let between = low.get(one.end..other.start)?;
        let between: String = between
            .chars()
            .filter(|c| !matches!(c, ' ' | '/' | '(' | ')' | '[' | ']' | '"'))
            .collect();
        if BETWEEN.contains(&between.as_str()) || named(one, &OWN) && named(other, &PEER) {
            return Some(vec![*first, *second]);
        }
        let reversed = between == "from" || named(one, &PEER) && named(other, &OWN);
        reversed.then(|| vec![*second, *first])
    })
}

/// The names of fields with an address and with its port, of the end that is named first in the answer: our own, or the sender's.
const FIRST: [(&str, &str); 12] = [
    ("src", "sport"),
    ("src", "spt"),
    ("saddr", "sport"),
    ("src_ip", "src_port"),
    ("srcip", "srcport"),
    ("source_ip", "source_port"),
    ("local_ip", "local_port"),
    ("local_addr", "local_port"),
    ("laddr", "lport"),
    ("lip", "lport"),
    ("server_ip", "server_port"),
    ("server.ip", "server.port"),
];

/// The same of the other end.
const LAST: [(&str, &str); 15] = [
    ("dst", "dport"),
    ("dst", "dpt"),
    ("daddr", "dport"),
    ("dst_ip", "dst_port"),
    ("dstip", "dstport"),
    ("dest_ip", "dest_port"),
    ("destination_ip", "destination_port"),
    ("remote_ip", "remote_port"),
    ("remote_addr", "remote_port"),
    ("peer_ip", "peer_port"),
    ("raddr", "rport"),
    ("rip", "rport"),
    ("client_ip", "client_port"),
    ("client.ip", "client.port"),
    ("client", "client_port"),
];

/// Addresses and ports in fields of their own: `src=10.0.0.1 sport=5 dst=10.0.0.2 dport=80`, the firewall's `SRC=.. DST=.. SPT=.. DPT=..`,
/// `{"client_ip":"10.0.0.1","client_port":5}`.
fn of_fields(low: &str) -> Option<Vec<End>> {
    if !low.contains("port") && !low.contains("pt=") {
        return None;
    }
    let end = |names: &[(&str, &str)]| names.iter().find_map(|(ip, port)| of_field(low, ip, port));
    let last = end(&LAST)?;
    Some(end(&FIRST).into_iter().chain([last]).collect())
}

/// The sender and the receiver of a packet that a firewall logs, in small letters: `src=10.0.0.1 dst=10.0.0.2 .. spt=5 dpt=80`.
pub(crate) fn logged_ends(low: &str) -> Option<(IpAddr, SocketAddr)> {
    let from = field(low, "src")?.parse().ok()?;
    Some((from, of_field(low, "dst", "dpt")?.address))
}

/// The address of two fields.
fn of_field(low: &str, ip: &str, port: &str) -> Option<End> {
    let address = SocketAddr::new(field(low, ip)?.parse().ok()?, field(low, port)?.parse().ok()?);
    Some(End {
        address,
        has_zone: false,
    })
}

/// The value of a field: `name=value`, `name="value"`, `"name":"value"`, `name: value`.
fn field<'a>(low: &'a str, name: &str) -> Option<&'a str> {
    super::places(low, name).find_map(|at| {
        let rest = low[at + name.len()..].trim_start_matches(['"', '\'']);
        let value = rest.strip_prefix(['=', ':'])?.trim_start_matches([' ', '"', '\'']);
        value.split([' ', ',', ';', '"', '\'', '}', ')', ']']).next()
    })
}

/// The port that a line names without an address: `(port 8443)`, `for port 9090`, `port=80`, `listen on :8080`.
pub(super) fn port_alone(low: &str) -> Option<u16> {
    let number = |rest: &str| -> Option<u16> {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let is_whole = !rest[digits..].starts_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | ':' | '-' | '/'))
            || rest[digits..].starts_with(": ");
        rest[..digits].parse().ok().filter(|port| is_whole && *port > 0)
    };
    let by_name = super::places(low, "port").find_map(|at| {
        let rest = low[at + "port".len()..].trim_start_matches(['s', ':', '=', ' ', '"', '\'', '#']);
        number(rest)
    });
    by_name.or_else(|| {
        low.match_indices(" :")
            .find_map(|(at, sign)| number(&low[at + sign.len()..]))
    })
}

/// Each address in a line, and its place.
fn all(low: &str) -> Vec<(Range<usize>, End)> {
    const BETWEEN: [char; 18] = [
        ' ', '\t', '>', '<', ',', '(', ')', '"', '\'', '/', '=', '#', '@', ';', '|', '{', '}', '!',
    ];
    const AFTER: [char; 4] = [':', ';', '.', '-'];
    let mut next = 0;
    let words = low.split(BETWEEN);
    let found = words.filter_map(|word| {
        let start = next;
        next += word.len() + 1;
        if !word.starts_with(|c: char| c.is_ascii_hexdigit() || matches!(c, '[' | ':')) {
            return None;
        }
        let word = word.trim_end_matches(AFTER);
        // "[/10.0.0.1:5]" ends with what began before the slash.
        let word = if word.contains('[') {
            word
        } else {
            word.trim_end_matches(']')
        };
        let at = start..start + word.len();
        let (at, end) = End::parse(word)
            .or_else(|| End::parse(word.strip_prefix('[')?))
            .or_else(|| dotted(low, word))
            .map(|end| (at.clone(), end))
            .or_else(|| with_port(low, at))?;
        (!end.is_nothing()).then_some((at, end))
    });
    found.collect()
}

/// An address whose port stands behind it, and the place of both: `10.0.0.2 port 22`, `10.0.0.2, port=22`, `10.0.0.2 (port 22)`,
/// `a=10.0.0.2 p=22`, wget's `|10.0.0.2|:22`, Python's `('10.0.0.2', 22)`.
fn with_port(low: &str, at: Range<usize>) -> Option<(Range<usize>, End)> {
    const NAMES: [&str; 4] = ["tcp port", "on port", "port", "p="];
    let before = &low[..at.start];
    // Dart's "address = 10.0.0.2, port = 39897" has the peer's address, and the local port.
    if before.ends_with("address = ") {
        return None;
    }
    let ip: IpAddr = low[at.clone()].trim_matches(['[', ']']).parse().ok()?;
    let rest = &low[at.end..];
    let tuple = rest.strip_prefix("', ").filter(|_| before.ends_with("('"));
    let by_name = || {
        let rest = rest.trim_start_matches([' ', ',', '(', ')', '"', '\'', ']', ';']);
        // wget: "host (host)|2001:db8::9|:443".
        if let Some(rest) = rest.strip_prefix("|:") {
            return Some(rest);
        }
        let rest = NAMES.iter().find_map(|name| rest.strip_prefix(name))?;
        Some(rest.trim_start_matches([' ', '=', ':', '"', '\'']))
    };
    let rest = tuple.or_else(by_name)?;
    let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let port = rest[..rest.len() - after.len()].parse().ok()?;
    // The zone is the last of Python's four.
    let zone = after.split(')').next().and_then(|rest| rest.rsplit(", ").next());
    let end = End {
        address: SocketAddr::new(ip, port),
        has_zone: tuple.is_some() && zone.is_some_and(|zone| zone.parse::<u32>().is_ok_and(|zone| zone > 0)),
    };
    Some((at.start..low.len() - after.len(), end))
}

/// An address as tcpdump and BSD's netstat have it, `10.0.0.1.8080`, beside words of theirs.
fn dotted(low: &str, word: &str) -> Option<End> {
    let is_theirs = [" > ", "tcp4", "tcp6"].iter().any(|words| low.contains(words));
    let (host, port) = word.rsplit_once('.').filter(|_| is_theirs)?;
    Some(End {
        address: SocketAddr::new(host.parse().ok()?, port.parse().ok()?),
        has_zone: false,
    })
}

/// The address that is nearest to a place; without one the only address there is.
fn nearest(low: &str, place: Option<Range<usize>>) -> Option<End> {
    let found = all(low);
    let (_, address) = match &place {
        Some(place) => found.iter().min_by_key(|(at, _)| {
            let before = place.start.saturating_sub(at.end);
            before.max(at.start.saturating_sub(place.end))
        })?,
        None => found.first()?,
    };
    let only = found.iter().all(|(_, other)| other == address);
    (place.is_some() || only).then_some(*address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(low: &str) -> Vec<String> {
        let ends = Ends::of(low, None);
        ends.addresses.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_address_may_have_no_brackets() {
        for (text, address) in [
            ("::1:5000", "[::1]:5000"),
            ("[::1]:5000", "[::1]:5000"),
            ("fe80::1%eth0:80", "[fe80::1]:80"),
            ("[fe80::1%eth0]:80", "[fe80::1]:80"),
            ("2001:db8::5:8080", "[2001:db8::5]:8080"),
            ("10.0.0.2:80", "10.0.0.2:80"),
            ("10.0.0.2 port 22", "10.0.0.2:22"),
            ("10.0.0.2, port=22", "10.0.0.2:22"),
            ("10.0.0.2 (port 22)", "10.0.0.2:22"),
            ("a=10.0.0.2 p=22", "10.0.0.2:22"),
            ("a.test (a.test)|2001:db8::9|:443... failed", "[2001:db8::9]:443"),
            ("connect to ::1 port 5000 failed", "[::1]:5000"),
            ("connect to ('10.0.0.2', 22)", "10.0.0.2:22"),
            ("connect to ('fe80::1', 22, 0, 0)", "[fe80::1]:22"),
        ] {
            assert_eq!(of(text), [address], "{text}");
        }
        assert!(Ends::of("fe80::1%eth0:80", None).has_zone);
        for text in [
            "::1",
            "2001:db8::1",
            "2001:db8::1:2",
            "a.test:80",
            "db.test port 80",
            "12:30:45",
            "10.0.0.2",
            "::",
            "std::io::error",
            "fe80::2",
            "dead:beef",
            "10.0.0.2:99999",
            "address = 10.0.0.2, port = 39897",
            "1.2.3.4.5",
            ":8080",
            "face:80",
            "00:1a:2b:3c:4d:5e",
            "2026-11-30t12:30:45",
        ] {
            assert_eq!(of(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_port_may_stand_without_an_address() {
        for (text, port) in [
            ("bind: permission denied (port 8443)", Some(8443)),
            (
                "failed to create listening socket for port 9090: address already in use",
                Some(9090),
            ),
            ("bind failed: permission denied, port 25", Some(25)),
            ("listen tcp :8080: bind: permission denied", Some(8080)),
            ("port=80", Some(80)),
            ("on port 0", None),
            ("port 70000", None),
            ("3 ports are left", None),
            ("report 12", None),
            ("at 12:30:45 :)", None),
        ] {
            assert_eq!(port_alone(text), port, "{text}");
        }
    }

    #[test]
    fn two_addresses_may_be_a_pair() {
        for text in [
            "[/10.0.0.1:49286 -> /10.0.0.2:6379] x",
            "[/10.0.0.1:49286 => /10.0.0.2:6379] x",
            "[id: 0x1, l:/10.0.0.1:49286 - r:/10.0.0.2:6379] x",
            "[id: 0x1, l:/10.0.0.1:49286 ! r:/10.0.0.2:6379] x",
            "local=10.0.0.1:49286 remote=10.0.0.2:6379",
            "local address: 10.0.0.1:49286, remote address: 10.0.0.2:6379",
            "raddr=10.0.0.2:6379 laddr=10.0.0.1:49286",
            "from 10.0.0.1:49286 to 10.0.0.2:6379",
            "10.0.0.1:49286 <-> 10.0.0.2:6379",
            "10.0.0.1:49286->10.0.0.2:6379",
            "from: 10.0.0.1:49286, to: 10.0.0.2:6379",
            "to /10.0.0.2 (port 6379) from /10.0.0.1 (port 49286): x",
            "ip 10.0.0.1.49286 > 10.0.0.2.6379: flags",
            "local_addr=\"10.0.0.1:49286\" remote_addr=\"10.0.0.2:6379\"",
            "src=10.0.0.1 sport=49286 dst=10.0.0.2 dport=6379",
            "in=eth0 src=10.0.0.1 dst=10.0.0.2 len=60 proto=tcp spt=49286 dpt=6379 syn",
            "{\"local_ip\":\"10.0.0.1\",\"local_port\":49286,\"remote_ip\":\"10.0.0.2\",\"remote_port\":6379}",
            "client_ip=10.0.0.2 client_port=6379 server_ip=10.0.0.1 server_port=49286",
        ] {
            assert_eq!(of(text), ["10.0.0.1:49286", "10.0.0.2:6379"], "{text}");
        }
        assert_eq!(of("connect eaddrnotavail ::1:5000 - local (:::0)"), ["[::1]:5000"]);
    }
}
