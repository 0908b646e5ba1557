use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use regex_lite::RegexBuilder;
use url::{Host, Url};

use crate::Settings;

/// Whether a request goes through the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Straight to the host.
    Direct,
    /// Through [`Settings::proxy`].
    Proxy,
}

impl Settings {
    /// How a request to `url` goes out: directly where there is no proxy, to addresses of this machine and of its link
    /// (so the managed identity endpoint), and where an entry of the bypass list matches the whole URL, ignoring case
    /// (facts/azure-pipelines-tasks.md 3.9).
    pub fn route(&self, url: &Url) -> Route {
        let Some(proxy) = &self.proxy else { return Route::Direct };
        if is_near(url) {
            return Route::Direct;
        }
        let bypassed = proxy.bypass.iter().any(|pattern| {
            // Whoever compiled the pattern may not have asked for case to be ignored. It compiled once, so it does now.
            RegexBuilder::new(pattern.as_str()).case_insensitive(true).build().is_ok_and(|pattern| pattern.is_match(url.as_str()))
        });
        if bypassed { Route::Direct } else { Route::Proxy }
    }
}

/// Whether `url` is on this machine or its link: such addresses mean something else to a proxy.
fn is_near(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => is_near_address(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => is_near_address(IpAddr::V6(address)),
        None => false,
    }
}

fn is_near_address(address: IpAddr) -> bool {
    let near4 = |address: Ipv4Addr| address.is_loopback() || address.is_link_local() || address.is_unspecified();
    match address {
        IpAddr::V4(address) => near4(address),
        IpAddr::V6(address) => {
            address == Ipv6Addr::LOCALHOST
                || address.is_unspecified()
                || (address.segments()[0] & 0xffc0) == 0xfe80
                || address.to_ipv4_mapped().is_some_and(near4)
        }
    }
}

#[cfg(test)]
mod tests {
    use regex_lite::Regex;

    use super::*;
    use crate::ProxySettings;

    fn settings(bypass: &[&str]) -> Settings {
        let proxy = ProxySettings {
            url: Url::parse("http://proxy.corp:8080").unwrap(),
            username: String::new(),
            password: None,
            bypass: bypass.iter().map(|pattern| Regex::new(pattern).unwrap()).collect(),
        };
        Settings { proxy: Some(proxy), ..Settings::default() }
    }

    #[test]
    fn addresses_of_this_machine_and_its_link_are_never_proxied() {
        let settings = settings(&[]);
        for (url, expected) in [
            ("http://localhost:8080/x", Route::Direct),
            ("http://LOCALHOST./x", Route::Direct),
            ("http://vault.localhost/x", Route::Direct),
            ("http://127.0.0.1:1/", Route::Direct),
            ("http://127.9.9.9/", Route::Direct),
            ("http://169.254.169.254/metadata", Route::Direct),
            ("http://[::1]/", Route::Direct),
            ("http://[fe80::1]/", Route::Direct),
            ("http://[::ffff:127.0.0.1]/", Route::Direct),
            ("http://10.0.0.1/", Route::Proxy),
            ("https://notlocalhost/", Route::Proxy),
            ("https://v.vault.azure.net/", Route::Proxy),
            ("http://[2001:db8::1]/", Route::Proxy),
        ] {
            assert_eq!(settings.route(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn the_bypass_list_is_tested_against_the_whole_url_ignoring_case() {
        let settings = settings(&[r"^https://INTERNAL\.corp/", r"\.vault\.azure\.net/secrets/near"]);
        for (url, expected) in [
            ("https://internal.corp/", Route::Direct),
            ("http://internal.corp/", Route::Proxy),
            ("https://v.vault.azure.net/secrets/near/1", Route::Direct),
            ("https://v.vault.azure.net/secrets/far/1", Route::Proxy),
        ] {
            assert_eq!(settings.route(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn without_a_proxy_everything_goes_directly() {
        assert_eq!(Settings::default().route(&Url::parse("https://example.com").unwrap()), Route::Direct);
    }
}
