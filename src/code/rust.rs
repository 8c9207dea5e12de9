//! A program in Rust: std's `TcpStream`, and the functions of C that std has no call for, or makes only together with others.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::SocketAddr;

use super::helpers::{self, Helper, used};
use super::words::{comment, comment_without, escaped, joined, whose_limit, wrapped};
use super::{CallRecord, CallResult, Program, ProgramPort, Statement};
use crate::call::{Bytes, Call, OptionKind, ShutdownHow, SocketOption};
use crate::outcome::Outcome;
use crate::side::Side;

/// Numbers of Linux that std does not name, and their types.
const NUMBERS: [(&str, &str, i32); 34] = [
    ("AF_INET", "i32", 2),
    ("AF_INET6", "i32", 10),
    ("EINPROGRESS", "i32", 115),
    ("IPPROTO_TCP", "i32", 6),
    ("MSG_DONTWAIT", "i32", 0x40),
    ("MSG_NOSIGNAL", "i32", 0x4000),
    ("MSG_OOB", "i32", 1),
    ("MSG_PEEK", "i32", 2),
    ("MSG_WAITALL", "i32", 0x100),
    ("POLLERR", "i16", 8),
    ("POLLHUP", "i16", 0x10),
    ("POLLIN", "i16", 1),
    ("POLLNVAL", "i16", 0x20),
    ("POLLOUT", "i16", 4),
    ("POLLPRI", "i16", 2),
    ("POLLRDHUP", "i16", 0x2000),
    ("SOL_SOCKET", "i32", 1),
    ("SO_KEEPALIVE", "i32", 9),
    ("SO_LINGER", "i32", 13),
    ("SO_RCVBUF", "i32", 8),
    ("SO_RCVTIMEO", "i32", 20),
    ("SO_REUSEADDR", "i32", 2),
    ("SO_REUSEPORT", "i32", 15),
    ("SO_SNDBUF", "i32", 7),
    ("SO_SNDTIMEO", "i32", 21),
    ("TCP_CORK", "i32", 3),
    ("TCP_DEFER_ACCEPT", "i32", 9),
    ("TCP_KEEPCNT", "i32", 6),
    ("TCP_KEEPIDLE", "i32", 4),
    ("TCP_KEEPINTVL", "i32", 5),
    ("TCP_LINGER2", "i32", 8),
    ("TCP_NODELAY", "i32", 1),
    ("TCP_SYNCNT", "i32", 7),
    ("TCP_USER_TIMEOUT", "i32", 18),
];

/// What shows that a program uses a name of std's, and where that is.
const NAMES: [(&str, &str); 12] = [
    ("Arc<", "std::sync::Arc"),
    ("as_raw_fd", "std::os::fd::AsRawFd"),
    ("Display", "std::fmt::Display"),
    ("Duration", "std::time::Duration"),
    ("from_raw_fd", "std::os::fd::FromRawFd"),
    ("into_raw_fd", "std::os::fd::IntoRawFd"),
    ("Mutex<", "std::sync::Mutex"),
    (".read(", "std::io::Read"),
    ("Receiver<", "std::sync::mpsc::{channel, Receiver}"),
    ("Shutdown", "std::net::Shutdown"),
    ("TcpStream", "std::net::TcpStream"),
    (".write(", "std::io::Write"),
];

/// The program's text.
pub fn write(program: &Program) -> String {
    let mut body = String::new();
    for statement in &program.statements {
        match statement {
            Statement::Say(prose) => {
                let _ = write!(body, "\n{}", wrapped(prose, "    // "));
            }
            Statement::Call(made) => {
                let call = call(program, made);
                let at = format!("{}, \"{}\", \"{}\"", made.step, made.side, made.name);
                let given = given(program, made);
                let line = match made.aside {
                    true => format!("begin({at}, move || {call}); // {given}"),
                    false => format!("done({at}, {call}); // {given}"),
                };
                let _ = writeln!(body, "    {line}");
                if let Some(port) = program.chosen_by(made).filter(|port| is_named(program, port)) {
                    let socket = variable(program, made);
                    let _ = writeln!(body, "    let {} = port_of(&{socket});", port.variable);
                }
            }
            Statement::Late(late) => {
                if let Some(made) = program.late(late).filter(|made| made.aside) {
                    let line = match program.is_late_by_absent(late) {
                        true => format!("wait_for({}, 200); // {}", made.step, comment_without(late)),
                        false => format!("wait({}); // {}", made.step, comment(&late.outcome)),
                    };
                    let _ = writeln!(body, "    {line}");
                }
            }
            Statement::Absent { step, what, .. } => {
                let _ = writeln!(body, "    // {step} not in this program: {what}");
            }
            Statement::Limit { side, most, .. } => {
                let _ = writeln!(body, "    limit_descriptors({most}); // {}", whose_limit(*side));
            }
            Statement::Pause(time) => {
                let _ = writeln!(body, "    thread::sleep(Duration::from_millis({}));", time.as_millis());
            }
            Statement::Packet(..) => {}
        }
    }
    let mut start = String::new();
    for port in program.ports().into_iter().filter(|port| port.first.is_none()) {
        let _ = writeln!(start, "    let {} = free_port();", port.variable);
    }
    let sockets: BTreeSet<String> = program
        .sockets()
        .into_iter()
        .map(|(side, socket)| named(&program.variable(side, socket)))
        .collect();
    let sockets: String = sockets
        .into_iter()
        .map(|socket| format!("static {socket}: Socket = Socket::new();\n"))
        .collect();
    let main = format!(
        "{sockets}\nfn main() {{\n    thread::spawn(|| {{\n        thread::sleep(Duration::from_secs(30));\n        std::process::abort(); // whatever happens, the program ends\n    }});\n{start}{body}}}\n"
    );
    let helpers = helpers(program);
    // The first one is what every program has: it calls what is there by its name.
    let base = format!("base()\n{main}");
    let helpers = used(&helpers, &base).join("\n");
    let code = format!("{main}\n{helpers}");
    let has = |name: &str| {
        let part = |c: char| c.is_alphanumeric() || c == '_' || c == '"';
        code.match_indices(name).any(|(at, _)| {
            !code[..at].chars().next_back().is_some_and(part)
                && !code[at + name.len()..].chars().next().is_some_and(part)
        })
    };
    let numbers: String = NUMBERS
        .iter()
        .filter(|(name, ..)| has(name))
        .map(|(name, kind, value)| format!("const {name}: {kind} = {value};\n"))
        .collect();
    let mut uses: Vec<String> = NAMES
        .iter()
        .filter(|(name, _)| code.contains(name))
        .map(|(_, path)| format!("use {path};\n"))
        .collect();
    uses.extend(["use std::io;\n".into(), "use std::thread;\n".into()]);
    uses.sort();
    let how = format!("rustc --edition 2021 {0}.rs -o {0} && ./{0}", program.name);
    let head: String = program
        .head(&how, program.limit())
        .iter()
        .map(|line| wrapped(line, "//! "))
        .collect();
    format!("{head}#![allow(dead_code)]\n\n{}\n{numbers}\n{code}", uses.concat())
}

/// Does a call name that port beside the one that has the kernel choose it?
fn is_named(program: &Program, port: &ProgramPort) -> bool {
    program.calls().any(|made| match &made.call {
        Call::Bind { address } | Call::Connect { address, .. } => {
            address.port() == port.number && port.first != Some(made.id)
        }
        _ => false,
    })
}

/// The result of a call, and how Rust differs.
fn given(program: &Program, made: &CallRecord) -> String {
    let given = made.given.comment();
    let is_told = matches!(
        &made.given,
        CallResult::Outcome(Outcome::Err(_) | Outcome::Ok(crate::outcome::Value::Ready { .. }))
    );
    match program.is_closed(made) && is_told {
        true => format!("{given}; the stream was dropped: closed"),
        false => given,
    }
}

/// A variable as a static is named.
fn named(variable: &str) -> String {
    variable.to_ascii_uppercase()
}

fn variable(program: &Program, made: &CallRecord) -> String {
    named(&program.variable(made.side, &made.socket))
}

fn address(program: &Program, address: &SocketAddr) -> String {
    let port = program.port_name(address);
    match program.is_other_family(address) {
        true => format!("at_other({port})"),
        false => format!("at({port})"),
    }
}

/// A call as an expression.
fn call(program: &Program, made: &CallRecord) -> String {
    let socket = format!("&{}", variable(program, made));
    let other = |side: Side, name| format!("&{}", named(&program.variable(side, name)));
    match &made.call {
        Call::Socket { family } => format!("make({socket}, {})", family.name()),
        Call::Bind { address: to } => match program.chosen_by(made) {
            Some(_) => format!("bind({socket}, at(0))"),
            None => format!("bind({socket}, {})", address(program, to)),
        },
        Call::Listen { backlog } => format!("listen({socket}, {backlog})"),
        Call::Accept { r#as } => format!("accept({socket}, {})", other(made.side, r#as)),
        Call::Connect { address: to, deadline } => {
            let to = address(program, to);
            match deadline {
                None => format!("connect({socket}, {to})"),
                Some(ms) => format!("connect_within({socket}, {to}, {})", ms.0),
            }
        }
        Call::Read { n, flags, deadline } => {
            let flags = joined(flags.iter().map(|flag| flag.name()));
            match (deadline, flags.as_str()) {
                (Some(ms), flags) => format!("read_within({socket}, {n}, {flags}, {})", ms.0),
                (None, "0") => format!("read({socket}, {n})"),
                (None, flags) => format!("recv({socket}, {n}, {flags})"),
            }
        }
        Call::Write {
            data,
            repeat,
            flags,
            deadline,
        } => {
            let bytes = bytes(data, *repeat);
            let flags = joined(flags.iter().map(|flag| flag.name()));
            match (deadline, flags.as_str()) {
                (Some(ms), flags) => format!("write_within({socket}, {bytes}, {flags}, {})", ms.0),
                (None, "0") => format!("write({socket}, {bytes})"),
                (None, flags) => format!("send({socket}, {bytes}, {flags})"),
            }
        }
        Call::Shutdown { how } => {
            let how = match how {
                ShutdownHow::Read => "Read",
                ShutdownHow::Write => "Write",
                ShutdownHow::Both => "Both",
            };
            format!("shutdown({socket}, Shutdown::{how})")
        }
        Call::Close => format!("close({socket})"),
        Call::RstClose => format!("linger_close({socket}, 0)"),
        Call::LingerClose { seconds } => format!("linger_close({socket}, {seconds})"),
        Call::Disconnect => format!("disconnect({socket})"),
        Call::Dup { r#as } => format!("duplicate({socket}, {})", other(made.side, r#as)),
        Call::Poll { events, timeout } => {
            let events = joined(events.iter().map(|event| event.name()));
            format!("ready({socket}, {events}, {})", timeout.0)
        }
        Call::SoError => format!("pending({socket})"),
        Call::Options => option(&socket, SocketOption::Linger2),
        Call::GetOption { option: of } => match of.kind() {
            OptionKind::Linger => format!("linger_of({socket})"),
            OptionKind::Timeout => format!("limit_of({socket}, {})", of.name()),
            OptionKind::Switch | OptionKind::Number(_) if *of == SocketOption::Nonblock => {
                format!("nonblocking({socket})")
            }
            OptionKind::Switch | OptionKind::Number(_) => option(&socket, *of),
        },
        Call::SetOption { option: of, value } => match of.kind() {
            OptionKind::Linger => format!("set_linger({socket}, {}, {})", i32::from(*value >= 0), (*value).max(0)),
            OptionKind::Timeout => {
                let (seconds, micros) = (value / 1000, value % 1000 * 1000);
                format!("set_limit({socket}, {}, {seconds}, {micros})", of.name())
            }
            OptionKind::Switch | OptionKind::Number(_) if *of == SocketOption::Nonblock => {
                format!("set_nonblocking({socket}, {})", *value != 0)
            }
            OptionKind::Switch | OptionKind::Number(_) => {
                format!("set_option({socket}, {}, {}, {value})", of.level(), of.name())
            }
        },
    }
}

fn option(socket: &str, option: SocketOption) -> String {
    format!("option({socket}, {}, {})", option.level(), option.name())
}

/// Bytes as Rust writes them.
fn bytes(data: &Bytes, repeat: usize) -> String {
    let text = format!("b\"{}\"", escaped(&data.0));
    match repeat {
        1 => text,
        _ => format!("&{text}.repeat({repeat})"),
    }
}

/// Functions of the program, of which it has those that it uses.
fn helpers(program: &Program) -> Vec<Helper> {
    let (family, other, host) = match program.ipv6 {
        true => ("AF_INET6", "AF_INET", "[::1]"),
        false => ("AF_INET", "AF_INET6", "127.0.0.1"),
    };
    let errors: String = program
        .errors()
        .iter()
        .map(|errno| format!("        {} => \"{}\",\n", errno.0, errno.name()))
        .collect();
    let values = [
        ("FAMILY", family.into()),
        ("OTHER", other.into()),
        ("HOST", host.into()),
        ("ERRORS", errors),
    ];
    helpers::of(include_str!("../../assets/code/helpers.rs"), "//", &values)
}
