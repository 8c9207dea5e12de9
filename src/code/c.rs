//! A program in C: C11, POSIX sockets and threads.

use std::fmt::Write;

use super::helpers::{self, Helper, used};
use super::words::{comment, comment_without, joined, safe, whose_limit, wrapped};
use super::{CallRecord, Program, Statement};
use crate::call::{Bytes, Call, OptionKind, SocketOption, escape};

/// The program's text.
pub fn write(program: &Program) -> String {
    let mut threads = String::new();
    let mut body = String::new();
    for statement in &program.statements {
        match statement {
            Statement::Say(prose) => {
                body.push('\n');
                let prose = wrapped(&safe(prose), "\t * ");
                let _ = writeln!(body, "\t/*{}", &prose["\t *".len()..].trim_end());
                body.truncate(body.trim_end().len());
                body.push_str(" */\n");
            }
            Statement::Call(made) => {
                let given = made.given.comment();
                if made.aside {
                    let name = format!("step{}", made.step);
                    let _ = write!(
                        threads,
                        "\nstatic const char *{name}(void)\n{{\n{}}}\n",
                        aside(program, made)
                    );
                    let _ = writeln!(
                        body,
                        "\tbegin({}, \"{}\", \"{}\", {name});\t/* {given} */",
                        made.step, made.side, made.name
                    );
                } else {
                    body.push_str(&direct(program, made, &given));
                }
            }
            Statement::Late(late) => {
                let Some(made) = program.late(late) else { continue };
                if made.aside && program.is_late_by_absent(late) {
                    let _ = writeln!(body, "\ttold({}, 200);\t/* {} */", late.step, comment_without(late));
                } else if made.aside {
                    let _ = writeln!(body, "\tawait({});\t/* {} */", late.step, comment(&late.outcome));
                }
            }
            Statement::Absent { step, what, .. } => {
                let _ = writeln!(body, "\t/* {step} not in this program: {} */", safe(what));
            }
            Statement::Limit { side, most, .. } => {
                let _ = writeln!(body, "\tlimit_descriptors({most});\t/* {} */", whose_limit(*side));
            }
            Statement::Pause(time) => {
                let _ = writeln!(body, "\tpause_ms({});", time.as_millis());
            }
            Statement::Packet(..) => {}
        }
    }
    let head = program.head(
        &format!("cc -pthread {0}.c -o {0} && ./{0}", program.name),
        program.limit(),
    );
    let head: String = head.iter().map(|line| wrapped(&safe(line), " * ")).collect();
    let sockets: Vec<String> = program
        .sockets()
        .into_iter()
        .map(|(side, name)| format!("{} = -1", program.variable(side, name)))
        .collect();
    let ports: Vec<String> = program.ports().into_iter().map(|port| port.variable).collect();
    let mut variables = String::new();
    if !sockets.is_empty() {
        let _ = writeln!(variables, "static int {};", sockets.join(", "));
    }
    if !ports.is_empty() {
        let _ = writeln!(variables, "static int {};", ports.join(", "));
    }
    let largest = program.calls().filter_map(|made| match made.call {
        Call::Read { n, .. } => Some(n),
        _ => None,
    });
    if let Some(largest) = largest.max() {
        let _ = writeln!(variables, "static char buffer[{}];", largest.max(1));
    }
    let free: String = program
        .ports()
        .into_iter()
        .filter(|port| port.first.is_none())
        .map(|port| format!("\t{} = free_port();\n", port.variable))
        .collect();
    let helpers = helpers(program);
    let main = format!(
        "{threads}\nint main(void)\n{{\n\tsetvbuf(stdout, NULL, _IOLBF, 0);\n\tsignal(SIGPIPE, SIG_IGN);\t/* write returns EPIPE instead */\n\talarm(30);\t\t/* whatever happens, the program ends */\n{free}{body}\treturn 0;\n}}\n"
    );
    let code = format!("{variables}\n{}{main}", used(&helpers, &main).join("\n"));
    let includes: String = INCLUDES
        .into_iter()
        .filter(|(_, needs)| needs.is_empty() || needs.iter().any(|word| code.contains(word)))
        .map(|(header, _)| format!("#include <{header}>\n"))
        .collect();
    format!("/*\n{head} */\n#define _GNU_SOURCE\n{includes}\n{code}")
}

/// The headers, each with the words that need it; without any it always is.
const INCLUDES: [(&str, &[&str]); 17] = [
    ("arpa/inet.h", &["htons", "ntohs"]),
    ("errno.h", &[]),
    ("fcntl.h", &["fcntl("]),
    ("netinet/in.h", &["sockaddr_in", "IPPROTO_TCP"]),
    ("netinet/tcp.h", &["TCP_"]),
    ("poll.h", &["poll("]),
    ("pthread.h", &["pthread_"]),
    ("signal.h", &[]),
    ("stdatomic.h", &["atomic_"]),
    ("stdio.h", &[]),
    ("stdlib.h", &["malloc("]),
    ("string.h", &["memcpy(", "strncpy(", "strcat("]),
    ("sys/resource.h", &["rlimit("]),
    ("sys/socket.h", &[]),
    ("sys/time.h", &["timeval"]),
    ("time.h", &[]),
    ("unistd.h", &[]),
];

/// A call in its line; the bounds of a deadline before and after it.
fn direct(program: &Program, made: &CallRecord, given: &str) -> String {
    let (before, expression, after) = around(program, made);
    let mut out = String::new();
    for line in before {
        let _ = writeln!(out, "\t{line}");
    }
    let _ = writeln!(
        out,
        "\tdone({}, \"{}\", \"{}\", {expression});\t/* {given} */",
        made.step, made.side, made.name
    );
    for line in after {
        let _ = writeln!(out, "\t{line}");
    }
    out
}

/// The body of the function that makes a call in its thread.
fn aside(program: &Program, made: &CallRecord) -> String {
    let (before, expression, after) = around(program, made);
    let mut out = String::new();
    for line in before {
        let _ = writeln!(out, "\t{line}");
    }
    if after.is_empty() {
        let _ = writeln!(out, "\treturn {expression};");
        return out;
    }
    let _ = writeln!(out, "\tconst char *result = {expression};");
    for line in after {
        let _ = writeln!(out, "\t{line}");
    }
    out.push_str("\treturn result;\n");
    out
}

/// The lines before a call, the call, whose value is its result in words, and the lines after it.
fn around(program: &Program, made: &CallRecord) -> (Vec<String>, String, Vec<String>) {
    let fd = program.variable(made.side, &made.socket);
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut by = |option: &str, deadline: &Option<crate::clock::Millis>, call: String, least: usize| match deadline {
        None => format!("number({call})"),
        Some(ms) => {
            before.push(format!("limit({fd}, {option}, {});", ms.0));
            after.push(format!("limit({fd}, {option}, 0);"));
            format!("in_time({call}, {least})")
        }
    };
    let fresh = |call: String| {
        if program.outlived() {
            format!("fresh({call})")
        } else {
            call
        }
    };
    let expression = match &made.call {
        Call::Socket { family } => {
            let family = family.name();
            let socket = fresh(format!("socket({family}, SOCK_STREAM, 0)"));
            format!("number({fd} = {socket})")
        }
        Call::Bind { address } => match program.chosen_by(made) {
            Some(port) => {
                after.push(format!("{} = port_of({fd});", port.variable));
                format!("number(bind({fd}, AT(0)))")
            }
            None => format!("number(bind({fd}, {}))", place_of(program, address)),
        },
        Call::Listen { backlog } => {
            if let Some(port) = program.chosen_by(made) {
                after.push(format!("{} = port_of({fd});", port.variable));
            }
            format!("number(listen({fd}, {backlog}))")
        }
        Call::Accept { r#as } => {
            let accept = fresh(format!("accept({fd}, NULL, NULL)"));
            format!("number({} = {accept})", program.variable(made.side, r#as))
        }
        Call::Connect { address, deadline } => by(
            "SO_SNDTIMEO",
            deadline,
            format!("connect({fd}, {})", place_of(program, address)),
            0,
        ),
        Call::Read { n, flags, deadline } => {
            let call = match flags.as_slice() {
                [] => format!("read({fd}, buffer, {n})"),
                flags => format!(
                    "recv({fd}, buffer, {n}, {})",
                    joined(flags.iter().map(|flag| flag.name()))
                ),
            };
            by("SO_RCVTIMEO", deadline, call, 0)
        }
        Call::Write {
            data,
            repeat,
            flags,
            deadline,
        } => {
            let length = data.0.len().saturating_mul(*repeat);
            let bytes = bytes(data, *repeat);
            let call = match flags.as_slice() {
                [] => format!("write({fd}, {bytes}, {length})"),
                flags => format!(
                    "send({fd}, {bytes}, {length}, {})",
                    joined(flags.iter().map(|flag| flag.name()))
                ),
            };
            by("SO_SNDTIMEO", deadline, call, length)
        }
        Call::Shutdown { how } => {
            let how = how.name();
            format!("number(shutdown({fd}, {how}))")
        }
        Call::Close => format!("number(close({fd}))"),
        Call::RstClose => format!("number(linger_close({fd}, 0))"),
        Call::LingerClose { seconds } => format!("number(linger_close({fd}, {seconds}))"),
        Call::Disconnect => format!("number(disconnect({fd}))"),
        Call::Dup { r#as } => {
            let dup = fresh(format!("dup({fd})"));
            format!("number({} = {dup})", program.variable(made.side, r#as))
        }
        Call::Poll { events, timeout } => {
            format!(
                "ready({fd}, {}, {})",
                joined(events.iter().map(|e| e.name())),
                timeout.0
            )
        }
        Call::SoError => format!("pending({fd})"),
        Call::Options => {
            let (level, name) = (SocketOption::Linger2.level(), SocketOption::Linger2.name());
            format!("option({fd}, {level}, {name})")
        }
        Call::GetOption { option } => match option.kind() {
            OptionKind::Linger => format!("linger_of({fd})"),
            OptionKind::Timeout => format!("limit_of({fd}, {})", option.name()),
            OptionKind::Switch | OptionKind::Number(_) if *option == SocketOption::Nonblock => {
                format!("nonblocking({fd})")
            }
            OptionKind::Switch | OptionKind::Number(_) => {
                let (level, name) = (option.level(), option.name());
                format!("option({fd}, {level}, {name})")
            }
        },
        Call::SetOption { option, value } => match option.kind() {
            OptionKind::Linger => format!("number(linger({fd}, {value}))"),
            OptionKind::Timeout => format!("number(limit({fd}, {}, {value}))", option.name()),
            OptionKind::Switch | OptionKind::Number(_) if *option == SocketOption::Nonblock => {
                format!(
                    "number(fcntl({fd}, F_SETFL, {}))",
                    if *value == 0 { "0" } else { "O_NONBLOCK" }
                )
            }
            OptionKind::Switch | OptionKind::Number(_) => {
                let (level, name) = (option.level(), option.name());
                format!("number(setsockopt({fd}, {level}, {name}, &(int){{ {value} }}, sizeof(int)))")
            }
        },
    };
    (before, expression, after)
}

/// An address and its length.
fn place_of(program: &Program, address: &std::net::SocketAddr) -> String {
    let at = match program.is_other_family(address) {
        false => "AT",
        true if program.ipv6 => "AT4",
        true => "AT6",
    };
    format!("{at}({})", program.port_name(address))
}

fn bytes(data: &Bytes, repeat: usize) -> String {
    match repeat {
        1 => format!("\"{}\"", escape(&data.0)),
        _ => format!("filled(\"{}\", {}, {repeat})", escape(&data.0), data.0.len()),
    }
}

/// Functions of the program, of which it has those that it uses.
fn helpers(program: &Program) -> Vec<Helper> {
    let errors: Vec<String> = program
        .errors()
        .iter()
        .map(|errno| format!("E({})", errno.name()))
        .collect();
    let errors = errors.chunks(6).map(|row| format!("\t{}\n", row.join(" "))).collect();
    let last = program.calls().map(|made| made.step).max().unwrap_or(0);
    let (family, address, port, loopback) = if program.ipv6 {
        (
            "AF_INET6",
            "sockaddr_in6",
            "sin6_port",
            ".sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback",
        )
    } else {
        (
            "AF_INET",
            "sockaddr_in",
            "sin_port",
            ".sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)",
        )
    };
    let values = [
        ("FAMILY", family.into()),
        ("SOCKADDR", address.into()),
        ("PORT", port.into()),
        ("LOOPBACK", loopback.into()),
        ("ERRORS", errors),
        ("ASIDES", (last + 1).to_string()),
    ];
    helpers::of(include_str!("../../assets/code/helpers.c"), "//", &values)
}
