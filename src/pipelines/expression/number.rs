//! Numbers: .NET's `Decimal`, read and written as the engine does (facts/pipeline-yaml.md 2.6).

use rust_decimal::{Decimal, RoundingStrategy};

/// A number in an expression: sign, digits, decimal point.
pub(super) fn parse_literal(text: &str) -> Option<Decimal> {
    parse_digits(text, false)
}

/// A text as number: white space around it and thousands separators may be there.
pub(super) fn parse_text(text: &str) -> Option<Decimal> {
    parse_digits(text.trim_matches(|c: char| matches!(c, '\t'..='\r' | ' ')), true)
}

fn parse_digits(text: &str, thousands: bool) -> Option<Decimal> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut plain = String::from(sign);
    for c in whole.chars() {
        match c {
            '0'..='9' => plain.push(c),
            // Anywhere after the first digit of the whole part.
            ',' if thousands && plain.len() > sign.len() => {}
            _ => return None,
        }
    }
    if plain.len() == sign.len() {
        plain.push('0');
    }
    if fraction.is_empty() {
        if whole.is_empty() {
            return None;
        }
    } else {
        if !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        plain.push('.');
        // More digits than a decimal can hold only matter for rounding.
        plain.push_str(&fraction[..fraction.len().min(40)]);
    }
    plain.parse().ok()
}

/// The number as text: `0.#######`.
pub(super) fn to_text(number: Decimal) -> String {
    let rounded = number.round_dp_with_strategy(7, RoundingStrategy::MidpointAwayFromZero).normalize();
    if rounded.is_zero() { "0".to_owned() } else { rounded.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_numbers() {
        // facts/pipeline-yaml.md 2.6, Conversions, String to Number
        for (text, expected) in [
            ("1,000", Some("1000")),
            ("1,0,0", Some("100")),
            ("1,", Some("1")),
            (" \t-1.50 ", Some("-1.5")),
            ("+7", Some("7")),
            (".5", Some("0.5")),
            ("5.", Some("5")),
            ("007", Some("7")),
            ("12345678901234567890123", Some("12345678901234567890123")),
            ("0.1234567890123456789012345678901234567890123456789", Some("0.1234568")),
            (",1", None),
            ("1.0,0", None),
            ("1e3", None),
            ("0x10", None),
            ("- 1", None),
            ("--1", None),
            (".", None),
            ("-", None),
            ("", None),
            ("1 2", None),
            ("1.2.3", None),
            ("99999999999999999999999999999999", None),
        ] {
            assert_eq!(parse_text(text).map(to_text).as_deref(), expected, "{text:?}");
        }
        assert_eq!(parse_literal("1,000"), None, "a comma separates arguments");
        assert_eq!(parse_literal(" 1"), None);
        assert_eq!(parse_literal("-.5").map(to_text).as_deref(), Some("-0.5"));
    }

    #[test]
    fn numbers_become_texts_with_at_most_seven_decimals() {
        // facts/pipeline-yaml.md 2.6, Conversions, Number to String
        for (number, expected) in
            [("1.12345678", "1.1234568"), ("1.0", "1"), ("0.5", "0.5"), ("-0.00000001", "0"), ("100", "100"), ("1.00000005", "1.0000001")]
        {
            assert_eq!(parse_literal(number).map(to_text).as_deref(), Some(expected));
        }
    }
}
