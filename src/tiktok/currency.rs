//! The currencies that TikTok takes.

/// ISO 4217 codes, sorted.
///
/// Source: TikTok's endpoint page and its SDK's models (TikTok facts 2): 63 entries with PHP twice,
/// so 62 currencies; checked 2026-11-22. What TikTok does with another one is not documented.
pub const CURRENCIES: [&str; 62] = [
    "AED", "ARS", "AUD", "BDT", "BHD", "BIF", "BOB", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CRC", "CZK",
    "DKK", "DZD", "EGP", "EUR", "GBP", "GTQ", "HKD", "HNL", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KES",
    "KHR", "KRW", "KWD", "KZT", "MAD", "MOP", "MXN", "MYR", "NGN", "NIO", "NOK", "NZD", "OMR", "PEN", "PHP",
    "PKR", "PLN", "PYG", "QAR", "RON", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VES",
    "VND", "ZAR",
];

/// Whether TikTok takes a currency, given in upper case.
#[must_use]
pub fn is_supported(currency: &str) -> bool {
    CURRENCIES.binary_search(&currency).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_each_stands_once() {
        assert!(CURRENCIES.is_sorted_by(|one, next| one < next));
        assert!(
            CURRENCIES.iter().all(|code| code.len() == 3 && code.bytes().all(|c| c.is_ascii_uppercase()))
        );
    }

    #[test]
    fn only_listed_currencies_are_taken() {
        assert!(CURRENCIES.iter().all(|code| is_supported(code)));
        for other in ["usd", "XYZ", "GEL", "", "USD ", "BTC"] {
            assert!(!is_supported(other), "{other}");
        }
    }
}
