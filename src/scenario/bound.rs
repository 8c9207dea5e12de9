//! A number, or what it must be: `5`, `>0`, `<=1024`.

use std::fmt;

/// A bound on a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The comparison.
    pub order: Comparison,
    /// The number to compare with.
    pub number: i64,
}

/// A comparison of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The same.
    Equal,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `<=`
    AtMost,
}

impl Comparison {
    /// All of them; those that begin with another come before it.
    const ALL: [Comparison; 5] = [
        Comparison::AtLeast,
        Comparison::AtMost,
        Comparison::Above,
        Comparison::Below,
        Comparison::Equal,
    ];

    const fn sign(self) -> &'static str {
        match self {
            Comparison::Equal => "",
            Comparison::Above => ">",
            Comparison::AtLeast => ">=",
            Comparison::Below => "<",
            Comparison::AtMost => "<=",
        }
    }
}

impl Bound {
    /// Exactly that number.
    pub const fn exactly(number: i64) -> Bound {
        Bound {
            order: Comparison::Equal,
            number,
        }
    }

    /// Reads one; none when it is not one.
    pub fn parse(text: &str) -> Option<Bound> {
        let text = text.trim();
        let order = Comparison::ALL
            .into_iter()
            .find(|order| text.starts_with(order.sign()))?;
        let digits = text[order.sign().len()..].trim_start();
        let number = digits.parse().ok().filter(|_| !digits.starts_with('+'))?;
        Some(Bound { order, number })
    }

    /// Is the number within it?
    pub const fn holds(self, number: i64) -> bool {
        match self.order {
            Comparison::Equal => number == self.number,
            Comparison::Above => number > self.number,
            Comparison::AtLeast => number >= self.number,
            Comparison::Below => number < self.number,
            Comparison::AtMost => number <= self.number,
        }
    }

    /// Returns whether it fails for that number and for every larger one, so that a number that only grows cannot meet it any more.
    pub const fn is_passed(self, number: i64) -> bool {
        match self.order {
            Comparison::Equal | Comparison::AtMost => number > self.number,
            Comparison::Below => number >= self.number,
            Comparison::Above | Comparison::AtLeast => false,
        }
    }

    /// Returns a bound that excludes every number within this one.
    pub const fn opposite(self) -> Bound {
        let (order, number) = match self.order {
            Comparison::Equal => (Comparison::Equal, self.number.wrapping_add(1)),
            Comparison::Above => (Comparison::AtMost, self.number),
            Comparison::AtLeast => (Comparison::Below, self.number),
            Comparison::Below => (Comparison::AtLeast, self.number),
            Comparison::AtMost => (Comparison::Above, self.number),
        };
        Bound { order, number }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.order.sign(), self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_read_as_they_are_written_and_their_opposites_exclude_them() {
        for text in ["5", ">0", ">=1024", "<7", "<=-1"] {
            let bound = Bound::parse(text).unwrap();
            assert_eq!(bound.to_string(), text);
            for n in -2..1030 {
                assert!(!(bound.holds(n) && bound.opposite().holds(n)), "{text} and {n}");
            }
        }
        for bad in ["", "five", "=5", "+5", ">"] {
            assert_eq!(Bound::parse(bad), None, "{bad}");
        }
    }
}
