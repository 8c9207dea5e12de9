use super::*;
use CallClass::{Accept, Bind, Connect, Read, Write};
use Subject::{Closed, Deadline, Eof};

const fn errno(errno: Errno) -> Subject {
    Subject::Errno(errno)
}

/// What programs in the field print, word for word.
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
        ("Get \"http://a/\": EOF", Eof, None, None),
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
            Closed,
            Some(Write),
            node,
        ),
        (
            "Error [ERR_STREAM_DESTROYED]: Cannot call write after a stream was destroyed",
            Closed,
            None,
            node,
        ),
        (
            "Error [ERR_STREAM_WRITE_AFTER_END]: write after end",
            Closed,
            Some(Write),
            node,
        ),
        // Java
        (
            "java.net.SocketException: Connection reset",
            errno(Errno::ECONNRESET),
            None,
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
        ("curl: (35)", Eof, None, curl),
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
    let kernel = recognize("java.net.ConnectException: Connection timed out").unwrap();
    assert_eq!((kernel.subject, kernel.remark), (errno(Errno::ETIMEDOUT), None));
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
    for wording in WORDS.iter().chain(WEAK).chain(KINDS).chain(WHOLE) {
        let found = recognize(wording.text).unwrap_or_else(|| panic!("unknown: {}", wording.text));
        assert_eq!(found.subject, wording.subject, "{}", wording.text);
    }
    for (text, errno) in TEXTS {
        assert_eq!(recognize(text).unwrap().subject, Subject::Errno(*errno), "{text}");
    }
    let words = WORDS.iter().chain(WEAK).chain(WHOLE).map(|wording| wording.text);
    let mut all: Vec<&str> = words.chain(TEXTS.iter().map(|(text, _)| *text)).collect();
    assert!(all.iter().all(|text| text.to_ascii_lowercase() == *text));
    all.sort_unstable();
    let before = all.len();
    all.dedup();
    assert_eq!(all.len(), before, "a wording stands twice");
    // They are found by their first three bytes, at the beginning of a word.
    assert!(
        all.iter()
            .all(|text| text.len() >= 3 && text.as_bytes()[0].is_ascii_alphanumeric())
    );
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
        }
    }

    #[test]
    fn a_message_is_found_behind_anything(before in "[a-z0-9 :./-]{0,80}") {
        let found = recognize(&format!("{before} readv() failed (104: Connection reset by peer)")).unwrap();
        proptest::prop_assert_eq!(found.call, Some(CallClass::Read));
    }
}
