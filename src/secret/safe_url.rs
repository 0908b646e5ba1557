use std::fmt;

use url::Url;

/// Query keys whose values may be shown: they name versions, pages and resources, never credentials.
const SHOWN_QUERY_KEYS: &[&str] = &["api-version", "maxresults", "resource", "serviceConnectionId", "scope", "service", "$top"];

/// A URL as it may be printed: without user information and fragment, and with every query value that is not on the
/// allow-list replaced by `***`. (An allow-list, since a deny-list forgets.)
#[derive(Clone, PartialEq, Eq)]
pub struct SafeUrl(Url);

impl SafeUrl {
    /// Wraps `url` for printing.
    pub fn new(url: &Url) -> Self {
        let mut safe = url.clone();
        safe.set_fragment(None);
        // Both fail only for URLs that cannot have user information (`data:`), which then have none.
        let _ = safe.set_username("");
        let _ = safe.set_password(None);
        if url.query().is_some() {
            let query = url
                .query_pairs()
                .map(|(key, value)| {
                    let shown = SHOWN_QUERY_KEYS.iter().any(|shown| shown.eq_ignore_ascii_case(&key));
                    let value = if shown { value.as_ref() } else { "***" };
                    format!("{key}={value}")
                })
                .collect::<Vec<_>>()
                .join("&");
            safe.set_query(Some(&query));
        }
        Self(safe)
    }
}

impl fmt::Display for SafeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl fmt::Debug for SafeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<&Url> for SafeUrl {
    fn from(url: &Url) -> Self {
        Self::new(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str) -> String {
        SafeUrl::new(&Url::parse(url).unwrap()).to_string()
    }

    #[test]
    fn only_allowed_query_values_are_shown() {
        assert_eq!(
            shown("https://v.vault.azure.net/secrets?api-version=7.4&sig=abc"),
            "https://v.vault.azure.net/secrets?api-version=7.4&sig=***"
        );
        assert_eq!(shown("https://v.vault.azure.net/secrets?$skiptoken=abc"), "https://v.vault.azure.net/secrets?$skiptoken=***");
    }

    #[test]
    fn user_information_and_fragment_are_not_shown() {
        assert_eq!(shown("http://user:password@proxy:8080/path#token"), "http://proxy:8080/path");
    }
}
