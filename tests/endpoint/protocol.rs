//! What `docs/endpoint-protocol.md` asks of an endpoint, whatever it is written in, held against each that finwait brings along.
//!
//! One of your own is held against it, in place of these, by `ENDPOINT='python3 mine.py' cargo test --test endpoint protocol`.

use std::any::Any;
use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};

use finwait::call::CallId;
use finwait::clock::MonoTime;
use finwait::endpoint::protocol::Reply;
use finwait::errno::Errno;
use finwait::outcome::{Outcome, Value};
use finwait::runtime::{Runtime, RuntimeChoice, on_path};
use serde_json::{Value as Json, json};

use super::driver::{Endpoint, done, failed, free_address, free_address_of, wrote};
use super::turns::Turns;

const DOCUMENT: &str = include_str!("../../docs/endpoint-protocol.md");

/// 64 MiB in hexadecimal, and what is around it.
const LONGEST_LINE: usize = (128 << 20) + (64 << 10);

/// Longer than an id in flight has to live, and shorter than a test may take.
const SHORT: u32 = 50;

/// The endpoints that are here; in CI all of them must be.
fn drivers() -> Vec<RuntimeChoice> {
    if let Ok(command) = std::env::var("ENDPOINT") {
        return vec![RuntimeChoice::Command(command)];
    }
    let is_here = |runtime: &Runtime| {
        let Some((tool, _)) = runtime.needs() else { return true };
        let here = on_path(tool).is_some();
        assert!(here || std::env::var_os("CI").is_none(), "{tool} is not on PATH");
        if !here {
            eprintln!("{runtime} is not tested: {tool} is not on PATH");
        }
        here
    };
    Runtime::ALL
        .into_iter()
        .filter(is_here)
        .map(RuntimeChoice::Runtime)
        .collect()
}

/// Holds a rule against a new endpoint of each kind, and tells of all that break it.
fn holds(rule: fn(&mut Endpoint)) {
    // As many virtual machines as there are tests would be slower than our patience.
    static TURNS: Turns = Turns::new(2);
    let _turn = TURNS.take();
    let broken: Vec<String> = drivers()
        .iter()
        .filter_map(|driver| {
            let hold = AssertUnwindSafe(|| {
                let mut endpoint = Endpoint::of(driver);
                let hello = endpoint.hello();
                match driver {
                    RuntimeChoice::Runtime(runtime) => assert_eq!(hello, runtime.name()),
                    RuntimeChoice::Command(_) => assert!(!hello.is_empty()),
                }
                rule(&mut endpoint);
            });
            catch_unwind(hold)
                .err()
                .map(|why| format!("{driver:?}: {}", words(&*why)))
        })
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words")
}

/// What these tests say to an endpoint: lines, as they would be typed.
trait Lines {
    fn line(&mut self, line: &str);
    fn refused(&mut self, id: Option<u64>, line: &str);
    fn started(&mut self, id: u64, call: Json);
    fn outcome(&mut self, id: u64) -> Outcome;
    fn makes(&mut self, id: u64, call: Json) -> Outcome;
    fn connected(&mut self, host: IpAddr, first: u64) -> Option<SocketAddr>;
}

impl Lines for Endpoint {
    fn line(&mut self, line: &str) {
        self.say(format!("{line}\n").as_bytes());
    }

    /// Is the line refused, with one sentence and that id?
    fn refused(&mut self, id: Option<u64>, line: &str) {
        self.line(line);
        let shown: String = line.chars().take(200).collect();
        // Whatever comes of it: an endpoint that does something else says so at once.
        let reply = self.reply(|reply| {
            matches!(reply, Reply::Refused { .. })
                || matches!(reply, Reply::Ended { id: ended, .. } if Some(ended.0) == id)
        });
        let Reply::Refused { id: told, why } = reply else {
            panic!("{shown}: {reply:?}")
        };
        assert_eq!(told.map(|id| id.0), id, "{shown}: {why}");
        assert!(
            !why.is_empty() && why.len() < 400 && !why.contains('\n'),
            "{shown}: {why:?}"
        );
    }

    /// Sends a request and waits until its call has begun.
    fn started(&mut self, id: u64, mut call: Json) {
        call["id"] = id.into();
        self.line(&call.to_string());
        self.reply(|reply| match reply {
            Reply::Began { id: began, text, .. } => began.0 == id && !text.is_empty(),
            Reply::Refused { why, .. } => panic!("{call}: {why}"),
            _ => false,
        });
    }

    fn outcome(&mut self, id: u64) -> Outcome {
        self.end(CallId(id)).outcome
    }

    fn makes(&mut self, id: u64, call: Json) -> Outcome {
        self.started(id, call);
        self.outcome(id)
    }

    /// A connection from `client` to `server` through `listener`, by the calls from `first` on: the peer that accept told.
    fn connected(&mut self, host: IpAddr, first: u64) -> Option<SocketAddr> {
        let address = free_address_of(host);
        let family = if host.is_ipv6() { "inet6" } else { "inet" };
        let fine = [Outcome::Ok(Value::Done), Outcome::Ok(Value::Later)];
        let steps = [
            json!({"socket": "listener", "call": "socket", "family": family}),
            json!({"socket": "listener", "call": "bind", "address": address}),
            json!({"socket": "listener", "call": "listen", "backlog": 8}),
            json!({"socket": "client", "call": "socket", "family": family}),
        ];
        for (id, step) in (first..).zip(steps) {
            let outcome = self.makes(id, step.clone());
            let fine = fine.contains(&outcome) || outcome.descriptor().is_some();
            assert!(fine, "{step}: {outcome:?}");
        }
        let accept = first + 4;
        self.started(accept, json!({"socket": "listener", "call": "accept", "as": "server"}));
        let connect = json!({"socket": "client", "call": "connect", "address": address});
        assert_eq!(self.makes(first + 5, connect), done());
        match self.outcome(accept) {
            Outcome::Ok(Value::Descriptor { fd, peer }) => {
                assert!(fd > 2, "{fd}");
                peer
            }
            other => panic!("{other:?}"),
        }
    }
}

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn write(socket: &str, text: &str) -> Json {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    json!({"socket": socket, "call": "write", "data": hex})
}

fn read(socket: &str, n: u32) -> Json {
    json!({"socket": socket, "call": "read", "n": n})
}

/// "Begin with `hello`."
#[test]
fn the_first_word_is_hello() {
    holds(|_| {});
}

/// "A line that makes no sense is `refused` with one sentence; the endpoint goes on." "`id` is null when it could not be read."
#[test]
fn what_is_no_request_is_refused() {
    const LINES: &[&str] = &[
        "",
        "{",
        "null",
        "[]",
        "7",
        "\"id\"",
        "{}",
        "finwait",
        r#"{"id":1,"call":"close","socket":"client"} x"#,
        r#"{"id":1,"call":"close","socket":"client"}}"#,
        r#"{"id":1,"call":"close","socket":"client""#,
        r#"{"id":1,"call":"close","socket":"client",}"#,
        r#"{"id":1,"call":"close" "socket":"client"}"#,
        r#"{'id':1,'call':'close','socket':'client'}"#,
        r#"{id:1,call:"close",socket:"client"}"#,
        r#"{"id":"1","call":"close","socket":"client"}"#,
        r#"{"id":true,"call":"close","socket":"client"}"#,
        r#"{"id":null,"call":"close","socket":"client"}"#,
        r#"{"id":[1],"call":"close","socket":"client"}"#,
        r#"{"id":-1,"call":"close","socket":"client"}"#,
        r#"{"id":1.5,"call":"close","socket":"client"}"#,
        r#"{"id":01,"call":"close","socket":"client"}"#,
        r#"{"id":+1,"call":"close","socket":"client"}"#,
        r#"{"id":0x1,"call":"close","socket":"client"}"#,
        r#"{"id":99999999999999999999,"call":"close","socket":"client"}"#,
        r#"{"call":"close","socket":"client"}"#,
        r#"{"id":1,"call":"close","socket":"client","x":NaN}"#,
        r#"{"id":1,"call":"close","socket":"client","x":Infinity}"#,
        r#"{"id":1,"call":"close","socket":"client","x":1.}"#,
        r#"{"id":1,"call":"close","socket":"client","x":1f}"#,
        r#"{"id":1,"call":"close","socket":"client","x":"\x41"}"#,
        r#"{"id":1,"call":"close","socket":"client","x":"\u12g4"}"#,
        r#"{"id":1,"call":"close","socket":"client","x":"\u+123"}"#,
        "{\"id\":1,\"call\":\"close\",\"socket\":\"client\",\"x\":\"\t\"}",
        "{\"id\":1,\"call\":\"close\",\"socket\":\"client\",\"x\":\"\0\"}",
        "\0",
    ];
    holds(|e| {
        for line in LINES {
            e.refused(None, line);
        }
        e.refused(None, &"[".repeat(100_000));
        e.connected(HERE, 1);
    });
}

/// "One JSON object a line, UTF-8."
#[test]
fn what_is_not_utf8_is_refused() {
    const AROUND: [&[u8]; 5] = [
        b"\xff\xfe\0",
        b"\xff\xfe{\0}\0",
        b"{\"id\":1,\"call\":\"close\",\"socket\":\"client\",\"x\":\"\xff\"}",
        b"{\"id\":1,\"call\":\"close\",\"socket\":\"client\",\"x\":\"\xc0\x80\"}",
        b"{\"id\":1,\"call\":\"close\",\"socket\":\"client\",\"\xed\xa0\x80\":0}",
    ];
    holds(|e| {
        for line in AROUND {
            e.say(line);
            e.refused(None, "");
        }
        e.connected(HERE, 1);
    });
}

/// "Ignore fields that you do not know." Names are exact, and strings may be written with escapes.
#[test]
fn fields_that_nobody_knows_are_ignored() {
    holds(|e| {
        let nested = json!([{"id": 7}, [], {}, null, true, -1.5e3, "\"\\/\u{8}\u{c}\n\r\t\u{1f600}\u{e9}"]);
        let more = json!({"x": nested, "Socket": 7, "ID": "x", "FAMILY": [], "a field of which nobody has heard": 1});
        for (id, name) in (1..).zip(["a", "Z", "client", "one-two_three4", "abcdefghijklmnopqrstuvwx"]) {
            let mut call = json!({"socket": name, "call": "socket", "family": "inet"});
            call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let outcome = e.makes(id, call);
            assert!(matches!(outcome, Outcome::Ok(_)), "{name}: {outcome:?}");
        }
        e.line(" \t{ \"id\" : 20 ,\t\"call\":\"\\u0073ocket\", \"socket\":\"\\u0061\", \"family\":\"inet\" } \r");
        assert!(matches!(e.outcome(20), Outcome::Ok(_)));
        // The largest that every language can hold.
        e.makes(
            (1 << 53) - 1,
            json!({"socket": "a", "call": "socket", "family": "inet"}),
        );
    });
}

/// "A socket: a letter, then letters, digits, `-` and `_`, at most 24 in all."
#[test]
fn other_names_are_refused() {
    holds(|e| {
        e.connected(HERE, 1);
        for name in [
            "",
            "1",
            "-",
            "a b",
            "a.b",
            "\u{e9}",
            "a\u{e9}",
            "a\n",
            " a",
            "a\0",
            "abcdefghijklmnopqrstuvwxy",
        ] {
            let socket = json!({"id": 20, "socket": name, "call": "socket", "family": "inet"});
            e.refused(Some(20), &socket.to_string());
            let accept = json!({"id": 21, "socket": "listener", "call": "accept", "as": name});
            e.refused(Some(21), &accept.to_string());
        }
    });
}

/// Numbers out of their range, words that are none, addresses that are none: refused, with the request's id.
#[test]
fn values_that_make_no_sense_are_refused() {
    const HOSTS: [&str; 20] = [
        "",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:+80",
        "127.0.0.1:80 ",
        "127.0.0.1:http",
        ":80",
        "127.1:80",
        "127.0.0.256:80",
        "127.0.0.01:80",
        "127.0.0.1.1:80",
        "localhost:80",
        "[localhost]:80",
        "[::1]",
        "::1:80",
        "[127.0.0.1]:80",
        "[::1:80",
        "[]:80",
    ];
    holds(|e| {
        e.connected(HERE, 1);
        let make = |socket: &str, call: &str, field: &str, value: Json| {
            let mut request = json!({"id": 20, "socket": socket, "call": call});
            request[field] = value;
            request
        };
        let mut wrong = vec![
            json!({"id": 20}),
            make("client", "fly", "n", json!(1)),
            make("client", "Read", "n", json!(1)),
            make("client", "read", "n", json!((64 << 20) + 1)),
            make("client", "read", "n", json!(-1)),
            make("client", "read", "n", json!(1.5)),
            make("client", "read", "n", json!(u64::MAX)),
            make("client", "write", "data", json!("1")),
            make("client", "write", "data", json!("0g")),
            make("client", "write", "data", json!("68 65 ")),
            make("client", "write", "data", json!("0x")),
            make("client", "shutdown", "how", json!("Write")),
            make("listener", "listen", "backlog", json!(1_u64 << 31)),
            make("new", "socket", "family", json!("unix")),
        ];
        wrong.extend(HOSTS.map(|host| make("client", "connect", "address", json!(host))));
        wrong.extend(HOSTS.map(|host| make("new", "bind", "address", json!(host))));
        for (field, value) in [
            ("deadline", json!(1_u64 << 32)),
            ("deadline", json!(-1)),
            ("deadline", json!("5")),
            ("flags", json!("peek")),
            ("flags", json!(["nosuch"])),
            ("flags", json!([7])),
        ] {
            let mut request = make("client", "read", "n", json!(1));
            request[field] = value;
            wrong.push(request);
        }
        for (data, repeat) in [
            ("00", (64 << 20) + 1),
            ("0000", (32 << 20) + 1),
            ("00", -1),
            ("00", 1_i64 << 40),
        ] {
            let mut request = make("client", "write", "data", json!(data));
            request["repeat"] = json!(repeat);
            wrong.push(request);
        }
        assert_eq!(
            e.makes(10, json!({"socket": "new", "call": "socket", "family": "inet"}))
                .errno(),
            None
        );
        for request in wrong {
            e.refused(Some(20), &request.to_string());
        }
        assert_eq!(e.makes(30, write("client", "x")), wrote(1));
    });
}

/// Each request of the document's, without one of its fields and with a wrong one: refused, or not to be had at all.
#[test]
fn requests_that_lack_something_are_refused() {
    holds(|e| {
        e.connected(HERE, 1);
        let examples = DOCUMENT.lines().filter(|line| line.starts_with(r#"{"id":"#));
        let mut seen = HashSet::new();
        for example in examples {
            let whole: Json = serde_json::from_str(example).unwrap();
            for field in whole.as_object().unwrap().keys().filter(|field| *field != "id") {
                let call = whole["call"].as_str().unwrap();
                if !seen.insert((call.to_owned(), field.clone())) {
                    continue;
                }
                let optional = ["deadline", "repeat", "flags"].contains(&field.as_str());
                for wrong in [None, Some(json!({})), Some(json!(1.5))] {
                    if optional && wrong.is_none() {
                        continue;
                    }
                    let mut request = whole.clone();
                    request["id"] = json!(20);
                    match wrong {
                        None => drop(request.as_object_mut().unwrap().remove(field)),
                        Some(wrong) => request[field] = wrong,
                    }
                    e.line(&request.to_string());
                    let reply = e.reply(|reply| !matches!(reply, Reply::Began { .. } | Reply::Made { .. }));
                    let fine = match &reply {
                        Reply::Refused { id, why } => *id == Some(CallId(20)) && !why.contains('\n'),
                        Reply::Ended { outcome, .. } => matches!(outcome, Outcome::Unsupported(_)),
                        _ => false,
                    };
                    assert!(fine, "{request}: {reply:?}");
                }
            }
        }
        assert!(seen.len() > 40, "{seen:?}");
        assert_eq!(e.makes(30, write("client", "x")), wrote(1));
    });
}

/// "A line is so long at the most": one as long is read, one that is longer is refused, and the endpoint goes on.
#[test]
fn a_line_that_is_too_long_is_refused() {
    holds(|e| {
        let mut line = br#"{"id":5,"call":"fly""#.to_vec();
        line.resize(LONGEST_LINE - 1, b' ');
        line.extend(b"}\n");
        e.say(&line);
        let reply = e.reply(|_| true);
        assert!(
            matches!(
                reply,
                Reply::Refused {
                    id: Some(CallId(5)),
                    ..
                }
            ),
            "{reply:?}"
        );
        line.insert(30, b' ');
        e.say(&line);
        let reply = e.reply(|_| true);
        assert!(matches!(reply, Reply::Refused { id: None, .. }), "{reply:?}");
        line.truncate(0);
        e.connected(HERE, 1);
    });
}

/// A request may come in pieces, and several at once.
#[test]
fn lines_are_told_apart_by_their_ends_alone() {
    holds(|e| {
        // Each piece ends a line, whose answer says that it was read, and begins the next.
        for (id, piece) in [
            (1, "{\"id\":1,\"call\":\"fly\"}\n{\"id\":2,\"ca"),
            (2, "ll\":\"fly\"}\n{"),
            (3, "\"id\":3,\"call\":\"fly\"}\n{\"id\":4,"),
            (4, "\"call\":\"fly\"}\n"),
        ] {
            e.say(piece.as_bytes());
            e.reply(|reply| matches!(reply, Reply::Refused { id: Some(of), .. } if of.0 == id));
        }
        let many: String = (5..200)
            .map(|id| format!("{{\"id\":{id},\"call\":\"fly\"}}\n"))
            .collect();
        e.say(many.as_bytes());
        for wanted in 5..200 {
            e.reply(|reply| matches!(reply, Reply::Refused { id: Some(id), .. } if id.0 == wanted));
        }
    });
}

/// "A call may block for ever, and others must go on meanwhile." "An `id` that is in flight already is refused."
#[test]
fn a_blocked_call_holds_up_nothing() {
    holds(|e| {
        e.connected(HERE, 1);
        e.started(20, json!({"socket": "listener", "call": "accept", "as": "server2"}));
        e.started(21, read("server", 1024));
        e.started(22, read("client", 1024));
        for id in [20, 21, 22] {
            e.refused(
                Some(id),
                &json!({"id": id, "socket": "client", "call": "close"}).to_string(),
            );
            e.refused(Some(id), &json!({"id": id, "call": "fly"}).to_string());
        }
        assert!(![20, 21, 22].into_iter().any(|id| e.has_ended(CallId(id))));
        assert_eq!(e.makes(23, write("client", "ping")), wrote(4));
        assert!(matches!(e.outcome(21), Outcome::Ok(Value::Read { n: 4, .. })));
        assert_eq!(e.makes(24, write("server", "pong")), wrote(4));
        assert!(matches!(e.outcome(22), Outcome::Ok(Value::Read { n: 4, .. })));
        assert!(!e.has_ended(CallId(20)));
    });
}

/// "Reply with `began`, later `ended`", `made` between them, all in the time of `CLOCK_MONOTONIC`.
#[test]
fn replies_come_in_order_and_time() {
    holds(|e| {
        let before = MonoTime::now();
        e.connected(HERE, 1);
        // Said before the rest: what was kept of it is in order.
        let address = free_address();
        let socket = json!({"id": 20, "socket": "c2", "call": "socket", "family": "inet"});
        let connect = json!({"id": 21, "socket": "c2", "call": "connect", "address": address});
        let mut heard = Vec::new();
        for (id, request) in [(20, socket), (21, connect)] {
            e.line(&request.to_string());
            while !matches!(heard.last(), Some(Reply::Ended { id: ended, .. }) if ended.0 == id) {
                heard.push(e.reply(|reply| !matches!(reply, Reply::Began { id, .. } | Reply::Made { id, .. } | Reply::Ended { id, .. } if id.0 < 20)));
            }
        }
        for wanted in [20, 21] {
            let mut last = None;
            let mut made = None;
            for reply in &heard {
                match (reply, last) {
                    (Reply::Began { id, at, .. }, None) if id.0 == wanted => {
                        assert!(before <= *at && *at <= MonoTime::now(), "{reply:?}");
                        last = Some(*at);
                    }
                    (Reply::Made { id, fd }, Some(_)) if id.0 == wanted => made = Some(*fd),
                    (Reply::Ended { id, at, ns, .. }, Some(began)) if id.0 == wanted => {
                        let took = at.since(began).as_nanos();
                        assert!(
                            began <= *at && *at <= MonoTime::now() && u128::from(*ns) <= took,
                            "{reply:?}"
                        );
                        last = None;
                    }
                    (Reply::Began { id, .. } | Reply::Made { id, .. } | Reply::Ended { id, .. }, _) => {
                        assert_ne!(id.0, wanted, "{heard:?}");
                    }
                    _ => panic!("{heard:?}"),
                }
            }
            assert!(last.is_none() && made.is_none_or(|fd| fd > 2), "{heard:?}");
        }
    });
}

/// `data` is the first 1,024 bytes at the most, while `n` counts all; `n` 0 is the end of the stream.
#[test]
fn bytes_are_counted_and_the_first_are_told() {
    holds(|e| {
        e.connected(HERE, 1);
        let mut call = write("client", "abc");
        call["repeat"] = json!(500);
        assert_eq!(e.makes(20, call), wrote(1500));
        let (mut id, mut got) = (21, 0);
        while got < 1500 {
            match e.makes(id, read("server", 1500)) {
                Outcome::Ok(Value::Read { n, data }) => {
                    assert_eq!(data.0.len(), n.min(1024));
                    got += n;
                }
                other => panic!("{other:?}"),
            }
            id += 1;
        }
        assert_eq!(e.makes(40, json!({"socket": "client", "call": "close"})), done());
        assert!(matches!(e.makes(41, read("server", 5)), Outcome::Ok(Value::Read { n: 0, data }) if data.0.is_empty()));
    });
}

/// "When a `deadline` passes the call is given up and the socket stays as it is."
#[test]
fn a_deadline_ends_the_call_and_not_the_socket() {
    holds(|e| {
        e.connected(HERE, 1);
        let mut call = read("server", 5);
        call["deadline"] = json!(SHORT);
        assert_eq!(e.makes(20, call.clone()), Outcome::DeadlineExceeded { written: 0 });
        assert_eq!(e.makes(21, write("client", "after")), wrote(5));
        call["deadline"] = json!(u32::MAX);
        assert!(matches!(e.makes(22, call), Outcome::Ok(Value::Read { n: 5, .. })));
    });
}

/// A closed socket is the kernel's to speak of, or the library's; a name that never was is -1, or refused.
#[test]
fn what_is_closed_or_never_was_is_told() {
    holds(|e| {
        e.connected(HERE, 1);
        assert_eq!(e.makes(20, json!({"socket": "client", "call": "close"})), done());
        for (id, call) in (21..).zip([read("client", 5), write("client", "x")]) {
            let outcome = e.makes(id, call);
            let fine = outcome == failed(Errno::EBADF) || matches!(outcome, Outcome::Library(_));
            assert!(fine, "{outcome:?}");
        }
        for call in [
            read("never", 5),
            write("never", "x"),
            json!({"socket": "never", "call": "close"}),
        ] {
            let mut request = call.clone();
            request["id"] = json!(30);
            e.line(&request.to_string());
            match e.reply(|reply| matches!(reply, Reply::Ended { .. } | Reply::Refused { .. })) {
                Reply::Refused { id, .. } => assert_eq!(id, Some(CallId(30))),
                Reply::Ended { outcome, .. } => assert_eq!(outcome, failed(Errno::EBADF), "{call}"),
                other => unreachable!("{other:?}"),
            }
        }
        let process = [
            json!({"call": "interrupt", "target": 9999}),
            json!({"call": "sigpipe", "disposition": "ignore"}),
        ];
        for (id, call) in (40..).zip(process) {
            let outcome = e.makes(id, call);
            let fine = [done(), failed(Errno::ESRCH)].contains(&outcome) || matches!(outcome, Outcome::Unsupported(_));
            assert!(fine, "{outcome:?}");
        }
    });
}

/// Addresses of IPv6, in requests and replies.
#[test]
fn ipv6_is_spoken() {
    holds(|e| {
        let host = IpAddr::V6(Ipv6Addr::LOCALHOST);
        let peer = e.connected(host, 1);
        assert_eq!(peer.map(|peer| peer.ip()), Some(host));
        assert_eq!(e.makes(20, write("client", "six")), wrote(3));
        assert!(matches!(
            e.makes(21, read("server", 9)),
            Outcome::Ok(Value::Read { n: 3, .. })
        ));
    });
}

/// "When standard input ends, exit at once with code 0, whatever is still blocked."
#[test]
fn the_end_of_input_is_the_end() {
    holds(|e| {
        e.connected(HERE, 1);
        e.started(20, read("client", 1));
        e.started(21, json!({"socket": "listener", "call": "accept", "as": "server2"}));
        e.hang_up();
        assert_eq!(e.exit().code(), Some(0));
    });
}

/// The end in the middle of a line is the end, too.
#[test]
fn the_end_of_input_within_a_line_is_the_end() {
    holds(|e| {
        e.say(br#"{"id":1,"socket":"a","ca"#);
        e.hang_up();
        assert_eq!(e.exit().code(), Some(0));
    });
}
