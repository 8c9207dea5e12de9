//! The descriptors of an endpoint by name, no number used twice.

use std::collections::{BTreeSet, HashMap};
use std::os::fd::RawFd;
use std::sync::{Mutex, PoisonError};

use super::trace::Trace;
use crate::os::sock::SysResult;
use finwait_model::call::SocketName;

/// The number for a name that never had one; the kernel answers `EBADF`.
const NEVER: RawFd = -1;

/// The descriptor of each name, also of one that is closed.
#[derive(Default)]
pub struct Sockets(Mutex<DescriptorTable>);

#[derive(Default)]
struct DescriptorTable {
    numbers: HashMap<SocketName, RawFd>,
    used: BTreeSet<RawFd>,
}

impl Sockets {
    /// The last number that the name had, closed or not.
    pub fn number(&self, name: &SocketName) -> RawFd {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.numbers.get(name).copied().unwrap_or(NEVER)
    }

    /// Gives the name a new descriptor, under a number that no descriptor had before.
    ///
    /// The kernel hands out the lowest free number (`alloc_fd`), so a closed name's number would soon belong to somebody
    /// else. Until it is moved here it does: a call on that closed name made at this very moment would hit the new socket.
    ///
    /// # Errors
    ///
    /// The errno of `close(2)` for the number that is given up.
    pub fn adopt(&self, sys: &mut Trace, name: &SocketName, fresh: RawFd) -> SysResult<RawFd> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = match table.used.last() {
            Some(highest) if table.used.contains(&fresh) => {
                match sys.dup_above(fresh, highest + 1) {
                    Ok(moved) => {
                        sys.close(fresh)?;
                        moved
                    }
                    // No number above is allowed (RLIMIT_NOFILE): as in any program, an old name's number is somebody else's now.
                    Err(_) => fresh,
                }
            }
            _ => fresh,
        };
        table.used.insert(number);
        table.numbers.insert(name.clone(), number);
        Ok(number)
    }
}
