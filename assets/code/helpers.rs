//= base
/// A socket by its name: none before it is made, and none any more when it is closed.
struct Socket(Mutex<Option<Arc<TcpStream>>>);

impl Socket {
    const fn new() -> Socket {
        Socket(Mutex::new(None))
    }
}

/// What std has no call for, or makes only together with others.
mod c {
    extern "C" {
        pub fn socket(family: i32, kind: i32, protocol: i32) -> i32;
        pub fn bind(fd: i32, address: *const u8, length: u32) -> i32;
        pub fn listen(fd: i32, backlog: i32) -> i32;
        pub fn accept(fd: i32, address: *mut u8, length: *mut u32) -> i32;
        pub fn connect(fd: i32, address: *const u8, length: u32) -> i32;
        pub fn recv(fd: i32, data: *mut u8, length: usize, flags: i32) -> isize;
        pub fn send(fd: i32, data: *const u8, length: usize, flags: i32) -> isize;
        pub fn poll(fds: *mut Poll, count: u64, timeout: i32) -> i32;
        pub fn getsockopt(fd: i32, level: i32, name: i32, value: *mut i32, length: *mut u32) -> i32;
        pub fn setsockopt(fd: i32, level: i32, name: i32, value: *const i32, length: u32) -> i32;
        pub fn fcntl(fd: i32, command: i32, ...) -> i32;
        pub fn setrlimit(resource: i32, limits: *const [u64; 2]) -> i32;
        pub fn getrlimit(resource: i32, limits: *mut [u64; 2]) -> i32;
    }

    #[repr(C)]
    pub struct Poll {
        pub fd: i32,
        pub events: i16,
        pub revents: i16,
    }
}

/// The stream, for a call.
fn open(socket: &Socket) -> io::Result<Arc<TcpStream>> {
    let stream = socket.0.lock().unwrap().clone();
    stream.ok_or_else(|| io::Error::new(io::ErrorKind::Other, "closed"))
}

/// What a function of C returned.
fn result(value: i32) -> io::Result<i32> {
    if value < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(value)
    }
}

/// What a call returned, in words.
fn words(result: io::Result<impl Display>) -> String {
    match result {
        Ok(value) => value.to_string(),
        Err(error) => match error.raw_os_error() {
            Some(errno) => format!("-1 {}", name(errno)),
            None if error.kind() == io::ErrorKind::TimedOut => "deadline".into(),
            None => format!("-1 {error}"),
        },
    }
}

fn name(errno: i32) -> String {
    let name = match errno {
@ERRORS@
        _ => return errno.to_string(),
    };
    name.into()
}

/// Prints what a call returned, and gives the segments that it sent a moment to arrive.
fn done(step: usize, end: &str, call: &str, result: io::Result<impl Display>) {
    println!("{step} {end} {call} {}", words(result));
    thread::sleep(Duration::from_millis(20));
}

//= free_port
/// A port that nobody has.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("@HOST@:0").expect("a port");
    listener.local_addr().expect("its number").port()
}

//= port_of
/// The port that the kernel chose.
fn port_of(socket: &Socket) -> u16 {
    let address = open(socket).and_then(|stream| stream.local_addr());
    address.expect("the socket's address").port()
}

//= at
/// The loopback address, as C has it, and its length.
fn at(port: u16) -> ([u8; 28], u32) {
    address(@FAMILY@, port)
}

//= at_other
/// The address of the other family.
fn at_other(port: u16) -> ([u8; 28], u32) {
    address(@OTHER@, port)
}

//= address
fn address(family: i32, port: u16) -> ([u8; 28], u32) {
    let mut bytes = [0; 28];
    bytes[..2].copy_from_slice(&(family as u16).to_ne_bytes());
    bytes[2..4].copy_from_slice(&port.to_be_bytes());
    if family == AF_INET {
        bytes[4..8].copy_from_slice(&[127, 0, 0, 1]);
        (bytes, 16)
    } else {
        bytes[23] = 1;
        (bytes, 28)
    }
}

//= keep
/// The descriptor that a call made, under its name.
fn keep(socket: &Socket, fd: i32) -> io::Result<i32> {
    let stream = unsafe { TcpStream::from_raw_fd(result(fd)?) };
    *socket.0.lock().unwrap() = Some(Arc::new(stream));
    Ok(fd)
}

//= make
fn make(socket: &Socket, family: i32) -> io::Result<i32> {
    keep(socket, unsafe { c::socket(family, 1, 0) })
}

//= bind
fn bind(socket: &Socket, (address, length): ([u8; 28], u32)) -> io::Result<i32> {
    result(unsafe { c::bind(open(socket)?.as_raw_fd(), address.as_ptr(), length) })
}

//= listen
fn listen(socket: &Socket, backlog: i32) -> io::Result<i32> {
    result(unsafe { c::listen(open(socket)?.as_raw_fd(), backlog) })
}

//= accept
fn accept(socket: &Socket, accepted: &Socket) -> io::Result<i32> {
    let listener = open(socket)?;
    let none = std::ptr::null_mut;
    keep(accepted, unsafe { c::accept(listener.as_raw_fd(), none(), none().cast()) })
}

//= connect
fn connect(socket: &Socket, (address, length): ([u8; 28], u32)) -> io::Result<i32> {
    let stream = open(socket)?;
    result(unsafe { c::connect(stream.as_raw_fd(), address.as_ptr(), length) })
}

//= connect_within
/// A connect that is given up after so many milliseconds; the socket stays.
fn connect_within(socket: &Socket, address: ([u8; 28], u32), ms: i32) -> io::Result<i32> {
    let stream = open(socket)?;
    stream.set_nonblocking(true)?;
    let begun = connect(socket, address);
    let ended = match &begun {
        Err(error) if error.raw_os_error() == Some(EINPROGRESS) => {
            let mut poll = c::Poll { fd: stream.as_raw_fd(), events: 4, revents: 0 };
            match result(unsafe { c::poll(&mut poll, 1, ms) }) {
                Ok(0) => Err(io::ErrorKind::TimedOut.into()),
                Ok(_) => stream.take_error()?.map_or(Ok(0), Err),
                Err(error) => Err(error),
            }
        }
        _ => begun,
    };
    stream.set_nonblocking(false)?;
    ended
}

//= read
fn read(socket: &Socket, n: usize) -> io::Result<usize> {
    (&*open(socket)?).read(&mut vec![0; n])
}

//= recv
/// read with flags, of which std has but peek.
fn recv(socket: &Socket, n: usize, flags: i32) -> io::Result<usize> {
    let stream = open(socket)?;
    let mut data = vec![0; n];
    let n = unsafe { c::recv(stream.as_raw_fd(), data.as_mut_ptr(), n, flags) };
    usize::try_from(n).map_err(|_| io::Error::last_os_error())
}

//= read_within
/// A read that is given up after so many milliseconds.
fn read_within(socket: &Socket, n: usize, flags: i32, ms: u64) -> io::Result<usize> {
    let stream = open(socket)?;
    let before = stream.read_timeout()?;
    stream.set_read_timeout(Some(Duration::from_millis(ms)))?;
    let got = recv(socket, n, flags);
    stream.set_read_timeout(before)?;
    got.map_err(|error| late(error))
}

//= write
fn write(socket: &Socket, data: &[u8]) -> io::Result<usize> {
    (&*open(socket)?).write(data)
}

//= send
/// write with flags, of which std has none.
fn send(socket: &Socket, data: &[u8], flags: i32) -> io::Result<usize> {
    let stream = open(socket)?;
    let n = unsafe { c::send(stream.as_raw_fd(), data.as_ptr(), data.len(), flags | MSG_NOSIGNAL) };
    usize::try_from(n).map_err(|_| io::Error::last_os_error())
}

//= write_within
/// A write of all the data that is given up after so many milliseconds.
fn write_within(socket: &Socket, data: &[u8], flags: i32, ms: u64) -> io::Result<usize> {
    let stream = open(socket)?;
    let before = stream.write_timeout()?;
    stream.set_write_timeout(Some(Duration::from_millis(ms)))?;
    let mut written = 0;
    let all = loop {
        match send(socket, &data[written..], flags) {
            Ok(n) => written += n,
            Err(error) => break Err(late(error)),
        }
        if written >= data.len() {
            break Ok(written);
        }
    };
    stream.set_write_timeout(before)?;
    all
}

//= late
/// The kernel's EAGAIN is how a time-out ends a call of std's.
fn late(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}

//= shutdown
fn shutdown(socket: &Socket, how: Shutdown) -> io::Result<i32> {
    open(socket)?.shutdown(how).map(|()| 0)
}

//= close
/// Closes the descriptor, by dropping the stream.
fn close(socket: &Socket) -> io::Result<i32> {
    open(socket)?;
    drop(socket.0.lock().unwrap().take());
    Ok(0)
}

//= linger_close
/// With 0 seconds close sends RST.
fn linger_close(socket: &Socket, seconds: i32) -> io::Result<i32> {
    set_linger(socket, 1, seconds)?;
    close(socket)
}

//= disconnect
/// connect to AF_UNSPEC, of which std knows nothing.
fn disconnect(socket: &Socket) -> io::Result<i32> {
    connect(socket, ([0; 28], 16))
}

//= duplicate
fn duplicate(socket: &Socket, copy: &Socket) -> io::Result<i32> {
    keep(copy, open(socket)?.try_clone()?.into_raw_fd())
}

//= ready
/// What poll reports, by name.
fn ready(socket: &Socket, events: i16, timeout: i32) -> io::Result<String> {
    const NAMES: [(i16, &str); 7] = [
        (POLLIN, "POLLIN"),
        (POLLPRI, "POLLPRI"),
        (POLLOUT, "POLLOUT"),
        (POLLRDHUP, "POLLRDHUP"),
        (POLLERR, "POLLERR"),
        (POLLHUP, "POLLHUP"),
        (POLLNVAL, "POLLNVAL"),
    ];
    let stream = open(socket)?;
    let mut poll = c::Poll { fd: stream.as_raw_fd(), events, revents: 0 };
    if result(unsafe { c::poll(&mut poll, 1, timeout) })? == 0 {
        return Ok("0".into());
    }
    let ready = NAMES.iter().filter(|(bit, _)| poll.revents & bit != 0);
    Ok(ready.map(|(_, name)| *name).collect::<Vec<_>>().join("|"))
}

//= pending
/// SO_ERROR: the error that waits in the socket, taken out of it.
fn pending(socket: &Socket) -> io::Result<String> {
    let error = open(socket)?.take_error()?;
    Ok(error.and_then(|error| error.raw_os_error()).map_or("0".into(), name))
}

//= option
fn option(socket: &Socket, level: i32, name: i32) -> io::Result<i32> {
    let stream = open(socket)?;
    let (mut value, mut length) = (0, 4);
    result(unsafe { c::getsockopt(stream.as_raw_fd(), level, name, &mut value, &mut length) })?;
    Ok(value)
}

//= set_option
fn set_option(socket: &Socket, level: i32, name: i32, value: i32) -> io::Result<i32> {
    let stream = open(socket)?;
    result(unsafe { c::setsockopt(stream.as_raw_fd(), level, name, &value, 4) })
}

//= linger_of
/// The seconds of SO_LINGER; -1 is off.
fn linger_of(socket: &Socket) -> io::Result<i32> {
    let stream = open(socket)?;
    let (mut linger, mut length) = ([0; 2], 8);
    let fd = stream.as_raw_fd();
    result(unsafe { c::getsockopt(fd, SOL_SOCKET, SO_LINGER, linger.as_mut_ptr(), &mut length) })?;
    Ok(if linger[0] == 0 { -1 } else { linger[1] })
}

//= set_linger
fn set_linger(socket: &Socket, on: i32, seconds: i32) -> io::Result<i32> {
    let stream = open(socket)?;
    let linger = [on, seconds];
    result(unsafe { c::setsockopt(stream.as_raw_fd(), SOL_SOCKET, SO_LINGER, linger.as_ptr(), 8) })
}

//= limit_of
/// SO_RCVTIMEO or SO_SNDTIMEO, in milliseconds.
fn limit_of(socket: &Socket, option: i32) -> io::Result<u128> {
    let stream = open(socket)?;
    let limit = if option == SO_RCVTIMEO { stream.read_timeout()? } else { stream.write_timeout()? };
    Ok(limit.map_or(0, |limit| limit.as_millis()))
}

//= set_limit
fn set_limit(socket: &Socket, option: i32, seconds: i64, micros: i64) -> io::Result<i32> {
    let stream = open(socket)?;
    let time = [seconds, micros];
    result(unsafe { c::setsockopt(stream.as_raw_fd(), SOL_SOCKET, option, time.as_ptr().cast(), 16) })
}

//= nonblocking
fn nonblocking(socket: &Socket) -> io::Result<i32> {
    let flags = result(unsafe { c::fcntl(open(socket)?.as_raw_fd(), 3) })?;
    Ok(i32::from(flags & 0o4000 != 0))
}

//= set_nonblocking
fn set_nonblocking(socket: &Socket, on: bool) -> io::Result<i32> {
    open(socket)?.set_nonblocking(on).map(|()| 0)
}

//= limit_descriptors
/// The numbers of this process's descriptors stay below that; what is open stays open.
fn limit_descriptors(most: u64) {
    let mut limits = [0; 2];
    unsafe { c::getrlimit(7, &mut limits) };
    limits[0] = most;
    unsafe { c::setrlimit(7, &limits) };
}

//= begin
/// The calls that wait for others: step, end, call, and what tells that it is over.
static ASIDES: Mutex<Vec<(usize, &str, &str, Receiver<String>)>> = Mutex::new(Vec::new());

/// Makes such a call in a thread of its own, known by its step.
fn begin<T, F>(step: usize, end: &'static str, call: &'static str, make: F)
where
    T: Display,
    F: FnOnce() -> io::Result<T> + Send + 'static,
{
    let (over, told) = channel();
    thread::spawn(move || over.send(words(make())));
    ASIDES.lock().unwrap().push((step, end, call, told));
    if !wait_for(step, 200) {
        println!("{step} {end} {call} blocked");
    }
}

/// Prints what that call returned; false when it does not return in so many milliseconds.
fn wait_for(step: usize, ms: u64) -> bool {
    let mut asides = ASIDES.lock().unwrap();
    let Some(place) = asides.iter().position(|aside| aside.0 == step) else { return true };
    let (_, end, call, told) = &asides[place];
    let Ok(result) = told.recv_timeout(Duration::from_millis(ms)) else { return false };
    println!("{step} {end} {call} {result}");
    asides.remove(place);
    thread::sleep(Duration::from_millis(20));
    true
}

//= wait
/// Waits for it, some seconds at the longest.
fn wait(step: usize) {
    wait_for(step, 5000);
}
