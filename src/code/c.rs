//! A program in C: C11, POSIX sockets and threads.

use std::fmt::Write;

use super::{Given, Made, NAMED, Program, Statement, comment, comment_without, safe, used, wrapped};
use crate::call::{Bytes, Call, OptionKind, SocketOption, escape};
use crate::errno::Errno;

/// The program's text.
pub fn write(program: &Program) -> String {
    let mut threads = String::new();
    let mut body = String::new();
    for statement in &program.statements {
        match statement {
            Statement::Say(prose) => {
                body.push('\n');
                let prose = wrapped(&safe(prose), "\t * ", 110);
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
            Statement::Pause(time) => {
                let _ = writeln!(body, "\tpause_ms({});", time.as_millis());
            }
            Statement::Packet(..) => {}
        }
    }
    let head = program.head(&format!("cc -pthread {0}.c -o {0} && ./{0}", program.name));
    let head: String = head.iter().map(|line| wrapped_or_blank(&safe(line))).collect();
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
        "{threads}\nint main(void)\n{{\n\tsetvbuf(stdout, NULL, _IOLBF, 0);\n\tsignal(SIGPIPE, SIG_IGN);\t/* a write to nobody \
         returns EPIPE */\n\talarm(30);\t\t/* whatever happens, the program ends */\n{free}{body}\treturn 0;\n}}\n"
    );
    let code = format!("{variables}\n{}{main}", used(&helpers, &main).join("\n"));
    let includes: String = INCLUDES
        .into_iter()
        .filter(|(_, needs)| needs.is_empty() || needs.iter().any(|word| code.contains(word)))
        .map(|(header, _)| format!("#include <{header}>\n"))
        .collect();
    format!("/*\n{head} */\n#define _GNU_SOURCE\n{includes}\n{code}")
}

fn wrapped_or_blank(line: &str) -> String {
    if line.is_empty() {
        " *\n".into()
    } else {
        wrapped(line, " * ", 110)
    }
}

/// The headers, each with the words that need it; without any it always is.
const INCLUDES: [(&str, &[&str]); 16] = [
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
    ("sys/socket.h", &[]),
    ("sys/time.h", &["timeval"]),
    ("time.h", &[]),
    ("unistd.h", &[]),
];

/// A call in its line; the bounds of a deadline before and after it.
fn direct(program: &Program, made: &Made, given: &str) -> String {
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
fn aside(program: &Program, made: &Made) -> String {
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

/// What stands before a call, the call, whose value is its result in words, and what stands after it.
fn around(program: &Program, made: &Made) -> (Vec<String>, String, Vec<String>) {
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

/// The port of an address as the program names it.
fn port(program: &Program, address: &std::net::SocketAddr) -> String {
    program
        .port_of(address)
        .map_or_else(|| "0".into(), |port| port.variable)
}

/// An address and its length.
fn place_of(program: &Program, address: &std::net::SocketAddr) -> String {
    let at = match program.is_other_family(address) {
        false => "AT",
        true if program.ipv6 => "AT4",
        true => "AT6",
    };
    format!("{at}({})", port(program, address))
}

fn bytes(data: &Bytes, repeat: usize) -> String {
    match repeat {
        1 => format!("\"{}\"", escape(&data.0)),
        _ => format!("filled(\"{}\", {}, {repeat})", escape(&data.0), data.0.len()),
    }
}

fn joined<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        "0".into()
    } else {
        names.join(" | ")
    }
}

/// Every error that the program has to know by name.
pub(super) fn errors(program: &Program) -> Vec<Errno> {
    let met = program.calls().filter_map(|made| match &made.given {
        Given::Outcome(outcome) => outcome.errno(),
        Given::Blocked => None,
    });
    let mut errors: Vec<Errno> = NAMED.into_iter().chain(met).collect();
    errors.sort_by_key(|errno| errno.name());
    errors.dedup();
    errors
}

/// Functions of the program, of which it has those that it uses.
fn helpers(program: &Program) -> Vec<(&'static str, String)> {
    let names: Vec<String> = errors(program)
        .iter()
        .map(|errno| format!("E({})", errno.name()))
        .collect();
    let names: String = names.chunks(6).map(|row| format!("\t{}\n", row.join(" "))).collect();
    let address = |ipv6: bool, says: &str, name: &str| {
        let (kind, fields) = if ipv6 {
            (
                "sockaddr_in6",
                ".sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback",
            )
        } else {
            (
                "sockaddr_in",
                ".sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)",
            )
        };
        let function = name.to_lowercase();
        format!(
            "/* {says} */
#define {name}(port) {function}(port), sizeof(struct {kind})
static struct sockaddr *{function}(int port)
{{
\tstatic _Thread_local struct {kind} address;
\taddress = (struct {kind}){{ {fields} }};
\treturn (struct sockaddr *)&address;
}}
"
        )
    };
    let last = program.calls().map(|made| made.step).max().unwrap_or(0);
    let (family, kind, field) = if program.ipv6 {
        ("AF_INET6", "sockaddr_in6", "sin6_port")
    } else {
        ("AF_INET", "sockaddr_in", "sin_port")
    };
    vec![
        (
            "pause_ms",
            "static void pause_ms(int ms)
{
\tnanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
}
"
            .into(),
        ),
        (
            "AT",
            address(
                program.ipv6,
                "The address and its length: that port on the loopback address.",
                "AT",
            ),
        ),
        ("AT4", address(false, "The same of the other family.", "AT4")),
        ("AT6", address(true, "The same of the other family.", "AT6")),
        (
            "port_of",
            format!(
                "/* The port that the kernel has given to a socket. */
static int port_of(int fd)
{{
\tstruct {kind} address = {{ 0 }};
\tgetsockname(fd, (struct sockaddr *)&address, &(socklen_t){{ sizeof address }});
\treturn ntohs(address.{field});
}}
"
            ),
        ),
        (
            "free_port",
            format!(
                "/* A port that nobody has. */
static int free_port(void)
{{
\tint fd = socket({family}, SOCK_STREAM, 0);
\tbind(fd, AT(0));
\tint port = port_of(fd);
\tclose(fd);
\treturn port;
}}
"
            ),
        ),
        (
            "error_name",
            format!(
                "static const char *error_name(int error)
{{
\tswitch (error) {{
#define E(name) case name: return #name;
{names}\t}}
\treturn \"E?\";
}}
"
            ),
        ),
        (
            "number",
            "/* What a call returned, in words. */
static const char *number(long result)
{
\tstatic _Thread_local char text[32];
\tif (result < 0)
\t\tsnprintf(text, sizeof text, \"-1 %s\", error_name(errno));
\telse
\t\tsnprintf(text, sizeof text, \"%ld\", result);
\treturn text;
}
"
            .into(),
        ),
        (
            "limit",
            "/* How long a read, or a write or connect, may wait; 0 is for ever. */
static int limit(int fd, int option, int ms)
{
\tstruct timeval time = { ms / 1000, ms % 1000 * 1000 };
\treturn setsockopt(fd, SOL_SOCKET, option, &time, sizeof time);
}
"
            .into(),
        ),
        (
            "in_time",
            "/* The same for a call with a limit: EAGAIN, EINPROGRESS or fewer bytes mean that the time is up. */
static const char *in_time(long result, long least)
{
\tif (result < 0 ? errno == EAGAIN || errno == EINPROGRESS : result < least)
\t\treturn \"deadline\";
\treturn number(result);
}
"
            .into(),
        ),
        (
            "filled",
            "/* Those bytes, so many times over. */
static char *filled(const char *bytes, size_t length, size_t times)
{
\tchar *all = malloc(length * times + 1);
\tif (!all)
\t\tabort();
\tfor (size_t i = 0; i < times; i++)
\t\tmemcpy(all + i * length, bytes, length);
\treturn all;
}
"
            .into(),
        ),
        (
            "fresh",
            "/* The same socket under a number that none had before, so that a call on a closed one fails. */
static int fresh(int fd)
{
\tstatic int least = 16;
\tif (fd < 0)
\t\treturn fd;
\tint moved = fcntl(fd, F_DUPFD, least++);
\tclose(fd);
\treturn moved;
}
"
            .into(),
        ),
        (
            "linger",
            "/* SO_LINGER: so many seconds; below 0 is off. */
static int linger(int fd, int seconds)
{
\tstruct linger linger = { seconds >= 0, seconds >= 0 ? seconds : 0 };
\treturn setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}
"
            .into(),
        ),
        (
            "linger_close",
            "/* With 0 seconds close sends RST. */
static int linger_close(int fd, int seconds)
{
\tif (linger(fd, seconds) < 0)
\t\treturn -1;
\treturn close(fd);
}
"
            .into(),
        ),
        (
            "disconnect",
            "static int disconnect(int fd)
{
\tstruct sockaddr nowhere = { .sa_family = AF_UNSPEC };
\treturn connect(fd, &nowhere, sizeof nowhere);
}
"
            .into(),
        ),
        (
            "ready",
            "/* What poll reports, by name. */
static const char *ready(int fd, short events, int timeout)
{
\tstatic const struct { short bit; const char *name; } names[] = {
#define P(bit) { bit, #bit }
\t\tP(POLLIN), P(POLLPRI), P(POLLOUT), P(POLLRDHUP), P(POLLERR), P(POLLHUP), P(POLLNVAL),
\t};
\tstatic _Thread_local char text[80];
\tstruct pollfd one = { fd, events, 0 };
\tint result = poll(&one, 1, timeout);
\tif (result <= 0)
\t\treturn number(result);
\ttext[0] = 0;
\tfor (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
\t\tif (one.revents & names[i].bit)
\t\t\tstrcat(strcat(text, text[0] ? \"|\" : \"\"), names[i].name);
\treturn text;
}
"
            .into(),
        ),
        (
            "pending",
            "/* SO_ERROR: the error that waits in the socket, taken out of it. */
static const char *pending(int fd)
{
\tint error = 0;
\tif (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){ sizeof error }) < 0)
\t\treturn number(-1);
\treturn error ? error_name(error) : \"0\";
}
"
            .into(),
        ),
        (
            "option",
            "static const char *option(int fd, int level, int name)
{
\tint value = 0;
\treturn number(getsockopt(fd, level, name, &value, &(socklen_t){ sizeof value }) < 0 ? -1 : value);
}
"
            .into(),
        ),
        (
            "linger_of",
            "static const char *linger_of(int fd)
{
\tstruct linger linger = { 0 };
\tif (getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &(socklen_t){ sizeof linger }) < 0)
\t\treturn number(-1);
\treturn linger.l_onoff ? number(linger.l_linger) : \"-1\";
}
"
            .into(),
        ),
        (
            "limit_of",
            "static const char *limit_of(int fd, int option)
{
\tstruct timeval time = { 0 };
\tif (getsockopt(fd, SOL_SOCKET, option, &time, &(socklen_t){ sizeof time }) < 0)
\t\treturn number(-1);
\treturn number(time.tv_sec * 1000 + time.tv_usec / 1000);
}
"
            .into(),
        ),
        (
            "nonblocking",
            "static const char *nonblocking(int fd)
{
\tint flags = fcntl(fd, F_GETFL);
\treturn number(flags < 0 ? -1 : !!(flags & O_NONBLOCK));
}
"
            .into(),
        ),
        (
            "done",
            "/* Prints what a call returned, and gives the segments that it sent a moment to arrive. */
static void done(int step, const char *end, const char *call, const char *result)
{
\tprintf(\"%d %s %s %s\\n\", step, end, call, result);
\tpause_ms(20);
}
"
            .into(),
        ),
        (
            "begin",
            "/* Calls that wait for others: each in a thread of its own, known by its step. */
static struct aside {
\tconst char *(*make)(void), *end, *call;
\tchar result[80];
\tatomic_int begun, over, told;
} asides[@];

static void *thread(void *arg)
{
\tstruct aside *aside = arg;
\taside->begun = 1;
\tstrncpy(aside->result, aside->make(), sizeof aside->result - 1);
\taside->over = 1;
\treturn NULL;
}

/* Prints what it returned, if it does so within a moment, the first time that this is asked. */
static int told(int step, int ms)
{
\tstruct aside *aside = &asides[step];
\tfor (; ms > 0 && !(aside->begun && aside->over); ms -= aside->begun)
\t\tpause_ms(1);
\tif (aside->over && !aside->told) {
\t\taside->told = 1;
\t\tdone(step, aside->end, aside->call, aside->result);
\t}
\treturn aside->told;
}

static void begin(int step, const char *end, const char *call, const char *(*make)(void))
{
\tpthread_t id;
\tasides[step] = (struct aside){ .make = make, .end = end, .call = call };
\tpthread_create(&id, NULL, thread, &asides[step]);
\tpthread_detach(id);
\tif (!told(step, 200))
\t\tdone(step, end, call, \"blocked\");
}
"
            .replace('@', &(last + 1).to_string()),
        ),
        (
            "await",
            "static void await(int step)
{
\ttold(step, 5000);
}
"
            .into(),
        ),
    ]
}
