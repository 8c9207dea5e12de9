//! From text to a [`Command`], or one sentence about what is wrong, where, and what would be right.

use super::arguments::ParsedArguments;
use super::complaint::nearest;
use super::table::{self, Spec, Verb};
use super::token::{Tokens, tokens};
use super::{Command, EndCommand, programs};
use crate::side::Side;

pub use super::complaint::ParseError;

/// The word before the wire's commands.
pub const WIRE: &str = "wire";

/// Reads a command. `side` is the end that is meant when the text names none; without it an end must be named.
///
/// # Errors
///
/// [`ParseError`]: the text is no command; where it is wrong, and what would be right.
pub fn parse(text: &str, side: Option<Side>) -> Result<Command, ParseError> {
    if let Some(run) = run(text, side) {
        return run;
    }
    let tokens = tokens(text)?;
    let mut rest = tokens.as_slice();
    let end_of_text = text.chars().count() + 1;
    let mut end = side;
    let mut named_side = false;
    let mut named_wire = false;
    if let Some((first, after)) = rest.split_first()
        && first.name.is_none()
    {
        if let Some(named) = Side::BOTH.into_iter().find(|side| side.name() == first.text()) {
            (end, rest, named_side) = (Some(named), after, true);
        } else if first.text() == WIRE {
            (rest, named_wire) = (after, true);
        }
    }
    let Some((verb, args)) = rest.split_first() else {
        return Err(ParseError {
            column: end_of_text,
            why: if named_side {
                "a command is missing, like listen, connect, read or close".into()
            } else if named_wire {
                "a command is missing, like step, deliver, drop or hold".into()
            } else {
                "a command is missing, like client connect or server listen".into()
            },
            nearest: Vec::new(),
        });
    };
    let fits = |spec: &Spec| match spec.verb {
        Verb::Screen(_) => !named_side && !named_wire,
        Verb::Wire(_) => !named_side,
        Verb::End(_) => !named_wire,
    };
    let spec = if verb.name.is_none() {
        table::named(&verb.text()).filter(|spec| !named_wire || fits(spec))
    } else {
        None
    };
    let Some(spec) = spec else {
        if named_side && verb.whole() == WIRE {
            return Err(verb.wrong("wire takes no end before it, as in wire drop".into()));
        }
        let mut valid: Vec<&str> = table::TABLE
            .iter()
            .filter(|spec| fits(spec))
            .map(|spec| spec.name)
            .collect();
        if !named_side && !named_wire {
            valid.extend(Side::BOTH.map(Side::name));
            valid.push(WIRE);
        }
        return Err(ParseError {
            column: verb.column,
            why: if named_wire {
                format!("\"{}\" is not a command of the wire", verb.whole())
            } else {
                format!("\"{}\" is not a command", verb.whole())
            },
            nearest: nearest(&verb.text(), &valid),
        });
    };
    let given = ParsedArguments::collect(spec, args, end_of_text)?;
    match spec.verb {
        Verb::Screen(command) if !named_side => Ok(Command::Screen(given.build_screen(command)?)),
        Verb::Screen(_) => Err(verb.wrong(format!(
            "{} is a command of the screen, and takes no end before it",
            spec.name
        ))),
        Verb::Wire(_) if named_side || (!named_wire && side.is_none()) => {
            Err(verb.wrong(format!("{} is a command of the wire: wire {0}", spec.name)))
        }
        Verb::Wire(does) => Ok(Command::Wire(given.build_wire(does)?)),
        Verb::End(does) => match end {
            Some(end) => Ok(Command::End(end, given.build(does)?)),
            None => Err(ParseError {
                column: verb.column,
                why: format!("{} needs an end before it: client {0} or server {0}", spec.name),
                nearest: Vec::new(),
            }),
        },
    }
}

/// Reads a command that starts a program, whose command line is the rest of the text and need not be words of ours; none for any other.
fn run(text: &str, side: Option<Side>) -> Option<Result<Command, ParseError>> {
    let mut words = Tokens::of(text);
    let mut verb = words.next_token().ok()??;
    let named = Side::BOTH
        .into_iter()
        .find(|side| verb.name.is_none() && side.name() == verb.text());
    if named.is_some() {
        verb = words.next_token().ok()??;
    }
    if !programs::takes_the_rest(&verb) {
        return None;
    }
    // Without an end it is wrong like any other.
    let side = named.or(side)?;
    let spec = programs::spec(text, words);
    Some(spec.map(|spec| Command::End(side, EndCommand::Run(Box::new(spec)))))
}

impl Spec {
    /// Is it about the screen rather than an end?
    pub const fn is_screen(&self) -> bool {
        matches!(self.verb, Verb::Screen(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Bytes, Call, SocketName};
    use crate::clock::Millis;
    use crate::command::{Address, CallRequest, ScreenCommand, ThemeName};
    use crate::program::ProgramSpec;
    use proptest::prelude::*;

    fn end(text: &str) -> EndCommand {
        match parse(text, None) {
            Ok(Command::End(_, command)) => command,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn complaint(text: &str) -> String {
        parse(text, None).unwrap_err().to_string()
    }

    #[test]
    fn commands_read_as_they_are_spoken() {
        assert_eq!(
            end("server listen backlog=5"),
            EndCommand::Call {
                on: None,
                call: CallRequest::Full(Call::Listen { backlog: 5 })
            }
        );
        assert_eq!(
            end(r#"client write "hi\n\x00\33" nosignal on=client2"#),
            EndCommand::Call {
                on: SocketName::new("client2"),
                call: CallRequest::Full(Call::Write {
                    data: Bytes(b"hi\n\0\x1b".to_vec()),
                    repeat: 1,
                    flags: vec![crate::call::WriteFlag::Nosignal],
                    deadline: None
                })
            }
        );
        assert_eq!(
            end("client connect 10.0.0.2:80 deadline=250"),
            EndCommand::Call {
                on: None,
                call: CallRequest::Connect {
                    address: Address::Full("10.0.0.2:80".parse().unwrap()),
                    deadline: Some(Millis(250))
                }
            }
        );
        assert_eq!(parse("quit", None), Ok(Command::Screen(ScreenCommand::Quit)));
        assert_eq!(parse("theme", None), Ok(Command::Screen(ScreenCommand::Themes)));
        let dark = ThemeName::new("dark").unwrap();
        assert_eq!(
            parse("theme dark", None),
            Ok(Command::Screen(ScreenCommand::UseTheme(dark)))
        );
        assert_eq!(
            complaint("theme ../dark"),
            "column 7: a theme's name has small letters, digits and hyphens, like dark, not ../dark"
        );
    }

    /// A command line is kept as it was typed: it is for a shell, not for us, to read quotes, signs and words in it.
    #[test]
    fn a_programs_command_line_is_the_rest_of_the_text() {
        let run = |text: &str| match end(text) {
            EndCommand::Run(spec) => *spec,
            other => panic!("{text}: {other:?}"),
        };
        let plain = |run: &str| ProgramSpec {
            run: run.into(),
            ..ProgramSpec::default()
        };
        for line in [
            "curl -sS http://server:8080/",
            r#"sh -c 'echo "on=client2'"#,
            r"printf '\q' | cat > /dev/null",
            "LANG=C nginx  -c ./nginx.conf",
            "a=b",
            "\"my server\" --port 8080",
        ] {
            assert_eq!(run(&format!("client run {line}")), plain(line));
            assert_eq!(
                parse(&format!("run {line}"), Some(Side::Client)),
                parse(&format!("client run {line}"), None)
            );
        }
        let spec = run(r#"server run cwd=/srv env=A=1 env="B=two words" file="n.conf=a\nb" terminal=yes -- env=3 x"#);
        assert_eq!(
            spec,
            ProgramSpec {
                run: "env=3 x".into(),
                env: vec![("A".into(), "1".into()), ("B".into(), "two words".into())],
                cwd: Some("/srv".into()),
                files: vec![("n.conf".into(), "a\nb".into())],
                stdin: None,
                terminal: true,
            }
        );
        let input = run(r#"client run stdin="PING\r\n" nc server 6379"#);
        assert_eq!(input.stdin.as_deref(), Some("PING\r\n"));
        for (side, spec) in [(Side::Server, spec), (Side::Client, input)] {
            let command = Command::End(side, EndCommand::Run(Box::new(spec)));
            assert_eq!(parse(&command.to_string(), None), Ok(command));
        }
        assert_eq!(
            complaint("client run stdin=a terminal=yes cat"),
            "column 33: stdin is for a program without a terminal: with terminal=yes its input is the terminal"
        );
        // What a wrong escape makes of an argument is no command line.
        let escape =
            r#"an escape is \n, \r, \t, \v, \f, \\, \", \x1b (two hexadecimal digits) or \33 (up to three octal ones)"#;
        assert_eq!(
            complaint(r#"client run env=A=1 stdin="one\n\!two" psql"#),
            format!("column 32: {escape}")
        );
        assert_eq!(
            complaint(r#"client run file="a=b cat a"#),
            "column 17: this quote is not closed"
        );
        assert_eq!(
            complaint("client run env=A"),
            "column 16: env=A is not like env=NAME=VALUE"
        );
        assert_eq!(
            complaint("client run"),
            "column 11: the command line is missing, like run curl -sS http://server:8080/"
        );
        assert_eq!(
            complaint("client run python3 'x"),
            "column 12: the quote ' is not closed: python3 'x"
        );
        assert_eq!(
            complaint("run curl"),
            "column 1: run needs an end before it: client run or server run"
        );
    }

    #[test]
    fn what_is_done_to_programs_and_waited_for_reads_back_as_itself() {
        for text in [
            "server signal HUP",
            "server signal 40 nginx",
            "client kill-program curl2",
            "server restart-program",
            "server await LISTEN port=8080",
            "client await FIN_WAIT2 on=client2 within=500",
            "client await CLOSE on=client",
            "client await exit",
            "client await exit python3-2 within=30000",
            "server await output \"ready to go\" program=nginx",
        ] {
            let command = parse(text, None).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(command.to_string(), text);
        }
        assert_eq!(parse("server signal sigterm", None), parse("server signal TERM", None));
        assert_eq!(
            parse("server await fin-wait2", None),
            parse("server await FIN_WAIT2", None)
        );
        for (text, why) in [
            (
                "server signal TREM",
                "column 15: TREM is no signal: it is a name like TERM, HUP or KILL, or a number from 1 to 64; did you mean TERM?",
            ),
            (
                "server await LISTN",
                "column 14: await takes a state like LISTEN or ESTABLISHED, exit, or output, not LISTN; did you mean LISTEN?",
            ),
            (
                "server await output",
                "column 20: the text is missing: await output \"ready\"",
            ),
            (
                "client await exit port=80",
                "column 19: port=80 is only for await with a state, like await LISTEN port=8080",
            ),
            (
                "client await CLOSE",
                "column 19: the socket is missing: await CLOSE on=client2",
            ),
            (
                "client signal TERM a/b",
                "column 20: a program's name is that of its command, like curl, and of the second curl2, not a/b",
            ),
        ] {
            assert_eq!(complaint(text), why, "{text}");
        }
    }

    #[test]
    fn bytes_that_look_like_arguments_are_bytes() {
        for (text, bytes) in [
            ("client write a=b", "a=b"),
            ("client write \"oob\"", "oob"),
            ("client write nosignal", "hello"),
            ("client write oob dontwait", "hello"),
            ("client write oob later", "later"),
            ("client write \"\"", ""),
        ] {
            match end(text) {
                EndCommand::Call {
                    call: CallRequest::Full(Call::Write { data, .. }),
                    ..
                } => assert_eq!(data.0, bytes.as_bytes()),
                other => panic!("{other:?}"),
            }
        }
    }

    /// As in a scenario's file; a bare number has the unit of its place.
    #[test]
    fn times_are_taken_with_their_unit() {
        for (with, without) in [
            ("client connect deadline=2s", "client connect deadline=2000"),
            ("client read deadline=500ms", "client read deadline=500"),
            ("client write deadline=1s", "client write deadline=1000"),
            ("client poll timeout=0s", "client poll"),
            ("client poll timeout=2s", "client poll timeout=2000"),
            ("client linger-close 3s", "client linger-close 3"),
            ("client set-option SO_LINGER 2s", "client set-option SO_LINGER 2"),
            ("client set-option SO_RCVTIMEO 2s", "client set-option SO_RCVTIMEO 2000"),
            (
                "client set-option TCP_USER_TIMEOUT 500ms",
                "client set-option TCP_USER_TIMEOUT 500",
            ),
            (
                "client set-option TCP_KEEPIDLE 2000ms",
                "client set-option TCP_KEEPIDLE 2",
            ),
            ("client host tcp_fin_timeout 3s", "client host tcp_fin_timeout 3"),
            ("wire delay 7 ms=2s", "wire delay 7 ms=2000"),
        ] {
            assert!(parse(with, None).is_ok(), "{with}");
            assert_eq!(parse(with, None), parse(without, None), "{with}");
        }
        assert_eq!(
            complaint("client read deadline=0"),
            "column 22: deadline is a time from 1 ms to 3600 s, like 500ms or 2s, not 0"
        );
        assert_eq!(
            complaint("client linger-close 500ms"),
            "column 21: seconds is a number from 0 to 65535, like 5 or 5s, not 500ms"
        );
    }

    #[test]
    fn switches_are_taken_alike() {
        for (one, other) in [
            (
                "server host tcp_abort_on_overflow 1",
                "server host tcp_abort_on_overflow on",
            ),
            ("server host device 0", "server host device down"),
            ("client set-option O_NONBLOCK 1", "client set-option O_NONBLOCK on"),
            ("wire hold any payload=1", "wire hold any payload=yes"),
        ] {
            assert!(parse(one, None).is_ok(), "{one}");
            assert_eq!(parse(one, None), parse(other, None), "{one}");
        }
    }

    /// However long a word is, a complaint about it is one line.
    #[test]
    fn a_complaint_repeats_no_more_than_a_word() {
        let long = "a".repeat(1_000_000);
        for text in [
            long.clone(),
            format!("{long}=1"),
            format!("client {long}"),
            format!("client {long}=1"),
            format!("client socket {long}"),
            format!("client socket {long}=1"),
            format!("client connect {long}"),
            format!("client host {long} 1"),
            format!("client read on={long} deadline={long}"),
            format!("wire {long}=2"),
        ] {
            let said = complaint(&text);
            assert!(said.len() < 300, "{}", said.len());
        }
    }

    #[test]
    fn the_prompt_may_leave_the_end_out_and_the_command_line_may_not() {
        assert!(matches!(
            parse("close", Some(Side::Server)),
            Ok(Command::End(Side::Server, _))
        ));
        assert_eq!(
            complaint("close"),
            "column 1: close needs an end before it: client close or server close"
        );
    }

    #[test]
    fn every_mistake_is_told_where_it_is_and_what_would_be_right() {
        assert_eq!(
            complaint("server lisen"),
            "column 8: \"lisen\" is not a command; did you mean listen?"
        );
        assert_eq!(
            complaint("client connect 10.0.0.2:65536"),
            "column 16: a port is a number from 0 to 65535, not 65536"
        );
        assert_eq!(
            complaint("client connect nowhere"),
            "column 16: nowhere is not an address: 10.0.0.2:8080, [fd00::2]:8080 and :8080 are"
        );
        assert_eq!(
            complaint("client connect 10.0.0.2"),
            "column 16: 10.0.0.2 needs a port, like 10.0.0.2:8080"
        );
        assert_eq!(complaint("client write \"abc"), "column 14: this quote is not closed");
        assert_eq!(
            complaint("client read 10 peak"),
            "column 16: read does not know peak; it takes peek, waitall, dontwait, oob, deadline=, on=; did you mean peek?"
        );
        assert_eq!(
            complaint("client shutdown wr"),
            "column 17: what to shut down is write or read or both, not wr; did you mean write?"
        );
        assert_eq!(
            complaint("client shutdown"),
            "column 16: what to shut down is missing: write, read or both"
        );
        assert_eq!(
            complaint("client host tcp_syn_retries 0"),
            "column 29: tcp_syn_retries is a number from 1 to 127"
        );
        assert_eq!(
            complaint("client set-option TCP_NODELY on"),
            "column 19: TCP_NODELY is not an option that finwait sets; did you mean TCP_NODELAY?"
        );
        assert_eq!(
            complaint(""),
            "column 1: a command is missing, like client connect or server listen"
        );
    }

    #[test]
    fn every_row_of_the_table_reads_back_as_itself() {
        for spec in table::TABLE.iter().filter(|spec| !spec.is_screen()) {
            if spec.group == table::CommandGroup::Wire {
                continue;
            }
            let args = match spec.name {
                "shutdown" => "both",
                "use" => "next",
                "get-option" => "SO_LINGER",
                "set-option" => "SO_LINGER off",
                "host" => "device down",
                "runtime" => "go",
                "run" => "nginx -c ./nginx.conf",
                "signal" => "HUP",
                "await" => "exit",
                _ => "",
            };
            let text = format!("client {} {args}", spec.name);
            let command = parse(&text, None).unwrap();
            let Command::End(_, end) = &command else {
                panic!("{text}")
            };
            assert_eq!(table::of_end(end).name, spec.name);
            assert_eq!(parse(&command.to_string(), None).as_ref(), Ok(&command), "{command}");
        }
    }

    #[test]
    fn the_wires_commands_read_back_as_themselves() {
        for text in [
            "wire mode",
            "wire step",
            "wire flow",
            "wire slow",
            "wire slow 250ms",
            "wire deliver",
            "wire deliver all",
            "wire deliver all copies=yes",
            "wire drop 7",
            "wire duplicate 12",
            "wire delay 7 ms=250",
            "wire delay SYN ms=250 from=client",
            "wire hold FIN from=server",
            "wire drop data from=client port=8080 seq=11 payload=yes nth=2 times=1",
            "wire drop any chance=10 seed=7",
            "wire drop data after=65536 size>=1400 nth=3.. on=client2",
            "wire hold any size>=52 size<=60 on=3",
            "wire hold UDP size=52 nth=2",
            "wire step all",
            "wire link",
            "wire link off",
            "wire link off from=server",
            "wire link 3g",
            "wire link lossy-wifi loss=2%",
            "wire link delay=40ms jitter=10ms rate=2mbit limit=50 loss=0.1% duplicate=1% corrupt=0.01% reorder=25% seed=7 from=server",
            "wire link strip=mss,wscale,sack,timestamps blackhole=1400",
            "wire link mtu=1400 from=client",
            "wire forge rst to=client on=server2",
            "wire forge rst to=client seq=5 source=:9999",
            "wire forge data to=client source=10.0.0.2:9999 destination=10.0.0.1:41822 bytes=\"a\"",
            "wire deliver SYN-ACK",
            "wire preset cut-cable",
            "wire rule 2 off",
            "wire rule 2 remove",
            "wire clear",
            "wire forge rst to=client",
            "wire forge rst to=client seq=in-window",
            "wire forge syn to=server seq=12 port=4000",
            "wire forge data to=server bytes=\"a\\n\"",
            "wire forge frag-needed to=server",
        ] {
            let command = parse(text, None).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(command.to_string(), text);
            assert_eq!(parse(&text[5..], Some(Side::Client)), Ok(command));
        }
        assert_eq!(parse("wire hold fin", None), parse("wire hold FIN", None));
        for (text, same) in [
            ("wire link clear", "wire link off"),
            ("wire link delay=0.04s loss=1", "wire link delay=40ms loss=1%"),
            ("wire link rate=1.6mbit", "wire link rate=1600kbit"),
            ("wire drop any size>=52 size<=52", "wire drop any size=52"),
            ("wire drop on=2 FIN", "wire drop FIN on=2"),
        ] {
            assert_eq!(parse(text, None), parse(same, None), "{text}");
        }
        assert_eq!(parse("wire deliver #7", None), parse("wire deliver 7", None));
        assert_eq!(
            parse("wire deliver all copies=no", None),
            parse("wire deliver all", None)
        );
        for (text, same) in [("0.4s", "400ms"), ("400", "400ms"), ("60s", "60000ms")] {
            let [slow, same] = [text, same].map(|time| parse(&format!("wire slow {time}"), None));
            assert!(slow.is_ok() && slow == same, "{text}: {slow:?}");
        }
        for mode in ["flow", "slow", "step"] {
            let [long, short] = [format!("wire mode {mode}"), format!("wire {mode}")].map(|text| parse(&text, None));
            assert!(long.is_ok() && long == short, "{mode}: {long:?}");
        }
        assert_eq!(
            parse("wire drop from=client", None),
            parse("wire drop any from=client", None)
        );
    }

    #[test]
    fn mistakes_about_the_wire_are_told_too() {
        assert_eq!(
            complaint("wire delver"),
            "column 6: \"delver\" is not a command of the wire; did you mean deliver?"
        );
        assert_eq!(
            complaint("wire"),
            "column 5: a command is missing, like step, deliver, drop or hold"
        );
        assert_eq!(
            complaint("client drop SYN"),
            "column 8: drop is a command of the wire: wire drop"
        );
        assert_eq!(complaint("step"), "column 1: step is a command of the wire: wire step");
        assert_eq!(
            complaint("wire drop SYNN"),
            "column 11: SYNN is neither a segment on the wire (next, all, or its number) nor a kind of segment (any, SYN, SYN-ACK, FIN, RST, data, ACK, UDP, ICMP); did you mean SYN?"
        );
        assert_eq!(
            complaint("wire drop all from=client"),
            "column 15: from= is for a rule, which begins with a kind of segment: drop SYN from="
        );
        for time in ["0", "61s", "fast", "-1ms"] {
            assert_eq!(
                complaint(&format!("wire slow {time}")),
                format!(
                    "column 11: the time that a segment takes is from 1 ms to 60 s, like 400ms or 0.4s, not {}",
                    crate::command::complaint::shown(time)
                )
            );
        }
        for text in [
            "wire deliver copies=yes",
            "wire deliver 7 copies=yes",
            "wire deliver SYN copies=yes",
        ] {
            let at = text.find("copies").unwrap() + 1;
            assert_eq!(
                complaint(text),
                format!(
                    "column {at}: copies= is for deliver all; a single copy is delivered by its number, like deliver 7"
                )
            );
        }
        assert_eq!(
            complaint("wire deliver all copies=some"),
            "column 25: copies is yes or no, not some"
        );
        assert_eq!(
            complaint("wire mode slwo"),
            "column 11: the mode is flow or slow or step, not slwo; did you mean slow?"
        );
        assert_eq!(
            complaint("wire hold next"),
            "column 11: hold takes a kind of segment to hold from now on, like hold FIN"
        );
        for (text, why) in [
            (
                "wire step some",
                "column 11: step holds every segment, and step all all packets; not some",
            ),
            (
                "wire drop FIN on=somebody",
                "column 18: on is a connection: a socket of it, like client2 or server2, or its number, like 3; not somebody",
            ),
            (
                "wire drop FIN nth=..3",
                "column 19: nth is a number from 1 to 1000000, like 3, or all from there on, like 3.., not ..3",
            ),
            (
                "wire drop any size>=0",
                "column 21: size is a number from 1 to 65535, not 0",
            ),
            (
                "wire drop any size=5 size>=5",
                "column 15: size= is one size, and takes no size>= or size<= beside it",
            ),
            (
                "wire drop any size>=9 size<=8",
                "column 23: no size is that large and that small: size<= is below size>=",
            ),
            (
                "wire link 4g",
                "column 11: 4g is not a profile of a link; they are 3g, dsl, satellite, lossy-wifi, and off is none; or name its properties, like delay=40ms loss=1%; did you mean 3g?",
            ),
            (
                "wire link rate=2",
                "column 16: rate is from 1kbit to 100gbit, in bit, kbit, mbit or gbit a second, like 2mbit, not 2",
            ),
            (
                "wire link loss=101%",
                "column 16: loss is a share in percent, from 0% to 100%, like 1% or 0.1%, not 101%",
            ),
            (
                "wire link strip=wscal",
                "column 17: strip is options of TCP with commas between, of mss, wscale, sack, timestamps; not wscal; did you mean wscale?",
            ),
            (
                "wire link loss=1% limit=9",
                "column 19: limit= is of the queue before a rate: rate=2mbit limit=100",
            ),
            (
                "wire link reorder=9%",
                "column 11: reorder= lets packets overtake those that take the delay: delay=40ms reorder=25%",
            ),
            (
                "wire link mtu=1400 blackhole=1400",
                "column 20: a link tells of what is too large (mtu=) or does not (blackhole=): one of them",
            ),
            (
                "wire link mtu=575",
                "column 15: mtu is a number from 576 to 65535, not 575",
            ),
            (
                "wire link off loss=1%",
                "column 15: link off takes the link away, and has no properties but from=",
            ),
            (
                "wire link from=server",
                "column 11: from= needs a link: link delay=40ms from=server, or link off from=server",
            ),
            (
                "wire forge rst to=client on=1 port=80",
                "column 31: on= says already whose packet it is: port= would say it again",
            ),
            (
                "wire forge rst to=client destination=:80",
                "column 26: destination= goes with source=, the address that the packet claims to come from",
            ),
        ] {
            assert_eq!(complaint(text), why, "{text}");
        }
        assert_eq!(
            complaint("wire forge rst"),
            "column 15: the receiver is missing: forge rst to=client or to=server"
        );
        assert_eq!(
            complaint("wire forge rst to=client seq=inwindow"),
            "column 30: seq is exact, in-window, out-of-window or a number counted from the SYN's, not inwindow; did you mean in-window?"
        );
        assert_eq!(
            complaint("wire forge frag-needed to=client seq=1"),
            "column 34: frag-needed is an ICMP error, and has no sequence number"
        );
        assert_eq!(
            complaint("wire forge rst to=client bytes=x"),
            "column 26: a forged rst carries no bytes: forge data bytes=... does"
        );
        assert_eq!(
            complaint("wire forge port-unreachable bytes=x to=client"),
            "column 29: a forged port-unreachable carries no bytes: forge data bytes=... does"
        );
        assert_eq!(
            complaint("wire drop any seed=1"),
            "column 15: seed= is only for chance=, which is missing"
        );
        assert_eq!(
            complaint("client wire step"),
            "column 8: wire takes no end before it, as in wire drop"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC*") {
            let _ = parse(&text, None);
        }

        #[test]
        fn no_command_line_is_changed(text in "\\PC*") {
            if let Ok(command) = parse(&format!("client run {text}"), None) {
                prop_assert_eq!(parse(&command.to_string(), None), Ok(command));
            }
        }

        #[test]
        fn near_misses_do_not_panic_either(
            words in proptest::collection::vec("client|server|wire|drop|hold|forge|seq=|from=|read|write|[a-z=\"\\\\x0-9:.]{0,9}|connect|on=|host|deadline=", 0..6)
        ) {
            let _ = parse(&words.join(" "), Some(Side::Client));
        }

        #[test]
        fn written_bytes_survive_the_text(data in proptest::collection::vec(any::<u8>(), 0..40)) {
            let command = Command::End(Side::Client, EndCommand::Call { on: None, call: CallRequest::Full(Call::Write {
                data: Bytes(data), repeat: 1, flags: vec![], deadline: None,
            })});
            prop_assert_eq!(parse(&command.to_string(), None), Ok(command));
        }
    }
}
