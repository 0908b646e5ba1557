use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use azure_core::credentials::{TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use azure_identity::{ClientAssertionCredential, ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions};
use slipway_net::{AccessToken, Client, Clock, SendError, TokenError, TokenSource};
use slipway_secret::{Secret, SecretSink};
use time::Duration;
use tokio::sync::Mutex;

use super::assertion::{Assertion, AssertionError, AssertionSource, LastClaims};
use super::certificate::Certificate;
use super::managed_identity::{self, ManagedIdentity, ManagedIdentityEndpoint};
use super::refusal::{Principal, interpret};
use super::{IdentityError, IdentityErrorKind as Kind};
use crate::transport::{TokenRefusal, client_options, find_cause, json_position};
use crate::{Cloud, UnexpectedAnswer};

/// A token with less time left is replaced.
const LEFT: Duration = Duration::minutes(5);

/// For so long a failure that may pass answers everyone: what passes by itself was waited for already, by `net`.
const FAILED: std::time::Duration = std::time::Duration::from_secs(10);

/// Who signs in, and how: the schemes of an AzureRM service connection.
pub enum Identity {
    /// A service principal with a client secret.
    ServicePrincipalSecret {
        /// Tenant (GUID or domain).
        tenant_id: String,
        /// Application (client) id.
        client_id: String,
        /// Client secret.
        secret: Secret,
    },
    /// A service principal with a certificate.
    ServicePrincipalCertificate {
        /// Tenant (GUID or domain).
        tenant_id: String,
        /// Application (client) id.
        client_id: String,
        /// PEM text of the certificate and its RSA key.
        pem: Secret,
    },
    /// The identity of the machine.
    ManagedIdentity {
        /// Where to ask for it.
        endpoint: ManagedIdentityEndpoint,
        /// Client id of a user-assigned identity; the system-assigned one without.
        client_id: Option<String>,
    },
    /// Workload identity federation.
    Federated {
        /// Tenant (GUID or domain).
        tenant_id: String,
        /// Application (client) id.
        client_id: String,
        /// Where assertions come from.
        assertions: Arc<dyn AssertionSource>,
    },
}

enum Way {
    Secret(Arc<ClientSecretCredential>),
    Assertion(Arc<ClientAssertionCredential<Assertion>>),
    ManagedIdentity(Box<ManagedIdentity>),
}

/// Signs in and keeps tokens until shortly before they expire. Many callers at once make one request.
pub struct Credential {
    way: Way,
    tenant_id: String,
    client_id: String,
    thumbprint: Option<String>,
    claims: LastClaims,
    cloud: String,
    clock: Clock,
    sink: Arc<dyn SecretSink>,
    tokens: Mutex<HashMap<String, Kept>>,
}

/// What the last sign-in for a scope gave.
enum Kept {
    Token(AccessToken),
    /// Answers those who waited for it and those who ask soon after; if it is definitive everyone: a wrong secret is sent once.
    Failure {
        error: IdentityError,
        at: Instant,
    },
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("tenant_id", &self.tenant_id).field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl Credential {
    /// A credential for `identity`. Nothing is sent yet. Tokens are registered with `sink`.
    ///
    /// # Errors
    /// When the identity's own values cannot be used.
    pub fn new(
        identity: Identity,
        cloud: &Cloud,
        client: &Client,
        clock: Clock,
        sink: Arc<dyn SecretSink>,
    ) -> Result<Arc<Self>, IdentityError> {
        let options = client_options(client, cloud);
        let claims = LastClaims::default();
        let mut thumbprint = None;
        let assertion_way = |tenant: &str, client_id: &str, assertion| {
            let options = ClientAssertionCredentialOptions { client_options: options.clone() };
            ClientAssertionCredential::new(tenant.to_owned(), client_id.to_owned(), assertion, Some(options))
                .map(Way::Assertion)
                .map_err(unusable)
        };
        let (way, tenant_id, client_id) = match identity {
            Identity::ServicePrincipalSecret { tenant_id, client_id, secret } => {
                let options = ClientSecretCredentialOptions { client_options: options.clone() };
                let secret = azure_core::credentials::Secret::new(secret.expose().to_owned());
                let way =
                    ClientSecretCredential::new(&tenant_id, client_id.clone(), secret, Some(options)).map(Way::Secret).map_err(unusable)?;
                (way, tenant_id, client_id)
            }
            Identity::ServicePrincipalCertificate { tenant_id, client_id, pem } => {
                let certificate = Arc::new(Certificate::read(&pem)?);
                thumbprint = Some(certificate.thumbprint().to_owned());
                let path = format!("/{tenant_id}/oauth2/v2.0/token");
                let audience = cloud.authority.join(&path).map_err(|_| empty("tenant id"))?;
                let assertion = Assertion::Certificate { certificate, client_id: client_id.clone(), audience, clock };
                (assertion_way(&tenant_id, &client_id, assertion)?, tenant_id, client_id)
            }
            Identity::Federated { tenant_id, client_id, assertions } => {
                let assertion = Assertion::Federated { source: assertions, last: claims.clone() };
                (assertion_way(&tenant_id, &client_id, assertion)?, tenant_id, client_id)
            }
            Identity::ManagedIdentity { endpoint, client_id } => {
                let client = client.clone().with_policy(managed_identity::policy(client.policy()));
                let way = ManagedIdentity { endpoint, client_id: client_id.clone(), client, sink: sink.clone() };
                (Way::ManagedIdentity(Box::new(way)), String::new(), client_id.unwrap_or_default())
            }
        };
        let cloud = cloud.name.clone();
        Ok(Arc::new(Self { way, tenant_id, client_id, thumbprint, claims, cloud, clock, sink, tokens: Mutex::default() }))
    }

    /// The tenant that this credential signs in to; empty for managed identities, which do not say.
    pub fn tenant_id(&self) -> &str {
        &self.tenant_id
    }

    /// A token for `scope`, kept or new.
    ///
    /// # Errors
    /// When signing in fails.
    pub async fn sign_in(&self, scope: &str) -> Result<AccessToken, IdentityError> {
        let asked = Instant::now();
        // Held while signing in: whoever comes meanwhile waits for the same result.
        let mut tokens = self.tokens.lock().await;
        match tokens.get(scope) {
            Some(Kept::Token(token)) if token.expires_at > self.clock.now() + LEFT => return Ok(token.clone()),
            Some(Kept::Failure { error, at }) if error.kind.is_definitive() || *at > asked || at.elapsed() < FAILED => {
                return Err(error.clone());
            }
            _ => {}
        }
        let result = match &self.way {
            Way::Secret(credential) => self.wrap(credential.get_token(&[scope], None).await, scope),
            Way::Assertion(credential) => self.wrap(credential.get_token(&[scope], None).await, scope),
            Way::ManagedIdentity(identity) => identity.token(scope).await,
        };
        let kept = match &result {
            Ok(token) => Kept::Token(token.clone()),
            Err(error) => Kept::Failure { error: error.clone(), at: Instant::now() },
        };
        tokens.insert(scope.to_owned(), kept);
        result
    }

    fn wrap(&self, result: azure_core::Result<azure_core::credentials::AccessToken>, scope: &str) -> Result<AccessToken, IdentityError> {
        match result {
            Ok(token) => Ok(AccessToken { token: Secret::new(token.token.secret(), self.sink.as_ref()), expires_at: token.expires_on }),
            Err(error) => Err(self.explain(&error, scope)),
        }
    }

    fn explain(&self, error: &azure_core::Error, scope: &str) -> IdentityError {
        if let Some(refusal) = find_cause::<TokenRefusal>(error) {
            let claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let principal = Principal {
                tenant_id: &self.tenant_id,
                client_id: &self.client_id,
                thumbprint: self.thumbprint.as_deref(),
                claims: claims.as_ref(),
                scope,
                cloud: &self.cloud,
            };
            return interpret(refusal.status, &refusal.body, &principal);
        }
        if let Some(error) = find_cause::<IdentityError>(error) {
            return error.clone();
        }
        if let Some(error) = find_cause::<AssertionError>(error) {
            return IdentityError::new(Kind::Assertion, error.message.clone(), error.next_step.clone());
        }
        if let Some(error) = find_cause::<SendError>(error) {
            return IdentityError::transport(error);
        }
        if let Some(answer) = find_cause::<UnexpectedAnswer>(error) {
            return IdentityError::answer(answer);
        }
        let said = find_cause::<serde_json::Error>(error)
            .map_or_else(|| error.to_string(), |error| format!("the answer is not a token ({})", json_position(error)));
        IdentityError::new(
            Kind::Answer,
            format!("Signing in the application `{}` failed: {}.", self.client_id, said.trim_end_matches('.')),
            "Look at what answers in the place of Entra ID on the way from this agent.",
        )
    }
}

fn unusable(error: azure_core::Error) -> IdentityError {
    IdentityError::new(
        Kind::Unusable,
        format!("The service connection cannot be used to sign in: {error}."),
        "Check its tenant id, application (client) id and secret.",
    )
}

fn empty(what: &str) -> IdentityError {
    IdentityError::new(Kind::Unusable, format!("The service connection's {what} cannot be used."), "Check the service connection.")
}

#[async_trait]
impl TokenSource for Credential {
    async fn token(&self, scope: &str) -> Result<AccessToken, TokenError> {
        self.sign_in(scope).await.map_err(TokenError::new)
    }
}

#[async_trait]
impl TokenCredential for Credential {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<azure_core::credentials::AccessToken> {
        let token = self.sign_in(&scopes.join(" ")).await.map_err(|error| azure_core::Error::new(ErrorKind::Credential, error))?;
        let secret = azure_core::credentials::Secret::new(token.token.expose().to_owned());
        Ok(azure_core::credentials::AccessToken::new(secret, token.expires_at))
    }
}
