use super::words::{MORE_OTHERS, OTHERS, remark as text};
use super::*;
use CallClass::{Accept, Bind, Connect, Read, Write};
use Subject::{Closed, Deadline, Eof};
use std::collections::BTreeSet;

mod field;
mod proxies;

const fn errno(errno: Errno) -> Subject {
    Subject::Errno(errno)
}

/// Messages that programs in the field print, word for word.
#[test]
fn messages_of_many_languages() {
    let go = Some(Dialect::Go);
    let python = Some(Dialect::Python);
    let node = Some(Dialect::Node);
    let java = Some(Dialect::Java);
    let rust = Some(Dialect::Rust);
    let nginx = Some(Dialect::Nginx);
    let curl = Some(Dialect::Curl);
    let messages: &[(&str, Subject, Option<CallClass>, Option<Dialect>)] = &[
        // C
        ("Broken pipe", errno(Errno::EPIPE), None, Some(Dialect::C)),
        ("write: Broken pipe", errno(Errno::EPIPE), Some(Write), None),
        (
            "connect: Connection refused",
            errno(Errno::ECONNREFUSED),
            Some(Connect),
            None,
        ),
        (
            "bind: Address already in use",
            errno(Errno::EADDRINUSE),
            Some(Bind),
            None,
        ),
        // Names and numbers alone
        ("EPIPE", errno(Errno::EPIPE), None, None),
        ("econnreset", errno(Errno::ECONNRESET), None, None),
        ("EWOULDBLOCK", errno(Errno::EAGAIN), None, None),
        ("104", errno(Errno::ECONNRESET), None, None),
        ("-104", errno(Errno::ECONNRESET), None, None),
        ("errno=104", errno(Errno::ECONNRESET), None, None),
        ("eof", Eof, None, None),
        ("timeout", Deadline, None, None),
        // Go
        (
            "write tcp 10.0.0.1:41822->10.0.0.2:80: write: broken pipe",
            errno(Errno::EPIPE),
            Some(Write),
            go,
        ),
        (
            "read tcp 10.0.0.1:41822->10.0.0.2:80: read: connection reset by peer",
            errno(Errno::ECONNRESET),
            Some(Read),
            go,
        ),
        ("read tcp [::1]:4->[::1]:80: i/o timeout", Deadline, Some(Read), go),
        ("dial tcp 10.0.0.2:80: i/o timeout", Deadline, Some(Connect), go),
        (
            "dial tcp 10.0.0.2:80: connect: connection timed out",
            errno(Errno::ETIMEDOUT),
            Some(Connect),
            go,
        ),
        (
            "dial tcp 10.0.0.2:80: connect: no route to host",
            errno(Errno::EHOSTUNREACH),
            Some(Connect),
            go,
        ),
        (
            "listen tcp :8080: bind: address already in use",
            errno(Errno::EADDRINUSE),
            Some(Bind),
            go,
        ),
        (
            "accept tcp 127.0.0.1:80: use of closed network connection",
            Closed,
            Some(Accept),
            go,
        ),
        ("Get \"http://a/\": EOF", Eof, None, go),
        ("unexpected EOF", Eof, None, None),
        // Python
        (
            "ConnectionResetError: [Errno 104] Connection reset by peer",
            errno(Errno::ECONNRESET),
            None,
            python,
        ),
        (
            "BrokenPipeError: [Errno 32] Broken pipe",
            errno(Errno::EPIPE),
            Some(Write),
            python,
        ),
        ("TimeoutError: timed out", Deadline, None, python),
        (
            "TimeoutError: [Errno 110] Connection timed out",
            errno(Errno::ETIMEDOUT),
            None,
            python,
        ),
        ("socket.timeout: timed out", Deadline, None, python),
        (
            "http.client.RemoteDisconnected: Remote end closed connection without response",
            Eof,
            None,
            python,
        ),
        // Node
        ("Error: read ECONNRESET", errno(Errno::ECONNRESET), Some(Read), node),
        ("Error: write EPIPE", errno(Errno::EPIPE), Some(Write), node),
        (
            "Error: connect ECONNREFUSED 127.0.0.1:80",
            errno(Errno::ECONNREFUSED),
            Some(Connect),
            node,
        ),
        (
            "Error: connect ETIMEDOUT 10.0.0.2:80",
            errno(Errno::ETIMEDOUT),
            Some(Connect),
            node,
        ),
        (
            "{ errno: -104, code: 'ECONNRESET', syscall: 'read' }",
            errno(Errno::ECONNRESET),
            Some(Read),
            node,
        ),
        ("Error: socket hang up { code: 'ECONNRESET' }", Eof, None, node),
        (
            "Error: This socket has been ended by the other party { code: 'EPIPE' }",
            Subject::EndedByPeer,
            Some(Write),
            node,
        ),
        (
            "Error [ERR_STREAM_DESTROYED]: Cannot call write after a stream was destroyed",
            Subject::Destroyed,
            Some(Write),
            node,
        ),
        (
            "Error [ERR_STREAM_WRITE_AFTER_END]: write after end",
            Subject::EndedByUs,
            Some(Write),
            node,
        ),
        // Java
        (
            "java.net.SocketException: Connection reset",
            errno(Errno::ECONNRESET),
            Some(Read),
            java,
        ),
        (
            "java.net.SocketException: Broken pipe (Write failed)",
            errno(Errno::EPIPE),
            Some(Write),
            java,
        ),
        ("java.net.SocketException: Socket closed", Closed, None, java),
        (
            "java.net.SocketTimeoutException: Read timed out",
            Deadline,
            Some(Read),
            java,
        ),
        (
            "java.net.SocketTimeoutException: connect timed out",
            Deadline,
            Some(Connect),
            java,
        ),
        (
            "java.net.ConnectException: Connection timed out (Connection timed out)",
            errno(Errno::ETIMEDOUT),
            Some(Connect),
            java,
        ),
        (
            "java.net.ConnectException: Connection refused (Connection refused)",
            errno(Errno::ECONNREFUSED),
            Some(Connect),
            java,
        ),
        (
            "java.net.NoRouteToHostException: No route to host",
            errno(Errno::EHOSTUNREACH),
            Some(Connect),
            java,
        ),
        // Rust
        (
            "Os { code: 32, kind: BrokenPipe, message: \"Broken pipe\" }",
            errno(Errno::EPIPE),
            None,
            rust,
        ),
        ("Broken pipe (os error 32)", errno(Errno::EPIPE), None, rust),
        ("Error: Kind(ConnectionReset)", errno(Errno::ECONNRESET), None, rust),
        ("Kind(UnexpectedEof)", Eof, None, rust),
        (
            "Error { kind: UnexpectedEof, message: \"failed to fill whole buffer\" }",
            Eof,
            None,
            rust,
        ),
        ("Kind(TimedOut)", Deadline, None, rust),
        // nginx
        (
            "[error] 7#7: *1 recv() failed (104: Connection reset by peer) while reading response header from upstream",
            errno(Errno::ECONNRESET),
            Some(Read),
            nginx,
        ),
        (
            "*1 upstream prematurely closed connection while reading response header from upstream",
            Eof,
            Some(Read),
            nginx,
        ),
        (
            "upstream timed out (110: Connection timed out) while connecting to upstream",
            Deadline,
            Some(Connect),
            nginx,
        ),
        (
            "writev() failed (32: Broken pipe) while sending request to upstream",
            errno(Errno::EPIPE),
            Some(Write),
            nginx,
        ),
        (
            "connect() failed (111: Connection refused) while connecting to upstream",
            errno(Errno::ECONNREFUSED),
            Some(Connect),
            nginx,
        ),
        (
            "connect() failed (110: Connection timed out) while connecting to upstream",
            errno(Errno::ETIMEDOUT),
            Some(Connect),
            nginx,
        ),
        // curl
        (
            "curl: (56) Recv failure: Connection reset by peer",
            errno(Errno::ECONNRESET),
            Some(Read),
            curl,
        ),
        (
            "curl: (55) Send failure: Broken pipe",
            errno(Errno::EPIPE),
            Some(Write),
            curl,
        ),
        (
            "curl: (7) Failed to connect to 10.0.0.2 port 80 after 0 ms: Couldn't connect to server",
            errno(Errno::ECONNREFUSED),
            Some(Connect),
            curl,
        ),
        (
            "curl: (7) Failed to connect to 10.0.0.2 port 80: No route to host",
            errno(Errno::EHOSTUNREACH),
            Some(Connect),
            curl,
        ),
        ("curl: (52) Empty reply from server", Eof, Some(Read), curl),
        (
            "curl: (28) Operation timed out after 1001 milliseconds with 0 bytes received",
            Deadline,
            None,
            curl,
        ),
        (
            "curl: (28) Connection timed out after 5001 milliseconds",
            Deadline,
            Some(Connect),
            curl,
        ),
        (
            "curl: (35) OpenSSL SSL_connect: Connection reset by peer in connection to a:443",
            errno(Errno::ECONNRESET),
            None,
            curl,
        ),
    ];
    for (text, subject, call, dialect) in messages {
        let found = recognize(text).unwrap_or_else(|| panic!("unknown: {text}"));
        assert_eq!(
            (found.subject, found.call, found.dialect),
            (*subject, *call, *dialect),
            "{text}"
        );
    }
}

/// More of what programs in the field print, word for word: what it is about, the call, whose words; none where it must not be known.
#[test]
fn messages_of_many_programs() {
    const fn no() -> Option<(Subject, Option<CallClass>, Option<Dialect>)> {
        None
    }
    const fn is(
        subject: Subject,
        call: Option<CallClass>,
        dialect: Option<Dialect>,
    ) -> Option<(Subject, Option<CallClass>, Option<Dialect>)> {
        Some((subject, call, dialect))
    }
    use Dialect::{Curl, Dotnet, Elixir, Erlang, Go, Java, Nginx, Node, Openssh, Php, Python, Ruby, Rust};
    let reset = errno(Errno::ECONNRESET);
    let refused = errno(Errno::ECONNREFUSED);
    let pipe = errno(Errno::EPIPE);
    let timed_out = errno(Errno::ETIMEDOUT);
    let messages = [
        // urllib3, requests
        (
            "requests.exceptions.ConnectionError: ('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))",
            is(reset, None, Some(Python)),
        ),
        (
            "urllib3.exceptions.ProtocolError: ('Connection aborted.', BrokenPipeError(32, 'Broken pipe'))",
            is(pipe, Some(Write), Some(Python)),
        ),
        (
            "ProtocolError('Connection aborted.', BrokenPipeError(32, 'Broken pipe'))",
            is(pipe, Some(Write), Some(Python)),
        ),
        (
            "requests.exceptions.ConnectionError: ('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))",
            is(Eof, None, Some(Python)),
        ),
        (
            "requests.exceptions.ConnectionError: HTTPConnectionPool(host='10.0.0.2', port=80): Max retries exceeded with url: / (Caused by NewConnectionError('<urllib3.connection.HTTPConnection object at 0x7f>: Failed to establish a new connection: [Errno 111] Connection refused'))",
            is(refused, Some(Connect), Some(Python)),
        ),
        (
            "requests.exceptions.ReadTimeout: HTTPConnectionPool(host='10.0.0.2', port=80): Read timed out. (read timeout=1)",
            is(Deadline, Some(Read), Some(Python)),
        ),
        (
            "requests.exceptions.ConnectTimeout: HTTPConnectionPool(host='10.0.0.2', port=80): Max retries exceeded with url: / (Caused by ConnectTimeoutError(<urllib3.connection.HTTPConnection object at 0x7f>, 'Connection to 10.0.0.2 timed out. (connect timeout=1)'))",
            is(Deadline, Some(Connect), Some(Python)),
        ),
        (
            "urllib3.exceptions.ReadTimeoutError: HTTPConnectionPool(host='10.0.0.2', port=80): Read timed out. (read timeout=1)",
            is(Deadline, Some(Read), Some(Python)),
        ),
        ("socket.gaierror: [Errno -2] Name or service not known", no()),
        (
            "urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>",
            no(),
        ),
        (
            "urllib.error.URLError: <urlopen error [Errno 111] Connection refused>",
            is(refused, None, Some(Python)),
        ),
        // Python: asyncio, aiohttp, httpx, ssl
        (
            "ConnectionRefusedError: [Errno 111] Connect call failed ('127.0.0.1', 80)",
            is(refused, Some(Connect), Some(Python)),
        ),
        (
            "asyncio.exceptions.IncompleteReadError: 0 bytes read on a total of 4 expected bytes",
            is(Eof, Some(Read), Some(Python)),
        ),
        (
            "ConnectionResetError: Connection lost",
            is(Subject::Destroyed, Some(Write), Some(Python)),
        ),
        (
            "aiohttp.client_exceptions.ClientConnectionResetError: Cannot write to closing transport",
            is(Subject::Destroyed, Some(Write), Some(Python)),
        ),
        (
            "aiohttp.client_exceptions.ServerDisconnectedError: Server disconnected",
            is(Eof, None, Some(Python)),
        ),
        (
            "httpx.RemoteProtocolError: Server disconnected without sending a response.",
            is(Eof, None, Some(Python)),
        ),
        (
            "httpx.ReadTimeout: The read operation timed out",
            is(Deadline, Some(Read), Some(Python)),
        ),
        (
            "ssl.SSLEOFError: [SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol (_ssl.c:1006)",
            is(Eof, None, Some(Python)),
        ),
        (
            "ssl.SSLError: [SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1129)",
            no(),
        ),
        (
            "redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused.",
            is(refused, Some(Connect), Some(Python)),
        ),
        (
            "redis.exceptions.ConnectionError: Error while reading from 127.0.0.1:6379 : (104, 'Connection reset by peer')",
            is(reset, Some(Read), Some(Python)),
        ),
        (
            "redis.exceptions.ConnectionError: Connection closed by server.",
            is(Eof, None, Some(Python)),
        ),
        (
            "pymysql.err.OperationalError: (2003, \"Can't connect to MySQL server on '10.0.0.2' ([Errno 111] Connection refused)\")",
            is(refused, Some(Connect), Some(Python)),
        ),
        // nginx, Apache
        (
            "client prematurely closed connection, so upstream connection is closed too (104: Connection reset by peer) while sending request to upstream",
            is(reset, Some(Write), Some(Nginx)),
        ),
        (
            "*1 client prematurely closed connection while sending request to upstream",
            is(Eof, Some(Read), Some(Nginx)),
        ),
        (
            "*1 peer closed connection in SSL handshake (104: Connection reset by peer) while SSL handshaking to upstream",
            is(reset, None, Some(Nginx)),
        ),
        (
            "*1 peer closed connection in SSL handshake while SSL handshaking, client: 10.0.0.1",
            is(Eof, Some(Read), Some(Nginx)),
        ),
        (
            "connect() to 10.0.0.2:80 failed (111: Connection refused) while connecting to upstream",
            is(refused, Some(Connect), Some(Nginx)),
        ),
        (
            "*1 SSL_do_handshake() failed (SSL: error:1408F10B:SSL routines:ssl3_get_record:wrong version number) while SSL handshaking",
            no(),
        ),
        (
            "(104)Connection reset by peer: [client 10.0.0.1:5] AH01102: error reading status line from remote server",
            is(reset, Some(Read), Some(Dialect::Apache)),
        ),
        (
            "(70007)The timeout specified has expired: [client 10.0.0.1:5] AH01102: error reading status line",
            is(Deadline, Some(Read), Some(Dialect::Apache)),
        ),
        (
            "(111)Connection refused: AH00957: HTTP: attempt to connect to 127.0.0.1:80 (127.0.0.1) failed",
            is(refused, Some(Connect), Some(Dialect::Apache)),
        ),
        // curl, git, wget, rsync
        (
            "curl: (35) error:1408F10B:SSL routines:ssl3_get_record:wrong version number",
            no(),
        ),
        ("curl: (35)", no()),
        (
            "curl: (35) error:0A000126:SSL routines::unexpected eof while reading",
            is(Eof, None, Some(Curl)),
        ),
        (
            "curl: (35) OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to a:443",
            is(Eof, None, Some(Curl)),
        ),
        (
            "curl: (56) OpenSSL SSL_read: SSL_ERROR_SYSCALL, errno 104",
            is(reset, Some(Read), Some(Curl)),
        ),
        (
            "curl: (56) OpenSSL SSL_read: Connection reset by peer, errno 104",
            is(reset, Some(Read), Some(Curl)),
        ),
        ("curl: (56) Received HTTP code 503 from proxy after CONNECT", no()),
        (
            "curl: (56) GnuTLS recv error (-110): The TLS connection was non-properly terminated.",
            is(Eof, None, Some(Curl)),
        ),
        (
            "curl: (18) transfer closed with 100 bytes remaining to read",
            is(Eof, Some(Read), Some(Curl)),
        ),
        (
            "curl: (28) Failed to connect to 10.0.0.2 port 80 after 133000 ms: Couldn't connect to server",
            is(timed_out, Some(Connect), Some(Curl)),
        ),
        ("curl: (6) Could not resolve host: x", no()),
        (
            "fatal: unable to access 'https://a/': Failed to connect to a port 443: Connection refused",
            is(refused, Some(Connect), None),
        ),
        (
            "error: RPC failed; curl 56 Recv failure: Connection reset by peer",
            is(reset, Some(Read), Some(Curl)),
        ),
        (
            "error: RPC failed; curl 18 transfer closed with outstanding read data remaining",
            is(Eof, Some(Read), Some(Curl)),
        ),
        ("fatal: the remote end hung up unexpectedly", is(Eof, None, None)),
        ("fatal: early EOF", is(Eof, None, None)),
        (
            "Connecting to localhost (localhost)|127.0.0.1|:80... failed: Connection refused.",
            is(refused, Some(Connect), None),
        ),
        (
            "Read error (Connection reset by peer) in headers.",
            is(reset, Some(Read), None),
        ),
        (
            "rsync: [sender] write error: Broken pipe (32)",
            is(pipe, Some(Write), None),
        ),
        (
            "rsync: connection unexpectedly closed (0 bytes received so far) [sender]",
            is(Eof, Some(Read), None),
        ),
        (
            "rsync: failed to connect to a (10.0.0.2): Connection refused (111)",
            is(refused, Some(Connect), None),
        ),
        (
            "[sender] io timeout after 30 seconds -- exiting",
            is(Deadline, None, None),
        ),
        // OpenSSH
        ("Connection reset by 10.0.0.1 port 22", is(reset, None, Some(Openssh))),
        (
            "kex_exchange_identification: read: Connection reset by peer",
            is(reset, Some(Read), Some(Openssh)),
        ),
        (
            "kex_exchange_identification: Connection closed by remote host",
            is(Eof, Some(Read), Some(Openssh)),
        ),
        (
            "Connection closed by 10.0.0.1 port 22 [preauth]",
            is(Eof, Some(Read), Some(Openssh)),
        ),
        (
            "ssh: connect to host a port 22: Connection timed out",
            is(timed_out, Some(Connect), Some(Openssh)),
        ),
        (
            "client_loop: send disconnect: Broken pipe",
            is(pipe, Some(Write), Some(Openssh)),
        ),
        (
            "Connection timed out during banner exchange",
            is(Deadline, None, Some(Openssh)),
        ),
        (
            "Timeout, server 10.0.0.2 not responding.",
            is(Deadline, Some(Read), Some(Openssh)),
        ),
        ("Connection closed by foreign host.", is(Eof, None, None)),
        // Go
        ("http: server closed idle connection", is(Eof, None, Some(Go))),
        (
            "net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
            is(Deadline, Some(Connect), Some(Go)),
        ),
        (
            "Get \"http://10.0.0.2/\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            is(Deadline, None, Some(Go)),
        ),
        ("context deadline exceeded", is(Deadline, None, Some(Go))),
        ("net/http: TLS handshake timeout", is(Deadline, Some(Read), Some(Go))),
        (
            "net/http: timeout awaiting response headers",
            is(Deadline, Some(Read), Some(Go)),
        ),
        ("http: Server closed", no()),
        ("dial tcp: lookup a on 127.0.0.53:53: no such host", no()),
        ("dial tcp: lookup a: i/o timeout", is(Deadline, None, Some(Go))),
        (
            "Get \"http://a/\": net/http: HTTP/1.x transport connection broken: unexpected EOF",
            is(Eof, None, Some(Go)),
        ),
        (
            "time=x level=ERROR msg=copy err=\"unexpected EOF\"",
            is(Eof, None, None),
        ),
        (
            "rpc error: code = Unavailable desc = transport is closing",
            is(Eof, None, Some(Go)),
        ),
        (
            "rpc error: code = Unavailable desc = error reading from server: EOF",
            is(Eof, Some(Read), Some(Go)),
        ),
        (
            "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial tcp 10.0.0.2:80: connect: connection refused\"",
            is(refused, Some(Connect), Some(Go)),
        ),
        (
            "rpc error: code = DeadlineExceeded desc = stream terminated by RST_STREAM with error code: CANCEL",
            is(Deadline, None, Some(Go)),
        ),
        (
            "The connection to the server 10.0.0.2:6443 was refused - did you specify the right host or port?",
            is(refused, Some(Connect), Some(Go)),
        ),
        ("Unable to connect to the server: EOF", is(Eof, None, None)),
        // Node
        (
            "Error: Client network socket disconnected before secure TLS connection was established",
            is(Eof, None, Some(Node)),
        ),
        ("SocketError: other side closed", is(Eof, None, Some(Node))),
        (
            "ConnectTimeoutError: Connect Timeout Error (attempted address: 10.0.0.2:80, timeout: 10000ms)",
            is(Deadline, Some(Connect), Some(Node)),
        ),
        (
            "AxiosError: timeout of 1000ms exceeded { code: 'ECONNABORTED' }",
            is(Deadline, None, Some(Node)),
        ),
        (
            "MongoNetworkTimeoutError: connection timed out",
            is(Deadline, None, Some(Node)),
        ),
        (
            "MongoServerSelectionError: connect ECONNREFUSED 127.0.0.1:27017",
            is(refused, Some(Connect), Some(Node)),
        ),
        ("Error: getaddrinfo ENOTFOUND a", no()),
        (
            "Error: write EPROTO 8060:error:1408F10B:SSL routines:ssl3_get_record:wrong version number",
            no(),
        ),
        // Java
        (
            "io.netty.channel.ConnectTimeoutException: connection timed out: /10.0.0.2:80",
            is(Deadline, Some(Connect), Some(Java)),
        ),
        (
            "io.netty.channel.AbstractChannel$AnnotatedConnectException: Connection refused: /10.0.0.2:80",
            is(refused, Some(Connect), Some(Java)),
        ),
        (
            "io.netty.channel.unix.Errors$NativeIoException: recvAddress(..) failed: Connection reset by peer",
            is(reset, Some(Read), Some(Java)),
        ),
        (
            "java.io.IOException: Connection reset by peer; nested exception is java.net.SocketException: Connection reset by peer",
            is(reset, None, Some(Java)),
        ),
        (
            "java.net.SocketException: Software caused connection abort: socket write error",
            is(errno(Errno::ECONNABORTED), Some(Write), Some(Java)),
        ),
        (
            "org.apache.http.NoHttpResponseException: a:80 failed to respond",
            is(Eof, None, Some(Java)),
        ),
        (
            "reactor.netty.http.client.PrematureCloseException: Connection prematurely closed BEFORE response",
            is(Eof, None, Some(Java)),
        ),
        (
            "javax.net.ssl.SSLHandshakeException: Remote host terminated the handshake",
            is(Eof, None, Some(Java)),
        ),
        (
            "[Consumer clientId=a] Disconnecting from node 1 due to request timeout.",
            is(Deadline, Some(Read), Some(Java)),
        ),
        ("java.io.EOFException: null", is(Eof, None, Some(Java))),
        (
            "io.grpc.StatusRuntimeException: DEADLINE_EXCEEDED: deadline exceeded after 0.9s",
            is(Deadline, None, Some(Java)),
        ),
        (
            "%3|1.2|FAIL|rdkafka#producer-1| [thrd:a]: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)",
            is(refused, Some(Connect), Some(Dialect::Kafka)),
        ),
        // Rust
        (
            "error trying to connect: tcp connect error: Connection refused (os error 111)",
            is(refused, Some(Connect), Some(Rust)),
        ),
        ("connection closed before message completed", is(Eof, None, Some(Rust))),
        ("hyper::Error(IncompleteMessage)", is(Eof, None, Some(Rust))),
        (
            "peer closed connection without sending TLS close_notify",
            is(Eof, None, Some(Rust)),
        ),
        (
            "WebSocket protocol error: Connection reset without closing handshake",
            is(Eof, None, Some(Rust)),
        ),
        ("unexpected end of file", is(Eof, None, None)),
        ("EOF while parsing a value at line 1 column 0", no()),
        (
            "error sending request for url (http://10.0.0.2/): operation timed out",
            is(Deadline, None, Some(Rust)),
        ),
        (
            "error sending request for url (http://10.0.0.2/): error trying to connect: tcp connect error: Operation timed out (os error 110)",
            is(timed_out, Some(Connect), Some(Rust)),
        ),
        ("h2 protocol error: stream no longer needed", no()),
        (
            "UnixHTTPConnectionPool(host='localhost', port=None): Read timed out. (read timeout=60)",
            is(Deadline, Some(Read), Some(Python)),
        ),
        ("accept: Protocol error", is(errno(Errno::EPROTO), Some(Accept), None)),
        (
            "status = StatusCode.UNAVAILABLE details = \"Socket closed\"",
            is(Eof, None, Some(Dialect::Grpc)),
        ),
        ("java.util.concurrent.TimeoutException", is(Deadline, None, Some(Java))),
        (
            "psycopg2.OperationalError: SSL connection has been closed unexpectedly",
            is(Eof, None, Some(Python)),
        ),
        (
            "pika.exceptions.StreamLostError: Stream connection lost: ConnectionResetError(104, 'Connection reset by peer')",
            is(reset, None, Some(Python)),
        ),
        // Ruby
        ("Errno::EPIPE (Broken pipe)", is(pipe, None, Some(Ruby))),
        (
            "Errno::ECONNREFUSED: Failed to open TCP connection to localhost:80 (Connection refused - connect(2) for \"localhost\" port 80)",
            is(refused, Some(Connect), Some(Ruby)),
        ),
        ("EOFError: end of file reached", is(Eof, None, Some(Ruby))),
        (
            "Net::ReadTimeout with #<TCPSocket:(closed)>",
            is(Deadline, Some(Read), Some(Ruby)),
        ),
        (
            "Net::OpenTimeout: execution expired",
            is(Deadline, Some(Connect), Some(Ruby)),
        ),
        ("IOError: closed stream", is(Closed, None, Some(Ruby))),
        (
            "SSL_connect SYSCALL returned=5 errno=0 peeraddr=10.0.0.2:443 state=SSLv3/TLS write client hello",
            is(Eof, None, Some(Ruby)),
        ),
        // PHP
        (
            "PHP Warning:  fsockopen(): Unable to connect to 10.0.0.2:80 (Connection refused) in a.php on line 3",
            is(refused, Some(Connect), Some(Php)),
        ),
        (
            "fwrite(): Send of 8192 bytes failed with errno=32 Broken pipe",
            is(pipe, Some(Write), Some(Php)),
        ),
        (
            "SQLSTATE[HY000] [2002] Connection refused",
            is(refused, Some(Connect), Some(Php)),
        ),
        (
            "PHP Parse error:  syntax error, unexpected end of file in a.php on line 3",
            no(),
        ),
        // .NET
        (
            "System.Net.Sockets.SocketException (111): Connection refused",
            is(refused, None, Some(Dotnet)),
        ),
        (
            "System.IO.IOException: Unable to read data from the transport connection: Connection reset by peer.",
            is(reset, Some(Read), Some(Dotnet)),
        ),
        (
            "System.Net.Http.HttpIOException: The response ended prematurely. (ResponseEnded)",
            is(Eof, None, Some(Dotnet)),
        ),
        (
            "System.Threading.Tasks.TaskCanceledException: The request was canceled due to the configured HttpClient.Timeout of 100 seconds elapsing.",
            is(Deadline, None, Some(Dotnet)),
        ),
        // Erlang, Elixir
        ("{error,econnrefused}", is(refused, None, Some(Erlang))),
        (
            "{failed_connect,[{to_address,{\"a\",80}},{inet,[inet],econnrefused}]}",
            is(refused, None, Some(Erlang)),
        ),
        ("{error, :econnreset}", is(reset, None, Some(Elixir))),
        ("** (HTTPoison.Error) :econnrefused", is(refused, None, Some(Elixir))),
        (
            "%HTTPoison.Error{id: nil, reason: :econnrefused}",
            is(refused, None, Some(Elixir)),
        ),
        (
            "** (Mint.TransportError) connection refused",
            is(refused, None, Some(Elixir)),
        ),
        ("** (Mint.TransportError) socket closed", is(Eof, None, Some(Elixir))),
        ("{error,closed}", is(Eof, None, Some(Erlang))),
        // Proxies and databases
        (
            "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
            is(Eof, None, Some(Dialect::Envoy)),
        ),
        (
            "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: delayed connect error: 111",
            is(refused, Some(Connect), Some(Dialect::Envoy)),
        ),
        (
            "upstream connect error or disconnect/reset before headers. reset reason: connection timeout",
            is(Deadline, Some(Connect), Some(Dialect::Envoy)),
        ),
        (
            "upstream connect error or disconnect/reset before headers. reset reason: overflow",
            no(),
        ),
        (
            "Server a/b is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check duration: 0ms.",
            is(refused, Some(Connect), Some(Dialect::Haproxy)),
        ),
        (
            "Server a/b is DOWN, reason: Layer4 timeout, check duration: 2001ms.",
            is(Deadline, Some(Connect), Some(Dialect::Haproxy)),
        ),
        (
            "10.0.0.1:5 [1/Jan/2024:00:00:00.000] a/1: Connection closed during SSL handshake",
            is(Eof, Some(Read), Some(Dialect::Haproxy)),
        ),
        (
            "LOG:  could not receive data from client: Connection reset by peer",
            is(reset, Some(Read), Some(Dialect::Postgresql)),
        ),
        (
            "LOG:  could not send data to client: Broken pipe",
            is(pipe, Some(Write), Some(Dialect::Postgresql)),
        ),
        (
            "LOG:  unexpected EOF on client connection with an open transaction",
            is(Eof, Some(Read), Some(Dialect::Postgresql)),
        ),
        (
            "connection to server at \"10.0.0.2\", port 5432 failed: Connection refused",
            is(refused, Some(Connect), Some(Dialect::Postgresql)),
        ),
        (
            "server closed the connection unexpectedly",
            is(Eof, Some(Read), Some(Dialect::Postgresql)),
        ),
        (
            "SSL SYSCALL error: EOF detected",
            is(Eof, None, Some(Dialect::Postgresql)),
        ),
        (
            "Could not connect to Redis at 127.0.0.1:6379: Connection refused",
            is(refused, Some(Connect), Some(Dialect::Redis)),
        ),
        (
            "ERROR 2003 (HY000): Can't connect to MySQL server on '10.0.0.2:3306' (111)",
            is(refused, Some(Connect), Some(Dialect::Mysql)),
        ),
        (
            "ERROR 2013 (HY000): Lost connection to MySQL server at 'reading initial communication packet', system error: 104",
            is(reset, Some(Read), Some(Dialect::Mysql)),
        ),
        (
            "E connect(5, AF=2 127.0.0.1:1, 16): Connection refused",
            is(refused, Some(Connect), None),
        ),
        (
            "nc: connect to 127.0.0.1 port 1 (tcp) failed: Connection refused",
            is(refused, Some(Connect), None),
        ),
        (
            "postfix/smtp[1]: connect to a[10.0.0.2]:25: Connection timed out",
            is(timed_out, Some(Connect), Some(Dialect::Postfix)),
        ),
        // What is no socket's
        ("bash: fork: Resource temporarily unavailable", no()),
        ("bash: fork: retry: Resource temporarily unavailable", no()),
        (
            "java.lang.OutOfMemoryError: unable to create native thread: Resource temporarily unavailable",
            no(),
        ),
        ("bash: syntax error: unexpected end of file", no()),
        ("Parse error: unexpected EOF at line 3", no()),
        ("a.sh: line 3: unexpected EOF while looking for matching `\"'", no()),
        ("tar: Unexpected EOF in archive", no()),
        ("gzip: stdin: unexpected end of file", no()),
        ("cat <<EOF", no()),
        ("cat << EOF", no()),
        ("step (2: build) of (32: all)", no()),
    ];
    let mut wrong = Vec::new();
    for (text, expected) in messages {
        let found = recognize(text);
        let told = found.map(|found| (found.subject, found.call, found.dialect));
        if told != expected {
            wrong.push((text, told, expected));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// strace's lines: the call, and what it returned; what stands in the quotes is data.
#[test]
fn lines_of_strace_and_of_the_transcript() {
    use CallClass::{SetOption, Shutdown};
    let messages = [
        (
            "read(4, ..., 1024) = -1 ECONNRESET (Connection reset by peer)",
            Some((errno(Errno::ECONNRESET), Some(Read))),
        ),
        (
            "    0.157  server  write(3, \"hello\", 5) = -1 EPIPE (Broken pipe)   <7 us>",
            Some((errno(Errno::EPIPE), Some(Write))),
        ),
        (
            "connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"10.0.0.2\")}, 16) = -1 ETIMEDOUT (Connection timed out)",
            Some((errno(Errno::ETIMEDOUT), Some(Connect))),
        ),
        (
            "accept4(3, {sa_family=AF_INET, ...}, [16], SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable)",
            Some((errno(Errno::EAGAIN), Some(Accept))),
        ),
        (
            "accept4(3, ...) = -1 EAGAIN",
            Some((errno(Errno::EAGAIN), Some(Accept))),
        ),
        (
            "[pid  7] 12:00:00.000001 sendto(5, \"x\", 1, MSG_NOSIGNAL, NULL, 0) = -1 EPIPE (Broken pipe) <0.000012>",
            Some((errno(Errno::EPIPE), Some(Write))),
        ),
        (
            "recvfrom(5, 0x7ffd, 8192, 0, NULL, NULL) = -1 ETIMEDOUT (Connection timed out)",
            Some((errno(Errno::ETIMEDOUT), Some(Read))),
        ),
        (
            "<... read resumed>0xc000, 1024)          = -1 ECONNRESET (Connection reset by peer)",
            Some((errno(Errno::ECONNRESET), Some(Read))),
        ),
        (
            "setsockopt(3, SOL_TCP, TCP_NODELAY, [1], 4) = -1 EINVAL (Invalid argument)",
            Some((errno(Errno::EINVAL), Some(SetOption))),
        ),
        (
            "shutdown(5, SHUT_WR) = -1 ENOTCONN (Transport endpoint is not connected)",
            Some((errno(Errno::ENOTCONN), Some(Shutdown))),
        ),
        (
            "getpeername(5, 0x7ffd, [16]) = -1 ENOTCONN (Transport endpoint is not connected)",
            Some((errno(Errno::ENOTCONN), None)),
        ),
        ("recvfrom(5, \"\", 1024, 0, NULL, NULL)    = 0", Some((Eof, Some(Read)))),
        (
            "    0.153  server  read(3, ..., 10) = 0 (EOF)   <12 us>",
            Some((Eof, Some(Read))),
        ),
        ("write(4, \"connection refused\", 18) = 18", None),
        ("write(4, \"a) = -1 EPIPE (Broken pipe)\", 27)   = 27", None),
        ("write(4, \"connection refused\", 18 <unfinished ...>", None),
        ("    0.1  server  write(4, \"connection refused\", 18) ...", None),
        ("read(3, \"\", 4096)                       = 0", None),
        ("close(3)                                = 0", None),
        (
            "getsockopt(5, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0",
            Some((errno(Errno::ECONNREFUSED), Some(CallClass::SoError))),
        ),
        ("getsockopt(5, SOL_SOCKET, SO_ERROR, [0], [4]) = 0", None),
        ("getsockopt(5, SOL_SOCKET, SO_RCVBUF, [104], [4]) = 0", None),
        (
            "read(5<TCP:[10.0.0.1:40000->10.0.0.2:80]>, \"\", 1024) = 0",
            Some((Eof, Some(Read))),
        ),
        (
            "poll([{fd=3, events=POLLIN}], 1, 0) = 1 ([{fd=3, revents=POLLIN|POLLHUP}])",
            None,
        ),
        (
            "read(3, 0x7ffd, 1) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)",
            None,
        ),
        (
            "futex(0x7f, FUTEX_WAIT_PRIVATE, 2, NULL) = -1 EAGAIN (Resource temporarily unavailable)",
            None,
        ),
        (
            "openat(AT_FDCWD, \"/etc/x\", O_RDONLY) = -1 ENOENT (No such file or directory)",
            None,
        ),
        (
            "clone(child_stack=NULL, flags=SIGCHLD) = -1 EAGAIN (Resource temporarily unavailable)",
            None,
        ),
    ];
    for (text, expected) in messages {
        let found = LogScanner::default().line(text);
        let told = found.as_ref().map(|found| (found.subject, found.call));
        assert_eq!(told, expected, "{text}");
        assert!(
            found.is_none_or(|found| found.dialect == Some(Dialect::Strace)),
            "{text}"
        );
    }
    // Alone it was asked for.
    let alone = recognize("openat(AT_FDCWD, \"/etc/x\", O_RDONLY) = -1 ENOENT (No such file or directory)").unwrap();
    assert_eq!((alone.subject, alone.call), (errno(Errno::ENOENT), None));
}

/// Parts of a log that are no news: numbers, what only looks like an end, and what Node.js prints below an error.
#[test]
fn a_log_says_less_than_its_lines_alone() {
    let said = |lines: &str| {
        let mut log = LogScanner::default();
        let found = lines.lines().filter_map(|line| log.line(line));
        found.map(|found| (found.subject, found.call)).collect::<Vec<_>>()
    };
    for log in [
        "1\n2\n",
        "104\n-104\n10054\n",
        "cat <<EOF\ntext\nEOF\n",
        "timeout\nclosed\n",
        "bash: syntax error: unexpected end of file\nParse error: unexpected EOF at line 3\n",
        "cat <<'EOF' > x\ncat <<\"EOF\" | sh\n",
        // Of files.
        "open() \"/var/www/x\" failed (2: No such file or directory)\nOSError: [Errno 28] No space left on device\n",
    ] {
        assert_eq!(said(log), [], "{log}");
    }
    let hang_up = "Error: socket hang up\n    at connResetException (node:internal/errors:720:14)\n    at node:net:1 {\n  code: 'ECONNRESET'\n}\n";
    assert_eq!(said(hang_up), [(Eof, None)]);
    let connect = "Error: connect ECONNREFUSED 127.0.0.1:80\n    at TCPConnectWrap.afterConnect\nEmitted 'error' event on Socket instance at:\n    at emitErrorNT {\n  errno: -111,\n  code: 'ECONNREFUSED',\n  syscall: 'connect',\n}\n";
    assert_eq!(said(connect), [(errno(Errno::ECONNREFUSED), Some(Connect))]);
    // Each error has its own; and without one above it the code is all there is.
    assert_eq!(said(&format!("{hang_up}\n{connect}")).len(), 2);
    assert_eq!(
        said("Error: aborted\n  code: 'ECONNRESET'\n"),
        [(errno(Errno::ECONNRESET), None)]
    );
    let traceback = "Traceback (most recent call last):\n  File \"a.py\", line 32, in <module>\nrequests.exceptions.ConnectionError: ('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))\n";
    assert_eq!(said(traceback), [(errno(Errno::ECONNRESET), None)]);
}

/// A text of UDP gets the remark that it is one, and so does a number or text of another system.
#[test]
fn what_is_not_linuxs_tcp_is_said_to_be() {
    let dns =
        recognize("dial tcp: lookup x on 127.0.0.53:53: read udp 127.0.0.1:40000->127.0.0.53:53: i/o timeout").unwrap();
    assert_eq!(
        (dns.subject, dns.call, dns.carrier),
        (Deadline, Some(Read), Carrier::Udp)
    );
    assert!(dns.remark.unwrap().contains("UDP"));
    let addresses: Vec<String> = dns.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["127.0.0.1:40000", "127.0.0.53:53"]);
    let remark = |text: &str| {
        let found = recognize(text).unwrap();
        (found.subject, found.carrier == Carrier::Udp, found.remark)
    };
    for (text, subject) in [
        (
            "write udp 10.0.0.1:5->10.0.0.2:53: write: connection refused",
            errno(Errno::ECONNREFUSED),
        ),
        (
            "recv() failed (111: Connection refused) while resolving, resolver: 127.0.0.53:53",
            errno(Errno::ECONNREFUSED),
        ),
        (
            "read UDPv4 [ECONNREFUSED]: Connection refused (code=111)",
            errno(Errno::ECONNREFUSED),
        ),
        ("Error: queryA ECONNREFUSED example.com", errno(Errno::ECONNREFUSED)),
        (";; connection timed out; no servers could be reached", Deadline),
    ] {
        assert_eq!(remark(text), (subject, true, Some(text::UDP)), "{text}");
    }
    for (text, known) in [
        (
            "ConnectionResetError: [WinError 10054] An existing connection was forcibly closed by the remote host",
            Errno::ECONNRESET,
        ),
        (
            "read tcp 10.0.0.1:5->10.0.0.2:80: wsarecv: An existing connection was forcibly closed by the remote host.",
            Errno::ECONNRESET,
        ),
        ("WSAECONNRESET 10054", Errno::ECONNRESET),
        ("WSAEWOULDBLOCK", Errno::EAGAIN),
        ("10061", Errno::ECONNREFUSED),
        ("Os { code: 10048, kind: AddrInUse, message: \"\" }", Errno::EADDRINUSE),
        (
            "System.Net.Sockets.SocketException (10061): No connection could be made because the target machine actively refused it.",
            Errno::ECONNREFUSED,
        ),
    ] {
        assert_eq!(remark(text), (errno(known), false, Some(text::WINDOWS)), "{text}");
    }
    for (text, known) in [
        (
            "ConnectionRefusedError: [Errno 61] Connection refused",
            Errno::ECONNREFUSED,
        ),
        (
            "BlockingIOError: [Errno 35] Resource temporarily unavailable",
            Errno::EAGAIN,
        ),
        ("Address already in use (os error 48)", Errno::EADDRINUSE),
    ] {
        let found = recognize(text).unwrap();
        assert_eq!(found.subject, errno(known), "{text}");
        assert!(found.remark.is_none_or(|remark| remark == text::ELSEWHERE));
    }
    assert_eq!(
        remark("BlockingIOError: [Errno 35] Resource temporarily unavailable").2,
        Some(text::ELSEWHERE)
    );
    let node = recognize("{ errno: -54, code: 'ECONNRESET', syscall: 'read' }").unwrap();
    assert_eq!(node.subject, errno(Errno::ECONNRESET));
}

/// A number or a word that may be anything is no errno in the middle of a line.
#[test]
fn what_is_no_message_is_not_taken_for_one() {
    for text in [
        "",
        "hello",
        "GET /104 200 32 bytes",
        "32 connections, 104 requests",
        "took 111 ms (32 of 104)",
        "errno 0",
        "errno=99999999999999999999",
        "0",
        // What a call returns that failed.
        "-1",
        "4095",
        "cat <<EOF > file",
        "EOFX",
        "keepalive_timeout 65",
        "PIPE",
        "EPIPES",
        "xbroken pipes",
    ] {
        assert_eq!(recognize(text), None, "{text:?}");
    }
}

#[test]
fn what_the_kernel_says_and_what_the_program_says_are_told_apart() {
    let own = recognize("java.net.SocketTimeoutException: connect timed out").unwrap();
    assert_eq!(own.subject, Deadline);
    assert!(own.remark.unwrap().contains("ETIMEDOUT"));
    let mysql = |number| {
        recognize(&format!(
            "ERROR 2003 (HY000): Can't connect to MySQL server on '10.0.0.2' ({number})"
        ))
    };
    let timed_out = mysql(110).unwrap();
    assert_eq!(timed_out.subject, errno(Errno::ETIMEDOUT));
    assert!(timed_out.remark.unwrap().contains("connect_timeout"));
    assert_eq!(mysql(111).unwrap().remark, None);
    let kernel = recognize("java.net.ConnectException: Connection timed out").unwrap();
    assert_eq!((kernel.subject, kernel.remark), (errno(Errno::ETIMEDOUT), None));
}

/// An address may say more than the errno: of a client's, which connect meets first.
#[test]
fn what_an_address_says_is_said() {
    let remark = |text: &str| recognize(text).unwrap().remark.unwrap_or_default();
    for (text, words) in [
        ("dial tcp 127.0.0.1:80: connect: connection refused", "in a container"),
        ("Error: connect ECONNREFUSED ::1:3000", "in a container"),
        ("Error: connect ECONNREFUSED ::1:3000", "only on 127.0.0.1"),
        ("dial tcp [::1]:80: connect: connection refused", "in a container"),
        ("dial tcp 10.0.0.2:80: connect: connection refused", ""),
        (
            "dial tcp [::1]:80: connect: cannot assign requested address",
            "ip -6 addr",
        ),
        ("dial tcp 10.0.0.2:80: connect: cannot assign requested address", ""),
        ("dial tcp [2001:db8::1]:80: connect: network is unreachable", "IPv4"),
        ("read tcp 127.0.0.1:1->127.0.0.1:2: read: connection reset by peer", ""),
    ] {
        assert!(
            remark(text).contains(words) && remark(text).is_empty() == words.is_empty(),
            "{text}"
        );
    }
}

#[test]
fn addresses_are_found_where_they_stand() {
    let of = |text: &str| {
        let found = recognize(text).unwrap();
        found.addresses.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        of("write tcp 10.0.0.1:41822->10.0.0.2:80: write: broken pipe"),
        ["10.0.0.1:41822", "10.0.0.2:80"]
    );
    assert_eq!(of("read tcp [::1]:4->[::1]:80: i/o timeout"), ["[::1]:4", "[::1]:80"]);
    assert_eq!(of("connect ECONNREFUSED 127.0.0.1:80"), ["127.0.0.1:80"]);
    assert_eq!(
        of("10.0.0.1:5 -> 10.0.0.2:80: connection reset by peer"),
        ["10.0.0.1:5", "10.0.0.2:80"]
    );
    // What was asked for, and a proxy, are no ends of one connection.
    for (text, addresses) in [
        (
            "Get \"http://10.0.0.5:8080/x\": dial tcp 10.0.0.5:8080: connect: connection refused",
            &["10.0.0.5:8080"][..],
        ),
        (
            "Get \"http://10.0.0.5:8080/x\": proxyconnect tcp: dial tcp 10.0.0.7:3128: connect: connection refused",
            &["10.0.0.7:3128"],
        ),
        (
            "Get \"http://10.0.0.5:8080/x\": read tcp 10.0.0.1:5->10.0.0.7:3128: read: connection reset by peer",
            &["10.0.0.1:5", "10.0.0.7:3128"],
        ),
        (
            "Error: connect EADDRNOTAVAIL 10.0.0.2:8080 - Local (0.0.0.0:0)",
            &["10.0.0.2:8080"],
        ),
        (
            "Error: connect ETIMEDOUT 10.0.0.2:8080 - Local (10.0.0.1:41822)",
            &["10.0.0.1:41822", "10.0.0.2:8080"],
        ),
        (
            "[10.0.0.9:5000] connect to 10.0.0.2:80 failed: Connection refused",
            &["10.0.0.2:80"],
        ),
        ("10.0.0.9:5000 10.0.0.2:80 errno=104", &[]),
        // nginx's own address is no peer.
        (
            "connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.1, server: 0.0.0.0:80, request: \"GET / HTTP/1.1\", upstream: \"http://10.0.0.2:8080/\", host: \"10.0.0.5:80\"",
            &["10.0.0.2:8080"],
        ),
        (
            "recv() failed (104: Connection reset by peer) while reading client request line, client: 10.0.0.1, server: 0.0.0.0:80",
            &[],
        ),
        (
            "recv() failed (104: Connection reset by peer) while proxying connection, client: 10.0.0.1:5, server: 0.0.0.0:80",
            &["10.0.0.1:5"],
        ),
    ] {
        assert_eq!(of(text), addresses, "{text}");
    }
    assert_eq!(of("EPIPE"), [""; 0]);
}

/// libc's own text is known for every errno that has a name here.
#[test]
fn every_text_of_libc_is_known() {
    for (errno, name) in Errno::NAMED {
        let found = recognize(&errno.text()).unwrap_or_else(|| panic!("{name}: {}", errno.text()));
        assert_eq!(found.subject, Subject::Errno(*errno), "{name}");
        assert_eq!(recognize(name).unwrap().subject, Subject::Errno(*errno));
    }
}

/// Each row of the tables says what it says alone, and stands once.
#[test]
fn every_wording_is_found_by_itself() {
    for wording in STRONG.iter().chain(WEAK).chain(KINDS).chain(WHOLE) {
        // A blank at the end of `beside` counts, and a text has none at its own end.
        let text = match wording.with {
            Some(with) if with.ends_with(' ') => format!("{with}{}", wording.text),
            Some(with) => format!("{} {with}", wording.text),
            None => wording.text.to_owned(),
        };
        let found = recognize(&text).unwrap_or_else(|| panic!("unknown: {text}"));
        assert_eq!(found.subject, wording.subject, "{text}");
    }
    for Other { text, unless, what, .. } in OTHERS.iter().chain(MORE_OTHERS) {
        assert_eq!(something_else(text), Some(*what), "{text}");
        assert_eq!(recognize(&format!("{text} broken pipe")), None, "{text}");
        for unless in *unless {
            assert!(
                recognize(&format!("{text} {unless}: broken pipe")).is_some(),
                "{text} {unless}"
            );
        }
    }
    for (text, errno) in TEXTS {
        assert_eq!(recognize(text).unwrap().subject, Subject::Errno(*errno), "{text}");
    }
    // What else is in the line may make the same text another wording.
    let words = STRONG.iter().chain(WEAK).chain(WHOLE);
    let mut wordings: Vec<_> = words.clone().map(|wording| (wording.text, wording.with)).collect();
    wordings.sort_unstable();
    let before = wordings.len();
    wordings.dedup();
    assert_eq!(wordings.len(), before, "a wording stands twice");
    let words: BTreeSet<&str> = words.map(|wording| wording.text).collect();
    let words = words
        .into_iter()
        .chain(OTHERS.iter().chain(MORE_OTHERS).map(|other| other.text));
    let mut all: Vec<&str> = words.chain(TEXTS.iter().map(|(text, _)| *text)).collect();
    assert!(all.iter().all(|text| text.to_ascii_lowercase() == *text));
    all.sort_unstable();
    let before = all.len();
    all.dedup();
    assert_eq!(all.len(), before, "a text stands in two lists");
    // They are found by their first bytes, in whatever script, in a line without blanks at its ends.
    assert!(all.iter().all(|text| text.len() >= 3 && text.trim() == *text));
}

#[test]
fn the_nearest_wording_is_named() {
    assert_eq!(nearest("EPIPEE"), Some("EPIPE"));
    assert_eq!(nearest("write: brken pipe"), Some("broken pipe"));
    assert_eq!(nearest("i/o timeuot"), Some("i/o timeout"));
    assert_eq!(nearest("entirely something else, of which nothing is known"), None);
}

proptest::proptest! {
    /// Any text is taken, and a message is found wherever it stands.
    #[test]
    fn any_text_is_taken(text in "\\PC{0,200}", junk in proptest::collection::vec(proptest::prelude::any::<char>(), 0..200)) {
        let junk: String = junk.into_iter().collect();
        for text in [text.as_str(), junk.as_str()] {
            if let Some(found) = recognize(text) {
                proptest::prop_assert!(found.addresses.len() <= 2);
            }
            let _ = nearest(text);
            let _ = something_else(text);
        }
    }

    #[test]
    fn a_message_is_found_behind_anything(time in "[0-9 :./-]{0,80}", before in "[a-z0-9 :./-]{0,80}") {
        let line = |before: &str| format!("{before} readv() failed (104: Connection reset by peer)");
        let found = recognize(&line(&time)).unwrap();
        proptest::prop_assert_eq!(found.call, Some(CallClass::Read));
        // Words before it may make it code, like `fn`, or a question: then it is spoken of.
        match recognize(&line(&before)) {
            Some(found) => proptest::prop_assert_eq!(found.call, Some(CallClass::Read)),
            None => proptest::prop_assert!(mentioned(&line(&before)).is_some()),
        }
    }
}

/// Lines of logs, pieces of them put together, and what a line may have beside a message.
fn puzzles() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    const JOINS: &[&str] = &[
        " ",
        ": ",
        ", ",
        "(",
        ")",
        "'",
        "\"",
        "\t",
        "\\n",
        "\u{1b}[31m",
        "_",
        "{",
        "->",
        "\u{85}",
        "E",
        "EOF",
        "WSA",
        "104",
        "(32: ",
        "errno=",
        "error(",
        "recv(",
        ") = 0",
        " = -1 ",
        "SO_ERROR, [",
        "<... read resumed>",
        "mysql server ' (111)",
        "connection closed by ",
        "'Connection aborted.'",
        "upstream_reset_before_response_started{",
    ];
    let piece = (
        0..field::LINES.len(),
        0..200_usize,
        0..80_usize,
        0..JOINS.len(),
        any::<bool>(),
    );
    let piece = piece.prop_map(|(line, from, length, join, capitals)| {
        let piece: String = field::LINES[line].1.chars().skip(from).take(length).collect();
        let piece = if capitals { piece.to_ascii_uppercase() } else { piece };
        piece + JOINS[join]
    });
    proptest::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat())
}

/// A line that has an answer never ends before the rules are asked; those of the field are all among them.
#[test]
fn a_line_of_the_field_with_an_answer_has_a_sign() {
    let mut answered = 0;
    for (_, line) in field::LINES {
        let line = Line::of(line);
        if answer(&line, false).is_some() {
            assert!(line.may_answer(), "{}", line.text);
            answered += 1;
        }
    }
    assert!(answered > 150, "{answered}");
}

proptest::proptest! {
    #[test]
    fn a_line_with_an_answer_has_a_sign(line in puzzles()) {
        let text = plain(&line);
        let line = Line::of(text.trim());
        proptest::prop_assert!(line.may_answer() || answer(&line, false).is_none());
    }
}

/// Returns what a line of a log says that comes in pieces of that size.
fn in_pieces(line: &str, size: usize) -> Option<(Subject, Option<CallClass>)> {
    let mut log = LogScanner::default();
    line.as_bytes().chunks(size).for_each(|piece| log.push(piece));
    log.end_line()
        .and_then(LineMeaning::message)
        .map(|found| (found.subject, found.call))
}

/// Wherever a message stands in a long line, it says the same.
#[test]
fn a_long_line_is_read_to_its_end() {
    let expected = Some((errno(Errno::ECONNRESET), Some(Read)));
    for message in [
        "read tcp 10.0.0.1:5->10.0.0.2:80: read: connection reset by peer",
        "recv failed: ECONNRESET",
        "recv() failed (104: Connection reset by peer)",
    ] {
        for before in (2900..4400).step_by(13).chain([7_100, 50_000]) {
            let line = format!(
                "{} {message} {}",
                "abc ".repeat(before / 4) + &"x".repeat(before % 4),
                "y".repeat(2000)
            );
            assert_eq!(in_pieces(&line, 1000), expected, "{message} at {before}");
        }
    }
    // It is the same however the pieces come.
    let line = format!("{} recv failed: ECONNRESET{}", "z".repeat(5000), " z".repeat(4000));
    for size in [1, 7, 4095, 4096, 4097, 100_000] {
        assert_eq!(in_pieces(&line, size), expected, "{size}");
    }
    assert_eq!(in_pieces(&"read ".repeat(100_000), 4096), None);
}

/// A word that is cut in two is not two words.
#[test]
fn the_end_of_a_word_is_no_word() {
    for before in (2900..4200).step_by(11) {
        let line = format!("{}EPIPE {}", "x".repeat(before), "y ".repeat(1000));
        assert_eq!(in_pieces(&line, 4096), None, "{before}");
    }
}

/// A record in JSON: its stack trace is one line, whose breaks are written out.
#[test]
fn a_stack_trace_in_json() {
    let frames = "\\n\\tat com.example.Service.call(Service.java:42)".repeat(200);
    let line = format!(
        "{{\"level\":\"error\",\"stack\":\"com.example.Failed: no answer{frames}\\nCaused by: java.net.SocketException: Broken pipe (Write failed){frames}\"}}"
    );
    assert!(line.len() > 2 * LONGEST);
    assert_eq!(in_pieces(&line, 4096), Some((errno(Errno::EPIPE), Some(Write))));
    let line = format!(
        "{{\"err\":\"Error: {}\\nECONNREFUSED\\n    at connect\"}}",
        "a ".repeat(4000)
    );
    assert_eq!(
        in_pieces(&line, 4096).map(|(subject, _)| subject),
        Some(errno(Errno::ECONNREFUSED))
    );
}

/// Data that a call of strace's was given is data, however long it is.
#[test]
fn a_long_line_of_strace() {
    let data = "connection refused, ECONNREFUSED ".repeat(400);
    let call = |result: &str| {
        format!(
            "[pid 7] 12:00:01 sendto(5, \"{data}\", {}, 0, NULL, 0) = {result}",
            data.len()
        )
    };
    let failed = call("-1 EPIPE (Broken pipe)");
    assert_eq!(in_pieces(&failed, 4096), Some((errno(Errno::EPIPE), Some(Write))));
    assert_eq!(in_pieces(&call(&data.len().to_string()), 4096), None);
}

#[test]
fn words_that_are_only_spoken_of_are_named_as_they_stand() {
    assert_eq!(
        mentioned("fix: Broken pipe handling when a client leaves").as_deref(),
        Some("Broken pipe")
    );
    assert_eq!(mentioned("write: broken pipe"), None, "it reports one");
    assert_eq!(mentioned("hello world"), None);
}
