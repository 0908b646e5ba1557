use std::sync::{PoisonError, RwLock};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use slipway_secret::SecretSink;

/// What the agent writes instead of a secret.
const MASK: &str = "***";

/// `Uri.EscapeDataString` keeps RFC 3986's unreserved characters.
const URI_DATA: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The secret masker: everything that leaves a run (events, logs, records) passes [`Masker::mask`].
///
/// It knows the forms that the agent knows and no others (facts/azure-pipelines-tasks.md 6.4), so that a task which
/// relies on more than that leaks here as it would there: each value as it is, JSON-escaped, URI-escaped and with
/// backslash escapes resolved; secrets that a job starts with also trimmed, without quotes, and in base64. Values made
/// with [`slipway_secret::Secret`] inside `slipway` itself are known in all of those forms and line by line.
#[derive(Debug, Default)]
pub struct Masker {
    values: RwLock<Vec<String>>,
    /// Masked in logs as the agent does, although they are no secrets: the identifiers in service connections.
    identifiers: RwLock<Vec<String>>,
}

impl Masker {
    /// A masker that knows no secret.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value in the agent's three encodings, as `##vso[task.setsecret]` does.
    pub fn add_value(&self, value: &str) {
        if value.is_empty() {
            return;
        }
        self.insert([
            value.to_owned(),
            json_string_escape(value),
            utf8_percent_encode(value, URI_DATA).to_string(),
            backslash_escape(value),
        ]);
    }

    /// Adds a value that the agent masks in logs although it is no secret, such as an application id.
    pub fn add_identifier(&self, value: &str) {
        let mut identifiers = self.identifiers.write().unwrap_or_else(PoisonError::into_inner);
        if !value.is_empty() && !identifiers.iter().any(|known| known == value) {
            identifiers.push(value.to_owned());
        }
    }

    /// Adds a secret that a job starts with, in all forms that the agent's worker adds.
    pub fn add_initial_secret(&self, value: &str) {
        if value.trim().is_empty() {
            return;
        }
        let base64 = BASE64_STANDARD.encode(value);
        let newlines = value.replace('\r', "%0D").replace('\n', "%0A");
        let escaped = value.replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A");
        for form in [value, &escaped, &newlines, &base64] {
            self.add_value(form);
            self.add_value(form.trim_matches(['\r', '\n', ' ']));
            for quote in ['\'', '"'] {
                if form.starts_with(quote) && form.ends_with(quote) {
                    self.add_value(form.trim_matches(quote));
                }
            }
        }
    }

    /// `text`, as it goes into a log: every known secret and identifier replaced by `***`. Occurrences that overlap or touch
    /// become one `***`.
    pub fn mask(&self, text: &str) -> String {
        self.replace(text, true)
    }

    /// `text`, as it goes into a file that people share: every known secret replaced by `***`, identifiers kept.
    pub fn mask_secrets(&self, text: &str) -> String {
        self.replace(text, false)
    }

    fn replace(&self, text: &str, with_identifiers: bool) -> String {
        let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
        let identifiers = self.identifiers.read().unwrap_or_else(PoisonError::into_inner);
        let identifiers = if with_identifiers { identifiers.as_slice() } else { &[] };
        let mut spans = Vec::new();
        for value in values.iter().chain(identifiers) {
            let mut from = 0;
            while let Some(found) = text[from..].find(value.as_str()) {
                let start = from + found;
                spans.push((start, start + value.len()));
                // The next occurrence may overlap this one.
                from = start + text[start..].chars().next().map_or(1, char::len_utf8);
            }
        }
        if spans.is_empty() {
            return text.to_owned();
        }
        spans.sort_unstable();
        let mut masked = String::with_capacity(text.len());
        let mut written = 0;
        let mut spans = spans.into_iter().peekable();
        while let Some((start, mut end)) = spans.next() {
            while let Some((_, next)) = spans.next_if(|(next, _)| *next <= end) {
                end = end.max(next);
            }
            masked.push_str(&text[written..start]);
            masked.push_str(MASK);
            written = end;
        }
        masked.push_str(&text[written..]);
        masked
    }

    fn insert(&self, forms: impl IntoIterator<Item = String>) {
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        for form in forms {
            if !form.is_empty() && !values.contains(&form) {
                values.push(form);
            }
        }
    }
}

impl SecretSink for Masker {
    fn register(&self, value: &str) {
        self.add_initial_secret(value);
        if value.contains(['\r', '\n']) {
            for line in value.split(['\r', '\n']) {
                self.add_initial_secret(line);
            }
        }
    }
}

/// As the agent's JSON library escapes a string, without the quotes around it.
fn json_string_escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '\u{8}' => escaped.push_str("\\b"),
            '\u{c}' => escaped.push_str("\\f"),
            '\u{85}' | '\u{2028}' | '\u{2029}' | '\0'..'\u{20}' => escaped.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// What a shell makes of a value with backslash escapes.
fn backslash_escape(value: &str) -> String {
    value.replace(r"\\", r"\").replace(r"\'", "'").replace("\\\"", "\"").replace(r"\t", "\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knowing(values: &[&str]) -> Masker {
        let masker = Masker::new();
        for value in values {
            masker.add_value(value);
        }
        masker
    }

    #[test]
    fn what_is_not_known_is_not_masked() {
        assert_eq!(knowing(&[]).mask("hunter2 in clear"), "hunter2 in clear");
        assert_eq!(knowing(&["", "hunter2"]).mask("hunter2 hunter hunter2!"), "*** hunter ***!");
    }

    #[test]
    fn overlapping_and_touching_occurrences_are_one_mask() {
        assert_eq!(knowing(&["abcd", "cdef"]).mask("xabcdefx"), "x***x");
        assert_eq!(knowing(&["ab", "cd"]).mask("abcd ab cd"), "*** *** ***");
        assert_eq!(knowing(&["aa"]).mask("aaa"), "***", "an occurrence that overlaps itself leaves no rest");
        assert_eq!(knowing(&["é"]).mask("éé!"), "***!");
    }

    #[test]
    fn the_agents_encodings_are_known() {
        let masker = knowing(&["a b\"c\\d\n"]);
        assert_eq!(masker.mask("a%20b%22c%5Cd%0A"), "***");
        assert_eq!(masker.mask("a b\\\"c\\\\d\\n"), "***");
        let masker = knowing(&["abc\\\\def\\'\\\"ghi\\t"]);
        assert_eq!(masker.mask("abc\\def'\"ghi\t"), "***");
    }

    #[test]
    fn only_initial_secrets_are_known_in_base64_and_trimmed() {
        let later = knowing(&[" hunter2 "]);
        assert_eq!(later.mask("IGh1bnRlcjIg"), "IGh1bnRlcjIg");
        assert_eq!(later.mask("<hunter2>"), "<hunter2>");
        let initial = Masker::new();
        initial.add_initial_secret(" hunter2 ");
        initial.add_initial_secret("'quoted'");
        assert_eq!(initial.mask("IGh1bnRlcjIg"), "***");
        assert_eq!(initial.mask("<hunter2>"), "<***>");
        assert_eq!(initial.mask("quoted"), "***");
    }

    #[test]
    fn a_secret_of_slipway_itself_is_masked_line_by_line() {
        let masker = Masker::new();
        masker.register("first line\nsecond line\n");
        assert_eq!(masker.mask("second line"), "***");
        assert_eq!(masker.mask("first line\\nsecond line\\n"), "***");
        assert_eq!(masker.mask("Zmlyc3QgbGluZQ=="), "***");
    }
}
