//! The layout that gofmt would give the program.

/// Declarations in columns.
pub fn columns(lines: &[String]) -> String {
    let widest = lines
        .iter()
        .map(|line| line.find(' ').unwrap_or(line.len()))
        .max()
        .unwrap_or(0);
    let column = |line: &String| match line.split_once(' ') {
        // A column for the type is left free where others have one.
        Some((name, rest)) => format!("\t{name:<widest$} {rest}\n"),
        None => format!("\t{line}\n"),
    };
    lines.iter().map(column).collect()
}

/// Keys and values of a map, the values in one column.
pub fn entries(pairs: &[(String, String)]) -> String {
    let widest = pairs.iter().map(|(key, _)| key.len() + 1).max().unwrap_or(0);
    pairs
        .iter()
        .map(|(key, value)| format!("\t{:<widest$} {value},\n", format!("{key}:")))
        .collect()
}

/// A function without a name, its body one line where that is short.
pub fn literal(head: &str, body: &str) -> String {
    match body.len() {
        0..=70 => format!("{head} {{ {body} }}"),
        _ => format!("{head} {{\n\t\t{}\n\t}}", body.replace("; ", "\n\t\t")),
    }
}

/// A line without the comment at its end, or with nothing if it is one.
pub fn without_comment(line: &str) -> &str {
    match line.rsplit_once("// ") {
        Some((code, _)) if code.trim().is_empty() || code.ends_with(' ') => code,
        _ => line,
    }
}

/// The lines with the comments of those that follow on each other in one column.
pub fn aligned(body: &str) -> String {
    let lines: Vec<(&str, Option<&str>)> = body
        .lines()
        .map(|line| match line.rsplit_once(" // ") {
            Some((code, comment)) if code.starts_with('\t') && !code.trim_start().starts_with("//") => {
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
            match comment {
                Some(comment) => out.push_str(&format!("{code:<widest$} // {comment}\n")),
                None => out.push_str(&format!("{code}\n")),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_of_neighbours_stand_in_one_column() {
        let body = "\ta() // = 0\n\tlonger() // = 1\n\t// prose\n\tb() // = 2\n\t}) // = 3\n";
        let laid = "\ta()      // = 0\n\tlonger() // = 1\n\t// prose\n\tb() // = 2\n\t}) // = 3\n";
        assert_eq!(aligned(body), laid);
        assert_eq!(without_comment("\ta(\"//\") // = 0"), "\ta(\"//\") ");
    }

    #[test]
    fn a_long_body_has_lines_of_its_own() {
        assert_eq!(literal("func()", "return 1"), "func() { return 1 }");
        let long = format!("{}; return 1", "x".repeat(70));
        assert_eq!(
            literal("func()", &long),
            format!("func() {{\n\t\t{}\n\t\treturn 1\n\t}}", "x".repeat(70))
        );
    }
}
