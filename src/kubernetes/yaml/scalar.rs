//! What an unquoted scalar is: the rules of `sigs.k8s.io/yaml` (its `goyaml.v2/resolve.go`), so that a value means here what it
//! means to kubectl.

use serde_json::{Number, Value};

/// What a scalar means.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    /// A value.
    Value(Value),
    /// `<<`, which as a key takes over the entries of another mapping.
    Merge,
    /// A number that JSON does not have: infinite, or none.
    NotFinite,
    /// A whole number of more than 64 bits.
    TooLarge,
}

const TRUE: &[&str] = &["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"];
const FALSE: &[&str] = &["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"];
const NULL: &[&str] = &["", "~", "null", "Null", "NULL"];
const NOT_FINITE: &[&str] = &[".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"];

/// What the text of an unquoted scalar means.
pub(super) fn resolve(text: &str) -> Scalar {
    match text {
        _ if TRUE.contains(&text) => Scalar::Value(true.into()),
        _ if FALSE.contains(&text) => Scalar::Value(false.into()),
        _ if NULL.contains(&text) => Scalar::Value(Value::Null),
        _ if NOT_FINITE.contains(&text) => Scalar::NotFinite,
        "<<" => Scalar::Merge,
        _ => number(text).unwrap_or_else(|| Scalar::Value(text.into())),
    }
}

fn number(text: &str) -> Option<Scalar> {
    match text.as_bytes().first()? {
        b'.' if is_float(text) => float(text),
        // `2026-11-24` needs no rule of its own: it is no number, and a date stays text.
        b'+' | b'-' | b'0'..=b'9' => {
            let plain = text.replace('_', "");
            let (negative, digits) = match plain.strip_prefix(['+', '-']) {
                Some(digits) => (plain.starts_with('-'), digits),
                None => (false, plain.as_str()),
            };
            match whole(digits) {
                Some(Ok(size)) if !negative => return Some(Scalar::Value(size.into())),
                Some(Ok(size)) => {
                    if let Ok(value) = i64::try_from(-i128::from(size)) {
                        return Some(Scalar::Value(value.into()));
                    }
                }
                Some(Err(())) => {}
                None => return if is_float(&plain) { float(&plain) } else { None },
            }
            // More than 64 bits: a decimal number becomes a floating-point one, another one is none that JSON has.
            if is_float(&plain) { float(&plain) } else { Some(Scalar::TooLarge) }
        }
        _ => None,
    }
}

/// A whole number without its sign, by its prefix hexadecimal, octal (`0o17`, `017`), binary or decimal; an error if it is too large.
fn whole(digits: &str) -> Option<Result<u64, ()>> {
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.as_bytes() {
        [b'0', b'x', _, ..] => (16, &lower[2..]),
        [b'0', b'o', _, ..] => (8, &lower[2..]),
        [b'0', b'b', _, ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(base)) {
        return None;
    }
    Some(u64::from_str_radix(digits, base).map_err(|_| ()))
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(mantissa, exponent)| (mantissa, Some(exponent)));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_digits = !before.is_empty() || !after.is_empty();
    let exponent_is_good = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    has_digits && digits(before) && digits(after) && exponent_is_good
}

/// A floating-point number. What is whole is written without a point, as Go's JSON does: Kubernetes' whole-number fields take it.
fn float(text: &str) -> Option<Scalar> {
    let value: f64 = text.parse().ok()?;
    if !value.is_finite() {
        // Too large even for a floating-point number: kubectl leaves it a text.
        return None;
    }
    // Exact: every whole number below 2^63 in size that a float can have is an i64.
    if value.fract() == 0.0 && value.abs() < 9_223_372_036_854_775_808.0 {
        return Some(Scalar::Value((value as i64).into()));
    }
    Number::from_f64(value).map(|number| Scalar::Value(Value::Number(number)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_mean_what_they_mean_to_kubectl() {
        // The right column is what `sigs.k8s.io/yaml` makes of it.
        let table = [
            ("yes", json!(true)),
            ("On", json!(true)),
            ("y", json!(true)),
            ("off", json!(false)),
            ("N", json!(false)),
            ("yEs", json!("yEs")),
            ("~", json!(null)),
            ("Null", json!(null)),
            ("", json!(null)),
            ("0777", json!(511)),
            ("0o17", json!(15)),
            ("0b101", json!(5)),
            ("-0x1F", json!(-31)),
            ("0", json!(0)),
            ("08", json!(8)),
            ("1_000", json!(1000)),
            ("+5", json!(5)),
            ("-5", json!(-5)),
            ("1.10", json!(1.1)),
            ("1.0", json!(1)),
            ("1e3", json!(1000)),
            ("6.", json!(6)),
            (".5", json!(0.5)),
            ("-.5e-1", json!(-0.05)),
            ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
            ("-9223372036854775808", json!(-9_223_372_036_854_775_808_i64)),
            ("-10000000000000000000", json!(-1e19)),
            ("1e400", json!("1e400")),
            ("12:30:45", json!("12:30:45")),
            ("2026-11-24", json!("2026-11-24")),
            ("2026-11-24T10:00:00Z", json!("2026-11-24T10:00:00Z")),
            ("100m", json!("100m")),
            ("1.2.3", json!("1.2.3")),
            ("0x", json!("0x")),
            ("-", json!("-")),
            ("1e", json!("1e")),
            (".", json!(".")),
            ("orders", json!("orders")),
            ("127.0.0.1", json!("127.0.0.1")),
            ("8Gi", json!("8Gi")),
        ];
        for (text, expected) in table {
            assert_eq!(resolve(text), Scalar::Value(expected), "{text}");
        }
        assert_eq!(resolve("<<"), Scalar::Merge);
        assert_eq!(resolve("-.Inf"), Scalar::NotFinite);
        assert_eq!(resolve("0x1ffffffffffffffff"), Scalar::TooLarge);
    }
}
