//! A program in Python 3: its `socket` module.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::helpers::{self, Helper, used};
use super::words::{comment, comment_without, escaped, whose_limit, wrapped};
use super::{CallRecord, CallResult, Program, Statement};
use crate::call::{Bytes, Call, OptionKind, SocketOption};
use crate::clock::Millis;

/// The program's text.
pub fn write(program: &Program) -> String {
    let mut body = String::new();
    for statement in &program.statements {
        match statement {
            Statement::Say(prose) => {
                let _ = write!(body, "\n{}", wrapped(prose, "# "));
            }
            Statement::Call(made) => {
                if let Some(why) = left_out(program, &made.call) {
                    let given = made.given.comment();
                    let _ = writeln!(
                        body,
                        "# {} {} {} not in this program: {why} ({given})",
                        made.step, made.side, made.name
                    );
                    continue;
                }
                let (kept, call) = call(program, made);
                let doing = if made.aside { "begin" } else { "done" };
                let kept = kept.filter(|_| made.given != CallResult::Blocked);
                let kept = kept.map_or_else(String::new, |kept| format!("{kept} = "));
                let _ = writeln!(
                    body,
                    "{kept}{doing}({}, \"{}\", \"{}\", lambda: {call})  # {}",
                    made.step,
                    made.side,
                    made.name,
                    given(program, made)
                );
                if let Some(port) = program.chosen_by(made) {
                    let socket = program.variable(made.side, &made.socket);
                    let _ = writeln!(body, "{} = {socket}.getsockname()[1]", port.variable);
                }
            }
            Statement::Late(late) => {
                let made = program.late(late);
                if let Some(made) = made.filter(|made| made.aside && left_out(program, &made.call).is_none()) {
                    let kept = call(program, made).0;
                    let kept = kept.map_or_else(String::new, |kept| format!("{kept} = "));
                    if program.is_late_by_absent(late) {
                        let _ = writeln!(body, "{kept}wait({}, 0.2)  # {}", made.step, comment_without(late));
                    } else {
                        let _ = writeln!(body, "{kept}wait({})  # {}", made.step, comment(&late.outcome));
                    }
                }
            }
            Statement::Absent { step, what, .. } => {
                let _ = writeln!(body, "# {step} not in this program: {what}");
            }
            Statement::Limit { side, most, .. } => {
                let _ = writeln!(body, "limit_descriptors({most})  # {}", whose_limit(*side));
            }
            Statement::Pause(time) => {
                let _ = writeln!(body, "time.sleep({})", seconds(Millis(time.as_millis() as u32)));
            }
            Statement::Packet(..) => {}
        }
    }
    let head = program.head(&format!("python3 {}.py", program.name), program.limit());
    let head: String = head.iter().map(|line| wrapped(line, "")).collect();
    let head = head.replace('\\', "\\\\").replace("\"\"\"", "'''");
    let host = if program.ipv6 { "::1" } else { "127.0.0.1" };
    let mut start = format!("HOST = \"{host}\"\n");
    for port in program.ports().into_iter().filter(|port| port.first.is_none()) {
        let _ = writeln!(start, "{} = free_port()", port.variable);
    }
    let unmade = program.calls().filter(|made| program.is_unmade(made));
    let unmade: BTreeSet<String> = unmade.map(|made| program.variable(made.side, &made.socket)).collect();
    for variable in unmade {
        let _ = writeln!(start, "{variable} = no_socket()");
    }
    // Named before a call that may fail, or return in another thread.
    let made_late = program.calls().filter(|made| made.aside);
    for variable in made_late.filter_map(|made| call(program, made).0) {
        let _ = writeln!(start, "{variable} = None");
    }
    let main = format!("{start}signal.alarm(30)  # whatever happens, the program ends\n{body}");
    let helpers = helpers(program);
    let helpers = used(&helpers, &main).join("\n\n");
    let code = format!("{helpers}\n\n{main}");
    let imports: String = [
        "ctypes",
        "errno",
        "fcntl",
        "os",
        "resource",
        "select",
        "signal",
        "socket",
        "struct",
        "threading",
        "time",
    ]
    .into_iter()
    .filter(|module| code.contains(&format!("{module}.")))
    .map(|module| format!("import {module}\n"))
    .collect();
    format!("#!/usr/bin/env python3\n\"\"\"{}\"\"\"\n{imports}\n\n{code}", head)
}

/// The result of a call, and how Python differs.
fn given(program: &Program, made: &CallRecord) -> String {
    let given = made.given.comment();
    match &made.call {
        Call::Close if program.is_closed(made) => format!("{given}; a Python socket closes only once: 0"),
        Call::Poll { .. } if program.is_closed(made) => {
            format!("{given}; Python has no descriptor left to use: closed")
        }
        _ => given,
    }
}

/// Returns the reason why Python does not make that call; none when it does.
fn left_out(program: &Program, call: &Call) -> Option<&'static str> {
    match call {
        Call::Bind { address } | Call::Connect { address, .. } if program.is_other_family(address) => {
            Some("the socket module knows addresses of the socket's own family only")
        }
        _ => None,
    }
}

/// A call as an expression, and the variable that keeps what it makes.
fn call(program: &Program, made: &CallRecord) -> (Option<String>, String) {
    let socket = program.variable(made.side, &made.socket);
    let mut kept = None;
    let in_time = |deadline: &Option<Millis>, call: String| match deadline {
        None => call,
        Some(ms) => format!("within({socket}, {}, lambda: {call})", seconds(*ms)),
    };
    let call = match &made.call {
        Call::Socket { family } => {
            kept = Some(socket);
            let family = family.name();
            format!("socket.socket(socket.{family})")
        }
        Call::Bind { address } => match program.chosen_by(made) {
            Some(_) => format!("{socket}.bind((HOST, 0))"),
            None => format!("{socket}.bind((HOST, {}))", program.port_name(address)),
        },
        Call::Listen { backlog } => format!("{socket}.listen({backlog})"),
        Call::Accept { r#as } => {
            kept = Some(program.variable(made.side, r#as));
            format!("{socket}.accept()[0]")
        }
        Call::Connect { address, deadline } => in_time(
            deadline,
            format!("{socket}.connect((HOST, {}))", program.port_name(address)),
        ),
        Call::Read { n, flags, deadline } => {
            let flags = joined(flags.iter().map(|flag| flag.name()));
            in_time(deadline, format!("{socket}.recv({n}{flags})"))
        }
        Call::Write {
            data,
            repeat,
            flags,
            deadline,
        } => {
            let bytes = bytes(data, *repeat);
            let flags = joined(flags.iter().map(|flag| flag.name()));
            match deadline {
                None => format!("{socket}.send({bytes}{flags})"),
                // With a timeout send is content with a part, as no blocking write is.
                Some(_) => {
                    let length = data.0.len().saturating_mul(*repeat);
                    in_time(deadline, format!("{socket}.sendall({bytes}{flags}) or {length}"))
                }
            }
        }
        Call::Shutdown { how } => {
            let how = how.name();
            format!("{socket}.shutdown(socket.{how})")
        }
        Call::Close => format!("{socket}.close()"),
        Call::RstClose => format!("linger_close({socket}, 0)"),
        Call::LingerClose { seconds } => format!("linger_close({socket}, {seconds})"),
        Call::Disconnect => format!("disconnect({socket})"),
        Call::Dup { r#as } => {
            kept = Some(program.variable(made.side, r#as));
            format!("{socket}.dup()")
        }
        Call::Poll { events, timeout } => {
            let events: Vec<String> = events.iter().map(|event| format!("select.{}", event.name())).collect();
            let events = if events.is_empty() {
                "0".into()
            } else {
                events.join(" | ")
            };
            format!("ready({socket}, {events}, {})", timeout.0)
        }
        Call::SoError => format!("pending({socket})"),
        Call::Options => {
            let (level, name) = (SocketOption::Linger2.level(), SocketOption::Linger2.name());
            format!("{socket}.getsockopt(socket.{level}, socket.{name})")
        }
        Call::GetOption { option } => {
            let (level, name) = (option.level(), option.name());
            match option.kind() {
                OptionKind::Linger => {
                    format!("linger_of({socket})")
                }
                OptionKind::Timeout => format!("limit_of({socket}, socket.{name})"),
                OptionKind::Switch | OptionKind::Number(_) if *option == SocketOption::Nonblock => {
                    format!("int(not os.get_blocking({socket}.fileno()))")
                }
                OptionKind::Switch | OptionKind::Number(_) => {
                    format!("{socket}.getsockopt(socket.{level}, {})", constant(*option))
                }
            }
        }
        Call::SetOption { option, value } => {
            let (level, name) = (option.level(), option.name());
            match option.kind() {
                OptionKind::Linger => {
                    let packed = format!("struct.pack(\"ii\", {}, {})", i32::from(*value >= 0), (*value).max(0));
                    format!("{socket}.setsockopt(socket.{level}, socket.{name}, {packed})")
                }
                OptionKind::Timeout => {
                    let packed = format!("struct.pack(\"ll\", {}, {})", value / 1000, value % 1000 * 1000);
                    format!("{socket}.setsockopt(socket.{level}, socket.{name}, {packed})")
                }
                OptionKind::Switch | OptionKind::Number(_) if *option == SocketOption::Nonblock => {
                    let blocking = if *value == 0 { "True" } else { "False" };
                    format!("{socket}.setblocking({blocking})")
                }
                OptionKind::Switch | OptionKind::Number(_) => {
                    format!("{socket}.setsockopt(socket.{level}, {}, {value})", constant(*option))
                }
            }
        }
    };
    (kept, call)
}

/// An option's name in Python; its number where the module has no name for it.
fn constant(option: SocketOption) -> String {
    format!("socket.{}", option.name())
}

fn seconds(time: Millis) -> String {
    format!("{}", f64::from(time.0) / 1e3)
}

fn joined<'a>(flags: impl Iterator<Item = &'a str>) -> String {
    let flags: Vec<String> = flags.map(|flag| format!("socket.{flag}")).collect();
    if flags.is_empty() {
        String::new()
    } else {
        format!(", {}", flags.join(" | "))
    }
}

/// Bytes as Python writes them.
fn bytes(data: &Bytes, repeat: usize) -> String {
    let text = format!("b\"{}\"", escaped(&data.0));
    match repeat {
        1 => text,
        _ => format!("{text} * {repeat}"),
    }
}

/// Functions of the program, of which it has those that it uses.
fn helpers(program: &Program) -> Vec<Helper> {
    // A socket that an earlier call did not give is none only where a program goes on regardless.
    let none = if program.differs().is_some() {
        "    except AttributeError:\n        return \"no socket\", None\n"
    } else {
        ""
    };
    let family = if program.ipv6 { "AF_INET6" } else { "AF_INET" };
    let values = [("FAMILY", family.into()), ("NO_SOCKET", none.into())];
    helpers::of(include_str!("../../assets/code/helpers.py"), "#", &values)
}
