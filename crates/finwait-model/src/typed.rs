//! Values as people type them, in commands, flags and files alike: times and switches.

use std::time::Duration;

use crate::clock::Millis;

/// A time with its unit: `500ms`, `2s`, `0.4s`; none for anything else. Nothing is shorter than a millisecond.
pub fn time(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?);
    match unit.trim() {
        "ms" => number.parse().ok().map(Duration::from_millis),
        "s" => {
            let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
            let is_part = (1..=3).contains(&part.len()) && part.bytes().all(|c| c.is_ascii_digit());
            let part: u64 = format!("{part:0<3}").parse().ok().filter(|_| is_part)?;
            let ms = whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(part)?;
            Some(Duration::from_millis(ms))
        }
        _ => None,
    }
}

/// A time, by itself a number of milliseconds: `500`, `500ms`, `2s`, `0.4s`.
pub fn millis(text: &str) -> Option<Millis> {
    let ms = match time(text) {
        Some(time) => u32::try_from(time.as_millis()).ok()?,
        None => text.parse().ok()?,
    };
    Some(Millis(ms))
}

/// A time of whole seconds, by itself a number of them: `2`, `2s`, `2000ms`.
pub fn seconds(text: &str) -> Option<u32> {
    match time(text) {
        Some(time) if time.subsec_nanos() == 0 => u32::try_from(time.as_secs()).ok(),
        Some(_) => None,
        None => text.parse().ok(),
    }
}

/// A switch: `on`, `yes`, `true` or `1`, and their opposites.
pub fn switch(text: &str) -> Option<bool> {
    match text {
        "on" | "1" | "yes" | "true" => Some(true),
        "off" | "0" | "no" | "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_or_that_of_their_place() {
        assert_eq!(time("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(time("2 s"), Some(Duration::from_secs(2)));
        assert_eq!(
            [time("0.4s"), time("2.5s"), time("1.025 s")],
            [400, 2500, 1025].map(|ms| Some(Duration::from_millis(ms)))
        );
        let bad = [
            "500",
            "",
            "ms",
            "2m",
            "-1s",
            "18446744073709551615s",
            ".5s",
            "5.s",
            "0.4",
            "0.4ms",
            "0.0004s",
            "1.2.3s",
        ];
        for text in bad {
            assert_eq!(time(text), None, "{text}");
        }
        assert_eq!([millis("500"), millis("2s")], [Some(Millis(500)), Some(Millis(2000))]);
        assert_eq!([millis("5000000s"), millis("-1")], [None, None]);
        assert_eq!([seconds("2"), seconds("2s"), seconds("2000ms")], [Some(2); 3]);
        assert_eq!(seconds("2500ms"), None);
    }
}
