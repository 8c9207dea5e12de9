//! The wordings, once: which words stand for what, in whose language.

use super::{Dialect, Subject};
use crate::errno::Errno;
use crate::explain::rules::CallClass::{self, Accept, Bind, Close, Connect, Listen, Read, Write};

use Dialect::{Curl, Go, Java, Nginx, Node, Python, Rust};
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

const fn errno(errno: Errno) -> Subject {
    Subject::Errno(errno)
}

const OWN_TIMEOUT: &str = "This is the program's own timeout, not the kernel's ETIMEDOUT (\"Connection timed out\"): the kernel had not given up yet.";
const NGINX_TIMEOUT: &str = "nginx prints 110 (ETIMEDOUT) for its own timeouts, too: the kernel had not given up yet.";
const HANG_UP: &str =
    "Node.js gives it the code ECONNRESET, but as a rule the server closed in order, with FIN, before it had answered.";
const ENDED: &str = "Node.js gives it the code EPIPE, but no call was made: the peer's FIN came, and Node.js ended our direction as well (allowHalfOpen is off).";
const SEVEN: &str = "curl's 7 is any connect that failed, most often a refused one; curl -v shows the errno's text.";

/// A library's own words. They go before any errno that stands beside them.
pub(super) const WORDS: &[Wording] = &[
    // Go
    of("use of closed network connection", Closed, Some(Go)),
    of("use of closed file", Closed, Some(Go)),
    but(OWN_TIMEOUT, of("i/o timeout", Deadline, Some(Go))),
    but(OWN_TIMEOUT, of("context deadline exceeded", Deadline, Some(Go))),
    of("unexpected eof", Eof, None),
    // Python
    of("i/o operation on closed file", Closed, Some(Python)),
    of("remote end closed connection without response", Eof, Some(Python)),
    of("connection closed by peer", Eof, None),
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
    // Java
    but(OWN_TIMEOUT, at("connect timed out", Deadline, Some(Java), Connect)),
    but(OWN_TIMEOUT, at("read timed out", Deadline, Some(Java), Read)),
    but(OWN_TIMEOUT, at("accept timed out", Deadline, Some(Java), Accept)),
    of("socket closed", Closed, Some(Java)),
    of("socket is closed", Closed, Some(Java)),
    of("stream closed", Closed, Some(Java)),
    of("closedchannelexception", Closed, Some(Java)),
    of("asynchronouscloseexception", Closed, Some(Java)),
    of("unexpected end of file from server", Eof, Some(Java)),
    of("premature eof", Eof, Some(Java)),
    of("premature end of", Eof, Some(Java)),
    // Rust
    of("failed to fill whole buffer", Eof, Some(Rust)),
    of("early eof", Eof, Some(Rust)),
    // nginx
    at("upstream prematurely closed connection", Eof, Some(Nginx), Read),
    at("client prematurely closed connection", Eof, Some(Nginx), Read),
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
    // OpenSSL, in whatever uses it
    of("unexpected eof while reading", Eof, None),
    of("ssl_error_syscall", Eof, None),
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
    of("connection reset", errno(Errno::ECONNRESET), Some(Java)),
    of("noroutetohostexception", errno(Errno::EHOSTUNREACH), Some(Java)),
    but(OWN_TIMEOUT, of("sockettimeoutexception", Deadline, Some(Java))),
    of("eofexception", Eof, Some(Java)),
    of("eoferror", Eof, Some(Python)),
    but(SEVEN, at("curl: (7)", errno(Errno::ECONNREFUSED), Some(Curl), Connect)),
    but(OWN_TIMEOUT, of("curl: (28)", Deadline, Some(Curl))),
    at("curl: (55)", errno(Errno::EPIPE), Some(Curl), Write),
    at("curl: (56)", errno(Errno::ECONNRESET), Some(Curl), Read),
    but(
        "curl's 35 is a TLS handshake that failed: here, as a rule, the server ended the connection in the middle of it.",
        of("curl: (35)", Eof, Some(Curl)),
    ),
    but(OWN_TIMEOUT, of("deadline exceeded", Deadline, None)),
    but(OWN_TIMEOUT, of("deadline has elapsed", Deadline, Some(Rust))),
    but(OWN_TIMEOUT, of("timed out", Deadline, None)),
    of("end of file", Eof, None),
    of("end of stream", Eof, None),
];

/// Words that are enough when they are the whole text, and too common elsewhere.
pub(super) const WHOLE: &[Wording] = &[
    of("eof", Eof, None),
    of("deadline", Deadline, None),
    of("timeout", Deadline, None),
    of("closed", Closed, None),
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
    ("recv failure", cue(Read, Some(Curl))),
    ("send failure", cue(Write, Some(Curl))),
    ("failed to connect", cue(Connect, Some(Curl))),
    ("(write failed)", cue(Write, Some(Java))),
    ("(read failed)", cue(Read, Some(Java))),
    ("(connection refused)", cue(Connect, Some(Java))),
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
];
