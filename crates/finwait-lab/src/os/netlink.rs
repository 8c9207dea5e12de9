//! Netlink: request out, answers in (RFC 3549). What both rtnetlink and sock_diag are spoken over.
//!
//! The kernel answers before `send` returns, and makes the next part of a dump while `recv` takes the one before
//! (`netlink_dump`), so nothing here ever waits.

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, connect, recv, send, socket_with,
};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::error::{Error, Operation, Result};

/// The most that the kernel puts into one datagram is 32 KiB (`netlink_recvmsg` caps `max_recvmsg_len`).
const BUFFER: usize = 64 << 10;

/// `struct nlmsghdr`
const HEADER: usize = 16;

/// A netlink socket, bound to the network namespace of the thread that opened it, from whichever thread it is used.
#[derive(Debug)]
pub struct Netlink {
    fd: OwnedFd,
    name: &'static str,
    sequence: u32,
    buffer: Vec<u8>,
}

/// A request under construction: header, the family's fixed part, attributes.
#[derive(Clone, Debug)]
pub struct NetlinkRequest {
    bytes: Vec<u8>,
}

/// One message of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetlinkMessage<'a> {
    /// `nlmsg_type`: of the family, or `NLMSG_DONE`, `NLMSG_ERROR`.
    pub kind: u16,
    /// `nlmsg_flags`
    pub flags: u16,
    /// `nlmsg_seq`: that of the request.
    pub sequence: u32,
    /// The bytes after the header.
    pub body: &'a [u8],
}

impl Netlink {
    /// Opens a socket of a netlink protocol in the calling thread's network namespace; `name` is for error messages.
    ///
    /// No protocol is `NETLINK_ROUTE`, whose number is 0.
    ///
    /// # Errors
    ///
    /// [`Error::Os`] where the kernel does not have the protocol (`EPROTONOSUPPORT`), or there is no descriptor left (`EMFILE`).
    pub fn open(protocol: Option<Protocol>, name: &'static str) -> Result<Netlink> {
        let open = || {
            let fd = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, protocol)?;
            // Connected to port 0, the kernel: no one else's messages are taken (netlink_getsockbyportid).
            connect(&fd, &SocketAddrNetlink::new(0, 0))?;
            Ok::<_, Errno>(fd)
        };
        Ok(Netlink::of(open().during(|| format!("open a {name} socket"))?, name))
    }

    /// Returns one of a socket that [`open`](Self::open) has opened, here or in another process.
    pub fn of(fd: OwnedFd, name: &'static str) -> Netlink {
        Netlink {
            fd,
            name,
            sequence: 0,
            buffer: vec![0; BUFFER],
        }
    }

    /// Sends a request.
    ///
    /// # Errors
    ///
    /// The errno of `send(2)`.
    pub fn send(&mut self, mut request: NetlinkRequest) -> rustix::io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        request.seal(self.sequence);
        send(&self.fd, &request.bytes, SendFlags::empty()).map(drop)
    }

    /// Takes one datagram and hands those of its messages that answer the last request to `take`, in order.
    ///
    /// # Errors
    ///
    /// - [`Error::Os`] with the errno of `recv(2)`: `EAGAIN` when there is no datagram. An answer is there from the start or never comes.
    /// - [`Error::Garbled`] for an answer that is no netlink message.
    pub fn receive(&mut self, mut take: impl FnMut(NetlinkMessage<'_>)) -> Result<()> {
        // With TRUNC the length is the datagram's, whatever fitted.
        let (_, len) = recv(&self.fd, &mut self.buffer[..], RecvFlags::DONTWAIT | RecvFlags::TRUNC)
            .during(|| format!("receive a {} answer", self.name))?;
        let Some(datagram) = self.buffer.get(..len) else {
            return Err(self.garbled(format!("a datagram of {len} bytes, more than {BUFFER}")));
        };
        for message in messages(datagram) {
            match message {
                Some(message) if message.sequence == self.sequence => take(message),
                Some(_) => {}
                None => return Err(self.garbled("a message was cut short".into())),
            }
        }
        Ok(())
    }

    /// Sends a request and takes its answer: messages of the family up to the acknowledgement when `NLM_F_ACK` asks for one,
    /// a single message otherwise; or the kernel's error.
    ///
    /// # Errors
    ///
    /// The kernel's errno for the request, or that of `send(2)` or `recv(2)`; `EBADMSG` for an answer that is no netlink message.
    pub fn exchange(
        &mut self,
        request: NetlinkRequest,
        mut take: impl FnMut(NetlinkMessage<'_>),
    ) -> rustix::io::Result<()> {
        let acknowledged = request.wants_acknowledgement();
        self.send(request)?;
        let mut outcome = None;
        while outcome.is_none() {
            self.receive(|message| {
                outcome = message.outcome();
                if outcome.is_none() {
                    take(message);
                    outcome = (!acknowledged).then_some(Ok(()));
                }
            })
            .map_err(|error| error.errno().unwrap_or(Errno::BADMSG))?;
        }
        outcome.unwrap_or(Ok(()))
    }

    /// Throws away what is left of an answer that was given up, so that the next request is not refused with `EBUSY`.
    pub fn drain(&mut self) {
        while let Ok(_) | Err(Errno::INTR | Errno::NOBUFS) = recv(&self.fd, &mut self.buffer[..], RecvFlags::DONTWAIT) {
        }
    }

    fn garbled(&self, why: String) -> Error {
        Error::Garbled {
            what: format!("a {} answer", self.name),
            why,
        }
    }
}

impl AsFd for Netlink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl NetlinkRequest {
    /// A request of that kind with these flags, beside `NLM_F_REQUEST`, and the family's fixed part.
    pub fn new(kind: u16, flags: i32, body: &[u8]) -> NetlinkRequest {
        let mut bytes = Vec::with_capacity(128);
        bytes.extend([0; 4]);
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(((flags | libc::NLM_F_REQUEST) as u16).to_ne_bytes());
        bytes.extend([0; 8]);
        bytes.extend(body);
        NetlinkRequest { bytes }
    }

    /// Adds an attribute.
    pub fn attribute(mut self, kind: u16, value: &[u8]) -> NetlinkRequest {
        self.pad();
        self.bytes.extend(encoded(kind, value));
        self
    }

    fn wants_acknowledgement(&self) -> bool {
        u16_at(&self.bytes, 6).is_some_and(|flags| i32::from(flags) & libc::NLM_F_ACK != 0)
    }

    fn pad(&mut self) {
        self.bytes.resize(aligned(self.bytes.len()), 0);
    }

    /// Fills in what is known only at the end.
    fn seal(&mut self, sequence: u32) {
        self.pad();
        let len = self.bytes.len() as u32;
        self.bytes[0..4].copy_from_slice(&len.to_ne_bytes());
        self.bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
    }
}

impl NetlinkMessage<'_> {
    /// Returns what `NLMSG_ERROR` and `NLMSG_DONE` report: the errno, or that all went well. `None` for other messages.
    pub fn outcome(&self) -> Option<rustix::io::Result<()>> {
        if !matches!(i32::from(self.kind), libc::NLMSG_ERROR | libc::NLMSG_DONE) {
            return None;
        }
        Some(
            match u32_at(self.body, 0).map(|number| (number as i32).wrapping_neg()) {
                // A DONE need not carry a number.
                None | Some(0) => Ok(()),
                Some(number) if (1..4096).contains(&number) => Err(Errno::from_raw_os_error(number)),
                Some(_) => Ok(()),
            },
        )
    }
}

/// The messages of a datagram; `None`, once and last, where one does not fit into what is left.
pub fn messages(mut datagram: &[u8]) -> impl Iterator<Item = Option<NetlinkMessage<'_>>> {
    std::iter::from_fn(move || {
        if datagram.is_empty() {
            return None;
        }
        let message = first_message(datagram);
        let used = message.map_or(datagram.len(), |message| aligned(HEADER + message.body.len()));
        datagram = datagram.get(used..).unwrap_or_default();
        Some(message)
    })
}

fn first_message(datagram: &[u8]) -> Option<NetlinkMessage<'_>> {
    let len = u32_at(datagram, 0)? as usize;
    Some(NetlinkMessage {
        kind: u16_at(datagram, 4)?,
        flags: u16_at(datagram, 6)?,
        sequence: u32_at(datagram, 8)?,
        body: datagram.get(HEADER..len)?,
    })
}

/// Returns an attribute as it stands in a message, or in the value of another, padded for the next (`struct nlattr`).
pub fn encoded(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4 + aligned(value.len()));
    bytes.extend((value.len() as u16 + 4).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(aligned(bytes.len()), 0);
    bytes
}

/// The value of the first attribute of that kind; a garbled one ends the search.
pub fn attribute(mut attributes: &[u8], kind: u16) -> Option<&[u8]> {
    loop {
        let len = usize::from(u16_at(attributes, 0)?);
        let value = attributes.get(4..len)?;
        if u16_at(attributes, 2)? == kind {
            return Some(value);
        }
        attributes = attributes.get(aligned(len)..)?;
    }
}

/// The number in native byte order at an offset, if it is there.
pub fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(offset..)?.first_chunk().copied()?))
}

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(offset..)?.first_chunk().copied()?))
}

const fn aligned(len: usize) -> usize {
    (len + 3) & !3
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sealed(request: NetlinkRequest, sequence: u32) -> Vec<u8> {
        let mut request = request;
        request.seal(sequence);
        request.bytes
    }

    #[test]
    fn what_is_built_is_what_is_read() {
        let request = NetlinkRequest::new(20, libc::NLM_F_ACK, &[1, 2, 3, 4])
            .attribute(1, &[9])
            .attribute(2, &[7, 7]);
        let bytes = sealed(request, 5);
        let read: Vec<_> = messages(&bytes).collect();
        let message = read[0].unwrap();
        assert_eq!((read.len(), message.kind, message.sequence), (1, 20, 5));
        assert_eq!(i32::from(message.flags), libc::NLM_F_ACK | libc::NLM_F_REQUEST);
        assert_eq!(message.body[..4], [1, 2, 3, 4]);
        assert_eq!(attribute(&message.body[4..], 1), Some(&[9][..]));
        assert_eq!(attribute(&message.body[4..], 2), Some(&[7, 7][..]));
        assert_eq!(attribute(&message.body[4..], 3), None);
    }

    #[test]
    fn a_message_cut_short_is_told_once_after_the_whole_ones() {
        let mut bytes = sealed(NetlinkRequest::new(20, 0, &[0; 8]), 1);
        bytes.extend(sealed(NetlinkRequest::new(21, 0, &[0; 8]), 1));
        bytes.pop();
        let read: Vec<_> = messages(&bytes).collect();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].map(|message| message.kind), Some(20));
        assert_eq!(read[1], None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic_or_run_forever(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let read = messages(&bytes).count();
            prop_assert!(read <= bytes.len() / HEADER + 1);
            attribute(&bytes, 7);
        }
    }
}
