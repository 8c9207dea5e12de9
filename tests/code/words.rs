//! How a program reads, and what is said where there is none.

use super::support::{finwait, output, text};

/// A program's text, without what differs between kernels.
fn generated(args: &[&str]) -> String {
    let out = output(finwait().arg("code").args(args));
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let text = text(&out.stdout);
    let version = text.find("on Linux ").map(|at| {
        let rest = &text[at + "on Linux ".len()..];
        let end = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(rest.len());
        rest[..end].trim_end_matches('.').to_owned()
    });
    match version {
        Some(version) => text.replace(&format!("on Linux {version}"), "on Linux 0.0"),
        None => text,
    }
}

#[test]
fn a_small_program_in_c() {
    insta::assert_snapshot!(generated(&["write-half-close", "--language", "c", "--lab", "loopback"]));
}

#[test]
fn a_small_program_in_python() {
    insta::assert_snapshot!(generated(&[
        "write-half-close",
        "--language",
        "python",
        "--lab",
        "loopback"
    ]));
}

#[test]
fn a_small_program_in_go() {
    insta::assert_snapshot!(generated(&[
        "write-half-close",
        "--language",
        "go",
        "--lab",
        "loopback"
    ]));
}

#[test]
fn a_small_program_in_rust() {
    insta::assert_snapshot!(generated(&[
        "write-half-close",
        "--language",
        "rust",
        "--lab",
        "loopback"
    ]));
}

#[test]
fn a_small_script_for_packetdrill() {
    let mut text = generated(&["write-half-close", "--language", "packetdrill", "--lab", "isolated"]);
    // The machine's memory decides how large windows are.
    for word in [" win ", "wscale "] {
        let mut parts = text.split(word);
        let first = parts.next().unwrap_or_default().to_owned();
        let rest = parts.map(|part| format!("{word}N{}", part.trim_start_matches(|c: char| c.is_ascii_digit())));
        text = first + &rest.collect::<String>();
    }
    // And its load how long something took.
    let lines = text.lines().map(|line| match line.trim_start().split_once(' ') {
        Some((time, event)) if time.starts_with('+') => {
            let time = if time.contains("...") { "+T...T" } else { "+T" };
            format!("{time:>6} {event}\n")
        }
        _ => format!("{line}\n"),
    });
    insta::assert_snapshot!(lines.collect::<String>());
}

/// A call that waits is made aside, and waited for where the run saw it return.
#[test]
fn a_call_that_blocked_is_waited_for_where_it_returned() {
    for (language, begins, waits) in [
        ("c", "begin(4, \"client\", \"read\"", "await(4);"),
        ("python", "begin(4, \"client\", \"read\"", "wait(4)"),
        ("go", "begin(4, \"client\", \"read\"", "wait(4)"),
        ("rust", "begin(4, \"client\", \"read\"", "wait(4)"),
    ] {
        let text = generated(&["read-reset-blocked", "--language", language, "--lab", "loopback"]);
        let (begins, waits) = (text.find(begins), text.rfind(waits));
        let resets = text.find("5, \"server\", \"rst-close\"");
        assert!(begins.is_some() && begins < resets && resets < waits, "{text}");
    }
}

/// What no program of sockets does is said at its place, and in the head.
#[test]
fn what_cannot_be_in_a_program_is_said() {
    for (language, comment) in [("c", "/* "), ("python", "# "), ("go", "// "), ("rust", "// ")] {
        let text = generated(&["syn-lost-deadline", "--language", language]);
        let absent = format!("{comment}2 not in this program: on the wire: hold SYN from=client");
        assert!(text.contains(&absent), "{text}");
        assert!(
            text.contains("Step 2 is nothing that a program can do with sockets"),
            "{text}"
        );
    }
}

/// Both ends are one process in a program: one that limits it says so in its head, and one that does not says nothing of the kind.
#[test]
fn a_program_that_limits_descriptors_says_whose() {
    for (language, limits) in [("c", true), ("python", true), ("go", false), ("rust", true)] {
        let text = generated(&["too-many-open-files", "--language", language]);
        assert_eq!(
            text.contains("Step 3 limits the server's descriptors."),
            limits,
            "{text}"
        );
        assert_eq!(text.contains("limit_descriptors(0)"), limits, "{text}");
    }
}

fn refused(args: &[&str]) -> (Option<i32>, String) {
    let out = output(finwait().arg("code").args(args));
    assert_eq!(text(&out.stdout), "");
    let err = text(&out.stderr);
    assert_eq!(err.lines().count(), 1, "{err}");
    (out.status.code(), err)
}

#[test]
fn where_there_is_no_program_one_sentence_says_why() {
    let (code, why) = refused(&["half-clos", "--language", "c"]);
    assert_eq!(code, Some(2));
    assert!(why.contains("did you mean half-close?"), "{why}");
    let (code, why) = refused(&["half-close"]);
    assert_eq!(code, Some(2));
    assert!(why.contains("--language"), "{why}");
    let (code, why) = refused(&["half-close", "--language", "c", "--end", "server"]);
    assert_eq!(code, Some(2));
    assert!(why.contains("a program has both"), "{why}");
    let (code, why) = refused(&["handshake", "--language", "c", "--lab", "loopback"]);
    assert_eq!(code, Some(3));
    assert!(why.contains("it needs the isolated lab"), "{why}");
    let (code, why) = refused(&["half-close", "--language", "packetdrill", "--lab", "loopback"]);
    assert_eq!(code, Some(3));
    assert!(why.contains("no wire"), "{why}");
    let (code, why) = refused(&["listener-misuse", "--language", "packetdrill"]);
    assert_eq!(code, Some(3));
    assert!(why.contains("the client does nothing in it"), "{why}");
    let (code, why) = refused(&["half-close", "--language", "c", "--client", "python"]);
    assert_eq!(code, Some(2));
    assert!(why.contains("--client is not an option of code"), "{why}");
}
