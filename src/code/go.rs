//! A program in Go: its `net` package, and `syscall` on a conn's descriptor where `net` has no word for a call.

use std::collections::HashMap;
use std::fmt::Write;

use super::c::errors;
use super::{Given, Made, Program, ProgramPort, Statement, comment, comment_without, used, wrapped};
use crate::call::{Bytes, Call, How, OptionKind, SocketName, SocketOption};
use crate::outcome::{Outcome, Value};
use crate::side::Side;

/// What Go has of a socket.
#[derive(Clone, Debug, Default)]
enum Holds {
    /// Nothing that a method could be called on.
    #[default]
    Nothing,
    /// What `Dial` or `Listen` is to do: where to bind, if anywhere, and what to set.
    Noted {
        local: Option<String>,
        settings: Vec<String>,
    },
    /// A `*net.TCPConn`.
    Conn,
    /// A `*net.TCPListener`.
    Listener,
}

/// A call as Go makes it.
enum Making {
    /// An expression that is its result in words; statements before and after it.
    Does {
        before: Vec<String>,
        result: String,
        after: Vec<String>,
    },
    /// Go does not make it; why.
    Not(&'static str),
}

impl Making {
    fn result(result: String) -> Making {
        Making::Does {
            before: Vec::new(),
            result,
            after: Vec::new(),
        }
    }
}

/// The program's text.
pub fn write(program: &Program) -> String {
    let mut sockets: HashMap<(Side, SocketName), Holds> = HashMap::new();
    let mut variables: Vec<String> = Vec::new();
    let mut begun = Vec::new();
    let mut has_err = false;
    // What is not made may be what a later call waits for, or needs: from there on none may hold the program up.
    let mut astray = false;
    let mut without = None;
    let mut not_made = Vec::new();
    let mut body = String::new();
    for (place, statement) in program.statements.iter().enumerate() {
        match statement {
            Statement::Say(prose) => {
                let _ = write!(body, "\n{}", wrapped(prose, "\t// ", 110));
            }
            Statement::Call(made) => {
                let given = given(program, made);
                match making(program, made, &mut sockets, &mut variables) {
                    Making::Not(why) => {
                        if why != LATER && !changes_nothing(program, made) {
                            if !astray {
                                without = Some(made.step);
                            }
                            astray = true;
                            not_made.push(made.step);
                        }
                        let _ = writeln!(
                            body,
                            "\t// {} {} {} not in this program: {why} ({})",
                            made.step,
                            made.side,
                            made.name,
                            made.given.comment()
                        );
                    }
                    Making::Does { before, result, after } => {
                        let at = format!("{}, \"{}\", \"{}\"", made.step, made.side, made.name);
                        let lines = |body: &mut String, indent: &str, lines: &[String]| {
                            for line in lines {
                                let line = line.replace('\n', &format!("\n{}", &indent[1..]));
                                let _ = writeln!(body, "{indent}{line}");
                            }
                        };
                        if made.aside || astray {
                            begun.push(place);
                            let _ = writeln!(body, "\tbegin({at}, func() string {{ // {given}");
                            lines(&mut body, "\t\t", &before);
                            let _ = writeln!(body, "\t\treturn {}\n\t}})", result.replace('\n', "\n\t"));
                        } else {
                            has_err |= before.iter().any(|line| line == OWN_ERR);
                            let before: Vec<String> = before.into_iter().filter(|line| line != OWN_ERR).collect();
                            lines(&mut body, "\t", &before);
                            let _ = writeln!(body, "\tdone({at}, {result}) // {given}");
                            lines(&mut body, "\t", &after);
                        }
                    }
                }
            }
            Statement::Late(late) if begun.contains(&late.of) => {
                if not_made.contains(&late.came) || program.is_late_by_absent(late) {
                    let _ = writeln!(
                        body,
                        "\tasides[{}](200 * time.Millisecond) // {}",
                        late.step,
                        comment_without(late)
                    );
                } else {
                    let _ = writeln!(body, "\twait({}) // {}", late.step, comment(&late.outcome));
                }
            }
            Statement::Late(_) | Statement::Packet(..) => {}
            Statement::Absent { step, what, .. } => {
                astray = true;
                let _ = writeln!(body, "\t// {step} not in this program: {what}");
            }
            Statement::Pause(time) => {
                let _ = writeln!(body, "\ttime.Sleep({} * time.Millisecond)", time.as_millis());
            }
        }
    }
    let mut head: Vec<String> = program.head(&format!("go run {}.go", program.name));
    let how = head.pop();
    head.push(
        "Go does some things by itself: Dial and Listen make the socket, and Dial closes it when it fails; a closed conn is \
         known to be closed, and no call is made. No errno stands behind that: closed."
            .into(),
    );
    if let Some(step) = without {
        head.push(String::new());
        head.push(format!(
            "Step {step} has a call that Go does not make, and from there on calls may return something else."
        ));
    }
    head.push(String::new());
    let head: String = head
        .iter()
        .map(|line| {
            if line.is_empty() {
                "//\n".into()
            } else {
                wrapped(line, "// ", 110)
            }
        })
        .collect();
    let how = format!("//\t{}\n", how.unwrap_or_default().trim());
    let mut globals = String::new();
    for port in program.ports() {
        if listens(program, &port) {
            variables.push(format!("{} int", port.variable));
        } else {
            variables.push(format!("{} = freePort()", port.variable));
        }
    }
    if has_err {
        variables.push("err error".into());
    }
    if !variables.is_empty() {
        globals = format!("\nvar (\n{})\n", columns(&variables));
    }
    let main = format!(
        "\nfunc main() {{\n\ttime.AfterFunc(30*time.Second, func() {{ panic(\"too long\") }}) // whatever happens, the program \
         ends\n{}}}\n",
        aligned(&body)
    );
    let helpers = helpers(program);
    let helpers: String = used(&helpers, &format!("{globals}{main}"))
        .into_iter()
        .map(|helper| format!("\n{helper}"))
        .collect();
    let code = format!("{globals}{main}{helpers}");
    let imports: String = [
        "bytes", "context", "errors", "fmt", "io", "net", "os", "sync", "syscall", "time",
    ]
    .into_iter()
    .filter(|package| {
        code.lines()
            .any(|line| without_comment(line).contains(&format!("{package}.")))
    })
    .map(|package| format!("\t\"{package}\"\n"))
    .collect();
    format!("{head}{how}package main\n\nimport (\n{imports})\n{code}")
}

/// Does the kernel choose that port for a listener? Only a listener can say which one it got; Dial has to be told.
fn listens(program: &Program, port: &ProgramPort) -> bool {
    let first = program.calls().find(|made| port.first == Some(made.id));
    let Some(first) = first else { return false };
    let is_its = |made: &Made| (made.side, &made.socket) == (first.side, &first.socket);
    // Until it listens, no other may need the port.
    let others = |made: &Made| matches!(&made.call, Call::Bind { address } if address.port() == port.number);
    let mut decides = program
        .calls()
        .filter(|made| is_its(made) && matches!(made.call, Call::Listen { .. }) || !is_its(made) && others(made));
    decides.next().is_some_and(is_its)
}

/// Declarations in gofmt's columns.
fn columns(lines: &[String]) -> String {
    let widest = lines
        .iter()
        .map(|line| line.find(' ').unwrap_or(line.len()))
        .max()
        .unwrap_or(0);
    let column = |line: &String| match line.split_once(' ') {
        // gofmt leaves a column for the type free where others have one.
        Some((name, rest)) => format!("\t{name:<widest$} {rest}\n"),
        None => format!("\t{line}\n"),
    };
    lines.iter().map(column).collect()
}

/// A line without the comment at its end, or with nothing if it is one.
fn without_comment(line: &str) -> &str {
    match line.rsplit_once("// ") {
        Some((code, _)) if code.trim().is_empty() || code.ends_with(' ') => code,
        _ => line,
    }
}

/// Comments of lines that follow on each other in one column, as gofmt has them.
fn aligned(body: &str) -> String {
    let lines: Vec<(&str, Option<&str>)> = body
        .lines()
        .map(|line| match line.rsplit_once(" // ") {
            Some((code, comment)) if code.starts_with("\t") && !code.trim_start().starts_with("//") => {
                (code, Some(comment))
            }
            _ => (line, None),
        })
        .collect();
    let mut out = String::new();
    // The end of a call of several lines stands alone.
    let joins = |line: &(&str, Option<&str>)| line.1.is_some() && !line.0.starts_with("\t}");
    for run in lines.chunk_by(|a, b| joins(a) && joins(b)) {
        let widest = run.iter().map(|(code, _)| code.chars().count()).max().unwrap_or(0);
        for (code, comment) in run {
            let _ = match comment {
                Some(comment) => writeln!(out, "{code:<widest$} // {comment}"),
                None => writeln!(out, "{code}"),
            };
        }
    }
    out
}

/// What a call gave back, and what Go does differently.
fn given(program: &Program, made: &Made) -> String {
    let given = made.given.comment();
    match &made.given {
        Given::Outcome(Outcome::Err(_)) if program.is_closed(made) => format!("{given}; Go's word: closed"),
        _ => given,
    }
}

/// Is that a `connect` after one that has connected the socket?
fn is_after_dial(program: &Program, made: &Made) -> bool {
    let connects = |made: &Made| matches!(made.call, Call::Connect { .. });
    connects(made)
        && program
            .before(made)
            .any(|before| connects(before) && before.given.is_ok())
}

/// Does `Dial` or `Listen` follow on a socket, and do what this call does?
fn is_done_later(program: &Program, made: &Made) -> bool {
    let after = program.calls().skip_while(|after| after.id != made.id).skip(1);
    let mut of_it = after
        .filter(|after| after.side == made.side && after.socket == made.socket)
        .take_while(|after| !after.call.is_close());
    of_it.any(|after| match &after.call {
        Call::Listen { .. } => true,
        Call::Bind { .. } => is_failing_listen(program, after),
        Call::Connect { address, .. } => !program.is_other_family(address),
        _ => false,
    })
}

/// Is that a `bind` which fails in `Listen`, as no other call makes it?
fn is_failing_listen(program: &Program, made: &Made) -> bool {
    let binds = |made: &Made| matches!(made.call, Call::Bind { .. });
    let is_bound = program.before(made).any(|before| binds(before) && before.given.is_ok());
    binds(made) && !made.given.is_ok() && !is_bound && made.socket.as_str().starts_with("listener")
}

/// A socket as Go names variables.
fn variable(program: &Program, side: Side, socket: &SocketName) -> String {
    let mut name = String::new();
    for (n, word) in program.variable(side, socket).split('_').enumerate() {
        let mut chars = word.chars();
        match chars.next() {
            Some(first) if n > 0 => name.extend(first.to_uppercase().chain(chars)),
            _ => name.push_str(word),
        }
    }
    name
}

const NO_CONN: &str = "net has a socket only in a conn or a listener";
/// In `main` one `err` serves all; a goroutine has its own.
const OWN_ERR: &str = "var err error";
const LATER: &str = "Dial or Listen does it";

#[allow(clippy::too_many_lines)] // one arm for each call
fn making(
    program: &Program,
    made: &Made,
    sockets: &mut HashMap<(Side, SocketName), Holds>,
    variables: &mut Vec<String>,
) -> Making {
    let name = variable(program, made.side, &made.socket);
    let key = (made.side, made.socket.clone());
    let holds = sockets.get(&key).cloned().unwrap_or_default();
    let port = |address: &std::net::SocketAddr| {
        program
            .port_of(address)
            .map_or_else(|| "0".to_owned(), |port| port.variable)
    };
    let mut declare = |name: &str, kind: &str| {
        let line = format!("{name} *net.{kind}");
        if !variables.contains(&line) {
            variables.push(line);
        }
    };
    let has = matches!(holds, Holds::Conn | Holds::Listener);
    let raw = |call: String| {
        // gofmt leaves only a short body in one line.
        let body = match call.len() {
            0..=70 => format!(" {call} "),
            _ => format!("\n\t\t{}\n\t", call.replace("; ", "\n\t\t")),
        };
        Making::result(format!("number(raw({name}, func(fd int) (int, error) {{{body}}}))"))
    };
    let plain = |call: String| raw(format!("return 0, {call}"));
    let later = || Making::Not(if is_done_later(program, made) { LATER } else { NO_CONN });
    match (&made.call, holds) {
        (Call::Bind { address } | Call::Connect { address, .. }, _) if program.is_other_family(address) => {
            Making::Not("Dial and Listen make a socket of the address's own family")
        }
        (Call::Socket { .. }, _) => {
            let (local, settings) = (None, Vec::new());
            sockets.insert(key, Holds::Noted { local, settings });
            later()
        }
        (Call::Bind { .. }, Holds::Noted { local: Some(_), .. }) => Making::Not("Dial and Listen bind once"),
        (Call::Bind { address }, Holds::Noted { settings, .. }) => {
            let local = match program.chosen_by(made) {
                Some(port) if listens(program, &port) => "0".into(),
                Some(_) | None => port(address),
            };
            if is_failing_listen(program, made) {
                // Another Listen is as good as another bind.
                declare(&name, "TCPListener");
                let settings = arguments(&settings);
                return Making::Does {
                    before: vec![OWN_ERR.into(), format!("{name}, err = listen({local}, 0{settings})")],
                    result: "number(0, err)".into(),
                    after: Vec::new(),
                };
            }
            let local = Some(local);
            sockets.insert(key, Holds::Noted { local, settings });
            later()
        }
        (Call::SetOption { option, value }, Holds::Noted { local, mut settings }) => {
            if *option == SocketOption::Nonblock {
                return Making::Not("every socket of Go's is O_NONBLOCK, and its calls wait all the same");
            }
            if !made.given.is_ok() {
                return Making::Not("Dial and Listen would fail with it");
            }
            let setting = setting(*option, *value);
            settings.push(match setting.len() {
                0..=70 => format!("func(fd int) error {{ return {setting} }}"),
                _ => format!("func(fd int) error {{\n\t\treturn {setting}\n\t}}"),
            });
            sockets.insert(key, Holds::Noted { local, settings });
            later()
        }
        (Call::Listen { backlog }, Holds::Noted { local, settings }) => {
            let local = local.unwrap_or_else(|| "0".into());
            declare(&name, "TCPListener");
            sockets.insert(
                key,
                if made.given.is_ok() {
                    Holds::Listener
                } else {
                    Holds::Nothing
                },
            );
            let settings = arguments(&settings);
            let socket = program
                .calls()
                .take_while(|before| before.id != made.id)
                .filter(|before| before.side == made.side && before.socket == made.socket);
            let chosen = socket.chain([made]).find_map(|made| program.chosen_by(made));
            let chosen = chosen.filter(|port| listens(program, port));
            let after = chosen.map(|port| format!("{} = {name}.Addr().(*net.TCPAddr).Port", port.variable));
            Making::Does {
                before: vec![
                    OWN_ERR.into(),
                    format!("{name}, err = listen({local}, {backlog}{settings})"),
                ],
                result: "number(0, err)".into(),
                after: after.into_iter().collect(),
            }
        }
        (Call::Connect { address, deadline }, Holds::Noted { local, settings }) => {
            let local = local.unwrap_or_else(|| "0".into());
            let nonblocking = |before: &Made| {
                let nonblock = SocketOption::Nonblock;
                before.side == made.side
                    && before.socket == made.socket
                    && matches!(before.call, Call::SetOption { option, value } if option == nonblock && value != 0)
            };
            if program.calls().any(nonblocking) {
                sockets.insert(key, Holds::Nothing);
                return Making::Not("Dial waits until the connection is there");
            }
            declare(&name, "TCPConn");
            let fails = matches!(
                made.given,
                Given::Outcome(Outcome::Err(_) | Outcome::DeadlineExceeded { .. })
            );
            if !fails {
                sockets.insert(key, Holds::Conn);
            }
            let limit = deadline.map_or_else(|| "0".into(), |ms| format!("{}*time.Millisecond", ms.0));
            let settings = arguments(&settings);
            Making::Does {
                before: vec![
                    OWN_ERR.into(),
                    format!("{name}, err = dial({local}, {}, {limit}{settings})", port(address)),
                ],
                result: "number(0, err)".into(),
                after: Vec::new(),
            }
        }
        (Call::Disconnect, _) => Making::Not("syscall has no address of AF_UNSPEC"),
        (Call::Poll { .. }, _) => Making::Not("neither net nor syscall has poll"),
        (Call::Options | Call::GetOption { .. }, _) => Making::Not("net has no way to read options"),
        _ if !has => Making::Not(NO_CONN),
        (Call::Bind { address }, _) => plain(format!("syscall.Bind(fd, at({}))", port(address))),
        (Call::Listen { backlog }, _) => plain(format!("syscall.Listen(fd, {backlog})")),
        (Call::Connect { address, .. }, _) => plain(format!("syscall.Connect(fd, at({}))", port(address))),
        (Call::Accept { r#as }, Holds::Listener) => {
            let accepted = variable(program, made.side, r#as);
            declare(&accepted, "TCPConn");
            sockets.insert((made.side, r#as.clone()), Holds::Conn);
            Making::Does {
                before: vec![OWN_ERR.into(), format!("{accepted}, err = {name}.AcceptTCP()")],
                result: "number(0, err)".into(),
                after: Vec::new(),
            }
        }
        (Call::Accept { .. }, _) => raw("fd, _, err := syscall.Accept(fd); return fd, err".into()),
        (Call::Read { n, flags, deadline }, holds) => {
            let waitall = flags.as_slice() == [crate::call::ReadFlag::Waitall];
            let result = match holds {
                Holds::Conn if flags.is_empty() => format!("number({name}.Read(make([]byte, {n})))"),
                Holds::Conn if waitall => format!("number(io.ReadFull({name}, make([]byte, {n})))"),
                _ if flags.is_empty() => {
                    return raw(format!("return syscall.Read(fd, make([]byte, {n}))"));
                }
                _ => {
                    let flags: Vec<String> = flags.iter().map(|flag| format!("syscall.{}", flag.name())).collect();
                    let flags = flags.join("|");
                    return raw(format!(
                        "n, _, err := syscall.Recvfrom(fd, make([]byte, {n}), {flags}); return n, err"
                    ));
                }
            };
            limited(&name, "SetReadDeadline", *deadline, result)
        }
        (
            Call::Write {
                data,
                repeat,
                flags,
                deadline,
            },
            holds,
        ) => {
            let bytes = bytes(data, *repeat);
            match holds {
                Holds::Conn if flags.is_empty() => limited(
                    &name,
                    "SetWriteDeadline",
                    *deadline,
                    format!("number({name}.Write({bytes}))"),
                ),
                _ if flags.is_empty() => raw(format!("return syscall.Write(fd, {bytes})")),
                _ => {
                    let flags: Vec<String> = flags.iter().map(|flag| format!("syscall.{}", flag.name())).collect();
                    let flags = flags.join("|");
                    raw(format!("return syscall.SendmsgN(fd, {bytes}, nil, nil, {flags})"))
                }
            }
        }
        (Call::Shutdown { how: How::Read }, Holds::Conn) => Making::result(format!("number(0, {name}.CloseRead())")),
        (Call::Shutdown { how: How::Write }, Holds::Conn) => Making::result(format!("number(0, {name}.CloseWrite())")),
        (Call::Shutdown { how }, _) => {
            let how = how.name();
            plain(format!("syscall.Shutdown(fd, syscall.{how})"))
        }
        (Call::Close, _) => Making::result(format!("number(0, {name}.Close())")),
        (Call::RstClose, _) => Making::result(format!("number(0, lingerClose({name}, 0))")),
        (Call::LingerClose { seconds }, _) => Making::result(format!("number(0, lingerClose({name}, {seconds}))")),
        (Call::Dup { r#as }, Holds::Conn) => {
            let copy = variable(program, made.side, r#as);
            declare(&copy, "TCPConn");
            sockets.insert((made.side, r#as.clone()), Holds::Conn);
            Making::Does {
                before: vec![OWN_ERR.into(), format!("{copy}, err = duplicate({name})")],
                result: "number(0, err)".into(),
                after: Vec::new(),
            }
        }
        (Call::Dup { .. }, _) => Making::Not("net can only double a conn"),
        (Call::SoError, _) => Making::result(format!("pending({name})")),
        (Call::SetOption { option, .. }, _) if *option == SocketOption::Nonblock => {
            Making::Not("every socket of Go's is O_NONBLOCK, and its calls wait all the same")
        }
        (Call::SetOption { option, value }, _) => plain(setting(*option, *value)),
    }
}

/// Did that call leave everything as it was: as one that only looks, or one on no descriptor?
fn changes_nothing(program: &Program, made: &Made) -> bool {
    let looks = match made.call {
        Call::Poll { .. } | Call::Options | Call::GetOption { .. } => true,
        // It takes the error that it finds.
        Call::SoError => matches!(
            made.given,
            Given::Outcome(Outcome::Ok(Value::PendingError { error: None }))
        ),
        _ => false,
    };
    looks || program.is_closed(made)
}

/// A call on a conn with a deadline, which is taken away again.
fn limited(name: &str, set: &str, deadline: Option<crate::clock::Millis>, result: String) -> Making {
    let Some(ms) = deadline else {
        return Making::result(result);
    };
    Making::Does {
        before: vec![format!("{name}.{set}(time.Now().Add({} * time.Millisecond))", ms.0)],
        result,
        after: vec![format!("{name}.{set}(time.Time{{}})")],
    }
}

fn arguments(settings: &[String]) -> String {
    settings.iter().map(|setting| format!(", {setting}")).collect()
}

/// The call that sets an option.
fn setting(option: SocketOption, value: i64) -> String {
    let (level, name) = (option.level(), option.name());
    match option.kind() {
        OptionKind::Linger => {
            let on = i32::from(value >= 0);
            format!(
                "syscall.SetsockoptLinger(fd, syscall.{level}, syscall.{name}, &syscall.Linger{{Onoff: {on}, Linger: {}}})",
                value.max(0)
            )
        }
        OptionKind::Timeout => {
            format!(
                "syscall.SetsockoptTimeval(fd, syscall.{level}, syscall.{name}, &syscall.Timeval{{Sec: {}, Usec: {}}})",
                value / 1000,
                value % 1000 * 1000
            )
        }
        OptionKind::Switch | OptionKind::Number(_) => {
            // syscall's table is an old one.
            let name = match option {
                SocketOption::UserTimeout => "18 /* TCP_USER_TIMEOUT */".into(),
                SocketOption::Reuseport => "15 /* SO_REUSEPORT */".into(),
                _ => format!("syscall.{name}"),
            };
            format!("syscall.SetsockoptInt(fd, syscall.{level}, {name}, {value})")
        }
    }
}

/// Bytes as Go writes them.
fn bytes(data: &Bytes, repeat: usize) -> String {
    let mut text = String::new();
    for byte in &data.0 {
        match byte {
            b'"' | b'\\' => text.extend(['\\', *byte as char]),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            b' '..=b'~' => text.push(*byte as char),
            _ => {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    match repeat {
        1 => format!("[]byte(\"{text}\")"),
        _ => format!("bytes.Repeat([]byte(\"{text}\"), {repeat})"),
    }
}

/// Functions of the program, of which it has those that it uses.
fn helpers(program: &Program) -> Vec<(&'static str, String)> {
    let names: String = errors(program)
        .iter()
        .map(|errno| format!("\tsyscall.{}: \"{0}\",\n", errno.name()))
        .collect();
    let widest = errors(program)
        .iter()
        .map(|errno| errno.name().len())
        .max()
        .unwrap_or(0);
    let names: String = names
        .lines()
        .map(|line| match line.split_once(": ") {
            Some((name, rest)) => format!("{:<width$} {rest}\n", format!("{name}:"), width = widest + 10),
            None => String::new(),
        })
        .collect();
    let (network, host, raw_address) = if program.ipv6 {
        (
            "tcp6",
            "net.IPv6loopback",
            "&syscall.SockaddrInet6{Port: port, Addr: [16]byte{15: 1}}",
        )
    } else {
        (
            "tcp4",
            "net.IPv4(127, 0, 0, 1)",
            "&syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}",
        )
    };
    let known = if program.calls().any(|made| is_after_dial(program, made)) {
        "\t// Dial connects without waiting: a second connect is what lets the kernel know that this is over.
\traw(conn.(*net.TCPConn), func(fd int) (int, error) { return 0, syscall.Connect(fd, at(port)) })
"
    } else {
        ""
    };
    vec![
        (
            "freePort",
            format!(
                "// freePort finds a port that nobody has.
func freePort() int {{
\tl, err := net.ListenTCP(\"{network}\", loopback(0))
\tif err != nil {{
\t\tpanic(err)
\t}}
\tdefer l.Close()
\treturn l.Addr().(*net.TCPAddr).Port
}}
"
            ),
        ),
        (
            "loopback",
            format!("func loopback(port int) *net.TCPAddr {{\n\treturn &net.TCPAddr{{IP: {host}, Port: port}}\n}}\n"),
        ),
        (
            "at",
            format!("func at(port int) syscall.Sockaddr {{\n\treturn {raw_address}\n}}\n"),
        ),
        (
            "listen",
            format!(
                "// listen makes a listener with a backlog. Listen sets SO_REUSEADDR, and this takes it away again.
func listen(port, backlog int, settings ...func(fd int) error) (*net.TCPListener, error) {{
\tnoReuse := func(fd int) error {{ return syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0) }}
\tconfig := net.ListenConfig{{Control: control(append([]func(fd int) error{{noReuse}}, settings...))}}
\tl, err := config.Listen(context.Background(), \"{network}\", loopback(port).String())
\tif err != nil {{
\t\treturn nil, err
\t}}
\tlistener := l.(*net.TCPListener)
\t_, err = raw(listener, func(fd int) (int, error) {{ return 0, syscall.Listen(fd, backlog) }})
\treturn listener, err
}}
"
            ),
        ),
        (
            "dial",
            format!(
                "// dial connects from a port of this end, 0 being any.
func dial(local, port int, limit time.Duration, settings ...func(fd int) error) (*net.TCPConn, error) {{
\tdialer := net.Dialer{{Timeout: limit, Control: control(settings)}}
\tif local != 0 {{
\t\tdialer.LocalAddr = loopback(local)
\t}}
\tconn, err := dialer.Dial(\"{network}\", loopback(port).String())
\tif err != nil {{
\t\treturn nil, err
\t}}
{known}\treturn conn.(*net.TCPConn), nil
}}
"
            ),
        ),
        (
            "control",
            "// control sets options before bind.
func control(settings []func(fd int) error) func(network, address string, c syscall.RawConn) error {
\treturn func(_, _ string, c syscall.RawConn) (err error) {
\t\tc.Control(func(fd uintptr) {
\t\t\tfor _, set := range settings {
\t\t\t\tif err == nil {
\t\t\t\t\terr = set(int(fd))
\t\t\t\t}
\t\t\t}
\t\t})
\t\treturn err
\t}
}
"
            .into(),
        ),
        (
            "raw",
            "// raw makes a system call on a conn's descriptor.
func raw(conn syscall.Conn, call func(fd int) (int, error)) (n int, err error) {
\tc, err := conn.SyscallConn()
\tif err != nil {
\t\treturn 0, err
\t}
\tif closed := c.Control(func(fd uintptr) { n, err = call(int(fd)) }); closed != nil {
\t\treturn 0, closed
\t}
\treturn n, err
}
"
            .into(),
        ),
        (
            "duplicate",
            "// duplicate makes a second conn of the same socket.
func duplicate(conn *net.TCPConn) (*net.TCPConn, error) {
\tfile, err := conn.File()
\tif err != nil {
\t\treturn nil, err
\t}
\tdefer file.Close()
\tcopied, err := net.FileConn(file)
\tif err != nil {
\t\treturn nil, err
\t}
\treturn copied.(*net.TCPConn), nil
}
"
            .into(),
        ),
        (
            "lingerClose",
            "// lingerClose with 0 seconds sends RST.
func lingerClose(conn interface {
\tsyscall.Conn
\tClose() error
}, seconds int32) error {
\t_, err := raw(conn, func(fd int) (int, error) {
\t\tlinger := syscall.Linger{Onoff: 1, Linger: seconds}
\t\treturn 0, syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &linger)
\t})
\tif err != nil {
\t\treturn err
\t}
\treturn conn.Close()
}
"
            .into(),
        ),
        (
            "pending",
            "// pending is SO_ERROR: the error that waits in the socket, taken out of it.
func pending(conn syscall.Conn) string {
\tn, err := raw(conn, func(fd int) (int, error) {
\t\treturn syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
\t})
\tif err != nil || n == 0 {
\t\treturn number(0, err)
\t}
\treturn names[syscall.Errno(n)]
}
"
            .into(),
        ),
        (
            "number",
            format!(
                "// number is what a call returned, in words.
func number(n int, err error) string {{
\tvar errno syscall.Errno
\tvar timeout net.Error
\tswitch {{
\tcase err == nil || err == io.EOF || err == io.ErrUnexpectedEOF:
\t\treturn fmt.Sprint(n)
\tcase errors.As(err, &errno):
\t\treturn \"-1 \" + names[errno]
\tcase errors.Is(err, net.ErrClosed):
\t\treturn \"-1 closed\"
\tcase errors.As(err, &timeout) && timeout.Timeout():
\t\treturn \"deadline\"
\t}}
\treturn \"-1 \" + err.Error()
}}

var names = map[syscall.Errno]string{{
{names}}}
"
            ),
        ),
        (
            "done",
            "// done prints what a call returned, and gives the segments that it sent a moment to arrive.
func done(step int, end, call, result string) {
\tfmt.Println(step, end, call, result)
\ttime.Sleep(20 * time.Millisecond)
}
"
            .into(),
        ),
        (
            "begin",
            "// asides are the calls that wait for others, by their steps.
var asides = map[int]func(time.Duration) bool{}

// begin makes such a call in a goroutine.
func begin(step int, end, call string, make func() string) {
\tbegun, over := make_(), make_()
\tgo func() {
\t\tdefer func() {
\t\t\tif recover() != nil { // of a conn that an earlier call did not give
\t\t\t\tover <- \"-1 nil\"
\t\t\t}
\t\t}()
\t\tbegun <- \"\"
\t\tover <- make()
\t}()
\t<-begun
\ttold := false
\tasides[step] = func(limit time.Duration) bool {
\t\tif told {
\t\t\treturn true
\t\t}
\t\tselect {
\t\tcase result := <-over:
\t\t\ttold = true
\t\t\tdone(step, end, call, result)
\t\tcase <-time.After(limit):
\t\t}
\t\treturn told
\t}
\tif !asides[step](200 * time.Millisecond) {
\t\tdone(step, end, call, \"blocked\")
\t}
}
"
            .replace("make func() string", "do func() string")
            .replace("over <- make()", "over <- do()")
            .replace(
                "begun, over := make_(), make_()",
                "begun, over := make(chan string), make(chan string, 1)",
            ),
        ),
        (
            "wait",
            "// wait prints what such a call returned, within some seconds.
func wait(step int) {
\tasides[step](5 * time.Second)
}
"
            .into(),
        ),
    ]
}
