//! A number, or what it must be: `5`, `>0`, `<=1024`.

use std::fmt;

/// A bound on a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// How it compares.
    pub order: Order,
    /// With what.
    pub number: i64,
}

/// How a number compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
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

impl Order {
    /// All of them; those that begin with another come before it.
    const ALL: [Order; 5] = [Order::AtLeast, Order::AtMost, Order::Above, Order::Below, Order::Equal];

    const fn sign(self) -> &'static str {
        match self {
            Order::Equal => "",
            Order::Above => ">",
            Order::AtLeast => ">=",
            Order::Below => "<",
            Order::AtMost => "<=",
        }
    }
}

impl Bound {
    /// Exactly that number.
    pub const fn exactly(number: i64) -> Bound {
        Bound {
            order: Order::Equal,
            number,
        }
    }

    /// Reads one; none when it is not one.
    pub fn parse(text: &str) -> Option<Bound> {
        let text = text.trim();
        let order = Order::ALL.into_iter().find(|order| text.starts_with(order.sign()))?;
        let digits = text[order.sign().len()..].trim_start();
        let number = digits.parse().ok().filter(|_| !digits.starts_with('+'))?;
        Some(Bound { order, number })
    }

    /// Is the number such a one?
    pub const fn holds(self, number: i64) -> bool {
        match self.order {
            Order::Equal => number == self.number,
            Order::Above => number > self.number,
            Order::AtLeast => number >= self.number,
            Order::Below => number < self.number,
            Order::AtMost => number <= self.number,
        }
    }

    /// One that holds of no number of which this does.
    pub const fn opposite(self) -> Bound {
        let (order, number) = match self.order {
            Order::Equal => (Order::Equal, self.number.wrapping_add(1)),
            Order::Above => (Order::AtMost, self.number),
            Order::AtLeast => (Order::Below, self.number),
            Order::Below => (Order::AtLeast, self.number),
            Order::AtMost => (Order::Above, self.number),
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
