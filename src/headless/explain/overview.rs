//! A log at a glance: one line for each answer that follows, in the same order.

use std::io::{self, Write};

use super::answer::Answer;
use super::paper::Paper;
use crate::explain::elsewhere;
use crate::explain::ranking::Cause;
use crate::explain::wording::Carrier;
use crate::text::width;

/// The heads of the columns before the cause.
const HEADS: [&str; 5] = ["lines", "from", "what", "call", "words"];
/// The head of the cause's.
const CAUSE: &str = "likeliest cause";
/// The number of columns with numbers, which are aligned to the right.
const NUMBERS: usize = 2;

/// One line an answer: how many lines say it, the number of the first of them, its name, the call, whose words, the likeliest cause.
/// The cause is below where a line has no room for it.
pub fn overview(out: &mut impl Write, answers: &[Answer], saying: u64, paper: &Paper) -> io::Result<()> {
    let (kinds, lines) = (answers.len(), paper.lines);
    let head = format!(
        "{kinds} different messages in {saying} of {lines} lines, the most frequent first; each is answered below."
    );
    paper.paragraph(out, "", &head)?;
    writeln!(out)?;
    let rows: Vec<([String; 5], String)> = answers.iter().map(row).collect();
    let mut wide = HEADS.map(str::len);
    for (cells, _) in &rows {
        for (wide, cell) in wide.iter_mut().zip(cells) {
            *wide = (*wide).max(width(cell));
        }
    }
    let before = wide.iter().map(|wide| wide + 2).sum::<usize>() + 2;
    let causes = rows.iter().map(|(_, cause)| width(cause)).max().unwrap_or(0);
    let beside = before + causes.max(CAUSE.len()) <= paper.columns;
    let heads = (HEADS.map(str::to_owned), CAUSE.to_owned());
    for (cells, cause) in std::iter::once(&heads).chain(&rows) {
        let mut line = String::new();
        for (place, (cell, wide)) in cells.iter().zip(wide).enumerate() {
            line.push_str("  ");
            line.push_str(&if place < NUMBERS {
                format!("{cell:>wide$}")
            } else {
                format!("{cell:<wide$}")
            });
        }
        if beside {
            writeln!(out, "{line}  {cause}")?;
        } else {
            writeln!(out, "{}", line.trim_end())?;
            let under = " ".repeat(wide[0] + wide[1] + 8);
            paper.paragraph(out, &under, cause)?;
        }
    }
    writeln!(out)
}

/// The cells of an answer's line, and the likeliest cause.
fn row(answer: &Answer) -> ([String; 5], String) {
    let dash = || "-".to_owned();
    let cells = [
        answer.lines.to_string(),
        answer.first.to_string(),
        answer.name.clone(),
        answer.call.map_or_else(dash, |call| call.to_string()),
        match &answer.dialects[..] {
            [] => dash(),
            [one] => one.to_string(),
            [first, others @ ..] => format!("{first} +{}", others.len()),
        },
    ];
    let elsewhere = elsewhere::brief(answer.subject, answer.carrier);
    let system = answer.system.map(|system| match answer.brief {
        Some(brief) => format!("{system}: {brief}"),
        None => format!("{system}, not Linux"),
    });
    let cause = match (answer.carrier, answer.first_cause(), &answer.text) {
        (Carrier::Udp, ..) => elsewhere.unwrap_or("UDP, not TCP").to_owned(),
        (Carrier::Unix, ..) => elsewhere.unwrap_or("a Unix socket, not TCP").to_owned(),
        (Carrier::Pipe, ..) => elsewhere.unwrap_or("a pipe, not TCP").to_owned(),
        (Carrier::File, ..) => elsewhere.unwrap_or("a file, not TCP").to_owned(),
        (Carrier::Tcp, ..) if system.is_some() => system.unwrap_or_default(),
        (Carrier::Tcp, Some(cause @ Cause::Situation(_)), _) => cause.brief(),
        (Carrier::Tcp, Some(cause), _) if !answer.other_calls => cause.brief(),
        // No rule is for it: what libc says is all that is known.
        (Carrier::Tcp, _, Some(text)) => text.clone(),
        (Carrier::Tcp, _, None) => dash(),
    };
    (cells, cause)
}

#[cfg(test)]
mod tests {
    use super::super::answer::{GroupedLines, answer};
    use super::*;
    use crate::explain::wording::{LineMeaning, recognize};

    fn seen(columns: usize) -> String {
        let mut gathered = GroupedLines::default();
        for line in [
            "nothing that is known",
            "recv() failed (104: Connection reset by peer) while reading response header from upstream",
            "read tcp [::1]:4->[::1]:80: i/o timeout",
            "accept4() failed (24: Too many open files)",
            "accept tcp [::]:8080: accept4: too many open files",
            "write: Broken pipe",
        ] {
            gathered.add(recognize(line).map(LineMeaning::Message));
        }
        let answers: Vec<Answer> = gathered.most_first().into_iter().map(answer).collect();
        let mut out = Vec::new();
        let paper = Paper {
            columns,
            lines: 6,
            all: false,
        };
        overview(&mut out, &answers, gathered.saying(), &paper).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_answer_has_its_line_and_the_cause_below_it_where_there_is_no_room() {
        let wide = "\
4 different messages in 5 of 6 lines, the most frequent first; each is answered below.

  lines  from  what               call    words     likeliest cause
      2     4  EMFILE             accept  nginx +1  descriptor limit
      1     2  ECONNRESET         read    nginx     keep alive race
      1     3  deadline exceeded  read    Go        own timeout
      1     6  EPIPE              write   -         client went away

";
        assert_eq!(seen(90), wide);
        let narrow = "\
4 different messages in 5 of 6 lines, the most frequent
first; each is answered below.

  lines  from  what               call    words
                 likeliest cause
      2     4  EMFILE             accept  nginx +1
                 descriptor limit
      1     2  ECONNRESET         read    nginx
                 keep alive race
      1     3  deadline exceeded  read    Go
                 own timeout
      1     6  EPIPE              write   -
                 client went away

";
        assert_eq!(seen(60), narrow);
        for columns in [60, 80, 120] {
            assert!(
                seen(columns).lines().all(|line| width(line) <= columns),
                "{}",
                seen(columns)
            );
        }
    }
}
