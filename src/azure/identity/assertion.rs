use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::ClientMethodOptions;
use azure_identity::ClientAssertion;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use slipway_net::Clock;
use slipway_secret::Secret;
use url::Url;

use super::certificate::Certificate;

/// Issues federated assertions: in a task, Azure DevOps. Asked anew at each refresh of a token, since an assertion lives
/// for ten minutes and a token for an hour (facts/azure-pipelines-tasks.md 4).
#[async_trait]
pub trait AssertionSource: Send + Sync {
    /// A fresh assertion (JWT).
    ///
    /// # Errors
    /// When the issuer does not give one.
    async fn assertion(&self) -> Result<Secret, AssertionError>;
}

/// Why there is no federated assertion.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct AssertionError {
    /// What failed, because of what.
    pub message: String,
    /// What a person can do.
    pub next_step: String,
}

/// What an assertion says of itself; not secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) audience: String,
}

impl Claims {
    /// Reads the middle part of a JWT. Only for messages: nothing is verified.
    pub(crate) fn read(token: &str) -> Option<Self> {
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        let payload: serde_json::Value = serde_json::from_slice(&payload).ok()?;
        let text = |name: &str| payload.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        Some(Self { issuer: text("iss"), subject: text("sub"), audience: text("aud") })
    }
}

/// The claims of the assertion that was sent last, for the message of a refusal.
pub(crate) type LastClaims = Arc<Mutex<Option<Claims>>>;

/// Our two ways to an assertion, as the SDK wants it.
pub(crate) enum Assertion {
    Certificate { certificate: Arc<Certificate>, client_id: String, audience: Url, clock: Clock },
    Federated { source: Arc<dyn AssertionSource>, last: LastClaims },
}

impl fmt::Debug for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Certificate { .. } => "Assertion::Certificate",
            Self::Federated { .. } => "Assertion::Federated",
        })
    }
}

#[async_trait]
impl ClientAssertion for Assertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        match self {
            Self::Certificate { certificate, client_id, audience, clock } => certificate
                .assertion(client_id, audience, clock.now())
                .map_err(|error| azure_core::Error::new(ErrorKind::Credential, error)),
            Self::Federated { source, last } => {
                let assertion = source.assertion().await.map_err(|error| azure_core::Error::new(ErrorKind::Credential, error))?;
                *last.lock().unwrap_or_else(PoisonError::into_inner) = Claims::read(assertion.expose());
                Ok(assertion.expose().to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read_from_a_token_and_not_from_anything_else() {
        let payload = URL_SAFE_NO_PAD
            .encode(r#"{"iss":"https://vstoken.dev.azure.com/1","sub":"sc://org/project/name","aud":"api://AzureADTokenExchange"}"#);
        let claims = Claims::read(&format!("e30.{payload}.sig")).unwrap();
        assert_eq!(claims.subject, "sc://org/project/name");
        assert_eq!(Claims::read("not a token"), None);
    }
}
