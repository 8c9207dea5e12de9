//! Wake-ups of the driver beside packets: requests, and what endpoints do.
//!
//! These descriptors are seldom ready while packets stream, and poll would look at each of them every time. The kernel keeps them in a
//! list of their own instead (epoll), which is one descriptor to poll.

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use super::process::{Process, ProcessReadiness};
use crate::error::{Operation, Result};
use finwait_model::side::{Ends, Side};

/// The epoll descriptor over requests and both endpoints.
#[derive(Debug)]
pub struct Poller {
    epoll: OwnedFd,
    wake: Arc<OwnedFd>,
}

/// The source of a wake-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PollToken {
    Request,
    Words(Side),
    End(Side),
    Complaints(Side),
    Syscalls(Side),
}

impl PollToken {
    const ALL: [PollToken; 9] = [
        PollToken::Request,
        PollToken::Words(Side::Client),
        PollToken::Words(Side::Server),
        PollToken::End(Side::Client),
        PollToken::End(Side::Server),
        PollToken::Complaints(Side::Client),
        PollToken::Complaints(Side::Server),
        PollToken::Syscalls(Side::Client),
        PollToken::Syscalls(Side::Server),
    ];

    fn data(self) -> EventData {
        let place = PollToken::ALL.iter().position(|token| *token == self);
        EventData::new_u64(place.unwrap_or(PollToken::ALL.len()) as u64)
    }

    fn of(data: EventData) -> Option<PollToken> {
        PollToken::ALL.get(data.u64() as usize).copied()
    }
}

/// The sources that are ready.
#[derive(Clone, Copy, Debug)]
pub struct Readiness {
    /// Requests.
    pub requests: bool,
    /// Endpoints.
    pub processes: Ends<ProcessReadiness>,
}

impl Poller {
    /// Creates the poller; requests are ready when `wake` (`eventfd(2)`) is written to.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os) with the errno of `epoll_create1(2)` or `epoll_ctl(2)`.
    pub fn new(wake: Arc<OwnedFd>) -> Result<Poller> {
        let epoll = epoll::create(CreateFlags::CLOEXEC).during(|| "make an epoll descriptor".into())?;
        let poller = Poller { epoll, wake };
        poller.add(poller.wake.as_fd(), PollToken::Request, EventFlags::IN)?;
        Ok(poller)
    }

    /// Adds an endpoint, until its descriptors are closed.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os) with the errno of `epoll_ctl(2)`.
    pub fn watch(&self, side: Side, process: &Process) -> Result<()> {
        // Told once each time: who looks then reads all there is, and writes all that it takes.
        let once = EventFlags::IN | EventFlags::OUT | EventFlags::ET;
        self.add(process.control(), PollToken::Words(side), once)?;
        self.add(process.pidfd(), PollToken::End(side), EventFlags::IN)?;
        if let Some(syscalls) = process.syscalls() {
            self.add(syscalls, PollToken::Syscalls(side), EventFlags::IN)?;
        }
        match process.stderr() {
            Some(stderr) => self.add(stderr, PollToken::Complaints(side), EventFlags::IN),
            None => Ok(()),
        }
    }

    fn add(&self, fd: BorrowedFd<'_>, token: PollToken, flags: EventFlags) -> Result<()> {
        epoll::add(&self.epoll, fd, token.data(), flags).during(|| "wait for an endpoint".into())
    }

    /// Returns the sources that became ready since the last call; does not block.
    pub fn poll(&self) -> Readiness {
        let mut readiness = Readiness {
            requests: false,
            processes: Ends::default(),
        };
        let mut events = Vec::with_capacity(PollToken::ALL.len());
        let at_once = Timespec::default();
        if epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&at_once)).is_err() {
            // EINTR and the like: look at everything, which costs nothing but time.
            return Readiness {
                requests: true,
                processes: Ends::from_fn(|_| ProcessReadiness::ALL),
            };
        }
        for event in events {
            match PollToken::of(event.data) {
                Some(PollToken::Request) => readiness.requests = true,
                Some(PollToken::Words(side)) => readiness.processes[side].words = true,
                Some(PollToken::End(side)) => readiness.processes[side].end = true,
                Some(PollToken::Syscalls(side)) => readiness.processes[side].syscalls = true,
                Some(PollToken::Complaints(side)) => readiness.processes[side].complaints = true,
                None => {}
            }
        }
        readiness
    }

    /// Resets the eventfd of requests.
    pub fn drain(&self) {
        let _ = rustix::io::read(&self.wake, &mut [0; 8]);
    }

    /// The descriptor to write to for requests.
    pub fn wake(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

impl AsFd for Poller {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}
