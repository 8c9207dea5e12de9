//! The tokio endpoint: sockets as tokio::net gives them, driven line by line as docs/endpoint-protocol.md says.
//!
//!     cargo run        (with endpoint_tokio.toml as Cargo.toml, and protocol.rs beside it; then paste a line, such as)
//!     {"id":1,"socket":"client","call":"socket","family":"inet"}
//!
//! Differences of tokio:
//!
//! - A TcpSocket is the socket before connect or listen, which consume it: after one that failed there is nothing left, and the
//!   descriptor is closed.
//! - Every socket is O_NONBLOCK. A task that waits is in no system call; the reactor waits in epoll for all of them.
//! - A time-out is not the socket's: it drops the future, and with that of connect the socket.
//! - A closed stream is one that was dropped: the compiler lets nobody use it again. One that is shared (Arc) is closed when the
//!   last who has it lets go, so drop closes nothing under a read that waits.
//! - shutdown is of writing alone. write has MSG_NOSIGNAL, whatever SIGPIPE does.
//! - What a programmer sees of an error is what `{:?}` prints, in unwrap's panic and in main's last words.
//!
//! read and write are made as AsyncReadExt and AsyncWriteExt make them: wait until the socket is ready, try, and wait again where
//! it was not.

// set_linger, which may block the thread at drop.
#![allow(deprecated)]

mod protocol;

use protocol::{refuse, unsupported, Outcome, Request, Stop};
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::os::raw::c_int;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

extern "C" {
    fn shutdown(fd: c_int, how: c_int) -> c_int;
}

const SHUT_WR: c_int = 1;

/// An object that goes by a name.
#[derive(Clone)]
enum Held {
    /// Not connected, not listening.
    Socket(Arc<TcpSocket>),
    Stream(Arc<TcpStream>),
    Listener(Arc<TcpListener>),
    /// The variable that was moved: into drop, or into connect or listen.
    Moved(&'static str),
}

static SOCKETS: Mutex<Option<HashMap<String, Held>>> = Mutex::new(None);

fn keep(name: &str, held: Held) -> Option<Held> {
    SOCKETS
        .lock()
        .unwrap()
        .get_or_insert_with(HashMap::new)
        .insert(name.to_owned(), held)
}

fn find(request: &Request) -> Result<Held, Stop> {
    let name = request.name("socket")?;
    let held = SOCKETS
        .lock()
        .unwrap()
        .get_or_insert_with(HashMap::new)
        .get(&name)
        .cloned();
    held.map_or_else(|| refuse("there is no socket of that name"), Ok)
}

/// The compiler's answer to a use after a move.
fn moved(request: &Request, how: &str, variable: &str) -> Result<Outcome, Stop> {
    request.begin(&format!("// `{variable}` was moved"));
    Ok(Outcome::library(
        "E0382",
        format!("error[E0382]: {how} of moved value: `{variable}`"),
    ))
}

/// The stream, for a call that only streams have.
macro_rules! stream {
    ($request:expr, $method:literal) => {
        match find($request)? {
            Held::Stream(stream) => stream,
            Held::Socket(_) => {
                return unsupported(concat!(
                    "TcpSocket has no ",
                    $method,
                    ": connect makes a TcpStream of it"
                ))
            }
            Held::Listener(_) => return unsupported(concat!("TcpListener has no ", $method)),
            Held::Moved(variable) => return moved($request, "borrow", variable),
        }
    };
}

async fn make(request: &Request) -> Result<Outcome, Stop> {
    match request.text("call") {
        "socket" => socket(request),
        "bind" => bind(request),
        "listen" => listen(request),
        "accept" => accept(request).await,
        "connect" => connect(request).await,
        "read" => read(request).await,
        "write" => write(request).await,
        "shutdown" => end(request),
        "close" => close(request),
        "rst-close" => linger_close(request, 0),
        "linger-close" => linger_close(request, request.number("seconds", 0, u16::MAX.into())? as u64),
        "so-error" => so_error(request),
        "options" => options(request),
        "get-option" => get_option(request),
        "set-option" => set_option(request),
        "sigpipe" => sigpipe(request),
        "disconnect" => unsupported("tokio cannot dissolve a connection"),
        "dup" => unsupported("tokio's TcpStream has no second descriptor"),
        "poll" => unsupported("tokio's ready() tells what its reactor has noted, which may be over"),
        "interrupt" => unsupported("tokio makes no call that blocks"),
        _ => refuse("there is no call of that name"),
    }
}

fn socket(request: &Request) -> Result<Outcome, Stop> {
    let (name, is_six) = (request.name("socket")?, request.is_six()?);
    request.begin(if is_six {
        "TcpSocket::new_v6()"
    } else {
        "TcpSocket::new_v4()"
    });
    let made = if is_six {
        TcpSocket::new_v6()
    } else {
        TcpSocket::new_v4()
    };
    Ok(Outcome::of(made.map(|socket| {
        let fd = socket.as_raw_fd();
        keep(&name, Held::Socket(Arc::new(socket)));
        Outcome::descriptor(fd, None)
    })))
}

fn bind(request: &Request) -> Result<Outcome, Stop> {
    let address = request.address()?;
    match find(request)? {
        Held::Socket(socket) => {
            request.begin(&format!("socket.bind({address})"));
            Ok(Outcome::of(socket.bind(address).map(|()| Outcome::done())))
        }
        Held::Stream(_) => unsupported("TcpStream has no bind"),
        Held::Listener(_) => unsupported("TcpListener cannot be bound again"),
        Held::Moved(variable) => moved(request, "borrow", variable),
    }
}

/// Moves the socket out of its name, for a call that consumes it.
fn consumed(request: &Request, socket: Arc<TcpSocket>) -> Result<TcpSocket, Stop> {
    keep(request.text("socket"), Held::Moved("socket"));
    Arc::try_unwrap(socket).or_else(|_| unsupported("the socket is borrowed by another call"))
}

fn listen(request: &Request) -> Result<Outcome, Stop> {
    let backlog = request.number("backlog", i32::MIN.into(), i32::MAX.into())?;
    match find(request)? {
        Held::Socket(_) if backlog < 0 => unsupported("listen takes a u32, which is never negative"),
        Held::Socket(socket) => {
            request.begin(&format!("socket.listen({backlog})"));
            Ok(Outcome::of(consumed(request, socket)?.listen(backlog as u32).map(
                |listener| {
                    keep(request.text("socket"), Held::Listener(Arc::new(listener)));
                    Outcome::done()
                },
            )))
        }
        Held::Stream(_) => unsupported("TcpStream has no listen"),
        Held::Listener(_) => unsupported("TcpListener cannot listen again"),
        Held::Moved(variable) => moved(request, "use", variable),
    }
}

async fn accept(request: &Request) -> Result<Outcome, Stop> {
    let name = request.name("as")?;
    let listener = match find(request)? {
        Held::Listener(listener) => listener,
        Held::Socket(_) => return unsupported("TcpSocket has no accept: listen makes a TcpListener of it"),
        Held::Stream(_) => return unsupported("TcpStream has no accept"),
        Held::Moved(variable) => return moved(request, "borrow", variable),
    };
    request.begin("listener.accept().await");
    Ok(Outcome::of(listener.accept().await.map(|(stream, peer)| {
        let fd = stream.as_raw_fd();
        keep(&name, Held::Stream(Arc::new(stream)));
        Outcome::descriptor(fd, Some(peer))
    })))
}

/// A call as one writes it, and with a time-out around it.
fn awaited(call: &str, limit: Option<Duration>) -> String {
    match limit {
        None => format!("{call}.await"),
        Some(limit) => format!("timeout(Duration::from_millis({}), {call}).await", limit.as_millis()),
    }
}

/// The call's result, or what timeout says when the time is up: then `written` bytes had been taken.
async fn within<T>(
    limit: Option<Duration>,
    call: impl Future<Output = io::Result<T>>,
    written: impl Fn() -> usize,
) -> Result<T, Outcome> {
    let result = match limit {
        None => call.await,
        Some(limit) => match timeout(limit, call).await {
            Ok(result) => result,
            Err(elapsed) => return Err(Outcome::deadline(written(), format!("{elapsed:?}"))),
        },
    };
    result.map_err(|error| Outcome::failed(&error))
}

async fn connect(request: &Request) -> Result<Outcome, Stop> {
    let (address, limit): (SocketAddr, _) = (request.address()?, request.deadline()?);
    let socket = match find(request)? {
        Held::Socket(socket) => socket,
        Held::Stream(_) => return unsupported("TcpStream cannot be connected again"),
        Held::Listener(_) => return unsupported("TcpListener cannot connect"),
        Held::Moved(variable) => return moved(request, "use", variable),
    };
    request.begin(&awaited(&format!("socket.connect({address})"), limit));
    let connecting = consumed(request, socket)?.connect(address);
    Ok(within(limit, connecting, || 0).await.map_or_else(
        |outcome| outcome,
        |stream| {
            keep(request.text("socket"), Held::Stream(Arc::new(stream)));
            Outcome::done()
        },
    ))
}

async fn read(request: &Request) -> Result<Outcome, Stop> {
    let n = request.number("n", 0, protocol::MOST as i64)? as usize;
    let limit = request.deadline()?;
    let flags = request.flags(&["peek", "waitall", "dontwait", "oob"])?;
    let stream = stream!(request, "read");
    let mut buf = vec![0; n];
    let got = match flags[..] {
        [] => {
            request.begin(&awaited(&format!("stream.read(&mut buf[..{n}])"), limit));
            let reading = async {
                loop {
                    stream.readable().await?;
                    match stream.try_read(&mut buf) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        result => return result,
                    }
                }
            };
            within(limit, reading, || 0).await
        }
        ["peek"] => {
            request.begin(&awaited(&format!("stream.peek(&mut buf[..{n}])"), limit));
            within(limit, stream.peek(&mut buf), || 0).await
        }
        ["dontwait"] if limit.is_none() => {
            request.begin(&format!("stream.try_read(&mut buf[..{n}])"));
            stream.try_read(&mut buf).map_err(|error| Outcome::failed(&error))
        }
        _ => return unsupported("tokio has peek and try_read, and no other flags for a read"),
    };
    Ok(got.map_or_else(|outcome| outcome, |n| Outcome::read(&buf[..n])))
}

async fn write(request: &Request) -> Result<Outcome, Stop> {
    let limit = request.deadline()?;
    let flags = request.flags(&["nosignal", "oob", "dontwait"])?;
    let (data, text) = request.data()?;
    let stream = stream!(request, "write");
    if flags == ["dontwait"] && limit.is_none() {
        request.begin(&format!("stream.try_write({text})"));
        return Ok(Outcome::of(stream.try_write(&data).map(Outcome::written)));
    }
    // Each of its writes has MSG_NOSIGNAL.
    if !flags.iter().all(|flag| *flag == "nosignal") {
        return unsupported("tokio has try_write, and no other flags for a write");
    }
    request.begin(&awaited(&format!("stream.write_all({text})"), limit));
    let written = Mutex::new(0);
    let writing = async {
        loop {
            stream.writable().await?;
            let from = *written.lock().unwrap();
            match stream.try_write(&data[from..]) {
                Ok(n) => *written.lock().unwrap() += n,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            if *written.lock().unwrap() == data.len() {
                return Ok(data.len());
            }
        }
    };
    let result = within(limit, writing, || *written.lock().unwrap()).await;
    Ok(result.map_or_else(|outcome| outcome, Outcome::written))
}

fn end(request: &Request) -> Result<Outcome, Stop> {
    let how = request.word("how", &["read", "write", "both"])?;
    let stream = stream!(request, "shutdown");
    if how != "write" {
        return unsupported("tokio's shutdown ends writing alone");
    }
    request.begin("stream.shutdown().await");
    // As poll_shutdown does it, which wants the stream for itself.
    let result = unsafe { shutdown(stream.as_raw_fd(), SHUT_WR) };
    Ok(if result == 0 {
        Outcome::done()
    } else {
        Outcome::failed(&io::Error::last_os_error())
    })
}

fn close(request: &Request) -> Result<Outcome, Stop> {
    let variable = match find(request)? {
        Held::Socket(_) => "socket",
        Held::Stream(_) => "stream",
        Held::Listener(_) => "listener",
        Held::Moved(variable) => return moved(request, "use", variable),
    };
    request.begin(&format!("drop({variable})"));
    drop(keep(request.text("socket"), Held::Moved(variable)));
    Ok(Outcome::done())
}

fn linger_close(request: &Request, seconds: u64) -> Result<Outcome, Stop> {
    let linger = Some(Duration::from_secs(seconds));
    let (variable, set) = match find(request)? {
        Held::Socket(socket) => ("socket", {
            begin_linger(request, "socket", seconds);
            socket.set_linger(linger)
        }),
        Held::Stream(stream) => ("stream", {
            begin_linger(request, "stream", seconds);
            stream.set_linger(linger)
        }),
        Held::Listener(_) => return unsupported("TcpListener has no set_linger"),
        Held::Moved(variable) => return moved(request, "use", variable),
    };
    Ok(Outcome::of(set.map(|()| {
        drop(keep(request.text("socket"), Held::Moved(variable)));
        Outcome::done()
    })))
}

fn begin_linger(request: &Request, variable: &str, seconds: u64) {
    request.begin(&format!(
        "{variable}.set_linger(Some(Duration::from_secs({seconds})))?; drop({variable})"
    ));
}

fn so_error(request: &Request) -> Result<Outcome, Stop> {
    Ok(Outcome::of(match find(request)? {
        Held::Socket(socket) => {
            request.begin("socket.take_error()");
            socket.take_error().map(Outcome::pending)
        }
        Held::Stream(stream) => {
            request.begin("stream.take_error()");
            stream.take_error().map(Outcome::pending)
        }
        Held::Listener(_) => return unsupported("tokio's TcpListener has no take_error"),
        Held::Moved(variable) => return moved(request, "borrow", variable),
    }))
}

/// The option's reader, and what it reads.
fn reader(held: &Held, option: &str) -> Option<(&'static str, io::Result<i64>)> {
    let seconds = |linger: Option<Duration>| linger.map_or(-1, |linger| linger.as_secs() as i64);
    Some(match (held, option) {
        (Held::Socket(socket), "SO_LINGER") => ("socket.linger()", socket.linger().map(seconds)),
        (Held::Socket(socket), "SO_REUSEADDR") => ("socket.reuseaddr()", socket.reuseaddr().map(i64::from)),
        (Held::Socket(socket), "SO_REUSEPORT") => ("socket.reuseport()", socket.reuseport().map(i64::from)),
        (Held::Socket(socket), "SO_KEEPALIVE") => ("socket.keepalive()", socket.keepalive().map(i64::from)),
        (Held::Socket(socket), "TCP_NODELAY") => ("socket.nodelay()", socket.nodelay().map(i64::from)),
        (Held::Socket(socket), "SO_RCVBUF") => ("socket.recv_buffer_size()", socket.recv_buffer_size().map(i64::from)),
        (Held::Socket(socket), "SO_SNDBUF") => ("socket.send_buffer_size()", socket.send_buffer_size().map(i64::from)),
        (Held::Stream(stream), "SO_LINGER") => ("stream.linger()", stream.linger().map(seconds)),
        (Held::Stream(stream), "TCP_NODELAY") => ("stream.nodelay()", stream.nodelay().map(i64::from)),
        _ => return None,
    })
}

/// The object of a name, where one of tokio's types has options.
fn with_options(request: &Request) -> Result<Result<Held, Outcome>, Stop> {
    match find(request)? {
        Held::Moved(variable) => moved(request, "borrow", variable).map(Err),
        Held::Listener(_) => unsupported("tokio's TcpListener has none of these options"),
        held => Ok(Ok(held)),
    }
}

fn options(request: &Request) -> Result<Outcome, Stop> {
    let held = match with_options(request)? {
        Ok(held) => held,
        Err(outcome) => return Ok(outcome),
    };
    let each = || {
        protocol::OPTIONS
            .iter()
            .filter_map(|option| Some((*option, reader(&held, option)?)))
    };
    let texts: Vec<&str> = each().map(|(_, (text, _))| text).collect();
    request.begin(&texts.join("; "));
    let readings: io::Result<Vec<_>> = each().map(|(option, (_, value))| Ok((option, value?))).collect();
    Ok(Outcome::of(readings.map(|readings| Outcome::readings(&readings))))
}

fn get_option(request: &Request) -> Result<Outcome, Stop> {
    let option = request.option()?;
    let held = match with_options(request)? {
        Ok(held) => held,
        Err(outcome) => return Ok(outcome),
    };
    let Some((text, _)) = reader(&held, option) else {
        return unsupported(format!("tokio has no way to read {option} here"));
    };
    request.begin(text);
    let value = reader(&held, option).map_or(Ok(0), |(_, value)| value);
    Ok(Outcome::of(value.map(|value| Outcome::readings(&[(option, value)]))))
}

fn set_option(request: &Request) -> Result<Outcome, Stop> {
    let (option, value) = (request.option()?, request.number("value", i64::MIN, i64::MAX)?);
    let held = match with_options(request)? {
        Ok(held) => held,
        Err(outcome) => return Ok(outcome),
    };
    let on = value != 0;
    let linger = u64::try_from(value).ok().map(Duration::from_secs);
    let size = u32::try_from(value);
    let result = match (held, option, size) {
        (Held::Socket(socket), "SO_LINGER", _) => {
            request.begin(&format!("socket.set_linger({linger:?})"));
            socket.set_linger(linger)
        }
        (Held::Socket(socket), "SO_REUSEADDR", _) => {
            request.begin(&format!("socket.set_reuseaddr({on})"));
            socket.set_reuseaddr(on)
        }
        (Held::Socket(socket), "SO_REUSEPORT", _) => {
            request.begin(&format!("socket.set_reuseport({on})"));
            socket.set_reuseport(on)
        }
        (Held::Socket(socket), "SO_KEEPALIVE", _) => {
            request.begin(&format!("socket.set_keepalive({on})"));
            socket.set_keepalive(on)
        }
        (Held::Socket(socket), "TCP_NODELAY", _) => {
            request.begin(&format!("socket.set_nodelay({on})"));
            socket.set_nodelay(on)
        }
        (Held::Socket(socket), "SO_RCVBUF", Ok(size)) => {
            request.begin(&format!("socket.set_recv_buffer_size({size})"));
            socket.set_recv_buffer_size(size)
        }
        (Held::Socket(socket), "SO_SNDBUF", Ok(size)) => {
            request.begin(&format!("socket.set_send_buffer_size({size})"));
            socket.set_send_buffer_size(size)
        }
        (Held::Stream(stream), "SO_LINGER", _) => {
            request.begin(&format!("stream.set_linger({linger:?})"));
            stream.set_linger(linger)
        }
        (Held::Stream(stream), "TCP_NODELAY", _) => {
            request.begin(&format!("stream.set_nodelay({on})"));
            stream.set_nodelay(on)
        }
        _ => return unsupported(format!("tokio has no way to set {option} to {value} here")),
    };
    Ok(Outcome::of(result.map(|()| Outcome::done())))
}

fn sigpipe(request: &Request) -> Result<Outcome, Stop> {
    if request.word("disposition", &["default", "ignore"])? == "default" {
        return unsupported("TcpStream's write has MSG_NOSIGNAL: it fails with EPIPE, whatever SIGPIPE does");
    }
    request.begin("// Rust's programs ignore SIGPIPE from the start");
    Ok(Outcome::done())
}

fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    protocol::serve("rust-tokio", |request| {
        runtime.spawn(async move {
            let result = make(&request).await;
            request.end(result);
        });
    })
}
