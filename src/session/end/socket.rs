//! A socket of an end, as people know it: by a name.

use super::socks::SockId;
use crate::call::SocketName;
use crate::explain::EntryNo;
use crate::program::SocketOwner;
use crate::socket_table::Tuple;
use crate::state::State;

/// A socket that an endpoint made, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// The name under which the endpoint knows it, never given twice at one end.
    pub name: SocketName,
    /// The other name that it has since it connects, its name having been that of a listener; never given twice, either.
    pub called: Option<SocketName>,
    /// The descriptor's number, also after it was closed; none until the kernel gave one.
    pub fd: Option<i32>,
    /// Is the descriptor open?
    pub open: bool,
    /// The socket's inode, by which its row is found while a descriptor is open.
    pub inode: Option<u64>,
    /// The addresses, once it was seen in a table: by them its row is found after the close.
    pub tuple: Option<Tuple>,
    /// The kernel's socket behind the descriptor, which other descriptors may share.
    pub sock: SockId,
    /// The call that closed the descriptor.
    pub closed: Option<EntryNo>,
    /// The state in its TCP_INFO, while its descriptor is open and its socket in no table.
    pub info: Option<State>,
    /// The process that made it.
    pub maker: SocketMaker,
    /// The newest entry of a program's that names it; 0 while there is none.
    pub(in crate::session) told: EntryNo,
}

/// The process that a socket belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketMaker {
    /// The endpoint's: it takes calls.
    Endpoint,
    /// A program's, with the process that holds it; none while it waits in the queue of the program's listener.
    Program(Option<SocketOwner>),
}

impl Socket {
    /// One that the kernel has not made yet.
    pub(in crate::session) const fn unborn(name: SocketName, sock: SockId) -> Socket {
        Socket {
            name,
            called: None,
            fd: None,
            open: false,
            inode: None,
            tuple: None,
            sock,
            closed: None,
            info: None,
            maker: SocketMaker::Endpoint,
            told: 0,
        }
    }

    /// The process of a program that holds it; none of the endpoint's own, and of one that nobody has accepted.
    pub const fn owner(&self) -> Option<&SocketOwner> {
        match &self.maker {
            SocketMaker::Program(owner) => owner.as_ref(),
            SocketMaker::Endpoint => None,
        }
    }

    /// Is it the endpoint's, so that calls can be made on it?
    pub fn is_endpoints(&self) -> bool {
        self.maker == SocketMaker::Endpoint
    }

    /// The current name.
    pub fn shown(&self) -> &SocketName {
        self.called.as_ref().unwrap_or(&self.name)
    }
}
