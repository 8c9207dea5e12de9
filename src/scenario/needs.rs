//! Needs of a scenario from the kernel: a version, or that the kernel answers a question in a certain way.
//!
//! Stable kernels take changes back, so that a version says little of them: where it matters, the kernel itself is asked, on sockets of
//! the loopback address.

use rustix::thread::{Pid, gettid};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::os::fd::AsRawFd;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use super::Kernel;
use crate::errno::Errno;
use crate::os::sock;

/// The needs of a scenario from the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Needs {
    /// A kernel version, or a later one.
    Kernel(Kernel),
    /// The answers to the questions.
    Answers(Vec<(Question, Errno)>),
}

impl Needs {
    /// Returns, in one sentence, why the running kernel is not what is needed.
    pub fn unmet(&self) -> Option<String> {
        match self {
            Needs::Kernel(needs) => {
                let running = Kernel::running()?;
                (running < *needs).then(|| format!("it needs Linux {needs}, and this is {running}"))
            }
            Needs::Answers(answers) => answers.iter().find_map(|(question, wanted)| match question.ask() {
                Ok(answer) if answer == *wanted => None,
                Ok(answer) => Some(format!(
                    "it needs a kernel that returns {} for {}, and this one returns {}",
                    wanted.name(),
                    question.name(),
                    answer.name()
                )),
                Err(why) => Some(format!(
                    "it needs a kernel that returns {} for {}, which cannot be checked here: {why}",
                    wanted.name(),
                    question.name()
                )),
            }),
        }
    }
}

/// A question that kernels answer differently, and always with an errno.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// `connect(AF_UNSPEC)` while another thread waits in a read: its error, else the read's.
    ///
    /// EBUSY where `tcp_disconnect` looks at `sk_wait_pending`: in kernels of the middle of 2023, and in 5.10 since then. EPIPE where it
    /// counts `sk_disconnects`, which took the place of that in the others. ECONNRESET before both.
    DisconnectUnderRead,
    /// `shutdown` while another thread waits in a connect: its error, else the connect's. Where `tcp_disconnect` looks at
    /// `sk_wait_pending` it is EBUSY.
    ShutdownUnderConnect,
}

impl Question {
    /// All of them.
    pub const ALL: [Question; 2] = [Question::DisconnectUnderRead, Question::ShutdownUnderConnect];

    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Question::DisconnectUnderRead => "disconnect-under-read",
            Question::ShutdownUnderConnect => "shutdown-under-connect",
        }
    }

    /// The errno that kernels are known to answer it with.
    pub const fn answers(self) -> &'static [Errno] {
        match self {
            Question::DisconnectUnderRead => &[Errno::EPIPE, Errno::EBUSY, Errno::ECONNRESET],
            Question::ShutdownUnderConnect => &[Errno::ECONNRESET, Errno::EBUSY],
        }
    }

    /// Returns the running kernel's answer.
    ///
    /// # Errors
    ///
    /// The kernel could not be asked: the error of the system call that failed.
    pub fn ask(self) -> io::Result<Errno> {
        let (listener, client) = (socket()?, socket()?);
        listener.bind(&SockAddr::from(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))))?;
        // A queue for one.
        listener.listen(0)?;
        let address = listener.local_addr()?;
        match self {
            Question::DisconnectUnderRead => {
                client.connect(&address)?;
                let (server, _) = listener.accept()?;
                let read = || sock::read(client.as_raw_fd(), &mut [0]).err();
                let disconnect = || sock::disconnect(client.as_raw_fd()).err();
                under(read, disconnect, || server.shutdown(Shutdown::Both))
            }
            Question::ShutdownUnderConnect => {
                // The queue is full: the next SYN gets no answer. Where the shutdown is refused, the attempt must end by itself.
                let first = socket()?;
                first.connect(&address)?;
                client.set_write_timeout(Some(BOUND))?;
                let connect = || errno(client.connect(&address));
                let shutdown = || errno(client.shutdown(Shutdown::Write));
                under(connect, shutdown, || Ok(()))
            }
        }
    }
}

/// The longest that a call may take to wait, or its thread to end.
const BOUND: Duration = Duration::from_secs(1);

fn socket() -> io::Result<Socket> {
    Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))
}

fn errno(called: io::Result<()>) -> Option<Errno> {
    called.err().map(|error| Errno::of(&error))
}

/// The result of `other` while `call` waits in a thread of its own; that of `call`, where that is no error. `free` ends a wait that
/// `other` has not ended.
///
/// The thread is gone afterwards: a process with two cannot enter a user namespace.
fn under(
    call: impl FnOnce() -> Option<Errno> + Send,
    other: impl FnOnce() -> Option<Errno>,
    free: impl FnOnce() -> io::Result<()>,
) -> io::Result<Errno> {
    let failed = |why: &str| io::Error::other(why);
    thread::scope(|scope| {
        let (sender, receiver) = channel();
        let waiter = scope.spawn(move || {
            let _ = sender.send(gettid());
            call()
        });
        let id = receiver.recv().map_err(|_| failed("a thread did not start"))?;
        let waits = within_bound(|| sleeps(id));
        let refused = if waits { other() } else { None };
        if !waits || refused.is_some() {
            free()?;
        }
        let given = waiter.join().map_err(|_| failed("a thread panicked"))?;
        if !within_bound(|| fs::metadata(task(id)).is_err()) {
            return Err(failed("a thread did not end"));
        }
        if !waits {
            return Err(failed("a call that must wait did not"));
        }
        refused.or(given).ok_or_else(|| failed("both calls succeeded"))
    })
}

/// Waits until it is so; false when that takes too long.
fn within_bound(so: impl Fn() -> bool) -> bool {
    let began = Instant::now();
    loop {
        if so() {
            return true;
        }
        if began.elapsed() > BOUND {
            return false;
        }
        thread::sleep(Duration::from_micros(100));
    }
}

/// A thread of this process in procfs.
fn task(id: Pid) -> String {
    format!("/proc/self/task/{}", id.as_raw_nonzero())
}

/// Does the thread sleep? The state follows the name in parentheses (proc_pid_stat(5)).
fn sleeps(id: Pid) -> bool {
    let stat = fs::read_to_string(format!("{}/stat", task(id))).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each kernel gives one of the answers that are known, and the same one each time
    #[test]
    fn the_kernel_answers_every_question() {
        for question in Question::ALL {
            let answer = question.ask().unwrap();
            assert!(question.answers().contains(&answer), "{question:?}: {answer}");
            assert_eq!(question.ask().unwrap(), answer);
        }
    }

    #[test]
    fn what_the_kernel_does_not_answer_so_is_unmet() {
        let question = Question::DisconnectUnderRead;
        let answer = question.ask().unwrap();
        let met = |wanted| Needs::Answers(vec![(question, wanted)]).unmet();
        assert_eq!(met(answer), None);
        let other = question.answers().iter().find(|other| **other != answer).unwrap();
        let why = met(*other).unwrap();
        assert!(
            why.ends_with(&format!(
                "for disconnect-under-read, and this one returns {}",
                answer.name()
            )),
            "{why}"
        );
    }

    /// A call that does not wait is no answer.
    #[test]
    fn a_call_that_does_not_wait_is_noticed() {
        let error = under(|| None, || Some(Errno::EBUSY), || Ok(())).unwrap_err();
        assert_eq!(error.to_string(), "a call that must wait did not");
    }
}
