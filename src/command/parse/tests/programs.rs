//! Commands about programs.

use super::*;

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
    let spec = run(r#"server run cwd=srv env=A=1 env="B=two words" file="n.conf=a\nb" terminal=yes -- env=3 x"#);
    assert_eq!(
        spec,
        ProgramSpec {
            run: "env=3 x".into(),
            env: vec![("A".into(), "1".into()), ("B".into(), "two words".into())],
            cwd: Some("srv".into()),
            files: vec![("n.conf".into(), "a\nb".into())],
            stdin: None,
            terminal: true,
        }
    );
    // As a shell has it, single quotes hold a value together, too, and nothing in them is an escape.
    let single = run(r#"client run env=B='x  y' file='a=b\n"c"' curl 'http://server:8080/ a'"#);
    assert_eq!(single.env, [("B".into(), "x  y".into())]);
    assert_eq!(single.files, [("a".into(), r#"b\n"c""#.into())]);
    assert_eq!(single.run, "curl 'http://server:8080/ a'");
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
        complaint("client run cwd=/srv file=a=b cat a"),
        "column 30: its files are in a directory of their own, and /srv is another: without cwd it begins beside them, or in a directory there with a relative one"
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
        "client await FIN_WAIT2 on=client2 within=500ms",
        "client await CLOSE on=client",
        "client await exit",
        "client await exit python3-2 within=30s",
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
