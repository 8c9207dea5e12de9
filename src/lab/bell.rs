//! Wake-ups of the driver beside packets: requests, and what endpoints do.
//!
//! These descriptors seldom ring while packets stream, and poll would look at each of them every time. The kernel keeps them in a
//! list of their own instead (epoll), which is one descriptor to poll.

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use super::process::{Process, Ready};
use crate::error::{Operation, Result};
use crate::side::{Ends, Side};

/// All descriptors that ring.
#[derive(Debug)]
pub struct Bell {
    epoll: OwnedFd,
    wake: Arc<OwnedFd>,
}

/// The source of a wake-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ringer {
    Request,
    Words(Side),
    End(Side),
    Complaints(Side),
    Syscalls(Side),
}

impl Ringer {
    const ALL: [Ringer; 9] = [
        Ringer::Request,
        Ringer::Words(Side::Client),
        Ringer::Words(Side::Server),
        Ringer::End(Side::Client),
        Ringer::End(Side::Server),
        Ringer::Complaints(Side::Client),
        Ringer::Complaints(Side::Server),
        Ringer::Syscalls(Side::Client),
        Ringer::Syscalls(Side::Server),
    ];

    fn data(self) -> EventData {
        let place = Ringer::ALL.iter().position(|ringer| *ringer == self);
        EventData::new_u64(place.unwrap_or(Ringer::ALL.len()) as u64)
    }

    fn of(data: EventData) -> Option<Ringer> {
        Ringer::ALL.get(data.u64() as usize).copied()
    }
}

/// Who has rung.
#[derive(Clone, Copy, Debug)]
pub struct Rung {
    /// Requests.
    pub requests: bool,
    /// Endpoints.
    pub processes: Ends<Ready>,
}

impl Bell {
    /// Rings when `wake` is written to.
    pub fn new(wake: Arc<OwnedFd>) -> Result<Bell> {
        let epoll = epoll::create(CreateFlags::CLOEXEC).during(|| "make an epoll descriptor".into())?;
        let bell = Bell { epoll, wake };
        bell.add(bell.wake.as_fd(), Ringer::Request, EventFlags::IN)?;
        Ok(bell)
    }

    /// Rings for an endpoint, too, until its descriptors are closed.
    pub fn watch(&self, side: Side, process: &Process) -> Result<()> {
        // Told once each time: who looks then reads all there is, and writes all that it takes.
        let once = EventFlags::IN | EventFlags::OUT | EventFlags::ET;
        self.add(process.control(), Ringer::Words(side), once)?;
        self.add(process.pidfd(), Ringer::End(side), EventFlags::IN)?;
        if let Some(syscalls) = process.syscalls() {
            self.add(syscalls, Ringer::Syscalls(side), EventFlags::IN)?;
        }
        match process.stderr() {
            Some(stderr) => self.add(stderr, Ringer::Complaints(side), EventFlags::IN),
            None => Ok(()),
        }
    }

    fn add(&self, fd: BorrowedFd<'_>, ringer: Ringer, flags: EventFlags) -> Result<()> {
        epoll::add(&self.epoll, fd, ringer.data(), flags).during(|| "wait for an endpoint".into())
    }

    /// Who has rung since the last time.
    pub fn listen(&self) -> Rung {
        let mut rung = Rung {
            requests: false,
            processes: Ends::default(),
        };
        let mut events = Vec::with_capacity(Ringer::ALL.len());
        let at_once = Timespec::default();
        if epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&at_once)).is_err() {
            // EINTR and the like: look at everything, which costs nothing but time.
            return Rung {
                requests: true,
                processes: Ends::from_fn(|_| Ready::ALL),
            };
        }
        for event in events {
            match Ringer::of(event.data) {
                Some(Ringer::Request) => rung.requests = true,
                Some(Ringer::Words(side)) => rung.processes[side].words = true,
                Some(Ringer::End(side)) => rung.processes[side].end = true,
                Some(Ringer::Syscalls(side)) => rung.processes[side].syscalls = true,
                Some(Ringer::Complaints(side)) => rung.processes[side].complaints = true,
                None => {}
            }
        }
        rung
    }

    /// Takes the word that there are requests.
    pub fn silence(&self) {
        let _ = rustix::io::read(&self.wake, &mut [0; 8]);
    }

    /// The descriptor to write to for requests.
    pub fn wake(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}
