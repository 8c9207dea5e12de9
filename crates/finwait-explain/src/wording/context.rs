//! What a line says beside its message: words by which causes are ranked, and when it was written. Looked at in lines with a message only.

use serde::Serialize;

use super::signs::contexts;
use crate::situation::{CONTEXTS, Context};

/// The bytes at the beginning of a line in which its time is looked for.
const HEAD: usize = 200;
/// Milliseconds of a day.
const DAY: i64 = 86_400_000;
/// The months, as logs name them in small letters.
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

const _: () = assert!(CONTEXTS.len() <= 32, "a bit for each of them");

/// The words of a line, and its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LineContext {
    /// A bit for each of `Context`.
    words: u32,
    /// Milliseconds since some day.
    at: Option<i64>,
}

impl LineContext {
    /// Looks at a line in small letters.
    pub(super) fn of(low: &str) -> LineContext {
        LineContext {
            words: contexts(low).fold(0, |words, context| words | 1 << context as u32),
            at: time(low),
        }
    }

    /// What its words are about.
    pub fn words(self) -> impl Iterator<Item = Context> {
        let has = move |context: &Context| self.words & (1 << *context as u32) != 0;
        CONTEXTS.iter().map(|(context, _)| *context).filter(has)
    }

    /// When the line was written, in milliseconds since a day that is the same for all lines of a form; none where it does not say.
    pub const fn at(self) -> Option<i64> {
        self.at
    }
}

/// The first time of day in a line's beginning, with the date before it.
fn time(low: &str) -> Option<i64> {
    let bytes = &low.as_bytes()[..low.len().min(HEAD)];
    let digit = |at: usize| {
        bytes
            .get(at)
            .filter(|byte| byte.is_ascii_digit())
            .map(|byte| i64::from(byte - b'0'))
    };
    let two = |at: usize| Some(digit(at)? * 10 + digit(at + 1)?);
    let is = |at: usize, what: u8| bytes.get(at) == Some(&what);
    let is_time = |at: &usize| {
        let at = *at;
        let begins = at == 0 || !bytes[at - 1].is_ascii_digit();
        begins && is(at + 2, b':') && is(at + 5, b':') && two(at).is_some_and(|hour| hour < 24)
    };
    let at = (0..bytes.len())
        .filter(is_time)
        .find(|at| two(at + 3).is_some() && two(at + 6).is_some())?;
    let (hour, minute, second) = (two(at)?, two(at + 3)?, two(at + 6)?);
    let mut ms = ((hour * 60 + minute) * 60 + second) * 1000;
    if is(at + 8, b'.') || is(at + 8, b',') {
        let digits = (0..3).map(|place| digit(at + 9 + place));
        ms += digits.fold(0, |sum, digit| sum * 10 + digit.unwrap_or(0));
    }
    Some(ms + DAY * day(low.get(..at)?).unwrap_or(0))
}

/// The number of the day that ends `before`, as in `2026-11-30t`, `2026/11/30 `, `30/nov/2026:`, `nov 30 `.
fn day(before: &str) -> Option<i64> {
    let before = before.trim_end_matches(['t', ' ', ':']);
    let mut parts = before
        .rsplit(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty());
    let (last, middle) = (parts.next()?, parts.next()?);
    let number = |text: &str| text.parse::<i64>().ok();
    let month = |text: &str| {
        MONTHS
            .iter()
            .position(|name| text == *name)
            .map(|place| place as i64 + 1)
    };
    let (year, month, day) = match (month(middle), parts.next().and_then(number)) {
        // 30/nov/2026
        (Some(month), Some(day)) if last.len() == 4 => (number(last)?, month, day),
        // nov 30: of some year
        (Some(month), _) => (0, month, number(last)?),
        // 2026-11-30
        (None, Some(year)) => (year, number(middle)?, number(last)?),
        (None, None) => return None,
    };
    // Days since the first of March of the year 0: `days_from_civil`.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    (0..=9999)
        .contains(&year)
        .then(|| 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_line_is_found_in_the_usual_forms() {
        let second = |line: &str| time(&line.to_ascii_lowercase()).map(|ms| ms % DAY);
        for line in [
            "2026-11-30T13:03:41.250Z error",
            "2026/11/30 13:03:41.250 [error] 7#7",
            "10.0.0.7 - - [30/Nov/2026:13:03:41.250 +0000]",
            "Nov 30 13:03:41.250 host app[7]: read",
            "[Mon Nov 30 13:03:41.250123 2026] [proxy:error]",
            "13:03:41,250 WARN",
            "{\"time\":\"2026-11-30 13:03:41,250\"}",
        ] {
            assert_eq!(second(line), Some(((13 * 60 + 3) * 60 + 41) * 1000 + 250), "{line}");
        }
        for line in [
            "read: connection reset by peer",
            "10.0.0.1:80->10.0.0.2:4000",
            "::1:2:3",
            "99:99:99",
        ] {
            assert_eq!(second(line), None, "{line}");
        }
    }

    #[test]
    fn midnight_and_the_end_of_a_month_are_one_day_on() {
        let between = |one: &str, other: &str| time(other).unwrap() - time(one).unwrap();
        assert_eq!(between("2026-11-30t23:59:59", "2026-12-01t00:00:01"), 2000);
        assert_eq!(between("28/feb/2028:23:59:59", "29/feb/2028:00:00:01"), 2000);
        assert_eq!(between("nov 30 23:59:59", "dec 1 00:00:01"), 2000);
    }

    #[test]
    fn words_count_at_the_beginning_of_a_word() {
        let words = |line: &str| LineContext::of(line).words().collect::<Vec<_>>();
        assert_eq!(
            words("while reading response header from upstream"),
            [Context::Upstream]
        );
        assert!(words("hikaripool-1: broken").contains(&Context::Pool));
        assert_eq!(words("wholesome"), []);
    }
}
