//! The reaper: a process that outlives the lab by a moment, to clear the hosts' namespaces, and what their endpoints started.
//!
//! Connections that a dead endpoint leaves to the kernel send their FIN again and again to a wire that is gone, and keep their
//! namespace alive for minutes. The program cannot take them away itself when it was killed with -9: the reaper, which waits
//! for the end of the socket between them, can. It holds what it needs for that, and what is slow to let go of, so that nobody waits
//! for it: the last descriptor of a TUN device waits for an RCU grace period and the kernel's lock of all network devices
//! (`__tun_detach`).

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketFlags, SocketType, recvmsg, sendmsg,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode, Stdio};
use std::sync::{Mutex, PoisonError};

use super::tree::{self, LabMark, Mark};
use crate::error::{Operation, Result};
use crate::observe::diag::Diag;
use crate::observe::trace;
use crate::os::netns;
use crate::program::shell;
use crate::role::Role;
use finwait_model::call::Family;
use finwait_model::state::State;

/// The message that endpoints may have started processes; one that names no instance of tracefs and no card either is the name of a host's
/// namespace, with two descriptors of it.
const STARTED: &str = "started";
/// The message with the lab's card.
const CARD: &str = "card";
/// The beginning of the message that names an instance of tracefs.
const TRACED: &str = "traced ";
/// The most readings of the table: a socket may come up while the others are destroyed.
const ROUNDS: usize = 100;

/// A lab's reaper: one process, once there is something for it to clear.
#[derive(Debug)]
pub struct NamespaceReaper {
    program: PathBuf,
    mark: LabMark,
    process: Mutex<Option<ReaperProcess>>,
}

#[derive(Debug)]
struct ReaperProcess {
    child: Child,
    control: OwnedFd,
}

impl NamespaceReaper {
    /// Returns a reaper without a process; `program` becomes that.
    pub fn new(program: PathBuf) -> NamespaceReaper {
        NamespaceReaper {
            program,
            mark: LabMark::new(),
            process: Mutex::new(None),
        }
    }

    /// The mark for another endpoint.
    pub fn endpoint(&self) -> Mark {
        self.mark.endpoint()
    }

    /// Has it clear the calling thread's network namespace, which leads to the wire by that device.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os) where the process did not start, or the namespace has no sock_diag.
    pub fn take_over(&self, tun: BorrowedFd<'_>) -> Result<()> {
        let diag = Diag::open()?;
        self.tell(&netns::own_name()?, &[diag.as_fd(), tun])
    }

    /// Has it end the processes that the lab's endpoints have started.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os) where the process did not start.
    pub fn end_processes(&self) -> Result<()> {
        self.tell(STARTED, &[])
    }

    /// Has it end what runs on the hosts when the lab is over, where a shell has entered it, as the card says.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os) where the process did not start.
    pub fn end_shells(&self, card: BorrowedFd<'_>) -> Result<()> {
        self.tell(CARD, &[card])
    }

    /// Has it take away an instance of tracefs.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os) where the process did not start.
    pub fn take_away(&self, instance: &Path) -> Result<()> {
        self.tell(&format!("{TRACED}{}", instance.display()), &[])
    }

    fn tell(&self, what: &str, descriptors: &[BorrowedFd<'_>]) -> Result<()> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let process = match &mut *process {
            Some(process) => process,
            none => none.insert(ReaperProcess::start(self)?),
        };
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() {
            ancillary.push(SendAncillaryMessage::ScmRights(descriptors));
        }
        let words = [IoSlice::new(what.as_bytes())];
        sendmsg(&process.control, &words, &mut ancillary, SendFlags::NOSIGNAL)
            .map(drop)
            .during(|| "speak with the reaper of a lab".into())
    }
}

impl ReaperProcess {
    fn start(reaper: &NamespaceReaper) -> Result<ReaperProcess> {
        let (control, theirs) =
            rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
                .during(|| "make a socketpair".into())?;
        let child = Role::Reaper
            .command(&reaper.program)?
            .arg(reaper.mark.word())
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A Ctrl-C at the terminal is not for it: it ends when we do.
            .process_group(0)
            .spawn()
            .during(|| "start the reaper of a lab".into())?;
        Ok(ReaperProcess { child, control })
    }
}

impl Drop for ReaperProcess {
    fn drop(&mut self) {
        // Its standard input ends: it clears away, and is done.
        let _ = rustix::net::shutdown(&self.control, rustix::net::Shutdown::Both);
        let _ = self.child.wait();
    }
}

/// A host's namespace, as it was handed over.
struct Namespace {
    name: PathBuf,
    diag: Diag,
    /// The last descriptor of its device, when the lab is gone.
    _tun: OwnedFd,
}

/// Takes over namespaces until the end of standard input, then clears them, and ends the processes of the lab that the arguments name.
///
/// Connections are destroyed only by the sockets that it was given: whoever starts it by mistake does not lose the machine's.
pub fn run(arguments: &[String]) -> ExitCode {
    let Some(lab) = arguments.first() else {
        return ExitCode::FAILURE;
    };
    let mut namespaces = Vec::new();
    let mut traced: Vec<PathBuf> = Vec::new();
    let mut started = false;
    let mut card: Option<OwnedFd> = None;
    loop {
        match next() {
            Ok(None) => break,
            Ok(Some((word, _))) if word == STARTED => started = true,
            Ok(Some((word, descriptors))) if word == CARD => card = descriptors.into_iter().next(),
            Ok(Some((name, descriptors))) => {
                traced.extend(name.strip_prefix(TRACED).map(PathBuf::from));
                if let Ok([diag, tun]) = <[OwnedFd; 2]>::try_from(descriptors) {
                    namespaces.push(Namespace {
                        name: name.into(),
                        diag: Diag::of(diag),
                        _tun: tun,
                    });
                }
            }
            Err(Errno::INTR) => {}
            Err(_) => return ExitCode::FAILURE,
        }
    }
    traced.iter().for_each(|instance| trace::remove(instance));
    // finwait's own endpoint starts none, and dies with its parent: without a shell, there is nobody to look for then.
    let is_entered = card.is_some_and(|card| shell::end_of_lab(card.as_fd()));
    if started || is_entered {
        tree::end_lab(lab, namespaces.iter().map(|namespace| namespace.name.as_path()));
    }
    for namespace in &mut namespaces {
        clear(&mut namespace.diag);
    }
    ExitCode::SUCCESS
}

/// The next message and the descriptors that came with it; none when the lab is gone.
fn next() -> rustix::io::Result<Option<(String, Vec<OwnedFd>)>> {
    let mut word = [0; 256];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let message = recvmsg(
        io::stdin().as_fd(),
        &mut [IoSliceMut::new(&mut word)],
        &mut ancillary,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    let rights = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    let descriptors = rights.flatten().collect();
    let word = String::from_utf8_lossy(&word[..message.bytes]).into_owned();
    Ok((message.bytes > 0).then_some((word, descriptors)))
}

/// Destroys what connections are left in a namespace.
fn clear(diag: &mut Diag) {
    for _ in 0..ROUNDS {
        let mut left = 0;
        for family in [Family::Inet, Family::Inet6] {
            let mut rows = Vec::new();
            if diag.dump_without_info(family, &mut rows).is_err() {
                continue;
            }
            // What waits out its 60 s holds no namespace (`inet_twsk_purge`), nor does an orphan in FIN_WAIT2, which is one too.
            let holding = rows
                .iter()
                .filter(|row| !matches!(row.state, State::TimeWait | State::FinWait2) || row.inode != 0);
            for row in holding {
                left += 1;
                // Best effort: a kernel without SOCK_DESTROY lets them time out.
                let _ = diag.destroy(&row.tuple);
            }
        }
        if left == 0 {
            break;
        }
    }
}
