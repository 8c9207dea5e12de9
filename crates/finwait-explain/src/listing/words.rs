//! The words of a line, and what single words of a table are: a state, a number, a time.

use std::time::Duration;

use crate::meaning::states_cut_off;
use finwait_model::state::State;

/// A line in words.
pub(super) struct Words<'a> {
    /// The line.
    pub(super) line: &'a str,
    /// The words of the line.
    pub(super) words: Vec<&'a str>,
}

impl<'a> Words<'a> {
    /// The most words of a line that are looked at: no row has so many before its last column that counts.
    const MOST: usize = 160;

    pub(super) fn of(line: &'a str) -> Words<'a> {
        Words {
            line,
            words: line.split_ascii_whitespace().take(Words::MOST).collect(),
        }
    }

    /// Returns the word at a place, counted from another.
    pub(super) fn at(&self, place: usize, off: isize) -> Option<&'a str> {
        self.words.get(place.checked_add_signed(off)?).copied()
    }

    /// Returns the number at a place, counted from another.
    pub(super) fn number(&self, place: usize, off: isize) -> Option<u64> {
        number(self.at(place, off)?)
    }

    /// Returns the rest of the line that begins with a word.
    pub(super) fn rest_from(&self, word: &str) -> &'a str {
        let at = (word.as_ptr() as usize).checked_sub(self.line.as_ptr() as usize);
        at.and_then(|at| self.line.get(at..)).unwrap_or_default()
    }
}

/// A decimal number, and nothing else.
pub(super) fn number(word: &str) -> Option<u64> {
    // `parse` takes a sign.
    word.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| word.parse().ok())?
}

/// Returns the state of which a word of a table is the name, in capitals, as tools write it.
pub(super) fn state(word: &str) -> Option<State> {
    Some(match word {
        "ESTAB" | "ESTABLISHED" => State::Established,
        "SYN-SENT" | "SYN_SENT" => State::SynSent,
        "SYN-RECV" | "SYN_RECV" | "SYN_RCVD" | "SYN_RECEIVED" | "NEW-SYN-RECV" | "NEW_SYN_RECV" => State::SynRecv,
        "FIN-WAIT-1" | "FIN_WAIT1" | "FIN_WAIT_1" | "FIN-WAIT1" => State::FinWait1,
        "FIN-WAIT-2" | "FIN_WAIT2" | "FIN_WAIT_2" | "FIN-WAIT2" => State::FinWait2,
        "TIME-WAIT" | "TIME_WAIT" => State::TimeWait,
        "UNCONN" | "CLOSE" | "CLOSED" => State::Close,
        "CLOSE-WAIT" | "CLOSE_WAIT" => State::CloseWait,
        "LAST-ACK" | "LAST_ACK" => State::LastAck,
        "LISTEN" | "LISTENING" => State::Listen,
        "CLOSING" => State::Closing,
        word => return cut_off(word),
    })
}

/// Returns the state of which a narrow column has cut off the name: of two it can be neither.
fn cut_off(word: &str) -> Option<State> {
    let mut states = states_cut_off(word);
    states.next().filter(|_| states.next().is_none())
}

/// Returns the state of which a word is the name in a German Windows; its code page may have spoilt the umlaut.
pub(super) fn state_in_german(word: &str) -> Option<State> {
    Some(match word {
        "HERGESTELLT" => State::Established,
        "SYN_GESENDET" => State::SynSent,
        "SYN_EMPFANGEN" => State::SynRecv,
        "FIN_WARTEN_1" => State::FinWait1,
        "FIN_WARTEN_2" => State::FinWait2,
        "WARTEND" => State::TimeWait,
        "SCHLIESSEN_WARTEN" => State::CloseWait,
        "LETZTES_ACK" => State::LastAck,
        word if word.starts_with("ABH") && word.ends_with("REN") => State::Listen,
        _ => return None,
    })
}

/// A time as ss prints it: `1min59sec`, `1.2sec`, `200ms`, `5.412ms`.
pub(super) fn time(word: &str) -> Option<Duration> {
    let mut rest = word;
    let mut ms = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let count: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let (unit, after) = [("ms", 1.0), ("sec", 1e3), ("min", 60e3), ("hour", 3.6e6), ("s", 1e3)]
            .into_iter()
            .find_map(|(name, unit)| Some((unit, rest.strip_prefix(name)?)))?;
        ms += count * unit;
        rest = after;
    }
    seconds(ms / 1e3).filter(|_| !word.is_empty())
}

/// A time in seconds; none of one that is out of all bounds.
pub(super) fn seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_ss_prints_them() {
        let ms = |word| time(word).map(|time| time.as_millis());
        assert_eq!(ms("1min59sec"), Some(119_000));
        assert_eq!(ms("119min"), Some(7_140_000));
        assert_eq!(ms("1.2sec"), Some(1200));
        assert_eq!(ms("200ms"), Some(200));
        for wrong in ["", "12", "sec", "1.2.3sec", "-1sec", "9e9sec"] {
            assert_eq!(ms(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn numbers_have_digits_alone() {
        assert_eq!(number("12"), Some(12));
        for wrong in ["", "+1", "-1", "1.0", "99999999999999999999999"] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }
}
