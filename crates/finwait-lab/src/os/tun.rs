//! TUN devices: a host's only way out, whose other end we hold.

use rustix::fs::{Mode, OFlags, open};
use rustix::io;
use rustix::ioctl::{IntegerSetter, Opcode, Updater, ioctl, opcode};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::error::{Operation, Result};

// The header declares both with `int`, whatever they take (include/uapi/linux/if_tun.h).
const TUNSETIFF: Opcode = opcode::write::<libc::c_int>(b'T', 202);
const TUNSETPERSIST: Opcode = opcode::write::<libc::c_int>(b'T', 203);

const DEVICE: &str = "/dev/net/tun";

/// A TUN device: what a host sends is read here, what is written here the host receives. IP packets, without any header.
#[derive(Debug)]
pub struct Tun {
    fd: OwnedFd,
}

impl Tun {
    /// Makes the device `name` (1 to 15 bytes) in the calling thread's network namespace; it is down and has no address.
    ///
    /// The device outlives the descriptor: taking a device down waits for an RCU grace period, 16 to 35 ms, which is better left
    /// to the end of the namespace, on no one's clock.
    ///
    /// # Errors
    ///
    /// The errors of [`available`]; [`Error::Os`](crate::Error::Os): `EPERM` without CAP_NET_ADMIN, `EINVAL` for the name, `EBUSY` while it
    /// is used.
    pub fn create(name: &str) -> Result<Tun> {
        let fd = open_clone()?;
        let mut request = request(name).during(|| format!("create the TUN device \"{name}\""))?;
        // SAFETY: TUNSETIFF reads and writes back one `struct ifreq`, which `request` is.
        unsafe { ioctl(&fd, Updater::<TUNSETIFF, libc::ifreq>::new(&mut request)) }
            .during(|| format!("create the TUN device \"{name}\""))?;
        // SAFETY: TUNSETPERSIST takes a truth value in the argument itself, no pointer.
        unsafe { ioctl(&fd, IntegerSetter::<TUNSETPERSIST>::new_usize(1)) }
            .during(|| format!("make the TUN device \"{name}\" persistent"))?;
        Ok(Tun { fd })
    }

    /// Takes the next packet that the host sent; what does not fit into `buffer` is lost.
    ///
    /// # Errors
    ///
    /// The errno of `read(2)`: `EAGAIN` when there is no packet.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        io::read(&self.fd, buffer)
    }

    /// Hands the host a packet. By the time this returns the host's stack has dealt with it (`tun_get_user`).
    ///
    /// # Errors
    ///
    /// The errno of `write(2)`: `EIO` while the device is down, `EINVAL` for what is no IP packet.
    pub fn write(&self, packet: &[u8]) -> io::Result<usize> {
        io::write(&self.fd, packet)
    }
}

/// Can this process make TUN devices at all?
///
/// # Errors
///
/// [`Error::Os`](crate::Error::Os): `ENOENT` or `ENODEV` without TUN devices, `EACCES` or `EPERM` where they are forbidden.
pub fn available() -> Result<()> {
    open_clone().map(drop)
}

fn open_clone() -> Result<OwnedFd> {
    open(DEVICE, OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty()).during(|| format!("open {DEVICE}"))
}

impl AsFd for Tun {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The request for a device of that name: IP packets, no packet information before them.
fn request(name: &str) -> io::Result<libc::ifreq> {
    // The kernel takes an empty name for "choose one", and cuts off a long one.
    if name.is_empty() || name.len() >= libc::IFNAMSIZ {
        return Err(io::Errno::INVAL);
    }
    let mut ifr_name = [0; libc::IFNAMSIZ];
    for (to, from) in ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    Ok(libc::ifreq {
        ifr_name,
        ifr_ifru: libc::__c_anonymous_ifr_ifru {
            ifru_flags: (libc::IFF_TUN | libc::IFF_NO_PI) as libc::c_short,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::netns::unshare_net;
    use crate::os::rtnl::Rtnl;
    use std::net::{Ipv4Addr, UdpSocket};

    fn in_a_namespace(test: fn()) {
        std::thread::spawn(move || {
            unshare_net().unwrap();
            test();
        })
        .join()
        .unwrap();
    }

    #[test]
    fn what_the_host_sends_is_read_and_what_is_written_it_receives() {
        in_a_namespace(|| {
            let tun = Tun::create("wire").unwrap();
            let mut rtnl = Rtnl::open().unwrap();
            let index = rtnl.link_index("wire").unwrap();
            rtnl.add_address(index, Ipv4Addr::new(10, 0, 0, 1).into(), 24).unwrap();
            rtnl.set_link(index, true, Some(1400)).unwrap();

            let socket = UdpSocket::bind("10.0.0.1:0").unwrap();
            socket.connect("10.0.0.2:9").unwrap();
            socket.send(b"finwait").unwrap();
            let mut buffer = [0; 2048];
            // IPv6 sends router solicitations of its own.
            let mut packet = loop {
                let n = tun.read(&mut buffer).unwrap();
                if buffer[0] >> 4 == 4 {
                    break buffer[..n].to_vec();
                }
            };
            assert_eq!(packet.len(), 20 + 8 + 7);

            // Sent back with the addresses and the ports swapped, which leaves the checksums as they are.
            packet[12..20].rotate_left(4);
            packet[20..24].rotate_left(2);
            assert_eq!(tun.write(&packet), Ok(packet.len()));
            let mut back = [0; 16];
            assert_eq!(socket.recv(&mut back).unwrap(), 7);
            assert_eq!(&back[..7], b"finwait");
        });
    }

    #[test]
    fn nothing_to_read_is_eagain() {
        in_a_namespace(|| {
            let tun = Tun::create("wire").unwrap();
            assert_eq!(tun.read(&mut [0; 64]), Err(io::Errno::AGAIN));
        });
    }

    #[test]
    fn a_name_that_does_not_fit_is_refused() {
        for name in ["", "sixteen-bytes-xx"] {
            let error = Tun::create(name).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("create the TUN device \"{name}\": Invalid argument (os error 22)")
            );
        }
    }
}
