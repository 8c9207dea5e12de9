//! Calls as they are written down: a system call as `strace` prints it, and a call in the words of a language.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

use crate::errno::Errno;

/// A call as a programmer writes it, `read(5, ..., 1024)`, with the text behind it. [`Display`](fmt::Display) gives the text that it
/// was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct CallText {
    /// The text before the arguments: `read`, `conn.Write`; all of it where there are none.
    pub name: String,
    /// The arguments; none where there are no parentheses.
    pub args: Option<Vec<String>>,
    /// The text behind the arguments: nothing, another call (`, close(5)`), a remark of the language (` // for bind()`).
    pub rest: String,
}

impl CallText {
    /// Reads a call.
    pub fn parse(text: &str) -> CallText {
        let Some((name, behind)) = text.split_once('(') else {
            return CallText::bare(text);
        };
        let Some((args, rest)) = arguments(behind) else {
            return CallText::bare(text);
        };
        CallText {
            name: name.to_owned(),
            args: Some(args),
            rest: rest.to_owned(),
        }
    }

    fn bare(text: &str) -> CallText {
        CallText {
            name: text.to_owned(),
            args: None,
            rest: String::new(),
        }
    }

    /// The first argument: for most calls the descriptor.
    pub fn first(&self) -> Option<&str> {
        self.args.as_ref()?.first().map(String::as_str)
    }

    /// The name of a call that follows: a lingering close is two.
    pub fn then(&self) -> Option<String> {
        let next = CallText::parse(self.rest.strip_prefix(", ")?);
        next.args.is_some().then_some(next.name)
    }

    /// Returns it with `more` behind it, and with less and less of the arguments: for narrow places, the longest first.
    pub fn cuts(&self, more: &str) -> Vec<String> {
        let whole = format!("{self}{more}");
        match self.args {
            Some(_) => vec![whole, format!("{}(..){more}", self.name)],
            None => vec![whole],
        }
    }

    /// Returns it with its result, of which `short` is what matters most, and `more` behind it; with less and less of the arguments, and
    /// last without its name: for narrow places, the longest first. What does not fit even then keeps its name.
    pub fn cuts_returned(&self, result: &str, short: &str, more: &str) -> Vec<String> {
        let (name, first) = (&self.name, self.first().unwrap_or(""));
        vec![
            format!("{self} = {result}{more}"),
            format!("{name}({first}, ..) = {result}{more}"),
            format!("{name}({first}, ..) = {short}"),
            format!("{name}(..) = {short}"),
            format!("{name} = {short}"),
            format!("= {short}"),
        ]
    }
}

impl fmt::Display for CallText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(args) = &self.args {
            write!(f, "({})", args.join(", "))?;
        }
        f.write_str(&self.rest)
    }
}

impl From<String> for CallText {
    fn from(text: String) -> CallText {
        CallText::parse(&text)
    }
}

impl From<&str> for CallText {
    fn from(text: &str) -> CallText {
        CallText::parse(text)
    }
}

impl From<CallText> for String {
    fn from(call: CallText) -> String {
        call.to_string()
    }
}

/// A system call that was made. [`Display`](fmt::Display) gives the line as `strace` prints it, without its duration:
/// `shutdown(5, SHUT_WR) = -1 EPIPE (Broken pipe)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "TracedCall", into = "TracedCall")]
pub struct Syscall {
    /// The name: `shutdown`.
    pub name: String,
    /// The arguments; none where the line has no parentheses.
    pub args: Option<Vec<String>>,
    /// The result: `3`, `-1 EPIPE`; none where the line does not say.
    pub result: Option<String>,
    /// The remark on the result: `Broken pipe`.
    pub remark: Option<String>,
    /// The errno, when it failed.
    pub errno: Option<Errno>,
    /// The time that it took.
    pub duration: Duration,
}

impl Syscall {
    /// Reads a line of `strace`'s, without its duration.
    pub fn parse(line: &str, errno: Option<Errno>, duration: Duration) -> Syscall {
        let call = CallText::parse(line);
        let whole = || Syscall {
            name: line.to_owned(),
            args: None,
            result: None,
            remark: None,
            errno,
            duration,
        };
        if call.args.is_none() {
            return whole();
        }
        let (result, remark) = match call.rest.strip_prefix(" = ") {
            Some(result) => match result.strip_suffix(')').and_then(|result| result.split_once(" (")) {
                Some((result, remark)) => (Some(result.to_owned()), Some(remark.to_owned())),
                None => (Some(result.to_owned()), None),
            },
            None if call.rest.is_empty() => (None, None),
            None => return whole(),
        };
        Syscall {
            name: call.name,
            args: call.args,
            result,
            remark,
            errno,
            duration,
        }
    }

    /// The call without what it returned.
    pub fn call(&self) -> CallText {
        CallText {
            name: self.name.clone(),
            args: self.args.clone(),
            rest: String::new(),
        }
    }

    /// The line with `more` behind it, and with less and less of it: for narrow places, the longest first.
    pub fn cuts(&self, more: &str) -> Vec<String> {
        let call = self.call();
        match (&self.result, &self.remark) {
            (Some(result), Some(remark)) => call.cuts_returned(&format!("{result} ({remark})"), result, more),
            (Some(result), None) => call.cuts_returned(result, result, more),
            (None, _) => call.cuts(more),
        }
    }
}

impl fmt::Display for Syscall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(args) = &self.args {
            write!(f, "({})", args.join(", "))?;
        }
        if let Some(result) = &self.result {
            write!(f, " = {result}")?;
        }
        match &self.remark {
            Some(remark) => write!(f, " ({remark})"),
            None => Ok(()),
        }
    }
}

/// A system call as the protocol and the JSON output have it: as a line.
#[derive(Serialize, Deserialize)]
struct TracedCall {
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    errno: Option<Errno>,
    ns: u64,
}

impl From<TracedCall> for Syscall {
    fn from(traced: TracedCall) -> Syscall {
        Syscall::parse(&traced.text, traced.errno, Duration::from_nanos(traced.ns))
    }
}

impl From<Syscall> for TracedCall {
    fn from(made: Syscall) -> TracedCall {
        TracedCall {
            text: made.to_string(),
            errno: made.errno,
            ns: u64::try_from(made.duration.as_nanos()).unwrap_or(u64::MAX),
        }
    }
}

/// The arguments that `text` begins with, up to the parenthesis that closes them, and what stands behind it. What stands in quotes, or in
/// parentheses, brackets and braces of its own, is of one argument.
fn arguments(text: &str) -> Option<(Vec<String>, &str)> {
    let (mut args, mut start, mut open) = (Vec::new(), 0, Vec::new());
    let mut quoted = false;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if quoted => drop(chars.next()),
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => open.push(c),
            ')' if open.is_empty() => {
                if at > 0 {
                    args.push(text[start..at].to_owned());
                }
                return Some((args, &text[at + 1..]));
            }
            ')' | ']' | '}' => {
                let opens = match c {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                if open.pop() != Some(opens) {
                    return None;
                }
            }
            ',' if open.is_empty() && text[at..].starts_with(", ") => {
                args.push(text[start..at].to_owned());
                start = at + 2;
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str) -> Syscall {
        Syscall::parse(line, None, Duration::ZERO)
    }

    fn args(line: &str) -> Vec<String> {
        read(line).args.unwrap()
    }

    #[test]
    fn a_line_is_its_name_its_arguments_and_what_it_returned() {
        let connect =
            read("connect(3, {sa_family=AF_INET, sin_port=htons(8080)}, 16) = -1 ECONNREFUSED (Connection refused)");
        assert_eq!(connect.name, "connect");
        assert_eq!(
            connect.args.as_deref().unwrap(),
            ["3", "{sa_family=AF_INET, sin_port=htons(8080)}", "16"]
        );
        assert_eq!(connect.result.as_deref(), Some("-1 ECONNREFUSED"));
        assert_eq!(connect.remark.as_deref(), Some("Connection refused"));
        assert_eq!(args("getpid() = 7"), [""; 0]);
        assert_eq!(read("close(3) = 0").result.as_deref(), Some("0"));
        assert_eq!(read("close(3)").result, None);
    }

    #[test]
    fn what_a_program_writes_is_one_argument() {
        assert_eq!(
            args(r#"write(5, "a, b) = \"3", 9) = 9"#),
            ["5", r#""a, b) = \"3""#, "9"]
        );
        assert_eq!(
            args(r#"write(5, "(((["..., 4096) = 4096"#)[1],
            r#""((([" ..."#.replace(' ', "")
        );
        assert_eq!(args("getsockopt(5, SOL_TCP, TCP_INFO, [1, 2], [8]) = 0")[3], "[1, 2]");
    }

    #[test]
    fn what_is_no_call_is_kept_whole() {
        for line in [
            "",
            "read",
            "read(",
            "read(5, [)",
            "fcntl(3, F_GETFL) & O_NONBLOCK",
            "exited with 0",
        ] {
            assert_eq!((read(line).name.as_str(), read(line).args), (line, None));
        }
    }

    #[test]
    fn a_call_of_a_language_has_what_follows_it() {
        let closes = CallText::parse("setsockopt(5, SOL_SOCKET, SO_LINGER, {1, 0}, 8), close(5)");
        assert_eq!((closes.first(), closes.then().as_deref()), (Some("5"), Some("close")));
        let remarks = CallText::parse("conn.connect(address) // for bind()");
        assert_eq!((remarks.name.as_str(), remarks.then()), ("conn.connect", None));
        assert_eq!(remarks.rest, " // for bind()");
    }

    #[test]
    fn the_cuts_keep_what_was_returned() {
        let call = "connect(3, {sa_family=AF_INET, sin_port=htons(8080)}, 16) = -1 ECONNREFUSED (Connection refused)";
        assert_eq!(
            read(call).cuts("   <34 us>"),
            [
                &format!("{call}   <34 us>"),
                "connect(3, ..) = -1 ECONNREFUSED (Connection refused)   <34 us>",
                "connect(3, ..) = -1 ECONNREFUSED",
                "connect(..) = -1 ECONNREFUSED",
                "connect = -1 ECONNREFUSED",
                "= -1 ECONNREFUSED",
            ]
        );
        assert_eq!(CallText::parse("read(5, ..., 9)").cuts(" ...")[1], "read(..) ...");
    }

    proptest! {
        #[test]
        fn every_line_is_given_back(line in r#"[a-z.]{0,9}[(]?([a-z0-9"\\ ,(){}\[\]=.é-]|, | = | \()*\)?( = (-1 )?[A-Z0-9]*( \([a-z ]*\))?)?"#) {
            prop_assert_eq!(read(&line).to_string(), &line[..]);
            prop_assert_eq!(CallText::parse(&line).to_string(), &line[..]);
        }

        #[test]
        fn any_text_is_given_back(line in any::<String>()) {
            prop_assert_eq!(read(&line).to_string(), &line[..]);
            prop_assert_eq!(CallText::parse(&line).to_string(), &line[..]);
            let json = serde_json::to_string(&read(&line)).unwrap();
            prop_assert_eq!(serde_json::from_str::<Syscall>(&json).unwrap(), read(&line));
        }
    }
}
