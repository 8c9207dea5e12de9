//! rtnetlink: links, addresses and routes of one network namespace (rtnetlink(7)).

use rustix::ioctl::{Opcode, Updater, ioctl};
use rustix::net::netdevice::name_to_index;
use std::net::IpAddr;

use super::netlink::{Netlink, NetlinkRequest, encoded, u32_at};
use super::tun::about;
use crate::error::{Operation, Result};

/// The question for a link's MTU (netdevice(7)).
const SIOCGIFMTU: Opcode = libc::SIOCGIFMTU as Opcode;
/// `RT_SCOPE_LINK`: the destination is on the link, there is no gateway.
const SCOPE_LINK: u8 = 253;
/// `RT_SCOPE_NOWHERE`: when deleting, whatever the scope is.
const SCOPE_NOWHERE: u8 = 255;
/// `RTPROT_STATIC`: the administrator's.
const PROTOCOL_STATIC: u8 = 4;

/// The index of `lo` in every network namespace (`LOOPBACK_IFINDEX`, include/net/flow.h).
pub const LO: u32 = 1;

/// An rtnetlink socket; it acts on the network namespace of the thread that opened it, from whichever thread it is used.
#[derive(Debug)]
pub struct Rtnl {
    netlink: Netlink,
}

impl Rtnl {
    /// Opens one for the calling thread's network namespace.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os) where no netlink socket can be opened.
    pub fn open() -> Result<Rtnl> {
        Ok(Rtnl {
            netlink: Netlink::open(None, "rtnetlink")?,
        })
    }

    /// Returns the index of the link called `name`.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os): `ENODEV` without such a link.
    pub fn link_index(&self, name: &str) -> Result<u32> {
        name_to_index(&self.netlink, name).during(|| format!("look up the link {name}"))
    }

    /// Is the link called `name` up?
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os): `ENODEV` without such a link.
    pub fn is_up(&mut self, name: &str) -> Result<bool> {
        /// The flags in a `struct ifinfomsg`.
        const FLAGS: usize = 8;
        let request = NetlinkRequest::new(libc::RTM_GETLINK, libc::NLM_F_ACK, &ifinfomsg(0, false, false))
            .attribute(libc::IFLA_IFNAME, &[name.as_bytes(), &[0]].concat());
        let mut found = None;
        self.netlink
            .exchange(request, |message| found = found.or(u32_at(message.body, FLAGS)))
            .and_then(|()| found.ok_or(rustix::io::Errno::NODEV))
            .map(|flags| flags & libc::IFF_UP as u32 != 0)
            .during(|| format!("look up the link {name}"))
    }

    /// Returns the MTU of the link called `name`, bytes. Unlike a netlink message, the question waits for no lock (`dev_ifsioc_locked`).
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os): `ENODEV` without such a link.
    pub fn mtu(&self, name: &str) -> Result<u32> {
        let what = || format!("look up the MTU of the link {name}");
        let mut request = about(name, 0).during(what)?;
        // SAFETY: SIOCGIFMTU reads and writes back one `struct ifreq`, which `request` is.
        unsafe { ioctl(&self.netlink, Updater::<SIOCGIFMTU, libc::ifreq>::new(&mut request)) }.during(what)?;
        // SAFETY: the kernel has written the MTU into the union, and every pattern of bits is a number.
        Ok(unsafe { request.ifr_ifru.ifru_mtu }.unsigned_abs())
    }

    /// Sets the MTU of a link, bytes, and leaves it up or down.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os): `ENODEV` without such a link, `EPERM` without CAP_NET_ADMIN, `EINVAL` for the MTU.
    pub fn set_mtu(&mut self, index: u32, mtu: u32) -> Result<()> {
        let request = NetlinkRequest::new(libc::RTM_NEWLINK, libc::NLM_F_ACK, &ifinfomsg(index, false, false))
            .attribute(libc::IFLA_MTU, &mtu.to_ne_bytes());
        self.netlink
            .exchange(request, |_| {})
            .during(|| format!("set the MTU of link {index} to {mtu}"))
    }

    /// Takes a link up or down, and sets its MTU, bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os): `ENODEV` without such a link, `EPERM` without CAP_NET_ADMIN, `EINVAL` for the MTU.
    pub fn set_link(&mut self, index: u32, up: bool, mtu: Option<u32>) -> Result<()> {
        let mut request = NetlinkRequest::new(libc::RTM_NEWLINK, libc::NLM_F_ACK, &ifinfomsg(index, up, true));
        if let Some(mtu) = mtu {
            request = request.attribute(libc::IFLA_MTU, &mtu.to_ne_bytes());
        }
        self.netlink.exchange(request, |_| {}).during(|| {
            let mtu = mtu.map_or(String::new(), |mtu| format!(", MTU {mtu}"));
            format!("set link {index} {}{mtu}", if up { "up" } else { "down" })
        })
    }

    /// Gives a link an address, usable at once (no duplicate address detection); one that it has already is fine.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os): `ENODEV` without such a link, `EPERM` without CAP_NET_ADMIN, `EINVAL` for the prefix length.
    pub fn add_address(&mut self, index: u32, address: IpAddr, prefix_len: u8) -> Result<()> {
        let flags = if address.is_ipv6() { libc::IFA_F_NODAD } else { 0 };
        let request = address_request(libc::RTM_NEWADDR, CREATE, index, (address, prefix_len), flags);
        self.ask(request, rustix::io::Errno::EXIST)
            .during(|| format!("add the address {address}/{prefix_len} to link {index}"))
    }

    /// Takes an address from a link; one that it does not have is fine.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os): `ENODEV` without such a link, `EPERM` without CAP_NET_ADMIN.
    pub fn del_address(&mut self, index: u32, address: IpAddr, prefix_len: u8) -> Result<()> {
        let request = address_request(libc::RTM_DELADDR, libc::NLM_F_ACK, index, (address, prefix_len), 0);
        self.ask(request, rustix::io::Errno::ADDRNOTAVAIL)
            .during(|| format!("take the address {address}/{prefix_len} from link {index}"))
    }

    /// Has a link make no IPv6 address by itself, so no link-local one when it comes up.
    ///
    /// Not by the setting `net.ipv6.conf.*.addr_gen_mode`: a write to that spins while the kernel's lock of all network devices is taken
    /// (`restart_syscall`), where a netlink message waits for it.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os): `ENODEV` without such a link, `EAFNOSUPPORT` where the kernel has no IPv6.
    pub fn set_no_address_generation(&mut self, index: u32) -> Result<()> {
        /// `IFLA_INET6_ADDR_GEN_MODE`, and of its values `IN6_ADDR_GEN_MODE_NONE` (include/uapi/linux/if_link.h).
        const MODE: u16 = 8;
        const NONE: u8 = 1;
        let inet6 = encoded(MODE, &[NONE]);
        let request = NetlinkRequest::new(libc::RTM_NEWLINK, libc::NLM_F_ACK, &ifinfomsg(index, false, false))
            .attribute(libc::IFLA_AF_SPEC, &encoded(libc::AF_INET6 as u16, &inet6));
        self.netlink
            .exchange(request, |_| {})
            .during(|| format!("have link {index} make no IPv6 address"))
    }

    /// Sends everything that has no better route to a link, which must be up; a route that is there already is fine.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os): `ENETDOWN` while the link is down, `EPERM` without CAP_NET_ADMIN.
    pub fn add_default_route(&mut self, index: u32, v6: bool) -> Result<()> {
        // IPv6 has no scopes of routes.
        let scope = if v6 { 0 } else { SCOPE_LINK };
        let request = default_route(libc::RTM_NEWROUTE, CREATE, index, v6, scope);
        self.ask(request, rustix::io::Errno::EXIST)
            .during(|| format!("add the default IPv{} route to link {index}", if v6 { 6 } else { 4 }))
    }

    /// Takes the default route back: what was sent there fails with `ENETUNREACH`. None there is fine.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os): `EPERM` without CAP_NET_ADMIN.
    pub fn del_default_route(&mut self, index: u32, v6: bool) -> Result<()> {
        let request = default_route(libc::RTM_DELROUTE, libc::NLM_F_ACK, index, v6, SCOPE_NOWHERE);
        self.ask(request, rustix::io::Errno::SRCH)
            .during(|| format!("delete the default IPv{} route to link {index}", if v6 { 6 } else { 4 }))
    }

    /// Sends a request and waits for the acknowledgement; the error `done` says that there is nothing to do.
    fn ask(&mut self, request: NetlinkRequest, done: rustix::io::Errno) -> rustix::io::Result<()> {
        match self.netlink.exchange(request, |_| {}) {
            Err(errno) if errno == done => Ok(()),
            outcome => outcome,
        }
    }
}

const CREATE: i32 = libc::NLM_F_ACK | libc::NLM_F_CREATE | libc::NLM_F_EXCL;

/// A request about a link's address: its `struct ifaddrmsg`, and the address.
fn address_request(kind: u16, flags: i32, index: u32, of: (IpAddr, u8), address_flags: u32) -> NetlinkRequest {
    let (address, prefix_len) = of;
    let mut body = [
        family(address.is_ipv6()),
        prefix_len,
        address_flags as u8,
        0,
        0,
        0,
        0,
        0,
    ];
    body[4..8].copy_from_slice(&index.to_ne_bytes());
    let octets: &[u8] = match &address {
        IpAddr::V4(v4) => &v4.octets(),
        IpAddr::V6(v6) => &v6.octets(),
    };
    NetlinkRequest::new(kind, flags, &body)
        .attribute(libc::IFA_LOCAL, octets)
        .attribute(libc::IFA_ADDRESS, octets)
}

fn default_route(kind: u16, flags: i32, index: u32, v6: bool, scope: u8) -> NetlinkRequest {
    // struct rtmsg: family, lengths of destination and source, tos, table, protocol, scope, type, flags
    let mut body = [0; 12];
    body[0] = family(v6);
    body[4] = libc::RT_TABLE_MAIN;
    body[5] = if kind == libc::RTM_NEWROUTE { PROTOCOL_STATIC } else { 0 };
    body[6] = scope;
    body[7] = libc::RTN_UNICAST;
    NetlinkRequest::new(kind, flags, &body).attribute(libc::RTA_OIF, &index.to_ne_bytes())
}

/// `struct ifinfomsg`: family, type, index, flags, and which of the flags to change.
fn ifinfomsg(index: u32, up: bool, change: bool) -> [u8; 16] {
    let bit = |set: bool| (if set { libc::IFF_UP as u32 } else { 0 }).to_ne_bytes();
    let mut body = [0; 16];
    body[4..8].copy_from_slice(&index.to_ne_bytes());
    body[8..12].copy_from_slice(&bit(up));
    body[12..16].copy_from_slice(&bit(change));
    body
}

fn family(v6: bool) -> u8 {
    (if v6 { libc::AF_INET6 } else { libc::AF_INET }) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::netns::unshare_net;
    use crate::os::tun::Tun;
    use std::net::UdpSocket;

    fn in_a_namespace(test: fn(&mut Rtnl)) {
        std::thread::spawn(move || {
            unshare_net().unwrap();
            test(&mut Rtnl::open().unwrap());
        })
        .join()
        .unwrap();
    }

    #[test]
    fn loopback_comes_up() {
        in_a_namespace(|rtnl| {
            let lo = rtnl.link_index("lo").unwrap();
            assert!(UdpSocket::bind("[::1]:0").is_err());
            rtnl.set_link(lo, true, None).unwrap();
            UdpSocket::bind("[::1]:0").unwrap();
        });
    }

    #[test]
    fn an_address_goes_and_one_that_is_not_there_is_fine() {
        in_a_namespace(|rtnl| {
            rtnl.set_link(LO, true, None).unwrap();
            UdpSocket::bind("[::1]:0").unwrap();
            for _ in 0..2 {
                rtnl.del_address(LO, "::1".parse().unwrap(), 128).unwrap();
            }
            let refused = UdpSocket::bind("[::1]:0").map(drop).map_err(|e| e.raw_os_error());
            assert_eq!(refused, Err(Some(libc::EADDRNOTAVAIL)));
            UdpSocket::bind("127.0.0.1:0").unwrap();
        });
    }

    #[test]
    fn a_link_makes_an_address_by_itself_unless_it_is_told_not_to() {
        in_a_namespace(|rtnl| {
            for (name, makes) in [("one", true), ("other", false)] {
                let _tun = Tun::create(name, false).unwrap();
                let index = rtnl.link_index(name).unwrap();
                if !makes {
                    rtnl.set_no_address_generation(index).unwrap();
                }
                rtnl.set_link(index, true, None).unwrap();
                let addresses = std::fs::read_to_string("/proc/thread-self/net/if_inet6").unwrap();
                let has_one = addresses
                    .lines()
                    .any(|line| line.starts_with("fe80") && line.ends_with(name));
                assert_eq!(has_one, makes, "{addresses}");
            }
        });
    }

    #[test]
    fn a_default_route_comes_and_goes_in_both_families() {
        in_a_namespace(|rtnl| {
            let _tun = Tun::create("wire", false).unwrap();
            let index = rtnl.link_index("wire").unwrap();
            rtnl.add_address(index, [10, 0, 0, 1].into(), 32).unwrap();
            rtnl.add_address(index, "fd00::1".parse().unwrap(), 128).unwrap();
            rtnl.set_link(index, true, Some(1280)).unwrap();
            for (v6, local, peer) in [
                (false, "10.0.0.1:0", "10.0.0.2:9"),
                (true, "[fd00::1]:0", "[fd00::2]:9"),
            ] {
                // A datagram socket's connect looks up the route and sends nothing.
                let reach = || {
                    UdpSocket::bind(local)
                        .unwrap()
                        .connect(peer)
                        .map_err(|e| e.raw_os_error())
                };
                assert_eq!(reach(), Err(Some(libc::ENETUNREACH)));
                rtnl.add_default_route(index, v6).unwrap();
                assert_eq!(reach(), Ok(()));
                rtnl.del_default_route(index, v6).unwrap();
                assert_eq!(reach(), Err(Some(libc::ENETUNREACH)));
            }
        });
    }

    #[test]
    fn what_is_there_already_is_fine() {
        in_a_namespace(|rtnl| {
            let _tun = Tun::create("wire", false).unwrap();
            let index = rtnl.link_index("wire").unwrap();
            rtnl.set_link(index, true, None).unwrap();
            for v6 in [false, true] {
                let address: IpAddr = if v6 {
                    "fd00::1".parse().unwrap()
                } else {
                    [10, 0, 0, 1].into()
                };
                for _ in 0..2 {
                    rtnl.add_address(index, address, 32).unwrap();
                    rtnl.add_default_route(index, v6).unwrap();
                }
                for _ in 0..2 {
                    rtnl.del_default_route(index, v6).unwrap();
                }
            }
        });
    }

    #[test]
    fn errors_name_the_operation_and_its_object() {
        in_a_namespace(|rtnl| {
            let error = rtnl.link_index("nosuch").unwrap_err().to_string();
            assert_eq!(error, "look up the link nosuch: No such device (os error 19)");
            let error = rtnl.set_link(4711, true, Some(9000)).unwrap_err().to_string();
            assert_eq!(error, "set link 4711 up, MTU 9000: No such device (os error 19)");
            let error = rtnl.add_address(1, [10, 0, 0, 1].into(), 33).unwrap_err().to_string();
            assert!(error.starts_with("add the address 10.0.0.1/33 to link 1: "), "{error}");
        });
    }
}
