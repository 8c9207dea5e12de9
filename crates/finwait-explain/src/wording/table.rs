//! The wordings, once: which words stand for what, in whose language.

use super::{Carrier, Dialect, Subject};
use crate::rules::CallClass::{self, Accept, Bind, Close, Connect, Listen, Read, Shutdown, Write};
use finwait_model::errno::Errno;

use Dialect::{
    Bun, Curl, Deno, DotNet, Elixir, Erlang, Go, Java, Nginx, Node, OpenSsh, Php, Python, Ruby, Rust, Strace,
};
use Subject::{Closed, Deadline, Destroyed, EndedByPeer, EndedByUs, Eof, Unconnected};

/// Words that stand for something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wording {
    /// The text in small letters, as whole words; in `KINDS` as it is.
    pub(super) text: &'static str,
    /// The subject.
    pub(super) subject: Subject,
    /// The language or program whose they are.
    pub(super) dialect: Option<Dialect>,
    /// The call, where that is certain.
    pub(super) call: Option<CallClass>,
    /// A remark on them.
    pub(super) remark: Option<&'static str>,
    /// Text that must be elsewhere in the line.
    pub(super) with: Option<&'static str>,
    /// Do they count only where a clause ends? (`unexpected EOF at line 3` is a parser's.)
    pub(super) ends: bool,
}

/// A sign of a call.
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
const HANG_UP: &str = "Node.js gives it the code ECONNRESET, but usually the server closed in the normal way, with FIN, before it had answered.";
const ENDED: &str = "Node.js gives it the code EPIPE, but the kernel did not say so.";
const TRANSPORT: &str = "No call was made: asyncio's transport was closing, since the peer had ended, an error had been reported, or the program had closed it.";
const NOT_TOLD: &str = "The library does not tell an orderly end (FIN) from an RST.";
const GEN_TCP: &str =
    "Erlang says closed when the peer has ended the stream, and on a socket that the program has closed itself.";
const RESOLVER: &str = "It is the resolver's own timeout: no name server answered, and no connection was attempted.";
const PHP_TIMEOUT: &str = "PHP prints the text of ETIMEDOUT for its own timeout (default_socket_timeout, 60 s), too: usually the kernel had not given up yet.";
const HAPPY_EYEBALLS: &str = "Node.js 20 and later give each address of a name 250 ms (autoSelectFamilyAttemptTimeout) and call it ETIMEDOUT: the kernel had not given up yet.";
const RUST_TIMEOUT: &str =
    "std says this of its own connect_timeout, without an errno: the kernel had not given up yet.";
const DENO_CLOSED: &str = "Deno says this of a resource that the program has closed itself: no system call was made.";
const CANCELLED: &str = "The kernel does not say this on a socket: .NET cancelled the call itself, after a timeout, a CancellationToken or a Dispose.";
const NOT_WHY: &str = "The library does not say why the connect failed; most often it was refused.";
const MYSQL_TIMEOUT: &str =
    "MySQL's client says 110 (ETIMEDOUT) of its own connect_timeout, too: then the kernel had not given up yet.";
const GONE: &str = "The client does not tell an orderly end (FIN) from an RST; usually the server had closed the idle connection (wait_timeout), or ended.";
const ALLOCATED: &str = "This is Docker's own word, before any bind: another container has published that port.";
const SIGNAL: &str = "The signal comes with EPIPE (sk_stream_error), unless it is ignored or MSG_NOSIGNAL is set.";
const JDK: &str = "Java says this by itself, from what it remembers of the socket: the kernel was not asked, and would return this errno.";
const INTERRUPT: &str = "The thread was interrupted while it waited, and so Java closed the channel: a later call says ClosedChannelException.";
const HALF_CLOSED: &str = "Java says this when another thread closes the channel, and of a write after shutdownOutput, where it stays open: then the kernel's word would be EPIPE.";
const JETTY: &str = "Jetty reports this for whatever ended a connection while it wrote: usually the client had gone; the errno is in the line below, after Caused by.";
pub(super) const SEVEN: &str =
    "curl's 7 is any connect that failed, most often a refused one; curl -v shows the errno's text.";

/// A library's own words. They go before any errno beside them.
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
    // The connection stands; it is the answer that did not come.
    but(OWN_TIMEOUT, at("tls handshake timeout", Deadline, Some(Go), Read)),
    but(
        NOT_TOLD,
        at("connection closed before server preface received", Eof, Some(Go), Read),
    ),
    of("http2: server sent goaway and closed the connection", Eof, Some(Go)),
    // A ping of HTTP/2 went unanswered.
    but(
        OWN_TIMEOUT,
        at("http2: client connection lost", Deadline, Some(Go), Read),
    ),
    but(
        OWN_TIMEOUT,
        at(
            "keepalive ping failed to receive ack within timeout",
            Deadline,
            Some(Go),
            Read,
        ),
    ),
    but(
        OWN_TIMEOUT,
        at("failed to connect service", Deadline, Some(Go), Connect),
    ),
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
        at("cannot write to closing transport", Destroyed, Some(Python), Write),
    ),
    but(
        TRANSPORT,
        at("connectionreseterror: connection lost", Destroyed, Some(Python), Write),
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
    but(NOT_TOLD, of("response payload is not completed", Eof, Some(Python))),
    but(
        OWN_TIMEOUT,
        at("connection timeout to host", Deadline, Some(Python), Connect),
    ),
    but(NOT_TOLD, of("autoreconnect: connection closed", Eof, Some(Python))),
    // gunicorn
    at("connection in use: (", errno(Errno::EADDRINUSE), Some(Python), Bind),
    of("incompletereaderror", Eof, Some(Python)),
    of("incompleteread", Eof, Some(Python)),
    // Node
    but(HANG_UP, of("socket hang up", Eof, Some(Node))),
    but(
        ENDED,
        at(
            "this socket has been ended by the other party",
            EndedByPeer,
            Some(Node),
            Write,
        ),
    ),
    of("err_stream_destroyed", Destroyed, Some(Node)),
    of("after a stream was destroyed", Destroyed, Some(Node)),
    at(
        "cannot call write after a stream was destroyed",
        Destroyed,
        Some(Node),
        Write,
    ),
    at(
        "cannot call end after a stream was destroyed",
        Destroyed,
        Some(Node),
        Shutdown,
    ),
    at("err_stream_write_after_end", EndedByUs, Some(Node), Write),
    at("write after end", EndedByUs, Some(Node), Write),
    at("err_stream_already_finished", EndedByUs, Some(Node), Shutdown),
    at(
        "cannot call end after a stream was finished",
        EndedByUs,
        Some(Node),
        Shutdown,
    ),
    of("err_stream_premature_close", Eof, Some(Node)),
    at("err_socket_closed", Unconnected, Some(Node), Write),
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
    but(
        NOT_TOLD,
        with(" closed", of("mongonetworkerror: connection", Eof, Some(Node))),
    ),
    but(
        HAPPY_EYEBALLS,
        at("aggregateerror [etimedout]", Deadline, Some(Node), Connect),
    ),
    at(
        "aggregateerror [econnrefused]",
        errno(Errno::ECONNREFUSED),
        Some(Node),
        Connect,
    ),
    // libuv keeps what bind gave until listen (uv__tcp_bind).
    at("listen eaddrinuse", errno(Errno::EADDRINUSE), Some(Node), Bind),
    at("listen eaddrnotavail", errno(Errno::EADDRNOTAVAIL), Some(Node), Bind),
    at("listen eacces", errno(Errno::EACCES), Some(Node), Bind),
    but(
        OWN_TIMEOUT,
        at("und_err_connect_timeout", Deadline, Some(Node), Connect),
    ),
    but(OWN_TIMEOUT, at("und_err_headers_timeout", Deadline, Some(Node), Read)),
    but(OWN_TIMEOUT, at("und_err_body_timeout", Deadline, Some(Node), Read)),
    but(NOT_TOLD, of("protocol_connection_lost", Eof, Some(Node))),
    but(NOT_TOLD, of("connection terminated unexpectedly", Eof, Some(Node))),
    ends(of("premature close", Eof, Some(Node))),
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
    at(
        "refused. check that the hostname and port are correct",
        errno(Errno::ECONNREFUSED),
        Some(Java),
        Connect,
    ),
    but(
        NOT_WHY,
        at(
            "could not be established. broker may not be available",
            errno(Errno::ECONNREFUSED),
            Some(Java),
            Connect,
        ),
    ),
    but(
        NOT_TOLD,
        of("was disconnected before the response was read", Eof, Some(Java)),
    ),
    but(NOT_TOLD, of("errors.disconnectexception", Eof, Some(Java))),
    of("header parser received no bytes", Eof, Some(Java)),
    but(OWN_TIMEOUT, at("readtimeoutexception", Deadline, Some(Java), Read)),
    but(OWN_TIMEOUT, at("writetimeoutexception", Deadline, Some(Java), Write)),
    but(
        INTERRUPT,
        of("socketexception: closed by interrupt", Closed, Some(Java)),
    ),
    but(INTERRUPT, of("closedbyinterruptexception", Closed, Some(Java))),
    but(
        JDK,
        at("socketexception: already bound", errno(Errno::EINVAL), Some(Java), Bind),
    ),
    but(JDK, at("alreadyboundexception", errno(Errno::EINVAL), Some(Java), Bind)),
    but(
        JDK,
        at(
            "socketexception: already connected",
            errno(Errno::EISCONN),
            Some(Java),
            Connect,
        ),
    ),
    but(
        JDK,
        at("alreadyconnectedexception", errno(Errno::EISCONN), Some(Java), Connect),
    ),
    but(
        JDK,
        at(
            "connectionpendingexception",
            errno(Errno::EALREADY),
            Some(Java),
            Connect,
        ),
    ),
    of("notyetconnectedexception", Unconnected, Some(Java)),
    of("socketexception: socket is not connected", Unconnected, Some(Java)),
    at("socket output is already shutdown", EndedByUs, Some(Java), Shutdown),
    at(
        "socketexception: socket output is shutdown",
        EndedByUs,
        Some(Java),
        Write,
    ),
    of("endofstreamexception", Eof, Some(Java)),
    of("likely server has closed socket", Eof, Some(Java)),
    but(OWN_TIMEOUT, at("timeout connecting to", Deadline, None, Connect)),
    but(
        OWN_TIMEOUT,
        of("listener timeout after waiting for", Deadline, Some(Java)),
    ),
    of("got minus one from a read call", Eof, Some(Java)),
    but(
        NOT_WHY,
        at(
            "the network adapter could not establish the connection",
            errno(Errno::ECONNREFUSED),
            Some(Java),
            Connect,
        ),
    ),
    // The JDK appends the call on Windows only.
    but(
        WINDOWS_ABORTED,
        at(
            "connection abort: recv failed",
            errno(Errno::ECONNABORTED),
            Some(Java),
            Read,
        ),
    ),
    but(
        WINDOWS_ABORTED,
        at(
            "connection abort: socket write error",
            errno(Errno::ECONNABORTED),
            Some(Java),
            Write,
        ),
    ),
    of("socketexception: socket closed", Closed, Some(Java)),
    of("socketexception: socket is closed", Closed, Some(Java)),
    of("ioexception: stream closed", Closed, Some(Java)),
    of("stacklessclosedchannelexception", Closed, Some(Java)),
    of("nohttpresponseexception", Eof, Some(Java)),
    of("prematurecloseexception", Eof, Some(Java)),
    of("remote host terminated the handshake", Eof, Some(Java)),
    of("remote host closed connection during handshake", Eof, Some(Java)),
    of("closedchannelexception", Closed, Some(Java)),
    but(HALF_CLOSED, of("asynchronouscloseexception", Closed, Some(Java))),
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
    but(OWN_TIMEOUT, of("time::error::elapsed", Deadline, Some(Rust))),
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
    but(
        RUST_TIMEOUT,
        at("error { kind: timedout", Deadline, Some(Rust), Connect),
    ),
    but(
        RUST_TIMEOUT,
        at("custom { kind: timedout", Deadline, Some(Rust), Connect),
    ),
    but(OWN_TIMEOUT, of("elapsed(())", Deadline, Some(Rust))),
    // Deno: the class, and Rust's text
    at(
        "connectionrefused: connection refused (os error 111)",
        errno(Errno::ECONNREFUSED),
        Some(Deno),
        Connect,
    ),
    of(
        "connectionreset: connection reset by peer (os error 104)",
        errno(Errno::ECONNRESET),
        Some(Deno),
    ),
    of(
        "connectionaborted: software caused connection abort (os error 103)",
        errno(Errno::ECONNABORTED),
        Some(Deno),
    ),
    at(
        "brokenpipe: broken pipe (os error 32)",
        errno(Errno::EPIPE),
        Some(Deno),
        Write,
    ),
    of(
        "notconnected: transport endpoint is not connected (os error 107)",
        errno(Errno::ENOTCONN),
        Some(Deno),
    ),
    of(
        "timedout: connection timed out (os error 110)",
        errno(Errno::ETIMEDOUT),
        Some(Deno),
    ),
    of(
        "networkunreachable: network is unreachable (os error 101)",
        errno(Errno::ENETUNREACH),
        Some(Deno),
    ),
    of(
        "addrinuse: address already in use (os error 98)",
        errno(Errno::EADDRINUSE),
        Some(Deno),
    ),
    of(
        "addrnotavailable: cannot assign requested address (os error 99)",
        errno(Errno::EADDRNOTAVAIL),
        Some(Deno),
    ),
    but(DENO_CLOSED, of("badresource: bad resource id", Closed, Some(Deno))),
    but(
        DENO_CLOSED,
        of("badresource: listener has been closed", Closed, Some(Deno)),
    ),
    but(
        DENO_CLOSED,
        at("interrupted: operation canceled", Closed, Some(Deno), Read),
    ),
    but(
        OWN_TIMEOUT,
        of("timeouterror: the operation was aborted due to timeout", Deadline, None),
    ),
    // Bun: libuv's text, and the call after it
    at(
        "econnreset: connection reset by peer, read",
        errno(Errno::ECONNRESET),
        Some(Bun),
        Read,
    ),
    at(
        "econnaborted: software caused connection abort, read",
        errno(Errno::ECONNABORTED),
        Some(Bun),
        Read,
    ),
    at(
        "etimedout: connection timed out, read",
        errno(Errno::ETIMEDOUT),
        Some(Bun),
        Read,
    ),
    // nginx
    at("upstream prematurely closed connection", Eof, Some(Nginx), Read),
    but(NGINX_TIMEOUT, of("upstream timed out", Deadline, Some(Nginx))),
    // The connection stands.
    but(
        NGINX_TIMEOUT,
        at(
            "upstream timed out (110: connection timed out) while ssl handshaking",
            Deadline,
            Some(Nginx),
            Read,
        ),
    ),
    but(NGINX_TIMEOUT, of("client timed out", Deadline, Some(Nginx))),
    but(
        OWN_TIMEOUT,
        at("lua tcp socket connect timed out", Deadline, Some(Nginx), Connect),
    ),
    but(
        OWN_TIMEOUT,
        at("lua tcp socket read timed out", Deadline, Some(Nginx), Read),
    ),
    but(
        OWN_TIMEOUT,
        at("lua tcp socket write timed out", Deadline, Some(Nginx), Write),
    ),
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
    but(
        OWN_TIMEOUT,
        at("connection timeout after", Deadline, Some(Curl), Connect),
    ),
    but(RESOLVER, of("resolving timed out after", Deadline, Some(Curl))),
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
    // The same, as newer versions have it.
    with(
        "curl: (28)",
        at(
            "could not connect to server",
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
    of("closed by remote host", Eof, Some(OpenSsh)),
    but(
        OWN_TIMEOUT,
        of("timeout before authentication", Deadline, Some(OpenSsh)),
    ),
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
    of("closed stream (ioerror)", Closed, Some(Ruby)),
    but(OWN_TIMEOUT, at("io timeout when reading", Deadline, Some(Ruby), Read)),
    of("stream closed in another thread", Closed, Some(Ruby)),
    but(OWN_TIMEOUT, at("net::readtimeout", Deadline, Some(Ruby), Read)),
    but(OWN_TIMEOUT, at("net::writetimeout", Deadline, Some(Ruby), Write)),
    but(OWN_TIMEOUT, at("net::opentimeout", Deadline, Some(Ruby), Connect)),
    but(OWN_TIMEOUT, of("redis::timeouterror", Deadline, Some(Ruby))),
    // PHP
    but(
        PHP_TIMEOUT,
        with("connection timed out", at("fsockopen()", Deadline, Some(Php), Connect)),
    ),
    but(
        PHP_TIMEOUT,
        with(
            "connection timed out",
            at("stream_socket_client()", Deadline, Some(Php), Connect),
        ),
    ),
    but(
        PHP_TIMEOUT,
        with(
            "connection timed out",
            at("sqlstate[hy000] [2002]", Deadline, Some(Php), Connect),
        ),
    ),
    but(
        PHP_TIMEOUT,
        with(
            "connection timed out",
            at("mysqli_connect()", Deadline, Some(Php), Connect),
        ),
    ),
    but(
        PHP_TIMEOUT,
        with("connection timed out", of("redisexception", Deadline, Some(Php))),
    ),
    with("($socket)", of("has already been closed", Closed, Some(Php))),
    // .NET
    of("the response ended prematurely", Eof, Some(DotNet)),
    of(
        "received an unexpected eof or 0 bytes from the transport stream",
        Eof,
        Some(DotNet),
    ),
    of("the remote party has closed the transport stream", Eof, Some(DotNet)),
    of("unexpected end of request content", Eof, Some(DotNet)),
    with(
        "system.net.sockets",
        of("cannot access a disposed object", Closed, Some(DotNet)),
    ),
    but(CANCELLED, of("125): operation canceled", Deadline, Some(DotNet))),
    but(
        CANCELLED,
        with(
            "operation canceled",
            at(
                "unable to read data from the transport connection",
                Deadline,
                Some(DotNet),
                Read,
            ),
        ),
    ),
    but(
        CANCELLED,
        with(
            "operation canceled",
            at(
                "unable to write data to the transport connection",
                Deadline,
                Some(DotNet),
                Write,
            ),
        ),
    ),
    but(OWN_TIMEOUT, of("redistimeoutexception", Deadline, Some(DotNet))),
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
    but(GEN_TCP, at("tcp recv: closed", Eof, Some(Elixir), Read)),
    but(GEN_TCP, at("tcp send: closed", Destroyed, Some(Elixir), Write)),
    of("client unexpectedly closed tcp connection", Eof, Some(Erlang)),
    but(
        OWN_TIMEOUT,
        at("missed heartbeats from client", Deadline, Some(Erlang), Read),
    ),
    // gRPC's C core
    of("details = \"socket closed", Eof, None),
    // Envoy, HAProxy
    but(NOT_TOLD, of("reset reason: connection termination", Eof, None)),
    but(
        NOT_TOLD,
        of("before response started{connection termination", Eof, None),
    ),
    but(OWN_TIMEOUT, at("layer6 timeout", Deadline, None, Read)),
    but(OWN_TIMEOUT, at("layer7 timeout", Deadline, None, Read)),
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
    of("could not accept ssl connection: eof detected", Eof, None),
    but(NOT_TOLD, of("server conn crashed", Eof, None)),
    but(
        NOT_TOLD,
        at("got an error reading communication packets", Eof, None, Read),
    ),
    but(
        OWN_TIMEOUT,
        at("got timeout reading communication packets", Deadline, None, Read),
    ),
    but(
        MYSQL_TIMEOUT,
        with(
            "(110",
            at(
                "can't connect to mysql server on",
                errno(Errno::ETIMEDOUT),
                None,
                Connect,
            ),
        ),
    ),
    but(
        MYSQL_TIMEOUT,
        with(
            "(110",
            at("can't connect to server on", errno(Errno::ETIMEDOUT), None, Connect),
        ),
    ),
    at("ora-12541", errno(Errno::ECONNREFUSED), None, Connect),
    but(OWN_TIMEOUT, at("ora-12170", Deadline, None, Connect)),
    but(NOT_TOLD, of("ora-03113", Eof, None)),
    but(NOT_TOLD, of("ora-03135", Eof, None)),
    at("tcp provider: error code 0x68", errno(Errno::ECONNRESET), None, Read),
    // Postfix, rsyslog, OpenVPN
    but(NOT_TOLD, of("lost connection with", Eof, None)),
    but(NOT_TOLD, of("lost connection after", Eof, None)),
    but(OWN_TIMEOUT, with("postfix", at("timeout after", Deadline, None, Read))),
    of("seems to have closed connection", Eof, None),
    but(NOT_TOLD, of("connection reset, restarting", Eof, None)),
    // uWSGI
    but(
        SIGNAL,
        at("sigpipe: writing to a closed pipe", errno(Errno::EPIPE), None, Write),
    ),
    but(
        OWN_TIMEOUT,
        at("uwsgi_response_write_body_do() timeout", Deadline, None, Write),
    ),
    // Browsers
    of("err_connection_reset", errno(Errno::ECONNRESET), None),
    at("err_connection_refused", errno(Errno::ECONNREFUSED), None, Connect),
    at("err_connection_timed_out", errno(Errno::ETIMEDOUT), None, Connect),
    at("err_address_unreachable", errno(Errno::EHOSTUNREACH), None, Connect),
    of("err_connection_aborted", errno(Errno::ECONNABORTED), None),
    of("err_connection_closed", Eof, None),
    of("err_empty_response", Eof, None),
    but(OWN_TIMEOUT, of("err_timed_out", Deadline, None)),
    of("pr_connect_reset_error", errno(Errno::ECONNRESET), None),
    of("pr_end_of_file_error", Eof, None),
    of("ns_error_net_reset", errno(Errno::ECONNRESET), None),
    at("ns_error_connection_refused", errno(Errno::ECONNREFUSED), None, Connect),
    // librdkafka
    but(NOT_TOLD, with("in state up)", of("disconnected (after", Eof, None))),
    but(
        ALLOCATED,
        at("port is already allocated", errno(Errno::EADDRINUSE), None, Bind),
    ),
    but(SIGNAL, at("killed by sigpipe", errno(Errno::EPIPE), None, Write)),
    but(SIGNAL, at("received signal sigpipe", errno(Errno::EPIPE), None, Write)),
    but(
        SIGNAL,
        at("sigpipe {si_signo", errno(Errno::EPIPE), Some(Strace), Write),
    ),
    // Tools
    but(OWN_TIMEOUT, of("timeout in data send/receive", Deadline, None)),
    but(OWN_TIMEOUT, at("connect: timeout", Deadline, None, Connect)),
    but(OWN_TIMEOUT, at("500 read timeout", Deadline, None, Read)),
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
        WINDOWS_ABORTED,
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

const NAME: &str = "it is about resolving a name: no connection was tried";
const TLS: &str = "it is about TLS, which failed on an established connection";
const ANSWER: &str = "it is about a proxy's answer, which came over a connection that stands";
const STREAM: &str = "it is about one stream of HTTP/2: such a reset is a frame (RST_STREAM), not TCP's RST";
const UPSTREAM: &str =
    "it is about a proxy's own book-keeping: each upstream had failed before, with an error of its own above";
const POOL: &str = "it is about waiting for a connection of the program's own pool";
const PROCESS: &str = "it is about a process or a thread";
const PARSER: &str = "it is about a text or a file that was read";
const WATCH: &str = "it is about watching files (inotify), whose limits are sysctls of their own: fs.inotify.max_user_instances and max_user_watches";
const MEMORY: &str = "it is about memory of the process, not of a socket";
const LOGIN: &str = "it is about logging in: the connection stands, and who asked is refused";

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

/// A remark on messages about a file.
pub(super) const FILE: &str =
    "This is a file, or what stands behind one, not a TCP socket: none of the rules for a connection applies.";
/// A remark on messages about a Unix socket.
pub(super) const UNIX: &str =
    "This is a Unix socket, not TCP: no segment is sent, and none of the rules for a TCP connection applies.";
/// A remark on messages about a pipe.
pub(super) const PIPE: &str =
    "This is a pipe, as between two programs of a shell, not TCP: none of the rules for a connection applies.";
/// A remark on messages about UDP.
pub(super) const UDP: &str =
    "This is UDP (such as DNS), not TCP: there is no connection, and none of the rules for one applies.";
/// A remark on Windows' numbers and texts.
pub(super) const WINDOWS: &str = "This is Windows' wording: the errno is the one that has the same name on Linux, where the same case may give another.";
/// A remark on Windows' WSAECONNABORTED, which Linux says of something else.
pub(super) const WINDOWS_ABORTED: &str = "This is Windows' wording: Windows had given the connection up itself, as a rule since data was not acknowledged. There Linux gives ETIMEDOUT.";
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

/// A remark on a number whose text says something else.
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

/// Words that leave the errno open, or are common: an errno beside them goes first.
pub(super) const WEAK: &[Wording] = &[
    of("connectionreseterror", errno(Errno::ECONNRESET), Some(Python)),
    of("connectionrefusederror", errno(Errno::ECONNREFUSED), Some(Python)),
    of("connectionabortederror", errno(Errno::ECONNABORTED), Some(Python)),
    of("brokenpipeerror", errno(Errno::EPIPE), Some(Python)),
    of("blockingioerror", errno(Errno::EAGAIN), Some(Python)),
    of("interruptederror", errno(Errno::EINTR), Some(Python)),
    but(OWN_TIMEOUT, of("timeouterror", Deadline, Some(Python))),
    but(OWN_TIMEOUT, of("socket.timeout", Deadline, Some(Python))),
    ends(of("connection reset", errno(Errno::ECONNRESET), None)),
    of("connection reset by", errno(Errno::ECONNRESET), None),
    but(
        NOT_WHY,
        at("connect call failed", errno(Errno::ECONNREFUSED), Some(Python), Connect),
    ),
    but(
        NOT_WHY,
        at(
            "all connection attempts failed",
            errno(Errno::ECONNREFUSED),
            Some(Python),
            Connect,
        ),
    ),
    but(
        NOT_WHY,
        at(
            "unable to connect to port",
            errno(Errno::ECONNREFUSED),
            Some(Python),
            Connect,
        ),
    ),
    but(GONE, of("mysql server has gone away", Eof, None)),
    but(GONE, of("lost connection to mysql server", Eof, None)),
    of("noroutetohostexception", errno(Errno::EHOSTUNREACH), Some(Java)),
    but(OWN_TIMEOUT, of("sockettimeoutexception", Deadline, Some(Java))),
    of("eofexception", Eof, Some(Java)),
    but(
        JETTY,
        at("jetty.io.eofexception", errno(Errno::EPIPE), Some(Java), Write),
    ),
    of("eoferror", Eof, Some(Python)),
    but(SEVEN, at("curl: (7)", errno(Errno::ECONNREFUSED), Some(Curl), Connect)),
    but(OWN_TIMEOUT, of("curl: (28)", Deadline, Some(Curl))),
    // An errno may stand beside it.
    of("ssl_error_syscall", Eof, None),
    at("client prematurely closed connection", Eof, Some(Nginx), Read),
    of("client closed connection", Eof, Some(Nginx)),
    of("closed keepalive connection", Eof, Some(Nginx)),
    of("peer closed connection in ssl handshake", Eof, Some(Nginx)),
    of("end of file found", Eof, None),
    of("stream truncated", Eof, None),
    but(OWN_TIMEOUT, of("timeoutexception", Deadline, Some(Java))),
    but(OWN_TIMEOUT, of("timeout expired", Deadline, None)),
    but(OWN_TIMEOUT, of("timeout::error", Deadline, Some(Ruby))),
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
    ("ssh_exchange_identification", cue(Read, Some(OpenSsh))),
    ("open failed: connect failed", cue(Connect, Some(OpenSsh))),
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

/// Words before a number that is an errno's.
pub(super) const MARKS: &[(&str, Option<Dialect>)] = &[
    ("os error ", Some(Rust)),
    ("[errno ", Some(Python)),
    ("[winerror ", Some(Python)),
    ("os { code: ", Some(Rust)),
    ("socketexception (", Some(DotNet)),
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
    ("System.Net.", DotNet),
    ("System.IO.", DotNet),
    ("Microsoft.", DotNet),
    ("StackExchange.", DotNet),
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
    ("sshd[", OpenSsh),
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
