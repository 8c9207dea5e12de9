//! The signs beside the wordings, once: the texts of errnos, calls, carriers, languages by their looks, and words of something else.

use super::words::MORE_CALLS;
use super::{Carrier, Dialect, System};
use crate::rules::CallClass::{self, Accept, Bind, Close, Connect, Listen, Poll, Read, Shutdown, Write};
use finwait_model::errno::Errno;

use Dialect::{Bun, C, Curl, Dart, Dotnet, Elixir, Go, Haskell, Java, Nginx, Node, Openssh, Php, Python, Ruby, Rust};
/// A sign of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cue {
    pub(super) call: Option<CallClass>,
    pub(super) dialect: Option<Dialect>,
    /// Are they words that are said of other things, too?
    pub(super) is_general: bool,
}

/// urllib3's words for every failure that ends a connection: the failure itself stands after it.
pub(super) const HEADLINE: &str = "'connection aborted.'";

/// Envoy writes its details with underscores for blanks, after this.
pub(super) const UNDERSCORED: &str = "upstream_reset_before_response_started{";

/// Errnos of files and processes: no news in a log where no call of a socket is named.
pub(super) const FILES: &[Errno] = &[
    Errno::EPERM,
    Errno::ENOENT,
    Errno::ESRCH,
    Errno::EIO,
    Errno::ENXIO,
    Errno::E2BIG,
    Errno::EACCES,
    Errno::EBUSY,
    Errno::EEXIST,
    Errno::ENODEV,
    Errno::ENOTDIR,
    Errno::EISDIR,
    Errno::ENOTTY,
    Errno::EFBIG,
    Errno::ENOSPC,
    Errno::ESPIPE,
    Errno::EROFS,
    Errno::EDOM,
    Errno::ERANGE,
];

/// Errnos that no regular file or device gives, whatever path stands in the line: it may be a request's.
pub(super) const SOCKETS: &[Errno] = &[
    Errno::EPIPE,
    Errno::ECONNRESET,
    Errno::ECONNREFUSED,
    Errno::ECONNABORTED,
    Errno::EISCONN,
    Errno::EADDRINUSE,
    Errno::EADDRNOTAVAIL,
];

/// Errnos that only files give: where no call of a socket's stands beside the text, it is about one.
pub(super) const NO_SOCKETS: &[Errno] = &[
    Errno::ENOENT,
    Errno::ESRCH,
    Errno::ENXIO,
    Errno::E2BIG,
    Errno::EBUSY,
    Errno::EEXIST,
    Errno::ENOTDIR,
    Errno::EISDIR,
    Errno::EFBIG,
    Errno::ENOSPC,
    Errno::ESPIPE,
    Errno::EROFS,
    Errno::ENOTTY,
];

/// Programs whose output is a pipe where it breaks, at the beginning of a line.
pub(super) const FILTERS: &[&str] = &[
    "awk", "bzip2", "cat", "cut", "dd", "echo", "find", "gawk", "grep", "gunzip", "gzip", "head", "less", "ls", "mawk",
    "printf", "sed", "seq", "sort", "tail", "tar", "tee", "tr", "uniq", "wc", "xargs", "xz", "yes", "zcat", "zstd",
];

/// Words before a number by which it may be Windows'.
pub(super) const BEFORE_WINSOCK: &[&str] = &[
    "error",
    "err",
    "code",
    "wsagetlasterror",
    "winsock",
    "errno",
    "socketexception",
];

/// Words by which a line is not of TCP, or is though others stand in it; the first counts.
pub(super) const CARRIERS: &[(&str, Carrier)] = &[
    ("read udp", Carrier::Udp),
    ("write udp", Carrier::Udp),
    ("dial udp", Carrier::Udp),
    ("listen udp", Carrier::Udp),
    ("udpv4", Carrier::Udp),
    ("udpv6", Carrier::Udp),
    ("udp setup with", Carrier::Udp),
    ("while resolving", Carrier::Udp),
    ("resolving timed out", Carrier::Udp),
    ("querya", Carrier::Udp),
    ("queryaaaa", Carrier::Udp),
    ("communications error to", Carrier::Udp),
    ("no servers could be reached", Carrier::Udp),
    ("<udp:[", Carrier::Udp),
    ("<udpv6:[", Carrier::Udp),
    // The client's connection, whatever the upstream's is.
    ("while sending to client", Carrier::Tcp),
    ("while reading client request", Carrier::Tcp),
    ("while waiting for request", Carrier::Tcp),
    ("client prematurely closed connection", Carrier::Tcp),
    ("dial tcp", Carrier::Tcp),
    ("read tcp", Carrier::Tcp),
    ("write tcp", Carrier::Tcp),
    ("dial unix", Carrier::Unix),
    ("unix:", Carrier::Unix),
    ("events from display", Carrier::Unix),
    ("af_unix", Carrier::Unix),
    ("<unix", Carrier::Unix),
    (".sock", Carrier::Unix),
    ("/dev/log", Carrier::Unix),
    ("through socket '", Carrier::Unix),
    ("on socket \"", Carrier::Unix),
    ("unix socket", Carrier::Unix),
    ("unix domain socket", Carrier::Unix),
    ("unixhttpconnectionpool", Carrier::Unix),
    ("<pipe:[", Carrier::Pipe),
    ("write |", Carrier::Pipe),
    ("read |", Carrier::Pipe),
    ("/dev/stdout", Carrier::Pipe),
    ("<stdout>", Carrier::Pipe),
    ("standard output", Carrier::Pipe),
    ("printing to stdout", Carrier::Pipe),
    // Node.js: fs.write, which no socket goes through.
    ("epipe: broken pipe, write", Carrier::Pipe),
    ("(stdout)", Carrier::Pipe),
    ("stdout: write error", Carrier::Pipe),
    ("write output", Carrier::Pipe),
    ("writing output", Carrier::Pipe),
    ("stdout: broken pipe", Carrier::Pipe),
    ("pipe2:", Carrier::Pipe),
    ("pipe:", Carrier::Pipe),
    ("a pipe", Carrier::Pipe),
    ("the pipe", Carrier::Pipe),
    ("to pipe", Carrier::Pipe),
    ("from pipe", Carrier::Pipe),
    ("named pipe", Carrier::Pipe),
    ("fifo", Carrier::Pipe),
    ("pipe()", Carrier::Pipe),
    ("filenotfoundexception", Carrier::File),
    ("filesystemexception", Carrier::File),
    ("could not open file", Carrier::File),
    ("could not open error log file", Carrier::File),
    ("opening file '", Carrier::File),
    ("file permissions deny", Carrier::File),
    ("cat: write error", Carrier::Pipe),
    ("echo: write error", Carrier::Pipe),
    ("grep: write error", Carrier::Pipe),
    ("ls: write error", Carrier::Pipe),
    ("printf: write error", Carrier::Pipe),
];

/// Calls that take a path, or that a program prints before one.
pub(super) const ON_FILES: &[&str] = &[
    "open",
    "open()",
    "openat",
    "read",
    "write",
    "stat",
    "lstat",
    "readdir",
    "readdirent",
    "scandir",
    "mkdir",
    "unlink",
    "remove",
    "rename",
    "close",
    "fsync",
    "sync",
    "chmod",
    "chown",
    "truncate",
    "access",
    "opendir",
];

/// Words of GNU's tools before a file's name in quotes.
pub(super) const TOOLS: &[&str] = &[
    "cannot access",
    "cannot touch",
    "cannot overwrite",
    "cannot chmod",
    "cannot move",
    "failed to unmount",
    "cannot stat",
    "cannot statx",
    "cannot open",
    "cannot read",
    "cannot create",
    "cannot create directory",
    "cannot create regular file",
    "cannot remove",
    "error reading",
    "error writing",
    "failed to access",
    "failed to close",
    "failed to open",
    "reading directory",
    "closing directory",
];

/// An address that says more than the errno.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AddressHint {
    /// `::1`, which a name such as localhost may give first.
    Loopback6,
    /// An address of this host itself.
    Loopback,
    /// An address of IPv6.
    Ipv6,
}

/// Remarks on an errno of connect with such an address.
pub(super) const ADDRESSES: &[(Errno, AddressHint, &str)] = &[
    (
        Errno::ECONNREFUSED,
        AddressHint::Loopback6,
        "::1 is this very host by IPv6, and in a container the container itself: what listens outside of it, or only on 127.0.0.1, is not met there.",
    ),
    (
        Errno::ECONNREFUSED,
        AddressHint::Loopback,
        "A loopback address is this very host, and in a container the container itself: what listens outside of it is not met there.",
    ),
    // ipv6_dev_get_saddr, before any port is looked for.
    (
        Errno::EADDRNOTAVAIL,
        AddressHint::Ipv6,
        "With an IPv6 address it is as a rule not a port that is missing, but an IPv6 address of this host's to connect from (ip -6 addr).",
    ),
    (
        Errno::ENETUNREACH,
        AddressHint::Ipv6,
        "It is IPv6 that has no route from here: a client that tries all addresses of a name goes on with IPv4.",
    ),
];

/// Words by which another system than Linux speaks, words that must be elsewhere in the line, and the system; the first counts.
pub(super) const SYSTEMS: &[(&str, &str, System)] = &[
    ("uiapplication", "", System::Ios),
    ("iphone os", "", System::Ios),
    ("ios app", "", System::Ios),
    ("posixerrorcode", "", System::Darwin),
    ("nsposixerrordomain", "", System::Darwin),
    ("nsurlerrordomain", "", System::Darwin),
    ("kcferrordomaincfnetwork", "", System::Darwin),
    ("kcfstreamerrordomainkey", "", System::Darwin),
    ("nwerror", "", System::Darwin),
    ("nwconnection", "", System::Darwin),
    ("nw_connection", "", System::Darwin),
    ("nw_endpoint_handler", "", System::Darwin),
    ("nw_endpoint_flow_failed_with_error", "", System::Darwin),
    ("nw_flow_add_write_request", "", System::Darwin),
    ("nw_read_request_report", "", System::Darwin),
    ("nw_write_request_report", "", System::Darwin),
    ("nw_socket_handle_socket_event", "", System::Darwin),
    ("nw_protocol_boringssl", "", System::Darwin),
    ("nw_proxy_resolver", "", System::Darwin),
    ("network.framework", "", System::Darwin),
    ("darwin/arm64", "", System::Darwin),
    ("darwin/amd64", "", System::Darwin),
    ("darwin-arm64", "", System::Darwin),
    ("darwin-x64", "", System::Darwin),
    ("on darwin", "", System::Darwin),
    ("on macos", "", System::Darwin),
    ("macos:", "", System::Darwin),
    ("darwin:", "", System::Darwin),
    ("freebsd", "", System::Bsd),
    ("openbsd", "", System::Bsd),
    ("netbsd", "", System::Bsd),
    ("kqueue", "", System::Bsd),
    ("kevent", "", System::Bsd),
    ("com.android.", "", System::Android),
    ("android.system.", "", System::Android),
    ("android.os.", "", System::Android),
    ("libcore.io.", "", System::Android),
    ("dalvik.", "", System::Android),
    ("conscrypt", "", System::Android),
    ("e/androidruntime", "", System::Android),
    ("i/o error during system call", "", System::Android),
    ("recvfrom failed", "exception", System::Android),
    ("sendto failed", "exception", System::Android),
    ("isconnected failed", "exception", System::Android),
    ("connect failed: econnrefused", "exception", System::Android),
    ("connect failed: etimedout", "exception", System::Android),
    ("connect failed: ehostunreach", "exception", System::Android),
    ("connect failed: enetunreach", "exception", System::Android),
    ("software caused connection abort", "okhttp", System::Android),
    ("software caused connection abort", "retrofit", System::Android),
    // Java on Windows names the call after the errno's text.
    ("address already in use: connect", "exception", System::Windows),
    ("address already in use: bind", "exception", System::Windows),
    ("address already in use: jvm_bind", "", System::Windows),
    ("address already in use: net_bind", "", System::Windows),
    ("cannot assign requested address: connect", "exception", System::Windows),
    ("cannot assign requested address: jvm_bind", "", System::Windows),
    ("cannot assign requested address: bind", "exception", System::Windows),
    ("connection refused: connect", "exception", System::Windows),
    ("connection timed out: connect", "exception", System::Windows),
    ("network is unreachable: connect", "exception", System::Windows),
    ("no route to host: connect", "exception", System::Windows),
    ("permission denied: connect", "exception", System::Windows),
    ("software caused connection abort: recv failed", "", System::Windows),
    (
        "software caused connection abort: socket write error",
        "",
        System::Windows,
    ),
    ("connection reset by peer: socket write error", "", System::Windows),
    ("maximum connections reached?", "", System::Windows),
    ("winerror", "", System::Windows),
    ("wsarecv", "", System::Windows),
    ("wsasend", "", System::Windows),
    ("wsaconnect", "", System::Windows),
    ("connectex", "", System::Windows),
    ("connectx", "", System::Darwin),
    ("acceptex", "", System::Windows),
    // strerror's words there; in small letters they are libuv's and Java's own.
    ("can't assign requested address", "", System::Bsd),
];

macro_rules! texts {
    ($($text:literal $errno:ident;)*) => {
        /// The texts of strerror (glibc's words, and musl's and BSD's where they differ), in small letters; a test holds it against libc.
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
    "no file descriptors available" EMFILE;
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
        is_general: false,
    }
}

/// A cue that is said of other things, too.
const fn general(call: CallClass) -> Cue {
    Cue {
        call: Some(call),
        dialect: None,
        is_general: true,
    }
}

/// A cue for the words of a language, of whatever call.
const fn unknown(dialect: Dialect) -> Cue {
    Cue {
        call: None,
        dialect: Some(dialect),
        is_general: false,
    }
}

/// Words that name the call, the surest first.
pub(super) const CALLS: &[(&str, Cue)] = &[
    // What the resolver did inside of a dial goes first.
    ("read udp", cue(Read, Some(Go))),
    ("write udp", cue(Write, Some(Go))),
    ("dial udp", cue(Connect, Some(Go))),
    ("read udpv4", cue(Read, None)),
    ("write |", cue(Write, Some(Go))),
    ("read |", cue(Read, Some(Go))),
    ("os error: broken pipe", cue(Write, Some(Dart))),
    ("dial tcp: lookup", unknown(Go)),
    // What a program behind nginx prints goes before what nginx was doing.
    ("fsockopen()", cue(Connect, Some(Php))),
    ("stream_socket_client()", cue(Connect, Some(Php))),
    ("stream_socket_server()", cue(Bind, Some(Php))),
    ("mysqli_connect()", cue(Connect, Some(Php))),
    ("socket_connect()", cue(Connect, Some(Php))),
    ("socket_bind()", cue(Bind, Some(Php))),
    ("socket_read()", cue(Read, Some(Php))),
    ("socket_recv()", cue(Read, Some(Php))),
    ("socket_write()", cue(Write, Some(Php))),
    ("socket_send()", cue(Write, Some(Php))),
    ("socket_accept()", cue(Accept, Some(Php))),
    ("socket_listen()", cue(Listen, Some(Php))),
    ("socket_shutdown()", cue(Shutdown, Some(Php))),
    ("socket_close()", cue(Close, Some(Php))),
    ("socket_create()", unknown(Php)),
    ("failed to open stream", cue(Connect, Some(Php))),
    ("recv failure", cue(Read, Some(Curl))),
    ("send failure", cue(Write, Some(Curl))),
    ("failed to connect", cue(Connect, None)),
    ("(write failed)", cue(Write, Some(Java))),
    ("(read failed)", cue(Read, Some(Java))),
    ("annotatedconnectexception", cue(Connect, Some(Java))),
    ("finishconnect(..)", cue(Connect, Some(Java))),
    ("(connect failed)", cue(Connect, Some(Java))),
    ("(bind failed)", cue(Bind, Some(Java))),
    ("readaddress(..)", cue(Read, Some(Java))),
    ("recvaddress(..)", cue(Read, Some(Java))),
    ("writeaddress(..)", cue(Write, Some(Java))),
    ("writevaddresses(..)", cue(Write, Some(Java))),
    ("nativeioexception", unknown(Java)),
    ("nativeconnectexception", unknown(Java)),
    ("syscall:read(..)", cue(Read, Some(Java))),
    ("socket write error", cue(Write, Some(Java))),
    ("reached?): connect", cue(Connect, Some(Java))),
    ("connectexception", cue(Connect, Some(Java))),
    ("noroutetohostexception", cue(Connect, Some(Java))),
    // Java's read says "Connection reset", whatever libc's text is; the whole text is its write's, and of older channels' read.
    ("socketexception: connection reset by peer", unknown(Java)),
    ("socketexception: connection reset", cue(Read, Some(Java))),
    ("sslexception: connection reset", cue(Read, Some(Java))),
    ("socketexception: broken pipe", cue(Write, Some(Java))),
    ("java.io.ioexception: broken pipe", cue(Write, Some(Java))),
    // Java says it of any call that gives EADDRINUSE or EADDRNOTAVAIL: of connect and listen, too.
    ("bindexception: permission denied", cue(Bind, Some(Java))),
    ("socketexception: permission denied", cue(Connect, Some(Java))),
    ("bindexception", unknown(Java)),
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
    ("stream_select()", cue(Poll, Some(Php))),
    ("socket_select()", cue(Poll, Some(Php))),
    ("fwrite()", cue(Write, Some(Php))),
    ("fread()", cue(Read, Some(Php))),
    ("fgets()", cue(Read, Some(Php))),
    ("sqlstate[hy000] [2002]", cue(Connect, Some(Php))),
    (
        "unable to read data from the transport connection",
        cue(Read, Some(Dotnet)),
    ),
    (
        "unable to write data to the transport connection",
        cue(Write, Some(Dotnet)),
    ),
    ("httprequestexception: connection refused", cue(Connect, Some(Dotnet))),
    ("httprequestexception: connection timed out", cue(Connect, Some(Dotnet))),
    (
        "httprequestexception: cannot assign requested address",
        cue(Connect, Some(Dotnet)),
    ),
    ("httprequestexception: no route to host", cue(Connect, Some(Dotnet))),
    (
        "httprequestexception: network is unreachable",
        cue(Connect, Some(Dotnet)),
    ),
    ("ssh: connect to host", cue(Connect, Some(Openssh))),
    ("read from remote host", cue(Read, Some(Openssh))),
    ("client_loop: send disconnect", cue(Write, Some(Openssh))),
    ("packet_write_wait", cue(Write, Some(Openssh))),
    ("kex_exchange_identification", cue(Read, Some(Openssh))),
    ("ssh_exchange_identification", cue(Read, Some(Openssh))),
    ("open failed: connect failed", cue(Connect, Some(Openssh))),
    ("failed to open tcp connection", cue(Connect, Some(Ruby))),
    ("@ io_fillbuf", cue(Read, Some(Ruby))),
    ("@ io_writev", cue(Write, Some(Ruby))),
    ("@ io_write", cue(Write, Some(Ruby))),
    ("read would block", cue(Read, Some(Ruby))),
    ("write would block", cue(Write, Some(Ruby))),
    ("uwsgi_response_write_headers_do()", cue(Write, None)),
    ("uwsgi_response_write_body_do()", cue(Write, None)),
    ("uwsgi_response_writev_headers_and_body_do()", cue(Write, None)),
    ("uwsgi_response_sendfile_do()", cue(Write, None)),
    ("ready for read", cue(Read, Some(Java))),
    ("ready for write", cue(Write, Some(Java))),
    ("ready for connect", cue(Connect, Some(Java))),
    ("apr_socket_recv", cue(Read, None)),
    ("apr_socket_send", cue(Write, None)),
    // Of many programs
    ("delayed connect error", cue(Connect, None)),
    ("immediate connect error", cue(Connect, None)),
    ("immediate connect fail", cue(Connect, Some(Curl))),
    ("connect error", cue(Connect, None)),
    ("attempting to bind", cue(Bind, None)),
    ("accept failed", cue(Accept, None)),
    ("cannot bind", cue(Bind, None)),
    ("bind to port", cue(Bind, None)),
    ("bind failed", cue(Bind, None)),
    ("bind [", cue(Bind, None)),
    ("so_error", cue(CallClass::SoError, None)),
    // OpenSSH's "setsockopt TCP_NODELAY: Invalid argument".
    ("setsockopt tcp_nodelay", cue(CallClass::SetOption, None)),
    ("setsockopt so_keepalive", cue(CallClass::SetOption, None)),
    ("setsockopt so_reuseaddr", cue(CallClass::SetOption, None)),
    ("setsockopt ipv6_v6only", cue(CallClass::SetOption, None)),
    ("setsockopt ip_tos", cue(CallClass::SetOption, None)),
    ("setsockopt ipv6_tclass", cue(CallClass::SetOption, None)),
    ("recvmsg:", cue(Read, None)),
    ("while reading from socket", cue(Read, None)),
    ("timeout reading from socket", cue(Read, None)),
    ("while writing to socket", cue(Write, None)),
    ("layer4 connection problem", cue(Connect, None)),
    ("connection to server at", cue(Connect, None)),
    ("connection to server on socket", cue(Connect, None)),
    ("could not receive data from", cue(Read, None)),
    ("could not send data to", cue(Write, None)),
    ("could not bind", cue(Bind, None)),
    ("while reading from", cue(Read, None)),
    ("receive failed", cue(Read, None)),
    ("recv failed", cue(Read, None)),
    ("read error", cue(Read, None)),
    ("send failed", cue(Write, None)),
    ("write error", cue(Write, None)),
    ("write failed", cue(Write, None)),
    ("failed to write", cue(Write, None)),
    ("writing data to the network", cue(Write, None)),
    ("connect to", cue(Connect, None)),
    ("connecting to", cue(Connect, None)),
    ("(connection refused)", cue(Connect, None)),
    // Words that many programs have, the surer first.
    ("network.socket.connect", cue(Connect, Some(Haskell))),
    ("network.socket.accept", cue(Accept, Some(Haskell))),
    ("network.socket.bind", cue(Bind, Some(Haskell))),
    ("network.socket.sendbuf", cue(Write, Some(Haskell))),
    ("network.socket.recvbuf", cue(Read, Some(Haskell))),
    ("fputs()", cue(Write, Some(Php))),
    ("stream_get_contents()", cue(Read, Some(Php))),
    ("stream_socket_accept()", cue(Accept, Some(Php))),
    ("file_get_contents()", cue(Read, Some(Php))),
    ("listening socket", general(Bind)),
    ("listening on", general(Bind)),
    ("listen on", general(Bind)),
    ("failed to listen", general(Bind)),
    ("cannot listen", general(Bind)),
    ("could not listen", general(Bind)),
    ("unable to listen", general(Bind)),
    ("failed to bind", general(Bind)),
    ("unable to bind", general(Bind)),
    ("can't bind", general(Bind)),
    ("error binding", general(Bind)),
    ("binding to", general(Bind)),
    ("bind to address", general(Bind)),
    ("bind address", general(Bind)),
    ("bind on", general(Bind)),
    ("bind error", general(Bind)),
    ("failed to accept", general(Accept)),
    ("could not accept", general(Accept)),
    ("cannot accept", general(Accept)),
    ("unable to accept", general(Accept)),
    ("accept error", general(Accept)),
    ("error accepting", general(Accept)),
    ("while accepting", general(Accept)),
    ("accepting connection", general(Accept)),
    ("accepting connections", general(Accept)),
    ("create socket", general(CallClass::Socket)),
    ("creating socket", general(CallClass::Socket)),
    ("socket creation", general(CallClass::Socket)),
    ("accepting new connection", general(Accept)),
    ("connect failed", general(Connect)),
    ("connect failure", general(Connect)),
    ("connection failed", general(Connect)),
    ("connect() failed", general(Connect)),
    ("cannot connect", general(Connect)),
    ("can't connect", general(Connect)),
    ("can not connect", general(Connect)),
    ("could not connect", general(Connect)),
    ("couldn't connect", general(Connect)),
    ("unable to connect", general(Connect)),
    ("error connecting", general(Connect)),
    ("while connecting", general(Connect)),
    ("failed connecting", general(Connect)),
    ("connection attempt", general(Connect)),
    ("failed to reconnect", general(Connect)),
    ("could not establish", general(Connect)),
    ("failed to establish", general(Connect)),
    ("failed to dial", general(Connect)),
    ("failed to send", general(Write)),
    ("could not send", general(Write)),
    ("cannot send", general(Write)),
    ("unable to send", general(Write)),
    ("unable to write", general(Write)),
    ("could not write", general(Write)),
    ("couldn't write", general(Write)),
    ("couldn't send", general(Write)),
    ("cannot write", general(Write)),
    ("can't write", general(Write)),
    ("error writing", general(Write)),
    ("error sending", general(Write)),
    ("error in send", general(Write)),
    ("send error", general(Write)),
    ("sending request", general(Write)),
    ("sending response", general(Write)),
    ("while sending", general(Write)),
    ("while writing", general(Write)),
    ("wrote to", general(Write)),
    ("writing to", general(Write)),
    ("sending to", general(Write)),
    ("pass request body failed", general(Write)),
    ("failed to flush", general(Write)),
    ("failed to read", general(Read)),
    ("failed to receive", general(Read)),
    ("could not read", general(Read)),
    ("cannot read", general(Read)),
    ("can't read", general(Read)),
    ("unable to read", general(Read)),
    ("error reading", general(Read)),
    ("error receiving", general(Read)),
    ("error in recv", general(Read)),
    ("error in receive", general(Read)),
    ("recv error", general(Read)),
    ("receive error", general(Read)),
    ("read failed", general(Read)),
    ("reading data", general(Read)),
    ("while reading", general(Read)),
    ("while receiving", general(Read)),
    ("while waiting for", general(Read)),
    ("waiting for response", general(Read)),
    ("waiting for reply", general(Read)),
    ("reading response", general(Read)),
    ("reading from", general(Read)),
    ("receiving from", general(Read)),
    ("during handshake", general(Read)),
    ("handshake failed", general(Read)),
    ("handshake with", general(Read)),
    ("handshake error", general(Read)),
    ("only one usage of each socket address", general(Bind)),
];

/// Returns a row of those that the files of wordings have, or of `CALLS`, which come after them.
pub(super) fn call_cue(row: usize) -> Cue {
    let of_many = || CALLS[row - MORE_CALLS.len()].1;
    MORE_CALLS.get(row).map_or_else(of_many, |(_, cue)| *cue)
}

/// The mark of a number that is Windows', never an errno of C's.
pub(super) const OF_WINDOWS: &str = "[winerror ";

/// Words before a number that is an errno's.
pub(super) const MARKS: &[(&str, Option<Dialect>)] = &[
    ("os error ", Some(Rust)),
    ("[errno ", Some(Python)),
    (OF_WINDOWS, Some(Python)),
    ("os { code: ", Some(Rust)),
    ("socketexception (", Some(Dotnet)),
    ("errno: ", None),
    ("errno=", None),
    ("errno = ", None),
    ("errno ", None),
    ("errno:", None),
    ("posixerrorcode(rawvalue: ", None),
    ("nsposixerrordomain code=", None),
    ("nsposixerrordomain error ", None),
    ("nsposixerrordomain:", None),
    ("posixerrorcode: ", None),
    ("[system:", None),
    ("system error: ", None),
    ("socket error ", None),
    ("connect error: ", None),
    ("so_error = ", None),
    ("so_error=", None),
    ("so_error: ", None),
];

/// A form that a line without a wording may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A number in parentheses that may be an errno.
    Numbered,
    /// OpenSSH's address of who closed.
    ClosedBy,
    /// `EOF`, in capitals.
    Eof,
    /// A call that returned 0, or its `SO_ERROR`, as strace prints it.
    Traced,
}

/// Texts that a line of such a form has: without any of them it has none.
pub(super) const SHAPES: &[(&str, Shape)] = &[
    ("() failed (", Shape::Numbered),
    ("accept failed (", Shape::Numbered),
    ("error(", Shape::Numbered),
    ("mysql server", Shape::Numbered),
    ("connection closed by ", Shape::ClosedBy),
    ("EOF", Shape::Eof),
    ("recv(", Shape::Traced),
    ("recvfrom(", Shape::Traced),
    ("read(", Shape::Traced),
    ("<... recv resumed>", Shape::Traced),
    ("<... recvfrom resumed>", Shape::Traced),
    ("<... read resumed>", Shape::Traced),
    ("so_error, [", Shape::Traced),
];

/// Languages and programs some of whose words others have, too: a surer look goes before them.
pub(super) const SHARED: &[Dialect] = &[C, Curl, Openssh, Php];

/// Names of packages and files in frames, which no other language's text has; the first counts. They go before words that several share.
pub(super) const SURE_LOOKS: &[(&str, Dialect)] = &[
    ("java.net.", Java),
    ("java.io.", Java),
    ("java.nio.", Java),
    ("java.util.", Java),
    ("java.lang.", Java),
    ("javax.net.", Java),
    ("sun.nio.ch.", Java),
    ("io.netty.", Java),
    ("io.lettuce.", Java),
    ("redis.clients.jedis", Java),
    ("org.springframework.", Java),
    ("com.android.", Java),
    ("android.system.", Java),
    (".java:", Java),
    (".kt:", Java),
    ("SocketException: OS Error: ", Dart),
    ("OS Error: ", Dart),
    (".dart:", Dart),
    ("Network.Socket.", Haskell),
    ("org.redisson.", Java),
    ("org.postgresql.", Java),
    ("com.mysql.", Java),
    ("com.zaxxer.", Java),
    ("com.rabbitmq.", Java),
    ("com.mongodb.", Java),
    ("org.apache.kafka.", Java),
    ("org.apache.http.", Java),
    ("org.apache.hc.", Java),
    ("org.eclipse.jetty.", Java),
    ("okhttp3.", Java),
    ("Predis\\", Php),
    ("GuzzleHttp\\", Php),
];

/// Languages by what surrounds a wording, in any part of a word; the first counts, after those of `SURE_LOOKS`.
pub(super) const LOOKS: &[(&str, Dialect)] = &[
    ("SocketException (", Dotnet),
    ("HttpRequestException", Dotnet),
    ("[WinError ", Python),
    ("System.Net.", Dotnet),
    ("System.IO.", Dotnet),
    ("Microsoft.", Dotnet),
    ("StackExchange.", Dotnet),
    ("net/http: ", Go),
    ("rpc error: code = ", Go),
    ("Get \"http", Go),
    ("Post \"http", Go),
    ("http: TLS handshake error", Go),
    ("http: proxy error", Go),
    ("dial unix", Go),
    ("write |", Go),
    ("Custom { kind", Rust),
    ("Os { code: ", Rust),
    ("reqwest::", Rust),
    ("hyper::", Rust),
    ("Faraday::", Ruby),
    ("Redis::", Ruby),
    ("IO::EAGAIN", Ruby),
    ("httpx.", Python),
    ("aiohttp.", Python),
    ("AggregateError [", Node),
    ("Error: Failed to connect (code", Bun),
    ("npm ERR!", Node),
    ("Error: EPIPE: ", Node),
    ("sshd[", Openssh),
    ("(Mint.", Elixir),
    ("cURL error ", Curl),
    ("Errno::", Ruby),
    ("PHP ", Php),
    ("RedisException", Php),
    ("PDOException", Php),
    ("requests.", Python),
    ("urllib3.", Python),
    ("redis.exceptions.", Python),
    ("asyncio.", Python),
    ("** (", Elixir),
    ("java.", Java),
    ("javax.", Java),
    ("Exception", Java),
    ("curl: (", Curl),
    ("Errno ", Python),
    ("Traceback", Python),
    ("Error: [", Python),
];
