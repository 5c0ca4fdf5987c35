//! Money.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

/// An amount of money as it was logged: decimal, exact, up to 28 digits, scale kept (`39.90`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Amount(Decimal);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// Reads a decimal number: digits, one point, an optional sign or exponent.
    ///
    /// Returns `None` for anything else, and for more digits than can be kept exactly.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = !text.bytes().any(|c| c == b'_' || c == b' ');
        if !plain {
            return None;
        }
        if text.bytes().any(|c| c == b'e' || c == b'E') {
            return Decimal::from_scientific(text).ok().map(Self);
        }
        Decimal::from_str_exact(text)
            .or_else(|_| Decimal::from_str(text).and_then(exact(text)))
            .ok()
            .map(Self)
    }

    /// The sum, or `None` where it no longer fits.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The product with a count, or `None` where it no longer fits.
    #[must_use]
    pub fn times(self, count: i64) -> Option<Self> {
        self.0.checked_mul(Decimal::from(count)).map(Self)
    }

    /// Whether it is zero, in any scale.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// Whether it is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.0.is_sign_negative() && !self.0.is_zero()
    }
}

/// `from_str` rounds what does not fit; an amount that was rounded is not the one that was logged.
fn exact(text: &str) -> impl FnOnce(Decimal) -> Result<Decimal, rust_decimal::Error> + '_ {
    move |value| {
        if text.bytes().filter(u8::is_ascii_digit).count() <= 28 {
            Ok(value)
        } else {
            Err(rust_decimal::Error::Underflow)
        }
    }
}

impl FromStr for Amount {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::parse(text).ok_or(())
    }
}

/// The digits as logged: a JSON number and a decimal string at once.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_prints_as_it_was_logged() {
        for text in ["9.99", "39.90", "0", "0.00", "-5.5", "12345678901234567890.12345678"] {
            assert_eq!(Amount::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Amount::parse("1e2").unwrap().to_string(), "100");
    }

    #[test]
    fn text_that_is_no_plain_number_is_none() {
        for text in [
            "",
            "9,99",
            "$9.99",
            "NaN",
            "1e400",
            "9 99",
            "1_000",
            "0x10",
            "1.2345678901234567890123456789012",
        ] {
            assert_eq!(Amount::parse(text), None, "{text}");
        }
    }
}
