//! The forms in which a secret value could be printed: each of them is masked.
//!
//! The agent masks line by line, adds few forms itself, and none of base64 for what a task registers
//! (facts/azure-pipelines-tasks.md 6.4). So a value is registered whole, trimmed, without quotes, line by line, in base64
//! (both alphabets, with and without padding, broken into lines, and as it looks inside a longer encoded text), escaped
//! for URLs, JSON and XML.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use crate::neutralise::split;

/// Shorter lines and forms are not registered: they would mask innocent text everywhere.
pub(crate) const MINIMUM_LENGTH: usize = 4;
/// Shorter pieces of base64 are not registered, for the same reason.
const MINIMUM_BASE64: usize = 8;
/// Widths at which tools break base64: MIME and coreutils, PEM.
const BASE64_WIDTHS: [usize; 2] = [76, 64];

/// The forms of one value.
#[derive(Debug, Default)]
pub(crate) struct Forms {
    /// Forms of one line, for the agent's masker.
    pub(crate) for_agent: Vec<String>,
    /// Forms for text that does not pass the agent's masker: also whole values of several lines, but nothing short.
    pub(crate) for_text: Vec<String>,
    /// Lines that are too short to be registered.
    pub(crate) short_lines: usize,
    /// Whether the whole value is short.
    pub(crate) is_short: bool,
}

/// The forms of `value`.
pub(crate) fn of(value: &str) -> Forms {
    let mut forms = Forms { is_short: is_short(value.trim()), ..Forms::default() };
    let lines = split(value);
    // The value itself is registered even if it is short: so does the agent with a secret variable.
    if lines.len() == 1 {
        forms.for_agent.push(value.to_owned());
    }
    forms.add(value);
    forms.add(value.trim());
    forms.add(value.trim_matches(['"', '\'']));
    forms.add(&percent_escaped(value));
    forms.add(&percent_escaped(value).replace("%20", "+"));
    forms.add(&json_escaped(value));
    forms.add(&json_escaped_ascii(value));
    forms.add(&json_escaped(value).replace('/', "\\/"));
    forms.add(&xml_escaped(value));
    for encoded in base64_forms(value.as_bytes()) {
        forms.add(&encoded);
    }
    if lines.len() > 1 {
        for line in lines {
            let trimmed = line.trim();
            if is_short(trimmed) {
                forms.short_lines += usize::from(!trimmed.is_empty());
                continue;
            }
            forms.add(line);
            forms.add(trimmed);
            forms.add(&json_escaped(line));
            for encoded in [STANDARD.encode(line), URL_SAFE.encode(line)] {
                forms.add(encoded.trim_end_matches('='));
                forms.add(&encoded);
            }
        }
    }
    forms
}

impl Forms {
    fn add(&mut self, form: &str) {
        if is_short(form) {
            return;
        }
        if !form.contains(['\r', '\n']) && !self.for_agent.iter().any(|known| known == form) {
            self.for_agent.push(form.to_owned());
        }
        if !self.for_text.iter().any(|known| known == form) {
            self.for_text.push(form.to_owned());
        }
    }
}

fn is_short(text: &str) -> bool {
    text.chars().count() < MINIMUM_LENGTH
}

fn base64_forms(value: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for (alphabet, engine) in [("standard", &STANDARD), ("url", &URL_SAFE)] {
        let encoded = engine.encode(value);
        if alphabet == "standard" {
            for width in BASE64_WIDTHS {
                if encoded.len() > width {
                    forms.extend(encoded.as_bytes().chunks(width).map(|piece| String::from_utf8_lossy(piece).into_owned()));
                }
            }
        }
        forms.push(encoded.trim_end_matches('=').to_owned());
        forms.push(encoded);
        forms.extend((0..3).map(|offset| aligned(engine, value, offset)));
    }
    forms.retain(|form| form.len() >= MINIMUM_BASE64);
    forms
}

/// The characters of base64 that depend on `value` alone when `offset` bytes (mod 3) stand before it and anything after
/// it: `user:value` in a header, for instance.
fn aligned(engine: &base64::engine::GeneralPurpose, value: &[u8], offset: usize) -> String {
    let mut padded = vec![0; offset];
    padded.extend_from_slice(value);
    let encoded = engine.encode(&padded);
    let start = (offset * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    encoded.get(start..end).unwrap_or_default().to_owned()
}

/// As `encodeURIComponent` and .NET's `EscapeDataString` do.
fn percent_escaped(value: &str) -> String {
    value
        .bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
            },
        )
        .collect()
}

fn json_escaped(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// As many libraries do: everything outside ASCII as `\uXXXX`.
fn json_escaped_ascii(value: &str) -> String {
    let mut escaped = String::new();
    for character in json_escaped(value).chars() {
        if character.is_ascii() {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    escaped
}

fn xml_escaped(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masks(value: &str, printed: &str) -> bool {
        of(value).for_agent.iter().any(|form| printed.contains(form.as_str()))
    }

    #[test]
    fn a_value_is_found_in_every_form_in_which_it_could_be_printed() {
        let value = "pa\"ss/wörd+&=? 1";
        for printed in [
            value.to_owned(),
            format!("prefix {value} suffix"),
            STANDARD.encode(value),
            STANDARD.encode(value).trim_end_matches('=').to_owned(),
            URL_SAFE.encode(value),
            STANDARD.encode(format!("user:{value}")),
            STANDARD.encode(format!("a:{value}:z")),
            URL_SAFE.encode(format!("ab:{value}\n")),
            STANDARD.encode(format!("abc:{value}xyz")),
            "https://x/?p=pa%22ss%2Fw%C3%B6rd%2B%26%3D%3F%201".to_owned(),
            "p=pa%22ss%2Fw%C3%B6rd%2B%26%3D%3F+1&q=".to_owned(),
            serde_json::json!({ "a": value }).to_string(),
            r#"{"a":"pa\"ss/w\u00f6rd+&=? 1"}"#.to_owned(),
            r#"{"a":"pa\"ss\/wörd+&=? 1"}"#.to_owned(),
            "<a>pa&quot;ss/wörd+&amp;=? 1</a>".to_owned(),
        ] {
            assert!(masks(value, &printed), "not masked: {printed}");
        }
        assert!(!masks(value, "pa ss other"));
    }

    #[test]
    fn each_line_of_a_value_is_found() {
        let value = "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\r\n}\n  indented\n";
        for printed in [
            "-----BEGIN KEY-----",
            "MIIEpAIBAAKCAQEA",
            "x indented",
            &STANDARD.encode("MIIEpAIBAAKCAQEA"),
            &STANDARD.encode(value),
            r"-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\r\n}\n  indented\n",
        ] {
            assert!(masks(value, printed), "not masked: {printed}");
        }
        assert!(!masks(value, "}"));
        assert_eq!(of(value).short_lines, 1);
        assert!(of(value).for_agent.iter().all(|form| !form.contains(['\r', '\n'])));
        assert!(of(value).for_text.iter().any(|form| form == value));
    }

    #[test]
    fn base64_that_a_tool_broke_into_lines_is_found() {
        let value: String = (0u8..100).map(|index| char::from(b'!' + index % 90)).collect();
        let encoded = STANDARD.encode(&value);
        for width in BASE64_WIDTHS {
            for piece in encoded.as_bytes().chunks(width) {
                assert!(masks(&value, &String::from_utf8_lossy(piece)), "width {width}");
            }
        }
    }

    #[test]
    fn trimmed_and_unquoted_values_are_found() {
        assert!(masks("  padded value \n", "padded value"));
        assert!(masks("\"quoted\"", "quoted"));
    }

    #[test]
    fn a_short_value_is_registered_as_it_is_only() {
        assert_eq!(of("ab").for_agent, ["ab"]);
        assert!(of("ab").is_short && of("ab").for_text.is_empty());
        assert!(!of("abcd").is_short);
    }
}
