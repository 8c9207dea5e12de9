//! The system calls of one order: each is announced, made, timed and written down as `strace` would print it.

use std::fmt::Display;
use std::net::SocketAddr;
use std::os::fd::RawFd;

use libc::c_int;
use rustix::process::{Pid, getpid};

use super::strace::{self, HIDDEN};
use crate::os::signal;
use crate::os::sock::{self, Plain, SysResult};
use finwait_model::call::{Family, ShutdownHow, Sigpipe};
use finwait_model::clock::MonoTime;
use finwait_model::syscall::Syscall;

/// The level of an option, and `strace`'s name for it.
#[derive(Clone, Copy)]
pub struct OptionLevel {
    /// `SOL_SOCKET` or `IPPROTO_TCP`.
    pub level: c_int,
    /// The option's number on that level.
    pub number: c_int,
    /// The option's name in `strace`'s words.
    pub name: &'static str,
}

impl OptionLevel {
    const fn level_name(self) -> &'static str {
        if self.level == libc::SOL_SOCKET {
            "SOL_SOCKET"
        } else {
            "SOL_TCP"
        }
    }
}

/// Makes system calls and remembers them.
pub struct Trace<'a> {
    announce: Option<&'a dyn Fn(String)>,
    began: MonoTime,
    made: Vec<Syscall>,
}

impl<'a> Trace<'a> {
    /// Nothing made yet; `announce` is called once, before the first call.
    pub fn new(announce: &'a dyn Fn(String)) -> Trace<'a> {
        Trace {
            announce: Some(announce),
            began: MonoTime::now(),
            made: Vec::new(),
        }
    }

    /// The time at which the order began: just after it was announced.
    pub const fn began(&self) -> MonoTime {
        self.began
    }

    /// The calls that were made.
    pub fn into_made(self) -> Vec<Syscall> {
        self.made
    }

    /// Says what is about to be done. Without it, the first system call speaks for the order.
    pub fn announce(&mut self, text: &str) {
        if let Some(announce) = self.announce.take() {
            announce(text.to_owned());
            self.began = MonoTime::now();
        }
    }

    fn start(&mut self, call: &str) -> MonoTime {
        self.announce(call);
        MonoTime::now()
    }

    /// Writes down a call: `call` as it stood before, when it failed, or what `done` makes of it.
    fn finish<T>(
        &mut self,
        start: MonoTime,
        call: &str,
        answer: SysResult<T>,
        done: impl FnOnce(&T) -> String,
    ) -> SysResult<T> {
        let took = MonoTime::now().since(start);
        let (text, errno) = match &answer {
            Ok(value) => (done(value), None),
            Err(errno) => (format!("{call} = -1 {errno}"), Some(*errno)),
        };
        self.made.push(Syscall::parse(&text, errno, took));
        answer
    }

    /// A call whose text is the same before and after, and ends in a number.
    fn plain<T: Display>(&mut self, call: &str, make: impl FnOnce() -> SysResult<T>) -> SysResult<T> {
        let start = self.start(call);
        let answer = make();
        self.finish(start, call, answer, |number| format!("{call} = {number}"))
    }

    /// `socket`
    pub fn socket(&mut self, family: Family) -> SysResult<RawFd> {
        let call = format!("socket({}, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP)", family.name());
        self.plain(&call, || sock::socket(strace::family(family)))
    }

    /// `bind`
    pub fn bind(&mut self, fd: RawFd, address: &SocketAddr) -> SysResult<c_int> {
        let (text, length) = (strace::address(address), strace::address_length(address));
        self.plain(&format!("bind({fd}, {text}, {length})"), || sock::bind(fd, address))
    }

    /// `listen`
    pub fn listen(&mut self, fd: RawFd, backlog: c_int) -> SysResult<c_int> {
        self.plain(&format!("listen({fd}, {backlog})"), || sock::listen(fd, backlog))
    }

    /// `accept4`
    pub fn accept(&mut self, fd: RawFd) -> SysResult<(RawFd, Option<SocketAddr>)> {
        let room = size_of::<libc::sockaddr_storage>();
        let call = format!("accept4({fd}, {HIDDEN}, [{room}], SOCK_CLOEXEC)");
        let start = self.start(&call);
        let answer = sock::accept(fd).map(|(new, peer)| (new, peer.as_socket()));
        self.finish(start, &call, answer, |(new, peer)| match peer {
            Some(peer) => {
                let (text, length) = (strace::address(peer), strace::address_length(peer));
                format!("accept4({fd}, {text}, [{room} => {length}], SOCK_CLOEXEC) = {new}")
            }
            None => format!("{call} = {new}"),
        })
    }

    /// Returns the text of `connect`.
    pub fn connect_text(fd: RawFd, address: &SocketAddr) -> String {
        format!(
            "connect({fd}, {}, {})",
            strace::address(address),
            strace::address_length(address)
        )
    }

    /// `connect`
    pub fn connect(&mut self, fd: RawFd, address: &SocketAddr) -> SysResult<c_int> {
        self.plain(&Self::connect_text(fd, address), || sock::connect(fd, address))
    }

    /// `connect` with `AF_UNSPEC`
    pub fn disconnect(&mut self, fd: RawFd) -> SysResult<c_int> {
        self.plain(&format!("connect({fd}, {}, 16)", strace::NOWHERE), || {
            sock::disconnect(fd)
        })
    }

    /// `read`
    pub fn read(&mut self, fd: RawFd, into: &mut [u8]) -> SysResult<usize> {
        let room = into.len();
        let call = format!("read({fd}, {HIDDEN}, {room})");
        let start = self.start(&call);
        let answer = sock::read(fd, into);
        self.finish(start, &call, answer, |&n| {
            format!("read({fd}, {}, {room}) = {n}", strace::bytes(&into[..n]))
        })
    }

    /// `recvfrom`
    pub fn recv(&mut self, fd: RawFd, into: &mut [u8], flags: c_int) -> SysResult<usize> {
        let (room, names) = (into.len(), strace::message_flags(flags));
        let text = |data: &str| format!("recvfrom({fd}, {data}, {room}, {names}, NULL, NULL)");
        let call = text(HIDDEN);
        let start = self.start(&call);
        let answer = sock::recv(fd, into, flags);
        self.finish(start, &call, answer, |&n| {
            format!("{} = {n}", text(&strace::bytes(&into[..n])))
        })
    }

    /// `write`
    pub fn write(&mut self, fd: RawFd, bytes: &[u8]) -> SysResult<usize> {
        let call = format!("write({fd}, {}, {})", strace::bytes(bytes), bytes.len());
        self.plain(&call, || sock::write(fd, bytes))
    }

    /// `sendto`
    pub fn send(&mut self, fd: RawFd, bytes: &[u8], flags: c_int) -> SysResult<usize> {
        let (data, names) = (strace::bytes(bytes), strace::message_flags(flags));
        let call = format!("sendto({fd}, {data}, {}, {names}, NULL, 0)", bytes.len());
        self.plain(&call, || sock::send(fd, bytes, flags))
    }

    /// `shutdown`
    pub fn shutdown(&mut self, fd: RawFd, how: ShutdownHow) -> SysResult<c_int> {
        self.plain(&format!("shutdown({fd}, {})", how.name()), || {
            sock::shutdown(fd, strace::how(how))
        })
    }

    /// Returns the text of `close`.
    pub fn close_text(fd: RawFd) -> String {
        format!("close({fd})")
    }

    /// `close`
    pub fn close(&mut self, fd: RawFd) -> SysResult<c_int> {
        self.plain(&Self::close_text(fd), || sock::close(fd))
    }

    /// `dup`
    pub fn dup(&mut self, fd: RawFd) -> SysResult<RawFd> {
        self.plain(&format!("dup({fd})"), || sock::dup(fd))
    }

    /// `fcntl(F_DUPFD_CLOEXEC)`
    pub fn dup_above(&mut self, fd: RawFd, least: RawFd) -> SysResult<RawFd> {
        self.plain(&format!("fcntl({fd}, F_DUPFD_CLOEXEC, {least})"), || {
            sock::dup_above(fd, least)
        })
    }

    /// `fcntl(F_GETFL)`
    pub fn status_flags(&mut self, fd: RawFd) -> SysResult<c_int> {
        let call = format!("fcntl({fd}, F_GETFL)");
        let start = self.start(&call);
        let answer = sock::status_flags(fd);
        self.finish(start, &call, answer, |&flags| {
            format!("{call} = {flags:#x} (flags {})", strace::status_flags(flags))
        })
    }

    /// Returns the text of `fcntl(F_SETFL)`.
    pub fn set_status_flags_text(fd: RawFd, flags: c_int) -> String {
        format!("fcntl({fd}, F_SETFL, {})", strace::status_flags(flags))
    }

    /// `fcntl(F_SETFL)`
    pub fn set_status_flags(&mut self, fd: RawFd, flags: c_int) -> SysResult<c_int> {
        self.plain(&Self::set_status_flags_text(fd, flags), || {
            sock::set_status_flags(fd, flags)
        })
    }

    /// `poll`: the events that came, none when the time ran out.
    pub fn poll(&mut self, fd: RawFd, events: i16, timeout_ms: c_int) -> SysResult<i16> {
        let call = strace::poll(fd, events, timeout_ms);
        let start = self.start(&call);
        let answer = sock::poll(fd, events, timeout_ms);
        let polled = |(ready, events): &(c_int, i16)| format!("{call} = {}", strace::polled(fd, *ready, *events));
        self.finish(start, &call, answer, polled).map(|(_, events)| events)
    }

    /// `getsockopt`; `show` prints the value.
    pub fn option<T: Plain>(&mut self, fd: RawFd, place: OptionLevel, show: impl FnOnce(T) -> String) -> SysResult<T> {
        let (level, name, length) = (place.level_name(), place.name, size_of::<T>());
        let text = |value: &str| format!("getsockopt({fd}, {level}, {name}, {value}, [{length}])");
        let call = text(HIDDEN);
        let start = self.start(&call);
        let answer = sock::option(fd, place.level, place.number);
        self.finish(start, &call, answer, |value| format!("{} = 0", text(&show(*value))))
    }

    /// Returns the text of `setsockopt` before it is made.
    pub fn set_option_text<T: Plain>(fd: RawFd, place: OptionLevel, _: T, shown: &str) -> String {
        let (level, name, length) = (place.level_name(), place.name, size_of::<T>());
        format!("setsockopt({fd}, {level}, {name}, {shown}, {length})")
    }

    /// `setsockopt`; `shown` is the value in print.
    pub fn set_option<T: Plain>(&mut self, fd: RawFd, place: OptionLevel, value: T, shown: &str) -> SysResult<c_int> {
        let call = Self::set_option_text(fd, place, value, shown);
        self.plain(&call, || sock::set_option(fd, place.level, place.number, value))
    }

    /// Returns the text of `tgkill` before the thread is known.
    pub fn interrupt_text(thread: Option<Pid>) -> String {
        let thread = thread.map_or_else(|| HIDDEN.to_owned(), |tid| tid.to_string());
        format!("tgkill({}, {thread}, {})", getpid(), signal::INTERRUPT_NAME)
    }

    /// `tgkill`
    pub fn interrupt(&mut self, thread: Pid) -> SysResult<c_int> {
        self.plain(&Self::interrupt_text(Some(thread)), || signal::interrupt(thread))
    }

    /// `rt_sigaction` of SIGPIPE
    pub fn set_sigpipe(&mut self, disposition: Sigpipe) -> SysResult<c_int> {
        let handler = match disposition {
            Sigpipe::Ignore => "SIG_IGN",
            Sigpipe::Default => "SIG_DFL",
        };
        // SA_RESTORER and the restorer are libc's, which adds them where the processor needs them.
        let action = format!("{{sa_handler={handler}, sa_mask=[], sa_flags=SA_RESTORER, sa_restorer={HIDDEN}}}");
        self.plain(&format!("rt_sigaction(SIGPIPE, {action}, NULL, 8)"), || {
            signal::set_sigpipe(disposition)
        })
    }
}
