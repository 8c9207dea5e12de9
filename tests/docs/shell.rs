//! What a line of a shell calls: as much of its language as the documentation uses.

/// A command of a line: the words between `|`, `&&`, `;` and the ends, without what goes to and from files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub words: Vec<String>,
    /// Does it read a file, or another command?
    pub reads: bool,
    /// Does it write into a file, or to another command?
    pub writes: bool,
}

/// Returns the commands of a block, each as it is typed: lines that end in a backslash go on, comments are none.
pub fn commands(block: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in block.lines() {
        if goes_on {
            let last = all.last_mut().unwrap();
            last.push('\n');
            last.push_str(line);
        } else if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        } else {
            all.push(line.to_owned());
        }
        goes_on = line.ends_with('\\');
    }
    all
}

/// Returns the calls of a command.
pub fn calls(command: &str) -> Vec<Call> {
    let none = || Call {
        words: Vec::new(),
        reads: false,
        writes: false,
    };
    let mut all = vec![none()];
    // The word under way; none between words. Whether it is a file's name.
    let (mut word, mut of_file): (Option<String>, bool) = (None, false);
    let mut chars = command.chars().peekable();
    while let Some(c) = chars.next() {
        let is_end = c.is_whitespace() || "|&;<>()".contains(c);
        if is_end
            && let Some(word) = word.take()
            && !std::mem::take(&mut of_file)
        {
            all.last_mut().unwrap().words.push(word);
        }
        match c {
            '\'' => {
                let word = word.get_or_insert_default();
                word.extend(chars.by_ref().take_while(|c| *c != '\''));
            }
            '"' => {
                let word = word.get_or_insert_default();
                while let Some(c) = chars.next().filter(|c| *c != '"') {
                    match (c, chars.peek()) {
                        ('\\', Some('"' | '\\' | '$' | '`')) => word.extend(chars.next()),
                        _ => word.push(c),
                    }
                }
            }
            '\\' => match chars.next() {
                Some('\n') | None => {}
                Some(c) => word.get_or_insert_default().push(c),
            },
            '#' if word.is_none() => while chars.next_if(|c| *c != '\n').is_some() {},
            '>' => (all.last_mut().unwrap().writes, of_file) = (true, true),
            '<' => (all.last_mut().unwrap().reads, of_file) = (true, true),
            '|' => {
                let twice = chars.next_if_eq(&'|').is_some();
                all.last_mut().unwrap().writes |= !twice;
                all.push(Call {
                    reads: !twice,
                    ..none()
                });
            }
            '&' | ';' | '(' | ')' => all.push(none()),
            _ if c.is_whitespace() => {}
            _ => word.get_or_insert_default().push(c),
        }
    }
    if let Some(word) = word.filter(|_| !of_file) {
        all.last_mut().unwrap().words.push(word);
    }
    all.retain(|call| !call.words.is_empty());
    all
}

#[test]
fn a_line_is_split_as_a_shell_splits_it() {
    let words = |line: &str| -> Vec<Vec<String>> { calls(line).into_iter().map(|call| call.words).collect() };
    assert_eq!(
        words("ss -tan | finwait do \"server run sh -c 'a | b'\" 'x=\"y\"' > out # the end"),
        [
            vec!["ss", "-tan"],
            vec!["finwait", "do", "server run sh -c 'a | b'", "x=\"y\""]
        ]
    );
    assert_eq!(
        words("a b \\\n  \"c \\\"d\" && e < f"),
        [vec!["a", "b", "c \"d"], vec!["e"]]
    );
    let piped = calls("a < b | c > d");
    assert_eq!(
        piped.iter().map(|call| (call.reads, call.writes)).collect::<Vec<_>>(),
        [(true, true), (true, true)]
    );
    assert_eq!(commands("a \\\n  b\n\n# c\nd"), ["a \\\n  b", "d"]);
}
