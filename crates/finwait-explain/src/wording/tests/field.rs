//! Lines of logs from the field, of which each taught something: what it is about, what carries the bytes, the call, whose words.

use super::super::{Subject, WordingMatch, recognize};

/// `-` where a line must not be known.
pub(super) const LINES: &[(&str, &str)] = &[
    // Deno and Bun as they print what nobody catches, tokio's timeout, PHP's and Ruby's sockets
    (
        "ECONNRESET tcp - Deno",
        "error: Uncaught (in promise) ConnectionReset: Connection reset by peer (os error 104)",
    ),
    (
        "ECONNREFUSED tcp connect Deno",
        "error: Uncaught (in promise) ConnectionRefused: Connection refused (os error 111)",
    ),
    (
        "EPIPE tcp write Deno",
        "error: Uncaught (in promise) BrokenPipe: Broken pipe (os error 32)",
    ),
    (
        "closed tcp - Deno",
        "error: Uncaught (in promise) BadResource: Bad resource ID",
    ),
    (
        "ECONNRESET tcp read Bun",
        "error: ECONNRESET: connection reset by peer, read",
    ),
    (
        "deadline tcp - Rust",
        "called `Result::unwrap()` on an `Err` value: Elapsed(())",
    ),
    (
        "deadline tcp connect Rust",
        "Error: Error { kind: TimedOut, message: \"connection timed out\" }",
    ),
    (
        "closed tcp read PHP",
        "PHP Fatal error:  Uncaught Error: socket_recv(): Argument #1 ($socket) has already been closed in /app/a.php:9",
    ),
    (
        "ENOTCONN tcp shutdown PHP",
        "PHP Warning:  socket_shutdown(): Unable to shutdown socket [107]: Transport endpoint is not connected in /app/a.php on line 6",
    ),
    // What has the words of a limit or a right, and is no TCP socket
    (
        "EMFILE file - nginx",
        "open() \"/usr/share/nginx/html/index.html\" failed (24: Too many open files)",
    ),
    (
        "EMFILE file - Java",
        "java.io.FileNotFoundException: /var/log/app.log (Too many open files)",
    ),
    (
        "EMFILE file - Java",
        "java.nio.file.FileSystemException: /tmp/a: Too many open files",
    ),
    (
        "EMFILE file - -",
        "FATAL: could not open file \"base/1/2\": Too many open files",
    ),
    (
        "EMFILE file - MySQL",
        "ERROR 23 (HY000): Error on opening file './a.MYD' (Errcode: 24 - Too many open files)",
    ),
    (
        "EMFILE file - -",
        "Error: EMFILE: too many open files, open '/app/x.js'",
    ),
    ("EMFILE pipe - -", "pipe2: Too many open files"),
    (
        "EMFILE tcp accept nginx",
        "accept4() failed (24: No file descriptors available)",
    ),
    (
        "EMFILE tcp accept nginx",
        "accept4() failed (24: Zu viele offene Dateien)",
    ),
    ("EMFILE tcp accept -", "accept failed (24)"),
    (
        "EACCES file - nginx",
        "open() \"/srv/index.html\" failed (13: Permission denied)",
    ),
    (
        "EACCES file - nginx",
        "nginx: [alert] could not open error log file: open() \"/var/log/nginx/error.log\" failed (13: Permission denied)",
    ),
    ("EACCES tcp connect Java", "java.net.SocketException: Permission denied"),
    (
        "EACCES tcp bind OpenSSH",
        "sshd[12]: error: Bind to port 22 on 0.0.0.0 failed: Permission denied.",
    ),
    ("-", "Permission denied (publickey)."),
    ("-", "inotify_init: Too many open files"),
    ("-", "failed to create fsnotify watcher: too many open files"),
    ("-", "Error: EMFILE: too many open files, watch '/app'"),
    (
        "-",
        "java.io.IOException: User limit of inotify instances reached or too many open files",
    ),
    ("-", "mmap: Cannot allocate memory"),
    ("-", "could not fork new process for connection: Cannot allocate memory"),
    ("-", "fork/exec /bin/ls: too many open files"),
    ("-", "spawn EMFILE"),
    // nginx
    (
        "-",
        r#"2024/01/02 03:04:05 [error] 31#31: *12 no live upstreams while connecting to upstream, client: 10.0.0.1, upstream: "http://backend/""#,
    ),
    (
        "deadline tcp read nginx",
        "2024/01/02 03:04:05 [error] 31#31: *12 upstream timed out (110: Connection timed out) while SSL handshaking to upstream",
    ),
    (
        "ENOENT unix connect nginx",
        "2024/01/02 03:04:05 [crit] 31#31: *12 connect() to unix:/run/php/php-fpm.sock failed (2: No such file or directory) while connecting to upstream",
    ),
    (
        "EAGAIN unix connect nginx",
        "2024/01/02 03:04:05 [error] 31#31: *12 connect() to unix:/run/php/php-fpm.sock failed (11: Resource temporarily unavailable) while connecting to upstream, client: 10.0.0.1",
    ),
    (
        "ECONNREFUSED unix connect nginx",
        "2024/01/02 03:04:05 [error] 31#31: *12 connect() to unix:/run/gunicorn.sock failed (111: Connection refused) while connecting to upstream",
    ),
    (
        "EACCES unix connect nginx",
        "2024/01/02 03:04:05 [crit] 31#31: *12 connect() to unix:/run/gunicorn.sock failed (13: Permission denied) while connecting to upstream",
    ),
    (
        "EOF tcp read nginx",
        "2024/01/02 03:04:05 [info] 31#31: *12 client closed connection while waiting for request, client: 10.0.0.1, server: 0.0.0.0:80",
    ),
    (
        "EOF tcp read nginx",
        "2024/01/02 03:04:05 [info] 31#31: *12 client 10.0.0.1 closed keepalive connection",
    ),
    (
        "EOF tcp read nginx",
        "2024/01/02 03:04:05 [crit] 31#31: *12 SSL_read() failed (SSL: error:0A000126:SSL routines::unexpected eof while reading) while keepalive",
    ),
    (
        "-",
        "2024/01/02 03:04:05 [error] 31#31: *12 backend could not be resolved (110: Operation timed out), client: 10.0.0.1",
    ),
    (
        "deadline tcp read nginx",
        "2024/01/02 03:04:05 [error] 31#31: *12 lua tcp socket read timed out, client: 10.0.0.1",
    ),
    (
        "deadline tcp connect nginx",
        "2024/01/02 03:04:05 [error] 31#31: *12 lua tcp socket connect timed out, when connecting to 10.0.0.2:6379",
    ),
    (
        "ECONNREFUSED udp read nginx",
        "2024/01/02 03:04:05 [error] 31#31: *12 recv() failed (111: Connection refused) while resolving, resolver: 10.0.0.53:53",
    ),
    (
        "ECONNREFUSED unix write nginx",
        "2024/01/02 03:04:05 [error] 31#31: send() failed (111: Connection refused) while logging to syslog, server: unix:/dev/log",
    ),
    (
        "EINVAL tcp setsockopt nginx",
        "2024/01/02 03:04:05 [alert] 31#31: setsockopt(TCP_NODELAY) failed (22: Invalid argument) while keepalive",
    ),
    (
        "deadline tcp connect PHP",
        r#"2024/01/02 03:04:05 [error] 31#31: *12 FastCGI sent in stderr: "PHP message: PHP Warning:  fsockopen(): unable to connect to 10.0.0.2:25 (Connection timed out)" while reading response header from upstream"#,
    ),
    (
        "-",
        r#"10.0.0.1 - - [02/Jan/2024:03:04:05 +0000] "GET /search?q=connection+reset+by+peer HTTP/1.1" 200 111 "-" "-""#,
    ),
    // curl
    (
        "ETIMEDOUT tcp connect curl",
        "curl: (28) Failed to connect to a port 443 after 130735 ms: Could not connect to server",
    ),
    (
        "deadline tcp connect curl",
        "curl: (28) Connection timeout after 3001 ms",
    ),
    (
        "deadline udp - curl",
        "curl: (28) Resolving timed out after 5000 milliseconds",
    ),
    (
        "EPIPE tcp write curl",
        "curl: (55) OpenSSL SSL_write: Broken pipe, errno 32",
    ),
    (
        "EOF tcp read curl",
        "curl: (56) OpenSSL SSL_read: error:0A000126:SSL routines::unexpected eof while reading, errno 0",
    ),
    ("-", "curl: (56) CONNECT tunnel failed, response 503"),
    (
        "-",
        "curl: (92) HTTP/2 stream 1 was not closed cleanly: INTERNAL_ERROR (err 2)",
    ),
    (
        "-",
        "curl: (92) HTTP/2 stream 0 was not closed cleanly: PROTOCOL_ERROR (err 1)",
    ),
    (
        "EADDRNOTAVAIL tcp bind curl",
        "curl: (45) bind failed with errno 99: Cannot assign requested address",
    ),
    (
        "ENETUNREACH tcp connect curl",
        "* Immediate connect fail for 2001:db8::1: Network is unreachable",
    ),
    // HAProxy
    (
        "deadline tcp read HAProxy",
        "Server be/s1 is DOWN, reason: Layer7 timeout, check duration: 5001ms.",
    ),
    (
        "EOF tcp read HAProxy",
        r#"haproxy[1]: 10.0.0.1:40000 [02/Jan/2024:03:04:05.678] fe be/s1 0/0/0/-1/2 502 209 - - SH-- 1/1/0/0/0 0/0 "GET / HTTP/1.1""#,
    ),
    (
        "-",
        r#"haproxy[1]: 10.0.0.1:40000 [02/Jan/2024:03:04:05.678] fe be/s1 0/0/0/104/111 200 32 - - ---- 1/1/0/0/0 0/0 "GET / HTTP/1.1""#,
    ),
    (
        "EADDRINUSE tcp bind HAProxy",
        "Starting frontend fe: cannot bind socket (Address already in use) [0.0.0.0:80]",
    ),
    (
        "EADDRNOTAVAIL tcp bind -",
        "[ALERT]    (1) : Binding [/etc/haproxy/haproxy.cfg:5] for frontend fe: cannot bind socket (Cannot assign requested address) for [10.0.0.9:80]",
    ),
    // Envoy
    (
        "-",
        "upstream connect error or disconnect/reset before headers. reset reason: remote reset",
    ),
    (
        "EOF tcp - Envoy",
        "upstream_reset_before_response_started{connection_termination}",
    ),
    (
        "ECONNREFUSED tcp connect Envoy",
        "upstream_reset_before_response_started{connection_failure,delayed_connect_error:_111}",
    ),
    (
        "ECONNREFUSED tcp connect Envoy",
        r#"[2024-01-02T03:04:05.678Z] "GET / HTTP/1.1" 503 UF upstream_reset_before_response_started{remote_connection_failure,delayed_connect_error:_Connection_refused} - "-" 0 111 2 - "-""#,
    ),
    (
        "EOF tcp - Envoy",
        r#"[2024-01-02T03:04:05.678Z] "GET / HTTP/1.1" 503 UC upstream_reset_before_response_started{connection_termination} - "-" 0 95 1 - "-""#,
    ),
    (
        "ECONNREFUSED tcp connect Envoy",
        "[debug][connection] [C5] connect error: 111|Connection refused",
    ),
    // gRPC
    (
        "EOF tcp read Go",
        "rpc error: code = Unavailable desc = connection closed before server preface received",
    ),
    (
        "EOF tcp - Go",
        "rpc error: code = Unavailable desc = error reading server preface: EOF",
    ),
    (
        "EOF tcp read Go",
        r#"rpc error: code = Unavailable desc = closing transport due to: connection error: desc = "error reading from server: EOF", received prior goaway: code: NO_ERROR, debug data: "graceful_stop""#,
    ),
    (
        "deadline tcp read Go",
        "rpc error: code = Unavailable desc = keepalive ping failed to receive ACK within timeout",
    ),
    ("-", "rpc error: code = Canceled desc = context canceled"),
    (
        "ECONNRESET tcp write Java",
        "io.netty.channel.unix.Errors$NativeIoException: writevAddresses(..) failed: Connection reset by peer",
    ),
    (
        "ECONNREFUSED tcp SO_ERROR Java",
        "io.netty.channel.unix.Errors$NativeConnectException: syscall:getsockopt(..) failed: Connection refused: /10.0.0.2:80",
    ),
    (
        "EADDRINUSE tcp bind Java",
        "io.netty.channel.unix.Errors$NativeIoException: bind(..) failed: Address already in use",
    ),
    (
        "EMFILE tcp accept Java",
        "io.netty.channel.unix.Errors$NativeIoException: accept(..) failed: Too many open files",
    ),
    (
        "ECONNRESET tcp read gRPC",
        r#"details = "recvmsg:Connection reset by peer""#,
    ),
    // PostgreSQL
    (
        "EOF tcp read PostgreSQL",
        "2024-01-02 03:04:05.678 UTC [7] LOG:  could not accept SSL connection: EOF detected",
    ),
    (
        "ENOENT unix connect PostgreSQL",
        r#"psql: error: connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed: No such file or directory"#,
    ),
    (
        "ECONNREFUSED unix connect PostgreSQL",
        r#"psql: error: connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed: Connection refused"#,
    ),
    (
        "-",
        r#"psycopg2.OperationalError: could not translate host name "db" to address: Name or service not known"#,
    ),
    (
        "ECONNREFUSED tcp connect Java",
        "org.postgresql.util.PSQLException: Connection to 10.0.0.2:5432 refused. Check that the hostname and port are correct and that the postmaster is accepting TCP/IP connections.",
    ),
    (
        "EOF tcp - PgBouncer",
        "pgbouncer[1]: S-0x1: db/u@10.0.0.2:5432 closing because: server conn crashed? (age=3s)",
    ),
    // MySQL
    (
        "ENOENT unix connect MySQL",
        "ERROR 2002 (HY000): Can't connect to local MySQL server through socket '/var/run/mysqld/mysqld.sock' (2)",
    ),
    (
        "ECONNREFUSED unix connect MySQL",
        "ERROR 2002 (HY000): Can't connect to local MySQL server through socket '/var/run/mysqld/mysqld.sock' (111)",
    ),
    ("EOF tcp - MySQL", "ERROR 2006 (HY000): MySQL server has gone away"),
    (
        "EOF tcp read MySQL",
        "ERROR 2013 (HY000): Lost connection to MySQL server during query",
    ),
    (
        "EOF tcp read MySQL",
        "[Warning] Aborted connection 32 to db: 'a' user: 'u' host: '10.0.0.1' (Got an error reading communication packets)",
    ),
    ("-", "Can't create thread to handle new connection(errno= 11)"),
    // Redis
    (
        "ECONNRESET tcp write Python",
        "redis.exceptions.ConnectionError: Error 104 while writing to socket. Connection reset by peer.",
    ),
    (
        "EPIPE tcp write Python",
        "redis.exceptions.ConnectionError: Error 32 while writing to socket. Broken pipe.",
    ),
    (
        "deadline tcp read Python",
        "redis.exceptions.TimeoutError: Timeout reading from socket",
    ),
    (
        "-",
        "[ioredis] Unhandled error event: Error: getaddrinfo EAI_AGAIN redis",
    ),
    ("deadline tcp - PHP", "RedisException: Connection timed out"),
    // Kafka
    (
        "ECONNREFUSED tcp connect Java",
        "WARN [Producer clientId=p] Connection to node -1 (localhost/127.0.0.1:9092) could not be established. Broker may not be available. (org.apache.kafka.clients.NetworkClient)",
    ),
    (
        "deadline tcp - Java",
        "org.apache.kafka.common.errors.TimeoutException: Topic a not present in metadata after 60000 ms.",
    ),
    ("EOF tcp - Java", "org.apache.kafka.common.errors.DisconnectException"),
    (
        "EOF tcp - Java",
        "java.io.IOException: Connection to 1 was disconnected before the response was read",
    ),
    (
        "EOF tcp - Kafka",
        "%4|1555892678.223|FAIL|rdkafka#consumer-1| [thrd:10.0.0.2:9092/1]: 10.0.0.2:9092/1: Disconnected (after 600003ms in state UP)",
    ),
    (
        "EAGAIN tcp - -",
        "BROKERFAIL : failed: err: Local: Bad message format: (errno: Resource temporarily unavailable)",
    ),
    // Java
    (
        "ENETUNREACH tcp connect Java",
        "java.net.SocketException: Network is unreachable (connect failed)",
    ),
    ("closed tcp - Java", "java.net.SocketException: Closed by interrupt"),
    ("EPIPE tcp write Java", "java.net.SocketException: Broken pipe"),
    ("EPIPE tcp write Java", "java.io.IOException: Broken pipe"),
    (
        "ECONNRESET tcp - Java",
        "java.net.SocketException: Connection reset by peer",
    ),
    // Of any call, as older versions have it.
    ("ECONNRESET tcp - Java", "java.io.IOException: Connection reset by peer"),
    // Of connect as well as of bind and listen.
    (
        "EADDRNOTAVAIL tcp - Java",
        "java.net.BindException: Cannot assign requested address",
    ),
    (
        "EADDRNOTAVAIL tcp bind Java",
        "java.net.BindException: Cannot assign requested address (Bind failed)",
    ),
    (
        "EADDRINUSE tcp - Java",
        "java.net.BindException: Address already in use",
    ),
    ("EACCES tcp bind Java", "java.net.BindException: Permission denied"),
    (
        "EOF tcp - Java",
        "java.io.IOException: HTTP/1.1 header parser received no bytes",
    ),
    (
        "deadline tcp read Java",
        "io.netty.handler.timeout.ReadTimeoutException: null",
    ),
    (
        "deadline tcp - Java",
        "java.util.concurrent.TimeoutException: Did not observe any item or terminal signal within 5000ms",
    ),
    (
        "-",
        "com.zaxxer.hikari.pool.HikariPool - HikariPool-1 - Connection is not available, request timed out after 30000ms.",
    ),
    (
        "-",
        "java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after 30000ms.",
    ),
    // Python
    (
        "-",
        "requests.exceptions.SSLError: HTTPSConnectionPool(host='a', port=443): Max retries exceeded with url: / (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed')))",
    ),
    (
        "ECONNREFUSED tcp connect Python",
        "aiohttp.client_exceptions.ClientConnectorError: Cannot connect to host 10.0.0.2:80 ssl:default [Connect call failed ('10.0.0.2', 80)]",
    ),
    (
        "deadline tcp connect Python",
        "aiohttp.client_exceptions.ServerTimeoutError: Connection timeout to host http://a/",
    ),
    (
        "EOF tcp - Python",
        "aiohttp.client_exceptions.ClientPayloadError: Response payload is not completed: <TransferEncodingError: 400, message='Not enough data for satisfy transfer length header.'>",
    ),
    (
        "ECONNREFUSED tcp connect Python",
        "httpx.ConnectError: All connection attempts failed",
    ),
    (
        "EADDRINUSE tcp bind Python",
        "uvicorn.error: [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use",
    ),
    (
        "EADDRINUSE tcp bind Python",
        "[ERROR] Connection in use: ('0.0.0.0', 8000)",
    ),
    (
        "ECONNREFUSED tcp connect Python",
        "paramiko.ssh_exception.NoValidConnectionsError: [Errno None] Unable to connect to port 22 on 10.0.0.2",
    ),
    ("EOF tcp - Python", "pymongo.errors.AutoReconnect: connection closed"),
    ("-", "EOFError: EOF when reading a line"),
    ("-", "EOFError: Ran out of input"),
    // Node
    (
        "ENOENT unix connect Node.js",
        "Error: connect ENOENT /var/run/docker.sock",
    ),
    (
        "EACCES unix connect Node.js",
        "Error: connect EACCES /var/run/docker.sock",
    ),
    (
        "ECONNREFUSED unix connect Node.js",
        "Error: connect ECONNREFUSED /var/run/docker.sock",
    ),
    (
        "EADDRINUSE tcp bind Node.js",
        "Error: listen EADDRINUSE: address already in use :::3000",
    ),
    (
        "EACCES tcp bind Node.js",
        "Error: listen EACCES: permission denied 0.0.0.0:80",
    ),
    (
        "EADDRNOTAVAIL tcp bind Node.js",
        "Error: listen EADDRNOTAVAIL: address not available 10.0.0.9:80",
    ),
    ("-", "Error: getaddrinfo EAI_AGAIN example.invalid"),
    ("EPIPE pipe - Node.js", "Error: EPIPE: broken pipe, write"),
    ("EOF tcp - Node.js", "code: 'UND_ERR_SOCKET'"),
    ("ECONNREFUSED tcp connect Node.js", "AggregateError [ECONNREFUSED]:"),
    ("deadline tcp connect Node.js", "AggregateError [ETIMEDOUT]:"),
    (
        "EOF tcp - Node.js",
        "FetchError: Invalid response body while trying to fetch http://a/: Premature close",
    ),
    (
        "EOF tcp - Node.js",
        "MongoNetworkError: connection 32 to 10.0.0.2:27017 closed",
    ),
    ("EOF tcp - Node.js", "PROTOCOL_CONNECTION_LOST"),
    ("EOF tcp - Node.js", "Error: Connection terminated unexpectedly"),
    ("ECONNRESET tcp - Node.js", "npm ERR! code ECONNRESET"),
    ("ECONNREFUSED tcp - Node.js", "npm ERR! errno ECONNREFUSED"),
    // Go
    (
        "ECONNREFUSED tcp SO_ERROR Go",
        "dial tcp 10.0.0.2:80: getsockopt: connection refused",
    ),
    ("-", "dial tcp: lookup db on 10.0.0.10:53: no such host"),
    (
        "deadline udp read Go",
        "dial tcp: lookup db on 10.0.0.10:53: read udp 10.0.0.1:40000->10.0.0.10:53: i/o timeout",
    ),
    (
        "EACCES unix connect Go",
        "dial unix /var/run/docker.sock: connect: permission denied",
    ),
    (
        "ECONNREFUSED unix connect Go",
        "dial unix /run/containerd/containerd.sock: connect: connection refused",
    ),
    (
        "ENOENT unix connect Go",
        "dial unix /var/run/docker.sock: connect: no such file or directory",
    ),
    ("-", "tls: first record does not look like a TLS handshake"),
    ("EOF tcp - Go", "http: TLS handshake error from 10.0.0.1:40000: EOF"),
    ("-", "http: proxy error: context canceled"),
    ("EOF tcp - Go", "http: proxy error: unexpected EOF"),
    ("-", "http: Server closed"),
    (
        "EOF tcp - Go",
        r#"http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=NO_ERROR, debug="""#,
    ),
    ("deadline tcp read Go", "http2: client connection lost"),
    ("EOF tcp - Go", r#"Get "http://10.0.0.2/": EOF"#),
    ("-", "io: read/write on closed pipe"),
    ("EPIPE pipe write Go", "write |1: broken pipe"),
    ("EPIPE pipe write -", "write /dev/stdout: broken pipe"),
    ("-", "context canceled"),
    // Rust
    (
        "EOF tcp - Rust",
        r#"Custom { kind: UnexpectedEof, error: "early eof" }"#,
    ),
    ("deadline tcp - Rust", "tokio::time::error::Elapsed(())"),
    (
        "EPIPE pipe write Rust",
        "thread 'main' panicked at 'failed printing to stdout: Broken pipe (os error 32)', library/std/src/io/stdio.rs:1021:9",
    ),
    // Ruby
    (
        "ECONNRESET tcp read Ruby",
        "Errno::ECONNRESET: Connection reset by peer @ io_fillbuf - fd:11",
    ),
    (
        "ENOTCONN tcp - Ruby",
        "Errno::ENOTCONN: Transport endpoint is not connected - getpeername(2)",
    ),
    (
        "EPIPE pipe write Ruby",
        "Errno::EPIPE: Broken pipe @ io_writev - <STDOUT>",
    ),
    (
        "EAGAIN tcp read Ruby",
        "IO::EAGAINWaitReadable: Resource temporarily unavailable - read would block",
    ),
    (
        "ECONNREFUSED tcp connect Ruby",
        r#"Faraday::ConnectionFailed: Failed to open TCP connection to 10.0.0.2:80 (Connection refused - connect(2) for "10.0.0.2" port 80)"#,
    ),
    ("deadline tcp - Ruby", "Redis::TimeoutError: Connection timed out"),
    // PHP
    (
        "deadline tcp connect PHP",
        "PHP Warning:  stream_socket_client(): unable to connect to tcp://10.0.0.2:80 (Connection timed out) in /a.php on line 3",
    ),
    (
        "ECONNREFUSED tcp connect PHP",
        "PHP Warning:  fopen(http://a/): failed to open stream: Connection refused in /a.php",
    ),
    (
        "ECONNREFUSED tcp connect PHP",
        "PHP Warning:  mysqli_connect(): (HY000/2002): Connection refused in /a.php on line 32",
    ),
    (
        "EOF tcp - PHP",
        "PHP Warning:  mysqli::query(): MySQL server has gone away",
    ),
    (
        "deadline tcp connect PHP",
        "PHP Fatal error:  Uncaught PDOException: SQLSTATE[HY000] [2002] Connection timed out",
    ),
    (
        "ECONNREFUSED tcp connect curl",
        "cURL error 7: Failed to connect to 10.0.0.2 port 80: Connection refused",
    ),
    (
        "ECONNREFUSED tcp connect PHP",
        "socket_connect(): unable to connect [111]: Connection refused",
    ),
    (
        "ECONNRESET tcp read PHP",
        "socket_read(): unable to read from socket [104]: Connection reset by peer",
    ),
    (
        "EPIPE tcp write PHP",
        "socket_write(): unable to write to socket [32]: Broken pipe",
    ),
    (
        "EADDRINUSE tcp bind PHP",
        "socket_bind(): unable to bind address [98]: Address already in use",
    ),
    // .NET
    (
        "deadline tcp - .NET",
        "System.Net.Sockets.SocketException (125): Operation canceled",
    ),
    (
        "deadline tcp read .NET",
        "System.IO.IOException: Unable to read data from the transport connection: Operation canceled.",
    ),
    (
        "closed tcp - .NET",
        "System.ObjectDisposedException: Cannot access a disposed object. Object name: 'System.Net.Sockets.NetworkStream'.",
    ),
    (
        "ECONNRESET tcp - .NET",
        "Microsoft.AspNetCore.Connections.ConnectionResetException: Connection reset by peer",
    ),
    (
        "EOF tcp - .NET",
        "Microsoft.AspNetCore.Server.Kestrel.Core.BadHttpRequestException: Unexpected end of request content.",
    ),
    (
        "deadline tcp - .NET",
        "StackExchange.Redis.RedisTimeoutException: Timeout performing GET a (5000ms)",
    ),
    // Perl, Erlang, Elixir, Lua, others
    (
        "deadline tcp connect Perl",
        "IO::Socket::INET: connect: timeout at a.pl line 3",
    ),
    ("deadline tcp read Perl", "500 read timeout"),
    ("-", "{error,nxdomain}"),
    (
        "destroyed tcp write Elixir",
        "** (DBConnection.ConnectionError) tcp send: closed (the connection was closed by the pool, possibly due to a timeout or because the pool has been terminated)",
    ),
    (
        "EOF tcp read Elixir",
        "** (DBConnection.ConnectionError) tcp recv: closed",
    ),
    ("ECONNREFUSED tcp - Elixir", "(Mint.TransportError) connection refused"),
    (
        "EOF tcp read Erlang",
        "closing AMQP connection <0.32.0> (10.0.0.1:40000 -> 10.0.0.2:5672): client unexpectedly closed TCP connection",
    ),
    (
        "deadline tcp read Erlang",
        "closing AMQP connection <0.32.0> (10.0.0.1:40000 -> 10.0.0.2:5672): missed heartbeats from client, timeout: 60s",
    ),
    // ssh
    (
        "ECONNRESET tcp read OpenSSH",
        "ssh_exchange_identification: read: Connection reset by peer",
    ),
    (
        "EOF tcp read OpenSSH",
        "ssh_exchange_identification: Connection closed by remote host",
    ),
    ("EOF tcp - OpenSSH", "Connection to 10.0.0.2 closed by remote host."),
    ("EPIPE tcp write -", "Write failed: Broken pipe"),
    (
        "ECONNRESET tcp - OpenSSH",
        "sshd[32]: Connection reset by authenticating user root 10.0.0.1 port 40000 [preauth]",
    ),
    (
        "EOF tcp read OpenSSH",
        "sshd[32]: Connection closed by invalid user admin 10.0.0.1 port 40000 [preauth]",
    ),
    (
        "deadline tcp - OpenSSH",
        "sshd[32]: fatal: Timeout before authentication for 10.0.0.1 port 40000",
    ),
    (
        "-",
        "sshd[32]: Received disconnect from 10.0.0.1 port 40000:11: Bye Bye [preauth]",
    ),
    (
        "ECONNREFUSED tcp connect OpenSSH",
        "channel 3: open failed: connect failed: Connection refused",
    ),
    ("EADDRINUSE tcp bind -", "bind [127.0.0.1]:8080: Address already in use"),
    (
        "deadline tcp - -",
        "rsync error: timeout in data send/receive (code 30) at io.c(195)",
    ),
    (
        "EPIPE tcp write -",
        "rsync: writefd_unbuffered failed to write 4092 bytes to socket [sender]: Broken pipe (32)",
    ),
    // Docker, Kubernetes
    (
        "EADDRINUSE tcp bind -",
        "Error response from daemon: driver failed programming external connectivity on endpoint a: Bind for 0.0.0.0:80 failed: port is already allocated",
    ),
    (
        "EACCES unix connect Go",
        r#"permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.24/info": dial unix /var/run/docker.sock: connect: permission denied"#,
    ),
    (
        "EOF tcp - Go",
        r#"Readiness probe failed: Get "http://10.0.0.2:8080/health": EOF"#,
    ),
    (
        "deadline tcp connect Go",
        r#"Readiness probe failed: timeout: failed to connect service ":8080" within 1s"#,
    ),
    (
        "deadline tcp read Go",
        "Unable to connect to the server: net/http: TLS handshake timeout",
    ),
    (
        "-",
        "Unable to connect to the server: dial tcp: lookup k on 10.0.0.53:53: no such host",
    ),
    (
        "EOF tcp read -",
        r#"rejected connection from "10.0.0.1:40000" (error "EOF", ServerName "")"#,
    ),
    ("-", "oom-kill: task=java,pid=104,uid=32"),
    // strace
    (
        "ECONNREFUSED unix connect strace",
        r#"connect(3, {sa_family=AF_UNIX, sun_path="/var/run/docker.sock"}, 110) = -1 ECONNREFUSED (Connection refused)"#,
    ),
    (
        "ECONNREFUSED unix write strace",
        r#"sendmsg(28<UNIX:[13308112]>, {msg_name={sa_family=AF_UNIX, sun_path="/run/log-haproxy"}, msg_namelen=110}, MSG_DONTWAIT|MSG_NOSIGNAL) = -1 ECONNREFUSED (Connection refused)"#,
    ),
    (
        "ECONNREFUSED tcp SO_ERROR strace",
        "getsockopt(5, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0",
    ),
    (
        "ECONNREFUSED tcp SO_ERROR strace",
        "getsockopt(5, SOL_SOCKET, SO_ERROR, [111], [4]) = 0",
    ),
    (
        "ECONNREFUSED udp write strace",
        r#"sendto(5<UDP:[10.0.0.1:40000->10.0.0.53:53]>, "x", 1, 0, NULL, 0) = -1 ECONNREFUSED (Connection refused)"#,
    ),
    (
        "EPIPE tcp write strace",
        "--- SIGPIPE {si_signo=SIGPIPE, si_code=SI_USER, si_pid=32, si_uid=0} ---",
    ),
    // Windows
    (
        "ECONNRESET tcp read -",
        "wsarecv: An existing connection was forcibly closed by the remote host.",
    ),
    (
        "ECONNABORTED tcp read Java",
        "java.net.SocketException: Software caused connection abort: recv failed",
    ),
    // Pipes
    ("EPIPE pipe write -", "cat: write error: Broken pipe"),
    ("EPIPE pipe write -", "grep: write error: Broken pipe"),
    (
        "EPIPE pipe write -",
        "sort: write failed: 'standard output': Broken pipe",
    ),
    ("EPIPE pipe - -", "tee: 'standard output': Broken pipe"),
    ("EPIPE pipe write -", "ls: write error: Broken pipe"),
    ("EPIPE pipe - -", "find: 'standard output': Broken pipe"),
    (
        "EPIPE pipe write Python",
        "Exception ignored in: <_io.TextIOWrapper name='<stdout>' mode='w' encoding='utf-8'> BrokenPipeError: [Errno 32] Broken pipe",
    ),
    // What is no socket's
    ("-", "HTTP/1.1 104 Upload Resumption Supported"),
    ("-", "Listening on port 111"),
    ("-", "pid 32 exited with status 104"),
    ("-", "password reset requested for user 104"),
    ("-", "timeout=30"),
    ("-", "connect_timeout=110"),
    ("-", "x509: certificate has expired or is not yet valid"),
    ("-", "TLS alert, handshake failure (552)"),
    ("-", "connection reset successfully"),
    (
        "-",
        "systemd[1]: nginx.service: Start operation timed out. Terminating.",
    ),
    ("-", "systemd[1]: a.service: State 'stop-sigterm' timed out. Killing."),
    ("-", "lock wait timeout exceeded; try restarting transaction"),
    ("-", "kernel: INFO: task java:104 blocked for more than 120 seconds."),
    // Apache, uWSGI, mail, ZooKeeper, Hadoop
    ("EPIPE tcp write Java", "org.eclipse.jetty.io.EofException"),
    ("EPIPE tcp write Java", "org.eclipse.jetty.io.EofException: Closed"),
    (
        "ENOENT unix connect Apache httpd",
        "(2)No such file or directory: AH02454: FCGI: attempt to connect to Unix domain socket /run/php/php-fpm.sock (*) failed",
    ),
    (
        "EAGAIN unix connect Apache httpd",
        "(11)Resource temporarily unavailable: AH02454: FCGI: attempt to connect to Unix domain socket /run/php-fpm.sock (*) failed",
    ),
    (
        "EPIPE tcp write -",
        "uwsgi_response_write_body_do(): Broken pipe [core/writer.c line 341] during GET /api (10.0.0.1)",
    ),
    (
        "EPIPE tcp write -",
        "uwsgi_response_writev_headers_and_body_do(): Broken pipe [core/writer.c line 306] during GET / (10.0.0.1)",
    ),
    ("deadline tcp write -", "uwsgi_response_write_body_do() TIMEOUT !!!"),
    (
        "EPIPE tcp write -",
        "SIGPIPE: writing to a closed pipe/socket/fd (probably the client disconnected) on request / (ip 10.0.0.1) !!!",
    ),
    (
        "EOF tcp - Postfix",
        "postfix/smtp[7]: 1A: lost connection with mx[10.0.0.2] while performing the EHLO handshake",
    ),
    (
        "EOF tcp read Postfix",
        "postfix/smtpd[7]: lost connection after CONNECT from unknown[10.0.0.1]",
    ),
    (
        "deadline tcp read Postfix",
        "postfix/smtpd[7]: timeout after DATA from unknown[10.0.0.1]",
    ),
    (
        "EOF tcp read Java",
        "EndOfStreamException: Unable to read additional data from client sessionid 0x1, likely client has closed socket",
    ),
    (
        "EOF tcp read Java",
        "Unable to read additional data from server sessionid 0x0, likely server has closed socket, closing socket connection and attempting reconnect",
    ),
    (
        "deadline tcp read Java",
        "java.net.SocketTimeoutException: 60000 millis timeout while waiting for channel to be ready for read. ch : java.nio.channels.SocketChannel[connected local=/10.0.0.1:40000 remote=/10.0.0.2:50010]",
    ),
    (
        "deadline tcp connect Java",
        "java.net.ConnectException: Timeout connecting to [a/10.0.0.2:9200]",
    ),
    (
        "deadline tcp - Java",
        "java.io.IOException: listener timeout after waiting for [30000] ms",
    ),
    // Ruby, Oracle, MongoDB
    (
        "closed tcp - Ruby",
        "Got an exception when receiving data: closed stream (IOError)",
    ),
    (
        "deadline tcp read Ruby",
        "Got an exception when receiving data: IO timeout when reading 7 bytes (Timeout::Error)",
    ),
    ("ECONNREFUSED tcp connect Oracle", "ORA-12541: TNS:no listener"),
    ("deadline tcp connect Oracle", "ORA-12170: TNS:Connect timeout occurred"),
    ("EOF tcp - Oracle", "ORA-03113: end-of-file on communication channel"),
    ("EOF tcp - Oracle", "ORA-03135: connection lost contact"),
    (
        "EOF tcp read Java",
        "java.sql.SQLRecoverableException: IO Error: Got minus one from a read call",
    ),
    (
        "ECONNREFUSED tcp connect Java",
        "java.sql.SQLRecoverableException: IO Error: The Network Adapter could not establish the connection",
    ),
    (
        "ECONNRESET tcp read SQL Server",
        "Sqlcmd: Error: Microsoft ODBC Driver 17 for SQL Server : TCP Provider: Error code 0x68.",
    ),
    (
        "ECONNRESET tcp - MongoDB",
        r#"{"errmsg":"Connection reset by peer","code":6,"codeName":"HostUnreachable"}"#,
    ),
    (
        "ECONNREFUSED tcp connect MongoDB",
        "HostUnreachable: Error connecting to 10.0.0.2:27017 :: caused by :: Connection refused",
    ),
    ("EOF tcp - -", "Connection reset, restarting [0]"),
    (
        "EADDRINUSE tcp bind -",
        "TCP/UDP: Socket bind failed on local address [AF_INET][undef]:1194: Address already in use (errno=98)",
    ),
    (
        "EOF tcp - -",
        "omfwd: remote server at 10.0.0.2:514 seems to have closed connection",
    ),
    // Browsers, tools
    (
        "ECONNRESET tcp - Chromium",
        "net::ERR_CONNECTION_RESET at http://10.0.0.2/",
    ),
    ("ECONNREFUSED tcp connect Chromium", "net::ERR_CONNECTION_REFUSED"),
    ("ETIMEDOUT tcp connect Chromium", "net::ERR_CONNECTION_TIMED_OUT"),
    ("EOF tcp read Chromium", "net::ERR_EMPTY_RESPONSE"),
    ("EOF tcp - Chromium", "net::ERR_CONNECTION_CLOSED"),
    ("EHOSTUNREACH tcp connect Chromium", "net::ERR_ADDRESS_UNREACHABLE"),
    ("-", "net::ERR_NAME_NOT_RESOLVED"),
    ("deadline tcp - Chromium", "net::ERR_TIMED_OUT"),
    ("ECONNRESET tcp - Firefox", "PR_CONNECT_RESET_ERROR"),
    ("EOF tcp read Firefox", "PR_END_OF_FILE_ERROR"),
    ("ECONNREFUSED tcp connect Firefox", "NS_ERROR_CONNECTION_REFUSED"),
    ("ECONNRESET tcp - Firefox", "NS_ERROR_NET_RESET"),
    (
        "ECONNRESET tcp read -",
        "apr_socket_recv: Connection reset by peer (104)",
    ),
    (
        "ECONNRESET tcp read Go",
        r#"{"stream":"stderr","log":"read tcp 10.0.0.1:40000->10.0.0.2:80: read: connection reset by peer\n","stream2":"stdout"}"#,
    ),
    (
        "EPIPE tcp write Node.js",
        "2024-01-02T03:04:05.678901234Z stdout F Error: write EPIPE",
    ),
    ("EPIPE pipe write -", "xz: (stdout): Write error: Broken pipe"),
    ("EPIPE pipe write -", "tar: stdout: write error: Broken pipe"),
    ("EPIPE pipe - -", "gzip: stdout: Broken pipe"),
    ("-", "gzip: x.gz: unexpected end of file"),
    (
        "ENOTCONN file - -",
        "ls: cannot access '/mnt/sshfs': Transport endpoint is not connected",
    ),
    (
        "ENOTCONN file - Python",
        "OSError: [Errno 107] Transport endpoint is not connected: '/mnt/sshfs'",
    ),
    ("ETIMEDOUT file - -", "cp: error reading '/nfs/x': Connection timed out"),
    ("ETIMEDOUT file - -", "open /var/lib/foo: connection timed out"),
    ("EAGAIN file - -", "read /dev/ttyUSB0: resource temporarily unavailable"),
    // An address behind a slash, and a request's path, are no files.
    (
        "ECONNREFUSED tcp connect Java",
        "java.net.ConnectException: Connection refused: /10.0.0.2:80",
    ),
    ("ECONNRESET tcp read -", "GET /open: read: connection reset by peer"),
    ("EOF tcp - Go", "level=error err=EOF caller=client.go:12"),
];

fn told(found: &WordingMatch) -> String {
    let subject = match found.subject {
        Subject::Deadline => "deadline".into(),
        Subject::Closed => "closed".into(),
        subject => subject.to_string().replace(' ', "-"),
    };
    let carrier = format!("{:?}", found.carrier).to_ascii_lowercase();
    let call = found.call.map_or("-", |call| call.name());
    let dialect = found.dialect.map_or_else(|| "-".into(), |dialect| dialect.to_string());
    format!("{subject} {carrier} {call} {dialect}")
}

#[test]
fn lines_from_the_field() {
    let wrong: Vec<(String, &str, &str)> = LINES
        .iter()
        .map(|(expected, line)| {
            let found = recognize(line);
            (found.as_ref().map_or_else(|| "-".into(), told), *expected, *line)
        })
        .filter(|(told, expected, _)| told != expected)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
