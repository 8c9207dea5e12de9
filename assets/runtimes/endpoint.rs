//! The Rust endpoint: sockets as std::net gives them, driven line by line as docs/endpoint-protocol.md says.
//!
//!     rustc --edition 2021 -O endpoint.rs && ./endpoint        (with protocol.rs beside it; then paste a line, such as)
//!     {"id":1,"socket":"client","call":"socket","family":"inet"}
//!
//! Differences of std:
//!
//! - There is no socket before connect or bind: `socket` and `bind` are noted for them. TcpStream::connect takes no local address.
//! - TcpListener::bind makes the socket, sets SO_REUSEADDR, binds and listens, with a backlog of its own.
//! - A closed stream is one that was dropped: the compiler lets nobody use it again. One that is shared (Arc) is closed when the
//!   last who has it lets go, so drop closes nothing under a call that is blocked.
//! - write has MSG_NOSIGNAL, whatever SIGPIPE does. A signal ends a blocked read or write (ErrorKind::Interrupted); connect and
//!   accept go on.
//! - A timeout belongs to the socket and not to one call; when it passes, the kernel's EAGAIN is all that read and write say of it.
//! - SO_LINGER, keep-alive and most other options are not in std (crate socket2 has them).
//! - What a programmer sees of an error is what `{:?}` prints, in unwrap's panic and in main's last words.

mod protocol;

use protocol::{refuse, unsupported, Outcome, Request, Stop};
use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::c_void;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::raw::{c_char, c_int, c_ulong};
use std::os::unix::io::AsRawFd;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    fn pthread_self() -> c_ulong;
    fn pthread_kill(thread: c_ulong, signal: c_int) -> c_int;
    fn signal(signal: c_int, handler: usize) -> usize;
    fn siginterrupt(signal: c_int, flag: c_int) -> c_int;
}

const SIGUSR1: c_int = 10;
const ESRCH: i32 = 3;

thread_local! {
    /// The call for which std makes a socket on this thread.
    static MAKING: Cell<Option<u64>> = const { Cell::new(None) };
}

/// std's call of socket(2), which it hides in connect and bind: so that finwait knows the descriptor while connect blocks.
#[no_mangle]
pub unsafe extern "C" fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int {
    const RTLD_NEXT: *mut c_void = !0 as *mut c_void;
    let next = dlsym(RTLD_NEXT, "socket\0".as_ptr().cast());
    let next: extern "C" fn(c_int, c_int, c_int) -> c_int = std::mem::transmute(next);
    let fd = next(domain, kind, protocol);
    if let (true, Some(id)) = (fd >= 0, MAKING.with(Cell::get)) {
        protocol::made(id, fd);
    }
    fd
}

extern "C" fn nothing(_: c_int) {}

/// An object that goes by a name.
#[derive(Clone)]
struct Socket {
    is_six: bool,
    /// The address that is noted for TcpListener::bind.
    local: Option<SocketAddr>,
    held: Held,
}

#[derive(Clone)]
enum Held {
    /// Nothing yet, or no more since connect or bind returned an error.
    Nothing,
    Stream(Arc<TcpStream>),
    Listener(Arc<TcpListener>),
    /// The variable that was moved into drop.
    Dropped(&'static str),
}

static SOCKETS: Mutex<Option<HashMap<String, Socket>>> = Mutex::new(None);
/// The threads that make the calls in flight.
static THREADS: Mutex<Option<HashMap<u64, c_ulong>>> = Mutex::new(None);
/// The timeouts that streams had, by descriptor and direction, and how many calls with a deadline are under way.
static TIMEOUTS: Mutex<Option<HashMap<(c_int, bool), (Option<Duration>, usize)>>> = Mutex::new(None);

fn find(name: &str) -> Option<Socket> {
    SOCKETS
        .lock()
        .unwrap()
        .get_or_insert_with(HashMap::new)
        .get(name)
        .cloned()
}

fn keep(name: String, socket: Socket) {
    SOCKETS
        .lock()
        .unwrap()
        .get_or_insert_with(HashMap::new)
        .insert(name, socket);
}

fn accepted(stream: TcpStream, is_six: bool) -> Socket {
    Socket {
        is_six,
        local: None,
        held: Held::Stream(Arc::new(stream)),
    }
}

/// A call on what is there, or why there is none.
enum Target {
    Stream(Arc<TcpStream>),
    Listener(Arc<TcpListener>),
    /// The compiler's answer to a use after drop.
    Moved(Outcome),
}

fn target(request: &Request, moved: &str) -> Result<Target, Stop> {
    let name = request.name("socket")?;
    let Some(socket) = find(&name) else {
        return refuse("there is no socket of that name");
    };
    match socket.held {
        Held::Stream(stream) => Ok(Target::Stream(stream)),
        Held::Listener(listener) => Ok(Target::Listener(listener)),
        Held::Dropped(variable) => {
            request.begin(&format!("// `{variable}` was moved into drop"));
            let said = format!("error[E0382]: {moved} of moved value: `{variable}`");
            Ok(Target::Moved(Outcome::library("E0382", said)))
        }
        Held::Nothing => unsupported("std has no socket before connect or bind, and none after they returned an error"),
    }
}

/// The stream, for a call that only streams have.
macro_rules! stream {
    ($request:expr, $lacks:expr) => {
        match target($request, "borrow")? {
            Target::Stream(stream) => stream,
            Target::Listener(_) => return unsupported($lacks),
            Target::Moved(outcome) => return Ok(outcome),
        }
    };
}

fn make(request: &Request) -> Result<Outcome, Stop> {
    match request.text("call") {
        "socket" => socket_(request),
        "bind" => bind(request),
        "listen" => listen(request),
        "accept" => accept(request),
        "connect" => connect(request),
        "read" => read(request),
        "write" => write(request),
        "shutdown" => shutdown(request),
        "close" => close(request),
        "dup" => dup(request),
        "so-error" => so_error(request),
        "options" => options(request),
        "get-option" => get_option(request),
        "set-option" => set_option(request),
        "interrupt" => interrupt(request),
        "sigpipe" => sigpipe(request),
        "rst-close" | "linger-close" => unsupported("TcpStream::set_linger is not in stable std"),
        "disconnect" => unsupported("std::net cannot dissolve a connection"),
        "poll" => unsupported("std::net has no poll"),
        _ => refuse("there is no call of that name"),
    }
}

fn socket_(request: &Request) -> Result<Outcome, Stop> {
    let (name, is_six) = (request.name("socket")?, request.is_six()?);
    request.begin("// connect or bind will make the socket");
    keep(
        name,
        Socket {
            is_six,
            local: None,
            held: Held::Nothing,
        },
    );
    Ok(Outcome::later())
}

/// The socket noted under the name, for a call that makes the socket.
fn noted(request: &Request, lacks: &str) -> Result<(String, Socket), Stop> {
    let name = request.name("socket")?;
    match find(&name) {
        None => refuse("there is no socket of that name"),
        Some(socket) => match socket.held {
            Held::Nothing | Held::Dropped(_) => Ok((name, socket)),
            Held::Stream(_) | Held::Listener(_) => unsupported(lacks),
        },
    }
}

fn bind(request: &Request) -> Result<Outcome, Stop> {
    let address = request.address()?;
    let (name, socket) = noted(
        request,
        "TcpStream has no bind, and TcpListener::bind makes another listener",
    )?;
    request.begin(&format!("// {address}, for TcpListener::bind"));
    keep(
        name,
        Socket {
            local: Some(address),
            ..socket
        },
    );
    Ok(Outcome::later())
}

/// Makes the call, during which std makes a socket.
fn making<T>(request: &Request, call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    MAKING.with(|making| making.set(Some(request.id)));
    let result = call();
    MAKING.with(|making| making.set(None));
    result
}

fn listen(request: &Request) -> Result<Outcome, Stop> {
    request.number("backlog", i32::MIN.into(), i32::MAX.into())?;
    let (name, socket) = noted(
        request,
        "TcpListener::bind makes another listener, and cannot listen on what there is",
    )?;
    let address = socket.local.unwrap_or_else(|| protocol::anywhere(socket.is_six));
    request.begin(&format!("TcpListener::bind(\"{address}\") // the backlog is std's own"));
    Ok(Outcome::of(making(request, || TcpListener::bind(address)).map(
        |listener| {
            keep(
                name,
                Socket {
                    held: Held::Listener(Arc::new(listener)),
                    ..socket
                },
            );
            Outcome::done()
        },
    )))
}

fn accept(request: &Request) -> Result<Outcome, Stop> {
    let name = request.name("as")?;
    let listener = match target(request, "borrow")? {
        Target::Listener(listener) => listener,
        Target::Stream(_) => return unsupported("TcpStream has no accept"),
        Target::Moved(outcome) => return Ok(outcome),
    };
    request.begin("listener.accept()");
    Ok(Outcome::of(listener.accept().map(|(stream, peer)| {
        let fd = stream.as_raw_fd();
        keep(name, accepted(stream, peer.is_ipv6()));
        Outcome::descriptor(fd, Some(peer))
    })))
}

fn connect(request: &Request) -> Result<Outcome, Stop> {
    let (address, deadline) = (request.address()?, request.deadline()?);
    let (name, socket) = noted(
        request,
        "TcpStream::connect makes another stream, and cannot connect what there is",
    )?;
    if socket.local.is_some() {
        return unsupported("TcpStream::connect takes no local address");
    }
    let result = match deadline {
        None => {
            request.begin(&format!("TcpStream::connect(\"{address}\")"));
            making(request, || TcpStream::connect(address))
        }
        Some(limit) => {
            request.begin(&format!("TcpStream::connect_timeout(&{address}, {})", text(limit)));
            making(request, || TcpStream::connect_timeout(&address, limit))
        }
    };
    match result {
        Ok(stream) => {
            keep(
                name,
                Socket {
                    held: Held::Stream(Arc::new(stream)),
                    ..socket
                },
            );
            Ok(Outcome::done())
        }
        // The kernel's ETIMEDOUT has its number.
        Err(error) if deadline.is_some() && error.kind() == ErrorKind::TimedOut && error.raw_os_error().is_none() => {
            Ok(Outcome::deadline(0, format!("{error:?}")))
        }
        Err(error) => Ok(Outcome::failed(&error)),
    }
}

/// A time as one writes it.
fn text(limit: Duration) -> String {
    format!("Duration::from_millis({})", limit.as_millis())
}

/// A timeout that is set, and that the last of several calls at once takes back.
struct Timeout<'a> {
    stream: &'a TcpStream,
    writes: bool,
}

impl<'a> Timeout<'a> {
    fn set(stream: &'a TcpStream, writes: bool, limit: Duration) -> io::Result<Timeout<'a>> {
        let timeout = Timeout { stream, writes };
        let before = if writes {
            stream.write_timeout()?
        } else {
            stream.read_timeout()?
        };
        timeout.put(Some(limit))?;
        let mut timeouts = TIMEOUTS.lock().unwrap();
        let all = timeouts.get_or_insert_with(HashMap::new);
        all.entry((stream.as_raw_fd(), writes)).or_insert((before, 0)).1 += 1;
        Ok(timeout)
    }

    fn put(&self, limit: Option<Duration>) -> io::Result<()> {
        if self.writes {
            self.stream.set_write_timeout(limit)
        } else {
            self.stream.set_read_timeout(limit)
        }
    }
}

impl Drop for Timeout<'_> {
    fn drop(&mut self) {
        let mut timeouts = TIMEOUTS.lock().unwrap();
        let all = timeouts.get_or_insert_with(HashMap::new);
        let key = (self.stream.as_raw_fd(), self.writes);
        if let Some((before, calls)) = all.get_mut(&key) {
            *calls -= 1;
            if *calls == 0 {
                let _ = self.put(*before);
                all.remove(&key);
            }
        }
    }
}

/// A call that its deadline ended, or another error. std has the kernel's word for it alone.
fn given_up(error: &io::Error, deadline: Option<Duration>, written: usize) -> Outcome {
    match (deadline, error.kind()) {
        (Some(_), ErrorKind::WouldBlock) => Outcome::deadline(written, format!("{error:?}")),
        _ => Outcome::failed(error),
    }
}

fn read(request: &Request) -> Result<Outcome, Stop> {
    let n = request.number("n", 0, protocol::MOST as i64)? as usize;
    let deadline = request.deadline()?;
    let flags = request.flags(&["peek", "waitall", "dontwait", "oob"])?;
    let stream = stream!(request, "TcpListener has no read");
    let method = match flags[..] {
        [] => "read",
        ["peek"] => "peek",
        ["waitall"] => "read_exact",
        _ => return unsupported("std has peek and read_exact, and no other flags for a read"),
    };
    let first = deadline.map_or(String::new(), |limit| {
        format!("stream.set_read_timeout(Some({}))?; ", text(limit))
    });
    request.begin(&format!("{first}stream.{method}(&mut buf[..{n}])"));
    let mut buf = vec![0; n];
    let mut call = || {
        let _timeout = deadline.map(|limit| Timeout::set(&stream, false, limit)).transpose()?;
        match method {
            "peek" => stream.peek(&mut buf),
            "read" => (&*stream).read(&mut buf),
            _ => (&*stream).read_exact(&mut buf).map(|()| n),
        }
    };
    Ok(match call() {
        Ok(n) => Outcome::read(&buf[..n]),
        Err(error) => given_up(&error, deadline, 0),
    })
}

fn write(request: &Request) -> Result<Outcome, Stop> {
    let deadline = request.deadline()?;
    let flags = request.flags(&["nosignal", "oob", "dontwait"])?;
    let (data, data_text) = request.data()?;
    let stream = stream!(request, "TcpListener has no write");
    // Each of its writes has MSG_NOSIGNAL.
    if !flags.iter().all(|flag| *flag == "nosignal") {
        return unsupported("std has no flags for a write");
    }
    let Some(limit) = deadline else {
        request.begin(&format!("stream.write({data_text})"));
        return Ok(Outcome::of((&*stream).write(&data).map(Outcome::written)));
    };
    request.begin(&format!(
        "stream.set_write_timeout(Some({}))?; stream.write({data_text}) // until all is written",
        text(limit)
    ));
    let (end, mut written) = (Instant::now() + limit, 0);
    let mut call = || {
        let timeout = Timeout::set(&stream, true, limit)?;
        loop {
            written += (&*stream).write(&data[written..])?;
            if written == data.len() {
                return Ok(());
            }
            // Each write has the whole timeout again, unless told what is left of it.
            timeout.put(Some(
                end.saturating_duration_since(Instant::now())
                    .max(Duration::from_millis(1)),
            ))?;
        }
    };
    Ok(match call() {
        Ok(()) => Outcome::written(written),
        Err(error) => given_up(&error, deadline, written),
    })
}

fn shutdown(request: &Request) -> Result<Outcome, Stop> {
    let how = match request.word("how", &["read", "write", "both"])? {
        "read" => Shutdown::Read,
        "write" => Shutdown::Write,
        _ => Shutdown::Both,
    };
    let stream = stream!(request, "TcpListener has no shutdown");
    request.begin(&format!("stream.shutdown(Shutdown::{how:?})"));
    Ok(Outcome::of(stream.shutdown(how).map(|()| Outcome::done())))
}

fn close(request: &Request) -> Result<Outcome, Stop> {
    let variable = match target(request, "use")? {
        Target::Stream(_) => "stream",
        Target::Listener(_) => "listener",
        Target::Moved(outcome) => return Ok(outcome),
    };
    request.begin(&format!("drop({variable})"));
    let mut sockets = SOCKETS.lock().unwrap();
    let socket = sockets.get_or_insert_with(HashMap::new).get_mut(request.text("socket"));
    let held = socket.map(|socket| std::mem::replace(&mut socket.held, Held::Dropped(variable)));
    drop(sockets);
    drop(held);
    Ok(Outcome::done())
}

fn dup(request: &Request) -> Result<Outcome, Stop> {
    let name = request.name("as")?;
    let held = match target(request, "borrow")? {
        Target::Moved(outcome) => return Ok(outcome),
        Target::Stream(stream) => {
            request.begin("stream.try_clone()");
            stream
                .try_clone()
                .map(|copy| (copy.as_raw_fd(), Held::Stream(Arc::new(copy))))
        }
        Target::Listener(listener) => {
            request.begin("listener.try_clone()");
            listener
                .try_clone()
                .map(|copy| (copy.as_raw_fd(), Held::Listener(Arc::new(copy))))
        }
    };
    Ok(Outcome::of(held.map(|(fd, held)| {
        keep(
            name,
            Socket {
                is_six: false,
                local: None,
                held,
            },
        );
        Outcome::descriptor(fd, None)
    })))
}

fn so_error(request: &Request) -> Result<Outcome, Stop> {
    Ok(Outcome::of(match target(request, "borrow")? {
        Target::Moved(outcome) => return Ok(outcome),
        Target::Stream(stream) => {
            request.begin("stream.take_error()");
            stream.take_error().map(Outcome::pending)
        }
        Target::Listener(listener) => {
            request.begin("listener.take_error()");
            listener.take_error().map(Outcome::pending)
        }
    }))
}

/// The option's reader in std, and what it reads.
fn reader(stream: &TcpStream, option: &str) -> Option<(&'static str, io::Result<i64>)> {
    let ms = |limit: Option<Duration>| limit.map_or(0, |limit| limit.as_millis() as i64);
    Some(match option {
        "TCP_NODELAY" => ("nodelay", stream.nodelay().map(i64::from)),
        "SO_RCVTIMEO" => ("read_timeout", stream.read_timeout().map(ms)),
        "SO_SNDTIMEO" => ("write_timeout", stream.write_timeout().map(ms)),
        _ => return None,
    })
}

fn options(request: &Request) -> Result<Outcome, Stop> {
    let stream = stream!(request, "TcpListener can read none of these options");
    request.begin("stream.nodelay(); stream.read_timeout(); stream.write_timeout()");
    let each = protocol::OPTIONS
        .iter()
        .filter_map(|option| Some((*option, reader(&stream, option)?.1)));
    let readings: io::Result<Vec<_>> = each.map(|(option, value)| Ok((option, value?))).collect();
    Ok(Outcome::of(readings.map(|readings| Outcome::readings(&readings))))
}

fn get_option(request: &Request) -> Result<Outcome, Stop> {
    let option = request.option()?;
    let stream = stream!(request, "TcpListener can read none of these options");
    let Some((method, value)) = reader(&stream, option) else {
        return unsupported(format!("std::net has no way to read {option}"));
    };
    request.begin(&format!("stream.{method}()"));
    Ok(Outcome::of(value.map(|value| Outcome::readings(&[(option, value)]))))
}

fn set_option(request: &Request) -> Result<Outcome, Stop> {
    let (option, value) = (request.option()?, request.number("value", i64::MIN, i64::MAX)?);
    let on = value != 0;
    let limit = (value > 0).then(|| Duration::from_millis(value as u64));
    let shown = limit.map_or("None".to_owned(), |limit| format!("Some({})", text(limit)));
    if option == "SO_REUSEADDR" {
        return unsupported("TcpListener::bind always sets SO_REUSEADDR, and TcpStream cannot");
    }
    Ok(Outcome::of(
        match (target(request, "borrow")?, option) {
            (Target::Moved(outcome), _) => return Ok(outcome),
            (Target::Listener(listener), "O_NONBLOCK") => {
                request.begin(&format!("listener.set_nonblocking({on})"));
                listener.set_nonblocking(on)
            }
            (Target::Stream(stream), "O_NONBLOCK") => {
                request.begin(&format!("stream.set_nonblocking({on})"));
                stream.set_nonblocking(on)
            }
            (Target::Stream(stream), "TCP_NODELAY") => {
                request.begin(&format!("stream.set_nodelay({on})"));
                stream.set_nodelay(on)
            }
            (Target::Stream(stream), "SO_RCVTIMEO") if value >= 0 => {
                request.begin(&format!("stream.set_read_timeout({shown})"));
                stream.set_read_timeout(limit)
            }
            (Target::Stream(stream), "SO_SNDTIMEO") if value >= 0 => {
                request.begin(&format!("stream.set_write_timeout({shown})"));
                stream.set_write_timeout(limit)
            }
            (_, "SO_RCVTIMEO" | "SO_SNDTIMEO") => return unsupported("a Duration is never negative"),
            _ => return unsupported(format!("std::net has no way to set {option}")),
        }
        .map(|()| Outcome::done()),
    ))
}

/// A signal may come just before its target blocks, and be lost there: it is sent again until the call is over.
fn interrupt(request: &Request) -> Result<Outcome, Stop> {
    let target = request.number("target", 0, i64::MAX)? as u64;
    request.begin(&format!("pthread_kill(thread, SIGUSR1) // of call {target}"));
    let mut sent = false;
    for _ in 0..50 {
        let threads = THREADS.lock().unwrap();
        // The lock is held over pthread_kill: the thread is still there.
        let thread = threads
            .as_ref()
            .and_then(|threads| threads.get(&target))
            .filter(|_| target != request.id);
        let Some(thread) = thread else { break };
        sent |= unsafe { pthread_kill(*thread, SIGUSR1) } == 0;
        drop(threads);
        thread::sleep(Duration::from_millis(5));
    }
    Ok(if sent {
        Outcome::done()
    } else {
        Outcome::failed(&io::Error::from_raw_os_error(ESRCH))
    })
}

fn sigpipe(request: &Request) -> Result<Outcome, Stop> {
    if request.word("disposition", &["default", "ignore"])? == "default" {
        return unsupported("TcpStream's write has MSG_NOSIGNAL: it fails with EPIPE, whatever SIGPIPE does");
    }
    request.begin("// Rust's programs ignore SIGPIPE from the start");
    Ok(Outcome::done())
}

fn main() {
    unsafe {
        signal(SIGUSR1, nothing as extern "C" fn(c_int) as usize);
        siginterrupt(SIGUSR1, 1);
    }
    protocol::serve("rust", |request| {
        let id = request.id;
        let carry_out = move || {
            let threads = || THREADS.lock().unwrap();
            threads()
                .get_or_insert_with(HashMap::new)
                .insert(id, unsafe { pthread_self() });
            let result = make(&request);
            threads().get_or_insert_with(HashMap::new).remove(&id);
            request.end(result);
        };
        if let Err(error) = thread::Builder::new().stack_size(256 << 10).spawn(carry_out) {
            protocol::no_thread(id, &error);
        }
    });
}
