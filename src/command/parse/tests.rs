use super::*;
use crate::call::{Bytes, Call, SocketName};
use crate::clock::Millis;
use crate::command::spec::CommandGroup;
use crate::command::{Address, CallRequest, ScreenCommand, ThemeName};
use crate::program::ProgramSpec;
use proptest::prelude::*;

mod programs;
mod wire;

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
        "column 16: nowhere is not an address: write it like 10.0.0.2:8080, [fd00::2]:8080 or :8080"
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
        if spec.group == CommandGroup::Wire {
            continue;
        }
        let args = match spec.name {
            "shutdown" => "both",
            "use" => "next",
            "get-option" => "SO_LINGER",
            "set-option" => "SO_LINGER off",
            "host" => "device down",
            "runtime" => "go",
            "run" => "nginx -p . -c nginx.conf",
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
