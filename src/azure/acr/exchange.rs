use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use slipway_net::{AccessToken, Client, Clock, Request, Response, TokenError, TokenSource};
use slipway_secret::{Secret, SecretSink};
use time::OffsetDateTime;
use tokio::sync::Mutex;
use url::Url;
use url::form_urlencoded::Serializer;

use super::SCOPE;
use super::error::{AcrError, AcrErrorKind};
use crate::UnexpectedAnswer;

/// A kept token is used until so long before its end.
const LEFT: Duration = Duration::from_secs(5 * 60);
/// How long a refresh token lives that does not say it (facts/registries-and-acr.md 1.6: about three hours).
const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// The refresh tokens of one registry, made of Entra tokens; what registries take in place of a password. As a
/// [`TokenSource`] it gives them for any scope: what may be done is decided when they are exchanged for access tokens.
pub struct RefreshTokens {
    client: Client,
    tokens: Arc<dyn TokenSource>,
    login_server: String,
    tenant_id: String,
    clock: Clock,
    sink: Arc<dyn SecretSink>,
    kept: Mutex<Option<AccessToken>>,
}

impl std::fmt::Debug for RefreshTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshTokens").field("login_server", &self.login_server).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Exchanged {
    refresh_token: String,
}

#[derive(Deserialize)]
struct Envelope {
    errors: Vec<Detail>,
}

#[derive(Deserialize)]
struct Detail {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl RefreshTokens {
    /// Of the registry `login_server`, with the Entra tokens of `tokens`. `tenant_id` may be empty, where it is not known.
    pub fn new(
        client: Client,
        tokens: Arc<dyn TokenSource>,
        login_server: &str,
        tenant_id: &str,
        clock: Clock,
        sink: Arc<dyn SecretSink>,
    ) -> Self {
        let kept = Mutex::default();
        Self { client, tokens, login_server: login_server.to_owned(), tenant_id: tenant_id.to_owned(), clock, sink, kept }
    }

    /// A refresh token, kept or new.
    ///
    /// # Errors
    /// When signing in to Entra fails, the registry is not reached, or it refuses the Entra token.
    pub async fn refresh_token(&self) -> Result<AccessToken, AcrError> {
        // Held while exchanging: whoever comes meanwhile waits for the same token.
        let mut kept = self.kept.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| token.expires_at > self.clock.now() + LEFT) {
            return Ok(token.clone());
        }
        let token = self.exchange().await?;
        *kept = Some(token.clone());
        Ok(token)
    }

    async fn exchange(&self) -> Result<AccessToken, AcrError> {
        let host = self.login_server.as_str();
        let entra = self.tokens.token(SCOPE).await.map_err(AcrError::identity)?;
        let url = Url::parse(&format!("https://{host}/oauth2/exchange")).map_err(|error| self.refused(&error.to_string()))?;
        let form = self.form(&entra.token);
        // Exchanging twice gives two tokens, which does no harm.
        let request = Request::post(url).body("application/x-www-form-urlencoded", form).replayable();
        let response = self.client.send(&request).await.map_err(AcrError::unreachable)?;
        if let Some(answer) = UnexpectedAnswer::find(host, &response) {
            return Err(AcrError::unexpected(&answer));
        }
        match response.status.as_u16() {
            200..=299 => {}
            // Nothing is wrong with the token.
            429 | 500..=599 => return Err(self.out_of_order(&said(&response))),
            _ => return Err(self.refused(&said(&response))),
        }
        let answer: Exchanged =
            serde_json::from_slice(&response.body).map_err(|error| self.refused(&crate::transport::json_position(&error)))?;
        let token = Secret::new(answer.refresh_token, self.sink.as_ref());
        let expires_at = expiry(token.expose()).unwrap_or_else(|| self.clock.now() + LIFETIME);
        Ok(AccessToken { token, expires_at })
    }

    fn form(&self, entra: &Secret) -> String {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "access_token").append_pair("service", &self.login_server);
        if !self.tenant_id.is_empty() {
            form.append_pair("tenant", &self.tenant_id);
        }
        form.append_pair("access_token", entra.expose()).finish()
    }

    fn out_of_order(&self, reason: &str) -> AcrError {
        AcrError {
            kind: AcrErrorKind::Answer,
            message: format!("The container registry `{}` gave no token: {reason}.", self.login_server),
            next_step: "Run the step again later; if it stays, look at Azure's status page and at the registry's health.".to_owned(),
        }
    }

    fn refused(&self, reason: &str) -> AcrError {
        let host = &self.login_server;
        AcrError {
            kind: AcrErrorKind::Refused,
            message: format!("The container registry `{host}` does not accept the token of the service connection's principal: {reason}."),
            next_step: format!(
                "Check that the principal is of the registry's tenant and has a role on it (`AcrPush` to publish, `AcrPull` to read): `az role assignment list --scope $(az acr show --name {} --query id --output tsv)`.",
                host.split('.').next().unwrap_or(host)
            ),
        }
    }
}

#[async_trait]
impl TokenSource for RefreshTokens {
    async fn token(&self, _: &str) -> Result<AccessToken, TokenError> {
        self.refresh_token().await.map_err(TokenError::new)
    }
}

/// What the registry says of a refusal, in its envelope of errors.
fn said(response: &Response) -> String {
    let status = response.status.as_u16();
    let first = serde_json::from_slice::<Envelope>(&response.body).ok().and_then(|envelope| envelope.errors.into_iter().next());
    match first {
        Some(detail) if !detail.message.is_empty() => format!("{status} {}: {}", detail.code, detail.message.trim_end_matches('.')),
        Some(detail) => format!("{status} {}", detail.code),
        None => format!("status {status}"),
    }
}

/// `exp` of a JWT. Not verified: the registry does that.
fn expiry(jwt: &str) -> Option<OffsetDateTime> {
    #[derive(Deserialize)]
    struct Claims {
        exp: i64,
    }
    let payload = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    OffsetDateTime::from_unix_timestamp(claims.exp).ok()
}
