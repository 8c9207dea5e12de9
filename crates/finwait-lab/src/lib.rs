//! Two hosts with live TCP sockets in the Linux kernel, and the wire between them, for tests.
//!
//! The kernel does all of it: the sockets are real, what a call returns is what the kernel returned, and a state is read from the
//! kernel's table. The wire is the test's: each segment can be held, dropped, duplicated or delayed, and nothing in between depends
//! on time.
//!
//! ```
//! use finwait_lab::{Lab, Segment, State};
//! use std::net::Shutdown;
//!
//! # fn main() -> finwait_lab::Result<()> {
//! let lab = Lab::isolated()?;
//! let (c, s) = (lab.client(), lab.server());
//! let listener = s.listen(8080)?;
//! let a = c.connect(listener.addr())?;
//! let b = listener.accept()?;
//!
//! let fin = lab.wire().hold(Segment::fin().from(c));
//! a.shutdown(Shutdown::Write)?;
//! assert_eq!(a.state()?, State::FinWait1);
//!
//! fin.next()?.deliver()?;
//! assert_eq!(b.state()?, State::CloseWait);
//! lab.until(|view| view.state(&a) == State::FinWait2)?;
//! # Ok(())
//! # }
//! ```
//!
//! A call's error is the kernel's, and it is data: a test asks for it.
//!
//! ```
//! # fn main() -> finwait_lab::Result<()> {
//! # use finwait_lab::{Errno, Lab, Segment};
//! # let lab = Lab::isolated()?;
//! let refused = lab.client().connect((lab.server().address(), 81).into()).unwrap_err();
//! assert_eq!(refused.errno(), Some(Errno::ECONNREFUSED));
//! # Ok(())
//! # }
//! ```
//!
//! A call that blocks can be begun, and waited for later:
//!
//! ```
//! # fn main() -> finwait_lab::Result<()> {
//! # use finwait_lab::{Lab, Segment, State};
//! # let lab = Lab::isolated()?;
//! let listener = lab.server().listen(8080)?;
//! let answer = lab.wire().hold(Segment::syn_ack());
//! let connecting = lab.client().connect_begin(listener.addr())?;
//! let syn_ack = answer.next()?;
//! assert!(!connecting.is_over());
//! assert_eq!(connecting.socket().state()?, State::SynSent);
//! syn_ack.deliver()?;
//! let connected = connecting.wait()?;
//! assert_eq!(connected.state()?, State::Established);
//! # Ok(())
//! # }
//! ```
//!
//! Programs run on the hosts, too, unmodified: the one under test, or what it is to talk to.
//!
//! ```
//! # fn main() -> finwait_lab::Result<()> {
//! # use finwait_lab::{Lab, Segment, State};
//! # let lab = Lab::isolated()?;
//! let server = lab.server().run("python3 -u -m http.server 80")?;
//! server.wait_for_listener(80)?;
//! let a = lab.client().connect((lab.server().address(), 80).into())?;
//! let fin = lab.wire().hold(Segment::fin().from(lab.server()));
//! a.write(b"GET / HTTP/1.0\r\n\r\n")?;
//! fin.next()?;
//! assert!(server.wait_for_line("GET")?.contains("200"));
//! # Ok(())
//! # }
//! ```
//!
//! # In a test
//!
//! [`Lab::isolated`] works in `cargo test`, in many threads at once, as an ordinary user: a child process owns the namespaces. It needs
//! `/dev/net/tun` (0666, as distributions ship it) and unprivileged user namespaces, or root; where the machine does not allow it,
//! [`Error::NoIsolatedLab`] says what is missing and what to do. [`Lab::loopback`] needs nothing, and has no wire.
//!
//! Every wait is bounded ([`LabBuilder::patience`]); one that is over says what was waited for and what happened instead. When a test
//! panics, its lab prints the last events.
//!
//! # How it runs
//!
//! The lab's processes are the test program, started again (`/proc/self/exe`) under another name: a constructor, which the C library
//! calls before `main`, sees the name and takes over, so that no test runs there. They end with the test program, also when that is
//! killed: they see it by the end of a socket.
#![deny(clippy::unwrap_used)]
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![deny(unsafe_code)]

#[doc(hidden)]
pub mod advice;
mod api;
mod driver;
#[doc(hidden)]
pub mod endpoint;
pub mod error;
pub mod event;
mod event_queue;
#[doc(hidden)]
pub mod facts;
mod host;
mod lines;
mod local;
mod namespace_reaper;
#[doc(hidden)]
pub mod observe;
#[allow(unsafe_code)]
#[doc(hidden)]
pub mod os;
mod owner;
mod poller;
mod process;
mod program;
mod quiet;
mod role;
#[doc(hidden)]
pub mod runtime;
mod strace;
#[doc(hidden)]
pub mod syn;
mod tree;
mod watch;

pub use api::{
    CallError, HeldSegment, Hold, Host, Lab, LabBuilder, Listener, MOST_READ, Pending, Program, RuleHandle, Segment,
    Socket, Transcript, View, Wire,
};
#[doc(hidden)]
pub mod fuzz {
    //! What reads other programs' text, for the fuzzer.

    use crate::lines::{PartialLine, RawLine};
    use crate::program::words::CommandLine;

    /// Returns the words of a command line, or why it is none.
    ///
    /// # Errors
    ///
    /// One sentence.
    pub fn command_line(text: &str) -> std::result::Result<Vec<String>, String> {
        CommandLine::parse(text).map(CommandLine::into_words)
    }

    /// Returns the lines of pieces that are read one after the other.
    pub fn lines<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let (mut line, mut lines) = (PartialLine::default(), Vec::new());
        let mut each = |line: &RawLine<'_>| lines.push(line.text());
        for piece in pieces {
            line.take(piece, &mut each);
        }
        line.end(&mut each);
        lines
    }
}
pub use error::{Error, Result};
pub use finwait_model as model;
pub use finwait_model::call::{PollEvent, Sigpipe, SocketOption};
pub use finwait_model::errno::Errno;
pub use finwait_model::host::{Setting, SettingValue};
pub use finwait_model::side::Side;
pub use finwait_model::state::State;
pub use finwait_wire as wire;
pub use finwait_wire::link::Link;

// What finwait itself builds on, in its own process; no part of the interface for tests.
#[doc(hidden)]
pub use event_queue::{Batch, BatchEvents};
#[doc(hidden)]
pub use local::{LabMode, LocalLab, Options, has_ipv6, try_isolated, try_loopback};
#[doc(hidden)]
pub use program::shell::open as open_shell;
#[doc(hidden)]
pub use program::surroundings::{NamedAddress, user as program_user, user_name};
#[doc(hidden)]
pub use quiet::{COMPILE_PATIENCE, PROCESS_PATIENCE, Quiet};
