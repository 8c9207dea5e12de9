//! The making of each call: which system calls, in which order, and what becomes of their answers.

use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::time::Duration;

use libc::c_int;

use super::options;
use super::sockets::Sockets;
use super::strace;
use super::trace::Trace;
use crate::os::sock::SysResult;
use finwait_model::call::{Bytes, Call, PollEvent, SocketName, SocketOption};
use finwait_model::clock::{Millis, MonoTime};
use finwait_model::errno::Errno;
use finwait_model::outcome::{OptionReading, Reading, Value};

/// The largest buffer of a read or a write.
const MOST: usize = 64 << 20;
/// The most bytes of what was read that go into the reply.
const KEPT: usize = 1024;

/// The reason why a call gave no value.
pub enum Stop {
    /// The kernel said so.
    Errno(Errno),
    /// The deadline passed; so many bytes had been written.
    Deadline {
        /// 0 for any call but a write.
        written: usize,
    },
    /// The order cannot be carried out, and no system call was made; one sentence.
    Refused(String),
}

impl From<Errno> for Stop {
    fn from(errno: Errno) -> Stop {
        Stop::Errno(errno)
    }
}

impl From<String> for Stop {
    fn from(why: String) -> Stop {
        Stop::Refused(why)
    }
}

/// Makes a call on the socket of that name.
///
/// # Errors
///
/// [`Stop`]: the errno of the system call that failed, or the reason why the call was not made.
pub fn make(sys: &mut Trace, sockets: &Sockets, name: &SocketName, call: &Call) -> Result<Value, Stop> {
    let fd = sockets.number(name);
    match call {
        Call::Socket { family } => {
            let fresh = sys.socket(*family)?;
            let fd = sockets.adopt(sys, name, fresh)?;
            return Ok(Value::Descriptor { fd, peer: None });
        }
        Call::Accept { r#as } => {
            let (fresh, peer) = sys.accept(fd)?;
            let fd = sockets.adopt(sys, r#as, fresh)?;
            return Ok(Value::Descriptor { fd, peer });
        }
        Call::Dup { r#as } => {
            let fresh = sys.dup(fd)?;
            let fd = sockets.adopt(sys, r#as, fresh)?;
            return Ok(Value::Descriptor { fd, peer: None });
        }
        Call::Read { n, flags, deadline } => {
            return read(sys, fd, *n, strace::read_bits(flags), deadline.map(Deadline::after));
        }
        Call::Write {
            data,
            repeat,
            flags,
            deadline,
        } => {
            let bytes = filled(data, *repeat)?;
            return write(
                sys,
                fd,
                &bytes,
                strace::write_bits(flags),
                deadline.map(Deadline::after),
            );
        }
        Call::Poll { events, timeout } => {
            let timeout = c_int::try_from(timeout.0).unwrap_or(c_int::MAX);
            let ready = sys.poll(fd, strace::event_bits(events), timeout)?;
            return Ok(Value::Ready {
                events: strace::events(ready),
            });
        }
        Call::SoError => {
            let error = options::take_error(sys, fd)?;
            return Ok(Value::PendingError {
                error: (error != 0).then_some(Errno(error)),
            });
        }
        Call::Options => return all_options(sys, fd),
        Call::GetOption { option } => {
            let value = Reading::Value(options::get(sys, fd, *option)?);
            return Ok(Value::Options {
                readings: vec![OptionReading { option: *option, value }],
            });
        }
        Call::Bind { address } => sys.bind(fd, address)?,
        Call::Listen { backlog } => sys.listen(fd, *backlog)?,
        Call::Connect {
            address,
            deadline: None,
        } => sys.connect(fd, address)?,
        Call::Connect {
            address,
            deadline: Some(ms),
        } => connect_by(sys, fd, address, Deadline::after(*ms))?,
        Call::Shutdown { how } => sys.shutdown(fd, *how)?,
        Call::Close => sys.close(fd)?,
        // tcp_close: linger on with no time left means tcp_disconnect, which sends RST.
        Call::RstClose => close_lingering(sys, fd, 0)?,
        Call::LingerClose { seconds } => close_lingering(sys, fd, *seconds)?,
        Call::Disconnect => sys.disconnect(fd)?,
        Call::SetOption { option, value } => options::set(sys, fd, *option, *value)??,
    };
    Ok(Value::Done)
}

fn close_lingering(sys: &mut Trace, fd: RawFd, seconds: u16) -> SysResult<c_int> {
    // Both at once: what close does to the peer is reported before it returns, and setsockopt came first.
    let linger = options::linger_text(fd, c_int::from(seconds));
    sys.announce(&format!("{linger}, {}", Trace::close_text(fd)));
    options::set_linger(sys, fd, c_int::from(seconds))?;
    sys.close(fd)
}

/// Reads every option; an error only when not one could be read.
fn all_options(sys: &mut Trace, fd: RawFd) -> Result<Value, Stop> {
    let answers = SocketOption::ALL
        .iter()
        .map(|&option| (option, options::get(sys, fd, option)));
    let answers: Vec<_> = answers.collect();
    if let Some(&(_, Err(errno))) = answers.first()
        && answers.iter().all(|(_, answer)| answer.is_err())
    {
        return Err(errno.into());
    }
    let reading = |(option, answer): (SocketOption, SysResult<i64>)| OptionReading {
        option,
        value: answer.map_or_else(Reading::Errno, Reading::Value),
    };
    Ok(Value::Options {
        readings: answers.into_iter().map(reading).collect(),
    })
}

/// A point in time at which a call is given up, in Go's sense: the socket stays as it is.
#[derive(Clone, Copy)]
struct Deadline(MonoTime);

impl Deadline {
    fn after(time: Millis) -> Deadline {
        Deadline(MonoTime::now().plus(time.into()))
    }

    /// The rest in milliseconds, rounded up so that `poll` never returns too early; `None` when there is none.
    fn rest(self) -> Option<c_int> {
        let rest = self.0.since(MonoTime::now());
        let ms = rest.as_nanos().div_ceil(Duration::from_millis(1).as_nanos());
        (ms > 0).then(|| c_int::try_from(ms).unwrap_or(c_int::MAX))
    }

    /// Waits for an event; false when the time is up first.
    fn wait(self, sys: &mut Trace, fd: RawFd, event: PollEvent) -> SysResult<bool> {
        match self.rest() {
            Some(ms) => sys.poll(fd, strace::event_bits(&[event]), ms).map(|events| events != 0),
            None => Ok(false),
        }
    }
}

fn connect_by(sys: &mut Trace, fd: RawFd, address: &SocketAddr, deadline: Deadline) -> Result<c_int, Stop> {
    sys.announce(&Trace::connect_text(fd, address));
    let flags = sys.status_flags(fd)?;
    let blocks = flags & libc::O_NONBLOCK == 0;
    if blocks {
        sys.set_status_flags(fd, flags | libc::O_NONBLOCK)?;
    }
    let connected = connect_nonblocking(sys, fd, address, deadline);
    // The connection's own outcome goes first, should the flags not come back.
    let restored = if blocks { sys.set_status_flags(fd, flags) } else { Ok(0) };
    connected.and_then(|_| Ok(restored?))
}

fn connect_nonblocking(sys: &mut Trace, fd: RawFd, address: &SocketAddr, deadline: Deadline) -> Result<c_int, Stop> {
    match sys.connect(fd, address) {
        Err(Errno::EINPROGRESS) => {}
        answer => return Ok(answer?),
    }
    if !deadline.wait(sys, fd, PollEvent::Out)? {
        return Err(Stop::Deadline { written: 0 });
    }
    match options::take_error(sys, fd)? {
        0 => Ok(0),
        error => Err(Errno(error).into()),
    }
}

fn read(sys: &mut Trace, fd: RawFd, n: usize, flags: c_int, deadline: Option<Deadline>) -> Result<Value, Stop> {
    if n > MOST {
        return Err(format!("a read of {n} bytes is too large, {MOST} is the most").into());
    }
    let mut buffer = vec![0; n];
    let n = match deadline {
        None if flags == 0 => sys.read(fd, &mut buffer)?,
        None => sys.recv(fd, &mut buffer, flags)?,
        Some(deadline) => read_by(sys, fd, &mut buffer, flags, deadline)?,
    };
    buffer.truncate(n.min(KEPT));
    Ok(Value::Read { n, data: Bytes(buffer) })
}

fn read_by(sys: &mut Trace, fd: RawFd, into: &mut [u8], flags: c_int, deadline: Deadline) -> Result<usize, Stop> {
    let event = if flags & libc::MSG_OOB == 0 {
        PollEvent::In
    } else {
        PollEvent::Pri
    };
    loop {
        match sys.recv(fd, into, flags | libc::MSG_DONTWAIT) {
            Err(Errno::EAGAIN) if deadline.wait(sys, fd, event)? => {}
            Err(Errno::EAGAIN) => return Err(Stop::Deadline { written: 0 }),
            answer => return Ok(answer?),
        }
    }
}

/// The data, `repeat` times over.
fn filled(data: &Bytes, repeat: usize) -> Result<Vec<u8>, Stop> {
    match data.0.len().checked_mul(repeat) {
        Some(total) if total <= MOST => Ok(data.0.repeat(repeat)),
        _ => Err(format!(
            "a write of {} bytes {repeat} times is too large, {MOST} is the most",
            data.0.len()
        )
        .into()),
    }
}

fn write(sys: &mut Trace, fd: RawFd, bytes: &[u8], flags: c_int, deadline: Option<Deadline>) -> Result<Value, Stop> {
    let n = match deadline {
        None if flags == 0 => sys.write(fd, bytes)?,
        None => sys.send(fd, bytes, flags)?,
        Some(deadline) => write_by(sys, fd, bytes, flags, deadline)?,
    };
    Ok(Value::Written { n })
}

fn write_by(sys: &mut Trace, fd: RawFd, bytes: &[u8], flags: c_int, deadline: Deadline) -> Result<usize, Stop> {
    let mut written = 0;
    loop {
        match sys.send(fd, &bytes[written..], flags | libc::MSG_DONTWAIT) {
            Ok(n) => written += n,
            Err(Errno::EAGAIN) if deadline.wait(sys, fd, PollEvent::Out)? => {}
            Err(Errno::EAGAIN) => return Err(Stop::Deadline { written }),
            Err(errno) => return Err(errno.into()),
        }
        if written == bytes.len() {
            return Ok(written);
        }
    }
}
