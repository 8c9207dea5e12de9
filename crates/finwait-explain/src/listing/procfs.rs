//! `/proc/net/tcp` and `tcp6` (`get_tcp4_sock`): addresses in hexadecimal, whose words are in the order of the machine that printed them.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::address::{ListedAddress, ipv6_of_words};
use super::row::{ListForm, ListedSocket, ListedTimer, Owner};
use super::words::{Words, number};
use finwait_model::socket_table::TimerKind;
use finwait_model::state::State;

/// The clock's ticks in a second (`USER_HZ`), in which `tm->when` is.
const TICKS: u64 = 100;

/// The row in a line; none where it has none.
pub(super) fn row(words: &Words) -> Option<ListedSocket> {
    let is_address = |word: &&str| hex_address(word).is_some();
    let place = words.words.iter().position(is_address)?;
    let (local, peer) = (hex_address(words.at(place, 0)?)?, hex_address(words.at(place, 1)?)?);
    let state = words.at(place, 2).filter(|word| word.len() == 2)?;
    let state = State::from_kernel(u8::from_str_radix(state, 16).ok()?)?;
    let swapped = plausible(&local, u32::to_be_bytes) + plausible(&peer, u32::to_be_bytes);
    let usual = plausible(&local, u32::to_le_bytes) + plausible(&peer, u32::to_le_bytes);
    let order = if swapped > usual {
        u32::to_be_bytes
    } else {
        u32::to_le_bytes
    };
    let (local, peer) = (local.shown(order), peer.shown(order));
    let mut socket = ListedSocket::new(ListForm::Procfs, state, local, Some(peer));
    let columns = || {
        let (send, receive) = pair(words.at(place, 3)?)?;
        let (active, when) = pair(words.at(place, 4)?)?;
        let timeouts = u32::from_str_radix(words.at(place, 5)?, 16).ok()?;
        Some((send, receive, active, when, timeouts))
    };
    // The rest may be cut off.
    if let Some((send, receive, active, when, timeouts)) = columns() {
        (socket.send_queue, socket.receive_queue) = (Some(send), Some(receive));
        let probes = words.number(place, 7).and_then(|probes| u32::try_from(probes).ok());
        let kind = u8::try_from(active).ok().and_then(TimerKind::from_kernel);
        socket.timer = kind.map(|kind| ListedTimer {
            kind,
            left: Some(Duration::from_millis(when.saturating_mul(1000 / TICKS))),
            expired: match kind {
                TimerKind::ZeroWindowProbe | TimerKind::Keepalive => probes.unwrap_or(0),
                TimerKind::Retransmit | TimerKind::TimeWait => timeouts,
            },
        });
        socket.uid = words.number(place, 6).and_then(|uid| u32::try_from(uid).ok());
        if let Some(inode) = words.at(place, 8).and_then(number) {
            socket.owner = Owner::of_inode(inode);
        }
    }
    Some(socket)
}

/// An address in words whose order is not known yet.
enum HexAddress {
    V4(u32, u16),
    V6([u32; 4], u16),
}

impl HexAddress {
    fn ip(&self, order: fn(u32) -> [u8; 4]) -> IpAddr {
        match self {
            HexAddress::V4(word, _) => IpAddr::V4(Ipv4Addr::from(order(*word))),
            HexAddress::V6(words, _) => ipv6_of_words(*words, order),
        }
    }

    fn shown(&self, order: fn(u32) -> [u8; 4]) -> ListedAddress {
        let (HexAddress::V4(_, port) | HexAddress::V6(_, port)) = self;
        ListedAddress::numeric(self.ip(order), *port)
    }
}

/// How likely an address is one that hosts have, by the order of its bytes: what is private or of this host is likelier than the rest.
fn plausible(address: &HexAddress, order: fn(u32) -> [u8; 4]) -> u8 {
    match address.ip(order).to_canonical() {
        IpAddr::V4(ip) if ip.is_loopback() || ip.is_private() || ip.is_unspecified() => 3,
        IpAddr::V4(ip) if ip.octets()[0] == 0 || ip.octets()[0] >= 224 => 0,
        IpAddr::V6(ip) if ip.is_loopback() || ip.is_unspecified() => 3,
        // 2000::/3, fc00::/7, fe80::/10.
        IpAddr::V6(ip) if !matches!(ip.segments()[0] >> 12, 2 | 3 | 0xf) => 0,
        IpAddr::V4(_) | IpAddr::V6(_) => 2,
    }
}

fn hex_address(word: &str) -> Option<HexAddress> {
    let (ip, port) = word.split_once(':')?;
    if !matches!((ip.len(), port.len()), (8 | 32, 4)) || !ip.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let hex = |digits: &str| u32::from_str_radix(digits, 16).ok();
    let port = u16::from_str_radix(port, 16).ok().filter(|_| !port.starts_with('+'))?;
    Some(match ip.len() {
        8 => HexAddress::V4(hex(ip)?, port),
        _ => HexAddress::V6(
            [hex(&ip[..8])?, hex(&ip[8..16])?, hex(&ip[16..24])?, hex(&ip[24..])?],
            port,
        ),
    })
}

/// Two hexadecimal numbers with a colon between them.
fn pair(word: &str) -> Option<(u64, u64)> {
    let (a, b) = word.split_once(':')?;
    Some((u64::from_str_radix(a, 16).ok()?, u64::from_str_radix(b, 16).ok()?))
}
