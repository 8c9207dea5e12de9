//! The wordings, once: which words stand for what, in whose language.

use super::{Dialect, Subject};
use crate::errno::Errno;
use crate::explain::rules::CallClass::{self, Accept, Bind, Close, Connect, Listen, Read, Write};

use Dialect::{Curl, DotNet, Elixir, Erlang, Go, Java, Nginx, Node, OpenSsh, Php, Python, Ruby, Rust};
use Subject::{Closed, Deadline, Eof};

/// Words that stand for something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wording {
    /// In small letters, as whole words; in `KINDS` as they are.
    pub(super) text: &'static str,
    /// What they are about.
    pub(super) subject: Subject,
    /// Whose they are.
    pub(super) dialect: Option<Dialect>,
    /// Of which call, where that is certain.
    pub(super) call: Option<CallClass>,
    /// What must be known of them.
    pub(super) remark: Option<&'static str>,
    /// What must stand elsewhere in the line.
    pub(super) with: Option<&'static str>,
    /// Do they count only where a clause ends? (`unexpected EOF at line 3` is a parser's.)
    pub(super) ends: bool,
}

/// What tells a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cue {
    pub(super) call: Option<CallClass>,
    pub(super) dialect: Option<Dialect>,
}

const fn of(text: &'static str, subject: Subject, dialect: Option<Dialect>) -> Wording {
    Wording {
        text,
        subject,
        dialect,
        call: None,
        remark: None,
        with: None,
        ends: false,
    }
}

const fn at(text: &'static str, subject: Subject, dialect: Option<Dialect>, call: CallClass) -> Wording {
    Wording {
        call: Some(call),
        ..of(text, subject, dialect)
    }
}

const fn but(remark: &'static str, wording: Wording) -> Wording {
    Wording {
        remark: Some(remark),
        ..wording
    }
}

const fn with(with: &'static str, wording: Wording) -> Wording {
    Wording {
        with: Some(with),
        ..wording
    }
}

const fn ends(wording: Wording) -> Wording {
    Wording { ends: true, ..wording }
}

const fn errno(errno: Errno) -> Subject {
    Subject::Errno(errno)
}

const OWN_TIMEOUT: &str = "This is the program's own timeout, not the kernel's ETIMEDOUT (\"Connection timed out\"): the kernel had not given up yet.";
const NGINX_TIMEOUT: &str = "nginx prints 110 (ETIMEDOUT) for its own timeouts, too: the kernel had not given up yet.";
const HANG_UP: &str =
    "Node.js gives it the code ECONNRESET, but as a rule the server closed in order, with FIN, before it had answered.";
const ENDED: &str = "Node.js gives it the code EPIPE, but no call was made: the peer's FIN came, and Node.js ended our direction as well (allowHalfOpen is off).";
const TRANSPORT: &str = "No call was made: asyncio's transport was closing, since the peer had ended, an error had been told, or the program had closed it.";
const NOT_TOLD: &str = "The library does not tell an end in order (FIN) from an RST.";
const GEN_TCP: &str =
    "Erlang says closed when the peer has ended the stream, and on a socket that the program has closed itself.";
const RESOLVER: &str = "It is the resolver's own timeout: no name server answered, and no connection was tried.";
const SEVEN: &str = "curl's 7 is any connect that failed, most often a refused one; curl -v shows the errno's text.";

/// A library's own words. They go before any errno that stands beside them.
pub(super) const WORDS: &[Wording] = &[
    // Go
    of("use of closed network connection", Closed, Some(Go)),
    of("use of closed file", Closed, Some(Go)),
    but(OWN_TIMEOUT, of("i/o timeout", Deadline, Some(Go))),
    but(OWN_TIMEOUT, of("context deadline exceeded", Deadline, Some(Go))),
    ends(of("unexpected eof", Eof, None)),
    of("server closed idle connection", Eof, Some(Go)),
    but(OWN_TIMEOUT, of("client.timeout exceeded", Deadline, Some(Go))),
    but(
        OWN_TIMEOUT,
        of("client.timeout or context cancellation", Deadline, Some(Go)),
    ),
    but(OWN_TIMEOUT, of("tls handshake timeout", Deadline, Some(Go))),
    but(
        OWN_TIMEOUT,
        at("timeout awaiting response headers", Deadline, Some(Go), Read),
    ),
    but(OWN_TIMEOUT, of("code = deadlineexceeded", Deadline, Some(Go))),
    at(
        "was refused - did you specify the right host or port",
        errno(Errno::ECONNREFUSED),
        Some(Go),
        Connect,
    ),
    // Python
    of("i/o operation on closed file", Closed, Some(Python)),
    of("remote end closed connection without response", Eof, Some(Python)),
    of("connection closed by peer", Eof, None),
    of("connection closed by server", Eof, None),
    of("eof occurred in violation of protocol", Eof, Some(Python)),
    of("sslzeroreturnerror", Eof, Some(Python)),
    of("server disconnected without sending a response", Eof, Some(Python)),
    of("serverdisconnectederror", Eof, Some(Python)),
    of(
        "peer closed connection without sending complete message body",
        Eof,
        Some(Python),
    ),
    but(
        TRANSPORT,
        at("cannot write to closing transport", Closed, Some(Python), Write),
    ),
    but(
        TRANSPORT,
        at("connectionreseterror: connection lost", Closed, Some(Python), Write),
    ),
    but(
        OWN_TIMEOUT,
        at("requests.exceptions.readtimeout", Deadline, Some(Python), Read),
    ),
    but(
        OWN_TIMEOUT,
        at("requests.exceptions.connecttimeout", Deadline, Some(Python), Connect),
    ),
    but(
        OWN_TIMEOUT,
        at("read timed out. (read timeout", Deadline, Some(Python), Read),
    ),
    but(OWN_TIMEOUT, at("readtimeouterror", Deadline, Some(Python), Read)),
    but(OWN_TIMEOUT, at("connecttimeouterror", Deadline, None, Connect)),
    but(
        OWN_TIMEOUT,
        at("the read operation timed out", Deadline, Some(Python), Read),
    ),
    but(
        OWN_TIMEOUT,
        at("the write operation timed out", Deadline, Some(Python), Write),
    ),
    but(
        OWN_TIMEOUT,
        at("the handshake operation timed out", Deadline, Some(Python), Read),
    ),
    of("incompletereaderror", Eof, Some(Python)),
    of("incompleteread", Eof, Some(Python)),
    // Node
    but(HANG_UP, of("socket hang up", Eof, Some(Node))),
    but(
        ENDED,
        at(
            "this socket has been ended by the other party",
            Closed,
            Some(Node),
            Write,
        ),
    ),
    of("err_stream_destroyed", Closed, Some(Node)),
    at("err_stream_write_after_end", Closed, Some(Node), Write),
    of("err_stream_premature_close", Eof, Some(Node)),
    of("err_socket_closed", Closed, Some(Node)),
    at("write after end", Closed, Some(Node), Write),
    of("after a stream was destroyed", Closed, Some(Node)),
    but(OWN_TIMEOUT, of("esockettimedout", Deadline, Some(Node))),
    but(
        HANG_UP,
        of(
            "client network socket disconnected before secure tls connection",
            Eof,
            Some(Node),
        ),
    ),
    of("other side closed", Eof, Some(Node)),
    but(OWN_TIMEOUT, at("connect timeout error", Deadline, Some(Node), Connect)),
    but(OWN_TIMEOUT, at("headers timeout error", Deadline, Some(Node), Read)),
    but(OWN_TIMEOUT, at("body timeout error", Deadline, Some(Node), Read)),
    but(OWN_TIMEOUT, of("mongonetworktimeouterror", Deadline, Some(Node))),
    // axios gives it the code ECONNABORTED.
    but(OWN_TIMEOUT, with("ms exceeded", of("timeout of", Deadline, Some(Node)))),
    // Java
    but(OWN_TIMEOUT, at("connect timed out", Deadline, Some(Java), Connect)),
    but(OWN_TIMEOUT, at("read timed out", Deadline, Some(Java), Read)),
    but(OWN_TIMEOUT, at("accept timed out", Deadline, Some(Java), Accept)),
    but(
        OWN_TIMEOUT,
        at("connecttimeoutexception", Deadline, Some(Java), Connect),
    ),
    but(OWN_TIMEOUT, of("due to request timeout", Deadline, Some(Java))),
    of("socketexception: socket closed", Closed, Some(Java)),
    of("socketexception: socket is closed", Closed, Some(Java)),
    of("ioexception: stream closed", Closed, Some(Java)),
    of("stacklessclosedchannelexception", Closed, Some(Java)),
    of("nohttpresponseexception", Eof, Some(Java)),
    of("prematurecloseexception", Eof, Some(Java)),
    of("remote host terminated the handshake", Eof, Some(Java)),
    of("remote host closed connection during handshake", Eof, Some(Java)),
    of("closedchannelexception", Closed, Some(Java)),
    of("asynchronouscloseexception", Closed, Some(Java)),
    of("unexpected end of file from server", Eof, Some(Java)),
    of("premature eof", Eof, Some(Java)),
    of("premature end of", Eof, Some(Java)),
    // Rust
    of("failed to fill whole buffer", Eof, Some(Rust)),
    of("connection closed before message completed", Eof, Some(Rust)),
    but(
        OWN_TIMEOUT,
        with(
            "): operation timed out",
            of("error sending request", Deadline, Some(Rust)),
        ),
    ),
    of("hyper::error(incompletemessage)", Eof, Some(Rust)),
    of(
        "peer closed connection without sending tls close_notify",
        Eof,
        Some(Rust),
    ),
    of("tls handshake eof", Eof, Some(Rust)),
    but(
        NOT_TOLD,
        of("connection reset without closing handshake", Eof, Some(Rust)),
    ),
    // nginx
    at("upstream prematurely closed connection", Eof, Some(Nginx), Read),
    but(NGINX_TIMEOUT, of("upstream timed out", Deadline, Some(Nginx))),
    but(NGINX_TIMEOUT, of("client timed out", Deadline, Some(Nginx))),
    // curl
    at("curl: (52)", Eof, Some(Curl), Read),
    at("empty reply from server", Eof, Some(Curl), Read),
    at("curl: (18)", Eof, Some(Curl), Read),
    but(OWN_TIMEOUT, of("curl: (28) operation timed out", Deadline, Some(Curl))),
    but(OWN_TIMEOUT, of("operation timed out after", Deadline, Some(Curl))),
    but(
        OWN_TIMEOUT,
        at("connection timed out after", Deadline, Some(Curl), Connect),
    ),
    but(OWN_TIMEOUT, of("resolving timed out after", Deadline, Some(Curl))),
    at("transfer closed with", Eof, Some(Curl), Read),
    // Its own timeouts have other words: with these the kernel had given up.
    with(
        "curl: (28)",
        at(
            "couldn't connect to server",
            errno(Errno::ETIMEDOUT),
            Some(Curl),
            Connect,
        ),
    ),
    // TLS libraries, in whatever uses them
    of("unexpected eof while reading", Eof, None),
    of("tls connection was non-properly terminated", Eof, None),
    of("connection closed during ssl handshake", Eof, None),
    of("ssl connection has been closed unexpectedly", Eof, None),
    // OpenSSH
    of("connection closed by remote host", Eof, Some(OpenSsh)),
    but(
        OWN_TIMEOUT,
        of("connection timed out during banner exchange", Deadline, Some(OpenSsh)),
    ),
    but(
        OWN_TIMEOUT,
        with("not responding", of("timeout, server", Deadline, Some(OpenSsh))),
    ),
    // Ruby
    of("end of file reached", Eof, Some(Ruby)),
    of("syscall returned=5 errno=0", Eof, Some(Ruby)),
    of("ioerror: closed stream", Closed, Some(Ruby)),
    of("stream closed in another thread", Closed, Some(Ruby)),
    but(OWN_TIMEOUT, at("net::readtimeout", Deadline, Some(Ruby), Read)),
    but(OWN_TIMEOUT, at("net::writetimeout", Deadline, Some(Ruby), Write)),
    but(OWN_TIMEOUT, at("net::opentimeout", Deadline, Some(Ruby), Connect)),
    // .NET
    of("the response ended prematurely", Eof, Some(DotNet)),
    of(
        "received an unexpected eof or 0 bytes from the transport stream",
        Eof,
        Some(DotNet),
    ),
    of("the remote party has closed the transport stream", Eof, Some(DotNet)),
    but(
        OWN_TIMEOUT,
        of(
            "the request was canceled due to the configured httpclient.timeout",
            Deadline,
            Some(DotNet),
        ),
    ),
    // Erlang and Elixir
    but(GEN_TCP, of("error,closed}", Eof, Some(Erlang))),
    but(GEN_TCP, of("error, :closed}", Eof, Some(Elixir))),
    but(GEN_TCP, of("mint.transporterror) socket closed", Eof, Some(Elixir))),
    but(OWN_TIMEOUT, of("error,timeout}", Deadline, Some(Erlang))),
    but(OWN_TIMEOUT, of("error, :timeout}", Deadline, Some(Elixir))),
    but(OWN_TIMEOUT, of("mint.transporterror) timeout", Deadline, Some(Elixir))),
    // gRPC's C core
    of("details = \"socket closed", Eof, None),
    // Envoy, HAProxy
    but(NOT_TOLD, of("reset reason: connection termination", Eof, None)),
    but(
        OWN_TIMEOUT,
        at("reset reason: connection timeout", Deadline, None, Connect),
    ),
    but(OWN_TIMEOUT, of("upstream request timeout", Deadline, None)),
    but(OWN_TIMEOUT, at("layer4 timeout", Deadline, None, Connect)),
    // Databases
    of("server closed the connection", Eof, None),
    of("unexpected eof on client connection", Eof, None),
    of("ssl syscall error: eof detected", Eof, None),
    but(
        OWN_TIMEOUT,
        at("got timeout reading communication packets", Deadline, None, Read),
    ),
    // Tools
    of("the remote end hung up unexpectedly", Eof, None),
    of("unexpected disconnect while reading", Eof, None),
    of("connection unexpectedly closed", Eof, None),
    of("connection closed by foreign host", Eof, None),
    of("connection closed at byte", Eof, None),
    of("early eof", Eof, None),
    but(OWN_TIMEOUT, of("io timeout after", Deadline, None)),
    but(OWN_TIMEOUT, of("the timeout specified has expired", Deadline, None)),
    but(
        RESOLVER,
        of("connection timed out; no servers could be reached", Deadline, None),
    ),
    // Windows
    but(
        WINDOWS,
        of(
            "an existing connection was forcibly closed by the remote host",
            errno(Errno::ECONNRESET),
            None,
        ),
    ),
    but(
        WINDOWS,
        of(
            "an established connection was aborted by the software in your host machine",
            errno(Errno::ECONNABORTED),
            None,
        ),
    ),
    but(
        WINDOWS,
        at(
            "a connection attempt failed because the connected party did not properly respond",
            errno(Errno::ETIMEDOUT),
            None,
            Connect,
        ),
    ),
    but(
        WINDOWS,
        at(
            "the target machine actively refused it",
            errno(Errno::ECONNREFUSED),
            None,
            Connect,
        ),
    ),
    but(
        WINDOWS,
        at(
            "only one usage of each socket address",
            errno(Errno::EADDRINUSE),
            None,
            Bind,
        ),
    ),
    but(
        WINDOWS,
        of(
            "the requested address is not valid in its context",
            errno(Errno::EADDRNOTAVAIL),
            None,
        ),
    ),
    but(
        WINDOWS,
        of(
            "a non-blocking socket operation could not be completed immediately",
            errno(Errno::EAGAIN),
            None,
        ),
    ),
    but(
        WINDOWS,
        of(
            "was disallowed because the socket is not connected",
            errno(Errno::ENOTCONN),
            None,
        ),
    ),
    but(
        WINDOWS,
        of(
            "was disallowed because the socket had already been shut down",
            errno(Errno::EPIPE),
            None,
        ),
    ),
    but(
        WINDOWS,
        of(
            "a socket operation was attempted to an unreachable network",
            errno(Errno::ENETUNREACH),
            None,
        ),
    ),
    but(
        WINDOWS,
        of(
            "a socket operation was attempted to an unreachable host",
            errno(Errno::EHOSTUNREACH),
            None,
        ),
    ),
];

/// Lines that speak of something else than a socket, whatever else stands in them: a resolver, TLS, a parser, a process. Only what
/// stands second makes them known again.
pub(super) const OTHERS: &[(&str, &str)] = &[
    ("gaierror", ""),
    ("name or service not known", ""),
    ("temporary failure in name resolution", ""),
    ("nodename nor servname provided", ""),
    ("no address associated with hostname", ""),
    ("ssl routines", "unexpected eof while reading"),
    ("from proxy after connect", ""),
    ("syntax error", ""),
    ("syntaxerror", ""),
    ("parse error", ""),
    ("while looking for matching", ""),
    ("fork:", ""),
    ("fork()", ""),
    ("fork failed", ""),
    ("cannot fork", ""),
    ("can't fork", ""),
    ("unable to fork", ""),
    ("pthread_create", ""),
    ("create native thread", ""),
    ("create thread", ""),
    ("create new os thread", ""),
    ("spawn eagain", ""),
    ("gzip:", ""),
];

/// What urllib3 calls every failure that ends a connection: the failure itself stands after it.
pub(super) const HEADLINE: &str = "'connection aborted.'";

/// Words by which a line is of UDP, and not of TCP.
pub(super) const DATAGRAMS: &[&str] = &[
    "read udp",
    "write udp",
    "dial udp",
    "listen udp",
    "udpv4",
    "udpv6",
    "udp setup with",
    "while resolving",
    "querya",
    "queryaaaa",
    "communications error to",
    "no servers could be reached",
];

/// What must be known of a message of UDP.
pub(super) const UDP: &str =
    "This is UDP (such as DNS), not TCP: there is no connection, and none of the rules for one applies.";
/// What must be known of Windows' numbers and texts.
pub(super) const WINDOWS: &str = "This is Windows' wording: the errno is the one that has the same name on Linux, where the same case may give another.";
/// What must be known of a number whose text says something else.
pub(super) const ELSEWHERE: &str =
    "The number is another system's (macOS or a BSD); on Linux it stands for something else, so the text counts.";

/// Windows' numbers.
pub(super) const WINSOCK: &[(i32, Errno)] = &[
    (10004, Errno::EINTR),
    (10009, Errno::EBADF),
    (10013, Errno::EACCES),
    (10022, Errno::EINVAL),
    (10024, Errno::EMFILE),
    (10035, Errno::EAGAIN),
    (10036, Errno::EINPROGRESS),
    (10037, Errno::EALREADY),
    (10038, Errno::ENOTSOCK),
    (10047, Errno::EAFNOSUPPORT),
    (10048, Errno::EADDRINUSE),
    (10049, Errno::EADDRNOTAVAIL),
    (10050, Errno::ENETDOWN),
    (10051, Errno::ENETUNREACH),
    (10053, Errno::ECONNABORTED),
    (10054, Errno::ECONNRESET),
    (10055, Errno::ENOBUFS),
    (10056, Errno::EISCONN),
    (10057, Errno::ENOTCONN),
    (10058, Errno::EPIPE),
    (10060, Errno::ETIMEDOUT),
    (10061, Errno::ECONNREFUSED),
    (10065, Errno::EHOSTUNREACH),
];

/// Words that leave the errno open, or are common: an errno that stands beside them goes first.
pub(super) const WEAK: &[Wording] = &[
    of("connectionreseterror", errno(Errno::ECONNRESET), Some(Python)),
    of("connectionrefusederror", errno(Errno::ECONNREFUSED), Some(Python)),
    of("connectionabortederror", errno(Errno::ECONNABORTED), Some(Python)),
    of("brokenpipeerror", errno(Errno::EPIPE), Some(Python)),
    of("blockingioerror", errno(Errno::EAGAIN), Some(Python)),
    of("interruptederror", errno(Errno::EINTR), Some(Python)),
    but(OWN_TIMEOUT, of("timeouterror", Deadline, Some(Python))),
    but(OWN_TIMEOUT, of("socket.timeout", Deadline, Some(Python))),
    of("connection reset", errno(Errno::ECONNRESET), None),
    of("noroutetohostexception", errno(Errno::EHOSTUNREACH), Some(Java)),
    but(OWN_TIMEOUT, of("sockettimeoutexception", Deadline, Some(Java))),
    of("eofexception", Eof, Some(Java)),
    of("eoferror", Eof, Some(Python)),
    but(SEVEN, at("curl: (7)", errno(Errno::ECONNREFUSED), Some(Curl), Connect)),
    but(OWN_TIMEOUT, of("curl: (28)", Deadline, Some(Curl))),
    // An errno may stand beside it.
    of("ssl_error_syscall", Eof, None),
    at("client prematurely closed connection", Eof, Some(Nginx), Read),
    of("client closed connection", Eof, None),
    of("client closed keepalive connection", Eof, Some(Nginx)),
    of("peer closed connection in ssl handshake", Eof, Some(Nginx)),
    of("end of file found", Eof, None),
    of("stream truncated", Eof, None),
    of("timeoutexception", Deadline, Some(Java)),
    but(OWN_TIMEOUT, of("timeout expired", Deadline, None)),
    but(OWN_TIMEOUT, of("execution expired", Deadline, Some(Ruby))),
    but(OWN_TIMEOUT, at("read timeout on", Deadline, None, Read)),
    but(OWN_TIMEOUT, at("httpx.readtimeout", Deadline, Some(Python), Read)),
    but(OWN_TIMEOUT, at("httpx.writetimeout", Deadline, Some(Python), Write)),
    but(OWN_TIMEOUT, at("httpx.connecttimeout", Deadline, Some(Python), Connect)),
    but(OWN_TIMEOUT, of("deadline exceeded", Deadline, None)),
    but(OWN_TIMEOUT, of("deadline has elapsed", Deadline, Some(Rust))),
    but(OWN_TIMEOUT, of("timed out", Deadline, None)),
    ends(of("end of file", Eof, None)),
    of("end of stream", Eof, None),
];

/// Words that are enough when they are the whole text, and too common elsewhere.
pub(super) const WHOLE: &[Wording] = &[
    of("eof", Eof, None),
    of("deadline", Deadline, None),
    of("timeout", Deadline, None),
    of("closed", Closed, None),
    of("socket closed", Closed, Some(Java)),
    of("socket is closed", Closed, Some(Java)),
    of("stream closed", Closed, Some(Java)),
    at("curl: (55)", errno(Errno::EPIPE), Some(Curl), Write),
    at("curl: (56)", errno(Errno::ECONNRESET), Some(Curl), Read),
];

/// `io::ErrorKind`, as Rust's `Debug` prints it.
pub(super) const KINDS: &[Wording] = &[
    of("ConnectionReset", errno(Errno::ECONNRESET), Some(Rust)),
    of("ConnectionRefused", errno(Errno::ECONNREFUSED), Some(Rust)),
    of("ConnectionAborted", errno(Errno::ECONNABORTED), Some(Rust)),
    of("NotConnected", errno(Errno::ENOTCONN), Some(Rust)),
    of("AddrInUse", errno(Errno::EADDRINUSE), Some(Rust)),
    of("AddrNotAvailable", errno(Errno::EADDRNOTAVAIL), Some(Rust)),
    of("BrokenPipe", errno(Errno::EPIPE), Some(Rust)),
    of("WouldBlock", errno(Errno::EAGAIN), Some(Rust)),
    of("HostUnreachable", errno(Errno::EHOSTUNREACH), Some(Rust)),
    of("NetworkUnreachable", errno(Errno::ENETUNREACH), Some(Rust)),
    of("UnexpectedEof", Eof, Some(Rust)),
    but(OWN_TIMEOUT, of("TimedOut", Deadline, Some(Rust))),
];

macro_rules! texts {
    ($($text:literal $errno:ident;)*) => {
        /// What strerror says (glibc's words, and musl's and BSD's where they differ), in small letters; a test holds it against libc.
        pub(super) const TEXTS: &[(&str, Errno)] = &[$(($text, Errno::$errno)),*];
    };
}

texts! {
    "operation not permitted" EPERM;
    "no such file or directory" ENOENT;
    "no such process" ESRCH;
    "interrupted system call" EINTR;
    "input/output error" EIO;
    "no such device or address" ENXIO;
    "argument list too long" E2BIG;
    "bad file descriptor" EBADF;
    "resource temporarily unavailable" EAGAIN;
    "operation would block" EAGAIN;
    "cannot allocate memory" ENOMEM;
    "permission denied" EACCES;
    "bad address" EFAULT;
    "device or resource busy" EBUSY;
    "file exists" EEXIST;
    "no such device" ENODEV;
    "not a directory" ENOTDIR;
    "is a directory" EISDIR;
    "invalid argument" EINVAL;
    "too many open files in system" ENFILE;
    "too many open files" EMFILE;
    "inappropriate ioctl for device" ENOTTY;
    "file too large" EFBIG;
    "no space left on device" ENOSPC;
    "illegal seek" ESPIPE;
    "read-only file system" EROFS;
    "broken pipe" EPIPE;
    "numerical argument out of domain" EDOM;
    "numerical result out of range" ERANGE;
    "resource deadlock avoided" EDEADLK;
    "function not implemented" ENOSYS;
    "protocol error" EPROTO;
    "value too large for defined data type" EOVERFLOW;
    "bad message" EBADMSG;
    "socket operation on non-socket" ENOTSOCK;
    "destination address required" EDESTADDRREQ;
    "message too long" EMSGSIZE;
    "protocol wrong type for socket" EPROTOTYPE;
    "protocol not available" ENOPROTOOPT;
    "protocol not supported" EPROTONOSUPPORT;
    "socket type not supported" ESOCKTNOSUPPORT;
    "operation not supported" EOPNOTSUPP;
    "protocol family not supported" EPFNOSUPPORT;
    "address family not supported by protocol" EAFNOSUPPORT;
    "address already in use" EADDRINUSE;
    "address in use" EADDRINUSE;
    "cannot assign requested address" EADDRNOTAVAIL;
    "can't assign requested address" EADDRNOTAVAIL;
    "address not available" EADDRNOTAVAIL;
    "network is down" ENETDOWN;
    "network is unreachable" ENETUNREACH;
    "network unreachable" ENETUNREACH;
    "network dropped connection on reset" ENETRESET;
    "software caused connection abort" ECONNABORTED;
    "connection aborted" ECONNABORTED;
    "connection reset by peer" ECONNRESET;
    "no buffer space available" ENOBUFS;
    "transport endpoint is already connected" EISCONN;
    "socket is connected" EISCONN;
    "socket is already connected" EISCONN;
    "transport endpoint is not connected" ENOTCONN;
    "socket is not connected" ENOTCONN;
    "socket not connected" ENOTCONN;
    "cannot send after transport endpoint shutdown" ESHUTDOWN;
    "too many references: cannot splice" ETOOMANYREFS;
    "connection timed out" ETIMEDOUT;
    "operation timed out" ETIMEDOUT;
    "connection refused" ECONNREFUSED;
    "host is down" EHOSTDOWN;
    "no route to host" EHOSTUNREACH;
    "host is unreachable" EHOSTUNREACH;
    "operation already in progress" EALREADY;
    "operation now in progress" EINPROGRESS;
    "operation in progress" EINPROGRESS;
    "machine is not on the network" ENONET;
    "operation canceled" ECANCELED;
}

const fn cue(call: CallClass, dialect: Option<Dialect>) -> Cue {
    Cue {
        call: Some(call),
        dialect,
    }
}

/// Words that tell the call, the surest first.
pub(super) const CALLS: &[(&str, Cue)] = &[
    // What the resolver did inside of a dial goes first.
    ("read udp", cue(Read, Some(Go))),
    ("write udp", cue(Write, Some(Go))),
    ("dial udp", cue(Connect, Some(Go))),
    ("read udpv4", cue(Read, None)),
    (
        "dial tcp: lookup",
        Cue {
            call: None,
            dialect: Some(Go),
        },
    ),
    ("recv failure", cue(Read, Some(Curl))),
    ("send failure", cue(Write, Some(Curl))),
    ("failed to connect", cue(Connect, None)),
    ("(write failed)", cue(Write, Some(Java))),
    ("(read failed)", cue(Read, Some(Java))),
    ("annotatedconnectexception", cue(Connect, Some(Java))),
    ("finishconnect(..)", cue(Connect, Some(Java))),
    ("readaddress(..)", cue(Read, Some(Java))),
    ("recvaddress(..)", cue(Read, Some(Java))),
    ("writeaddress(..)", cue(Write, Some(Java))),
    ("syscall:read(..)", cue(Read, Some(Java))),
    ("socket write error", cue(Write, Some(Java))),
    ("connectexception", cue(Connect, Some(Java))),
    ("noroutetohostexception", cue(Connect, Some(Java))),
    ("bindexception", cue(Bind, Some(Java))),
    ("dial tcp", cue(Connect, Some(Go))),
    ("read tcp", cue(Read, Some(Go))),
    ("write tcp", cue(Write, Some(Go))),
    ("accept tcp", cue(Accept, Some(Go))),
    ("listen tcp", cue(Listen, Some(Go))),
    ("close tcp", cue(Close, Some(Go))),
    ("while connecting to upstream", cue(Connect, Some(Nginx))),
    ("while reading response header from upstream", cue(Read, Some(Nginx))),
    ("while reading upstream", cue(Read, Some(Nginx))),
    ("while sending request to upstream", cue(Write, Some(Nginx))),
    ("while sending to client", cue(Write, Some(Nginx))),
    ("connectionrefusederror", cue(Connect, Some(Python))),
    ("brokenpipeerror", cue(Write, Some(Python))),
    ("connect call failed", cue(Connect, Some(Python))),
    ("failed to establish a new connection", cue(Connect, Some(Python))),
    ("tcp connect error", cue(Connect, Some(Rust))),
    ("fsockopen()", cue(Connect, Some(Php))),
    ("stream_socket_client()", cue(Connect, Some(Php))),
    ("fwrite()", cue(Write, Some(Php))),
    ("fread()", cue(Read, Some(Php))),
    ("fgets()", cue(Read, Some(Php))),
    ("sqlstate[hy000] [2002]", cue(Connect, Some(Php))),
    (
        "unable to read data from the transport connection",
        cue(Read, Some(DotNet)),
    ),
    (
        "unable to write data to the transport connection",
        cue(Write, Some(DotNet)),
    ),
    ("ssh: connect to host", cue(Connect, Some(OpenSsh))),
    ("read from remote host", cue(Read, Some(OpenSsh))),
    ("client_loop: send disconnect", cue(Write, Some(OpenSsh))),
    ("packet_write_wait", cue(Write, Some(OpenSsh))),
    ("kex_exchange_identification", cue(Read, Some(OpenSsh))),
    ("failed to open tcp connection", cue(Connect, Some(Ruby))),
    // Of many programs
    ("delayed connect error", cue(Connect, None)),
    ("immediate connect error", cue(Connect, None)),
    ("layer4 connection problem", cue(Connect, None)),
    ("connection to server at", cue(Connect, None)),
    ("could not receive data from", cue(Read, None)),
    ("could not send data to", cue(Write, None)),
    ("could not bind", cue(Bind, None)),
    ("while reading from", cue(Read, None)),
    ("receive failed", cue(Read, None)),
    ("recv failed", cue(Read, None)),
    ("read error", cue(Read, None)),
    ("send failed", cue(Write, None)),
    ("write error", cue(Write, None)),
    ("writing data to the network", cue(Write, None)),
    ("connect to", cue(Connect, None)),
    ("connecting to", cue(Connect, None)),
    ("(connection refused)", cue(Connect, None)),
];
