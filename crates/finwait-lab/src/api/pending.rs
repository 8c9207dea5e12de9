//! Calls that were begun, and may block.

use std::fmt;
use std::time::Duration;

use super::call::CallError;
use super::host::Host;
use super::socket::Socket;
use super::view::{CallEnd, View};
use crate::error::Error;
use finwait_model::call::{CallId, EndpointCall, ProcessCall};
use finwait_model::outcome::{Outcome, Value};

/// The result of a call: its value, and the inode behind the descriptor that it made.
pub(super) struct Returned {
    pub value: Value,
    pub inode: Option<u64>,
}

/// A call that was begun: the endpoint makes it, and it may block there as long as the kernel likes.
///
/// Dropping it does not end the call.
#[must_use = "the call is made, and what it returned is never seen"]
pub struct Pending<T> {
    ticket: Ticket,
    socket: Socket,
    made: Box<dyn Fn(Returned) -> T + Send + Sync>,
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("call", &self.ticket.words())
            .finish_non_exhaustive()
    }
}

impl<T> Pending<T> {
    pub(super) fn new(
        ticket: Ticket,
        socket: Socket,
        made: impl Fn(Returned) -> T + Send + Sync + 'static,
    ) -> Pending<T> {
        Pending {
            ticket,
            socket,
            made: Box::new(made),
        }
    }

    /// The socket that the call is made on.
    pub const fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Has the call returned, or is the lab gone, in which nothing can return any more?
    ///
    /// A call that was begun a moment ago may just not have come to it: [`Lab::quiet`](crate::Lab::quiet) waits until all that can
    /// happen by itself has happened.
    pub fn is_over(&self) -> bool {
        let remote = self.ticket.host.remote();
        remote.look(|view| self.ticket.end(view).is_some()) || remote.alive().is_err()
    }

    /// Waits for the call to return, for the lab's patience.
    ///
    /// # Errors
    ///
    /// The errno of the call; [`Error::TimedOut`] when it still blocks then. It can be waited for again.
    pub fn wait(&self) -> Result<T, CallError> {
        self.wait_for(self.ticket.host.remote().patience)
    }

    /// Waits for the call to return, for so long.
    ///
    /// # Errors
    ///
    /// The errno of the call; [`Error::TimedOut`] when it still blocks then. It can be waited for again.
    pub fn wait_for(&self, time: Duration) -> Result<T, CallError> {
        self.ticket.wait_for(time).map(|returned| (self.made)(returned))
    }

    /// Interrupts the call with a signal: one that blocks returns `EINTR`.
    ///
    /// # Errors
    ///
    /// `ESRCH` when the call is over.
    pub fn interrupt(&self) -> Result<(), CallError> {
        let target = self.ticket.id;
        let order = EndpointCall::Process(ProcessCall::Interrupt { target });
        self.ticket.host.call(order).map(drop)
    }
}

/// A call by its number.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    host: Host,
    id: CallId,
    /// The kind of the call, for the time before the endpoint has said it in its own words.
    kind: &'static str,
    /// The number of the host's processes that had ended when it was begun.
    died: u32,
}

impl Ticket {
    /// Has the endpoint make a call, and waits until it is about to make it.
    pub(super) fn begin(host: &Host, order: EndpointCall) -> Result<Ticket, Error> {
        let remote = host.remote();
        let (side, id, kind) = (host.side(), remote.next_call(), order.kind().name());
        let (is_up, died, death) = remote.look(|view| {
            let process = view.process(side);
            (process.is_up(), process.died, process.death)
        });
        remote.alive()?;
        if !is_up {
            return Err(Error::EndpointDied { side, how: death });
        }
        let ticket = Ticket {
            host: host.clone(),
            id,
            kind,
            died,
        };
        remote.send(&crate::event::LabRequest::Call(
            side,
            crate::endpoint::protocol::Request { id, order },
        ))?;
        let announced = |view: &View| {
            let call = view.call(id);
            let begun = call.is_some_and(|call| call.text.is_some() || call.end.is_some());
            (begun || ticket.is_lost(view)).then_some(())
        };
        remote.wait(
            remote.patience,
            || format!("the {side} endpoint to begin {kind}"),
            announced,
        )?;
        Ok(ticket)
    }

    /// Has the process died that was to make it?
    fn is_lost(&self, view: &View) -> bool {
        view.process(self.host.side()).died > self.died
    }

    fn words(&self) -> String {
        let text = self.host.remote().look(|view| view.call(self.id)?.text.clone());
        text.unwrap_or_else(|| self.kind.into())
    }

    /// The end of the call, once it has one.
    fn end(&self, view: &View) -> Option<Result<CallEnd, Error>> {
        let end = view.call(self.id).and_then(|call| call.end.clone());
        let side = self.host.side();
        let died = || Error::EndpointDied {
            side,
            how: view.process(side).death,
        };
        end.map(Ok).or_else(|| self.is_lost(view).then(|| Err(died())))
    }

    pub(super) fn wait_for(&self, time: Duration) -> Result<Returned, CallError> {
        let remote = self.host.remote();
        let side = self.host.side();
        // Asked before, as the lock is held while the error is made.
        let words = self.words();
        let waited_for = || format!("{words} of the {side} to return");
        let end = remote.wait(time, waited_for, |view| self.end(view))??;
        let refused = |why: String| CallError::from(Error::Refused { side, why });
        match end {
            CallEnd::Refused(why) => Err(refused(why)),
            CallEnd::Returned(outcome, inode) => match outcome {
                Outcome::Ok(value) => Ok(Returned { value, inode }),
                Outcome::Err(errno) => Err(CallError::Errno {
                    call: self.words(),
                    errno,
                }),
                // The native endpoint gives none of these to calls without a deadline.
                Outcome::DeadlineExceeded { .. } | Outcome::Library(_) | Outcome::Unsupported(_) => {
                    Err(refused(outcome.brief()))
                }
            },
        }
    }
}
