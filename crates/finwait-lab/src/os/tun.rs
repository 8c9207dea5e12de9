//! TUN devices: a host's only way out, whose other end we hold.

use rustix::fs::{Mode, OFlags, open};
use rustix::io;
use rustix::ioctl::{IntegerSetter, Opcode, Updater, ioctl, opcode};
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::error::{Operation, Result};
use finwait_wire::offload::Offload;

// The header declares both with `int`, whatever they take (include/uapi/linux/if_tun.h).
const TUNSETIFF: Opcode = opcode::write::<libc::c_int>(b'T', 202);
const TUNSETPERSIST: Opcode = opcode::write::<libc::c_int>(b'T', 203);
const TUNSETOFFLOAD: Opcode = opcode::write::<libc::c_uint>(b'T', 208);

const DEVICE: &str = "/dev/net/tun";

/// A TUN device: what a host sends is read here, what is written here the host receives. IP packets, and beside each what the host leaves
/// to the device to do with it, where that offers anything.
#[derive(Debug)]
pub struct Tun {
    fd: OwnedFd,
    offloads: bool,
}

/// A packet that a host has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The length, in bytes.
    pub len: usize,
    /// The work that the host has left to the device.
    pub offload: Offload,
}

impl Tun {
    /// Makes the device `name` (1 to 15 bytes) in the calling thread's network namespace; it is down and has no address. Where it
    /// `offloads`, the host leaves TCP's checksums to it, and the cutting of up to 64 KiB into segments (TSO).
    ///
    /// The device outlives the descriptor: taking a device down waits for an RCU grace period, 16 to 35 ms, which is better left
    /// to the end of the namespace, on no one's clock.
    ///
    /// # Errors
    ///
    /// The errors of [`available`]; [`Error::Os`](crate::Error::Os): `EPERM` without CAP_NET_ADMIN, `EINVAL` for the name, `EBUSY` while it
    /// is used.
    pub fn create(name: &str, offloads: bool) -> Result<Tun> {
        let fd = open_clone()?;
        let mut request = request(name, offloads).during(|| format!("create the TUN device \"{name}\""))?;
        // SAFETY: TUNSETIFF reads and writes back one `struct ifreq`, which `request` is.
        unsafe { ioctl(&fd, Updater::<TUNSETIFF, libc::ifreq>::new(&mut request)) }
            .during(|| format!("create the TUN device \"{name}\""))?;
        // SAFETY: TUNSETPERSIST takes a truth value in the argument itself, no pointer.
        unsafe { ioctl(&fd, IntegerSetter::<TUNSETPERSIST>::new_usize(1)) }
            .during(|| format!("make the TUN device \"{name}\" persistent"))?;
        if offloads {
            let offered = libc::TUN_F_CSUM | libc::TUN_F_TSO4 | libc::TUN_F_TSO6 | libc::TUN_F_TSO_ECN;
            // SAFETY: TUNSETOFFLOAD takes its bits in the argument itself, no pointer.
            unsafe { ioctl(&fd, IntegerSetter::<TUNSETOFFLOAD>::new_usize(offered as usize)) }.during(|| {
                format!("have the TUN device \"{name}\" take over checksums and segmentation (TUNSETOFFLOAD)")
            })?;
        }
        Ok(Tun { fd, offloads })
    }

    /// Takes the next packet that the host sent; what does not fit into `buffer` is lost.
    ///
    /// # Errors
    ///
    /// The errno of `read(2)`: `EAGAIN` when there is no packet.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<Sent> {
        if !self.offloads {
            let len = io::read(&self.fd, buffer)?;
            let offload = Offload::NONE;
            return Ok(Sent { len, offload });
        }
        let mut header = [0; Offload::LEN];
        let len = io::readv(&self.fd, &mut [IoSliceMut::new(&mut header), IoSliceMut::new(buffer)])?;
        Ok(Sent {
            len: len.saturating_sub(Offload::LEN),
            offload: Offload::new(header),
        })
    }

    /// Hands the host a packet, which is to be taken as if what was left to the device had been done: its checksum counts as right, and a
    /// super-segment as one that the device has put together again. By the time this returns the host's stack has dealt with it
    /// (`tun_get_user`).
    ///
    /// # Errors
    ///
    /// The errno of `write(2)`: `EIO` while the device is down, `EINVAL` for what is no IP packet.
    pub fn write(&self, packet: &[u8], offload: &Offload) -> io::Result<()> {
        let written = if self.offloads {
            io::writev(&self.fd, &[IoSlice::new(offload.header()), IoSlice::new(packet)])
        } else {
            io::write(&self.fd, packet)
        };
        written.map(drop)
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

/// The request for a device of that name: IP packets, no packet information before them, and the header of [`Offload`] if it is wanted.
fn request(name: &str, offloads: bool) -> io::Result<libc::ifreq> {
    let header = if offloads { libc::IFF_VNET_HDR } else { 0 };
    let flags = libc::IFF_TUN | libc::IFF_NO_PI | header;
    about(name, flags as libc::c_short)
}

/// A request about a device of that name, with these flags where it takes some.
pub(super) fn about(name: &str, flags: libc::c_short) -> io::Result<libc::ifreq> {
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
        ifr_ifru: libc::__c_anonymous_ifr_ifru { ifru_flags: flags },
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
            let tun = Tun::create("wire", false).unwrap();
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
                let n = tun.read(&mut buffer).unwrap().len;
                if buffer[0] >> 4 == 4 {
                    break buffer[..n].to_vec();
                }
            };
            assert_eq!(packet.len(), 20 + 8 + 7);

            // Sent back with the addresses and the ports swapped, which leaves the checksums as they are.
            packet[12..20].rotate_left(4);
            packet[20..24].rotate_left(2);
            assert_eq!(tun.write(&packet, &Offload::NONE), Ok(()));
            let mut back = [0; 16];
            assert_eq!(socket.recv(&mut back).unwrap(), 7);
            assert_eq!(&back[..7], b"finwait");
        });
    }

    #[test]
    fn nothing_to_read_is_eagain() {
        in_a_namespace(|| {
            let tun = Tun::create("wire", false).unwrap();
            assert_eq!(tun.read(&mut [0; 64]), Err(io::Errno::AGAIN));
        });
    }

    #[test]
    fn a_name_that_does_not_fit_is_refused() {
        for name in ["", "sixteen-bytes-xx"] {
            let error = Tun::create(name, false).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("create the TUN device \"{name}\": Invalid argument (os error 22)")
            );
        }
    }
}
