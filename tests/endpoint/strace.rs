//! What the endpoint says that it did is what `strace` saw, line by line: no call left out, none hidden, none retouched.

use std::fs;
use std::path::Path;

use finwait::call::{
    Bytes, Call, CallId, Family, PollEvent, ProcessCall, ReadFlag, ShutdownHow, SocketOption, WriteFlag,
};
use finwait::clock::Millis;

use super::driver::{Endpoint, connect, done, free_address, name, read, write};
use super::strace_log::{lines_by_call, strace};

fn endpoint_under_strace(log: &Path) -> Endpoint {
    let mut strace = strace(log);
    strace.arg(env!("CARGO_BIN_EXE_finwait"));
    Endpoint::under(strace)
}

struct Script {
    endpoint: Endpoint,
    told: Vec<(CallId, String, Vec<String>)>,
}

impl Script {
    fn call(&mut self, socket: &str, call: Call) {
        let id = self.endpoint.begin(socket, call.clone());
        self.end(id, format!("{socket} {call:?}"));
    }

    fn interrupted(&mut self, socket: &str, call: Call) {
        let id = self.endpoint.begin(socket, call.clone());
        assert_eq!(self.endpoint.process(ProcessCall::Interrupt { target: id }), done());
        self.end(id, format!("{socket} {call:?}, interrupted"));
    }

    fn end(&mut self, id: CallId, what: String) {
        let trace = self.endpoint.end(id).trace;
        for traced in &trace {
            let fails = traced.result.as_ref().is_some_and(|result| result.starts_with("-1 "));
            assert_eq!(fails, traced.errno.is_some(), "{traced:?}");
            if let Some(errno) = traced.errno {
                assert!(traced.to_string().ends_with(&format!("= -1 {errno}")), "{traced:?}");
            }
        }
        self.told
            .push((id, what, trace.into_iter().map(|traced| traced.to_string()).collect()));
    }
}

#[test]
fn the_trace_is_what_strace_sees() {
    let log = std::env::temp_dir().join(format!("finwait-strace-{}", std::process::id()));
    let mut s = Script {
        endpoint: endpoint_under_strace(&log),
        told: Vec::new(),
    };
    every_call(&mut s);
    s.endpoint.hang_up();
    assert!(s.endpoint.exit().success());
    let text = fs::read_to_string(&log).unwrap();
    let seen = lines_by_call(&text);
    for (id, what, told) in &s.told {
        assert!(!told.is_empty(), "{what}: no call");
        assert_eq!(Some(told), seen.get(&id.0), "{what}: told, and seen by strace");
    }
    fs::remove_file(&log).unwrap();
}

fn every_call(s: &mut Script) {
    use PollEvent::{Err, Hup, In, Nval, Out, Pri, Rdhup};
    let (address, nobody) = (free_address(), free_address());
    let brief = Some(Millis(30));
    let long = Some(Millis(10_000));
    let inet = || Call::Socket { family: Family::Inet };
    let all_events = || vec![In, Pri, Out, Rdhup, Err, Hup, Nval];
    let written = |data: &[u8], repeat, flags: &[WriteFlag], deadline| Call::Write {
        data: Bytes(data.to_vec()),
        repeat,
        flags: flags.to_vec(),
        deadline,
    };
    let received = |flags: &[ReadFlag], deadline| Call::Read {
        n: 1024,
        flags: flags.to_vec(),
        deadline,
    };
    let poll = |events, timeout| Call::Poll {
        events,
        timeout: Millis(timeout),
    };

    for socket in ["listener", "client", "client2", "six"] {
        let family = if socket == "six" { Family::Inet6 } else { Family::Inet };
        s.call(socket, Call::Socket { family });
        s.call(socket, Call::Options);
        for (option, value) in SocketOption::ALL
            .iter()
            .zip([3, 1, 1, 1, 1, 1, 20, 20, 5, 77, 5, 3, 9000, 9000, 2500, 900, 1, 20])
        {
            s.call(socket, Call::SetOption { option: *option, value });
            s.call(socket, Call::GetOption { option: *option });
        }
        for option in [SocketOption::Linger, SocketOption::Keepcnt, SocketOption::Rcvtimeo] {
            s.call(socket, Call::SetOption { option, value: -1 });
        }
        for option in [
            SocketOption::Nonblock,
            SocketOption::Rcvtimeo,
            SocketOption::Sndtimeo,
            SocketOption::DeferAccept,
            SocketOption::Cork,
            SocketOption::UserTimeout,
        ] {
            s.call(socket, Call::SetOption { option, value: 0 });
        }
    }
    s.call(
        "six",
        Call::Bind {
            address: "[::1]:0".parse().unwrap(),
        },
    );
    s.call("six", connect("[::1]:9".parse().unwrap()));
    s.call("listener", Call::Bind { address });
    s.call("client", Call::Bind { address });
    s.call("client", SHUT_BOTH);
    s.call("client", Call::Close);
    s.call("client", inet());
    s.call("listener", Call::Listen { backlog: 1 });
    s.call("client2", connect(nobody));
    s.call(
        "client2",
        Call::Connect {
            address: nobody,
            deadline: long,
        },
    );
    s.call(
        "client",
        Call::Connect {
            address,
            deadline: long,
        },
    );
    s.call(
        "client",
        Call::Connect {
            address,
            deadline: long,
        },
    );
    s.call("listener", Call::Accept { r#as: name("server") });
    s.interrupted("listener", Call::Accept { r#as: name("none") });
    s.call("server", poll(all_events(), 0));
    s.call("server", poll(vec![], 1));
    s.call("client", write("hello\u{1}9\n\"\\\0\x7f"));
    s.call(
        "server",
        received(&[ReadFlag::Peek, ReadFlag::Dontwait, ReadFlag::Waitall], None),
    );
    s.call("server", received(&[ReadFlag::Oob], None));
    s.call("server", read(1024));
    s.call("server", read(0));
    s.call("client", written(b"", 3, &[], None));
    s.call("client", written(b"ab", 16, &[WriteFlag::Nosignal], None));
    s.call("server", poll(vec![In], 5000));
    s.call("server", read(32));
    s.call(
        "client",
        written(
            b"abc",
            11,
            &[WriteFlag::Oob, WriteFlag::Dontwait, WriteFlag::Nosignal],
            None,
        ),
    );
    s.call("server", poll(vec![Pri], 5000));
    s.call("server", received(&[ReadFlag::Oob], brief));
    s.call("server", received(&[], brief));
    s.call("server", received(&[], brief));
    s.interrupted("server", read(1024));
    s.interrupted("server", received(&[ReadFlag::Waitall], None));
    s.interrupted("server", received(&[], long));
    s.interrupted("server", poll(vec![In], 10_000));
    s.call(
        "server",
        Call::SetOption {
            option: SocketOption::Rcvtimeo,
            value: 20,
        },
    );
    s.call("server", read(1024));
    s.call("client", written(&[b'x'; 1000], 16_000, &[], brief));
    s.interrupted("client", written(&[b'x'; 1000], 16_000, &[], None));
    s.call("server", Call::Dup { r#as: name("copy") });
    s.call("copy", Call::Close);
    s.call("copy", Call::Dup { r#as: name("copy") });
    s.call("client", Call::SoError);
    s.call("client", Call::Shutdown { how: ShutdownHow::Read });
    s.call(
        "client",
        Call::Shutdown {
            how: ShutdownHow::Write,
        },
    );
    s.call("client", write("too late"));
    s.call("server", Call::RstClose);
    s.call("client", poll(all_events(), 0));
    s.call("client", Call::SoError);
    s.call("client", Call::SoError);
    s.call("client", Call::Disconnect);
    s.call("client", connect(address));
    s.call("listener", Call::Accept { r#as: name("server") });
    s.call("server", Call::Close);
    s.call("client", read(10));
    s.call("client", Call::LingerClose { seconds: 1 });
    for call in [
        read(1),
        write("x"),
        received(&[ReadFlag::Peek], None),
        received(&[], brief),
        written(b"x", 40, &[], brief),
        Call::Bind { address },
        Call::Listen { backlog: -1 },
        Call::Accept { r#as: name("none") },
        connect(address),
        Call::Connect {
            address,
            deadline: brief,
        },
        Call::Disconnect,
        SHUT_BOTH,
        Call::Dup { r#as: name("none") },
        poll(vec![In], 1),
        Call::SoError,
        Call::Options,
        Call::SetOption {
            option: SocketOption::Linger,
            value: 5,
        },
        Call::SetOption {
            option: SocketOption::Sndtimeo,
            value: 5,
        },
        Call::SetOption {
            option: SocketOption::Nonblock,
            value: 1,
        },
        Call::SetOption {
            option: SocketOption::Nodelay,
            value: 1,
        },
        Call::RstClose,
        Call::LingerClose { seconds: 2 },
        Call::Close,
    ] {
        s.call("client", call.clone());
        s.call("never", call);
    }
}

const SHUT_BOTH: Call = Call::Shutdown { how: ShutdownHow::Both };
