//! The native endpoint: makes each call raw, and says what it did in `strace`'s words.
//!
//! ```text
//!  stdin --> run: a line, an order --> one thread per order --> calls: which system calls
//!                                        |                        `-> trace: makes each and writes it down
//!  stdout <-- replies: whole lines <-----+                              `-> os::sock
//! ```
//!
//! A thread per order, so that one blocked call does not hold up the others. No system call is made on a socket but those
//! that an order needs, so that `strace` and the transcript agree.

mod calls;
mod in_flight;
mod lines;
mod options;
mod sockets;
mod strace;
mod trace;

use std::io::{self, BufReader};
use std::os::fd::AsFd;
use std::process::{self, ExitCode};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use self::calls::Stop;
use self::in_flight::InFlight;
use self::lines::{Lines, ReadLine};
use self::sockets::Sockets;
use self::trace::Trace;
use super::protocol::{self, Reply, Request, VERSION};
use crate::os::signal;
use finwait_model::call::{CallId, EndpointCall, MOST_BYTES, ProcessCall};
use finwait_model::clock::MonoTime;
use finwait_model::outcome::{Outcome, Value};

/// The longest line that is read: the longest write, in hexadecimal, and what is around it.
const LONGEST_LINE: usize = 2 * MOST_BYTES + (64 << 10);
/// A call's thread needs little: its buffers are on the heap.
const STACK: usize = 256 << 10;

/// Reads orders from standard input and carries them out until it ends.
pub fn run() -> ExitCode {
    use_all_numbers();
    if let Err(errno) = signal::allow_interrupts() {
        eprintln!("finwait endpoint: sigaction: {errno}");
        return ExitCode::FAILURE;
    }
    let endpoint = Arc::new(Endpoint::default());
    endpoint.reply(&Reply::Hello {
        protocol: VERSION,
        runtime: "native".into(),
        takes_unasked: false,
    });
    let mut lines = Lines::new(BufReader::new(io::stdin().lock()), LONGEST_LINE);
    loop {
        match lines.next() {
            Ok(ReadLine::Whole(line)) => match protocol::parse(line) {
                Ok(request) => endpoint.start(request),
                Err(refused) => endpoint.reply(&refused),
            },
            Ok(ReadLine::TooLong) => endpoint.refuse(None, format!("the line is longer than {LONGEST_LINE} bytes")),
            Ok(ReadLine::End) => break,
            Err(error) => {
                eprintln!("finwait endpoint: standard input: {error}");
                break;
            }
        }
    }
    // Not a return: other threads may be blocked for good.
    process::exit(0)
}

/// Lifts the limit on descriptor numbers: since none is used twice, a long session would run out of them.
fn use_all_numbers() {
    let limit = getrlimit(Resource::Nofile);
    // A refusal leaves the old limit, and a call will say EMFILE or EINVAL in its time.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    );
}

#[derive(Default)]
struct Endpoint {
    sockets: Sockets,
    in_flight: InFlight,
    output: Mutex<()>,
}

impl Endpoint {
    /// Carries the order out on a thread of its own.
    fn start(self: &Arc<Self>, request: Request) {
        let id = request.id;
        if !self.in_flight.enter(id) {
            return self.refuse(Some(id), format!("a call of id {} is in flight", id.0));
        }
        let endpoint = Arc::clone(self);
        let thread = thread::Builder::new()
            .stack_size(STACK)
            .spawn(move || endpoint.carry_out(&request));
        if let Err(error) = thread {
            self.in_flight.land(id);
            self.refuse(Some(id), format!("no thread for the call: {error}"));
        }
    }

    fn carry_out(&self, Request { id, order }: &Request) {
        let id = *id;
        let announce = |text| {
            self.reply(&Reply::Began {
                id,
                at: MonoTime::now(),
                text,
            })
        };
        let mut sys = Trace::new(&announce);
        self.in_flight.take_off(id);
        let result = match order {
            EndpointCall::On { socket, call } => calls::make(&mut sys, &self.sockets, socket, call),
            EndpointCall::Process(ProcessCall::Interrupt { target }) => {
                // An interrupt is no call in flight: it cannot be meant by one, itself included.
                self.in_flight.land(id);
                self.in_flight
                    .interrupt(&mut sys, *target)
                    .map(|()| Value::Done)
                    .map_err(Stop::from)
            }
            EndpointCall::Process(ProcessCall::Sigpipe { disposition }) => {
                sys.set_sigpipe(*disposition).map(|_| Value::Done).map_err(Stop::from)
            }
        };
        let at = MonoTime::now();
        // Before the reply: an interrupt that comes after it must find nothing.
        self.in_flight.land(id);
        let outcome = match result {
            Ok(value) => Outcome::Ok(value),
            Err(Stop::Errno(errno)) => Outcome::Err(errno),
            Err(Stop::Deadline { written }) => Outcome::DeadlineExceeded { written },
            Err(Stop::Refused(why)) => return self.refuse(Some(id), why),
        };
        let ns = at.0.saturating_sub(sys.began().0);
        self.reply(&Reply::Ended {
            id,
            at,
            ns,
            outcome,
            said: None,
            trace: sys.into_made(),
        });
    }

    fn refuse(&self, id: Option<CallId>, why: String) {
        self.reply(&Reply::Refused { id, why });
    }

    /// Writes one line, whole. Nobody left to read it ends the process.
    fn reply(&self, reply: &Reply) {
        let Ok(mut line) = serde_json::to_vec(reply) else {
            return;
        };
        line.push(b'\n');
        let _whole = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rest = line.as_slice();
        while !rest.is_empty() {
            match rustix::io::write(io::stdout().as_fd(), rest) {
                Ok(n) => rest = &rest[n..],
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => process::exit(0),
            }
        }
    }
}
