//! `NO_PROXY` as a bypass list of regular expressions over whole URLs.

use std::net::{IpAddr, Ipv4Addr};

use regex_lite::Regex;

use super::pattern;

/// A translated list.
#[derive(Debug, Default)]
pub(super) struct NoProxy {
    /// Whether it names everything (`*`).
    pub(super) matches_all: bool,
    pub(super) patterns: Vec<Regex>,
    pub(super) warnings: Vec<String>,
}

/// Translates hosts (with everything below them), addresses and IPv4 networks, each with an optional port.
pub(super) fn translate(list: &str) -> NoProxy {
    let mut found = NoProxy::default();
    for entry in list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()) {
        if entry == "*" {
            found.matches_all = true;
            continue;
        }
        match host_pattern(entry).and_then(|(host, port)| pattern(&format!("^[a-z]+://([^/@]*@)?{host}{port}([/?#]|$)")).ok()) {
            Some(pattern) => found.patterns.push(pattern),
            None => found.warnings.push(format!("The entry `{entry}` of `NO_PROXY` is ignored, so such addresses go through the proxy.")),
        }
    }
    found
}

/// Patterns of the host and of the port.
fn host_pattern(entry: &str) -> Option<(String, String)> {
    let any_port = || "(:[0-9]+)?".to_owned();
    if let Some((address, bits)) = entry.split_once('/') {
        return Some((network(address.parse().ok()?, bits.parse().ok()?)?, any_port()));
    }
    if let Ok(address) = entry.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Some(match address {
            IpAddr::V4(address) => (escaped(&address.to_string()), any_port()),
            IpAddr::V6(address) => (format!("\\[{}\\]", escaped(&address.to_string())), any_port()),
        });
    }
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) => {
            let port: u16 = port.parse().ok()?;
            // A URL does not show the port that its scheme has anyway.
            (host, if matches!(port, 80 | 443) { format!("(:{port})?") } else { format!(":{port}") })
        }
        None => (entry, any_port()),
    };
    let host = host.trim_start_matches("*.").trim_start_matches('.').trim_end_matches('.');
    let is_host = !host.is_empty() && host.chars().all(|character| character.is_alphanumeric() || matches!(character, '-' | '.' | '_'));
    is_host.then(|| (format!("([^/:@]*\\.)?{}\\.?", escaped(host)), port))
}

/// An IPv4 network: whole octets as they are, the divided one as the list of its values.
fn network(address: Ipv4Addr, bits: u32) -> Option<String> {
    let octets = address.octets();
    if bits > 32 {
        return None;
    }
    let any = "[0-9]+".to_owned();
    let parts = octets.iter().zip(0u32..).map(|(octet, index)| match bits.saturating_sub(index * 8).min(8) {
        8 => octet.to_string(),
        0 => any.clone(),
        fixed => {
            let size = 1u32 << (8 - fixed);
            let first = u32::from(*octet) / size * size;
            let values: Vec<String> = (first..first + size).map(|value| value.to_string()).collect();
            format!("({})", values.join("|"))
        }
    });
    Some(parts.collect::<Vec<_>>().join("\\."))
}

fn escaped(text: &str) -> String {
    regex_lite::escape(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bypasses(list: &str, url: &str) -> bool {
        translate(list).patterns.iter().any(|pattern| pattern.is_match(url))
    }

    #[test]
    fn entries_match_as_curl_and_others_read_them() {
        for (list, url, expected) in [
            ("example.com", "https://example.com/", true),
            ("example.com", "https://a.b.example.com:8443/x", true),
            (".example.com", "https://a.example.com/", true),
            ("*.example.com", "https://a.example.com/", true),
            ("example.com", "https://notexample.com/", false),
            ("example.com", "https://example.com.evil.net/", false),
            ("example.com", "https://other.net/?u=https://example.com/", false),
            ("EXAMPLE.com", "https://example.com/", true),
            ("example.com:8443", "https://example.com:8443/", true),
            ("example.com:8443", "https://example.com/", false),
            ("example.com:443", "https://example.com/", true),
            ("10.1.2.3", "https://10.1.2.3/", true),
            ("10.1.2.3", "https://10.1.2.30/", false),
            ("::1", "http://[::1]:80/", true),
            ("10.0.0.0/8", "https://10.200.3.4/", true),
            ("10.0.0.0/8", "https://11.0.0.1/", false),
            ("172.16.0.0/12", "https://172.31.0.1/", true),
            ("172.16.0.0/12", "https://172.32.0.1/", false),
            ("a.com, b.com c.com", "https://c.com/", true),
            ("", "https://c.com/", false),
        ] {
            assert_eq!(bypasses(list, url), expected, "{list} {url}");
        }
    }

    #[test]
    fn a_star_bypasses_everything_and_nonsense_is_reported() {
        assert!(translate("a, *").matches_all);
        for entry in ["a(b", "fe80::/10", "10.0.0.0/40", "host:port"] {
            assert_eq!(translate(entry).warnings.len(), 1, "{entry}");
        }
    }
}
