//! sock_diag: the socket table with timers and TCP_INFO, and one socket by its addresses (sock_diag(7)).

use rustix::io::Errno;
use rustix::net::netlink;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use crate::error::{Operation, Result};
use crate::os::netlink::{Netlink, NetlinkMessage, NetlinkRequest, attribute, u32_at};
use finwait_model::call::Family;
use finwait_model::socket_table::{SocketRow, TcpInfo, Timer, TimerKind, Tuple};
use finwait_model::state::State;

/// `SOCK_DIAG_BY_FAMILY`
const BY_FAMILY: u16 = 20;
/// `SOCK_DESTROY`
const DESTROY: u16 = 21;
/// `INET_DIAG_INFO`, the attribute with the `struct tcp_info`.
const INFO: u16 = 2;
/// `idiag_ext`: a bit for each attribute that does not come of itself.
const WITH_INFO: u8 = 1 << (INFO - 1);
const WITHOUT_INFO: u8 = 0;
/// All eleven states. The bits above would have the kernel walk the table of bound ports too (`inet_diag_dump_icsk`).
const ALL_STATES: u32 = 0xfff;
/// `struct inet_diag_msg`
const MESSAGE: usize = 72;
/// A dump that something disturbed is asked for again, this often at most.
const ATTEMPTS: usize = 3;

/// The socket's name in error messages.
const NAME: &str = "sock_diag";

/// A sock_diag socket; it sees the network namespace of the thread that opened it, from whichever thread it is used.
#[derive(Debug)]
pub struct Diag {
    netlink: Netlink,
}

impl AsFd for Diag {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.netlink.as_fd()
    }
}

/// The end of a dump.
enum DumpEnd {
    /// The rows are what was there.
    Whole,
    /// The table changed under it, or parts were lost.
    Disturbed,
}

impl Diag {
    /// Opens one for the calling thread's network namespace.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os) where the kernel has no sock_diag.
    pub fn open() -> Result<Diag> {
        Ok(Diag {
            netlink: Netlink::open(Some(netlink::SOCK_DIAG), NAME)?,
        })
    }

    /// Returns one of a socket that [`open`](Self::open) has opened in another process: it sees the namespace that it was opened in.
    pub fn of(fd: OwnedFd) -> Diag {
        Diag {
            netlink: Netlink::of(fd, NAME),
        }
    }

    /// Opens one that answers: a kernel may have sock_diag, and not its part for TCP, a module.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os) where the kernel has no sock_diag, or none for TCP.
    pub fn answering() -> Result<Diag> {
        let mut diag = Diag::open()?;
        diag.dump_without_info(Family::Inet, &mut Vec::new())?;
        Ok(diag)
    }

    /// Replaces `rows` by the TCP sockets of a family, listeners first.
    ///
    /// A socket that changes its place in the table meanwhile may come twice or not at all: the kernel locks a bucket at a time.
    /// On an error, the rows that came before it stay in `rows`.
    ///
    /// # Errors
    ///
    /// - [`Error::Os`](crate::Error::Os) where the kernel refused the dump.
    /// - [`Error::Garbled`](crate::Error::Garbled) where its answer is no netlink message.
    pub fn dump(&mut self, family: Family, rows: &mut Vec<SocketRow>) -> Result<()> {
        self.dump_with(family, WITH_INFO, rows)
    }

    /// [`Diag::dump`] without TCP_INFO, for which the kernel locks each socket: about a quarter less time.
    ///
    /// # Errors
    ///
    /// The errors of [`Diag::dump`].
    pub fn dump_without_info(&mut self, family: Family, rows: &mut Vec<SocketRow>) -> Result<()> {
        self.dump_with(family, WITHOUT_INFO, rows)
    }

    fn dump_with(&mut self, family: Family, extensions: u8, rows: &mut Vec<SocketRow>) -> Result<()> {
        for _ in 0..ATTEMPTS {
            match self.attempt(family, extensions, rows) {
                Ok(DumpEnd::Whole) => return Ok(()),
                Ok(DumpEnd::Disturbed) => {}
                Err(error) => {
                    self.netlink.drain();
                    return Err(error);
                }
            }
        }
        // A table that is never still: what was seen last is as good as it gets.
        Ok(())
    }

    fn attempt(&mut self, family: Family, extensions: u8, rows: &mut Vec<SocketRow>) -> Result<DumpEnd> {
        rows.clear();
        let request = request(BY_FAMILY, family, libc::NLM_F_DUMP, extensions, &[0; 48]);
        self.netlink
            .send(request)
            .during(|| "ask sock_diag for a dump".into())?;
        let (mut end, mut disturbed) = (None, false);
        while end.is_none() {
            let received = self.netlink.receive(|message| {
                disturbed |= i32::from(message.flags) & libc::NLM_F_DUMP_INTR != 0;
                end = end.or(message.outcome());
                rows.extend(row(&message));
            });
            match received {
                // The socket's buffer overflowed; the rest of the dump still comes.
                Err(error) if error.errno() == Some(Errno::NOBUFS) => disturbed = true,
                received => received?,
            }
        }
        end.unwrap_or(Ok(()))
            .during(|| "dump the sockets with sock_diag".into())?;
        Ok(if disturbed { DumpEnd::Disturbed } else { DumpEnd::Whole })
    }

    /// Takes the connection with exactly these addresses out of the world, whoever holds it (`tcp_abort`); one that is gone already
    /// is fine. Needs CAP_NET_ADMIN, and a kernel with CONFIG_INET_DIAG_DESTROY.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os): `EPERM` without CAP_NET_ADMIN, `EOPNOTSUPP` without CONFIG_INET_DIAG_DESTROY.
    pub fn destroy(&mut self, tuple: &Tuple) -> Result<()> {
        let request = request(DESTROY, Family::of(&tuple.local), libc::NLM_F_ACK, 0, &id(tuple));
        match self.netlink.exchange(request, |_| ()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(errno).during(|| format!("destroy the socket of {} and {}", tuple.local, tuple.peer)),
        }
    }

    /// The socket with exactly these addresses; `None` when there is none, whatever listens on the local one.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os) where the kernel did not answer; a socket that is not there is no error.
    pub fn query(&mut self, tuple: &Tuple) -> Result<Option<SocketRow>> {
        let family = Family::of(&tuple.local);
        let mut found = None;
        let request = request(BY_FAMILY, family, 0, WITH_INFO, &id(tuple));
        match self.netlink.exchange(request, |message| found = row(&message)) {
            Err(Errno::NOENT) => Ok(None),
            // The kernel looks up as for an arriving segment, where a listener will do (inet_diag_find_one_icsk).
            Ok(()) => Ok(found.filter(|row| same(&row.tuple, tuple))),
            Err(errno) => Err(errno).during(|| format!("ask sock_diag for {} and {}", tuple.local, tuple.peer)),
        }
    }
}

/// Returns whether they name the same connection. An IPv6 socket may carry an IPv4 one, whose addresses it shows mapped.
fn same(a: &Tuple, b: &Tuple) -> bool {
    let plain = |address: SocketAddr| (address.ip().to_canonical(), address.port());
    // An IPv6 socket's unspecified address stands for IPv4's too.
    let alike = |a, b| {
        let ((a, a_port), (b, b_port)) = (plain(a), plain(b));
        a_port == b_port && (a == b || a.is_unspecified() && b.is_unspecified())
    };
    alike(a.local, b.local) && alike(a.peer, b.peer)
}

/// A request with its `struct inet_diag_req_v2`.
fn request(kind: u16, family: Family, flags: i32, extensions: u8, id: &[u8; 48]) -> NetlinkRequest {
    let family = match family {
        Family::Inet => libc::AF_INET,
        Family::Inet6 => libc::AF_INET6,
    };
    let mut body = [0; 56];
    body[0] = family as u8;
    body[1] = libc::IPPROTO_TCP as u8;
    body[2] = extensions;
    body[4..8].copy_from_slice(&ALL_STATES.to_ne_bytes());
    body[8..56].copy_from_slice(id);
    NetlinkRequest::new(kind, flags, &body)
}

/// `struct inet_diag_sockid`: ports and addresses in network byte order, any interface, any cookie.
fn id(tuple: &Tuple) -> [u8; 48] {
    let mut id = [0; 48];
    for (address, port_at, ip_at) in [(tuple.local, 0, 4), (tuple.peer, 2, 20)] {
        id[port_at..port_at + 2].copy_from_slice(&address.port().to_be_bytes());
        match address.ip() {
            IpAddr::V4(ip) => id[ip_at..ip_at + 4].copy_from_slice(&ip.octets()),
            IpAddr::V6(ip) => id[ip_at..ip_at + 16].copy_from_slice(&ip.octets()),
        }
    }
    id[40..48].fill(0xff);
    id
}

/// The row in a message, if it is one: a `struct inet_diag_msg` of a known family and state, and its attributes; none of a socket that the
/// kernel has taken out of its table since.
fn row(message: &NetlinkMessage<'_>) -> Option<SocketRow> {
    if message.kind != BY_FAMILY {
        return None;
    }
    let (fixed, attributes) = message.body.split_first_chunk::<MESSAGE>()?;
    let [family, state, timer, retransmits, ..] = *fixed;
    let state = State::from_kernel(state)?;
    let v4 = match i32::from(family) {
        libc::AF_INET => true,
        libc::AF_INET6 => false,
        _ => return None,
    };
    let address = |port_at: usize, ip_at: usize| {
        let port = u16::from_be_bytes(*fixed.get(port_at..)?.first_chunk()?);
        let ip = if v4 {
            IpAddr::V4(Ipv4Addr::from(*fixed.get(ip_at..)?.first_chunk::<4>()?))
        } else {
            IpAddr::V6(Ipv6Addr::from(*fixed.get(ip_at..)?.first_chunk::<16>()?))
        };
        // An IPv6 socket may carry an IPv4 connection, whose addresses it shows mapped (as Java's do): segments have the plain ones.
        Some(SocketAddr::new(ip.to_canonical(), port))
    };
    let tuple = Tuple {
        local: address(4, 8)?,
        peer: address(6, 24)?,
    };
    // A dump reads sockets after it has let go of their table: one that has been taken out meanwhile has given its port back, and does not
    // say so in its state yet (tcp_set_state).
    if tuple.local.port() == 0 {
        return None;
    }
    let info = attribute(attributes, INFO).filter(|_| state != State::Listen);
    Some(SocketRow {
        tuple,
        state,
        timer: TimerKind::from_kernel(timer)
            .zip(u32_at(fixed, 52))
            .map(|(kind, ms)| Timer { kind, left: left(ms) }),
        rx_queue: u32_at(fixed, 56)?,
        tx_queue: u32_at(fixed, 60)?,
        retransmits: u32::from(retransmits),
        inode: u64::from(u32_at(fixed, 68)?),
        info: info.map(tcp_info),
    })
}

/// `idiag_expires`, ms. One that is due and has not run yet is nought; kernels without `jiffies_delta_to_msecs` let it wrap.
fn left(ms: u32) -> Duration {
    Duration::from_millis(if ms > i32::MAX as u32 { 0 } else { u64::from(ms) })
}

/// The fields shown of a `struct tcp_info`, of which older kernels send less: fields that did not come are 0.
fn tcp_info(bytes: &[u8]) -> TcpInfo {
    let field = |offset| u32_at(bytes, offset).unwrap_or(0);
    TcpInfo {
        backoff: bytes.get(4).copied().unwrap_or(0),
        rto_us: field(8),
        unacked: field(24),
        rtt_us: field(68),
        cwnd: field(80),
        notsent: u32_at(bytes, 144),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NO_ATTRIBUTES: &[u8] = &[];

    fn body(family: i32, state: u8, timer: u8, expires: u32, attributes: &[u8]) -> Vec<u8> {
        let tuple = Tuple {
            local: "10.0.0.1:41822".parse().unwrap(),
            peer: "10.0.0.2:8080".parse().unwrap(),
        };
        let mut body = vec![family as u8, state, timer, 3];
        body.extend(id(&tuple));
        for number in [expires, 5, 6, 1000, 4711] {
            body.extend(u32::to_ne_bytes(number));
        }
        body.extend(attributes);
        body
    }

    fn parsed(body: &[u8]) -> Option<SocketRow> {
        row(&NetlinkMessage {
            kind: BY_FAMILY,
            flags: 0,
            sequence: 0,
            body,
        })
    }

    fn info_attribute(info: &[u8]) -> Vec<u8> {
        [&(info.len() as u16 + 4).to_ne_bytes(), &INFO.to_ne_bytes(), info].concat()
    }

    #[test]
    fn a_row_has_every_field_of_its_message() {
        let row = parsed(&body(libc::AF_INET, 4, 1, 203, NO_ATTRIBUTES)).unwrap();
        assert_eq!(row.tuple.local, "10.0.0.1:41822".parse().unwrap());
        assert_eq!(row.tuple.peer, "10.0.0.2:8080".parse().unwrap());
        assert_eq!(row.state, State::FinWait1);
        assert_eq!(
            (row.rx_queue, row.tx_queue, row.retransmits, row.inode),
            (5, 6, 3, 4711)
        );
        let timer = row.timer.unwrap();
        assert_eq!(
            (timer.kind, timer.left),
            (TimerKind::Retransmit, Duration::from_millis(203))
        );
        assert_eq!(row.info, None);
    }

    /// Seen with a read that held a closed socket last: `10.0.0.1:0`, in ESTABLISHED.
    #[test]
    fn a_socket_that_has_given_its_port_back_is_in_no_table() {
        let mut left = body(libc::AF_INET, 1, 0, 0, NO_ATTRIBUTES);
        assert!(parsed(&left).is_some());
        left[4..6].fill(0);
        assert_eq!(parsed(&left), None);
    }

    #[test]
    fn tcp_info_is_read_as_far_as_it_came() {
        let mut info = [0; 232];
        info[4] = 2;
        for (offset, value) in [(8, 204_000_u32), (24, 1), (68, 95), (80, 10), (144, 33_304)] {
            info[offset..offset + 4].copy_from_slice(&value.to_ne_bytes());
        }
        let of = |len: usize| {
            let attributes = info_attribute(&info[..len]);
            parsed(&body(libc::AF_INET, 1, 0, 0, &attributes))
                .unwrap()
                .info
                .unwrap()
        };
        let whole = TcpInfo {
            rtt_us: 95,
            rto_us: 204_000,
            cwnd: 10,
            unacked: 1,
            backoff: 2,
            notsent: Some(33_304),
        };
        assert_eq!(of(232), whole);
        let short = TcpInfo {
            cwnd: 0,
            notsent: None,
            ..whole
        };
        assert_eq!(of(80), short);
        assert_eq!(of(0), TcpInfo::default());
    }

    #[test]
    fn a_listeners_tcp_info_is_left_out() {
        let attributes = info_attribute(&[1; 232]);
        assert_eq!(parsed(&body(libc::AF_INET, 10, 0, 0, &attributes)).unwrap().info, None);
    }

    #[test]
    fn an_overdue_timer_has_nothing_left() {
        let row = parsed(&body(libc::AF_INET, 1, 1, u32::MAX - 3, NO_ATTRIBUTES)).unwrap();
        assert_eq!(row.timer.unwrap().left, Duration::ZERO);
    }

    #[test]
    fn unknown_families_and_states_and_short_messages_are_no_rows() {
        assert!(parsed(&body(libc::AF_UNIX, 1, 0, 0, NO_ATTRIBUTES)).is_none());
        assert!(parsed(&body(libc::AF_INET, 13, 0, 0, NO_ATTRIBUTES)).is_none());
        assert!(parsed(&body(libc::AF_INET, 1, 0, 0, NO_ATTRIBUTES)[..MESSAGE - 1]).is_none());
    }

    #[test]
    fn a_mapped_address_is_the_same_connection() {
        let tuple = |local: &str, peer: &str| Tuple {
            local: local.parse().unwrap(),
            peer: peer.parse().unwrap(),
        };
        let v4 = tuple("10.0.0.2:80", "10.0.0.1:4000");
        assert!(same(&tuple("[::ffff:10.0.0.2]:80", "[::ffff:10.0.0.1]:4000"), &v4));
        assert!(!same(&tuple("10.0.0.2:80", "0.0.0.0:0"), &v4));
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_row_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            parsed(&bytes);
            tcp_info(&bytes);
        }
    }
}
