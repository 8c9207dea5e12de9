//! An address as tools print it: `10.0.0.1:80`, `[::ffff:10.0.0.1]:http`, `:::22`, `*:*`, `fe80::1%eth0.443`, a name for either part.

use serde::{Serialize, Serializer};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// The most letters of a service's or a host's name.
const LONGEST_SERVICE: usize = 24;
const LONGEST_HOST: usize = 253;

/// The host of an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ListedHost {
    /// `*`
    Any,
    /// An address, without its zone; an IPv4 address that IPv6 carries is one of IPv4.
    Ip(IpAddr),
    /// A name.
    Name(Box<str>),
}

/// The port of an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ListedPort {
    /// `*`, or 0.
    Any,
    /// A number.
    Number(u16),
    /// A service.
    Name(Box<str>),
}

/// An address, as a row has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListedAddress {
    /// The host.
    pub host: ListedHost,
    /// The zone: `eth0`.
    pub zone: Option<Box<str>>,
    /// The port.
    pub port: ListedPort,
}

impl ListedAddress {
    /// Returns the address of a column whose parts a colon separates; none where it is none.
    pub(super) fn with_colon(text: &str) -> Option<ListedAddress> {
        let (host, port) = text.rsplit_once(':')?;
        ListedAddress::of(host, port)
    }

    /// Returns the address of a column whose parts a dot separates, as on BSD; none where it is none.
    pub(super) fn with_dot(text: &str) -> Option<ListedAddress> {
        let (host, port) = text.rsplit_once('.')?;
        ListedAddress::of(host, port)
    }

    /// Returns an address of numbers.
    pub(super) fn numeric(ip: IpAddr, port: u16) -> ListedAddress {
        ListedAddress {
            host: ListedHost::Ip(ip.to_canonical()),
            zone: None,
            port: if port == 0 {
                ListedPort::Any
            } else {
                ListedPort::Number(port)
            },
        }
    }

    fn of(host: &str, port: &str) -> Option<ListedAddress> {
        let port = port_of(port)?;
        let (host, zone) = host_of(host)?;
        Some(ListedAddress { host, zone, port })
    }

    /// Does it stand for any address: a listener's peer, or where it listens everywhere?
    pub fn is_any_host(&self) -> bool {
        match &self.host {
            ListedHost::Any => true,
            ListedHost::Ip(ip) => ip.is_unspecified(),
            ListedHost::Name(_) => false,
        }
    }

    /// Is its host an address of numbers, or `*`? A word may be anything.
    pub(super) const fn is_numeric(&self) -> bool {
        !matches!(self.host, ListedHost::Name(_))
    }
}

fn port_of(text: &str) -> Option<ListedPort> {
    match text {
        "*" | "0" => return Some(ListedPort::Any),
        _ if text.bytes().all(|byte| byte.is_ascii_digit()) => return text.parse().ok().map(ListedPort::Number),
        _ => {}
    }
    let is_name = text.len() <= LONGEST_SERVICE
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+'));
    is_name.then(|| ListedPort::Name(text.into()))
}

/// The host, and its zone.
fn host_of(text: &str) -> Option<(ListedHost, Option<Box<str>>)> {
    // ss has the zone behind the bracket, netstat within: [fe80::1]%eth0, [fe80::1%eth0].
    let (text, behind) = match text.strip_prefix('[') {
        Some(rest) => {
            let (inner, behind) = rest.split_once(']')?;
            (inner, behind.strip_prefix('%').or(behind.is_empty().then_some(""))?)
        }
        None => (text, ""),
    };
    let (text, zone) = text.split_once('%').unwrap_or((text, behind));
    if !zone
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b".-_@:".contains(&byte))
    {
        return None;
    }
    let zone = (!zone.is_empty()).then(|| zone.into());
    let host = match text {
        "*" => ListedHost::Any,
        // BSD's listeners.
        "" => return None,
        _ => match text.parse::<IpAddr>() {
            Ok(ip) => ListedHost::Ip(ip.to_canonical()),
            Err(_) => named(text)?,
        },
    };
    Some((host, zone))
}

/// A name, or an IPv6 address that the column's width has cut off.
fn named(text: &str) -> Option<ListedHost> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let is_cut_off =
        || text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':') && text.matches(':').count() >= 2;
    let is_name = text.len() <= LONGEST_HOST
        && text.bytes().all(is_letter)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic());
    (is_name || is_cut_off()).then(|| ListedHost::Name(text.into()))
}

impl fmt::Display for ListedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListedHost::Any => f.write_str("*"),
            ListedHost::Ip(ip) => ip.fmt(f),
            ListedHost::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for ListedPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListedPort::Any => f.write_str("*"),
            ListedPort::Number(port) => port.fmt(f),
            ListedPort::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for ListedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = |f: &mut fmt::Formatter<'_>| match &self.zone {
            Some(zone) => write!(f, "%{zone}"),
            None => Ok(()),
        };
        match &self.host {
            ListedHost::Ip(IpAddr::V6(ip)) => {
                write!(f, "[{ip}")?;
                zone(f)?;
                f.write_str("]")?;
            }
            host => {
                write!(f, "{host}")?;
                zone(f)?;
            }
        }
        write!(f, ":{}", self.port)
    }
}

impl Serialize for ListedAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Returns the address that 32 hexadecimal digits are, as procfs has it: four words in the order of the machine.
pub(super) fn ipv6_of_words(words: [u32; 4], order: fn(u32) -> [u8; 4]) -> IpAddr {
    let mut octets = [0; 16];
    for (octets, word) in octets.chunks_mut(4).zip(words) {
        octets.copy_from_slice(&order(word));
    }
    IpAddr::V6(Ipv6Addr::from(octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_all_tools() {
        let colon = |text| ListedAddress::with_colon(text).map(|address| address.to_string());
        let dot = |text| ListedAddress::with_dot(text).map(|address| address.to_string());
        for (text, shown) in [
            ("10.0.0.1:80", "10.0.0.1:80"),
            ("10.0.0.1:http", "10.0.0.1:http"),
            ("0.0.0.0:*", "0.0.0.0:*"),
            ("*:*", "*:*"),
            ("*:8080", "*:8080"),
            (":::22", "[::]:22"),
            ("::1:5432", "[::1]:5432"),
            ("[::1]:5432", "[::1]:5432"),
            ("[::ffff:10.0.0.1]:80", "10.0.0.1:80"),
            ("::ffff:10.0.0.1:80", "10.0.0.1:80"),
            ("[fe80::1]%eth0:443", "[fe80::1%eth0]:443"),
            ("[fe80::1%eth0]:443", "[fe80::1%eth0]:443"),
            ("127.0.0.53%lo:53", "127.0.0.53%lo:53"),
            ("localhost:postgresql", "localhost:postgresql"),
            ("ip-10-0-0-1.eu-we:46000", "ip-10-0-0-1.eu-we:46000"),
            ("2001:db8:a:b:c:d:443", "2001:db8:a:b:c:d:443"),
        ] {
            assert_eq!(colon(text).as_deref(), Some(shown), "{text}");
        }
        for (text, shown) in [
            ("10.0.0.1.80", "10.0.0.1:80"),
            ("*.80", "*:80"),
            ("*.*", "*:*"),
            ("fe80::1%lo0.443", "[fe80::1%lo0]:443"),
            ("localhost.http", "localhost:http"),
        ] {
            assert_eq!(dot(text).as_deref(), Some(shown), "{text}");
        }
        for text in [
            "",
            ":",
            "10.0.0.1",
            "10.0.0.1:70000",
            "a b:80",
            "http://a:80",
            "x:",
            "12:34:56",
            "[::1:80",
            "10.0.0.1:80:x y",
        ] {
            assert_eq!(colon(text), None, "{text}");
        }
    }
}
