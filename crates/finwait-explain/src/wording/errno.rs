//! An errno in a line: by its name, by a number that is marked as one, by its text.

use super::signs::{Line, Sign};
use super::system::{of_bsd, of_libuv, of_win32, of_windows};
use super::table::{BEFORE_WINSOCK, MARKS, OF_WINDOWS, TEXTS};
use super::words::remark;
use super::{Dialect, System, is_in_name};
use finwait_model::errno::Errno;

/// An errno that a line names.
pub(super) struct ErrnoMatch {
    pub(super) errno: Errno,
    pub(super) dialect: Option<Dialect>,
    pub(super) system: Option<System>,
    pub(super) remark: Option<&'static str>,
}

impl ErrnoMatch {
    const fn of(errno: Errno, dialect: Option<Dialect>) -> ErrnoMatch {
        ErrnoMatch {
            errno,
            dialect,
            system: None,
            remark: None,
        }
    }
}

/// An errno: by its name, by a marked number, by its text; where it is all there is, the whole may be the number or the name.
pub(super) fn errno(line: &Line<'_>, alone: bool, system: Option<System>) -> Option<ErrnoMatch> {
    let (text, low) = (line.text, line.low.as_str());
    let whole = text.trim_start_matches('-');
    if !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit()) {
        // Below zero it is the kernel's way; but -1 is what any call returns that failed, and Java's read at the end.
        return numbered(whole.parse().ok()?).filter(|_| alone && text != "-1");
    }
    let marked = marked(line, system);
    let in_capitals = || {
        let mut names = line.in_text().iter().filter(|hit| matches!(hit.sign, Sign::Name));
        names.find_map(|hit| by_name(word_at(text, hit.at)))
    };
    if let Some(told) = in_capitals().or_else(|| atom(line)) {
        // A name is the same everywhere, a number is not.
        let dialect = told.dialect.or(marked.as_ref().and_then(|marked| marked.dialect));
        // Of whose system the number is of that name: Node.js prints "errno: -54, code: 'ECONNRESET'" on macOS.
        let number = marked.filter(|marked| marked.errno == told.errno);
        let system = told.system.or(number.and_then(|number| number.system));
        return Some(ErrnoMatch {
            dialect,
            system,
            ..told
        });
    }
    let alone_in_it = || word_at(low, 0).len() == low.len() && line.has_name();
    if let Some(told) = marked.or_else(|| by_name(&low.to_ascii_uppercase()).filter(|_| alone_in_it())) {
        return Some(told);
    }
    // The first that is said, and of those that begin there the longest.
    // What any protocol says of its own messages is an errno only by itself.
    let texts = line.all(|sign| match sign {
        Sign::Text(errno) => Some(errno),
        _ => None,
    });
    let found = texts.filter(|(hit, errno)| {
        let (before, after) = (&low[..hit.at], &low[hit.end..]);
        let by_itself = after.is_empty() && (before.is_empty() || before.ends_with(": "));
        // "The Broken Pipe Organ" is a title.
        let capital = |text: &str| text.starts_with(|c: char| c.is_ascii_uppercase());
        let is_title = || {
            let rest = text.get(hit.end..).and_then(|rest| rest.strip_prefix(' '));
            let mut words = text.get(hit.at..hit.end).unwrap_or_default().split(' ');
            rest.is_some_and(capital) && words.all(capital)
        };
        (!matches!(*errno, Errno::EPROTO | Errno::EBADMSG) || by_itself) && !is_title()
    });
    let (said, errno) = found.min_by_key(|(hit, _)| (hit.at, std::cmp::Reverse(hit.end)))?;
    // strerror's own text begins with a capital; whoever writes it small has words of its own.
    let is_c = || said.end - said.at == text.len() && text.starts_with(&errno.text());
    Some(ErrnoMatch::of(errno, is_c().then_some(Dialect::C)))
}

/// The word that begins at a place.
fn word_at(text: &str, at: usize) -> &str {
    let rest = &text[at..];
    rest.split(|c: char| !is_in_name(c)).next().unwrap_or(rest)
}

/// The errno of a number by itself, of this system or of Windows.
fn numbered(number: i32) -> Option<ErrnoMatch> {
    let here = named(number).map(|errno| ErrnoMatch::of(errno, None));
    here.or_else(|| of_windows(number).map(from_windows))
}

/// Windows' errno.
fn from_windows(errno: Errno) -> ErrnoMatch {
    ErrnoMatch {
        system: Some(System::Windows),
        remark: Some(windows(errno)),
        ..ErrnoMatch::of(errno, None)
    }
}

/// A remark on Windows' errno of that name.
fn windows(errno: Errno) -> &'static str {
    match errno {
        Errno::ECONNABORTED => remark::WINDOWS_ABORTED,
        _ => remark::WINDOWS,
    }
}

/// The errno of that number, if it has a name here.
pub(super) fn named(number: i32) -> Option<Errno> {
    let errno = Errno(number);
    Errno::NAMED.iter().any(|(known, _)| *known == errno).then_some(errno)
}

pub(super) fn by_name(word: &str) -> Option<ErrnoMatch> {
    let name = word.strip_prefix("WSA").unwrap_or(word);
    // Most words of a log are none.
    if !name.starts_with('E') {
        return None;
    }
    let errno = match name {
        "EWOULDBLOCK" => Errno::EAGAIN,
        "ENOTSUP" => Errno::EOPNOTSUPP,
        name => Errno::NAMED.iter().find(|(_, known)| *known == name)?.0,
    };
    Some(ErrnoMatch {
        system: (name != word).then_some(System::Windows),
        remark: (name != word).then_some(windows(errno)),
        ..ErrnoMatch::of(errno, None)
    })
}

/// A name in small letters, as Erlang's and Elixir's terms have it: `{error,econnrefused}`, `reason: :econnrefused`.
fn atom(line: &Line<'_>) -> Option<ErrnoMatch> {
    if !line.has_name() {
        return None;
    }
    let low = &line.low;
    // Erlang's "** Reason == econnreset", "terminated with reason: econnaborted".
    let reason = || {
        let (_, rest) = low.split_once("reason")?;
        let name = rest
            .trim_start_matches([':', '=', ' '])
            .split(|c: char| !is_in_name(c))
            .next()?;
        let told = by_name(&name.to_ascii_uppercase()).filter(|_| name.len() > 4)?;
        Some(ErrnoMatch::of(told.errno, Some(Dialect::Erlang)))
    };
    let mut places = low.match_indices([',', ':']);
    let atom = places.find_map(|(at, before)| {
        let rest = &low[at + 1..];
        let rest = if before == "," { rest.trim_start() } else { rest };
        let name = rest.split(|c: char| !is_in_name(c)).next()?;
        let after = &rest[name.len()..];
        // "** (stop) :econnreset"
        let is_last = before == ":" && low[..at].ends_with(' ') && name.len() > 4 && after.trim_start().is_empty();
        let closed = after.starts_with(['}', ']', ')', ',']) || is_last;
        if !name.starts_with('e') || !closed {
            return None;
        }
        let dialect = if before == "," {
            Dialect::Erlang
        } else {
            Dialect::Elixir
        };
        let told = by_name(&name.to_ascii_uppercase())?;
        Some(ErrnoMatch::of(told.errno, Some(dialect)))
    });
    atom.or_else(reason)
}

/// A number that is marked as an errno: `errno=104`, `os error 104`, `[Errno 104]`, `(104: `, `Error(104, '`.
fn marked(line: &Line<'_>, system: Option<System>) -> Option<ErrnoMatch> {
    let low = line.low.as_str();
    let number = |at: usize| {
        let rest = &low[at..];
        // Below zero it is Node's and the kernel's way; in Python it is the resolver's.
        let rest = match rest.strip_prefix('-') {
            Some(_) if low[..at].ends_with("[errno ") => return None,
            below => below.unwrap_or(rest),
        };
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        Some((rest[..digits].parse::<i32>().ok()?, &rest[digits..]))
    };
    let mut marks: Vec<(usize, usize)> = line
        .all(|sign| match sign {
            Sign::Mark(row) => Some(row),
            _ => None,
        })
        .map(|(hit, row)| (row, hit.end))
        .collect();
    marks.sort_unstable();
    let by_mark = marks.into_iter().find_map(|(row, end)| {
        let (text, dialect) = MARKS[row];
        let (number, rest) = number(end)?;
        if text == OF_WINDOWS {
            // 2 and 32 are of files there.
            return of_win32(number).map(|errno| ErrnoMatch {
                dialect,
                ..from_windows(errno)
            });
        }
        let is_negative = low[end..].starts_with('-');
        if let Some(errno) = of_libuv(number).filter(|_| is_negative) {
            return Some(from_windows(errno));
        }
        let told = judged(number, &low[..end - text.len()], rest, system)?;
        Some(ErrnoMatch { dialect, ..told })
    });
    // "WSAGetLastError() = 10054", "Winsock error #10061": a number that no other system has, behind a word that fits.
    let of_windows = || {
        let numbers = line.all(|sign| match sign {
            Sign::Winsock(number) => Some(number),
            _ => None,
        });
        let mut told = numbers.filter(|(hit, _)| {
            let before = low[..hit.at].trim_end_matches([' ', '=', ':', '#', '(', ')', '[']);
            let word = before.rsplit(|c: char| !is_in_name(c)).next().unwrap_or(before);
            BEFORE_WINSOCK.contains(&word)
        });
        told.next()
            .and_then(|(_, number)| super::system::of_windows(number))
            .map(from_windows)
    };
    by_mark.or_else(of_windows).or_else(|| {
        let mut places = low.match_indices('(');
        places.find_map(|(at, _)| {
            let (number, rest) = number(at + 1)?;
            let before = &low[..at];
            let dialect = if rest.strip_prefix(": ").and_then(text_at).is_some() {
                // nginx: "recv() failed (104: Connection reset by peer)".
                Some(Dialect::Nginx)
            } else if before.ends_with("() failed ") && rest.starts_with(": ") {
                // In another language than English, the number is the same.
                Some(Dialect::Nginx)
            } else if before.ends_with("accept failed ") && rest.starts_with(')') {
                None
            } else if before.ends_with("error") && rest.starts_with(", ") && !rest.starts_with(", '[ssl: ") {
                // An exception as Python's repr shows it: "BrokenPipeError(32, 'Broken pipe')". In OpenSSL's the number is its own.
                Some(Dialect::Python)
            } else if before.ends_with("' ") && rest.starts_with(')') && before.contains("mysql server") {
                // "Can't connect to MySQL server on '10.0.0.2' (111)"
                None
            } else if rest.starts_with(')') && TEXTS.iter().any(|(text, _)| before.trim_end().ends_with(text)) {
                // "Connection reset by peer (54)"
                None
            } else if rest.strip_prefix(')').and_then(text_at).is_some() {
                // Apache's APR: "(32)Broken pipe: ..."
                None
            } else {
                return None;
            };
            let told = judged(number, before, rest, system)?;
            Some(ErrnoMatch { dialect, ..told })
        })
    })
}

/// The errno of a marked number: that of the text beside it where there is one, for on macOS 61 is ECONNREFUSED; else the number's on
/// the system that speaks.
fn judged(number: i32, before: &str, after: &str, system: Option<System>) -> Option<ErrnoMatch> {
    let before = before.trim_end_matches([' ', '(', '[']);
    let beside = text_at(after.trim_start_matches([' ', ']', ')', ':', ',', '\'', '"'])).or_else(|| {
        let ending = TEXTS.iter().filter(|(text, _)| before.ends_with(text));
        Some(ending.max_by_key(|(text, _)| text.len())?.1)
    });
    let (here, bsd, windows) = (named(number), of_bsd(number), of_windows(number));
    let from_bsd = |errno| ErrnoMatch {
        system: Some(System::Bsd),
        ..ErrnoMatch::of(errno, None)
    };
    let speaks_bsd = system.is_some_and(System::has_bsd_numbers);
    let Some(errno) = beside else {
        // Those of BSD that Linux does not know on sockets.
        let bsd = bsd.filter(|_| speaks_bsd || here.is_none()).map(from_bsd);
        return bsd.or_else(|| numbered(number));
    };
    if windows == beside {
        return Some(from_windows(errno));
    }
    match (here, bsd) {
        (None, None) if windows.is_none() => None,
        (here, _) if here == beside => Some(ErrnoMatch::of(errno, None)),
        (_, bsd) => Some(ErrnoMatch {
            remark: Some(remark::ELSEWHERE),
            system: bsd.filter(|bsd| *bsd == errno).map(|_| System::Bsd),
            ..ErrnoMatch::of(errno, None)
        }),
    }
}

/// The errno whose text is at the beginning, and ends with a word.
fn text_at(low: &str) -> Option<Errno> {
    let is_there = |text: &str| low.strip_prefix(text).is_some_and(|rest| !rest.starts_with(is_in_name));
    let texts = TEXTS.iter().filter(|(text, _)| is_there(text));
    texts.max_by_key(|(text, _)| text.len()).map(|(_, errno)| *errno)
}
