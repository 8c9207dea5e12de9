//! Calls in flight, so that one can be interrupted.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Pid;
use rustix::thread::gettid;

use super::trace::Trace;
use crate::os::sock::SysResult;
use finwait_model::call::CallId;
use finwait_model::errno::Errno;

/// A signal may come just before the thread enters its blocking call and be lost there: it is sent again after so long...
const AGAIN: Duration = Duration::from_millis(5);
/// ...and so often.
const TRIES: usize = 50;

/// The calls in flight, each with its thread once that runs.
#[derive(Default)]
pub struct InFlight {
    threads: Mutex<HashMap<CallId, Option<Pid>>>,
    landed: Condvar,
}

impl InFlight {
    fn threads(&self) -> MutexGuard<'_, HashMap<CallId, Option<Pid>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a call; false when one of that id is in flight.
    pub fn enter(&self, id: CallId) -> bool {
        let mut threads = self.threads();
        let free = !threads.contains_key(&id);
        if free {
            threads.insert(id, None);
        }
        free
    }

    /// Records that this thread makes the call.
    pub fn take_off(&self, id: CallId) {
        self.threads().insert(id, Some(gettid()));
    }

    /// The call is over.
    pub fn land(&self, id: CallId) {
        self.threads().remove(&id);
        self.landed.notify_all();
    }

    /// Interrupts a call until it is over.
    ///
    /// The lock is held over `tgkill`, so the thread is still the one that makes the call.
    ///
    /// # Errors
    ///
    /// `ESRCH` when the call is not in flight, or is over before a signal could be sent.
    pub fn interrupt(&self, sys: &mut Trace, target: CallId) -> SysResult<()> {
        sys.announce(&Trace::interrupt_text(None));
        let mut threads = self.threads();
        if !threads.contains_key(&target) {
            return Err(Errno::ESRCH);
        }
        let mut sent = false;
        for _ in 0..TRIES {
            match threads.get(&target) {
                None => break,
                Some(None) => {}
                Some(Some(thread)) => {
                    sys.interrupt(*thread)?;
                    sent = true;
                }
            }
            let in_flight = |threads: &mut HashMap<_, _>| threads.contains_key(&target);
            let waited = self.landed.wait_timeout_while(threads, AGAIN, in_flight);
            threads = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if sent { Ok(()) } else { Err(Errno::ESRCH) }
    }
}
