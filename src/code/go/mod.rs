//! A program in Go: its `net` package, and `syscall` on a conn's descriptor where `net` has no word for a call.

use std::collections::BTreeSet;
use std::fmt::Write;

use self::layout::{aligned, columns, entries, without_comment};
use self::making::{GoCall, GoTranslator, Omission, changes_nothing, is_after_dial, listens};
use super::helpers::{self, Helper, used};
use super::words::{comment, comment_without, wrapped};
use super::{CallRecord, CallResult, Program, Statement};
use crate::outcome::Outcome;

mod layout;
mod making;

/// The standard library's packages that a program may use.
const PACKAGES: [&str; 10] = [
    "bytes", "context", "errors", "fmt", "io", "net", "os", "sync", "syscall", "time",
];

/// The program's text.
pub fn write(program: &Program) -> String {
    let body = Body::of(program);
    let globals = body.globals();
    let main = format!(
        "\nfunc main() {{\n\ttime.AfterFunc(30*time.Second, func() {{ panic(\"too long\") }}) // whatever happens, the program \
         ends\n{}}}\n",
        aligned(&body.text)
    );
    let helpers = helpers(program);
    let helpers: String = used(&helpers, &format!("{globals}{main}"))
        .into_iter()
        .map(|helper| format!("\n{helper}"))
        .collect();
    let code = format!("{globals}{main}{helpers}");
    let names = |package: &str| {
        let name = format!("{package}.");
        code.lines().any(|line| without_comment(line).contains(&name))
    };
    let imports: String = PACKAGES
        .into_iter()
        .filter(|package| names(package))
        .map(|package| format!("\t\"{package}\"\n"))
        .collect();
    format!(
        "{}package main\n\nimport (\n{imports})\n{code}",
        head(program, body.without)
    )
}

/// The body of `main`.
struct Body<'a> {
    program: &'a Program,
    maker: GoTranslator<'a>,
    text: String,
    /// The calls that were begun in goroutines: their places among the statements.
    begun: BTreeSet<usize>,
    /// An error is kept in `main` itself.
    has_err: bool,
    /// A call that is not made may be what a later call waits for, or needs: from there on none may hold the program up.
    astray: bool,
    /// The first step with a call that Go does not make, where nothing else was left out before.
    without: Option<usize>,
    /// All such steps.
    not_made: BTreeSet<usize>,
}

impl<'a> Body<'a> {
    fn of(program: &'a Program) -> Body<'a> {
        let mut body = Body {
            program,
            maker: GoTranslator::new(program),
            text: String::new(),
            begun: BTreeSet::new(),
            has_err: false,
            astray: false,
            without: None,
            not_made: BTreeSet::new(),
        };
        for (place, statement) in program.statements.iter().enumerate() {
            body.statement(place, statement);
        }
        body
    }

    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "\t{line}");
    }

    fn statement(&mut self, place: usize, statement: &Statement) {
        match statement {
            Statement::Say(prose) => {
                let _ = write!(self.text, "\n{}", wrapped(prose, "\t// "));
            }
            Statement::Call(made) => self.call(place, made),
            Statement::Late(late) if self.begun.contains(&late.of) => {
                let step = late.step;
                if self.not_made.contains(&late.came) || self.program.is_late_by_absent(late) {
                    let given = comment_without(late);
                    self.line(&format!("asides[{step}](200 * time.Millisecond) // {given}"));
                } else {
                    self.line(&format!("wait({step}) // {}", comment(&late.outcome)));
                }
            }
            Statement::Late(_) | Statement::Packet(..) => {}
            Statement::Absent { step, what, .. } => {
                self.astray = true;
                self.line(&format!("// {step} not in this program: {what}"));
            }
            // Dial makes the socket: what the other end connects while the limit lasts would fail by it.
            Statement::Limit { step, side, .. } => {
                self.without.get_or_insert(*step);
                self.astray = true;
                self.line(&format!(
                    "// {step} {side} limit not in this program: both ends are one process, and Dial would meet it"
                ));
            }
            Statement::Pause(time) => self.line(&format!("time.Sleep({} * time.Millisecond)", time.as_millis())),
        }
    }

    fn call(&mut self, place: usize, made: &CallRecord) {
        let aside = made.aside || self.astray;
        let (before, result, after) = match self.maker.making(made) {
            GoCall::Not(why) => return self.not_made(made, why),
            GoCall::Does { before, result, after } => (before, result, after),
            GoCall::Makes { name, call, after } => {
                // In `main` one `err` serves all; a goroutine has its own.
                self.has_err |= !aside;
                let own = aside.then(|| "var err error".to_owned());
                let before = own.into_iter().chain([format!("{name}, err = {call}")]);
                (before.collect(), "number(0, err)".into(), after)
            }
        };
        let given = given(self.program, made);
        let at = format!("{}, \"{}\", \"{}\"", made.step, made.side, made.name);
        if aside {
            self.begun.insert(place);
            self.line(&format!("begin({at}, func() string {{ // {given}"));
            for line in before {
                self.line(&format!("\t{}", line.replace('\n', "\n\t")));
            }
            if made.call.has_deadline() {
                for line in after {
                    self.line(&format!("\tdefer {line}"));
                }
            }
            self.line(&format!("\treturn {}", result.replace('\n', "\n\t")));
            self.line("})");
            // It ends by itself, and is over before the next.
            if made.call.has_deadline() && matches!(made.given, CallResult::Outcome(_)) {
                self.line(&format!("wait({})", made.step));
            }
        } else {
            for line in before {
                self.line(&line);
            }
            self.line(&format!("done({at}, {result}) // {given}"));
            for line in after {
                self.line(&line);
            }
        }
    }

    fn not_made(&mut self, made: &CallRecord, why: Omission) {
        if why != Omission::Later && !changes_nothing(self.program, made) {
            if !self.astray {
                self.without = Some(made.step);
            }
            self.astray = true;
            self.not_made.insert(made.step);
        }
        self.line(&format!(
            "// {} {} {} not in this program: {} ({})",
            made.step,
            made.side,
            made.name,
            why.words(),
            made.given.comment()
        ));
    }

    /// The declarations.
    fn globals(&self) -> String {
        let mut variables = self.maker.variables.clone();
        variables.extend(self.program.ports().into_iter().map(|port| {
            if listens(self.program, &port) {
                format!("{} int", port.variable)
            } else {
                format!("{} = freePort()", port.variable)
            }
        }));
        variables.extend(self.has_err.then(|| "err error".into()));
        if variables.is_empty() {
            return String::new();
        }
        format!("\nvar (\n{})\n", columns(&variables))
    }
}

/// The comment above the program; `without` is the first step that it is without.
fn head(program: &Program, without: Option<usize>) -> String {
    // It sets no limit.
    let mut head = program.head(&format!("go run {}.go", program.name), None);
    let how = head.pop().unwrap_or_default();
    head.push(
        "Go does some things by itself: Dial and Listen make the socket, and Dial closes it when it fails; on a conn that it knows to be closed it makes no call, so there is no errno: closed."
            .into(),
    );
    if let Some(step) = without {
        head.push(String::new());
        head.push(format!(
            "Step {step} has a call that Go does not make, so later calls may return something else."
        ));
    }
    head.push(String::new());
    let head: String = head.iter().map(|line| wrapped(line, "// ")).collect();
    // gofmt knows a line of code in a comment by its tab.
    format!("{head}//\t{}\n", how.trim())
}

/// The result of a call, and how Go differs.
fn given(program: &Program, made: &CallRecord) -> String {
    let given = made.given.comment();
    match &made.given {
        CallResult::Outcome(Outcome::Err(_)) if program.is_closed(made) => format!("{given}; Go's word: closed"),
        _ => given,
    }
}

/// Functions of the program, of which it has those that it uses.
fn helpers(program: &Program) -> Vec<Helper> {
    let (network, host, address) = if program.ipv6 {
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
    let errors: Vec<(String, String)> = program
        .errors()
        .iter()
        .map(|errno| (format!("syscall.{}", errno.name()), format!("\"{}\"", errno.name())))
        .collect();
    let values = [
        ("NETWORK", network.into()),
        ("HOST", host.into()),
        ("SOCKADDR", address.into()),
        ("KNOWN", known.into()),
        ("ERRORS", entries(&errors)),
    ];
    helpers::of(include_str!("../../../assets/code/helpers.go"), "//", &values)
}
