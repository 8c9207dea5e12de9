//! The signs beside the wordings, once: the texts of errnos, calls, carriers, languages by their looks, and words of something else.

use super::{Carrier, Dialect};
use crate::rules::CallClass::{self, Accept, Bind, Close, Connect, Listen, Read, Shutdown, Write};
use finwait_model::errno::Errno;

use super::words::others::{ANSWER, LOGIN, MEMORY, NAME, PARSER, POOL, PROCESS, STREAM, TLS, UPSTREAM, WATCH};
use super::words::{MORE_CALLS, MORE_LOOKS};
use Dialect::{Bun, Curl, Dotnet, Elixir, Go, Java, Nginx, Node, Openssh, Php, Python, Ruby, Rust};
/// A sign of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cue {
    pub(super) call: Option<CallClass>,
    pub(super) dialect: Option<Dialect>,
}

/// Lines that speak of something else than a socket, whatever else stands in them; words that make them known again; of what they
/// speak.
pub(super) const OTHERS: &[(&str, &str, &str)] = &[
    ("gaierror", "", NAME),
    ("name or service not known", "", NAME),
    ("temporary failure in name resolution", "", NAME),
    ("nodename nor servname provided", "", NAME),
    ("no address associated with hostname", "", NAME),
    ("failed to lookup address information", "", NAME),
    ("could not be resolved", "", NAME),
    ("could not resolve", "", NAME),
    ("host not found in upstream", "", NAME),
    ("no such host", "", NAME),
    ("unknownhostexception", "", NAME),
    ("unresolvedaddressexception", "", NAME),
    ("err_name_not_resolved", "", NAME),
    ("getaddrinfo enotfound", "", NAME),
    ("getaddrinfo eai_again", "", NAME),
    ("nxdomain", "", NAME),
    ("certificate verify failed", "", TLS),
    ("certificate_verify_failed", "", TLS),
    ("certificate has expired", "", TLS),
    ("certificate signed by unknown authority", "", TLS),
    ("pkix path building failed", "", TLS),
    ("unable to get local issuer certificate", "", TLS),
    ("unable to verify the first certificate", "", TLS),
    ("wrong version number", "", TLS),
    ("wrong_version_number", "", TLS),
    ("x509:", "", TLS),
    ("does not look like a tls handshake", "", TLS),
    ("bad certificate", "", TLS),
    ("ssl routines", "unexpected eof while reading", TLS),
    ("from proxy after connect", "", ANSWER),
    ("connect tunnel failed", "", ANSWER),
    ("http/2 stream", "", STREAM),
    ("reset reason: remote reset", "", STREAM),
    ("reset reason: local reset", "", STREAM),
    ("no live upstreams", "", UPSTREAM),
    ("no healthy upstream", "", UPSTREAM),
    ("hikaripool", "", POOL),
    ("connectionpooltimeoutexception", "", POOL),
    ("connection pool timeout", "", POOL),
    ("systemd[1]", "", PROCESS),
    ("fork:", "", PROCESS),
    ("fork()", "", PROCESS),
    ("fork failed", "", PROCESS),
    ("cannot fork", "", PROCESS),
    ("can't fork", "", PROCESS),
    ("unable to fork", "", PROCESS),
    ("pthread_create", "", PROCESS),
    ("create native thread", "", PROCESS),
    ("create thread", "", PROCESS),
    ("create new os thread", "", PROCESS),
    ("spawn eagain", "", PROCESS),
    ("spawn emfile", "", PROCESS),
    ("spawn enomem", "", PROCESS),
    ("spawn eacces", "", PROCESS),
    ("spawn eperm", "", PROCESS),
    ("fork/exec", "", PROCESS),
    ("could not fork", "", PROCESS),
    ("inotify", "", WATCH),
    ("inotify_init", "", WATCH),
    ("inotify_init1", "", WATCH),
    ("inotify_add_watch", "", WATCH),
    ("fsnotify", "", WATCH),
    ("too many open files, watch", "", WATCH),
    ("mmap", "", MEMORY),
    ("mlock", "", MEMORY),
    ("shared memory segment", "", MEMORY),
    ("permission denied (publickey", "", LOGIN),
    ("permission denied, please try again", "", LOGIN),
    ("syntax error", "", PARSER),
    ("syntaxerror", "", PARSER),
    ("parse error", "", PARSER),
    ("while looking for matching", "", PARSER),
    ("eof when reading a line", "", PARSER),
    ("ran out of input", "", PARSER),
    ("gzip:", "stdout: broken pipe", PARSER),
];

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
    ("stdout: broken pipe", Carrier::Pipe),
    ("pipe2:", Carrier::Pipe),
    ("pipe:", Carrier::Pipe),
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
    /// An address of this host itself.
    Loopback,
    /// An address of IPv6.
    Ipv6,
}

/// Remarks on an errno of connect with such an address.
pub(super) const ADDRESSES: &[(Errno, AddressHint, &str)] = &[
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
    }
}

/// A cue for the words of a language, of whatever call.
const fn unknown(dialect: Dialect) -> Cue {
    Cue {
        call: None,
        dialect: Some(dialect),
    }
}

/// Words that name the call, the surest first.
pub(super) const CALLS: &[(&str, Cue)] = &[
    // What the resolver did inside of a dial goes first.
    ("read udp", cue(Read, Some(Go))),
    ("write udp", cue(Write, Some(Go))),
    ("dial udp", cue(Connect, Some(Go))),
    ("read udpv4", cue(Read, None)),
    ("dial tcp: lookup", unknown(Go)),
    // What a program behind nginx prints goes before what nginx was doing.
    ("fsockopen()", cue(Connect, Some(Php))),
    ("stream_socket_client()", cue(Connect, Some(Php))),
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
    ("connectexception", cue(Connect, Some(Java))),
    ("noroutetohostexception", cue(Connect, Some(Java))),
    // Java's read says "Connection reset", whatever libc's text is; the whole text is its write's, and of older channels' read.
    ("socketexception: connection reset by peer", unknown(Java)),
    ("socketexception: connection reset", cue(Read, Some(Java))),
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
];

/// Returns a row of `CALLS`, or of those that the files of wordings have, which come after it.
pub(super) fn call_cue(row: usize) -> Cue {
    let of_file = |row: usize| MORE_CALLS[row].1;
    CALLS
        .get(row)
        .map_or_else(|| of_file(row - CALLS.len()), |(_, cue)| *cue)
}

/// Words before a number that is an errno's.
pub(super) const MARKS: &[(&str, Option<Dialect>)] = &[
    ("os error ", Some(Rust)),
    ("[errno ", Some(Python)),
    ("[winerror ", Some(Python)),
    ("os { code: ", Some(Rust)),
    ("socketexception (", Some(Dotnet)),
    ("errno: ", None),
    ("errno=", None),
    ("errno = ", None),
    ("errno ", None),
    ("errno:", None),
    ("system error: ", None),
    ("socket error ", None),
    ("connect error: ", None),
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

/// Languages by what surrounds a wording, in any part of a word; the first counts.
pub(super) const LOOKS: &[(&str, Dialect)] = &[
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

/// Returns a row of `LOOKS`, or of those that the files of wordings have, which come after it.
pub(super) fn look(row: usize) -> Dialect {
    let of_file = |row: usize| MORE_LOOKS[row].1;
    LOOKS
        .get(row)
        .map_or_else(|| of_file(row - LOOKS.len()), |(_, dialect)| *dialect)
}
