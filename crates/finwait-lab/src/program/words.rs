//! A command line in words, quoted as in a shell (POSIX, Shell Command Language, 2.2); and which command lines only a shell understands.

/// A command line as it is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandLine {
    /// A program, by its name, and its arguments.
    Words(Vec<String>),
    /// A line for `sh -c`.
    Shell(String),
}

/// The words at the beginning of a command that no program is behind: what the shell does itself, and its grammar.
const SHELL_WORDS: [&str; 29] = [
    "!", ".", ":", "alias", "break", "case", "cd", "command", "continue", "eval", "exec", "exit", "export", "for",
    "if", "local", "read", "return", "set", "shift", "times", "trap", "ulimit", "umask", "unset", "until", "wait",
    "while", "{",
];

impl CommandLine {
    /// Reads a command line.
    ///
    /// # Errors
    ///
    /// One sentence: nothing is to be run, or a quote is not closed.
    pub fn parse(run: &str) -> Result<CommandLine, String> {
        let mut words = Vec::new();
        let mut word: Option<String> = None;
        let mut chars = run.chars().peekable();
        let shell = || Ok(CommandLine::Shell(run.trim().to_owned()));
        while let Some(c) = chars.next() {
            match c {
                ' ' | '\t' => words.extend(word.take()),
                '\'' => {
                    let word = word.get_or_insert_default();
                    loop {
                        match chars.next() {
                            Some('\'') => break,
                            Some(c) => word.push(c),
                            None => return Err(unclosed('\'', run)),
                        }
                    }
                }
                '"' => {
                    let word = word.get_or_insert_default();
                    loop {
                        match chars.next() {
                            Some('"') => break,
                            Some('$' | '`') => return shell(),
                            // Within them it takes away the meaning of few characters (2.2.3).
                            Some('\\') => match chars.next() {
                                Some(c @ ('"' | '\\' | '$' | '`')) => word.push(c),
                                Some('\n') => {}
                                Some(c) => word.extend(['\\', c]),
                                None => return Err(unclosed('"', run)),
                            },
                            Some(c) => word.push(c),
                            None => return Err(unclosed('"', run)),
                        }
                    }
                }
                '\\' => match chars.next() {
                    Some('\n') => {}
                    Some(c) => word.get_or_insert_default().push(c),
                    None => return Err(format!("a backslash at its end has nothing to quote: {run}")),
                },
                '|' | '&' | ';' | '<' | '>' | '(' | ')' | '$' | '`' | '*' | '?' | '[' | '\n' => return shell(),
                '#' | '~' if word.is_none() => return shell(),
                // A variable for this command alone: `A=1 curl`.
                '=' if words.is_empty() && word.as_deref().is_some_and(is_name) => return shell(),
                c => word.get_or_insert_default().push(c),
            }
        }
        words.extend(word);
        match words.first().map(String::as_str) {
            None => Err("there is no command: name a program, as in nginx -p . -c nginx.conf".into()),
            Some("") => Err(format!("the program's name is empty: {run}")),
            Some(first) if SHELL_WORDS.contains(&first) => shell(),
            Some(_) => Ok(CommandLine::Words(words)),
        }
    }

    /// Returns the program and its arguments.
    pub fn into_words(self) -> Vec<String> {
        match self {
            CommandLine::Words(words) => words,
            CommandLine::Shell(line) => vec!["/bin/sh".into(), "-c".into(), line],
        }
    }
}

fn unclosed(quote: char, run: &str) -> String {
    format!("the quote {quote} is not closed: {run}")
}

/// Returns whether it can be a variable's name.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(run: &str) -> Vec<String> {
        match CommandLine::parse(run) {
            Ok(CommandLine::Words(words)) => words,
            other => panic!("{run}: {other:?}"),
        }
    }

    #[test]
    fn words_are_split_and_unquoted_as_a_shell_does() {
        assert_eq!(
            words("  curl -sS   http://server:8080/ "),
            ["curl", "-sS", "http://server:8080/"]
        );
        assert_eq!(
            words(r#"echo 'a "b" $c' "d 'e' \"f\" \x" g\ h '' i"j"'k'"#),
            ["echo", r#"a "b" $c"#, r#"d 'e' "f" \x"#, "g h", "", "ijk"]
        );
        assert_eq!(words("dd if=/dev/zero"), ["dd", "if=/dev/zero"]);
        assert_eq!(words("./a#b x~"), ["./a#b", "x~"]);
    }

    #[test]
    fn what_only_a_shell_understands_is_left_to_one() {
        for run in [
            "a | b",
            "a > b",
            "echo $HOME",
            "ls *",
            "a; b",
            "a && b",
            "cd /tmp",
            "A=1 b",
            "echo \"$HOME\"",
            "echo `id`",
            "exec nginx",
            "a # b",
            "cat ~/x",
            "(a)",
            "while true",
            "curl http://server/?a",
            "a\nb",
        ] {
            assert_eq!(CommandLine::parse(run), Ok(CommandLine::Shell(run.into())), "{run}");
        }
        let shell = CommandLine::Shell("a | b".into()).into_words();
        assert_eq!(shell, ["/bin/sh", "-c", "a | b"]);
    }

    #[test]
    fn a_mistake_is_one_sentence() {
        let mistake = |run: &str| CommandLine::parse(run).unwrap_err();
        assert_eq!(
            mistake("  "),
            "there is no command: name a program, as in nginx -p . -c nginx.conf"
        );
        assert_eq!(mistake("echo 'a"), "the quote ' is not closed: echo 'a");
        assert_eq!(mistake("echo \"a\\"), "the quote \" is not closed: echo \"a\\");
        assert_eq!(mistake("a \\"), "a backslash at its end has nothing to quote: a \\");
        assert_eq!(mistake("'' a"), "the program's name is empty: '' a");
    }

    /// The words of a line, as the machine's shell has them.
    fn by_sh(line: &str) -> Vec<String> {
        let script = format!("printf '%s\\0' {line}");
        let output = std::process::Command::new("/bin/sh")
            .args(["-c", &script])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn quoted_words_are_the_shells(
            line in prop::collection::vec(prop::sample::select(vec!["a", "b ", "'", "\"", "\\", " ", "'x y'", "\"z\"", "-", "="]), 1..12)
        ) {
            let line = format!("x {}", line.concat());
            if let Ok(CommandLine::Words(words)) = CommandLine::parse(&line) {
                prop_assert_eq!(words, by_sh(&line));
            }
        }

        #[test]
        fn no_line_panics(line in ".{0,60}") {
            let _ = CommandLine::parse(&line);
        }
    }
}
