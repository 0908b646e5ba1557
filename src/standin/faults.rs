//! Faults that are ordered: the next requests that match are answered wrongly, as Azure, a proxy or the network would.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// An ordered fault. The first that matches a request, in the order in which they were ordered, applies to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// Which hosts: `*` stands for any text; case does not matter. Managed identity is `169.254.169.254`.
    #[serde(default = "any")]
    pub host: String,
    /// Which paths, without query: `*` stands for any text.
    #[serde(default = "any")]
    pub path: String,
    /// Which method; all, if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// What goes wrong.
    pub kind: FaultKind,
    /// How many requests it hits.
    #[serde(default = "once")]
    pub times: u32,
}

fn any() -> String {
    "*".to_owned()
}

fn once() -> u32 {
    1
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum FaultKind {
    /// 429 in the service's own words.
    Throttle {
        /// Seconds in `Retry-After`.
        retry_after: u32,
    },
    /// 403 in the service's own words.
    Forbidden(Refusal),
    /// The connection is reset.
    Reset {
        /// Bytes of the answer's body that are sent before; none, not even the head, for 0.
        after_bytes: usize,
    },
    /// The connection is reset while the request's body comes in. For container registries, which take bodies as they come;
    /// elsewhere nothing happens.
    ResetUpload {
        /// Bytes of the request's body that are taken before.
        after_bytes: u64,
    },
    /// One bit in the middle of the answer's body is changed.
    Corrupt,
    /// `Docker-Content-Digest` of the answer is that of something else.
    LyingDigest,
    /// The answer comes late. The next fault that matches applies as well.
    Delay {
        /// By how much.
        milliseconds: u64,
    },
    /// An HTML page, as a proxy on the way answers.
    Html {
        /// Status.
        status: u16,
    },
    /// The access token that the request carries has expired.
    ExpireTokens,
    /// The assertion that the request carries (Entra), or that it asks for (Azure DevOps), has expired.
    ExpiredAssertion,
    /// Any status and body.
    Status {
        /// Status.
        code: u16,
        /// Body, sent as JSON.
        body: String,
    },
}

/// Who refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Refusal {
    /// No role assignment (Key Vault: `ForbiddenByRbac`).
    Rbac,
    /// No access policy (`ForbiddenByPolicy`).
    Policy,
    /// The firewall (`ForbiddenByFirewall`).
    Firewall,
    /// Public access is disabled (`ForbiddenByConnection`).
    Connection,
}

/// A fault that cannot be ordered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this fault cannot be ordered: {0}")]
pub struct FaultError(String);

/// The faults that are ordered and have not all happened yet.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    /// Orders a fault, after those that are ordered already.
    ///
    /// # Errors
    /// When it could never happen: no times, no such status, no such method.
    pub fn push(&self, fault: Fault) -> Result<(), FaultError> {
        if fault.times == 0 {
            return Err(FaultError("`times` is 0, 1 or more is expected".to_owned()));
        }
        if let FaultKind::Html { status: code } | FaultKind::Status { code, .. } = fault.kind
            && !(200..=599).contains(&code)
        {
            return Err(FaultError(format!("`{code}` is not a status from 200 to 599")));
        }
        if let Some(method) = fault.method.as_deref()
            && (method.is_empty() || !method.chars().all(|c| c.is_ascii_alphabetic()))
        {
            return Err(FaultError(format!("`{method}` is not a method such as `GET`")));
        }
        self.lock().push(fault);
        Ok(())
    }

    /// Forgets all faults.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// The faults that are still to happen.
    pub fn pending(&self) -> Vec<Fault> {
        self.lock().clone()
    }

    /// The faults that happen to this request, one time less from now on: delays, and what comes after them.
    pub(crate) fn take(&self, host: &str, path: &str, method: &str) -> Vec<FaultKind> {
        let mut faults = self.lock();
        let mut taken = Vec::new();
        for fault in faults.iter_mut() {
            let matches = matches(&fault.host.to_lowercase(), &host.to_lowercase())
                && matches(&fault.path, path)
                && fault.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method));
            if !matches {
                continue;
            }
            fault.times -= 1;
            taken.push(fault.kind.clone());
            if !matches!(fault.kind, FaultKind::Delay { .. }) {
                break;
            }
        }
        faults.retain(|fault| fault.times > 0);
        taken
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether `text` matches `pattern`, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(start) else { return false };
    let boundaries = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    boundaries.into_iter().any(|at| matches(rest, &text[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(host: &str, path: &str, kind: FaultKind) -> Fault {
        Fault { host: host.to_owned(), path: path.to_owned(), method: None, kind, times: 1 }
    }

    #[test]
    fn stars_stand_for_any_text() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "anything", true),
            ("*.vault.azure.net", "shop.vault.azure.net", true),
            ("*.vault.azure.net", "vault.azure.net", false),
            ("/secrets/*/versions", "/secrets/a/versions", true),
            ("/secrets/*", "/secret/a", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("exact", "exact", true),
            ("exact", "exactly", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_fault_happens_as_often_as_it_was_ordered() {
        let faults = Faults::default();
        let throttle = FaultKind::Throttle { retry_after: 1 };
        faults.push(Fault { times: 2, ..fault("*.vault.azure.net", "*", throttle.clone()) }).unwrap();
        assert!(faults.take("dev.azure.com", "/", "GET").is_empty());
        assert_eq!(faults.take("Shop.vault.azure.net", "/", "GET"), std::slice::from_ref(&throttle));
        assert_eq!(faults.pending()[0].times, 1);
        assert_eq!(faults.take("shop.vault.azure.net", "/", "GET"), [throttle]);
        assert!(faults.take("shop.vault.azure.net", "/", "GET").is_empty());
    }

    #[test]
    fn the_first_ordered_wins_and_a_delay_adds_to_the_next() {
        let faults = Faults::default();
        let delay = FaultKind::Delay { milliseconds: 5 };
        for kind in [delay.clone(), FaultKind::ExpireTokens, FaultKind::ExpiredAssertion] {
            faults.push(fault("*", "*", kind)).unwrap();
        }
        assert_eq!(faults.take("h", "/", "GET"), [delay, FaultKind::ExpireTokens]);
        assert_eq!(faults.take("h", "/", "GET"), [FaultKind::ExpiredAssertion]);
    }

    #[test]
    fn a_method_restricts_and_nonsense_is_refused() {
        let faults = Faults::default();
        let mut post = fault("*", "*", FaultKind::ExpireTokens);
        post.method = Some("post".to_owned());
        faults.push(post.clone()).unwrap();
        assert!(faults.take("h", "/", "GET").is_empty());
        assert_eq!(faults.take("h", "/", "POST"), [FaultKind::ExpireTokens]);

        assert!(faults.push(Fault { times: 0, ..post.clone() }).is_err());
        assert!(faults.push(Fault { method: Some("G T".to_owned()), ..post.clone() }).is_err());
        assert!(faults.push(Fault { kind: FaultKind::Html { status: 99 }, ..post }).is_err());
    }

    #[test]
    fn faults_travel_as_json() {
        let json = r#"{"host":"*","path":"/x","kind":{"throttle":{"retryAfter":3}},"times":2}"#;
        let fault: Fault = serde_json::from_str(json).unwrap();
        assert_eq!(fault.kind, FaultKind::Throttle { retry_after: 3 });
        assert_eq!(serde_json::to_string(&fault).unwrap(), json);
        let short: Fault = serde_json::from_str(r#"{"kind":{"forbidden":"firewall"}}"#).unwrap();
        assert_eq!((short.host.as_str(), short.times, short.kind), ("*", 1, FaultKind::Forbidden(Refusal::Firewall)));
        assert!(serde_json::from_str::<Fault>(r#"{"kind":"expireTokens","time":2}"#).is_err());
    }
}
